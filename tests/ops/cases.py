"""The matrix: for every entry of the table, calls of it at points where it is differentiable.

A case is a function of float arrays alone; whatever else the call needs is closed over. Arrays are
drawn without repeated values, in the domain of the function, at least 1e-2 from a kink.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np

from minigrad import Tensor
from minigrad.compositions import logsumexp
from minigrad.nn.kernels import conv, functions, layers, recurrent
from minigrad.ops import linalg
from minigrad.ops.arrays import scatter, spread


@dataclass(frozen=True)
class Case:
    function: Any
    name: str
    call: Callable[..., Any]
    inputs: tuple[np.ndarray, ...]
    reference: Callable[..., Any] | None  # in analytic terms, where NumPy's complex version is not


def draw(shape: Any, low: float, high: float, seed: int) -> np.ndarray:
    """Distinct values in an interval, in random order."""
    generator = np.random.default_rng([seed, int(np.prod(shape)), len(np.atleast_1d(shape))])
    size = int(np.prod(shape))
    grid = np.linspace(low, high, size + 2)[1:-1] + generator.uniform(-0.2, 0.2, size) * (
        high - low
    ) / (size + 2)
    return np.asarray(generator.permutation(grid).reshape(shape))


def real(*shape: int, seed: int = 0) -> np.ndarray:
    """Both signs, away from zero and from whole numbers."""
    x = draw(shape, -2.7, 2.7, seed)
    return np.where(abs(x - np.round(x)) < 0.02, x + 0.04, x)


def positive(*shape: int, seed: int = 0) -> np.ndarray:
    return draw(shape, 0.2, 2.9, seed)


def unit(*shape: int, seed: int = 0) -> np.ndarray:
    return real(*shape, seed=seed) / 3.0


def above_one(*shape: int, seed: int = 0) -> np.ndarray:
    return 1.0 + positive(*shape, seed=seed)


def matrix(*shape: int, seed: int = 0) -> np.ndarray:
    """Well-conditioned square matrices."""
    n = shape[-1]
    return real(*shape, seed=seed) / 3.0 + 2.0 * np.eye(n)


def separated(*shape: int, seed: int = 0) -> np.ndarray:
    """Matrices whose eigenvalues and singular values are far apart."""
    m, n = shape[-2:]
    return real(*shape, seed=seed) / 12.0 + np.eye(m, n) * np.linspace(1.0, 2.5, n)


def symmetric(x: Any) -> Any:
    """A symmetric matrix made of any, so that both halves count."""
    return 0.5 * (x + np.swapaxes(x, -1, -2))


def definite(x: Any) -> Any:
    """A positive definite matrix made of any."""
    return x @ np.swapaxes(x, -1, -2) + np.eye(x.shape[-1])


CASES: list[Case] = []


def case(
    function: Any, *inputs: np.ndarray, call: Any = None, reference: Any = None, **kwargs: Any
) -> None:
    number = sum(c.function is function for c in CASES)
    name = f"{getattr(function, '__qualname__', function)}-{number}"
    analytic = REFERENCES.get(function)
    if call is None:

        def call(*arrays: Any) -> Any:
            return function(*arrays, **kwargs)

        if analytic is not None:

            def reference(*arrays: Any) -> Any:
                return analytic(*arrays, **kwargs)

    CASES.append(Case(function, name, call, inputs, reference))


def with_last(function: Any, x: np.ndarray, *rest: Any, **kwargs: Any) -> None:
    """A case of a function whose other arguments are not differentiated by."""
    case(function, x, call=lambda a: function(a, *rest, **kwargs))


def of_half(function: Any, whole: Any, analytic: Any, x: np.ndarray, **kwargs: Any) -> None:
    """A case of a function that looks at one half of its symmetric argument."""
    case(
        function,
        x,
        call=lambda a: function(whole(a), **kwargs),
        reference=lambda a: analytic(whole(a)),
    )


# --- analytic references: the functions in terms that the complex step can see through ----------


def same(x: Any) -> Any:
    return x


def modulus(x: Any) -> Any:
    return np.sqrt(x * x)


def fixed(x: Any) -> Any:
    """The real part as a constant."""
    return np.real(np.asarray(x.detach() if isinstance(x, Tensor) else x))


def angle(x: Any, y: Any) -> Any:
    return np.arctan(x / y) + np.arctan2(fixed(x), fixed(y)) - np.arctan(fixed(x) / fixed(y))


def variance(x: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Any:
    spread = x - np.mean(x, axis, keepdims=True)
    number = x.size / np.mean(x, axis).size - ddof
    return np.sum(spread * spread, axis, keepdims=keepdims) / number


def remainder(x: Any, y: Any) -> Any:
    return x - y * np.floor(fixed(x) / fixed(y))


def cube_root(x: Any) -> Any:
    return np.cbrt(fixed(x)) * np.exp(np.log(x / fixed(x)) / 3.0)


def vector_norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    if ord == 0:
        return 0.0 * np.sum(x, axis, keepdims=keepdims) + np.linalg.norm(
            fixed(x), 0, axis, keepdims
        )
    if ord in (np.inf, -np.inf):
        return (np.max if ord > 0 else np.min)(modulus(x), axis, keepdims=keepdims)
    p = 2 if ord is None else ord
    return np.sum(modulus(x) ** p, axis, keepdims=keepdims) ** (1.0 / p)


def partitioned(a: Any, axis: Any) -> Any:
    a, axis = (np.ravel(a), -1) if axis is None else (a, axis)
    places = np.argpartition(fixed(a), 1, axis)
    return np.take_along_axis(a, places, axis)


def cholesky_factor(a: Any) -> Any:
    """Column by column (Cholesky-Banachiewicz), with no complex conjugates."""
    n = a.shape[-1]
    columns: list[Any] = []
    for j in range(n):
        rest = a[..., :, j] - sum(c * c[..., j : j + 1] for c in columns)
        column = rest / np.sqrt(rest[..., j : j + 1])
        columns.append(np.where(np.arange(n) >= j, column, 0.0))
    return np.stack(columns, -1)


def eigenvalues(a: Any) -> Any:
    return np.sort(np.linalg.eigvals(a), -1)


def eigenvectors(a: Any) -> Any:
    """In the order and with the signs that eigh gives."""
    w, v = np.linalg.eig(a)
    order = np.argsort(w, -1)
    v = np.take_along_axis(v, order[..., None, :], -1)
    v = v / np.sqrt(np.sum(v * v, -2, keepdims=True))
    signs = np.sign(np.sum(fixed(v) * np.linalg.eigh(fixed(a))[1], -2, keepdims=True))
    return np.take_along_axis(w, order, -1), v * signs


def decomposed(a: Any) -> Any:
    """The thin singular value decomposition, with the signs that svd gives."""
    m, n = a.shape[-2:]
    if m < n:
        u, s, vt = decomposed(np.swapaxes(a, -1, -2))
        u, vt = np.swapaxes(vt, -1, -2), np.swapaxes(u, -1, -2)
    else:
        w, v = eigenvectors(np.swapaxes(a, -1, -2) @ a)
        s, v = np.sqrt(w[..., ::-1]), v[..., ::-1]
        u, vt = a @ v / s[..., None, :], np.swapaxes(v, -1, -2)
    wanted = np.linalg.svd(fixed(a), full_matrices=False)[0]
    signs = np.sign(np.sum(fixed(u) * wanted, -2))
    return u * signs[..., None, :], s, vt * signs[..., :, None]


def matrix_norm(order: Any, x: Any, axes: Any = (0, 1)) -> Any:
    x = np.moveaxis(x, axes, (-2, -1))
    if order in (None, "fro"):
        return np.sqrt(np.sum(x * x, (-2, -1)))
    if order in ("nuc", 2, -2):
        s = decomposed(x)[1]
        return {"nuc": np.sum, 2: np.max, -2: np.min}[order](s, -1)
    sums = np.sum(modulus(x), -2 if abs(order) == 1 else -1)
    return (np.max if order > 0 else np.min)(sums, -1)


def upper_factor(a: Any) -> Any:
    return np.swapaxes(cholesky_factor(a), -1, -2)


def packed(values: Any, *vectors: Any) -> Any:
    return np.concatenate([values[..., None, :], *vectors], -2)


def left_inverse(a: Any) -> Any:
    t = np.swapaxes(a, -1, -2)
    return np.linalg.inv(t @ a) @ t if a.shape[-2] >= a.shape[-1] else t @ np.linalg.inv(a @ t)


REFERENCES: dict[Any, Any] = {
    np.conjugate: same,
    np.real: same,
    np.absolute: modulus,
    np.fabs: modulus,
    np.cbrt: cube_root,
    np.degrees: lambda x: x * (180.0 / np.pi),
    np.rad2deg: lambda x: x * (180.0 / np.pi),
    np.radians: lambda x: x * (np.pi / 180.0),
    np.deg2rad: lambda x: x * (np.pi / 180.0),
    np.arctan2: angle,
    np.hypot: lambda x, y: np.sqrt(x * x + y * y),
    np.logaddexp: lambda x, y: np.log(np.exp(x) + np.exp(y)),
    np.logaddexp2: lambda x, y: np.log2(np.exp2(x) + np.exp2(y)),
    np.remainder: remainder,
    np.fmod: lambda x, y: x - y * np.trunc(fixed(x) / fixed(y)),
    np.copysign: lambda x, y: modulus(x) * np.sign(fixed(y)) + 0.0 * y,
    np.var: variance,
    np.std: lambda x, **kwargs: np.sqrt(variance(x, **kwargs)),
    np.linalg.slogdet: lambda a: (0.0, 0.5 * np.log(np.linalg.det(a) ** 2)),
    linalg.log_abs_det: lambda a: 0.5 * np.log(np.linalg.det(a) ** 2),
    np.linalg.pinv: left_inverse,
    np.linalg.svdvals: lambda a: decomposed(a)[1],
}

# --- elementwise --------------------------------------------------------------------------------

UNARY = {
    real: "positive negative conjugate real exp exp2 expm1 square absolute fabs sin cos tan arctan "
    "sinh cosh tanh arcsinh degrees rad2deg radians deg2rad sinc nan_to_num cbrt reciprocal copy",
    positive: "log log2 log10 sqrt cbrt log1p",
    unit: "arcsin arccos arctanh log1p",
    above_one: "arccosh",
}
for domain, names in UNARY.items():
    for name in names.split():
        for shape in (2, 3), (3,), ():
            case(getattr(np, name), domain(*shape))
case(np.sinc, np.array([0.0, 1e-5, -0.02, 0.1, 0.11, 2.5]))

BROADCASTS = (
    ((2, 3), (2, 3)),
    ((3, 3), (3,)),
    ((3, 1), (3,)),
    ((), (2,)),
    ((2, 2, 2), (2, 2)),
    ((1, 3), (2, 1)),
)
BINARY = {
    (real, real): "add subtract multiply maximum minimum fmax fmin arctan2 hypot logaddexp "
    "logaddexp2 copysign",
    (real, positive): "divide remainder fmod",
    (positive, real): "power float_power divide",
}
for domains, names in BINARY.items():
    for name in names.split():
        for left, right in BROADCASTS:
            case(getattr(np, name), domains[0](*left, seed=1), domains[1](*right, seed=2))
case(np.power, real(4), call=lambda x: x**3)
case(np.power, real(4), call=lambda x: x**2)
case(np.power, real(4), call=lambda x: np.power(x, np.array([0.0, 1.0, 2.0, -1.0])))
case(np.power, positive(4), call=lambda x: 2.0**x)
TWOS = np.array([0, 1, -2])
case(np.ldexp, real(3), call=lambda x: np.ldexp(x, TWOS), reference=lambda x: x * 2.0**TWOS)
case(np.where, real(2, 3), real(3, seed=1), call=lambda x, y: np.where(np.arange(3) > 1, x, y))
case(np.where, real(2, 3), call=lambda x: np.where(x > 0.0, x * x, 1.0))
case(np.ndarray.astype, real(3), call=lambda x: x.astype(np.result_type(x, np.float64)))
if hasattr(np, "astype"):
    case(np.astype, real(3), call=lambda x: np.astype(x, np.result_type(x, np.float64)))
case(np.clip, real(2, 3), call=lambda x: np.clip(x, -1.1, 1.3))
case(np.clip, real(2, 3), call=lambda x: np.clip(x, None, 0.5))
case(np.clip, real(2, 3), real(3, seed=1), call=lambda x, low: np.clip(x, low, low + 1.0))
case(np.real_if_close, real(3), call=lambda x: np.real_if_close(x), reference=lambda x: x)
case(np.linspace, real(), real(seed=1), num=4)
case(np.linspace, real(2), real(3, 1), call=lambda a, b: np.linspace(a, b, 3, False, axis=-1))
case(np.linspace, real(2), call=lambda a: np.linspace(0.5, a, 3))
case(np.imag, real(3), call=lambda x: np.imag(x), reference=lambda x: 0.0 * x)
case(np.select, real(4), call=lambda x: np.select([x > 1.0, x > 0.0], [x * x, -x], 0.5))

# --- reductions and scans -----------------------------------------------------------------------

AXES = (
    {},
    {"axis": 0},
    {"axis": -1},
    {"axis": (0, 2)},
    {"axis": 1, "keepdims": True},
    {"keepdims": True},
)
for function in (
    np.sum,
    np.mean,
    np.max,
    np.min,
    np.amax,
    np.amin,
    np.prod,
    logsumexp,
):
    for kwargs in AXES:
        case(function, real(2, 3, 2), **kwargs)
for function in np.var, np.std:
    for kwargs in AXES:
        case(function, real(3, 3, 2), ddof=1, **kwargs)
    case(function, real(4))
for function in np.cumsum, np.cumprod:
    for kwargs in ({}, {"axis": 0}, {"axis": -1}, {"axis": 1}):
        case(function, real(2, 3, 2), **kwargs)
case(np.prod, np.array([[0.0, 2.0, 3.0], [0.0, 0.0, 2.0], [1.0, 2.0, 3.0]]), axis=1)
case(np.cumprod, np.array([2.0, 0.0, 3.0, 0.0, 1.5]))
case(spread, real(2, 2), call=lambda g: spread(g, (2, 3, 2), 1))
case(np.average, real(2, 3))
case(np.average, real(2, 3), positive(3, seed=1), call=lambda a, w: np.average(a, 1, w))
case(np.average, real(2, 3), positive(2, 3, seed=1), call=lambda a, w: np.average(a, 0, w, True))
case(np.diff, real(2, 4))
case(np.diff, real(4, 2), n=2, axis=0)
case(np.gradient, real(2, 4))
case(
    np.gradient,
    real(5),
    call=lambda f: np.gradient(f, np.array([0.0, 1.0, 1.5, 3.0, 3.2]), edge_order=2),
)

# --- shape --------------------------------------------------------------------------------------

with_last(np.reshape, real(2, 6), (3, 4))
with_last(np.reshape, real(2, 6), (3, 4), "F")
for function in np.ravel, np.ndarray.flatten:
    name = function.__name__
    case(function, real(2, 3), call=lambda x, name=name: getattr(x, name)())
    case(function, real(2, 3), call=lambda x, name=name: getattr(x, name)("F"))
with_last(np.squeeze, real(2, 1, 3, 1))
with_last(np.squeeze, real(2, 1, 3, 1), -1)
with_last(np.expand_dims, real(2, 3), (0, -1))
case(np.ndarray.copy, real(2, 3), call=lambda x: x.copy())
with_last(np.transpose, real(2, 3, 4))
with_last(np.transpose, real(2, 3, 4), (2, 0, -2))
with_last(np.matrix_transpose, real(2, 3, 4))
with_last(np.swapaxes, real(2, 3, 4), 0, -1)
with_last(np.moveaxis, real(2, 3, 4), 0, -1)
with_last(np.moveaxis, real(2, 3, 4), (0, 1), (-1, 0))
with_last(np.rollaxis, real(2, 3, 4), 2)
with_last(np.broadcast_to, real(3, 1), (2, 3, 4))
for axis in None, 0, (0, 2):
    with_last(np.flip, real(2, 3, 2), axis)
with_last(np.fliplr, real(2, 3))
with_last(np.flipud, real(2, 3))
with_last(np.rot90, real(2, 3), 3)
with_last(np.rot90, real(2, 3, 4), 1, (1, 2))
with_last(np.roll, real(2, 3), 2)
with_last(np.roll, real(2, 3), (1, -1), (0, 1))
with_last(np.tril, real(2, 3, 3), 1)
with_last(np.triu, real(3, 4), -1)
for axis in 0, -1, None:
    case(
        np.concatenate,
        real(2, 3),
        real(2, 3, seed=1),
        call=lambda x, y, a=axis: np.concatenate((x, y), a),
    )
case(np.concatenate, real(2, 3), call=lambda x: np.concatenate([x, np.ones((1, 3)), x]))
for function in np.stack, np.vstack, np.hstack, np.dstack, np.column_stack:
    case(function, real(3), real(3, seed=1), call=lambda x, y, f=function: f([x, y]))
    case(function, real(2, 3), real(2, 3, seed=1), call=lambda x, y, f=function: f((x, y)))
case(np.stack, real(2, 3), real(2, 3, seed=1), call=lambda x, y: np.stack([x, y], -1))
for function in np.atleast_1d, np.atleast_2d, np.atleast_3d:
    for shape in (), (3,), (2, 3):
        case(function, real(*shape))
case(np.atleast_2d, real(3), real(), call=lambda x, y: np.atleast_2d(x, y))
case(np.append, real(2, 3), real(2, seed=1))
case(np.append, real(2, 3), real(2, 1, seed=1), axis=1)
for function in np.split, np.array_split, np.vsplit:
    with_last(function, real(4, 3), 2)
with_last(np.split, real(4, 3), [1, 1, 3])
with_last(np.array_split, real(2, 5), 3, 1)
with_last(np.hsplit, real(2, 4), 2)
with_last(np.hsplit, real(4), 2)
with_last(np.dsplit, real(2, 2, 4), 2)
for function in np.fft.fftshift, np.fft.ifftshift:
    with_last(function, real(3, 5))
    with_last(function, real(3, 5), 1)
with_last(np.repeat, real(2, 3), 2)
with_last(np.repeat, real(2, 3), [1, 0, 2], 1)
with_last(np.tile, real(2, 3), (2, 1, 2))
with_last(np.diagonal, real(3, 4), 1)
with_last(np.diagonal, real(2, 3, 3), -1, 1, 2)
with_last(np.diag, real(3), 1)
with_last(np.diag, real(3, 4), -1)
with_last(np.diagflat, real(2, 2))
with_last(np.delete, real(4, 2), [0, 2], 0)
with_last(np.resize, real(3), (2, 4))
with_last(np.pad, real(2, 3), ((1, 0), (0, 2)))
with_last(np.pad, real(2, 3), 1, constant_values=0.5)
with_last(np.pad, real(0, 3), 1, constant_values=((0.5, 1.5), (2.5, 3.5)))

# --- index --------------------------------------------------------------------------------------

MASK = np.array([[True, False, True], [False, True, True]])
for picked in (
    0,
    -1,
    slice(None, None, -1),
    (slice(1), 1),
    (..., 0),
    (None, 1),
    np.array([0, 1, 1]),
    [1, 0],
    (np.array([0, 1, 1]), np.array([2, 2, 0])),
    (slice(None), np.array([0, 0, 2])),
    (np.array([[0], [1]]), slice(None, 2)),
    MASK,
    (slice(None), np.array([True, False, True])),
    (0, MASK[0]),
    (1, 2),
):
    with_last(operator.getitem, real(2, 3), picked)
case(scatter, real(3), call=lambda g: scatter(g, np.array([0, 2, 2]), (4,)))
case(scatter, real(2, 1), call=lambda g: scatter(g, (slice(None), slice(1, 2)), (2, 3)))
with_last(np.take, real(2, 3), [0, 5, 0])
with_last(np.take, real(2, 3), [[0, 2], [1, 1]], 1)
with_last(np.take, real(2, 3), [4, -1], 1, mode="wrap")
with_last(np.take_along_axis, real(2, 3), np.array([[0, 0], [2, 1]]), 1)
with_last(np.take_along_axis, real(2, 3), np.array([[1, 0, 1]]), 0)
case(np.compress, real(2, 3), call=lambda a: np.compress([True, False, True], a, 1))
case(np.extract, real(2, 3), call=lambda a: np.extract(MASK, a))
for axis in 0, -1, None:
    with_last(np.sort, real(3, 4), axis)
    case(
        np.partition,
        real(3, 4),
        call=lambda a, axis=axis: np.partition(a, 1, axis),
        reference=partial(partitioned, axis=axis),
    )

# --- linear algebra -----------------------------------------------------------------------------

PRODUCTS = ((2, 3), (3, 2)), ((3, 3), (3, 3)), ((3,), (3, 2)), ((2, 3), (3,)), ((3,), (3,))
BATCHES = (
    ((2, 2, 3), (3, 2)),
    ((2, 3), (2, 3, 2)),
    ((2, 1, 2, 3), (3, 3, 2)),
    ((3,), (2, 3, 2)),
    ((2, 2, 3), (3,)),
)
for left, right in PRODUCTS + BATCHES:
    case(np.matmul, real(*left), real(*right, seed=1))
for left, right in (*PRODUCTS, ((2, 2, 3), (3,)), ((2, 2, 3), (2, 3, 2)), ((), (2, 3))):
    case(np.dot, real(*left), real(*right, seed=1))
for left, right in ((2, 3), (4, 3)), ((3,), (3,)), ((3,), (2, 3)), ((), (3,)):
    case(np.inner, real(*left), real(*right, seed=1))
case(np.outer, real(2, 2), real(3, seed=1))
case(
    np.vdot,
    real(2, 3),
    real(3, 2, seed=1),
    reference=lambda a, b: np.sum(np.ravel(a) * np.ravel(b)),
)
for axes in 0, 1, ([1, 2], [0, 1]), (2, 1):
    shape = {0: (2,)}.get(
        axes if isinstance(axes, int) else -1,
        (3, 4) if isinstance(axes, tuple) and isinstance(axes[0], list) else (4, 2),
    )
    if axes == (2, 1):
        shape = (2, 4)
    case(np.tensordot, real(2, 3, 4), real(*shape, seed=1), axes=axes)
SUMS = {
    "ij,jk->ik": ((2, 3), (3, 2)),
    "ij,jk": ((2, 3), (3, 2)),
    "ii->i": ((3, 3),),
    "ii": ((3, 3),),
    "ij->": ((2, 3),),
    "ij->j": ((2, 3),),
    "ij->ji": ((2, 3),),
    "i,j,k->ikj": ((2,), (3,), (2,)),
    "...ij,...jk->...ik": ((2, 2, 3), (3, 2)),
    "...i,i...": ((2, 3), (3, 1)),
    "bij,bjk,bkl->il": ((2, 2, 3), (2, 3, 2), (2, 2, 2)),
    "iij,jkk->ik": ((2, 2, 3), (3, 2, 2)),
    "i,i->": ((3,), (3,)),
    "ij,k->k": ((2, 3), (4,)),
}
for text, shapes in SUMS.items():
    arrays = [real(*shape, seed=i) for i, shape in enumerate(shapes)]
    case(np.einsum, *arrays, call=lambda *xs, t=text: np.einsum(t, *xs))
case(
    linalg.contract,
    real(2, 3),
    real(3, 2),
    call=lambda x, y: linalg.contract([x, y], ("ij", "jk"), "ik"),
)
case(np.kron, real(2, 2), real(1, 3, seed=1))
case(np.kron, real(2), real(2, 2, seed=1))
case(np.cross, real(3), real(2, 3, seed=1))
case(np.cross, real(3, 2), real(3, 2, seed=1), axis=0)
with_last(np.trace, real(3, 4), 1)
with_last(np.trace, real(2, 3, 3), 0, 1, 2)
for order in None, 2, 1, 3, 0.5, np.inf, -np.inf, 0:
    for x, kwargs in ((real(4), {}), (real(2, 3), {"axis": 1, "keepdims": True})):
        kwargs = {"ord": order, **kwargs}
        case(np.linalg.norm, x, reference=partial(vector_norm, **kwargs), **kwargs)
for order in None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf:
    case(np.linalg.norm, real(3, 2), reference=partial(matrix_norm, order), ord=order)
    across = partial(matrix_norm, order, axes=(2, 0))
    case(np.linalg.norm, real(2, 3, 2), reference=across, ord=order, axis=(2, 0))
for shape in (3, 3), (2, 2, 2):
    case(np.linalg.inv, matrix(*shape))
    case(np.linalg.det, matrix(*shape))
    case(np.linalg.slogdet, matrix(*shape))
    case(np.linalg.solve, matrix(*shape), real(shape[-1], 2, seed=1))
    case(np.linalg.solve, matrix(*shape), real(shape[-1], seed=1))
    of_half(np.linalg.cholesky, definite, cholesky_factor, real(*shape))
    of_half(np.linalg.cholesky, definite, upper_factor, real(*shape), upper=True)
    of_half(np.linalg.eigvalsh, symmetric, eigenvalues, separated(*shape))
    of_half(np.linalg.eigh, symmetric, eigenvectors, separated(*shape))
    of_half(np.linalg.eigh, symmetric, eigenvectors, separated(*shape), UPLO="U")
    for power in 5, -2, 1:
        with_last(np.linalg.matrix_power, matrix(*shape), power)
case(np.linalg.matrix_power, matrix(2, 2), call=lambda x: np.linalg.matrix_power(x, 0) + x)
for shape in (3, 2), (2, 3), (2, 3, 3):
    case(np.linalg.pinv, real(*shape))
    case(np.linalg.svd, separated(*shape), reference=decomposed, full_matrices=False)
    case(np.linalg.svdvals, separated(*shape))
case(np.linalg.svd, separated(3, 3), reference=decomposed)
case(linalg.log_abs_det, matrix(3, 3))
of_half(linalg.packed_eigh, symmetric, lambda a: packed(*eigenvectors(a)), separated(3, 3))
case(
    linalg.packed_svd,
    separated(3, 2),
    reference=lambda a: packed(*(lambda u, s, vt: (s, u, np.swapaxes(vt, -1, -2)))(*decomposed(a))),
)

# --- layers and losses ----------------------------------------------------------------------------

for shape in (2, 3), (4, 2, 3), (3,):
    case(layers.linear, real(*shape), real(2, 3, seed=1), real(2, seed=2))
    case(layers.linear, real(*shape), real(2, 3, seed=1))
for reduction in "mean", "sum", "none":
    case(functions.mse_loss, real(2, 3), real(2, 3, seed=1), reduction=reduction)
for shape in (3, 4), (2, 2, 3), (4,):
    case(functions.surprise, real(*shape), positive(*shape, seed=1))
case(functions.surprise, real(3, 4), call=lambda x: functions.surprise(x, np.eye(4)[[1, 3, 0]]))
with_last(functions.binary_surprise, unit(2, 3) / 2.0 + 0.5, positive(2, 3, seed=1) / 3.0)
for shape in (2, 3), ():
    for function in functions.sigmoid, functions.relu, functions.erf:
        case(function, real(*shape))
case(functions.gated, real(2, 3), real(2, 3, seed=1))
case(functions.erf, np.array([-7.0, -5.9, 1e-9, 4.0, 6.1]))
# nothing binds: what these do to a gradient where they do is tested in tests/nn
case(functions.clip_gradient, real(2, 3), call=lambda x: functions.clip_gradient(x, value=9.0))
case(functions.clip_gradient, real(2, 3), call=lambda x: functions.clip_gradient(x, norm=1e3))
case(functions.scale_gradient, real(2, 3), call=lambda x: functions.scale_gradient(x, 1.0))
for shape in (3, 2), (2, 3, 4), (2, 2, 1, 3), (2, 1):
    affine = real(shape[1], seed=1), real(shape[1], seed=2)
    case(
        layers.normalize,
        real(*shape),
        *affine,
        call=lambda *a: layers.normalize(*a, 0.1, SimpleNamespace()),
    )
CELLS = recurrent.Elman("tanh"), recurrent.Elman("relu"), recurrent.LSTM()
for cell, steps in itertools.product(CELLS, (3, 1)):
    rows = len(cell.order) * 2
    shapes = (steps, 2, 3), (1 + bool(cell.memories), 2, 2), (rows, 3), (rows, 2), (rows,), (rows,)
    case(
        recurrent.recurrence,
        *[real(*shape, seed=i) for i, shape in enumerate(shapes)],
        call=lambda *a, c=cell: recurrent.recurrence(*a, c),
    )
for size, stride, dilation, before in ((2, 2), 1, 1, 0), ((3, 2), 2, 1, 1), ((2, 1), 1, 2, 1):
    frame = conv.frame_of("case", size, stride, 0, dilation)._replace(edges=[(before, 1)] * 2)
    with_last(conv.windows, real(2, 2, 3, 4), frame)
    shape = conv.windows(real(2, 2, 3, 4), frame).shape
    with_last(conv.fold, real(*shape), frame, (2, 2, 3, 4))
