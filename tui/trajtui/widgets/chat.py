"""The dialogue of this run: the user's messages, the agent's, and what the model is writing now."""

from __future__ import annotations

from typing import ClassVar, Final

from rich.text import Text

from trajcore import Session, notices
from trajcore.views.chat import LONGEST, ChatPart, ChatTone, being_written, dialogue
from trajtui.widgets.lines import LinePane, wrapped

_STYLES: Final = {
    ChatTone.RECORDED: "chat--aside",
    ChatTone.ACTION: "chat--live",
    ChatTone.OUTCOME: "chat--aside",
}


class ChatPane(LinePane):
    """What was said, oldest first. Parts that come from the recording are dim."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"chat--speaker", "chat--aside", "chat--live"}

    def __init__(self, session: Session, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._session = session
        self._rows: list[tuple[str, str]] = []
        self._settled = 0
        self._partial = ""
        self._stale = False

    def on_mount(self) -> None:
        """Keep the end in view until the user scrolls away from it."""
        self.anchor()

    def follow(self, notice: notices.Notice) -> None:
        """Show what a notice tells of: what the model writes, or that the run has other events."""
        match notice:
            case notices.ModelText(text, fresh):
                self._write(text, fresh=fresh)
            case notices.RunChanged() | notices.WentBack():
                self._partial = ""  # at once: what the model writes next may come before the layout
                self.call_later(self._lay_out)

    def _write(self, text: str, *, fresh: bool) -> None:
        """The model has written more; drawn at most thirty times a second."""
        self._partial = "" if fresh else self._partial
        if len(self._partial) < LONGEST:
            self._partial += text[:LONGEST]
        if not self._stale:
            self._stale = True
            self.set_timer(1 / 30, self._redraw_partial)

    def on_resize(self) -> None:
        """Wrap to the new width."""
        self._lay_out()

    def line_count(self) -> int:
        """The rows after wrapping."""
        return len(self._rows)

    def line_text(self, number: int) -> Text:
        """One row."""
        text, style = self._rows[number]
        return Text(text, self.part_style(style) if style else "")

    def _redraw_partial(self) -> None:
        self._stale = False
        del self._rows[self._settled :]
        self._add_partial()
        self.lines_changed()

    def _lay_out(self) -> None:
        self._rows = []
        for part in dialogue(self._session):
            self._add(part)
        self._settled = len(self._rows)
        self._add_partial()
        self.lines_changed()

    def _add_partial(self) -> None:
        if self._partial.strip():
            self._add(being_written(self._partial))

    def _add(self, part: ChatPart) -> None:
        style = _STYLES.get(part.tone, "")
        if not part.speaker:
            self._rows.append((part.text, style))
            return
        width = max(10, self.scrollable_content_region.width)
        self._rows += [("", ""), (part.speaker, "chat--speaker")]
        self._rows += [(row, style) for row in wrapped(part.text, width)]
