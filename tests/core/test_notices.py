"""Notices: plain data that a front end in another process can be told of."""

from __future__ import annotations

import json
import types
import typing
from pathlib import Path
from typing import Any

import pytest

from documents import of_commands
from trajcore import notices
from trajcore.live.usage import Usage
from trajcore.replay.states import Mode, State, Stop
from trajcore.session import Session
from trajcore.settings import Settings
from trajcore.trajectory import Trajectory

MADE: list[notices.Notice] = [
    notices.StateChanged(State.PAUSED, Mode.LIVE),
    notices.SandboxChosen("docker", "image", "its engine answers"),
    notices.WorldChosen("none", missing="image", why="it is not here", maps=("/a=/b",)),
    notices.WorldLacks(3),
    notices.Progress("starting", 0.5),
    notices.Output(b"\xff\x00 bytes"),
    notices.Stopped(3, 5, Stop.BEHIND, "exit!=0"),
    notices.RunChanged(restarted=True),
    notices.WentBack(3, "back"),
    notices.Visited(None),
    notices.BreakpointsChanged(),
    notices.Asked("run", "rm *", "it deletes", ("deleting",), "rm *"),
    notices.ModelText("so", fresh=True),
    notices.ModelThinking("hm", fresh=True),
    notices.ModelCall(0, "execute_bash", '{"command"', fresh=True),
    notices.ModelReplied(Usage("loopback", 100, 20), 1.5),
    notices.BudgetSpent("steps_spent", "3 live steps"),
    notices.QueueChanged(("one", "two"), ("three",)),
    notices.Said("look", "warning"),
    notices.RunSaved("run.json"),
    notices.BranchChanged("live-1"),
    notices.Discarded(),
]


async def told(tmp_path: Path) -> list[notices.Notice]:
    """What a session tells that is stepped, edited and saved."""
    path = tmp_path / "recording.json"
    path.write_bytes(of_commands("a", "b"))
    session = Session(Trajectory.open(path), Settings("recorded"))
    found: list[notices.Notice] = []
    session.subscribe(found.append)
    session.step()
    await session.idle()
    session.editing.delete([1])
    session.editing.undo()
    session.editing.flip(1, "hidden")
    await session.editing.save()
    await session.close()
    return found


async def test_every_notice_can_be_sent_to_another_process(tmp_path: Path) -> None:
    found = [*MADE, *await told(tmp_path)]
    assert {type(notice) for notice in found} == set(typing.get_args(notices.Notice))
    for notice in found:
        data = notices.to_data(notice)
        assert json.loads(json.dumps(data)) == data
        assert data["notice"] == type(notice).__name__


@pytest.mark.parametrize("kind", typing.get_args(notices.Notice))
def test_no_notice_holds_what_can_be_called(kind: Any) -> None:
    assert "Callable" not in str(typing.get_type_hints(kind, vars(_names())).values())


def _names() -> Any:
    """Names that the notices are annotated with, of modules that are not imported for them."""
    from trajcore.document.edits import Edit
    from trajcore.sandbox.base import FileChanges

    return types.SimpleNamespace(**vars(notices), Edit=Edit, FileChanges=FileChanges, Usage=Usage)


async def test_an_edit_and_its_undo_are_told_with_what_was_done(tmp_path: Path) -> None:
    edits = [notice.edits for notice in await told(tmp_path) if isinstance(notice, notices.DocumentChanged)]
    made = [(one.edit.label.split(" ")[0], one.undone) for several in edits for one in several]
    assert made == [("delete", False), ("delete", True), ("hidden", False)]
