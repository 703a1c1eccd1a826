"""Texts that are read in pieces say what they say as a whole, wherever they are cut."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajcore.longtext import JsonText, LongText, StringText, cut

CHARACTERS = st.sampled_from('a n\nu\\"/\t\0\x1b\x7fé漢🎉\ud83d\ude00\udfff\u2028') | st.characters()
TEXTS = st.text(CHARACTERS, max_size=60)
WHOLE = st.text('a n\nu\\"/\t\0é漢🎉', max_size=60)
"""Without halves of surrogate pairs."""
HALVES = st.sampled_from(
    [r"\ud83d", r"\ude00", r"\uD83D\uDE00", r"\\", r"\n", r"\u000a", r"\/", "é", "🎉", "u", " "]
)
ESCAPED = st.lists(HALVES, max_size=30).map("".join)
"""Pieces of JSON strings that can stand in any order."""


def _spelled(text: str, *, ascii_only: bool) -> bytes:
    try:
        return json.dumps(text, ensure_ascii=ascii_only).encode()
    except UnicodeEncodeError:
        return json.dumps(text).encode()


def _in_pieces(text: LongText, most: int, *, by_line: bool) -> list[str]:
    at, parts = 0, []
    while at < text.size:
        end = (text.end_of_line if by_line else text.end_of_lines)(at, most)
        assert at < end <= max(at + most, 12)
        parts.append(text.part(at, end))
        at = end
    return parts


@given(TEXTS, st.booleans(), st.booleans(), st.integers(12, 30))
def test_the_pieces_of_a_json_string_are_the_string(
    text: str, ascii_only: bool, by_line: bool, most: int
) -> None:
    quoted = _spelled(text, ascii_only=ascii_only)
    long = JsonText(None, quoted)
    assert long.whole == json.loads(quoted)
    assert "".join(_in_pieces(long, most, by_line=by_line)) == json.loads(quoted)


@given(ESCAPED, st.booleans(), st.integers(12, 30))
def test_no_escape_and_no_surrogate_pair_is_cut(escaped: str, by_line: bool, most: int) -> None:
    quoted = f'"{escaped}"'.encode()
    long = JsonText(None, quoted)
    parts = _in_pieces(long, most, by_line=by_line)
    assert "".join(parts) == json.loads(quoted)
    assert json.loads(quoted).startswith(long.beginning(most))
    if by_line:
        assert all("\n" not in part[:-1] or r"\u000a" in escaped for part in parts)


@given(TEXTS, st.booleans(), st.integers(1, 30))
def test_a_string_in_memory_is_read_likewise(text: str, by_line: bool, most: int) -> None:
    long = StringText(text)
    assert "".join(_in_pieces(long, most, by_line=by_line)) == text
    assert text.startswith(long.beginning(most))


@given(WHOLE, st.booleans(), st.integers(2, 30))
def test_what_is_cut_has_the_beginning_and_all_else(text: str, ascii_only: bool, most: int) -> None:
    quoted = _spelled(text, ascii_only=ascii_only)
    record = b'{"id": 1, "content": ' + quoted + rb', "args": {"\u0061": [1e400, "\ud83d\ude00"]}}'
    found = cut(record, "content", most)
    if found is None:
        assert len(quoted) <= most
        return
    event, whole = json.loads(found[0]), json.loads(record)
    assert found[1].whole == whole["content"]
    assert whole["content"].startswith(event.pop("content"))
    assert event == {"id": whole["id"], "args": whole["args"]}


@pytest.mark.parametrize(
    "record",
    [
        b"[]",
        b'{"content": [1, 2, 3]}',
        b'{"content": "abc',
        b"{}",
        rb'{"content": "abc\ud83d"}',
        b'{"content": 12345}',
    ],
)
def test_what_is_no_string_is_not_cut(record: bytes) -> None:
    assert cut(record, "content", 2) is None


def test_nothing_is_copied_of_what_is_not_looked_at() -> None:
    record = msgspec.Raw(b'{"content": "' + "größe 🎉\\n".encode() * 500_000 + b'"}')
    tracemalloc.start()
    found = cut(record, "content", 1000)
    assert found is not None
    parts = sum(len(part) for part in _parts(found[1], 1 << 15))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert parts == 500_000 * len("größe 🎉\n")
    assert most < 2_000_000


def _parts(text: LongText, most: int) -> Iterator[str]:
    at = 0
    while at < text.size:
        end = text.end_of_lines(at, most)
        yield text.part(at, end)
        at = end
