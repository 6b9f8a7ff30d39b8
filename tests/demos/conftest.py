"""What several files of tests share: a run of all demos, and demos that are made up."""

from __future__ import annotations

from pathlib import Path

import pytest

import demos
from demos import catalogue

from .test_command import DEMO, Ran, start


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """All of them, in quick form, in two processes."""
    out = tmp_path_factory.mktemp("two")
    run = start("--quick", "--jobs", 2, "--out", out)
    said = run.communicate(timeout=600)
    return Ran(out, run.returncode, said)


@pytest.fixture(scope="session")
def gallery(ran: Ran) -> Path:
    """The page."""
    return ran.out / "gallery" / "index.html"


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
