"""Schedules that wait: for a plateau of what is measured, or for their turn."""

import math
from bisect import bisect_right
from dataclasses import field
from typing import Any, Literal

from ...errors import wrong_value
from .schedule import LRScheduler


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
        self._check()
        self.best = math.inf if self.mode == "min" else -math.inf
        self.last_epoch = self.num_bad_epochs = self.cooldown_counter = 0
        self._set(self._scaled(1.0))

    def step(self, metrics: Any) -> None:  # type: ignore[override]  # as in PyTorch
        """Go on to the next epoch, with what was measured in the last: a number."""
        current, sign = float(metrics), 1.0 if self.mode == "max" else -1.0
        margin, relative = sign * self.threshold, self.threshold_mode == "rel"
        bound = self.best * (1.0 + margin) if relative else self.best + margin
        self.last_epoch += 1
        self.num_bad_epochs += 1
        if sign * current > sign * bound:
            self.best, self.num_bad_epochs = current, 0
        if self.cooldown_counter > 0:
            self.cooldown_counter, self.num_bad_epochs = self.cooldown_counter - 1, 0
        lrs = self._scaled(1.0)
        if self.num_bad_epochs > self.patience:
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
            lower = map(max, self._scaled(self.factor), self.min_lr)
            lrs = [new if lr - new > self.eps else lr for lr, new in zip(lrs, lower, strict=True)]
        self._set(lrs)


class SequentialLR(LRScheduler):
    """One schedule after the other, each begun anew at its milestone.

    Args:
        optimizer: whose groups are changed.
        schedulers: schedules of it, neither `SequentialLR` nor `ReduceLROnPlateau`.
        milestones: the epochs at which the second and later ones begin, rising.
        last_epoch: -1 to begin.

    >>> from minigrad import optim, tensor
    >>> from minigrad.optim.lr_scheduler import ExponentialLR, LinearLR
    >>> optimizer = optim.SGD([tensor([1.0])], lr=0.5)
    >>> warm, cold = LinearLR(optimizer, 0.5, total_iters=2), ExponentialLR(optimizer, 0.5)
    >>> schedule = SequentialLR(optimizer, [warm, cold], milestones=[2])
    >>> for _ in range(3):
    ...     schedule.step()
    >>> schedule.get_last_lr()
    [0.25]
    """

    schedulers: list[LRScheduler]
    milestones: list[int]

    def _check(self) -> None:
        super()._check()
        wanted = "schedules of the same optimizer, neither SequentialLR nor ReduceLROnPlateau"
        for number, one in enumerate(self.schedulers):
            known = isinstance(one, LRScheduler) and one.optimizer is self.optimizer
            if not known or isinstance(one, (SequentialLR, ReduceLROnPlateau)):
                given = f"{type(one).__name__} as number {number}"
                raise wrong_value("SequentialLR", wanted, given, "make one")
        count = len(self.schedulers)
        if self.milestones != sorted(self.milestones) or len(self.milestones) != count - 1:
            wanted = f"{count - 1} rising milestones for {count} schedules"
            mend = "give one between each schedule and the next"
            raise wrong_value("SequentialLR", wanted, self.milestones, mend)

    def get_lr(self) -> list[float]:
        """The learning rates that the schedule whose turn it is sets."""
        index = bisect_right(self.milestones, self.last_epoch)
        current = self.schedulers[index]
        if self._initial:
            self._set(self.base_lrs)
            current._begin(current.last_epoch - 1)
        elif index > 0 and self.milestones[index - 1] == self.last_epoch:
            current.restart()
        else:
            current.step()
        return current.get_last_lr()
