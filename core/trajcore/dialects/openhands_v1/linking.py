"""What follows from an edit of records: what each event hangs on, where the conversation goes on."""

from __future__ import annotations

from collections.abc import Sequence

from trajcore.dialects.base import Changes, Rewritten, Text
from trajcore.dialects.openhands_v1.tree import BESIDE, ROOT, Tree, names_parents
from trajcore.dialects.openhands_v1.wire import Log, logs
from trajcore.formats.json.edit import with_value


def relinked(before: Sequence[Text], after: Sequence[Text]) -> Changes:
    """Events whose neighbours on a branch have changed hang on their new ones; the leaf goes along.

    What was wrong before, a parent that is not there or a circle, stays as it was. A log that names no
    parents is a chain, and gets none: what wrote it would refuse them.
    """
    texts: dict[int, bytes] = {}
    for was, now in zip(logs(before), logs(after), strict=False):
        _relink(was, now, after, texts)
    return [Rewritten(record, text) for record, text in sorted(texts.items())]


def _relink(was: Log, now: Log, after: Sequence[Text], texts: dict[int, bytes]) -> None:
    """One conversation, into the texts of its records."""
    old, new = Tree(was), Tree(now)
    branch = _branch(was, now, old)
    if names_parents(was.keys.values()):
        for record, wanted in _wanted(was, now, old, branch).items():
            if _hangs_elsewhere(was, now, new, record, wanted):
                texts[record] = _with_parent(bytes(after[record]), wanted)
    if now.state is not None and branch:
        leaf, named = now.keys[branch[-1]].id, now.keys[now.state].leaf_event_id
        moved = was.state is not None and was.keys[was.state].leaf_event_id != named
        if not moved and leaf not in (None, named) and old.record(named) is not None:
            texts[now.state] = with_value(bytes(after[now.state]), ("leaf_event_id",), leaf)


def _branch(was: Log, now: Log, old: Tree) -> list[int]:
    """The active branch after the edit, by records: what is left of it, with what is new."""
    on_branch = {was.keys[record].id for record in old.active}
    known = {was.keys[record].id for record in was.records}
    return [
        record
        for record in now.records
        if (key := now.keys[record]).id is not None
        and (key.id in on_branch or (key.id not in known and key.kind not in BESIDE))
    ]


def _wanted(was: Log, now: Log, old: Tree, branch: Sequence[int]) -> dict[int, str | None]:
    """What each event is to hang on, by record: the id of another, None for nothing."""
    here = {now.keys[record].id for record in now.records}
    places = {record: at for at, record in enumerate(branch)}
    wanted: dict[int, str | None] = {}
    last: str | None = None
    for record in now.records:
        id = now.keys[record].id
        if id is None:
            continue
        if record in places:
            wanted[record] = last
            last = id
            continue
        before = old.record(id)
        if before is None:
            wanted[record] = last
            continue
        above = old.parents[before]
        seen: set[int] = set()
        while above is not None and was.keys[above].id not in here and above not in seen:
            seen.add(above)
            above = old.parents[above]
        wanted[record] = None if above is None else was.keys[above].id
    return wanted


def _hangs_elsewhere(was: Log, now: Log, new: Tree, record: int, wanted: str | None) -> bool:
    """Whether an event hangs on something else than it is to, or names what an edit took away."""
    named = now.keys[record].parent_id
    if named not in (None, ROOT) and new.record(named) is None:
        taken = any(was.keys[at].id == named for at in was.records)
        return taken or _damaged(now) < _damaged(was)
    above = new.parents[record]
    if above is not None and now.keys[above].id is None:
        return False  # it is damaged, and may well be what the event hangs on
    return (None if above is None else now.keys[above].id) != wanted


def _damaged(log: Log) -> int:
    return sum(log.keys[record].id is None for record in log.records)


def _with_parent(text: bytes, parent: str | None) -> bytes:
    return with_value(text, ("parent_id",), ROOT if parent is None else parent)
