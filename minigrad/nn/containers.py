"""The modules made of modules: a list, a row of them, a dict, and residual connections."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from ..errors import check, expect, wrong_value
from .functional import relu
from .functions import ReLU
from .layers import BatchNorm, BatchNorm1d, Conv2d, Linear
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


class Residual(Module):
    """``x + branch(x)``, any shape to the same shape, or ``projection(x) + branch(x)``.

    The skip hands the error back unchanged, whatever the branch does (He et al. 2016).

    Args:
        branch: any module.
        projection: a module that gives what the branch gives the shape of; needed if that is not
            the shape of x.
        zero_init_last: set the last Linear, Conv2d or BatchNorm layer of the branch to 0, so that
            training starts from the skip alone (Goyal et al. 2017, sec. 5.1).

    >>> import minigrad
    >>> Residual(Linear(2, 2), zero_init_last=True)(minigrad.ones(1, 2)).detach()
    tensor([[1., 1.]])
    """

    def __init__(self, branch: Module, projection: Module | None = None,
                 zero_init_last: bool = False) -> None:  # fmt: skip
        check("Residual", zero_init_last=zero_init_last)
        for m in [branch] if projection is None else [branch, projection]:
            expect(isinstance(m, Module), "Residual", "modules", type(m), "wrap it", TypeError)
        self.branch, self.projection = branch, projection
        if zero_init_last:
            kinds = Linear, Conv2d, BatchNorm
            last = [m for m in branch.modules() if isinstance(m, kinds) and m.weight is not None]
            expect(last, "Residual", "a branch with a Linear, Conv2d or BatchNorm layer", branch)
            for parameter in last[-1].parameters():
                parameter.data[...] = 0.0

    def forward(self, x: Any) -> Any:
        """The shape of what the branch gives."""
        skip = x if self.projection is None else self.projection(x)
        z = self.branch(x)
        if z.shape != skip.shape:
            wanted = f"a branch that gives the shape {skip.shape} of its skip"
            raise wrong_value("Residual", wanted, z.shape, "give a projection to that shape")
        return skip + z


class ResidualBlock(Residual):
    """Two or three linear layers under one skip: ``(N, features)`` to the same shape.

    Behind each layer stand batch normalisation, unless ``norm`` is False, and a ReLU; the last
    ReLU acts on the sum (He et al. 2016, fig. 2), or with ``relu_after=False`` there is none.
    Layers before a normalisation have no bias, which it would take away.

    Args:
        features: the width of input and output.
        hidden: the width within; as ``features`` if not given.
        layers: 2 or 3.
        norm, relu_after, zero_init_last: see above, and `Residual`.

    >>> import minigrad
    >>> ResidualBlock(4)(minigrad.randn(8, 4)).shape
    (8, 4)
    """

    def __init__(self, features: int, hidden: int | None = None, layers: int = 2, norm: bool = True,
                 relu_after: bool = True, zero_init_last: bool = False,
                 **options: Any) -> None:  # fmt: skip
        hidden = features if hidden is None else hidden
        check("ResidualBlock", features=features, hidden=hidden, norm=norm, relu_after=relu_after)
        expect(layers in (2, 3), "ResidualBlock", "layers as 2 or 3", layers)
        modules: list[Module] = []
        for inputs, outputs in pairwise([features, *[hidden] * (layers - 1), features]):
            normed = [BatchNorm1d(outputs, dtype=options.get("dtype"))] if norm else []
            modules += [Linear(inputs, outputs, bias=not norm, **options), *normed, ReLU()]
        super().__init__(Sequential(*modules[:-1]), None, zero_init_last)
        self.relu_after = relu_after

    def forward(self, x: Any) -> Any:
        """The same shape."""
        z = super().forward(x)
        return relu(z) if self.relu_after else z
