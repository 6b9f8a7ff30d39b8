"""Mixed precision: float16 emulated in float32, and the scaling of losses that it needs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import field
from typing import Any, Literal, NamedTuple

import numpy as np

from .autograd.modes import ALTER, ALTERATION, switched
from .clipping import global_norm, gradients_of, scale as scale_arrays
from .errors import Options, check_fields, expect
from .optim import Optimizer


@contextmanager
def emulate(dtype: Any = np.float16) -> Iterator[None]:
    """Within it every operation's result is rounded to ``dtype``, forward and backward.

    Values are computed and kept in the dtype they have, float32 as a rule, since NumPy's own
    float16 products are slow: they are those that float16 can hold, 6e-8 to 65504 in size, or 0 or
    infinite. Parameters are not touched: they are the master weights (Micikevicius et al. 2018,
    section 3.1). A fused kernel, such as a linear layer, counts as one operation.

    >>> import minigrad
    >>> x = minigrad.tensor([1.0, 6e4, 1e-8])
    >>> with emulate(np.float16):
    ...     x * 1.1
    tensor([1.0996,    inf, 0.    ])
    """
    kind, given = np.dtype(dtype).kind, np.dtype(dtype)
    expect(kind == "f", "emulate", "a dtype of floats", given, "give np.float16", TypeError)

    def rounded(value: Any) -> Any:
        if getattr(getattr(value, "dtype", None), "kind", "") != "f":
            return value
        with np.errstate(over="ignore"):  # infinity is the result that is wanted
            return value.astype(dtype).astype(value.dtype)

    token = ALTERATION.set(rounded)
    try:
        with switched(ALTER, 0):
            yield
    finally:
        ALTERATION.reset(token)


class ScaledStep(NamedTuple):
    """What the latest `GradScaler.step` did."""

    skipped: bool = False
    reason: str = ""  # why it was skipped
    scale: float = 1.0  # the scale of the loss whose gradients it took
    times_skipped: int = 0
    steps: int = 0


class GradScaler(Options):
    """Scales the loss, so that small gradients do not become zero in float16.

    Gradients are divided by the scale again before the optimizer sees them. A step whose gradients
    are not finite is skipped, and ``last_step`` says so; with ``dynamic`` the scale is then
    multiplied by ``backoff_factor``, and after ``growth_interval`` steps in a row that were not
    skipped by ``growth_factor`` (Micikevicius et al. 2018, section 3.2).

    Args:
        device: PyTorch's first argument, here always ``"cpu"``.
        init_scale: the first scale.
        growth_factor: above 1.
        backoff_factor: between 0 and 1.
        growth_interval: a whole number from 1 on.
        enabled: otherwise nothing is scaled, and every step is the optimizer's own.
        dynamic: change the scale; otherwise it stays what it is.

    >>> from minigrad import optim, tensor
    >>> x = tensor([1.0], requires_grad=True)
    >>> optimizer, scaler = optim.SGD([x], lr=0.1), GradScaler(init_scale=1024.0)
    >>> scaler.scale((x * x).sum()).backward()
    >>> scaler.step(optimizer)
    >>> scaler.update()
    >>> x.grad, scaler.last_step.skipped, scaler.get_scale()
    (tensor([2.]), False, 1024.0)
    """

    device: Literal["cpu"] = "cpu"
    init_scale: float = 65536.0
    growth_factor: float = 2.0
    backoff_factor: float = 0.5
    growth_interval: int = 2000
    enabled: bool = True
    dynamic: bool = field(default=True, kw_only=True)

    def __post_init__(self) -> None:
        check_fields(self)
        self._scale, self._growth_tracker = float(self.init_scale), 0
        self._found: dict[int, bool] = {}  # of optimizers since update(): whether all is finite
        self.last_step = ScaledStep()

    def scale(self, outputs: Any) -> Any:
        """A loss times the scale."""
        return outputs * self._scale if self.enabled else outputs

    def unscale_(self, optimizer: Optimizer) -> None:
        """Divide the gradients by the scale, in place: due before they are clipped by hand."""
        if id(optimizer) in self._found:
            raise RuntimeError("unscale_ is due once for each optimizer before update()")
        gradients = gradients_of(optimizer._named).values()
        scale_arrays(gradients, 1.0 / self._scale)
        self._found[id(optimizer)] = bool(np.isfinite(global_norm(gradients)))

    def step(self, optimizer: Optimizer) -> Any:
        """The optimizer's step with unscaled gradients, unless they are not finite."""
        if not self.enabled:
            return optimizer.step()
        if id(optimizer) not in self._found:
            self.unscale_(optimizer)
        skipped = not self._found[id(optimizer)]
        reason = f"a gradient was not finite at a scale of {self._scale:g}" if skipped else ""
        counts = self.last_step.times_skipped + skipped, self.last_step.steps + 1
        self.last_step = ScaledStep(skipped, reason, self._scale, *counts)
        return None if skipped else optimizer.step()

    def update(self) -> None:
        """Change the scale as the steps since the last call went."""
        finite, self._found = all(self._found.values()), {}
        if self.enabled and self.dynamic:
            steps = (self._growth_tracker + 1) % self.growth_interval
            self._growth_tracker = steps if finite else 0
            if self._growth_tracker == 0:
                self._scale *= self.growth_factor if finite else self.backoff_factor

    def get_scale(self) -> float:
        """The scale of the next loss."""
        return self._scale if self.enabled else 1.0
