"""Long texts: compared in time that their length gives, off the event loop, in the order of the steps."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from documents import ran, run
from program import write
from trajcore.events.observations import RunExtras, RunObservation
from trajcore.replay import comparing
from trajcore.replay.compare import compare, shared_text
from trajcore.replay.verdict import Comparison, Match
from trajcore.session import Session, Settings, State
from trajcore.trajectory import Trajectory


def answer(text: str) -> RunObservation:
    return RunObservation(content=text, message="", extras=RunExtras())


def seconds(one: str, other: str) -> float:
    begun = time.process_time()
    compare(answer(one), answer(other))
    return time.process_time() - begun


@pytest.mark.parametrize(
    "line", ["a\x1b[K", "a\x1b[2K", "\x1b[2K\ba", "\x1b[31ma\x1b[K", "<secret_hidden>a", "ab\r"], ids=repr
)
@pytest.mark.sampled(3)
def test_one_line_of_very_many_is_compared_at_once(line: str) -> None:
    text = line * 150_000
    assert seconds(text, text.replace("<secret_hidden>", "bc") + "x") < 10


def test_very_many_closing_lines_are_compared_at_once() -> None:
    text = "x" + "\n[Jupyter Python interpreter: /usr/bin/python]" * 50_000
    begun = time.process_time()
    assert shared_text(text, "x") == ("x", "x")
    assert shared_text("[Jupyter Python interpreter: " * 20_000 + "]" * 20_000 + "x", "")[0].endswith("x")
    assert time.process_time() - begun < 10


@pytest.mark.parametrize(
    ("recorded", "actual", "same"),
    [
        ("a <secret_hidden> b", "a key b", True),
        ("a <secret_hidden> b", "a k y b", False),
        ("<secret_hidden>", "key", True),
        ("<secret_hidden>", "", False),
        ("<secret_hidden>a<secret_hidden>", "xaaax", True),
        ("<secret_hidden>a<secret_hidden>", "xa", False),
        ("<secret_hidden><secret_hidden>", "xy", True),
        ("<secret_hidden><secret_hidden>", "x", False),
        ("<secret_hidden>b <secret_hidden>b", "ab bb", True),
    ],
)
def test_a_hidden_secret_stands_for_one_word(recorded: str, actual: str, same: bool) -> None:
    assert (compare(answer(recorded), answer(actual)).match is Match.NORMALISED) is same


# In a replay

LONG = "a\x1b[K" * 60_000


async def played(path: Path, **settings: int) -> Session:
    session = Session(Trajectory.open(path), Settings("bubblewrap", **settings))
    session.resume()
    await session.idle()
    return session


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(
        tmp_path / "x.json",
        [
            run(0, "echo one"),
            ran(1, 0, "one"),
            run(2, "echo two"),
            ran(3, 2, LONG),
            run(4, "echo three"),
            ran(5, 4, "3"),
        ],
    )


@pytest.mark.bubblewrap
@pytest.mark.parametrize("checkpoints", [0, 4], ids=["pipelined", "one by one"])
async def test_long_texts_are_compared_in_a_thread_and_results_keep_their_order(
    path: Path, monkeypatch: pytest.MonkeyPatch, checkpoints: int
) -> None:
    compared: list[tuple[str, bool]] = []

    def noted(recorded: RunObservation, actual: RunObservation, *others: object) -> Comparison:
        compared.append((actual.content, threading.current_thread() is threading.main_thread()))
        return compare(recorded, actual)

    monkeypatch.setattr(comparing, "compare", noted)
    session = await played(path, checkpoints=checkpoints)
    assert compared == [("one", True), ("two", False), ("three", True)]
    assert [result.status.value for result in session.run.results.values()] == [
        "matched",
        "diverged",
        "diverged",
    ]
    assert [entry.head.kind for entry in session.run.entries] == ["run"] * 6
    await session.close()


@pytest.mark.bubblewrap
@pytest.mark.parametrize("long", [False, True], ids=["at once", "in a thread"])
@pytest.mark.parametrize("checkpoints", [0, 4], ids=["pipelined", "one by one"])
async def test_a_fault_of_a_comparison_ends_the_replay(
    path: Path, monkeypatch: pytest.MonkeyPatch, long: bool, checkpoints: int
) -> None:
    def broken(*observations: object) -> Comparison:
        raise ZeroDivisionError("as no comparison should")

    monkeypatch.setattr(comparing, "is_long", lambda recorded, actual: long)
    monkeypatch.setattr(comparing, "compare", broken)
    session = Session(Trajectory.open(path), Settings("bubblewrap", checkpoints=checkpoints))
    session.resume()
    with pytest.raises(ZeroDivisionError):
        await session.idle()
    assert session.state is State.ERROR
    assert not session.run.results
    await session.close()
