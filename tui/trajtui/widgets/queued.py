"""The messages that wait to be delivered, above the message box: to read, to take back and to remove."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from rich.cells import cell_len, set_cell_size
from rich.text import Text
from textual import events
from textual.app import RenderResult
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget

from trajcore.text import safe_line

_MOST: Final = 5
"""So many are in view at a time."""
_REMOVE: Final = " ✕"
_LONG: Final = 1_000
"""So many characters of a message are more than a row is wide."""


class QueuedBox(Widget, can_focus=True):
    """One row a message, in the order in which they will be delivered. Not there while there are none."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"queued--selected", "queued--number"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("enter,e", "take_back", show=False),
        Binding("d,delete,backspace", "drop", show=False),
        Binding("escape", "leave", show=False),
    ]

    @dataclass
    class TakenBack(Message):
        """The user wants to edit the message `text`, which is the one with this number."""

        number: int
        text: str

    @dataclass
    class Dropped(Message):
        """The user wants the message `text` removed, which is the one with this number."""

        number: int
        text: str

    def __init__(self, left: Callable[[], None]) -> None:
        """`left` is called when the user goes back to where they were."""
        super().__init__(id="queued")
        self._left = left
        self._texts: tuple[str, ...] = ()
        self._when = ""
        self._selected = 0

    def show(self, texts: Sequence[str], when: str) -> None:
        """Show these, and when they will be delivered."""
        self._texts, self._when = tuple(texts), when
        self._selected = max(0, min(self._selected, len(texts) - 1))
        self.border_title = f"Queued: {len(texts)} · {when}"
        self.border_subtitle = f"{'' if self.has_focus else 'Tab · '}Enter edits · d removes"
        self.display = bool(texts)
        self.refresh(layout=True)

    def on_focus(self) -> None:
        """Say what the keys do here."""
        self.show(self._texts, self._when)

    def on_blur(self) -> None:
        """Say how to come here."""
        self.show(self._texts, self._when)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """A row each, as far as they are in view."""
        return min(_MOST, len(self._texts))

    @property
    def _first(self) -> int:
        """The first that is in view."""
        return max(0, min(self._selected - _MOST // 2, len(self._texts) - _MOST))

    def render(self) -> RenderResult:
        """Number, text, and where to click to remove it."""
        lines = []
        for number in range(self._first, min(self._first + _MOST, len(self._texts))):
            lines.append(self._row(number))
        return Text("\n", no_wrap=True).join(lines)

    def _row(self, number: int) -> Text:
        mark = self.get_component_rich_style("queued--number", partial=True)
        row = Text(f" {number + 1} ", mark, no_wrap=True)
        room = max(1, self.size.width - row.cell_len - len(_REMOVE) - 1)
        text = safe_line(self._texts[number][:_LONG])
        fits = cell_len(text) <= room
        row.append(set_cell_size(text, room) if fits else set_cell_size(text, room - 1) + "…")
        row.append(_REMOVE, mark)
        if number == self._selected and self.has_focus:
            row.stylize(self.get_component_rich_style("queued--selected", partial=True))
        return row

    def action_move(self, by: int) -> None:
        """Select another one."""
        self._selected = max(0, min(self._selected + by, len(self._texts) - 1))
        self.refresh()

    def action_take_back(self) -> None:
        """The selected one is to be edited."""
        if self._texts:
            self.post_message(self.TakenBack(self._selected, self._texts[self._selected]))

    def action_drop(self) -> None:
        """The selected one is to be removed."""
        if self._texts:
            self.post_message(self.Dropped(self._selected, self._texts[self._selected]))

    def action_leave(self) -> None:
        """Back to where the user was."""
        self._left()

    def on_click(self, event: events.Click) -> None:
        """The message that was clicked is to be edited; at its end, removed."""
        event.stop()
        place = event.get_content_offset(self)
        number = -1 if place is None else self._first + place.y
        if place is not None and 0 <= number < len(self._texts):
            self._selected = number
            at_end = place.x >= self.size.width - len(_REMOVE) - 1
            (self.action_drop if at_end else self.action_take_back)()
