"""Runs of OpenHands V1 are saved as conversations that replay to the same, and that its SDK goes on with."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from conversations import answer, call, directory, event_id, hung, message, prompt, ran, run, state, talk
from loopback import Loopback
from recordings import V1_DIRECTORIES
from trajcore.api import areplay
from trajcore.dialects.openhands_v1.messages import told
from trajcore.errors import BadInput
from trajcore.replay.report import Report
from trajcore.session import Session
from trajcore.settings import Settings
from trajcore.trajectory import Trajectory
from trajcore.views.outcomes import outcome_of

SDK = os.environ.get("TRAJTUI_OPENHANDS_SDK_PYTHON")
ORACLE = Path(__file__).parents[2] / "oracles" / "openhands_sdk.py"
LAST = 13
STATED = {
    "agent": {
        "llm": {"model": "openai/m", "api_key": "**********", "usage_id": "agent"},
        "tools": [{"name": "terminal", "params": {}}, {"name": "file_editor", "params": {}}],
        "include_default_tools": ["FinishTool", "ThinkTool"], "kind": "Agent",
    },
}  # fmt: skip


async def replayed(place: Path, save: Path, until: str | None = None, sandbox: str = "recorded") -> Report:
    return await areplay(place, save=save, until=until, settings=Settings(sandbox=sandbox))


def only(directory: Path) -> Path:
    """The conversation that was saved below a directory."""
    (found,) = directory.glob("*/base_state.json")
    return found.parent


def state_of(place: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((place / "base_state.json").read_bytes())
    return found


def messages_of(place: Path) -> list[dict[str, Any]]:
    return told(list(Trajectory.open(place).layout.records))


def told_alike(report: Report) -> dict[str, Any]:
    found = report.to_dict()
    steps = [{key: step[key] for key in ("kind", "status", "match", "reason")} for step in found["steps"]]
    return {"counts": found["counts"], "state": found["state"], "steps": steps}


async def test_a_run_is_a_conversation_of_its_own_where_its_program_looks_for_it(tmp_path: Path) -> None:
    source = directory(tmp_path / "0f0f", talk(), state(LAST, **STATED))
    first = await replayed(source, tmp_path / "saved")
    saved = only(tmp_path / "saved")
    known = state_of(saved)
    assert known["id"].replace("-", "") == saved.name != state(LAST)["id"].replace("-", "")
    assert known["leaf_event_id"] == event_id(LAST)
    assert known["execution_status"] == "finished"
    assert (saved / "TASKS.json").exists()
    assert messages_of(saved) == messages_of(source)
    assert told_alike(await replayed(saved, tmp_path / "again")) == told_alike(first)


async def test_named_as_its_program_names_one_a_directory_is_the_conversation_itself(tmp_path: Path) -> None:
    source = directory(tmp_path / "0f0f", talk(), state(LAST, **STATED))
    target = tmp_path / ("ab" * 16)
    await replayed(source, target)
    assert state_of(target)["id"].replace("-", "") == target.name
    with pytest.raises(BadInput, match="is there already"):
        await replayed(source, target)


async def test_the_ending_of_a_name_asks_for_an_archive_or_a_list(tmp_path: Path) -> None:
    source = directory(tmp_path / "0f0f", talk(), state(LAST, **STATED))
    first = await replayed(source, tmp_path / "run.zip")
    with zipfile.ZipFile(tmp_path / "run.zip") as packed:
        (own,) = (name for name in packed.namelist() if name.endswith("/base_state.json"))
        assert json.loads(packed.read(own))["id"].replace("-", "") == own.split("/")[0]
    await replayed(source, tmp_path / "run.json")
    assert isinstance(json.loads((tmp_path / "run.json").read_bytes()), list)
    for name in ("run.zip", "run.json"):
        assert told_alike(await replayed(tmp_path / name, tmp_path / f"again-{name}")) == told_alike(first)


async def test_what_was_not_played_is_not_in_it_and_the_state_says_so(tmp_path: Path) -> None:
    metrics = {
        "model_name": "m", "accumulated_cost": 0.5, "costs": [{"cost": 0.2}, {"cost": 0.3}],
        "accumulated_token_usage": {"prompt_tokens": 30, "completion_tokens": 5},
        "response_latencies": [{"response_id": "r1"}, {"response_id": "reply-10"}],
        "token_usages": [
            {"response_id": "r1", "prompt_tokens": 10, "completion_tokens": 2, "model": "m"},
            {"response_id": "reply-10", "prompt_tokens": 20, "completion_tokens": 3, "model": "m"},
        ],
    }  # fmt: skip
    stats = {"usage_to_metrics": {"agent": metrics}}
    own = state(LAST, **STATED, stats=stats, blocked_actions={event_id(2): "a", event_id(10): "b"})
    source = directory(tmp_path / "0f0f", talk(), own)
    until = Trajectory.open(source).label(6)
    await replayed(source, tmp_path / "saved", until=until)
    known = state_of(only(tmp_path / "saved"))
    assert known["leaf_event_id"] == event_id(5)
    assert known["execution_status"] == "paused"
    assert known["blocked_actions"] == {event_id(2): "a"}
    left = known["stats"]["usage_to_metrics"]["agent"]
    assert [one["response_id"] for one in left["token_usages"]] == ["r1"]
    assert left["accumulated_cost"] == pytest.approx(0.2)
    assert left["accumulated_token_usage"] == {"prompt_tokens": 10, "completion_tokens": 2}


async def test_other_branches_are_not_in_it(tmp_path: Path) -> None:
    one = run(2, "ls")
    other = run(4, "rm -rf /")
    events = [prompt(), message(1, "user", "go"), one, ran(3, one, "a"), hung(other, 1)]
    source = directory(tmp_path / "0f0f", events, state(3, **STATED))
    await replayed(source, tmp_path / "saved")
    names = sorted(path.name for path in only(tmp_path / "saved").glob("events/event-*"))
    assert [name.split("-", 2)[2].removesuffix(".json") for name in names] == [
        event_id(at) for at in range(4)
    ]


@pytest.mark.bubblewrap
async def test_what_the_model_is_shown_of_it_is_what_came_back_now(tmp_path: Path) -> None:
    one = run(2, "echo now")
    done = call(4, "finish", "FinishAction", message="ok")
    source = directory(
        tmp_path / "0f0f",
        [prompt(), message(1, "user", "go"), one, ran(3, one, "then"), done],
        state(4, **STATED),
    )
    await replayed(source, tmp_path / "saved", sandbox="bubblewrap")
    results = [
        one["content"][0]["text"] for one in messages_of(only(tmp_path / "saved")) if one["role"] == "tool"
    ]
    assert results[0].startswith("now\n[The command completed with exit code 0.]")
    assert "then" not in results[0]


@pytest.mark.bubblewrap
async def test_a_failure_that_is_the_same_is_shown_as_no_other_outcome(tmp_path: Path) -> None:
    one = call(2, "file_editor", "FileEditorAction", command="view", path="/workspace/none")
    text = (
        "Invalid `path` parameter: /workspace/none. The path /workspace/none does not exist. "
        "Please provide a valid path."
    )
    seen = answer(3, one, "FileEditorObservation", text, command="view", prev_exist=True)
    seen["observation"]["is_error"] = True
    source = directory(tmp_path / "0f0f", [prompt(), message(1, "user", "go"), one, seen], state(3, **STATED))
    session = Session(Trajectory.open(source), Settings(sandbox="bubblewrap"))
    session.resume()
    await session.idle()
    shown = outcome_of(session, 2, session.trajectory.head(2), session.trajectory.outline).exit
    await session.close()
    assert shown == "error"


@pytest.mark.skipif(not V1_DIRECTORIES, reason="the shared recordings are not here")
@pytest.mark.parametrize("place", V1_DIRECTORIES, ids=lambda place: f"{place.parent.name}-{place.name[:4]}")
async def test_saved_runs_of_real_ones_replay_to_the_same_twice(place: Path, tmp_path: Path) -> None:
    first = await replayed(place, tmp_path / "one")
    second = await replayed(only(tmp_path / "one"), tmp_path / "two")
    third = await replayed(only(tmp_path / "two"), tmp_path / "three")
    assert told_alike(second) == told_alike(first) == told_alike(third)
    assert messages_of(only(tmp_path / "one")) == messages_of(only(tmp_path / "three"))


def resumed(places: Sequence[Path], home: Path) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """What the SDK says of each conversation that it loads, and the messages that it sends first."""
    (home / "ws").mkdir()
    found = []
    for place in places:
        with Loopback(strict=False) as server:
            command = [str(SDK), str(ORACLE), server.url, str(home / "ws"), str(place)]
            environment = {**os.environ, "HOME": str(home)}
            done = subprocess.run(command, capture_output=True, text=True, timeout=170, env=environment)
            assert done.stdout, done.stderr
            asked = [one.body["messages"] for one in server.requests if one.path.endswith("completions")]
            found.append((json.loads(done.stdout), asked[0] if asked else []))
    return found


def alike(messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Messages without what is only for some providers, results in the order in which they were asked for."""
    results = {one["tool_call_id"]: one for one in messages if one["role"] == "tool"}
    ordered = []
    for one in messages:
        ordered += [one] if one["role"] != "tool" else []
        ordered += [results[call["id"]] for call in one.get("tool_calls") or () if call["id"] in results]
    return [
        {key: one.get(key) for key in ("role", "content", "tool_calls", "tool_call_id")} for one in ordered
    ]


@pytest.mark.skipif(SDK is None, reason="the SDK of OpenHands is not there (TRAJTUI_OPENHANDS_SDK_PYTHON)")
@pytest.mark.timeout(600)
async def test_the_sdk_goes_on_with_it_and_sends_what_we_would(tmp_path: Path) -> None:
    built = directory(tmp_path / "0f0f", talk(), state(LAST, **STATED))
    real = [
        place for place in V1_DIRECTORIES if place.parent.name in ("fork_tree", "condense", "basic_1_21_0")
    ][-3:]
    places = []
    for number, source in enumerate([built, *real]):
        await replayed(source, tmp_path / f"saved-{number}")
        places.append(only(tmp_path / f"saved-{number}"))
    wanted = [messages_of(place) for place in places]
    answers = await asyncio.to_thread(resumed, places, tmp_path)
    for place, ours, (said, sent) in zip(places, wanted, answers, strict=True):
        assert said.get("after") == "finished", said
        assert alike(sent)[: len(ours)] == alike(ours), place
        assert sent[-1]["content"][-1]["text"] == "Go on."
        shutil.rmtree(place)
