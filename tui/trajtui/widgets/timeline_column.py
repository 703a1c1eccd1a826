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
    from trajtui.filtering import Filtering
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

    @cached_property
    def filtering(self) -> Filtering:
        """The filter of the rows."""
        from trajtui.filtering import Filtering

        return Filtering(self._session, self)

    def tell(self, text: str, *, bad: bool = False) -> None:
        """Have something said."""
        self.post_message(self.Told(text, bad))

    def follow(self, notice: notices.Notice) -> None:
        """The session has told of a change, which the rows show already."""
        if isinstance(notice, notices.DocumentChanged) and "searching" in self.__dict__:
            self.searching.events_changed(rows=notice.structural)
        if self.timeline.filter is not None:
            self.filtering.follow(notice)

    @on(TimelineView.Rebuilt)
    def _rows_changed(self, event: TimelineView.Rebuilt) -> None:
        if "searching" in self.__dict__:
            self.searching.rows_changed()
        if not event.narrowed and self.timeline.filter is not None:
            self.filtering.go_on()

    def leave(self) -> bool:
        """End the search, or else the filter; whether there was one."""
        searched = "searching" in self.__dict__ and self.searching.end()
        return searched or ("filtering" in self.__dict__ and self.filtering.end())

    # What is typed

    def search(self) -> None:
        """Ask what to search for."""
        self.searching.begin()
        self.prompt.open(self.searching)

    def ask_for_filter(self) -> None:
        """Ask which rows are wanted."""
        self.filtering.begin()
        self.prompt.open(self.filtering)

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
        """Say in the title which rows are there, what was searched for, and how often it was found."""
        wanted, finding = self.timeline.filter, self.timeline.finding
        self.title.left = "Timeline" if wanted is None else f"Filter {wanted.words}"
        count = "" if finding is None else finding.count(self.timeline.cursor)
        nothing = finding is not None and finding.done and not len(finding)
        self.title.right = "" if finding is None else f"/{finding.query.text}  {count}"
        if self.prompt.purpose is not None and self.prompt.purpose.sign == self.searching.sign:
            self.prompt.count("none" if nothing else count)
            if finding is not None and finding.fault:
                self.prompt.say(finding.fault, bad=True)
