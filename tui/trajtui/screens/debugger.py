"""The debugger: the timeline beside the live sandbox. It shows a session and passes commands on to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, ClassVar, Final

from textual import on, work
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.screen import Screen
from textual.worker import Worker, WorkerState

from trajcore import notices
from trajcore.errors import TrajError
from trajcore.replay.states import Mode, State
from trajcore.session import Delivery, Session
from trajcore.views.status import header_left, header_right, message_hint, status_of
from trajtui.actions import flows, recovering, saving
from trajtui.actions.editing import EditActions
from trajtui.actions.replay import ReplayActions
from trajtui.actions.table import ACTIONS, bindings
from trajtui.palette import ActionProvider
from trajtui.screens.breakpoints import BreakpointList
from trajtui.screens.checks import ChecksScreen
from trajtui.screens.dialogs import Help
from trajtui.widgets.bars import EndsBar, KeyBar, StatusBar, TabBar
from trajtui.widgets.lines import LinePane
from trajtui.widgets.message_box import MessageBox
from trajtui.widgets.side import SidePane
from trajtui.widgets.timeline import TimelineView

_DETAIL_DELAY: Final = 0.04
_CATCH_UP: Final = 1 / 30


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

    def __init__(self, session: Session, at: str | None = None, live: bool = False) -> None:
        super().__init__()
        self._session = session
        self._at = at
        self._live = live
        self._note, self._bad = "", False
        self._done: float | None = None
        self._in_progress = False
        """Whether the note is that of a long operation, which ends it."""
        self._sandbox: notices.SandboxChosen | None = None
        self._unsaved_run = False
        self._behind = False
        """Whether the screen has yet to catch up with the replay's position."""
        self._mode = Mode.REPLAY
        self._may_run = session.settings.walled
        """Whether the user has agreed to where the commands run."""

    def compose(self) -> ComposeResult:
        """Header, timeline beside the tabs, message box, status and keys."""
        yield EndsBar(id="header")
        with Horizontal(id="panes"):
            yield TimelineView(self._session, id="timeline")
            yield SidePane(self._session, id="side")
        yield MessageBox(id="message")
        yield StatusBar(id="status")
        yield KeyBar(_footer(), id="keys")

    def on_mount(self) -> None:
        """Listen to the session, and find out which sandbox it will have."""
        self._unsubscribe = self._session.subscribe(self._on_change)
        ask = self.app.push_screen_wait
        self._edits = EditActions(self._session, self.timeline, ask)
        self._replay = ReplayActions(self._session, self.timeline, ask)
        self._refresh_bars()
        self._prepare()

    def on_unmount(self) -> None:
        """Listen no longer."""
        self._unsubscribe()

    @work(exit_on_error=False)
    async def _prepare(self) -> None:
        try:
            if not self._may_run and not await flows.may_run_on_host(self.app.push_screen_wait):
                self.app.exit()
                return
            self._may_run = True
            await self._flow(recovering.offer(self._session, self.app.push_screen_wait))
            await self._session.prepare()
            if self._at is not None:
                self._session.run_to(self._session.trajectory.resolve(self._at))
                await self._session.idle()
            if self._live and self._session.state is not State.ERROR:
                self.action_go_live()
        except TrajError as error:
            self._say(str(error), bad=True)

    @on(Worker.StateChanged)
    def _show_fault(self, event: Worker.StateChanged) -> None:
        """A fault of the program itself is told, never swallowed."""
        error = event.worker.error
        if event.state is WorkerState.ERROR and error is not None:
            self._say(f"internal error: {type(error).__name__}: {error}", bad=True)

    # What the session tells

    def _on_change(self, change: notices.Notice) -> None:
        """What belongs to the terminal is written at once, in order; the rest waits as a message."""
        match change:
            case notices.Output(data):
                self.side.terminal.write(data)
            case notices.Executing(kind, text, directory, recorded):
                prompt = text if kind == "run" else f"{kind} {text}"
                self.side.terminal.prompt(directory, prompt, recorded=recorded)
            case notices.Executed(exit_code, seconds, note):
                self.side.terminal.end(exit_code, seconds, note)
            case notices.WentBack(_, text):
                self.side.terminal.note(f"── {text}")
                self.post_message(SessionChanged(change))
            case notices.DocumentChanged(_, remap) if remap is not None:
                self.timeline.rebuild(remap)  # at once: no row may be drawn that stands for another event
                self.post_message(SessionChanged(change))
            case notices.PositionChanged() | notices.StepDone() if self._session.busy:
                if not self._behind:
                    self._behind = True
                    self.set_timer(_CATCH_UP, self._show_position)
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
            case notices.WentBack():
                self.timeline.rebuild()
                self.side.chat.refresh_dialogue()
            case notices.Said(text, severity):
                self._say(text, bad=severity != "information")
            case notices.SandboxChosen():
                self._sandbox = event.change
            case notices.ModelText(text, fresh):
                self.side.chat.add_model_text(text, fresh=fresh)
                return
            case notices.RunChanged(restarted):
                self._show_run(restarted=restarted)
            case notices.StateChanged():
                self._show_state()
            case _:
                self._show_rows()
        self._refresh_bars()

    def _show_state(self) -> None:
        """What was said of the last state does not outlive it; a live session is shown when it begins."""
        begins = self._session.state in (State.REPLAYING, State.THINKING, State.EXECUTING)
        if begins or (self._bad and self._session.state is not State.ERROR):
            self._note, self._bad = "", False
        if self._session.mode is Mode.LIVE and self._mode is Mode.REPLAY and begins:
            self._show_tab(5)
        self._mode = self._session.mode if begins else self._mode
        self._show_rows()

    def _show_run(self, *, restarted: bool) -> None:
        if restarted:
            self.side.terminal.clear()
            self._unsaved_run = False
        else:
            self._unsaved_run = True
        self.timeline.rebuild()
        self.side.chat.refresh_dialogue()
        if self._session.mode is Mode.LIVE:
            self.timeline.follow_end()
        self._show_selected()

    def _show_position(self) -> None:
        """Catch up with a replay, which may be many events further by now."""
        self._behind = False
        self.timeline.follow(self._session.position)
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

    def action_step(self) -> None:
        """Step one action."""
        self._command(self._session.step)

    def action_step_over(self) -> None:
        """Step one action; a delegation counts as one."""
        self._command(self._session.step_over)

    def action_continue(self) -> None:
        """Continue to a breakpoint or the end."""
        self._command(self._session.resume)

    def action_run_to(self) -> None:
        """Run to the selected event; back to it, where it was played."""
        self._run(self._replay.run_to())

    def action_back(self) -> None:
        """Step back one action."""
        self._run(self._replay.back())

    def action_back_to_breakpoint(self) -> None:
        """Go back to the previous breakpoint."""
        self._run(self._replay.back_to_breakpoint())

    def action_shell(self) -> None:
        """Leave the screen for a shell inside the sandbox, until it ends."""
        self._run(self._replay.visit(self.app))

    def action_breakpoint(self) -> None:
        """Set or remove a breakpoint on the selected event."""
        self._command(self._replay.breakpoint)

    def action_restart(self) -> None:
        """Restart in a fresh sandbox; a run that holds unsaved work is asked for first."""
        self._restart()

    @work(exit_on_error=False)
    async def _restart(self) -> None:
        if not self._unsaved_run or await flows.may_restart(self.app.push_screen_wait):
            self._command(self._session.restart)

    def action_pause(self) -> None:
        """Pause or interrupt; else select no more than one event; else show both panes again."""
        if self._session.busy:
            self._command(self._session.interrupt)
        elif not self.timeline.pick_none():
            self._show_both()

    # Editing

    def action_flip_wait(self) -> None:
        """Flip wait_for_response of the selected message."""
        self._edit(self._edits.flip_wait)

    def action_space(self) -> None:
        """Fold a delegation, or flip a flag."""
        row = self.timeline.selected
        if row is not None and row.index is not None:
            kind = self._session.trajectory.outline.kinds[row.index]
            if kind == "delegate":
                self.timeline.fold(row.index)
                return
        self._asking(self._edits.flip())

    def action_service(self) -> None:
        """Choose how the selected steps are satisfied: execute, recorded, skip."""
        self._edit(self._edits.service)

    def action_edit_event(self) -> None:
        """Edit the selected event here."""
        self._asking(self._edits.edit())

    def action_edit_outside(self) -> None:
        """Edit the selected event in the user's own editor."""
        self._asking(self._edits.edit_outside(self.app))

    def action_insert_before(self) -> None:
        """Insert a user message before the selected event."""
        self._asking(self._edits.insert_message(behind=False))

    def action_insert_behind(self) -> None:
        """Insert a user message behind the selected event."""
        self._asking(self._edits.insert_message(behind=True))

    def action_insert_kind(self) -> None:
        """Insert an event of any kind."""
        self._asking(self._edits.insert_kind())

    def action_delete(self) -> None:
        """Delete the selected events."""
        self._edit(self._edits.delete)

    def action_duplicate(self) -> None:
        """Duplicate the selected events."""
        self._edit(self._edits.duplicate)

    def action_move_down(self) -> None:
        """Move the selected events down."""
        self._edit(lambda: self._edits.move(1))

    def action_move_up(self) -> None:
        """Move the selected events up."""
        self._edit(lambda: self._edits.move(-1))

    def action_extend(self, by: int) -> None:
        """Select one event more, or one less."""
        self.timeline.extend(by)

    def action_replace_text(self) -> None:
        """Find and replace."""
        self._asking(self._edits.replace_text())

    def action_history(self) -> None:
        """Show the edits, and go to any point of them."""
        self._asking(self._edits.history())

    def action_undo(self) -> None:
        """Take the last edit back."""
        self._edit(self._edits.undo)

    def action_redo(self) -> None:
        """Make the last undone edit again."""
        self._edit(self._edits.redo)

    def _edit(self, edit: Callable[[], str]) -> None:
        self._command(lambda: self._say(edit()))

    def _run(self, flow: Coroutine[Any, Any, None]) -> None:
        """Do what makes something run, if the user has agreed to where."""
        if self._may_run:
            self._asking(flow)
        else:
            flow.close()

    def _asking(self, flow: Awaitable[str | None]) -> None:
        self.run_worker(self._flow(flow), exit_on_error=False)

    def action_breakpoints(self) -> None:
        """List the breakpoints, with their conditions."""
        self.app.push_screen(BreakpointList(self._session))

    def action_save(self) -> None:
        """Save the edited recording."""
        self._save()

    @work(exit_on_error=False)
    async def _save(self) -> None:
        await self._flow(saving.save(self._session, self.app.push_screen_wait))

    def action_save_as(self) -> None:
        """Save the edited recording as another file."""
        self._asking(saving.save_as(self._session, self.app.push_screen_wait))

    def action_differences(self) -> None:
        """Show what a save would change."""
        self._asking(saving.show_differences(self._session.trajectory, self.app.push_screen_wait))

    def action_check(self) -> None:
        """List what is wrong with the recording, with repairs."""
        self.app.push_screen(ChecksScreen(self._session), self._go_to)

    def _go_to(self, index: int | None) -> None:
        if index is not None:
            self.timeline.raw = True
            self.timeline.follow(index)

    async def _flow(self, flow: Awaitable[str | None]) -> bool:
        """Go through a few dialogs and say what came of it; whether anything did."""
        try:
            said = await flow
        except TrajError as error:
            self._say(str(error), bad=True)
            return False
        if said is not None:
            self._say(said)
        return said is not None

    def action_save_run(self) -> None:
        """Save what happened in this run."""
        self._save_run()

    @work(exit_on_error=False)
    async def _save_run(self) -> None:
        if not len(self._session.run):
            self._say("nothing has happened in this run yet", bad=True)
        elif await self._flow(flows.save_run(self._session, self.app.push_screen_wait)):
            self._unsaved_run = False

    def action_message(self) -> None:
        """Open the message box."""
        hint, replaceable = message_hint(self._session)
        self.query_one(MessageBox).open(hint, replaceable=replaceable)

    def action_go_live(self) -> None:
        """Hand over to the model; where the agent spoke last, the user's word is asked for first."""
        if self._session.needs_message and not self._session.busy:
            self.action_message()
        else:
            self._command(self._session.go_live)

    @on(MessageBox.Submitted)
    def _send(self, event: MessageBox.Submitted) -> None:
        box = self.query_one(MessageBox)
        if self._command(lambda: self._session.message(event.text, event.delivery)):
            box.clear()
            box.close()
            if event.delivery is Delivery.INSERT and self._session.mode is Mode.REPLAY:
                self._say("the message is part of this run now: s or c goes on")

    @on(MessageBox.Closed)
    def _leave_box(self) -> None:
        self.timeline.focus()

    def action_down(self) -> None:
        """Move down: in the timeline, or in the pane that has the focus."""
        self._focused_pane.move(1)

    def action_up(self) -> None:
        """Move up."""
        self._focused_pane.move(-1)

    def action_first(self) -> None:
        """Move to the first row."""
        self._focused_pane.move_to_end(last=False)

    def action_last(self) -> None:
        """Move to the last row."""
        self._focused_pane.move_to_end(last=True)

    @property
    def _focused_pane(self) -> LinePane:
        return self.focused if isinstance(self.focused, LinePane) else self.timeline

    def action_show_tab(self, key: int) -> None:
        """Show a right-hand tab."""
        self._show_tab(key)

    @on(TabBar.Picked)
    def _make_room(self) -> None:
        self.remove_class("-timeline-only")

    def _show_tab(self, key: int) -> None:
        self.remove_class("-timeline-only")
        self.side.show_tab(key)
        self._draw_selected()

    def action_show_pane(self) -> None:
        """Give the right-hand pane the focus; where the panes are stacked, the whole screen."""
        if self.has_class("-narrow"):
            self._show_alone("-side-only")
        self.remove_class("-timeline-only")
        self.side.active.focus()

    def action_zoom(self) -> None:
        """Maximise the focused pane, or give it back."""
        if self.has_class("-side-only") or self.has_class("-timeline-only"):
            self._show_both()
        else:
            self._show_alone("-timeline-only" if self.focused is self.timeline else "-side-only")

    def _show_alone(self, pane: str) -> None:
        self.remove_class("-side-only", "-timeline-only")
        self.add_class(pane)

    def _show_both(self) -> None:
        if self.has_class("-side-only"):
            self.timeline.focus()
        self.remove_class("-side-only", "-timeline-only")

    def action_raw(self) -> None:
        """One row a step, or every event of the file."""
        self.timeline.raw = not self.timeline.raw
        self._say("every event of the file" if self.timeline.raw else "one row a step")

    def action_help(self) -> None:
        """Show all keys."""
        self.app.push_screen(Help())

    def action_quit(self) -> None:
        """Quit; unsaved work is asked for first."""
        self._quit()

    @work(exit_on_error=False)
    async def _quit(self) -> None:
        unsaved = [
            *(["edits of the recording"] if self._session.trajectory.modified else []),
            *(["messages or live steps of this run"] if self._unsaved_run else []),
        ]
        if not unsaved or await flows.may_quit(self._session, unsaved, self.app.push_screen_wait):
            self.app.exit()

    # Parts

    @property
    def timeline(self) -> TimelineView:
        """The timeline."""
        return self.query_one(TimelineView)

    @property
    def side(self) -> SidePane:
        """The panes at the right."""
        return self.query_one(SidePane)

    def _command(self, command: Callable[[], object]) -> bool:
        """Do something the session may refuse; whether it was done."""
        if not self._may_run:
            return False
        try:
            command()
        except TrajError as error:
            self._say(str(error), bad=True)
            return False
        return True

    def _say(self, text: str, *, bad: bool = False) -> None:
        self._note, self._bad, self._done, self._in_progress = text, bad, None, False
        self._refresh_bars()

    def _refresh_bars(self) -> None:
        header = self.query_one("#header", EndsBar)
        header.left = header_left(self._session)
        header.right = header_right(self._session, self._sandbox)
        header.alarm = "" if self._session.settings.walled else self._session.settings.sandbox
        timeline = self.timeline
        status = status_of(
            self._session,
            timeline.selected,
            self._note,
            bad=self._bad,
            done=self._done,
            several=len(timeline.picked),
        )
        self.query_one(StatusBar).status = status


def _footer() -> tuple[tuple[str, str], ...]:
    return tuple((action.shown.split(" ")[0], action.footer) for action in ACTIONS if action.footer)
