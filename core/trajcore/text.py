"""Making untrusted text safe to draw. Every string of a recording or a model passes here before a view.

No secret that this process knows (`trajcore.masking`) passes, and nothing that is there and not seen.

All of it takes time in proportion to the length of the text, whatever is in it.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from typing import AnyStr, Final

from trajcore import invisible
from trajcore.masking import known

TAB: Final = 8
"""A tab moves to the next multiple of this, in every pane as in a terminal."""

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

# A pattern that is a text, here and below, is compiled and kept by `re` when it is first used: together they
# take milliseconds to compile, and most frames are drawn without any of them.
_UNSAFE_IN_JSON: Final = "[" + re.escape("".join(map(chr, _PICTURES.keys() - {0x0D}))) + "]"

# What is `\udc..` here is a single byte that is no UTF-8, as `TerminalFilter` decodes it.
_ESCAPE: Final = r"""(?:
    (?:\x1b\[ | [\x9b\udc9b]) [0-?]*+ [ -/]*+ (?P<final>[@-~])?                  # CSI
  | (?:\x1b[\]PX^_] | [\x90\x98\x9d-\x9f\udc90\udc98\udc9d-\udc9f])              # OSC, DCS, SOS, PM, APC
    (?P<string>[^\x07\x18\x1a\x1b\x9c\udc9c]*+) (?P<end>\x1b\\|[\x07\x18\x1a\x9c\udc9c])?
  | \x1b [ -/]*+ (?P<last>[0-~])?                    # two characters, charset choices, a lone escape
)"""
"""One sequence, as far as it goes: what breaks off matches too. Nothing is looked at twice."""
_SGR: Final = r"\x1b\[[0-9;:]{0,250}m"
_ERASURE: Final = r"\x1b\[[0-2]?K"


def _all_but(kept: str) -> str:
    return f"(?x)(?!{kept}){_ESCAPE}"


_ESCAPES: Final = f"(?x){_ESCAPE}"
_ALL_BUT_COLOURS: Final = _all_but(_SGR)
_ALL_BUT_COLOURS_AND_ERASURES: Final = _all_but(f"{_SGR}|{_ERASURE}")
_COLOUR: Final = re.compile(_SGR)
_MOVE: Final = r"\x1b(?:\[(?:[0-9]{0,5}(?:;[0-9]{0,5})?[ABCDEFGHJdfsu]|\?(?:47|1047|1049)[hl])|[78M])"
"""What moves the cursor otherwise than along its line, erases more than one, or draws on another screen."""
_ALL_BUT_DRAWING: Final = _all_but(f"{_SGR}|{_ERASURE}|{_MOVE}")

_SEQUENCE: Final = rf"(?x){_ESCAPE} | (?P<single>[\x80-\x9f\udc80-\udc9f])"
_REST_OF_STRING: Final = re.compile(r"[^\x07\x18\x1a\x1b\x9c\udc9c]*+(?P<end>[\x07\x18\x1a\x9c\udc9c])?")
_LONGEST: Final = 256
"""A sequence of more characters than this is kept by nobody."""


class SequenceFilter:
    """Takes the terminal's sequences out of a text that comes in pieces, wherever those are cut.

    `keep` says which stay: it is asked for each whole one that is no string of a device (OSC, DCS, SOS, PM,
    APC). C1 controls go, and so does what is broken or never ends, as far as it came: nothing that is left
    can become a sequence.
    """

    def __init__(self, keep: Callable[[str], bool]) -> None:
        self._keep = keep
        self._held = ""
        """The beginning of a sequence whose end has not come."""
        self._in_string = False

    def feed(self, text: str) -> str:
        """What is left of a piece, with what was held back of earlier ones."""
        if not (self._held or self._in_string) and not _may_begin(text):
            return text
        text, self._held = self._held + text, ""
        at, parts = self._end_of_string(text), []
        for found in re.compile(_SEQUENCE).finditer(text, at):
            parts.append(text[at : found.start()])
            at = found.end()
            if found["final"] or found["last"]:
                if len(found[0]) <= _LONGEST and self._keep(found[0]):
                    parts.append(found[0])
            elif at == len(text) and not (found["end"] or found["single"]):
                self._hold(found)
        parts.append(text[at:])
        return "".join(parts)

    def _end_of_string(self, text: str) -> int:
        """Where the string of a device ends that began in an earlier piece."""
        if not self._in_string:
            return 0
        found = _REST_OF_STRING.match(text)
        assert found is not None
        self._in_string = not found["end"] and found.end() == len(text)
        return found.end()

    def _hold(self, found: re.Match[str]) -> None:
        self._in_string = found["string"] is not None
        if not self._in_string:
            self._held = found[0] if len(found[0]) <= _LONGEST else found[0][:2] + found[0][-_LONGEST:]


_BEGINS: Final = re.compile("[\x1b\x80-\x9f\udc80-\udc9f]")


def _may_begin(text: str) -> bool:
    """Whether there is anything in a text with which a sequence begins."""
    return "\x1b" in text if text.isascii() else _BEGINS.search(text) is not None


def drawing() -> SequenceFilter:
    """What leaves of a terminal's output what it draws: colours, erasures, movements."""
    return SequenceFilter(lambda sequence: _DRAWING.fullmatch(sequence) is not None)


_DRAWING: Final = re.compile(f"{_SGR}|{_ERASURE}|{_MOVE}")
_OPEN_STRING: Final = (
    r"(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f\udc90\udc98\udc9d-\udc9f])[^\x07\x18\x1a\x1b\x9c\udc9c]*+\Z"
)
"""The string of a device that goes on behind a text."""
_ACTING: Final = "[\t\r\b\v\f\x1b\x80-\x9f\u2028\u2029\udc80-\udc9f]"
_NUMBER: Final = r"[0-9]{0,5}"
_MODE: Final = "(?:1|5|7|12|25|47|66|1000|1002|1003|1006|1047|1048|1049|2004)"
"""Keys of the cursor and keypad, reverse, wrapping, the cursor, the other screen, the mouse, pasting."""
_DRAWS: Final = rf"""(?x)
    \x1b (?: [78DEHM=>] | \#[3-68] | [()*+][0AB] )           # the cursor, tab stops, the keypad, charsets
  | \x1b\[ (?:
        (?:{_NUMBER};){{,2}} {_NUMBER} [@A-IKLMPSTXZ`abdefgr]  # movement, erasing, scrolling
      | [0-2]?J | [su] | 4[hl] | !p | [0-6]?[ ]q
      | (?:[0-9]*[;:])*+ [0-9]* m                             # colours
      | \?{_MODE}(?:;{_MODE})*[hl]
    )
    """
_NOT_PASSED: Final = {
    **dict.fromkeys(code for code in (*range(0x20), 0x7F) if chr(code) not in "\x07\b\t\n\v\f\r\x0e\x0f\x1b"),
    **dict.fromkeys(range(0xD800, 0xE000), "�"),
}


class TerminalFilter:
    """What a shell in a sandbox may say to the user's own terminal: all that draws, and nothing else.

    Colours, movement, erasing, scrolling, the other screen, the modes of keypad, mouse and pasting pass.
    What makes a terminal answer, or changes it beyond its screen (titles, clipboard, links, palettes,
    pictures, its scroll-back, its keyboard, its encoding), does not, nor does what is not known.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._filter = SequenceFilter(lambda sequence: re.fullmatch(_DRAWS, sequence) is not None)

    def feed(self, data: bytes) -> bytes:
        """What may be shown of a piece; the beginning of a sequence is kept back until its end is known."""
        text = self._filter.feed(self._decoder.decode(data))
        return text.translate(_NOT_PASSED).encode()


def safe(text: str) -> str:
    """`text` with every control character but newline and tab replaced by a picture of it.

    An invisible character that hides more than it does (`trajcore.invisible`) is shown too.
    """
    text = known().text(text)
    if _UNSAFE.search(text) is not None:
        text = text.replace("\r\n", "\n").translate(_PICTURES)
    return invisible.uncovered(text)


def safe_line(text: str) -> str:
    """`text` made safe for one row: as `safe`, with newlines and tabs shown as spaces."""
    return safe(text).replace("\n", " ").replace("\t", " ")


def safe_json(text: str) -> str:
    """JSON for a terminal as well as for a parser: what could speak to it, or hide in it, is escaped."""
    return invisible.uncovered(re.sub(_UNSAFE_IN_JSON, _escaped, known().text(text)), _escaped)


def _escaped(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def stands_alone(text: str) -> bool:
    """Whether a terminal shows whole lines as it would without these before them, and these likewise."""
    if not _may_begin(text):
        return True
    return re.search(_MOVE, text) is None and re.search(_OPEN_STRING, text) is None


def is_plain(text: str) -> bool:
    """Whether nothing in a part of a line has to do with what stands before it, or behind it."""
    return re.search(_ACTING, text) is None


def without_escapes(text: str) -> str:
    """`text` without terminal escape sequences."""
    return re.sub(_ESCAPES, "", text) if _may_act(text) else text


def only_colours(text: str) -> str:
    """`text` with its colours (SGR sequences) and without any other escape sequence."""
    return re.sub(_ALL_BUT_COLOURS, "", text) if _may_act(text) else text


def only_colours_and_erasures(text: str) -> str:
    """`text` with colours and line erasures, and without any other escape sequence."""
    return re.sub(_ALL_BUT_COLOURS_AND_ERASURES, "", text) if _may_act(text) else text


def _may_act(text: str) -> bool:
    return "\x1b" in text or _UNSAFE.search(text) is not None


def safe_with_colours(text: str) -> str:
    """`text` made safe as by `safe`, its colours (SGR sequences) kept."""
    if "\x1b" not in text:
        return safe(text)
    plain = without_escapes(text)
    if known().text(plain) != plain:  # colours may stand in the middle of a secret
        return safe(plain)
    kept = only_colours(text)
    parts, colours = _COLOUR.split(kept), _COLOUR.findall(kept)
    return "".join(safe(part) + colour for part, colour in zip(parts, [*colours, ""], strict=True))


def as_shown(text: str, *, tabs: bool = True) -> str:
    """What a terminal would show of `text`: tabs, returns, backspaces, erasures, movements carried out.

    Progress bars that redraw themselves collapse to their last state, as they do in OpenHands, which
    records the screen of a tmux pane. Colours stay; other sequences go. Without `tabs` these stay too: a file
    or a notebook has them where a terminal has blanks.
    """
    acts = any(control in text for control in ("\x1b\r\b\v\f" if tabs else "\x1b\r\b"))
    if not acts and (not tabs or "\t" not in text):
        return text
    from trajcore import picture

    if not acts and text.isascii() and not _takes_no_cell(text):
        return text.expandtabs(TAB)
    if re.search(_MOVE, text) is not None:
        return picture.drawn(re.sub(_ALL_BUT_DRAWING, "", text), tabs=tabs)
    lines = only_colours_and_erasures(text).split("\n")
    return "\n".join(picture.drawn(line.removesuffix("\r"), tabs=tabs) for line in lines)


def _takes_no_cell(text: str) -> bool:
    """Whether something in a text of ASCII is a control that leaves the cursor where it is."""
    return text.translate(_UNSEEN) != text


_UNSEEN: Final = dict.fromkeys((*(code for code in range(0x20) if chr(code) not in "\n\t"), 0x7F))


def as_recorded(text: str, *, tabs: bool = True) -> str:
    """What is recorded of what a terminal shows: nothing unseen, no colours, no blanks at ends of lines."""
    plain = without_escapes(as_shown(text, tabs=tabs))
    if not plain.isprintable():
        plain = plain.translate(_UNSEEN)
    if " \n" in plain or "\t\n" in plain or plain[-1:] in (" ", "\t"):
        plain = "\n".join(line.rstrip(" \t") for line in plain.split("\n"))
    return plain


def common_length(one: AnyStr, other: AnyStr) -> int:
    """With how many characters, or bytes, two texts begin alike."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
