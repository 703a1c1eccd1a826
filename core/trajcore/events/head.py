"""The few fields of an event that a timeline needs, read fast and without pydantic."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Final, TypeVar

import msgspec

from trajcore.events.kinds import FAILURES, MESSAGE, READ, RUN, action_kind, observation_kind

_SUMMARY_LENGTH = 200
LONGEST: Final = 100_000
"""Of a content of more characters than this a head that is kept has the beginning alone."""
_MISFITS = (msgspec.ValidationError, UnicodeEncodeError)
"""What msgspec raises for a value of another type; half a surrogate pair it cannot even look at."""


class Call(msgspec.Struct, gc=False):
    """What is read of the tool call of an event."""

    tool_call_id: str | None = None


class Args(msgspec.Struct, gc=False):
    """What is read of an action's arguments."""

    content: str | None = None
    command: str | None = None
    code: str | None = None
    path: str | None = None
    pattern: str | None = None
    patch: str | None = None
    thought: str | None = None
    url: str | None = None
    browser_actions: str | None = None
    name: str | None = None
    agent: str | None = None
    agent_state: str | None = None
    query: str | None = None
    final_thought: str | None = None
    summary: str | None = None
    wait_for_response: bool | None = None
    is_input: bool | None = None
    hidden: bool | None = None
    view_range: list[int] | None = None
    start: int | None = None
    end: int | None = None


class Metadata(msgspec.Struct, gc=False):
    """What is read of how a command ended."""

    exit_code: int | None = None
    working_dir: str | None = None


class Extras(msgspec.Struct, gc=False):
    """What is read of an observation's details."""

    command: str | None = None
    code: str | None = None
    path: str | None = None
    url: str | None = None
    name: str | None = None
    agent_state: str | None = None
    exit_code: int | None = None
    hidden: bool | None = None
    is_error: bool | None = None
    metadata: Metadata | None = None


class Head(msgspec.Struct, gc=False):
    """What a timeline shows of an event. `problem` says why an event could not be read, if so."""

    id: int | None = None
    timestamp: str | None = None
    source: str | None = None
    action: str | None = None
    observation: str | None = None
    cause: int | None = None
    told: str | None = msgspec.field(default=None, name="content")
    """Its content, or the beginning of it."""
    tool_call_metadata: Call | None = None
    args: Args | None = None
    extras: Extras | None = None
    problem: str | None = None

    @property
    def content(self) -> str | None:
        """What an observation says, whole."""
        return self.told

    @property
    def is_action(self) -> bool:
        """Whether this is an action; an event with neither discriminator counts as an observation."""
        return self.action is not None

    @property
    def type(self) -> str:
        """`action` or `observation`."""
        return "action" if self.is_action else "observation"

    @property
    def kind(self) -> str:
        """The discriminator: `run`, `message`, …; `?` where there is none."""
        return self.action or self.observation or "?"

    @property
    def tool_call_id(self) -> str | None:
        """The model's tool call that this event belongs to."""
        return self.tool_call_metadata.tool_call_id if self.tool_call_metadata else None

    @property
    def wait_for_response(self) -> bool | None:
        """The flag of a message; None for every other kind."""
        if self.action != MESSAGE:
            return None
        return bool(self.args and self.args.wait_for_response)

    @property
    def exit_code(self) -> int | None:
        """The exit code of a `run` observation."""
        if self.observation != RUN or self.extras is None:
            return None
        if self.extras.metadata and self.extras.metadata.exit_code is not None:
            return self.extras.metadata.exit_code
        return self.extras.exit_code

    @property
    def directory(self) -> str | None:
        """Where the shell was behind a `run` observation."""
        return self.extras.metadata.working_dir if self.extras and self.extras.metadata else None

    @property
    def lines(self) -> tuple[int, int] | None:
        """The first and the last line of its file that a reading asks for; -1 is the last there is."""
        if self.action != READ or self.args is None:
            return None
        if self.args.view_range and len(self.args.view_range) == 2:
            return self.args.view_range[0], self.args.view_range[1]
        start, end = self.args.start or 0, -1 if self.args.end is None else self.args.end
        return None if (start, end) == (0, -1) else (start + 1, end)

    @property
    def failed_edit(self) -> bool:
        """Whether the editor answered with an error, which it does in the text of its answer."""
        return observation_kind(self.observation).fails_in_text and (self.told or "").startswith("ERROR:")

    @property
    def failed(self) -> bool:
        """Whether an observation tells of a failure: an exit code that is not 0, or an error in words."""
        said = self.extras is not None and self.extras.is_error is True
        return said or self.exit_code not in (None, 0) or self.failed_edit or self.observation in FAILURES

    @property
    def text(self) -> str:
        """What this event is about, whole: a command, a path, a message. Not made safe for a terminal."""
        return self._action_text() if self.is_action else self._observation_text()

    def summary(self) -> str:
        """One line on what this event says, not yet made safe for a terminal."""
        first = next((line for line in self.text.splitlines() if line.strip()), "")
        return first.strip()[:_SUMMARY_LENGTH]

    def _action_text(self) -> str:
        args = self.args or Args()
        kind = action_kind(self.action)
        typed = "⌨ " if args.is_input and "is_input" in kind.flags else ""
        text = typed + _first_text(args, kind.main)
        return f"{text}  {getattr(args, kind.beside) or ''}".rstrip() if kind.beside else text

    def _observation_text(self) -> str:
        extras = self.extras or Extras()
        if main := observation_kind(self.observation).main:
            return _first_text(extras, main)
        if self.problem:
            return self.problem
        return self.content or extras.path or extras.command or ""


class LongHead(Head, gc=False):
    """The head of an event whose content is long: it has the beginning, and reads the whole when asked."""

    read: Callable[[], Head] = Head

    @property
    def content(self) -> str | None:
        """What an observation says, whole, read anew at each call."""
        return self.read().told

    @classmethod
    def of(cls, head: Head, read: Callable[[], Head]) -> LongHead:
        """A head that was read so, without its content's end."""
        kept = {name: getattr(head, name) for name in Head.__struct_fields__}
        return cls(**{**kept, "told": (head.told or "")[:LONGEST]}, read=read)


def _first_text(fields: msgspec.Struct, names: Iterable[str]) -> str:
    """The first of these fields that says anything."""
    for name in names:
        if text := getattr(fields, name):
            return str(text)
    return ""


def head_of(data: dict[str, Any]) -> Head:
    """The head of an event that is a Python object already. Fields of an unexpected type are passed over."""
    return fitted(Head, data)


_Struct = TypeVar("_Struct", bound=msgspec.Struct)


def fitted(struct: type[_Struct], data: object) -> _Struct:
    """A `struct` of those fields of `data` that have the type it declares."""
    try:
        return msgspec.convert(data, struct)
    except _MISFITS:
        return _field_by_field(struct, data)


def _field_by_field(struct: type[_Struct], data: object) -> _Struct:
    values = {}
    if isinstance(data, dict):
        for name, key, type, nested in _fields(struct):
            value = data.get(key)
            if nested is not None:
                values[name] = _field_by_field(nested, value) if isinstance(value, dict) else None
            else:
                try:
                    values[name] = msgspec.convert(value, type)
                except _MISFITS:
                    continue
    return struct(**values)


@lru_cache
def _fields(struct: type[msgspec.Struct]) -> list[tuple[str, str, Any, type[msgspec.Struct] | None]]:
    """The fields of a struct: name, its key in JSON, type, and the struct inside of it, where it is one."""
    found = []
    for field in msgspec.structs.fields(struct):
        options = (option for option in typing.get_args(field.type) if isinstance(option, type))
        nested = next((option for option in options if issubclass(option, msgspec.Struct)), None)
        found.append((field.name, field.encode_name, field.type, nested))
    return found
