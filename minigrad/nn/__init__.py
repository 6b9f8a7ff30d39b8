"""Layers, losses and initialisers, with PyTorch's names and defaults."""
# ruff: noqa: I001

from . import functional as functional, init as init, utils as utils
from .activation import (
    ELU as ELU, GELU as GELU, SELU as SELU, Dropout as Dropout, LeakyReLU as LeakyReLU,
    LogSigmoid as LogSigmoid, LogSoftmax as LogSoftmax, PReLU as PReLU, ReLU as ReLU,
    Sigmoid as Sigmoid, SiLU as SiLU, Softmax as Softmax, Softplus as Softplus, Tanh as Tanh,
)  # fmt: skip
from .containers import ModuleDict as ModuleDict, ModuleList as ModuleList, Sequential as Sequential
from .conv import AvgPool2d as AvgPool2d, Conv2d as Conv2d, MaxPool2d as MaxPool2d
from .linear import (
    Embedding as Embedding, Flatten as Flatten, Identity as Identity, Linear as Linear,
)  # fmt: skip
from .loss import (
    BCELoss as BCELoss, BCEWithLogitsLoss as BCEWithLogitsLoss,
    CrossEntropyLoss as CrossEntropyLoss, HuberLoss as HuberLoss, L1Loss as L1Loss,
    MSELoss as MSELoss, NLLLoss as NLLLoss, SmoothL1Loss as SmoothL1Loss,
)  # fmt: skip
from .module import Buffer as Buffer, Module as Module, Parameter as Parameter
from .norm import BatchNorm1d as BatchNorm1d, BatchNorm2d as BatchNorm2d, LayerNorm as LayerNorm
from .recurrent import (
    GRU as GRU, LSTM as LSTM, RNN as RNN, GRUCell as GRUCell, LSTMCell as LSTMCell,
    RNNCell as RNNCell,
)  # fmt: skip
from .residual import Residual as Residual, ResidualBlock as ResidualBlock
