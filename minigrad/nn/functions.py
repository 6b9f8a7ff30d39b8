"""The layers without weights: functions as modules, their options given when they are built.

They are activations, dropout, pooling, what keeps all numbers, and the losses.
"""

from inspect import Signature, signature
from typing import TYPE_CHECKING, Any, ClassVar

from ..errors import check_fields
from . import functional as F
from .kernels.conv import frame_of
from .module import Buffer, Module


class Layer(Module):
    """A function of an input, or of input and target, and its options, as a module.

    ``class LeakyReLU(Layer, of=leaky_relu)`` takes what ``leaky_relu`` takes after its input, in
    the same order with the same defaults, and keeps it in attributes; tensors become buffers.
    ``inplace=`` is accepted, but nothing is changed in place.
    """

    taken: ClassVar[list[str]]  # the names of the options
    __signature__: ClassVar[Signature]

    def __init_subclass__(cls, of: Any = None) -> None:
        if of is not None:
            given = signature(of).parameters.values()
            options = [p for p in given if p.name not in ("input", "target", "training")]
            cls.__signature__, cls.taken = Signature(options), [p.name for p in options]

            def forward(self: Any, *inputs: Any) -> Any:
                """What the function gives."""
                return of(*inputs, *map(vars(self).__getitem__, self.taken))

            if "forward" not in vars(cls):  # a method is assigned, to save each call a call
                cls.forward = forward if options else staticmethod(of)  # type: ignore[method-assign]

    def __init__(self, *args: Any, inplace: bool = False, **options: Any) -> None:
        try:
            given = self.__signature__.bind(*args, **options)
        except TypeError as error:
            name = type(self).__name__
            raise TypeError(f"{name} expects {self.__signature__}, but {error}") from None
        given.apply_defaults()
        for name, value in given.arguments.items():
            setattr(self, name, Buffer(value) if hasattr(value, "shape") else value)
        check_fields(self)

    if TYPE_CHECKING:  # the options

        def __getattr__(self, name: str) -> Any: ...


class Sigmoid(Layer, of=F.sigmoid):
    """``1 / (1 + exp(-x))``, between 0 and 1; its slope is at most 1/4, at 0.

    >>> import minigrad
    >>> Sigmoid()(minigrad.tensor([0.0]))
    tensor([0.5])
    """


class LogSigmoid(Layer, of=F.logsigmoid):
    """``log(sigmoid(x))``, below 0; finite where the sigmoid is 0.

    >>> import minigrad
    >>> LogSigmoid()(minigrad.tensor([-1000.0]))
    tensor([-1000.])
    """


class Tanh(Layer, of=F.tanh):
    """The hyperbolic tangent, between -1 and 1; its slope is at most 1, at 0.

    >>> import minigrad
    >>> Tanh()(minigrad.tensor([0.0]))
    tensor([0.])
    """


class ReLU(Layer, of=F.relu):
    """``x`` where positive, 0 elsewhere (Nair & Hinton 2010); its slope at 0 is 0.

    >>> import minigrad
    >>> ReLU()(minigrad.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """


class LeakyReLU(Layer, of=F.leaky_relu):
    """``x`` where positive, ``negative_slope * x`` elsewhere; the slope is 0.01 by default.

    It keeps a gradient alive where ReLU has none (Maas, Hannun & Ng 2013, eq. 2).

    >>> import minigrad
    >>> LeakyReLU(0.1)(minigrad.tensor([-1.0, 2.0]))
    tensor([-0.1,  2. ])
    """


class ELU(Layer, of=F.elu):
    """``x`` where positive, ``alpha * (exp(x) - 1)`` elsewhere; alpha is 1 by default.

    Its negative values bring the mean nearer to 0 (Clevert, Unterthiner & Hochreiter 2016, eq. 16).

    >>> import minigrad
    >>> ELU()(minigrad.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.    ])
    """


class SELU(Layer, of=F.selu):
    """`ELU` scaled so that mean 0 and variance 1 are kept (Klambauer et al. 2017, eq. 2).

    >>> import minigrad
    >>> SELU()(minigrad.tensor([-1.0, 2.0]))
    tensor([-1.1113,  2.1014])
    """


class GELU(Layer, of=F.gelu):
    """``x`` times the probability that a standard normal number is below (Hendrycks & Gimpel 2016).

    ``approximate="tanh"`` is their approximation of it; ``"none"`` is the default.

    >>> import minigrad
    >>> GELU()(minigrad.tensor([-1.0, 2.0]))
    tensor([-0.1587,  1.9545])
    """


class SiLU(Layer, of=F.silu):
    """``x * sigmoid(x)`` (Elfwing, Uchibe & Doya 2018, eq. 5).

    >>> import minigrad
    >>> SiLU()(minigrad.tensor([-1.0, 2.0]))
    tensor([-0.2689,  1.7616])
    """


class Softplus(Layer, of=F.softplus):
    """``log(1 + exp(beta * x)) / beta``: a smooth ReLU (Dugas et al. 2001, eq. 3).

    Where ``beta * x`` is above ``threshold`` it is ``x``. The defaults are 1 and 20.

    >>> import minigrad
    >>> Softplus()(minigrad.tensor([0.0, 100.0]))
    tensor([  0.6931, 100.    ])
    """


class Softmax(Layer, of=F.softmax):
    """``exp(x)`` over its sum along the axis ``dim``: positive, and 1 in sum.

    >>> import minigrad
    >>> Softmax(dim=1)(minigrad.zeros(1, 4))
    tensor([[0.25, 0.25, 0.25, 0.25]])
    """


class LogSoftmax(Layer, of=F.log_softmax):
    """The logarithm of `Softmax`, finite where that is 0.

    >>> import minigrad
    >>> LogSoftmax(dim=0)(minigrad.tensor([0.0, 1000.0]))
    tensor([-1000.,     0.])
    """


class Dropout(Layer, of=F.dropout):
    """In training, 0 with probability ``p`` and ``x / (1 - p)`` otherwise, element by element.

    ``p`` is 0.5 by default, ``generator`` the one behind `manual_seed` (Srivastava et al. 2014,
    section 10, with the scaling in training).

    >>> import minigrad
    >>> Dropout().eval()(minigrad.ones(2))
    tensor([1., 1.])
    """

    def forward(self, x: Any) -> Any:
        """Any shape to the same shape."""
        return F.dropout(x, self.p, self.training, generator=self.generator)


class Pool2d(Layer):
    """What `MaxPool2d` and `AvgPool2d` share: their options are looked at when they are made."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        frame_of(type(self).__name__, **vars(self))


class MaxPool2d(Pool2d, of=F.max_pool2d):
    """The largest of each window: ``(N, C, height, width) -> (N, C, rows, columns)``.

    The stride is the kernel size if it is not given. The padding is never the largest. Of equal
    pixels the first takes the whole gradient, as in PyTorch.

    >>> import minigrad
    >>> MaxPool2d(2)(minigrad.zeros(1, 3, 8, 8)).shape
    (1, 3, 4, 4)
    """


class AvgPool2d(Pool2d, of=F.avg_pool2d):
    """The mean of each window: ``(N, C, height, width) -> (N, C, rows, columns)``.

    The stride is the kernel size if it is not given. The zeros of the padding count.

    >>> import minigrad
    >>> AvgPool2d(2)(minigrad.ones(1, 1, 2, 2))
    tensor([[[[1.]]]])
    """


class Identity(Layer, of=lambda input: input):
    """``x`` itself.

    >>> Identity()(1.0)
    1.0
    """


class Flatten(Layer, of=F.flatten):
    """The axes from ``start_dim`` to ``end_dim`` as one: all but the first by default.

    >>> import minigrad
    >>> Flatten()(minigrad.zeros(2, 3, 4)).shape
    (2, 12)
    """


# --- losses, each of an input and a target ------------------------------------------------------
# ``reduction`` is ``"mean"``, ``"sum"`` or ``"none"``; weights are buffers.


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
