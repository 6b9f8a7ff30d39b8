"""Layers, losses and initialisers, with PyTorch's names and defaults."""

from . import functional as functional, init as init, utils as utils
from .containers import (ModuleDict as ModuleDict, ModuleList as ModuleList, Residual as Residual,
    ResidualBlock as ResidualBlock, Sequential as Sequential)  # fmt: skip
from .functions import (AvgPool2d as AvgPool2d, BCELoss as BCELoss,
    BCEWithLogitsLoss as BCEWithLogitsLoss, CrossEntropyLoss as CrossEntropyLoss,
    Dropout as Dropout, ELU as ELU, Flatten as Flatten, GELU as GELU, HuberLoss as HuberLoss,
    Identity as Identity, L1Loss as L1Loss, LeakyReLU as LeakyReLU, LogSigmoid as LogSigmoid,
    LogSoftmax as LogSoftmax, MaxPool2d as MaxPool2d, MSELoss as MSELoss, NLLLoss as NLLLoss,
    ReLU as ReLU, SELU as SELU, Sigmoid as Sigmoid, SiLU as SiLU, SmoothL1Loss as SmoothL1Loss,
    Softmax as Softmax, Softplus as Softplus, Tanh as Tanh)  # fmt: skip
from .layers import (BatchNorm1d as BatchNorm1d, BatchNorm2d as BatchNorm2d, Conv2d as Conv2d,
    Embedding as Embedding, LayerNorm as LayerNorm, Linear as Linear, PReLU as PReLU)  # fmt: skip
from .module import Buffer as Buffer, Module as Module, Parameter as Parameter
from .recurrent import (GRU as GRU, GRUCell as GRUCell, LSTM as LSTM, LSTMCell as LSTMCell,
    RNN as RNN, RNNCell as RNNCell)  # fmt: skip
