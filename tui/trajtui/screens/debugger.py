"""The debugger: the timeline beside the live sandbox. It shows a session and passes commands on to it."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from typing import Any, ClassVar, Final

from textual import on, work
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.screen import ModalScreen, Screen
from textual.worker import Worker, WorkerState

from trajcore import Delivery, Mode, Session, State, TrajError, notices
from trajcore.views.status import header_left, header_right, message_hint, status_of
from trajcore.views.worlds import lacking, offer
from trajtui.actions.table import ACTIONS, BY_NAME, HARMLESS, ActionProvider, UserAction, bindings, footer
from trajtui.widgets.bars import EndsBar, KeyBar, StatusBar, TabBar
from trajtui.widgets.message_box import MessageBox
from trajtui.widgets.pace import Pace
from trajtui.widgets.question import QuestionBox
from trajtui.widgets.queued import QueuedBox
from trajtui.widgets.side import LIVE_TAB, PaneTab, SidePane
from trajtui.widgets.timeline import TimelineView

_DETAIL_DELAY: Final = 0.04


class SessionChanged(Message):
    """The session has told of a change."""

    def __init__(self, change: notices.Notice) -> None:
        super().__init__()
        self.change = change


class DebuggerScreen(Screen[None]):
    """One session on the screen."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings()]
    COMMANDS = App.COMMANDS | {ActionProvider}
    AUTO_FOCUS = "#timeline"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012

    def __init__(self, session: Session, at: str | None, live: bool, shown: Callable[[], None]) -> None:
        super().__init__(classes="-wide")  # mostly it is, and then nothing is styled twice
        self.session = session
        self.unsaved_run = False
        """Whether the run holds messages that are not saved; what a model did is a branch, which is kept."""
        self._at = at
        self._live = live
        self._shown = shown
        self._note, self._bad = "", False
        self._done: float | None = None
        self._in_progress = False
        """Whether the note is that of a long operation, which ends it."""
        self._sandbox: notices.SandboxChosen | None = None
        self._world: notices.WorldChosen | None = None
        self._flows: list[Coroutine[Any, Any, str | None]] = []
        """What workers were given to go through: they may not have begun."""
        self.timeline = TimelineView(session, id="timeline")
        self.side = SidePane(session, id="side")
        """The panes at the right."""
        self._pace = Pace()
        self._behind = False
        """Whether the screen has yet to catch up with the replay's position."""
        self._mode = Mode.REPLAY
        self._may_run = session.settings.walled
        """Whether the user has agreed to where the commands run."""

    def compose(self) -> ComposeResult:
        """Header, timeline beside the tabs, message box, status and keys."""
        yield EndsBar(id="header")
        with Horizontal(id="panes"):
            yield self.timeline
            yield self.side
        yield QuestionBox(id="question")
        yield QueuedBox(id="queued")
        yield MessageBox(id="message")
        yield StatusBar(id="status")
        yield KeyBar(footer(), id="keys")

    def on_mount(self) -> None:
        """Listen to the session; all that the first frame can do without follows it."""
        self._unsubscribe = self.session.subscribe(self._on_change)
        self._refresh_bars()
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        """The first frame is on the screen: show what it left out, and find out which sandbox to have."""
        self._shown()
        self.timeline.complete()
        self._refresh_bars()
        self._prepare()

    def on_unmount(self) -> None:
        """Listen no longer. What was asked for at the last moment will not begin."""
        self._unsubscribe()
        for flow in self._flows:
            if inspect.getcoroutinestate(flow) == inspect.CORO_CREATED:
                flow.close()

    @work(exit_on_error=False)
    async def _prepare(self) -> None:
        from trajtui.actions import recovering, replay  # dialogs, which the first frame need not wait for

        try:
            if not self._may_run and not await replay.may_run_on_host(self.ask):
                self.app.exit()
                return
            self._may_run = True
            if self._live:
                self.session.expect_live()
            cut_off: list[Any] = []
            await self._flow(recovering.offer(self.session, self.ask, cut_off))
            if self.session.unsent:
                self.query_one(MessageBox).put_back("\n\n".join(self.session.unsent))
            await self.session.prepare()
            if self._live:
                await self.session.ready_for_live()
            for offer in cut_off:
                self.session.switch(offer.branch, (await self.session.ways_to(offer.branch))[0])
                await self.session.idle()
            if self._at is not None:
                self.session.run_to(self.session.trajectory.resolve(self._at))
                await self.session.idle()
            if self._live and self.session.state is not State.ERROR:
                handing_over = replay.go_live(self)
                if handing_over is not None:
                    await self._flow(handing_over)
        except TrajError as error:
            self.say(str(error), bad=True)

    @on(Worker.StateChanged)
    def _show_fault(self, event: Worker.StateChanged) -> None:
        """A fault of the program itself is told, never swallowed."""
        error = event.worker.error
        if event.state is WorkerState.ERROR and error is not None:
            self.say(f"internal error: {type(error).__name__}: {error}", bad=True)

    # What the session tells

    def _on_change(self, change: notices.Notice) -> None:
        """The panes hear of it at once, in order; the rest of the screen follows as a message."""
        self.side.follow(change)
        match change:
            case notices.Output() | notices.Executing() | notices.Executed():
                pass
            case notices.ModelText() | notices.ModelThinking() | notices.ModelCall():
                pass
            case notices.DocumentChanged(structural=True) | notices.RunChanged() | notices.WentBack():
                self.timeline.rebuild()  # at once: no row may be drawn that stands for another event, or none
                self.post_message(SessionChanged(change))
            case notices.PositionChanged() | notices.StepDone() if self.session.busy:
                self._pace.step()
                if not self._behind:
                    self._behind = True
                    self.set_timer(self._pace.delay(), self._show_position)
            case _:
                self.post_message(SessionChanged(change))

    @on(SessionChanged)
    def _show_change(self, event: SessionChanged) -> None:
        match event.change:
            case notices.Progress(text, done):
                if text or self._in_progress:
                    self._note, self._bad, self._done = text, False, done
                self._in_progress = bool(text)
            case notices.Visited():
                self._show_selected()
            case notices.Asked():
                self._show_question()
            case notices.BudgetSpent():
                self._ask_to_go_on()
            case notices.Said(text, severity):
                self.say(text, bad=severity != "information")
            case notices.SandboxChosen():
                self._sandbox = event.change
            case notices.WorldChosen() | notices.WorldLacks():
                self._show_world(event.change)
            case notices.RunChanged(restarted):
                self._show_run(restarted=restarted)
            case notices.StateChanged():
                self._show_state()
            case notices.QueueChanged():
                self._show_queue()
            case _:
                self._show_rows()
        self._refresh_bars()

    def _show_world(self, change: notices.WorldChosen | notices.WorldLacks) -> None:
        """Show in which world the run begins, or say what could be had instead of a bare sandbox."""
        if isinstance(change, notices.WorldChosen):
            self._world = change
            line = offer(self.session, screen=True)
        else:
            line = lacking(screen=True)
        if line:
            self.say(line)

    def _show_state(self) -> None:
        """What was said of the last state does not outlive it; a live session is shown when it begins."""
        self._show_position()  # at once: from now on the cursor is the user's
        self._show_question()
        begins = self.session.state in (State.REPLAYING, State.THINKING, State.EXECUTING)
        if begins or (self._bad and self.session.state is not State.ERROR):
            self._note, self._bad = "", False
        if self.session.mode is Mode.LIVE and self._mode is Mode.REPLAY and begins:
            self.show_tab(LIVE_TAB)
        self._mode = self.session.mode if begins else self._mode
        self._show_rows()
        self._show_queue()

    def _show_question(self) -> None:
        """Put the question that is open, or take it away. It gets the focus unless something is typed."""
        box, asked = self.query_one(QuestionBox), self.session.asked
        if asked is None:
            had = box.has_focus
            box.withdraw()
            if had:
                self.timeline.focus()
        elif box.asked is not asked:
            box.ask(asked)
            if not self.query_one(MessageBox).has_focus_within:
                box.focus()

    def _show_queue(self) -> None:
        """Show what is queued. Where nothing is under way that would deliver it, it is the user's again."""
        session, box = self.session, self.query_one(QueuedBox)
        if session.queued and not session.busy:
            self._take_back(None)
            return
        had = box.has_focus
        box.show(session.queued)
        if had and not session.queued:
            self._leave_box()
        message = self.query_one(MessageBox)
        if message.display and not message.goes_live:
            message.hint(message_hint(session)[0])

    def _take_back(self, number: int | None) -> None:
        """Put a queued message, or all of them (None), back into the message box."""
        text = self._attempt(lambda: self.session.take_back(number))
        if isinstance(text, str):
            hint, replaceable = message_hint(self.session)
            box = self.query_one(MessageBox)
            box.put_back(text)
            box.open(hint, replaceable=replaceable)

    @on(MessageBox.Recalled)
    def _take_back_last(self) -> None:
        if self.session.queued:
            self._take_back(-1)

    @on(QueuedBox.TakenBack)
    def _take_back_one(self, event: QueuedBox.TakenBack) -> None:
        if self._is_queued(event.number, event.text):
            self._take_back(event.number)

    @on(QueuedBox.Dropped)
    def _drop(self, event: QueuedBox.Dropped) -> None:
        if self._is_queued(event.number, event.text):
            self._attempt(lambda: self.session.drop(event.number))

    def _is_queued(self, number: int, text: str) -> bool:
        """Whether a message is still where it was shown; it may have been delivered meanwhile."""
        queued = self.session.queued
        there = number < len(queued) and queued[number] == text
        if not there:
            self.say("this message has just been delivered", bad=True)
        return there

    @on(QuestionBox.Answered)
    def _answer(self, event: QuestionBox.Answered) -> None:
        from trajtui.actions import confirming  # dialogs

        said = confirming.answer(self, event.asked, event.verdict)
        self._begin_flow(said)

    def _ask_to_go_on(self) -> None:
        """Ask whether the model may go on, unless something is typed, which no dialog is to swallow."""
        from trajtui.actions import models  # dialogs

        if not self.query_one(MessageBox).has_focus_within:
            self._begin_flow(models.go_on(self))

    def _show_run(self, *, restarted: bool) -> None:
        self.unsaved_run = not restarted and self.session.run.has_added
        if self.session.mode is Mode.LIVE:
            self.timeline.follow_end()
        self._show_selected()

    def _show_position(self) -> None:
        """Catch up with a replay, which may be many events further by now, or has stopped and been shown."""
        if not self._behind:
            return
        self._behind = False
        self.timeline.follow(self.session.position)
        self._show_rows()
        self._refresh_bars()

    def _show_rows(self) -> None:
        self.timeline.lines_changed()
        self._show_selected()

    @on(TimelineView.Selected)
    def _show_selected(self) -> None:
        """Show the selected event a moment later, so that a held key does not draw every event it passes."""
        self._refresh_bars()
        self.set_timer(_DETAIL_DELAY, self._draw_selected)

    def _draw_selected(self) -> None:
        self.side.show_row(self.timeline.selected)

    # Commands

    @property
    def actions(self) -> Sequence[UserAction]:
        """All that can be done here."""
        return ACTIONS

    def action_act(self, name: str) -> None:
        """Carry an action out, if the user has agreed to where commands run."""
        if not self._may_run and name not in HARMLESS:
            return
        self.timeline.complete()  # a key may come before what follows the first frame
        said = self._attempt(lambda: BY_NAME[name].handler(self))
        if inspect.iscoroutine(said):
            self._begin_flow(said)
        elif isinstance(said, str):
            self.say(said)

    def _attempt(self, command: Callable[[], object]) -> object:
        """Do something the session may refuse; what it answers, or, refused, a false one."""
        try:
            return command()
        except TrajError as error:
            self.say(str(error), bad=True)
            return False

    def _begin_flow(self, flow: Coroutine[Any, Any, str | None]) -> None:
        """Have a worker go through a few dialogs."""
        self._flows = [one for one in self._flows if inspect.getcoroutinestate(one) == inspect.CORO_CREATED]
        self._flows.append(flow)
        begin: Callable[[], Coroutine[None, None, Any]] = partial(self._flow, flow)
        self.run_worker(begin, exit_on_error=False)

    async def _flow(self, flow: Awaitable[str | None]) -> bool:
        """Go through a few dialogs and say what came of it; whether anything did."""
        try:
            said = await flow
        except TrajError as error:
            self.say(str(error), bad=True)
            return False
        if said is not None:
            self.say(said)
        return said is not None

    @on(MessageBox.Submitted)
    def _send(self, event: MessageBox.Submitted) -> None:
        from trajcore.views.question import before_live
        from trajtui.actions import places  # dialogs

        if before_live(self.session, event.delivery) is None:
            self._hand_on(event)
        else:
            self._begin_flow(places.hand_over(self, lambda: self._hand_on(event)))

    def _hand_on(self, event: MessageBox.Submitted) -> None:
        box = self.query_one(MessageBox)
        if self._attempt(lambda: self.session.message(event.text, event.delivery)) is not False:
            box.clear()
            box.close()
            inserted = event.delivery is Delivery.INSERT and self.session.mode is Mode.REPLAY
            if inserted and not self.session.busy:
                self.say("the message is part of this run now: s or c goes on")

    @on(QueuedBox.Left)
    @on(MessageBox.Closed)
    def _leave_box(self) -> None:
        (self.timeline if self.session.asked is None else self.query_one(QuestionBox)).focus()

    # Panes

    @on(TabBar.Picked)
    def _make_room(self) -> None:
        self.remove_class("-timeline-only")

    def show_tab(self, tab: PaneTab) -> None:
        """Show a right-hand tab."""
        self.remove_class("-timeline-only")
        self.side.show_tab(tab)
        self._draw_selected()

    def show_side(self) -> None:
        """Give the right-hand pane the focus; where the panes are stacked, the whole screen."""
        if self.has_class("-narrow"):
            self._show_alone("-side-only")
        self.remove_class("-timeline-only")
        self.side.active.focus()

    def zoom(self) -> None:
        """Maximise the focused pane, or give it back."""
        if self.has_class("-side-only") or self.has_class("-timeline-only"):
            self.show_both()
        else:
            self._show_alone("-timeline-only" if self.focused is self.timeline else "-side-only")

    def _show_alone(self, pane: str) -> None:
        self.remove_class("-side-only", "-timeline-only")
        self.add_class(pane)

    def show_both(self) -> None:
        """Give both panes their room again."""
        if self.has_class("-side-only"):
            self.timeline.focus()
        self.remove_class("-side-only", "-timeline-only")

    # Parts

    async def ask(self, dialog: ModalScreen[Any]) -> Any:
        """Show a dialog and wait for its answer. To be called in a worker, as coroutines of actions are."""
        return await self.app.push_screen_wait(dialog)

    def say(self, text: str, *, bad: bool = False) -> None:
        """Say what came of a command, on the status bar."""
        self._note, self._bad, self._done, self._in_progress = text, bad, None, False
        self._refresh_bars()

    def _refresh_bars(self) -> None:
        header = self.query_one("#header", EndsBar)
        header.left = header_left(self.session)
        header.right = header_right(self.session, self._sandbox, self._world)
        header.alarm = "" if self.session.settings.walled else self.session.settings.sandbox
        timeline = self.timeline
        status = status_of(
            self.session,
            timeline.selected,
            self._note,
            bad=self._bad,
            done=self._done,
            several=len(timeline.picked),
        )
        self.query_one(StatusBar).status = status
