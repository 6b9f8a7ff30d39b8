"""Schedules that wait: for a plateau of what is measured, or for their turn."""

import math
from bisect import bisect_right
from typing import Any, Literal

from ...autograd import replayed
from ...errors import expect, wrong_value
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
        min_lr: the learning rate does not fall below it.
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
    min_lr: float = 0.0
    eps: float = 1e-8

    def __post_init__(self) -> None:
        self._check()
        self.best = math.inf if self.mode == "min" else -math.inf
        self.last_epoch = self.num_bad_epochs = self.cooldown_counter = 0

    @replayed
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
        if self.num_bad_epochs > self.patience:
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
            for group in self.optimizer.param_groups:
                lower = max(group["lr"] * self.factor, self.min_lr)
                group["lr"] = lower if group["lr"] - lower > self.eps else group["lr"]


class SequentialLR(LRScheduler):
    """One schedule after the other, each begun anew at its milestone.

    Args:
        optimizer: whose groups are changed.
        schedulers: schedules of it, but for `ReduceLROnPlateau`.
        milestones: the epochs at which the second and later ones begin, rising.

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
        for number, one in enumerate(self.schedulers):
            known = isinstance(one, LRScheduler) and not isinstance(one, ReduceLROnPlateau)
            wanted = "schedules of the same optimizer, but for ReduceLROnPlateau"
            given = f"{type(one).__name__} as number {number}"
            expect(known and one.optimizer is self.optimizer, "SequentialLR", wanted, given)
        count = len(self.schedulers)
        if self.milestones != sorted(self.milestones) or len(self.milestones) != count - 1:
            wanted = f"{count - 1} rising milestones for {count} schedules"
            raise wrong_value("SequentialLR", wanted, self.milestones, "give one between each two")
        for group in self.optimizer.param_groups:  # which the making of the schedules has changed
            group["lr"] = group["initial_lr"]

    def get_lr(self) -> list[float]:
        """The learning rates of the schedule whose turn it is, at its own epoch."""
        index = bisect_right(self.milestones, self.last_epoch)
        current = self.schedulers[index]
        current.base_lrs = self.base_lrs
        current.last_epoch = self.last_epoch - [0, *self.milestones][index]
        return current.get_lr()
