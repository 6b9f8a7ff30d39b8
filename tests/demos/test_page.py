"""The gallery in a browser: whole, readable on a phone and in the dark, usable by keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from demos import catalogue
from demos.__main__ import main

from .browser import CHROMIUM, Browser, browser
from .test_command import DEMO

PHONE, DESK = 390, 1280
ENOUGH = 4.5  # contrast of text: WCAG 2.2, level AA
BAD_NEWS = "Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled"
CONTRASTS = """
(() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = numbers(colour).map((c) => c / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    const colour = getComputedStyle(element).backgroundColor;
    const [, , , alpha = 1] = numbers(colour);
    return alpha || !element.parentElement ? colour : behind(element.parentElement);
  };
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !element.checkVisibility()) continue;
    const pair = [light(getComputedStyle(element).color), light(behind(element))];
    const [low, high] = pair.sort((a, b) => a - b);
    found.push([texts.currentNode.data.trim().slice(0, 30), (high + 0.05) / (low + 0.05)]);
  }
  return found;
})()
"""
TOO_WIDE = """
[...document.body.querySelectorAll("*")].filter((element) =>
  element.checkVisibility() && !element.closest("pre") && !element.matches(".skip, thead, thead *")
  && element.getBoundingClientRect().right > innerWidth
).map((element) => element.outerHTML.slice(0, 80))
"""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as started:
        yield started


Show = Callable[..., Browser]


@pytest.fixture
def show(chromium: Browser, gallery: Path) -> Show:
    """Opens the page in a window of a width, and gives the browser."""

    def opened(width: int = DESK, page: Path = gallery, kind: str = "", **media: str) -> Browser:
        chromium.size(width)
        chromium.media(kind, **media)
        chromium.open(page)
        return chromium

    return opened


def test_it_loads_without_a_word_on_the_console_and_without_a_network(show: Show) -> None:
    seen = show()
    assert [event for event in seen.events if event["method"] in BAD_NEWS] == []
    asked = [
        event["params"]["request"]["url"].partition(":")[0]
        for event in seen.events
        if event["method"] == "Network.requestWillBeSent"
    ]
    assert set(asked) == {"file", "data"}


def test_every_image_has_a_size_and_says_what_it_shows(show: Show) -> None:
    images = show().value(
        "Promise.all([...document.images].map(async (image) => (await image.decode(), "
        "[image.naturalWidth, image.naturalHeight, image.alt])))"
    )
    assert len(images) > len(catalogue.names())
    for width, height, alt in images:
        assert width > 400
        assert height > 200
        assert len(alt) > 60


def test_every_link_leads_somewhere_and_no_name_is_given_twice(show: Show) -> None:
    seen = show()
    links = seen.value("[...document.links].map((link) => link.getAttribute('href'))")
    assert len(links) > 2 * len(catalogue.names())
    for link in set(links):
        assert link.startswith("#")
        assert seen.value(f"document.getElementById({link[1:]!r}) !== null"), link
    names = seen.value("[...document.querySelectorAll('[id]')].map((element) => element.id)")
    assert len(set(names)) == len(names)


def test_headings_go_down_by_one(show: Show) -> None:
    levels = show().value(
        "[...document.querySelectorAll('h1, h2, h3')].map((h) => Number(h.tagName[1]))"
    )
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("width", [320, PHONE, 768, DESK])
def test_nothing_is_wider_than_the_window(width: int, show: Show) -> None:
    seen = show(width)
    seen.value("document.querySelectorAll('details').forEach((part) => (part.open = true))")
    assert seen.value("document.documentElement.scrollWidth <= innerWidth")
    assert seen.value("innerWidth") == width
    assert seen.value(TOO_WIDE) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_text_is_told_from_what_is_behind_it(width: int, scheme: str, show: Show) -> None:
    seen = show(width, prefers_color_scheme=scheme)
    seen.value("document.querySelectorAll('details').forEach((part) => (part.open = true))")
    contrasts = seen.value(CONTRASTS)
    assert len(contrasts) > 100
    assert [pair for pair in contrasts if pair[1] < ENOUGH] == []


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_figure_is_enlarged_by_a_click_and_made_small_again(width: int, show: Show) -> None:
    seen = show(width)
    small = seen.value("document.querySelector('.zoom img').offsetWidth")
    for number in range(seen.value("document.querySelectorAll('.zoom').length")):
        button = f"document.querySelectorAll('.zoom')[{number}]"
        seen.value(f"{button}.click()")
        seen.until("document.querySelector('dialog').open")
        seen.until("document.querySelector('dialog img').offsetWidth > 0")
        alts = seen.value(
            f"[document.querySelector('dialog img'), {button}.children[0]].map(i => i.alt)"
        )
        assert alts[0] == alts[1]
        if width == PHONE:
            assert seen.value("document.querySelector('dialog img').offsetWidth") > 2 * small
        seen.value("document.querySelector('dialog').click()")
        assert not seen.value("document.querySelector('dialog').open")


def test_a_figure_is_enlarged_and_made_small_by_keyboard_alone(show: Show) -> None:
    seen = show()
    seen("Page.bringToFront")
    seen.value("document.querySelector('.zoom').focus()")
    seen.press("Enter")
    seen.until("document.querySelector('dialog').open")
    seen.press("Escape")
    seen.until("!document.querySelector('dialog').open")
    assert seen.value("document.activeElement === document.querySelector('.zoom')")


SHOWN = (
    "[...document.querySelectorAll('.animation img')]"
    ".filter((image) => image.checkVisibility()).map((image) => image.className)"
)


def test_what_moves_can_be_held_still(show: Show) -> None:
    seen = show()
    assert set(seen.value(SHOWN)) == {"moving"}
    seen.value("document.querySelectorAll('.animation input').forEach((box) => box.click())")
    assert set(seen.value(SHOWN)) == {"still"}


@pytest.mark.parametrize("media", [{"kind": "print"}, {"prefers_reduced_motion": "reduce"}])
def test_nothing_moves_where_nothing_may(media: dict[str, str], show: Show) -> None:
    assert set(show(**media).value(SHOWN)) == {"still"}


def test_it_prints_with_its_figures(show: Show) -> None:
    printed = show().pdf()
    assert printed.startswith(b"%PDF")
    assert printed.count(b"/Subtype /Image") + printed.count(b"/Subtype/Image") >= len(
        catalogue.names()
    )


TRICK = "<script>document.title = 'caught'</script><img src=x onerror=alert(1)>"


def test_what_a_demo_says_is_text_and_never_markup(
    show: Show, made_up: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = DEMO.format(name="tricky", run=f"print({TRICK!r})", holds=True, control=False)
    text = text.replace("says: a.", f"says: a {TRICK}.").replace("[bold]", TRICK)
    text = text.replace('"nothing"', f'"nothing\\"> {TRICK}"')
    (catalogue.FOLDER / "made_up_tricky.py").write_text(text)
    assert main(["made_up_tricky", "--out", str(made_up)]) == 0
    capsys.readouterr()
    seen = show(page=made_up / "gallery" / "index.html")
    assert seen.value("document.title").startswith("minigrad")
    assert seen.value("document.scripts.length") == 1
    assert seen.value("document.images.length") == 1
    assert seen.value("document.images[0].alt") == f'nothing"> {TRICK}'
    for place in "section p", "td", "pre":
        said: Any = seen.value(f"[...document.querySelectorAll('{place}')].map(e => e.textContent)")
        assert any(TRICK in one for one in said), place


def test_failures_are_seen_and_linked(
    show: Show, made_up: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = "made_up_good", "made_up_bad", "made_up_raising"
    assert main([*names, "--out", str(made_up)]) == 1
    capsys.readouterr()
    seen = show(page=made_up / "gallery" / "index.html", prefers_color_scheme="dark")
    assert seen.value("[...document.querySelectorAll('.note.failed a')].map(a => a.hash)") == [
        "#made_up_bad",
        "#made_up_raising",
    ]
    assert "no way" in seen.value("document.querySelector('#made_up_raising').innerText")
    assert [pair for pair in seen.value(CONTRASTS) if pair[1] < ENOUGH] == []
