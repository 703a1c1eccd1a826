"""What kind of thing made a step come out otherwise, told by what each side said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajcore.replay.causes import Outcomes, kind_of
from trajcore.replay.verdict import Cause

_CASES = {
    Cause.NETWORK: [
        (
            "E: Failed to fetch http://mirror.example/x  Temporary failure resolving 'mirror.example'",
            "apt update",
        ),
        ("Err:1 http://mirror.example x\n  Temporary failure resolving 'mirror.example'", "apt-get update"),
        (
            "WARNING: Retrying after connection broken by 'NewConnectionError('<pip._vendor>: Failed to"
            " establish a new connection: [Errno -3] Temporary failure in name resolution')': /simple/x/",
            "pip install x",
        ),
        (
            "error: Failed to fetch: `https://x/`\n  dns error: failed to lookup address information",
            "uv add x",
        ),
        ("fatal: unable to access 'https://x/a/b/': Could not resolve host: x", "git clone https://x/a/b"),
        ("ssh: Could not resolve hostname github.com: Temporary failure in name resolution", "git fetch"),
        ("curl: (6) Could not resolve host: example.com", "curl https://example.com"),
        ("wget: unable to resolve host address ‘example.com’", "wget https://example.com"),
        ("npm error code EAI_AGAIN\nnpm error request to https://x failed: getaddrinfo EAI_AGAIN", "npm i x"),
        ('error An unexpected error occurred: "https://x/x: getaddrinfo ENOTFOUND x".', "yarn"),
        (
            "warning: spurious network error (3 tries remaining): [6] Could not resolve hostname",
            "cargo build",
        ),
        (
            'go: module x: Get "https://modules.example/x": dial tcp: lookup modules.example: no such host',
            "go get x",
        ),
        ("socket.gaierror: [Errno -2] Name or service not known", "python x.py"),
        ("OSError: [Errno 101] Network is unreachable", "python x.py"),
        (
            "urllib.error.URLError: <urlopen error [Errno -3] Temporary failure in name resolution>",
            "python x.py",
        ),
        (
            'requests.exceptions.ConnectionError: Max retries exceeded (Caused by NameResolutionError("x"))',
            "python x.py",
        ),
        ("java.net.UnknownHostException: jars.example", "mvn package"),
    ],
    Cause.PROGRAM: [
        ("bash: make: command not found", "make"),
        ("error: cannot run ssh: No such file or directory", "git fetch"),
        ("/usr/bin/env: ‘node’: No such file or directory", "./x"),
        ("ModuleNotFoundError: No module named 'numpy'", "python x.py"),
        ("Error: Cannot find module 'left-pad'", "node x.js"),
        ("Python 3.12.1", "python --version"),
    ],
    Cause.WORLD: [
        ("cat: x: No such file or directory", "cat x"),
        ("ls: cannot access '/w/src': No such file or directory", "ls -la /w/src"),
        ("python: can't open file '/w/x.py': [Errno 2] No such file or directory", "python x.py"),
        ("fatal: not a git repository (or any of the parent directories): .git", "git status"),
        ("ERROR:\nInvalid `path` parameter: /w/x. The path /w/x does not exist.", "/w/x"),
        ("b.txt", "ls"),
        ("b.txt", "cd /w && ls -la | head"),
    ],
    Cause.PERMISSION: [
        ("touch: cannot touch '/x': Permission denied", "touch /x"),
        ("PermissionError: [Errno 1] Operation not permitted: '/x'", "python x.py"),
        ("rm: cannot remove '/x': Read-only file system", "rm /x"),
    ],
    Cause.OTHER: [("43", "echo $((6 * 7))")],
}


@pytest.mark.parametrize(
    ("cause", "said", "given"), [(cause, *case) for cause, cases in _CASES.items() for case in cases]
)
def test_the_kind_is_told_by_what_came_back(cause: Cause, said: str, given: str) -> None:
    assert kind_of(Outcomes("a.txt", said, given, 0, 0 if cause is Cause.OTHER else 1)) is cause


def test_a_file_that_is_there_now_and_was_not_is_of_the_world_too() -> None:
    assert kind_of(Outcomes("cat: x: No such file or directory", "x", "cat x", 1, 0)) is Cause.WORLD


def test_the_same_in_another_order_and_at_another_time() -> None:
    assert kind_of(Outcomes("a\nb\nc", "c\na\nb", "sort -R x", 0, 0)) is Cause.ORDER
    assert kind_of(Outcomes("took 1.2 s", "took 13.9 s", "./bench", 0, 0)) is Cause.TIME
    assert (
        kind_of(Outcomes("Mon Jan 5 10:00:00 UTC 2026", "Tue Jan 6 11:30:00 UTC 2026", "./now", 0, 0))
        is Cause.TIME
    )
    assert kind_of(Outcomes("done", "", "make", 0, -1)) is Cause.TIME


@pytest.mark.parametrize(
    ("said", "given"),
    [
        (
            "ERROR: Could not find a version that satisfies the requirement x (from versions: none)",
            "pip install x",
        ),
        ("E: Unable to locate package x", "apt-get install x"),
        ("[ERROR] No plugin found for prefix 'dependency' in the current project", "mvn dependency:get"),
    ],
)
def test_a_package_that_is_not_found_is_for_want_of_the_network_where_that_is_off(
    said: str, given: str
) -> None:
    outcomes = Outcomes("Installed", said, given, 0, 1)
    assert kind_of(outcomes, offline=True) is Cause.NETWORK
    assert kind_of(outcomes) is not Cause.NETWORK


def test_what_was_recorded_without_a_network_too_is_not_for_want_of_it() -> None:
    said = "curl: (6) Could not resolve host: example.com"
    assert kind_of(Outcomes(said, f"{said}\nmore", "x", 0, 1)) is not Cause.NETWORK


@given(st.text(), st.text(), st.text(), st.none() | st.integers(-1, 255), st.none() | st.integers(-1, 255))
def test_any_two_outcomes_have_a_kind(
    one: str, other: str, given: str, code: int | None, its: int | None
) -> None:
    assert isinstance(kind_of(Outcomes(one, other, given, code, its)), Cause)
