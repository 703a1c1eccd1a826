"""The journal: no edit and no run is lost with the program, none is restored unasked, none twice."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents import message, ran, run
from trajcore.errors import BadInput, FileChanged
from trajcore.journal.edits import journal_directory
from trajcore.journal.recovery import Orphan, orphans
from trajcore.sandbox.base import SandboxSettings
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory

EVENTS = [message(0), run(1, "ls"), ran(2, 1, "a\nb"), message(3, "more"), run(4, "pwd"), ran(5, 4, "/")]

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "t.json"
    path.write_text(json.dumps(EVENTS, indent=2) + "\n")
    return path


def session_of(path: Path, row: str | None = None) -> Session:
    settings = Settings("recorded", SandboxSettings(), keep_journal=True)
    return Session(Trajectory.open(path, row), settings)


def kept() -> list[str]:
    """What is in the directory of journals, by the endings of the names."""
    try:
        return sorted("." + path.name.split(".", 2)[2] for path in journal_directory().iterdir())
    except FileNotFoundError:
        return []


def die_after(act: Callable[[], object]) -> None:
    """Do something in a process that is killed right after it."""
    child = os.fork()
    if child == 0:
        try:
            act()
        finally:
            os.kill(os.getpid(), signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)


@contextmanager
def the_orphan(path: Path, row: str | None = None) -> Iterator[Orphan]:
    (orphan,) = orphans(Trajectory.open(path, row))
    try:
        yield orphan
    finally:
        orphan.release()


def test_without_an_edit_nothing_but_the_lock_is_kept_and_in_the_end_nothing(path: Path) -> None:
    session = session_of(path)
    assert kept() == [".lock"]
    asyncio.run(session.close())
    assert kept() == []


def test_an_edit_is_kept_at_once_and_only_for_its_owner(path: Path) -> None:
    session = session_of(path)
    session.editing.flip(0, "wait_for_response")
    assert kept() == [".jsonl", ".lock"]
    assert [stat.S_IMODE(file.stat().st_mode) for file in journal_directory().iterdir()] == [0o600] * 2
    assert stat.S_IMODE(journal_directory().stat().st_mode) == 0o700


def test_taken_back_to_the_saved_state_there_is_nothing_to_keep(path: Path) -> None:
    session = session_of(path)
    session.editing.flip(0, "wait_for_response")
    session.editing.undo()
    assert kept() == [".lock"]
    session.editing.redo()
    assert kept() == [".jsonl", ".lock"]


async def test_a_save_leaves_nothing_to_keep(path: Path) -> None:
    session = session_of(path)
    session.editing.flip(0, "wait_for_response")
    await session.editing.save()
    assert kept() == [".lock"]


def test_giving_up_what_is_not_saved_leaves_nothing(path: Path) -> None:
    session = session_of(path)
    session.editing.flip(0, "wait_for_response")
    session.discard()
    asyncio.run(session.close())
    assert kept() == []


def test_what_an_orderly_end_leaves_unsaved_is_found_by_the_next_start(path: Path) -> None:
    session = session_of(path)
    session.editing.flip(0, "wait_for_response")
    asyncio.run(session.close())
    with the_orphan(path) as orphan:
        assert len(orphan.edits) == 1


def edits(session: Session) -> bytes:
    """A few edits of every kind, and what the file would be."""
    editing = session.editing
    editing.flip(0, "wait_for_response")
    editing.set_value(1, ("args", "command"), "echo 'ü'\n\ud800")
    editing.insert(3, [message(None, "inserted")])
    editing.undo()
    editing.redo()
    editing.delete([1])
    editing.undo()
    editing.move([0], 1)
    editing.duplicate([0])
    editing.unset(0, ("source",))
    return session.trajectory.to_bytes()


def test_what_a_killed_program_had_edited_is_made_again_byte_by_byte(path: Path) -> None:
    before = path.read_bytes()
    expected = path.with_name("expected")
    die_after(lambda: expected.write_bytes(edits(session_of(path))))
    with the_orphan(path) as orphan:
        trajectory = Trajectory.open(path)
        restored = orphan.restored(trajectory)
        assert restored.to_bytes() == expected.read_bytes()
        assert restored.modified
        assert not trajectory.modified
        assert not orphan.file_changed
    assert path.read_bytes() == before


async def test_edits_behind_a_save_and_undoing_behind_it_are_made_again(path: Path) -> None:
    session = session_of(path)
    session.editing.flip(0, "wait_for_response")
    session.editing.set_value(3, ("source",), "agent")
    await session.editing.save()
    session.editing.undo()
    session.editing.undo()
    session.editing.set_value(0, ("source",), "agent")
    expected = session.trajectory.to_bytes()
    await session.close()
    with the_orphan(path) as orphan:
        assert orphan.restored(Trajectory.open(path)).to_bytes() == expected


async def test_what_is_edited_while_a_save_is_written_is_kept(path: Path) -> None:
    session = session_of(path)
    session.editing.flip(0, "wait_for_response")
    saving = asyncio.create_task(session.editing.save())
    await asyncio.sleep(0)
    session.editing.set_value(3, ("source",), "agent")
    await saving
    assert session.trajectory.modified
    saved = Trajectory.open(path)
    assert saved.data(0)["args"]["wait_for_response"] is True
    assert saved.data(3)["source"] == "user"
    await session.close()
    with the_orphan(path) as orphan:
        assert orphan.restored(saved).to_bytes() == session.trajectory.to_bytes()


async def test_a_save_that_fails_keeps_everything(path: Path) -> None:
    session = session_of(path)
    session.editing.flip(0, "wait_for_response")
    path.write_text("changed by somebody else")
    with pytest.raises(FileChanged):
        await session.editing.save()
    assert session.trajectory.modified
    assert kept() == [".jsonl", ".lock"]


async def test_saved_as_another_file_the_journal_follows(path: Path) -> None:
    session = session_of(path)
    session.editing.flip(0, "wait_for_response")
    copy = await session.editing.save(path.with_name("copy.json"))
    assert kept() == [".lock"]
    session.editing.flip(3, "wait_for_response")
    await session.close()
    assert orphans(Trajectory.open(path)) == []
    with the_orphan(copy) as orphan:
        assert orphan.restored(Trajectory.open(copy)).to_bytes() == session.trajectory.to_bytes()


def test_what_is_restored_is_gone_and_what_is_left_for_later_is_not(path: Path) -> None:
    die_after(lambda: session_of(path).editing.flip(0, "wait_for_response"))
    with the_orphan(path):
        assert orphans(Trajectory.open(path)) == [], "nobody else takes what one program holds"
    with the_orphan(path) as orphan:
        orphan.remove_edits()
    assert kept() == []


def test_a_file_that_changed_since_is_said_and_what_cannot_be_made_again_stays(path: Path) -> None:
    die_after(lambda: session_of(path).editing.flip(0, "wait_for_response"))
    path.write_text(json.dumps([message(0, "quite another")]))
    with the_orphan(path) as orphan:
        assert orphan.file_changed
        with pytest.raises(BadInput, match="another state"):
            orphan.restored(Trajectory.open(path))
        assert orphan.edits_path.exists()
    with the_orphan(path) as orphan:
        assert len(orphan.edits) == 1


def test_edits_of_another_row_of_the_file_are_not_offered(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(json.dumps({"id": name, "history": [message(0, name)]}) for name in "ab"))
    die_after(lambda: session_of(path, "b").editing.flip(0, "wait_for_response"))
    assert orphans(Trajectory.open(path, "a")) == []
    with the_orphan(path, "1") as orphan:
        assert orphan.restored(Trajectory.open(path, "1")).data(0)["args"]["wait_for_response"] is True


def test_of_an_event_store_too(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.json").write_text(json.dumps(message(number)))
    die_after(lambda: session_of(tmp_path).editing.delete([1]))
    with the_orphan(tmp_path) as orphan:
        assert len(orphan.restored(Trajectory.open(tmp_path))) == 2


def test_a_journal_that_was_cut_off_gives_what_is_whole(path: Path) -> None:
    def two_edits() -> None:
        session = session_of(path)
        session.editing.flip(0, "wait_for_response")
        session.editing.flip(3, "wait_for_response")

    die_after(two_edits)
    (journal,) = journal_directory().glob("*.jsonl")
    journal.write_bytes(journal.read_bytes()[:-5])
    with the_orphan(path) as orphan:
        assert len(orphan.edits) == 1


@pytest.mark.parametrize("content", [b"", b"garbage", b"[]\n", b'{"journal": 99}\n{"do": {}}\n', b"\xff\n"])
def test_a_file_that_is_no_journal_is_not_offered(path: Path, content: bytes) -> None:
    die_after(lambda: session_of(path).editing.flip(0, "wait_for_response"))
    (journal,) = journal_directory().glob("*.jsonl")
    journal.write_bytes(content)
    assert orphans(Trajectory.open(path)) == []


def test_a_journal_is_never_written_or_read_through_a_link(path: Path, tmp_path: Path) -> None:
    die_after(lambda: session_of(path).editing.flip(0, "wait_for_response"))
    (journal,) = journal_directory().glob("*.jsonl")
    journal.rename(tmp_path / "elsewhere")
    journal.symlink_to(tmp_path / "elsewhere")
    (orphan,) = orphans(Trajectory.open(path))
    assert not orphan.edits
    assert "is no regular file" in orphan.fault
    orphan.release()
    assert journal.is_symlink(), "what is not understood is not removed"


def test_two_programs_on_one_file_are_noticed(path: Path) -> None:
    first = session_of(path)
    link = path.with_name("link.json")
    link.symlink_to(path)
    ours, theirs = os.pipe()
    held, release = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            second = session_of(link)
            assert second.keeping is not None
            os.write(theirs, json.dumps(second.keeping.others).encode())
            os.read(held, 1)
        finally:
            os._exit(0)
    assert json.loads(os.read(ours, 1000)) == [os.getpid()]
    third = session_of(path)
    assert third.keeping is not None
    assert child in third.keeping.others
    os.write(release, b".")
    os.waitpid(child, 0)
    for session in (first, third):
        asyncio.run(session.close())
    fourth = session_of(path)
    assert fourth.keeping is not None
    assert fourth.keeping.others == []


def test_where_no_journal_can_be_kept_it_is_said_and_editing_works(
    path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    session = session_of(path)
    assert session.keeping is not None
    assert "no journal can be kept" in session.keeping.fault
    session.editing.flip(0, "wait_for_response")
    assert session.trajectory.modified
    asyncio.run(session.close())


async def test_a_message_and_what_followed_it_survive(path: Path) -> None:
    session = session_of(path)
    session.step()
    await session.idle()
    assert kept() == [".lock"], "a mere replay can be done again"
    session.message("and now?")
    session.resume()
    await session.idle()
    expected = b"".join(session.run.to_json())
    await session.close()
    assert kept() == [".lock", ".run.jsonl"]
    with the_orphan(path) as orphan:
        assert orphan.has_run
        assert orphan.edits == []
        run = orphan.run()
        assert b"".join(run.to_json()) == expected
        orphan.remove_run()
    assert kept() == []


async def test_a_saved_run_and_a_restarted_one_leave_nothing(path: Path, tmp_path: Path) -> None:
    session = session_of(path)
    session.message("hello")
    await session.save_run(tmp_path / "run.json")
    session.message("again")
    session.restart()
    await session.idle()
    await session.close()
    assert kept() == []


@given(
    st.lists(
        st.sampled_from(["flip", "set", "insert", "delete", "move", "undo", "redo", "save"]), max_size=12
    )
)
def test_any_sequence_of_edits_and_saves_is_made_again(
    tmp_path_factory: pytest.TempPathFactory, commands: list[str]
) -> None:
    directory = tmp_path_factory.mktemp("journal")
    path = directory / "t.json"
    path.write_text(json.dumps(EVENTS, indent=1))

    async def follow() -> tuple[bytes, bool]:
        session = session_of(path)
        editing = session.editing
        for number, command in enumerate(commands):
            last = len(session.trajectory) - 1
            match command:
                case "flip":
                    editing.set_value(0, ("hidden",), number % 2 == 0)
                case "set":
                    editing.set_value(last, ("content",), "x" * number)
                case "insert":
                    editing.insert(last, [message(None, str(number))])
                case "delete" if last > 3:
                    editing.delete([last])
                case "move" if last > 3:
                    editing.move_to([last], 0)
                case "undo":
                    editing.undo()
                case "redo":
                    editing.redo()
                case "save":
                    await editing.save()
        await session.close()
        return session.trajectory.to_bytes(), session.trajectory.modified

    expected, modified = asyncio.run(follow())
    found = orphans(Trajectory.open(path))
    assert bool(found) == modified
    for orphan in found:
        assert orphan.restored(Trajectory.open(path)).to_bytes() == expected
        orphan.remove_edits()
        orphan.release()
