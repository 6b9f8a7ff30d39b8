"""The module: parts found by walking its attributes, and a call that can be observed."""

from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partialmethod
from typing import Any, Self

import numpy as np

from ..autograd import Handle, Tensor, mark_changed
from ..autograd.modes import MODE, RECORD
from ..creation import as_tensor
from ..errors import expect, wrong_kind
from .hooks import AFTER, BACK, BEFORE, observed, registered

Passed = namedtuple("Passed", "missing_keys unexpected_keys")  # over, by load_state_dict


class Parameter(Tensor):
    """A tensor that a module learns: it requires grad from the start.

    >>> import minigrad
    >>> Parameter(minigrad.zeros(2))
    Parameter containing:
    tensor([0., 0.], requires_grad=True)
    """

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True) -> None:
        super().__init__(as_tensor(data)._array)
        self.requires_grad_(requires_grad)

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"


class Buffer(Tensor):
    """A tensor that belongs to a module and is not learnt; if persistent, ``state_dict`` has it.

    It is changed in place: a plain tensor assigned over it would be no buffer.
    """

    __slots__ = ("persistent",)

    def __init__(self, data: Any, persistent: bool = True) -> None:
        super().__init__(as_tensor(data).numpy())
        self.persistent = persistent

    def __reduce__(self) -> Any:
        return Buffer, (self._array, self.persistent)


class Module:
    """Something with parameters and a ``forward``, built of attributes.

    A parameter, a buffer or a module is a part of this one if an attribute holds it, or a list,
    tuple or dict that is an attribute (where PyTorch would not find it): nothing is registered.
    What an object of another class holds is no part.

    >>> import minigrad
    >>> class Scale(Module):
    ...     def __init__(self):
    ...         self.factor = Parameter(minigrad.tensor(2.0))
    ...     def forward(self, x):
    ...         return self.factor * x
    >>> scale = Scale()
    >>> scale(minigrad.tensor(3.0)).item(), [name for name, _ in scale.named_parameters()]
    (6.0, ['factor'])
    """

    training = True
    _hooks: Any = None
    __eq__, __hash__ = object.__eq__, object.__hash__  # by identity, of what is a list too

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes; a subclass says it."""
        raise TypeError(f"{type(self).__name__} has no forward; define one in its class")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._hooks is None and MODE.get() <= RECORD:  # in no other mode
            return self.forward(*args, **kwargs)
        return observed(self, args, kwargs)

    # --- its parts, each once -------------------------------------------------------------------

    def named_children(self) -> Iterator[tuple[str, "Module"]]:
        """The modules that attributes of this one hold, with their names."""
        return _once(parts_of(self), Module)

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, "Module"]]:
        """This module and all within it, with their paths; the own one is ``prefix``."""
        return _once(_walk(prefix, self), Module)

    def named_parameters(self, prefix: str = "") -> Iterator[tuple[str, Parameter]]:
        """All parameters, with their paths."""
        return _once(_walk(prefix, self), Parameter)

    def named_buffers(self, prefix: str = "") -> Iterator[tuple[str, Buffer]]:
        """All buffers, with their paths."""
        return _once(_walk(prefix, self), Buffer)

    def children(self) -> Iterator["Module"]:
        """The modules that attributes of this one hold."""
        return (module for _, module in self.named_children())

    def modules(self) -> Iterator["Module"]:
        """This module and all within it."""
        return (module for _, module in self.named_modules())

    def parameters(self) -> Iterator[Parameter]:
        """All parameters."""
        return (parameter for _, parameter in self.named_parameters())

    def buffers(self) -> Iterator[Buffer]:
        """All buffers."""
        return (buffer for _, buffer in self.named_buffers())

    def register_buffer(self, name: str, tensor: Any, persistent: bool = True) -> None:
        """Make a tensor a buffer of this module, by name."""
        setattr(self, name, None if tensor is None else Buffer(tensor, persistent))

    # --- what is done to all of them ------------------------------------------------------------

    def state_dict(self) -> dict[str, Tensor]:
        """All parameters and persistent buffers by path, detached: they share memory."""
        held = ((path, part) for path, part in _walk("", self) if isinstance(part, Tensor))
        return {path: t.detach() for path, t in held if getattr(t, "persistent", True)}

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> Passed:
        """Copy tensors or arrays into the parameters and buffers that they are named after.

        Args:
            state_dict: by path, as `state_dict` gives them, here or in PyTorch.
            strict: raise if keys are missing or unexpected; otherwise they are returned.

        Raises:
            ValueError: listing all that does not fit; nothing is loaded then.
        """
        own = {k: t._array for k, t in self.state_dict().items()}
        given = {k: np.asarray(getattr(v, "_array", v)) for k, v in dict(state_dict).items()}
        passed = Passed([k for k in own if k not in given], [k for k in given if k not in own])
        wrong = [f"no {k}" for k in passed[0]] + [f"an unexpected {k}" for k in passed[1]]
        new = [(k, a, given[k].astype(a.dtype)) for k, a in own.items() if k in given]
        misfits = [f"{k} of shape {v.shape} for {a.shape}" for k, a, v in new if v.shape != a.shape]
        wrong = wrong * bool(strict) + misfits
        who, wanted = f"{type(self).__name__}.load_state_dict", "what its state_dict() has"
        expect(not wrong, who, wanted, ", ".join(wrong), "nothing was loaded")
        for _, array, value in new:
            array[...] = value
        mark_changed(*own.values())
        return passed

    def to(self, dtype: Any) -> Self:
        """Convert all parameters and buffers of floats, and their gradients. Returns itself."""
        if np.dtype(dtype).kind != "f":
            raise wrong_kind("Module.to", "a float dtype", repr(dtype), "give one")
        for part in (*self.parameters(), *self.buffers()):
            for tensor in (part, part._grad):
                if tensor is not None and tensor.dtype.kind == "f":
                    tensor._array = tensor._array.astype(dtype, copy=False)
            if part._node is not None:
                part._node.dtype = part.dtype
        return self

    half, float, double = partialmethod(to, "e"), partialmethod(to, "f"), partialmethod(to, "d")

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Let all parameters require grad, or none. Returns itself."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Set the gradient of every parameter to None, or to zeros where there is one."""
        for p in self.parameters():
            p.grad = None if set_to_none or p.grad is None else np.zeros(p.shape)

    def train(self, mode: bool = True) -> Self:
        """Set every module within to training, or to evaluation. Returns itself."""
        return self.apply(lambda module: setattr(module, "training", bool(mode)))

    def eval(self) -> Self:
        """Set every module within to evaluation. Returns itself."""
        return self.train(False)

    def apply(self, fn: Callable[["Module"], Any]) -> Self:
        """Call ``fn`` with every module within, children first. Returns itself."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    # --- what observes it -----------------------------------------------------------------------

    def register_forward_pre_hook(self, hook: Callable[..., Any]) -> Handle:
        """Call ``hook(module, args)`` before ``forward``; what it returns takes args' place."""
        return registered(self, BEFORE, hook)

    def register_forward_hook(self, hook: Callable[..., Any]) -> Handle:
        """Call ``hook(module, args, output)`` after it; what it returns takes output's place."""
        return registered(self, AFTER, hook)

    def register_full_backward_hook(self, hook: Callable[..., Any]) -> Handle:
        """Call ``hook(module, grad_input, grad_output)`` when both tuples are known.

        They have None for what is not a tensor that requires grad. What the hook returns takes
        the place of ``grad_input``; arguments given by keyword are not among them.
        """
        return registered(self, BACK, hook)

    def extra_repr(self) -> str:
        """What ``repr`` shows: attributes that are numbers or words; of a loss none, as PyTorch."""
        held = {} if "reduction" in vars(self) else {**vars(self), "training": None}
        return ", ".join(f"{k}={v!r}" for k, v in held.items() if isinstance(v, (int, float, str)))

    def __repr__(self) -> str:
        found = [f"({n}): {part!r}" for n, part in parts_of(self) if isinstance(part, Module)]
        inside = "\n".join(filter(None, [self.extra_repr(), *found]))
        body = "\n  {}\n".format(inside.replace("\n", "\n  ")) if found else inside
        return f"{type(self).__name__}({body})"


def parts_of(holder: Any) -> Iterator[tuple[str, Any]]:
    """What attributes of a module hold, and what is in a list, tuple or dict, with their names."""
    row = holder if isinstance(holder, (list, tuple, dict)) else ()
    pairs = list(row.items() if hasattr(row, "items") else enumerate(row))
    if isinstance(holder, Module):
        for name, value in pairs:
            if not isinstance(value, Module):
                given = f"{type(value).__name__} as number {name}"
                raise wrong_kind(type(holder).__name__, "modules", given, "wrap it")
        pairs += vars(holder).items()
    for name, value in pairs:
        if isinstance(value, (Module, Parameter, Buffer)):
            yield str(name), value
        elif isinstance(value, (list, tuple, dict)):
            yield from ((f"{name}.{inner}", part) for inner, part in parts_of(value))


def _walk(path: str, part: Any) -> Iterator[tuple[str, Any]]:
    """A part and all within it under all their paths; parameters, then buffers, then modules."""
    yield path, part
    inner = list(parts_of(part)) if isinstance(part, Module) else []
    for kind in Parameter, Buffer, Module:
        for name, value in inner:
            if isinstance(value, kind):
                yield from _walk(f"{path}.{name}" if path else name, value)


def _once(pairs: Iterable[tuple[str, Any]], kind: type) -> Iterator[tuple[str, Any]]:
    """The pairs whose value is of a kind, and new."""
    unique: dict[int, tuple[str, Any]] = {}
    for pair in pairs:
        if isinstance(pair[1], kind):
            unique.setdefault(id(pair[1]), pair)
    return iter(unique.values())
