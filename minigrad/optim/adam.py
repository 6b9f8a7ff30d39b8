"""Adam and what was made of it: AdamW, NAdam."""

import math
from dataclasses import KW_ONLY

import numpy as np

from .bucket import Bucket, accumulate
from .optimizer import Optimizer


class Moments(Optimizer):
    """What `Adam` and `NAdam` share: the options of averages of the gradient and of its square."""

    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0


class Adam(Moments):
    """``p -= lr * m / (sqrt(v) + eps)``, ``m`` and ``v`` corrected for their start at 0.

    ``m`` and ``v`` are running averages of the gradient and of its square (Kingma & Ba 2015,
    algorithm 1); ``amsgrad`` divides by the largest ``v`` so far (Reddi, Kale & Kumar 2018,
    algorithm 2).

    Args:
        params: the parameters, or groups of them.
        lr: the learning rate, as every number here not negative.
        betas: what of ``m`` and of ``v`` stays, below 1.
        eps: keeps the denominator from 0.
        weight_decay: this share of the parameter is added to its gradient.
        amsgrad: never divide by less than before.
        maximize: go up instead of down.
        decoupled_weight_decay: multiply the parameter by ``1 - lr * weight_decay`` instead.

    >>> import minigrad
    >>> x = minigrad.tensor([1.0, 100.0], requires_grad=True)
    >>> optimizer = Adam([x], lr=0.5)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([ 0.5, 99.5], requires_grad=True)
    """

    keeps = {"step": "", "exp_avg": "", "exp_avg_sq": "", "max_exp_avg_sq": "amsgrad"}

    amsgrad: bool = False
    _: KW_ONLY
    decoupled_weight_decay: bool = False

    def update(self, bucket: Bucket) -> None:
        """``lr / (1 - beta1**step) * m / (sqrt(v / (1 - beta2**step)) + eps)``."""
        group, step = bucket.group, bucket.counted()
        beta1, beta2 = group["betas"]
        m, v = bucket.average("exp_avg", beta1), bucket.average("exp_avg_sq", beta2, square=True)
        if group["amsgrad"]:
            top = bucket.kept("max_exp_avg_sq")
            v = np.maximum(top, v, out=top)
        root = math.sqrt(1.0 - beta2**step)  # over and under the bar: one pass less
        rate = root * group["lr"] / (1.0 - beta1**step)
        np.multiply(bucket.ratio(m, v, root * group["eps"]), rate, bucket.gradient)


class AdamW(Adam):
    """`Adam` with weights that decay by themselves, beside the gradient.

    Each step multiplies the parameter by ``1 - lr * weight_decay`` first (Loshchilov & Hutter
    2019, algorithm 2): `Adam` with other defaults.

    >>> import minigrad
    >>> x = minigrad.tensor([100.0], requires_grad=True)
    >>> optimizer = AdamW([x], lr=0.1, weight_decay=0.5)
    >>> x.sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([94.9], requires_grad=True)
    """

    weight_decay: float = 1e-2
    _: KW_ONLY
    decoupled_weight_decay: bool = True


class NAdam(Moments):
    """`Adam` that looks ahead: ``m`` is replaced by what it will be after the next gradient.

    ``mu = beta1 * (1 - 0.96 ** (step * momentum_decay) / 2)`` warms the momentum up (Dozat 2016,
    algorithm 2).

    Args:
        params: the parameters, or groups of them.
        lr: the learning rate, as every number here not negative.
        betas: what of ``m`` and of ``v`` stays, below 1.
        eps: keeps the denominator from 0.
        weight_decay: this share of the parameter is added to its gradient.
        momentum_decay: how fast the momentum warms up.
        decoupled_weight_decay: multiply the parameter by ``1 - lr * weight_decay`` instead.
        maximize: go up instead of down.

    >>> import minigrad
    >>> x = minigrad.tensor([1.0, 100.0], requires_grad=True)
    >>> optimizer = NAdam([x], lr=0.5)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([ 0.4718, 99.4718], requires_grad=True)
    """

    keeps = {"step": "", "mu_product": "", "exp_avg": "", "exp_avg_sq": ""}

    lr: float = 2e-3
    momentum_decay: float = 4e-3
    decoupled_weight_decay: bool = False

    def update(self, bucket: Bucket) -> None:
        """``lr`` times the gradient's share and the next momentum's, over ``sqrt(v) + eps``."""
        g, group, step = bucket.gradient, bucket.group, bucket.counted()
        (beta1, beta2), decay = group["betas"], group["momentum_decay"]
        mu, mu_next = (beta1 * (1.0 - 0.5 * 0.96 ** (t * decay)) for t in (step, step + 1))
        product = bucket.state["mu_product"] = bucket.state.get("mu_product", 1.0) * mu
        m, v = bucket.average("exp_avg", beta1), bucket.average("exp_avg_sq", beta2, square=True)
        share, share_next = (1.0 - mu) / (1.0 - product), mu_next / (1.0 - product * mu_next)
        root = math.sqrt(1.0 - beta2**step)
        rate = root * group["lr"]
        accumulate(g, rate * share, m, rate * share_next, bucket.scratch)
        bucket.ratio(g, v, root * group["eps"])
