"""The look of all figures: readable in grey, by the colour-blind, and on paper."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from cycler import cycler

# Okabe & Ito 2008: told apart by the colour-blind; in the order of falling contrast in grey.
BLACK, VERMILION, BLUE, GREEN, ORANGE, SKY = (
    "#000000", "#d55e00", "#0072b2", "#009e73", "#e69f00", "#56b4e9",
)  # fmt: skip
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)))
MARKERS = ("o", "s", "^", "D", "v", "P")

SETTINGS: dict[Any, Any] = {
    "figure.dpi": 100,
    "savefig.dpi": 150,
    "savefig.bbox": "tight",
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.labelsize": 11,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": "#dddddd",
    "legend.frameon": False,
    "legend.fontsize": 10,
    "lines.linewidth": 1.8,
    "lines.markersize": 5,
    "svg.hashsalt": "minigrad",
    "svg.fonttype": "none",
    "axes.prop_cycle": cycler(color=[BLUE, VERMILION, GREEN, ORANGE, SKY, BLACK]),
}


@contextmanager
def figure_style() -> Iterator[None]:
    """Within it figures have this look."""
    with mpl.rc_context(SETTINGS):
        yield
