"""Xavier's start keeps signals and errors level through layers of tanh; smaller and larger do not.

The tutorial says: "Choosing either too large or too small weights causes some of the non-linear
activation functions, such as the sigmoid function, to return very small values, almost equal to
zero. Xavier initialization is a way that selects the weights of the network from an intermediate
range of values, while passing through the various layers, in such a way that the variance is not
significant".

Theory predicts: an error goes back through a layer by its Jacobian, the weights times the slopes.
The mean singular value of a square random matrix with n Var W = 1, Xavier's, is 8 / (3 pi), and
over sqrt(3) with the start that was standard before, uniform within 1 / sqrt(n). Slopes of tanh are
at most 1, so that measured ones are lower. Mean field theory tells what is left of an error.

Where they disagree: that variances change little is what the tutorial means. And it is errors that
fade, not gradients of weights: these are an error times an activation, and as one fades towards
the input, the other does towards the output, so that they stay level whatever the start, as long as
tanh is not saturated (equation 14). Who looks at them for the vanishing gradient sees nothing.

Experiment: five layers of 300 units of tanh and a layer of ten classes, on normal inputs with
random labels, at the start: singular values of Jacobians, errors dL/dz and gradients of weights by
layer, and saturation. Then five layers of 100 units learn the digits by SGD at 0.05, in batches of
10. Xavier's start and the standard one are compared; the controls are normal weights of a standard
deviation of 0.01 and of 1, which must not learn.

Sources: Glorot & Bengio 2010, equations 12 to 16, figures 6 to 8, and their singular values,
"around 0.8" and 0.5; Marchenko & Pastur 1967 for those of a matrix; Poole et al. 2016 and
Schoenholz et al. 2017 for mean field theory.

Command: ``python -m demos xavier_initialisation``; about ten seconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minigrad import Tensor, autograd, func, nn, optim, tensor
from minigrad.nn import functional as F, init

from .claims import Claim, geometric_mean, mean_and_error, with_error
from .digits import CLASSES, PIXELS
from .mean_field import TANH, Prediction, predict
from .pictures import Picture
from .protocol import Each
from .shares import together
from .side_by_side import learn_digits, networks
from .style import BLACK, BLUE, GREEN, LINES, MARKERS, ORANGE, VERMILION

WIDTH, LAYERS, BATCH = 300, 5, 256  # at the start
NETS, QUICK_NETS = 5, 3
INPUTS = 2  # at which Jacobians are taken, in each network
SATURATED = 0.99  # an activation above this, or below its negative
GLOROT = 0.8, 0.5  # mean singular values, "around 0.8" and "drops down to 0.5"
RANDOM_MATRIX = 8.0 / (3.0 * math.pi)  # of a square one with n Var W = 1
ALONE = 0.005  # of a matrix by itself, how near to that
TOLERANCE, QUICK_TOLERANCE = 0.15, 0.25  # of a ratio of errors, relative
LEVEL = (0.8, 1.25)  # a ratio of gradients of weights within

LEARNERS, QUICK_LEARNERS = 4, 2
UNITS, RATE, EXAMPLES = 100, 0.05, 10  # a layer, of SGD, and in a batch
STEPS, QUICK_STEPS = 1500, 400
LOW, WINDOW = 0.3, 20  # of the loss, as a mean over so many steps
FASTER, QUICK_FASTER = 3.0, 2.0  # times as many steps


class Start(NamedTuple):
    """How weights start, n Var W for n inputs, and how far the mean singular value may be."""

    fill: Callable[..., Any]
    spread: Callable[[int], float]
    reach: tuple[float, float] | None  # of the mean singular value
    bound: tuple[float, float]  # of the error at the first layer over that at the last


def standard_(tensor: Tensor, generator: np.random.Generator | None = None) -> Tensor:
    """Uniform within 1 / sqrt(n), what was in use (Glorot & Bengio 2010, equation 1)."""
    bound = 1.0 / math.sqrt(tensor.shape[1])
    return init.uniform_(tensor, -bound, bound, generator)


XAVIER, STANDARD, SMALL, LARGE = "Xavier", "standard", "N(0, 0.01²)", "N(0, 1)"
STARTS = {
    XAVIER: Start(init.xavier_uniform_, lambda n: 1.0, (0.65, 0.85), (0.3, 1.0)),
    STANDARD: Start(standard_, lambda n: 1.0 / 3.0, (0.44, 0.52), (0.0, 0.15)),
    SMALL: Start(partial(init.normal_, std=0.01), lambda n: 1e-4 * n, None, (0.0, 0.01)),
    LARGE: Start(init.normal_, float, None, (10.0, math.inf)),
}
GOOD = (XAVIER, STANDARD)
KINDS = "activations h", "errors dL/dz", "gradients dL/dW"
EDGES = {  # of histograms: activations as they are, others over the deviation at the last layer
    "activations h": np.linspace(-1.0, 1.0, 81),
    "errors dL/dz": np.linspace(-3.0, 3.0, 81),
    "gradients dL/dW": np.linspace(-4.0, 4.0, 81),
}


class Unit(NamedTuple):
    """One network to measure at its start."""

    start: str
    seed: tuple[int, int]


class Measured(NamedTuple):
    """Of one network, or, with an axis before, of many."""

    deviations: np.ndarray  # (kinds, layers): standard deviations
    saturated: np.ndarray  # (): the share of units
    singular: np.ndarray  # (layers - 1,): the mean singular value of Jacobians, from the second on
    alone: np.ndarray  # (): that of the weights by themselves, over sqrt(n Var W)
    histograms: np.ndarray  # (kinds, layers, bins): densities


class Class(NamedTuple):
    """Networks that learn side by side."""

    start: str
    nets: int
    steps: int
    seed: int


@dataclass(frozen=True)
class Results:
    """By start."""

    measured: dict[str, Measured]
    courses: dict[str, np.ndarray]  # (steps, networks): the loss of each batch


def run(seed: int, quick: bool = False, each: Each = map) -> Results:
    """Networks at their start, then learning ones."""
    seeds = [(seed, number) for number in range(QUICK_NETS if quick else NETS)]
    found = iter(list(each(measure, [Unit(name, one) for name in STARTS for one in seeds])))
    nets, steps = (QUICK_LEARNERS, QUICK_STEPS) if quick else (LEARNERS, STEPS)
    courses = each(learn, [Class(name, nets, steps, seed) for name in STARTS])
    return Results(
        {name: together([next(found) for _ in seeds]) for name in STARTS},
        dict(zip(STARTS, courses, strict=True)),
    )


def measure(unit: Unit) -> Measured:
    """Signals, errors and Jacobians of one network at its start."""
    draw, spread = np.random.default_rng(unit.seed), STARTS[unit.start].spread(WIDTH)
    layers = [
        nn.Linear(i, o, bias=False, generator=draw)
        for i, o in pairwise([*[WIDTH] * (LAYERS + 1), CLASSES])
    ]
    for layer in layers:
        STARTS[unit.start].fill(layer.weight, generator=draw)
    h = tensor(draw.standard_normal((BATCH, WIDTH)).astype(np.float32))
    before, after = [], []
    for layer in layers[:-1]:
        before.append(layer(h))
        h = np.tanh(before[-1])
        after.append(h)
    loss = F.cross_entropy(layers[-1](h), draw.integers(0, CLASSES, BATCH))
    weights = [layer.weight for layer in layers[:-1]]
    gradients = [np.asarray(g) for g in autograd.grad(loss, [*before, *weights])]
    values = [np.stack([h.detach().numpy() for h in after])]
    values += [np.stack(gradients[:LAYERS]), np.stack(gradients[LAYERS:])]
    return Measured(
        np.array([one.std(axis=(1, 2)) for one in values]),
        np.asarray(np.mean(np.abs(values[0]) > SATURATED)),
        _singular(unit.start, weights, values[0]),
        np.asarray(_mean_singular(weights[0].detach().numpy()) / math.sqrt(spread)),
        _histograms(values),
    )


def _singular(start: str, weights: list[nn.Parameter], after: np.ndarray) -> np.ndarray:
    """The mean singular value of dh/dh of the layer before, by layer from the second on."""
    if STARTS[start].reach is None:
        return np.full(LAYERS - 1, np.nan)
    found = []
    for weight, inputs in zip(weights[1:], after[:-1], strict=True):
        matrix = weight.detach().numpy()
        jacobian = func.jacobian(lambda h, matrix=matrix: np.tanh(matrix @ h))
        found.append(np.mean([_mean_singular(jacobian(h)) for h in inputs[:INPUTS]]))
    return np.array(found)


def _mean_singular(matrix: np.ndarray) -> float:
    return float(np.linalg.svd(matrix, compute_uv=False).mean())


def _histograms(values: list[np.ndarray]) -> np.ndarray:
    units = 1.0, values[1][-1].std(), values[2][-1].std()
    return np.array(
        [
            [np.histogram(one / unit, edges, density=True)[0] for one in layers]
            for layers, unit, edges in zip(values, units, EDGES.values(), strict=True)
        ]
    )


def learn(unit: Class) -> np.ndarray:
    """Learn the digits; the losses."""
    draws = [np.random.default_rng([unit.seed, number]) for number in range(unit.nets)]
    widths = [PIXELS, *[UNITS] * LAYERS, CLASSES]
    model = networks(widths, draws, STARTS[unit.start].fill, nn.Tanh())
    optimizer = optim.SGD(model.parameters(), lr=RATE)
    return learn_digits(model, draws, optimizer, unit.steps, EXAMPLES)


def prediction(name: str) -> Prediction:
    """What mean field theory says of a start; the inputs' mean square is 1."""
    spread = STARTS[name].spread(WIDTH)
    return predict(TANH, spread, spread, LAYERS + 1)


def ratios(measured: Measured, kind: str) -> np.ndarray:
    """The deviation at the first layer over that at the last; of each network."""
    deviations = measured.deviations[:, KINDS.index(kind)]
    return np.asarray(deviations[:, 0] / deviations[:, -1])


def smoothed(course: np.ndarray) -> np.ndarray:
    """Means over a window, (steps - WINDOW + 1, networks)."""
    windows = np.lib.stride_tricks.sliding_window_view(course, WINDOW, axis=0)
    return np.asarray(windows.mean(axis=-1))


def steps_to_low(course: np.ndarray) -> np.ndarray:
    """The middle of the first window whose mean loss is low; infinite if there is none."""
    is_low = smoothed(course) < LOW
    return np.where(is_low.any(axis=0), is_low.argmax(axis=0) + WINDOW / 2.0, np.inf)


def claims(results: Results, quick: bool = False) -> list[Claim]:
    """The table's lines."""
    return [
        *_singular_claims(results),
        *_error_claims(results, QUICK_TOLERANCE if quick else TOLERANCE),
        *_gradient_claims(results),
        *_saturation_claims(results),
        *_learning_claims(results, quick),
    ]


def _singular_claims(results: Results) -> Iterator[Claim]:
    for name, published in zip(GOOD, GLOROT, strict=True):
        found, (low, high) = results.measured[name].singular.mean(axis=1), _reach(name)
        most = RANDOM_MATRIX * math.sqrt(STARTS[name].spread(WIDTH))
        yield Claim(
            f"{name}: the mean singular value of a layer's Jacobian is within {low} and {high}",
            f"{published} (Glorot & Bengio); at most {most:.3f} (random matrix)",
            with_error(found),
            bool(low < found.mean() < high),
        )
    found = results.measured[XAVIER].alone
    yield Claim(
        f"{XAVIER}: that of the weights alone, without tanh, is as predicted, to {ALONE}",
        f"{RANDOM_MATRIX:.4f} (random matrix)",
        with_error(found),
        abs(float(found.mean()) - RANDOM_MATRIX) < ALONE,
        is_control=True,
    )


def _reach(name: str) -> tuple[float, float]:
    return STARTS[name].reach or (math.nan, math.nan)


def _error_claims(results: Results, tolerance: float) -> Iterator[Claim]:
    for name, start in STARTS.items():
        found = ratios(results.measured[name], "errors dL/dz")
        wanted = float(np.prod(prediction(name).factors[: LAYERS - 1]))
        mean, error = mean_and_error(found)
        low, high = start.bound
        between = f"above {low:g}" if high >= 1.0 else f"below {high:g}"
        yield Claim(
            f"{name}: the error at layer 1 over that at layer {LAYERS} is {between}, and as "
            f"predicted, to {tolerance:.0%}",
            f"{wanted:.3g} (mean field)",
            f"{mean:.3g} ± {error:.1g}",
            bool(low < mean < high and abs(mean / wanted - 1.0) < tolerance),
            name not in GOOD,
        )


def _gradient_claims(results: Results) -> Iterator[Claim]:
    low, high = LEVEL
    for name in STARTS:
        found = ratios(results.measured[name], "gradients dL/dW")
        level = bool(low < found.mean() < high)
        text = f"within {low} and {high}" if name != LARGE else f"not within {low} and {high}"
        yield Claim(
            f"{name}: the gradient of weights at layer 1 over that at layer {LAYERS} is {text}",
            "1 (Glorot & Bengio, eq. 14)" if name != LARGE else "not 1: tanh is saturated",
            with_error(found, 2),
            level == (name != LARGE),
            name == LARGE,
        )


def _saturation_claims(results: Results) -> Iterator[Claim]:
    edge = 1.0 - SATURATED**2  # the slope there
    for name, low, high in ((XAVIER, 0.0, 0.01), (LARGE, 0.8, 1.0)):
        found = results.measured[name].saturated
        wanted = float(prediction(name).share_below(edge, TANH)[:LAYERS].mean())
        text = f"more than {low:.0%}" if low else f"less than {high:.0%}"
        yield Claim(
            f"{name}: {text} of activations are beyond ±{SATURATED}",
            f"{wanted:.2%} (mean field)",
            f"{found.mean():.2%}",
            bool(low <= found.mean() <= high),
            name == LARGE,
        )


def _learning_claims(results: Results, quick: bool) -> Iterator[Claim]:
    steps = {name: steps_to_low(course) for name, course in results.courses.items()}
    faster, note = (QUICK_FASTER, " (quick)") if quick else (FASTER, "")
    found = float(geometric_mean(steps[STANDARD]) / geometric_mean(steps[XAVIER]))
    yield Claim(
        f"{STANDARD}: it takes more than {faster:g} times as many steps as {XAVIER}'s to a loss of "
        f"{LOW}{note}",
        "a slower start (Glorot & Bengio)",
        f"{found:.1f}: {_steps(steps[STANDARD])} against {_steps(steps[XAVIER])}",
        bool(np.isfinite(found) and found > faster),
    )
    for name in SMALL, LARGE:
        least = float(smoothed(results.courses[name]).min())
        yield Claim(
            f"{name}: no network comes to a loss of {LOW} in {len(results.courses[name])} steps",
            "none learns (tutorial)",
            f"at least {least:.2f}",
            least > LOW,
            is_control=True,
        )


def _steps(steps: np.ndarray) -> str:
    return f"{steps.min():.0f} to {steps.max():.0f}"


def figures(results: Results) -> dict[str, Picture]:
    """Histograms by layer, deviations by layer, and learning."""
    return {
        "histograms_by_layer": _by_layer(results),
        "deviation_by_layer": _deviations(results),
        "loss": _losses(results),
    }


def _by_layer(results: Results) -> Picture:
    figure = Figure(figsize=(10, 9), layout="constrained")
    axes = figure.subplots(len(KINDS), 2, sharex="row", sharey="row")
    colours = (BLACK, VERMILION, BLUE, GREEN, ORANGE)
    for column, name in enumerate((STANDARD, XAVIER)):
        for row, (kind, edges) in enumerate(EDGES.items()):
            ax = axes[row, column]
            middles = 0.5 * (edges[1:] + edges[:-1])
            densities = results.measured[name].histograms[:, row].mean(axis=0)
            for layer, (density, colour) in enumerate(zip(densities, colours, strict=True), 1):
                line = LINES[layer - 1]
                ax.plot(middles, density, c=colour, ls=line, lw=1.4, label=f"layer {layer}")
            ax.set_xlabel(kind if row == 0 else f"{kind}, over the deviation at layer {LAYERS}")
            ax.set(yscale="log", ylim=(2e-3, None))
        axes[0, column].set_title(f"{name} start")
        axes[column, 0].set_ylabel("density")
    axes[2, 0].set_ylabel("density")
    lines = axes[0, 0].get_legend_handles_labels()
    figure.legend(*lines, loc="outside lower center", ncols=LAYERS)
    fading = ratios(results.measured[STANDARD], "errors dL/dz").mean()
    level = ratios(results.measured[XAVIER], "errors dL/dz").mean()
    return Picture(
        figure,
        "Histograms by layer, left from the standard start, right from Xavier's. Activations: with "
        "the standard start they are narrower from layer to layer, with Xavier's hardly. Errors: "
        f"narrower from the last layer back to the first, to {fading:.2f} of the width with the "
        f"standard start and {level:.2f} with Xavier's. Gradients of weights: the histograms of "
        "all layers lie on each other with both.",
    )


LOOKS = dict(zip(STARTS, zip(MARKERS, (BLUE, VERMILION, GREEN, BLACK), strict=False), strict=True))


def _deviations(results: Results) -> Picture:
    figure = Figure(figsize=(12, 4.6), layout="constrained")
    axes = figure.subplots(1, len(KINDS))
    layers = np.arange(1, LAYERS + 1)
    for name, (marker, colour) in LOOKS.items():
        predicted, found = prediction(name), geometric_mean(results.measured[name].deviations, 0)
        signal = np.sqrt(predicted.variances[1:] / STARTS[name].spread(WIDTH))
        left = np.append(np.cumprod(predicted.factors[: LAYERS - 1][::-1])[::-1], 1.0)
        lines = signal, found[1, -1] * left, None
        for ax, deviations, line in zip(axes, found, lines, strict=True):
            if line is not None:
                ax.plot(layers, line, c=colour, lw=1.2)
            role = "" if name in GOOD else "control: "
            ax.plot(layers, deviations, marker, c=colour, mfc="white", label=role + name)
    for ax, kind in zip(axes, KINDS, strict=True):
        ax.set(yscale="log", xlabel="layer, from the input", xticks=layers)
        ax.set_title(kind if kind == KINDS[-1] else f"{kind}: lines predicted")
    axes[0].set_ylabel("standard deviation")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return Picture(
        figure,
        "Standard deviations by layer from four starts, on logarithmic axes: activations fade with "
        "the standard start and with small weights, and are saturated with large ones; errors fade "
        "from the last layer to the first with the first two, and grow with large ones; with "
        "Xavier's start both are almost level. Gradients of weights are level with all but the "
        "large. Where mean field theory predicts lines, the symbols lie on them.",
    )


def _losses(results: Results) -> Picture:
    figure = Figure(figsize=(9, 4.6), layout="constrained")
    ax = figure.subplots()
    for name, (_, colour), line in zip(LOOKS, LOOKS.values(), LINES, strict=False):
        means = smoothed(results.courses[name])
        steps = WINDOW / 2.0 + np.arange(len(means))
        for number, one in enumerate(means.T):
            label = name if name in GOOD else f"control: {name}"
            _line(ax, steps, one, colour, line, "" if number else label)
    ax.axhline(LOW, c=BLACK, lw=0.8)
    ax.text(len(results.courses[XAVIER]), LOW * 1.1, f"{LOW}", ha="right")
    ax.set(yscale="log", xlabel="step", ylabel=f"loss, mean of {WINDOW} steps", ylim=(None, 60.0))
    ax.legend(loc="upper right", ncols=2)
    steps_of = {name: steps_to_low(results.courses[name]) for name in GOOD}
    return Picture(
        figure,
        f"Loss by step for networks from four starts. From Xavier's it is below {LOW} after "
        f"{_steps(steps_of[XAVIER])} steps, from the standard one after "
        f"{_steps(steps_of[STANDARD])}; from small weights it stays at ln 10, and from large ones "
        "it falls slowly and stays far above.",
    )


def _line(ax: Axes, x: np.ndarray, y: np.ndarray, colour: str, line: Any, label: str) -> None:
    ax.plot(x, y, c=colour, ls=line, lw=1.0, label=label)
