"""Gradient descent, and descents that measure each step by the earlier ones.

SGD with momentum; Adagrad, RMSprop, Adadelta.
"""

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

    keeps = {"momentum_buffer": "momentum"}

    momentum: float = 0.0
    dampening: float = 0.0
    weight_decay: float = 0.0
    nesterov: bool = False

    def update(self, bucket: Bucket) -> None:
        """``lr * v``, with ``v`` in ``momentum_buffer``."""
        g, scratch, group = bucket.gradient, bucket.scratch, bucket.group
        momentum, direction = group["momentum"], g
        if momentum:
            share = 1.0 - group["dampening"] if "momentum_buffer" in bucket.state else 1.0
            direction = accumulate(bucket.kept("momentum_buffer"), momentum, g, share, scratch)
            if group["nesterov"]:
                direction = accumulate(g, 1.0, direction, momentum, scratch)
        np.multiply(direction, group["lr"], g)


class Adagrad(Optimizer):
    """``p -= lr / (1 + (step - 1) * lr_decay) * gradient / (sqrt(sum) + eps)``.

    ``sum`` is that of all squared gradients (Duchi, Hazan & Singer 2011, fig. 1), so the steps
    get smaller and smaller.

    Args:
        params: the parameters, or groups of them.
        lr: the learning rate, as every number here not negative.
        lr_decay: by how much the learning rate falls.
        weight_decay: this share of the parameter is added to its gradient.
        initial_accumulator_value: where ``sum`` starts.
        eps: keeps the denominator from 0.
        maximize: go up instead of down.

    >>> import minigrad
    >>> x = minigrad.tensor([1.0, 100.0], requires_grad=True)
    >>> optimizer = Adagrad([x], lr=0.5)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([ 0.5, 99.5], requires_grad=True)
    """

    keeps = {"step": "", "sum": ""}

    lr: float = 1e-2
    lr_decay: float = 0.0
    weight_decay: float = 0.0
    initial_accumulator_value: float = 0.0
    eps: float = 1e-10

    def update(self, bucket: Bucket) -> None:
        """``lr / (1 + (step - 1) * lr_decay) * g / (sqrt(sum) + eps)``."""
        g, group = bucket.gradient, bucket.group
        lr = group["lr"] / (1.0 + (bucket.counted() - 1) * group["lr_decay"])
        total = bucket.kept("sum", group["initial_accumulator_value"])
        np.add(total, np.multiply(g, g, bucket.scratch), total)
        np.multiply(bucket.ratio(g, total, group["eps"]), lr, g)


class RMSprop(Optimizer):
    """``p -= lr * gradient / (sqrt(square_avg) + eps)``.

    ``square_avg`` is a running average of squared gradients (Hinton 2012, Coursera lecture 6e);
    with ``centered`` that of the gradients is squared and subtracted, which leaves their variance
    (Graves 2013, eq. 38 to 41). With ``momentum`` these steps add up as in `SGD`.

    Args:
        params: the parameters, or groups of them.
        lr: the learning rate, as every number here not negative.
        alpha: what of the averages stays, up to 1.
        eps: keeps the denominator from 0.
        weight_decay: this share of the parameter is added to its gradient.
        momentum: how much of the earlier direction stays.
        centered: measure by the variance.
        maximize: go up instead of down.

    >>> import minigrad
    >>> x = minigrad.tensor([1.0, 100.0], requires_grad=True)
    >>> optimizer = RMSprop([x], lr=0.05)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([ 0.5, 99.5], requires_grad=True)
    """

    keeps = {"step": "", "square_avg": "", "momentum_buffer": "momentum", "grad_avg": "centered"}

    lr: float = 1e-2
    alpha: float = 0.99
    eps: float = 1e-8
    weight_decay: float = 0.0
    momentum: float = 0.0
    centered: bool = False

    def update(self, bucket: Bucket) -> None:
        """``lr * g / (sqrt(square_avg) + eps)``, or ``lr`` times their running sum."""
        g, scratch, group = bucket.gradient, bucket.scratch, bucket.group
        bucket.counted()
        square = bucket.average("square_avg", group["alpha"], square=True)
        if group["centered"]:
            mean = bucket.average("grad_avg", group["alpha"])
            np.subtract(square, np.multiply(mean, mean, scratch), scratch)
            square = np.maximum(scratch, 0.0, out=scratch)  # rounding may leave a 0 below it
        direction = bucket.ratio(g, square, group["eps"])
        if group["momentum"]:
            velocity = bucket.kept("momentum_buffer")
            direction = accumulate(velocity, group["momentum"], g, 1.0, scratch)
        np.multiply(direction, group["lr"], g)


class Adadelta(Optimizer):
    """``p -= lr * delta``, ``delta = sqrt(acc_delta + eps) / sqrt(square_avg + eps) * gradient``.

    Running averages of squared gradients and of squared deltas give the step the unit of the
    parameter, so a learning rate of 1 will often do (Zeiler 2012, algorithm 1).

    Args:
        params: the parameters, or groups of them.
        lr: the learning rate, as every number here not negative.
        rho: what of the averages stays, up to 1.
        eps: keeps the denominator from 0, and the first steps too.
        weight_decay: this share of the parameter is added to its gradient.
        maximize: go up instead of down.

    >>> import minigrad
    >>> x = minigrad.tensor([1.0], requires_grad=True)
    >>> optimizer = Adadelta([x], eps=0.1)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([0.1056], requires_grad=True)
    """

    keeps = {"step": "", "square_avg": "", "acc_delta": ""}

    lr: float = 1.0
    rho: float = 0.9
    eps: float = 1e-6
    weight_decay: float = 0.0

    def update(self, bucket: Bucket) -> None:
        """``lr * sqrt(acc_delta + eps) / sqrt(square_avg + eps) * g``."""
        g, scratch, group = bucket.gradient, bucket.scratch, bucket.group
        rho, eps = group["rho"], group["eps"]
        bucket.counted()
        square_avg = bucket.average("square_avg", rho, square=True)
        for average, combine in (square_avg, np.divide), (bucket.kept("acc_delta"), np.multiply):
            combine(g, np.sqrt(np.add(average, eps, scratch), scratch), g)
        bucket.average("acc_delta", rho, square=True)
        np.multiply(g, group["lr"], g)
