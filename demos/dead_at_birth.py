"""A narrow, deep ReLU network is born dead, with the predicted probability.

The tutorial says: ReLU "faces the problem of dying ReLUs, which means some neurons stop generating
anything other than zeroes. This problem can be resolved by using Leaky ReLU instead".

Theory predicts: a layer of N units is silent for an input with probability 2^-N, if weights are
symmetric and there are no biases; a network of L layers is dead for it from birth with probability
``1 - (1 - 2^-N)^L``. For inputs on both sides of 0 that is a bound, with L - 1 for L, as a unit of
the first layer answers one side or the other; for two layers it is
``(1 - 2^(1-N)) 4^-N + 2^(1-2N)``.

Experiment: networks of one input at birth, their weights normal: dead if the last layer is silent,
and if the gradient by the input is zero, which must be the same. The control has a leak.

Sources: Lu et al. 2020 for the bound, Rister & Rubin 2020 for one input; the law for two layers is
derived here: the first layer answers one side with k units and the other with N - k, and the second
is silent for both with probability 4^-N, or 2^-N if all units answer the same side.

Command: ``python -m demos dead_at_birth``; about three seconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from minigrad import autograd, tensor
from minigrad.nn import functional as F

from .claims import Claim
from .pictures import Picture
from .protocol import Each
from .style import BLACK, BLUE, GREEN, LINES, MARKERS, ORANGE, SKY, VERMILION

WIDTHS, DEPTHS = (1, 2, 3, 4, 8), (1, 2, 5, 10, 20, 50)
BORN, QUICK_BORN, AT_ONCE = 20_000, 4_000, 2_000  # networks of each width; in memory
BOTH_SIDES = np.array([[1.0], [-1.0]])
FOUR_SIGMA = 6.3e-5  # the probability of being further off, on both sides
NO_LEAK, LEAK = 0.0, 0.01
LEAKY_WIDTH, LEAKY_BORN = 2, 4_000


class Birth(NamedTuple):
    """Networks of one width: what can be done in a process of its own."""

    width: int
    leak: float
    nets: int
    seed: int


class Born(NamedTuple):
    """How many are dead, by depth: for one input, for both sides of 0; and the gradient's word."""

    to_one: np.ndarray  # (DEPTHS,)
    to_both: np.ndarray
    no_gradient: int  # of the deepest: networks whose gradient by the one input is zero
    contradictions: int  # those that answer and have no gradient, or the reverse


@dataclass(frozen=True)
class Results:
    """What became of the networks."""

    nets: int  # that were born, of each width
    born: dict[int, Born]  # by width
    leaky: Born


def run(seed: int, quick: bool = False, each: Each = map) -> Results:
    """Births of every width, and of the control."""
    nets = QUICK_BORN if quick else BORN
    births = [Birth(width, NO_LEAK, nets, seed) for width in WIDTHS]
    *born, leaky = each(give_birth, [*births, Birth(LEAKY_WIDTH, LEAK, LEAKY_BORN, seed)])
    return Results(nets, dict(zip(WIDTHS, born, strict=True)), leaky)


def give_birth(birth: Birth) -> Born:
    """Count the dead, some thousand networks at a time."""
    draw = np.random.default_rng([birth.seed, birth.width])
    counts = [_some_born(birth, draw) for _ in range(birth.nets // AT_ONCE)]
    return Born(
        to_one=np.sum([one.to_one for one in counts], axis=0),
        to_both=np.sum([one.to_both for one in counts], axis=0),
        no_gradient=sum(one.no_gradient for one in counts),
        contradictions=sum(one.contradictions for one in counts),
    )


def _some_born(birth: Birth, draw: np.random.Generator) -> Born:
    to_one, to_both = [], []
    inputs = np.broadcast_to(BOTH_SIDES, (AT_ONCE, 2, 1))
    x = h = tensor(inputs.copy(), requires_grad=True)
    for layer in range(1, DEPTHS[-1] + 1):
        shape = (AT_ONCE, h.shape[-1], birth.width)
        z = h @ (draw.standard_normal(shape) * math.sqrt(2.0 / shape[1]))
        h = F.leaky_relu(z, birth.leak) if birth.leak else F.relu(z)
        if layer in DEPTHS:
            silent = (h.detach().numpy() == 0.0).all(axis=-1)
            to_one.append(silent[:, 0].sum())
            to_both.append(silent.all(axis=-1).sum())
    (gradient,) = autograd.grad(h.sum(), [x])
    nothing = np.asarray(gradient)[..., 0] == 0.0
    contradictions = int((nothing != silent).sum())
    return Born(np.array(to_one), np.array(to_both), int(nothing[:, 0].sum()), contradictions)


def dead_to_one(width: int, depth: float) -> float:
    """The probability of being dead for one input."""
    return float(1.0 - (1.0 - 0.5**width) ** depth)


def dead_to_both_after_two(width: int) -> float:
    """The probability that two layers are dead for both sides of 0."""
    return (1.0 - 2.0 ** (1 - width)) * 4.0**-width + 2.0 ** (1 - 2 * width)


def tails(count: int, of: int, p: float) -> tuple[float, float]:
    """The probabilities of at most, and of at least, so many, each happening with p."""
    if p in (0.0, 1.0):
        return float(count >= of * p), float(count <= of * p)
    number = np.arange(of + 1)
    factorials = np.concatenate([[0.0], np.cumsum(np.log(number[1:]))])
    ways = factorials[-1] - factorials - factorials[::-1]
    chance = np.exp(ways + number * math.log(p) + (of - number) * math.log1p(-p))
    return float(chance[: count + 1].sum()), float(chance[count:].sum())


def claims(results: Results, quick: bool = False) -> list[Claim]:
    """The table's lines."""
    return [*_law_claims(results), *_gradient_claims(results)]


def _law_claims(results: Results) -> Iterator[Claim]:
    cells = [(width, place) for width in WIDTHS for place in range(len(DEPTHS))]
    born, of = results.born, results.nets

    def law(width: int, place: int) -> float:
        return min(tails(born[width].to_one[place], of, dead_to_one(width, DEPTHS[place])))

    def law_for_two(width: int) -> float:
        dead = born[width].to_both[DEPTHS.index(2)]
        return min(tails(dead, of, dead_to_both_after_two(width)))

    def bound(width: int, place: int) -> float:
        return tails(born[width].to_both[place], of, dead_to_one(width, DEPTHS[place] - 1))[1]

    for text, expected, chances in (
        (
            f"as many networks are born dead as predicted, in {len(cells)} cells of {of} networks "
            f"of width {WIDTHS[0]} to {WIDTHS[-1]} and depth {DEPTHS[0]} to {DEPTHS[-1]}",
            "1 - (1 - 2^-N)^L (Rister & Rubin)",
            [2.0 * law(*cell) for cell in cells],
        ),
        (
            f"for both sides of 0, as many of depth 2 as predicted, at {len(WIDTHS)} widths",
            "(1 - 2^(1-N)) 4^-N + 2^(1-2N) (derived here)",
            [2.0 * law_for_two(width) for width in WIDTHS],
        ),
        (
            "for both sides of 0, not more than the bound, in any of the cells",
            "at most 1 - (1 - 2^-N)^(L-1) (Lu et al.)",
            [2.0 * bound(*cell) for cell in cells],
        ),
    ):
        least = min(*chances, 1.0)
        yield Claim(
            f"{text}, within 4 sigma",
            expected,
            f"the cell that is furthest off has a probability of {least:.2g}",
            least > FOUR_SIGMA,
        )


def _gradient_claims(results: Results) -> list[Claim]:
    contradictions = sum(one.contradictions for one in results.born.values())
    silent = dead_to_one(LEAKY_WIDTH, DEPTHS[-1])
    return [
        Claim(
            f"a network of depth {DEPTHS[-1]} is dead exactly where its gradient by the input is 0",
            "no network is an exception",
            f"{contradictions} of {2 * results.nets * len(WIDTHS)}",
            contradictions == 0,
        ),
        Claim(
            f"with a leak of {LEAK} no network of width {LEAKY_WIDTH} and depth {DEPTHS[-1]} has a "
            "gradient of 0",
            f"0 of {LEAKY_BORN}; of ReLU's, all but {1.0 - silent:.1e}",
            f"{results.leaky.no_gradient} of {LEAKY_BORN}",
            results.leaky.no_gradient == 0,
            is_control=True,
        ),
    ]


def figures(results: Results) -> dict[str, Picture]:
    """The share of the dead by depth, for one input and for both sides of 0."""
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    depths, of = np.array(DEPTHS), results.nets
    line = np.geomspace(DEPTHS[0], DEPTHS[-1], 60)
    colours = (BLACK, VERMILION, BLUE, GREEN, ORANGE)
    for width, colour, marker in zip(WIDTHS, colours, MARKERS, strict=False):
        born = results.born[width]
        left.plot(line, [dead_to_one(width, d) for d in line], c=colour, lw=1.2)
        left.plot(depths, born.to_one / of, marker, c=colour, mfc="none", label=f"width {width}")
        right.plot(line, [dead_to_one(width, d - 1.0) for d in line], c=colour, lw=1.2, ls=LINES[1])
        right.plot(depths, born.to_both / of, marker, c=colour, mfc="none", label=f"width {width}")
    control = results.leaky.to_one / LEAKY_BORN
    left.plot(depths, control, "P", c=SKY, label=f"control: leaky, width {LEAKY_WIDTH}")
    left.set(title="dead for one input; lines 1 − (1 − 2⁻ᴺ)ᴸ, predicted", ylabel="share born dead")
    right.set_title("dead for both sides of 0; lines: bound")
    for ax in left, right:
        ax.set(xscale="log", xlabel="layers", ylim=(-0.03, 1.03), xticks=depths)
        ax.set_xticklabels([str(depth) for depth in depths])
        ax.minorticks_off()
    figure.legend(*left.get_legend_handles_labels(), loc="outside right center")
    picture = Picture(
        figure,
        f"The share of networks that are born dead by depth, for widths from {WIDTHS[0]} to "
        f"{WIDTHS[-1]}. Left, for one input: it rises with depth along the predicted curves, for "
        f"{DEPTHS[-1]} layers to {results.born[8].to_one[-1] / of:.2f} at width 8 and "
        f"{results.born[2].to_one[-1] / of:.2f} at width 2; for the leaky control it is 0. Right, "
        "for both sides of 0: the symbols lie on or below the bound.",
    )
    return {"born_dead": picture}
