"""The tape: what a node is, and how gradients are walked back over the nodes.

A node points to its parents, never to its output, so a graph lives exactly as long as the tensors
that lead to it. Nodes are numbered as they are made; the walk back collects what is reachable and
goes through it by falling number, so neither depth nor sharing needs recursion.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from operator import attrgetter
from typing import Any

import numpy as np

from . import changes
from .anomaly import examine
from .modes import ALTER, ALTERATION, EXAMINE, RECORD
from .registry import OUTPUT, Function, Op, Plan
from .variable import Variable

Gradient = Any  # an array; where the walk itself is recorded, a Tensor

_NODE = "dtype hooks kept parents place plan prints serial shape tensor __weakref__"
_SERIAL = attrgetter("serial")


class Node:
    """One recorded operation, or a leaf: where its gradient goes and what its rules need."""

    __slots__ = _NODE.split()

    def __init__(self, plan: Any, parents: Any, kept: Any, like: Any, frame: Any) -> None:
        self.plan: Plan | None = plan
        self.parents: Sequence[Any] | None = parents  # nodes, or tuples of them; None once freed
        self.kept: tuple[Any, ...] = kept  # what `Plan.gather` gave
        self.shape, self.dtype = like.shape, like.dtype
        self.place: Any = frame and (frame.f_code, frame.f_lasti)
        self.serial: int = changes.next_serial()
        self.tensor: Any = None  # weakly, whose .grad is due: a leaf, or one that retains it
        self.hooks: dict[int, Callable[[Any], Any]] | None = None
        self.prints: list[tuple[np.ndarray, int]] | None = None  # of the user's arrays it keeps

    def __repr__(self) -> str:
        return f"<{self.plan.op.name if self.plan else 'leaf'}>"


def pull_back(
    roots: dict[Node, Gradient],
    inputs: Collection[Node] | None,
    retain_graph: bool = True,
    taped: bool = True,
    mode: int = RECORD,
) -> dict[Node, Gradient]:
    """The gradients with respect to ``inputs``, or to every leaf and retained node.

    Args:
        roots: the gradient of the loss with respect to each output.
        inputs: the nodes asked for; None for all whose tensor takes a ``.grad``.
        retain_graph: keep the graph; otherwise every node is freed as it is passed.
        taped: give the rules tensors, so that what they compute is itself recorded.
        mode: whether gradients are examined or altered.
    """
    order = collect(roots, inputs)
    leading = None if inputs is None else leading_to(inputs, order)
    grads = dict(roots)
    results: dict[Node, Gradient] = {}
    while order:
        node = order.pop()
        g = grads.pop(node, None)
        if g is None:
            continue
        if node.hooks:
            g = call_hooks(node.hooks.values(), g)
        if node.tensor is not None if inputs is None else node in inputs:
            results[node] = g
        plan, parents = node.plan, node.parents
        if plan is None or not parents:
            continue
        if leading is not None and leading.isdisjoint(flat(parents, parents)):
            continue
        if taped or leading is not None:
            made = pull_some(node, g, taped, leading)
        else:
            made = plan.pull(g, node.kept)
        if not retain_graph:
            node.parents = node.kept = node.prints = None
        if plan.is_nested:
            parents, made = flat(parents, parents), flat(made, parents)
        for parent, gradient in zip(parents, made):  # noqa: B905  # the check takes a tenth
            if gradient is None or parent is None:
                continue
            if mode != RECORD:
                gradient = looked_over(gradient, g, node, mode)
            if gradient.shape != parent.shape:
                gradient = unbroadcast(gradient, parent.shape, node)
            if gradient.dtype is not parent.dtype:
                gradient = gradient.astype(parent.dtype)
            held = grads.get(parent)
            grads[parent] = gradient if held is None else held + gradient
    return results


def collect(roots: Iterable[Node], inputs: Collection[Node] | None) -> list[Node]:
    """What is reachable from the roots, and not older than all inputs, by rising number.

    Everything that can be wrong with the graph is found here, before anything is changed.
    """
    latest = changes.latest_serial()
    lowest = 0 if inputs is None else min((node.serial for node in inputs), default=0)
    order = list(roots)
    seen = set(order)
    for node in order:
        parents = node.parents
        if parents is None:
            if inputs is not None and node in inputs:
                continue
            raise RuntimeError(
                f"backward: the graph behind {node} was freed by an earlier backward(); give that "
                "one retain_graph=True, or, where a state is carried on, carry state.detach()"
            )
        if node.kept and (latest > node.serial or node.prints):
            check_unchanged(node)
        for parent in flat(parents, parents) if node.plan and node.plan.is_nested else parents:
            if parent not in seen and parent is not None and parent.serial >= lowest:
                seen.add(parent)
                order.append(parent)  # and so the loop comes to it
    order.sort(key=_SERIAL)
    return order


def leading_to(inputs: Iterable[Node], order: Iterable[Node]) -> set[Node]:
    """The inputs, and of the nodes by rising number those that depend on them."""
    leading = set(inputs)
    for node in order:
        parents = node.parents or ()
        if not leading.isdisjoint(flat(parents, parents)):
            leading.add(node)
    return leading


def flat(values: Iterable[Any], parents: Sequence[Any]) -> list[Any]:
    """The values of each parent, with those of a tuple of parents one by one."""
    pairs = zip(values, parents, strict=True)
    return [v for value, p in pairs for v in (value if type(p) is tuple else (value,))]


def pull_some(node: Node, g: Gradient, taped: bool, leading: set[Node] | None) -> list[Gradient]:
    """What the plan pulls back, recorded or not, with None for parents that lead nowhere."""
    plan, parents, kept = node.plan, node.parents, node.kept
    assert plan is not None and parents is not None  # noqa: PT018
    wanted = [leading is None or not leading.isdisjoint(flat([p], [p])) for p in parents]
    if plan.op.backward is None:
        kept = kept_on_tape(node) if taped else kept
        return [
            rule(g, *[kept[i] for i in taken]) if is_wanted else None
            for (rule, taken), is_wanted in zip(plan.rules, wanted, strict=True)
        ]
    at = plan.sources  # of each argument, which parent it has
    if taped:
        nodes = [None if i is None or not wanted[i] else parents[i] for i in at[:-1]]
        found = pull_through(plan.op.composition, nodes, kept[:-1], g)
    else:
        found = plan.op.backward(g, tuple(i is not None and wanted[i] for i in at[:-1]), *kept)
    return [found[at.index(i)] for i in range(len(parents))]


def kept_on_tape(node: Node) -> list[Any]:
    """What a node kept, as tensors that lead to where the values came from."""
    values: list[Any] = []
    for value, source in zip(node.kept, node.plan.sources, strict=True):
        if source is not None:
            parent = node if source == OUTPUT else node.parents[source]
            wrap = Variable.result
            value = list(map(wrap, value, parent)) if type(parent) is tuple else wrap(value, parent)
        values.append(value)
    return values


def looked_over(gradient: Gradient, g: Gradient, node: Node, mode: int) -> Gradient:
    """A gradient as the mode wants it: examined, or altered."""
    if mode & EXAMINE:
        examine(f"the derivative of {node}", gradient, [g], node.place)
    return ALTERATION.get()(gradient) if mode & ALTER else gradient


def check_unchanged(node: Node) -> None:
    """Raise if memory that the node kept was changed in place after it was recorded."""
    kept = changes.arrays_in(node.kept)
    found = [(a, place) for a in kept if (place := changes.last_change(a, node.serial))]
    found += [(a, ()) for a, before in node.prints or () if changes.fingerprint(a) != before]
    for array, place in found:
        raise RuntimeError(
            f"backward: {node} at {changes.describe(node.place)} needs an array of shape "
            f"{array.shape} that was changed in place after it, at "
            f"{changes.describe(place) if place else 'an unknown place, through NumPy'}; change a "
            "copy, or change it after backward()"
        )


def unbroadcast(gradient: Gradient, shape: tuple[int, ...], node: Node) -> Gradient:
    """Sum a gradient over the axes along which ``shape`` was stretched."""
    lead = gradient.ndim - len(shape)
    summed = gradient.sum(axis=tuple(range(lead))) if lead > 0 else gradient
    sides = enumerate(zip(shape, summed.shape, strict=False))
    axes = tuple(i for i, (wanted, side) in sides if wanted == 1 != side)
    summed = summed.sum(axis=axes, keepdims=True) if axes else summed
    if summed.shape != shape:
        raise ValueError(
            f"backward: a rule of {node} expects to return the shape {shape} of its argument, or "
            f"one that it broadcasts to, got {gradient.shape}; correct the rule"
        )
    return summed


def call_hooks(hooks: Iterable[Callable[[Any], Any]], g: Gradient) -> Gradient:
    """The gradient after the hooks, each of which may look at it or return another."""
    for hook in list(hooks):
        taped = isinstance(g, Variable)
        shown = g if taped else Variable.result(np.asarray(g).view())
        shown._array.flags.writeable = taped  # others may hold the same memory
        answer = hook(shown)
        if answer is not None and np.shape(answer) != g.shape:
            raise ValueError(
                f"register_hook: a hook expects to return None or a gradient of shape {g.shape}, "
                f"got {np.shape(answer)}; correct the hook"
            )
        if answer is not None:
            g = answer if taped else np.array(answer, g.dtype)
    return g


def pull_through(composition: Function, parents: Any, inputs: Any, g: Gradient) -> list[Any]:
    """The gradients of a fused op by way of its composition, recorded."""
    nodes = [parent and alias(parent) for parent in parents]
    pairs = zip(inputs, nodes, strict=True)
    z = composition(*(Variable.result(x, node) if node else x for x, node in pairs))
    found = pull_back({z._node: g}, [node for node in nodes if node])
    return [node and found.get(node) for node in nodes]


def alias(node: Node) -> Node:
    """Another name of a node: what depends on it by this name can be told from what does not."""
    named = Node(_ALIAS, (node,), (), node, None)
    named.place = node.place
    return named


def _same(g: Gradient) -> Gradient:
    return g


_ALIAS_OP = Op(_same)
_ALIAS = Plan(_ALIAS_OP, _same, lambda g, kept: (g,), ((_same, ()),), (), False)
