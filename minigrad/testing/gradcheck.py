"""Checking gradients: the tape against the complex step, or against differences.

The complex step (Squire & Trapp 1998) evaluates the plain function at ``x + ih``; for an analytic
function the imaginary part over ``h`` is the derivative to the last digit, at any small ``h``.
Where the function is not analytic, or knows no complex numbers, central differences serve.
"""

import math
import warnings
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..autograd.memory import leaves
from ..errors import bare, expect
from ..func import grad, hvp

COMPLEX_STEP = 1e-30
DIFFERENCE_STEP = 6e-6  # where the errors of rounding and of truncation meet in float64
EXACT, COARSE = ("complex step", 1e-11), ("differences", 1e-6)  # with how much they may err

Place = tuple[int, tuple[int, ...]]  # the number of an input, and an index in it


class GradcheckError(AssertionError):
    """A gradient that differs from its reference."""


class Report(NamedTuple):
    """What a check that passed has seen."""

    methods: tuple[str, ...]  # "complex step" or "differences", for each order that was checked
    kinks: tuple[Place, ...]  # where only slopes were bounded


def gradcheck(f: Any, *inputs: Any, order: int = 2, seed: int = 0, reference: Any = None) -> Report:
    """Check the derivatives of a function at a point.

    Args:
        f: a function written with NumPy's functions, its arguments arrays or numbers, its result an
            array or a tuple or list of arrays; or a pair ``(f, vjp)`` with a hand-written
            ``vjp(g, *inputs)`` that returns the gradient, or a tuple with one for each float input.
        *inputs: where to check. Floats are differentiated by, in float64, entry by entry, so they
            are best small; the rest is passed on.
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
    check = _Check(f, inputs, seed, reference)
    methods = [EXACT if check.is_analytic() else COARSE]
    check.first_order(methods[0])
    if order == 2 and check.vjp is None and not check.kinks:
        methods.append(check.second_order(methods[0]))
    return Report(tuple(name for name, _ in methods), tuple(check.kinks))


class _Check:
    """One function at one point, weighed with one set of cotangents.

    Points, directions and gradients are vectors: the entries of all float inputs, in order.
    """

    def __init__(self, f: Any, inputs: Sequence[Any], seed: int, reference: Any) -> None:
        self.f, self.vjp = f if isinstance(f, tuple) else (f, None)
        self.reference = reference or self.f
        self.who = f"gradcheck of {getattr(self.f, '__name__', repr(self.f))}"
        self.seed, self.given, self.order = seed, list(inputs), 1
        self.at = [i for i, x in enumerate(inputs) if _is_float(x)]
        kinds = [type(x).__name__ for x in inputs]
        expect(self.at, self.who, "an input of floats", kinds, "give one", TypeError)
        point = [np.array(bare(inputs[i]), np.float64) for i in self.at]
        self.point, self.shapes = _flat(point), [x.shape for x in point]
        self.places = [(i, at) for i in self.at for at in np.ndindex(np.shape(inputs[i]))]
        self.draw = np.random.default_rng(seed)
        self.cotangents = [_generic(self.draw, np.shape(z)) for z in self.outputs(point)]
        self.direction = _generic(self.draw, self.point.shape)
        self.kinks: list[Place] = []

    def first_order(self, method: tuple[str, float]) -> None:
        """Check the gradient, entry by entry; at a kink, that it lies between both slopes."""
        x, tape = self.point, self.pull_back(self.point)
        for place, unit, slope in zip(self.places, np.eye(tape.size), tape, strict=True):
            sides: Any = self.slopes(unit) if method is COARSE else [self.complex_slope(x, unit)]
            wanted, reference = float(np.mean(sides)), method
            if method is COARSE and self.is_kink(unit):
                name = "kink there with slopes {:.6g} and {:.6g}, the nearer".format(*sides)
                wanted, reference = float(np.median([*sides, slope])), (name, 1e-4)
                self.kinks.append(place)
            self.compare(tape, unit, wanted, reference, place)

    def second_order(self, method: tuple[str, float]) -> tuple[str, float]:
        """Check the derivative of the gradient along the direction; the method may have to fall."""
        self.order, x, v, h = 2, self.point, self.direction, DIFFERENCE_STEP
        tape = _flat(hvp(self.weighed, tuple(self.split(x)), tuple(self.split(v))))
        if method is EXACT:
            other = _generic(self.draw, x.shape)  # the function itself, without the tape
            right, left = (self.complex_slope(x + t * v, other) for t in (h, -h))
            self.compare(tape, other, (right - left) / (2.0 * h), ("function itself", 1e-5))
            try:
                wanted = np.imag(self.pull_back(x + 1j * COMPLEX_STEP * v)) / COMPLEX_STEP
            except (TypeError, RuntimeError):  # the reference cannot be recorded
                method = COARSE
        if method is COARSE:
            wanted = (self.pull_back(x + h * v) - self.pull_back(x - h * v)) / (2.0 * h)
        for place, unit, slope in zip(self.places, np.eye(x.size), wanted, strict=True):
            self.compare(tape, unit, slope, method, place)
        return method

    # --- the function, and the gradient to be checked ------------------------------------------

    def split(self, point: np.ndarray) -> list[np.ndarray]:
        """A vector as arrays of the shapes of the float inputs."""
        pieces = np.split(point, np.cumsum([math.prod(shape) for shape in self.shapes[:-1]]))
        return [piece.reshape(shape) for piece, shape in zip(pieces, self.shapes, strict=True)]

    def arguments(self, floats: Sequence[Any]) -> list[Any]:
        replaced = dict(zip(self.at, floats, strict=True))
        return [replaced.get(i, x) for i, x in enumerate(self.given)]

    def outputs(self, floats: Sequence[Any]) -> list[Any]:
        is_complex = any(np.iscomplexobj(bare(x)) for x in floats)
        return leaves((self.reference if is_complex else self.f)(*self.arguments(floats)))

    def weighed(self, *floats: Any) -> Any:
        """The sum of the outputs, weighed with the cotangents."""
        pairs = zip(self.outputs(floats), self.cotangents, strict=True)
        return sum(np.sum(z * g) for z, g in pairs)

    def value(self, point: np.ndarray) -> Any:
        """That sum at a point, off the tape."""
        return bare(self.weighed(*self.split(point)))

    def pull_back(self, point: np.ndarray) -> np.ndarray:
        """The gradient at a point, which may be complex."""
        floats = self.split(point)
        if self.vjp is None:
            return _flat(grad(self.weighed, range(len(floats)))(*floats))
        cotangent = self.cotangents[0] if len(self.cotangents) == 1 else tuple(self.cotangents)
        found = leaves(self.vjp(cotangent, *self.arguments(floats)))
        given = [np.shape(g) for g in found]
        expect(given == self.shapes, self.who, f"a vjp giving shapes {self.shapes}", given)
        return _flat(found)

    # --- directions, and slopes along them -----------------------------------------------------

    def complex_slope(self, point: np.ndarray, along: np.ndarray) -> float:
        """The slope of the weighed outputs along a direction, by the complex step."""
        return float(np.imag(self.value(point + 1j * COMPLEX_STEP * along))) / COMPLEX_STEP

    def slopes(self, along: np.ndarray, h: float = DIFFERENCE_STEP) -> tuple[float, float]:
        """The slopes to the left and to the right, by one-sided differences."""
        left, here, right = (float(self.value(self.point + t * along)) for t in (-h, 0.0, h))
        return (here - left) / h, (right - here) / h

    def is_kink(self, along: np.ndarray) -> bool:
        """Whether both slopes differ, and do not come together with a smaller step."""
        (left, right), nearer = self.slopes(along), self.slopes(along, 0.5 * DIFFERENCE_STEP)
        jump, next_jump = abs(right - left), abs(nearer[1] - nearer[0])
        return next_jump > 0.75 * jump and jump > 1e-3 * max(1.0, abs(left), abs(right))

    def is_analytic(self) -> bool:
        """Whether the complex step agrees with differences along the direction."""
        try:
            with warnings.catch_warnings(action="error", category=np.exceptions.ComplexWarning):
                slope = self.complex_slope(self.point, self.direction)
        except (TypeError, np.exceptions.ComplexWarning, np.linalg.LinAlgError):
            return False
        scale = max(1.0, abs(slope), abs(self.value(self.point)))
        agrees = abs(slope - 0.5 * sum(self.slopes(self.direction))) <= 1e-5 * scale
        return bool(agrees) and not self.is_kink(self.direction)

    def compare(self, tape: np.ndarray, along: np.ndarray, wanted: float,
                reference: tuple[str, float], place: Place | None = None) -> None:  # fmt: skip
        """Raise unless the slope by the tape agrees with the one wanted, relative to its parts."""
        name, most = reference
        slope, parts = float(tape @ along), zip(*map(self.split, (tape, along)), strict=True)
        size = sum(np.abs(g).max(initial=0.0) * np.abs(v).sum() for g, v in parts)
        error = abs(slope - wanted) / max(1.0, size, abs(wanted))
        where = "by input {} at index {}".format(*place) if place else "along a random direction"
        checked = "hand-written vjp" if self.vjp else "tape"
        if error > most:
            raise GradcheckError(f"{self.who}, order {self.order}: {where} the {checked} gives "
                                 f"{slope:.15g}, the {name} {wanted:.15g}, error {error:.3g}; "
                                 f"seed={self.seed} repeats it")  # fmt: skip


def _is_float(x: Any) -> bool:
    return isinstance(x, float) or getattr(getattr(x, "dtype", None), "kind", "") == "f"


def _flat(arrays: Iterable[Any]) -> np.ndarray:
    return np.concatenate([np.ravel(bare(array)) for array in arrays])


def _generic(draw: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Values of both signs, none repeated and none near zero."""
    return np.asarray(draw.uniform(0.5, 1.5, shape) * draw.choice([-1.0, 1.0], shape))
