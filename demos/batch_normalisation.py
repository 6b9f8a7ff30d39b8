"""Batch normalisation makes sigmoid networks learn from any start, faster, and deeper.

The tutorial says: "A layer in the network is added right before the activation layer to transform
all of the input data to a reasonable range of values and prevent them from being saturated by the
activation function", by "standardizing and normalizing the input from the previous layer".

Theory predicts: whatever the scale of the weights, the input of a sigmoid has mean 0 and deviation
1, so that neither signals nor errors fade with depth as they do from small weights. A network of 8
layers of sigmoids without it learns only how frequent the classes are, with a loss of ln 10 (see
the demo of training with depth).

Where they disagree: it does not hold inputs in a range. The layer has a scale and a shift that are
learned, and in the end inputs spread as far as without it, well beyond a deviation of 1; and from
small weights a network without it stands still although no unit is near saturation. Nor is it that
inputs keep their distribution while the layers before them learn, less "internal covariate shift",
as its inventors thought. They do keep it; but if every unit is scaled and shifted at random behind
the normalisation, in each step anew, so that its input wanders more than without any, the network
still learns faster than the one without (Santurkar et al. 2018).

Experiment: three layers of 100 sigmoids learn the digits by SGD in batches of 60, from small and
from Xavier's weights, at four settings with batch normalisation before each activation and without.
Accuracy on digits not learned, and the 15th, 50th and 85th percentile of the inputs of the last
hidden layer, are taken every 20 steps; accuracies in the end are means of the last five, for with
batch norm single ones fall now and then. Then 8 and 15 layers of 64. Networks of a pair start from
the same weights. The controls are networks without it, where three layers do learn and deep ones do
not, and one that is shaken.

Sources: Ioffe & Szegedy 2015, section 4.1 and figure 1, the same experiment on MNIST; Santurkar et
al. 2018, section 2, for shaken units; Alpaydin & Kaynak 1998 for the digits.

Command: ``python -m demos batch_normalisation``; about thirty seconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minigrad import nn, no_grad, optim, tensor

from .claims import Claim
from .digits import CLASSES, split
from .learning import learning, share_wrong
from .pictures import Picture
from .protocol import Each
from .shares import together
from .sigmoid_networks import NONE, NORM, SHAKEN, Setting, network
from .style import BLACK, BLUE, GREEN, LINES, VERMILION

STEPS, QUICK_STEPS, EVERY = 1500, 400, 20  # of SGD, and between measurements
BATCH = 60
NETS, QUICK_NETS = 3, 2
GOAL = 0.9  # of the digits not learned, told right
SOON = 200  # steps
CHANCE, LEARNED = 0.2, 0.95  # accuracies: no network above, every network above
TIMES = 3.0  # as many steps without batch norm as with it
PERCENTILES = (15, 50, 85)
WINDOW, END = 3, 5  # measurements: medians are smoothed over, and the accuracy in the end
HALF = 0.5  # of the wandering of inputs
NORMAL = 2.073  # from the 15th to the 85th percentile of a standard normal distribution
WIDER = 1.3  # times that
UNSATURATED = 1.0  # an input at most, where a sigmoid has four fifths of its steepest slope
LN_10 = math.log(CLASSES)
STUCK, RESCUED, QUICK_RESCUED = 2.25, 0.2, 0.4  # losses, above and below
LAST = 50  # batches, the mean of which is the loss in the end


SMALL, MIDDLE = Setting("N(0, 0.01²)", 0.1), Setting("N(0, 0.1²)", 0.1)
XAVIER, FAST = Setting("Xavier", 0.5), Setting("Xavier", 2.0)
EIGHT, FIFTEEN = Setting("Xavier", 0.5, 8, 64), Setting("Xavier", 0.5, 15, 64)
SETTINGS, QUICK_SETTINGS = (
    (SMALL, MIDDLE, XAVIER, FAST, EIGHT, FIFTEEN),
    (SMALL, XAVIER, FAST, EIGHT),
)


class Unit(NamedTuple):
    """One network that learns: what can be done in a process of its own."""

    setting: Setting
    norm: str
    steps: int
    seed: tuple[int, int]


class Learned(NamedTuple):
    """Of one network, or, with an axis before, of many."""

    losses: np.ndarray  # (steps,): of batches
    accuracies: np.ndarray  # (measurements,): on digits not learned
    percentiles: np.ndarray  # (measurements, 3, units): of inputs of the last hidden layer


@dataclass(frozen=True)
class Results:
    """How networks learned, by their setting and what stands before their activations."""

    learned: dict[tuple[Setting, str], Learned]


def run(seed: int, quick: bool = False, each: Each = map) -> Results:
    """All settings with and without batch norm, and one with shaken units."""
    nets, steps = (QUICK_NETS, QUICK_STEPS) if quick else (NETS, STEPS)
    kinds = [(s, norm) for s in (QUICK_SETTINGS if quick else SETTINGS) for norm in (NONE, NORM)]
    kinds.append((XAVIER, SHAKEN))
    units = [Unit(*kind, steps, (seed, number)) for kind in kinds for number in range(nets)]
    found = iter(list(each(learn, units)))
    return Results({kind: together([next(found) for _ in range(nets)]) for kind in kinds})


def learn(unit: Unit) -> Learned:
    """Learn the digits, and look at those not learned on the way, by running statistics."""
    draw, (_, others) = np.random.default_rng(unit.seed), split()
    model = network(unit.setting, unit.norm, draw)
    optimizer = optim.SGD(model.parameters(), lr=unit.setting.rate)
    before_last_sigmoid = nn.Sequential(*list(model)[:-2])
    losses, accuracies, percentiles = [], [], []
    for step, loss in enumerate(learning(model, optimizer, draw, unit.steps, BATCH), start=1):
        losses.append(loss)
        if step % EVERY == 0:
            model.eval()
            accuracies.append(1.0 - share_wrong(model, others))
            with no_grad():
                inputs = np.asarray(before_last_sigmoid(tensor(others.images)))
            percentiles.append(np.percentile(inputs, PERCENTILES, axis=0))
            model.train()
    return Learned(np.array(losses), np.array(accuracies), np.array(percentiles))


def in_the_end(learned: Learned) -> np.ndarray:
    """The accuracy of each network, (networks,)."""
    return np.asarray(learned.accuracies[:, -END:].mean(axis=1))


def steps_to_goal(learned: Learned) -> np.ndarray:
    """Of each network, to the first measurement at which its accuracy is the goal, or infinity."""
    there = learned.accuracies >= GOAL
    return np.where(there.any(axis=1), EVERY * (there.argmax(axis=1) + 1.0), np.inf)


def wandering(learned: Learned) -> np.ndarray:
    """Of each unit's median, smoothed, over its spread in the mean: (networks, units)."""
    low, middle, high = np.moveaxis(learned.percentiles, 2, 0)
    windows = np.lib.stride_tricks.sliding_window_view(middle, WINDOW, axis=1)
    return np.asarray(np.ptp(windows.mean(axis=-1), axis=1) / (high - low).mean(axis=1))


def wandering_of_networks(learned: Learned) -> np.ndarray:
    """That of the unit in the middle, (networks,)."""
    return np.asarray(np.median(wandering(learned), axis=1))


def spread(learned: Learned) -> np.ndarray:
    """From the 15th to the 85th percentile in the end, the mean over units; (networks,)."""
    last = learned.percentiles[:, -1]
    return np.asarray((last[:, 2] - last[:, 0]).mean(axis=1))


def claims(results: Results, quick: bool = False) -> list[Claim]:
    """The table's lines."""
    return [
        *_start_claims(results),
        *_speed_claims(results),
        *_input_claims(results),
        *_shaken_claims(results),
        *_depth_claims(results, quick),
    ]


def _shallow(results: Results) -> list[Setting]:
    return [s for s, norm in results.learned if norm == NONE and s.layers == XAVIER.layers]


def _start_claims(results: Results) -> Iterator[Claim]:
    best = results.learned[SMALL, NONE].accuracies.max()
    yield Claim(
        f"{SMALL}, {NONE}: no accuracy is above {CHANCE:.0%}",
        f"{1.0 / CLASSES:.0%}, chance",
        f"at most {best:.1%}",
        bool(best < CHANCE),
        is_control=True,
    )
    with_it = {setting: results.learned[setting, NORM] for setting in _shallow(results)}
    worst = min(float(in_the_end(one).min()) for one in with_it.values())
    yield Claim(
        f"batch norm, from every start at every rate: all accuracies are above {LEARNED:.0%} in "
        "the end",
        "it learns",
        f"at least {worst:.1%}",
        worst > LEARNED,
    )
    latest = max(steps_to_goal(one).max() for one in with_it.values())
    yield Claim(
        f"batch norm, from every start at every rate: all are at {GOAL:.0%} within {SOON} steps",
        "whatever the weights' scale",
        "; ".join(f"{s.start}: {_steps(steps_to_goal(one))}" for s, one in with_it.items()),
        bool(latest <= SOON),
    )


def _speed_claims(results: Results) -> Iterator[Claim]:
    without, with_it = (steps_to_goal(results.learned[XAVIER, norm]) for norm in (NONE, NORM))
    yield Claim(
        f"{XAVIER}: to {GOAL:.0%} it takes each network more than {TIMES:g} times as many steps "
        "without batch norm",
        "faster with it (Ioffe & Szegedy 2015, figure 1a)",
        f"{_steps(without)} against {_steps(with_it)}",
        bool((without > TIMES * with_it).all()),
    )
    best = {
        norm: min((steps_to_goal(results.learned[s, norm]) for s in _shallow(results)), key=np.mean)
        for norm in (NONE, NORM)
    }
    yield Claim(
        f"each at its best setting: to {GOAL:.0%} it takes more than {TIMES:g} times as many steps "
        "without batch norm, in the mean",
        "faster with it",
        f"{_steps(best[NONE])} against {_steps(best[NORM])}",
        bool(best[NONE].mean() > TIMES * best[NORM].mean()),
    )
    last = in_the_end(results.learned[XAVIER, NONE]).min()
    yield Claim(
        f"{XAVIER}, {NONE}: every accuracy is above {GOAL:.0%} in the end",
        "three layers learn without, if slower",
        f"at least {last:.1%}",
        bool(last > GOAL),
        is_control=True,
    )


def _steps(steps: np.ndarray) -> str:
    return ", ".join(f"{one:.0f}" if math.isfinite(one) else "never" for one in sorted(steps))


def _input_claims(results: Results) -> Iterator[Claim]:
    for setting in (s for s in _shallow(results) if s.start == XAVIER.start):
        without, with_it = (
            wandering_of_networks(results.learned[setting, norm]) for norm in (NONE, NORM)
        )
        yield Claim(
            f"{setting}: the median of a unit's input, over its spread, wanders less than "
            f"{HALF:g} of what it does without batch norm",
            "more stable with it (Ioffe & Szegedy 2015, figure 1b and 1c)",
            f"{_range(with_it)} against {_range(without)}",
            bool(with_it.max() < HALF * without.min()),
        )
    most = np.abs(results.learned[SMALL, NONE].percentiles).max()
    yield Claim(
        f"{SMALL}, {NONE}: it is not saturation that stops it, the percentiles of all inputs are "
        f"between -{UNSATURATED:g} and {UNSATURATED:g}",
        "saturated (tutorial)",
        f"at most {most:.2f} from 0",
        bool(most < UNSATURATED),
    )
    without, with_it = (spread(results.learned[XAVIER, norm]) for norm in (NONE, NORM))
    yield Claim(
        f"{XAVIER}, batch norm: in the end inputs spread, from the 15th to the 85th percentile, "
        f"more than {WIDER:g} times as far as if they had deviation 1",
        f'{NORMAL:g}, if normal: "a standard deviation of one" (tutorial)',
        f"{_range(with_it)}; without batch norm {_range(without)}",
        bool(with_it.min() > WIDER * NORMAL),
    )


def _shaken_claims(results: Results) -> Iterator[Claim]:
    kinds = [results.learned[XAVIER, norm] for norm in (SHAKEN, NONE)]
    shaken, without = map(wandering_of_networks, kinds)
    yield Claim(
        f"{SHAKEN}: the median of a unit's input, over its spread, wanders more than without batch "
        "norm",
        "by construction",
        f"{_range(shaken)} against {_range(without)}",
        bool(shaken.min() > without.max()),
        is_control=True,
    )
    slow, fast = steps_to_goal(kinds[1]), steps_to_goal(kinds[0])
    yield Claim(
        f"{SHAKEN}: still it is at {GOAL:.0%} before the one without, in every network",
        "faster all the same (Santurkar et al. 2018)",
        f"{_steps(fast)} against {_steps(slow)}",
        bool((fast < slow).all()),
    )


def _range(values: np.ndarray) -> str:
    return f"{values.min():.2f} to {values.max():.2f}"


def _depth_claims(results: Results, quick: bool) -> Iterator[Claim]:
    rescued = QUICK_RESCUED if quick else RESCUED
    note = f" (quick: {QUICK_STEPS} steps)" if quick else ""
    for setting in (s for s, norm in results.learned if norm == NONE and s.layers > XAVIER.layers):
        without, with_it = (
            results.learned[setting, norm].losses[:, -LAST:].mean(axis=1) for norm in (NONE, NORM)
        )
        yield Claim(
            f"{setting}, {NONE}: every loss is above {STUCK} in the end",
            f"{LN_10:.4f} (ln {CLASSES})",
            f"{without.min():.3f} to {without.max():.3f}",
            bool(without.min() > STUCK),
            is_control=True,
        )
        yield Claim(
            f"{setting}, batch norm: every loss is below {rescued} in the end{note}",
            "it learns",
            f"{with_it.min():.2g} to {with_it.max():.2g}",
            bool(with_it.max() < rescued),
        )


LOOKS: dict[str, Any] = {
    NONE: {"c": VERMILION, "ls": LINES[1]},
    NORM: {"c": BLUE, "ls": LINES[0]},
    SHAKEN: {"c": GREEN, "ls": LINES[3]},
}


def figures(results: Results) -> dict[str, Picture]:
    """How fast networks learn, what a unit sees meanwhile, and how deep ones do."""
    return {
        "accuracy_by_step": _accuracies(results),
        "inputs_of_a_unit": _inputs(results),
        "deep_networks": _deep(results),
    }


def _accuracies(results: Results) -> Picture:
    settings = _shallow(results)
    figure = Figure(figsize=(12, 4.4), layout="constrained")
    axes = figure.subplots(1, len(settings), sharey=True, squeeze=False)[0]
    for ax, setting in zip(axes, settings, strict=True):
        for (where, norm), learned in results.learned.items():
            if where == setting:
                steps = EVERY * np.arange(1, learned.accuracies.shape[1] + 1)
                _lines(ax, steps, learned.accuracies, norm)
        ax.axhline(GOAL, c=BLACK, lw=0.8)
        ax.set(xscale="log", xlabel="step", title=f"{setting.start}, rate {setting.rate:g}")
    axes[0].set_ylabel("accuracy on digits not learned")
    axes[0].text(EVERY, GOAL + 0.01, f"{GOAL:.0%}", va="bottom")
    handles, labels = axes[settings.index(XAVIER)].get_legend_handles_labels()
    axes[0].legend(handles, labels, loc="center right")
    never = results.learned[SMALL, NONE].accuracies.max()
    return Picture(
        figure,
        "A panel for each start and rate: accuracy by step, on a logarithmic axis. With batch "
        f"norm networks are at {GOAL:.0%} within {SOON} steps in every panel. Without, from the "
        f"smallest weights, they stay below {never + 0.01:.0%}, and from Xavier's they take "
        f"{_steps(steps_to_goal(results.learned[XAVIER, NONE]))} steps.",
    )


def _lines(ax: Axes, steps: np.ndarray, values: np.ndarray, norm: str) -> None:
    for number, one in enumerate(values):
        ax.plot(steps, one, lw=1.4, label="" if number else norm, **LOOKS[norm])


def _inputs(results: Results) -> Picture:
    figure = Figure(figsize=(12, 4.4), layout="constrained")
    axes = figure.subplots(1, 3, sharey=True)
    for ax, norm in zip(axes, (NONE, NORM, SHAKEN), strict=True):
        learned, colour = results.learned[XAVIER, norm], LOOKS[norm]["c"]
        moved = wandering(learned)[0]
        unit = np.argsort(moved)[len(moved) // 2]
        low, middle, high = learned.percentiles[0, :, :, unit].T
        steps = EVERY * np.arange(1, len(middle) + 1)
        ax.fill_between(steps, low, high, color=colour, alpha=0.25, lw=0.0)
        for line, edge in ((LINES[1], low), (LINES[0], middle), (LINES[1], high)):
            ax.plot(steps, edge, c=colour, ls=line, lw=1.6 if edge is middle else 1.0)
        ax.set(xlabel="step", title=f"{norm}: wanders {moved[unit]:.2f}")
    axes[0].set_ylabel(f"input of a sigmoid: percentiles {', '.join(map(str, PERCENTILES))}")
    return Picture(
        figure,
        "Three panels of the percentiles of the input of one sigmoid in the last hidden layer, by "
        "step: the unit in the middle of its layer by how far its median wanders. Without batch "
        "norm the band drifts and widens; with it the median stays level in a band that widens; "
        "with shaken units it jumps from step to step.",
    )


def _deep(results: Results) -> Picture:
    settings = [s for s, norm in results.learned if norm == NONE and s.layers > XAVIER.layers]
    figure = Figure(figsize=(11, 4.4), layout="constrained")
    axes = figure.subplots(1, len(settings), sharey=True, squeeze=False)[0]
    for ax, setting in zip(axes, settings, strict=True):
        for norm in (NONE, NORM):
            losses = results.learned[setting, norm].losses
            means = losses.reshape(len(losses), -1, EVERY).mean(axis=2)
            _lines(ax, EVERY * (0.5 + np.arange(means.shape[1])), means, norm)
        ax.axhline(LN_10, c=BLACK, lw=0.8)
        ax.set(yscale="log", xlabel="step", title=f"{setting.layers} layers of sigmoids")
        ax.set_ylim(None, 5.0)
    axes[0].set_ylabel(f"loss, means of {EVERY} steps")
    axes[0].text(0.99, LN_10 * 1.1, "ln 10: nothing learned", ha="right", va="bottom",
                 transform=axes[0].get_yaxis_transform())  # fmt: skip
    axes[0].legend(loc="lower left")
    last = [f"{results.learned[s, NORM].losses[:, -LAST:].mean():.2g}" for s in settings]
    return Picture(
        figure,
        "Loss by step, on a logarithmic axis, of deep networks of sigmoids. Without batch norm it "
        f"stays at ln 10 from start to end; with it, it falls to {' and '.join(last)}.",
    )
