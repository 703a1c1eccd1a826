"""What is asked of the user, as plain data."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from documents import message, ran, run
from program import write
from showing import played, session_of
from trajcore.session import Session
from trajcore.settings import Settings
from trajcore.trajectory import Trajectory
from trajcore.views import recovery
from trajcore.views.breakpoints import breakpoint_lines
from trajcore.views.checks import checking, finding_line, is_error
from trajcore.views.edits import difference, edit_history, edit_line
from trajcore.views.question import way_back

pytestmark = pytest.mark.asyncio

EVENTS = [message(0, "go"), run(1, "echo one"), ran(2, 1, "one"), run(3, "echo two"), ran(4, 3, "two")]


async def test_a_short_way_back_is_not_asked_for() -> None:
    session = await played(EVENTS)
    routes = session.back_to_step()
    assert way_back(session, routes) is None
    question = way_back(session, [replace(route, seconds=10.0) for route in routes])
    assert question is not None
    assert question.text.startswith("Back to before event 3.")
    assert list(question.answers) == ["no", *map(str, range(len(routes)))]
    await session.close()


def kept(path: Path) -> Session:
    return Session(Trajectory.open(path), Settings("recorded", keep_journal=True))


async def left_behind(path: Path) -> None:
    """Edit a recording and end without saving."""
    session = kept(path)
    session.editing.flip(0, "wait_for_response")
    await session.close()


async def test_edits_that_were_left_are_offered_and_can_be_restored(tmp_path: Path) -> None:
    path = write(tmp_path / "x.json", EVENTS)
    await left_behind(path)
    session = kept(path)
    async with aclosing(recovery.offers(session)) as offers:
        async for offer in offers:
            assert isinstance(offer, recovery.EditsOffer)
            assert "1 edit of this recording unsaved" in offer.question.text
            assert list(offer.question.answers) == ["later", "restore", "differences", "discard"]
            assert offer.restored is not None
            assert any(line.startswith("+") for line in difference(offer.restored))
            assert await offer.restore() == "restored 1 edit: not saved yet"
    assert session.trajectory.modified
    session.discard()
    await session.close()


async def test_an_offer_that_is_left_comes_again(tmp_path: Path) -> None:
    path = write(tmp_path / "x.json", EVENTS)
    await left_behind(path)
    for wanted in ("later", "discard", "none"):
        session = kept(path)
        seen = []
        async with aclosing(recovery.offers(session)) as offers:
            async for offer in offers:
                seen.append(offer)
                if wanted == "discard":
                    await offer.discard()
                else:
                    assert offer.keep().startswith("the unsaved edits are kept in ")
        assert len(seen) == (wanted != "none")
        await session.close()


async def test_of_two_works_the_second_is_not_lost_and_can_be_saved_beside(tmp_path: Path) -> None:
    path = write(tmp_path / "x.json", EVENTS)
    one, two = kept(path), kept(path)
    one.editing.flip(0, "wait_for_response")
    two.editing.delete([1])
    two.editing.set_value(1, ("args", "command"), "echo three")
    works = {session.trajectory.to_bytes() for session in (one, two)}
    for session in (one, two):
        await session.close()
    session, other = kept(path), tmp_path / "x.restored.json"
    answers = []
    async with aclosing(recovery.offers(session)) as offers:
        async for offer in offers:
            assert isinstance(offer, recovery.EditsOffer)
            answers.append(list(offer.question.answers)[1])
            if answers[-1] == "restore":
                await offer.restore()
                continue
            assert "not on what has been edited now, and are kept in " in offer.question.text
            assert await offer.save(other) == f"saved with those edits: {other}"
    assert answers == ["restore", "save"]
    assert {other.read_bytes(), session.trajectory.to_bytes()} == works
    session.discard()
    await session.close()


async def test_breakpoints_have_a_line_each() -> None:
    session = session_of(EVENTS)
    session.toggle_breakpoint(1)
    session.break_on("exit!=0")
    first, second = breakpoint_lines(session)
    assert (first.what, second.what) == ("at event 1  echo one", "on exit!=0")
    session.switch_breakpoint(second.breakpoint)
    session.remove_breakpoint(first.breakpoint)
    (left,) = breakpoint_lines(session)
    assert (left.what, left.enabled) == ("on exit!=0", False)


async def test_the_history_has_every_point_and_where_it_is() -> None:
    session = session_of(EVENTS)
    edit = session.editing.flip(0, "wait_for_response")
    session.editing.delete([3])
    session.editing.undo()
    history = edit_history(session.trajectory)
    assert history.done == 1
    assert history.lines[:2] == ("the recording as it was opened", edit_line(edit))
    assert len(history.lines) == 3


async def test_findings_are_counted_and_offer_their_repairs() -> None:
    session = session_of([message(0, "go"), ran(1, 99, "of nothing")])
    found = checking(session.trajectory)()
    assert found.findings
    assert found.has_errors == any(map(is_error, found.findings))
    assert all(finding_line(session.trajectory, finding) for finding in found.findings)
