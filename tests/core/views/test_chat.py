"""The dialogue of a run, as parts of plain data, and the reply that is coming."""

from __future__ import annotations

import json
from typing import Any

import pytest

from documents import message, ran, run
from pictures import png, url
from showing import played, session_of
from trajcore import notices
from trajcore.dialects import newevents
from trajcore.dialects.replies import Call
from trajcore.live.usage import Usage
from trajcore.replay.run import LiveStep
from trajcore.session import Session
from trajcore.views.blocks import BlockKind
from trajcore.views.chat import ChatPart, ChatTone, Dialogue
from trajcore.views.coming import Coming
from trajcore.views.folding import Folded

pytestmark = pytest.mark.asyncio


def told(session: Session) -> list[tuple[str, str, ChatTone]]:
    dialogue = Dialogue(session)
    dialogue.refresh()
    return [plain(part) for part in dialogue.parts]


def plain(part: ChatPart) -> tuple[str, str, ChatTone]:
    return part.speaker, part.block.text, part.tone


def act(session: Session, command: str, content: str, exit_code: int = 0, thought: str = "") -> None:
    """Add a model's command with what came back, as a live session does."""
    call = Call("call_1", "execute_bash", json.dumps({"command": command}))
    action = newevents.new_command(command)
    said = newevents.tool_action(action, call, {"id": "r"}, 1, thought, {})
    add(session, said, answer_with(content, exit_code))


def answer_with(content: str, exit_code: int = 0) -> dict[str, Any]:
    extras = {"command": "", "metadata": {"exit_code": exit_code}}
    return {"source": "agent", "message": "", "observation": "run", "content": content, "extras": extras}


def add(session: Session, action: dict[str, Any], answer: dict[str, Any]) -> None:
    entry = session.run.add(action, live=True)
    session.run.live_steps[entry.id] = LiveStep(1.25, None)
    session.run.add({**answer, "cause": entry.id}, live=True)


async def test_what_was_recorded_is_told_from_what_is_said_now() -> None:
    session = await played([message(0, "go"), run(1), ran(2, 1), message(3, "done", "agent")])
    session.run.add(newevents.user_message("more"), live=True)
    assert told(session) == [
        ("you", "go", ChatTone.RECORDED),
        ("agent", "done", ChatTone.RECORDED),
        ("you", "more", ChatTone.SAID),
    ]
    await session.close()


async def test_an_action_is_followed_by_what_came_of_it() -> None:
    session = session_of([message(0, "go")])
    act(session, "ls", "a\nb\n", thought="I *look*.")
    act(session, "false", "", exit_code=1)
    assert told(session) == [
        ("agent", "I *look*.", ChatTone.SAID),
        ("", "★ run  ls", ChatTone.ACTION),
        ("", "  └ exit 0 · 1.2s", ChatTone.OUTCOME),
        ("", "a\nb", ChatTone.OUTCOME),
        ("", "★ run  false", ChatTone.ACTION),
        ("", "  └ exit 1 · 1.2s", ChatTone.FAILED),
    ]
    await session.close()


async def test_a_failed_edit_says_so_with_all_of_its_words_and_shows_what_it_would_change() -> None:
    session = session_of([message(0, "go")])
    action = newevents.new_action("edit", path="a.py", command="str_replace", old_str="x\ny", new_str="z")
    answer = {"source": "agent", "message": "", "observation": "edit", "content": "ERROR:\nNo match.",
              "extras": {"path": "a.py"}}  # fmt: skip
    add(session, action, answer)
    parts = told(session)
    assert parts[0][1].startswith("★ edit  a.py")
    assert ("", "-x\n-y\n+z", ChatTone.ACTION) in parts
    assert parts[-2:] == [
        ("", "  └ failed · 1.2s", ChatTone.FAILED),
        ("", "ERROR:\nNo match.", ChatTone.FAILED),
    ]
    await session.close()


async def test_a_long_result_is_folded_to_its_ends_and_kept_whole() -> None:
    session = session_of([message(0, "go")])
    lines = [f"line {number}" for number in range(100)]
    act(session, "seq", "\n".join(lines))
    dialogue = Dialogue(session)
    dialogue.refresh()
    part = dialogue.parts[-1]
    assert part.folds
    assert part.block.folded == Folded("\n".join(lines[:3]), "\n".join(lines[-3:]), "+94 lines")
    assert part.block.text == "\n".join(lines)
    await session.close()


@pytest.mark.parametrize("text", ["x" * 800_000, "\x1b[31m" * 10_000, "\n".join(["y" * 5000] * 4)])
async def test_what_is_folded_is_short_and_safe(text: str) -> None:
    session = session_of([message(0, "go")])
    act(session, "cat", text)
    dialogue = Dialogue(session)
    dialogue.refresh()
    part = dialogue.parts[-1]
    short = part.block.folded
    assert short is not None
    assert len(short.head) + len(short.tail) < 2_500
    assert "\x1b" not in short.head + short.tail
    await session.close()


async def test_a_long_message_of_the_user_or_the_recording_is_folded() -> None:
    lines = "\n".join(f"line {number} " + "of a paragraph " * 60 for number in range(40))
    session = await played([message(0, lines), message(1, lines, source="agent")])
    session.run.add(newevents.message(lines, newevents.Source.USER))
    session.run.add(newevents.message(lines, newevents.Source.AGENT), live=True)
    dialogue = Dialogue(session)
    dialogue.refresh()
    assert [part.folds for part in dialogue.parts] == [True, True, True, False]
    assert {part.block.kind for part in dialogue.parts} == {BlockKind.PROSE}
    short = dialogue.parts[0].block.folded
    assert short is not None
    assert (short.head.count("\n"), short.tail.count("\n"), short.more) == (19, 3, "+16 lines")
    assert "…" not in short.head
    await session.close()


async def test_a_long_message_of_the_model_is_whole() -> None:
    session = session_of([message(0, "go")])
    session.run.add(newevents.message("w " * 5_000, newevents.Source.AGENT), live=True)
    speaker, text, _ = told(session)[-1]
    assert (speaker, len(text)) == ("agent", 10_000)
    await session.close()


async def test_what_a_reply_cost_stands_behind_its_words_and_its_thinking_before_them() -> None:
    session = session_of([message(0, "go")])
    dialogue = Dialogue(session)
    place = len(session.run)
    dialogue.add_aside(place, BlockKind.TEXT, "hm\nand more\nand more", ChatTone.THOUGHT, "thinking")
    usage = Usage("m", 1200, 34, cache_read_tokens=1000, cost=0.0123, context=1234, window=10_000)
    dialogue.replied(notices.ModelReplied(usage, 2.5))
    dialogue.refresh()
    cost = "── 1200 tokens in (1000 cached), 34 out · $0.0123 · 2.5s · context 12%"
    assert [part.block.text for part in dialogue.parts[-1:]] == [cost]
    act(session, "ls", "a", thought="I look.")
    kept = dialogue.refresh()
    texts = [(part.speaker, part.block.text.split("\n")[0]) for part in dialogue.parts[kept:]]
    assert texts[:4] == [("thinking", "hm"), ("agent", "I look."), ("", cost), ("", "★ run  ls")]
    short = dialogue.parts[kept].block.folded
    assert short is not None
    assert short.more == "+2 lines"
    await session.close()


async def test_what_is_gone_from_the_run_takes_with_it_what_belonged_to_it() -> None:
    session = session_of([message(0, "go")])
    session.run.add(newevents.user_message("one"), live=True)
    dialogue = Dialogue(session)
    dialogue.replied(notices.ModelReplied(Usage("m", 1, 1), 1.0))
    act(session, "ls", "a")
    dialogue.refresh()
    session.run.rewind(1, 0)
    assert dialogue.refresh() == 1
    session.run.add(newevents.user_message("two"), live=True)
    assert dialogue.refresh() == 1
    assert [part.block.text for part in dialogue.parts] == ["one", "two"]
    await session.close()


async def test_a_note_for_the_model_is_not_said_by_the_user() -> None:
    session = session_of([message(0, "go")])
    note = newevents.note("interrupted your last reply.")
    session.run.add(newevents.user_message(note), live=True)
    assert told(session)[-1] == ("", note, ChatTone.ASIDE)
    await session.close()


async def test_a_reply_comes_in_stretches_whose_pieces_are_safe() -> None:
    coming = Coming()
    coming.hear(notices.ModelThinking("hm", True))
    coming.hear(notices.ModelText("one\r", True))
    coming.hear(notices.ModelCall(0, "", "", True))
    coming.hear(notices.ModelCall(0, "execute_bash", '{"a":', False))
    coming.hear(notices.ModelText("\ntwo\x1b[2J", False))
    assert [one.speaker for one in coming.stretches] == ["thinking", "agent", "★ execute_bash"]
    thinking, text, call = coming.stretches
    assert (thinking.take(), thinking.take(), call.take()) == ("hm", "", '{"a":')
    assert text.take() == "one\ntwo␛[2J"
    coming.hear(notices.ModelText("x\r", False))
    assert text.take() == "x"
    coming.hear(notices.ModelText("\ny", False))
    assert text.take() == "\ny"
    text.again()
    assert text.take() == "one\ntwo␛[2Jx\ny"
    assert coming.replied() == "hm"
    assert [one.speaker for one in coming.stretches] == ["agent", "★ execute_bash"]
    coming.hear(notices.ModelText("anew", True))
    assert [one.text for one in coming.stretches] == ["anew"]


async def test_the_pictures_of_a_message_are_named() -> None:
    session = session_of([message(0, "go")])
    said = newevents.message("look", newevents.Source.AGENT)
    said["args"]["image_urls"] = [url(png(8, 5))]
    session.run.add(said, live=True)
    assert told(session)[-1][1].startswith("picture 8×5 · png · ")
    await session.close()
