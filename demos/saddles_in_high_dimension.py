"""In many dimensions almost all critical points are saddles, and the minima lie low.

The tutorial says: "A local minimum is a point that is the minimum of all dimensions, and this is
very rare in deep learning algorithms. This is the magic behind the huge success of deep learning
algorithms: high-dimensionality and complexity."

Theory predicts: a large symmetric matrix with normal entries has no negative eigenvalue with a
probability of about ``exp(-N^2 ln(3) / 4)``, as eigenvalues repel each other. At the critical
points of a random landscape of height f the Hessian is such a matrix minus f, and by the formula of
Kac and Rice each counts with ``|det H|``. The share of directions that lead down is then that of
the semicircle below ``e = f / sqrt(N)``: one half at e = 0, with a slope of 1/pi, and none below
e = -2.

Where they disagree: that all dimensions must agree would make 2^-N of critical points minima. At
middle height they are far rarer than that. But rarity is a matter of height and not of dimensions
alone: deep down almost all critical points are minima, so that over all heights there are about as
many as 2^-N after all, of up to six dimensions. And descent, which goes down, does end in minima,
however rare they are (see ``saddles_of_a_network``).

Experiment: random matrices, grown by a row and a column at a time from those that had no negative
eigenvalue, which are copied to make up for the others, so that even N = 8 can be counted; random
matrices minus a random height, weighted by Kac and Rice; and critical points of sums of 2000 random
waves, with gradients and Hessians by minigrad, from random starts, and from starts that were moved
down or up first. The controls: independent signs, and a landscape of three dimensions.

Sources: Dean & Majumdar 2006 for the ln(3)/4; Bray & Dean 2007 for index and height; Dauphin et al.
2014, who found the same in networks. Exact for N up to 3: integrals of the normal density.

Command: ``python -m demos saddles_in_high_dimension``; about ten seconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .claims import Claim, mean_and_error
from .landscape import Heights, Search, joined, search
from .pictures import Picture
from .protocol import Each
from .random_matrices import Draw, definite, semicircle_below, weight_by_index
from .style import BLACK, BLUE, GREEN, LINES, MARKERS, VERMILION

SIZES, QUICK_SIZES = 8, 6  # of matrices without a negative eigenvalue: up to this
CHAINS, QUICK_CHAINS = 20, 6  # repetitions, to know the error
COPIES, QUICK_COPIES = 50_000, 10_000  # matrices in each
EXACT = (1 / 2, (2 - math.sqrt(2)) / 4, (math.pi - 2 * math.sqrt(2)) / (4 * math.pi))
EXPONENT = -math.log(3.0) / 4.0  # of N^2, by Dean & Majumdar
NEAR_EXPONENT, QUICK_NEAR_EXPONENT = 0.015, 0.045
RARER, RARER_AT = 50, 5  # than independent signs: by that, at that size

LANDSCAPES, QUICK_LANDSCAPES = 6, 4  # dimensions by Kac and Rice: up to this
DRAWS, QUICK_DRAWS = 100_000, 25_000  # of matrices, in each repetition
SHARES = {1: 0.5, 2: 0.25}  # of minima: between maxima, and as many as saddles with them
NEAR_SHARE, QUICK_NEAR_SHARE = 0.01, 0.03
GROWTH = 1.7  # at least, of saddles for each minimum, from one dimension to the next
MORE_OFTEN, QUICK_MORE_OFTEN = 1000, 10  # minima over all heights than at height 0, at least

WAVES, QUICK_WAVES = 2000, 1000
HIGH, LOW = 20, 3  # dimensions of the landscapes that are searched
STARTS = {HIGH: 50, LOW: 100}  # in each search
SEARCHES, QUICK_SEARCHES = 2, 1  # from random starts, and as many from starts that are moved first
ROUNDS, QUICK_ROUNDS = 35, 25
CORRELATION, DEVIATION = 0.9, 0.05  # of index and height: at least, and from the semicircle at most
SLOPE = 0.27, 0.37
SOME = 0.05  # of critical points are minima in three dimensions, at least


@dataclass(frozen=True)
class Results:
    """Of matrices, of weighted matrices, and of landscapes."""

    probability: np.ndarray  # (chains, sizes): of no negative eigenvalue, from N = 1 on
    by_index: dict[int, np.ndarray]  # by dimensions: (chains, N + 1), the weight of each index
    unmoved: dict[int, Heights]  # by dimensions: what was found from random starts
    moved: dict[int, Heights]  # and from starts that were moved down or up first


def run(seed: int, quick: bool = False, each: Each = map) -> Results:
    """Grow matrices, weight matrices, and search landscapes."""
    numbers = range(QUICK_CHAINS if quick else CHAINS)
    size, copies = (QUICK_SIZES, QUICK_COPIES) if quick else (SIZES, COPIES)
    grown = each(definite, [Draw(size, copies, (seed, 1, number)) for number in numbers])
    probability = np.array(list(grown))
    dimensions = range(1, (QUICK_LANDSCAPES if quick else LANDSCAPES) + 1)
    draws = QUICK_DRAWS if quick else DRAWS
    units = [Draw(n, draws, (seed, 2, n, number)) for n in dimensions for number in numbers]
    weights = iter(each(weight_by_index, units))
    by_index = {n: np.array([next(weights) for _ in numbers]) for n in dimensions}
    waves, rounds = (QUICK_WAVES, QUICK_ROUNDS) if quick else (WAVES, ROUNDS)
    blocks = range(QUICK_SEARCHES if quick else SEARCHES)
    kinds = [(n, moved) for moved in (False, True) for n in (HIGH, LOW)]
    searches = [
        Search(n, waves, STARTS[n], rounds, moved, seed, block)
        for n, moved in kinds
        for block in blocks
    ]
    found = iter(each(search, searches))
    heights = {kind: joined([next(found) for _ in blocks]) for kind in kinds}
    return Results(
        probability,
        by_index,
        unmoved={n: heights[n, False] for n in (HIGH, LOW)},
        moved={n: heights[n, True] for n in (HIGH, LOW)},
    )


def exponents(probability: np.ndarray) -> np.ndarray:
    """The coefficient of N^2 in ln P, of each chain, by a parabola through all sizes."""
    sizes = np.arange(1, probability.shape[1] + 1)
    return np.asarray(np.polyfit(sizes, np.log(probability).T, 2)[0])


def minima(by_index: np.ndarray) -> tuple[float, float]:
    """The share of critical points that are minima, and its standard error."""
    share = float(by_index[:, 0].sum() / by_index.sum())
    rest = by_index[:, 0] - share * by_index.sum(axis=1)
    return share, mean_and_error(rest)[1] / float(by_index.sum(axis=1).mean())


def saddles_for_each_minimum(results: Results) -> dict[int, float]:
    """By dimensions."""
    sums = {n: weights.sum(axis=0) for n, weights in results.by_index.items()}
    return {n: float(weights[1:-1].sum() / weights[0]) for n, weights in sums.items()}


def at_all_heights(results: Results, dimensions: int) -> Heights:
    """What was found from both kinds of starts."""
    return joined([results.unmoved[dimensions], results.moved[dimensions]])


def claims(results: Results, quick: bool = False) -> list[Claim]:
    """The table's lines."""
    return [
        *_exact_claims(results),
        _exponent_claim(results, quick),
        _signs_claim(results),
        *_share_claims(results, quick),
        _growth_claim(results),
        _more_often_claim(results, quick),
        *_height_claims(results),
        *_minima_claims(results),
    ]


def _exact_claims(results: Results) -> Iterator[Claim]:
    for n, exact in enumerate(EXACT, 1):
        mean, error = mean_and_error(results.probability[:, n - 1])
        yield Claim(
            f"a random {n} × {n} matrix has no negative eigenvalue as often as computed, to 4 s.e.",
            f"{exact:.5f} (exact)",
            f"{mean:.5f} ± {error:.5f}",
            abs(mean - exact) < 4.0 * error,
        )


def _exponent_claim(results: Results, quick: bool) -> Claim:
    mean, error = mean_and_error(exponents(results.probability))
    near = QUICK_NEAR_EXPONENT if quick else NEAR_EXPONENT
    return Claim(
        f"up to N = {results.probability.shape[1]} its logarithm falls with N² as predicted, to "
        f"{near}{' (quick: widened)' if quick else ''}",
        f"{EXPONENT:.4f} N² (−ln(3)/4, Dean & Majumdar 2006)",
        f"{mean:.4f} ± {error:.4f}",
        abs(mean - EXPONENT) < near,
    )


def _signs_claim(results: Results) -> Claim:
    mean, error = mean_and_error(results.probability[:, RARER_AT - 1])
    signs = 2.0**-RARER_AT
    return Claim(
        f"independent signs do not explain it: at N = {RARER_AT} it is more than {RARER} times "
        "rarer than they make it",
        f"below {signs / RARER:.2e}, as signs make it {signs:.4f}",
        f"{mean:.2e} ± {error:.0e}",
        mean < signs / RARER,
        is_control=True,
    )


def _share_claims(results: Results, quick: bool) -> Iterator[Claim]:
    near = QUICK_NEAR_SHARE if quick else NEAR_SHARE
    for n, wanted in SHARES.items():
        share, error = minima(results.by_index[n])
        yield Claim(
            f"of the critical points of a random landscape in {n}-D, that share are minima, to "
            f"{near:.0%} of it{' (quick: widened)' if quick else ''}",
            f"{wanted} (topology)",
            f"{share:.4f} ± {error:.4f}",
            abs(share / wanted - 1.0) < near,
        )


def _growth_claim(results: Results) -> Claim:
    counts = saddles_for_each_minimum(results)
    errors = {n: np.divide(*minima(weights)[::-1]) for n, weights in results.by_index.items()}
    growth = {n: counts[n] / counts[n - 1] for n in counts if n > LOW}
    each = (f"{g:.2f} ± {g * math.hypot(errors[n], errors[n - 1]):.2f}" for n, g in growth.items())
    return Claim(
        f"from {LOW} dimensions on, each one more multiplies the saddles for every minimum by more "
        f"than {GROWTH}",
        f"more than {GROWTH} (Kac & Rice)",
        f"× {', '.join(each)}, from {counts[LOW]:.1f} to {counts[max(counts)]:.1f}",
        min(growth.values()) > GROWTH,
    )


def _more_often_claim(results: Results, quick: bool) -> Claim:
    n = max(results.by_index)
    share, at_zero = minima(results.by_index[n])[0], float(results.probability[:, n - 1].mean())
    least = QUICK_MORE_OFTEN if quick else MORE_OFTEN
    return Claim(
        f"over all heights of a landscape in {n}-D minima are not as rare as at height 0, but more "
        f"than {least} times as frequent, as they lie low",
        f"more than {least} times {at_zero:.1e}",
        f"{share:.4f}, {share / at_zero:.0f} times",
        share / at_zero > least,
    )


def _height_claims(results: Results) -> list[Claim]:
    e, share = at_all_heights(results, HIGH)
    correlation = float(np.corrcoef(e, share)[0, 1])
    low, high = (math.tanh(math.atanh(correlation) + z / math.sqrt(len(e) - 3)) for z in (-2, 2))
    deviation = float(np.sqrt(np.mean((share - semicircle_below(e)) ** 2)))
    (slope, _), covariance = np.polyfit(e, share, 1, cov=True)
    of_all = f"in a landscape of {HIGH} dimensions, over {len(e)} critical points"
    return [
        Claim(
            f"{of_all}, height and the share of directions down correlate by more than "
            f"{CORRELATION}",
            "near 1 (Bray & Dean 2007)",
            f"{correlation:.3f}, from {low:.3f} to {high:.3f} (2 s.e.)",
            correlation > CORRELATION,
        ),
        Claim(
            f"{of_all}, that share is the semicircle's below e, to {DEVIATION} (r.m.s.)",
            "0 apart in many dimensions (Bray & Dean 2007)",
            f"{deviation:.3f} apart",
            deviation < DEVIATION,
        ),
        Claim(
            f"{of_all}, it rises with e by {SLOPE[0]} to {SLOPE[1]}",
            f"{1.0 / math.pi:.3f} at e = 0 (1/π)",
            f"{slope:.3f} ± {math.sqrt(covariance[0, 0]):.3f}",
            bool(SLOPE[0] < slope < SLOPE[1]),
        ),
    ]


def _minima_claims(results: Results) -> Iterator[Claim]:
    low, most = minima(results.by_index[LOW])[0], max(results.by_index)
    high = minima(results.by_index[most])[0] / 2.0 ** (HIGH - most)
    for n, text, wanted, least, greatest in (
        (HIGH, "none is a minimum", f"{high:.0e} of all (half as many a dimension)", 0.0, 0.0),
        (LOW, f"more than {SOME:.0%} are minima", f"{low:.0%} of all (Kac & Rice)", SOME, 1.0),
    ):
        share = results.unmoved[n].share
        count = int((share == 0.0).sum())
        yield Claim(
            f"of the critical points found from random starts in {n} dimensions, {text}",
            wanted,
            f"{count} of {len(share)}",
            least <= count / len(share) <= greatest,
            is_control=n == LOW,
        )


def figures(results: Results) -> dict[str, Picture]:
    """How rare minima are by dimension, and the share of directions down by height."""
    return {"rarity_of_minima": _rarity(results), "index_by_height": _index_by_height(results)}


def _rarity(results: Results) -> Picture:
    figure = Figure(figsize=(11, 5.0), layout="constrained")
    left, right = figure.subplots(1, 2)
    sizes = np.arange(1, results.probability.shape[1] + 1)
    mean = results.probability.mean(axis=0)
    line = np.exp(EXPONENT * (sizes**2 - sizes[-1] ** 2)) * mean[-1]
    left.plot(sizes**2, 2.0**-sizes, c=GREEN, ls=LINES[1], label="control: independent signs, 2⁻ᴺ")
    left.plot(sizes**2, mean, "o", c=BLUE, mfc="white", label="measured")
    left.plot(sizes**2, line, c=BLACK, lw=1.2, label="slope −ln(3)/4, predicted")
    left.set(yscale="log", xlabel="N², of N × N matrices", xticks=sizes[1:] ** 2)
    left.set(ylabel="probability of no negative eigenvalue", title="at middle height")
    left.legend(loc="lower left")
    dimensions = np.array(list(results.by_index))
    shares = np.array([minima(weights) for weights in results.by_index.values()])
    right.plot(dimensions, 2.0**-dimensions, c=GREEN, ls=LINES[1], label="2⁻ᴺ")
    right.errorbar(
        dimensions,
        shares[:, 0],
        2.0 * shares[:, 1],
        fmt="s",
        c=VERMILION,
        mfc="white",
        capsize=3,
        label="over all heights (± 2 s.e.)",
    )
    right.plot(dimensions, mean[: len(dimensions)], "o", c=BLUE, mfc="white", label="at height 0")
    right.set(yscale="log", xlabel="dimensions of the landscape, N", xticks=dimensions)
    right.set(ylabel="share of critical points that are minima", title="over all heights")
    right.legend(loc="lower left")
    return Picture(
        figure,
        "Two panels with logarithmic axes. Left: the probability that a random matrix has no "
        f"negative eigenvalue falls on a straight line over N squared, to {mean[-1]:.0e} at N = "
        f"{sizes[-1]}, with the predicted slope, far below that of independent signs. Right: over "
        f"all heights the share of minima is about 2⁻ᴺ, and {shares[-1, 0]:.3f} at N = "
        f"{dimensions[-1]}.",
    )


def _index_by_height(results: Results) -> Picture:
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    axes[0].set_ylabel("share of directions that lead down")
    for ax, n, title in (
        (axes[0], HIGH, f"{HIGH} dimensions"),
        (axes[1], LOW, f"control: {LOW} dimensions"),
    ):
        _scatter(ax, results, n)
        ax.set(title=title, xlabel="height over √N, e", xlim=(-3.0, 3.0), ylim=(-0.06, 1.45))
        ax.set_yticks(np.linspace(0.0, 1.0, 6))
        ax.legend(loc="upper left")
    found = at_all_heights(results, HIGH)
    return Picture(
        figure,
        "The share of directions that lead down by the height of critical points. Left, in "
        f"{HIGH} dimensions, {len(found.share)} points lie close to the rising curve of the "
        f"semicircle, from {found.share.min():.2f} at the lowest to {found.share.max():.2f} at the "
        f"highest. Right, in {LOW} dimensions, they scatter far from it, and many are minima.",
    )


def _scatter(ax: Axes, results: Results, n: int) -> None:
    line = np.linspace(-3.0, 3.0, 200)
    ax.plot(line, semicircle_below(line), c=BLACK, lw=1.2, label="semicircle below e, predicted")
    for heights, name, marker, colour in (
        (results.moved[n], "starts moved down or up", MARKERS[1], VERMILION),
        (results.unmoved[n], "random starts", MARKERS[0], BLUE),
    ):
        label = f"{name}: {(heights.share == 0).sum()} of {len(heights.share)} are minima"
        ax.plot(heights.height, heights.share, marker, c=colour, mfc="none", label=label)
