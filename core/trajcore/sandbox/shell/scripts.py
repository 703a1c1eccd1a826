"""What is typed into each new shell of a sandbox: it marks where commands begin and end."""

from __future__ import annotations

import re
from typing import Final

from trajcore.sandbox.shell.quoting import cut, escaped
from trajcore.sandbox.shell.state import TELLS_AT_ONCE, telling_behind

OURS: Final = b"__trajtui_"
"""How every name that we define in a shell begins."""
_LEVEL: Final = re.compile(rb"^\+(?=\++ )", re.MULTILINE)
"""What stands before a traced command for the `eval` that it is in."""
_UNTRACED: Final = re.compile(rb"^\+{2,} set (?:\+[a-z]*x|\+o xtrace)", re.MULTILINE)
_DEATH: Final = re.compile(rb"bash: line \d+: +\d+ [^\r\n]* PS1= PS2= bash --noprofile [^\r\n]*\r?\n\Z")
_FAULT: Final = rb"(?:bash: redirection error: [^\r\n]*\r?\n)?bash: /dev/(?:null|tty): [^\r\n]*\r?\n"
_FAULTS: Final = re.compile(rb"(?:%b){1,2}\Z" % _FAULT)
_FAULTS_WITH_JOBS: Final = re.compile(rb"(?:%b){1,3}\Z" % _FAULT)

# __trajtui_n: key of the running command; __trajtui_x: exit code of the last one, empty while one runs.
# Whatever may be traced (set -x) is inside braces whose standard error is dropped. Nothing here may fail
# under set -e or set -u, depend on IFS, or leave the bytes of a mark in a variable. Each line typed later
# begins with a blank, which keeps it out of the history of a command that turns the history on. Functions may
# have the names of builtins, prompts may be read-only (which ends a function that assigns them, but not one
# that has printf do it), and where no more descriptors are to be had nothing can be redirected.
_SHELL: Final = r"""
unset HISTFILE; set +o history; set +H; HISTCONTROL=ignorespace; alias git='git --no-pager'
__trajtui_m() { builtin printf "$@" >/dev/tty || builtin printf "$@"; }
__trajtui_a() { builtin local x="${__trajtui_x:-0}"; __trajtui_n=$1; __trajtui_x=;
__trajtui_m '\033]7717;%s;A\a' "$1"; [[ $- == *e* ]] || builtin return "$x"; }
__trajtui_w() { [[ -z $(bash -n <<<"$__trajtui_c" 2>&1) ]] || builtin return 0
__trajtui_c+=$'\n\n{ __trajtui_z; } 2>/dev/null || __trajtui_z 2 "${PIPESTATUS[0]}"'; }
__trajtui_z() { __trajtui_y=${2-$?}; [[ ${__trajtui_n-} ]] || builtin return 0
__trajtui_x=$__trajtui_y; builtin unset PROMPT_COMMAND
if [[ $- == *x* ]]; then builtin printf -v PROMPT_COMMAND %s '{ __trajtui_p; } 2>/dev/null || __trajtui_p'
else builtin printf -v PROMPT_COMMAND %s \
'case ${__trajtui_n-} in ?*) { __trajtui_p; } 2>/dev/null || __trajtui_p; esac'; fi
__trajtui_p "${1:-1}"; }
__trajtui_p() { builtin local x="$?"; builtin printf -v PS1 ''; builtin printf -v PS2 ''
[[ ${__trajtui_n-} ]] || builtin return 0
__trajtui_x=${__trajtui_x:-$x}; [[ ${!-} ]] && { builtin jobs -rn >/dev/null; builtin jobs -n; } >/dev/tty
[[ $PWD == "${__trajtui_e-}" ]] || { __trajtui_e=$PWD; __trajtui_d=${PWD//[[:cntrl:]]/?}; }
__trajtui_m '\033]7717;%s;Z;%s;%s;%s;%s;%s\a' \
"$__trajtui_n" "$__trajtui_x" "${!-}" "$-" "${1-}" "$__trajtui_d"
__trajtui_n=; }
"""


def shell_setup(key: bytes) -> bytes:
    """What is typed into a new shell; ends with the end mark of `key`."""
    return b"%s%s\n__trajtui_n=%s; __trajtui_z\n" % (_SHELL.strip().encode(), TELLS_AT_ONCE.encode(), key)


def typed(command: bytes, key: bytes, options: bytes = b"ex", *, tells: str = "") -> bytes:
    """`command` as the lines to be typed: it runs at top level between a begin and an end mark of `key`.

    The line that a shell may repeat on the terminal (`set -x`, `set -v`, `stty echo`) contains one of `OURS`.
    `options` are those that may be set (`$-`); where they say so, less is typed. Under `set -e` the end mark
    is set inside what is evaluated, if that is complete: `eval` ends the shell also for `! true`.

    With `tells`, the shell tells of itself in that file behind the end mark.
    """
    begin = b"{ __trajtui_a %s; } 2>/dev/null\n" if b"x" in options else b"__trajtui_a %s\n"
    first, *others = cut(escaped(begin % key + command))
    told = b"; " + telling_behind(tells, key) if tells else b""
    end = b'; { __trajtui_z; } 2>/dev/null || __trajtui_z 2 "${PIPESTATUS[0]}"' + told + b"\n"
    if not others and b"e" not in options:
        return b" builtin eval $'" + first + b"'" + end
    lines = [b" __trajtui_c=$'" + first + b"'\n"]
    lines += [b" __trajtui_c+=$'" + piece + b"'\n" for piece in others]
    check = b" { __trajtui_w; } 2>/dev/null;" if b"e" in options else b""
    return b"".join(lines) + check + b' builtin eval "$__trajtui_c"' + end


def without_our_shell(text: bytes) -> bytes:
    """Output of a shell that was killed, without the line in which the one around it names its command."""
    return _DEATH.sub(b"", text)


def without_our_faults(text: bytes, *, jobs: bool) -> bytes:
    """Output that ends with what bash said of redirections of ours that could not be made, without that.

    With `jobs`, it was asked about them too.
    """
    return (_FAULTS_WITH_JOBS if jobs else _FAULTS).sub(b"", text)


def without_our_level(text: bytes, options: bytes) -> bytes:
    """Output of a shell that has traced what it did, as if that had not been inside of an `eval`.

    `options` are those that were set before the command or behind it: one that did not end what it began is
    known by them, one that did by its own last line.
    """
    if b"x" not in options and _UNTRACED.search(text) is None:
        return text
    return _LEVEL.sub(b"", text)


def without_our_lines(text: bytes) -> bytes:
    """`text` without the lines in which a shell repeats what we type (`set -v`, `stty echo`)."""
    if OURS not in text:
        return text
    return b"".join(line for line in text.splitlines(keepends=True) if OURS not in line)
