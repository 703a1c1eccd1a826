"""A pane of what keeps changing: drawn soon after a change, and only while it can be seen."""

from __future__ import annotations

from abc import abstractmethod

from trajtui.widgets.lines import LinePane
from trajtui.widgets.pace import Pace


class PacedPane(LinePane):
    """Subclasses say what is to be laid out anew; what is hidden catches up when it is shown."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._pace = Pace()
        self._due = False
        """Whether a frame was asked for that is yet to come."""

    @abstractmethod
    def _lay_out_changes(self) -> None:
        """Lay out what has changed, where there is room for it."""

    def _draw_soon(self) -> None:
        if self.display and not self._due:
            self._due = True
            self.set_timer(self._pace.delay(), self._draw)

    def _draw(self) -> None:
        self._due = False
        if self.display:
            self._lay_out_changes()

    def on_show(self) -> None:
        """Catch up with what came while this was hidden."""
        self._draw()

    def on_resize(self) -> None:
        """Wrap to the new width."""
        self._draw()
