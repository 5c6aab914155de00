"""What the proved exact values (T16) must enclose: finite laws and Gaussian tokens, to 30 digits and more.

Finite laws, short prompts: sums over all multinomial counts (binomial sums up to 2000 tokens), directly from the definitions
of attention. Finite laws, long prompts: the Laplace identity in t itself, Gauss-Legendre panels whose lengths double; it must
agree with the sums over counts. Gaussian tokens: for two tokens the integral of a function of the logistic function over the difference
of the scores; for more the Laplace identity with Gauss-Legendre panels in ln t, the sums over scores on a lattice that is much finer
than double precision asks for (as products of large integers); for two tokens both must agree. Arithmetic of 500 bits, and of 3000
where a weight is tiny.

Inputs are floats in digits that read back as themselves. A reference is three strings: its digits, and the floats below and above it.

Usage: python3 enclosure.py ../../tests/data/enclosure.json   (10 minutes)
"""

import math
import sys

import gmpy2
import mpmath
from gmpy2 import mpfr, mpz
from mpmath import mp

import gauss_legendre
import golden_file

BITS, MANY_BITS = 500, 3000
DIGITS = 36


# --- numbers ---------------------------------------------------------------------------------------------------


def reference(x, zero, positive=True):
    """The digits of a number, and the floats around it; below `zero` in size all is noise, of a sum that is 0 or of a tiny positive one."""
    if abs(x) <= zero:
        return ["0", "0.0", repr(5e-324) if positive else "0.0"]
    near = float(x)
    # A float but for the noise of the last bits is that float.
    if abs(mpfr(near) - x) <= abs(x) * mpfr(2) ** int(-0.8 * gmpy2.get_context().precision):
        x = mpfr(near)
    below = near if mpfr(near) <= x else math.nextafter(near, -math.inf)
    above = near if mpfr(near) >= x else math.nextafter(near, math.inf)
    return [f"{x:.{DIGITS - 1}e}", repr(below), repr(above)]


def agree(label, one, other, digits=32, zero=0):
    if abs(one - other) > mpfr(10) ** -digits * abs(other) + zero:
        raise ArithmeticError(f"{label}: {one} {other}")


def legendre(count, bits):
    """A rule on [0, 1]."""
    mp.prec = bits + 20
    nodes, weights = gauss_legendre.rule(count)
    exact = lambda x: mpfr(mpmath.nstr(x, int(bits * 0.31) + 5))
    return [((1 + exact(x)) / 2, exact(w) / 2) for x, w in zip(nodes, weights)]


# --- finite laws -----------------------------------------------------------------------------------------------


def dot(x, y):
    return sum((a * b for a, b in zip(x, y)), mpfr(0))


class Law:
    """Points, their normalised probabilities, a value matrix and a tilt; everything that is not random, in mpfr."""

    def __init__(self, case, tilt):
        weights = [mpfr(w) for w in case["weights"]]
        total = sum(weights)
        points = [[mpfr(x) for x in p] for p in case["points"]]
        self.value = [[mpfr(x) for x in row] for row in case["value"]]
        self.p = [w / total for w in weights]
        scores = [dot(tilt, x) for x in points]
        most = max(scores)
        self.e = [gmpy2.exp(s - most) for s in scores]
        z = dot(self.p, self.e)
        self.w = [e / z for e in self.e]
        tilted = [p * w for p, w in zip(self.p, self.w)]
        d = len(tilt)
        mean = [sum(q * x[k] for q, x in zip(tilted, points)) for k in range(d)]
        self.y = [[x[k] - mean[k] for k in range(d)] for x in points]
        self.f = [[dot(row, y) for row in self.value] for y in self.y]
        self.cov = [[sum(q * y[i] * y[j] for q, y in zip(tilted, self.y)) for j in range(d)] for i in range(d)]
        mean_score = dot(self.p, scores)
        self.s = gmpy2.sqrt(sum(p * (s - mean_score) ** 2 for p, s in zip(self.p, scores)))
        self.size = max(abs(x) for f in self.f for x in f)


def counts(n, total):
    if n == 1:
        yield (total,)
        return
    for c in range(total + 1):
        for rest in counts(n - 1, total - c):
            yield (c,) + rest


def enumerated(law, L):
    """Squared error, bias, E P_2, E|mhat - m|^2 and E|V (Chat - C)|_F^2 as sums over all counts."""
    n, d, m = len(law.p), len(law.cov), len(law.value)
    factorial = [math.factorial(c) for c in range(L + 1)]
    powers = [[p**c for c in range(L + 1)] for p in law.p]
    error, bias, second, in_v, in_u = mpfr(0), [mpfr(0)] * m, mpfr(0), mpfr(0), mpfr(0)
    for c in counts(n, L):
        ways = mpz(factorial[L])
        probability = mpfr(1)
        for ci, power in zip(c, powers):
            ways //= factorial[ci]
            probability *= power[ci]
        probability *= ways
        mass = [ci * e for ci, e in zip(c, law.e)]
        total = sum(mass)
        q = [x / total for x in mass]
        gap = [sum(qi * y[k] for qi, y in zip(q, law.y)) for k in range(d)]
        out = [dot(row, gap) for row in law.value]
        error += probability * dot(out, out)
        bias = [b + probability * o for b, o in zip(bias, out)]
        second += probability * sum(ci * e * e for ci, e in zip(c, law.e)) / total**2
        in_v += probability * dot(gap, gap)
        spread = [[sum(qi * (y[i] - gap[i]) * (y[j] - gap[j]) for qi, y in zip(q, law.y)) - law.cov[i][j] for j in range(d)] for i in range(d)]
        in_u += probability * sum(dot(row, [spread[i][j] for i in range(d)]) ** 2 for row in law.value for j in range(d))
    return error, bias, second, in_v, in_u


def by_panels(law, lengths, rule):
    """Squared error, bias, E P_2 and E|mhat - m|^2 by the Laplace identity, one result a length."""
    m = len(law.value)
    squares = [dot(f, f) for f in law.f]
    tokens = [dot(y, y) for y in law.y]
    pw = [p * w for p, w in zip(law.p, law.w)]
    pww = [p * w for p, w in zip(pw, law.w)]
    sums = [[mpfr(0) for _ in range(m + 3)] for _ in lengths]
    left, width = mpfr(0), 1 / (max(law.w) * max(lengths))
    while True:
        done = False
        for node, weight in rule:
            t = left + width * node
            decay = [gmpy2.exp(-t * w) for w in law.w]
            ln_phi = gmpy2.log(dot(law.p, decay))
            one = [a * e for a, e in zip(pw, decay)]
            two = [a * e for a, e in zip(pww, decay)]
            g = [sum(a * f[k] for a, f in zip(one, law.f)) for k in range(m)]
            gy = [sum(a * y[k] for a, y in zip(one, law.y)) for k in range(len(law.cov))]
            gg, hh, yy, hy, b = dot(g, g), dot(two, squares), dot(gy, gy), dot(two, tokens), sum(two)
            for place, L in enumerate(lengths):
                if (L - 2) * ln_phi < -2600:
                    continue
                pairs = L * weight * width * gmpy2.exp((L - 2) * ln_phi)
                full = pairs * gmpy2.exp(ln_phi)
                terms = [t * (hh * full + (L - 1) * gg * pairs), t * b * full, t * (hy * full + (L - 1) * yy * pairs)]
                for k, x in enumerate(terms + [x * full for x in g]):
                    sums[place][k] += x
            done = (min(lengths) - 2) * ln_phi < -2600
        if done:
            return [(x[0], x[3:], x[1], x[2]) for x in sums]
        left += width
        width = left


COIN = {"points": [[-1.0], [1.0]], "value": [[1.0]]}
PLANE = [[1.0, 0.25], [-0.5, 0.75], [-0.375, -1.25], [2.0, 0.5]]
OBLIQUE = [[1.0, 0.5], [-0.25, 2.0]]
FAR = [[x + 1e8, y - 3e8] for x, y in PLANE[:3]]
# name, law, direction of the tilt, multiples, lengths by enumeration, lengths by panels, bits
CASES = [
    ("coin", {**COIN, "weights": [0.5, 0.5]}, [1.0], [0.0, 1e-8, 0.3, 1.0, 6.0, 30.0], [1, 2, 3, 7, 30, 2000], [10**4, 10**9, 2**53], BITS),
    ("biased coin", {**COIN, "weights": [0.9, 0.1]}, [1.0], [1e-4, 0.7, 4.0, 20.0], [1, 2, 5, 300], [10**6, 10**12], BITS),
    ("three points", {"points": PLANE[:3], "value": OBLIQUE, "weights": [0.5, 0.3, 0.2]}, [1.0, -0.5], [1e-8, 0.1, 1.0, 3.0, 8.0], [1, 2, 4, 11], [10**3, 10**10, 2**53], BITS),
    ("four points, one listed twice", {"points": [PLANE[0], PLANE[1], PLANE[0], PLANE[3]], "value": [[1.0, -2.0]], "weights": [0.125, 0.5, 0.25, 0.125]}, [0.5, 1.0], [0.01, 2.0, 12.0], [1, 2, 3, 9], [10**5], BITS),
    ("far from the origin", {"points": FAR, "value": OBLIQUE, "weights": [0.25, 0.25, 0.5]}, [0.75, 1.0], [1e-3, 1.0, 5.0], [1, 2, 6], [10**7], BITS),
    ("far outlier", {"points": [[0.0, 1.0], [0.5, -1.0], [1e6, 3.0]], "value": OBLIQUE, "weights": [0.5, 0.5 - 1e-12, 1e-12]}, [1e-6, 1.0], [0.5, 3.0, 15.0], [1, 2, 5], [10**6, 10**14], 800),
    ("outlier that never counts", {"points": [[0.0], [1.0], [-1e3]], "value": [[2.0]], "weights": [0.5, 0.375, 0.125]}, [1.0], [0.25, 1.0], [1, 2, 8], [10**3], BITS),
    ("rare point", {"points": [[0.0], [1.0]], "value": [[1.0], [-3.0]], "weights": [1.0, 1e-300]}, [1.0], [1.0, 300.0, 690.0, 700.0], [1, 2, 10], [], MANY_BITS),
    ("two rare points", {"points": [[0.0, 0.0], [1.0, 2.0], [-1.0, 1.0]], "value": OBLIQUE, "weights": [1.0, 1e-20, 1e-200]}, [-1.0, 0.5], [3.0, 40.0, 300.0], [1, 2, 4], [], MANY_BITS),
    ("wide scores", {"points": [[-1000.0, 1.0], [0.0, 0.5], [900.0, -1.0]], "value": [[0.0, 1.0]], "weights": [0.25, 0.5, 0.25]}, [1.0, 1.0], [0.01, 0.1, 1.0], [1, 2, 3, 12], [], MANY_BITS),
    ("small outputs", {"points": [[3e-40, 1e-40], [-1e-40, 2e-40], [0.0, -5e-40]], "value": OBLIQUE, "weights": [0.3, 0.3, 0.4]}, [1e40, 1e40], [0.5, 2.0], [1, 2, 5], [1000], 800),
]


def finite_rows():
    rows = []
    for name, case, direction, multiples, short, long, bits in CASES:
        gmpy2.get_context().precision = bits
        rules = [legendre(n, bits) for n in (50, 62)] if long else []
        for multiple in multiples:
            tilt = [multiple * x for x in direction]
            law = Law(case, [mpfr(x) for x in tilt])
            zero = law.size * mpfr(2) ** int(-0.8 * bits)
            found = {L: enumerated(law, L) for L in short}
            if long:
                # The same panels at a length where the sum over counts is there.
                lengths = [max(short)] + long
                one, two = (by_panels(law, lengths, rule) for rule in rules)
                for L, x, y in zip(lengths, one, two):
                    for label, a, b in zip("error P_2 V".split(), (x[0], x[2], x[3]), (y[0], y[2], y[3])):
                        agree(f"{name} {multiple} {L} {label}", a, b)
                    for a, b in zip(x[1], y[1]):
                        agree(f"{name} {multiple} {L} bias", a, b, zero=zero)
                known, panels = found[max(short)], two[0]
                for label, a, b in (("error", panels[0], known[0]), ("P_2", panels[2], known[2]), ("V", panels[3], known[3])):
                    agree(f"{name} {multiple} panels {label}", a, b)
                found.update({L: x + (None,) for L, x in zip(long, two[1:])})
            for L, (error, bias, second, in_v, in_u) in sorted(found.items()):
                row = {"kind": "finite", "name": name, **{k: [[repr(x) for x in p] for p in case[k]] for k in ("points", "value")}}
                row |= {"weights": [repr(w) for w in case["weights"]], "tilt": [repr(x) for x in tilt], "s": f"{float(law.s):.3e}", "L": L}
                row |= {"error": reference(error, zero), "bias": [reference(b, zero, False) for b in bias], "P_2": reference(second, 0), "V": reference(in_v, zero)}
                if in_u is not None:
                    row["U"] = reference(in_u, zero)
                rows.append(row)
            print(name, multiple, file=sys.stderr)
    return rows


# --- Gaussian tokens -------------------------------------------------------------------------------------------

LATTICE = 11  # scores a unit of ln w; the lattice errs by e^{-100}
FIXED = 420  # bits after the point
SLOT = 112  # bytes of a coefficient of a product


def packed(numbers):
    return mpz(int.from_bytes(b"".join(int(x).to_bytes(SLOT, "little") for x in numbers), "little"))


def expectations(s, ln_length, rule):
    """[(weight, tau, 1 - phi, E x^2 e^{-x}, E x^3 e^{-x}, E x^4 e^{-x})] at the nodes in tau = ln t, where x = t e^{s Z}."""
    up = 14 + min(4 * s, max(s, math.sqrt(8 * ln_length)))
    lowest, highest = math.floor(-60 - ln_length - s * up), math.ceil(8 + 14 * s)
    half = gmpy2.log(2) * FIXED
    nodes = []
    if s < 0.5:
        h = mpfr(1) / 8
        z = [j * h for j in range(-int(14 / h), int(up / h) + 1)]
        norm = h / gmpy2.sqrt(2 * gmpy2.const_pi())
        law = [(norm * gmpy2.exp(-x * x / 2), gmpy2.exp(s * x)) for x in z]
        for panel in range(lowest, highest):
            for node, weight in rule:
                tau = panel + node
                t = gmpy2.exp(tau)
                sums = [mpfr(0)] * 4
                for p, w in law:
                    x = t * w
                    bump = p * x * x * gmpy2.exp(-x)
                    for k, term in enumerate((-p * gmpy2.expm1(-x), bump, bump * x, bump * x * x)):
                        sums[k] += term
                nodes.append((weight, tau, *sums))
        return nodes
    scale = mpfr(2) ** FIXED
    first, last = -math.ceil(14 * s * LATTICE), math.ceil(up * s * LATTICE)
    norm = 1 / (LATTICE * s * gmpy2.sqrt(2 * gmpy2.const_pi()))
    density = [scale * norm * gmpy2.exp(-((mpfr(j) / LATTICE / s) ** 2) / 2) for j in range(first, last + 1)]
    reach = len(density) - 1
    law = packed(reversed(density))
    length = (highest - lowest) * LATTICE + reach + 1
    grid = [gmpy2.exp(lowest + mpfr(first + n) / LATTICE) for n in range(length)]
    for node, weight in rule:
        shift = gmpy2.exp(node)
        tables = [[], [], [], []]
        for e in grid:
            x = e * shift
            if x > half:
                entries = (scale, 0, 0, 0)
            else:
                decay = gmpy2.exp(-x)
                bump = scale * x * x * decay
                entries = (-scale * gmpy2.expm1(-x), bump, bump * x, bump * x * x)
            for table, entry in zip(tables, entries):
                table.append(entry)
        columns = []
        for table in tables:
            product = int(law * packed(table)).to_bytes(SLOT * (length + reach + 1), "little")
            place = lambda i: (i * LATTICE + reach) * SLOT
            columns.append([mpfr(int.from_bytes(product[place(i) : place(i) + SLOT], "little")) / scale**2 for i in range(highest - lowest)])
        nodes += [(weight, lowest + i + node, *column) for i, column in enumerate(zip(*columns))]
    return nodes


def ratios(nodes, L):
    """r_2, r_3 and E P_2^2."""
    sums = [mpfr(0)] * 4
    for weight, _, rise, b2, b3, b4 in nodes:
        if rise >= 1:
            continue
        ln_phi = gmpy2.log1p(-rise)
        if (L - 2) * ln_phi < -400:
            continue
        pairs = L * weight * gmpy2.exp((L - 2) * ln_phi)
        full = pairs * (1 - rise)
        for k, term in enumerate((b2 * full, b3 * full / 2, b4 * full / 6 + (L - 1) * b2 * b2 * pairs / 6)):
            sums[k] += term
    return sums[:3]


def two_tokens(s):
    """The same for two tokens: p = 1 / (1 + e^{-D}), D normal of variance 2 s^2."""
    sums = [mpfr(0)] * 3
    # Analytic for |Im D| < pi, and the density must be resolved too.
    step = min(mpfr(1) / 8 / (s * gmpy2.sqrt(mpfr(2))), mpfr(1) / 8)
    norm = step / gmpy2.sqrt(2 * gmpy2.const_pi())
    for j in range(-int(15 / step) - 1, int(15 / step) + 2):
        z = j * step
        p = 1 / (1 + gmpy2.exp(-s * gmpy2.sqrt(mpfr(2)) * z))
        q = 1 - p
        second = p * p + q * q
        weight = norm * gmpy2.exp(-z * z / 2)
        for k, term in enumerate((second, p**3 + q**3, second**2)):
            sums[k] += weight * term
    return sums


LENGTHS = [1, 2, 3, 5, 17, 100, 10**4, 10**6, 10**12, 2**53]
SQUARE = [[2.0, 0.5], [0.5, 1.0]]
GAUSSIANS = [
    # covariance, value, tilt, whether more than two tokens are served
    ([[1.0]], [[1.0]], [0.0], True),
    ([[1.0]], [[2.0]], [1e-8], True),
    ([[1.0, 0.0], [0.0, 4.0]], OBLIQUE, [1e-3, 0.0], True),
    ([[1.0]], [[1.0], [-0.5]], [0.1], True),
    (SQUARE, OBLIQUE, [0.1, -0.3], True),
    ([[0.25]], [[3.0]], [1.0], True),
    (SQUARE, [[1.0, -1.0]], [0.5, 0.5], True),
    ([[1.0, 0.0], [0.0, 4.0]], OBLIQUE, [2.0, 0.0], True),
    (SQUARE, [[0.0, 1.0]], [2.0, 0.75], True),
    ([[4.0]], [[1.0]], [3.0], True),
    ([[1e-8, 0.0], [0.0, 9e-8]], [[1e4, 3e4]], [1e5, 0.0], False),
    ([[1.0]], [[1.0]], [12.0], True),
    ([[1.0, 0.0], [0.0, 4.0]], OBLIQUE, [18.0, 12.0], False),
    ([[1.0]], [[1.0]], [30.0], False),
]


def gaussian_rows():
    gmpy2.get_context().precision = BITS
    rule, other = legendre(34, BITS), legendre(40, BITS)
    zero = mpfr(2) ** -400
    rows = []
    for covariance, value, tilt, long in GAUSSIANS:
        gamma, v, a = ([[mpfr(x) for x in row] for row in covariance], [[mpfr(x) for x in row] for row in value], [mpfr(x) for x in tilt])
        response = [dot(row, a) for row in gamma]
        s = gmpy2.sqrt(dot(a, response))
        out = [dot(row, response) for row in v]
        tau, eta = sum(dot(row, [dot(g, row) for g in gamma]) for row in v), dot(out, out)
        lengths = LENGTHS if long else LENGTHS[:2]
        nodes = expectations(s, math.log(lengths[-1]), rule) if long and s > 0 else []
        if nodes and s in (0.5, 1):
            # Another rule over ln t.
            finer = expectations(s, math.log(lengths[-1]), other)
            for L in lengths[2:]:
                for x, y in zip(ratios(nodes, L), ratios(finer, L)):
                    agree(f"rules s={s} L={L}", x, y)
        for L in lengths:
            if L == 1:
                found = [mpfr(1)] * 3
            elif s == 0:
                found = [1 / mpfr(L), 1 / mpfr(L) ** 2, 1 / mpfr(L) ** 2]
            elif L == 2:
                found = two_tokens(s)
                if nodes:
                    for x, y in zip(found, ratios(nodes, 2)):
                        agree(f"two tokens, s={s}", x, y)
            else:
                found = ratios(nodes, L)
            second, third, squared = found
            error = second * tau + (second - 6 * third + 6 * squared) * eta
            row = {"kind": "gaussian", **{k: [[repr(x) for x in r] for r in m] for k, m in (("covariance", covariance), ("value", value))}}
            row |= {"tilt": [repr(x) for x in tilt], "s": f"{float(s):.3e}", "L": L, "error": reference(error, 0), "bias": [reference(-second * x, zero, False) for x in out]}
            row |= {"P_2": reference(second, 0), "P_3": reference(third, 0), "P_2^2": reference(squared, 0)}
            rows.append(row)
        print("gaussian", float(s), file=sys.stderr)
    return rows


def main(path):
    rows = finite_rows() + gaussian_rows()
    document = {
        "what": "squared error, bias, E P_2 (E P_3, E P_2^2), and E|mhat - m|^2 (V) and E|V (Chat - C)|_F^2 (U): digits, float below, float above",
        "method": "sums over multinomial counts, Gauss-Legendre panels in t; for Gaussian tokens panels in ln t and logistic-normal integrals; 500 bits and more",
        "generator": "tools/golden/enclosure.py",
        "gmpy2": gmpy2.version(),
        "digits_printed": DIGITS,
    }
    golden_file.write(path, document, rows)


if __name__ == "__main__":
    main(sys.argv[1])
