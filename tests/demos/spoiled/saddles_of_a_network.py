"""Spoiled results of `demos.saddles_of_a_network`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from demos.saddles_of_a_network import Points, Results


def with_many_high_points_and_few_ways_down(results: Results) -> Results:
    """At the loss of other critical points, so that none is a distinct one."""
    loss = np.append(results.random.loss, np.full(500, results.random.loss.max()))
    down = np.append(results.random.down, np.full(500, 1))
    return replace(results, random=Points(loss, down))


def with_unranked_distinct_points(results: Results) -> Results:
    """High and low agree still, but not one by one."""
    number = 30
    low = Points(np.linspace(0.06, 0.3, number), np.linspace(5, 2, number).astype(int))
    down = [*low.down, *results.descended.down, *[20] * 100]
    loss = [*low.loss, *results.descended.loss, *[2.0] * 100]
    return replace(results, descended=Points(np.array(loss), np.array(down)))


def with_a_high_minimum(results: Results) -> Results:
    """At the loss of other critical points, so that it is not a distinct one."""
    loss = np.append(results.random.loss, results.random.loss.max())
    return replace(results, random=Points(loss, np.append(results.random.down, 0)))


def with_descents_that_stay(results: Results) -> Results:
    down = np.ones_like(results.descents.down)
    for check in range(len(down)):
        down[check, : check + 1] = 0
    return replace(results, descents=Points(results.descents.loss, down))


def with_descents_that_go_back(results: Results) -> Results:
    down = results.descents.down.copy()
    down[-2] = 0
    return replace(results, descents=Points(results.descents.loss, down))


def with_a_high_end(results: Results) -> Results:
    loss = results.descents.loss.copy()
    loss[-1, 0] = 2.0
    return replace(results, descents=Points(loss, results.descents.down))


def with_low_ends(results: Results) -> Results:
    loss = np.zeros_like(results.descents.loss)
    return replace(results, descents=Points(loss, results.descents.down))


def with_a_step_more(results: Results) -> Results:
    courses = dict(results.off_the_ridge)
    first = next(iter(courses))
    courses[first] = np.append(courses[first], 1.0)
    return replace(results, off_the_ridge=courses)


def with_a_way_off_the_ridge(results: Results) -> Results:
    return replace(results, on_the_ridge=1e-300)


SPOILED = {
    "over all": with_many_high_points_and_few_ways_down,
    "distinct ones": with_unranked_distinct_points,
    "none of the critical points": with_a_high_minimum,
    "do end in minima": with_descents_that_stay,
    "hold descents up": with_descents_that_go_back,
    "all descents end below": with_a_high_end,
    "but not below all": with_low_ends,
    "is left": with_a_step_more,
    "from y = 0": with_a_way_off_the_ridge,
}
