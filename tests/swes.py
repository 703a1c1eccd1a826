"""Small trajectories of SWE-agent, made by hand after what its versions write."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from typing import Any

SYSTEM: Any = {"role": "system", "content": "You work.", "agent": "main", "message_type": "system_prompt"}
TASK: Any = {
    "role": "user", "agent": "main", "message_type": "observation",
    "content": [{"type": "text", "text": "Fix add() in /repo."}],
}  # fmt: skip
DEMO: Any = [
    {"role": "user", "content": "Here is a demonstration.", "agent": "main", "is_demo": True,
     "message_type": "demonstration"},
    {"role": "assistant", "content": "ls", "thought": "", "action": "ls", "agent": "main", "is_demo": True,
     "message_type": "action"},
]  # fmt: skip
TEMPLATES: Any = {
    "next_step_template": "OBSERVATION:\n{{observation}}",
    "next_step_no_output_template": "Your command ran successfully and did not produce any output.",
}
WINDOWED: Any = {
    "next_step_template": "{{observation}}\n(Open file: {{open_file}})\n(Current directory: "
    "{{working_dir}})\nbash-$",
    "next_step_no_output_template": "No output.\n(Open file: {{open_file}})\nbash-$",
}
STATE: Any = {"working_dir": "/repo"}


class Run:
    """A trajectory under construction, step by step."""

    def __init__(
        self, parser: str = "function_calling", templates: Any = TEMPLATES, *, shown: str = "query"
    ) -> None:
        self.parser, self.templates, self.shown = parser, templates, shown
        self.history: list[Any] = [SYSTEM, TASK]
        self.steps: list[Any] = []

    def _said(self, thought: str, command: str) -> str:
        if self.parser == "function_calling":
            return thought
        opening, closing = {
            "thought_action": ("```\n", "\n```"), "xml_thought_action": ("<command>\n", "\n</command>"),
        }[self.parser]  # fmt: skip
        return f"{thought}\n{opening}{command.rstrip()}{closing}"

    def _step(self, action: str, observation: str, response: str, thought: str, state: Any) -> None:
        ran = state != {}
        step: Any = {
            "action": action, "observation": observation, "response": response, "thought": thought,
            "execution_time": 0.1 if ran else 0.0, "state": state, "extra_info": {},
        }  # fmt: skip
        if self.shown == "query":
            step["query"] = list(self.history)
        self.steps.append(step)

    def does(
        self, command: str, observation: str = "", thought: str = "So.", *, state: Any = STATE,
        tool: str = "bash", arguments: Any = None,
    ) -> Run:  # fmt: skip
        """A step that was executed."""
        response = self._said(thought, command)
        self._step(command, observation, response, thought, state)
        reply: Any = {"role": "assistant", "content": response, "thought": thought, "action": command,
                      "agent": "main", "message_type": "action"}  # fmt: skip
        answer: Any = {"role": "user", "content": self._shown(observation, state), "agent": "main",
                       "message_type": "observation"}  # fmt: skip
        if self.parser == "function_calling":
            call = f"call_{len(self.steps)}"
            given = json.dumps({"command": command} if arguments is None else arguments)
            reply["tool_calls"] = [
                {"function": {"arguments": given, "name": tool}, "id": call, "type": "function"}
            ]
            answer |= {"role": "tool", "tool_call_ids": [call]}
        self.history += [reply, answer]
        if self.shown == "messages":
            self.steps[-1]["messages"] = list(self.history)
        return self

    def _shown(self, observation: str, state: Any) -> str:
        key = "next_step_template" if observation else "next_step_no_output_template"
        text = str(self.templates[key])
        for name, value in {"observation": observation, "open_file": "n/a", **state}.items():
            text = text.replace("{{" + name + "}}", str(value))
        return text

    def fails(self, response: str, action: str = "", observation: str = "") -> Run:
        """A step that was not executed; no history tells of it."""
        self._step(action, observation, response, response, {})
        return self

    def submits(self, patch: str) -> Run:
        """The end."""
        return self.does("submit", patch, "Done.", tool="submit", arguments={})

    def object(self, submission: str | None = None, **more: Any) -> Any:
        """The whole file as an object."""
        agent = {"templates": self.templates, "tools": {
            "parse_function": {"type": self.parser},
            "env_variables": {"PAGER": "cat"}, "execution_timeout": 9,
            "bundles": [{"path": "tools/registry"}, {"path": "/x/tools/edit_anthropic"}],
        }}  # fmt: skip
        repo = {"type": "preexisting", "repo_name": "repo", "base_commit": "HEAD"}
        config = {"env": {"repo": repo, "deployment": {"type": "local"}}, "agent": agent}
        info = {"exit_status": "submitted" if submission else None, "submission": submission,
                "model_stats": {"instance_cost": 0.5, "tokens_sent": 10, "tokens_received": 5}}  # fmt: skip
        return {"trajectory": self.steps, "history": self.history, "info": info,
                "replay_config": json.dumps(config), "environment": "main", **more}  # fmt: skip

    def file(self, submission: str | None = None, **more: Any) -> bytes:
        """The whole file."""
        return json.dumps(self.object(submission, **more), indent=2).encode()


def editor(command: str, path: str, **flags: str) -> tuple[str, dict[str, Any]]:
    """A call of its editor as a command, and its arguments."""
    said = " ".join(f"--{name} {shlex.quote(value)}" for name, value in flags.items())
    return f"str_replace_editor {command} {path}   {said}".rstrip(), {
        "command": command,
        "path": path,
        **flags,
    }


PATCH = "diff --git a/calc.py b/calc.py\n+    return a + b"
_VIEW, _EDIT = (
    editor("view", "/repo/calc.py"),
    editor("str_replace", "/repo/calc.py", old_str="it's", new_str="x y"),
)


def _tools() -> Run:
    run = (
        Run()
        .does("ls && echo ü", "calc.py\nü\n", "Look.")
        .does(_VIEW[0], "1\ta\n", tool="str_replace_editor", arguments=_VIEW[1])
    )
    run.fails("Two calls are refused.").does("cd sub; export A=1", state={"working_dir": "/repo/sub"})
    run.does(_EDIT[0], "edited", tool="str_replace_editor", arguments=_EDIT[1]).fails("Edit.", "vim calc.py")
    return run.does("false; ls", "calc.py\n").submits(PATCH)


def _texts() -> Run:
    run = Run("thought_action", WINDOWED)
    run.history[2:2] = DEMO
    run.does('find_file "calc.py"\n', "Found 1\n", state={"working_dir": "/repo", "open_file": "n/a"})
    run.does(
        "edit 2:2\nx\nend_of_edit\n",
        "File updated\n",
        state={"working_dir": "/repo", "open_file": "/repo/calc.py"},
    )
    return run.fails("I forgot the block.").does("pwd\n", "/repo\n").does("ls\n", "")


def _xml() -> Run:
    return Run("xml_thought_action", shown="messages").does("cat > t <<'E'\na\nE").does("cat t", "a\r\n")


def _old() -> bytes:
    whole = Run("thought_action", WINDOWED, shown="").does("pwd\n", "/r\n").does("ls\n", "x\n").object()
    for step in whole["trajectory"]:
        step["state"] = f"{json.dumps({'open_file': 'n/a', 'working_dir': '/r'})}\n"
        del step["execution_time"], step["extra_info"]
    for entry in whole["history"]:
        del entry["message_type"]
    del whole["replay_config"]
    return json.dumps({"environment": "swe_main", **whole}, indent=2).encode()


def _attempts() -> bytes:
    one, two = Run().does("echo 1", "1\n").submits("p1"), Run().does("echo 2", "2\n").submits(PATCH)
    best = two.object(PATCH)
    return json.dumps({"attempts": [one.object("p1"), best], **best}, indent=2).encode()


def _ended() -> bytes:
    run = Run().does("ls", "x\n")
    run.fails("", observation="Exited (autosubmitted)")
    run.steps[-1]["query"] = [{}]
    return run.file(PATCH)


SAMPLES: dict[str, bytes] = {
    "tools": _tools().file(PATCH),
    "texts": _texts().file(),
    "xml": _xml().file(),
    "old": _old(),
    "attempts": _attempts(),
    "ended": _ended(),
    "demo": json.dumps({"history": _tools().history}, indent=4).encode(),
    "steps": json.dumps(_xml().steps).encode(),
}  # fmt: skip


def entries(run: Sequence[Any]) -> list[str]:
    """What the replies among some entries did."""
    return [one["action"] for one in run if one["role"] == "assistant" and not one.get("is_demo")]


def said(value: Any, text: str) -> int:
    """How often a text stands in a file, in JSON inside of strings too."""
    if isinstance(value, dict | list):
        return sum(said(one, text) for one in (value.values() if isinstance(value, dict) else value))
    if not isinstance(value, str):
        return 0
    inner = json.loads(value) if value.startswith('{"') else None
    return said(inner, text) if isinstance(inner, dict) else text in value
