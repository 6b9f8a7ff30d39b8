"""Schedules that are a formula of the epoch."""

import math
from dataclasses import dataclass
from typing import Any

from ...ranges import check
from .schedule import LRScheduler


@dataclass(eq=False, repr=False)
class LambdaLR(LRScheduler):
    """``initial_lr * lr_lambda(epoch)``; one function for all groups or a list of them.

    >>> from minigrad import optim, tensor
    >>> optimizer = optim.SGD([tensor([1.0])], lr=0.5)
    >>> schedule = LambdaLR(optimizer, lambda epoch: 1.0 / (1.0 + epoch))
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.25]
    """

    lr_lambda: Any

    per_group = "lr_lambda"

    def get_lr(self) -> list[float]:
        pairs = zip(self.base_lrs, self.lr_lambda, strict=True)
        lrs = [lr * factor(self.last_epoch) for lr, factor in pairs]
        for lr in lrs:
            check("LambdaLR", lr=lr)
        return lrs


@dataclass(eq=False, repr=False)
class StepLR(LRScheduler):
    """Multiply by ``gamma`` every ``step_size`` epochs.

    >>> from minigrad import optim, tensor
    >>> optimizer = optim.SGD([tensor([1.0])], lr=0.5)
    >>> schedule = StepLR(optimizer, step_size=1, gamma=0.5)
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.25]
    """

    step_size: int
    gamma: float = 0.1

    def get_lr(self) -> list[float]:
        due = self.last_epoch > 0 and self.last_epoch % self.step_size == 0
        return self._scaled(self.gamma if due else 1.0)


@dataclass(eq=False, repr=False)
class MultiStepLR(LRScheduler):
    """Multiply by ``gamma`` at each of the epochs ``milestones``, as often as one is named.

    >>> from minigrad import optim, tensor
    >>> optimizer = optim.SGD([tensor([1.0])], lr=0.5)
    >>> schedule = MultiStepLR(optimizer, [1, 5], gamma=0.5)
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.25]
    """

    milestones: list[int]
    gamma: float = 0.1

    def get_lr(self) -> list[float]:
        return self._scaled(self.gamma ** self.milestones.count(self.last_epoch))


@dataclass(eq=False, repr=False)
class ExponentialLR(LRScheduler):
    """Multiply by ``gamma`` every epoch.

    >>> from minigrad import optim, tensor
    >>> optimizer = optim.SGD([tensor([1.0])], lr=0.5)
    >>> schedule = ExponentialLR(optimizer, gamma=0.5)
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.25]
    """

    gamma: float

    def get_lr(self) -> list[float]:
        return self._scaled(1.0 if self._initial else self.gamma)


@dataclass(eq=False, repr=False)
class LinearLR(LRScheduler):
    """From ``start_factor`` to ``end_factor`` times the learning rate in ``total_iters`` epochs.

    >>> from minigrad import optim, tensor
    >>> optimizer = optim.SGD([tensor([1.0])], lr=0.5)
    >>> schedule = LinearLR(optimizer, start_factor=0.5, total_iters=2)
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.375]
    """

    start_factor: float = 1.0 / 3.0
    end_factor: float = 1.0
    total_iters: int = 5

    def get_lr(self) -> list[float]:
        start, rise, epoch = self.start_factor, self.end_factor - self.start_factor, self.last_epoch
        if epoch == 0:
            return self._scaled(start)
        if self._initial or epoch > self.total_iters:
            return self._scaled(1.0)
        return self._scaled(1.0 + rise / (self.total_iters * start + (epoch - 1) * rise))


@dataclass(eq=False, repr=False)
class CosineAnnealingLR(LRScheduler):
    """Half a cosine down to ``eta_min`` in ``T_max`` epochs, and up again after that.

    It is Loshchilov & Hutter 2017, eq. 5, without its restarts.

    >>> from minigrad import optim, tensor
    >>> optimizer = optim.SGD([tensor([1.0])], lr=0.5)
    >>> schedule = CosineAnnealingLR(optimizer, T_max=2)
    >>> schedule.step()
    >>> round(schedule.get_last_lr()[0], 6)
    0.25
    """

    T_max: int
    eta_min: float = 0.0

    def get_lr(self) -> list[float]:
        lrs, epoch, low = self._scaled(1.0), self.last_epoch, self.eta_min
        if self._initial:
            return lrs
        if (epoch - 1 - self.T_max) % (2 * self.T_max) == 0:  # from the very bottom, by addition
            rise = (1.0 - math.cos(math.pi / self.T_max)) / 2.0
            return [lr + (base - low) * rise for lr, base in zip(lrs, self.base_lrs, strict=True)]
        now, before = (1.0 + math.cos(math.pi * t / self.T_max) for t in (epoch, epoch - 1))
        return [now / before * (lr - low) + low for lr in lrs]
