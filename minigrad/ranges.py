"""The ranges of options: a name means one thing wherever it stands, so they are one table."""

from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any, dataclass_transform

from .errors import wrong_kind, wrong_value

_RANGES = {
    "True or False": "amsgrad centered cycle_momentum decoupled_weight_decay drop_last dynamic "
    "enabled maximize "
    "nesterov shuffle three_phase",
    "a whole number in [-1, inf)": "last_epoch",
    "a whole number in [0, inf)": "cooldown patience",
    "a whole number in [1, inf)": "T_max batch_size epochs growth_interval step_size "
    "steps_per_epoch total_iters total_steps",
    "a number in [0, inf)": "dampening eps eta_min gamma initial_accumulator_value lr lr_decay "
    "momentum momentum_decay threshold weight_decay",
    "a number in (0, inf)": "clip_norm clip_value div_factor final_div_factor init_scale max_norm "
    "rescale_norm",
    "a number in (0, inf]": "norm_type",
    "a number in (1, inf)": "growth_factor",
    "a number in (0, 1)": "backoff_factor",
    "a number in [0, 1)": "factor",
    "a number in [0, 1]": "alpha end_factor pct_start rho",
    "a number in (0, 1]": "start_factor",
    "numbers in [0, inf)": "max_lr min_lr",
    "numbers in [0, 1)": "base_momentum betas max_momentum",
    "whole numbers in [0, inf)": "milestones",
    "functions": "lr_lambda",
    "'raise', 'skip' or 'ignore'": "on_nonfinite",
    "'cpu'": "device",
    "'cos' or 'linear'": "anneal_strategy",
    "'min' or 'max'": "mode",
    "'rel' or 'abs'": "threshold_mode",
}
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
        wanted, several = _RANGE_OF[name], isinstance(value, (list, tuple))
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
        return callable(value) if wanted == "functions" else repr(value) in wanted
    kind, interval = wanted.split(" in ")
    if isinstance(value, bool) or not isinstance(value, Integral if "whole" in kind else Real):
        return False
    x, (low, high) = float(value), map(float, interval[1:-1].split(", "))
    above = x >= low if interval[0] == "[" else x > low
    return above and (x <= high if interval[-1] == "]" else x < high)
