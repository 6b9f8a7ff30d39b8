"""What is said: the one form of every complaint, the report of a NaN, the text of a tensor.

A complaint says who, what was expected, what came, and what to do.

The ranges of options are one table, for a name means one thing wherever it stands; where it means
another thing to one of its owners, the table has ``owner.name`` as well.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any, dataclass_transform

import numpy as np

ZERO_TIMES_INFINITY = """; a gradient of 0 met an infinite derivative, as behind the branch of \
np.where not taken: give f a safe argument first, np.where(mask, f(np.where(mask, x, 1.0)), 0.0)"""


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


class AnomalyError(RuntimeError):
    """A NaN or Inf seen under `detect_anomaly`."""


def examine(what: str, made: Any, sources: Iterable[Any], place: str) -> None:
    """Raise if an array that ``what`` made of ``sources``, called at a place, is not finite."""
    array = bare(made)
    if array.dtype.kind not in "fc" or np.isfinite(array).all():
        return
    nan, inf, given = np.isnan(array), np.isinf(array), list(map(bare, sources))
    is_product = len(given) == 1 and given[0].shape == array.shape and not given[0][nan | inf].any()
    hint = ZERO_TIMES_INFINITY if is_product and place and nan.any() else ""
    raise AnomalyError(f"{what} gave {nan.sum()} NaN and {inf.sum()} Inf among {array.size} "
                       f"values, shape {array.shape} {array.dtype}, of "
                       f"{' and '.join(map(_range, given))}, called at {place}{hint}")  # fmt: skip


def bare(value: Any) -> np.ndarray:
    """The array of a tensor, or whatever else as one."""
    return np.asarray(getattr(value, "_array", value))


def _range(array: np.ndarray) -> str:
    finite = array[np.isfinite(array)] if array.dtype.kind in "fc" else array
    span = f" from {finite.min():g} to {finite.max():g}" if finite.size else ""
    return f"shape {array.shape} {array.dtype}{span}"


def tensor_text(array: np.ndarray, usual: Any, note: str) -> str:
    """An array as PyTorch shows it; its dtype is told unless it is one of the usual ones."""
    body = np.array2string(array, precision=4, separator=", ", prefix="tensor(")
    notes = [] if array.size or array.ndim == 1 else [f"shape={array.shape}"]
    notes += [] if array.dtype in usual else [f"dtype={array.dtype}"]
    return f"tensor({', '.join([body, *notes, *filter(None, [note])])})"


# --- the ranges of options ----------------------------------------------------------------------

_RANGES = {
    "True or False": "affine amsgrad batch_first bias bidirectional centered cycle_momentum "
    "decoupled_weight_decay drop_last dynamic elementwise_affine enabled maximize nesterov norm "
    "relu_after shuffle track_running_stats zero_init_last",
    "a whole number in [0, inf)": "cooldown patience seed", "a number in (0, inf]": "norm_type",
    "a whole number in [1, inf)": "T_max batch_size embedding_dim epochs features groups "
    "growth_interval hidden hidden_size in_channels in_features input_size num_embeddings "
    "num_features num_layers num_parameters out_channels out_features step_size steps_per_epoch "
    "total_iters total_steps", "'min' or 'max'": "mode", "a function": "lr_lambda",
    "a whole number in (-inf, inf)": "dim end_dim ignore_index start_dim",
    "a number in (-inf, inf)": "ELU.alpha a b forget_bias gain init mean negative_slope "
    "scale_gradient.factor val",
    "a number in [0, inf)": "SmoothL1Loss.beta dampening eps eta_min gamma lr lr_decay max_lr "
    "min_lr initial_accumulator_value momentum momentum_decay std threshold weight_decay",
    "a number in (0, inf)": "beta clip_gradient.norm clip_gradient.value clip_norm clip_value "
    "delta div_factor final_div_factor init_scale max_norm rescale_norm trunc_normal_.std",
    "a number in (1, inf)": "growth_factor", "a number in (0, 1)": "backoff_factor",
    "a number in (0, 1]": "start_factor", "a number in [0, 1)": "base_momentum factor max_momentum",
    "a number in [0, 1]": "BatchNorm1d.momentum BatchNorm2d.momentum alpha dropout end_factor "
    "label_smoothing p pct_start rho", "numbers in [0, 1)": "betas",
    "whole numbers in [0, inf)": "milestones", "whole numbers in [1, inf)": "normalized_shape",
    "'raise', 'skip' or 'ignore'": "on_nonfinite", "'mean', 'sum' or 'none'": "reduction",
    "'none' or 'tanh'": "approximate", "'tanh' or 'relu'": "nonlinearity", "'cpu'": "device",
    "'cos' or 'linear'": "anneal_strategy", "'rel' or 'abs'": "threshold_mode",
}  # fmt: skip
_RANGE_OF = {name: wanted for wanted, names in _RANGES.items() for name in names.split()}


@dataclass_transform(field_specifiers=(field,))
class Options:
    """What is made of options: a subclass names them with their defaults, as a dataclass does.

    >>> class Descent(Options):
    ...     lr: float = 0.1
    ...     def __post_init__(self) -> None:
    ...         check_fields(self)
    >>> Descent().lr, Descent(lr=0.5).lr
    (0.1, 0.5)
    """

    def __init_subclass__(cls) -> None:
        dataclass(eq=False, repr=False)(cls)


def check(who: str, **options: Any) -> None:
    """Raise if the value of an option is outside the range of its name.

    >>> check("SGD", lr=-0.1)
    Traceback (most recent call last):
    ValueError: SGD expects lr as a number in [0, inf), got -0.1; correct it
    """
    for name, value in options.items():
        wanted = _RANGE_OF.get(f"{who}.{name}") or _RANGE_OF[name]
        several = isinstance(value, (list, tuple))
        plural = wanted.split(" in ")[0].endswith("s")
        if plural != several or not all(_fits(v, wanted) for v in (value if plural else [value])):
            wrong = wrong_value if several or isinstance(value, (Real, str)) else wrong_kind
            given = " ".join(repr(value).split())[:60]
            raise wrong(who, f"{name} as {wanted}", given, "correct it")


def check_fields(options: Any) -> None:
    """Check all attributes that are in the table, but for what was left at its default of None."""
    kind, given = type(options), vars(options).items()
    set_ones = {k: v for k, v in given if v is not None or getattr(kind, k, ...) is not None}
    check(kind.__name__, **{k: v for k, v in set_ones.items() if k in _RANGE_OF})


def _fits(value: Any, wanted: str) -> bool:
    if " in " not in wanted:
        return callable(value) if wanted == "a function" else repr(value) in wanted
    kind, interval = wanted.split(" in ")
    if isinstance(value, bool) or not isinstance(value, Integral if "whole" in kind else Real):
        return False
    x, (low, high) = float(value), map(float, interval[1:-1].split(", "))
    return low <= x <= high and (x > low or "[" in interval) and (x < high or "]" in interval)
