"""The state of an interactive bash: the lines that make it tell, and those that give it to another one.

Kept are the working directory and the stack of directories, variables, functions, aliases, positional
parameters, options, traps, the umask and `$?`; not open descriptors, jobs, limits and history.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from trajcore.sandbox.shell.quoting import escaped, quoted

# Each command writes to descriptor 9, as a DEBUG trap writes to standard output. Sections end with a zero
# byte. Nothing here may fail under set -e or set -u, or depend on IFS. A bash writes line by line, and few
# lines are told sooner: so functions are told only where some are the user's, and options but once.
_TELLS: Final = r"""
NAME() {
local __trajtui_k=$1; builtin shift
builtin printf '\0%s %s %s' "$$" "$PPID" "${__trajtui_x:-0}" >&9
[[ . -ef $PWD ]] || builtin printf ' removed' >&9; builtin printf '\0' >&9
if [[ ${!-} ]]; then builtin jobs -rn >/dev/null; builtin jobs -n >&9; fi; builtin printf '\0' >&9
builtin declare -p >&9; builtin printf '\0' >&9
if builtin compgen -A function -X '__trajtui_*' >/dev/null; then
builtin declare -F >&9; builtin printf '\0' >&9; builtin declare -f >&9; builtin printf '\0' >&9
else builtin printf '\0\0' >&9; fi
builtin alias -p >&9; builtin printf '\0' >&9
builtin umask -p >&9; builtin printf '\0%s\0' "$PWD" >&9
builtin dirs -l -p >&9; builtin printf '\0' >&9
if (( $# )); then builtin printf ' %q' "$@" >&9; fi; builtin printf '\0' >&9
builtin compgen -G '/proc/[0-9]*' >&9; builtin printf '\0' >&9
builtin compgen -G "/proc/$$/fd/*" >&9
builtin compgen -G '/dev/shm/*' >&9; builtin compgen -G '/dev/shm/.[!.]*' >&9
builtin printf '\0%s\n' "$__trajtui_k" >&9
return 0; }
"""
TELLS_AT_ONCE: Final = _TELLS.replace("NAME", "__trajtui_s").replace(" >&9", "")
"""Defines what makes a shell tell of itself, but for its traps, which come first; for `telling_behind`.

What has no DEBUG trap to fear writes to standard output: a fifth less is to be done.
"""
_TELL_BEHIND: Final = b'{ builtin trap -p; __trajtui_s %s "$@"; } >|%s 2>/dev/null || :'
# Runs at top level (a function does not see all traps), parsed when it runs, so that aliases do not matter.
_TELL: Final = (
    _TELLS.replace("NAME", "__trajtui_u")
    + r"""
builtin trap -p >|FILE || :
__trajtui_u "" "$@" 9>>FILE || :
builtin unset -f __trajtui_u || :
"""
)
_MARK: Final = rb"""builtin printf '\033]7717;%s;Z;0;;%%s;;\a' "$-" >/dev/tty"""
_SECTIONS: Final = 14
_KNOWN: Final = re.compile(rb"(\d+) (\d+) (\d+)( removed)?")
"""The second of them: the shell, its parent, `$?`, and whether its directory is not there any more."""
_OF_STATE: Final = 11
"""So many of them say how the shell is; the others what is around it, and with which key it was told."""

_OF_BASH: Final = frozenset(
    {
        "COLUMNS", "COMP_WORDBREAKS", "DIRSTACK", "EPOCHREALTIME", "EPOCHSECONDS", "EUID", "FUNCNAME",
        "GROUPS", "HISTCMD", "LINENO", "LINES", "PIPESTATUS", "PPID", "PROMPT_COMMAND", "PS1", "PS2", "PWD",
        "RANDOM", "SECONDS", "SHELLOPTS", "SHLVL", "SRANDOM", "UID", "_",
    }
)  # fmt: skip
"""Variables that bash sets, or that are ours; those that begin with BASH are too, but for one."""

_PASSING: Final = re.compile(
    rb"^declare -[-a-zA-Z]+ (?:BASH(?!_ENV=|OPTS=)\w*|__trajtui_\w*|%s)(?:=.*)?\n"
    % "|".join(sorted(_OF_BASH - {"SHELLOPTS"})).encode(),
    re.MULTILINE,
)
_CLEAR: Final = (
    b"for __trajtui_v in $(\\builtin compgen -v); do case $__trajtui_v in BASH*|__trajtui_*|%s) ;; "
    b'*) \\builtin unset -v -- "$__trajtui_v";; esac; done; \\builtin unset -v __trajtui_v\n'
) % "|".join(sorted(_OF_BASH)).encode()

_VARIABLE: Final = re.compile(rb"^declare -[-a-zA-Z]+ ([A-Za-z_][A-Za-z0-9_]*)(?==|$)", re.MULTILINE)
_FUNCTION: Final = re.compile(rb"^declare -f([a-zA-Z]*) (.+)$", re.MULTILINE)
_SHOPTS_SET: Final = re.compile(rb'^declare -\w+ BASHOPTS="([\w:]*)"$', re.MULTILINE)
_OPTIONS_SET: Final = re.compile(rb'^declare -\w+ SHELLOPTS="([\w:-]*)"$', re.MULTILINE)
_SHOPT: Final = (
    b"for __trajtui_v in $(\\builtin compgen -A shopt); do case :%s: in *:$__trajtui_v:*) "
    b'\\builtin shopt -s "$__trajtui_v";; *) \\builtin shopt -u "$__trajtui_v";; esac; done\n'
)
_OPTIONS: Final = (
    b"allexport", b"braceexpand", b"errtrace", b"functrace", b"hashall", b"histexpand", b"ignoreeof",
    b"interactive-comments", b"keyword", b"monitor", b"noclobber", b"noglob", b"nolog", b"notify", b"onecmd",
    b"physical", b"pipefail", b"posix", b"privileged",
    # Those last that would act on what follows.
    b"nounset", b"errexit", b"xtrace", b"verbose",
)  # fmt: skip
"""Options of `set` that are given to another shell, in this order: all but those of typing, and `noexec`."""


@dataclass(frozen=True, slots=True)
class ShellState:
    """What a shell told."""

    pid: int
    parent: int
    directory: str
    removed: bool
    """Whether the directory is not there any more, or another one is in its place."""
    notices: bytes
    """What it had to say of jobs that have ended; it says so once."""
    text: bytes
    """Commands that make a new shell the same."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a shell told that is around it."""

    pid: int
    """The shell's own."""
    processes: bytes
    descriptors: bytes
    """Those that are open, and what is in the memory that is shared."""


def telling(path: str, key: bytes) -> bytes:
    """The line that makes a shell write its state to `path`, and then the end mark of `key`."""
    program = _TELL.replace("FILE", path).encode()
    return b" { builtin eval $'%s'; %s; } >/dev/null 2>&1\n" % (escaped(program), _MARK % key)


def telling_behind(path: str, key: bytes) -> bytes:
    """Commands that make a shell write its state to `path`, with `key` in the end (`is_whole`).

    Where there is a DEBUG trap, what that writes may be in it (`surroundings`).
    """
    return _TELL_BEHIND % (key, quoted(path))


def taking(path: str, key: bytes) -> bytes:
    """The line that makes a shell carry out the commands in `path`, and then write the end mark of `key`."""
    return b' { builtin eval "$(<%s)" || :; %s; } >/dev/null 2>&1\n' % (quoted(path), _MARK % key)


def read_state(told: bytes) -> ShellState | None:
    """What `telling` made a shell write; None when it is not complete."""
    sections = told.split(b"\0")
    if len(sections) != _SECTIONS:
        return None
    traps, first, notices, variables, names, functions, aliases, umask = sections[:8]
    directory, directories, arguments = sections[8:_OF_STATE]
    known = _KNOWN.fullmatch(first)
    if known is None:
        return None
    shopt, options = _shopt(variables), _option_names(variables)
    lines = [
        b"\\builtin unalias -a\n",
        shopt,
        _CLEAR,
        b"\\builtin cd -- $'%s'\n" % escaped(directory),
        *(b"\\builtin pushd -n -- $'%s'\n" % escaped(one) for one in directories.splitlines()[:0:-1]),
        b"\\builtin unset -v OLDPWD\n",
        *_functions(names, functions),
        *_variables(variables),
        _evaluated(aliases),
        b"\\builtin set --%s\n" % arguments,
        _evaluated(umask),
    ]
    if b"posix" in options:
        lines += [b"\\builtin set -o posix\n", shopt]
    lines += [_evaluated(traps), b"__trajtui_x=%d\n" % int(known[3]), _options(options)]
    name = directory.decode("utf-8", "surrogateescape")
    return ShellState(int(known[1]), int(known[2]), name, bool(known[4]), notices, b"".join(lines))


def is_whole(told: bytes, key: bytes) -> bool:
    """Whether all is there of what was told with this key."""
    return told.endswith(b"\0%s\n" % key)


def surroundings(told: bytes) -> Surroundings | None:
    """What there was around the shell when this was told.

    None when it is not complete, or something else may be in it.
    """
    sections = told.split(b"\0")
    if len(sections) != _SECTIONS or b" DEBUG\n" in sections[0]:
        return None
    known = _KNOWN.fullmatch(sections[1])
    return None if known is None else Surroundings(int(known[1]), sections[11], sections[12])


def lasting(told: bytes) -> bytes:
    """What stands for the state in it: the same where that is. What is another each time is left out."""
    return _PASSING.sub(b"", b"\0".join(told.split(b"\0")[:_OF_STATE]))


def _variables(told: bytes) -> list[bytes]:
    """Each declaration on its own, so that one which is refused takes no other with it."""
    starts = list(_VARIABLE.finditer(told))
    ends = [start.start() for start in starts[1:]] + [len(told)]
    return [
        _evaluated(told[start.start() : end])
        for start, end in zip(starts, ends, strict=True)
        if not _is_of_bash(start[1].decode())
    ]


def _is_of_bash(name: str) -> bool:
    return (
        name in _OF_BASH or name.startswith("__trajtui_") or (name.startswith("BASH") and name != "BASH_ENV")
    )


def _functions(names: bytes, told: bytes) -> list[bytes]:
    """Each definition on its own, as far as it can be told where it ends; then all; then attributes.

    What is definition and what only looks like it inside a here-document is known when bash reads all of
    it; what follows a definition that bash itself cannot read again is known from each on its own.
    """
    found = [(match[2], match[1]) for match in _FUNCTION.finditer(names)]
    begin = rb"\n\}.*\n(?:declare -f\w+ .+\n)?(?=(?:function )?%s \(\) ?\n\{)"
    lines, start = [], 0
    for (name, _), (following, _) in zip(found, [*found[1:], (b"", b"")][: len(found)], strict=True):
        border = re.compile(begin % re.escape(following)).search(told, start) if following else None
        end = len(told) if border is None else border.end()
        if not name.startswith(b"__trajtui_"):
            lines.append(_evaluated(told[start:end]))
        start = end
    if lines:
        lines.append(_evaluated(told))
    for name, attributes in found:
        if attributes and not name.startswith(b"__trajtui_"):
            lines.append(_evaluated(b"builtin declare -f%s -- %s" % (attributes, name)))
    return lines


def _shopt(variables: bytes) -> bytes:
    """Gives a shell the options of `shopt` that are set."""
    found = _SHOPTS_SET.search(variables)
    return b"" if found is None else _SHOPT % found[1]


def _option_names(variables: bytes) -> frozenset[bytes]:
    """The options of `set` that are set."""
    found = _OPTIONS_SET.search(variables)
    return frozenset() if found is None else frozenset(found[1].split(b":"))


def _options(chosen: frozenset[bytes]) -> bytes:
    """All options at once."""
    given = [(b"-o " if option in chosen else b"+o ") + option for option in _OPTIONS]
    return b"\\builtin set " + b" ".join(given) + b"\n"


def _evaluated(commands: bytes) -> bytes:
    return b"\\builtin eval $'%s'\n" % escaped(commands)
