"""IPython's own syntax made Python: `%magic`, `%%magic`, `!command`, `x = !command`, `name?`."""

import ast
import io
import re
import tokenize
from typing import Callable, List, Optional

_CELL = re.compile(r"\s*%%(\w+)[ \t]*([^\n]*)(?:\n|$)(.*)", re.DOTALL)
_LINE = re.compile(r"^(\s*)(?:([\w.,\[\]'\"* ]+?)\s*=\s*)?(!!|!|%)(.*)$")
_HELP = re.compile(r"^(\s*)\??\??(%{0,2}[\w.*]+)\?{1,2}\s*$")
_BARE = re.compile(r"^(\s*)(\w+)(\s+[^\s=(,.\[+*%&|^<>!:].*)?$")
_OPEN = "EOF in multi-line"


def transformed(code: str, is_bare_magic: Callable[[str], bool]) -> str:
    """`code` as Python. `is_bare_magic` says whether a word at the start of a line names a magic."""
    cell = _CELL.match(code)
    if cell:
        name, line, body = cell.groups()
        body += "\n" if body and not body.endswith("\n") else ""
        return "get_ipython().run_cell_magic({!r}, {!r}, {!r})\n".format(name, line.strip(), body)
    try:
        ast.parse(code)
        lines = code.split("\n")
        if not any(_is_bare(line, is_bare_magic) for line in lines):
            return code
    except (SyntaxError, ValueError):
        lines = code.split("\n")
    done: List[str] = []
    while lines:
        line = lines.pop(0)
        changed = _changed(line, is_bare_magic)
        if changed is not None and not _is_open(done):
            while line.endswith("\\") and lines:
                line = line[:-1] + lines.pop(0).lstrip()
            changed = _changed(line, is_bare_magic)
        else:
            changed = None
        done.append(line if changed is None else changed)
    return "\n".join(done)


def _is_bare(line: str, is_bare_magic: Callable[[str], bool]) -> bool:
    found = _BARE.match(line)
    return found is not None and is_bare_magic(found.group(2))


def _changed(line: str, is_bare_magic: Callable[[str], bool]) -> Optional[str]:
    found = _LINE.match(line)
    if found:
        indent, target, sign, rest = found.groups()
        return indent + (target + " = " if target else "") + _call(sign, rest, target is not None)
    asked = _HELP.match(line)
    if asked and "?" in line:
        return "{}get_ipython().run_line_magic('pinfo', {!r})".format(asked.group(1), asked.group(2))
    if _is_bare(line, is_bare_magic):
        bare = _BARE.match(line)
        assert bare is not None
        return bare.group(1) + _call("%", bare.group(2) + (bare.group(3) or ""), False)
    return None


def _call(sign: str, rest: str, assigned: bool) -> str:
    if sign == "%":
        name, _, line = rest.strip().partition(" ")
        return "get_ipython().run_line_magic({!r}, {!r})".format(name, line.strip())
    method = "getoutput" if assigned or sign == "!!" else "system"
    return "get_ipython().{}({!r})".format(method, rest.strip())


def _is_open(lines: List[str]) -> bool:
    """Whether a string or a bracket that began in `lines` goes on behind them."""
    if lines and lines[-1].endswith("\\"):
        return True
    try:
        for _ in tokenize.generate_tokens(io.StringIO("\n".join(lines) + "\n").readline):
            pass
    except tokenize.TokenError as error:
        return _OPEN in str(error) or "unexpected EOF" in str(error)
    except SyntaxError:
        return False
    return False
