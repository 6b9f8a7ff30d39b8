"""A compiled step gives the bits of the plain one: layers, losses, optimizers and schedules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minigrad import Generator, nn, optim
from minigrad.nn import functional as F
from minigrad.optim import lr_scheduler as schedules

from .twins import agree, batch, training

# --- layers -------------------------------------------------------------------------------------


def stack(*layers: Any) -> Any:
    """A network that ends in something to train, whatever the layer has."""
    return nn.Sequential(*layers)


ACTIVATIONS = {
    name: getattr(nn, name)
    for name in "Sigmoid LogSigmoid Tanh ReLU LeakyReLU PReLU ELU SELU GELU SiLU Softplus".split()
}
ACTIVATIONS |= {
    "GELU tanh": lambda: nn.GELU("tanh"),
    "PReLU each": lambda: nn.PReLU(4),
    "Softmax": lambda: nn.Softmax(1),
    "LogSoftmax": lambda: nn.LogSoftmax(-1),
    "Identity": nn.Identity,
    "Dropout": nn.Dropout,
    "Dropout all": lambda: nn.Dropout(1.0),
    "Dropout own": lambda: nn.Dropout(0.3, generator=Generator(3)),
    "LayerNorm": lambda: nn.LayerNorm(4),
    "LayerNorm plain": lambda: nn.LayerNorm(4, elementwise_affine=False),
    "BatchNorm1d": lambda: nn.BatchNorm1d(4),
    "BatchNorm1d plain": lambda: nn.BatchNorm1d(4, affine=False, track_running_stats=False),
    "Residual": lambda: nn.Residual(nn.Linear(4, 4)),
    "Residual projected": lambda: nn.Residual(nn.Linear(4, 2), nn.Linear(4, 2)),
    "ResidualBlock": lambda: nn.ResidualBlock(4, 6),
    "ResidualBlock plain": lambda: nn.ResidualBlock(4, norm=False, zero_init_last=True),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_layer_of_features(name: str) -> None:
    agree(
        training(lambda: stack(nn.Linear(3, 4), ACTIVATIONS[name]())), lambda i: (batch(i, 5, 3),)
    )


IMAGES = {
    "plain": lambda: [nn.Conv2d(2, 4, 3)],
    "strided": lambda: [nn.Conv2d(2, 4, 3, stride=2, padding=1, groups=2, bias=False)],
    "dilated": lambda: [nn.Conv2d(2, 4, 2, dilation=2)],
    "max": lambda: [nn.Conv2d(2, 4, 2), nn.MaxPool2d(2, stride=1)],
    "average": lambda: [nn.Conv2d(2, 4, 2), nn.AvgPool2d(2)],
    "norm": lambda: [nn.Conv2d(2, 4, 2), nn.BatchNorm2d(4), nn.ReLU()],
    "flat": lambda: [nn.Conv2d(2, 4, 4), nn.Flatten(), nn.Linear(36, 2)],
}


@pytest.mark.parametrize("name", IMAGES)
def test_a_layer_of_images(name: str) -> None:
    agree(training(lambda: stack(*IMAGES[name]())), lambda i: (batch(i, 3, 2, 6, 6),))


SEQUENCES = {
    f"{kind} {label}": lambda kind=kind, options=options: getattr(nn, kind)(3, 4, **options)
    for kind in ("RNN", "LSTM", "GRU")
    for label, options in {
        "plain": {},
        "deep": {"num_layers": 2, "bidirectional": True, "dropout": 0.4},
        "first": {"batch_first": True, "bias": False},
    }.items()
}
SEQUENCES["RNN relu"] = lambda: nn.RNN(3, 4, nonlinearity="relu")


@pytest.mark.parametrize("name", SEQUENCES)
def test_a_layer_of_sequences(name: str) -> None:
    agree(training(SEQUENCES[name]), lambda i: (batch(i, 5, 2, 3),))


@pytest.mark.parametrize("kind", [nn.RNNCell, nn.LSTMCell, nn.GRUCell])
def test_a_cell(kind: Any) -> None:
    agree(training(lambda: kind(3, 4)), lambda i: (batch(i, 2, 3),))


def test_an_embedding_of_other_indices_each_time() -> None:
    draw = np.random.default_rng(0)
    indices = [draw.integers(0, 6, (2, 3)) for _ in range(8)]
    agree(training(lambda: nn.Embedding(6, 4)), lambda i: (indices[i],))


def test_batch_norm_that_trains_and_is_evaluated_in_one_step() -> None:
    def make() -> Any:
        norm = nn.BatchNorm1d(3)

        def step(x: Any) -> Any:
            norm.train()
            trained = norm(x)
            norm.eval()
            return trained.detach(), norm(x).detach(), norm.running_var * 2.0

        return step, norm

    same = batch(0, 4, 3)
    agree(make, lambda i: (same if i < 2 else batch(i, 4, 3),))


# --- losses -------------------------------------------------------------------------------------


def classes(i: int, ignored: int = -100) -> np.ndarray:
    """Class indices, of which other numbers are ignored in later calls, but not in the first."""
    index = np.random.default_rng(i).integers(0, 3, 6)
    index[: i % 4 if i > 1 else 1] = ignored
    return index


WEIGHT = np.array([0.5, 2.0, 1.0], np.float32)
CLASSES = {
    "plain": {},
    "weights": {"weight": WEIGHT},
    "ignored": {"ignore_index": 1},
    "smooth": {"label_smoothing": 0.2, "weight": WEIGHT},
    "sum": {"reduction": "sum"},
}


@pytest.mark.parametrize("name", CLASSES)
def test_losses_of_class_indices(name: str) -> None:
    options: Any = CLASSES[name]
    ignored = options.get("ignore_index", -100)

    def data(i: int) -> Any:
        return batch(i, 6, 2), classes(i, ignored)

    loss = nn.CrossEntropyLoss(**options)
    agree(training(lambda: nn.Linear(2, 3), loss=loss), data)
    if "label_smoothing" not in options:
        negative = nn.NLLLoss(**options)
        agree(training(lambda: stack(nn.Linear(2, 3), nn.LogSoftmax(1)), loss=negative), data)


def test_cross_entropy_of_probabilities_and_of_pixels() -> None:
    soft = [F.softmax(batch(i, 6, 3), 1) for i in range(8)]
    loss = nn.CrossEntropyLoss(WEIGHT, label_smoothing=0.1)
    agree(training(lambda: nn.Linear(2, 3), loss=loss), lambda i: (batch(i, 6, 2), soft[i]))
    pixels = [np.random.default_rng(i).integers(0, 3, (2, 4, 4)) for i in range(8)]
    loss = nn.CrossEntropyLoss()
    agree(
        training(lambda: nn.Conv2d(1, 3, 1), loss=loss), lambda i: (batch(i, 2, 1, 4, 4), pixels[i])
    )


WEIGHTED = nn.BCELoss(weight=WEIGHT)


def mean_of_all(kind: Any) -> Any:
    loss = kind(reduction="none")
    return lambda z, y: loss(z, y).mean()


LOSSES = {
    "mse": nn.MSELoss(),
    "mse sum": nn.MSELoss(reduction="sum"),
    "mse none": mean_of_all(nn.MSELoss),
    "l1": nn.L1Loss(),
    "l1 none": mean_of_all(nn.L1Loss),
    "huber": nn.HuberLoss(delta=0.5),
    "smooth": nn.SmoothL1Loss(beta=0.7),
    "smooth 0": nn.SmoothL1Loss(beta=0.0),
    "logits": nn.BCEWithLogitsLoss(pos_weight=np.float32(2.0)),
    "logits sum": nn.BCEWithLogitsLoss(weight=WEIGHT, reduction="sum"),
    "bce": lambda z, y: nn.BCELoss()(F.sigmoid(z), y),
    "bce weight": lambda z, y: WEIGHTED(F.sigmoid(z), y),
}


@pytest.mark.parametrize("name", LOSSES)
def test_losses_of_differences_and_of_probabilities(name: str) -> None:
    def data(i: int) -> Any:
        target = batch(i + 50, 5, 3)
        return batch(i, 5, 2), target if name[0] in "msh" else (target > 0).astype(np.float32)

    agree(training(lambda: nn.Linear(2, 3), loss=LOSSES[name]), data)


# --- optimizers and schedules -------------------------------------------------------------------

OPTIMIZERS = {
    "SGD": (optim.SGD, {}),
    "momentum": (optim.SGD, {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    "dampening": (optim.SGD, {"momentum": 0.9, "dampening": 0.5, "maximize": True}),
    "Adagrad": (optim.Adagrad, {"lr_decay": 0.1}),
    "RMSprop": (optim.RMSprop, {"centered": True, "momentum": 0.5}),
    "Adadelta": (optim.Adadelta, {"weight_decay": 0.01}),
    "Adam": (optim.Adam, {}),
    "amsgrad": (optim.Adam, {"amsgrad": True, "weight_decay": 0.1}),
    "AdamW": (optim.AdamW, {"clip_norm": 0.2}),
    "NAdam": (optim.NAdam, {"rescale_norm": 0.5}),
    "clip value": (optim.SGD, {"clip_value": 0.05, "clip_norm": 0.1}),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(name: str) -> None:
    kind, options = OPTIMIZERS[name]
    net = lambda: stack(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))  # noqa: E731
    agree(training(net, kind, **options), lambda i: (batch(i, 5, 3),))


SCHEDULES = {
    "Lambda": lambda o: schedules.LambdaLR(o, lambda epoch: 1.0 / (1.0 + epoch)),
    "Step": lambda o: schedules.StepLR(o, 2),
    "MultiStep": lambda o: schedules.MultiStepLR(o, [3, 5]),
    "Exponential": lambda o: schedules.ExponentialLR(o, 0.8),
    "Linear": lambda o: schedules.LinearLR(o),
    "Cosine": lambda o: schedules.CosineAnnealingLR(o, 6),
    "OneCycle": lambda o: schedules.OneCycleLR(o, 0.2, 10),
    "Plateau": lambda o: schedules.ReduceLROnPlateau(o, patience=1),
    "Sequential": lambda o: schedules.SequentialLR(
        o, [schedules.LinearLR(o), schedules.ExponentialLR(o, 0.5)], [4]
    ),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_stepped_inside_the_step(name: str) -> None:
    def make() -> Any:
        net = nn.Linear(3, 2)
        descent = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
        schedule: Any = SCHEDULES[name](descent)

        def step(x: Any) -> Any:
            loss = (net(x) ** 2).mean()
            descent.zero_grad()
            loss.backward()
            descent.step()
            schedule.step(*[loss] * (name == "Plateau"))
            return loss

        return step, [net, descent, schedule]

    agree(make, lambda i: (batch(i, 5, 3),))


CLIPPED = {
    "generator": lambda net: nn.utils.clip_grad_norm_(net.parameters(), 0.1),
    "list": lambda net: nn.utils.clip_grad_norm_([*net.parameters()], 0.1, norm_type=np.inf),
    "value": lambda net: nn.utils.clip_grad_value_(net.parameters(), 0.02),
    "one": lambda net: nn.utils.clip_grad_value_(net.weight, clip_value=0.02),
    "norm": lambda net: nn.utils.get_total_norm([p.grad for p in net.parameters()]),
}


@pytest.mark.parametrize("name", CLIPPED)
@pytest.mark.parametrize("accumulate", [False, True])
def test_clipping_by_hand_with_gradients_fresh_or_accumulated(name: str, accumulate: bool) -> None:
    def make() -> Any:
        net = nn.Linear(3, 2)
        descent = optim.SGD(net.parameters(), lr=0.1)

        def step(x: Any) -> Any:
            (net(x) ** 2).mean().backward()
            (net(x) ** 3).mean().backward()
            norm = CLIPPED[name](net)
            descent.step()
            if not accumulate:
                descent.zero_grad()
            return norm

        return step, [net, descent]

    def clear(state: Any) -> None:
        state[1].zero_grad()

    agree(make, lambda i: (batch(i, 5, 3),), changes={5: clear} if accumulate else {})
