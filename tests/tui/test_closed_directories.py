"""Directories that are closed to whoever runs the program: each is an ordinary fault, said in a line."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest

from accounts import Account, account_of
from documents import message
from hostile import ordinary_user
from needs import IMAGE
from program import SAMPLES, write

CLOSED, MINE = "CLOSED", "MINE"
RECORDED = ("replay", MINE, "--sandbox", "recorded")
COMMANDS = (
    ("show", CLOSED),
    (*RECORDED, "--workspace", CLOSED),
    (*RECORDED, "--setup", CLOSED),
    (*RECORDED, "--config", CLOSED),
    (*RECORDED, "--save", CLOSED),
    (*RECORDED, "--report", CLOSED),
    (*RECORDED, "--junit", CLOSED),
    ("edit", MINE, "--delete", "0", "-o", CLOSED),
    ("config", "--config", CLOSED),
    ("config", "--config", CLOSED, "set", "llm.model", "x"),
    ("config", "trust", CLOSED),
    ("config", "untrust", CLOSED),
)
VARIABLES = (
    "HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "DOCKER_CONFIG",
    "DOCKER_CERT_PATH",
)  # fmt: skip


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with account_of(ordinary_user()) as account:
        closed = account.home / "closed"
        closed.mkdir(mode=0)
        account.own(write(account.home / "mine.json", [message(0, "go")]))
        yield account
        closed.chmod(0o700)


def run(account: Account, *words: str) -> subprocess.CompletedProcess[str]:
    said = {CLOSED: str(account.home / "closed" / "x" / "y"), MINE: str(account.home / "mine.json")}
    return subprocess.run(
        [*account.program, *(said.get(word, word) for word in words)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command[:1] + command[-2:-1]))
@pytest.mark.sampled(6)
def test_a_path_that_is_named(account: Account, command: tuple[str, ...]) -> None:
    done = run(account, *command)
    assert (done.returncode, done.stderr.count("\n")) in ((2, 1), (0, 0)), done.stderr
    assert "internal" not in done.stderr


@pytest.mark.parametrize("variable", VARIABLES)
@pytest.mark.sampled(4)
def test_a_place_that_the_environment_names(account: Account, variable: str) -> None:
    for words in (("doctor",), ("config",), RECORDED):
        done = run(account.having(**{variable: account.home / "closed" / "x"}), *words)
        assert done.returncode == 0, done.stderr


def test_the_directory_that_it_is_started_in(account: Account) -> None:
    inside = ("sh", "-c", 'cd here && chmod 0 . && "$@"; code=$?; chmod 700 ~/here; exit $code', "sh")
    (account.home / "here").mkdir()
    account.own(account.home / "here")
    for words in (("doctor",), ("config",), RECORDED):
        done = run(replace(account, user=(*account.user, *inside)), *words)
        assert done.returncode == 0, done.stderr


@pytest.mark.docker
def test_the_engines_directories(account: Account) -> None:
    """They are root's: what a step changed is asked inside, then."""
    report = account.home / "report.json"
    options = ("--sandbox", "docker", "--image", IMAGE, "--report", str(report))
    done = run(account, "replay", str(SAMPLES / "demo.json"), *options)
    assert done.returncode == 0, done.stderr
    assert any(step["files"] for step in json.loads(report.read_text())["steps"])
