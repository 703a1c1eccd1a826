"""What is shown of an event: its own text, and what came back for an action, as blocks of plain data."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from trajcore.dialects import canonical
from trajcore.events.head import Head
from trajcore.events.kinds import EDIT, action_kind
from trajcore.session import Session
from trajcore.text import safe, safe_line
from trajcore.views.blocks import BLANK, Block, BlockKind, block_of, output, text_of
from trajcore.views.editdiff import edit_blocks
from trajcore.views.observations import object_of, observation, observations
from trajcore.views.timeline import Row

_ASIDE: Final = ("thought", "security_risk", "confirmation_state", "blocking", "is_static", "hidden", "cwd",
                 "impl_source", "start", "end", "include_extra", "kernel_init_code", "file_urls",
                 "image_urls", "translated_ipython_code")  # fmt: skip


def blocks_for(session: Session, row: Row | None) -> tuple[Block, ...]:
    """The view of a row: a recorded event, or one that this run added."""
    if row is None:
        return ()
    if row.entry is not None:
        return tuple(_added(session, row.entry))
    index = row.index(session.trajectory)
    if index is None:
        return ()
    head = session.trajectory.head(index)
    blocks = _event(head, object_of(session, index), session.trajectory.label(index))
    typed = session.replacement_of(index)
    if typed is not None:
        blocks = [blocks[0], BLANK, _prose(typed), *_replaced(session, session.trajectory.uid(index))]
    if head.is_action:
        blocks += observations(session, index)
    if session.trajectory.damage(index):
        stored = session.trajectory.as_stored(index).decode("utf-8", "replace")
        blocks = [*blocks[:1], BLANK, output(stored)]
    problems = session.trajectory.parsed(index).problems
    return (
        *(Block(BlockKind.BAD, f"invalid: {safe_line(p)}") for p in problems),
        *_overtaken(session, index),
        *blocks,
    )


def _replaced(session: Session, uid: int) -> list[Block]:
    """What was recorded where the user's own message stands in this run."""
    index = session.recording.index_of_uid(uid)
    if index is None:
        return []
    title = Block(BlockKind.NOTE, "── recorded ──")
    return [BLANK, title, BLANK, block_of(BlockKind.PROSE, session.recording.head(index).text, safe)]


def _added(session: Session, place: int) -> list[Block]:
    """An event that this run added, and what came back for it."""
    run = session.run
    entry = run.entries[place]
    blocks = _event(entry.head, entry.data(), f"{entry.label} · added in this run")
    answer = run.answer_to(place) if entry.head.is_action else None
    if answer is None:
        return blocks
    seconds, head = run.spent_on(entry.id), answer.head
    title = "failed" if head.failed else "what came back"
    kind = BlockKind.BAD if head.failed else BlockKind.NOTE
    return [
        *blocks,
        *observation(title, text_of(answer.data().get("content")), head.exit_code, seconds, kind),
    ]


def _overtaken(session: Session, index: int) -> list[Block]:
    """What an edit, or a way back, means for what has been played already."""
    if session.remade is not None and session.remade[0] == index:
        what = safe_line(session.remade[1])
        return [Block(BlockKind.BAD, f"remade: executed again on a way back, with another result ({what})")]
    if index in session.stale:
        return [Block(BlockKind.BAD, "stale: played before this edit · t goes back to here")]
    first = session.first_stale
    if first is not None and first < index < session.position:
        label = session.trajectory.label(first)
        return [Block(BlockKind.BAD, f"downstream: played before the edit at event {label}")]
    return []


def _event(head: Head, data: dict[str, Any], label: str) -> list[Block]:
    when = safe_line(head.timestamp or "").replace("T", " ")[:19]
    title = f"{safe_line(head.source or 'no source')} · {safe_line(head.kind)} · {label}"
    blocks = [Block(BlockKind.HEADING, f"{title}{'   ' + when if when else ''}")]
    args = canonical.arguments(data) if head.is_action else canonical.details(data)
    thought = args.get("thought") if head.is_action else None
    if isinstance(thought, str) and thought.strip():
        blocks += [BLANK, _prose(thought)]
    blocks += [BLANK, *_body(head, args, data)]
    return blocks


def _body(head: Head, args: Mapping[str, Any], data: dict[str, Any]) -> list[Block]:
    if head.action is None:
        return [output(text_of(data.get("content")))]
    kind = action_kind(head.action)
    if kind.name == EDIT:
        return edit_blocks(args)
    if kind.body is not None:
        field, language = kind.body
        text = text_of(args.get(field))
        block = _prose(text) if language == "markdown" else _code(text, language)
        return [block, *_flags(args, reversed(kind.flags))]
    rest = {key: value for key, value in args.items() if key not in _ASIDE}
    return [_code(json.dumps(rest, indent=2, ensure_ascii=False), "json")] if rest else []


def _flags(args: Mapping[str, Any], names: Iterable[str]) -> list[Block]:
    """Those that are set: most never are."""
    shown = [f"{name}: true" for name in names if args.get(name) is True]
    return [BLANK, Block(BlockKind.NOTE, "   ".join(shown))] if shown else []


def _code(text: str, language: str) -> Block:
    return block_of(BlockKind.CODE, text, safe, language)


def _prose(text: str) -> Block:
    return block_of(BlockKind.PROSE, text, safe)
