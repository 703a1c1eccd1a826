"""Two branches of a recording side by side: where they part, and what each came to."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from trajcore.branches import Branch
from trajcore.dialects import canonical
from trajcore.events.kinds import Source
from trajcore.live.outcome import Spent, words
from trajcore.session import Session
from trajcore.text import safe_line
from trajcore.trajectory import Trajectory
from trajcore.views.blocks import BLANK, Block, BlockKind
from trajcore.views.branches import branch_line, columns
from trajcore.views.differing import Heads, HunksBlock
from trajcore.views.hunks import Hunks, Lines, hunks
from trajcore.views.marks import duration

if TYPE_CHECKING:
    from trajcore.events.base import Observation
    from trajcore.events.head import Head
    from trajcore.replay.compare import Texts

_BESIDE: Final = frozenset({"thought", "confirmation_state", "security_risk", "hidden", "blocking"})
"""Arguments that say nothing of what an action does."""
_ENDS: Final = "ends here"
_SHOWN: Final = 100
"""So many characters of a text are shown."""
_LEAD: Final = 40
"""So many of what is alike before a difference, where that is not near the beginning."""
_MOST_FILES: Final = 6


@dataclass(frozen=True)
class Difference:
    """The first action in which two branches differ, or whose answers do.

    `event` is its name in the first of them, and `other` in the second; None where that has ended before.
    """

    event: str | None
    other: str | None
    words: str
    """What the first does there, in a line that is safe to draw."""
    other_words: str
    why: str = ""
    """What differs in the answers, where the action is the same."""
    texts: Texts | None = field(default=None, compare=False, repr=False)
    """What is done, or what came back, in both of them, where both are there."""


@dataclass(frozen=True)
class Side:
    """A branch as one of the two. Its texts are safe to draw."""

    name: str
    model: str
    origin: str
    stands: str
    spent: Spent | None
    """What its model came to; None of the recorded branch."""
    last_message: str


@dataclass(frozen=True)
class Compared:
    """Two branches; `first` is None where they do the same, with the same answers."""

    one: Side
    other: Side
    first: Difference | None


async def compared(session: Session, one: Branch, other: Branch) -> Compared:
    """Two branches of a session, be they in memory or on disk. Raises `BadInput` where one cannot be read."""
    sides = [await asyncio.to_thread(_held, session, branch) for branch in (one, other)]
    first = await asyncio.to_thread(first_difference, *sides)
    of = [_side(session, branch, held) for branch, held in zip((one, other), sides, strict=True)]
    return Compared(of[0], of[1], first)


def _held(session: Session, branch: Branch) -> Trajectory:
    held = session.branches.trajectory_of(branch)
    if held is not None:
        return held
    assert branch.kept is not None
    return branch.kept.trajectory(session.recording)


def _side(session: Session, branch: Branch, held: Trajectory) -> Side:
    line = branch_line(session, branch)
    said = "" if branch.is_recorded else _last_words(held, branch.inherited)
    spent = None if branch.is_recorded else branch.spent
    return Side(line.name, line.model, line.origin, line.stands, spent, short(said))


def _last_words(held: Trajectory, inherited: frozenset[int]) -> str:
    """The last that a branch's own model said."""
    own = sorted(filter(None, map(held.index_of_uid, held.grown - inherited)), reverse=True)
    heads = (held.head(index) for index in own)
    said = (words(head) for head in heads if head.is_action and head.source == Source.AGENT.value)
    return next(filter(None, said), "")


# Where they part


def first_difference(one: Trajectory, other: Trajectory) -> Difference | None:
    """Where two branches of a recording part: actions are compared in their order, and with their answers.

    What is known to vary in answers is set aside. None where there is no difference. Any thread may ask.
    """
    mine, theirs = _actions(one), _actions(other)
    for at in range(max(len(mine), len(theirs))):
        here = mine[at] if at < len(mine) else None
        there = theirs[at] if at < len(theirs) else None
        if here is None or there is None or not _does_the_same(one, here, other, there):
            return _difference(one, here, other, there)
        why, texts = _answers_differ(one, here, other, there)
        if why:
            return replace(_difference(one, here, other, there, why), texts=texts)
    return None


def _actions(trajectory: Trajectory) -> list[int]:
    """All that somebody did or said."""
    outline = trajectory.outline
    columns = zip(outline.is_action, outline.sources, strict=True)
    return [at for at, (action, source) in enumerate(columns) if action and source != "environment"]


def _does_the_same(one: Trajectory, here: int, other: Trajectory, there: int) -> bool:
    if one.raw(here) == other.raw(there):
        return True
    mine, theirs = one.head(here), other.head(there)
    if (mine.kind, mine.source) != (theirs.kind, theirs.source):
        return False
    return _arguments(one, here) == _arguments(other, there)


def _arguments(trajectory: Trajectory, index: int) -> Mapping[str, object]:
    given = canonical.arguments(trajectory.modern(index))
    return {key: value for key, value in given.items() if key not in _BESIDE and value is not None}


def _answers_differ(one: Trajectory, here: int, other: Trajectory, there: int) -> tuple[str, Texts | None]:
    """In what the answers to an action differ, in words, and their texts; empty where they do not."""
    mine, theirs = one.outline.answer_of.get(here), other.outline.answer_of.get(there)
    if mine is None or theirs is None:
        return "" if mine is theirs else "only one was answered", None
    if one.raw(mine) == other.raw(theirs):
        return "", None
    before, after = _observation(one, mine), _observation(other, theirs)
    if before is None or after is None:
        return "" if before is after else "only one answer can be read", None
    from trajcore.replay.compare import compare, texts_compared  # what it knows takes a while to load

    comparison = compare(before, after, unwrap=one.dialect.unwrap)
    if not comparison.diverged:
        return "", None
    texts = texts_compared(before, after, unwrap=one.dialect.unwrap)
    return comparison.reason or "the answers differ", texts


def _observation(trajectory: Trajectory, index: int) -> Observation | None:
    from trajcore.events.base import Observation

    event = trajectory.parsed(index).event
    return event if isinstance(event, Observation) else None


def _difference(
    one: Trajectory, here: int | None, other: Trajectory, there: int | None, why: str = ""
) -> Difference:
    mine = None if here is None else _text(one.head(here))
    theirs = None if there is None else _text(other.head(there))
    alike = 0 if why else _alike(mine or "", theirs or "")
    return Difference(
        None if here is None else one.label(here),
        None if there is None else other.label(there),
        _excerpt(one, here, mine, alike),
        _excerpt(other, there, theirs, alike),
        safe_line(why),
        None
        if why or here is None or there is None
        else _as_done(one.head(here).text, other.head(there).text),
    )


def _as_done(one: str, other: str) -> Texts | None:
    """What two actions do, where their texts say it."""
    from trajcore.replay.compare import Texts

    return None if one == other else Texts(one, other, one, other)


def _alike(one: str, other: str) -> int:
    """How many characters two texts begin with that are the same."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (mine, theirs) in pairs if mine != theirs), min(len(one), len(other)))


def _text(head: Head) -> str:
    return " ".join(head.text.split())


def _excerpt(trajectory: Trajectory, index: int | None, text: str | None, alike: int) -> str:
    """What is done, from a little before where it is something else than in the other branch."""
    if index is None or text is None:
        return _ENDS
    cut = 0 if alike < _SHOWN - _LEAD else alike - _LEAD
    return short(f"{trajectory.head(index).kind} {'…' * bool(cut)}{text[cut:]}")


# As lines


def blocks(found: Compared) -> tuple[Block, ...]:
    """The two, where they part, and in what lines."""
    said = Block(BlockKind.TEXT, "\n".join(lines(found)))
    texts = None if found.first is None else found.first.texts
    if texts is None or texts.recorded == texts.actual:
        return (said,)
    size = len(texts.recorded) + len(texts.actual)
    differing = HunksBlock(partial(_hunks, texts), (texts.recorded, texts.actual), size)
    return said, BLANK, Heads(found.one.name, found.other.name), differing


def _hunks(texts: Texts) -> Hunks:
    return hunks(Lines.of(texts.recorded, texts.old), Lines.of(texts.actual, texts.new))


def lines(found: Compared) -> list[str]:
    """The two beside each other, a line for each thing, and below that where they part."""
    one, other = found.one, found.other
    rows = [
        ("", one.name, other.name),
        ("model", one.model, other.model),
        ("leaves", one.origin, other.origin),
        ("stands", one.stands, other.stands),
        *(
            (name, _of(one, at), _of(other, at))
            for at, name in enumerate(("steps", "tokens", "cost", "time"))
        ),
    ]
    said = [f"{side.name} said: {side.last_message}" for side in (one, other) if side.last_message]
    return [
        *columns([row for row in rows if any(row[1:])]),
        "",
        *_parting(found),
        *_files(one),
        *_files(other),
        *([""] if said else []),
        *said,
    ]


def _of(side: Side, at: int) -> str:
    return "" if side.spent is None else figures(side.spent)[at]


def _files(side: Side) -> list[str]:
    if side.spent is None:
        return []
    changed = side.spent.files
    if changed is None:
        return ["", f"files of {side.name}: not told"]
    listed = [f"  {kind:<7}  {safe_line(path)}" for path, kind in sorted(changed.items())]
    more = len(listed) - _MOST_FILES + side.spent.more
    rest = [f"  and {more} more"] if more > 0 else []
    return ["", f"files of {side.name}: {files_in_words(side.spent)}", *listed[:_MOST_FILES], *rest]


def _parting(found: Compared) -> list[str]:
    first, one, other = found.first, found.one.name, found.other.name
    if first is None:
        return ["no difference: they do the same, with the same answers"]
    return [
        f"first difference{f': {first.why}' if first.why else ''}",
        *columns([
            (f"  {one}", _event(first.event), first.words),
            (f"  {other}", _event(first.other), first.other_words),
        ]),
    ]  # fmt: skip


def _event(name: str | None) -> str:
    return "" if name is None else f"event {name}"


def parting_line(name: str, other: str, first: Difference | None) -> str:
    """In one line where a branch parts from another; texts are made safe."""
    if first is None:
        return safe_line(f"{name} does as {other} did")
    place = f"event {first.event}" if first.event else "its end"
    return safe_line(f"{name} parts from {other} at {place}: {first.words}; there: {first.other_words}") + (
        f" ({first.why})" if first.why else ""
    )


def figures(spent: Spent) -> Sequence[str]:
    """Steps, tokens, cost and time, as texts; empty what is not known."""
    tokens = spent.tokens
    cached = f" ({tokens['cache_read']} cached)" if tokens["cache_read"] else ""
    counted = tokens["prompt"] or tokens["completion"]
    return (
        f"{spent.replies} step{'s' * (spent.replies != 1)}",
        f"{tokens['prompt']} tokens in{cached}, {tokens['completion']} out" if counted else "",
        f"${spent.cost:.4f}" if spent.cost else "",
        duration(spent.seconds),
    )


def files_in_words(spent: Spent) -> str:
    """How many files were changed."""
    if spent.files is None:
        return "files not told"
    count = len(spent.files) + spent.more
    return f"{count} file{'s' * (count != 1)} changed"


def short(text: str, most: int = _SHOWN) -> str:
    """A text in one line that is safe to draw, cut where it is long."""
    line = safe_line(" ".join(text.split()))
    return line if len(line) <= most else f"{line[: most - 1]}…"
