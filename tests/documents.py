"""Trajectories as text, made by hypothesis or by hand: every spelling that JSON allows, and some more."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

BLANKS = st.sampled_from(["", "", "", " ", "\n", "\r\n", "\t", "\n    ", "\r\n\t", " \n\n  "])
"""White space between two tokens."""

NUMBERS = st.sampled_from(
    ["0", "-0", "1", "1.0", "-1.50", "1e5", "1E+2", "2.5e-300", "0.10", "12345678901234567890123", "1e999"]
)
NOT_QUITE_JSON = st.sampled_from(["NaN", "Infinity", "-Infinity"])
"""What Python writes and reads although JSON has no such thing."""

_STRING_PIECES = st.sampled_from([" ", "\x7f", "\u2028", "\u202e", "'"]) | st.sampled_from(
    [
        r"a",
        r"Z",
        r"0",
        r"é",
        r"漢",
        r"🙂",
        r"\n",
        r"\t",
        r"\/",
        r"/",
        r"\\",
        r"\"",
        r"\u00e9",
        r"\u00E9",
        r"\u001b",
        r"\ud83d\ude42",
        r"\ud800",
        r"{",
        r"}",
        r"[",
        r"]",
        r",",
        r":",
    ]
)
STRINGS = st.lists(_STRING_PIECES, max_size=6).map(lambda pieces: '"' + "".join(pieces) + '"')

_KEYS = STRINGS | st.sampled_from(
    [
        r'"id"',
        r'"source"',
        r'"message"',
        r'"args"',
        r'"extras"',
        r'"content"',
        r'"cause"',
        r'"x"',
        r'"\u0078"',
        r'""',
        r'"é"',
    ]
)


def _list_of(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    member = st.tuples(BLANKS, values, BLANKS).map("".join)
    return st.lists(member, min_size=1, max_size=4).map(
        lambda members: f"[{','.join(members)}]"
    ) | BLANKS.map(lambda blank: f"[{blank}]")


def members(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """One `key: value` of an object, with white space around both."""
    return st.tuples(BLANKS, _KEYS, BLANKS, st.just(":"), BLANKS, values, BLANKS).map("".join)


def _object_of(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(members(values), min_size=1, max_size=4).map(
        lambda found: "{" + ",".join(found) + "}"
    ) | BLANKS.map(lambda blank: "{" + blank + "}")


def values(scalars: st.SearchStrategy[str] | None = None) -> st.SearchStrategy[str]:
    """The text of any JSON value."""
    leaves = NUMBERS | STRINGS | st.sampled_from(["true", "false", "null"])
    if scalars is not None:
        leaves |= scalars
    return st.recursive(leaves, lambda inner: _list_of(inner) | _object_of(inner), max_leaves=6)


DISCRIMINATORS = st.sampled_from(
    [
        '"action":"message"',
        '"action" : "run"',
        '"observation":"run"',
        '"action":\n"no_such_kind"',
        '"observation":"?"',
    ]
)


KNOWN_KINDS = st.sampled_from(
    [
        '"action":"message","source":"user","args":{}',
        '"source" : "agent", "args" : { "command" : "ls" }, "action" : "run"',
        '"source":"environment","observation":"run",\n"extras":{}',
    ]
)
"""How an event ends that only OpenHands writes. A recording of it has one such event at least."""


@st.composite
def event_texts(draw: st.DrawFn, scalars: st.SearchStrategy[str] | None = None) -> str:
    """The text of an event: an object with a discriminator and anything else, repeated keys included."""
    found = draw(st.lists(members(values(scalars)), max_size=5))
    found.insert(draw(st.integers(0, len(found))), draw(DISCRIMINATORS))
    return "{" + draw(BLANKS) + ",".join(found) + draw(BLANKS) + "}"


@st.composite
def known_event_texts(draw: st.DrawFn, scalars: st.SearchStrategy[str] | None = None) -> str:
    """The text of an event that nobody takes for another agent's. The last of equal keys counts."""
    found = [*draw(st.lists(members(values(scalars)), max_size=5)), draw(KNOWN_KINDS)]
    return "{" + draw(BLANKS) + ",".join(found) + draw(BLANKS) + "}"


@dataclass(frozen=True)
class Text:
    """The bytes of a file, and the text of each event in it."""

    data: bytes
    events: list[str]


@st.composite
def documents(draw: st.DrawFn, scalars: st.SearchStrategy[str] | None = None) -> Text:
    """A whole file: perhaps a BOM, white space of any kind, one event or more."""
    events = draw(st.lists(event_texts(scalars), max_size=3))
    events.insert(draw(st.integers(0, len(events))), draw(known_event_texts(scalars)))
    inside = ",".join(draw(BLANKS) + event + draw(BLANKS) for event in events)
    text = f"{draw(BLANKS)}[{inside}]{draw(BLANKS)}"
    bom = b"\xef\xbb\xbf" if draw(st.booleans()) else b""
    return Text(bom + text.encode(), events)


@dataclass(frozen=True)
class Hole:
    """A file with one value in it that is to be replaced: what is before it, the value, what is behind."""

    before: bytes
    value: bytes
    after: bytes
    index: int
    path: tuple[str | int, ...]

    @property
    def data(self) -> bytes:
        return self.before + self.value + self.after


@st.composite
def holes(draw: st.DrawFn) -> Hole:
    """A file, and a place in it at any depth. The last of several equal keys is the one that counts."""
    value = draw(values())
    before, after, path = "", "", []
    for depth in range(draw(st.integers(1, 3))):
        blank = draw(BLANKS)
        if depth and draw(st.booleans()):
            others = draw(st.lists(values(), max_size=2))
            rest = draw(st.lists(values(), max_size=2))
            before = "[" + blank + "".join(other + "," + blank for other in others) + before
            after = after + "".join("," + blank + other for other in rest) + "]"
            path.insert(0, len(others))
        else:
            key = f"key {depth}"
            others = draw(st.lists(members(values()), max_size=2))
            if draw(st.booleans()):
                others.append(f'"{key}":{draw(values())}')
            rest = draw(st.lists(members(values()), max_size=2))
            before = (
                "{" + "".join(other + "," for other in others) + f'{blank}"{key}"{blank}:{blank}' + before
            )
            after = after + blank + "".join("," + other for other in rest) + "}"
            path.insert(0, key)
    before = '{"source": "agent", "action": "run", "args": {}, "top": ' + before
    after += "}"
    path.insert(0, "top")
    earlier = draw(st.lists(event_texts(), max_size=2))
    later = draw(st.lists(event_texts(), max_size=2))
    before = "[" + "".join(event + ",\n" for event in earlier) + before
    after += "".join(",\n" + event for event in later) + "]\n"
    return Hole(before.encode(), value.encode(), after.encode(), len(earlier), tuple(path))


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
"""Python values that are JSON."""


def same_json(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON: NaN is itself, 1 is not 1.0 and not true."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def message(id: int | None, text: str = "hello", source: str = "user", **args: Any) -> dict[str, Any]:
    """A message event, in the shape that OpenHands writes."""
    fields = {"content": text, "file_urls": None, "image_urls": None, "wait_for_response": False, **args}
    return _with_id(id, {"source": source, "message": text, "action": "message", "args": fields})


def run(id: int | None, command: str = "true", **fields: Any) -> dict[str, Any]:
    """A `run` action."""
    return _with_id(id, {"source": "agent", "action": "run", "args": {"command": command}, **fields})


def ran(
    id: int | None, cause: int | None, content: str = "", exit_code: int = 0, **fields: Any
) -> dict[str, Any]:
    """A `run` observation."""
    extras = {"command": "true", "metadata": {"exit_code": exit_code}}
    event = {"source": "agent", "observation": "run", "content": content, "extras": extras, **fields}
    return _with_id(id, event if cause is None else {**event, "cause": cause})


def _with_id(id: int | None, event: dict[str, Any]) -> dict[str, Any]:
    return event if id is None else {"id": id, **event}


def called(call: str, response: str, *calls: str, arguments: str = "{}", content: str | None = None) -> Any:
    """The metadata of a tool call of a response that made `calls` (that one where none are given)."""
    made = [
        {"id": name, "type": "function", "function": {"name": "execute_bash", "arguments": arguments}}
        for name in calls or (call,)
    ]
    message = {"role": "assistant", "content": content, "tool_calls": made}
    reply = {"id": response, "choices": [{"index": 0, "message": message}]}
    return {"function_name": "execute_bash", "tool_call_id": call, "model_response": reply}


@dataclass(frozen=True)
class Spelling:
    """How a file writes its JSON."""

    indent: int | str | None = None
    minified: bool = False
    ascii_only: bool = True
    crlf: bool = False
    bom: bool = False
    tail: str = "\n"
    """What stands behind the last bracket."""

    def written(self, value: Any) -> bytes:
        """A value as the bytes of a file."""
        separators = (",", ":") if self.minified else None
        text = json.dumps(value, indent=self.indent, ensure_ascii=self.ascii_only, separators=separators)
        text += self.tail
        if self.crlf:
            text = text.replace("\n", "\r\n")
        return (b"\xef\xbb\xbf" if self.bom else b"") + text.encode()


SPELLINGS = [
    *(Spelling(indent) for indent in (None, 0, 1, 2, 4, "\t")),
    Spelling(minified=True, tail=""),
    Spelling(2, ascii_only=False),
    Spelling(ascii_only=False, bom=True, tail="  \n\n"),
    Spelling(4, crlf=True),
    Spelling("\t", crlf=True, bom=True, tail=" \t "),
    Spelling(1, minified=True, ascii_only=False, tail=""),
]
"""Every way to spell a file that people and programs are known to use."""


def of_commands(*commands: str) -> bytes:
    """A recording of a task and these commands, each of which was silent."""
    events = [message(0, "do it")]
    for command in commands:
        id = len(events)
        events += [run(id, command), ran(id + 1, id, "")]
    return json.dumps(events).encode()
