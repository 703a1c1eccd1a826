"""What is shown of an event: its own text, and both observations of an action, as blocks of plain data."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property, partial
from typing import Any, Final

from trajcore.dialects import canonical
from trajcore.events.head import Head
from trajcore.events.kinds import EDIT, action_kind
from trajcore.replay.run import Status, StepResult
from trajcore.replay.verdict import Cause
from trajcore.session import Session
from trajcore.text import as_shown, safe, safe_line, without_escapes
from trajcore.views.marks import duration, mark_of
from trajcore.views.timeline import Row


class BlockKind(Enum):
    """What a block is; a front end chooses how that looks."""

    HEADING = "heading"
    TEXT = "text"
    """As it stands."""
    PROSE = "prose"
    """Markdown."""
    CODE = "code"
    """Written in the block's language."""
    OUTPUT = "output"
    """What came back from a sandbox, without the terminal's escapes."""
    ADDED = "added"
    """Lines that are added, behind the mark of a diff."""
    REMOVED = "removed"
    NOTE = "note"
    """Said beside the matter: flags, places, exit codes."""
    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True)
class Block:
    """A stretch of a view. Its text is safe to draw, and may have several lines."""

    kind: BlockKind
    text: str
    language: str = ""
    """What code is written in, by the name that highlighters know."""

    @property
    def size(self) -> int:
        """About how many characters it has; where they are many, `text` is better asked for in a thread."""
        return len(self.text)


class LongBlock(Block):
    """One whose text takes long to make: it is made when it is first asked for."""

    def __init__(self, kind: BlockKind, raw: str, language: str, make: Callable[[str], str]) -> None:
        self.__dict__.update(kind=kind, language=language, _raw=raw, _make=make)

    @cached_property
    def text(self) -> str:
        """See `Block.text`."""
        made: str = self.__dict__["_make"](self.__dict__["_raw"])
        return made

    @property
    def size(self) -> int:
        """See `Block.size`."""
        return len(self.__dict__["_raw"])

    def __repr__(self) -> str:
        return f"<{self.kind.value} of {self.size} characters>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LongBlock) and self._essence == other._essence

    def __hash__(self) -> int:
        return hash(self._essence)

    @property
    def _essence(self) -> tuple[object, ...]:
        return self.kind, self.__dict__["_raw"], self.language


def block_of(kind: BlockKind, raw: str, make: Callable[[str], str], language: str = "") -> Block:
    """A block whose text is made of `raw`: now, or where that is long, when it is asked for."""
    return LongBlock(kind, raw, language, make) if len(raw) > LONG else Block(kind, make(raw), language)


LONG: Final = 100_000
"""Texts of more characters are not made safe, shown or wrapped while a user waits for a key."""


BLANK: Final = Block(BlockKind.TEXT, "")
"""An empty line between two blocks."""

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
    blocks = _event(head, _object(session, index), session.trajectory.label(index))
    if head.is_action:
        blocks += _observations(session, index)
    if session.trajectory.damage(index):
        stored = session.trajectory.as_stored(index).decode("utf-8", "replace")
        blocks = [*blocks[:1], BLANK, _output(stored)]
    problems = session.trajectory.parsed(index).problems
    return (
        *(Block(BlockKind.BAD, f"invalid: {safe_line(p)}") for p in problems),
        *_overtaken(session, index),
        *blocks,
    )


def _added(session: Session, place: int) -> list[Block]:
    """An event that this run added, and what came back for it."""
    run = session.run
    entry = run.entries[place]
    blocks = _event(entry.head, entry.data(), "added in this run")
    answer = run.answer_to(place) if entry.head.is_action else None
    if answer is None:
        return blocks
    seconds, head = run.spent_on(entry.id), answer.head
    title = "failed" if head.failed else "what came back"
    kind = BlockKind.BAD if head.failed else BlockKind.NOTE
    return [*blocks, *_observation(title, _text(answer.data().get("content")), head.exit_code, seconds, kind)]


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


def _object(session: Session, index: int) -> dict[str, Any]:
    try:
        return session.trajectory.modern(index)
    except (ValueError, TypeError):
        return {}


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
        return [_output(_text(data.get("content")))]
    kind = action_kind(head.action)
    if kind.name == EDIT:
        return _edit(args)
    if kind.body is not None:
        field, language = kind.body
        text = _text(args.get(field))
        block = _prose(text) if language == "markdown" else _code(text, language)
        return [block, *_flags(args, reversed(kind.flags))]
    rest = {key: value for key, value in args.items() if key not in _ASIDE}
    return [_code(json.dumps(rest, indent=2, ensure_ascii=False), "json")] if rest else []


def _edit(args: Mapping[str, Any]) -> list[Block]:
    command, path = safe_line(_text(args.get("command")) or "edit"), safe_line(_text(args.get("path")))
    blocks = [Block(BlockKind.TEXT, f"{command}  {path}")]
    if args.get("file_text") is not None:
        blocks += [BLANK, _prefixed(BlockKind.ADDED, "+ ", args["file_text"])]
    if args.get("old_str") is not None:
        blocks += [BLANK, _prefixed(BlockKind.REMOVED, "- ", args["old_str"])]
    if args.get("new_str") is not None:
        blocks += [_prefixed(BlockKind.ADDED, "+ ", args["new_str"])]
    if args.get("insert_line") is not None:
        blocks.insert(1, Block(BlockKind.NOTE, f"after line {args['insert_line']}"))
    if args.get("content"):
        blocks += [BLANK, block_of(BlockKind.TEXT, _text(args["content"]), safe)]
    return blocks


def _observations(session: Session, index: int) -> list[Block]:
    """Recorded and actual, below each other; one of them when they are equal."""
    answer = session.trajectory.outline.answer_of.get(index)
    recorded = _object(session, answer) if answer is not None else None
    result = session.result_of(index)
    blocks: list[Block] = []
    if result is not None:
        blocks += [BLANK, _verdict(result)]
    if result is not None and result.actual is not None and result.status is not Status.RECORDED:
        title = "actual" if recorded is not None else "actual (nothing was recorded)"
        blocks += _observation(title, result.actual.content, result.exit_code, result.seconds)
    if recorded is not None and answer is not None:
        content, code, seconds = _recorded_text(recorded), session.trajectory.head(answer).exit_code, None
        uid = session.trajectory.uid(index)
        if result is not None and result.recorded is not None and session.trajectory.is_branch:
            content, code = result.recorded.content, result.recorded_exit_code
        elif result is None and (entry := session.run.live_entry(uid)) is not None:
            seconds = session.run.spent_on(entry.id)
        failed = result is None and uid in session.trajectory.grown and session.trajectory.head(answer).failed
        title, kind = _title(session, index, failed=failed), BlockKind.BAD if failed else BlockKind.NOTE
        blocks += _observation(title, content, code, seconds, kind)
    return blocks


def _title(session: Session, index: int, *, failed: bool) -> str:
    """What an observation is that the trajectory has."""
    trajectory = session.trajectory
    if trajectory.uid(index) in trajectory.grown:
        if session.result_of(index) is not None:
            return "what came back the first time"
        return "failed" if failed else "what came back"
    return "recorded under the old action" if index in trajectory.rewritten else "recorded"


def _recorded_text(recorded: dict[str, Any]) -> str:
    answered = canonical.details(recorded).get("formatted_output_and_error")
    return answered if isinstance(answered, str) else _text(recorded.get("content"))


_TONES: Final = {Status.DIVERGED: BlockKind.BAD, Status.UNKNOWN: BlockKind.NOTE}


def _verdict(result: StepResult) -> Block:
    words = {
        Status.MATCHED: "equal to the recording",
        Status.DIVERGED: "diverged",
        Status.RECORDED: "served from the recording, not executed",
        Status.SKIPPED: "skipped",
        Status.UNKNOWN: "unknown: it rests on what the recording does not tell of its files",
    }[result.status]
    if result.status is Status.MATCHED and result.match is None:
        words = "executed"
    elif result.match is not None and result.match.value == "normalised":
        words = "equal once what is known to vary is set aside"
    reason = f": {safe_line(result.reason)}" if result.reason else ""
    if result.cause is not None and result.cause is not Cause.OTHER:
        words += f" ({_CAUSES[result.cause]})"
    kind = _TONES.get(result.status, BlockKind.GOOD)
    return Block(kind, f"{mark_of(result)} {words}{reason}")


_CAUSES: Final = {
    Cause.WORLD: "a file of its world",
    Cause.PROGRAM: "a program, or its version",
    Cause.NETWORK: "the network",
    Cause.TIME: "a time",
    Cause.ORDER: "the order",
    Cause.PERMISSION: "a permission",
}


def _observation(
    title: str,
    content: str,
    exit_code: int | None,
    seconds: float | None,
    kind: BlockKind = BlockKind.NOTE,
) -> list[Block]:
    notes = [] if exit_code is None else [f"exit {exit_code}"]
    notes += [] if seconds is None else [duration(seconds)]
    heading = f"── {title}" + (f" · {' · '.join(notes)}" if notes else "") + " ──"
    return [BLANK, Block(kind, heading), _output(content)]


def _flags(args: Mapping[str, Any], names: Iterable[str]) -> list[Block]:
    shown = [f"{name}: {json.dumps(args[name])}" for name in names if isinstance(args.get(name), bool)]
    return [BLANK, Block(BlockKind.NOTE, "   ".join(shown))] if shown else []


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _prefixed(kind: BlockKind, mark: str, value: object) -> Block:
    return block_of(kind, _text(value), partial(each_behind, mark))


def each_behind(mark: str, text: str) -> str:
    """The lines of a text, each behind the mark of a diff."""
    return "\n".join(mark + line for line in safe(text).split("\n"))


def _output(text: str) -> Block:
    return block_of(BlockKind.OUTPUT, text, output_text)


def output_text(text: str) -> str:
    """What a terminal would show of a text, safe and without colours."""
    return safe(without_escapes(as_shown(text)))


def _code(text: str, language: str) -> Block:
    return block_of(BlockKind.CODE, text, safe, language)


def _prose(text: str) -> Block:
    return block_of(BlockKind.PROSE, text, safe)
