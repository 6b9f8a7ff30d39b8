"""The activations, element by element: any shape to the same shape."""

from __future__ import annotations

from typing import Any

from . import functional
from .module import Module


class Sigmoid(Module):
    """``1 / (1 + exp(-x))``, between 0 and 1; its slope is at most 1/4, at 0.

    >>> import minigrad
    >>> Sigmoid()(minigrad.tensor([0.0]))
    tensor([0.5])
    """

    def forward(self, x: Any) -> Any:
        return functional.sigmoid(x)


class Tanh(Module):
    """The hyperbolic tangent, between -1 and 1; its slope is at most 1, at 0.

    >>> import minigrad
    >>> Tanh()(minigrad.tensor([0.0]))
    tensor([0.])
    """

    def forward(self, x: Any) -> Any:
        return functional.tanh(x)


class ReLU(Module):
    """``x`` where positive, 0 elsewhere (Nair & Hinton 2010); its slope at 0 is 0.

    >>> import minigrad
    >>> ReLU()(minigrad.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """

    def forward(self, x: Any) -> Any:
        return functional.relu(x)
