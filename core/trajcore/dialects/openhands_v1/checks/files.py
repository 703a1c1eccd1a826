"""Faults of files: what cannot be read, what is called by another name, index or id than it has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from trajcore.dialects.changes import Moved, RecordChange, Refiled, Removed, Rewritten
from trajcore.dialects.examined import Kept, Stage
from trajcore.dialects.findings import Repair
from trajcore.dialects.openhands_v1.checks.case import HEX, Case, fresh_id, id_in, repair, short
from trajcore.formats.eventnames import INDEXED, STATE, STYLES, Style
from trajcore.formats.json.edit import with_value, without_value
from trajcore.formats.json.merge import merged

_NAMING: Final = ("id", "parent_id", "action_id", "message_id", "leaf_event_id", "last_user_message_id")
"""Fields that hold the id of an event."""


def is_state(file: str) -> bool:
    """Whether a file is that of a state."""
    return file.rsplit("/", 1)[-1] == STATE


def states_that_are_none(kept: Kept, states: set[int]) -> list[int]:
    """The files of states that cannot be read, or are no states."""
    return [at for at, file in enumerate(kept.files) if is_state(file) and at not in states]


def damage(kept: Kept, record: int) -> str:
    """Where a file breaks, without its name, which is told beside it."""
    _, found, behind = kept.damaged[record].partition(kept.file(record))
    return f"it{behind}" if found else kept.damaged[record]


def check_files(case: Case) -> None:
    """Damage, indices, names and ids, of records that have files of their own."""
    if not case.kept.files:
        _same_ids(case)
        return
    for record in case.records:
        if case.is_damaged(record):
            aside = repair("move what is left of it aside, into damaged/", [Removed((record,))], follow=True)
            case.fault(record, "damaged", damage(case.kept, record), Stage.FILES, aside)
    _indices(case)
    for record in case.records:
        if not case.is_damaged(record):
            _id_of(case, record)
    _same_ids(case)


def _style(file: str) -> tuple[Style, re.Match[str]] | None:
    name = file.rsplit("/", 1)[-1]
    found = ((style, style.name.fullmatch(name)) for style in STYLES if style.made)
    return next(((style, match) for style, match in found if match), None)


def _indices(case: Case) -> None:
    """What stands at an index that it should not have; one repair gives new ones to all from there on."""
    expected, faults = 0, []
    for record in case.records:
        file = case.kept.file(record)
        style = _style(file)
        if style is None:
            continue
        index = int(style[1]["index"])
        said = _misplaced(file, style[0], index, expected)
        if said:
            faults.append((record, *said))
        expected = max(expected, index + 1)
    able = [record for record, _, _ in faults if not case.is_damaged(record)]
    if not able:
        mends: tuple[Repair, ...] = ()
    else:
        words = f"number the files without a gap from {case.kept.file(able[0])} on"
        mends = (repair(words, [Refiled(able[0])]),)
    for record, code, text in faults:
        swapped = _swapped(case, record) if code == "second-file" else None
        case.fault(record, code, text, Stage.FILES, *((swapped,) if swapped else mends))


def _swapped(case: Case, record: int) -> Repair | None:
    """Of two files with one index, the one that came first before the other."""
    at = case.records.index(record)
    other = case.records[at - 1]
    if case.is_damaged(record) or case.is_damaged(other):
        return None
    if case.has_parents:
        is_later = case.key(other).parent_id == case.key(record).id
    else:
        is_later = str(case.data(other).get("timestamp")) > str(case.data(record).get("timestamp"))
    return (
        repair("put it before the other one, and number them", [Moved((record,), other)])
        if is_later
        else None
    )


def _misplaced(file: str, style: Style, index: int, expected: int) -> tuple[str, str] | None:
    if index < expected:
        return "second-file", f"a second file with the index {index}, of which OpenHands takes one"
    if index > expected:
        missing = f"{expected}" if index == expected + 1 else f"{expected} to {index - 1}"
        return "gap", f"there is no file with the index {missing} before it: OpenHands reads up to there"
    name = file.rsplit("/", 1)[-1]
    digits = re.match(r"event[-_](\d+)", name)
    if digits and digits[1] != re.split(r"[-_]", style.made.format(index, ""))[1].removesuffix(".json"):
        return "file-name", f"its index is not written as {style.made.format(index, 'ID')} has it"
    return None


def _id_of(case: Case, record: int) -> None:
    """The id in the name of the file is the one that it is found by, that inside the one it goes by."""
    file, own = case.kept.file(record), case.data(record).get("id")
    named = id_in(file)
    if not named:
        return
    if own == named:
        if _style(file) is not None and INDEXED.name.fullmatch(file.rsplit("/", 1)[-1]):
            _readable(case, record, named)
        return
    asked = set(_named_ids(case))
    if not isinstance(own, str) or not own or (named in asked and own not in asked and HEX.fullmatch(named)):
        text = with_value(case.text(record), ("id",), named)
        mend = repair(f"give it the id in the name of its file, {short(named)}", [Rewritten(record, text)])
    else:
        mend = repair("name its file by its id", [Refiled(record)])
    case.fault(record, "other-id", f"the event in it has another id, {str(own)[:60]!r}", Stage.FILES, mend)


def _named_ids(case: Case) -> Iterator[str]:
    for key in case.log.keys.values():
        yield from filter(None, (key.parent_id, key.action_id, key.message_id, key.leaf_event_id))


def _readable(case: Case, record: int, id: str) -> None:
    if HEX.fullmatch(id):
        return
    new = fresh_id(id)
    text = f"OpenHands sees no file whose id is not hexadecimal: {short(id)}"
    words = f"give it the id {new}, and let all that name it name that"
    changes: list[RecordChange] = [*_renamed(case, id, new), Refiled(record)]
    case.fault(record, "id-form", text, Stage.FILES, repair(words, changes))


def _renamed(case: Case, old: str, new: str) -> Iterator[Rewritten]:
    """Each record that names an id, with another one."""
    state = [] if case.log.state is None else [case.log.state]
    for record in (*state, *case.records):
        text = case.text(record)
        if case.is_damaged(record) or old.encode() not in text:
            continue
        data = case.data(record)
        made = {key: new if key in _NAMING and value == old else value for key, value in data.items()}
        for key in ("forgotten_event_ids", "risks", "blocked_actions", "blocked_messages"):
            made[key] = _with(made.get(key), old, new)
            if made[key] is None:
                made.pop(key)
        if made != data:
            yield Rewritten(record, merged(text, data, made))


def _with(names: Any, old: str, new: str) -> Any:
    if isinstance(names, list):
        return [new if name == old else name for name in names]
    if isinstance(names, dict):
        return {new if name == old else name: value for name, value in names.items()}
    return names


def _same_ids(case: Case) -> None:
    first: dict[str, int] = {}
    for record in case.records:
        id = case.key(record).id
        if id is None or first.setdefault(id, record) == record:
            continue
        other = first[id]
        where = case.kept.file(other) or f"the {case.records.index(other) + 1}. event"
        text = f"{where} has the id {short(id)} too, of which OpenHands takes the first"
        if _apart_from_parent(case, record) == _apart_from_parent(case, other):
            mend = repair("take this copy of the same event out", [Removed((record,))])
        else:
            new = fresh_id(id, case.text(record).hex())
            named = Rewritten(record, with_value(case.text(record), ("id",), new))
            changes: list[RecordChange] = [named, Refiled(record)]
            mend = repair(f"give this one the id {new}", changes)
        case.fault(record, "same-id", text, Stage.FILES, mend)


def _apart_from_parent(case: Case, record: int) -> bytes:
    text = case.text(record)
    return without_value(text, ("parent_id",)) if "parent_id" in case.data(record) else text
