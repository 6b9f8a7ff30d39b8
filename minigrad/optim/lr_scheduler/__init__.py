"""Schedules of the learning rate, with PyTorch's names and numbers."""

from .schedule import CosineAnnealingLR as CosineAnnealingLR, ExponentialLR as ExponentialLR
from .schedule import LambdaLR as LambdaLR, LinearLR as LinearLR, LRScheduler as LRScheduler
from .schedule import MultiStepLR as MultiStepLR, OneCycleLR as OneCycleLR, StepLR as StepLR
from .waiting import ReduceLROnPlateau as ReduceLROnPlateau, SequentialLR as SequentialLR
