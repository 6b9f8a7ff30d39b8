"""The page: what the docstrings say, beside what came of the run."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from PIL import Image

from .. import catalogue
from ..files import write_whole
from ..runner import Outcome
from ..versions import versions
from .core import core, highlighted

FOLDER = Path(__file__).parent
STYLE = (FOLDER / "style.css").read_text("utf-8")
SCRIPT = (FOLDER / "zoom.js").read_text("utf-8")


@dataclass(frozen=True)
class Figure:
    """An image, as the page holds it."""

    name: str
    alt: str
    width: int
    height: int
    still: str  # as a data URI
    moving: str  # as another, or empty


@dataclass(frozen=True)
class Section:
    """One demo."""

    outcome: Outcome
    page: catalogue.Page
    figures: list[Figure]
    code: Markup

    @property
    def held(self) -> int:
        """How many of its claims hold."""
        return sum(claim.holds for claim in self.outcome.claims)


def save(
    outcomes: list[Outcome], asked: int, seed: int, quick: bool, seconds: float, out: Path
) -> None:
    """Write ``gallery/index.html`` of the demos that are finished, of those that were asked for."""
    page = html(outcomes, asked, seed, quick, seconds, out)
    write_whole(out / "gallery" / "index.html", page.encode())


def html(
    outcomes: list[Outcome], asked: int, seed: int, quick: bool, seconds: float, out: Path
) -> str:
    """The page, in the tutorial's order."""
    order = catalogue.names()
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"words": words, "sentence": sentence, "duration": duration}
    return environment.get_template("page.html").render(
        sections=[
            _section(one, out) for one in sorted(outcomes, key=lambda o: order.index(o.name))
        ],
        asked=asked,
        options=f"{' --quick' if quick else ''}{f' --seed {seed}' if seed else ''}",
        seed=seed,
        quick=quick,
        seconds=seconds,
        versions=versions(),
        style=Markup(STYLE),
        script=Markup(SCRIPT),
        script_hash=base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode(),
    )


def words(text: str) -> Markup:
    """A docstring's text: what stands between two backticks is code, ``x^2`` has a raised 2."""
    plain, *rest = re.split("``(.+?)``", text)
    marked = _raised(plain)
    for code, plain in zip(rest[::2], rest[1::2], strict=True):
        marked += Markup("<code>{}</code>").format(code) + _raised(plain)
    return marked


def sentence(text: str) -> str:
    """It begins with a capital, unless that is a symbol."""
    return re.sub(r"^(a|[a-z]{2,})(?= )", lambda word: word[0].capitalize(), text)


def _raised(text: str) -> Markup:
    base, *rest = re.split(r"\^(-?\d+\.\d+|-?\w+)", text)
    marked = escape(base)
    for power, base in zip(rest[::2], rest[1::2], strict=True):
        marked += Markup("<sup>{}</sup>").format(power) + escape(base)
    return marked


def duration(seconds: float) -> str:
    """In minutes and seconds."""
    if seconds < 60.0:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def _section(outcome: Outcome, out: Path) -> Section:
    source = (catalogue.FOLDER / f"{outcome.name}.py").read_text("utf-8")
    figures = [
        _figure(name, alt, [out / file for file in outcome.files[name]])
        for name, alt in outcome.alts.items()
    ]
    return Section(outcome, catalogue.page(outcome.name), figures, highlighted(core(source)))


def _figure(name: str, alt: str, files: list[Path]) -> Figure:
    by_kind = {file.suffix: file.read_bytes() for file in files}
    webp = BytesIO()
    with Image.open(BytesIO(by_kind[".png"])) as image:
        image.convert("RGB").save(webp, "WEBP", lossless=True)  # a third of the PNG
    moving = _uri("gif", by_kind[".gif"]) if ".gif" in by_kind else ""
    still = _uri("webp", webp.getvalue())
    return Figure(name.replace("_", " "), alt, *image.size, still, moving)


def _uri(kind: str, content: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
