"""What a model is shown of a conversation of OpenHands V1: what V1 would have sent, as providers take it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conversations import (
    answer,
    call,
    compact,
    event_id,
    failed,
    message,
    other,
    prompt,
    ran,
    run,
    state,
    talk,
)
from recordings import V1, V1_DIRECTORIES
from strictness import problems
from trajcore.branches import events_of
from trajcore.dialects.openhands_v1.messages import told
from trajcore.live.messages.prompt import prompt_of
from trajcore.replay.asrecorded import recorded_history
from trajcore.trajectory import Trajectory

GOLDEN = sorted(V1.glob("*/last_request.json")) if V1.is_dir() else []
ELSEWHERE = frozenset({"call_after_finish", "confirm", "parallel"})
"""Where V1 itself sends a result somewhere else than behind its call."""
PROMPTED = frozenset({"nonnative"})


def opened(*records: dict[str, Any]) -> Trajectory:
    return Trajectory.from_bytes(b"[" + b",".join(map(compact, records)) + b"]")


def shown(*records: dict[str, Any]) -> list[dict[str, Any]]:
    return told([compact(record) for record in records])


def text_of(one: dict[str, Any]) -> str:
    content = one.get("content") or ""
    return content if isinstance(content, str) else "\n".join(part["text"] for part in content)


def test_calls_of_one_reply_are_one_message_and_each_has_its_result() -> None:
    messages = shown(*talk())
    assert [one["role"] for one in messages[:5]] == ["system", "user", "assistant", "tool", "tool"]
    assert [one["id"] for one in messages[2]["tool_calls"]] == ["call_2", "call_3"]
    assert text_of(messages[2]) == "First."
    assert text_of(messages[3]).endswith(
        "f\n[The command completed with exit code 0.]\n[Current working directory: /workspace]\n"
        "[Python interpreter: /usr/bin/python3]\n[Command finished with exit code 0]"
    )
    results = {one["tool_call_id"]: text_of(one) for one in messages if one["role"] == "tool"}
    assert results["call_6"] == "Action rejected: No."
    assert results["call_8"] == "no such argument: colour"


def test_what_was_condensed_is_left_out_and_its_summary_stands_there() -> None:
    one, two = run(2, "a"), run(4, "b")
    ids = [event_id(at) for at in (2, 3)]
    condensed = other(
        6, "environment", "Condensation", forgotten_event_ids=ids, summary="a was run", summary_offset=2,
        llm_response_id="c",
    )  # fmt: skip
    messages = shown(
        prompt(), message(1, "user", "go"), one, ran(3, one, "A"), two, ran(5, two, "B"), condensed
    )
    assert text_of(messages[1]) == "go\na was run"
    assert [call["id"] for one in messages for call in one.get("tool_calls", ())] == ["call_4"]


def test_what_has_no_counterpart_is_not_shown_nor_is_the_rest_of_its_reply() -> None:
    one, two = run(2, "a", reply="r"), run(3, "b", reply="r")
    messages = shown(
        prompt(), message(1, "user", "go"), one, two, ran(4, one, "A"), message(5, "user", "and?")
    )
    assert [one["role"] for one in messages] == ["system", "user"]
    assert text_of(messages[1]) == "go\nand?"


def test_of_two_results_the_first_counts_and_each_stands_behind_its_call() -> None:
    one = run(2, "a")
    lost, said = failed(3, one, "lost"), message(4, "user", "hm")
    messages = shown(prompt(), message(1, "user", "go"), one, lost, said, ran(5, one, "A"))
    assert [(one["role"], text_of(one)) for one in messages[3:]] == [("tool", "lost"), ("user", "hm")]


def test_an_error_has_its_header_and_a_long_output_lacks_its_middle() -> None:
    one, two = call(2, "glob", "GlobAction", pattern="["), run(4, "x")
    wrong = answer(3, one, "GlobObservation", "bad", files=[], pattern="[", search_path="/", truncated=False)
    wrong["observation"]["is_error"] = True
    messages = shown(prompt(), message(1, "user", "go"), one, wrong, two, ran(5, two, "y" * 40_000))
    assert [part["text"] for part in messages[3]["content"]] == [
        "[An error occurred during execution.]\n",
        "bad",
    ]
    assert len(text_of(messages[5])) == 30_000
    assert "<response clipped>" in text_of(messages[5])


def test_pictures_of_a_result_are_the_users() -> None:
    one = call(2, "file_editor", "FileEditorAction", command="view", path="/a.png")
    seen = answer(3, one, "FileEditorObservation", "Here.", command="view", path="/a.png", prev_exist=True)
    seen["observation"]["content"].append({"type": "image", "image_urls": ["data:image/png;base64,AA=="]})
    messages = shown(prompt(), message(1, "user", "go"), one, seen, message(4, "user", "well?"))
    assert [part["type"] for part in messages[-1]["content"]] == ["text", "image_url", "text"]
    assert all(part["type"] == "text" for part in messages[3]["content"])


def test_thoughts_are_given_with_who_thought_them() -> None:
    one = run(2, "a", reply="r1") | {
        "thinking_blocks": [{"type": "thinking", "thinking": "t", "signature": "s"}]
    }
    usages = {"agent": {"token_usages": [{"response_id": "r1", "model": "claude"}]}}
    own = state(3, stats={"usage_to_metrics": usages})
    calling = told([compact(x) for x in (own, prompt(), message(1, "user", "go"), one, ran(3, one, "A"))])[2]
    assert (calling["model"], calling["thinking_blocks"][0]["signature"]) == ("claude", "s")


def test_an_edit_is_seen_and_no_old_one_is_left() -> None:
    trajectory = opened(*talk())
    trajectory.set_value(2, ("args", "command"), "echo edited")
    trajectory.set_value(4, ("content",), "edited result")
    messages = prompt_of(trajectory.dialect, recorded_history(trajectory, len(trajectory)))
    said = json.dumps(messages)
    assert "echo edited" in said
    assert "edited result" in said
    assert "echo one" not in said


def test_wherever_a_model_takes_over_no_provider_refuses_it() -> None:
    trajectory = opened(*talk())
    for end in range(1, len(trajectory) + 1):
        assert refused(trajectory, end) == []


def refused(trajectory: Trajectory, end: int) -> list[str]:
    tools = trajectory.tools
    messages = prompt_of(trajectory.dialect, recorded_history(trajectory, end), tools)
    sent = [
        {key: value for key, value in one.items() if key not in ("model", "thinking_blocks")}
        for one in messages
    ]
    return problems("/chat/completions", {"model": "m", "messages": sent, "tools": tools.schemas()})


@pytest.mark.skipif(not V1_DIRECTORIES, reason="the shared recordings are not here")
@pytest.mark.parametrize("place", V1_DIRECTORIES, ids=lambda place: f"{place.parent.name}-{place.name[:4]}")
def test_real_ones_are_taken_from_any_place(place: Path) -> None:
    trajectory = Trajectory.open(place)
    ends = range(1, len(trajectory) + 1, 3)
    assert {end: found for end in ends if (found := refused(trajectory, end))} == {}


@pytest.mark.skipif(not GOLDEN, reason="the shared recordings are not here")
@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.parent.name)
def test_real_ones_begin_as_their_program_sent_them(path: Path) -> None:
    name = path.parent.name
    wanted = list(map(comparable, json.loads(path.read_bytes())["messages"]))
    seen = [list(map(comparable, messages)) for messages in of_each_branch(path.parent)]
    if name in PROMPTED:
        assert [one["role"] for one in seen[0][:2]] == ["system", "user"]
    elif name in ELSEWHERE:
        assert any(all(one in messages for one in wanted) for messages in seen)
    else:
        assert any(messages[: len(wanted)] == wanted for messages in seen)


def of_each_branch(directory: Path) -> Iterator[list[dict[str, Any]]]:
    """The messages of each branch of each conversation in a directory."""
    for state_file in sorted(directory.glob("*/base_state.json")):
        trajectory = Trajectory.open(state_file.parent)
        yield told(list(trajectory.layout.records))
        for branch in trajectory.own_branches:
            trajectory.switch(branch.name)
            yield told(trajectory.run_records(events_of(trajectory)))


def comparable(one: dict[str, Any]) -> dict[str, Any]:
    """A message; of the system's there is a placeholder."""
    content = one["role"] == "system" or one.get("content") or []
    calls = one.get("tool_calls")
    return {"role": one["role"], "calls": calls, "id": one.get("tool_call_id"), "content": content}
