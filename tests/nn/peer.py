"""Comparing with PyTorch: the same state, values within rounding, a stretch of training."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import optim, tensor

TOLERANCE = {np.dtype(np.float64): 1e-10, np.dtype(np.float32): 1e-5}


def near(found: Any, wanted: Any) -> None:
    """A tensor of ours and one of PyTorch's agree, relative to the largest entry."""
    found, wanted = found.detach().numpy(), wanted.detach().numpy()
    assert found.shape == wanted.shape
    assert found.dtype == wanted.dtype
    worst = abs(found - wanted).max(initial=0.0)
    assert worst <= TOLERANCE.get(found.dtype, 0.0) * max(1.0, abs(wanted).max(initial=0.0))


def start_alike(torch: Any, layer: Any, twin: Any, dtype: Any = np.float64) -> None:
    """Give PyTorch's layer the state of ours, which must have the same keys, and its dtype."""
    twin.to(getattr(torch, np.dtype(dtype).name))
    assert list(layer.state_dict()) == list(twin.state_dict())
    twin.load_state_dict({k: torch.from_numpy(np.array(v)) for k, v in layer.state_dict().items()})


def same_gradients(layer: Any, twin: Any) -> None:
    for ours, theirs in zip(layer.parameters(), twin.parameters(), strict=True):
        near(ours.grad, theirs.grad)


def train_alike(torch: Any, layer: Any, twin: Any, batches: Any, output: Any) -> None:
    """Steps of gradient descent on the mean of ``output(layer(x)) ** 2``, with the same losses."""
    pair = (
        (layer, optim.SGD(layer.parameters(), lr=0.1, momentum=0.9), tensor),
        (twin, torch.optim.SGD(twin.parameters(), lr=0.1, momentum=0.9), torch.from_numpy),
    )
    for x in batches:
        losses = []
        for net, optimizer, of in pair:
            loss = (output(net(of(x))) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        np.testing.assert_allclose(*losses, rtol=1e-8)
