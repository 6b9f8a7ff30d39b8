"""Data sets, and how a training loop walks through them in batches."""

import math
from collections.abc import Iterator
from dataclasses import field
from typing import Any

import numpy as np

from ..autograd import Tensor
from ..creation import Rng, as_tensor, default_generator
from ..errors import Options, check_fields, expect


class Dataset:
    """Samples by number: a subclass has ``__len__``, and a ``__getitem__``.

    That takes a number, and an array of numbers for a batch: so batches are cut, not put together.
    """


class TensorDataset(Dataset):
    """Tensors or arrays of the same length, sample by sample: ``(x[i], y[i])``.

    Raises:
        ValueError: if the lengths differ.

    >>> TensorDataset(np.ones((3, 2)), np.array([4, 5, 6]))[1]
    (tensor([1., 1.], dtype=float64), tensor(5))
    """

    def __init__(self, *tensors: Any) -> None:
        self.tensors = tuple(as_tensor(t) for t in tensors)
        shapes = [t.shape for t in self.tensors]
        alike = () not in shapes and len({shape[0] for shape in shapes}) == 1
        expect(alike, "TensorDataset", "tensors of one length", f"shapes {shapes}", "cut them")

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        return tuple(t[index] for t in self.tensors)

    def __len__(self) -> int:
        return len(self.tensors[0])


class Subset(Dataset):
    """The samples of a data set that have the given numbers, in their order."""

    def __init__(self, dataset: Any, indices: Any) -> None:
        self.dataset, self.indices = dataset, np.asarray(indices, np.int64)

    def __getitem__(self, index: Any) -> Any:
        return self.dataset[self.indices[index]]

    def __len__(self) -> int:
        return len(self.indices)


class DataLoader(Options):
    """The batches of a data set, one after the other; each pass is shuffled anew.

    Args:
        dataset: a `Dataset`, whose ``dataset[numbers]`` is a batch, or a tensor or array.
        batch_size: how many samples are in a batch, from 1.
        shuffle: in random order, drawn when a pass begins.
        drop_last: leave out a last batch that is not full.
        generator: where the order comes from, that of `manual_seed` by default.

    >>> loader = DataLoader(TensorDataset(np.arange(5)), batch_size=2)
    >>> len(loader), [batch.tolist() for batch, in loader]
    (3, [[0, 1], [2, 3], [4]])
    """

    dataset: Any
    batch_size: int = 1
    shuffle: bool = False
    drop_last: bool = field(default=False, kw_only=True)
    generator: Rng = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        check_fields(self)
        kind, wanted = type(self.dataset), "a Dataset, a tensor or an array"
        fit = issubclass(kind, (Dataset, Tensor, np.ndarray))
        expect(fit, "DataLoader", wanted, kind, "make a TensorDataset", TypeError)

    def __len__(self) -> int:
        full, rest = divmod(len(self.dataset), self.batch_size)
        return full + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[Any]:
        order = np.arange(len(self.dataset))
        if self.shuffle:
            (self.generator or default_generator).shuffle(order)
        starts = range(0, len(self) * self.batch_size, self.batch_size)
        return (self.dataset[order[i : i + self.batch_size]] for i in starts)


def random_split(dataset: Any, lengths: Any, generator: Rng = None) -> list[Subset]:
    """Disjoint random parts of a data set, of the given lengths or fractions.

    Fractions sum to 1; their parts are rounded down, and what is left goes to the first ones.

    >>> [len(part) for part in random_split(range(10), [0.75, 0.25])]
    [8, 2]
    """
    count = len(dataset)
    if math.isclose(sum(lengths), 1.0):
        floors = [math.floor(count * fraction) for fraction in lengths]
        lengths = [floor + (i < count - sum(floors)) for i, floor in enumerate(floors)]
    whole = sum(lengths) == count and all(n >= 0 and n == int(n) for n in lengths)
    wanted = f"lengths that sum to {count}, or fractions that sum to 1"
    expect(whole, "random_split", wanted, list(lengths), "correct them")
    order = (generator or default_generator).permutation(count)
    return [Subset(dataset, part) for part in np.split(order, np.cumsum(lengths, dtype=int)[:-1])]
