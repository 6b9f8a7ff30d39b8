"""The matrix: every entry of the table, in every respect in which gradients go wrong."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from minigrad import Tensor, func, tensor
from minigrad.autograd import grad
from minigrad.autograd.registry import CONSTANT, TABLE, Op
from minigrad.ops import linalg
from minigrad.testing import GradcheckError, gradcheck
from minigrad.testing.strategies import LAYOUTS, laid_out

from .cases import CASES, Case

DECOMPOSITIONS = {
    np.linalg.eigh, np.linalg.eigvalsh, np.linalg.svd, np.linalg.svdvals, np.linalg.norm,
    linalg.packed_eigh, linalg.packed_svd,
}  # fmt: skip
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def flat(z: Any) -> list[Any]:
    return list(z) if isinstance(z, (tuple, list)) else [z]


def bare(z: Any) -> np.ndarray:
    return z._array if isinstance(z, Tensor) else np.asarray(z)


def leaves(arrays: Any) -> list[Tensor]:
    return [tensor(x, requires_grad=True) for x in arrays]


def weights(outputs: list[Any]) -> list[np.ndarray]:
    generator = np.random.default_rng(1)
    return [generator.uniform(0.5, 1.5, np.shape(z)) for z in outputs]


def gradients(case: Case, inputs: list[Tensor], factor: float = 1.0) -> list[np.ndarray]:
    """The gradients of the weighed outputs, with the cotangents scaled by a factor."""
    outputs = flat(case.call(*inputs))
    pairs = [(z, g) for z, g in zip(outputs, weights(outputs), strict=True) if z.requires_grad]
    found = grad(
        [z for z, _ in pairs],
        inputs,
        [(factor * g).astype(z.dtype) for z, g in pairs],
        allow_unused=True,
    )
    return [np.zeros(x.shape) if g is None else bare(g) for g, x in zip(found, inputs, strict=True)]


def test_every_entry_of_the_table_has_a_case() -> None:
    covered = {case.function for case in CASES}
    entries = {f for f, entry in TABLE.items() if entry is not CONSTANT}
    assert set(filter(of_the_library, entries)) - covered == set()


@every_case
def test_value_is_numpys(case: Case) -> None:
    wanted = flat(case.call(*case.inputs))
    found = flat(case.call(*leaves(case.inputs)))
    for z, reference in zip(found, wanted, strict=True):
        assert isinstance(z, Tensor)
        assert z.shape == np.shape(reference)
        np.testing.assert_allclose(bare(z), reference, rtol=1e-13, atol=1e-13)


@every_case
def test_first_and_second_order_by_the_complex_step(case: Case) -> None:
    report = gradcheck(case.call, *case.inputs, reference=case.reference)
    assert report.kinks == ()
    if report.methods != ("complex step", "complex step"):
        # LAPACK's eigenvectors are not analytic in complex numbers, and have no analytic tape
        assert report.methods == ("complex step", "differences")
        assert case.function in DECOMPOSITIONS


@every_case
def test_inputs_stay_and_gradients_share_no_memory(case: Case) -> None:
    inputs = leaves(case.inputs)
    found = gradients(case, inputs)
    for t, x in zip(inputs, case.inputs, strict=True):
        np.testing.assert_array_equal(bare(t), x)
    everything = [*found, *map(bare, inputs)]
    for i, one in enumerate(everything):
        assert not any(np.shares_memory(one, other) for other in everything[:i])


@every_case
def test_pull_back_is_linear(case: Case) -> None:
    once, thrice = (gradients(case, leaves(case.inputs), factor) for factor in (1.0, -3.0))
    for g, scaled in zip(once, thrice, strict=True):
        np.testing.assert_allclose(scaled, -3.0 * g, rtol=1e-12, atol=1e-13)


@every_case
def test_push_forward_is_its_adjoint(case: Case) -> None:
    """<u, J v> = <J^T u, v>: the derivative along v, by jvp, against the pull-back."""
    generator = np.random.default_rng(2)
    directions = [generator.uniform(-1.0, 1.0, x.shape) for x in case.inputs]
    value, tangent = func.jvp(case.call, case.inputs, directions)
    pairs = zip(flat(tangent), weights(flat(value)), strict=True)
    forward = sum(np.sum(t * g) for t, g in pairs)
    pulled = gradients(case, leaves(case.inputs))
    backward = sum(np.sum(g * v) for g, v in zip(pulled, directions, strict=True))
    np.testing.assert_allclose(forward, backward, rtol=1e-9, atol=1e-11)


@every_case
def test_layout_makes_no_difference(case: Case) -> None:
    wanted = gradients(case, leaves(case.inputs))
    for layout in LAYOUTS[1:-1]:
        views = [Tensor(laid_out(x, layout)).requires_grad_() for x in case.inputs]
        for g, reference in zip(gradients(case, views), wanted, strict=True):
            np.testing.assert_allclose(g, reference, rtol=1e-12, atol=1e-13)


@every_case
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_dtype_is_numpys_and_gradients_have_the_leafs(case: Case, dtype: Any) -> None:
    arrays = [x.astype(dtype) for x in case.inputs]
    try:
        wanted = [np.asarray(z).dtype for z in flat(case.call(*arrays))]
    except TypeError:
        pytest.skip(f"NumPy has no {np.dtype(dtype)} version")
    inputs = leaves(arrays)
    outputs = flat(case.call(*inputs))
    assert [z.dtype for z in outputs] == wanted
    tracked = [z for z in outputs if z.requires_grad]
    ones = [np.ones(z.shape, z.dtype) for z in tracked]
    for create_graph in False, True:
        found = grad(tracked, inputs, ones, True, create_graph, allow_unused=True)
        assert {g.dtype for g in found if g is not None} <= {np.dtype(dtype)}


@pytest.mark.parametrize(
    "case",
    [c for c in CASES if len({x.shape for x in c.inputs}) == 1 and len(c.inputs) > 1],
    ids=lambda case: case.name,
)
def test_the_same_array_in_all_places(case: Case) -> None:
    together = leaves(case.inputs[:1])[0]
    apart = leaves(case.inputs[:1] * len(case.inputs))
    try:
        outputs = flat(case.call(*[together] * len(apart)))
    except np.linalg.LinAlgError:
        pytest.skip("the first argument is not of the domain of the second")
    weight = weights(outputs)
    tracked = [(z, g) for z, g in zip(outputs, weight, strict=True) if z.requires_grad]
    (found,) = grad([z for z, _ in tracked], together, [g for _, g in tracked])
    with np.errstate(all="ignore"):
        wanted = sum(gradients(case, apart))
    np.testing.assert_allclose(bare(found), wanted, rtol=1e-12, atol=1e-12)


# --- no element, or one ---------------------------------------------------------------------------

EMPTY = (
    "sum mean prod cumsum cumprod sort exp add multiply reshape ravel transpose stack concatenate"
)


@pytest.mark.parametrize("shape", [(0,), (2, 0), (0, 3), (2, 0, 3)])
@pytest.mark.parametrize("name", EMPTY.split())
def test_arrays_of_no_elements(name: str, shape: tuple[int, ...]) -> None:
    function: Any = getattr(np, name)
    arguments = {"add": 2, "multiply": 2}.get(name, 1)
    x = tensor(np.ones(shape), requires_grad=True)
    with np.errstate(invalid="ignore"):
        if name == "mean":
            z = (
                function(x, axis=shape.index(0) - 1 if len(shape) > 1 else 0)
                if len(shape) > 1
                else x
            )
        elif name == "reshape":
            z = function(x, (0, 5))
        elif name in ("stack", "concatenate"):
            z = function([x, x])
        else:
            z = function(*[x] * arguments)
    z.sum().backward()
    assert x.grad is not None
    assert x.grad.shape == shape


@pytest.mark.parametrize("axis", [None, 0, -1])
@pytest.mark.parametrize("name", "sum mean prod max min var std cumsum cumprod logsumexp".split())
def test_arrays_of_one_element(name: str, axis: Any) -> None:
    from minigrad import logsumexp

    function: Any = logsumexp if name == "logsumexp" else getattr(np, name)
    for shape in (1,), (1, 1):
        gradcheck(lambda x, s=shape: function(x.reshape(s), axis), np.array([1.5]))
    if axis is None:
        gradcheck(lambda x: function(x), np.array(1.5), order=1)


# --- the check is checked -------------------------------------------------------------------------


def spoiled(gradient: Any) -> Any:
    """Off by 0.1 %; where it is all zero, by 0.001."""
    if gradient is None or isinstance(gradient, (list, tuple)) or hasattr(gradient, "__next__"):
        return None if gradient is None else [spoiled(g) for g in gradient]
    return gradient * 1.001 if np.any(bare(gradient)) else gradient + 0.001


def of_the_library(function: Any) -> bool:
    return not (getattr(function, "__module__", None) or "").startswith("tests")


def rules() -> Iterator[Any]:
    for function, op in TABLE.items():
        if isinstance(op, Op) and of_the_library(function):
            for name in op.rules:
                if name not in ("reduction", "eps", "moments", "cell"):  # not differentiated by
                    yield pytest.param(function, name, id=f"{op.name}-{name}")


@pytest.mark.parametrize(("function", "name"), list(rules()))
def test_a_rule_spoiled_by_a_tenth_of_a_percent_is_caught(function: Any, name: str) -> None:
    op = TABLE[function]
    before, backward = op.rules, op.backward
    if backward is None:
        rule = before[name]

        @functools.wraps(rule)
        def wrong(*args: Any) -> Any:
            return spoiled(rule(*args))

        changed = {**before, name: wrong}
    else:
        position = list(before).index(name)

        def wrong_kernel(*args: Any) -> Any:
            found = list(backward(*args))
            found[position] = spoiled(found[position])
            return found

        op.backward, changed = wrong_kernel, before
    try:
        op.set_rules(changed)
        caught = 0
        for case in (c for c in CASES if c.function is function):
            try:
                gradcheck(case.call, *case.inputs, order=1, reference=case.reference)
            except GradcheckError:
                caught += 1
        assert caught
    finally:
        op.backward = backward
        op.set_rules(before)
