"""The losses, each of an input and a target.

``reduction`` is ``"mean"``, ``"sum"`` or ``"none"``; weights are buffers.
"""

from . import functional as F
from .layer import Layer


class MSELoss(Layer, of=F.mse_loss):
    """The squared error of input and target of one shape, reduced.

    >>> import minigrad
    >>> MSELoss()(minigrad.tensor([1.0, 2.0]), minigrad.tensor([1.0, 4.0]))
    tensor(2.)
    """


class L1Loss(Layer, of=F.l1_loss):
    """The absolute error of input and target of one shape, reduced.

    >>> import minigrad
    >>> L1Loss()(minigrad.tensor([1.0, 2.0]), minigrad.tensor([1.0, 4.0]))
    tensor(1.)
    """


class SmoothL1Loss(Layer, of=F.smooth_l1_loss):
    """`HuberLoss` over its ``delta``, called ``beta`` (Girshick 2015, eq. 3); 1 by default.

    >>> import minigrad
    >>> SmoothL1Loss()(minigrad.tensor([0.5, 2.0]), minigrad.zeros(2))
    tensor(0.8125)
    """


class HuberLoss(Layer, of=F.huber_loss):
    """Half the squared error up to ``delta``, 1 by default; linear further out (Huber 1964).

    >>> import minigrad
    >>> HuberLoss()(minigrad.tensor([0.5, 2.0]), minigrad.zeros(2))
    tensor(0.8125)
    """


class BCELoss(Layer, of=F.binary_cross_entropy):
    """``-target * log(p) - (1 - target) * log(1 - p)`` of probabilities, reduced.

    Logarithms are not below -100, as in PyTorch. ``weight`` broadcasts to the losses.

    >>> import minigrad
    >>> BCELoss()(minigrad.tensor([0.5]), minigrad.tensor([1.0]))
    tensor(0.6931)
    """


class BCEWithLogitsLoss(Layer, of=F.binary_cross_entropy_with_logits):
    """`BCELoss` of ``sigmoid(input)``, exact at any logits.

    ``weight`` multiplies all losses, ``pos_weight`` those of target 1; both broadcast to them.

    >>> import minigrad
    >>> BCEWithLogitsLoss()(minigrad.tensor([-1000.0]), minigrad.tensor([1.0]))
    tensor(1000.)
    """


class CrossEntropyLoss(Layer, of=F.cross_entropy):
    """``-log softmax(input)`` at the target class, exact at any logits; see `F.cross_entropy`.

    Logits ``(N, C)``, class indices ``(N,)`` or probabilities ``(N, C)``; ``(C,)`` and
    ``(N, C, d1, ...)`` likewise.

    >>> import minigrad
    >>> CrossEntropyLoss()(minigrad.zeros(1, 4), minigrad.tensor([2]))
    tensor(1.3863)
    """


class NLLLoss(Layer, of=F.nll_loss):
    """Minus the entry at the target class, of logarithms of probabilities; see `F.nll_loss`.

    >>> import minigrad
    >>> NLLLoss()(minigrad.tensor([[-0.5, -2.0]]), minigrad.tensor([1]))
    tensor(2.)
    """
