"""Two branches beside each other: where they part, and what each came to, also of earlier sessions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import trajcore
from documents import message, ran, run
from loopback import Answer, Call, Loopback
from program import say, write
from trajcore.session import Session
from trajcore.settings import Settings
from trajcore.trajectory import Trajectory
from trajcore.views.comparison import Compared, Side, blocks, compared, first_difference, lines

BEFORE = [message(0, "go"), run(1, "echo a"), ran(2, 1, "a")]
LONG = "echo one\n" * 30


def held(*events: dict[str, Any]) -> Trajectory:
    return Trajectory.from_bytes(json.dumps(events).encode())


@pytest.mark.parametrize(
    ("one", "other", "parts", "why"),
    [
        ([run(3, "a"), ran(4, 3, "x")], [run(3, "a"), ran(4, 3, "x")], None, ""),
        # Ids and thoughts are no difference, nor is what is known to vary.
        ([run(3, "a")], [run(9, "a")], None, ""),
        ([run(3, "a", args={"command": "a", "thought": "Hm."})], [run(3, "a")], None, ""),
        ([run(3, "sleep 1 &"), ran(4, 3, "[1] 77")], [run(3, "sleep 1 &"), ran(4, 3, "[1] 8")], None, ""),
        ([run(3, "a")], [run(9, "b")], ("3", "9", "run a", "run b"), ""),
        ([say(3, "Well.")], [run(9, "b")], ("3", "9", "message Well.", "run b"), ""),
        ([run(3, "a")], [], ("3", None, "run a", "ends here"), ""),
        ([], [run(3, "a")], (None, "3", "ends here", "run a"), ""),
        ([run(3, "a"), ran(4, 3, "x")], [run(3, "a"), ran(4, 3, "y")], ("3", "3", "run a", "run a"), "x"),
        (
            [run(3, "a"), ran(4, 3, "x", 1)],
            [run(3, "a"), ran(4, 3, "x")],
            ("3",) * 2 + ("run a",) * 2,
            "exit",
        ),
        ([run(3, "a"), ran(4, 3, "x")], [run(3, "a")], ("3", "3", "run a", "run a"), "only one was answered"),
        # The answers of a run stand behind their actions, wherever they were recorded.
        (
            [run(3, "a"), run(4, "b"), ran(5, 3, "x"), ran(6, 4, "y")],
            [run(3, "a"), ran(5, 3, "x"), run(4, "b"), ran(6, 4, "y")],
            None,
            "",
        ),
    ],
)
def test_they_part_where_something_else_is_done_or_comes_back(
    one: list[Any], other: list[Any], parts: Any, why: str
) -> None:
    found = first_difference(held(*BEFORE, *one), held(*BEFORE, *other))
    told = None if found is None else (found.event, found.other, found.words, found.other_words)
    assert told == parts
    assert why in (found.why if found else "")


def test_the_lines_are_shown_in_which_answers_or_actions_differ() -> None:
    def shown(one: list[Any], other: list[Any]) -> list[str]:
        found = first_difference(held(*BEFORE, *one), held(*BEFORE, *other))
        sides = [Side(name, "", "", "", None, "") for name in "AB"]
        return [block.text for block in blocks(Compared(*sides, found))[1:]]

    answers = [[run(3, "a"), ran(4, 3, f"x\n{word}\nat 10:00:0{number}")] for number, word in enumerate("yz")]
    assert shown(*answers) == ["", "A\nB", " x\n-y\n+z\n≈at 10:00:01"]
    assert shown([run(3, "a\nb")], [run(3, "a\nc")]) == ["", "A\nB", " a\n-b\n+c"]
    assert shown([run(3, "a"), ran(4, 3, "x", 1)], [run(3, "a"), ran(4, 3, "x")]) == []


def test_of_what_is_long_the_place_is_shown_where_it_differs() -> None:
    found = first_difference(held(run(3, f"{LONG}a")), held(run(3, f"{LONG}b")))
    assert found is not None
    assert found.words.startswith("run …")
    assert (found.words[-6:], found.other_words[-6:]) == (" one a", " one b")


@pytest.mark.bubblewrap
async def test_what_branches_of_an_earlier_session_came_to_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "x.json", [*BEFORE, run(3, "true"), ran(4, 3)])
    script = [
        Answer(calls=[Call("execute_bash", {"command": "echo \x1b[2J > a"})]), Answer("\x1b]0;\x07 done."),
        Answer(calls=[Call("execute_bash", {"command": "echo b > b; rm b"})]), Answer("b is done."),
    ]  # fmt: skip
    with Loopback(script) as server:
        monkeypatch.setenv("LLM_BASE_URL", server.url)
        monkeypatch.setenv("LLM_API_KEY", "sk-loopback-key")
        await trajcore.afork(path, at=3, models=["openai/a", "openai/b"], sandbox="bubblewrap")
    session = Session(Trajectory.open(path), Settings("recorded", keep_branches=True))
    try:
        await session.prepare()
        one, other = (session.branches.named(name) for name in ("openai/a", "openai/b"))
        found = await compared(session, one, other)
        assert one.kept is not None  # it was read, not gone to
        recorded = await compared(session, session.branches.recorded, other)
    finally:
        await session.close()
    assert [side.stands for side in (found.one, found.other)] == ["waits for you"] * 2
    assert found.one.spent is not None
    assert found.one.spent.files == {"/workspace/a": "added"}
    assert found.other.spent is not None
    assert (found.other.spent.files, found.other.spent.replies) == ({}, 2)
    assert found.first is not None
    assert found.first.other_words == "run echo b > b; rm b"
    assert recorded.first is not None
    assert recorded.first.words == "run true"
    assert recorded.one.spent is None
    told = "\n".join(lines(found) + lines(recorded))
    for words in (
        "2 steps",
        "200 tokens in, 40 out",
        "added    /workspace/a",
        "0 files changed",
        "b is done.",
    ):
        assert words in told
    assert not set(told) & set("\x1b\x07")
