"""What a model is writing now: its thinking, its text and its calls, piece by piece, to be drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from trajcore import notices
from trajcore.text import safe, safe_line
from trajcore.views.chat import ChatTone
from trajcore.views.marks import LIVE

THINKING: Final = "thinking"
TEXT: Final = "text"


@dataclass(eq=False)
class Stretch:
    """A part of the reply that is coming: behind the name of its speaker, or of the tool that it calls."""

    speaker: str
    tone: ChatTone
    _pieces: list[str] = field(default_factory=list)
    _taken: int = 0
    _held: str = ""
    """A return at the end of what has come: a newline may follow."""

    def add(self, text: str) -> None:
        """More has come."""
        self._pieces.append(text)

    def take(self) -> str:
        """What has come since this was last asked, safe to draw."""
        text = self._held + "".join(self._pieces[self._taken :])
        self._taken, self._held = len(self._pieces), ""
        if text.endswith("\r"):
            text, self._held = text[:-1], "\r"
        return safe(text)

    def again(self) -> None:
        """`take` begins anew."""
        self._taken, self._held = 0, ""

    @property
    def text(self) -> str:
        """All that has come, as it was received."""
        return "".join(self._pieces)


class Coming:
    """The reply that is coming, in stretches: in the order in which each of them began."""

    def __init__(self) -> None:
        self._stretches: dict[int | str, Stretch] = {}

    @property
    def stretches(self) -> list[Stretch]:
        """What there is of it."""
        return list(self._stretches.values())

    def hear(self, notice: notices.ModelText | notices.ModelThinking | notices.ModelCall) -> None:
        """A model has written more. Where a stretch begins anew, what came before it is void."""
        name, speaker, tone = _place(notice)
        if notice.fresh and name in self._stretches:
            self._stretches.clear()
        stretch = self._stretches.setdefault(name, Stretch(speaker, tone))
        stretch.speaker = speaker
        stretch.add(notice.text)

    def replied(self) -> str:
        """The reply is complete: all that the model thought. The rest stays until it is in the run."""
        thought = self._stretches.pop(THINKING, None)
        return "" if thought is None else thought.text

    def end(self) -> None:
        """It is in the run, or broke off."""
        self._stretches.clear()


def _place(
    notice: notices.ModelText | notices.ModelThinking | notices.ModelCall,
) -> tuple[int | str, str, ChatTone]:
    match notice:
        case notices.ModelThinking():
            return THINKING, "thinking", ChatTone.THOUGHT
        case notices.ModelCall(place, name):
            return place, f"{LIVE} {safe_line(name)}".rstrip(), ChatTone.ACTION
    return TEXT, "agent", ChatTone.SAID
