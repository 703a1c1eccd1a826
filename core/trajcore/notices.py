"""What a session tells its front ends: the only way in which a view learns of a change.

Notices are plain data. `to_data` makes JSON values of one, for a front end in another process:
bytes, enums and typed observations are in them. They are structs of msgspec, which are made in a tenth
of the time that as many dataclasses take: every first frame waits for them.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Literal

from msgspec import Struct

from trajcore.events.kinds import RUN
from trajcore.masking import known
from trajcore.replay.run import StepResult
from trajcore.replay.states import Mode, State, Stop

if TYPE_CHECKING:
    from trajcore.document.edits import Edit
    from trajcore.live.usage import Usage
    from trajcore.sandbox.base import FileChanges

PRELUDE: Final = "prelude"
"""The kind of what is carried out before the first step."""

Severity = Literal["information", "warning", "error"]


class StateChanged(Struct, frozen=True):
    """The state or the mode is another one."""

    state: State
    mode: Mode


class PositionChanged(Struct, frozen=True):
    """`position` is the index of the recorded event that comes next; the length at the end."""

    position: int


class SandboxChosen(Struct, frozen=True):
    """The sandbox of this run is known. `why` says in words why it is this one."""

    kind: str
    detail: str
    why: str


class WorldChosen(Struct, frozen=True):
    """In which world this run is to begin, with its image, repository and commit.

    `kind` is `image`, `dockerfile`, `repo`, `evidence` or `none`. `missing` is the image that the recording
    names where it is not used, and `why`. `told` is what names the recording's world, in one line; `maps` are
    directories of the recording's and those that stand for them.
    """

    kind: str
    image: str | None = None
    repository: str | None = None
    commit: str | None = None
    missing: str = ""
    why: str = ""
    told: str = ""
    maps: tuple[str, ...] = ()


class WorldLacks(Struct, frozen=True):
    """A step found other files than when it was recorded, the first of the run.

    `uid` is of the step.
    """

    uid: int


class Progress(Struct, frozen=True):
    """A long operation is at `text`; an empty text ends it. `done`, where known, goes from 0 to 1."""

    text: str
    done: float | None = None


class Executing(Struct, frozen=True):
    """An action is being carried out. `directory` is where; `recorded` that it is served, not executed;
    `limit` how many seconds it has at most, 0 where nobody says. `uid` is of the recorded step that it is,
    `id` of the run's event, where it is a model's. `is_input`: typed into a command that runs.
    """

    kind: str
    text: str
    directory: str
    recorded: bool
    live: bool = False
    limit: float = 0.0
    uid: int | None = None
    id: int | None = None
    is_input: bool = False

    @property
    def line(self) -> str:
        """What a terminal shows of it: a command as it is, anything else behind its kind."""
        return self.text if self.kind in (RUN, PRELUDE) else f"{self.kind} {self.text}"

    @property
    def is_prelude(self) -> bool:
        """Whether it is no step: the recording's harness ran it before the first one."""
        return self.kind == PRELUDE


class Output(Struct, frozen=True):
    """What the running command has just written, byte for byte."""

    data: bytes


class Executed(Struct, frozen=True):
    """The action that was being carried out has come back.

    `content` is what it brought, where none of that was told as output; `failed` that it says so of itself.
    """

    exit_code: int | None
    seconds: float
    note: str = ""
    content: str = ""
    failed: bool = False


class StepDone(Struct, frozen=True):
    """A step of the recording has been satisfied."""

    result: StepResult


class Stopped(Struct, frozen=True):
    """A replay that went forward from the index `begun` stops at `position`; `condition`: of a breakpoint."""

    begun: int
    position: int
    why: Stop = Stop.THERE
    condition: str = ""


class RunChanged(Struct, frozen=True):
    """The run has other entries than before (a message, a live event), or has begun again (`restarted`)."""

    restarted: bool = False


class WentBack(Struct, frozen=True):
    """The sandbox is what it was at `position`; from there the replay goes on to where the user asked."""

    position: int
    text: str


class Visited(Struct, frozen=True):
    """The user is back from the sandbox's shell. `files`: what they changed, None where that is not told."""

    files: FileChanges | None


class Made(Struct, frozen=True):
    """An edit of the recording that was made, or taken back."""

    edit: Edit
    undone: bool


@dataclass(frozen=True)
class DocumentChanged:
    """The recording was edited, or is to be shown anew. `uid` is of the event concerned, if there is one.

    `structural`: events came, went or moved; `Trajectory.index_of_uid` tells where each is. `edits` is what
    was done, in order, for who keeps it.
    """

    uid: int | None
    structural: bool = False
    edits: tuple[Made, ...] = field(default=(), compare=False)


class Saving(Struct, frozen=True):
    """A save of the recording begins, as it is now; edits go on meanwhile."""


class Saved(Struct, frozen=True):
    """The recording, as it was at the last `Saving`, is in the file at `path`."""

    path: str


class RunSaved(Struct, frozen=True):
    """The run is in the file at `path`."""

    path: str


class BranchChanged(Struct, frozen=True):
    """Another branch is the present one, or branches have come, gone, or are called otherwise.

    `name` is of the present one.
    """

    name: str


class Discarded(Struct, frozen=True):
    """The user gives up what is not saved."""


class BreakpointsChanged(Struct, frozen=True):
    """A breakpoint or a bookmark was set or removed."""


class Asked(Struct, frozen=True):
    """An action of the model waits for the user's word (`Session.answer`).

    `text` is all that it would do, `why` says what is risky about it, `sorts` what *Approve all* is for, and
    `editable` the text that *Edit* begins with.
    """

    kind: str
    text: str
    why: str
    sorts: tuple[str, ...]
    editable: str


class ModelText(Struct, frozen=True):
    """The model has written `text`; `fresh` when it begins a new reply."""

    text: str
    fresh: bool


class ModelThinking(Struct, frozen=True):
    """The model has thought `text` before it answers; `fresh` when that begins a new reply."""

    text: str
    fresh: bool


class ModelCall(Struct, frozen=True):
    """The model has written `text`, more of the arguments of call number `place` (from 0) of this reply.

    `name` is that of the tool, as far as it is known; `fresh` when the call begins.
    """

    place: int
    name: str
    text: str
    fresh: bool


class ModelReplied(Struct, frozen=True):
    """A reply of the model is complete: what it alone cost, and how long it took with all its retries."""

    usage: Usage
    seconds: float


class BudgetSpent(Struct, frozen=True):
    """The model's turn ended because `limit` (an ending of reports) of the session's budget is spent.

    `words` say how much that was; `Session.go_on` allows as much again.
    """

    limit: str
    words: str


class QueueChanged(Struct, frozen=True):
    """Other messages wait to be delivered than before: `queued`, in order. `returned` were taken back by the
    user, who has sent nothing since.
    """

    queued: tuple[str, ...]
    returned: tuple[str, ...] = ()


class Said(Struct, frozen=True):
    """Something the user should read once."""

    text: str
    severity: Severity = "information"


Notice = (
    StateChanged
    | PositionChanged
    | SandboxChosen
    | WorldChosen
    | WorldLacks
    | Progress
    | Executing
    | Output
    | Executed
    | StepDone
    | Stopped
    | RunChanged
    | WentBack
    | Visited
    | DocumentChanged
    | Saving
    | Saved
    | RunSaved
    | BranchChanged
    | Discarded
    | BreakpointsChanged
    | Asked
    | ModelText
    | ModelThinking
    | ModelCall
    | ModelReplied
    | BudgetSpent
    | QueueChanged
    | Said
)

Listener = Callable[[Notice], None]
"""Called in the session's event loop, in order; it must not block."""


def to_data(notice: Notice) -> dict[str, Any]:
    """A notice as JSON values, its class under `notice`. Bytes are in base64, enums are their values.

    Secrets that this process knows are masked.
    """
    return {"notice": type(notice).__name__, **known().tree(_plain(notice))}


def _plain(value: Any) -> Any:
    from trajcore.document.edits import Edit

    match value:
        case Enum():
            return value.value
        case bytes():
            return base64.b64encode(value).decode()
        case Edit():
            return value.to_data()
        case tuple() | list():
            return [_plain(one) for one in value]
    if isinstance(value, Struct):
        return {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
    if is_dataclass(value):
        return {part.name: _plain(getattr(value, part.name)) for part in fields(value)}
    # A typed event is a model, which this module need not import to know.
    return value.model_dump() if hasattr(value, "model_dump") else value
