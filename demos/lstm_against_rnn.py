"""An LSTM learns over 80 steps what a plain recurrent network does not, as its gates can open.

The tutorial says: vanishing "can also be relieved by using an architecture that appears more
resistant to this deficiency", like the LSTM, which is "to maintain the long-distance dependencies
and prevent the VG by letting the gradient also flow unchanged".

Theory predicts: in a plain network a step multiplies the error by W and by slopes of tanh; from
PyTorch's start, of variance 1/(3n), by 1/√3 as long as tanh is nearly linear. In an LSTM the error
of the memory c is multiplied by the forget gate f and by nothing else, as long as the gates do not
depend on h: with f = 1 and no input it stays what it is, and a gate of bias b leaves σ(b) a step.

Where they disagree: the LSTM as such does not let the gradient through. From PyTorch's start its
forget gates are half shut and it vanishes, hardly less than in a plain network; with the usual
forget bias of 1 there is still less left than in a tanh network of orthogonal weights. And so it
is at first in training. But the LSTM learns to open its gates, where what tanh networks learn shuts
the way; they get there too, with many times the updates. Nor does it take an LSTM: ReLU units from
the identity manage. The claim is one of equal updates, with the best of three rates for tanh.

Experiment: 32 hidden units. First the error by step over 100 steps of the adding problem, at the
start. Then learning it over 80 steps with Adam, clipped to a norm of 1, in 1000 updates of 50
sequences: two of the numbers are marked, one in each half, and their sum is asked for; an answer
that is always 1 has a mean squared error of 1/6. At the end the error by step again. The controls
are starts from which the error does not vanish, and 20 steps, which tanh units do learn.

Sources: Hochreiter & Schmidhuber 1997 for the carousel and the adding problem; Gers, Schmidhuber &
Cummins 2000 for the forget gate; Jozefowicz, Zaremba & Sutskever 2015 for its bias; Le, Jaitly &
Hinton 2015 for the IRNN; Saxe, McClelland & Ganguli 2014 for orthogonal weights.

Command: ``python -m demos lstm_against_rnn``; about thirty seconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minigrad import autograd, nn, optim, tensor
from minigrad.nn import functional as F, init

from .claims import Claim, geometric_mean
from .pictures import Picture
from .protocol import Each
from .recurrent import (
    FORGET_BIASES,
    IDENTITY,
    NORMAL,
    ORTHOGONAL,
    PYTORCH,
    Reader,
    errors_by_step,
    lstm,
    recurrent,
)
from .style import BLACK, BLUE, GREEN, LINES, ORANGE, SKY, VERMILION

HIDDEN, BATCH = 32, 50

# The error at the start.
STEPS, NETS, QUICK_NETS = 100, 10, 3
FLOW_BATCH = 32
PLAIN = PYTORCH, NORMAL, ORTHOGONAL, IDENTITY
BACK = STEPS - 1  # steps from the last to the first
SHUT = 1000.0  # a bias of a gate: its sigmoid is 1 exactly, or 0
ROUNDING = 1e-9
GONE, GONE_FROM_NORMAL = 1e-12, 1e-6  # of the error: less than that is left
LITTLE = 1e-3  # less than that, with a forget bias of 1
LEFT = 1e-2  # more than that
BY_HAND = {  # what is left, by hand-written NumPy (section 12 of the plan), from like starts
    NORMAL: "2e-9, from 1e-11 to 5e-7",
    IDENTITY: "0.66",
}

# The adding problem.
LSTM = lstm(1.0)
LONG, SHORT = 80, 20
LSTM_RATE, IDENTITY_RATE, SHORT_RATE = 0.02, 0.003, 0.003
TANH_RATES, QUICK_TANH_RATES = (0.01, 0.003, 0.001), (0.003,)
SEEDS, QUICK_SEEDS = 5, 1
UPDATES, SHORT_UPDATES = 1000, 3000
QUICK_UPDATES, QUICK_SHORT_UPDATES = 700, 1000
LAST = 100  # updates, whose mean error counts
KNOWS_NOTHING = 1.0 / 6.0  # the variance of the sum of two numbers
LEARNED, LEARNED_WELL = 0.05, 0.02  # errors
QUICK_LEARNED_WELL = 0.06
OPEN, CLOSED = 1e-2, 1e-3  # of the error, after learning


class Start(NamedTuple):
    """A network at its start, whose errors are measured."""

    start: str
    number: int
    seed: int


class Training(NamedTuple):
    """A network that learns."""

    start: str
    steps: int
    rate: float
    updates: int
    number: int
    seed: int


class Trained(NamedTuple):
    """How it went, and what has become of the error on its way back."""

    losses: np.ndarray  # (updates,): mean squared errors
    errors: np.ndarray  # (steps,)


class Setting(NamedTuple):
    """What networks that differ in nothing but chance have in common."""

    start: str
    steps: int
    rate: float


@dataclass(frozen=True)
class Results:
    """Errors by step, and learning."""

    carousel: np.ndarray  # dL/dc_0 over dL/dc_T, by element, with f = 1 and i = 0
    gates: dict[float, float]  # by forget bias, the same of a gate that sees nothing
    starts: dict[str, np.ndarray]  # (networks, STEPS): of the error
    losses: dict[Setting, np.ndarray]  # (networks, updates)
    learned: dict[Setting, np.ndarray]  # (networks, steps): of the error, after learning

    def left(self, start: str) -> np.ndarray:
        """What is left of the last step's error at the first, in each network at its start."""
        return np.asarray(self.starts[start][:, 0] / self.starts[start][:, -1])

    def ends(self, setting: Setting) -> np.ndarray:
        """The mean squared error of each network at the end."""
        return np.asarray(self.losses[setting][:, -LAST:].mean(axis=1))

    def at_best_rate(self) -> Setting:
        """Of tanh networks over the long way."""
        tanh = [one for one in self.losses if one.start == ORTHOGONAL and one.steps == LONG]
        return min(tanh, key=lambda setting: self.ends(setting).mean())


def run(seed: int, quick: bool = False, each: Each = map) -> Results:
    """Errors at the start, then learning, over the long way and over the short one."""
    starts = [*PLAIN, *map(lstm, FORGET_BIASES)]
    nets = QUICK_NETS if quick else NETS
    measured = [Start(start, number, seed) for start in starts for number in range(nets)]
    errors = np.array(list(each(measure, measured))).reshape(len(starts), nets, STEPS)
    updates, short = (
        (QUICK_UPDATES, QUICK_SHORT_UPDATES) if quick else (UPDATES, SHORT_UPDATES)
    )
    rates = QUICK_TANH_RATES if quick else TANH_RATES
    settings = {
        Setting(LSTM, LONG, LSTM_RATE): updates,
        **{Setting(ORTHOGONAL, LONG, rate): updates for rate in rates},
        Setting(IDENTITY, LONG, IDENTITY_RATE): updates,
        Setting(ORTHOGONAL, SHORT, SHORT_RATE): short,
    }
    units = [
        Training(*setting, count, number, seed)
        for setting, count in settings.items()
        for number in range(QUICK_SEEDS if quick else SEEDS)
    ]
    found = dict(zip(units, each(train, units), strict=True))
    trained = {
        setting: [one for unit, one in found.items() if unit[:3] == setting] for setting in settings
    }
    return Results(
        carousel=carousel(seed),
        gates={bias: gate(bias, seed) for bias in FORGET_BIASES},
        starts=dict(zip(starts, errors, strict=True)),
        losses={s: np.array([one.losses for one in nets]) for s, nets in trained.items()},
        learned={s: np.array([one.errors for one in nets]) for s, nets in trained.items()},
    )


def measure(unit: Start) -> np.ndarray:
    """The error by step at the start, in float64: in float32 some would be 0."""
    draw = np.random.default_rng([unit.seed, unit.number])
    layer = recurrent(unit.start, 2, HIDDEN, draw, np.float64)
    x, _ = adding(STEPS, FLOW_BATCH, draw)
    return errors_by_step(layer, x.astype(np.float64), draw)


def carousel(seed: int) -> np.ndarray:
    """dL/dc_0 over dL/dc_T in an LSTM whose forget gates are 1, and its input gates 0."""
    layer = nn.LSTM(2, HIDDEN, dtype=np.float64, generator=np.random.default_rng([seed, 0]))
    layer.bias_ih_l0.data[:HIDDEN] = -SHUT
    layer.bias_ih_l0.data[HIDDEN : 2 * HIDDEN] = SHUT
    return _through_the_memory(layer, seed)


def gate(bias: float, seed: int) -> float:
    """The same with a forget bias and gates that see nothing; of the first element."""
    draw = np.random.default_rng([seed, 0])
    layer = nn.LSTM(2, HIDDEN, dtype=np.float64, forget_bias=bias, generator=draw)
    init.zeros_(layer.weight_hh_l0)
    init.zeros_(layer.weight_ih_l0)
    for other in layer.bias_ih_l0, layer.bias_hh_l0:
        other.data[HIDDEN : 2 * HIDDEN] = bias if other is layer.bias_ih_l0 else 0.0
    return float(_through_the_memory(layer, seed)[0])


def _through_the_memory(layer: Any, seed: int) -> np.ndarray:
    draw = np.random.default_rng([seed, 1])
    x, _ = adding(BACK, 1, draw)
    h, c, error = draw.standard_normal((3, 1, 1, HIDDEN))
    first = tensor(c, requires_grad=True)
    _, (_, last) = layer(tensor(x.astype(np.float64)), (tensor(h), first))
    (found,) = autograd.grad((last * error).sum(), [first])
    return np.asarray(found).ravel() / error.ravel()


def train(unit: Training) -> Trained:
    """Learn the adding problem; every start sees the same sequences."""
    draw = np.random.default_rng([unit.seed, unit.number])
    model = Reader(unit.start, 2, HIDDEN, 1, draw)
    optimizer = optim.Adam(model.parameters(), lr=unit.rate, clip_norm=1.0)
    losses, draw = np.empty(unit.updates), np.random.default_rng([unit.seed, unit.number, 1])
    for update in range(unit.updates):
        x, y = adding(unit.steps, BATCH, draw)
        loss = F.mse_loss(model(tensor(x)), tensor(y))
        losses[update] = loss.item()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    x, _ = adding(unit.steps, FLOW_BATCH, draw)
    return Trained(losses, errors_by_step(model.recurrent, x, draw))


def adding(steps: int, batch: int, draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Numbers with marks (steps, batch, 2), one in each half, and sums of those marked."""
    numbers = draw.uniform(0.0, 1.0, (steps, batch)).astype(np.float32)
    half, each = steps // 2, np.arange(batch)
    marks = np.zeros_like(numbers)
    marks[draw.integers(0, half, batch), each] = 1.0
    marks[draw.integers(half, steps, batch), each] = 1.0
    return np.stack([numbers, marks], axis=-1), (numbers * marks).sum(axis=0)[:, None]
