"""`trajtui edit`: the edits of the screen as a script, in the order in which they are typed."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from trajcore import BadInput, Edit, Trajectory, new_command, search, user_message
from trajcore.text import safe, safe_json, safe_line
from trajcore.views.checks import Finding, checking, finding_line, finding_object, new_findings
from trajcore.views.event_json import problems_of, read_event, read_json
from trajcore.views.form import fields_at
from trajtui.commands import paint
from trajtui.commands.reading import open_to_show
from trajtui.grammar import STANDARD
from trajtui.manner import done, manner, note, tell_object, warn


@dataclass(frozen=True)
class Operation:
    """One edit as it was typed: the option, and what follows it."""

    option: str
    values: tuple[str, ...]

    def __str__(self) -> str:
        return f"--{self.option.replace('_', '-')} {' '.join(self.values)}"


def edit(file: str, operations: Sequence[Operation], options: Mapping[str, Any]) -> None:
    """Read a recording, edit it and write it. Raises `BadInput`, and then nothing was written."""
    _check(file, options)
    target = options["output"]
    trajectory = open_to_show(file, options["row"])
    scribe = _Scribe(trajectory, regex=options["regex"], case=not options["ignore_case"])
    links = checking(trajectory)().findings if any(map(_is_of_a_link, operations)) else None
    notes = [(operation.values[0], _made(scribe, operation)) for operation in operations]
    found = [] if links is None else new_findings(links, checking(trajectory)().findings)
    if not options.get("as_json"):
        _tell_notes(trajectory, notes, found)
    saved = None
    if target == STANDARD:
        print_recording(trajectory)
    elif not options["diff"]:
        saved = str(trajectory.save(Path(file) if target is None else Path(target)))
    if options.get("as_json"):
        edits = [{"edit": str(one), "note": said} for one, (_, said) in zip(operations, notes, strict=True)]
        findings = [finding_object(trajectory, finding) for finding in found]
        changed = "\n".join(_difference(trajectory)) if options["diff"] else None
        tell_object({"saved": saved, "edits": edits, "findings": findings, "diff": changed})
    elif options["diff"]:
        _print_difference(trajectory)
    elif saved is not None:
        done(f"saved {saved}")


def _tell_notes(trajectory: Trajectory, notes: Sequence[tuple[str, str]], found: Sequence[Finding]) -> None:
    """What there is to know of edits, and what is wrong since."""
    for what, said in notes:
        if said:
            note(f"{what}: {said}")
    for finding in found:
        warn(safe_line(finding_line(trajectory, finding)))


def _check(file: str, options: Mapping[str, Any]) -> None:
    """Refuse what does not go together. Raises `BadInput`."""
    target = options["output"]
    if target is None and not options["in_place"] and not options["diff"]:
        raise BadInput("say where to write: -o OUT (`-` is standard output), or --in-place.")
    if options["diff"] and (target is not None or options["in_place"]):
        raise BadInput("--diff shows what would change and writes nothing: it takes no -o and no --in-place.")
    if options["in_place"] and (target is not None or file == "-"):
        raise BadInput("--in-place writes the recording itself: it takes a file, and no -o.")
    if options.get("as_json") and target == STANDARD:
        raise BadInput("--json and -o - both go to standard output: name a file for the recording.")


_LINKS: Final = frozenset({"id", "cause"})
"""Fields by which events name each other."""


def _is_of_a_link(operation: Operation) -> bool:
    """Whether an edit may leave an event that names another one which is not there."""
    path = operation.values[0].partition("=")[0].partition(":")[2]
    return operation.option in ("set", "unset") and path in _LINKS


def _made(scribe: _Scribe, operation: Operation) -> str:
    """Make one edit; the answer is its note. Raises `BadInput` naming the argument."""
    try:
        for value in operation.values:
            _check_text(value)
        return scribe.make(operation).note
    except BadInput as error:
        shown = str(operation)
        shown = shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…"
        raise BadInput(f"{safe_line(shown)}: {error}") from None


_SHOWN: Final = 80


def _check_text(value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BadInput("this is not valid UTF-8.") from None


class _Scribe:
    """Makes edits that are given as words."""

    def __init__(self, trajectory: Trajectory, *, regex: bool, case: bool) -> None:
        self._trajectory = trajectory
        self._regex = regex
        self._case = case

    def make(self, operation: Operation) -> Edit:
        """Make an edit. Raises `BadInput`."""
        values = operation.values
        match operation.option:
            case "set":
                return self._set(values[0])
            case "unset":
                index, path = self._place(values[0])
                return self._valid(index, lambda: self._trajectory.unset(index, path))
            case "flip":
                return self._flip(values[0])
            case "delete":
                return self._trajectory.delete([self._trajectory.resolve(values[0])])
            case "duplicate":
                return self._trajectory.duplicate([self._trajectory.resolve(values[0])])
            case "switch":
                return self._trajectory.switch(values[0])
            case "replace":
                return self._replace(values[0], values[1])
        what, _, side = operation.option.partition("_")
        if what == "move":
            moved, other = map(self._trajectory.resolve, values)
            return self._trajectory.move_to([moved], other if side == "before" else self._behind(other))
        index = self._trajectory.resolve(values[0])
        at = index if side == "before" else self._behind(index)
        return self._trajectory.insert(at, [self._event(what, values[1])])

    def _flip(self, text: str) -> Edit:
        reference, flag = _halves(text, ":", "ID:FLAG")
        index = self._trajectory.resolve(reference)
        fields = fields_at(self._trajectory, index)
        flags = [str(field.path[-1]) for field in fields if isinstance(field.value, bool)]
        if flag not in flags:
            raise BadInput(f"event {reference} has no flag {flag}: it has {', '.join(flags) or 'none'}.")
        return self._trajectory.flip(index, flag)

    def _set(self, text: str) -> Edit:
        place, value = _halves(text, "=", "ID:PATH=JSON")
        index, path = self._place(place)
        try:
            parsed = read_json(value)
        except BadInput as error:
            shown = value if len(value) <= _SHOWN else value[:_SHOWN] + "…"
            words = f"""{shown} is not JSON ({error}). A text is written in quotes: '{place}="text"'."""
            raise BadInput(words) from None
        return self._valid(index, lambda: self._trajectory.set_value(index, path, parsed))

    def _valid(self, index: int, make: Callable[[], Edit]) -> Edit:
        """Make an edit of one event. Raises `BadInput` where it would break what is right about the event."""
        before = self._trajectory.parsed(index).problems
        edit = make()
        broken = [problem for problem in self._trajectory.parsed(index).problems if problem not in before]
        if broken:
            raise BadInput(f"{broken[0]}.")
        return edit

    def _place(self, text: str) -> tuple[int, list[str | int]]:
        """The event, and the path in it, of `ID:PATH`; numbers are indices where there is a list."""
        reference, dotted = _halves(text, ":", "ID:PATH")
        index = self._trajectory.resolve(reference)
        inside: Any = self._trajectory.data(index)
        path: list[str | int] = []
        for part in _parts(dotted):
            if isinstance(inside, list):
                if not (part.isascii() and part.isdigit()) or int(part) >= len(inside):
                    raise BadInput(f"{part} is no index of a list of {len(inside)}.")
                path.append(int(part))
                inside = inside[int(part)]
            else:
                path.append(part)
                inside = inside.get(part) if isinstance(inside, dict) else None
        return index, path

    def _replace(self, old: str, new: str) -> Edit:
        found = search.matches(self._trajectory, old, regex=self._regex, case=self._case)
        if not found:
            raise BadInput("nothing was found.")
        return search.replace(self._trajectory, found, new)

    def _behind(self, index: int) -> int:
        """The place behind an event and all that belongs to it."""
        return max(self._trajectory.unit_of(index)) + 1

    def _event(self, what: str, text: str) -> dict[str, Any]:
        match what:
            case "message":
                return user_message(text)
            case "command":
                return new_command(text)
        event = read_event(text, strict=True)
        problems = problems_of(event, self._trajectory)
        if problems:
            raise BadInput(f"{problems[0]}.")
        return event


def _halves(text: str, at: str, expected: str) -> tuple[str, str]:
    first, found, second = text.partition(at)
    if not found or not first or (at == ":" and not second):
        raise BadInput(f"expected {expected}.")
    return first, second


_PART: Final = re.compile(r"(?:\\.|[^.\\])+")


def _parts(dotted: str) -> list[str]:
    r"""The keys of a dotted path; `\.` is a dot inside a key."""
    parts = [re.sub(r"\\(.)", r"\1", part) for part in _PART.findall(dotted)]
    if dotted != ".".join(_PART.findall(dotted)):
        raise BadInput("a path is keys with single dots between them; \\. is a dot inside a key.")
    return parts


# Writing


def print_recording(trajectory: Trajectory) -> None:
    """Write a recording to standard output. Raises `BadInput` where it is many files."""
    if trajectory.path is not None and os.path.isdir(trajectory.path):
        raise BadInput(f"{trajectory.name} is a directory of events: name a file to write them to.")
    data = trajectory.to_bytes()
    if sys.stdout.isatty():
        data = safe_json(data.decode("utf-8", "replace")).encode()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _difference(trajectory: Trajectory) -> Iterator[str]:
    from trajcore.views.edits import difference

    return difference(trajectory)


def _print_difference(trajectory: Trajectory) -> None:
    """The lines of a patch: on a terminal safe and in colours, elsewhere byte for byte."""
    drawn = sys.stdout.isatty() or manner().color is True
    for line in _difference(trajectory):
        if drawn:
            click.echo(paint.difference(safe(line)))
        else:
            click.echo(line, color=True)  # nothing is taken out of it
