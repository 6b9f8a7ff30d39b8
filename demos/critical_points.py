"""Where a gradient is zero, minima and saddles alike, with how a function curves there.

Descent would find minima alone. What finds critical points of every index is to make the squared
gradient small, by the steps of Levenberg and Marquardt: with the gradient g and the Hessian H a
step is ``-(H^2 + m)^-1 H g``, near a critical point Newton's; m falls after a step that made the
gradient smaller, and rises after one that did not, which is taken back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from minigrad import func

DAMPING, LESS, MORE, LEAST = 0.01, 0.3, 4.0, 1e-15  # m, how it falls and rises, and how far
SMALL = 1e-18  # is the squared gradient at a critical point


class Critical(NamedTuple):
    """Critical points (n, N), and the eigenvalues of their Hessians (n, N), in rising order."""

    points: np.ndarray
    eigenvalues: np.ndarray

    @property
    def leads_down(self) -> np.ndarray:
        """The index (n,): how many directions lead down, 0 from a minimum, N from a maximum."""
        return np.asarray((self.eigenvalues < 0.0).sum(axis=1))


def critical_points(total: Callable[[Any], Any], starts: np.ndarray, rounds: int) -> Critical:
    """Those that are found from starts (P, N) in so many steps; the others are left out.

    ``total`` is the sum of a function over points (P, N), written with NumPy's functions.
    """
    x, damping, found = starts, np.full(len(starts), DAMPING), [starts[:0]]
    gradient, hessian = second_order(total, x)
    for _ in range(rounds):
        tried = x - _steps(gradient, hessian, damping)
        there = second_order(total, tried)
        better = _squares(there[0]) < _squares(gradient)
        x = np.where(better[:, None], tried, x)
        gradient = np.where(better[:, None], there[0], gradient)
        hessian = np.where(better[:, None, None], there[1], hessian)
        damping = np.where(better, np.maximum(damping * LESS, LEAST), damping * MORE)
        arrived = _squares(gradient) < SMALL
        found.append(x[arrived])
        x, gradient, hessian, damping = (a[~arrived] for a in (x, gradient, hessian, damping))
        if not len(x):
            break
    points = np.concatenate(found)
    return Critical(points, eigenvalues(total, points))


def second_order(total: Callable[[Any], Any], x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gradients (P, N) and Hessians (P, N, N) of the function that ``total`` sums over points.

    As no point's gradient depends on another point, one pull-back gives a row of every Hessian.
    """
    gradient, pull_back = func.vjp(func.grad(total), x)
    rows = [pull_back(np.broadcast_to(axis, x.shape))[0] for axis in np.eye(x.shape[1])]
    return gradient, np.stack(rows, axis=1)


def eigenvalues(total: Callable[[Any], Any], x: np.ndarray) -> np.ndarray:
    """Those of the Hessian at each point (P, N), in rising order."""
    return np.linalg.eigvalsh(second_order(total, x)[1])


def _steps(gradient: np.ndarray, hessian: np.ndarray, damping: np.ndarray) -> np.ndarray:
    damped = hessian @ hessian + damping[:, None, None] * np.eye(gradient.shape[1])
    return np.asarray(np.linalg.solve(damped, hessian @ gradient[..., None])[..., 0])


def _squares(gradient: np.ndarray) -> np.ndarray:
    return np.asarray((gradient * gradient).sum(axis=1))
