"""Comparing notebook cells, and what a run keeps of them."""

from __future__ import annotations

import asyncio
import base64
import json
import struct
import zlib
from typing import Any, cast

import pytest

from trajcore import notices
from trajcore.dialects.newevents import observation_event
from trajcore.events.base import Observation
from trajcore.events.parse import parse
from trajcore.replay.compare import compare
from trajcore.replay.run import Status
from trajcore.replay.verdict import Comparison, Match
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory

EMPTY = "[Code executed successfully with no output]"
DIRECTORY = "\n[Jupyter current working directory: /workspace]"
PYTHON = "\n[Jupyter Python interpreter: /openhands/poetry/openhands-ai-5O4_aCHf-py3.12/bin/python]"
OUR_PYTHON = "\n[Jupyter Python interpreter: /usr/bin/python3]"


def cell(content: str, images: list[str] | None = None) -> Observation:
    extras = {"code": "x", "image_urls": images}
    parsed = parse({"observation": "run_ipython", "content": content, "extras": extras, "success": True})
    assert parsed.problems == ()
    return cast("Observation", parsed.event)


def compared(before: str, after: str) -> Comparison:
    return compare(cell(before), cell(after))


def png(pixels: bytes, beside: bytes = b"", level: int = 9) -> str:
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", len(pixels), 1, 8, 0, 0, 0, 0)),
        (b"tEXt", b"Software\0" + beside),
        (b"IDAT", zlib.compress(b"\0" + pixels, level)),
        (b"IEND", b""),
    ]
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
    return "data:image/png;base64," + base64.b64encode(data).decode()


@pytest.mark.parametrize(
    ("before", "after", "match"),
    [
        ("2", "2", Match.EQUAL),
        ("2" + DIRECTORY + OUR_PYTHON, "2" + DIRECTORY + OUR_PYTHON, Match.EQUAL),
        ("2" + DIRECTORY + PYTHON, "2" + DIRECTORY + OUR_PYTHON, Match.NORMALISED),
        ("2" + DIRECTORY, "2" + DIRECTORY + OUR_PYTHON, Match.NORMALISED),
        ("2", "2" + DIRECTORY + OUR_PYTHON, Match.NORMALISED),
        ("<A at 0x7f00aabbccdd>", "<A at 0x7f1122334455>", Match.NORMALISED),
        ("/tmp/ipykernel_12/345.py:1: W", "/tmp/ipykernel_9/1.py:1: W", Match.NORMALISED),
        ("2", "3", None),
        ("2" + DIRECTORY, "3" + DIRECTORY + OUR_PYTHON, None),
        ("2" + DIRECTORY, "2\n[Jupyter current working directory: /elsewhere]" + OUR_PYTHON, None),
        ("2", "2" + DIRECTORY + "\nmore", None),
    ],
)
def test_what_only_one_version_says_is_no_difference_and_the_rest_is(
    before: str, after: str, match: Match | None
) -> None:
    found = compared(before, after)
    assert found.compared
    assert found.match is match


def test_the_directory_is_compared_where_both_name_it() -> None:
    after = "2\n[Jupyter current working directory: /elsewhere]"
    assert "/workspace" in compared("2" + DIRECTORY, after).reason


@pytest.mark.parametrize(
    ("before", "after", "match", "reason"),
    [
        ([png(b"\1\2")], [png(b"\1\2")], Match.EQUAL, ""),
        ([png(b"\1\2", b"one")], [png(b"\1\2", b"another", 1)], Match.NORMALISED, ""),
        ([png(b"\1\2")], [png(b"\1\3")], None, "picture 1 differs"),
        ([png(b"\1"), png(b"\2")], [png(b"\1"), png(b"\3")], None, "picture 2 differs"),
        ([png(b"\1\2")], None, None, "pictures: 1 recorded, 0 actual"),
        (None, [png(b"\1\2")], None, "pictures: 0 recorded, 1 actual"),
        (["data:image/png;base64,AAAA"], ["data:image/png;base64,AAAB"], None, "picture 1 differs"),
        (["data:image/png;base64,?"], ["no url at all"], None, "picture 1 differs"),
        (None, None, Match.EQUAL, ""),
    ],
)
def test_pictures_are_compared_by_what_they_show(
    before: list[str] | None, after: list[str] | None, match: Match | None, reason: str
) -> None:
    found = compare(cell("<Figure>", before), cell("<Figure>", after))
    assert (found.match, found.reason) == (match, reason)


def test_a_picture_that_unpacks_without_end_is_not_unpacked_to_the_end() -> None:
    bombs = [png(b"\0" * (80 << 20), bytes([letter])) for letter in b"ab"]
    assert compare(cell("", bombs[:1]), cell("", bombs[1:])).reason == "picture 1 differs"


def test_a_cell_is_written_as_openhands_writes_it() -> None:
    written = observation_event(cell("2", [png(b"\1")]), {"id": 7, "source": "agent"})
    assert written == {
        "source": "agent",
        "message": "Code executed in IPython cell.",
        "cause": 7,
        "observation": "run_ipython",
        "content": "2",
        "extras": {"code": "x", "image_urls": [png(b"\1")]},
        "success": True,
    }


NO_PYTHON = "mkdir -p /usr/local/sbin; for p in python3 python; do ln -sf /bin/false /usr/local/sbin/$p; done"


async def replayed(
    *commands: str, cells: dict[str, str], told: list[notices.Notice] | None = None
) -> Session:
    """A replay of commands and cells; `told` gets what its front ends were told."""
    events: list[dict[str, Any]] = []
    for command in commands:
        events.append({"id": len(events), "source": "agent", "action": "run", "args": {"command": command}})
    for code, content in cells.items():
        asked = {"id": len(events), "source": "agent", "action": "run_ipython", "args": {"code": code}}
        extras = {"code": code, "image_urls": None}
        answered = {"source": "agent", "observation": "run_ipython", "content": content, "extras": extras}
        events += [asked, {"id": len(events) + 1, "cause": len(events), **answered}]
    trajectory = Trajectory.from_bytes(json.dumps(events).encode(), "recording.json")
    session = Session(trajectory, Settings(sandbox="bubblewrap"))
    if told is not None:
        session.subscribe(told.append)
    try:
        session.resume()
        await asyncio.wait_for(session.idle(), 60)
    finally:
        await session.close()
    return session


@pytest.mark.bubblewrap
async def test_recorded_cells_are_executed_and_compared() -> None:
    told: list[notices.Notice] = []
    cells = {"x = 40": EMPTY, "x + 2": "42" + DIRECTORY, "x + 3": "42"}
    session = await replayed(cells=cells, told=told)
    results = list(session.run.results.values())
    assert [result.status for result in results] == [Status.MATCHED, Status.MATCHED, Status.DIVERGED]
    assert "43" in results[2].reason
    assert all(result.exit_code is None and result.recorded_exit_code is None for result in results)
    # What was told as it came is not said once more.
    assert {one.note + one.content for one in told if isinstance(one, notices.Executed)} == {""}


@pytest.mark.bubblewrap
async def test_without_python_cells_are_served_and_that_is_why() -> None:
    session = await replayed(NO_PYTHON, cells={"x = 40": EMPTY})
    result = session.run.results[1]
    assert result.status is Status.RECORDED
    assert result.reason == "the sandbox has no python3: served from the recording"
