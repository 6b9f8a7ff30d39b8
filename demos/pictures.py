"""A figure with its description in words, and the files that it becomes."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from matplotlib.figure import Figure

from .files import write_whole

KINDS = ("png", "svg")


@dataclass(frozen=True)
class Picture:
    """A figure, and what it shows, for those who cannot see it."""

    figure: Figure
    alt: str

    def save(self, folder: Path, name: str) -> list[Path]:
        """Write it in every kind; the same figure gives the same bytes."""
        paths = [folder / f"{name}.{kind}" for kind in KINDS]
        for kind, path in zip(KINDS, paths, strict=True):
            drawing = BytesIO()
            undated = {"Date": None} if kind == "svg" else {}
            self.figure.savefig(drawing, format=kind, metadata=undated)
            write_whole(path, drawing.getvalue())
        return paths
