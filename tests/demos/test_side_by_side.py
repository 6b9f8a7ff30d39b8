"""Networks that learn side by side learn what each would learn alone."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import numpy as np

from demos.digits import CLASSES, PIXELS, split
from demos.side_by_side import (
    BATCH,
    accuracies,
    before_activation,
    learn_digits,
    networks,
)
from minigrad import nn, optim, tensor
from minigrad.nn import functional as F, init

WIDTHS = (PIXELS, 16, 12, CLASSES)
STEPS, RATE = 12, 0.3
he = partial(init.kaiming_normal_, nonlinearity="relu")


def side_by_side(count: int) -> tuple[nn.Sequential, np.ndarray]:
    """Networks that have learned, and their losses."""
    draws = [np.random.default_rng([3, number]) for number in range(count)]
    model = networks(WIDTHS, draws, he, nn.ReLU())
    losses = learn_digits(model, draws, optim.SGD(model.parameters(), lr=RATE), STEPS)
    return model, losses


def alone(number: int) -> tuple[nn.Sequential, list[float]]:
    """The same with ordinary layers and a loop for one network."""
    draw = np.random.default_rng([3, number])
    modules: list[nn.Module] = []
    for fan_in, fan_out in pairwise(WIDTHS):
        layer = nn.Linear(fan_in, fan_out, generator=draw)
        he(layer.weight, generator=draw)
        assert layer.bias is not None
        init.zeros_(layer.bias)
        modules += [layer, nn.ReLU()]
    model, losses = nn.Sequential(*modules[:-1]), []
    optimizer, (digits, _) = optim.SGD(model.parameters(), lr=RATE), split()
    for _ in range(STEPS):
        batch = draw.integers(0, len(digits.images), BATCH)
        loss = F.cross_entropy(model(tensor(digits.images[batch])), digits.labels[batch])
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model, losses


def test_each_learns_as_if_it_were_alone() -> None:
    model, losses = side_by_side(3)
    digits, _ = split()
    for number in range(3):
        single, its_losses = alone(number)
        np.testing.assert_allclose(losses[:, number], its_losses, rtol=1e-4)
        right = single(tensor(digits.images)).detach().numpy().argmax(axis=1) == digits.labels
        assert abs(accuracies(model, digits)[number] - right.mean()) < 0.01
    assert losses[-1].max() < losses[0].min()


def test_each_learns_the_same_bit_for_bit_whichever_others_there_are() -> None:
    _, two = side_by_side(2)
    _, four = side_by_side(4)
    assert (two == four[:, :2]).all()


def test_what_layers_give_is_seen_before_the_activation() -> None:
    model, _ = side_by_side(2)
    digits, _ = split()
    x = tensor(digits.images[None, :5])
    given = before_activation(model, x)
    assert [z.shape for z in given] == [(2, 5, width) for width in WIDTHS[1:]]
    assert all((z.detach().numpy() < 0.0).any() for z in given)
    np.testing.assert_array_equal(given[-1].detach().numpy(), model(x).detach().numpy())
