"""What `import trajcore` gives a script or a notebook."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import pickle
import threading
from pathlib import Path
from typing import Any

import pytest

import trajcore
from documents import message, ran, run
from loopback import Answer, Call, Loopback
from program import SAMPLES, say, trajtui, write
from trajcore import api, bisecting, options
from trajcore.dialects.registry import default_dialect
from trajcore.live.modelprocess import MODELS
from trajcore.sandbox.machines import leftovers

DEMO = SAMPLES / "demo.json"


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    events = [message(0, "go"), run(1, "echo one"), ran(2, 1, "one"), run(3, "echo two"), ran(4, 3, "2")]
    return write(tmp_path / "x.json", events)


# The names


@pytest.mark.parametrize("name", trajcore.__all__)
def test_every_public_name_is_there(name: str) -> None:
    value = getattr(trajcore, name)
    assert inspect.getdoc(value)
    assert name in dir(trajcore)


def test_no_other_name_is_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = trajcore.nonsense


def test_replay_is_a_function_whatever_was_imported_first(recording: Path) -> None:
    importlib.import_module("trajcore.replay.report")
    assert callable(trajcore.replay)
    assert pickle.loads(pickle.dumps(trajcore.replay)) is trajcore.replay
    assert trajcore.replay(recording, sandbox="recorded").counts["recorded"] == 2


# A replay


def test_a_report_says_what_each_step_came_to(recording: Path) -> None:
    report = trajcore.replay(recording, sandbox="recorded", skip=[3])
    assert (report.state, report.sandbox, report.events) == ("end_of_recording", "recorded", 5)
    assert [(step.id, step.status, step.summary) for step in report.steps] == [
        (1, "recorded", "echo one"),
        (3, "skipped", "echo two"),
    ]
    assert report.summary == "2 steps: 1 served from the recording, 1 skipped"
    assert report.exit_code() == report.exit_code(strict=True) == 0
    assert b'tests="2"' in report.junit()


def test_its_report_is_that_of_the_command(recording: Path, tmp_path: Path) -> None:
    ours = trajcore.replay(recording, sandbox="recorded", report=tmp_path / "ours.json")
    done = trajtui("replay", recording, "--sandbox", "recorded", "--report", tmp_path / "theirs.json")
    assert (done.returncode, done.stderr) == (0, "")
    written = [json.loads((tmp_path / name).read_bytes()) for name in ("ours.json", "theirs.json")]
    assert written[0] == ours.to_dict()
    for report in written:
        del report["seconds"]
        for step in report["steps"]:
            del step["seconds"]
    assert written[0] == written[1]


@pytest.mark.bubblewrap
def test_a_divergence_counts_where_it_is_strict(recording: Path) -> None:
    report = trajcore.replay(recording, sandbox="bubblewrap")
    assert [step.status for step in report.steps] == ["matched", "diverged"]
    assert report.steps[1].actual.strip() == "two"
    assert (report.exit_code(), report.exit_code(strict=True)) == (0, 1)


@pytest.mark.bubblewrap
def test_a_replay_stops_where_it_is_told_to(recording: Path) -> None:
    report = trajcore.replay(recording, sandbox="bubblewrap", until=3)
    assert (report.state, report.stopped_before, len(report.steps)) == ("paused", "3", 1)
    report = trajcore.replay(recording, sandbox="bubblewrap", breaks=["command~two"])
    assert (report.state, report.stopped_before) == ("paused", "3")


@pytest.mark.bubblewrap
def test_a_run_is_saved_and_changes_are_told(recording: Path, tmp_path: Path) -> None:
    report = trajcore.replay(recording, sandbox="bubblewrap", save=tmp_path / "run.json", track_files=True)
    assert all(step.files is not None for step in report.steps)
    assert len(trajcore.open(tmp_path / "run.json")) == 5


def test_a_trajectory_can_be_replayed_as_it_is_edited(recording: Path) -> None:
    trajectory = trajcore.open(recording)
    trajectory.delete([trajectory.resolve("3")])
    report = trajcore.replay(trajectory, sandbox="recorded")
    assert [step.id for step in report.steps] == [1]
    assert report.trajectory == str(recording)


def test_who_listens_is_told(recording: Path) -> None:
    heard: list[trajcore.notices.Notice] = []
    sessions: list[trajcore.Session] = []
    trajcore.replay(recording, sandbox="recorded", on_notice=heard.append, on_session=sessions.append)
    assert sum(isinstance(notice, trajcore.notices.StepDone) for notice in heard) == 2
    assert len(sessions[0].trajectory) == 5


def test_nothing_is_printed(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trajcore.replay(recording, sandbox="recorded")
    assert capsys.readouterr() == ("", "")


# A live session

LIVE = {"sandbox": "bubblewrap", "model": "openai/loopback", "carry_on": True}
LOOK = Answer("I look.", calls=[Call("execute_bash", {"command": "echo seen"})])


@pytest.fixture
def waiting(tmp_path: Path) -> Path:
    """A recording in which it is the agent's turn."""
    return write(tmp_path / "x.json", [message(0, "go")])


def at(server: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_BASE_URL", server.url)
    monkeypatch.setenv("LLM_API_KEY", "sk-loopback-0123456789")


@pytest.mark.bubblewrap
@pytest.mark.parametrize(
    ("answers", "ending", "steps", "last"),
    [
        ([LOOK, Answer("What next?")], "awaiting_input", 2, "What next?"),
        ([LOOK, Answer(calls=[Call("finish", {"message": "All done."})])], "finished", 2, "All done."),
        ([LOOK, LOOK, LOOK], "steps_spent", 2, "I look."),
        ([LOOK, Answer(status=400)], "error", 1, "I look."),
        ([Answer(calls=LOOK.calls), Answer(status=400)], "error", 1, ""),
        ([Answer(status=400)], "error", 0, ""),
    ],
)
def test_a_report_says_what_the_model_came_to(
    waiting: Path,
    monkeypatch: pytest.MonkeyPatch,
    answers: list[Answer],
    ending: str,
    steps: int,
    last: str,
) -> None:
    with Loopback(answers) as server:
        at(server, monkeypatch)
        report = trajcore.replay(waiting, max_steps=2, **LIVE)
    live = report.live
    assert live is not None
    assert (live.ending, live.steps, live.last_message) == (ending, steps, last)
    assert live.seconds > 0
    assert (report.failure is not None) == (ending == "error")
    assert report.to_dict()["live"] == {
        "steps": steps,
        "tokens": {"prompt": 100 * steps, "completion": 20 * steps, "cache_read": 0, "cache_write": 0},
        "cost": 0.0,
        "seconds": round(live.seconds, 3),
        "ending": ending,
        "last_message": last,
        "tools": list(default_dialect().tools.names),
    }


@pytest.mark.bubblewrap
def test_where_no_model_was_asked_there_is_nothing_to_report_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLM_BASE_URL", "http://127.0.0.1:9/v1")
    spoken = write(tmp_path / "x.json", [message(0, "go"), say(1, "What next?")])
    out = tmp_path / "report.json"
    with pytest.raises(trajcore.BadInput, match="--message"):
        trajcore.replay(spoken, report=out, breaks=["source==nobody"], **LIVE)
    assert json.loads(out.read_text())["live"] is None


# What is wrong is raised


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"sandbox": "nonsense"}, "no sandbox 'nonsense'"),
        ({"until": 99}, "no event 99"),
        ({"serve": [0]}, "asks nothing of the sandbox"),
        ({"breaks": ["???"]}, r"\?\?\?"),
        ({"memory": "little"}, "a size such as"),
        ({"network": "perhaps"}, "true or false"),
        ({"workspace": "/nowhere/at/all"}, "no such directory"),
        ({"save": "/nowhere/at/all.json"}, "no such directory"),
        ({"export": "/nowhere/at/all"}, "no directory"),
        ({"export": "/etc"}, "not empty"),
    ],
)
def test_what_cannot_be_is_refused_in_words(recording: Path, wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(trajcore.BadInput, match=words):
        trajcore.replay(recording, **{"sandbox": "recorded", **wrong})


def test_a_missing_file_is_named() -> None:
    with pytest.raises(trajcore.BadInput, match=r"nowhere\.json"):
        trajcore.replay("nowhere.json", sandbox="recorded")


def test_an_unknown_keyword_is_a_mistake_of_the_program(recording: Path) -> None:
    with pytest.raises(TypeError, match="sandboxx"):
        trajcore.replay(recording, sandboxx="recorded")
    with pytest.raises(TypeError, match="do not go together"):
        trajcore.replay(recording, settings=trajcore.Settings("recorded"), image="x")


# Where a loop is running already


async def test_a_cell_of_a_notebook_can_call_it(recording: Path) -> None:
    threads: list[str] = []
    report = trajcore.replay(
        recording,
        sandbox="recorded",
        on_notice=lambda _: threads.append(threading.current_thread().name),
    )
    assert len(report.steps) == 2
    assert set(threads) == {"trajcore.replay"}
    with pytest.raises(trajcore.BadInput):
        trajcore.replay("nowhere.json", sandbox="recorded")


async def test_async_code_awaits_it(recording: Path) -> None:
    report = await trajcore.areplay(recording, sandbox="recorded")
    assert len(report.steps) == 2


@pytest.mark.bubblewrap
async def test_cancelled_it_leaves_nothing_behind(tmp_path: Path) -> None:
    path = write(tmp_path / "long.json", [message(0, "go"), run(1, "sleep 60"), ran(2, 1, "")])
    running = asyncio.Event()

    def hear(notice: trajcore.notices.Notice) -> None:
        if isinstance(notice, trajcore.notices.Executing):
            running.set()

    task = asyncio.create_task(trajcore.areplay(path, sandbox="bubblewrap", on_notice=hear))
    await asyncio.wait_for(running.wait(), 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with leftovers.found(docker=False) as left:
        assert left == []


@pytest.mark.bubblewrap
async def test_an_interrupt_in_a_cell_ends_it_and_its_sandbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "long.json", [message(0, "go"), run(1, "sleep 60"), ran(2, 1, "")])
    sessions: list[trajcore.Session] = []
    join = threading.Thread.join

    def interrupted(thread: threading.Thread, timeout: float | None = None) -> None:
        monkeypatch.setattr(threading.Thread, "join", join)
        while not sessions or not sessions[0].busy:
            join(thread, 0.02)
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "join", interrupted)
    with pytest.raises(KeyboardInterrupt):
        trajcore.replay(path, sandbox="bubblewrap", on_session=sessions.append)
    assert not sessions[0].busy
    with leftovers.found(docker=False) as left:
        assert left == []


# The table of options


@pytest.mark.parametrize(
    ("command", "function"),
    [(options.REPLAY, api.areplay), (options.FORK, api.afork), (options.BISECT, bisecting.abisect)],
    ids=("replay", "fork", "bisect"),
)
def test_every_option_of_the_command_has_its_place(command: str, function: Any) -> None:
    """An option is a setting of the session, a keyword of the function, or about printing."""
    keywords = {
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }
    printing = {"strict", "as_json"}
    for option in options.OPTIONS:
        if command in option.commands:
            assert (option.keyword in keywords) + option.session + (option.keyword in printing) == 1, option


def test_every_option_names_a_setting_that_is_there() -> None:
    keys = {key.name for key in options.KEYS}
    assert {option.key for option in options.OPTIONS if option.key is not None} <= keys
    assert len({option.keyword for option in options.OPTIONS}) == len(options.OPTIONS)


def test_the_process_of_the_model_starts_while_the_replay_runs_where_it_is_to_carry_on(
    recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []
    steps: list[trajcore.notices.Notice] = []
    monkeypatch.setattr(MODELS, "start", lambda: started.append(len(steps)))
    trajcore.replay(recording, sandbox="recorded", model="openai/m")
    assert started == []
    with pytest.raises(trajcore.SandboxUnavailable):
        trajcore.replay(
            recording, sandbox="recorded", model="openai/m", carry_on=True,
            messages=["go"], on_notice=steps.append,
        )  # fmt: skip
    assert started[0] == 0
