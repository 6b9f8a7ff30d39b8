"""The LSTM's memory hands the gradient on unchanged, but only behind a forget gate that is open.

The tutorial says: vanishing "can also be relieved by using an architecture that appears more
resistant to this deficiency", like the LSTM, which prevents it "by letting the gradient also flow
unchanged".

Theory predicts: in a plain recurrent network a step multiplies the error by W and by slopes of
tanh, at most 1; from PyTorch's start, of variance 1/(3n), by 1/√3, which is the spectral radius of
W where there are many units. In an LSTM the error of the memory c is multiplied by the forget gate
f and by nothing else, as long as the gates do not depend on h: with f = 1 and no input it stays
what it is, and a gate of bias b leaves sigmoid(b) a step.

Where they disagree: the LSTM as such does not let the gradient through. From PyTorch's start its
forget gates are half shut, and hardly more is left than in a plain network; with the usual forget
bias of 1 there is still less than in a tanh network of orthogonal weights, and ReLU units that
start from the identity lose almost nothing.

Experiment: 32 units read the adding problem, 100 steps of it, before they have learned anything. A
random error at the last hidden state is followed back to the whole state after the first step, in
float64, as in float32 some of it would be 0. The error of the memory alone is followed through
gates that are set by hand. The controls are starts from which the error must not vanish.

Sources: Hochreiter & Schmidhuber 1997 for the constant error carousel and the adding problem; Gers,
Schmidhuber & Cummins 2000 for the forget gate; Jozefowicz, Zaremba & Sutskever 2015 for its bias;
Ginibre 1965 for the radius; Le, Jaitly & Hinton 2015 for ReLU from the identity; Saxe, McClelland &
Ganguli 2014 for orthogonal weights.

Command: ``python -m demos gradient_through_time``; about two seconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minigrad import autograd, nn, tensor
from minigrad.nn import init

from .adding import INPUTS, adding
from .claims import Claim, geometric_mean, with_error
from .pictures import Picture
from .protocol import Each
from .recurrent import (
    FORGET_BIASES,
    IDENTITY,
    NORMAL,
    ORTHOGONAL,
    PYTORCH,
    errors_by_step,
    lstm,
    recurrent,
)
from .style import BLACK, BLUE, GREEN, LINES, ORANGE, SKY, VERMILION

HIDDEN, BATCH = 32, 32
STEPS = 100
BACK = STEPS - 1  # steps from the last to the first
NETS, QUICK_NETS = 10, 4
PLAIN = (PYTORCH, NORMAL, ORTHOGONAL, IDENTITY)
LSTMS = tuple(map(lstm, FORGET_BIASES))
SHUT = 1000.0  # the bias of a gate that is open, or its negative: its sigmoid is 1 exactly, or 0
ROUNDING = 1e-12
RADIUS = 1.0 / math.sqrt(3.0)  # of W, from PyTorch's start (Ginibre 1965)
TOLERANCE = 0.1  # of a factor, relative
VANISHES = {  # less than that is left
    PYTORCH: 1e-15,
    NORMAL: 1e-4,
    lstm(0.0): 1e-15,
    lstm(1.0): 1e-5,
}
STAYS = {  # more than that is left
    ORTHOGONAL: 1e-3,
    IDENTITY: 0.1,
    lstm(3.0): 0.01,
    lstm(5.0): 0.1,
}
EXPECTED = {  # to be left: a number, or how one bounds it
    PYTORCH: f"{RADIUS**BACK:.1e} (Ginibre)",
    NORMAL: "below 1 (radius 1, slopes of tanh below 1)",
    ORTHOGONAL: "at most 1 (W leaves norms, slopes do not)",
    IDENTITY: "1, if all units are on (W = 1)",
}
CERTAIN, QUICK_CERTAIN = 2.0, 1.0  # standard errors


class Unit(NamedTuple):
    """One network to measure: what can be done in a process of its own."""

    start: str
    number: int
    seed: int


@dataclass(frozen=True)
class Results:
    """What becomes of an error on its way back."""

    carousel: np.ndarray  # (HIDDEN,): dL/dc_0 over dL/dc_T, with f = 1 and i = 0
    gates: dict[float, np.ndarray]  # (HIDDEN,): the same of gates of a bias that see nothing
    errors: dict[str, np.ndarray]  # (networks, STEPS): norms, by start

    def left(self, start: str) -> np.ndarray:
        """What is left of the last step's error at the first, by network."""
        return np.asarray(self.errors[start][:, 0] / self.errors[start][:, -1])


def run(seed: int, quick: bool = False, each: Each = map) -> Results:
    """Measure networks at every start, and the memory alone."""
    nets = QUICK_NETS if quick else NETS
    starts = PLAIN + LSTMS
    units = [Unit(start, number, seed) for start in starts for number in range(nets)]
    errors = np.array(list(each(measure, units))).reshape(len(starts), nets, STEPS)
    return Results(
        carousel=through_the_memory(seed, forget=SHUT, let_in=-SHUT),
        gates={bias: through_the_memory(seed, forget=bias) for bias in FORGET_BIASES},
        errors=dict(zip(starts, errors, strict=True)),
    )


def measure(unit: Unit) -> np.ndarray:
    """The error by step at the start."""
    draw = np.random.default_rng([unit.seed, unit.number])
    layer = recurrent(unit.start, INPUTS, HIDDEN, draw, np.float64)
    x, _ = adding(STEPS, BATCH, draw)
    return errors_by_step(layer, x.astype(np.float64), draw)


def through_the_memory(seed: int, forget: float, let_in: float | None = None) -> np.ndarray:
    """dL/dc_0 over dL/dc_T, by unit, with a bias of the forget gate and of the input gate.

    Without the latter no gate sees h or the input; with it weights are as they start.
    """
    draw = np.random.default_rng([seed, 0])
    layer: Any = nn.LSTM(INPUTS, HIDDEN, dtype=np.float64, generator=draw)
    biases = layer.bias_ih_l0.data, layer.bias_hh_l0.data
    if let_in is None:
        for weight in layer.weight_ih_l0, layer.weight_hh_l0:
            init.zeros_(weight)
    else:
        biases[0][:HIDDEN] = let_in
    biases[0][HIDDEN : 2 * HIDDEN], biases[1][HIDDEN : 2 * HIDDEN] = forget, 0.0
    x, _ = adding(BACK, 1, draw)
    h, c, error = draw.standard_normal((3, 1, 1, HIDDEN))
    first = tensor(c, requires_grad=True)
    _, (_, last) = layer(tensor(x.astype(np.float64)), (tensor(h), first))
    (found,) = autograd.grad((last * error).sum(), [first])
    return np.asarray(found / error).ravel()


def alone(bias: float) -> float:
    """What gates of that bias leave to the error of the memory."""
    return float(1.0 + math.exp(-bias)) ** -BACK


def claims(results: Results, quick: bool = False) -> list[Claim]:
    """The table's lines."""
    certain = QUICK_CERTAIN if quick else CERTAIN
    return [
        *_memory_claims(results),
        _radius_claim(results),
        *_vanishing_claims(results, certain),
        *_control_claims(results, certain),
    ]


def _memory_claims(results: Results) -> Iterator[Claim]:
    found = results.carousel
    yield Claim(
        f"LSTM, forget gates 1 and input gates 0: {BACK} steps leave the error of the memory what "
        "it is",
        "1 (Hochreiter & Schmidhuber: the constant error carousel)",
        f"1, to {np.abs(found - 1.0).max():.0e}",
        bool((found == 1.0).all()),
        is_control=True,
    )
    for bias, found in results.gates.items():
        off = float(np.abs(found / alone(bias) - 1.0).max())
        yield Claim(
            f"LSTM, gates of bias {bias:g} that see nothing leave σ({bias:g})^{BACK} of it, to "
            f"{ROUNDING:g}",
            f"{alone(bias):.3g} (calculus)",
            f"{found.mean():.3g}, to {off:.0e}",
            off < ROUNDING,
        )


def _radius_claim(results: Results) -> Claim:
    factors = results.left(PYTORCH) ** (1.0 / BACK)
    return Claim(
        f"{PYTORCH}: a step multiplies the error by the radius of W, to {TOLERANCE:.0%}",
        f"{RADIUS:.4f} (Ginibre)",
        with_error(factors),
        bool(abs(factors.mean() / RADIUS - 1.0) < TOLERANCE),
    )


def _vanishing_claims(results: Results, certain: float) -> Iterator[Claim]:
    for start, bound in VANISHES.items():
        middle, error, text = _in_powers_of_ten(results.left(start))
        yield Claim(
            f"{start}: less than {bound:g} is left after {BACK} steps, by {certain:g} s.e.",
            _expected(start),
            text,
            middle + certain * error < math.log10(bound),
        )


def _control_claims(results: Results, certain: float) -> Iterator[Claim]:
    for start, bound in STAYS.items():
        middle, error, text = _in_powers_of_ten(results.left(start))
        yield Claim(
            f"{start}: more than {bound:g} is left after {BACK} steps, by {certain:g} s.e.",
            _expected(start),
            text,
            middle - certain * error > math.log10(bound),
            is_control=True,
        )


def _expected(start: str) -> str:
    if start in EXPECTED:
        return EXPECTED[start]
    return f"{alone(FORGET_BIASES[LSTMS.index(start)]):.1e}, of the memory alone (calculus)"


def _in_powers_of_ten(left: np.ndarray) -> tuple[float, float, str]:
    powers = np.log10(left)
    middle, error = float(powers.mean()), float(powers.std(ddof=1) / math.sqrt(len(powers)))
    return middle, error, f"{10.0**middle:.1e}, 10^({with_error(powers, 2)})"


LOOKS = {  # of a start: marker and colour
    PYTORCH: ("o", VERMILION),
    NORMAL: ("s", ORANGE),
    ORTHOGONAL: ("^", GREEN),
    IDENTITY: ("D", BLACK),
    **dict(zip(LSTMS, zip("osP^", (VERMILION, ORANGE, SKY, BLUE), strict=True), strict=True)),
}
EVERY = 9  # steps, of which one has a symbol


def figures(results: Results) -> dict[str, Picture]:
    """The error by step, in plain networks and in LSTMs."""
    figure = Figure(figsize=(11, 5.2), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for start in PLAIN:
        _draw(left, results, start)
    for start, bias in zip(LSTMS, FORGET_BIASES, strict=True):
        _draw(right, results, start)
        _predict(right, alone(bias) ** (1.0 / BACK), LOOKS[start][1])
    _predict(left, RADIUS, LOOKS[PYTORCH][1])
    left.plot([], [], c=BLACK, ls=LINES[1], label="(1/√3)^(steps back), predicted for U(±1/√n)")
    right.plot([], [], c=BLACK, ls=LINES[1], label="σ(bias)^(steps back): the memory alone")
    carousel = results.carousel.mean()
    right.plot([1, STEPS], [carousel, 1.0], c=BLACK, ls=LINES[3], label="control: carousel, f = 1")
    left.set(title="plain recurrent networks", ylabel="norm of the error / that at the last step")
    right.set(title="LSTMs, by forget bias")
    for ax in left, right:
        ax.set(yscale="log", ylim=(1e-36, 1e4), xlabel="step")
        ax.legend(loc="lower right")
    means = {start: float(geometric_mean(results.left(start))) for start in results.errors}
    return {
        "error_by_step": Picture(
            figure,
            f"Two panels of the norm of the error by step, from step {STEPS} back to step 1, on a "
            "logarithmic axis. Left: plain networks. "
            + _in_words(means, PLAIN)
            + " is left at step 1. Right: LSTMs. "
            + _in_words(means, LSTMS)
            + " is left. Dashed lines are predictions: the first plain network follows its own; "
            "LSTMs keep more than gates of their bias leave the memory alone.",
        )
    }


def _in_words(means: dict[str, float], starts: tuple[str, ...]) -> str:
    return ", ".join(f"{start}: {means[start]:.0e}" for start in starts)


def _draw(ax: Axes, results: Results, start: str) -> None:
    errors = results.errors[start]
    middle = geometric_mean(errors / errors[:, -1:], axis=0)
    marker, colour = LOOKS[start]
    steps, role = np.arange(1, STEPS + 1), "control: " if start in STAYS else ""
    ax.plot(steps, middle, c=colour, marker=marker, markevery=EVERY, mfc="white",
            label=role + start)  # fmt: skip


def _predict(ax: Axes, factor: float, colour: str) -> None:
    back = np.arange(BACK, -1, -1)
    ax.plot(STEPS - back, factor**back, c=colour, ls=LINES[1], lw=1.2)
