"""A step and its twin: one eager, one compiled, side by side, equal to the last bit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import minigrad as mg
from minigrad import Tensor, nn, optim, tensor
from minigrad.creation import default_generator

CALLS = 8
Make = Callable[[], tuple[Callable[..., Any], Any]]


def batch(i: int, *shape: int) -> np.ndarray:
    """Normal float32 numbers, others for each call."""
    return np.random.default_rng([i, *shape]).standard_normal(shape).astype(np.float32)


def facts(value: Any) -> Iterator[Any]:
    """All that can be read of a value, arrays as their bytes."""
    if isinstance(value, nn.Module):
        yield from (facts_of for t in value.state_dict().values() for facts_of in facts(t))
        yield from (facts_of for p in value.parameters() for facts_of in facts(p))
        yield [module.training for module in value.modules()]
    elif isinstance(value, optim.Optimizer):
        yield from facts(value.state_dict())
        yield value.clipping
    elif isinstance(value, optim.lr_scheduler.LRScheduler):
        yield value.get_last_lr(), value.last_epoch
    elif isinstance(value, np.random.Generator):
        yield str(value.bit_generator.state)
    elif isinstance(value, Tensor):
        array = value.detach().numpy()
        yield array.dtype, array.shape, array.tobytes()
        yield from facts(value.grad)
    elif isinstance(value, np.ndarray):
        yield value.dtype, value.shape, value.tobytes()
    elif isinstance(value, dict):
        yield from facts([*value.items()])
    elif isinstance(value, (list, tuple)):
        yield type(value), len(value)
        yield from (facts_of for part in value for facts_of in facts(part))
    else:
        yield value


class Twin:
    """A step with the state it works on, and a random stream of its own."""

    def __init__(self, make: Make, compiled: bool) -> None:
        mg.manual_seed(5)
        self.eager, self.state = make()
        self.step = mg.compile(self.eager) if compiled else self.eager
        self.random = default_generator.get_state()
        self.held: list[Any] = []  # results and gradients, as a caller might keep them

    def call(self, change: Any, *args: Any) -> list[Any]:
        default_generator.set_state(self.random)
        if change is not None:
            change(self.state)
        copies = [Tensor(x.copy("K")) if isinstance(x, np.ndarray) else x for x in args]
        result = self.step(*copies)
        self.random = default_generator.get_state()
        self.held += [result, [p.grad for p in tensors(self.state)]]
        return [*facts(result), *facts(self.state), *facts(copies)]


def tensors(state: Any) -> list[Tensor]:
    if isinstance(state, nn.Module):
        return [*state.parameters()]
    if isinstance(state, (list, tuple)):
        return [t for part in state for t in tensors(part)]
    return [state] if isinstance(state, Tensor) else []


def agree(
    make: Make,
    inputs: Callable[[int], tuple[Any, ...]],
    calls: int = CALLS,
    changes: dict[int, Callable[[Any], Any]] | None = None,
    is_replayed: bool = True,
) -> mg.compile:
    """Run both twins; each call leaves the same bits in results, arguments and state.

    ``changes`` are done to the state before the call of that number. Last of all, what a caller
    kept of all calls is compared: later ones must not have written over it.
    """
    twins = [Twin(make, compiled) for compiled in (False, True)]
    for i in range(calls):
        wanted, found = (twin.call((changes or {}).get(i), *inputs(i)) for twin in twins)
        assert found == wanted, f"call {i}"
    assert list(facts(twins[1].held)) == list(facts(twins[0].held))
    step: Any = twins[1].step
    assert any(program.is_sure for program in step.programs.values()) is is_replayed
    return step  # type: ignore[no-any-return]


def training(module: Any, optimizer: Any = None, loss: Any = None, **options: Any) -> Make:
    """How to make a step that trains a module, ``module()``, by ``loss(output, ...)``."""

    def make() -> tuple[Callable[..., Any], Any]:
        net = module()
        descent = (optimizer or optim.SGD)(net.parameters(), lr=0.05, **options)

        def step(x: Any, *targets: Any) -> Any:
            descent.zero_grad()
            z = net(x)
            parts = [part for part in flat(z) if part.requires_grad]
            value = loss(z, *targets) if loss else sum((part**2).mean() for part in parts)
            value.backward()
            descent.step()
            return value, z

        return step, [net, descent]

    return make


def flat(value: Any) -> list[Any]:
    return (
        [part for v in value for part in flat(v)] if isinstance(value, (list, tuple)) else [value]
    )


def facts_of(value: Any) -> list[Any]:
    return list(facts(value))


def of_weight(step: Callable[[Any, Any], Any], **options: Any) -> Make:
    """How to make ``step(w, x)`` with a weight of its own, of shape (3,)."""

    def make() -> tuple[Callable[..., Any], Any]:
        w = tensor(batch(99, 3), requires_grad=True, **options)
        return lambda *x: step(w, *x), w

    return make


def rows(i: int) -> tuple[np.ndarray]:
    return (batch(i, 4, 3),)


def same_at_first(i: int) -> tuple[np.ndarray]:
    """The same in both recorded runs, where what is not written down would go unnoticed."""
    return rows(max(i, 1))


class Job:
    """A small network in training, and a step that does something else after its update."""

    def __init__(self, then: Callable[[Job, Any, Any], Any] | None = None) -> None:
        mg.manual_seed(1)
        self.net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
        self.descent = optim.SGD(self.net.parameters(), lr=0.1, momentum=0.9)
        self.count, self.then = 0, then

    def step(self, x: Any) -> Any:
        self.descent.zero_grad()
        loss = (self.net(x) ** 2).mean()
        loss.backward()
        self.descent.step()
        return loss if self.then is None else self.then(self, x, loss)

    def facts(self) -> list[Any]:
        return list(facts([self.net, self.descent]))


def after(calls: int) -> list[Any]:
    """The state after that many plain steps."""
    job = Job()
    for i in range(calls):
        job.step(tensor(batch(i, 5, 3)))
    return job.facts()
