"""The tools of OpenHands and what each asks for: one table, a new tool is a row here.

Source: `openhands/agenthub/codeact_agent/function_calling.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from trajcore.dialects.toolmap import ABSENT, Parameter, Schema, Step, Tool, ToolMap
from trajcore.events import kinds

# Values on their way.


_RISKS: Final = ("LOW", "MEDIUM", "HIGH")


def _risk_of(args: Any) -> Any:
    risk = args.security_risk
    return _RISKS[risk] if isinstance(risk, int) and 0 <= risk < len(_RISKS) else ABSENT


def _changed_risk(argument: Any, old: Any, new: Any) -> Any:
    known = new in range(len(_RISKS))
    return _RISKS[int(new)] if known else argument


def _lines_seen(args: Any) -> Any:
    """The lines that a read shows: of the editor, or (0-based) of the older kind."""
    if args.view_range:
        return args.view_range
    if args.impl_source == "default" and (args.start, args.end) != (0, -1):
        return [args.start + 1, args.end]
    return ABSENT


def _patience_of(action: Any) -> Any:
    """Only where it was the model that set it; else it is the time that the program allows all commands."""
    return action.timeout if action.args.blocking and action.timeout is not None else ABSENT


def _tasks(given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The list of tasks, what a model leaves out filled in as OpenHands does."""
    return [
        {
            "id": task.get("id", f"task-{number}"),
            "title": task.get("title", "Untitled task"),
            "status": task.get("status", "todo"),
            "notes": task.get("notes", ""),
        }
        for number, task in enumerate(given, 1)
    ]


def _other_page(argument: Any, old: Any, new: Any) -> Any:
    if not isinstance(old, str) or not isinstance(new, str) or not old or not isinstance(argument, str):
        return argument
    return argument.replace(old, new)


# What a live model is told.


def _told(of: str, about: str = "", **more: Any) -> Schema:
    return {"type": of, **more, **({"description": about} if about else {})}


RISK: Final = Parameter(
    "security_risk",
    schema=_told(
        "string",
        "How much harm this could do: LOW only looks or changes the project, MEDIUM changes what lies "
        "outside it, HIGH could destroy data or send it elsewhere.",
        enum=list(_RISKS),
    ),
    taken=_RISKS.index,
    said=_risk_of,
    changed=_changed_risk,
    compared=False,
)
_PATH: Final = Parameter("path", schema=_told("string", "Absolute path, for example /workspace/main.py."))
_FILE_TEXT: Final = _told("string", "For create: the text of the file.")
_TASK: Final = _told(
    "object",
    properties={
        "id": _told("string", "What it is known by."),
        "title": _told("string", "What is to be done, in a few words."),
        "status": _told("string", enum=["todo", "in_progress", "done"]),
        "notes": _told("string", "What else matters."),
    },
    required=["title", "status", "id"],
    additionalProperties=False,
)
_TRACKED: Final = (
    Parameter(
        "command",
        schema=_told("string", "view shows the list, plan writes it anew.", enum=["view", "plan"]),
    ),
    Parameter("task_list", schema=_told("array", "For plan: all tasks.", items=_TASK), taken=_tasks),
)
_CHANGE: Final = ("file_text", "old_str", "new_str", "insert_line")

_RUN: Final[Mapping[str, Any]] = {
    "command": "", "is_input": False, "thought": "", "blocking": False, "is_static": False,
    "cwd": None, "hidden": False, "confirmation_state": "confirmed", "security_risk": -1,
}  # fmt: skip
_READ: Final[Mapping[str, Any]] = {
    "path": "", "start": 0, "end": -1, "thought": "", "security_risk": -1, "impl_source": "oh_aci",
    "view_range": None,
}  # fmt: skip
_CELL: Final[Mapping[str, Any]] = {
    "code": "", "thought": "", "include_extra": True, "confirmation_state": "confirmed",
    "security_risk": -1, "kernel_init_code": "",
}  # fmt: skip
_TRACK: Final[Mapping[str, Any]] = {"command": "view", "task_list": [], "thought": ""}
_EDIT: Final[Mapping[str, Any]] = {
    "path": "", "command": "", "file_text": None, "old_str": None, "new_str": None,
    "insert_line": None, "content": "", "start": 1, "end": -1, "thought": "", "security_risk": -1,
    "impl_source": "oh_aci",
}  # fmt: skip

_HELLO: Final = "/workspace/hello.py"
_EXAMPLE: Final = (
    "Have hello.py greet with Hello instead of Hi.",
    (
        Step("I look at what is there.", "execute_bash", {"command": "ls /workspace"}, "hello.py"),
        Step(
            "I change the greeting.",
            "str_replace_editor",
            {"command": "str_replace", "path": _HELLO, "old_str": "Hi", "new_str": "Hello"},
            f"The file {_HELLO} has been edited.",
        ),
        Step("Does it work?", "execute_bash", {"command": f"python3 {_HELLO}"}, "Hello, world"),
        Step("", "finish", {"message": "hello.py says Hello now; I ran it to see that."}),
    ),
)

TOOL_MAP: Final = ToolMap(
    Tool(
        "execute_bash",
        kinds.RUN,
        (
            Parameter(
                "command",
                schema=_told(
                    "string",
                    "The command; empty for more output, or the text or key (C-c, C-d, C-z) to type.",
                ),
            ),
            Parameter(
                "is_input",
                schema=_told(
                    "string",
                    "Whether the command is typed into the program that is running. By default false.",
                    enum=["true", "false"],
                ),
                taken=lambda text: text == "true",
                said=lambda args: "true" if args.is_input else "false",
            ),
            Parameter(
                "timeout",
                schema=_told("number", "Seconds to wait for the command, however quiet it is."),
                said=_patience_of,
                sets={"blocking": True},
                beside=True,
                compared=False,
            ),
            RISK,
        ),
        makes=_RUN,
        description="Run a command in a bash shell that keeps its directory, variables and background jobs "
        "between calls. One command at a time: join several with && or ;. A command that prints nothing for "
        "a while is reported with exit code -1 and goes on: send an empty command to see more of it, or C-c "
        "as input to stop it.",
        required=("command",),
        switch="enable_cmd",
    ),
    Tool(
        "execute_ipython_cell",
        kinds.RUN_IPYTHON,
        (Parameter("code", schema=_told("string", "The Python code; %pip and other magics work.")), RISK),
        makes=_CELL,
        description="Run a cell in an IPython kernel that keeps its variables between calls. A cell begins "
        "in the directory of the bash shell, with which it shares nothing else but the files.",
        required=("code",),
        switch="enable_jupyter",
    ),
    Tool(
        "str_replace_editor",
        kinds.READ,
        (
            _PATH,
            Parameter(
                "view_range",
                schema=_told(
                    "array",
                    "For view: first and last line, from 1; -1 as last is the end of the file.",
                    items={"type": "integer"},
                ),
                said=_lines_seen,
            ),
            RISK,
        ),
        given={"command": "view"},
        makes=_READ,
    ),
    Tool(
        "str_replace_editor",
        kinds.EDIT,
        (
            Parameter(
                "command",
                schema=_told("string", enum=["view", "create", "str_replace", "insert", "undo_edit"]),
            ),
            _PATH,
            Parameter("file_text", schema=_FILE_TEXT),
            Parameter("old_str", schema=_told("string", "For str_replace: the text to replace.")),
            Parameter("new_str", schema=_told("string", "For str_replace and insert: the new text.")),
            Parameter("insert_line", schema=_told("integer", "For insert: the line to insert after, or 0.")),
            RISK,
        ),
        when=lambda args: bool(args.command),
        droppable=_CHANGE,
        makes=_EDIT,
        description="Look at files and change them. view shows a file with line numbers, or lists a "
        "directory. create writes a file that does not exist yet. str_replace puts new_str in place of "
        "old_str, which must occur exactly once, spaces and all. insert puts new_str after a line. undo_edit "
        "takes back the last change of a file.",
        required=("command", "path"),
        switch="enable_editor",
    ),
    Tool(
        "str_replace_editor",
        kinds.WRITE,
        (_PATH, Parameter("file_text", "content", _FILE_TEXT), RISK),
        given={"command": "create"},
        droppable=_CHANGE,
    ),
    Tool(
        "edit_file",
        kinds.EDIT,
        (Parameter("path"), Parameter("content"), Parameter("start"), Parameter("end")),
    ),
    Tool(
        "think",
        kinds.THINK,
        (
            Parameter(
                "thought",
                schema=_told("string", "The thought."),
                own=True,
            ),
        ),
        makes={"thought": ""},
        description="Write down a line of thought, to plan or to weigh something difficult. It changes "
        "nothing.",
        required=("thought",),
        switch="enable_think",
    ),
    Tool(
        "task_tracker",
        kinds.TASK_TRACKING,
        _TRACKED,
        given={"command": "plan"},
        when=lambda args: args.command == "plan",
        makes=_TRACK,
        required=("command", "task_list"),
    ),
    Tool(
        "task_tracker",
        kinds.TASK_TRACKING,
        _TRACKED,
        makes=_TRACK,
        description="Keep a list of the tasks of a longer job: plan writes all of it anew, with the status "
        "of each task, view shows it.",
        required=("command",),
        switch="enable_plan_mode",
    ),
    Tool(
        "finish",
        kinds.FINISH,
        (
            Parameter(
                "message",
                "final_thought",
                _told("string", "What was done and what is left, for the user."),
            ),
            Parameter("task_completed"),
        ),
        makes={"final_thought": "", "outputs": {}, "thought": ""},
        description="Say that the task is done, or that it can't be done, and end.",
        required=("message",),
        switch="enable_finish",
    ),
    Tool(
        "browser",
        kinds.BROWSE,
        (Parameter("code", "url", said=lambda args: f"goto({args.url!r})", changed=_other_page),),
    ),
    Tool("browser", kinds.BROWSE_INTERACTIVE, (Parameter("code", "browser_actions"),)),
    Tool("", kinds.CALL_TOOL_MCP, named_by="name", whole="arguments"),
    Tool("", kinds.DELEGATE, copied="inputs"),
    anywhere=(RISK,),
    example=_EXAMPLE,
)
"""Every way to say an action as a call. Of the rows of a kind, or of a name, the first that fits is taken."""
