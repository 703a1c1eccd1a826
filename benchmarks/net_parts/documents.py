"""Made-up recordings: every shape, spelling, kind of ids and of times, the same at each run."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from net_parts.scenes import Events, events

# Ids and times


def _numbered(events: Events, new: Callable[[int], Any]) -> Events:
    """The events with other ids, and causes that follow them; without an id where it is to be `...`."""
    made = []
    for event in events:
        changed = {key: new(value) if key in ("id", "cause") and value is not None else value
                   for key, value in event.items()}  # fmt: skip
        made.append({key: value for key, value in changed.items() if value is not ...})
    return made


_IDS: Final[tuple[Callable[[int], Any], ...]] = (
    lambda number: number,
    lambda number: 7 + 3 * number,
    lambda number: ...,
    lambda number: number % 9,
    lambda number: 900 - number,
    lambda number: number if number % 4 else (str(number), 2.5, True, -number, 10**20)[number % 5],
    lambda number: number if number % 3 else ...,
)
_STAMPS: Final[tuple[Callable[[str], str | None], ...]] = (
    str,
    lambda stamp: stamp + "Z",
    lambda stamp: stamp[:19] + "+00:00",
    lambda stamp: None,
)


def _timed(events: Events, new: Callable[[str], str | None]) -> Events:
    """The events with other times; without one where it is to be None."""
    made = []
    for event in events:
        stamp = new(event["timestamp"]) if "timestamp" in event else None
        made.append({key: stamp if key == "timestamp" else value for key, value in event.items()
                     if key != "timestamp" or stamp is not None})  # fmt: skip
    return made


# Spellings and shapes


@dataclass(frozen=True)
class Spelling:
    """How a file writes its JSON."""

    indent: int | str | None = None
    minified: bool = False
    ascii_only: bool = True
    crlf: bool = False
    bom: bool = False
    tail: str = "\n"

    def written(self, value: Any) -> bytes:
        """A value as the bytes of a file."""
        separators = (",", ":") if self.minified else None
        text = json.dumps(value, indent=self.indent, ensure_ascii=self.ascii_only, separators=separators)
        text += self.tail
        if self.crlf:
            text = text.replace("\n", "\r\n")
        return (b"\xef\xbb\xbf" if self.bom else b"") + text.encode()


SPELLINGS: Final = (
    *(Spelling(indent) for indent in (None, 0, 1, 2, 4, "\t")),
    Spelling(minified=True, tail=""),
    Spelling(2, ascii_only=False),
    Spelling(ascii_only=False, bom=True, tail="  \n\n"),
    Spelling(4, crlf=True),
    Spelling("\t", crlf=True, bom=True, tail=" \t "),
)


def _pairs(events: Events) -> list[list[dict[str, Any] | None]]:
    """The events as the pairs of 2024: an action and what came right behind it."""
    made: list[list[dict[str, Any] | None]] = []
    for event in events:
        if "action" in event:
            made.append([event, None])
        elif made and made[-1][1] is None:
            made[-1][1] = event
        else:
            made.append([None, event])
    return made


def _flattened(events: Events) -> Events:
    """The events of the resolver of 2024, whose arguments stand beside their kind."""
    sides = ("args", "extras")
    return [
        {
            **(event.get("args") or {} if isinstance(event.get("args"), dict) else {}),
            **(event.get("extras") or {} if isinstance(event.get("extras"), dict) else {}),
            **{key: value for key, value in event.items() if key not in (*sides, "id", "timestamp", "cause")},
        }
        for event in events
    ]


def _row(history: Any, number: int) -> dict[str, Any]:
    return {
        "instance_id": f"task-{number}",
        "instruction": "gö",
        "history": history,
        "metrics": {"cost": 0.10},
    }


def _write_store(directory: Path, events: Events, spelling: Spelling) -> None:
    directory.mkdir(parents=True)
    for number, event in enumerate(events):
        (directory / f"{number}.json").write_bytes(spelling.written(event))


SHAPES: Final = ("list", "pairs", "wrapped", "rows", "row", "history", "flattened", "store")
_STORED: Final = 24
"""So many events a store has at the most: each is a file, and all are copied for each edit."""


def _write(directory: Path, seed: int) -> Path:
    """Write the made-up recording of a seed, of which it has its shape, spelling, ids and times."""
    shape, spelling = SHAPES[seed % len(SHAPES)], SPELLINGS[seed % len(SPELLINGS)]
    made = _timed(_numbered(events(seed), _IDS[seed % len(_IDS)]), _STAMPS[seed // 3 % len(_STAMPS)])
    path = directory / f"{seed:02}_{shape}{_ENDINGS.get(shape, '.json')}"
    whole: dict[str, Callable[[], Any]] = {
        "list": lambda: made,
        "pairs": lambda: _pairs(made),
        "wrapped": lambda: {"é": [1], "trajectory": made, "after": {"x": 1e3}},
        "row": lambda: _row(_pairs(made), 0),
        "history": lambda: _row(made, 0),
        "flattened": lambda: _flattened(made),
    }
    if shape == "store":
        inside = path if seed // len(SHAPES) % 2 else path / "events"
        _write_store(inside, made[:_STORED], spelling)
    elif shape == "rows":
        row = Spelling(minified=bool(seed // len(SHAPES) % 2))
        histories = (made, _pairs(made[:9]), made[:3])
        path.write_bytes(b"".join(row.written(_row(each, at)) + b"\n" for at, each in enumerate(histories)))
    else:
        path.write_bytes(spelling.written(whole[shape]()))
    return path


_ENDINGS: Final = {"store": "", "rows": ".jsonl", "row": ".jsonl"}


# By hand: what `json.dumps` does not write

_ACTION: Final = rb'{"id": 1, "source": "agent", "action": "run", "args": {"command": "ls"}}'
BY_HAND: Final = {
    "spelled.json": (
        rb'[{"id":0 , "source" : "user","action":"message","args":{"content":"\u00e9\/\ud83d\ude42\ud800",'
        b'"wait_for_response":false, "n": [-0, 1.50, 1E+2, 12345678901234567890123, 1e999]}} ,\n\n'
        rb'  {"id": 1, "id": 2, "source":"agent","action":"run","args":{"command":"a","command":"b"}},'
        rb'{"\u0069d":3,"observation":"run","cause":2,"content":"x","extras":{}}]'
    ),
    "not_quite_json.json": b'[{"action": "message", "args": {"content": "x", "n": [NaN, -Infinity]}},'
    + _ACTION
    + b"]",
    "no_kinds.json": b'[{"a": 1}, {"action": null}]',
    "one_event.json": b"[" + _ACTION + b"]",
    "empty": b"",
    "blank.json": b" \n",
    "empty_list.json": b"[]",
    "object.json": b"{}",
    "text.json": b'"[]"',
    "numbers.json": b"[1, 2]",
    "nested.json": b"[[[" + _ACTION + b"]]]",
    "lists_of_nothing.json": b"[[], [null, null]]",
    "other_object.json": b'{"messages": [{"role": "user", "content": "hi"}]}',
    "history_of_strings.json": b'{"history": ["a"]}',
    "torn.json": b"[" + _ACTION + b', {"action": "ru',
    "torn.jsonl": b'{"instance_id": "a", "history": [' + _ACTION + b']}\n{"instance_id": "b", "his',
    "comma.json": b"[" + _ACTION + b",]",
    "trailing.json": b"[" + _ACTION + b"] x",
    "nul.json": b"[" + _ACTION + b"\0]",
    "latin1.json": '[{"action": "message", "args": {"content": "gö"}}]'.encode("latin-1"),
    "utf16.json": '[{"action": "message", "args": {"content": "gö"}}]'.encode("utf-16"),
    "deep.json": b"[" + b'{"action":"run","args":' + b"[" * 2000 + b"]" * 2000 + b"}]",
    "notes.md": b"# no recording\n",
}


def write(directory: Path, count: int) -> Sequence[Path]:
    """Write `count` made-up recordings, and those made by hand; the answer is where they are."""
    directory.mkdir(parents=True)
    made = [_write(directory, seed) for seed in range(count)]
    for name, data in BY_HAND.items():
        made.append(directory / name)
        made[-1].write_bytes(data)
    empty = directory / "empty_store"
    empty.mkdir()
    return [*made, empty]
