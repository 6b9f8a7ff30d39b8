"""What a workload is: one training step, told once for each way of doing it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import peers
from .peers import Loss, Step, Update

NAMES = (
    "descent",
    "tiny",
    "deep_sigmoid",
    "digits_mlp",
    "residual",
    "rnn",
    "lstm",
    "conv",
    "elementwise",
    "hvp",
)
Script = Callable[[], Any]  # a step that returns its loss as a tensor
LABELS = {
    "minigrad": "minigrad",
    "compiled": "compiled",
    "numpy": "NumPy by hand",
    "torch": "PyTorch eager",
    "jax": "JAX jit",
    "autograd": "autograd",
    "mygrad": "MyGrad",
}


@dataclass(frozen=True)
class Workload:
    """One training step; all ways start from the same arrays, and must have the same losses."""

    script: Callable[[Any, Any, Any], Script]  # of (library, nn, optim): minigrad's, or PyTorch's
    numpy: Callable[[], Step] | None  # preallocated and in place: the limit
    arrays: Sequence[np.ndarray] = ()  # the parameters at the start
    loss: Loss | None = None  # with NumPy's names, for the peers that have no modules
    update: Update | None = None
    others: Mapping[str, Callable[[], Step]] = field(default_factory=dict)  # told in their own way

    def step(self, way: str) -> Step | None:
        """The step in one way; None if that way cannot."""
        if way in ("minigrad", "compiled", "torch"):
            library = importlib.import_module("torch" if way == "torch" else "minigrad")
            step = self.script(library, library.nn, library.optim)
            run = library.compile(step) if way == "compiled" else step
            return lambda: float(run().item())
        if way == "numpy":
            return self.numpy() if self.numpy else None
        if way in self.others:
            return self.others[way]()
        if self.loss is None or self.update is None:
            return None
        made: Step = getattr(peers, way)(self.loss, self.arrays, self.update)
        return made


def load(name: str, **sizes: int) -> Workload:
    """A workload by its name, in other sizes than its own if given."""
    module = importlib.import_module(f"{__package__}.{name}")
    made: Workload = module.workload(**sizes)
    return made


def copied(library: Any, parameters: Any, arrays: Sequence[np.ndarray]) -> None:
    """Start a model's parameters from the arrays."""
    for parameter, array in zip(parameters, arrays, strict=True):
        parameter.data = library.tensor(array)
