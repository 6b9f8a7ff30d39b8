"""The gallery's parts: the core of an experiment and its marks, words, order, and weight."""

from __future__ import annotations

import ast
import re
from html import unescape
from pathlib import Path

import pytest

from demos import catalogue
from demos.claims import Claim
from demos.gallery import html
from demos.gallery.core import core, highlighted
from demos.gallery.page import duration, sentence, words
from demos.runner import Outcome

SOURCES = {
    name: Path(catalogue.FOLDER, f"{name}.py").read_text("utf-8") for name in catalogue.names()
}
SOURCE = '''"""Words."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .other import helping, unused

ROOT, OTHER = 2.0, 3.0  # why
DRAWN = 4


@dataclass
class Kept:
    """What is found."""

    value: float  # in metres


def run(seed: int) -> Kept:
    return Kept(step(seed) * OTHER)


def claims(results: Kept) -> bool:
    return results.value > DRAWN


def step(x: int) -> float:
    """Once more."""
    return helping(np.sqrt(x)) if x < ROOT else step(x - 1)
'''
CORE = '''import numpy as np
from .other import helping, unused

ROOT, OTHER = 2.0, 3.0  # why


@dataclass
class Kept:
    """What is found."""

    value: float  # in metres


def run(seed: int) -> Kept:
    return Kept(step(seed) * OTHER)


def step(x: int) -> float:
    """Once more."""
    return helping(np.sqrt(x)) if x < ROOT else step(x - 1)'''


def test_the_core_is_what_the_run_needs_as_it_is_written() -> None:
    assert core(SOURCE) == CORE.replace(
        "import numpy", "from dataclasses import dataclass\nimport numpy"
    )
    assert core("x = 1") == ""


@pytest.mark.parametrize("name", SOURCES)
def test_the_core_of_every_demo_is_python_with_its_run_and_without_its_figures(name: str) -> None:
    defined = {getattr(part, "name", None) for part in ast.parse(core(SOURCES[name])).body}
    assert "run" in defined
    assert not {"claims", "figures"} & defined


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_marks_take_nothing_away(source: str) -> None:
    assert unescape(re.sub("</?span[^>]*>", "", highlighted(source))) == source


def test_keywords_strings_and_comments_are_marked() -> None:
    assert highlighted("if x < 'a':  # <b>") == (
        '<span class="keyword">if</span> x &lt; <span class="string">&#39;a&#39;</span>:  '
        '<span class="comment"># &lt;b&gt;</span>'
    )


def test_words_have_code_and_raised_powers_and_no_markup_of_their_own() -> None:
    assert words("``a_1 < b^2`` is <b> of x^2 & 10^-3.5, (-x)^n.") == (
        "<code>a_1 &lt; b^2</code> is &lt;b&gt; of x<sup>2</sup> &amp; 10<sup>-3.5</sup>, "
        "(-x)<sup>n</sup>."
    )
    assert words("no end of `` it") == "no end of `` it"


@pytest.mark.parametrize(
    ("text", "begun"),
    [("the end", "The end"), ("a loss", "A loss"), ("f is", "f is"), ('"so it is"', '"so it is"')],
)
def test_a_sentence_begins_with_a_capital_unless_that_is_a_symbol(text: str, begun: str) -> None:
    assert sentence(text) == begun


def test_a_duration_is_in_minutes_if_it_is_long() -> None:
    assert [duration(seconds) for seconds in (0.24, 59.9, 60.2, 391.0)] == [
        "0.2 s",
        "59.9 s",
        "1 min 0 s",
        "6 min 31 s",
    ]


def test_the_page_is_in_the_tutorials_order_and_tells_what_failed(tmp_path: Path) -> None:
    late, early = "vanishing_gradient", "gradient_as_direction"
    failed = Claim("x < 1", "0", "2", False)
    outcomes = [
        Outcome(late, 1.0, error=f"{late} did not finish: E"),
        Outcome(early, 2.0, [failed]),
    ]
    page = html(outcomes, 3, 7, True, 3.0, tmp_path)
    assert page.index(f'<section id="{early}"') < page.index(f'<section id="{late}"')
    assert "✗ 0 of 1" in page
    assert f'<a href="#{early}">{early}</a>: x &lt; 1' in page
    assert f'<a href="#{late}">{late} did not finish: E</a>' in page
    assert f"python -m demos {early} --quick --seed 7<" in page
    assert "2 of 3" in page


def test_the_page_refers_to_nothing_outside(gallery: Path) -> None:
    references = re.findall(r'(?:src|href|action|url)[=(]"?([^">)]*)', gallery.read_text("utf-8"))
    assert references
    assert {reference[:1] for reference in references if not reference.startswith("data:")} == {"#"}


def test_the_page_is_light(gallery: Path) -> None:
    page = gallery.read_text("utf-8")
    assert len(page) < 150_000 * page.count("<img ")
