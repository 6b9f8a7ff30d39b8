"""detect_anomaly: line 9 of the contract."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, tensor


@pytest.fixture(autouse=True)
def quiet() -> object:
    with np.errstate(all="ignore"):
        yield


def test_forward_names_op_shape_dtype_counts_range_and_line() -> None:
    x = tensor([0.0, 1.0, -1.0], requires_grad=True)
    with mg.detect_anomaly(), pytest.raises(mg.AnomalyError) as caught:
        np.log(x)
    message = str(caught.value)
    for part in (
        "log gave 1 NaN and 1 Inf among 3 values",
        "shape (3,) float32",
        "from -1 to 1",
        "test_anomaly.py:",
    ):
        assert part in message


def test_forward_covers_untracked_tensors_and_any_function() -> None:
    with mg.detect_anomaly():
        with pytest.raises(mg.AnomalyError, match="reciprocal"):
            np.reciprocal(tensor([0.0]))
        with pytest.raises(mg.AnomalyError, match=r"np\.fft\.fft"):
            np.fft.fft(tensor([np.inf, 1.0]))


def test_backward_names_the_op_of_the_forward_line() -> None:
    x = tensor([0.0, 4.0], requires_grad=True)
    y = np.sqrt(x)
    with mg.detect_anomaly(), pytest.raises(mg.AnomalyError) as caught:
        y.sum().backward()
    message = str(caught.value)
    assert "the derivative of <sqrt> gave 0 NaN and 1 Inf" in message
    assert "test_anomaly.py:" in message
    assert "np.where" not in message
    assert x.grad is None


def test_backward_is_recorded_passes_too() -> None:
    x = tensor([0.0, 4.0], requires_grad=True)
    with mg.detect_anomaly(), pytest.raises(mg.AnomalyError, match="<sqrt>"):
        np.sqrt(x).sum().backward(create_graph=True)


def test_the_module_path_is_named_forward_and_backward() -> None:
    class Root(nn.Module):
        def forward(self, x: object) -> object:
            return np.sqrt(x)

    class Net(nn.Module):
        def __init__(self) -> None:
            self.first = nn.Sequential(nn.Tanh(), Root())

        def forward(self, x: object) -> object:
            return self.first(x)

    net = Net()
    with mg.detect_anomaly():
        with pytest.raises(mg.AnomalyError, match=r"in Net\.first\.1"):
            net(tensor([-1.0], requires_grad=True))
        y = net(tensor([0.0], requires_grad=True))
        with pytest.raises(mg.AnomalyError, match=r"<sqrt>.*in Net\.first\.1"):
            y.backward()


def test_finite_values_and_integers_pass() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    with mg.detect_anomaly():
        y = (np.log(x) * np.argmax(x) + np.where(x > 1.0, x, 0.0)).sum()
        y.backward()
    np.testing.assert_allclose(x.grad, [1.0, 1.5])
