"""Mean field theory of wide layers: how large signals are from layer to layer, and errors back.

Pre-activations are normal, of variance ``q' = s E[phi(sqrt(q) u)^2]`` in the layer after one of
variance q, with u normal and ``s = fan_in Var(W)`` (Poole et al. 2016, eq. 3, without biases). A
layer multiplies the error dL/dz by the root of ``chi = s E[phi'(sqrt(q) u)^2]`` (Schoenholz et al.
2017, eq. 5). The integrals are done by numerical quadrature, with slopes written by hand: theory
does not lean on the library that it is compared with.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

NODES = np.linspace(-12.0, 12.0, 20000)  # none at 0, where ReLU has its kink
WEIGHTS = np.exp(-0.5 * NODES**2) / np.exp(-0.5 * NODES**2).sum()


class Nonlinearity(NamedTuple):
    """What an activation computes, and its slope."""

    value: Callable[[Any], Any]
    slope: Callable[[Any], Any]


def _sigmoid(x: Any) -> Any:
    return 0.5 + 0.5 * np.tanh(0.5 * x)  # exp(-x) would overflow


SIGMOID = Nonlinearity(_sigmoid, lambda x: _sigmoid(x) * _sigmoid(-x))
TANH = Nonlinearity(np.tanh, lambda x: 1.0 - np.tanh(x) ** 2)
RELU = Nonlinearity(lambda x: np.maximum(x, 0.0), lambda x: (x > 0.0).astype(float))


@dataclass(frozen=True)
class Prediction:
    """By layer, from the first on."""

    variances: np.ndarray  # q, of pre-activations
    factors: np.ndarray  # sqrt(chi): the error of a layer over that of the next

    def share_below(self, slope: float, phi: Nonlinearity) -> np.ndarray:
        """The share of units whose slope is smaller."""
        return np.array([WEIGHTS @ (phi.slope(np.sqrt(q) * NODES) < slope) for q in self.variances])


def predict(phi: Nonlinearity, first: float, spread: float, layers: int) -> Prediction:
    """Layers of ``fan_in Var(W)`` = ``spread``, from a first one of variance ``first``."""
    variances, factors = [first], []
    for _ in range(layers):
        u = np.sqrt(variances[-1]) * NODES
        factors.append(np.sqrt(spread * (WEIGHTS @ phi.slope(u) ** 2)))
        variances.append(float(spread * (WEIGHTS @ phi.value(u) ** 2)))
    return Prediction(np.array(variances[:-1]), np.array(factors))
