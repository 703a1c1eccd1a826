"""The debugger: the timeline beside the live sandbox. It shows a session and passes commands on to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual import on, work
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.screen import ModalScreen
from textual.worker import Worker, WorkerState

from trajcore import Mode, Session, State, Stop, TrajError, notices
from trajcore.views.hints import keep_had
from trajcore.views.layout import Layout, folded_uids, with_folded
from trajcore.views.status import header_left, header_right, status_of
from trajcore.views.timeline import Row
from trajcore.views.worlds import lacking, offer
from trajtui.actions.footer import footer, shown_key
from trajtui.actions.table import (
    ACTIONS,
    BY_NAME,
    HARMLESS,
    ON_ROWS,
    ActionProvider,
    UserAction,
    bindings,
)
from trajtui.ahead import Ahead
from trajtui.flows import Flows
from trajtui.notes import Note, Notes
from trajtui.patient import LateScreen
from trajtui.widgets.bars import EndsBar, KeyBar, StatusBar
from trajtui.widgets.conversation import Conversation
from trajtui.widgets.hints import HintLine
from trajtui.widgets.lines import LinePane
from trajtui.widgets.pace import Pace
from trajtui.widgets.panes import Panes
from trajtui.widgets.side import LIVE_TAB, PaneTab, SidePane
from trajtui.widgets.timeline import TimelineView
from trajtui.widgets.timeline_column import TimelineColumn

if TYPE_CHECKING:
    from trajtui.widgets.event import EventPane

_DETAIL_DELAY: Final = 0.04
_AS_IT_COMES: Final = Layout()


class SessionChanged(Message):
    """The session has told of a change."""

    def __init__(self, change: notices.Notice) -> None:
        super().__init__()
        self.change = change


class DebuggerScreen(LateScreen[None]):
    """One session on the screen. What the first frame does not show is brought in behind it."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings()]
    COMMANDS = App.COMMANDS | {ActionProvider}
    AUTO_FOCUS = "#timeline"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012

    def __init__(
        self,
        session: Session,
        at: str | None,
        live: bool,
        shown: Callable[[], None],
        actions: Sequence[UserAction] = ACTIONS,
        layout: Layout = _AS_IT_COMES,
        hints: Sequence[str] = (),
    ) -> None:
        super().__init__(classes="-wide")  # mostly it is, and then nothing is styled twice
        self.session = session
        self.actions = actions
        """All that can be done here, with the keys that it has here."""
        self.unsaved_run = False
        """Whether the run holds messages that are not saved; what a model did is a branch, which is kept."""
        self._at = at
        self._live = live
        self._shown = shown
        self.notes = Notes(self._refresh_bars)
        self.flows = Flows(self, self.say)
        self.ahead = Ahead(session, self.flows)
        """What is to be done when the replay comes to rest."""
        self.panes = Panes(session, id="panes")
        self.panes.lay_out(layout)
        self._layout = layout
        self._laid_out_first: Layout | None = None
        self.conversation = Conversation(session, self.flows, self._back_to_timeline)
        self._sandbox: notices.SandboxChosen | None = None
        self._world: notices.WorldChosen | None = None
        self.status = StatusBar(id="status")
        self.hints = HintLine(hints, partial(shown_key, self), keep_had)
        self._row: Row | None = None
        """The row under the cursor, when that was last told."""
        self._pace = Pace()
        self._behind = False
        """Whether the screen has yet to catch up with the replay's position."""
        self._mode = Mode.REPLAY
        self._at_work = False
        """Whether the session was at work when its state was last shown."""
        self._may_run = session.settings.walled
        """Whether the user has agreed to where the commands run."""

    def compose(self) -> ComposeResult:
        """Header, panes, what is said to each other, status and keys."""
        yield EndsBar(id="header")
        yield self.panes
        yield self.conversation
        yield self.status
        if self.hints.left:
            yield self.hints
        yield KeyBar(id="keys")

    @property
    def timeline(self) -> TimelineView:
        """The rows at the left."""
        return self.panes.timeline

    @property
    def side(self) -> SidePane:
        """The panes at the right."""
        return self.panes.side

    def on_mount(self) -> None:
        """Listen to the session; all that the first frame can do without follows it."""
        self._unsubscribe = self.session.subscribe(self._on_change)
        self._refresh_bars()
        self.call_after_refresh(self._begin)

    async def _begin(self) -> None:
        """The first frame is on the screen: show what it left out, and find out which sandbox to have."""
        self._shown()
        with self.app.batch_update():
            await self.side.complete()
            await self.conversation.complete()
            await self.panes.column.complete()
        folded = folded_uids(self._layout, self.session.trajectory)
        self.timeline.lay_out(raw=self._layout.raw, folded=folded)
        self.timeline.complete()
        self.panes.column.begin_overview()
        self.is_complete = True
        self._laid_out_first = self.layout_now
        self._refresh_bars()
        self._prepare()

    @property
    def layout_now(self) -> Layout:
        """How it is laid out."""
        return with_folded(self.panes.layout_now, self.session.trajectory, self.timeline.folded)

    @property
    def new_layout(self) -> Layout | None:
        """How the user has laid it out; None where it is as it was at first."""
        layout = self.layout_now
        return layout if self._laid_out_first not in (None, layout) else None

    def on_unmount(self) -> None:
        """Listen no longer."""
        self._unsubscribe()
        self.flows.close()

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
            await self.flows.through(recovering.offer(self.session, self.ask, cut_off))
            self.conversation.put_back_unsent()
            await self.session.prepare()
            self.call_later(self._say_how_to_begin)
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
                    await self.flows.through(handing_over)
        except TrajError as error:
            self.say(str(error), bad=True)

    @on(Worker.StateChanged)
    def _show_fault(self, event: Worker.StateChanged) -> None:
        """A fault of the program itself is told, never swallowed."""
        error = event.worker.error
        if event.state is WorkerState.ERROR and error is not None:
            self.say(f"internal error: {type(error).__name__}: {error}", bad=True)

    def say(self, text: str, *, bad: bool = False) -> None:
        """Say what came of a command, on the status bar; a fault that has no room there also in a box."""
        self.notes.say(text, bad=bad)
        if bad:
            self.call_after_refresh(self._open_if_cut, self.notes.present)

    def _open_if_cut(self, note: Note) -> None:
        if self.status.cuts:
            from trajtui.actions import telling  # dialogs

            telling.open_unless_in_the_way(note, self)

    @on(StatusBar.Clicked)
    def _show_whole_note(self) -> None:
        self.action_act("whole_message")

    # What the session tells

    def _on_change(self, change: notices.Notice) -> None:
        """The panes hear of it at once, in order; the rest of the screen follows as a message."""
        self.side.follow(change)
        match change:
            case notices.Output() | notices.Executing():
                pass
            case notices.Executed():
                self.conversation.running.close()
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
        self.panes.column.follow(change)

    @on(SessionChanged)
    def _show_change(self, event: SessionChanged) -> None:
        match event.change:
            case notices.Progress(text, done):
                self.notes.progress(text, done)
            case notices.Visited():
                self._show_selected()
            case notices.Asked():
                self.ahead.drop()
                self.conversation.show_question()
            case notices.BudgetSpent():
                self._ask_to_go_on()
            case notices.Stopped():
                self._say_how_it_stopped(event.change)
            case notices.Said(text, severity):
                self._say_notice(text, severity)
            case notices.SandboxChosen():
                self._sandbox = event.change
            case notices.WorldChosen() | notices.WorldLacks():
                self._show_world(event.change)
            case notices.RunChanged(restarted):
                self._show_run(restarted=restarted)
            case notices.StateChanged():
                self._show_state()
            case notices.QueueChanged():
                self.conversation.show_queue()
            case _:
                self._show_rows()
        self._refresh_bars()

    def _say_how_to_begin(self) -> None:
        """Tell a new user what to press and in what it runs; what could be had instead is told behind it."""
        session, offered = self.session, self.notes.present.text
        if self._live or session.run.entries or session.busy or session.state is not State.PAUSED:
            return
        if offered and offered != offer(session, screen=True):
            return
        from trajcore.views import said

        self.say(" · ".join(filter(None, (said.of_start(session, shown_key(self, "step")), offered))))

    def _say_how_it_stopped(self, stop: notices.Stopped) -> None:
        from trajcore.views import said  # of what nothing is needed before a run stops

        if stop.why is not Stop.THERE or self.session.at_end:
            self.ahead.drop()
        self.say(self.ahead.words() + said.of_stop(self.session, stop))

    def _say_notice(self, text: str, severity: notices.Severity) -> None:
        if self.session.state is State.ERROR:
            self.ahead.drop()
        text = self.ahead.words() + text
        if severity == "warning":  # of something that nobody asked for
            self.notes.say(text, bad=True)
        else:
            self.say(text, bad=severity != "information")

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
        begins = self.session.state in (State.REPLAYING, State.THINKING, State.EXECUTING)
        if begins and not self._at_work:
            self.timeline.follow_last()
        self._at_work = self.session.state.at_work or self.ahead.go_on()
        self._show_position()
        self.timeline.show_last()
        self.conversation.show_question()
        if begins or (self.notes.present.bad and self.session.state is not State.ERROR):
            self.notes.fade()
        if self.session.mode is Mode.LIVE and self._mode is Mode.REPLAY and begins:
            self.show_tab(LIVE_TAB)
        self._mode = self.session.mode if begins else self._mode
        self._show_rows()
        self.conversation.show_queue()

    def _ask_to_go_on(self) -> None:
        """Ask whether the model may go on, unless something is typed, which no dialog is to swallow."""
        from trajtui.actions import models  # dialogs

        if not self.conversation.is_typing:
            self.flows.begin(models.go_on(self))

    def _show_run(self, *, restarted: bool) -> None:
        self.unsaved_run = not restarted and self.session.run.has_added
        if self.session.busy:
            self.timeline.show_last()
        else:
            self.timeline.follow_last()
        self._show_selected()

    def _show_position(self) -> None:
        """Catch up with a replay, which may be many events further by now, or has stopped and been shown."""
        if not self._behind:
            return
        self._behind = False
        self.timeline.show_last()
        self._show_rows()
        self._refresh_bars()

    def _show_rows(self) -> None:
        self.timeline.lines_changed()
        self._show_selected()

    @on(TimelineView.Selected)
    def _cursor_moved(self, event: TimelineView.Selected) -> None:
        """What was said before the user moved the cursor is out of date; not where it follows a run."""
        moved, self._row = event.row != self._row, event.row
        said_before = self.notes.present.moment < event.time
        if moved and said_before and not self.timeline.following and self.session.state is not State.ERROR:
            self.notes.fade()
        self._show_selected()

    def _show_selected(self) -> None:
        """Show the selected event a moment later, so that a held key does not draw every event it passes."""
        self._refresh_bars()
        self.set_timer(_DETAIL_DELAY, self.draw_selected)

    def draw_selected(self) -> None:
        """Show the selected row at the right, at once."""
        self.side.show_row(self.timeline.selected)

    @on(TimelineColumn.Searched)
    def _mark_searched(self, event: TimelineColumn.Searched) -> None:
        self.side.show_query(event.query)

    @on(TimelineColumn.Found)
    def _seek_found(self, event: TimelineColumn.Found) -> None:
        self.side.seek(event.row)
        self._show_selected()

    def on_event_pane_picture_chosen(self, event: EventPane.PictureChosen) -> None:
        """Show a picture that was clicked."""
        from trajtui.opening import see  # comes with the first picture that is looked at

        self.flows.begin(see(self.ask, event.block, large=event.large))

    # Commands

    def action_act(self, name: str) -> None:
        """Carry an action out, if the user has agreed to where commands run."""
        if not self._may_run and name not in HARMLESS:
            return
        if name in ON_ROWS and self.side.has_focus_within:
            self.say("this changes the selected rows, and the keys are the right-hand pane's: Esc goes back")
            return
        before = self.notes.present
        self.flows.carry_out(lambda: BY_NAME[name].handler(self))
        if self.notes.present is before and before.bad and self.session.state is not State.ERROR:
            self.notes.fade()  # it was about the key before this one
        self.hints.done(name)
        self._refresh_bars()

    async def ask(self, dialog: ModalScreen[Any]) -> Any:
        """Show a dialog and wait for its answer. To be called in a worker, as coroutines of actions are."""
        self.ahead.drop()
        return await self.flows.ask(dialog)

    @on(KeyBar.Clicked)
    def _press(self, event: KeyBar.Clicked) -> None:
        self.app.call_later(self.app.simulate_key, event.key)  # what a screen sends does not come to it

    @on(EndsBar.Clicked, "#header")
    def _show_the_world(self) -> None:
        self.action_act("world")

    def on_descendant_focus(self) -> None:
        """The footer has other keys."""
        self._refresh_bars()

    def on_descendant_blur(self) -> None:
        """The footer has other keys."""
        self._refresh_bars()

    def get_selected_text(self) -> str | None:
        """What is marked with the mouse, in a pane or elsewhere; None where nothing is."""
        return self.panes.selected_text() or super().get_selected_text()

    def clear_selection(self) -> None:
        """Mark nothing any more."""
        super().clear_selection()
        self.panes.unmark()

    @on(LinePane.RowChosen)
    def _go_to_chosen(self, event: LinePane.RowChosen) -> None:
        self.timeline.go_to(event.row)

    @on(LinePane.EdgesChanged)
    def _show_keys_of_edges(self) -> None:
        self._refresh_bars()

    @on(TimelineView.Called)
    def _act_on_row(self, event: TimelineView.Called) -> None:
        self.action_act(event.action)

    @on(TimelineColumn.Told)
    def _say_told(self, event: TimelineColumn.Told) -> None:
        self.say(event.text, bad=event.bad)

    def _back_to_timeline(self) -> None:
        self.set_focus(self.timeline)

    def show_tab(self, tab: PaneTab) -> None:
        """Show a right-hand tab."""
        self.panes.show_tab(tab)
        self.draw_selected()

    @property
    def sandbox_words(self) -> str:
        """In what the run takes place, its network and its world, and the model: as the header says it."""
        return header_right(self.session, self._sandbox, self._world)

    def _refresh_bars(self) -> None:
        header = self.query_one("#header", EndsBar)
        header.left = header_left(self.session)
        header.right = self.sandbox_words
        header.alarm = "" if self.session.settings.walled else self.session.settings.sandbox
        timeline, note = self.timeline, self.notes.present
        status = status_of(
            self.session,
            timeline.selected,
            note.text,
            bad=note.bad,
            done=note.done,
            several=len(timeline.picked),
            ahead=len(self.ahead),
        )
        self.status.status = status
        self.query_one(KeyBar).keys = footer(self)
