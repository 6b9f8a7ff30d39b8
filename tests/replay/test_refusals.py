"""What a step that is recorded may not do, each with its sentence."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, amp, nn, optim, tensor
from minigrad.autograd import grad
from minigrad.autograd.modes import MODE, RECORD, SCRIPT

from .twins import Job, after, batch


def branch(job: Job, x: Any, loss: Any) -> Any:
    if loss > 1.0:
        return loss * 2.0
    return loss


def hooked(job: Job, x: Any, loss: Any) -> Any:
    y = job.net[0].weight * 1.0
    y.register_hook(lambda g: g * 2.0)
    grad(y.sum(), job.net[0].weight)


def rounded(job: Job, x: Any, loss: Any) -> Any:
    with amp.emulate():
        return x * 1.1


def examined(job: Job, x: Any, loss: Any) -> Any:
    with mg.detect_anomaly():
        return x * 1.1


def scaled(job: Job, x: Any, loss: Any) -> Any:
    scaler = amp.GradScaler()
    scaler.scale(job.net(x).sum()).backward()
    scaler.unscale_(optim.SGD(nn.Linear(2, 2).parameters(), lr=0.1))


AVERAGED = nn.BatchNorm1d(3, momentum=None)
READ = {
    "item": (lambda job, x, loss: loss.item(), "a Python number"),
    "float": (lambda job, x, loss: float(loss), "a Python number"),
    "int": (lambda job, x, loss: int(loss), "a Python number"),
    "math": (lambda job, x, loss: math.sqrt(loss), "a Python number"),
    "format": (lambda job, x, loss: f"{loss:.3f}", "a Python number"),
    "bool": (branch, "a Python number"),
    "max": (lambda job, x, loss: max(x[0]), "a Python number"),
    "in": (lambda job, x, loss: 1.0 in x[0], "a Python number"),
    "text": (lambda job, x, loss: str(x), "the text of a tensor"),
    "tolist": (lambda job, x, loss: x.tolist(), r"tolist\(\)"),
    "numpy": (lambda job, x, loss: x.numpy(), r"numpy\(\)"),
    "asarray": (lambda job, x, loss: np.asarray(x), r"np.asarray\(t\)"),
    "index": (lambda job, x, loss: [1, 2, 3][x[0].argmax()], "an index of Python's"),
    "slice": (lambda job, x, loss: x[: x[0].argmax()], "an index of Python's"),
    "range": (lambda job, x, loss: range(x[0].argmax()), "an index of Python's"),
    "mask": (lambda job, x, loss: x[x > 0.0], "getitem with a result that depends on values"),
    "mask by list": (lambda job, x, loss: x[0][[True, False, True]], None),
    "delete": (lambda job, x, loss: np.delete(x[0], x[0] > 0.0), "delete with a result that"),
    "nonzero": (lambda job, x, loss: np.nonzero(x), "nonzero with a result that depends"),
    "where": (lambda job, x, loss: np.where(x > 0.0), "where with a result that depends"),
    "unique": (lambda job, x, loss: np.unique(x), "unique with a result that depends"),
    "allclose": (lambda job, x, loss: np.allclose(x, 0.0), "allclose with a result that"),
    "hook": (hooked, "a hook"),
    "emulate": (rounded, "a mode like detect_anomaly or emulate inside the step"),
    "anomaly": (examined, "a mode like detect_anomaly or emulate inside the step"),
    "scaler": (scaled, "load_state_dict, a GradScaler or the like"),
    "load": (
        lambda job, x, loss: job.net.load_state_dict(job.net.state_dict()),
        "load_state_dict, a GradScaler or the like",
    ),
    "momentum of batch norm": (
        lambda job, x, loss: AVERAGED(x),
        "a Python number",
    ),
}


@pytest.mark.parametrize("name", READ)
def test_what_takes_a_value_out(name: str) -> None:
    then, what = READ[name]
    job = Job(then)
    step = mg.compile(job.step)
    if what is None:  # a mask of Python's own is as fixed as an index
        found = [step(batch(i, 5, 3)).tolist() for i in range(4)]
        assert found == [batch(i, 5, 3)[0][[0, 2]].tolist() for i in range(4)]
        return
    wanted = f"compile: {what}.* takes a value out of the step.*choose by np.where, or return"
    for i in range(3):
        with pytest.raises(RuntimeError, match=wanted):
            step(batch(i, 5, 3))
    assert (MODE.get(), SCRIPT.get(None)) == (RECORD, None)
    assert step.text == ""
    if "scaler" not in name:
        assert job.facts() == after(3)


def test_hooks_that_come_between_calls() -> None:
    seen: list[Any] = []
    hooks: list[Callable[[Job], Any]] = [
        lambda job: job.net[0].register_forward_hook(lambda *_: seen.append(1)),
        lambda job: job.net[0].weight.register_hook(seen.append),
    ]
    for register in hooks:
        job = Job()
        step = mg.compile(job.step)
        for i in range(4):
            step(batch(i, 5, 3))
        register(job)
        with pytest.raises(RuntimeError, match="compile: a hook takes a value out of the step"):
            step(batch(4, 5, 3))
        assert seen == []


def test_a_hook_that_was_removed_is_none() -> None:
    job = Job()
    job.net.register_forward_hook(lambda *_: None).remove()
    step = mg.compile(job.step)
    for i in range(4):
        step(batch(i, 5, 3))
    assert job.facts() == after(4)
    handle = job.net.register_forward_hook(lambda *_: None)
    with pytest.raises(RuntimeError, match="compile: a hook takes a value out of the step"):
        step(batch(4, 5, 3))
    handle.remove()
    for i in range(5, 8):
        step(batch(i, 5, 3))


def counted(job: Job, x: Any, loss: Any) -> Any:
    job.count += 1
    return x * job.count


def drawn(job: Job, x: Any, loss: Any) -> Any:
    return x * np.random.default_rng().normal(size=3)


def taking_turns(job: Job, x: Any, loss: Any) -> Any:
    job.count += 1
    return np.sin(x) if job.count % 2 else np.cos(x)


def longer(job: Job, x: Any, loss: Any) -> Any:
    job.count += 1
    for _ in range(job.count):
        x = x + 1.0
    return x


def accumulated(job: Job, x: Any, loss: Any) -> Any:
    total = Tensor(np.zeros(3, np.float32))
    total[:2] += x[0, :2]
    return total


def added_at(job: Job, x: Any, loss: Any) -> Any:
    total = Tensor(np.zeros(3, np.float32))
    np.add.at(total, np.array([0, 1, 0]), x[0])
    return total


class Result:
    """An object of the user's own that holds a tensor."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


def leaf(job: Job, x: Any, loss: Any) -> Any:
    y = (x * 1.0).detach().requires_grad_()
    (y * y).sum().backward()
    return y.grad


UNLIKE = {
    "counter": (counted, r"'.*multiply\(x0, c\d+\)', then '.*multiply\(x0, c\d+\)'"),
    "draw": (drawn, r"in '.*multiply\(x0, c\d+\)' c\d+ was another"),
    "other branch": (taking_turns, r"'.*sin\(x0\)', then '.*cos\(x0\)'"),
    "longer": (longer, r"'.*', then '.*'"),
    "an array of its own": (accumulated, r"'getitem|'v\d+ = getitem.* c\d+ was another"),
    "added at": (added_at, r"in 'at\(c\d+, .*' c\d+ was another"),
    "an object": (lambda job, x, loss: Result(x * 2.0), r"in 'return .c\d+.*' c\d+ was another"),
    "a leaf of its own": (leaf, r"in 'add_to_grads\(\[c\d+\], .*' c\d+ was another"),
    "a generator": (
        lambda job, x, loss: nn.utils.clip_grad_norm_(parameters=job.net.parameters(), max_norm=1),
        "clip_grad_norm_",
    ),
}


@pytest.mark.parametrize("name", UNLIKE)
def test_what_is_not_the_same_twice(name: str) -> None:
    then, what = UNLIKE[name]
    job = Job(then)
    step = mg.compile(job.step)
    x = batch(0, 5, 3)
    job.net(tensor(x))
    step(x)
    wanted = f"compile: step did not do the same twice: .*{what}.*; give what changes as an arg"
    with pytest.raises(RuntimeError, match=wanted):
        step(x)
    twin = Job()
    for _ in range(2):
        twin.step(tensor(x))
    if name != "a generator":
        assert job.facts() == twin.facts()  # both runs were carried out


def test_an_argument_that_requires_grad() -> None:
    step = mg.compile(lambda x: (x * x).sum())
    wanted = (
        r"compile expects arguments that require no grad.*; call requires_grad_\(\) in the step"
    )
    for _ in range(4):
        step(tensor([1.0, 2.0]))
        with pytest.raises(ValueError, match=wanted):
            step(tensor([1.0, 2.0], requires_grad=True))


def test_a_gradient_that_backward_leaves_in_an_argument() -> None:
    @mg.compile
    def step(x: Any) -> Any:
        loss = (x.requires_grad_() * x).sum()
        loss.backward()
        return loss

    step(tensor([1.0, 2.0]))
    with pytest.raises(RuntimeError, match=r"in 'add_to_grads\(\[c\d+\], .*' c\d+ was another"):
        step(tensor([1.0, 2.0]))


def test_the_gradient_by_an_argument_is_asked_for() -> None:
    @mg.compile
    def step(x: Any) -> Any:
        return mg.autograd.grad((x.requires_grad_() ** 3).sum(), x)

    for i in range(4):
        (slope,) = step(tensor([1.0, float(i)]))
        assert slope.tolist() == [3.0, 3.0 * i * i]


@pytest.mark.parametrize("is_there", [False, True])
def test_a_gradient_that_is_there_at_one_time_and_not_at_another(is_there: bool) -> None:
    w = tensor([1.0, 2.0], requires_grad=True)

    @mg.compile
    def step(x: Any) -> Any:
        if w.grad is not None:
            w.grad.zero_()
        return x * w.detach()

    for _ in range(4):
        w.grad = [1.0, 1.0] if is_there else None
        step(np.ones(2))
    w.grad = None if is_there else [1.0, 1.0]
    was, now = ("a tensor", "NoneType") if is_there else ("None", "Tensor")
    with pytest.raises(RuntimeError, match=f"compile expects .grad to be {was} again, got {now};"):
        step(np.ones(2))


@pytest.mark.parametrize("value", [[np.ones(2)], 0.1, "sum", None, np.float32(1.0)])
def test_an_argument_that_is_no_array(value: Any) -> None:
    wanted = "compile expects arguments that are tensors or arrays, got .*; close over the rest"
    with pytest.raises(TypeError, match=wanted):
        mg.compile(lambda x, y: x)(np.ones(2), value)


def test_what_is_no_function() -> None:
    with pytest.raises(TypeError, match=r"compile expects a function, got .*int.*; give the step"):
        mg.compile(3)  # type: ignore[arg-type]
