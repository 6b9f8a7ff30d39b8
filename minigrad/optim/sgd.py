"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable

from ..autograd import Tensor
from .optimizer import Optimizer


class SGD(Optimizer):
    """``p -= lr * gradient`` of every parameter that has a gradient.

    Args:
        params: the parameters, tensors that require grad.
        lr: the learning rate, not negative.

    >>> import minigrad
    >>> x = minigrad.tensor([1.0], requires_grad=True)
    >>> optimizer = SGD([x], lr=0.1)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x.tolist()
    [0.800000011920929]
    """

    def __init__(self, params: Iterable[Tensor], lr: float = 1e-3) -> None:
        super().__init__(params, lr)

    def step(self) -> None:
        """Move every parameter against its gradient, in place."""
        for array, gradient in self.pairs():
            array -= self.lr * gradient
