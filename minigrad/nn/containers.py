"""The modules that hold modules: a list, a row of them, and a dict."""

from collections.abc import Iterator
from typing import Any

from .module import Module, parts_of


class Container(Module):
    """What the list and the dict share: what they are made of are modules."""

    def __init__(self, modules: Any = ()) -> None:
        super().__init__(modules)  # type: ignore[call-arg]  # which is that of list or dict
        list(parts_of(self))  # which checks them


class ModuleList(Container, list[Any]):  # type: ignore[misc]  # hashed by identity
    """A list of modules that is a module; what is done with them is up to its holder.

    >>> from minigrad import nn
    >>> layers = nn.ModuleList(nn.Linear(2, 2) for _ in range(3))
    >>> layers.append(nn.Tanh())
    >>> len(layers), len(layers[1:]), layers[-1]
    (4, 3, Tanh())
    """

    def __getitem__(self, index: Any) -> Any:
        found = super().__getitem__(index)
        return type(self)(found) if isinstance(index, slice) else found


class Sequential(ModuleList):
    """Modules one after the other, each fed with what the one before gave.

    It is a list of modules. Given one dict, or cut from another, it keeps their names until its
    length is changed; otherwise they are numbered.

    >>> import minigrad
    >>> Sequential(Sequential(), Sequential())(minigrad.tensor(1.0)).item()
    1.0
    """

    def __init__(self, *modules: Any) -> None:
        one: Any = modules[0] if len(modules) == 1 else None
        named = one if isinstance(one, dict) and not hasattr(one, "forward") else {}
        self.names = list(named)
        super().__init__(named.values() or modules)

    def items(self) -> Iterator[tuple[Any, Any]]:
        """The modules with their names."""
        is_named = len(self.names) == len(self)
        return zip(self.names, self, strict=True) if is_named else enumerate(self)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)({str(name): module for name, module in list(self.items())[index]})
        return super().__getitem__(index)

    def forward(self, x: Any) -> Any:
        """What the last module gives."""
        for module in self:
            x = module(x)
        return x


class ModuleDict(Container, dict[str, Any]):  # type: ignore[misc]  # hashed by identity
    """A dict of modules that is a module; what is done with them is up to its holder.

    >>> from minigrad import nn
    >>> heads = nn.ModuleDict({"mean": nn.Linear(2, 1)})
    >>> heads["spread"] = nn.Softplus()
    >>> list(heads)
    ['mean', 'spread']
    """
