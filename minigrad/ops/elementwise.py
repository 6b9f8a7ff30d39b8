"""The derivatives of functions that act element by element: NumPy's ufuncs and their like."""

import math
from typing import Any

import numpy as np

from ..autograd.registry import derivative

LN2, LN10 = math.log(2.0), math.log(10.0)

# --- one argument -------------------------------------------------------------------------------

derivative(np.positive, x=lambda g: g)
derivative(np.negative, x=lambda g: -g)
derivative(np.conjugate, x=lambda g: g)
derivative(np.real, val=lambda g: g)
derivative(np.exp, x=lambda g, z: g * z)
derivative(np.exp2, x=lambda g, z: g * z * LN2)
derivative(np.expm1, x=lambda g, z: g * (z + 1.0))
derivative(np.log, x=lambda g, x: g / x)
derivative(np.log2, x=lambda g, x: g / (x * LN2))
derivative(np.log10, x=lambda g, x: g / (x * LN10))
derivative(np.log1p, x=lambda g, x: g / (x + 1.0))
derivative(np.sqrt, x=lambda g, z: 0.5 * g / z)
derivative(np.cbrt, x=lambda g, z: g / (3.0 * z * z))
derivative(np.square, x=lambda g, x: g * (x + x))
derivative(np.reciprocal, x=lambda g, z: -g * z * z)
derivative(np.absolute, x=lambda g, x: g * np.sign(x))
derivative(np.fabs, x=lambda g, x: g * np.sign(x))
derivative(np.sin, x=lambda g, x: g * np.cos(x))
derivative(np.cos, x=lambda g, x: -g * np.sin(x))
derivative(np.tan, x=lambda g, z: g * (1.0 + z * z))
derivative(np.arcsin, x=lambda g, x: g / np.sqrt((1.0 - x) * (1.0 + x)))
derivative(np.arccos, x=lambda g, x: -g / np.sqrt((1.0 - x) * (1.0 + x)))
derivative(np.arctan, x=lambda g, x: g / (1.0 + x * x))
derivative(np.sinh, x=lambda g, x: g * np.cosh(x))
derivative(np.cosh, x=lambda g, x: g * np.sinh(x))
derivative(np.tanh, x=lambda g, z: g * (1.0 - z * z))
derivative(np.arcsinh, x=lambda g, x: g / np.sqrt(x * x + 1.0))
derivative(np.arccosh, x=lambda g, x: g / np.sqrt((x - 1.0) * (x + 1.0)))
derivative(np.arctanh, x=lambda g, x: g / ((1.0 - x) * (1.0 + x)))
for to_degrees in np.degrees, np.rad2deg:
    derivative(to_degrees, x=lambda g: g * (180.0 / math.pi))
for to_radians in np.radians, np.deg2rad:
    derivative(to_radians, x=lambda g: g * (math.pi / 180.0))
converted = "a, dtype, order='K', casting='unsafe', subok=True, copy=True"
derivative(np.ndarray.astype, converted, a=lambda g: g)
derivative(np.nan_to_num, x=lambda g, x: np.where(np.isfinite(x), g, 0.0))


def sinc_slope(g: Any, x: Any) -> Any:
    """sinc'(x) = -x h(x) with h(x) = (sinc x - cos pi x) / x^2, by its series where x is small."""
    small = np.abs(x) < 0.1
    u = (math.pi * np.where(small, x, 0.0)) ** 2
    series = 1 / 3 - u * (1 / 30 - u * (1 / 840 - u * (1 / 45360 - u / 3991.68 * 1e-3)))
    safe = np.where(small, 1.0, x)
    h = np.where(small, math.pi**2 * series, (np.sinc(safe) - np.cos(math.pi * safe)) / safe**2)
    return -g * x * h


derivative(np.sinc, x=sinc_slope)

# --- two arguments ------------------------------------------------------------------------------


def larger(g: Any, x: Any, y: Any) -> Any:
    """The gradient where x > y or y is NaN, half of it at a tie."""
    return np.where(np.equal(x, y), 0.5 * g, np.where((x > y) | np.isnan(y), g, 0.0))


derivative(np.add, x=lambda g: g, y=lambda g: g)
derivative(np.subtract, x=lambda g: g, y=lambda g: -g)
derivative(np.multiply, x=lambda g, y: g * y, y=lambda g, x: g * x)
derivative(np.divide, x=lambda g, y: g / y, y=lambda g, z, y: -g * z / y)
for power in np.power, np.float_power:  # by x: 0 where y = 0, even at x = 0; by y: 0 where x = 0
    derivative(power, x=lambda g, x, y: g * y * x ** np.where(np.equal(y, 0.0), 1.0, y - 1.0),
               y=lambda g, z, x: g * z * np.log(np.where(np.equal(x, 0.0), 1.0, x)))  # fmt: skip
for maximum in np.maximum, np.fmax:
    derivative(maximum, x=larger, y=lambda g, x, y: larger(g, y, x))
for minimum in np.minimum, np.fmin:
    derivative(minimum, x=lambda g, x, y: larger(g, -x, -y), y=lambda g, x, y: larger(g, -y, -x))
derivative(np.arctan2, x=lambda g, x, y: g * y / (x * x + y * y),
           y=lambda g, x, y: -g * x / (x * x + y * y))  # fmt: skip
derivative(np.hypot, x=lambda g, z, x: g * x / np.where(np.equal(z, 0.0), 1.0, z),
           y=lambda g, z, y: g * y / np.where(np.equal(z, 0.0), 1.0, z))  # fmt: skip
derivative(np.logaddexp, x=lambda g, z, x: g * np.exp(x - z), y=lambda g, z, y: g * np.exp(y - z))
derivative(np.logaddexp2, x=lambda g, z, x: g * 2.0 ** (x - z),
           y=lambda g, z, y: g * 2.0 ** (y - z))  # fmt: skip
derivative(np.remainder, x=lambda g: g, y=lambda g, x, y: -g * np.floor_divide(x, y))
derivative(np.fmod, x=lambda g: g, y=lambda g, x, y: -g * np.trunc(x / y))
derivative(np.copysign, x=lambda g, x, y: g * np.sign(x) * np.copysign(1.0, y), y=lambda g: 0.0 * g)
derivative(np.ldexp, x=lambda g, y: np.ldexp(g, y))
derivative(np.where, "c, x, y", x=lambda g, c: np.where(c, g, 0.0),
           y=lambda g, c: np.where(c, 0.0, g))  # fmt: skip
