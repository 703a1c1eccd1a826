"""Keys as people write them, as Textual names them, and as they are shown."""

from __future__ import annotations

import string
from typing import Final

from textual.keys import _character_to_key

_NAMED: Final = {
    "escape": "Esc",
    "enter": "Enter",
    "tab": "Tab",
    "space": "Space",
    "backspace": "Backspace",
    "delete": "Del",
    "insert": "Ins",
    "home": "Home",
    "end": "End",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    **{f"f{number}": f"F{number}" for number in range(1, 25)},
}
"""The keys that are no characters: Textual's names, and those that are shown."""

_CHARACTERS: Final = {_character_to_key(one): one for one in string.punctuation}

_SPELLED: Final = {
    **{shown.lower(): name for name, shown in _NAMED.items()},
    **{name: name for name in (*_NAMED, *_CHARACTERS)},
    **{one: name for name, one in _CHARACTERS.items()},
    "return": "enter",
}

_HELD: Final = ("alt", "ctrl", "shift")
"""In the order in which Textual names them."""


def named(word: str) -> str:
    """Textual's name of a key: of `Ctrl+R`, `F10`, `?`, `pgdn`, `S`. Raises `ValueError` where it is none."""
    plus = word == "+" or word.endswith("++")
    *held, key = [*filter(None, word[:-1].split("+")), "+"] if plus else word.split("+")
    modifiers = {one.lower() for one in held}
    if len(modifiers) != len(held) or not modifiers <= set(_HELD):
        raise ValueError(word)
    if len(key) == 1 and key.isalnum():
        return _with_letter(word, modifiers, key)
    name = _SPELLED.get(key) or _SPELLED.get(key.lower())
    if name is None or (name in _CHARACTERS and "shift" in modifiers):
        raise ValueError(word)
    return "+".join((*sorted(modifiers), name))


def _with_letter(word: str, modifiers: set[str], letter: str) -> str:
    """A capital is the letter with Shift; with Ctrl or Alt, letters are written in either way."""
    if modifiers == {"shift"} and letter.isalpha():
        return letter.upper()
    if "shift" in modifiers:
        raise ValueError(word)
    return "+".join((*sorted(modifiers), letter.lower())) if modifiers else letter


def shown(name: str) -> str:
    """A key by Textual's name as it is shown."""
    *held, key = name.split("+")
    word = _NAMED.get(key) or _CHARACTERS.get(key) or (key.upper() if held else key)
    return "+".join((*(one.capitalize() for one in held), word))
