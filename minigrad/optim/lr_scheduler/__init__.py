"""Schedules of the learning rate, with PyTorch's names and numbers."""

from .formula import CosineAnnealingLR as CosineAnnealingLR, ExponentialLR as ExponentialLR
from .formula import LambdaLR as LambdaLR, LinearLR as LinearLR, MultiStepLR as MultiStepLR
from .formula import OneCycleLR as OneCycleLR, StepLR as StepLR
from .schedule import LRScheduler as LRScheduler
from .waiting import ReduceLROnPlateau as ReduceLROnPlateau, SequentialLR as SequentialLR
