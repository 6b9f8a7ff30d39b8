"""Making tensors: from values, of one value, and as ranges; and what Python floats become."""

from typing import Any

import numpy as np

from .autograd import Tensor, replayed
from .errors import expect, wrong_kind
from .random import made, rand, randint, randn, shape_from


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
    own_dtype = array.dtype if hasattr(data, "dtype") else None
    return made(array, dtype or own_dtype, requires_grad)


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
