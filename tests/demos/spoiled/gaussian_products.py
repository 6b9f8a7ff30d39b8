"""Spoiled results of `demos.gaussian_products`."""

from __future__ import annotations

from dataclasses import replace

from demos.gaussian_products import Results


def with_a_wrong_gradient(results: Results) -> Results:
    return replace(results, contradictions=1e-3)


def with_longer_gradients(results: Results) -> Results:
    return replace(results, gradients=results.gradients + 1.0)


def with_gradients_further_apart(results: Results) -> Results:
    mean = results.gradients.mean()
    return replace(results, gradients=mean + 1.5 * (results.gradients - mean))


def with_small_entries(results: Results) -> Results:
    return replace(results, largest=results.largest - 10.0)


def with_another_scale(results: Results) -> Results:
    return replace(results, neutral=results.neutral + 1.0)


SPOILED = {
    "first row": with_a_wrong_gradient,
    "predicted mean": with_longer_gradients,
    "predicted standard deviation": with_gradients_further_apart,
    "D2L prints": with_small_entries,
    "neither explode nor vanish": with_another_scale,
}
