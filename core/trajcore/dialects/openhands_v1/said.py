"""How V1 says what canonical events say: a row each kind of action and observation, by V1's own name.

A field that no row names is called alike in both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from trajcore.events.kinds import (
    APPLY_PATCH,
    BROWSE,
    BROWSE_INTERACTIVE,
    CALL_TOOL,
    CALL_TOOL_MCP,
    DELEGATE,
    EDIT,
    FIND_FILES,
    FINISH,
    MCP,
    READ,
    RUN,
    SEARCH_FILES,
    TASK_TRACKING,
    THINK,
    WRITE,
)  # fmt: skip

Path = tuple[str, ...]


@dataclass(frozen=True)
class Said:
    """What an action of V1 is: of which kind, which of its fields is which argument, what else is given."""

    kind: str
    names: Mapping[str, Path] = field(default_factory=dict)
    """The canonical path of a field of V1's."""
    tool: str = ""
    """The argument that is the name of the tool."""
    within: str = ""
    """The argument that all fields stand in."""
    given: Mapping[str, Any] = field(default_factory=dict)
    """Arguments that V1 does not write down."""

    def place(self, name: str) -> Path:
        """The canonical path of a field of V1's."""
        return self.names.get(name) or ((self.within, name) if self.within else (name,))

    def field(self, path: tuple[str | int, ...]) -> tuple[str | int, ...] | None:
        """The path in V1's action of a canonical argument; None where it has none."""
        for name, place in self.names.items():
            if path[: len(place)] == place:
                return (name, *path[len(place) :])
        if self.within:
            return path[1:] if len(path) > 1 and path[0] == self.within else None
        taken: set[str | int] = {self.tool, *self.given, *(place[0] for place in self.names.values())}
        return None if path[0] in taken else path


_EDITOR: Final = Said(EDIT, given={"impl_source": "oh_aci"})
_VIEWED: Final = Said(READ, given={"impl_source": "oh_aci"})
_BASH: Final = Said(RUN)
OTHER: Final = Said(CALL_TOOL, tool="name", within="arguments")
"""A tool that no row is about."""
BROWSER: Final = Said(BROWSE_INTERACTIVE, tool="browser_actions")

_ACTIONS: Final[Mapping[str, Said]] = {
    "TerminalAction": _BASH,
    "ExecuteBashAction": _BASH,
    "FileEditorAction": _EDITOR,
    "PlanningFileEditorAction": _EDITOR,
    "TaskTrackerAction": Said(TASK_TRACKING),
    "ThinkAction": Said(THINK),
    "FinishAction": Said(FINISH, {"message": ("final_thought",)}),
    "GlobAction": Said(FIND_FILES),
    "GrepAction": Said(SEARCH_FILES),
    "ApplyPatchAction": Said(APPLY_PATCH),
    "ReadFileAction": Said(READ, {"file_path": ("path",)}),
    "WriteFileAction": Said(WRITE, {"file_path": ("path",)}),
    "EditAction": Said(
        EDIT, {"file_path": ("path",), "old_string": ("old_str",), "new_string": ("new_str",)},
        given={"command": "str_replace"},
    ),
    "ListDirectoryAction": Said(READ, {"dir_path": ("path",)}),
    "MCPToolAction": Said(CALL_TOOL_MCP, {"data": ("arguments",)}, tool="name"),
    "TaskAction": Said(
        DELEGATE, {"subagent_type": ("agent",), "prompt": ("inputs", "task")},
    ),
    "DelegateAction": Said(DELEGATE, {"command": ("agent",), "tasks": ("inputs", "tasks")}),
}  # fmt: skip


def said_by(kind: str, action: Mapping[str, Any] | None) -> Said:
    """How an action of V1's is said."""
    said = _ACTIONS.get(kind)
    if said is _EDITOR and (action or {}).get("command") == "view":
        return _VIEWED
    if said is None:
        return BROWSER if kind.startswith("Browser") else OTHER
    return said


_OBSERVATIONS: Final[Mapping[str, str]] = {
    "TerminalObservation": RUN,
    "ExecuteBashObservation": RUN,
    "TaskTrackerObservation": TASK_TRACKING,
    "ThinkObservation": THINK,
    "GlobObservation": FIND_FILES,
    "GrepObservation": SEARCH_FILES,
    "ApplyPatchObservation": APPLY_PATCH,
    "ReadFileObservation": READ,
    "WriteFileObservation": WRITE,
    "EditObservation": EDIT,
    "ListDirectoryObservation": READ,
    "MCPToolObservation": MCP,
    "TaskObservation": DELEGATE,
    "DelegateObservation": DELEGATE,
}
_EDITOR_OBSERVATIONS: Final = frozenset({"FileEditorObservation", "PlanningFileEditorObservation"})
FINISHED: Final = "FinishObservation"


def observed(kind: str, observation: Mapping[str, Any]) -> str:
    """The kind of observation that one of V1's is."""
    if kind in _EDITOR_OBSERVATIONS:
        return READ if observation.get("command") == "view" else EDIT
    return _OBSERVATIONS.get(kind) or (BROWSE if kind.startswith("Browser") else CALL_TOOL)


ECHOES: Final[Mapping[str, tuple[str, ...]]] = {
    "command": ("TerminalObservation", "ExecuteBashObservation"),
    "pattern": ("GlobObservation", "GrepObservation"),
    "include_pattern": ("GrepObservation",),
    "message": (FINISHED,),
}
"""Fields of observations that repeat what was asked for, and so are no part of what came back."""

ECHOED: Final[Mapping[str, str]] = {"include": "include_pattern"}
"""Fields of actions that are called otherwise where they are repeated."""
