"""The modes: whether operations are recorded, and whether their values are examined or altered.

The mode is one context variable, so threads and coroutines never see each other's, and an
exception that leaves a ``with`` block restores what was set before it.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any

RECORD, EXAMINE, ALTER = 1, 2, 4

MODE: ContextVar[int] = ContextVar("minigrad_mode", default=RECORD)
ALTERATION: ContextVar[Callable[[Any], Any]] = ContextVar("minigrad_alteration")  # of each result
MODULE_PATH: ContextVar[tuple[str, ...]] = ContextVar("minigrad_module_path", default=())


@contextmanager
def switched(switch_on: int, switch_off: int) -> Iterator[None]:
    """Within it some bits of the mode are set, and others are not."""
    token = MODE.set(MODE.get() & ~switch_off | switch_on)
    try:
        yield
    finally:
        MODE.reset(token)


def no_grad() -> AbstractContextManager[None]:
    """Within it nothing is recorded: for evaluation, and for updates of parameters in place.

    Like the other modes it is a context manager, and with its brackets a decorator.

    >>> import minigrad
    >>> x = minigrad.tensor(3.0, requires_grad=True)
    >>> with no_grad():
    ...     (x * x).requires_grad
    False
    """
    return switched(0, RECORD)


def enable_grad() -> AbstractContextManager[None]:
    """Within it operations are recorded again, inside a ``no_grad`` too.

    >>> import minigrad
    >>> x = minigrad.tensor(3.0, requires_grad=True)
    >>> with no_grad(), enable_grad():
    ...     (x * x).requires_grad
    True
    """
    return switched(RECORD, 0)


def detect_anomaly() -> AbstractContextManager[None]:
    """Within it the first NaN or Inf, forward or backward, raises ``AnomalyError``.

    The message names the operation, the module path, shapes, dtype, how many values are NaN or
    Inf, the range of what they were made of, and the user's line. Every value is looked at, so it
    is slow.

    >>> import minigrad, numpy as np
    >>> x = minigrad.tensor([1.0, 0.0], requires_grad=True)
    >>> with detect_anomaly(), np.errstate(divide="ignore"):
    ...     np.log(x)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    minigrad.report.AnomalyError: log gave 0 NaN and 1 Inf among 2 values, ...
    """
    return switched(EXAMINE, 0)


def is_grad_enabled() -> bool:
    """Whether operations on tensors that require grad are recorded here."""
    return bool(MODE.get() & RECORD)
