"""The losses in all their options: against formulas written out in NumPy, and against PyTorch."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

import minigrad as mg
from minigrad import nn, tensor
from minigrad.nn import functional as F
from minigrad.testing import gradcheck

REDUCTIONS = ("mean", "sum", "none")
reductions = pytest.mark.parametrize("reduction", REDUCTIONS)
shapes = st.lists(st.integers(1, 4), max_size=3).map(tuple)

# name: (options, loss of x, y and the options, its slope by x)
DIFFERENCES: dict[str, tuple[dict[str, Any], Callable[..., Any], Callable[..., Any]]] = {
    "MSELoss": ({}, lambda x, y: (x - y) ** 2, lambda x, y: 2 * (x - y)),
    "L1Loss": ({}, lambda x, y: abs(x - y), lambda x, y: np.sign(x - y)),
    "SmoothL1Loss": (
        {"beta": 0.7},
        lambda x, y: np.where(abs(x - y) < 0.7, (x - y) ** 2 / 1.4, abs(x - y) - 0.35),
        lambda x, y: np.where(abs(x - y) < 0.7, (x - y) / 0.7, np.sign(x - y)),
    ),
    "SmoothL1Loss zero": ({"beta": 0.0}, lambda x, y: abs(x - y), lambda x, y: np.sign(x - y)),
    "HuberLoss": (
        {"delta": 1.3},
        lambda x, y: np.where(abs(x - y) <= 1.3, (x - y) ** 2 / 2, 1.3 * (abs(x - y) - 0.65)),
        lambda x, y: np.where(abs(x - y) <= 1.3, x - y, 1.3 * np.sign(x - y)),
    ),
}


def draw(shape: Any, seed: int, low: float = -3.0, high: float = 3.0) -> np.ndarray:
    return np.asarray(np.random.default_rng([seed, 7]).uniform(low, high, shape))


def reduced(losses: np.ndarray, reduction: str, total: Any = None) -> np.ndarray:
    if reduction == "none":
        return losses
    divisor = losses.size if total is None else total
    return np.asarray(losses.sum() / (divisor if reduction == "mean" else 1.0))


def cotangent(z: Any) -> np.ndarray:
    return np.random.default_rng(5).uniform(0.5, 1.5, np.shape(z)).astype(z.dtype)


def agree(ours: Any, theirs: Any, inputs: Any, twins: Any, tolerance: float) -> None:
    """Values and gradients of ours and PyTorch's agree."""
    import torch

    np.testing.assert_allclose(ours.detach(), theirs.detach(), rtol=tolerance, atol=tolerance)
    ours.backward(cotangent(ours))
    theirs.backward(torch.tensor(cotangent(ours)))
    for x, twin in zip(inputs, twins, strict=True):
        np.testing.assert_allclose(x.grad, twin.grad, rtol=tolerance, atol=tolerance)


# --- differences --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DIFFERENCES)
@reductions
@given(shape=shapes, seed=st.integers(0, 99))
def test_losses_of_differences(
    name: str, reduction: str, shape: tuple[int, ...], seed: int
) -> None:
    options, loss, slope = DIFFERENCES[name]
    x, y = draw(shape, seed), draw(shape, seed + 100)
    t, u = tensor(x, requires_grad=True), tensor(y, requires_grad=True)
    z = getattr(nn, name.split()[0])(reduction=reduction, **options)(t, u)
    wanted = reduced(loss(x, y), reduction)
    np.testing.assert_allclose(z.detach(), wanted, rtol=1e-10)
    assert z.shape == wanted.shape
    g = cotangent(z)
    z.backward(g)
    back = g * slope(x, y) / (x.size if reduction == "mean" else 1)
    np.testing.assert_allclose(t.grad, back, rtol=1e-10)
    np.testing.assert_allclose(u.grad, -back, rtol=1e-10)


@pytest.mark.parametrize("name", DIFFERENCES)
@reductions
def test_losses_of_differences_like_pytorchs(name: str, reduction: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is an optional peer")
    options, kind = DIFFERENCES[name][0], name.split()[0]
    x, y = draw((4, 3), 0), draw((4, 3), 1)
    x[0], x[1, 0] = y[0], 1e4  # no difference, and a huge one
    for dtype, tolerance in (np.float64, 1e-10), (np.float32, 1e-5):
        inputs = [tensor(a.astype(dtype), requires_grad=True) for a in (x, y)]
        twins = [torch.tensor(a.astype(dtype), requires_grad=True) for a in (x, y)]
        ours = getattr(nn, kind)(reduction=reduction, **options)
        theirs = getattr(torch.nn, kind)(reduction=reduction, **options)
        assert repr(ours) == repr(theirs)
        assert ours(*inputs).dtype == dtype
        agree(ours(*inputs), theirs(*twins), inputs, twins, tolerance)


@pytest.mark.parametrize("name", DIFFERENCES)
@reductions
def test_second_order_of_differences(name: str, reduction: str) -> None:
    options = DIFFERENCES[name][0]
    module = getattr(nn, name.split()[0])(reduction=reduction, **options)
    gradcheck(module, draw((3, 2), 0), draw((3, 2), 1))


def test_integer_arrays_have_a_mean_squared_error_too() -> None:
    assert F.mse_loss(np.array([1, 2]), np.array([1, 3])) == 0.5


# --- probabilities ------------------------------------------------------------------------------


@reductions
@given(shape=shapes, seed=st.integers(0, 99), weighed=st.booleans())
def test_binary_cross_entropies(
    reduction: str, shape: tuple[int, ...], seed: int, weighed: bool
) -> None:
    x, y = draw(shape, seed), draw(shape, seed + 100, 0.0, 1.0)
    weight = draw(shape, seed + 200, 0.1, 2.0) if weighed else np.ones(shape)
    positive = draw(shape[-1:], seed + 300, 0.1, 2.0) if weighed else np.ones(shape[-1:])
    p = 1 / (1 + np.exp(-x))
    given_weight = weight if weighed else None
    plain = weight * -(y * np.log(p) + (1 - y) * np.log(1 - p))
    favoured = weight * -(positive * y * np.log(p) + (1 - y) * np.log(1 - p))
    n = x.size if reduction == "mean" else 1
    for module, at, wanted, slope in (
        (nn.BCELoss(given_weight, reduction), p, plain, weight * (p - y) / (p * (1 - p))),
        (
            nn.BCEWithLogitsLoss(given_weight, reduction, positive if weighed else None),
            x,
            favoured,
            weight * ((1 - y) * p - positive * y * (1 - p)),
        ),
    ):
        t = tensor(at, requires_grad=True)
        z = module(t, tensor(y))
        np.testing.assert_allclose(z.detach(), reduced(wanted, reduction), rtol=1e-10)
        g = cotangent(z)
        z.backward(g)
        np.testing.assert_allclose(t.grad, g * slope / n, rtol=1e-10, atol=1e-14)


@reductions
@pytest.mark.parametrize("weighed", [False, True])
def test_binary_cross_entropies_like_pytorchs(reduction: str, weighed: bool) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is an optional peer")
    y = np.array([[0.0, 1.0, 0.3, 1.0], [1.0, 0.0, 0.7, 0.0]])
    x = np.array([[-1e4, 1e4, 0.5, -1e4], [1e4, 1e4, 0.0, -3.0]])
    p = np.array([[0.0, 1.0, 0.5, 0.0], [1.0, 1.0, 0.2, 1e-9]])
    weight = np.array([0.5, 2.0, 1.5, 0.25])
    for dtype, tolerance in (np.float64, 1e-10), (np.float32, 1e-5):
        for name, at in ("BCELoss", p), ("BCEWithLogitsLoss", x):
            options: Any = {"weight": weight.astype(dtype)} if weighed else {}
            if weighed and name == "BCEWithLogitsLoss":
                options["pos_weight"] = weight[::-1].astype(dtype)
            t = tensor(at.astype(dtype), requires_grad=True)
            u = torch.tensor(at.astype(dtype), requires_grad=True)
            ours = getattr(nn, name)(
                reduction=reduction, **{k: tensor(v) for k, v in options.items()}
            )
            theirs = getattr(torch.nn, name)(
                reduction=reduction, **{k: torch.tensor(v) for k, v in options.items()}
            )
            assert list(ours.state_dict()) == list(theirs.state_dict())
            target = y.astype(dtype)
            agree(ours(t, tensor(target)), theirs(u, torch.tensor(target)), [t], [u], tolerance)


def test_second_order_of_binary_cross_entropies() -> None:
    x, y = draw((3, 2), 0), draw((3, 2), 1, 0.0, 1.0)
    gradcheck(lambda p: F.binary_cross_entropy(p, y), draw((3, 2), 2, 0.1, 0.9))
    gradcheck(F.binary_cross_entropy_with_logits, x, y)


# --- classes ------------------------------------------------------------------------------------


def by_hand(
    x: np.ndarray, target: Any, weight: Any, ignored: int, smoothing: float, reduction: str
) -> np.ndarray:
    """The cross-entropy, place by place, as PyTorch documents it."""
    rows = (
        x[None] if x.ndim == 1 else np.moveaxis(x, 1, -1).reshape(-1, x.shape[min(1, x.ndim - 1)])
    )
    number = rows.shape[1]
    w = np.ones(number) if weight is None else weight
    logs = rows - np.log(np.exp(rows).sum(1, keepdims=True))
    losses: list[Any] = []
    total = 0.0
    if np.asarray(target).dtype.kind == "f":
        spread = target[None] if x.ndim == 1 else np.moveaxis(target, 1, -1).reshape(-1, number)
        for i, row in enumerate(spread):
            q = row * (1 - smoothing) + smoothing / number
            losses.append(-sum(w[c] * q[c] * logs[i, c] for c in range(number)))
            total += 1.0
        places = np.moveaxis(x, 1, -1).shape[:-1] if x.ndim > 1 else ()
    else:
        places = np.shape(target)
        for i, label in enumerate(np.ravel(target)):
            if label == ignored:
                losses.append(0.0)
                continue
            own = -w[label] * logs[i, label]
            even = -sum(w[c] * logs[i, c] for c in range(number)) / number
            losses.append((1 - smoothing) * own + smoothing * even)
            total += w[label]
    return reduced(np.array(losses).reshape(places), reduction, total)


CLASS_SHAPES = ((4,), (5, 4), (2, 4, 3), (2, 4, 2, 3), (1, 1))


def labels_for(shape: tuple[int, ...], seed: int, ignored: int | None) -> np.ndarray:
    number = shape[0] if len(shape) == 1 else shape[1]
    places = shape[:1] + shape[2:] if len(shape) > 1 else ()
    found = np.random.default_rng(seed).integers(0, number, places)
    if ignored is not None and found.size > 1:
        found[np.unravel_index(0, places)] = ignored
    return np.asarray(found)


def probabilities(shape: tuple[int, ...], seed: int) -> np.ndarray:
    x = np.exp(draw(shape, seed))
    return np.asarray(x / x.sum(min(1, len(shape) - 1), keepdims=True))


KINDS = ("labels", "ignoring", "probabilities")


def class_cases(shape: tuple[int, ...], kind: str) -> Iterator[tuple[Any, Any, Any, int, float]]:
    """Scores, target, weight, ignored index and smoothing."""
    number = shape[min(1, len(shape) - 1)]
    for seed, (weighed, smoothing) in enumerate(itertools.product((False, True), (0.0, 0.3))):
        ignored = 1 if kind == "ignoring" else -100
        target = labels_for(shape, seed, ignored if kind == "ignoring" else None)
        if kind == "probabilities":
            target = probabilities(shape, seed)
        weight = draw(number, seed, 0.2, 2.0) if weighed else None
        if kind != "ignoring" or (target != ignored).any():
            yield draw(shape, seed), target, weight, ignored, smoothing


@reductions
@pytest.mark.parametrize("shape", CLASS_SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_cross_entropy_by_hand(reduction: str, shape: tuple[int, ...], kind: str) -> None:
    """The value place by place, the gradient of that by the complex step."""
    for x, target, weight, ignored, smoothing in class_cases(shape, kind):
        given_weight = None if weight is None else tensor(weight)
        loss = nn.CrossEntropyLoss(given_weight, ignored, reduction, smoothing)
        t = tensor(x, requires_grad=True)
        z = loss(t, tensor(target))
        wanted = by_hand(x, target, weight, ignored, smoothing, reduction)
        np.testing.assert_allclose(z.detach(), wanted, rtol=1e-10, atol=1e-12)
        assert z.shape == wanted.shape
        g = cotangent(z)
        z.backward(g)
        slopes = np.zeros(shape)
        for place in np.ndindex(shape):
            moved = x.astype(complex)
            moved[place] += 1e-30j
            value = by_hand(moved, target, weight, ignored, smoothing, reduction)
            slopes[place] = np.imag((g * value).sum()) / 1e-30
        np.testing.assert_allclose(t.grad, slopes, rtol=1e-10, atol=1e-13)


@reductions
@pytest.mark.parametrize("shape", CLASS_SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_cross_entropy_and_nll_like_pytorchs(
    reduction: str, shape: tuple[int, ...], kind: str
) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is an optional peer")
    for dtype, tolerance in (np.float64, 1e-10), (np.float32, 1e-5):

        def to(library: Any, a: Any, dtype: Any = dtype) -> Any:
            return None if a is None else library.tensor(a.astype(dtype) if a.dtype == float else a)

        for x, target, weight, ignored, smoothing in class_cases(shape, kind):
            names = ["CrossEntropyLoss"] if kind == "probabilities" or smoothing else [
                "CrossEntropyLoss", "NLLLoss",
            ]  # fmt: skip
            for name in names:
                options: Any = {"ignore_index": ignored, "reduction": reduction}
                options |= {"label_smoothing": smoothing} if smoothing else {}
                t, u = (to(library, x).requires_grad_() for library in (mg, torch))
                ours = getattr(nn, name)(to(mg, weight), **options)
                theirs = getattr(torch.nn, name)(to(torch, weight), **options)
                assert list(ours.state_dict()) == list(theirs.state_dict())
                z = ours(t, to(mg, target))
                assert z.dtype == dtype
                agree(z, theirs(u, to(torch, target)), [t], [u], tolerance)


def test_nll_is_the_entry_at_the_label() -> None:
    for shape in CLASS_SHAPES:
        for x, target, weight, ignored, _ in class_cases(shape, "ignoring"):
            t = tensor(x, requires_grad=True)
            F.nll_loss(t, target, weight, ignored).backward()
            w = np.ones(x.shape[min(1, x.ndim - 1)]) if weight is None else weight
            wanted = np.zeros(shape)
            classes_last = np.moveaxis(wanted, 1, -1) if wanted.ndim > 1 else wanted
            total = sum(w[label] for label in np.ravel(target) if label != ignored)
            for place in np.ndindex(target.shape):
                if target[place] != ignored:
                    classes_last[(*place, target[place])] = -w[target[place]] / total
            np.testing.assert_allclose(t.grad, wanted, rtol=1e-12)


@given(
    n=st.integers(1, 5),
    number=st.integers(1, 5),
    seed=st.integers(0, 99),
    smoothing=st.sampled_from([0.0, 0.1, 1.0]),
    reduction=st.sampled_from(REDUCTIONS),
    weighed=st.booleans(),
)
def test_gradient_of_cross_entropy_is_softmax_less_target(
    n: int, number: int, seed: int, smoothing: float, reduction: str, weighed: bool
) -> None:
    x, labels = draw((n, number), seed), labels_for((n, number), seed, None)
    weight = draw(number, seed, 0.2, 2.0) if weighed else np.ones(number)
    spread = (np.eye(number)[labels] * (1 - smoothing) + smoothing / number) * weight
    p = np.exp(x) / np.exp(x).sum(1, keepdims=True)
    divisor = weight[labels].sum() if reduction == "mean" else 1.0
    t = tensor(x, requires_grad=True)
    z = F.cross_entropy(t, labels, weight if weighed else None, -100, reduction, smoothing)
    wanted = by_hand(x, labels, weight, -100, smoothing, reduction)
    np.testing.assert_allclose(z.detach(), wanted, rtol=1e-10, atol=1e-14)
    g = cotangent(z)
    z.backward(g)
    back = (p * spread.sum(1, keepdims=True) - spread) / divisor
    np.testing.assert_allclose(t.grad, back * np.reshape(g, (-1, 1)), rtol=1e-10, atol=1e-14)


def test_second_order_of_cross_entropy_and_nll() -> None:
    x, labels = draw((3, 4, 2), 0), labels_for((3, 4, 2), 0, None)
    for options in {}, {"label_smoothing": 0.2, "weight": np.array([1.0, 2.0, 0.5, 1.5])}:
        gradcheck(lambda x, o=options: F.cross_entropy(x, labels, **o), x)
    gradcheck(lambda x, y: F.cross_entropy(x, y, label_smoothing=0.1), x, probabilities(x.shape, 1))
    gradcheck(lambda x: F.nll_loss(x, labels, reduction="none"), x)


def test_cross_entropy_is_stable_at_huge_logits() -> None:
    for dtype in np.float32, np.float64:
        x = tensor(np.array([[1e4, -1e4, 0.0]] * 2, dtype), requires_grad=True)
        loss = F.cross_entropy(x, np.array([0, 1]))
        loss.backward()
        assert loss.item() == 1e4
        np.testing.assert_allclose(x.grad, [[0, 0, 0], [0.5, -0.5, 0]], atol=1e-30)


def test_classes_masked_by_minus_infinity_have_no_gradient() -> None:
    x = tensor(np.array([[1.0, -np.inf, 2.0]]), requires_grad=True)
    loss = F.cross_entropy(x, np.array([0]))
    loss.backward()
    e = np.exp(1.0)
    np.testing.assert_allclose(loss.item(), np.log(1 + e))
    np.testing.assert_allclose(x.grad, [[1 / (1 + e) - 1, 0.0, e / (1 + e)]])


def test_a_target_probability_gets_its_gradient() -> None:
    x, q = draw((2, 3), 0), probabilities((2, 3), 1)
    target = tensor(q, requires_grad=True)
    F.cross_entropy(tensor(x), target, reduction="sum").backward()
    logs = x - np.log(np.exp(x).sum(1, keepdims=True))
    np.testing.assert_allclose(target.grad, -logs, rtol=1e-12)
