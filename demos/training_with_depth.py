"""A sigmoid network of eight hidden layers learns at no rate: its first layer stands still.

The tutorial says: as the derivative approaches zero, "the adjustment of the model parameters, i.e.,
weights, biases, and propagation of the error to the initial layers, and then the model training
will be disrupted. As a result, the neural network's initial layers are rendered useless since they
are not able to learn anything".

Theory predicts: from Xavier's start a layer of sigmoids passes on less than a quarter of the error
dL/dz (mean field theory, see the demo of the vanishing gradient), so that with eight of them four
hundred-thousandths are left at the first. A network that does not see its input can learn nothing
but how frequent the classes are, with a loss of ln 10 = 2.3026 for ten.

Where they disagree: the rate is no remedy, but five layers are not lost yet: at high rates some of
these networks do learn after a long plateau, and others, from another start, do not.

Experiment: networks of 1, 3, 5 and 8 hidden layers of 64 sigmoids learn the digits in 1500 steps of
SGD at three rates, from Xavier's start. The controls are those of 1 and 3 layers, and 8 layers of
tanh and of ReLU. Losses are those of all digits that were learned; the gradient by layer is
measured on 256 of them every 50 steps.

Sources: Glorot & Bengio 2010, section 3.1, where a sigmoid network of five layers never left
saturation; Poole et al. 2016 and Schoenholz et al. 2017 for mean field theory.

Command: ``python -m demos training_with_depth``; about twenty seconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minigrad import autograd, nn, no_grad, optim, tensor
from minigrad.nn import functional as F, init

from .claims import Claim, geometric_mean
from .digits import CLASSES, PIXELS, Part, split
from .mean_field import RELU, SIGMOID, TANH, Nonlinearity, predict
from .pictures import Animation, Picture
from .protocol import Each
from .side_by_side import before_activation, learn_digits, networks
from .style import BLACK, BLUE, GREEN, LINES, MARKERS, ORANGE, SKY, VERMILION

WIDTH, DEEP = 64, 8
NETS, QUICK_NETS = 4, 2
STEPS, QUICK_STEPS, EVERY = 1500, 400, 50  # of SGD, and between measurements
MEASURED = 256  # digits on which the gradient is measured
LN_10 = math.log(CLASSES)
STUCK, LEARNED, QUICK_LEARNED = 2.25, 0.05, 0.2  # losses: above, and below at the best rate
BETTER_THAN_CHANCE = 0.5  # loss, at any rate
STILL, MOVED, QUICK_MOVED = 0.01, 0.1, 0.05  # of the first weights, relative
TOLERANCE, QUICK_TOLERANCE = 0.25, 0.5  # of a product of seven factors, relative
VANISHED, ARRIVES = 1e-3, 0.05  # of the error at the last layer, at the first


class Kind(NamedTuple):
    """An activation, its start, and the variance of the first weights times their fan-in."""

    activation: nn.Module
    phi: Nonlinearity
    fill: Callable[..., Any]
    spread: float


_he = partial(init.kaiming_normal_, nonlinearity="relu")
SIGMOIDS, TANHS, RELUS = "sigmoid, Xavier", "tanh, Xavier", "ReLU, He"
KINDS = {
    SIGMOIDS: Kind(nn.Sigmoid(), SIGMOID, init.xavier_normal_, 1.0),
    TANHS: Kind(nn.Tanh(), TANH, init.xavier_normal_, 1.0),
    RELUS: Kind(nn.ReLU(), RELU, _he, 2.0),
}


class Setting(NamedTuple):
    """Networks that learn alike."""

    kind: str
    depth: int  # hidden layers
    rate: float


DEPTHS, RATES = (1, 3, 5, DEEP), (0.1, 1.0, 5.0)
QUICK_DEPTHS, QUICK_RATES = (1, DEEP), (1.0, 5.0)
BORDER = 5  # hidden layers
SLOW = 0.1  # the rate at which they do not learn
CONTROLS = (Setting(TANHS, DEEP, 0.1), Setting(RELUS, DEEP, 0.1))
SHOWN = Setting(SIGMOIDS, DEEP, 1.0)  # beside them, in motion


class Unit(NamedTuple):
    """What can be done in a process of its own."""

    setting: Setting
    nets: int
    steps: int
    seed: int


class Learning(NamedTuple):
    """How the networks of one setting learned."""

    course: np.ndarray  # (steps, networks): the loss of each batch
    losses: np.ndarray  # (networks,): in the end
    moved: np.ndarray  # (networks,): the first weights, over what they were
    errors: np.ndarray  # (measurements, networks, layers): the norm of dL/dz


@dataclass(frozen=True)
class Results:
    """How all networks learned."""

    learning: dict[Setting, Learning]


def run(seed: int, quick: bool = False, each: Each = map) -> Results:
    """All depths at all rates, and the controls."""
    nets, steps = (QUICK_NETS, QUICK_STEPS) if quick else (NETS, STEPS)
    depths, rates = (QUICK_DEPTHS, QUICK_RATES) if quick else (DEPTHS, RATES)
    settings = [Setting(SIGMOIDS, depth, rate) for depth in depths for rate in rates]
    settings += CONTROLS
    units = [Unit(setting, nets, steps, seed) for setting in settings]
    return Results(dict(zip(settings, each(learn, units), strict=True)))


def learn(unit: Unit) -> Learning:
    """Learn the digits, and measure on the way."""
    setting, kind = unit.setting, KINDS[unit.setting.kind]
    draws = [np.random.default_rng([unit.seed, number]) for number in range(unit.nets)]
    widths = [PIXELS, *[WIDTH] * setting.depth, CLASSES]
    model = networks(widths, draws, kind.fill, kind.activation)
    optimizer = optim.SGD(model.parameters(), lr=setting.rate)
    first = next(model.parameters())
    start, digits = first.detach().numpy().copy(), split()[0]
    some = Part(digits.images[:MEASURED], digits.labels[:MEASURED])
    course, errors = [], [measure(model, some)]
    for _ in range(unit.steps // EVERY):
        course.append(learn_digits(model, draws, optimizer, EVERY))
        errors.append(measure(model, some))
    with no_grad():
        losses = of_each(model(tensor(digits.images[None])), digits.labels).numpy()
    return Learning(
        np.concatenate(course),
        losses,
        _norms(first.detach().numpy() - start) / _norms(start),
        np.array(errors),
    )


def of_each(logits: Any, labels: np.ndarray) -> Any:
    """The mean cross-entropy of each network, from logits (networks, N, classes)."""
    nets = logits.shape[0]
    every = F.cross_entropy(logits.reshape(-1, CLASSES), np.tile(labels, nets), reduction="none")
    return every.reshape(nets, -1).mean(axis=1)


def measure(model: nn.Sequential, digits: Part) -> np.ndarray:
    """The norm of dL/dz at each hidden layer of each network, (networks, layers)."""
    *hidden, logits = before_activation(model, tensor(digits.images[None]))
    errors = autograd.grad(of_each(logits, digits.labels).sum(), hidden)
    return np.stack([_norms(np.asarray(error)) for error in errors], axis=1)


def _norms(matrices: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.norm(matrices, axis=(1, 2)))


def predicted_share(name: str) -> float:
    """Of the error at the last hidden layer, what arrives at the first from the start."""
    kind = KINDS[name]
    return float(np.prod(predict(kind.phi, kind.spread, kind.spread, DEEP).factors[:-1]))


def share(learning: Learning, measurement: int | None = None) -> np.ndarray:
    """What arrives of it, by network, at a measurement or (measurements, networks) at all."""
    errors = learning.errors if measurement is None else learning.errors[measurement]
    return np.asarray(errors[..., 0] / errors[..., -1])


def claims(results: Results, quick: bool = False) -> list[Claim]:
    """The table's lines."""
    return [
        *_depth_claims(results, quick),
        *_movement_claims(results, QUICK_MOVED if quick else MOVED),
        *_share_claims(results, QUICK_TOLERANCE if quick else TOLERANCE),
    ]


def _depth_claims(results: Results, quick: bool) -> Iterator[Claim]:
    learned = QUICK_LEARNED if quick else LEARNED
    note = f" (quick: {QUICK_STEPS} steps)" if quick else ""
    for setting, found in results.learning.items():
        deep = setting.kind == SIGMOIDS and setting.depth == DEEP
        if deep or setting == Setting(SIGMOIDS, BORDER, SLOW):
            yield Claim(
                f"{setting.depth} layers of sigmoids at rate {setting.rate:g}: no loss is below "
                f"{STUCK}",
                f"{LN_10:.4f} (ln {CLASSES})",
                _losses(found.losses),
                bool(found.losses.min() > STUCK),
            )
    for depth in dict.fromkeys(setting.depth for setting in results.learning):
        if depth < BORDER:
            losses = {s.rate: one.losses for s, one in results.learning.items() if s.depth == depth}
            best = min(losses, key=lambda rate: losses[rate].mean())
            worst = max(one.max() for one in losses.values())
            yield Claim(
                f"{depth} layer{'s' if depth > 1 else ''} of sigmoids: every loss is below "
                f"{BETTER_THAN_CHANCE} at all rates, and below {learned} at the best{note}",
                "they learn",
                f"at most {worst:.2g}; {_losses(losses[best])} at {best:g}",
                bool(worst < BETTER_THAN_CHANCE and losses[best].max() < learned),
                is_control=True,
            )
    for setting in CONTROLS:
        losses_of_it = results.learning[setting].losses
        yield Claim(
            f"{DEEP} layers, {setting.kind}, at rate {setting.rate:g}: every loss is below "
            f"{learned}{note}",
            "they learn",
            _losses(losses_of_it),
            bool(losses_of_it.max() < learned),
            is_control=True,
        )


def _losses(losses: np.ndarray) -> str:
    return f"{losses.min():.3g} to {losses.max():.3g}"


def _deep(results: Results) -> dict[float, Learning]:
    return {
        setting.rate: one
        for setting, one in results.learning.items()
        if setting.kind == SIGMOIDS and setting.depth == DEEP
    }


def _movement_claims(results: Results, moved: float) -> Iterator[Claim]:
    most = max(one.moved.max() for one in _deep(results).values())
    yield Claim(
        f"{DEEP} layers of sigmoids, the first weights move by less than {STILL:.0%}, at all rates",
        '"not able to learn anything" (tutorial)',
        f"at most {most:.2%}",
        bool(most < STILL),
    )
    for setting in CONTROLS:
        least = results.learning[setting].moved.min()
        yield Claim(
            f"{DEEP} layers, {setting.kind}, the first weights move by more than {moved:.0%}",
            "they learn",
            f"at least {least:.0%}",
            bool(least > moved),
            is_control=True,
        )


def _share_claims(results: Results, tolerance: float) -> Iterator[Claim]:
    found = float(geometric_mean(share(results.learning[SHOWN], 0)))
    wanted = predicted_share(SIGMOIDS)
    yield Claim(
        f"{DEEP} layers of sigmoids, at the start the error at the first over that at the last is "
        f"as predicted, to {tolerance:.0%}",
        f"{wanted:.2g} (mean field)",
        f"{found:.2g}",
        abs(found / wanted - 1.0) < tolerance,
    )
    most = max(share(one).max() for one in _deep(results).values())
    yield Claim(
        f"{DEEP} layers of sigmoids, the error at the first is below {VANISHED:g} of that at the "
        "last all the time, at all rates",
        "it stays where it started",
        f"at most {most:.1g}",
        bool(most < VANISHED),
    )
    least = min(share(results.learning[setting]).min() for setting in CONTROLS)
    yield Claim(
        f"{DEEP} layers of tanh and of ReLU, it is above {ARRIVES:g} of that at the last all the "
        "time",
        "it arrives",
        f"at least {least:.2f}",
        bool(least > ARRIVES),
        is_control=True,
    )


def figures(results: Results) -> dict[str, Picture]:
    """The losses, and the errors in motion."""
    return {"loss_by_depth": _loss(results), "error_by_layer_in_motion": _in_motion(results)}


def _loss(results: Results) -> Picture:
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    sigmoids = [setting for setting in results.learning if setting.kind == SIGMOIDS]
    rates = list(dict.fromkeys(setting.rate for setting in sigmoids))
    for rate, marker, line, colour in zip(
        rates, MARKERS, LINES, (BLUE, VERMILION, BLACK), strict=False
    ):
        found = {s.depth: results.learning[s].losses for s in sigmoids if s.rate == rate}
        middle = [float(np.median(one)) for one in found.values()]
        shift = 0.08 * (rates.index(rate) - 1)
        for depth, losses in found.items():
            left.plot(
                np.full(len(losses), depth + shift), losses, marker, c=colour, mfc="none", ms=4
            )
        places = np.array([*found]) + shift
        left.plot(places, middle, marker, ls=line, c=colour, label=f"sigmoid, rate {rate:g}")
    for setting, marker, colour in zip(CONTROLS, ("D", "P"), (ORANGE, GREEN), strict=True):
        losses = results.learning[setting].losses
        label = f"control: {setting.kind.split(',')[0]}"
        left.plot(np.full(len(losses), DEEP), losses, marker, c=colour, ms=8, label=label)
    left.axhline(LN_10, c=BLACK, lw=0.8, ls=LINES[3])
    left.text(1.0, LN_10 * 1.15, "ln 10: nothing learned", va="bottom")
    left.set(yscale="log", xlabel="hidden layers", ylabel="loss in the end", ylim=(None, 8.0))
    left.set_xticks(list(dict.fromkeys(setting.depth for setting in sigmoids)))
    left.set_title("small symbols: networks; lines: medians")
    left.legend(loc="lower right", bbox_to_anchor=(0.9, 0.0))
    _courses(right, results)
    stuck = max(one.losses.min() for one in _deep(results).values())
    return Picture(
        figure,
        "Left: the loss in the end by the number of hidden layers on a logarithmic axis, at each "
        "rate. With few layers it is far below 1; with eight of sigmoids it is at ln 10, "
        f"{stuck:.2f}, at every rate, while the controls, eight layers of tanh and of ReLU, are "
        f"below {max(results.learning[s].losses.max() for s in CONTROLS):.1g}. Right: the loss by "
        "step; that of eight layers of sigmoids is level from start to end.",
    )


def _courses(ax: Axes, results: Results) -> None:
    shown = {
        "1 layer of sigmoids, rate 1": (Setting(SIGMOIDS, 1, 1.0), BLUE, LINES[0]),
        "5 layers of sigmoids, rate 5": (Setting(SIGMOIDS, BORDER, 5.0), SKY, LINES[2]),
        "8 layers of sigmoids, rate 1": (SHOWN, VERMILION, LINES[0]),
        "control: 8 layers of tanh": (CONTROLS[0], ORANGE, LINES[1]),
        "control: 8 layers of ReLU": (CONTROLS[1], GREEN, LINES[3]),
    }
    for label, (setting, colour, line) in shown.items():
        if setting not in results.learning:
            continue
        course = results.learning[setting].course
        means = course.reshape(-1, EVERY, course.shape[1]).mean(axis=1)
        steps = EVERY * (0.5 + np.arange(len(means)))
        for number, one in enumerate(means.T):
            ax.plot(steps, one, c=colour, ls=line, lw=1.3, label="" if number else label)
    ax.set(yscale="log", xlabel="step", ylabel=f"loss, means of {EVERY} steps", ylim=(None, 1e3))
    ax.set_title("each network")
    ax.legend(loc="upper right", ncols=1, fontsize=9)


def _in_motion(results: Results) -> Animation:
    figure = Figure(figsize=(9, 4.8), layout="constrained")
    ax = figure.subplots()
    layers = np.arange(1, DEEP + 1)
    settings = (SHOWN, *CONTROLS)
    lines, courses, losses = [], [], []
    for setting, colour, marker in zip(settings, (VERMILION, ORANGE, GREEN), MARKERS, strict=False):
        found = results.learning[setting]
        courses.append(geometric_mean(found.errors, axis=1))
        before = found.course.reshape(-1, EVERY, found.course.shape[1]).mean(axis=(1, 2))
        losses.append([found.course[0].mean(), *before])
        kind = KINDS[setting.kind]
        factors = predict(kind.phi, kind.spread, kind.spread, DEEP).factors[:-1]
        left = np.append(np.cumprod(factors[::-1])[::-1], 1.0) * courses[-1][0, -1]
        ax.plot(layers, left, c=colour, lw=1.0, ls=LINES[1])
        role = "" if setting.kind == SIGMOIDS else "control: "
        lines += ax.plot([], [], marker + "-", c=colour, mfc="white", label=f"{role}{setting.kind}")
    high, low = (pick([pick(course) for course in courses]) for pick in (np.max, np.min))
    ax.set(yscale="log", ylim=(low / 5.0, high * 60.0), xlim=(0.8, DEEP + 0.2), xticks=layers)
    ax.set(xlabel="hidden layer, from the input", ylabel="norm of the error, ‖dL/dz‖")
    ax.set_title("broken lines: predicted for the start")
    ax.legend(loc="upper left", ncols=1)
    text = ax.text(0.98, 0.96, "", ha="right", va="top", transform=ax.transAxes)

    def move(frame: int) -> None:
        for line, course in zip(lines, courses, strict=True):
            line.set_data(layers, course[frame])
        now = ", ".join(f"{one[frame]:.3f}" for one in losses)
        text.set_text(f"step {EVERY * frame}\nlosses {now}")

    return Animation(
        figure,
        "The norm of the error by hidden layer, on a logarithmic axis, while networks of eight "
        "layers learn. That of the sigmoid network falls by a factor of "
        f"{1.0 / predicted_share(SIGMOIDS):.0f} from the last layer to the first, and stays so "
        "from the first step to the last; those of tanh and ReLU are level, and sink as a whole "
        "as their losses do.",
        [*lines, text],
        move,
        len(courses[0]),
        milliseconds=200,
    )
