"""What takes long without a screen: said on a terminal's last line and taken back, nowhere else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from documents import ran, run
from program import finish, on_terminal, trajtui, write


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """Quick steps, and a slow one behind them."""
    events = [run(0, "true"), ran(1, 0, ""), run(2, "true"), ran(3, 2, "")]
    return write(tmp_path / "slow.json", [*events, run(4, "sleep 4"), ran(5, 4, ""), finish(6)])


@pytest.mark.bubblewrap
def test_a_long_step_has_a_clock_what_is_left_and_what_to_press(slow: Path):
    code, received = on_terminal("replay", slow, "--sandbox", "bubblewrap")
    text = received.decode()
    assert code == 0
    assert re.search(
        r"step 3 of 3 · [2-9]s of .* at most · about \d+s left · Ctrl\+C ends the run · sleep 4", text
    )
    assert "waiting for" not in text
    assert text.rindex("\r\x1b[K") > text.rindex("Ctrl+C")
    assert text.splitlines()[-1].endswith("3 steps: 3 equal")


@pytest.mark.bubblewrap
@pytest.mark.parametrize(
    ("options", "environment"), [(("--quiet",), {}), ((), {"TERM": "dumb"})], ids=("quiet", "dumb")
)
@pytest.mark.sampled(2)
def test_there_is_none_where_it_is_not_wanted(
    slow: Path, options: tuple[str, ...], environment: dict[str, str]
):
    _, received = on_terminal("replay", slow, "--sandbox", "bubblewrap", *options, **environment)
    assert b"Ctrl+C" not in received
    assert b"\x1b[K" not in received


@pytest.mark.bubblewrap
def test_elsewhere_the_step_is_named_once(slow: Path):
    done = trajtui("replay", slow, "--sandbox", "bubblewrap")
    assert done.stderr.count("waiting for sleep 4") == 1
    assert "Ctrl+C" not in done.stderr
