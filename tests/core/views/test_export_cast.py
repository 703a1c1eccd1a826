"""The exported asciicast: version 3, a marker a step, colours and nothing else that acts on a terminal."""

from __future__ import annotations

import json
import re
from typing import Any

from documents import message, ran, run
from exporting import export_of, hostile

COLOUR = re.compile(r"\x1b\[[0-9;:]*m")


def cast_of(events: list[dict[str, Any]]) -> tuple[dict[str, Any], list[Any]]:
    """Its header, and its events."""
    lines = export_of(events, "cast")[0].splitlines()
    header, *rest = (json.loads(line) for line in lines if not line.startswith("#"))
    return header, rest


def at(id: int, second: float) -> dict[str, str]:
    return {"timestamp": f"2025-03-01T10:00:{second + id:09.6f}"}


def test_the_header_says_the_version_and_the_size() -> None:
    header, _ = cast_of([message(0, "go")])
    assert header["version"] == 3
    assert header["term"]["cols"] > 0
    assert header["term"]["rows"] > 0


def test_each_event_is_an_interval_a_code_and_a_text_and_each_step_has_a_marker() -> None:
    _, events = cast_of([message(0, "go"), run(1, "ls\nls"), ran(2, 1, "a\nb")])
    assert all(isinstance(one[0], int | float) and one[0] >= 0 for one in events)
    assert {one[1] for one in events} == {"o", "m", "x"}
    assert [one[2].split()[0] for one in events if one[1] == "m"] == ["0", "1"]
    played = "".join(one[2] for one in events if one[1] == "o")
    assert "a\r\nb" in played
    assert "\n> ls" in played
    assert not re.search(r"(?<!\r)\n", played)


def test_a_step_takes_as_long_as_it_took_and_nobody_waits_longer_than_two_seconds() -> None:
    def took(seconds: float) -> float:
        events = [
            {**message(0, "go")},
            {**run(1, "ls"), **at(0, 1)},
            {**ran(2, 1, "out"), **at(0, 1 + seconds)},
        ]
        return next(float(one[0]) for one in cast_of(events)[1] if one[1] == "o" and "out" in one[2])

    assert took(0.75) == 0.75
    assert took(40) == 2.0


def test_of_a_hostile_recording_colours_alone_reach_the_terminal() -> None:
    header, events = cast_of(hostile())
    texts = [header["title"], *(str(one[2]) for one in events)]
    left = COLOUR.sub("", "".join(texts)).replace("\r\n", "\n")
    assert not [character for character in left if not (character.isprintable() or character in "\n\t")]
    assert "\x1b[1;31mcoloured" in "".join(texts)
