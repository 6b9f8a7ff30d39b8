"""Observed calls of a module: its hooks, and the path by which an anomaly names it."""

import math
from collections.abc import Callable
from contextvars import ContextVar
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..autograd import Handle
from ..autograd.modes import EXAMINE, MODE, MODULE_PATH, REPLAY, SCRIPT, refuse_reading

Values = tuple[Any, ...]

BEFORE, AFTER, BACK = range(3)

_caller: ContextVar[Any] = ContextVar("minigrad_calling_module", default=None)


def registered(module: Any, kind: int, hook: Callable[..., Any]) -> Handle:
    """The handle of a hook that is called from now on."""
    module._hooks = module._hooks or [SimpleNamespace(hooks={}) for _ in range(3)]
    return Handle(module._hooks[kind], hook)


def observed(module: Any, args: Values, kwargs: dict[str, Any]) -> Any:
    """The call of a module that has hooks, or is to be named where there is an anomaly."""
    caller, name = _caller.get(), type(module).__name__
    if MODE.get() & REPLAY:
        if any(kind.hooks for kind in module._hooks or ()):
            refuse_reading("a hook")
        module._hooks = None  # so one that is registered later will be seen
        SCRIPT.get().saw(module)
    if caller is not None and MODE.get() & EXAMINE:
        name = next((path for path, m in caller.named_modules() if m is module and path), name)
    tokens = MODULE_PATH.set((*MODULE_PATH.get(), name)), _caller.set(module)
    try:
        return hooked(module, args, kwargs) if module._hooks else module.forward(*args, **kwargs)
    finally:
        MODULE_PATH.reset(tokens[0])
        _caller.reset(tokens[1])


def hooked(module: Any, args: Values, kwargs: dict[str, Any]) -> Any:
    """The call of a module with its hooks."""
    before, after, back = (list(kind.hooks.values()) for kind in module._hooks)
    for hook in before:
        args = _replaced(args, hook(module, args))
    errors: list[Values] = []  # at the outputs, in the pass that goes on

    def at_inputs(grads: Values) -> Values:
        for hook in back:
            grads = _replaced(grads, hook(module, grads, errors[0]))
        return grads

    def at_outputs(grads: Values) -> Values:
        errors[:] = [grads]
        if led is args:  # no gradient will come to them
            at_inputs((None,) * len(args))
        return grads

    led = through_one_node(args, back and at_inputs)
    z = module.forward(*led, **kwargs)
    for hook in after:
        answer = hook(module, args, z)
        z = z if answer is None else answer
    outputs = through_one_node(z if isinstance(z, tuple) else (z,), back and at_outputs)
    return outputs if isinstance(z, tuple) else outputs[0]


def _replaced(values: Values, answer: Any) -> Values:
    """What a hook gave in the place of values; the values if it gave None."""
    return values if answer is None else answer if isinstance(answer, tuple) else (answer,)


def through_one_node(values: Values, hook: Any) -> Values:
    """The values, those that are tracked led through one node: so ``hook`` sees all gradients.

    It is given them in a tuple, None for what is not tracked, and returns what takes their place.
    Without a hook they are the values themselves.
    """
    kinds = [(v.shape, v.dtype) if getattr(v, "_node", None) else None for v in values]
    if not hook or not any(kinds):
        return values
    ends = np.cumsum([math.prod(kind[0]) for kind in kinds if kind])[:-1]

    def joined(parts: Values) -> Any:
        pairs = zip(parts, kinds, strict=True)
        return np.concatenate([part.reshape(-1) for part, kind in pairs if kind])

    def cut(flat: Any) -> Values:
        pieces: Any = iter(np.split(flat, ends))
        return tuple(kind and next(pieces).reshape(kind[0]).to(kind[1]) for kind in kinds)

    flat = joined(values)
    flat.register_hook(lambda g: joined(hook(cut(g))))
    return tuple(v if part is None else part for v, part in zip(values, cut(flat), strict=True))
