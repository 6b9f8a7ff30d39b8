"""The gallery: one page of all that was run, complete in itself."""

from .page import html, save

__all__ = ["html", "save"]
