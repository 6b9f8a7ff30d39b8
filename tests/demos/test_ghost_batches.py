"""Ghost batches are what each would be alone."""

from __future__ import annotations

import numpy as np
import pytest

from demos.ghost_batches import GhostBatchNorm
from minigrad import nn, tensor

ROWS, UNITS = 12, 5


def rows() -> np.ndarray:
    return np.random.default_rng(1).standard_normal((ROWS, UNITS)).astype(np.float32)


@pytest.mark.parametrize("ghosts", [1, 2, 4])
def test_each_part_is_normalised_by_itself(ghosts: int) -> None:
    layer = GhostBatchNorm(UNITS, ghosts)
    layer.weight.data[...] = np.arange(1, UNITS + 1)
    layer.bias.data[...] = 0.5
    found = layer(tensor(rows())).detach().numpy()
    for part in range(ghosts):
        alone = nn.BatchNorm1d(UNITS, affine=False)(tensor(rows()[part::ghosts])).numpy()
        np.testing.assert_allclose(
            found[part::ghosts], alone * np.arange(1, UNITS + 1) + 0.5, atol=1e-5
        )


def test_in_evaluation_it_is_as_batch_norm_by_the_mean_of_what_parts_have_seen() -> None:
    layer, alone = GhostBatchNorm(UNITS, 3), [nn.BatchNorm1d(UNITS) for _ in range(3)]
    for number in range(4):
        x = rows() * (number + 1.0)
        layer(tensor(x))
        for part, norm in enumerate(alone):
            norm(tensor(x[part::3]))
    layer.eval()
    mean, var = (
        np.mean([getattr(norm, name).numpy() for norm in alone], axis=0)
        for name in ("running_mean", "running_var")
    )
    wanted = (rows() - mean) / np.sqrt(var + layer.parts.eps)
    np.testing.assert_allclose(layer(tensor(rows())).detach().numpy(), wanted, atol=1e-5)
