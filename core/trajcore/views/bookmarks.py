"""The bookmarks of a recording, a line each."""

from __future__ import annotations

from dataclasses import dataclass

from trajcore.session import Session
from trajcore.text import safe_line
from trajcore.views.rows import kind_name


@dataclass(frozen=True)
class BookmarkLine:
    """One bookmark: the event that it is on, and what a list shows of it, safe to draw."""

    uid: int
    index: int
    what: str


def bookmark_lines(session: Session) -> list[BookmarkLine]:
    """In the order of their events."""
    return [_line(session, index) for index in session.bookmarks]


def _line(session: Session, index: int) -> BookmarkLine:
    trajectory, head = session.trajectory, session.trajectory.head(index)
    what = f"{trajectory.label(index):>5}  {kind_name(head):<9} {head.summary()[:60]}"
    return BookmarkLine(trajectory.uid(index), index, safe_line(what))
