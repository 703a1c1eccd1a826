"""What varies passes, and nothing else: over recorded commands, and pairs as programs write them."""

from __future__ import annotations

import time
import uuid
from functools import cache
from typing import cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oracles.comparing.pairs import Pair, command_pairs, written_pairs
from trajcore.events.base import Observation
from trajcore.events.parse import parse
from trajcore.replay import normalise
from trajcore.replay.compare import Circumstances, compare
from trajcore.replay.normalise import COMMITS, NORMALISERS, made_up, normalised, shown
from trajcore.replay.tempnames import without_random
from trajcore.replay.varying import MAKES_COMMITS
from trajcore.replay.verdict import Match


@cache
def recorded() -> tuple[Pair, ...]:
    return tuple(command_pairs())


@cache
def written() -> tuple[Pair, ...]:
    return tuple(written_pairs())


def test_there_are_as_many_as_it_takes() -> None:
    assert len(recorded()) >= 200
    assert len({pair.program for pair in recorded()}) >= 40
    assert sum(not pair.same for pair in written()) >= 200  # both ways round


def test_a_command_that_does_the_same_twice_never_diverges() -> None:
    assert {pair.name: pair.comparison.reason for pair in recorded() if not pair.passes} == {}


def test_what_varies_passes() -> None:
    wrong = {
        p.name: p.comparison.reason
        for p in written()
        if p.same and p.comparison.match is not Match.NORMALISED
    }
    assert wrong == {}


def test_a_long_text_is_looked_through_in_pieces_as_if_it_were_one(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "\n".join(pair.recorded.content for pair in written()[::5])
    whole = normalised(text)
    monkeypatch.setattr(normalise, "_AT_ONCE", 50)
    assert normalised(text) == whole


def test_what_says_something_of_the_outcome_never_passes() -> None:
    assert [pair.name for pair in written() if not pair.same and pair.passes] == []


def test_each_row_of_the_table_is_needed() -> None:
    needed = set()
    for pair in (*recorded(), *written()):
        for text in (shown(pair.recorded.content), shown(pair.actual.content)):
            for row, normaliser in enumerate(NORMALISERS):
                after = normaliser(text)
                if after != text:
                    needed.add(row)
                text = after
    assert [NORMALISERS[row].pattern.pattern for row in range(len(NORMALISERS)) if row not in needed] == []


WORDS = tuple({word for pair in written_pairs() for word in pair.recorded.content.split(" ") if word})
PIECES_OF_LINES = st.sampled_from(
    [*WORDS, "\n", " ", "  ", "\n-rw-r--r-- 1 a b 1", "10", "Jan", "2025", "ms"]
)


@given(st.lists(PIECES_OF_LINES, max_size=14).map(" ".join), st.integers(0, 3))
def test_no_row_reaches_over_the_end_of_a_line(text: str, committed: int) -> None:
    rows = (*(COMMITS if committed else ()), *NORMALISERS, *made_up("x"))
    lines = text.split("\n")
    assert normalised(text, rows) == "\n".join(normalised(line, rows) for line in lines)


# Names of commits, and UUIDs


def ran(output: str, command: str = "x") -> Observation:
    event = {
        "observation": "run",
        "content": output,
        "extras": {"command": command, "metadata": {"exit_code": 0}},
    }
    return cast("Observation", parse(event).event)


NAMES = [
    ("[main 3f2a91c] x", "[main 4e1b80d] x"),
    ("[main (root-commit) 3f2a91c] x", "[main (root-commit) 1234567] x"),
    ("commit 3f2a91c0d1e2f3a4b5c6d7e8f9a0b1c2d3e4f5a6", "commit 4f2a91c0d1e2f3a4b5c6d7e8f9a0b1c2d3e4f5a6"),
    ("* 3f2a91c first", "* 4e1b80d first"),
    ("3f2a91c first", "1234567 first"),
    ("1234567 first", "3f2a91c first"),
    ("3f2a91c", "1234567"),
    ("1234567", "3f2a91c"),
    ("* 3f2a91c first", "* 1234567 first"),
    ("HEAD is now at 3f2a91c first", "HEAD is now at abcdefa first"),
    ("Updating 83db48f..bf269f4", "Updating 1234567..af269f4"),
    ("HEAD is now at 3f2a91c first", "HEAD is now at 4e1b80d first"),
    ("Updating 83db48f..bf269f4", "Updating 13db48f..af269f4"),
    ("Deleted branch x (was 3f2a91c).", "Deleted branch x (was 4e1b80d)."),
]
HASHES = st.text("0123456789abcdef", min_size=7, max_size=12)
SHOWN = st.sampled_from(
    ["{}", "{} one", "* {} one", "{} (HEAD -> main) one", "[main {}] x", "HEAD is now at {} one", "{}..{}"]
)
OBJECTS = [
    ("index 83db48f..bf269f4 100644", "index 83db48f..bf269f5 100644"),
    (
        "100644 blob 3f2a91c0d1e2f3a4b5c6d7e8f9a0b1c2d3e4f5a6",
        "100644 blob 4f2a91c0d1e2f3a4b5c6d7e8f9a0b1c2d3e4f5a6",
    ),
    ("tree 3f2a91c0d1e2f3a4b5c6d7e8f9a0b1c2d3e4f5a6", "tree 4f2a91c0d1e2f3a4b5c6d7e8f9a0b1c2d3e4f5a6"),
    ("da39a3ee5e6b4b0d3255bfef95601890afd80709  a", "ea39a3ee5e6b4b0d3255bfef95601890afd80709  a"),
    ("1234567", "1234568"),
    ("12345678 bytes", "12345679 bytes"),
    ("1234567 big.bin", "1234568 big.bin"),
    ("3f2a91c 1234567", "4e1b80d 1234568"),
    ("3f2a91c first", "1234567 second"),
    ("[main 3f2a91c] x", "[dev 3f2a91c] x"),
]


@pytest.mark.parametrize(("before", "after"), NAMES)
def test_the_name_of_a_commit_varies_where_one_was_made(before: str, after: str) -> None:
    made, none = Circumstances(lambda given: True), Circumstances(lambda given: False)
    assert compare(ran(before), ran(after), circumstances=made).match is Match.NORMALISED
    assert compare(ran(before), ran(after), circumstances=none).diverged


@given(SHOWN, HASHES)
@example("{} (HEAD -> main) one", "98765d2")
@example("{}", "12345e6")
@example("{}", "0623074")
def test_whatever_name_a_commit_has_got(text: str, name: str) -> None:
    """Some have no letter, or look like a duration or another figure."""
    made = Circumstances(lambda given: True)
    for pair in ((name, "3f2a91c"), ("3f2a91c", name)):
        before, after = (ran(text.replace("{}", its)) for its in pair)
        assert not compare(before, after, circumstances=made).diverged


@given(st.uuids(), st.uuids())
@example(uuid.UUID("7d1f3b5c-fff8-4b3b-adc1-383d20783d88"), uuid.UUID(int=0))
def test_whatever_a_uuid_looks_like(one: uuid.UUID, other: uuid.UUID) -> None:
    assert not compare(ran(f"made {one}"), ran(f"made {other}")).diverged


@pytest.mark.parametrize(("before", "after"), OBJECTS)
def test_what_its_content_decides_does_not(before: str, after: str) -> None:
    assert compare(ran(before), ran(after), circumstances=Circumstances(lambda given: True)).diverged


@pytest.mark.parametrize(
    ("command", "makes"),
    [
        ("git commit -m x", True),
        ("cd a && git -C b -c x=y commit -am z", True),
        ("git merge feature", True),
        ("git --no-pager rebase main", True),
        ("git stash", True),
        ("git stash list", False),
        ("git log --grep commit", False),
        ("git merge-base a b", False),
        ("echo commit", False),
        ("git status", False),
    ],
)
def test_which_commands_make_commits(command: str, makes: bool) -> None:
    assert (MAKES_COMMITS.search(command.encode()) is not None) == makes


def test_a_port_and_a_seed_vary_unless_they_were_given() -> None:
    for one, other in (("port 54321", "port 43211"), ("seed 12", "seed 13")):
        assert compare(ran(one), ran(other)).match is Match.NORMALISED
        assert compare(ran(one, f"serve {one}"), ran(other, f"serve {one}")).diverged


def test_a_uuid_varies_unless_it_was_given() -> None:
    one, other = "3f2a91c0-1111-4222-8333-444455556666", "00aa91c0-1111-4222-8333-444455556666"
    assert compare(ran(one), ran(other)).match is Match.NORMALISED
    assert compare(ran(one, f"get {one}"), ran(other, f"get {one}")).diverged


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("tmpab12cd34", "tmp<temp>"),
        ("tmp.x8Jk2lMnOp", "tmp.<temp>"),
        ("build.8lVBVh", "build.<temp>"),
        ("build.zFWsCu", "build.<temp>"),
        ("oh-ab1c2d34", "oh-<temp>"),
        ("go-build3812345678", "go-build<temp>"),
        ("ccAb12Cd.o", "cc<temp>.o"),
        *((name, name) for name in ("report.txt", "build", "out.log", "CamelCaseName.java", "app-v1beta2")),
        *(
            (name, name)
            for name in ("tmp", "tmpfile", "tmp_backup", "tmp-report", "python3.11.tar.gz", "x.JSONData")
        ),
    ],
)
def test_of_a_temporary_name_what_nobody_would_choose_is_set_aside(name: str, left: str) -> None:
    assert without_random(name) == left


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("/tmp/out.DiobjyOA.log", "/tmp/out.EamrWQbI.log", True),
        ("/tmp/oh_6hnbqmzh", "/tmp/oh_ab1c2d34", True),
        ("/tmp/oh_6hnbqmzh/a", "/tmp/oh_ab1c2d34/b", False),
        ("/tmp/oh_report01", "/tmp/oh_ab1c2d34", True),
        ("/tmp/oh_report01", "/tmp/oh_report02", False),
        ("/tmp/out.summary1.log", "/tmp/out.reports2.log", False),
        ("/tmp/out.backup.log", "/tmp/out.newest.log", False),
    ],
)
def test_one_of_two_temporary_names_tells_of_the_other(one: str, other: str, same: bool) -> None:
    for before, after in ((one, other), (other, one)):
        assert compare(ran(f"in {before}:"), ran(f"in {after}:")).diverged != same


PIECES = (
    *(
        "1 ",
        "1:",
        "1.",
        "Jan 1 ",
        "2025-",
        "2025-01-01 ",
        "10:00:00 ",
        "10:00 ",
        "1m ",
        "1h1m",
        "5 MB ",
        "5/",
        " ",
    ),
    *(
        "=",
        "_",
        "=== a ===",
        "a.",
        "A.",
        "A.b@",
        "[",
        "[I@",
        "0x1",
        "at 0x1",
        "/tmp/",
        "/tmp/tmp",
        "/tmp/a.b",
        "tmp",
    ),
    *(
        "127.0.0.1:",
        "port ",
        "git ",
        "git -C a ",
        "process ",
        "pid 1 ",
        "1e",
        "up 1 day, ",
        "-rw-r--r-- 1 a b 1 ",
    ),
    *("0f", "a0", "-0a1b2c3d", "commit ", "UTC ", "(Aa ", "1 loops", "1user ", "\ufffd", "aB3", "_a1"),
)


@pytest.mark.parametrize("piece", PIECES, ids=repr)
def test_no_row_takes_long(piece: str) -> None:
    text = piece * (20_000 // len(piece))
    begun = time.process_time()
    for normaliser in (*COMMITS, *NORMALISERS, *made_up("x")):
        normaliser(text)
        normaliser(text + "!")
    MAKES_COMMITS.search(text.encode())
    # What grows with the square of the length takes minutes.
    assert time.process_time() - begun < 5
