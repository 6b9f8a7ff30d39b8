"""Files: what comes back, what is refused, and what a kill leaves behind."""

from __future__ import annotations

import hashlib
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from hypothesis.extra import numpy as hnp

import minigrad as mg
from minigrad import Generator, Tensor, load, save, tensor

DTYPES = st.one_of(hnp.floating_dtypes(), hnp.integer_dtypes(), hnp.boolean_dtypes())
ARRAYS = hnp.arrays(DTYPES, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
PLAIN = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(-(2**200), 2**200), st.floats(), st.text()
)
NESTED = st.recursive(
    st.one_of(PLAIN, ARRAYS, ARRAYS.map(Tensor), ARRAYS.map(lambda a: a.ravel()[:1].sum())),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.one_of(st.text(), st.integers()), inner, max_size=3),
    ),
    max_leaves=8,
)


def same(a: Any, b: Any) -> bool:
    """The same kinds, and bit for bit the same values."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float):
        return a.hex() == b.hex()
    if hasattr(a, "dtype"):
        x, y = (np.asarray(t) for t in (a, b))
        return x.dtype == y.dtype and x.shape == y.shape and x.tobytes() == y.tobytes()
    return bool(a == b)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # the file is replaced
@given(value=NESTED)
def test_values_come_back_as_they_were(value: Any, tmp_path: Path) -> None:
    save(value, tmp_path / "file.npz")
    assert same(load(str(tmp_path / "file.npz")), value)
    assert os.listdir(tmp_path) == ["file.npz"]


def test_layouts_byte_orders_and_subclasses(tmp_path: Path) -> None:
    save(
        {"f": np.asfortranarray(np.arange(6.0).reshape(2, 3)), "b": np.arange(3, dtype=">i2"),
         "v": np.arange(9)[::-2], "p": mg.nn.Parameter(mg.ones(2)), "s": np.float32(0.1)},
        tmp_path / "file",
    )  # fmt: skip
    back = load(tmp_path / "file")
    assert back["f"].tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    assert (back["b"].dtype, back["v"].tolist()) == (np.dtype(">i2"), [8, 6, 4, 2, 0])
    assert type(back["p"]) is Tensor
    assert not back["p"].requires_grad
    assert type(back["s"]) is np.float32
    with np.load(tmp_path / "file", allow_pickle=False) as plain:
        assert plain["arr_1"].tolist() == [0, 1, 2]


def test_generators_come_back(tmp_path: Path) -> None:
    for generator in Generator(3), np.random.Generator(np.random.MT19937(3)):
        generator.random(5)
        state = generator.bit_generator.state
        save({"state": state}, tmp_path / "file")
        wanted = generator.random(4)
        generator.bit_generator.state = load(tmp_path / "file")["state"]
        np.testing.assert_array_equal(generator.random(4), wanted)
    one = Generator(4)
    save(one.get_state(), tmp_path / "file")
    assert Generator().set_state(load(tmp_path / "file")).random() == one.random()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({1, 2}, "got set at obj"), ({"a": [1, object()]}, r"got object at obj\['a'\]\[1\]"),
        (1j, "got complex"), (b"bytes", "got bytes"), ({(1, 2): 3}, "got dict at obj"),
        ({True: 3}, "got dict at obj"), ({1.5: 3}, "got dict at obj"), (len, "got builtin"),
        (np.array([None]), "got ndarray at obj"), ((1, [Generator(0)]), r"at obj\[1\]\[0\]"),
    ],
)  # fmt: skip
def test_what_cannot_be_saved_is_named_and_the_old_file_stays(
    value: Any, words: str, tmp_path: Path
) -> None:
    save("old", tmp_path / "file")
    with pytest.raises(TypeError, match=words) as caught:
        save(value, tmp_path / "file")
    assert "\n" not in str(caught.value)
    assert load(tmp_path / "file") == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_write_that_fails_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save("old", tmp_path / "file")
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        save("new", tmp_path / "file")
    assert load(tmp_path / "file") == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_the_file_behind_a_link_is_replaced_not_the_link(tmp_path: Path) -> None:
    save(1, tmp_path / "file")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    save(2, tmp_path / "link")
    assert load(tmp_path / "file") == 2
    assert (tmp_path / "link").is_symlink()


def test_every_flipped_bit_and_every_cut_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "file"
    save({"weights": np.arange(3.0), "epoch": 2}, path)
    whole = path.read_bytes()
    draw = np.random.default_rng(0)
    spoiled = [whole[:cut] for cut in range(0, len(whole), 7)]
    spoiled += [whole + b"\0", b"", b"text", np.random.bytes(300)]
    for position in {0, len(whole) - 1, *draw.integers(0, len(whole), 400)}:
        flipped = bytearray(whole)
        flipped[position] ^= 1 << int(draw.integers(8))
        spoiled.append(bytes(flipped))
    for content in spoiled:
        path.write_bytes(content)
        with pytest.raises(
            ValueError, match=r"load expects a file that save wrote.*file"
        ) as caught:
            load(path)
        assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_file_of_numpys(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "file")
    np.savez(tmp_path / "file.npz", a=np.ones(3))
    with pytest.raises(ValueError, match="that save wrote"):
        load(tmp_path / "file.npz")


# --- killed and taken up again ------------------------------------------------------------------

RUN = """
import sys, time
import numpy as np
import minigrad as mg
from minigrad import nn, optim
from minigrad.utils.data import DataLoader, TensorDataset

path, epochs, pause = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
draw = np.random.default_rng(0)
x = draw.standard_normal((60, 3)).astype(np.float32)
dataset = TensorDataset(x, np.sin(x.sum(1, keepdims=True)))
generator = mg.Generator(1)
net = nn.Sequential(
    nn.Linear(3, 8, generator=generator), nn.Tanh(), nn.Linear(8, 1, generator=generator)
)
optimizer = optim.Adam(net.parameters(), lr=0.05, amsgrad=True, clip_norm=0.5)
schedule = optim.lr_scheduler.OneCycleLR(optimizer, 0.1, 400)
loader = DataLoader(dataset, 16, shuffle=True, generator=generator)
start = 0
try:
    saved = mg.load(path)
except FileNotFoundError:
    pass
else:
    for p, array in zip(net.parameters(), saved["model"]):
        p.data[...] = array
    optimizer.load_state_dict(saved["optimizer"])
    schedule.load_state_dict(saved["schedule"])
    generator.set_state(saved["generator"])
    start = saved["epoch"]
for epoch in range(start, epochs):
    for inputs, targets in loader:
        optimizer.zero_grad()
        loss = nn.MSELoss()(net(inputs), targets)
        loss.backward()
        optimizer.step()
        schedule.step()
    mg.save(
        {
            "model": [p.detach().numpy() for p in net.parameters()], "epoch": epoch + 1,
            "optimizer": optimizer.state_dict(), "schedule": schedule.state_dict(),
            "generator": generator.get_state(),
        },
        path,
    )
    print(epoch + 1, flush=True)
    time.sleep(pause)
"""


def start(path: Path, pause: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "error", "-c", RUN, str(path), "60", str(pause)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_a_run_killed_and_taken_up_again_goes_on_bit_for_bit(tmp_path: Path) -> None:
    undisturbed = start(tmp_path / "whole.npz", 0.0)
    assert undisturbed.communicate()[0].split()[-1] == "60"
    delays = [0.0, 0.011, 0.023]
    for delay in delays:
        process = start(tmp_path / "killed.npz", 0.002)
        assert process.stdout
        for _ in range(10):
            process.stdout.readline()
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        assert load(tmp_path / "killed.npz")["epoch"] >= 10
    last = start(tmp_path / "killed.npz", 0.0)
    assert len(last.communicate()[0].split()) <= 60 - 10 * len(delays)
    whole, killed = load(tmp_path / "whole.npz"), load(tmp_path / "killed.npz")
    assert same(whole, killed)
    assert whole["optimizer"]["state"][0]["step"] == 240
    assert math.isfinite(whole["model"][0].sum())


SAVER = """
import sys
import numpy as np
from minigrad import save
for number in range(10**6):
    save({"number": number, "array": np.full(200_000, number)}, sys.argv[1])
    if number == 0:
        print("ready", flush=True)
"""


def test_a_kill_in_the_middle_of_saving_leaves_a_whole_file(tmp_path: Path) -> None:
    path, numbers = tmp_path / "file.npz", []
    for delay in np.linspace(0.0, 0.02, 8):
        command = [sys.executable, "-c", SAVER, str(path)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout
        process.stdout.readline()
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        found = load(path)
        assert (found["array"] == found["number"]).all()
        numbers.append(found["number"])
    assert len(numbers) == 8


def test_arrays_saved_are_copies(tmp_path: Path) -> None:
    t = tensor([1.0])
    save(t, tmp_path / "file")
    t.data[...] = 2.0
    assert load(tmp_path / "file").tolist() == [1.0]


def test_a_file_of_another_layout_is_one_sentence(tmp_path: Path) -> None:
    mg.save([1.0], tmp_path / "new.npz")
    body = (tmp_path / "new.npz").read_bytes().replace(b"layout.npy", b"struct.npy")[:-64]
    (tmp_path / "old.npz").write_bytes(body + hashlib.sha256(body).hexdigest().encode())
    with pytest.raises(ValueError, match="load expects a file of this version, got an older"):
        mg.load(tmp_path / "old.npz")
