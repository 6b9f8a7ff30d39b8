"""The ranges of options: a name means one thing wherever it stands, so they are one table.

Where it means another thing to one of its owners, the table has ``owner.name`` as well.
"""

from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any, dataclass_transform

from .errors import wrong_kind, wrong_value

_RANGES = {
    "True or False": "affine amsgrad batch_first bias bidirectional centered cycle_momentum "
    "decoupled_weight_decay drop_last dynamic elementwise_affine enabled maximize nesterov norm "
    "relu_after shuffle track_running_stats zero_init_last",
    "a whole number in [0, inf)": "cooldown patience seed",
    "a whole number in [1, inf)": "T_max batch_size embedding_dim epochs features groups "
    "growth_interval hidden hidden_size in_channels in_features input_size num_embeddings "
    "num_features num_layers num_parameters out_channels out_features step_size steps_per_epoch "
    "total_iters total_steps",
    "a whole number in (-inf, inf)": "dim end_dim ignore_index start_dim",
    "a number in (-inf, inf)": "ELU.alpha a b forget_bias gain init mean negative_slope "
    "scale_gradient.factor val",
    "a number in [0, inf)": "SmoothL1Loss.beta dampening eps eta_min gamma lr lr_decay max_lr "
    "min_lr initial_accumulator_value momentum momentum_decay std threshold weight_decay",
    "a number in (0, inf)": "beta clip_gradient.norm clip_gradient.value clip_norm clip_value "
    "delta div_factor final_div_factor init_scale max_norm rescale_norm trunc_normal_.std",
    "a number in (0, inf]": "norm_type", "a number in (1, inf)": "growth_factor",
    "a number in (0, 1)": "backoff_factor", "a number in (0, 1]": "start_factor",
    "a number in [0, 1)": "base_momentum factor max_momentum",
    "a number in [0, 1]": "BatchNorm1d.momentum BatchNorm2d.momentum alpha dropout end_factor "
    "label_smoothing p pct_start rho",
    "numbers in [0, 1)": "betas", "whole numbers in [0, inf)": "milestones",
    "whole numbers in [1, inf)": "normalized_shape", "'rel' or 'abs'": "threshold_mode",
    "'raise', 'skip' or 'ignore'": "on_nonfinite", "'mean', 'sum' or 'none'": "reduction",
    "'none' or 'tanh'": "approximate", "'tanh' or 'relu'": "nonlinearity", "'cpu'": "device",
    "'cos' or 'linear'": "anneal_strategy", "'min' or 'max'": "mode", "a function": "lr_lambda",
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
