"""``python -m tests.benchmarks.peak WAY BATCH``: by how many bytes a step raises the memory."""

from __future__ import annotations

import gc
import sys

from .workload import load


def resident(field: str) -> int:
    """A line of /proc/self/status, in bytes: VmRSS is the memory in use, VmHWM its peak."""
    with open("/proc/self/status") as file:
        line = next(line for line in file if line.startswith(field))
    return int(line.split()[1]) * 1024


def main(way: str, batch: int) -> int:
    small, large = load("deep_sigmoid", batch=8), load("deep_sigmoid", batch=batch)
    warm, step = small.step(way), large.step(way)
    if warm is None or step is None:
        return 1
    warm()  # the libraries' own workspaces
    gc.collect()
    before = resident("VmRSS")
    for _ in range(3):
        step()
    print(resident("VmHWM") - before)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
