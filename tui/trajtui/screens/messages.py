"""What was said to the user: all of it as a list, or one message whole in a box."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar, Final

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from trajcore.text import safe, safe_line
from trajtui.actions.copying import put
from trajtui.notes import Note
from trajtui.patient import PatientApp
from trajtui.screens.dialog import Dialog
from trajtui.widgets.inputs import Choices

_COPIED: Final = "what was said"
_SCROLLING: Final = ("j", "k", "down", "up")
_BAD: Final = "✗"
"""The mark of a fault."""


class MessageList(Dialog[None]):
    """All that was said, the newest last, and the whole text of the selected message below."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "leave", "close"),
        Binding("y", "copy", "copy", show=False),
        Binding("g,home", "end(False)", "to the beginning", show=False),
        Binding("G,end", "end(True)", "to the end", show=False),
    ]

    def __init__(self, log: Iterable[Note]) -> None:
        super().__init__()
        self._log = list(log)

    def compose(self) -> ComposeResult:
        """The list above the text, and what the keys do."""
        with Vertical(classes="dialog", id="messages"):
            yield Static("Messages", markup=False, classes="question")
            yield Choices(*map(_option, self._log), markup=False)
            with VerticalScroll(can_focus=False):
                yield Static("", markup=False, id="messages-whole")
            yield Static("y copies · Esc closes", markup=False, classes="note")

    def on_mount(self) -> None:
        """Begin at the newest."""
        self.query_one(OptionList).highlighted = len(self._log) - 1

    @property
    def _selected(self) -> Note:
        return self._log[self.query_one(OptionList).highlighted or 0]

    @on(OptionList.OptionHighlighted)
    def _show_whole(self) -> None:
        self.query_one("#messages-whole", Static).update(safe(self._selected.text))

    def action_end(self, last: bool) -> None:
        """Go to the oldest or the newest message."""
        self.query_one(OptionList).highlighted = len(self._log) - 1 if last else 0

    @work(exit_on_error=False)
    async def action_copy(self) -> None:
        """Copy the selected message."""
        said = await put(self.app, _COPIED, self._selected.text)
        self.query_one(".note", Static).update(safe_line(said))

    def action_leave(self) -> None:
        """Close it."""
        self.dismiss(None)


class NoteBox(Dialog[str | None]):
    """One message whole. The answer is what a key of `keys` stands for, None where it is just closed.

    It asks nothing: a key that it has no use for closes it, and does what it does on the screen beneath.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,space", "leave", "close"),
        Binding("y", "copy", "copy", show=False),
        Binding("j,down", "move(1)", "down", show=False),
        Binding("k,up", "move(-1)", "up", show=False),
    ]

    def __init__(self, note: Note, keys: Mapping[str, str], hint: str) -> None:
        super().__init__()
        self._note = note
        self._keys = keys
        self._hint = hint

    def compose(self) -> ComposeResult:
        """When it was said, the text, and what the keys do."""
        with Vertical(classes="dialog", id="whole"):
            yield Static(_head(self._note), classes="question")
            with VerticalScroll(can_focus=False):
                yield Static(safe(self._note.text), markup=False)
            yield Static(self._hint, markup=False, classes="note")

    def on_key(self, event: events.Key) -> None:
        """A key that stands for something takes that; one that does nothing here goes on."""
        if event.key in self._keys:
            event.stop()
            self.dismiss(self._keys[event.key])
        elif not self._has_use_for(event.key):
            event.stop()
            self.dismiss(None)
            assert isinstance(self.app, PatientApp)
            self.app.hand_back(event)

    def _has_use_for(self, key: str) -> bool:
        is_to_scroll = key in _SCROLLING and not self.query_one(VerticalScroll).max_scroll_y
        return self._bindings.key_to_bindings.get(key) is not None and not is_to_scroll

    def action_move(self, by: int) -> None:
        """Scroll by lines."""
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)

    @work(exit_on_error=False)
    async def action_copy(self) -> None:
        """Copy the message."""
        said = await put(self.app, _COPIED, self._note.text)
        self.query_one(".note", Static).update(safe_line(said))

    def action_leave(self) -> None:
        """Close it."""
        self.dismiss(None)


def _option(note: Note) -> Option:
    return Option(_head(note) + Content(f" {safe_line(note.text)}"))


def _head(note: Note) -> Content:
    """When it was said, and whether it is a fault."""
    mark = Content.styled(f"{_BAD}", "$text-error bold") if note.bad else Content(" ")
    return Content(f"{note.at:%H:%M:%S} ") + mark
