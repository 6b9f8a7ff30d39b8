"""Spoiled results of `demos.exploding_gradient_rnn`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from demos.exploding_gradient_rnn import (
    BELOW,
    LARGE,
    LINEAR,
    RELU,
    SIGMOID,
    TANH,
    UNROLLED,
    Results,
)

Spoil = Callable[[Results], Results]
STRONGEST = (SIGMOID, 3.8)  # of the settings below 1/gamma


def with_norms(key: tuple[str, float], norm: float) -> Spoil:
    """The same norm for all matrices of a setting."""

    def spoil(results: Results) -> Results:
        norms = np.full_like(results.jacobians[key].norms, norm)
        jacobians = {**results.jacobians, key: results.jacobians[key]._replace(norms=norms)}
        return replace(results, jacobians=jacobians)

    return spoil


def with_one_large_setting(results: Results) -> Results:
    """Nothing else explodes, so that the first bound is the only one that is broken."""
    return with_norms((TANH, BELOW), 10.0 * BELOW**UNROLLED)(results)


def with_none_exploded(results: Results) -> Results:
    """All norms are just below 1 where they exceeded it, and radii as small."""
    jacobians = {
        key: found._replace(
            norms=np.minimum(found.norms, 0.99 if key[0] == LINEAR else 1e-8),
            radii=np.minimum(found.radii, 0.9),
        )
        for key, found in results.jacobians.items()
    }
    return replace(results, jacobians=jacobians)


def with_larger_radii(results: Results) -> Results:
    found = results.jacobians[LINEAR, LARGE]
    spoiled = found._replace(radii=np.full_like(found.radii, LARGE))
    return replace(results, jacobians={**results.jacobians, (LINEAR, LARGE): spoiled})


def with_errors(name: str, clipped: bool, error: float, count: int) -> Spoil:
    """The error of so many last updates; if 0, wherever it is not finite."""

    def spoil(results: Results) -> Results:
        course = results.courses[name, clipped]
        errors = course.errors.copy()
        if count:
            errors[-count:] = error
        else:
            errors[:] = np.nan_to_num(errors, nan=error, posinf=error)
        spoiled = {**results.courses, (name, clipped): course._replace(errors=errors)}
        return replace(results, courses=spoiled)

    return spoil


def with_one_nan(results: Results) -> Results:
    """Early on, so that the last errors do not show it."""
    course = results.courses[TANH, True]
    errors = course.errors.copy()
    errors[3, 0] = np.nan
    courses = {**results.courses, (TANH, True): course._replace(errors=errors)}
    return replace(results, courses=courses)


def with_gradients(clipped: bool, norm: float) -> Spoil:
    def spoil(results: Results) -> Results:
        course = results.courses[RELU, clipped]
        norms = np.full_like(course.norms, norm)
        courses = {**results.courses, (RELU, clipped): course._replace(norms=norms)}
        return replace(results, courses=courses)

    return spoil


SPOILED = {
    "the norm of the Jacobian": with_one_large_setting,
    "it exceeds 1": with_none_exploded,
    "it vanishes": with_norms(STRONGEST, (0.25 * 3.8) ** UNROLLED),
    "at least the spectral radius": with_larger_radii,
    "is not sufficient": with_norms((LINEAR, BELOW), 2.0),
    "saturation keeps": with_norms((TANH, LARGE), 1e9),
    "NaN in at least": with_errors(TANH, False, 1.0, 0),
    "NaN in none": with_one_nan,
    "tanh, clipped: after": with_errors(TANH, True, 2.0, 200),
    "none learns": with_errors(RELU, False, 0.1, 200),
    "each has met": with_gradients(False, 10.0),
    "none has met": with_gradients(True, 1e5),
    "ReLU, clipped: after": with_errors(RELU, True, 0.2, 200),
}
