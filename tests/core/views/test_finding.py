"""Searching the rows of a timeline: what is found, in which order, and how it is counted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from documents import message, ran, run
from trajcore.dialects.newevents import user_message
from trajcore.errors import BadInput
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory
from trajcore.views.finding import Finding
from trajcore.views.haystack import Haystack
from trajcore.views.query import Query
from trajcore.views.timeline import Timeline


def opened(data: bytes | list[dict[str, Any]]) -> Session:
    text = data if isinstance(data, bytes) else json.dumps(data).encode()
    return Session(Trajectory.from_bytes(text), Settings("recorded"))


def searched(session: Session, text: str, start: int = 0, *, raw: bool = False) -> Finding:
    finding = Finding(session, Timeline(session.trajectory, session.run, raw=raw), Query(text), start)
    while not finding.done:
        finding.go_on()
    return finding


def numbers(finding: Finding) -> list[int]:
    return [number for number in range(1000) if number in finding]


@pytest.mark.parametrize("needle", ["nothere", "the end", "The End", "last-a"])
def test_a_text_of_many_megabytes_is_looked_through_in_pieces(needle: str) -> None:
    """What is around the end of a piece is found, and no piece holds up the keys for long."""
    long = "x" * (3 << 20) + "the end" + "y" * ((1 << 18) - 4) + "The End"
    session = opened([message(0, "go"), run(1, "ls"), ran(2, 1, long), run(3, "last-a"), ran(4, 3, "")])
    finding = Finding(session, Timeline(session.trajectory, session.run), Query(needle))
    turns = 0
    while not finding.done:
        finding.go_on(0)
        turns += 1
    assert turns > 12
    assert numbers(finding) == {"nothere": [], "last-a": [2]}.get(needle, [1])


@pytest.mark.parametrize("at", range((1 << 18) - 60, (1 << 18) + 60, 7))
def test_what_lies_across_two_pieces_is_found(at: int) -> None:
    session = opened([run(1, "ls"), ran(2, 1, "x" * at + "a needle" + "y" * (1 << 20))])
    assert numbers(searched(session, "a needle")) == [0]
    assert numbers(searched(session, "A needle")) == []


EVENTS = [
    message(0, "count the files"),
    run(1, "ls src"),
    ran(2, 1, "needle.py\nother.py"),
    {
        "id": 3,
        "source": "environment",
        "observation": "agent_state_changed",
        "content": "needle",
        "extras": {},
    },
    message(4, "a Needle", "agent"),
]

# Whatever is found, a naive look at every text finds too

_LETTERS = 'aAkKsS\u017f\u212aéÉ/\\"n\n 0\u001b漢🙂\ud800'
_TEXTS = st.text(alphabet=_LETTERS, max_size=12)


def spelled(text: str, pick: Callable[[], int]) -> str:
    """A JSON string, in which each character is written in one of the ways that JSON knows."""
    return '"' + "".join(_written(one, pick()) for one in text) + '"'


def _written(character: str, way: int) -> str:
    plain = json.dumps(character, ensure_ascii=False)[1:-1]
    units = character.encode("utf-16-be", "surrogatepass")
    escaped = "".join(f"\\u{units[at]:02x}{units[at + 1]:02X}" for at in range(0, len(units), 2))
    if way == 0 or 0xD800 <= ord(character) < 0xE000:
        return escaped
    return "\\/" if way == 1 and character == "/" else plain


@given(st.lists(st.tuples(_TEXTS, _TEXTS), min_size=1, max_size=4), _TEXTS.filter(bool), st.data())
def test_it_finds_what_a_look_at_every_text_finds(
    steps: list[tuple[str, str]], wanted: str, data: st.DataObject
) -> None:
    def pick() -> int:
        return data.draw(st.integers(0, 4))

    events = []
    for number, (command, output) in enumerate(steps):
        said, answered = spelled(command, pick), spelled(output, pick)
        events.append(f'{{"id":{2 * number},"source":"agent","action":"run","args":{{"command":{said}}}}}')
        events.append(
            f'{{"id":{2 * number + 1},"source":"agent","observation":"run","cause":{2 * number},'
            f'"content":{answered},"extras":{{}}}}'
        )
    session = opened(f"[{','.join(events)}]".encode())
    query = Query(wanted)
    naive = [at for at, texts in enumerate(steps) if any(map(query.is_in, texts))]
    start = data.draw(st.integers(0, len(steps) - 1))
    assert numbers(searched(session, wanted, start)) == naive
    if wanted.isascii() and wanted.lower() == wanted:
        assert naive == [at for at, texts in enumerate(steps) if any(_says(text, wanted) for text in texts)]


def _says(text: str, wanted: str) -> bool:
    return wanted in "".join(one.lower() if one.isascii() else one for one in text)


# What is found


def test_a_row_is_found_by_what_it_says_and_by_what_came_back() -> None:
    session = opened(EVENTS)
    assert numbers(searched(session, "src")) == [1]
    assert numbers(searched(session, "other.py")) == [1]
    assert numbers(searched(session, "needle")) == [1, 2]
    assert numbers(searched(session, "needle", raw=True)) == [2, 3, 4]


def test_capitals_count_where_one_was_typed() -> None:
    session = opened(EVENTS)
    assert numbers(searched(session, "Needle")) == [2]
    assert numbers(searched(session, "NEEDLE")) == []


def test_a_regular_expression_stands_behind_its_word() -> None:
    session = opened(EVENTS)
    assert numbers(searched(session, "re:^l.*c$")) == [1]
    assert numbers(searched(session, "re:N.+e")) == [2]
    with pytest.raises(BadInput, match="no regular expression"):
        Query("re:(")
    with pytest.raises(BadInput):
        Query("re:")


def test_an_expression_that_never_ends_is_left_and_said() -> None:
    session = opened([message(0, "a" * 60 + "b")])
    assert "takes too long" in searched(session, "re:(?:a|aa)+(?:a|aa)+c").fault


def test_what_was_not_searched_to_its_end_is_named_and_the_rest_is_searched() -> None:
    endless = "a" * 60 + "b"
    session = opened([message(0, endless), run(1, "ls"), ran(2, 1, "aac"), run(3, endless), ran(4, 3, "x")])
    finding = searched(session, "re:(?:a|aa)+(?:a|aa)+c")
    assert numbers(finding) == [1]
    assert finding.fault.startswith("not searched to its end: 0, 3 (re:")
    assert finding.count(1) == "1/1, 2 not searched"


def test_where_all_texts_take_too_long_the_search_ends() -> None:
    session = opened([message(number, "a" * 60 + "b") for number in range(40)])
    finding = searched(session, "re:(?:a|aa)+(?:a|aa)+c")
    assert finding.fault.startswith("not searched to its end: 0, 1, 2, 3, 4 and all the rest (re:")


def test_what_this_run_added_is_found_too() -> None:
    session = opened(EVENTS)
    session.run.add(user_message("look for the pin"))
    assert numbers(searched(session, "the pin")) == [0]


# Order and count


def test_it_goes_on_from_where_it_began_and_round() -> None:
    session = opened([message(number, "needle" if number % 2 else "hay") for number in range(8)])
    finding = searched(session, "needle", 4)
    assert finding.first == 5
    assert (finding.next_behind(5), finding.next_behind(7), finding.last_before(1)) == (7, 1, 7)
    assert [finding.count(number) for number in (1, 7, 0)] == ["1/4", "4/4", "4"]


def test_what_rows_say_comes_before_what_they_hold() -> None:
    session = opened([run(0, "ls"), ran(1, 0, "needle"), run(2, "cat needle"), ran(3, 2, "")])
    finding = Finding(session, Timeline(session.trajectory, session.run), Query("needle"))
    while not len(finding):
        finding.go_on(0)
    assert (finding.first, finding.count(1)) == (1, "1/1…")
    while not finding.done:
        finding.go_on(0)
    assert (finding.first, finding.count(1)) == (0, "2/2")


def test_few_texts_are_read_where_few_can_say_it() -> None:
    trajectory = opened([message(number, f"word {number}") for number in range(3000)]).trajectory
    hay = Haystack(trajectory)
    assert [index for lot in hay.lots(Query("WORD 2999".lower())) for index in lot] == [2999]
    assert len([index for lot in hay.lots(Query("word 2999"), 7) for index in lot]) == 1


@example(words=["AB"], typed=["Éab", "ab"], letters=False, large=False)
@given(
    words=st.lists(st.text("abAB é/\\", max_size=6), min_size=1, max_size=30),
    typed=st.lists(st.text("abAB éÉ", min_size=1, max_size=4), min_size=1, max_size=5),
    letters=st.booleans(),
    large=st.booleans(),
)
def test_what_is_searched_after_something_else_leaves_what_it_would_at_once(
    words: list[str], typed: list[str], letters: bool, large: bool
) -> None:
    filling = "c" * (1 << 18) if large else ""
    trajectory = opened([message(at, word + filling) for at, word in enumerate(words)]).trajectory
    hay = Haystack(trajectory)
    for text in typed:
        for end in range(1 if letters else len(text), len(text) + 1):
            query = Query(text[:end])
            narrowed = sorted(index for lot in hay.lots(query, end % len(words)) for index in lot)
            assert narrowed == sorted(index for lot in Haystack(trajectory).lots(query) for index in lot)


def test_a_search_that_was_left_in_the_middle_narrows_nothing() -> None:
    filling = "c" * (1 << 18)
    trajectory = opened([message(number, f"needle {filling}") for number in range(4)]).trajectory
    hay = Haystack(trajectory)
    assert next(filter(None, hay.lots(Query("need")))) == [0]
    assert [index for lot in hay.lots(Query("needle")) for index in lot] == [0, 1, 2, 3]
