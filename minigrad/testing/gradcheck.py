"""Checking gradients: the tape against the complex step, or against differences.

The complex step (Squire & Trapp 1998) evaluates the plain function at ``x + ih``; for an analytic
function the imaginary part over ``h`` is the derivative to the last digit, at any small ``h``.
Where the function is not analytic, or knows no complex numbers, central differences serve.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..autograd import Tensor, enable_grad
from ..errors import wrong_kind
from ..func import pull

COMPLEX_STEP = 1e-30
DIFFERENCE_STEP = 6e-6  # where the errors of rounding and of truncation meet in float64
EXACT, COARSE = ("the complex step", 1e-11), ("differences", 1e-6)  # with how much they may err
MOST_ENTRIES = 200  # of one input that are compared one by one

Arrays = list[np.ndarray]
Index = tuple[int, ...]
Along = dict[int, np.ndarray]  # a direction, by the number of the input
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
    kinks: tuple[tuple[int, Index], ...]  # input and index, where only slopes were bounded


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
        self.seed, self.given, self.order = seed, list(inputs), 1
        self.at = [i for i, x in enumerate(inputs) if _is_float(x)]
        if not self.at:
            given, mend = [type(x).__name__ for x in inputs], "give a float or an array of floats"
            raise wrong_kind(f"gradcheck of {self.name}", "an input of floats", given, mend)
        self.point: Arrays = [np.array(_bare(inputs[i]), np.float64) for i in self.at]
        self.draw = np.random.default_rng(seed)
        self.cotangents = [_generic(self.draw, np.shape(z)) for z in self.evaluate(self.point)]
        self.direction: Along = {k: _generic(self.draw, x.shape) for k, x in enumerate(self.point)}
        self.errors: dict[bool, list[float]] = {True: [], False: []}  # by whether they are exact
        self.kinks: list[tuple[int, Index]] = []

    def run(self, order: int) -> Report:
        tape = self.pull_back(self.point)
        analytic = self.is_analytic()
        for k, x in enumerate(self.point):
            for index in self.some_indices(x):
                unit = np.zeros(x.shape)
                unit[index] = 1.0
                if analytic:
                    self.compare(k, index, tape[k], self.complex_slope({k: unit}))
                else:
                    self.compare_differences(k, index, tape[k], {k: unit})
        if analytic:  # and all entries at once, as of a large input only some were compared
            along = self.direction
            self.compare_along(tape, along, self.complex_slope(along), EXACT[1])
        exact = [analytic]
        if order == 2 and self.vjp is None and not self.kinks:
            self.order = 2
            exact.append(self.second_order(analytic))
        methods = tuple("complex step" if yes else "differences" for yes in exact)
        errors = self.errors[True] or self.errors[False] or [0.0]
        entries = sum(map(len, self.errors.values()))
        return Report(self.name, methods, entries, max(errors), tuple(self.kinks))

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
            return [_bare(g) for g in self.on_tape(point)[1]]
        cotangent = self.cotangents[0] if len(self.cotangents) == 1 else tuple(self.cotangents)
        found = self.vjp(cotangent, *self.arguments(point))
        return [_bare(g) for g in (found if isinstance(found, tuple) else (found,))]

    def on_tape(self, point: Arrays, taped: bool = False) -> tuple[list[Tensor], list[Any]]:
        """Variables at a point, and the gradient by each."""
        variables = [Tensor(x.copy()).requires_grad_() for x in point]
        with enable_grad():
            outputs = self.evaluate(variables)
        return variables, pull(outputs, variables, self.cotangents, taped)

    # --- references ----------------------------------------------------------------------------

    def moved(self, step: Any, along: Along, point: Any = None) -> Arrays:
        """The point, or another, with some inputs moved along a direction."""
        start = self.point if point is None else point
        return [x + step * along[k] if k in along else x for k, x in enumerate(start)]

    def complex_slope(self, along: Along, point: Any = None) -> float:
        """The slope of the weighed outputs along a direction, by the complex step."""
        value = self.scalar(self.moved(1j * COMPLEX_STEP, along, point))
        return float(np.imag(value)) / COMPLEX_STEP

    def slopes(self, along: Along, h: float = DIFFERENCE_STEP) -> tuple[float, float]:
        """The slopes to the left and to the right, by one-sided differences."""
        left, here, right = (self.scalar(self.moved(t, along)) for t in (-h, 0.0, h))
        return (here - left) / h, (right - here) / h

    def is_kink(self, along: Along) -> bool:
        """Whether both slopes differ, and do not come together with a smaller step."""
        (left, right), nearer = self.slopes(along), self.slopes(along, 0.5 * DIFFERENCE_STEP)
        jump = abs(right - left)
        apart = jump > 1e-3 * max(1.0, abs(left), abs(right))
        return apart and abs(nearer[1] - nearer[0]) > 0.75 * jump

    def is_analytic(self) -> bool:
        """Whether the complex step agrees with differences along the direction."""
        along = self.direction
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                slope = self.complex_slope(along)
        except (TypeError, np.exceptions.ComplexWarning, np.linalg.LinAlgError):
            return False
        difference = 0.5 * sum(self.slopes(along))
        scale = max(1.0, abs(slope), abs(self.scalar(self.point)))
        return bool(abs(slope - difference) <= 1e-5 * scale) and not self.is_kink(along)

    def some_indices(self, x: np.ndarray) -> list[Index]:
        """All indices of an input, of a large one some at random."""
        every = list(np.ndindex(x.shape))
        drawn = self.draw.permutation(x.size)[:MOST_ENTRIES] if x.size > MOST_ENTRIES else ()
        return [every[i] for i in drawn] or every

    def second_order(self, analytic: bool) -> bool:
        """Check the derivative of the gradient along the direction; whether it was exact."""
        along, h = self.direction, DIFFERENCE_STEP
        variables, gradients = self.on_tape(self.point, taped=True)
        total: Any = sum(np.sum(g * along[k]) for k, g in enumerate(gradients))
        recorded = [_bare(g) for g in pull([total], variables, [None], taped=False)]
        if analytic:  # the function itself, without the tape: along two directions
            other = {k: _generic(self.draw, x.shape) for k, x in enumerate(self.point)}
            right, left = (self.complex_slope(other, self.moved(t, along)) for t in (h, -h))
            self.compare_along(recorded, other, (right - left) / (2.0 * h), 1e-5)
        try:
            pulled = self.pull_back(self.moved(1j * COMPLEX_STEP, along)) if analytic else []
        except (TypeError, RuntimeError):  # the reference cannot be recorded
            analytic = False
        wanted = [np.imag(g) / COMPLEX_STEP for g in pulled] if analytic else []
        if not analytic:
            ends = (self.pull_back(self.moved(t, along)) for t in (h, -h))
            wanted = [(a - b) / (2.0 * h) for a, b in zip(*ends, strict=True)]
        for k, reference in enumerate(wanted):
            for index in self.some_indices(reference):
                self.compare(k, index, recorded[k], float(reference[index]), analytic)
        return analytic

    # --- comparison ----------------------------------------------------------------------------

    def compare(self, k: int, index: Index, tape: Any, wanted: float, exact: bool = True) -> None:
        """Raise unless an entry agrees with its reference, relative to the largest entry."""
        where, size = f"by input {self.at[k]} at index {index}", float(np.abs(tape).max())
        error = self.error(where, tape[index], size, wanted, EXACT if exact else COARSE)
        self.errors[exact].append(error)

    def compare_along(self, tape: Arrays, along: Along, wanted: float, most: float) -> None:
        """Raise unless the slope along a direction agrees with its reference."""
        parts = [tape[k] * v for k, v in along.items()]
        slope, size = sum(map(np.sum, parts)), float(sum(np.abs(part).sum() for part in parts))
        reference = "the function itself", most
        self.error("along a random direction", slope, size, wanted, reference)

    def compare_differences(self, k: int, index: Index, tape: np.ndarray, along: Along) -> None:
        """As `compare` with central differences, but between both slopes at a kink."""
        left, right = slopes = self.slopes(along)
        if not self.is_kink(along):
            self.compare(k, index, tape, 0.5 * (left + right), exact=False)
            return
        where = f"by input {self.at[k]} at index {index}"
        reference = f"a kink there with slopes {left:.6g} and {right:.6g}, the nearer", 1e-4
        nearer = float(np.clip(tape[index], min(slopes), max(slopes)))
        self.error(where, tape[index], max(map(abs, slopes)), nearer, reference)
        self.kinks.append((k, index))

    def error(self, where: str, tape: Any, size: float, wanted: float, reference: Any) -> float:
        """The error relative to a size; raise if it is larger than that of the reference may be."""
        error = abs(float(tape) - wanted) / max(1.0, size, abs(wanted))
        name, most = reference
        if error <= most:
            return error
        raise GradcheckError(
            f"gradcheck of {self.name}, order {self.order}: {where} the "
            f"{'hand-written vjp' if self.vjp else 'tape'} gives {float(tape):.15g}, {name} "
            f"{wanted:.15g}, error {error:.3g}; seed={self.seed} repeats it"
        )


def _is_float(x: Any) -> bool:
    return isinstance(x, float) or getattr(getattr(x, "dtype", None), "kind", "") == "f"


def _bare(x: Any) -> np.ndarray:
    return x._array if isinstance(x, Tensor) else np.asarray(x)


def _generic(draw: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Values of both signs, none repeated and none near zero."""
    return np.asarray(draw.uniform(0.5, 1.5, shape) * draw.choice([-1.0, 1.0], shape))
