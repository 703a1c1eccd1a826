"""Every kind of event, a row each: what it is, what a replay does with it, what answers it, how it is shown.

The only place where kinds are told apart. Code that has to name a kind uses the names defined here; all
else asks a row. The models of the fields are in `actions` and `observations`. Cheap to import.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, TypeVar

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


class Source(Enum):
    """Who says or does something. The value is how a file spells it."""

    AGENT = "agent"
    USER = "user"
    ENVIRONMENT = "environment"


TEXTS: Final = (
    *("command", "code", "content", "thought", "final_thought", "path", "file_text", "old_str", "new_str"),
    *("url", "browser_actions", "query", "task"),
)
"""Fields that hold what an action says, in the order of a search. `task` is that of a delegation."""

_ANY_TEXT: Final = ("url", "browser_actions", "name", "agent", "agent_state", "summary", "thought")


@dataclass(frozen=True, kw_only=True)
class EventKind:
    """What actions and observations of a kind have in common."""

    name: str
    what: str = "of a kind that this version does not know"
    """What it is, in words that follow `insert` or `this is`."""
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


@dataclass(frozen=True, kw_only=True)
class ActionKind(EventKind):
    """A kind of action."""

    treatment: Treatment = Treatment.PASS
    answered_by: str | None = None
    """The kind of the observation that answers it; None: nothing does."""
    needs: str = ""
    """What a world must have for it beside a shell, in words."""
    system_prompt: bool = False
    """It sets the agent up and is said by nobody."""
    ends_run: bool = False
    insertable: bool = False
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


@dataclass(frozen=True, kw_only=True)
class ObservationKind(EventKind):
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


ACTION_KINDS: Final = (
    ActionKind(
        name=MESSAGE,
        what="a message, of the agent or the user",
        treatment=Treatment.DIALOGUE,
        insertable=True,
        source=Source.USER,
        told_of_environment=True,
        main=("content",),
        body=("content", "markdown"),
        content_language="markdown",
        flags=("wait_for_response",),
    ),
    ActionKind(
        name=RUN,
        what="a shell command",
        treatment=Treatment.EXECUTE,
        answered_by=RUN,
        insertable=True,
        main=("command",),
        body=("command", "bash"),
        flags=("hidden", "blocking", "is_input"),
    ),
    ActionKind(
        name=RUN_IPYTHON,
        what="a notebook cell",
        short="ipython",
        treatment=Treatment.EXECUTE,
        answered_by=RUN_IPYTHON,
        needs="python3",
        insertable=True,
        main=("code",),
        body=("code", "python"),
    ),
    ActionKind(
        name=READ,
        what="reading a file",
        treatment=Treatment.EXECUTE,
        answered_by=READ,
        file=True,
        insertable=True,
        main=("path",),
        choices={"impl_source": ("default", "oh_aci")},
    ),
    ActionKind(
        name=WRITE,
        what="writing a file",
        treatment=Treatment.EXECUTE,
        answered_by=WRITE,
        file=True,
        insertable=True,
        main=("path",),
        content_language="path",
    ),
    ActionKind(
        name=EDIT,
        what="editing a file",
        treatment=Treatment.EXECUTE,
        answered_by=EDIT,
        file=True,
        insertable=True,
        main=("path",),
        beside="command",
        content_language="path",
        choices={
            "impl_source": ("oh_aci", "llm_based_edit"),
            "command": ("", "create", "str_replace", "insert", "undo_edit"),
        },
    ),
    ActionKind(
        name=THINK,
        what="a thought",
        treatment=Treatment.LOCAL,
        answered_by=THINK,
        insertable=True,
    ),
    ActionKind(
        name=FINISH,
        what="the agent is done",
        treatment=Treatment.DIALOGUE,
        ends_run=True,
        insertable=True,
        main=("final_thought", "thought"),
        body=("final_thought", "markdown"),
    ),
    ActionKind(
        name=BROWSE,
        what="opening a web page",
        treatment=Treatment.SERVE,
        answered_by=BROWSE,
        needs="a browser",
        insertable=True,
    ),
    ActionKind(
        name=BROWSE_INTERACTIVE,
        what="acting on a web page",
        short=BROWSE,
        treatment=Treatment.SERVE,
        answered_by=BROWSE,
        needs="a browser",
        insertable=True,
    ),
    ActionKind(
        name=CALL_TOOL_MCP,
        what="a tool of an MCP server",
        short=MCP,
        treatment=Treatment.SERVE,
        answered_by=MCP,
        needs="an MCP server",
        insertable=True,
    ),
    ActionKind(
        name=DELEGATE,
        what="a task for another agent",
        treatment=Treatment.DIALOGUE,
        answered_by=DELEGATE,
        insertable=True,
    ),
    ActionKind(
        name=RECALL,
        what="a look-up in the agent's memory",
        answered_by=RECALL,
        hidden=True,
        insertable=True,
        source=Source.USER,
        main=("query",),
    ),
    ActionKind(
        name=TASK_TRACKING,
        what="the list of tasks",
        short="tasks",
        treatment=Treatment.LOCAL,
        answered_by=TASK_TRACKING,
        insertable=True,
        choices={"command": ("view", "plan")},
    ),
    ActionKind(
        name=CONDENSATION,
        what="events dropped from the model's view",
        short=CONDENSE,
        insertable=True,
        told_of_environment=True,
    ),
    ActionKind(
        name=REJECT,
        what="the agent declines the task",
        treatment=Treatment.DIALOGUE,
        ends_run=True,
        insertable=True,
        body=("final_thought", "markdown"),
    ),
    ActionKind(
        name=SYSTEM,
        what="the system prompt",
        treatment=Treatment.DIALOGUE,
        system_prompt=True,
        insertable=True,
        told_of_environment=True,
        main=("content",),
        body=("content", "markdown"),
        content_language="markdown",
    ),
    ActionKind(
        name=CONDENSATION_REQUEST, what="a request for a condensation", short="condense?", hidden=True
    ),
    ActionKind(
        name=CHANGE_AGENT_STATE,
        what="a change of the agent's state, asked for",
        short="state",
        hidden=True,
        bookkeeping=True,
        source=Source.USER,
    ),
    ActionKind(
        name=LOOP_RECOVERY,
        what="how the user left a loop",
        short="loop",
        bookkeeping=True,
        choices={"option": (1, 2, 3)},
    ),
    ActionKind(name=NULL, what="nothing", hidden=True, bookkeeping=True),
)
"""The kinds of actions, in the order in which they are offered."""

OBSERVATION_KINDS: Final = (
    ObservationKind(name=RUN, what="the output of a shell command"),
    ObservationKind(name=RUN_IPYTHON, what="the output of a notebook cell", short="ipython"),
    ObservationKind(name=BROWSE, what="a web page as text"),
    ObservationKind(
        name=READ,
        what="the text of a file",
        file=True,
        done="read",
        fails_in_text=True,
    ),
    ObservationKind(
        name=WRITE, what="a file was written", file=True, done="written", content_language="path"
    ),
    ObservationKind(
        name=EDIT,
        what="a file was edited",
        file=True,
        done="edited",
        fails_in_text=True,
        content_language="path",
    ),
    ObservationKind(name=DELEGATE, what="what another agent brought back"),
    ObservationKind(name=THINK, what="a thought was logged"),
    ObservationKind(
        name=TASK_TRACKING,
        what="the list of tasks as it is now",
        short="tasks",
    ),
    ObservationKind(name=MCP, what="what a tool of an MCP server answered"),
    ObservationKind(
        name=RECALL,
        what="what the agent's memory answered",
        hidden=True,
        source=Source.ENVIRONMENT,
        unasked=True,
    ),
    ObservationKind(name=ERROR, what="something could not be done", needs_cause=True, unasked=True),
    ObservationKind(name=USER_REJECTED, what="the user refused an action", short="refused", unasked=True),
    ObservationKind(
        name=AGENT_STATE_CHANGED,
        what="the agent's state has changed",
        short="state",
        hidden=True,
        bookkeeping=True,
        source=Source.ENVIRONMENT,
        answers=False,
        main=("agent_state",),
    ),
    ObservationKind(name=CONDENSE, what="a summary in place of events", answers=False),
    ObservationKind(name=DOWNLOAD, what="a file from the browser", unasked=True),
    ObservationKind(
        name=LOOP_DETECTION,
        what="the agent was found in a loop",
        short="loop",
        bookkeeping=True,
        source=Source.ENVIRONMENT,
        answers=False,
    ),
    ObservationKind(name=SUCCESS, what="it worked", unasked=True),
    ObservationKind(
        name=NULL,
        what="nothing came back",
        hidden=True,
        bookkeeping=True,
        source=Source.ENVIRONMENT,
        needs_cause=True,
        unasked=True,
    ),
)
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

LOCAL: Final = frozenset(row.name for row in ACTION_KINDS if row.treatment is Treatment.LOCAL)
"""Actions that are answered on the spot."""

RESULTS: Final = frozenset(
    row.answered_by
    for row in ACTION_KINDS
    if row.answered_by is not None and not observation_kind(row.answered_by).unasked
)
"""Observations that are the result of an action and of nothing else."""

HIDDEN: Final = frozenset(row.name for row in (*ACTION_KINDS, *OBSERVATION_KINDS) if row.hidden)
"""Kinds that the step view leaves out."""

INSERTABLE: Final = tuple(row for row in ACTION_KINDS if row.insertable)
"""The kinds that are offered where an event is to be inserted, in that order."""


def result_of(action: str) -> str:
    """The kind of observation that answers a kind of action; that of its own name where none is known to."""
    return action_kind(action).answered_by or action
