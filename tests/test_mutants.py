"""The mutants' catalogue is current; ``python -m tests.mutants`` runs the tests on each."""

from __future__ import annotations

from pathlib import Path

import pytest

from .mutants.catalogue import MUTANTS, Mutant

ROOT = Path(__file__).parent.parent / "minigrad"


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_changes_text_that_stands_in_the_library_once(mutant: Mutant) -> None:
    text = (ROOT / mutant.file).read_text()
    for old, new in mutant.changes:
        assert text.count(old) == 1
        text = text.replace(old, new)
    compile(text, mutant.file, "exec")


def test_the_eighteen_bugs_of_the_comparison_are_there() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 18
