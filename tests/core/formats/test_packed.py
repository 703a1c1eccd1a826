"""Compressed files and archives: read within bounds, never written; other encodings are refused by name."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import others
from documents import message, ran, run
from trajcore import reading
from trajcore.difference import diff
from trajcore.errors import BadInput
from trajcore.formats import packed
from trajcore.formats.base import RowNeeded
from trajcore.trajectory import Trajectory

EVENTS: list[dict[str, Any]] = [message(0, "go"), run(1, "ls"), ran(2, 1, "a"), message(3, "bye")]
DATA = json.dumps(EVENTS, indent=1).encode()


def zipped(*files: tuple[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return made.getvalue()


def tarred(*files: tuple[str, bytes]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE):
            info = tarfile.TarInfo("elsewhere.json")
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    return made.getvalue()


LINES = b"".join(json.dumps(event).encode() + b"\n" for event in EVENTS)
STORE = [(f"x/events/{event['id']}.json", json.dumps(event).encode()) for event in reversed(EVENTS)]
PACKED = {
    "gzip": gzip.compress(DATA),
    "gzip in two members": gzip.compress(DATA[:100]) + gzip.compress(DATA[100:]),
    "lines in gzip": gzip.compress(LINES),
    "zip": zipped(("run.json", DATA)),
    "zip beside other files": zipped(
        ("meta.json", b'{"id": 1}'), ("a/", b""), ("a/x.json", DATA), ("b", b"\0")
    ),
    "tar": tarred(("./run.json", DATA)),
    "tar in gzip": gzip.compress(tarred(("meta.json", b'{"id": 1}'), ("a/x.json", DATA), ("b", b"\0"))),
    "an event store in a tar": gzip.compress(tarred(("x/metadata.json", b"{}"), *STORE)),
    "an event store in a zip": zipped(("x/metadata.json", b"{}"), *STORE, ("x/agent_state.pkl", b"\x80x")),
}


@pytest.mark.parametrize("data", PACKED.values(), ids=PACKED)
def test_what_is_packed_opens_and_is_saved_to_another_file(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "packed"
    path.write_bytes(data)
    trajectory = Trajectory.open(path)
    assert [trajectory.data(index) for index in range(4)] == EVENTS
    assert trajectory.needs_name
    trajectory.set_value(0, ("message",), "edited")
    assert any(line.startswith("+") and "edited" in line for line in diff(trajectory))
    for target in (None, path):
        with pytest.raises(BadInput, match=r"is packed \((gzip|zip|tar)\): name another file"):
            trajectory.save(target)
    assert path.read_bytes() == data
    other = trajectory.save(tmp_path / "out.json")
    assert path.read_bytes() == data
    assert Trajectory.open(other).data(0)["message"] == "edited"
    assert not trajectory.needs_name
    trajectory.set_value(0, ("message",), "again")
    assert trajectory.save() == other


@pytest.mark.parametrize(
    "archive",
    [zipped, tarred, lambda *files: gzip.compress(tarred(*files))],
    ids=("zip", "tar", "tar in gzip"),
)
def test_of_several_in_an_archive_one_is_picked_as_a_row_is(archive: Callable[..., bytes]) -> None:
    short = json.dumps(EVENTS[:1]).encode()
    data = archive(("a.json", DATA), ("notes.json", b'{"x": 1}'), ("b.json", short))
    with pytest.raises(RowNeeded, match=r"holds 2 trajectories.*\(0 to 1, or its id: a\.json, b\.json\)"):
        Trajectory.from_bytes(data)
    lengths = [len(Trajectory.from_bytes(data, row=row)) for row in ("0", "a.json", "1", "b.json")]
    assert lengths == [4, 4, 1, 1]
    numbered = archive(("1.json", DATA), ("2.json", short))
    assert [len(Trajectory.from_bytes(numbered, row=row)) for row in ("1.json", "2.json")] == [4, 1]
    for row in ("2", "notes.json"):
        with pytest.raises(BadInput, match="has no row"):
            Trajectory.from_bytes(data, row=row)
    with pytest.raises(BadInput, match="no recording in it"):
        Trajectory.from_bytes(archive(("a.txt", b"text"), ("b.json", b'{"x": 1}'), ("c.json", b"{}")))


def test_an_archive_that_was_cut_off_has_what_came_before_the_cut() -> None:
    noise = "".join(f"{number**50:x}" for number in range(5_000))
    data = gzip.compress(
        tarred(("a.json", DATA), ("b.json", json.dumps([*EVENTS, message(4, noise)]).encode()))
    )
    for length in (len(data) * 3 // 4, len(data) // 2):
        cut = data[:length]
        assert Trajectory.from_bytes(cut, row="a.json").faults == ()
        assert len(Trajectory.from_bytes(cut, row="b.json")) == 4
        assert "ends too early" in Trajectory.from_bytes(cut, row="b.json").faults[0]


def test_another_agents_recordings_in_an_archive_are_refused_by_name() -> None:
    steps = json.dumps(others.ATIF_RUN)
    for archive in (zipped, tarred):
        with pytest.raises(BadInput, match="ATIF"):
            Trajectory.from_bytes(archive(("a.json", steps.encode()), ("b.json", steps.encode())))


def test_rows_in_a_packed_file_are_picked_as_ever() -> None:
    lines = b"".join(
        json.dumps({"instance_id": f"task-{n}", "history": EVENTS[: n + 1]}).encode() + b"\n"
        for n in range(2)
    )
    for data in (gzip.compress(lines), zipped(("output.jsonl", lines))):
        assert len(Trajectory.from_bytes(data, row="task-1")) == 2
        with pytest.raises(RowNeeded):
            Trajectory.from_bytes(data)


def test_compressed_data_that_was_cut_off_opens_up_to_the_cut() -> None:
    events = [message(number, f"{number} {number**40}") for number in range(200)]
    lines = b"".join(json.dumps(event).encode() + b"\n" for event in events)
    for whole in (json.dumps(events).encode(), lines):
        data = gzip.compress(whole)
        trajectory = Trajectory.from_bytes(data[: len(data) // 2])
        assert 20 < len(trajectory) < 200
        assert any("ends too early" in fault for fault in trajectory.faults)


SPACES = b" " * (1 << 20)
BOMBS = {
    "gzip": gzip.compress(SPACES, 1) * 4,
    "zip": zipped(("bomb.json", b"[" + SPACES * 4)),
    "many in a zip": zipped(*((f"{number}.json", b"{" + SPACES) for number in range(4))),
}


@pytest.mark.parametrize("data", BOMBS.values(), ids=BOMBS)
def test_what_swells_is_refused_in_one_line(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "recording_bytes", lambda: 2 << 20)
    with pytest.raises(BadInput, match=r"^bomb is larger than 2 MB, which is too large for what it is\.$"):
        Trajectory.from_bytes(data, "bomb")


@pytest.mark.parametrize("bound", ["_MOST_FILES", "_MOST_RECORDINGS"])
def test_an_archive_of_too_many_is_refused(bound: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, bound, 3)
    for archive in (zipped, tarred):
        with pytest.raises(BadInput, match=r"^many holds more than 3 (files|recordings): unpack it first\.$"):
            Trajectory.from_bytes(archive(*((f"x{number}", DATA) for number in range(4))), "many")


def test_what_is_unpacked_is_bounded_by_what_it_was() -> None:
    assert reading.unpacked_bytes(1) <= 256 << 20
    assert reading.unpacked_bytes(1 << 40) == reading.recording_bytes()


@given(st.sampled_from(sorted(PACKED)), st.integers(0, 400), st.binary(max_size=8))
def test_no_damage_to_what_is_packed_makes_it_fail_in_any_other_way(kind: str, at: int, junk: bytes) -> None:
    data = PACKED[kind]
    for damaged in (data[:at] + junk + data[at + len(junk) :], data[: -at or None], data[:at]):
        try:
            Trajectory.from_bytes(damaged, "damaged")
        except BadInput as error:
            said = str(error)
        else:
            continue
        assert "\n" not in said
        assert "damaged" in said


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_another_encoding_is_refused_by_name_with_what_to_do(encoding: str) -> None:
    for data in (DATA, LINES):
        with pytest.raises(BadInput, match=r"UTF-(16|32)(LE|BE)?, and JSON is UTF-8: convert it \(iconv -f"):
            Trajectory.from_bytes(data.decode().encode(encoding))
