"""An LSTM reads digits pixel by pixel better than tanh units do, but for another start of theirs.

The tutorial says: the LSTM "allows the model to maintain the long-distance dependencies"; its cell
"can retain the data for the desired number of time intervals".

Theory predicts: who reads an image of 8 by 8 pixels one at a time, row by row, must remember the
first row for 56 steps. From PyTorch's start a step of a plain network leaves 1/√3 of the error, an
LSTM can open its gates (see the two demos before). Over the 8 steps of reading row by row there
should be no difference that matters.

Where they disagree: with the same updates the LSTM reads better than tanh units from PyTorch's
start, whichever of three rates these have. But tanh units that start from orthogonal weights, which
leave norms as they are, close most of the gap. Much of what is said for the LSTM can be had by a
better start; on the adding problem it cannot.

Experiment: the digits, scaled and centred, as sequences of 64 steps of one pixel; 32 units, Adam,
clipped to a norm of 1, 1000 updates of 64 digits. Four networks of each kind see the same batches,
and the gap is that of their accuracies on 360 digits that were not learned. The controls are the
same by rows, 8 steps of 8 pixels, and orthogonal weights.

Sources: Le, Jaitly & Hinton 2015, section 4.2, for reading MNIST by pixels; Hochreiter &
Schmidhuber 1997 for the LSTM, Jozefowicz, Zaremba & Sutskever 2015 for its forget bias of 1; Saxe,
McClelland & Ganguli 2014 for orthogonal weights; Alpaydin & Kaynak 1998 for the digits.

Command: ``python -m demos reading_digits_by_pixel``; about twenty seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minigrad import datasets, no_grad, optim, tensor
from minigrad.nn import functional as F

from .claims import Claim, mean_and_error, with_error
from .digits import CLASSES, LEARNED, PIXELS, split
from .pictures import Picture
from .protocol import Each
from .recurrent import ORTHOGONAL, PYTORCH, Reader, lstm
from .style import BLACK, BLUE, GREEN, LINES, VERMILION

HIDDEN, BATCH, CLIP = 32, 64, 1.0
SIDE = 8
SHOWN = 3  # a digit
NETS, QUICK_NETS = 4, 2
UPDATES, QUICK_UPDATES, EVERY = 1000, 250, 50  # and between measurements
READS, QUICK_READS = 0.85, 0.6  # an accuracy
GAP, QUICK_GAP = 0.05, 0.02  # between accuracies, more than that by pixel
NO_GAP, QUICK_NO_GAP = 0.05, 0.15  # less than that by row
HALF = 0.5  # of the gap
CERTAIN = 2.0  # standard errors
BY_PIXEL, BY_ROW = 1, SIDE  # pixels a step


class Setting(NamedTuple):
    """Networks that differ in nothing but chance."""

    start: str
    rate: float
    pixels: int = BY_PIXEL  # a step


LSTM, LSTM_BY_ROW = (Setting(lstm(1.0), 0.01, pixels) for pixels in (BY_PIXEL, BY_ROW))
RATES, QUICK_RATES = (0.01, 0.003, 0.001), (0.003,)
LEVEL = Setting(ORTHOGONAL, 0.003)


class Unit(NamedTuple):
    """A network that learns: what can be done in a process of its own."""

    setting: Setting
    updates: int
    number: int
    seed: int


@dataclass(frozen=True)
class Results:
    """How networks learn to read."""

    updates: np.ndarray  # after which is measured
    accuracies: dict[Setting, np.ndarray]  # (networks, measurements), of digits not learned

    def ends(self, setting: Setting) -> np.ndarray:
        """The accuracy of each network at the end."""
        return self.accuracies[setting][:, -1]

    def best(self, pixels: int) -> Setting:
        """Of tanh networks from PyTorch's start, those of the best rate."""
        tanh = [one for one in self.accuracies if one[::2] == (PYTORCH, pixels)]
        return max(tanh, key=lambda setting: self.ends(setting).mean())

    def gaps(self, setting: Setting) -> np.ndarray:
        """What the LSTM has over networks that see the same batches, by network."""
        over = LSTM if setting.pixels == BY_PIXEL else LSTM_BY_ROW
        return np.asarray(self.ends(over) - self.ends(setting))


def run(seed: int, quick: bool = False, each: Each = map) -> Results:
    """Learning to read, by pixel and by row."""
    nets, updates = (QUICK_NETS, QUICK_UPDATES) if quick else (NETS, UPDATES)
    rates = QUICK_RATES if quick else RATES
    settings = [LSTM, *(Setting(PYTORCH, rate) for rate in rates), LEVEL]
    settings += [LSTM_BY_ROW, *(Setting(PYTORCH, rate, BY_ROW) for rate in rates)]
    units = [Unit(one, updates, number, seed) for one in settings for number in range(nets)]
    found = np.array(list(each(learn, units))).reshape(len(settings), nets, -1)
    return Results(np.arange(EVERY, updates + 1, EVERY), dict(zip(settings, found, strict=True)))


def learn(unit: Unit) -> np.ndarray:
    """Learn to read; the accuracies on the way."""
    learned, tested = split()
    draw, of_data = (np.random.default_rng([unit.seed, unit.number, part]) for part in (0, 1))
    model = Reader(unit.setting.start, unit.setting.pixels, HIDDEN, CLASSES, draw)
    optimizer = optim.Adam(model.parameters(), lr=unit.setting.rate, clip_norm=CLIP)
    accuracies = []
    for update in range(1, unit.updates + 1):
        batch = of_data.integers(0, LEARNED, BATCH)
        answers = model(tensor(sequences(learned.images[batch], unit.setting.pixels)))
        loss = F.cross_entropy(answers, learned.labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if update % EVERY == 0:
            with no_grad():
                answers = model(tensor(sequences(tested.images, unit.setting.pixels)))
            right = np.asarray(answers).argmax(axis=-1) == tested.labels
            accuracies.append(right.mean())
    return np.array(accuracies)


def sequences(images: np.ndarray, pixels: int) -> np.ndarray:
    """Images (N, 64) as they are read: (steps, N, pixels)."""
    return np.ascontiguousarray(images.reshape(len(images), -1, pixels).swapaxes(0, 1))


def claims(results: Results, quick: bool = False) -> list[Claim]:
    """The table's lines."""
    note = f" (quick: {QUICK_UPDATES} updates)" if quick else ""
    return [
        _reads_claim(results, QUICK_READS if quick else READS, note),
        _gap_claim(results, QUICK_GAP if quick else GAP, note),
        *_control_claims(results, QUICK_NO_GAP if quick else NO_GAP, note),
    ]


def _reads_claim(results: Results, bound: float, note: str) -> Claim:
    mean, error = mean_and_error(results.ends(LSTM))
    return Claim(
        f"{LSTM.start}, by pixel: reads more than {bound:.0%} of the digits right, by {CERTAIN:g} "
        f"s.e.{note}",
        f"{1 / CLASSES:.0%} is knowing nothing",
        with_error(results.ends(LSTM), 3),
        mean - CERTAIN * error > bound,
    )


def _gap_claim(results: Results, bound: float, note: str) -> Claim:
    best = results.best(BY_PIXEL)
    mean, error = mean_and_error(results.gaps(best))
    return Claim(
        f"by pixel it has more than {bound:g} over {best.start}, at their best rate, by "
        f"{CERTAIN:g} s.e.{note}",
        "the LSTM reads better (tutorial)",
        f"{with_error(results.gaps(best), 3)}; they read "
        f"{with_error(results.ends(best), 3)} at rate {best.rate:g}",
        mean - CERTAIN * error > bound,
    )


def _control_claims(results: Results, bound: float, note: str) -> Iterator[Claim]:
    by_row = results.gaps(results.best(BY_ROW))
    mean, error = mean_and_error(by_row)
    yield Claim(
        f"by row, over {SIDE} steps, it has less than {bound:g} over them, by {CERTAIN:g} s.e."
        f"{note}",
        "it is the distance",
        with_error(by_row, 3),
        abs(mean) + CERTAIN * error < bound,
        is_control=True,
    )
    level, gap = results.gaps(LEVEL), results.gaps(results.best(BY_PIXEL))
    yield Claim(
        f"by pixel it has less than half as much over {LEVEL.start}, at rate {LEVEL.rate:g}",
        f"less than {HALF * gap.mean():.3f}",
        with_error(level, 3),
        bool(level.mean() < HALF * gap.mean()),
        is_control=True,
    )


def figures(results: Results) -> dict[str, Picture]:
    """What is read, and how well, by pixel and by row."""
    figure = Figure(figsize=(12, 4.8), layout="constrained")
    shown, by_pixel, by_row = figure.subplots(1, 3, width_ratios=(0.8, 1.0, 1.0))
    _draw_sequence(shown)
    kinds = (
        (by_pixel, LSTM, "LSTM", BLUE, LINES[0], "o"),
        (by_pixel, results.best(BY_PIXEL), "tanh, U(±1/√n)", VERMILION, LINES[1], "s"),
        (by_pixel, LEVEL, "control: tanh, orthogonal", GREEN, LINES[2], "^"),
        (by_row, LSTM_BY_ROW, "LSTM", BLUE, LINES[0], "o"),
        (by_row, results.best(BY_ROW), "tanh, U(±1/√n)", VERMILION, LINES[1], "s"),
    )
    for ax, setting, name, colour, line, marker in kinds:
        _draw_course(ax, results, setting, (f"{name}, rate {setting.rate:g}", colour, line, marker))
    by_pixel.set_title(f"by pixel, {PIXELS} steps")
    by_row.set_title(f"control: by row, {SIDE} steps")
    for ax in by_pixel, by_row:
        ax.axhline(1.0 / CLASSES, c=BLACK, ls=LINES[3], lw=1.2, label="knowing nothing")
        ax.set(ylim=(0.0, 1.02), xlabel=f"update, of {BATCH} digits")
        ax.set_ylabel("share of new digits read right")
        ax.legend(loc="lower right", bbox_to_anchor=(1.0, 0.1))
    means = {s: results.ends(s).mean() for s in (LSTM, results.best(BY_PIXEL), LEVEL)}
    rows = (results.ends(s).mean() for s in (LSTM_BY_ROW, results.best(BY_ROW)))
    return {
        "reading": Picture(
            figure,
            "Left: a digit, and the sequence of its pixels. Middle: the share of digits read right "
            "by update, when they are read by pixel; at the end it is "
            + ", ".join(f"{mean:.2f} for {setting.start}" for setting, mean in means.items())
            + ". Right: the same by row; LSTM and tanh units come to "
            + " and ".join(f"{mean:.2f}" for mean in rows)
            + ".",
        )
    }


def _draw_sequence(ax: Axes) -> None:
    images, labels = datasets.digits()
    image = images[int(np.flatnonzero(labels == SHOWN)[0])]
    ax.step(np.arange(1, PIXELS + 1), image.ravel(), where="mid", c=BLACK, lw=1.0)
    ax.set(xlabel="step", ylabel="ink of a pixel, before it is centred", ylim=(None, 34.0))
    ax.set_xticks(range(0, PIXELS + 1, SIDE))
    ax.set_yticks(range(0, 17, 4))
    ax.set_title(f"a {SHOWN}, read by pixel")
    inset: Any = ax.inset_axes((0.25, 0.56, 0.5, 0.42))
    inset.imshow(image, cmap="Greys")
    inset.set_axis_off()


def _draw_course(
    ax: Axes, results: Results, setting: Setting, look: tuple[str, str, Any, str]
) -> None:
    name, colour, line, marker = look
    accuracies, updates = results.accuracies[setting], results.updates
    ax.fill_between(updates, accuracies.min(axis=0), accuracies.max(axis=0), color=colour,
                    alpha=0.15, lw=0)  # fmt: skip
    ax.plot(updates, accuracies.mean(axis=0), c=colour, ls=line, marker=marker, mfc="white",
            markevery=2, label=name)  # fmt: skip
