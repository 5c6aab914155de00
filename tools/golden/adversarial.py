"""Exact errors of finitely supported laws that are hard for floats: shifts, repeated atoms, rare and far atoms, huge L.

Every number of a law is a float, taken exactly; probabilities are divided by their exact sum. The Laplace identity of
docs/theory.md (T2) in 60 and more digits (more for rare atoms), by trapezoidal sums in ln t whose step (1/10) leaves
1e-35; a sum over all multinomial counts must agree for short prompts. No digit is left to cancel. Normal mixtures: the same over
lattices of their atoms whose step and reach leave less than 1e-30.

Usage: python3 adversarial.py ../../tests/data/adversarial.json   (some minutes on 2 cores)
"""

import math
import random
import sys
from multiprocessing import Pool

import mpmath
from mpmath import mp, mpf

import golden_file

LENGTHS = [1, 2, 3, 17, 1000, 10**6, 10**12, 2**53]


def scalar(name, tokens, tilts, weights=None, copies=None, outputs=None):
    """A law on points of the line, with V = 1."""
    for tilt in tilts:
        yield {"name": name, "points": [[x] for x in tokens], "weights": weights, "copies": copies, "tilt": [tilt], "value": [[1.0]]}


def laws():
    for shift in [0.0, 1e4, 1e8, 1e12, 1e15, -1e10]:
        yield from scalar(f"tokens 0, 1, -1, 2 shifted by {shift:g}", [shift + x for x in (0.0, 1.0, -1.0, 2.0)], [0.7, -3.0])
    yield from scalar("tokens 0.1, 0.7, -0.4 shifted by 1e6", [1e6 + x for x in (0.1, 0.7, -0.4)], [1.3, 0.0])
    yield from scalar("400,000 rows of which ten differ", [1.0, -2.0], [0.7, -3.0], copies=[399_990, 10])
    yield from scalar("300,000 rows of 0.1 and 7 of 0.7", [0.1, 0.7], [0.3, 25.0], copies=[300_000, 7])
    yield from scalar("100,001 rows, half of them equal", [0.1, -0.3, 0.2], [1.1], copies=[50_000, 50_000, 1])
    for eps in [1e-5, 1e-20, 1e-100, 1e-300]:
        tilt = -math.log(eps)
        rare = [0.5 * eps, 1.0 - eps, 0.5 * eps]
        yield from scalar(f"rare atoms -1, 1, eps = {eps:g}", [-1.0, 0.0, 1.0], [0.0, round(0.5 * tilt, 3), -round(tilt, 4), round(1.2 * tilt, 2)], weights=rare)
        yield from scalar(f"one rare atom 3, eps = {eps:g}", [0.0, 1.0, 3.0], [round(tilt / 3, 4)], weights=[0.5, 0.5, eps])
        yield from scalar(f"a rare far atom, eps = {eps:g}", [0.0, 1.0, 1e6], [round(tilt / 1e6, 9)], weights=[0.5, 0.5, eps])
    yield from scalar("three scales of rarity", [0.0, 1.0, 2.0], [14.0, 20.0, 30.0], weights=[1.0, 1e-6, 1e-12])
    yield from scalar("three scales of rarity, apart", [0.0, 10.0, 10.25], [0.5, 2.0, 2.75], weights=[1.0, 1e-9, 1e-12])
    yield from scalar("a normal and a rare narrow group", [-1.0, 0.0, 1.0, 29.9, 30.0, 30.1], [2.0], weights=[0.25, 0.5, 0.25, 0.3e-12, 0.4e-12, 0.3e-12])
    yield from scalar("two groups 1e8 apart", [0.0, 1.0, 1e8, 1e8 + 1.0], [0.7, 1e-8, -2e-7], weights=[0.4, 0.4, 0.1, 0.1])
    yield from scalar("two groups 1e8 apart, one rare", [0.0, 1.0, 1e8, 1e8 + 1.0], [7e-7], weights=[0.5, 0.5, 0.5e-30, 0.5e-30])
    yield from scalar("large scores", [0.0, 1.0], [20.0, 40.0, 300.0, -650.0])
    yield from scalar("large scores, three tokens", [0.0, 1.0, 0.5], [33.0, 500.0])
    yield from scalar("nearly equal tokens", [1.0, 1.0 + 2.0**-40, 1.0 - 2.0**-38], [0.5, 1e12])
    yield from scalar("one token", [3.5], [2.0])
    yield from scalar("tokens of size 1e-150", [1e-150, -2e-150, 0.0], [5e149])
    yield from scalar("tokens of size 1e70", [1e70, -2e70, 0.0], [5e-71])
    near = 2.0**-27
    yield {"name": "scores that cancel between coordinates", "points": [[1.0, 1.0], [1.0, 1.0 + near], [2.0, 2.0 - near]], "weights": None, "copies": None, "tilt": [1e8, -1e8], "value": [[0.1, -0.1]]}
    yield {"name": "outputs that cancel between coordinates", "points": [[1e8, 1e8 + 1.0], [1e8, 1e8 - 0.5], [1e8 + 2.0, 1e8]], "weights": None, "copies": None, "tilt": [0.3, 0.1], "value": [[0.1, -0.1], [0.7, 0.3]]}
    source = random.Random(20240607)
    for index in range(16):
        count, scale = source.randint(2, 6), 10.0 ** source.uniform(-1, 1.5)
        shift = source.choice([0.0, 10.0 ** source.uniform(0, 9)])
        tokens = [shift + source.gauss(0.0, 1.0) for _ in range(count)]
        weights = [10.0 ** -source.uniform(0, source.choice([1, 10, 100, 250])) for _ in range(count)]
        weights[0] = 1.0
        yield from scalar(f"random {index}", tokens, [scale * source.gauss(0.0, 1.0)], weights=weights)


def mixtures():
    """Normal components (weight, mean, standard deviation) on the line, with V = 1."""
    cases = [
        ("a rare narrow component", [(1.0 - 1e-12, 0.0, 1.0), (1e-12, 30.0, 0.1)], 2.0),
        ("a rare narrow component, shifted by 1e8", [(1.0 - 1e-12, 1e8, 1.0), (1e-12, 1e8 + 30.0, 0.125)], 2.0),
        ("components of three scales", [(0.5, 0.0, 0.5), (0.5 - 1e-6, 1.0, 1.0), (1e-6, 12.0, 0.25)], 1.5),
        ("a rare component far on the other side", [(1.0 - 1e-20, 0.0, 1.0), (1e-20, -60.0, 0.5)], -0.875),
        ("two equal components far from 0", [(0.5, 1e6, 0.25), (0.5, 1e6 + 1.0, 0.25)], -1.0),
    ]
    for name, components, tilt in cases:
        yield {"name": name, "components": components, "tilt": [tilt]}


def atoms_of(law):
    """A lattice of atoms so fine and wide that every sum over it is right to more than 30 digits."""
    total = mp.fsum(mpf(w) for w, _, _ in law["components"])
    origin, tilt = mpf(law["components"][0][1]), mpf(law["tilt"][0])
    probability, scores, outputs = [], [], []
    for weight, mean, deviation in law["components"]:
        s = abs(tilt) * mpf(deviation)
        step = min(mpf(1) / 4, mpf("0.125") / s)
        # As many tokens as the longest prompt has do not reach 13 deviations beyond the tilt of 4 s.
        reach = int((13 + 4 * s) / step) + 1
        for j in range(-reach, reach + 1):
            z = j * step
            probability.append(mpf(weight) / total * step / mp.sqrt(2 * mp.pi) * mp.exp(-z * z / 2))
            x = mpf(mean) - origin + mpf(deviation) * z
            scores.append(tilt * x)
            outputs.append([x])
    return probability, scores, outputs


def rows_of_mixture(law):
    mp.dps = 60
    p, scores, outputs = atoms_of(law)
    w, f = centred(p, scores, outputs)
    lengths = [1, 2, 17, 10**6, 10**12]
    results = [single(p, w, f)] + by_laplace(p, w, f, lengths[1:], False)

    def show(x):
        return mpmath.nstr(x, 30)

    components = [[repr(v) for v in c] for c in law["components"]]
    written = {"name": law["name"], "components": components, "tilt": [repr(x) for x in law["tilt"]]}
    return [{**written, "L": L, "error": show(r[0]), "bias": [show(b) for b in r[1]], "P_2": show(r[2])} for L, r in zip(lengths, results)]


def prepared(law):
    """Probabilities, scores less the largest, and tokens less the first point, all exact."""
    points = [[mpf(x) for x in p] for p in law["points"]]
    weights = [mpf(w) for w in (law["weights"] or law["copies"] or [1] * len(points))]
    total = mp.fsum(weights)
    points = [[x - o for x, o in zip(p, points[0])] for p in points]
    scores = [mp.fsum(mpf(a) * x for a, x in zip(law["tilt"], p)) for p in points]
    outputs = [[mp.fsum(mpf(v) * x for v, x in zip(row, p)) for row in law["value"]] for p in points]
    return [w / total for w in weights], scores, outputs


def digits(probability):
    return 60 + 2 * int(-mp.log10(min(probability)))


def centred(probability, scores, outputs):
    """Normalised weights w and centred outputs f."""
    factors = [mp.exp(s) for s in scores]
    mean = mp.fsum(p * e for p, e in zip(probability, factors))
    weights = [e / mean for e in factors]
    limit = [mp.fsum(p * w * o[k] for p, w, o in zip(probability, weights, outputs)) for k in range(len(outputs[0]))]
    return weights, [[x - t for x, t in zip(o, limit)] for o in outputs]


def expectation(p, values):
    return mp.fsum(q * v for q, v in zip(p, values))


def single(p, w, f):
    """One token: That = V X, Chat = 0."""
    square = expectation(p, [mp.fsum(x * x for x in o) for o in f])
    bias = [expectation(p, [o[k] for o in f]) for k in range(len(f[0]))]
    result = [square, bias, mpf(1)]
    if len(f[0]) == 1:
        c = expectation(p, [a * o[0] ** 2 for a, o in zip(w, f)])
        result += [square, c * c]
    return result


def by_laplace(p, w, f, lengths, gradients=True):
    """The integrals of T2 and finite-gradient, one result a length."""
    h = mpf(1) / (10 if gradients else 8)
    m = len(f[0])
    scalar_law = m == 1 and gradients
    heaviest, lightest = max(w), min(w)
    # Left: x^2 <= (t w)^2 for every atom, and t^2 E w^2 |f|^2 below 1e-50 of what it is at 1/L; right: phi^{L-1}.
    first = -mp.log(max(lengths)) - 60 - mp.log(heaviest)
    first = mp.floor(first / h)
    sums = {L: [mpf(0), [mpf(0)] * m, mpf(0), mpf(0), mpf(0)] for L in lengths}
    y = [o[0] for o in f]
    c = expectation(p, [a * b * b for a, b in zip(w, y)]) if scalar_law else mpf(0)
    g = [b * b - c for b in y]
    squares = [mp.fsum(v * v for v in o) for o in f]
    index = first
    while True:
        t = mp.exp(index * h)
        index += 1
        x = [t * a for a in w]
        low = [mp.expm1(-a) for a in x]
        e = [1 + a for a in low]
        small = t < 1
        rise = -expectation(p, low)
        ln_phi = mp.log1p(-rise) if rise < mpf(1) / 2 else mp.log(expectation(p, e))
        ones = [a * (b if small else 1 + b) for a, b in zip(x, low)]
        one = [expectation(p, [a * o[k] for a, o in zip(ones, f)]) for k in range(m)]
        b2 = expectation(p, [a * a * b for a, b in zip(x, e)])
        h2 = expectation(p, [a * a * b * q for a, b, q in zip(x, e, squares)])
        if scalar_law:
            def moment(k, values):
                return expectation(p, [a**k * b * v for a, b, v in zip(x, e, values)])
            gy = [a * b for a, b in zip(g, y)]
            yy = [a * a for a in y]
            g1 = expectation(p, [a * b for a, b in zip(ones, g)])
            y1 = one[0]
            y22, gy2, y33 = moment(2, yy), moment(2, gy), moment(3, [a**3 for a in y])
            g22 = moment(2, [a * a for a in g])
            gyy3 = moment(3, [a * b for a, b in zip(g, yy)])
            y44 = moment(4, [a**4 for a in y])
        live = False
        for L in lengths:
            if (L - min(L, 4)) * ln_phi < -150:
                continue
            live = True
            powers, count = [], mpf(1)
            for k in range(1, 5):
                count *= L - k + 1
                powers.append(count * mp.exp((L - k) * ln_phi) if count else mpf(0))
            n1, n2, n3, n4 = powers
            s = sums[L]
            s[0] += n1 * h2 + n2 * mp.fsum(v * v for v in one)
            s[1] = [a + n1 * v for a, v in zip(s[1], one)]
            s[2] += n1 * b2
            if scalar_law:
                s[3] += n1 * h2 + n2 * y1 * y1
                s[4] += n1 * g22 + n2 * g1 * g1
                s[4] -= n1 * gyy3 + n2 * (y22 * g1 + 2 * gy2 * y1) + n3 * g1 * y1 * y1
                s[4] += (n1 * y44 + n2 * (4 * y33 * y1 + 3 * y22 * y22) + 6 * n3 * y22 * y1 * y1 + n4 * y1**4) / 6
        # phi^{L - 4} of short prompts says nothing about the end; there every atom must have x > 150.
        if (not live or min(lengths) <= 4) and t * lightest > 150 and not any((L - min(L, 4)) * ln_phi > -150 and L > 4 for L in lengths):
            break
    results = []
    for L in lengths:
        square, bias, p2, value, key_query = sums[L]
        row = [h * square, [h * b for b in bias], h * p2]
        results.append(row + ([h * value, h * key_query] if scalar_law else []))
    return results


def by_counts(p, w, f, L):
    """All prompts of L tokens."""

    def counts(n, L):
        if n == 1:
            yield (L,)
            return
        for c in range(L + 1):
            for rest in counts(n - 1, L - c):
                yield (c,) + rest

    m = len(f[0])
    c_limit = expectation(p, [a * o[0] ** 2 for a, o in zip(w, f)])
    result = [mpf(0), [mpf(0)] * m, mpf(0)] + ([mpf(0), mpf(0)] if m == 1 else [])
    for c in counts(len(p), L):
        chance = mpf(math.factorial(L))
        for ci, q in zip(c, p):
            chance *= q**ci / math.factorial(ci)
        shares = [ci * a for ci, a in zip(c, w)]
        total = mp.fsum(shares)
        gap = [mp.fsum(s * o[k] for s, o in zip(shares, f)) / total for k in range(m)]
        square = mp.fsum(v * v for v in gap)
        result[0] += chance * square
        result[1] = [a + chance * v for a, v in zip(result[1], gap)]
        result[2] += chance * mp.fsum(ci * a * a for ci, a in zip(c, w)) / total**2
        if m == 1:
            result[3] += chance * square
            second = mp.fsum(s * o[0] ** 2 for s, o in zip(shares, f)) / total
            result[4] += chance * (second - gap[0] ** 2 - c_limit) ** 2
    return result


def flat(result):
    return [result[0], *result[1], *result[2:]]


def rows_of(law):
    mp.dps = 60
    mp.dps = digits(prepared(law)[0])
    p, scores, outputs = prepared(law)
    w, f = centred(p, scores, outputs)
    rest = [L for L in LENGTHS if L > 1]
    results = [single(p, w, f)] + by_laplace(p, w, f, rest)
    far = max(abs(v) for o in f for v in o)
    sizes = [far**2, *[far] * len(f[0]), mpf(1), far**2, far**4]
    for place, L in enumerate(LENGTHS):
        if L in (2, 3):
            counted = by_counts(p, w, f, L)
            for a, b, size in zip(flat(results[place]), flat(counted), sizes):
                # What is left of terms that cancel has fewer digits by the integral; none is missing beside its terms.
                if abs(a - b) > mpf("1e-24") * abs(b) and abs(a - b) > mpf("1e-33") * size:
                    raise ArithmeticError(f"{law['name']} {law['tilt']} L={L}: {mpmath.nstr(a, 40)} and {mpmath.nstr(b, 40)}")
            results[place] = counted

    def show(x):
        return mpmath.nstr(x, 30)

    written = {key: (None if law[key] is None else [repr(x) if not isinstance(x, list) else [repr(v) for v in x] for x in law[key]]) for key in ("points", "weights", "copies", "tilt", "value")}
    rows = []
    for L, result in zip(LENGTHS, results):
        row = {"name": law["name"], **written, "L": L, "error": show(result[0]), "bias": [show(b) for b in result[1]], "P_2": show(result[2])}
        if len(result) > 3:
            row |= {"value_gradient": show(result[3]), "key_query_gradient": show(result[4])}
        rows.append(row)
    return rows


def main(path):
    with Pool() as pool:
        rows = [row for rows in pool.imap(rows_of, list(laws())) for row in rows]
        rows += [row for rows in pool.imap(rows_of_mixture, list(mixtures())) for row in rows]
    document = {
        "what": "finitely supported laws and normal mixtures that are hard for floats: E|That - T|^2, E That - T, E P_2, and for V = 1 in R^1 E|mhat - m|^2 and E|Chat - C|^2",
        "method": "Laplace identity in 60 and more digits; of finite laws against sums over all multinomial counts for L = 2 and 3",
        "generator": "tools/golden/adversarial.py",
        "mpmath": mpmath.__version__,
        "digits_printed": 30,
    }
    golden_file.write(path, document, rows)


if __name__ == "__main__":
    main(sys.argv[1])
