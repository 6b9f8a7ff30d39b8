"""Residual connections: what they add, how they start, and what they do to the error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, tensor
from minigrad.testing import gradcheck

from .peer import start_alike, train_alike


def drawn(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).normal(0.0, 1.0, shape)


def test_a_residual_adds_its_input() -> None:
    branch = nn.Linear(3, 3, dtype=np.float64)
    x = drawn(5, 3)
    w, b = (p.detach().numpy() for p in branch.parameters())
    np.testing.assert_allclose(nn.Residual(branch)(tensor(x)).detach(), x + x @ w.T + b, rtol=1e-14)
    gradcheck(lambda x: nn.Residual(branch)(x), x)


def test_a_projection_gives_the_shape_of_the_branch() -> None:
    branch, projection = nn.Linear(3, 2, dtype=np.float64), nn.Linear(3, 2, dtype=np.float64)
    block, x = nn.Residual(branch, projection), tensor(drawn(5, 3))
    assert [name for name, _ in block.named_children()] == ["branch", "projection"]
    np.testing.assert_allclose(block(x).detach(), (branch(x) + projection(x)).detach(), rtol=1e-14)


@pytest.mark.parametrize(
    ("branch", "shape"),
    [
        (lambda: nn.Linear(3, 3), (4, 3)),
        (lambda: nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 3)), (4, 3)),
        (lambda: nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3)), (4, 3)),
        (lambda: nn.Conv2d(3, 3, 3, padding=1), (4, 3, 5, 5)),
        (lambda: nn.Sequential(nn.Conv2d(3, 3, 1, bias=False), nn.BatchNorm2d(3)), (4, 3, 2, 2)),
    ],
)
def test_a_last_layer_of_zeros_leaves_the_skip(branch: Any, shape: tuple[int, ...]) -> None:
    block = nn.Residual(branch(), zero_init_last=True)
    x = tensor(drawn(*shape).astype(np.float32), requires_grad=True)
    z = block(x)
    np.testing.assert_array_equal(z.detach(), x.detach())
    z.backward(np.ones(shape, np.float32))
    np.testing.assert_array_equal(x.grad, np.ones(shape))
    assert any(p.detach().numpy().any() for p in block.parameters()) == (
        len(list(block.parameters())) > 2
    )
    assert any(p.grad.numpy().any() for p in block.parameters())  # and yet it learns


@pytest.mark.parametrize("layers", [2, 3])
@pytest.mark.parametrize("norm", [True, False])
def test_the_block_of_the_tutorial(layers: int, norm: bool) -> None:
    block = nn.ResidualBlock(4, 6, layers=layers, norm=norm, dtype=np.float64)
    kinds = [type(m).__name__ for m in block.branch.children()]
    one = ["Linear", "BatchNorm1d", "ReLU"] if norm else ["Linear", "ReLU"]
    assert kinds == (one * layers)[:-1]
    assert all(
        (m.bias is None) == norm for m in block.branch.children() if isinstance(m, nn.Linear)
    )
    x = tensor(drawn(8, 4))
    branch = block.branch(x).detach().numpy()
    np.testing.assert_allclose(block(x).detach(), np.maximum(x.numpy() + branch, 0.0), rtol=1e-12)
    open_end = nn.ResidualBlock(4, relu_after=False, dtype=np.float64)
    assert (open_end(x).detach().numpy() < 0.0).any()


def test_a_block_trains_as_in_pytorch() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is an optional peer")

    class Twin(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.branch = torch.nn.Sequential(
                torch.nn.Linear(4, 6, bias=False), torch.nn.BatchNorm1d(6), torch.nn.ReLU(),
                torch.nn.Linear(6, 4, bias=False), torch.nn.BatchNorm1d(4),
            )  # fmt: skip

        def forward(self, x: Any) -> Any:
            return torch.relu(x + self.branch(x))

    block, twin = nn.ResidualBlock(4, 6, dtype=np.float64), Twin()
    start_alike(torch, block, twin)
    train_alike(torch, block, twin, (drawn(8, 4, seed=k) for k in range(50)), lambda z: z)


def test_the_error_reaches_the_bottom_of_a_deep_stack() -> None:
    """Fifty blocks that start as their skips hand it back as it came; plain layers do not."""
    x = tensor(abs(drawn(16, 8)), requires_grad=True)
    deep = nn.Sequential(
        *[nn.ResidualBlock(8, zero_init_last=True, dtype=np.float64) for _ in range(50)]
    )
    deep(x).sum().backward()
    np.testing.assert_allclose(x.grad, 1.0, rtol=1e-12)
    plain = nn.Sequential(
        *[m for _ in range(50) for m in (nn.Linear(8, 8, dtype=np.float64), nn.ReLU())]
    )
    y = tensor(abs(drawn(16, 8)), requires_grad=True)
    plain(y).sum().backward()
    assert abs(y.grad.numpy()).max() < 1e-6


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: nn.Residual(np.tanh), "Residual expects modules, got ufunc"),
        (lambda: nn.Residual(nn.ReLU(), np.tanh), "expects modules, got ufunc"),
        (lambda: nn.Residual(nn.ReLU(), zero_init_last=1), "zero_init_last as True or False"),
        (lambda: nn.Residual(nn.ReLU(), zero_init_last=True), "with a Linear, Conv2d or BatchNorm"),
        (lambda: nn.Residual(nn.Linear(3, 2))(mg.ones(4, 3)), r"of its skip, got \(4, 2\)"),
        (lambda: nn.Residual(nn.Linear(3, 1))(mg.ones(4, 3)), "give a projection"),
        (lambda: nn.ResidualBlock(0), "ResidualBlock expects features"),
        (lambda: nn.ResidualBlock(3, 0), "hidden"),
        (lambda: nn.ResidualBlock(3, layers=4), "layers as 2 or 3, got 4"),
        (lambda: nn.ResidualBlock(3, norm="batch"), "norm as True or False"),
        (lambda: nn.ResidualBlock(3)(mg.ones(4, 2)), r"\(\.\.\., 3\), got \(4, 2\)"),
        (lambda: nn.ResidualBlock(3)(mg.ones(1, 3)), "more than one value per channel"),
    ],
)  # fmt: skip
def test_bad_input_gets_one_sentence(call: Any, words: str) -> None:
    with pytest.raises((ValueError, TypeError), match=words) as caught:
        call()
    assert "\n" not in str(caught.value)
