"""A good citizen of the command line: whatever a shell does with a command, it ends as the contract says."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import tarfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import IO, Any

import pytest

from commandline import WRITES_FILES, Described, commands
from documents import ran, run
from program import PROGRAM, SAMPLES, finish, on_terminal, trajtui, write
from trajcore.errors import EXIT_CODES, UNREAD
from trajtui.commands.shapes import SHAPES, Shape, shapes_of
from trajtui.manner import Manner, set_for_screen

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
    assert done.stdout.isascii() or command.path in WRITES_FILES
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


@pytest.mark.parametrize(
    ("color", "before", "after"),
    [
        (False, {}, {"NO_COLOR": "1"}),
        (True, {"NO_COLOR": "1"}, {}),
        (None, {"NO_COLOR": ""}, {"NO_COLOR": ""}),
    ],
)
def test_the_screen_is_told_of_colours(color: bool | None, before: dict[str, str], after: dict[str, str]):
    set_for_screen(Manner(color=color), before)
    assert before == after


@pytest.mark.parametrize(("typed", "meant"), [("llm.modle", "llm.model"), ("api_kye", "llm.api_key")])
def test_a_mistyped_setting_gets_the_nearest(typed: str, meant: str):
    done = trajtui("config", "set", typed, "x")
    assert done.returncode == 2
    assert re.search(rf"Did you mean .*\b{re.escape(meant)}\b", done.stderr), done.stderr


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("--versoin",), "--version"),
        (("--hepl",), "--help"),
        (("--sandbx=recorded", DEMO), "--sandbox"),
        (("replay", DEMO, "--sandbox", "dokcer"), "docker"),
        (("config", "set", "sandbox.kind", "bubblewarp"), "bubblewrap"),
        (("show", DEMO, "--color", "nevr"), "never"),
        (("completion", "bahs"), "bash"),
        (("export", DEMO, "--to", "htm"), "html"),
        (("replay", DEMO, "--confirm", "nevr"), "never"),
        (("replay", DEMO, "--world", "evidnce"), "evidence"),
        (("replay", DEMO, "--break", "exi!=0"), "exit"),
        (("config", "set", "theme", "trajtui-drk"), "trajtui-dark"),
        (("config", "set", "confirm", "alway"), "always"),
        (("config", "set", "system_prompt", "recoded"), "recorded"),
        (("show", "confg.toml"), "config.toml"),
    ],
)
def test_a_mistyped_word_gets_the_nearest(words: tuple[str, ...], meant: str):
    done = trajtui(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.search(rf"[Dd]id you mean (one of: )?'{re.escape(meant)}'", done.stderr), done.stderr
    assert ".." not in done.stderr


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("sandbox.kind", "nosuch"),
        ("memory", "4q"),
        ("pids", "1"),
        ("max_time", "soon"),
        ("llm.timeout", "-1"),
    ],
)
def test_a_setting_that_no_session_could_use_is_not_written(key: str, value: str, tmp_path: Path):
    done = trajtui("config", "--config", tmp_path / "new.toml", "set", key, "--", value)
    assert (done.returncode, done.stdout) == (2, "")
    assert not (tmp_path / "new.toml").exists()


def test_a_file_may_stand_behind_the_end_of_the_options():
    assert "terminal" in trajtui("--", DEMO).stderr


# Programs that read


@walked
@pytest.mark.sampled(3)
def test_what_is_printed_for_programs_has_the_documented_shape(command: Described):
    if not command.has("--json"):
        assert str(command) in SAY_NOTHING
        return
    shape = shapes_of(str(command))[0]
    done = trajtui(*command.words(DEMO), "--json", **ASCII)
    assert_well_ended(done.returncode, done.stderr)
    assert_of_shape(done.stdout, shape)


SAY_NOTHING = {"open", "completion", *map(" ".join, WRITES_FILES)}
"""Commands that print no facts, and so have no `--json`."""


def assert_of_shape(printed: str, shape: Shape) -> None:
    objects = [json.loads(line) for line in printed.splitlines()]
    if not shape.each:
        assert len(objects) == 1
    for found in objects:
        if "…" not in shape.keys:
            assert shape.required <= found.keys() <= shape.required | shape.optional, found.keys()


FURTHER_SHAPES = {
    "show --check": ("show", DEMO, "--check"),
    "show --world": ("show", DEMO, "--world"),
    "show --messages": ("show", DEMO, "--messages"),
    "branches --prune": ("branches", "--prune"),
    "doctor --clean": ("doctor", "--clean"),
}


@pytest.mark.parametrize("name", FURTHER_SHAPES)
@pytest.mark.sampled(2)
def test_so_has_what_an_option_chooses(name: str):
    done = trajtui(*FURTHER_SHAPES[name], "--json")
    assert_well_ended(done.returncode, done.stderr)
    assert_of_shape(done.stdout, next(shape for shape in SHAPES if shape.command == name))


def test_every_shape_is_of_a_command_that_is_there():
    named = {str(command): command for command in ALL}
    for shape in SHAPES:
        name, *option = re.split(r" (?=--)", shape.command)
        assert all(named[name].has(one) for one in ("--json", *option)), shape
    assert {str(command) for command in ALL if command.has("--json")} == {
        re.split(r" --", shape.command)[0] for shape in SHAPES
    }


# Standard input and output in the place of files


TAKES_NO_STREAM = {
    "open": "the debugger needs a terminal",
    "serve": "each tab opens the recording anew: save it to a file",
}
"""Commands that read none here, and why."""


@pytest.mark.parametrize("command", [one for one in ALL if one.names_file], ids=str)
@pytest.mark.sampled(2)
def test_a_recording_is_read_from_standard_input(command: Described):
    done = trajtui(*command.words("-"), stdin=DEMO.read_bytes())
    assert_well_ended(done.returncode, done.stderr)
    if str(command) in TAKES_NO_STREAM:
        assert done.returncode == 2
        assert TAKES_NO_STREAM[str(command)] in done.stderr
    else:
        assert done.returncode == trajtui(*command.words(DEMO)).returncode


@pytest.mark.parametrize(("option", "begins"), [("--report", "{"), ("--save", "["), ("--junit", "<?xml")])
def test_a_file_goes_to_standard_output_and_all_else_does_not(option: str, begins: str):
    done = trajtui("replay", DEMO, "--sandbox", "recorded", option, "-")
    assert done.returncode == 0
    assert done.stdout.startswith(begins)
    assert done.stderr.endswith("7 steps: 7 served from the recording\n")
    assert not Path("-").exists()


def test_what_stands_before_it_in_a_file_stays(tmp_path: Path):
    log = tmp_path / "log"
    log.write_text("before\n")
    with log.open("a") as file:
        code, _ = ended(("replay", DEMO, "--sandbox", "recorded", "--report", "-"), file)
    assert code == 0
    assert log.read_text().startswith("before\n{")


def test_a_run_is_piped_into_another_command():
    saved = trajtui("replay", "-", "--sandbox", "recorded", "--save", "-", "--quiet", stdin=DEMO.read_bytes())
    assert trajtui("show", "-", stdin=saved.stdout).stdout == trajtui("show", DEMO).stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("replay", DEMO, "--sandbox", "recorded", "--report", "-", "--save", "-"),
        ("replay", DEMO, "--sandbox", "recorded", "--report", "-", "--json"),
        ("replay", "-", "--sandbox", "recorded", "--setup", "-"),
        ("replay", DEMO, "--sandbox", "recorded", "--setup", "-", "--config", "-"),
        ("edit", DEMO, "-o", "-", "--json"),
        ("replay", DEMO, "--sandbox", "recorded", "--export", "-", "--save", "-"),
        ("branches", DEMO, "--save", "x", "-", "--json"),
        ("config", "--config", "-", "set", "llm.model", "x"),
    ],
)
def test_one_stream_is_for_one_thing(arguments: tuple[str, ...]):
    done = trajtui(*arguments, stdin=DEMO.read_bytes())
    assert (done.returncode, done.stdout) == (2, "")
    assert "`-`" in done.stderr or "standard output" in done.stderr


@pytest.mark.bubblewrap
def test_a_script_and_settings_are_read_from_standard_input(tmp_path: Path):
    recording = write(tmp_path / "one.json", [run(0, "cat made"), ran(1, 0, "by the script"), finish(2)])
    done = trajtui(
        "replay", recording, "--sandbox", "bubblewrap", "--setup", "-", stdin="echo by the script > made"
    )
    assert done.stdout.endswith("1 step: 1 equal\n"), done.stdout
    done = trajtui("config", "--config", "-", "--json", stdin='[llm]\nmodel = "from/stdin"\n')
    settings = {one["name"]: one["value"] for one in json.loads(done.stdout)["settings"]}
    assert settings["llm.model"] == "from/stdin"


@pytest.mark.bubblewrap
def test_the_directory_of_a_run_goes_to_standard_output_as_an_archive(tmp_path: Path):
    recording = write(tmp_path / "one.json", [run(0, "echo '≠' > made"), ran(1, 0, ""), finish(2)])
    words = ("replay", recording, "--sandbox", "bubblewrap", "--export", "-")
    done = subprocess.run([PROGRAM, *words], capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        (name,) = [one for one in archive.getnames() if one.endswith("made")]
        assert archive.extractfile(name).read() == "≠\n".encode()
    assert b"1 step: 1 equal" in done.stderr
    assert b"to standard output" in done.stderr
    assert not Path("-").exists()
    reading, writing = os.pipe()
    os.close(reading)
    code, said = ended((*words, "--quiet"), writing)
    os.close(writing)
    assert (code, said) == (UNREAD, "")
    code, received = on_terminal(*words)
    assert code == 2
    assert b"nothing for a terminal" in received


def test_a_closed_pipe_behind_a_file_that_is_standard_output_is_silent_too():
    reading, writing = os.pipe()
    os.close(reading)
    code, said = ended(("replay", DEMO, "--sandbox", "recorded", "--quiet", "--save", "-"), writing)
    os.close(writing)
    assert (code, "trajtui:" in said) == (UNREAD, False), said


# Quiet


@walked
@pytest.mark.sampled(5)
def test_quiet_says_no_more_than_what_was_asked_for(command: Described):
    loud, quiet = trajtui(*command.words(DEMO)), trajtui(*command.words(DEMO), "--quiet")
    assert loud.returncode == quiet.returncode
    assert len(quiet.stdout) <= len(loud.stdout)
    assert len(quiet.stderr) <= len(loud.stderr)
