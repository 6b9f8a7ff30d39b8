"""Steps by peers that differentiate a function written with NumPy's names: autograd, MyGrad, JAX.

A workload says its loss once, ``loss(xp, parameters)``, with ``xp`` standing for each peer's NumPy,
and which of the updates below follows. The same text serves all three.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Step = Callable[[], float]
Loss = Callable[[Any, Sequence[Any]], Any]  # (namespace, parameters) -> one number
Update = Callable[[Any, Any, Any, Any], tuple[Any, Any]]  # (xp, parameters, gradients, state)


def sgd(lr: float, momentum: float = 0.0, clip: float | None = None) -> Update:
    """Gradient descent, after a clip of the global norm as PyTorch has it."""

    def update(xp: Any, parameters: Any, gradients: Any, state: Any) -> tuple[Any, Any]:
        gradients = clipped(xp, gradients, clip)
        if momentum:
            state = [
                momentum * s + g
                for s, g in zip(state or [0.0] * len(gradients), gradients, strict=True)
            ]
            gradients = state
        return [p - lr * g for p, g in zip(parameters, gradients, strict=True)], state

    return update


def adam(lr: float, clip: float | None = None) -> Update:
    """Adam with PyTorch's defaults."""

    def update(xp: Any, parameters: Any, gradients: Any, state: Any) -> tuple[Any, Any]:
        gradients = clipped(xp, gradients, clip)
        step, first, second = state or (0.0, [0.0] * len(parameters), [0.0] * len(parameters))
        step = step + 1.0
        first = [0.9 * m + 0.1 * g for m, g in zip(first, gradients, strict=True)]
        second = [0.999 * v + 0.001 * g * g for v, g in zip(second, gradients, strict=True)]
        size, root = lr / (1.0 - 0.9**step), (1.0 - 0.999**step) ** 0.5
        moves = [size * m / (xp.sqrt(v) / root + 1e-8) for m, v in zip(first, second, strict=True)]
        return [p - move for p, move in zip(parameters, moves, strict=True)], (step, first, second)

    return update


def clipped(xp: Any, gradients: Any, most: float | None) -> Any:
    """The gradients, brought to a global norm of ``most`` at the most."""
    if most is None:
        return gradients
    norm = xp.sqrt(sum(xp.sum(g * g) for g in gradients))
    coefficient = xp.minimum(1.0, most / (norm + 1e-6))
    return [g * coefficient for g in gradients]


def autograd(loss: Loss, arrays: Sequence[np.ndarray], update: Update) -> Step:
    import autograd.numpy as anp
    from autograd import value_and_grad

    both = value_and_grad(lambda parameters: loss(anp, parameters))
    parameters, state = [a.copy() for a in arrays], None

    def step() -> float:
        nonlocal parameters, state
        value, gradients = both(parameters)
        parameters, state = update(np, parameters, gradients, state)
        parameters = [
            p.astype(a.dtype, copy=False) for p, a in zip(parameters, arrays, strict=True)
        ]
        return float(value)

    return step


def mygrad(loss: Loss, arrays: Sequence[np.ndarray], update: Update) -> Step:
    import mygrad as mg

    parameters, state = [mg.tensor(a) for a in arrays], None

    def step() -> float:
        nonlocal state
        value = loss(mg, parameters)
        value.backward()
        moved, state = update(np, [p.data for p in parameters], [p.grad for p in parameters], state)
        for parameter, array in zip(parameters, moved, strict=True):
            parameter.data[...] = array
            parameter.null_grad()
        return float(value.item())

    return step


def jax(loss: Loss, arrays: Sequence[np.ndarray], update: Update) -> Step:
    import jax.numpy as jnp
    from jax import config, jit, value_and_grad

    config.update("jax_enable_x64", arrays[0].dtype == np.float64)
    parameters, state = [jnp.asarray(a) for a in arrays], None

    @jit
    def both(parameters: Any, state: Any) -> Any:
        value, gradients = value_and_grad(lambda given: loss(jnp, given))(parameters)
        return value, update(jnp, parameters, gradients, state)

    def step() -> float:
        nonlocal parameters, state
        value, (parameters, state) = both(parameters, state)
        return float(value)

    return step
