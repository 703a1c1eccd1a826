"""The timeline's column: a title row above the rows of the timeline, and what is typed to find one below."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from trajcore import Session, notices
from trajtui.widgets.bars import EndsBar
from trajtui.widgets.prompt import Prompt
from trajtui.widgets.timeline import TimelineView

if TYPE_CHECKING:
    from trajtui.searching import Searching


class TimelineColumn(Vertical):
    """What it is, then its rows; what belongs to the timeline as a whole has its place here."""

    @dataclass
    class Told(Message):
        """Something is to be said of what was typed here."""

        text: str
        bad: bool

    def __init__(self, session: Session, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._session = session
        self.timeline = TimelineView(session, id="timeline")
        self.title = EndsBar(id="timeline-title")
        self.title.left = "Timeline"
        self.prompt = Prompt(id="prompt")

    def compose(self) -> ComposeResult:
        """The title above the rows."""
        yield self.title
        yield self.timeline
        yield self.prompt

    @cached_property
    def searching(self) -> Searching:
        """The search of the rows."""
        from trajtui.searching import Searching  # with the first key that searches

        return Searching(self._session, self)

    def tell(self, text: str, *, bad: bool = False) -> None:
        """Have something said."""
        self.post_message(self.Told(text, bad))

    def follow(self, notice: notices.Notice) -> None:
        """The session has told of a change, which the rows show already."""
        if isinstance(notice, notices.DocumentChanged) and "searching" in self.__dict__:
            self.searching.events_changed(rows=notice.structural)

    @on(TimelineView.Rebuilt)
    def _rows_changed(self) -> None:
        if "searching" in self.__dict__:
            self.searching.rows_changed()

    # What is typed

    def search(self) -> None:
        """Ask what to search for."""
        self.searching.begin()
        self.prompt.open(self.searching)

    def go_to(self) -> None:
        """Ask where to go."""
        from trajtui.jumping import Jumping

        self.prompt.open(Jumping(self._session, self))

    @on(Prompt.Closed)
    def _back_to_rows(self) -> None:
        self.timeline.focus()
        self.show_title()

    @on(TimelineView.Selected)
    def show_title(self) -> None:
        """Say beside the title what was searched for, and how often it was found."""
        finding = self.timeline.finding
        count = "" if finding is None else finding.count(self.timeline.cursor)
        nothing = finding is not None and finding.done and not len(finding)
        self.prompt.count("none" if nothing else count)
        if finding is not None and finding.fault:
            self.prompt.say(finding.fault, bad=True)
        self.title.right = "" if finding is None else f"/{finding.query.text}  {count}"
