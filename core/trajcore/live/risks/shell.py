"""The simple commands of a shell's command line, those of substitutions and subshells among them.

Enough of bash's grammar to find every command that stands there, whatever it is joined to the others by.
What is executed is bash's own affair: where this reads otherwise, a question is asked too many or too few.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from trajcore.live.risks.commands import Command, Unreadable, Word

_KEYWORDS: Final = frozenset(
    ["{", "}", "!", "if", "then", "elif", "else", "fi", "while", "until", "do", "done", "esac", "coproc"]
)
"""Words before a command that are none of it."""
_DATA: Final = frozenset(("for", "select", "case"))
"""What stands behind these words are no commands up to the next separator."""
_ESCAPE: Final = re.compile(r"\\([4-7][0-7]{2}|.)", re.DOTALL)
_ESCAPES: Final = "\\'\"abfnrtvxuU01234567\n"
"""What makes an escape with the backslash before it, for a shell and for Python."""
_DEEPEST: Final = 60
_LONGEST: Final = 100_000
"""So many characters of a command line are read."""
_LONGEST_BRACES: Final = 200


def read(text: str) -> list[Command]:
    """The commands in the order in which they stand, those of a substitution before its command's own.

    Raises `Unreadable` where a quotation or a substitution has no end, or all of it is too long.
    """
    if len(text) > _LONGEST:
        raise Unreadable
    reader = _Reader(text)
    try:
        reader.commands("", ())
    except RecursionError:
        raise Unreadable from None
    return [one.command() for one in reader.found]


@dataclass
class _Building:
    """The command, and the word of it, that is being read."""

    shell: tuple[int, ...] = ()
    words: list[Word] = field(default_factory=list)
    writes: list[Word] = field(default_factory=list)
    here: str | None = ""
    text: str = ""
    begun: bool = False
    known: bool = True
    wild: bool = False
    quoted: bool = False
    target: str = ""
    """The redirection that the next word belongs to."""

    def add(self, text: str, *, known: bool = True) -> None:
        self.text += text
        self.begun = True
        self.known &= known

    def command(self) -> Command:
        """The command as it was read."""
        return Command(tuple(self.words), tuple(self.writes), self.here, shell=self.shell)


def _as_known(escape: re.Match[str]) -> str:
    """An escape that Python knows too: a byte has eight bits, and before other letters a backslash is one."""
    told = escape[1]
    if len(told) == 3:
        return f"\\{int(told, 8) & 0xFF:03o}"
    return escape[0] if told in _ESCAPES else f"\\{escape[0]}"


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._documents: list[tuple[str, str, bool, _Building]] = []
        self._shells = 0
        self.found: list[_Building] = []

    def _looks(self, text: str) -> bool:
        return self._text.startswith(text, self._at)

    def _take(self) -> str:
        character = self._text[self._at]
        self._at += 1
        return character

    def commands(self, end: str, shell: tuple[int, ...]) -> None:
        """Read up to `end`, which is taken; empty: the end of the text."""
        if len(shell) > _DEEPEST:
            raise Unreadable
        fed = False
        while True:
            command, ended = self._command(end, shell)
            if fed and not command.here:
                command.here = None
            self._add(command)
            if ended in ("", ")"):
                return
            fed = ended in ("|", "|&")

    def _add(self, command: _Building) -> None:
        words = command.words
        while words and words[0].known and words[0].text in (*_KEYWORDS, "function"):
            words = words[2 if words[0].text == "function" else 1 :]
        command.words = [] if words and words[0].text in _DATA else words
        if command.words or command.writes:
            self.found.append(command)

    def _command(self, end: str, shell: tuple[int, ...]) -> tuple[_Building, str]:
        """One simple command, and what ended it."""
        now = _Building(shell)
        while self._at < len(self._text):
            if self._looks("\\\n"):
                self._at += 2
            elif self._text[self._at] in " \t\r":
                self._at += 1
                self._word(now)
            elif self._text[self._at] == "#" and not now.begun:
                ending = self._text.find("\n", self._at)
                self._at = len(self._text) if ending < 0 else ending
            elif self._text[self._at] in "\n;&|()":
                ended = self._separator(now, end, shell)
                if ended is not None:
                    return now, ended
            elif self._text[self._at] in "<>":
                self._redirection(now, shell)
            else:
                self._part(now, shell)
        self._word(now)
        if end:
            raise Unreadable
        return now, ""

    def _separator(self, now: _Building, end: str, shell: tuple[int, ...]) -> str | None:
        """What ends a command; None where it goes on."""
        test = bool(now.words) and now.words[0].text == "[["
        if self._looks("&>"):
            self._word(now)
            self._at += 1
            self._redirection(now, shell)
            return None
        if self._looks("((") and not now.begun and not now.words and self._arithmetic():
            return None
        character = self._take()
        if test and character in "&|()":
            self._word(now)
            return None
        if character == "(":
            return self._parenthesis(now, shell)
        self._word(now)
        if character == "\n":
            self._read_documents(shell)
        if character == ")" and end == ")":
            return ")"
        if character == "|" and self._looks("|"):
            self._at += 1
            return "||"
        if character == "|" and self._looks("&"):
            self._at += 1
            return "|&"
        return "|" if character == "|" else ";"

    def _parenthesis(self, now: _Building, shell: tuple[int, ...]) -> str | None:
        if now.begun and now.text.endswith("="):  # the words of an array
            inner = _Reader(self._text)
            inner._at = self._at
            inner.commands(")", shell)
            self._at = inner._at
            now.add("\0", known=False)
            return None
        if self._looks(")"):  # a function is defined: what it does follows
            self._at += 1
            now.text, now.begun = "", False
            now.words.clear()
            return ";"
        if now.begun or now.words:  # as in the pattern of a case
            self._word(now)
            return ";"
        self._inside(shell)
        return None

    def _inside(self, shell: tuple[int, ...]) -> None:
        """The commands up to the parenthesis that closes, in a shell of their own."""
        self._shells += 1
        documents, self._documents = self._documents, []
        self.commands(")", (*shell, self._shells))
        self._documents = documents

    def _redirection(self, now: _Building, shell: tuple[int, ...]) -> None:
        if now.words and now.words[0].text == "[[":
            now.add(self._take())
            return
        if self._looks("<(") or self._looks(">("):
            self._at += 2
            self._inside(shell)
            now.add("\0", known=False)
            return
        if now.text.isdigit():
            now.text, now.begun = "", False
        self._word(now)
        for sign in ("<<<", "<<-", "<<", "<>", "<&", "<", ">>", ">&", ">|", ">"):
            if self._looks(sign):
                self._at += len(sign)
                now.target = sign
                return

    def _word(self, now: _Building) -> None:
        """The end of a word."""
        if not now.begun:
            return
        word, quoted = Word(now.text, now.known, now.wild), now.quoted
        sign, now.target = now.target, ""
        now.text, now.begun, now.known, now.wild, now.quoted = "", False, True, False, False
        match sign:
            case "":
                now.words.append(word)
            case "<<" | "<<-":
                now.here = None
                self._documents.append((sign, word.text, quoted, now))
            case "<<<":
                now.here = word.text + "\n" if word.known else None
            case ">&" if word.text.isdigit() or word.text == "-":
                pass
            case ">" | ">>" | ">|" | ">&" | "<>":
                now.writes.append(word)
            case _:
                now.here = None

    def _read_documents(self, shell: tuple[int, ...]) -> None:
        """The texts of here-documents, which begin on this line."""
        documents, self._documents = self._documents, []
        for sign, mark, quoted, owner in documents:
            text = ""
            while self._at < len(self._text):
                ending = self._text.find("\n", self._at)
                ending = len(self._text) if ending < 0 else ending
                line = self._text[self._at : ending]
                self._at = min(ending + 1, len(self._text))
                line = line.lstrip("\t") if sign == "<<-" else line
                if line == mark:
                    break
                text += line + "\n"
            owner.here = text
            if not quoted:
                self._expanded(text, shell)

    def _expanded(self, text: str, shell: tuple[int, ...]) -> None:
        """The commands of the substitutions in a here-document."""
        inner, ignored = _Reader(text), _Building()
        while inner._at < len(text):
            character = inner._take()
            if character == "\\" and inner._at < len(text):
                inner._take()
            elif character in "$`":
                inner._substitution(character, ignored, (*shell, 0))
        self.found += inner.found

    def _part(self, now: _Building, shell: tuple[int, ...]) -> None:
        character = self._take()
        match character:
            case "\\":
                now.add(self._take() if self._at < len(self._text) else "")
                now.quoted = True
            case "'":
                now.add(self._up_to("'"))
                now.quoted = True
            case '"':
                self._quoted(now, shell)
            case "$" if self._looks("'"):
                self._at += 1
                now.add(self._escaped())
            case "$" if self._looks('"'):
                pass
            case "$" | "`":
                self._substitution(character, now, shell)
            case "*" | "?" | "[":
                now.add(character)
                now.wild = True
            case "{":
                now.add(character)
                now.wild |= self._is_brace_expansion()
            case _:
                now.add(character)

    def _is_brace_expansion(self) -> bool:
        close = self._text.find("}", self._at, self._at + _LONGEST_BRACES)
        inner = self._text[self._at : close] if close > 0 else " "
        return ("," in inner or ".." in inner) and not any(one.isspace() for one in inner)

    def _up_to(self, end: str) -> str:
        close = self._text.find(end, self._at)
        if close < 0:
            raise Unreadable
        text = self._text[self._at : close]
        self._at = close + 1
        return text

    def _escaped(self) -> str:
        """What stands between $' and '."""
        text = ""
        while self._at < len(self._text):
            character = self._take()
            if character == "'":
                try:
                    known = _ESCAPE.sub(_as_known, text).encode("latin-1", "backslashreplace")
                    return known.decode("unicode_escape", "replace")
                except UnicodeError:
                    return text
            text += character
            if character == "\\" and self._at < len(self._text):
                text += self._take()
        raise Unreadable

    def _quoted(self, now: _Building, shell: tuple[int, ...]) -> None:
        now.add("")
        now.quoted = True
        while self._at < len(self._text):
            character = self._take()
            match character:
                case '"':
                    return
                case "\\" if self._at < len(self._text):
                    following = self._take()
                    now.add(
                        following if following in '$`"\\' else "" if following == "\n" else "\\" + following
                    )
                case "$" | "`":
                    self._substitution(character, now, shell)
                case _:
                    now.add(character)
        raise Unreadable

    def _substitution(self, character: str, now: _Building, shell: tuple[int, ...]) -> None:
        if character == "`":
            text = ""
            while not self._looks("`"):
                if self._at >= len(self._text):
                    raise Unreadable
                one = self._take()
                text += self._take() if one == "\\" and self._at < len(self._text) else one
            self._at += 1
            self._shells += 1
            inner = _Reader(text)
            inner.commands("", (*shell, self._shells))
            self.found += inner.found
            now.add("\0", known=False)
        elif self._looks("((") and self._arithmetic():
            now.add("\0", known=False)
        elif self._looks("("):
            self._at += 1
            self._inside(shell)
            now.add("\0", known=False)
        elif self._looks("{"):
            self._at += 1
            self._braces(now, shell)
        else:
            name = ""
            while self._at < len(self._text) and (
                self._text[self._at].isalnum() or self._text[self._at] == "_"
            ):
                name += self._take()
            if name:
                now.add(f"\0{name}\0", known=False)
            elif self._at < len(self._text) and self._text[self._at] in "@*#?-$!":
                self._at += 1
                now.add("\0", known=False)
            else:
                now.add("$")

    def _braces(self, now: _Building, shell: tuple[int, ...]) -> None:
        """Between ${ and }: a variable, or one with something done to it, which may hold commands."""
        inner = _Building()
        while not self._looks("}"):
            if self._at >= len(self._text):
                raise Unreadable
            self._part(inner, shell)
        self._at += 1
        plain = inner.text.replace("_", "a").isalnum()
        now.add(f"\0{inner.text}\0" if plain else "\0", known=False)

    def _arithmetic(self) -> bool:
        """Skip a calculation; False where the two parentheses are those of subshells."""
        depth = 0
        for at in range(self._at, len(self._text)):
            character = self._text[at]
            if character in "`" or self._text.startswith("$(", at):
                return False  # it may run commands: they are found as those of a subshell
            depth += {"(": 1, ")": -1}.get(character, 0)
            if depth == 1 and character == ")":
                if not self._text.startswith("))", at):
                    return False
                self._at = at + 2
                return True
        raise Unreadable
