"""README.md says what is so: its generated part is current, and its commands are the real ones."""

from __future__ import annotations

import re

import numpy as np
import pytest

from .readme import BEGIN, END, README, renewed

TEXT = README.read_text()


@pytest.mark.skipif(
    np.lib.NumpyVersion(np.__version__) < "2.2.0", reason="older NumPy has fewer functions to list"
)
def test_the_list_of_what_is_supported_is_current() -> None:
    assert BEGIN in TEXT
    assert END in TEXT
    assert renewed(TEXT) == TEXT, "write it anew with python -m tests.readme"


def test_the_two_commands_stand_near_the_top() -> None:
    commands = re.findall(r'^python -m pip install -e "\.\[(\w+)\]" && (.+)$', TEXT, re.MULTILINE)
    assert commands == [("demos", "python -m demos"), ("test", "python -m pytest")]
    assert TEXT[: TEXT.index('".[test]"')].count("\n") < 60


def test_every_local_link_and_picture_is_there() -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)]+)\)", TEXT)
    assert links
    for link in links:
        assert (README.parent / link).exists(), link
