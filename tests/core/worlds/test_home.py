"""Where the shell of a conversation begins whose program tells in which directory it was started."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conversations import answer, call, compact, directory, failed, prompt, ran, refused, run, state, unparsed
from needs import IMAGE
from trajcore import Report, replay
from trajcore.dialects.told import What
from trajcore.sandbox.base import SandboxSettings
from trajcore.sandbox.registry import AUTO
from trajcore.trajectory import Trajectory
from trajcore.worlds.choice import Choice
from trajcore.worlds.facts import found_in
from trajcore.worlds.plan import World, Worlds

HOME = "/workspace/calc"
SANDBOXES = [
    pytest.param("docker", marks=pytest.mark.docker),
    pytest.param("bubblewrap", marks=pytest.mark.bubblewrap),
]


def conversation(place: Path, home: str = HOME) -> Path:
    """Commands that tell where they run, a file by its whole path, and calls that were never carried out."""
    where, made = run(1, "pwd; ls -1"), run(5, "cat new.py; ls -1")
    create = call(
        3, "file_editor", "FileEditorAction", command="create", path=f"{home}/new.py", file_text="x\n"
    )
    no, never, open_call = run(7, "touch refused"), unparsed(run(9, "touch never")), run(11, "touch open")
    events = [
        prompt(),
        where,
        ran(2, where, f"{home}\nold.py"),
        create,
        answer(4, create, "FileEditorObservation", f"File created successfully at: {home}/new.py",
               command="create", path=f"{home}/new.py", prev_exist=False, new_content="x\n"),
        made,
        ran(6, made, "x\nnew.py\nold.py"),
        no,
        refused(8, no, "No."),
        never,
        failed(10, never, "no such argument"),
        open_call,
    ]  # fmt: skip
    own = state(11, workspace={"working_dir": home, "kind": "LocalWorkspace"})
    return directory(place / "conversation", events, own)


def counts(report: Report) -> tuple[int, int, int]:
    told = report.counts
    return told["matched"], told["recorded"], told["skipped"]


@pytest.mark.in_turns
@pytest.mark.parametrize("sandbox", SANDBOXES)
@pytest.mark.parametrize("home", [HOME, "/home/somebody/calc"])
def test_it_begins_with_the_users_files_where_the_program_was_started(
    tmp_path: Path, sandbox: str, home: str
) -> None:
    files = tmp_path / "files"
    files.mkdir()
    (files / "old.py").touch()
    out = tmp_path / "out"
    report = replay(conversation(tmp_path, home), sandbox=sandbox, image=IMAGE, workspace=files, export=out)
    assert counts(report) == (3, 2, 1), report.summary
    assert sorted(path.name for path in out.iterdir()) == ["new.py", "old.py"]
    assert [path.name for path in files.iterdir()] == ["old.py"]


@pytest.mark.bubblewrap
def test_files_that_have_the_directory_below_stay_where_they_are(tmp_path: Path) -> None:
    files = tmp_path / "files"
    (files / "calc").mkdir(parents=True)
    (files / "calc" / "old.py").touch()
    (files / "beside").touch()
    report = replay(conversation(tmp_path), sandbox="bubblewrap", workspace=files)
    assert counts(report) == (3, 2, 1), report.summary


async def decided(path: Path, sandbox: str = AUTO, **settings: object) -> World:
    worlds = Worlds(Trajectory.open(path), sandbox, Choice(kind="none"))
    return await worlds.decide(SandboxSettings(**settings), lambda _: None)  # type: ignore[arg-type]


@pytest.mark.asyncio
async def test_nothing_is_made_in_a_directory_of_the_users_own(tmp_path: Path) -> None:
    path = conversation(tmp_path)
    assert "mkdir" in (await decided(path)).steps[0].command
    mounted = await decided(path, workspace=tmp_path, mount=True)
    assert [step.command for step in mounted.steps] == [f"cd {HOME} 2>/dev/null || :"]
    assert (await decided(path, "local")).steps == ()


def test_a_log_without_a_state_tells_it_in_its_system_prompt(tmp_path: Path) -> None:
    told = {"description": f"Runs.\n\nYour current working directory is: {HOME}\nMore.", "title": "glob"}
    log = tmp_path / "log.json"
    log.write_text(json.dumps([{**prompt(), "tools": [told]}, json.loads(compact(run(1, "ls")))]))
    found = found_in(Trajectory.open(log))
    assert (found.home, found.directory, found.begins_in) == (HOME, HOME, HOME)
    assert next(fact.where for fact in found.facts if fact.what is What.HOME) == "event #0: tools"


@pytest.mark.parametrize("told", ["calc", "/workspace/../etc", "/", "/a\0b"])
def test_what_is_no_place_to_begin_in_is_none(tmp_path: Path, told: str) -> None:
    own = state(0, workspace={"working_dir": told, "kind": "LocalWorkspace"})
    assert found_in(Trajectory.open(directory(tmp_path / "c", [prompt()], own))).home == ""
