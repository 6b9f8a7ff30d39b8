"""The operators and array methods of a tensor, each a name for a row of the table.

The usual operators look their row up directly; the rest, with NumPy's mixin, take the longer way
of ``np.add(t, u)`` and arrive at the same rows by NumPy's protocol.
"""

import operator
from functools import partialmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from .memory import Variable, is_tracked, mark_changed, strip
from .modes import MODE, REPLAY
from .record import apply, dispatch, infix
from .registry import TABLE

METHODS = """all any argmax argmin argpartition argsort clip conj conjugate cumprod cumsum
diagonal dot max mean min nonzero prod ravel repeat round searchsorted squeeze std sum swapaxes
take trace var""".split()
OF_ARRAYS = "astype flatten sort partition fill".split()  # the last three in place


def augmented(function: Any) -> Any:
    """The method of an augmented assignment."""

    def call(self: Any, other: Any) -> Any:
        if MODE.get() & REPLAY or self._node is not None or is_tracked((other,)):
            return dispatch(function, (self, other), {"out": (self,)})
        function(self._array, strip(other), self._array)
        mark_changed(self._array)
        return self

    return call


def method(function: Any) -> Any:
    """The method that calls a function with the tensor as its first argument."""
    return lambda self, *args, **kwargs: dispatch(function, (self, *args), kwargs)


def gathering(function: Any) -> Any:
    """The same, where the method also takes the elements of a tuple one by one."""
    short = method(function)
    return lambda t, *args, **kw: short(t, args, **kw) if len(args) > 1 else short(t, *args, **kw)


class Operators(NDArrayOperatorsMixin, Variable):
    """A variable with the operators and methods of an ndarray."""

    __slots__ = ()

    __hash__ = object.__hash__  # by identity as ever, though == compares elements
    __eq__, __ne__ = method(operator.eq), method(operator.ne)
    __add__ = __radd__ = infix(np.add)
    __sub__, __rsub__ = infix(np.subtract), infix(np.subtract, True)
    __mul__ = __rmul__ = infix(np.multiply)
    __truediv__, __rtruediv__ = infix(np.divide), infix(np.divide, True)
    __matmul__, __rmatmul__ = infix(np.matmul), infix(np.matmul, True)
    __iadd__, __isub__ = augmented(np.add), augmented(np.subtract)
    __imul__, __itruediv__ = augmented(np.multiply), augmented(np.divide)
    __getitem__, __setitem__ = method(operator.getitem), method(operator.setitem)
    transpose, reshape = gathering(np.transpose), gathering(np.reshape)
    T, mT = property(method(np.transpose)), property(method(np.matrix_transpose))
    real, imag = property(method(np.real)), property(method(np.imag))
    copy, copy_ = method(np.ndarray.copy), method(np.copyto)
    fill_ = method(np.ndarray.fill)
    zero_ = partialmethod(fill_, 0)

    def __pow__(self, exponent: Any) -> Any:
        if type(exponent) in (int, float) and exponent == 2:
            return apply(TABLE[np.square], (self,), {})  # as ndarray does
        return _power(self, exponent)

    def compress(self, condition: Any, axis: Any = None) -> Any:
        """The slices along an axis where a condition holds."""
        return dispatch(np.compress, (condition, self, axis), {})

    def to(self, dtype: Any) -> Any:
        """The tensor itself if it is of that dtype, otherwise converted, on the tape."""
        return self if self.dtype == dtype else dispatch(np.ndarray.astype, (self, dtype), {})

    half, float, double = partialmethod(to, "e"), partialmethod(to, "f"), partialmethod(to, "d")

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...


_power = infix(np.power)
for _owner, _names in (np, METHODS), (np.ndarray, OF_ARRAYS):
    for _name in _names:
        setattr(Operators, _name, method(getattr(_owner, _name)))
