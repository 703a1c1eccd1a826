"""What came back, as blocks: a row a kind where it is more than the output of a terminal."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from trajcore.events.base import Event, Observation
from trajcore.events.kinds import (
    AGENT_STATE_CHANGED,
    BROWSE,
    CONDENSE,
    DELEGATE,
    DOWNLOAD,
    ERROR,
    MCP,
    READ,
    RECALL,
    RUN,
    RUN_IPYTHON,
    TASK_TRACKING,
)
from trajcore.events.observations import UnknownObservation
from trajcore.live.messages.pictures import pictures_of, without_data
from trajcore.longtext import PIECE, LongText
from trajcore.pictures import Picture
from trajcore.text import safe, safe_line
from trajcore.views.blocks import (
    BLANK,
    Block,
    BlockKind,
    block_of,
    note,
    output,
    output_text,
    picture_block,
    prose,
    text_of,
)
from trajcore.views.bodies import language_of, task_list
from trajcore.views.values import value_blocks

Details = Mapping[str, Any]
Content = Callable[[str, Details], "list[Block]"]

_READ_BY_EDITOR: Final = "Here's the result of running `cat -n`"
"""How the editor's answer begins, before the lines of the file."""


PIECEWISE: Final = frozenset({RUN, RUN_IPYTHON, READ})
"""Of which kinds a long text can be shown without being read."""


def long_contents(observation: Event, text: LongText) -> list[Block]:
    """What an observation of one of these kinds says, without pictures, whose content need not be whole."""
    if isinstance(observation, Observation) and observation.observation == READ:
        return _read(text, observation.extras.model_dump())
    return [output(text)]


def contents(observation: Event, text: str) -> list[Block]:
    """What an observation says, whose text that is, with the pictures that came with it."""
    if not isinstance(observation, Observation):
        return [output(text)]
    pictures = [picture_block(Picture.at(url)) for url in pictures_of(observation)]
    text = without_data(observation, text) if pictures else text
    show = _CONTENTS.get(observation.observation)
    if show is not None:
        blocks = show(text, observation.extras.model_dump())
    elif isinstance(observation, UnknownObservation):
        blocks = [output(text), *_rest(observation.extras.model_dump(), set())]
    else:
        blocks = [output(text)]
    return blocks + pictures


def _rest(details: Details, shown: set[str]) -> list[Block]:
    left = {
        name: value
        for name, value in details.items()
        if name not in shown and value not in (None, "", [], {}, False)
    }
    return [BLANK, *value_blocks(left)] if left else []


def _read(text: str | LongText, details: Details) -> list[Block]:
    language = language_of(text_of(details.get("path")))
    first, newline, lines = _first_line(text)
    if newline and first.startswith(_READ_BY_EDITOR):
        return [note(first), block_of(BlockKind.CODE, lines, output_text, language)]
    return [block_of(BlockKind.CODE, text, output_text, language)]


def _first_line(text: str | LongText) -> tuple[str, str, str | LongText]:
    if isinstance(text, str):
        return text.partition("\n")
    end = text.end_of_line(0, PIECE)
    return *text.part(0, end).partition("\n")[:2], text.behind(end)


def _browse(text: str, details: Details) -> list[Block]:
    url = text_of(details.get("url"))
    return [*([note(url), BLANK] if url else []), output(text)]


def _mcp(text: str, _: Details) -> list[Block]:
    """A server's answer: its texts as they are, the rest of it as JSON."""
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        return [output(text)]
    items = answer.get("content") if isinstance(answer, dict) else answer
    if not isinstance(items, list) or not all(isinstance(item, dict) and "type" in item for item in items):
        return list(value_blocks(answer))
    blocks = [block for item in items for block in _item(item)]
    return blocks + (_rest(answer, {"content", "meta"}) if isinstance(answer, dict) else [])


def _item(item: Mapping[str, Any]) -> list[Block]:
    text = item.get("text")
    if item["type"] == "text" and isinstance(text, str):
        return _json_or_text(text)
    if item["type"] == "image":
        return []  # it is named below
    return list(value_blocks(item))


def _json_or_text(text: str) -> list[Block]:
    if text[:1] in ("{", "["):
        try:
            return list(value_blocks(json.loads(text)))
        except (ValueError, RecursionError):
            pass
    return [output(text)]


def _tasks(text: str, details: Details) -> list[Block]:
    return task_list(details.get("task_list")) or [output(text)]


def _recall(text: str, details: Details) -> list[Block]:
    return [*([output(text)] if text else []), *_rest(details, set())]


def _state(text: str, details: Details) -> list[Block]:
    reason = text_of(details.get("reason")) or text
    state = Block(BlockKind.TEXT, safe_line(text_of(details.get("agent_state"))))
    return [state, *([output(reason)] if reason else [])]


def _delegate(text: str, details: Details) -> list[Block]:
    return [*([prose(text)] if text else []), *_rest(details, set())]


def _download(text: str, details: Details) -> list[Block]:
    return [Block(BlockKind.TEXT, safe_line(text_of(details.get("file_path")))), output(text)]


_CONTENTS: Final[Mapping[str, Content]] = {
    READ: _read,
    BROWSE: _browse,
    MCP: _mcp,
    TASK_TRACKING: _tasks,
    RECALL: _recall,
    AGENT_STATE_CHANGED: _state,
    DELEGATE: _delegate,
    DOWNLOAD: _download,
    CONDENSE: lambda text, _: [prose(text)],
    ERROR: lambda text, _: [block_of(BlockKind.BAD, text, safe)],
}
