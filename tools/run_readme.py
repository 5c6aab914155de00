#!/usr/bin/env python3
"""Runs every command of README.md's console blocks, in their order, from the root of the project.

A command is a line of a ```console block that starts with `$ `. `./test` is skipped (it is what runs
this script) and so are lines marked `# not run by ./test`. The first failure ends the run. A command
that prints nothing on standard output fails: README promises that each one answers.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def commands(text):
    for block in re.findall(r"```console\n(.*?)```", text, flags=re.S):
        for line in block.splitlines():
            if line.startswith("$ ") and "# not run by ./test" not in line:
                yield line[2:].strip()


def main():
    ran = 0
    for command in commands((ROOT / "README.md").read_text(encoding="utf-8")):
        if command == "./test":
            continue
        done = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True)
        if done.returncode != 0 or not done.stdout.strip():
            sys.exit(f"README command failed ({done.returncode}): {command}\n{done.stderr}")
        print(f"ok: {command}")
        ran += 1
    if ran == 0:
        sys.exit("README.md has no command to run")
    print(f"{ran} commands of README.md ran")


if __name__ == "__main__":
    main()
