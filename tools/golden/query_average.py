"""Averages over a Gaussian query of the exact error for Gaussian tokens (theory T3).

Tokens N(0, Gamma), query N(m_z, Sig_z), tilt a = U z + b, s^2 = a^T Gamma a, eta = |V Gamma a|^2,
tau_V = tr(V Gamma V^T). For each prompt length L:

    error         = E_z [ r_2 tau_V + (r_2 - 6 r_3 + 6 E22) eta ],
    participation = E_z r_2,
    limit         = E_z [ e^{s^2} (tau_V + eta) ]     (null if it is infinite).

Method: z = m_z + R y with y standard normal and Sig_z = R R^T; composite Gauss-Legendre panels in
every Cartesian coordinate of y. The law of s^2 is never formed. The participation ratios are
Chebyshev interpolants in s, built from nested Gauss-Legendre panels in x87 extended precision (64-bit
mantissa) and compared with participation.json, which has 30 digits. Two outer resolutions, which also
truncate the query at different radii.

Usage: python3 query_average.py ../../tests/data/participation.json ../../tests/data/query_average.json
(about 10 minutes on 2 cores; needs numpy with an 80-bit long double)
"""

import itertools
import json
import multiprocessing
import sys
from fractions import Fraction

import mpmath
import numpy as np
from mpmath import mp, mpf

import gauss_legendre
import golden_file

X = np.longdouble
PI = X("3.14159265358979323846264338327950288")
LENGTHS = [4, 64, 1024, 10**6, 10**12]
LAMBDAS = ["0.1", "0.5", "1", "2", "4"]
# Ends of the interpolation pieces in s; the ratios are smooth but not analytic at s = 0.
PIECES = [0, 0.125, 0.25, 0.5] + [0.5 * i for i in range(2, 20)] + list(range(10, 21))
DEGREE = 19
REACH = 12.5  # of y, in standard deviations, unless s leaves the table before: e^{-78} = 1e-34

CASES = [
    {
        "name": "two dimensions, nothing commutes",
        "token_factor": [["1", "0"], ["0.5", "1.25"]],
        "query_factor": [["1", "0"], ["0.3", "0.6"]],
        "query_mean": ["0", "0"],
        "key_query": [["0.4", "-0.3"], ["0.2", "0.25"]],
        "value": [["1", "0.5"], ["-0.25", "2"]],
        "tilt_bias": ["0", "0"],
    },
    {
        "name": "two dimensions, query mean and tilt bias, heavy scores",
        "token_factor": [["1", "0"], ["-0.5", "0.75"]],
        "query_factor": [["0.8", "0"], ["0.4", "1"]],
        "query_mean": ["0.5", "-1"],
        "key_query": [["1", "0.25"], ["-0.5", "0.75"]],
        "value": [["1", "0"], ["0", "1"]],
        "tilt_bias": ["0.25", "0.5"],
    },
    {
        "name": "three dimensions, token covariance of rank 2, query mean",
        "token_factor": [["1", "0"], ["0.5", "1"], ["-1", "0.5"]],
        "query_factor": [["1", "0", "0"], ["0.5", "0.5", "0"], ["0", "-0.25", "1"]],
        "query_mean": ["0.5", "0", "-0.25"],
        "key_query": [["0.25", "0", "0.125"], ["-0.125", "0.25", "0"], ["0", "0.125", "0.25"]],
        "value": [["1", "0", "0.5"], ["0.25", "1", "0"]],
        "tilt_bias": ["0", "0", "0"],
    },
    {
        "name": "three dimensions, query covariance of rank 2, query mean and tilt bias",
        "token_factor": [["0.75", "0", "0"], ["0.25", "1", "0"], ["0.5", "-0.25", "0.5"]],
        "query_factor": [["1", "0"], ["0.5", "0.5"], ["-0.5", "1"]],
        "query_mean": ["1", "-0.5", "0.25"],
        "key_query": [["0.5", "0.25", "0"], ["0", "0.5", "-0.25"], ["0.25", "0", "0.5"]],
        "value": [["1", "-1", "0"], ["0", "0.5", "1"], ["1", "1", "1"]],
        "tilt_bias": ["-0.25", "0", "0.125"],
    },
    {
        "name": "two dimensions, query covariance of rank 1, limit infinite",
        "token_factor": [["1", "0"], ["0.25", "0.5"]],
        "query_factor": [["1"], ["1"]],
        "query_mean": ["0.25", "0"],
        "key_query": [["0.75", "0.5"], ["0", "0.25"]],
        "value": [["0.5", "1"]],
        "tilt_bias": ["0", "0"],
    },
]


def rule(points):
    mp.dps = 40
    nodes, weights = gauss_legendre.rule(points)
    return np.array([X(mpmath.nstr(x, 25)) for x in nodes]), np.array([X(mpmath.nstr(x, 25)) for x in weights])


PANEL = rule(24)


def ratios(s):
    """[(r_2, r_2 - 6 r_3 + 6 E22, r_3, E22) for L in LENGTHS] in extended precision."""
    if s == 0:
        # Equal weights: P_k = L^{1-k}.
        out = []
        for L in LENGTHS:
            inverse = X(1) / X(L)
            out.append((inverse, inverse, inverse**2, inverse**2))
        return out
    s = X(s)
    nodes, weights = PANEL
    width = 2 * min(X(1), 1 / s)
    low, high = X(-10.5), X(10.5) + 4 * s
    panels = int(np.ceil((high - low) / width))
    half = (high - low) / panels / 2
    z = (low + (2 * np.arange(panels).astype(X)[:, None] + 1) * half + half * nodes[None, :]).ravel()
    g = (np.tile(weights, panels) * half * np.exp(-z * z / 2)) / np.sqrt(2 * PI)
    score = s * z - s * s / 2
    below = np.concatenate([[X(0)], np.cumsum(g)])
    # Summed from the far end, so that a small upper tail keeps its relative accuracy.
    above = np.concatenate([np.flip(np.cumsum(np.flip(g))), [X(0)]])
    lengths = np.array([X(L) for L in LENGTHS])[:, None]
    sums = np.zeros((len(LENGTHS), 4), dtype=X)

    def panel(centre):
        tau = centre + nodes
        # Beyond t w = e^5 the exponential is below 1e-64; what lies below t w = e^{-120} is dropped.
        first = np.searchsorted(score, -tau[-1] - 120)
        last = max(np.searchsorted(score, 5 - tau[0]), first)
        y = np.exp(score[None, first:last] + tau[:, None])
        e, gw = np.exp(-y), g[first:last]
        phi = below[first] + e @ gw
        rest = (-np.expm1(-y)) @ gw + above[last]
        b2, b3, b4 = ((y**k * e) @ gw for k in (2, 3, 4))
        with np.errstate(divide="ignore"):
            log_phi = np.where(rest < 0.5, np.log1p(-np.minimum(rest, X(0.75))), np.log(phi))
        f = lengths * np.exp((lengths - 1) * log_phi) * weights
        g2 = lengths * (lengths - 1) * np.exp((lengths - 2) * log_phi) * weights
        part = np.stack([(f * b2).sum(1), (f * b3).sum(1) / 2, (f * b4).sum(1) / 6, (g2 * b2 * b2).sum(1) / 6], axis=1)
        sums[...] += part
        with np.errstate(invalid="ignore", divide="ignore"):
            relative = np.where(sums > 0, part / sums, X(1))
        return relative.max(), (lengths.max() * rest[0])

    centre = X(-1)
    while True:
        largest, left = panel(centre)
        if left < 1e-3 and largest < 1e-21:
            break
        centre -= 2
    centre = X(1)
    while True:
        largest, _ = panel(centre)
        if centre > s * s / 2 + 5 and largest < 1e-21:
            break
        centre += 2
    r2, r3, r4 = sums[:, 0], sums[:, 1], sums[:, 2]
    e22 = r4 + sums[:, 3]
    return [(r2[i], r2[i] - 6 * r3[i] + 6 * e22[i], r3[i], e22[i]) for i in range(len(LENGTHS))]


def chebyshev_nodes(left, right):
    k = np.arange(DEGREE + 1).astype(X)
    return (X(left) + X(right)) / 2 - (X(right) - X(left)) / 2 * np.cos(PI * (k + X(0.5)) / (DEGREE + 1))


class Table:
    """Chebyshev interpolants of r_2 and r_2 - 6 r_3 + 6 E22 in s, for every length."""

    def __init__(self, pool):
        nodes = np.concatenate([chebyshev_nodes(a, b) for a, b in zip(PIECES, PIECES[1:])])
        # Largest first: they take longest.
        values = pool.map(ratios, list(nodes[::-1]), chunksize=1)[::-1]
        self.coefficients = []
        k = np.arange(DEGREE + 1)
        theta = PI * (k.astype(X) + X(0.5)) / (DEGREE + 1)
        for i in range(len(PIECES) - 1):
            block = np.array([[v[:2] for v in values[i * (DEGREE + 1) + j]] for j in range(DEGREE + 1)], dtype=X)
            # Nodes run left to right, x_j = -cos theta_j.
            basis = np.cos(np.outer(k, np.flip(theta)))  # T_m(x_j)
            c = np.tensordot(basis, block, axes=(1, 0)) * 2 / (DEGREE + 1)
            c[0] /= 2
            self.coefficients.append(c)

    def __call__(self, s, i):
        """(r_2, r_2 - 6 r_3 + 6 E22) at the array s, for LENGTHS[i]."""
        if not np.all((s >= 0) & (s <= PIECES[-1])):
            raise ArithmeticError("s leaves the table")
        out = np.zeros((2,) + s.shape, dtype=X)
        which = np.clip(np.searchsorted(np.array(PIECES), s, side="right") - 1, 0, len(PIECES) - 2)
        for piece in np.unique(which):
            here = which == piece
            a, b = X(PIECES[piece]), X(PIECES[piece + 1])
            x = (2 * s[here] - a - b) / (b - a)
            for q in range(2):
                c = self.coefficients[piece][:, i, q]
                b1 = b2 = np.zeros_like(x)
                for m in range(DEGREE, 0, -1):
                    b1, b2 = 2 * x * b1 - b2 + c[m], b1
                out[q][here] = x * b1 - b2 + c[0]
        return out


def extended(rows):
    return np.array([[X(x) for x in row] for row in rows])


def standard_rule(reach, width, points):
    """Composite Gauss-Legendre nodes on [-reach, reach] with the normal density in the weight."""
    nodes, weights = rule(points)
    panels = int(np.ceil(2 * reach / width))
    half = X(reach) / panels
    y = (-X(reach) + (2 * np.arange(panels).astype(X)[:, None] + 1) * half + half * nodes).ravel()
    return y, np.tile(weights, panels) * half * np.exp(-y * y / 2) / np.sqrt(2 * PI)


def average(case, table, shrink, width, points):
    """[(error, participation) for L] at one outer resolution, in a ball of radius `shrink` times the reach."""
    gamma_root, root = extended(case["token_factor"]), extended(case["query_factor"])
    gamma = gamma_root @ gamma_root.T
    u, v = extended(case["key_query"]), extended(case["value"])
    mean = np.array([X(x) for x in case["query_mean"]])
    bias = np.array([X(x) for x in case["tilt_bias"]])
    tau_v = np.trace(v @ gamma @ v.T)
    rank = root.shape[1]
    # |Gamma^{1/2} (U m_z + b + U R y)| <= offset + slope |y| must stay inside the table.
    scores = (gamma_root.T @ u @ root).astype(float)
    slope = float(np.linalg.norm(scores, 2))
    offset = float(np.linalg.norm((gamma_root.T @ (u @ mean + bias)).astype(float)))
    reach = shrink * min(REACH, 0.9999 * (PIECES[-1] - offset) / slope)
    # The ratios vary on the scale 1 in s; a panel of y is to be finer than that.
    y, weight = standard_rule(reach, width / max(slope, 0.25), points)
    result = np.zeros((len(LENGTHS), 2), dtype=X)
    limit = X(0)
    # The first coordinate is looped over, the others are vectorised.
    rest = np.array(list(itertools.product(range(len(y)), repeat=rank - 1)), dtype=int).reshape(len(y) ** (rank - 1), rank - 1)
    for j in range(len(y)):
        points_y = np.concatenate([np.full((len(rest), 1), y[j], dtype=X), y[rest]], axis=1)
        w = weight[j] * np.prod(weight[rest], axis=1)
        keep = (points_y**2).sum(axis=1) < reach**2
        points_y, w = points_y[keep], w[keep]
        if len(w) == 0:
            continue
        tilt = (mean + points_y @ root.T) @ u.T + bias
        ga = tilt @ gamma
        s2 = (tilt * ga).sum(axis=1)
        eta = ((ga @ v.T) ** 2).sum(axis=1)
        s = np.sqrt(s2)
        for i in range(len(LENGTHS)):
            r2, shape = table(s, i)
            result[i, 0] += (w * (r2 * tau_v + shape * eta)).sum()
            result[i, 1] += (w * r2).sum()
    return result


def limit(case):
    """(lam, E e^{s^2} (tau_V + eta)): None for the second if it is infinite.

    In eigen-coordinates of R^T U^T Gamma U R the exponent separates and eta is a quadratic polynomial,
    so one-dimensional Gauss-Legendre integrals of 1, y, y^2 against e^{lam_j y^2 + 2 c_j y - y^2 / 2}
    are enough.
    """
    mp.dps = 40
    matrix = lambda rows: mp.matrix([[mpf(x) for x in row] for row in rows])
    column = lambda entries: mp.matrix([mpf(x) for x in entries])
    gamma_root, root = matrix(case["token_factor"]), matrix(case["query_factor"])
    gamma = gamma_root * gamma_root.T
    u, v = matrix(case["key_query"]), matrix(case["value"])
    start = u * column(case["query_mean"]) + column(case["tilt_bias"])
    tau_v = sum((v * gamma * v.T)[i, i] for i in range(v.rows))
    lams, q = mp.eigsy(root.T * u.T * gamma * u * root)
    lam = max(lams)
    if lam >= mpf("0.5"):
        return lam, None
    map_ = u * root * q  # a = start + map_ y
    linear = map_.T * gamma * start
    nodes, weights = gauss_legendre.rule(30)
    moments = []
    for j in range(len(lams)):
        sharp = 1 - 2 * lams[j]
        peak = 2 * linear[j] / sharp
        panels = 60
        half = 14 / mp.sqrt(sharp) / panels * 2 / 2
        row = [mpf(0)] * 3
        for p in range(-panels, panels):
            centre = peak + (p + mpf(1) / 2) * half
            for x, w in zip(nodes, weights):
                y = centre + half / 2 * x
                f = w * half / 2 * mp.exp(lams[j] * y * y + 2 * linear[j] * y - y * y / 2) / mp.sqrt(2 * mp.pi)
                row = [r + f * y**k for k, r in enumerate(row)]
        moments.append(row)
    mass = mp.exp((start.T * gamma * start)[0]) * mp.fprod(m[0] for m in moments)
    means = [m[1] / m[0] for m in moments]
    squares = [m[2] / m[0] for m in moments]
    eta = mpf(0)
    constant, slopes = v * gamma * start, v * gamma * map_
    for i in range(v.rows):
        total = constant[i] + sum(slopes[i, j] * means[j] for j in range(len(lams)))
        eta += total**2 + sum(slopes[i, j] ** 2 * (squares[j] - means[j] ** 2) for j in range(len(lams)))
    return lam, mass * (tau_v + eta)


def decimal(matrix):
    """Exact entries of R R^T as decimal strings."""
    rows = [[Fraction(x) for x in row] for row in matrix]
    entry = lambda a, b: sum(x * y for x, y in zip(a, b))
    mp.dps = 30
    return [[mpmath.nstr(mpf(e.numerator) / e.denominator, 25) for e in (entry(a, b) for b in rows)] for a in rows]


def scalar_case(lam):
    """d = 1, tau_V = 1: Gamma = V = Sig_z = 1 and U = sqrt(lam), kept as lam because the root is not a decimal."""
    root = mpmath.nstr(mp.sqrt(mpf(lam)), 30)
    return {
        "name": f"one dimension, lam = {lam}: key_query is the root of lam",
        "token_factor": [["1"]],
        "query_factor": [["1"]],
        "query_mean": ["0"],
        "key_query": [[root]],
        "value": [["1"]],
        "tilt_bias": ["0"],
    }


def table_errors(table, golden):
    """Largest relative difference from participation.json, of r_2, r_3 and E22 by the extended-precision
    panels and of r_2 by the interpolant; and of the interpolant from the panels at points between nodes."""
    mp.dps = 40
    direct = interpolated = 0.0
    for row in golden["rows"]:
        if row["L"] in LENGTHS and float(row["s"]) <= PIECES[-1]:
            i = LENGTHS.index(row["L"])
            r2, shape, r3, e22 = ratios(X(row["s"]))[i]
            for got, name in ((r2, "r_2"), (r3, "r_3"), (e22, "E22")):
                direct = max(direct, abs(float(got / X(row[name]) - 1)))
            interpolated = max(interpolated, abs(float(table(np.array([X(row["s"])]), i)[0][0] / X(row["r_2"]) - 1)))
    between = 0.0
    for s in ("0.0625", "0.2", "0.437", "0.77", "1.61", "2.9", "4.4", "5.3", "6.6", "8.2", "9.81", "13.3"):
        for i, (r2, shape, _, _) in enumerate(ratios(X(s))):
            got = table(np.array([X(s)]), i)
            between = max(between, abs(float(got[0][0] / r2 - 1)), abs(float(got[1][0] / shape - 1)))
    return direct, interpolated, between


def job(argument):
    return average(*argument)


def main(golden_path, path):
    mp.dps = 40
    with open(golden_path) as f:
        golden = json.load(f)
    cases = [scalar_case(lam) for lam in LAMBDAS] + CASES
    with multiprocessing.Pool(2) as pool:
        table = Table(pool)
        errors = table_errors(table, golden)
        print("table errors", errors, file=sys.stderr, flush=True)
        jobs = [(case, table) + resolution for case in cases for resolution in ((0.975, 0.5, 16), (1.0, 0.4, 17))]
        values = pool.map(job, jobs, chunksize=1)
    rows, worst = [], 0.0
    for number, case in enumerate(cases):
        coarse, fine = values[2 * number], values[2 * number + 1]
        lam, limiting = limit(case)
        for i, L in enumerate(LENGTHS):
            gap = max(abs(float(coarse[i, q] / fine[i, q] - 1)) for q in range(2))
            worst = max(worst, gap)
            row = {"name": case["name"], "L": L}
            row["token_covariance"] = decimal(case["token_factor"])
            row["query_mean"] = case["query_mean"]
            row["query_covariance"] = decimal(case["query_factor"])
            row.update({k: case[k] for k in ("key_query", "value", "tilt_bias")})
            row["lam"] = mpmath.nstr(lam, 25)
            row["error"] = np.format_float_scientific(fine[i, 0], precision=18, unique=False)
            row["participation"] = np.format_float_scientific(fine[i, 1], precision=18, unique=False)
            row["limit"] = None if limiting is None else mpmath.nstr(limiting, 25)
            row["agreement"] = f"{gap:.1e}"
            rows.append(row)
            print(case["name"], L, row["error"], row["agreement"], file=sys.stderr)
    if not (worst < 1e-15 and max(errors) < 1e-15):
        raise ArithmeticError(f"resolutions agree to {worst} only; the table is good to {errors}")
    header = {
        "what": "Gaussian tokens and query: E_z E|That - T|^2 (error), E_z E P_2 (participation), E_z e^{s^2} (tau_V + eta) (limit of L times the error)",
        "method": "composite Gauss-Legendre panels in whitened Cartesian query coordinates over Chebyshev interpolants in s of participation ratios by nested Gauss-Legendre panels, x87 extended precision; limit: 40-digit mpmath",
        "generator": "tools/golden/query_average.py",
        "mpmath": mpmath.__version__,
        "numpy": np.__version__,
        "digits_printed": 19,
        "digits_meant": 16,
        "participation_ratios_against_30_digits": f"{errors[0]:.1e}",
        "interpolant_of_r_2_against_30_digits": f"{errors[1]:.1e}",
        "interpolants_between_nodes": f"{errors[2]:.1e}",
        "largest_relative_difference_of_outer_resolutions": f"{worst:.1e}",
    }
    golden_file.write(path, header, rows)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
