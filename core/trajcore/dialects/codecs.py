"""Where a field of an event stands in a record, and how it is written there."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct

from trajcore.errors import BadInput
from trajcore.formats.json.edit import with_value
from trajcore.formats.json.merge import merged
from trajcore.formats.json.reading import as_object


class Codec(NamedTuple):
    """How a value is written inside of another one. `put(old, inside, value)` gives the new outer value."""

    get: Callable[[Any, Sequence[str | int]], Any]
    """The value at a path inside of an outer one. Raises LookupError, TypeError or ValueError."""
    put: Callable[[Any, Sequence[str | int], Any], Any]


def _at(outer: Any, inside: Sequence[str | int]) -> Any:
    for part in inside:
        outer = outer[part]
    return outer


def _in_string(outer: Any, inside: Sequence[str | int]) -> Any:
    return _at(json.loads(outer), inside)


def _put_in_string(outer: Any, inside: Sequence[str | int], value: Any) -> str:
    """The JSON text in a string with one value of it changed; all else of the text stays as it is."""
    raw = str(outer).encode()
    if not inside:
        return merged(raw, json.loads(raw), value).decode()
    return with_value(raw, inside, value).decode()


def _whole(outer: Any, inside: Sequence[str | int], value: Any) -> Any:
    if inside:
        raise LookupError(inside)
    return value


CODECS: Final[dict[str, Codec]] = {
    "plain": Codec(_at, _whole),
    "json": Codec(_in_string, _put_in_string),
}
"""By name: a value as it is, and JSON inside of a string. Dialects may add others of their own."""


class Place(Struct, frozen=True):
    """Where a field stands: in a record, at a path and there, by a codec, how and how deep inside."""

    record: int
    path: tuple[str | int, ...]
    codec: str = "plain"
    inside: tuple[str | int, ...] = ()

    def value(self, text: msgspec.Raw | bytes) -> Any:
        """What the record has there. Raises LookupError, TypeError or ValueError where there is nothing."""
        return CODECS[self.codec].get(_at(as_object(text), self.path), self.inside)

    def written(self, text: bytes, value: Any, *, ascii_only: bool) -> bytes:
        """The record's text with another value there. Raises `BadInput` where it has no such place."""
        try:
            if self.codec == "plain":
                return with_value(text, self.path, value, ascii_only=ascii_only)
            outer = CODECS[self.codec].put(_at(as_object(text), self.path), self.inside, value)
            return with_value(text, self.path, outer, ascii_only=ascii_only)
        except (LookupError, TypeError, ValueError) as error:
            where = ".".join(map(str, (*self.path, *self.inside)))
            raise BadInput(f"record {self.record} has no {where} to be written: {error}.") from None
