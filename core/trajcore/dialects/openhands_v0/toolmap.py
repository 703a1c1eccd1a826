"""Tool calls and the actions they become, a row for each way to say an action as a call.

One table, read in every direction: what a live model is offered (`schemas`), the action that a call asks
for (`action_of`), the call that an action amounts to (`call_of`), and which parameter a field is
(`parameter_of`). A new tool is a row here. Source: `openhands/agenthub/codeact_agent/function_calling.py`.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from trajcore.dialects.openhands_v0.replies import json_object
from trajcore.events import kinds

if TYPE_CHECKING:
    from trajcore.events.base import Action

Schema = dict[str, Any]


class _Absent:
    """Stands for a parameter that a call does without."""


ABSENT: Final = _Absent()


# A parameter, and how its value goes from the call to the action and back.


@dataclass(frozen=True)
class Parameter:
    """One parameter of a tool, and the field of the action that it is.

    `taken` makes the field's value of an argument, `said` the argument of the action's arguments (by
    default the value of the field, and nothing where it is null), `changed` the argument after an edit: it
    is given the one before it, and the field before and after.
    """

    name: str
    field: str = ""
    """Empty: it has the name of the parameter."""
    schema: Schema | None = None
    """What a live model is told of it; None: it is not offered."""
    taken: Callable[[Any], Any] = lambda value: value
    said: Callable[[Any], Any] | None = None
    changed: Callable[[Any, Any, Any], Any] = lambda argument, old, new: new
    sets: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Further fields of an action whose call has this parameter."""
    beside: bool = False
    """The field stands beside the action's arguments, not among them."""
    own: bool = False
    """What the model said beside the call stands before it in the field, and not in the call."""
    compared: bool = True
    """Whether a recorded call that says something else than its action is corrected."""

    @property
    def place(self) -> str:
        """The name of the field."""
        return self.field or self.name

    def of(self, action: Action, beside: str) -> Any:
        """The argument that an action amounts to, or `ABSENT`; `beside` is what the model said beside it."""
        if self.said is not None:
            return self.said(action if self.beside else action.args)
        value = getattr(action.args, self.place, None)
        return ABSENT if value is None else self.without(value, beside)

    def without(self, value: Any, beside: str) -> Any:
        """The field's value without what the model said beside the call."""
        if self.own and beside and isinstance(value, str):
            return value.removeprefix(f"{beside}\n")
        return value

    def after(self, argument: Any, old: Any, new: Any, beside: str) -> Any:
        """The argument after an edit of the field."""
        return self.changed(argument, old, self.without(new, beside))


@dataclass(frozen=True)
class Tool:
    """How an action of a kind is said as a call of a tool."""

    name: str
    kind: str
    parameters: tuple[Parameter, ...] = ()
    given: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Arguments that are always the same."""
    when: Callable[[Any], bool] = lambda args: True
    """Which actions of the kind: asked of the action's arguments."""
    droppable: tuple[str, ...] = ()
    """Parameters of a recorded call that an edit takes away where the action no longer has them."""
    named_by: str = ""
    """The field that holds the name of the tool, where each has its own."""
    whole: str = ""
    """The field that holds all arguments, where the tool is not known to us."""
    copied: str = ""
    """The field whose entries are parameters, where the call has them."""
    makes: Mapping[str, Any] | None = None
    """The arguments of an action made of a call, as they are without any; None: no action is made so."""
    description: str = ""
    """What a live model is told of the tool; empty: by the row before, or not offered."""
    required: tuple[str, ...] = ()


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


def _other_page(argument: Any, old: Any, new: Any) -> Any:
    if not isinstance(old, str) or not isinstance(new, str) or not old or not isinstance(argument, str):
        return argument
    return argument.replace(old, new)


# What a live model is told.


def _told(of: str, about: str = "", **more: Any) -> Schema:
    return {"type": of, **more, **({"description": about} if about else {})}


_RISK: Final = Parameter(
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
_CHANGE: Final = ("file_text", "old_str", "new_str", "insert_line")

_RUN: Final[Mapping[str, Any]] = {
    "command": "", "is_input": False, "thought": "", "blocking": False, "is_static": False,
    "cwd": None, "hidden": False, "confirmation_state": "confirmed", "security_risk": -1,
}  # fmt: skip
_READ: Final[Mapping[str, Any]] = {
    "path": "", "start": 0, "end": -1, "thought": "", "security_risk": -1, "impl_source": "oh_aci",
    "view_range": None,
}  # fmt: skip
_EDIT: Final[Mapping[str, Any]] = {
    "path": "", "command": "", "file_text": None, "old_str": None, "new_str": None,
    "insert_line": None, "content": "", "start": 1, "end": -1, "thought": "", "security_risk": -1,
    "impl_source": "oh_aci",
}  # fmt: skip

TOOL_MAP: Final = (
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
            _RISK,
        ),
        makes=_RUN,
        description="Run a command in a bash shell that keeps its directory, variables and background jobs "
        "between calls. One command at a time: join several with && or ;. A command that prints nothing for "
        "a while is reported with exit code -1 and goes on: send an empty command to see more of it, or C-c "
        "as input to stop it.",
        required=("command",),
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
            _RISK,
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
            _RISK,
        ),
        when=lambda args: bool(args.command),
        droppable=_CHANGE,
        makes=_EDIT,
        description="Look at files and change them. view shows a file with line numbers, or lists a "
        "directory. create writes a file that does not exist yet. str_replace puts new_str in place of "
        "old_str, which must occur exactly once, spaces and all. insert puts new_str after a line. undo_edit "
        "takes back the last change of a file.",
        required=("command", "path"),
    ),
    Tool(
        "str_replace_editor",
        kinds.WRITE,
        (_PATH, Parameter("file_text", "content", _FILE_TEXT), _RISK),
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
    ),
    Tool("execute_ipython_cell", kinds.RUN_IPYTHON, (Parameter("code"),)),
    Tool(
        "browser",
        kinds.BROWSE,
        (Parameter("code", "url", said=lambda args: f"goto({args.url!r})", changed=_other_page),),
    ),
    Tool("browser", kinds.BROWSE_INTERACTIVE, (Parameter("code", "browser_actions"),)),
    Tool("task_tracker", kinds.TASK_TRACKING, (Parameter("command"), Parameter("task_list"))),
    Tool("", kinds.CALL_TOOL_MCP, named_by="name", whole="arguments"),
    Tool("", kinds.DELEGATE, copied="inputs"),
)
"""Every way to say an action as a call. Of the rows of a kind, or of a name, the first that fits is taken."""


# The directions.


def schemas() -> list[Schema]:
    """What a live model is offered, as chat-completion tools."""
    return [_offered(tool) for tool in TOOL_MAP if tool.description]


def _offered(tool: Tool) -> Schema:
    rows = [tool, *(row for row in TOOL_MAP if row.name == tool.name and row is not tool)]
    known = {one.name: one.schema for row in rows for one in row.parameters if one.schema is not None}
    risk = {_RISK.name: known.pop(_RISK.name)} if _RISK.name in known else {}
    parameters = {
        "type": "object",
        "properties": {**known, **risk},
        "required": list(tool.required),
        "additionalProperties": False,
    }
    function = {"name": tool.name, "description": tool.description, "parameters": parameters}
    return {"type": "function", "function": function}


def action_of(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The action that a call of an offered tool asks for, its arguments checked already.

    That is `action`, its complete `args`, and what stands beside them where it was given.
    """
    tool = next(row for row in TOOL_MAP if row.name == name and _makes(row, given))
    args: dict[str, Any] = copy.deepcopy(dict(tool.makes or {}))
    around: dict[str, Any] = {}
    for one in tool.parameters:
        if one.name in given:
            (around if one.beside else args)[one.place] = one.taken(given[one.name])
            args.update(one.sets)
    return {"action": tool.kind, "args": args, **around}


def _makes(row: Tool, given: Mapping[str, Any]) -> bool:
    return row.makes is not None and all(given.get(name) == value for name, value in row.given.items())


@dataclass(frozen=True)
class ImpliedCall:
    """The call that an action amounts to: `compared` is what of its arguments corrects a recorded call."""

    tool: Tool
    name: str
    arguments: dict[str, Any]
    compared: dict[str, Any]


def call_of(action: Action, beside: str = "") -> ImpliedCall | None:
    """The call that the fields of an action amount to; None for what is no tool call.

    `beside` is what the model said beside the recorded call.
    """
    rows = (row for row in TOOL_MAP if row.kind == action.action and (row.parameters or row.whole))
    tool = next((row for row in rows if row.when(action.args)), None)
    if tool is None:
        return None
    if tool.whole:
        arguments = json_object(getattr(action.args, tool.whole)) or {}
        return ImpliedCall(tool, getattr(action.args, tool.named_by), arguments, arguments)
    said = [(one, one.of(action, beside)) for one in tool.parameters]
    there = [(one, value) for one, value in said if value is not ABSENT]
    arguments = {**tool.given, **{one.name: value for one, value in there}}
    compared = {**tool.given, **{one.name: value for one, value in there if one.compared}}
    return ImpliedCall(tool, tool.name, arguments, compared)


def rows_of(kind: str) -> list[Tool]:
    """The ways to say an action of a kind."""
    return [row for row in TOOL_MAP if row.kind == kind]


def parameter_of(kind: str, name: str) -> Parameter | None:
    """The parameter that a field of a kind of action is; any call may have a risk."""
    of_kind = (one for row in rows_of(kind) for one in row.parameters if one.place == name)
    return next(of_kind, _RISK if name == _RISK.place else None)
