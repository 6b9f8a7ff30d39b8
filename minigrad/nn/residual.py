"""Residual connections: what a branch gives, added to what it was given."""

from itertools import pairwise
from typing import Any

from ..errors import expect, wrong_value
from ..ranges import check
from .activation import ReLU
from .containers import Sequential
from .functional import relu
from .linear import Conv2d, Linear
from .module import Module
from .norm import BatchNorm, BatchNorm1d


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
