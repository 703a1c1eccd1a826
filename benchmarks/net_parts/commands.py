"""Which commands are run on a recording."""

from __future__ import annotations

import json
import shlex
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from net_parts.driver import COPY, SCRATCH

GROUPS: Final = ("show", "check", "edit", "replay", "save")
"""What `--only` picks from."""

REPORT, JUNIT = f"{SCRATCH}/report.json", f"{SCRATCH}/junit.xml"


@dataclass(frozen=True)
class Command:
    """A command line, and what stands ready when it is run.

    `stdin` is the file on its standard input, `copied` what is copied to `COPY` first; `follows`: what the
    command before it wrote is still there.
    """

    group: str
    arguments: tuple[str, ...]
    recording: str = ""
    stdin: str | None = None
    copied: str | None = None
    follows: bool = False

    def __str__(self) -> str:
        line = shlex.join(("trajtui", *self.arguments))
        if self.stdin is not None:
            line += f" < {shlex.quote(self.stdin)}"
        return line if self.recording in line else f"{line}  # {self.recording}"

    def job(self) -> dict[str, Any]:
        """The command as the driver takes it."""
        return {
            "arguments": self.arguments,
            "stdin": self.stdin,
            "copied": self.copied,
            "follows": self.follows,
        }


@dataclass(frozen=True)
class Event:
    """An event as `show --json` tells of it."""

    index: int
    id: Any
    type: str
    kind: str


@dataclass(frozen=True)
class Recording:
    """A recording, or one row of it. `events` are empty where it cannot be read."""

    path: str
    is_store: bool = False
    row: str | None = None
    events: Sequence[Event] = field(default=(), repr=False)

    def commands(self, sample: int | None = None) -> Iterator[Command]:
        """Everything that is run on it; edits are tried on at most `sample` of its events."""
        yield from self._shown()
        yield from self._edited(sample)
        yield from self._replayed()
        yield from self._saved()

    def command(self, group: str, *arguments: str, follows: bool = False) -> Command:
        """A command on the recording, which is named right behind the verb."""
        verb, *rest = arguments
        return Command(group, (verb, self.path, *rest, *self._row), self.path, follows=follows)

    @property
    def _row(self) -> tuple[str, ...]:
        return () if self.row is None else ("--row", self.row)

    def _piped(self, group: str, *arguments: str) -> Iterator[Command]:
        if not self.is_store:
            verb, *rest = arguments
            yield Command(group, (verb, "-", *rest, *self._row), self.path, stdin=self.path)

    def _shown(self) -> Iterator[Command]:
        yield self.command("show", "show", "--json")
        yield self.command("show", "show")
        yield from self._piped("show", "show")
        yield self.command("check", "show", "--check")
        yield self.command("check", "show", "--check", "--json")

    # Editing

    def _edited(self, sample: int | None) -> Iterator[Command]:
        yield self.command("edit", "edit", "-o", f"{SCRATCH}/out.json")
        yield self.command("edit", "edit", "-o", "-")
        yield self.command("edit", "edit", "--diff")
        yield self._in_place()
        yield self._in_place("--message-after", "#0", "added", "--delete", "#0")
        yield from self._piped("edit", "edit", "--message-before", "#0", "piped", "-o", "-")
        for edits in _of_the_whole(len(self.events)):
            yield self._edit(*edits)
            yield self.command("edit", "edit", *edits, "--diff")
        for number, event in enumerate(self._picked(sample)):
            for edits in self._of_an_event(event, number):
                yield self._edit(*edits)

    def _edit(self, *edits: str) -> Command:
        """Edits, written to where all that they change can be seen."""
        return self._in_place(*edits) if self.is_store else self.command("edit", "edit", *edits, "-o", "-")

    def _in_place(self, *edits: str) -> Command:
        arguments = ("edit", str(COPY), *edits, "--in-place", *self._row)
        return Command("edit", arguments, self.path, copied=self.path)

    def _picked(self, most: int | None) -> list[Event]:
        """The first event, the last, the one in the middle, and the first of each kind, in each recording of
        other kinds: so a small sample of many recordings holds all of them.
        """
        if not self.events:
            return []
        picked = [self.events[at] for at in (0, -1, len(self.events) // 2)]
        kinds = {(event.type, event.kind): event for event in reversed(self.events)}
        picked += sorted(kinds.values(), key=lambda event: self._turn(event.type, event.kind))
        return list(dict.fromkeys(picked))[:most]

    def _turn(self, *words: object) -> int:
        """A number that is another one in each recording, and the same at each run."""
        return zlib.crc32(" ".join(map(str, (self.path, *words))).encode())

    def _name(self, event: Event, number: int) -> str:
        """What an event is called on the command line: by turns by its index and by its id."""
        usable = isinstance(event.id, int) and sum(other.id == event.id for other in self.events) == 1
        return str(event.id) if number % 2 and usable else f"#{event.index}"

    def _of_an_event(self, event: Event, number: int) -> Iterator[tuple[str, ...]]:
        name, turn = self._name(event, number), self._turn(number)
        paths = _SET_OF_ACTIONS if event.type == "action" else _SET_OF_OBSERVATIONS
        for path, value in (*_some(3, _SET, turn), *_some(4, paths, turn)):
            yield "--set", f"{name}:{path}={value}"
        for path in _some(3, _UNSET, turn):
            yield "--unset", f"{name}:{path}"
        for flag in _FLAGS.get(event.kind, ("hidden",)):
            yield "--flip", f"{name}:{flag}"
        yield "--delete", name
        yield "--duplicate", name
        yield "--duplicate", name, "--set", f'{name}:message="both"', "--duplicate", name
        last = len(self.events) - 1
        for verb, other in (("after", last), ("before", 0), _some(1, _SIDES, turn)[0] + (last // 2,)):
            yield f"--move-{verb}", name, f"#{other}"
        for side in ("before", "after"):
            yield f"--message-{side}", name, 'ä "message"\n'
            yield f"--command-{side}", name, "echo 'ä command'"
        for side, new in zip(("before", "after"), _some(2, _NEW, turn), strict=True):
            yield f"--insert-{side}", name, _inserted(new)
        yield "--insert-after", name, _inserted({**_ANSWER, "cause": event.id})

    # Replaying

    def _replayed(self) -> Iterator[Command]:
        middle = f"#{len(self.events) // 2}"
        yield self._replay("replay", "--report", REPORT, "--junit", JUNIT)
        yield self._replay("replay", "--report", REPORT, "--until", middle, "--quiet")
        steps = [
            f"#{event.index}" for event in self.events if event.type == "action" and event.kind in _STEPS
        ]
        for skipped, served in zip(steps[:2], steps[-2:], strict=True):
            yield self._replay("replay", "--report", REPORT, "--skip", skipped, "--serve", served, "--strict")
        yield self._replay("replay", "--skip", middle, "--serve", "#1")
        for condition in _CONDITIONS:
            yield self._replay("replay", "--break", condition)
        yield from self._piped("replay", "replay", *_RECORDED)

    def _replay(self, group: str, *options: str) -> Command:
        return self.command(group, "replay", *_RECORDED, *options)

    def _saved(self) -> Iterator[Command]:
        """The saved run, what is said of it, and what it becomes when it is replayed and saved again."""
        saved, again = f"{SCRATCH}/saved.json", f"{SCRATCH}/again.json"
        yield self._replay("save", "--quiet", "--save", saved)
        for arguments in (
            ("show", saved, "--json"),
            ("show", saved, "--check"),
            ("replay", saved, *_RECORDED, "--report", REPORT, "--junit", JUNIT, "--save", again),
            ("show", again),
        ):
            yield Command("save", arguments, self.path, follows=True)
        yield self._replay("save", "--until", f"#{len(self.events) // 2}", "--save", saved)


_RECORDED: Final = ("--sandbox", "recorded")
_STEPS: Final = ("run", "run_ipython", "read", "write", "edit")
"""What can be skipped or served."""

_CONDITIONS: Final = ("kind=run", "source=user and text~.", "exit!=0", "diverged", "waits", "file~.")

_SET: Final = (
    ("message", '"ä changed"'),
    ("timestamp", '"2025-06-07T08:09:10"'),
    ("cause", "0"),
    ("not\\.there.at", '[1.50, null, {"ä": true}]'),
    ("id", "7"),
)
_SET_OF_ACTIONS: Final = (
    ("args.command", '"echo changed"'),
    ("args.content", '"changed\\n"'),
    ("args.thought", '"changed \\ud83d\\ude42"'),
    ("args.path", '"/changed"'),
    ("args.code", '"print(1)"'),
    ("args.wait_for_response", "true"),
    ("args.timeout", "1e2"),
    ("args.is_input", '"no boolean"'),
    ("tool_call_metadata.function_name", '"changed"'),
)
_SET_OF_OBSERVATIONS: Final = (
    ("content", '"changed\\n"'),
    ("extras.metadata.exit_code", "7"),
    ("extras.path", '"/changed"'),
    ("extras.command", "5"),
)
_UNSET: Final = ("message", "source", "args.thought", "args", "extras", "tool_call_metadata", "cause")
_FLAGS: Final = {"message": ("wait_for_response",), "run": ("hidden", "blocking", "is_input")}
"""By kind; any other is asked for a flag that it may not have."""


_SIDES: Final = (("before",), ("after",))

Choice = TypeVar("Choice")


def _some(count: int, choices: Sequence[Choice], turn: int) -> list[Choice]:
    """So many of the choices, by turns: over all events of all recordings each comes by many times."""
    return [choices[(turn + at) % len(choices)] for at in range(count)]


def _of_the_whole(events: int) -> Iterator[tuple[str, ...]]:
    """Edits that are not those of one event."""
    yield "--replace", "the", "THÉ"
    yield "--replace", "e", 'x"\\\n'
    yield "--replace", "RUN", "walk", "--ignore-case"
    yield "--replace", r"(\w+) (\w+)", r"\2 \1", "--regex"
    last, middle = events - 1, events // 2
    yield (
        *("--set", '#0:args.content="first"', "--delete", f"#{middle}", "--duplicate", "#0"),
        *("--move-after", "#0", f"#{last}", "--command-before", f"#{middle}", "ls"),
        *("--message-after", f"#{last}", "bye", "--unset", "#0:message", "--replace", "bye", "good bye"),
    )
    yield "--delete", f"#{last}", "--delete", "#0"


_ACTIONS: Final = (
    *("system", "message", "run", "run_ipython", "read", "write", "edit", "browse", "browse_interactive"),
    *("call_tool_mcp", "think", "finish", "reject", "delegate", "recall", "change_agent_state", "null"),
    *("condensation", "condensation_request", "task_tracking", "loop_recovery", "nobody_knows"),
)
_OBSERVATIONS: Final = (
    *("run", "run_ipython", "read", "write", "edit", "browse", "delegate", "think", "task_tracking", "mcp"),
    *("recall", "error", "user_rejected", "agent_state_changed", "condense", "download", "loop_detection"),
    *("success", "null", "nobody_knows"),
)
_ARGUMENTS: Final = {
    "command": "plan",
    "content": "new",
    "code": "1",
    "path": "/new",
    "url": "about:blank",
    "thought": "hm",
}
_ANSWER: Final = {"observation": "run", "content": "new", "extras": {"command": "echo new"}}
_NEW: Final[tuple[dict[str, Any], ...]] = (
    *({"action": kind, "args": {}} for kind in _ACTIONS),
    *({"action": kind, "args": _ARGUMENTS, "more": [1.0, "ä"]} for kind in _ACTIONS),
    *({"observation": kind, "content": "new", "extras": {}} for kind in _OBSERVATIONS),
    {"id": 3, "source": "user", "action": "message", "args": {"content": "with an id"}},
    {"no": "kind"},
)


def _inserted(event: dict[str, Any]) -> str:
    return json.dumps(event, ensure_ascii=False)


def events_of(shown: bytes) -> list[Event]:
    """The events that `show --json` printed, none where it printed something else."""
    try:
        told = [json.loads(line) for line in shown.splitlines()]
        return [Event(each["index"], each["id"], each["type"], each["kind"]) for each in told]
    except (ValueError, KeyError, TypeError):
        return []


def without_recording(missing: str) -> Iterator[Command]:
    """Commands that read no recording, and mistakes in the command line."""
    yield Command("show", ("--help",))
    for verb in ("open", "replay", "show", "edit", "config"):
        yield Command("show", (verb, "--help"))
    yield Command("show", ("config",))
    for verb in ("show", "replay", "edit"):
        yield Command("show", (verb, "--no-such-option"))
        yield Command("show", (verb, missing))
    yield Command("edit", ("edit", missing, "--diff"))
    yield Command("edit", ("edit", missing, "--in-place", "-o", "-"))
