"""The recurrent layers, over whole sequences and step by step."""

import math
from typing import Any

import numpy as np

from ..autograd import Tensor
from ..creation import Rng, zeros
from ..errors import check_fields, expect, wrong_value
from . import init
from .functional import dropout
from .kernels import recurrent as kernels
from .module import Module, Parameter

NAMES = "weight_ih", "weight_hh", "bias_ih", "bias_hh"


class Recurrent(Module):
    """What the recurrent layers share: options, weights and states; a subclass has the cell.

    Args:
        input_size: the length of an input.
        hidden_size: that of a hidden state.
        num_layers: how many layers, each fed with the hidden states of the one before.
        bias: whether there are ``bias_ih`` and ``bias_hh``.
        batch_first: whether inputs are ``(N, steps, input_size)``, and outputs likewise.
        dropout: with what probability each element is set to 0 between layers, in training.
        bidirectional: whether a second set of weights goes through the sequence from its end;
            the hidden states of both stand side by side.
        forget_bias: of an LSTM, is added to the forget gate's part of ``bias_ih`` at the start.

    All weights start uniform within ``1 / sqrt(hidden_size)``, with PyTorch's names.
    """

    cell: Any
    is_step = False  # whether a call is one step of a sequence

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True,
                 batch_first: bool = False, dropout: float = 0.0, bidirectional: bool = False,
                 dtype: Any = None, *, forget_bias: float = 0.0,
                 generator: Rng = None) -> None:  # fmt: skip
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout = bias, batch_first, dropout
        self.bidirectional, self.forget_bias = bidirectional, forget_bias
        check_fields(self)
        fit = not forget_bias or (bias and self.cell.memories)
        expect(fit, type(self).__name__, "forget_bias as 0 but in an LSTM with bias", forget_bias)
        ways, rows = ["", "_reverse"][: 1 + bidirectional], len(self.cell.order) * hidden_size
        layers = [[f"_l{k}{way}" for way in ways] for k in range(num_layers)]
        self.suffixes = [[""]] if self.is_step else layers
        for k, suffix in [(k, suffix) for k, layer in enumerate(self.suffixes) for suffix in layer]:
            inputs = len(ways) * hidden_size if k else input_size
            shapes = (rows, inputs), (rows, hidden_size), (rows,), (rows,)
            for name, shape in zip(NAMES, shapes, strict=True):
                values = Parameter(zeros(shape, dtype=dtype))
                init.uniform_(values, -1.0, 1.0, generator).data /= math.sqrt(hidden_size)
                if name == "bias_ih":
                    values.data[hidden_size : 2 * hidden_size] += forget_bias
                setattr(self, name + suffix, values if bias or shape[1:] else None)

    def forward(self, input: Any, hx: Any = None) -> Any:
        """The hidden states of the last layer, and the last states of all layers.

        Args:
            input: ``(steps, N, input_size)``, or ``(steps, input_size)`` without a batch.
            hx: the states to start from, ``(layers * directions, N, hidden_size)`` or without N;
                of an LSTM a pair of them, ``(h, c)``. They are 0 if not given.

        Returns:
            ``(steps, N, directions * hidden_size)``, and states of the shape of ``hx``.
        """
        x = input[None] if self.is_step else input
        single, swapped = x.ndim == 2, self.batch_first and x.ndim == 3
        if x.ndim not in (2, 3) or x.shape[-1] != self.input_size or not x.size:
            lead = "N" if self.is_step else "N, steps" if self.batch_first else "steps, N"
            wanted = f"inputs of shape ({lead}, {self.input_size}), none of them 0"
            raise wrong_value(type(self).__name__, wanted, input.shape)
        x = np.expand_dims(x, 1) if single else np.swapaxes(x, 0, 1) if swapped else x
        starts, ends = self.states(hx, x, single), list[Any]()
        run: Any = kernels.recurrence if hasattr(self.cell, "back") else kernels.recurrence_text
        for layer in self.suffixes:
            x, outputs = dropout(x, self.dropout, self.training) if ends else x, []
            for way, suffix in enumerate(layer):
                start = starts[:, len(ends)]
                weights = [getattr(self, name + suffix) for name in NAMES]
                z = run(np.flip(x, 0) if way else x, start, *weights, self.cell)
                h = z[: len(x)] if len(start) > 1 else z
                outputs.append(np.flip(h, 0) if way else h)
                ends.append(z[-len(start) :])
            x = np.concatenate(outputs, -1) if len(outputs) > 1 else outputs[0]
        last = ends[0] if self.is_step else np.stack(ends, 1)
        x, last = (x[:, 0], last[..., 0, :]) if single else (x, last)
        states = tuple(last) if len(last) > 1 else last[0]
        return states if self.is_step else (np.swapaxes(x, 0, 1) if swapped else x, states)

    def states(self, hx: Any, x: Any, single: bool) -> Any:
        """What the layers start from, ``(1 or 2, layers * directions, N, hidden_size)``."""
        kinds, number = 1 + bool(self.cell.memories), sum(map(len, self.suffixes))
        whole = kinds, number, x.shape[1], self.hidden_size
        if hx is None:
            return Tensor(np.zeros(whole, x.dtype))
        shape = (*whole[1 + self.is_step : 3 - single], self.hidden_size)
        given = list(hx) if kinds > 1 else [hx]
        found, wanted = [np.shape(v) for v in given], f"{kinds} initial states of shape {shape}"
        expect(found == [shape] * kinds, type(self).__name__, wanted, found)
        return np.stack(given).reshape(whole)


class RNN(Recurrent):
    """``h = tanh(w_ih x + b_ih + w_hh h + b_hh)``, ``(steps, N, in) -> (steps, N, hidden)``.

    With ``nonlinearity="relu"``, the fourth argument, max(0, .) takes the place of tanh. The
    first is Elman's (1990), the second that of Le, Jaitly & Hinton (2015). For the rest see
    `Recurrent`.

    >>> import minigrad
    >>> output, h = RNN(3, 4)(minigrad.zeros(5, 2, 3))
    >>> output.shape, h.shape
    ((5, 2, 4), (1, 2, 4))
    """

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1,
                 nonlinearity: str = "tanh", *args: Any, **options: Any) -> None:  # fmt: skip
        self.nonlinearity, self.cell = nonlinearity, kernels.Elman(nonlinearity)
        super().__init__(input_size, hidden_size, num_layers, *args, **options)


class LSTM(Recurrent):
    """``c = f c + i g``, ``h = o tanh(c)``: ``(steps, N, in) -> (steps, N, hidden)``.

    i, f and o are sigmoids and g a tanh of the input and the old hidden state, in this order in
    the weights: i, f, g, o (Hochreiter & Schmidhuber 1997; the forget gate f by Gers,
    Schmidhuber & Cummins 2000). As long as f is 1 and i is 0, c and the error on its way back
    through it stay what they are. A ``forget_bias`` of 1 or more starts f near 1 (Jozefowicz,
    Zaremba & Sutskever 2015). For the rest see `Recurrent`.

    >>> import minigrad
    >>> output, (h, c) = LSTM(3, 4, forget_bias=1.0)(minigrad.zeros(5, 2, 3))
    >>> output.shape, h.shape, c.shape
    ((5, 2, 4), (1, 2, 4), (1, 2, 4))
    """

    cell = kernels.LSTM()


class GRU(Recurrent):
    """``h = (1 - z) n + z h``, ``(steps, N, in) -> (steps, N, hidden)``.

    r and z are sigmoids of the input and the old hidden state, and
    ``n = tanh(w_in x + b_in + r (w_hn h + b_hn))``; in the weights their order is r, z, n (Cho et
    al. 2014, with r after the product as in PyTorch). For the rest see `Recurrent`.

    >>> import minigrad
    >>> output, h = GRU(3, 4, bidirectional=True)(minigrad.zeros(5, 2, 3))
    >>> output.shape, h.shape
    ((5, 2, 8), (2, 2, 4))
    """

    cell = kernels.GRU()


class Step(Recurrent):
    """What the cells share: a layer that is called step by step.

    Called with ``(N, input_size)`` and the state before, or ``(input_size,)`` without a batch, it
    returns the next state, ``(N, hidden_size)``; of an LSTM states are pairs ``(h, c)``.
    """

    is_step = True

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, *args: Any,
                 **options: Any) -> None:  # fmt: skip
        super().__init__(input_size, hidden_size, 1, *args, **{"bias": bias, **options})


class RNNCell(Step, RNN):
    """One step of an `RNN`: ``(N, in)`` and ``(N, hidden)`` to ``(N, hidden)``.

    ``nonlinearity`` is the fourth argument, after ``bias``.

    >>> import minigrad
    >>> RNNCell(3, 4)(minigrad.zeros(2, 3)).shape
    (2, 4)
    """


class LSTMCell(Step, LSTM):
    """One step of an `LSTM`: ``(N, in)`` and a pair of ``(N, hidden)`` to such a pair.

    >>> import minigrad
    >>> h, c = LSTMCell(3, 4)(minigrad.zeros(2, 3))
    >>> h.shape, c.shape
    ((2, 4), (2, 4))
    """


class GRUCell(Step, GRU):
    """One step of a `GRU`: ``(N, in)`` and ``(N, hidden)`` to ``(N, hidden)``.

    >>> import minigrad
    >>> GRUCell(3, 4)(minigrad.zeros(2, 3)).shape
    (2, 4)
    """
