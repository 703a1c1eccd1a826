"""A sandbox of another package, registered or named by an entry point, works through the whole product."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from documents import of_commands
from toymachine import make_toy
from trajcore.errors import BadInput, Refused
from trajcore.replay.run import Status
from trajcore.sandbox.base import Limits, SandboxSettings
from trajcore.sandbox.choose import choose
from trajcore.sandbox.registry import (
    SANDBOXES,
    SandboxKind,
    is_walled,
    register_sandbox,
    sandbox_kind,
    sandbox_names,
)
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory
from trajtui import cli

BUILT_IN = ("auto", "docker", "bubblewrap", "local", "recorded")


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "recording.json"
    path.write_bytes(of_commands("echo one > made", "cat made", "echo two >> made", "cat made"))
    return path


def ran(*arguments: str | Path) -> tuple[int, str, str]:
    done = CliRunner().invoke(cli._commands, [str(one) for one in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


def test_the_names_are_those_of_the_contract_and_others_come_behind(toy: SandboxKind) -> None:
    assert sandbox_names() == (*BUILT_IN, "toy")
    assert sandbox_kind("toy") is toy


def test_what_is_true_of_a_sandbox_stands_in_its_row() -> None:
    rows = {name: sandbox_kind(name) for name in BUILT_IN[1:]}
    assert [name for name, row in rows.items() if not row.rewinds] == ["local"]
    assert [name for name, row in rows.items() if not row.walled] == ["local"]
    assert [name for name, row in rows.items() if not row.executes] == ["recorded"]
    for name, row in rows.items():
        sandbox = row.make(SandboxSettings())
        assert (sandbox.kind, sandbox.executes) == (name, row.executes)


async def test_an_unknown_one_is_refused_and_the_others_are_named(toy: SandboxKind) -> None:
    with pytest.raises(BadInput, match="use one of auto, docker, bubblewrap, local, recorded, toy"):
        await choose("no-such", SandboxSettings())


def test_one_without_walls_is_asked_about_under_its_own_name(toy: SandboxKind) -> None:
    register_sandbox(replace(toy, walled=False))
    assert not is_walled("toy")
    assert not Settings("toy").walled
    assert Settings("auto").walled
    assert Settings("no-such").walled


def test_help_and_doctor_name_it(toy: SandboxKind) -> None:
    _, said, _ = ran("replay", "--help")
    assert "toy" in said
    _, said, _ = ran("doctor")
    assert "ok  toy         works" in said


def test_doctor_says_why_one_does_not_work(toy: SandboxKind) -> None:
    async def broken(settings: SandboxSettings) -> str | None:
        raise OSError("the glue is wet")

    register_sandbox(replace(toy, obstacle=broken))
    _, said, _ = ran("doctor")
    assert "--  toy         the glue is wet" in said


def test_a_recording_is_replayed_in_it(toy: SandboxKind, recording: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    code, said, _ = ran("replay", recording, "--sandbox", "toy", "--report", report)
    assert code == 0, said
    told = json.loads(report.read_bytes())
    assert told["sandbox"] == "toy"
    assert [step["exit_code"] for step in told["steps"]] == [0, 0, 0, 0]
    assert [Path(change["path"]).name for change in told["steps"][0]["files"]] == ["made"]


def opened(recording: Path) -> Session:
    world = SandboxSettings(limits=Limits(no_change=5.0, hard=20.0))
    return Session(Trajectory.open(recording), Settings("toy", world, checkpoints=8))


async def stepped(session: Session) -> str:
    session.step()
    await session.idle()
    actual = next(reversed(session.run.results.values())).actual
    assert actual is not None
    return actual.content


async def stepped_back(session: Session) -> None:
    session.go_back(session.back_to_step()[0])
    await session.idle()


async def test_it_is_stepped_compared_and_gone_back_in(toy: SandboxKind, recording: Path) -> None:
    session = opened(recording)
    try:
        assert [await stepped(session) for _ in range(4)] == ["", "one", "", "one\ntwo"]
        for _ in range(3):
            await stepped_back(session)
        assert [await stepped(session) for _ in range(3)] == ["one", "", "one\ntwo"]
        assert {result.status for result in session.run.results.values()} <= {Status.MATCHED, Status.DIVERGED}
    finally:
        await session.close()


async def test_one_that_does_not_rewind_says_so(toy: SandboxKind, recording: Path) -> None:
    register_sandbox(replace(toy, rewinds=False))
    session = opened(recording)
    try:
        await stepped(session)
        with pytest.raises(Refused, match="the toy sandbox cannot be taken back"):
            session.back_to_step()
    finally:
        await session.close()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An installed package that names a sandbox."""
    info = tmp_path / "toyland-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toyland\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[trajtui.sandboxes]\ntoyland = toyland_sandbox:kind\n"
        "broken = toyland_missing:kind\nodd = json:loads\n"
    )
    (tmp_path / "toyland_sandbox.py").write_text(
        "from toymachine import make_toy\n"
        "from trajcore.sandbox.registry import SandboxKind\n"
        "def kind():\n    return SandboxKind('toyland', make_toy)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "toyland"
    sys.modules.pop("toyland_sandbox", None)
    SANDBOXES.unregister("toyland")


async def test_an_entry_point_is_named_without_being_imported_and_loaded_when_chosen(package: str) -> None:
    assert package in sandbox_names()
    assert "toyland_sandbox" not in sys.modules
    choice = await choose(package, SandboxSettings())
    assert "toyland_sandbox" in sys.modules
    assert choice.kind.make is make_toy


@pytest.mark.parametrize("name", ["broken", "odd"])
def test_one_that_cannot_be_loaded_is_said_to_be(package: str, name: str) -> None:
    with pytest.raises(BadInput, match="cannot be loaded"):
        sandbox_kind(name)
    assert any(name in line and "cannot be loaded" in line for line in ran("doctor")[1].splitlines())
