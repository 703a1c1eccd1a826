"""The run and the sandbox of a session, as the agent's loop sees them."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from trajcore import notices
from trajcore.dialects.newevents import error, observation_event, user_message
from trajcore.events.satisfied import BY_THE_USER, How, Kept
from trajcore.live.asking import Asking, Settled
from trajcore.live.confirming import Confirmation
from trajcore.live.outcome import ERROR, INTERRUPTED, LiveOutcome, Spent, last_words
from trajcore.live.telling import Telling, UnderWay
from trajcore.replay.executor import Executor
from trajcore.replay.run import Entry, History, LiveStep, Run, Written
from trajcore.replay.states import State

if TYPE_CHECKING:
    from trajcore.dialects.base import Dialect
    from trajcore.dialects.replies import Call
    from trajcore.events.base import Action, Event
    from trajcore.live.agent import TurnEnd
    from trajcore.live.messages.transcript import Message
    from trajcore.live.model import Model, Reply
    from trajcore.live.modelsettings import ModelSettings
    from trajcore.live.risks.commands import Place
    from trajcore.live.usage import Usage
    from trajcore.queued import Queued


_TEXT: Final = "text"
_THOUGHT: Final = "thought"


class Interrupted(Exception):
    """The user stopped the agent while its command ran; the command's result is in the run."""


class Growth(Protocol):
    """What the run adds becomes part of the trajectory, which goes on with it."""

    def grow(self, entry: Entry) -> Entry:
        """Take in what the run has just added; the answer is the entry as it is from then on."""

    def say_anew(self, corrected: Sequence[Entry]) -> None:
        """Entries of the run say something else now."""

    def take_back(self, count: int) -> None:
        """So many of the last events have left the run again: nobody heard them."""

    async def keep(self, seconds: float) -> None:
        """Keep the moment behind an action that took so many seconds, to go back to."""


@dataclass(frozen=True)
class TurnResult:
    """How a turn of the agent ended; `note` says what the user should know of it."""

    finished: bool
    note: str = ""


class AgentHost:
    """Implements what `trajcore.live.agent` needs of an environment and of someone who watches."""

    def __init__(
        self,
        run: Run,
        world: Executor,
        set_state: Callable[[State], None],
        tell: notices.Listener,
        dialect: Dialect,
        confirmation: Confirmation,
        queue: Queued,
        growth: Growth,
    ) -> None:
        """`dialect`, the recording's, says what a model is offered, and how it is told of the run;
        `confirmation` what the user is asked about first, `queue` holds what they typed.
        """
        self._run = run
        self._world = world
        self._set_state = set_state
        self._tell = tell
        self._dialect = dialect
        self._growth = growth
        self._model: Model | None = None
        self._begun: set[int | str] = set()
        """What of this reply has begun to come: `_TEXT`, `_THOUGHT`, the places of its calls."""
        self._asked_at: float | None = None
        self._seconds = 0.0
        self._ending = ""
        self.turn: Spent | None = None
        """What the last turn came to; None where it did not begin."""
        self._under_way: UnderWay | None = None
        self.stop_asked = False
        self.asking = Asking(confirmation, dialect.tools, self._place, set_state, tell)
        """The question that waits for the user's word, if one does."""
        self._queue = queue
        self._telling = Telling(run, queue, self.asking.reasons)

    @property
    def usage(self) -> Usage | None:
        """What the model has cost in this run; None before it was asked."""
        return self._model.usage if self._model is not None else None

    @property
    def outcome(self) -> LiveOutcome | None:
        """What the model's turns in this run came to; None where it was not asked."""
        if self._model is None or self._asked_at is None:
            return None
        return LiveOutcome(self._model.usage, self._seconds, self._ending, last_words(self._run.entries))

    def enter(self) -> None:
        """What waits to be told to the model enters the run, of which a branch is yet to be made."""
        for text in self._telling.take():
            self._run.add(user_message(text), live=True)

    def unsay(self, *, shrinks: bool) -> None:
        """The call has failed that was to tell it: what nobody heard leaves the run, and waits again.

        `shrinks`: it leaves the trajectory too, which is to be kept.
        """
        before = len(self._run)
        if self._telling.unsay():
            if shrinks:
                self._growth.take_back(before - len(self._run))
            self._tell(notices.RunChanged())

    async def work(self, settings: ModelSettings, max_steps: int | None) -> TurnResult:
        """Let the model act until it is someone else's turn.

        Raises `ModelUnavailable`, `SandboxUnavailable`, and `Interrupted` when `stop_asked` was set.
        """
        from trajcore.live.modelprocess import MODELS

        self.stop_asked, self.turn = False, None
        MODELS.start()
        await asyncio.to_thread(_load)
        from trajcore.live.agent import TurnEnd
        from trajcore.live.model import Model

        if self._model is None:
            self._model = Model(settings)
            await asyncio.to_thread(_read, self._run.history())
        await self._world.ready()
        ending = await self._turn(self._model, max_steps)
        if ending is TurnEnd.STEPS_SPENT:
            return TurnResult(False, f"stopped after {max_steps} live steps, as --max-steps asks")
        return TurnResult(ending is TurnEnd.FINISHED)

    async def _turn(self, model: Model, max_steps: int | None) -> TurnEnd:
        from trajcore.live.agent import work

        begun, self._ending = time.monotonic(), ERROR
        before, known = model.usage, set(self._run.live_steps)
        self._under_way = None
        try:
            ending = await work(model, self, self, max_steps, self._prompt, self._dialect.tools)
            self._ending = ending.value
        except (asyncio.CancelledError, Interrupted) as stop:
            self._ending = INTERRUPTED
            self._note_interrupted(isinstance(stop, asyncio.CancelledError))
            raise
        finally:
            seconds = time.monotonic() - begun
            self._seconds += seconds
            steps = [step for id, step in self._run.live_steps.items() if id not in known]
            self.turn = Spent.between(before, model.usage, seconds, self._ending, steps)
        return ending

    def _note_interrupted(self, cancelled: bool) -> None:
        """The model is to be told, if it was asked: a reply is cancelled, anything else ends by itself."""
        if self._under_way is not None:
            self._telling.interrupted(UnderWay.REPLY if cancelled else self._under_way)

    def change_model(self) -> None:
        """The next turn is that of another model, whose cost is counted by itself."""
        self._model, self._asked_at = None, None
        self._seconds, self._ending, self.turn = 0.0, "", None

    def begin_anew(self, run: Run, world: Executor) -> None:
        """Go on with another run, in another world; what the model has cost is kept."""
        self._run, self._world = run, world
        self._telling = Telling(run, self._queue, self.asking.reasons)

    async def close(self) -> None:
        """Close the connections to the model's provider."""
        if self._model is not None:
            from trajcore.live.model import close_connections

            await close_connections()

    def _prompt(self, history: Sequence[Event]) -> Sequence[Message]:
        from trajcore.live.callids import with_short_ids
        from trajcore.live.messages.history import messages

        own = self._dialect.prompt(Written(history)) if isinstance(history, History) else None
        return (
            messages(history, system=None, tools=self._dialect.tools) if own is None else with_short_ids(own)
        )

    # What the agent needs of its environment

    def history(self) -> History:
        """The run as it is now."""
        return self._run.history()

    def add(self, event: dict[str, Any], kept: Kept | None = None) -> Event:
        """Append an event of the live session; `kept` is how the step was satisfied that it answers."""
        entry = self._growth.grow(self._run.add(event, live=True, kept=kept))
        self._begun.clear()
        self._tell(notices.RunChanged())
        self._queue.delivered()
        return entry.event

    async def confirm(self, action: dict[str, Any], call: Call) -> Settled:
        """Ask the user about an action, where that is wanted."""
        self._under_way = UnderWay.QUESTION
        return await self.asking.about(action, call)

    def said_anew(self, response: dict[str, Any], call: Call) -> None:
        """Correct what the run has of a response whose call was edited."""
        self._growth.say_anew(self._run.say_call_anew(response, call))

    def _place(self) -> Place:
        from trajcore.live.risks.commands import Place

        sandbox = self._world.sandbox
        return Place(None if sandbox is None else sandbox.directory, self._world.workspace)

    async def execute(self, action: Action) -> None:
        """Carry out an action and append what came back."""
        self._set_state(State.EXECUTING)
        self._under_way = UnderWay.ACTION
        answer = await self._world.execute(action, None, live=True)
        data = action.model_dump()
        if action.id is not None:
            self._run.live_steps[action.id] = LiveStep(answer.seconds, answer.files)
        if answer.observation is None:
            self.add(error(f"{action.action} cannot be executed in this sandbox.", data))
        else:
            kept = Kept(How.INTERRUPTED, BY_THE_USER) if answer.interrupted else None
            self.add(observation_event(answer.observation, data), kept)
        await self._growth.keep(answer.seconds)
        if self.stop_asked:
            raise Interrupted
        self._set_state(State.THINKING)

    def pending_messages(self) -> list[str]:
        """Take what waits to be told: of interruptions and changes by hand, and what the user typed."""
        return self._telling.take()

    # What it tells whoever watches

    def thinking(self) -> None:
        """The model is being asked."""
        self._begun.clear()
        self._asked_at = time.monotonic()
        self._under_way = UnderWay.REPLY
        self._set_state(State.THINKING)

    def text(self, delta: str) -> None:
        """More of the model's text."""
        self._tell(notices.ModelText(delta, self._begins(_TEXT)))

    def thought(self, delta: str) -> None:
        """More of what the model thinks before it answers."""
        self._tell(notices.ModelThinking(delta, self._begins(_THOUGHT)))

    def call(self, place: int, name: str, delta: str) -> None:
        """More of the arguments of a call."""
        self._tell(notices.ModelCall(place, name, delta, self._begins(place)))

    def _begins(self, part: int | str) -> bool:
        """Whether this is the first that comes of a part of the reply."""
        begins = part not in self._begun
        self._begun.add(part)
        return begins

    def replied(self, reply: Reply) -> None:
        """The model's reply is complete."""
        self._telling.heard()
        seconds = time.monotonic() - (self._asked_at or time.monotonic())
        self._tell(notices.ModelReplied(reply.usage, seconds))

    def executing(self, event: Event) -> None:
        """The world itself tells of what it executes."""

    def retrying(self, line: str) -> None:
        """The model is asked again."""
        self._begun.clear()
        self.warned(line)

    def warned(self, line: str) -> None:
        """What the user should know of a reply."""
        self._tell(notices.Said(line, "warning"))


@functools.cache
def _load() -> None:
    """Import what a first step needs, which takes longer than a key may wait."""
    from trajcore.live.lasting import lasting

    with lasting():
        import trajcore.live.agent
        import trajcore.live.risks.rules  # noqa: F401


def _read(history: Sequence[Event]) -> None:
    """Read every event of a run now, which it then keeps."""
    from trajcore.live.lasting import lasting

    with lasting():
        for _ in history:
            pass
