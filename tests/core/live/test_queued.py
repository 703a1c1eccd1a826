"""Words typed while something works: their order, their way back, what is kept of them; and what the model is
told of the user: that it was interrupted, and what was changed by hand.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from documents import message, ran, run
from loopback import Answer, Call, Loopback
from trajcore import notices
from trajcore.dialects.newevents import is_note
from trajcore.errors import ModelUnavailable, Refused
from trajcore.journal.edits import journal_directory
from trajcore.journal.recovery import orphans
from trajcore.live.model import close_connections
from trajcore.live.modelsettings import ModelSettings
from trajcore.replay.states import Mode, State
from trajcore.sandbox.base import SandboxSettings
from trajcore.session import Delivery, Session
from trajcore.settings import Settings
from trajcore.trajectory import Trajectory
from trajcore.views import recovery
from typist import Typist

KEY = "sk-loopback-key"
RECORDED = [message(0), run(1, "echo a"), ran(2, 1, "a"), run(3, "echo b"), ran(4, 3, "b")]


@pytest.fixture(autouse=True)
async def _connections():
    yield
    await close_connections()


def session_at(tmp_path: Path, server: Loopback | None = None, events: list[Any] | None = None) -> Session:
    """A session on a recording, with its work kept on disk."""
    path = tmp_path / "recording.json"
    path.write_text(json.dumps(RECORDED if events is None else events))
    model = ModelSettings() if server is None else ModelSettings("openai/loopback", KEY, server.url)
    sandbox = "recorded" if server is None else "bubblewrap"
    world = SandboxSettings(track_files=True)
    return Session(Trajectory.open(path), Settings(sandbox, world, model, keep_journal=True, confirm=None))


async def until(session: Session, reached: Callable[[], object]) -> None:
    """Wait until something is true that comes with a notice."""
    if reached():
        return
    found = asyncio.Event()
    end = session.subscribe(lambda notice: found.set() if reached() else None)
    await asyncio.wait_for(found.wait(), 60)
    end()


async def writing(session: Session) -> None:
    """Wait until the model's text has begun to come."""
    heard = asyncio.Event()
    end = session.subscribe(lambda notice: heard.set() if isinstance(notice, notices.ModelText) else None)
    await asyncio.wait_for(heard.wait(), 60)
    end()


def said(body: dict[str, Any]) -> str:
    """What the user says to the model at the end of a request."""
    last = body["messages"][-1]
    assert last["role"] == "user"
    return str(last["content"])


def own_words(session: Session) -> list[str]:
    """What the user typed in a run, in order."""
    entries = [entry for entry in session.run.entries if entry.is_added]
    texts = [entry.head.args.content or "" for entry in entries if entry.head.args and entry.head.is_action]
    return [text for text in texts if text and not is_note(text)]


# The queue


@pytest.mark.bubblewrap
async def test_what_is_queued_keeps_its_order_behind_an_interrupt(tmp_path: Path) -> None:
    with Loopback([Answer("I begin to write", hang=True), Answer("All right.")]) as server:
        session = session_at(tmp_path, server)
        session.message("go", Delivery.LIVE)
        await writing(session)
        session.message("queued one")
        session.message("queued two")
        assert session.queued == ("queued one", "queued two")
        session.interrupt()
        await session.idle()
        assert session.state is State.AWAITING_INPUT
        session.message("three")
        await session.idle()
        assert session.queued == ()
        assert said(server.bodies[-1]).endswith("queued one\n\nqueued two\n\nthree")
        await session.close()


@pytest.mark.bubblewrap
async def test_what_is_queued_is_delivered_between_two_steps_and_told(tmp_path: Path) -> None:
    slow = Answer(calls=[Call("execute_bash", {"command": "sleep 0.5"})])
    with Loopback([slow, Answer("Done.")]) as server:
        session = session_at(tmp_path, server)
        told: list[tuple[str, ...]] = []
        session.subscribe(
            lambda notice: told.append(notice.queued) if isinstance(notice, notices.QueueChanged) else None
        )
        session.message("go", Delivery.LIVE)
        await until(session, lambda: session.state is State.EXECUTING)
        session.message("one")
        session.message("two")
        session.message("not this")
        session.drop(2)
        await session.idle()
        assert said(server.bodies[-1]) == "one\n\ntwo"
        assert told[-5:] == [("one",), ("one", "two"), ("one", "two", "not this"), ("one", "two"), ()]
        assert own_words(session)[:3] == ["go", "one", "two"]
        await session.close()


async def test_what_is_queued_can_be_taken_back_one_by_one_or_all(tmp_path: Path) -> None:
    session = session_at(tmp_path)
    session.run_to(3)
    for text in ("one", "two", "three"):
        session.message(text)
    assert session.take_back(-1) == "three"
    assert session.take_back(0) == "one"
    assert session.queued == ("two",)
    assert session.unsent == ("three", "one", "two")
    assert session.take_back() == "two"
    with pytest.raises(Refused, match="no such message"):
        session.take_back()
    with pytest.raises(Refused, match="no such message"):
        session.drop(0)
    await session.idle()
    assert own_words(session) == []
    session.message("one, edited")
    assert session.unsent == ()
    await session.close()


async def test_what_is_typed_while_a_replay_runs_enters_it(tmp_path: Path) -> None:
    session = session_at(tmp_path)
    session.resume()
    session.message("one")
    session.message("two")
    await session.idle()
    assert own_words(session) == ["one", "two"]
    assert session.unsent == ()
    await session.close()


async def test_a_replay_that_is_paused_delivers_nothing_more(tmp_path: Path) -> None:
    session = session_at(tmp_path)
    session.resume()
    session.message("for later")
    session.interrupt()
    await session.idle()
    assert session.state is State.PAUSED
    assert session.queued == ("for later",)
    session.message("and this")
    assert own_words(session) == ["for later", "and this"]
    await session.close()


# Kept on disk


def left(path: Path) -> tuple[tuple[str, ...], bool, int]:
    """What a program that is gone has left of a recording's run: words, events, and how many offers."""
    found = orphans(Trajectory.open(path))
    told = ((), False, 0) if not found else (found[0].queued, found[0].has_events, len(found))
    for orphan in found:
        orphan.release()
    return told


def die_with(tmp_path: Path, act: Callable[[Session], object]) -> Path:
    """Do something to a session of a process that is killed right after it."""
    child = os.fork()
    if child == 0:
        try:
            session = session_at(tmp_path)
            act(session)
            assert session.keeping is not None
            session.keeping.close()
        finally:
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    return tmp_path / "recording.json"


def _queue(session: Session) -> None:
    session._queue.add("one")
    session._queue.add("two\nlines")


def _take_back(session: Session) -> None:
    _queue(session)
    session.take_back(0)


def _send(session: Session) -> None:
    _queue(session)
    session.message("three")


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize(
    ("act", "words", "events"),
    [(_queue, ("one", "two\nlines"), False), (_take_back, ("one", "two\nlines"), False), (_send, (), True)],
)
def test_what_was_queued_survives_the_programs_death(
    tmp_path: Path, act: Callable[[Session], object], words: tuple[str, ...], events: bool
) -> None:
    path = die_with(tmp_path, act)
    assert left(path) == (words, events, 1)


def test_words_that_were_dropped_or_given_up_leave_nothing(tmp_path: Path) -> None:
    session = session_at(tmp_path)
    session._queue.add("one")
    session.drop(0)
    session._queue.add("two")
    session.discard()
    asyncio.run(session.close())
    assert not [path for path in journal_directory().iterdir() if path.name.endswith(".run.jsonl")]


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize(
    ("act", "answer"), [(_queue, recovery.WORDS), (lambda session: (session.message("x"), _queue(session)),
                                                   recovery.SAVE)],
)  # fmt: skip
async def test_the_next_start_offers_them_with_the_run(
    tmp_path: Path, act: Callable[[Session], object], answer: str
) -> None:
    path = die_with(tmp_path, act)
    session = session_at(tmp_path)
    async with aclosing(recovery.offers(session)) as offers:
        async for offer in offers:
            assert isinstance(offer, recovery.RunOffer)
            assert "2 messages of yours had not been sent: one" in offer.question.text
            assert answer in offer.question.answers
            if answer == recovery.WORDS:
                await offer.take_words()
            else:
                await offer.save(tmp_path / "run.json")
                assert "x" in (tmp_path / "run.json").read_text()
    assert session.unsent == ("one", "two\nlines")
    session.discard()
    await session.close()
    assert left(path) == ((), False, 0)


# What the model is told of the user


@pytest.mark.bubblewrap
@pytest.mark.parametrize(
    ("first", "state", "told"),
    [
        (Answer("I begin to write", hang=True), State.THINKING, "interrupted your last reply"),
        (
            Answer(calls=[Call("execute_bash", {"command": "sleep 60"})]),
            State.EXECUTING,
            "interrupted your last action while",
        ),
        (
            Answer(calls=[Call("execute_bash", {"command": "rm -f *"})]),
            State.AWAITING_CONFIRMATION,
            "waited for approval: it was not carried out",
        ),
    ],
    ids=["reply", "command", "question"],
)
async def test_the_model_is_told_once_that_it_was_interrupted(
    tmp_path: Path, first: Answer, state: State, told: str
) -> None:
    with Loopback([first, Answer("I see."), Answer("Yes.")]) as server:
        session = session_at(tmp_path, server)
        session.message("go", Delivery.LIVE)
        if state is State.THINKING:
            await writing(session)
        else:
            await until(session, lambda: session.state is state)
        if state is State.EXECUTING:
            await until(session, lambda: session._replay.world.executing)
        session.interrupt()
        await session.idle()
        session.message("next")
        await session.idle()
        words = said(server.bodies[-1])
        assert told in words
        assert words.endswith("\n\nnext")
        session.message("more")
        await session.idle()
        assert json.dumps(server.bodies[-1]).count("[The user ") == 1
        saved = await session.save_run(tmp_path / "run.json")
        await session.close()
        asked = len(server.bodies)
        again = Session(Trajectory.open(saved), Settings("bubblewrap"))
        again.resume()
        await again.idle()
        texts = [entry.head.text for entry in again.run.entries if entry.head.source == "user"]
        assert [text for text in texts if told in text]
        assert len(server.bodies) == asked
        await again.close()


@pytest.mark.bubblewrap
async def test_the_model_is_told_what_was_changed_by_hand(tmp_path: Path) -> None:
    look = Answer(calls=[Call("execute_bash", {"command": "printf 'a\\nb\\n' > kept.txt"})])
    with Loopback([look, Answer("And now?"), Answer("I see."), Answer("Yes.")]) as server:
        session = session_at(tmp_path, server)
        session.message("go", Delivery.LIVE)
        await session.idle()
        session.visit(Typist("printf 'a\\nc\\nd\\n' > kept.txt", "touch made.txt", "exit"))
        await session.idle()
        session.message("look again")
        await session.idle()
        words = said(server.bodies[-1])
        assert words.startswith("[The user changed files in the sandbox by hand: ")
        assert "kept.txt (changed, +2 -1)" in words
        assert "made.txt (added)" in words
        assert words.endswith("\n\nlook again")
        session.message("more")
        await session.idle()
        assert said(server.bodies[-1]) == "more"
        await session.close()


# A call that fails


@pytest.mark.bubblewrap
@pytest.mark.parametrize("answer", [Answer(status=401, error="no such key"), Answer(status=400)])
async def test_a_failed_call_leaves_a_paused_recording_as_it_was(tmp_path: Path, answer: Answer) -> None:
    with Loopback([answer, Answer("Here I am.")]) as server:
        session = session_at(tmp_path, server)
        session.step()
        await session.idle()
        position, entries = session.position, list(session.run.entries)
        told: list[notices.Notice] = []
        session.subscribe(told.append)
        session.message("go live", Delivery.LIVE)
        await session.idle()
        assert (session.state, session.mode, session.position) == (State.PAUSED, Mode.REPLAY, position)
        assert session.run.entries == entries
        assert session.queued == ("go live",)
        assert isinstance(session.failure, ModelUnavailable)
        assert isinstance(told[-1], notices.Said)
        assert told[-1].severity == "error"
        session.step()
        await session.idle()
        assert session.take_back() == "go live"
        assert not session.run.has_added
        assert session.failure is None
        assert session.position > position
        await session.close()


@pytest.mark.bubblewrap
async def test_a_failed_call_at_the_end_of_a_recording_and_in_a_live_session(tmp_path: Path) -> None:
    answers = [Answer(status=400), Answer("Here I am."), Answer(status=400), Answer("Again.")]
    with Loopback(answers) as server:
        session = session_at(tmp_path, server)
        session.resume()
        await session.idle()
        entries = len(session.run)
        session.message("one")
        await session.idle()
        assert (session.state, session.mode) == (State.PAUSED, Mode.REPLAY)
        assert len(session.run) == entries
        session.message("two")
        await session.idle()
        assert said(server.bodies[-1]).endswith("one\n\ntwo")
        assert (session.state, session.mode) == (State.AWAITING_INPUT, Mode.LIVE)
        entries = len(session.run)
        session.message("three")
        await session.idle()
        assert (session.state, session.mode) == (State.AWAITING_INPUT, Mode.LIVE)
        assert (len(session.run), session.queued) == (entries, ("three",))
        session.go_live()
        await session.idle()
        assert own_words(session) == ["one", "two", "Here I am.", "three", "Again."]
        await session.close()


@pytest.mark.bubblewrap
async def test_what_the_model_did_before_a_call_failed_stays(tmp_path: Path) -> None:
    did = Answer(calls=[Call("execute_bash", {"command": "echo done"})])
    with Loopback([did, Answer(status=400), Answer("I go on.")]) as server:
        session = session_at(tmp_path, server)
        session.message("go", Delivery.LIVE)
        await session.idle()
        assert (session.state, session.mode) == (State.AWAITING_INPUT, Mode.LIVE)
        assert session.queued == ()
        assert session.run.entries[-1].head.observation == "run"
        session.go_live()
        await session.idle()
        assert session.run.entries[-1].head.text == "I go on."
        await session.close()


@pytest.mark.bubblewrap
async def test_an_interruption_is_told_although_a_call_failed_in_between(tmp_path: Path) -> None:
    with Loopback([Answer("I", hang=True), Answer(status=400), Answer("I see.")]) as server:
        session = session_at(tmp_path, server)
        session.message("go", Delivery.LIVE)
        await writing(session)
        session.interrupt()
        await session.idle()
        session.message("next")
        await session.idle()
        assert session.queued == ("next",)
        session.go_live()
        await session.idle()
        assert said(server.bodies[-1]).count("[The user interrupted") == 1
        assert said(server.bodies[-1]).endswith("next")
        await session.close()
