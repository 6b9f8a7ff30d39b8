"""``python -m tests.benchmarks``: how long a training step takes, every way of it in one run.

Within a round every way takes its turn, and the table gives medians over the rounds, with ratios to
hand-written NumPy and to PyTorch. All ways start from the same weights and data; a way whose first
losses differ by more than 1e-5 is refused, one that is not installed is left out by name. Then come
the peak memory of a step above the data and parameters, the time of the import, and the time of an
operation at two depths.

Every library is to choose its own kernels. Where ``OPENBLAS_CORETYPE`` or ``OPENBLAS_L2_SIZE`` has
chosen for NumPy, which can halve the speed of its products, the first line says so.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import Any

WAYS = ("minigrad", "compiled", "numpy", "torch", "jax", "autograd", "mygrad")
THREADS = "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"
KERNELS = "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--workloads", nargs="*", metavar="NAME", help="all by default")
    parser.add_argument("--ways", nargs="*", default=WAYS, choices=WAYS)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--only-times", action="store_true", help="no memory, import and growth")
    parser.add_argument("--json", metavar="FILE", help="write everything there as well")
    options = parser.parse_args()
    for name in THREADS:
        os.environ[name] = str(options.threads)  # read when NumPy is imported
    if options.threads == 1:
        os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    from . import measure, workload  # and so only now

    held = [f"{name}={os.environ[name]}" for name in KERNELS if name in os.environ]
    if held:
        print(f"NumPy's products are held to {' and '.join(held)}; env -u NAME sets them free")
    names = options.workloads or workload.NAMES
    unknown = set(names) - set(workload.NAMES)
    if unknown:
        parser.error(f"known workloads are {', '.join(workload.NAMES)}; got {', '.join(unknown)}")
    found: dict[str, Any] = {"threads": options.threads, "held": held, "microseconds": {}}
    for name in names:
        steps = measure.agreeing(name, measure.steps_of(name, options.ways, options.threads))
        found["microseconds"][name] = measure.medians(steps, options.rounds)
        measure.show_times(name, found["microseconds"][name])
    if not options.only_times:
        ways = sorted(options.ways, key=lambda way: way != "numpy")  # first what others are held to
        found["peak_bytes"] = measure.peaks(ways)
        found["import_seconds"] = measure.import_seconds(ways)
        found["growth"] = measure.growth([w for w in ("minigrad", "torch") if w in ways])
    if options.json:
        with open(options.json, "w") as file:
            json.dump(found, file, indent=2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
