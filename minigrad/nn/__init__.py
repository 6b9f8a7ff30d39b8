"""Layers, losses and initialisers, with PyTorch's names and defaults."""

from . import functional as functional, init as init, utils as utils
from .activation import ReLU as ReLU, Sigmoid as Sigmoid, Tanh as Tanh
from .linear import Linear as Linear
from .loss import CrossEntropyLoss as CrossEntropyLoss, MSELoss as MSELoss
from .module import Module as Module, Parameter as Parameter, Sequential as Sequential
