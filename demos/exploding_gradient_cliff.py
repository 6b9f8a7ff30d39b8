"""One step from a cliff leads past the global minimum; a clipped step does not.

The tutorial says: all goes well until a point m, where "the function's derivative, however, is so
steep" that the descent "jumps to point p, causing the global minimum to be missed"; "gradient
clipping" is a solution. That is its figure 7.

Theory predicts: a step is the learning rate times the slope; on a cliff of slope 100, at a rate of
0.1, it is 10 long, whatever lies there. A bound on the slope bounds the step. In one dimension
clipping by value and by norm are the same.

Where they disagree: the jump needs luck. A descent that comes in steps of 0.05 meets a cliff of
width w with a probability of ``w / 0.05``, and steps over a narrow one as if it were not there; a
cliff does harm because training passes it, or others like it, many times.

Experiment: a gentle slope of -1/2, a cliff at 1, behind it the global minimum at 3 and a poor one
at 25; SGD at 0.1 from starts that are drawn on the gentle slope. The controls are clipped at 1 and
5.

Sources: the tutorial, figure 7; Pascanu, Mikolov & Bengio 2013, section 2.3, for walls in the error
surface and for clipping.

Command: ``python -m demos exploding_gradient_cliff``; about two seconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minigrad import optim, tensor

from .claims import Claim
from .pictures import Animation, Picture
from .protocol import Each
from .style import BLACK, BLUE, GREEN, LINES, ORANGE, VERMILION

GENTLE, STEEP, EDGE = 0.5, 100.0, 1.0  # slopes before and on the cliff; where it begins
WIDTH, NARROW = 0.1, (0.04, 0.025, 0.0125)  # of the cliff
GLOBAL, POOR = 3.0, 25.0  # minima
ABOVE = 3.8  # by which the poor one is higher
BROAD = 0.1  # its curvature; the global one has 1
RATE, STEPS = 0.1, 700
STARTS, FIRST, LAST = 400, -3.0, 0.9
NO_CLIP, CLIPS = math.inf, (1.0, 5.0)
NEAR = 0.1  # a minimum is reached
EXACT = 1e-9
FRAMES_BEFORE, FRAMES_AFTER = 12, 70  # of the animation: steps before the cliff, and after it


def f(x: Any, width: Any = WIDTH) -> Any:
    """A gentle slope, a cliff, and the lower one of two wells; continuous."""
    gentle = GENTLE * (EDGE - x)
    cliff = STEEP * (EDGE - x)
    foot = EDGE + width
    floor = -STEEP * width - 0.5 * (foot - GLOBAL) ** 2
    well = floor + 0.5 * (x - GLOBAL) ** 2
    poor = floor + ABOVE + 0.5 * BROAD * (x - POOR) ** 2
    beyond = np.where(x < foot, cliff, np.minimum(well, poor))
    return np.where(x < EDGE, gentle, beyond)


@dataclass(frozen=True)
class Results:
    """Courses, (STEPS + 1, STARTS): positions before each step and after the last."""

    courses: dict[float, np.ndarray]  # by clip
    narrow: dict[float, np.ndarray]  # by width, not clipped: the last positions


def run(seed: int, quick: bool = False, each: Each = map) -> Results:
    """Everything that the claims and the figures need; there is no sweep that takes long."""
    draw = np.random.default_rng(seed)
    starts = draw.uniform(FIRST, LAST, STARTS)
    courses = {clip: descend(starts, WIDTH, clip) for clip in (NO_CLIP, *CLIPS)}
    others = draw.uniform(FIRST, LAST, (len(NARROW), STARTS))
    last = descend(others, np.array(NARROW)[:, None], NO_CLIP)[-1]
    return Results(courses, dict(zip(NARROW, last, strict=True)))


def descend(starts: np.ndarray, width: Any, clip: float) -> np.ndarray:
    """The courses of SGD from all starts, side by side: each element has its own descent."""
    x = tensor(starts, requires_grad=True)
    optimizer = optim.SGD([x], lr=RATE, clip_value=None if clip == NO_CLIP else clip)
    course = [starts]
    for _ in range(STEPS):
        optimizer.zero_grad()
        f(x, width).sum().backward()
        optimizer.step()
        course.append(x.detach().numpy().copy())
    return np.array(course)


def claims(results: Results, quick: bool = False) -> list[Claim]:
    """The table's lines."""
    return [*_cliff_claims(results), *_narrow_claims(results)]


def _cliff_claims(results: Results) -> Iterator[Claim]:
    for clip, course in results.courses.items():
        clipped = clip != NO_CLIP
        minimum, name = (GLOBAL, "global") if clipped else (POOR, "poor")
        there = int((np.abs(course[-1] - minimum) < NEAR).sum())
        yield Claim(
            f"{f'clipped at {clip:g}' if clipped else 'not clipped'}, all descents end in the "
            f"{name} minimum",
            f"{len(course[-1])} of {len(course[-1])}",
            f"{there} of {len(course[-1])}",
            there == len(course[-1]),
            is_control=clipped,
        )
    longest = float(np.abs(np.diff(results.courses[NO_CLIP], axis=0)).max())
    yield Claim(
        f"the longest step is the rate times the slope of the cliff, to {EXACT:g}",
        f"{RATE * STEEP:g} (lr · {STEEP:g})",
        f"{longest:.6g}",
        abs(longest - RATE * STEEP) < EXACT,
    )
    longest = max(float(np.abs(np.diff(results.courses[c], axis=0)).max()) / c for c in CLIPS)
    yield Claim(
        f"a clipped step is never longer than the rate times the bound, to {EXACT:g}",
        f"{RATE:g} of the bound (lr)",
        f"at most {longest:.6g} of it",
        longest < RATE + EXACT,
        is_control=True,
    )


def _narrow_claims(results: Results) -> Iterator[Claim]:
    for width, last in results.narrow.items():
        p = width / (RATE * GENTLE)
        thrown = float((np.abs(last - POOR) < NEAR).mean())
        error = math.sqrt(p * (1.0 - p) / len(last))
        yield Claim(
            f"a cliff of width {width:g} throws as many as meet it, within 4 s.e.",
            f"{p:.3f} ({width:g} / {RATE * GENTLE:g})",
            f"{thrown:.3f} ± {error:.3f}",
            abs(thrown - p) < 4.0 * error,
        )


def figures(results: Results) -> dict[str, Picture]:
    """The tutorial's figure 7, still and in motion, and the luck that it needs."""
    return {"cliff": _cliff(results), "cliff_in_motion": _in_motion(results)}


def _landscape(ax: Axes) -> None:
    x = np.concatenate([np.linspace(-3.0, 1.2, 300), np.linspace(1.2, 29.0, 600)])
    ax.plot(x, f(x), c=BLUE, lw=1.4)
    ax.set(xlabel="x", xlim=(-3.5, 29.0), ylim=(-13.5, 9.5))


def _one(results: Results) -> dict[float, np.ndarray]:
    """The courses from the last start before the cliff, so that few steps are on the slope."""
    first = results.courses[NO_CLIP][0]
    start = int(np.abs(first - (EDGE - FRAMES_BEFORE * RATE * GENTLE)).argmin())
    return {clip: course[:, start] for clip, course in results.courses.items()}


def _cliff(results: Results) -> Picture:
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    _landscape(left)
    for (clip, course), colour, line, marker in zip(
        _one(results).items(), (VERMILION, BLACK, GREEN), LINES[1:], "os^", strict=False
    ):
        label = "not clipped" if clip == NO_CLIP else f"control: clipped at {clip:g}"
        if clip != CLIPS[1]:
            left.plot(
                course, f(course), marker, ls=line, lw=1.0, c=colour, mfc="none", ms=4, label=label
            )
    course = _one(results)[NO_CLIP]
    on_cliff = int((course >= EDGE).argmax())
    for name, place, offset in (
        ("s", course[0], (-4, 8)),
        ("m", course[on_cliff], (6, 2)),
        ("p", course[on_cliff + 1], (6, 4)),
        ("global\nminimum", GLOBAL, (0, -4)),
        ("poor minimum", POOR, (0, -6)),
    ):
        below = {"ha": "center", "va": "top"} if "minimum" in name else {}
        left.annotate(
            name, (place, f(place)), offset, textcoords="offset points",
            weight="normal" if below else "bold", **below,
        )  # fmt: skip
    left.set(ylabel="f(x)", title="figure 7: from s over the cliff at m to p", ylim=(-16.0, 9.5))
    left.legend(loc="upper right")
    widths = np.linspace(0.0, 1.2 * WIDTH, 100)
    right.plot(widths, np.minimum(1.0, widths / (RATE * GENTLE)), c=BLUE, label="predicted")
    shares = {width: (np.abs(last - POOR) < NEAR).mean() for width, last in results.narrow.items()}
    shares[WIDTH] = (np.abs(results.courses[NO_CLIP][-1] - POOR) < NEAR).mean()
    right.plot(*zip(*shares.items(), strict=True), "o", c=VERMILION, label="not clipped")
    clipped = (np.abs(results.courses[CLIPS[0]][-1] - POOR) < NEAR).mean()
    right.plot(WIDTH, clipped, "s", c=BLACK, label=f"control: clipped at {CLIPS[0]:g}")
    right.set(xlabel="width of the cliff", ylabel="share that misses the global minimum")
    right.set_title("it takes luck to meet a narrow cliff")
    right.legend(loc="center right")
    return Picture(
        figure,
        "Left: a gentle slope, a cliff at 1 and behind it a deep well at 3 and a shallow one at "
        f"25. A descent from s that is not clipped jumps from the cliff, at m, to p at "
        f"{course[on_cliff + 1]:.1f} and ends in the shallow well; the clipped one ends in the "
        "deep well. Right: the share that misses the deep well by the width of the cliff, on the "
        "predicted line: it rises to 1 at a width of one step and stays there; clipped, it is 0.",
    )


def _in_motion(results: Results) -> Animation:
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    courses = _one(results)
    shown, moving = [], []
    for ax, clip in zip(axes, (NO_CLIP, CLIPS[0]), strict=True):
        course = courses[clip]
        on_cliff = int((course >= EDGE).argmax())
        shown.append(course[max(on_cliff - FRAMES_BEFORE, 0) : on_cliff + FRAMES_AFTER])
        _landscape(ax)
        moving += ax.plot([], [], "o-", c=ORANGE, lw=0.8, ms=3)
        moving += ax.plot([], [], "o", c=BLACK, ms=8)
        ax.set_title("not clipped" if clip == NO_CLIP else f"control: clipped at {clip:g}")
    axes[0].set_ylabel("f(x)")
    frames = min(len(course) for course in shown)

    def move(frame: int) -> None:
        for course, trail, ball in zip(shown, moving[::2], moving[1::2], strict=True):
            been = course[: frame + 1]
            trail.set_data(been, f(been))
            ball.set_data(been[-1:], f(been[-1:]))

    return Animation(
        figure,
        "Two balls come down a gentle slope to a cliff. The one on the left, which is not clipped, "
        "jumps from the cliff far to the right, over the deep well, and creeps into the shallow "
        "one; the one on the right, clipped, goes down the cliff and into the deep well.",
        moving,
        move,
        frames,
    )
