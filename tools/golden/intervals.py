"""Confidence limits and p-values: means (Student with Hall's correction), proportions, quantile ranks.

Student's distribution function is integrated numerically from its density and inverted by a root finder;
Hall's g(t) = t + b t^2 + b^2 t^3 / 3 + b / 2, b = skewness / (3 sqrt n), is inverted by a root finder on the
polynomial. Binomial tails are sums of terms, never an incomplete beta function; two ways of summing (exact integer
coefficients, and a recursion from the term at the count) must agree. All in 40-digit arithmetic.

Usage: python3 intervals.py ../../tests/data/intervals.json   (a minute)
"""

import sys
from fractions import Fraction
from functools import lru_cache

import mpmath
from mpmath import mp, mpf

import golden_file

mp.dps = 40

MEANS = [  # mean, standard error, prompts, skewness, alpha, value
    ("1", "0.01", 10000, "0", "0.05", "1.02"),
    ("1", "0.01", 10000, "2.5", "0.05", "0.97"),
    ("0.37", "0.002", 400, "6", "0.001", "0.36"),
    ("2.5", "0.1", 20000, "10", "1e-8", "2.1"),
    ("2.5", "0.1", 20000, "10", "1e-8", "3.1"),
    ("-0.2", "0.05", 50, "-1.5", "0.01", "-0.1"),
    ("5", "1", 5, "0.5", "0.1", "9"),
    ("1", "0.001", 100000, "1e-7", "1e-6", "1.005"),
]
PROPORTIONS = [  # count, prompts, alpha, value
    (0, 100, "0.05", "0.01"),
    (100, 100, "0.05", "0.99"),
    (3, 100, "0.05", "0.01"),
    (57, 1000, "0.001", "0.03"),
    (300, 20000, "1e-9", "0.0185"),
    (1, 20000, "0.05", "1e-5"),
    (12000, 20000, "1e-6", "0.58"),
]
LARGE = [(300000, 1000000, "1e-6", "0.2985"), (12, 100000000, "0.05", "1e-8"), (300010000, 1000000000, "1e-6", "0.3")]
RANKS = [(100, "0.5", "0.05"), (100, "0.99", "0.05"), (1000, "0.9", "0.001"), (20000, "0.5", "1e-6"), (20000, "0.999", "0.05"), (10, "0.5", "0.001")]


def density(nu):
    c = mp.gamma((nu + 1) / mpf(2)) / (mp.sqrt(nu * mp.pi) * mp.gamma(nu / mpf(2)))
    return lambda x: c * (1 + x * x / nu) ** (-(nu + 1) / mpf(2))


def student_upper(t, n):
    """P(T >= t), from the density."""
    f = density(n - 1)
    if t < 0:
        return 1 - student_upper(-t, n)
    return mp.quad(f, [t, t + 1, t + 3, t + 10, t + 100, mp.inf])


def student_quantile(p, n):
    """t with P(T >= t) = p."""
    guess = -mp.sqrt(2) * mp.erfinv(2 * p - 1)
    return mp.findroot(lambda t: mp.log(student_upper(t, n)) - mp.log(p), guess * (1 + 2 / mpf(n)))


def hall(t, n, skew):
    b = skew / (3 * mp.sqrt(n))
    return t + b * t**2 + b**2 * t**3 / 3 + b / 2


def hall_inverse(u, n, skew):
    return mp.findroot(lambda t: hall(t, n, skew) - u, u)


def mean_row(mean, se, n, skew, alpha, value):
    m, s, g, a, v = map(mpf, (mean, se, skew, alpha, value))
    q = student_quantile(a / 2, n)
    t = hall((m - v) / s, n, g)
    return {
        "kind": "mean", "mean": mean, "standard_error": se, "prompts": n, "skewness": skew, "alpha": alpha, "value": value,
        "lower": m - s * hall_inverse(q, n, g), "upper": m - s * hall_inverse(-q, n, g),
        "p_above": student_upper(t, n), "p_below": student_upper(-t, n),
    }


@lru_cache(maxsize=None)
def pascal(n):
    """All binomial coefficients of n as integers."""
    row = [1]
    for k in range(n):
        row.append(row[-1] * (n - k) // (k + 1))
    return row


def upper_sum(n, p, k):
    """P(Bin(n, p) >= k) by its terms, the smaller side summed."""
    p = mpf(p.numerator) / p.denominator if isinstance(p, Fraction) else p
    term = lambda j: pascal(n)[j] * p**j * (1 - p) ** (n - j)
    if k > n * p:
        return mp.fsum(term(j) for j in range(k, n + 1))
    return 1 - mp.fsum(term(j) for j in range(0, k))


def upper_terms(n, p, k):
    """P(Bin(n, p) >= k) by its terms, each from the one before, away from the mean until they vanish."""
    if k == 0 or p == 1:
        return mpf(1)
    if p == 0:
        return mpf(0)
    ln = mp.loggamma(n + 1) - mp.loggamma(k + 1) - mp.loggamma(n - k + 1) + k * mp.log(p) + (n - k) * mp.log(1 - p)
    total = term = mp.exp(ln)
    if k > n * p:
        while k < n and term > total * mpf("1e-30"):
            term *= mpf(n - k) / (k + 1) * p / (1 - p)
            total += term
            k += 1
        return total
    lower = mpf(0)
    while k > 0 and (lower == 0 or term > mpf("1e-30")):
        term *= mpf(k) / (n - k + 1) * (1 - p) / p
        lower += term
        k -= 1
    return 1 - lower


def proportion_row(count, n, alpha, value, upper):
    a, v = mpf(alpha), mpf(value)
    # Bisection on the tail itself, in the logarithm of the distance from the nearer end.
    def solve(k, level):
        low, high = mpf(0), mpf(1)
        for _ in range(130 if n <= 20000 else 90):
            middle = (low + high) / 2
            if upper(n, middle, k) < level:
                low = middle
            else:
                high = middle
        return (low + high) / 2
    return {
        "kind": "proportion", "count": count, "prompts": n, "alpha": alpha, "value": value,
        "lower": mpf(0) if count == 0 else solve(count, a / 2),
        "upper": mpf(1) if count == n else solve(count + 1, 1 - a / 2),
        "p_above": upper(n, v, count), "p_below": 1 - upper(n, v, count + 1) if count < n else mpf(1),
    }


def rank_row(n, q, alpha):
    p, half = Fraction(q), Fraction(alpha) / 2
    below, total = [], mpf(0)
    pm = mpf(p.numerator) / p.denominator
    for k in range(n + 1):
        total += pascal(n)[k] * pm**k * (1 - pm) ** (n - k)
        below.append(total)  # P(Bin <= k)
    h = mpf(half.numerator) / half.denominator
    lower = max([r for r in range(1, n + 1) if below[r - 1] <= h], default=0)
    upper = min([r for r in range(1, n + 1) if 1 - below[r - 1] <= h], default=n + 1)
    return {"kind": "rank", "prompts": n, "probability": q, "alpha": alpha, "lower": lower, "upper": upper}


def main(path):
    rows = [mean_row(*case) for case in MEANS]
    rows += [proportion_row(*case, upper_terms) for case in PROPORTIONS]
    # The two routes to a binomial tail agree where both are affordable.
    for count, n, _, value in PROPORTIONS:
        one, two = upper_sum(n, Fraction(value), count), upper_terms(n, mpf(value), count)
        if abs(one - two) > mpf("1e-25") * abs(one):
            raise ArithmeticError(f"binomial tails differ at {count}, {n}: {one} {two}")
    for count, n, alpha, value in LARGE:
        rows.append({"kind": "tail", "count": count, "prompts": n, "value": value, "p_above": upper_terms(n, mpf(value), count)})
    rows += [rank_row(*case) for case in RANKS]
    show = lambda x: mpmath.nstr(x, 25, strip_zeros=False) if isinstance(x, mpf) else x
    rows = [{key: show(x) for key, x in row.items()} for row in rows]
    document = {
        "what": "confidence limits and p-values of means, proportions and quantiles",
        "method": "numerical integration and root finding, binomial sums, 40-digit mpmath",
        "generator": "tools/golden/intervals.py",
        "mpmath": mpmath.__version__,
        "digits_printed": 25,
    }
    golden_file.write(path, document, rows)


if __name__ == "__main__":
    main(sys.argv[1])
