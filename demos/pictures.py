"""A figure with its description in words, and the files that it becomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, ClassVar

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

COLOURS = 64  # of a GIF; enough for few lines and the greys at their edges
PIXELS_AN_INCH = 80  # of a GIF
LAST_FRAME = 2000  # milliseconds that it is seen


@dataclass(frozen=True)
class Picture:
    """A figure, and what it shows, for those who cannot see it."""

    figure: Figure
    alt: str

    kinds: ClassVar[tuple[str, ...]] = ("png", "svg")

    def drawn(self, kind: str) -> bytes:
        """What its file of that kind holds; the same figure gives the same bytes."""
        drawing = BytesIO()
        undated = {"Date": None} if kind == "svg" else {}
        self.figure.savefig(drawing, format=kind, metadata=undated)
        return drawing.getvalue()


@dataclass(frozen=True)
class Animation(Picture):
    """A picture that moves: a GIF, and its last frame as PNG for paper and where nothing may move.

    Only what moves is drawn anew for a frame, over the rest, which is drawn once.
    """

    moving: Sequence[Artist]
    move: Callable[[int], object]  # takes them to where they are in a frame, from 0 on
    frames: int
    milliseconds: int = 80  # that a frame is seen

    kinds: ClassVar[tuple[str, ...]] = ("gif", "png")

    def drawn(self, kind: str) -> bytes:
        """What its file of that kind holds; a still one shows the last frame."""
        if kind == "gif":
            return self._gif()
        self.move(self.frames - 1)
        return super().drawn(kind)

    def _gif(self) -> bytes:
        self.figure.set_dpi(PIXELS_AN_INCH)
        canvas: Any = FigureCanvasAgg(self.figure)  # matplotlib gives its methods no types
        for artist in self.moving:
            artist.set_animated(True)
        canvas.draw()
        still = canvas.copy_from_bbox(self.figure.bbox)
        renderer = canvas.get_renderer()
        images = []
        for frame in range(self.frames):
            canvas.restore_region(still)
            self.move(frame)
            for artist in self.moving:
                artist.draw(renderer)
            drawn = np.asarray(canvas.buffer_rgba())
            images.append(Image.fromarray(drawn).convert("RGB"))
        for artist in self.moving:
            artist.set_animated(False)
        palette = images[-1].quantize(COLOURS, Image.Quantize.MAXCOVERAGE)
        few = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
        shown = [self.milliseconds] * (self.frames - 1) + [LAST_FRAME]
        file = BytesIO()
        few[0].save(file, "GIF", save_all=True, append_images=few[1:], duration=shown, loop=0)
        return file.getvalue()
