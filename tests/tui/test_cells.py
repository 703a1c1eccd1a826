"""Whatever characters a recording holds, terminals agree on where each column of the screen is."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
from rich.cells import cell_len
from tests.screens import opened

from trajtui.cells import steady

FAMILY, HEART, FLAG, THUMB, KEYCAP = "👨‍👩‍👧", "❤️", "🇩🇪", "👍🏽", "1️⃣"
ENGLAND, DOWNWARDS = "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "1\N{COMBINING ENCLOSING SQUARE}"
JOINERS = {0x200D, 0xFE0E, 0xFE0F, 0x20E3, *range(0x1F3FB, 0x1F400), *range(0xE0000, 0xE01F0)}


def is_steady(character: str) -> bool:
    code = ord(character)
    flag = 0x1F1E6 <= code <= 0x1F1FF
    return not (code in JOINERS or flag or unicodedata.category(character) in ("Mc", "Cn"))


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("plain, naïve, Ελλάδα, 日本語, ▶ ─", "plain, naïve, Ελλάδα, 日本語, ▶ ─"),
        (f"a {FAMILY} b", "a 👨 b"),
        (f"a {HEART} b", "a ❤  b"),
        (f"a {FLAG} b", "a DE b"),
        (f"a {THUMB} b", "a 👍 b"),
        (f"a {KEYCAP} b", "a 1  b"),
        (f"a {ENGLAND} b", "a 🏴 b"),
        ("e\u0301 นี้ א\u05b7", "e\u0301 นี้ א\u05b7"),
        ("क्षि a", "क्ष a"),
        ("☰ a", "□  a"),
        ("\u0378 a", "□ a"),
    ],
)
def test_what_terminals_disagree_on_is_drawn_as_what_they_agree_on(text: str, drawn: str) -> None:
    assert steady(text) == drawn
    assert cell_len(text) == cell_len(drawn)


def test_no_cut_through_a_sequence_changes_how_wide_it_is() -> None:
    whole = f"{FAMILY}{HEART}{FLAG}{THUMB}{KEYCAP}{ENGLAND}{DOWNWARDS}क्षि\u200d\u200d"
    pieces = [whole[first:last] for first in range(len(whole)) for last in range(first, len(whole) + 1)]
    assert all(cell_len(steady(piece)) == cell_len(piece) for piece in pieces)
    assert all(is_steady(character) for piece in pieces for character in steady(piece))


async def test_every_pane_is_drawn_in_steady_characters(tmp_path: Path) -> None:
    text = f"{FAMILY} {FLAG} {HEART} {THUMB} क्षि"
    events = [
        {"id": 0, "source": "user", "action": "message", "args": {"content": f"do {text}"}},
        {"id": 1, "source": "agent", "action": "run", "args": {"command": f"echo {text}"}},
        {"id": 2, "source": "agent", "observation": "run", "cause": 1, "content": text,
         "extras": {"command": "echo", "metadata": {"exit_code": 0}}},
    ]  # fmt: skip
    path = tmp_path / "emoji.json"
    path.write_text(json.dumps(events))
    async with opened(path) as shown:
        await shown.press("2", "j", "m")
        await shown.wait("Enter:")
        shown.app.screen.focused.insert(text)
        drawn = await shown.wait(lambda: shown.text.count("👨 DE ❤  👍 क्ष") >= 4) and shown.text
        assert all(is_steady(character) for character in drawn)
