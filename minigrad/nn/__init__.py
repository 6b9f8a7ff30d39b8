"""Layers, losses and initialisers, with PyTorch's names and defaults."""
# ruff: noqa: I001

from . import functional as functional, init as init, utils as utils
from .activation import (
    ELU as ELU, GELU as GELU, SELU as SELU, Dropout as Dropout, LeakyReLU as LeakyReLU,
    LogSigmoid as LogSigmoid, LogSoftmax as LogSoftmax, PReLU as PReLU, ReLU as ReLU,
    Sigmoid as Sigmoid, SiLU as SiLU, Softmax as Softmax, Softplus as Softplus, Tanh as Tanh,
)  # fmt: skip
from .containers import ModuleDict as ModuleDict, ModuleList as ModuleList, Sequential as Sequential
from .linear import (
    Embedding as Embedding, Flatten as Flatten, Identity as Identity, Linear as Linear,
)  # fmt: skip
from .loss import (
    BCELoss as BCELoss, BCEWithLogitsLoss as BCEWithLogitsLoss,
    CrossEntropyLoss as CrossEntropyLoss, HuberLoss as HuberLoss, L1Loss as L1Loss,
    MSELoss as MSELoss, NLLLoss as NLLLoss, SmoothL1Loss as SmoothL1Loss,
)  # fmt: skip
from .module import Buffer as Buffer, Module as Module, Parameter as Parameter
