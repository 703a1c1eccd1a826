"""The state machine of a session, on one page: state × command → whether it may be done."""

from __future__ import annotations

from enum import Enum
from typing import Final


class State(Enum):
    """What the session is doing. The values are the words of the status bar."""

    PAUSED = "PAUSED"
    """A replay stands between two events; so does a session that was just opened."""
    REPLAYING = "REPLAYING"
    """Recorded actions are carried out, or the sandbox is started or taken back."""
    THINKING = "THINKING"
    """A live model was asked, and replies."""
    EXECUTING = "EXECUTING"
    """An action of a live model is carried out."""
    AWAITING_INPUT = "AWAITING INPUT"
    """A live session waits for a message of the user's."""
    AWAITING_CONFIRMATION = "AWAITING CONFIRMATION"
    """An action of a live model is carried out once the user approves of it."""
    FINISHED = "FINISHED"
    """The agent has said that its task is done, or that it gives up."""
    ERROR = "ERROR"
    """The run cannot go on: the sandbox was lost, or cannot be had."""

    @property
    def at_work(self) -> bool:
        """Whether something is under way, which the user can interrupt."""
        return self in (State.REPLAYING, State.THINKING, State.EXECUTING, State.AWAITING_CONFIRMATION)


class Mode(Enum):
    """Whether events come from the recording or from a model."""

    REPLAY = "REPLAY"
    LIVE = "LIVE"


class Standing(Enum):
    """How a run stands once nothing is under way, in the words of reports."""

    FINISHED = "finished"
    """A `finish` or a `reject` ended it."""
    END_OF_RECORDING = "end_of_recording"
    """All that was recorded has been played, and nothing in it says that the task is done."""
    AWAITING_INPUT = "awaiting_input"
    """The last event asks the user."""
    PAUSED = "paused"
    """Recorded events are left: `--until`, a breakpoint or an interrupt stopped it, or it has not begun."""
    ERROR = "error"
    """It could not go on; what is told says why."""


class Stop(Enum):
    """Why a replay that went forward has stopped."""

    THERE = "there"
    """It came to where it was asked to go: a step, an event, the end."""
    INTERRUPTED = "interrupted"
    """The user interrupted it."""
    EVENT = "event"
    """A breakpoint is on the event that comes next."""
    BEFORE = "before"
    """The condition of a breakpoint is true of the event that comes next."""
    BEHIND = "behind"
    """The condition of a breakpoint is true of the result of the step that was done last."""


class Command(Enum):
    """What a user can ask of a session. The values are how refusals name them."""

    STEP = "step"
    CONTINUE = "continue"
    RUN_TO = "run to an event"
    BACK = "go back"
    SWITCH = "go to another branch"
    INTERRUPT = "interrupt"
    RESTART = "restart"
    VISIT = "open a shell"
    EXPORT = "save files of the sandbox"
    MESSAGE = "send a message"
    GO_LIVE = "go live"
    COMPACT = "compact the conversation"
    SAVE_RUN = "save the run"
    ANSWER = "answer for an action"


_IDLE: Final = {
    Command.BACK,
    Command.SWITCH,
    Command.RESTART,
    Command.VISIT,
    Command.EXPORT,
    Command.MESSAGE,
    Command.GO_LIVE,
    Command.COMPACT,
    Command.SAVE_RUN,
}
_BUSY: Final = {Command.INTERRUPT, Command.SAVE_RUN}
_AT_WORK: Final = {*_BUSY, Command.MESSAGE, Command.COMPACT}

LEGAL: Final[dict[State, frozenset[Command]]] = {
    State.PAUSED: frozenset(_IDLE | {Command.STEP, Command.CONTINUE, Command.RUN_TO}),
    State.REPLAYING: frozenset(_BUSY | {Command.MESSAGE}),
    State.THINKING: frozenset(_AT_WORK),
    State.EXECUTING: frozenset(_AT_WORK),
    State.AWAITING_INPUT: frozenset(_IDLE),
    State.AWAITING_CONFIRMATION: frozenset(_AT_WORK | {Command.ANSWER}),
    State.FINISHED: frozenset(_IDLE),
    State.ERROR: frozenset(_IDLE),
}
"""The commands that each state allows."""

NEXT: Final[dict[State, frozenset[State]]] = {
    State.PAUSED: frozenset({State.REPLAYING, State.THINKING}),
    State.REPLAYING: frozenset({State.PAUSED, State.AWAITING_INPUT, State.FINISHED, State.ERROR}),
    State.THINKING: frozenset(
        {
            State.PAUSED,
            State.EXECUTING,
            State.AWAITING_INPUT,
            State.AWAITING_CONFIRMATION,
            State.FINISHED,
            State.ERROR,
        }
    ),
    State.EXECUTING: frozenset({State.THINKING, State.AWAITING_INPUT, State.FINISHED, State.ERROR}),
    State.AWAITING_INPUT: frozenset({State.THINKING, State.REPLAYING}),
    State.AWAITING_CONFIRMATION: frozenset(
        {State.EXECUTING, State.THINKING, State.AWAITING_INPUT, State.ERROR}
    ),
    State.FINISHED: frozenset({State.THINKING, State.REPLAYING}),
    State.ERROR: frozenset({State.REPLAYING, State.THINKING}),
}
"""The states that may follow each state. RESTART, BACK and SWITCH pass through REPLAYING; where the model
cannot be had, THINKING ends as it began.
"""

_WHY_NOT: Final[dict[State, str]] = {
    State.PAUSED: "nothing is running",
    State.REPLAYING: "the replay is running: Esc pauses it",
    State.THINKING: "the model is thinking: Esc interrupts it",
    State.EXECUTING: "the model's command is running: Esc interrupts it",
    State.AWAITING_INPUT: "the session is live and waits for you: m types a message, R restarts",
    State.AWAITING_CONFIRMATION: "an action of the model waits for your word: Esc interrupts it",
    State.FINISHED: "the run is finished: R restarts it, m goes on with a model",
    State.ERROR: "the run has failed: S goes back to before it, R restarts it, O takes another sandbox",
}


def refusal(state: State, command: Command) -> str | None:
    """Why `command` is illegal in `state`, in words; None when it is legal."""
    if command in LEGAL[state]:
        return None
    return f"cannot {command.value} now: {_WHY_NOT[state]}"
