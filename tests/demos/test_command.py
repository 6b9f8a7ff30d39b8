"""The command line: options, exit statuses, Ctrl-C, files, and the number of jobs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from demos import catalogue, runner
from demos.__main__ import main

from .measured import quick_claims

ROOT = Path(__file__).parents[2]
MAGIC = {"png": b"\x89PNG\r\n\x1a\n", "svg": b"<?xml", "gif": b"GIF89a"}
LARGEST = 1_000_000  # bytes
SLOW = "dying_relu"  # much slower than the first
SWEEPS = "gradient_descent_1d", "dying_relu", "exploding_gradient_wall", "clip_geometry"


def start(*arguments: object, before: str = "") -> subprocess.Popen[str]:
    """The command in a group of its own, as a terminal has it, after some code."""
    code = f"{before}; import runpy; runpy.run_module('demos', run_name='__main__', alter_sys=True)"
    given = ["-c", code.strip("; ")] if before else ["-m", "demos"]
    return subprocess.Popen(
        [sys.executable, *given, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "160"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def recorded(out: Path) -> dict[str, Any]:
    return json.loads((out / "results.json").read_text("utf-8"))


class Ran(NamedTuple):
    """A run that has ended."""

    out: Path
    status: int
    said: tuple[str, str]


def test_results_are_those_of_one_process(ran: Ran) -> None:
    """They depend on the number of processes as little as on earlier runs in the same one."""
    printed, log = ran.said
    assert ran.status == 0, log
    assert "does not hold" not in printed
    found = recorded(ran.out)
    assert [demo["name"] for demo in found["demos"]] == catalogue.names()
    for demo in found["demos"]:
        assert demo["name"] in printed
        assert demo["claims"] == [asdict(claim) for claim in quick_claims(demo["name"])]
    assert found["seed"] == 0
    assert found["quick"]
    assert {"python", "numpy", "minigrad", "matplotlib"} <= set(found["versions"])
    assert (ran.out / "results.json").stat().st_size < 5_000 * len(catalogue.names())
    assert not list(ran.out.rglob(".*"))


def test_figures_do_not_depend_on_the_number_of_jobs(ran: Ran, tmp_path: Path) -> None:
    run = start(*SWEEPS, "--quick", "--jobs", 1, "--out", tmp_path)
    run.communicate(timeout=600)
    alone = {demo["name"]: demo["figures"] for demo in recorded(tmp_path)["demos"]}
    for demo in recorded(ran.out)["demos"]:
        for figure in demo["figures"]:
            assert figure["alt"]
            assert len(figure["files"]) == 2
            for file in figure["files"]:
                content = (ran.out / file).read_bytes()
                assert content.startswith(MAGIC[file.rpartition(".")[2]])
                assert len(content) < LARGEST
                if demo["name"] in alone:
                    assert content == (tmp_path / file).read_bytes()
    assert list(alone) == list(SWEEPS)


def test_readme_has_the_totals() -> None:
    total = sum(len(quick_claims(name)) for name in catalogue.names())
    row = f"| `python -m demos --jobs 2 --quick` | {len(catalogue.names())} | {total} of {total} |"
    assert row in (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_leaves_what_is_finished(jobs: int, tmp_path: Path) -> None:
    names = "gradient_descent_1d", SLOW
    run = start(*names, "--jobs", jobs, "--out", tmp_path)
    until = time.monotonic() + 60.0
    while not (tmp_path / "results.json").exists():
        assert time.monotonic() < until
        assert run.poll() is None
        time.sleep(0.01)
    os.killpg(run.pid, signal.SIGINT)
    printed, log = run.communicate(timeout=30)
    # A shell calls both 130; the second is Python's own, if Ctrl-C met it while it made a class.
    assert run.returncode in (130, -signal.SIGINT), log
    assert "Traceback" not in log
    assert "interrupted: 1 of 2 demos were finished" in printed
    assert SLOW not in printed
    (finished,) = recorded(tmp_path)["demos"]
    assert finished["name"] == "gradient_descent_1d"
    assert finished["claims"][0]["text"][:20] in printed
    page = (tmp_path / "gallery" / "index.html").read_text("utf-8")
    assert "The run was broken off: 1 of 2 demos were finished." in page
    for figure in finished["figures"]:
        assert all((tmp_path / file).stat().st_size for file in figure["files"])


def test_an_unknown_demo_is_answered_in_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["vanishing_gradient", "exploding"]) == 2
    printed, said = capsys.readouterr()
    assert printed == ""
    assert said == f"there is no demo exploding; the demos are {', '.join(catalogue.names())}\n"


def test_the_list_names_every_demo_with_its_title(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == [f"{name}: {catalogue.page(name).title}" for name in catalogue.names()]


@pytest.mark.parametrize("option", ["--jobs=0", "--jobs=two", "--seed=-1"])
def test_a_number_that_makes_no_sense_is_refused(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([option])
    assert stopped.value.code == 2
    assert "a whole number from" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert main(["--out", str(tmp_path / "file" / "out")]) == 2
    assert capsys.readouterr().err.startswith("--out expects a folder that can be written, got ")


def test_blas_has_one_thread_before_numpy_is_imported() -> None:
    code = (
        "import os, sys, demos; print('numpy' in sys.modules, os.environ['OPENBLAS_NUM_THREADS'])"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert printed.stdout == "False 1\n"


def test_what_is_not_installed_is_named() -> None:
    run = start("--list", before="import sys; sys.modules['rich'] = None")
    _, log = run.communicate(timeout=30)
    assert run.returncode == 1
    assert log.startswith("python -m demos needs rich")
    assert "pip install" in log


DEMO = '''"""{name} is made up.

The tutorial says: a.

Theory predicts: b.

Experiment: c.

Sources: d.

Command: e.
"""

from matplotlib.figure import Figure

from demos.claims import Claim
from demos.pictures import Picture


def run(seed, quick=False, each=map):
    {run}
    return list(each(str, [seed, 1, 2]))


def claims(results, quick=False):
    return [Claim("[bold] text :smile:", "7", results[0], {holds}, {control})]


def figures(results):
    figure = Figure()
    figure.subplots()
    return {{"one": Picture(figure, "nothing")}}
'''


def test_all_claims_held_is_success(made_up: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["made_up_good", "made_up_good", "--seed", "7", "--out", str(made_up)]) == 0
    printed = capsys.readouterr().out
    assert printed.count("control: [bold] text :smile:") == 1  # asked twice, run once
    assert "1 of 1 claims hold" in printed
    (demo,) = recorded(made_up)["demos"]
    assert demo["claims"][0]["measured"] == "7"


def test_a_claim_that_fails_is_a_failure(made_up: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["made_up_bad", "made_up_good", "--out", str(made_up)]) == 1
    printed = capsys.readouterr().out
    assert printed.count("does not hold") == 1
    assert "1 of 2 claims hold" in printed


def test_a_demo_that_raises_is_a_failure_and_the_others_run(
    made_up: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["made_up_raising", "made_up_good", "--out", str(made_up)]) == 1
    printed = capsys.readouterr().out
    sentence = "made_up_raising did not finish: ValueError in made_up_raising.py, line 21: no way"
    assert sentence in printed.splitlines()
    assert "1 of 1 claims hold" in printed
    raised, good = recorded(made_up)["demos"]
    assert (raised["error"], raised["claims"], raised["figures"]) == (sentence, [], [])
    assert good["claims"]


def test_a_demo_that_cannot_be_loaded_is_a_failure(
    made_up: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = catalogue.FOLDER / "made_up_broken.py"
    broken.write_text(
        DEMO.format(name="broken", run="", holds=True, control=True) + "import nothing_so"
    )
    assert main(["made_up_broken", "--out", str(made_up)]) == 1
    assert "made_up_broken did not finish: ModuleNotFoundError in" in capsys.readouterr().out


def test_an_interrupt_ends_the_run_with_its_own_status(
    made_up: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = "made_up_good", "made_up_interrupted", "made_up_bad"
    assert main([*names, "--out", str(made_up)]) == 130
    printed = capsys.readouterr().out
    assert "interrupted: 1 of 3 demos were finished" in printed
    assert "1 of 1 claims hold" in printed


def test_an_interrupt_that_a_library_swallows_ends_the_run_too(
    made_up: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    swallowed = """
    import signal
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:
        raise ValueError("matplotlib does this")
    """
    text = DEMO.format(name="swallowing", run=swallowed, holds=True, control=True)
    (catalogue.FOLDER / "made_up_swallowing.py").write_text(text)
    names = "made_up_good", "made_up_swallowing", "made_up_bad"
    assert main([*names, "--out", str(made_up)]) == 130
    assert "interrupted: 1 of 3 demos were finished" in capsys.readouterr().out


def test_an_outcome_holds_only_if_it_has_come_to_its_end() -> None:
    assert not runner.Outcome("any", 0.0, error="it raised").holds
