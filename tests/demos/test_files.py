"""A file is written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from demos.files import write_whole


def test_a_file_is_written_with_its_folders(tmp_path: Path) -> None:
    write_whole(tmp_path / "a" / "b.txt", b"first")
    write_whole(tmp_path / "a" / "b.txt", b"second")
    assert (tmp_path / "a" / "b.txt").read_bytes() == b"second"
    assert len(list((tmp_path / "a").iterdir())) == 1


def test_what_is_there_stays_whole_when_writing_is_broken_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_off(self: Path, target: Path) -> None:
        raise KeyboardInterrupt

    write_whole(tmp_path / "b.txt", b"first")
    monkeypatch.setattr(Path, "replace", broken_off)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "b.txt", b"second")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"first"]
