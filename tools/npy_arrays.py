#!/usr/bin/env python3
"""Writes the arrays of tests/data/npy with NumPy: every numeric type, byte order and memory order that tables may come in.

usage: python3 tools/npy_arrays.py        (needs numpy)
"""
import pathlib

import numpy

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "tests" / "data" / "npy"
ROWS = [[1, -2, 0], [4, -50, 127]]


def save(name, array):
    numpy.save(FOLDER / f"{name}.npy", array)


FOLDER.mkdir(parents=True, exist_ok=True)
for kind in ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1"]:
    rows = numpy.abs(ROWS) if kind.startswith("u") else numpy.array(ROWS)
    for end, prefix in [("little", "<"), ("big", ">")]:
        for order in "CF":
            save(f"{kind}-{end}-{order}", numpy.array(rows, dtype=prefix + kind, order=order))
save("b1", numpy.array([True, False, True]))
save("inexact-i8", numpy.array([[1, 2, 3], [2**53 + 1, 5, 6]], dtype="<i8"))
save("infinite-f4", numpy.array([[0, 2, 4], [1, -numpy.inf, 5]], dtype="<f4", order="F"))
