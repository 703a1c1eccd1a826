"""Small recordings of other agents, made by hand after what those programs write."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

V1 = "an OpenHands V1 conversation"
ATIF = "an ATIF trajectory"
CLAUDE = "a Claude Code session"
PROMPTS = "a list of prompts typed to Claude Code"
CODEX = "a Codex session"
INSPECT = "an Inspect log"
RESPONSES = "a chat recording (Responses items)"
ANTHROPIC = "a chat recording (Anthropic messages)"
OPENAI = "a chat recording (OpenAI messages)"
SHAREGPT = "a chat recording (ShareGPT)"
ROWS = "a chat recording (rows of messages)"


def lines(*records: Any) -> bytes:
    """JSON Lines, as programs write them that append."""
    return b"".join(json.dumps(record, separators=(",", ":")).encode() + b"\n" for record in records)


def pretty(value: Any) -> bytes:
    """One JSON text over many lines."""
    return json.dumps(value, indent=2).encode()


def archive(**files: bytes) -> bytes:
    """A zip archive; `__` in a name stands for a slash."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in files.items():
            packed.writestr(name.replace("__", "/"), data)
    return made.getvalue()


# OpenHands V1

PROMPT: Any = {
    "id": "11111111-aaaa-4bbb-8ccc-000000000000", "timestamp": "2026-01-02T03:04:05.000001",
    "source": "agent", "system_prompt": {"type": "text", "text": "You work."}, "tools": [],
    "kind": "SystemPromptEvent",
}  # fmt: skip
TASK: Any = {
    "kind": "MessageEvent", "id": "11111111-aaaa-4bbb-8ccc-000000000001", "source": "user",
    "llm_message": {"role": "user", "content": [{"type": "text", "text": "count"}]}, "activated_skills": [],
}  # fmt: skip
CALL: Any = {
    "id": "11111111-aaaa-4bbb-8ccc-000000000002", "source": "agent", "thought": [], "tool_name": "terminal",
    "action": {"command": "ls", "kind": "TerminalAction"}, "tool_call_id": "call_1", "kind": "ActionEvent",
}  # fmt: skip
RESULT: Any = {
    "id": "11111111-aaaa-4bbb-8ccc-000000000003", "source": "environment", "action_id": CALL["id"],
    "observation": {"content": [], "exit_code": 0, "kind": "TerminalObservation"}, "kind": "ObservationEvent",
}  # fmt: skip
FORGOTTEN: Any = {
    "id": "11111111",
    "source": "environment",
    "forgotten_event_ids": [],
    "kind": "Condensation",
}
V1_EVENTS = [PROMPT, TASK, CALL, RESULT]
NULLED = [{**event, "parent_id": None, "critic_result": None} for event in V1_EVENTS]
STATE: Any = {
    "id": "11111111-aaaa-4bbb-8ccc-dddddddddddd", "agent": {"llm": {"model": "m"}, "kind": "Agent"},
    "persistence_dir": "/home/me/x", "execution_status": "idle", "max_iterations": 500,
}  # fmt: skip

# ATIF

ATIF_RUN: Any = {
    "schema_version": "ATIF-v1.7", "session_id": "s", "agent": {"name": "openhands", "version": "1.1.0"},
    "steps": [
        {"step_id": 1, "source": "user", "message": "count"},
        {"step_id": 2, "source": "agent", "message": "", "tool_calls": [
            {"tool_call_id": "c", "function_name": "execute_bash", "arguments": {"command": "ls"}}]},
    ],
}  # fmt: skip

# Claude Code

CLAUDE_USER: Any = {
    "parentUuid": None, "isSidechain": False, "type": "user", "uuid": "u1", "sessionId": "s1",
    "cwd": "/workspace", "message": {"role": "user", "content": "fix add"},
}  # fmt: skip
CLAUDE_CALL: Any = {
    "parentUuid": "u1", "type": "assistant", "uuid": "u2", "sessionId": "s1",
    "message": {"id": "msg_1", "role": "assistant", "content": [
        {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": "ls"}}]},
}  # fmt: skip
CLAUDE_MODE: Any = {"type": "mode", "mode": "normal", "sessionId": "s1"}
CLAUDE_TITLE: Any = {"type": "summary", "summary": "Fix add", "leafUuid": "u2"}

# Codex

ITEM: Any = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "fix add"}]}
CALLED: Any = {"type": "function_call", "name": "shell", "arguments": '{"command": ["ls"]}', "call_id": "c1"}
ANSWERED: Any = {"type": "function_call_output", "call_id": "c1", "output": "calc.py"}
CODEX_META: Any = {"timestamp": "2026-01-02T03:04:05.000Z", "type": "session_meta", "payload": {"id": "x"}}
CODEX_ITEM: Any = {"timestamp": "2026-01-02T03:04:06.000Z", "type": "response_item", "payload": CALLED}
CODEX_HEAD: Any = {"id": "x", "timestamp": "2025-08-01T03:04:05.000Z", "instructions": None}

# Chat

MESSAGES: Any = [
    {"role": "system", "content": "You are an agent."},
    {"role": "user", "content": "fix add"},
    {"role": "assistant", "content": None, "tool_calls": [
        {"id": "c1", "type": "function", "function": {"name": "bash", "arguments": '{"command": "ls"}'}}]},
    {"role": "tool", "tool_call_id": "c1", "content": "calc.py"},
]  # fmt: skip
BLOCKS: Any = [
    {"role": "user", "content": [{"type": "text", "text": "fix add"}]},
    {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "bash", "input": {}}]},
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "calc.py"}]},
]
TURNS: Any = [{"from": "human", "value": "fix add"}, {"from": "gpt", "value": "done"}]
FILLED: Any = [
    {"content": "go", "name": None, "role": "user", "tool_call_id": None, "tool_calls": None},
    {"content": "ok", "name": None, "role": "assistant", "tool_call_id": None, "tool_calls": None},
]
SAMPLE: Any = {"id": 1, "epoch": 1, "input": "count", "target": "3", "messages": MESSAGES, "scores": {}}

V1_FILES: dict[str, bytes] = {
    "V1: the events as a list": pretty(V1_EVENTS),
    "V1: the events as lines": lines(*V1_EVENTS),
    "V1: one event": lines(CALL).strip(),
    "V1: a page of the server": pretty({"items": V1_EVENTS, "next_page_id": None}),
    "V1: pages of the server": pretty([{"items": V1_EVENTS, "next_page_id": "x"}, {"items": []}]),
    "V1: an answer with a trajectory": pretty({"trajectory": V1_EVENTS}),
    "V1: a row": lines({"instance_id": "a", "history": NULLED, "error": None}),
    "V1: rows, the first failed": lines(
        {"instance_id": "a", "history": [], "error": "no"}, {"instance_id": "b", "history": NULLED}
    ),
    "V1: a download": archive(
        **{
            "0a__base_state.json": lines(STATE),
            "0a__events__event-00000-11111111.json": lines(PROMPT),
            "0a__events__.eventlog.lock": b"",
        }
    ),
    "V1: an export": archive(
        **{"event_000000_11111111.json": pretty(NULLED[0]), "meta.json": b'{"id": "x"}'}
    ),
    "V1: an export, its description first": archive(
        **{"meta.json": b'{"id": "x"}', "a__b__0011.json": pretty(TASK)}
    ),
}
"""Such as can be read."""

FILES: dict[str, tuple[str, bytes]] = {
    "V1: one event, kind first, on many lines": (V1, pretty(TASK)),
    "V1: a condensation": (V1, pretty(FORGOTTEN)),
    "V1: the state": (V1, lines(STATE).strip()),
    "ATIF": (ATIF, pretty(ATIF_RUN)),
    "ATIF: the steps first": (ATIF, pretty({"steps": ATIF_RUN["steps"], "agent": ATIF_RUN["agent"]})),
    "ATIF: one a line": (ATIF, lines(ATIF_RUN, ATIF_RUN)),
    "Claude Code": (CLAUDE, lines(CLAUDE_MODE, CLAUDE_MODE, CLAUDE_USER, CLAUDE_CALL)),
    "Claude Code: one prompt": (CLAUDE, lines(CLAUDE_USER)),
    "Claude Code: titles alone": (CLAUDE, lines(CLAUDE_TITLE, CLAUDE_TITLE)),
    "Claude Code: one title": (CLAUDE, lines(CLAUDE_TITLE)),
    "Claude Code: an export without ids": (
        CLAUDE, lines({"type": "user", "message": {"content": "hi"}}, {"type": "x", "n": 1})
    ),
    "Claude Code: still being written": (CLAUDE, lines(CLAUDE_USER, CLAUDE_CALL)[:-20]),
    "Claude Code: what -p streams": (
        CLAUDE, lines({"type": "system", "subtype": "init", "session_id": "s"}, CLAUDE_CALL)
    ),
    "Claude Code: prompts": (
        PROMPTS, lines({"display": "fix add", "pastedContents": {}, "timestamp": 1, "project": "/workspace"})
    ),
    "Codex": (CODEX, lines(CODEX_META, CODEX_ITEM)),
    "Codex: numbered": (CODEX, lines({**CODEX_META, "ordinal": 0}, {**CODEX_ITEM, "ordinal": 1})),
    "Codex: one line": (CODEX, lines(CODEX_META)),
    "Codex: the first releases": (CODEX, lines(CODEX_HEAD, {"record_type": "state"}, ITEM, CALLED, ANSWERED)),
    "Codex: the first releases, no state": (CODEX, lines({**CODEX_HEAD, "git": {}}, ITEM)),
    "Codex: what exec streams": (CODEX, lines({"type": "thread.started", "thread_id": "x"})),
    "Codex: the releases before the first": (
        CODEX, pretty({"session": {"id": "x", "timestamp": "2025-05-01"}, "items": [ITEM, CALLED]})
    ),
    "Inspect": (
        INSPECT, pretty({"version": 2, "status": "success", "eval": {"task": "t", "model": "m"}})
    ),
    "Inspect: packed": (INSPECT, archive(samples__1_epoch_1=pretty(SAMPLE))),
    "chat: messages": (OPENAI, pretty(MESSAGES)),
    "chat: a message a line": (OPENAI, lines(*MESSAGES)),
    "chat: a request": (OPENAI, pretty({"model": "m", "messages": MESSAGES, "tools": []})),
    "chat: requests, one a line": (OPENAI, lines({"messages": MESSAGES}, {"messages": MESSAGES})),
    "chat: a request and its reply": (OPENAI, pretty({"request": {"messages": MESSAGES}, "response": {}})),
    "chat: a list of lists": (OPENAI, pretty([MESSAGES, MESSAGES])),
    "chat: Anthropic messages": (ANTHROPIC, pretty(BLOCKS)),
    "chat: an Anthropic request": (
        ANTHROPIC, pretty({"model": "m", "max_tokens": 9, "system": "You work.", "messages": MESSAGES[1:2]})
    ),
    "chat: a Responses request": (RESPONSES, pretty({"model": "m", "input": [ITEM, CALLED, ANSWERED]})),
    "chat: Responses items": (RESPONSES, pretty([ITEM, CALLED, ANSWERED])),
    "chat: ShareGPT": (SHAREGPT, pretty([{"conversations": TURNS, "system": "You work."}])),
    "chat: ShareGPT, one a line": (SHAREGPT, lines({"conversations": TURNS}, {"conversations": TURNS})),
    "chat: a trajectory of roles": (ROWS, lines({"id": "a", "trajectory": FILLED}, {"trajectory": FILLED})),
    "chat: a trajectory of texts": (
        ROWS, pretty({"trajectory": [{"role": "ai", "text": "go", "system_prompt": None, "mask": True}]})
    ),
    "chat: a history of roles": (ROWS, lines({"history": FILLED})),
    "chat: messages in a string": (ROWS, lines({"uuid": "0", "messages": json.dumps(MESSAGES)})),
    "chat: a choice of two": (ROWS, lines({"chosen": MESSAGES, "rejected": MESSAGES})),
}  # fmt: skip
"""By what it is: whose it is, and its bytes."""


def directories(place: Path) -> dict[str, tuple[str, Path]]:
    """Directories of other agents, made under a place: whose each is, and where."""
    files = {
        "home/conversations/0a/events/event-00000-11111111.json": lines(TASK),
        "beside/last_request.json": pretty({"messages": MESSAGES}),
        "beside/0a/base_state.json": lines(STATE),
        "project/s1.jsonl": lines(CLAUDE_MODE, CLAUDE_USER),
        "project/s1/subagents/agent-1.jsonl": lines(CLAUDE_USER),
        "sessions/2026/01/02/rollout-x.jsonl": lines(CODEX_META, CODEX_ITEM),
        "runs/a/a.json": pretty(ATIF_RUN),
        "numbered/0.json": pretty(ATIF_RUN),
        "chats/one.json": pretty(MESSAGES),
    }
    for name, data in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(data)
    whose = {
        "home": V1, "beside": V1,
        "project": CLAUDE, "sessions": CODEX, "runs": ATIF, "numbered": ATIF, "chats": OPENAI,
    }  # fmt: skip
    return {name: (agent, place / name) for name, agent in whose.items()}
