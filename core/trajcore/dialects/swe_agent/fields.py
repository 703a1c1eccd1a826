"""Where the fields of an event stand: in its step, in the history, and in all that was shown to the model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from trajcore.dialects import canonical
from trajcore.dialects.base import Place, Recording
from trajcore.dialects.codecs import CODECS
from trajcore.dialects.replies import content_text
from trajcore.dialects.shapes import list_in, object_in, word
from trajcore.dialects.swe_agent import parts
from trajcore.dialects.swe_agent.setup import setup_in
from trajcore.dialects.swe_agent.steps import BASH, SweSlot
from trajcore.dialects.swe_agent.wire import calls_of, read, state_of, text, text_path
from trajcore.errors import BadInput
from trajcore.events.kinds import ERROR, FINISH, MESSAGE, RUN
from trajcore.formats.json.reading import as_object

Path = tuple[str | int, ...]
Record = Mapping[str, Any]

_COMMAND: Final = (canonical.ARGUMENTS, "command")
_THOUGHT: Final = ((canonical.ARGUMENTS, "thought"), (canonical.ARGUMENTS, "final_thought"))
_SUBMISSION: Final = (canonical.ARGUMENTS, "outputs", "submission")
_SAID: Final = (canonical.ARGUMENTS, "content")
_STATE: Final[dict[Path, str]] = {
    (canonical.DETAILS, "metadata", "working_dir"): "working_dir",
    (canonical.DETAILS, "open_file"): "open_file",
}
SHOWN: Final = ("query", "messages")
"""Where a step keeps what its model was shown, since 1.1 and before."""


class Copies:
    """A recording, and where an entry of the history stands in it."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._read: dict[int, Any] = {}
        self.has_around = bool(recording.records) and read(recording.records[0]).is_around
        first = int(self.has_around)
        self._steps: dict[int, SweSlot] = {
            slot.records[0]: slot for slot in recording.slots if slot.records[0] >= first
        }
        self._best = self._attempt()

    def record(self, at: int) -> Any:
        """A record as an object."""
        if at not in self._read:
            self._read[at] = as_object(self._recording.records[at])
        return self._read[at]

    def _attempt(self) -> int | None:
        """Which of several attempts the steps are those of: the best one is copied to the top."""
        if not self.has_around:
            return None
        around = self.record(0)
        for at, attempt in enumerate(list_in(around, "attempts")):
            same = isinstance(attempt, dict) and attempt.get("history") == around.get("history")
            if same and len(list_in(attempt, "trajectory")) == len(self._recording.records) - 1:
                return at
        return None

    @property
    def attempt(self) -> int | None:
        """See `_attempt`."""
        return self._best

    def value(self, record: int, path: Path) -> Any:
        """What stands somewhere. Raises LookupError or TypeError."""
        found = self.record(record)
        for part in path:
            found = found[part]
        return found

    def of_entry(self, entry: int | None) -> Iterator[tuple[int, Path]]:
        """Where an entry stands: in the history, and in what the models of later steps were shown."""
        if entry is None:
            return
        if not self.has_around:
            yield entry, ()
            return
        yield 0, ("history", entry)
        for record, slot in self._steps.items():
            own = entry in (slot.entry, slot.answer)
            if slot.upto > entry or own:
                key = next((key for key in SHOWN if key in self.record(record)), "")
                if key and (slot.upto > entry or key == "messages"):
                    yield record, (key, entry)

    def also(self, record: int, path: Path) -> Iterator[tuple[int, Path]]:
        """The same place in the attempt that was copied to the top."""
        yield record, path
        if self._best is not None:
            inner = path if record == 0 else ("trajectory", record - 1, *path)
            yield 0, ("attempts", self._best, *inner)

    def places(
        self, record: int, path: Path, value: Any, codec: str = "plain", inside: Path = ()
    ) -> list[Place]:
        """A place and its copies, as far as they hold the value."""
        found = (Place(at, where, codec, inside) for at, where in self.also(record, path))
        return [place for place in found if self._holds(place, value)]

    def _holds(self, place: Place, value: Any) -> bool:
        try:
            outer = self.value(place.record, place.path)
            return bool(CODECS[place.codec].get(outer, place.inside) == value)
        except (LookupError, TypeError, ValueError):
            return False


def places(recording: Recording, index: int, path: Path) -> list[Place]:
    """Each place of a field. Raises `BadInput`, which says why, where it has none."""
    slot: SweSlot = recording.slots[index]
    copies = Copies(recording)
    if not copies.has_around and read(recording.records[slot.records[0]]).is_entry:
        found = _of_entry(copies, slot, path)
    elif slot.records[0] == 0 and copies.has_around:
        found = _of_prompt(copies, slot, path)
    elif slot.action == RUN:
        found = _of_command(copies, slot, path)
    elif slot.action == FINISH:
        found = _of_finish(copies, slot, path)
    elif slot.action == MESSAGE:
        found = _of_message(copies, slot, path)
    else:
        found = _of_result(copies, slot, path)
    if not found:
        raise BadInput(f"event {recording.label(index)}: {_why_not(slot, path)}.")
    return found


_ENDS: Final = ("```", "</command>")
"""What ends a command in the text of a model."""


def check(recording: Recording, index: int, path: Path, value: Any) -> None:
    """Raise `BadInput` where a step would be read otherwise than it is meant."""
    slot: SweSlot = recording.slots[index]
    if path != _COMMAND or not isinstance(value, str):
        return
    if not value.strip():
        raise BadInput("a step without a command is a reply that could not be used: delete the step.")
    if not slot.is_call and any(end in value for end in _ENDS):
        raise BadInput("in the text of a model this would be the end of the command.")


def _why_not(slot: SweSlot, path: Path) -> str:
    name = ".".join(map(str, path))
    if path == _COMMAND:
        return f"what its call of {slot.tool} would be can't be told from the command"
    if path == ("content",) and slot.observation == ERROR:
        return "nothing is recorded of why it was not used"
    return f"SWE-agent has no place for {name}"


def _of_entry(copies: Copies, slot: SweSlot, path: Path) -> list[Place]:
    """Of an entry of a history that stands alone."""
    at, entry = slot.records[0], copies.record(slot.records[0])
    if slot.action == RUN:
        return _command_in(copies, slot, path, [])
    if path != (("content",) if slot.observation is not None else _SAID):
        return []
    return _content(copies, at, (), entry, content_text(entry.get("content")))


def _of_prompt(copies: Copies, slot: SweSlot, path: Path) -> list[Place]:
    if path != _SAID:
        return []
    found: list[Place] = []
    said = ""
    for record, where in copies.of_entry(slot.entry):
        entry = _entry_at(copies, record, where)
        said = said or content_text(entry.get("content"))
        found += _content(copies, record, where, entry, said)
    return found


def _entry_at(copies: Copies, record: int, where: Path) -> Record:
    try:
        entry = copies.value(record, where)
    except (LookupError, TypeError):
        return {}
    return entry if isinstance(entry, dict) else {}


def _content(
    copies: Copies, record: int, where: Path, entry: Record, value: str,
    codec: str = "plain", inside: Path = (),
) -> list[Place]:  # fmt: skip
    inner = text_path(entry.get("content"))
    return [] if inner is None else copies.places(record, (*where, *inner), value, codec, inside)


def _of_command(copies: Copies, slot: SweSlot, path: Path) -> list[Place]:
    at = slot.records[0]
    step = copies.record(at)
    if path == _COMMAND:
        command = text(step.get("action"))
        found = copies.places(at, ("action",), command)
        if not slot.is_call:
            found += _part(copies, at, ("response",), text(step.get("response")), command)
        return _command_in(copies, slot, path, found)
    if path in _THOUGHT:
        return _command_in(copies, slot, path, _thought(copies, at, step))
    return []


def _thought(copies: Copies, at: int, step: Record) -> list[Place]:
    thought, response = text(step.get("thought")), text(step.get("response"))
    found = copies.places(at, ("thought",), thought)
    if thought == response:
        return [*found, *copies.places(at, ("response",), response)]
    if thought and response.startswith(thought):
        found += copies.places(at, ("response",), thought, parts.PART, ("", response[len(thought) :]))
    return found


def _part(copies: Copies, at: int, where: Path, outer: str, part: str) -> list[Place]:
    sides = parts.around(outer, part)
    return [] if sides is None else copies.places(at, where, part, parts.PART, sides)


def _command_in(copies: Copies, slot: SweSlot, path: Path, found: list[Place]) -> list[Place]:
    """What the entries say of a command, or of the thought beside it."""
    for record, where in copies.of_entry(slot.entry):
        entry = _entry_at(copies, record, where)
        command, thought = text(entry.get("action")), text(entry.get("thought"))
        if entry.get("role") != "assistant" or (found and not _is_copy(copies, slot, entry)):
            continue
        calls = calls_of(entry)
        inner = text_path(entry.get("content"))
        said = content_text(entry.get("content"))
        if path == _COMMAND:
            found += copies.places(record, (*where, "action"), command)
            if calls:
                called = _arguments(copies, record, where, calls[0], command)
                if not called and record == (0 if copies.has_around else slot.records[0]):
                    return []
                found += called
            elif inner is not None:
                found += _part(copies, record, (*where, *inner), said, command)
        elif path in _THOUGHT:
            found += copies.places(record, (*where, "thought"), thought)
            if inner is not None and said == thought:
                found += copies.places(record, (*where, *inner), said)
            elif inner is not None and thought and said.startswith(thought):
                rest = said[len(thought) :]
                found += copies.places(record, (*where, *inner), thought, parts.PART, ("", rest))
    return found


def _is_copy(copies: Copies, slot: SweSlot, entry: Record) -> bool:
    step = copies.record(slot.records[0])
    return all(entry.get(key) == step.get(key) for key in ("action", "thought"))


def _arguments(copies: Copies, record: int, where: Path, call: Record, command: str) -> list[Place]:
    tool = word(object_in(call, "function"), "name") or BASH
    path = (*where, "tool_calls", 0, "function", "arguments")
    return copies.places(record, path, command, parts.ARGUMENTS, (tool, command))


def _of_message(copies: Copies, slot: SweSlot, path: Path) -> list[Place]:
    if path != _SAID:
        return []
    at = slot.records[0]
    step = copies.record(at)
    said = text(step.get("response"))
    found = copies.places(at, ("response",), said)
    if step.get("thought") == said:
        found += copies.places(at, ("thought",), said)
    for record, where in copies.of_entry(slot.entry):
        entry = _entry_at(copies, record, where)
        found += _content(copies, record, where, entry, said)
        if entry.get("thought") == said:
            found += copies.places(record, (*where, "thought"), said)
    return found


def _of_finish(copies: Copies, slot: SweSlot, path: Path) -> list[Place]:
    if path in _THOUGHT:
        return _of_command(copies, slot, path)
    if path != _SUBMISSION:
        return []
    found = _output(copies, slot)
    said = text(copies.record(slot.records[0]).get("observation"))
    return [*found, *copies.places(0, ("info", "submission"), said)]


def _of_result(copies: Copies, slot: SweSlot, path: Path) -> list[Place]:
    at = slot.records[0]
    if path == ("content",):
        step = copies.record(at)
        is_unsaid = slot.observation == ERROR and not text(step.get("observation"))
        return [] if is_unsaid else _output(copies, slot)
    name = _STATE.get(path)
    if name is None:
        return []
    told = copies.record(at).get("state")
    known = state_of(told).get(name)
    if isinstance(told, str):
        return copies.places(at, ("state",), known, "json", (name,))
    return copies.places(at, ("state", name), known)


def _output(copies: Copies, slot: SweSlot) -> list[Place]:
    """The output by itself, and where it stands in what a model was shown."""
    at = slot.records[0]
    step = copies.record(at)
    output = text(step.get("observation"))
    found = copies.places(at, ("observation",), output)
    setup = setup_in(copies.record(0) if copies.has_around else {})
    state = state_of(step.get("state"))
    for record, where in copies.of_entry(slot.answer):
        entry = _entry_at(copies, record, where)
        inner = text_path(entry.get("content"))
        if inner is None or entry.get("role") not in ("tool", "user"):
            continue
        shown = content_text(entry.get("content"))
        sides = parts.around(shown, output)
        if not output and shown == "".join(setup.worded("", state)):
            sides = setup.worded(" ", state)
        if sides is not None:
            instead = shown if not output else "".join(setup.worded("", state))
            found += copies.places(record, (*where, *inner), output, parts.PART, (*sides, instead))
    return found
