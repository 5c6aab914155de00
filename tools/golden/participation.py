"""Golden values of the participation ratios r_2, r_3, r_4 and E22 of L i.i.d. lognormal weights.

Weights w = e^{s Z - s^2 / 2}, Z standard normal, p_i = w_i / sum_j w_j, P_k = sum_i p_i^k,
r_k = E P_k, E22 = E P_2^2. With phi(t) = E e^{-t w} and B_k(t) = t^k E[w^k e^{-t w}],

    r_k = L / Gamma(k) INT B_k phi^{L-1} d tau,                                   t = e^tau,
    E22 = r_4 + L (L-1) / 6 INT B_2^2 phi^{L-2} d tau.

Method: composite Gauss-Legendre panels in tau (outer) and in the normal score z (inner), in 200-bit
arithmetic (60 digits; gmpy2/MPFR). No trapezoidal rule, no lattice. Two resolutions with different
panels and orders; the recorded agreement is the largest relative difference of the two.
Cross-check for L = 2 by a one-dimensional logistic-normal integral with mpmath's tanh-sinh rule.

Usage: python3 participation.py ../../tests/data/participation.json   (about 3 minutes on 2 cores)
"""

import bisect
import multiprocessing
import sys
import time
from itertools import repeat
from operator import mul

import gmpy2
import mpmath
from gmpy2 import mpfr
from mpmath import mp, mpf

import gauss_legendre
import golden_file

BITS = 200
DEVIATIONS = ["1e-6", "1e-3", "0.1", "0.3", "0.5", "1", "2", "3.5", "6", "9", "12"]
LENGTHS = [1, 2, 3, 5, 10, 64, 1024, 10**5, 10**7, 10**9, 10**12]
# (points a panel, width of an outer panel, width of an inner panel in units of min(1, 1/s))
RESOLUTIONS = [(32, "2", "2"), (40, "1.9", "2.1")]
NAMES = ("r_2", "r_3", "r_4", "E22")
NEGLIGIBLE = "1e-38"


def to_mpfr(x):
    return mpfr(mpmath.nstr(x, 65))


def panel_rule(points):
    mp.dps = 70
    nodes, weights = gauss_legendre.rule(points)
    return [to_mpfr(x) for x in nodes], [to_mpfr(x) for x in weights]


def participation(deviation, lengths, resolution):
    """{L: [r_2, r_3, r_4, E22]} for one score deviation, at one resolution."""
    gmpy2.get_context().precision = BITS
    points, outer_width, inner_width = resolution
    nodes, weights = panel_rule(points)
    s, one, zero = mpfr(deviation), mpfr(1), mpfr(0)
    exp = gmpy2.exp

    # Inner nodes z, with the Gaussian density in the weight, out to 14 deviations beyond the peak of
    # w^4; e^{-14^2 / 2} = 3e-43.
    width = mpfr(inner_width) * min(one, one / s)
    low, high = mpfr(-14), 14 + 4 * s
    panels = int(gmpy2.ceil((high - low) / width))
    half = (high - low) / panels / 2
    root = one / gmpy2.sqrt(2 * gmpy2.const_pi())
    w, g = [], []
    for i in range(panels):
        centre = low + (2 * i + 1) * half
        for x, omega in zip(nodes, weights):
            z = centre + half * x
            w.append(exp(s * z - s * s / 2))
            g.append(root * omega * half * exp(-z * z / 2))
    moments = [g] + [[a * b**k for a, b in zip(g, w)] for k in (2, 3, 4)]
    prefixes = []
    for m in moments:
        prefix = [zero]
        for x in m:
            prefix.append(prefix[-1] + x)
        prefixes.append(prefix)
    mass = prefixes[0][-1]
    if abs(mass - 1) > mpfr("1e-38"):
        raise ArithmeticError("the inner rule does not integrate the density")

    def inner(t):
        """phi, 1 - phi, B_2, B_3, B_4. Beyond t w = 250 the exponential is below 1e-108; below
        t w = 1e-60 it is 1 to the working precision."""
        first = bisect.bisect_left(w, mpfr("1e-60") / t)
        last = bisect.bisect_right(w, 250 / t)
        e = list(map(exp, map(mul, w[first:last], repeat(-t))))
        phi, b2, b3, b4 = (
            sum(map(mul, m[first:last], e), p[first]) for m, p in zip(moments, prefixes)
        )
        return phi, mass - phi, t**2 * b2, t**3 * b3, t**4 * b4

    totals = {L: [zero] * 4 for L in lengths}
    h = mpfr(outer_width) / 2

    def panel(centre):
        """Adds one outer panel; returns (largest relative contribution, L (1 - phi) at its left end)."""
        sums = {L: [zero] * 4 for L in lengths}
        left = None
        for x, omega in zip(nodes, weights):
            phi, rest, b2, b3, b4 = inner(exp(centre + h * x))
            if left is None:
                left = max(lengths) * rest
            if not phi > 0:
                continue
            log_phi = gmpy2.log1p(-rest) if rest < 0.5 else gmpy2.log(phi)
            for L in lengths:
                if (L - 1) * log_phi < -600:
                    continue
                f = exp((L - 1) * log_phi) * omega * h * L
                acc = sums[L]
                acc[0] += f * b2
                acc[1] += f * b3 / 2
                acc[2] += f * b4 / 6
                if L > 1:
                    acc[3] += f * (L - 1) * b2 * b2 / (6 * phi)
        largest = zero
        for L in lengths:
            for k in range(4):
                totals[L][k] += sums[L][k]
                if totals[L][k] > 0:
                    largest = max(largest, sums[L][k] / totals[L][k])
                elif L > 1 or k < 3:
                    largest = one
        return largest, left

    # Leftward until phi^{L-1} is 1 for every L and the integrands have died away; then rightward.
    tolerance, centre = mpfr(NEGLIGIBLE), -h
    while True:
        largest, left = panel(centre)
        if left < 1e-3 and largest < tolerance:
            break
        centre -= 2 * h
    centre = h
    while True:
        largest, _ = panel(centre)
        if centre > s * s / 2 + 5 and largest < tolerance:
            break
        centre += 2 * h
    for L in lengths:
        totals[L][3] += totals[L][2]
    return totals


def logistic_normal(deviation):
    """r_2, r_3, r_4, E22 for L = 2: p = 1 / (1 + e^{-D}), D ~ N(0, 2 s^2), by mpmath quadrature."""
    mp.dps = 50
    s = mpf(deviation)

    def expectation(f):
        def integrand(x):
            p = 1 / (1 + mp.exp(-mp.sqrt(2) * s * x))
            return f(p * (1 - p)) * mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)

        # p (1 - p) is even in x; it is a bump of width 1 / s.
        step = min(mpf(2), mpf(2) / s)
        cuts = [step * i for i in range(int(mp.ceil(15 / step)) + 1)]
        return 2 * mp.quad(integrand, cuts, method="tanh-sinh")

    return [
        expectation(lambda q: 1 - 2 * q),
        expectation(lambda q: 1 - 3 * q),
        expectation(lambda q: 1 - 4 * q + 2 * q * q),
        expectation(lambda q: (1 - 2 * q) ** 2),
    ]


def task(job):
    kind, deviation, argument = job
    started = time.time()
    if kind == "oracle":
        result = [mpmath.nstr(x, 40) for x in logistic_normal(deviation)]
    else:
        totals = participation(deviation, argument[0], RESOLUTIONS[argument[1]])
        result = {L: ["{0:.45e}".format(x) for x in v] for L, v in totals.items()}
    print(job[0], deviation, argument, f"{time.time() - started:.1f} s", file=sys.stderr, flush=True)
    return job, result


# Rows of docs/theory.md, T3, found earlier by a trapezoidal rule and by simulation.
ORACLE = [
    ("0.3", 5, ["0.21424628505838866", "0.0489856262290412", "0.0119086260435163", "0.0460149434331478"]),
    ("1", 1024, ["0.0026354090061627", "1.8357036550e-5", "3.2014976e-7", "7.13993750e-6"]),
    ("3.5", 64, ["0.397461175475046", "0.253636292596294", "0.188428533695266", "0.211964259896139"]),
]


def main(path):
    order = sorted(DEVIATIONS, key=float, reverse=True)
    jobs = [("values", s, (tuple(LENGTHS), k)) for s in order for k in range(2)]
    jobs += [("oracle", s, None) for s in order]
    with multiprocessing.Pool(2) as pool:
        results = dict(pool.imap_unordered(task, jobs, chunksize=1))
    mp.dps = 45
    rows, worst, worst_oracle = [], mpf(0), mpf(0)
    for s in DEVIATIONS:
        coarse = results[("values", s, (tuple(LENGTHS), 0))]
        fine = results[("values", s, (tuple(LENGTHS), 1))]
        oracle = results[("oracle", s, None)]
        for L in LENGTHS:
            gap = max(abs(mpf(x) / mpf(y) - 1) for x, y in zip(coarse[L], fine[L]))
            worst = max(worst, gap)
            row = {"s": s, "L": L}
            row.update((n, mpmath.nstr(mpf(x), 30, strip_zeros=False)) for n, x in zip(NAMES, fine[L]))
            row["agreement"] = mpmath.nstr(gap, 2)
            if L == 2:
                gap = max(abs(mpf(x) / mpf(y) - 1) for x, y in zip(oracle, fine[L]))
                worst_oracle = max(worst_oracle, gap)
                row["logistic_normal"] = {n: mpmath.nstr(mpf(x), 30, strip_zeros=False) for n, x in zip(NAMES, oracle)}
                row["logistic_normal_agreement"] = mpmath.nstr(gap, 2)
            rows.append(row)
    checks = []
    for s, L, values in ORACLE:
        row = next(r for r in rows if r["s"] == s and r["L"] == L)
        gaps = [abs(mpf(row[n]) / mpf(x) - 1) for n, x in zip(NAMES, values)]
        checks.append({"s": s, "L": L, "printed": dict(zip(NAMES, values)), "relative_difference": [mpmath.nstr(x, 2) for x in gaps]})
    if not (worst < mpf("1e-25") and worst_oracle < mpf("1e-25")):
        raise ArithmeticError(f"resolutions agree to {worst} only, the L = 2 integral to {worst_oracle}")
    document = {
        "what": "participation ratios of L i.i.d. lognormal weights e^{sZ - s^2/2}: r_k = E sum p_i^k, E22 = E (sum p_i^2)^2",
        "method": "nested composite Gauss-Legendre panels, outer ln t, inner normal score, 200-bit MPFR; theory T2, T3",
        "generator": "tools/golden/participation.py",
        "mpmath": mpmath.__version__,
        "gmpy2": gmpy2.version(),
        "digits_printed": 30,
        "resolutions": [{"points": p, "outer_width": a, "inner_width": b + " min(1, 1/s)"} for p, a, b in RESOLUTIONS],
        "largest_relative_difference_of_resolutions": mpmath.nstr(worst, 2),
        "largest_relative_difference_from_logistic_normal_integral": mpmath.nstr(worst_oracle, 2),
        "trapezoidal_rows": checks,
    }
    golden_file.write(path, document, rows)


if __name__ == "__main__":
    main(sys.argv[1])
