"""Writes a golden file: a JSON object with its rows one to a line."""

import json


def write(path, header, rows):
    with open(path, "w") as f:
        for key, value in header.items():
            f.write(("{\n" if key == next(iter(header)) else "") + f" {json.dumps(key)}: {json.dumps(value)},\n")
        f.write(' "rows": [\n')
        f.write(",\n".join("  " + json.dumps(row) for row in rows))
        f.write("\n ]\n}\n")
