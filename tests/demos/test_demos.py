"""Every demo keeps the protocol: its claims hold and can fail, its figures and words are whole."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from demos import catalogue
from demos.runner import load
from demos.style import figure_style

from .measured import OTHER_SEED, quick_claims, quick_results

NAMES = catalogue.names()


def spoiled(name: str) -> dict[str, Callable[[Any], Any]]:
    return import_module(f"tests.demos.spoiled.{name}").SPOILED


each_demo = pytest.mark.parametrize("name", NAMES)


@each_demo
def test_every_claim_holds(name: str) -> None:
    assert [claim for claim in quick_claims(name) if not claim.holds] == []


@each_demo
def test_there_is_a_control_beside_the_effect(name: str) -> None:
    assert {claim.is_control for claim in quick_claims(name)} == {True, False}


@pytest.mark.parametrize(("name", "part"), [(n, part) for n in NAMES for part in spoiled(n)])
def test_a_claim_fails_where_its_result_is_spoiled_and_no_other_does(name: str, part: str) -> None:
    results = spoiled(name)[part](quick_results(name))
    failed = [claim.text for claim in load(name).claims(results, quick=True) if not claim.holds]
    assert len(failed) == 1
    assert part in failed[0]


@each_demo
def test_every_claim_has_a_spoiled_result(name: str) -> None:
    for claim in quick_claims(name):
        assert sum(part in claim.text for part in spoiled(name)) == 1, claim.text
    assert len(spoiled(name)) == len(quick_claims(name))


@each_demo
def test_what_holds_is_a_bool_and_what_was_measured_is_said(name: str) -> None:
    for claim in quick_claims(name):
        assert isinstance(claim.holds, bool)
        assert claim.text
        assert claim.expected
        assert claim.measured


@each_demo
def test_results_are_frozen(name: str) -> None:
    results = quick_results(name)
    field = dataclasses.fields(results)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(results, field, None)


@each_demo
def test_the_seed_changes_what_is_measured(name: str) -> None:
    other = quick_claims(name, OTHER_SEED)
    assert [c.measured for c in other] != [c.measured for c in quick_claims(name)]


@each_demo
def test_figures_have_labelled_axes_and_say_what_they_show(name: str) -> None:
    with figure_style():
        pictures = load(name).figures(quick_results(name))
    assert pictures
    for title, picture in pictures.items():
        assert re.fullmatch("[a-z0-9_]+", title)
        assert len(picture.alt) > 60
        axes = picture.figure.axes
        assert all(ax.get_xlabel() for ax in axes)
        assert axes[0].get_ylabel()


@each_demo
def test_nothing_draws_with_pyplot(name: str) -> None:
    assert "pyplot" not in Path(catalogue.FOLDER, f"{name}.py").read_text("utf-8")


@each_demo
def test_the_docstring_has_all_its_paragraphs(name: str) -> None:
    page = catalogue.page(name)
    assert page.title.endswith(".")
    assert set(catalogue.LABELS) - set(page.sections) <= {"Where they disagree"}
    assert all(text for texts in page.sections.values() for text in texts)
    (command,) = page.sections["Command"]
    assert re.fullmatch(rf"``python -m demos {name}``; about \w+ (seconds?|minutes?)\.", command)


def test_the_demos_are_those_of_the_list_in_its_order() -> None:
    assert tuple(NAMES) == catalogue.ORDER


PAGE = """A title.

The tutorial says: one
thing.

Theory predicts: another: this.

And more of it.

Experiment: a.

Sources: b.

Command: c.
"""


def test_a_docstring_is_split_by_its_labels() -> None:
    page = catalogue.parse(PAGE)
    assert page.title == "A title."
    assert page.sections["The tutorial says"] == ["one thing."]
    assert page.sections["Theory predicts"] == ["another: this.", "And more of it."]
    assert list(page.sections) == [key for key, needed in catalogue.LABELS.items() if needed]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (PAGE.replace("Sources: b.\n\n", ""), "'Sources'"),
        (PAGE + "\n\nSources: d.", "each label is expected once, got 'Sources' again"),
        (PAGE.replace("A title.", "A title.\n\nNo label."), "got 'No label.'"),
        (PAGE.replace("Experiment: a.\n\n", "") + "\n\nExperiment: a.", "in this order"),
    ],
)
def test_a_docstring_that_is_not_whole_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        catalogue.parse(text)
