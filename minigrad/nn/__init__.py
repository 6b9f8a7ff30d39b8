"""Layers, losses and initialisers, with PyTorch's names and defaults."""

from . import functional as functional, init as init, utils as utils
from .activation import ELU as ELU, GELU as GELU, SELU as SELU, Dropout as Dropout, ReLU as ReLU
from .activation import AvgPool2d as AvgPool2d, Flatten as Flatten, Identity as Identity
from .activation import LeakyReLU as LeakyReLU, LogSigmoid as LogSigmoid, LogSoftmax as LogSoftmax
from .activation import PReLU as PReLU, Sigmoid as Sigmoid, SiLU as SiLU, Softmax as Softmax
from .activation import MaxPool2d as MaxPool2d, Softplus as Softplus, Tanh as Tanh
from .containers import ModuleDict as ModuleDict, ModuleList as ModuleList, Sequential as Sequential
from .linear import Conv2d as Conv2d, Embedding as Embedding, Linear as Linear
from .loss import BCELoss as BCELoss, BCEWithLogitsLoss as BCEWithLogitsLoss, L1Loss as L1Loss
from .loss import CrossEntropyLoss as CrossEntropyLoss, HuberLoss as HuberLoss, MSELoss as MSELoss
from .loss import NLLLoss as NLLLoss, SmoothL1Loss as SmoothL1Loss
from .module import Buffer as Buffer, Module as Module, Parameter as Parameter
from .norm import BatchNorm1d as BatchNorm1d, BatchNorm2d as BatchNorm2d, LayerNorm as LayerNorm
from .recurrent import GRU as GRU, LSTM as LSTM, RNN as RNN, GRUCell as GRUCell
from .recurrent import LSTMCell as LSTMCell, RNNCell as RNNCell
from .residual import Residual as Residual, ResidualBlock as ResidualBlock
