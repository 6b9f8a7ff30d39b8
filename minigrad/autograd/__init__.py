"""The engine: recording, walking back, tensors and modes. It knows no mathematics."""

from ..report import AnomalyError as AnomalyError
from .changes import mark_changed as mark_changed
from .modes import detect_anomaly as detect_anomaly, enable_grad as enable_grad
from .modes import is_grad_enabled as is_grad_enabled, no_grad as no_grad, replayed as replayed
from .registry import derivative as derivative, fused as fused, primitive as primitive
from .tensor import Handle as Handle, Tensor as Tensor, grad as grad
