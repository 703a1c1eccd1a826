"""What the debugger's keys do to find a row: search, next and previous, a place, a filter, bookmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trajcore import BadInput
from trajcore.views.timeline import Row
from trajtui.screens.bookmarks import BookmarkList

if TYPE_CHECKING:
    from trajtui.screens.debugger import DebuggerScreen


def search(screen: DebuggerScreen) -> None:
    """Search what rows say, and then what they hold."""
    screen.panes.column.search()


async def next_found(screen: DebuggerScreen) -> str | None:
    """Go to the next row that was found."""
    return await screen.panes.column.searching.go()


async def previous_found(screen: DebuggerScreen) -> str | None:
    """Go to the row before that was found."""
    return await screen.panes.column.searching.go(back=True)


def go_to(screen: DebuggerScreen) -> None:
    """Go to a row by its label, its distance, a share or a time."""
    screen.panes.column.go_to()


def filter(screen: DebuggerScreen) -> None:
    """Show some of the rows alone."""
    screen.panes.column.ask_for_filter()


def bookmark(screen: DebuggerScreen) -> str:
    """Set or remove a bookmark on the selected event."""
    index = screen.timeline.selected_index
    if index is None:
        raise BadInput("bookmarks are set on recorded events")
    there = screen.session.toggle_bookmark(index)
    label = screen.session.trajectory.label(index)
    return f"{label}: {'bookmark' if there else 'no bookmark any more'}"


async def bookmarks(screen: DebuggerScreen) -> None:
    """List the bookmarks, to go to one or to remove it."""
    uid = await screen.ask(BookmarkList(screen.session))
    if uid is not None:
        screen.timeline.show_row(Row(uid))
