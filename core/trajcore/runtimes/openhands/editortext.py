"""The words of the file editor, and how it finds and shows text; pure functions."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final

_LONGEST: Final = 16_000
CLIPPED: Final = "<response clipped>"
"""Here an answer breaks off that is too long."""
_CLIPPED: Final = CLIPPED + (
    "<NOTE>Due to the max output limit, only part of this file has been shown to you. "
    "You should retry this tool after you have searched inside the file with `grep -n` in order to find "
    "the line numbers of what you are looking for.</NOTE>"
)

_CLIPPED_LISTING: Final = CLIPPED + (
    "<NOTE>Due to the max output limit, only part of this directory has been shown to you. "
    "You should use `ls -la` instead to view large directories incrementally.</NOTE>"
)
_HIDDEN: Final = "hidden files/directories in this directory are excluded."
_LISTED: Final = "Here's the files and directories up to 2 levels deep in"
_DOCUMENTS: Final = (".docx", ".xlsx", ".pptx", ".pdf", ".mp3", ".wav", ".m4a", ".flac")


class EditorError(Exception):
    """The editor refuses; the message is the answer after `ERROR:`."""


def normal(path: str) -> str:
    """`path` without needless slashes and dots. Raises `EditorError` when it is relative."""
    pure = PurePosixPath(path)
    if not pure.is_absolute():
        raise invalid("path", pure, "The path should be an absolute path, starting with `/`.")
    return str(pure)


def check_kind(path: str) -> None:
    """Refuse to change a document that the editor can only show. Raises `EditorError`."""
    if is_document(path):
        suffix = PurePosixPath(path).suffix
        raise invalid(
            "path", path,
            f"The path {path} points to a binary file ({suffix}) and only the `view` command can be used on "
            "supported binary files.",
        )  # fmt: skip


def is_document(path: str) -> bool:
    """Whether the editor would show a file as Markdown made of it."""
    return PurePosixPath(path).suffix.lower() in _DOCUMENTS


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
    note = ""
    if last == -1:
        last = count
    elif last > count:
        note = f"NOTE: We only show up to {count} since there're only {count} lines in this file.\n"
        last = count
    if last < first:
        raise invalid(
            "view_range", view_range,
            f"Its second element `{last}` should be greater than or equal to the first element `{first}`.",
        )  # fmt: skip
    return first, last, note


def listing(path: str, found: dict[str, bool], hidden: int) -> str:
    """The answer that shows a directory: the paths `found` in it (which are directories?), clipped."""
    text = "".join(f"{name}\n" for name in sorted(found))
    if len(text) > _LONGEST:
        text = text[:_LONGEST] + _CLIPPED_LISTING
    names = text.strip().split("\n")
    shown = "\n".join(f"{name}/" if found.get(name) else name for name in names)
    note = f"\n\n{hidden} {_HIDDEN} You can use 'ls -la {path}' to see them."
    head = f"{_LISTED} {path}, excluding hidden items:"
    return f"{head}\n{shown}{note if hidden else ''}"


def hidden_in(answer: str) -> int:
    """How many hidden names an answer that shows a directory leaves out."""
    found = re.search(rf"^(\d+) {_HIDDEN}", answer, re.MULTILINE)
    return int(found[1]) if found else 0


def is_listing(answer: str) -> bool:
    """Whether an answer shows a directory."""
    return answer.startswith(_LISTED)


def invalid(name: str, value: object, reason: str) -> EditorError:
    """The refusal of a parameter's value."""
    return EditorError(f"Invalid `{name}` parameter: {value}. {reason}")


def required(name: str, command: str) -> EditorError:
    """The refusal of a command that lacks a parameter."""
    return EditorError(f"Parameter `{name}` is required for command: {command}.")
