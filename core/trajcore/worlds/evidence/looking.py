"""What the output of programs tells of files: a row for each program that only looks."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise, takewhile
from typing import Final

from trajcore.worlds.evidence import outputs
from trajcore.worlds.evidence.harmless import GIT_LOOKS, handed_on, word_set
from trajcore.worlds.evidence.model import Kind
from trajcore.worlds.evidence.said import Said, files_of, line_count, line_range
from trajcore.worlds.evidence.shellwords import Command
from trajcore.worlds.evidence.trail import hunks_of

# Whole files and parts of them


def _cat(said: Said) -> None:
    files = [*files_of(said.command), *said.command.reads]
    _all_seen(said, files, said.command.program)
    if len(files) == 1:
        if said.command.flags == "n" and said.passes_lines:
            _numbered(said, files[0], said.command.program + " -n")
        elif not said.command.flags:
            _document(said, files[0], said.filters, said.command.program)
    elif len(files) > 1 and said.whole and not said.filters and not said.command.flags:
        _one_behind_the_other(said, files)


def _one_behind_the_other(said: Said, files: Sequence[str]) -> None:
    """The contents of several files, which are told apart where all their sizes are known."""
    sizes = [said.scene.size(said.scene.path(file)) for file in files]
    ends = list(accumulate(size or 0 for size in sizes))
    text = said.text.encode("utf-8", "surrogatepass")
    lacking = ends[-1] - len(text)  # a terminal keeps no blank lines at the end
    if None in sizes or not 0 <= lacking <= min(_BLANK_LINES, sizes[-1] or 0):
        return
    text += b"\n" * lacking
    parts = [text[end - (size or 0) : end] for end, size in zip(ends, sizes, strict=True)]
    # What was shown otherwise than it is, as tabs are, would not end where a line does.
    if all(part.endswith(b"\n") for part in parts[:-1] if part):
        for file, part in zip(files, parts, strict=True):
            told = part.decode("utf-8", "surrogatepass")
            said.scene.holds(said.scene.path(file), told, said.witness("cat"), exact=False, ended=True)


def _nl(said: Said) -> None:
    files = files_of(said.command)
    if len(files) == 1 and "-ba" in said.command.words and said.passes_lines:
        _numbered(said, files[0], "nl")


def _numbered(said: Said, file: str, how: str) -> None:
    """Lines of a file with their numbers; all of them, where nothing stands behind the program."""
    path, lines = said.scene.path(file), outputs.numbered(said.text)
    if said.whole and not said.filters and list(lines) == list(range(1, said.text.count("\n") + 2)):
        text = "".join(f"{line}\n" for line in lines.values())
        said.scene.holds(path, text, said.witness(how), exact=False, ended=False)
    else:
        said.scene.shows(path, lines.items(), said.witness(how), exact=False)


def _part(said: Said) -> None:
    """`head`, `tail`, `sed -n`: the same as `cat` with that behind it."""
    command = said.command
    files = files_of(command)
    if command.program == "sed":
        files = files[1:] if not {"-e", "-f"} & set(command.words) else []
        if "i" in command.flags or any(word.startswith("--in-place") for word in command.words):
            for file in files:
                said.scene.changed(said.scene.path(file), said.witness("sed -i"))
            return
    _all_seen(said, files, command.program)
    if len(files) == 1:
        _document(said, files[0], [command, *said.filters], command.program)
    elif command.program in ("head", "tail") and not said.filters:
        for file, text in outputs.under_heads(said.text):
            if file in files:
                _document(replace(said, text=text), file, [command], command.program)


_BLANK_LINES: Final = 10
"""So many blank lines on end hardly any file has: where more lack of what was asked for, it has ended."""


def _document(said: Said, file: str, filters: Sequence[Command], how: str) -> None:
    """Lines of one file, of which `filters` have let through some."""
    if not said.whole:
        return
    path, text = said.scene.path(file), said.text
    lines = text.split("\n") if text else []
    last = filters[-1] if filters else None
    if last is not None and last.program in ("grep", "egrep") and "n" in last.flags:
        if all(one.program == "cat" and len(one.words) == 1 for one in filters[:-1]):
            said.scene.shows(path, outputs.matches(text), said.witness("grep -n"), exact=False)
        return
    first = 1
    for one in filters:
        begins = _begins(one, len(lines)) if first == 1 else None
        if begins is None:
            return
        first = begins
        how = "sed -n" if one.program == "sed" else how
    if first == 1 and not any(_cuts(one, len(lines)) for one in filters):
        said.scene.holds(path, text + "\n" if text else "", said.witness(how), exact=False, ended=False)
    else:
        said.scene.shows(path, enumerate(lines, first), said.witness(how), exact=False)


def _begins(one: Command, shown: int) -> int | None:
    """The number of the first line that a filter has let through, so many being shown; None: not known.

    Where fewer are shown than were asked for, those that lack may be blank: no recording of a terminal keeps
    these at the ends of its text.
    """
    count, between = line_count(one), line_range(one)
    if one.program == "cat" and len(one.words) == 1:
        return 1
    if one.program == "head" and count is not None:
        return None if 0 < count - shown < _BLANK_LINES else 1
    if one.program == "tail" and count is not None:
        return None if count - shown < _BLANK_LINES else 1
    if one.program == "sed" and between is not None and "-n" in one.words:
        return between[0] if shown == between[1] - between[0] + 1 else None
    return None


def _cuts(one: Command, shown: int) -> bool:
    """Whether a filter may have left out something behind what is shown."""
    return one.program == "sed" or (one.program == "head" and shown >= (line_count(one) or 0))


def _grep(said: Said) -> None:
    command = said.command
    flags, files = command.flags, files_of(command)
    if "-e" not in command.words and "-f" not in command.words:
        files = files[1:]
    if not said.passes_lines or not said.whole or set(flags) & set("hoc"):
        return
    through = set(flags) & set("rR")
    if not through:
        _all_seen(said, files, "grep")
    if set(flags) & set("lL"):
        _all_seen(said, [line for line in said.text.split("\n") if not line.startswith("grep: ")], "grep")
    elif len(files) == 1 and not through and "H" not in flags:
        _matches_of(said, files[0])
    elif "n" not in flags:
        _unnumbered(said, files)
    else:
        for name, number, line in outputs.matches_in(said.text):
            if _may_be_in(said, name, files):
                path = said.scene.path(name)
                said.scene.shows(path, [(number, line)], said.witness("grep -n"), exact=False)


def _matches_of(said: Said, file: str) -> None:
    """The lines of one file that match."""
    flags, path = said.command.flags, said.scene.path(file)
    if "n" in flags:
        said.scene.shows(path, outputs.matches(said.text), said.witness("grep -n"), exact=False)
        return
    trail = said.scene.saw(path, said.witness("grep"), kind=Kind.FILE)
    if trail is not None and not trail.changed and not set(flags) & set("ABCv"):
        trail.sheet.somewhere.update(dict.fromkeys(filter(None, said.text.split("\n"))))


def _unnumbered(said: Said, places: Sequence[str]) -> None:
    """What `grep -r` shows without numbers: a line of a file, somewhere."""
    for shown in said.text.split("\n"):
        name, colon, line = shown.partition(":")
        if colon and _may_be_in(said, name, places):
            trail = said.scene.saw(said.scene.path(name), said.witness("grep"), kind=Kind.FILE)
            if trail is not None and not trail.changed:
                trail.sheet.somewhere.setdefault(line)


def found_in_each(said: Said, places: Sequence[str]) -> None:
    """What `grep` shows that `xargs` has run for the files that were found in `places`."""
    words = handed_on(said.command.words)
    places = places or ["."]
    grep = Command([*words[:1], "-r", *words[1:], *places])
    begins = tuple(f"{place.rstrip('/')}/" for place in places)
    if words[0] in ("grep", "egrep") and all(line.startswith(begins) for line in said.text.split("\n")):
        _grep(replace(said, command=grep))


def _may_be_in(said: Said, name: str, places: Sequence[str]) -> bool:
    """Whether a file that is named in output is one of those that were looked through."""
    path = said.scene.path(name)
    roots = [said.scene.path(place) for place in places or ["."]]
    return path is not None and any(
        root is not None and (path == root or root == "/" or path.startswith(f"{root}/")) for root in roots
    )


def _wc(said: Said) -> None:
    files, flags = files_of(said.command), said.command.flags
    if said.filters or not said.whole:
        return
    names = (
        ["count", "words", "size"]
        if not flags
        else [{"l": "count", "c": "size"}.get(one, "") for one in flags]
    )
    for line in said.text.split("\n"):
        found = re.match(r" *((?:\d+ +)*\d+)(?: +(\S.*))?$", line)
        if found is None:
            continue
        numbers = [int(number) for number in found[1].split()]
        name = found[2] or (files[0] if len(files) == 1 else "")
        if len(numbers) == len(names) and name in files:
            told = dict(zip(names, numbers, strict=True))
            path = said.scene.path(name)
            trail = said.scene.saw(path, said.witness("wc"), kind=Kind.FILE, size=told.get("size"))
            if trail is not None and "count" in told and trail.sheet.count is None:
                trail.sheet.count = told["count"]


def _all_seen(said: Said, files: Sequence[str], how: str) -> None:
    for file in files:
        said.scene.saw(said.scene.path(file), said.witness(how), kind=Kind.FILE)


# Names


def _ls(said: Said) -> None:
    command, scene = said.command, said.scene
    flags, places = command.flags, command.operands or ["."]
    if not said.passes_lines or not command.plain:
        return
    long = bool(set(flags) & set("lno"))
    how = "ls -l" if long else "ls"
    exact_sizes = not set(flags) & set("hks")
    several = len(places) > 1 or "R" in flags
    for place, lines in outputs.sections(said.text, "" if several else places[0]):
        lines = [line for line in lines if not line.startswith("ls: ")]
        listed = [line for line in lines if not re.fullmatch(r"total [\d.]+[KMGT]?", line)]
        if long:
            entries = [entry for line in listed if (entry := outputs.long_entry(line, said.when))]
        else:
            entries = outputs.short_names(listed)
        if not exact_sizes:
            entries = [
                outputs.Entry(e.name, e.kind, None, e.mode, e.owner, e.group, e.mtime, e.target)
                for e in entries
            ]
        path = scene.path(place) if place else scene.directory
        alone = {entry.name for entry in entries}
        if (
            "d" in flags
            or not place
            or (
                alone <= set(places) and any("/" in one or one in places for one in alone) and lines == listed
            )
        ):
            for entry in entries:
                scene.entry(scene.directory or "/", entry, said.witness(how))
        else:
            complete = said.unfiltered and (not long or len(entries) == len(listed))
            hidden = bool(set(flags) & set("aA"))
            scene.listed(path, entries, said.witness(how), complete=complete, hidden=hidden)


def places_of(command: Command) -> list[str]:
    """Where `find` looks."""
    return list(takewhile(lambda word: not word.startswith(("-", "(", "!")), command.words[1:]))


def _find(said: Said) -> None:
    words, places = said.command.words[1:], places_of(said.command)
    if not said.passes_lines or any(
        word.startswith(("-printf", "-ls", "-print0", "-fprint")) for word in words
    ):
        return
    kinds = {"f": Kind.FILE, "d": Kind.DIRECTORY, "l": Kind.LINK}
    types = [kinds.get(after) for word, after in pairwise(words) if word == "-type"]
    kind = types[0] if len(types) == 1 else None
    for line in said.text.split("\n"):
        if line.strip() and not line.startswith("find: ") and _may_be_in(said, line, places):
            said.scene.saw(said.scene.path(line), said.witness("find"), kind=kind)


def _tree(said: Said) -> None:
    places = [word for word in files_of(said.command) if not word.isdigit()] or ["."]
    root = said.scene.path(places[0])
    if root is None or len(places) > 1 or not said.passes_lines:
        return
    for path, below in outputs.tree(said.text, root):
        said.scene.saw(said.scene.path(path), said.witness("tree"), kind=Kind.DIRECTORY if below else None)


def _stat(said: Said) -> None:
    files = files_of(said.command)
    sizes = re.findall(r"^ *Size: (\d+)", said.text, re.MULTILINE)
    modes = re.findall(r"^Access: \((\d{4})/([-dl])", said.text, re.MULTILINE)
    if len(sizes) == len(modes) == len(files):
        for file, size, (mode, letter) in zip(files, sizes, modes, strict=True):
            kind = {"-": Kind.FILE, "d": Kind.DIRECTORY, "l": Kind.LINK}[letter]
            told = int(size) if kind is Kind.FILE else None
            said.scene.saw(
                said.scene.path(file), said.witness("stat"), kind=kind, size=told, mode=int(mode, 8)
            )


def _git(said: Said) -> None:
    words, scene, text = said.command.operands, said.scene, said.text
    if not words or "-C" in said.command.words:
        elsewhere = [word for before, word in pairwise(said.command.words) if before != "-C"]
        if words and next((word for word in elsewhere if not word.startswith("-")), "") not in GIT_LOOKS:
            scene.unsure()
        return
    verb = words[0]
    if verb in ("clone", "init"):
        name = (
            words[2]
            if len(words) > 2
            else re.sub(r"\.git$", "", (words[1:] or ["."])[0].rstrip("/").rpartition("/")[2])
        )
        scene.made(scene.path(name if verb == "clone" else ((words[1:] or ["."])[0] + "/.git")))
        return
    branch = commit = None
    others: tuple[str, ...] = ()
    root = scene.directory
    if verb == "status" and (found := re.search(r"^(?:On branch (\S+)|## ([^\s.]+))", text, re.MULTILINE)):
        branch = found[1] or found[2]
    elif verb == "branch" and (found := re.search(r"^\* (?!\()(\S+)", text, re.MULTILINE)):
        branch = found[1]
        others = tuple(re.findall(r"^(?:  |\A)(?!remotes/)(\w[\w./-]*)$", text, re.MULTILINE))
    elif verb == "rev-parse":
        commit = text.strip() if re.fullmatch(r"[0-9a-f]{40}", text.strip()) else None
        branch = text.strip() if "--abbrev-ref" in said.command.words and text.strip() != "HEAD" else None
        root = scene.path(text.strip()) if "--show-toplevel" in said.command.words else root
    elif verb == "log" and (found := re.search(r"^commit ([0-9a-f]{40})", text)):
        commit = found[1]
    if verb in GIT_LOOKS:
        scene.repository_at(root, branch, commit, others)
    if verb == "diff" and len(words) == 1 and not scene.committed and said.unfiltered:
        _diff(said)
    if verb not in GIT_LOOKS:
        scene.committed = True
    if verb in _REWRITING:
        scene.unsure()


_REWRITING: Final = word_set(
    "checkout reset stash merge pull rebase apply am restore clean revert mv rm switch cherry-pick submodule "
    "worktree"
)


def _diff(said: Said) -> None:
    """What `git diff` shows of files as they were at the beginning."""
    known = said.scene.repository
    for part in re.split(r"^diff --git ", said.text, flags=re.MULTILINE)[1:]:
        name = re.search(r"^--- a/(.+)$", part, re.MULTILINE)
        trail = (
            None if name is None or known is None else said.scene.trail(posixpath.join(known.root, name[1]))
        )
        if trail is None or not trail.began:
            continue
        old = 0
        for hunk in hunks_of(part):
            for number, line in enumerate(hunk.before, hunk.start - old):
                if line is not None:
                    trail.first.add(number, line)
            old += hunk.shift


READERS: Final[Mapping[str, Callable[[Said], None]]] = {
    **dict.fromkeys(("head", "tail", "sed"), _part),
    **dict.fromkeys(("grep", "egrep"), _grep),
    **dict.fromkeys(("ls", "dir"), _ls),
    "cat": _cat,
    "nl": _nl,
    "wc": _wc,
    "find": _find,
    "tree": _tree,
    "stat": _stat,
    "git": _git,
}
"""What is printed tells of files."""
