"""What is shown of an event: its own text, and what came back for an action, as blocks of plain data."""

from __future__ import annotations

from typing import Any, Final

from trajcore.dialects import canonical
from trajcore.events.head import Head
from trajcore.events.kinds import EDIT, THINK, action_kind
from trajcore.longtext import LongText
from trajcore.session import Session
from trajcore.text import safe_line
from trajcore.views.blocks import BLANK, Block, BlockKind, output, prose
from trajcore.views.folding import Fold
from trajcore.views.observations import added_answer, changed_by, contents_of, observations, seen_of
from trajcore.views.timeline import Row

_THOUGHT: Final = Fold(8)


def blocks_for(session: Session, row: Row | None) -> tuple[Block, ...]:
    """The view of a row: a recorded event, or one that this run added."""
    if row is None:
        return ()
    if row.entry is not None:
        return tuple(_added(session, row.entry))
    index = row.index(session.trajectory)
    if index is None:
        return ()
    blocks = said_of(session, row)
    if session.trajectory.head(index).is_action:
        blocks += observations(session, index)
    if session.trajectory.damage(index):
        stored = session.trajectory.as_stored(index).decode("utf-8", "replace")
        blocks = [*blocks[:1], BLANK, output(stored)]
    problems = session.trajectory.problems(index)
    return (
        *(Block(BlockKind.BAD, f"invalid: {safe_line(p)}") for p in problems),
        *_overtaken(session, index),
        *blocks,
    )


def said_of(session: Session, row: Row) -> list[Block]:
    """The event of a row by itself, below its heading: without what came back for it."""
    if row.entry is not None:
        entry = session.run.entries[row.entry]
        return _event(entry.head, entry.data(), f"{entry.label} · added in this run")
    index = row.index(session.trajectory)
    if index is None:
        return []
    head = session.trajectory.head(index)
    changed = changed_by(session, index) if head.kind == EDIT else ""
    data, content = seen_of(session, index)
    blocks = _event(head, data, session.trajectory.label(index), changed, content)
    typed = session.replacement_of(index)
    if typed is None:
        return blocks
    return [blocks[0], BLANK, prose(typed), *_replaced(session, session.trajectory.uid(index))]


def _replaced(session: Session, uid: int) -> list[Block]:
    """What was recorded where the user's own message stands in this run."""
    index = session.recording.index_of_uid(uid)
    if index is None:
        return []
    title = Block(BlockKind.NOTE, "── recorded ──")
    return [BLANK, title, BLANK, prose(session.recording.head(index).text)]


def _added(session: Session, place: int) -> list[Block]:
    """An event that this run added, and what came back for it."""
    came = added_answer(session, place)
    return [*said_of(session, Row(None, place)), *(came.blocks if came else ())]


def _overtaken(session: Session, index: int) -> list[Block]:
    """What an edit, or a way back, means for what has been played already."""
    if session.remade is not None and session.remade[0] == index:
        what = safe_line(session.remade[1])
        return [Block(BlockKind.BAD, f"remade: executed again on a way back, with another result ({what})")]
    if index in session.stale:
        played = session.run.holds(session.trajectory.uid(index))
        what = "stale: played before this edit" if played else "not played: the run was past here already"
        return [Block(BlockKind.BAD, f"{what} · t goes back to here")]
    first = session.first_stale
    if first is not None and first < index < session.position:
        label = session.trajectory.label(first)
        return [Block(BlockKind.BAD, f"downstream: played before the edit at event {label}")]
    return []


def _event(
    head: Head, data: dict[str, Any], label: str, changed: str = "", content: LongText | None = None
) -> list[Block]:
    when = safe_line(head.timestamp or "").replace("T", " ")[:19]
    title = f"{safe_line(head.source or 'no source')} · {safe_line(head.kind)} · {label}"
    blocks = [Block(BlockKind.HEADING, f"{title}{'   ' + when if when else ''}")]
    from trajcore.views.bodies import action_body  # typed events come with the first that is looked at

    if not head.is_action:
        return [*blocks, BLANK, *contents_of(data, content)]
    args = canonical.arguments(data)
    thought = args.get("thought")
    if isinstance(thought, str) and thought.strip():
        blocks += [BLANK, prose(thought, None if head.kind == THINK else _THOUGHT)]
    body = action_body(action_kind(head.action), args, changed)
    return [*blocks, BLANK, *body] if body else blocks
