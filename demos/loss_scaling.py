"""In float16 small gradients become zero; a larger loss, and smaller steps, bring them back.

The tutorial says: "As the error derivative is rescaled, the weights will also be updated,
drastically reducing overflows and underflows"; one of the two methods is "gradient scaling".

Theory predicts: float16 has no number between 0 and 2^-24 = 6e-8 and none above 65504. What is not
above 2^-25 is rounded to 0. A loss S times as large has a gradient S times as large, so that with
the right S all of it is within that range, and the step divides by S in float32. A sigmoid network
loses log2 of 1 / 0.2361, 2.08 bits of the exponent, a layer (mean field theory): the vanishing
gradient and the underflow are one curve. Weights must be float32: near 1 the numbers of float16 are
2^-11 apart or more, and a step below half of that is lost.

Where they disagree: with the cures of exploding gradients this "gradient scaling" shares the name
alone. It changes nothing in exact arithmetic, and S is not a bound, but a factor that is divided
out again. Too large a factor overflows, as the explosion did.

Experiment: results of every operation, forward and backward, are rounded to float16; the loss and
the weights are float32. First, the gradients of sigmoid networks of 6 and 8 hidden layers of 64 on
1024 digits, and which of them become 0. Then networks of 3 layers of tanh learn the digits with a
loss of 2^-20 of the usual, as if it were a mean over a million terms, with scales S from 1 to 2^40
that stay, and with a scale that is halved when it overflows and doubled when it does not. The
controls are ReLU from He's start, and float32.

Sources: Micikevicius et al. 2018; NVIDIA, Training With Mixed Precision, where 31% of the gradients
of a detector (SSD) become 0 in float16, and a factor of 8 is enough; PyTorch's AMP, which calls it
gradient scaling.

Command: ``python -m demos loss_scaling``; about thirty seconds.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minigrad import amp, autograd, nn, no_grad, optim, tensor
from minigrad.nn import functional as F, init

from .claims import Claim, with_error
from .digits import CLASSES, LEARNED, PIXELS, split
from .mean_field import SIGMOID, predict
from .pictures import Picture
from .protocol import Each
from .side_by_side import networks
from .style import BLACK, BLUE, LINES, ORANGE, SKY, VERMILION

SMALLEST, LARGEST = 2.0**-24, 65504.0  # of float16, above 0 and finite
WIDTH, BATCH = 64, 1024
NETS, QUICK_NETS = 3, 2
FACTORS = (0, 3, 8, 15)  # powers of 2 by which the loss is multiplied
NVIDIA_LOST, ENOUGH = 0.31, 3  # of SSD's gradients; the power of 2 that is enough there
MANY, FEW, ALL, HARDLY = 0.1, 0.05, 0.7, 1e-3  # shares of gradients
CLOSE, BITS = 0.03, 0.05  # to the predicted share, absolute, and bits a layer, relative

TERMS = 2.0**-20  # the loss is multiplied by it
RATE, STEPS, EXAMPLES = 0.2, 400, 64  # of SGD, and in a batch
QUICK_STEPS = 100
NOTHING, JUST_RIGHT, TOO_LARGE, FROM_BELOW = 0, 20, 40, 10  # powers of 2
SCALES = (NOTHING, 4, 8, 10, JUST_RIGHT, 32, 38, TOO_LARGE)
QUICK_SCALES = (NOTHING, JUST_RIGHT, TOO_LARGE)
STUCK, LEARNED_WELL = 2.0, 0.2  # losses: above, and below
SAME, NEARLY, QUICK_NEARLY = 0.02, 0.2, 1.0  # the loss of float32, relative
SKIPPED = (1, 20)  # steps within
GROWTH, QUICK_GROWTH = (
    10,
    4,
)  # steps without overflow, after which a scale is doubled where it starts at 1
UPDATES, UPDATE = 2000, 1e-4


class Case(NamedTuple):
    """Networks whose gradients are looked at."""

    activation: nn.Module
    fill: Callable[..., Any]
    depth: int


SIX, EIGHT, RELU = "sigmoid, 6 layers", "sigmoid, 8 layers", "ReLU, 8 layers"
CASES = {
    SIX: Case(nn.Sigmoid(), init.xavier_normal_, 6),
    EIGHT: Case(nn.Sigmoid(), init.xavier_normal_, 8),
    RELU: Case(nn.ReLU(), partial(init.kaiming_normal_, nonlinearity="relu"), 8),
}
EXPONENTS = np.arange(-60.0, 1.0)  # the edges of a histogram of log2 |g|


class Look(NamedTuple):
    """One network's gradients to look at."""

    case: str
    seed: tuple[int, int]


class Seen(NamedTuple):
    """Of one network, or, with an axis before, of many: of dL/dz where it is not 0 in float32."""

    lost: np.ndarray  # (factors, layers): the share that is 0 in float16
    small: np.ndarray  # (): the share that is rounded to 0, with no factor
    bits: np.ndarray  # (layers,): log2 of the standard deviation, in float32
    histogram: np.ndarray  # (bins,): the share of all by log2 of the size


class Fixed(NamedTuple):
    """Networks that learn side by side with one scale."""

    power: int | None  # of 2; None for float32 without a scale
    nets: int
    steps: int
    seed: int


class Dynamic(NamedTuple):
    """A network that learns with a scale that changes."""

    power: int  # of 2, at first
    growth: int  # steps after which it is doubled
    steps: int
    seed: tuple[int, int]


class Learned(NamedTuple):
    """By network."""

    losses: np.ndarray  # in the end, of all digits
    skipped: np.ndarray  # steps
    zeros: np.ndarray  # the share of the gradients of weights that are 0 at the first step
    powers: np.ndarray  # (steps,): of 2, the scale after each; if it stays, ()


@dataclass(frozen=True)
class Results:
    """Gradients, learning, and single numbers."""

    seen: dict[str, Seen]
    fixed: dict[int | None, Learned]
    dynamic: dict[int, Learned]  # by the power at first
    rounded: tuple[float, float]  # 2^-25 and the next number of float32
    updated: dict[str, float]  # by dtype: 1 after many small updates
    sum_of_two: float  # 1 + 2^-11 in float16


def run(seed: int, quick: bool = False, each: Each = map) -> Results:
    """Look at gradients, then learn at fixed scales and at scales that change."""
    nets, steps = (QUICK_NETS, QUICK_STEPS) if quick else (NETS, STEPS)
    seeds = [(seed, number) for number in range(nets)]
    seen = iter(list(each(look, [Look(name, one) for name in CASES for one in seeds])))
    powers = [None, *(QUICK_SCALES if quick else SCALES)]
    fixed = each(learn, [Fixed(power, nets, steps, seed) for power in powers])
    starts = {
        TOO_LARGE: steps + 1,
        FROM_BELOW: steps + 1,
        NOTHING: QUICK_GROWTH if quick else GROWTH,
    }
    units = [
        Dynamic(power, growth, steps, one) for power, growth in starts.items() for one in seeds
    ]
    dynamic = iter(list(each(learn_dynamically, units)))
    with amp.emulate(np.float16):
        edges = tensor([SMALLEST / 2.0, float(np.nextafter(np.float32(SMALLEST / 2.0), 1.0))]) * 1.0
    return Results(
        seen={name: Seen(*_together([next(seen) for _ in seeds])) for name in CASES},
        fixed=dict(zip(powers, fixed, strict=True)),
        dynamic={power: Learned(*_together([next(dynamic) for _ in seeds])) for power in starts},
        rounded=(edges[0].item(), edges[1].item()),
        updated={str(np.dtype(t)): update_often(t) for t in (np.float16, np.float32)},
        sum_of_two=float(np.float16(1.0) + np.float16(2.0**-11)),
    )


def _together(several: list[Any]) -> list[np.ndarray]:
    return [np.array(values) for values in zip(*several, strict=True)]


def precision(half: bool) -> AbstractContextManager[None]:
    """Within it operations are rounded to float16, or not."""
    return amp.emulate(np.float16) if half else contextlib.nullcontext()


def look(unit: Look) -> Seen:
    """One network's gradients at its start, in float32 and in float16."""
    case, draw = CASES[unit.case], np.random.default_rng(unit.seed)
    widths = [PIXELS, *[WIDTH] * case.depth, CLASSES]
    layers = [nn.Linear(i, o, bias=False, generator=draw) for i, o in pairwise(widths)]
    for layer in layers:
        case.fill(layer.weight, generator=draw)
    batch = draw.choice(LEARNED, BATCH, replace=False)
    exact = errors(layers, case.activation, batch, 1.0, half=False)
    there = exact != 0.0
    lost = []
    for power in FACTORS:
        found = errors(layers, case.activation, batch, 2.0**power, half=True)
        lost.append((there & (found == 0.0)).sum(axis=(1, 2)) / there.sum(axis=(1, 2)))
    sizes = np.abs(exact[there])
    return Seen(
        np.array(lost),
        np.asarray((sizes <= SMALLEST / 2.0).mean()),
        np.log2(exact.std(axis=(1, 2))),
        np.histogram(np.log2(sizes), EXPONENTS)[0] / len(sizes),
    )


def errors(
    layers: list[nn.Linear], activation: nn.Module, batch: np.ndarray, scale: float, half: bool
) -> np.ndarray:
    """The gradients dL/dz at all hidden layers, (layers, N, width), of a loss that is scaled."""
    digits, _ = split()
    h, before = tensor(digits.images[batch]), []
    with precision(half):
        for layer in layers:
            before.append(layer(h))
            h = activation(before[-1])
    *hidden, logits = before
    seed = seed_of(lambda z: F.cross_entropy(z, digits.labels[batch]) * scale, logits, half)
    with precision(half):
        found = autograd.grad(logits, hidden, grad_outputs=seed)
    return np.array([np.asarray(g) for g in found])


def seed_of(loss_of: Callable[[Any], Any], logits: Any, half: bool) -> Any:
    """The gradient of a loss by the logits, which is computed in float32 and then rounded.

    A loss, and its scale, are float32 in mixed precision; the network is not.
    """
    leaf = logits.detach().requires_grad_()
    (gradient,) = map(tensor, map(np.asarray, autograd.grad(loss_of(leaf), [leaf])))
    with precision(half):
        return gradient * 1.0


def learn(unit: Fixed) -> Learned:
    """Learn the digits with a scale that stays, whatever comes of it."""
    half, scale = unit.power is not None, 2.0 ** (unit.power or 0)
    draws = [np.random.default_rng([unit.seed, number]) for number in range(unit.nets)]
    model = _network(draws)
    rate = RATE / (TERMS * scale)  # the gradient of the usual loss, divided in float32
    optimizer = optim.SGD(model.parameters(), lr=rate, on_nonfinite="ignore")
    zeros = np.zeros(unit.nets)
    with np.errstate(over="ignore", invalid="ignore"):
        for step in range(unit.steps):
            _backward(model, draws, lambda losses: losses.sum() * (TERMS * scale), half)
            if step == 0:
                zeros = _zeros(model, unit.nets)
            optimizer.step()
        losses = _final_losses(model)
    return Learned(losses, np.zeros(unit.nets), zeros, np.full(unit.nets, float(unit.power or 0)))


def learn_dynamically(unit: Dynamic) -> Learned:
    """Learn with a scaler that skips a step that overflows, and changes the scale."""
    draw = np.random.default_rng(unit.seed)
    model, zeros, powers = _network([draw]), np.zeros(1), []
    optimizer = optim.SGD(model.parameters(), lr=RATE / TERMS)
    scaler = amp.GradScaler(init_scale=2.0**unit.power, growth_interval=unit.growth)
    with np.errstate(over="ignore", invalid="ignore"):
        for step in range(unit.steps):
            _backward(model, [draw], lambda losses: scaler.scale(losses.sum() * TERMS), half=True)
            if step == 0:
                zeros = _zeros(model, 1)
            scaler.step(optimizer)
            scaler.update()
            powers.append(math.log2(scaler.get_scale()))
    return Learned(
        _final_losses(model)[0],
        np.asarray(scaler.last_step.times_skipped),
        zeros[0],
        np.array(powers),
    )


def _network(draws: list[np.random.Generator]) -> nn.Sequential:
    return networks([PIXELS, *[WIDTH] * 3, CLASSES], draws, init.xavier_normal_, nn.Tanh())


def _backward(
    model: nn.Sequential,
    draws: list[np.random.Generator],
    scaled: Callable[[Any], Any],
    half: bool,
) -> None:
    """The gradients of a batch for each network; ``scaled`` makes one loss of all of theirs."""
    digits, _ = split()
    batches = np.stack([draw.integers(0, LEARNED, EXAMPLES) for draw in draws])
    with precision(half):
        logits = model(tensor(digits.images[batches]))
    seed = seed_of(lambda z: scaled(_losses(z, digits.labels[batches])), logits, half)
    model.zero_grad()
    with precision(half):
        logits.backward(seed)


def _losses(logits: Any, labels: np.ndarray) -> Any:
    """The mean cross-entropy of each network."""
    every = F.cross_entropy(logits.reshape(-1, CLASSES), labels.ravel(), reduction="none")
    return every.reshape(labels.shape).mean(axis=1)


def _final_losses(model: nn.Sequential) -> np.ndarray:
    digits, _ = split()
    with no_grad():
        logits = model(tensor(digits.images[None]))
        return np.asarray(_losses(logits, np.tile(digits.labels, (len(logits), 1))).numpy())


def _zeros(model: nn.Sequential, nets: int) -> np.ndarray:
    """The share of zeros in the gradients of weights, by network."""
    gradients = [np.asarray(p.grad) for p in model.parameters() if p.shape[1] > 1]
    flat = np.concatenate([g.reshape(nets, -1) for g in gradients], axis=1)
    return np.asarray((flat == 0.0).mean(axis=1))


def update_often(dtype: Any) -> float:
    """1 after many updates by a number that is too small for float16 beside it."""
    weight = tensor(np.ones((), dtype), requires_grad=True)
    optimizer = optim.SGD([weight], lr=UPDATE)
    for _ in range(UPDATES):
        optimizer.zero_grad()
        weight.sum().backward()
        optimizer.step()
    return float(weight.item())


def claims(results: Results, quick: bool = False) -> list[Claim]:
    """The table's lines."""
    return [
        *_number_claims(results),
        *_lost_claims(results),
        *_factor_claims(results),
        *_fixed_claims(results),
        *_dynamic_claims(results, QUICK_NEARLY if quick else NEARLY),
    ]


def _number_claims(results: Results) -> Iterator[Claim]:
    at, above = results.rounded
    yield Claim(
        "2^-25 is rounded to 0, and the next number of float32 to 2^-24",
        f"0 and {SMALLEST:.3e} (IEEE 754)",
        f"{at:g} and {above:.3e}",
        at == 0.0 and above == SMALLEST,
    )
    half, single = results.updated["float16"], results.updated["float32"]
    wanted = 1.0 - UPDATES * UPDATE
    yield Claim(
        f"a weight of 1 is still 1 in float16 after {UPDATES} updates of {UPDATE:g}; 1 + 2^-11 = 1",
        "1 and 1 (IEEE 754)",
        f"{half:g} and {results.sum_of_two:g}",
        half == 1.0 and results.sum_of_two == 1.0,
    )
    yield Claim(
        f"a weight of float32 has moved as it should after {UPDATES} updates, to {UPDATE:g}",
        f"{wanted:.4f}",
        f"{single:.4f}",
        abs(single - wanted) < UPDATE,
        is_control=True,
    )


def lost(seen: Seen, power: int) -> np.ndarray:
    """The share of gradients that are 0 in float16; of each network."""
    return np.asarray(seen.lost[:, FACTORS.index(power)].mean(axis=1))


def _lost_claims(results: Results) -> Iterator[Claim]:
    for name in SIX, EIGHT:
        found, first = results.seen[name], results.seen[name].lost[:, 0, 0]
        share = lost(found, 0)
        yield Claim(
            f"{name}: more than {MANY:.0%} of the gradients become 0, as many as predicted, to "
            f"{CLOSE:g}",
            f"{found.small.mean():.3f} (2^-25 or less); {NVIDIA_LOST:.0%} in SSD (NVIDIA)",
            with_error(share, 3),
            bool(share.mean() > MANY and abs(share.mean() - found.small.mean()) < CLOSE),
        )
        yield Claim(
            f"{name}: at the first more than {ALL:.0%} do",
            "the most of all layers",
            with_error(first, 3),
            bool(first.mean() > ALL),
        )
    share = lost(results.seen[RELU], 0)
    yield Claim(
        f"{RELU}, He's start: less than {HARDLY:.1%} of the gradients become 0",
        "their size is level (He et al.)",
        with_error(share, 5),
        bool(share.mean() < HARDLY),
        is_control=True,
    )
    bits, wanted = bits_a_layer(results.seen[EIGHT]), predicted_bits()
    yield Claim(
        f"{EIGHT}: a layer costs as many bits of the exponent as predicted, to {BITS:.0%}",
        f"{wanted:.3f} (mean field)",
        with_error(bits, 3),
        bool(abs(bits.mean() / wanted - 1.0) < BITS),
    )


def bits_a_layer(seen: Seen) -> np.ndarray:
    """Between inner layers; of each network."""
    inner = seen.bits[:, 1:-1]
    return np.asarray((inner[:, -1] - inner[:, 0]) / (inner.shape[1] - 1))


def predicted_bits() -> float:
    """By mean field theory, between the same layers."""
    factors = predict(SIGMOID, 1.0, 1.0, CASES[EIGHT].depth).factors
    return float(-np.log2(factors[1:-2]).mean())


def _factor_claims(results: Results) -> Iterator[Claim]:
    for name, power, few, expected in (
        (SIX, ENOUGH, FEW, "a factor of 8 is enough for SSD (NVIDIA)"),
        (EIGHT, FACTORS[-1], HARDLY, "0"),
    ):
        share = lost(results.seen[name], power)
        yield Claim(
            f"{name}: with a factor of 2^{power} less than {few:.1%} become 0",
            expected,
            with_error(share, 5),
            bool(share.mean() < few),
        )


def _fixed_claims(results: Results) -> Iterator[Claim]:
    exact, nothing = results.fixed[None], results.fixed[NOTHING]
    yield Claim(
        f"learning, no scale: every loss stays above {STUCK:g}, as all gradients of weights are 0",
        "100% are 0",
        f"at least {nothing.losses.min():.3f}; {nothing.zeros.mean():.1%} are 0",
        bool(nothing.losses.min() > STUCK and nothing.zeros.min() == 1.0),
    )
    right = results.fixed[JUST_RIGHT].losses
    apart = float(np.abs(right / exact.losses - 1.0).max())
    yield Claim(
        f"learning, a scale of 2^{JUST_RIGHT}: each loss is that of float32, to {SAME:.0%}",
        f"{exact.losses.mean():.4f} (float32)",
        f"{right.mean():.4f}, at most {apart:.2%} apart",
        apart < SAME,
    )
    finite = np.isfinite(results.fixed[TOO_LARGE].losses)
    yield Claim(
        f"learning, a scale of 2^{TOO_LARGE}: gradients overflow, and every loss is NaN",
        f"0 of {len(finite)} finite",
        f"{finite.sum()} of {len(finite)} finite",
        not finite.any(),
    )
    yield Claim(
        f"learning in float32, no scale: with the same loss every network comes below "
        f"{LEARNED_WELL:g}",
        "it is large enough for float32",
        f"at most {exact.losses.max():.4f}",
        bool(exact.losses.max() < LEARNED_WELL),
        is_control=True,
    )


def _dynamic_claims(results: Results, nearly: float) -> Iterator[Claim]:
    exact = results.fixed[None].losses
    low, high = SKIPPED
    note = " (quick)" if nearly == QUICK_NEARLY else ""
    for power, text, expected in (
        (TOO_LARGE, f"{low} to {high} steps are skipped", "steps that overflow"),
        (FROM_BELOW, "no step is skipped", "0"),
        (NOTHING, "doubled time and again, it grows until it is large enough", "above 2^10"),
    ):
        found = results.dynamic[power]
        ratio = float((found.losses / exact).max())
        skipped, reached = found.skipped, found.powers[:, -1]
        if power == TOO_LARGE:
            right = low <= skipped.min() and skipped.max() <= high
        elif power == FROM_BELOW:
            right = skipped.max() == 0
        else:
            right = reached.min() > FROM_BELOW
        yield Claim(
            f"learning, a scale that changes, 2^{power} at first: {text}, and each loss is below "
            f"{1.0 + nearly:g} times that of float32{note}",
            expected,
            f"{skipped.min()} to {skipped.max()} skipped, 2^{reached.min():.0f} to "
            f"2^{reached.max():.0f} in the end; {ratio:.3f} times at most",
            bool(right and ratio < 1.0 + nearly),
            is_control=power == FROM_BELOW,
        )


def figures(results: Results) -> dict[str, Picture]:
    """Which gradients are lost, and losses by scale."""
    return {"gradients_lost": _gradients_lost(results), "loss_by_scale": _by_scale(results)}


def _gradients_lost(results: Results) -> Picture:
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    _histograms(left, results)
    looks = ((SIX, "o", BLUE), (EIGHT, "s", VERMILION), (RELU, "^", BLACK))
    for name, marker, colour in looks:
        for power, line in ((0, LINES[0]), (8, LINES[1])):
            shares = results.seen[name].lost[:, FACTORS.index(power)].mean(axis=0)
            role = "control: " if name == RELU else ""
            label = f"{role}{name}, S = {2**power}"
            layers = np.arange(1, len(shares) + 1)
            right.plot(layers, shares, marker, ls=line, c=colour, mfc="white", label=label)
    right.set(xlabel="hidden layer, from the input", ylabel="share of gradients that become 0")
    right.set(title="lost in float16", ylim=(-0.03, 1.05))
    right.legend(loc="upper right", fontsize=9)
    shares = {name: lost(results.seen[name], 0).mean() for name in CASES}
    return Picture(
        figure,
        "Left: histograms of the size of gradients on a logarithmic axis, against the smallest "
        "number of float16. Of the sigmoid network of eight layers a large part is below it; "
        "multiplied by 256 almost all are above; those of the control, ReLU, are all above. "
        f"Right: the share that becomes 0 by layer: all at the first layers of eight, "
        f"{shares[EIGHT]:.0%} of all, {shares[SIX]:.0%} with six layers, and "
        f"{shares[RELU]:.1%} of the control; with a factor of 256 hardly any.",
    )


def _histograms(ax: Axes, results: Results) -> None:
    for name, shift, colour, line in (
        (EIGHT, 0, VERMILION, LINES[0]),
        (EIGHT, 8, ORANGE, LINES[1]),
        (RELU, 0, BLACK, LINES[2]),
    ):
        shares = results.seen[name].histogram.mean(axis=0)
        role = "control: " if name == RELU else ""
        label = f"{role}{name}, S = {2**shift}"
        ax.stairs(shares, EXPONENTS + shift, color=colour, ls=line, lw=1.6, label=label)
    edge = math.log2(SMALLEST) - 1.0
    ax.axvspan(EXPONENTS[0], edge, color=SKY, alpha=0.3, lw=0.0)
    ax.axvline(edge, c=BLUE)
    ax.text(edge - 0.8, 0.12, "becomes 0\nin float16", ha="right", va="bottom", c=BLUE)
    ax.set(xlim=(-54.0, 0.0), ylim=(0.0, 1.4 * ax.get_ylim()[1]), xlabel="log₂ |dL/dz|")
    ax.set(ylabel="share of the gradients", title="sizes in float32")
    ax.legend(loc="upper left", fontsize=9)


def _by_scale(results: Results) -> Picture:
    figure = Figure(figsize=(12, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    _bathtub(left, results)
    for (power, found), colour, line in zip(
        results.dynamic.items(), (VERMILION, BLACK, BLUE), LINES, strict=False
    ):
        steps = np.arange(found.powers.shape[1] + 1)
        for number, powers in enumerate(found.powers):
            label = "" if number else f"2^{power} at first"
            right.plot(steps, [power, *powers], c=colour, ls=line, lw=1.4, label=label)
    right.set(xlabel="step", ylabel="log₂ of the scale S", title="a scale that changes")
    right.legend(loc="lower right", bbox_to_anchor=(1.0, 0.02))
    exact = results.fixed[None].losses.mean()
    return Picture(
        figure,
        "Left: the loss after learning by log2 of its scale, which stays: with a scale of 1 it is "
        f"{results.fixed[NOTHING].losses.mean():.1f}, as all gradients of weights are 0; from 2^10 "
        f"on it is at the level of float32, {exact:.4f}; at 2^{TOO_LARGE} it is NaN. The share of "
        "zeros falls from 1 as the scale rises. Right: scales that change, by step: one goes down "
        f"from 2^{TOO_LARGE} at once and stays, one stays at 2^{FROM_BELOW}, and one rises from 1 "
        "in even steps.",
    )


def _bathtub(ax: Axes, results: Results) -> None:
    powers = [power for power in results.fixed if power is not None]
    means = [float(results.fixed[power].losses.mean()) for power in powers]
    for power in powers:
        losses = results.fixed[power].losses
        ax.plot(np.full(len(losses), power), losses, "o", c=VERMILION, mfc="none")
    ax.plot(powers, means, c=VERMILION, label="loss")
    gone = [power for power, mean in zip(powers, means, strict=True) if not np.isfinite(mean)]
    ax.plot(gone, [3.0] * len(gone), "X", c=VERMILION, ms=10, label="loss of NaN")
    exact = float(results.fixed[None].losses.mean())
    ax.axhline(exact, c=BLACK, lw=1.0, ls=LINES[3], label="control: float32, no scale")
    ax.set(yscale="log", xlabel="log₂ of the scale S", ylim=(exact / 2.0, 10.0))
    ax.set(ylabel="loss after learning", title="a scale that stays")
    share = ax.twinx()
    zeros = [float(results.fixed[power].zeros.mean()) for power in powers]
    label = "share of zeros (right axis)"
    share.plot(powers, zeros, "s--", c=BLUE, mfc="white", label=label)
    share.set(ylabel="share of gradients of weights that are 0", ylim=(-0.05, 1.05))
    share.set_xlabel(ax.get_xlabel())
    share.grid(False)
    share.spines["right"].set_visible(True)
    lines = [*ax.get_legend_handles_labels()[0], *share.get_legend_handles_labels()[0]]
    ax.legend(handles=lines, loc="upper center")
