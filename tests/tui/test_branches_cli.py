"""`trajtui branches`: what is kept of a recording, saved, deleted, thinned; and what doctor tells of it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

import conversations as v1
from documents import message, ran, run
from loopback import Answer, Call, Loopback
from program import trajtui, write

pytestmark = pytest.mark.bubblewrap

EVENTS = [message(0, "go"), run(1, "echo one"), ran(2, 1, "one")]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A recording with two branches, and the environment in which they are kept."""
    place = tmp_path_factory.mktemp("branches")
    recording = write(place / "recording.json", EVENTS)
    environment = {"XDG_STATE_HOME": str(place / "state")}
    script = [Answer(calls=[Call("execute_bash", {"command": "echo live"})]), Answer("Done."), Answer("Hm?")]
    with Loopback(script) as server:
        model = {"LLM_MODEL": "openai/loopback", "LLM_BASE_URL": server.url, "LLM_API_KEY": "sk-x"}
        for text in ("first", "second"):
            done = trajtui(
                "replay", recording, "--sandbox", "bubblewrap", "--continue", "--message", text,
                **environment, **model,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
    return recording, environment


def listed(recording: Path, environment: dict[str, str]) -> list[dict[str, Any]]:
    done = trajtui("branches", recording, "--json", **environment)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.sampled(2)
def test_they_are_listed(kept: tuple[Path, dict[str, str]]) -> None:
    recording, environment = kept
    found = listed(recording, environment)
    assert [(one["name"], one["model"], one["steps"], one["state"]) for one in found] == [
        ("recorded", None, 1, "recorded"),
        ("live-1", "openai/loopback", 2, "awaiting_input"),
        ("live-2", "openai/loopback", 1, "awaiting_input"),
    ]
    told = trajtui("branches", recording, **environment).stdout.splitlines()
    assert [line.split()[0] for line in told] == ["recorded", "live-1", "live-2"]
    assert "from the end of recorded" in told[1]


def test_one_is_saved_as_a_file_that_replays(kept: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    recording, environment = kept
    out = tmp_path / "out.json"
    done = trajtui("branches", recording, "--save", "live-1", out, **environment)
    assert (done.returncode, done.stdout) == (0, f"saved {out}\n")
    replayed = trajtui("replay", out, "--sandbox", "bubblewrap", "--strict")
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr
    assert listed(recording, environment)[1]["saved"] == str(out)


def test_what_is_not_there_is_one_plain_line(kept: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    recording, environment = kept
    for options in (("--save", "nobody", tmp_path / "x.json"), ("--delete", "nobody")):
        done = trajtui("branches", recording, *options, **environment)
        assert done.returncode == 2
        assert done.stderr.startswith("trajtui: ")
        assert "there are live-1, live-2" in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert trajtui("branches", **environment).returncode == 2


def test_the_doctor_tells_what_they_take(kept: tuple[Path, dict[str, str]]) -> None:
    told = trajtui("doctor", DOCKER_HOST="unix:///no/such/socket", **kept[1]).stdout
    assert "ok  kept        2 branches (" in told


def test_old_ones_are_thinned_on_purpose(tmp_path: Path, kept: tuple[Path, dict[str, str]]) -> None:
    import shutil

    recording, _ = kept
    state = tmp_path / "state"
    shutil.copytree(recording.parent / "state", state)
    environment = {"XDG_STATE_HOME": str(state)}
    assert "0 deleted" in trajtui("branches", "--prune", **environment).stdout
    assert len(listed(recording, environment)) == 3
    assert trajtui("branches", recording, "--delete", "live-1", **environment).returncode == 0
    told = trajtui("branches", "--prune", "--older-than", "0", **environment).stdout
    assert "deleted live-2" in told
    assert len(listed(recording, environment)) == 1
    assert not list(os.scandir(state / "trajtui" / "branches"))


def test_the_branches_of_the_recording_itself_are_listed_compared_and_gone_on_with(tmp_path: Path) -> None:
    one, other = v1.run(2, "echo one"), v1.hung(v1.run(4, "echo two"), 1)
    events = [v1.prompt(), v1.message(1, "user", "go"), one, v1.ran(3, one, "one"), other]
    place = v1.directory(tmp_path / "tree", [*events, v1.ran(5, other, "two")], v1.state(5))
    found = listed(place, {})
    assert [(row["name"], row["state"], row["cut"]) for row in found[1:]] == [
        (v1.event_id(3), "own", "#1"), (v1.event_id(5), "active", None),
    ]  # fmt: skip
    told = trajtui("branches", place).stdout.splitlines()
    assert [row.split()[:1] for row in told[-2:]] == [[v1.event_id(3)[:8]], ["▶"]]
    both = trajtui("branches", place, "--compare", v1.event_id(3), v1.event_id(5)).stdout.splitlines()
    assert both[2] == "@@ 2 events in both @@"
    assert [(row[0], row.split()[-1]) for row in both[4:]] == [
        ("-", "one"), ("-", "0]"), ("+", "two"), ("+", "0]"),
    ]  # fmt: skip
    done = trajtui("edit", place, "--switch", v1.event_id(3), "--in-place")
    assert done.returncode == 0, done.stderr
    shown = trajtui("show", place).stdout
    assert ("echo one" in shown, "echo two" in shown) == (True, False)
    wrong = trajtui("edit", place, "--switch", "nothing", "--in-place")
    assert (wrong.returncode, v1.event_id(5) in wrong.stderr) == (2, True)


def test_an_id_of_the_recording_does_nothing_on_the_terminal(tmp_path: Path) -> None:
    one, other = v1.run(2, "echo one"), v1.hung(v1.run(4, "echo two"), 1)
    odd = {**v1.ran(3, one, "one"), "id": "\x1b[31mred"}
    events = [v1.prompt(), v1.message(1, "user", "go"), one, odd, other, v1.ran(5, other, "two")]
    place = v1.directory(tmp_path / "tree", events, v1.state(5))
    for more in ((), ("--compare", str(odd["id"]), v1.event_id(5)), ("--compare", "\x1b[32m", "x")):
        done = trajtui("branches", place, *more)
        assert "\x1b" not in done.stdout + done.stderr
