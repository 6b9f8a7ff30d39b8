"""Spoiled results of `demos.exploding_gradient_cliff`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from demos.exploding_gradient_cliff import CLIPS, GLOBAL, NARROW, NO_CLIP, POOR, STEPS, Results

Spoil = Callable[[Results], Results]


def with_one_end(clip: float, end: float) -> Spoil:
    """Another end of one descent, where it was already when it should have got there."""

    def spoil(results: Results) -> Results:
        course = results.courses[clip].copy()
        course[:, 0] = end
        return replace(results, courses={**results.courses, clip: course})

    return spoil


def with_a_longer_step(clip: float) -> Spoil:
    def spoil(results: Results) -> Results:
        course = results.courses[clip].copy()
        course[: STEPS // 2, 0] = course[-1, 0] - 10.1
        course[STEPS // 2 :, 0] = course[-1, 0]
        return replace(results, courses={**results.courses, clip: course})

    return spoil


def with_fewer_thrown(width: float) -> Spoil:
    def spoil(results: Results) -> Results:
        last = results.narrow[width].copy()
        thrown = abs(last - POOR) < 1.0
        last[thrown & (thrown.cumsum() % 2 == 0)] = GLOBAL
        return replace(results, narrow={**results.narrow, width: last})

    return spoil


SPOILED = {
    "not clipped, all": with_one_end(NO_CLIP, GLOBAL),
    **{f"clipped at {clip:g}": with_one_end(clip, POOR) for clip in CLIPS},
    "the longest step": with_a_longer_step(NO_CLIP),
    "a clipped step": with_a_longer_step(CLIPS[0]),
    **{f"a cliff of width {width:g} ": with_fewer_thrown(width) for width in NARROW},
}
