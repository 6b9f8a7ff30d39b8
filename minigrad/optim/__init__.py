"""Optimizers, with PyTorch's names and defaults."""

from .optimizer import Optimizer as Optimizer
from .sgd import SGD as SGD
