"""What can be copied of rows, what it comes to, and the files that keep it."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from documents import message, ran, run
from showing import played, row_of, session_of
from trajcore import masking
from trajcore.errors import BadInput
from trajcore.session import Session
from trajcore.views.copied import CLIPBOARD, fits, keep, words
from trajcore.views.copying import PARTS, copied, offered

pytestmark = pytest.mark.asyncio

EDIT = {
    "id": 3,
    "source": "agent",
    "action": "edit",
    "args": {"path": "/w/a.py", "command": "str_replace", "old_str": "one\ntwo", "new_str": "one\nthree"},
}
EVENTS = [
    message(0, "# go"),
    run(1, "printf 'a\\tb'; date"),
    ran(2, 1, "\x1b[31mred\x1b[0m\ta\n50%\r100%\n"),
    EDIT,
    run(4, "true"),
]


def copy(session: Session, name: str, *indices: int) -> str:
    part = next(part for part in PARTS if part.name == name)
    return copied(session, [row_of(session, index) for index in indices], part)


def names(session: Session, *indices: int) -> list[str]:
    return [part.name for part in offered(session, [row_of(session, index) for index in indices])]


async def test_only_what_there_is_is_offered() -> None:
    session = session_of(EVENTS)
    assert names(session, 0) == ["command", "event", "all"]
    assert names(session, 1) == ["command", "output", "event", "all"]
    assert names(session, 2) == ["output", "event", "all"]
    assert names(session, 3) == ["diff", "path", "event", "all"]
    assert names(session, 1, 3) == ["command", "output", "diff", "path", "event", "all"]
    assert offered(session, []) == []


async def test_the_texts_are_what_the_recording_says() -> None:
    session = session_of(EVENTS)
    assert copy(session, "command", 0, 1, 4) == "# go\nprintf 'a\\tb'; date\ntrue"
    assert copy(session, "output", 1) == copy(session, "output", 2) == "red\ta\n100%"
    assert json.loads(copy(session, "event", 1)) == EVENTS[1]
    assert [json.loads(line) for line in copy(session, "event", 0, 3).split("\n")] == [EVENTS[0], EDIT]
    assert copy(session, "path", 3) == "/w/a.py"
    assert copy(session, "diff", 3) == "--- a/w/a.py\n+++ b/w/a.py\n@@ -1,2 +1,2 @@\n one\n-two\n+three"
    assert "── recorded" in copy(session, "all", 1)


@pytest.mark.bubblewrap
async def test_what_came_back_now_stands_before_what_was_recorded() -> None:
    events = [message(0, "go"), run(1, "echo new; echo same > f"), ran(2, 1, "old")]
    session = await played(events, "bubblewrap")
    try:
        assert names(session, 1) == ["command", "output", "recorded", "diff", "event", "all"]
        assert (copy(session, "output", 1), copy(session, "recorded", 1)) == ("new", "old")
        assert copy(session, "diff", 1).endswith("@@ -1 +1 @@\n-old\n+new")
    finally:
        await session.close()


async def test_no_secret_and_nothing_that_acts_on_a_terminal_is_copied() -> None:
    masking.hide("sk-secret-of-mine")
    text = "\x1b]0;title\x07 sk-secret-of-mine \u202e \x9b31m"
    session = session_of([message(0, text), run(1, text), ran(2, 1, text)])
    for part in PARTS:
        for index in range(3):
            taken = copy(session, part.name, index)
            assert not set(taken) & set("\x1b\x07\x9b\u202e")
            assert "sk-secret" not in taken


async def test_the_latest_copies_are_kept_for_this_user_alone() -> None:
    for number in range(6):
        path = keep(f"copy {number}")
    assert path.read_text() == "copy 5"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert sorted(one.read_text() for one in path.parent.iterdir()) == [f"copy {n}" for n in range(2, 6)]
    assert words("output", "x" * 1234, path).startswith("copied output (1,234 characters) · also in ~/")


async def test_where_no_file_can_be_written_it_says_so_and_follows_no_link(tmp_path: Path) -> None:
    path = keep("mine")
    aim = tmp_path / "aim"
    aim.write_text("untouched")
    path.parent.rename(path.parent.with_name("away"))
    path.parent.write_text("in the way")
    with pytest.raises(BadInput, match="cannot be written"):
        keep("more")
    path.parent.unlink()
    path.parent.mkdir()
    for name in ("copied.txt", "copied-2.txt"):
        (path.parent / name).symlink_to(aim)
    keep("again")
    assert (aim.read_text(), path.read_text()) == ("untouched", "again")


async def test_what_a_terminal_would_cut_is_not_sent_to_it() -> None:
    assert fits("x" * CLIPBOARD)
    assert not fits("é" * CLIPBOARD)
    assert words("output", "x" * 80_000, "no space").startswith("output is too long for the terminal's clip")
