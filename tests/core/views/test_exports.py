"""What a recording can be exported as."""

from __future__ import annotations

import json
from typing import Any

import pytest

from documents import message, ran, run
from trajcore.errors import BadInput
from trajcore.trajectory import Trajectory
from trajcore.views.exports import EXPORTS, export

EVENTS = [message(0, "go", wait_for_response=True), run(1, "ls\nls"), ran(2, 1, "a", exit_code=3)]


def trajectory(events: list[dict[str, Any]] = EVENTS) -> Trajectory:
    return Trajectory.from_bytes(json.dumps(events).encode())


def test_text_has_a_line_an_event() -> None:
    lines = list(export(trajectory(), "text"))
    assert [line.split()[0] for line in lines] == ["0", "1", "2"]
    assert lines[0].endswith("[waits]")
    assert lines[2].endswith("[exit 3]")


def test_json_has_an_object_an_event() -> None:
    objects = [json.loads(line) for line in export(trajectory(), "json")]
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


@pytest.mark.parametrize("row", EXPORTS, ids=lambda row: row.name)
def test_each_format_is_named_described_and_safe(row: Any) -> None:
    hostile = [message(0, "\x1b]0;title\x07 \u202e \x9b31m")]
    assert row.what
    assert not set("".join(export(trajectory(hostile), row.name))) & set("\x1b\x07\x9b\u202e\n")


def test_an_unknown_format_is_refused_with_those_that_are() -> None:
    with pytest.raises(BadInput, match="text, json"):
        export(trajectory(), "pdf")
