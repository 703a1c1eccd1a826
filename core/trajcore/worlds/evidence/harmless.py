"""Which programs only look: they leave the files of a world as they were. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from trajcore.worlds.evidence.shellwords import Command, Pipeline, pipelines


def word_set(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


QUIET: Final = word_set("cd export true : set alias unset pushd sleep umask source")
"""What prints nothing, and leaves the files alone."""

_LOOKING: Final = QUIET | word_set(
    "head tail grep egrep fgrep sort uniq cat sed wc cut less more tr pwd which whoami id uname date "
    "printenv type test [ [[ hostname file du df ps diff cmp comm md5sum sha256sum sha1sum cksum basename "
    "dirname realpath readlink nproc seq history awk nl tac rev fold xxd od hexdump base64 strings column "
    "paste jq rg ag fd bat cloc expr free locate clear jobs wait tty who uptime lscpu lsb_release arch read "
    "echo printf ls dir find tree stat popd false"
)
"""What leaves the files alone (but for `sed -i` and a `find` that does something, which are looked at)."""

GIT_LOOKS: Final = word_set(
    "status log diff branch rev-parse show remote ls-files blame grep describe config"
)
"""What git is asked for that tells of a repository, and leaves it alone."""
FIND_RUNS: Final = word_set("-exec -execdir -delete -ok -okdir")
"""What makes `find` do something with what it finds."""

_WITH_WORD: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(("pip", "pip3"), word_set("list show freeze check config debug index")),
    **dict.fromkeys(("npm", "yarn", "pnpm"), word_set("ls list view why outdated")),
    **dict.fromkeys(("cargo", "go", "rustup", "dotnet"), word_set("version env help metadata list show")),
    **dict.fromkeys(("conda", "mamba", "apt", "gem", "dnf"), word_set("list info show search env")),
    "git": GIT_LOOKS | {"tag"},
    "dpkg": word_set("-l -L -s -S --list"),
    "rpm": word_set("-q -qa -qi -ql"),
}
"""What leaves the files alone where its first word is one of these."""
_WRITES: Final[Mapping[str, tuple[str, ...]]] = {"sed": ("-i", "--in-place"), "sort": ("-o", "--output")}
"""Options with which such a program writes all the same."""
_TOLD: Final = word_set("--version -V -version --help -h version")
"""What a program is asked for that tells of itself, and does nothing."""
_WRAPPERS: Final[Mapping[str, re.Pattern[str]]] = {
    "sudo": re.compile(r"-[EnHS]+"),
    "time": re.compile(r"-p"),
    "nice": re.compile(r"-n|-?\d+"),
    "timeout": re.compile(r"-[ksv]|--\S+|[\d.]+[smhd]?"),
    "nohup": re.compile(r"(?!)"),
    "stdbuf": re.compile(r"-[ioe]\S*"),
    "command": re.compile(r"-p"),
    "env": re.compile(r"-[i0]|\w+=.*", re.DOTALL),
}
"""Programs that run another one, and the words of theirs before it."""
_XARGS_VALUED: Final = word_set("-n -I -P -L -d -s -E -a")
_BETWEEN: Final = re.compile(r"[;&|\n(){}]+|\$\(|`|\b(?:if|then|else|elif|fi|while|until|do|done|time)\b|!")
_EACH: Final = re.compile(r"\bfor\s+\w+\s+in\s(?:[^;\n$`]|\$\w)*")
_UNREAD: Final = re.compile(r"<<|\b(?:eval|function|case|select|exec)\b")
_PUT_NOWHERE: Final = re.compile(r"\d?>&\d|[\d&]?>>?\s*/dev/null\b")


def only_looks(command: Command) -> bool:
    """Whether a program leaves all files alone; what it is made to write is another matter."""
    words = unwrapped(command.words)
    if words[:1] in (["-v"], ["-V"]):  # of `command`, which says what a word stands for
        return True
    program = words[0].rpartition("/")[2] if words else ""
    if not program or (len(words) == 2 and words[1] in _TOLD):
        return True
    if program == "xargs":
        return only_looks(Command(handed_on(words)))
    if program == "find":
        return _only_finds(words)
    if any(word.startswith(_WRITES.get(program, ("\0",))) for word in words):
        return False
    return program in _LOOKING or (len(words) > 1 and words[1] in _WITH_WORD.get(program, ()))


def all_look(text: str) -> bool:
    """Whether a command only looks that is no plain list of programs: loops, conditions, parentheses.

    What it cannot be sure of it takes for something that does more.
    """
    text = _PUT_NOWHERE.sub("", text)
    if ">" in text or _UNREAD.search(text):
        return False
    for piece in _BETWEEN.split(_EACH.sub("", text)):
        parts: Sequence[Pipeline] | None = pipelines(piece.strip())
        if parts is None or not all(only_looks(one) for part in parts for one in part.commands):
            return False
    return True


def unwrapped(words: Sequence[str]) -> list[str]:
    """The words of a program without those that only say how it is run (`sudo`, `timeout 5`)."""
    rest = list(words)
    while rest and rest[0] in _WRAPPERS:
        own = _WRAPPERS[rest[0]]
        del rest[0]
        while rest and own.fullmatch(rest[0]):
            del rest[0]
    return rest


def handed_on(words: Sequence[str]) -> list[str]:
    """What `xargs` runs, without what it puts behind it."""
    rest, skip = list(words[1:]), False
    while rest and (skip or rest[0].startswith("-")):
        skip = not skip and rest[0] in _XARGS_VALUED
        del rest[0]
    return rest or ["echo"]


def _only_finds(words: Sequence[str]) -> bool:
    if not {"-delete", "-fprint", "-fprint0", "-fprintf", "-fls"}.isdisjoint(words):
        return False
    runs = [at for at, word in enumerate(words) if word in FIND_RUNS]
    return all(only_looks(Command(list(words[at + 1 :]))) for at in runs)
