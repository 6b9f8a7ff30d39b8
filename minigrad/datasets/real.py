"""The two real data sets: digits to classify, and a disease to predict."""

from pathlib import Path
from typing import NamedTuple

import numpy as np


class Digits(NamedTuple):
    """Handwritten digits: ``images`` uint8 (1797, 8, 8) of 0..16, ``labels`` uint8 (1797,)."""

    images: np.ndarray
    labels: np.ndarray


class Diabetes(NamedTuple):
    """Diabetes patients: ``features`` float64 (442, 10) in raw units, ``target`` (442,), names."""

    features: np.ndarray
    target: np.ndarray
    names: tuple[str, ...]


def digits() -> Digits:
    """Handwritten digits (Alpaydin & Kaynak 1998, UCI; CC BY 4.0), a fresh copy at each call.

    >>> digits().images.shape, digits().labels[:3].tolist()
    ((1797, 8, 8), [0, 1, 2])
    """
    return Digits(*_arrays("digits", "images", "labels"))


def diabetes() -> Diabetes:
    """Disease progression after one year (Efron et al. 2004), a fresh copy at each call.

    >>> data = diabetes()
    >>> data.features.shape, float(data.target.min()), data.names[0]
    ((442, 10), 25.0, 'age')
    """
    features, target, names = _arrays("diabetes", "features", "target", "names")
    return Diabetes(features, target, tuple(map(str, names)))


def _arrays(name: str, *keys: str) -> list[np.ndarray]:
    with np.load(Path(__file__).with_name(f"{name}.npz"), allow_pickle=False) as data:
        return [data[key] for key in keys]
