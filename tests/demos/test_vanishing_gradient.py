"""What the demo measures, against the chain rule written out by hand in float64."""

from __future__ import annotations

import numpy as np
import pytest

from demos.digits import CLASSES, LEARNED, split
from demos.vanishing_gradient import BATCH, STARTS, Unit, layers, measure

DEPTH = 4


@pytest.mark.parametrize("name", STARTS)
def test_errors_are_those_of_the_chain_rule(name: str) -> None:
    unit = Unit(name, DEPTH, (5, 6))
    draw = np.random.default_rng([5, 6, DEPTH])
    digits, _ = split()
    batch = draw.choice(LEARNED, BATCH, replace=False)
    weights = [layer.weight.detach().numpy().astype(float) for layer in layers(unit, draw)]
    phi = STARTS[name].phi

    z = [digits.images[batch].astype(float) @ weights[0].T]
    for weight in weights[1:]:
        z.append(phi.value(z[-1]) @ weight.T)
    odds = np.exp(z[-1] - z[-1].max(axis=1, keepdims=True))
    truth = np.eye(CLASSES)[digits.labels[batch]]
    error = (odds / odds.sum(axis=1, keepdims=True) - truth) / BATCH
    norms = []
    for weight, before in zip(weights[:0:-1], z[-2::-1], strict=True):
        error = error @ weight * phi.slope(before)
        norms.append(np.linalg.norm(error))

    np.testing.assert_allclose(measure(unit).norms, norms[::-1], rtol=1e-4)


def test_the_digits_are_centred_scaled_and_split() -> None:
    learned, tested = split()
    images = np.concatenate([learned.images, tested.images]).astype(float)
    assert learned.images.shape == (1437, 64)
    assert tested.images.shape == (360, 64)
    np.testing.assert_allclose(images.mean(axis=0), 0.0, atol=1e-6)
    assert images.std() == pytest.approx(1.0)
    for part in learned, tested:
        assert set(part.labels.tolist()) == set(range(CLASSES))
        assert not part.images.flags.writeable
