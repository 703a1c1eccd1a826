"""What each side says of itself is set aside on both alike, and nothing else is."""

from __future__ import annotations

import time
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajcore.events.base import Observation
from trajcore.events.parse import parse
from trajcore.replay.compare import Circumstances, compare
from trajcore.replay.sides import Side
from trajcore.replay.verdict import Comparison, Match

NAMES = ("user", "host", "home", "directory")

NAME = st.from_regex(r"[a-z][a-z0-9_-]{0,7}", fullmatch=True) | st.sampled_from(["root", "dev", "a", "b1"])
PATH = st.lists(NAME, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))


@st.composite
def sides(draw: st.DrawFn) -> tuple[dict[str, str], dict[str, str]]:
    """What two sides say of themselves; their directories are not in one place."""
    both = []
    for place in ("/one", "/two"):
        user = draw(NAME)
        home = "/root" if user == "root" else f"/home/{user}"
        both.append({"user": user, "host": draw(NAME), "home": home, "directory": place + draw(PATH)})
    return both[0], both[1]


PLAIN = st.characters(exclude_categories=("Cc", "Cs"))
"""No sequence of a terminal begins with these, which would take the next letters for its own."""

PIECE = st.sampled_from([" ", "\n", "/", ":", "-", "root", "x", "1 ", "drwx ", "2025-01-01"]) | st.text(
    PLAIN, max_size=4
)
TEXT = st.lists(st.sampled_from([f"{{{name}}}" for name in NAMES]) | PIECE, max_size=8)


def written(parts: list[str], side: dict[str, str]) -> str:
    return "".join(side[part[1:-1]] if part[1:-1] in side and part[:1] == "{" else part for part in parts)


def observed(text: str, side: dict[str, str]) -> Observation:
    told = {
        "username": side["user"],
        "hostname": side["host"],
        "working_dir": side["directory"],
        "exit_code": 0,
    }
    event = {"observation": "run", "content": text, "extras": {"command": "x", "metadata": told}}
    return cast("Observation", parse(event).event)


def compared(before: str, after: str, both: tuple[dict[str, str], dict[str, str]]) -> Comparison:
    return compare(observed(before, both[0]), observed(after, both[1]))


@given(TEXT, sides())
def test_texts_that_differ_in_names_of_their_sides_alone_are_the_same(parts: list[str], both: Any) -> None:
    assert not compared(written(parts, both[0]), written(parts, both[1]), both).diverged


@given(TEXT, sides(), st.integers(0, 1))
def test_texts_that_are_equal_stay_equal_whatever_names_are_in_them(
    parts: list[str], both: Any, which: int
) -> None:
    text = written(parts, both[which])
    assert compared(text, text, both) == Comparison(Match.EQUAL)
    assert not compared(f"{text}\n{both[0]['user']}", f"{text}\n{both[1]['user']}", both).diverged


@given(TEXT, TEXT, sides())
def test_it_does_not_matter_which_side_is_the_recorded_one(
    one: list[str], other: list[str], both: Any
) -> None:
    before, after = written(one, both[0]), written(other, both[1])
    assert compared(before, after, both).match is compared(after, before, both[::-1]).match


@given(st.text("abcxyz ", max_size=30), st.text("abcxyz ", max_size=30))
def test_words_that_are_no_names_differ(before: str, after: str) -> None:
    both = (
        {"user": "Dev", "host": "H1", "directory": "/W1"},
        {"user": "Root", "host": "H2", "directory": "/W2"},
    )
    assert compared(before, after, both).diverged == (before.rstrip() != after.rstrip())


DEV = {"user": "dev", "host": "recorder", "directory": "/workspace"}
ROOT = {"user": "root", "host": "0123456789ab", "directory": "/workspace"}
LOCAL = {"user": "ma", "host": "laptop", "directory": "/tmp/oh_ab12cd34/workspace/todo"}


@pytest.mark.parametrize(
    ("before", "after", "both"),
    [
        ("-rw-r--r-- 1 dev dev 0 Aug  1 10:00 a", "-rw-r--r-- 1 root root 0 Jan  2 11:00 a", (DEV, ROOT)),
        ("drwx------ 1 dev  dev  5 Aug  1 10:00 a\ndrwx------ 1 root root 5 Aug  1 10:00 b",
         "drwx------ 1 root root 5 Aug  1 10:00 a\ndrwx------ 1 root root 5 Aug  1 10:00 b", (DEV, ROOT)),
        ("dev      pts/0\nroot     pts/1", "root pts/0\nroot pts/1", (DEV, ROOT)),
        ("uid=1000(dev) gid=1000(dev) groups=1000(dev),27(sudo)",
         "uid=0(root) gid=0(root) groups=0(root)", (DEV, ROOT)),
        ("uid=1000(dev) gid=100(users)", "uid=0(root) gid=0(root) groups=0(root)", (DEV, ROOT)),
        ("/home/dev/.cache", "/root/.cache", (DEV, ROOT)),
        ("root:x:0:0\ndev", "root:x:0:0\nroot", (DEV, ROOT)),
        ("/tmp/pytest-of-dev/x", "/tmp/pytest-of-root/x", (DEV, ROOT)),
        ("Linux recorder 6.1", "Linux 0123456789ab 6.1", (DEV, ROOT)),
        ("/tmp/oh_ab12cd34/workspace/a.py took 1.5s", "/workspace/a.py took 2.5s",
         (LOCAL, {**ROOT, "directory": "/workspace/todo"})),
    ],
)  # fmt: skip
def test_names_of_the_two_sides_are_no_divergence(before: str, after: str, both: Any) -> None:
    assert compared(before, after, both) == Comparison(Match.NORMALISED)
    assert compared(after, before, both[::-1]) == Comparison(Match.NORMALISED)


@pytest.mark.parametrize(
    ("before", "after", "both"),
    [
        ("www-data", "root", (DEV, ROOT)),
        ("root", "dev", (DEV, ROOT)),
        ("uid=33(www-data) gid=33(www-data)", "uid=0(root) gid=0(root)", (DEV, ROOT)),
        ("uid=0(root) gid=0(root)", "uid=0(root) gid=1(daemon)", (ROOT, {**ROOT, "host": "other"})),
        ("dev dev", "root www-data", (DEV, ROOT)),
        ("dev 5", "root 6", (DEV, ROOT)),
        ("dev\ndev", "root", (DEV, ROOT)),
        ("/workspace/a", "/workspace/b",
         ({**ROOT, "directory": "/workspace/a"}, {**ROOT, "directory": "/workspace/b"})),
    ],
)  # fmt: skip
def test_other_names_are_a_divergence(before: str, after: str, both: Any) -> None:
    assert compared(before, after, both).diverged


def test_where_an_answer_does_not_say_it_what_is_known_beside_it_counts() -> None:
    def cell(text: str) -> Observation:
        event = {"observation": "run_ipython", "content": text, "extras": {"code": "x"}}
        return cast("Observation", parse(event).event)

    known = Circumstances(recorded=Side("dev", "recorder"), actual=Side("root", "0123456789ab"))
    assert compare(cell("'dev'"), cell("'root'"), circumstances=known) == Comparison(Match.NORMALISED)
    assert compare(cell("'dev'"), cell("'root'")).diverged


def test_the_reason_shows_what_differs_besides_the_names() -> None:
    assert compared("dev has 5", "root has 6", (DEV, ROOT)).reason.endswith('"<user> has 5" → "<user> has 6"')


def test_no_line_takes_long() -> None:
    both = ({"user": "aa", "host": "a", "directory": "/w"}, {"user": "a", "host": "aaa", "directory": "/x"})
    begun = time.process_time()
    compared("a" * 30_000, "a" * 29_000 + "b", both)
    assert time.process_time() - begun < 5
