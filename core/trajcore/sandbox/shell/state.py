"""The state of an interactive bash: the lines that make it tell, and those that give it to another one.

Kept are the working directory and the stack of directories, variables, functions, aliases, positional
parameters, options, traps, the umask and `$?`; not open descriptors, jobs, limits and history.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from trajcore.sandbox.shell.quoting import escaped, quoted

# Runs at top level (a function does not see all traps), parsed when it runs, so that aliases do not matter.
# Each command writes to a descriptor of its own, because a DEBUG trap writes to standard output. Sections end
# with a zero byte. Nothing here may fail under set -e or set -u, or depend on IFS.
_TELL: Final = r"""
__trajtui_s() {
builtin printf '\0%s %s %s' "$$" "$PPID" "${__trajtui_x:-0}" >&9
[[ . -ef $PWD ]] || builtin printf ' removed' >&9; builtin printf '\0' >&9
if [[ ${!-} ]]; then builtin jobs -rn >/dev/null; builtin jobs -n >&9; fi; builtin printf '\0' >&9
builtin declare -p >&9; builtin printf '\0' >&9
builtin declare -F >&9; builtin printf '\0' >&9
builtin declare -f >&9; builtin printf '\0' >&9
builtin alias -p >&9; builtin printf '\0' >&9
builtin shopt -p >&9; builtin printf '\0' >&9
builtin set +o >&9; builtin printf '\0' >&9
builtin umask -p >&9; builtin printf '\0%s\0' "$PWD" >&9
builtin dirs -l -p >&9; builtin printf '\0' >&9
if (( $# )); then builtin printf ' %q' "$@" >&9; fi; builtin printf '\0' >&9
return 0; }
builtin trap -p >|FILE || :
__trajtui_s "$@" 9>>FILE || :
builtin unset -f __trajtui_s || :
"""
_MARK: Final = rb"""builtin printf '\033]7717;%s;Z;0;;%%s;\a' "$-" >/dev/tty"""
_SECTIONS: Final = 14

_OF_BASH: Final = frozenset(
    {
        "COLUMNS", "COMP_WORDBREAKS", "DIRSTACK", "EPOCHREALTIME", "EPOCHSECONDS", "EUID", "FUNCNAME",
        "GROUPS", "HISTCMD", "LINENO", "LINES", "PIPESTATUS", "PPID", "PROMPT_COMMAND", "PS1", "PS2", "PWD",
        "RANDOM", "SECONDS", "SHELLOPTS", "SHLVL", "SRANDOM", "UID", "_",
    }
)  # fmt: skip
"""Variables that bash sets, or that are ours; those that begin with BASH are too, but for one."""

_CLEAR: Final = (
    b"for __trajtui_v in $(\\builtin compgen -v); do case $__trajtui_v in BASH*|__trajtui_*|%s) ;; "
    b'*) \\builtin unset -v -- "$__trajtui_v";; esac; done; \\builtin unset -v __trajtui_v\n'
) % "|".join(sorted(_OF_BASH)).encode()

_VARIABLE: Final = re.compile(rb"^declare -[-a-zA-Z]+ ([A-Za-z_][A-Za-z0-9_]*)(?==|$)", re.MULTILINE)
_FUNCTION: Final = re.compile(rb"^declare -f([a-zA-Z]*) (.+)$", re.MULTILINE)
_OPTION: Final = re.compile(rb"^set ([-+]o [a-z-]+)$", re.MULTILINE)
_SHOPT: Final = re.compile(rb"^shopt -[su] (?!login_shell|restricted_shell)\w+$", re.MULTILINE)
_NOT_SET: Final = (b"history", b"emacs", b"vi", b"noexec")
_SET_LAST: Final = (b"nounset", b"errexit", b"xtrace", b"verbose")


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


def telling(path: str, key: bytes) -> bytes:
    """The line that makes a shell write its state to `path`, and then the end mark of `key`."""
    program = _TELL.replace("FILE", path).encode()
    return b" { builtin eval $'%s'; %s; } >/dev/null 2>&1\n" % (escaped(program), _MARK % key)


def taking(path: str, key: bytes) -> bytes:
    """The line that makes a shell carry out the commands in `path`, and then write the end mark of `key`."""
    return b' { builtin eval "$(<%s)" || :; %s; } >/dev/null 2>&1\n' % (quoted(path), _MARK % key)


def read_state(told: bytes) -> ShellState | None:
    """What `telling` made a shell write; None when it is not complete."""
    sections = told.split(b"\0")
    if len(sections) != _SECTIONS:
        return None
    traps, known, notices, variables, names, functions, aliases, shopts, options, umask = sections[:10]
    directory, directories, arguments, _ = sections[10:]
    pid, parent, status, *removed = known.split()
    shopt = b"\n".join(b"builtin " + found for found in _SHOPT.findall(shopts))
    lines = [
        b"\\builtin unalias -a\n",
        _evaluated(shopt),
        _CLEAR,
        b"\\builtin cd -- $'%s'\n" % escaped(directory),
        *(b"\\builtin pushd -n -- $'%s'\n" % escaped(one) for one in directories.splitlines()[:0:-1]),
        *_functions(names, functions),
        *_variables(variables),
        _evaluated(aliases),
        b"\\builtin set --%s\n" % arguments,
        _evaluated(umask),
    ]
    if b"set -o posix" in options:
        lines += [b"\\builtin set -o posix\n", _evaluated(shopt)]
    lines += [_evaluated(traps), b"__trajtui_x=%d\n" % int(status), _options(options)]
    name = directory.decode("utf-8", "surrogateescape")
    return ShellState(int(pid), int(parent), name, bool(removed), notices, b"".join(lines))


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
    for (name, _), (following, _) in zip(found, [*found[1:], (b"", b"")], strict=True):
        border = re.compile(begin % re.escape(following)).search(told, start) if following else None
        end = len(told) if border is None else border.end()
        if not name.startswith(b"__trajtui_"):
            lines.append(_evaluated(told[start:end]))
        start = end
    if lines:
        lines += [_evaluated(told), b"\\builtin unset -f __trajtui_s\n"]
    for name, attributes in found:
        if attributes and not name.startswith(b"__trajtui_"):
            lines.append(_evaluated(b"builtin declare -f%s -- %s" % (attributes, name)))
    return lines


def _options(told: bytes) -> bytes:
    """All options at once, those last that would act on what follows."""
    options = [option for option in _OPTION.findall(told) if option[3:] not in _NOT_SET]
    options.sort(key=lambda option: option[3:] in _SET_LAST)
    return b"\\builtin set " + b" ".join(options) + b"\n"


def _evaluated(commands: bytes) -> bytes:
    return b"\\builtin eval $'%s'\n" % escaped(commands)
