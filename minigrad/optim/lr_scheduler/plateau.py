"""A schedule that waits for a plateau of what is measured."""

import math
from dataclasses import dataclass, field
from typing import Any, Literal

from .schedule import LRScheduler


@dataclass(eq=False, repr=False)
class ReduceLROnPlateau(LRScheduler):
    """Multiply by ``factor`` when a measure has not improved for more than ``patience`` epochs.

    Its ``step`` takes the measure. NaN never counts as better.

    Args:
        optimizer: whose groups are changed.
        mode: ``"min"`` if less is better, or ``"max"``.
        factor: below 1.
        patience: how many epochs without improvement are passed over.
        threshold: how much better counts as better.
        threshold_mode: ``"rel"``, as a share of the best so far, or ``"abs"``.
        cooldown: how many epochs to wait after each change.
        min_lr: the learning rate does not fall below it; for all groups or a list.
        eps: a change by no more is not made.

    >>> from minigrad import optim, tensor
    >>> optimizer = optim.SGD([tensor([1.0])], lr=0.5)
    >>> schedule = ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    >>> for loss in 3.0, 2.0, 2.0, 2.0:
    ...     schedule.step(loss)
    >>> schedule.get_last_lr()
    [0.25]
    """

    mode: Literal["min", "max"] = "min"
    factor: float = 0.1
    patience: int = 10
    threshold: float = 1e-4
    threshold_mode: Literal["rel", "abs"] = "rel"
    cooldown: int = 0
    min_lr: Any = 0.0
    eps: float = 1e-8
    last_epoch: int = field(init=False)

    per_group = "min_lr"

    def __post_init__(self) -> None:
        self.last_epoch = 0
        self._check()
        self.best = math.inf if self.mode == "min" else -math.inf
        self.num_bad_epochs = self.cooldown_counter = 0
        self._set(self._scaled(1.0))

    def step(self, metrics: Any) -> None:  # type: ignore[override]  # as in PyTorch
        """Go on to the next epoch, with what was measured in the last: a number."""
        current = float(metrics)
        self.last_epoch += 1
        self.num_bad_epochs += 1
        if self._is_better(current):
            self.best, self.num_bad_epochs = current, 0
        if self.cooldown_counter > 0:
            self.cooldown_counter, self.num_bad_epochs = self.cooldown_counter - 1, 0
        lrs = self._scaled(1.0)
        if self.num_bad_epochs > self.patience:
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
            lower = map(max, self._scaled(self.factor), self.min_lr)
            lrs = [new if lr - new > self.eps else lr for lr, new in zip(lrs, lower, strict=True)]
        self._set(lrs)

    def _is_better(self, current: float) -> bool:
        margin = self.threshold if self.mode == "max" else -self.threshold
        bound = self.best * (1.0 + margin) if self.threshold_mode == "rel" else self.best + margin
        return current > bound if self.mode == "max" else current < bound
