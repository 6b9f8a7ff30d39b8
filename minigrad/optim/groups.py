"""Parameter groups: parameters with options, and the state that belongs to each parameter."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..autograd import Tensor
from ..clipping import Named, named
from ..errors import expect, wrong_kind, wrong_value
from ..ranges import check

Group = dict[str, Any]
State = dict[str, Any]  # arrays of a parameter's shape, and numbers
Params = Iterable[Tensor] | Iterable[tuple[str, Tensor]] | Iterable[Group]

_NUMBERS = {"step": int, "mu_product": float}  # of a state; the rest are arrays
_BESIDE = "params", "name", "initial_lr"  # what a group may have but its options


def groups_in(who: str, params: Any) -> list[Any]:
    """What an optimizer was given, as groups: dicts as they are, parameters as one group."""
    if isinstance(params, (list, tuple)) and params and isinstance(params[0], dict):
        return list(params)
    pairs = named(who, params)
    expect(pairs, who, "parameters", "none", "make it after the model")
    return [{"params": pairs}]


def group_of(who: str, defaults: Group, given: Any, taken: Named) -> Group:
    """A group with all its options, of what the user gave; its parameters are now taken, too."""
    if not isinstance(given, dict) or not {"params"} <= given.keys() <= {*defaults, *_BESIDE}:
        keys = ", ".join(given) if isinstance(given, dict) else type(given)
        raise wrong_kind(who, f"a group as a dict of params, {', '.join(defaults)}", keys)
    pairs = named(who, given["params"], also_one=True)
    group = {**defaults, **given, "params": [p for _, p in pairs]}
    check_options(who, defaults, group)
    seen = {p for _, p in taken}
    for number, p in enumerate(group["params"]):
        fits = p.is_leaf and p.dtype.kind == "f" and p._array.flags.writeable and p not in seen
        given = f"number {number} of shape {p.shape} {p.dtype}"
        expect(fits, who, "writable leaves of floats, each once", given, "give model.parameters()")
        seen.add(p)
    taken += pairs
    return group


def check_options(who: str, defaults: Group, group: Group) -> None:
    """Raise if an option of a group cannot be."""
    check(who, **{name: group[name] for name in defaults})
    betas = group.get("betas", (0, 0))
    expect(len(betas) == 2, who, "betas as two numbers", repr(betas), "give two")
    if group.get("nesterov") and (group["momentum"] == 0.0 or group["dampening"] != 0.0):
        given = f"momentum {group['momentum']} and dampening {group['dampening']}"
        raise wrong_value(who, "nesterov with a momentum and no dampening", given, "change them")


def restored(who: str, given: Any, groups: list[Group], defaults: Group,
             names: dict[str, str]) -> list[tuple[Group, dict[Tensor, State]]]:  # fmt: skip
    """Groups and states as a ``state_dict`` has them, for the parameters that there are.

    ``names`` are those of a state, each with the option without which there is none.
    """
    try:
        states, answer = given["state"], []
        for old, new in zip(groups, given["param_groups"], strict=True):
            check_options(who, defaults, {name: new[name] for name in defaults})
            needed = {name for name, option in names.items() if not option or new[option]}
            pairs = zip(new["params"], old["params"], strict=True)
            own = {p: _state_of(p, states.get(number, {}), needed, names) for number, p in pairs}
            answer.append(({**old, **new, "params": old["params"]}, own))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        sizes = [len(group["params"]) for group in groups]
        wanted = f"what state_dict() of its class gave for groups of {sizes} parameters"
        got = f"another ({type(error).__name__}: {error})"
        raise wrong_value(who, wanted, got, "nothing was changed") from error
    return answer


def _state_of(p: Tensor, given: State, needed: set[str], names: Iterable[str]) -> State:
    """A copy of the state of one parameter, in its dtype."""
    if given and not needed <= given.keys() <= set(names):
        raise ValueError(f"a state of {', '.join(names)}, got {', '.join(given)}")
    state: State = {name: kind(given[name]) for name, kind in _NUMBERS.items() if name in given}
    for name, value in [pair for pair in given.items() if pair[0] not in _NUMBERS]:
        state[name] = array = np.array(getattr(value, "_array", value), p.dtype)
        if array.shape != p.shape:
            raise ValueError(f"{name} of shape {array.shape} for a parameter of shape {p.shape}")
    return state
