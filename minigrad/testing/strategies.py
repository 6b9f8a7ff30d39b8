"""Hypothesis strategies for the arrays that find gradient bugs.

Bugs hide from constant arrays, from shapes that broadcast in one way only, and from arrays in
C order. So: values all distinct and of mixed magnitude, square and ambiguous shapes on purpose,
and every memory layout that NumPy has.
"""

from typing import Any, NamedTuple

import numpy as np

try:
    from hypothesis import strategies as st
    from hypothesis.extra import numpy as hnp
except ImportError as error:
    raise ImportError("the strategies need it: python -m pip install hypothesis") from error

LAYOUTS = ("C", "F", "transposed", "strided", "reversed", "read-only", "broadcast")


class Domain(NamedTuple):
    """An interval, and points in it that values keep away from: kinks and poles."""

    low: float
    high: float
    kinks: tuple[float, ...] = ()


REAL, NONZERO = Domain(-3.0, 3.0), Domain(-3.0, 3.0, (0.0,))
POSITIVE, ABOVE_ONE = Domain(0.0, 3.0, (0.0,)), Domain(1.0, 4.0, (1.0,))
UNIT = Domain(-1.0, 1.0, (-1.0, 0.0, 1.0))


def values(shape: tuple[int, ...], domain: Domain, draw: np.random.Generator) -> np.ndarray:
    """Distinct values in a domain, of mixed magnitude, in random order.

    Between two kinks, ends or 0 they keep a hundredth of that distance away from both.

    >>> x = values((2, 3), POSITIVE, np.random.default_rng(0))
    >>> bool(x.min() >= 0.01), np.unique(x).size
    (True, 6)
    """
    low, high, kinks = domain
    edges = np.unique([low, np.clip(0.0, low, high), high, *kinks])
    number, from_left = draw.integers(len(edges) - 1, size=shape), draw.random(shape) < 0.5
    ends = edges[number], edges[number + 1]
    near, far = np.where(from_left, ends, ends[::-1])
    return np.asarray(near + (far - near) * 10.0 ** draw.uniform(-1.9, -0.31, shape))


def laid_out(array: np.ndarray, layout: str) -> np.ndarray:
    """An equal array in another memory layout; ``broadcast`` repeats the first row.

    >>> laid_out(np.eye(2), "reversed").strides
    (-16, -8)
    """
    fresh = np.array(array, order="F" if layout == "F" else "C")
    fresh.flags.writeable = layout != "read-only"
    if array.ndim and layout == "transposed":
        fresh = np.moveaxis(np.moveaxis(array, 0, -1).copy(), -1, 0)
    elif array.ndim and layout == "strided":
        fresh = np.stack([array, array], -1)[..., 0]
    elif array.ndim and layout == "reversed":
        fresh = np.flip(np.flip(array).copy())
    elif array.size and array.ndim and layout == "broadcast":
        fresh = np.broadcast_to(array[:1], array.shape)
    return fresh


def shapes(min_dims: int = 0) -> st.SearchStrategy[tuple[int, ...]]:
    """Shapes of 0 to 3 axes with sides from 0 to 4, squares and cubes often."""
    counts, sides = st.integers(min_dims, 3), st.integers(1, 4)
    squares = st.builds(lambda ndim, side: (side,) * ndim, counts, sides)
    return squares | hnp.array_shapes(min_dims=min_dims, max_dims=3, min_side=0, max_side=4)


def broadcastable_shapes(max_side: int = 4) -> st.SearchStrategy[Any]:
    """Pairs of shapes that broadcast together, ambiguous ones often: (n, n) with (n,) or (n, 1)."""

    def ambiguous(n: int) -> st.SearchStrategy[Any]:
        pairs = [((n, n), (n,)), ((n, n), (n, 1)), ((n, n), (1, n)), ((n, n), ()), ((n, 1), (n,)),
                 ((n, n, n), (n, n)), ((n, n, n), (n,)), ((n, n, n), (n, 1, n)), ((1,), ()),
                 ((1, 1), (n, n))]  # fmt: skip
        return st.sampled_from(pairs).flatmap(st.permutations).map(tuple)

    two = hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, min_side=0, max_side=max_side)
    return st.integers(1, max_side).flatmap(ambiguous) | two.map(lambda both: both.input_shapes)


@st.composite
def arrays(draw: Any, shape: Any = None, domain: Domain = REAL, dtype: Any = np.float64,
           layouts: tuple[str, ...] = LAYOUTS) -> np.ndarray:  # fmt: skip
    """Arrays of distinct values; only the layout ``broadcast`` repeats some.

    Args:
        shape: a shape, or a strategy of shapes; by default `shapes()`.
        domain: where the values lie.
        dtype: their float dtype.
        layouts: the memory layouts to choose from.
    """
    shape = shapes() if shape is None else shape
    sides = draw(shape) if isinstance(shape, st.SearchStrategy) else shape
    seed = draw(st.integers(0, 2**32 - 1))
    array = values(sides, domain, np.random.default_rng(seed)).astype(dtype)
    return laid_out(array, draw(st.sampled_from(layouts)))
