"""Measuring: times in turns, peak memory in a process of its own, import, growth with depth."""

from __future__ import annotations

import gc
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from itertools import pairwise
from tempfile import TemporaryDirectory
from typing import Any

from .peers import Step
from .workload import LABELS, load

TOLERANCE = 1e-5
FIRST_LOSSES = 5
SECONDS_A_TURN = 2e-2
MEMORY_BATCH = 4096


def steps_of(name: str, ways: Iterable[str], threads: int) -> dict[str, Step]:
    """The step of every way that is installed; each returns its loss."""
    workload, steps = load(name), {}
    for way in ways:
        try:
            if way == "torch":
                import torch

                torch.set_num_threads(threads)
            step = workload.step(way)
        except ImportError as error:
            print(f"{name}: {LABELS[way]} is left out: {error}")
            continue
        if step is None:
            print(f"{name}: {LABELS[way]} is left out: there is no such step")
        else:
            steps[way] = step
    return steps


def agreeing(name: str, steps: dict[str, Step]) -> dict[str, Step]:
    """The steps whose first losses are those of the first way."""
    losses = {way: [step() for _ in range(FIRST_LOSSES)] for way, step in steps.items()}
    wanted = next(iter(losses.values()))
    kept = {}
    for way, found in losses.items():
        worst = max(abs(a - b) / max(1.0, abs(b)) for a, b in zip(found, wanted, strict=True))
        if worst <= TOLERANCE:
            kept[way] = steps[way]
        else:
            print(f"{name}: {LABELS[way]} is refused: its losses are off by {worst:.1e}")
    return kept


def medians(steps: dict[str, Step], rounds: int) -> dict[str, float]:
    """Microseconds a step, the median over rounds in which every way takes its turn."""
    repeats: dict[str, int] = {}
    times: dict[str, list[float]] = {way: [] for way in steps}
    for way, step in steps.items():
        took = seconds(step, 3)
        repeats[way] = max(1, int(SECONDS_A_TURN / took))
    gc.collect()
    gc.freeze()  # what was imported is not walked again in anybody's turn
    for _ in range(rounds):
        for way, step in steps.items():
            times[way].append(seconds(step, repeats[way]) * 1e6)
    gc.unfreeze()
    return {way: statistics.median(values) for way, values in times.items()}


def seconds(step: Callable[[], object], times: int) -> float:
    """How long one call takes, the mean of several."""
    started = time.perf_counter()
    for _ in range(times):
        step()
    return (time.perf_counter() - started) / times


def show_times(name: str, found: dict[str, float]) -> None:
    """Print the times of one workload, and their ratios to hand-written NumPy and to PyTorch."""
    print(f"\n{name:16}{'us a step':>12}{'to by hand':>12}{'to PyTorch':>12}")
    for way, microseconds in found.items():
        ratios = [
            f"{microseconds / found[other]:12.2f}" if other in found else f"{'-':>12}"
            for other in ("numpy", "torch")
        ]
        print(f"{LABELS[way]:16}{microseconds:12.1f}{''.join(ratios)}", flush=True)


def peaks(ways: Iterable[str]) -> dict[str, int]:
    """The peak memory of a step of twenty sigmoid layers, above the data and parameters."""
    print(f"\npeak memory of a deep_sigmoid step, batch {MEMORY_BATCH}, above data and parameters")
    found = {}
    for way in ways:
        command = [sys.executable, "-m", "tests.benchmarks.peak", way, str(MEMORY_BATCH)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode == 0:
            found[way] = int(result.stdout)
            ratio = f"{found[way] / found['numpy']:8.2f} of by hand" if "numpy" in found else ""
            print(f"{LABELS[way]:16}{found[way] / 2**20:10.1f} MiB{ratio}", flush=True)
    return found


def import_seconds(ways: Iterable[str]) -> dict[str, float]:
    """What importing each library, once compiled, adds to ``import numpy``: medians of several."""
    print()
    found = {}
    for way in [way for way in ways if way not in ("numpy", "compiled")]:
        code = (
            "import time, numpy; start = time.perf_counter();"
            f"import {way}; print(time.perf_counter() - start)"
        )
        runs = []
        with TemporaryDirectory() as compiled:
            environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled}
            environment.pop("PYTHONDONTWRITEBYTECODE", None)
            for _ in range(10 if way == "minigrad" else 4):
                command = [sys.executable, "-c", code]
                run = subprocess.run(command, capture_output=True, check=False, env=environment)
                runs += [float(run.stdout)] if run.returncode == 0 else []
        if runs:
            found[way] = statistics.median(runs[1:])
            print(f"import {way} adds {found[way]:.3f} s to import numpy", flush=True)
    return found


def growth(ways: Iterable[str], depths: Sequence[int] = (100, 100_000)) -> dict[str, Any]:
    """Microseconds an operation, to build, walk back and free a chain, at several depths.

    minigrad is measured without Python's cycle collector as well, which walks all nodes that there
    are again and again while a graph grows.
    """
    print(f"\nmicroseconds an operation at depth{''.join(f'{d:>12,}' for d in depths)}")
    found: dict[str, Any] = {}
    gc.collect()
    gc.freeze()
    for way in ways:
        try:
            library = import_module(way)
        except ImportError:
            continue
        for collector in (True, False) if way == "minigrad" else (True,):
            runs = {depth: chain(library, depth, collector) for depth in depths}
            name = LABELS[way] if collector else "without a collector"
            for phase in ("build", "walk back", "free"):
                times = [runs[depth][phase] for depth in depths]
                found.setdefault(name, {})[phase] = dict(zip(depths, times, strict=True))
                print(f"{name + ', ' + phase:34}{''.join(f'{t:12.2f}' for t in times)}", flush=True)
    gc.unfreeze()
    return found


def chain(library: Any, depth: int, collector: bool) -> dict[str, float]:
    """Microseconds an operation of a chain of products."""
    x = library.tensor([1.0], requires_grad=True)

    def build() -> Any:
        y = x
        for _ in range(depth):
            y = y * 1.0000001
        return y

    runs = []
    (gc.enable if collector else gc.disable)()
    for _ in range(max(5, 20_000 // depth)):
        times = [time.perf_counter()]
        y = build()
        times.append(time.perf_counter())
        y.sum().backward(retain_graph=True)
        times.append(time.perf_counter())
        del y
        times.append(time.perf_counter())
        x.grad = None
        runs.append([(end - start) / depth * 1e6 for start, end in pairwise(times)])
    gc.enable()
    medians = map(statistics.median, zip(*runs, strict=True))
    return dict(zip(("build", "walk back", "free"), medians, strict=True))
