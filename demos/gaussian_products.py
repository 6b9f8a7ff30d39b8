"""A product of a hundred random matrices explodes, unless their scale is exactly right.

The tutorial says: "The network's derivatives are the result of multiplying the preceding layers,
layer by layer, from the last to the first", and the remedy is an initialization "from an
intermediate range of values", with which "the variance is not significant" from layer to layer.

Theory predicts: a d x d matrix of independent normal entries of variance 1 multiplies the length of
any vector by the root of a chi-squared variable with d degrees of freedom, independent of all
matrices before. The logarithm of what n of them do to a gradient has the mean
``n (ln 2 + psi(d/2)) / 2`` and the variance ``n psi'(d/2) / 4``: for 4 x 4 matrices a factor of
e^0.558 = 1.75 a matrix. Scaled by 0.572 they are neutral on the mean, but not for each network: the
spread, which grows like the root of the depth, stays.

Where they disagree: no scale keeps the variance from growing with depth in narrow layers. It makes
the logarithm's mean zero; its spread falls only with width.

Experiment: linear networks of 101 layers of width 4, as in D2L's listing, which multiplies a
hundred matrices onto one. The gradient at the input is by autodiff, for an error of length 1 at the
output. The control has the neutral scale.

Sources: Zhang et al., Dive into Deep Learning (D2L),
chapter_multilayer-perceptrons/numerical-stability-and-init.md, whose run printed a largest entry of
4.66e23; Newman 1986 for the exponent.

Command: ``python -m demos gaussian_products``; about one second.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from minigrad import autograd, tensor

from .claims import Claim, mean_and_error, with_error
from .pictures import Picture
from .protocol import Each
from .style import BLACK, BLUE, LINES, VERMILION

WIDTH, MATRICES = 4, 101  # D2L's: a hundred, onto one
PRINTED = 4.66338554e23  # the largest entry of D2L's product
NETWORKS, QUICK_NETWORKS = 2000, 200
EULER = 0.5772156649015329
PSI, PSI_SLOPE = 1.0 - EULER, math.pi**2 / 6.0 - 1.0  # psi(2) and psi'(2): d/2 is 2
EXPONENT = 0.5 * (math.log(2.0) + PSI)  # a matrix
NEUTRAL = math.exp(-EXPONENT)
SIGMAS = 4.0
CLOSE = 1e-9


@dataclass(frozen=True)
class Results:
    """By network, decimal logarithms."""

    gradients: np.ndarray  # of the length of the gradient at the input
    largest: np.ndarray  # of the largest entry of the product
    neutral: np.ndarray  # of the gradient's length, at the neutral scale
    layers: np.ndarray  # (MATRICES + 1, networks): of the error's, from the output on
    contradictions: float  # between the gradient and the product of the matrices


def run(seed: int, quick: bool = False, each: Each = map) -> Results:
    """Everything that the claims and the figure need; there is no sweep that takes long."""
    networks = QUICK_NETWORKS if quick else NETWORKS
    draw = np.random.default_rng(seed)
    largest, errors, apart = products(networks, 1.0, draw)
    _, neutral, _ = products(networks, NEUTRAL, draw)
    return Results(errors[-1], largest, neutral[-1], errors, apart)


def products(
    networks: int, scale: float, draw: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, float]:
    """The largest entries, the errors' lengths by layer, and how far autodiff is off."""
    shape = (MATRICES, networks, WIDTH, WIDTH)
    matrices = draw.standard_normal(shape) * scale
    h = tensor(np.broadcast_to(np.eye(WIDTH), shape[1:]).copy(), requires_grad=True)
    layers = [h]
    for matrix in matrices:
        layers.append(matrix @ layers[-1])
    error = np.zeros(shape[1:])
    error[:, 0, 0] = 1.0
    found = autograd.grad((layers[-1] * error).sum(), layers)
    # The inputs are the unit vectors: the last layer is the product, and the error at the input
    # that of the first of them, the product's first row.
    vectors = np.stack([np.asarray(one)[:, :, 0] for one in found])[::-1]
    lengths = np.linalg.norm(vectors, axis=-1)
    product = layers[-1].detach().numpy()
    apart = np.abs(vectors[-1] / product[:, 0, :] - 1.0).max()
    return np.log10(np.abs(product).max(axis=(1, 2))), np.log10(lengths), float(apart)


def claims(results: Results, quick: bool = False) -> list[Claim]:
    """The table's lines."""
    mean, error = mean_and_error(results.gradients)
    exact = MATRICES * EXPONENT / math.log(10.0)
    spread = math.sqrt(MATRICES * PSI_SLOPE / 4.0) / math.log(10.0)
    found = float(results.gradients.std(ddof=1))
    printed, place = math.log10(PRINTED), mean_and_error(results.largest)[0]
    width = float(results.largest.std(ddof=1))
    neutral, neutral_error = mean_and_error(results.neutral)
    return [
        Claim(
            f"the gradient at the input is the first row of the product of {MATRICES} matrices, to "
            f"{CLOSE:g} of it",
            "0 apart (chain rule)",
            f"{results.contradictions:.1e} apart",
            results.contradictions < CLOSE,
        ),
        Claim(
            f"the decimal logarithm of its length has the predicted mean, within {SIGMAS:g} s.e.",
            f"{exact:.2f} (n (ln 2 + ψ(2)) / 2)",
            with_error(results.gradients, 2),
            abs(mean - exact) < SIGMAS * error,
        ),
        Claim(
            f"and the predicted standard deviation over networks, within {SIGMAS:g} s.e.",
            f"{spread:.3f} (root of n ψ'(2) / 4)",
            f"{found:.3f} ± {found / math.sqrt(2 * len(results.gradients)):.3f}",
            abs(found - spread) < SIGMAS * found / math.sqrt(2 * len(results.gradients)),
        ),
        Claim(
            "the largest entry that D2L prints is one of these, within 2 standard deviations",
            f"10^{printed:.2f} (D2L)",
            f"10^({place:.2f} ± {width:.2f}), mean and standard deviation",
            abs(printed - place) < 2.0 * width,
        ),
        Claim(
            f"scaled by {NEUTRAL:.3f} they neither explode nor vanish on the mean, within "
            f"{SIGMAS:g} s.e.",
            "0.00 (e^-0.558)",
            with_error(results.neutral, 2),
            abs(neutral) < SIGMAS * neutral_error,
            is_control=True,
        ),
    ]


def figures(results: Results) -> dict[str, Picture]:
    """The error by layer, and the distribution at the input."""
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    layers = np.arange(MATRICES + 1)
    some = results.layers[:, :25]
    left.plot(layers, some, c=BLUE, lw=0.5, alpha=0.6)
    left.plot([], [], c=BLUE, lw=0.8, label=f"{some.shape[1]} networks")
    mean = layers * EXPONENT / math.log(10.0)
    spread = np.sqrt(layers * PSI_SLOPE / 4.0) / math.log(10.0)
    left.plot(layers, mean, c=BLACK, label="predicted: mean")
    for side in -2.0, 2.0:
        label = "predicted: 2 standard deviations" if side > 0.0 else None
        left.plot(layers, mean + side * spread, c=BLACK, ls=LINES[1], lw=1.2, label=label)
    left.set(xlabel="layers back from the output", ylabel="log₁₀ of the error's length")
    left.set_title("the error explodes, as predicted")
    left.legend()
    look = {"bins": np.arange(-8.0, 33.0), "density": True, "ec": BLACK, "lw": 0.5}
    right.hist(results.gradients, color=BLUE, label="variance 1", **look)
    right.hist(
        results.neutral, color=VERMILION, hatch="//", label=f"control: scaled by {NEUTRAL:.3f}",
        **look,
    )  # fmt: skip
    line = np.linspace(-8.0, 32.0, 400)
    for center, label in (mean[-1], "predicted"), (0.0, None):
        width = spread[-1]
        curve = np.exp(-0.5 * ((line - center) / width) ** 2) / (width * math.sqrt(2.0 * math.pi))
        right.plot(line, curve, c=BLACK, label=label)
    right.axvline(math.log10(PRINTED), c=BLACK, ls=LINES[3], label="D2L's largest entry")
    right.set(xlabel="log₁₀ of the gradient's length", ylabel="density over networks")
    right.set_title(f"at the input, after {MATRICES} matrices")
    right.set_ylim(0.0, 0.36)
    right.legend(loc="upper left")
    return {
        "products": Picture(
            figure,
            "Left: the decimal logarithm of the error by layers back from the output, for 25 "
            "networks; all rise, scattered around the predicted straight line, to "
            f"{results.gradients.mean():.1f} on the mean. Right: its distribution at the input, "
            f"around {results.gradients.mean():.1f} for matrices of variance 1 and around "
            f"{results.neutral.mean():.1f} for the control; both bells are as wide as predicted.",
        )
    }
