"""In a sigmoid network the gradient vanishes exponentially with depth, at the predicted rate.

The tutorial says: "The network's derivatives are the result of multiplying the preceding layers,
layer by layer, from the last to the first", which "results in an exponential decrease in the
derivative as it approaches zero"; the first layers "are not able to learn anything". It blames the
sigmoid, which large and small inputs drive into saturation, where its slope is almost zero.

Theory predicts: a layer multiplies the error dL/dz by the root of ``chi = s E[phi'(z)^2]``, with
``s = fan_in Var(W)`` and z normal, of the variance that pre-activations have in that layer (mean
field theory, for wide layers). For ReLU chi is s / 2, so He's start keeps the error as it is.

Where they disagree: the sigmoid's steepest slope is 1/4, and it is often said that a quarter is
left a layer. That is a bound for a single weight of size 1, not the rate. Nor is saturation the
cause: from Xavier's start hardly a unit is saturated and the error vanishes, while with weights
from N(0, 1) most units are, and it does not, as large weights make up for small slopes.

Experiment: networks of 128 units a layer at their start, with biases of zero, on a batch of 256
real digits, with cross-entropy. First 10 hidden layers and the factor from layer to layer, without
the first layer, whose fan-in differs; then 2 to 20 layers and the error at the first over that at
the last. Errors are measured at pre-activations. Gradients of weights would not do: dL/dW is an
error times an activation, and where activations fade towards the output as errors do towards the
input, the two cancel (Glorot & Bengio 2010, eq. 14). The controls are starts from which the error
must not vanish.

Sources: Poole et al. 2016 and Schoenholz et al. 2017 for mean field theory; Glorot & Bengio 2010,
section 3.1, where a sigmoid network of depth 5 never left saturation; He et al. 2015 for ReLU's
start; Alpaydin & Kaynak 1998 for the digits.

Command: ``python -m demos vanishing_gradient``; about three seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from minigrad import autograd, nn, tensor
from minigrad.nn import functional as F, init

from .claims import Claim, geometric_mean, mean_and_error, with_error
from .digits import CLASSES, PIXELS, split
from .mean_field import RELU, SIGMOID, TANH, Nonlinearity, Prediction, predict
from .pictures import Picture
from .protocol import Each
from .style import BLACK, BLUE, GREEN, LINES, ORANGE, SKY, VERMILION

WIDTH, HIDDEN, BATCH = 128, 10, 256
INNER = slice(1, HIDDEN - 1)  # of the factors from layer to layer: not the one at layer 1
SEEDS, DEPTHS = 10, tuple(range(2, 21, 2))
QUICK_SEEDS, QUICK_DEPTHS = 4, (2, 8, 14, 20)
TOLERANCE, QUICK_TOLERANCE = 0.03, 0.06  # of a factor, relative
REACH_TOLERANCE, QUICK_REACH_TOLERANCE = 0.25, 0.5  # of a product of nine, relative
ALIVE = 0.85  # a control's factor must be above: nine times it leaves more than a fifth
QUARTER = 0.25  # the sigmoid's steepest slope
SATURATED = 0.01  # is a unit whose slope is below this
FEW = 0.001  # of all units


class Start(NamedTuple):
    """An activation, and how weights start: filled by minigrad, and their variance by formula."""

    activation: nn.Module
    phi: Nonlinearity
    fill: Callable[..., Any]
    variance: Callable[[int, int], float]  # of fan-in and fan-out
    is_control: bool = False


def _xavier(fan_in: int, fan_out: int) -> float:
    return 2.0 / (fan_in + fan_out)


_he = partial(init.kaiming_normal_, nonlinearity="relu")
XAVIER, SMALL, LARGE = "sigmoid, Xavier", "sigmoid, N(0, 0.01²)", "sigmoid, N(0, 1)"
RELU_XAVIER, TANH_XAVIER, RELU_HE = "ReLU, Xavier", "tanh, Xavier", "ReLU, He"
STARTS = {
    XAVIER: Start(nn.Sigmoid(), SIGMOID, init.xavier_normal_, _xavier),
    SMALL: Start(nn.Sigmoid(), SIGMOID, partial(init.normal_, std=0.01), lambda i, o: 0.01**2),
    RELU_XAVIER: Start(nn.ReLU(), RELU, init.xavier_normal_, _xavier),
    LARGE: Start(nn.Sigmoid(), SIGMOID, init.normal_, lambda i, o: 1.0, is_control=True),
    TANH_XAVIER: Start(nn.Tanh(), TANH, init.xavier_normal_, _xavier, is_control=True),
    RELU_HE: Start(nn.ReLU(), RELU, _he, lambda i, o: 2.0 / i, is_control=True),
}
AT_ALL_DEPTHS = (XAVIER, RELU_HE)


class Unit(NamedTuple):
    """One network to measure: what can be done in a process of its own."""

    start: str
    depth: int  # hidden layers
    seed: tuple[int, int]


class Measured(NamedTuple):
    """By hidden layer: the norm of dL/dz, and the share of units in saturation."""

    norms: np.ndarray
    saturated: np.ndarray


@dataclass(frozen=True)
class Results:
    """What was measured from each start."""

    norms: dict[str, np.ndarray]  # (seeds, HIDDEN): of dL/dz
    saturated: dict[str, np.ndarray]  # (seeds, HIDDEN): the share of units
    depths: tuple[int, ...]
    reach: dict[str, np.ndarray]  # (seeds, depths): the first layer's error over the last one's


def run(seed: int, quick: bool = False, each: Each = map) -> Results:
    """Measure all starts at one depth, and the effect and its control at many."""
    seeds = [(seed, number) for number in range(QUICK_SEEDS if quick else SEEDS)]
    depths = QUICK_DEPTHS if quick else DEPTHS
    units = [Unit(name, HIDDEN, one) for name in STARTS for one in seeds]
    units += [Unit(name, d, one) for name in AT_ALL_DEPTHS for d in depths for one in seeds]
    units = list(dict.fromkeys(units))
    found = dict(zip(units, each(measure, units), strict=True))

    def reach(unit: Unit) -> float:
        norms = found[unit].norms
        return float(norms[0] / norms[-1])

    return Results(
        norms={n: np.array([found[Unit(n, HIDDEN, s)].norms for s in seeds]) for n in STARTS},
        saturated={
            n: np.array([found[Unit(n, HIDDEN, s)].saturated for s in seeds]) for n in STARTS
        },
        depths=depths,
        reach={
            n: np.array([[reach(Unit(n, d, s)) for d in depths] for s in seeds])
            for n in AT_ALL_DEPTHS
        },
    )


def measure(unit: Unit) -> Measured:
    """The errors in one network at its start, on a batch of digits."""
    start, draw = STARTS[unit.start], np.random.default_rng([*unit.seed, unit.depth])
    digits, _ = split()
    batch = draw.choice(len(digits.images), BATCH, replace=False)
    x, before = tensor(digits.images[batch]), []
    for layer in layers(unit, draw):
        before.append(layer(x))
        x = start.activation(before[-1])
    *hidden, logits = before
    errors = autograd.grad(F.cross_entropy(logits, digits.labels[batch]), hidden)
    slopes = [start.phi.slope(z.detach().numpy()) for z in hidden]
    return Measured(
        norms=np.array([np.linalg.norm(np.asarray(error)) for error in errors]),
        saturated=np.array([np.mean(slope < SATURATED) for slope in slopes]),
    )


def layers(unit: Unit, draw: np.random.Generator) -> list[nn.Linear]:
    """The linear layers at their start: the hidden ones, and that of the classes."""
    widths = [PIXELS, *[WIDTH] * unit.depth, CLASSES]
    made = [nn.Linear(i, o, bias=False, generator=draw) for i, o in pairwise(widths)]
    for layer in made:
        STARTS[unit.start].fill(layer.weight, generator=draw)
    return made


def prediction(name: str, layers: int = HIDDEN) -> Prediction:
    """What mean field theory says of a start; the inputs' mean square is 1."""
    start = STARTS[name]
    first = PIXELS * start.variance(PIXELS, WIDTH)
    return predict(start.phi, first, WIDTH * start.variance(WIDTH, WIDTH), layers)


def factors(norms: np.ndarray) -> np.ndarray:
    """By how much a layer multiplies the error, in the mean over inner layers; of each seed."""
    return geometric_mean((norms[:, :-1] / norms[:, 1:])[:, INNER], axis=1)


def factors_by_depth(results: Results, name: str) -> np.ndarray:
    """The same by the slope of a line through all depths; of each seed."""
    slopes = np.polyfit(results.depths, np.log(results.reach[name]).T, 1)[0]
    return np.asarray(np.exp(slopes))


def claims(results: Results, quick: bool = False) -> list[Claim]:
    """The table's lines."""
    tolerance = QUICK_TOLERANCE if quick else TOLERANCE
    return [
        *_factor_claims(results, tolerance),
        _quarter_claim(results),
        *_reach_claims(results, QUICK_REACH_TOLERANCE if quick else REACH_TOLERANCE),
        *_saturation_claims(results),
        *_depth_claims(results, tolerance),
    ]


def _factor_claims(results: Results, tolerance: float) -> Iterator[Claim]:
    for name, start in STARTS.items():
        found = factors(results.norms[name])
        wanted = float(geometric_mean(prediction(name).factors[: HIDDEN - 1][INNER]))
        text = f"{name}: a layer multiplies the error as predicted, to {tolerance:.0%}"
        yield Claim(
            f"{text}, and by more than {ALIVE}" if start.is_control else text,
            f"{wanted:.4f} (mean field)",
            with_error(found),
            bool(abs(found.mean() / wanted - 1.0) < tolerance)
            and bool(found.mean() > ALIVE or not start.is_control),
            start.is_control,
        )


def _quarter_claim(results: Results) -> Claim:
    mean, error = mean_and_error(factors(results.norms[XAVIER]))
    return Claim(
        f"{XAVIER}: the steepest slope, {QUARTER}, is a bound and not the factor, by 4 s.e.",
        f"below {QUARTER} (calculus)",
        f"below by {QUARTER - mean:.4f}, {(QUARTER - mean) / error:.0f} s.e.",
        QUARTER - mean > 4.0 * error,
    )


def _reach_claims(results: Results, tolerance: float) -> Iterator[Claim]:
    for name in XAVIER, TANH_XAVIER, RELU_HE:
        found = float(geometric_mean(results.norms[name][:, 0] / results.norms[name][:, -1]))
        wanted = float(np.prod(prediction(name).factors[: HIDDEN - 1]))
        yield Claim(
            f"{name}: the error at layer 1 over that at layer {HIDDEN} is as predicted, to "
            f"{tolerance:.0%}",
            f"{wanted:.2g} (mean field)",
            f"{found:.2g}",
            abs(found / wanted - 1.0) < tolerance,
            STARTS[name].is_control,
        )


def _saturation_claims(results: Results) -> Iterator[Claim]:
    for name, text, low, high in (
        (XAVIER, f"fewer than {FEW:.1%} of units", 0.0, FEW),
        (LARGE, "most units", 0.5, 1.0),
    ):
        share = float(results.saturated[name].mean())
        wanted = prediction(name).share_below(SATURATED, STARTS[name].phi).mean()
        yield Claim(
            f"{name}: {text} are saturated, with a slope below {SATURATED:g}",
            f"{wanted:.1%} (mean field)",
            f"{share:.1%}",
            low <= share <= high,
        )


def _depth_claims(results: Results, tolerance: float) -> Iterator[Claim]:
    for name in AT_ALL_DEPTHS:
        found, wanted = factors_by_depth(results, name), _limit(name)
        yield Claim(
            f"{name}: one layer more, from {results.depths[0]} to {results.depths[-1]}, multiplies "
            f"what reaches the first as predicted, to {tolerance:.0%}",
            f"{wanted:.4f} (mean field)",
            with_error(found),
            bool(abs(found.mean() / wanted - 1.0) < tolerance),
            STARTS[name].is_control,
        )


def _limit(name: str) -> float:
    """The predicted factor where variances have settled."""
    return float(prediction(name, layers=max(DEPTHS)).factors[-1])


LOOKS = {  # of a start: marker and colour
    XAVIER: ("o", BLUE),
    SMALL: ("s", VERMILION),
    RELU_XAVIER: ("^", GREEN),
    LARGE: ("v", SKY),
    TANH_XAVIER: ("D", ORANGE),
    RELU_HE: ("P", BLACK),
}


def figures(results: Results) -> dict[str, Picture]:
    """The error by layer, and what is left of it at the first layer by depth."""
    return {"error_by_layer": _by_layer(results), "error_by_depth": _by_depth(results)}


def _by_layer(results: Results) -> Picture:
    figure = Figure(figsize=(11, 5.2), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    numbers = np.arange(1, HIDDEN + 1)
    for name, start in STARTS.items():
        ax, (marker, colour) = axes[int(start.is_control)], LOOKS[name]
        norms = geometric_mean(results.norms[name], axis=0)
        left = np.cumprod(prediction(name).factors[: HIDDEN - 1][::-1])[::-1]
        ax.plot(numbers, norms[-1] * np.append(left, 1.0), c=colour, lw=1.2)
        label = f"{name}: × {factors(results.norms[name]).mean():.3f} a layer"
        ax.plot(numbers, norms, marker, c=colour, mfc="white", label=label)
    axes[0].set_title("the error vanishes")
    axes[1].set_title("controls: it does not")
    for ax in axes:
        ax.set(yscale="log", xlabel="hidden layer, from the input", xticks=numbers)
        ax.legend(loc="lower right", title="symbols measured, lines √χ, predicted")
    axes[0].set_ylabel("norm of the error, ‖dL/dz‖")
    left = geometric_mean(results.norms[XAVIER][:, 0] / results.norms[XAVIER][:, -1])
    return Picture(
        figure,
        "Two panels of the norm of the error by hidden layer, on a logarithmic axis. Left: from "
        f"layer {HIDDEN} back to layer 1 it falls along straight lines; for {XAVIER}, {left:.1e} "
        "of it is left. Right: the controls stay almost level. The symbols lie on the lines that "
        "mean field theory predicts.",
    )


def _by_depth(results: Results) -> Picture:
    figure = Figure(figsize=(9, 5.2), layout="constrained")
    ax = figure.subplots()
    depths = np.array(results.depths)
    for name in AT_ALL_DEPTHS:
        (marker, colour), reach, limit = LOOKS[name], results.reach[name], _limit(name)
        middle = geometric_mean(reach, axis=0)
        line = middle[0] * limit ** (depths - depths[0])
        ax.plot(depths, line, c=colour, lw=1.2, label=f"√χ, predicted: × {limit:.4f} a layer")
        spread = np.abs(np.stack([reach.min(axis=0), reach.max(axis=0)]) - middle)
        role = "control: " if STARTS[name].is_control else ""
        label = f"{role}{name}: × {factors_by_depth(results, name).mean():.4f} a layer"
        ax.errorbar(
            depths, middle, spread, fmt=marker, c=colour, mfc="white", capsize=3, label=label
        )
    bound = QUARTER ** (depths - 1.0)
    ax.plot(depths, bound, c=VERMILION, lw=1.2, ls=LINES[1], label=f"bound: × {QUARTER} a layer")
    ax.set(yscale="log", xlabel="hidden layers", xticks=depths)
    ax.set_ylabel("error at the first layer / error at the last")
    ax.legend(loc="lower left", title=f"symbols: mean of {len(reach)} networks, and their range")
    return Picture(
        figure,
        "The error at the first hidden layer over that at the last, on a logarithmic axis, for "
        f"{depths[0]} to {depths[-1]} hidden layers. For {XAVIER} it falls along the predicted "
        f"straight line to {geometric_mean(results.reach[XAVIER][:, -1]):.0e}, below the bound of "
        f"{QUARTER} a layer; for the control, {RELU_HE}, it stays near 1.",
    )
