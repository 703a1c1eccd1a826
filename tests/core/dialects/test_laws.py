"""The laws of dialects and formats, over those that are built in and over a toy that is nothing like them."""

from __future__ import annotations

import json
from collections.abc import Mapping

from conformance.dialect import CHAT, DialectLaws
from conformance.format import FormatLaws
from documents import called, message, ran, run
from toys import SAMPLE, Toy, result, session, turn
from trajcore.dialects.base import Dialect
from trajcore.dialects.openhands_v0.dialect import OpenHandsV0
from trajcore.formats.base import Format
from trajcore.formats.directory import Directory
from trajcore.formats.jsonl import JsonLines
from trajcore.formats.lists import Lists
from trajcore.formats.pages import Pages
from trajcore.formats.rows import Rows

EVENTS = [
    message(0, "go"),
    run(1, "ls", tool_call_metadata=called("a", "r", "a", "b", arguments='{"command": "ls"}')),
    run(2, "pwd", tool_call_metadata=called("b", "r", "a", "b", arguments='{"command": "pwd"}')),
    ran(3, 1, "x"),
    ran(4, 2, "/"),
    message(5, "more", wait_for_response=True),
    run(6, "true"),
    ran(7, 6),
    {"id": 8, "source": "agent", "action": "finish", "args": {"final_thought": "done", "outputs": {}}},
]


class TestOpenHandsV0(DialectLaws):
    """The identity."""

    dialect: Dialect = OpenHandsV0()
    samples: Mapping[str, bytes] = {
        "list": json.dumps(EVENTS).encode(),
        "indented": json.dumps({"trajectory": EVENTS}, indent=4, ensure_ascii=False).encode(),
        "pairs": json.dumps({"history": [[EVENTS[1], EVENTS[3]], [EVENTS[6], EVENTS[7]]]}).encode(),
    }
    others = (CHAT, SAMPLE)


class TestToy(DialectLaws):
    """Records and events are many to many."""

    dialect: Dialect = Toy()
    samples: Mapping[str, bytes] = {
        "all": SAMPLE,
        "no line break at the end": SAMPLE[:-1],
        "blank lines": SAMPLE.replace(b"\n", b"\r\n\r\n", 3),
        "broken chain": session(
            {"type": "say", "who": "user", "text": "ä\u2028"},
            {"type": "mark", "parent": "nobody"},
            *turn("r", "hm", x="true"),
            result("x", "", None),
            {"type": "end", "text": ""},
        ),
    }


class TestLists(FormatLaws):
    """One list."""

    format: Format = Lists()
    samples: Mapping[str, bytes] = {
        "list": b'[{"a": 1} ,\n {"b": [2]}]\n',
        "object": b'{"x": [1], "trajectory": [{"a": 1}], "y": 2}',
        "pairs": b'[[{"a": 1}, {"b": 2}], [null, {"c": 3}]]',
    }


class TestRows(FormatLaws):
    """A list in each row."""

    format: Format = Rows()
    samples: Mapping[str, bytes] = {
        "rows": b'{"history": [{"a": 1}, {"b": 2}]}\n{"id": "x", "history": [{}]}\n'
    }
    row = "0"


class TestJsonLines(FormatLaws):
    """A record a line."""

    format: Format = JsonLines()
    samples: Mapping[str, bytes] = {"lines": b'\xef\xbb\xbf{"a": 1}\r\n\n  {"b": NaN}\n{"c": "\xc3\xa4"}'}


class TestPages(FormatLaws):
    """A list in each page."""

    format: Format = Pages()
    samples: Mapping[str, bytes] = {
        "one": b'{"events": [{"a": 1} , {"b": 2}], "has_more": false}',
        "lines": b'{"events": [{"a": 1}], "has_more": true}\n{"events": []}\n{"events": [{"b": 2}]}\n',
        "list": b'[{"has_more": true, "events": [{"a": 1}]},\n {"events": [{"c": NaN}]}, {"events": []}]',
        "in a row": b'{"events": [\n {"a": 1}\n]}\n{\n "events": [\n {"b": "\xc3\xa4"}\n]}\n',
    }


class TestDirectory(FormatLaws):
    """Nothing is read of it but from a directory."""

    format: Format = Directory()
    samples: Mapping[str, bytes] = {}
