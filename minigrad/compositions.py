"""NumPy functions that need no derivative of their own, as they are spelled through others.

Each text stands for its function where a tensor is tracked; arrays alone never come here.
"""

import math
import string
from functools import partial
from typing import Any

import numpy as np

from .autograd.registry import TABLE, Function
from .errors import expect, wrong_kind
from .ops.arrays import along, count
from .ops.linalg import contract, log_abs_det, packed_eigh, packed_svd

# --- element by element -------------------------------------------------------------------------


def clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    """min(max(a, a_min), a_max), as NumPy defines it: a tie with a bound shares equally."""
    a_min, a_max = a_min if min is None else min, a_max if max is None else max
    a = a if a_min is None else np.maximum(a, a_min)
    return a if a_max is None else np.minimum(a, a_max)


def linspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, *, axis: int = 0) -> Any:
    """``num`` points on the line from start to stop."""
    way = stop - start
    share = np.linspace(0.0, 1.0, num, endpoint).reshape(num, *[1] * np.ndim(way))
    return np.moveaxis(start + share.astype(way.dtype) * way, 0, axis)


def select(condlist: Any, choicelist: Any, default: Any = 0.0) -> Any:
    """The first choice whose condition holds."""
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        default = np.where(condition, choice, default)
    return default


# --- reductions and scans -----------------------------------------------------------------------


def prod(a: Any, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Any:
    """The product, one half times the other, so that it is exact at zeros in every order."""
    axes, number = along(axis, np.ndim(a)), count(np.shape(a), axis)
    a = np.moveaxis(a if dtype is None else a.astype(dtype), axes, range(-len(axes), 0))
    lines = np.reshape(a, (*a.shape[: a.ndim - len(axes)], number))
    while (n := lines.shape[-1]) > 1:
        half, odd = lines[..., : n // 2] * lines[..., n // 2 : n - n % 2], lines[..., n - n % 2 :]
        lines = np.concatenate([half, odd], -1)
    z = np.sum(lines, -1) if n else np.sum(lines, -1) + 1.0
    return np.expand_dims(z, axes) if keepdims else z


def cumprod(a: Any, axis: Any = None, dtype: Any = None) -> Any:
    """The running product, doubling its reach in each round: exact at zeros in every order."""
    a = np.ravel(a) if axis is None else np.moveaxis(a, axis, -1)
    a = a if dtype is None else a.astype(dtype)
    reach = 1
    while reach < a.shape[-1]:
        a = np.concatenate([a[..., :reach], a[..., reach:] * a[..., :-reach]], -1)
        reach *= 2
    return a if axis is None else np.moveaxis(a, -1, axis)


def var(a: Any, axis: Any = None, dtype: Any = None, *, ddof: Any = 0, **kw: Any) -> Any:
    """The sum of squared distances from the mean, over their number less ddof."""
    a = a if dtype is None else a.astype(dtype)
    spread = a - np.mean(a, axis, keepdims=True)
    return np.sum(spread * spread, axis, **kw) * (1.0 / (count(a.shape, axis) - ddof))


def average(a: Any, axis: Any = None, weights: Any = None, returned: Any = False, **kw: Any) -> Any:
    """sum(weights a) / sum(weights)."""
    weights = np.ones_like(a) if weights is None else weights
    if np.shape(weights) != np.shape(a):
        sides = dict(zip(along(axis, np.ndim(a)), np.shape(weights), strict=True))
        weights = np.reshape(weights, [sides.get(i, 1) for i in range(np.ndim(a))])
    total = np.sum(weights * np.ones_like(a), axis, **kw)
    mean = np.sum(a * weights, axis, **kw) / total
    return (mean, total) if returned else mean


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """log of the sum of exp x along axes, without overflow.

    Args:
        x: array or Tensor of any shape.
        axis: axis or axes summed over; None for all.
        keepdims: keep them with length 1.

    >>> round(float(logsumexp(np.array([1000.0, 1000.0]))), 4)
    1000.6931
    """
    highest = np.max(getattr(x, "detach", lambda: x)(), axis, keepdims=True)
    highest = np.where(np.isfinite(highest), highest, 0.0)
    z = np.log(np.sum(np.exp(x - highest), axis, keepdims=True)) + highest
    return z if keepdims else np.squeeze(z, along(axis, np.ndim(x)))


def diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    """a[k+1] - a[k], n times."""
    a = np.moveaxis(a, axis, -1)
    for _ in range(n):
        a = a[..., 1:] - a[..., :-1]
    return np.moveaxis(a, -1, axis)


def gradient(f: Any, *spacing: Any, axis: Any = None, edge_order: Any = 1) -> Any:
    """np.gradient is linear: along each axis it is the matrix that it makes of the identity."""
    axes = along(axis, np.ndim(f))
    steps = spacing * len(axes) if len(spacing) == 1 else spacing or (1.0,) * len(axes)
    slopes = []
    for i, step in zip(axes, steps, strict=True):
        matrix = np.gradient(np.eye(f.shape[i], dtype=f.dtype), step, axis=0, edge_order=edge_order)
        slopes.append(np.moveaxis(np.tensordot(matrix, f, (1, i)), 0, i))
    return slopes[0] if len(slopes) == 1 else tuple(slopes)


# --- joining and cutting ------------------------------------------------------------------------


def stack(arrays: Any, axis: int = 0, **kw: Any) -> Any:
    """The arrays along a new axis."""
    return np.concatenate([np.expand_dims(a, axis) for a in arrays], axis, **kw)


def grown(function: Function, *arrays: Any) -> Any:
    """Each array in the shape that a function gives to one of its shape."""
    results = [np.reshape(a, function(np.empty(np.shape(a))).shape) for a in arrays]
    return results[0] if len(results) == 1 else tuple(results)


def pad(array: Any, pad_width: Any, mode: Any = "constant", constant_values: Any = 0.0) -> Any:
    """Padding by a constant: each place picks the element whose number arrives there, or a zero."""
    expect(mode == "constant", "np.pad", "mode constant here", repr(mode), "use np.concatenate")
    numbers = np.arange(np.size(array)).reshape(np.shape(array))
    place = np.pad(numbers, pad_width, constant_values=-1)  # the last is a zero of its own
    frame = np.pad(np.zeros(array.shape, array.dtype), pad_width, constant_values=constant_values)
    return np.append(np.ravel(array), np.zeros(1, array.dtype))[place] + frame


# --- products -----------------------------------------------------------------------------------


def einsum(subscripts: str, *operands: Any, optimize: Any = True) -> Any:
    """Einstein's sum of any form that is given as a string."""
    if not isinstance(subscripts, str):
        raise wrong_kind("np.einsum", "subscripts as a string", "a list", "write 'ij,jk->ik'")
    text, arrow, output = subscripts.replace(" ", "").partition("->")
    inputs, arrays = text.split(","), list(operands)
    spare = "".join(x for x in string.ascii_letters if x not in text)
    ranks = zip(inputs, map(np.ndim, arrays), strict=True)
    hidden = [spare[: max(rank - len(own.replace("...", "")), 0)][::-1] for own, rank in ranks]
    inputs = [own.replace("...", dots) for own, dots in zip(inputs, hidden, strict=True)]
    dots = max(hidden, key=len)
    once = sorted(x for x in text if x.isalpha() and text.count(x) == 1)
    output = output.replace("...", dots) if arrow else dots + "".join(once)
    for i, own in enumerate(inputs):
        for letter in set(own):
            while own.count(letter) > 1:
                j, k = own.index(letter), own.rindex(letter)
                arrays[i] = np.diagonal(arrays[i], 0, j, k)
                own = own[:j] + own[j + 1 : k] + own[k + 1 :] + letter
        others = output + "".join(inputs[:i] + inputs[i + 1 :])
        alone = tuple(j for j, letter in enumerate(own) if letter not in others)
        arrays[i] = np.sum(arrays[i], alone) if alone else arrays[i]
        inputs[i] = "".join(letter for letter in own if letter in others)
    return contract(arrays, tuple(inputs), output)


def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """The product summed over pairs of axes: the last of a with the first of b, or those named."""
    n, m = np.ndim(a), np.ndim(b)
    pairs = (range(n - axes, n), range(axes)) if isinstance(axes, int) else axes
    left, right = string.ascii_letters[:n], list(string.ascii_letters[n : n + m])
    for i, j in zip(*map(np.atleast_1d, pairs), strict=True):
        right[j] = left[i]
    rest = [letter for letter in (*left, *right) if (letter in left) != (letter in right)]
    return np.einsum(f"{left},{''.join(right)}->{''.join(rest)}", a, b)


def dot(a: Any, b: Any) -> Any:
    """The product over the last axis of a and the last but one of b."""
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return a * b
    return a @ b if np.ndim(b) <= 2 else np.tensordot(a, b, (-1, -2))


def kron(a: Any, b: Any) -> Any:
    """Blocks of b, scaled by the elements of a."""
    n = max(np.ndim(a), np.ndim(b))
    a, b = (np.reshape(x, (1,) * (n - np.ndim(x)) + np.shape(x)) for x in (a, b))
    blocks = np.expand_dims(a, [*range(1, 2 * n, 2)]) * np.expand_dims(b, [*range(0, 2 * n, 2)])
    return np.reshape(blocks, [i * j for i, j in zip(a.shape, b.shape, strict=True)])


def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1,
          axis: Any = None) -> Any:  # fmt: skip
    """The product of vectors of three elements."""
    axisa, axisb, axisc = (axisa, axisb, axisc) if axis is None else (axis, axis, axis)
    a, b = np.moveaxis(a, axisa, -1), np.moveaxis(b, axisb, -1)
    sizes = np.shape(a)[-1], np.shape(b)[-1]
    expect(sizes == (3, 3), "np.cross", "vectors of 3 elements here", sizes, "append a zero")
    z = np.roll(a, -1, -1) * np.roll(b, 1, -1) - np.roll(a, 1, -1) * np.roll(b, -1, -1)
    return np.moveaxis(z, -1, axisc)


# --- linear algebra -----------------------------------------------------------------------------

OF_SINGULAR_VALUES = {2: math.inf, -2: -math.inf, "nuc": 1}  # which norm of them a matrix norm is


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """The norm of a vector or matrix, as NumPy defines its orders; 0 has the derivative 0."""
    axes = along(axis, np.ndim(x))
    if ord is None or (ord == "fro" and len(axes) == 2) or (ord == 2 and len(axes) == 1):
        return zero_safe(np.sqrt, np.sum(x * x, axes, keepdims=keepdims))
    if len(axes) == 1:
        return vector_norm(x, ord, axes, keepdims)
    known = len(axes) == 2 and ord in (1, -1, 2, -2, math.inf, -math.inf, "nuc")
    expect(known, "np.linalg.norm", "an order of vectors or matrices", repr(ord))
    if ord in OF_SINGULAR_VALUES:
        z = norm(np.linalg.svdvals(np.moveaxis(x, axes, (-2, -1))), OF_SINGULAR_VALUES[ord], -1)
        return np.expand_dims(z, axes) if keepdims else z
    summed, compared = axes if abs(ord) == 1 else axes[::-1]
    z = norm(np.sum(np.abs(x), summed, keepdims=True), math.copysign(math.inf, ord), compared, True)
    return z if keepdims else np.squeeze(z, axes)


def vector_norm(x: Any, ord: Any, axis: Any, keepdims: bool) -> Any:
    """(sum |x|^p)^(1/p), for an infinite p the largest or smallest, for 0 how many are not 0."""
    if abs(ord) == math.inf:
        return (np.max if ord > 0 else np.min)(np.abs(x), axis, keepdims=keepdims)
    if ord == 0:
        return np.sum(np.not_equal(x, 0.0), axis, keepdims=keepdims, dtype=x.dtype)
    total = np.sum(np.abs(x) ** ord, axis, keepdims=keepdims)
    return zero_safe(lambda x: x ** (1.0 / ord), total)


def zero_safe(root: Function, x: Any) -> Any:
    """The root of x, and 0 with derivative 0 where x = 0."""
    return np.where(np.equal(x, 0.0), 0.0, root(np.where(np.equal(x, 0.0), 1.0, x)))


EighResult, SVDResult = map(type, (np.linalg.eigh(np.eye(1)), np.linalg.svd(np.eye(1))))


def eigh(a: Any, UPLO: str = "L") -> Any:
    """The eigenvalues and eigenvectors."""
    packed = packed_eigh(a, UPLO)
    return EighResult(packed[..., 0, :], packed[..., 1:, :])


def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: Any = False) -> Any:
    """The thin decomposition; the full one of a matrix that is not square is not unique."""
    m, n = a.shape[-2:]
    thin = m == n or not (full_matrices and compute_uv)
    expect(thin, "np.linalg.svd", "full_matrices=False or square ones here", a.shape)
    packed = packed_svd(a)
    s = packed[..., 0, :]
    return SVDResult(packed[..., 1 : m + 1, :], s, packed[..., m + 1 :, :].mT) if compute_uv else s


def matrix_power(a: Any, n: int) -> Any:
    """The matrix multiplied by itself, its inverse for negative n."""
    if n < 0:
        return matrix_power(np.linalg.inv(a), -n)
    if n < 2:
        return np.copy(a) if n else np.broadcast_to(np.eye(a.shape[-1], dtype=a.dtype), a.shape)
    half = matrix_power(a, n // 2)
    return half @ half @ a if n % 2 else half @ half


# --- what stands for what: by name, then one by one ---------------------------------------------

NAMED: Any = (clip, linspace, select, prod, cumprod, var, average, diff, gradient, stack, pad,
              einsum, tensordot, dot, kron, cross)  # fmt: skip
TABLE |= {getattr(np, text.__name__): text for text in NAMED}
TABLE |= {getattr(np.linalg, f.__name__): f for f in (norm, eigh, svd, matrix_power)}
# NumPy's own texts of these are made of functions that stand in the table
OF_NUMPY: Any = (np.vstack, np.hstack, np.dstack, np.split, np.array_split, np.vsplit, np.hsplit,
                 np.dsplit, np.linalg.svdvals)  # fmt: skip
TABLE |= {function: function.__wrapped__ for function in OF_NUMPY}
TABLE |= {f: partial(grown, f) for f in (np.atleast_1d, np.atleast_2d, np.atleast_3d)}
TABLE |= {
    np.imag: np.zeros_like, np.real_if_close: lambda a, tol=100.0: np.copy(a),
    np.std: lambda *args, **kw: zero_safe(np.sqrt, var(*args, **kw)),
    np.column_stack: lambda tup: np.hstack([np.atleast_2d(np.transpose(a)).T for a in tup]),
    np.append: lambda arr, values, axis=None: np.concatenate([arr, values], axis),
    np.inner: lambda a, b: np.tensordot(a, b, (-1, -1)) if np.ndim(a) and np.ndim(b) else a * b,
    np.outer: lambda a, b: np.ravel(a)[:, None] * np.ravel(b),
    np.vdot: lambda a, b: np.sum(np.ravel(a) * np.ravel(b)),
    np.trace: lambda a, *args, **kw: np.sum(np.diagonal(a, *args, **kw), -1),
    np.linalg.slogdet: lambda a: np.linalg.slogdet(a.detach())._replace(logabsdet=log_abs_det(a)),
    np.linalg.eigvalsh: lambda a, UPLO="L": np.linalg.eigh(a, UPLO)[0],
}  # fmt: skip
if hasattr(np, "astype"):  # since NumPy 2.1
    TABLE[np.astype] = lambda x, dtype, /, **kw: x.astype(dtype, **kw)
