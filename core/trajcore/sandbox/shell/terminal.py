"""What is asked of the terminal from outside: whether it gives back what is typed, and who sits at it."""

from __future__ import annotations

from typing import Final

# Of several shells that look like ours (a bare host runs other sandboxes too), the one of this session.
# Descriptor 255 is the terminal of an interactive bash, whatever its first three were made.
MODES: Final = (
    "read -r _stat </proc/$$/stat; _mine=(${_stat##*) }); _shell=; for _p in /proc/[0-9]*; do "
    "mapfile -d '' -t _words <$_p/cmdline || continue; "
    '[[ ${_words[*]} == "bash --noprofile --norc --noediting -i" ]] || continue; '
    "read -r _stat <$_p/stat; _stat=(${_stat##*) }); _shell=${_shell:-$_p}; "
    "if [[ ${_stat[3]} == ${_mine[3]} ]]; then _shell=$_p; break; fi; done 2>/dev/null; "
    "stty -F $_shell/fd/255 -a 2>/dev/null"
)
"""A command for the control bash that prints the modes of the shell's terminal; nothing where it has none."""


# Fields of `stat` behind the name: state, parent, group, session, terminal, the terminal's foreground group.
SITTERS: Final = (
    "read -r _stat </proc/$$/stat; _mine=(${_stat##*) }); for _p in /proc/[0-9]*; do "
    "read -r _stat <$_p/stat && mapfile -d '' -t _words <$_p/cmdline || continue; _stat=(${_stat##*) }); "
    "[[ ${_stat[4]} != 0 ]] && [[ ${_mine[4]} == 0 || ${_stat[3]} == ${_mine[3]} ]] || continue; "
    'case "${_words[*]}" in "bash --noprofile --norc --noediting -i") echo ours; continue;; esac; '
    "[[ ${_stat[5]} == ${_p#/proc/} ]] || continue; _name=${_words[0]##*/}; case ${_name#-} in "
    'bash|dash|sh|zsh|ksh|fish) case " ${_words[*]:1}" in *" -c"*|*" "[!-]*) ;; *) echo other;; esac;; esac; '
    "done 2>/dev/null"
)
"""A command for the control bash: it prints `ours` where our shell is there, and `other` where another one
waits at the terminal.
"""


# Where several look like ours and none is of this session, none is ended.
END_SHELL: Final = (
    "read -r _stat </proc/$$/stat; _mine=(${_stat##*) }); _shell=; _all=(); declare -A _found=(); "
    "for _p in /proc/[0-9]*; do mapfile -d '' -t _words <$_p/cmdline || continue; "
    '[[ ${_words[*]} == "bash --noprofile --norc --noediting -i" ]] || continue; '
    "read -r _stat <$_p/stat || continue; _stat=(${_stat##*) }); "
    '_found[${_p#/proc/}]="${_stat[1]} ${_stat[3]}"; done 2>/dev/null; '
    # What the shell has forked has its words until it becomes another program.
    'for _p in "${!_found[@]}"; do _stat=(${_found[$_p]}); [[ ! ${_found[${_stat[0]}]} ]] || continue; '
    "_all+=($_p); [[ ${_stat[1]} != ${_mine[3]} ]] || _shell=$_p; done; "
    "[[ $_shell ]] || (( ${#_all[@]} != 1 )) || _shell=${_all[0]}; [[ $_shell ]] || exit; "
    "read -r _stat </proc/$_shell/stat; _its=(${_stat##*) }); for _p in /proc/[0-9]*; do "
    "read -r _stat <$_p/stat || continue; _stat=(${_stat##*) }); _p=${_p#/proc/}; "
    "(( _p == $$ || _p == BASHPID || _p == _its[1] || _stat[4] != _its[4] )) || kill -HUP $_p; "
    "done 2>/dev/null; kill -9 $_shell && echo ended"
)
"""A command for the control bash: the shell is ended, and what runs at its terminal is hung up on. It prints
`ended` where that was done.
"""


def is_replaced(sitters: str) -> bool:
    """Whether another shell has taken the place of ours (`exec bash`): no mark will come from it."""
    return "other" in sitters.split() and "ours" not in sitters.split()


def comes_back(modes: str) -> bool:
    """Whether typed text comes back from a terminal of these modes (`stty -a`).

    The terminal gives it back where `echo` is on. What reads single keys (`-icanon`) is an editor of lines,
    such as readline, and gives it back itself. All else reads lines without showing them: what it writes is
    its own, however it begins.
    """
    words = modes.replace(";", " ").split()
    return "echo" in words or "-icanon" in words
