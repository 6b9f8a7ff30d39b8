"""In a recurrent network the gradient explodes only if weights are large, and clipping rescues it.

The tutorial says: exploding gradients result "in an unstable network, which is not able to learn
from the training data, and at worst results in bad solution contains NaN weight values that can no
longer be updated"; "gradient clipping" is a solution.

Theory predicts: h_t = phi(W h_(t-1) + u_t) has a Jacobian dh_T/dh_0 of norm at most (gamma s)^T,
with s the largest singular value of W and gamma the steepest slope of phi: 1 for tanh and for a
linear unit, 1/4 for the sigmoid. So s < 1/gamma is sufficient for vanishing, and s > 1/gamma
necessary for explosion. It is not sufficient: a linear network multiplies by the powers of W, whose
norm is at least the spectral radius to the T, and the radius of a random W is near s / 2.

Where they disagree: NaN is not the worst, for it is seen. A network of ReLU units is thrown by one
large gradient to where most of it is dead, and goes on with finite weights, at the error of not
knowing anything.

Experiment: Jacobians by autodiff, 50 units and 50 steps, random W scaled to a given s. Then the
adding problem over 20 steps: two of 20 numbers are marked, and their sum is asked for; an answer
that is always 1 has a mean squared error of 1/6. Tanh units from weights that are 1.5 times too
large, and ReLU units from the identity (Le's IRNN), learn it by SGD at 0.3 and 0.05. minigrad's
optimizers refuse a gradient that is not finite; here they are told to go on. The controls, from the
same starts and with the same data, are clipped to a norm of 1.

Sources: Pascanu, Mikolov & Bengio 2013, section 2, for the bounds, and algorithm 1 for clipping;
Ginibre 1965 for the radius; Hochreiter & Schmidhuber 1997 for the adding problem; Le, Jaitly &
Hinton 2015 for the IRNN.

Command: ``python -m demos exploding_gradient_rnn``; about fifteen seconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from minigrad import autograd, optim, tensor
from minigrad.nn import functional as F

from .adding import INPUTS, KNOWS_NOTHING, adding
from .claims import Claim
from .pictures import Picture
from .protocol import Each
from .style import BLACK, BLUE, GREEN, LINES, ORANGE, VERMILION

# Jacobians.
UNITS, UNROLLED, MATRICES, QUICK_MATRICES = 50, 50, 10, 4
INPUT = 0.1  # the standard deviation of u_t
LINEAR, TANH, SIGMOID, RELU = "linear", "tanh", "sigmoid", "ReLU"
GAMMA = {LINEAR: 1.0, TANH: 1.0, SIGMOID: 0.25}
SINGULAR = {  # the largest singular values, by activation
    LINEAR: (0.8, 1.5, 2.0, 3.0),
    TANH: (0.8, 1.5, 2.0, 3.0),
    SIGMOID: (2.0, 3.8, 6.0, 8.0, 12.0, 16.0),
}
ROUNDING = 1e-9
BELOW, LARGE = 1.5, 3.0  # of SINGULAR: where a linear network does not explode, where it does
CAPPED = 1e6  # times smaller is the Jacobian of tanh than that of linear units

# The adding problem.
HIDDEN, BATCH, LENGTH = 32, 32, 20
TOO_LARGE = 1.5  # times the weights at which signals neither grow nor fade
RATES = {TANH: 0.3, RELU: 0.05}
CLIP = 1.0
SEEDS, QUICK_SEEDS = 5, 2
UPDATES, UNTIL_NAN = 3000, 200
QUICK_UPDATES = {TANH: 200, RELU: 1000}
LAST, QUICK_LAST = 200, 50  # batches, whose mean error counts
LEARNED, QUICK_LEARNED = {TANH: 0.15, RELU: 0.06}, {TANH: 1.0, RELU: 0.15}
POOR, EXPLODED = 0.15, 1e4  # an error; a norm of the gradient


def linear(z: Any) -> Any:
    """No activation."""
    return z


PHI: dict[str, Callable[[Any], Any]] = {
    LINEAR: linear,
    TANH: F.tanh,
    SIGMOID: F.sigmoid,
    RELU: F.relu,
}


class Setting(NamedTuple):
    """Recurrent networks of one kind: what can be done in a process of its own."""

    activation: str
    singular: float
    matrices: int
    seed: int


class Jacobians(NamedTuple):
    """By matrix."""

    norms: np.ndarray  # of dh_T/dh_0
    radii: np.ndarray  # the spectral radius of W


class Training(NamedTuple):
    """Networks that learn the adding problem side by side."""

    activation: str
    clipped: bool
    seeds: int
    updates: int
    seed: int


class Course(NamedTuple):
    """(updates, networks)."""

    errors: np.ndarray  # mean squared, of a batch
    norms: np.ndarray  # of the gradient, before clipping


@dataclass(frozen=True)
class Results:
    """Jacobians, and courses."""

    jacobians: dict[tuple[str, float], Jacobians]  # by activation and largest singular value
    courses: dict[tuple[str, bool], Course]  # by activation and whether it is clipped


def run(seed: int, quick: bool = False, each: Each = map) -> Results:
    """Jacobians of all settings, then learning with and without a clip."""
    matrices = QUICK_MATRICES if quick else MATRICES
    settings = [Setting(name, s, matrices, seed) for name in SINGULAR for s in SINGULAR[name]]
    jacobians = zip(settings, each(measure, settings), strict=True)
    seeds = QUICK_SEEDS if quick else SEEDS
    updates = {
        (name, clipped): QUICK_UPDATES[name] if quick else UPDATES
        for name in RATES
        for clipped in (False, True)
    }
    updates[TANH, False] = UNTIL_NAN
    trainings = [
        Training(name, clipped, seeds, count, seed) for (name, clipped), count in updates.items()
    ]
    courses = zip(trainings, each(train, trainings), strict=True)
    return Results(
        jacobians={(unit.activation, unit.singular): found for unit, found in jacobians},
        courses={(unit.activation, unit.clipped): course for unit, course in courses},
    )


def measure(unit: Setting) -> Jacobians:
    """Jacobians by autodiff: each row is a network of its own with the same start and inputs."""
    phi = PHI[unit.activation]
    draws = [np.random.default_rng([unit.seed, number]) for number in range(unit.matrices)]
    weights = np.stack([draw.standard_normal((UNITS, UNITS)) for draw in draws])
    weights *= unit.singular / np.linalg.norm(weights, 2, axis=(1, 2), keepdims=True)
    start = np.stack([draw.standard_normal((1, UNITS)) for draw in draws])
    h = first = tensor(np.repeat(start, UNITS, axis=1), requires_grad=True)
    for _ in range(UNROLLED):
        u = np.stack([INPUT * draw.standard_normal((1, UNITS)) for draw in draws])
        h = phi(h @ weights + u)
    (rows,) = autograd.grad((h * np.eye(UNITS)).sum(), [first])
    return Jacobians(
        norms=np.linalg.norm(np.asarray(rows), 2, axis=(1, 2)),
        radii=np.abs(np.linalg.eigvals(weights)).max(axis=1),
    )


def train(unit: Training) -> Course:
    """Learn the adding problem, each network by an optimizer that sees its gradient alone."""
    draws = [np.random.default_rng([unit.seed, number]) for number in range(unit.seeds)]
    models = [start(unit.activation, draw) for draw in draws]
    clip, rate = CLIP if unit.clipped else None, RATES[unit.activation]
    optimizers = [
        optim.SGD(model, lr=rate, clip_norm=clip, on_nonfinite="ignore") for model in models
    ]
    errors, norms = np.empty((2, unit.updates, unit.seeds))
    with np.errstate(all="ignore"):
        for update in range(unit.updates):
            batches = [adding(LENGTH, BATCH, draw) for draw in draws]
            x, y = (np.stack(part, axis=-3) for part in zip(*batches, strict=True))
            answers = forward(PHI[unit.activation], models, tensor(x))
            loss = ((answers - tensor(y)) ** 2).mean(axis=(1, 2))
            errors[update] = loss.detach().numpy()
            loss.sum().backward()
            for optimizer in optimizers:
                optimizer.step()
                optimizer.zero_grad()
            norms[update] = [optimizer.clipping.norm for optimizer in optimizers]
    return Course(errors, norms)


def start(activation: str, draw: np.random.Generator) -> list[Any]:
    """The parameters of a network: recurrent, of inputs, of outputs, each with its bias."""
    recurrent = draw.standard_normal((HIDDEN, HIDDEN)) * TOO_LARGE / math.sqrt(HIDDEN)
    inputs = draw.standard_normal((INPUTS, HIDDEN)) / math.sqrt(INPUTS)
    outputs = draw.standard_normal((HIDDEN, 1)) / math.sqrt(HIDDEN)
    if activation == RELU:
        recurrent, inputs = np.eye(HIDDEN), 0.1 * inputs
    arrays = recurrent, inputs, np.zeros((1, HIDDEN)), outputs, np.zeros((1, 1))
    return [tensor(array.astype(np.float32), requires_grad=True) for array in arrays]


def forward(phi: Callable[[Any], Any], models: list[list[Any]], x: Any) -> Any:
    """The answers (networks, BATCH, 1) to x (LENGTH, networks, BATCH, 2)."""
    recurrent, inputs, bias, outputs, last = (np.stack(part) for part in zip(*models, strict=True))
    h = phi(x[0] @ inputs + bias)
    for t in range(1, LENGTH):
        h = phi(h @ recurrent + (x[t] @ inputs + bias))
    return h @ outputs + last


def claims(results: Results, quick: bool = False) -> list[Claim]:
    """The table's lines."""
    return [
        *_bound_claims(results),
        *_radius_claims(results),
        *_nan_claims(results, quick),
        *_poor_claims(results, quick),
    ]


def _bound_claims(results: Results) -> list[Claim]:
    bounds = {(name, s): (GAMMA[name] * s) ** UNROLLED for name, s in results.jacobians}
    cells = sum(len(found.norms) for found in results.jacobians.values())
    over = sum(
        int((found.norms > bounds[key] * (1.0 + ROUNDING)).sum())
        for key, found in results.jacobians.items()
    )
    small = {key for key in bounds if bounds[key] < 1.0}
    vanished = max(float(results.jacobians[key].norms.max()) for key in small)
    exploded = [key for key, found in results.jacobians.items() if (found.norms > 1.0).any()]
    wrongly = len(small & set(exploded))
    return [
        Claim(
            f"the norm of the Jacobian is at most (γ s)^{UNROLLED}, in all of {cells} networks of "
            f"{len(bounds)} settings",
            f"{cells} of {cells} (Pascanu et al.)",
            f"{cells - over} of {cells}",
            over == 0,
        ),
        Claim(
            "it exceeds 1 in some settings, and in none where s is below 1/γ",
            "0 below (Pascanu et al.: necessary)",
            f"{wrongly} below, {len(exploded) - wrongly} above",
            wrongly == 0 and len(exploded) > 0,
        ),
        Claim(
            "where s is below 1/γ it vanishes, by the weakest bound of these settings",
            f"below {max(bounds[key] for key in small):.2g} (Pascanu et al.: sufficient)",
            f"at most {vanished:.1e}",
            vanished < max(bounds[key] for key in small),
            is_control=True,
        ),
    ]


def _radius_claims(results: Results) -> Iterator[Claim]:
    found = [one for (name, _), one in results.jacobians.items() if name == LINEAR]
    share = np.concatenate([one.norms / one.radii**UNROLLED for one in found])
    yield Claim(
        f"in linear networks it is at least the spectral radius to the {UNROLLED}",
        "at least 1 times it (algebra)",
        f"at least {share.min():.2g} times it",
        bool((share > 1.0 - ROUNDING).all()),
    )
    below = results.jacobians[LINEAR, BELOW]
    yield Claim(
        f"so s = {BELOW:g}, above 1/γ, is not sufficient: there it is below 1 in all networks",
        f"about {np.median(below.radii) ** UNROLLED:.0e} (radius to the {UNROLLED})",
        f"at most {below.norms.max():.1e}",
        bool((below.norms < 1.0).all()),
        is_control=True,
    )
    free, capped = (np.median(results.jacobians[n, LARGE].norms) for n in (LINEAR, TANH))
    yield Claim(
        f"at s = {LARGE:g} saturation keeps tanh networks more than {CAPPED:g} times below linear "
        "ones",
        "far below",
        f"{capped:.1e} to {free:.1e}, medians",
        bool(free / capped > CAPPED),
        is_control=True,
    )


def _nan_claims(results: Results, quick: bool) -> Iterator[Claim]:
    free, clipped = results.courses[TANH, False].errors, results.courses[TANH, True].errors
    lost = int((~np.isfinite(free)).any(axis=0).sum())
    seeds, needed = free.shape[1], free.shape[1] - (0 if quick else 1)
    yield Claim(
        f"tanh, weights {TOO_LARGE:g} times too large, not clipped: NaN in at least {needed} of "
        f"{seeds} networks within {len(free)} updates",
        f"{seeds} of {seeds}",
        f"{lost} of {seeds}",
        lost >= needed,
    )
    lost = int((~np.isfinite(clipped)).any(axis=0).sum())
    yield Claim(
        f"tanh, clipped to a norm of {CLIP:g}: NaN in none",
        f"0 of {seeds}",
        f"{lost} of {seeds}",
        lost == 0,
        is_control=True,
    )
    yield _learned_claim(results, TANH, quick)


def _poor_claims(results: Results, quick: bool) -> Iterator[Claim]:
    free, clipped = results.courses[RELU, False], results.courses[RELU, True]
    last = _last(free, quick)
    poor = int((~(last <= POOR)).sum())  # NaN is not
    yield Claim(
        f"ReLU, from the identity, not clipped: none learns, the error stays above {POOR:g}",
        f"{len(last)} of {len(last)}; {KNOWS_NOTHING:.3f} is knowing nothing",
        f"{poor} of {len(last)}: " + ", ".join(f"{value:.3f}" for value in last),
        poor == len(last),
    )
    met = np.nanmax(free.norms, axis=0)
    yield Claim(
        f"ReLU, not clipped: each has met a gradient of more than {EXPLODED:g}",
        "more than that",
        f"at least {met.min():.1e}",
        bool((met > EXPLODED).all()),
    )
    most = float(clipped.norms.max())
    yield Claim(
        f"ReLU, clipped to a norm of {CLIP:g}: none has met so large a gradient",
        f"less than {EXPLODED:g}",
        f"at most {most:.1e}, before clipping",
        most < EXPLODED,
        is_control=True,
    )
    yield _learned_claim(results, RELU, quick)


def _learned_claim(results: Results, name: str, quick: bool) -> Claim:
    bound = (QUICK_LEARNED if quick else LEARNED)[name]
    course = results.courses[name, True]
    last = _last(course, quick)
    return Claim(
        f"{name}, clipped: after {len(course.errors)} updates the error is below {bound:g} in all "
        "networks",
        f"below; {KNOWS_NOTHING:.3f} is knowing nothing",
        ", ".join(f"{value:.3f}" for value in last),
        bool((last < bound).all()),
        is_control=True,
    )


def _last(course: Course, quick: bool) -> np.ndarray:
    return np.asarray(course.errors[-(QUICK_LAST if quick else LAST) :].mean(axis=0))


def figures(results: Results) -> dict[str, Picture]:
    """Jacobians between their bounds, and learning."""
    return {"jacobians": _jacobians(results), "adding_problem": _adding_problem(results)}


def _jacobians(results: Results) -> Picture:
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    axes = figure.subplots(1, len(GAMMA), sharey=True)
    for ax, (name, gamma) in zip(axes, GAMMA.items(), strict=True):
        s = np.linspace(SINGULAR[name][0], SINGULAR[name][-1], 100)
        ax.plot(s, (gamma * s) ** UNROLLED, c=VERMILION, label=f"bound, (γ s)^{UNROLLED}")
        if name == LINEAR:
            ratio = np.median([f.radii / one for (n, one), f in results.jacobians.items()
                               if n == LINEAR])  # fmt: skip
            label = f"spectral radius^{UNROLLED}, median"
            ax.plot(s, (ratio * s) ** UNROLLED, c=ORANGE, ls=LINES[2], label=label)
        for singular in SINGULAR[name]:
            norms = results.jacobians[name, singular].norms
            ax.plot(np.full(len(norms), singular), norms, "o", c=BLUE, mfc="none")
        ax.plot([], [], "o", c=BLUE, mfc="none", label="by autodiff")
        ax.axvline(1.0 / gamma, c=BLACK, ls=LINES[1], lw=1.2, label="1/γ")
        ax.axhline(1.0, c=BLACK, lw=0.8)
        ax.set(yscale="log", ylim=(1e-34, 1e34), title=name)
        ax.set_xlabel("largest singular value of W, s")
    axes[0].set_ylabel(f"norm of dh_{UNROLLED}/dh_0")
    axes[0].legend(loc="lower right")
    return Picture(
        figure,
        f"The norm of the Jacobian over {UNROLLED} steps by the largest singular value, on a "
        "logarithmic axis, for linear, tanh and sigmoid units. All symbols lie below the bound, "
        "and none is above 1 to the left of 1/γ. To its right linear networks explode, far below "
        "the bound, near the power of the spectral radius; tanh and sigmoid networks saturate and "
        "hardly exceed 1.",
    )


def _adding_problem(results: Results) -> Picture:
    figure = Figure(figsize=(11, 5.2), layout="constrained")
    axes = figure.subplots(2, 2, sharex="col", height_ratios=(3, 2))
    for (above, below), name in zip(axes.T, (TANH, RELU), strict=True):
        for clipped, colour, line in (False, VERMILION, LINES[1]), (True, GREEN, LINES[0]):
            errors, norms = results.courses[name, clipped]
            starts = np.unique(np.geomspace(1.0, len(errors), 100)[:-1].astype(int)) - 1
            counts = np.diff([*starts, len(errors)])[:, None]
            means = np.add.reduceat(errors, starts) / counts
            label = f"control: clipped at {CLIP:g}" if clipped else "not clipped"
            for ax, values in (above, means), (below, np.maximum.reduceat(norms, starts)):
                ax.plot(starts + 1, values, c=colour, ls=line, lw=0.9)
                ax.plot([], [], c=colour, ls=line, label=label)
        above.axhline(KNOWS_NOTHING, c=BLACK, ls=LINES[3], lw=1.2, label="knowing nothing, 1/6")
        below.axhline(CLIP, c=BLACK, ls=LINES[3], lw=1.2, label="bound")
        above.set(xscale="log", yscale="log", ylim=(1e-2, 1e3))
        below.set(xscale="log", yscale="log", ylim=(1e-2, 1e14), xlabel="update")
        above.set(title=f"{name}, lr = {RATES[name]:g}", xlabel="update")
        above.legend(loc="upper right")
    axes[0, 0].set_ylabel("mean squared error")
    axes[1, 0].set_ylabel("norm of the gradient")
    lost = int((~np.isfinite(results.courses[TANH, False].errors)).any(axis=0).sum())
    return Picture(
        figure,
        "The error and the norm of the gradient by update, on logarithmic axes, for tanh units on "
        "the left and ReLU units on the right. Not clipped, the error of tanh units goes beyond "
        f"all bounds within 20 updates and {lost} networks become NaN; ReLU units meet one huge "
        "gradient and stay at 1/6, the error of knowing nothing. Clipped, the errors of both fall "
        "well below 1/6.",
    )
