"""Saving a run while the program goes on: nothing waits for it, and it is the run of that moment."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from trajcore import notices
from trajcore import trajectory as trajectories
from trajcore.errors import BadInput
from trajcore.replay.run import Run
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory


def say(text: str) -> dict[str, Any]:
    return {"source": "user", "message": text, "action": "message", "args": {"content": text}}


def said(path: Path) -> list[str]:
    return [event["args"]["content"] for event in json.loads(path.read_bytes())]


def begun(*texts: str) -> Session:
    session = Session(
        Trajectory.from_bytes(json.dumps([say("the task")]).encode()), Settings(sandbox="recorded")
    )
    for text in texts:
        session.run.add(say(text))
    return session


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Saves wait until the gate is opened."""
    opened, write = threading.Event(), trajectories.write_atomically

    def waiting(path: Path, pieces: Any, **options: Any) -> Any:
        assert opened.wait(20)
        return write(path, pieces, **options)

    monkeypatch.setattr(trajectories, "write_atomically", waiting)
    yield opened.set
    opened.set()


async def test_a_run_that_changes_meanwhile_is_saved_as_it_was(
    tmp_path: Path, gate: Callable[[], None]
) -> None:
    session = begun("one", "two")
    saving = asyncio.create_task(session.save_run(tmp_path / "run.json"))
    await asyncio.sleep(0.01)
    session.run.add(say("three"))
    gate()
    assert said(await saving) == ["one", "two"]
    await session.close()


async def test_a_second_save_waits_for_the_first(tmp_path: Path, gate: Callable[[], None]) -> None:
    session = begun("one")
    first = asyncio.create_task(session.save_run(tmp_path / "run.json"))
    await asyncio.sleep(0.01)
    session.run.add(say("two"))
    second = asyncio.create_task(session.save_run(tmp_path / "run.json"))
    await asyncio.sleep(0.05)
    assert not second.done()
    gate()
    assert said(await second) == ["one", "two"]
    assert first.done()
    await session.close()


async def test_a_save_tells_how_far_it_is(tmp_path: Path) -> None:
    session = begun(*map(str, range(40)))
    told: list[notices.Notice] = []
    session.subscribe(told.append)
    await session.save_run(tmp_path / "run.json")
    progress = [notice for notice in told if isinstance(notice, notices.Progress)]
    assert progress[0].text == "saving run.json"
    assert [notice.done for notice in progress[:-1]] == sorted(notice.done or 0 for notice in progress[:-1])
    assert progress[-1] == notices.Progress("")
    await session.close()


async def test_a_run_in_which_nothing_happened_is_not_saved(tmp_path: Path) -> None:
    session = begun()
    with pytest.raises(BadInput, match="nothing has happened"):
        await session.save_run(tmp_path / "run.json")
    assert not (tmp_path / "run.json").exists()
    await session.close()


def test_a_history_is_of_the_moment_it_was_taken_and_reads_each_event_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from trajcore.events import parse

    read: list[object] = []
    parsed = parse.parse
    monkeypatch.setattr(parse, "parse", lambda data: (read.append(data), parsed(data))[1])
    run = Run(-1)
    for text in ("one", "two"):
        run.add(say(text))
    history = run.history()
    run.add(say("three"))
    assert [event.id for event in history] == [0, 1]
    assert [event.id for event in run.history()] == [0, 1, 2]
    assert run.history()[-1] is run.history()[2]
    assert len(read) == 3
