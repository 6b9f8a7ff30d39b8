"""Spoiled results of `demos.dead_at_birth`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from demos.dead_at_birth import DEPTHS, Results

Spoil = Callable[[Results], Results]


def with_dead(name: str, depth: int, more: float) -> Spoil:
    """At width 4, more networks that are dead at one depth: a share of all."""

    def spoil(results: Results) -> Results:
        born = results.born[4]
        counts = getattr(born, name).copy()
        counts[DEPTHS.index(depth)] += round(more * results.nets)
        return replace(results, born={**results.born, 4: born._replace(**{name: counts})})

    return spoil


def with_a_contradiction(results: Results) -> Results:
    return replace(results, born={**results.born, 1: results.born[1]._replace(contradictions=1)})


def with_a_dead_leaky_network(results: Results) -> Results:
    return replace(results, leaky=results.leaky._replace(no_gradient=1))


SPOILED = {
    "as many networks are born dead": with_dead("to_one", 10, 0.1),
    "as many of depth 2": with_dead("to_both", 2, 0.015),
    "not more than the bound": with_dead("to_both", 10, 0.2),
    "dead exactly where": with_a_contradiction,
    "with a leak": with_a_dead_leaky_network,
}
