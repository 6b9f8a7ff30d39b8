"""One network learns the digits, step by step, and whoever started it may look in between."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from minigrad import nn, no_grad, optim, tensor
from minigrad.nn import functional as F

from .digits import LEARNED, PIXELS, Part, split


def learning(
    model: nn.Module,
    optimizer: optim.Optimizer,
    draw: np.random.Generator,
    steps: int,
    batch: int,
    shape: tuple[int, ...] = (PIXELS,),
) -> Iterator[float]:
    """Cross-entropy on batches of digits: after each step the loss that there was before it.

    The images come as arrays (batch, *shape).
    """
    digits, _ = split()
    images = digits.images.reshape(-1, *shape)
    for _ in range(steps):
        chosen = draw.integers(0, LEARNED, batch)
        loss = F.cross_entropy(model(tensor(images[chosen])), digits.labels[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield loss.item()


def share_wrong(model: nn.Module, part: Part, shape: tuple[int, ...] = (PIXELS,)) -> float:
    """Of these digits, in the mode that the model is in: by batch statistics, or running ones."""
    with no_grad():
        answers = np.asarray(model(tensor(part.images.reshape(-1, *shape)))).argmax(axis=1)
    return float((answers != part.labels).mean())
