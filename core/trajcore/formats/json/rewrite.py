"""Putting a text that somebody typed in the place of a JSON text: what means the same keeps its bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, Final

from msgspec import Struct

from trajcore.formats.json.edit import Member, members, skip_string
from trajcore.formats.json.style import Style, style_of


class _Spelled(str):
    """A number as it is spelled, which is no string."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Spelled) and str.__eq__(self, other)

    __hash__ = str.__hash__


class _Object(Struct, frozen=True):
    """An object with its keys in order; of repeated ones the last value counts."""

    items: tuple[tuple[str, Any], ...]


def _in_order(pairs: list[tuple[str, Any]]) -> _Object:
    return _Object(tuple(dict(pairs).items()))


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_in_order, parse_int=_Spelled, parse_float=_Spelled, parse_constant=_Spelled
)


def rewritten(raw: bytes, typed: str, *, ascii_only: bool) -> bytes:
    """The JSON object `raw` with the content of `typed`, which is a JSON object too.

    What is equal keeps its bytes; the rest is as it was typed, indented and escaped as `raw` is.
    """
    style = style_of(raw, ascii_only=ascii_only)
    return _over(raw.decode(), typed.strip(), style).encode()


def _over(old: str, new: str, style: Style) -> str:
    """`new` written over `old`; `style.outer` is the indentation of the line on which it begins."""
    if _value(old) == _value(new):
        return old
    if old[0] != new[0] or old[0] not in "{[":
        return _styled(new, style)
    before, after = list(members(old)), list(members(new))
    if not before or not after:
        return _styled(new, style)
    inner = _inside(old, before, style)
    return _object(old, new, before, after, inner) if old[0] == "{" else _list(old, new, before, after, inner)


def _object(old: str, new: str, before: list[Member], after: list[Member], inner: Style) -> str:
    known = {member.key: member for member in before}
    typed = {member.key: member for member in after}
    entries: list[_Entry] = []
    colon = old[skip_string(old, before[0].begin) : before[0].value]
    for key, member in typed.items():
        value = new[member.value : member.end]
        if key in known:
            place = known[key]
            text = old[place.begin : place.value] + _over(old[place.value : place.end], value, inner)
            entries.append(_Entry(place, text))
        else:
            name = new[member.begin : skip_string(new, member.begin)]
            entries.append(_Entry(None, _styled(name, inner) + colon + _styled(value, inner)))
    return _joined(old, before, entries, inner)


def _list(old: str, new: str, before: list[Member], after: list[Member], inner: Style) -> str:
    olds = [old[member.value : member.end] for member in before]
    news = [new[member.value : member.end] for member in after]
    entries: list[_Entry]
    if len(olds) == len(news):
        pairs = zip(before, olds, news, strict=True)
        entries = [_Entry(member, _over(one, other, inner)) for member, one, other in pairs]
        return _joined(old, before, entries, inner)
    left, right = [*map(_value, olds)], [*map(_value, news)]
    shorter = min(len(left), len(right))
    head = _alike(left, right, shorter)
    tail = _alike(left[::-1], right[::-1], shorter - head)
    entries = [_Entry(before[at], olds[at]) for at in range(head)]
    entries += [_Entry(None, _styled(text, inner)) for text in news[head : len(news) - tail]]
    entries += [_Entry(before[at], olds[at]) for at in range(len(olds) - tail, len(olds))]
    return _joined(old, before, entries, inner)


class _Entry(Struct, frozen=True):
    """One member of the new text, and the old one that it continues, if any."""

    place: Member | None
    text: str


def _joined(old: str, before: list[Member], entries: Sequence[_Entry], inner: Style) -> str:
    """The members in the brackets of the old text; old neighbours keep what stands between them."""
    between = {(one.begin, other.begin): old[one.end : other.begin] for one, other in pairwise(before)}
    usual = next(iter(between.values()), None)
    if usual is None:
        usual = "," + inner.newline + inner.outer if inner.step is not None else inner.comma
    text = old[: before[0].begin]
    last: Member | None = None
    for number, entry in enumerate(entries):
        if number:
            known = (last.begin, entry.place.begin) if last and entry.place else None
            text += between.get(known, usual) if known else usual
        text += entry.text
        last = entry.place
    return text + old[before[-1].end :]


def _inside(old: str, before: list[Member], style: Style) -> Style:
    """The style of what is inside of a container, indented as its members are."""
    opening = old[1 : before[0].begin]
    if "\n" not in opening:
        return replace(style, step=None)
    return replace(style, outer=opening.rpartition("\n")[2])


def _styled(typed: str, style: Style) -> str:
    """A typed value in another style; numbers and strings stay as they were typed."""
    found = list(members(typed))
    if not found:
        if typed[0] in "{[":
            return typed[0] + typed[-1]
        escape = style.ascii_only and not typed.isascii()
        return json.dumps(json.loads(typed)) if escape else typed
    inner = style if style.step is None else replace(style, outer=style.outer + style.step)
    parts = [_member(typed, member, inner) for member in found]
    if style.step is None:
        return typed[0] + style.comma.join(parts) + typed[-1]
    line = style.newline + inner.outer
    return typed[0] + line + f",{line}".join(parts) + style.newline + style.outer + typed[-1]


def _member(typed: str, member: Member, inner: Style) -> str:
    value = _styled(typed[member.value : member.end], inner)
    if typed[0] == "[":
        return value
    key = typed[member.begin : skip_string(typed, member.begin)]
    return _styled(key, inner) + inner.colon + value


def _value(text: str) -> Any:
    return _DECODER.decode(text)


def _alike(one: Sequence[Any], other: Sequence[Any], most: int) -> int:
    count = 0
    while count < most and one[count] == other[count]:
        count += 1
    return count
