"""Files: nested values to disk and back, whole or not at all."""

import hashlib
import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from .autograd import Tensor
from .errors import expect, wrong_kind

_DIGEST = 64  # hexadecimal digits of SHA-256, as the comment that ends the zip file


def save(obj: Any, path: str | os.PathLike[str]) -> None:
    """Write nested dicts, lists and tuples of arrays, tensors, numbers, strings and None.

    The file is an ``.npz`` without pickle, with a checksum. It is written beside ``path`` and then
    renamed, so that whenever the process is killed, ``path`` is the old file or the new one.

    Raises:
        TypeError: for anything else, naming where it is; keys of dicts are strings or ints.

    >>> import tempfile, minigrad
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save({"epoch": 3, "weights": [minigrad.ones(2)]}, f"{folder}/run.npz")
    ...     load(f"{folder}/run.npz")
    {'epoch': 3, 'weights': [tensor([1., 1.])]}
    """
    arrays: list[np.ndarray] = []
    layout = json.dumps(_packed(obj, arrays, "obj")).encode()
    stream = io.BytesIO()
    np.savez(stream, *arrays, layout=np.frombuffer(layout, np.uint8))
    body = stream.getvalue()[:-2] + _DIGEST.to_bytes(2, "little")  # the length of its comment
    target = Path(os.path.realpath(path))
    beside = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    try:
        with beside.open("wb") as file:
            file.write(body + _digest(body))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def load(path: str | os.PathLike[str]) -> Any:
    """What `save` wrote there. Tensors come back without a gradient and requiring none.

    Raises:
        ValueError: if a single bit of the file is another than was written.
    """
    content = Path(path).read_bytes()
    intact, given = _digest(content[:-_DIGEST]) == content[-_DIGEST:], f"a changed {str(path)!r}"
    expect(intact, "load", "a file that save wrote, unchanged", given, "go back to an earlier copy")
    with np.load(io.BytesIO(content)) as file:
        kinds = {"dict": dict, "tuple": tuple, "array": file.get, "number": lambda n: file[n][()],
                 "tensor": lambda n: Tensor(file[n])}  # fmt: skip
        expect("layout" in file.files, "load", "a file of this version", f"an older {str(path)!r}")
        text = file["layout"].tobytes()  # of its objects the inner ones are unpacked first
        return json.loads(text, object_pairs_hook=lambda pairs: kinds[pairs[0][0]](pairs[0][1]))


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode()


def _packed(value: Any, arrays: list[np.ndarray], where: str) -> Any:
    """A value as JSON in which a dict, of one item, names a kind and holds its content."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, dict) and all(type(key) in (int, str) for key in value):
        return {"dict": [[k, _packed(v, arrays, f"{where}[{k!r}]")] for k, v in value.items()]}
    if isinstance(value, (list, tuple)):
        values = [_packed(v, arrays, f"{where}[{i}]") for i, v in enumerate(value)]
        return {"tuple": values} if isinstance(value, tuple) else values
    array = getattr(value, "_array", value)
    if not isinstance(array, (np.ndarray, np.generic)) or array.dtype.hasobject:
        wanted = "dicts by str or int, lists, tuples, arrays, tensors, numbers, strings or None"
        raise wrong_kind("save", wanted, f"{type(value).__name__} at {where}", "convert it")
    arrays.append(np.asarray(array))
    kind = "tensor" if value is not array else "number" if np.isscalar(array) else "array"
    return {kind: f"arr_{len(arrays) - 1}"}
