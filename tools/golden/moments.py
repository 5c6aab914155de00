"""The four moments of T4 and T5 for laws that are not Gaussian, rounded up to floats.

`ln rho = Lam(2a) - 2 Lam(a)`, `ln kap = Lam(a) + Lam(-a)`, `A2 = rho E_{2a}|V(X - m(a))|^2` and
`F0 = E|V(X - m(a))|^2` from closed forms of `Lam`, mean and covariance, written independently of the program:

  empirical   sums over the points
  rademacher  Lam = sum_j ln cosh(c a_j), mean c tanh(c a_j), variances c^2 / cosh^2
  cube        Lam = sum_j ln(sinh(h a_j) / (h a_j)), and its derivatives
  sphere      Lam = ln( Gamma(d/2) (2/k)^{d/2-1} I_{d/2-1}(k) ), k = r|a|; mean and covariance from A = I_{d/2} / I_{d/2-1}
  mixture     sums over the components

All arguments are floats, printed so that they read back as themselves; weights are divided by their sum.
80-digit arithmetic, and again with 120 digits, which must round alike.

Usage: python3 moments.py ../../tests/data/moments.json   (10 seconds)
"""

import math
import random
import sys

import mpmath
from mpmath import matrix, mp, mpf

import golden_file
from rounding import ends

mp.dps = 80


def columns(list_of_lists):
    return [[mpf(x) for x in point] for point in list_of_lists]


def dot(x, y):
    return sum((p * q for p, q in zip(x, y)), mpf(0))


def outer(x):
    return [[p * q for q in x] for p in x]


def plus(a, b, factor=1):
    return [[x + factor * y for x, y in zip(r, s)] for r, s in zip(a, b)]


def of_points(points, weights, tilt):
    """Lam, mean and covariance of a finite law."""
    terms = [w * mp.exp(dot(x, tilt)) for w, x in zip(weights, points)]
    total = sum(terms)
    d = len(tilt)
    mean = [sum(t * x[j] for t, x in zip(terms, points)) / total for j in range(d)]
    covariance = [[mpf(0)] * d for _ in range(d)]
    for t, x in zip(terms, points):
        covariance = plus(covariance, outer([p - m for p, m in zip(x, mean)]), t / total)
    return mp.log(total / sum(weights)), mean, covariance


def diagonal(entries):
    return [[e if i == j else mpf(0) for j in range(len(entries))] for i, e in enumerate(entries)]


def empirical(spec, tilt):
    return of_points(columns(spec["points"]), [mpf(w) for w in spec["weights"]], tilt)


def rademacher(spec, tilt):
    c = mpf(spec["scale"])
    x = [c * a for a in tilt]
    return (
        sum(mp.log(mp.cosh(t)) for t in x),
        [c * mp.tanh(t) for t in x],
        diagonal([c**2 / mp.cosh(t) ** 2 for t in x]),
    )


def cube(spec, tilt):
    h = mpf(spec["scale"])
    x = [h * a for a in tilt]
    return (
        sum(mp.log(mp.sinh(t) / t) if t else mpf(0) for t in x),
        [h * (mp.coth(t) - 1 / t) if t else mpf(0) for t in x],
        diagonal([h**2 * (1 / t**2 - 1 / mp.sinh(t) ** 2) if t else h**2 / 3 for t in x]),
    )


def sphere(spec, tilt):
    r, d = mpf(spec["scale"]), len(tilt)
    norm = mp.sqrt(dot(tilt, tilt))
    if norm == 0:
        return mpf(0), [mpf(0)] * d, diagonal([r**2 / d] * d)
    k, order = r * norm, mpf(d) / 2 - 1
    bessel = mp.besseli(order, k)
    ratio = mp.besseli(order + 1, k) / bessel
    slope = 1 - ratio**2 - (d - 1) * ratio / k
    unit = [a / norm for a in tilt]
    across = r**2 * ratio / k
    radial = outer(unit)
    covariance = plus(diagonal([across] * d), radial, r**2 * slope - across)
    return mp.log(mp.gamma(order + 1) * (2 / k) ** order * bessel), [r * ratio * u for u in unit], covariance


def mixture(spec, tilt):
    weights = [mpf(w) for w in spec["weights"]]
    parts = []
    for mean, covariance in zip(columns(spec["means"]), spec["covariances"]):
        covariance = columns(covariance)
        image = [dot(row, tilt) for row in covariance]
        parts.append((dot(mean, tilt) + dot(image, tilt) / 2, [m + i for m, i in zip(mean, image)], covariance))
    d = len(tilt)
    gates = [w * mp.exp(p[0]) for w, p in zip(weights, parts)]
    total = sum(gates)
    mean = [sum(g * p[1][j] for g, p in zip(gates, parts)) / total for j in range(d)]
    covariance = [[mpf(0)] * d for _ in range(d)]
    for gate, part in zip(gates, parts):
        inside = plus(part[2], outer([x - m for x, m in zip(part[1], mean)]))
        covariance = plus(covariance, inside, gate / total)
    return mp.log(total / sum(weights)), mean, covariance


LAWS = {"empirical": empirical, "rademacher": rademacher, "cube": cube, "sphere": sphere, "mixture": mixture}


def moments(spec, tilt, value):
    law = LAWS[spec["law"]]
    tilt, value = [mpf(a) for a in tilt], columns(value)
    origin, once, twice = (law(spec, [f * a for a in tilt]) for f in (0, 1, 2))
    opposite = law(spec, [-a for a in tilt])[0]

    def spread(tilted):
        shift = [x - y for x, y in zip(tilted[1], once[1])]
        both = plus(tilted[2], outer(shift))
        return sum(dot(row, [dot(b, row) for b in both]) for row in value)

    ln_rho = twice[0] - 2 * once[0]
    return ln_rho, once[0] + opposite, ln_rho + mp.log(spread(twice)), spread(origin)


def cases():
    draw = random.Random(20261126)
    uniform = draw.uniform

    def entries(rows, count, size):
        return [[uniform(-size, size) for _ in range(count)] for _ in range(rows)]

    for _ in range(60):
        for law in LAWS:
            d, m = draw.randint(1, 4), draw.randint(1, 3)
            spec = {"law": law}
            if law == "sphere":
                d += 1
            if law == "empirical":
                n = draw.randint(2, 12)
                offset = draw.choice([0.0, 0.0, 1.0, 1e4])
                spec["points"] = [[x + offset for x in row] for row in entries(n, d, 2.0)]
                spec["weights"] = [uniform(0.05, 1) for _ in range(n)]
            elif law == "mixture":
                k = draw.randint(1, 3)
                spec["means"] = entries(k, d, 2.0)
                spec["weights"] = [uniform(0.05, 1) for _ in range(k)]
                # Diagonal covariances: symmetric and positive definite as floats.
                spec["covariances"] = [[[uniform(0.1, 2) if i == j else 0.0 for j in range(d)] for i in range(d)] for _ in range(k)]
            else:
                spec["scale"] = uniform(0.1, 2)
            size = draw.choice([1e-6, 0.1, 1.0, 1.0, 3.0, 10.0])
            yield spec, [uniform(-size, size) for _ in range(d)], entries(m, d, 1.0)


def texts(x):
    if isinstance(x, list):
        return [texts(y) for y in x]
    return repr(x) if isinstance(x, float) else x


def main():
    rows = []
    names = ["ln_rho", "ln_kappa", "ln_a2", "f0"]
    for spec, tilt, value in cases():
        above = [ends(x)[1] for x in moments(spec, tilt, value)]
        with mp.workdps(120):
            if above != [ends(x)[1] for x in moments(spec, tilt, value)]:
                sys.exit(f"{spec} {tilt}: 80 and 120 digits round differently")
        row = {key: texts(x) for key, x in spec.items()}
        rows.append(row | {"tilt": texts(tilt), "value": texts(value)} | {n: repr(x) for n, x in zip(names, above)})
    header = {
        "what": "ln rho, ln kap, ln A2 and F0 of laws that are not Gaussian, rounded up to floats",
        "method": "closed forms of the cumulant, mean and covariance, 80-digit mpmath, checked at 120",
        "generator": "tools/golden/moments.py",
        "mpmath": mpmath.__version__,
    }
    golden_file.write(sys.argv[1], header, rows)


if __name__ == "__main__":
    main()
