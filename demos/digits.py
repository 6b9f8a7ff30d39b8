"""The digits as the demos learn them: centred, scaled, and split."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from minigrad import datasets

PIXELS, CLASSES = 64, 10
LEARNED = 1437  # of 1797; the others are for testing
ORDER_SEED = 0  # the split is the same in every run, whatever its seed


class Part(NamedTuple):
    """Images float32 (N, 64), over all digits of mean 0 a pixel and of variance 1; labels (N,)."""

    images: np.ndarray
    labels: np.ndarray


@cache
def split() -> tuple[Part, Part]:
    """The digits to learn from, and those to test with; not to be changed, they are read once."""
    images, labels = datasets.digits()
    pixels = images.reshape(-1, PIXELS) / 16.0
    pixels -= pixels.mean(axis=0)
    pixels /= pixels.std()
    order = np.random.default_rng(ORDER_SEED).permutation(len(pixels))
    learned, tested = (
        Part(pixels[part].astype(np.float32), labels[part])
        for part in (order[:LEARNED], order[LEARNED:])
    )
    for array in *learned, *tested:
        array.setflags(write=False)
    return learned, tested
