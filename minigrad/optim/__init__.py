"""Optimizers, with PyTorch's names and defaults, and clipping built in."""

from . import lr_scheduler as lr_scheduler
from .adam import Adam as Adam, AdamW as AdamW, NAdam as NAdam
from .descent import SGD as SGD, Adadelta as Adadelta, Adagrad as Adagrad, RMSprop as RMSprop
from .optimizer import Clipping as Clipping, Optimizer as Optimizer
