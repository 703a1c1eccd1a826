"""What is said of recordings that are not opened, and what of it is kept."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import conversations
from documents import message, ran, run
from hostile import ODD, odd_file
from program import finish, write
from trajcore import masking
from trajcore.journal.edits import journal_directory, prefix_of
from trajcore.session import Session
from trajcore.settings import Settings
from trajcore.trajectory import Trajectory
from trajcore.views import glances, recent
from trajcore.views.glances import GONE, Glances, facts

EVENTS = [message(0, "Fix the\nbuild"), run(1, "echo one"), ran(2, 1, "one"), finish(3)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "demo.json", EVENTS)


def of(path: Path) -> str:
    """What a fresh program says of a recording."""
    found = Glances()
    glance = found.of(path)
    found.keep()
    return facts(path, glance)


async def played(path: Path, sandbox: str) -> Session:
    session = Session(Trajectory.open(path), Settings(sandbox))
    try:
        await session.prepare()
        session.resume()
        await session.idle()
    finally:
        await session.close()
    return session


def kept(session: Session) -> None:
    found = Glances()
    found.keep_outcome(session)
    found.keep()


def test_steps_the_task_and_the_end_are_said(path: Path) -> None:
    glance = Glances().of(path)
    assert (glance.steps, glance.task, glance.recorded) == (1, "Fix the", "finished")
    assert of(path).endswith(" · just now · 1 step · finished")


def test_the_task_is_the_first_line_that_says_something(path: Path) -> None:
    task = "<uploaded_files>\n/workspace/x\n</uploaded_files>\n\nFix the build"
    write(path, [message(0, task), *EVENTS[1:]])
    assert Glances().of(path).task == "Fix the build"


def test_a_file_that_is_as_it_was_is_not_read_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of(path)
    monkeypatch.setattr(glances, "_read", lambda path, state: pytest.fail(f"{path} is read"))
    assert Glances().of(path).task == "Fix the"


def test_a_file_that_was_written_since_is_read_again(path: Path) -> None:
    of(path)
    write(path, [message(0, "Another"), *EVENTS[1:]])
    assert Glances().of(path).task == "Another"
    before = path.stat()
    write(
        path,
        [
            message(
                0,
                "The same size",
            ),
            *EVENTS[1:],
        ],
    )
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert Glances().of(path).task == "The same size"


def test_a_file_that_is_gone_or_no_recording_is_called_so(path: Path, tmp_path: Path) -> None:
    of(path)
    path.unlink()
    assert of(path) == GONE
    path.write_text("not json")
    assert of(path).endswith("cannot be opened")


def test_what_cannot_be_opened_now_is_looked_at_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = glances.Glance(is_recording=False)
    with monkeypatch.context() as patch:
        patch.setattr(glances, "_read", lambda path, state: refused)
        assert of(path).endswith("cannot be opened")
    assert of(path).endswith("finished")


def test_a_large_file_is_not_read_for_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glances, "_LARGEST", path.stat().st_size - 1)
    glance = Glances().of(path)
    assert (glance.steps, glance.task) == (-1, "")
    assert glance.is_recording


def test_a_conversation_is_a_directory_that_may_be_one(tmp_path: Path) -> None:
    place = conversations.directory(tmp_path / "talk", conversations.talk(), conversations.state(12))
    assert glances.may_be_recording(place)
    assert Glances().of(place).task.startswith("Make a file")
    (tmp_path / "src").mkdir()
    assert not glances.may_be_recording(tmp_path / "src")


def test_a_file_with_several_says_how_many(tmp_path: Path) -> None:
    path = tmp_path / "output.jsonl"
    path.write_text("".join(json.dumps({"instance_id": n, "history": EVENTS}) + "\n" for n in "abc"))
    assert Glances().of(path).task == "3 recordings"


@pytest.mark.bubblewrap
@pytest.mark.parametrize(("recorded", "said"), [("one", "passed"), ("two", "1 diverged")])
async def test_the_last_replay_is_told(path: Path, recorded: str, said: str) -> None:
    write(path, [*EVENTS[:2], ran(2, 1, recorded), finish(3)])
    kept(await played(path, "bubblewrap"))
    assert of(path).endswith(f" · {said}")
    write(path, [message(0, "Otherwise"), *EVENTS[1:]])
    assert of(path).endswith(f" · {said}, edited since")


async def test_what_was_only_served_has_not_passed(path: Path) -> None:
    kept(await played(path, "recorded"))
    assert of(path).endswith("served from the recording")


def test_a_session_that_did_nothing_takes_nothing_back(path: Path) -> None:
    session = Session(Trajectory.open(path), Settings("recorded"))
    kept(session)
    assert of(path).endswith("finished")


async def test_a_recording_that_was_edited_and_saved_is_called_so(path: Path) -> None:
    session = Session(Trajectory.open(path), Settings("recorded"))
    session.recording.delete([1])
    assert glances.outcome_of(session) == ""
    session.recording.save()
    kept(session)
    assert of(path).endswith("edited")


def test_unsaved_work_that_was_left_comes_before_all_else(path: Path) -> None:
    journal_directory().mkdir(parents=True)
    (journal_directory() / f"{prefix_of(path)}1.jsonl").write_text("{}")
    assert of(path).endswith("unsaved work")


def test_a_secret_is_not_kept(path: Path) -> None:
    masking.hide("sk-very-secret-key-1")
    write(path, [message(0, "use sk-very-secret-key-1"), *EVENTS[1:]])
    of(path)
    assert "very-secret" not in glances._file().read_text()
    assert "use " in glances._file().read_text()


@pytest.mark.parametrize("text", ["", "nonsense", "[]", '{"version": 2, "recordings": 3}', '{"version": 0}'])
def test_what_is_kept_may_be_anything(path: Path, text: str) -> None:
    of(path)
    glances._file().write_text(text)
    assert of(path).endswith("finished")


@pytest.mark.parametrize("field", ["steps", "task", "outcome", "is_recording"])
def test_so_may_each_field_of_it(path: Path, field: str) -> None:
    of(path)
    said = json.loads(glances._file().read_text())
    said["recordings"][str(path)]["glance"][field] = ["odd"]
    glances._file().write_text(json.dumps(said))
    assert of(path).endswith("1 step · finished")


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_file_of_ours_is_left_alone(path: Path, kind: str) -> None:
    glances._file().parent.mkdir(parents=True, exist_ok=True)
    odd_file(glances._file(), kind)
    assert of(path).endswith("finished")


@pytest.mark.parametrize(
    ("size", "said"),
    [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (75_300, "75.3 kB"), (2_500_000, "2.5 MB")],
)
def test_the_size_of_a_file(tmp_path: Path, size: int, said: str) -> None:
    path = tmp_path / "file"
    with path.open("wb") as file:
        file.truncate(size)
    assert recent.size(path) == said
    assert recent.size(tmp_path) == recent.size(tmp_path / "gone") == ""


def test_a_recording_is_taken_off_the_list(path: Path, tmp_path: Path) -> None:
    recent.remember(path)
    recent.remember(tmp_path / "gone.json")
    assert recent.recent_files() == [tmp_path / "gone.json", path]
    recent.forget(tmp_path / "gone.json")
    assert recent.recent_files() == [path]
    assert path.exists()
