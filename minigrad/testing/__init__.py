"""Checks of gradients, for the library's own rules and for its users' functions."""

from .gradcheck import GradcheckError as GradcheckError
from .gradcheck import Report as Report
from .gradcheck import gradcheck as gradcheck
