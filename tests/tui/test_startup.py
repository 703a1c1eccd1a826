"""When garbage is looked for: not before the first frame, nor through all that was read of a recording."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from documents import ran, run
from program import write
from screens import opened
from trajtui import startup


@pytest.fixture
def as_before() -> Iterator[None]:
    """The collector is left as it was found."""
    threshold = gc.get_threshold()
    yield
    gc.enable()
    gc.unfreeze()
    gc.set_threshold(*threshold)
    startup._spared = False


@pytest.mark.usefixtures("as_before")
async def test_rows_that_were_read_are_not_walked_through_between_keys(tmp_path: Path) -> None:
    events = [event for id in range(0, 4000, 2) for event in (run(id, f"echo {id}"), ran(id + 1, id, "x"))]
    path = write(tmp_path / "x.json", events)
    startup.starting()
    assert not gc.isenabled()
    startup.first_frame_shown()
    assert gc.isenabled()
    assert gc.get_threshold()[0] >= 10_000
    at_first = gc.get_freeze_count()
    async with opened(path) as shown:
        await shown.wait(lambda: gc.get_freeze_count() > at_first + 2000)
        for _ in range(3):
            await shown.press("pagedown")
        assert shown.selected


@pytest.mark.usefixtures("as_before")
def test_what_others_have_left_alone_has_nothing_left_alone_here() -> None:
    gc.freeze()
    knot: list[Any] = []
    knot.append(knot)
    startup.first_frame_shown()
    startup.all_rows_read()
    assert any(one is knot for one in gc.get_objects()), "it would never be looked through"


def test_a_program_that_did_not_begin_here_keeps_its_collector() -> None:
    before = gc.get_threshold(), gc.get_freeze_count()
    startup.first_frame_shown()
    startup.all_rows_read()
    assert (gc.get_threshold(), gc.get_freeze_count()) == before
