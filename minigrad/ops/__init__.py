"""The table of derivatives, by family; importing it fills the registry."""

from . import constants, elementwise, index, linalg, reduce, shape  # noqa: F401  # for its effect
