"""What the shape of a record is asked for: never an error, whatever is in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Object = Mapping[str, Any]
Objects = Sequence[Object]


def objects_among(found: Sequence[object]) -> list[Object]:
    """The objects among some records, and those in lists among them: pairs, or one list a line."""
    flat = [inside for record in found for inside in (record if isinstance(record, list) else [record])]
    return [record for record in flat if isinstance(record, dict)]


def list_in(record: Object, key: str) -> list[Any]:
    """The list that a key holds, or an empty one."""
    value = record.get(key)
    return value if isinstance(value, list) else []


def object_in(record: Object, key: str) -> Object:
    """The object that a key holds, or an empty one."""
    value = record.get(key)
    return value if isinstance(value, dict) else {}


def objects_in(record: Object, key: str) -> list[Object]:
    """The objects in the list that a key holds."""
    return objects_among(list_in(record, key))


def word(record: Object, key: str) -> str:
    """The string that a key holds, or an empty one."""
    value = record.get(key)
    return value if isinstance(value, str) else ""


def has_texts(record: Object, *keys: str) -> bool:
    """Whether each of some keys holds a string."""
    return all(isinstance(record.get(key), str) for key in keys)


def mostly(members: Sequence[Any], is_one: Callable[[Any], bool]) -> bool:
    """Whether there are members, and half of them or more are of a kind: some agents mix in others."""
    return bool(members) and 2 * sum(map(is_one, members)) >= len(members)
