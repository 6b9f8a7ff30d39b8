"""``python -m tests.mutants [NAME ...]``: which mutants the tests kill. Exit status 1 if any lives.

Each mutant is a copy of the library with one bug in its text; the tests run on it until the first
that fails. About a minute and a half on two cores.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .catalogue import MUTANTS, Mutant

ROOT = Path(__file__).parent.parent.parent
TESTS = ("tests/ops", "tests/autograd", "tests/nn", "tests/test_func.py", "tests/replay")
FIRST = {"autograd": "tests/autograd", "nn": "tests/nn", "replay.py": "tests/replay"}  # by folder
SECONDS = 240


def killer(mutant: Mutant) -> str | None:
    """The first test that fails on a mutant, None if all pass."""
    first = FIRST.get(mutant.file.partition("/")[0], TESTS[0])
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        skip = shutil.ignore_patterns("__pycache__")
        for part in "minigrad", "tests":
            shutil.copytree(ROOT / part, copy / part, ignore=skip)
        shutil.copy(ROOT / "setup.cfg", copy)
        file = copy / "minigrad" / mutant.file
        text = file.read_text()
        for old, new in mutant.changes:
            if text.count(old) != 1:
                raise SystemExit(
                    f"{mutant.name}: {old!r} stands {text.count(old)} times in {file.name}"
                )
            text = text.replace(old, new)
        file.write_text(text)
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-x",
            "-q",
            "-p",
            "no:cacheprovider",
            "-o",
            "addopts=",
        ]
        result = subprocess.run(
            [*command, "--tb=no", *sorted(TESTS, key=lambda tests: tests != first)],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": folder, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    failed = [line for line in result.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    if result.returncode == 0:
        return None
    return failed[0].split(" - ")[0].split(" ", 1)[1] if failed else "the tests do not start"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("names", nargs="*", help="parts of the names of the mutants to run")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many at a time")
    options = parser.parse_args()
    chosen = [m for m in MUTANTS if not options.names or any(n in m.name for n in options.names)]
    alive = []
    with ThreadPoolExecutor(options.jobs) as pool:
        for mutant, test in zip(chosen, pool.map(killer, chosen), strict=True):
            print(
                f"{'ALIVE ' if test is None else 'killed'}  {mutant.name:45}  {test or ''}",
                flush=True,
            )
            alive += [mutant.name] if test is None else []
    print(f"{len(chosen) - len(alive)} of {len(chosen)} mutants killed")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
