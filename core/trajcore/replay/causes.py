"""Why a step came out otherwise, in the words of what came back: a program, the network, an exception."""

from __future__ import annotations

import re
from typing import Final

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
    r"|HTTP 000 CONNECTION FAILED|\bLocalEntryNotFoundError\b"
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
    (r"\bapk\b", r"unable to select packages|temporary error"),
    (
        r"\b(?:dnf|yum|microdnf)\b",
        r"Cannot find a valid baseurl|Failed to download metadata|Unable to find a match",
    ),
)
"""Programs that fetch, and what they say of what they did not find where they reached nobody.

The first words are sought in the command: what a program says of others' files is no such thing.
"""
_ELSEWHERE: Final = r"(?:https?|ftp)://(?!127\.|localhost|\[::1\]|0\.0\.0\.0)"
_FETCHES: Final = rf"\b(?:curl|wget)\b[^\n]{{0,300}}?{_ELSEWHERE}"
_PASSES_ON: Final = re.compile(
    r"(?:^|[;&|({\n`])[ \t]*(?:sudo |then |do )?"
    rf"(?:curl|wget)\b[^|;&\n]{{0,300}}?{_ELSEWHERE}[^;&\n]{{0,300}}?\|"
)
"""What was to be fetched goes to another program, which says what it will of getting nothing."""
_SILENT: Final = (
    (re.compile(rf"\bcurl\b[^\n]{{0,300}}?{_ELSEWHERE}"), (5, 6, 7)),
    (re.compile(rf"\bwget\b[^\n]{{0,300}}?{_ELSEWHERE}"), (4,)),
    (
        re.compile(
            r"\bgit\b[^\n]{0,100}? (?:clone|fetch|pull|push|ls-remote)\b[^\n]{0,300}?(?:https?://|git@|ssh://)"
        ),
        (128,),
    ),
    (re.compile(r"\bgetent +a?hosts"), (2,)),
)
"""The exit codes of who has said nothing and could not reach a host."""

_NO_PROGRAM: Final = (
    re.compile(r"(?:[\w./-]+: )?(?:line \d+: |\d+: )?([^\s:]+): (?:command )?not found"),
    re.compile(r"(?:/usr/bin/)?env: [‘'\"]?([^\s:’'\"]+)[’'\"]?: No such file or directory"),
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


def cause(recorded: str, actual: str, command: str, exit_code: int | None, *, offline: bool) -> str:
    """What the output that came back names as the cause, where the recorded one does not; mostly empty.

    `offline`: whether this run has no network, so that not to reach a host is no fault of the command.
    """
    if offline and _is_for_network(recorded, actual, command, exit_code):
        return NETWORK_OFF
    lines = _new_lines(recorded, actual)
    for line in lines:
        for pattern in _NO_PROGRAM:
            found = pattern.fullmatch(line)
            if found:
                return f"{found[1]} is not in the sandbox"
    return exception(recorded, actual) or next((line for line in lines if _FAULT.fullmatch(line)), "")


def exception(recorded: str, actual: str) -> str:
    """The exception's own line where there is a traceback that was not recorded."""
    if _TRACEBACK.search(actual) is None or _TRACEBACK.search(recorded) is not None:
        return ""
    return next((line for line in reversed(_new_lines(recorded, actual)) if _EXCEPTION.fullmatch(line)), "")


def _is_for_network(recorded: str, actual: str, command: str, exit_code: int | None) -> bool:
    if re.search(_UNREACHED, actual):
        return re.search(_UNREACHED, recorded) is None
    for program, words in _NOTHING_TO_BE_HAD:
        if re.search(words, actual) and re.search(program, command):
            return re.search(words, recorded) is None
    if _PASSES_ON.search(command):
        return re.search(_UNREACHED, recorded) is None
    if actual.strip():
        return False
    silent = any(exit_code in codes and words.search(command) for words, codes in _SILENT)
    return silent or bool(recorded.strip() and re.search(_FETCHES, command))


def _new_lines(recorded: str, actual: str) -> list[str]:
    known = {line.strip() for line in recorded.split("\n")}
    return [line for line in map(str.strip, actual.split("\n")) if line and line not in known]
