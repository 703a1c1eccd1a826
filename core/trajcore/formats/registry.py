"""The containers that files come in, built in and added."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from trajcore.errors import BadInput
from trajcore.formats.base import Files, Format, Layout
from trajcore.formats.conversation import Conversation
from trajcore.formats.directory import Directory
from trajcore.formats.jsonl import JsonLines
from trajcore.formats.lists import Lists
from trajcore.formats.object import Enclosed
from trajcore.formats.pages import Pages
from trajcore.formats.rows import Rows
from trajcore.plugins import Registry

FORMATS: Final[Registry[Format]] = Registry(
    "file format",
    "trajtui.formats",
    {
        "conversation": Conversation,
        "directory": Directory,
        "object": Enclosed,
        "list": Lists,
        "jsonl": JsonLines,
        "pages": Pages,
        "rows": Rows,
    },
)
"""By name. A package offers one as an entry point of the group `trajtui.formats`."""


def register_format(format: Format) -> None:
    """Let files of another container be read, in this process."""
    FORMATS.register(format)


def readings(files: Files, row: str | None, name: str | None = None) -> Iterator[Layout | BadInput]:
    """Every way to read what was opened, in one container where it is named; and what is wrong with others.

    What packages offer is asked last.
    """

    def of(format: Format) -> Iterator[Layout | BadInput]:
        try:
            yield from format.records(files, row)
        except BadInput as error:
            yield error

    if name is not None:
        yield from of(FORMATS.get(name))
        return
    for format in FORMATS.at_hand():
        yield from of(format)
    for format in FORMATS.offered():
        yield from of(format)
