"""Going to a row that is named: by its label, its distance, a share, or a time."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from trajcore import BadInput
from trajcore.views.jumping import HELP, place_of

if TYPE_CHECKING:
    from trajcore import Session
    from trajtui.widgets.timeline_column import TimelineColumn


class Jumping:
    """What is typed behind the colon."""

    sign = ":"
    enter = "goes there"
    hint = HELP

    def __init__(self, session: Session, column: TimelineColumn) -> None:
        self._session = session
        self._column = column

    def typed(self, text: str) -> bool:
        """Nothing moves before all is typed."""
        return False

    def kept(self, text: str) -> bool:
        """Go there, which may take a moment."""
        if text.strip():
            self._column.go_on_with(partial(self._go, text), "jump")
        return True

    def erased(self) -> bool:
        """Give it up."""
        return True

    def left(self) -> None:
        """Stay."""

    async def _go(self, text: str) -> None:
        timeline = self._column.timeline
        try:
            place = await place_of(self._session, timeline.rows, timeline.cursor, text)
        except BadInput as error:
            self._column.tell(str(error), bad=True)
            return
        timeline.show_row(place.row)
        self._column.tell(place.words)
