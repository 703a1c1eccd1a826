"""The dialogue of this run: the user's messages, the agent's, and what the model is writing now."""

from __future__ import annotations

from typing import ClassVar, Final

from rich.text import Text

from trajcore.events.head import Head
from trajcore.events.kinds import ERROR, RUN, THINK, Treatment, action_kind
from trajcore.replay.policy import treatment
from trajcore.session import Session
from trajcore.text import safe, safe_line
from trajtui.widgets.event import wrapped
from trajtui.widgets.lines import LinePane

_SHOWN: Final = 4_000
"""So many characters of one message are shown here; the Event pane has all of it."""


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

    def refresh_dialogue(self) -> None:
        """The run has other events than before."""
        self._partial = ""
        self._lay_out()

    def add_model_text(self, text: str, *, fresh: bool) -> None:
        """The model has written more; drawn at most thirty times a second."""
        self._partial = text if fresh else self._partial + text
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
        for entry in self._session.run.entries:
            self._add(entry.head, entry.live, entry.origin)
        self._settled = len(self._rows)
        self._add_partial()
        self.lines_changed()

    def _add_partial(self) -> None:
        if self._partial.strip():
            self._paragraph("model", self._partial, "chat--live")

    def _add(self, head: Head, live: bool, origin: int | None) -> None:
        how = treatment(head)
        aside = "chat--aside" if origin is not None else ""
        if how is Treatment.DIALOGUE and not action_kind(head.kind).prompt:
            args = head.args
            text = (args.content or args.final_thought or args.thought or "") if args else ""
            self._paragraph("you" if head.source == "user" else "agent", text, aside)
        elif live and how is not Treatment.PASS:
            thought = head.args.thought if head.args and head.kind != THINK else None
            if thought:
                self._paragraph("agent", thought, aside)
            self._rows.append((f"★ {safe_line(head.kind)}  {safe_line(head.summary())}", "chat--live"))
        elif head.observation == RUN and origin is None and head.exit_code is not None:
            self._rows.append((f"  exit {head.exit_code}", "chat--aside"))
        elif head.observation == ERROR and origin is None:
            self._rows.append((f"  {safe_line(head.summary())}", "chat--aside"))

    def _paragraph(self, speaker: str, text: str, style: str) -> None:
        width = max(10, self.scrollable_content_region.width)
        text = safe(text)
        if len(text) > _SHOWN:
            text = text[:_SHOWN] + "…"
        self._rows += [("", ""), (speaker, "chat--speaker")]
        self._rows += [(row, style) for row in wrapped(text, width)]
