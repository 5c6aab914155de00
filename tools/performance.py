#!/usr/bin/env python3
"""Measures what docs/performance.md reports and prints it as Markdown.

usage: python3 tools/performance.py [RUNS]

Builds in release mode, runs `cargo bench --bench figures` on one thread, then each command of the program
RUNS times (default 15) on one thread and on two. Times are the least of the runs, which other work on
the machine disturbs least, and CPU time (of one thread) less than wall time; memory is the largest resident
set of any run.
"""
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "target" / "release" / "attention-bounds"
COMMANDS = [
    (["table", "examples/paper.toml"], 0.2, None),
    (["table", "examples/minilm.toml"], 2.0, 200),
    (["table", "examples/gaussian-sweep.toml"], None, None),
    (["table", "examples/sphere.toml"], None, None),
    (["table", "examples/mixture.toml"], None, None),
    (["rate", "examples/paper.toml"], None, None),
    (["length", "examples/paper.toml", "--epsilon", "0.01"], None, None),
    (["length", "examples/minilm.toml", "--epsilon", "0.05", "--relative"], None, None),
    (["explain", "T5"], None, None),
]


def environment(threads):
    return {**os.environ, "RAYON_NUM_THREADS": str(threads)}


def run(arguments, threads):
    """Seconds of wall time, seconds of CPU time and MB of resident memory of one run."""
    start = time.perf_counter()
    child = subprocess.Popen([PROGRAM, *arguments], cwd=ROOT, stdout=subprocess.DEVNULL, env=environment(threads))
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - start
    if child.returncode != 0:
        sys.exit(f"{' '.join(arguments)} ended with exit code {child.returncode}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024  # KiB on Linux


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=ROOT, check=True)
    done = subprocess.run(
        ["cargo", "bench", "--quiet", "--bench", "figures"],
        cwd=ROOT, env=environment(1), check=True, capture_output=True, text=True,
    )
    print(done.stdout)
    print("| command | 1 thread: CPU (s) | 1 thread: wall (s) | 2 threads: wall (s) | memory (MB) | required |")
    print("|---|---|---|---|---|---|")
    for arguments, seconds, megabytes in COMMANDS:
        one = [run(arguments, 1) for _ in range(runs)]
        two = [run(arguments, 2) for _ in range(runs)]
        required = ", ".join(
            text for limit, text in [(seconds, f"{seconds} s"), (megabytes, f"{megabytes} MB")] if limit
        )
        wall, cpu, _ = map(min, zip(*one))
        wall_of_two, _, _ = map(min, zip(*two))
        memory = max(usage for _, _, usage in one + two)
        print(
            f"| `{' '.join(arguments)}` | {cpu:.3f} | {wall:.3f} | {wall_of_two:.3f} | {memory:.0f} | {required or '-'} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
