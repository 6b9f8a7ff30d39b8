"""Recurrent layers: against their equations in NumPy, PyTorch, and their own composition."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, tensor
from minigrad.autograd import grad
from minigrad.nn.kernels import recurrent as kernels
from minigrad.testing import gradcheck

from .peer import near, same_gradients, start_alike, train_alike

KINDS = ("RNN", "LSTM", "GRU")
INPUTS, HIDDEN, STEPS, BATCH = 3, 4, 5, 2
OPTIONS: list[dict[str, Any]] = [
    {},
    {"num_layers": 2},
    {"bidirectional": True},
    {"num_layers": 3, "bidirectional": True, "batch_first": True},
    {"bias": False},
    {"batch_first": True, "bias": False, "num_layers": 2},
]


def drawn(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).normal(0.0, 1.0, shape)


def sigma(a: np.ndarray) -> np.ndarray:
    return np.asarray(1.0 / (1.0 + np.exp(-a)))


def step_by_hand(kind: str, x: Any, h: Any, c: Any, w: dict[str, Any], relu: bool) -> Any:
    """The equations as they are printed."""
    zero = np.zeros(len(w["weight_ih"]))
    a = x @ w["weight_ih"].T + w.get("bias_ih", zero)
    b = h @ w["weight_hh"].T + w.get("bias_hh", zero)
    if kind == "RNN":
        return (np.maximum(a + b, 0.0) if relu else np.tanh(a + b)), c
    if kind == "LSTM":
        i, f, g, o = np.split(a + b, 4, -1)
        c = sigma(f) * c + sigma(i) * np.tanh(g)
        return sigma(o) * np.tanh(c), c
    (a_r, a_z, a_n), (b_r, b_z, b_n) = np.split(a, 3, -1), np.split(b, 3, -1)
    z, n = sigma(a_z + b_z), np.tanh(a_n + sigma(a_r + b_r) * b_n)
    return (1.0 - z) * n + z * h, c


def layer_by_hand(layer: Any, x: np.ndarray, h0: np.ndarray, c0: np.ndarray) -> Any:
    """Layers and directions, ``(steps, N, inputs)``: the outputs, the last h, the last c."""
    kind, weights = (
        type(layer).__name__,
        {n: p.detach().numpy() for n, p in layer.named_parameters()},
    )
    relu = getattr(layer, "nonlinearity", "") == "relu"
    last_h, last_c = [], []
    for k in range(layer.num_layers):
        outputs = []
        for way in ["", "_reverse"][: 1 + layer.bidirectional]:
            ending = f"_l{k}{way}"
            own = {n.removesuffix(ending): v for n, v in weights.items() if n.endswith(ending)}
            h, c, found = h0[len(last_h)], c0[len(last_h)], []
            for x_t in x[::-1] if way else x:
                h, c = step_by_hand(kind, x_t, h, c, own, relu)
                found.append(h)
            outputs.append(np.stack(found[::-1] if way else found))
            last_h.append(h)
            last_c.append(c)
        x = np.concatenate(outputs, -1)
    return x, np.stack(last_h), np.stack(last_c)


def made(kind: str, seed: int = 0, **options: Any) -> Any:
    return getattr(nn, kind)(
        INPUTS, HIDDEN, dtype=np.float64, generator=mg.Generator(seed), **options
    )


def states(layer: Any, lead: tuple[int, ...] = (BATCH,)) -> list[np.ndarray]:
    number = layer.num_layers * (1 + layer.bidirectional)
    return [drawn(number, *lead, HIDDEN, seed=s) for s in (1, 2)]


# --- values -------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", ["zeros", "given"])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("kind", [*KINDS, "RNN relu"])
def test_a_layer_is_its_equations(kind: str, options: Any, start: str) -> None:
    name, *relu = kind.split()
    layer = made(name, **options, **({"nonlinearity": "relu"} if relu else {}))
    x, (h0, c0) = drawn(STEPS, BATCH, INPUTS), states(layer)
    if start == "zeros":
        h0, c0, hx = np.zeros_like(h0), np.zeros_like(c0), None
    else:
        hx = (tensor(h0), tensor(c0)) if name == "LSTM" else tensor(h0)
    z, last = layer(tensor(x.swapaxes(0, 1) if layer.batch_first else x), hx)
    output, h, c = layer_by_hand(layer, x, h0, c0)
    wanted = output.swapaxes(0, 1) if layer.batch_first else output
    np.testing.assert_allclose(z.detach(), wanted, rtol=1e-11, atol=1e-13)
    found = last if name == "LSTM" else (last,)
    for one, other in zip(found, (h, c), strict=False):
        np.testing.assert_allclose(one.detach(), other, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("kind", KINDS)
def test_a_sequence_without_a_batch_is_a_batch_of_one(kind: str) -> None:
    layer = made(kind, num_layers=2, bidirectional=True)
    x, (h0, c0) = drawn(STEPS, INPUTS), states(layer, ())
    alone = (tensor(h0), tensor(c0)) if kind == "LSTM" else tensor(h0)
    batch = (tensor(h0[:, None]), tensor(c0[:, None])) if kind == "LSTM" else tensor(h0[:, None])
    z, last = layer(tensor(x), alone)
    y, ends = layer(tensor(x[:, None]), batch)
    np.testing.assert_array_equal(z.detach(), y.detach()[:, 0])
    pairs = zip(last, ends, strict=True) if kind == "LSTM" else [(last, ends)]
    for one, other in pairs:
        assert one.shape == (4, HIDDEN)
        np.testing.assert_array_equal(one.detach(), other.detach()[:, 0])


@pytest.mark.parametrize("kind", KINDS)
def test_a_cell_is_one_step_of_the_layer(kind: str) -> None:
    layer, cell = made(kind), made(f"{kind}Cell")
    for (_, p), q in zip(layer.named_parameters(), cell.parameters(), strict=True):
        q.data[...] = p.detach()
    x, state = tensor(drawn(STEPS, BATCH, INPUTS)), None
    z, last = layer(x)
    for t in range(STEPS):
        state = cell(x[t], state)
        h = state[0] if kind == "LSTM" else state
        np.testing.assert_allclose(h.detach(), z.detach()[t], rtol=1e-13)
    if kind == "LSTM":
        np.testing.assert_allclose(state[1].detach(), last[1].detach()[0], rtol=1e-13)
    single = cell(x[0, 0])
    assert (single[0] if kind == "LSTM" else single).shape == (HIDDEN,)


@pytest.mark.parametrize("kind", KINDS)
def test_a_sequence_in_two_pieces_is_the_sequence(kind: str) -> None:
    layer, x = made(kind, num_layers=2), tensor(drawn(STEPS, BATCH, INPUTS))
    z, last = layer(x)
    first, state = layer(x[:2])
    second, end = layer(x[2:], state)
    np.testing.assert_allclose(np.concatenate([first, second]).detach(), z.detach(), rtol=1e-13)
    for one, other in zip(end, last, strict=True):
        np.testing.assert_allclose(one.detach(), other.detach(), rtol=1e-13)


def test_huge_inputs_saturate_without_a_warning() -> None:
    for kind in KINDS:
        x = tensor(1e4 * drawn(STEPS, BATCH, INPUTS), requires_grad=True)
        z, _ = made(kind)(x)
        z.sum().backward()
        assert np.isfinite(z.detach().numpy()).all()
        assert np.isfinite(x.grad.numpy()).all()


# --- gradients ----------------------------------------------------------------------------------

CELLS = (kernels.Elman("tanh"), kernels.Elman("relu"), kernels.LSTM())


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("cell", CELLS, ids=["tanh", "relu", "LSTM"])
def test_the_kernel_is_its_composition(cell: Any, bias: bool) -> None:
    """In value, first and second order, by all of its arguments, every output weighed."""
    rows = len(cell.order) * HIDDEN
    start = drawn(2 if cell.memories else 1, BATCH, HIDDEN, seed=1)
    shapes = [(rows, INPUTS), (rows, HIDDEN), *([(rows,)] * 2 if bias else [])]
    weights = [drawn(*shape, seed=k) for k, shape in enumerate(shapes)]
    none = [] if bias else [None, None]

    def run(x: Any, start: Any, *weights: Any) -> Any:
        return kernels.recurrence(x, start, *weights, *none, cell)

    arrays = drawn(STEPS, BATCH, INPUTS), start, *weights
    wanted = kernels.recurrence_text(*arrays, *none, cell)
    np.testing.assert_allclose(run(*arrays), wanted, rtol=1e-11, atol=1e-13)
    assert gradcheck(run, *arrays).methods == ("complex step", "complex step")


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_is_asked_for_is_worked_out(kind: str) -> None:
    layer, x = made(kind), drawn(STEPS, BATCH, INPUTS)
    z, _ = layer(x)
    z.sum().backward()
    alone = [p.grad.numpy().copy() for p in layer.parameters()]
    layer.zero_grad()
    t = tensor(x, requires_grad=True)
    layer(t)[0].sum().backward()
    for p, g in zip(layer.parameters(), alone, strict=True):
        np.testing.assert_allclose(p.grad, g, rtol=1e-12)
    for p in layer.parameters():
        p.requires_grad_(False)
    u = tensor(x, requires_grad=True)
    layer(u)[0].sum().backward()
    np.testing.assert_allclose(u.grad, t.grad, rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_the_graph_is_kept_for_another_pass(kind: str) -> None:
    layer = made(kind)
    z, _ = layer(tensor(drawn(STEPS, BATCH, INPUTS)))
    loss = (z * z).sum()
    loss.backward(retain_graph=True)
    once = [p.grad.numpy().copy() for p in layer.parameters()]
    loss.backward()
    for p, g in zip(layer.parameters(), once, strict=True):
        np.testing.assert_allclose(p.grad, 2.0 * g, rtol=1e-13)


def test_the_constant_error_carousel() -> None:
    """Forget gate 1 and input gate 0: dc_T/dc_0 is 1, over any time (Gers et al. 2000)."""
    layer = nn.LSTM(INPUTS, HIDDEN, dtype=np.float64)
    size = slice(0, HIDDEN), slice(HIDDEN, 2 * HIDDEN)
    layer.weight_ih_l0.data[...] = layer.weight_hh_l0.data[...] = 0.0
    layer.bias_ih_l0.data[size[0]], layer.bias_ih_l0.data[size[1]] = -200.0, 200.0
    c0 = tensor(drawn(1, BATCH, HIDDEN), requires_grad=True)
    _, (_, c) = layer(tensor(drawn(1000, BATCH, INPUTS)), (mg.zeros(1, BATCH, HIDDEN), c0))
    np.testing.assert_array_equal(c.detach(), c0.detach())
    (back,) = grad(c, c0, drawn(1, BATCH, HIDDEN, seed=1))
    np.testing.assert_array_equal(back, drawn(1, BATCH, HIDDEN, seed=1))


def test_the_error_fades_as_the_forget_gates_say() -> None:
    """With all weights 0 it is sigmoid(forget bias) ** steps, and not a digit else."""
    for forget_bias in 0.0, 1.0, 3.0:
        layer = nn.LSTM(INPUTS, HIDDEN, dtype=np.float64, forget_bias=forget_bias)
        for p in layer.parameters():
            p.data[...] = 0.0
        layer.bias_ih_l0.data[HIDDEN : 2 * HIDDEN] = forget_bias
        c0 = tensor(drawn(1, BATCH, HIDDEN), requires_grad=True)
        _, (_, c) = layer(tensor(drawn(20, BATCH, INPUTS)), (mg.zeros(1, BATCH, HIDDEN), c0))
        (back,) = grad(c.sum(), c0)
        np.testing.assert_allclose(back, sigma(np.array(forget_bias)) ** 20, rtol=1e-12)


# --- how they start -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*KINDS, *[f"{kind}Cell" for kind in KINDS]])
def test_weights_start_uniform(kind: str) -> None:
    layer = getattr(nn, kind)(30, 100, generator=mg.Generator(0))
    for p in layer.parameters():
        values = p.detach().numpy().astype(float)
        assert p.dtype == np.float32
        assert abs(values).max() <= 0.1
        assert abs(values.var() * 300.0 - 1.0) < 4.0 * np.sqrt(0.8 / values.size)


@pytest.mark.parametrize("kind", ["LSTM", "LSTMCell"])
def test_forget_bias_is_added_to_the_forget_gates_alone(kind: str) -> None:
    plain, lifted = (
        getattr(nn, kind)(3, 4, forget_bias=b, generator=mg.Generator(1)) for b in (0.0, 2.0)
    )
    for (name, p), q in zip(plain.named_parameters(), lifted.parameters(), strict=True):
        moved = q.detach().numpy() - p.detach().numpy()
        assert moved[4:8].max() == pytest.approx(2.0 if name.startswith("bias_ih") else 0.0)
        assert not moved[:4].any()
        assert not moved[8:].any()


def test_dropout_acts_between_layers_in_training() -> None:
    layer = made("GRU", num_layers=2, dropout=0.5)
    x = tensor(drawn(STEPS, BATCH, INPUTS))
    mg.manual_seed(0)
    one, (first, _) = layer(x)
    other, (again, _) = layer(x)
    assert (one.detach().numpy() != other.detach().numpy()).any()
    np.testing.assert_array_equal(first.detach(), again.detach())
    layer.eval()
    np.testing.assert_array_equal(layer(x)[0].detach(), layer(x)[0].detach())
    single = made("GRU", dropout=0.5)
    np.testing.assert_array_equal(single(x)[0].detach(), single(x)[0].detach())


# --- PyTorch ------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("kind", [*KINDS, "RNN relu"])
def test_layers_agree_with_pytorch(kind: str, options: Any, dtype: Any) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is an optional peer")
    name, *relu = kind.split()
    options = {**options, **({"nonlinearity": "relu"} if relu else {})}
    layer = getattr(nn, name)(INPUTS, HIDDEN, dtype=dtype, **options)
    twin = getattr(torch.nn, name)(INPUTS, HIDDEN, **options)
    start_alike(torch, layer, twin, dtype)
    shape = (BATCH, STEPS) if layer.batch_first else (STEPS, BATCH)
    x, (h, c) = drawn(*shape, INPUTS).astype(dtype), (s.astype(dtype) for s in states(layer))
    ours = [tensor(v, requires_grad=True) for v in (x, h, c)]
    theirs = [torch.tensor(v, requires_grad=True) for v in (x, h, c)]
    found, wanted = (
        flat(f(t[0], (t[1], t[2]) if name == "LSTM" else t[1]))
        for f, t in ((layer, ours), (twin, theirs))
    )
    for z, y in zip(found, wanted, strict=True):
        near(z, y)
    sum((z * z * z).sum() for z in found).backward()
    sum((y * y * y).sum() for y in wanted).backward()
    for t, u in zip(ours[: len(found)], theirs, strict=False):
        near(t.grad, u.grad)
    same_gradients(layer, twin)


@pytest.mark.parametrize("kind", KINDS)
def test_layers_train_as_in_pytorch(kind: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is an optional peer")
    layer, twin = made(kind), getattr(torch.nn, kind)(INPUTS, HIDDEN)
    start_alike(torch, layer, twin)
    batches = (drawn(STEPS, BATCH, INPUTS, seed=step) for step in range(50))
    train_alike(torch, layer, twin, batches, lambda result: result[0][-1] - 0.5)


def flat(result: Any) -> list[Any]:
    output, last = result
    return [output, *last] if isinstance(last, tuple) else [output, last]


@pytest.mark.parametrize("lead", [(), (BATCH,)])
@pytest.mark.parametrize("kind", [f"{kind}Cell" for kind in KINDS])
def test_cells_agree_with_pytorch(kind: str, lead: tuple[int, ...]) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is an optional peer")
    cell, twin = made(kind), getattr(torch.nn, kind)(INPUTS, HIDDEN)
    start_alike(torch, cell, twin)
    state, ends = None, None
    for t in range(3):
        x = drawn(*lead, INPUTS, seed=t)
        state, ends = cell(tensor(x), state), twin(torch.from_numpy(x), ends)
        pairs = zip(state, ends, strict=True) if kind == "LSTMCell" else [(state, ends)]
        for one, other in pairs:
            near(one, other)


# --- bad input ----------------------------------------------------------------------------------

X = np.ones((5, 2, 3), np.float32)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: nn.RNN(0, 4), "RNN expects input_size"),
        (lambda: nn.LSTM(3, -1), "hidden_size"),
        (lambda: nn.GRU(3, 4, 0), "num_layers"),
        (lambda: nn.GRU(3, 2.5), "hidden_size"),
        (lambda: nn.LSTM(3, 4, dropout=1.5), "dropout"),
        (lambda: nn.LSTM(3, 4, bias="no"), "bias as True or False"),
        (lambda: nn.RNN(3, 4, nonlinearity="gelu"), "nonlinearity as 'tanh' or 'relu'"),
        (lambda: nn.GRU(3, 4, forget_bias=1.0), "GRU expects forget_bias as 0"),
        (lambda: nn.LSTM(3, 4, bias=False, forget_bias=1.0), "forget_bias as 0"),
        (lambda: nn.GRU(3, 4)(tensor(X[0, 0])), r"\(steps, N, 3\), none of them 0, got \(3,\)"),
        (lambda: nn.GRU(3, 4, batch_first=True)(mg.ones(2, 5, 4)), r"\(N, steps, 3\)"),
        (lambda: nn.GRU(3, 4)(mg.ones(0, 2, 3)), "none of them 0"),
        (lambda: nn.GRU(3, 4)(mg.ones(5, 0, 3)), "none of them 0"),
        (lambda: nn.GRU(3, 4)(tensor(X), mg.ones(1, 3, 4)), r"1 initial states of .*\(1, 2, 4\)"),
        (lambda: nn.GRU(3, 4)(tensor(X[:, 0]), mg.ones(1, 1, 4)), r"of shape \(1, 4\)"),
        (lambda: nn.LSTM(3, 4)(tensor(X), mg.ones(1, 2, 4)), "2 initial states"),
        (lambda: nn.LSTM(3, 4)(tensor(X), (mg.ones(1, 2, 4),)), "2 initial states"),
        (lambda: nn.LSTM(3, 4, 2)(tensor(X), (mg.ones(1, 2, 4),) * 2), r"\(2, 2, 4\)"),
        (lambda: nn.RNNCell(3, 4)(tensor(X)), r"RNNCell expects inputs of shape \(N, 3\)"),
        (lambda: nn.RNNCell(3, 4)(mg.ones(2, 4)), r"\(N, 3\), none of them 0, got \(2, 4\)"),
        (lambda: nn.GRUCell(3, 4)(mg.ones(2, 3), mg.ones(3, 4)), r"\(2, 4\), got \[\(3, 4\)"),
        (lambda: nn.LSTMCell(3, 4)(mg.ones(2, 3), (mg.ones(2, 4),)), "2 initial states"),
    ],
)  # fmt: skip
def test_bad_input_gets_one_sentence(call: Any, words: str) -> None:
    with pytest.raises((ValueError, TypeError), match=words) as caught:
        call()
    assert "\n" not in str(caught.value)
