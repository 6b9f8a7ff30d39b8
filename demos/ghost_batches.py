"""Batch normalisation by parts of a batch: the noise of small batches in steps on all examples."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import nn, tensor
from minigrad.nn import functional as F


class GhostBatchNorm(nn.Module):
    """Each of ``ghosts`` parts of a batch normalised by itself: ``(N, units)`` to the same shape.

    Rows whose number leaves the same remainder, divided by ``ghosts``, are one part; N is a
    multiple of it. In evaluation the running statistics of all parts are averaged (Hoffer, Hubara
    & Soudry 2017, algorithm 1).
    """

    def __init__(self, units: int, ghosts: int) -> None:
        self.ghosts = ghosts
        self.parts = nn.BatchNorm1d(units * ghosts, affine=False)  # a row is one row of each part
        self.weight = nn.Parameter(np.ones(units, np.float32))
        self.bias = nn.Parameter(np.zeros(units, np.float32))

    def forward(self, x: Any) -> Any:
        """The same shape."""
        if self.training:
            z = self.parts(x.reshape(-1, self.parts.num_features)).reshape(x.shape)
            return z * self.weight + self.bias
        running = self.parts.state_dict()
        mean, var = (
            tensor(running[name]).reshape(self.ghosts, -1).mean(axis=0)
            for name in ("running_mean", "running_var")
        )
        return F.batch_norm(x, mean, var, self.weight, self.bias, eps=self.parts.eps)
