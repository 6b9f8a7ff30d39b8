"""The mutants: what is wrong, and the change of the library's text that makes it so.

The first 18 are the bugs that were seeded into a small engine to compare designs of gradient
tests (one random index with an all-ones cotangent found 2 of them); the others are this engine's.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """A bug: in a file of the library, every ``old`` text becomes the ``new`` one."""

    name: str
    file: str
    changes: tuple[tuple[str, str], ...]


def mutant(name: str, file: str, *texts: str) -> Mutant:
    return Mutant(name, file, tuple(zip(texts[::2], texts[1::2], strict=True)))


TAPE, TENSOR, RECORD = "autograd/tape.py", "autograd/tensor.py", "autograd/record.py"
RECURRENT = "nn/kernels/recurrent.py"
ELEMENTWISE, ARRAYS = "ops/elementwise.py", "ops/arrays.py"

FUNCTIONAL = "nn/functional.py"
REPLAY = "replay.py"

MUTANTS = (
    mutant(
        "undoing broadcasting leaves out stretched axes",
        TAPE,
        "if i < lead or side != wanted)",
        "if i < lead)",
    ),
    mutant(
        "ambiguous undoing of broadcasting",
        TAPE,
        "lead = gradient.ndim - len(shape)",
        "lead = gradient.ndim - len(shape)\n    if lead > 0:\n"
        "        return gradient.sum(axis=tuple(range(-lead, 0)))",
    ),
    mutant(
        "wrong shape for a 0-d gradient",
        TENSOR,
        "isinstance(gradient, Tensor) else Tensor(gradient)\n",
        "isinstance(gradient, Tensor) else Tensor(np.atleast_1d(gradient))\n",
    ),
    mutant(
        "shared gradient buffer", TENSOR, "array.base is not None or id(array) in given or ", ""
    ),
    mutant(
        "ignored cotangent",
        ELEMENTWISE,
        "derivative(np.exp, x=lambda g, z: g * z)",
        "derivative(np.exp, x=lambda g, z: z)",
    ),
    mutant(
        "backward not linear",
        ELEMENTWISE,
        "derivative(np.sin, x=lambda g, x: g * np.cos(x))",
        "derivative(np.sin, x=lambda g, x: g * np.abs(g) * np.cos(x))",
    ),
    mutant(
        "input changed",
        "nn/kernels/functions.py",
        "x = np.asarray(input)\n",
        "return np.maximum(x := np.asarray(input), 0.0, out=x)\n",
    ),
    mutant("square matmul transposed", "ops/linalg.py", "else g @ y.mT", "else g @ y"),
    mutant("negative axis", ARRAYS, "tuple(i % ndim for i in", "tuple(abs(i) % ndim for i in"),
    mutant("mean's count", ARRAYS, "max(count(a_shape, axis), 1)", "max(count(a_shape, None), 1)"),
    mutant("mean of nothing", ARRAYS, "max(count(a_shape, axis), 1)", "count(a_shape, axis)"),
    mutant(
        "ravel of a non-contiguous array",
        ARRAYS,
        "return np.reshape(g, a_shape, order)",
        'return np.reshape(g, a_shape, "A" if order == "C" else order)',
    ),
    mutant("dtype promoted", TAPE, "if gradient.dtype is not parent.dtype:", "if False:"),
    mutant(
        "a scale off by 0.3 %",
        ELEMENTWISE,
        "derivative(np.log, x=lambda g, x: g / x)",
        "derivative(np.log, x=lambda g, x: 1.003 * g / x)",
    ),
    mutant(
        "a ReLU that leaks 0.009",
        "nn/kernels/functions.py",
        "lambda g, z: gated(g, z)",
        "lambda g, z: gated(g, z) + 0.009 * (g - gated(g, z))",
    ),
    mutant("the tie rule", ARRAYS, "spread(g / np.maximum(number, 1.0), ", "spread(g, "),
    mutant(
        "overwriting where accumulating is due",
        TAPE,
        "gradient = grads[parent] + gradient",
        "gradient = gradient",
    ),
    mutant(
        "stale inner gradients",
        TAPE,
        "grads = dict(roots)",
        "grads = {**_stale, **roots}",
        "g = grads.pop(node, None)",
        "g = _stale[node] = grads.pop(node, None)",
        "\nclass Node:",
        "\n_stale: Any = {}\n\n\nclass Node:",
    ),
    # --- of this engine -------------------------------------------------------------------------
    mutant(
        "changes in place go unnoticed", TAPE, "latest > node.serial or node.prints", "node.prints"
    ),
    mutant("changes by NumPy go unnoticed", TAPE, "or node.prints", "or False"),
    mutant(
        "a stamp older than the node counts", "autograd/memory.py", "changed > serial", "changed"
    ),
    mutant("the graph is never freed", TAPE, "if not retain:", "if False:"),
    mutant(
        "the output is a constant on the tape",
        TAPE,
        "if source is None:",
        "if source in (None, -1):",
    ),
    mutant(
        "arguments are constants on the tape", TAPE, "if source is None:", "if source != OUTPUT:"
    ),
    mutant("an input itself is pruned", TAPE, "parent.serial >= lowest", "parent.serial > lowest"),
    mutant("hooks are not called", TAPE, "if node.hooks:", "if False:"),
    mutant(
        "gradients by an alias include other paths",
        TAPE,
        "nodes = [parent and alias(parent) for parent in parents]",
        "nodes = list(parents)",
    ),
    mutant(
        "an exception leaves the mode set",
        "autograd/modes.py",
        "    finally:\n        MODE.reset(token)",
        "    except GeneratorExit:\n        pass\n    MODE.reset(token)",
    ),
    mutant(
        "where= is passed over",
        "autograd/registry.py",
        'UNCOVERED = {"correction", "initial", "mean", "out", "where"}',
        'UNCOVERED = {"correction", "initial", "mean", "out"}',
    ),
    mutant(
        "a tracked list is not seen",
        "autograd/memory.py",
        "and holds_tensor(value, tracked):",
        "and False:",
    ),
    mutant(
        "integers are tracked",
        RECORD,
        '    if z.dtype.kind not in "fc":',
        '    if z.dtype.kind not in "fciub":',
    ),
    mutant(
        "a kernel sees complex numbers",
        RECORD,
        "if op.composition is not None and any",
        "if any([]) and any",
    ),
    mutant(
        "where multiplies",
        ELEMENTWISE,
        "x=lambda g, c: np.where(c, g, 0.0)",
        "x=lambda g, c: g * np.asarray(c, float)",
    ),
    mutant(
        "maximum gives a tie to both",
        ELEMENTWISE,
        "np.where(np.equal(x, y), 0.5 * g,",
        "np.where(np.equal(x, y), g,",
    ),
    mutant(
        "0 to the power 0", ELEMENTWISE, "np.where(np.equal(y, 0.0), 1.0, y - 1.0)", "(y - 1.0)"
    ),
    mutant(
        "var forgets ddof",
        "compositions.py",
        "count(a.shape, axis) - ddof",
        "count(a.shape, axis)",
    ),
    mutant(
        "cumsum runs the wrong way",
        ARRAYS,
        "np.cumsum(np.flip(g, axis or 0), axis or 0)",
        "np.cumsum(g, axis or 0)",
    ),
    mutant("a place picked twice counts once", ARRAYS, "np.add.at(z, index, g)", "z[index] = g"),
    mutant(
        "sort gives a tie to the first",
        ARRAYS,
        "return np.moveaxis(shared, -1, axis)",
        "return np.moveaxis(g, -1, axis)",
    ),
    mutant(
        "concatenate hands out the wrong piece",
        ARRAYS,
        "zip([0, *ends], ends, strict=False)]",
        "zip([0, *ends], ends, strict=False)][::-1]",
    ),
    mutant(
        "transpose undone by itself", ARRAYS, "np.argsort([i % len(axes) for i in axes])", "axes"
    ),
    mutant(
        "solve forgets to transpose",
        "ops/linalg.py",
        "np.linalg.solve(a.mT, ",
        "np.linalg.solve(a, ",
    ),
    mutant(
        "prod of an odd number drops one",
        "compositions.py",
        "lines = np.concatenate([half, odd], -1)",
        "lines = half",
    ),
    mutant(
        "the bias gets a mean",
        "nn/kernels/layers.py",
        "same(1.0, len(g), g.dtype).dot(g) if",
        "g.mean(0) if",
    ),
    mutant(
        "the loss is not averaged back",
        "nn/kernels/functions.py",
        "2.0 / input.size if reduction",
        "2.0 if reduction",
    ),
    mutant("grad inside grad is confused", "func.py", "node and alias(node)", "node"),
    mutant(
        "label smoothing forgets the weights",
        FUNCTIONAL,
        "spread * (1.0 - smoothing) + counted * (smoothing / number)",
        "spread * (1.0 - smoothing) + smoothing / number",
    ),
    mutant(
        "an ignored label counts in the mean",
        FUNCTIONAL,
        "total = float(spread.sum())",
        "total = float(index.size)",
    ),
    mutant(
        "dropout without its scale",
        FUNCTIONAL,
        "(1.0 / (1.0 - p) if p < 1.0 else 0.0)",
        "(1.0 if p < 1.0 else 0.0)",
    ),
    mutant("a coefficient of GELU cut short", FUNCTIONAL, "0.044715", "0.0447"),
    mutant("fan in and out exchanged", "nn/init.py", 'mode == "fan_out"', 'mode == "fan_in"'),
    mutant(
        "signs of an orthogonal matrix left to LAPACK",
        "nn/init.py",
        "gain * q * np.sign(np.diagonal(r))",
        "gain * q",
    ),
    mutant(
        "what a backward hook returns is passed over",
        "nn/hooks.py",
        "lambda g: joined(hook(cut(g)))",
        "lambda g: (hook(cut(g)), None)[1]",
    ),
    mutant(
        "a buffer that is not persistent is saved",
        "nn/module.py",
        'getattr(t, "persistent", True)',
        'getattr(t, "shape", None) is not None',
    ),
    mutant(
        "a norm that overflows",
        "nn/kernels/functions.py",
        "norm / unit / (np.linalg.norm(g / unit) + 1e-6 / unit)",
        "norm / (np.linalg.norm(g) + 1e-6)",
    ),
    mutant(
        "the running variance is the biased one",
        "nn/kernels/layers.py",
        "move(running_mean, running_var, moments, momentum, m / (m - 1))",
        "move(running_mean, running_var, moments, momentum, 1.0)",
    ),
    mutant(
        "batch norm passes over its mean on the way back",
        "nn/kernels/layers.py",
        "p -= (s * share)[:, None]\n",
        "pass\n",
    ),
    mutant(
        "the error of a cell not led through its output",
        RECURRENT,
        "dc += dh * (o - h * new[1])",
        "dc += dh * o",
    ),
    mutant(
        "GRU resets twice",
        RECURRENT,
        "sigmoid(x_r + h_r) * h_n",
        "sigmoid(x_r + h_r) ** 2 * h_n",
    ),
    mutant(
        "one bias of two",
        RECURRENT,
        "else b_ih + b_hh\n",
        "else b_hh\n",
    ),
    mutant(
        "the way back through a sequence is not turned round",
        "nn/recurrent.py",
        "np.flip(h, 0) if way else h",
        "h",
    ),
    mutant(
        "the forget bias goes to the input gate",
        "nn/recurrent.py",
        "values.data[hidden_size : 2 * hidden_size]",
        "values.data[:hidden_size]",
    ),
    mutant(
        "rows are padded as columns",
        "nn/kernels/conv.py",
        "[(n, n) for n in around]",
        "[(n, n) for n in around[::-1]]",
    ),
    mutant(
        "the last of equal pixels takes the gradient",
        "nn/kernels/conv.py",
        "np.argmax(cols, 1, keepdims=True)",
        "cols.shape[1] - 1 - np.argmax(np.flip(cols, 1), 1, keepdims=True)",
    ),
    mutant("the first layer starts as zeros", "nn/containers.py", "last[-1].", "last[0]."),
    mutant(
        "replay: a buffer is free while it is still needed",
        REPLAY,
        "if last[owner] == i]:",
        "if last[owner] is not None]:",
    ),
    mutant(
        "replay: results are written over by later calls",
        REPLAY,
        "self.kept = set(self.owners(outputs))",
        "self.kept = set[int]()",
    ),
    mutant(
        "replay: gradients are written over by later calls",
        REPLAY,
        "self.kept |= set(self.owners(values)) if whole else set()",
        "self.kept |= set()",
    ),
    mutant(
        "replay: modules are not looked at again",
        REPLAY,
        "return len(now) == len(self.held) and all(map(operator.is_, now, self.held))",
        "return True",
    ),
    mutant(
        "replay: what requires grad is not looked at again",
        REPLAY,
        'if tensor._node is not node or getattr(node, "hooks", None):',
        'if getattr(node, "hooks", None):',
    ),
    mutant(
        "replay: an array that was bound anew is not followed",
        REPLAY,
        "self.scope[name] = self.constants[name] = used[1] = tensor._array",
        "used[1] = tensor._array",
    ),
    mutant(
        "replay: the two runs are not compared",
        REPLAY,
        'program.check_same(before, getattr(self, "__name__", "the step"))',
        "pass",
    ),
    mutant(
        "replay: updates, draws and counts are not written down",
        REPLAY,
        "self.add(function, args, kwargs, z, True)",
        "pass",
    ),
    mutant(
        "replay: the layout of arguments does not count",
        REPLAY,
        'operator.attrgetter("shape", "strides", "dtype")',
        'operator.attrgetter("shape", "dtype")',
    ),
    mutant(
        "replay: an array that the step made is added to from call to call",
        REPLAY,
        "if not unlike and (is_made or not _same(was_one, value)):",
        "if not unlike and not _same(was_one, value):",
    ),
    mutant(
        "replay: all arrays are held while it is recorded",
        REPLAY,
        "found.array, found.owner = None if is_made else value, object()",
        "found.array, found.owner = value, object()",
    ),
    mutant(
        "replay: an id is taken for that of the array that had it before",
        REPLAY,
        "if found is None or found.ref() is not value:",
        "if found is None:",
    ),
    mutant(
        "replay: a gradient is read but once",
        REPLAY,
        "self.names.pop(id(z), None)",
        "pass",
    ),
    mutant(
        "replay: a gradient given to backward is not copied",
        TENSOR,
        "seed = gradient.astype(*like) if isinstance(gradient, Tensor) else Tensor(seed)",
        "seed = gradient if isinstance(gradient, Tensor) else Tensor(seed)",
    ),
    mutant(
        "replay: numbers keep their own dtype in derivatives",
        RECORD,
        "other = y = constant(other, x.dtype.char)",
        "y = constant(other, x.dtype.char)",
    ),
)
