"""Data sets and batches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

import minigrad as mg
from minigrad import Generator, Tensor, tensor
from minigrad.utils import data
from minigrad.utils.data import DataLoader, Subset, TensorDataset, random_split

COUNTS = st.integers(0, 12)


def numbered(count: int) -> TensorDataset:
    return TensorDataset(np.arange(2.0 * count).reshape(count, 2), np.arange(count))


class Squares(data.Dataset):
    """Not made of tensors: computed for the numbers that are asked for."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __getitem__(self, index: Any) -> Any:
        return np.float64(index)[..., None] ** 2 + np.zeros(3), index

    def __len__(self) -> int:
        return self.count


def test_a_tensor_dataset_gives_samples_and_slices() -> None:
    dataset = TensorDataset(tensor([[1.0, 2.0], [3.0, 4.0]]), [5, 6])
    x, y = dataset[1]
    assert (x.tolist(), y.item(), len(dataset)) == ([3.0, 4.0], 6, 2)
    assert dataset[:1][0].shape == (1, 2)


@given(count=COUNTS, batch_size=st.integers(1, 5), drop_last=st.booleans(), shuffle=st.booleans())
def test_every_sample_comes_once(
    count: int, batch_size: int, drop_last: bool, shuffle: bool
) -> None:
    loader = DataLoader(numbered(count), batch_size, shuffle, drop_last=drop_last)
    batches = list(loader)
    assert len(batches) == len(loader)
    kept = count // batch_size * batch_size if drop_last else count
    sizes = [len(y) for _, y in batches]
    assert sum(sizes) == kept
    assert all(size == batch_size for size in sizes[:-1])
    seen = [int(i) for _, y in batches for i in y.numpy()]
    assert len(set(seen)) == kept
    if not shuffle:
        assert seen == list(range(kept))
    for x, y in batches:
        assert isinstance(x, Tensor)
        np.testing.assert_array_equal(x.numpy()[:, 0], 2 * y.numpy())


@given(count=st.integers(1, 9), batch_size=st.integers(1, 4))
def test_a_dataset_of_ones_own_takes_an_array_of_numbers(count: int, batch_size: int) -> None:
    half = Subset(Squares(2 * count), range(0, 2 * count, 2))
    seen = []
    for x, i in DataLoader(half, batch_size):
        np.testing.assert_array_equal(x, np.tile(i[:, None] ** 2.0, (1, 3)))
        seen += i.tolist()
    assert seen == list(range(0, 2 * count, 2))


def test_a_tensor_or_an_array_is_a_dataset_of_its_rows() -> None:
    rows = tensor([[1.0], [2.0], [3.0]], requires_grad=True) * 2.0
    first, last = DataLoader(rows, 2)
    assert first.requires_grad
    assert (first.tolist(), last.tolist()) == ([[2.0], [4.0]], [[6.0]])
    (numbers,) = DataLoader(np.arange(3), 3)
    assert numbers.tolist() == [0, 1, 2]


def test_a_subset_of_a_tensor_dataset_is_cut_at_once() -> None:
    inner = Subset(Subset(numbered(10), [9, 7, 5, 3]), np.array([2, 0]))
    ((_, y),) = DataLoader(inner, 2)
    assert y.tolist() == [5, 9]
    assert inner[1][1].item() == 9


def test_each_pass_is_shuffled_anew_and_repeats_with_its_generator() -> None:
    def passes(loader: DataLoader) -> list[list[int]]:
        return [[int(i) for _, y in loader for i in y.numpy()] for _ in range(3)]

    one, other = (
        passes(DataLoader(numbered(20), 3, shuffle=True, generator=Generator(5))) for _ in range(2)
    )
    assert one == other
    assert one[0] != one[1] != one[2]
    mg.manual_seed(5)
    assert passes(DataLoader(numbered(20), 3, shuffle=True)) == one


def test_a_pass_keeps_its_order_while_another_begins() -> None:
    loader = DataLoader(numbered(6), 2, shuffle=True, generator=Generator(0))
    first = iter(loader)
    start = next(first)[1].tolist()
    list(loader)
    rest = [i for _, y in first for i in y.tolist()]
    assert sorted(start + rest) == list(range(6))


# --- splits -------------------------------------------------------------------------------------


@given(parts=st.lists(st.integers(0, 6), min_size=1, max_size=4), seed=st.integers(0, 9))
def test_lengths_split_into_disjoint_parts(parts: list[int], seed: int) -> None:
    count = sum(parts)
    if count == 1:
        return  # then they are fractions
    found = random_split(numbered(count), parts, Generator(seed))
    assert [len(part) for part in found] == parts
    assert sorted(i for part in found for i in part.indices.tolist()) == list(range(count))
    again = random_split(numbered(count), parts, Generator(seed))
    assert [p.indices.tolist() for p in again] == [p.indices.tolist() for p in found]


@given(
    count=st.integers(4, 40),
    fractions=st.sampled_from([[1.0], [0.7, 0.3], [0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.25] * 4]),
)
def test_fractions_are_rounded_as_in_pytorch(count: int, fractions: list[float]) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is an optional peer")
    theirs = [int(np.floor(count * f)) for f in fractions]
    if min(theirs) > 0:
        theirs = [len(p) for p in torch.utils.data.random_split(range(count), fractions)]
        assert [len(p) for p in random_split(range(count), fractions)] == theirs


# --- bad input ----------------------------------------------------------------------------------

BAD = [
    (lambda: TensorDataset(), ValueError, "of one length, got shapes"),
    (lambda: TensorDataset(np.ones(3), np.ones(2)), ValueError, r"got shapes \[\(3,\), \(2,\)\]"),
    (lambda: TensorDataset(np.float64(1.0)), ValueError, r"got shapes \[\(\)\]"),
    (lambda: DataLoader(numbered(3), 0), ValueError, "batch_size as a whole number"),
    (lambda: DataLoader(numbered(3), 2.0), ValueError, "got 2.0"),
    (lambda: DataLoader(numbered(3), None), TypeError, "got None"),
    (lambda: DataLoader(numbered(3), 2, shuffle=1), ValueError, "shuffle as True or False"),
    (lambda: DataLoader(numbered(3), 2, drop_last="no"), ValueError, "drop_last"),
    (lambda: DataLoader(numbered(3), 2, workers=2), TypeError, "workers"),
    (lambda: DataLoader(iter([1, 2])), TypeError, "got list_iterator"),
    (lambda: random_split(numbered(3), [1, 1]), ValueError, "sum to 3"),
    (lambda: random_split(numbered(3), [4, -1]), ValueError, r"got \[4, -1\]"),
    (lambda: random_split(numbered(3), [1.5, 1.5]), ValueError, "lengths"),
    (lambda: random_split(numbered(3), [1.25, -0.25]), ValueError, "lengths"),
    (lambda: random_split(numbered(3), [float("nan")]), ValueError, "lengths"),
    (lambda: random_split(numbered(3), []), ValueError, "lengths"),
]


@pytest.mark.parametrize(("call", "error", "words"), BAD, ids=[words for _, _, words in BAD])
def test_bad_input_gets_one_sentence(call: Any, error: Any, words: str) -> None:
    with pytest.raises(error, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)
