"""Reverse-mode automatic differentiation from scratch, in NumPy alone.

Arrays speak NumPy, learning speaks PyTorch, and every derivative is written once.
"""
# ruff: noqa: I001

from numpy import bool_, float16 as float16, float32 as float32, float64 as float64, int64 as int64

from . import (
    amp as amp, autograd as autograd, compositions as compositions, datasets as datasets,
    func as func, nn as nn, ops as ops, optim as optim, utils as utils,
)  # fmt: skip
from .autograd import (
    AnomalyError as AnomalyError, Tensor as Tensor, detect_anomaly as detect_anomaly,
    enable_grad as enable_grad, is_grad_enabled as is_grad_enabled, no_grad as no_grad,
)  # fmt: skip
from .compositions import logsumexp as logsumexp
from .creation import (
    arange as arange, as_tensor as as_tensor, eye as eye, from_numpy as from_numpy, full as full,
    full_like as full_like, linspace as linspace, ones as ones, ones_like as ones_like,
    rand_like as rand_like, randint_like as randint_like, randn_like as randn_like,
    tensor as tensor, zeros as zeros, zeros_like as zeros_like,
)  # fmt: skip
from .dtypes import get_default_dtype as get_default_dtype, set_default_dtype as set_default_dtype
from .random import (
    Generator as Generator, manual_seed as manual_seed, normal as normal, rand as rand,
    randint as randint, randn as randn, randperm as randperm,
)  # fmt: skip
from .serialization import load as load, save as save

bool = bool_

__version__ = "0.1.0"
