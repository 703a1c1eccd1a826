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
    r"|failed to fetch https?:|cannot open url 'https?:|\bERR_INTERNET_DISCONNECTED\b"
)
_FETCHES: Final = r"\b(?:curl|wget)\b[^\n]{0,300}?\b(?:https?|ftp)://(?!127\.|localhost|\[::1\])"
_SILENT: Final = {"curl": (5, 6, 7), "wget": (4,)}
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
    r"|cannot access|can't open|does not exist).*|(?:fatal|error|ERROR)(?:\[\w+\])?: .*",
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
    if actual.strip() or not re.search(_FETCHES, command):
        return False
    silent = any(name in command and exit_code in codes for name, codes in _SILENT.items())
    return silent or bool(recorded.strip())


def _new_lines(recorded: str, actual: str) -> list[str]:
    known = {line.strip() for line in recorded.split("\n")}
    return [line for line in map(str.strip, actual.split("\n")) if line and line not in known]
