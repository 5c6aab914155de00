"""Logarithms of the tails of Student's and the binomial law, and their inverses, at the ends of their range.

Student's tail is integrated from its density in the logarithm of the argument, and compared with the closed forms for 1, 2
and 3 degrees of freedom. Binomial tails are sums of terms, each from the one before. Inverses are found by bisection on
these. No incomplete beta function anywhere. All in 30-digit arithmetic.

Usage: python3 tails.py ../../tests/data/tails.json   (some minutes)
"""

import sys

import mpmath
from mpmath import mp, mpf

import golden_file

mp.dps = 30

DEGREES = [1, 2, 3, 9, 99, 9999, 10**6, 10**9]
PROBABILITIES = ["0.25", "1e-3", "1e-8", "1e-17", "1e-100", "1e-300", "4.940656458412465441765688e-324"]
TAILS = ["1e-10", "0.3", "1.5", "4", "38", "1e5", "1e200"]
BINOMIALS = [(5, 1), (5, 3), (5, 5), (100, 1), (100, 50), (100, 100), (20000, 17), (20000, 19990), (20000, 10000), (10**6, 3)]
CHANCES = ["1e-300", "1e-5", "0.3", "0.5", "0.97"]


def ln_student_upper(t, nu):
    """ln P(T >= t), t > 0."""
    t, nu = mpf(t), mpf(nu)
    ln_c = mp.loggamma((nu + 1) / 2) - mp.loggamma(nu / 2) - mp.log(nu * mp.pi) / 2
    ln_f = lambda x: ln_c - (nu + 1) / 2 * mp.log1p(x * x / nu)
    # The middle is subtracted from one half where the tail is not small.
    if t < 1:
        return mp.log(mpf(1) / 2 - mp.quad(lambda x: mp.exp(ln_f(x)), [0, t]))
    # x = t e^v: the integrand over v is f(x) x; it falls by a factor e over about `scale`.
    top = ln_f(t) + mp.log(t)
    slope = (nu + 1) * t * t / (nu + t * t) - 1
    scale = 1 / max(slope, mpf(1) / 2)
    g = lambda v: mp.exp(ln_f(t * mp.exp(v)) + mp.log(t) + v - top)
    cuts = [0] + [scale * k for k in (2, 8, 25, 80)]
    return top + mp.log(mp.quad(g, cuts))


def check_student():
    for t in map(mpf, ("0.3", "4", "1e5")):
        closed = {
            1: mp.atan(1 / t) / mp.pi,
            2: 1 / (mp.sqrt(2 + t * t) * (mp.sqrt(2 + t * t) + t)),
            3: (mp.atan(mp.sqrt(3) / t) - t / mp.sqrt(3) / (1 + t * t / 3)) / mp.pi,
        }
        for nu, value in closed.items():
            if abs(ln_student_upper(t, nu) - mp.log(value)) > mpf("1e-20"):
                raise ArithmeticError(f"Student's tails differ at {t}, {nu}")


def ln_terms(n, p, k, step):
    """ln of the sum of the terms of Bin(n, p) from k on, upwards or downwards."""
    q = 1 - p
    ln = mp.loggamma(n + 1) - mp.loggamma(k + 1) - mp.loggamma(n - k + 1) + k * mp.log(p) + (n - k) * mp.log1p(-p)
    total = term = mpf(1)
    while (k < n) if step > 0 else (k > 0):
        term *= mpf(n - k) / (k + 1) * p / q if step > 0 else mpf(k) / (n - k + 1) * q / p
        total += term
        k += step
        if term < total * mpf("1e-28"):
            break
    return ln + mp.log(total)


def ln_binomial_upper(n, p, k):
    if k > n * p:
        return ln_terms(n, p, k, 1)
    return mp.log1p(-mp.exp(ln_terms(n, p, k - 1, -1))) if k > 0 else mpf(0)


def ln_binomial_lower(n, p, k):
    if k < n * p:
        return ln_terms(n, p, k, -1)
    return mp.log1p(-mp.exp(ln_terms(n, p, k + 1, 1))) if k < n else mpf(0)


def root(falling, low, high):
    """Where a falling function vanishes: bisection, then the secant rule."""
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (middle, high) if falling(middle) > 0 else (low, middle)
    return mp.findroot(falling, (low, high), solver="anderson", tol=mpf("1e-40"), verify=False)


def bisect(falls, low, high, steps):
    for _ in range(steps):
        middle = (low + high) / 2
        low, high = (middle, high) if falls(middle) else (low, middle)
    return (low + high) / 2


def main(path):
    check_student()
    rows = []
    for nu in DEGREES:
        for t in TAILS:
            rows.append({"kind": "student", "degrees": nu, "t": t, "ln_upper": ln_student_upper(t, nu)})
        for p in PROBABILITIES:
            wanted = mp.log(mpf(p))
            # Tails fall with t; the bracket is in ln t.
            ln_t = root(lambda u: ln_student_upper(mp.exp(u), nu) - wanted, mpf(-3), mpf(760))
            if abs(ln_student_upper(mp.exp(ln_t), nu) - wanted) > mpf("1e-18") * abs(wanted):
                raise ArithmeticError(f"no quantile for {nu}, {p}")
            rows.append({"kind": "student-quantile", "degrees": nu, "probability": p, "ln_t": ln_t})
    for n, k in BINOMIALS:
        for p in CHANCES:
            v = mpf(p)
            if n > 20000 and p in ("0.3", "0.97"):
                continue
            rows.append({"kind": "binomial", "n": n, "count": k, "p": p, "ln_upper": ln_binomial_upper(n, v, k), "ln_lower": ln_binomial_lower(n, v, k)})
        for level in ("0.25", "1e-8", "1e-300", "4.940656458412465441765688e-324"):
            wanted = mp.log(mpf(level))
            chance = lambda u: 1 / (1 + mp.exp(-u))
            up = bisect(lambda u: ln_binomial_upper(n, chance(u), k) < wanted, mpf(-770), mpf(770), 90)
            row = {"kind": "binomial-quantile", "n": n, "count": k, "level": level, "ln_p_upper": mp.log(chance(up))}
            if k < n:
                # P(Bin(n, p) <= k) = P(Bin(n, q) >= n - k), in q, which may be far below one unit in the last place of p.
                q = bisect(lambda u: ln_binomial_upper(n, chance(u), n - k) < wanted, mpf(-770), mpf(770), 90)
                row["ln_q_lower"] = mp.log(chance(q))
            rows.append(row)
    show = lambda x: mpmath.nstr(x, 25, strip_zeros=False) if isinstance(x, mpf) else x
    rows = [{key: show(x) for key, x in row.items()} for row in rows]
    document = {
        "what": "logarithms of Student's and binomial tails, and their inverses",
        "method": "numerical integration, sums of terms and bisection, 30-digit mpmath",
        "generator": "tools/golden/tails.py",
        "mpmath": mpmath.__version__,
        "digits_printed": 25,
    }
    golden_file.write(path, document, rows)


if __name__ == "__main__":
    main(sys.argv[1])
