"""Bisect: a command is asked for, its verdicts come as they are found, then the step that mattered."""

from __future__ import annotations

import asyncio
from typing import ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static
from textual.worker import Worker

from trajcore import Bisecting, Session, TrajError, Visit, bisect_beside
from trajcore.text import safe_line
from trajcore.views import bisects
from trajcore.views.blocks import BLANK, Block, note
from trajtui.screens.dialog import Dialog, tell
from trajtui.widgets.event import EventPane
from trajtui.widgets.inputs import SafeInput

_TITLE: Final = "The first step after which a command comes to something else"
_HINT: Final = "Enter begins · Tab: the other field · Esc cancels"
_SEARCHES: Final = "in a sandbox of its own · Esc stops it"
_FOUND: Final = "Enter goes to the step · arrows scroll · Esc closes"
_NOTHING: Final = "arrows scroll · Esc closes"


class Bisect(Dialog[int | None]):
    """Looks for the step; the answer is its index, where the user wants to go there."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "close"),
        Binding("enter", "take", "go to the step", show=False, priority=True),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._blocks: list[Block] = []
        self._search: Worker[None] | None = None
        self._found: int | None = None

    def compose(self) -> ComposeResult:
        """What is asked for, and room for what is found."""
        with Vertical(classes="dialog wide"):
            yield Static(_TITLE, markup=False, classes="question")
            yield Static("Command; it passes with exit 0, and with 125 it can't tell", classes="label")
            yield SafeInput(placeholder="pytest -q", id="bisect-command", compact=True)
            yield Static("Or passes where what it writes has this expression", classes="label")
            yield SafeInput(placeholder="3 passed", id="bisect-expect", compact=True)
            yield EventPane(id="bisected")
            yield Static(_HINT, markup=False, classes="note")

    def on_mount(self) -> None:
        """The command comes first."""
        self._pane.display = False
        self.query_one("#bisect-command", Input).focus()

    @property
    def _pane(self) -> EventPane:
        return self.query_one(EventPane)

    @on(Input.Submitted)
    def begin(self) -> None:
        """Look for it, or say what is wrong with what was typed."""
        command = self.query_one("#bisect-command", Input).value
        expect = self.query_one("#bisect-expect", Input).value
        if not command.strip():
            self._say("type a command first", bad=True)
            return
        self._show_fields(False)
        self._title.update(safe_line(f"The step that made a difference to: {command}"))
        self._blocks = [note("playing the recording, in a sandbox of its own …")]
        self._pane.display = True
        self._pane.show(tuple(self._blocks))
        self._pane.focus()
        self._say(_SEARCHES)
        self._search = self._look(command, expect or None)

    @work(exit_on_error=False)
    async def _look(self, command: str, expect: str | None) -> None:
        session = self._session
        steps, recording = session.step_count, session.trajectory

        def known(search: Bisecting) -> None:
            self._blocks[0] = note(f"{search.steps} step{'s' * (search.steps != 1)} in question")
            self._pane.show(tuple(self._blocks))

        def visited(visit: Visit) -> None:
            self._blocks.append(bisects.visit_block(visit, recording, steps))
            self._pane.show(tuple(self._blocks))

        try:
            found = await bisect_beside(session, command, expect, on_search=known, on_visit=visited)
        except TrajError as error:
            self._ask_again(str(error))
            return
        except asyncio.CancelledError:
            self._ask_again("stopped: nothing was found")
            raise
        finally:
            self._search = None
        self._found = None if found.first is None else found.first.after
        self._pane.show((*bisects.blocks(found, recording, steps), BLANK, *self._blocks))
        self._say(_FOUND if self._found is not None else _NOTHING)

    def _ask_again(self, why: str) -> None:
        if not self.is_attached:
            return
        self._say(why, bad=True)
        self._title.update(_TITLE)
        self._show_fields(True)
        self._pane.display = False
        self.query_one("#bisect-command", Input).focus()

    def _show_fields(self, shown: bool) -> None:
        for field in self.query(".label, Input"):
            field.display = shown
            field.disabled = not shown

    @property
    def _title(self) -> Static:
        return self.query_one(".question", Static)

    def _say(self, text: str, *, bad: bool = False) -> None:
        tell(self.query_one(".note", Static), text, bad=bad)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Enter belongs to what has the focus until there is a step to go to."""
        return action != "take" or self._found is not None

    def action_take(self) -> None:
        """Go to the step that was found."""
        if self._found is not None:
            self.dismiss(self._found)

    def action_leave(self) -> None:
        """Stop looking, once its sandbox is gone; or back to the debugger."""
        if self._search is not None:
            self._search.cancel()
            return
        self.dismiss(None)
