"""Spoiled results of `demos.exploding_gradient_wall`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from demos.exploding_gradient_wall import Course, Results

Spoil = Callable[[Results], Results]


def with_another_slope(results: Results) -> Results:
    return replace(results, on_wall=results.on_wall * 1.001)


def with_a_steep_map(results: Results) -> Results:
    return replace(results, gradients=results.gradients * 1e5)


def with_a_wall_too_early(results: Results) -> Results:
    return replace(results, before_wall=results.before_wall * 10.0)


def with_last(name: str, clipped: bool, error: float) -> Spoil:
    """The last error, of all if there are many."""

    def spoil(results: Results) -> Results:
        courses = getattr(results, name)
        errors = courses[clipped].errors.copy()
        errors[-1] = error
        spoiled = {**courses, clipped: Course(courses[clipped].places, errors)}
        return replace(results, **{name: spoiled})

    return spoil


def with_short_steps(results: Results) -> Results:
    course = results.from_wall[False]
    places = np.full_like(course.places, 5.0)
    spoiled = {**results.from_wall, False: Course(places, course.errors)}
    return replace(results, from_wall=spoiled)


SPOILED = {
    "on the wall, for w": with_another_slope,
    "times the median of the map": with_a_steep_map,
    "before the wall begins": with_a_wall_too_early,
    "the first step": with_short_steps,
    "and it ends on a plateau": with_last("from_wall", False, 0.01),
    "clipped to a norm": with_last("from_wall", True, 0.01),
    "places drawn": with_last("from_around", False, 0.01),
    "from all of these places": with_last("from_around", True, 0.01),
}
