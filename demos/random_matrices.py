"""Random symmetric matrices: how often they have no negative eigenvalue, and how they weigh.

The matrices are those of the Gaussian orthogonal ensemble: normal entries, of variance 1 off the
diagonal and 2 on it. Both counts do without eigenvalues: as many pivots of a symmetric matrix are
negative as eigenvalues (Sylvester's law of inertia).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np


class Draw(NamedTuple):
    """How many matrices of that size, and by which seed."""

    size: int
    matrices: int
    seed: tuple[int, ...]


def definite(unit: Draw) -> np.ndarray:
    """The probability of no negative eigenvalue for each size from 1 on, by growing matrices.

    A matrix is kept as its Cholesky factor. Grown by a column ``a`` and a diagonal entry ``d`` it
    still has no negative eigenvalue if the new pivot ``d - |y|^2`` is positive, where the factor
    times y is a. Those that stay, copied at random to make up for the others, are fair samples
    again, and so the shares that stay multiply.
    """
    draw = np.random.default_rng(unit.seed)
    factors, probability, answer = np.zeros((0, 0, unit.matrices)), 1.0, np.zeros(unit.size)
    for k in range(unit.size):
        y = draw.standard_normal((k, unit.matrices))
        for i in range(k):
            y[i] = (y[i] - (factors[i, :i] * y[:i]).sum(axis=0)) / factors[i, i]
        pivots = math.sqrt(2.0) * draw.standard_normal(unit.matrices) - (y * y).sum(axis=0)
        stay = np.flatnonzero(pivots > 0.0)
        probability *= len(stay) / unit.matrices
        answer[k] = probability
        copied = draw.choice(stay, unit.matrices)
        grown = np.zeros((k + 1, k + 1, unit.matrices))
        grown[:k, :k], grown[k, :k] = factors[..., copied], y[:, copied]
        grown[k, k], factors = np.sqrt(pivots[copied]), grown
    return answer


def weight_by_index(unit: Draw) -> np.ndarray:
    """The mean of ``|det H|`` where H has 0, 1 ... negative eigenvalues: (size + 1,).

    H is a random matrix minus a random height, the same on its whole diagonal, of variance 1.
    """
    draw, n = np.random.default_rng(unit.seed), unit.size
    h = draw.standard_normal((n, n, unit.matrices))  # of which the lower half is used
    diagonal = np.diag_indices(n)
    h[diagonal] = math.sqrt(2.0) * h[diagonal] - draw.standard_normal(unit.matrices)
    for k in range(n):
        for i in range(k + 1, n):
            h[i, k + 1 : i + 1] -= h[i, k] / h[k, k] * h[k + 1 : i + 1, k]
    pivots = h[diagonal]
    weights = np.abs(pivots.prod(axis=0))
    return np.bincount((pivots < 0.0).sum(axis=0), weights, n + 1) / unit.matrices


def semicircle_below(e: np.ndarray) -> np.ndarray:
    """The share of a semicircle of radius 2 that lies below ``e``: of large matrices' eigenvalues,
    over the root of their size (Wigner 1955).
    """
    e = np.clip(e, -2.0, 2.0)
    return np.asarray(0.5 + (0.25 * e * np.sqrt(4.0 - e * e) + np.arcsin(e / 2.0)) / math.pi)
