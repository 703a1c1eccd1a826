"""Hints that a user has had do not come again."""

from __future__ import annotations

import pytest

from hostile import ODD, odd_file
from trajcore.views import hints
from trajcore.views.hints import hints_had, keep_had


def test_what_was_had_is_kept_beside_what_was_had_before() -> None:
    assert hints_had() == frozenset()
    keep_had(["step"])
    keep_had(["help"])
    assert hints_had() == {"step", "help"}


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_file_of_ours_is_left_alone(kind: str) -> None:
    hints._file().parent.mkdir(parents=True)
    odd_file(hints._file(), kind)
    before = hints._file().lstat()
    assert not hints_had() & {"step"}
    keep_had(["step"])
    after = hints._file().lstat()
    assert (before.st_ino, before.st_mode) == (after.st_ino, after.st_mode)
