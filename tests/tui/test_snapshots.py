"""Every screen and state looks as it did: as text with styles, in both themes of ours and at three sizes.

What looks otherwise on purpose is written anew by

    TRAJTUI_RENEW_SNAPSHOTS=1 pytest tests/tui/test_snapshots.py -m ""

and read before it is committed: `git diff tests/tui/snapshots`.
"""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from difflib import unified_diff
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from textual.pilot import Pilot

from screens import opened
from states import FIRST, STATES, home, recording
from styled import styled
from trajcore.views import marks
from trajcore.views.browsing import Entry, Listing
from trajcore.views.glances import GONE, Glance, Glances
from trajcore.views.overview import Overview
from trajtui import glancing
from trajtui.screens import browse, start
from trajtui.themes import DARK, LIGHT

SNAPSHOTS = Path(__file__).parent / "snapshots"
RENEW = "TRAJTUI_RENEW_SNAPSHOTS" in os.environ
_INSIDE = ("src", "talk", "first.json", "package.json", "second.jsonl.gz")
LOOKED_AT = ("start", "browse")
"""What shows recordings, and what is known of them once they were looked at."""
NOT_THE_SAME = {
    "save-as": "it shows where the file is",
    "differences": "the same",
    "world": "it shows which sandboxes the machine has",
}
"""States that are others on other machines."""


@pytest.fixture
def no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever happens takes the same time."""
    real = marks.duration
    for module in list(sys.modules.values()):
        if isinstance(module, ModuleType) and module.__dict__.get("duration") is real:
            monkeypatch.setattr(module, "duration", lambda seconds: "12ms")
    monkeypatch.setattr(Overview, "_took", lambda overview, row: 0.012)


@pytest.mark.parametrize(
    ("theme", "size"), [(DARK, (120, 36)), (LIGHT, (120, 36)), (DARK, (80, 24)), (DARK, (160, 48))]
)
@pytest.mark.sampled(4)
async def test_every_state_looks_as_it_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_clock: None, theme: str, size: tuple[int, int]
) -> None:
    """Colours have names, which both themes share: there is one text of both."""
    monkeypatch.setenv("COLORTERM", "truecolor")
    others = {}
    async with opened(recording(tmp_path / "all.json"), size=size, drawn=True) as shown:
        shown.app.theme = theme
        await shown.settle()
        for name, reach in STATES.items():
            with ExitStack() as undo:
                await reach(shown, undo)
                if name not in NOT_THE_SAME:
                    others[name] = _difference(
                        f"{size[0]}x{size[1]}/{name}.txt", await _still(shown.pilot), theme
                    )
            await home(shown)
    changed = {name: difference for name, difference in others.items() if difference}
    assert not changed, "\n\n".join([*changed.values(), f"otherwise than before: {', '.join(changed)}"])


@pytest.mark.parametrize(
    ("theme", "size"), [(DARK, (120, 36)), (LIGHT, (120, 36)), (DARK, (80, 24)), (DARK, (160, 48))]
)
@pytest.mark.parametrize("name", FIRST)
async def test_what_comes_before_the_debugger_looks_as_it_did(
    monkeypatch: pytest.MonkeyPatch, name: str, theme: str, size: tuple[int, int]
) -> None:
    monkeypatch.setenv("COLORTERM", "truecolor")
    recent = [Path("/recordings/a/long/way/down/first.json"), Path("/recordings/second.jsonl.gz")]
    facts = "75.3 kB · 2 hours ago · 12 steps · 3 diverged"
    inside = tuple(Entry(Path("/recordings") / name, name in ("src", "talk")) for name in _INSIDE)
    monkeypatch.setattr(start, "recent_files", lambda: recent)
    monkeypatch.setattr(glancing, "facts", lambda path, glance: GONE if path == recent[1] else facts)
    monkeypatch.setattr(browse, "listing", lambda directory: Listing(inside, more=False))
    monkeypatch.setattr(browse, "may_be_recording", lambda path: path.name in ("talk", "first.json"))
    monkeypatch.setattr(
        Glances, "of", lambda glances, path: Glance(task="Fix the build" * (path != recent[1]))
    )
    app = FIRST[name]()
    async with app.run_test(size=size) as pilot:
        app.theme = theme
        while name in LOOKED_AT and "75.3 kB" not in styled(app):  # they are looked at in a thread
            await pilot.pause(0.02)
        changed = _difference(f"{size[0]}x{size[1]}/before-{name}.txt", await _still(pilot), theme)
    assert not changed, changed


async def _still(pilot: Pilot[Any]) -> str:
    """The screen once nothing moves on it any more."""
    before, now = "", styled(pilot.app)
    while now != before:
        await pilot.pause(0.1)
        before, now = now, styled(pilot.app)
    return now


def _difference(name: str, shown: str, theme: str) -> str:
    path = SNAPSHOTS / name
    if RENEW and theme == DARK:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(shown, encoding="utf-8")
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    return "\n".join(
        unified_diff(before.splitlines(), shown.splitlines(), name, f"{name} in {theme}", lineterm="")
    )


def test_no_snapshot_is_of_a_state_that_is_gone() -> None:
    known = {*STATES.keys() - NOT_THE_SAME.keys(), *(f"before-{name}" for name in FIRST)}
    assert {path.stem for path in SNAPSHOTS.glob("*/*.txt")} <= known
