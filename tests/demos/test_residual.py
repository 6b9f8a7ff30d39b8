"""Plain and residual networks of a pair differ in their skips alone."""

from __future__ import annotations

from itertools import zip_longest

import numpy as np
import pytest

from demos import blocks as layers, convolutional_resnet as images
from minigrad import nn, tensor


def weights(model: nn.Module) -> list[np.ndarray]:
    return [parameter.detach().numpy() for parameter in model.parameters()]


@pytest.mark.parametrize("blocks", [1, 3])
def test_convolutional_twins_have_the_same_weights(blocks: int) -> None:
    plain, residual = (
        images.network(kind, blocks, np.random.default_rng(2))
        for kind in (images.PLAIN, images.RESIDUAL)
    )
    for one, other in zip_longest(weights(plain), weights(residual)):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("blocks", [1, 3])
def test_convolutional_networks_are_as_deep_as_it_is_said(blocks: int) -> None:
    model = images.network(images.RESIDUAL, blocks, np.random.default_rng(2))
    with_weights = [m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len(with_weights) == images.layers(blocks)
    assert len(images.measure(model)) == 2 * blocks


def test_a_shortcut_takes_every_other_pixel_and_adds_channels_of_zeros() -> None:
    x = np.random.default_rng(3).standard_normal((2, 3, 4, 6)).astype(np.float32)
    found = images.Shortcut()(tensor(x)).numpy()
    assert found.shape == (2, 6, 2, 3)
    np.testing.assert_array_equal(found[:, :3], x[:, :, ::2, ::2])
    assert (found[:, 3:] == 0.0).all()


@pytest.mark.parametrize("depth", [4, 8])
def test_twins_of_layers_have_the_same_weights_and_are_as_deep_as_it_is_said(depth: int) -> None:
    settings = [layers.Setting(kind, depth) for kind in (layers.PLAIN, layers.RESIDUAL)]
    plain, residual = (layers.network(s, np.random.default_rng(2)) for s in settings)
    for one, other in zip_longest(weights(plain), weights(residual)):
        np.testing.assert_array_equal(one, other)
    assert sum(isinstance(m, nn.Linear) for m in plain.modules()) == depth
    assert layers.blocks(settings[0]) == (depth - 2) / 2


def test_branches_that_start_from_zero_pass_on_what_they_are_given() -> None:
    model = layers.network(layers.Setting(layers.FROM_ZERO, 8), np.random.default_rng(2))
    x = tensor(np.abs(np.random.default_rng(3).standard_normal((5, layers.WIDTH))))
    for block in list(model)[2:-1]:
        np.testing.assert_array_equal(block(x).detach().numpy(), x.numpy())
