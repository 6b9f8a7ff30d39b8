"""A network so small that all second derivatives of its loss can be had, many of it side by side.

It has 4 inputs, 4 tanh units and 3 classes, and learns 150 real digits from 0 to 2, given by their
first four principal components, with weight decay.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from minigrad import logsumexp

from .digits import split

IMAGES, INPUTS, HIDDEN, CLASSES = 150, 4, 4, 3
WEIGHTS = (INPUTS + 1) * HIDDEN + (HIDDEN + 1) * CLASSES
DECAY = 1e-3  # of the squared weights, in the loss


@cache
def data() -> tuple[np.ndarray, np.ndarray]:
    """Images by their whitened components, with a constant 1 (150, 5), and classes (150, 3)."""
    digits, _ = split()
    chosen = np.flatnonzero(digits.labels < CLASSES)[:IMAGES]
    images = digits.images[chosen].astype(float)
    components = np.linalg.svd(images - images.mean(axis=0), full_matrices=False)[0][:, :INPUTS]
    inputs = np.column_stack([components * math.sqrt(IMAGES), np.ones(IMAGES)])
    return inputs, np.eye(CLASSES)[digits.labels[chosen]]


def losses(weights: Any) -> Any:
    """Of networks (P, 35) side by side, each with its weights as a row: (P,)."""
    inputs, classes = data()
    split_at = (INPUTS + 1) * HIDDEN
    first = np.reshape(weights[:, :split_at], (-1, INPUTS + 1, HIDDEN))
    second = np.reshape(weights[:, split_at:-CLASSES], (-1, HIDDEN, CLASSES))
    logits = np.tanh(inputs @ first) @ second + weights[:, None, -CLASSES:]
    surprise = logsumexp(logits, -1) - np.sum(logits * classes, axis=-1)
    return np.mean(surprise, axis=-1) + DECAY * np.sum(weights * weights, axis=-1)


def total(weights: Any) -> Any:
    """The sum of the losses of networks."""
    return np.sum(losses(weights))
