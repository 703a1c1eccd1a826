"""Every kind of event, a row each: what it is, what a replay does with it, what answers it, how it is shown.

The only place where kinds are told apart. Code that has to name a kind uses the names defined here; all
else asks a row. The models of the fields are in `actions` and `observations`. Cheap to import.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Final, TypeVar

from msgspec import Struct, field

MESSAGE: Final = "message"
RUN: Final = "run"
RUN_IPYTHON: Final = "run_ipython"
READ: Final = "read"
WRITE: Final = "write"
EDIT: Final = "edit"
THINK: Final = "think"
FINISH: Final = "finish"
BROWSE: Final = "browse"
BROWSE_INTERACTIVE: Final = "browse_interactive"
CALL_TOOL_MCP: Final = "call_tool_mcp"
DELEGATE: Final = "delegate"
RECALL: Final = "recall"
TASK_TRACKING: Final = "task_tracking"
FIND_FILES: Final = "find_files"
SEARCH_FILES: Final = "search_files"
APPLY_PATCH: Final = "apply_patch"
CALL_TOOL: Final = "call_tool"
FOREIGN_CALL: Final = "foreign_call"
HOOK: Final = "hook"
LOG: Final = "program_log"
CONDENSATION: Final = "condensation"
REJECT: Final = "reject"
SYSTEM: Final = "system"
CONDENSATION_REQUEST: Final = "condensation_request"
CHANGE_AGENT_STATE: Final = "change_agent_state"
LOOP_RECOVERY: Final = "loop_recovery"
NULL: Final = "null"
MCP: Final = "mcp"
ERROR: Final = "error"
USER_REJECTED: Final = "user_rejected"
AGENT_STATE_CHANGED: Final = "agent_state_changed"
CONDENSE: Final = "condense"
DOWNLOAD: Final = "download"
LOOP_DETECTION: Final = "loop_detection"
SUCCESS: Final = "success"


class Treatment(Enum):
    """How an event is satisfied."""

    EXECUTE = "execute"
    """Carried out in the sandbox."""
    SERVE = "serve"
    """Answered with what was recorded: it would need the outside world."""
    LOCAL = "local"
    """Answered on the spot, without a sandbox."""
    DIALOGUE = "dialogue"
    """Enters the history as it is."""
    PASS = "pass"
    """Bookkeeping: kept, and stepped over."""


class Service(Enum):
    """How a step of a replay is satisfied: carried out, answered from the recording, or not at all."""

    EXECUTE = "execute"
    RECORDED = "recorded"
    SKIP = "skip"

    @property
    def next(self) -> Service:
        """The one behind it; the first behind the last."""
        order = list(Service)
        return order[(order.index(self) + 1) % len(order)]


class Source(Enum):
    """Who says or does something. The value is how a file spells it."""

    AGENT = "agent"
    USER = "user"
    ENVIRONMENT = "environment"


TEXTS: Final = (
    *("command", "code", "content", "thought", "final_thought", "path", "file_text", "old_str", "new_str"),
    *("url", "browser_actions", "query", "task", "pattern", "patch"),
)
"""Fields that hold what an action says, in the order of a search. `task` is that of a delegation."""

_ANY_TEXT: Final = ("url", "browser_actions", "name", "agent", "agent_state", "summary", "thought")


class _Named(Struct, frozen=True):
    name: str
    what: str = "of a kind that this version does not know"
    """What it is, in words that follow `insert` or `this is`."""


class EventKind(_Named, frozen=True, kw_only=True):
    """What actions and observations of a kind have in common."""

    short: str = ""
    """The name on the screen, where the whole one is too long."""
    hidden: bool = False
    """The step view leaves it out: bookkeeping that says nothing of what was done."""
    bookkeeping: bool = False
    """It says nothing to a model."""
    file: bool = False
    """It is about one file."""
    content_language: str | None = None
    """What its `content` is written in; `path` means the language that the path beside it says."""

    choices: Mapping[str, tuple[str | int, ...]] = field(default_factory=dict)
    """What OpenHands 0.62 writes into fields that the models keep as plain texts and numbers."""

    @property
    def title(self) -> str:
        """The name on the screen."""
        return self.short or self.name


class ActionKind(EventKind, frozen=True, kw_only=True):
    """A kind of action."""

    treatment: Treatment = Treatment.PASS
    answered_by: str | None = None
    """The kind of the observation that answers it; None: nothing does."""
    needs: str = ""
    """What a world must have for it beside a shell, in words."""
    system_prompt: bool = False
    """It sets the agent up and is said by nobody."""
    ends_run: bool = False
    insertable: bool = True
    """It is offered where an event is to be inserted."""
    source: Source = Source.AGENT
    """Whose such an action is, unless it says otherwise."""
    told_of_environment: bool = False
    """A model is told of it also where the environment is its source."""
    main: tuple[str, ...] = _ANY_TEXT
    """The fields that say in a line what it does: the first that is filled."""
    beside: str | None = None
    """The field that is shown behind the main one."""
    body: tuple[str, str] | None = None
    """The field that is shown at full length, and its language; None: all fields are."""
    flags: tuple[str, ...] = ()
    """Fields that a key flips."""

    @property
    def asks_the_world(self) -> bool:
        """Whether it wants something of the world."""
        return self.treatment in (Treatment.EXECUTE, Treatment.SERVE)


class ObservationKind(EventKind, frozen=True, kw_only=True):
    """A kind of observation."""

    source: Source | None = None
    """Whose such an observation is; None: that of the action it answers."""
    answers: bool = True
    """It may answer an action; otherwise it answers none, whatever cause it names."""
    needs_cause: bool = False
    """It answers only an action that it names: never one that just stands before it."""
    unasked: bool = False
    """It also comes where no action asked for it."""
    main: tuple[str, ...] = ()
    """The details that say in a line what came back, instead of its content."""
    done: str = ""
    """What was done, where it went well, in one word."""
    fails_in_text: bool = False
    """A failure is told only by how its text begins."""


_EXECUTE, _SERVE = Treatment.EXECUTE, Treatment.SERVE
_LOCAL, _DIALOGUE = Treatment.LOCAL, Treatment.DIALOGUE

ACTION_KINDS: Final = (
    ActionKind(MESSAGE, "a message, of the agent or the user",
        treatment=_DIALOGUE, source=Source.USER, told_of_environment=True, main=("content",),
        body=("content", "markdown"), content_language="markdown", flags=("wait_for_response",)),
    ActionKind(RUN, "a shell command",
        treatment=_EXECUTE, answered_by=RUN, main=("command",), body=("command", "bash"),
        flags=("hidden", "blocking", "is_input")),
    ActionKind(RUN_IPYTHON, "a notebook cell",
        short="ipython", treatment=_EXECUTE, answered_by=RUN_IPYTHON, needs="python3", main=("code",),
        body=("code", "python")),
    ActionKind(READ, "reading a file",
        treatment=_EXECUTE, answered_by=READ, file=True, main=("path",),
        choices={"impl_source": ("default", "oh_aci")}),
    ActionKind(WRITE, "writing a file",
        treatment=_EXECUTE, answered_by=WRITE, file=True, main=("path",), content_language="path"),
    ActionKind(EDIT, "editing a file",
        treatment=_EXECUTE, answered_by=EDIT, file=True, main=("path",), beside="command",
        content_language="path",
        choices={"impl_source": ("oh_aci", "llm_based_edit"),
                 "command": ("", "create", "str_replace", "insert", "undo_edit")}),
    ActionKind(THINK, "a thought", treatment=_LOCAL, answered_by=THINK),
    ActionKind(FINISH, "the agent is done",
        treatment=_DIALOGUE, ends_run=True, main=("final_thought", "thought"),
        body=("final_thought", "markdown")),
    ActionKind(BROWSE, "opening a web page", treatment=_SERVE, answered_by=BROWSE, needs="a browser"),
    ActionKind(BROWSE_INTERACTIVE, "acting on a web page",
        short=BROWSE, treatment=_SERVE, answered_by=BROWSE, needs="a browser"),
    ActionKind(CALL_TOOL_MCP, "a tool of an MCP server",
        short=MCP, treatment=_SERVE, answered_by=MCP, needs="an MCP server"),
    ActionKind(DELEGATE, "a task for another agent", treatment=_DIALOGUE, answered_by=DELEGATE),
    ActionKind(RECALL, "a look-up in the agent's memory",
        answered_by=RECALL, hidden=True, source=Source.USER, main=("query",)),
    ActionKind(TASK_TRACKING, "the list of tasks",
        short="tasks", treatment=_LOCAL, answered_by=TASK_TRACKING, main=("command",),
        choices={"command": ("view", "plan")}),
    ActionKind(FIND_FILES, "finding files by their names",
        insertable=False, short="glob", treatment=_EXECUTE, answered_by=FIND_FILES, main=("pattern",),
        beside="path"),
    ActionKind(SEARCH_FILES, "finding files by what is in them",
        insertable=False, short="grep", treatment=_EXECUTE, answered_by=SEARCH_FILES, main=("pattern",),
        beside="path"),
    ActionKind(APPLY_PATCH, "a patch of several files",
        insertable=False, short="patch", treatment=_EXECUTE, answered_by=APPLY_PATCH, main=("patch",),
        body=("patch", "diff")),
    ActionKind(CALL_TOOL, "a tool that only its own program has",
        insertable=False, short="tool", treatment=_SERVE, answered_by=CALL_TOOL, needs="its own program"),
    ActionKind(FOREIGN_CALL, "a tool call of a program behind the agent",
        insertable=False, short="call", bookkeeping=True, main=("name",)),
    ActionKind(HOOK, "a hook of the user's was run",
        insertable=False, bookkeeping=True, source=Source.ENVIRONMENT, main=("name",), beside="command"),
    ActionKind(LOG, "a note of the agent's program",
        insertable=False, short="log", hidden=True, bookkeeping=True, source=Source.ENVIRONMENT,
        main=("name",)),
    ActionKind(CONDENSATION, "events dropped from the model's view",
        short=CONDENSE, told_of_environment=True),
    ActionKind(REJECT, "the agent declines the task",
        treatment=_DIALOGUE, ends_run=True, body=("final_thought", "markdown")),
    ActionKind(SYSTEM, "the system prompt",
        treatment=_DIALOGUE, system_prompt=True, told_of_environment=True, main=("content",),
        body=("content", "markdown"), content_language="markdown"),
    ActionKind(CONDENSATION_REQUEST, "a request for a condensation",
        insertable=False, short="condense?", hidden=True),
    ActionKind(CHANGE_AGENT_STATE, "a change of the agent's state, asked for",
        insertable=False, short="state", hidden=True, bookkeeping=True, source=Source.USER),
    ActionKind(LOOP_RECOVERY, "how the user left a loop",
        insertable=False, short="loop", bookkeeping=True, choices={"option": (1, 2, 3)}),
    ActionKind(NULL, "nothing", insertable=False, hidden=True, bookkeeping=True),
)  # fmt: skip
"""The kinds of actions, in the order in which they are offered."""

OBSERVATION_KINDS: Final = (
    ObservationKind(RUN, "the output of a shell command"),
    ObservationKind(RUN_IPYTHON, "the output of a notebook cell", short="ipython"),
    ObservationKind(BROWSE, "a web page as text"),
    ObservationKind(READ, "the text of a file", file=True, done="read", fails_in_text=True),
    ObservationKind(WRITE, "a file was written", file=True, done="written", content_language="path"),
    ObservationKind(EDIT, "a file was edited",
        file=True, done="edited", fails_in_text=True, content_language="path"),
    ObservationKind(DELEGATE, "what another agent brought back"),
    ObservationKind(THINK, "a thought was logged"),
    ObservationKind(TASK_TRACKING, "the list of tasks as it is now", short="tasks"),
    ObservationKind(MCP, "what a tool of an MCP server answered"),
    ObservationKind(FIND_FILES, "files found by their names", short="glob"),
    ObservationKind(SEARCH_FILES, "files found by what is in them", short="grep"),
    ObservationKind(APPLY_PATCH, "a patch was applied", short="patch", done="patched"),
    ObservationKind(CALL_TOOL, "what a tool of its own program answered", short="tool"),
    ObservationKind(RECALL, "what the agent's memory answered",
        hidden=True, source=Source.ENVIRONMENT, unasked=True),
    ObservationKind(ERROR, "something could not be done", needs_cause=True, unasked=True),
    ObservationKind(USER_REJECTED, "the user refused an action", short="refused", unasked=True),
    ObservationKind(AGENT_STATE_CHANGED, "the agent's state has changed",
        short="state", hidden=True, bookkeeping=True, source=Source.ENVIRONMENT, answers=False,
        main=("agent_state",)),
    ObservationKind(CONDENSE, "a summary in place of events", answers=False),
    ObservationKind(DOWNLOAD, "a file from the browser", unasked=True),
    ObservationKind(LOOP_DETECTION, "the agent was found in a loop",
        short="loop", bookkeeping=True, source=Source.ENVIRONMENT, answers=False),
    ObservationKind(SUCCESS, "it worked", unasked=True),
    ObservationKind(NULL, "nothing came back",
        hidden=True, bookkeeping=True, source=Source.ENVIRONMENT, needs_cause=True, unasked=True),
)  # fmt: skip
"""The kinds of observations."""

_Row = TypeVar("_Row", bound=EventKind)


def _by_name(rows: Iterable[_Row]) -> dict[str, _Row]:
    return {row.name: row for row in rows}


_ACTIONS: Final = _by_name(ACTION_KINDS)
_OBSERVATIONS: Final = _by_name(OBSERVATION_KINDS)


def action_kind(name: str | None) -> ActionKind:
    """The row of a kind of action. One that is not known is bookkeeping, and something may answer it."""
    return _ACTIONS.get(name or "") or ActionKind(name=name or "?", answered_by=name)


def observation_kind(name: str | None) -> ObservationKind:
    """The row of a kind of observation; one that is not known may answer anything."""
    return _OBSERVATIONS.get(name or "") or ObservationKind(name=name or "?")


def kind_named(name: str) -> EventKind:
    """The row of a kind whose side is not told; what is shown of a kind is the same on both sides."""
    return _ACTIONS.get(name) or _OBSERVATIONS.get(name) or EventKind(name=name)


UNANSWERED: Final = frozenset(row.name for row in ACTION_KINDS if row.answered_by is None)
"""Actions that no observation answers; what follows them without a cause is no answer to them."""

NO_ANSWERS: Final = frozenset(row.name for row in OBSERVATION_KINDS if not row.answers)
"""Observations that answer nothing, whatever cause they name."""

UNCAUSED: Final = frozenset(row.name for row in OBSERVATION_KINDS if row.needs_cause)
"""Observations that answer no action when they name no cause."""

STEPS: Final = frozenset(row.name for row in ACTION_KINDS if row.asks_the_world)
"""Actions that ask something of the world."""

EXECUTED: Final = frozenset(row.name for row in ACTION_KINDS if row.treatment is Treatment.EXECUTE)
"""Actions that are carried out in the sandbox."""

LOCAL: Final = frozenset(row.name for row in ACTION_KINDS if row.treatment is Treatment.LOCAL)
"""Actions that are answered on the spot."""

RESULTS: Final = frozenset(
    row.answered_by
    for row in ACTION_KINDS
    if row.answered_by is not None and not observation_kind(row.answered_by).unasked
)
"""Observations that are the result of an action and of nothing else."""

FAILURES: Final = frozenset({ERROR, USER_REJECTED})
"""Observations that are a failure, whatever they say."""

HIDDEN: Final = frozenset(row.name for row in (*ACTION_KINDS, *OBSERVATION_KINDS) if row.hidden)
"""Kinds that the step view leaves out."""

INSERTABLE: Final = tuple(row for row in ACTION_KINDS if row.insertable)
"""The kinds that are offered where an event is to be inserted, in that order."""


def result_of(action: str) -> str:
    """The kind of observation that answers a kind of action; that of its own name where none is known to."""
    return action_kind(action).answered_by or action
