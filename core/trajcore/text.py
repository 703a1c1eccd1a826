"""Making untrusted text safe to draw. Every string of a recording or a model passes here before a view."""

from __future__ import annotations

import re
from typing import Final

_KEPT: Final = {"\n", "\t"}
_PICTURES: Final = {
    **{code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in _KEPT},
    0x7F: "␡",
    **dict.fromkeys(range(128, 160), "�"),
    # Directional overrides and isolates can make text read as something else.
    **dict.fromkeys((*range(8234, 8239), *range(8294, 8298), 8206, 8207, 1564), "�"),
    0x2028: "\n",
    0x2029: "\n",
    **dict.fromkeys(range(55296, 57344), "�"),
}
_UNSAFE: Final = re.compile("[" + re.escape("".join(map(chr, _PICTURES))) + "]")

_ESCAPE: Final = re.compile(
    r"""
    \x1b\[[0-?]*[ -/]*[@-~]                 # CSI
  | \x9b[0-?]*[ -/]*[@-~]                   # CSI, one byte
  | (?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f]) [^\x07\x1b\x9c]* (?:\x07|\x1b\\|\x9c)?  # OSC, DCS, SOS, PM, APC
  | \x1b[ -/]*[0-~]                         # two characters, charset choices
  | \x1b                                    # a lone escape
    """,
    re.VERBOSE,
)
_COLOUR: Final = re.compile(r"\x1b\[[0-9;:]*m")


def safe(text: str) -> str:
    """`text` with every control character but newline and tab replaced by a picture of it."""
    if _UNSAFE.search(text) is None:
        return text
    return text.replace("\r\n", "\n").translate(_PICTURES)


def safe_line(text: str) -> str:
    """`text` made safe for one row: as `safe`, with newlines and tabs shown as spaces."""
    return safe(text).replace("\n", " ").replace("\t", " ")


def without_escapes(text: str) -> str:
    """`text` without terminal escape sequences."""
    return _ESCAPE.sub("", text) if "\x1b" in text or _UNSAFE.search(text) else text


def only_colours(text: str) -> str:
    """`text` with its colours (SGR sequences) and without any other escape sequence."""
    if "\x1b" not in text and _UNSAFE.search(text) is None:
        return text
    return _ESCAPE.sub(lambda found: found[0] if _COLOUR.fullmatch(found[0]) else "", text)


def safe_with_colours(text: str) -> str:
    """`text` made safe as by `safe`, its colours (SGR sequences) kept."""
    if "\x1b" not in text:
        return safe(text)
    parts = _COLOUR.split(only_colours(text))
    colours = _COLOUR.findall(only_colours(text))
    return "".join(safe(part) + colour for part, colour in zip(parts, [*colours, ""], strict=True))


def as_shown(text: str) -> str:
    """What a terminal would show of `text`: carriage returns, backspaces and erasures carried out.

    Progress bars that redraw themselves collapse to their last state, as they do in OpenHands, which
    records the screen of a tmux pane. Colours stay; other sequences go.
    """
    if "\r" not in text and "\b" not in text and "\x1b" not in text:
        return text
    return "\n".join(_line_as_shown(line) for line in only_colours_and_erasures(text).split("\n"))


_ERASE_LINE: Final = re.compile(r"\x1b\[[0-2]?K")


def only_colours_and_erasures(text: str) -> str:
    """`text` with colours and line erasures, and without any other escape sequence."""

    def kept(found: re.Match[str]) -> str:
        return found[0] if _COLOUR.fullmatch(found[0]) or _ERASE_LINE.fullmatch(found[0]) else ""

    return _ESCAPE.sub(kept, text)


_CELL: Final = re.compile(r"\x1b\[[0-9;:]*[mK]|.", re.DOTALL)


def _line_as_shown(line: str) -> str:
    line = line.removesuffix("\r")
    if "\r" not in line and "\b" not in line and "\x1b[" not in line:
        return line
    if "\r" not in line and "\b" not in line and _ERASE_LINE.search(line) is None:
        return line
    cells: list[str] = []
    column, pending = 0, ""
    for token in _CELL.findall(line):
        if token == "\r":
            column = 0
        elif token == "\b":
            column = max(0, column - 1)
        elif token.endswith("K") and len(token) > 1:
            cells = [] if token[2:-1] == "2" else cells if token[2:-1] == "1" else cells[:column]
        elif len(token) > 1:
            pending += token
        else:
            cells.extend(" " * (column - len(cells)))
            cells[column : column + 1] = [pending + token]
            pending = ""
            column += 1
    return "".join(cells) + pending
