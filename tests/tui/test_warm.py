"""A program that was forked off the server of `warm` is one that was started."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import ioctl
from pathlib import Path
from termios import FIONREAD
from typing import Any

import pytest

import warm
from documents import message, ran, run
from loopback import Answer, Call, Loopback
from program import PROGRAM, ROOT, SAMPLES, begin, finish, on_terminal, trajtui, write
from trajcore.errors import INTERRUPTED

DEMO = SAMPLES / "demo.json"
KEY = "sk-of-one-call-alone"

COMMANDS: dict[str, tuple[tuple[str | Path, ...], dict[str, Any]]] = {
    "the help": (("--help",), {}),
    "a page of the help": (("replay", "--help"), {}),
    "the version": (("--version",), {}),
    "no such command": (("paly", "x"), {}),
    "no such option": (("show", DEMO, "--jsno"), {}),
    "a timeline": (("show", DEMO), {}),
    "in colours": (("show", DEMO), {"FORCE_COLOR": "1"}),
    "as JSON": (("show", DEMO, "--json"), {}),
    "no such file": (("show", "é/\udcff.json"), {}),
    "from standard input": (("show", "-"), {"stdin": DEMO.read_bytes()}),
    "no recording": (("show", "-"), {"stdin": b"\xff[}\r\n"}),
    "other letters": (("show", DEMO), {"PYTHONIOENCODING": "ascii"}),
    "no letters": (("show", DEMO), {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    "a replay": (("replay", DEMO, "--sandbox", "recorded"), {}),
    "a difference": (("edit", DEMO, "--diff", "--delete", "#1"), {}),
    "bytes": (("edit", DEMO, "-o", "-", "--flip", "#1:hidden"), {}),
    "an export": (("export", DEMO, "--to", "sh"), {}),
    "the screen": (("export", DEMO, "--to", "svg"), {}),
    "no terminal": (("open", DEMO), {}),
    "where it is asked for": (("replay", DEMO, "--sandbox", "nowhere", "--debug"), {}),
    "settings": (("config",), {"LLM_MODEL": "openai/of-this-call"}),
    "no model": (("replay", DEMO, "--sandbox", "recorded", "--continue"), {}),
}


@pytest.mark.sampled(2)
@pytest.mark.parametrize("name", COMMANDS)
def test_the_same_is_printed(name: str):
    arguments, options = COMMANDS[name]
    started, forked = (trajtui(*arguments, **options, fresh=fresh) for fresh in (True, False))
    assert vars(forked) == vars(started)


@pytest.mark.parametrize(
    "arguments", [("show", DEMO), ("show", "missing.json"), ("replay", "--help")], ids=str
)
def test_the_same_reaches_a_terminal(arguments: tuple[str | Path, ...]):
    assert on_terminal(*arguments) == on_terminal(*arguments, fresh=True)


@pytest.mark.bubblewrap
def test_the_same_happens_in_a_sandbox(tmp_path: Path):
    saved = [tmp_path / "started.json", tmp_path / "forked.json"]
    options = "--sandbox", "bubblewrap", "--json"
    said = [trajtui("replay", DEMO, *options, "--save", path, fresh=path == saved[0]) for path in saved]
    assert said[0].returncode == said[1].returncode == 0
    told = [re.sub(r'"(?:seconds|took)": [\d.]+|\w+ed\.json', "", one.stdout) for one in said]
    assert told[0] == told[1]


@pytest.mark.bubblewrap
def test_the_same_is_asked_of_a_model(tmp_path: Path):
    path = write(tmp_path / "x.json", [message(0, "go"), run(1, "true"), ran(2, 1)])

    def asked(fresh: bool) -> tuple[Any, ...]:
        answers = [Answer("I look.", calls=[Call("finish", {"message": "All done."})])]
        options = "--sandbox", "bubblewrap", "--continue", "--message", "now act"
        with Loopback(answers) as server:
            model = {"LLM_MODEL": "openai/gpt-4o", "LLM_API_KEY": KEY, "LLM_BASE_URL": server.url}
            done = trajtui("replay", path, *options, fresh=fresh, **model)
            said = re.sub(r" *[\d.]+m?s\b", "", done.stdout)
            return done.returncode, said, done.stderr, [one.body for one in server.requests]

    assert asked(fresh=False) == asked(fresh=True)


def where(kind: str) -> int:
    """A standard output that fails."""
    if kind == "full":
        return os.open("/dev/full", os.O_WRONLY)
    reading, writing = os.pipe()
    os.close(reading)
    return writing


@pytest.mark.parametrize("kind", ["full", "read by nobody"])
@pytest.mark.parametrize("streams", ["output", "errors", "both"])
def test_it_fails_alike_where_nothing_can_be_written(kind: str, streams: str):
    def ended(fresh: bool) -> tuple[int, str]:
        reading, writing = os.pipe()
        fails, nothing = where(kind), os.open(os.devnull, os.O_RDONLY)
        output, errors = fails if streams != "errors" else writing, fails if streams != "output" else writing
        command = (PROGRAM, "show", DEMO) if streams == "output" else (PROGRAM, "show", DEMO, "missing")
        with begin(command, (nothing, output, errors), fresh=fresh) as running:
            for descriptor in (writing, fails, nothing):
                os.close(descriptor)
            with os.fdopen(reading) as file:
                return running.wait(60), file.read()

    assert ended(fresh=False) == ended(fresh=True)


def test_nothing_of_a_call_is_there_in_the_next(tmp_path: Path):
    recording = write(tmp_path / "told.json", [finish(0, f"the key is {KEY}")])
    masked = trajtui("show", recording, "--json", OPENAI_API_KEY=KEY)
    assert KEY not in masked.stdout
    assert KEY in trajtui("show", recording, "--json").stdout


@contextmanager
def waiting(fresh: bool, directory: Path) -> Iterator[tuple[Any, int]]:
    """A program that waits for more of its standard input, and where all can be read that it says."""
    (theirs, ours), (reading, writing) = os.pipe(), os.pipe()
    before = os.umask(0o027)
    try:
        running = begin((PROGRAM, "show", "-"), (theirs, writing, writing), directory, fresh=fresh)
    finally:
        os.umask(before)
        os.close(theirs)
        os.close(writing)
    try:
        os.write(ours, b"[")
        stat = Path(f"/proc/{running.pid}/stat")
        while array("i", ioctl(ours, FIONREAD, bytes(4)))[0] or ") S " not in stat.read_text():
            time.sleep(0.01)
        yield running, reading
    finally:
        os.close(ours)
        os.close(reading)
        with running:
            running.kill()


def as_the_kernel_sees(fresh: bool, directory: Path) -> dict[str, Any]:
    with waiting(fresh, directory) as (running, _):
        of = Path(f"/proc/{running.pid}")
        lines = dict(
            line.split(":\t", 1) for line in (of / "status").read_text().splitlines() if ":\t" in line
        )
        seen = {
            "open": sorted(one.name for one in (of / "fd").iterdir()),
            "where": (of / "cwd").readlink(),
            "program": (of / "exe").readlink(),
            "group": os.getpgid(running.pid),
            "session": os.getsid(running.pid),
            "limits": (of / "limits").read_text(),
            **{
                name: lines[name]
                for name in ("Umask", "SigBlk", "SigIgn", "SigCgt", "Threads", "Uid", "Groups")
            },
        }
        running.send_signal(signal.SIGTERM)
        return {**seen, "ended by": running.wait(30)}


def test_the_kernel_sees_the_same(tmp_path: Path):
    assert as_the_kernel_sees(False, tmp_path) == as_the_kernel_sees(True, tmp_path)


@pytest.mark.parametrize("fresh", [True, False])
def test_an_interrupt_ends_it_as_the_contract_says(fresh: bool, tmp_path: Path):
    with waiting(fresh, tmp_path) as (running, reading):
        running.send_signal(signal.SIGINT)
        assert running.wait(30) == INTERRUPTED
        assert os.read(reading, 1000) == b"\ninterrupted\n"


OF_A_WORKER = """
import sys
sys.path.insert(0, sys.argv[1])
import socket, struct, time, warm
from program import trajtui
assert trajtui("--version").returncode == 0
server = socket.socket(socket.AF_UNIX)
server.connect(warm.address().replace("@", chr(0)))
print(*struct.unpack("3i", server.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)), flush=True)
time.sleep(60)
"""


def test_it_ends_with_its_worker_even_when_that_is_killed():
    command = [sys.executable, "-c", OF_A_WORKER, ROOT / "tests"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
        server = os.pidfd_open(int(worker.stdout.readline().split()[0]))
        worker.kill()
        assert select.select([server], [], [], 30)[0], "it lives on"
        os.close(server)


@pytest.mark.parametrize(
    "changed", ["PYTHONWARNINGS", "PYTHONUTF8", "LANG", "LC_CTYPE", "PYDANTIC_DISABLE_PLUGINS"]
)
def test_what_is_read_before_a_program_runs_has_it_started(changed: str):
    assert isinstance(ended({}), warm.Forked)
    assert isinstance(ended({"HOME": "/elsewhere", "OPENAI_API_KEY": "x", "NO_COLOR": "1"}), warm.Forked)
    assert isinstance(ended({changed: "0"}), subprocess.Popen)


def ended(environment: dict[str, str]) -> object:
    with Path(os.devnull).open("r+") as nothing:
        streams = nothing.fileno(), nothing.fileno(), nothing.fileno()
        with begin((PROGRAM, "--version"), streams, environment=environment) as running:
            return running
