"""A network that learns step by step learns what a loop of one's own would teach it."""

from __future__ import annotations

import numpy as np
import pytest

from demos.digits import CLASSES, LEARNED, PIXELS, Part, split
from demos.learning import learning, share_wrong
from minigrad import nn, optim, tensor
from minigrad.nn import functional as F

STEPS, BATCH, RATE = 5, 16, 0.5


def linear() -> nn.Linear:
    return nn.Linear(PIXELS, CLASSES, generator=np.random.default_rng(0))


def test_losses_and_weights_are_those_of_a_loop() -> None:
    model, own, draw = linear(), linear(), np.random.default_rng(1)
    optimizer = optim.SGD(model.parameters(), lr=RATE)
    found = list(learning(model, optimizer, np.random.default_rng(1), STEPS, BATCH))
    digits, _ = split()
    for loss_found in found:
        chosen = draw.integers(0, LEARNED, BATCH)
        loss = F.cross_entropy(own(tensor(digits.images[chosen])), digits.labels[chosen])
        assert loss.item() == loss_found
        own.zero_grad()
        loss.backward()
        for parameter in own.parameters():
            parameter.data -= RATE * parameter.grad.numpy()
    np.testing.assert_allclose(model.weight.detach().numpy(), own.weight.detach().numpy(), 1e-6)
    assert len(found) == STEPS


def test_images_come_in_the_shape_that_is_asked_for() -> None:
    convolution = nn.Conv2d(1, 2, 3)
    model = nn.Sequential(convolution, nn.Flatten(), nn.Linear(72, CLASSES))
    optimizer, draw, shape = optim.SGD(model.parameters()), np.random.default_rng(1), (1, 8, 8)
    assert len(list(learning(model, optimizer, draw, 2, BATCH, shape))) == 2
    assert 0.0 < share_wrong(model, split()[1], shape) < 1.0
    with pytest.raises(ValueError, match="Conv2d expects"):
        share_wrong(model, split()[1])


def test_the_share_of_digits_that_are_told_wrong() -> None:
    images = np.eye(4, PIXELS, dtype=np.float32)  # of which each is told by its place
    model = nn.Linear(PIXELS, CLASSES, bias=False)
    model.weight.data[...] = np.eye(CLASSES, PIXELS)
    assert share_wrong(model, Part(images, np.array([0, 1, 2, 3]))) == 0.0
    assert share_wrong(model, Part(images, np.array([0, 1, 2, 4]))) == 0.25
