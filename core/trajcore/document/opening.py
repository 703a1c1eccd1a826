"""From a path, or bytes, to a recording that is known to be OpenHands' own; all else is refused by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from trajcore.dialects import foreign
from trajcore.dialects.openhands_v0 import claim
from trajcore.errors import BadInput
from trajcore.events.head import read_head
from trajcore.formats import is_directory, lists, peek, read_path, read_source
from trajcore.formats.base import Layout, Source

_NAMED: Final = 3
"""So many unknown kinds are named."""


def open_path(path: Path, row: str | None = None) -> Layout:
    """The events of a file or directory. Raises `BadInput`, naming it and whose it is, and `RowNeeded`."""
    if not is_directory(path):
        return open_source(read_source(path), row)
    files = lambda: foreign.agent_of_files(peek.filed(path))  # noqa: E731
    return _opened(str(path), lambda: read_path(path, row), files)


def open_source(source: Source, row: str | None = None) -> Layout:
    """The events of a whole file that is in memory. Raises as `open_path` does."""
    return _opened(source.name, lambda: lists.read(source, row), lambda: foreign.agent_of_bytes(source.data))


def _opened(name: str, read: Callable[[], Layout], ask: Callable[[], str | None]) -> Layout:
    """What `read` finds, if that is OpenHands'; `ask` says whose a thing is that is not.

    Only where nothing is certain about the first events is anything else looked at: a large recording of
    OpenHands opens no slower.
    """
    try:
        layout = read()
    except BadInput:
        agent = ask()
        if agent is not None:
            raise foreign.refusal(name, agent) from None
        raise
    if not _is_certain(layout.events):
        agent = ask() or foreign.agent_of_records(layout.events)
        if agent is not None:
            raise foreign.refusal(name, agent)
        _check_kinds(name, layout.events)
    return layout


def _is_certain(events: Sequence[msgspec.Raw]) -> bool:
    return any(claim.of_text(event) == claim.CERTAIN for event in events[: peek.MOST_RECORDS])


def _check_kinds(name: str, events: Sequence[msgspec.Raw]) -> None:
    """Raise `BadInput` where events have kinds, and none is one that OpenHands has."""
    if any(map(claim.of_text, events)):
        return
    kinds = dict.fromkeys(head.kind for head in map(read_head, events) if head.action or head.observation)
    if kinds:
        named = ", ".join(repr(kind[:40]) for kind in list(kinds)[:_NAMED])
        more = ", …" if len(kinds) > _NAMED else ""
        raise BadInput(
            f"{name} is no OpenHands recording: it has none of its kinds of events, but {named}{more}."
        )
