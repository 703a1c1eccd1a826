"""The run and the sandbox of a session, as the agent's loop sees them."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from msgspec import Struct

from trajcore import notices
from trajcore.dialects.base import ModelUse
from trajcore.dialects.newevents import error, observation_event, user_message
from trajcore.events.kinds import Source
from trajcore.events.satisfied import Kept
from trajcore.live.asking import Asking, Settled
from trajcore.live.budget import Budget, Limit
from trajcore.live.confirming import Confirmation
from trajcore.live.outcome import ERROR, INTERRUPTED, STUCK, LiveOutcome, Spent, last_words, words
from trajcore.live.telling import Telling, UnderWay
from trajcore.replay.executor import Executor
from trajcore.replay.run import Entry, History, LiveStep, Run
from trajcore.replay.states import State

if TYPE_CHECKING:
    from trajcore.dialects.base import Dialect
    from trajcore.dialects.replies import Call
    from trajcore.dialects.toolmap import ToolMap
    from trajcore.events.base import Action, Event
    from trajcore.live.agent import TurnEnd
    from trajcore.live.context import Context
    from trajcore.live.fitting import Fitting
    from trajcore.live.messages.transcript import Message
    from trajcore.live.model import Model, Reply
    from trajcore.live.modelsettings import ModelSettings
    from trajcore.live.risks.commands import Place
    from trajcore.live.stuck import Pattern
    from trajcore.live.toolchoice import LiveTools
    from trajcore.live.usage import Usage
    from trajcore.queued import Queued


_GOES_ROUND: Final = "the agent is stuck: {how}: say what it is to do instead, or let it go on"
_TEXT: Final = "text"
_THOUGHT: Final = "thought"
_NO_PRICE: Final = (
    "what this model costs is not known, so --max-cost cannot end it: set input_cost_per_token and "
    "output_cost_per_token under [llm], or --max-steps"
)


class Interrupted(Exception):
    """The user stopped the agent while its command ran; the command's result is in the run."""


class Growth(Protocol):
    """What the run adds becomes part of the trajectory, which goes on with it."""

    def grow(self, entry: Entry) -> Entry:
        """Take in what the run has just added; the answer is the entry as it is from then on."""

    def spent(self, use: ModelUse) -> None:
        """What a reply of the model came to; what comes of it enters the run after this."""

    def say_anew(self, corrected: Sequence[Entry]) -> None:
        """Entries of the run say something else now."""

    def take_back(self, count: int) -> None:
        """So many of the last events have left the run again: nobody heard them."""

    def asks(self, settings: ModelSettings) -> None:
        """This model is asked now, so: what it does comes next."""

    async def keep(self, seconds: float) -> None:
        """Keep the moment behind an action that took so many seconds, to go back to."""


class TurnResult(Struct, frozen=True):
    """How a turn of the agent ended.

    `spent` is what of the budget it was that ended it, `note` what else the user should know of it.
    """

    finished: bool
    spent: Limit | None = None
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
        budget: Budget,
        tools: LiveTools,
    ) -> None:
        """`dialect`, the recording's, says how a model is told of the run, `tools` what it is offered;
        `confirmation` what the user is asked about first, `queue` holds what they typed.
        """
        self._run = run
        self._world = world
        self._set_state = set_state
        self._tell = tell
        self._dialect = dialect
        self._growth = growth
        self._tools = tools
        self._model: Model | None = None
        self._next: ModelSettings | None = None
        """The model that is to be asked from the next call on, where that is another one."""
        self._fitting: Fitting | None = None
        self._reached: tuple[int, Entry] | None = None
        """How many entries the run had, and the last, when it was last told how full the context is."""
        self._begun: set[int | str] = set()
        """What of this reply has begun to come: `_TEXT`, `_THOUGHT`, the places of its calls."""
        self._asked_at: float | None = None
        self._seconds = 0.0
        self._seconds_asked = 0.0
        """Of those, how many the user was asked for."""
        self._turn_began: float | None = None
        self._ending = ""
        self._circles: Pattern | None = None
        """In which pattern the agent is stuck."""
        self._stuck_behind: list[Entry] = []
        """The last event of the run then: with others behind it, or in its place, that is past."""
        self.budget = budget
        """What the model may come to in this session."""
        self._at_first = budget
        self._price_told = False
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
    def context(self) -> Context | None:
        """How full the model's context is; None before it was asked, and once the run was taken back."""
        count, last = self._reached or (0, None)
        known = 0 < count <= len(self._run.entries) and self._run.entries[count - 1] is last
        return self._model.context if self._model is not None and known else None

    @property
    def outcome(self) -> LiveOutcome | None:
        """What the model's turns in this run came to; None where it was not asked."""
        if self._model is None or self._asked_at is None:
            return None
        said = last_words(self._run.entries)
        return LiveOutcome(self._model.usage, self._seconds, self._ending, said, self._tools.on)

    @property
    def is_stuck(self) -> bool:
        """Whether the agent waits as it went round in circles."""
        return self._ending == STUCK and self._run.entries[-1:] == self._stuck_behind

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

    def change_model(self, settings: ModelSettings) -> None:
        """Have another model, or the same asked otherwise, from the next call on."""
        self._next = settings

    async def work(self, settings: ModelSettings) -> TurnResult:
        """Let the model act until it is someone else's turn, or the `budget` is spent.

        Raises `ModelUnavailable`, `SandboxUnavailable`, and `Interrupted` when `stop_asked` was set.
        """
        model, fitting = await self._ready(settings)
        from trajcore.live.agent import TurnEnd

        await self._world.ready()
        ending = await self._turn(model, fitting)
        if ending is TurnEnd.STUCK and self._circles is not None:
            return TurnResult(False, note=_GOES_ROUND.format(how=self._circles.value))
        limits = {limit.value: limit for limit in Limit}
        return TurnResult(ending is TurnEnd.FINISHED, limits.get(ending.value))

    async def compact(self, settings: ModelSettings, words: str) -> None:
        """Have the model summarise the oldest part of the conversation. Raises `ModelUnavailable`."""
        model, fitting = await self._ready(settings)
        from trajcore.live.agent import TurnEnd

        self._take_next(model)
        self._asked_at = time.monotonic()
        self._ending = self._ending or TurnEnd.AWAITING_INPUT.value
        await fitting.compact(words)

    async def _ready(self, settings: ModelSettings) -> tuple[Model, Fitting]:
        """Have all that a model needs to be asked."""
        from trajcore.live.modelprocess import MODELS

        self.stop_asked, self.turn = False, None
        MODELS.start()
        await asyncio.to_thread(_load)
        from trajcore.live.fitting import Fitting
        from trajcore.live.model import Model

        if self._model is None:
            self._model = Model(settings)
            await asyncio.to_thread(_read, self._run.history())
        if self._fitting is None or self._fitting.model is not self._model:
            self._fitting = Fitting(
                self._model, self, self, self._prompt, self._offered, condenses=self._is_made_of_events
            )
        return self._model, self._fitting

    def _is_made_of_events(self) -> bool:
        """Whether what the model is shown is made of the events, not worded by the dialect."""
        return self._dialect.prompt(()) is None

    async def _turn(self, model: Model, fitting: Fitting) -> TurnEnd:
        from trajcore.live.agent import work

        begun, self._ending = time.monotonic(), ERROR
        self._turn_began = begun
        before, known = model.usage, set(self._run.live_steps)
        self._under_way = None
        try:
            ending = await work(model, self, self, self._spent, tools=self._offered, fitting=fitting)
            self._ending = ending.value
        except (asyncio.CancelledError, Interrupted) as stop:
            self._ending = INTERRUPTED
            self._note_interrupted(isinstance(stop, asyncio.CancelledError))
            raise
        finally:
            seconds = time.monotonic() - begun
            self._seconds += seconds
            self._turn_began = None
            steps = [step for id, step in self._run.live_steps.items() if id not in known]
            self.turn = Spent.between(before, model.usage, seconds, self._ending, steps)
        return ending

    def _so_far(self) -> tuple[int, float, float]:
        """Replies, dollars and seconds up to now, as a budget counts them."""
        turn = 0.0 if self._turn_began is None else time.monotonic() - self._turn_began
        usage = self.usage
        replies, cost = (usage.replies, usage.cost) if usage else (0, 0.0)
        return replies, cost, self._seconds + turn - self._seconds_asked

    def _spent(self) -> Limit | None:
        return self.budget.spent(*self._so_far())

    def raise_budget(self, limit: Limit) -> None:
        """Allow as much of what is spent once more."""
        so_far = dict(zip(Limit, self._so_far(), strict=True))[limit]
        self.budget = self.budget.raised(limit, self._at_first, so_far)

    def _note_interrupted(self, cancelled: bool) -> None:
        """The model is to be told, if it was asked: a reply is cancelled, anything else ends by itself."""
        if self._under_way is not None:
            self._telling.interrupted(UnderWay.REPLY if cancelled else self._under_way)

    def use_model(self) -> None:
        """The next turn is that of another model, which has a budget of its own."""
        self._model, self._asked_at, self._next = None, None, None
        self._seconds, self._ending, self.turn = 0.0, "", None
        self.budget, self._seconds_asked, self._price_told = self._at_first, 0.0, False

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
        from trajcore.live.messages.prompt import prompt_of

        own = self._model is not None and self._model.settings.own_prompt
        return prompt_of(self._dialect, history, self._offered(), own_system=own)

    def _offered(self) -> ToolMap:
        """What the model is offered now."""
        return self._tools.offered

    # What the agent needs of its environment

    def history(self) -> History:
        """The run as it is now."""
        return self._run.history()

    def add(self, event: dict[str, Any], kept: Kept | None = None) -> Event:
        """Append an event of the live session; `kept` is how the step was satisfied that it answers."""
        entry = self._growth.grow(self._run.add(event, live=True, kept=kept))
        if self._model is not None and not _is_by_agent(entry):
            self._model.context.grown(len(entry.head.content or words(entry.head)))
        self._reached = len(self._run), entry
        self._begun.clear()
        self._tell(notices.RunChanged())
        self._queue.delivered()
        return entry.event

    async def confirm(self, action: dict[str, Any], call: Call) -> Settled:
        """Ask the user about an action, where that is wanted."""
        self._under_way = UnderWay.QUESTION
        asked = time.monotonic()
        try:
            return await self.asking.about(action, call)
        finally:
            self._seconds_asked += time.monotonic() - asked

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
            self.add(observation_event(answer.observation, data), answer.kept)
        await self._growth.keep(answer.seconds)
        if self.stop_asked:
            raise Interrupted
        self._set_state(State.THINKING)

    def pending_messages(self) -> list[str]:
        """Take what waits to be told: of interruptions and changes by hand, and what the user typed."""
        return self._telling.take()

    def compaction_asked(self) -> str | None:
        """Take the wish for a compaction that is next in line; None where there is none."""
        return self._queue.compaction()

    # What it tells whoever watches

    def thinking(self) -> None:
        """The model is being asked."""
        self._begun.clear()
        if self._model is not None:
            self._take_next(self._model)
        self._asked_at = time.monotonic()
        self._under_way = UnderWay.REPLY
        self._reached = (len(self._run), self._run.entries[-1]) if len(self._run) else None
        self._set_state(State.THINKING)

    def _take_next(self, model: Model) -> None:
        """Be the model that the user has chosen meanwhile; the branch is told who is asked."""
        if self._next is not None:
            model.use(self._next)
            self._next, self._price_told = None, False
        self._growth.asks(model.settings)

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
        one = reply.usage
        self._growth.spent(
            ModelUse(
                str(reply.response.get("id") or ""), one.model, one.prompt_tokens, one.completion_tokens,
                one.cache_read_tokens, one.cache_write_tokens, one.cost, seconds, one.window,
            )
        )  # fmt: skip
        self._tell(notices.ModelReplied(one, seconds))
        if self.budget.cost is not None and not reply.usage.cost and not self._price_told:
            self._price_told = True
            self.warned(_NO_PRICE)

    def executing(self, event: Event) -> None:
        """The world itself tells of what it executes."""

    def stuck(self, pattern: Pattern) -> None:
        """The agent goes round in circles."""
        self._circles, self._stuck_behind = pattern, self._run.entries[-1:]

    def making_room(self, text: str) -> None:
        """What the model does beside the dialogue, of which it is told nothing where that is interrupted."""
        self._under_way = None if text else UnderWay.REPLY
        self._tell(notices.Progress(text))

    def condensed(self, line: str) -> None:
        """A part of the conversation was summarised."""
        self._tell(notices.Said(line))

    def retrying(self, line: str) -> None:
        """The model is asked again."""
        self._begun.clear()
        self.warned(line)

    def warned(self, line: str) -> None:
        """What the user should know of a reply."""
        self._tell(notices.Said(line, "warning"))


def _is_by_agent(entry: Entry) -> bool:
    """Whether it is part of a reply of the model, which is counted with that."""
    return entry.head.is_action and entry.head.source == Source.AGENT.value


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
