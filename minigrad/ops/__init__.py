"""The table of derivatives, by family; importing it fills the registry."""

from . import arrays, elementwise, linalg  # noqa: F401  # for its effect
