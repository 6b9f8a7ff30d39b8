"""The losses, each of an input and a target."""

from . import functional as F
from .layer import Layer


class Loss(Layer):
    """A loss: ``reduction`` is ``"mean"``, ``"sum"`` or ``"none"``, its weights are buffers."""

    def extra_repr(self) -> str:
        return ""


class MSELoss(Loss, of=F.mse_loss):
    """The squared error of input and target of one shape, reduced.

    >>> import minigrad
    >>> MSELoss()(minigrad.tensor([1.0, 2.0]), minigrad.tensor([1.0, 4.0]))
    tensor(2.)
    """


class L1Loss(Loss, of=F.l1_loss):
    """The absolute error of input and target of one shape, reduced.

    >>> import minigrad
    >>> L1Loss()(minigrad.tensor([1.0, 2.0]), minigrad.tensor([1.0, 4.0]))
    tensor(1.)
    """


class SmoothL1Loss(Loss, of=F.smooth_l1_loss):
    """`HuberLoss` over its ``delta``, called ``beta`` (Girshick 2015, eq. 3); 1 by default.

    >>> import minigrad
    >>> SmoothL1Loss()(minigrad.tensor([0.5, 2.0]), minigrad.zeros(2))
    tensor(0.8125)
    """


class HuberLoss(Loss, of=F.huber_loss):
    """Half the squared error up to ``delta``, 1 by default; linear further out (Huber 1964).

    >>> import minigrad
    >>> HuberLoss()(minigrad.tensor([0.5, 2.0]), minigrad.zeros(2))
    tensor(0.8125)
    """


class BCELoss(Loss, of=F.binary_cross_entropy):
    """``-target * log(p) - (1 - target) * log(1 - p)`` of probabilities, reduced.

    Logarithms are not below -100, as in PyTorch. ``weight`` broadcasts to the losses.

    >>> import minigrad
    >>> BCELoss()(minigrad.tensor([0.5]), minigrad.tensor([1.0]))
    tensor(0.6931)
    """


class BCEWithLogitsLoss(Loss, of=F.binary_cross_entropy_with_logits):
    """`BCELoss` of ``sigmoid(input)``, exact at any logits.

    ``weight`` multiplies all losses, ``pos_weight`` those of target 1; both broadcast to them.

    >>> import minigrad
    >>> BCEWithLogitsLoss()(minigrad.tensor([-1000.0]), minigrad.tensor([1.0]))
    tensor(1000.)
    """


class CrossEntropyLoss(Loss, of=F.cross_entropy):
    """``-log softmax(input)`` at the target class, exact at any logits; see `F.cross_entropy`.

    Logits ``(N, C)``, class indices ``(N,)`` or probabilities ``(N, C)``; ``(C,)`` and
    ``(N, C, d1, ...)`` likewise.

    >>> import minigrad
    >>> CrossEntropyLoss()(minigrad.zeros(1, 4), minigrad.tensor([2]))
    tensor(1.3863)
    """


class NLLLoss(Loss, of=F.nll_loss):
    """Minus the entry at the target class, of logarithms of probabilities; see `F.nll_loss`.

    >>> import minigrad
    >>> NLLLoss()(minigrad.tensor([[-0.5, -2.0]]), minigrad.tensor([1]))
    tensor(2.)
    """
