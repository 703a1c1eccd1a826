"""What is looked at of a large recording takes no more memory than its file."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest

from documents import message, ran, run
from showing import row_of
from trajcore.session import Session
from trajcore.text import safe
from trajcore.trajectory import Trajectory
from trajcore.views.blocks import BlockKind, LongBlock
from trajcore.views.event import blocks_for
from trajcore.worlds.facts import found_in

pytestmark = pytest.mark.asyncio

LINES = "\n".join(f"größe {number} 🎉" for number in range(200_000))
PNG = "data:image/png;base64," + "iVBORw0KGgo" * 100


def _written(path: Path, text: str, **fields: object) -> Path:
    events = [message(0, "# go"), run(1, "cat large"), {**ran(2, 1, text, exit_code=0), **fields}]
    path.write_text(json.dumps(events, ensure_ascii=False))
    return path


async def test_opening_it_and_looking_at_it_takes_its_file(tmp_path: Path) -> None:
    _ = _blocks(_written(tmp_path / "small.json", "small"))  # what is imported, and made once
    path = _written(tmp_path / "x.json", LINES * 3)
    tracemalloc.start()
    try:
        blocks = _blocks(path)
        kept, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    long = {block.size for block in blocks if isinstance(block, LongBlock)}
    assert long == {len((LINES * 3).replace("\n", "\\n").encode())}
    assert kept < 1.1 * path.stat().st_size
    assert most < 1.1 * path.stat().st_size + 8_000_000  # a megabyte of it is decoded at a time


def _blocks(path: Path) -> tuple[object, ...]:
    trajectory = Trajectory.open(path)
    session = Session(trajectory)
    found_in(trajectory)
    assert [trajectory.head(index).kind for index in range(3)] == ["message", "run", "run"]
    assert trajectory.problems(2) == ()
    return (*blocks_for(session, row_of(session, 1)), *blocks_for(session, row_of(session, 2)))


async def test_all_of_it_is_there_when_it_is_asked_for(tmp_path: Path) -> None:
    session = Session(Trajectory.open(_written(tmp_path / "x.json", LINES)))
    head = session.trajectory.head(2)
    assert (head.content, head.exit_code) == (LINES, 0)
    assert LINES.startswith(head.told or "nothing")
    assert len(head.told or "") <= 100_000
    (block,) = (one for one in blocks_for(session, row_of(session, 1)) if isinstance(one, LongBlock))
    assert block.text == safe(LINES)
    assert session.trajectory.data(2)["content"] == LINES
    assert session.trajectory.parsed(2).event.model_dump()["content"] == LINES


async def test_it_is_the_same_block_until_it_is_edited(tmp_path: Path) -> None:
    session = Session(Trajectory.open(_written(tmp_path / "x.json", LINES)))
    before = blocks_for(session, row_of(session, 1))
    assert blocks_for(session, row_of(session, 1)) == before
    session.trajectory.set_value(2, ("content",), LINES[:-1])
    assert blocks_for(session, row_of(session, 1)) != before
    session.trajectory.undo()
    assert blocks_for(session, row_of(session, 1)) == before


async def test_a_picture_in_a_large_text_is_found(tmp_path: Path) -> None:
    session = Session(Trajectory.open(_written(tmp_path / "x.json", f"{LINES}\n{PNG}")))
    blocks = blocks_for(session, row_of(session, 1))
    assert [block.kind for block in blocks if block.picture is not None] == [BlockKind.PICTURE]
    assert "iVBORw0KGgo" not in "".join(block.text for block in blocks)


async def test_a_large_file_that_was_read_has_its_heading_apart(tmp_path: Path) -> None:
    text = f"Here's the result of running `cat -n` on /w/a.py:\n{LINES}"
    fields = {"observation": "read", "extras": {"path": "/w/a.py"}}
    session = Session(Trajectory.open(_written(tmp_path / "x.json", text, **fields)))
    note, code = blocks_for(session, row_of(session, 2))[-2:]
    assert (note.kind, note.text) == (BlockKind.NOTE, text.partition("\n")[0])
    assert (code.kind, code.language, code.text) == (BlockKind.CODE, "/a.py", LINES)
