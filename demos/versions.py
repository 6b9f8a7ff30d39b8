"""What the numbers may depend on."""

from __future__ import annotations

import platform

import matplotlib
import numpy as np

import minigrad


def versions() -> dict[str, str]:
    """The versions in use in this process, and its kind of machine."""
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "minigrad": minigrad.__version__,
        "matplotlib": matplotlib.__version__,
        "machine": f"{platform.system()} {platform.machine()}",
    }
