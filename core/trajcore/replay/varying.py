"""What varies between two runs of the same command, as a grammar: one table, built of how things are written.

Dates, clocks and zones go together in any order and with any separators that are in use; durations, rates and
sizes are a number and a unit; the rest are names that a program makes up. Every pattern takes time in
proportion to the length of the text: what repeats is possessive, or cannot match in two ways.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from trajcore.replay import tempnames

Replacement = str | Callable[[re.Match[str]], str]

# Dates and times

_YEAR: Final = r"(?:19|20)\d\d"
_NN: Final = r"\d{1,2}"
_MONTH: Final = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?"
    r"|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_DAY: Final = (
    r"(?:Mon(?:day)?|Tue(?:s(?:day)?)?|Wed(?:nesday)?|Thu(?:r(?:s(?:day)?)?)?|Fri(?:day)?|Sat(?:urday)?"
    r"|Sun(?:day)?)"
)
_DAY_OF_MONTH: Final = rf"{_NN}(?:st|nd|rd|th)?"
_CLOCK: Final = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d++)?)?(?: ?[AaPp]\.?[Mm]\b\.?)?"
_ZONE: Final = (
    r"(?:UTC|GMT|[ECMPA][SD]T|[CEW]ES?T|MES?Z|BST|IST|JST|KST|HKT|SGT|A[CEW][SD]T|NZ[SD]T|MSK|HST|AK[SD]T)"
)
_OFFSET: Final = r"[+-]\d\d:?\d\d\b"
_ZONES: Final = (
    rf"(?:Z\b|[+-]\d\d(?![\d:])|,? ?{_OFFSET}| ?\(?{_ZONE}\b\)?| \((?:[A-Z][a-z]+ ){{1,4}}Time\)"
    r"|\[[A-Z]\w+(?:/\w+)?\])*+"
)
_NUMBERS: Final = (
    rf"(?:{_YEAR}-{_NN}-{_NN}|{_YEAR}/{_NN}/{_NN}|{_YEAR}\.{_NN}\.{_NN}"
    rf"|{_NN}-{_NN}-(?:{_YEAR}|\d\d)|{_NN}/{_NN}/(?:{_YEAR}|\d\d)|{_NN}\.{_NN}\.(?:{_YEAR}|\d\d)|{_NN}-{_MONTH}-\d\d)"
)
_NAMED: Final = rf"(?:{_MONTH} +{_DAY_OF_MONTH}|{_DAY_OF_MONTH}[ /-]{_MONTH})"
_NAMED_AND_YEAR: Final = (
    rf"(?:{_MONTH} +{_DAY_OF_MONTH},? +{_YEAR}"
    rf"|{_DAY_OF_MONTH}(?: +{_MONTH},? +|-{_MONTH}-|/{_MONTH}/){_YEAR})"
)
_BETWEEN: Final = r"(?:[T_:-]|,? +(?:(?:-|at|@) +)?)"
_STAMP: Final = (
    rf"(?<![\w.])(?:{_DAY},? +)?(?:{_NUMBERS}|{_NAMED_AND_YEAR}|{_NAMED}){_BETWEEN}{_CLOCK}{_ZONES}"
    rf"(?: {_YEAR}\b)?{_ZONES}"
)
_MONTH_NUMBER: Final = r"(?:0[1-9]|1[0-2])"
_DAY_NUMBER: Final = r"(?:[0-2]\d|3[01])"
_SIX: Final = r"(?:[01]\d|2[0-3])-?[0-5]\d-?[0-5]\d"
_COMPACT: Final = (
    rf"(?<![\d.]){_YEAR}(?:-{_MONTH_NUMBER}-{_DAY_NUMBER}[T_-]|{_MONTH_NUMBER}{_DAY_NUMBER}[T_-]?){_SIX}"
    r"(?:\.\d++)?Z?(?!\d)"
)
_DATE: Final = (
    rf"(?:(?:\b{_DAY},? +)?\b{_NAMED_AND_YEAR}\b|\b{_YEAR}-\d\d-\d\d\b|\b\d\d-\d\d-{_YEAR}\b"
    rf"|(?<![\w/.-])(?:{_YEAR}/{_NN}/{_NN}|{_NN}/{_NN}/{_YEAR})(?![\w/.-])|(?<![\w.])\d\d\.\d\d\.{_YEAR}(?![\w.]))"
)
_TIME: Final = (
    rf"(?<![\w:.])(?:\d{{1,2}}:\d{{2}}:\d{{2}}(?:[.,]\d++)?(?: ?[AaPp][Mm]\b)?|{_NN}:\d\d ?[AP]M\b)(?![\w:])"
)
_EPOCH: Final = r"1[5-9]\d{8}(?:\d{3})?(?:\.\d++)?"

# Durations, rates and what stands beside them

_NUMBER: Final = r"\d++(?:,\d{3}(?!\d))*+(?:\.\d++)?(?:[eE][+-]?\d{1,3}+)?"
_PAD: Final = r"(?<! )(?P<pad> *+)"
_SECONDS: Final = r"(?:nano|micro|milli)?seconds?|[munµ]?secs?|[nuµμm]?s"
_UNIT: Final = rf"(?:{_SECONDS}|minutes?|mins?|hours?|hrs?|days?|m|h|d)(?![A-Za-z])"
_GREAT: Final = r"(?:minutes?|mins?|hours?|hrs?|days?|m|h|d)(?![A-Za-z])"
_ALONE: Final = rf"(?:{_SECONDS}|minutes?|mins|hours?)\b(?!\.\w)"
_OF_CLOCK: Final = r"\d++:\d\d(?::\d\d)?(?:\.\d++)?"
_IN_WORDS: Final = r" \((?:\d+ days?, )?(?:<time>|\d+:\d\d:\d\d(?:\.\d+)?)\)"
_DURATION: Final = (
    rf"{_PAD}\b(?<![\d.])(?:{_NUMBER} ?{_GREAT}(?:(?:,? (?:and )?)?{_NUMBER} ?{_UNIT}){{1,3}}+"
    rf"|{_NUMBER} ?{_ALONE}|{_OF_CLOCK} ?(?:min|h|{_ALONE})\b)(?:{_IN_WORDS})?"
)
_SIZE: Final = rf"{_NUMBER} ?(?:[kKMGT]i?)?(?:B|bytes?)\b"
_PER: Final = r"(?:(?:[A-Za-z]{1,12}+)?/(?:s|sec|second|min|minute)|s/it|[kKMG]i?[Bb]ps)\b(?![/-]|\.\w)"
_RATE: Final = rf"(?:{_NUMBER}|\?|--\.-) ?{_PER}"
_PER_SECOND: Final = rf"{_PAD}(?<![\d.])(?:(?:{_NUMBER}/)?{_SIZE}(?:,? (?:\| )?|, ?| at | @ ))?{_RATE}"

# What is told of the machine

_AMOUNT: Final = r"-?\d++(?:[.,]\d++)?(?:[KMGTP]i?)?"
_RESOURCES: Final = (
    r"(?:User|System) time \(seconds\)|Percent of CPU this job got"
    r"|Elapsed \(wall clock\) time \(h:mm:ss or m:ss\)"
    r"|Maximum resident set size \(kbytes\)|(?:Major|Minor) \([a-zA-Z /]+\) page faults"
    r"|(?:Voluntary|Involuntary) context switches|File system (?:inputs|outputs)"
)
"""Lines of GNU time."""

# Names that a program makes up

_HEX: Final = r"[0-9a-fA-F]"
_RULER: Final = 60
"""So long is a line that a ruler fills."""
_EPHEMERAL: Final = 32768
"""From here on a port is given out by the kernel, and not chosen, but for the round and the known ones."""
_CHOSEN: Final = frozenset({33060, 35729, 49152, 50051, 50052, 50053})


def _padded(what: str) -> Callable[[re.Match[str]], str]:
    """A column is filled up to a width: one blank before it stands for all."""
    return lambda found: f"{' ' if found['pad'] else ''}<{what}>"


def _listing(found: re.Match[str]) -> str:
    """A line of `ls -l`: what fills its columns depends on other lines, a directory's size on the disk."""
    mode, links, owner, group, size = found.group("mode", "links", "owner", "group", "size")
    inode = "<inode> " if found["inode"] else ""
    return f"{inode}{mode} {links} {owner} {group} {'<size>' if mode[0] == 'd' else size} <date>"


def _temp(found: re.Match[str]) -> str:
    """A path in a directory for temporary files, without what was made at random of its names."""
    names = found["path"].split("/")
    root = "<temp>/" if "/var/folders/" in found["root"] else found["root"]
    return root + "/".join(map(tempnames.without_random, names))


def _ruler(found: re.Match[str]) -> str:
    """pytest's: what is left of a line by its text. A short one that tells no time is somebody's heading."""
    ours = "<duration>" in found[2] or len(found[0]) >= _RULER
    return f"{found[1] * 3} {found[2]} {found[1] * 3}" if ours else found[0]


def _token(found: re.Match[str]) -> str:
    return f"{found[1] or found[2]}<token>"


def _identity(found: re.Match[str]) -> str:
    """A hash has a digit: a word of the letters a to f is an address of somebody."""
    return f"{found['name']}@<identity>" if re.search(r"\d", found["hash"]) else found[0]


TABLE: Final[tuple[tuple[str, str, Replacement], ...]] = (
    (
        "listing",
        r"^(?P<inode> *(?:\d+ +\d+|\d{5,}) +)?(?P<mode>[bcdlps-][rwxsStT-]{9}[.+@]?) +(?P<links>\d+)"
        r" +(?P<owner>\S+) +(?P<group>\S+)"
        rf" +(?P<size>[\d.,]+[KMGTPE]?(?:, +\d+)?) +(?:{_MONTH} +\d{{1,2}} +(?:\d{{1,2}}:\d{{2}}|\d{{4}})"
        rf"|{_YEAR}-\d\d-\d\d(?: \d\d:\d\d(?::\d\d\.\d+ [+-]\d{{4}})?)?|\d\d-\d\d +\d\d:\d\d)(?!\S)",
        _listing,
    ),
    ("inode", r"^((?:<inode> )?dr-xr-xr-x) \d+ (\S+ \S+ <size> <date> /?proc)$", r"\1 <links> \2"),
    ("inode", r"(?i)\b(inode: )\d+|^(device: )\S+", lambda found: f"{found[1] or found[2]}<inode>"),
    ("progress", r"\[\d+:\d\d(?::\d\d)?<[\d:?]+,[^\]\n]{0,40}\]", "<progress>"),
    (
        "progress",
        r"^ *\d+ +(\S+) +\d+ +\S+ +\d+ +\S+ +\S+ +\S+ +[\d:-]+ +[\d:-]+ +[\d:-]+ +\S+$",
        r"<progress> \1",
    ),
    ("timestamp", _STAMP, "<timestamp>"),
    ("timestamp", _COMPACT, "<timestamp>"),
    ("timestamp", rf"(?<![\w-]){_MONTH_NUMBER}-{_DAY_NUMBER} \d\d:\d\d:\d\d(?:\.\d++)?\b", "<timestamp>"),
    (
        "timestamp",
        rf"\bdatetime\.(?:datetime|date|time)\((?:{_NN}|{_YEAR})(?:, \d++)+(?:, tzinfo=[\w.]+)?\)",
        "<timestamp>",
    ),
    ("timestamp", rf"^ *{_EPOCH}$|\b{_EPOCH} [+-]\d{{4}}\b", "<timestamp>"),
    (
        "timestamp",
        rf"(?i)(\b(?:time|timestamp|ts|created|created_at|mtime|now|epoch)[\"']? ?[:=] ?){_EPOCH}\b",
        r"\1<timestamp>",
    ),
    ("timestamp", r"\btime\.struct_time\(tm_year=[^)\n]*\)", "<timestamp>"),
    ("date", _DATE, "<date>"),
    ("pid", r"(<timestamp>\]?,? )\[\d+\]", r"\1[<pid>]"),
    ("pid", r"(<timestamp> \[\w+\] )\d+#\d+:", r"\1<pid>:"),
    ("pid", r"(<timestamp> [\w.-]+ [\w./-]+)\[\d+\]:", r"\1[<pid>]:"),
    ("pid", r"^([IWEF])\d{4} \d\d:\d\d:(?:\d\d|\d{10})\.\d{6} +\d+ ", r"\1<timestamp> <pid> "),
    ("pid", r"^ *\d+ +(?:pts/\d+|tty\d+|\?) +\d+:\d\d:\d\d ", "<pid> <tty> <time> "),
    (
        "pid",
        r"^(?P<user>[\w+-]+) +\d+ +[\d.]+ +[\d.]+ +\d+ +\d+ +\S+ +[A-Za-z][\w<+]* +[\w:]+ +\d+:\d\d ",
        r"\g<user> <pid> ",
    ),
    ("memory", rf"^( *)(Mem|Swap):(?: +{_AMOUNT}){{3,6}}$", r"\2: <figure>"),
    ("memory", rf"^(\S+(?: +[a-z][\w.]*)?)(?: +{_AMOUNT}){{3}} +\d+% (?=/)", r"\1 <figure> "),
    ("memory", r"(?i)\b((?:rss|heapTotal|heapUsed|external|arrayBuffers)[\"']?: )\d+", r"\1<figure>"),
    ("memory", rf"^[ \t]*({_RESOURCES}): [\d.:?]+%?$", r"\1: <figure>"),
    ("inode", r"\b(st_(?:ino|dev|[amc]time(?:_ns)?)=)\d+", r"\1<inode>"),
    ("load", r"\bload averages?: [\d.,]+ [\d.,]+ [\d.,]+", "load average: <load>"),
    (
        "duration",
        r"\bup +(?:\d+ (?:days?|weeks?|hours?|min(?:utes?)?),? *)*(?:\d+:\d\d)?(?=,|$)",
        "up <duration>",
    ),
    ("duration", r"(?<![\d.])[\d.]++user [\d.]++system [\d:.]++elapsed \d+%CPU .*$", "<duration>"),
    ("duration", r"\b(Run Time:) real [\d.]+ user [\d.]+ sys [\d.]+$", r"\1 <duration>"),
    ("duration", r"\b((?:JVM|process) running for) \d+\.\d+\)", r"\1 <duration>)"),
    ("duration", r"(?i)\b(up(?: ?time)?: )(?:\d+ days?, )?(?=<time>|\d+:\d\d:\d\d\b)", r"\1"),
    ("loops", r"^(Benchmark\S+) +\d+ +[\d.]+ ns/op *+", r"\1 <loops> <duration>/op "),
    ("duration", r"^\d+inputs\+\d+outputs \(\d+major\+\d+minor\)pagefaults \d+swaps$", "<duration>"),
    ("duration", r"(?P<pad>)\b\d+% cpu \d++(?:\.\d+)? total\b", "<duration>"),
    ("duration", r"^\[ *\d+\.\d{6}\]", "[<duration>]"),
    ("duration", r"( = )[\d.]++(?:/[\d.]++)++ ms\b", r"\1<duration>"),
    ("time", _TIME, "<time>"),
    ("rate", _PER_SECOND, _padded("rate")),
    ("duration", r"(<rate> +)\d+:\d\d\b", r"\1<duration>"),
    (
        "duration",
        r"\b(?:about an?|less than an?|an?|\d+) (?:second|minute|hour|day|week|month|year)s? ago\b",
        "<duration>",
    ),
    ("duration", _DURATION, _padded("duration")),
    ("duration", r"\bPT(?:\d++H)?(?:\d++M)?(?:\d++(?:\.\d++)?S)?\b", "<duration>"),
    ("duration", r"(?<![\w:.])\d{1,2}:\d\d\.\d++\b", "<duration>"),
    ("duration", r"(?i)\b((?:elapsed|eta|duration|took|time)[:= ] ?)\d+:\d\d\b(?!:)", r"\1<duration>"),
    (
        "duration",
        rf"(?i)\b((?:duration|elapsed|took|time)_(?:ms|s|sec|seconds)[\"']?[:= ] ?){_NUMBER}",
        r"\1<duration>",
    ),
    (
        "duration",
        r"(?i)\b((?:elapsed|duration|took|time taken)(?: time)?[:=]? )\d+\.\d++(?:e-\d+)?$",
        r"\1<duration>",
    ),
    ("loops", r"\b[\d,]+ (loops?(?:, best of| each))", r"<loops> \1"),
    ("pid", r"^(\[\d+\][+-]? +)\d+", r"\1<pid>"),
    ("pid", r"(?i)\b(pid[\"']?[ =:]+)\d+", r"\1<pid>"),
    ("pid", r"(<timestamp> +[A-Z]{4,5} )\d+( --- \[)", r"\1<pid>\2"),
    ("pid", r"(?i)\b(process )\[\d+\](?=$| using\b|[.,;]? ?\()", r"\1[<pid>]"),
    ("pid", r"(?i)\b(process )\d+(?=\)? (?:attached|detached|exited|terminated|resumed))", r"\1<pid>"),
    ("pid", r"\((node|bun|deno):\d+\)", r"(\1:<pid>)"),
    ("pid", r"^==\d+==|\b\d+==(?=ERROR)", "==<pid>=="),
    ("pid", r"\b(Killed process )\d+(?= \()", r"\1<pid>"),
    (
        "pid",
        r"(: line \d+:) +\d+ (Killed|Terminated|Aborted|Hangup|Segmentation|Bus error|Illegal|Floating|Quit)",
        r"\1 <pid> \2",
    ),
    ("address", rf"\b0x{_HEX}{{9,16}}\b|(?<![\w.])1(?:39|40)\d{{12}}(?![\w.])", "<address>"),
    ("address", rf"(?i)((?:\bat|\bptr|\baddress|\baddr|@)[ =:]*)0x{_HEX}{{4,8}}\b", r"\1<address>"),
    (
        "identity",
        r"(?P<name>(?<![\w.$@-])(?:[A-Za-z_$][\w$]*\.)*(?:[A-Z][\w$]*+|\[{1,3}+[A-Z](?:[\w$.]+;)?))"
        r"@(?P<hash>[0-9a-f]{5,8})(?![\w@]|\.\w)",
        _identity,
    ),
    ("temp path", r"(/tmp/ipykernel_)\d+/\d+(\.py)\b", r"\1<temp>/<temp>\2"),
    ("temp path", tempnames.PATH, _temp),
    (
        "temp path",
        r"(?:(?<=[\w.]/)|(?<![\w./-]))tmp(?:\.[A-Za-z0-9]{10}|(?=[a-z_]{0,7}\d)[a-z0-9_]{8})(?![\w.])",
        "<temp>",
    ),
    ("python path", r"(?<![\w.+-])(?:/[\w.+-]++)+?/bin/python(?:\d(?:\.\d+)?)?\b", "<python path>"),
    ("tty", r"/dev/pts/\d+\b", "/dev/pts/<tty>"),
    ("token", r"(?i)\b(token=)[0-9a-f]{16,}\b|\b(Debugger PIN: )[\d-]+", _token),
    ("wheel", r"\b(Created wheel for .{1,200} sha256=)[0-9a-f]{64}\b", r"\1<digest>"),
    ("progress", r"[━─█▏▎▍▌▋▊▉░▒▓]{4,}[ ━╸╺─]*", "<progress>"),
    ("progress", r"[\[|][#=>][#=>. -]{3,}[\]|]", "<progress>"),
    ("no text", "(?<![ \ufffd]) *+\ufffd++$|\ufffd", ""),
    ("ruler", r"^([=_])\1{2,}+ (.*\S) \1{3,}+$", _ruler),
)
"""Name, pattern and replacement, in the order in which they are applied."""

# What is made up in this run, unless it was given: told by who compares, for the step at hand

_UUID: Final = rf"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}"
_PORT: Final = (
    r"(?P<before>(?:\b(?:\d{1,3}\.){3}\d{1,3}|\blocalhost|\[[\da-f:]{2,40}+\]|\bport)(?::| |: |', ))"
    r"(?P<made>\d{5})\b"
)
COMMIT: Final = (
    r"(?<![\w@/+=-])(?<!index )(?<!tree )(?<!blob )(?<!index [0-9a-f]{7}\.\.)"
    r"(?:[0-9a-f]{40}|(?=[0-9]*+[a-f])(?=[a-f]*+[0-9])[0-9a-f]{7,12})(?![\w@/-]|  )"
    r"|(?<=^commit )[0-9a-f]{40}\b|(?<=[ (])[0-9a-f]{7,12}(?=[])])"
)
"""What can be little else: digits and letters, or where git shows a name. One in 27 short names has digits
alone: those are told by what stands at the same place of the other text; see `normalise.commits_paired`."""
COMMIT_IS: Final = "<commit>"
COMMITS: Final[tuple[tuple[str, str, Replacement], ...]] = (("commit", COMMIT, COMMIT_IS),)
MAKES_COMMITS: Final = re.compile(
    rb"\bgit(?: (?:-[Cc] [^ ]+|--?[\w-]+(?:=[^ ]+)?))*+ "
    rb"(?:commit|merge|rebase|cherry-pick|revert|am|pull|commit-tree|stash(?! (?:list|show|drop)))(?![\w-])"
)
"""A command that makes commits, in the text of an action."""
GIVEN_DATES: Final = b"GIT_COMMITTER_DATE"
"""Where this is set, a commit has the same name each time."""


UNTOLD: Final[tuple[tuple[str, str, Replacement], ...]] = (
    ("links", r"^((?:<inode> )?d[rwxsStT-]{9}[.+@]? )\d+(?= )", r"\1<links>"),
    ("blocks", r"^total [\d.]+[KMGT]?(?=\n(?:<inode> )?[bcdlps-][rwxsStT-]{9})", "total <blocks>"),
)
"""What a listing tells of the disk, and of what is in directories that it shows: where files were
reconstructed, nobody knows it.
"""


def made_up(given: str) -> list[tuple[str, str, Replacement]]:
    """Rows for one step: what was not in what it was `given`."""
    known = given.lower()

    def unless_given(what: str) -> Replacement:
        return lambda found: found[0] if found["made"].lower() in known else f"{found['before']}<{what}>"

    def port(found: re.Match[str]) -> str:
        number = int(found["made"])
        chosen = number < _EPHEMERAL or number in _CHOSEN or not number % 1000 or found["made"] in known
        return found[0] if chosen else f"{found['before']}<port>"

    return [
        ("uuid", rf"(?P<before>\b)(?P<made>{_UUID})\b", unless_given("uuid")),
        ("seed", r"(?i)(?P<before>\bseed[ =:(]+)(?P<made>\d+)", unless_given("seed")),
        ("port", _PORT, port),
    ]
