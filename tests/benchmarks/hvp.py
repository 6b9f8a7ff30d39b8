"""A Hessian-vector product of a 10-32-32-1 tanh network: batch 64, float64."""

from __future__ import annotations

from typing import Any

import numpy as np

from .dense import layers, mse, tanh_net
from .peers import Step
from .workload import Script, Workload


def workload(batch: int = 64) -> Workload:
    draw = np.random.default_rng(0)
    x, y = draw.standard_normal((batch, 10)), draw.standard_normal((batch, 1))
    arrays = layers(draw, (10, 32, 32, 1), dtype=np.float64)
    direction = [draw.standard_normal(a.shape) for a in arrays]

    def loss(xp: Any, parameters: Any) -> Any:
        return mse(xp, tanh_net(xp, x, parameters), y)

    def script(library: Any, nn: Any, optim: Any) -> Script:
        return in_pytorch(library) if library.__name__ == "torch" else in_minigrad(library)

    def in_minigrad(minigrad: Any) -> Script:
        f, at, along = (lambda *parameters: loss(np, parameters)), tuple(arrays), tuple(direction)
        return lambda: sum(map(np.vdot, minigrad.func.hvp(f, at, along), direction))

    def in_pytorch(torch: Any) -> Script:
        parameters = [torch.tensor(a, requires_grad=True) for a in arrays]
        inputs, targets, along = (
            torch.tensor(x),
            torch.tensor(y),
            list(map(torch.tensor, direction)),
        )

        def step() -> Any:
            h = inputs
            for i in range(0, 6, 2):
                h = torch.nn.functional.linear(h, parameters[i], parameters[i + 1])
                h = torch.tanh(h) if i < 4 else h
            value = torch.nn.functional.mse_loss(h, targets)
            slopes = torch.autograd.grad(value, parameters, create_graph=True)
            product = torch.autograd.grad(slopes, parameters, along)
            return sum((p * v).sum() for p, v in zip(product, along, strict=True))

        return step

    def in_jax() -> Step:
        import jax

        jax.config.update("jax_enable_x64", True)

        @jax.jit
        def product(at: Any, along: Any) -> Any:
            return jax.jvp(jax.grad(lambda p: loss(jax.numpy, p)), (at,), (along,))[1]

        at, along = list(map(jax.numpy.asarray, arrays)), list(map(jax.numpy.asarray, direction))
        return lambda: curvature(product(at, along), direction)

    def in_autograd() -> Step:
        import autograd.numpy as anp
        from autograd import grad

        slopes = grad(lambda p: loss(anp, p))

        def slope_along(p: Any) -> Any:
            return sum(anp.sum(g * v) for g, v in zip(slopes(p), direction, strict=True))

        product = grad(slope_along)
        return lambda: curvature(product(arrays), direction)

    return Workload(script, None, others={"jax": in_jax, "autograd": in_autograd})


def curvature(product: Any, direction: list[np.ndarray]) -> float:
    """v H v, as the number to compare."""
    return sum(float(np.vdot(p, v)) for p, v in zip(product, direction, strict=True))
