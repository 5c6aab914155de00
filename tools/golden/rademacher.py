"""Exact finite-prompt errors for Rademacher tokens +-c in dimension 1 with V = 1.

N_+ ~ Bin(L, 1/2) tokens are +c. With weights e^{+-ca}:
That = c (N_+ e^{ca} - N_- e^{-ca}) / (N_+ e^{ca} + N_- e^{-ca}), T = c tanh(ca),
P_2 = (N_+ e^{2ca} + N_- e^{-2ca}) / (N_+ e^{ca} + N_- e^{-ca})^2.
The sums over N_+ are finite; binomial coefficients are exact integers, the rest is 60-digit
arithmetic on inputs that are exact decimal fractions. T itself is E[w X] over two points, so nothing
here uses a Laplace transform.

Usage: python3 rademacher.py ../../tests/data/rademacher.json   (seconds)
"""

import math
import sys

import mpmath
from mpmath import mp, mpf

import golden_file

LENGTHS = [1, 2, 3, 10, 50, 1000]
CASES = [("1", "0"), ("1", "1e-4"), ("1", "0.5"), ("1", "1"), ("1", "-1"), ("1", "2"), ("1", "5"), ("1", "12"), ("0.25", "3"), ("3", "0.75")]


def cell(c, a, L):
    mp.dps = 60
    c, a = mpf(c), mpf(a)
    plus, minus = mp.exp(c * a), mp.exp(-c * a)
    limit = c * (plus - minus) / (plus + minus)
    error = bias = p2 = mpf(0)
    for n in range(L + 1):
        weight = mpf(math.comb(L, n)) / mpf(2) ** L
        total = n * plus + (L - n) * minus
        gap = c * (n * plus - (L - n) * minus) / total - limit
        error += weight * gap**2
        bias += weight * gap
        p2 += weight * (n * plus**2 + (L - n) * minus**2) / total**2
    return limit, error, bias, p2


def main(path):
    rows = []
    for c, a in CASES:
        for L in LENGTHS:
            limit, error, bias, p2 = cell(c, a, L)
            show = lambda x: mpmath.nstr(x, 30, strip_zeros=False)
            if a == "0":
                # By symmetry; the sum gives rounding noise instead.
                if abs(bias) > mpf("1e-55"):
                    raise ArithmeticError("the bias must vanish at a = 0")
                bias = mpf(0)
            rows.append({"c": c, "a": a, "L": L, "T": show(limit), "error": show(error), "bias": show(bias), "P_2": show(p2)})
    # Single tokens in closed form: E|X - T|^2 = c^2 (1 + tanh^2), E X - T = -c tanh.
    for row in rows:
        if row["L"] == 1:
            t, c = mpf(row["T"]), mpf(row["c"])
            if abs(mpf(row["error"]) - (c * c + t * t)) > mpf("1e-27") or abs(mpf(row["bias"]) + t) > mpf("1e-28"):
                raise ArithmeticError("the single-token row is wrong")
    document = {
        "what": "Rademacher tokens +-c, d = 1, V = 1, tilt a: T, E|That - T|^2, E That - T, E P_2",
        "method": "binomial sum, exact binomial coefficients, 60-digit mpmath",
        "generator": "tools/golden/rademacher.py",
        "mpmath": mpmath.__version__,
        "digits_printed": 30,
    }
    golden_file.write(path, document, rows)


if __name__ == "__main__":
    main(sys.argv[1])
