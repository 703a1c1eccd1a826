"""One-line bars: the header, the tabs, the status and the keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from msgspec import Struct
from rich.cells import cell_len, set_cell_size
from rich.text import Text
from textual import events
from textual.app import RenderResult
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from trajcore import State
from trajcore.text import safe_line
from trajcore.views.status import StatusLine


class EndsBar(Widget):
    """A text at the left and one at the right; the right one gives way first."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"ends--alarm"}

    left: reactive[str] = reactive("")
    right: reactive[str] = reactive("")
    alarm: reactive[str] = reactive("")
    """What the right text begins with and is drawn in red."""

    @dataclass
    class Clicked(Message):
        """The user clicked the right half of a bar."""

        bar: EndsBar

        @property
        def control(self) -> EndsBar:
            """The bar, for those that want to hear of one alone."""
            return self.bar

    def on_click(self, event: events.Click) -> None:
        """Tell of it where it is in the right half: there is what can be changed."""
        if event.x >= self.size.width // 2:
            self.post_message(self.Clicked(self))

    def render(self) -> RenderResult:
        """Both texts on one line."""
        width = self.size.width
        left, right = safe_line(self.left), safe_line(self.right)
        room = width - cell_len(left) - cell_len(right) - 3
        text = Text(f" {left}", no_wrap=True, overflow="ellipsis")
        if room >= 0 and right:
            text.append(" " * (room + 1))
            alarm = self.alarm if right.startswith(self.alarm) else ""
            text.append(alarm, self.get_component_rich_style("ends--alarm", partial=True) if alarm else "")
            text.append(right.removeprefix(alarm) + " ")
        return text


class TabLine(Struct, frozen=True):
    """What a row of tabs says: the names by their keys, which one is shown, and what else is told of that."""

    names: Mapping[int, str]
    active: int
    has_focus: bool = False
    aside: str = ""


class TabBar(Widget):
    """The names of the right-hand panes, each behind the key that shows it."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"tabs--active", "tabs--focus"}

    line: reactive[TabLine] = reactive(TabLine({}, 0))

    @dataclass
    class Picked(Message):
        """The user clicked a tab."""

        key: int

    def render(self) -> RenderResult:
        """The names in a row, the one that is shown marked; what is told of it at the right."""
        line, text = self.line, Text(no_wrap=True)
        active = self.get_component_rich_style(
            f"tabs--{'focus' if line.has_focus else 'active'}", partial=True
        )
        for key, name in line.names.items():
            text.append(f" {key} {name} ", active if key == line.active else "")
        aside = safe_line(line.aside)
        room = self.content_size.width - text.cell_len - cell_len(aside)
        return text.append(" " * room + aside) if aside and room > 0 else text

    def on_click(self, event: events.Click) -> None:
        """Show the tab that was clicked."""
        at = self.gutter.left
        for key, name in self.line.names.items():
            at += len(f" {key} {name} ")
            if event.x < at:
                self.post_message(self.Picked(key))
                return


_STATES: Final = {
    State.PAUSED: "status--paused",
    State.REPLAYING: "status--running",
    State.THINKING: "status--live",
    State.EXECUTING: "status--live",
    State.AWAITING_INPUT: "status--waiting",
    State.AWAITING_CONFIRMATION: "status--waiting",
    State.FINISHED: "status--finished",
    State.ERROR: "status--error",
}
"""How each state looks."""


_MODIFIED: Final = " modified "
_LEAST: Final = 2
"""Cells in which nothing can be said."""


class StatusBar(Widget):
    """Mode and state, position, what happened last, and whether there is unsaved work."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*_STATES.values(), "status--bad", "status--modified"}

    status: reactive[StatusLine | None] = reactive(None)

    class Clicked(Message):
        """The user clicked what was said."""

    def on_click(self) -> None:
        """Tell of it."""
        self.post_message(self.Clicked())

    @property
    def cuts(self) -> bool:
        """Whether what is said has more text than there is room for."""
        status = self.status
        return status is not None and cell_len(_note(status)) > self._room(self._begin(status), status)

    def render(self) -> RenderResult:
        """State, position and `modified` stay; the rest is dropped from the right."""
        status = self.status
        if status is None:
            return Text("")
        width, text = self.size.width, self._begin(status)
        note, room = _note(status), self._room(text, status)
        if note and room > _LEAST:
            bad = self.get_component_rich_style("status--bad", partial=True) if status.bad else ""
            text.append("   ")
            text.append(note if cell_len(note) <= room else set_cell_size(note, room - 1) + "…", bad)
        if status.modified:
            text.append(" " * max(0, width - text.cell_len - len(_MODIFIED)))
            text.append(_MODIFIED, self.get_component_rich_style("status--modified", partial=True))
        return text

    def _begin(self, status: StatusLine) -> Text:
        """What stays at the left: state and position."""
        text = Text(no_wrap=True)
        state = _STATES[State(status.state)]
        text.append(f" {status.mode} {status.state} ", self.get_component_rich_style(state, partial=True))
        text.append(f"  {status.position}")
        if status.alarm:
            text.append("  ")
            text.append(status.alarm, self.get_component_rich_style("status--bad", partial=True))
        return text

    def _room(self, begin: Text, status: StatusLine) -> int:
        """Cells for what is said: three before it and one behind stay free."""
        return self.size.width - begin.cell_len - len(_MODIFIED) * status.modified - 4


def _note(status: StatusLine) -> str:
    return progress_bar(status.done) + safe_line(status.note)


def progress_bar(done: float | None) -> str:
    """Ten cells that fill up, and a space; nothing where it is not known how far something is."""
    if done is None:
        return ""
    full = round(max(0.0, min(1.0, done)) * 10)
    return "▰" * full + "▱" * (10 - full) + " "


class FooterKey(Struct, frozen=True):
    """A key as it is shown, what it does in a word, and its name, by which a click presses it.

    One that `stays` has its room before others.
    """

    shown: str
    word: str
    key: str
    stays: bool = False


class KeyBar(Widget):
    """The keys that matter most; of those in the middle, what does not fit is left out."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"keys--key"}

    keys: reactive[tuple[FooterKey, ...]] = reactive(())

    @dataclass
    class Clicked(Message):
        """The user clicked a key."""

        key: str

    def render(self) -> RenderResult:
        """Key and word, side by side."""
        text = Text(" ", no_wrap=True)
        style = self.get_component_rich_style("keys--key", partial=True)
        for one in self._fitting:
            text.append(one.shown, style)
            text.append(f" {one.word}  ")
        return text

    @property
    def _fitting(self) -> list[FooterKey]:
        """Those that there is room for: the last two (Esc, all keys), and those that stay, before others."""
        room, late = self.size.width - 1, len(self.keys) - 2
        found = []
        for place in sorted(
            range(len(self.keys)), key=lambda place: (place < late and not self.keys[place].stays, place)
        ):
            room -= _wide(self.keys[place])
            if room < -2:
                break
            found.append(place)
        return [self.keys[place] for place in sorted(found)]

    def on_click(self, event: events.Click) -> None:
        """Press the key that was clicked."""
        at = self.gutter.left + 1
        for one in self._fitting:
            at += _wide(one)
            if event.x < at:
                self.post_message(self.Clicked(one.key))
                return


def _wide(key: FooterKey) -> int:
    """So many cells a key and its word take, with what is between it and the next."""
    return cell_len(key.shown) + cell_len(key.word) + 3
