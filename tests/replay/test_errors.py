"""Errors while a step is recorded or replayed, and the text that is run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim, tensor
from minigrad.autograd.modes import MODE, RECORD, SCRIPT
from minigrad.nn import functional as F

from .twins import Job, after, batch

# --- errors while running -----------------------------------------------------------------------


@pytest.mark.parametrize("when", [0, 1])
def test_an_error_of_the_step_leaves_nothing_on(when: int) -> None:
    def then(job: Job, x: Any, loss: Any) -> Any:
        job.count += 1
        if job.count == when + 1:
            raise KeyError("mine")
        return loss

    job = Job(then)
    step = mg.compile(job.step)
    for i in range(6):
        if i == when:
            with pytest.raises(KeyError, match="mine"):
                step(batch(i, 5, 3))
        else:
            step(batch(i, 5, 3))
        assert (MODE.get(), SCRIPT.get(None)) == (RECORD, None)
    assert job.facts() == after(6)
    assert job.count < 6  # the last was a replay


def test_an_error_of_a_replay_is_that_of_the_plain_step() -> None:
    job, twin = Job(), Job()
    step = mg.compile(job.step)
    bad = np.full((5, 3), np.inf, np.float32)
    for i in range(4):
        step(batch(i, 5, 3))
        twin.step(tensor(batch(i, 5, 3)))
    messages = []
    for call in step, twin.step:
        with np.errstate(all="ignore"), pytest.raises(RuntimeError, match=r"SGD\.step") as error:
            call(tensor(bad))
        messages.append(str(error.value))
    assert messages[0] == messages[1]
    assert job.facts() == twin.facts()
    step(batch(5, 5, 3))
    twin.step(tensor(batch(5, 5, 3)))
    assert job.facts() == twin.facts()


def test_checks_of_values_are_made_in_each_replay() -> None:
    net = nn.Linear(2, 3)
    step = mg.compile(lambda x, y: F.cross_entropy(net(x), y).detach())
    binary = mg.compile(lambda p: F.binary_cross_entropy(p, mg.ones(2)))
    good, bad = np.array([0, 1, 2]), np.array([0, 1, 3])
    for i in range(4):
        step(batch(i, 3, 2), good)
        binary(np.array([0.2, 0.1 * i], np.float32))
    with pytest.raises(ValueError, match="indices as integers from 0 to 2, got int64 3"):
        step(batch(0, 3, 2), bad)
    with pytest.raises(ValueError, match=r"probabilities in \[0, 1\], got 1.5"):
        binary(np.array([0.2, 1.5], np.float32))


def test_floats_that_are_not_finite_raise_as_before_when_set_to() -> None:
    step = mg.compile(lambda x: np.log(x))
    for _ in range(4):
        with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
            step(np.zeros(2))
        assert step(np.ones(2)).tolist() == [0.0, 0.0]


# --- the text -----------------------------------------------------------------------------------


def test_the_text_has_one_line_for_each_call() -> None:
    w = tensor([1.0, 2.0], requires_grad=True)
    descent = optim.SGD([w], lr=0.1)

    @mg.compile
    def step(x: Any) -> Any:
        """One step."""
        descent.zero_grad()
        loss = (np.sin(w * x) * 3.0).sum()
        loss.backward()
        descent.step()
        return {"loss": loss, "scale": 3.0}

    assert (step.text, step.__name__, step.__doc__) == ("", "step", "One step.")
    for _ in range(3):
        step(np.ones(2, np.float32))
    assert step.text == TEXT


TEXT = """\
def replay(x0):
    zero_grad(c0)
    multiply(c2, x0, out=b1)
    sin(b1, out=b2)
    multiply(b2, c5, out=b2)
    v3 = sum(b2)
    v4 = asarray(v3)
    v5 = spread(c8, (2,), None, None)
    multiply(v5, c5, out=b2)
    cos(b1, out=b1)
    multiply(b2, b1, out=b1)
    v5 = multiply(b1, x0)
    add_to_grads([c11], [Tensor(v5)], False)
    step(c0)
    return [Tensor(v4), 3.0]
"""
