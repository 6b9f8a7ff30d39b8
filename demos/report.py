"""What is reported of a run: the table of claims, one sentence in sum, and ``results.json``."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table

from .catalogue import page
from .files import write_whole
from .runner import Outcome
from .versions import versions

VERDICT = {True: "holds", False: "does not hold"}


def table(outcomes: list[Outcome]) -> Table:
    """A line for each claim."""
    lines = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    lines.add_column("demo", overflow="fold")
    lines.add_column("claim", ratio=5)
    lines.add_column("published or predicted", ratio=3)
    lines.add_column("measured", ratio=3)
    lines.add_column("verdict", no_wrap=True)
    for outcome in outcomes:
        name = outcome.name
        for claim in outcome.claims:
            text = f"control: {claim.text}" if claim.is_control else claim.text
            style = "" if claim.holds else "bold red"
            lines.add_row(
                name, text, claim.expected, claim.measured, VERDICT[claim.holds], style=style
            )
            name = ""
        lines.add_section()
    return lines


def line(outcome: Outcome) -> str:
    """How one demo went."""
    held = f"{sum(c.holds for c in outcome.claims)} of {len(outcome.claims)} claims hold"
    return outcome.error or f"{outcome.name}: {held}, {outcome.seconds:.1f} s"


def summary(outcomes: list[Outcome], quick: bool, seconds: float, out: Path) -> str:
    """How many claims hold, the time, and where the gallery is; then what went wrong."""
    claims = [claim for outcome in outcomes for claim in outcome.claims]
    held = sum(claim.holds for claim in claims)
    form = " (quick: fewer repetitions, wider thresholds)" if quick else ""
    page = out / "gallery" / "index.html"
    sentence = f"{held} of {len(claims)} claims hold{form}, {seconds:.1f} s; gallery: {page}"
    return "\n".join([sentence, *(outcome.error for outcome in outcomes if outcome.error)])


def save(outcomes: list[Outcome], seed: int, quick: bool, seconds: float, out: Path) -> None:
    """Write ``results.json``: all that the table says, and how to come to it again."""
    record = {
        "seed": seed,
        "quick": quick,
        "seconds": round(seconds, 2),
        "versions": versions(),
        "demos": [_record(outcome) for outcome in outcomes],
    }
    text = json.dumps(record, indent=1, ensure_ascii=False)
    write_whole(out / "results.json", text.encode())


def _record(outcome: Outcome) -> dict[str, Any]:
    figures = [
        {"name": name, "alt": alt, "files": outcome.files[name]}
        for name, alt in outcome.alts.items()
    ]
    return {
        "name": outcome.name,
        "title": page(outcome.name).title,
        "seconds": round(outcome.seconds, 2),
        "error": outcome.error,
        "claims": [asdict(claim) for claim in outcome.claims],
        "figures": figures,
    }
