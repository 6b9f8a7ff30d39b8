"""Schedules of the learning rate, with PyTorch's names and numbers.

After what all have in common come those that are a formula of the epoch, and then those that wait:
for a plateau of what is measured, or for their turn.
"""

import copy
import math
from bisect import bisect_right
from typing import Any, Literal

from ..autograd import replayed
from ..errors import Options, check, check_fields, expect, wrong_value
from .optimizer import Optimizer

_NOT_KEPT = "optimizer", "lr_lambda", "schedulers"  # a state has no copy of them


class LRScheduler(Options):
    """Sets the learning rate of every group; a subclass has its options, and a ``get_lr``.

    Making one already sets the learning rates of epoch 0. A learning rate that something else has
    changed meanwhile, another schedule or the user, keeps that change as a factor: so schedules can
    be chained. To take a run up again, make it first and then load the states.

    Raises:
        TypeError, ValueError: for options that cannot be; nothing is changed then.
    """

    optimizer: Optimizer

    def __post_init__(self) -> None:
        self._check()
        groups = self.optimizer.param_groups
        self.base_lrs: list[Any] = [g.setdefault("initial_lr", g["lr"]) for g in groups]
        self.last_epoch, self._own_lrs = -1, self.base_lrs
        self.step()

    def get_lr(self) -> list[float]:
        """The learning rates of the groups at ``last_epoch``, made of their ``base_lrs``."""
        raise TypeError(f"{type(self).__name__} has no get_lr; define one in its class")

    def get_last_lr(self) -> list[float]:
        """The learning rates of the groups, as they are now."""
        return [group["lr"] for group in self.optimizer.param_groups]

    @replayed
    def step(self) -> None:
        """Go on to the next epoch: due after the optimizer's steps."""
        self.last_epoch += 1
        try:
            lrs = self.get_lr()
            for lr in lrs:
                check(type(self).__name__, lr=lr)
        except BaseException:
            self.last_epoch -= 1
            raise
        for group, lr, before in zip(self.optimizer.param_groups, lrs, self._own_lrs, strict=True):
            group["lr"] = lr if before in (group["lr"], 0.0) else group["lr"] * (lr / before)
        self._own_lrs = lrs

    def state_dict(self) -> dict[str, Any]:
        """A copy of what changes and of the options, but for functions and other schedules."""
        return copy.deepcopy({k: v for k, v in vars(self).items() if k not in _NOT_KEPT})

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave; nothing is changed if it is another's."""
        wanted = sorted(self.state_dict())
        given = sorted(state_dict) if isinstance(state_dict, dict) else type(state_dict)
        who = f"{type(self).__name__}.load_state_dict"
        expect(wanted == given, who, wanted, given, "give its own")
        vars(self).update(copy.deepcopy(state_dict))

    def _check(self) -> None:
        """Raise if an option cannot be."""
        who, kind = type(self).__name__, type(self.optimizer)
        expect(issubclass(kind, Optimizer), who, "an optimizer", kind, "give one", TypeError)
        check_fields(self)

    def _scaled(self, factor: float) -> list[float]:
        return [lr * factor for lr in self.base_lrs]


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
        self.total_steps = self.total_steps or (self.epochs or 0) * (self.steps_per_epoch or 0)
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
