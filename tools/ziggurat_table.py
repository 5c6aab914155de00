#!/usr/bin/env python3
"""Computes the abscissae of src/monte_carlo/random/ziggurat_table.rs with mpmath and compares them with the file.

The 256 strips of the Ziggurat have equal area v; the lowest holds the tail beyond R. With f(x) = e^{-x^2/2}:
v = R f(R) + int_R^inf f, X[0] = v / f(R), X[1] = R, and X[i] (f(X[i+1]) - f(X[i])) = v; R is the root of X[256] = 0.
usage: tools/ziggurat_table.py (needs mpmath; exit code 1 if an entry differs)
"""
import pathlib
import re
import sys

from mpmath import erfc, exp, findroot, log, mp, mpf, pi, sqrt

mp.dps = 50
STRIPS = 256
TABLE = pathlib.Path(__file__).resolve().parent.parent / "src/monte_carlo/random/ziggurat_table.rs"


def density(x):
    return exp(-x * x / 2)


def abscissae(tail):
    area = tail * density(tail) + sqrt(pi / 2) * erfc(tail / sqrt(2))
    points = [area / density(tail), tail]
    while len(points) < STRIPS:
        points.append(sqrt(-2 * log(density(points[-1]) + area / points[-1])))
    return area, points


def top(tail):
    """Density still missing above the last strip: zero for the right R."""
    area, points = abscissae(tail)
    return density(points[-1]) + area / points[-1] - 1


def main():
    root = findroot(top, (mpf("3.6541528853"), mpf("3.6541528854")), tol=mpf(10) ** -60)
    expected = [float(x) for x in abscissae(root)[1]] + [0.0]
    text = TABLE.read_text(encoding="utf-8")
    body = text[text.index("= [") + 3:text.rindex("]")]
    found = [float(x.replace("_", "")) for x in re.findall(r"[0-9][0-9_.]*(?:e-?[0-9]+)?", body)]
    if len(found) != len(expected):
        sys.exit(f"{len(found)} entries, {len(expected)} expected")
    wrong = [i for i, (x, y) in enumerate(zip(found, expected)) if abs(x - y) > 2e-16 * max(y, 1.0)]
    if wrong:
        sys.exit(f"entries {wrong[:8]} differ: {[(found[i], expected[i]) for i in wrong[:3]]}")
    print(f"{len(found)} abscissae agree; R = {root}")


if __name__ == "__main__":
    main()
