"""``python -m tests.benchmarks``: how long a training step takes, side by side in one run.

Within a round every way takes its turn, and the table gives medians over the rounds. All ways
start from the same data; a way whose first losses differ by more than 1e-5 is refused.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

WORKLOADS = ("descent", "tiny")
WAYS = ("minigrad", "numpy", "torch", "autograd", "mygrad")
LABELS = {"numpy": "NumPy by hand", "torch": "PyTorch eager", "mygrad": "MyGrad"}
TOLERANCE = 1e-5
FIRST_LOSSES = 5
SECONDS_A_TURN = 2e-3

Step = Callable[[], float]


def steps_of(workload: str, ways: list[str]) -> dict[str, Step]:
    """The step of every way that is installed; each returns its loss."""
    module = importlib.import_module(f"tests.benchmarks.{workload}")
    steps = {}
    for way in ways:
        if hasattr(module, way):
            try:
                steps[way] = getattr(module, way)()
            except ImportError as error:
                print(f"{workload}: {LABELS.get(way, way)} is left out: {error}")
    return steps


def agreeing(workload: str, steps: dict[str, Step]) -> dict[str, Step]:
    """The steps whose first losses are those of the first way."""
    losses = {way: [step() for _ in range(FIRST_LOSSES)] for way, step in steps.items()}
    wanted = next(iter(losses.values()))
    kept = {}
    for way, found in losses.items():
        worst = max(abs(a - b) / max(1.0, abs(b)) for a, b in zip(found, wanted, strict=True))
        if worst <= TOLERANCE:
            kept[way] = steps[way]
        else:
            print(
                f"{workload}: {LABELS.get(way, way)} is refused: its losses are off by {worst:.1e}"
            )
    return kept


def medians(steps: dict[str, Step], rounds: int) -> dict[str, float]:
    """Microseconds a step, the median over rounds in which every way takes its turn."""
    repeats, times = {}, {way: [] for way in steps}  # type: ignore[var-annotated]
    for way, step in steps.items():
        started = time.perf_counter()
        for _ in range(20):
            step()
        repeats[way] = max(1, int(SECONDS_A_TURN * 20 / (time.perf_counter() - started)))
    gc.collect()
    gc.freeze()  # what was imported is not walked again in anybody's turn
    for _ in range(rounds):
        for way, step in steps.items():
            started = time.perf_counter()
            for _ in range(repeats[way]):
                step()
            times[way].append((time.perf_counter() - started) / repeats[way] * 1e6)
    gc.unfreeze()
    return {way: statistics.median(values) for way, values in times.items()}


def table(workload: str, found: dict[str, float]) -> None:
    """Print the times of one workload, and their ratios to hand-written NumPy and to PyTorch."""
    print(f"\n{workload:16}{'us a step':>12}{'to by hand':>12}{'to PyTorch':>12}")
    for way, microseconds in found.items():
        ratios = [
            f"{microseconds / found[other]:12.2f}" if other in found else f"{'-':>12}"
            for other in ("numpy", "torch")
        ]
        print(f"{LABELS.get(way, way):16}{microseconds:12.1f}{''.join(ratios)}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--workloads", nargs="*", default=WORKLOADS, choices=WORKLOADS)
    parser.add_argument("--ways", nargs="*", default=WAYS, choices=WAYS)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--json", metavar="FILE", help="write the times there as well")
    options = parser.parse_args()
    for name in "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS":
        os.environ[name] = str(options.threads)  # before NumPy is imported
    results: dict[str, Any] = {}
    for workload in options.workloads:
        steps = agreeing(workload, steps_of(workload, list(options.ways)))
        results[workload] = medians(steps, options.rounds)
        table(workload, results[workload])
    if options.json:
        with open(options.json, "w") as file:
            json.dump({"threads": options.threads, "microseconds": results}, file, indent=2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
