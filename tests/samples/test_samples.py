"""The recordings that come with the program, and real ones, replayed to their end in every sandbox."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import Any

import pytest

from documents import ran, run
from needs import IMAGE
from program import SAMPLES, trajtui, write

RECORDED = pytest.param(("--sandbox", "recorded"), id="recorded")
EXECUTING = [
    pytest.param(("--sandbox", "bubblewrap"), marks=pytest.mark.bubblewrap, id="bubblewrap"),
    pytest.param(("--sandbox", "docker", "--image", IMAGE), marks=pytest.mark.docker, id="docker"),
]
SANDBOXES = [RECORDED, *EXECUTING]

SAMPLE_NAMES = [path.name for path in sorted(SAMPLES.glob("*.json"))]


def report(path: Path, out: Path, *options: str) -> dict[str, Any]:
    """What a replay of `path` came to, with the exit code; durations are left out, as they always differ."""
    done = trajtui("replay", path, "--report", out, "--quiet", *options)
    assert done.returncode in (0, 1), done.stderr
    found: dict[str, Any] = json.loads(out.read_text())
    for timed in (found, *found["steps"]):
        del timed["seconds"]
    return {**found, "exit": done.returncode, "said": done.stdout}


def test_each_sample_is_told_of_in_the_readme():
    told = (SAMPLES / "README.md").read_text()
    assert SAMPLE_NAMES
    assert [name for name in SAMPLE_NAMES if f"`{name}`" not in told] == []


@pytest.mark.parametrize("sandbox", SANDBOXES)
@pytest.mark.parametrize("name", SAMPLE_NAMES)
@pytest.mark.sampled(4)
def test_a_sample_comes_out_the_same_at_each_replay(name: str, sandbox: tuple[str, ...], tmp_path: Path):
    first = report(SAMPLES / name, tmp_path / "report.json", *sandbox)
    assert first["sandbox"] == sandbox[1]
    assert first == report(SAMPLES / name, tmp_path / "report.json", *sandbox)
    if sandbox[1] == "recorded":
        assert first["counts"]["recorded"] == first["counts"]["actions"] > 0


@pytest.mark.parametrize("sandbox", EXECUTING)
@pytest.mark.parametrize("name", ["demo.json", "questions.json"])
def test_a_sample_that_was_recorded_from_nothing_matches_step_by_step(
    name: str, sandbox: tuple[str, ...], tmp_path: Path
):
    found = report(SAMPLES / name, tmp_path / "report.json", *sandbox, "--strict")
    assert found["exit"] == 0, found["said"]
    assert found["counts"]["matched"] == found["counts"]["actions"] > 0
    assert all(step["match"] in ("equal", "normalised") for step in found["steps"])


@pytest.mark.parametrize("sandbox", EXECUTING)
def test_the_sample_that_diverges_does(sandbox: tuple[str, ...], tmp_path: Path):
    found = report(SAMPLES / "diverges.json", tmp_path / "report.json", *sandbox, "--strict")
    assert found["exit"] == 1
    assert found["counts"]["diverged"] >= 1
    assert "exit 0 → 1" in found["said"]
    assert all(step["reason"] for step in found["steps"] if step["status"] == "diverged")


# Real recordings, which are not part of this repository

ENDINGS = {
    "basic.json": "finished",
    "basic_gui_mode.json": "awaiting_input",
    "basic_interactions.json": "finished",
    "wrong_initial_state.json": "finished",
    "ponyc_4595.json": "finished",
    "flattened_2024.json": "finished",
    "pairs_2024.json": "finished",
}
LONGEST = 30
"""Seconds; each takes less than two here."""


@pytest.mark.parametrize("sandbox", SANDBOXES)
@pytest.mark.parametrize("name", ENDINGS)
@pytest.mark.sampled(5)
def test_a_real_recording_replays_to_its_end(
    recordings: dict[str, Path], name: str, sandbox: tuple[str, ...], tmp_path: Path
):
    begun = time.monotonic()
    found = report(recordings[name], tmp_path / "report.json", *sandbox)
    assert time.monotonic() - begun < LONGEST
    assert (found["exit"], found["state"]) == (0, ENDINGS[name])
    assert found["counts"]["actions"] == len(found["steps"])


@pytest.mark.sampled(9)
@pytest.mark.parametrize("sandbox", SANDBOXES)
@pytest.mark.parametrize("name", ENDINGS)
def test_a_real_recording_comes_out_the_same_at_each_replay(
    recordings: dict[str, Path], name: str, sandbox: tuple[str, ...], tmp_path: Path
):
    first = report(recordings[name], tmp_path / "report.json", *sandbox)
    assert first == report(recordings[name], tmp_path / "again.json", *sandbox)


@pytest.mark.parametrize("sandbox", EXECUTING)
def test_the_game_of_the_recording_is_written_to_the_letter(
    recordings: dict[str, Path], sandbox: tuple[str, ...], tmp_path: Path
):
    events = json.loads(recordings["basic.json"].read_text())
    text = next(asked_for(event)["file_text"] for event in events if event.get("action") == "edit")
    digest = hashlib.sha256(text.encode()).hexdigest()
    last = events[-1]["id"]
    events += [
        run(last + 1, "sha256sum < /workspace/game_2048.py"),
        ran(last + 2, last + 1, f"{digest}  -"),
    ]
    path = write(tmp_path / "basic.json", events)
    found = report(path, tmp_path / "report.json", *sandbox, "--strict")
    assert found["exit"] == 0, found
    assert [step["match"] for step in found["steps"]] == ["equal", "equal"]


def asked_for(event: dict[str, Any]) -> dict[str, Any]:
    """The arguments as the model gave them, not as anything of ours reads them."""
    choice = event["tool_call_metadata"]["model_response"]["choices"][0]
    arguments: dict[str, Any] = json.loads(choice["message"]["tool_calls"][0]["function"]["arguments"])
    return arguments


@pytest.mark.parametrize("sandbox", EXECUTING)
def test_a_server_in_the_foreground_does_not_hang_the_replay(
    recordings: dict[str, Path], sandbox: tuple[str, ...], tmp_path: Path
):
    begun = time.monotonic()
    found = report(recordings["basic_gui_mode.json"], tmp_path / "report.json", *sandbox)
    assert time.monotonic() - begun < LONGEST
    server = next(step for step in found["steps"] if step["recorded_exit_code"] == -1)
    assert (server["status"], server["exit_code"]) == ("matched", -1)


@pytest.mark.parametrize("sandbox", EXECUTING)
def test_a_recording_of_another_workspace_diverges_and_says_so(
    recordings: dict[str, Path], sandbox: tuple[str, ...], tmp_path: Path
):
    found = report(recordings["wrong_initial_state.json"], tmp_path / "report.json", *sandbox, "--strict")
    assert found["exit"] == 1
    assert found["state"] == "finished"
    assert found["counts"]["diverged"] >= 1
    assert any(step["reason"].startswith("exit 0 → 1, ") for step in found["steps"])


@pytest.mark.parametrize("sandbox", EXECUTING)
def test_a_run_of_a_real_recording_is_saved_and_replays_the_same(
    recordings: dict[str, Path], sandbox: tuple[str, ...], tmp_path: Path
):
    saved = tmp_path / "saved.json"
    first = report(recordings["ponyc_4595.json"], tmp_path / "report.json", *sandbox, "--save", str(saved))
    assert first["counts"]["diverged"] > 0
    again = report(saved, tmp_path / "report.json", *sandbox, "--strict")
    assert again["counts"]["diverged"] == 0, again["said"]
