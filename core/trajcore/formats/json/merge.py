"""Writing a value over the JSON text of an older one: what is equal in both keeps its bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trajcore.formats.json.edit import Path, with_value, without_value

Difference = tuple[tuple[str | int, ...], Any]
"""A place, and the value that belongs there; `GONE` where nothing does."""


class _Gone:
    """Stands for no value."""


GONE = _Gone()


def merged(raw: bytes, old: Any, new: Any) -> bytes:
    """`raw`, which is the JSON text of the object `old`, as the text of `new`.

    Members of objects that are equal in both stay as they are written; new ones stand behind the others.
    """
    for place, value in differences(old, new):
        raw = without_value(raw, place) if value is GONE else with_value(raw, place, value)
    return raw


def differences(old: Any, new: Any, place: Path = ()) -> Iterator[Difference]:
    """Where two JSON values differ, as deep as both are objects, or lists of one length."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in old:
            if key in new:
                yield from differences(old[key], new[key], (*place, key))
            else:
                yield (*place, key), GONE
        for key in new:
            if key not in old:
                yield (*place, key), new[key]
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from differences(one, other, (*place, number))
    elif not _same(old, new):
        yield tuple(place), new


def _same(old: Any, new: Any) -> bool:
    """Whether two values are the same JSON: 1 is not 1.0 and not true, NaN is itself."""
    if isinstance(old, float) and isinstance(new, float):
        return old == new or (old != old and new != new)
    return type(old) is type(new) and bool(old == new)
