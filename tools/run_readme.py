#!/usr/bin/env python3
"""Runs every command of README.md's console blocks, in their order, from the root of the project.

A command is a line of a ```console block that starts with `$ `. `./test` is skipped (it is what runs
this script) and so are lines marked `# not run by ./test`. The first failure ends the run. A command
that prints nothing on standard output fails: README promises that each one answers. A ```text block after a
```console block shows a part of what its commands print: every line of it must be a line of the output.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def examples(text):
    """The commands of each console block, with the lines of the text block that follows it (if one does)."""
    blocks = re.findall(r"```(\w+)\n(.*?)```", text, flags=re.S)
    for (kind, block), (next_kind, shown) in zip(blocks, blocks[1:] + [("", "")]):
        if kind == "console":
            lines = [line for line in block.splitlines() if line.startswith("$ ")]
            commands = [line[2:].strip() for line in lines if "# not run by ./test" not in line]
            yield commands, shown.splitlines() if next_kind == "text" else []


def main():
    ran = 0
    for commands, shown in examples((ROOT / "README.md").read_text(encoding="utf-8")):
        printed = set()
        for command in commands:
            if command == "./test":
                continue
            done = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True)
            if done.returncode != 0 or not done.stdout.strip():
                sys.exit(f"README command failed ({done.returncode}): {command}\n{done.stderr}")
            printed.update(line.rstrip() for line in done.stdout.splitlines())
            print(f"ok: {command}")
            ran += 1
        for line in shown:
            if line.rstrip() and line.rstrip() not in printed:
                sys.exit(f"README shows a line that `{commands[-1]}` does not print:\n{line}")
    if ran == 0:
        sys.exit("README.md has no command to run")
    print(f"{ran} commands of README.md ran")


if __name__ == "__main__":
    main()
