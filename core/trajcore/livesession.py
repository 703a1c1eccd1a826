"""What a session does with a model: has it asked, changed, bounded and spoken with."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from trajcore import notices
from trajcore.activity import Work
from trajcore.branches import Branch
from trajcore.errors import BadInput, ModelUnavailable, Refused, SandboxUnavailable, Unconfirmed
from trajcore.live.confirming import Verdict
from trajcore.live.host import Interrupted, TurnResult
from trajcore.masking import hide
from trajcore.queued import COMPACT
from trajcore.replay.states import Command, Mode, State
from trajcore.sessionstate import SessionState
from trajcore.settings import Settings
from trajcore.text import safe_line
from trajcore.trajectory import Trajectory

if TYPE_CHECKING:
    from trajcore.live.modelsettings import ModelSettings

_SHOWN: Final = 200
"""So many characters of an action are told where it could not be asked for."""


class LiveSession(SessionState):
    """The commands of a session that are for its model. All methods belong to one event loop."""

    def __init__(self, trajectory: Trajectory, settings: Settings | None = None) -> None:
        super().__init__(trajectory, settings)
        self._tools_warning = self.settings.tools.warning
        self._unused_told = False
        self._next_branch = ""
        """What the next branch is called; empty: it is numbered."""

    def go_live(self) -> None:
        """Hand the run so far and its sandbox to the model. Raises `Refused`, `BadInput`."""
        self._activity.check(Command.GO_LIVE)
        self.check_live()
        if self.needs_message:
            raise Refused("the agent spoke last: type a message for the model to go on from")
        self._start_live()

    def compact(self, words: str = "") -> None:
        """Have the model summarise the oldest part of the conversation, `words` say how: `/compact WORDS`.

        While the model works, it waits its turn among the messages. Raises `Refused`.
        """
        self._activity.check(Command.COMPACT)
        if self.mode is Mode.REPLAY and (self.busy or not self.at_end):
            raise Refused("no model is at work here yet: L or a message goes live, then it can be compacted")
        if self.busy:
            self._queue.add(f"{COMPACT} {words}".strip())
            return
        self.check_live()
        self._queue.sent()
        self._start_live(words)

    def go_on(self) -> None:
        """Allow the model as much once more as was `spent`, and have it go on. Raises `Refused`."""
        if self.spent is None:
            raise Refused("nothing of the budget is spent")
        self._activity.check(Command.GO_LIVE)
        self.check_live()
        self._live.raise_budget(self.spent)
        self._start_live()

    def change_model(self, model: ModelSettings) -> None:
        """Have another model, or the same asked otherwise, from the next call on; one may be under way.

        What has been spent stays part of the budget. Raises `ModelUnavailable` where it can be none.
        """
        from trajcore.live.readiness import check_settings

        check_settings(model)
        self._set_model(model)
        self._live.change_model(model)
        self._say(f"the next call goes to {safe_line(str(model.model))}")

    def use_model(self, model: ModelSettings, *, branch: str = "") -> None:
        """Have another model from the next turn on, whose cost is counted by itself.

        `branch` is what the branch is called that it may begin with that turn. Raises `Refused` while a model
        works.
        """
        if self.busy:
            raise Refused("the model cannot be changed while something is under way")
        self._set_model(model)
        self.spent = None
        self._next_branch = branch
        self._live.use_model()

    def choose_tools(self, names: Collection[str]) -> None:
        """Have a live model have these tools, from its next reply on. Raises `BadInput`."""
        self.live_tools.choose(names)
        self._say(f"{self.live_tools.short or 'all tools'} from the live agent's next reply on")

    def answer(self, verdict: Verdict, text: str = "") -> None:
        """Give the user's word on the action that waits for it (`asked`).

        `text` is what to carry out instead (`Verdict.EDIT`), or why it is refused: the user's next message,
        with which the model goes on at once. Raises `Refused` where nothing is asked, `BadInput` where the
        text is no such action.
        """
        self._activity.check(Command.ANSWER)
        self._live.asking.answer(verdict, text)

    def give_up_asking(self) -> None:
        """There is nobody to ask: the action that waits is not carried out, and the run ends in an error."""
        asked = self.asked
        if asked is not None:
            self._live.asking.stop(Unconfirmed(
                f"an action of the model needs your word ({asked.why}): {safe_line(asked.text)[:_SHOWN]} "
                "was not run; --confirm never runs all of them unasked"
            ))  # fmt: skip

    def take_back(self, number: int | None = None) -> str:
        """Take a queued message back to be edited: the one with this number, or all, joined by blank lines.

        Raises `Refused` where there is none.
        """
        return self._queue.take_back(number)

    def give_back(self, texts: Sequence[str]) -> None:
        """Words of an earlier program that nobody was given are the user's again (`unsent`)."""
        self._queue.give_back(texts)

    def drop(self, number: int) -> None:
        """A queued message is not to be delivered. Raises `Refused` where there is none."""
        self._queue.drop(number)

    def say(self, text: str) -> None:
        """Tell whoever listens what is wrong with what the user said."""
        self._say(text, "warning")

    def expect_live(self) -> None:
        """A live session is in sight: have what speaks with models ready for it, which takes some seconds.

        Returns at once, and does nothing where no model is configured.
        """
        if self.settings.model.model and not self.settings.model_fault:
            from trajcore.live.modelprocess import MODELS

            MODELS.start()

    async def live_ready(self) -> None:
        """Wait until what speaks with models can ask at once; what is wrong with it the first call says."""
        from trajcore.live.modelprocess import MODELS, Gone

        with suppress(Gone):
            await MODELS.ready()

    async def ready_for_live(self) -> None:
        """Before a replay that leads to a live session, once `prepare` is done: find out what is known of it.

        Raises as `check_live`, and `SandboxUnavailable` where the sandbox executes nothing.
        """
        from trajcore.live.readiness import check_model, check_sandbox

        check_sandbox(self.sandbox_kind or self.settings.sandbox)
        self.check_live()
        self._tell(notices.Progress("looking for the model"))
        try:
            await check_model(self.settings.model)
        finally:
            self._tell(notices.Progress(""))

    def check_live(self) -> None:
        """Raises `ModelUnavailable` or `Refused` where no live session could begin."""
        if self.settings.model_fault:
            raise BadInput(self.settings.model_fault)
        if self.live_tools.fault:
            raise BadInput(self.live_tools.fault)
        from trajcore.live.readiness import check_settings

        check_settings(self.settings.model)
        sandbox = self._replay.world.sandbox
        if sandbox is not None and not sandbox.executes:
            raise Refused("a live session needs a sandbox that executes: docker or bubblewrap")
        if self._replay.world.lost:
            raise Refused("the sandbox of this run was lost: R restarts the run")

    # Behind them

    def _set_model(self, model: ModelSettings) -> None:
        hide(*model.secrets)
        self.settings = replace(self.settings, model=model, model_fault="")

    def _start(self, command: Command, work: Work, *, live: bool = False) -> None:
        self._activity.begin(command, work, live=live)
        self._replay.pause_asked = False
        self._replay.held = len(self._queue.waiting)

    def _start_live(self, compact: str | None = None) -> None:
        warning, self._tools_warning = self._tools_warning, ""
        if warning:
            self._say(warning, "warning")
        if self.settings.model_unused and not self._unused_told:
            self._unused_told = True
            self._say(self.settings.model_unused, "warning")
        self.spent = None
        self._start(Command.GO_LIVE, partial(self._work, self.state, self.mode, compact), live=True)

    async def _work(self, state: State, mode: Mode, compact: str | None) -> None:
        """Let the model work. It was asked for in this state and mode.

        `compact`: first summarise, as these words of the user say; then act only where they typed more.
        """
        await self._replay.moments.cancel()
        begun, entries = await self._go_on_in_branch(), len(self.run)
        try:
            if compact is not None:
                await self._live.compact(self.settings.model, compact)
                if not self.queued:
                    self._activity.become(state if state is State.FINISHED else State.AWAITING_INPUT)
                    return
            ending = await self._turn()
        except Interrupted:
            self._say("interrupted: the model waits for your word")
            self._activity.become(State.AWAITING_INPUT)
            return
        except (ModelUnavailable, SandboxUnavailable) as error:
            never_began = begun is not None and self.trajectory.grown == begun.inherited
            if isinstance(error, SandboxUnavailable) and len(self.run) > entries:
                raise
            self._live.unsay(shrinks=not never_began)
            if begun is not None and never_began:
                self._replay.unpark(self.branches.take_back(begun))
                self._show_branch()
            elif len(self.run) > entries:
                state, mode = State.AWAITING_INPUT, Mode.LIVE
            self._activity.fail(error, state, mode)
            if mode is Mode.REPLAY:
                self._replay.moments.take_when_idle()
            return
        self.spent = ending.spent
        if self.spent is not None:
            self._say(self.budget.line(self.spent), "warning")
        self._activity.become(State.FINISHED if ending.finished else State.AWAITING_INPUT)
        if self.spent is not None:
            self._tell(notices.BudgetSpent(self.spent.value, self.budget.words(self.spent)))
        if ending.note:
            self._say(ending.note, "warning")

    async def _turn(self) -> TurnResult:
        """A turn of the model; what it came to is noted with the branch."""
        try:
            return await self._live.work(self.settings.model)
        finally:
            self.branches.spend(self._live.turn)

    async def _go_on_in_branch(self) -> Branch | None:
        """Have what comes now be part of the branch that ends here, or else begin one with it: the answer."""
        if self.trajectory.is_branch and self.at_end:
            return None
        for line in self.handover.lines:
            self._say(line, "warning")
        parked = await self._replay.park(whole=False)
        self.branches.present.stands = self.ending
        cut = "" if self.at_end else self.trajectory.label(self.position)
        self._live.enter()
        held = await self._replay.branch()
        name, self._next_branch = self._next_branch, ""
        branch = self.branches.begin(held, parked, cut, self.settings.model.model, name)
        self._show_branch()
        self._queue.delivered()
        self._say(f"branch {branch.name}, from {f'event {cut}' if cut else 'the end'} of {branch.origin}")
        return branch

    def _show_branch(self) -> None:
        """The trajectory and the run are others than before."""
        self._steps = None
        self._tell(notices.DocumentChanged(None, structural=True))
        self._tell(notices.RunChanged())
