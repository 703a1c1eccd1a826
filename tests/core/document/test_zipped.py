"""A conversation in a zip is saved in its place: what was edited of it, and nothing else of the archive."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from conversations import ID, directory, event_id, state, talk
from trajcore.errors import BadInput, FileChanged
from trajcore.trajectory import Trajectory

HEX = ID.replace("-", "")
META = f'{{"id": "{HEX}", "title": "t"}}'


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A conversation with a file that is none of its events, and a file of somebody else's."""
    place, path = directory(tmp_path / HEX, talk(), state(len(talk()) - 1)), tmp_path / "one.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for file in sorted(place.rglob("*.json")):
            made.write(file, f"{HEX}/{file.relative_to(place)}")
        made.writestr(f"{HEX}/meta.json", META)
        made.writestr("note.txt", b"\x00\x01")
    return path


def files(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as found:
        return {info.filename: found.read(info) for info in found.infolist()}


def test_saved_unchanged_it_has_the_same_bytes(archive: Path) -> None:
    before = archive.read_bytes()
    Trajectory.open(archive).save(archive)
    assert archive.read_bytes() == before


def test_each_save_writes_what_was_edited_and_no_other_file(archive: Path) -> None:
    before, trajectory = files(archive), Trajectory.open(archive)
    assert not trajectory.needs_name
    trajectory.set_value(1, ["args", "content"], "stay")
    trajectory.save(archive)
    now = files(archive)
    assert [name for name in now if now[name] != before[name]] == [
        f"{HEX}/events/event-00001-{event_id(1)}.json"
    ]
    trajectory.delete([1])
    trajectory.save(archive)
    trajectory.undo()
    trajectory.undo()
    trajectory.save(archive)
    assert files(archive) == before


def test_what_was_changed_by_somebody_else_is_not_written_over(archive: Path) -> None:
    trajectory = Trajectory.open(archive)
    trajectory.delete([1])
    archive.write_bytes(archive.read_bytes() + b"PK")
    with pytest.raises(FileChanged):
        trajectory.save(archive)


def test_what_is_no_such_archive_any_more_is_not_touched(archive: Path) -> None:
    trajectory = Trajectory.open(archive)
    trajectory.delete([1])
    archive.write_bytes(b"PK")
    with pytest.raises(BadInput, match="written anew"):
        trajectory.saving(archive, overwrite=True)


def test_it_is_saved_as_another_one_and_there_again(archive: Path, tmp_path: Path) -> None:
    trajectory, other = Trajectory.open(archive), tmp_path / "other.zip"
    trajectory.set_value(1, ["args", "content"], "first")
    trajectory.save(other)
    trajectory.set_value(1, ["args", "content"], "second")
    trajectory.save(other)
    assert Trajectory.open(other).head(1).summary() == "second"
    assert len(files(other)) == len(talk()) + 1


def test_a_directory_that_is_called_by_an_id_has_that_in_its_files(tmp_path: Path) -> None:
    place, other = directory(tmp_path / HEX, talk(), state(len(talk()) - 1)), tmp_path / ("ab" * 16)
    (place / "meta.json").write_text(META)
    trajectory = Trajectory.open(place)
    trajectory.save(other)
    id = "abababab-abab-abab-abab-abababababab"
    assert f'"id":"{id}"' in (other / "base_state.json").read_text()
    assert (other / "meta.json").read_text() == META.replace(HEX, "ab" * 16)
    trajectory.delete([len(trajectory) - 1])
    trajectory.save(other)
    assert f'"id":"{id}"' in (other / "base_state.json").read_text()
    assert (place / "meta.json").read_text() == META
