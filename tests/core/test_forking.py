"""Again from here: several models go on from one place, each in a world of its own."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import trajcore
from documents import message, ran, run
from loopback import Answer, Call, Loopback
from needs import IMAGE
from program import finish, say, write
from trajcore.journal.branches import kept_branches
from trajcore.live.outcome import Spent, _together
from trajcore.views.branches import save
from worlds import KINDS

RECORDING = [
    message(0, "go"),
    run(1, "mkdir -p d && cd d && TOKEN=t && echo $RANDOM$RANDOM$RANDOM > number"), ran(2, 1, ""),
    run(3, "echo two > file"), ran(4, 3, ""),
]  # fmt: skip


def bash(command: str) -> Call:
    return Call("execute_bash", {"command": command})


def works(name: str) -> list[Answer]:
    """Two replies of a model that makes a file of this name, and changes and makes others."""
    return [
        Answer(calls=[bash(f"cat number; echo {name} > {name}; echo {name} > both")]),
        Answer(f"{name} is done."),
    ]


async def forked(
    path: Path, answers: Sequence[Answer], kind: str = "bubblewrap", heard: Any = None, **options: Any
) -> list[trajcore.Forked]:
    given = {"at": 3, "models": ("openai/a-1", "openai/b-2"), "sandbox": kind, "image": IMAGE, **options}
    with Loopback(answers) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("LLM_BASE_URL", server.url)
        patch.setenv("LLM_API_KEY", "sk-loopback-key")
        results = await trajcore.afork(path, on_notice=heard, **given)
        for body in server.bodies:
            assert body["model"] in ("a-1", "b-2")
    return results


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write(tmp_path / "recording.json", RECORDING)


@pytest.mark.parametrize("kind", KINDS)
async def test_two_models_end_with_different_files_in_two_worlds(recording: Path, kind: str) -> None:
    steps: list[trajcore.notices.Notice] = []
    command = "ls; echo $TOKEN; test -e a; code=$?; rm -f a b; exit $code"
    results = await forked(recording, [*works("a"), *works("b")], kind, steps.append, command=command)
    one, other = results
    assert [result.branch for result in results] == ["openai/a-1", "openai/b-2"]
    assert (one.spent.files, other.spent.files) == (
        {"/workspace/d/a": "added", "/workspace/d/both": "added"},
        {"/workspace/d/b": "added", "/workspace/d/both": "added"},
    )
    assert (one.run_exit, other.run_exit) == (0, 1)
    assert [result.tried.output.split() for result in results if result.tried] == [
        ["a", "both", "number", "t"],
        ["b", "both", "number", "t"],
    ]
    assert [(result.state, result.spent.replies, result.last_message) for result in results] == [
        ("awaiting_input", 2, "a is done."),
        ("awaiting_input", 2, "b is done."),
    ]
    numbers = [_contents(result)[-1].splitlines()[0] for result in results]
    assert numbers[0] == numbers[1]  # what came before is the same one, not made again
    played = [one for one in steps if isinstance(one, trajcore.notices.StepDone)]
    assert [notice.result.id for notice in played] == [1]
    await _replay_to_the_same(recording, results, kind)


def _contents(result: trajcore.Forked) -> list[str]:
    trajectory = result.trajectory
    assert trajectory is not None
    events = map(trajectory.data, range(len(trajectory)))
    return [event["content"] for event in events if event.get("observation") == "run"]


async def _replay_to_the_same(recording: Path, results: list[trajcore.Forked], kind: str) -> None:
    """Each branch that is kept, saved as a file, replays to the same report twice, and asks no model."""
    kept = {branch.name: branch for branch in kept_branches(recording)}
    assert [(branch.model, branch.stands) for branch in kept.values()] == [
        (result.model, result.state) for result in results
    ]
    for number, result in enumerate(results):
        branch = kept[str(result.branch)]
        assert branch.spent.to_dict() == result.spent.to_dict()
        save(branch, path := recording.with_name(f"{number}.json"))
        told = [(await trajcore.areplay(path, sandbox=kind, image=IMAGE)).to_dict() for _ in range(2)]
        for report in told:
            del report["seconds"]
            for step in report["steps"]:
                del step["seconds"], step["reason"]
        assert told[0] == told[1]
        assert told[0]["counts"]["actions"] == 2


@pytest.mark.bubblewrap
async def test_a_model_that_fails_is_a_row_and_the_others_hear_nothing_of_it(recording: Path) -> None:
    heard: list[str] = []

    def answer(messages: list[dict[str, Any]]) -> Answer:
        heard.append(json.dumps(messages))
        return Answer(status=400, error="no such model") if len(heard) == 1 else Answer("Well.")

    with Loopback(answer) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("LLM_BASE_URL", server.url)
        patch.setenv("LLM_API_KEY", "sk-loopback-key")
        results = await trajcore.afork(
            recording, at="#3", models=["openai/bad", "openai/good"], messages=["first", "then"],
            command="true", sandbox="bubblewrap",
        )  # fmt: skip
    bad, good = results
    assert (bad.branch, bad.state, bad.ending, bad.run_exit) == (None, "error", "error", None)
    assert "no such model" in str(bad.failure)
    assert (good.branch, good.failure, good.spent.replies, good.run_exit) == ("openai/good", None, 2, 0)
    assert [text.count("first") for text in heard] == [1, 1, 1]
    assert [text.count("then") for text in heard] == [0, 0, 1]
    assert [branch.name for branch in kept_branches(recording)] == ["openai/good"]


@pytest.mark.bubblewrap
async def test_what_runs_in_the_world_is_in_no_copy_which_is_said(tmp_path: Path) -> None:
    events = [message(0, "go"), run(1, "sleep 4321 & echo on"), ran(2, 1, "on"), run(3, "true"), ran(4, 3)]
    looks = Answer(calls=[bash("pgrep -f 'sleep [4]321' || echo gone")])
    said: list[str] = []

    def hear(notice: trajcore.notices.Notice) -> None:
        if isinstance(notice, trajcore.notices.Said) and notice.severity == "warning":
            said.append(notice.text)

    path = write(tmp_path / "x.json", events)
    results = await forked(path, [looks, Answer("Hm."), looks, Answer("Hm.")], heard=hear)
    assert [_contents(result)[-1] for result in results] == ["gone", "gone"]
    assert any("the world is a copy, without sleep 4321" in text for text in said)


@pytest.mark.bubblewrap
@pytest.mark.parametrize(
    ("command", "code", "fault"),
    [
        ("exit 7", 7, ""),
        ("echo 'not closed", 2, ""),
        ("sleep 60", None, "did not end within 1 s"),
        ("false; cd / ; TOKEN=x", 0, ""),
    ],
)
async def test_a_command_says_how_it_ended(
    recording: Path, command: str, code: int | None, fault: str
) -> None:
    config = recording.with_name("config.toml")
    config.write_text("[sandbox]\ntimeout = 1\n")
    only = {"models": ["openai/a-1"], "config": config}
    [result] = await forked(recording, [Answer("Well.")], command=command, **only)
    assert result.tried is not None
    assert (result.run_exit, result.tried.fault, result.failure) == (code, fault, None)
    assert result.to_dict()["run_fault"] == (fault or None)


@pytest.mark.bubblewrap
async def test_what_holds_the_shell_is_interrupted_for_the_command(recording: Path) -> None:
    waits = Answer(calls=[Call("execute_bash", {"command": "sleep 600", "timeout": 0.5})])
    [result] = await forked(
        recording, [waits, Answer("It runs.")], command="echo $TOKEN", models=["openai/a-1"]
    )
    assert result.tried is not None
    assert (result.run_exit, result.tried.output.strip().splitlines()[-1]) == (0, "t")


@pytest.mark.bubblewrap
async def test_at_the_end_of_its_steps_a_model_stops(recording: Path) -> None:
    look = Answer(calls=[bash("ls")])
    results = await forked(recording, [look] * 4, max_steps=2)
    assert [(one.ending, one.state, one.spent.replies) for one in results] == [
        ("steps_spent", "awaiting_input", 2)
    ] * 2


# What cannot be


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"at": 99}, trajcore.BadInput, "no event 99"),
        ({"at": 0}, trajcore.BadInput, "--message"),
        ({"messages": [" "]}, trajcore.BadInput, "empty"),
        ({"models": ()}, trajcore.ModelUnavailable, "no model"),
        ({"sandbox": "recorded"}, trajcore.SandboxUnavailable, "the recorded sandbox"),
        ({"sandbox": "local"}, trajcore.SandboxUnavailable, "the local sandbox"),
        ({"sandbox": "bubblewrap", "mount": True, "workspace": "."}, trajcore.SandboxUnavailable, "--mount"),
        ({"sandbox": "docker", "container": "x"}, trajcore.SandboxUnavailable, "--container"),
    ],
)
async def test_what_cannot_be_is_refused_before_anything_is_carried_out(
    recording: Path, options: dict[str, Any], error: type[Exception], words: str
) -> None:
    heard: list[trajcore.notices.Notice] = []
    given = {"at": 3, "models": ["openai/a"], "sandbox": "bubblewrap", **options}
    with pytest.raises(error, match=words):
        await trajcore.afork(recording, on_notice=heard.append, **given)
    assert not any(isinstance(one, trajcore.notices.Executing) for one in heard)


@pytest.mark.parametrize("spoken", [say(1, "What next?"), finish(1)])
async def test_where_it_is_not_the_agents_turn_a_message_is_asked_for(
    tmp_path: Path, spoken: dict[str, Any]
) -> None:
    path = write(tmp_path / "x.json", [message(0, "go"), spoken, message(2, "more"), run(3, "true")])
    with pytest.raises(trajcore.BadInput, match="before event 2 it is not the agent's turn"):
        await trajcore.afork(path, at=2, models=["openai/a"], sandbox="recorded")


# What a model spent

CHANGES = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["added", "changed", "deleted"]))


@given(st.lists(st.sets(st.sampled_from("abc")), min_size=2, max_size=6))
def test_files_of_two_stretches_are_those_from_the_first_to_the_last(worlds: list[set[str]]) -> None:
    """Each name is there or not at each moment; what is there at both ends may have been changed."""

    def between(before: set[str], after: set[str]) -> dict[str, str]:
        return {**dict.fromkeys(after - before, "added"), **dict.fromkeys(before - after, "deleted")}

    together: Any = {}
    for before, after in itertools.pairwise(worlds):
        together = _together(together, between(before, after))
    whole = between(worlds[0], worlds[-1])
    assert {path: kind for path, kind in together.items() if kind != "changed"} == whole
    assert all(path in worlds[0] & worlds[-1] for path in together if together[path] == "changed")


@given(CHANGES, st.integers(0, 9), st.integers(0, 9))
def test_what_is_spent_is_read_again_as_it_was_kept(files: dict[str, str], replies: int, more: int) -> None:
    tokens = {"prompt": 3, "completion": replies, "cache_read": 0, "cache_write": 1}
    spent = Spent(replies, tokens, 0.5, 1.25, "finished", files, more)
    assert Spent.of(json.loads(json.dumps(spent.to_dict()))) == spent
    assert Spent().plus(spent) == spent
    assert spent.plus(Spent(files=None)).files is None
