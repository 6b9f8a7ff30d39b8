"""One cycle of the learning rate, and of the momentum against it."""

import math
from dataclasses import dataclass
from typing import Any, Literal

from .schedule import LRScheduler


@dataclass(eq=False, repr=False)
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

    def __post_init__(self) -> None:
        self._check()
        optimizer, steps = self.optimizer, self.total_steps
        if steps is None and self.epochs is not None and self.steps_per_epoch is not None:
            self.total_steps = steps = self.epochs * self.steps_per_epoch
        if steps is None:
            raise ValueError("OneCycleLR expects total_steps, or epochs and steps_per_epoch")
        if self.cycle_momentum and not {"momentum", "betas"} & optimizer.defaults.keys():
            raise ValueError(
                "OneCycleLR expects an optimizer with momentum or betas, got "
                f"{type(optimizer).__name__}; give cycle_momentum=False"
            )
        up, last = self.pct_start * steps - 1.0, steps - 1.0
        self._ends = [0.0, up, 2.0 * up, last] if self.three_phase else [0.0, up, last]
        if self.last_epoch == -1:
            for group, top in zip(optimizer.param_groups, self.max_lr, strict=True):
                group["initial_lr"] = top / self.div_factor
        super().__post_init__()

    def get_lr(self) -> list[float]:
        """The learning rates of this step; the momenta are set here, too."""
        epoch, ends, lrs = self.last_epoch, self._ends, []
        if epoch > self.total_steps:
            raise ValueError(f"OneCycleLR expects {self.total_steps} steps, got another; stop here")
        phase = next((i for i, end in enumerate(ends[1:-1]) if epoch <= end), len(ends) - 2)
        length = ends[phase + 1] - ends[phase]
        share = min(1.0, (epoch - ends[phase]) / length) if length else 1.0
        columns = self.optimizer.param_groups, self.max_lr, self.base_momentum, self.max_momentum
        for group, top, low, high in zip(*columns, strict=True):
            first, back = top / self.div_factor, [top / self.div_factor] * self.three_phase
            rates = [first, top, *back, first / self.final_div_factor]
            lrs.append(self._between(rates[phase], rates[phase + 1], share))
            momenta = [high, low, high, high]
            momentum = self._between(momenta[phase], momenta[phase + 1], share)
            if self.cycle_momentum and "betas" in group:
                group["betas"] = momentum, group["betas"][1]
            elif self.cycle_momentum:
                group["momentum"] = momentum
        return lrs

    def _between(self, start: float, end: float, share: float) -> float:
        if self.anneal_strategy == "linear":
            return (end - start) * share + start
        return end + (start - end) / 2.0 * (1.0 + math.cos(math.pi * share))
