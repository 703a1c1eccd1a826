"""Where a pane says what is searched for: looked for beside the keys, a slice of time after the other."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from functools import partial

from trajcore.views.blocks import LONG, Block
from trajcore.views.query import Query
from trajcore.views.slices import SLICE, breath
from trajtui.abandoned import go_on, in_thread
from trajtui.widgets.found import reach
from trajtui.widgets.lines import LinePane
from trajtui.widgets.textrows import LineRows, Place
from trajtui.widgets.wrapping import UNWRAPPED


async def first_place(pane: LinePane, numbers: range, query: Query, rows: object = None) -> Place | None:
    """The first of these lines of a pane that says it, and the cell of it where it does.

    `rows`: what the lines are made of, where that is known.
    """
    if isinstance(rows, LineRows):
        found = await _in_slices(rows.places(query, reach(query)))
        return None if found is None else (numbers.start + found[0], found[1])
    return await _in_slices(_places(pane, numbers))


def _places(pane: LinePane, numbers: range) -> Iterator[Place | None]:
    for number in numbers:
        cells = pane.found_in(number, 0, UNWRAPPED) if number < pane.line_count() else []
        yield (number, cells[0][0]) if cells else None


async def _in_slices(places: Iterable[Place | None]) -> Place | None:
    until = time.perf_counter() + SLICE
    for place in places:
        if place is not None:
            return place
        if time.perf_counter() >= until:
            await breath()
            until = time.perf_counter() + SLICE
    return None


async def is_in(block: Block, query: Query) -> bool:
    """Whether a block says it, or one that it is unfolded into."""
    for part in block.parts:
        if await is_in(part, query):
            return True
    if block.size > LONG:
        return await in_thread(partial(_is_in_long, block, query))
    return bool(query.visible_in(block.text))


def _is_in_long(block: Block, query: Query) -> bool:
    for found in query.looked_for(block.text):
        go_on()
        if found:
            return True
    return False
