"""What several files of tests share: a run of all demos, and demos that are made up."""

from __future__ import annotations

from pathlib import Path

import pytest

import demos
from demos import catalogue

from .test_command import DEMO, Ran, start


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> list[Ran]:
    """With one job, and with two."""
    outs = [tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("two")]
    runs = [start("--quick", "--jobs", jobs, "--out", out) for jobs, out in enumerate(outs, 1)]
    said = [run.communicate(timeout=600) for run in runs]
    return [Ran(*given) for given in zip(outs, (run.returncode for run in runs), said, strict=True)]


@pytest.fixture(scope="session")
def gallery(ran: list[Ran]) -> Path:
    """The page."""
    return ran[1].out / "gallery" / "index.html"


@pytest.fixture
def made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Demos of our own: one that holds, one that does not, one that raises, one interrupted."""
    folder = tmp_path / "demos"
    folder.mkdir()
    for name, run, holds, control in (
        ("good", "", True, True),
        ("bad", "", False, False),
        ("raising", "raise ValueError('no\\nway')", True, False),
        ("interrupted", "raise KeyboardInterrupt", True, False),
    ):
        text = DEMO.format(name=name, run=run, holds=holds, control=control)
        (folder / f"made_up_{name}.py").write_text(text)
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setattr(catalogue, "FOLDER", folder)
    monkeypatch.setattr(demos, "__path__", [*demos.__path__, str(folder)])
    return tmp_path / "out"
