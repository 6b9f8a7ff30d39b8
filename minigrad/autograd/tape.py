"""The tape: what a node is, and how gradients are walked back over the nodes.

A node points to its parents, never to its output, so a graph lives exactly as long as the tensors
that lead to it. Nodes are numbered as they are made; the walk back collects what is reachable and
goes through it by falling number, so neither depth nor sharing needs recursion.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import partial
from operator import attrgetter
from typing import Any, ClassVar

import numpy as np

from . import changes
from .anomaly import examine
from .registry import OUTPUT, Function, Op, Plan

Gradient = Any  # an array; where the walk itself is recorded, a Tensor
Edge = tuple[Any, Function, tuple[Any, ...]]  # parent, or a tuple of them; rule; kept values


class Node:
    """One recorded operation, or a leaf: where its gradient goes and what its rules need."""

    __slots__ = "dtype edges hooks place plan prints serial shape tensor __weakref__".split()

    def __init__(self, plan: Plan | None, edges: tuple[Edge, ...], like: Any, place: Any) -> None:
        self.plan = plan
        self.edges: tuple[Edge, ...] | None = edges  # None once freed
        self.shape, self.dtype = like.shape, like.dtype
        self.place = place
        self.serial = changes.next_serial()
        self.tensor: Any = None  # weakly, whose .grad is due: a leaf, or one that retains it
        self.hooks: dict[int, Callable[[Any], Any]] | None = None
        self.prints: list[tuple[np.ndarray, int]] | None = None  # of the user's arrays it keeps

    def __repr__(self) -> str:
        return f"<{self.plan.op.name if self.plan else 'leaf'}>"


class Variable:
    """An array and the node that made it: all that the tape knows of a tensor."""

    __slots__ = ("__weakref__", "_array", "_grad", "_node")

    result: ClassVar[Any]  # the class of what operations return

    def __init__(self, array: Any, node: Node | None = None) -> None:
        self._array: np.ndarray = array if type(array) is np.ndarray else np.asarray(array)
        self._node = node
        self._grad: Any = None


def pull_back(
    roots: dict[Node, Gradient],
    inputs: Collection[Node] | None,
    retain_graph: bool = True,
    taped: bool = True,
    examined: bool = False,
) -> dict[Node, Gradient]:
    """The gradients with respect to ``inputs``, or to every leaf and retained node.

    Args:
        roots: the gradient of the loss with respect to each output.
        inputs: the nodes asked for; None for all whose tensor takes a ``.grad``.
        retain_graph: keep the graph; otherwise every node is freed as it is passed.
        taped: give the rules tensors, so that what they compute is itself recorded.
        examined: raise at the first gradient that is not finite.
    """
    order, leading = collect(roots, inputs)
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
        edges = edges_on_tape(node) if taped else node.edges
        if leading is not None:
            edges = tuple(edge for edge in edges or () if leads(edge, leading))
        if not edges:
            continue
        if not retain_graph:
            node.edges = node.prints = None
        for parent, rule, kept in edges:
            made = rule(g, *kept)
            pairs = zip(parent, made, strict=True) if type(parent) is tuple else ((parent, made),)
            for one, gradient in pairs:
                if one is None or gradient is None:
                    continue
                if examined:
                    examine(f"the derivative of {node}", gradient, [g], node.place)
                if gradient.shape != one.shape:
                    gradient = unbroadcast(gradient, one.shape, node)
                if gradient.dtype is not one.dtype:
                    gradient = gradient.astype(one.dtype)
                held = grads.get(one)
                grads[one] = gradient if held is None else held + gradient
    return results


def collect(
    roots: Iterable[Node], inputs: Collection[Node] | None
) -> tuple[list[Node], set[Node] | None]:
    """What is reachable from the roots, by rising number, and which of it leads to ``inputs``.

    Everything that can be wrong with the graph is found here, before anything is changed.
    """
    latest = changes.latest_serial()
    lowest = 0 if inputs is None else min((node.serial for node in inputs), default=0)
    seen = set(roots)
    stack = list(seen)
    while stack:
        node = stack.pop()
        if node.edges is None:
            if inputs is not None and node in inputs:
                continue
            raise RuntimeError(
                f"backward: the graph behind {node} was freed by an earlier backward(); give that "
                "one retain_graph=True, or, where a state is carried on, carry state.detach()"
            )
        if node.edges and (latest > node.serial or node.prints):
            check_unchanged(node)
        for parent, _, _ in node.edges:
            for one in parent if type(parent) is tuple else (parent,):
                if one is not None and one not in seen and one.serial >= lowest:
                    seen.add(one)
                    stack.append(one)
    order = sorted(seen, key=attrgetter("serial"))
    if inputs is None:
        return order, None
    leading = set(inputs)
    for node in order:
        if any(leads(edge, leading) for edge in node.edges or ()):
            leading.add(node)
    return order, leading


def leads(edge: Edge, nodes: set[Node]) -> bool:
    """Whether an edge leads to one of the nodes."""
    parent = edge[0]
    return not nodes.isdisjoint(parent) if type(parent) is tuple else parent in nodes


def check_unchanged(node: Node) -> None:
    """Raise if memory that the node kept was changed in place after it was recorded."""
    kept = changes.arrays_in(kept for _, _, kept in node.edges or ())
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


def edges_on_tape(node: Node) -> tuple[Edge, ...]:
    """The edges of a node, with what it kept as tensors that lead to where the values came from."""
    edges, plan, wrap = node.edges, node.plan, Variable.result
    if plan is None or not edges:
        return ()
    if plan.op.composition is not None:
        parents, _, (_, *inputs, _) = edges[0]
        return ((parents, partial(pull_through, plan.op.composition, parents, inputs), ()),)

    def tensor_of(value: Any, source: int | None) -> Any:
        if source is None:
            return value
        parent = node if source == OUTPUT else edges[source][0]
        return list(map(wrap, value, parent)) if type(parent) is tuple else wrap(value, parent)

    return tuple(
        (parent, rule, tuple(map(tensor_of, kept, sources)))
        for (parent, rule, kept), sources in zip(edges, plan.sources, strict=True)
    )


def pull_through(composition: Function, parents: Any, inputs: Any, g: Gradient) -> list[Any]:
    """The gradients of a fused op by way of its composition, recorded."""
    nodes = [parent and alias(parent) for parent in parents]
    pairs = zip(inputs, nodes, strict=True)
    z = composition(*(Variable.result(x, node) if node else x for x, node in pairs))
    found = pull_back({z._node: g}, [node for node in nodes if node])
    return [node and found.get(node) for node in nodes]


def alias(node: Node) -> Node:
    """Another name of a node: what depends on it by this name can be told from what does not."""
    return Node(_ALIAS, ((node, _same, ()),), node, node.place)


def _same(g: Gradient) -> Gradient:
    return g


_ALIAS = Plan(Op(_same), _same, ((),))
