"""A deep convolutional network learns images if it is residual; its plain twin hardly does.

The tutorial says: "A residual neural network (ResNet) utilize skip connections or shortcuts to skip
over some layers. The ResNets are typically implemented with double or three-layer skips, which
contains nonlinearities (ReLU) and batch normalization in between. These skip connections helps the
model training process to avoid the VG problem".

Theory predicts: a plain network could do what a shallower one does, with layers that pass on what
they are given, and still it learns worse, even the images that it learns from: degradation. The
deep residual network learns them, with the same weights. Batch norm makes the error dL/dz grow
towards the input, by sqrt(pi / (pi - 1)) a layer in wide networks of linear layers.

Where they disagree: in the plain network no gradient vanishes, it explodes.

Experiment: images of 8 by 8 pixels go through a convolution to 8 channels, two stages of blocks of
two convolutions, the second with 4 by 4 pixels and 16 channels, and the mean over pixels, with
batch norm and ReLU behind each convolution: 10 or 34 layers with weights. A skip takes every other
pixel and adds channels of zeros where the stage changes, so that the residual network and its plain
twin have the same weights, and start from the same. They learn in 200 steps of SGD at 0.05 with
momentum 0.9, in batches of 32, at a tenth of the rate in the last quarter. Errors on digits that
are learned, 360 of them, are by their own statistics. The controls are the residual networks.

Sources: He et al. 2016, section 4.2 and figures 1 and 6, the same with three stages on CIFAR-10, to
which it owes its blocks and its skips (option A); Yang et al. 2019 for the growth; Alpaydin &
Kaynak 1998 for the digits.

Command: ``python -m demos convolutional_resnet``; about twenty seconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from minigrad import autograd, nn, optim, tensor
from minigrad.nn import functional as F, init

from .claims import Claim, geometric_mean, with_error
from .digits import CLASSES, Part, split
from .learning import learning, share_wrong
from .pictures import Picture
from .protocol import Each
from .shares import together
from .style import BLACK, BLUE, LINES, VERMILION

SIDE, CHANNELS = 8, 8  # pixels, of the first stage
IMAGE = (1, SIDE, SIDE)
RATE, MOMENTUM, SLOWER, SLOW_FROM = 0.05, 0.9, 0.1, 0.75  # the rate falls after that part of steps
STEPS, QUICK_STEPS, EVERY = 200, 50, 10
NETS, QUICK_NETS = 3, 2
BATCH, SEEN, MEASURED = 32, 360, 64  # digits: in a step, looked at, and for dL/dz
BLOCKS, QUICK_BLOCKS = (2, 8), (2, 5)  # in a stage
PLAIN, RESIDUAL = "plain", "residual"
WORSE = 0.1  # of digits told wrong
LEARNED, QUICK_LEARNED = 0.05, 0.25  # the same
GROWTH = math.sqrt(math.pi / (math.pi - 1.0))  # a layer
GROWTHS = (1.1, 1.3)
CALM = 1.1  # a layer


class Unit(NamedTuple):
    """One network that learns: what can be done in a process of its own."""

    kind: str
    blocks: int  # in a stage
    steps: int
    seed: tuple[int, int]


class Learned(NamedTuple):
    """Of one network, or, with an axis before, of many."""

    errors: np.ndarray  # (blocks,): the norm of dL/dz at the start
    wrong: np.ndarray  # (measurements,): the share of digits that are learned
    test_wrong: np.ndarray  # and of digits that are not, in the end


@dataclass(frozen=True)
class Results:
    """By kind and number of blocks in a stage."""

    learned: dict[tuple[str, int], Learned]


class Shortcut(nn.Module):
    """Every other pixel, and as many channels of zeros: ``(N, C, 2 h, 2 w) -> (N, 2 C, h, w)``."""

    def forward(self, x: Any) -> Any:
        """He et al. 2016, section 3.3, option A."""
        return np.pad(x[:, :, ::2, ::2], ((0, 0), (0, x.shape[1]), (0, 0), (0, 0)))


BEHIND = -3  # modules behind the blocks; one is before them


def network(kind: str, blocks: int, draw: np.random.Generator) -> nn.Sequential:
    """A convolution with what is behind it, two stages of blocks, and the layer of classes."""

    def convolution(channels: int, wanted: int, stride: int = 1) -> list[nn.Module]:
        layer = nn.Conv2d(channels, wanted, 3, stride, padding=1, bias=False, generator=draw)
        init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=draw)
        return [layer, nn.BatchNorm2d(wanted)]

    def block(channels: int, wanted: int) -> nn.Module:
        is_first = channels != wanted  # of a stage, after another
        first = convolution(channels, wanted, 2 if is_first else 1)
        branch = nn.Sequential(*first, nn.ReLU(), *convolution(wanted, wanted))
        shortcut = Shortcut() if is_first else None
        return nn.Residual(branch, shortcut) if kind == RESIDUAL else branch

    widths = [CHANNELS] * (blocks + 1) + [2 * CHANNELS] * blocks
    stages = [nn.Sequential(block(*pair), nn.ReLU()) for pair in pairwise(widths)]
    return nn.Sequential(
        nn.Sequential(*convolution(1, CHANNELS), nn.ReLU()),
        *stages,
        nn.AvgPool2d(SIDE // 2),
        nn.Flatten(),
        nn.Linear(2 * CHANNELS, CLASSES, generator=draw),
    )


def layers(blocks: int) -> int:
    """With weights."""
    return 4 * blocks + 2


def run(seed: int, quick: bool = False, each: Each = map) -> Results:
    """Plain and residual, shallow and deep."""
    nets, steps = (QUICK_NETS, QUICK_STEPS) if quick else (NETS, STEPS)
    shallow, deep = QUICK_BLOCKS if quick else BLOCKS
    kinds = [(kind, blocks) for blocks in (deep, shallow) for kind in (PLAIN, RESIDUAL)]
    units = [Unit(*kind, steps, (seed, number)) for kind in kinds for number in range(nets)]
    found = iter(list(each(learn, units)))
    return Results({kind: together([next(found) for _ in range(nets)]) for kind in kinds})


def learn(unit: Unit) -> Learned:
    """Look at the error at the start, learn the digits, and test."""
    draw, (digits, others) = np.random.default_rng(unit.seed), split()
    model = network(unit.kind, unit.blocks, draw)
    errors = measure(model)
    optimizer = optim.SGD(model.parameters(), lr=RATE, momentum=MOMENTUM)
    slow_from = round(SLOW_FROM * unit.steps)
    scheduler = optim.lr_scheduler.MultiStepLR(optimizer, [slow_from], gamma=SLOWER)
    seen, wrong = Part(digits.images[:SEEN], digits.labels[:SEEN]), []
    steps = learning(model, optimizer, draw, unit.steps, BATCH, IMAGE)
    for step, _ in enumerate(steps, start=1):
        scheduler.step()
        if step % EVERY == 0:
            wrong.append(share_wrong(model, seen, IMAGE))
    model.eval()
    return Learned(errors, np.array(wrong), np.array(share_wrong(model, others, IMAGE)))


def measure(model: nn.Sequential) -> np.ndarray:
    """The norm of dL/dz at the output of each block."""
    digits, _ = split()
    x, outputs = tensor(digits.images[:MEASURED].reshape(-1, *IMAGE)), []
    for module in model:
        x = module(x)
        outputs.append(x)
    loss = F.cross_entropy(x, digits.labels[:MEASURED])
    errors = autograd.grad(loss, outputs[1:BEHIND])
    return np.array([np.linalg.norm(np.asarray(error)) for error in errors])


def growth(learned: Learned) -> np.ndarray:
    """Of the error towards the input, a layer, of each network."""
    layers_between = 2 * (learned.errors.shape[1] - 1)
    return np.asarray((learned.errors[:, 0] / learned.errors[:, -1]) ** (1.0 / layers_between))


def claims(results: Results, quick: bool = False) -> list[Claim]:
    """The table's lines."""
    (_, deep), *_, (_, shallow) = results.learned
    learned = QUICK_LEARNED if quick else LEARNED
    note = f" (quick: {QUICK_STEPS} steps)" if quick else ""
    plain, residual = (results.learned[kind, deep] for kind in (PLAIN, RESIDUAL))
    return [
        *_degradation_claims(results, shallow, deep),
        Claim(
            f"residual, {layers(deep)} layers: fewer than {learned:.0%} of the digits that are "
            f"learned are told wrong, in every network{note}",
            "it learns",
            _percent(residual.wrong[:, -1]),
            bool(residual.wrong[:, -1].max() < learned),
            is_control=True,
        ),
        Claim(
            f"plain, {layers(deep)} layers: more than {WORSE:.0%} more of the digits not learned "
            "are told wrong than by the residual twin, of every pair",
            "more on CIFAR-10 too (He et al. 2016, table 2)",
            f"{_percent(plain.test_wrong)} against {_percent(residual.test_wrong)}",
            bool((plain.test_wrong - residual.test_wrong).min() > WORSE),
        ),
        *_growth_claims(plain, residual, deep),
    ]


def _degradation_claims(results: Results, shallow: int, deep: int) -> Iterator[Claim]:
    found = {
        (kind, blocks): results.learned[kind, blocks].wrong[:, -1]
        for kind in (PLAIN, RESIDUAL)
        for blocks in (shallow, deep)
    }
    more = found[PLAIN, deep] - found[PLAIN, shallow]
    yield Claim(
        f"plain, {layers(deep)} layers: more than {WORSE:.0%} more of the digits that are learned "
        f"are told wrong than with {layers(shallow)}, in every network",
        "more on CIFAR-10 too (He et al. 2016, figure 1)",
        f"{_percent(found[PLAIN, deep])} against {_percent(found[PLAIN, shallow])}",
        bool(more.min() > WORSE),
    )
    more = found[RESIDUAL, deep] - found[RESIDUAL, shallow]
    yield Claim(
        f"residual, {layers(deep)} layers: not so, no network by more than {WORSE:.0%}",
        "no degradation (He et al. 2016, figure 6)",
        f"{_percent(found[RESIDUAL, deep])} against {_percent(found[RESIDUAL, shallow])}",
        bool(more.max() < WORSE),
        is_control=True,
    )


def _percent(shares: np.ndarray) -> str:
    return f"{shares.min():.1%} to {shares.max():.1%}"


def _growth_claims(plain: Learned, residual: Learned, blocks: int) -> Iterator[Claim]:
    found = growth(plain)
    yield Claim(
        f"plain, {layers(blocks)} layers: at the start the error grows towards the input, by "
        f"{GROWTHS[0]} to {GROWTHS[1]} a layer; it does not vanish",
        f"{GROWTH:.4f}, sqrt(π / (π - 1)), in wide linear layers",
        with_error(found, 3),
        bool(GROWTHS[0] < found.mean() < GROWTHS[1]),
    )
    found = growth(residual)
    yield Claim(
        f"residual, {layers(blocks)} layers: it grows by less than {CALM} a layer",
        "a slow growth (Yang et al. 2019)",
        with_error(found, 3),
        bool(found.mean() < CALM),
        is_control=True,
    )


LOOKS = {PLAIN: (VERMILION, "o"), RESIDUAL: (BLUE, "^")}


def figures(results: Results) -> dict[str, Picture]:
    """What networks learn, and the error by block."""
    (_, deep), *_, (_, shallow) = results.learned
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    for (kind, blocks), learned in results.learned.items():
        colour, marker = LOOKS[kind]
        for number, course in enumerate(100.0 * learned.wrong):
            label = "" if number else f"{kind}, {layers(blocks)} layers"
            line = LINES[0] if blocks == deep else LINES[1]
            left.plot(EVERY * np.arange(1, len(course) + 1), course, c=colour, ls=line, lw=1.3,
                      label=label, marker=marker, ms=3)  # fmt: skip
        if blocks == deep:
            relative = geometric_mean(learned.errors / learned.errors[:, -1:], axis=0)
            numbers = np.arange(1, len(relative) + 1)
            right.plot(numbers, relative, marker, c=colour, mfc="white", label=kind)
    right.plot(numbers, GROWTH ** (2.0 * (numbers[-1] - numbers)), c=BLACK, lw=1.0,
               label="predicted for plain: √(π / (π - 1)) a layer")  # fmt: skip
    left.set(xlabel="step", ylim=(0.0, 100.0), title="learning")
    left.set_ylabel("training digits told wrong (%), each network")
    left.legend(loc="upper right")
    right.axvline(deep + 0.5, ymax=0.75, c=BLACK, lw=0.8, ls=LINES[3])
    right.text(deep + 0.4, 1.0, "8 × 8 pixels", ha="right")
    right.text(deep + 0.6, 30.0, "4 × 4 pixels")
    right.set(yscale="log", xlabel="block, from the input")
    right.set_ylabel("error ‖dL/dz‖ over that at the last block")
    right.set_title(f"at the start, {layers(deep)} layers")
    right.legend(loc="upper right")
    wrong = {kind: results.learned[kind, deep].wrong[:, -1].mean() for kind in LOOKS}
    return {
        "resnet_and_its_twin": Picture(
            figure,
            "Left: the share of training digits told wrong, by step. With "
            f"{layers(deep)} layers the plain network falls slowly, to {wrong[PLAIN]:.0%}, and its "
            f"residual twin at once, to {wrong[RESIDUAL]:.1%}; with {layers(shallow)} both do. "
            "Right: the error by block at the start, on a logarithmic axis; in the plain network "
            "it grows towards the input, less steeply than predicted, in the residual one little.",
        )
    }
