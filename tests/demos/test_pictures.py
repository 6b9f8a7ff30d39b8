"""The files that figures become: whole, the same every time, and with motion where there is any."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from demos.pictures import LAST_FRAME, Animation, Picture
from demos.style import BLACK, figure_style

FRAMES, MILLISECONDS = 4, 120


def moving_ball() -> Animation:
    """A ball that goes from left to right."""
    with figure_style():
        figure = Figure(figsize=(4, 1), layout="constrained")
        ax = figure.subplots()
        ax.set(xlim=(-1, FRAMES), ylim=(-1, 1), xlabel="x", ylabel="y")
        (ball,) = ax.plot([], [], "o", c=BLACK, ms=15)

        def move(frame: int) -> None:
            ball.set_data([frame], [0.0])

        return Animation(figure, "a ball", [ball], move, FRAMES, MILLISECONDS)


def darkest_column(image: Image.Image) -> float:
    """Where the ball is, as a share of the width: away from the axes."""
    grey = np.asarray(image.convert("L"), float)
    rows = grey[int(0.3 * len(grey)) : int(0.45 * len(grey))]
    inner = rows[:, rows.shape[1] // 4 :]
    return float(inner.mean(axis=0).argmin() / inner.shape[1])


def test_a_picture_becomes_png_and_svg_without_a_date() -> None:
    figure = Figure()
    figure.subplots().plot([1, 2])
    with figure_style():
        picture = Picture(figure, "a line")
        assert picture.kinds == ("png", "svg")
        assert picture.drawn("png").startswith(b"\x89PNG")
        assert b"<dc:date>" not in picture.drawn("svg")


def test_an_animation_becomes_a_gif_with_its_frames_and_times() -> None:
    with Image.open(BytesIO(moving_ball().drawn("gif"))) as gif:
        assert gif.n_frames == FRAMES
        times, places = [], []
        for frame in range(FRAMES):
            gif.seek(frame)
            times.append(gif.info["duration"])
            places.append(darkest_column(gif))
    assert times == [MILLISECONDS] * (FRAMES - 1) + [LAST_FRAME]
    assert places == sorted(set(places))


def test_an_animation_becomes_the_same_bytes_every_time() -> None:
    first, second = (
        [ball.drawn(kind) for kind in ball.kinds] for ball in (moving_ball(), moving_ball())
    )
    assert first == second


def test_where_nothing_may_move_the_last_frame_is_seen() -> None:
    animation = moving_ball()
    still = Image.open(BytesIO(animation.drawn("png")))
    with Image.open(BytesIO(animation.drawn("gif"))) as gif:
        gif.seek(FRAMES - 1)
        assert abs(darkest_column(still) - darkest_column(gif)) < 0.05
