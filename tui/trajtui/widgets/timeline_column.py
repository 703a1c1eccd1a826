"""The timeline's column: a title row above the rows of the timeline."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical

from trajcore import Session
from trajtui.widgets.bars import EndsBar
from trajtui.widgets.timeline import TimelineView


class TimelineColumn(Vertical):
    """What it is, then its rows; what belongs to the timeline as a whole has its place here."""

    def __init__(self, session: Session, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.timeline = TimelineView(session, id="timeline")
        self.title = EndsBar(id="timeline-title")
        self.title.left = "Timeline"

    def compose(self) -> ComposeResult:
        """The title above the rows."""
        yield self.title
        yield self.timeline
