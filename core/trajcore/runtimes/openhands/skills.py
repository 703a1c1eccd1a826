"""The functions that OpenHands' kernel offered to the cells of 2024: opening, searching and editing files.

This runs inside sandboxes, in a kernel of Python 3.6 or later, where each function prints its answer; words
and numbers are those of OpenHands 0.6 to 0.15 (`openhands/runtime/plugins/agent_skills`, without its linter).
"""

import os
import re
from typing import Callable, List, Optional, Tuple

__all__ = [
    "append_file",
    "create_file",
    "edit_file_by_line",
    "edit_file_by_replace",
    "find_file",
    "goto_line",
    "insert_content_at_line",
    "open_file",
    "scroll_down",
    "scroll_up",
    "search_dir",
    "search_file",
]

_WINDOW = 100
_MOST_FILES = 100
MORE = "[Use `scroll_down` to view the next 100 lines of the file!]"
"""Said since September 2024."""
_NOTHING_OPEN = "No file open. Use the open_file function first."
_NOT_APPLIED = (
    "Your changes have NOT been applied. Please fix your edit command and try again.\n"
    "You either need to 1) Open the correct file and try again or 2) Specify the correct line number "
    "arguments.\n"
    "DO NOT re-run the same failed edit command. Running it again will lead to the same error.\n"
)
_UPDATED = (
    "[File updated (edited at line {}). Please review the changes and make sure they are correct "
    "(correct indentation, no duplicate lines, etc). Edit the file again if necessary.]"
)


class _View:
    """The file that is open, and the line that is looked at."""

    path: Optional[str] = None
    line = 1


_view = _View()


class _NoSuchLine(Exception):
    """An edit names a line that the file does not have."""


def open_file(path: str, line_number: Optional[int] = 1, context_lines: Optional[int] = _WINDOW) -> None:
    """Open a file and show it around a line, at most 100 lines."""
    if not os.path.isfile(path):
        _fail("File {} not found.".format(path))
        return
    _view.path = os.path.abspath(path)
    total = _count(_view.path)
    if not _is_line(line_number, total):
        _fail("Line number must be between 1 and {}".format(total))
        return
    size = context_lines if context_lines is not None and context_lines >= 1 else _WINDOW
    shown = _header(_view.path, total) + _around(_view.path, line_number or 1, min(size, _WINDOW))
    print(shown + "\n" + MORE if shown.endswith("more lines below)") else shown)


def goto_line(line_number: int) -> None:
    """Show the open file around a line."""
    path = _open_path()
    if path is None:
        return
    total = _count(path)
    if not _is_line(line_number, total):
        _fail("Line number must be between 1 and {}.".format(total))
        return
    print(_header(path, total) + _around(path, line_number, _WINDOW))


def scroll_down() -> None:
    """Show the next 100 lines of the open file."""
    _scroll(_WINDOW)


def scroll_up() -> None:
    """Show the 100 lines before those that are shown."""
    _scroll(-_WINDOW)


def create_file(filename: str) -> None:
    """Make a file of one empty line, and open it."""
    if os.path.exists(filename):
        _fail("File '{}' already exists.".format(filename))
        return
    with open(filename, "w") as file:
        file.write("\n")
    open_file(filename)
    print("[File {} created.]".format(filename))


def edit_file_by_replace(file_name: str, to_replace: str, new_content: str) -> None:
    """Replace a text that is in a file once; if need be one that is the same but for its blanks."""
    if to_replace is None or not to_replace.strip():
        _fail("`to_replace` must not be empty.")
    elif to_replace == new_content:
        _fail("`to_replace` and `new_content` must be different.")
    elif not os.path.isfile(file_name):
        _fail("File {} not found.".format(file_name))
    else:
        _replace(file_name, to_replace, new_content)


def edit_file_by_line(
    file_name: str, start: Optional[int] = None, end: Optional[int] = None, content: str = ""
) -> None:
    """Replace the lines from `start` to `end`, both included."""
    _edit(file_name, lambda lines: _with_lines(lines, start, end, content), start)


def insert_content_at_line(file_name: str, line_number: int, content: str) -> None:
    """Insert a text before a line."""
    _edit(file_name, lambda lines: _with_inserted(lines, line_number, content), line_number)


def append_file(file_name: str, content: str) -> None:
    """Append a text to a file."""
    _edit(file_name, lambda lines: _with_appended(lines, content), 0)


def search_dir(search_term: str, dir_path: str = "./") -> None:
    """Print every line below a directory that holds a text, those of hidden files left out."""
    if not os.path.isdir(dir_path):
        _fail("Directory {} not found".format(dir_path))
        return
    found = []
    for path in _files_below(dir_path):
        if not os.path.basename(path).startswith("."):
            found += [(path, number, line) for number, line in _lines_with(search_term, path)]
    files = len({path for path, _, _ in found})
    what = '"{}" in {}'.format(search_term, dir_path)
    if not found:
        print("No matches found for {}".format(what))
    elif files > _MOST_FILES:
        print("More than {} files matched for {}. Please narrow your search.".format(files, what))
    else:
        _tell_matches(["{} (Line {}): {}".format(*one) for one in found], what)


def search_file(search_term: str, file_path: Optional[str] = None) -> None:
    """Print every line of a file, or of the open one, that holds a text."""
    path = _view.path if file_path is None else file_path
    if path is None:
        _fail("No file specified or open. Use the open_file function first.")
    elif not os.path.isfile(path):
        _fail("File {} not found.".format(path))
    else:
        found = ["Line {}: {}".format(number, line) for number, line in _lines_with(search_term, path)]
        _tell_matches(found, '"{}" in {}'.format(search_term, path))


def find_file(file_name: str, dir_path: str = "./") -> None:
    """Print every file below a directory whose name holds a text."""
    if os.path.isdir(dir_path):
        found = [path for path in _files_below(dir_path) if file_name in os.path.basename(path)]
        _tell_matches(found, '"{}" in {}'.format(file_name, dir_path))
    else:
        _fail("Directory {} not found".format(dir_path))


def _fail(words: str) -> None:
    print("ERROR: {}".format(words))


def _open_path() -> Optional[str]:
    if _view.path is None or not os.path.isfile(_view.path):
        _fail(_NOTHING_OPEN)
        return None
    return _view.path


def _count(path: str) -> int:
    with open(path) as file:
        return max(1, sum(1 for _ in file))


def _is_line(number: Optional[int], total: int) -> bool:
    return isinstance(number, int) and 1 <= number <= total


def _header(path: str, total: int) -> str:
    return "[File: {} ({} lines total)]\n".format(os.path.abspath(path), total)


def _scroll(by: int) -> None:
    path = _open_path()
    if path is not None:
        total = _count(path)
        line = max(1, min(_view.line + by, total))
        print(_header(path, total) + _shown(path, line, line, line + _WINDOW, _WINDOW))


def _around(path: str, line: int, size: int) -> str:
    half = max(1, size // 2)
    return _shown(path, line, line - half, line + half, size)


def _shown(path: str, line: int, first: int, last: int, size: int) -> str:
    """The lines from `first` to `last`; near an end of the file, `size` of them. `line` is looked at."""
    with open(path) as file:
        text = file.read()
    lines = (text if text.endswith("\n") else text + "\n").splitlines(True)
    total = len(lines)
    _view.line = max(1, min(line, total))
    first, last = max(1, first), min(total, last)
    if first == 1:
        last = min(total, size)
    if last == total:
        first = max(1, total - size + 1)
    above = "({} more lines above)".format(first - 1) if first > 1 else "(this is the beginning of the file)"
    below = "({} more lines below)".format(total - last) if last < total else "(this is the end of the file)"
    numbered = ["{}|{}".format(number, lines[number - 1]) for number in range(first, last + 1)]
    ended = [one if one.endswith("\n") else one + "\n" for one in numbered]
    return "{}\n{}{}".format(above, "".join(ended), below)


def _replace(path: str, old: str, new: str) -> None:
    with open(path) as file:
        text = file.read()
    if text.count(old) > 1:
        _fail(
            "`to_replace` appears more than once, please include enough lines to make code in "
            "`to_replace` unique."
        )
        return
    searched, place = text, text.find(old)
    if place == -1:
        searched = _without_blanks(text)
        place = searched.find(_without_blanks(old))
    if place == -1:
        print("[No exact match found in {} for\n```\n{}\n```\n]".format(path, old))
        return
    start = searched[:place].count("\n") + 1
    edit_file_by_line(path, start, start + len(old.splitlines()) - 1, new)


def _without_blanks(text: str) -> str:
    return re.sub(r"[^\S\n]+", "", text)


def _edit(path: str, edited: Callable[[List[str]], List[str]], line: Optional[int]) -> None:
    """Write a file anew and print what it is now; `line` is looked at, 0: where it ended before."""
    if not path or not isinstance(path, str) or not path.strip() or "\0" in path:
        _fail("Invalid file name.")
        return
    if not os.path.exists(path):
        _fail("Invalid path or file name.")
        return
    if not os.path.isfile(path):
        _fail("File {} not found.".format(path))
        return
    with open(path) as file:
        lines = file.readlines()
    try:
        text = "".join(edited(lines))
    except _NoSuchLine as fault:
        error = "[Error editing file {}. Please confirm the file is correct.]".format(path)
        print("{}\n{}\n{}".format(error, fault, _NOT_APPLIED))
        return
    with open(path, "w") as file:
        file.write(text if text.endswith("\n") else text + "\n")
    total = _count(path)
    _view.path = path
    at = max(1, len(lines)) if line == 0 else line or total
    print("[File: {} ({} lines total after edit)]".format(os.path.abspath(path), total))
    print(_around(path, at, _WINDOW))
    print(_UPDATED.format(_view.line))


def _is_empty(lines: List[str]) -> bool:
    return not lines or (len(lines) == 1 and not lines[0].strip())


def _with_appended(lines: List[str], content: str) -> List[str]:
    added = str(content or "").splitlines(True)
    if _is_empty(lines):
        return added
    last = lines[-1] if lines[-1].endswith("\n") else lines[-1] + "\n"
    return [*lines[:-1], last, *added]


def _with_inserted(lines: List[str], line: Optional[int], content: str) -> List[str]:
    text = str(content or "")
    added = text if text.endswith("\n") else text + "\n"
    if _is_empty(lines):
        return [added]
    if line is None:
        words = "Invalid line number: {}. Line numbers must be between 1 and {} (inclusive)."
        raise _NoSuchLine(words.format(line, len(lines)))
    return [*lines[: line - 1], added, *lines[line - 1 :]]


def _with_lines(lines: List[str], start: Optional[int], end: Optional[int], content: str) -> List[str]:
    first, last = 1 if start is None else start, len(lines) if end is None else end
    for name, number in (("start", first), ("end", last)):
        if not 1 <= number <= len(lines):
            words = "Invalid {} line number: {}. Line numbers must be between 1 and {} (inclusive)."
            raise _NoSuchLine(words.format(name, number, len(lines)))
    if first > last:
        words = "Invalid line range: {}-{}. Start must be less than or equal to end."
        raise _NoSuchLine(words.format(first, last))
    text = str(content or "")
    return [*lines[: first - 1], text if text.endswith("\n") else text + "\n", *lines[last:]]


def _files_below(directory: str) -> List[str]:
    return [os.path.join(root, name) for root, _, names in os.walk(directory) for name in names]


def _lines_with(term: str, path: str) -> List[Tuple[int, str]]:
    with open(path, errors="ignore") as file:
        return [(number, line.strip()) for number, line in enumerate(file, 1) if term in line]


def _tell_matches(found: List[str], what: str) -> None:
    if not found:
        print("[No matches found for {}]".format(what))
        return
    print("[Found {} matches for {}]".format(len(found), what))
    for line in found:
        print(line)
    print("[End of matches for {}]".format(what))
