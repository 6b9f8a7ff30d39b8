"""What every test shares: reproducible draws, and no state that leaks from one into the next."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import settings

import minigrad
from minigrad.autograd.modes import MODE, MODULE_PATH, RECORD

settings.register_profile("default", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("default")


@pytest.fixture(autouse=True)
def nothing_leaks() -> Iterator[None]:
    """A fixed seed; the mode, the default dtype and NumPy's error state as they were before."""
    minigrad.manual_seed(0)
    errors = np.geterr()
    yield
    assert MODE.get() == RECORD
    assert MODULE_PATH.get() == ()
    assert minigrad.get_default_dtype() == np.float32
    assert np.geterr() == errors
