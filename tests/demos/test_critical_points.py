"""Critical points and Hessians, of functions whose own are known."""

from __future__ import annotations

from typing import Any

import numpy as np

from demos.critical_points import critical_points, eigenvalues, second_order


def total(x: Any) -> Any:
    """The sum over points of cos x0 + cos x1 + cos x2: critical where all are multiples of pi."""
    return np.sum(np.cos(x))


def test_every_kind_of_critical_point_is_found() -> None:
    starts = np.random.default_rng(1).uniform(-4.0, 4.0, (200, 3))
    found = critical_points(total, starts, 30)
    np.testing.assert_allclose(np.sin(found.points), 0.0, atol=1e-8)
    assert set(found.leads_down.tolist()) == {0, 1, 2, 3}
    np.testing.assert_allclose(
        found.eigenvalues, np.sort(-np.cos(found.points), axis=1), atol=1e-12
    )


def test_starts_that_do_not_arrive_are_left_out() -> None:
    def slope_without_end(x: Any) -> Any:
        return np.sum(x[:, 0] + x[:, 1] ** 2)

    found = critical_points(slope_without_end, np.ones((4, 2)), 10)
    assert found.points.shape == (0, 2)
    assert found.leads_down.shape == (0,)


def test_hessians_are_those_of_each_point_alone() -> None:
    def coupled(x: Any) -> Any:
        return np.sum(x[:, 0] ** 2 * x[:, 1] + np.exp(x[:, 1]))

    x = np.array([[1.0, 2.0], [-3.0, 0.5]])
    gradient, hessian = second_order(coupled, x)
    for (a, b), g, h in zip(x, gradient, hessian, strict=True):
        np.testing.assert_allclose(g, [2 * a * b, a * a + np.exp(b)])
        np.testing.assert_allclose(h, [[2 * b, 2 * a], [2 * a, np.exp(b)]])
    np.testing.assert_allclose(eigenvalues(coupled, x), np.linalg.eigvalsh(hessian))
