"""Counts by pivots, against eigenvalues; and the semicircle, against large matrices."""

from __future__ import annotations

import math

import numpy as np
import pytest

from demos.random_matrices import Draw, definite, semicircle_below, weight_by_index

MANY = 40_000


def eigenvalues(size: int, matrices: int) -> np.ndarray:
    """Of matrices of the ensemble, in rising order."""
    square = np.random.default_rng(5).standard_normal((matrices, size, size))
    return np.linalg.eigvalsh((square + square.mT) / math.sqrt(2.0))


@pytest.mark.parametrize("size", [1, 2, 3])
def test_as_many_grown_matrices_are_definite_as_drawn_ones(size: int) -> None:
    wanted = (eigenvalues(size, MANY)[:, 0] > 0.0).mean()
    error = math.sqrt(wanted / MANY)
    assert definite(Draw(size, MANY, (6,)))[-1] == pytest.approx(wanted, abs=6.0 * error)


@pytest.mark.parametrize("size", [1, 2, 4])
def test_weights_by_pivots_are_those_by_eigenvalues(size: int) -> None:
    heights = np.random.default_rng(7).standard_normal((MANY, 1))
    shifted = eigenvalues(size, MANY) - heights
    weights, index = np.abs(shifted.prod(axis=1)), (shifted < 0.0).sum(axis=1)
    wanted = np.bincount(index, weights, size + 1) / MANY
    found = weight_by_index(Draw(size, MANY, (8,)))
    np.testing.assert_allclose(found, wanted, atol=0.04 * wanted.sum())


def test_eigenvalues_of_a_large_matrix_lie_on_the_semicircle() -> None:
    (found,) = eigenvalues(500, 1) / math.sqrt(500.0)
    for e in -2.5, -1.5, 0.0, 0.5, 1.9, 3.0:
        assert semicircle_below(np.array(e)) == pytest.approx((found < e).mean(), abs=0.01)
