"""The real data sets."""

from __future__ import annotations

import hashlib
from importlib import resources

import numpy as np

from minigrad import datasets


def test_digits() -> None:
    data = datasets.digits()
    assert (data.images.shape, data.images.dtype) == ((1797, 8, 8), np.uint8)
    assert (data.images.min(), data.images.max()) == (0, 16)
    assert np.bincount(data.labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_diabetes() -> None:
    data = datasets.diabetes()
    assert (data.features.shape, data.features.dtype) == ((442, 10), np.float64)
    assert (data.target.min(), data.target.max()) == (25.0, 346.0)
    assert data.names == ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")


def test_the_data_are_those_of_the_source() -> None:
    digits, diabetes = datasets.digits(), datasets.diabetes()
    assert hashlib.sha256(digits.images.tobytes()).hexdigest()[:16] == "8f26b2bd9d135c25"
    assert hashlib.sha256(diabetes.features.tobytes()).hexdigest()[:16] == "6b93b2556c8942c7"


def test_each_call_gives_a_fresh_copy() -> None:
    datasets.digits().images[:] = 0
    assert datasets.digits().images.max() == 16


def test_the_files_and_their_licences_are_shipped() -> None:
    folder = resources.files("minigrad.datasets")
    assert "CC BY 4.0" in (folder / "LICENSES.md").read_text()
    assert "BSD 3-Clause" in (folder / "LICENSES.md").read_text()
