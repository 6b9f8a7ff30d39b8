"""Memory that stays with the process when arrays are freed."""

from __future__ import annotations

import numpy as np

LARGEST = 31 * 2**20  # bytes; from 32 MB on glibc would learn nothing from it


def keep() -> None:
    """Have glibc keep the memory of freed arrays, for the next ones.

    At first it returns that of large arrays to the system at once, and in training, where arrays of
    a few megabytes come and go, half of the time goes into having it back page by page. One larger
    array, freed, raises its thresholds (mallopt(3), M_MMAP_THRESHOLD). Elsewhere it does nothing.
    """
    np.empty(LARGEST, np.uint8)
