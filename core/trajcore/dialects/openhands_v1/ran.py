"""A conversation of what happened in a run: one branch, and a state that says what was run, and no more."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from trajcore.dialects.base import Changes, Moved, RecordChange, Removed, Rewritten
from trajcore.dialects.openhands_v1.messages import OUTPUT, terminal_text
from trajcore.dialects.openhands_v1.tree import BESIDE
from trajcore.dialects.openhands_v1.usage import without
from trajcore.dialects.openhands_v1.wire import Key, Log, logs
from trajcore.dialects.recording import Recording, Text
from trajcore.dialects.shapes import object_in
from trajcore.formats.json.edit import with_value, without_value
from trajcore.formats.json.reading import as_object

_IDLE: Final = "idle"
_FINISHED: Final = "finished"
_PAUSED: Final = "paused"
_ERROR: Final = "error"
_OF_EVENTS: Final = ("blocked_actions", "blocked_messages")
"""What the state keeps by the ids of events."""


def ran(before: Sequence[Text], recording: Recording, home: str | None) -> Changes:
    """What makes a conversation of its own of a recording whose events are those of a run by now.

    Other branches go, and helpers that nobody asked in this run. It has an id of its own, the one that its
    directory, `home`, is called by where that is one; None: it is not written down yet. `before` are the
    records that there were.
    """
    own, *others = logs(recording.records)
    shown = {record for slot in recording.slots for record in slot.records}
    elsewhere = [at for at in own.records if at not in shown and own.keys[at].kind]
    unasked = [log.state for log in others if log.state is not None and not log.records]
    gone = sorted([*elsewhere, *unasked])
    changes: list[RecordChange] = []
    if own.state is not None:
        left = frozenset(gone)
        now = [key for at, key in own.keys.items() if at not in left and at != own.state]
        text = bytes(recording.records[own.state])
        changes.append(Rewritten(own.state, _state(text, now, _replies(before), home or "")))
    for at in shown:
        text = bytes(recording.records[at])
        kept = _without_file(text) if len(text) > OUTPUT else text
        changes += [Rewritten(at, kept)] if kept != text else []
    if gone:
        changes.append(Removed(tuple(gone)))
    return changes if home is None else [*changes, *_as_replies(own, frozenset(gone))]


def _as_replies(log: Log, gone: frozenset[int]) -> Iterator[Moved]:
    """Have the calls of a reply stand before all that came back for them, as their program writes them.

    Carried out one by one, the first had its result before the second was made. By that alone the program
    tells which calls its model made at once.
    """
    order = [at for at in range(log.end) if at not in gone]
    calls: dict[str, list[int]] = {}
    for at in log.records:
        key = log.keys[at]
        if at not in gone and key.kind == "ActionEvent" and key.llm_response_id:
            calls.setdefault(key.llm_response_id, []).append(at)
    for made in calls.values():
        first, last = order.index(made[0]), order.index(made[-1])
        asked = {log.keys[at].tool_call_id for at in made}
        between = [at for at in order[first:last] if at not in made]
        if not between or any(log.keys[at].tool_call_id not in asked for at in between):
            continue
        places = tuple(order.index(at) for at in between)
        order = [at for at in order if at not in between]
        behind = order.index(made[-1]) + 1
        yield Moved(places, behind)
        order[behind:behind] = between


def _without_file(text: bytes) -> bytes:
    """A long result without the directory of another machine, in which its program would write all of it."""
    observation = object_in(as_object(text), "observation")
    path = ("observation", "full_output_save_dir")
    is_clipped = path[-1] in observation and len(terminal_text(observation)) > OUTPUT
    return without_value(text, path) if is_clipped else text


def _replies(records: Sequence[Text]) -> frozenset[str]:
    """The replies of models that a conversation has in it, or condensed it."""
    keys = logs(records)[0].keys.values()
    return frozenset(key.llm_response_id for key in keys if key.llm_response_id)


def _state(text: bytes, keys: Sequence[Key], replies: Collection[str], home: str) -> bytes:
    """The state, with what of it is about events being about these."""
    state = as_object(text)
    wanted: dict[str, Any] = {"id": str(_id_of(home))}
    ids = {key.id for key in keys}
    last = next((key for key in reversed(keys) if key.kind and key.kind not in BESIDE), None)
    if "leaf_event_id" in state or any(key.parent_id for key in keys):
        wanted |= {"leaf_event_id": last.id if last else None, "head_is_empty": last is None}
    if "last_user_message_id" in state:
        users = (key.id for key in reversed(keys) if key.kind == "MessageEvent" and key.source == "user")
        wanted["last_user_message_id"] = next(users, None)
    wanted["execution_status"] = _status(keys, last)
    for name in _OF_EVENTS:
        if isinstance(state.get(name), Mapping):
            wanted[name] = {id: why for id, why in state[name].items() if id in ids}
    kept = {key.llm_response_id for key in keys}
    gone = frozenset(reply for reply in replies if reply not in kept)
    if gone and isinstance(state.get("stats"), dict):
        wanted["stats"] = without(state["stats"], gone)
    for name, value in wanted.items():
        if name not in state or state[name] != value:
            text = with_value(text, (name,), value)
    return text


def _id_of(home: str) -> uuid.UUID:
    """The id of a conversation that lies in a directory of this name; a new one where that is none."""
    return uuid.UUID(home) if is_home(home) else uuid.uuid4()


def is_home(name: str) -> bool:
    """Whether a directory of this name is one that its program keeps a conversation in."""
    return len(name) == _HEX and all(digit in "0123456789abcdef" for digit in name)


_HEX: Final = 32


def _status(keys: Sequence[Key], last: Key | None) -> str:
    """As what a conversation of these events is found when its program loads it."""
    ended = next((key for key in reversed(keys) if key.kind), None)
    if ended is not None and ended.kind == "ConversationErrorEvent":
        return _ERROR
    if last is None or last.source == "user":
        return _PAUSED if last is not None and last.kind == "PauseEvent" else _IDLE
    spoke = last.kind == "MessageEvent" and last.source == "agent"
    return _FINISHED if spoke or last.inner[0] in _ENDS else _PAUSED


_ENDS: Final = frozenset({"FinishAction", "FinishObservation"})
