"""The dialogue of a run, as parts of plain data."""

from __future__ import annotations

import pytest

from documents import message, ran, run
from showing import played, session_of
from trajcore.views.chat import ChatPart, ChatTone, being_written, dialogue

pytestmark = pytest.mark.asyncio


async def test_what_was_recorded_is_told_from_what_is_said_now() -> None:
    session = await played([message(0, "go"), run(1), ran(2, 1), message(3, "done", "agent")])
    assert dialogue(session) == [
        ChatPart("you", "go", ChatTone.RECORDED),
        ChatPart("agent", "done", ChatTone.RECORDED),
    ]
    await session.close()


async def test_a_typed_message_is_said_in_this_run() -> None:
    session = session_of([message(0, "go"), run(1), ran(2, 1), run(3), ran(4, 3)])
    session.step()
    await session.idle()
    session.message("wait")
    assert dialogue(session)[-1] == ChatPart("you", "wait", ChatTone.SAID)
    await session.close()


async def test_a_text_is_safe_and_no_longer_than_can_be_read_here() -> None:
    part = being_written("\x1b[2J" + "x" * 10_000)
    assert part.speaker == "model"
    assert "\x1b" not in part.text
    assert len(part.text) == 4_001
