"""Layers, losses and initialisers, with PyTorch's names and defaults."""

from . import functional as functional, init as init, utils as utils
from .containers import (ModuleDict as ModuleDict, ModuleList as ModuleList, Residual as Residual,
    ResidualBlock as ResidualBlock, Sequential as Sequential)  # fmt: skip
from .module import Buffer as Buffer, Module as Module, Parameter as Parameter
from .functions import (BCEWithLogitsLoss as BCEWithLogitsLoss, CrossEntropyLoss as CrossEntropyLoss,
    AvgPool2d as AvgPool2d, Dropout as Dropout, LogSigmoid as LogSigmoid, LogSoftmax as LogSoftmax,
    BCELoss as BCELoss, GELU as GELU, HuberLoss as HuberLoss, L1Loss as L1Loss, MSELoss as MSELoss,
    ELU as ELU, Identity as Identity, ReLU as ReLU, SiLU as SiLU, Softmax as Softmax, Tanh as Tanh,
    Flatten as Flatten, NLLLoss as NLLLoss, SELU as SELU, Sigmoid as Sigmoid, Softplus as Softplus,
    LeakyReLU as LeakyReLU, MaxPool2d as MaxPool2d, SmoothL1Loss as SmoothL1Loss)  # fmt: skip
from .recurrent import (GRU as GRU, GRUCell as GRUCell, LSTM as LSTM, LSTMCell as LSTMCell,
    RNN as RNN, RNNCell as RNNCell)  # fmt: skip
from .layers import (BatchNorm1d as BatchNorm1d, BatchNorm2d as BatchNorm2d, Conv2d as Conv2d,
    Embedding as Embedding, LayerNorm as LayerNorm, Linear as Linear, PReLU as PReLU)  # fmt: skip
