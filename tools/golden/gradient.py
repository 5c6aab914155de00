#!/usr/bin/env python3
"""Squared errors of both gradients of attention, m_out E|mhat - m|^2 and E|V (Chat - C)|_F^2 |z|^2.

Three routes, none of them that of the program:
  tokens    Gaussian tokens, few of them in few dimensions: the prompt is its mean, which integrates out exactly,
            and (L - 1) d independent normal coordinates (Helmert), over which mhat and Chat themselves are summed
            on a trapezoidal lattice in extended precision. No closed form is used.
  stein     Gaussian tokens in dimension 1 or 2, any L: scores and the rest split as in docs/theory.md, section 4. Powers
            of the score are removed by Stein's identity under the tilted law, so that only E[x^k e^{-x}], k = 2 .. 8,
            is integrated (by a lattice in the score, 40-digit arithmetic for s up to 0.5, else extended precision); which tokens coincide is listed by machine.
  counts    finitely supported tokens: the sum over all multinomial counts, 60-digit arithmetic.

The generator stops if two resolutions disagree, or the first two routes where both apply.
Usage: python3 gradient.py ../../tests/data/gradient.json   (4 minutes on 2 cores)
"""

import math
import multiprocessing
import random
import sys

import mpmath
import numpy as np
from mpmath import mp, mpf

import golden_file

LD = np.longdouble
STEIN_LENGTHS = (4, 17, 300, 10**4, 10**6, 10**9)


# --- tokens -----------------------------------------------------------------------------------------------------


def helmert(L):
    rows = []
    for k in range(1, L):
        scale = LD(1) / np.sqrt(LD(k) * LD(k + 1))
        rows.append([scale] * k + [-k * scale] + [LD(0)] * (L - k - 1))
    return np.array(rows, dtype=LD).reshape(L - 1, L)


def cholesky(gamma):
    d = len(gamma)
    root = np.zeros((d, d), dtype=LD)
    for i in range(d):
        for j in range(i + 1):
            rest = gamma[i][j] - sum(root[i][k] * root[j][k] for k in range(j))
            if i == j:
                root[i][i] = np.sqrt(rest)
            else:
                root[i][j] = rest / root[j][j]
    return root


def tokens_once(gamma, value, tilt, L, step):
    d = len(tilt)
    size = (L - 1) * d
    count = int(math.ceil(9.4 / step))
    line = np.arange(-count, count + 1).astype(LD) * LD(step)
    weight = np.exp(-line * line / 2)
    weight /= weight.sum()
    root, basis = cholesky(gamma), helmert(L)
    limit = gamma @ tilt
    total_value, total_gradient = LD(0), LD(0)
    inner = [axis.ravel() for axis in np.meshgrid(*[line] * (size - 1), indexing="ij")] if size > 1 else []
    ones = np.ones(1, dtype=LD) if size == 1 else None
    inner_weight = ones if size == 1 else math.prod(w.ravel() for w in np.meshgrid(*[weight] * (size - 1), indexing="ij"))
    for first, w0 in zip(line, weight):
        normals = [np.full(inner_weight.shape, first, dtype=LD)] + inner
        # x[i][c] = sum_k basis[k][i] sum_e root[c][e] normals[k d + e], the token less the mean of the prompt.
        x = [[sum(basis[k][i] * root[c][e] * normals[k * d + e] for k in range(L - 1) for e in range(c + 1)) for c in range(d)] for i in range(L)]
        scores = [sum(tilt[c] * x[i][c] for c in range(d)) for i in range(L)]
        top = scores[0]
        for s in scores[1:]:
            top = np.maximum(top, s)
        e = [np.exp(s - top) for s in scores]
        norm = sum(e)
        p = [a / norm for a in e]
        mean = [sum(p[i] * x[i][c] for i in range(L)) for c in range(d)]
        total_value += w0 * np.sum(inner_weight * sum((mean[c] - limit[c]) ** 2 for c in range(d)))
        gap = [[sum(p[i] * (x[i][c] - mean[c]) * (x[i][f] - mean[f]) for i in range(L)) - gamma[c][f] for f in range(d)] for c in range(d)]
        square = 0
        for row in value:
            for f in range(d):
                square = square + sum(row[c] * gap[c][f] for c in range(d)) ** 2
        total_gradient += w0 * np.sum(inner_weight * square)
    trace = sum(gamma[c][c] for c in range(d)) / L
    return trace + total_value, total_gradient


def tokens(gamma, value, tilt, L):
    gamma, value, tilt = (np.array(x, dtype=LD) for x in (gamma, value, tilt))
    s = float(np.sqrt(tilt @ gamma @ tilt))
    step = min(0.3, 0.22 / s)
    one = tokens_once(gamma, value, tilt, L, step)
    two = tokens_once(gamma, value, tilt, L, 0.88 * step)
    for a, b in zip(one, two):
        if abs(a - b) > 3e-15 * abs(b):
            raise ArithmeticError(f"lattices disagree: {a} {b} L={L} s={s}")
    return two


# --- stein ------------------------------------------------------------------------------------------------------


def partitions(items):
    if not items:
        yield []
        return
    head, rest = items[0], items[1:]
    for part in partitions(rest):
        yield [[head]] + part
        for i in range(len(part)):
            yield part[:i] + [[head] + part[i]] + part[i + 1 :]


def derivative(poly):
    """x d/dx of sum c_k x^k e^{-x}."""
    out = {}
    for k, c in poly.items():
        out[k] = out.get(k, 0) + k * c
        out[k + 1] = out.get(k + 1, 0) - c
    return out


HERMITE = [{0: 1}, {1: 1}, {2: 1, 0: 1}, {3: 1, 1: 3}, {4: 1, 2: 6, 0: 3}]


def product(polynomials):
    result = (1,)
    for poly in polynomials:
        longer = [0] * (len(result) + len(poly) - 1)
        for i, a in enumerate(result):
            for j, b in enumerate(poly):
                longer[i + j] += a * b
        result = tuple(longer)
    return result


class Scores:
    """Factors of the scores for one s: expectations of products of sums of p^j y^q, y = xi - s."""

    def __init__(self, s, step):
        self.s, self.step = s, step

    def bumps(self, tau, top, memo={}):
        key = (self.s, self.step, tau)
        if key not in memo and self.s > mpf("0.5"):
            memo[key] = self.extended_bumps(tau)
        if key not in memo:
            # A lattice in y = ln x, on which the bumps have their fixed width.
            s, h = self.s, self.step
            sums = [mpf(0)] * 9
            rise = mpf(0)
            low, high = tau - s * s / 2 - 12 * s, tau - s * s / 2 + 12 * s
            h = min(h, s * mpf("0.45"))
            norm = h / (s * mp.sqrt(2 * mp.pi))
            for j in range(int(mp.floor(low / h)), int(mp.ceil(high / h)) + 1):
                y = j * h
                if y < -190:
                    continue
                z = (y - tau + s * s / 2) / s
                density = norm * mp.exp(-z * z / 2)
                if y > 6:
                    rise += density
                    continue
                x = mp.exp(y)
                rise -= density * mp.expm1(-x)
                bump = density * mp.exp(-x)
                for k in range(9):
                    sums[k] += bump
                    bump *= x
            memo[key] = (sums, mp.log1p(-rise) if rise < mpf("0.5") else mp.log(sums[0]))
        return memo[key]

    def extended_bumps(self, tau):
        """The same in extended precision (64 bits), much faster."""
        s, h, tau = LD(str(self.s)), LD(str(self.step)), LD(str(tau))
        middle = tau - s * s / 2
        y = np.arange(np.floor((middle - 12 * s) / h), np.ceil((middle + 12 * s) / h) + 1).astype(LD) * h
        density = h / (s * np.sqrt(2 * LD(str(mp.pi)))) * np.exp(-(((y - middle) / s) ** 2) / 2)
        x = np.exp(np.minimum(y, LD(9)))
        rise = -np.sum(density * np.expm1(-x))
        bump = density * np.exp(-x)
        sums = [np.sum(bump * x**k) for k in range(9)]
        exact = lambda v: mpf(np.format_float_scientific(v, precision=21))
        return [exact(v) for v in sums], mp.log1p(-exact(rise)) if rise < 0.5 else mp.log(exact(sums[0]))

    def single(self, sums, j, score):
        """E[x^j q(y) e^{-x}], q by its coefficients, by Stein's identity from E[x^k e^{-x}]."""
        total = mpf(0)
        for q, factor in enumerate(score):
            for order, coefficient in HERMITE[q].items():
                poly = {j - 1: mpf(1)}
                for _ in range(order):
                    poly = derivative(poly)
                total += factor * coefficient * self.s**order * sum(c * sums[k + 1] for k, c in poly.items())
        return total

    def expectation(self, factors_list, L):
        """For each list of factors (j, q): E prod sum_i p_i^j q(y_i)."""
        results = [mpf(0)] * len(factors_list)
        tau = -mp.log(L) - 36
        h = self.step
        tau = mp.floor(tau / h) * h
        plans = []
        for factors in factors_list:
            plan = []
            for part in partitions(list(factors)):
                if len(part) <= L:
                    plan.append((mp.ff(L, len(part)), [(sum(j for j, _ in block), product([q for _, q in block])) for block in part]))
            plans.append((sum(j for j, _ in factors), plan))
        while True:
            sums, ln_phi = self.bumps(tau, 8)
            cache = {}
            powers = {n: mp.exp((L - n) * ln_phi) for n in range(1, 5) if n <= L}
            if L * ln_phi < -90:
                break
            for index, (degree, plan) in enumerate(plans):
                for count, blocks in plan:
                    term = count * powers[len(blocks)]
                    for block in blocks:
                        if block not in cache:
                            cache[block] = self.single(sums, *block)
                        term *= cache[block]
                    results[index] += h * term / mp.gamma(degree)
            tau += h
        return results

    def factors(self, L):
        # var - 1 = A - M^2, A = sum p (y^2 - 1), M = sum p y.
        a, m, p2, py, pyy = (1, (-1, 0, 1)), (1, (0, 1)), (2, (1,)), (2, (0, 1)), (2, (0, 0, 1))
        names = [[a, a], [a, m, m], [m, m, m, m], [a, p2], [p2], [m, m, p2], [py, m], [pyy], [(3, (1,))], [p2, p2]]
        aa, amm, mmmm, ap, r2, mmp, mpy, pyy_, r3, e22 = self.expectation(names, L)
        fourth = aa - 2 * amm + mmmm
        cross = mmp - ap
        second = pyy_ - 2 * mpy + mmp
        return fourth, second, cross, r2, r3, e22


def stein(gamma, value, tilt, L):
    gamma, value, tilt = mp.matrix(gamma), mp.matrix(value), mp.matrix(tilt)
    response = gamma * tilt
    s2 = (tilt.T * response)[0]
    s = mp.sqrt(s2)
    one = Scores(s, mpf("0.11")).factors(L)
    two = Scores(s, mpf("0.1")).factors(L)
    for a, b in zip(one, two):
        # (The cross factor is of a smaller order in 1/L than the first, beside which it counts.)
        if abs(a - b) > mpf("1e-12" if s > 0.5 else "1e-17") * max(abs(b), abs(two[0])):
            raise ArithmeticError(f"resolutions disagree: {a} {b} L={L} s={s}")
    k4, k2, kc, r2, r3, e22 = two
    v = response / s
    G = gamma - v * v.T
    W = value.T * value
    trace = lambda a: sum(a[i, i] for i in range(a.rows))
    form = lambda a, b, c: (a.T * b * c)[0]
    norm = (v.T * v)[0]
    ea = r2 - 2 * r3 + e22
    error = k4 * norm * form(v, W, v) + k2 * (form(v, W, v) * trace(G) + norm * trace(W * G) + 2 * form(v, W * G, v))
    error += e22 * trace(W * G * G) + ea * (trace(W * G * G) + trace(W * G) * trace(G)) + 2 * kc * form(v, W * G, v)
    value_error = r2 * trace(gamma) + (r2 - 6 * r3 + 6 * e22) * (response.T * response)[0]
    return value_error, error


# --- counts -----------------------------------------------------------------------------------------------------


def counts(n, L):
    if n == 1:
        yield (L,)
        return
    for c in range(L + 1):
        for rest in counts(n - 1, L - c):
            yield (c,) + rest


def moments(points, weights):
    d = len(points[0])
    total = sum(weights)
    p = [w / total for w in weights]
    mean = [sum(a * x[c] for a, x in zip(p, points)) for c in range(d)]
    return mean, [[sum(a * (x[c] - mean[c]) * (x[f] - mean[f]) for a, x in zip(p, points)) for f in range(d)] for c in range(d)]


def by_counts(points, probability, value, tilt, L):
    d = len(tilt)
    weights = [mp.exp(sum(a * x for a, x in zip(tilt, p))) for p in points]
    mean, limit = moments(points, [q * w for q, w in zip(probability, weights)])
    errors = [mpf(0), mpf(0)]
    for c in counts(len(points), L):
        chance = mpf(math.factorial(L))
        for ci, q in zip(c, probability):
            chance *= q**ci / math.factorial(ci)
        m, C = moments(points, [ci * w for ci, w in zip(c, weights)])
        errors[0] += chance * sum((x - y) ** 2 for x, y in zip(m, mean))
        errors[1] += chance * sum(sum(row[k] * (C[k][f] - limit[k][f]) for k in range(d)) ** 2 for row in value for f in range(d))
    return errors


# --- cases ------------------------------------------------------------------------------------------------------


def decimals(draw, rows, columns):
    return [[f"{draw():.3f}" for _ in range(columns)] for _ in range(rows)]


def show(x, digits):
    return mpmath.nstr(x, digits, strip_zeros=False)


def numbers(table):
    return [[mpf(x) for x in row] for row in table]


def gaussian_rows(task):
    mp.dps = 40
    route, gamma, tilt, cases = task
    rows = []
    for L, value in cases:
        other = lambda: stein(numbers(gamma), numbers(value), [mpf(x) for x in tilt], L)
        if route == "tokens":
            extended = lambda table: [[LD(x) for x in row] for row in table]
            found = tokens(extended(gamma), extended(value), [LD(x) for x in tilt], L)
            found = [mpf(np.format_float_scientific(x, precision=19)) for x in found]
            if L == 3 and len(tilt) == 2 and any(abs(a - b) > mpf("1e-13") * b for a, b in zip(found, other())):
                raise ArithmeticError(f"routes disagree: {found} {other()}")
        else:
            found = other()
        digits = 17 if route == "tokens" else 19
        rows.append({"law": "gaussian", "route": route, "covariance": gamma, "value": value, "tilt": tilt, "L": L, "mean_error": show(found[0], digits), "gradient_error": show(found[1], digits)})
    return rows


def main(path):
    mp.dps = 40
    draw = random.Random(20260512)
    normal = lambda: draw.gauss(0, 1)
    rows = []

    def gaussian(d, s):
        root = [[mpf(x) for x in row] for row in decimals(normal, d, d)]
        gamma = [[sum(root[i][k] * root[j][k] for k in range(d)) + (mpf("0.2") if i == j else 0) for j in range(d)] for i in range(d)]
        gamma = [[mpmath.nstr(x, 12) for x in row] for row in gamma]
        direction = [mpf(normal()) for _ in range(d)]
        g = numbers(gamma)
        size = mp.sqrt(sum(direction[i] * g[i][j] * direction[j] for i in range(d) for j in range(d)))
        return gamma, [f"{float(x / size * s):.4f}" for x in direction]

    tasks = []
    for d, L, s, repeat in (
        [(1, L, s, 1) for L in (2, 3, 4) for s in (0.2, 0.7, 1.5, 3)]
        + [(1, 5, 0.5, 1)]
        + [(2, 2, s, 2) for s in (0.1, 0.8, 2, 4)]
        + [(2, 3, s, 1) for s in (0.4, 0.7)]
    ):
        for _ in range(repeat):
            gamma, tilt = gaussian(d, s)
            tasks.append(("tokens", gamma, tilt, [(L, decimals(normal, draw.choice([1, 2, 3]), d))]))
    for d, s in [(1, 0.3), (1, 1), (1, 2), (1, 3.5), (2, 0.5), (2, 1.5)]:
        gamma, tilt = gaussian(d, s)
        # All lengths of a law share their single-token expectations.
        tasks.append(("stein", gamma, tilt, [(L, decimals(normal, draw.choice([1, 2, 3]), d)) for L in STEIN_LENGTHS]))
    tasks.sort(key=lambda task: task[0])
    with multiprocessing.Pool(2) as pool:
        for found in pool.imap(gaussian_rows, tasks, chunksize=1):
            rows += found
            print(len(rows), flush=True)
    mp.dps = 60
    for n, d, L in [(n, d, L) for n in (1, 2, 3, 4) for d in (1, 2, 3) for L in (1, 2, 3, 4, 6) if n > 1 or L < 3] + [(3, 2, 20), (2, 3, 60)]:
        points, value = decimals(normal, n, d), decimals(normal, draw.choice([1, 2, 4]), d)
        probability = [str(x) for x in {1: ["1"], 2: ["0.25", "0.75"], 3: ["0.125", "0.5", "0.375"], 4: ["0.25", "0.0625", "0.1875", "0.5"]}[n]]
        tilt = [f"{draw.choice([0.5, 1.5]) * normal():.3f}" for _ in range(d)]
        found = by_counts(numbers(points), [mpf(x) for x in probability], numbers(value), [mpf(x) for x in tilt], L)
        found = [x if abs(x) > mpf("1e-50") else mpf(0) for x in found]
        rows.append({"law": "finite", "route": "counts", "points": points, "probability": probability, "value": value, "tilt": tilt, "L": L, "mean_error": show(found[0], 30), "gradient_error": show(found[1], 30)})
    document = {
        "what": "E|mhat - m|^2 and E|V (Chat - C)|_F^2 (point lists: one point a row)",
        "method": "tokens: trapezoidal sum over the tokens themselves; stein: Laplace integral without powers of the score; counts: sum over multinomial counts",
        "generator": "tools/golden/gradient.py",
        "mpmath": mpmath.__version__,
        "digits": "tokens 14 meant; stein 12 (17 for s up to 0.5); counts 30",
    }
    golden_file.write(path, document, rows)


if __name__ == "__main__":
    main(sys.argv[1])
