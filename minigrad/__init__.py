"""Reverse-mode automatic differentiation from scratch, in NumPy alone.

Arrays speak NumPy, learning speaks PyTorch, and every derivative is written once.
"""

from numpy import bool_
from numpy import float16 as float16
from numpy import float32 as float32
from numpy import float64 as float64
from numpy import int64 as int64

from . import autograd as autograd
from . import compositions as compositions
from . import datasets as datasets
from . import func as func
from . import nn as nn
from . import ops as ops
from . import optim as optim
from . import utils as utils
from .autograd import AnomalyError as AnomalyError
from .autograd import Tensor as Tensor
from .autograd import detect_anomaly as detect_anomaly
from .autograd import enable_grad as enable_grad
from .autograd import is_grad_enabled as is_grad_enabled
from .autograd import no_grad as no_grad
from .compositions import logsumexp as logsumexp
from .creation import arange as arange
from .creation import as_tensor as as_tensor
from .creation import eye as eye
from .creation import from_numpy as from_numpy
from .creation import full as full
from .creation import full_like as full_like
from .creation import linspace as linspace
from .creation import ones as ones
from .creation import ones_like as ones_like
from .creation import rand_like as rand_like
from .creation import randint_like as randint_like
from .creation import randn_like as randn_like
from .creation import tensor as tensor
from .creation import zeros as zeros
from .creation import zeros_like as zeros_like
from .dtypes import get_default_dtype as get_default_dtype
from .dtypes import set_default_dtype as set_default_dtype
from .random import Generator as Generator
from .random import manual_seed as manual_seed
from .random import normal as normal
from .random import rand as rand
from .random import randint as randint
from .random import randn as randn
from .random import randperm as randperm
from .serialization import load as load
from .serialization import save as save

bool = bool_

__version__ = "0.1.0"
