"""Made-up events: scenes of OpenHands V0, the same at each run."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any, Final

Events = list[dict[str, Any]]

TEXTS: Final = (
    "look at the run",
    "gö 漢字 🙂",
    "two\nlines of the output\n",
    'tab\t"quoted" \\ back',
    "\x1b[31mred\x1b[0m\x07 and \u202eback\u2066wards",
    "",
    "wide " * 60,
)


class _Script:
    """Events of one recording, as they are made up."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.events: Events = []

    def text(self) -> str:
        return self.chance.choice(TEXTS)

    def act(self, kind: str, args: dict[str, Any], source: str = "agent", **more: Any) -> int:
        """Add an action and give its id."""
        return self._add({"source": source, "message": self.text(), "action": kind, "args": args, **more})

    def see(
        self, kind: str, cause: int | None, content: Any, extras: Any, by: str = "agent", **more: Any
    ) -> int:
        """Add an observation and give its id."""
        event = {"source": by, "message": "", "cause": cause, "observation": kind}
        return self._add({**event, "content": content, "extras": extras, **more})

    def _add(self, event: dict[str, Any]) -> int:
        number = len(self.events)
        stamp = f"2025-01-02T03:{number // 60:02}:{number % 60:02}.{number + 1:06}"
        self.events.append({"id": number, "timestamp": stamp, **event})
        return number

    def called(self, name: str, arguments: dict[str, Any], calls: int = 1, at: int = 0) -> dict[str, Any]:
        """What an event says of the tool call that asked for it, one of several of its response."""
        spelled = json.dumps(arguments, ensure_ascii=self.chance.random() < 0.5)
        first = len(self.events) - at
        made = [
            {"id": f"call_{first}_{number}", "type": "function",
             "function": {"name": name, "arguments": spelled if number == at else "{}"}}
            for number in range(calls)
        ]  # fmt: skip
        message = {"role": "assistant", "content": self.text(), "tool_calls": made}
        metadata = {
            "function_name": name,
            "tool_call_id": made[at]["id"],
            "model_response": {"id": f"chatcmpl-{first}", "choices": [{"index": 0, "message": message}]},
            "total_calls_in_response": calls,
        }
        return {"tool_call_metadata": metadata}


def _opening(script: _Script) -> None:
    script.act("system", {"content": script.text(), "tools": [], "openhands_version": "0.62.0"})
    asked = {"content": script.text(), "file_urls": None, "image_urls": None, "wait_for_response": False}
    script.act("message", asked, "user")
    recall = script.act("recall", {"recall_type": "workspace_context", "query": "q", "thought": ""}, "user")
    script.see(
        "recall", recall, "context", {"recall_type": "workspace_context", "repo_name": "r"}, "environment"
    )
    state = {"agent_state": "running", "reason": ""}
    script.see("agent_state_changed", None, "", state, "environment")
    script.act("change_agent_state", {"agent_state": "running", "thought": ""}, "user")
    script.see("null", 1, "", {}, "environment")


def _ran(script: _Script, cause: int, command: str, code: int, **more: Any) -> None:
    metadata = {"exit_code": code, "pid": -1, "working_dir": "/workspace", "prefix": "", "suffix": "\n[end]"}
    extras = {"command": command, "metadata": metadata, "hidden": False}
    script.see("run", cause, script.text(), extras, success=code == 0, **more)


def _shell(script: _Script) -> None:
    for _ in range(script.chance.randint(1, 3)):
        command = script.chance.choice(("ls -l", "cd /tmp && echo 'é' > \"a b\"", "python3 - <<'E'\n1\nE"))
        named = script.called("execute_bash", {"command": command, "is_input": "false"})
        args = {"command": command, "is_input": False, "thought": script.text(), "blocking": False}
        action = script.act("run", {**args, "hidden": False, "security_risk": -1}, **named, timeout=5)
        _ran(script, action, command, script.chance.choice((0, 0, 1, 127)), **named)


def _waiting(script: _Script) -> None:
    server = script.act("run", {"command": "sleep 1000", "is_input": False})
    _ran(script, server, "sleep 1000", -1)
    typed = script.act("run", {"command": "C-c", "is_input": True})
    _ran(script, typed, "C-c", 130)
    script.act("run", {"command": "nothing came back", "is_input": False})


def _older_shell(script: _Script) -> None:
    args = {"command": "pwd", "keep_prompt": True, "is_confirmed": "confirmed", "thought": ""}
    action = script.act("run", args)
    extras = {"command": "pwd", "command_id": 3, "exit_code": 2, "interpreter_details": ""}
    script.see("run", action, "/workspace\nroot@host:/workspace # ", extras)
    script.act("message", {"content": script.text(), "images_urls": ["data:image/png;base64,AA=="]}, "user")


def _notebook(script: _Script) -> None:
    named = script.called("execute_ipython_cell", {"code": "1 +\\\n 1"})
    cell = script.act("run_ipython", {"code": "1 +\\\n 1", "thought": "", "include_extra": True}, **named)
    script.see(
        "run_ipython",
        cell,
        "2\n[Jupyter]",
        {"code": "1", "image_urls": ["data:image/png;base64,AA=="]},
        **named,
    )


def _files(script: _Script) -> None:
    read = script.act(
        "read", {"path": "/w/a", "start": 0, "end": -1, "thought": "", "impl_source": "default"}
    )
    script.see("read", read, "the text", {"path": "/w/a", "impl_source": "default"})
    write = script.act("write", {"path": "/w/b", "content": script.text(), "start": 0, "end": -1})
    script.see("write", write, "", {"path": "/w/b"})
    for args in (
        {"command": "create", "path": "/w/c", "file_text": script.text()},
        {"command": "str_replace", "path": "/w/c", "old_str": "the", "new_str": "a\n"},
        {"command": "insert", "path": "/w/c", "insert_line": 1, "new_str": "x"},
    ):
        named = script.called("str_replace_editor", args)
        edit = script.act("edit", {**args, "impl_source": "oh_aci", "thought": ""}, **named)
        extras = {"path": "/w/c", "prev_exist": True, "old_content": "the", "new_content": "a\n", "diff": ""}
        script.see("edit", edit, script.text(), extras, **named)
    by_model = {"path": "/w/d", "content": "pass", "start": 1, "end": -1, "impl_source": "llm_based_edit"}
    script.see("edit", script.act("edit", by_model), "done", {"path": "/w/d"})
    view = {"command": "view", "path": "/w/c", "view_range": [1, 2]}
    code = f"print(file_editor(**{view!r}))"
    older = script.act("read", {"path": "/w/c", "translated_ipython_code": code})
    script.see("read", older, "1\tx", {"path": "/w/c", "impl_source": "oh_aci"})


def _served(script: _Script) -> None:
    page = script.act("browse", {"url": "http://127.0.0.1/", "thought": script.text()})
    script.see("browse", page, "the page", {"url": "http://127.0.0.1/", "screenshot": "AA==", "error": False})
    moves = script.act("browse_interactive", {"browser_actions": 'goto("x")', "thought": ""})
    script.see("browse", moves, "", {"url": "x", "error": True, "last_browser_action_error": script.text()})
    tool = script.act("call_tool_mcp", {"name": "fetch", "arguments": {"a": [1, None]}, "thought": ""})
    script.see("mcp", tool, '{"x": 1}', {"name": "fetch", "arguments": {"a": [1, None]}})
    script.see("think", script.act("think", {"thought": script.text()}), "logged", {})
    tasks = {"command": "plan", "task_list": [{"id": "1", "title": script.text(), "status": "todo"}]}
    script.see("task_tracking", script.act("task_tracking", tasks), script.text(), tasks)


def _parallel(script: _Script) -> None:
    calls = script.chance.randint(2, 3)
    named = []
    for at in range(calls):
        named.append(script.called("execute_bash", {"command": f"echo {at}"}, calls, at))
        script.act("run", {"command": f"echo {at}", "thought": ""}, **named[at])
    first = len(script.events) - calls
    for at in range(calls):
        _ran(script, first + at, f"echo {at}", 0, **named[at])


def _delegation(script: _Script) -> None:
    outer = script.act(
        "delegate", {"agent": "BrowsingAgent", "inputs": {"task": script.text()}, "thought": ""}
    )
    script.act("message", {"content": "TASK: look", "wait_for_response": False}, "user")
    inner = script.act("delegate", {"agent": "CodeActAgent", "inputs": {}})
    _shell(script)
    script.see("delegate", inner, "", {"outputs": {"content": "inner"}})
    script.act("finish", {"final_thought": "sub", "outputs": {}})
    script.see("delegate", outer, script.text(), {"outputs": {"content": "x"}})


def _condensation(script: _Script) -> None:
    script.act("condensation_request", {})
    listed = {"forgotten_event_ids": [1, 2], "summary": None, "summary_offset": None}
    script.act("condensation", listed)
    spanned = {
        "forgotten_events_start_id": 1,
        "forgotten_events_end_id": 3,
        "summary": "s",
        "summary_offset": 1,
    }
    script.act("condensation", spanned)
    script.see("condense", None, "summary", {})


def _mishaps(script: _Script) -> None:
    refused = script.act("run", {"command": "rm -r /", "confirmation_state": "rejected", "security_risk": 2})
    script.see("user_rejected", refused, "Action has been rejected by the user!", {})
    script.see("error", script.act("run", {"command": "a\nb"}), script.text(), {"error_id": "E"})
    script.see("error", None, "AgentRuntimeError", {"error_id": ""}, "environment")
    script.see("loop_detection", None, "loop", {}, "environment")
    script.act("loop_recovery", {"option": 1})
    script.act("null", {})
    script.see("success", None, "fine", {})
    script.see("download", None, "got", {"file_path": "/w/f"})


def _strange(script: _Script) -> None:
    script.act("nobody_knows", {"command": ["x"], "content": 5}, source="someone")
    script.see("nobody_knows", len(script.events) - 1, {"a": 1}, {"exit_code": "zero"})
    script.act("message", {"content": None, "wait_for_response": "yes"}, "user")
    script.act("run", {"command": 5, "is_input": None, "timeout": 1e40})
    script.see("run", len(script.events) - 1, None, {"metadata": []}, by="")
    script.events.append({"id": len(script.events), "action": "run", "args": "ls", "cause": True})
    script.events.append({"id": len(script.events), "observation": "run", "extras": None})
    script.events.append({"id": len(script.events), "action": "", "observation": None})


def _talk(script: _Script) -> None:
    script.act("message", {"content": script.text(), "image_urls": None, "wait_for_response": True})
    script.act("message", {"content": script.text(), "image_urls": [], "wait_for_response": False}, "user")


def _ending(script: _Script) -> None:
    match script.chance.randrange(4):
        case 0:
            named = script.called("finish", {"message": "done", "task_completed": "true"})
            script.act("finish", {"final_thought": "done", "task_completed": "true", "outputs": {}}, **named)
        case 1:
            script.act("reject", {"outputs": {"reason": script.text()}, "thought": ""})
        case 2:
            script.act("message", {"content": "and now?", "wait_for_response": True})


Scene = Callable[[_Script], None]
SCENES: Final[tuple[Scene, ...]] = (
    *(_shell, _files, _parallel, _delegation, _condensation, _served, _notebook, _mishaps, _talk, _strange),
    *(_older_shell, _waiting),
)


def events(seed: int) -> Events:
    """The events of a made-up recording: three scenes or more, of which each seed begins with another."""
    script = _Script(seed)
    _opening(script)
    SCENES[seed % len(SCENES)](script)
    for scene in script.chance.sample(SCENES, script.chance.randint(2, 5)):
        scene(script)
    _ending(script)
    return script.events
