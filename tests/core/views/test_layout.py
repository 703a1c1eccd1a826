"""How a screen was laid out is kept beside the recording's name; what makes no sense is passed over."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from documents import message, run
from program import write
from trajcore.trajectory import Trajectory
from trajcore.views.layout import (
    Layout,
    folded_uids,
    keep_layout,
    keep_theme,
    layout_of,
    theme_chosen,
    with_folded,
)

LAID_OUT = Layout("event", "files", 0.4, 0.25, True, ("1", "#2"))


@pytest.fixture
def recording(tmp_path: Path) -> Trajectory:
    delegate = {"source": "agent", "action": "delegate", "args": {"agent": "Other"}}
    events = [message(0, "go"), {"id": 1, **delegate}, delegate, run(3)]
    return Trajectory.open(write(tmp_path / "x.json", events))


@pytest.fixture
def kept(user_without_settings: Path) -> Path:
    return user_without_settings / "state" / "trajtui" / "layouts"


def test_what_is_kept_is_what_was_laid_out(recording: Trajectory, kept: Path) -> None:
    assert layout_of(recording) == Layout()
    before = recording.to_bytes()
    keep_layout(recording, LAID_OUT)
    assert recording.path is not None
    assert layout_of(recording) == layout_of(Trajectory.open(recording.path)) == LAID_OUT
    assert recording.to_bytes() == before
    other = Trajectory.open(write(recording.path.with_name("y.json"), [message(0)]))
    assert layout_of(other) == Layout()
    unnamed = Trajectory.from_bytes(before, "standard input")
    keep_layout(unnamed, LAID_OUT)
    assert layout_of(unnamed) == Layout()
    assert len(list(kept.iterdir())) == 1


def test_delegations_are_named_by_their_labels(recording: Trajectory) -> None:
    uids = {recording.uid(1), recording.uid(2)}
    layout = with_folded(Layout(), recording, uids)
    assert layout.folded == ("1", "#2")
    assert folded_uids(layout, recording) == uids
    assert folded_uids(Layout(folded=("0", "3", "99", "x", "")), recording) == set()


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "{",
        "[]",
        "null",
        '{"tab": 7, "share": "x", "upper": 9.5, "raw": 1, "folded": {"a": 1}}',
        "[" * 10_000,
    ],
)
def test_what_makes_no_sense_is_passed_over(recording: Trajectory, kept: Path, damage: str) -> None:
    keep_layout(recording, LAID_OUT)
    (path,) = kept.iterdir()
    path.write_text(damage)
    assert layout_of(recording) == Layout()
    keep_layout(recording, LAID_OUT)
    assert json.loads(path.read_text())["tab"] == "event"


def test_where_nothing_can_be_kept_nothing_is(recording: Trajectory, kept: Path) -> None:
    kept.parent.parent.mkdir(parents=True, exist_ok=True)
    kept.parent.write_text("in the way")
    keep_layout(recording, LAID_OUT)
    keep_theme("dracula")
    assert (layout_of(recording), theme_chosen()) == (Layout(), "")
    assert kept.parent.read_text() == "in the way"


def test_the_theme_is_kept_for_all_recordings(kept: Path) -> None:
    assert theme_chosen() == ""
    keep_theme("dracula")
    assert theme_chosen() == "dracula"
    (kept.parent / "theme").write_bytes(b"\xff" * 100)
    assert theme_chosen() == ""
