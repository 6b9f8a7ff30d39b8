"""Schedules of the learning rate, with PyTorch's names and numbers."""

from .cycle import OneCycleLR as OneCycleLR
from .decay import (
    CosineAnnealingLR as CosineAnnealingLR,
    ExponentialLR as ExponentialLR,
    LambdaLR as LambdaLR,
    LinearLR as LinearLR,
    MultiStepLR as MultiStepLR,
    StepLR as StepLR,
)
from .plateau import ReduceLROnPlateau as ReduceLROnPlateau
from .schedule import LRScheduler as LRScheduler
from .sequence import SequentialLR as SequentialLR
