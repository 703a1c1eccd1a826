"""Putting what a recording gives away of its files into a world, from inside, before its first step.

Nothing that is there already is touched: not what an image brought, nor what the system needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby, islice
from typing import Final

from trajcore.sandbox.base import Patience, Sandbox
from trajcore.sandbox.shell.quoting import quoted
from trajcore.worlds.evidence.contents import LARGEST, content
from trajcore.worlds.evidence.model import Evidence, Kind, Known, Repository, said

_SCRIPT: Final = ".trajtui-world"
_SECONDS: Final = 120.0
"""What it may take to put all files there."""
MOST: Final = 20_000
"""So many files and directories are made."""
_ROOM: Final = 64 << 20
"""Bytes that all of them take together."""
_SYSTEM: Final = re.compile(
    r"/(?:bin|boot|dev|etc|lib|lib32|lib64|libx32|proc|run|sbin|snap|sys|usr|var)(?:/|$)|/opt/(?:mini)?conda|/nix(?:/|$)"
)
"""What a world has of its own: a made up program, or setting, would only break it."""
_AT_ONCE: Final = 500
_MOST_HIDDEN: Final = 100
_MOST_BRANCHES: Final = 200
_UNKNOWN: Final = ".trajtui-unknown-"
_MESSAGE: Final = "What the recording tells of its files"
_DEFINITIONS: Final = rb"""umask 022
d() { [[ -d $2 ]] && { printf ' %d' "$1"; return; }; mkdir -p -- "$2" 2>/dev/null || printf ' %d' "$1"; }
f() { [[ -e $2 || -L $2 ]] && { printf ' %d' "$1"; return; }
{ printf %s "$3" >"$2"; } 2>/dev/null || printf ' %d' "$1"; }
l() { [[ -e $2 || -L $2 ]] && { printf ' %d' "$1"; return; }
ln -s -- "$3" "$2" 2>/dev/null || printf ' %d' "$1"; }
"""


@dataclass(frozen=True)
class Built:
    """A world made of evidence."""

    evidence: Evidence
    placed: frozenset[str] = frozenset()
    """The paths that were made."""
    notes: tuple[str, ...] = ()
    """What was not made, or not as it was, a line each."""
    repository: str | None = None
    """Where a git repository was made."""

    @property
    def words(self) -> str:
        """What it is, for a header: `reconstructed (1 whole, 46 by name)`."""
        return f"reconstructed ({said(self.evidence.counts())})"


@dataclass
class _Plan:
    directories: list[str] = field(default_factory=list)
    files: list[tuple[Known, bytes]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


async def build(evidence: Evidence, sandbox: Sandbox) -> Built:
    """Make the files that are known of, in a world that was just started. Raises `SandboxUnavailable`."""
    plan = _planned(evidence)
    failed = await _run(sandbox, _making(plan))
    paths = [*plan.directories, *(known.path for known, _ in plan.files)]
    placed = frozenset(path for number, path in enumerate(paths) if number not in failed)
    there = sum(number in failed for number in range(len(plan.directories), len(paths)))
    if there:
        plan.notes.append(
            f"{_files(there)} not made: the world has something there, or does not let them be made"
        )
    dressed = [one for one in evidence.known.values() if one.path in placed and one.kind is not Kind.LINK]
    await _run(sandbox, _modes(dressed))  # before what git takes them from
    root = await _make_repository(evidence.repository, placed, sandbox) if placed else None
    await _run(sandbox, _owners_and_times(dressed))
    if evidence.directory is not None and evidence.directory != sandbox.directory:
        await sandbox.run(f"cd -- {quoted(evidence.directory).decode()}", Patience(hard=10.0), lambda _: None)
    return Built(evidence, placed, tuple(plan.notes), root)


def _files(count: int) -> str:
    return "1 file is" if count == 1 else f"{count} files are"


def _planned(evidence: Evidence) -> _Plan:
    plan = _Plan()
    directories = {path for path in evidence.directories if not is_systems(path)}
    plan.directories = sorted(directories)[:MOST]
    files = [one for one in evidence.files() if not is_systems(one.path)]
    system = sum(1 for _ in evidence.files()) - len(files)
    if system:
        plan.notes.append(f"{_files(system)} the system's own: the world has its own")
    files.sort(key=lambda one: (one.grade.value != "whole", one.grade.value, one.path))
    room = max(0, MOST - len(plan.directories))
    if len(files) > room:
        plan.notes.append(f"{_files(len(files) - room)} not made: there are more than {MOST}")
    files += _hidden(evidence)
    left, cut = _ROOM, 0
    for one in files[:room]:
        if one.kind is Kind.LINK and one.target is None:
            continue
        data = content(one)
        if len(data) > min(left, LARGEST):
            data = content(one, padded=False)
        if len(data) > min(left, LARGEST):
            cut += 1
            continue
        cut += one.size is not None and len(data) != one.size and one.kind is Kind.FILE
        left -= len(data)
        plan.files.append((one, data))
    if cut:
        plan.notes.append(f"{_files(cut)} not as large as recorded")
    return plan


def _hidden(evidence: Evidence) -> list[Known]:
    """Files that stand for hidden names of which only the number is told."""
    found = []
    for path, known in evidence.known.items():
        if known.hidden is None or known.all_listed or is_systems(path):
            continue
        inside = [one[len(path) + 1 :] for one in evidence.known if one.startswith(f"{path}/.")]
        told = {name for name in inside if "/" not in name}
        if evidence.repository is not None and evidence.repository.root == path:
            told.add(".git")
        lacking = min(known.hidden - len(told), _MOST_HIDDEN)
        found += [Known(f"{path}/{_UNKNOWN}{number}") for number in range(1, lacking + 1)]
    return found


def _making(plan: _Plan) -> bytes:
    lines = [b"d %d %s" % (number, quoted(path)) for number, path in enumerate(plan.directories)]
    for number, (one, data) in enumerate(plan.files, len(lines)):
        if one.kind is Kind.LINK:
            lines.append(b"l %d %s %s" % (number, quoted(one.path), quoted(one.target or "")))
        else:
            text = data.replace(b"\0", b"").decode("utf-8", "surrogateescape")
            lines.append(b"f %d %s %s" % (number, quoted(one.path), quoted(text)))
    return _DEFINITIONS + b"\n".join(lines) + b"\n"


def _modes(known: Iterable[Known]) -> bytes:
    """Modes, as far as they are told."""
    modes = [(f"{one.mode & 0o1777:o}", one.path) for one in known if one.mode is not None]
    return _given(b"chmod --", modes)


def _owners_and_times(known: Iterable[Known]) -> bytes:
    """Owners and times, as far as they are told and the world has them."""
    owners = [(f"{one.owner}:{one.group}", one.path) for one in known if one.owner and one.group]
    times = [(f"@{one.mtime:.0f}", one.path) for one in known if one.mtime is not None]
    return _given(b"chown --", owners) + _given(b"touch -c -m -d", times)


def _given(program: bytes, told: Iterable[tuple[str, str]]) -> bytes:
    """Lines in which a program gives each path its value."""
    lines: list[bytes] = []
    for value, group in groupby(sorted(told), key=lambda pair: pair[0]):
        for paths in _in_batches([path for _, path in group]):
            lines.append(b"%s %s %s 2>/dev/null\n" % (program, quoted(value), b" ".join(map(quoted, paths))))
    return b"".join(lines)


def _in_batches(paths: list[str]) -> Iterator[list[str]]:
    rest = iter(paths)
    while batch := list(islice(rest, _AT_ONCE)):
        yield batch


def is_systems(path: str) -> bool:
    """Whether a world has a path of its own, which is left as it is."""
    return _SYSTEM.match(path) is not None


async def _run(sandbox: Sandbox, script: bytes) -> set[int]:
    """Run a script of ours beside the shell; the numbers that it prints."""
    path = f"{await sandbox.files.scratch()}/{_SCRIPT}"
    await sandbox.files.write(path, script)
    answer = await sandbox.files.output(f"bash {path} 2>/dev/null; rm -f {path}", seconds=_SECONDS)
    return {int(word) for word in answer.split() if word.isdigit()}


async def _make_repository(told: Repository | None, placed: frozenset[str], sandbox: Sandbox) -> str | None:
    """A git repository that holds what was made, on the recorded branch. None where none can be made."""
    if told is None or told.root not in placed:
        return None
    root = quoted(told.root).decode()
    branch = quoted(told.branch or "main").decode()
    who = (
        "-c user.name=trajtui -c user.email= -c commit.gpgsign=false -c core.hooksPath=/dev/null -c gc.auto=0"
    )
    command = (
        f"cd {root} && git init -q && git symbolic-ref HEAD refs/heads/{branch} && git add -A . && "
        f"git {who} commit -q --allow-empty -m {quoted(_MESSAGE).decode()} && echo made"
    )
    others = [quoted(name).decode() for name in told.branches[:_MOST_BRANCHES]]
    command += "".join(f"; git branch {name}" for name in others)
    answer = await sandbox.files.output(f"({command}) 2>/dev/null", seconds=_SECONDS)
    return told.root if answer.strip() == "made" else None
