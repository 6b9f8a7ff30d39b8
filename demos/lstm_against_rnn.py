"""With equal updates an LSTM learns over 80 steps and tanh units do not; its gates learn to open.

The tutorial says: the LSTM is "an RNN architecture that allows the model to maintain the
long-distance dependencies and prevent the VG by letting the gradient also flow unchanged".

Theory predicts: what a network must learn over a distance, it learns by the error that arrives
from there. An LSTM can make its own way for it: a forget gate that it opens leaves the error of the
memory unchanged (see the demo of the gradient through time).

Where they disagree: the gradient that arrives at the start does not tell who will learn. Of an
LSTM's hardly anything does, with a forget bias of 0 still less than with 1, and both learn alike,
as they open their gates on the way. In tanh networks with orthogonal weights far more arrives, and
they do not learn. Nor does it take an LSTM: ReLU units that start from the identity learn as fast.
And the claim is one of equal updates: some tanh networks are on their way, and in longer trials, of
4000 to 17000 updates at rates of 0.001 or less, they learned it over 100 steps too.

Experiment: the adding problem over 80 steps, 32 units, Adam, clipped to a norm of 1, and 1200
updates of 50 sequences: two of the numbers are marked, one in each half, and their sum is asked
for. An answer that is always 1 has a mean squared error of 1/6. Learning ends early where the mean
of 100 batches is below 0.02. Tanh units start from N(0, 1/n), from which they learn it best, at
three rates. The controls are ReLU units from the identity, and tanh units over 20 steps.

Sources: Hochreiter & Schmidhuber 1997, experiment 4, for the adding problem; Gers, Schmidhuber &
Cummins 2000 for the forget gate; Jozefowicz, Zaremba & Sutskever 2015 for its bias; Le, Jaitly &
Hinton 2015 for ReLU from the identity; Saxe, McClelland & Ganguli 2014 for orthogonal weights;
Fisher 1922 for the exact test.

Command: ``python -m demos lstm_against_rnn``; about forty seconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minigrad import optim, tensor
from minigrad.nn import functional as F

from .adding import INPUTS, KNOWS_NOTHING, adding
from .claims import Claim
from .pictures import Picture
from .protocol import Each
from .recurrent import IDENTITY, NORMAL, ORTHOGONAL, Reader, errors_by_step, lstm
from .style import BLACK, BLUE, GREEN, LINES, ORANGE, SKY, VERMILION

HIDDEN, BATCH, CLIP = 32, 50, 1.0
LONG, QUICK_LONG, SHORT = 80, 50, 20  # steps
NETS, QUICK_NETS = 5, 1
UPDATES, QUICK_UPDATES, SHORT_UPDATES = 1200, 800, 3000  # at most
LAST = 100  # batches, whose mean error counts
LEARNED, SOLVED = 0.05, 0.02  # errors; learning ends at the latter
OPEN = 0.01  # of the error at the last step, at the first
GONE, QUICK_GONE = 1e-4, 1e-2  # less than that before learning; over fewer steps more is left
MORE = 10.0  # times as much
MEASURED = 32  # sequences on which it is measured
HOCHREITER = 74_000  # sequences, over 100 steps (Hochreiter & Schmidhuber, experiment 4)


class Setting(NamedTuple):
    """What networks that differ in nothing but chance have in common."""

    start: str
    rate: float
    short: bool = False


OPENED, SHUT = Setting(lstm(1.0), 0.02), Setting(lstm(0.0), 0.02)
RELU = Setting(IDENTITY, 0.003)
LEVEL = Setting(ORTHOGONAL, 0.003)
NEAR = Setting(NORMAL, 0.003, short=True)
TANH = tuple(Setting(NORMAL, rate) for rate in (0.01, 0.003, 0.001))
QUICK_TANH = TANH[1:2]


class Unit(NamedTuple):
    """A network that learns: what can be done in a process of its own."""

    setting: Setting
    steps: int
    updates: int
    number: int
    seed: int


class Trained(NamedTuple):
    """How a network learned."""

    losses: np.ndarray  # (updates,): mean squared errors
    before: float  # of the error at the last step, what arrives at the first
    after: float

    @property
    def end(self) -> float:
        """The mean squared error at the end."""
        return float(self.losses[-LAST:].mean())


@dataclass(frozen=True)
class Results:
    """How all networks learned."""

    steps: int  # of the long way
    updates: int  # at most, over the long way
    trained: dict[Setting, list[Trained]]

    def ends(self, setting: Setting) -> list[float]:
        """The mean squared error of each network at the end."""
        return [one.end for one in self.trained[setting]]

    def learned(self, setting: Setting) -> list[Trained]:
        """Those that did."""
        return [one for one in self.trained[setting] if one.end < LEARNED]

    @property
    def tanh(self) -> list[Setting]:
        """Tanh networks over the long way, by rate; the best comes first."""
        found = [one for one in self.trained if one in TANH]
        return sorted(found, key=lambda setting: np.mean(self.ends(setting)))


def run(seed: int, quick: bool = False, each: Each = map) -> Results:
    """Learning, over the long way and over the short one."""
    nets, steps, updates = (
        (QUICK_NETS, QUICK_LONG, QUICK_UPDATES) if quick else (NETS, LONG, UPDATES)
    )
    settings = [OPENED, SHUT, *(QUICK_TANH if quick else TANH), LEVEL, RELU, NEAR]
    units = [
        Unit(one, SHORT, SHORT_UPDATES, number, seed)
        if one.short
        else Unit(one, steps, updates, number, seed)
        for one in settings
        for number in range(nets)
    ]
    found = list(each(train, units))
    return Results(
        steps,
        updates,
        {one: found[k * nets : (k + 1) * nets] for k, one in enumerate(settings)},
    )


def train(unit: Unit) -> Trained:
    """Learn the adding problem; networks of one number see the same sequences."""
    draw, of_data = (np.random.default_rng([unit.seed, unit.number, part]) for part in (0, 1))
    model = Reader(unit.setting.start, INPUTS, HIDDEN, 1, draw)
    optimizer = optim.Adam(model.parameters(), lr=unit.setting.rate, clip_norm=CLIP)
    losses, before = list[float](), arrives(model, unit.steps, draw)
    while len(losses) < unit.updates and not (
        len(losses) >= LAST and np.mean(losses[-LAST:]) < SOLVED
    ):
        x, y = adding(unit.steps, BATCH, of_data)
        loss = F.mse_loss(model(tensor(x)), tensor(y))
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return Trained(np.array(losses), before, arrives(model, unit.steps, draw))


def arrives(model: Reader, steps: int, draw: np.random.Generator) -> float:
    """Of an error at the last step, what is left at the first; of 0 in float32, the least number.

    Beside the recurrent layer nothing of the model matters.
    """
    x, _ = adding(steps, MEASURED, draw)
    errors = errors_by_step(model.recurrent, x, draw)
    return float(max(errors[0] / errors[-1], np.finfo(np.float32).tiny))


def chance(first: int, second: int, nets: int) -> float:
    """Fisher's exact test: how likely so many more of the first learn, were there no difference."""
    both = first + second
    ways = sum(
        math.comb(nets, k) * math.comb(nets, both - k) for k in range(first, min(nets, both) + 1)
    )
    return ways / math.comb(2 * nets, both)


def claims(results: Results, quick: bool = False) -> list[Claim]:
    """The table's lines."""
    return [
        *_lstm_claims(results, quick),
        *_tanh_claims(results),
        _gates_claim(results, QUICK_GONE if quick else GONE),
        *_control_claims(results, quick),
    ]


def _needed(results: Results, setting: Setting) -> tuple[int, int]:
    nets = len(results.trained[setting])
    return max(nets - 1, 1), nets


def _note(quick: bool) -> str:
    return f" (quick: over {QUICK_LONG} steps)" if quick else ""


def _lstm_claims(results: Results, quick: bool) -> Iterator[Claim]:
    best = results.tanh[0]
    for setting in OPENED, SHUT:
        needed, nets = _needed(results, setting)
        learned = results.learned(setting)
        p = chance(len(learned), len(results.learned(best)), nets)
        sequences = [BATCH * len(one.losses) for one in learned] or [0]
        yield Claim(
            f"{setting.start}: at least {needed} of {nets} learn, to an error below {LEARNED:g} "
            f"in at most {results.updates} updates{_note(quick)}",
            f"they learn; {HOCHREITER} sequences, over 100 steps (Hochreiter & Schmidhuber)",
            f"{len(learned)} of {nets}, by {min(sequences)} to {max(sequences)} sequences; as "
            f"many more than of tanh at its best rate by chance: p = {p:.2g} (Fisher)",
            len(learned) >= needed,
        )


def _tanh_claims(results: Results) -> Iterator[Claim]:
    for setting in sorted(results.tanh, reverse=True):
        yield Claim(
            f"{setting.start}, at rate {setting.rate:g}: none learns in as many updates",
            f"{KNOWS_NOTHING:.3f} is knowing nothing",
            _listed(results.ends(setting)),
            not results.learned(setting),
        )
    before = [one.before for one in results.trained[LEVEL]]
    others = [one.before for one in results.trained[OPENED]]
    yield Claim(
        f"{LEVEL.start}, at rate {LEVEL.rate:g}: none learns, though more than {MORE:g} times as "
        f"much arrives at the start as in any {OPENED.start}",
        f"{KNOWS_NOTHING:.3f} is knowing nothing",
        f"{_listed(results.ends(LEVEL))}; at least {min(before):.0e} arrives, and at most "
        f"{max(others):.0e}",
        not results.learned(LEVEL) and min(before) > MORE * max(others),
    )


def _gates_claim(results: Results, gone: float) -> Claim:
    learned = results.learned(OPENED) + results.learned(SHUT)
    before, after = [one.before for one in learned], [one.after for one in learned]
    return Claim(
        f"an LSTM that learns opens its gates: at the first step less than {gone:g} of the error "
        f"arrives before, and more than {OPEN:g} after",
        "all (Hochreiter & Schmidhuber: gates learn to protect the memory)",
        f"at most {max(before, default=1.0):.0e}, and at least {min(after, default=0.0):.2f}",
        max(before, default=1.0) < gone and min(after, default=0.0) > OPEN,
    )


def _control_claims(results: Results, quick: bool) -> Iterator[Claim]:
    needed, nets = _needed(results, RELU)
    learned = results.learned(RELU)
    yield Claim(
        f"{RELU.start}: at least {needed} of {nets} learn, to an error below {LEARNED:g} in as "
        f"many updates{_note(quick)}",
        "they learn, over 150 steps (Le, Jaitly & Hinton)",
        f"{len(learned)} of {nets}, by {_listed([len(one.losses) for one in learned])} updates",
        len(learned) >= needed,
        is_control=True,
    )
    counts = [len(one.losses) for one in results.trained[NEAR]]
    solved = sum(end < SOLVED for end in results.ends(NEAR))
    yield Claim(
        f"{NEAR.start}, over {SHORT} steps: all learn, to an error below {SOLVED:g} in at most "
        f"{SHORT_UPDATES} updates",
        "they learn: it is the distance",
        f"{solved} of {nets}, by {min(counts)} to {max(counts)} updates",
        solved == nets,
        is_control=True,
    )


def _listed(values: Iterable[float]) -> str:
    return ", ".join(f"{value:.3g}" for value in values)


class Look(NamedTuple):
    """Of a setting: what it is called, in lines, and its colour, line and marker."""

    name: tuple[str, ...]
    colour: str
    line: Any
    marker: str


def _looks(results: Results) -> dict[Setting, Look]:
    def named(setting: Setting, *more: str) -> tuple[str, ...]:
        return (*setting.start.split(", ", 1), *more)

    best = results.tanh[0]
    return {
        OPENED: Look(named(OPENED), BLUE, LINES[0], "o"),
        SHUT: Look(named(SHUT), SKY, LINES[1], "s"),
        best: Look(named(best, f"rate {best.rate:g}"), VERMILION, LINES[0], "^"),
        LEVEL: Look(named(LEVEL, f"rate {LEVEL.rate:g}"), ORANGE, LINES[1], "D"),
        RELU: Look(named(RELU), GREEN, LINES[0], "v"),
        NEAR: Look(named(NEAR, f"{SHORT} steps"), BLACK, LINES[1], "P"),
    }


def figures(results: Results) -> dict[str, Picture]:
    """Learning, and what arrives at the first step before and after."""
    return {"adding_problem": _learning(results), "before_and_after": _arrival(results)}


EVERY = 25  # updates, whose mean is a point


def _learning(results: Results) -> Picture:
    figure = Figure(figsize=(12, 4.8), layout="constrained")
    axes = figure.subplots(1, 3, sharey=True)
    looks = list(_looks(results).items())
    titles = f"LSTMs, {results.steps} steps", f"tanh units, {results.steps} steps", "controls"
    for ax, title, shown in zip(axes, titles, (looks[:2], looks[2:4], looks[4:]), strict=True):
        for setting, look in shown:
            for one in results.trained[setting]:
                _course(ax, one, look)
            name = ", ".join(look.name)
            ax.plot([], [], look.marker, c=look.colour, ls=look.line, mfc="white", label=name)
        ax.axhline(KNOWS_NOTHING, c=BLACK, ls=LINES[3], lw=1.2, label="knowing nothing, 1/6")
        ax.axhline(LEARNED, c=BLACK, ls=LINES[2], lw=0.8, label=f"learned, {LEARNED:g}")
        ax.set(yscale="log", ylim=(3e-5, 3.0), xlim=(0, 1.04 * results.updates), title=title)
        ax.set_xlabel(f"update, of {BATCH} sequences")
        ax.legend(loc="lower left")
    axes[0].set_ylabel("mean squared error")
    return Picture(
        figure,
        f"Three panels of the mean squared error by update. Left: LSTMs stay at 1/6 for some "
        f"hundred updates and then fall within few: {len(results.learned(OPENED))} of "
        f"{len(results.trained[OPENED])} networks with a forget bias of 1 and "
        f"{len(results.learned(SHUT))} with one of 0. Middle: tanh units stay near 1/6; the least "
        f"error at the end is {min(results.ends(results.tanh[0])):.2f}. Right: the controls, ReLU "
        f"units from the identity over {results.steps} steps and tanh units over {SHORT}, fall.",
    )


def _course(ax: Axes, one: Trained, look: Look) -> None:
    whole = len(one.losses) // EVERY
    means = one.losses[: whole * EVERY].reshape(whole, EVERY).mean(axis=1)
    updates = EVERY * (np.arange(whole) + 0.5)
    ax.plot(updates, means, c=look.colour, ls=look.line, lw=1.1)
    ax.plot(updates[-1:], means[-1:], look.marker, c=look.colour, mfc="white")


def _arrival(results: Results) -> Picture:
    figure = Figure(figsize=(10, 4.8), layout="constrained")
    ax = figure.subplots()
    looks = _looks(results)
    for place, (setting, look) in enumerate(looks.items()):
        trained = results.trained[setting]
        for shift, one in zip(np.linspace(-0.1, 0.1, len(trained)), trained, strict=True):
            places = place - 0.15 + shift, place + 0.15 + shift
            ax.plot(places, (one.before, one.after), c=look.colour, lw=0.8)
            ax.plot(places[:1], one.before, "o", c=look.colour, mfc="white")
            ax.plot(places[1:], one.after, "o", c=look.colour)
    ax.plot([], [], "o", c=BLACK, mfc="white", ls="none", label="before learning")
    ax.plot([], [], "o", c=BLACK, ls="none", label="after")
    ax.axhline(OPEN, c=BLACK, ls=LINES[1], lw=0.8, label=f"open, {OPEN:g}")
    ax.set(yscale="log", xlabel=f"adding problem over {results.steps} steps, by network")
    ax.set_ylabel("error at the first step / at the last")
    counts = [f"{len(results.learned(s))} of {len(results.trained[s])} learn" for s in looks]
    names = ["\n".join(look.name) for look in looks.values()]
    ax.set_xticks(range(len(looks)), [f"{n}\n{c}" for n, c in zip(names, counts, strict=True)])
    ax.legend(loc="lower right")
    ax.set_title("LSTMs open the way; the last two are the controls")
    return Picture(
        figure,
        "What arrives at the first step of an error at the last, on a logarithmic axis, before and "
        "after learning, by network. In LSTMs it rises, from "
        f"{results.trained[SHUT][0].before:.0e} and {results.trained[OPENED][0].before:.0e} to "
        f"{results.trained[OPENED][0].after:.1f}. In tanh networks with orthogonal weights it "
        f"starts at {results.trained[LEVEL][0].before:.0e}, and learning makes it less in "
        f"{sum(one.after < one.before for one in results.trained[LEVEL])} of "
        f"{len(results.trained[LEVEL])}.",
    )
