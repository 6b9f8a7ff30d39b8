"""The engine: recording, walking back, tensors and modes. It knows no mathematics."""

from ..report import AnomalyError as AnomalyError
from .modes import detect_anomaly as detect_anomaly, enable_grad as enable_grad
from .modes import is_grad_enabled as is_grad_enabled, no_grad as no_grad
from .registry import derivative as derivative, fused as fused, primitive as primitive
from .tensor import Tensor as Tensor, grad as grad
