"""What a recording can be exported as."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from documents import message, ran, run
from exporting import CONTROLS, KEYS, MARKUP, export_of, halves, hostile, session_of
from trajcore.errors import BadInput
from trajcore.pictures import Picture
from trajcore.trajectory import Trajectory
from trajcore.views.exports import EXPORTS, LISTINGS, exported, save
from trajcore.views.exports.colours import Span, spans
from trajcore.views.exports.cutting import Limit, cut
from trajcore.views.exports.extract import Extract
from trajcore.views.exports.html import source_of
from trajcore.views.exports.listing import json_lines, text_lines
from trajcore.views.exports.selection import rows_named

EVENTS = [message(0, "go", wait_for_response=True), run(1, "ls\nls"), ran(2, 1, "a", exit_code=3)]
ACTING = {character for character in CONTROLS if not (character.isprintable() or character in "\n\t ")}


def trajectory(events: list[dict[str, Any]] = EVENTS) -> Trajectory:
    return Trajectory.from_bytes(json.dumps(events).encode())


def test_text_has_a_line_an_event() -> None:
    lines = list(text_lines(trajectory()))
    assert [line.split()[0] for line in lines] == ["0", "1", "2"]
    assert lines[0].endswith("[waits]")
    assert lines[2].endswith("[exit 3]")


def test_json_has_an_object_an_event() -> None:
    objects = [json.loads(line) for line in json_lines(trajectory())]
    assert objects[1] == {
        "index": 1,
        "id": 1,
        "source": "agent",
        "kind": "run",
        "type": "action",
        "summary": "ls",
        "cause": None,
    }
    assert objects[2]["cause"] == 1


@pytest.mark.parametrize("row", LISTINGS, ids=lambda row: row.name)
def test_each_listing_is_named_described_and_safe(row: Any) -> None:
    assert row.what
    lines = row.write(trajectory([message(0, "\x1b]0;title\x07 \u202e \x9b31m")]))
    assert not set("".join(lines)) & set("\x1b\x07\x9b\u202e\n")


@pytest.mark.parametrize("row", EXPORTS, ids=lambda row: row.name)
class TestEachExport:
    def test_is_described_and_acts_on_no_terminal(self, row: Any) -> None:
        assert row.what
        text, _ = export_of(hostile(), row.name)
        assert not set(text) & ACTING

    def test_masks_every_planted_key_and_lists_it(self, row: Any) -> None:
        text, extract = export_of(hostile(), row.name)
        listed = {masked.kind for masked in extract.masked}
        for kind, key in KEYS.items():
            assert key not in text
            assert kind in listed
        assert not [half for half in halves() if half in text]
        assert all(masked.where for masked in extract.masked)

    def test_keeps_what_looks_like_a_key_where_the_user_wants_that(self, row: Any) -> None:
        session = session_of(hostile())
        extract = Extract(session, rows_named(session, None), guess=False)
        text = "".join(exported(extract, row.name))
        assert KEYS["an API key"] in text
        assert extract.masked == []

    def test_has_the_steps_that_were_chosen_alone(self, row: Any) -> None:
        events = [message(0, "go"), run(1, "echo one"), ran(2, 1, "1"), run(3, "echo two"), ran(4, 3, "2")]
        text, _ = export_of(events, row.name, only="3")
        assert "echo two" in text
        assert "echo one" not in text


def test_an_unknown_format_is_refused_with_those_that_are() -> None:
    with pytest.raises(BadInput, match="md, html"):
        export_of(EVENTS, "pdf")


# Which rows


NAMED = [
    message(0, "go"),
    run(1, "a"),
    ran(2, 1, "1"),
    run(3, "b"),
    ran(4, 3, "2"),
    run(5, "c"),
    ran(6, 5, "3"),
]


@pytest.mark.parametrize(
    ("only", "labels"),
    [
        ("3", "3"),
        ("0,5", "0 5"),
        ("1-3", "1 3"),
        ("4", "3"),
        ("2-4", "1 3"),
        ("#1-#3", "1 3"),
        (" 5 , 1", "1 5"),
        (None, "0 1 3 5"),
    ],
)
def test_rows_are_chosen_by_their_names(only: str | None, labels: str) -> None:
    session = session_of(NAMED)
    rows = rows_named(session, only)
    assert [session.trajectory.label(row.index(session.trajectory) or 0) for row in rows] == labels.split()


@pytest.mark.parametrize(
    ("only", "words"),
    [
        ("9", "no event 9"),
        ("1-9", "no event 9"),
        ("5-1", "ends before"),
        (",", "names no event"),
        ("a-b", "no event a"),
    ],
)
def test_rows_that_are_not_there_are_named(only: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        rows_named(session_of(NAMED), only)


# Markdown


class Told(HTMLParser):
    """The tags of a text, and what stands outside of code."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.outside = ""
        self._code = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self._code += tag == "code"

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag == "code"

    def handle_data(self, data: str) -> None:
        self.outside += "" if self._code else data


def without_fences(text: str) -> str:
    """What a renderer reads as Markdown: all but the blocks of code."""
    kept, fence = [], ""
    for line in text.split("\n"):
        found = re.match(r"(`{3,})[a-z]*$", line)
        if not fence and found:
            fence = found[1]
        elif not fence:
            kept.append(line)
        elif line == fence:
            fence = ""
    assert not fence
    return "\n".join(kept)


def test_markdown_of_a_hostile_recording_is_inert() -> None:
    text, _ = export_of(hostile(), "md")
    told = Told()
    told.feed(without_fences(text))
    assert told.tags == {"code", "table", "tr", "td", "details", "summary", "sub"}
    assert told.attributes <= {"open"}
    for sign in ("@", "http", "javascript", "![", "](", "www."):
        assert sign not in told.outside
    assert all(text.count(line) for line in ("<script>alert(8)</script>", "## heading"[1:]))
    assert MARKUP[0] in text


def test_markdown_says_how_much_of_a_long_text_it_left_out_and_fits_an_issue() -> None:
    events: list[dict[str, Any]] = [message(0, "go")]
    for id in range(1, 401, 2):
        events += [run(id, f"echo {id}"), ran(id + 1, id, "line\n" * 5000)]
    text, _ = export_of(events, "md")
    assert len(text) < 65_536
    assert "lines, 2" in text
    assert "left out" in text
    assert "more steps are left out" in text


# The page


def test_the_page_has_a_header_and_a_place_a_step() -> None:
    text, _ = export_of(EVENTS, "html")
    assert 'id="step-1"' in text
    assert "<dt>format</dt><dd>openhands (list)</dd>" in text
    assert "none: this is what was recorded" in text


def test_the_policy_of_the_page_names_its_own_style_and_script_alone() -> None:
    text, _ = export_of(hostile(), "html")
    policy = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
    assert len(policy) == 1
    assert "default-src 'none'" in policy[0]
    assert "unsafe" not in policy[0]


@pytest.mark.parametrize(
    "url",
    [
        "http://x/a.png",
        "data:image/svg+xml;base64,PHN2Zz4=",
        "data:image/png;base64,!!",
        "data:text/html,<b>",
        "data:image/png;base64,iVBORw0KGgo=",
    ],
)
def test_what_is_no_picture_of_pixels_is_not_embedded(url: str) -> None:
    assert source_of(Picture.at(url)) == ""


def test_colours_are_classes() -> None:
    assert list(spans("a\x1b[1;31mb\x1b[0m\x1b[38;5;196mc\x1b[48;2;0;0;250md\x1b[")) == [
        Span("a"), Span("b", "bold ink-1"), Span("c", "ink-9"), Span("d", "ink-9 ground-4"),
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["x" * 5000, "x\n" * 500, "\n" * 5000, ("y" * 40 + "\n") * 400])
def test_a_long_text_is_cut_in_the_middle(text: str) -> None:
    shown, said = cut(text, Limit(1000, 60))
    assert len(shown) <= 1000 + len(said) + 10
    assert shown.count("\n") <= 63
    assert said in shown


def test_a_short_text_is_whole() -> None:
    assert cut("a\nb", Limit(10, 10)) == ("a\nb", "")


def test_it_is_saved_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "x.md"
    save(iter(("a", "b")), path)
    assert path.read_text() == "ab"

    def broken() -> Any:
        yield "c"
        raise BadInput("it broke")

    with pytest.raises(BadInput):
        save(broken(), path)
    assert path.read_text() == "ab"
