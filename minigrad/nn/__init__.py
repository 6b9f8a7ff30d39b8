"""Layers, losses and initialisers, with PyTorch's names and defaults."""

from . import functional as functional
from . import init as init
from . import utils as utils
from .activation import ReLU as ReLU
from .activation import Sigmoid as Sigmoid
from .activation import Tanh as Tanh
from .linear import Linear as Linear
from .loss import CrossEntropyLoss as CrossEntropyLoss
from .loss import MSELoss as MSELoss
from .module import Module as Module
from .module import Parameter as Parameter
from .module import Sequential as Sequential
