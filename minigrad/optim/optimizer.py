"""What all optimizers have in common: groups of parameters, and a step under control."""

import copy
import math
from collections.abc import Iterable
from dataclasses import KW_ONLY, InitVar
from typing import Any, ClassVar, Literal, NamedTuple

from ..autograd import Tensor, mark_changed, replayed
from ..clipping import Named, clip_values, global_norm, gradients_of, named, nonfinite, rescale
from ..errors import Options, check, check_fields, expect, wrong_kind, wrong_value
from .bucket import Bucket, Group, State, buckets, state_of

Params = Iterable[Tensor] | Iterable[tuple[str, Tensor]] | Iterable[Group]


class Clipping(NamedTuple):
    """What the latest step did to the gradients; norms are those of all gradients together."""

    norm: float = 0.0  # as backward() left it
    norm_after: float = 0.0  # as the update saw it
    coefficient: float = 1.0  # of clip_norm or rescale_norm
    engaged: bool = False  # whether the gradients were changed
    skipped: bool = False  # whether there was no update, for a gradient was not finite
    times_engaged: int = 0
    times_skipped: int = 0
    steps: int = 0


_CONTROL = "clip_value", "clip_norm", "rescale_norm", "on_nonfinite"  # not options of a group
_BESIDE = "params", "name", "initial_lr"  # what a group may have but its options


class Optimizer(Options):
    """Changes parameters in place by their gradients.

    A subclass has its options, and an ``update``. Every group in ``param_groups`` has options of
    its own, and there they are changed. At each step the gradients of all parameters are looked at
    first, in this order:

    1. One that is not finite is an error that names the parameters and leaves parameters,
       gradients and state untouched. ``on_nonfinite="skip"`` passes over such a step instead,
       ``"ignore"`` goes on as PyTorch does.
    2. ``clip_value`` brings every element into ``[-clip_value, clip_value]``.
    3. ``clip_norm`` multiplies all gradients by ``min(1, clip_norm / (norm + 1e-6))``, as
       ``clip_grad_norm_`` does (Pascanu, Mikolov & Bengio 2013, algorithm 1); or
       ``rescale_norm`` by ``rescale_norm / norm``, so that every step has that norm, unless it is
       below 1e-30, where there is no direction left.

    The gradients in ``.grad`` are changed in place by this; ``clipping`` says what was done.

    Args:
        params: tensors, or pairs ``(name, tensor)`` so that errors can name them, or dicts of
            ``params`` and options of their own: the parameter groups.
        lr: the learning rate.
        maximize: go up instead of down.
        clip_value: the bound of an element.
        clip_norm: the bound of the norm.
        rescale_norm: the norm.
        on_nonfinite: ``"raise"``, ``"skip"`` or ``"ignore"``.

    Raises:
        TypeError, ValueError: for parameters or options that cannot be.
    """

    params: InitVar[Params]
    lr: float = 1e-3
    _: KW_ONLY
    maximize: bool = False
    clip_value: float | None = None
    clip_norm: float | None = None
    rescale_norm: float | None = None
    on_nonfinite: Literal["raise", "skip", "ignore"] = "raise"

    keeps: ClassVar[dict[str, str]] = {}  # of a state: names, and the option each one needs

    def __post_init__(self, params: Any) -> None:
        check_fields(self)
        self.defaults: Group = {k: v for k, v in vars(self).items() if k not in _CONTROL}
        self._who, norms = type(self).__name__, (self.clip_norm, self.rescale_norm)
        expect(None in norms, self._who, "clip_norm or rescale_norm", "both", "give one")
        self.clipping = Clipping()
        self.param_groups: list[Group] = []
        self._named: Named = []  # the parameters of all groups, in order
        self._buckets: list[Bucket] = []
        if not (isinstance(params, (list, tuple)) and params and isinstance(params[0], dict)):
            params = [{"params": named(self._who, params)}]
            expect(params[0]["params"], self._who, "parameters", "none", "make it after the model")
        for group in params:
            self.add_param_group(group)

    def add_param_group(self, param_group: Group) -> None:
        """Add parameters, with options of their own where the dict has them."""
        who, defaults, own = self._who, self.defaults, param_group
        if not isinstance(own, dict) or not {"params"} <= own.keys() <= {*defaults, *_BESIDE}:
            keys = ", ".join(own) if isinstance(own, dict) else type(own)
            raise wrong_kind(who, f"a group as a dict of params, {', '.join(defaults)}", keys)
        pairs = named(who, own["params"], also_one=True)
        group = {**defaults, **own, "params": [p for _, p in pairs]}
        check_options(who, defaults, group)
        seen = {p for _, p in self._named}
        for number, p in enumerate(group["params"]):
            fits = p.is_leaf and p.dtype.kind == "f" and p._array.flags.writeable and p not in seen
            given, mend = f"number {number} of shape {p.shape} {p.dtype}", "give model.parameters()"
            expect(fits, who, "writable leaves of floats, each once", given, mend)
            seen.add(p)
        self._named += pairs
        self.param_groups.append(group)
        self._buckets += buckets(group, {p: {} for p in group["params"]})

    def update(self, bucket: Bucket) -> None:
        """Write what is to be subtracted from the parameters over their gathered gradients."""
        raise TypeError(f"{self._who} has no update; define one in its class")

    @replayed
    def step(self) -> None:
        """Change the parameters that have gradients.

        Raises:
            RuntimeError: if a gradient is not finite, unless ``on_nonfinite`` says otherwise.
        """
        due = self._due()
        if self._admits(due):
            for bucket in due:
                bucket.decay()
                self.update(bucket)
                bucket.descend()
            mark_changed(*[p._array for bucket in due for p in bucket.params])

    @replayed
    def zero_grad(self, set_to_none: bool = True) -> None:
        """Set the gradient of every parameter to None, or fill it with zeros."""
        for _, p in self._named:
            if set_to_none:
                p._grad = None
            elif p._grad is not None:
                p._grad.data.fill_(0.0)

    @property
    def state(self) -> dict[Tensor, State]:
        """What is kept of every parameter that was updated: the arrays themselves, and numbers."""
        return {p: own for bucket in self._buckets for p, own in bucket.states().items() if own}

    def state_dict(self) -> dict[str, Any]:
        """A copy of the options and states, in PyTorch's layout, with ndarrays.

        Parameters are numbered through all groups, in order.
        """
        index = {p: number for number, (_, p) in enumerate(self._named)}
        states = {index[p]: own for p, own in self.state.items()}
        groups = [{**g, "params": [index[p] for p in g["params"]]} for g in self.param_groups]
        return copy.deepcopy({"state": dict(sorted(states.items())), "param_groups": groups})

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave, here or in PyTorch; arrays are copied.

        Raises:
            ValueError: if it does not fit this optimizer; nothing is changed then.
        """
        who, defaults, keeps = f"{self._who}.load_state_dict", self.defaults, self.keeps
        try:
            states, loaded = state_dict["state"], []
            for old, new in zip(self.param_groups, state_dict["param_groups"], strict=True):
                check_options(who, defaults, {name: new[name] for name in defaults})
                needed = {name for name, option in keeps.items() if not option or new[option]}
                pairs = zip(new["params"], old["params"], strict=True)
                own = {p: state_of(p, states.get(n, {}), needed, keeps) for n, p in pairs}
                loaded.append(({**old, **new, "params": old["params"]}, own))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            sizes = [len(group["params"]) for group in self.param_groups]
            wanted = f"what state_dict() of its class gave for groups of {sizes} parameters"
            got = f"another ({type(error).__name__}: {error})"
            raise wrong_value(who, wanted, got, "nothing was changed") from error
        self.param_groups = [group for group, _ in loaded]
        self._buckets = [bucket for pair in loaded for bucket in buckets(*pair)]

    def _due(self) -> list[Bucket]:
        """The buckets with gradients, gathered; one of which only some have any is split."""
        due = []
        for bucket in list(self._buckets):
            if bucket.gather() == len(bucket.params):
                due.append(bucket)
            elif any(p._grad is not None for p in bucket.params):
                parts = buckets(bucket.group, bucket.states())
                self._buckets.remove(bucket)
                self._buckets += parts
                due += [part for part in parts if part.gather()]
        return due

    def _admits(self, due: list[Bucket]) -> bool:
        """Whether there is to be an update; the gradients are then as it should see them."""
        gradients = [bucket.gradient for bucket in due]
        norm = after = global_norm(gradients)
        coefficient, clipped = 1.0, False
        skipped = self.on_nonfinite != "ignore" and not math.isfinite(norm)
        if skipped and self.on_nonfinite == "raise":
            raise nonfinite(f"{self._who}.step", gradients_of(self._named))
        if not skipped:
            clipped = self.clip_value is not None and clip_values(gradients, self.clip_value)
            after = global_norm(gradients) if clipped else norm
            coefficient = rescale(gradients, after, self.clip_norm, self.rescale_norm)
        engaged = clipped or coefficient != 1.0
        for bucket in due if engaged else []:
            bucket.hand_back()
        *_, times_engaged, times_skipped, steps = self.clipping
        counts = times_engaged + engaged, times_skipped + skipped, steps + 1
        self.clipping = Clipping(norm, after * coefficient, coefficient, engaged, skipped, *counts)
        return not skipped


def check_options(who: str, defaults: Group, group: Group) -> None:
    """Raise if an option of a group cannot be."""
    check(who, **{name: group[name] for name in defaults})
    betas = group.get("betas", (0, 0))
    expect(len(betas) == 2, who, "betas as two numbers", repr(betas), "give two")
    if group.get("nesterov") and (group["momentum"] == 0.0 or group["dampening"] != 0.0):
        given = f"momentum {group['momentum']} and dampening {group['dampening']}"
        raise wrong_value(who, "nesterov with a momentum and no dampening", given, "change them")
