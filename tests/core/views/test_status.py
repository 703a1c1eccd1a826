"""The texts of the header, the status line and the message box."""

from __future__ import annotations

import pytest

from documents import message, ran, run
from showing import played, row_of, session_of
from trajcore.views.status import header_left, header_right, message_hint, status_of

pytestmark = pytest.mark.asyncio

EVENTS = [message(0, "go"), run(1), ran(2, 1), message(3, "and now something longer than fits"), run(4)]


async def test_the_header_says_what_is_open_and_where_it_runs() -> None:
    session = session_of(EVENTS)
    assert header_left(session) == "test.json  5 events · 2 steps"
    assert header_right(session, None) == "choosing a sandbox · net off · no model"


async def test_the_status_says_where_the_cursor_is_only_where_it_is_elsewhere() -> None:
    session = await played(EVENTS)
    status = status_of(session, row_of(session, 1), "note", bad=False, done=None, several=2)
    assert (status.mode, status.state) == ("REPLAY", "PAUSED")
    assert status.position == "2/2 · at 1 · 2 selected"
    assert not status.modified
    assert status_of(session, None, "", bad=True, done=0.5, ahead=3).position == "2/2 · 3 ahead"
    await session.close()


async def test_the_message_box_says_what_its_keys_do_here() -> None:
    session = session_of(EVENTS)
    hint = message_hint(session)
    assert 'Alt+R: in place of 0 "go"' in hint
    session = await played(EVENTS)
    assert message_hint(session) == "Enter: send, the model goes on · Ctrl+J: new line · Esc leaves"
    await session.close()
