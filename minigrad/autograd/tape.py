"""The tape: what a node is, and how gradients are walked back over the nodes.

A node points to its parents, never to its output, so a graph lives exactly as long as the tensors
that lead to it. Nodes are numbered as they are made; the walk back collects what is reachable and
goes through it by falling number, so neither depth nor sharing needs recursion.
"""

import sys
from collections.abc import Callable, Iterable
from functools import partial
from operator import attrgetter
from typing import Any

import numpy as np

from ..errors import examine, wrong_value
from . import memory
from .memory import Variable
from .modes import ALTER, ALTERATION, EXAMINE, MODE, RECORD, SCRIPT, refuse_reading
from .registry import OUTPUT, Function, Op, Plan

Gradient = Any  # an array; where the walk itself is recorded, a Tensor
Gradients = dict[Any, Gradient]  # by node

_SERIAL = attrgetter("serial")
_new = object.__new__


class Node:
    """One recorded operation, or a leaf: where its gradient goes and what its rules need.

    Attributes:
        plan: the `Plan` of its op; None of a leaf.
        parents: the nodes of the plan's arguments, None among those of a list; None once freed.
        kept: what `Plan.gather` gave.
        shape, dtype: of the output.
        by, at: the user's code that made it and the offset in that, under `detect_anomaly` with
            the path of the module; together they are ``place``.
        serial: its number in the order of making, which `memory` shares.
        tensor: weakly, whose ``.grad`` is due: a leaf, or one that retains it.
        hooks: what is called with its gradient, by key.
        prints: the user's own arrays among the kept ones, with their fingerprints.
    """

    __slots__ = "at by dtype hooks kept parents plan prints serial shape tensor __weakref__".split()

    # made when it is asked for: with a tuple for each node deep graphs take a tenth longer
    place = property(lambda n: (n.by, *n.at) if type(n.at) is tuple else (n.by, n.at))

    def __repr__(self) -> str:
        plan = getattr(self, "plan", None)
        return f"<{plan.op.name if plan else 'leaf'}>"


def record(plan: Plan | None, parents: Any, kept: Any, z: Any, frame: Any) -> Any:
    """A tensor of the array ``z`` with a node; ``frame`` is where the user's code called."""
    node: Any = _new(Node)  # no __init__, for its call would cost a tenth of an operation
    node.plan, node.parents, node.kept = plan, parents, kept
    node.shape, node.dtype = z.shape, z.dtype
    node.by, node.at, node.serial = frame.f_code, frame.f_lasti, memory.next_serial()
    node.tensor = node.hooks = node.prints = None
    tensor = _new(Variable.result)
    tensor._array, tensor._node, tensor._grad = z, node, None
    return tensor


def pull_back(roots: Gradients, inputs: Any, retain: bool = True, taped: bool = True,
              mode: int = RECORD) -> Gradients:  # fmt: skip
    """The gradients with respect to ``inputs``, or to every leaf and retained node.

    Args:
        roots: the gradient of the loss with respect to each output.
        inputs: the nodes asked for; None for all whose tensor takes a ``.grad``.
        retain: keep the graph; otherwise every node is freed as it is passed.
        taped: give the rules tensors, so that what they compute is itself recorded.
        mode: whether gradients are examined or altered.
    """
    order = collect(roots, inputs)
    leading = None if inputs is None else leading_to(inputs, order)
    grads = dict(roots)
    results: Gradients = {}
    while order:
        node = order.pop()
        g = grads.pop(node, None)
        if g is None:
            continue
        if node.hooks:
            g = call_hooks(node.hooks.values(), g)
        if node.tensor is not None if inputs is None else node in inputs:
            results[node] = g
        parents = node.parents
        if not parents or (leading is not None and leading.isdisjoint(parents)):
            continue
        if taped or leading is not None:
            made = pull_some(node, g, taped, leading)
        else:
            made = node.plan.pull(g, node.kept)
        if not retain:
            node.parents = node.kept = node.prints = None
        for parent, gradient in zip(parents, made):  # noqa: B905  # the check takes a tenth
            if gradient is None or parent is None:
                continue
            if mode != RECORD:
                gradient = looked_over(gradient, g, node, mode)
            if gradient.shape != parent.shape:
                gradient = unbroadcast(gradient, parent.shape, node)
            if gradient.dtype is not parent.dtype:
                gradient = gradient.astype(parent.dtype)
            if parent in grads:
                gradient = grads[parent] + gradient
            grads[parent] = gradient
    return results


def collect(roots: Iterable[Any], inputs: Any) -> list[Any]:
    """What is reachable from the roots, and not older than all inputs, by rising number.

    Everything that can be wrong with the graph is found here, before anything is changed.
    """
    latest = memory.latest
    lowest = 0 if inputs is None else min((node.serial for node in inputs), default=0)
    order = list(roots)
    seen = {None, *order}
    for node in order:
        parents = node.parents
        if parents is None:
            if inputs is not None and node in inputs:
                continue
            raise RuntimeError(f"backward: the graph behind {node} was freed by an earlier "
                               "backward(); give that one retain_graph=True, or, where a state is "
                               "carried on, carry state.detach()")  # fmt: skip
        if (latest > node.serial or node.prints) and node.kept:
            check_unchanged(node)
        for parent in parents:
            if parent not in seen and parent.serial >= lowest:
                seen.add(parent)
                order.append(parent)  # and so the loop comes to it
    order.sort(key=_SERIAL)
    return order


def leading_to(inputs: Iterable[Any], order: Iterable[Any]) -> set[Any]:
    """The inputs, and of the nodes by rising number those that depend on them."""
    leading = set(inputs)
    for node in order:
        if not leading.isdisjoint(node.parents or ()):
            leading.add(node)
    return leading


def pull_some(node: Any, g: Gradient, taped: bool, leading: Any) -> Any:
    """The gradients of a node's parents, recorded or not, with None for those that lead nowhere."""
    plan, parents, kept = node.plan, node.parents, node.kept
    wanted = plan.names
    if leading is not None and not leading.issuperset(parents):
        idle = (k for k, at in plan.slots.items() if type(at) is int and parents[at] not in leading)
        wanted = wanted.difference(idle)
    if taped and plan.op.composition is not None:
        if not MODE.get() & RECORD:  # to be replayed: the kernel itself
            made = SCRIPT.get().written(plan.pull_for(wanted))(g._array, kept)
            return [x if x is None else Variable.result(x) for x in made]
        nodes = [parents[plan.slots[name]] if name in wanted else None for name in plan.op.index]
        found = pull_through(plan.op.composition, nodes, kept[:-1], g)
        return [found[plan.op.index[name]] for name in plan.slots]
    kept = list(map(partial(on_tape, node), kept, plan.sources)) if taped else kept
    return plan.pull(g, kept) if wanted is plan.names else plan.pull_for(wanted)(g, kept)


def on_tape(node: Any, value: Any, source: Any) -> Any:
    """What a node kept, as a tensor that leads to where the value came from."""
    if source is None:
        return Variable.result(value) if type(value) is np.ndarray else value
    if isinstance(source, slice):
        return list(map(Variable.result, value, node.parents[source]))
    return Variable.result(value, node if source == OUTPUT else node.parents[source])


def looked_over(gradient: Gradient, g: Gradient, node: Any, mode: int) -> Gradient:
    """A gradient as the mode wants it: examined, or altered."""
    if mode & EXAMINE:
        examine(f"the derivative of {node}", gradient, [g], memory.describe(node.place))
    return ALTERATION.get()(gradient) if mode & ALTER else gradient


def check_unchanged(node: Any) -> None:
    """Raise if memory that the node kept was changed in place after it was recorded."""
    kept = memory.arrays_in(node.kept)
    found = [(a, place) for a in kept if (place := memory.last_change(a, node.serial))]
    found += [(a, ()) for a, before in node.prints or () if memory.fingerprint(a) != before]
    for array, place in found:
        where = memory.describe(place) if place else "an unknown place, through NumPy"
        raise RuntimeError(f"backward: {node} at {memory.describe(node.place)} needs an array of "
                           f"shape {array.shape} that was changed in place after it, at {where}; "
                           "change a copy, or change it after backward()")  # fmt: skip


def unbroadcast(gradient: Gradient, shape: tuple[int, ...], node: Any) -> Gradient:
    """Sum a gradient over the axes along which ``shape`` was stretched."""
    lead = gradient.ndim - len(shape)
    pairs = list(zip(gradient.shape, (1,) * lead + shape, strict=False))
    if lead < 0 or any(side != wanted != 1 for side, wanted in pairs):
        wanted = f"a gradient of shape {shape} as its argument has, or one that it broadcasts to"
        raise wrong_value(f"a rule of {node}", wanted, gradient.shape, "correct the rule")
    axes = tuple(i for i, (side, wanted) in enumerate(pairs) if i < lead or side != wanted)
    summed = gradient.sum(axes) if axes else gradient
    return summed if summed.shape == shape else summed.reshape(shape)


def call_hooks(hooks: Iterable[Callable[[Any], Any]], g: Gradient) -> Gradient:
    """The gradient after the hooks, each of which may look at it or return another."""
    for hook in list(hooks):
        refuse_reading("a hook")
        taped = isinstance(g, Variable)
        shown = g if taped else Variable.result(np.asarray(g).view())
        shown._array.flags.writeable = taped  # others may hold the same memory
        answer = hook(shown)
        if np.shape(g if answer is None else answer) != g.shape:
            wanted = f"a hook to return None or a gradient of shape {g.shape}"
            raise wrong_value("register_hook", wanted, np.shape(answer), "correct the hook")
        g = g if answer is None else answer if taped else np.array(answer, g.dtype)
    return g


def pull_through(composition: Function, parents: Any, inputs: Any, g: Gradient) -> list[Any]:
    """The gradients of a fused op by way of its composition, recorded."""
    nodes = [parent and alias(parent) for parent in parents]
    pairs = zip(inputs, nodes, strict=True)
    z = composition(*(Variable.result(x, node) if node else x for x, node in pairs))
    found = pull_back({z._node: g}, [node for node in nodes if node])
    return [node and found.get(node) for node in nodes]


def alias(node: Any) -> Any:
    """Another name of a node: what depends on it by this name can be told from what does not."""
    return record(_SAME.plan_of(1), (node,), (), node, sys._getframe())._node


_SAME = Op(lambda x: x)
_SAME.set_rules({"x": lambda g: g})
