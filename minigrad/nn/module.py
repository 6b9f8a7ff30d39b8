"""The module: parameters found by walking attributes, and a forward that can be observed."""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any, Self

from ..autograd import Tensor
from ..autograd.modes import EXAMINE, MODE, MODULE_PATH

_caller: ContextVar[Module | None] = ContextVar("minigrad_calling_module", default=None)


class Parameter(Tensor):
    """A tensor that a module learns: it requires grad from the start.

    >>> import minigrad
    >>> Parameter(minigrad.zeros(2))
    Parameter containing:
    tensor([0., 0.], requires_grad=True)
    """

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True) -> None:
        super().__init__(data._array if isinstance(data, Tensor) else data)
        if requires_grad:
            self.requires_grad_()

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"


class Module:
    """Something with parameters and a ``forward``, built of attributes.

    A parameter or a module is a part of this one if an attribute holds it: nothing is registered.

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

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes; a subclass says it."""
        raise TypeError(f"{type(self).__name__} has no forward; define one in its class")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not MODE.get() & EXAMINE:
            return self.forward(*args, **kwargs)
        names = {id(child): name for name, child in _children_of(_caller.get())}
        path = (*MODULE_PATH.get(), names.get(id(self), type(self).__name__))
        tokens = MODULE_PATH.set(path), _caller.set(self)
        try:
            return self.forward(*args, **kwargs)
        finally:
            MODULE_PATH.reset(tokens[0])
            _caller.reset(tokens[1])

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules that attributes of this one hold, with their names."""
        return _children_of(self)

    def children(self) -> Iterator[Module]:
        """The modules that attributes of this one hold."""
        return (child for _, child in self.named_children())

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """This module and all within it, each once, with their paths; the own path is empty."""
        seen: set[int] = set()
        stack = [(prefix, self)]
        while stack:
            path, module = stack.pop()
            if id(module) not in seen:
                seen.add(id(module))
                yield path, module
                below = [(_join(path, name), child) for name, child in module.named_children()]
                stack.extend(reversed(below))

    def modules(self) -> Iterator[Module]:
        """This module and all within it, each once."""
        return (module for _, module in self.named_modules())

    def named_parameters(self, prefix: str = "") -> Iterator[tuple[str, Parameter]]:
        """All parameters, each once, with their paths."""
        seen: set[int] = set()
        for path, module in self.named_modules(prefix):
            for name, value in vars(module).items():
                if isinstance(value, Parameter) and id(value) not in seen:
                    seen.add(id(value))
                    yield _join(path, name), value

    def parameters(self) -> Iterator[Parameter]:
        """All parameters, each once."""
        return (parameter for _, parameter in self.named_parameters())

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to None."""
        for parameter in self.parameters():
            parameter.grad = None

    def train(self, mode: bool = True) -> Self:
        """Set every module within to training, or to evaluation. Returns itself."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Set every module within to evaluation. Returns itself."""
        return self.train(False)

    def extra_repr(self) -> str:
        """What stands in the brackets of its repr."""
        return ""

    def __repr__(self) -> str:
        lines = [f"({name}): {child!r}" for name, child in self.named_children()]
        inside = "\n".join(lines).replace("\n", "\n  ")
        body = f"\n  {inside}\n" if lines else self.extra_repr()
        return f"{type(self).__name__}({body})"


class Sequential(Module):
    """Modules one after the other, each fed with what the one before gave.

    >>> import minigrad
    >>> Sequential(Sequential(), Sequential())(minigrad.tensor(1.0)).item()
    1.0
    """

    def __init__(self, *modules: Module) -> None:
        for number, module in enumerate(modules):
            if not isinstance(module, Module):
                raise TypeError(
                    f"Sequential expects modules, got {type(module).__name__} as number {number}; "
                    "wrap a function in a module with a forward"
                )
            vars(self)[str(number)] = module

    def __len__(self) -> int:
        return sum(1 for _ in self.children())

    def __iter__(self) -> Iterator[Module]:
        return self.children()

    def __getitem__(self, index: int) -> Module:
        return list(self.children())[index]

    def forward(self, x: Any) -> Any:
        """What the last module gives."""
        for module in vars(self).values():
            if isinstance(module, Module):
                x = module(x)
        return x


def _children_of(module: Module | None) -> Iterator[tuple[str, Module]]:
    attributes = vars(module).items() if module is not None else ()
    return ((name, value) for name, value in attributes if isinstance(value, Module))


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
