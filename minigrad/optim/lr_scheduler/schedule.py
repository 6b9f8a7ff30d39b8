"""What all schedules have in common: an optimizer whose learning rates they set, and an epoch."""

import copy
from dataclasses import KW_ONLY
from typing import Any

from ...errors import wrong_kind, wrong_value
from ...ranges import Options, check_fields
from ..optimizer import Optimizer

_NOT_KEPT = "optimizer", "lr_lambda", "schedulers"  # what a state has no copy of


class LRScheduler(Options):
    """Sets the learning rate of every group; a subclass has its options, and a ``get_lr``.

    Making one already sets the learning rates of epoch 0. Most multiply what is there, so several
    can be chained. To take a run up again, make it first and then load the states; or give the
    ``last_epoch``.

    Raises:
        TypeError, ValueError: for options that cannot be; nothing is changed then.
    """

    optimizer: Optimizer
    _: KW_ONLY
    last_epoch: int = -1

    per_group = ""  # the options that are one for all groups, or a list with one for each

    def __post_init__(self) -> None:
        self._check()
        who, groups, epoch = type(self).__name__, self.optimizer.param_groups, self.last_epoch
        if epoch >= 0 and not all("initial_lr" in group for group in groups):
            wanted = f"groups with 'initial_lr' to go on from epoch {epoch}"
            raise wrong_value(who, wanted, "some without", "load the optimizer's state first")
        self.base_lrs: list[Any] = [g.setdefault("initial_lr", g["lr"]) for g in groups]
        self._begin(epoch)

    def get_lr(self) -> list[float]:
        """The learning rates of the groups at ``last_epoch``, made of those that they have."""
        raise TypeError(f"{type(self).__name__} has no get_lr; define one in its class")

    def get_last_lr(self) -> list[float]:
        """The learning rates that it set last."""
        return list(self._last_lr)

    def step(self) -> None:
        """Go on to the next epoch: due after the optimizer's steps."""
        self.last_epoch += 1
        try:
            lrs = self.get_lr()
        except BaseException:
            self.last_epoch -= 1
            raise
        self._set([max(lr, 0.0) for lr in lrs])  # where rounding leaves -1e-18 for 0

    def restart(self) -> None:
        """Begin at epoch 0 again, with the learning rates of that time."""
        self._set(self.base_lrs)
        self._begin(-1)

    def state_dict(self) -> dict[str, Any]:
        """A copy of what changes and of the options, but for functions."""
        own = {k: copy.deepcopy(v) for k, v in vars(self).items() if k not in _NOT_KEPT}
        within = [one.state_dict() for one in vars(self).get("schedulers", ())]
        return {**own, "schedulers": within} if within else own

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave; nothing is changed if it is another's."""
        wanted, given = _keys(self.state_dict()), _keys(state_dict)
        if wanted != given:
            who = f"{type(self).__name__}.load_state_dict"
            raise wrong_value(who, wanted, given, "give what the same class saved")
        own, within = copy.deepcopy(state_dict), vars(self).get("schedulers", ())
        for one, state in zip(within, own.pop("schedulers", ()), strict=True):
            one.load_state_dict(state)
        vars(self).update(own)

    def _check(self) -> None:
        """Raise if an option cannot be; those of ``per_group`` become lists."""
        who, optimizer = type(self).__name__, self.optimizer
        if not isinstance(optimizer, Optimizer):
            raise wrong_kind(who, "an optimizer", type(optimizer).__name__, "give one")
        n = len(optimizer.param_groups)
        for name in self.per_group.split():
            value = getattr(self, name)
            values = list(value) if isinstance(value, (list, tuple)) else [value] * n
            if len(values) != n:
                raise wrong_value(who, f"{name} for each of {n} groups", len(values), "give all")
            setattr(self, name, values)
        check_fields(self)

    def _begin(self, epoch: int) -> None:
        """Set the learning rates of the epoch after this one as the first."""
        self.last_epoch, self._initial = epoch, True
        self.step()
        self._initial = False

    def _set(self, lrs: list[float]) -> None:
        self._last_lr = lrs
        for group, lr in zip(self.optimizer.param_groups, lrs, strict=True):
            group["lr"] = lr

    def _scaled(self, factor: float) -> list[float]:
        return [group["lr"] * factor for group in self.optimizer.param_groups]


def _keys(state: Any) -> list[Any]:
    """The keys of a state, and of the states within it."""
    if not isinstance(state, dict):
        return [type(state).__name__]
    return [*sorted(state), *(_keys(one) for one in state.get("schedulers", ()))]
