"""The tensor: an array that may require grad, with PyTorch's names and NumPy's protocols."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from dis import opmap
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ..errors import expect, tensor_text, wrong_kind, wrong_state, wrong_value
from .memory import Variable, mark_changed
from .modes import EXAMINE, MODE, RECORD, REPLAY, SCRIPT, refuse_reading, replayed, switched
from .operators import Operators
from .record import constant, dispatch, refuse_detaching
from .tape import pull_back, record


class Tensor(Operators):
    """An array with a gradient: NumPy's operators, methods and functions record themselves.

    ``Tensor(array)`` shares the memory of the array; `minigrad.tensor` copies.

    >>> x = Tensor(np.array([1.0, 2.0])).requires_grad_()
    >>> y = (np.sin(x) * x).sum()
    >>> y.backward()
    >>> x.grad
    tensor([1.3818, 0.077 ], dtype=float64)
    """

    __slots__ = ()

    default_dtype: ClassVar[np.dtype[Any]] = np.dtype(np.float32)  # what Python floats become

    shape, dtype = property(attrgetter("_array.shape")), property(attrgetter("_array.dtype"))
    ndim, size = property(attrgetter("_array.ndim")), property(attrgetter("_array.size"))

    # whether operations on it are recorded; whether none made it; the one that made it
    requires_grad = property(lambda t: t._node is not None, lambda t, on: t.requires_grad_(on))
    is_leaf = property(lambda t: t._node is None or t._node.plan is None)
    grad_fn = property(lambda t: None if t.is_leaf else t._node)

    def detach(self) -> Tensor:
        """The same memory without the graph: what is done to it is not recorded."""
        if MODE.get() & REPLAY:
            SCRIPT.get().written(None, (self,))  # what is used is this one, which may be bound anew
        return Tensor(self._array)

    def _bind(self, value: Any) -> None:
        if getattr(value, "_array", value) is not self._array:
            put_data(self, value)

    data = property(detach, _bind)  # assigning copies

    @property
    def grad(self) -> Tensor | None:
        """The gradient that `backward` has summed up here, None before. Assigning copies."""
        if MODE.get() & REPLAY and self.is_leaf:
            return held_grad(self, self._grad is not None)  # type: ignore[no-any-return]  # as below
        return self._grad  # type: ignore[no-any-return]  # a Variable knows no Tensor

    @grad.setter
    @replayed
    def grad(self, value: Any) -> Any:
        self._grad = None if value is None else Tensor(self._alike("grad", value))
        return self._grad

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Make it a leaf whose gradient `backward` computes; floats only. Returns itself."""
        if requires_grad and self._node is None:
            if self.dtype.kind not in "fc":
                mend = "convert it with .astype(np.float32) or give dtype="
                raise wrong_kind("requires_grad", "a tensor of floats", self.dtype, mend)
            self._node = record(None, (), (), self._array, sys._getframe())._node
            self._node.tensor = weakref.ref(self)
        elif not requires_grad:
            self._check_leaf("requires_grad_(False)", "use .detach() for one without the graph")
            self._node = None
        return self

    def backward(self, gradient: Any = None, retain_graph: bool | None = None,
                 create_graph: bool = False) -> None:  # fmt: skip
        """Add the gradient of this tensor with respect to every leaf to the leaf's ``.grad``.

        Args:
            gradient: the gradient of the loss with respect to this tensor, of its shape; may be
                left out for one element, where it is 1.
            retain_graph: keep the graph for another pass; by default as ``create_graph``.
            create_graph: record the pass itself, so that gradients can be differentiated.

        Raises:
            RuntimeError: if nothing was recorded, if the graph was freed by an earlier pass, or
                if an array that it needs was changed in place.
            ValueError: if ``gradient`` is missing or of another shape.
        """
        results = _gradients([self], [gradient], None, retain_graph, create_graph)
        tensors = [node.tensor() for node in results]
        add_to_grads(tensors, _owned(results.values()), create_graph)

    def register_hook(self, hook: Callable[[Tensor], Any]) -> Handle:
        """Call ``hook(gradient)`` when the gradient of this tensor is known.

        What it returns, if not None, takes the gradient's place. It must not change its argument.
        """
        return Handle(self._tracked_node("register_hook"), hook)

    def retain_grad(self) -> None:
        """Keep the gradient of a tensor that is not a leaf in its ``.grad`` as well."""
        self._tracked_node("retain_grad").tensor = weakref.ref(self)

    clone = Operators.copy  # on the tape

    def numpy(self) -> np.ndarray:
        """The array itself, sharing memory: changes made to it by NumPy leave no trace here."""
        refuse_detaching("numpy()", self._node)
        return self._read("numpy()")

    def item(self) -> Any:
        """The one element as a Python number."""
        if self.size != 1:
            wanted, given = "a tensor of one element", f"shape {self.shape}"
            raise wrong_value("a Python number", wanted, given, "use .tolist(), or reduce it first")
        return self._read("a Python number").item()

    def tolist(self) -> Any:
        """The elements as nested lists of Python numbers."""
        return self._read("tolist()").tolist()

    def __float__(self) -> float:
        caller = sys._getframe(1)  # NumPy asks for a float where array[i] = t is executed
        if caller.f_code.co_code[caller.f_lasti] == opmap["STORE_SUBSCR"]:
            refuse_detaching("array[i] = t", self._node)
        return float(self.item())

    __int__, __bool__ = (lambda t: int(t.item())), (lambda t: bool(t.item()))
    __index__ = property(lambda t: t._read("an index of Python's").__index__)

    def __len__(self) -> int:
        expect(self.ndim, "len()", "a tensor with an axis", "shape ()", "use .item()", TypeError)
        return len(self._array)

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        is_made = "requires_grad=True" if self.is_leaf else f"grad_fn={self._node}"
        usual, array = (self.default_dtype, np.int64, np.bool_), self._read("the text of a tensor")
        return tensor_text(array, usual, is_made if self.requires_grad else "")

    def __format__(self, spec: str) -> str:
        return format(self.item() if self.ndim == 0 else str(self), spec)

    def __reduce__(self) -> Any:
        self._check_leaf("a copy or pickle", "use .detach(), or .clone() for a copy on the tape")
        return _rebuild, (type(self), self._array, self.requires_grad, self._grad)

    def _alike(self, who: str, value: Any) -> np.ndarray:
        array = np.array(getattr(value, "_array", value), self.dtype, order="C")
        expect(array.shape == self.shape, who, f"shape {self.shape}", array.shape, "reshape it")
        return array

    def _check_leaf(self, who: str, mend: str) -> None:
        expect(self.is_leaf, who, "a leaf", f"the result of {self._node}", mend, RuntimeError)

    def _seed(self, gradient: Any) -> np.ndarray:
        array = self._array
        if gradient is not None:
            return self._alike("backward: gradient", gradient)
        if array.size != 1:
            mend = "reduce it with .sum(), or give the gradient with respect to it"
            raise wrong_value("backward", "a tensor of one element", f"shape {array.shape}", mend)
        return np.ones_like(array) if array.ndim else constant(1.0, array.dtype.char)

    def _read(self, what: str) -> np.ndarray:
        if MODE.get() & REPLAY:
            refuse_reading(what)
        return self._array

    def _tracked_node(self, who: str) -> Any:
        if self._node is None:
            mend = "call requires_grad_() on it, or on what it is made of, before it is used"
            raise wrong_state(who, "a tensor that requires grad", "one that does not", mend)
        return self._node

    if not TYPE_CHECKING:  # a type checker that saw it would take np.exp(t) for an ndarray

        def __array__(self, dtype=None, copy=None):
            refuse_detaching("np.asarray(t)", self._node)
            return np.array(self._read("np.asarray(t)"), dtype, copy=copy)

    def __array_ufunc__(self, ufunc: Any, call: str, *inputs: Any, **kwargs: Any) -> Any:
        return dispatch(ufunc if call == "__call__" else getattr(ufunc, call), inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return dispatch(function, args, kwargs)


Variable.result = Tensor


class Handle:
    """What `Tensor.register_hook` returns: after ``remove()`` the hook is called no more."""

    def __init__(self, node: Any, hook: Callable[..., Any]) -> None:
        hooks, key = node.hooks or {}, object()
        node.hooks, hooks[key] = hooks, hook
        self.remove = lambda: hooks.pop(key, None)


def grad(outputs: Tensor | Sequence[Tensor], inputs: Tensor | Sequence[Tensor],
         grad_outputs: Any = None, retain_graph: bool | None = None, create_graph: bool = False,
         allow_unused: bool = False) -> tuple[Tensor | None, ...]:  # fmt: skip
    """The gradients of the sum of ``outputs`` with respect to ``inputs``, touching no ``.grad``.

    Args:
        outputs: a tensor or several.
        inputs: a tensor or several, leaves or not.
        grad_outputs: the gradient with respect to each output, of its shape; may be left out
            for outputs of one element, where it is 1.
        retain_graph: keep the graph for another pass; by default as ``create_graph``.
        create_graph: record the pass itself, so that its results can be differentiated.
        allow_unused: give None for an input that no output depends on, instead of raising.

    Returns:
        One gradient for each input, of its shape and dtype.

    >>> import minigrad
    >>> x = minigrad.tensor(3.0, requires_grad=True)
    >>> (slope,) = grad(x**3, x, create_graph=True)
    >>> grad(slope, x)
    (tensor(18.),)
    """
    outputs = [outputs] if isinstance(outputs, Tensor) else outputs
    inputs = [inputs] if isinstance(inputs, Tensor) else inputs
    if grad_outputs is None:
        grad_outputs = [None] * len(outputs)
    elif not isinstance(grad_outputs, (list, tuple)):
        grad_outputs = [grad_outputs]
    nodes = [x._tracked_node(f"grad: input {i}") for i, x in enumerate(inputs)]
    results = _gradients(outputs, grad_outputs, nodes, retain_graph, create_graph)
    unused = [i for i, node in enumerate(nodes) if node not in results]
    if unused and not allow_unused:
        mend = "leave them out, or give allow_unused=True to have None for them"
        raise RuntimeError(f"grad: the outputs do not depend on inputs {unused}; {mend}")
    return tuple(_owned(results.get(node) for node in nodes))


def _gradients(outputs: Sequence[Tensor], gradients: Any, inputs: Any, retain_graph: Any,
               create_graph: bool) -> dict[Any, Any]:  # fmt: skip
    roots: dict[Any, Any] = {}
    mode = MODE.get() | RECORD
    taped = create_graph or mode & REPLAY  # what is to be replayed is written as it runs
    for output, gradient in zip(outputs, gradients, strict=True):
        node = output._tracked_node("backward")
        seed: Any = output._seed(gradient)
        if taped:
            like = output.dtype, "C"  # a copy, as `_seed` makes
            seed = gradient.astype(*like) if isinstance(gradient, Tensor) else Tensor(seed)
        roots[node] = roots[node] + seed if node in roots else seed
    retain = create_graph if retain_graph is None else retain_graph
    wanted = None if inputs is None else set(inputs)
    if not taped:
        return pull_back(roots, wanted, retain, False, mode)
    on, off = (RECORD, EXAMINE) if create_graph else (0, RECORD | EXAMINE)
    with switched(on, off):  # what the rules do is examined as a whole
        return pull_back(roots, wanted, retain, True, mode)


def _owned(gradients: Iterable[Any]) -> list[Any]:
    """Gradients as tensors: each contiguous and writable, sharing memory with nothing."""
    answer: list[Any] = []
    given: set[int] = set()
    for gradient in gradients:
        if gradient is not None:
            gradient = gradient if isinstance(gradient, Tensor) else Tensor(gradient)
            array = gradient._array
            if array.base is not None or id(array) in given or not array.flags.carray:
                gradient = gradient.copy()
            given.add(id(array))
        answer.append(gradient)
    return answer


@replayed
def held_grad(tensor: Tensor, is_there: bool) -> Any:
    """The gradient of a tensor, or None, as it was when recorded."""
    if is_there is (tensor._grad is None):
        was, mend = "a tensor" if is_there else "None", "set it to None in the step, or never"
        raise wrong_state("compile", f".grad to be {was} again", type(tensor._grad), mend)
    return tensor._grad


@replayed
def add_to_grads(tensors: list[Tensor | None], gradients: list[Tensor], taped: bool) -> None:
    """Add to the gradients of the tensors that there are still."""
    for tensor, g in zip(tensors, gradients, strict=True):
        if tensor is None:
            continue
        held = tensor._grad
        if held is None:
            tensor._grad = g
        elif taped or held.requires_grad:
            tensor._grad = held + g
        else:
            held._array += g._array
            mark_changed(held._array)


@replayed
def put_data(tensor: Tensor, value: Any) -> np.ndarray:
    """Give a tensor a copy of a value as its array."""
    tensor._array = tensor._alike("data", value)
    return tensor._array


def _rebuild(kind: type[Tensor], array: Any, requires_grad: bool, grad: Any) -> Tensor:
    tensor = kind.__new__(kind)
    Tensor.__init__(tensor, array)
    tensor.requires_grad_(requires_grad).grad = grad
    return tensor
