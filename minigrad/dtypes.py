"""The default dtype: what Python floats become, and random numbers are."""

from typing import Any

import numpy as np

from .autograd import Tensor


def set_default_dtype(dtype: Any) -> None:
    """Set what Python floats become: float32 at first, or any other NumPy float dtype."""
    if np.dtype(dtype).kind != "f":
        raise TypeError(f"set_default_dtype expects a float dtype, got {np.dtype(dtype)}; give one")
    Tensor.default_dtype = np.dtype(dtype)


def get_default_dtype() -> np.dtype[Any]:
    """What Python floats become.

    >>> get_default_dtype()
    dtype('float32')
    """
    return Tensor.default_dtype
