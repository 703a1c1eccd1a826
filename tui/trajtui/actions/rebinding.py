"""The keys that the user's config.toml gives to actions, checked: each key has one action."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Final

from trajcore import BadInput
from trajtui import keynames
from trajtui.actions.table import ACTIONS, BY_NAME, UserAction

TABLE: Final = "[trajtui.keys]"

_LONGEST: Final = 40


def rebound(said: Mapping[str, object]) -> tuple[UserAction, ...]:
    """All actions, those with other keys that are named here. Raises `BadInput`, a line for each fault."""
    keys: dict[str, tuple[str, ...]] = {}
    faults = []
    for name, words in said.items():
        try:
            keys[_checked(name)] = tuple(_named(name, words))
        except BadInput as error:
            faults.append(str(error))
    actions = tuple(_with_keys(action, keys.get(action.name)) for action in ACTIONS)
    faults += _conflicts(actions, keys)
    if faults:
        raise BadInput("\n".join(faults))
    return actions


def _checked(name: str) -> str:
    if name in BY_NAME:
        return name
    near = get_close_matches(name, BY_NAME, 1)
    meant = f"is {near[0]} meant?" if near else "docs/reference.md has all of them, with their keys."
    raise BadInput(f"{TABLE} {name[:_LONGEST]}: there is no such action; {meant}")


def _named(name: str, words: object) -> Iterator[str]:
    """The keys that a text names, with blanks between them."""
    if not isinstance(words, str):
        raise BadInput(f'{TABLE} {name}: expected keys as a text, such as "s f10".')
    for word in words.split():
        try:
            yield keynames.named(word)
        except ValueError:
            raise BadInput(f"{TABLE} {name}: {word[:_LONGEST]!r} is no key.") from None


def _with_keys(action: UserAction, keys: Sequence[str] | None) -> UserAction:
    if keys is None:
        return action
    shown = " ".join(map(keynames.shown, keys))
    return replace(action, bound=" ".join(keys), shown=shown)


def _conflicts(actions: Sequence[UserAction], said: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """A line for each key of the user's that would do two things."""
    of: dict[str, list[str]] = {}
    for action in actions:
        for key in dict.fromkeys(action.keys):
            of.setdefault(key, []).append(action.name)
    for key, names in of.items():
        if len(names) > 1 and not said.keys().isdisjoint(names):
            yield f"{TABLE}: {keynames.shown(key)} is a key of {' and of '.join(names)}."
