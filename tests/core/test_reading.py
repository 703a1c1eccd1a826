"""What is read beside the recording: nothing is waited for, nothing read without a bound, nothing lost."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import trajcore
from documents import of_commands
from hostile import ODD, odd_file
from program import ROOT
from trajcore.config import config_directory, load, set_config, trust_config
from trajcore.difference import diff
from trajcore.errors import BadInput
from trajcore.journal.edits import EDITS, LOCK, RUN, journal_directory, prefix_of
from trajcore.journal.recovery import orphans
from trajcore.reading import Missing, NotRegular, read_bounded, read_file
from trajcore.replay.breakpoints import Breakpoints
from trajcore.sandbox.machines.docker import address
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory
from trajcore.trust import TRUSTED, answer, remember
from trajcore.views import recent, recovery

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user of their own, who has a recording."""
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "demo.json"
    path.write_bytes(of_commands("echo 1", "echo 2"))
    return path


def one_line(error: BaseException, name: str) -> bool:
    return name in str(error) and "\n" not in str(error)


def state_of(path: Path) -> tuple[int, int]:
    about = path.lstat()
    return about.st_ino, about.st_size


# The function itself


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_text_of_bounded_length_is_refused_in_a_line(tmp_path: Path, kind: str) -> None:
    odd = odd_file(tmp_path / "odd", kind)
    with pytest.raises(BadInput, match=r"is no regular file|is larger than 1 MB|is a binary file") as caught:
        read_file(odd, 1 << 20)
    assert one_line(caught.value, str(odd))


def test_exactly_the_bound_is_read(tmp_path: Path) -> None:
    file = tmp_path / "file"
    for size in (0, 1, 4096, 4097, 1 << 20):
        file.write_bytes(b"x" * size)
        assert read_file(file, max(size, 1)) == b"x" * size
        with pytest.raises(BadInput, match="is larger than"):
            read_file(file, size - 1)
    with pytest.raises(Missing):
        read_file(tmp_path / "none", 1)
    with pytest.raises(NotRegular):
        read_file(tmp_path, 1)


def test_a_file_that_grows_while_it_is_read_is_read_no_further(tmp_path: Path) -> None:
    class Growing:
        given = 0

        def read(self, size: int = -1) -> bytes:
            self.given += size
            return b"x" * size

    growing = Growing()
    with pytest.raises(BadInput, match="is larger than 3 MB"):
        read_bounded(growing, "it", 3 << 20)  # type: ignore[arg-type]
    assert growing.given < 6 << 20


def test_of_ones_own_no_link_is_followed_and_nothing_of_others_taken(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("1")
    (tmp_path / "link").symlink_to("file")
    assert read_file(tmp_path / "link", 1) == b"1"
    with pytest.raises(NotRegular):
        read_file(tmp_path / "link", 1, own=True)
    if os.geteuid() == 0:
        os.chown(tmp_path / "file", 12345, 12345)
        with pytest.raises(BadInput, match="somebody else"):
            read_file(tmp_path / "file", 1, own=True)


# Each place


@pytest.mark.parametrize("kind", ODD)
async def test_breakpoints(path: Path, kind: str) -> None:
    """The session starts, says why none are kept, works all the same, and leaves what is there alone."""
    kept = Breakpoints(Trajectory.open(path))
    kept.toggle(kept._trajectory.uid(1))
    kept.save()
    sidecar = kept._sidecar()
    assert sidecar is not None
    sidecar.unlink()
    before = state_of(odd_file(sidecar, kind))
    session = Session(Trajectory.open(path), Settings("recorded", keep_breakpoints=True))
    said: list[str] = []
    session.subscribe(lambda notice: said.append(getattr(notice, "text", "")))
    await session.prepare()
    assert any("breakpoints are not kept" in line and str(sidecar) in line for line in said)
    session.toggle_breakpoint(1)
    assert len(session.breakpoints) == 1
    assert state_of(sidecar) == before
    await session.close()


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "just now"),
        (120, "2 min ago"),
        (3_700, "1 hour ago"),
        (2.5 * 86_400, "2 days ago"),
        (4e7, "1 year ago"),
    ],
)
def test_the_age_of_a_recent_file(path: Path, seconds: float, said: str) -> None:
    written = time.time() - seconds
    os.utime(path, (written, written))
    assert recent.age(path) == said
    path.unlink()
    assert recent.age(path) == ""


@pytest.mark.parametrize("kind", ODD)
def test_recent_files(path: Path, kind: str) -> None:
    recent.remember(path)
    assert recent.recent_files() == [path]
    recent._list_file().unlink()
    before = state_of(odd_file(recent._list_file(), kind))
    assert recent.recent_files() == []
    recent.remember(path)
    assert state_of(recent._list_file()) == before


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("suffix", [EDITS, RUN])
async def test_a_journal(path: Path, kind: str, suffix: str) -> None:
    journal_directory().mkdir(parents=True)
    odd = odd_file(journal_directory() / f"{prefix_of(path)}1-abcdef{suffix}", kind)
    before = state_of(odd)
    for _ in range(2):
        (orphan,) = orphans(Trajectory.open(path))
        assert str(odd) in orphan.fault
        orphan.release()
    session = Session(Trajectory.open(path), Settings("recorded", keep_journal=True))
    offered = [one async for one in recovery.offers(session)]
    assert [type(one) for one in offered] == [recovery.Unreadable]
    await session.close()
    assert state_of(odd) == before
    assert odd.with_name(odd.name.removesuffix(suffix) + LOCK).exists()


@pytest.mark.parametrize("kind", ODD)
def test_what_was_said_of_a_config(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[core]\n")
    remember(file, "0", TRUSTED)
    (record,) = (tmp_path / "XDG_STATE_HOME").rglob("trust/*.json")
    record.unlink()
    before = state_of(odd_file(record, kind))
    assert answer(file, "0") == ""
    with pytest.raises(BadInput) as caught:
        trust_config(file)
    assert one_line(caught.value, str(record))
    assert state_of(record) == before


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("named", [True, False])
def test_a_config(tmp_path: Path, kind: str, named: bool) -> None:
    """What is no file is none; what is too large is refused. Nothing is written over either."""
    own = config_directory() / "config.toml"
    own.parent.mkdir(parents=True)
    file = odd_file(tmp_path / "config.toml" if named else own, kind)
    before = state_of(file)
    if kind in ("holes", "zeros") or named:
        with pytest.raises(BadInput) as caught:
            load(file if named else None)
        assert one_line(caught.value, str(file))
    else:
        assert load().path is None
    with pytest.raises(BadInput) as caught:
        set_config("llm.model", "x", file)
    assert one_line(caught.value, str(file))
    assert state_of(file) == before


@pytest.mark.parametrize("kind", ODD)
def test_a_file_that_became_another_before_it_is_compared(path: Path, kind: str) -> None:
    trajectory = Trajectory.open(path)
    trajectory.flip(0, "wait_for_response")
    path.unlink()
    odd_file(path, kind)
    with pytest.raises(BadInput) as caught:
        list(diff(trajectory))
    assert one_line(caught.value, str(path))


@pytest.mark.parametrize("kind", ODD)
def test_settings_of_docker(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    (tmp_path / "docker").mkdir()
    assert address._read(odd_file(tmp_path / "docker" / "config.json", kind)) == {}


def test_an_event_store_is_bounded_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from trajcore.formats import directory

    for number in range(10):
        (tmp_path / f"{number}.json").write_text('{"action": "run", "args": {"command": "%s"}}' % ("x" * 500))
    assert len(Trajectory.open(tmp_path)) == 10
    monkeypatch.setattr(directory, "recording_bytes", lambda: 3000)
    with pytest.raises(BadInput, match=r"5\.json is larger than"):
        Trajectory.open(tmp_path)


# Nowhere else

ELSEWHERE = {
    "trajcore/reading.py", "trajcore/formats/peek.py",  # the first bytes of a file
    "trajcore/sandbox/machines/owner.py", "trajcore/sandbox/machines/host/processes.py",  # of /proc
    "trajcore/sandbox/machines/docker/terminal.py",  # the same
    "trajcore/sandbox/machines/bubblewrap/mounts.py", "trajcore/sandbox/machines/bubblewrap/seccomp.py",
    "trajcore/runtimes/openhands/cell.py",  # ours
    "trajcore/views/decoding.py",  # a pipe of ours
    "trajcore/views/exports/html.py", "trajtui/browser/server.py",  # ours
    "trajtui/grammar.py",  # into a file, a byte more than whoever reads that takes
    "trajcore/sandbox/notebook/kernellink.py", "trajcore/sandbox/notebook/kernel/magics.py",  # ours; inside
}  # fmt: skip
READS = re.compile(r"""\.read_(text|bytes)\(|\.open\((mode=)?"r?b|read_bytes\)|stdin\.buffer\.read""")


def test_no_file_is_read_otherwise() -> None:
    found = {
        str(module.relative_to(top))
        for top in (ROOT / "core", ROOT / "tui")
        for module in top.rglob("*.py")
        if READS.search(module.read_text(encoding="utf-8"))
    }
    assert found - ELSEWHERE == set()


# The program


PROGRAM = "import sys, trajcore.reading as r; r.recording_bytes = lambda: 5 << 20; " \
          "import trajcore.api; trajcore.api.recording_bytes = r.recording_bytes; " \
          "from trajtui.cli import main; sys.argv[0] = 'trajtui'; sys.exit(main())"  # fmt: skip
STREAMS: dict[str, Callable[[], list[str]]] = {
    "zeros": lambda: ["cat", "/dev/zero"],
    "words": lambda: ["yes"],
    "an endless list": lambda: ["sh", "-c", 'printf \'[\'; yes \'{"action": "run", "args": {}},\''],
}


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("command", [["replay", "-", "--sandbox", "recorded"], ["show", "-"]])
@pytest.mark.sampled(3)
def test_standard_input_without_an_end(stream: str, command: list[str], tmp_path: Path) -> None:
    with subprocess.Popen(STREAMS[stream](), stdout=subprocess.PIPE) as pouring:
        arguments = [sys.executable, "-c", PROGRAM, *command]
        done = subprocess.run(
            arguments, stdin=pouring.stdout, capture_output=True, text=True, timeout=50, check=False
        )
        pouring.kill()
    assert done.returncode == 2, done.stderr
    assert "standard input is" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.bubblewrap
@pytest.mark.parametrize("kind", ODD)
def test_a_setup_script(tmp_path: Path, path: Path, kind: str) -> None:
    script = odd_file(tmp_path / "setup.sh", kind)
    try:
        failure = trajcore.replay(path, setup=script, sandbox="bubblewrap").failure
    except BadInput as error:
        failure = error
    assert failure is not None
    assert failure.exit_code == 2
    assert str(script) in str(failure)
