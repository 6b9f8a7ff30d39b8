"""Checking gradients: the tape against the complex step, or against differences.

The complex step (Squire & Trapp 1998) evaluates the plain function at ``x + ih``; for an analytic
function the imaginary part over ``h`` is the derivative to the last digit, at any small ``h``.
Where the function is not analytic, or knows no complex numbers, central differences serve.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..autograd import Tensor, enable_grad, grad as gradients_of

COMPLEX_STEP = 1e-30
DIFFERENCE_STEP = 6e-6  # where the errors of rounding and of truncation meet in float64
COMPLEX_TOLERANCE = 1e-11
DIFFERENCE_TOLERANCE = 1e-6
MOST_ENTRIES = 200  # of one input that are compared one by one

Arrays = list[np.ndarray]
Function = Callable[..., Any]


class GradcheckError(AssertionError):
    """A gradient that differs from its reference."""


@dataclass(frozen=True)
class Report:
    """What a check that passed has seen."""

    name: str
    methods: tuple[str, ...]  # "complex step" or "differences", for each order that was checked
    entries: int  # compared in all, over both orders
    largest_error: float  # by the complex step if it served, relative to the largest entry over 1
    kinks: tuple[
        tuple[int, tuple[int, ...]], ...
    ]  # input and index, where only slopes were bounded


def gradcheck(
    f: Any, *inputs: Any, order: int = 2, seed: int = 0, reference: Function | None = None
) -> Report:
    """Check the derivatives of a function at a point.

    Args:
        f: a function written with NumPy's functions, its arguments arrays or numbers, its result an
            array or a tuple or list of arrays; or a pair ``(f, vjp)`` with a hand-written
            ``vjp(g, *inputs)`` that returns the gradient, or a tuple with one for each float input.
        *inputs: where to check. Floats are differentiated by, in float64; the rest is passed on.
        order: 1 for gradients, 2 for their derivatives too (of ``f``, not of a pair).
        seed: of the random cotangents and directions.
        reference: the same function in other words, for the complex step where ``f`` is not
            analytic as NumPy computes it for complex numbers: ``np.sqrt(x * x)`` for ``np.abs``.

    Returns:
        A `Report`. At a kink, where the slopes to the left and right differ, a gradient between
        the two is accepted, the place is reported, and the second order left out.

    Raises:
        GradcheckError: naming the function, the input and index, both values, the error, the seed.

    >>> gradcheck(lambda x, y: np.sin(x) * y, np.array([0.5, 1.0]), 2.0).methods
    ('complex step', 'complex step')
    >>> gradcheck((np.square, lambda g, x: 2.1 * g * x), 1.0, seed=3)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    minigrad.testing.gradcheck.GradcheckError: gradcheck of square, order 1: by input 0 at ...
    """
    return _Check(f, inputs, seed, reference).run(order)


class _Check:
    """One function at one point, weighed with one set of cotangents."""

    def __init__(self, f: Any, inputs: Sequence[Any], seed: int, reference: Any) -> None:
        self.f, self.vjp = f if isinstance(f, tuple) else (f, None)
        self.reference = reference or self.f
        self.name = getattr(self.f, "__name__", repr(self.f))
        self.seed = seed
        self.given = list(inputs)
        self.at = [i for i, x in enumerate(inputs) if _is_float(x)]
        if not self.at:
            raise TypeError(
                f"gradcheck of {self.name} expects an input of floats, got "
                f"{[type(x).__name__ for x in inputs]}; give a float or an array of floats"
            )
        self.point: Arrays = [np.array(_bare(inputs[i]), np.float64) for i in self.at]
        self.draw = np.random.default_rng(seed)
        self.cotangents = [_generic(self.draw, np.shape(z)) for z in self.evaluate(self.point)]
        self.direction = [_generic(self.draw, x.shape) for x in self.point]
        self.entries = 0
        self.errors: list[tuple[bool, float]] = [(True, 0.0)]  # whether by differences, and which
        self.kinks: list[tuple[int, tuple[int, ...]]] = []

    def run(self, order: int) -> Report:
        tape = self.pull_back(self.point)
        analytic = self.is_analytic()
        for k, x in enumerate(self.point):
            for index in self.some_indices(x):
                if analytic:
                    unit = np.zeros(x.shape)
                    unit[index] = 1.0
                    self.compare(1, k, index, tape[k], self.complex_slope({k: unit}))
                else:
                    self.compare_differences(k, index, tape[k])
        if analytic:  # and all entries at once, as of a large input only some were compared
            along = dict(enumerate(self.direction))
            self.compare_along(1, tape, along, self.complex_slope(along), COMPLEX_TOLERANCE)
        exact = [analytic]
        if order == 2 and self.vjp is None and not self.kinks:
            exact.append(self.second_order(analytic))
        methods = tuple("complex step" if yes else "differences" for yes in exact)
        return Report(self.name, methods, self.entries, self.largest_error(), tuple(self.kinks))

    def largest_error(self) -> float:
        coarse = min(by_differences for by_differences, _ in self.errors)
        return max(error for by_differences, error in self.errors if by_differences == coarse)

    # --- the function, and the gradient to be checked ------------------------------------------

    def arguments(self, point: Sequence[Any]) -> list[Any]:
        replaced = dict(zip(self.at, point, strict=True))
        return [replaced.get(i, x) for i, x in enumerate(self.given)]

    def evaluate(self, point: Sequence[Any]) -> list[Any]:
        is_complex = any(np.iscomplexobj(_bare(x)) for x in point)
        z = (self.reference if is_complex else self.f)(*self.arguments(point))
        return list(z) if isinstance(z, (tuple, list)) else [z]

    def scalar(self, point: Sequence[Any]) -> Any:
        """The outputs weighed with the cotangents."""
        pairs = zip(self.evaluate(point), self.cotangents, strict=True)
        return sum(np.sum(_bare(z) * g) for z, g in pairs)

    def pull_back(self, point: Arrays) -> Arrays:
        """The gradient at a point, which may be complex."""
        if self.vjp is None:
            return [_bare(g) for g in self.on_tape(point, create_graph=False)[1]]
        cotangent = self.cotangents[0] if len(self.cotangents) == 1 else tuple(self.cotangents)
        found = self.vjp(cotangent, *self.arguments(point))
        return [_bare(g) for g in (found if isinstance(found, tuple) else (found,))]

    def on_tape(self, point: Arrays, create_graph: bool) -> tuple[list[Tensor], list[Tensor]]:
        """Variables at a point, and the gradient by each."""
        variables = [Tensor(x.copy()).requires_grad_() for x in point]
        with enable_grad():
            outputs = self.evaluate(variables)
        pairs = zip(outputs, self.cotangents, strict=True)
        tracked = [(z, g) for z, g in pairs if isinstance(z, Tensor) and z.requires_grad]
        found: Sequence[Any] = [None] * len(variables)
        if tracked:
            z, g = zip(*tracked, strict=True)
            found = gradients_of(z, variables, g, create_graph=create_graph, allow_unused=True)
        zeros = [Tensor(np.zeros_like(x)) for x in point]
        return variables, [z if g is None else g for g, z in zip(found, zeros, strict=True)]

    # --- references ----------------------------------------------------------------------------

    def moved(self, step: Any, along: dict[int, np.ndarray], point: Any = None) -> Arrays:
        """The point, or another, with some inputs moved along a direction."""
        start = self.point if point is None else point
        return [x + step * along[k] if k in along else x for k, x in enumerate(start)]

    def complex_slope(self, along: dict[int, np.ndarray], point: Any = None) -> float:
        """The slope of the weighed outputs along a direction, by the complex step."""
        value = self.scalar(self.moved(1j * COMPLEX_STEP, along, point))
        return float(np.imag(value)) / COMPLEX_STEP

    def slopes(self, along: dict[int, np.ndarray], h: float) -> tuple[float, float]:
        """The slopes to the left and to the right, by one-sided differences."""
        left, here, right = (self.scalar(self.moved(t, along)) for t in (-h, 0.0, h))
        return (here - left) / h, (right - here) / h

    def kink(self, along: dict[int, np.ndarray]) -> tuple[float, float] | None:
        """Both slopes where they differ, and do not come together with a smaller step."""
        left, right = self.slopes(along, DIFFERENCE_STEP)
        nearer = self.slopes(along, 0.5 * DIFFERENCE_STEP)
        jump = abs(right - left)
        apart = jump > 1e-3 * max(1.0, abs(left), abs(right))
        return (left, right) if apart and abs(nearer[1] - nearer[0]) > 0.75 * jump else None

    def is_analytic(self) -> bool:
        """Whether the complex step agrees with differences along the direction."""
        along = dict(enumerate(self.direction))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                slope = self.complex_slope(along)
        except (TypeError, np.exceptions.ComplexWarning, np.linalg.LinAlgError):
            return False
        difference = 0.5 * sum(self.slopes(along, DIFFERENCE_STEP))
        scale = max(1.0, abs(slope), abs(self.scalar(self.point)))
        return bool(abs(slope - difference) <= 1e-5 * scale) and self.kink(along) is None

    def some_indices(self, x: np.ndarray) -> Iterator[tuple[int, ...]]:
        """All indices of an input, of a large one some at random."""
        every = (
            self.draw.permutation(x.size)[:MOST_ENTRIES] if x.size > MOST_ENTRIES else range(x.size)
        )
        return (tuple(map(int, np.unravel_index(i, x.shape))) for i in every)

    def second_order(self, analytic: bool) -> bool:
        """Check the derivative of the gradient along the direction; whether it was exact."""
        variables, gradients = self.on_tape(self.point, create_graph=True)
        total: Any = sum((g * v).sum() for g, v in zip(gradients, self.direction, strict=True))
        found: Sequence[Any] = [None] * len(variables)
        if total.requires_grad:
            found = gradients_of(total, variables, allow_unused=True)
        recorded = [
            np.zeros(x.shape) if g is None else _bare(g)
            for g, x in zip(found, self.point, strict=True)
        ]
        along, h = dict(enumerate(self.direction)), DIFFERENCE_STEP
        if analytic:  # the function itself, without the tape: along two directions
            other = {k: _generic(self.draw, x.shape) for k, x in enumerate(self.point)}
            ends = [self.complex_slope(other, self.moved(t, along)) for t in (h, -h)]
            self.compare_along(2, recorded, other, (ends[0] - ends[1]) / (2.0 * h), 1e-5)
        try:
            pulled = self.pull_back(self.moved(1j * COMPLEX_STEP, along)) if analytic else []
        except (TypeError, RuntimeError):  # the reference cannot be recorded
            analytic = False
        if analytic:
            wanted = [np.imag(g) / COMPLEX_STEP for g in pulled]
        else:
            right, left = (self.pull_back(self.moved(t, along)) for t in (h, -h))
            wanted = [(a - b) / (2.0 * h) for a, b in zip(right, left, strict=True)]
        for k, reference in enumerate(wanted):
            for index in self.some_indices(reference):
                self.compare(2, k, index, recorded[k], float(reference[index]), analytic)
        return analytic

    # --- comparison ----------------------------------------------------------------------------

    def compare(
        self, order: int, k: int, index: Any, tape: np.ndarray, wanted: float, exact: bool = True
    ) -> None:
        """Raise unless an entry agrees with its reference, relative to the largest entry."""
        error = abs(float(tape[index]) - wanted) / max(1.0, float(np.abs(tape).max()), abs(wanted))
        if not error <= (COMPLEX_TOLERANCE if exact else DIFFERENCE_TOLERANCE):
            method = "the complex step" if exact else "differences"
            text = f"{method} {wanted:.15g}, error {error:.3g}"
            self.fail(order, f"by input {self.at[k]} at index {index}", float(tape[index]), text)
        self.entries += 1
        self.errors.append((not exact, error))

    def compare_along(
        self, order: int, tape: Arrays, along: dict[int, np.ndarray], wanted: float, most: float
    ) -> None:
        """Raise unless the slope along a direction agrees with its reference."""
        slope = float(sum(np.sum(tape[k] * v) for k, v in along.items()))
        size = float(sum(np.sum(np.abs(tape[k] * v)) for k, v in along.items()))
        error = abs(slope - wanted) / max(1.0, size)
        if not error <= most:
            text = f"the function itself {wanted:.15g}, error {error:.3g}"
            self.fail(order, "along a random direction", slope, text)

    def compare_differences(self, k: int, index: tuple[int, ...], tape: np.ndarray) -> None:
        """As `compare` with central differences, but between both slopes at a kink."""
        unit = np.zeros(tape.shape)
        unit[index] = 1.0
        kink = self.kink({k: unit})
        if kink is None:
            central = 0.5 * sum(self.slopes({k: unit}, DIFFERENCE_STEP))
            self.compare(1, k, index, tape, central, exact=False)
            return
        margin = 1e-4 * max(1.0, *map(abs, kink))
        if not min(kink) - margin <= float(tape[index]) <= max(kink) + margin:
            text = f"the function has a kink there with slopes {kink[0]:.6g} and {kink[1]:.6g}"
            self.fail(1, f"by input {self.at[k]} at index {index}", float(tape[index]), text)
        self.kinks.append((k, index))

    def fail(self, order: int, where: str, found: float, reference: str) -> None:
        raise GradcheckError(
            f"gradcheck of {self.name}, order {order}: {where} the "
            f"{'hand-written vjp' if self.vjp else 'tape'} gives {found:.15g}, {reference}; "
            f"seed={self.seed} repeats it"
        )


def _is_float(x: Any) -> bool:
    return isinstance(x, float) or getattr(getattr(x, "dtype", None), "kind", "") == "f"


def _bare(x: Any) -> np.ndarray:
    return x._array if isinstance(x, Tensor) else np.asarray(x)


def _generic(draw: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Values of both signs, none repeated and none near zero."""
    return np.asarray(draw.uniform(0.5, 1.5, shape) * draw.choice([-1.0, 1.0], shape))
