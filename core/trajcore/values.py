"""The value of a setting, made of what stands for it in a file, a variable or a call."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from trajcore.errors import BadInput
from trajcore.masking import without_accounts
from trajcore.options import Key, Tables

_LARGEST_NUMBER: Final = 10**12
"""Of what is counted or waited for; more cannot be asked of a machine."""
_LONGEST: Final = 200
"""So many characters of a value that cannot be used are shown."""


def _number(kind: type[int | float], value: Any) -> int | float:
    """Raises `ValueError`, `OverflowError`."""
    number = kind(value)
    if not abs(number) <= _LARGEST_NUMBER:  # nan is not, either
        raise ValueError
    return number


def _flag(value: Any) -> bool:
    """Raises `ValueError`, `KeyError`."""
    return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[str(value).lower()]


_FROM_TEXT: Final[dict[type, Callable[[Any], Any]]] = {
    bool: _flag,
    int: partial(_number, int),
    float: partial(_number, float),
    str: str,
}


def converted(key: Key, value: Any, where: str) -> Any:
    """`value` as the type of its setting. Raises `BadInput` naming `where` it stands."""
    if key.kind in _WHOLE:
        if not _WHOLE[key.kind](value):
            raise BadInput(f"{where}: expected {_KINDS[key.kind]}, got {_masked(key, value)}.")
        return value
    usable = isinstance(value, str | int | float) and (key.kind is bool or not isinstance(value, bool))
    if key.kind is int and isinstance(value, float) and not value.is_integer():
        usable = False
    try:
        if usable:
            return _FROM_TEXT[key.kind](value)
    except (ValueError, KeyError, OverflowError):
        pass
    raise BadInput(f"{where}: expected {_KINDS[key.kind]}, got {_masked(key, value)}.")


def _all_of(kind: type, value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, kind) for one in value)


_WHOLE: Final[dict[type, Callable[[Any], bool]]] = {
    list: partial(_all_of, str),
    Tables: partial(_all_of, dict),
    dict: lambda value: isinstance(value, dict),
}
"""What is taken as it stands, and what it has to be."""

_KINDS: Final = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a text",
    list: "a list of regular expressions",
    Tables: "a list of tables",
    dict: "a table",
}


def _masked(key: Key, value: Any) -> str:
    if key.secret:
        return "something else"
    try:
        text = without_accounts(repr(value))
    except ValueError:  # very many digits
        return "a number that is too long"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
