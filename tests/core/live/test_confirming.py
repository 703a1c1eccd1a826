"""Confirmation of a live model's actions: a real model loop, a real sandbox, and the run that is left."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from documents import message
from loopback import Answer, Call, Loopback
from needs import IMAGE
from trajcore import Report, Verdict, areplay, notices
from trajcore.errors import BadInput, Refused, Unconfirmed
from trajcore.live.confirming import Confirm, Confirmation
from trajcore.live.model import close_connections
from trajcore.live.modelsettings import ModelSettings
from trajcore.replay.states import State
from trajcore.sandbox.base import SandboxSettings
from trajcore.session import Session
from trajcore.settings import Settings
from trajcore.trajectory import Trajectory
from worlds import KINDS

pytestmark = pytest.mark.bubblewrap

KEY = "sk-loopback-key"
Word = tuple[Verdict, str] | None
APPROVE, ALL = (Verdict.APPROVE, ""), (Verdict.APPROVE_ALL, "")
REFUSE = (Verdict.REFUSE, "")


@pytest.fixture(autouse=True)
async def _connections():
    yield
    await close_connections()


def bash(command: str, **more: Any) -> Call:
    return Call("execute_bash", {"command": command, **more})


def settings(server: Loopback, confirm: Confirm | None = None, kind: str = "bubblewrap") -> Settings:
    model = ModelSettings("openai/loopback", KEY, server.url)
    return Settings(kind, SandboxSettings(image=IMAGE), model=model, confirm=confirm)


class Live:
    """A live session that is over: what was asked, and the run that was saved."""

    def __init__(self, asked: list[notices.Asked], report: Report, run: Path, server: Loopback) -> None:
        self.asked = [(one.kind, one.text) for one in asked]
        self.sorts = [one.sorts for one in asked]
        self.report = report
        self.path = run
        self.events: list[dict[str, Any]] = json.loads(run.read_text())
        self.bodies = server.bodies

    @property
    def printed(self) -> list[str]:
        """What commands printed, in order: what was executed says so."""
        return [event["content"] for event in self.events if event.get("observation") == "run"]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if kind in (event.get("action"), event.get("observation"))]


async def live(
    tmp_path: Path,
    answers: list[Answer],
    words: Iterable[Word] = (),
    confirm: Confirm | None = None,
    kind: str = "bubblewrap",
) -> Live:
    """Let a model that gives these answers work, and say these words to what is asked, in order."""
    said, asked = iter(words), list[notices.Asked]()

    async def ask(question: notices.Asked) -> Word:
        asked.append(question)
        return next(said, None)

    path, run = tmp_path / "recording.json", tmp_path / "run.json"
    path.write_text(json.dumps([message(0)]))
    with Loopback(answers) as server:
        report = await areplay(
            path,
            carry_on=True,
            messages=["go"],
            on_question=ask,
            save=run,
            settings=settings(server, confirm, kind),
        )
        return Live(asked, report, run, server)


RISKY = "echo was run; rm -f *.tmp"


@pytest.mark.parametrize("kind", KINDS)
async def test_by_default_what_is_risky_is_asked_for(tmp_path: Path, kind: str) -> None:
    answers = [Answer(calls=[bash("echo harmless"), bash(RISKY), bash(f"{RISKY}; echo and refused")])]
    done = await live(tmp_path, answers, [APPROVE, REFUSE], kind=kind)
    assert done.asked == [("run", RISKY), ("run", f"{RISKY}; echo and refused")]
    assert done.printed == ["harmless", "was run"]


async def test_the_models_word_is_asked_for_too(tmp_path: Path) -> None:
    done = await live(tmp_path, [Answer(calls=[bash("echo one", security_risk="HIGH")])], [APPROVE])
    assert done.sorts == [("said",)]


async def test_never_asks_nothing(tmp_path: Path) -> None:
    done = await live(tmp_path, [Answer(calls=[bash(RISKY)])], confirm=Confirm.NEVER)
    assert done.asked == []
    assert done.printed == ["was run"]


async def test_always_asks_for_all_that_reaches_the_world_from_the_first_call_on(tmp_path: Path) -> None:
    view = Call("str_replace_editor", {"command": "view", "path": "/workspace"})
    think = Call("think", {"thought": "hm"})
    calls = [bash("echo one"), think, view]
    done = await live(tmp_path, [Answer(calls=calls)], [APPROVE] * 2, Confirm.ALWAYS)
    assert [kind for kind, _ in done.asked] == ["run", "read"]


async def test_approve_all_is_for_the_rule(tmp_path: Path) -> None:
    calls = [bash(RISKY), bash("rm -f *.o; echo again"), bash("kill %9; echo other")]
    done = await live(tmp_path, [Answer(calls=calls)], [ALL, REFUSE])
    assert done.sorts == [("deleting",), ("killing",)]
    assert done.printed == ["was run", "again"]


async def test_where_all_is_asked_it_is_for_the_kind_and_never_for_what_is_risky(tmp_path: Path) -> None:
    calls = [bash("echo one"), bash("echo two"), bash(RISKY), Call("str_replace_editor", {
        "command": "create", "path": "/workspace/a", "file_text": "x"})]  # fmt: skip
    done = await live(tmp_path, [Answer(calls=calls)], [ALL, APPROVE, APPROVE], Confirm.ALWAYS)
    assert done.sorts == [("run",), ("deleting",), ("edit",)]


async def test_what_is_refused_is_in_the_run_as_openhands_has_it_and_is_not_executed(tmp_path: Path) -> None:
    done = await live(tmp_path, [Answer("I delete.", calls=[bash(RISKY), bash("echo next")])], [REFUSE])
    assert done.report.state == "awaiting_input"
    assert done.printed == []
    (action,), (answer,) = done.of("run"), done.of("user_rejected")
    assert action["args"]["confirmation_state"] == "rejected"
    assert answer["cause"] == action["id"]
    assert answer["content"] == "Action has been rejected by the user! Waiting for further user input."
    assert answer["tool_call_metadata"]["tool_call_id"] == action["tool_call_metadata"]["tool_call_id"]


async def test_a_file_edit_is_refused_without_a_field_that_openhands_does_not_know(tmp_path: Path) -> None:
    edit = Call("str_replace_editor", {"command": "create", "path": "/etc/x", "file_text": "x"})
    done = await live(tmp_path, [Answer(calls=[edit])], [REFUSE])
    assert "confirmation_state" not in done.of("edit")[0]["args"]
    assert len(done.of("user_rejected")) == 1


async def test_with_a_reason_the_model_reads_it_and_goes_on(tmp_path: Path) -> None:
    answers = [Answer(calls=[bash(RISKY)]), Answer(calls=[bash("echo better")]), Answer("Done.")]
    done = await live(tmp_path, answers, [(Verdict.REFUSE, "keep the *.tmp files")])
    assert done.printed == ["better"]
    *_, result, reason = done.bodies[1]["messages"]
    assert "rejected by the user" in result["content"]
    assert reason["role"] == "user"
    assert "keep the *.tmp files" in json.dumps(reason["content"])


async def test_an_edit_changes_the_action_and_every_copy_of_its_call(tmp_path: Path) -> None:
    calls = [bash("echo first"), bash(RISKY), bash("echo last")]
    done = await live(tmp_path, [Answer(calls=calls), Answer("Done.")], [(Verdict.EDIT, "echo edited")])
    assert done.printed == ["first", "edited", "last"]
    assert [event["args"]["command"] for event in done.of("run") if "args" in event][1] == "echo edited"
    assert RISKY not in done.path.read_text()
    copies = [
        event["tool_call_metadata"]["model_response"]["choices"][0]["message"]["tool_calls"]
        for event in done.events
        if "tool_call_metadata" in event
    ]
    assert len(copies) == 6
    assert all(json.loads(one[1]["function"]["arguments"])["command"] == "echo edited" for one in copies)
    said = next(one for one in done.bodies[1]["messages"] if one.get("tool_calls"))
    assert json.loads(said["tool_calls"][1]["function"]["arguments"])["command"] == "echo edited"


async def test_an_edit_of_a_file_edit_is_its_arguments(tmp_path: Path) -> None:
    edit = Call("str_replace_editor", {"command": "create", "path": "/etc/x", "file_text": "x"})
    better = json.dumps({"command": "create", "path": "/workspace/x", "file_text": "y"})
    words = [(Verdict.EDIT, "no JSON"), (Verdict.EDIT, better)]
    done = await live(tmp_path, [Answer(calls=[edit, bash("cat /workspace/x")])], words)
    assert len(done.asked) == 2, "what is no such action is asked for again"
    assert done.printed == ["y"]


async def test_an_edit_with_a_secret_in_it_is_asked_for_again(tmp_path: Path) -> None:
    words = [(Verdict.EDIT, f"echo {KEY}"), (Verdict.EDIT, "echo without")]
    done = await live(tmp_path, [Answer(calls=[bash(RISKY)])], words)
    assert len(done.asked) == 2
    assert done.printed == ["without"]
    assert KEY not in done.path.read_text()


async def test_where_nobody_can_be_asked_the_run_ends_there(tmp_path: Path) -> None:
    done = await live(tmp_path, [Answer(calls=[bash(RISKY)])])
    assert isinstance(done.report.failure, Unconfirmed)
    assert "--confirm never" in str(done.report.failure)
    assert "\n" not in str(done.report.failure)
    assert done.report.exit_code() == 1
    assert done.printed == []
    assert done.of("error")[0]["content"].startswith("Stop button pressed.")


@pytest.mark.parametrize("word", [REFUSE, None], ids=["refused", "nobody asked"])
async def test_a_saved_run_replays_without_executing_what_was_not(tmp_path: Path, word: Word) -> None:
    done = await live(tmp_path, [Answer(calls=[bash("echo one"), bash(RISKY)])], [word])
    again = tmp_path / "again.json"
    report = await areplay(done.path, settings=Settings("bubblewrap"), save=again)
    assert [step.status for step in report.steps] == ["matched", "recorded"]
    assert "was run" not in [event.get("content") for event in json.loads(again.read_text())]


async def test_no_word_but_an_approval_has_anything_executed(tmp_path: Path) -> None:
    """The marks on the disk at the end are those of the commands that were approved, and no others."""
    no = (Verdict.REFUSE, "no")
    words: list[Word] = [
        REFUSE if number % 3 == 0 else no if number % 3 == 1 else APPROVE for number in range(9)
    ]
    answers = [Answer(calls=[bash(f"touch mark{number}; rm -f *.x")]) for number in range(9)]
    marks = [*answers, Answer(calls=[bash("ls")])]

    asked = iter(words)

    async def ask(question: notices.Asked) -> Word:
        return next(asked)

    path, run = tmp_path / "recording.json", tmp_path / "run.json"
    path.write_text(json.dumps([message(0)]))
    with Loopback(marks) as server:
        await areplay(
            path, carry_on=True, messages=["go"] * 4, on_question=ask, save=run, settings=settings(server)
        )  # fmt: skip
    listed = [event for event in json.loads(run.read_text()) if event.get("observation") == "run"][-1]
    assert listed["content"].split() == ["mark2", "mark5", "mark8"]


async def asked_session(tmp_path: Path, server: Loopback) -> Session:
    path = tmp_path / "recording.json"
    path.write_text(json.dumps([message(0)]))
    session = Session(Trajectory.open(path), settings(server))
    session.resume()
    await session.idle()
    session.go_live()
    return session


async def until(session: Session, state: State) -> None:
    import asyncio

    reached = asyncio.Event()
    end = session.subscribe(lambda notice: reached.set() if session.state is state else None)
    if session.state is not state:
        await asyncio.wait_for(reached.wait(), 60)
    end()


async def test_esc_interrupts_while_it_is_asked(tmp_path: Path) -> None:
    with Loopback([Answer(calls=[bash(RISKY)]), Answer("All right.")]) as server:
        session = await asked_session(tmp_path, server)
        await until(session, State.AWAITING_CONFIRMATION)
        assert session.asked is not None
        session.interrupt()
        await session.idle()
        assert session.state is State.AWAITING_INPUT
        assert session.asked is None
        with pytest.raises(Refused):
            session.answer(Verdict.APPROVE)
        session.message("do something else")
        await session.idle()
        last = server.bodies[-1]["messages"]
        assert "not been executed" in last[-2]["content"]
        await session.close()


async def test_a_word_counts_once_and_an_empty_edit_is_none(tmp_path: Path) -> None:
    with Loopback([Answer(calls=[bash(RISKY)])]) as server:
        session = await asked_session(tmp_path, server)
        await until(session, State.AWAITING_CONFIRMATION)
        with pytest.raises(BadInput):
            session.answer(Verdict.EDIT, "  ")
        session.answer(Verdict.APPROVE)
        with pytest.raises(Refused):
            session.answer(Verdict.REFUSE)
        await session.idle()
        assert session.run.entries[-2].head.observation == "run"
        await session.close()


async def test_what_was_approved_for_the_session_outlives_a_restart(tmp_path: Path) -> None:
    with Loopback([Answer(calls=[bash(RISKY)]), Answer("Done."), Answer(calls=[bash(RISKY)])]) as server:
        session = await asked_session(tmp_path, server)
        await until(session, State.AWAITING_CONFIRMATION)
        session.answer(Verdict.APPROVE_ALL)
        await session.idle()
        session.restart()
        await session.idle()
        session.resume()
        await session.idle()
        session.message("once more")
        await session.idle()
        assert session.state is State.AWAITING_INPUT
        assert len([entry for entry in session.run.entries if entry.head.observation == "run"]) == 2
        await session.close()


async def test_a_question_ends_with_its_session(tmp_path: Path) -> None:
    with Loopback([Answer(calls=[bash(RISKY)])]) as server:
        session = await asked_session(tmp_path, server)
        await until(session, State.AWAITING_CONFIRMATION)
        await session.close()
        assert session.asked is None


def test_what_is_asked_for_follows_the_sandbox_unless_it_is_said() -> None:
    assert Settings("docker").confirmation is Settings("bubblewrap").confirmation is Confirm.RISKY
    assert Settings("local").confirmation is Confirm.ALWAYS
    assert Settings("local", confirm=Confirm.NEVER).confirmation is Confirm.NEVER


def test_the_sorts_of_an_action() -> None:
    asks = Confirmation(Confirm.ALWAYS, {"run"})
    assert asks.sorts("run", ()) == ()
    assert asks.sorts("run", ("git",)) == ("git",)
    assert Confirmation(Confirm.NEVER).sorts("run", ("git",)) == ()
