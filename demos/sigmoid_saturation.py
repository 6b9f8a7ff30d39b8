"""A saturated sigmoid hardly learns from a squared error, as its slope is almost zero.

The tutorial says: the sigmoid "maps any input value, regardless of its magnitude, to a value within
the range of 0 to 1"; large and small inputs drive it into "the red zones", where the "derivative
values will be very close to zero". That is its figure 5.

Theory predicts: the slope is a (1 - a), at most 1/4, at 0. The squared error (a - y)^2 / 2 has the
slope (a - y) a (1 - a) by the input z, so that a neuron that is wrong and saturated learns slowest
of all; cross-entropy has a - y. Where weight and bias both learn at a rate lr, the flow from z0 to
a = 1/2 takes ``(3 z0 + e^z0 - 1 + 3 (1 - e^-z0) + (1 - e^(-2 z0)) / 2) / (2 lr)`` epochs with the
squared error and ``(z0 + 1 - e^-z0) / (2 lr)`` with cross-entropy.

Where they disagree: saturation alone does not stop learning at the output. With cross-entropy the
slope of the cost grows just as that of the sigmoid falls, and the plateau is gone; what is left of
the problem is in the hidden layers, where no cost makes up for the slope.

Experiment: Nielsen's neuron, which is to learn to answer 0 to the input 1, from a start that is
wrong and from one that is wrong and saturated; then neurons from starts that are drawn. The control
is the same with cross-entropy.

Sources: Nielsen 2015, Neural Networks and Deep Learning, chapter 3, for the neuron and its outputs;
Glorot & Bengio 2010, section 4.1, where plateaus are less present with cross-entropy.

Command: ``python -m demos sigmoid_saturation``; about one second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minigrad import func, no_grad, optim, tensor
from minigrad.nn import functional as F

from .claims import Claim
from .pictures import Picture
from .protocol import Each
from .style import BLACK, BLUE, GREEN, LINES, MARKERS, ORANGE, SKY, VERMILION

RATE, EPOCHS = 0.15, 300  # Nielsen's
EXACT = 1e-12
CLOSE = 1e-9  # near 1 the sigmoid is rounded to 1e-16, and 1 - a with it
STEEPEST = 0.25  # the slope at 0
RED_ZONE = 0.01  # where the slope is less
INPUTS = (5.0, 10.0)  # in the red zone
HALF = 0.5  # an output below it is on the right side
TOLERANCE = 0.05  # of a number of epochs, relative
ONE_EPOCH = 1.0
STARTS, FIRST, LAST = 60, 1.5, 6.5  # drawn z0, and their range
EXAMPLES = 200  # inputs at which slopes are compared
SLOWER, NOT_SLOWER = 5.0, 2.5  # times as many epochs from the saturated start


class Neuron(NamedTuple):
    """Where it starts, and what Nielsen prints of its output."""

    weight: float
    bias: float
    first: str
    last: str  # after EPOCHS, with the squared error


WRONG, SATURATED = Neuron(0.6, 0.9, "0.82", "0.09"), Neuron(2.0, 2.0, "0.98", "0.20")
NEURONS = {"wrong": WRONG, "wrong and saturated": SATURATED}


def squared_error(z: Any) -> Any:
    """(a - y)^2 / 2, for a = sigmoid(z) and y = 0."""
    return 0.5 * F.sigmoid(z) ** 2


def cross_entropy(z: Any) -> Any:
    """-ln(1 - a)."""
    return np.logaddexp(0.0, z)


SQUARED, CROSS = "squared error", "cross-entropy"
COSTS: dict[str, Callable[[Any], Any]] = {SQUARED: squared_error, CROSS: cross_entropy}


@dataclass(frozen=True)
class Results:
    """Slopes, and the course of learning."""

    grid: np.ndarray  # of inputs
    slopes: np.ndarray  # of the sigmoid, by autodiff, there
    slopes_at: dict[float, float]  # and at INPUTS
    inputs: np.ndarray  # drawn
    cost_slopes: dict[str, np.ndarray]  # there, by cost
    outputs: dict[str, np.ndarray]  # (EPOCHS + 1, NEURONS), by cost
    epochs: dict[str, np.ndarray]  # (NEURONS,): until the output is below 1/2
    starts: np.ndarray  # drawn z0
    epochs_from_starts: dict[str, np.ndarray]  # (STARTS,)


def run(seed: int, quick: bool = False, each: Each = map) -> Results:
    """Everything that the claims and the figures need; there is no sweep that takes long."""
    draw = np.random.default_rng(seed)
    grid = np.linspace(-10.0, 10.0, 401)
    slope = func.grad(lambda z: np.sum(F.sigmoid(z)))
    inputs = draw.uniform(-LAST, LAST, EXAMPLES)
    starts = draw.uniform(FIRST, LAST, STARTS)
    weights = np.array([*(neuron.weight for neuron in NEURONS.values()), *starts / 2.0])
    biases = np.array([*(neuron.bias for neuron in NEURONS.values()), *starts / 2.0])
    outputs = {name: learn(cost, weights, biases) for name, cost in COSTS.items()}
    epochs = {name: np.asarray((course < HALF).argmax(axis=0)) for name, course in outputs.items()}
    few = len(NEURONS)
    return Results(
        grid=grid,
        slopes=slope(grid),
        slopes_at={z: float(slope(z)) for z in INPUTS},
        inputs=inputs,
        cost_slopes={
            name: func.grad(lambda z, cost=cost: np.sum(cost(z)))(inputs)
            for name, cost in COSTS.items()
        },
        outputs={name: course[: EPOCHS + 1, :few] for name, course in outputs.items()},
        epochs={name: of_all[:few] for name, of_all in epochs.items()},
        starts=starts,
        epochs_from_starts={name: of_all[few:] for name, of_all in epochs.items()},
    )


def learn(cost: Callable[[Any], Any], weights: np.ndarray, biases: np.ndarray) -> np.ndarray:
    """The outputs of neurons that learn side by side, by epoch, until all are below 1/2."""
    w, b = tensor(weights, requires_grad=True), tensor(biases, requires_grad=True)
    optimizer, outputs = optim.SGD([w, b], lr=RATE), [_outputs(w, b)]
    while len(outputs) <= EPOCHS or (np.min(outputs, axis=0) >= HALF).any():
        optimizer.zero_grad()
        cost(w * 1.0 + b).sum().backward()  # each neuron sees the input 1 alone
        optimizer.step()
        outputs.append(_outputs(w, b))
    return np.array(outputs)


def _outputs(w: Any, b: Any) -> np.ndarray:
    with no_grad():
        return np.array(F.sigmoid(w + b))


def sigmoid_slope(z: Any) -> Any:
    """By hand."""
    return np.exp(-z) / (1.0 + np.exp(-z)) ** 2


def flow_epochs(name: str, z: Any) -> Any:
    """The predicted number of epochs from z to 0."""
    way = z + 1.0 - np.exp(-z)
    if name == SQUARED:
        way = 3.0 * z + np.exp(z) - 1.0 + 3.0 * (1.0 - np.exp(-z)) + (1.0 - np.exp(-2.0 * z)) / 2.0
    return way / (2.0 * RATE)


def claims(results: Results, quick: bool = False) -> list[Claim]:
    """The table's lines."""
    return [
        *_slope_claims(results),
        _cost_claim(results),
        *_nielsen_claims(results),
        *_ratio_claims(results),
        *_epoch_claims(results),
    ]


def _slope_claims(results: Results) -> Iterator[Claim]:
    top = int(results.slopes.argmax())
    place, slope = float(results.grid[top]), float(results.slopes[top])
    yield Claim(
        f"the sigmoid is steepest at 0, where its slope is {STEEPEST}, to {EXACT:g}",
        f"{STEEPEST} at 0 (calculus)",
        f"{slope:.6g} at {place:.6g}",
        abs(slope - STEEPEST) < EXACT and abs(place) < EXACT,
    )
    for z, found in results.slopes_at.items():
        exact = float(sigmoid_slope(z))
        yield Claim(
            f"at {z:g}, in the red zone, the slope is almost zero, as predicted to {CLOSE:g} of it",
            f"{exact:.2g} (a (1 - a))",
            f"{found:.2g}",
            abs(found / exact - 1.0) < CLOSE and found < RED_ZONE,
        )


def _cost_claim(results: Results) -> Claim:
    ratio = results.cost_slopes[SQUARED] / results.cost_slopes[CROSS]
    error = float(np.abs(ratio / sigmoid_slope(results.inputs) - 1.0).max())
    return Claim(
        f"the slope of the squared error is that of cross-entropy times the sigmoid's, to {EXACT:g}"
        f" of it, at {len(ratio)} inputs",
        "0 apart (calculus)",
        f"{error:.1e} apart",
        error < EXACT,
    )


def _nielsen_claims(results: Results) -> Iterator[Claim]:
    for (name, neuron), course in zip(NEURONS.items(), results.outputs[SQUARED].T, strict=True):
        found = f"{course[0]:.2f} -> {course[-1]:.2f}"
        printed = f"{neuron.first} -> {neuron.last}"
        yield Claim(
            f"Nielsen's neuron from ({neuron.weight}, {neuron.bias}), {name}: its output, before "
            f"and after {EPOCHS} epochs with the squared error",
            f"{printed} (Nielsen)",
            found,
            found == printed,
        )


def _ratio_claims(results: Results) -> Iterator[Claim]:
    starts = np.array([neuron.weight + neuron.bias for neuron in NEURONS.values()])
    for name, bound, is_control in (SQUARED, SLOWER, False), (CROSS, NOT_SLOWER, True):
        wrong, saturated = results.epochs[name]
        wanted = flow_epochs(name, starts)
        ratio = float(saturated / wrong)
        yield Claim(
            f"{name}: from the saturated start it takes {'less' if is_control else 'more'} than "
            f"{bound:g} times as long to an output of 1/2",
            f"{wanted[1]:.0f} to {wanted[0]:.0f} epochs, {wanted[1] / wanted[0]:.1f} times "
            "(gradient flow)",
            f"{saturated} to {wrong} epochs, {ratio:.1f} times",
            ratio < bound if is_control else ratio > bound,
            is_control,
        )


def _epoch_claims(results: Results) -> Iterator[Claim]:
    for name, is_control in (SQUARED, False), (CROSS, True):
        found, wanted = results.epochs_from_starts[name], flow_epochs(name, results.starts)
        apart = np.abs(found - wanted)
        bound = ONE_EPOCH + TOLERANCE * wanted
        yield Claim(
            f"{name}: from {len(found)} starts drawn between {FIRST:g} and {LAST:g} it takes as "
            f"long as predicted, to {ONE_EPOCH:g} epoch and {TOLERANCE:.0%}",
            f"from {wanted.min():.0f} to {wanted.max():.0f} epochs (gradient flow)",
            f"from {found.min()} to {found.max()}, at most {float((apart / wanted).max()):.1%} "
            "apart",
            bool((apart < bound).all()),
            is_control,
        )


def figures(results: Results) -> dict[str, Picture]:
    """The tutorial's figure 5, and learning with both costs."""
    return {"sigmoid_and_derivative": _sigmoid(results), "learning": _learning(results)}


def _sigmoid(results: Results) -> Picture:
    figure = Figure(figsize=(8, 4.6), layout="constrained")
    ax = figure.subplots()
    edge = float(np.abs(results.grid[results.slopes >= RED_ZONE]).max())
    for side, label in ((-1.0, f"red zones: slope below {RED_ZONE:g}"), (1.0, None)):
        zone = sorted((side * edge, side * 10.0))
        ax.axvspan(*zone, fc=VERMILION, alpha=0.25, hatch="//", ec=VERMILION, label=label)
    ax.plot(results.grid, F.sigmoid(results.grid), c=BLUE, label="sigmoid")
    ax.plot(results.grid, results.slopes, c=BLACK, ls=LINES[1], label="its derivative, by autodiff")
    ax.axhline(STEEPEST, c=BLACK, ls=LINES[3], lw=1.0, label="1/4")
    ax.set(xlabel="z", ylabel="sigmoid(z) and its derivative", xlim=(-10.0, 10.0))
    ax.set_title("figure 5: the sigmoid and its derivative")
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return Picture(
        figure,
        "The sigmoid rises from 0 to 1 in the shape of an S; its derivative is a bell with the top "
        f"of {STEEPEST} at 0. Shaded on both sides: beyond {edge:.1f} the derivative is below "
        f"{RED_ZONE:g}.",
    )


def _learning(results: Results) -> Picture:
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    colours = {SQUARED: VERMILION, CROSS: BLUE}
    for name, outputs in results.outputs.items():
        for start, course, line in zip(NEURONS, outputs.T, LINES, strict=False):
            role = "control, " if name == CROSS else ""
            left.plot(course, c=colours[name], ls=line, label=f"{role}{name}: {start}")
    left.axhline(HALF, c=BLACK, lw=0.8, ls=LINES[3])
    left.set(xlabel="epoch", ylabel="output (0 is right)", ylim=(0.0, 1.45))
    left.set_yticks(np.linspace(0.0, 1.0, 6))
    left.set_title("Nielsen's neuron")
    left.legend(loc="upper right")
    _epochs_by_start(right, results)
    wrong, saturated = results.epochs[SQUARED]
    wrong_control, saturated_control = results.epochs[CROSS]
    return Picture(
        figure,
        "Left: the output of a neuron by epoch, which should become 0. With the squared error it "
        f"falls below 1/2 after {wrong} epochs from a wrong start, but after {saturated} from one "
        f"that is saturated too, where it stays near 1 at first; with cross-entropy, the control, "
        f"after {wrong_control} and {saturated_control}. Right: epochs to 1/2 by the start z0, on "
        "a logarithmic axis: with the squared error on a curve that rises like e to the z0, with "
        "cross-entropy on one that is almost level; both as predicted.",
    )


def _epochs_by_start(ax: Axes, results: Results) -> None:
    z = np.linspace(FIRST - 0.3, LAST + 0.2, 60)
    for name, colour, light, marker, line in (
        (SQUARED, VERMILION, ORANGE, MARKERS[0], LINES[0]),
        (CROSS, BLUE, SKY, MARKERS[1], LINES[1]),
    ):
        ax.plot(z, flow_epochs(name, z), c=colour, ls=line, lw=1.2)
        role = "control, " if name == CROSS else ""
        found = results.epochs_from_starts[name]
        ax.plot(results.starts, found, marker, c=light, mfc="none", label=f"{role}{name}")
    ax.plot(z, np.exp(z) / (2.0 * RATE), c=GREEN, ls=LINES[3], label="exp(z0) / (2 lr)")
    ax.set(yscale="log", xlabel="start, z0 = weight + bias", ylabel="epochs to an output of 1/2")
    ax.set_title("lines predicted, symbols measured")
    ax.legend(loc="upper left")
