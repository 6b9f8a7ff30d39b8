"""In the error surface of one recurrent unit stands a wall; a step that meets it leads far away.

The tutorial says: where the function is steep the descent jumps, the global minimum is missed, and
this "results in an unstable network, which is not able to learn from the training data"; a remedy
is "gradient clipping".

Theory predicts: the unit ``x_t = w sigmoid(x_(t-1)) + b`` stays at x = 1/2, where it starts, if
b = 1/2 - w sigmoid(1/2). On that line a small change grows by m = w sigmoid'(1/2) a step, and the
gradient after n steps by ``(m^n - 1) / (m - 1)``: exponentially if w > 1 / sigmoid'(1/2) = 4.26,
where the line becomes a wall between starts that lead up and starts that lead down. Before that it
stays small.

Where they disagree: the tutorial's jump leads to a poor minimum. This one leads to a plateau, where
there is nothing to descend; one step has turned an exploding gradient into a vanishing one.

Experiment: E = (sigmoid(x_50) - 0.7)^2 and its gradient by autodiff, on a map of w and b and along
the wall; SGD at 0.1 from a place on the wall, and from places drawn around it. The control is
clipped to a norm of 1.

Sources: Pascanu, Mikolov & Bengio 2013, figure 6, for the surface of a single unit after 50 steps;
Doya 1993 for the bifurcation; the wall's place and slope are derived here.

Command: ``python -m demos exploding_gradient_wall``; about two seconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minigrad import func, optim, tensor
from minigrad.nn import functional as F

from .claims import Claim, with_error
from .pictures import Picture
from .protocol import Each
from .style import BLACK, BLUE, LINES, ORANGE, VERMILION

UNROLLED, TARGET, START = 50, 0.7, 0.5  # steps of the unit; of sigmoid(x); x_0
WEIGHTS, BIASES = (1.0, 8.0), (-4.0, 0.0)  # the map
ACROSS, QUICK_ACROSS = 176, 71  # points of the map in each direction
SIGMOID_AT_START = 1.0 / (1.0 + math.exp(-START))
SLOPE_AT_START = SIGMOID_AT_START * (1.0 - SIGMOID_AT_START)
WALL_BEGINS = 1.0 / SLOPE_AT_START
ON_WALL = np.linspace(4.4, 6.0, 33)  # beyond, rounding is amplified too much to be compared
BEFORE_WALL = np.linspace(1.0, 4.0, 31)
CLOSE = 1e-6  # relative
STEEPER, SMALL = 1e4, 1.0  # than the median of the map; a gradient where there is no wall
RATE, CLIP, STEPS = 0.1, 1.0, 600
FROM_WEIGHT = 4.94  # of the place on the wall
PLACES, QUICK_PLACES = 200, 30
AROUND_WEIGHT, AROUND_WALL = (4.6, 5.4), 0.25  # where places are drawn: w, and b from the wall's
FAR, FLAT, LEARNED = 10.0, 0.05, 1e-3  # a jump; errors
MOST = 0.5  # of the places


def error(w: Any, b: Any) -> Any:
    """E after all steps of the unit."""
    x: Any = START
    for _ in range(UNROLLED):
        x = w * F.sigmoid(x) + b
    return (F.sigmoid(x) - TARGET) ** 2


def slopes(w: Any, b: Any) -> np.ndarray:
    """The gradient by w and by b, (2, ...), for arrays of places."""
    both = func.grad(lambda w, b: np.sum(error(w, b)), (0, 1))
    return np.stack(both(*np.broadcast_arrays(w, b)))


def wall(w: Any) -> Any:
    """The b at which x = 1/2 is a fixed point, for a w."""
    return START - w * SIGMOID_AT_START


def slope_on_wall(w: Any) -> Any:
    """The norm of the gradient there, by formula."""
    m = w * SLOPE_AT_START
    growth = (m**UNROLLED - 1.0) / (m - 1.0)  # dx_50 / db; dx_50 / dw is sigmoid(1/2) times it
    outer = 2.0 * (SIGMOID_AT_START - TARGET) * SLOPE_AT_START
    return np.abs(outer * growth) * math.hypot(1.0, SIGMOID_AT_START)


@dataclass(frozen=True)
class Course:
    """A descent: places (steps + 1, 2, ...), and the errors there."""

    places: np.ndarray
    errors: np.ndarray

    @property
    def jumps(self) -> np.ndarray:
        """The longest step of each."""
        return np.asarray(np.linalg.norm(np.diff(self.places, axis=0), axis=1).max(axis=0))


@dataclass(frozen=True)
class Results:
    """The map, the wall, and descents without a clip and with one."""

    weights: np.ndarray
    biases: np.ndarray
    errors: np.ndarray  # (weights, biases)
    gradients: np.ndarray  # (weights, biases): norms
    on_wall: np.ndarray  # norms, at ON_WALL
    before_wall: np.ndarray  # norms, at BEFORE_WALL
    from_wall: dict[bool, Course]  # by whether it is clipped: of one
    from_around: dict[bool, Course]  # of many


def run(seed: int, quick: bool = False, each: Each = map) -> Results:
    """Everything that the claims and the figures need; there is no sweep that takes long."""
    across = QUICK_ACROSS if quick else ACROSS
    weights, biases = np.linspace(*WEIGHTS, across), np.linspace(*BIASES, across)
    w, b = np.meshgrid(weights, biases, indexing="ij")
    draw = np.random.default_rng(seed)
    places = QUICK_PLACES if quick else PLACES
    around_w = draw.uniform(*AROUND_WEIGHT, places)
    around_b = wall(around_w) + draw.uniform(-AROUND_WALL, AROUND_WALL, places)
    start = np.array([FROM_WEIGHT, wall(FROM_WEIGHT)])
    clips = (False, True)
    return Results(
        weights=weights,
        biases=biases,
        errors=error(w, b),
        gradients=np.linalg.norm(slopes(w, b), axis=0),
        on_wall=np.linalg.norm(slopes(ON_WALL, wall(ON_WALL)), axis=0),
        before_wall=np.linalg.norm(slopes(BEFORE_WALL, wall(BEFORE_WALL)), axis=0),
        from_wall={clip: descend(start, clip) for clip in clips},
        from_around={clip: descend_all(np.stack([around_w, around_b]), clip) for clip in clips},
    )


def descend(start: np.ndarray, clipped: bool) -> Course:
    """One descent, by minigrad's SGD with its clipping by the norm."""
    place = tensor(start, requires_grad=True)
    optimizer = optim.SGD([place], lr=RATE, clip_norm=CLIP if clipped else None)
    places, errors = [start], []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = error(place[0], place[1])
        errors.append(loss.item())
        loss.backward()
        optimizer.step()
        places.append(place.detach().numpy().copy())
    return Course(np.array(places), np.array([*errors, float(error(*places[-1]))]))


def descend_all(starts: np.ndarray, clipped: bool) -> Course:
    """Many descents side by side, each clipped by its own norm."""
    places = [starts]
    for _ in range(STEPS):
        g = slopes(*places[-1])
        if clipped:
            g = g * np.minimum(1.0, CLIP / (np.linalg.norm(g, axis=0) + 1e-6))
        places.append(places[-1] - RATE * g)
    course = np.array(places)
    return Course(course, error(course[:, 0], course[:, 1]))


def claims(results: Results, quick: bool = False) -> list[Claim]:
    """The table's lines."""
    return [
        *_wall_claims(results),
        *_one_claims(results.from_wall),
        *_many_claims(results.from_around),
    ]


def _wall_claims(results: Results) -> list[Claim]:
    apart = float(np.abs(results.on_wall / slope_on_wall(ON_WALL) - 1.0).max())
    median, top = float(np.median(results.gradients)), float(results.on_wall.max())
    largest = float(results.before_wall.max())
    low, high = ON_WALL[[0, -1]]
    return [
        Claim(
            f"on the wall, for w from {low:g} to {high:g}, the gradient is as predicted, to "
            f"{CLOSE:g} of it",
            f"from {slope_on_wall(low):.2g} to {slope_on_wall(high):.2g} ((m^50 - 1) / (m - 1))",
            f"{apart:.1e} apart",
            apart < CLOSE,
        ),
        Claim(
            f"there it is more than {STEEPER:g} times the median of the map",
            f"up to {slope_on_wall(high) / median:.1e} times",
            f"{top / median:.1e} times the median, {median:.3f}",
            top / median > STEEPER,
        ),
        Claim(
            f"on the same line before the wall begins, for w below {BEFORE_WALL[-1]:g}, the "
            f"gradient stays below {SMALL:g}",
            f"at most {float(slope_on_wall(BEFORE_WALL).max()):.2f}; the wall begins at "
            f"{WALL_BEGINS:.2f}",
            f"at most {largest:.2f}",
            largest < SMALL,
            is_control=True,
        ),
    ]


def _one_claims(courses: dict[bool, Course]) -> list[Claim]:
    free, clipped = courses[False], courses[True]
    jump, longest = float(free.jumps), float(clipped.jumps)
    place = ", ".join(f"{value:.0f}" for value in free.places[-1])
    return [
        Claim(
            f"from the wall at w = {FROM_WEIGHT:g}, not clipped, the first step is longer than "
            f"{FAR:g}",
            f"{RATE * slope_on_wall(FROM_WEIGHT):.1f} (lr times the gradient)",
            f"{jump:.1f}",
            jump > FAR,
        ),
        Claim(
            f"and it ends on a plateau: the error stays above {FLAT:g}",
            f"{(1.0 - TARGET) ** 2:.2f}, where sigmoid(x) is 1",
            f"{free.errors[-1]:.4f} at ({place})",
            bool(free.errors[-1] > FLAT),
        ),
        Claim(
            f"clipped to a norm of {CLIP:g}, the error from there falls below {LEARNED:g}",
            f"0, with no step longer than {RATE * CLIP:g}",
            f"{clipped.errors[-1]:.1e}, longest step {longest:.3f}",
            bool(clipped.errors[-1] < LEARNED),
            is_control=True,
        ),
    ]


def _many_claims(courses: dict[bool, Course]) -> Iterator[Claim]:
    free, clipped = courses[False], courses[True]
    flat = (free.errors[-1] > FLAT).astype(float)
    yield Claim(
        f"from {len(flat)} places drawn around the wall, not clipped, more than {MOST:.0%} end on "
        "the plateau",
        "most",
        with_error(flat, 2),
        bool(flat.mean() > MOST),
    )
    learned = int((clipped.errors[-1] < LEARNED).sum())
    yield Claim(
        f"clipped, from all of these places the error falls below {LEARNED:g}",
        f"{len(flat)} of {len(flat)}",
        f"{learned} of {len(flat)}",
        learned == len(flat),
        is_control=True,
    )


def figures(results: Results) -> dict[str, Picture]:
    """The surface with both descents, and the gradient along the wall."""
    return {"surface": _surface(results), "along_the_wall": _along_the_wall(results)}


def _surface(results: Results) -> Picture:
    figure = Figure(figsize=(11, 5.0), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    filled = left.contourf(
        results.weights, results.biases, results.errors.T, np.linspace(0.0, 0.5, 11), cmap="Greys"
    )
    figure.colorbar(
        filled, ax=left, location="bottom", label="error E (the darker, the larger)", aspect=40
    )
    along = np.array([WALL_BEGINS, WEIGHTS[1]])
    left.plot(along, wall(along), c=ORANGE, ls=LINES[1], lw=2.0, label="wall, predicted")
    left.plot(WALL_BEGINS, wall(WALL_BEGINS), "o", c=ORANGE, label=f"begins at {WALL_BEGINS:.2f}")
    for clip, colour, line in (False, VERMILION, "s--"), (True, BLUE, "o-"):
        course = results.from_wall[clip]
        label = f"control: clipped at {CLIP:g}" if clip else "not clipped"
        left.plot(*course.places.T, line, c=colour, lw=1.2, ms=3, label=label)
        right.plot(*course.places[[0, -1]].T, line, c=colour, ms=6, label=label)
        step = course.places[1]
        right.annotate(
            f"E = {course.errors[-1]:.1g}", course.places[-1],
            (-8, -4) if not clip else (10, -4), textcoords="offset points",
            ha="left" if clip else "right",
        )  # fmt: skip
        if not clip:
            right.set_title(f"the first step is {np.hypot(*(step - course.places[0])):.0f} long")
    left.set(xlim=WEIGHTS, ylim=BIASES, xlabel="w", ylabel="b")
    left.set_title("one recurrent unit, 50 steps")
    left.legend(loc="lower left", frameon=True, framealpha=1.0)
    right.set(xlabel="w", ylabel="b")
    right.legend(loc="upper left")
    return Picture(
        figure,
        "Left: a map of the error by w and b, with a sharp edge between dark and light that begins "
        f"at w = {WALL_BEGINS:.2f} and runs down to the right along the predicted line. The "
        "descent that is not clipped leaves the map at once; the clipped one follows the edge to a "
        "place of error 0. Right, from further away: the first has jumped to w = "
        f"{results.from_wall[False].places[-1][0]:.0f}, b = "
        f"{results.from_wall[False].places[-1][1]:.0f} and stays there.",
    )


def _along_the_wall(results: Results) -> Picture:
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    _gradients(left, results)
    for clip, colour, line in (False, VERMILION, LINES[1]), (True, BLUE, LINES[0]):
        errors = results.from_around[clip].errors
        label = f"control: clipped at {CLIP:g}" if clip else "not clipped"
        low, middle, high = np.quantile(errors, [0.1, 0.5, 0.9], axis=1)
        right.plot(middle, c=colour, ls=line, label=f"{label}: median, and 80% of places")
        right.fill_between(np.arange(len(middle)), low, high, fc=colour, alpha=0.2, ec="none")
    right.axhline((1.0 - TARGET) ** 2, c=BLACK, lw=0.8, ls=LINES[3], label="plateau, 0.09")
    right.set(yscale="log", ylim=(1e-6, 20.0), xlabel="step", ylabel="error E")
    right.set_title(f"from {results.from_around[True].errors.shape[1]} places around the wall")
    right.legend(loc="upper right")
    flat = float((results.from_around[False].errors[-1] > FLAT).mean())
    return Picture(
        figure,
        "Left: the gradient on the predicted line by w, on a logarithmic axis: below 1 before the "
        f"wall begins, then it grows exponentially, to {results.on_wall.max():.1e} at w = 6, as "
        "predicted. Right: the error by step from places around the wall. Clipped, it falls to 0 "
        f"from all; not clipped, {flat:.0%} end on the plateau of 0.09.",
    )


def _gradients(ax: Axes, results: Results) -> None:
    w = np.linspace(1.0, 6.0, 400)
    ax.plot(w, slope_on_wall(w), c=BLUE, lw=1.2, label="predicted, (mⁿ − 1) / (m − 1)")
    ax.plot(
        ON_WALL, results.on_wall, "o", c=VERMILION, mfc="none", label="on the wall, by autodiff"
    )
    ax.plot(
        BEFORE_WALL, results.before_wall, "s", c=BLACK, mfc="none", ms=4,
        label="control: before it begins",
    )  # fmt: skip
    ax.axvline(WALL_BEGINS, c=ORANGE, ls=LINES[1])
    median = np.median(results.gradients)
    ax.axhline(median, c=BLACK, lw=0.8, ls=LINES[3], label="median of the map")
    ax.set(yscale="log", xlabel="w", ylabel="norm of the gradient of E")
    ax.set_title("b = 1/2 − w sigmoid(1/2)")
    ax.legend(loc="upper left")
