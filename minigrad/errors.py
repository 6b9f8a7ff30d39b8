"""The one form of every complaint: who, what was expected, what came, what to do."""

from typing import Any


def wrong_value(who: str, expected: Any, got: Any, mend: str = "") -> ValueError:
    """The error for a value or a shape.

    >>> raise wrong_value("Linear", "inputs of shape (..., 3)", (5, 4), "transpose them")
    Traceback (most recent call last):
    ValueError: Linear expects inputs of shape (..., 3), got (5, 4); transpose them
    """
    return ValueError(sentence(who, expected, got, mend))


def expect(holds: Any, who: str, expected: Any, got: Any, mend: str = "",
           error: type[Exception] = ValueError) -> None:  # fmt: skip
    """Raise an error unless something holds: where the words may be made beforehand.

    >>> expect(2 > 1, "uniform_", "a <= b", "1 and 2", "exchange them")
    """
    if not holds:
        raise error(sentence(who, expected, got, mend))


def wrong_kind(who: str, expected: Any, got: Any, mend: str = "") -> TypeError:
    """The error for something of another kind."""
    return TypeError(sentence(who, expected, got, mend))


def wrong_state(who: str, expected: Any, got: Any, mend: str = "") -> RuntimeError:
    """The error for what cannot be done as things are."""
    return RuntimeError(sentence(who, expected, got, mend))


def sentence(who: str, expected: Any, got: Any, mend: str = "") -> str:
    """A complaint in one sentence; a class that came is called by its name."""
    given = got.__name__ if isinstance(got, type) else got
    return f"{who} expects {expected}, got {given}{'; ' if mend else ''}{mend}"
