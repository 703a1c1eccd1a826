"""What the debugger's keys do to find a row: search, next and previous, a place."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
