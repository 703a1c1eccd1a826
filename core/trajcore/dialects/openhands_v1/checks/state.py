"""Faults of the state of a conversation: what it is called, how it stands, where it goes on."""

from __future__ import annotations

import re
import uuid
from typing import Final

from trajcore.dialects.changes import Removed, Rewritten
from trajcore.dialects.examined import Fault, Kept, Stage
from trajcore.dialects.findings import Severity
from trajcore.dialects.openhands_v1.checks.case import Case, repair, short
from trajcore.dialects.openhands_v1.checks.files import damage
from trajcore.dialects.openhands_v1.checks.known import STATUSES
from trajcore.dialects.openhands_v1.tree import BESIDE
from trajcore.formats.eventnames import STATE
from trajcore.formats.json.edit import with_value

_HEX: Final = re.compile(r"[0-9a-f]{32}")
_NEEDED: Final = ("agent", "workspace")


def no_state(kept: Kept, record: int) -> Fault:
    """The fault of a state that cannot be read, or is none: without one OpenHands begins a new state."""
    text = "it is no state of a conversation: it has no id, agent and workspace"
    if record in kept.damaged:
        text = damage(kept, record)
    aside = repair("move it aside, into damaged/: OpenHands makes a new one", [Removed((record,))])
    is_main = "/" not in kept.file(record) or not kept.file(record).startswith("subagents/")
    return Fault(record, "no-state", text, Stage.FILES, (aside,) if is_main else ())


def check_state(case: Case) -> None:
    """Its id, its status and its leaf."""
    record = case.log.state
    if record is None:
        return
    data = case.data(record)
    missing = [key for key in _NEEDED if not isinstance(data.get(key), dict)]
    if missing and case.main:
        text = f"it has no {' and no '.join(missing)}, without which OpenHands takes no state"
        aside = repair("move it aside, into damaged/: OpenHands makes a new one", [Removed((record,))])
        case.fault(record, "no-state", text, Stage.FILES, aside)
    _check_id(case, record)
    status = data.get("execution_status")
    if status is not None and status not in STATUSES:
        text = f"OpenHands knows no execution_status {str(status)[:40]!r}"
        mend = repair("set it to idle", [_with(case, record, "execution_status", "idle")])
        case.fault(record, "status", text, Stage.FIELDS, mend)
    _check_leaf(case, record)


def _check_id(case: Case, record: int) -> None:
    """A conversation is asked for by the name of its directory."""
    place = f"{case.kept.directory}/{case.kept.file(record)}"
    name = place.removesuffix(f"/{STATE}").rsplit("/", 1)[-1]
    if not case.kept.directory or not _HEX.fullmatch(name):
        return
    own = case.data(record).get("id")
    if str(own).replace("-", "").lower() != name:
        right = str(uuid.UUID(name))
        text = f"its id {str(own)[:40]!r} is not that of its directory, by which OpenHands asks for it"
        mend = repair(f"set it to {right}", [_with(case, record, "id", right)])
        case.fault(record, "state-id", text, Stage.FIELDS, mend)


def _check_leaf(case: Case, record: int) -> None:
    leaf = case.key(record).leaf_event_id
    if leaf is not None and leaf not in case.ids:
        last = case.tree.leaf
        text = f"it goes on from event {short(leaf)}, which is not there"
        if last is None or case.key(last).id is None:
            return
        mend = repair(
            f"go on from the last event, {case.told(last)}",
            [_with(case, record, "leaf_event_id", case.key(last).id)],
        )
        case.fault(record, "leaf", text, Stage.LEAF, mend)
    elif leaf is not None:
        _check_what_follows(case, record)


def _check_what_follows(case: Case, state: int) -> None:
    """Events behind the one it goes on from, which no other branch has: they may have been forgotten."""
    leaf = case.tree.leaf
    able = [at for at in case.records if case.key(at).kind and case.key(at).kind not in BESIDE]
    if leaf is None or not able or able[-1] == leaf or leaf not in case.tree.path(able[-1]):
        return
    count = len([at for at in case.tree.path(able[-1]) if at > leaf])
    what = "an event hangs" if count == 1 else f"{count} events hang"
    text = f"it goes on from {case.told(leaf)}, and {what} on that, which no model is shown"
    words = f"go on from the last of them, {case.told(able[-1])}"
    mend = repair(words, [_with(case, state, "leaf_event_id", case.key(able[-1]).id)])
    case.fault(state, "leaf-behind", text, Stage.LEAF, mend, severity=Severity.WARNING)


def _with(case: Case, record: int, key: str, value: object) -> Rewritten:
    return Rewritten(record, with_value(case.text(record), (key,), value))
