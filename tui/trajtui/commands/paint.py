"""The colours in which commands print to a terminal; elsewhere click takes them out again."""

from __future__ import annotations

import re
from typing import Any, Final

import click

from trajcore.views import marks

GOOD: Final[dict[str, Any]] = {"fg": "green"}
BAD: Final[dict[str, Any]] = {"fg": "red", "bold": True}
ODD: Final[dict[str, Any]] = {"fg": "yellow"}
OURS: Final[dict[str, Any]] = {"fg": "cyan"}
ASIDE: Final[dict[str, Any]] = {"dim": True}
HEAD: Final[dict[str, Any]] = {"bold": True}

INDENT: Final = "  "
"""What stands before lines that belong to the one above."""

_MARKS: Final = {
    marks.EQUAL: GOOD,
    marks.NORMALISED: GOOD,
    marks.DIVERGED: BAD,
    marks.UNKNOWN: ODD,
    marks.SKIPPED: ODD,
    marks.SERVED: ASIDE,
    marks.LIVE: OURS,
}
_OF_A_DIFF: Final = {"+++": HEAD, "---": HEAD, "@@": OURS, "+": GOOD, "-": BAD}
_SEVERITIES: Final = {"error:": BAD, "warning:": ODD}


def marked(line: str) -> str:
    """A line that begins with a mark of the timeline."""
    style = _MARKS.get(line[:1])
    return line if style is None else click.style(line[0], **style) + line[1:]


def event(line: str) -> str:
    """A line of `show`: what came back stands back, the user stands out."""
    if "└ " in line[:40]:
        return click.style(line, **ASIDE)
    label, source, rest = line[:8], line[8:20], line[20:]
    return f"{click.style(label, **ASIDE)}{click.style(source, **HEAD) if 'user' in source else source}{rest}"


def difference(line: str) -> str:
    """A line of a diff."""
    style = next((style for start, style in _OF_A_DIFF.items() if line.startswith(start)), None)
    return line if style is None else click.style(line, **style)


def finding(line: str) -> str:
    """A line of `show --check`."""
    found = re.match(r"#\S+(?: \(id [^)]*\))?  (error:|warning:)", line)
    if found is None:
        return line
    return line[: found.start(1)] + click.style(found[1], **_SEVERITIES[found[1]]) + line[found.end(1) :]


def fact(good: bool, what: str, text: str) -> str:
    """A line of `doctor`."""
    return f"{click.style('ok', **GOOD) if good else click.style('--', **ODD)}  {what:<11} {text}"


def setting(name: str, value: str, origin: str) -> str:
    """A line of `config`."""
    return f"{name:<32} {value or '-':<32} {click.style(origin, **ASIDE)}"


def heading(line: str) -> str:
    """A line above a table, or the name in the first column of one."""
    return click.style(line, **HEAD)


def verdict(line: str) -> str:
    """A line of `bisect`: whether a command passed."""
    style = {"✓": GOOD, "✗": BAD, "?": ODD}.get(line[:1])
    return line if style is None else click.style(line[0], **style) + line[1:]
