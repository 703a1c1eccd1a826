"""What V1's terminal makes of a command before it is typed: what it refuses, and what it escapes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import Final

_LIST: Final = (
    "[Tool-argument error] The `command` argument looks like a Python/JSON list literal, "
    "not a shell command. It starts with: {!r}\n\n"
    "The `terminal` tool runs exactly ONE shell command at a time. "
    "To pass structured data or multi-line code:\n"
    '  - Write a script first with `file_editor` (command="create", path="/tmp/run.py", ...), '
    "then invoke it: `python /tmp/run.py`.\n"
    "  - Or use a heredoc inline, e.g.:\n"
    "        python - <<'EOF'\n"
    "        DATABASES = {{'default': {{...}}}}\n"
    "        # your code here\n"
    "        EOF\n\n"
    "Do not put a Python list/dict literal into the `command` field; the shell cannot interpret it."
)
_SEVERAL: Final = (
    "Cannot execute multiple commands at once.\n"
    "Please run each command separately OR chain them into a single command via && or ;\n"
    "Provided commands:\n"
)
REFUSALS: Final = (_LIST.partition("{")[0], _SEVERAL)
"""How the answers begin to what was never typed."""
_STARTS: Final = 80
_OPENS: Final = frozenset(("if", "for", "while", "until", "select", "case", "{", "do", "then"))
_CLOSES: Final = {"fi": ("then", "if"), "done": ("do",), "esac": ("case",), "}": ("{",)}
_ESCAPED: Final = frozenset(";|&<>")
_HEREDOC: Final = re.compile(r"<<(-?)[ \t]*(?:'([^'\n]*)'|\"([^\"\n]*)\"|\\?([^\s;|&<>()'\"]+))")
_JOINS: Final = ("&&", "||", "|")


def refusal(command: str) -> str:
    """Why the terminal does not type a command; empty where it does."""
    if command.startswith("[") and command.endswith("]"):
        try:
            if isinstance(ast.literal_eval(command), list):
                return _LIST.format(command[:_STARTS])
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            pass
    commands = several(command)
    if len(commands) < 2:
        return ""
    return _SEVERAL + "\n".join(f"({number}) {one}" for number, one in enumerate(commands, 1))


def several(text: str) -> list[str]:
    """The commands that stand on lines of their own; all of it is one where that cannot be told."""
    found, begin = [], 0
    try:
        for end in _ends(text):
            found.append(text[begin:end].strip())
            begin = end
    except _Unclosed:
        return [text]
    found.append(text[begin:].strip())
    return [one for one in found if any(line.strip()[:1] not in ("", "#") for line in one.split("\n"))]


def escaped(command: str, *, raw: bool) -> str:
    r"""What is typed for a command: a second backslash before the one of `\;`, `\|`, `\&`, `\<` and `\>`.

    That of a last `\;` reaches bash as it was, and a last `;` not at all, but in the `raw` terminal.
    """
    try:
        places = [place for place, _ in _escapes(command)]
    except _Unclosed:
        return command
    last = len(command) - 2
    for place in reversed(places):
        if raw or place != last or command[place + 1] != ";":
            command = f"{command[:place]}\\{command[place:]}"
    ends = command.endswith(";") and not command.endswith(("\\;", ";;"))
    return command[:-1] if ends and not raw else command


Piece = tuple[str, str, int]
"""Of which sort, its text, and where it begins."""


class _Unclosed(Exception):
    """A quotation, a substitution or a compound command has no end."""


def _ends(text: str) -> Iterator[int]:
    """Where the line breaks are that end a command of the outermost level. Raises `_Unclosed`."""
    open_words: list[str] = []
    line, begins = "", True
    for kind, piece, place in _pieces(text):
        if kind == "word":
            if begins and piece in _CLOSES:
                while open_words and open_words[-1] in _CLOSES[piece]:
                    open_words.pop()
            elif begins and piece in _OPENS:
                if piece == "do" and open_words and open_words[-1] in ("for", "while", "until", "select"):
                    open_words.pop()
                open_words.append(piece)
            begins = begins and piece in (*_OPENS, "!", "time", "else", "elif")
            line = piece
        elif kind == "line":
            if not open_words and line and line not in _JOINS:
                yield place
                line = ""
            begins = True
        elif kind == "sign":
            line, begins = piece, True
        else:
            line, begins = piece, piece == "()"
    if open_words:
        raise _Unclosed


def _escapes(text: str) -> Iterator[tuple[int, str]]:
    for kind, piece, place in _pieces(text):
        if kind == "escape" and piece[1:] in _ESCAPED:
            yield place, piece


_WORD: Final = re.compile(r"[^\s;|&<>()'\"`$\\#]+#?[^\s;|&<>()'\"`$\\]*")
_SIGN: Final = re.compile(r"&&|\|\||[;|&]")


def _pieces(text: str) -> Iterator[Piece]:
    """Words, signs, escapes, line breaks and what is quoted, in order. Raises `_Unclosed`."""
    at, waiting = 0, list[tuple[str, bool]]()
    while at < len(text):
        character = text[at]
        if character == "\n":
            at += 1
            while waiting:
                at = _behind(text, at, *waiting.pop(0))
            yield "line", "\n", at
        elif character == "#" and (at == 0 or text[at - 1] in " \t\n;|&()"):
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        elif document := _HEREDOC.match(text, at):
            waiting.append((next(filter(None, document.groups()[1:]), ""), bool(document[1])))
            yield "quoted", document[0], at
            at = document.end()
        else:
            found, at = _piece(text, at)
            yield from found
    if waiting:
        raise _Unclosed


def _piece(text: str, at: int) -> tuple[Sequence[Piece], int]:
    """What begins at a place within a line, and where it ends."""
    character = text[at]
    if character in " \t\r":
        return (), at + 1
    if character == "\\":
        escape = text[at : at + 2]
        return (() if escape == "\\\n" else (("escape", escape, at),)), at + 2
    if character in "'\"`" or text.startswith(("$(", "${"), at):
        end = _closed(text, at)
        return (("quoted", text[at:end], at),), end
    if character == "(":
        end = _closed(text, at)
        return (*_inner_escapes(text, at + 1, end - 1), ("quoted", text[at:end], at)), end
    if character == ")":
        raise _Unclosed
    if sign := _SIGN.match(text, at):
        return (("sign", sign[0], at),), sign.end()
    word = _WORD.match(text, at)
    end = at + 1 if word is None else word.end()
    return (("word", text[at:end], at),), end


def _inner_escapes(text: str, begin: int, end: int) -> Iterator[Piece]:
    """The escapes inside of a subshell."""
    for place, piece in _escapes(text[begin:end]):
        yield "escape", piece, begin + place


def _behind(text: str, at: int, word: str, indented: bool) -> int:
    """Where a here document ends that begins at `at`."""
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        line = text[at:end]
        at = min(end + 1, len(text))
        if (line.lstrip("\t") if indented else line) == word:
            return end if end < len(text) else at
    raise _Unclosed


def _closed(text: str, at: int) -> int:
    """Where what is opened at a place ends."""
    opener = text[at]
    if opener == "'":
        return _found(text, "'", at + 1)
    if opener == "$":
        at += 1
        opener = text[at]
    closer = {"(": ")", "{": "}"}.get(opener, opener)
    at += 1
    while at < len(text):
        character = text[at]
        if character == closer:
            return at + 1
        if character == "\\":
            at += 2
        elif _opens(text, at, opener):
            at = _closed(text, at)
        else:
            at += 1
    raise _Unclosed


def _opens(text: str, at: int, opener: str) -> bool:
    """Whether something begins, inside of what `opener` has opened, that has an end of its own."""
    character = text[at]
    if character in "'\"`" and opener not in ('"', "`"):
        return True
    return text.startswith(("$(", "${"), at) or (opener == character == "(")


def _found(text: str, what: str, at: int) -> int:
    place = text.find(what, at)
    if place < 0:
        raise _Unclosed
    return place + 1
