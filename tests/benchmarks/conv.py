"""Three 3x3 convolutions of 16 channels with batch norm, on 8x8 digits; SGD with momentum."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .by_hand import BatchNorm, FlatParameters, Momentum, relu_in_place, softmax_in_place
from .peers import Step
from .workload import Script, Workload, copied

SIDE, CHANNELS, CLASSES = 8, (1, 16, 16, 16), 10
PIXELS = SIDE * SIDE
LEARN_RATE, MOMENTUM = 0.05, 0.9


def workload(batch: int = 128) -> Workload:
    draw = np.random.default_rng(0)
    x = draw.random((batch, 1, SIDE, SIDE), np.float32)
    labels = draw.integers(0, CLASSES, batch)
    arrays = []
    for c, m in pairwise(CHANNELS):
        arrays.append((draw.standard_normal((m, c, 3, 3)) * (2 / (9 * c)) ** 0.5).astype("f"))
        arrays += [np.ones(m, np.float32), np.zeros(m, np.float32)]
    features = CHANNELS[-1] * PIXELS
    arrays.append((draw.standard_normal((CLASSES, features)) / features**0.5).astype("f"))
    arrays.append(np.zeros(CLASSES, np.float32))

    def script(torch: Any, nn: Any, optim: Any) -> Script:
        layers = []
        for c, m in pairwise(CHANNELS):
            layers += [nn.Conv2d(c, m, 3, padding=1, bias=False), nn.BatchNorm2d(m), nn.ReLU()]
        net = nn.Sequential(*layers, nn.Flatten(), nn.Linear(features, CLASSES))
        copied(torch, net.parameters(), arrays)
        inputs, targets = torch.tensor(x), torch.tensor(labels)
        optimizer = optim.SGD(net.parameters(), lr=LEARN_RATE, momentum=MOMENTUM)
        criterion = nn.CrossEntropyLoss()

        def step() -> Any:
            optimizer.zero_grad()
            loss = criterion(net(inputs), targets)
            loss.backward()
            optimizer.step()
            return loss

        return step

    return Workload(script, lambda: by_hand(x, labels, arrays), arrays)


class Convolution:
    """3x3, padded by 1, on images laid out (channels, height, width, batch), in place."""

    def __init__(self, weight: np.ndarray, gradient: np.ndarray, n: int) -> None:
        m, c = weight.shape[:2]
        self.weight, self.gradient = weight.reshape(m, -1), gradient.reshape(m, -1)
        self.turned = weight[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
        self.windows, self.columns, self.image = self.buffers(c, n)
        self.back_windows, self.back_columns, self.back_image = self.buffers(m, n)
        self.out = np.empty((m, PIXELS * n), np.float32)
        self.back = np.empty((c, PIXELS * n), np.float32)

    @staticmethod
    def buffers(c: int, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """All windows of a padded image, the place where they are copied to, and the image."""
        padded = np.zeros((c, SIDE + 2, SIDE + 2, n), np.float32)
        windows = sliding_window_view(padded, (3, 3), (1, 2)).transpose(0, 4, 5, 1, 2, 3)
        return windows, np.empty(windows.shape, np.float32), padded[:, 1:-1, 1:-1]

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.image[...] = x.reshape(self.image.shape)
        self.columns[...] = self.windows
        return np.matmul(self.weight, self.columns.reshape(-1, self.out.shape[1]), self.out)

    def weigh(self, d: np.ndarray) -> None:
        """The gradient of the weight."""
        np.matmul(d, self.columns.reshape(-1, d.shape[1]).T, self.gradient)

    def backward(self, d: np.ndarray) -> np.ndarray:
        """That of the image: a convolution with the turned weight."""
        self.back_image[...] = d.reshape(self.back_image.shape)
        self.back_columns[...] = self.back_windows
        turned = self.turned.reshape(len(self.back), -1)
        return np.matmul(turned, self.back_columns.reshape(-1, d.shape[1]), self.back)


def by_hand(x: np.ndarray, labels: np.ndarray, arrays: list[np.ndarray]) -> Step:
    n, zero = len(x), np.array(0.0, np.float32)
    flat = FlatParameters(arrays)
    descend = Momentum(flat, LEARN_RATE, MOMENTUM)
    w, b, gw, gb = *flat.parameters[-2:], *flat.gradients[-2:]
    images = np.ascontiguousarray(x.transpose(1, 2, 3, 0))
    layers = []
    for i in (0, 3, 6):
        convolution = Convolution(flat.parameters[i], flat.gradients[i], n)
        affine = *flat.parameters[i + 1 : i + 3], *flat.gradients[i + 1 : i + 3]
        layers.append((convolution, BatchNorm(*affine, n * PIXELS, transposed=True)))
    logits, share = np.empty((n, CLASSES), np.float32), np.array(1.0 / n, np.float32)
    d = np.empty((CHANNELS[-1], PIXELS * n), np.float32)
    on, ones, rows = np.empty(d.shape, bool), np.ones(n, np.float32), np.arange(n)

    def step() -> float:
        h = images
        for convolution, norm in layers:
            h = convolution.forward(h)
            norm.forward(h)
            relu_in_place(h)
        features = h.reshape(-1, n)
        np.matmul(features.T, w.T, logits)
        np.add(logits, b, logits)
        loss = softmax_in_place(logits, rows, labels)
        logits[rows, labels] -= 1.0
        np.multiply(logits, share, logits)
        np.matmul(logits.T, features.T, gw)
        np.matmul(ones, logits, gb)
        back = d
        np.matmul(w.T, logits.T, d.reshape(-1, n))
        for convolution, norm in reversed(layers):
            np.greater(convolution.out, zero, on)
            np.multiply(back, on, back)
            back = norm.backward(back)
            convolution.weigh(back)
            if convolution is not layers[0][0]:
                back = convolution.backward(back)
        descend()
        return loss

    return step
