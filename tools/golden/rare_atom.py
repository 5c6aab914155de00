"""Exact errors for rare atoms, averaged over a standard normal query: the witness of T12.

P(X = +-h) = eps/2, P(X = 0) = 1 - eps, eps = 1/L, V = 1, U = q, z ~ N(0,1); h is the largest with variance proxy 1, that is
h^2 = 1 / sup_t 2 ln(1 + eps (cosh t - 1)) / t^2. With n ~ Bin(L, eps) atoms, k ~ Bin(n, 1/2) of them +h, and a = q z,
    That = h (k e^{ah} - (n - k) e^{-ah}) / (L - n + k e^{ah} + (n - k) e^{-ah}),
    T    = h eps sinh(ah) / (1 - eps + eps cosh(ah)),
and the error at z is the sum of (That - T)^2 over (n, k): a multinomial sum, cut at n = 24 (P(n > 24) < 1e-25, at most 4 h^2
times that is lost). The integral over z is composite Gauss-Legendre on [0, 13] (the error is even in z), with panels of two sizes that must
agree. The supremum is a root of its derivative. 30-digit arithmetic, nothing here uses a Laplace transform.

Usage: python3 rare_atom.py ../../tests/data/rare_atom.json   (2 minutes)
"""

import sys

import mpmath
from mpmath import mp, mpf

import gauss_legendre
import golden_file

CASES = [(q, L) for q in ("0.75", "1") for L in (10**2, 10**4, 10**6, 10**8)] + [("0.4", 10**4), ("2", 10**4)]
MOST = 24
NODES = 16


def unit_proxy(eps):
    """sup_t 2 ln(1 + eps (cosh t - 1)) / t^2 for eps < 1/3, at the zero of t N' - 2 N."""
    value = lambda t: mp.log1p(eps * (mp.cosh(t) - 1))
    slope = lambda t: eps * mp.sinh(t) / (1 + eps * (mp.cosh(t) - 1))
    start = 2 * mp.log(2 / eps)
    t = mp.findroot(lambda t: t * slope(t) - 2 * value(t), (0.6 * start, 1.3 * start), solver="anderson", tol=mpf(10) ** -50)
    found = 2 * value(t) / t**2
    for near in (t * mpf("0.99"), t * mpf("1.01")):
        if 2 * value(near) / near**2 >= found:
            raise ArithmeticError("not a maximum")
    return found


def error_at(a, h, eps, L, counts):
    up, down = mp.exp(a * h), mp.exp(-a * h)
    limit = eps * (up - down) / 2 / (1 - eps + eps * (up + down) / 2)
    total = mpf(0)
    for n, k, weight in counts:
        hat = (k * up - (n - k) * down) / (L - n + k * up + (n - k) * down)
        total += weight * (hat - limit) ** 2
    return h * h * total


def average(q, h, eps, L, counts, rule, panels):
    width = mpf(13) / panels
    total = mpf(0)
    for i in range(panels):
        for x, w in rule:
            z = width * (i + (x + 1) / 2)
            total += w * mp.exp(-z * z / 2) * error_at(q * z, h, eps, L, counts)
    return total * width / mp.sqrt(2 * mp.pi)


def main(path):
    mp.dps = 30
    rule = list(zip(*gauss_legendre.rule(NODES)))
    rows = []
    for q, L in CASES:
        eps = mpf(1) / L
        proxy = unit_proxy(eps)
        h = 1 / mp.sqrt(proxy)
        counts = []
        for n in range(min(MOST, L) + 1):
            atoms = mp.binomial(L, n) * eps**n * (1 - eps) ** (L - n)
            counts += [(n, k, atoms * mp.binomial(n, k) / mpf(2) ** n) for k in range(n + 1)]
        coarse = average(mpf(q), h, eps, L, counts, rule, 26)
        fine = average(mpf(q), h, eps, L, counts, rule, 40)
        if abs(fine - coarse) > mpf("1e-13") * fine:
            raise ArithmeticError(f"panels disagree at {q}, {L}: {mpmath.nstr(abs(fine / coarse - 1), 3)}")
        print(q, L, mpmath.nstr(fine, 6), mpmath.nstr(abs(fine / coarse - 1), 3), flush=True)
        show = lambda x: mpmath.nstr(x, 17, strip_zeros=False)
        rows.append({"q": q, "L": L, "unit_proxy": show(proxy), "half_width": show(h), "error": show(fine)})
    document = {
        "what": "rare atoms with eps = 1/L and variance proxy 1, V = 1, U = q, standard normal query: E_z E|That - T|^2",
        "method": "sum over the numbers of atoms, Gauss-Legendre panels over the query, 30 digits; panels agree to 1e-13",
    }
    golden_file.write(path, document, rows)


if __name__ == "__main__":
    main(sys.argv[1])
