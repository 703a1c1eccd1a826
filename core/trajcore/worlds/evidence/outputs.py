"""What common programs print, read back: listings, numbered lines, names. Pure, and never sure of more than
the text says: a line that is not understood is passed over.
"""

from __future__ import annotations

import calendar
import datetime
import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from trajcore.worlds.evidence.model import Kind

_MONTHS: Final = {name: number for number, name in enumerate(calendar.month_abbr) if name}
_LONG: Final = re.compile(
    r"^(?: *\d+ +)?(?P<kind>[-dlbcps])(?P<mode>[rwxsStT-]{9})[.+@]? +\d+ +(?P<owner>\S+) +(?P<group>\S+)"
    r" +(?P<size>\d+(?:, +\d+)?|[\d.]+[KMGTP]) +(?P<date>(?:[A-Z][a-z]{2} +\d{1,2} +(?:\d{1,2}:\d{2}|\d{4})"
    r"|\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d\.\d+ [+-]\d{4})?|\d\d-\d\d +\d\d:\d\d)) (?P<name>.+)$"
)
_KINDS: Final = {"-": Kind.FILE, "d": Kind.DIRECTORY, "l": Kind.LINK}
_NUMBERED: Final = re.compile(r"^ {0,12}(\d{1,9})(?:(?:\t|→| {2})(.*))?$")
_MATCH: Final = re.compile(r"^(\d{1,9})[:-](.*)$")
_MATCH_IN: Final = re.compile(
    r"^(?P<path>[^:\s][^:\n]{0,400}?)(?P<sign>[:-])(?P<number>\d{1,9})(?P=sign)(?P<line>.*)$"
)
_BRANCH: Final = re.compile(r"^((?:[│|] {3}|[│|]\xa0\xa0 | {4})*)(?:├──|└──|\|--|`--) (.+)$")
_HEAD: Final = re.compile(r"^==> (.{1,400}) <==$", re.MULTILINE)
_SECTION: Final = re.compile(r"^(?:'(?P<quoted>[^']+)'|(?P<plain>\S.*)):$")
_COLUMN: Final = re.compile(r"(?:'([^']*)'|\"([^\"]*)\"|(\S+(?: \S+)*?))(?:[ \t]{2,}|\t|$)")
_MISSING: Final = ": No such file or directory"
_LAST_WORD: Final = re.compile(r"['‘]?([^\s:'‘’]+)['’]?\Z")
_LONGEST: Final = 4000
"""A line of more characters names no file."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A name in a listing, and what stands with it."""

    name: str
    kind: Kind | None = None
    size: int | None = None
    mode: int | None = None
    owner: str | None = None
    group: str | None = None
    mtime: float | None = None
    target: str | None = None


def sections(text: str, first: str) -> Iterator[tuple[str, list[str]]]:
    """The directories of a listing with their lines; what stands before the first head is of `first`."""
    name = first
    lines: list[str] = []
    begun = True
    for line in text.split("\n"):
        head = _SECTION.match(line) if begun else None
        if head:
            if lines:
                yield name, lines
            name, lines = head["quoted"] or head["plain"], []
        elif line.strip():
            lines.append(line)
        begun = not line.strip()
    yield name, lines


def long_entry(line: str, when: str | None) -> Entry | None:
    """A line of `ls -l`. `when` is the time of the event, which tells the year where the line does not."""
    found = _LONG.match(line)
    if found is None or found["kind"] not in _KINDS:
        return None
    kind = _KINDS[found["kind"]]
    name, _, target = found["name"].partition(" -> ") if kind is Kind.LINK else (found["name"], "", "")
    name = unquoted(name.rstrip())
    size = int(found["size"]) if found["size"].isdigit() and kind is Kind.FILE else None
    mode = None if kind is Kind.LINK else _mode(found["mode"])
    mtime = _mtime(found["date"], when)
    return Entry(name, kind, size, mode, found["owner"], found["group"], mtime, unquoted(target) or None)


def short_names(lines: Sequence[str]) -> list[Entry]:
    """The names of `ls`, one a line or in columns; `-F` and `-p` say which are directories."""
    names: list[str] = []
    lines = [line.rstrip() for line in lines if len(line) <= _LONGEST]
    columns = any(re.search(r"\S(?: {2,}|\t)\S", line) for line in lines)
    for line in lines:
        if columns:
            names += [quoted or double or plain for quoted, double, plain in _COLUMN.findall(line)]
        else:
            names.append(unquoted(line))
    found = []
    for name in names:
        kind = Kind.DIRECTORY if name.endswith("/") else None
        found.append(Entry(name.rstrip("/"), kind))
    return [entry for entry in found if entry.name]


def unquoted(name: str) -> str:
    """A name without the quotes that `ls` puts around one with blanks."""
    quoted = len(name) > 1 and name[0] == name[-1] and name[0] in "'\""
    return name[1:-1] if quoted else name


def numbered(text: str) -> dict[int, str]:
    """The lines of what `cat -n` shows, and an editor: number, a tab, line. What is around them goes."""
    found: dict[int, str] = {}
    last: int | None = None
    for line in text.split("\n"):
        match = _NUMBERED.match(line)
        if match is None or (last is not None and int(match[1]) != last + 1):
            continue
        last = int(match[1])
        found[last] = match[2] or ""
    return found


def under_heads(text: str) -> Iterator[tuple[str, str]]:
    """What `head` and `tail` show of several files: the name of each, and its lines."""
    heads = list(_HEAD.finditer(text))
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        end = len(text) if following is None else following.start()
        lines = text[head.end() + 1 : end].removesuffix("\n")
        yield head[1], lines.removesuffix("\n") if following is not None else lines


def matches(text: str) -> Iterator[tuple[int, str]]:
    """What `grep -n` shows of one file."""
    for line in text.split("\n"):
        if found := _MATCH.match(line):
            yield int(found[1]), found[2]


def matches_in(text: str) -> Iterator[tuple[str, int, str]]:
    """What `grep -n` shows of several files."""
    for line in text.split("\n"):
        if found := _MATCH_IN.match(line):
            yield found["path"], int(found["number"]), found["line"]


def tree(text: str, root: str) -> Iterator[tuple[str, bool]]:
    """The paths in what `tree` shows, and whether something is below each."""
    stack: list[str] = []
    found: list[tuple[str, int]] = []
    for line in text.split("\n"):
        match = _BRANCH.match(line)
        if match is None:
            continue
        depth = len(match[1]) // 4
        name = match[2].partition(" -> ")[0].rstrip()
        name = re.sub(r"^\[[^\]]*\] +", "", name)
        stack = [*stack[:depth], name.rstrip("/")]
        found.append((posixpath.join(root, *stack), depth))
    for place, (path, depth) in enumerate(found):
        below = place + 1 < len(found) and found[place + 1][1] > depth
        yield path, below


def missing(text: str) -> Iterator[str]:
    """Paths of which a program says that there is nothing."""
    for line in text.split("\n"):
        before, said, _ = line.partition(_MISSING)
        if said and len(before) <= _LONGEST and (found := _LAST_WORD.search(before)):
            yield found[1]


def _mode(letters: str) -> int:
    mode = 0
    for place, letter in enumerate(letters):
        if letter in "rwxst":
            mode |= 1 << (8 - place)
    special = {2: 0o4000, 5: 0o2000, 8: 0o1000}
    return mode | sum(bit for place, bit in special.items() if letters[place] in "sStT")


def _mtime(date: str, when: str | None) -> float | None:
    """Seconds since 1970 of a date of `ls -l`, taken for UTC."""
    iso = re.match(r"(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d)", date)
    if iso:
        return _seconds(*map(int, iso.groups()))
    named = re.match(r"([A-Z][a-z]{2}) +(\d{1,2}) +(?:(\d{1,2}):(\d\d)|(\d{4}))", date)
    if named is None or named[1] not in _MONTHS:
        return None
    month, day = _MONTHS[named[1]], int(named[2])
    if named[5]:
        return _seconds(int(named[5]), month, day, 0, 0)
    now = _moment(when)
    if now is None:
        return None
    year = now.year - ((month, day) > (now.month, now.day + 1))
    return _seconds(year, month, day, int(named[3]), int(named[4]))


def _seconds(year: int, month: int, day: int, hour: int, minute: int) -> float | None:
    try:
        moment = datetime.datetime(year, month, day, hour, minute, tzinfo=datetime.UTC)
    except ValueError:
        return None
    return moment.timestamp()


def _moment(when: str | None) -> datetime.datetime | None:
    try:
        return datetime.datetime.fromisoformat(when) if when else None
    except ValueError:
        return None
