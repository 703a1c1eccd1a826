"""Commands that run others: what stands behind `env`, `xargs`, `bash -c`, `find -exec` and the like."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from trajcore.live.risks import python, shell
from trajcore.live.risks.commands import HIDDEN, UNKNOWN, Command, Place, Unreadable, Word

_ASSIGNMENT: Final = re.compile(r"(\w+)\+?=(.*)", re.DOTALL)
_PYTHON: Final = re.compile(r"(?:i?python|pypy)[\d.]*")
_SHELLS: Final = frozenset(["sh", "bash", "dash", "zsh", "ksh", "ash", "fish", "rbash"])
_ACTS: Final = re.compile(r"system|exec|spawn|popen|unlink|child_process|rm(?:dir|Sync|tree)|`|fork")
"""What a one-line program of another language says that runs commands or deletes."""
_OTHERS: Final = frozenset(
    ["perl", "ruby", "node", "nodejs", "php", "awk", "gawk", "mawk", "lua", "tclsh", "osascript"]
)
_DEEPEST: Final = 20


@dataclass(frozen=True)
class _Runner:
    """A program whose operands are a command: options that take a value, and operands that come before it.

    `more`: the command gets further words. `under`: only below this word is it one (`uv run`).
    """

    valued: str = ""
    before: int = 0
    more: bool = False
    under: str = ""


_RUNNERS: Final[Mapping[str, _Runner]] = {
    "env": _Runner("-u --unset -C --chdir"),
    "sudo": _Runner("-u -g -h -p -C -T -r -t -D -R --user --group --host --chdir"),
    "doas": _Runner("-u -C"),
    "pkexec": _Runner("--user"),
    "nohup": _Runner(),
    "setsid": _Runner(),
    "time": _Runner("-f -o"),
    "nice": _Runner("-n"),
    "ionice": _Runner("-c -n -p"),
    "chrt": _Runner(before=1),
    "taskset": _Runner(before=1),
    "stdbuf": _Runner("-i -o -e"),
    "timeout": _Runner("-s -k --signal --kill-after", before=1),
    "command": _Runner(),
    "builtin": _Runner(),
    "exec": _Runner("-a"),
    "xargs": _Runner("-I -n -P -d -L -s -a -E --max-args --max-procs --delimiter --arg-file", more=True),
    "parallel": _Runner("-j --jobs", more=True),
    "watch": _Runner("-n --interval"),
    "strace": _Runner("-e -o -p -s"),
    "ltrace": _Runner("-e -o"),
    "chroot": _Runner(before=1),
    "unshare": _Runner(),
    "flock": _Runner("-w", before=1),
    "busybox": _Runner(),
    "chronic": _Runner(),
    "proxychains": _Runner("-f"),
    "uv": _Runner("--with --python --project", under="run"),
    "poetry": _Runner(under="run"),
    "pipenv": _Runner(under="run"),
    "pdm": _Runner(under="run"),
    "hatch": _Runner(under="run"),
    "conda": _Runner("-n -p", under="run"),
    "docker": _Runner("-e -u -w", before=1, under="exec"),
    "podman": _Runner("-e -u -w", before=1, under="exec"),
}  # fmt: skip
"""Programs that run the command that they are given."""


@dataclass(frozen=True)
class Step:
    """One command, and where it runs."""

    command: Command
    place: Place


def of_shell(text: str, place: Place) -> list[Step]:
    """Every command that a command line runs, those that others run behind these. Raises `Unreadable`."""
    return list(_Walk(place).steps(shell.read(text), 0))


def of_python(code: str, place: Place) -> list[Step]:
    """The same of a notebook cell. Raises `Unreadable`."""
    return list(_Walk(place).steps(python.read(code), 0))


class _Walk:
    """Goes through commands in order, and knows where each runs and what is set there."""

    def __init__(self, place: Place) -> None:
        self._workspace = place.workspace
        self._directories: dict[tuple[int, ...], str | None] = {(): place.directory}
        self._values: dict[str, str] = {"PWD": place.directory or "\0", "HOME": "~"}

    def _place(self, shell: tuple[int, ...]) -> Place:
        if shell not in self._directories:
            self._directories[shell] = self._place(shell[:-1]).directory
        return Place(self._directories[shell], self._workspace)

    def steps(self, commands: Sequence[Command], depth: int) -> Iterator[Step]:
        if depth > _DEEPEST:
            raise Unreadable
        for one in commands:
            one = replace(
                one,
                words=tuple(word.with_values(self._values) for word in one.words),
                writes=tuple(word.with_values(self._values) for word in one.writes),
            )
            one = self._without_assignments(one)
            place = self._place(one.shell)
            if one.name in ("cd", "pushd"):
                where = one.operands[0] if one.operands else Word("~")
                self._directories[one.shell] = (
                    place.path(where) if where.known and where.text != "-" else None
                )
            yield Step(one, place)
            inner = [replace(run, shell=(*one.shell, *run.shell)) for run in _run_by(one)]
            yield from self.steps(inner, depth + 1)

    def _without_assignments(self, one: Command) -> Command:
        words = one.words
        while words and (found := _ASSIGNMENT.fullmatch(words[0].text)):
            if words[0].known and not words[0].wild:
                self._values[found[1]] = found[2]
            else:
                self._values.pop(found[1], None)
            words = words[1:]
        return replace(one, words=words)


def _run_by(one: Command) -> list[Command]:
    """The commands that a command runs by itself."""
    name = one.name
    runner, special = _RUNNERS.get(name), _SPECIAL.get(name)
    if special is not None:
        return special(one)
    if _PYTHON.fullmatch(name):
        return _python(one)
    if name in _OTHERS:
        return [HIDDEN] if any(_ACTS.search(word.text) for word in one.arguments) else []
    return [] if runner is None else _behind(one, runner)


def _behind(one: Command, runner: _Runner) -> list[Command]:
    words = list(one.arguments)
    if runner.under:
        if not words or words[0].text != runner.under:
            return []
        words = words[1:]
    valued, before = runner.valued.split(), runner.before
    while words:
        text = words[0].text
        if text in valued:
            words = words[2:]
        elif text in ("-S", "--split-string") and len(words) > 1:
            return _text(words[1])
        elif text.startswith("-") or (one.name in ("env", "sudo", "doas") and _ASSIGNMENT.fullmatch(text)):
            words = words[1:]
        elif before:
            before -= 1
            words = words[1:]
        else:
            break
    if len(words) == 1 and " " in words[0].text.strip():
        return _text(words[0])
    return [one.with_words(words, more=one.more or runner.more)] if words else []


def _text(word: Word | None) -> list[Command]:
    """The commands in a text that a shell is given."""
    if word is None:
        return [HIDDEN]
    if not word.known:
        # What is set elsewhere stands in it as a variable, as it did in the text that it came from.
        text = re.sub("\0(\\w+)\0", r"${\1}", word.text).replace("\0", "${?}")
    else:
        text = word.text
    return [HIDDEN] if not word.known and word.text.startswith("\0") else _read(shell.read, text)


def _read(read: Callable[[str], list[Command]], text: str) -> list[Command]:
    try:
        return read(text)
    except Unreadable:
        return [HIDDEN]


def _shell(one: Command) -> list[Command]:
    """`bash -c TEXT`, a here-document, or what comes out of a pipe."""
    words = list(one.arguments)
    while words and words[0].text.startswith(("-", "+")):
        option = words.pop(0).text
        if not option.startswith("--") and "c" in option:
            return _text(words[0] if words else None)
        if option in ("-o", "+o", "--rcfile", "--init-file") and words:
            words.pop(0)
    if words:
        return []  # a file, which may say anything
    if one.here is None:
        return [HIDDEN]
    return _read(shell.read, one.here) if one.here else []


def _python(one: Command) -> list[Command]:
    words = list(one.arguments)
    while words and words[0].text.startswith("-") and words[0].text != "-":
        option = words.pop(0).text
        if option.startswith("-c") or (option[-1:] == "c" and not option.startswith("--")):
            code = words[0] if words else None
            return _read(python.read, code.text) if code is not None and code.known else [HIDDEN]
        if option == "-m":
            return [one.with_words(words)] if words else []
        if option in ("-W", "-X") and words:
            words.pop(0)
    if words and words[0].text != "-":
        return []
    if one.here is None:
        return [HIDDEN]
    return _read(python.read, one.here) if one.here else []


def _joined(one: Command) -> list[Command]:
    """`eval`: its words are one text."""
    if not all(word.known for word in one.arguments):
        return [HIDDEN]
    return _read(shell.read, " ".join(word.text for word in one.arguments))


def _su(one: Command) -> list[Command]:
    words = one.arguments
    for place, word in enumerate(words):
        if word.text in ("-c", "--command"):
            return _text(words[place + 1] if place + 1 < len(words) else None)
    return []


def _find(one: Command) -> list[Command]:
    found: list[Command] = []
    words = list(one.arguments)
    while words:
        if words.pop(0).text in ("-exec", "-execdir", "-ok", "-okdir"):
            run: list[Word] = []
            while words and words[0].text not in (";", "+"):
                word = words.pop(0)
                run.append(UNKNOWN if "{}" in word.text else word)
            found.append(one.with_words(run, more=True))
    return found


def _first(one: Command) -> list[Command]:
    return _text(one.operands[0]) if one.operands else []


def _aliases(one: Command) -> list[Command]:
    texts = (word for word in one.operands if "=" in word.text)
    return [run for word in texts for run in _text(replace(word, text=word.text.partition("=")[2]))]


_SPECIAL: Final[Mapping[str, Callable[[Command], list[Command]]]] = {
    **dict.fromkeys(_SHELLS, _shell),
    "eval": _joined,
    "su": _su,
    "runuser": _su,
    "script": _su,
    "find": _find,
    "trap": _first,
    "alias": _aliases,
}
