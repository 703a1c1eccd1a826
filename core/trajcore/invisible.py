"""Characters that draw nothing: where they have work to do they stay, where they only hide they are shown.

A joiner within an emoji or between Persian letters has something to do. Between Latin letters it makes two
names look like one, and a row of tags says to a model what no reader of the text sees.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

SHOWN_AS: Final = "�"

_JOINERS: Final = "\u200b-\u200d"
_SELECTORS: Final = "\ufe00-\ufe0f"
_MONGOLIAN: Final = "\u180b-\u180d\u180f"
_IDEOGRAPHIC: Final = "\U000e0100-\U000e01ef"
_LOW: Final = (
    f"{_JOINERS}{_SELECTORS}{_MONGOLIAN}\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u2060-\u2065\u206a-\u206f\u3164\ufeff"
    "\uffa0\ufff0-\ufffb"
)
_HIGH: Final = "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
CLASS: Final = _LOW + _HIGH
"""All of them, as what stands between the brackets of a regular expression."""
_THERE: Final = (re.compile(f"[{_LOW}]"), re.compile(f"[{_HIGH}]"))
"""In two, each of which is looked for at the speed of a search for one character."""

_OF_NO_LATIN: Final = f"[^\\0-\u02ff{CLASS}]"
_AT_WORK: Final = "|".join(
    (
        # in emoji, and in scripts whose letters join or whose words have no spaces between them
        f"(?<=[^\\0-\u02ff{CLASS.replace(_SELECTORS, '')}])[{_JOINERS}](?={_OF_NO_LATIN}|\\Z)",
        f"(?:(?<=[0-9#*\u00a9\u00ae])|(?<={_OF_NO_LATIN}))[{_SELECTORS}]",
        f"(?<=[\u1820-\u18aa])[{_MONGOLIAN}]",
        f"(?<=[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])[{_IDEOGRAPHIC}]",
    )
)
_FLAG: Final = "\U0001f3f4"
_FLAGS: Final = "|".join(
    "".join(chr(0xE0000 + ord(letter)) for letter in f"{name}\x7f") for name in ("gbeng", "gbsct", "gbwls")
)
"""The tags behind a black flag: all that fonts have a picture for."""
# Compiled and kept by `re` when first used: most frames are drawn without.
_ROW: Final = f"{_FLAG}(?:{_FLAGS})|(?:(?=[{CLASS}])(?!{_AT_WORK})[{CLASS}])+"


def marks(row: re.Match[str]) -> str:
    """A mark for each character of a row: the text stays as long as it was."""
    return SHOWN_AS * len(row[0])


def uncovered(text: str, shown: Callable[[re.Match[str]], str] = marks) -> str:
    """`text` with what `shown` says in the place of invisible characters that have nothing to do there."""
    if text.isascii() or not any(there.search(text) for there in _THERE):
        return text
    return re.sub(_ROW, lambda row: row[0] if row[0][0] == _FLAG else shown(row), text)
