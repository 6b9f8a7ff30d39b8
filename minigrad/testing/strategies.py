"""Hypothesis strategies for the arrays that find gradient bugs.

Bugs hide from constant arrays, from shapes that broadcast in one way only, and from arrays in
C order. So: values all distinct and of mixed magnitude, square and ambiguous shapes on purpose,
and every memory layout that NumPy has.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

try:
    from hypothesis import strategies as st
    from hypothesis.extra import numpy as hnp
except ImportError as error:
    raise ImportError(
        "minigrad.testing.strategies needs Hypothesis; install it with pip install hypothesis"
    ) from error

Shape = tuple[int, ...]
Strategy = st.SearchStrategy

LAYOUTS = ("C", "F", "transposed", "strided", "reversed", "read-only", "broadcast")


@dataclass(frozen=True)
class Domain:
    """An interval, and points in it that values keep ``gap`` away from: kinks and poles."""

    low: float
    high: float
    kinks: tuple[float, ...] = ()
    gap: float = 1e-2


REAL = Domain(-3.0, 3.0)
NONZERO = Domain(-3.0, 3.0, (0.0,))
POSITIVE = Domain(0.0, 3.0, (0.0,))
UNIT = Domain(-1.0, 1.0, (-1.0, 0.0, 1.0))
ABOVE_ONE = Domain(1.0, 4.0, (1.0,))


def values(shape: Shape, domain: Domain, draw: np.random.Generator) -> np.ndarray:
    """Distinct values in a domain, of mixed magnitude, in random order.

    >>> x = values((2, 3), POSITIVE, np.random.default_rng(0))
    >>> bool(x.min() >= 0.01), np.unique(x).size
    (True, 6)
    """
    centre = domain.kinks[0] if domain.kinks else 0.0
    spans = np.array([domain.low - centre, domain.high - centre])
    sides = draw.choice(spans[spans != 0.0], shape)
    found = np.asarray(centre + sides * 10.0 ** draw.uniform(-2.0, 0.0, shape))
    for kink in domain.kinks:
        outward = np.sign(np.where(found == kink, sides, found - kink))
        moved = kink + outward * domain.gap * (1.0 + draw.random(shape))
        found = np.where(np.abs(found - kink) < domain.gap, moved, found)
    middle = 0.5 * (centre + domain.high) * (1.0 + 1e-3 * draw.random(shape))
    return np.where((found >= domain.low) & (found <= domain.high), found, middle)


def laid_out(array: np.ndarray, layout: str) -> np.ndarray:
    """An equal array in another memory layout; ``broadcast`` repeats the first row.

    >>> laid_out(np.eye(2), "reversed").strides
    (-16, -8)
    """
    fresh = array.copy("F" if layout in ("F", "transposed") else "C")
    if array.ndim == 0:
        return fresh
    if layout == "strided":
        wide = np.zeros([2 * side for side in array.shape], array.dtype)
        fresh = wide[(slice(None, None, 2),) * array.ndim]
        fresh[...] = array
    elif layout == "reversed":
        back = (slice(None, None, -1),) * array.ndim
        fresh = array[back].copy()[back]
    elif layout == "broadcast" and array.size:
        fresh = np.broadcast_to(array[:1], array.shape)
    if layout == "read-only":
        fresh.flags.writeable = False
    return fresh


def shapes(min_dims: int = 0, max_dims: int = 3, max_side: int = 4) -> Strategy[Shape]:
    """Shapes of 0 to 3 axes with sides from 0 to 4, squares and cubes often."""
    counts, sides = st.integers(min_dims, max_dims), st.integers(1, max_side)
    squares = st.builds(lambda ndim, side: (side,) * ndim, counts, sides)
    limits = {"min_dims": min_dims, "max_dims": max_dims, "min_side": 0, "max_side": max_side}
    return squares | hnp.array_shapes(**limits)


def broadcastable_shapes(max_side: int = 4) -> Strategy[Any]:
    """Pairs of shapes that broadcast together, ambiguous ones often: (n, n) with (n,) or (n, 1)."""

    def ambiguous(n: int) -> Strategy[Any]:
        pairs = [
            ((n, n), (n,)), ((n, n), (n, 1)), ((n, n), (1, n)), ((n, n, n), (n, n)), ((n, n), ()),
            ((n, n, n), (n,)), ((n, n, n), (n, 1, n)), ((n, 1), (n,)), ((1,), ()), ((1, 1), (n, n)),
        ]  # fmt: skip
        return st.sampled_from(pairs).flatmap(st.permutations).map(tuple)

    limits: Any = {"min_side": 0, "max_side": max_side, "max_dims": 3}
    several = hnp.mutually_broadcastable_shapes(num_shapes=2, **limits)
    return st.integers(1, max_side).flatmap(ambiguous) | several.map(lambda both: both.input_shapes)


@st.composite
def arrays(
    draw: Any, shape: Any = None, domain: Domain = REAL, dtype: Any = np.float64,
    layouts: tuple[str, ...] = LAYOUTS,
) -> np.ndarray:  # fmt: skip
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


@st.composite
def operands(
    draw: Any, first: Domain = REAL, second: Domain = REAL, dtype: Any = np.float64
) -> tuple[np.ndarray, np.ndarray]:
    """Two arrays that broadcast together."""
    left, right = draw(broadcastable_shapes())
    return draw(arrays(left, first, dtype)), draw(arrays(right, second, dtype))
