"""What is shown of an event, as blocks of plain data."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from documents import message, ran, run
from showing import played, row_of, session_of
from trajcore.replay.run import Status, StepResult
from trajcore.session import Session
from trajcore.views.blocks import Block, BlockKind
from trajcore.views.differing import HunksBlock
from trajcore.views.event import blocks_for
from trajcore.views.observations import verdict

pytestmark = pytest.mark.asyncio

EDIT = {
    "id": 5,
    "source": "agent",
    "action": "edit",
    "args": {"path": "/w/a.py", "command": "str_replace", "old_str": "one\ntwo", "new_str": "three"},
}
EVENTS = [
    message(0, "# go"),
    run(1, args={"command": "ls", "thought": "look *first*"}),
    ran(2, 1, "a\nb", exit_code=0),
    EDIT,
]


def shown(session: Session, index: int) -> list[tuple[str, str]]:
    return [(block.kind.value, block.text) for block in blocks_for(session, row_of(session, index))]


async def test_nothing_is_shown_of_no_row() -> None:
    assert blocks_for(session_of(EVENTS), None) == ()


async def test_a_command_is_code_and_its_thought_is_prose() -> None:
    blocks = blocks_for(session_of(EVENTS), row_of(session_of(EVENTS), 1))
    assert blocks[0] == Block(BlockKind.HEADING, "agent · run · 1")
    assert Block(BlockKind.PROSE, "look *first*") in blocks
    assert Block(BlockKind.CODE, "ls", "bash") in blocks


async def test_flags_are_named_where_they_are_set() -> None:
    plain = run(1, args={"command": "ls", "is_input": False, "blocking": False, "hidden": False})
    assert not any("false" in text for _, text in shown(session_of([message(0, "go"), plain]), 1))
    hidden = run(1, args={"command": "ls", "is_input": False, "hidden": True})
    assert ("note", "hidden: true") in shown(session_of([message(0, "go"), hidden]), 1)


async def test_an_edit_is_shown_as_the_lines_of_a_diff() -> None:
    assert ("hunks", "-one\n-two\n+three") in shown(session_of(EVENTS), 3)


@pytest.mark.parametrize(
    ("args", "lines"),
    [
        ({"command": "str_replace", "old_str": "a\nb\nc", "new_str": "a\nb\nnew\nc"}, " a\n b\n+new\n c"),
        ({"command": "insert", "insert_line": 7, "new_str": "x\ny"}, "+x\n+y"),
        ({"command": "create", "file_text": "one\ntwo"}, "+one\n+two"),
    ],
)
async def test_no_more_of_an_edit_is_shown_than_what_it_changes(args: dict[str, Any], lines: str) -> None:
    edit = {"id": 1, "source": "agent", "action": "edit", "args": {"path": "/w/a.py", **args}}
    session = session_of([message(0, "go"), edit])
    blocks = blocks_for(session, row_of(session, 1))
    assert lines in [block.text for block in blocks]
    numbers = {"insert": [8, 9], "create": [1, 2]}.get(args["command"])
    found = next(block for block in blocks if isinstance(block, HunksBlock)).hunks
    if numbers:
        assert [pair.its_number for pair in found.hunks[0].pairs] == numbers


async def test_where_the_diff_of_an_edit_is_known_it_is_that_of_its_file() -> None:
    diff = "--- /w/a.py\n+++ /w/a.py\n@@ -40,3 +40,3 @@\n def f():\n-    return one\n+    return three\n \n"
    edited = {
        "id": 2,
        "source": "agent",
        "cause": 1,
        "observation": "edit",
        "content": "The file /w/a.py has been edited.",
        "extras": {"path": "/w/a.py", "diff": diff},
    }
    session = session_of([message(0, "go"), {**EDIT, "id": 1}, edited])
    block = next(one for one in blocks_for(session, row_of(session, 1)) if isinstance(one, HunksBlock))
    assert block.text == "⋯ 39 equal lines\n def f():\n-    return one\n+    return three\n "
    assert [(pair.number, pair.its_number) for pair in block.hunks.hunks[0].pairs] == [
        (40, 40),
        (41, 41),
        (42, 42),
    ]


async def test_before_it_is_played_an_action_has_what_was_recorded() -> None:
    blocks = shown(session_of(EVENTS), 1)
    assert blocks[-2:] == [("note", "── recorded · exit 0 ──"), ("output", "a\nb")]


async def test_once_played_it_says_how_that_went() -> None:
    session = await played(EVENTS[:3])
    blocks = shown(session, 1)
    assert any(kind == "good" and "served from the recording" in text for kind, text in blocks)
    await session.close()


async def test_what_is_invalid_is_said_first() -> None:
    session = session_of([message(0, "go"), {"id": 1, "source": "agent", "action": "run", "args": {}}])
    first = blocks_for(session, row_of(session, 1))[0]
    assert first.kind is BlockKind.BAD
    assert "command" in first.text


@pytest.mark.parametrize("text", ["\x1b]0;title\x07", "\x1b[2J", "a\u202eb", "\x9b31m"])
async def test_every_text_is_safe_to_draw(text: str) -> None:
    hostile: list[dict[str, Any]] = [
        message(0, text),
        run(1, args={"command": text, "thought": text}),
        ran(2, 1, text),
    ]
    session = session_of(hostile)
    for index in range(3):
        for block in blocks_for(session, row_of(session, index)):
            assert not set(block.text) & set("\x1b\x07\x9b\u202e")


async def test_blocks_are_plain_data() -> None:
    for block in blocks_for(session_of(EVENTS), row_of(session_of(EVENTS), 1)):
        assert set(asdict(block)) == {"kind", "text", "language", "folded", "picture"}


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("served from the recording", ""),
        ("you asked for it: served from the recording", ": you asked for it"),
        ("not carried out when it was recorded", ": not carried out when it was recorded"),
    ],
)
async def test_the_verdict_of_what_was_served_says_so_once(reason: str, told: str) -> None:
    served = StepResult(1, 1, "run", Status.RECORDED, None, None, 0, 0.0, reason, actual=None, recorded=None)
    assert verdict(served).text == f"r served from the recording, not executed{told}"
