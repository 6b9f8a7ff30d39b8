"""Reverse-mode automatic differentiation from scratch, in NumPy alone.

Arrays speak NumPy, learning speaks PyTorch, and every derivative is written once.
"""

from numpy import bool_, float16 as float16, float32 as float32, float64 as float64, int64 as int64

from . import amp as amp, autograd as autograd, compositions as compositions, datasets as datasets
from . import func as func, nn as nn, ops as ops, optim as optim, utils as utils
from .autograd import AnomalyError as AnomalyError, Tensor as Tensor, no_grad as no_grad
from .autograd import detect_anomaly as detect_anomaly, enable_grad as enable_grad
from .autograd import is_grad_enabled as is_grad_enabled
from .compositions import logsumexp as logsumexp
from .creation import (as_tensor as as_tensor, rand as rand, set_default_dtype as set_default_dtype,
    arange as arange, from_numpy as from_numpy, full_like as full_like, zeros_like as zeros_like,
    eye as eye, full as full, normal as normal, randint_like as randint_like, randperm as randperm,
    linspace as linspace, ones as ones, randn as randn, randn_like as randn_like, tensor as tensor,
    manual_seed as manual_seed, ones_like as ones_like, rand_like as rand_like, zeros as zeros,
    Generator as Generator, get_default_dtype as get_default_dtype, randint as randint)  # fmt: skip
from .replay import compile as compile
from .serialization import load as load, save as save

bool = bool_

__version__ = "0.1.0"
