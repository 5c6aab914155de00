#!/usr/bin/env python3
"""Computes the constants of src/monte_carlo/random/ziggurat_table.rs with mpmath and compares them with the file, and the abscissae that follow
from them with the sum of bits that the test in normal.rs expects.

The 256 strips of the Ziggurat have equal area v; the lowest holds the tail beyond R. With f(x) = e^{-x^2/2}:
v = R f(R) + int_R^inf f, X[0] = v / f(R), X[1] = R, and X[i] (f(X[i+1]) - f(X[i])) = v; R is the root of X[256] = 0.
usage: tools/ziggurat_table.py (needs mpmath; exit code 1 if something differs)
"""
import pathlib
import re
import struct
import sys

from mpmath import erfc, exp, findroot, log, mp, mpf, pi, sqrt

mp.dps = 50
STRIPS = 256
TABLE = pathlib.Path(__file__).resolve().parent.parent / "src/monte_carlo/random/ziggurat_table.rs"
TEST = TABLE.parent / "normal.rs"


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
    area, points = abscissae(root)
    text = TABLE.read_text(encoding="utf-8").replace("_", "")
    for name, value in [("RIGHT", root), ("AREA", area)]:
        pair = re.search(rf"{name}: Pair = Pair\(([^,]+), ([^)]+)\)", text)
        found = tuple(float(part) for part in pair.groups())
        expected = (float(value), float(value - mpf(float(value))))
        if found != expected:
            sys.exit(f"{name} is {found}, not {expected}")
    every = 0
    for x in [*points, 0]:
        rotated = (every << 1 | every >> 63) & (1 << 64) - 1
        every = rotated ^ int.from_bytes(struct.pack("<d", float(x)), "little")
    if f"all, {every:_})" not in TEST.read_text(encoding="utf-8"):
        sys.exit(f"{TEST.name} does not hold the sum {every:_} of the bits of the abscissae")
    print(f"both constants and {len(points) + 1} abscissae agree; R = {root}")


if __name__ == "__main__":
    main()
