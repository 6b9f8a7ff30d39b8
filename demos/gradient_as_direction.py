"""The gradient is the direction of steepest ascent, and <gradient, v> the derivative along v.

The tutorial says: "the direction of the gradient is the direction in which function increases most
quickly from p, and the magnitude of the gradient is the rate of increase in that direction"; it is
zero exactly at stationary points, and "the dot product of the gradient of f at the point p with
another tangent vector v equals the directional derivative of f".

Theory predicts: for a smooth function all of this, exactly. At an angle to the gradient the slope
is its magnitude times the cosine of the angle. A random direction in d dimensions has a mean
``|cos|`` of ``Gamma(d/2) / (sqrt(pi) Gamma((d+1)/2))``, about ``sqrt(2 / (pi d))``: the more
dimensions, the less of the slope is found by chance, and the more a gradient is worth.

Experiment: slopes of a function of three variables, by central differences, at random points along
random directions, against the gradient by minigrad. The control is a gradient with two entries
exchanged, which must fail the same test. Then ``|cos|`` between random directions.

Sources: calculus; Zhang et al., Dive into Deep Learning (D2L), chapter_optimization/gd.md.

Command: ``python -m demos gradient_as_direction``; about one second.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minigrad import func

from .claims import Claim, mean_and_error, with_error
from .pictures import Picture
from .protocol import Each
from .style import BLACK, BLUE, VERMILION

POINTS, DIRECTIONS = 200, 100
STEP = 1e-5  # of the central differences
TOLERANCE = 1e-8
EXACT, NOT_ZERO = 1e-12, 1e-3
DIMENSIONS = (10, 100, 1000)
PAIRS, QUICK_PAIRS = 40_000, 4_000  # random directions, to average |cos| over
AT_ONCE = 2_000  # of them in memory


def f(p: Any) -> Any:
    """sin x e^(0.3 y) + x y z + z^2 / 2, for points (..., 3)."""
    x, y, z = p[..., 0], p[..., 1], p[..., 2]
    return np.sin(x) * np.exp(0.3 * y) + x * y * z + 0.5 * z * z


@dataclass(frozen=True)
class Results:
    """Gradients at many points, and derivatives along many directions."""

    gradient: np.ndarray  # (points, 3)
    directions: np.ndarray  # (points, directions, 3), of length 1
    slopes: np.ndarray  # (points, directions), by differences
    steepest: np.ndarray  # (points,), along the gradient, by differences
    stationary_norm: float  # of the gradient of a quadratic at its minimum
    other_norms: np.ndarray  # and at other points
    cosines: dict[int, np.ndarray]  # (pairs,), by dimension: |cos| of random directions


def run(seed: int, quick: bool = False, each: Each = map) -> Results:
    """Everything that the claims and the figure need; there is no sweep that takes long."""
    draw = np.random.default_rng(seed)
    points = draw.uniform(-2.0, 2.0, (POINTS, 3))
    gradient = func.grad(lambda p: np.sum(f(p)))(points)
    directions = _unit(draw.standard_normal((POINTS, DIRECTIONS, 3)))
    slopes = _slope(points[:, None], directions)
    a = draw.standard_normal((3, 3))
    matrix, shift = a @ a.T + np.eye(3), draw.standard_normal(3)
    slope = func.grad(lambda x: 0.5 * x @ (matrix @ x) - shift @ x)
    minimum = np.linalg.solve(matrix, shift)
    pairs = QUICK_PAIRS if quick else PAIRS
    return Results(
        gradient=gradient,
        directions=directions,
        slopes=slopes,
        steepest=_slope(points, _unit(gradient)),
        stationary_norm=float(np.linalg.norm(slope(minimum))),
        other_norms=np.array([np.linalg.norm(slope(p)) for p in points]),
        cosines={d: _cosines(d, draw, pairs) for d in DIMENSIONS},
    )


def claims(results: Results, quick: bool = False) -> list[Claim]:
    """The table's lines."""
    return [
        *_product_claims(results),
        *_steepest_claims(results),
        _stationary_claim(results),
        *_cosine_claims(results),
    ]


def _product_claims(results: Results) -> list[Claim]:
    error = _product_error(results.gradient, results)
    wrong = _product_error(_exchanged(results.gradient), results)
    return [
        Claim(
            f"the slope along v is <gradient, v>, to {TOLERANCE:g} of 1 + |gradient|",
            "0 apart (calculus)",
            f"{error:.1e} apart",
            error < TOLERANCE,
        ),
        Claim(
            "a gradient with two entries exchanged fails that test",
            f"more than {TOLERANCE:g} apart",
            f"{wrong:.1e} apart",
            wrong > TOLERANCE,
            is_control=True,
        ),
    ]


def _steepest_claims(results: Results) -> list[Claim]:
    error = float(np.abs(results.steepest / np.linalg.norm(results.gradient, axis=1) - 1.0).max())
    beaten = int((results.slopes.max(axis=1) > results.steepest).sum())
    points, directions = results.slopes.shape
    return [
        Claim(
            f"the slope along the gradient is its magnitude, to {TOLERANCE:g} of it",
            "0 apart (calculus)",
            f"{error:.1e} apart",
            error < TOLERANCE,
        ),
        Claim(
            f"no direction of {directions} at any of {points} points rises faster",
            f"{points} of {points} (calculus)",
            f"{points - beaten} of {points}",
            beaten == 0,
        ),
    ]


def _stationary_claim(results: Results) -> Claim:
    zero, least = results.stationary_norm, float(results.other_norms.min())
    return Claim(
        f"the gradient of a quadratic is 0 at its minimum, to {EXACT:g}, and at no other of "
        f"{len(results.other_norms)} points",
        "0, and more than 0 (calculus)",
        f"{zero:.1e}, and at least {least:.2f}",
        zero < EXACT and least > NOT_ZERO,
    )


def _cosine_claims(results: Results) -> Iterator[Claim]:
    for d, found in results.cosines.items():
        exact, (mean, error) = expected_cosine(d), mean_and_error(found)
        yield Claim(
            f"a random direction in {d} dimensions finds E|cos| of the slope, within 4 s.e.",
            f"{exact:.4f} (calculus); √(2/πd) = {math.sqrt(2.0 / (math.pi * d)):.4f}",
            with_error(found),
            abs(mean - exact) < 4.0 * error,
        )


def figures(results: Results) -> dict[str, Picture]:
    """Slope against angle, with the gradient and with the control's."""
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    for ax, gradient, title, arrow, colour in (
        (axes[0], results.gradient, "the gradient", "the gradient", BLUE),
        (
            axes[1],
            _exchanged(results.gradient),
            "control: the gradient with two entries exchanged",
            "the wrong one",
            VERMILION,
        ),
    ):
        _slopes_by_angle(ax, gradient, results, colour)
        ax.set(title=title, xlabel=f"angle between v and {arrow} (degrees)")
    axes[0].set_ylabel("slope along v / |gradient|")
    norms = np.linalg.norm(results.gradient, axis=1, keepdims=True)
    steepest = float((results.slopes / norms).max())
    return {
        "slope_by_angle": Picture(
            figure,
            "Slopes along random directions, over the magnitude of the gradient, by the angle to "
            "it. Left, with the gradient, all lie on the curve of the cosine, the highest at "
            f"{steepest:.3f}. Right, the control: by the angle to a wrong gradient they scatter "
            "far from it.",
        )
    }


def _slopes_by_angle(ax: Axes, gradient: np.ndarray, results: Results, colour: str) -> None:
    norm = np.linalg.norm(gradient, axis=1, keepdims=True)
    cosine = np.einsum("pi,pdi->pd", _unit(gradient), results.directions)
    angle = np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))).ravel()
    slope = (results.slopes / norm).ravel()
    line = np.linspace(0.0, 180.0, 181)
    ax.plot(line, np.cos(np.radians(line)), c=BLACK, label="cos(angle), predicted")
    some = slice(None, None, 41)  # all would be one blot
    ax.plot(
        angle[some], slope[some], "o", ms=4, mfc="none", c=colour, label="measured by differences"
    )
    ax.set(xticks=range(0, 181, 45), ylim=(-1.25, 1.45))
    ax.legend(loc="upper right", ncols=2)


def _exchanged(gradient: np.ndarray) -> np.ndarray:
    return gradient[:, [1, 0, 2]]


def expected_cosine(d: int) -> float:
    """The mean of |cos| between a fixed and a random direction in d dimensions."""
    return math.exp(math.lgamma(d / 2) - math.lgamma((d + 1) / 2)) / math.sqrt(math.pi)


def _product_error(gradient: np.ndarray, results: Results) -> float:
    """The largest difference of slopes and products, relative to 1 + |gradient|."""
    products = np.einsum("pi,pdi->pd", gradient, results.directions)
    scale = 1.0 + np.linalg.norm(gradient, axis=1, keepdims=True)
    return float(np.max(np.abs(results.slopes - products) / scale))


def _cosines(d: int, draw: np.random.Generator, pairs: int) -> np.ndarray:
    """|cos| with a fixed direction, the first axis."""
    parts = [_unit(draw.standard_normal((AT_ONCE, d)))[:, 0] for _ in range(pairs // AT_ONCE)]
    return np.asarray(np.abs(np.concatenate(parts)))


def _slope(points: np.ndarray, directions: np.ndarray) -> np.ndarray:
    step = STEP * directions
    return np.asarray((f(points + step) - f(points - step)) / (2.0 * STEP))


def _unit(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))
