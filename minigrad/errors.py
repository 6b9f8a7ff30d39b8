"""The one form of every complaint: who, what was expected, what came, what to do."""

from typing import Any


def wrong_value(who: str, expected: Any, got: Any, mend: str = "") -> ValueError:
    """The error for a value or a shape.

    >>> raise wrong_value("Linear", "inputs of shape (..., 3)", (5, 4), "transpose them")
    Traceback (most recent call last):
    ValueError: Linear expects inputs of shape (..., 3), got (5, 4); transpose them
    """
    return ValueError(sentence(who, expected, got, mend))


def wrong_kind(who: str, expected: Any, got: Any, mend: str = "") -> TypeError:
    """The error for something of another kind."""
    return TypeError(sentence(who, expected, got, mend))


def wrong_state(who: str, expected: Any, got: Any, mend: str = "") -> RuntimeError:
    """The error for what cannot be done as things are."""
    return RuntimeError(sentence(who, expected, got, mend))


def sentence(who: str, expected: Any, got: Any, mend: str = "") -> str:
    """A complaint in one sentence."""
    return f"{who} expects {expected}, got {got}{'; ' if mend else ''}{mend}"
