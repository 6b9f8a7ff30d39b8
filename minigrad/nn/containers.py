"""The modules that hold modules: a list, a dict, and a row of them."""

from collections.abc import Iterable, Iterator
from typing import Any

from .module import Module, parts_of


class ModuleList(Module, list[Any]):  # type: ignore[misc]  # hashed by identity
    """A list of modules that is a module; what is done with them is up to its holder.

    >>> from minigrad import nn
    >>> layers = nn.ModuleList(nn.Linear(2, 2) for _ in range(3))
    >>> layers.append(nn.Tanh())
    >>> len(layers), len(layers[1:]), layers[-1]
    (4, 3, Tanh())
    """

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        super().__init__(modules)
        list(parts_of(self))  # which checks them

    def __getitem__(self, index: Any) -> Any:
        found = super().__getitem__(index)
        return type(self)(found) if isinstance(index, slice) else found


class ModuleDict(Module, dict[str, Any]):  # type: ignore[misc]  # likewise
    """A dict of modules that is a module; what is done with them is up to its holder.

    >>> from minigrad import nn
    >>> heads = nn.ModuleDict({"mean": nn.Linear(2, 1)})
    >>> heads["spread"] = nn.Softplus()
    >>> list(heads)
    ['mean', 'spread']
    """

    def __init__(self, modules: Any = ()) -> None:
        super().__init__(modules)
        list(parts_of(self))


class Sequential(ModuleDict):
    """Modules one after the other, each fed with what the one before gave.

    They are given one by one and numbered, or in one dict, and may be indexed by number.

    >>> import minigrad
    >>> Sequential(Sequential(), Sequential())(minigrad.tensor(1.0)).item()
    1.0
    """

    def __init__(self, *modules: Any) -> None:
        one = modules[0] if len(modules) == 1 else None
        is_dict = isinstance(one, dict) and not isinstance(one, Module)
        super().__init__(one if is_dict else {str(i): m for i, m in enumerate(modules)})

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(dict(list(self.items())[index]))
        return list(self.values())[index]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.values())

    def append(self, module: Module) -> None:
        """Put a module after the last one."""
        self[str(len(self))] = module

    def forward(self, x: Any) -> Any:
        """What the last module gives."""
        for module in self.values():
            x = module(x)
        return x
