"""What stands between the records of JSON Lines."""

from __future__ import annotations

from typing import Final

from trajcore.formats.json.gaps import Gaps

_BREAKS: Final = (b"\r\n", b"\n")


class LineGaps(Gaps):
    """The gaps of lines in order: before the first record, between every two, behind the last."""

    def __init__(self, texts: list[bytes]) -> None:
        super().__init__(texts, paired=False, minified=True)

    def separator(self, at: int) -> bytes:
        """A line break as the file has it."""
        return next((found for found in _BREAKS for gap in self.texts if found in gap), b"\n")
