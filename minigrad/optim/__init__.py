"""Optimizers, with PyTorch's names and defaults, and clipping built in."""

from . import lr_scheduler as lr_scheduler
from .adam import Adam as Adam, AdamW as AdamW, NAdam as NAdam
from .adaptive import Adadelta as Adadelta, Adagrad as Adagrad, RMSprop as RMSprop
from .optimizer import Clipping as Clipping, Optimizer as Optimizer
from .sgd import SGD as SGD
