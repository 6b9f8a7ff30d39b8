"""Gradient descent in one dimension, by autodiff and by hand, goes exactly where it is predicted.

The tutorial says: one can "minimize a function by tracking its gradient and find a near minimum
solution", with PyTorch and with a derivative by hand; this "converges effectively to the minimum
point", whatever the start. The title of its figure tells where the search ended.

Theory predicts: the derivative is linear, so every step multiplies the distance from the minimum
by 1 - 6 lr, and ``x_n = 1/2 + (x_0 - 1/2) (1 - 6 lr)^n`` is known beforehand. One step arrives at
lr = 1/6, the steps swing for ever at lr = 1/3, and above it they diverge.

Where they disagree: the tutorial's prose says 3 x^2 + 3 x + 4, whose minimum is at -1/2; its code
says 3 x^2 - 3 x + 4, with the minimum at +1/2, and that is what its figures show (both minima have
the value 3.25). Its NumPy cell stores ``localmin, grad``, arrays of one element, in a row of an
array, which NumPy 2.4 refuses; numbers are stored here. And it does not converge whatever the
learning rate: above 1/3 no start but the minimum itself leads to the minimum.

Experiment: the tutorial's 150 steps by autodiff and 175 by hand, from a random start, and from all
2000 starts that it draws from; its own run in float32, to the letter; five learning rates. The
control is the function of the prose, which must end at the other minimum.

Sources: the tutorial's code and printed output; Zhang et al., Dive into Deep Learning (D2L),
chapter_optimization/gd.md, for x^2 from 10 in 10 steps.

Command: ``python -m demos gradient_descent_1d``; about one second.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import minigrad as mg
from minigrad import func

from .claims import Claim
from .pictures import Animation, Picture
from .protocol import Each
from .style import BLACK, BLUE, GREEN, LINES, MARKERS, ORANGE, VERMILION

RATE, EPOCHS, EPOCHS_BY_HAND = 0.01, 150, 175  # the tutorial's
LEFT = 1.0 - 6.0 * RATE  # of the distance from the minimum, by a step
MINIMUM = 0.5
PRINTED_START, PRINTED_EDGE, PRINTED_END = 0.0295, 0.2008, "0.49996"  # by the tutorial
STARTS = np.linspace(-2.0, 2.0, 2000)  # the tutorial draws one of them
RATES = {"0.01": 0.01, "1/6": 1.0 / 6.0, "0.3": 0.3, "1/3": 1.0 / 3.0, "0.34": 0.34}
ARRIVES = "1/6"  # in one step
FARTHEST, STEPS = -2.0, 60  # where the descents at these rates start, and how long they are
STEPS_IN_MOTION = 16
D2L_START, D2L_STEPS, D2L_RATES = 10.0, 10, (0.2, 0.05, 1.1)  # of x^2, by D2L
EXACT, FACTOR_TOLERANCE = 1e-12, 1e-6
CODE, PROSE = "3x² − 3x + 4", "3x² + 3x + 4"


def f(x: Any) -> Any:
    """The tutorial's function, as in its code."""
    return 3 * x**2 - 3 * x + 4


def f_in_prose(x: Any) -> Any:
    """The tutorial's function, as in its prose."""
    return 3 * x**2 + 3 * x + 4


def slope_by_hand(x: Any) -> Any:
    """Its derivative, as the tutorial writes it out."""
    return 6 * x - 3


@dataclass(frozen=True)
class Descent:
    """The course of a descent: positions before each step and after the last, and slopes."""

    positions: np.ndarray  # (steps + 1, ...)
    slopes: np.ndarray  # (steps, ...)


@dataclass(frozen=True)
class Results:
    """The descents."""

    by_autodiff: Descent
    by_hand: Descent
    from_everywhere: Descent  # from all STARTS, by hand
    at_rates: dict[str, Descent]
    as_printed: Descent  # the tutorial's, float32: the smallest x and slope of 100
    other_sign: Descent  # of the prose's 3 x^2 + 3 x + 4
    parabola: dict[float, Descent]  # D2L's


def run(seed: int, quick: bool = False, each: Each = map) -> Results:
    """Everything that the claims and the figures need; there is no sweep that takes long."""
    start = float(np.random.default_rng(seed).choice(STARTS))
    slope = func.grad(lambda x: np.sum(f(x)))
    return Results(
        by_autodiff=descend(slope, start, RATE, EPOCHS),
        by_hand=descend(slope_by_hand, start, RATE, EPOCHS_BY_HAND),
        from_everywhere=descend(slope_by_hand, STARTS, RATE, EPOCHS_BY_HAND),
        at_rates={name: descend(slope, FARTHEST, rate, STEPS) for name, rate in RATES.items()},
        as_printed=as_printed(),
        other_sign=descend(func.grad(f_in_prose), PRINTED_START, RATE, EPOCHS),
        parabola={
            rate: descend(func.grad(lambda x: x**2), D2L_START, rate, D2L_STEPS)
            for rate in D2L_RATES
        },
    )


def descend(slope: Any, start: Any, rate: float, steps: int) -> Descent:
    """Plain gradient descent, in float64."""
    positions, slopes = [np.asarray(start, np.float64)], []
    for _ in range(steps):
        slopes.append(slope(positions[-1]))
        positions.append(positions[-1] - rate * slopes[-1])
    return Descent(np.array(positions), np.array(slopes))


def as_printed() -> Descent:
    """The tutorial's loop to the letter, from the smallest x that it prints, in float32."""
    xt = mg.linspace(PRINTED_START, PRINTED_EDGE, 100).requires_grad_()
    modelparams = np.zeros((EPOCHS, 2))
    for i in range(EPOCHS):
        yt = f(xt).sum()
        yt.backward()
        xt.data -= RATE * xt.grad.data  # type: ignore[union-attr]  # backward has just set it
        modelparams[i, 0] = xt.data.min()
        modelparams[i, 1] = xt.grad.data.min()  # type: ignore[union-attr]  # as above
        xt.grad = None
    return Descent(np.append(PRINTED_START, modelparams[:, 0]), modelparams[:, 1])


def predicted(start: Any, rate: float, steps: Any, minimum: float = MINIMUM) -> Any:
    """Where a descent is after some steps."""
    return minimum + (start - minimum) * (1.0 - 6.0 * rate) ** steps


def factor(descent: Descent) -> float:
    """By how much a step multiplies the distance from the minimum, over the first ten."""
    distance = np.abs(descent.positions - MINIMUM)
    return float((distance[10] / distance[0]) ** 0.1)


def claims(results: Results, quick: bool = False) -> list[Claim]:
    """The table's lines."""
    return [
        _course_claim("autodiff", results.by_autodiff),
        _course_claim("hand", results.by_hand),
        _everywhere_claim(results.from_everywhere),
        *_rate_claims(results),
        *_end_claims(results),
        *_parabola_claims(results),
    ]


def _course_claim(name: str, descent: Descent) -> Claim:
    steps = np.arange(len(descent.positions))
    course = predicted(descent.positions[0], RATE, steps)
    error = float(np.abs(descent.positions - course).max())
    return Claim(
        f"by {name}, each of {len(steps) - 1} steps leads where it is predicted, to {EXACT:g}",
        f"0 apart (1/2 + (x0 - 1/2) {LEFT:g}^n)",
        f"{error:.1e} apart",
        error < EXACT,
    )


def _everywhere_claim(descent: Descent) -> Claim:
    left = np.abs(descent.positions[-1] - MINIMUM)
    wanted = np.abs(predicted(STARTS, RATE, EPOCHS_BY_HAND) - MINIMUM)
    return Claim(
        f"from each of {len(STARTS)} starts, {EPOCHS_BY_HAND} steps lead as near as predicted",
        f"to {wanted.max():.3e}, from x0 = {STARTS[wanted.argmax()]:g} ({LEFT:g}^n)",
        f"to {left.max():.3e}, from x0 = {STARTS[left.argmax()]:g}",
        bool(left.max() <= wanted.max() + EXACT and left.argmax() == wanted.argmax()),
    )


def _rate_claims(results: Results) -> Iterator[Claim]:
    for name, rate in RATES.items():
        if name == ARRIVES:
            left = float(np.abs(results.at_rates[name].positions[1] - MINIMUM))
            text, wanted = f"at rate {name} one step arrives, to {EXACT:g}", "0 left (|1 - 6 lr|)"
            yield Claim(text, wanted, f"{left:.1e} left", left < EXACT)
            continue
        found, exact = factor(results.at_rates[name]), abs(1.0 - 6.0 * rate)
        yield Claim(
            f"at rate {name} a step multiplies the distance as predicted, to {FACTOR_TOLERANCE:g}",
            f"{exact:.6f} (|1 - 6 lr|)",
            f"{found:.6f}",
            abs(found - exact) < FACTOR_TOLERANCE,
        )


def _end_claims(results: Results) -> list[Claim]:
    end = f"{results.as_printed.positions[-1]:.5f}"
    mirrored = f"{predicted(PRINTED_START, RATE, EPOCHS, -MINIMUM):.5f}"
    other_end = f"{results.other_sign.positions[-1]:.5f}"
    return [
        Claim(
            "the tutorial's own run, in float32, ends where the title of its figure says",
            f"{PRINTED_END} (tutorial)",
            end,
            end == PRINTED_END,
        ),
        Claim(
            "the function of the prose, 3 x^2 + 3 x + 4, leads to the other minimum",
            f"{mirrored} (-1/2 + (x0 + 1/2) {LEFT:g}^n)",
            other_end,
            other_end == mirrored,
            is_control=True,
        ),
    ]


def _parabola_claims(results: Results) -> Iterator[Claim]:
    for rate, descent in results.parabola.items():
        end = abs(float(descent.positions[-1]))
        wanted = D2L_START * abs(1.0 - 2.0 * rate) ** D2L_STEPS
        yield Claim(
            f"D2L's x^2: {D2L_STEPS} steps at rate {rate:g} from {D2L_START:g} lead as near to 0 "
            f"as predicted, to {EXACT:g} of it",
            f"{wanted:.6g} ({D2L_START:g} |1 - 2 lr|^{D2L_STEPS})",
            f"{end:.6g}",
            abs(end / wanted - 1.0) < EXACT,
        )


def figures(results: Results) -> dict[str, Picture]:
    """The tutorial's three figures, by autodiff and by hand, and the five rates, in motion too."""
    return {
        "function_and_derivative": _function_and_derivative(),
        "minimum_found": _minimum_found(results),
        "course_of_the_descent": _course(results),
        "five_learning_rates": _rates(results),
        "five_learning_rates_in_motion": _rates_in_motion(results),
    }


def _curves(ax: Axes, function: Any, name: str) -> None:
    x = mg.linspace(-2, 2, 2000).requires_grad_()
    function(x).sum().backward()
    at = x.detach().numpy()
    ax.plot(at, function(at), c=BLUE, label=f"f(x) = {name}")
    ax.plot(at, np.asarray(x.grad), c=VERMILION, ls=LINES[1], label="f′(x)")
    ax.set(xlabel="x", ylim=(-17.0, 32.0))


def _function_and_derivative() -> Picture:
    figure = Figure(figsize=(11, 4.4), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    for ax, function, name, title, where, text in (
        (axes[0], f, CODE, "as in the tutorial's code and figures", MINIMUM, "1/2"),
        (axes[1], f_in_prose, PROSE, "control: as in its prose", -MINIMUM, "−1/2"),
    ):
        _curves(ax, function, name)
        ax.axhline(0.0, c=BLACK, lw=0.8)
        ax.plot([where, where], [0.0, function(where)], c=BLACK, lw=1.0, ls=LINES[3])
        arrow = {"arrowstyle": "->"}
        ax.annotate(f"f′ = 0 at x = {text}", (where, 0.0), (where + 0.3, -9.0), arrowprops=arrow)
        ax.set_title(title)
        ax.legend(loc="upper center")
    axes[0].set_ylabel("f(x) and f′(x)")
    return Picture(
        figure,
        f"A parabola and its derivative, a rising line, on −2 to 2. Left {CODE}: the line crosses "
        f"zero at 1/2, where the parabola is lowest. Right {PROSE}: the same at −1/2.",
    )


def _minimum_found(results: Results) -> Picture:
    figure = Figure(figsize=(11, 4.4), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    axes[0].set_ylabel("f(x) and f′(x)")
    runs = {"autodiff": results.by_autodiff, "hand": results.by_hand}
    for ax, (name, descent) in zip(axes, runs.items(), strict=True):
        _curves(ax, f, CODE)
        start, end = descent.positions[0], descent.positions[-1]
        ax.plot(start, f(start), "o", c=BLACK, mfc="none", ms=8, label=f"start, x = {start:.3f}")
        ax.plot(end, f(end), "o", c=BLACK, ms=8, label=f"end, x = {end:.5f}")
        ax.plot(end, descent.slopes[-1], "s", c=BLACK, ms=7, label="derivative at the end")
        ax.set_title(f"by {name}: {len(descent.slopes)} steps at rate {RATE}")
        ax.legend(loc="upper center")
    return Picture(
        figure,
        "The parabola and its derivative with the start and the end of a descent marked, by "
        f"autodiff and by hand. Both start at {results.by_autodiff.positions[0]:.3f} and end at "
        f"the bottom, at {results.by_autodiff.positions[-1]:.5f} and "
        f"{results.by_hand.positions[-1]:.5f}, where the derivative is zero.",
    )


def _course(results: Results) -> Picture:
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, descent, style, marker, every, colour in (
        ("by hand", results.by_hand, LINES[0], "", 1, VERMILION),
        ("by autodiff", results.by_autodiff, "", MARKERS[0], 5, BLUE),
    ):
        for ax, values in (left, descent.positions[1:]), (right, descent.slopes):
            steps = np.arange(1, len(values) + 1)[::every]
            look = {"ls": style, "marker": marker, "mfc": "none", "c": colour}
            ax.plot(steps, values[::every], label=name, **look)
    left.axhline(MINIMUM, c=BLACK, lw=0.8, ls=LINES[3])
    right.axhline(0.0, c=BLACK, lw=0.8, ls=LINES[3])
    end, slope = results.by_autodiff.positions[-1], results.by_autodiff.slopes[-1]
    left.set(xlabel="step", ylabel="x", title=f"by autodiff it ends at {end:.5f}")
    right.set(xlabel="step", ylabel="f′(x)", title=f"by autodiff it ends at {slope:.1e}")
    left.legend()
    right.legend()
    return Picture(
        figure,
        f"Position and derivative by step. From x = {results.by_autodiff.positions[0]:.3f} the "
        f"position approaches 1/2, by autodiff to {end:.5f}, while the derivative goes to "
        f"{slope:.1e}. The courses by autodiff and by hand lie on each other.",
    )


def _rates(results: Results) -> Picture:
    figure = Figure(figsize=(9.0, 4.8), layout="constrained")
    ax = figure.subplots()
    colours = (BLUE, BLACK, GREEN, ORANGE, VERMILION)
    for (name, rate), marker, colour in zip(RATES.items(), MARKERS, colours, strict=False):
        distance = np.abs(results.at_rates[name].positions - MINIMUM)
        steps = np.arange(len(distance))
        wanted = np.abs(predicted(FARTHEST, rate, steps) - MINIMUM)
        ax.plot(steps, np.maximum(wanted, 1e-17), c=colour, lw=1.0)
        some = slice(None, 2) if name == ARRIVES else slice(None, None, 4)
        label = f"lr = {name}: × {factor(results.at_rates[name]):.3g} a step"
        ax.plot(steps[some], distance[some], marker, mfc="none", c=colour, label=label)
    ax.set_yscale("log")
    ax.set(ylim=(1e-7, 1e2), xlabel="step", ylabel="distance from the minimum, |x − 1/2|")
    ax.set_title("lines predicted, |1 − 6 lr|ⁿ; symbols measured")
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return Picture(
        figure,
        f"Distance from the minimum by step at five learning rates, from x = {FARTHEST:g}, on a "
        "logarithmic axis. Each follows its predicted straight line: at 0.01 and 0.3 down, at 1/6 "
        "to zero in one step, at 1/3 level, at 0.34 up.",
    )


def _rates_in_motion(results: Results) -> Animation:
    figure = Figure(figsize=(11, 3.4), layout="constrained")
    axes = figure.subplots(1, len(RATES), sharey=True)
    x = np.linspace(-4.6, 5.6, 200)
    courses, moving = [], []
    for ax, (name, descent) in zip(axes, results.at_rates.items(), strict=True):
        courses.append(descent.positions[: STEPS_IN_MOTION + 1])
        ax.plot(x, f(x), c=BLUE, lw=1.2)
        moving += ax.plot([], [], "o-", c=VERMILION, lw=0.8, ms=3)
        moving += ax.plot([], [], "o", c=BLACK, ms=8)
        ax.set(title=f"lr = {name}", xlabel="x", ylim=(0.0, 80.0))
    axes[0].set_ylabel(f"f(x) = {CODE}")
    step = axes[0].text(0.5, 0.9, "", ha="center", transform=axes[0].transAxes)

    def move(frame: int) -> None:
        step.set_text(f"step {frame}")
        for course, trail, ball in zip(courses, moving[::2], moving[1::2], strict=True):
            been = course[: frame + 1]
            trail.set_data(been, f(been))
            ball.set_data(been[-1:], f(been[-1:]))

    return Animation(
        figure,
        f"A ball goes {STEPS_IN_MOTION} steps over the parabola from x = {FARTHEST:g}, at five "
        "learning rates: at 0.01 it creeps down one side, at 1/6 it is at the bottom after one "
        "step, at 0.3 it jumps from side to side and comes down, at 1/3 it jumps for ever at one "
        "height, at 0.34 it climbs out.",
        [*moving, step],
        move,
        STEPS_IN_MOTION + 1,
        milliseconds=300,
    )
