"""Find and replace over what actions say, with every match shown before anything is changed."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from rich.text import Text
from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.geometry import Region
from textual.message import Message
from textual.reactive import var
from textual.widgets import Input, OptionList, Select, Static
from textual.widgets.option_list import Option

from trajcore import BadInput, Trajectory
from trajcore.views.search import SEARCHED, Found, found
from trajtui.screens.dialog import Dialog, tell
from trajtui.screens.dialogs import Choose
from trajtui.widgets.inputs import Choices, SafeInput
from trajtui.widgets.lines import LinePane

_DELAY: Final = 0.15
_HINT: Final = "Enter goes on · ↓ to the matches, Enter goes to one · Esc leaves"
_ALL: Final = "all"
_CONTEXT: Final = 24
"""So many characters are shown before a match: what it becomes must be in view, too."""


class _Preview(LinePane):
    """One line a match: where it is, what is there, what will be there; one is under the cursor."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "matches--place",
        "matches--removed",
        "matches--added",
        "matches--cursor",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "down", show=False),
        Binding("up,k", "move(-1)", "up", show=False),
        Binding("enter", "pick", "replace this one, or not", show=False),
    ]

    cursor: var[int] = var(0)

    @dataclass
    class Picked(Message):
        """The user wants to go to the event of a match, by its index."""

        index: int

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
        self.cursor = 0
        self.scroll_home(animate=False)
        self.lines_changed()

    def move(self, by: int) -> None:
        """Put the cursor so many matches further."""
        self.cursor = max(0, min(self.cursor + by, len(self._found) - 1))

    def action_move(self, by: int) -> None:
        """See `move`."""
        self.move(by)

    def action_pick(self) -> None:
        """Go to the match under the cursor."""
        self._pick(self.cursor)

    def on_click(self, event: events.Click) -> None:
        """A click puts the cursor on a match, the second one goes to it."""
        self.cursor = max(0, min(event.y + self.scroll_offset.y, len(self._found) - 1))
        if event.chain == 2:
            self._pick(self.cursor)

    def _pick(self, number: int) -> None:
        if number < len(self._found):
            self.post_message(self.Picked(self._found.matches[number].index))

    def watch_cursor(self) -> None:
        """Draw the cursor in its place, and have it in view."""
        self.lines_changed()
        self.scroll_to_region(Region(0, self.cursor, 1, 1), animate=False, x_axis=False)

    def on_focus(self) -> None:
        """The cursor is seen while it can be moved."""
        self.lines_changed()

    def on_blur(self) -> None:
        """And not otherwise."""
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
        if self.has_focus and number == self.cursor:
            line.stylize(self.ground_style("matches--cursor"))
        return line


@dataclass(frozen=True)
class Replacement:
    """What was found, and what is put in its place."""

    found: Found
    by: str


@dataclass(frozen=True)
class Place:
    """The event that the user wants to go to, by its index."""

    index: int


class ReplaceText(Dialog[Replacement | Place | None]):
    """Asks what to find and what to put there, or where to go of what was found."""

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
            yield Choices(Option("", id=_ALL, disabled=True), id="replace-all", markup=False)
            yield Static(_HINT, markup=False, id="replace-note", classes="note")

    @on(Input.Changed, "#find")
    @on(Select.Changed)
    def _look(self) -> None:
        """Search a moment after the last key."""
        self._found = None
        self._offer("", usable=False)
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
        by = self.query_one("#by", Input).value
        try:
            self._found.check(by, first=True)
        except BadInput as error:
            self._offer("", usable=False)
            self._say(str(error), bad=True)
            return
        words = self._found.words
        self._offer(f"Replace {words}" if by else f"Remove {words}", usable=bool(self._found))
        self._say(f"{words} · {_HINT}" if len(self._found) else "nothing was found")

    def _offer(self, what: str, *, usable: bool) -> None:
        """Offer the second step, which changes something; it says how much."""
        button = self.query_one("#replace-all", Choices)
        button.replace_option_prompt(_ALL, what if usable else "")
        (button.enable_option if usable else button.disable_option)(_ALL)
        button.highlighted = 0 if usable else None

    def _say(self, text: str, *, bad: bool = False) -> None:
        tell(self.query_one("#replace-note", Static), text, bad=bad)

    @on(Input.Submitted)
    def go_on(self, event: Input.Submitted) -> None:
        """From the search on to the replacement, from there to the step that makes it."""
        self.query_one("#by" if event.input.id == "find" else "#replace-all").focus()

    @on(OptionList.OptionSelected, "#replace-all")
    def take(self) -> None:
        """Replace what is shown; where by nothing, the user is asked."""
        by = self.query_one("#by", Input).value
        if not self._found:
            return
        try:
            self._found.check(by)
        except BadInput as error:
            self._say(str(error), bad=True)
            return
        if by:
            self.dismiss(Replacement(self._found, by))
        else:
            self._ask_to_remove(self._found)

    def _ask_to_remove(self, found: Found) -> None:
        question = Choose(f"Replace {found.words} by nothing?", {"no": "Keep them", "yes": "Remove them"})

        def answered(answer: str | None) -> None:
            if answer == "yes":
                self.dismiss(Replacement(found, ""))

        self.app.push_screen(question, answered)

    @on(Input.Changed)
    def _begin_at_first(self) -> None:
        self.query_one(_Preview).cursor = 0

    def on_key(self, event: events.Key) -> None:
        """From the fields, an arrow goes down to the matches."""
        if event.key == "down" and isinstance(self.focused, Input):
            event.stop()
            self.query_one(_Preview).focus()

    @on(_Preview.Picked)
    def _go_to(self, event: _Preview.Picked) -> None:
        self.dismiss(Place(event.index))

    def action_leave(self) -> None:
        """Change nothing."""
        self.dismiss(None)


def _choice(name: str, answers: Mapping[str, str | bool]) -> Select[str | bool]:
    first = next(iter(answers.values()))
    return Select(list(answers.items()), value=first, allow_blank=False, compact=True, id=name)
