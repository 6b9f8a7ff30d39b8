"""Spoiled results of `demos.exploding_gradients_diabetes`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from demos.exploding_gradients_diabetes import (
    BOTH,
    CLIPPED,
    CURED,
    EXPLODING,
    HELPED,
    LEAST_SQUARES,
    LOST,
    SHIPPED,
)

from . import with_another

SOME = 1  # network; in the quick form none may be an exception


def set_some(value: float) -> Callable[[np.ndarray], None]:
    return lambda values: values[:SOME].fill(value)


def set_all(value: float) -> Callable[[np.ndarray], None]:
    return lambda values: values.fill(value)


SPOILED = {
    **{f"{name}: less": with_another(name, "learned", set_some(0.3)) for name in LOST},
    "as shipped, the loss jumps": with_another(SHIPPED, "losses", set_some(1.0)),
    "answering one number": with_another(SHIPPED, "is_constant", set_all(False)),
    **{f"{name}: the loss": with_another(name, "losses", set_some(1.0)) for name in EXPLODING},
    **{
        f"{name}: more": with_another(name, "learned", set_some(0.0))
        for name in [*HELPED, *CURED, BOTH]
    },
    f"{CLIPPED}, more": with_another(CLIPPED, "tested", set_some(0.0)),
    f"{LEAST_SQUARES}, raw": with_another(LEAST_SQUARES, "learned", set_some(0.4)),
}
