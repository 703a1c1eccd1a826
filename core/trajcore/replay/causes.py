"""Why a step came out otherwise, in the words of what came back: a program, the network, an exception."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from trajcore.replay.verdict import Cause

NETWORK_OFF: Final = "the network is off (--network opens it)"

_UNREACHED: Final = (
    # Who asks for a name, in libc's words, and in those of curl, wget, git, ssh, Node, Go, Java and Python
    r"(?i)could not resolve|couldn't resolve|unable to resolve host"
    r"|temporary failure (?:in name resolution|resolving)"
    r"|name or service not known|nodename nor servname|no address associated with hostname|no such host\b"
    r"|getaddrinfo (?:EAI_AGAIN|ENOTFOUND)|\bEAI_AGAIN\b|\bENETUNREACH\b|NameResolutionError"
    r"|UnknownHostException"
    r"|failed to lookup address information|dns error"
    # Who asks for an address
    r"|network is (?:unreachable|down)|no route to host|\[Errno (?:-2|-3|101|113)\]"
    r"|dial (?:tcp|udp)\b(?!.{0,200}(?:127\.0\.0\.1|\[::1\]|localhost))"
    # Whoever only says that it did not get there: apt, pip, npm, cargo, Maven, R
    r"|failed to establish a new connection|unable to connect to (?!(?:127\.0\.0\.1|localhost))"
    r"|spurious network error|network failure seems to have happened|could not transfer artifact"
    r"|(?:failed to fetch|could not (?:get|head|fetch url)|unable to download data from|could not reach host"
    r"|unable to load the service index for source|couldn't connect to) ['\"]?https?:"
    r"|cannot open url 'https?:"
    r"|\bERR_INTERNET_DISCONNECTED\b|no servers could be reached|communications error to \S"
    r"|\bBad hostname\b|\bCondaHTTPError\b|HTTP 000 CONNECTION FAILED|\bLocalEntryNotFoundError\b"
)
_NOTHING_TO_BE_HAD: Final = (
    (
        r"\bapt(?:-get|itude)?\b",
        r"(?m)^E: (?:Unable to (?:locate package|fetch)|Package .* has no installation candidate"
        r"|Method \w+ has died|Some index files failed)",
    ),
    (r"\bpip3?\b(?!.*--no-index)|\buv\b", r"\(from versions: none\)|No matching distribution found for"),
    (
        r"\bmvnw?\b",
        r"No plugin found for prefix|Non-resolvable (?:parent|import) POM|Could not resolve dependencies",
    ),
    (r"\bgradlew?\b", r"Could not resolve all "),
    (r"\bgem\b|\bbundle\b", r"Could not find a valid gem|Could not find gem"),
    (r"\bcargo\b", r"no matching package named"),
    (r"\b(?:conda|mamba)\b", r"\bPackagesNotFoundError\b"),
    (r"\bapk\b", r"unable to select packages|temporary error"),
    (
        r"\b(?:dnf|yum|microdnf)\b",
        r"Cannot find a valid baseurl|Failed to download metadata|Unable to find a match",
    ),
)
"""Programs that fetch, and what they say of what they did not find where they reached nobody.

The first words are sought in the command: what a program says of others' files is no such thing. Where there
is a network, it is the package that there is not.
"""
_ELSEWHERE: Final = r"(?:https?|ftp)://(?!127\.|localhost|\[::1\]|0\.0\.0\.0)"


def _fetching(program: str) -> str:
    """A command in which a program is to fetch something from elsewhere."""
    return rf"\b{program}\b[^\n]{{0,300}}?{_ELSEWHERE}"


_FETCHES: Final = _fetching("(?:curl|wget)")
_PASSES_ON: Final = re.compile(
    r"(?:^|[;&|({\n`])[ \t]*(?:sudo |then |do )?"
    rf"(?:curl|wget)\b[^|;&\n]{{0,300}}?{_ELSEWHERE}[^;&\n]{{0,300}}?\|"
)
"""What was to be fetched goes to another program, which says what it will of getting nothing."""
_SILENT: Final = (
    (_fetching("curl"), (5, 6, 7)),
    (_fetching("wget"), (4,)),
    (
        r"\bgit\b[^\n]{0,100}? (?:clone|fetch|pull|push|ls-remote)\b[^\n]{0,300}?(?:https?://|git@|ssh://)",
        (128,),
    ),
    (r"\bgetent +a?hosts", (2,)),
)
"""The exit codes of who has said nothing and could not reach a host."""

_NO_PROGRAM: Final = (
    re.compile(r"(?:[\w./-]+: )?(?:line \d+: |\d+: )?([^\s:]+): (?:command )?not found"),
    re.compile(r"(?:/usr/bin/)?env: [‘'\"]?([^\s:’'\"]+)[’'\"]?: No such file or directory"),
    re.compile(r"(?:error|fatal): cannot (?:run|exec) '?([^\s:']+)'?: No such file or directory"),
    re.compile(r"make(?:\[\d+\])?: ([^\s:/]+): No such file or directory"),
)
_TRACEBACK: Final = re.compile(r"^(?:Traceback \(most recent call last\)|-{40,}$)", re.MULTILINE)
_EXCEPTION: Final = re.compile(
    r"(?:\w+\.)*+\w*(?:Error|Exception|Interrupt|Exit|Warning|StopIteration|Timeout|Expired)(?::? .*)?"
    r"|(?:Exception in thread|Caused by:|panic:|thread '[^']*' panicked) .*|Uncaught \w+.*"
)
_FAULT: Final = re.compile(
    r".*(?:No such file or directory|Permission denied|not found|Is a directory|Not a directory|File exists"
    r"|cannot access|can't open|does not exist|Connection refused|Cannot connect).*"
    r"|.*: No module named .*|.*Cannot find module .*|(?:\w+\.)*+\w*(?:Error|Exception)(?: \[\w+\])?: .+"
    r"|(?:Uncaught|panic:|Exception in thread|thread '[^']*' panicked) .*|FAILED \S+.*"
    r"|.*(?:Segmentation fault|Killed|Aborted|\(core dumped\)).*"
    r"|(?:fatal|error|ERROR|E)(?:\[\w+\])?: .*|curl: \(\d+\) .*|npm (?:ERR!|error) .*|\[ERROR\] .*\S.*",
)


@dataclass(frozen=True)
class Outcomes:
    """The two outcomes of a step that diverged: what was said, and how it ended (None: not told)."""

    recorded: str
    actual: str
    given: str
    """The command, the cell or the path."""
    recorded_code: int | None = None
    actual_code: int | None = None
    reads: bool = False
    """Whether the action itself is one that reads a file."""


_MISSING: Final = re.compile(
    r"No such file or directory|FileNotFoundError|does not exist|doesn't exist|\bENOENT\b"
    r"|no such file|cannot access|can't open file|cannot stat|Is a directory|Not a directory"
    r"|not a git repository|did not appear verbatim|did not match any file|unknown revision or path"
    r"|File not found",
    re.IGNORECASE,
)
_NO_PACKAGE: Final = re.compile(
    r"ModuleNotFoundError|ImportError|No module named|command not found|\bnot found in PATH"
    r"|Cannot find module '[^./']|error\[E0463\]|package \S+ is not in|Could not find executable"
)
_REFUSED: Final = re.compile(
    r"Permission denied|Operation not permitted|Read-only file system|PermissionError|\bEACCES\b|\bEPERM\b"
    r"|access denied|must be root",
    re.IGNORECASE,
)
_READS: Final = re.compile(
    r"^(?:ls|ll|cat|find|tree|head|tail|grep|rg|sed -n|wc|stat|file|du|nl|diff|less|more"
    r"|git (?:status|log|diff|show|branch|rev-parse|ls-files|blame|grep|describe))\b"
)
_VERSION: Final = re.compile(
    r"(?:^|\s)(?:--version|-V|version|-version)\b|pip (?:list|freeze|show)|^(?:which|uname)\b"
)
_NO_PROGRAM_CODE: Final = 127
_TIMED_OUT: Final = -1
_CLOCK: Final = re.compile(
    r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*\b,?"
    r"|\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\b"
    r"|\d+(?:[.:,/T+-]\d+)*Z?|\b(?:AM|PM|UTC|GMT|CET|CEST|ms|s|seconds?|minutes?|hours?|ago)\b"
)
_TELLS_TIME: Final = re.compile(r"\d{1,2}:\d{2}|\d{4}-\d{2}-\d{2}|\b\d+(?:\.\d+)? ?(?:ms|s|sec|seconds)\b")


def kind_of(outcomes: Outcomes, *, offline: bool = False) -> Cause:
    """What kind of thing made a step come out otherwise, as far as both outcomes tell; else `OTHER`.

    `offline`: whether this run has no network.
    """
    recorded, actual, given = outcomes.recorded, outcomes.actual, outcomes.given
    new = "\n".join(_new_lines(recorded, actual))
    if _is_for_network(recorded, actual, given, outcomes.actual_code, offline=offline):
        return Cause.NETWORK
    if _TIMED_OUT in (outcomes.recorded_code, outcomes.actual_code):
        return Cause.TIME
    if outcomes.actual_code == _NO_PROGRAM_CODE or _NO_PACKAGE.search(new) or _no_program(new.split("\n")):
        return Cause.PROGRAM
    if _REFUSED.search(new):
        return Cause.PERMISSION
    if _MISSING.search(new) or (_MISSING.search(recorded) and not _MISSING.search(actual)):
        return Cause.WORLD
    if recorded != actual and sorted(recorded.split()) == sorted(actual.split()):
        return Cause.ORDER
    if (
        recorded != actual
        and _TELLS_TIME.search(actual)
        and _CLOCK.sub("", recorded) == _CLOCK.sub("", actual)
    ):
        return Cause.TIME
    commands = re.split(r"&&|\|\||[;|\n]", given)
    if any(_VERSION.search(command.strip()) for command in commands):
        return Cause.PROGRAM
    if outcomes.reads or any(_READS.match(command.strip()) for command in commands):
        return Cause.WORLD
    return Cause.OTHER


def _no_program(lines: list[str]) -> str:
    """The program that a line says to be missing; empty where none does."""
    for line in lines:
        for pattern in _NO_PROGRAM:
            found = pattern.fullmatch(line)
            if found:
                return found[1]
    return ""


def cause(recorded: str, actual: str, command: str, exit_code: int | None, *, offline: bool) -> str:
    """What the output that came back names as the cause, where the recorded one does not; mostly empty.

    `offline`: whether this run has no network, so that not to reach a host is no fault of the command.
    """
    if offline and _is_for_network(recorded, actual, command, exit_code, offline=True):
        return NETWORK_OFF
    lines = _new_lines(recorded, actual)
    program = _no_program(lines)
    if program:
        return f"{program} is not in the sandbox"
    return exception(recorded, actual) or next((line for line in lines if _FAULT.fullmatch(line)), "")


def exception(recorded: str, actual: str) -> str:
    """The exception's own line where there is a traceback that was not recorded."""
    if _TRACEBACK.search(actual) is None or _TRACEBACK.search(recorded) is not None:
        return ""
    return next((line for line in reversed(_new_lines(recorded, actual)) if _EXCEPTION.fullmatch(line)), "")


def _is_for_network(
    recorded: str, actual: str, command: str, exit_code: int | None, *, offline: bool
) -> bool:
    if re.search(_UNREACHED, actual):
        return re.search(_UNREACHED, recorded) is None
    for program, words in _NOTHING_TO_BE_HAD if offline else ():
        if re.search(words, actual) and re.search(program, command):
            return re.search(words, recorded) is None
    if _PASSES_ON.search(command):
        return re.search(_UNREACHED, recorded) is None
    if actual.strip():
        return False
    silent = any(exit_code in codes and re.search(words, command) for words, codes in _SILENT)
    return silent or bool(recorded.strip() and re.search(_FETCHES, command))


def _new_lines(recorded: str, actual: str) -> list[str]:
    known = {line.strip() for line in recorded.split("\n")}
    return [line for line in map(str.strip, actual.split("\n")) if line and line not in known]
