"""Stochastic gradient descent, with momentum."""

import numpy as np

from .bucket import Bucket, accumulate
from .optimizer import Optimizer


class SGD(Optimizer):
    """``p -= lr * v``, where ``v = momentum * v + (1 - dampening) * gradient``.

    ``v`` starts as the first gradient (Sutskever et al. 2013, eq. 1 and 2, in PyTorch's form,
    where the learning rate is outside ``v``). With ``nesterov`` the step is along
    ``gradient + momentum * v``. Options as in `Optimizer` control the gradient first.

    Args:
        params: the parameters, or groups of them.
        lr: the learning rate, as every number here not negative.
        momentum: how much of the earlier direction stays.
        dampening: how much of the gradient is left out of ``v``; 0 under ``nesterov``.
        weight_decay: this share of the parameter is added to its gradient.
        nesterov: look ahead; wants a momentum.
        maximize: go up instead of down.

    >>> import minigrad
    >>> x = minigrad.tensor([1.0], requires_grad=True)
    >>> optimizer = SGD([x], lr=0.1, clip_norm=1.0)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x, optimizer.clipping.norm, optimizer.clipping.engaged
    (tensor([0.9], requires_grad=True), 2.0, True)
    """

    state_names = {"momentum_buffer": "momentum"}

    lr: float = 1e-3
    momentum: float = 0.0
    dampening: float = 0.0
    weight_decay: float = 0.0
    nesterov: bool = False

    def update(self, bucket: Bucket) -> None:
        """``lr * v``, with ``v`` in ``momentum_buffer``."""
        g, scratch, group = bucket.gradient, bucket.scratch, bucket.group
        momentum, direction = group["momentum"], g
        if momentum:
            v = bucket.state.get("momentum_buffer")
            if v is None:
                v = bucket.state["momentum_buffer"] = g.copy()
            else:
                accumulate(v, momentum, g, 1.0 - group["dampening"], scratch)
            if group["nesterov"]:
                accumulate(g, 1.0, v, momentum, scratch)
            else:
                direction = v
        np.multiply(direction, group["lr"], g)
