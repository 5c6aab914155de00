"""True values of the operations of interval arithmetic and of the formulas of T4 to T6, rounded both ways.

Each row has a function `f`, its arguments `x` (floats, printed so that they read back as themselves, or
exact integers) and two neighbouring floats, `below` and `above`, between which the true value lies; they are equal
if it is a float. So an interval of floats contains the true value exactly if its lower end is at most
`below` and its upper end at least `above`.

The formulas are written as their statements in docs/theory.md, in the variables of the statement, with 1000-digit
arithmetic (and again with 1200, which must round alike); `ln rho`, `ln kap`, `ln A2`, `ln A4`, `ln F4` are arguments because the program keeps them.

Usage: python3 rounding.py ../../tests/data/rounding.json   (10 seconds)
"""

import math
import random
import sys

import mpmath
from mpmath import mp, mpf

import golden_file

mp.dps = 1000  # overwritten by importers
INF = math.inf
LARGEST = mpf(sys.float_info.max)


def ends(value):
    """The largest float that is at most the value, and the smallest that is at least the value."""
    if value > LARGEST:
        return sys.float_info.max, INF
    if value < -LARGEST:
        return -INF, -sys.float_info.max
    below = float(value)
    while mpf(below) > value:
        below = math.nextafter(below, -INF)
    while math.nextafter(below, INF) < INF and mpf(math.nextafter(below, INF)) <= value:
        below = math.nextafter(below, INF)
    return below, below if mpf(below) == value else math.nextafter(below, INF)


def chernoff(ln_rho, ln_a2, f0, length, delta):
    excess = delta * length - 1
    return mp.exp(ln_a2) / ((1 - delta) ** 2 * length) + length * f0 * mp.exp(-(excess**2) / (2 * (length - 1) * mp.exp(ln_rho)))


def chernoff_tail(ln_rho, ln_a2, length, eps, delta):
    return mp.exp(ln_a2) / ((1 - delta) ** 2 * length * eps**2) + mp.exp(-length * delta**2 / (2 * mp.exp(ln_rho)))


def chernoff_fourth(ln_rho, ln_a2, ln_a4, ln_f4, length, delta):
    excess = delta * length - 1
    body = (mp.exp(ln_a4) / length**3 + 3 * mp.exp(ln_a2) ** 2 / length**2) / (1 - delta) ** 4
    return body + length * mp.exp(ln_f4) * mp.exp(-(excess**2) / (2 * (length - 1) * mp.exp(ln_rho)))


def inverse_moment(k, n, ln_rho, ln_kappa, theta, splits):
    rho, kappa = mp.exp(ln_rho), mp.exp(ln_kappa)
    main = (n * (1 - theta / 2)) ** (-k)
    far = (kappa / k) ** k
    if splits == 1:
        return main + far * mp.exp(-(n - k) * (theta / rho) * (1 - theta / 2))
    x = n * theta / (2 * rho)
    gamma = mp.exp(-x) * sum(x**j / mp.factorial(j) for j in range(int(k)))
    return main + (n / 2) ** (-k) * gamma + far * mp.exp(-(n - k) / (2 * rho))


def norm_mgf(sigma2, tilt, lam, spectrum):
    top = max(spectrum)
    square = 4 * sigma2**2 * top * tilt**2
    return -sum(mp.log(1 - 2 * lam * sigma2 * nu) for nu in spectrum) / 2 + lam * square / (1 - 2 * lam * sigma2 * top)


def second_moment(sigma2, tilt, lam, *spectrum):
    energy = sigma2 * tilt**2
    return mp.exp(2 * energy) * (8 * energy + norm_mgf(sigma2, tilt, lam, spectrum)) / lam


def crude(length, sigma2, tilt, lam, *spectrum):
    return (mp.log(length) + norm_mgf(sigma2, tilt, lam, spectrum)) / lam


FUNCTIONS = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "sqrt": mp.sqrt,
    "powi": lambda x, n: x**int(n),
    "exp": mp.exp,
    "exp_m1": mp.expm1,
    "ln": mp.log,
    "ln_1p": mp.log1p,
    "ln_add": lambda x, y: max(x, y) + mp.log1p(mp.exp(-abs(x - y))),
    "chernoff": chernoff,
    "chernoff_tail": chernoff_tail,
    "chernoff_fourth": chernoff_fourth,
    "inverse_moment": inverse_moment,
    "second_moment": second_moment,
    "crude": crude,
}


def arguments():
    """(function, arguments) of every row, from a fixed seed."""
    draw = random.Random(20261125)
    uniform = draw.uniform
    tiny, one_below = 5e-324, 1 - 2.0**-53

    def wide():
        """A float of any size and sign."""
        return uniform(-1, 1) * 2.0 ** draw.randint(-500, 500)

    for f in ("add", "sub", "mul", "div"):
        for _ in range(60):
            yield f, [wide(), wide()]
        for _ in range(30):
            x = uniform(-2, 2)
            yield f, [x, x * uniform(0.5, 2)]
    for x, y in [(1e308, 1e308), (-1.7e308, -1.7e308), (1.0, 2.0**-60), (1.0, -(2.0**-60)), (tiny, tiny), (1e17, 1.0), (0.1, 0.2)]:
        yield "add", [x, y]
        yield "sub", [x, -y]
    for x, y in [(tiny, tiny), (-tiny, tiny), (1e200, 1e200), (-1e200, 1e200), (0.1, 3.0), (2.0, 0.5)]:
        yield "mul", [x, y]
    for x, y in [(1.0, 3.0), (tiny, 3.0), (-tiny, 3.0), (1e308, 1e-308), (1.0, tiny), (6.0, 3.0)]:
        yield "div", [x, y]
    for _ in range(60):
        yield "sqrt", [abs(wide())]
        yield "powi", [uniform(-3, 3), draw.randint(0, 9)]
    for x in (0.0, 2.0, 4.0, tiny, sys.float_info.max):
        yield "sqrt", [x]
    for x, n in [(10.0, 400), (-10.0, 401), (1e-100, 4), (-1e-100, 5), (1 + 2.0**-52, 1000)]:
        yield "powi", [x, n]
    for _ in range(150):
        yield "exp", [uniform(-760, 720)]
        yield "exp", [uniform(-1, 1) * 10.0 ** draw.randint(-20, 0)]
        yield "exp_m1", [uniform(-60, 720)]
        yield "exp_m1", [uniform(-1, 1) * 10.0 ** draw.randint(-300, 0)]
        yield "ln", [abs(wide())]
        yield "ln", [1 + uniform(-1, 1) * 10.0 ** draw.randint(-16, -1)]
        yield "ln_1p", [uniform(0, 1) * 10.0 ** draw.randint(-300, 300)]
        yield "ln_1p", [-1 + 10.0 ** -uniform(0, 15.9)]
        yield "ln_add", [uniform(-1000, 1000), uniform(-1000, 1000)]
        x = uniform(-50, 50)
        yield "ln_add", [x, x + uniform(-2, 2)]
    # k ln 2, near which an exponential crosses a power of two and its ulp doubles.
    for k in range(-1074, 1024, 61):
        x = k * math.log(2)
        for y in (math.nextafter(x, -INF), x, math.nextafter(x, INF)):
            yield "exp", [y]
            yield "ln", [math.ldexp(1.0, k)]
            yield "ln", [math.nextafter(math.ldexp(1.0, k), 0)] if k > -1074 else [tiny]
    for x in (-1e15, -1e300, -745.14, -745.13, -744.44, -708.4, 709.78, 709.79, 1e15, 0.0, tiny, -tiny):
        yield "exp", [x]
        if x > -700:
            yield "exp_m1", [x]
    for x in (tiny, 3 * tiny, 2.2250738585072014e-308, sys.float_info.max, 1.0, math.nextafter(1, 0), math.nextafter(1, 2)):
        yield "ln", [x]
    for x in (-one_below, -0.5, tiny, -tiny, 0.0, sys.float_info.max, -(2.0**-54)):
        yield "ln_1p", [x]

    lengths = [2, 3, 7, 1000, 10**6, 10**12, 10**15, 2**53]

    def score_variance():
        return draw.choice([0.0, uniform(0, 1), uniform(0, 30), uniform(0, 30) ** 2])

    def delta(length):
        inverse = math.nextafter(1 / length, 1)
        u = draw.choice([uniform(0, 1), 10.0 ** -uniform(0, 12), 1 - 10.0 ** -uniform(0, 15)])
        edges = [inverse, inverse * (1 + 1e-10), one_below, 1 - 1e-9, inverse + (1 - inverse) * u]
        return min(max(draw.choice(edges + [edges[-1]] * 6), inverse), one_below)

    for _ in range(220):
        q, length = score_variance(), draw.choice(lengths)
        ln_a2 = q + uniform(-20, 20)
        yield "chernoff", [q, ln_a2, 10.0 ** uniform(-20, 20), length, delta(length)]
        yield "chernoff_fourth", [q, ln_a2, 2 * ln_a2 + uniform(0, 20), uniform(-20, 20), length, delta(length)]
        deviation = 10.0 ** uniform(-6, 6)
        low = draw.choice([tiny, 1e-9, uniform(0, 1), one_below])
        yield "chernoff_tail", [q, ln_a2, draw.choice([1] + lengths), deviation, low]
        k = draw.choice([1, 2, 4])
        n = draw.choice([k + 1, 10, 1000, 10**6, 10**12, 10**15 - 1, 2**53])
        theta = draw.choice([1.0, one_below, uniform(0, 1), 10.0 ** -uniform(0, 26), tiny])
        yield "inverse_moment", [k, n, q, draw.choice([q, q + uniform(0, 5)]), theta, draw.choice([1, 2])]
    for _ in range(120):
        sigma2, tilt = 10.0 ** uniform(-3, 3), 10.0 ** uniform(-3, 0.8)
        spectrum = sorted((10.0 ** uniform(-6, 2) for _ in range(draw.choice([1, 2, 5]))), reverse=True)
        u = draw.choice([uniform(0, 1), 10.0 ** -uniform(0, 12), 1 - 10.0 ** -uniform(0, 5)])
        lam = u / (2 * sigma2 * spectrum[0])
        yield "second_moment", [sigma2, tilt, lam, *spectrum]
        yield "crude", [draw.choice(lengths), sigma2, tilt, lam, *spectrum]


def main():
    rows = []
    for f, x in arguments():
        below, above = ends(FUNCTIONS[f](*[mpf(a) for a in x]))
        with mp.workdps(1200):
            if (below, above) != ends(FUNCTIONS[f](*[mpf(a) for a in x])):
                sys.exit(f"{f} {x}: 1000 and 1200 digits round differently")
        rows.append({"f": f, "x": [repr(a) for a in x], "below": repr(below), "above": repr(above)})
    header = {
        "what": "true values of interval operations and of the formulas of T4 to T6, rounded down and up to floats",
        "method": "1000-digit mpmath, checked at 1200, formulas as in docs/theory.md",
        "generator": "tools/golden/rounding.py",
        "mpmath": mpmath.__version__,
    }
    golden_file.write(sys.argv[1], header, rows)


if __name__ == "__main__":
    main()
