"""The losses."""

from __future__ import annotations

from typing import Any

from . import functional
from .module import Module


class MSELoss(Module):
    """The mean squared error of input and target, of one shape; ``reduction`` as in `mse_loss`.

    >>> import minigrad
    >>> MSELoss()(minigrad.tensor([1.0, 2.0]), minigrad.tensor([1.0, 4.0]))
    tensor(2.)
    """

    def __init__(self, reduction: str = "mean") -> None:
        self.reduction = reduction

    def forward(self, input: Any, target: Any) -> Any:
        return functional.mse_loss(input, target, self.reduction)


class CrossEntropyLoss(Module):
    """``-log softmax`` at the target class: logits ``(N, C)``, class indices ``(N,)``.

    >>> import minigrad
    >>> CrossEntropyLoss()(minigrad.zeros(1, 4), minigrad.tensor([2]))
    tensor(1.3863)
    """

    def __init__(self, reduction: str = "mean") -> None:
        self.reduction = reduction

    def forward(self, input: Any, target: Any) -> Any:
        return functional.cross_entropy(input, target, self.reduction)
