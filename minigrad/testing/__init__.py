"""Checks of gradients, for the library's own rules and for its users' functions."""

from .gradcheck import GradcheckError as GradcheckError, Report as Report, gradcheck as gradcheck
