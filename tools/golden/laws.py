"""Token laws at extreme parameters: variance proxies, and cumulant, tilted mean and variance in one direction.

Closed forms in 60-digit arithmetic, at the floats that the rows hold (printed so that they read back as themselves):
    rademacher  ln cosh x, c tanh x, c^2 / cosh^2 x,                      x = c a
    cube        ln(sinh x / x), h (coth x - 1/x), h^2 (1/x^2 - 1/sinh^2 x),    x = h a
    sphere      ln 0F1(; d/2; k^2/4), r A, r^2 (1 - A^2 - (d-1) A/k), across r^2 A/k;  A = (k/d) 0F1(d/2+1) / 0F1(d/2),  k = r a
    mixture     sum_k p_k e^{a m_k + a^2 v_k / 2} and its two derivatives, weights divided by their exact sum
    empirical   the same with v_k = 0
Where 1/sinh^2 and the like cancel, the digits are raised with the exponent of x. Proxies: of two points at distance D with
probabilities p, 1-p, D^2 (1-2p) / (2 ln((1-p)/p)), plus the common variance of the components (the optimum); of rare atoms the
supremum of 2 ln(1 + eps (cosh t - 1)) / t^2, from eps = 1/3 on the variance. Results are rounded to 25 digits; 60 and 90 digits must agree in them.

Usage: python3 laws.py ../../tests/data/laws.json   (seconds)
"""

import sys

import mpmath
from mpmath import mp, mpf

import golden_file

DIGITS = 25
ARGUMENTS = (1e-200, 1e-8, 1e-3, 0.5, 0.99, 1.01, 3.0, 30.0, 255.0, 300.0, 365.0, 700.0, 1e5, 1e12)
SIZES = (1e-75, 1e-10, 1.0, 3.0, 1e10, 1e75)
SPHERES = (2, 3, 5, 33, 34, 384, 4096, 65536)
KAPPAS = (1e-12, 1e-3, 0.5, 3.0, 50.0, 500.0, 9999.0, 10001.0, 30000.0, 1e7, 1e12, 1e150)
SMALL = (1e-300, 1e-100, 1e-17, 1e-10, 1e-6, 1e-3, 0.3, 0.4999, 0.5)


def digits_for(x):
    return 60 + 3 * max(0, int(abs(mp.log10(abs(x))))) if x else 60


def rademacher(c, a):
    x = c * a
    return {"cumulant": mp.log(mp.cosh(x)), "mean": c * mp.tanh(x), "variance": c * c / mp.cosh(x) ** 2}


def cube(h, a):
    x = h * a
    return {
        "cumulant": mp.log(mp.sinh(x) / x),
        "mean": h * (mp.coth(x) - 1 / x),
        "variance": h * h * (1 / x**2 - 1 / mp.sinh(x) ** 2),
    }


def sphere(d, r, a):
    k = r * a
    if k > 1e6:
        # Hankel's expansion of I_nu, whose terms fall from the first on; 0F1 = Gamma(d/2) (k/2)^-nu I_nu.
        def series(nu):
            total, term, j = mpf(1), mpf(1), 1
            while abs(term) > mpf(10) ** (-mp.dps):
                term *= -(4 * nu**2 - (2 * j - 1) ** 2) / (8 * k * j)
                total += term
                j += 1
            return total

        nu = mpf(d) / 2 - 1
        ln_bessel = k - mp.log(2 * mp.pi * k) / 2 + mp.log(series(nu))
        cumulant = mp.loggamma(mpf(d) / 2) - nu * mp.log(k / 2) + ln_bessel
        ratio = series(nu + 1) / series(nu)
    else:
        base = mp.hyp0f1(mpf(d) / 2, k * k / 4)
        cumulant, ratio = mp.log(base), k / d * mp.hyp0f1(mpf(d) / 2 + 1, k * k / 4) / base
    return {
        "cumulant": cumulant,
        "mean": r * ratio,
        "variance": r * r * (1 - ratio**2 - (d - 1) * ratio / k),
        "across": r * r * ratio / k,
    }


def mixture(parts, a):
    """Parts are (weight, mean, variance)."""
    terms = [(w * mp.exp(a * m + a * a * v / 2), m + a * v, v) for w, m, v in parts]
    total, weights = mp.fsum(t[0] for t in terms), mp.fsum(p[0] for p in parts)
    mean = mp.fsum(t * m for t, m, _ in terms) / total
    variance = mp.fsum(t * (v + (m - mean) ** 2) for t, m, v in terms) / total
    return {"cumulant": mp.log(total / weights), "mean": mean, "variance": variance}


def show(x):
    return mpmath.nstr(x, DIGITS)


def evaluate(function, *arguments, extra=0):
    results = []
    for more in (0, 30):
        mp.dps = 60 + extra + more
        results.append({key: show(value) for key, value in function(*arguments).items()})
    if results[0] != results[1]:
        raise ArithmeticError(f"{function.__name__} {arguments}: {results}")
    return results[0]


def exact(number):
    return mpf(number)


def moments():
    for name, function in (("rademacher", rademacher), ("cube", cube)):
        for size in SIZES:
            for x in ARGUMENTS:
                tilt = x / size
                if not 0 < tilt < 1e300:
                    continue
                found = evaluate(function, exact(size), exact(tilt), extra=2 * digits_for(x) + (int(x) if x < 1e4 else 0))
                yield {"law": name, "size": repr(size), "tilt": repr(tilt), **found}
    for d in SPHERES:
        for kappa in KAPPAS:
            # Series up to 3e4, and the expansion where its terms fall.
            if kappa > 1e6 and kappa < 100 * d**2:
                continue
            size = 1.0 if d != 5 else 1e-70
            tilt = kappa / size
            found = evaluate(sphere, d, exact(size), exact(tilt), extra=3 * digits_for(kappa))
            yield {"law": "sphere", "dimension": d, "size": repr(size), "tilt": repr(tilt), **found}
    for weight in SMALL:
        for mean in (1e-5, 1.0, 100.0):
            for variances in ((1.0, 1.0), (1.0, 4.0), (0.0, 0.0)):
                for tilt in (0.0, 0.5, -3.0, 7.3, 30.0):
                    parts = [(1.0 - weight, 0.0, variances[0]), (weight, mean, variances[1])]
                    yield row("mixture", parts, tilt)
    # The parts of a cumulant cancel: a m + a^2 v / 2 = 0, and m + a v = 0.
    for tilt in (-2e5, -1e5, -3.0):
        yield row("mixture", [(0.5, 1e5, 1.0), (0.5, 1e5 + 1, 1.0)], tilt)
        yield row("mixture", [(1.0, 1e5, 1.0)], tilt)
    yield row("mixture", [(1.0, 0.0, 1.0), (1e-300, 1e10, 1.0)], 0.1)
    for weight in SMALL:
        for tilt in (0.0, 1.0, -700.0, 350.0, 745.0, 1e3, 1e5):
            parts = [(1.0 - weight, 0.0, 0.0), (weight / 2, 1.0, 0.0), (weight / 2, -2.0, 0.0)]
            yield row("empirical", parts, tilt)


def row(law, parts, tilt):
    found = evaluate(mixture, [tuple(map(exact, part)) for part in parts], exact(tilt), extra=3000)
    return {"law": law, "parts": [[repr(x) for x in part] for part in parts], "tilt": repr(tilt), **found}


def two_points(first, second, distance, variance):
    p = min(first, second) / (first + second)
    if p == mpf(1) / 2:
        return {"proxy": variance + distance**2 / 4}
    return {"proxy": variance + distance**2 * (1 - 2 * p) / (2 * mp.log((1 - p) / p))}


def rare_atoms(h, eps):
    # From 1/3 on the supremum is the limit at 0; below, at the zero of t N' - 2 N between that of its slope and 4 ln(2/eps).
    if 3 * eps >= 1:
        return {"proxy": h * h * eps}
    value = lambda t: mp.log1p(eps * (mp.cosh(t) - 1))
    slope = lambda t: eps * mp.sinh(t) / (1 + eps * (mp.cosh(t) - 1))
    low, high = mp.acosh(((1 - eps) ** 2 - 2 * eps**2) / (eps * (1 - eps))), 4 * mp.log(2 / eps)
    for _ in range(200):
        t = (low + high) / 2
        low, high = (t, high) if t * slope(t) > 2 * value(t) else (low, t)
    return {"proxy": h * h * 2 * value(low) / low**2}


def proxies():
    for weight in SMALL + (0.49999, 0.4999999, 0.7, 1.0):
        for distance, variance in ((1.0, 0.0), (100.0, 1.0), (1e-160, 0.0), (1e75, 1e-300), (3.0, 1e10)):
            first = 1.0 - weight if weight < 0.9 else 1e-17
            found = evaluate(two_points, *map(exact, (first, weight, distance, variance)), extra=400)
            yield {"law": "two-points", "arguments": [repr(x) for x in (first, weight, distance, variance)], **found}
    for eps in (1e-100, 1e-50, 1e-17, 1e-10, 1e-6, 1e-3, 0.1, 0.3, 0.33, 1 / 3, 0.5, 0.999999, 1.0 - 2.0**-53):
        for h in (1e-75, 1.0, 3.0, 1e75):
            found = evaluate(rare_atoms, exact(h), exact(eps), extra=60)
            yield {"law": "rare-atom", "arguments": [repr(h), repr(eps)], **found}


def main(path):
    document = {
        "what": "variance proxies, and cumulant, tilted mean and variance along the tilt, of token laws at extreme parameters",
        "method": "closed forms at the floats given, 60 digits and more; 30 digits more agree in the 25 printed",
    }
    golden_file.write(path, document, list(proxies()) + list(moments()))


if __name__ == "__main__":
    main(sys.argv[1])
