"""The tools of OpenHands V1 that a live model can be offered: those of its conversation, a row each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec.structs import replace

from trajcore.dialects.openhands_v0.tools import RISK
from trajcore.dialects.openhands_v1.wire import read_key
from trajcore.dialects.recording import Text
from trajcore.dialects.shapes import object_in, objects_in
from trajcore.dialects.tasklists import TaskWords, mark
from trajcore.dialects.toolmap import Parameter, Schema, Step, Tool, ToolMap
from trajcore.events import kinds
from trajcore.formats.json.reading import as_object


def _told(of: str, about: str = "", **more: Any) -> Schema:
    return {"type": of, **more, **({"description": about} if about else {})}


def _is(name: str, of: str, about: str = "", field: str = "", **more: Any) -> Parameter:
    return Parameter(name, field, _told(of, about, **more))


_SUMMARY: Final = _is("summary", "string", "What this call does, in about ten words.")
_BESIDE: Final = (RISK, _SUMMARY)
_EDITED: Final = {"path": "", "command": "", "impl_source": "oh_aci"}
_PATH: Final = _is("path", "string", "Absolute path of a file or directory.")
_FILE_PATH: Final = _is("file_path", "string", "The path of the file.", "path")
_TASK: Final = _told(
    "object",
    properties={
        "title": _told("string", "What is to be done, in a few words."),
        "notes": _told("string", "What else matters."),
        "status": _told("string", enum=["todo", "in_progress", "done"]),
    },
    required=["title"],
    additionalProperties=False,
)


def _tasks(given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tasks with what the model left out."""
    return [{"title": "", "notes": "", "status": "todo", **task} for task in given]


_ROWS: Final = (
    Tool(
        "terminal",
        kinds.RUN,
        (
            _is("command", "string", "The command; empty for more output, or the text or key (C-c) to type."),
            _is("is_input", "boolean", "Whether it is typed into the program that is running."),
            Parameter("timeout", schema=_told("number", "Seconds after which it is given up."), beside=True),
            _is("reset", "boolean", "Whether the terminal is begun anew first."),
            *_BESIDE,
        ),
        makes={"command": "", "is_input": False, "reset": False},
        description="Run a command in a bash shell that keeps its directory and variables between calls. One "
        "command at a time: join several with && or ;. A command that prints nothing for a while is "
        "reported with exit code -1.",
        required=("command",),
        switch="enable_cmd",
    ),
    Tool(
        "file_editor",
        kinds.READ,
        (
            _PATH,
            _is("view_range", "array", "For view: first and last line.", items={"type": "integer"}),
            *_BESIDE,
        ),
        given={"command": "view"},
        makes={"path": "", "impl_source": "oh_aci"},
    ),
    Tool(
        "file_editor",
        kinds.EDIT,
        (
            _is("command", "string", enum=["view", "create", "str_replace", "insert", "undo_edit"]),
            _PATH,
            _is("file_text", "string", "For create: the text of the file."),
            _is("old_str", "string", "For str_replace: the text to replace, which occurs once."),
            _is("new_str", "string", "For str_replace and insert: the new text."),
            _is("insert_line", "integer", "For insert: the line to insert after, or 0."),
            *_BESIDE,
        ),
        makes=_EDITED,
        description="Look at files and change them: view, create, str_replace, insert, undo_edit.",
        required=("command", "path"),
        switch="enable_editor",
    ),
    Tool(
        "task_tracker",
        kinds.TASK_TRACKING,
        (
            _is("command", "string", "view shows the list, plan writes it anew.", enum=["view", "plan"]),
            Parameter("task_list", schema=_told("array", "For plan: all tasks.", items=_TASK), taken=_tasks),
            _SUMMARY,
        ),
        makes={"command": "view", "task_list": []},
        description="Keep a list of the tasks of a longer job.",
        switch="enable_plan_mode",
    ),
    Tool(
        "glob",
        kinds.FIND_FILES,
        (
            _is("pattern", "string", "The pattern of names, such as **/*.py."),
            _is("path", "string", "The directory to look in."),
            _SUMMARY,
        ),
        makes={"pattern": "", "path": None},
        description="Find files by their names.",
        required=("pattern",),
    ),
    Tool(
        "grep",
        kinds.SEARCH_FILES,
        (
            _is("pattern", "string", "The regular expression to look for."),
            _is("path", "string", "The directory to look in."),
            _is("include", "string", "The pattern of the names of files to look in."),
            _SUMMARY,
        ),
        makes={"pattern": "", "path": None, "include": None},
        description="Find files by what is in them.",
        required=("pattern",),
    ),
    Tool(
        "apply_patch",
        kinds.APPLY_PATCH,
        (_is("patch", "string", "From *** Begin Patch to *** End Patch."), *_BESIDE),
        makes={"patch": ""},
        description="Change several files by a patch.",
        required=("patch",),
    ),
    Tool(
        "read_file",
        kinds.READ,
        (
            _FILE_PATH,
            _is("offset", "integer", "The first line, from 0."),
            _is("limit", "integer", "How many lines."),
            _SUMMARY,
        ),
        makes={"path": ""},
        description="Read a file.",
        required=("file_path",),
    ),
    Tool(
        "write_file",
        kinds.WRITE,
        (_FILE_PATH, _is("content", "string", "The text of the file."), *_BESIDE),
        makes={"path": "", "content": ""},
        description="Write a file.",
        required=("file_path", "content"),
    ),
    Tool(
        "edit",
        kinds.EDIT,
        (
            _FILE_PATH,
            _is("old_string", "string", "The text to replace.", "old_str"),
            _is("new_string", "string", "The text in its place.", "new_str"),
            _is("expected_replacements", "integer", "How often it occurs [1]."),
            *_BESIDE,
        ),
        makes={"path": "", "command": "str_replace", "expected_replacements": 1},
        description="Replace a text in a file.",
        required=("file_path", "old_string", "new_string"),
    ),
    Tool(
        "list_directory",
        kinds.READ,
        (
            _is("dir_path", "string", "The directory [.].", "path"),
            _is("recursive", "boolean", "Whether to go two levels deep."),
            _SUMMARY,
        ),
        makes={"path": ".", "recursive": False},
        description="List a directory.",
    ),
    Tool(
        "finish",
        kinds.FINISH,
        (_is("message", "string", "What was done and what is left.", "final_thought"), _SUMMARY),
        makes={"final_thought": ""},
        description="Say that the task is done, or can't be done, and end.",
        required=("message",),
        switch="enable_finish",
    ),
    Tool(
        "think",
        kinds.THINK,
        (Parameter("thought", schema=_told("string", "The thought."), own=True), _SUMMARY),
        makes={"thought": ""},
        description="Write down a line of thought. It changes nothing.",
        required=("thought",),
        switch="enable_think",
    ),
)  # fmt: skip

_HELLO: Final = "/workspace/hello.py"
_EXAMPLE: Final = (
    "Have hello.py greet with Hello instead of Hi.",
    (
        Step("I look at what is there.", "terminal", {"command": "ls /workspace"}, "hello.py"),
        Step("", "finish", {"message": "hello.py says Hello now."}),
    ),
)


class _Tasks(TaskWords):
    """The words of V1."""

    updated = "Task list has been updated with {count} item(s)."
    tells_list = True

    def viewed(self, tasks: Sequence[Any] | None) -> str:
        """The list is shown; None: there is none."""
        return "No tasks in the list." if tasks is not None and not tasks else super().viewed(tasks).strip()

    def task(self, number: int, task: Mapping[str, Any]) -> str:
        """One of them."""
        notes = f"   {task['notes']}\n" if task.get("notes") else ""
        return f"{number}. {mark(task)} {task.get('title', '')}\n{notes}\n"


_TASKS: Final = _Tasks()
TOOL_MAP: Final = ToolMap(*_ROWS, anywhere=(RISK,), example=_EXAMPLE, tasks=_TASKS)
"""All of them."""

_USUAL: Final = frozenset({"terminal", "file_editor", "task_tracker", "finish", "think"})
"""Those of a conversation that tells nothing of its tools."""
_KINDS: Final[Mapping[str, str]] = {
    "TerminalTool": "terminal",
    "BashTool": "terminal",
    "FileEditorTool": "file_editor",
    "TaskTrackerTool": "task_tracker",
    "GlobTool": "glob",
    "GrepTool": "grep",
    "ApplyPatchTool": "apply_patch",
    "ReadFileTool": "read_file",
    "WriteFileTool": "write_file",
    "EditTool": "edit",
    "ListDirectoryTool": "list_directory",
    "FinishTool": "finish",
    "ThinkTool": "think",
}
"""What the tools are called as a prompt has them recorded."""
_FIRST: Final = 20
"""The prompt is among so many records."""


def tools_in(records: Sequence[Text]) -> ToolMap:
    """The tools that a conversation has had, described to its model as they were."""
    prompt: Mapping[str, Any] = {}
    state: Mapping[str, Any] = {}
    for text in records[:_FIRST]:
        key = read_key(text)
        if key.is_state and not state:
            state = as_object(text)
        elif key.kind == "SystemPromptEvent":
            prompt = as_object(text)
            break
    described = dict(_described(prompt))
    agent = object_in(state, "agent")
    named = [str(tool.get("name")) for tool in objects_in(agent, "tools")]
    defaults = agent.get("include_default_tools")
    named += [_KINDS.get(str(name), "") for name in (defaults if isinstance(defaults, list) else ())]
    there = {*described, *named} & set(TOOL_MAP.names) or _USUAL
    rows = [
        replace(row, description=described.get(row.name) or row.description) if row.description else row
        for row in _ROWS
        if row.name in there
    ]
    return ToolMap(*rows, anywhere=(RISK,), example=_EXAMPLE, tasks=_TASKS)


def _described(prompt: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The tools in a recorded prompt, and what it says of each."""
    found = []
    for tool in objects_in(prompt, "tools"):
        function = object_in(tool, "function") or tool
        name = _KINDS.get(str(tool.get("kind"))) or str(function.get("name") or "")
        if name:
            found.append((name, str(function.get("description") or "")))
    return found
