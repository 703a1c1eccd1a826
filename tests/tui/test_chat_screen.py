"""A live session as it is seen: text, thinking and calls as they come, results folded, and what is queued."""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from documents import message, ran, run
from loopback import Answer, Call, Loopback
from screens import Shown, opened
from trajcore import notices
from trajcore.dialects import newevents
from trajcore.live.modelsettings import ModelSettings
from trajcore.live.usage import Usage
from trajcore.replay.states import Mode, State
from trajtui.widgets.chat import ChatPane
from trajtui.widgets.message_box import MessageBox
from trajtui.widgets.queued import QueuedBox

SLOW = "for i in {1..60}; do echo $i; sleep 0.5; done"
"""Never silent for as long as a command may be: on a busy machine much is typed meanwhile."""


@asynccontextmanager
async def live(
    tmp_path: Path, answers: Sequence[Answer], events: list[Any] | None = None, **more: Any
) -> AsyncIterator[Shown]:
    """The screen on a short recording, before its first step, with a model that gives these answers."""
    path = tmp_path / "recording.json"
    path.write_text(json.dumps(events or [message(0, "go"), run(1, "true"), ran(2, 1, "")]))
    with Loopback(answers) as server:
        model = ModelSettings("openai/loopback", "sk-never-shown", server.url)
        async with opened(path, sandbox="bubblewrap", model=model, **more) as screen:
            screen.server = server  # type: ignore[attr-defined]
            yield screen


@asynccontextmanager
async def told(
    tmp_path: Path, size: tuple[int, int] = (156, 48), *, drawn: bool = False
) -> AsyncIterator[Shown]:
    """The screen's Chat, told things by hand."""
    path = tmp_path / "recording.json"
    path.write_text(json.dumps([message(0, "go"), run(1, "true"), ran(2, 1, "")]))
    async with opened(path, size=size, drawn=drawn) as screen:
        await screen.press("5")
        await screen.settle()
        yield screen


def tell(screen: Shown, *told: notices.Notice) -> None:
    for notice in told:
        screen.session._tell(notice)


def chat(screen: Shown) -> ChatPane:
    return screen.app.screen.query_one(ChatPane)  # type: ignore[no-any-return]


def box(screen: Shown) -> MessageBox:
    return screen.app.screen.query_one(MessageBox)  # type: ignore[no-any-return]


async def go_live(screen: Shown, text: str = "go on") -> None:
    await screen.press("m")
    await screen.wait("Ctrl+L: go live")
    await screen.type(text)
    await screen.press("ctrl+l")


async def queue(screen: Shown, *texts: str) -> None:
    for text in texts:
        await screen.press("m")
        await screen.wait("Enter: deliver at")
        await screen.type(text)
        await screen.press("enter")
        await screen.wait(lambda text=text: text in screen.session.queued)
        await screen.wait(lambda: screen.timeline.has_focus)  # the box hands it back once it has closed


# As it comes


async def test_thinking_text_and_calls_come_as_they_are_written(tmp_path: Path) -> None:
    async with told(tmp_path) as screen:
        tell(screen, notices.ModelThinking("Let me ", True), notices.ModelThinking("see.", False))
        await screen.wait("Let me see.")
        tell(screen, notices.ModelText("I **look**", True), notices.ModelText(" around.", False))
        await screen.wait("I **look** around.")
        tell(screen, notices.ModelCall(0, "execute_bash", "", True))
        tell(screen, notices.ModelCall(0, "execute_bash", '{"command": "ls', False))
        await screen.wait('{"command": "ls')
        assert "★ execute_bash" in screen.text
        thought = "\n".join(f"thought {number}" for number in range(9))
        tell(screen, notices.ModelThinking(thought, True))
        await screen.wait("thought 8")
        assert "Let me see." not in screen.text, "a reply that begins anew makes the one before it void"
        usage = Usage("m", 1200, 34, cache_read_tokens=1000, cost=0.0123, context=1234, window=10_000)
        tell(screen, notices.ModelReplied(usage, 2.5))
        text = await screen.wait("1200 tokens in (1000 cached), 34 out · $0.0123 · 2.5s · context 12%")
        assert "thought 0" in text
        assert "… +8 lines" in text
        assert "thought 8" not in text


async def test_a_reply_that_nothing_came_of_stays_and_says_so(tmp_path: Path) -> None:
    async with told(tmp_path) as screen:
        tell(screen, notices.ModelText("I begin to", True))
        await screen.wait("I begin to")
        tell(screen, notices.StateChanged(State.AWAITING_INPUT, Mode.LIVE))
        await screen.wait("this reply broke off")
        assert "I begin to" in screen.text


async def test_a_text_of_any_length_leaves_the_keys_answered(tmp_path: Path) -> None:
    async with told(tmp_path, drawn=True) as screen:
        await screen.press("tab")
        slowest, piece = 0.0, "x" * 4_000
        tell(screen, notices.ModelText("begin ", True))
        for _ in range(200):
            tell(screen, notices.ModelText(piece, False))
            begun = time.process_time()
            await screen.pilot.pause(0)
            slowest = max(slowest, time.process_time() - begun)
        await screen.wait("xxxxxxxxxx")
        begun = time.process_time()
        for _ in range(10):
            await screen.press("k")
        await screen.press("g")
        await screen.wait("begin xxx")
        assert time.process_time() - begun < 5
        assert slowest < 2


async def test_a_frame_lays_out_no_more_than_has_come(tmp_path: Path) -> None:
    async with told(tmp_path) as screen:
        pane = chat(screen)
        tell(screen, notices.ModelText("word " * 20_000, True))
        await screen.wait(lambda: pane.line_count() > 1_000)
        flow = pane._segments.all[-1]
        first = list(map(id, flow.body[:1_000]))
        tell(screen, notices.ModelText("and the end", False))
        await screen.wait("and the end")
        assert list(map(id, pane._segments.all[-1].body[:1_000])) == first


async def test_a_long_message_is_markdown_to_its_end(tmp_path: Path) -> None:
    async with told(tmp_path) as screen:
        text = "word " * 4_000 + "\n\n- the **last** of it"
        screen.session.run.add(newevents.message(text, newevents.Source.AGENT), live=True)
        tell(screen, notices.RunChanged())
        await screen.wait("• the last of it")


async def test_an_edit_is_a_diff_which_unfolds_and_the_user_writes_markdown(tmp_path: Path) -> None:
    old = "\n".join(f"line {number}" for number in range(30))
    new = old.replace("line 3\n", "line three\n").replace("line 25", "line twenty-five")
    edit = newevents.new_action("edit", path="a.py", command="str_replace", old_str=old, new_str=new)
    async with told(tmp_path) as screen:
        screen.session.run.add(newevents.message("do **all** of it", newevents.Source.USER))
        screen.session.run.add(edit, live=True)
        tell(screen, notices.RunChanged())
        await screen.wait("do all of it")
        await screen.wait(lambda: any(row.split("-")[-1].strip() == "line 3" for row in screen.side))
        await screen.wait(lambda: any(row.split("+")[-1].strip() == "line three" for row in screen.side))
        assert "twenty" not in screen.text
        await screen.press("enter", "G", "enter")
        await screen.wait("line twenty-five")


async def test_what_is_hidden_is_there_when_it_is_shown(tmp_path: Path) -> None:
    async with told(tmp_path) as screen:
        await screen.press("1")
        tell(screen, notices.ModelText("unseen so far", True))
        await screen.settle()
        assert "unseen so far" not in screen.text
        await screen.press("5")
        await screen.wait("unseen so far")


async def test_what_a_model_writes_only_draws(tmp_path: Path) -> None:
    async with told(tmp_path) as screen:
        hostile = "\x1b]0;title\x07[red]markup[/red] [link](http://x.invalid) \x9b2J"
        tell(screen, notices.ModelText(hostile, True), notices.ModelThinking(hostile, True))
        tell(screen, notices.ModelCall(0, hostile, hostile, True))
        text = await screen.wait("[red]markup[/red]")
        assert "\x1b" not in text
        assert "\x9b" not in text


# A live session


@pytest.mark.bubblewrap
async def test_each_action_is_followed_by_what_came_of_it(tmp_path: Path) -> None:
    view = {"command": "view", "path": "/workspace/no-such-file"}
    answers = [
        Answer("I look **around**.", calls=[Call("execute_bash", {"command": "seq 40; (exit 3)"})]),
        Answer(calls=[Call("str_replace_editor", view)]),
        Answer("- all\n- done"),
    ]  # fmt: skip
    async with live(tmp_path, answers) as screen:
        await go_live(screen)
        await screen.wait("LIVE AWAITING INPUT", seconds=30)
        text = await screen.wait("• all")
        assert "I look around." in text
        assert "└ exit 3" in text
        assert "… +34 lines" in text
        assert "└ failed" in text
        assert "100 tokens in, 20 out" in text
        await screen.press("enter", "g")
        await screen.wait("I look around.")
        more = next(number for number, row in enumerate(screen.rows) if "… +34 lines" in row)
        await screen.pilot.click(offset=(screen.rows[more].index("+34 lines"), more))
        await screen.wait(lambda: chat(screen).line_count() > 45)
        assert any(row.strip() == "20" for row in screen.side)
        await screen.press("enter")
        await screen.wait("… +34 lines")


@pytest.mark.bubblewrap
async def test_the_event_tab_of_a_live_row_shows_what_came_back(tmp_path: Path) -> None:
    answers = [Answer(calls=[Call("execute_bash", {"command": "echo came back; false"})]), Answer("Done.")]
    async with live(tmp_path, answers) as screen:
        await go_live(screen)
        await screen.wait("LIVE AWAITING INPUT", seconds=30)
        row = next(row for row in screen.rows if "echo came back; false" in row)
        assert re.search(r"exit 1 +[0-9.]+m?s", row)
        await screen.press("2", "k")
        await screen.wait("── failed · exit 1 · ")
        assert "came back" in screen.side
        rows = screen.timeline.line_count()
        await screen.press("v")
        await screen.wait(lambda: screen.timeline.line_count() > rows)


@pytest.mark.bubblewrap
async def test_a_failed_call_gives_the_message_back_and_the_replay_goes_on(tmp_path: Path) -> None:
    events = [message(0, "go"), run(1, "true"), ran(2, 1, ""), run(3, "true"), ran(4, 3, "")]
    async with live(tmp_path, [Answer(status=401, error="bad key")], events) as screen:
        await screen.press("s")
        await screen.wait(lambda: "REPLAY PAUSED" in screen.status)
        await go_live(screen, "use pytest")
        await screen.wait("The key for openai/loopback was refused", seconds=30)
        await screen.wait(lambda: box(screen).display)
        assert "REPLAY PAUSED" in screen.status
        assert "use pytest" in screen.text
        assert not screen.session.run.has_added
        await screen.press("escape", "c")
        await screen.wait("end of the recording")


# The queue


@pytest.mark.bubblewrap
async def test_what_is_queued_is_shown_edited_removed_and_back_in_the_box_after_esc(tmp_path: Path) -> None:
    answers = [Answer(calls=[Call("execute_bash", {"command": SLOW})]), Answer("Done.")]
    async with live(tmp_path, answers) as screen:
        await go_live(screen)
        await screen.wait("LIVE EXECUTING", seconds=30)
        await queue(screen, "first", "second", "third", "fourth")
        text = await screen.wait("Queued: 4 · delivered at the model's next step")
        assert text.index(" 1 first") < text.index(" 2 second") < text.index(" 4 fourth")
        # the last one back into the box, and edited
        await screen.press("m", "up")
        await screen.wait(lambda: screen.session.queued == ("first", "second", "third"))
        await screen.type(" edited")
        await screen.press("enter")
        await screen.wait(lambda: screen.session.queued == ("first", "second", "third", "fourth edited"))
        # any one of them
        await screen.wait(lambda: screen.timeline.has_focus)
        screen.app.screen.query_one(QueuedBox).focus()
        await screen.press("up", "up", "up", "down", "d")
        await screen.wait(lambda: screen.session.queued == ("first", "third", "fourth edited"))
        await screen.press("up", "enter")
        await screen.wait(lambda: screen.session.queued == ("third", "fourth edited"))
        await screen.press("enter")
        await screen.wait(lambda: screen.session.queued == ("third", "fourth edited", "first"))
        # behind Esc they are the user's again, in order
        screen.timeline.focus()
        await screen.press("escape")
        await screen.wait("LIVE AWAITING INPUT")
        await screen.wait(lambda: box(screen).display)
        assert box(screen)._text.text == "third\n\nfourth edited\n\nfirst"  # type: ignore[union-attr]
        assert screen.session.queued == ()
        assert "Queued:" not in screen.text
        assert "delivered" not in screen.text
        await screen.press("enter")
        await screen.wait("Done.", seconds=30)
        last = screen.server.bodies[-1]["messages"][-1]["content"]  # type: ignore[attr-defined]
        assert "[The user interrupted your last action" in last
        assert last.endswith("third\n\nfourth edited\n\nfirst")


@pytest.mark.bubblewrap
async def test_the_mouse_takes_a_queued_message_back_and_removes_one(tmp_path: Path) -> None:
    answers = [Answer(calls=[Call("execute_bash", {"command": SLOW})])]
    async with live(tmp_path, answers) as screen:
        await go_live(screen)
        await screen.wait("LIVE EXECUTING", seconds=30)
        await queue(screen, "first", "second")
        rows = await screen.wait("Queued: 2")
        row = next(number for number, text in enumerate(rows.split("\n")) if " 2 second" in text)
        await screen.pilot.click(offset=(screen.rows[row].index("✕"), row))
        await screen.wait(lambda: screen.session.queued == ("first",))
        row = next(number for number, text in enumerate(screen.rows) if " 1 first" in text)
        await screen.pilot.click(offset=(8, row))
        await screen.wait(lambda: box(screen).display and not screen.session.queued)
        assert box(screen)._text.text == "first"  # type: ignore[union-attr]


@pytest.mark.bubblewrap
async def test_quitting_asks_where_words_would_be_lost(tmp_path: Path) -> None:
    async with live(tmp_path, [Answer("I write", hang=True)]) as screen:
        await go_live(screen)
        await screen.wait("I write", seconds=30)
        await queue(screen, "for later")
        await screen.press("q")
        await screen.wait("messages that were not")
        await screen.press("escape")


async def test_a_message_typed_while_a_replay_is_paused_under_it_comes_back(tmp_path: Path) -> None:
    async with told(tmp_path) as screen:
        screen.session.resume()
        screen.session.message("not yet")
        screen.session.interrupt()
        await screen.settle()
        await screen.wait(lambda: box(screen).display)
        assert "not yet" in screen.text
        assert screen.session.unsent == ("not yet",)
        await screen.press("enter")
        await screen.wait("★")
        assert screen.session.unsent == ()


@pytest.mark.bubblewrap
async def test_a_conversation_is_compacted_where_the_user_types_so(tmp_path: Path) -> None:
    noise = Answer(calls=[Call("execute_bash", {"command": "seq -s ' some words in a line ' 120"})])
    async with live(tmp_path, [noise, noise, Answer("Noise."), Answer("Loud!")]) as screen:
        await go_live(screen)
        await screen.wait("AWAITING INPUT")
        assert "context ~" in screen.text
        await screen.press("m")
        await screen.type("/compact")
        await screen.press("enter")
        await screen.wait("events of the conversation are summarised")
        await screen.wait("left out here:] Loud!")
        assert screen.session.state is State.AWAITING_INPUT
        screen.app.screen.action_act("compact")
        await screen.wait("nothing to compact")
