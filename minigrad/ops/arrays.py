"""The derivatives of functions of whole arrays: that reduce, arrange, join, pick and sort."""

import math
import operator
from typing import Any

import numpy as np

from ..autograd.registry import TABLE, Function, derivative, parameters_of, primitive
from ..errors import wrong_value

# --- reductions and scans along axes, each beside its adjoint -----------------------------------


def along(axis: Any, ndim: int) -> tuple[int, ...]:
    """The axes as a tuple of numbers from 0; all for None."""
    if axis is None:
        return tuple(range(ndim))
    return tuple(i % ndim for i in (axis if isinstance(axis, tuple) else (axis,)))


def count(shape: tuple[int, ...], axis: Any) -> int:
    """How many elements each result of a reduction is made of."""
    return math.prod(shape[i] for i in along(axis, len(shape)))


@primitive
def spread(g: Any, shape: tuple[int, ...], axis: Any = None, keepdims: Any = False) -> Any:
    """Repeat ``g`` along the axes that a reduction of ``shape`` removed: the adjoint of sum."""
    if axis is not None and not keepdims:
        g = np.expand_dims(g, along(axis, len(shape)))
    full = np.empty(shape, g.dtype)
    full[...] = g
    return full


def extreme_rule(g: Any, z: Any, a: Any, axis: Any, keepdims: Any) -> Any:
    """The gradient to the elements that are the extreme, shared equally by those that tie."""
    shape = np.shape(a)
    chosen = np.equal(a, spread(z, shape, axis, keepdims))
    number = np.sum(chosen, axis, keepdims=bool(keepdims), dtype=z.dtype)
    return np.where(chosen, spread(g / np.maximum(number, 1.0), shape, axis, keepdims), 0.0)


derivative(spread, g=lambda g, axis, keepdims: np.sum(g, axis, keepdims=bool(keepdims)))
derivative(np.sum, a=lambda g, a_shape, axis, keepdims: spread(g, a_shape, axis, keepdims))
derivative(np.mean, a=lambda g, a_shape, axis, keepdims: spread(
    g / max(count(a_shape, axis), 1), a_shape, axis, keepdims))  # fmt: skip
derivative(np.cumsum, a=lambda g, a_shape, axis: np.reshape(  # the sum from each place on
    np.flip(np.cumsum(np.flip(g, axis or 0), axis or 0), axis or 0), a_shape))  # fmt: skip
for extreme in np.max, np.min, np.amax, np.amin:
    derivative(extreme, a=extreme_rule)
for name in "sum", "mean", "max", "min":  # the methods are NumPy's shorter way
    TABLE[getattr(np, name)].forward = getattr(np.ndarray, name)

# --- arranging and joining ----------------------------------------------------------------------


def reshape_rule(g: Any, a_shape: Any, order: Any) -> Any:
    """The gradient in the shape of the argument."""
    if order not in ("C", "F"):
        raise wrong_value("the derivative of reshape", "order 'C' or 'F'", repr(order), "use one")
    return np.reshape(g, a_shape, order)


def concatenate_rule(g: Any, arrays_shape: Any, axis: Any) -> list[Any]:
    """The piece of the gradient that belongs to each array."""
    if axis is None:
        flat = concatenate_rule(g, [(math.prod(shape),) for shape in arrays_shape], 0)
        return [np.reshape(piece, shape) for piece, shape in zip(flat, arrays_shape, strict=True)]
    before = (slice(None),) * (axis % g.ndim)
    ends = np.cumsum([shape[axis] for shape in arrays_shape]).tolist()
    return [g[(*before, slice(i, j))] for i, j in zip([0, *ends], ends, strict=False)]


derivative(np.reshape, "a, shape=None, order='C', copy=None", a=reshape_rule)
for flattening in np.ravel, np.ndarray.flatten:
    derivative(flattening, "a, order='C'", a=reshape_rule)
for same_elements in np.squeeze, np.expand_dims:
    derivative(same_elements, a=lambda g, a_shape: np.reshape(g, a_shape))
derivative(np.copy, a=lambda g: g)
derivative(np.ndarray.copy, "a, order='C'", a=lambda g: g)
derivative(np.transpose, a=lambda g, axes: np.transpose(
    g, None if axes is None else np.argsort([i % len(axes) for i in axes])))  # fmt: skip
derivative(np.matrix_transpose, x=lambda g: g.mT)
derivative(np.swapaxes, a=lambda g, axis1, axis2: np.swapaxes(g, axis1, axis2))
derivative(np.moveaxis, a=lambda g, source, destination: np.moveaxis(g, destination, source))
derivative(np.broadcast_to, array=lambda g: g)
derivative(np.flip, m=lambda g, axis: np.flip(g, axis))
derivative(np.roll, a=lambda g, shift, axis: np.roll(g, np.negative(shift), axis))
derivative(np.tril, m=lambda g, k: np.tril(g, k))
derivative(np.triu, m=lambda g, k: np.triu(g, k))
joined = "arrays, axis=0, out=None, dtype=None, casting='same_kind'"
derivative(np.concatenate, joined, arrays=concatenate_rule)
TABLE[np.transpose].forward = np.ndarray.transpose  # NumPy's shorter ways
TABLE[np.matrix_transpose].forward = lambda x: x.mT
TABLE[np.reshape].forward = lambda a, shape, order="C": a.reshape(shape, order=order)

# --- picking, moving and sorting elements -------------------------------------------------------


@primitive
def scatter(g: Any, index: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of ``shape`` with ``g`` added at ``index``: the adjoint of indexing."""
    z = np.zeros(shape, g.dtype)
    parts = index if isinstance(index, tuple) else (index,)
    if any(np.ndim(part) and np.asarray(part).dtype.kind in "iu" for part in parts):
        np.add.at(z, index, g)  # the same place may be picked more than once
    else:
        z[index] = g
    return z


derivative(scatter, g=lambda g, index: g[index])
derivative(operator.getitem, "x, index", x=lambda g, x_shape, index: scatter(g, index, x_shape))


def moving(function: Function) -> None:
    """The row of a function that moves the elements of one array, copies, leaves out or fills up.

    The array has one of a few names in NumPy's parameter lists. The rule sends the numbers of its
    elements through the function and looks where they arrive; they count from 1, so that 0 is what
    it filled up with.
    """
    others = list(parameters_of(function))
    name = next(name for name in ("a", "A", "arr", "m", "v", "x") if name in others)
    others.remove(name)

    def rule(g: Any, shape: tuple[int, ...], *values: Any) -> Any:
        size = int(np.prod(shape))
        numbers = np.arange(1, size + 1).reshape(shape)
        arrived = function(**{name: numbers}, **dict(zip(others, values, strict=True)))
        return np.reshape(scatter(np.ravel(g), np.ravel(arrived), (size + 1,))[1:], shape)

    needs, scope = ", ".join([f"{name}_shape", *others]), {"rule": rule, "__name__": __name__}
    derivative(function, **{name: eval(f"lambda g, {needs}: rule(g, {needs})", scope)})


MOVING = """rollaxis repeat diagonal take compress resize tile diag diagflat take_along_axis extract
delete rot90 fliplr flipud fft.fftshift fft.ifftshift"""
for path in MOVING.split():
    moving(operator.attrgetter(path)(np))


def sort_rule(g: Any, z: Any, a: Any, axis: Any) -> Any:
    """The gradient back at the places it was taken from, shared equally among equal values."""
    if axis is None:
        return np.reshape(sort_rule(g, z, np.ravel(a), -1), np.shape(a))
    g, z, a = (np.moveaxis(v, axis, -1) for v in (g, z, a))
    rising = np.argsort(a, -1)
    line = np.take_along_axis(a, rising, -1)
    starts = np.not_equal(line, np.roll(line, 1, -1)) | np.equal(np.arange(a.shape[-1]), 0)
    runs = np.reshape(np.cumsum(starts), a.shape) - 1  # of equal values, numbered
    number = np.bincount(np.ravel(runs)).astype(g.dtype)
    mean = scatter(np.take_along_axis(g, np.argsort(z, -1), -1), runs, number.shape) / number
    shared = np.take_along_axis(mean[runs], np.argsort(rising, -1), -1)
    return np.moveaxis(shared, -1, axis)


derivative(np.sort, a=sort_rule)
derivative(np.partition, a=sort_rule)
