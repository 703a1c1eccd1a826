"""The words of the file editor, and how it finds and shows text; pure functions."""

from __future__ import annotations

import re
from typing import Final

_LONGEST: Final = 16_000
_CLIPPED: Final = (
    "<response clipped><NOTE>Due to the max output limit, only part of this file has been shown to you. "
    "You should retry this tool after you have searched inside the file with `grep -n` in order to find "
    "the line numbers of what you are looking for.</NOTE>"
)


class EditorError(Exception):
    """The editor refuses; the message is the answer after `ERROR:`."""


def is_binary(data: bytes) -> bool:
    """Whether `data` is better not shown as text."""
    return b"\0" in data[:8192]


def decoded(data: bytes) -> str:
    """`data` as text: UTF-8, or else one character for each byte."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def normal(path: str) -> str:
    """`path` without a slash at its end. Raises `EditorError` when it is relative."""
    if not path.startswith("/"):
        raise invalid("path", path, "The path should be an absolute path, starting with `/`.")
    return path.rstrip("/") or "/"


def lines_of(text: str) -> list[str]:
    """The lines of `text` with their ends; only a newline ends one."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def numbered(text: str, what: str, first: int = 1) -> str:
    """The answer that shows `text` with numbered lines, clipped when it is too long."""
    if len(text) > _LONGEST:
        text = text[:_LONGEST] + _CLIPPED
    numbered = "\n".join(f"{number:6}\t{line}" for number, line in enumerate(text.split("\n"), first))
    return f"Here's the result of running `cat -n` on {what}:\n{numbered}\n"


def only_occurrence(text: str, old: str, new: str, path: str) -> tuple[int, str, str]:
    """Where `old` is, and both strings; stripped, if it is only found so."""
    places = _places(text, old)
    if not places:
        old, new = old.strip(), new.strip()
        places = _places(text, old)
    if not places:
        raise EditorError(f"No replacement was performed, old_str `{old}` did not appear verbatim in {path}.")
    if len(places) > 1:
        where = sorted({text.count("\n", 0, place) + 1 for place in places})
        raise EditorError(
            f"No replacement was performed. Multiple occurrences of old_str `{old}` in lines {where}. "
            "Please ensure it is unique."
        )
    return places[0], old, new


def _places(text: str, old: str) -> list[int]:
    return [found.start() for found in re.finditer(re.escape(old), text)]


def checked_range(view_range: list[int], count: int) -> tuple[int, int, str]:
    """First and last line (1-based) of a range in a file of `count` lines, and what to note about it."""
    if len(view_range) != 2:
        raise invalid("view_range", view_range, "It should be a list of two integers.")
    first, last = view_range
    if not 1 <= first <= count:
        raise invalid(
            "view_range", view_range,
            f"Its first element `{first}` should be within the range of lines of the file: [1, {count}].",
        )  # fmt: skip
    if last == -1:
        return first, count, ""
    if last < first:
        raise invalid(
            "view_range", view_range,
            f"Its second element `{last}` should be greater than or equal to the first element `{first}`.",
        )  # fmt: skip
    note = (
        f"NOTE: We only show up to {count} since there're only {count} lines in this file.\n"
        if last > count
        else ""
    )
    return first, min(last, count), note


def invalid(name: str, value: object, reason: str) -> EditorError:
    """The refusal of a parameter's value."""
    return EditorError(f"Invalid `{name}` parameter: {value}. {reason}")


def required(name: str, command: str) -> EditorError:
    """The refusal of a command that lacks a parameter."""
    return EditorError(f"Parameter `{name}` is required for command: {command}.")
