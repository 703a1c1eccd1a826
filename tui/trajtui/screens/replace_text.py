"""Find and replace over what actions say, with every match shown before anything is changed."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import ClassVar, Final

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Select, Static

from trajcore import BadInput, Trajectory
from trajcore.text import safe_line
from trajcore.views.search import SEARCHED, Found, found
from trajtui.screens.dialog import Dialog
from trajtui.widgets.inputs import SafeInput
from trajtui.widgets.lines import LinePane

_DELAY: Final = 0.15
_HINT: Final = "Enter replaces all of them in one step · Tab next · Esc leaves"
_ALL: Final = "all"
_CONTEXT: Final = 24
"""So many characters are shown before a match: what it becomes must be in view, too."""


class ReplaceText(Dialog[tuple[Found, str] | None]):
    """Asks what to find and what to put there; its answer is what was found, and the replacement."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "cancel")]

    def __init__(self, trajectory: Trajectory, indices: Collection[int] | None = None) -> None:
        """`indices` are the events to search; None are all of them."""
        super().__init__()
        self._trajectory = trajectory
        self._indices = None if indices is None else sorted(indices)
        self._found: Found | None = None
        """The matches of what is typed now; None while they are being searched."""

    def compose(self) -> ComposeResult:
        """What and by what, how, the matches, and what the keys do."""
        where = "" if self._indices is None else f" in the {len(self._indices)} selected events"
        with Vertical(classes="dialog wide", id="replace"):
            yield Static(f"Find and replace{where}", markup=False, classes="question")
            yield SafeInput(placeholder="find", id="find", compact=True, select_on_focus=False)
            yield SafeInput(placeholder="replace by", id="by", compact=True, select_on_focus=False)
            with Horizontal(id="how"):
                yield _choice("regex", {"text as it stands": False, "regular expression": True})
                yield _choice("case", {"capitals count": True, "any capitals": False})
                yield _choice("fields", {"all fields": _ALL, **{name: name for name in SEARCHED}})
            yield _Preview(Found(self._trajectory), id="matches")
            yield Static(_HINT, markup=False, id="replace-note", classes="note")

    @on(Input.Changed, "#find")
    @on(Select.Changed)
    def _look(self) -> None:
        """Search a moment after the last key."""
        self._found = None
        self._search()

    @on(Input.Changed, "#by")
    def _redraw(self) -> None:
        self.query_one(_Preview).replacement = self.query_one("#by", Input).value
        self._say_count()

    @work(exclusive=True, exit_on_error=False)
    async def _search(self) -> None:
        await asyncio.sleep(_DELAY)
        pattern = self.query_one("#find", Input).value
        preview = self.query_one(_Preview)
        if not pattern:
            preview.show(Found(self._trajectory))
            self._say(_HINT)
            return
        field = self.query_one("#fields", Select).value
        try:
            matches = await asyncio.to_thread(
                found,
                self._trajectory,
                pattern,
                regex=bool(self.query_one("#regex", Select).value),
                case=bool(self.query_one("#case", Select).value),
                fields=None if field == _ALL else (str(field),),
                indices=self._indices,
            )
        except BadInput as error:
            preview.show(Found(self._trajectory))
            self._say(str(error), bad=True)
            return
        self._found = matches
        preview.show(matches)
        self._say_count()

    def _say_count(self) -> None:
        if self._found is None:
            return
        try:
            self._found.check(self.query_one("#by", Input).value, first=True)
        except BadInput as error:
            self._say(str(error), bad=True)
            return
        self._say(f"{self._found.words} · {_HINT}" if len(self._found) else "nothing was found")

    def _say(self, text: str, *, bad: bool = False) -> None:
        note = self.query_one("#replace-note", Static)
        note.update(safe_line(text))
        note.set_class(bad, "bad")

    @on(Input.Submitted)
    def take(self, event: Input.Submitted) -> None:
        """Replace what is shown; from the search, go on to the replacement first."""
        if event.input.id == "find":
            self.query_one("#by", Input).focus()
        elif self._found:
            by = self.query_one("#by", Input).value
            try:
                self._found.check(by)
            except BadInput as error:
                self._say(str(error), bad=True)
                return
            self.dismiss((self._found, by))

    def action_leave(self) -> None:
        """Change nothing."""
        self.dismiss(None)


def _choice(name: str, answers: Mapping[str, str | bool]) -> Select[str | bool]:
    first = next(iter(answers.values()))
    return Select(list(answers.items()), value=first, allow_blank=False, compact=True, id=name)


class _Preview(LinePane):
    """One line a match: where it is, what is there, what will be there."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"matches--place", "matches--removed", "matches--added"}

    def __init__(self, found: Found, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._found = found
        self._replacement = ""

    @property
    def replacement(self) -> str:
        """What is put in the place of each match."""
        return self._replacement

    @replacement.setter
    def replacement(self, text: str) -> None:
        self._replacement = text
        self.lines_changed()

    def show(self, found: Found) -> None:
        """Show these matches."""
        self._found = found
        self.scroll_home(animate=False)
        self.lines_changed()

    def line_count(self) -> int:
        """One line a match."""
        return len(self._found)

    def line_text(self, number: int) -> Text:
        """One match, in what stands around it."""
        match = self._found.line(number, self._replacement)
        line = Text(f"{match.label:>5} {match.field:<10} ", self.part_style("matches--place"), no_wrap=True)
        before = match.before
        line.append("…" + before[-_CONTEXT:] if len(before) > _CONTEXT else before)
        line.append("‹")
        line.append(match.text, self.part_style("matches--removed"))
        line.append(" → ")
        line.append(match.replacement, self.part_style("matches--added"))
        line.append("›")
        line.append(match.after)
        return line
