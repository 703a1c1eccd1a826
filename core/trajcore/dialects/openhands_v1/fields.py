"""Where the fields of a canonical event stand in the records of V1, in all their copies."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from trajcore.dialects import canonical
from trajcore.dialects.base import Place, Recording
from trajcore.dialects.openhands_v1.blocks import RISK, TEXTS, text_blocks
from trajcore.dialects.openhands_v1.events import UNANSWERED, arguments_of, said_of
from trajcore.dialects.openhands_v1.said import ECHOED, ECHOES
from trajcore.dialects.shapes import object_in
from trajcore.errors import BadInput
from trajcore.events.kinds import THINK
from trajcore.formats.json.edit import with_value
from trajcore.formats.json.reading import as_object

Path = tuple[str | int, ...]


def places(recording: Recording, index: int, path: Path) -> Sequence[Place]:
    """Each place of a field. Raises `BadInput`, which says why, where it has none."""
    slot = recording.slots[index]
    record: int = slot.records[0]
    known = as_object(recording.records[record])
    kind = known.get("kind")
    if not kind:
        raise BadInput(f"event {recording.label(index)} is damaged: delete it, and insert a new one.")
    if kind == "ActionEvent":
        found = _of_action(recording, index, known, path)
    else:
        found = _of_others(record, known, path)
    if not found:
        raise BadInput(f"event {recording.label(index)}: {why_not('.'.join(map(str, path)))}.")
    return found


def default_summary(known: Mapping[str, Any]) -> str | None:
    """The summary that is made of a call where its model gave none."""
    given = arguments_of(known)
    if not isinstance(given, dict):
        return None
    told = {key: value for key, value in given.items() if key not in ("summary", "security_risk")}
    return f"{known.get('tool_name')}: {json.dumps(told)}"


def followed(before: bytes, after: bytes) -> bytes:
    """A record after an edit, with what V1 makes of the fields that were edited: a summary, a suffix."""
    known, now = as_object(before), as_object(after)
    said, made = default_summary(known), default_summary(now)
    if made is not None and said != made and known.get("summary") == said:
        after = with_value(after, ("summary",), made)
    old, new = _metadata(known), _metadata(now)
    code, suffix = old.get("exit_code"), new.get("suffix")
    if new.get("exit_code") != code and suffix == old.get("suffix") and isinstance(suffix, str):
        ended = _ENDED.format(code)
        if ended in suffix:
            told = suffix.replace(ended, _ENDED.format(new.get("exit_code")))
            after = with_value(after, ("observation", "metadata", "suffix"), told)
    return after


_ENDED: Final = "[The command completed with exit code {}."


def _metadata(record: Mapping[str, Any]) -> Mapping[str, Any]:
    return object_in(object_in(record, "observation"), "metadata")


def why_not(field: str) -> str:
    """Why a field cannot be changed."""
    return _WHY_NOT.get(field) or f"a conversation of OpenHands V1 has no place for {field}"


_WHY_NOT: Mapping[str, str] = {
    "args.wait_for_response": "OpenHands V1 has no flag for that: a turn ends where no tool is called",
    "tool_call_metadata.tool_call_id": "the id of a call ties its result to it and can't be changed",
    f"args.{UNANSWERED}": "that nothing came back is no field of a call: its result would be an event",
    "timestamp": "OpenHands V1 goes by the order of events, not by their times",
}


def content_place(record: int, known: Mapping[str, Any], *path: str) -> Place:
    """A text in content blocks: inside of its block, where there is but one."""
    value: Any = known
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    if isinstance(value, str):
        return Place(record, path)
    texts = text_blocks(value)
    if len(texts) == 1:
        return Place(record, (*path, texts[0], "text"))
    return Place(record, path, TEXTS)


def _of_action(recording: Recording, index: int, known: Mapping[str, Any], path: Path) -> list[Place]:
    record: int = recording.slots[index].records[0]
    said = said_of(known)
    if path == ("timeout",) and not said.within:
        path = (canonical.ARGUMENTS, "timeout")
    if len(path) < 2 or path[0] != canonical.ARGUMENTS:
        return []
    if path[1] == UNANSWERED:
        return []
    if path[1] == "security_risk" and not said.within:
        return [Place(record, ("security_risk",), RISK)]
    if path[1] == "said" or (path[1] == "thought" and said.kind != THINK):
        return [content_place(record, known, "thought")] if len(path) == 2 else []
    if path[1] in ("reasoning_content", "summary") and len(path) == 2 and not said.within:
        given = arguments_of(known)
        is_copied = isinstance(given, dict) and path[1] in given and given[path[1]] == known.get(path[1])
        return [Place(record, (path[1],)), *(_argument(known, record, (path[1],)) if is_copied else ())]
    inside = said.field(path[1:])
    if inside is None:
        return []
    if not isinstance(known.get("action"), dict):
        return []  # it was never parsed: what the model wrote is all there is
    arguments = inside[1:] if inside[0] == "data" else inside
    copies = _argument(known, record, arguments)
    if not copies:
        raise BadInput(
            f"event {recording.label(index)}: the arguments that its model gave are no JSON object, so that "
            "they can't be kept the same"
        )
    return [Place(record, ("action", *inside)), *copies, *_echoes(recording, index, known, inside)]


def _argument(known: Mapping[str, Any], record: int, path: Path) -> list[Place]:
    """The place of an argument in what the model wrote; none where that is no object."""
    if not isinstance(arguments_of(known), dict):
        return []
    return [Place(record, ("tool_call", "arguments"), "json", path)]


def _echoes(recording: Recording, index: int, known: Mapping[str, Any], inside: Path) -> list[Place]:
    """Where the answer repeats what was asked for."""
    action = known.get("action")
    if len(inside) != 1 or not isinstance(action, dict):
        return []
    name = str(inside[0])
    echo = ECHOED.get(name, name)
    found = []
    answer = recording.links.answer_of.get(index)
    own = recording.slots[index].records[1:]
    for record in own if answer is None else (*own, *recording.slots[answer].records):
        observation = as_object(recording.records[record]).get("observation")
        if not isinstance(observation, dict) or observation.get("kind") not in ECHOES.get(echo, ()):
            continue
        if echo == "message":
            found.append(content_place(record, {"observation": observation}, "observation", "content"))
        elif observation.get(echo) == action.get(name):
            found.append(Place(record, ("observation", echo)))
    return found


def _of_others(record: int, known: Mapping[str, Any], path: Path) -> list[Place]:
    kind, field = str(known.get("kind")), ".".join(map(str, path))
    if kind == "ObservationEvent":
        if field == "content":
            return [content_place(record, known, "observation", "content")]
        if field == "extras.extended_content":
            return [content_place(record, known, "extended_content")]
        if len(path) > 1 and path[0] == canonical.DETAILS and path[1] != "image_urls":
            return _of_observation(record, known, path[1:])
        return []
    if kind == "MessageEvent":
        if field == "args.content":
            return [content_place(record, known, "llm_message", "content")]
        if field == "args.extended_content":
            return [content_place(record, known, "extended_content")]
    if field in _SIMPLE.get(kind, {}):
        return [Place(record, _SIMPLE[kind][field])]
    if kind in _OWN and len(path) > 1 and path[0] == canonical.ARGUMENTS:
        name = _OWN[kind].get(str(path[1]), path[1])
        return [Place(record, (name, *path[2:]))] if name in known else []
    return []


def _of_observation(record: int, known: Mapping[str, Any], path: Path) -> list[Place]:
    observation = known.get("observation")
    if not isinstance(observation, dict) or path[0] not in observation:
        return []
    places = [Place(record, ("observation", *path))]
    twins: dict[Path, Path] = {
        ("metadata", "exit_code"): ("exit_code",),
        ("exit_code",): ("metadata", "exit_code"),
    }
    if path in twins:
        other = Place(record, ("observation", *twins[path]))
        if _metadata(known).get("exit_code") == observation.get("exit_code"):
            places.append(other)
    return places


_SIMPLE: Mapping[str, Mapping[str, Path]] = {
    "AgentErrorEvent": {"content": ("error",)},
    "UserRejectObservation": {"content": ("rejection_reason",)},
    "ConversationErrorEvent": {"content": ("detail",), "extras.code": ("code",)},
    "SystemPromptEvent": {
        "args.content": ("system_prompt", "text"),
        "args.dynamic_context": ("dynamic_context", "text"),
    },
    "Condensation": {"args.summary": ("summary",), "args.summary_offset": ("summary_offset",)},
    "MessageEvent": {
        "args.sender": ("sender",),
        "args.reasoning_content": ("llm_message", "reasoning_content"),
    },
}
_OWN: Mapping[str, Mapping[str, str]] = {
    "HookExecutionEvent": {"name": "hook_event_type", "command": "hook_command"},
    "ACPToolCallEvent": {"name": "title"},
}
"""Kinds whose arguments are the event's own fields, and how some of them are called there."""
