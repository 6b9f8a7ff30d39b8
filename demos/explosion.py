"""A regression learned by SGD, and the three signals by which an exploding gradient is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from minigrad import nn, no_grad, optim, tensor
from minigrad.nn import functional as F, init

HIDDEN, MOMENTUM, BATCH = 25, 0.9, 32
EARLY = 40  # updates, among which a jump of the loss is looked for
TENFOLD = 1.0  # a jump of log10 of the loss, from one update to the next
LATE = 0.1  # of all updates, the last
HALF = 0.5  # of the first loss: a late loss above it is poor


def quartic(input: Any, target: Any) -> Any:
    """The mean of the fourth power of the error: of large ones it makes enormous ones."""
    square = (input - target) ** 2
    return (square * square).mean()


LOSSES = {
    "squared": F.mse_loss,
    "absolute": F.l1_loss,
    "Huber": F.huber_loss,
    "quartic": quartic,
}
ACTIVATIONS = {"ReLU": nn.ReLU, "tanh": nn.Tanh}


class Setting(NamedTuple):
    """How a network learns."""

    rate: float = 0.01
    loss: str = "squared"
    hidden: str = "ReLU"  # the activation of the hidden layer; "" for none, a linear network
    clip_norm: float | None = None
    clip_value: float | None = None
    rescale_norm: float | None = None
    by_tensor: bool = False  # norms are those of each weight and bias, not of all together


class Course(NamedTuple):
    """By update: the loss of its batch, NaN from the first that is not finite on, and the norm."""

    losses: np.ndarray
    norms: np.ndarray  # of the gradient, before it was clipped
    outputs: np.ndarray  # of the network in the end, for all rows of the data


class Signals(NamedTuple):
    """What the tutorial says an exploding gradient is known by; of each network."""

    poor: np.ndarray  # the loss hardly falls: late it is more than half of the first
    jump: np.ndarray  # early on it changes tenfold from one update to the next
    nan: np.ndarray  # it is NaN, or infinite, in the end


def learn(
    setting: Setting,
    data: tuple[np.ndarray, np.ndarray],
    learned: np.ndarray,
    epochs: int,
    draw: np.random.Generator,
) -> Course:
    """Learn the rows ``learned`` of inputs (N, d) and targets (N, 1); stop at a loss of NaN."""
    inputs, targets = (tensor(array.astype(np.float32)) for array in data)
    model, loss_of = network(inputs.shape[1], setting.hidden, draw), LOSSES[setting.loss]
    optimizers = [_sgd(setting, part) for part in _parts(model, setting.by_tensor)]
    updates = epochs * -(-len(learned) // BATCH)
    losses, norms = np.full((2, updates), np.nan)
    with np.errstate(over="ignore", invalid="ignore"):  # what is looked for is that it overflows
        for update, rows in enumerate(_batches(learned, epochs, draw)):
            loss = loss_of(model(inputs[rows]), targets[rows])
            if not np.isfinite(loss.item()):
                break
            losses[update] = loss.item()
            model.zero_grad()
            loss.backward()
            for optimizer in optimizers:
                optimizer.step()
            norms[update] = np.hypot.reduce([o.clipping.norm for o in optimizers])
        with no_grad():
            return Course(losses, norms, model(inputs).numpy()[:, 0])


def network(inputs: int, hidden: str, draw: np.random.Generator) -> nn.Sequential:
    """One hidden layer, or none, from He's uniform start with biases of 0."""
    if hidden:
        first, last = (nn.Linear(i, o, generator=draw) for i, o in ((inputs, HIDDEN), (HIDDEN, 1)))
        model = nn.Sequential(first, ACTIVATIONS[hidden](), last)
    else:
        model = nn.Sequential(nn.Linear(inputs, 1, generator=draw))
    for module in model:
        if isinstance(module, nn.Linear) and module.bias is not None:
            init.kaiming_uniform_(module.weight, nonlinearity="relu", generator=draw)
            init.zeros_(module.bias)
    return model


def _parts(model: nn.Module, by_tensor: bool) -> list[list[nn.Parameter]]:
    parameters = list(model.parameters())
    return [[one] for one in parameters] if by_tensor else [parameters]


def _sgd(setting: Setting, parameters: list[nn.Parameter]) -> optim.SGD:
    return optim.SGD(
        parameters,
        lr=setting.rate,
        momentum=MOMENTUM,
        clip_norm=setting.clip_norm,
        clip_value=setting.clip_value,
        rescale_norm=setting.rescale_norm,
        on_nonfinite="ignore",  # as elsewhere; minigrad would stop, and name the parameters
    )


def _batches(learned: np.ndarray, epochs: int, draw: np.random.Generator) -> Sequence[np.ndarray]:
    orders = [draw.permutation(learned) for _ in range(epochs)]
    return [order[i : i + BATCH] for order in orders for i in range(0, len(order), BATCH)]


def signals(losses: np.ndarray) -> Signals:
    """Of losses (networks, updates)."""
    ends = np.isfinite(losses).sum(axis=1)
    late = [
        one[end - max(1, round(LATE * end)) : end] for one, end in zip(losses, ends, strict=True)
    ]
    early = np.diff(np.log10(losses[:, :EARLY]), axis=1)
    return Signals(
        poor=np.array([np.median(one) for one in late]) > HALF * losses[:, 0],
        jump=(np.abs(early) > TENFOLD).any(axis=1),
        nan=ends < losses.shape[1],
    )
