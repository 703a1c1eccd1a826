"""Every sequence of the corpus, wherever the program prints: of a recording, a file, a sandbox and its shell.

In docker and in bubblewrap, as root and as an ordinary user.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from accounts import Account, account
from corpus.received import DRAWN, PRINTED, assert_only_drawn
from corpus.sequences import DRAWING, HOSTILE
from documents import message, ran, run
from needs import IMAGE
from program import finish, on_terminal, say, write
from terminal import Terminal
from worlds import KINDS

__all__ = ["account"]

ENDED = "\x18\x1b\\\x1b[m"
"""Ends any sequence, also one that was cut."""
ALL = "".join(text + ENDED for text in HOSTILE.values())
SHOWN = rf"{DRAWN}|CSI\?2026[hl]|OSC22;[a-z]+\x07|CSI\?1015l"
"""What the screen says between its first lines and its end: it draws, by the frame, and shapes the pointer;
the end begins with the mouse."""


@pytest.fixture
def work(account: Account) -> Path:
    """A directory of files that hold the corpus."""
    directory = account.home / "work"
    directory.mkdir(exist_ok=True)
    for number, text in enumerate((*HOSTILE.values(), *DRAWING.values())):
        (directory / f"{number}.utf8").write_bytes(text.encode())
        if max(text) < "\xa0":
            (directory / f"{number}.latin1").write_bytes(text.encode("latin-1"))
    (directory / "last").write_bytes(b"\x18\x1b[0m" + b"\x1b]" * 60_000)
    return account.own(directory)


@pytest.mark.terminal
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.sampled(3)
def test_a_visit_by_hand_draws_and_does_nothing_else(
    terminal: Terminal, account: Account, work: Path, kind: str, tmp_path: Path
) -> None:
    path, raw = account.own(write(account.home / "x.json", [run(0)])), tmp_path / "raw"
    options = ("--sandbox", kind, "--image", IMAGE, "--workspace", work)
    terminal.start(path, *options, raw=raw, program=account.program)
    terminal.wait("REPLAY PAUSED", seconds=60)
    terminal.press("!")
    terminal.wait("You are in the sandbox")
    terminal.wait("sandbox:/workspace")
    ended = r"printf '\030\033\\\033[m'"
    terminal.type(f"stty -echo; for f in *.* last; do cat $f; {ended}; done; clear; echo at the end")
    terminal.press("Enter")
    terminal.wait(lambda screen: "at the end" in screen and "stty" not in screen, seconds=60)
    begun = len(raw.read_bytes().partition(b"You are in the sandbox")[0])
    received = raw.read_bytes()[begun:]
    assert_only_drawn(received, DRAWN)
    assert b"\x1b[1;31mred" in received
    terminal.type("exit")
    terminal.press("Enter")
    terminal.wait("REPLAY PAUSED")
    terminal.press("q")
    terminal.wait("[exit 0]")


def recorded() -> list[dict[str, Any]]:
    """Texts of the recording, and commands that print and make files of the corpus."""
    named = [shlex.quote(text.replace("/", "")) for text in HOSTILE.values() if 0 < len(text) < 100]
    return [
        message(0, ALL),
        run(1, "cat *.utf8; printf '%b' '\\030\\033\\\\'"),
        ran(2, 1, ALL),
        run(3, "cat *.latin1 >&2"),
        ran(4, 3, ""),
        run(5, f"mkdir made; cd made; touch {' '.join(named)}; ls -N; ls --quoting-style=literal no*"),
        ran(6, 5, ALL),
        {"id": 7, "source": "agent", "action": "read", "args": {"path": f"/workspace/{ALL[:200]}"}},
        {"id": 8, "source": "agent", "action": "run_ipython", "args": {"code": f"print({ALL!r}); {ALL!r}"}},
        {"id": 9, "source": "agent", "action": "read", "args": {"path": "/workspace/0.utf8"}},
        run(10, f"(exec -a {shlex.quote(HOSTILE['changing: clipboard'])} sleep 100) & cd {named[0]}"),
        run(11, f"mkdir {named[1]}; cd {named[1]}; exit 3"),
        say(12, ALL),
        finish(13, ALL),
    ]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.sampled(2)
def test_what_a_replay_prints_is_text(account: Account, work: Path, kind: str) -> None:
    path = account.own(write(account.home / "x.json", recorded()))
    options = ("--sandbox", kind, "--image", IMAGE, "--workspace", work, "--save", account.home / "run.json")
    code, received = on_terminal("replay", path, *options, program=account.program)
    assert code == 0, received
    assert_only_drawn(received, PRINTED)
    code, received = on_terminal("show", account.home / "run.json", program=account.program)
    assert code == 0, received
    assert_only_drawn(received, PRINTED)


@pytest.mark.terminal
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.sampled(2)
def test_what_the_screen_shows_of_it_only_draws(
    terminal: Terminal, account: Account, work: Path, kind: str, tmp_path: Path
) -> None:
    path, raw = account.own(write(account.home / "x.json", recorded())), tmp_path / "raw"
    options = ("--sandbox", kind, "--image", IMAGE, "--workspace", work)
    terminal.start(path, *options, raw=raw, program=account.program)
    terminal.wait("REPLAY PAUSED", seconds=60)
    terminal.press("c")
    terminal.wait("REPLAY FINISHED", seconds=60)
    for tab in "12345":
        terminal.press(tab, "g", *"jjjjjjjj", "G")
    terminal.press("q")
    terminal.wait(lambda screen: "[exit 0]" in screen or "Quit without saving" in screen)
    if "[exit 0]" not in terminal.screen():
        terminal.press("End", "Enter")
        terminal.wait("[exit 0]")
    shown = raw.read_bytes().partition(b" Timeline")[2].rpartition(b"\x1b[<u")[0]
    assert len(shown) > 10_000
    assert_only_drawn(shown, SHOWN)


@pytest.mark.parametrize("name", [name for name in HOSTILE if "very many" not in name])
def test_the_corpus_would_be_seen(name: str) -> None:
    """What these tests look with tells each sequence of the corpus from drawing."""
    with pytest.raises(AssertionError):
        assert_only_drawn(HOSTILE[name].encode(), SHOWN)
