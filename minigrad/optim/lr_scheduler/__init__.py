"""Schedules of the learning rate, with PyTorch's names and numbers."""
# ruff: noqa: I001

from .formula import (
    CosineAnnealingLR as CosineAnnealingLR, ExponentialLR as ExponentialLR, LambdaLR as LambdaLR,
    LinearLR as LinearLR, MultiStepLR as MultiStepLR, OneCycleLR as OneCycleLR, StepLR as StepLR,
)  # fmt: skip
from .schedule import LRScheduler as LRScheduler
from .waiting import ReduceLROnPlateau as ReduceLROnPlateau, SequentialLR as SequentialLR
