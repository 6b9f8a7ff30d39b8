"""Networks of one shape that learn side by side, as one array whose first axis counts them.

Each has its own start and its own batches, from a generator of its own, so that it learns the same
whichever others there are. They share what costs most in a small network, the calls of NumPy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from minigrad import nn, no_grad, optim, tensor
from minigrad.nn import functional as F

from .digits import CLASSES, LEARNED, Part, split

BATCH = 64


class Linears(nn.Module):
    """Linear layers of one shape: ``(networks, N, in) -> (networks, N, out)``."""

    def __init__(self, layers: Sequence[nn.Linear]) -> None:
        weights = [layer.weight.detach().numpy().T for layer in layers]
        biases = [layer.bias.detach().numpy() for layer in layers if layer.bias is not None]
        self.weight = nn.Parameter(np.stack(weights))
        self.bias = nn.Parameter(np.stack(biases)[:, None]) if biases else None

    def forward(self, x: Any) -> Any:
        z = x @ self.weight
        return z if self.bias is None else z + self.bias


def networks(
    widths: Sequence[int],
    draws: Sequence[np.random.Generator],
    fill: Callable[..., Any],
    activation: nn.Module,
    bias: bool = True,
) -> nn.Sequential:
    """One network for each generator, with weights filled from it, and biases that start at 0."""
    modules: list[nn.Module] = []
    for fan_in, fan_out in pairwise(widths):
        layers = [nn.Linear(fan_in, fan_out, bias, generator=draw) for draw in draws]
        for layer, draw in zip(layers, draws, strict=True):
            fill(layer.weight, generator=draw)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        modules += [Linears(layers), activation]
    return nn.Sequential(*modules[:-1])


def before_activation(model: nn.Sequential, x: Any) -> list[Any]:
    """What every linear layer gives; the last are the outputs."""
    given = []
    for module in model:
        x = module(x)
        if isinstance(module, Linears):
            given.append(x)
    return given


def learn_digits(
    model: nn.Sequential,
    draws: Sequence[np.random.Generator],
    optimizer: optim.Optimizer,
    steps: int,
    batch: int = BATCH,
) -> np.ndarray:
    """Cross-entropy on batches of digits: the losses (steps, networks), before each step."""
    digits, _ = split()
    losses = np.empty((steps, len(draws)))
    for step in range(steps):
        batches = np.stack([draw.integers(0, LEARNED, batch) for draw in draws])
        logits = model(tensor(digits.images[batches])).reshape(-1, CLASSES)
        of_each = F.cross_entropy(logits, digits.labels[batches].ravel(), reduction="none")
        loss = of_each.reshape(len(draws), batch).mean(axis=1)
        losses[step] = loss.detach().numpy()
        optimizer.zero_grad()
        loss.sum().backward()
        optimizer.step()
    return losses


def accuracies(model: nn.Sequential, part: Part) -> np.ndarray:
    """The share of digits that each network tells right."""
    with no_grad():
        answers = np.asarray(model(tensor(part.images[None]))).argmax(axis=-1)
    return np.asarray((answers == part.labels).mean(axis=-1))
