"""Each kind of event has a view that says what it is about, and nothing of one is lost without a word."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from documents import message, run
from showing import row_of, session_of
from trajcore.events.kinds import ACTION_KINDS, OBSERVATION_KINDS
from trajcore.views.blocks import Block, BlockKind
from trajcore.views.event import blocks_for

pytestmark = pytest.mark.asyncio

FORTY = "\n".join(f"line {number}" for number in range(40))
ACTIONS: dict[str, dict[str, Any]] = {
    "message": {"content": "**hello**", "file_urls": ["/tmp/a.txt"]},
    "run": {"command": "ls *.py", "is_input": True},
    "run_ipython": {"code": "print(1)"},
    "read": {"path": "/w/parser.c", "view_range": [650, 700]},
    "write": {"path": "/w/a.py", "content": "x = 1"},
    "edit": {"path": "/w/a.py", "command": "str_replace", "old_str": "one", "new_str": "three"},
    "think": {"thought": FORTY},
    "finish": {"final_thought": "*done*", "outputs": {"ok": 1}},
    "browse": {"url": "https://example.org"},
    "browse_interactive": {"browser_actions": "click('a')"},
    "call_tool_mcp": {"name": "fetch", "arguments": {"url": "u", "deep": {str(n): n for n in range(12)}}},
    "delegate": {"agent": "Browser", "inputs": {"task": "# find", "more": 1}},
    "recall": {"query": "what?", "recall_type": "knowledge"},
    "task_tracking": {"command": "plan", "task_list": [{"title": "a", "status": "done"}, {"title": "b"}]},
    "find_files": {"pattern": "*.py", "path": "/w"},
    "search_files": {"pattern": "def .*a", "include": "*.py"},
    "apply_patch": {"patch": "*** Begin Patch"},
    "call_tool": {"name": "ask_oracle", "arguments": {"question": "why"}},
    "foreign_call": {"name": "Read a.py", "status": "completed"},
    "hook": {"name": "PreToolUse", "command": "/h/pre.sh", "blocked": "no"},
    "program_log": {"name": "TokenEvent", "tokens": "12"},
    "condensation": {"forgotten_event_ids": [3, 4], "summary": "so far"},
    "reject": {"outputs": {"reason": "cannot"}},
    "system": {"content": FORTY, "tools": [{"name": str(n)} for n in range(9)]},
    "condensation_request": {},
    "change_agent_state": {"agent_state": "paused"},
    "loop_recovery": {"option": 2},
    "null": {},
}
SAYS: dict[str, list[str]] = {
    "message": ["**hello**", '"/tmp/a.txt"'],
    "run": ["ls *.py", "is_input: true"],
    "read": ["/w/parser.c  lines 650–700"],
    "write": ["/w/a.py", "x = 1"],
    "edit": ["one", "three"],
    "finish": ["*done*", '"outputs": {"ok": 1}'],
    "call_tool_mcp": ["fetch", '"deep": {… 12 keys}'],
    "call_tool": ["ask_oracle", '"question": "why"'],
    "delegate": ["to Browser", "# find", '"more": 1'],
    "task_tracking": ["[x] a\n[ ] b"],
    "condensation": ["forgotten events: 3, 4", "so far"],
    "system": ["line 39", '"tools": […'],
    "loop_recovery": ["2"],
    "reject": ['{"reason": "cannot"}'],
}
OBSERVATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "read": ("x = 1", {"path": "/w/a.py"}),
    "mcp": (json.dumps({"content": [{"type": "text", "text": "hello"}], "isError": True}), {"name": "fetch"}),
    "browse": ("a page", {"url": "https://example.org"}),
    "task_tracking": ("ok", {"task_list": [{"title": "a", "status": "in_progress"}]}),
    "recall": ("", {"microagent_knowledge": [{"name": "git"}]}),
    "agent_state_changed": ("", {"agent_state": "error", "reason": "no money"}),
    "delegate": ("it **went** well", {"outputs": {"answer": 42}}),
    "download": ("saved", {"file_path": "/tmp/x.pdf"}),
}
CAME_BACK: dict[str, list[str]] = {
    "mcp": ["hello", '"isError": true'],
    "browse": ["https://example.org", "a page"],
    "task_tracking": ["[~] a"],
    "recall": ['"microagent_knowledge"', '"name": "git"'],
    "agent_state_changed": ["error", "no money"],
    "delegate": ["it **went** well", '"answer": 42'],
    "download": ["/tmp/x.pdf", "saved"],
}


def unfolded(blocks: Iterable[Block]) -> Iterator[Block]:
    """All blocks, each by itself and with what it unfolds into."""
    for block in blocks:
        yield block
        yield from unfolded(block.parts)


def said(events: list[dict[str, Any]], index: int) -> tuple[list[Block], str]:
    session = session_of(events)
    blocks = list(unfolded(blocks_for(session, row_of(session, index))))
    return blocks, "\n".join(block.text for block in blocks)


def action(kind: str, args: dict[str, Any]) -> dict[str, Any]:
    return {"id": 1, "source": "agent", "action": kind, "args": args}


@pytest.mark.parametrize("kind", [kind.name for kind in ACTION_KINDS])
async def test_each_kind_of_action_has_a_view(kind: str) -> None:
    blocks, text = said([message(0, "go"), action(kind, ACTIONS[kind])], 1)
    assert kind in blocks[0].text
    for expected in SAYS.get(kind, [str(one) for one in ACTIONS[kind].values()]):
        assert expected in text


@pytest.mark.parametrize("kind", [kind.name for kind in OBSERVATION_KINDS])
async def test_each_kind_of_observation_has_a_view(kind: str) -> None:
    content, extras = OBSERVATIONS.get(kind, ("it came back", {}))
    told = {"id": 1, "source": "agent", "observation": kind, "content": content, "extras": extras}
    _, text = said([message(0, "go"), told], 1)
    for expected in CAME_BACK.get(kind, [content]):
        assert expected in text


async def test_what_is_written_in_a_language_says_so() -> None:
    languages = {
        kind: [block.language for block in said([message(0, "go"), action(kind, ACTIONS[kind])], 1)[0]]
        for kind in ("run", "run_ipython", "write")
    }
    assert "bash" in languages["run"]
    assert "python" in languages["run_ipython"]
    assert "/a.py" in languages["write"]


async def test_a_kind_that_nobody_knows_is_shown_as_folded_json() -> None:
    events = [
        message(0, "go"),
        action("dance", {"file_urls": [], "steps": {"n": list(range(500))}, "text": FORTY}),
    ]
    session = session_of(events)
    shown = [block.text for block in blocks_for(session, row_of(session, 1))]
    assert any('"steps": {' in text for text in shown)
    assert '    "n": [… 500 items]' in shown
    assert any(text.endswith('…"  (40 lines)') for text in shown)
    blocks, text = said(events, 1)
    assert "… 101 to 200 of 500" in text
    assert "  499" in text
    assert "line 39" in text
    assert all(block.folded is None or block.parts for block in blocks)


@pytest.mark.parametrize("kind", ["system", "think", "run"])
async def test_long_prompts_and_thoughts_are_folded(kind: str) -> None:
    args = {"command": "ls", "thought": FORTY} if kind == "run" else ACTIONS[kind]
    session = session_of([message(0, "go"), action(kind, args)])
    folded = [block.folded for block in blocks_for(session, row_of(session, 1)) if block.text == FORTY]
    more = {"system": "+28 lines", "run": "+32 lines"}.get(kind)
    assert [one and one.more for one in folded] == [more]


async def test_two_views_of_the_same_json_are_equal() -> None:
    first, second = (
        said([run(1, "x"), action("dance", {"a": {str(n): n for n in range(9)}})], 1)[0] for _ in "12"
    )
    assert first == second
    assert BlockKind.CODE in {block.kind for block in first}
