"""Tracebacks in the layout of IPython's: what surrounds the failing line of each frame, from the cell on."""

import ast
import linecache
import os
import re
import traceback
from types import CodeType, FrameType, TracebackType
from typing import Any, Iterator, List, Optional, Tuple

_RULE = "-" * 75
_TITLE = "Traceback (most recent call last)"
_AROUND = 2
_OURS = "<trajtui "
_LONGEST_PIECE = 6
_MOST_FRAMES = 40
_CAUSE = "\nThe above exception was the direct cause of the following exception:\n"
_CONTEXT = "\nDuring handling of the above exception, another exception occurred:\n"

CELL = re.compile(r"^/tmp/ipykernel_\d+/\d+\.py$")
"""The file names of cells, as ipykernel makes them up."""

Piece = Tuple[int, int]


def formatted(error: BaseException) -> str:
    """The traceback of what a cell raised."""
    if isinstance(error, SystemExit):
        return "An exception has occurred, use %tb to see the full traceback.\n\n" + _last_lines(error) + "\n"
    if isinstance(error, SyntaxError) and CELL.match(error.filename or ""):
        return _syntax(error)
    parts: List[str] = []
    chain: List[Tuple[BaseException, str]] = []
    seen = set()
    current: Optional[BaseException] = error
    joint = ""
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        chain.append((current, joint))
        if current.__cause__ is not None:
            current, joint = current.__cause__, _CAUSE
        else:
            current, joint = (None if current.__suppress_context__ else current.__context__), _CONTEXT
    for one, joint in reversed(chain):
        parts.append(_one(one))
        if joint:
            parts.append(joint)
    return _RULE + "\n" + "\n".join(parts)


def _one(error: BaseException) -> str:
    name = type(error).__name__
    title = name + " " * max(1, len(_RULE) - len(name) - len(_TITLE)) + _TITLE
    frames = [_frame(frame, line) for frame, line in _frames(error.__traceback__)]
    if len(frames) > _MOST_FRAMES:
        left_out = len(frames) - _MOST_FRAMES
        frames[_MOST_FRAMES // 2 : -_MOST_FRAMES // 2] = [
            "    [... {} frames left out ...]\n".format(left_out)
        ]
    if isinstance(error, SyntaxError):
        return "\n".join([title, *frames, _syntax(error)])
    return "\n".join([title, *frames, _last_lines(error)])


def _frames(trace: Optional[TracebackType]) -> List[Tuple[FrameType, int]]:
    """The frames from the first one of a cell on; all of them if there is none."""
    found = [one for one in traceback.walk_tb(trace) if not one[0].f_code.co_filename.startswith(_OURS)]
    for at, (frame, _) in enumerate(found):
        if CELL.match(frame.f_code.co_filename):
            return found[at:]
    return found


def _frame(frame: FrameType, line: int) -> str:
    code = frame.f_code
    if CELL.match(code.co_filename):
        place = "Cell In[1], line {}".format(line)
    else:
        place = "File {}:{}".format(_short(code.co_filename), line)
    if code.co_name != "<module>":
        place += ", in " + _signature(code)
    return "\n".join([place, *_surroundings(code, frame, line), ""])


def _short(path: str) -> str:
    home = os.path.expanduser("~")
    return "~" + path[len(home) :] if home != "/" and path.startswith(home + "/") else path


def _signature(code: CodeType) -> str:
    only_by_name = code.co_kwonlyargcount
    count = code.co_argcount + only_by_name
    names = list(code.co_varnames[:count])
    extra = list(code.co_varnames[count:])
    if code.co_flags & 0x04 and extra:
        names.insert(len(names), "*" + extra.pop(0))
    if code.co_flags & 0x08 and extra:
        names.append("**" + extra.pop(0))
    return "{}({})".format(getattr(code, "co_qualname", code.co_name), ", ".join(names))


def _surroundings(code: CodeType, frame: FrameType, line: int) -> List[str]:
    text = linecache.getlines(code.co_filename, frame.f_globals)
    if not text or line > len(text):
        return []
    first = code.co_firstlineno if code.co_name != "<module>" else 1
    pieces = _scope(text, first, code.co_name)
    at = next((at for at, (start, end) in enumerate(pieces) if start <= line < end), None)
    chosen = [(line, line + 1)] if at is None else pieces[max(0, at - _AROUND) : at + _AROUND + 1]
    inside = [text[number - 1] for start, end in chosen for number in range(start, end)]
    indents = [len(one) - len(one.lstrip()) for one in inside if one.strip()]
    indent = min(indents) if indents else 0
    return [shown for piece in chosen for shown in _numbered(text, piece, line, indent)]


def _numbered(text: List[str], piece: Piece, current: int, indent: int) -> Iterator[str]:
    numbers: List[Optional[int]] = list(range(*piece))
    if len(numbers) > _LONGEST_PIECE:
        head = _LONGEST_PIECE // 2
        gap = numbers[head : len(numbers) - (_LONGEST_PIECE - head - 1)]
        if current not in gap:
            numbers[head : len(numbers) - (_LONGEST_PIECE - head - 1)] = [None]
    for number in numbers:
        if number is None:
            yield "   (...)"
            continue
        line = text[number - 1].rstrip("\n")[indent:]
        if number == current:
            yield "-" * (5 - len(str(number))) + "> {} {}".format(number, line)
        else:
            yield (
                "{:7d} {}".format(number, line).rstrip()
                if not line.strip()
                else "{:7d} {}".format(number, line)
            )


def _scope(text: List[str], first: int, name: str) -> List[Piece]:
    """The pieces of the code that begins at line `first`: statements, and the heads of compound ones."""
    try:
        tree: Any = ast.parse("".join(text))
    except (SyntaxError, ValueError):
        return [(number, number + 1) for number in range(1, len(text) + 1)]
    end = len(text) + 1
    pieces = [piece for piece in _pieces(tree, 1, end) if piece[1] > piece[0]]
    if name == "<module>":
        return list(_without_blanks(_joined(pieces), text))
    ends = [
        (_first_line(node), getattr(node, "end_lineno", None) or end - 1)
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef))
    ]
    last = next((last for begin, last in ends if begin == first), end - 1)
    within = [(start, stop) for start, stop in _joined(pieces) if start < last + 1 and stop > first]
    return list(_without_blanks(within, text))


def _pieces(node: Any, start: int, end: int) -> Iterator[Piece]:
    for _, body in ast.iter_fields(node):
        if isinstance(body, list) and body and _is_statement(body[0]):
            for at, statement in enumerate(body):
                begin = _first_line(statement)
                stop = getattr(statement, "end_lineno", None)
                if stop is None:
                    stop = _first_line(body[at + 1]) - 1 if at + 1 < len(body) else end - 1
                for inner_start, inner_end in _pieces(statement, begin, stop + 1):
                    if start < inner_start:
                        yield start, inner_start
                    if inner_start < inner_end:
                        yield inner_start, inner_end
                    start = inner_end
    yield start, end


def _is_statement(node: Any) -> bool:
    kinds = (ast.stmt, ast.ExceptHandler, *([ast.match_case] if hasattr(ast, "match_case") else []))
    return isinstance(node, kinds)


def _first_line(node: Any) -> int:
    if hasattr(node, "pattern") and not hasattr(node, "lineno"):
        return int(node.pattern.lineno)
    lines = [node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))]
    return int(min(lines))


def _joined(pieces: List[Piece]) -> List[Piece]:
    joined: List[Piece] = []
    for start, end in pieces:
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _without_blanks(pieces: List[Piece], text: List[str]) -> Iterator[Piece]:
    for start, end in pieces:
        while start < end and not text[start - 1].strip():
            start += 1
        while start < end and not text[end - 2].strip():
            end -= 1
        if start < end:
            yield start, end


def _syntax(error: SyntaxError) -> str:
    if CELL.match(error.filename or ""):
        lines = ["  Cell In[1], line {}".format(error.lineno)]
    else:
        lines = ["  File {}:{}".format(_short(error.filename or "<unknown>"), error.lineno)]
    if error.text and error.text.strip():
        text = error.text.rstrip("\n")
        bare = text.lstrip()
        lines.append("    " + bare)
        if error.offset:
            lines.append("    " + " " * max(0, error.offset - 1 - (len(text) - len(bare))) + "^")
    return "\n".join([*lines, "{}: {}".format(type(error).__name__, error.msg), ""])


def _last_lines(error: BaseException) -> str:
    try:
        words = str(error)
    except Exception:
        words = "<exception str() failed>"
    notes = [str(note) for note in getattr(error, "__notes__", None) or ()]
    return "\n".join(["{}: {}".format(type(error).__name__, words), *notes])
