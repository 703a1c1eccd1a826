"""Picks a recording, directory by directory; what is one is marked, and said at a glance what it is."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from trajcore import BadInput
from trajcore.text import safe_line
from trajcore.views.browsing import Entry, Listing, listing, shown
from trajcore.views.glances import Glances, may_be_recording
from trajcore.views.recent import short
from trajtui.glancing import Glanced, Glancing
from trajtui.picking import FaultOf, pick
from trajtui.screens.dialog import Dialog, tell
from trajtui.widgets.inputs import Choices, SafeInput

_KEYS: Final = "Enter opens · ← up · → into · / filters · . hidden files · Esc leaves"
_ROWS: Final = 500
"""So many names are shown at once: a list of thousands takes seconds to be laid out."""
_MARK: Final = "●"
_NOTHING: Final = Listing((), more=False)


class _Entries(Choices):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h,backspace", "screen.up", "the directory above"),
        Binding("right,l", "screen.into", "into the directory"),
        Binding("slash", "screen.filter", "filter by name"),
        Binding("full_stop", "screen.hidden", "show hidden files, or not"),
    ]


class _Filter(SafeInput):
    BINDINGS: ClassVar[list[BindingType]] = [Binding("down,up", "screen.to_list", "back to the list")]


class Browse(Dialog[Path | None]):
    """Shows a directory; its answer is what was picked in it or below, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "leave the filter, or the dialog")]
    AUTO_FOCUS = "#browse-list"

    def __init__(self, directory: Path, fault_of: FaultOf) -> None:
        """Begin in a directory."""
        super().__init__()
        self._directory = directory
        self._fault_of = fault_of
        self._listing = _NOTHING
        self._shown: dict[str, Entry] = {}
        self._hidden = False
        self._said: dict[Path, str] = {}
        """What is said of those that are recordings."""
        self._glances = Glances()
        self._glancing: Glancing | None = None

    def compose(self) -> ComposeResult:
        """Where it is, what is there, and what the keys do."""
        with Vertical(classes="dialog wide", id="browse-box"):
            yield Static(safe_line(short(self._directory)), markup=False, classes="question")
            yield _Filter(placeholder="part of the name · Enter opens · ↓ the list", compact=True)
            yield _Entries(markup=False, id="browse-list")
            yield Static(_KEYS, markup=False, classes="note")

    def on_mount(self) -> None:
        """Show the first directory."""
        self.query_one(_Filter).display = False
        self._go(self._directory)

    def on_unmount(self) -> None:
        """Nobody wants to know any more."""
        if self._glancing is not None:
            self._glancing.stop()

    @property
    def _list(self) -> _Entries:
        return self.query_one(_Entries)

    @work(exclusive=True)
    async def _go(self, directory: Path, cursor: Path | None = None) -> None:
        """Show a directory, the cursor on one of its entries; say so where it cannot be read."""
        try:
            found = await asyncio.to_thread(listing, directory)
        except BadInput as error:
            self._say(str(error), bad=True)
            return
        self._directory, self._listing = directory, found
        self._said.clear()
        self.query_one(".question", Static).update(safe_line(short(directory)))
        self.query_one(Input).value = ""
        self.action_to_list()
        self._show(cursor)

    @on(Glanced)
    def _mark(self, event: Glanced) -> None:
        """Mark what can be opened."""
        entry = self._shown.get(str(event.path))
        if entry is not None and event.glance.is_recording:
            self._said[event.path] = " · ".join(filter(None, (event.facts, event.glance.task)))
            self._list.replace_option_prompt(str(event.path), self._line(entry))
            self._list.refresh(layout=True)  # the list is as wide as its text, which it does not see to

    def _show(self, cursor: Path | None = None) -> None:
        """Show what the filter leaves, and find the recordings among that."""
        found = shown(self._listing.entries, self.query_one(Input).value, hidden=self._hidden)
        entries = found[:_ROWS]
        self._shown = {str(one.path): one for one in entries}
        self._list.clear_options()
        self._list.add_options(Option(self._line(one), id=id) for id, one in self._shown.items())
        paths = [one.path for one in entries]
        self._list.highlighted = None if not paths else paths.index(cursor) if cursor in paths else 0
        left_out = self._listing.more or len(found) > len(entries)
        note = _KEYS if entries else f"nothing here · {_KEYS}"
        self._say(f"{note} · there is more: filter it" if left_out else note)
        if self._glancing is not None:
            self._glancing.stop()
        looked_at = (path for path in paths if path not in self._said and may_be_recording(path))
        self._glancing = Glancing(self, looked_at, self._glances)

    def _line(self, entry: Entry) -> Content:
        said = self._said.get(entry.path)
        mark, colour = ("  ", "") if said is None else (f"{_MARK} ", "$text-primary")
        line = Content.assemble((mark, colour), (safe_line(entry.name), colour))
        return line.append_text(f"  {safe_line(said)}", "$text-muted") if said else line

    def _say(self, text: str, *, bad: bool = False) -> None:
        tell(self.query_one(".note", Static), text, bad=bad)

    @property
    def _selected(self) -> Entry | None:
        at = self._list.highlighted
        return None if at is None else self._shown.get(self._list.get_option_at_index(at).id or "")

    @on(OptionList.OptionSelected)
    @on(Input.Submitted)
    def take(self) -> None:
        """Take a recording, also one that is a directory; go into any other directory."""
        entry = self._selected
        if entry is None:
            return
        if entry.is_directory and entry.path not in self._said:
            self._go(entry.path)
        else:
            self._open(entry.path)

    @work(exclusive=True)
    async def _open(self, path: Path) -> None:
        """Answer with what can be opened, else stay."""
        await pick(path, self._fault_of, self._say, self.dismiss)

    def action_into(self) -> None:
        """Go into the directory, also one that is a recording."""
        entry = self._selected
        if entry is not None and entry.is_directory:
            self._go(entry.path)

    def action_up(self) -> None:
        """Go to the directory above, the cursor on the one that is left."""
        if self._directory.parent != self._directory:
            self._go(self._directory.parent, self._directory)

    def action_hidden(self) -> None:
        """Show hidden files, or leave them out again."""
        entry = self._selected
        self._hidden = not self._hidden
        self._show(None if entry is None else entry.path)

    def action_filter(self) -> None:
        """Type a part of the name, at once."""
        self.query_one(Input).display = True
        self.set_focus(self.query_one(Input))

    @on(Input.Changed)
    def _filter(self) -> None:
        entry = self._selected
        self._show(None if entry is None else entry.path)

    def action_to_list(self) -> None:
        """Back to the list, as it is filtered."""
        self.query_one(Input).display = bool(self.query_one(Input).value)
        self._list.focus()

    def action_leave(self) -> None:
        """Leave what is filtered, else pick nothing."""
        box = self.query_one(Input)
        if box.has_focus or box.value:
            box.value = ""
            self.action_to_list()
        else:
            self.dismiss(None)
