"""Small conversations of OpenHands V1, made after its format: events, logs, directories."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ID = "0f0f0f0f-1111-4222-8333-444444444444"


def event_id(number: int) -> str:
    """The id of an event by its number."""
    return f"{number:08x}-aaaa-4bbb-8ccc-dddddddddddd"


def text(said: str) -> dict[str, Any]:
    """A block of text."""
    return {"cache_prompt": False, "type": "text", "text": said}


def _event(number: int, source: str, kind: str, **fields: Any) -> dict[str, Any]:
    head = {"id": event_id(number), "timestamp": f"2026-03-04T05:06:07.{number:06d}", "source": source}
    parent = {"parent_id": event_id(number - 1)} if number else {}
    return {**head, **parent, **fields, "kind": kind}


def prompt(number: int = 0) -> dict[str, Any]:
    """The system prompt."""
    return _event(number, "agent", "SystemPromptEvent", system_prompt=text("You work."), tools=[])


def message(number: int, source: str, said: str) -> dict[str, Any]:
    """A message."""
    role = "assistant" if source == "agent" else "user"
    return _event(
        number, source, "MessageEvent", activated_skills=[], extended_content=[],
        llm_message={"role": role, "content": [text(said)], "thinking_blocks": []},
    )  # fmt: skip


def call(
    number: int, tool: str, kind: str, *, reply: str = "", thought: str = "", given: Any = None, **fields: Any
) -> dict[str, Any]:
    """A call of a tool, parsed; `given` is what the model wrote, where it is something else."""
    arguments = json.dumps(fields if given is None else given)
    return _event(
        number, "agent", "ActionEvent",
        thought=[text(thought)] if thought else [], thinking_blocks=[], action={**fields, "kind": kind},
        tool_name=tool, tool_call_id=f"call_{number}",
        tool_call={"id": f"call_{number}", "name": tool, "arguments": arguments, "origin": "completion"},
        llm_response_id=reply or f"reply-{number}", security_risk="UNKNOWN", summary=f"{tool}: {arguments}",
    )  # fmt: skip


def run(number: int, command: str, **how: Any) -> dict[str, Any]:
    """A command."""
    return call(number, "terminal", "TerminalAction", command=command, is_input=False, reset=False, **how)


def answer(number: int, action: Mapping[str, Any], kind: str, said: str, **fields: Any) -> dict[str, Any]:
    """What came back."""
    observation = {"content": [text(said)], "is_error": False, **fields, "kind": kind}
    return _event(
        number, "environment", "ObservationEvent", tool_name=action["tool_name"],
        tool_call_id=action["tool_call_id"], observation=observation, action_id=action["id"],
        extended_content=[],
    )  # fmt: skip


def ran(number: int, action: Mapping[str, Any], output: str, exit: int = 0) -> dict[str, Any]:
    """The output of a command."""
    metadata = {
        "exit_code": exit, "pid": -1, "username": "me", "hostname": "box", "working_dir": "/workspace",
        "py_interpreter_path": "/usr/bin/python3", "prefix": "",
        "suffix": f"\n[The command completed with exit code {exit}.]",
    }  # fmt: skip
    return answer(
        number, action, "TerminalObservation", output, command=action["action"]["command"], exit_code=exit,
        timeout=False, metadata=metadata,
    )  # fmt: skip


def failed(number: int, action: Mapping[str, Any], error: str) -> dict[str, Any]:
    """A call that came to an error."""
    return _event(
        number, "agent", "AgentErrorEvent", tool_name=action["tool_name"],
        tool_call_id=action["tool_call_id"], error=error,
    )  # fmt: skip


def refused(number: int, action: Mapping[str, Any], reason: str) -> dict[str, Any]:
    """A call that the user refused."""
    return _event(
        number, "environment", "UserRejectObservation", tool_name=action["tool_name"],
        tool_call_id=action["tool_call_id"], rejection_reason=reason, rejection_source="user",
        action_id=action["id"],
    )  # fmt: skip


def other(number: int, source: str, kind: str, **fields: Any) -> dict[str, Any]:
    """An event of any other kind."""
    return _event(number, source, kind, **fields)


def unparsed(event: Mapping[str, Any]) -> dict[str, Any]:
    """A call whose arguments were not what its tool takes."""
    return {key: value for key, value in event.items() if key not in ("action", "summary")}


def hung(event: Mapping[str, Any], parent: int | None) -> dict[str, Any]:
    """An event that hangs on another one."""
    return {**event, "parent_id": "__root__" if parent is None else event_id(parent)}


def unlinked(events: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Events as before 1.31, which name no parents."""
    return [{key: value for key, value in event.items() if key != "parent_id"} for event in events]


def old(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event as 1.0 wrote it: the kind first, the terminal by its former name."""
    made: dict[str, Any] = {"kind": event["kind"]}
    for key, value in event.items():
        if key in ("action", "observation"):
            kind = value["kind"].replace("Terminal", "ExecuteBash")
            value = {
                "kind": kind,
                **{name: one for name, one in value.items() if name not in ("kind", "exit_code")},
            }
        if key not in ("kind", "parent_id", "summary"):
            made[key] = value
    return made


def state(leaf: int | None, **fields: Any) -> dict[str, Any]:
    """The state of a conversation that goes on from an event."""
    return {
        "id": ID, "agent": {"llm": {"model": "m", "api_key": "**********"}, "kind": "Agent"},
        "workspace": {"working_dir": "/workspace", "kind": "LocalWorkspace"}, "execution_status": "idle",
        **({} if leaf is None else {"leaf_event_id": event_id(leaf)}), **fields,
    }  # fmt: skip


def compact(record: Mapping[str, Any]) -> bytes:
    """A record as V1 writes it."""
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode()


def lines(*records: Mapping[str, Any]) -> bytes:
    """Records on lines."""
    return b"".join(compact(record) + b"\n" for record in records)


def file_name(index: int, event: Mapping[str, Any]) -> str:
    """The file of an event."""
    return f"events/event-{index:05d}-{event['id']}.json"


def directory(place: Path, events: Sequence[Mapping[str, Any]], own: Mapping[str, Any] | None = None) -> Path:
    """A conversation on disk, with the files that its program leaves beside it."""
    (place / "events").mkdir(parents=True)
    if own is not None:
        (place / "base_state.json").write_bytes(compact(own))
    for index, event in enumerate(events):
        (place / file_name(index, event)).write_bytes(compact(event))
    (place / "events" / ".eventlog.lock").touch()
    (place / "events" / f".eventlog-len-{len(events)}.marker").touch()
    (place / "TASKS.json").write_text("[]")
    return place


def contents(place: Path) -> dict[str, bytes]:
    """All files below a directory."""
    found = (path for path in place.rglob("*") if path.is_file())
    return {path.relative_to(place).as_posix(): path.read_bytes() for path in found}


def talk() -> list[dict[str, Any]]:
    """A task, two calls in one reply, a refused one, one that was never parsed, and the end of it."""
    one = run(2, "echo one > f; ls", reply="r1", thought="First.")
    two = call(3, "file_editor", "FileEditorAction", reply="r1", command="view", path="/workspace/f")
    third = run(6, "rm -rf /")
    fourth = unparsed(run(8, "ls", given={"command": "ls", "colour": True}))
    done = call(10, "finish", "FinishAction", message="It is done.")
    return [
        prompt(),
        message(1, "user", "Make a file, plainly: “ä”."),
        one,
        two,
        ran(4, one, "f"),
        answer(5, two, "FileEditorObservation", "one", command="view", path="/workspace/f", prev_exist=True),
        third,
        refused(7, third, "No."),
        fourth,
        failed(9, fourth, "no such argument: colour"),
        done,
        answer(11, done, "FinishObservation", "It is done."),
        message(12, "user", "Thanks"),
        message(13, "agent", "You are welcome."),
    ]
