"""Where agents keep their sessions, and which are the newest."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conversations import directory, state, talk
from trajcore.errors import BadInput
from trajcore.options import OPTIONS
from trajcore.views.sessions import PLACES, latest, newest, newest_of_all


def session(place: Path, name: str, written: int) -> Path:
    made = directory(place / name, talk(), state(13))
    for path in (made / "base_state.json", made / "events"):
        os.utime(path, (written, written))
    return made


def test_the_newest_is_found_in_its_usual_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    usual = tmp_path / ".openhands" / "conversations"
    older, newer = session(usual, "a" * 32, 1_000), session(usual, "b" * 32, 2_000)
    (usual / "c").mkdir()
    assert latest("openhands", {}) == newer
    assert [one.path for one in newest("openhands", 5, {})] == [newer, older]
    os.utime(older / "events", (3_000, 3_000))
    assert latest("openhands", {}) == older
    assert newest_of_all(1, {}) == [("openhands", older)]


def test_the_last_runs_of_mini_swe_agent_are_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    usual = tmp_path / ".config" / "mini-swe-agent"
    (usual / "x.traj.json").mkdir(parents=True)
    for name, written in (("last_mini_run.traj.json", 2_000), ("old.traj.json", 1_000), (".env", 3_000)):
        (usual / name).write_text("{}")
        os.utime(usual / name, (written, written))
    assert latest("mini", {}) == usual / "last_mini_run.traj.json"
    assert [one.path.name for one in newest("mini", 5, {"MSWEA_GLOBAL_CONFIG_DIR": str(usual)})] == [
        "last_mini_run.traj.json", "old.traj.json"
    ]  # fmt: skip
    assert newest_of_all(1, {}) == [("mini", usual / "last_mini_run.traj.json")]


@pytest.mark.parametrize(
    ("variable", "below"),
    [
        ("OPENHANDS_CONVERSATIONS_DIR", ""),
        ("OPENHANDS_PERSISTENCE_DIR", "conversations"),
        ("OH_CONVERSATIONS_PATH", ""),
        ("FILE_STORE_PATH", "sessions"),
    ],
)
def test_a_variable_moves_the_place(
    variable: str, below: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    moved = session(tmp_path / "else" / below, "a" * 32, 1_000)
    assert latest("openhands", {variable: str(tmp_path / "else")}) == moved


def test_where_there_is_none_it_is_said_where_was_looked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(BadInput, match=r"no session of openhands is in .*\.openhands/conversations"):
        latest("openhands", {})
    with pytest.raises(BadInput, match="the agents are openhands, mini"):
        latest("nobody", {})


def test_the_agents_are_those_of_the_option() -> None:
    (option,) = (one for one in OPTIONS if one.keyword == "latest")
    assert option.choices == tuple(PLACES)
