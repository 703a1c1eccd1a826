"""The rows of a command's output, as a terminal shows it, however it is cut into pieces."""

from __future__ import annotations

import random
import re
import time

import pytest

from trajcore.text import as_shown, only_colours
from trajcore.views.output import LOOKED_AT, Output

RED, PLAIN = "\x1b[31m", "\x1b[0m"


def rows(*pieces: str) -> list[str]:
    output = Output()
    for piece in pieces:
        output.feed(piece.encode())
    return [output.row(number) for number in range(len(output))]


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;:]*m", "", text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\nb\r\n", ["a", "b"]),
        ("a\n\nb", ["a", "", "b"]),
        ("10%\r20%\r100%\n", ["100%"]),
        ("abc\r\x1b[Kd", ["d"]),
        ("one\ntwo\nthree\n\x1b[2A\x1b[2KTWO\n\x1b[1Bend", ["one", "TWO", "three", "end"]),
        ("a\tb\nä\tb", ["a       b", "ä       b"]),
        ("ab\b\bxy", ["xy"]),
        ("\x07be\x00ll\x1b]0;title\x07!", ["bell!"]),
        ("before\n\x1b[?1049hinside\x1b[?1049lbehind", ["before", "behind"]),
        ("漢字\r字", ["字字"]),
    ],
)
def test_a_row_is_what_a_terminal_shows(text: str, shown: list[str]) -> None:
    assert rows(text) == shown
    assert [plain(row) for row in rows(*text)] == shown
    assert [plain(row) for row in rows(*re.findall("(?s).{1,3}", text))] == shown


def test_colours_go_on_over_lines_and_stay_with_what_is_not_drawn_over() -> None:
    assert rows(f"{RED}one\ntwo{PLAIN}\nthree") == [f"{RED}one", f"{RED}two{PLAIN}", "three"]
    assert rows(f"{RED}red{PLAIN} not\rX") == [f"X{PLAIN}{RED}ed{PLAIN} not"]


def test_pieces_make_no_difference_and_nor_does_who_draws() -> None:
    """What is drawn at once, by the code that recorded outputs go through, is the measure."""
    made = random.Random(7)
    parts = [
        "word",
        "a longer text",
        "\n",
        "\r\n",
        "\r",
        "\b",
        "\t",
        "\x1b[K",
        "\x1b[A",
        "\x1b[2D",
        RED,
        PLAIN,
    ]
    for _ in range(300):
        text = "".join(made.choice(parts) for _ in range(made.randrange(1, 25)))
        pieces = re.findall(f"(?s).{{1,{made.randrange(1, 9)}}}", text)
        expected = [plain(row).rstrip() for row in only_colours(as_shown(text)).split("\n")]
        while expected and not expected[-1]:
            expected.pop()
        found = [plain(row).rstrip() for row in rows(*pieces)]
        while found and not found[-1]:
            found.pop()
        assert found == expected, repr(text)


def test_only_what_has_changed_is_laid_out_anew() -> None:
    output = Output()
    output.feed(b"one\ntwo\n" * 500)
    assert output.take_changed() == 0
    output.feed(b"three\nfour")
    assert output.take_changed() >= 998
    output.feed(b"\x1b[3A\rchanged")
    assert output.take_changed() == 998
    assert output.row(998).startswith("changed")


@pytest.mark.parametrize("line", ["x" * 80, "a\tb", f"{RED}red{PLAIN} text", "漢字" * 20])
def test_plain_lines_cost_next_to_nothing(line: str) -> None:
    output, piece = Output(), f"{line}\r\n".encode() * 500
    begun = time.process_time()
    for _ in range(100):
        output.feed(piece)
    assert time.process_time() - begun < 5
    assert len(output) == 50_000
    assert output.drop(40_000) == 40_000
    assert output.row(0) == ""
    assert plain(output.row(49_999)).split() == line.replace(RED, "").replace(PLAIN, "").split()


@pytest.mark.parametrize("piece", ["x" * 100, "a\x1b[K" * 30, "\r50% ###", "ab\r"], ids=["x", "K", "r", "ab"])
def test_a_line_without_end_costs_no_more_the_longer_it_is(piece: str) -> None:
    output, begun = Output(), time.process_time()
    for _ in range(10_000):
        output.feed(piece.encode())
    assert time.process_time() - begun < 10
    assert len(output) == 1
    assert len(plain(output.row(0))) <= LOOKED_AT + 200
