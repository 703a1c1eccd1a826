"""What of a reconstructed world is made up, and which of it a step has looked at.

The file system itself tells what was read: the times of the last reading of all that is made up are set back
before a step, and looked at behind it. Where it keeps none, what a command names is taken for what it reads.
"""

from __future__ import annotations

import base64
import posixpath
import re
from typing import TYPE_CHECKING, Final

from trajcore.dialects.canonical import exit_code
from trajcore.events.kinds import RUN
from trajcore.sandbox.shell.quoting import encoded, quoted
from trajcore.worlds.evidence.building import Built, is_systems
from trajcore.worlds.evidence.model import Kind, Known
from trajcore.worlds.evidence.shellwords import pipelines

if TYPE_CHECKING:
    from trajcore.events.base import Action, Observation
    from trajcore.sandbox.base import Sandbox

_LIST: Final = ".trajtui-made-up"
_SECONDS: Final = 30.0
_LONG_AGO: Final = "@1"
_MOST_NAMED: Final = 50
_MOST_SPREAD: Final = 1000
_LONGEST: Final = 4000
_ASKS_FACTS: Final = re.compile(
    r"\bls\b[^|;&]* -\w*[aAlshtSn]|\b(?:stat|du|wc|tree -\w*[spugDh]|git|tar|rsync)\b"
    r"|\bfind\b[^|;&]* -(?:size|newer|[acm]time|[acm]min|perm|user|group|printf|ls|empty|type)"
    r"|\btest -|\[ -|os\.(?:stat|path)|\.stat\(|\bcmp\b|\bdiff\b[^|;&]* -(?:\w*q|-brief)"
)
"""What asks for sizes, owners, modes and times, or for hidden names."""
_ASKS_WHETHER: Final = re.compile(r"\btest +(?:! +)?-[defrwxsL]|\[ +(?:! +)?-[defrwxsL]|\bos\.path\.")
_OF_SEVERAL: Final = re.compile(r"[\s()]")
"""A word with such in it is a text of its own."""
_NAME: Final = re.compile(r"[^\s'\"`;|&<>(){}\[\]$=,]+")
_GOES_TO: Final = re.compile(r"\b(?:cd|pushd|chdir\()\s*['\"]?([^\s;&|'\")]+)")
_NO_SUCH: Final = re.compile(
    r"(?i)no such file|does not exist|not found|cannot (?:access|open|find)|no rule to make"
)
_NOT_FOUND: Final = 127


class MadeUp:
    """All that is made up in a world that was built of evidence."""

    def __init__(self, built: Built) -> None:
        self._evidence = built.evidence
        self._repository = "" if built.repository is None else f"{built.repository}/.git"
        directories = {path for path in self._evidence.directories if not is_systems(path)}
        self._roots = _topmost(directories)
        """What is known of lies below these."""
        self._unknown: dict[str, None] = dict.fromkeys(sorted(self._evidence.added_to))
        """Files that hold, and directories that list, what nobody knows."""
        self._bare: set[str] = {one for path in self._unknown for one in (path, posixpath.dirname(path))}
        """Files of which not all facts beside what they hold are known, and directories that hold some."""
        self._kept = False
        """Whether the list of what is watched is in the world, as it is now."""
        self._watches: bool | None = None
        """Whether reading leaves a trace in this world; None: not tried yet."""
        self._begun = ""
        for path in sorted(built.placed | directories):
            known = self._evidence.known.get(path, Known(path, Kind.DIRECTORY))
            if not known.sure:
                self._unknown[path] = None
            if known.kind is Kind.FILE and None in (_size(known), known.mode, known.owner):
                self._bare |= {path, posixpath.dirname(path)}
            if known.kind is Kind.DIRECTORY and not known.all_listed:
                self._bare.add(path)

    def __bool__(self) -> bool:
        return bool(self._unknown or self._bare)

    def memory(self) -> object:
        """What it knows, as `recall` takes it."""
        return tuple(self._unknown)

    def recall(self, memory: object) -> None:
        """Know what was known then: the world is that of then."""
        assert isinstance(memory, tuple)
        self._unknown = dict.fromkeys(memory)
        self._kept = False

    async def arm(self, sandbox: Sandbox) -> None:
        """Set back the times of what was read before. Raises `SandboxUnavailable`."""
        files = sandbox.files
        if self._watches is None:
            self._watches = await _leaves_traces(sandbox)
            if self._repository:
                inside = await _paths(sandbox, f"find {_word(self._repository)} -print0")
                self._unknown.update(dict.fromkeys(inside))
        path = await self._list(sandbox)
        touch = f"xargs -0 touch -c -a -d {_LONG_AGO} -- < {path} 2>/dev/null"
        begun = await files.output(f"{touch}; date +%s.%N", _SECONDS)
        self._begun = begun if re.fullmatch(r"\d+\.\d+", begun) else ""

    async def looked_at(
        self, sandbox: Sandbox, action: Action, observation: Observation | None, directory: str
    ) -> tuple[str, ...]:
        """What a step has read, since `arm`, of which nobody knows what was there.

        `directory` is where the shell was before it. Raises `SandboxUnavailable`.
        """
        words = _named(action, directory)
        named = set(words)
        touched = await self._touched(sandbox) if self._watches else named & self._watched()
        read = {path for path in touched if path in self._unknown}
        if read:
            await self._spread(sandbox)
        if _ASKS_FACTS.search(_text(action)):
            read |= (touched | named) & self._bare
        if exit_code(observation) != _NOT_FOUND:
            answer = "" if observation is None else observation.content
            asked = {path for path, word in words.items() if _is_missed(word, action, answer)}
            read |= await self._missed(sandbox, asked)
        return tuple(sorted(read))

    def _watched(self) -> set[str]:
        return {*self._unknown, *self._bare}

    async def _list(self, sandbox: Sandbox) -> str:
        """A file of ours in the world with the names of all that is watched."""
        path = f"{await sandbox.files.scratch()}/{_LIST}"
        if not self._kept:
            names = b"".join(encoded(one) + b"\0" for one in sorted(self._watched()))
            await sandbox.files.write(path, names)
            self._kept = True
        return path

    async def _touched(self, sandbox: Sandbox) -> set[str]:
        """What was read of all that is watched."""
        path = await self._list(sandbox)
        look = 'find "$@" -maxdepth 0 -newerat @2 -print0'
        return await _paths(sandbox, f"xargs -0 sh -c {_word(look)} _ < {path}")

    async def _spread(self, sandbox: Sandbox) -> None:
        """What a step has written that has read something made up is made up too."""
        if not self._begun or not self._roots:
            return
        places = " ".join(map(_word, (*self._roots, "/tmp")))
        changed = f"find {places} -xdev -type f -newerct @{self._begun} -print0 | head -z -n {_MOST_SPREAD}"
        self._unknown.update(dict.fromkeys(await _paths(sandbox, changed)))
        self._kept = False

    async def _missed(self, sandbox: Sandbox, named: set[str]) -> set[str]:
        """What was named and is not there, and nobody knows whether it was."""
        asked = sorted(path for path in named if self._may_have_been(path))[:_MOST_NAMED]
        if not asked:
            return set()
        words = " ".join(map(_word, asked))
        found = await sandbox.files.output(
            f"n=0; for p in {words}; do [[ -e $p ]] || echo $n; n=$((n+1)); done"
        )
        return {
            asked[int(number)] for number in found.split() if number.isdigit() and int(number) < len(asked)
        }

    def _may_have_been(self, path: str) -> bool:
        inside = any(path.startswith(f"{root}/") for root in self._roots)
        told = path in self._evidence.known or path in self._evidence.directories
        return inside and not told and not self._evidence.is_known_missing(path)


def _topmost(paths: set[str]) -> tuple[str, ...]:
    return tuple(path for path in sorted(paths) if posixpath.dirname(path) not in paths)


def _size(known: Known) -> int | None:
    return len(encoded(known.text)) if known.text is not None else known.size


def _word(text: str) -> str:
    return quoted(text).decode()


async def _paths(sandbox: Sandbox, command: str) -> set[str]:
    """The paths that a command of ours prints, each with a NUL behind it."""
    answer = await sandbox.files.output(f"{{ {command}; }} 2>/dev/null | base64 -w0", _SECONDS)
    try:
        data = base64.b64decode(answer)
    except ValueError:
        return set()
    return {path.decode("utf-8", "surrogateescape") for path in data.split(b"\0") if path}


async def _leaves_traces(sandbox: Sandbox) -> bool:
    """Whether it can be told afterwards that a file was read, and a directory listed."""
    answer = await sandbox.files.output(
        f"d=$(mktemp -d) && echo x > $d/f && touch -a -d {_LONG_AGO} $d/f $d && cat $d/f > /dev/null && "
        "ls $d > /dev/null && find $d $d/f -maxdepth 0 -newerat @2 2>/dev/null | wc -l; rm -rf $d"
    )
    return answer.strip() == "2"


def _text(action: Action) -> str:
    """What an action was given."""
    args = action.args
    return str(getattr(args, "command", "") or getattr(args, "code", "") or "")


def _is_missed(word: str, action: Action, answer: str) -> bool:
    """Whether a step asks for what a word names, or was told that there is no such thing."""
    return (word in answer and _NO_SUCH.search(answer) is not None) or _ASKS_WHETHER.search(
        _text(action)
    ) is not None


def _perhaps_named(text: str, directory: str) -> dict[str, str]:
    """What a text that is no plain command may name: a loop, a program in another language."""
    places = [directory]
    for word in _GOES_TO.findall(text)[:_MOST_NAMED]:
        places.append(posixpath.join(places[-1], word))
    words = _NAME.findall(text)[:_MOST_SPREAD]
    return {posixpath.join(place, word): word for place in dict.fromkeys(places) for word in words}


def _named(action: Action, directory: str) -> dict[str, str]:
    """The paths that an action names, with the words that name them."""
    path = getattr(action.args, "path", None)
    found = {path: path} if isinstance(path, str) else {}
    text = _text(action)
    parts = pipelines(text) if action.action == RUN else None
    if parts is None:
        found.update(_perhaps_named(text, directory))
    for part in parts or ():
        for command in part.commands:
            if command.program in ("cd", "pushd") and command.operands and command.plain:
                found[posixpath.join(directory, command.operands[0])] = command.operands[0]
                directory = posixpath.normpath(posixpath.join(directory, command.operands[0]))
            elif command.program not in ("echo", "printf"):
                program = [word for word in command.words[:1] if "/" in word]
                words = [*program, *command.words[1:], *command.reads]
                found.update((posixpath.join(directory, word), word) for word in words)
                for word in filter(_OF_SEVERAL.search, words):
                    found.update(_perhaps_named(word, directory))
    normal = {
        posixpath.normpath(posixpath.join(directory, path)): word for path, word in found.items() if word
    }
    return {path: word for path, word in normal.items() if len(path) < _LONGEST and path.isprintable()}
