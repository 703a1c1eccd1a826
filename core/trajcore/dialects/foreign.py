"""Recordings of other agents, told by their shape and refused by name: none of them can be read yet.

A row for each agent or format, in the order in which they are asked. A row looks at the first records of a
recording, never at the name of a file, and has up to two predicates: of a whole recording that is one
object, and of records that are a recording together. Whatever is certainly OpenHands' own is nobody else's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

import msgspec

from trajcore.dialects import chats
from trajcore.dialects.openhands_v0 import claim
from trajcore.dialects.openhands_v0.wire import read_key
from trajcore.dialects.shapes import (
    Object,
    Objects,
    has_texts,
    mostly,
    object_in,
    objects_among,
    objects_in,
    word,
)
from trajcore.errors import BadInput
from trajcore.formats import peek
from trajcore.formats.base import Files, Layout


@dataclass(frozen=True)
class Signature:
    """How the recordings of an agent are told. `name` has an article, as in `this looks like …`."""

    name: str
    is_recording: Callable[[Object], bool] | None = None
    """Whether an object is a whole recording, or one row of a file that holds several."""
    are_records: Callable[[Objects], bool] | None = None
    """Whether objects are records of one recording."""

    def fits(self, objects: Objects) -> bool:
        """Whether the first objects of a file are such a recording, or rows that are."""
        if self.are_records is not None and self.are_records(objects):
            return True
        return self.is_recording is not None and any(map(self.is_recording, objects))


CLAIM: Final = 0.9
"""How sure a row is that fits: a dialect that claims as much or more reads the recording."""

_NAMED: Final = 3
"""So many kinds of events are named."""


def refusal(files: Files, layouts: Sequence[Layout]) -> BadInput | None:
    """What is said of what was opened, given its readings, where it is another agent's; None: it may be ours.

    It is one line, and names the agent.
    """
    agent = _agent_of_files(files)
    agent = agent or next(filter(None, (agent_of_records(layout.records) for layout in layouts)), None)
    if agent is None:
        return None
    return BadInput(f"{files.name}: this looks like {agent}; it cannot be read yet.")


def unclaimed(name: str, layouts: Sequence[Layout]) -> BadInput:
    """What is said of records that are nobody's who is known."""
    keys = (read_key(raw) for layout in layouts for raw in layout.records)
    found = [kind for kind in dict.fromkeys(key.action or key.observation for key in keys) if kind]
    if not found:
        return BadInput(f"{name} is not a trajectory: no object in it has an 'action' or 'observation'.")
    named = ", ".join(repr(kind[:40]) for kind in found[:_NAMED])
    more = ", …" if len(found) > _NAMED else ""
    return BadInput(f"{name} is no OpenHands recording: its events ({named}{more}) are not OpenHands'.")


def _agent_of_files(files: Files) -> str | None:
    if files.directory is not None:
        return agent_of_files(peek.filed(files.directory))
    try:
        return agent_of_bytes(files.source.data)
    except BadInput:  # it cannot be read at all
        return None


# Asking


def agent_of_records(raws: Sequence[msgspec.Raw | bytes]) -> str | None:
    """Whose recording it is that consists of these JSON chats.texts; None where that is not known."""
    return _agent_of(peek.cut(raws))


def agent_of_bytes(data: bytes) -> str | None:
    """Whose recording a whole file is, or what is in an archive; None where it is OpenHands' or unknown."""
    if peek.is_archive(data):
        return agent_of_files((0, inside) for inside in peek.archived(data))
    return _agent_of(peek.records(data))


def agent_of_files(files: Iterable[tuple[int, bytes]]) -> str | None:
    """Whose recording the files of a directory are, each with how deep it lies there; None as above.

    Chat messages lie beside many a recording, and in many a directory that is none: they count where they
    lie in the directory itself and nothing else is found.
    """
    other: str | None = None
    for depth, data in files:
        found = peek.records(data)
        likeness, objects = _likeness(found), objects_among(found)
        if likeness == claim.CERTAIN:
            return None
        agent = _first(AGENTS, objects)
        if agent is not None:
            return agent
        if other is None and not depth and likeness == claim.NONE:
            other = _first(OTHERS, objects)
    return other


def _agent_of(found: Sequence[object]) -> str | None:
    likeness, objects = _likeness(found), objects_among(found)
    if likeness == claim.CERTAIN:
        return None
    return _first(AGENTS if likeness > claim.NONE else (*AGENTS, *OTHERS), objects)


def _first(signatures: Sequence[Signature], objects: Objects) -> str | None:
    return next((row.name for row in signatures if objects and row.fits(objects)), None)


def _likeness(found: Sequence[object]) -> float:
    """How much some records, or the lists in them, look like events of OpenHands V0."""
    objects = objects_among(found)
    inside = [objects_in(record, key) for record in objects for key in ("trajectory", "history")]
    return max(map(claim.of_event, chain(objects, *inside)), default=claim.NONE)


# OpenHands V1

_V1_KIND: Final = re.compile(
    r"[A-Z]\w*(Event|Observation)|Condensation(Request)?|ConversationStateUpdate|UserRejectObservation"
)
_V1_SOURCES: Final = frozenset({"agent", "user", "environment", "hook"})
_V1_LISTS: Final = ("history", "items", "events", "trajectory")


def _is_v1_event(record: Object) -> bool:
    return bool(_V1_KIND.fullmatch(word(record, "kind"))) and word(record, "source") in _V1_SOURCES


def _are_v1_events(records: Objects) -> bool:
    return any(map(_is_v1_event, records))


def _is_v1(record: Object) -> bool:
    """Its state, what the server says of it, a page of its events, a row of a benchmark."""
    if "execution_status" in record and ("confirmation_policy" in record or "persistence_dir" in record):
        return True
    return any(
        _are_v1_events(objects_in(record, key)) for key in ("history", "items", "events", "trajectory")
    )


# ATIF

_ATIF_SOURCES: Final = frozenset({"system", "user", "agent"})


def _is_atif_step(step: Object) -> bool:
    return isinstance(step.get("step_id"), int | float) and word(step, "source") in _ATIF_SOURCES


def _is_atif(record: Object) -> bool:
    named = word(record, "schema_version").startswith("ATIF-v") and "steps" in record
    return named or mostly(objects_in(record, "steps"), _is_atif_step)


# Claude Code

_CLAUDE_NOTES: Final = frozenset(
    {"summary", "mode", "permission-mode", "queue-operation", "file-history-snapshot", "file-history-delta"}
    | {
        "last-prompt",
        "custom-title",
        "ai-title",
        "tools-used",
        "atis-latch",
        "progress",
        "cost-state",
        "system",
    }
    | {"attachment", "api-request", "api-request-shape", "api-request-blob"}
)
"""Lines that are no messages; in some files there are no others."""


def _is_claude_message(line: Object) -> bool:
    return word(line, "type") in ("user", "assistant") and "content" in object_in(line, "message")


def _is_claude_note(line: Object) -> bool:
    named = has_texts(line, "sessionId") or has_texts(line, "leafUuid") or has_texts(line, "session_id")
    return word(line, "type") in _CLAUDE_NOTES and named


def _are_claude_lines(lines: Objects) -> bool:
    return any(map(_is_claude_message, lines)) or mostly(lines, _is_claude_note)


def _is_claude_agent_note(record: Object) -> bool:
    return has_texts(record, "agentType", "toolUseId")


def _are_claude_prompts(lines: Objects) -> bool:
    return mostly(lines, lambda line: has_texts(line, "display", "project") and "pastedContents" in line)


# Codex

_CODEX_TYPES: Final = frozenset(
    {"session_meta", "turn_context", "response_item", "event_msg", "compacted", "world_state"}
    | {"token_usage_record"}
)
_CODEX_STREAM: Final = frozenset({"thread.started", "turn.started", "turn.completed", "turn.failed"})
_CODEX_HEAD: Final = frozenset({"id", "timestamp", "instructions", "git"})


def _is_codex_line(line: Object) -> bool:
    enveloped = word(line, "type") in _CODEX_TYPES and isinstance(line.get("payload"), dict)
    return enveloped or (word(line, "type") in _CODEX_STREAM and "role" not in line)


def _are_codex_lines(lines: Objects) -> bool:
    if any(map(_is_codex_line, lines)):
        return True
    head, rest = lines[0], lines[1:]
    # The first releases wrote the model's items as they are, behind a line that says which session it is.
    headed = has_texts(head, "id", "timestamp") and "instructions" in head and head.keys() <= _CODEX_HEAD
    return headed and (
        not rest or any(map(chats.is_item, rest)) or any("record_type" in line for line in rest)
    )


def _is_codex_session(record: Object) -> bool:
    session = object_in(record, "session")
    return has_texts(session, "id", "timestamp") and mostly(objects_in(record, "items"), chats.is_item)


# Inspect


def _is_inspect(record: Object) -> bool:
    """A log, the head of one, or one of its samples."""
    task = object_in(record, "eval")
    if has_texts(task, "task", "model") and "status" in record:
        return True
    return "epoch" in record and "input" in record and "target" in record and "messages" in record


AGENTS: Final = (
    Signature("an OpenHands V1 conversation", _is_v1, _are_v1_events),
    Signature("an ATIF trajectory", _is_atif),
    Signature("a Claude Code session", _is_claude_agent_note, _are_claude_lines),
    Signature("a Codex session", _is_codex_session, _are_codex_lines),
    Signature("an Inspect log", _is_inspect),
)
"""Agents, and formats that say of themselves what they are."""

OTHERS: Final = (
    Signature("a chat recording (Responses items)", chats.is_responses, chats.are_items),
    Signature("a chat recording (Anthropic messages)", chats.is_anthropic, chats.are_anthropic),
    Signature("a chat recording (OpenAI messages)", chats.is_openai, chats.are_messages),
    Signature("a chat recording (ShareGPT)", chats.is_sharegpt, chats.are_sharegpt_turns),
    Signature("a chat recording (rows of messages)", chats.is_row_of_messages),
    Signature("a list of prompts typed to Claude Code", None, _are_claude_prompts),
)
"""What may lie beside a recording, and messages of whatever agent: asked once no agent is known."""
