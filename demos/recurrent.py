"""Recurrent networks at the starts that are compared, and the error on its way back through them.

A network is one of minigrad's recurrent layers, whose last hidden state a linear layer turns into
the answer. The error at a step is the derivative of what comes of the last hidden state by the
whole state of that step: by h, and in an LSTM by h and c.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from minigrad import Tensor, autograd, nn, tensor
from minigrad.nn import init

FORGET_BIASES = (0.0, 1.0, 3.0, 5.0)
PYTORCH, NORMAL, ORTHOGONAL = "tanh, U(±1/√n)", "tanh, N(0, 1/n)", "tanh, orthogonal"
IDENTITY = "ReLU, identity (IRNN)"
SMALL = 0.1  # times the deviation of other inputs, beside the identity: it adds them all up


def lstm(forget_bias: float) -> str:
    """The name of an LSTM by its forget bias."""
    return f"LSTM, forget bias {forget_bias:g}"


def _normal(layer: Any, draw: np.random.Generator) -> None:
    init.normal_(layer.weight_hh_l0, std=layer.hidden_size**-0.5, generator=draw)
    init.normal_(layer.weight_ih_l0, std=layer.input_size**-0.5, generator=draw)


def _orthogonal(layer: Any, draw: np.random.Generator) -> None:
    init.orthogonal_(layer.weight_hh_l0, generator=draw)


def _identity(layer: Any, draw: np.random.Generator) -> None:
    init.eye_(layer.weight_hh_l0)
    init.normal_(layer.weight_ih_l0, std=SMALL * layer.input_size**-0.5, generator=draw)


FILLS: dict[str, Callable[[Any, np.random.Generator], None]] = {
    NORMAL: _normal,
    ORTHOGONAL: _orthogonal,  # weights of inputs as PyTorch has them
    IDENTITY: _identity,
}
LSTMS = {lstm(bias): partial(nn.LSTM, forget_bias=bias) for bias in FORGET_BIASES}


def recurrent(
    start: str, inputs: int, hidden: int, draw: np.random.Generator, dtype: Any = np.float32
) -> Any:
    """A recurrent layer at its start; biases start at 0 where the start is not PyTorch's."""
    if start in LSTMS:
        return LSTMS[start](inputs, hidden, dtype=dtype, generator=draw)
    kind = "relu" if start == IDENTITY else "tanh"
    layer: Any = nn.RNN(inputs, hidden, nonlinearity=kind, dtype=dtype, generator=draw)
    if start in FILLS:
        FILLS[start](layer, draw)
        for bias in layer.bias_ih_l0, layer.bias_hh_l0:
            init.zeros_(bias)
    return layer


class Reader(nn.Module):
    """The answer to a sequence: ``(steps, N, inputs) -> (N, answers)``."""

    def __init__(
        self, start: str, inputs: int, hidden: int, answers: int, draw: np.random.Generator
    ) -> None:
        self.recurrent = recurrent(start, inputs, hidden, draw)
        self.answer = nn.Linear(hidden, answers, generator=draw)

    def forward(self, x: Any) -> Any:
        """The linear layer's answer to the last hidden state."""
        return self.answer(self.recurrent(x)[0][-1])


def errors_by_step(layer: Any, x: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """The norms of the error after each step, (steps,), that a random one at the last h becomes."""
    state, states = None, []
    for step in range(len(x)):
        _, state = layer(tensor(x[step : step + 1]), state)
        states.append(state if isinstance(state, tuple) else (state,))
    last = states[-1][0]
    error = draw.standard_normal(last.shape).astype(x.dtype)
    states[-1] = (last,)  # the last c leads nowhere
    wanted: list[Tensor] = [part for parts in states for part in parts]
    found = iter(autograd.grad((last * error).sum(), wanted))
    return np.array(
        [math.hypot(*(np.linalg.norm(np.asarray(next(found))) for _ in parts)) for parts in states]
    )
