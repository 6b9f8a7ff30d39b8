"""Plain networks learn worse the deeper they are; residual ones do not, with gradients kept small.

The tutorial says: "A residual neural network (ResNet) utilize skip connections or shortcuts to skip
over some layers. The ResNets are typically implemented with double or three-layer skips, which
contains nonlinearities (ReLU) and batch normalization in between. These skip connections helps the
model training process to avoid the VG problem".

Theory predicts: in a network with batch norm before each ReLU the error dL/dz grows towards the
input, by sqrt(pi / (pi - 1)) = 1.2112 a layer at the start, and so by a factor of 20,000 in 52
layers. A skip hands the error on besides, and the growth is slow.

Where they disagree: in the networks that the tutorial describes no gradient vanishes. Batch norm
itself makes it explode, and that is what a skip prevents; networks that were meant to show the use
of residuals had batch norm, so that theirs did not vanish either (He et al. 2016, section 4.1).
Without batch norm, from He's start, it neither vanishes nor explodes without any skip, while with a
skip signals double from block to block and the loss is not finite, unless the last layer of each
branch starts at 0. Where gradients do vanish, in a network of sigmoids, a skip helps if nothing is
on its path, and hardly if the sigmoid acts on the sum.

Experiment: an input layer of 32 units, blocks of two layers, and a layer of classes, 8, 20 or 56 in
all, with batch norm and ReLU behind each, learn the digits in 300 steps of SGD at 0.02 with
momentum 0.9, and a tenth of that in the last quarter. Residual and plain networks of a pair start
from the same weights. Errors are those on the digits that are learned, by the statistics of all of
them, so that what is seen is no overfitting. The error at the outputs of blocks is measured at the
start. Then networks without batch norm, and plain ones at other rates.

Sources: He et al. 2016, figures 1 and 6, degradation on CIFAR-10; Yang et al. 2019 for the growth
under batch norm; Goyal et al. 2017, section 5.1, for the start at 0; Alpaydin & Kaynak 1998 for the
digits.

Command: ``python -m demos residual_networks``; about thirty seconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from minigrad import autograd, optim, tensor
from minigrad.nn import functional as F

from .blocks import (
    BARE,
    BARE_RESIDUAL,
    CLEAN_SIGMOID,
    FROM_ZERO,
    PLAIN,
    PLAIN_SIGMOID,
    RESIDUAL,
    SIGMOID_OF_SUM,
    Setting,
    blocks,
    network,
)
from .claims import Claim, geometric_mean, with_error
from .digits import split
from .learning import learning, share_wrong
from .mean_field import SIGMOID, predict
from .pictures import Picture
from .protocol import Each
from .shares import together
from .style import BLACK, BLUE, GREEN, LINES, ORANGE, VERMILION

BATCH, MEASURED = 128, 256  # digits, in a step and where dL/dz is measured
MOMENTUM, SLOWER, SLOW_FROM = 0.9, 0.1, 0.75  # the rate falls after that part of all steps
STEPS, QUICK_STEPS, EVERY = 300, 120, 10
NETS, QUICK_NETS = 5, 2
DEPTHS, QUICK_DEPTHS = (8, 20, 56), (8, 32)  # layers with weights
DEEP = DEPTHS[-1]
WIDE = 128  # units a layer, in place of 32
GROWTH = math.sqrt(math.pi / (math.pi - 1.0))  # a layer
GROWTHS = (1.18, 1.25)
WIDE_TOLERANCE = 0.01
DEGRADED, LEARNED, QUICK_LEARNED = 0.4, 0.02, 0.1  # of errors: a difference, and below
EXPLODED, CALM = 1000.0, 100.0  # the error at the first block over that at the last
LEVEL = (0.1, 10.0)  # the same
LAST = 20  # batches, the mean of which is the loss in the end
LOW, QUICK_LOW = 0.02, 0.2  # a loss
SIGMOIDS, VANISHED = 20, 1e-4  # layers, and the error at the first block over that at the last


ONLY_STARTED = (
    *(Setting(PLAIN, depth) for depth in DEPTHS),
    Setting(RESIDUAL, DEEP),
    Setting(PLAIN, DEEP, width=WIDE),
    Setting(BARE, DEEP),
    *(Setting(kind, SIGMOIDS) for kind in (PLAIN_SIGMOID, SIGMOID_OF_SUM, CLEAN_SIGMOID)),
)
OTHER_RATES = (0.1, 0.004)
BARE_RATE = 0.01  # of SGD without batch norm


class Unit(NamedTuple):
    """One network: what can be done in a process of its own."""

    setting: Setting
    steps: int
    seed: tuple[int, int]


class Learned(NamedTuple):
    """Of one network, or, with an axis before, of many."""

    losses: np.ndarray  # (steps,): of batches
    wrong: np.ndarray  # (measurements,): the share of the digits that are learned


@dataclass(frozen=True)
class Results:
    """By setting."""

    errors: dict[Setting, np.ndarray]  # (networks, blocks): the norm of dL/dz at the start
    learned: dict[Setting, Learned]


def run(seed: int, quick: bool = False, each: Each = map) -> Results:
    """Errors at the start, and then what networks learn."""
    nets, steps = (QUICK_NETS, QUICK_STEPS) if quick else (NETS, STEPS)
    depths = QUICK_DEPTHS if quick else DEPTHS
    learners = [Setting(kind, depth) for kind in (PLAIN, RESIDUAL) for depth in depths]
    learners += [Setting(kind, depths[-1], BARE_RATE) for kind in (BARE_RESIDUAL, FROM_ZERO)]
    units = [Unit(s, steps, (seed, number)) for s in learners for number in range(nets)]
    others = [Setting(PLAIN, depths[-1], rate) for rate in OTHER_RATES[: 1 if quick else None]]
    units += [Unit(s, steps, (seed, number)) for s in others for number in range(QUICK_NETS)]
    units.sort(key=lambda unit: -unit.setting.depth)  # what takes longest first
    starts = [Unit(s, 0, (seed, number)) for s in ONLY_STARTED for number in range(NETS)]
    errors = dict(zip(starts, each(measure, starts), strict=True))
    found = dict(zip(units, each(learn, units), strict=True))

    def of(setting: Setting, all_: dict[Unit, Any]) -> list[Any]:
        return [one for unit, one in all_.items() if unit.setting == setting]

    return Results(
        {s: np.array(of(s, errors)) for s in ONLY_STARTED},
        {s: together(of(s, found)) for s in dict.fromkeys(unit.setting for unit in units)},
    )


def measure(unit: Unit) -> np.ndarray:
    """The norm of dL/dz at the output of each block, at the start."""
    model, (digits, _) = network(unit.setting, np.random.default_rng(unit.seed)), split()
    x, outputs = tensor(digits.images[:MEASURED]), []
    for module in model:
        x = module(x)
        outputs.append(x)
    hidden = outputs[-1 - blocks(unit.setting) : -1]
    errors = autograd.grad(F.cross_entropy(x, digits.labels[:MEASURED]), hidden)
    return np.array([np.linalg.norm(np.asarray(error)) for error in errors])


def learn(unit: Unit) -> Learned:
    """Learn the digits; how many of all are told wrong, by the statistics of all of them."""
    setting, draw, (digits, _) = unit.setting, np.random.default_rng(unit.seed), split()
    model = network(setting, draw)
    # A network that goes to infinity stays there.
    optimizer = optim.SGD(
        model.parameters(), lr=setting.rate, momentum=MOMENTUM, on_nonfinite="ignore"
    )
    slow_from = round(SLOW_FROM * unit.steps)
    scheduler = optim.lr_scheduler.MultiStepLR(optimizer, [slow_from], gamma=SLOWER)
    losses, wrong = [], []
    with np.errstate(over="ignore", invalid="ignore"):
        for step, loss in enumerate(learning(model, optimizer, draw, unit.steps, BATCH), start=1):
            scheduler.step()
            losses.append(loss)
            if step % EVERY == 0:
                wrong.append(share_wrong(model, digits))
    return Learned(np.array(losses), np.array(wrong))


def reach(errors: np.ndarray) -> np.ndarray:
    """The error at the first block over that at the last, of each network."""
    return np.asarray(errors[:, 0] / errors[:, -1])


def growth(results: Results, setting: Setting) -> np.ndarray:
    """Of the error, a layer, of each network."""
    layers = 2 * (blocks(setting) - 1)
    return np.asarray(reach(results.errors[setting]) ** (1.0 / layers))


def wrong_in_the_end(results: Results, setting: Setting) -> np.ndarray:
    """The share of digits, of each network."""
    return results.learned[setting].wrong[:, -1]


def final_losses(results: Results, setting: Setting) -> np.ndarray:
    """The mean of the last batches, of each network; infinite where it is not finite."""
    losses = results.learned[setting].losses[:, -LAST:].mean(axis=1)
    return np.where(np.isfinite(losses), losses, np.inf)


def depths(results: Results) -> list[int]:
    """Of the networks that have learned."""
    return sorted({s.depth for s in results.learned if s == Setting(RESIDUAL, s.depth)})


def claims(results: Results, quick: bool = False) -> list[Claim]:
    """The table's lines."""
    note = f" (quick: {QUICK_STEPS} steps)" if quick else ""
    return [
        *_degradation_claims(results, QUICK_LEARNED if quick else LEARNED, note),
        *_growth_claims(results),
        *_skip_claims(results),
        *_bare_claims(results, QUICK_LOW if quick else LOW, note),
        *_sigmoid_claims(results),
    ]


def _degradation_claims(results: Results, learned: float, note: str) -> Iterator[Claim]:
    shallowest, *_, less, deep = *depths(results)[:1], *depths(results)
    found = {d: wrong_in_the_end(results, Setting(PLAIN, d)) for d in (shallowest, less, deep)}
    yield Claim(
        f"plain, {deep} layers tell more than {DEGRADED:.0%} more of the digits that they learn "
        f"wrong than {less}, in every network{note}",
        "more on CIFAR-10 too (He et al. 2016, figure 1)",
        f"{_percent(found[deep])} against {_percent(found[less])}",
        bool((found[deep] - found[less]).min() > DEGRADED),
    )
    yield Claim(
        f"plain, {shallowest} layers tell fewer than {learned:.0%} wrong{note}",
        "they learn",
        _percent(found[shallowest]),
        bool(found[shallowest].max() < learned),
        is_control=True,
    )
    for setting in (s for s in results.learned if s.kind == PLAIN and s.rate in OTHER_RATES):
        wrong = wrong_in_the_end(results, setting)
        yield Claim(
            f"plain, {deep} layers at a rate of {setting.rate:g} tell more than {DEGRADED:.0%} "
            "wrong, in every network",
            "it is not the rate",
            _percent(wrong),
            bool(wrong.min() > DEGRADED),
        )
    wrong = wrong_in_the_end(results, Setting(RESIDUAL, deep))
    yield Claim(
        f"residual, {deep} layers tell fewer than {learned:.0%} wrong, in every network{note}",
        "they learn (He et al. 2016, figure 6)",
        _percent(wrong),
        bool(wrong.max() < learned),
        is_control=True,
    )


def _percent(shares: np.ndarray) -> str:
    return f"{shares.min():.1%} to {shares.max():.1%}"


def _growth_claims(results: Results) -> Iterator[Claim]:
    for depth in DEPTHS:
        found = growth(results, Setting(PLAIN, depth))
        yield Claim(
            f"plain, {depth} layers: towards the input the error grows by {GROWTHS[0]} to "
            f"{GROWTHS[1]} a layer",
            f"{GROWTH:.4f}, sqrt(π / (π - 1)), in wide layers",
            with_error(found),
            bool(GROWTHS[0] < found.mean() < GROWTHS[1]),
        )
    found = growth(results, Setting(PLAIN, DEEP, width=WIDE))
    yield Claim(
        f"plain, {DEEP} layers of {WIDE} units: it grows as predicted, to {WIDE_TOLERANCE:.0%}",
        f"{GROWTH:.4f}, sqrt(π / (π - 1))",
        with_error(found),
        bool(abs(found.mean() / GROWTH - 1.0) < WIDE_TOLERANCE),
    )


def _skip_claims(results: Results) -> Iterator[Claim]:
    found = reach(results.errors[Setting(PLAIN, DEEP)])
    yield Claim(
        f"plain, {DEEP} layers: the error at the first block is more than {EXPLODED:g} times that "
        "at the last, in every network; it does not vanish",
        f"{GROWTH ** (2 * (blocks(Setting(PLAIN, DEEP)) - 1)):.2g} (Yang et al. 2019)",
        _factors(found),
        bool(found.min() > EXPLODED),
    )
    found = reach(results.errors[Setting(RESIDUAL, DEEP)])
    yield Claim(
        f"residual, {DEEP} layers: it is less than {CALM:g} times that",
        "a slow growth (Yang et al. 2019)",
        _factors(found),
        bool(found.max() < CALM),
        is_control=True,
    )
    found = geometric_mean(reach(results.errors[Setting(BARE, DEEP)]))
    yield Claim(
        f"plain, {DEEP} layers without batch norm, from He's start: in the geometric mean it is "
        f"within {LEVEL[0]:g} and {LEVEL[1]:g} times that",
        "1: no gradient vanishes there (He et al. 2015)",
        f"{found:.2g}",
        bool(LEVEL[0] < found < LEVEL[1]),
        is_control=True,
    )


def _factors(values: np.ndarray) -> str:
    return f"{values.min():.2g} to {values.max():.2g}"


def _bare_claims(results: Results, low: float, note: str) -> Iterator[Claim]:
    deep = depths(results)[-1]
    losses = final_losses(results, Setting(BARE_RESIDUAL, deep, BARE_RATE))
    yield Claim(
        f"residual, {deep} layers without batch norm, from He's start: no loss is finite in the "
        "end",
        "signals double from block to block",
        f"{np.isfinite(losses).sum()} of {len(losses)} are",
        not np.isfinite(losses).any(),
    )
    losses = final_losses(results, Setting(FROM_ZERO, deep, BARE_RATE))
    yield Claim(
        f"residual, {deep} layers without batch norm, branches from 0: every loss is below "
        f"{low:g}{note}",
        "they learn (Goyal et al. 2017)",
        _factors(losses),
        bool(losses.max() < low),
        is_control=True,
    )


def _sigmoid_claims(results: Results) -> Iterator[Claim]:
    plain, of_sum, clean = (
        Setting(kind, SIGMOIDS) for kind in (PLAIN_SIGMOID, SIGMOID_OF_SUM, CLEAN_SIGMOID)
    )
    factors = predict(SIGMOID, 1.0, 1.0, SIGMOIDS).factors[2:]  # of layers within blocks
    wanted = np.prod(factors[: 2 * (blocks(plain) - 1)])
    found = reach(results.errors[plain])
    yield Claim(
        f"{SIGMOIDS} layers of sigmoids, plain: the error at the first block is below "
        f"{VANISHED:g} of that at the last, in every network",
        f"{wanted:.1g} (mean field)",
        _factors(found),
        bool(found.max() < VANISHED),
    )
    found = reach(results.errors[of_sum])
    yield Claim(
        f"{SIGMOIDS} layers of sigmoids, a skip and a sigmoid of the sum: still so",
        f"{0.25 ** (blocks(of_sum) - 1):.0e}: a slope of 1/4 a block",
        _factors(found),
        bool(found.max() < VANISHED),
    )
    found = reach(results.errors[clean])
    yield Claim(
        f"{SIGMOIDS} layers of sigmoids, nothing behind the sum: within {LEVEL[0]:g} and "
        f"{LEVEL[1]:g} of that at the last",
        "it is handed on (He et al. 2016b)",
        _factors(found),
        bool(LEVEL[0] < found.min() and found.max() < LEVEL[1]),
        is_control=True,
    )


def figures(results: Results) -> dict[str, Picture]:
    """What networks learn by depth, and the error by block."""
    return {"degradation": _degradation(results), "error_by_block": _by_block(results)}


def _degradation(results: Results) -> Picture:
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    for ax, kind, title in zip(axes, (PLAIN, RESIDUAL), ("plain", "residual"), strict=True):
        for depth, colour, line in zip(depths(results), (BLUE, GREEN, VERMILION), LINES,
                                       strict=False):  # fmt: skip
            courses = 100.0 * results.learned[Setting(kind, depth)].wrong
            for number, course in enumerate(courses):
                steps = EVERY * np.arange(1, len(course) + 1)
                label = "" if number else f"{depth} layers"
                ax.plot(steps, course, c=colour, ls=line, lw=1.2, label=label)
        ax.set(xlabel="step", title=title, ylim=(0.0, 100.0))
        ax.legend(loc="upper right")
    axes[0].set_ylabel("training digits told wrong (%), each network")
    deep = depths(results)[-1]
    plain, residual = (wrong_in_the_end(results, Setting(k, deep)) for k in (PLAIN, RESIDUAL))
    return Picture(
        figure,
        "Two panels of the share of the learned digits that are told wrong, by step. Left, plain "
        f"networks: the deeper, the slower, and with {deep} layers {plain.mean():.0%} are wrong in "
        f"the end. Right, residual networks: all depths fall together, to {residual.mean():.1%} "
        f"for {deep} layers.",
    )


def _by_block(results: Results) -> Picture:
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    grown = geometric_mean(reach(results.errors[Setting(PLAIN, DEEP)]))
    shown = [
        (left, Setting(PLAIN, DEEP), "plain, batch norm", "o", VERMILION),
        (left, Setting(BARE, DEEP), "plain, no batch norm", "s", ORANGE),
        (left, Setting(RESIDUAL, DEEP), "residual, batch norm", "^", BLUE),
        (right, Setting(PLAIN_SIGMOID, SIGMOIDS), "plain", "o", VERMILION),
        (right, Setting(SIGMOID_OF_SUM, SIGMOIDS), "residual, sigmoid of the sum", "s", ORANGE),
        (right, Setting(CLEAN_SIGMOID, SIGMOIDS), "residual, nothing behind it", "^", BLUE),
    ]
    for ax, setting, label, marker, colour in shown:
        errors = results.errors[setting]
        numbers = np.arange(1, blocks(setting) + 1)
        relative = geometric_mean(errors / errors[:, -1:], axis=0)
        ax.plot(numbers, relative, marker, c=colour, mfc="white", label=label)
    before = 2.0 * (blocks(Setting(PLAIN, DEEP)) - np.arange(1, blocks(Setting(PLAIN, DEEP)) + 1))
    left.plot(1 + np.arange(len(before)), GROWTH**before, c=BLACK, lw=1.0,
              label="predicted: √(π / (π - 1)) a layer")  # fmt: skip
    factors = predict(SIGMOID, 1.0, 1.0, SIGMOIDS).factors[-1]
    before = 2.0 * (blocks(Setting(PLAIN_SIGMOID, SIGMOIDS))
                    - np.arange(1, blocks(Setting(PLAIN_SIGMOID, SIGMOIDS)) + 1))  # fmt: skip
    right.plot(1 + np.arange(len(before)), factors**before, c=BLACK, lw=1.0,
               label="predicted: √χ a layer")  # fmt: skip
    for ax, title, where in (
        (left, f"{DEEP} layers of ReLU", "upper right"),
        (right, f"{SIGMOIDS} layers of sigmoids, no batch norm", "lower right"),
    ):
        ax.set(yscale="log", xlabel="block, from the input", title=title)
        ax.legend(loc=where)
    left.set_ylabel("error ‖dL/dz‖ at the start, over that of the last block")
    return Picture(
        figure,
        "The error at the output of each block over that at the last, on a logarithmic axis. Left, "
        f"{DEEP} layers: plain with batch norm it grows towards the input along the predicted "
        f"line, to {grown:.0e}; without batch norm it stays near 1, and in the residual network it "
        "grows little. Right, sigmoids: plain, and with a sigmoid of the sum, it vanishes; with "
        "nothing behind the sum it stays near 1.",
    )
