"""Schedules that are a formula of the epoch."""

import math
from typing import Any, Literal

from ...errors import expect, wrong_value
from .schedule import LRScheduler


class LambdaLR(LRScheduler):
    """``initial_lr * lr_lambda(epoch)``.

    >>> from minigrad import optim, tensor
    >>> optimizer = optim.SGD([tensor([1.0])], lr=0.5)
    >>> schedule = LambdaLR(optimizer, lambda epoch: 1.0 / (1.0 + epoch))
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.25]
    """

    lr_lambda: Any

    def get_lr(self) -> list[float]:
        return self._scaled(self.lr_lambda(self.last_epoch))


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
        return self._scaled(self.gamma ** (self.last_epoch // self.step_size))


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
        return self._scaled(self.gamma ** sum(m <= self.last_epoch for m in self.milestones))


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
        return self._scaled(self.gamma**self.last_epoch)


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
        share = min(self.last_epoch / self.total_iters, 1.0)
        return self._scaled(self.start_factor + (self.end_factor - self.start_factor) * share)


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
        height = (1.0 + math.cos(math.pi * self.last_epoch / self.T_max)) / 2.0
        return [self.eta_min + (lr - self.eta_min) * height for lr in self.base_lrs]


class OneCycleLR(LRScheduler):
    """Up from ``max_lr / div_factor`` to ``max_lr``, then down to far below, once.

    Momentum (or the first of ``betas``) goes the other way (Smith & Topin 2019). Its ``step`` is
    due after every batch, ``total_steps`` times in all; one more raises.

    Args:
        optimizer: whose groups are changed.
        max_lr: the highest learning rate.
        total_steps: how many steps the cycle has.
        epochs: with ``steps_per_epoch``, instead of ``total_steps``.
        steps_per_epoch: with ``epochs``.
        pct_start: the share of the cycle that goes up.
        anneal_strategy: ``"cos"`` or ``"linear"``.
        cycle_momentum: whether the momentum changes too.
        base_momentum: its lowest value, when the learning rate is highest.
        max_momentum: its highest.
        div_factor: of ``max_lr``, for where the cycle starts.
        final_div_factor: of that start, for where it ends.

    >>> from minigrad import optim, tensor
    >>> optimizer = optim.SGD([tensor([1.0])], lr=0.5, momentum=0.9)
    >>> schedule = OneCycleLR(optimizer, max_lr=1.0, total_steps=10)
    >>> for _ in range(2):
    ...     schedule.step()
    >>> schedule.get_last_lr(), optimizer.param_groups[0]["momentum"]
    ([1.0], 0.85)
    """

    max_lr: float
    total_steps: Any = None
    epochs: int | None = None
    steps_per_epoch: int | None = None
    pct_start: float = 0.3
    anneal_strategy: Literal["cos", "linear"] = "cos"
    cycle_momentum: bool = True
    base_momentum: float = 0.85
    max_momentum: float = 0.95
    div_factor: float = 25.0
    final_div_factor: float = 1e4

    def _check(self) -> None:
        super()._check()
        if self.total_steps is None and self.epochs and self.steps_per_epoch:
            self.total_steps = self.epochs * self.steps_per_epoch
        expect(self.total_steps, "OneCycleLR", "total_steps, or epochs with steps_per_epoch", None)
        if self.cycle_momentum and not {"momentum", "betas"} & self.optimizer.defaults.keys():
            wanted, given = "an optimizer with momentum or betas", type(self.optimizer)
            raise wrong_value("OneCycleLR", wanted, given, "give cycle_momentum=False")
        for group in self.optimizer.param_groups:
            group["lr"] = group["initial_lr"] = self.max_lr / self.div_factor

    def get_lr(self) -> list[float]:
        """The learning rates of this step; the momenta are set here, too."""
        epoch, steps, foot = self.last_epoch, self.total_steps, self.div_factor
        expect(epoch <= steps, "OneCycleLR", f"{steps} steps", "another", "stop here")
        peak, end = self.pct_start * steps - 1.0, steps - 1.0
        if epoch <= peak:
            height = epoch / peak if peak else 1.0
        else:
            height, foot = max(0.0, end - epoch) / (end - peak or 1.0), foot * self.final_div_factor
        if self.anneal_strategy == "cos":
            height = (1.0 - math.cos(math.pi * height)) / 2.0
        momentum = self.max_momentum + (self.base_momentum - self.max_momentum) * height
        key = "betas" if "betas" in self.optimizer.defaults else "momentum"
        for group in self.optimizer.param_groups if self.cycle_momentum else []:
            group[key] = (momentum, group[key][1]) if key == "betas" else momentum
        low = self.max_lr / foot
        return [low + (self.max_lr - low) * height for _ in self.base_lrs]
