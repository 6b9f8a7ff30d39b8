"""What all optimizers have in common: the parameters, and how they are changed in place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from ..autograd import Tensor
from ..autograd.changes import mark_changed


class Optimizer:
    """Holds parameters and a learning rate; a subclass says what a step is."""

    def __init__(self, params: Iterable[Tensor], lr: float) -> None:
        if isinstance(params, Tensor):
            raise TypeError("an optimizer expects a list of parameters, got one tensor; write [p]")
        self.params = list(params)
        name = type(self).__name__
        if not self.params:
            raise ValueError(
                f"{name} expects parameters, got none; call it after the model is built"
            )
        for number, parameter in enumerate(self.params):
            if not isinstance(parameter, Tensor) or not parameter.is_leaf:
                raise TypeError(
                    f"{name} expects parameters that are leaves, got {type(parameter).__name__} as "
                    f"number {number}; give model.parameters()"
                )
        if not lr >= 0.0:
            raise ValueError(f"{name} expects lr >= 0, got {lr}")
        self.lr = lr

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to None."""
        for parameter in self.params:
            parameter.grad = None

    def pairs(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The array and gradient of every parameter that has one; the array is then changed."""
        due = [parameter for parameter in self.params if parameter._grad is not None]
        for parameter in due:
            yield parameter._array, parameter._grad._array
        mark_changed(*[parameter._array for parameter in due])

    def step(self) -> None:
        """Change the parameters once."""
        raise TypeError(f"{type(self).__name__} has no step; define one in its class")
