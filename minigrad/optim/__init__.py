"""Optimizers, with PyTorch's names and defaults, and clipping built in."""

from . import lr_scheduler as lr_scheduler
from .descent import SGD as SGD, Adadelta as Adadelta, Adagrad as Adagrad, Adam as Adam
from .descent import AdamW as AdamW, NAdam as NAdam, RMSprop as RMSprop
from .optimizer import Clipping as Clipping, Optimizer as Optimizer
