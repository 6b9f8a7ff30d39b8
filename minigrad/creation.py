"""Making tensors: from values, of one value, as ranges, and at random.

Here is also what Python floats become, and the generator behind `manual_seed`.
"""

from typing import Any, Self

import numpy as np

from .autograd import Tensor, replayed
from .errors import check, expect, wrong_kind

Rng = np.random.Generator | None  # None for the one behind `manual_seed`


def set_default_dtype(dtype: Any) -> None:
    """Set what Python floats become: float32 at first, or any other NumPy float dtype."""
    dtype = np.dtype(dtype)
    expect(dtype.kind == "f", "set_default_dtype", "a float dtype", dtype, "give one", TypeError)
    Tensor.default_dtype = dtype


def get_default_dtype() -> np.dtype[Any]:
    """What Python floats become.

    >>> get_default_dtype()
    dtype('float32')
    """
    return Tensor.default_dtype


@replayed
def tensor(data: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A copy of ``data``: numbers, nested lists of them, an array, or an untracked tensor.

    Arrays and NumPy scalars keep their dtype. Python floats become the default dtype, ints int64.

    >>> tensor([[1, 2], [3, 4]])
    tensor([[1, 2],
            [3, 4]])
    >>> tensor([1.5, 2.0], requires_grad=True)
    tensor([1.5, 2. ], requires_grad=True)
    """
    array = np.array(data)
    if array.dtype.kind not in "fciub":
        raise wrong_kind("tensor", "numbers in lists of equal lengths", array.dtype, "convert them")
    while isinstance(data, (list, tuple)) and data:
        data = data[0]  # down to the first number, which may have a dtype of its own
    return made(array, dtype or (array.dtype if hasattr(data, "dtype") else None), requires_grad)


def as_tensor(data: Any) -> Tensor:
    """A tensor as it is; an array as a tensor that shares its memory; numbers as `tensor`.

    >>> as_tensor(1.5)
    tensor(1.5)
    """
    if isinstance(data, Tensor):
        return data
    return Tensor(data) if isinstance(data, np.ndarray) else tensor(data)


def from_numpy(ndarray: np.ndarray, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor that shares the memory of an array, as long as its dtype is kept.

    >>> a = np.zeros(2)
    >>> t = from_numpy(a)
    >>> a[0] = 1.0
    >>> t.tolist()
    [1.0, 0.0]
    """
    if not isinstance(ndarray, np.ndarray):
        raise wrong_kind("from_numpy", "an ndarray", type(ndarray), "use minigrad.tensor")
    return made(ndarray, dtype or ndarray.dtype, requires_grad)


def zeros(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros of the shape ``size``, given as numbers or as one tuple.

    >>> zeros(2)
    tensor([0., 0.])
    """
    return full(shape_from(size), 0.0, dtype, requires_grad)


def ones(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones of the shape ``size``, given as numbers or as one tuple.

    >>> ones((2,))
    tensor([1., 1.])
    """
    return full(shape_from(size), 1.0, dtype, requires_grad)


@replayed
def full(size: Any, fill_value: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """One value in the shape ``size``; its dtype is that of `tensor` of the value.

    >>> full((2,), 0.5)
    tensor([0.5, 0.5])
    """
    values = np.full(shape_from((size,)), tensor(fill_value, dtype).numpy())
    return made(values, values.dtype, requires_grad)


def eye(n: int, m: int | None = None, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones on the diagonal of an ``(n, m)`` matrix, square without ``m``.

    >>> eye(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    return made(np.eye(n, m), dtype, requires_grad)


def arange(start: Any, end: Any = None, step: Any = 1, dtype: Any = None,
           requires_grad: bool = False) -> Tensor:  # fmt: skip
    """The numbers from ``start`` (0 if one bound is given) by ``step``, up to but without ``end``.

    >>> arange(3), arange(0.0, 1.0, 0.5)
    (tensor([0, 1, 2]), tensor([0. , 0.5]))
    """
    start, end = (0, start) if end is None else (start, end)
    expect(step != 0, "arange", "a step other than 0", 0, "give one")
    return made(np.arange(start, end, step), dtype, requires_grad)


def linspace(start: float, end: float, steps: int, dtype: Any = None,
             requires_grad: bool = False) -> Tensor:  # fmt: skip
    """``steps`` numbers at equal distances from ``start`` to ``end``, both included.

    >>> linspace(-2, 2, 5)
    tensor([-2., -1.,  0.,  1.,  2.])
    """
    return made(np.linspace(start, end, steps), dtype, requires_grad)


def zeros_like(input: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros of another tensor's shape and dtype.

    >>> zeros_like(ones(2))
    tensor([0., 0.])
    """
    return full_like(input, 0, dtype, requires_grad)


def ones_like(input: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones of another tensor's shape and dtype.

    >>> ones_like(zeros(2))
    tensor([1., 1.])
    """
    return full_like(input, 1, dtype, requires_grad)


def full_like(input: Any, fill_value: Any, dtype: Any = None,
              requires_grad: bool = False) -> Tensor:  # fmt: skip
    """One value in another tensor's shape and dtype.

    >>> full_like(zeros(2), 3)
    tensor([3., 3.])
    """
    return full(input.shape, fill_value, dtype or input.dtype, requires_grad)


# --- at random ----------------------------------------------------------------------------------


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
        return dict(self.bit_generator.state)

    @replayed
    def set_state(self, state: Any) -> Self:
        """Go on from a state that `get_state` gave. Returns itself."""
        self.bit_generator.state = state
        return self


default_generator = Generator()  # that of random functions, where none is given
manual_seed = default_generator.manual_seed


@replayed
def rand(*size: Any, generator: Rng = None, dtype: Any = None,
         requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Uniform on [0, 1), of the shape ``size``, given as numbers or as one tuple.

    >>> rand(2, 3).shape
    (2, 3)
    """
    return made((generator or default_generator).random(shape_from(size)), dtype, requires_grad)


@replayed
def randn(*size: Any, generator: Rng = None, dtype: Any = None,
          requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Normal with mean 0 and standard deviation 1, of the shape ``size``.

    >>> randn(2, 3).shape
    (2, 3)
    """
    values = (generator or default_generator).standard_normal(shape_from(size))
    return made(values, dtype, requires_grad)


@replayed
def normal(mean: Any = 0.0, std: Any = 1.0, size: Any = None, *, generator: Rng = None,
           dtype: Any = None, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Normal with the given mean and standard deviation, which broadcast to ``size``.

    >>> normal(0.0, 0.1, (2, 3)).shape
    (2, 3)
    """
    mean, std = np.asarray(mean), np.asarray(std)
    expect((std >= 0).all(), "normal", "std >= 0", std.min(initial=0.0), "give its absolute value")
    return made((generator or default_generator).normal(mean, std, size), dtype, requires_grad)


@replayed
def randint(low: int, high: Any = None, size: Any = None, *, generator: Rng = None,
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
def randperm(n: int, *, generator: Rng = None, dtype: Any = np.int64,
             requires_grad: bool = False) -> Tensor:  # fmt: skip
    """The whole numbers from 0 up to but without ``n``, in random order.

    >>> sorted(randperm(4).tolist())
    [0, 1, 2, 3]
    """
    return made((generator or default_generator).permutation(n), dtype, requires_grad)


def rand_like(input: Any, dtype: Any = None, requires_grad: bool = False, **kw: Any) -> Tensor:
    """As `rand`, of another tensor's shape and dtype; ``generator=`` as there.

    >>> rand_like(zeros(2)).shape
    (2,)
    """
    return rand(input.shape, dtype=dtype or input.dtype, requires_grad=requires_grad, **kw)


def randn_like(input: Any, dtype: Any = None, requires_grad: bool = False, **kw: Any) -> Tensor:
    """As `randn`, of another tensor's shape and dtype; ``generator=`` as there.

    >>> randn_like(zeros(2)).shape
    (2,)
    """
    return randn(input.shape, dtype=dtype or input.dtype, requires_grad=requires_grad, **kw)


def randint_like(input: Any, low: int, high: Any = None, dtype: Any = None, **kw: Any) -> Tensor:
    """As `randint`, of another tensor's shape and dtype; ``generator=`` as there.

    >>> randint_like(zeros(2), 1).tolist()
    [0.0, 0.0]
    """
    low, high = (0, low) if high is None else (low, high)
    return randint(low, high, input.shape, dtype=dtype or input.dtype, **kw)


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
