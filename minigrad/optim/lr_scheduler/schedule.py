"""What all schedules have in common: an optimizer whose learning rates they set, and an epoch."""

import copy
from typing import Any

from ...autograd import replayed
from ...errors import expect
from ...ranges import Options, check, check_fields
from ..optimizer import Optimizer

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
