"""What the Compare tab shows of a row: recorded and actual beside each other, as blocks of plain data."""

from __future__ import annotations

from trajcore.replay.policy import asks_the_world
from trajcore.replay.run import Status
from trajcore.replay.verdict import Match
from trajcore.session import Session
from trajcore.views.blocks import BLANK, Block, BlockKind
from trajcore.views.differing import Heads
from trajcore.views.observations import Came, added_answer, answers, difference, verdict
from trajcore.views.timeline import Row

_NO_ACTION = "This event asks nothing of the sandbox: there is nothing to compare."
_NOTHING_CAME = "Nothing came back for it."


def blocks_to_compare(session: Session, row: Row | None) -> tuple[Block, ...]:
    """The view of a row: a recorded event, or one that this run added."""
    if row is None:
        return ()
    if row.entry is not None:
        came = added_answer(session, row.entry)
        return (_note(_NO_ACTION),) if came is None else (*_alone(came),)
    index = row.index(session.trajectory)
    if index is None:
        return ()
    index = session.trajectory.outline.answers.get(index, index)
    if not session.trajectory.head(index).is_action:
        return (_note(_NO_ACTION),)
    return tuple(_of_action(session, index))


def diverged_steps(session: Session) -> list[int]:
    """The indices of the steps that came out otherwise than recorded, in the order of the recording."""
    return sorted(at for at, result in session.results.items() if result.status is Status.DIVERGED)


def _of_action(session: Session, index: int) -> list[Block]:
    recorded, actual = answers(session, index)
    result = session.result_of(index)
    said = [] if result is None else [verdict(result), BLANK]
    if result is None or actual is None:
        if recorded is None:
            asks = asks_the_world(session.trajectory.head(index))
            return [*said, _note(_NOTHING_CAME if asks else _NO_ACTION)]
        why = [_note("not played yet"), BLANK] if result is None else []
        return [*said, *why, *_alone(recorded)]
    differing = difference(session, result)
    if recorded is None or differing is None:
        return [*said, *([] if recorded else [_note("nothing was recorded")]), *_alone(actual)]
    heads = Heads(recorded.heading, actual.heading)
    if result.match is Match.EQUAL:
        return [*said, heads, BLANK, _note("equal"), *actual.contents]
    return [*said, heads, differing]


def _alone(came: Came) -> list[Block]:
    return [Heads(came.heading), BLANK, *came.contents]


def _note(text: str) -> Block:
    return Block(BlockKind.NOTE, text)
