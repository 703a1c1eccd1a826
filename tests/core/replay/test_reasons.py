"""What a reason says: what differs, and why, as far as what came back names it."""

from __future__ import annotations

import re
import time
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajcore.events.base import Observation
from trajcore.events.parse import parse
from trajcore.replay.causes import NETWORK_OFF, cause
from trajcore.replay.compare import Circumstances, compare
from trajcore.replay.excerpts import difference


def ran(output: str, exit_code: int = 0, command: str = "x") -> Observation:
    extras = {"command": command, "metadata": {"exit_code": exit_code}}
    event = {"observation": "run", "content": output, "extras": extras}
    return cast("Observation", parse(event).event)


def quoted(reason: str) -> tuple[str, str]:
    found = re.fullmatch(r"output differs at line \d+: (.*) → (.*)", reason)
    assert found is not None, reason
    return found[1], found[2]


LINE = st.text("ab \t\xa0\x07é\u200b", max_size=8) | st.text("a ", min_size=50, max_size=150)
TEXT = st.lists(LINE, max_size=3).map("\n".join)


@given(TEXT, TEXT)
def test_the_two_texts_of_a_reason_are_never_the_same(old: str, new: str) -> None:
    if old == new:
        return
    reason = difference(old, new)
    one, other = quoted(reason)
    assert one.strip('" ') != other.strip('" ')
    assert " ".join(one.split()) != " ".join(other.split())
    assert len(reason) < 1000
    assert reason.isprintable()


@given(st.text("xy", max_size=200), st.text("xy", max_size=200), st.text("xy", max_size=200))
def test_an_excerpt_is_cut_around_the_first_difference(before: str, one: str, other: str) -> None:
    reason = difference(f"{before}ONE{one}", f"{before}TWO{other}")
    assert "ONE" in reason
    assert "TWO" in reason
    assert len(reason) < 200


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("first\n  two", "first\n    two", '"··two" → "····two"'),
        ("a b", "a       b", '"a·b" → "a·······b"'),
        ("a\tb", "a b", '"a⇥b" → "a·b"'),
        ("a\xa0b", "a b", '"a\\xa0b" → "a b"'),
        ("  a", "  b", '"a" → "b"'),
        ("a", "a\nb", 'nothing → "b"'),
        ("a\n", "a", '"" → nothing'),
    ],
)
def test_what_cannot_be_seen_is_made_visible_where_it_matters(old: str, new: str, expected: str) -> None:
    assert difference(old, new).endswith(f": {expected}")


UNREACHED = [
    "fatal: unable to access 'https://x.invalid/': Could not resolve host: x.invalid",
    "curl: (6) Could not resolve host: x.invalid",
    "curl: (7) Failed to connect to 10.0.0.1 port 443: Network is unreachable",
    "wget: unable to resolve host address ‘x.invalid’",
    "ssh: Could not resolve hostname x.invalid: Temporary failure in name resolution",
    "W: Failed to fetch http://deb.example/InRelease  Temporary failure resolving 'deb.example'",
    "socket.gaierror: [Errno -3] Temporary failure in name resolution",
    "OSError: [Errno 101] Network is unreachable",
    "urllib3.exceptions.NewConnectionError: <x>: Failed to establish a new connection: [Errno 113] no",
    "npm error code EAI_AGAIN",
    "npm ERR! network request to https://x.invalid/left-pad failed, reason: getaddrinfo EAI_AGAIN x.invalid",
    "warning: spurious network error (3 tries remaining): [6] Couldn't resolve host name",
    "go: example.org/x: dial tcp: lookup proxy.example: no such host",
    "dial tcp 93.184.216.34:443: connect: network is unreachable",
    "Could not transfer artifact org.x:y:pom:1.0 from/to central: x.invalid: unknown error",
    "java.net.UnknownHostException: x.invalid",
    ";; communications error to 10.0.0.1#53: timed out",
    "ERROR:  Could not reach host https://rubygems.invalid",
    "> Could not GET 'https://plugins.invalid/m2/x.pom'.",
]


@pytest.mark.parametrize("line", UNREACHED)
def test_the_network_that_is_off_is_named(line: str) -> None:
    for exit_code in (0, 1):
        actual = ran(f"working\n{line}", exit_code)
        assert NETWORK_OFF in compare(ran("ok"), actual, circumstances=Circumstances(offline=True)).reason
        assert NETWORK_OFF not in compare(ran("ok"), actual).reason
    assert cause(line, f"{line}\nmore", "x", 1, offline=True) != NETWORK_OFF


def test_who_says_nothing_of_it_is_known_by_the_command() -> None:
    offline = Circumstances(offline=True)
    silent = "curl -s https://x.invalid/a"
    assert NETWORK_OFF in compare(ran("1"), ran("", 6, silent), circumstances=offline).reason
    assert NETWORK_OFF in compare(ran("1"), ran("", 0, f"{silent} | head"), circumstances=offline).reason
    for local in ("curl -s http://127.0.0.1:8000/", "curl -s http://localhost/", "ls"):
        assert NETWORK_OFF not in compare(ran("1"), ran("", 7, local), circumstances=offline).reason
    refused = "curl: (7) Failed to connect to 127.0.0.1 port 9: Connection refused"
    assert NETWORK_OFF not in compare(ran("1"), ran(refused, 7), circumstances=offline).reason


ASKED = [
    ("apt-get update", "E: Method http has died unexpectedly!"),
    ("sudo apt install -y sl 2>&1 | tail -1", "E: Unable to locate package sl"),
    (
        "pip install x",
        "ERROR: Could not find a version that satisfies the requirement x (from versions: none)",
    ),
    ("python3 -m pip install -q x", "ERROR: No matching distribution found for x"),
    ("mvn -q package", "[ERROR] No plugin found for prefix 'archetype' in the current project"),
    ("curl -s https://x.invalid/a.tgz | tar xz", "gzip: stdin: unexpected end of file"),
    ("cd /tmp && wget -qO- https://x.invalid/a.json | python3 -m json.tool", "Expecting value: line 1"),
    ("git ls-remote -q https://x.invalid/a 2>/dev/null", ""),
]


@pytest.mark.parametrize(("command", "line"), ASKED)
def test_who_fetches_and_gets_nothing_is_known_by_what_it_was_asked(command: str, line: str) -> None:
    offline = Circumstances(offline=True)
    actual = ran(line, 128, command)
    assert NETWORK_OFF in compare(ran("ok"), actual, circumstances=offline).reason
    assert NETWORK_OFF not in compare(ran("ok"), actual).reason
    if line:
        elsewhere = ran(line, 1, "cat build.log")
        assert NETWORK_OFF not in compare(ran("ok"), elsewhere, circumstances=offline).reason
        assert NETWORK_OFF not in compare(ran(line), ran(line, 1, "apt-get -q"), circumstances=offline).reason


@pytest.mark.parametrize(
    ("output", "exit_code", "reason"),
    [
        ("curl: (7) Failed to connect", 7, "curl: (7) Failed to connect"),
        ("/usr/bin/python3: No module named pytest", 1, "/usr/bin/python3: No module named pytest"),
        ("/a.js:1\nnull.x\n     ^\n\nTypeError: no\n    at a.js", 1, "TypeError: no"),
        ('Exception in thread "main" java.lang.E: x\n\tat N', 1, 'Exception in thread "main" java.lang.E: x'),
        ("thread 'main' panicked at a.rs:1", 101, "thread 'main' panicked at a.rs:1"),
        ("F\nFAILED t.py::test_b - assert 0\n1 failed", 1, "FAILED t.py::test_b - assert 0"),
        ("bash: line 1: 12 Segmentation fault      ./s", 139, "bash: line 1: 12 Segmentation fault      ./s"),
        ("npm error code ENOENT\nnpm error x", 254, "npm error code ENOENT"),
        ("bash: foo: command not found", 127, "foo is not in the sandbox"),
        ("bash: line 3: foo: command not found", 127, "foo is not in the sandbox"),
        ("/bin/sh: 1: foo: not found\nmake: *** [Makefile:2: all] Error 127", 2, "foo is not in the sandbox"),
        ("/usr/bin/env: ‘node’: No such file or directory", 127, "node is not in the sandbox"),
        ("make: gcc: No such file or directory", 2, "gcc is not in the sandbox"),
        ("ls: cannot access 'x': No such file", 2, "ls: cannot access 'x': No such file"),
        ("one\ncat: x: Permission denied", 1, "cat: x: Permission denied"),
        ("fatal: not a git repository", 128, "fatal: not a git repository"),
        (
            'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\n    f()\nValueError: no',
            1,
            "ValueError: no",
        ),
        ("nothing to say", 1, ""),
    ],
)  # fmt: skip
def test_an_exit_code_comes_with_what_caused_it(output: str, exit_code: int, reason: str) -> None:
    expected = f"exit 0 → {exit_code}" + (f", {reason}" if reason else "")
    assert compare(ran("ok"), ran(output, exit_code)).reason == expected


def test_what_was_recorded_too_is_no_cause() -> None:
    output = "ls: cannot access 'x': No such file or directory"
    assert compare(ran(output, 0), ran(output, 2)).reason == "exit 0 → 2"


def test_an_exception_is_named_and_not_the_lines_above_it() -> None:
    traceback = (
        f"{'-' * 75}\nKeyError      Traceback (most recent call last)\n----> 1 x['a']\n\nKeyError: 'a'"
    )
    assert (
        compare(ran("fine"), ran(traceback)).reason == 'output differs at line 1: "fine" → "KeyError: \'a\'"'
    )


@pytest.mark.parametrize(
    "piece", ["dial tcp ", "curl ", "a.", "Error", "http://", "x: ", "/", "-", "curl http://a"], ids=repr
)
def test_no_output_takes_long_to_explain(piece: str) -> None:
    text = piece * (30_000 // len(piece))
    begun = time.process_time()
    cause("", text, text, 6, offline=True)
    difference(text, f"{text}!")
    assert time.process_time() - begun < 3
