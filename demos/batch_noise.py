"""Batch normalisation regularises by the noise of its batches, which falls with their root.

The tutorial says: "Since the batch normalization layer functions as a regularizer, it can also be
used to meet the requirements of other regularisation techniques".

Theory predicts: what a network says of an example depends on the others in its batch, through the
mean and the variance of each unit. These are means over B examples, so the noise of the logits
falls as 1 / sqrt(B). If it is that noise that regularises, normalisation by all examples at once,
which has none, does not.

Where they disagree: it is no property of the layer, but of the batch. Descent on all examples with
batch norm gains nothing from noise, and whether it tests better than without depends on how large
the weights are at the start, as their scale matters only without. The same descent with batch norm
over parts of the batch, ghost batches, tests better from every start.

Experiment: three layers of 64 units of tanh learn 300 digits by gradient descent on all of them in
every step, from He's start, normal weights of variance 2 / n for n inputs, and from two others, 1 /
n (Xavier's, in square layers) and (5/3)² / n, with batch norm over parts of 300, 100, 30, 10 and 5
drawn anew in every step, and without it. There is no other noise. Losses are those of 1497 other
digits, by running statistics, and are compared network by network: each learns the same digits,
from the same weights. Then, in the networks with parts of 300, the deviation of the logits of a
digit in batches of 4 to 128. The controls are the same networks in evaluation, and with dropout,
whose noise does not depend on the batch.

Sources: Ioffe & Szegedy 2015, section 3.4, for the claim; Hoffer, Hubara & Soudry 2017 for ghost
batches; Luo et al. 2019 for the regularisation as noise; Alpaydin & Kaynak 1998 for the digits.

Command: ``python -m demos batch_noise``; about fifteen seconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minigrad import nn, no_grad, optim, tensor
from minigrad.nn import functional as F, init

from .claims import Claim, mean_and_error, with_error
from .digits import CLASSES, LEARNED, PIXELS, Part, split
from .ghost_batches import GhostBatchNorm
from .pictures import Picture
from .protocol import Each
from .shares import together
from .style import BLACK, BLUE, GREEN, LINES, ORANGE, VERMILION

WIDTH, LAYERS = 64, 3
RATE, QUICK_RATE = 0.1, 0.3
EXAMPLES = 300
NETS, QUICK_NETS = 8, 4
STEPS, QUICK_STEPS = 300, 70
NONE, ALL, NOISY, NOISIEST = 0, EXAMPLES, 10, 5  # sizes of parts; NONE is without batch norm
SIZES, QUICK_SIZES = (NONE, ALL, 100, 30, NOISY, NOISIEST), (NONE, ALL, NOISY)
GAINS = {"Xavier": 1.0, "He": math.sqrt(2.0), "gain 5/3": 5.0 / 3.0}  # of normal weights
MAIN = "He"
LOWER, QUICK_LOWER = 0.015, 0.01  # losses by which noise lowers that of others
SURE, QUICK_SURE = 4.0, 3.0  # standard errors
EQUAL, QUICK_EQUAL = 0.01, 0.03  # a difference between losses at most

BATCHES = (4, 8, 16, 32, 64, 128)
DRAWN, QUICK_DRAWN = 40, 30  # batches of each size
DIGITS = 3  # that are looked at in batches
DROPPED = 0.1  # of the units, by dropout
SLOPE, NEAR = -0.5, 0.1  # of noise by size, both logarithmic
STILL = 1e-5  # noise


class Unit(NamedTuple):
    """One network that learns: what can be done in a process of its own."""

    start: str
    size: int  # of the parts of a batch
    rate: float
    steps: int
    drawn: int  # batches in which its noise is measured
    seed: tuple[int, int]


class Learned(NamedTuple):
    """Of one network, or, with an axis before, of many."""

    test_loss: np.ndarray
    test_accuracy: np.ndarray
    noise: np.ndarray  # (kinds, batches): of logits; or (0,), where it is not measured


KINDS = EVALUATION, DROPOUT, TRAINING = "evaluation", "dropout", "batch norm"  # statistics change


@dataclass(frozen=True)
class Results:
    """How networks learned, by start and by the size of the parts."""

    learned: dict[tuple[str, int], Learned]


def run(seed: int, quick: bool = False, each: Each = map) -> Results:
    """All sizes from one start, and three from the others."""
    nets, drawn = (QUICK_NETS, QUICK_DRAWN) if quick else (NETS, DRAWN)
    rate, steps = (QUICK_RATE, QUICK_STEPS) if quick else (RATE, STEPS)
    kinds = [(MAIN, size) for size in (QUICK_SIZES if quick else SIZES)]
    kinds += [(start, size) for start in GAINS if start != MAIN for size in QUICK_SIZES]
    units = [
        Unit(*kind, rate, steps, drawn, (seed, number)) for kind in kinds for number in range(nets)
    ]
    found = iter(list(each(learn, units)))
    return Results({kind: together([next(found) for _ in range(nets)]) for kind in kinds})


@cache
def digits(seed: tuple[int, int]) -> tuple[Part, Part]:
    """Those that a network learns, and all others."""
    own, others = split()
    order = np.random.default_rng(seed).permutation(LEARNED)
    taken, left = (Part(*(array[part] for array in own)) for part in np.split(order, [EXAMPLES]))
    return taken, Part(*(np.concatenate(pair) for pair in zip(left, others, strict=True)))


def network(unit: Unit, draw: np.random.Generator) -> nn.Sequential:
    """Linear layers, each but the last followed by batch norm, or not, and tanh."""
    modules: list[nn.Module] = []
    for fan_in, fan_out in pairwise([PIXELS, *[WIDTH] * LAYERS, CLASSES]):
        linear = nn.Linear(fan_in, fan_out, generator=draw)
        init.normal_(linear.weight, 0.0, GAINS[unit.start] / math.sqrt(fan_in), generator=draw)
        if linear.bias is not None:
            init.zeros_(linear.bias)
        norms = [GhostBatchNorm(fan_out, EXAMPLES // unit.size)] if unit.size else []
        modules += [linear, *norms, nn.Tanh()]
    return nn.Sequential(*modules[: modules.index(linear) + 1])


def learn(unit: Unit) -> Learned:
    """Descend on all examples, then test."""
    draw, (own, others) = np.random.default_rng([*unit.seed, 1]), digits(unit.seed)
    model = network(unit, draw)
    optimizer = optim.SGD(model.parameters(), lr=unit.rate)
    for _ in range(unit.steps):
        order = draw.permutation(EXAMPLES)  # and so the parts
        loss = F.cross_entropy(model(tensor(own.images[order])), own.labels[order])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    with no_grad():
        logits = model(tensor(others.images))
        loss = F.cross_entropy(logits, others.labels)
        accuracy = np.mean(np.asarray(logits).argmax(axis=1) == others.labels)
        is_looked_at = unit.size == ALL and unit.start == MAIN
        noise = [_noise(kind, model, unit, draw) for kind in KINDS] if is_looked_at else []
    return Learned(np.array(loss.item()), np.array(accuracy), np.array(noise))


def _noise(kind: str, model: nn.Sequential, unit: Unit, draw: np.random.Generator) -> list[float]:
    """The deviation of a digit's logits over batches that it is in, by their size."""
    own, others = digits(unit.seed)
    model.train(kind == TRAINING)
    found = []
    for size in BATCHES:
        logits = np.empty((unit.drawn, DIGITS, CLASSES))
        for drawn, digit in np.ndindex(unit.drawn, DIGITS):
            batch = own.images[draw.integers(0, EXAMPLES, size)]
            batch[0] = others.images[digit]
            told = _with_dropout if kind == DROPOUT else _as_it_is
            logits[drawn, digit] = np.asarray(told(model, tensor(batch), draw))[0]
        found.append(math.sqrt(logits.var(axis=0, ddof=1).mean()))
    return found


def _as_it_is(model: nn.Sequential, x: Any, _: np.random.Generator) -> Any:
    return model(x)


def _with_dropout(model: nn.Sequential, x: Any, draw: np.random.Generator) -> Any:
    for module in model:
        x = module(x)
        if isinstance(module, nn.Tanh):
            x = F.dropout(x, DROPPED, generator=draw)
    return x


def slopes(learned: Learned, kind: str) -> np.ndarray:
    """Of the noise by the size of the batch, both logarithmic; of each network."""
    noise = learned.noise[:, KINDS.index(kind)]
    return np.asarray(np.polyfit(np.log(BATCHES), np.log(noise).T, 1)[0])


def difference(results: Results, start: str, size: int, field: str = "test_loss") -> np.ndarray:
    """To batch norm over all examples, of each network; negative where that has more."""
    one, all_ = (getattr(results.learned[start, s], field) for s in (size, ALL))
    return np.asarray(one - all_)


def claims(results: Results, quick: bool = False) -> list[Claim]:
    """The table's lines."""
    return [
        *_noise_claims(results),
        *_gain_claims(results, quick),
        *_start_claims(results, QUICK_SURE if quick else SURE),
    ]


def _noise_claims(results: Results) -> Iterator[Claim]:
    learned = results.learned[MAIN, ALL]
    found = slopes(learned, TRAINING)
    yield Claim(
        f"noise of the logits by the size of the batch: the slope, both logarithmic, is within "
        f"{NEAR:g} of {SLOPE:g}",
        f"{SLOPE:g} (means over a batch)",
        with_error(found, 3),
        bool(abs(found.mean() - SLOPE) < NEAR),
    )
    flat = slopes(learned, DROPOUT)
    yield Claim(
        f"noise by dropout of {DROPPED:.0%} in its place: the slope is within {NEAR:g} of 0",
        "0: it does not depend on the batch",
        with_error(flat, 3),
        bool(abs(flat.mean()) < NEAR),
        is_control=True,
    )
    most = learned.noise[:, KINDS.index(EVALUATION)].max()
    yield Claim(
        f"in evaluation, by running statistics, the noise is below {STILL:g}",
        "0",
        f"at most {most:.0e}",
        bool(most < STILL),
        is_control=True,
    )


def _gain_claims(results: Results, quick: bool) -> Iterator[Claim]:
    lower, sure, equal = (QUICK_LOWER, QUICK_SURE, QUICK_EQUAL) if quick else (LOWER, SURE, EQUAL)
    note = f" (quick: {QUICK_STEPS} steps at {QUICK_RATE:g})" if quick else ""
    for size in (s for start, s in results.learned if start == MAIN and NOISIEST < s < ALL):
        found = difference(results, MAIN, size)
        mean, error = mean_and_error(found)
        least = lower if size == NOISY else 0.0
        yield Claim(
            f"parts of {size}: the loss on other digits is lower by more than {least:g}, and by "
            f"more than {sure:g} s.e., than by all {ALL} at once{note}",
            "lower: noise regularises",
            f"{with_error(found)}, {mean / error:.1f} s.e.",
            mean < -least and mean < -sure * error,
        )
    found = difference(results, MAIN, NOISY, "test_accuracy")
    mean, error = mean_and_error(found)
    yield Claim(
        f"parts of {NOISY}: the accuracy on other digits is higher, by more than 2 s.e.",
        "higher",
        f"by {mean:.2%} ± {error:.2%}, {mean / error:.1f} s.e.",
        mean > 2.0 * error,
    )
    found = difference(results, MAIN, NONE)
    yield Claim(
        f"without batch norm, from {MAIN}'s start: the loss on other digits is that of batch norm "
        f"by all {ALL}, to {equal:g}{note}",
        "the same: no noise, no regulariser",
        with_error(found),
        bool(abs(found.mean()) < equal),
        is_control=True,
    )


def _start_claims(results: Results, sure: float) -> Iterator[Claim]:
    small, *_, large = GAINS
    low, high = (difference(results, start, NONE) for start in (small, large))
    yield Claim(
        f"without batch norm, how much higher the loss on other digits is than by all {ALL} "
        f"depends on the start: it is more from {large} than from {small}, by {sure:g} s.e.",
        "the scale of weights matters only without",
        f"{with_error(high)}; {with_error(low)}",
        _sure(high - low) > sure,
    )
    found = {start: difference(results, start, NOISY) for start in GAINS}
    yield Claim(
        f"parts of {NOISY}: from every start the loss on other digits is lower than by all {ALL}, "
        "by 2 s.e.",
        "lower",
        "; ".join(f"{start}: {with_error(one)}" for start, one in found.items()),
        max(map(_sure, found.values())) < -2.0,
    )


def _sure(values: np.ndarray) -> float:
    mean, error = mean_and_error(values)
    return mean / error


def figures(results: Results) -> dict[str, Picture]:
    """The noise, and what comes of it."""
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    _draw_noise(left, results.learned[MAIN, ALL])
    _draw_losses(right, results)
    found = slopes(results.learned[MAIN, ALL], TRAINING)
    gain = difference(results, MAIN, NOISY)
    return {
        "noise_and_loss": Picture(
            figure,
            "Left: the noise of logits by the size of the batch, both logarithmic. With batch norm "
            f"it falls along a straight line of slope {found.mean():.2f}; the control, dropout, is "
            "level. Right: the loss on digits not learned by the size of the parts that are "
            f"normalised; with parts of {NOISY} it is {-gain.mean():.3f} lower than with all {ALL} "
            "at once, and that is near the line without batch norm.",
        )
    }


def _draw_noise(ax: Axes, learned: Learned) -> None:
    sizes = np.array(BATCHES)
    for kind, marker, colour, shift in ((TRAINING, "o", BLUE, 1.0), (DROPOUT, "s", ORANGE, 1.1)):
        noise = learned.noise[:, KINDS.index(kind)]
        middle = np.exp(np.log(noise).mean(axis=0))
        spread = np.abs(np.stack([noise.min(axis=0), noise.max(axis=0)]) - middle)
        mean, error = mean_and_error(slopes(learned, kind))
        role = "control: " if kind == DROPOUT else ""
        label = f"{role}{kind}: slope {mean:.3f} ± {error:.3f}"
        ax.errorbar(
            sizes * shift, middle, spread, fmt=marker, c=colour, mfc="white", capsize=3, label=label
        )
        if kind == TRAINING:
            line = middle[0] * (sizes / sizes[0]) ** SLOPE
            ax.plot(sizes, line, c=BLACK, lw=1.0, label="predicted: slope -1/2")
    ax.set(xscale="log", yscale="log", xlabel="examples in a batch")
    ax.set_xticks(sizes, [str(size) for size in sizes], minor=False)
    ax.minorticks_off()
    ax.set_yticks([0.2, 0.5, 1.0, 2.0], ["0.2", "0.5", "1", "2"])
    ax.set_ylabel("noise: deviation of a digit's logits")
    ax.set_title("the noise falls with the batch")
    ax.legend(loc="lower left")


def _draw_losses(ax: Axes, results: Results) -> None:
    looks = zip(GAINS, ("^", "o", "v"), (GREEN, BLUE, VERMILION), LINES, strict=False)
    for start, marker, colour, line in looks:
        losses = {s: one.test_loss for (at, s), one in results.learned.items() if at == start}
        sizes = sorted(size for size in losses if size != NONE)
        means = [mean_and_error(losses[size]) for size in sizes]
        middle, errors = np.array(means).T
        ax.errorbar(sizes, middle, errors, fmt=marker, ls=line, c=colour, mfc="white", capsize=3,
                    label=f"{start}'s start" if start in ("He", "Xavier") else start)  # fmt: skip
        without = mean_and_error(losses[NONE])[0]
        ax.axhline(without, c=colour, lw=1.0, ls=line)
        ax.text(1.01, without, "without", c=colour, va="center", fontsize=9,
                transform=ax.get_yaxis_transform())  # fmt: skip
    ticks = sorted(size for start, size in results.learned if start == MAIN and size != NONE)
    ax.set(xscale="log", xlabel="examples in a part, normalised by itself")
    ax.set_xticks(ticks, [str(size) for size in ticks], minor=False)
    ax.minorticks_off()
    ax.set_ylim(None, ax.get_ylim()[1] + 0.12 * np.ptp(ax.get_ylim()))
    nets = len(results.learned[MAIN, ALL].test_loss)
    ax.set_ylabel(f"loss on digits not learned, mean ± s.e. of {nets} networks")
    ax.set_title("the loss too; level lines: without batch norm")
    ax.legend(loc="upper left", ncols=len(GAINS))
