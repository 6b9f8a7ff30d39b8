"""The tutorial's listings run with ``import minigrad as torch``, and give what it prints."""

from __future__ import annotations

import sys
import types
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

# The tutorial's code cells, to the letter: https://en.wikipedia.org/wiki/Gradient_descent is its
# subject, PyTorch its tool. Only `import torch` is replaced.
CELLS = [
    """
# import libraries
import numpy as np
import minigrad as torch
import matplotlib.pyplot as plt
from IPython import display
display.set_matplotlib_formats('svg')
""",
    """
# defining function
def f(x):
  return (3 * x ** 2 - 3 * x + 4)
""",
    """
# plot the function and its derivative
x = torch.linspace(-2, 2, 2000).requires_grad_()
y = f(x).sum()
y.backward()
xgrd = x.grad

plt.plot(x.data.detach().numpy(), f(x).detach().numpy(),
         x.data.detach().numpy(), xgrd.detach().numpy())

plt.grid()
plt.xlabel('x')
plt.ylabel('y=f(x)')
plt.legend(['y', 'dy'])
plt.show()
""",
    """
# randomly generate the start and end points
edges = torch.randn(2)
print(f'start={edges.min()}, end={edges.max()}')

# randomly generate 100 points within the start and end
xt = ((edges.max() - edges.min()) * torch.rand(100) + \\
    edges.min()).requires_grad_()
xt.data.min()
""",
    """
# learning parameters
learn_rate = 0.01
train_epochs = 150

# run through training and store all the results
modelparams = np.zeros((train_epochs, 2))

# iteratively search for function's minimum
for i in range(train_epochs):
  yt = f(xt).sum()
  yt.backward()
  xt.data -= learn_rate * xt.grad.data
  modelparams[i, 0] = xt.data.min()
  modelparams[i, 1] = xt.grad.data.min()
  xt.grad = None
""",
    """
# plot the results

x = torch.linspace(-2, 2, 2000).requires_grad_()
y = f(x).sum()
y.backward()
xgrd = x.grad

plt.plot(x.data.detach().numpy(), f(x).detach().numpy(),
         x.data.detach().numpy(), xgrd.detach().numpy())

plt.grid()
plt.xlabel('x')
plt.ylabel('y=f(x)')
plt.legend(['y', 'dy'])
plt.scatter(modelparams[train_epochs-1, 0],
            f(modelparams[train_epochs-1, 0]), color='red')
plt.scatter(modelparams[train_epochs-1, 0],
            modelparams[train_epochs-1, 1], color='brown')
plt.legend(['f(x)', 'df', 'f(x) min', 'df at min'])
plt.show()
""",
    """
# plot the gradient over iterations
fig, ax = plt.subplots(1, 2, figsize=(12, 4))

for i in range(2):
  ax[i].plot(modelparams[:, i], 'o-')
  ax[i].set_xlabel('Iteration')
  ax[i].set_title(f'Final estimated minimum: {modelparams[train_epochs-1, 0]:.5f}')

ax[0].set_ylabel('Local minimum')
ax[1].set_ylabel('Derivative')
plt.show()
""",
    """
# define derivative function of f(x)
def derivf(x):
  return 6 * x -3
""",
    """
# random starting point
x = np.linspace(-2, 2, 2000)
localmin = np.random.choice(a=x, size=1)
print(localmin)

# learning parameters
learning_rate = 0.01
training_epochs = 175

# run through training and store all the results
modelparams = np.zeros((training_epochs, 2))
for i in range(training_epochs):
  grad = derivf(localmin)
  localmin = localmin - learning_rate * grad
  modelparams[i, :] = localmin, grad
""",
]


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A namespace with a stand-in for the notebook's display, and no window."""
    display = types.SimpleNamespace(set_matplotlib_formats=lambda name: None)
    ipython = types.SimpleNamespace(
        display=display,
        get_ipython=lambda: None,
        version_info=(9, 0),  # which matplotlib asks for
    )
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    with mpl.rc_context():
        mpl.use("Agg")
        yield {}
        __import__("matplotlib.pyplot").pyplot.close("all")


def test_every_listing_runs(notebook: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    for cell in CELLS[:-1]:
        exec(compile(cell, "tutorial", "exec"), notebook)
    with pytest.raises(ValueError, match="setting an array element with a sequence"):
        exec(compile(CELLS[-1], "tutorial", "exec"), notebook)  # NumPy 2 refuses its last line
    mended = CELLS[-1].replace("localmin, grad\n", "localmin.item(), grad.item()\n")
    exec(compile(mended, "tutorial", "exec"), notebook)
    assert abs(notebook["localmin"].item() - 0.5) <= 2.5 * 0.94**175
    assert capsys.readouterr().out.startswith("start=")


def test_the_descent_ends_where_it_is_predicted(notebook: dict[str, Any]) -> None:
    for cell in CELLS[:5]:
        exec(compile(cell, "tutorial", "exec"), notebook)
    found = notebook["modelparams"]
    assert found.shape == (150, 2)
    assert abs(found[-1, 0] - 0.5) < 3.0 * 0.94**150
    ratio = (found[1:40, 0] - 0.5) / (found[:39, 0] - 0.5)
    np.testing.assert_allclose(ratio, 0.94, rtol=1e-4)


def test_the_printed_run_ends_at_its_printed_minimum(notebook: dict[str, Any]) -> None:
    """From the printed interval [0.0217, 0.2008] the tutorial's figure says 0.49996."""
    for cell in CELLS[:4]:
        exec(compile(cell, "tutorial", "exec"), notebook)
    torch = notebook["torch"]
    notebook["xt"] = torch.linspace(0.0295, 0.20076826, 100).requires_grad_()
    exec(compile(CELLS[4], "tutorial", "exec"), notebook)
    assert f"{notebook['modelparams'][-1, 0]:.5f}" == "0.49996"
