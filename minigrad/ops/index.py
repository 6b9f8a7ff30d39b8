"""The derivatives of functions that pick, move and sort elements."""

import operator
from typing import Any

import numpy as np

from ..autograd.registry import Function, derivative, parameters_of, primitive


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
