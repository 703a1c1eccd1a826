"""A good citizen of the command line: whatever a shell does with a command, it ends as the contract says."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import IO, Any

import pytest

from commandline import Described, commands
from program import PROGRAM, SAMPLES, on_terminal, trajtui
from trajcore.errors import EXIT_CODES, UNREAD

DEMO = SAMPLES / "demo.json"
ALL = commands()
ASCII = {"LC_ALL": "C", "LANG": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
LATIN = {"PYTHONIOENCODING": "iso8859-15"}

walked = pytest.mark.parametrize("command", ALL, ids=str)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory and settings of its own, with a config.toml to trust."""
    (tmp_path / "config.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path / 'no.sock'}")


def ended(arguments: Iterable[str | Path], out: int | IO[Any], **environment: str) -> tuple[int, str]:
    """The exit code, and what stood on standard error."""
    done = subprocess.run(
        [PROGRAM, *arguments], stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE, check=False,
        text=True, timeout=120, start_new_session=True, env={**os.environ, **environment},
    )  # fmt: skip
    return done.returncode, done.stderr


def assert_well_ended(code: int, said: str) -> None:
    assert "internal error" not in said
    assert "Traceback" not in said
    assert code in EXIT_CODES, (code, said)


@cache
def prints(command: Described) -> bool:
    """Whether it prints something on standard output, where all is well; that is looked at here too."""
    done = trajtui(*command.words(DEMO))
    assert_well_ended(done.returncode, done.stderr)
    return bool(done.stdout)


@walked
@pytest.mark.sampled(6)
def test_where_nobody_reads_a_command_ends_in_silence(command: Described):
    reading, writing = os.pipe()
    os.close(reading)
    code, said = ended(command.words(DEMO), writing)
    os.close(writing)
    closed = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", PROGRAM, *command.words(DEMO)],
        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False, timeout=120,
    )  # fmt: skip
    for found, words in ((code, said), (closed.returncode, closed.stderr)):
        assert_well_ended(found, words)
        if prints(command):
            assert (found, "trajtui:" in words) == (UNREAD, False), words


@walked
@pytest.mark.sampled(6)
def test_a_full_disk_behind_standard_output_is_one_line(command: Described):
    with Path("/dev/full").open("w") as full:
        code, said = ended(command.words(DEMO), full)
    assert_well_ended(code, said)
    if prints(command):
        assert code == 1
        assert said.endswith("trajtui: standard output cannot be written: no space is left on the disk.\n")
        assert said.count("trajtui: ") == 1


@walked
@pytest.mark.parametrize("lacking", [ASCII, LATIN], ids=["ascii", "latin"])
@pytest.mark.sampled(9)
def test_where_letters_are_lacking_others_stand_for_them(
    command: Described, lacking: dict[str, str], tmp_path: Path
):
    recording = tmp_path / "recording.json"
    recording.write_text(DEMO.read_text().replace("cat >", "cat ≠ 😀 é >"), encoding="utf-8")
    done = trajtui(*command.words(recording), **lacking)
    assert_well_ended(done.returncode, done.stderr)
    assert done.stdout.isascii()
    assert done.stderr.isascii()
    assert done.returncode == trajtui(*command.words(recording)).returncode


@walked
@pytest.mark.sampled(6)
def test_a_mistyped_command_or_option_gets_the_nearest(command: Described):
    *before, name = command.path
    mistyped = f"{name}x"
    done = trajtui(*before, mistyped, DEMO)
    assert done.returncode == 2
    assert f"Did you mean '{name}'?" in done.stderr or f"'{name}'" in done.stderr, done.stderr
    done = trajtui(*command.words(DEMO), "--colr", "never")
    assert_well_ended(done.returncode, done.stderr)
    assert done.returncode == 2
    assert "'--color'" in done.stderr


def test_a_word_that_is_no_command_and_no_file_is_said_to_be_neither():
    done = trajtui("something", DEMO)
    assert done.returncode == 2
    assert "no command 'something'" in done.stderr


@walked
def test_every_command_takes_the_options_of_all_commands(command: Described):
    assert command.has("--color")
    assert command.has("--quiet")
    assert command.has("--debug")


def test_the_options_of_all_commands_may_stand_before_a_command():
    done = trajtui("--quiet", "--color=always", "--color", "never", "replay", DEMO, "--sandbox", "recorded")
    assert (done.returncode, done.stdout, done.stderr) == (0, "7 steps: 7 served from the recording\n", "")


@pytest.mark.parametrize(
    ("options", "environment", "coloured"),
    [
        ((), {}, True),
        ((), {"NO_COLOR": "1"}, False),
        ((), {"NO_COLOR": ""}, True),
        ((), {"TERM": "dumb"}, False),
        (("--color", "never"), {"FORCE_COLOR": "1"}, False),
        (("--color", "always"), {"NO_COLOR": "1"}, True),
        ((), {"FORCE_COLOR": "1", "TERM": "dumb"}, True),
        ((), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colours_on_a_terminal_are_as_asked_for(
    options: tuple[str, ...], environment: dict[str, str], coloured: bool
):
    _, received = on_terminal("show", "missing.json", *options, **{"TERM": "xterm", **environment})
    assert bool(re.search(rb"\x1b\[[0-9;]*m", received)) == coloured


@pytest.mark.parametrize(
    ("options", "environment", "coloured"),
    [
        ((), {}, False),
        (("--color", "always"), {}, True),
        ((), {"FORCE_COLOR": "1"}, True),
        ((), {"FORCE_COLOR": "0"}, False),
    ],
)
def test_elsewhere_there_are_none_unless_asked_for(
    options: tuple[str, ...], environment: dict[str, str], coloured: bool
):
    done = trajtui("show", "missing.json", *options, **environment)
    assert ("\x1b[" in done.stderr) == coloured
