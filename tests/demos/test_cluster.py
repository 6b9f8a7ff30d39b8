"""A dask.distributed cluster gives the same results; where there is none, one sentence says so."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from demos.__main__ import main

from .test_command import ROOT, start

CLUSTER = """
from distributed import LocalCluster

if __name__ == "__main__":
    with LocalCluster(n_workers={workers}, dashboard_address=None, threads_per_worker=2) as cluster:
        print(cluster.scheduler_address, flush=True)
        input()
"""
NAMES = "gradient_as_direction", "vanishing_gradient"
NO_ONE = "tcp://127.0.0.1:9"  # nothing listens there

needs_dask = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None, reason="dask.distributed is not installed"
)


@pytest.fixture
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Of a cluster on this machine, of one worker with two threads, or of none."""
    script = tmp_path / "cluster.py"
    script.write_text(CLUSTER.format(workers=getattr(request, "param", 1)))
    cluster = subprocess.Popen(
        [sys.executable, script],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert cluster.stdout
    yield cluster.stdout.readline().strip()
    cluster.communicate("\n", timeout=60)


@needs_dask
def test_claims_and_figures_do_not_depend_on_the_executor(address: str, tmp_path: Path) -> None:
    outs = [tmp_path / "here", tmp_path / "there"]
    for out, options in zip(outs, ([], ["--executor", f"dask:{address}"]), strict=True):
        run = start(*NAMES, "--quick", "--out", out, *options)
        _, log = run.communicate(timeout=120)
        assert run.returncode == 0, log
    here, there = (json.loads((out / "results.json").read_text())["demos"] for out in outs)
    for a, b in zip(here, there, strict=True):
        assert a["claims"] == b["claims"]
        for file in (file for figure in a["figures"] for file in figure["files"]):
            assert (outs[0] / file).read_bytes() == (outs[1] / file).read_bytes()


@needs_dask
@pytest.mark.parametrize("address", [0], indirect=True)
def test_a_cluster_without_workers_is_refused(address: str, tmp_path: Path) -> None:
    run = start(*NAMES, "--out", tmp_path, "--executor", f"dask:{address}")
    printed, log = run.communicate(timeout=60)
    assert (run.returncode, printed) == (2, "")
    assert f"the dask scheduler at {address} has no workers\n" in log


@needs_dask
def test_a_scheduler_that_does_not_answer_is_said_in_one_sentence(tmp_path: Path) -> None:
    impatient = "import demos.cluster; demos.cluster.PATIENCE = '1s'"
    run = start("--out", tmp_path, "--executor", f"dask:{NO_ONE}", before=impatient)
    printed, log = run.communicate(timeout=60)
    assert (run.returncode, printed) == (2, "")
    assert log.startswith(f"no dask scheduler answers at {NO_ONE}: ")
    assert "Traceback" not in log


def test_dask_that_is_not_installed_is_named(tmp_path: Path) -> None:
    missing = "import sys; sys.modules['distributed'] = None"
    run = start("--out", tmp_path, "--executor", f"dask:{NO_ONE}", before=missing)
    printed, log = run.communicate(timeout=60)
    assert (run.returncode, printed) == (2, "")
    assert log == (
        f"--executor dask:{NO_ONE} needs distributed, which is not installed; "
        "install it with python -m pip install distributed\n"
    )


@pytest.mark.parametrize("given", ["dask", "dask:", "ray:127.0.0.1"])
def test_an_executor_of_another_kind_is_refused(
    given: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--executor", given])
    assert stopped.value.code == 2
    assert "dask: and the address of a scheduler is expected" in capsys.readouterr().err


def test_jobs_and_executor_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--jobs", "2", "--executor", f"dask:{NO_ONE}"])
    assert "not allowed with" in capsys.readouterr().err
