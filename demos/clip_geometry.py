"""Scaling a gradient down keeps its direction; clipping its elements turns it.

The tutorial says: "Changing the error derivative before propagating it backwards and using it to
update the weights is a common solution to exploding gradients"; its two ways are "gradient scaling"
and "gradient clipping".

Theory predicts: multiplied by a number, a gradient keeps its direction exactly. Clipped to c,
element by element, it has the cosine ``E[|g| m] / sqrt(E[g^2] E[m^2])``, with m = min(|g|, c), to
the old direction: below 1, by Cauchy and Schwarz, and the lower, the heavier the tail of the
elements. What is left, if c is small, is little more than the sign of each element.

Experiment: gradients of 1000 elements, drawn from a normal distribution, from Student's with three
degrees of freedom, and from Cauchy's, go through an optimizer that clips elements at a tenth of
their mean size, one that clips the norm, and one that rescales it to 1. The update is compared with
the gradient. The controls are the two that scale, and an element-wise bound that none exceeds.

Sources: Pascanu, Mikolov & Bengio 2013, algorithm 1, for the norm; PyTorch's ``clip_grad_norm_``,
which adds 1e-6 to it, as minigrad does, so that the clipped norm is below 1 by that share.

Command: ``python -m demos clip_geometry``; about one second.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minigrad import optim, tensor

from .claims import Claim, mean_and_error, with_error
from .mean_field import NODES, WEIGHTS
from .pictures import Picture
from .protocol import Each
from .style import BLACK, BLUE, GREEN, LINES, VERMILION

ELEMENTS = 1000
DRAWS, QUICK_DRAWS = 200, 40
TENTH = 0.1  # of the mean size of an element: where it is clipped
EXACT = 1e-12
EPSILON = 1e-6  # what PyTorch adds to a norm
STANDARD_ERRORS = 4.0
NORMAL, STUDENT, CAUCHY = "normal", "Student's, 3 degrees", "Cauchy's"
TAILS: dict[str, Callable[[np.random.Generator], np.ndarray]] = {  # from the lightest on
    NORMAL: lambda draw: draw.standard_normal(ELEMENTS),
    STUDENT: lambda draw: draw.standard_t(3.0, ELEMENTS),
    CAUCHY: lambda draw: draw.standard_cauchy(ELEMENTS),
}


class Turned(NamedTuple):
    """What became of gradients: of each, the cosine to its update, and the update's norm."""

    cosines: np.ndarray
    norms: np.ndarray


@dataclass(frozen=True)
class Results:
    """By tail of the elements."""

    norms: dict[str, np.ndarray]  # of the gradients
    by_value: dict[str, Turned]
    by_norm: dict[str, Turned]
    rescaled: dict[str, Turned]
    unbounded: dict[str, Turned]  # elements clipped where none are


def run(seed: int, quick: bool = False, each: Each = map) -> Results:
    """Clip many gradients in each way; there is no sweep that takes long."""
    draw = np.random.default_rng(seed)
    draws = QUICK_DRAWS if quick else DRAWS
    drawn = {name: [tail(draw) for _ in range(draws)] for name, tail in TAILS.items()}
    return Results(
        norms={name: np.linalg.norm(gradients, axis=1) for name, gradients in drawn.items()},
        by_value=_turned(drawn, lambda g: {"clip_value": bound(g)}),
        by_norm=_turned(drawn, lambda g: {"clip_norm": 1.0}),
        rescaled=_turned(drawn, lambda g: {"rescale_norm": 1.0}),
        unbounded=_turned(drawn, lambda g: {"clip_value": 2.0 * float(np.abs(g).max())}),
    )


def bound(gradient: np.ndarray) -> float:
    """Where its elements are clipped."""
    return TENTH * float(np.abs(gradient).mean())


def _turned(
    drawn: dict[str, list[np.ndarray]], control: Callable[[np.ndarray], dict[str, float]]
) -> dict[str, Turned]:
    found = {}
    for name, gradients in drawn.items():
        updates = [update(g, **control(g)) for g in gradients]
        norms = np.linalg.norm(updates, axis=1)
        products = np.einsum("ni,ni->n", updates, gradients)
        found[name] = Turned(products / norms / np.linalg.norm(gradients, axis=1), norms)
    return found


def update(gradient: np.ndarray, **control: Any) -> np.ndarray:
    """What an optimizer subtracts at a learning rate of 1, for a loss that has this gradient."""
    x = tensor(np.zeros_like(gradient), requires_grad=True)
    optimizer = optim.SGD([x], lr=1.0, **control)
    (x * gradient).sum().backward()
    optimizer.step()
    return np.asarray(-x.detach().numpy())


def predicted_cosine() -> float:
    """The cosine after clipping elements, of normal ones, by quadrature."""
    sizes = np.abs(NODES)
    clipped = np.minimum(sizes, TENTH * math.sqrt(2.0 / math.pi))
    return float(WEIGHTS @ (sizes * clipped) / math.sqrt(WEIGHTS @ clipped**2))


def claims(results: Results, quick: bool = False) -> list[Claim]:
    """The table's lines."""
    return [
        *_value_claims(results),
        _direction_claim("the norm clipped", results.by_norm),
        _direction_claim("the norm rescaled", results.rescaled),
        _direction_claim("elements clipped where none exceeds the bound", results.unbounded),
        *_norm_claims(results),
    ]


def _value_claims(results: Results) -> Iterator[Claim]:
    cosines = {name: one.cosines for name, one in results.by_value.items()}
    wanted, (mean, error) = predicted_cosine(), mean_and_error(cosines[NORMAL])
    yield Claim(
        "elements clipped, normal: the cosine to the gradient is as predicted, within "
        f"{STANDARD_ERRORS:g} s.e.",
        f"{wanted:.4f} (integral)",
        with_error(cosines[NORMAL]),
        abs(mean - wanted) < STANDARD_ERRORS * error,
    )
    for light, heavy in pairwise(TAILS):
        (above, upper), (below, lower) = (mean_and_error(cosines[one]) for one in (light, heavy))
        gap, error = above - below, math.hypot(upper, lower)
        yield Claim(
            f"elements clipped: the direction is turned farther with a tail that is {heavy} than "
            f"{light}, by {STANDARD_ERRORS:g} s.e.",
            "a lower cosine (Cauchy & Schwarz)",
            f"{below:.4f} against {above:.4f}, {gap / error:.0f} s.e.",
            gap > STANDARD_ERRORS * error,
        )


def _direction_claim(text: str, found: dict[str, Turned]) -> Claim:
    off = max(float(np.abs(one.cosines - 1.0).max()) for one in found.values())
    return Claim(
        f"{text}: the direction stays, whatever the tail, to {EXACT:g} in the cosine",
        "1 (calculus)",
        f"{off:.1e} off",
        off < EXACT,
        is_control=True,
    )


def _norm_claims(results: Results) -> Iterator[Claim]:
    for text, found, wanted in (
        ("rescaled, the norm is 1", results.rescaled, lambda norm: 1.0),
        ("clipped, the norm is n / (n + 1e-6), with n before", results.by_norm, _clipped),
    ):
        off = max(
            float(np.abs(one.norms / wanted(results.norms[name]) - 1.0).max())
            for name, one in found.items()
        )
        yield Claim(f"{text}, to {EXACT:g}", "0 off", f"{off:.1e} off", off < EXACT)


def _clipped(norm: Any) -> Any:
    return norm / (norm + EPSILON)


def figures(results: Results) -> dict[str, Picture]:
    """Two gradients of two elements, and the cosines."""
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    _arrows(left)
    _cosines(right, results)
    means = ", ".join(f"{one.cosines.mean():.2f}" for one in results.by_value.values())
    return {
        "direction": Picture(
            figure,
            "Left: a steep gradient of two elements as an arrow. With its norm clipped it is "
            "shorter, in the same direction; with its elements clipped to the same bound its long "
            "one is cut off, and it points elsewhere. Right: the cosine between gradient and "
            "update. With the norm clipped all are at 1; with elements clipped they are lower the "
            f"heavier the tail, in the mean {means} for elements that are normal, Student's and "
            "Cauchy's.",
        )
    }


def _arrows(ax: Axes) -> None:
    gradient = np.array([3.0, 0.8])
    angles = np.linspace(0.0, 2.0 * math.pi, 200)
    ax.plot(np.cos(angles), np.sin(angles), c=BLUE, lw=1.0, ls=LINES[1])
    ax.plot([1, 1, -1, -1, 1], [-1, 1, 1, -1, -1], c=VERMILION, lw=1.0, ls=LINES[3])
    for end, colour, width, text, place in (
        (gradient, BLACK, 1.5, "gradient", (2.0, 0.75)),
        (update(gradient, clip_value=1.0), VERMILION, 2.2, "elements\nclipped to 1", (1.1, 1.05)),
        (update(gradient, clip_norm=1.0), BLUE, 3.0, "norm\nclipped to 1", (1.1, -0.2)),
    ):
        arrow = {"arrowstyle": "-|>", "color": colour, "lw": width, "shrinkA": 0, "shrinkB": 0}
        ax.annotate("", tuple(end), (0.0, 0.0), arrowprops=arrow)
        ax.text(*place, text, c=colour, ha="left")
    ax.set(xlim=(-1.2, 3.3), ylim=(-1.3, 1.9), aspect="equal")
    ax.set(xlabel="first element", ylabel="second element", title="an example of two elements")


def _cosines(ax: Axes, results: Results) -> None:
    for kind, marker, colour, label in (
        (results.by_norm, "s", BLUE, "control: norm clipped"),
        (results.by_value, "o", VERMILION, "elements clipped"),
    ):
        for place, one in enumerate(kind.values()):
            spread = np.linspace(-0.25, 0.25, len(one.cosines))
            look: dict[str, Any] = {"c": colour, "ms": 3, "mfc": "none", "mew": 0.6}
            look["label"] = "" if place else label
            ax.plot(place + spread, one.cosines, marker, **look)
    for place, one in enumerate(results.by_value.values()):
        mean = one.cosines.mean()
        ax.plot([place - 0.35, place + 0.35], [mean, mean], c=BLACK, lw=1.5)
        ax.text(place + 0.38, mean, f"{mean:.3f}", va="center")
    ax.plot(0.0, predicted_cosine(), "D", c=GREEN, ms=9, label="predicted for normal elements")
    ax.set_xticks(range(len(TAILS)), TAILS)
    ax.set(xlim=(-0.5, 2.75), ylim=(-0.03, 1.08), xlabel="distribution of the elements")
    ax.set(ylabel="cosine between gradient and update", title="1000 elements; lines: means")
    ax.legend(loc="lower left")
