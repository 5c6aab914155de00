"""Numerical checks of the identities and inequalities of docs/theory.md on small cases.

Prints one line a check and stops at the first that fails. Writes no file.
Usage: python3 check_theory.py   (after the golden files exist; about a minute)
"""

import json
import math
import os

from mpmath import mp, mpf

import gauss_legendre

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests", "data")
mp.dps = 30


def golden(name):
    with open(os.path.join(DATA, name + ".json")) as f:
        return json.load(f)["rows"]


def check(name, condition, detail=""):
    if not condition:
        raise ArithmeticError(f"{name}: {detail}")
    print("ok  ", name, detail)


def close(name, x, y, tolerance="1e-18"):
    gap = abs(x / y - 1) if y else abs(x)
    check(name, gap < mpf(tolerance), f"{mp.nstr(x, 12)}, relative difference {mp.nstr(gap, 2)}")


def normal(f, scale=1, reach=15):
    """E f(Z) for an f that varies on the scale 1 / scale."""
    step = mpf(1) / max(1, scale)
    count = int(reach / step) + 1
    return mp.quad(lambda x: f(x) * mp.exp(-x * x / 2), [step * i for i in range(-count, count + 1)]) / mp.sqrt(2 * mp.pi)


def gaussian_lattice():
    """The figures of `gaussian-lattice`: both lattices at the steps in use, on grids of c, s and y."""
    cs = [mpf(i) / 1000 for i in range(10, 1571)]
    outer = lambda h, k: min(2 * mp.cos(c) ** -k / mp.expm1(2 * mp.pi * c / h) for c in cs)

    def scores(step, standard, k):
        worst = mpf(0)
        for i in range(80):
            s = mp.exp(mp.log(mpf("1e-3")) + mp.log(mpf(12000)) * i / 79)
            h = min(mpf(standard), mpf(step) / s)
            most = min(mpf("1.57") / s, 8 / h)
            ys = [most * j / 200 for j in range(1, 200)]
            worst = max(worst, min(2 * mp.exp(y * y / 2) / mp.expm1(2 * mp.pi * y / h) * mp.cos(s * y) ** -k for y in ys))
        return worst

    for h, figures in (("0.22", ["5.2e-18", "1.0e-16", "1.2e-15", "9.5e-15"]), ("0.28", ["6.1e-14", "9.3e-13", "8.4e-12", "5.5e-11"])):
        for k, most in zip((1, 2, 3, 4), figures):
            value = outer(mpf(h), k)
            check(f"outer lattice, step {h}, k = {k}", mpf(most) / 2 < value < mpf(most), mp.nstr(value, 3))
    for step, standard, figures in (("0.22", "0.5", ["4e-17", "3e-14", "1.6e-12"]), ("0.28", "0.7", ["2e-12", "7e-10", "1.6e-8"])):
        for k, most in zip((0, 2, 4), figures):
            value = scores(step, standard, k)
            check(f"score lattice, step {step}, k = {k}", mpf(most) / 4 < value < mpf(most), mp.nstr(value, 3))


def laplace_identity():
    """T2 against the binomial sum: E|That - T|^2, bias and E P_2 for Rademacher tokens."""
    for row in golden("rademacher"):
        if row["a"] not in ("0.5", "2") or row["L"] not in (1, 3, 50):
            continue
        c, a, L = mpf(row["c"]), mpf(row["a"]), row["L"]
        mass = mp.cosh(c * a)
        w = [mp.exp(c * a) / mass, mp.exp(-c * a) / mass]
        f = [c - c * mp.tanh(c * a), -c - c * mp.tanh(c * a)]
        mean = lambda h, t: sum(h(x, y) * mp.exp(-t * x) for x, y in zip(w, f)) / 2
        cuts = [mpf(i) * 2 for i in range(-30, 8)]

        def integral(integrand):
            return mp.quad(lambda tau: integrand(mp.exp(tau)) * mp.exp(tau), cuts)

        phi = lambda t: mean(lambda x, y: 1, t)
        g = lambda t: mean(lambda x, y: x * y, t)
        h = lambda t: mean(lambda x, y: x * x * y * y, t)
        error = integral(lambda t: t * (L * h(t) * phi(t) ** (L - 1) + L * (L - 1) * g(t) ** 2 * phi(t) ** (L - 2)))
        bias = integral(lambda t: L * g(t) * phi(t) ** (L - 1))
        p2 = integral(lambda t: t * L * mean(lambda x, y: x * x, t) * phi(t) ** (L - 1))
        for name, x in (("error", error), ("bias", bias), ("P_2", p2)):
            close(f"T2 {name}, Rademacher a = {a}, L = {L}", x, mpf(row[name]), "1e-10" if name == "bias" else "1e-12")
        # outer-lattice: a trapezoidal rule of step h has relative error at most 2 cos^-2 c / (e^{2 pi c / h} - 1).
        for step in (mpf(1), mpf("0.5")):
            integrand = lambda tau: mp.exp(2 * tau) * (L * h(mp.exp(tau)) * phi(mp.exp(tau)) ** (L - 1) + L * (L - 1) * g(mp.exp(tau)) ** 2 * phi(mp.exp(tau)) ** (L - 2))
            # The lattice is offset so that no symmetry helps it.
            lattice = step * sum(integrand(step * (j + mpf("0.3"))) for j in range(int(-70 / step), int(14 / step)))
            bound = min(2 / mp.cos(x) ** 2 / mp.expm1(2 * mp.pi * x / step) for x in (mpf(i) / 50 for i in range(1, 78)))
            gap = abs(lattice / mpf(row["error"]) - 1)
            check(f"outer-lattice, L = {L}, step {step}", gap <= bound, f"{mp.nstr(gap, 2)} <= {mp.nstr(bound, 2)}")


def gaussian_exact():
    """T3 for two tokens: the sum and the difference of the scores are independent."""
    rows = golden("participation")
    for s in ("0.3", "1", "3.5"):
        row = next(r for r in rows if r["s"] == s and r["L"] == 2)
        r2, r3, e22 = (mpf(row[k]) for k in ("r_2", "r_3", "E22"))
        s = mpf(s)
        shift = lambda x: (1 / (1 + mp.exp(-mp.sqrt(2) * s * x)) - mpf("0.5")) * mp.sqrt(2) * s * x
        first = normal(shift, s)
        second = s * s / 2 + normal(lambda x: shift(x) ** 2, s)
        close(f"T3 E M, s = {s}", first, s**2 * (1 - r2))
        close(f"T3 E M^2, s = {s}", second, s**2 * r2 + s**4 * (1 - r2 - 6 * r3 + 6 * e22))
    # The gradient formula for two tokens in two dimensions: Chat = p (1 - p) D D^T, D ~ N(0, 2 Gamma).
    root = mp.matrix([["1", "0"], ["0.5", "0.75"]])
    gamma, v, a = root * root.T, mp.matrix([["1", "0.5"], ["-0.25", "2"]]), mp.matrix(["0.7", "-1.1"])
    s2 = (a.T * gamma * a)[0]
    s = mp.sqrt(s2)
    nodes, weights = gauss_legendre.rule(20)
    axis = [(c + x / 2, w / 2 * mp.exp(-((c + x / 2) ** 2) / 2) / mp.sqrt(2 * mp.pi)) for c in (mpf(i) + mpf("0.5") for i in range(-9, 9)) for x, w in zip(nodes, weights)]
    direct = mpf(0)
    q = lambda d: 1 / ((1 + mp.exp(-d)) * (1 + mp.exp(d)))
    for x, wx in axis:
        for y, wy in axis:
            if x * x + y * y > 80:
                continue
            d0, d1 = (mp.sqrt(2) * (root[i, 0] * x + root[i, 1] * y) for i in range(2))
            k = q(a[0] * d0 + a[1] * d1)
            m = [[k * d0 * d0 - gamma[0, 0], k * d0 * d1 - gamma[0, 1]], [k * d0 * d1 - gamma[1, 0], k * d1 * d1 - gamma[1, 1]]]
            direct += wx * wy * sum((v[i, 0] * m[0][j] + v[i, 1] * m[1][j]) ** 2 for i in range(2) for j in range(2))
    expect = lambda f: normal(lambda x: f(q(mp.sqrt(2) * s * x), 2 * s2 * x * x), s)
    k2 = expect(lambda q, d: 2 * q * q * d)
    k4 = expect(lambda q, d: (q * d - s2) ** 2)
    kc = -expect(lambda q, d: (q * d - s2) * (1 - 2 * q))
    e22 = expect(lambda q, d: (1 - 2 * q) ** 2)
    ea = expect(lambda q, d: (1 - 2 * q) - 2 * (1 - 3 * q) + (1 - 2 * q) ** 2)
    u = gamma * a / s2
    g, w = gamma - s2 * u * u.T, v.T * v
    trace = lambda m: m[0, 0] + m[1, 1]
    form = lambda x, m, y: (x.T * m * y)[0]
    norm = (u.T * u)[0]
    formula = k4 * norm * form(u, w, u) + k2 * (form(u, w, u) * trace(g) + norm * trace(w * g) + 2 * form(u, w * g, u))
    formula += e22 * trace(v * g * g * v.T) + ea * (trace(v * g * g * v.T) + trace(v * g * v.T) * trace(g)) + 2 * kc * form(u, g * w, u)
    close("T3 gradient, two tokens in the plane", direct, formula, "1e-14")


def chernoff(a2, f0, rho, L, steps=400):
    """T4, the best of a grid of delta."""
    return min(a2 / ((1 - d) ** 2 * L) + L * f0 * mp.exp(-((d * L - 1) ** 2) / (2 * (L - 1) * rho)) for d in (mpf(1) / L + (1 - mpf(1) / L) * mpf(i) / steps for i in range(1, steps)))


def inverse_moment(k, n, rho, kap, steps=200):
    """T5, first form: I_k(n), the best of a grid of theta."""
    def value(th):
        return (n * (1 - th / 2)) ** (-k) + (kap / k) ** k * mp.exp(-(n - k) * th / rho * (1 - th / 2))
    return min(value((mpf(i) / steps) ** 2) for i in range(1, steps + 1))


def inverse_moment_split(k, n, rho, kap, steps=200):
    """T5, second form: split at theta / rho and at 1 / rho."""
    def value(th):
        x = n * th / rho / 2
        q = mp.exp(-x) * sum(x**j / math.factorial(j) for j in range(k))
        return (n * (1 - th / 2)) ** (-k) + (mpf(n) / 2) ** (-k) * q + (kap / k) ** k * mp.exp(-(n - k) / (2 * rho))
    return min(value((mpf(i) / steps) ** 2) for i in range(1, steps + 1))


def bounds():
    mp.dps = 20
    worst = {}
    for row in golden("rademacher"):
        c, a, L = mpf(row["c"]), mpf(row["a"]), row["L"]
        mass = mp.cosh(c * a)
        w = [mp.exp(c * a) / mass, mp.exp(-c * a) / mass]
        f = [c - c * mp.tanh(c * a), -c - c * mp.tanh(c * a)]
        rho, kap = (w[0] ** 2 + w[1] ** 2) / 2, (1 / w[0] + 1 / w[1]) / 2
        a2, f0 = (w[0] ** 2 * f[0] ** 2 + w[1] ** 2 * f[1] ** 2) / 2, (f[0] ** 2 + f[1] ** 2) / 2
        if not (abs(rho * mass**2 / mp.cosh(2 * c * a) - 1) < mpf("1e-17") and abs(kap / mass**2 - 1) < mpf("1e-17")):
            raise ArithmeticError("rho and kap as cumulants")
        error = mpf(row["error"])
        values = {"trivial": L * f0}
        if L >= 2:
            values["T4"] = chernoff(a2, f0, rho, L)
        if L >= 7:
            for name, moment in (("T5", inverse_moment), ("T5 split", inverse_moment_split)):
                values[name] = a2 * (L * moment(2, L - 1, rho, kap) + 6 * L * (L - 1) * rho * moment(4, L - 2, rho, kap))
                if not mpf(row["P_2"]) <= L * rho * moment(2, L - 1, rho, kap):
                    raise ArithmeticError(f"{name} participation fails at {row}")
        for name, x in values.items():
            if not error <= x * (1 + mpf("1e-15")):
                raise ArithmeticError(f"{name} fails at {row}")
            worst[name] = min(worst.get(name, mpf("inf")), x / error)
    print("ok   Rademacher, smallest ratio bound / error:", {k: mp.nstr(v, 5) for k, v in worst.items()})
    worst = {}
    for row in golden("participation"):
        s, L, r2 = mpf(row["s"]), row["L"], mpf(row["r_2"])
        rho = mp.exp(s * s)
        if not mpf(row["E22"]) <= mpf(row["r_3"]) * (1 + mpf("1e-18")):
            raise ArithmeticError("order")
        if not L * r2 <= 20 * (1 + s * s) * rho:
            raise ArithmeticError("participation-uniform")
        if L >= 4:
            for name, moment in (("T5", inverse_moment), ("T5 split", inverse_moment_split)):
                x = L * rho * moment(2, L - 1, rho, rho)
                if not r2 <= x:
                    raise ArithmeticError(f"{name} participation fails at {row}")
                worst[name] = min(worst.get(name, mpf("inf")), x / r2)
    print("ok   lognormal weights, smallest ratio T5 / r_2:", {k: mp.nstr(v, 8) for k, v in worst.items()})
    print("T5 times L / A2 at L = 1000 rho, lognormal weights (participation form; general form), first and second form:")
    for s in ("0.5", "1", "2", "3", "4", "6"):
        s = mpf(s)
        rho = mp.exp(s * s)
        L = mp.ceil(1000 * rho)
        line = []
        for moment in (inverse_moment, inverse_moment_split):
            p = L * moment(2, L - 1, rho, rho, 1000)
            line += [p * L, p * L + 6 * L * (L - 1) * rho * moment(4, L - 2, rho, rho, 1000) * L]
        print("     s =", s, [mp.nstr(x, 6) for x in line])
    mp.dps = 30


def concentration():
    """T6 for Rademacher tokens (sigma = 1) and a scalar V."""
    for a in (mpf("0.1"), mpf(1), mpf(4)):
        for v in (mpf("0.5"), mpf(2)):
            m = mp.tanh(a)
            if not abs(m) <= 2 * a:
                raise ArithmeticError("tilted-mean")
            c, rho = v * m, mp.cosh(2 * a) / mp.cosh(a) ** 2
            a2 = rho * v * v * (1 - mp.tanh(2 * a) ** 2 + (mp.tanh(2 * a) - m) ** 2)
            for i in range(1, 10):
                lam = mpf(i) / 10 / (2 * v * v)
                d = -mp.log(1 - 2 * lam * v * v) / 2 + lam * c * c / (1 - 2 * lam * v * v)
                left = mp.log((mp.exp(lam * (v - c) ** 2) + mp.exp(lam * (v + c) ** 2)) / 2)
                if not (left <= d and a2 <= mp.exp(2 * a * a) * (8 * a * a + d) / lam):
                    raise ArithmeticError("norm-mgf")
    print("ok   T6 tilted-mean, norm-mgf, A2 for Rademacher tokens")
    # norm-mgf is an equality for Gaussian X and scalar V.
    lam, v, c = mpf("0.1"), mpf("1.5"), mpf("0.7")
    close("T6 norm-mgf, Gaussian equality", mp.log(normal(lambda x: mp.exp(lam * (v * x - c) ** 2), 1, 25)), -mp.log(1 - 2 * lam * v * v) / 2 + lam * c * c / (1 - 2 * lam * v * v))


def limiting_constant():
    """T8, general form, against the quadratures of query_average.json, and L times the error at 1e12."""
    seen = set()
    for row in golden("query_average"):
        if row["limit"] is None:
            continue
        if row["name"] not in seen:
            seen.add(row["name"])
            matrix = lambda k: mp.matrix([[mpf(x) for x in r] for r in row[k]])
            column = lambda k: mp.matrix([mpf(x) for x in row[k]])
            gamma, sig, u, v = (matrix(k) for k in ("token_covariance", "query_covariance", "key_query", "value"))
            mean = u * column("query_mean") + column("tilt_bias")
            spread = u * sig * u.T
            n = gamma.rows
            # With S = S_a: det(I - 2 S Gamma)^{-1/2} e^{mu^T Gamma (I - 2 S Gamma)^{-1} mu}; the tilted law of a is
            # N((I - 2 S Gamma)^{-1} mu, (I - 2 S Gamma)^{-1} S).
            inverse = mp.inverse(mp.eye(n) - 2 * spread * gamma)
            mass = mp.exp((mean.T * gamma * inverse * mean)[0]) / mp.sqrt(mp.det(mp.eye(n) - 2 * spread * gamma))
            centre, cov = v * gamma * inverse * mean, v * gamma * inverse * spread * gamma * v.T
            tau = v * gamma * v.T
            value = mass * (sum(tau[i, i] + cov[i, i] + centre[i] ** 2 for i in range(v.rows)))
            close("T8 limiting constant, " + row["name"], value, mpf(row["limit"]))
        print("     L error / limit:", row["name"], row["L"], mp.nstr(row["L"] * mpf(row["error"]) / mpf(row["limit"]), 8))


def fixed_tokens():
    """T2.fixed by all prompts of three tokens from three points, and T4.fixed at some parameters."""
    points, chances, a = [mpf(-1), mpf("0.5"), mpf(2)], [mpf("0.5"), mpf("0.3"), mpf("0.2")], mpf("0.8")
    mass = sum(p * mp.exp(a * x) for p, x in zip(chances, points))
    weight = lambda x: mp.exp(a * x) / mass
    limit = sum(p * weight(x) * x for p, x in zip(chances, points))
    mean = lambda f: sum(p * f(weight(x), x - limit) for p, x in zip(chances, points))
    L = 3
    for fixed in ([mpf(3)], [mpf(-2), mpf("0.1")], [mpf(-8)]):
        total, pull = sum(weight(x) for x in fixed), sum(weight(x) * (x - limit) for x in fixed)
        error = bias = share = 0
        for i in range(27):
            places = [i % 3, i // 3 % 3, i // 9]
            chance = math.prod(chances[k] for k in places)
            w = sum(weight(points[k]) for k in places)
            gap = (pull + sum(weight(points[k]) * (points[k] - limit) for k in places)) / (total + w)
            error, bias, share = error + chance * gap**2, bias + chance * gap, share + chance * total / (total + w)
        phi = lambda t: mean(lambda w, f: mp.exp(-t * w))
        g = lambda t: mean(lambda w, f: w * f * mp.exp(-t * w))
        h = lambda t: mean(lambda w, f: w * w * f * f * mp.exp(-t * w))
        inner = lambda t: pull**2 * phi(t) ** L + 2 * L * pull * g(t) * phi(t) ** (L - 1) + L * h(t) * phi(t) ** (L - 1) + L * (L - 1) * g(t) ** 2 * phi(t) ** (L - 2)
        over = lambda f: mp.quad(lambda t: f(t) * mp.exp(-t * total), [0, mpf("0.1"), 1, 4, 16, 64, 256, 1024])
        name = f"T2.fixed, tokens at {', '.join(mp.nstr(x, 3) for x in fixed)}"
        close(name + ", error", over(lambda t: t * inner(t)), error, "1e-15")
        close(name + ", bias", over(lambda t: pull * phi(t) ** L + L * g(t) * phi(t) ** (L - 1)), bias, "1e-15")
        close(name + ", share", total * over(lambda t: phi(t) ** L), share, "1e-15")
        rho, a2, f0 = mean(lambda w, f: w * w), mean(lambda w, f: (w * f) ** 2), mean(lambda w, f: f * f)
        far = max(abs(x - limit) for x in fixed) ** 2
        for d in (mpf("0.4"), mpf("0.6"), mpf("0.8"), mpf("0.99")):
            tail = L * f0 * mp.exp(-((d * L - 1) ** 2) / (2 * (L - 1) * rho)) + far * mp.exp(-L * d * d / (2 * rho))
            check("T4.fixed", error <= (pull**2 + L * a2) / (total + (1 - d) * L) ** 2 + tail)


def exact_enclosure():
    """The figures of section 18: the lattice at h = 3/16 and c = 3/2, the ends, the window, and the sensitivity to s^2."""
    h = mpf(3) / 16
    for k, most in ((2, "6e-20"), (4, "1.2e-17")):
        value = 2 * mp.cos(mpf(3) / 2) ** -k / mp.expm1(3 * mp.pi / h)
        check(f"lattice of exact-enclosure, k = {k}", mpf(most) / 2 < value < mpf(most), mp.nstr(value, 3))
    # lattice-ends: the maximum of y^k e^{-y} beside the smaller incomplete gamma function there, and sums beside integrals.
    h = mpf("0.22")
    worst = max(h * mpf(k) ** k * mp.exp(-k) / min(mp.gammainc(k, 0, k), mp.gammainc(k, k)) for k in (1, 2, 3, 4))
    check("lattice-ends, the maximum", mpf("0.35") < worst < mpf("0.4"), mp.nstr(worst, 3))
    for k in (1, 2, 3, 4):
        f = lambda y: y**k * mp.exp(-y)
        for x in [mp.exp(mpf(i) / 4) for i in range(-16, 17)]:
            left = h * mp.nsum(lambda j: f(x * mp.exp(-j * h)), [1, mp.inf])
            right = h * mp.fsum(f(x * mp.exp(j * h)) for j in range(1, 120))
            ratio = max(left / mp.gammainc(k, 0, x), right / mp.gammainc(k, x))
            if not ratio <= mpf("1.5"):
                raise ArithmeticError(f"lattice-ends, k = {k}, x = {x}: {ratio}")
    print("ok   lattice-ends, 33 ends")
    worst = max(mp.exp(-x / 2) * sum(x**j / mp.factorial(j) for j in range(4)) for x in [mpf(i) / 100 for i in range(2000)])
    check("Q_4(x) e^{x/2}", mpf(3) < worst < mpf("3.3"), mp.nstr(worst, 4))
    mass = max(h * mp.fsum(mp.npdf(z) for z in mp.arange(mpf("8.6"), 20, h)) for h in (mpf("0.05"), mpf("0.2"), mpf("0.4")))
    check("mass beyond the window", mass < mpf("2e-17"), mp.nstr(mass, 3))

    # variance-sensitivity, two tokens: p is the logistic function of s sqrt(2) Z.
    def ratios(v):
        p = lambda z: 1 / (1 + mp.exp(-mp.sqrt(2 * v) * z))
        mean = lambda f: mp.quad(lambda z: f(p(z)) * mp.npdf(z), [-12, -6, -2, 0, 2, 6, 12])
        power = lambda k: mean(lambda q: q**k + (1 - q) ** k)
        return [power(2), power(3), power(4), mean(lambda q: (q**2 + (1 - q) ** 2) ** 2)]

    for v in (mpf("0.01"), mpf(1), mpf(9)):
        slopes = [abs(a - b) / mpf("2e-4") for a, b in zip(ratios(v + mpf("1e-4")), ratios(v - mpf("1e-4")))]
        limits = [k * r for k, r in zip((4, 9, 16, 16), ratios(v))]
        check(f"variance-sensitivity, s^2 = {mp.nstr(v, 3)}", all(x <= y for x, y in zip(slopes, limits)))


def expected_entropy():
    """T18 by all prompts of three tokens from three points, and T19 beside T2."""
    points, chances, a, L = [mpf(-1), mpf("0.5"), mpf(2)], [mpf("0.5"), mpf("0.3"), mpf("0.2")], mpf("0.8"), 3
    mass = sum(p * mp.exp(a * x) for p, x in zip(chances, points))
    weight = lambda x: mp.exp(a * x) / mass
    limit = sum(p * weight(x) * x for p, x in zip(chances, points))
    mean = lambda f: sum(p * f(weight(x), x - limit) for p, x in zip(chances, points))
    entropy = error = 0
    for i in range(27):
        places = [i % 3, i // 3 % 3, i // 9]
        chance = math.prod(chances[k] for k in places)
        w = [weight(points[k]) for k in places]
        entropy -= chance * sum(x / sum(w) * mp.log(x / sum(w)) for x in w)
        error += chance * (sum(x * (points[k] - limit) for x, k in zip(w, places)) / sum(w)) ** 2
    term = lambda t: mean(lambda w, f: w * (mp.log(w * t) + mp.euler) * mp.exp(-t * w)) * mean(lambda w, f: mp.exp(-t * w)) ** (L - 1)
    cuts = [0] + [mpf(10) ** k for k in range(-24, 0)] + [mpf(x) for x in ("0.3", "1", "3", "9", "27", "81", "243", "729")]
    close("T18 expected-entropy", -L * mp.quad(term, cuts), entropy, "1e-15")
    lower = L * mean(lambda w, f: (w * f / (w + L - 1)) ** 2)
    check("T19 lower-bound", 0 < lower <= error, f"{mp.nstr(lower, 6)} <= {mp.nstr(error, 6)}")


if __name__ == "__main__":
    laplace_identity()
    exact_enclosure()
    expected_entropy()
    fixed_tokens()
    gaussian_lattice()
    gaussian_exact()
    bounds()
    concentration()
    if os.path.exists(os.path.join(DATA, "query_average.json")):
        limiting_constant()
