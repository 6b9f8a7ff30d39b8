"""The modes: whether operations are recorded, and whether their values are examined or altered.

Under REPLAY they are written down for `minigrad.compile` as well, tracked or not, with all that is
decorated by `replayed`.

The mode is one context variable, so threads and coroutines never see each other's, and an
exception that leaves a ``with`` block restores what was set before it.
"""

import functools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

RECORD, EXAMINE, ALTER, REPLAY = 1, 2, 4, 8

MODE: ContextVar[int] = ContextVar("minigrad_mode", default=RECORD)
ALTERATION: ContextVar[Callable[[Any], Any]] = ContextVar("minigrad_alteration")  # of each result
SCRIPT: ContextVar[Any] = ContextVar("minigrad_script")  # what a step to be replayed is written to
MODULE_PATH: ContextVar[tuple[str, ...]] = ContextVar("minigrad_module_path", default=())


@contextmanager
def switched(switch_on: int, switch_off: int) -> Iterator[None]:
    """Within it some bits of the mode are set, and others are not."""
    if switch_on & (EXAMINE | ALTER):
        refuse_reading("a mode like detect_anomaly or emulate inside the step")
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
    minigrad.errors.AnomalyError: log gave 0 NaN and 1 Inf among 2 values, ...
    """
    return switched(EXAMINE, 0)


def is_grad_enabled() -> bool:
    """Whether operations on tensors that require grad are recorded here."""
    return bool(MODE.get() & RECORD)


F = TypeVar("F", bound=Callable[..., Any])


def replayed(function: F) -> F:
    """Decorate what `minigrad.compile` runs as a whole in every replay, not only while it records.

    It is what looks at values, draws, counts or changes an object: all but operations on tensors.
    """

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if MODE.get() & REPLAY:
            return SCRIPT.get().call(function, args, kwargs)
        return function(*args, **kwargs)

    return call  # type: ignore[return-value]  # it has the same signature


def refuse_reading(what: str) -> None:
    """Raise where a value would leave a step that is being recorded to be replayed."""
    if MODE.get() & REPLAY:
        raise RuntimeError(f"compile: {what} takes a value out of the step, and what Python does "
                           "with it would not be replayed; choose by np.where, or return the "
                           "tensor and look at it outside")  # fmt: skip
