"""Schedules that are a formula of the epoch."""

import math
from typing import Any, Literal

from ...errors import wrong_value
from ...ranges import check
from .schedule import LRScheduler


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
        if self._initial or epoch > self.total_iters:
            return self._scaled(1.0 if epoch else start)
        return self._scaled(1.0 + rise / (self.total_iters * start + (epoch - 1) * rise))


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
        now, before = (1.0 + math.cos(math.pi * t / self.T_max) for t in (epoch, epoch - 1))
        if self._initial:
            return lrs
        if (epoch - 1 - self.T_max) % (2 * self.T_max) == 0:  # from the very bottom, by addition
            rises = [(base - low) * now / 2.0 for base in self.base_lrs]
            return [lr + rise for lr, rise in zip(lrs, rises, strict=True)]
        return [now / before * (lr - low) + low for lr in lrs]


class OneCycleLR(LRScheduler):
    """Up from ``max_lr / div_factor`` to ``max_lr``, then down to far below, once.

    Momentum (or the first of ``betas``) goes the other way (Smith & Topin 2019). Its ``step`` is
    due after every batch, ``total_steps`` times in all; one more raises.

    Args:
        optimizer: whose groups are changed.
        max_lr: the highest learning rate, one for all groups or a list, as the momenta below.
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
        three_phase: come down to the start as slowly as it went up, and end from there.
        last_epoch: -1 to begin, or the step from which to go on.

    >>> from minigrad import optim, tensor
    >>> optimizer = optim.SGD([tensor([1.0])], lr=0.5, momentum=0.9)
    >>> schedule = OneCycleLR(optimizer, max_lr=1.0, total_steps=10)
    >>> for _ in range(2):
    ...     schedule.step()
    >>> schedule.get_last_lr(), optimizer.param_groups[0]["momentum"]
    ([1.0], 0.85)
    """

    max_lr: Any  # a number, or a list of numbers
    total_steps: Any = None
    epochs: int | None = None
    steps_per_epoch: int | None = None
    pct_start: float = 0.3
    anneal_strategy: Literal["cos", "linear"] = "cos"
    cycle_momentum: bool = True
    base_momentum: Any = 0.85
    max_momentum: Any = 0.95
    div_factor: float = 25.0
    final_div_factor: float = 1e4
    three_phase: bool = False

    per_group = "max_lr base_momentum max_momentum"

    def _check(self) -> None:
        super()._check()
        if self.total_steps is None and self.epochs and self.steps_per_epoch:
            self.total_steps = self.epochs * self.steps_per_epoch
        if self.total_steps is None:
            wanted = "total_steps, or epochs and steps_per_epoch"
            raise wrong_value("OneCycleLR", wanted, "neither", "give one or the other")
        groups, given = self.optimizer.param_groups, type(self.optimizer).__name__
        if self.cycle_momentum and not {"momentum", "betas"} & self.optimizer.defaults.keys():
            wanted = "an optimizer with momentum or betas"
            raise wrong_value("OneCycleLR", wanted, given, "give cycle_momentum=False")
        if self.last_epoch == -1:
            for group, top in zip(groups, self.max_lr, strict=True):
                group["initial_lr"] = top / self.div_factor

    def get_lr(self) -> list[float]:
        """The learning rates of this step; the momenta are set here, too."""
        epoch, steps, three = self.last_epoch, self.total_steps, self.three_phase
        if epoch > steps:
            raise wrong_value("OneCycleLR", f"{steps} steps", "another", "stop here")
        up = self.pct_start * steps - 1.0
        ends = [0.0, up, *[2.0 * up] * three, steps - 1.0]
        phase = sum(epoch > end for end in ends[1:-1])
        length = ends[phase + 1] - ends[phase]
        rest = max(0.0, (ends[phase + 1] - epoch) / length) if length else 0.0
        if self.anneal_strategy == "cos":
            rest = (1.0 - math.cos(math.pi * rest)) / 2.0
        lrs = []
        columns = self.optimizer.param_groups, self.max_lr, self.base_momentum, self.max_momentum
        for group, top, low, high in zip(*columns, strict=True):
            start = top / self.div_factor
            rates = [start, top, *[start] * three, start / self.final_div_factor]
            paths = rates, [high, low, high, high]
            lr, momentum = (p[phase + 1] + (p[phase] - p[phase + 1]) * rest for p in paths)
            lrs.append(lr)
            if self.cycle_momentum and "betas" in group:
                group["betas"] = momentum, group["betas"][1]
            elif self.cycle_momentum:
                group["momentum"] = momentum
        return lrs
