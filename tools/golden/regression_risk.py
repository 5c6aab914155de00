"""Reference values of the finite-prompt risk of in-context regression (theory T11), for heads that commute with the covariance.

Independent of the program: the law of s^2 = sum l_j g_j^2 is Ruben's mixture of chi-square laws with scale min l (a series of
densities, no Laplace inversion and no contour), participation ratios come from a double trapezoidal sum in (ln t, score), and the
query is integrated by Gauss-Legendre panels in s. Double precision; every number is computed at two resolutions and the disagreement
printed (largest: 1e-14 relative).

    python3 tools/golden/regression_risk.py > tests/data/regression_risk.json          (about 8 minutes)
"""

import functools
import json
import math
import sys

import numpy as np
from scipy.special import gammaln

# Beyond this s the query has a probability below e^{-35}: every scale is at most 0.8.
LARGEST = 7.5


def ratios(s, length, step):
    """P = r_2 and Q = r_2 + 6 r_3 - 6 E P_2^2 of `length` scores of deviation s."""
    if length == 1:
        return 1.0, 1.0
    # Under the law of the tokens themselves x^k e^{-x} is bounded: scores beyond 11 deviations do not count.
    z_step = min(step, step / max(s, 1.0))
    z = np.arange(-11.0, 11.0, z_step)
    density = z_step * np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    ln_w = s * z - 0.5 * s * s
    tau = np.arange(min(0.5 * s * s - 11 * s, -math.log(length)) - 19.0, 0.5 * s * s + 11 * s + 5.0, step)
    # e^{-x} is zero long before the cut.
    x = np.exp(np.minimum(tau[:, None] + ln_w[None, :], 7.0))
    decay = np.exp(-x)
    rise = (-np.expm1(-x)) @ density
    ln_phi = np.log1p(-np.minimum(rise, 1 - 2.0**-53))
    m2 = (x * x * decay) @ density
    m3 = (x**3 * decay) @ density
    m4 = (x**4 * decay) @ density
    one = np.exp((length - 1) * ln_phi)
    two = np.exp((length - 2) * ln_phi)
    r2 = step * length * np.sum(m2 * one)
    r3 = step * length * np.sum(m3 * one) / 2
    e22 = step * length * (np.sum(m4 * one) + (length - 1) * np.sum(m2 * m2 * two)) / 6
    return r2, r2 + 6 * r3 - 6 * e22


def ruben(scales, degrees, q):
    """Density at q of sum scales_j chi2(degrees_j): sum_k c_k chi2-density of total + 2k degrees, scaled by min."""
    beta = min(scales)
    total = sum(degrees)
    gamma = [1 - beta / l for l in scales]
    c = [math.exp(0.5 * sum(n * math.log(beta / l) for n, l in zip(degrees, scales)))]
    g = []
    mass = c[0]
    result = np.zeros_like(q)
    y = q / beta
    for k in range(6000):
        half = 0.5 * total + k
        result += c[k] * np.exp((half - 1) * np.log(y) - 0.5 * y - half * math.log(2) - gammaln(half)) / beta
        if mass > 1 - 1e-14:
            return result
        g.append(sum(n * t ** (k + 1) for n, t in zip(degrees, gamma)))
        c.append(sum(g[k - i] * c[i] for i in range(k + 1)) / (2 * (k + 1)))
        mass += c[-1]
    raise ValueError(f"the series has not converged: {mass}")


@functools.cache
def query_rule(length, step, panels):
    """Nodes s in (0, LARGEST), weights of ds, and P, Q there."""
    nodes, weights = np.polynomial.legendre.leggauss(20)
    edges = np.linspace(0.0, LARGEST, panels + 1)
    s = np.concatenate([0.5 * (a + b) + 0.5 * (b - a) * nodes for a, b in zip(edges, edges[1:])])
    w = np.concatenate([0.5 * (b - a) * weights for a, b in zip(edges, edges[1:])])
    return s, w, np.array([ratios(u, length, step) for u in s])


def expectations(scales, length, step, panels):
    """E P, and E[P g_j^2], E[Q g_j^2] for every j."""
    s, w, values = query_rule(length, step, panels)
    q = s * s
    jacobian = 2 * s * w
    ones = [1] * len(scales)
    base = ruben(scales, ones, q) * jacobian
    second = float(base @ values[:, 0])
    squares = []
    for j in range(len(scales)):
        degrees = list(ones)
        degrees[j] = 3
        law = ruben(scales, degrees, q) * jacobian
        squares.append((float(law @ values[:, 0]), float(law @ values[:, 1])))
    return second, squares


def risk(task, length, step, panels):
    lam, a, b, noise, weight = (task[k] for k in ("eigenvalues", "key_query", "value", "noise", "weight"))
    # x_j = sqrt(lam_j) g_j; s^2 = sum a_j^2 lam_j^2 g_j^2, eta = sum lam_j^3 a_j^2 g_j^2, zeta = sum lam_j^2 a_j g_j^2.
    scales = [x * x * l * l for x, l in zip(a, lam)]
    second, squares = expectations(scales, length, step, panels)
    label = weight * sum(lam) + noise
    total = b * b * label * second + weight * sum(lam) + noise
    for l, x, (p, q) in zip(lam, a, squares):
        total += b * b * weight * l**3 * x * x * (1 - q) - 2 * b * weight * l * l * x * (1 - p)
    return 0.5 * total


def main():
    random = np.random.default_rng(20261125)
    rows = []
    worst = 0.0
    for case in range(100):
        d = 1 + case % 5
        lam = np.sort(random.uniform(0.3, 2.0, d))
        a = random.uniform(0.15, 0.9, d) * random.choice([-1, 1, 1], d)
        # Ruben's series converges like (1 - min/max)^k.
        a = np.where(np.abs(a) * lam < 0.2 * np.max(np.abs(a) * lam), np.sign(a) * 0.3 * np.max(np.abs(a) * lam) / lam, a)
        a *= min(1.0, math.sqrt(0.8) / np.max(np.abs(a) * lam))
        task = {
            "eigenvalues": [float(x) for x in lam],
            "key_query": [float(x) for x in a],
            "value": float(random.uniform(-1, 2)),
            "noise": float(random.uniform(0, 1)),
            "weight": float(random.uniform(0.2, 1.5)),
        }
        length = int(random.choice([1, 2, 3, 8, 40, 200, 1000, 10**5, 10**7]))
        coarse = risk(task, length, 0.16, 11)
        fine = risk(task, length, 0.12, 15)
        worst = max(worst, abs(fine / coarse - 1))
        rows.append({**task, "length": length, "risk": fine})
        print(case, length, fine, abs(fine / coarse - 1), file=sys.stderr)
    print("worst disagreement", worst, file=sys.stderr)
    json.dump({"rows": rows}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
