"""`trajtui repair`: what it says, what it writes, and that it does neither more nor less than that."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from conversations import ID, compact, contents, directory, state, talk
from documents import message, ran, run
from mutations import MUTATIONS, event_files
from program import SAMPLES, trajtui, write
from trajcore.trajectory import Trajectory

HEX = ID.replace("-", "")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return directory(tmp_path / HEX, talk(), state(13))


def break_it(place: Path, *names: str) -> dict[str, bytes]:
    """Let mutations come over a conversation; the answer is what is in its files then."""
    for name in names:
        MUTATIONS[name][1](place, 2)
    return contents(place)


def test_a_sound_recording_is_left_as_it_is(place: Path, tmp_path: Path) -> None:
    before = contents(place)
    done = trajtui("repair", place, "--in-place")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "nothing wrong was found: it is left as it is\n"
    assert contents(place) == before
    assert sorted(tmp_path.iterdir()) == [place]
    demo = SAMPLES / "demo.json"
    out = tmp_path / "out.json"
    assert trajtui("repair", demo, "-o", out).returncode == 0
    assert out.read_bytes() == demo.read_bytes()


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_without_a_place_to_write_to_it_only_says_what_it_would_do(
    place: Path, options: tuple[str, ...]
) -> None:
    before = break_it(place, "torn", "leaf")
    done = trajtui("repair", place, *options)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    torn = event_files(place)[4].name
    assert lines[0].startswith(f"events/{torn}  error: ")
    assert lines[0].endswith("→ move what is left of it aside, into damaged/")
    assert any("base_state.json  error: it goes on from event 0badcafe-000…" in line for line in lines)
    assert lines[-1] == f"{len(lines) - 1} faults mended"
    assert "nothing was written" in done.stderr
    assert contents(place) == before


def test_in_its_own_place_a_copy_is_kept_that_opens_here_too(place: Path) -> None:
    before = break_it(place, "action_kind", "torn")
    done = trajtui("repair", place, "--in-place")
    copy = place.with_name(f"{HEX}.before-repair.zip")
    assert done.returncode == 0
    assert f"kept as it was: {copy}" in done.stdout
    with zipfile.ZipFile(copy) as archive:
        packed = {name.removeprefix(f"{HEX}/"): archive.read(name) for name in archive.namelist()}
    assert packed == before
    assert Trajectory.open(copy).damaged
    assert copy.stat().st_mode & 0o777 == 0o600
    whole = contents(place)
    assert trajtui("repair", place, "--in-place").returncode == 0
    assert contents(place) == whole
    assert len(list(place.parent.iterdir())) == 2
    break_it(place, "leaf")
    assert f"{HEX}.before-repair.2.zip" in trajtui("repair", place, "--in-place").stdout


def test_elsewhere_the_recording_stays_as_it_is_and_goes_by_its_new_name(place: Path, tmp_path: Path) -> None:
    before = break_it(place, "missing")
    other = tmp_path / "0badcafe000040008000000000000000"
    done = trajtui("repair", place, "-o", other)
    assert done.returncode == 0
    assert contents(place) == before
    again = Trajectory.open(other)
    assert not [one for one in again.checking()() if one.repair]
    assert (
        json.loads((other / "base_state.json").read_bytes())["id"] == "0badcafe-0000-4000-8000-000000000000"
    )


def test_what_cannot_be_mended_is_said_and_is_a_failure(tmp_path: Path) -> None:
    events = [message(0), {**run(1, "ls"), "args": {"command": 7}}, ran(2, 1)]
    path = write(tmp_path / "t.json", events)
    done = trajtui("repair", path, "-o", tmp_path / "out.json")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-2] == "1 fault left"
    assert json.loads((tmp_path / "out.json").read_bytes())[1]["args"] == {"command": 7}


def test_a_recording_of_v0_is_mended_by_what_its_checks_offer(tmp_path: Path) -> None:
    path = write(
        tmp_path / "t.json", [message(0), run(1, "ls"), run(1, "pwd"), ran(4, 1), ran(5, 99), message(7)]
    )
    before = path.read_bytes()
    done = trajtui("repair", path, "--in-place", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 0
    assert {one["code"] for one in told["mended"]} >= {"duplicate-id", "dangling-cause"}
    assert told["left"] == []
    assert Path(told["copy"]).read_bytes() == before
    assert trajtui("show", "--check", path).returncode == 0


def test_warnings_are_mended_where_they_are_asked_for(place: Path) -> None:
    before = break_it(place, "leaf_behind")
    done = trajtui("repair", place, "--in-place")
    assert (done.returncode, contents(place)) == (0, before)
    assert done.stdout.endswith("1 warning left (--all mends what can be)\n")
    assert trajtui("repair", place, "--in-place", "--all").returncode == 0
    assert json.loads((place / "base_state.json").read_bytes())["leaf_event_id"] == talk()[13]["id"]


def test_an_archive_and_a_list_of_events_are_mended_too(place: Path, tmp_path: Path) -> None:
    break_it(place, "torn", "status")
    packed = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", place.parent, HEX))
    assert trajtui("repair", packed, "-o", tmp_path / "there").returncode == 0
    assert (tmp_path / "there" / "damaged").is_dir()
    was = packed.read_bytes()
    assert trajtui("repair", packed, "--in-place").returncode == 0
    assert packed.with_name("packed.zip.before-repair").read_bytes() == was
    assert trajtui("show", packed, "--check").returncode == 0
    one = tmp_path / "events.json"
    one.write_bytes(b"[" + b",".join(compact({**event, "colour": 1}) for event in talk()) + b"]")
    assert trajtui("repair", one, "-o", tmp_path / "mended.json").returncode == 0
    assert json.loads((tmp_path / "mended.json").read_bytes()) == talk()
    printed = trajtui("repair", one, "-o", "-")
    assert (json.loads(printed.stdout), "faults mended" in printed.stderr) == (talk(), True)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--in-place", "-o", "x"), "takes no -o"),
        (("--dry-run", "--in-place"), "writes nothing"),
        (("-o", "-"), "is a directory of events"),
        (("-o", "-", "--json"), "both go to standard output"),
    ],
)
def test_what_does_not_go_together_is_refused(place: Path, options: tuple[str, ...], said: str) -> None:
    done = trajtui("repair", place, *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    same = trajtui("repair", place, "-o", place)
    assert (same.returncode, "--in-place" in same.stderr) == (2, True)
