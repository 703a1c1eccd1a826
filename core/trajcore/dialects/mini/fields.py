"""Where the fields of an event stand in its message, in all their copies, and around the messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from trajcore.dialects import canonical
from trajcore.dialects.base import Place, Recording
from trajcore.dialects.codecs import CODECS, Codec
from trajcore.dialects.mini.blocks import COMMAND, THOUGHT
from trajcore.dialects.mini.events import UNANSWERED, result_of, said, text_behind
from trajcore.dialects.mini.turns import HUMAN, RESPONSES, TEXT, TOOL, MiniSlot
from trajcore.dialects.mini.wire import read
from trajcore.dialects.replies import content_text
from trajcore.dialects.shapes import object_in, objects_in
from trajcore.errors import BadInput
from trajcore.events.kinds import ERROR, FINISH, RUN, USER_REJECTED
from trajcore.formats.json.merge import merged
from trajcore.formats.json.reading import as_object
from trajcore.runtimes.mini.wording import Said, reworded, said_in

Path = tuple[str | int, ...]
Record = Mapping[str, Any]

OUTPUT: Final = "mini.output"
CODE: Final = "mini.code"
"""Codecs of an output and an exit code in the words around them, where nothing else has them."""
CONTENT: Final = "mini.content"
"""The codec of a content: a text, its only part that is text, or nothing yet."""


def places(recording: Recording, index: int, path: Path) -> Sequence[Place]:
    """Each place of a field. Raises `BadInput`, which says why, where it has none."""
    slot: MiniSlot = recording.slots[index]
    at = slot.records[0]
    record = as_object(recording.records[at])
    if slot.action == RUN:
        found = _of_command(at, record, slot, path)
    elif slot.observation is not None:
        found = _of_result(at, record, slot, path)
    else:
        found = _of_text(recording, at, record, slot, path)
    if not found:
        raise BadInput(f"event {recording.label(index)}: {_why_not(slot, path)}.")
    return found


def _why_not(slot: MiniSlot, path: Path) -> str:
    name = ".".join(map(str, path))
    if path[-1] == UNANSWERED:
        return f"{name} is what follows from the messages behind it, and stands nowhere"
    if path == (canonical.ARGUMENTS, "thought") and not slot.is_first:
        return "what was said beside several commands stands with the first of them"
    return f"mini-swe-agent has no place for {name}"


def _of_text(recording: Recording, at: int, record: Record, slot: MiniSlot, path: Path) -> list[Place]:
    if path == (canonical.ARGUMENTS, "reasoning_content"):
        return _reasoning(at, record)
    submission = slot.action == FINISH and path in (
        (canonical.ARGUMENTS, "final_thought"),
        (canonical.ARGUMENTS, "outputs", "submission"),
    )
    if not submission and path != (canonical.ARGUMENTS, "content"):
        return []
    found = _content(at, record)
    if not submission:
        return found
    text, extra = said(record), object_in(record, "extra")
    if extra.get("submission") == text:
        found.append(Place(at, ("extra", "submission")))
    if recording.records and read(recording.records[0]).is_around:
        info = object_in(as_object(recording.records[0]), "info")
        if info.get("submission") == text:
            found.append(Place(0, ("info", "submission")))
    return found


def _content(at: int, record: Record) -> list[Place]:
    """A message's text, and the provider's copy of it."""
    if record.get("role") is None and isinstance(record.get("output"), list):
        texts = _texts_of_items(record)
        return [Place(at, texts[0])] if len(texts) == 1 else []
    content = record.get("content")
    if isinstance(content, list) and len(_text_parts(content)) != 1:
        return []
    found = [Place(at, ("content",), CONTENT)] if "content" in record else []
    copy = _message_of(record)
    if "content" in copy and content_text(copy.get("content")) == content_text(content):
        found.append(Place(at, (*_MESSAGE, "content"), CONTENT))
    return found


_MESSAGE: Final = ("extra", "response", "choices", 0, "message")
"""Where the provider's own copy of a message stands."""


def _message_of(record: Record) -> Mapping[str, Any]:
    choices = object_in(object_in(record, "extra"), "response").get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    return object_in(first, "message") if isinstance(first, dict) else {}


def _text_parts(parts: Sequence[Any]) -> list[int]:
    return [at for at, one in enumerate(parts) if isinstance(one, dict) and isinstance(one.get("text"), str)]


def _texts_of_items(record: Record) -> list[Path]:
    return [
        ("output", at, "content", part, "text")
        for at, item in enumerate(record["output"])
        if isinstance(item, dict) and isinstance(item.get("content"), list)
        for part in _text_parts(item["content"])
    ]


def _reasoning(at: int, record: Record) -> list[Place]:
    found = [Place(at, ("reasoning_content",))] if isinstance(record.get("reasoning_content"), str) else []
    if found and _message_of(record).get("reasoning_content") == record["reasoning_content"]:
        found.append(Place(at, (*_MESSAGE, "reasoning_content")))
    return found


# Commands


def _of_command(at: int, record: Record, slot: MiniSlot, path: Path) -> list[Place]:
    if path == (canonical.ARGUMENTS, "command"):
        return [*_executed(at, record, slot), *_said(at, record, slot)]
    if path == (canonical.ARGUMENTS, "thought") and slot.is_first and slot.form != HUMAN:
        if slot.form != TEXT:
            return _content(at, record)
        if not slot.pattern or text_behind(said(record), slot.pattern):
            return []
        return _in_blocks(at, record, slot, THOUGHT)
    if path == (canonical.ARGUMENTS, "reasoning_content") and slot.is_first:
        return _reasoning(at, record)
    return []


def _executed(at: int, record: Record, slot: MiniSlot) -> list[Place]:
    actions = object_in(record, "extra").get("actions")
    listed = actions if isinstance(actions, list) else []
    known = [
        number
        for number, one in enumerate(listed)
        if isinstance(one, dict) and isinstance(one.get("command"), str)
    ]
    if slot.part >= len(known):
        return []
    return [Place(at, ("extra", "actions", known[slot.part], "command"))]


def _said(at: int, record: Record, slot: MiniSlot) -> list[Place]:
    if slot.form in (TEXT, HUMAN):
        return _in_blocks(at, record, slot, COMMAND) if slot.pattern else []
    if slot.call is None:
        return []
    if slot.form == RESPONSES:
        return _argument(at, ("output", slot.call, "arguments"), record["output"][slot.call].get("arguments"))
    function = ("tool_calls", slot.call, "function")
    own = record["tool_calls"][slot.call]["function"]
    found = _argument(at, (*function, "arguments"), own.get("arguments"))
    copies = objects_in(_message_of(record), "tool_calls")
    for number, copy in enumerate(copies):
        if copy.get("id") == slot.tool_call_id:
            given = object_in(copy, "function").get("arguments")
            found += _argument(at, (*_MESSAGE, "tool_calls", number, "function", "arguments"), given)
    return found


def _argument(at: int, path: Path, given: Any) -> list[Place]:
    if isinstance(given, dict):
        return [Place(at, (*path, "command"))]
    return [Place(at, path, "json", ("command",))] if isinstance(given, str) else []


def _in_blocks(at: int, record: Record, slot: MiniSlot, codec: str) -> list[Place]:
    content = record.get("content")
    found = [Place(at, ("content",), codec, (slot.pattern,))] if isinstance(content, str) else []
    if found and _message_of(record).get("content") == content:
        found.append(Place(at, (*_MESSAGE, "content"), codec, (slot.pattern,)))
    return found


# Results


def _of_result(at: int, record: Record, slot: MiniSlot, path: Path) -> list[Place]:
    extra = object_in(record, "extra")
    name = "output" if record.get("role") is None and isinstance(record.get("output"), str) else "content"
    if slot.observation == RUN:
        if path == ("content",):
            if isinstance(extra.get("raw_output"), str):
                return [Place(at, ("extra", "raw_output"))]
            return [Place(at, (name,), OUTPUT)] if isinstance(record.get(name), str) else []
        if path == (canonical.DETAILS, "metadata", "exit_code"):
            if isinstance(extra.get("returncode"), int):
                return [Place(at, ("extra", "returncode"))]
            told = said_in(said(record))
            return [Place(at, (name,), CODE)] if told is not None and told.returncode is not None else []
        if path == (canonical.DETAILS, "exception_info") and isinstance(extra.get("exception_info"), str):
            return [Place(at, ("extra", "exception_info"))]
        return []
    if path != ("content",):
        return []
    if slot.observation in (ERROR, USER_REJECTED) and slot.of is not None and extra.get("exception_info"):
        return []
    return (
        _content(at, record)
        if slot.observation == ERROR and slot.of is None
        else [Place(at, (name,), CONTENT)]
    )


def followed(before: bytes, after: bytes) -> bytes:
    """A result whose words follow what they are made of. Raises `BadInput` where they can't."""
    old, new = as_object(before), as_object(after)
    extra = object_in(new, "extra")
    name = "output" if new.get("role") is None and isinstance(new.get("output"), str) else "content"
    content = new.get(name)
    if not isinstance(extra.get("raw_output"), str) or not isinstance(content, str):
        return after
    if (was := said_in(content)) is None or result_of(old) == result_of(new):
        return after
    told = result_of(old)
    whole = Said(was.shape, told[0], told[1], told[2], was.is_cut)
    try:
        text = reworded(content, *result_of(new), was=whole, is_whole=True)
    except ValueError as error:
        raise BadInput(f"what a model was shown can't be worded anew: {error}.") from None
    return merged(after, new, {**new, name: text})


def _get_output(outer: Any, inside: Sequence[str | int]) -> Any:
    told = said_in(outer)
    return outer if told is None else told.output


def _put_output(outer: Any, inside: Sequence[str | int], value: Any) -> Any:
    told = said_in(outer)
    if not isinstance(value, str):
        raise TypeError("an output is a text")
    return value if told is None else reworded(outer, value, told.returncode, told.exception, was=told)


def _get_code(outer: Any, inside: Sequence[str | int]) -> Any:
    told = said_in(outer)
    if told is None or told.returncode is None:
        raise LookupError("no return code is told")
    return told.returncode


def _put_code(outer: Any, inside: Sequence[str | int], value: Any) -> Any:
    told = said_in(outer)
    if told is None or not isinstance(value, int):
        raise ValueError("a return code is a number, and none is told there")
    return reworded(outer, told.output, value, told.exception, was=told)


def _get_content(outer: Any, inside: Sequence[str | int]) -> Any:
    return content_text(outer)


def _put_content(outer: Any, inside: Sequence[str | int], value: Any) -> Any:
    if not isinstance(value, str):
        raise TypeError("a content is a text")
    if not isinstance(outer, list):
        return value
    (at,) = _text_parts(outer)
    return [{**one, "text": value} if number == at else one for number, one in enumerate(outer)]


CODECS[OUTPUT] = Codec(_get_output, _put_output)
CODECS[CODE] = Codec(_get_code, _put_code)
CODECS[CONTENT] = Codec(_get_content, _put_content)

__all__ = ["TOOL", "followed", "places"]
