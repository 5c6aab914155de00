"""Exact finite-prompt errors for the uniform law on a few points, by listing all prompts.

A prompt of L tokens from n points is a vector of counts (c_1, ..., c_n) with sum L and multinomial
probability L! / (c_1! ... c_n!) / n^L. Everything is a finite sum, in 60-digit arithmetic on inputs
that are exact decimal fractions. Repeated points are allowed: doubling the list changes nothing.

Usage: python3 empirical.py ../../tests/data/empirical.json   (seconds)
"""

import math
import sys

import mpmath
from mpmath import mp, mpf

import golden_file

IDENTITY = [["1", "0"], ["0", "1"]]
CASES = [
    {"name": "triangle", "points": [["1", "0"], ["-0.5", "0.75"], ["-0.5", "-0.75"]], "value": IDENTITY, "tilts": [["0", "0"], ["0.3", "-0.2"], ["1.5", "2"]]},
    {"name": "off-centre, oblique head", "points": [["2", "1"], ["-1", "3"], ["0.5", "-2"], ["0", "0.25"]], "value": [["1", "0.5"], ["-0.25", "2"]], "tilts": [["0.1", "0.1"], ["-1", "0.7"], ["3", "-4"]]},
    {"name": "rare large score", "points": [["0", "0"], ["0", "1"], ["0", "-1"], ["30", "1"]], "value": IDENTITY, "tilts": [["1", "0"], ["10", "0.5"]]},
    {"name": "two points, singular head", "points": [["1", "1"], ["-1", "2"]], "value": [["1", "1"], ["2", "2"]], "tilts": [["0.5", "-0.5"]]},
    {"name": "two points, each listed twice", "points": [["1", "1"], ["-1", "2"], ["1", "1"], ["-1", "2"]], "value": [["1", "1"], ["2", "2"]], "tilts": [["0.5", "-0.5"]]},
    {"name": "one point", "points": [["1", "-3"]], "value": IDENTITY, "tilts": [["0.5", "0.5"]]},
]
LENGTHS = [1, 2, 3, 5, 8]


def counts(n, L):
    if n == 1:
        yield (L,)
        return
    for c in range(L + 1):
        for rest in counts(n - 1, L - c):
            yield (c,) + rest


def cell(points, value, tilt, L):
    n = len(points)
    scores = [sum(a * x for a, x in zip(tilt, p)) for p in points]
    outputs = [[sum(v * x for v, x in zip(row, p)) for row in value] for p in points]
    weights = [mp.exp(s) for s in scores]
    average = lambda c: [sum(ci * w * o[k] for ci, w, o in zip(c, weights, outputs)) / sum(ci * w for ci, w in zip(c, weights)) for k in range(len(value))]
    limit = average([1] * n)
    error, bias, p2, mass = mpf(0), [mpf(0)] * len(value), mpf(0), mpf(0)
    for c in counts(n, L):
        multinomial = math.factorial(L)
        for ci in c:
            multinomial //= math.factorial(ci)
        probability = mpf(multinomial) / mpf(n) ** L
        gap = [x - y for x, y in zip(average(c), limit)]
        error += probability * sum(x * x for x in gap)
        bias = [b + probability * x for b, x in zip(bias, gap)]
        p2 += probability * sum(ci * w**2 for ci, w in zip(c, weights)) / sum(ci * w for ci, w in zip(c, weights)) ** 2
        mass += probability
    if abs(mass - 1) > mpf("1e-55"):
        raise ArithmeticError("the multinomial probabilities do not sum to 1")
    return limit, error, bias, p2


def main(path):
    mp.dps = 60

    def show(x):
        # What is exactly zero comes out as rounding noise of 1e-60.
        return mpmath.nstr(x if abs(x) > mpf("1e-50") else mpf(0), 30, strip_zeros=False)

    rows = []
    for case in CASES:
        points = [[mpf(x) for x in p] for p in case["points"]]
        value = [[mpf(x) for x in row] for row in case["value"]]
        for tilt in case["tilts"]:
            for L in LENGTHS:
                limit, error, bias, p2 = cell(points, value, [mpf(x) for x in tilt], L)
                rows.append({"name": case["name"], "points": case["points"], "value": case["value"], "tilt": tilt, "L": L, "T": [show(x) for x in limit], "error": show(error), "bias": [show(x) for x in bias], "P_2": show(p2)})
    document = {
        "what": "uniform law on a few points of R^2: T, E|That - T|^2, E That - T, E P_2 (point lists: one point a row)",
        "method": "sum over all multinomial counts, 60-digit mpmath",
        "generator": "tools/golden/empirical.py",
        "mpmath": mpmath.__version__,
        "digits_printed": 30,
    }
    golden_file.write(path, document, rows)


if __name__ == "__main__":
    main(sys.argv[1])
