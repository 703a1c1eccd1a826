"""What a command asks of the machine or of the moment, which its own text shows: no two runs answer alike.

Two kinds are told apart. Some programs say nothing else (`df`, `free`, `ps`): their numbers are figures, as
long as all of the command is such programs and what only picks and orders lines. Others are told what to say
(`date +%H:%M`, `stat -c '%i %n'`, `echo "started $!"`): of each line of that shape, what the shape names as a
figure is one, and the rest counts.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from trajcore.replay.varying import Replacement

Row = tuple[str, str, Replacement]
_Figure = Callable[[str], str | None]
"""What a directive matches where it stands for a figure; None where it does not."""

_FIGURE: Final = "<figure>"
_LONGEST: Final = 4000
"""A longer command is a program of its own, and is not looked into."""

# Programs that tell of the machine

_NUMBER: Final = (
    r"(?<![\w./:@=-])(?:-?\d[\d.,:]*+(?:[KMGTP]i?B?|%|[smhd])?|\d+/\d+|[0-9a-f]{8,}-[0-9a-f]{8,}|[0-9a-f]{2}:[0-9a-f]{2})"
    r"(?![\w/-])"
)
_COLUMN: Final = (
    r"(?:-?\d[\d.:,-]*+[KMGTPkmgt%]?|\?|-|pts/\d+|tty\w*|[RSDZTIXW][<NLsl+]{0,4}|[A-Z][a-z]{2}\d\d|rt"
    r"|<[a-z]+(?: [a-z]+)?>)(?!\S)"
)
_ALL: Final[Row] = ("figure", rf"{_NUMBER}|(?<=\S) {{2,}}|^ +|0x[0-9a-f]+", lambda found: _tidy(found[0]))
_UP: Final[Row] = ("figure", r"\bup +\S.{1,60}?(?=, +\d+ users?\b)|\busers?\b", f"up {_FIGURE}")
_LEADING: Final[Row] = (
    "figure",
    rf"^ *(?P<name>(?!\d)\S+ +)?(?:{_COLUMN} *)++(?=(?P<user>\S*))",
    lambda found: f"{(found['name'] or '').strip()} {_FIGURE} ",
)
_WATCHED: Final[Row] = (
    "figure",
    rf"^ *\d+ +(?P<user>\S+) +(?:{_COLUMN} *)++(?=\S)",
    rf"{_FIGURE} \g<user> {_FIGURE} ",
)
_OPEN: Final[Row] = (
    "figure",
    r"^(?P<program>\S+) +\d+ +(?P<user>\S+) +(?P<fd>\S+) +(?P<type>[A-Za-z]\w*) +\S+ +\S+(?: +\S+)? +"
    r"(?=[/*:\[]|TCP|localhost)",
    rf"\g<program> {_FIGURE} \g<user> \g<fd> \g<type> ",
)
_MACHINE: Final[dict[str, tuple[Row, ...]]] = {
    **dict.fromkeys(("df", "free", "vmstat", "iostat", "mpstat", "nproc", "lscpu", "getconf"), (_ALL,)),
    **dict.fromkeys(("uptime", "w"), (_UP, _ALL)),
    "pidof": (("figure", r"^\d+(?: \d+)*$", _FIGURE),),
    **dict.fromkeys(("ps", "pgrep"), (_LEADING,)),
    "top": (_WATCHED, ("figure", r"^(?P<what>top -|Tasks:|%?Cpu|[KMG]i?B (?:Mem|Swap)).*", r"\g<what>")),
    "lsof": (_OPEN,),
}
_PICKING: Final = frozenset(
    {"head", "tail", "grep", "egrep", "sort", "awk", "sed", "cut", "column", "cat", "tr", "tee", "less"}
)
"""Programs that pass on lines of the one before them in a pipe, and count none."""
_SAYING_NOTHING: Final = frozenset({"echo", "true", "cd", "sleep", "clear"})
"""Programs that say nothing, or what they are told."""
_SYSTEM: Final = re.compile(r"/proc/(?!version|mounts|sys/)\S+|/sys/\S+")
_WRAPPERS: Final = frozenset({"sudo", "env", "command", "exec", "time", "nice", "nohup", "watch", "timeout"})
_OPERATORS: Final = re.compile(r"[|&;()\n]+")
_ASSIGNED: Final = re.compile(r"[A-Za-z_]\w*=")

# What is told what to say

_MOST_DIRECTIVES: Final = 24
"""A shape of more is not looked into."""
_EPOCH: Final = r"-?\d{1,12}(?:\.\d{1,12})?"
_VARIABLE: Final = re.compile(r"(?P<letter>\$(?:\{[^}\n]*\}|\w+|[!$?#*@-]))")
_OF_BASH: Final = re.compile(
    r"\$[!$]|\$\{?(?:BASHPID|PPID|RANDOM|SRANDOM|SECONDS|EPOCHSECONDS|EPOCHREALTIME)\}?"
)
_DATE: Final = re.compile(
    r"\bdate(?: +(?:-u|--utc|--universal))* +"
    r"(?:'\+(?P<single>[^']*)'|\"\+(?P<double>[^\"]*)\"|\+(?P<bare>(?:'[^']*'|\"[^\"]*\"|[^\s)`;|&<>])*))"
)
_OF_DATE: Final = re.compile(r"%[-_0^#]*\d*:{0,3}(?P<letter>[A-Za-z%])")
_DATE_PARTS: Final = {
    **dict.fromkeys("YG", r"\d{4}"), **dict.fromkeys("mdHMSIyCgUVW", r"[ \d]?\d"), "j": r"[ \d]{0,2}\d",
    **dict.fromkeys("ekl", r" ?\d{1,2}"), "N": r"\d{1,9}", "s": r"\d{9,11}", "z": r"[+-]\d\d:?\d\d(?::\d\d)?",
    "F": r"\d{4}-\d\d-\d\d", "T": r"\d\d:\d\d:\d\d", "R": r"\d\d:\d\d", "D": r"\d\d/\d\d/\d\d",
    **dict.fromkeys("aAbBhpPZ", r"[^\W\d_]{1,20}\.?"), **dict.fromkeys("uwq", r"\d"),
    "t": r" {1,8}", "%": "%",
}  # fmt: skip
_OF_STAT: Final = re.compile(r"%[-+0 #']*\d*(?:\.\d+)?(?:H|L)?(?P<letter>[A-Za-z%])")
_STAT_FIGURES: Final = {
    **dict.fromkeys("id", r"\d{1,20}"),
    "D": "[0-9a-f]{1,8}",
    **dict.fromkeys("WXYZ", _EPOCH),
}
_OF_FIND: Final = re.compile(r"%[-+0 #]*\d*(?P<letter>[ABCT].|[A-Za-z%])")
_FIND_FIGURES: Final = {
    **dict.fromkeys("iD", r"\d{1,20}"), **{f"{kind}@": _EPOCH for kind in "ABCT"},
    **{f"{kind}{part}": _DATE_PARTS[part] for kind in "ABCT" for part in "YmdHMIjTDaAbBhpZ"},
    **{f"{kind}{part}": r"\d\d(?:\.\d{1,12})?" for kind in "ABCT" for part in "S"},
    **{f"{kind}+": r"\d{4}-\d\d-\d\d\+[\d:.]{1,24}" for kind in "ABCT"},
    **{f"{kind}T": r"[\d:.]{1,24}" for kind in "ABCT"},
}  # fmt: skip
_OF_GIT: Final = re.compile(r"%(?:C(?:\([^)]*\)|[a-z]+)|(?P<letter>[a-z]{2}|[A-Za-z%]))")
_GIT_FIGURES: Final = {
    **dict.fromkeys(("at", "ct"), r"\d{9,11}"),
    **dict.fromkeys(("ar", "cr"), r"[^\n]{1,40}? ago|in the future"),
}
_OF_CURL: Final = re.compile(r"%\{(?P<letter>[^}]*)\}")
_CURL_FIGURES: Final = re.compile(r"(?:time|speed)_\w+|local_port|conn_id|xfer_id")
_RANDOM: Final = re.compile(r"/dev/u?random\b|\bopenssl rand\b")
_ESCAPES: Final = {r"\n": "\n", r"\t": "\t", r"\0": "\0"}


def figures(given: str, *, other_user: bool = False) -> list[Row]:
    """Rows for one step which was `given` a command: what is a figure in what came of it.

    `other_user`: the two answers were given to different users, whose numbers differ too.
    """
    if len(given) > _LONGEST:
        return []
    commands = _commands(given)
    rows = [*_of_machine(commands), *_of_dates(given)]
    for command, _ in commands:
        rows += _of_shapes(command)
        if other_user:
            rows += _of_users(command)
    if _RANDOM.search(given):
        rows.append(("random", r"^(?:[0-9a-f]{4,}|[A-Za-z0-9+/]{8,}={0,2})(?=$|  -$)", "<random>"))
    return rows


def _commands(given: str) -> list[tuple[list[str], bool]]:
    """The words of each simple command, and whether it reads a pipe; none where they cannot be told."""
    reader = shlex.shlex(given.replace("\n", " ; "), posix=True, punctuation_chars="|&;()<>")
    reader.whitespace_split = True
    reader.commenters = ""
    found: list[tuple[list[str], bool]] = [([], False)]
    try:
        for word in reader:
            if _OPERATORS.fullmatch(word):
                found.append(([], word in ("|", "|&")))
            else:
                found[-1][0].append(word)
    except ValueError:
        return []
    return [(bare, piped) for words, piped in found if (bare := _bare(words))]


def _bare(words: list[str]) -> list[str]:
    """A simple command without assignments, wrappers and redirections."""
    while words and (words[0] in _WRAPPERS or _ASSIGNED.match(words[0])):
        words = words[1:]
    kept: list[str] = []
    skip = False
    for word in words:
        if skip or set(word) <= set("<>&"):
            if kept and kept[-1] in ("1", "2"):
                kept.pop()
            skip = not skip
            continue
        kept.append(word)
    return kept


def _of_machine(commands: Sequence[tuple[Sequence[str], bool]]) -> list[Row]:
    """The rows of programs that tell of the machine, where all that is said is theirs."""
    rows: list[Row] = []
    for (program, *words), piped in commands:
        name = program.rpartition("/")[2]
        if name in _MACHINE:
            rows += [row for row in _MACHINE[name] if row not in rows]
        elif name in _PICKING and any(map(_SYSTEM.fullmatch, words)):
            rows += [] if _ALL in rows else [_ALL]
        elif _counts(name, words) or name not in (_PICKING if piped else _SAYING_NOTHING):
            return []
    return rows


def _counts(name: str, words: Sequence[str]) -> bool:
    """Whether something else than lines comes out of what passes lines on: how many, or an exit code."""
    if name == "echo":
        return any("$" in word or "`" in word for word in words)
    return "grep" in name and any(re.match(r"-\w*c|--count", word) for word in words)


def _tidy(found: str) -> str:
    """A figure, or the blanks that fill its column."""
    return (" " if found.startswith("  ") else "") if found.isspace() else _FIGURE


def _of_dates(given: str) -> Iterator[Row]:
    for found in _DATE.finditer(given):
        shape = found["single"] or found["double"] or re.sub("['\"]", "", found["bare"] or "")
        if "%" not in shape or re.match(r"\S* +(?:-d|--date|-r|-f)\b", given[found.end() :]):
            continue
        pattern, replaced, has_figure = _shaped(shape, _OF_DATE, _DATE_PARTS.get)
        if not has_figure:
            continue
        long = len(_OF_DATE.findall(shape)) > 2 or re.search(r"%[A-Za-z][:/_.-]%|%[sFTDRcxX]|%\d?N", shape)
        yield ("date", rf"(?<![\w:]){pattern}(?![\w:])" if long else rf"^{pattern}$", replaced)


def _of_shapes(command: Sequence[str]) -> Iterator[Row]:
    """The rows of one command that is told what to say."""
    program, *words = command
    name = program.rpartition("/")[2]
    if name == "stat" and any(re.match(r"-\w*f|--file-system", word) for word in words):
        name = "stat -f"
        yield _ALL
    if name in _TOLD:
        option, directives, figure = _TOLD[name]
        for shape in _values(words, option):
            yield from _lines(shape, directives, figure, begin="" if name == "curl" else "^")
    if name in _SAYING:
        yield from _SAYING[name](words)


def _of_inodes(words: Sequence[str]) -> Iterator[Row]:
    if any(re.match(r"-\w*i|--inode", word) for word in words):
        yield ("inode", r"(?:(?<=  )|^) *\d++ (?=\S)", "<inode> ")


def _of_templates(words: Sequence[str]) -> Iterator[Row]:
    for word in words:
        if shape := re.search(r"([^/]*?)(X{3,})[^/X]*$", word):
            kept, made = shape.groups()
            yield ("temp name", rf"({re.escape(kept)})[A-Za-z0-9]{{{len(made)}}}", r"\1<temp>")


def _of_variables(words: Sequence[str]) -> Iterator[Row]:
    """What bash alone knows: pids, chance and the time."""
    for word in (" ".join(words), *words[:1]):
        text = re.sub(r"\A(?:-[neE]+ )+", "", word)
        if "`" not in text:
            yield from _lines(text, _VARIABLE, _figure_of_bash)


def _lines(shape: str, directives: re.Pattern[str], figure: _Figure, begin: str = "^") -> Iterator[Row]:
    """A row for each line of a shape that has a figure in it."""
    for escape, meant in _ESCAPES.items():
        shape = shape.replace(escape, meant)
    for line in re.sub(r"\At?format:", "", shape).split("\n"):
        source, replaced, has_figure = _shaped(line, directives, figure)
        if has_figure:
            at = begin or ("^" if source.startswith("(?>([^") else r"(?<![0-9.])")
            yield ("figure", f"{at}{source}$", replaced)


def _shaped(shape: str, directives: re.Pattern[str], figure: _Figure) -> tuple[str, Replacement, bool]:
    """A shape as a pattern, what is left of a match without its figures, and whether there is one.

    What a directive stands for that is no figure ends where what follows it first matches, up to the next
    such one: no two of them are tried against each other, whatever a recording asks for.
    """
    pieces: list[tuple[str, bool | None]] = []
    at = 0
    for found in directives.finditer(shape):
        known = figure(found["letter"] or "")
        pieces += [(re.escape(shape[at : found.start()]), True), (known or "", False if known else None)]
        at = found.end()
    pieces.append((re.escape(shape[at:]), True))
    if len(pieces) > 2 * _MOST_DIRECTIVES:
        return "", "", False
    pieces = [(piece, kept) for piece, kept in pieces if piece or kept is None]
    source = opened = ""
    for piece, kept in pieces:
        if kept is None:
            source += opened + r"(?>([^\n]*?)"
            opened = ")"
        else:
            source += f"({piece})" if kept else f"(?>{piece})"
    source += (r"(?=$)" if opened else "") + opened

    def replaced(match: re.Match[str]) -> str:
        groups = iter(match.groups())
        return "".join(_FIGURE if kept is False else next(groups) for _, kept in pieces)

    return source, replaced, any(kept is False for _, kept in pieces)


def _figure_of_bash(variable: str) -> str | None:
    return r"\d[\d.]{0,20}" if _OF_BASH.fullmatch(variable) else None


def _figure_of_curl(name: str) -> str | None:
    return r"[\d.]{1,20}" if _CURL_FIGURES.fullmatch(name) else None


def _values(words: Sequence[str], option: str) -> Iterator[str]:
    """What an option (a pattern) is given, as a word of its own or behind an equals sign."""
    for word, following in zip(words, [*words[1:], ""], strict=True):
        name, equals, value = word.partition("=")
        if re.fullmatch(option, name):
            yield value if equals else following


_TOLD: Final[dict[str, tuple[str, re.Pattern[str], _Figure]]] = {
    "stat": (r"-\w*c|--format|--printf", _OF_STAT, _STAT_FIGURES.get),
    "stat -f": (r"-\w*c|--format|--printf", _OF_STAT, dict.fromkeys("abcdfilsS", r"\w{1,20}").get),
    "find": ("-printf", _OF_FIND, _FIND_FIGURES.get),
    "git": ("--format|--pretty", _OF_GIT, _GIT_FIGURES.get),
    "curl": (r"-\w*w|--write-out", _OF_CURL, _figure_of_curl),
}
"""The option that tells a program what to say, how directives are written, and which are figures."""
_SAYING: Final[dict[str, Callable[[Sequence[str]], Iterator[Row]]]] = {
    "mktemp": _of_templates,
    "echo": _of_variables,
    "printf": _of_variables,
    "ls": _of_inodes,
}


def _of_users(command: Sequence[str]) -> Iterator[Row]:
    program, *words = command
    if (program == "id" and any(re.fullmatch(r"-[ugG]", word) for word in words)) or (
        program == "echo" and any(re.fullmatch(r"\$\{?(?:E?UID|GROUPS)\}?", word) for word in words)
    ):
        yield ("user", r"^\d+(?: \d+)*$", "<user>")
    if program == "ls" and any(re.match(r"-\w*n", word) for word in words):
        yield ("user", r"^([bcdlps-][rwxsStT-]{9}\S? +\d+) +\d+ +\d+ +(?=\d)", r"\1 <user> ")
