"""Untrusted text: nothing that a terminal would act on is left in what is drawn."""

from __future__ import annotations

import json
import re
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.received import DRAWN, assert_only_drawn
from corpus.sequences import DRAWING
from corpus.sequences import HOSTILE as CORPUS
from trajcore import invisible
from trajcore.text import (
    TerminalFilter,
    as_recorded,
    as_shown,
    only_colours,
    safe,
    safe_json,
    safe_line,
    safe_with_colours,
    without_escapes,
)

HOSTILE = {
    "clipboard": "\x1b]52;c;aGk=\x07",
    "clipboard, one byte": "\x9d52;c;aGk=\x9c",
    "title": "\x1b]0;owned\x1b\\",
    "link": "\x1b]8;;http://x\x1b\\text\x1b]8;;\x1b\\",
    "notification": "\x1b]9;hello\x07",
    "report the status": "\x1b[5n",
    "report the position": "\x1b[6n",
    "identify yourself": "\x1b[c\x1b[>0q\x05",
    "clear the screen": "\x1b[2J\x1b[H",
    "move up": "\x1b[5A",
    "scroll region": "\x1b[1;5r",
    "other screen": "\x1b[?1049h",
    "mouse on": "\x1b[?1003h",
    "paste": "\x1b[200~rm -rf\n\x1b[201~",
    "reset": "\x1bc",
    "character set": "\x1b(0",
    "device control": "\x1bP+q544e\x1b\\",
    "program": "\x1b_Gi=1;AAAA\x1b\\",
    "privacy": "\x1b^x\x1b\\",
    "one byte CSI": "\x9b31m\x9b2J",
    "bell and backspace": "\x07\x08\x08",
    "form feed": "\x0b\x0c",
    "never ended": "\x1b]0;" + "x" * 50,
    "cut off": "\x1b",
    "cut off in a colour": "\x1b[31",
    "one inside the other": "\x1b[\x1b[5n5n\x1b]0;\x1b[2J\x07",
    "shift out": "\x0e\x0f",
    "delete": "a\x7fb",
}
FRAGMENTS = st.lists(
    st.sampled_from(list(HOSTILE.values()))
    | st.sampled_from("\x1b[]()P_^X;:m0K2JnH?\\\x07\x9b\x9c\x9d\x90\r\n\b\t\x00\x7f\x85\u202e\ud800é漢a ")
    | st.sampled_from("\u200b\u200c\u200d\ufe0f\u2060\ufeff\xad\U000e0041\U000e007f\U000e0101🏴👨א")
    | st.text(max_size=3),
    max_size=12,
).map("".join)  # fmt: skip

SGR = re.compile(r"\x1b\[[0-9;:]*m")


def acts(text: str) -> list[str]:
    """The characters of `text` that a terminal would not simply draw, besides new lines and tabs."""
    return [char for char in text if unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\t"]


@given(FRAGMENTS)
def test_safe_text_has_no_control_character_but_newline_and_tab(text: str) -> None:
    assert acts(safe(text)) == []


@given(FRAGMENTS)
def test_a_safe_line_is_one_line(text: str) -> None:
    line = safe_line(text)
    assert acts(line) == []
    assert len(line.splitlines()) <= 1
    assert "\t" not in line


@given(FRAGMENTS)
def test_safe_text_stays_as_it_is(text: str) -> None:
    assert safe(safe(text)) == safe(text)


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cf", "Zl", "Zp")) | st.just("\n"))
)
def test_text_that_does_nothing_is_not_changed(text: str) -> None:
    text = re.sub(f"[{invisible.CLASS}]", "", text)
    assert safe(text) == without_escapes(text) == only_colours(text) == as_shown(text) == text


@given(FRAGMENTS)
def test_with_colours_kept_colours_are_the_only_sequences(text: str) -> None:
    for keep in (only_colours, as_shown, safe_with_colours):
        assert "\x1b" not in SGR.sub("", keep(text)), keep.__name__
    assert acts(SGR.sub("", safe_with_colours(text))) == []


@given(FRAGMENTS)
def test_without_escapes_no_escape_is_left(text: str) -> None:
    assert "\x1b" not in without_escapes(text)


@given(FRAGMENTS)
def test_what_is_shown_has_no_backspace_or_carriage_return(text: str) -> None:
    assert not set("\r\b") & set(as_shown(text))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_sequences_are_made_harmless(text: str) -> None:
    assert acts(safe(text)) == []
    assert acts(without_escapes(safe_with_colours(text))) == []
    assert "\x1b" not in SGR.sub("", only_colours(f"before {text} after"))


def test_control_characters_are_shown_as_pictures_of_themselves() -> None:
    assert safe("a\x1b[31mb\x07\x00\x7f") == "a␛[31mb␇␀␡"
    assert safe("one\r\ntwo\rthree") == "one\ntwo␍three"


@pytest.mark.parametrize(
    "mark",
    ["\u202a", "\u202b", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u200e", "\u200f", "\u061c"],
    ids=ascii,
)
def test_marks_that_turn_the_direction_of_text_are_made_visible(mark: str) -> None:
    assert safe(f"rm {mark}txt.exe") == "rm �txt.exe"


def tags(text: str) -> str:
    return "".join(chr(0xE0000 + ord(letter)) for letter in text)


@pytest.mark.parametrize(
    ("hiding", "seen"),
    [
        (f"fix it{tags('say yes')}!", "fix it�������!"),
        ("pay\u200bpal, pay\u200dpal, pay\u2060pal, pay\xadpal", "pay�pal, pay�pal, pay�pal, pay�pal"),
        ("\ufeffusing", "�using"),
        ("a\u200b\u200c\u200b\u200bb", "a����b"),
        ("א\u200b\u200c\u200b\u200bב", "א����ב"),
        ("😀\ufe0f\U000e0101\U000e0102\ufe01", "😀\ufe0f���"),
        ("x\ufe0f \u3164\u115f", "x� ��"),
        (f"🏴{tags('gbxxx')}\U000e007f", "🏴������"),
        ("\u200b", "�"),
    ],
    ids=ascii,
)
def test_what_hides_in_a_text_is_made_visible(hiding: str, seen: str) -> None:
    assert safe(hiding) == safe_with_colours(hiding) == seen
    assert json.loads(safe_json(json.dumps(hiding, ensure_ascii=False))) == hiding
    assert safe(safe_json(json.dumps(hiding, ensure_ascii=False))).count("�") == 0


@pytest.mark.parametrize(
    "text",
    ["👨\u200d👩\u200d👧", "❤\ufe0f\u200d🔥", "👩🏽\u200d🚀", f"🏴{tags('gbeng')}\U000e007f",
     "1\ufe0f\u20e3 ©\ufe0f",
     "می\u200cخواهم", "क्\u200dष", "ភាសា\u200bខ្មែរ", "葛\U000e0100飾", "ᠠ\u180b", "👨\u200d"],
    ids=ascii,
)  # fmt: skip
def test_what_joins_letters_and_pictures_stays(text: str) -> None:
    assert safe(text) == safe_json(text) == text


def test_separators_of_lines_are_new_lines() -> None:
    assert safe("one\u2028two\u2029three") == "one\ntwo\nthree"


def test_colours_stay_and_the_text_between_them_too() -> None:
    coloured = "\x1b[1;31merror\x1b[0m: \x1b[38;2;1;2;3mfile\x1b[38:5:1m"
    assert only_colours(coloured) == coloured
    assert without_escapes(coloured) == "error: file"
    assert safe_with_colours("\x1b[31ma\x07\x1b[2Jb\x1b[0m") == "\x1b[31ma␇b\x1b[0m"


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("10%\r50%\r100%\ndone", "100%\ndone"),
        ("long line\rshort", "shortline"),
        ("downloading\r\x1b[Kdone", "done"),
        ("downloading\r\x1b[2Kdone", "done"),
        ("abc\b\bX", "aXc"),
        ("\b\bx", "x"),
        ("one\r\ntwo\r\n", "one\ntwo\n"),
        ("one\r\r\n", "one\n"),
        ("\x1b[32mok\x1b[0m\n", "\x1b[32mok\x1b[0m\n"),
        ("\x1b[32m..\r\x1b[31mXX\x1b[0m", "\x1b[31mXX\x1b[0m"),
        ("\x1b[2Jnew", "new"),
        ("   1%\r  50%\r 100%\n", " 100%\n"),
        ("plain", "plain"),
    ],
)
def test_what_a_terminal_would_show_is_shown(written: str, seen: str) -> None:
    assert as_shown(written) == seen


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("abc\x1b[2K", ""),
        ("abc\x1b[2Kd", "   d"),
        ("abc\x1b[2K\b\bd", " d"),
        ("abc\x1b[2K\b\bd\x1b[2Ke", "  e"),
        ("abcdef\b\b\b\x1b[Kx", "abcx"),
        ("abc\b\x1b[1Kx", "abx"),
        ("abc\r\x1b[0Kde\rf", "fe"),
        ("\x1b[31mab\x1b[32mc\r\x1b[1mX\x1b[0m", "\x1b[1mXb\x1b[32mc\x1b[0m"),
        ("abc\x1b[2K\rab", "ab"),
    ],
)
def test_erasures_are_carried_out(written: str, seen: str) -> None:
    assert as_shown(written) == seen


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("a\tb", "a       b"),
        ("\tb", "        b"),
        ("12345678\tb", "12345678        b"),
        ("1234567\tb\nx\ty", "1234567 b\nx       y"),
        ("漢\tb", "漢      b"),
        ("e\u0301\tb", "e\u0301       b"),
        ("\x1b[31ma\x1b[0m\tb", "\x1b[31ma       \x1b[0mb"),
        ("abcdefghij\r\tX", "abcdefghXj"),
        ("ab\b\b\tX", "ab      X"),
    ],
)
def test_a_tab_moves_to_the_next_multiple_of_eight(written: str, seen: str) -> None:
    assert as_shown(written) == seen


def test_where_no_terminal_has_shown_them_tabs_stay() -> None:
    assert as_shown("a\tb\rc", tabs=False) == "c\tb"
    assert as_shown("a\tb", tabs=False) == "a\tb"


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("one\ntwo\n\x1b[2A\x1b[2KONE\n", "ONE\ntwo\n"),
        ("a 10%\nb 10%\x1b[1A\ra 99%\n\x1b[2C9", "a 99%\nb 90%"),
        ("one\ntwo\nthree\x1b[1A\r\x1b[J", "one\n\n"),
        ("abc\x1b[1GX", "Xbc"),
        ("abc\x1b[6GX", "abc  X"),
        ("one\n\x1b[H\x1b[2J\x1b[3Jtwo", "two"),
        ("one\n\x1b[2J\x1b[Htwo", "one\ntwo"),
        ("before\x1b[?1049hon the other screen\x1b[?1049l, after", "before, after"),
        ("a\x1b7bc\x1b8X", "aXc"),
        ("\x1b[99999999Cx", "x"),
    ],
)
def test_movements_are_carried_out(written: str, seen: str) -> None:
    assert as_shown(written) == seen


def test_what_is_recorded_has_nothing_unseen() -> None:
    assert as_recorded("a\x07b\x00 \t\n\x1b[31mc\td\x1b[0m  ") == "ab\nc       d"
    assert as_recorded("a\tb\t\n", tabs=False) == "a\tb\n"


@pytest.mark.parametrize(
    "piece",
    [
        *("\x9d", "\x1b]", "\x1b[", "\x9b", "\x1b", "\x90", "\x1bP", "\x1b]0;"),
        *("\x1b[31m", "\r", "\b", "ab\r", "\x1b[K", "x\x1b[1"),
        *("a\x1b[K", "a\x1b[2K", "\x1b[2K\ba", "a\b\x1b[K", "\x1b[31ma\x1b[K", "\x1b[2K\ra", "\x1b[1Ka"),
    ],
    ids=repr,
)
@pytest.mark.sampled(3)
def test_no_text_takes_long(piece: str) -> None:
    text = piece * (600_000 // len(piece))
    begun = time.process_time()
    for text_of_it in (text, text + "\x1bx", text + "\x00"):
        for act in (safe, only_colours, without_escapes, as_shown, safe_with_colours, passed):
            act(text_of_it)
    # In proportion to its length this takes well under a second; a pattern that backtracks takes minutes.
    assert time.process_time() - begun < 10


@pytest.mark.parametrize(
    "piece",
    [
        *("\t", "x\t\r", "漢\t", "\x1b[A", "x\n\x1b[J", "\x1b[999Bx\x1b[2J", "\x1b[999Bx\x1b[999A\x1b[J"),
        *("\x1b[999Cx\r\x1b[K", "\x1b[sx\r\x1b[K\x1b[u", "\x1b[?1049h\x1b[?1049l", "x\x1b[s\x1b[2J\x1b[u"),
    ],
    ids=repr,
)
def test_no_movement_takes_long(piece: str) -> None:
    begun = time.process_time()
    as_shown(piece * (100_000 // len(piece)))
    # What grows with the square of the length takes ten times as long.
    assert time.process_time() - begun < 4


# What a shell in a sandbox says to the user's own terminal


def passed(text: str) -> bytes:
    return TerminalFilter().feed(text.encode("utf-8", "replace"))


def fed(pieces: list[bytes]) -> bytes:
    harmless = TerminalFilter()
    return b"".join(map(harmless.feed, pieces))


def encodings(text: str) -> list[bytes]:
    """In UTF-8 and, where it can be, in single bytes."""
    return [text.encode(), *([text.encode("latin-1")] if text.isascii() or max(text) < "\xa0" else [])]


@pytest.mark.parametrize("text", CORPUS.values(), ids=CORPUS)
def test_a_shell_does_not_act_on_the_terminal(text: str) -> None:
    for data in encodings(f"before {text}\x1b[31m after\n"):
        for pieces in ([data], [data[at : at + 1] for at in range(len(data))], [data, data]):
            assert_only_drawn(fed(pieces), DRAWN)


@pytest.mark.parametrize("text", CORPUS.values(), ids=CORPUS)
def test_nothing_hostile_is_left_by_any_other_function(text: str) -> None:
    for made in (safe(text), safe_line(text), safe(without_escapes(text)), safe(only_colours(text))):
        assert_only_drawn(made.encode())
    for made in (safe_with_colours(text), safe_with_colours(as_shown(text))):
        assert_only_drawn(made.encode(), "CSI[0-9;:]*m")


@pytest.mark.parametrize("text", DRAWING.values(), ids=DRAWING)
def test_what_a_shell_draws_reaches_the_terminal(text: str) -> None:
    data = text.encode()
    assert fed([data]) == fed([data[at : at + 1] for at in range(len(data))]) == data


PIECES = st.lists(
    st.sampled_from([*CORPUS.values(), *DRAWING.values()]).map(str.encode)
    | st.sampled_from(
        [b"\x1b", b"[", b"]", b"5", b"n", b"\x07", b"\\", b"\xc2", b"\x9d", b"\xe2", b"\x80", b"\xae"]
    )
    | st.binary(max_size=3),
    max_size=8,
).map(b"".join)


@given(PIECES, st.data())
def test_where_a_stream_is_cut_makes_no_difference(whole: bytes, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(whole)))
    one, two = TerminalFilter(), TerminalFilter()
    assert one.feed(whole) == two.feed(whole[:cut]) + two.feed(whole[cut:])


@given(PIECES)
def test_whatever_a_shell_writes_only_draws(whole: bytes) -> None:
    assert_only_drawn(fed([whole]), DRAWN + "|bidi .*")


def test_what_never_ends_is_neither_kept_nor_shown() -> None:
    for start in (b"\x1b]52;c;", b"\x1bP", b"\x1b[", b"\x1b[ ", b"\x9d", b"\xc2\x9f"):
        harmless = TerminalFilter()
        assert harmless.feed(start) == b""
        for _ in range(100):
            assert harmless.feed(b" " * 10_000 if start.endswith(b" ") else b"1" * 10_000) == b""
        assert len(harmless._filter._held) <= 1 << 10
    assert harmless.feed(b"\x07shown") == b"shown"
