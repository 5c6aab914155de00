"""Gauss-Legendre nodes and weights on [-1, 1] to the working precision of mpmath."""

from mpmath import mp, mpf


def rule(n):
    """Nodes (increasing) and weights of the n-point Gauss-Legendre rule, by Newton's method."""
    nodes, weights = [], []
    for i in range(n):
        x = mp.cos(mp.pi * (mpf(i) + mpf(3) / 4) / (n + mpf(1) / 2))
        for _ in range(100):
            p0, p1 = mpf(1), x
            for k in range(2, n + 1):
                p0, p1 = p1, ((2 * k - 1) * x * p1 - (k - 1) * p0) / k
            derivative = n * (x * p1 - p0) / (x * x - 1)
            step = p1 / derivative
            x -= step
            if abs(step) < mpf(10) ** (-(mp.dps * 2) // 3):
                # Newton doubles the digits: the step just taken was the last one needed.
                break
        p0, p1 = mpf(1), x
        for k in range(2, n + 1):
            p0, p1 = p1, ((2 * k - 1) * x * p1 - (k - 1) * p0) / k
        derivative = n * (x * p1 - p0) / (x * x - 1)
        nodes.append(x)
        weights.append(2 / ((1 - x * x) * derivative**2))
    order = sorted(range(n), key=lambda i: nodes[i])
    return [nodes[i] for i in order], [weights[i] for i in order]
