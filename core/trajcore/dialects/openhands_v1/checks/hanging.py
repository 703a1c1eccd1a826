"""Faults of the tree: parents that are not there, circles, what was put in and nothing goes on from."""

from __future__ import annotations

from trajcore.dialects.changes import Inserted, Moved
from trajcore.dialects.examined import Stage
from trajcore.dialects.findings import Severity
from trajcore.dialects.openhands_v1.checks.case import MESSAGE, PROMPT, Case, fresh_id, repair, short
from trajcore.dialects.openhands_v1.tree import BESIDE, ROOT
from trajcore.formats.json.reading import as_object
from trajcore.formats.json.style import style_of

_PREFIX = 3
"""Among so many events at the beginning a user's message is not taken without a system prompt."""
_PROMPT = "You are a coding agent. You work on what the user asks for with the tools that you are given."


def check_tree(case: Case) -> None:
    """Parents, circles, and what is passed over."""
    _parents(case)
    _circles(case)
    _passed_over(case)


def _parents(case: Case) -> None:
    replaced: dict[str, int | None] = {}
    for record in case.records:
        named = case.key(record).parent_id
        if named is None or named == ROOT or named in case.ids:
            continue
        parent = replaced.setdefault(named, case.before(record))
        text = f"it hangs on event {short(named)}, which is not there"
        mend = repair(f"hang it on {case.told(parent)}", [case.hung(record, parent)])
        case.fault(record, "parent", text, Stage.TREE, mend)


def _circles(case: Case) -> None:
    parents, done = case.tree.parents, set[int]()
    for record in case.records:
        path: list[int] = []
        at: int | None = record
        while at is not None and at not in done and at not in path:
            path.append(at)
            at = parents[at]
        done.update(path)
        if at is None or at not in path:
            continue
        first = min(path[path.index(at) :])
        parent = case.before(first)
        text = f"it hangs on {case.told(parents[first])}, and that in the end on it"
        mend = repair(f"hang it on {case.told(parent)}", [case.hung(first, parent)])
        case.fault(first, "circle", text, Stage.TREE, mend)


def _passed_over(case: Case) -> None:
    """An event that nothing hangs on, while the next one hangs on what it does itself."""
    if not case.has_parents:
        return
    parents, active = case.tree.parents, set(case.tree.active)
    asked = set(parents.values())
    able = [at for at in case.records if case.key(at).kind and case.key(at).kind not in BESIDE]
    for at, record in enumerate(able[:-1]):
        behind = able[at + 1]
        if record in active or record in asked or parents[record] != parents[behind] or behind not in active:
            continue
        text = f"{case.told(behind)} behind it hangs on what it hangs on itself: no model is shown it"
        mend = repair(f"hang {case.told(behind)} on it", [case.hung(behind, record)])
        case.fault(record, "passed-over", text, Stage.TREE, mend, severity=Severity.WARNING)


def check_prompt(case: Case) -> None:
    """A user's message at the beginning, and no system prompt there."""
    first = case.records[:_PREFIX]
    kinds = [case.key(at).kind for at in first]
    asks = any(case.key(at).kind == MESSAGE and case.key(at).source == "user" for at in first)
    if PROMPT in kinds or not asks or not case.main:
        return
    text = "a message of the user's, and no system prompt before it: OpenHands goes no further"
    later = next((at for at in case.records if case.key(at).kind == PROMPT and at in case.tree.active), None)
    if later is not None:
        mend = repair(f"move {case.told(later)} to the beginning", [Moved((later,), first[0])], follow=True)
    else:
        near = case.text(first[0])
        event = {
            "id": fresh_id("system prompt", near.hex()),
            "timestamp": str(case.data(first[0]).get("timestamp") or ""),
            "source": "agent",
            **({"parent_id": ROOT} if case.has_parents else {}),
            "system_prompt": {"type": "text", "text": _PROMPT},
            "tools": [],
        }
        is_first = next(iter(as_object(near)), "") == "kind"
        event = {"kind": PROMPT, **event} if is_first else {**event, "kind": PROMPT}
        made = style_of(near, ascii_only=near.isascii()).written(event)
        words = "put a short one before it, which can be edited (the former one is lost)"
        mend = repair(words, [Inserted(first[0], (made,))], follow=True)
    case.fault(first[0], "no-prompt", text, Stage.PROMPT, mend)
