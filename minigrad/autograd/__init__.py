"""The engine: recording, walking back, tensors and modes. It knows no mathematics."""

from .anomaly import AnomalyError as AnomalyError
from .modes import detect_anomaly as detect_anomaly
from .modes import enable_grad as enable_grad
from .modes import is_grad_enabled as is_grad_enabled
from .modes import no_grad as no_grad
from .registry import derivative as derivative
from .registry import fused as fused
from .registry import primitive as primitive
from .tensor import Tensor as Tensor
from .tensor import grad as grad
