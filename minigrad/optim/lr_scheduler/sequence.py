"""A schedule of schedules."""

from bisect import bisect_right
from dataclasses import dataclass

from .plateau import ReduceLROnPlateau
from .schedule import LRScheduler


@dataclass(eq=False, repr=False)
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

    def __post_init__(self) -> None:
        self._check()
        for number, one in enumerate(self.schedulers):
            known = isinstance(one, LRScheduler) and one.optimizer is self.optimizer
            if not known or isinstance(one, (SequentialLR, ReduceLROnPlateau)):
                raise ValueError(
                    "SequentialLR expects schedules of the same optimizer, neither SequentialLR "
                    f"nor ReduceLROnPlateau, got {type(one).__name__} as number {number}; make one"
                )
        milestones, count = list(self.milestones), len(self.schedulers)
        if milestones != sorted(milestones) or len(milestones) != count - 1:
            raise ValueError(
                f"SequentialLR expects {count - 1} rising milestones for {count} schedules, got "
                f"{milestones}; give one between each schedule and the next"
            )
        self._set([group["initial_lr"] for group in self.optimizer.param_groups])
        for one in self.schedulers:
            one.last_epoch -= 1
        first = self.schedulers[bisect_right(milestones, 0)]
        first._begin()
        self.last_epoch, self._last_lr = self.last_epoch + 1, first.get_last_lr()

    def step(self) -> None:
        """Go on to the next epoch."""
        epoch = self.last_epoch + 1
        index = bisect_right(self.milestones, epoch)
        current = self.schedulers[index]
        if index > 0 and self.milestones[index - 1] == epoch:
            current.restart()
        else:
            current.step()
        self.last_epoch, self._last_lr = epoch, current.get_last_lr()
