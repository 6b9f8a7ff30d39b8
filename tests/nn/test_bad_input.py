"""Bad input: one sentence that says who, what was expected, what came and what to do."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.nn import functional as F, init

X = mg.ones(5, 3)
NAN = math.nan


class Listed(nn.Module):
    def __init__(self) -> None:
        self.layers = nn.ModuleList([nn.Tanh()])
        self.layers.append(3)


CASES: list[tuple[Any, type[Exception], str]] = [
    # constructors of layers
    (lambda: nn.Linear(0, 2), ValueError, "Linear expects in_features as a whole number .* got 0"),
    (lambda: nn.Linear(2, -1), ValueError, "out_features .* got -1"),
    (lambda: nn.Linear(2, 1.5), ValueError, "out_features .* got 1.5"),
    (lambda: nn.Linear("2", 1), ValueError, "in_features .* got '2'"),
    (lambda: nn.Linear(2, 1, bias=1.0), ValueError, "Linear expects bias as True or False"),
    (lambda: nn.Linear(2, 1, dtype=np.int64), TypeError, "floats, got int64"),
    (lambda: nn.Embedding(0, 2), ValueError, "Embedding expects num_embeddings .* got 0"),
    (lambda: nn.Flatten("a"), ValueError, "Flatten expects start_dim .* got 'a'"),
    (lambda: nn.LeakyReLU(NAN), ValueError, "LeakyReLU expects negative_slope .* got nan"),
    (lambda: nn.LeakyReLU(None), TypeError, "LeakyReLU expects negative_slope .* got None"),
    (lambda: nn.LeakyReLU(0.1, 0.2, 0.3), TypeError, "LeakyReLU expects .* too many"),
    (lambda: nn.ReLU(slope=1.0), TypeError, "ReLU expects .* unexpected keyword argument 'slope'"),
    (lambda: nn.ELU(math.inf), ValueError, "ELU expects alpha .* got inf"),
    (lambda: nn.GELU("erf"), ValueError, "GELU expects approximate as 'none' or 'tanh', got 'erf'"),
    (lambda: nn.Softplus(0.0), ValueError, "Softplus expects beta .* got 0.0"),
    (lambda: nn.Softplus(1.0, NAN), ValueError, "Softplus expects threshold .* got nan"),
    (lambda: nn.Softmax(), TypeError, "Softmax expects .* missing a required argument: 'dim'"),
    (lambda: nn.Softmax("x"), ValueError, "Softmax expects dim as a whole number"),
    (lambda: nn.PReLU(0), ValueError, "PReLU expects num_parameters .* got 0"),
    (lambda: nn.PReLU(init=NAN), ValueError, "PReLU expects init .* got nan"),
    (lambda: nn.Dropout(1.5), ValueError, "Dropout expects p as a number in .*, got 1.5"),
    (lambda: nn.Dropout(-0.1), ValueError, "Dropout expects p .* got -0.1"),
    (lambda: nn.Dropout(0.5, True), TypeError, "Dropout expects .* too many positional"),
    (lambda: nn.Dropout(NAN), ValueError, "Dropout expects p .* got nan"),
    (lambda: nn.Dropout("half"), ValueError, "Dropout expects p .* got 'half'"),
    # constructors of losses
    (lambda: nn.MSELoss("max"), ValueError, "MSELoss expects reduction as 'mean', 'sum' or 'none'"),
    (lambda: nn.HuberLoss(delta=0.0), ValueError, "HuberLoss expects delta .* got 0.0"),
    (lambda: nn.SmoothL1Loss(beta=-1.0), ValueError, "SmoothL1Loss expects beta .* got -1.0"),
    (lambda: nn.CrossEntropyLoss(label_smoothing=1.1), ValueError, "label_smoothing .* got 1.1"),
    (lambda: nn.CrossEntropyLoss(ignore_index=0.5), ValueError, "ignore_index .* got 0.5"),
    (lambda: nn.NLLLoss(reduction=None), TypeError, "NLLLoss expects reduction .* got None"),
    (
        lambda: nn.BCEWithLogitsLoss(pos_weight=nn.Parameter(1.0)),
        RuntimeError,
        "derivative would be lost",
    ),
    # containers and modules
    (lambda: nn.Sequential(nn.Tanh(), np.tanh), TypeError, "Sequential expects modules, got ufunc"),
    (lambda: nn.ModuleList([1]), TypeError, "ModuleList expects modules, got int as number 0"),
    (lambda: nn.ModuleDict({"a": 1}), TypeError, "ModuleDict expects modules, got int as number a"),
    (
        lambda: list(Listed().parameters()),
        TypeError,
        "ModuleList expects modules, got int as number 1",
    ),
    (lambda: nn.Module()(1.0), TypeError, "Module has no forward; define one"),
    (lambda: nn.Tanh().to(np.int64), TypeError, "Module.to expects a float dtype"),
    (lambda: nn.Tanh().load_state_dict([1]), TypeError, "dictionary"),
    # calls
    (lambda: nn.Linear(3, 2)(mg.ones(5, 4)), ValueError, r"shape \(\.\.\., 3\), got \(5, 4\)"),
    (lambda: nn.Linear(3, 2)(mg.tensor(1.0)), ValueError, r"Linear expects inputs .* got \(\)"),
    (
        lambda: nn.Linear(3, 2)(mg.tensor([1, 2, 3])),
        TypeError,
        "Linear expects inputs of floats, got int64",
    ),
    (lambda: F.linear(X, mg.ones(3)), ValueError, r"its weight being \(3,\)"),
    (lambda: F.linear(X, mg.ones(2, 3), mg.ones(3)), ValueError, r"its bias \(3,\)"),
    (lambda: F.linear(X, mg.ones(2, 3), mg.ones(5, 2)), ValueError, "bias"),
    (
        lambda: nn.Embedding(3, 2)(mg.tensor([0, 3])),
        ValueError,
        "embedding expects indices .* 0 to 2, got int64 3",
    ),
    (lambda: nn.Embedding(3, 2)(mg.tensor([-1])), ValueError, "embedding expects .* got int64 -1"),
    (lambda: nn.Embedding(3, 2)(mg.tensor([1.0])), ValueError, "embedding expects .* got float32"),
    (
        lambda: nn.Softmax(2)(X),
        ValueError,
        r"softmax expects dim as an axis of shape \(5, 3\), got 2",
    ),
    (lambda: F.log_softmax(X, -3), ValueError, "softmax expects dim as an axis"),
    (lambda: nn.Flatten(3)(X), ValueError, "flatten expects dim as an axis"),
    (lambda: nn.PReLU(2)(X), ValueError, "prelu expects 1 weight"),
    (lambda: F.dropout(X, NAN), ValueError, "dropout expects p .* got nan"),
    (lambda: F.dropout(X, 2), ValueError, "dropout expects p .* got 2"),
    (lambda: F.gelu(X, "x"), ValueError, "gelu expects approximate"),
    (lambda: F.softplus(X, 0.0), ValueError, "softplus expects beta"),
    (lambda: F.clip_gradient(X), ValueError, "clip_gradient expects value= or norm=, got neither"),
    (lambda: F.clip_gradient(X, 1.0, 1.0), ValueError, "clip_gradient expects value= or norm="),
    (lambda: F.clip_gradient(X, value=-1.0), ValueError, "clip_gradient expects value .* got -1.0"),
    (lambda: F.clip_gradient(X, norm=NAN), ValueError, "clip_gradient expects norm .* got nan"),
    (lambda: F.scale_gradient(X, math.inf), ValueError, "scale_gradient expects factor .* got inf"),
    (lambda: F.scale_gradient(X, X), TypeError, "scale_gradient expects factor"),
    # losses
    (lambda: F.mse_loss(mg.ones(3, 1), mg.ones(3)), ValueError, r"mse_loss .* \(3, 1\) and \(3,\)"),
    (lambda: F.mse_loss(X, X, "max"), ValueError, "'mean', 'sum' or 'none'"),
    (
        lambda: F.mse_loss(mg.ones(0), mg.ones(0)),
        ValueError,
        "expects some losses to take the mean of",
    ),
    (lambda: F.l1_loss(mg.ones(2), mg.ones(3)), ValueError, "l1_loss expects input and target"),
    (lambda: F.l1_loss(mg.ones(0), mg.ones(0)), ValueError, "expects some losses"),
    (lambda: F.huber_loss(X, X, delta=-1.0), ValueError, "huber_loss expects delta"),
    (lambda: F.huber_loss(X, mg.ones(5, 1)), ValueError, "huber_loss expects input and target"),
    (lambda: F.smooth_l1_loss(X, X, beta=-1.0), ValueError, "huber_loss expects delta"),
    (lambda: F.binary_cross_entropy(2.0 * X, X), ValueError, r"probabilities in \[0, 1\], got 2.0"),
    (lambda: F.binary_cross_entropy(NAN * X, X), ValueError, "probabilities .* got nan"),
    (lambda: F.binary_cross_entropy(X, mg.ones(3)), ValueError, "input and target of one shape"),
    (lambda: F.binary_cross_entropy_with_logits(X, mg.ones(3)), ValueError, "one shape"),
    (
        lambda: F.cross_entropy(mg.ones(3), np.array([1])),
        ValueError,
        r"class indices of shape \(\)",
    ),
    (lambda: F.cross_entropy(mg.tensor(1.0), np.array(1)), ValueError, r"floats \(C,\)"),
    (lambda: F.cross_entropy(mg.ones(2, 0), np.array([0, 0])), ValueError, r"floats \(C,\)"),
    (lambda: F.cross_entropy(mg.eye(2, dtype=int), np.array([0, 1])), ValueError, r"floats \(C,\)"),
    (
        lambda: F.cross_entropy(mg.ones(2, 3), np.ones(2)),
        ValueError,
        r"one shape, got \(2, 3\) and \(2,\)",
    ),
    (
        lambda: F.cross_entropy(mg.ones(2, 3), np.array([0, 3])),
        ValueError,
        "from 0 to 2, got int64 3",
    ),
    (lambda: F.cross_entropy(mg.ones(2, 3), np.array([-1, 0])), ValueError, "got int64 -1"),
    (lambda: F.cross_entropy(mg.ones(2, 3), np.array([True, False])), ValueError, "got bool"),
    (lambda: F.cross_entropy(X, np.zeros(5, int), mg.ones(2)), ValueError, r"a weight \(C,\), got"),
    (lambda: F.cross_entropy(X, np.full(5, -100)), ValueError, "expects some losses"),
    (lambda: F.cross_entropy(mg.ones(0, 3), np.zeros(0, int)), ValueError, "expects some losses"),
    (
        lambda: F.cross_entropy(X, np.zeros(5, int), label_smoothing=NAN),
        ValueError,
        "label_smoothing",
    ),
    (lambda: F.nll_loss(X, np.zeros((5, 1), int)), ValueError, r"nll_loss expects class indices"),
    # initialisers
    (lambda: init.uniform_(X, 1.0, 0.0), ValueError, "uniform_ expects a <= b, got 1.0 and 0.0"),
    (lambda: init.uniform_(X, NAN), ValueError, "uniform_ expects a .* got nan"),
    (lambda: init.normal_(X, std=-1.0), ValueError, "normal_ expects std .* got -1.0"),
    (lambda: init.trunc_normal_(X, std=0.0), ValueError, "trunc_normal_ expects std .* got 0.0"),
    (lambda: init.trunc_normal_(X, a=2.0), ValueError, "trunc_normal_ expects a < b"),
    (lambda: init.constant_(X, "a"), ValueError, "constant_ expects val .* got 'a'"),
    (lambda: init.eye_(mg.ones(3)), ValueError, "not enough values to unpack"),
    (lambda: init.xavier_normal_(mg.ones(3)), ValueError, "2 axes"),
    (lambda: init.xavier_uniform_(mg.zeros(0, 3)), ValueError, "not empty"),
    (lambda: init.kaiming_normal_(X, mode="in"), ValueError, "'fan_in' or 'fan_out', got 'in'"),
    (lambda: init.kaiming_uniform_(X, NAN), ValueError, "negative_slope .* got nan"),
    (lambda: init.orthogonal_(mg.ones(3)), ValueError, "2 axes"),
    (lambda: init.calculate_gain("swish"), ValueError, "calculate_gain expects one of .* 'swish'"),
    (lambda: init.zeros_(np.ones(3)), TypeError, "expects a tensor of floats, got ndarray"),
    (lambda: init.normal_(mg.arange(3)), TypeError, "expects a tensor of floats, got int64"),
]


@pytest.mark.parametrize(("call", "error", "words"), CASES, ids=[words for *_, words in CASES])
def test_bad_input_gets_one_sentence(call: Any, error: type[Exception], words: str) -> None:
    before = X.tolist()
    with pytest.raises(error, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)
    assert X.tolist() == before  # nothing half-changed


def test_an_empty_batch_is_passed_through_all_layers() -> None:
    net = nn.Sequential(
        nn.Linear(3, 4), nn.PReLU(4), nn.Dropout(), nn.GELU(), nn.Softmax(1), nn.Flatten()
    )
    assert net(mg.ones(0, 3)).shape == (0, 4)
    assert F.mse_loss(mg.ones(0), mg.ones(0), "sum").item() == 0.0
    assert F.cross_entropy(mg.ones(0, 3), np.zeros(0, int), reduction="none").shape == (0,)
