#!/usr/bin/env python3
"""The squared error of the gradient in U, averaged over a Gaussian query: E_z E|V (Chat - Gamma)|_F^2 |z|^2.

Tokens N(0, Gamma), query N(m_z, Sig_z), tilt a = U z + b. The query is z = m_z + R x with x standard normal and
Sig_z = R R^T, and the average is a trapezoidal sum over every Cartesian coordinate of x: neither the law of s^2 nor a
transform of it is formed, and |z|^2 is that of the node. At a node the error is the closed form of docs/theory.md, section 4,
`gaussian-gradient`. Its six score factors are Chebyshev interpolants in s. At a point s they come from Laplace
integrals in 64-bit extended precision: plain trapezoidal sums over the score for each t, and which tokens coincide is listed
by machine (gradient.py).

The generator stops if two lattices of the query, or the interpolants and a computed point between, disagree.
Usage: python3 gradient_average.py ../../tests/data/gradient_average.json   (about 5 minutes on 2 cores)
"""

import itertools
import math
import multiprocessing
import sys

import numpy as np

import golden_file
from gradient import partitions, product

X = np.longdouble
LENGTHS = [2, 5, 64, 10**6, 10**10]
# Ends of the interpolation pieces in s; the factors are smooth but not analytic at s = 0.
PIECES = [0, 0.125, 0.25, 0.5] + [0.5 * i for i in range(2, 21)]
DEGREE = 21
REACH = 9.7  # of x, in standard deviations

CASES = [
    {
        "name": "isotropic in the plane",
        "token_factor": [[1, 0], [0, 1]],
        "query_factor": [[0.5, 0], [0, 0.5]],
        "query_mean": [0, 0],
        "key_query": [[1, 0], [0, 1]],
        "value": [[1, 0], [0, 1]],
        "tilt_bias": [0, 0],
    },
    {
        "name": "two dimensions, nothing commutes, query mean",
        "token_factor": [[1, 0], [0.5, 1.25]],
        "query_factor": [[1, 0], [0.3, 0.6]],
        "query_mean": [0.5, -0.25],
        "key_query": [[0.4, -0.3], [0.2, 0.25]],
        "value": [[1, 0.5], [-0.25, 2]],
        "tilt_bias": [0, 0],
    },
    {
        "name": "two dimensions, heavy scores, query mean and tilt bias, one output",
        "token_factor": [[0.75, 0], [-0.5, 0.5]],
        "query_factor": [[0.75, 0], [0.25, 0.5]],
        "query_mean": [1.5, -0.5],
        "key_query": [[1, 0.25], [-0.5, 0.75]],
        "value": [[1, -0.5]],
        "tilt_bias": [0.75, -0.25],
    },
    {
        "name": "tokens in the plane, queries in three dimensions, three outputs",
        "token_factor": [[1, 0], [0.25, 0.75]],
        "query_factor": [[0.75, 0, 0], [0.25, 0.5, 0], [0.5, -0.25, 1]],
        "query_mean": [0.25, 0, -0.5],
        "key_query": [[0.5, -0.25, 0.25], [0.125, 0.5, -0.5]],
        "value": [[1, 0], [0.5, -1], [0.25, 0.75]],
        "tilt_bias": [0.25, -0.125],
    },
    {
        "name": "tokens in three dimensions, queries in the plane",
        "token_factor": [[0.75, 0, 0], [0.25, 1, 0], [0.5, -0.25, 0.5]],
        "query_factor": [[1, 0], [0.25, 0.75]],
        "query_mean": [0, 0.5],
        "key_query": [[0.5, 0.25], [-0.25, 0.5], [0.25, 0]],
        "value": [[1, -1, 0], [0, 0.5, 1]],
        "tilt_bias": [0, 0.25, -0.5],
    },
    {
        "name": "three dimensions",
        "token_factor": [[0.75, 0, 0], [0.25, 0.75, 0], [0.5, -0.25, 0.5]],
        "query_factor": [[1, 0, 0], [0.5, 0.75, 0], [0, -0.25, 1]],
        "query_mean": [0.5, 0, -0.25],
        "key_query": [[0.5, 0, 0.125], [-0.125, 0.5, 0], [0, 0.25, 0.5]],
        "value": [[1, 0, 0.5], [0.25, 1, 0], [0, -0.5, 1]],
        "tilt_bias": [0, 0, 0.25],
    },
    {
        "name": "three dimensions, token covariance of rank 2",
        "token_factor": [[0.75, 0], [0.5, 0.75], [-0.75, 0.5]],
        "query_factor": [[1, 0, 0], [0.5, 0.5, 0], [0, -0.25, 1]],
        "query_mean": [0, 0, 0],
        "key_query": [[0.25, 0, 0.125], [-0.125, 0.5, 0], [0, 0.125, 0.75]],
        "value": [[1, 0, 0.5]],
        "tilt_bias": [0.5, 0, 0],
    },
    {
        "name": "three dimensions, query covariance of rank 2, one narrow direction",
        "token_factor": [[0.75, 0, 0], [0.25, 1, 0], [0.5, -0.25, 0.5]],
        "query_factor": [[1, 0], [0.5, 0.0625], [-0.5, 0.125]],
        "query_mean": [1, -0.5, 0.25],
        "key_query": [[0.5, 0.25, 0], [0, 0.5, -0.25], [0.25, 0, 0.5]],
        "value": [[1, -1, 0], [0, 0.5, 1]],
        "tilt_bias": [-0.25, 0, 0.125],
    },
]

# The factors as sums over lists of (j, q): E prod sum_i p_i^j q(y_i), y the score less its tilted mean, as in gradient.py.
A, M, P2, PY, PYY = (1, (-1, 0, 1)), (1, (0, 1)), (2, (1,)), (2, (0, 1)), (2, (0, 0, 1))
NAMES = [[A, A], [A, M, M], [M, M, M, M], [A, P2], [P2], [M, M, P2], [PY, M], [PYY], [(3, (1,))], [P2, P2]]


def factors(s):
    """[k4 / s^4, k2 / s^2, kc / s^2, E P_2, E P_3, E P_2^2] for every length, standardised scores."""
    s = X(s)
    step = X(0.19)
    score_step = min(X(0.3), X(0.19) / max(s, X(0.01)))
    z = np.arange(-int(11 / score_step), int((11 + 4 * s) / score_step) + 1).astype(X) * score_step
    density = np.exp(-z * z / 2)
    density /= np.sum(density)
    y = z - s
    ln_w = s * z - s * s / 2
    low = -math.log(LENGTHS[-1]) - 36 - float(s * s)
    rows = []  # (ln phi, {(j, power of y): expectation}) for each tau
    powers = {q: density * y**q for q in range(9)}
    tau = X(math.floor(low / float(step))) * step
    while True:
        y_tau = tau + ln_w
        x = np.exp(np.minimum(y_tau, X(9)))
        bump = np.exp(-x)
        rise = -np.sum(density * np.expm1(-x))
        ln_phi = np.log1p(-rise) if rise < 0.5 else np.log(np.sum(density * bump))
        table = {}
        weighted = bump
        for j in range(1, 5):
            weighted = weighted * x
            for q in range(5):
                table[j, q] = np.sum(powers[q] * weighted)
        rows.append((tau, ln_phi, table))
        if 2 * ln_phi < -60:
            break
        tau += step
    ln_phi = np.array([r[1] for r in rows])
    table = {key: np.array([r[2][key] for r in rows]) for key in rows[0][2]}
    single = lambda j, score: sum(c * table[j, q] for q, c in enumerate(score) if c)
    results = []
    for L in LENGTHS:
        found = []
        for names in NAMES:
            total = X(0)
            for part in partitions(list(names)):
                if len(part) > L:
                    continue
                ways = math.prod(L - i for i in range(len(part)))
                term = X(ways) * np.exp(X(L - len(part)) * ln_phi)
                for block in part:
                    term = term * single(sum(j for j, _ in block), product([q for _, q in block]))
                total = total + term
            found.append(step * np.sum(total) / X(math.factorial(sum(j for j, _ in names) - 1)))
        aa, amm, mmmm, ap, r2, mmp, mpy, pyy, r3, e22 = found
        results.append([aa - 2 * amm + mmmm, pyy - 2 * mpy + mmp, mmp - ap, r2, r3, e22])
    return np.array(results)


def piece_nodes(piece):
    low, high = PIECES[piece], PIECES[piece + 1]
    # Chebyshev points of the first kind: s = 0 is not among them.
    return [(low + high) / 2 + (high - low) / 2 * math.cos(math.pi * (k + 0.5) / (DEGREE + 1)) for k in range(DEGREE + 1)]


def interpolant(values, piece, s):
    """Barycentric interpolation of values[node, ...] at an array s inside the piece."""
    nodes = np.array(piece_nodes(piece), dtype=X)
    weights = np.array([(-1) ** k * math.sin(math.pi * (k + 0.5) / (DEGREE + 1)) for k in range(DEGREE + 1)], dtype=X)
    gap = s[:, None] - nodes[None, :]
    gap = np.where(gap == 0, X(1e-30), gap)
    w = weights[None, :] / gap
    return np.tensordot(w, values, axes=(1, 0)) / np.sum(w, axis=1)[:, None, None]


def average(case, table, step, shift):
    to = lambda name: np.array(case[name], dtype=X)
    root, U, V, b, mean, R = to("token_factor"), to("key_query"), to("value"), to("tilt_bias"), to("query_mean"), to("query_factor")
    gamma, W = root @ root.T, V.T @ V
    trace = np.trace
    e = R.shape[1]
    count = int(REACH / step) + 1
    line = (np.arange(-count, count + 1).astype(X) + X(shift)) * X(step)
    weight_line = np.exp(-line * line / 2)
    weight_line /= np.sum(weight_line)
    totals = np.zeros(len(LENGTHS), dtype=X)
    largest, typical = X(0), X(0)
    # One plane of nodes at a time.
    for outer in itertools.product(range(len(line)), repeat=e - 2):
        first, second = np.meshgrid(line, line, indexing="ij")
        x = np.stack([np.full(first.size, line[i]) for i in outer] + [first.ravel(), second.ravel()], axis=1)
        weight = np.prod([weight_line[i] for i in outer]) * np.outer(weight_line, weight_line).ravel()
        keep = weight > 1e-26
        if not np.any(keep):
            continue
        x, weight = x[keep], weight[keep]
        z = mean[None, :] + x @ R.T
        a = z @ U.T + b[None, :]
        h = a @ gamma
        s = np.sqrt(np.sum(a * h, axis=1))
        v = h / s[:, None]
        found = np.zeros((len(s), len(LENGTHS), 6), dtype=X)
        for piece in range(len(PIECES) - 1):
            inside = (s >= PIECES[piece]) & (s < PIECES[piece + 1])
            if np.any(inside):
                found[inside] = interpolant(table[piece], piece, s[inside])
        beyond = s >= PIECES[-1]
        if np.any(weight[beyond] > 1e-19):
            raise ArithmeticError(f"{case['name']}: the table ends too early")
        k4, k2, kc, r2, r3, e22 = (found[:, :, k] for k in range(6))
        vWv, vv, vWGv, vWgv = [], [], [], []
        vv = np.sum(v * v, axis=1)
        vWv = np.sum((v @ W) * v, axis=1)
        # G = Gamma - v v^T, its traces written out node by node.
        G = gamma[None, :, :] - v[:, :, None] * v[:, None, :]
        trace_G = np.trace(G, axis1=1, axis2=2)
        WG = np.einsum("ij,njk->nik", W, G)
        trace_WG = np.trace(WG, axis1=1, axis2=2)
        trace_WGG = np.einsum("nij,nji->n", WG, G)
        cross = np.einsum("ni,nij,nj->n", v, WG, v)
        ea = r2 - 2 * r3 + e22
        col = lambda q: q[:, None]
        error = k4 * col(vv * vWv) + k2 * col(vWv * trace_G + vv * trace_WG + 2 * cross)
        error += e22 * col(trace_WGG) + ea * col(trace_WGG + trace_WG * trace_G) + 2 * kc * col(cross)
        totals += np.sum(col(weight * np.sum(z * z, axis=1)) * error, axis=0)
        largest = max(largest, np.max(s[weight > 1e-12], initial=0))
        typical += np.sum(weight * s)
    return totals, float(largest), float(typical)


def run_case(task):
    case, table = task
    coarse, _, _ = average(case, table, 0.2, 0.37)
    fine, largest, typical = average(case, table, 0.165, 0.21)
    difference = max(abs(coarse / fine - 1))
    if difference > 1e-11:
        raise ArithmeticError(f"{case['name']}: lattices disagree by {difference}")
    return case, fine, float(difference), largest, typical


def main(path):
    with multiprocessing.Pool(2) as pool:
        points = [s for piece in range(len(PIECES) - 1) for s in piece_nodes(piece)]
        values = pool.map(factors, points, chunksize=4)
        size = DEGREE + 1
        table = [np.array(values[piece * size : (piece + 1) * size]) for piece in range(len(PIECES) - 1)]
        worst = 0.0
        between = [0.4 * PIECES[p] + 0.6 * PIECES[p + 1] for p in range(len(PIECES) - 1)]
        for piece, point in enumerate(pool.map(factors, between, chunksize=1)):
            guess = interpolant(table[piece], piece, np.array([between[piece]], dtype=X))[0]
            # kc is of a smaller order in 1/L than E P_2, beside which it counts.
            scale = abs(point)
            scale[:, 2] += point[:, 3]
            worst = max(worst, float(np.max(abs(guess - point) / scale)))
        print("interpolation", worst, flush=True)
        if worst > 1e-11:
            raise ArithmeticError(f"interpolants are off by {worst}")
        rows = []
        for case, found, difference, largest, typical in pool.imap(run_case, [(c, table) for c in CASES]):
            print(case["name"], difference, largest, typical, flush=True)
            text = lambda m: [[repr(float(x)) for x in row] for row in m]
            product_of = lambda name: (np.array(case[name]) @ np.array(case[name]).T).tolist()
            for L, value in zip(LENGTHS, found):
                rows.append({
                    "case": case["name"],
                    "token_covariance": text(product_of("token_factor")),
                    "query_covariance": text(product_of("query_factor")),
                    "query_mean": [repr(float(x)) for x in case["query_mean"]],
                    "key_query": text(case["key_query"]),
                    "value": text(case["value"]),
                    "tilt_bias": [repr(float(x)) for x in case["tilt_bias"]],
                    "L": L,
                    "key_query_error": np.format_float_scientific(value, precision=14),
                })  # fmt: skip
    document = {
        "what": "E_z E|V (Chat - Gamma)|_F^2 |z|^2 for Gaussian tokens and a Gaussian query",
        "method": "trapezoidal sums over the query in Cartesian coordinates; score factors by Laplace integrals in extended precision, interpolated in s",
        "generator": "tools/golden/gradient_average.py",
        "digits": "11 meant",
    }
    golden_file.write(path, document, rows)


if __name__ == "__main__":
    main(sys.argv[1])
