"""The line between two panes, which the mouse moves."""

from __future__ import annotations

from dataclasses import dataclass

from rich.text import Text
from textual import events
from textual.app import RenderResult
from textual.message import Message
from textual.widget import Widget


class Divider(Widget):
    """One column or one row wide; it tells where it is drawn to, and what is beside it makes room."""

    ALLOW_SELECT = False

    @dataclass
    class Moved(Message):
        """The mouse drew the line to `place`: the column, or the row, of what both panes are in."""

        divider: Divider
        place: int

        @property
        def control(self) -> Divider:
            """The line that was moved."""
            return self.divider

    def __init__(self, *, across: bool, id: str) -> None:
        """`across`: it goes from left to right, between a pane and the one below."""
        super().__init__(id=id, classes="-across" if across else "-down")
        self._across = across
        self._is_held = False

    def render(self) -> RenderResult:
        """A line."""
        if self._across:
            return Text("─" * self.size.width, no_wrap=True)
        return Text("\n".join("│" * self.size.height))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take the line."""
        self._is_held = True
        self.capture_mouse()
        event.stop()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Draw it along."""
        if self._is_held and isinstance(self.parent, Widget):
            place = self.region.offset + event.offset - self.parent.region.offset
            self.post_message(self.Moved(self, place.y if self._across else place.x))

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Let it go."""
        self._is_held = False
        self.release_mouse()
        event.stop()
