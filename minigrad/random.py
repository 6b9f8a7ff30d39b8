"""Random tensors: one generator behind `manual_seed`, or one of the caller's own."""

from typing import Any, Self

import numpy as np

from .autograd import Tensor, replayed
from .autograd.modes import refuse_reading
from .errors import expect
from .ranges import check

Source = np.random.Generator | None  # None for the one behind `manual_seed`


class Generator(np.random.Generator):
    """NumPy's generator with PyTorch's names: seeded, saved and restored.

    >>> a, b = Generator(0), Generator().manual_seed(0)
    >>> a.random() == b.random()
    True
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(np.random.PCG64(seed))

    def manual_seed(self, seed: int) -> Self:
        """Start again from a seed, a whole number from 0 on. Returns itself.

        ``minigrad.manual_seed`` seeds the generator that is used where none is given.

        >>> _ = manual_seed(0)
        >>> a = rand(3)
        >>> _ = manual_seed(0)
        >>> bool((a == rand(3)).all())
        True
        """
        check("manual_seed", seed=seed)
        return self.set_state(np.random.PCG64(int(seed)).state)

    def get_state(self) -> dict[str, Any]:
        """The state as a dict of numbers and strings."""
        refuse_reading("get_state()")
        return dict(self.bit_generator.state)

    @replayed
    def set_state(self, state: Any) -> Self:
        """Go on from a state that `get_state` gave. Returns itself."""
        self.bit_generator.state = state
        return self


default_generator = Generator()  # that of random functions, where none is given
manual_seed = default_generator.manual_seed


@replayed
def rand(*size: Any, generator: Source = None, dtype: Any = None,
         requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Uniform on [0, 1), of the shape ``size``, given as numbers or as one tuple.

    >>> rand(2, 3).shape
    (2, 3)
    """
    return made((generator or default_generator).random(shape_from(size)), dtype, requires_grad)


@replayed
def randn(*size: Any, generator: Source = None, dtype: Any = None,
          requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Normal with mean 0 and standard deviation 1, of the shape ``size``.

    >>> randn(2, 3).shape
    (2, 3)
    """
    values = (generator or default_generator).standard_normal(shape_from(size))
    return made(values, dtype, requires_grad)


@replayed
def normal(mean: Any = 0.0, std: Any = 1.0, size: Any = None, *, generator: Source = None,
           dtype: Any = None, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Normal with the given mean and standard deviation, which broadcast to ``size``.

    >>> normal(0.0, 0.1, (2, 3)).shape
    (2, 3)
    """
    mean, std = np.asarray(mean), np.asarray(std)
    expect((std >= 0).all(), "normal", "std >= 0", std.min(initial=0.0), "give its absolute value")
    return made((generator or default_generator).normal(mean, std, size), dtype, requires_grad)


@replayed
def randint(low: int, high: Any = None, size: Any = None, *, generator: Source = None,
            dtype: Any = np.int64, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Whole numbers from ``low`` (0 if only one bound is given) up to but without ``high``.

    >>> randint(10, (2, 3)).shape, randint(5, 6, (2,)).tolist()
    ((2, 3), [5, 5])
    """
    low, high, size = (0, low, high) if size is None else (low, high, size)
    expect(size is not None, "randint", "a size", "none", "write randint(9, (2, 3))", TypeError)
    expect(low < high, "randint", "low < high", f"{low} and {high}", "exchange them")
    return made((generator or default_generator).integers(low, high, size), dtype, requires_grad)


@replayed
def randperm(n: int, *, generator: Source = None, dtype: Any = np.int64,
             requires_grad: bool = False) -> Tensor:  # fmt: skip
    """The whole numbers from 0 up to but without ``n``, in random order.

    >>> sorted(randperm(4).tolist())
    [0, 1, 2, 3]
    """
    return made((generator or default_generator).permutation(n), dtype, requires_grad)


def shape_from(size: tuple[Any, ...]) -> tuple[int, ...]:
    """A shape given as numbers or as one tuple."""
    sides = size[0] if len(size) == 1 and isinstance(size[0], (tuple, list)) else size
    are_whole = all(hasattr(side, "__index__") for side in sides)
    expect(are_whole, "a shape", "whole numbers", size, "convert them", TypeError)
    return tuple(int(side.__index__()) for side in sides)


def made(array: Any, dtype: Any, requires_grad: bool) -> Tensor:
    """A fresh array as a tensor; without a dtype, float64 becomes the default one."""
    array = np.asarray(array)
    default = Tensor.default_dtype if array.dtype == np.float64 else array.dtype
    return Tensor(array.astype(dtype or default, copy=False)).requires_grad_(requires_grad)
