"""Keys stay out."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajcore.masking import MASK, Mask, MaskedOutput, MaskedStream, hide, holds_mask, without_accounts
from trajcore.text import safe_with_colours

KEY = "sk-abcabcabd"


def test_message_hides_what_looks_like_a_key():
    message = Mask([]).message("Incorrect API key: sk-proj-****abcd, Bearer abcdefgh12 given")
    assert "abcd" not in message
    assert message.count(MASK) == 2


def test_message_hides_the_login_in_a_url():
    assert Mask([]).message("http://me:word@host/v1 failed") == f"http://{MASK}@host/v1 failed"


def test_tree_is_masked_everywhere():
    assert Mask([KEY]).tree({"a": [f"x{KEY}", 1, None], "b": {"c": KEY}}) == {
        "a": [f"x{MASK}", 1, None],
        "b": {"c": MASK},
    }


def test_short_keys_are_left():
    assert Mask(["no", "", None]).text("no key") == "no key"


@given(st.lists(st.sampled_from([KEY, KEY[:4], KEY[4:], "sk-abc", "abc", "abd", " ", "s"]), max_size=8))
def test_stream_masks_what_the_whole_text_would(pieces: list[str]):
    seen: list[str] = []
    stream = MaskedStream(Mask([KEY]), seen.append)
    for piece in pieces:
        stream.write(piece)
    stream.end()
    assert "".join(seen) == Mask([KEY]).text("".join(pieces))


@given(st.lists(st.sampled_from([KEY, KEY[:4], KEY[4:], "sk-", "ü", " "]), max_size=8), st.integers(1, 5))
def test_output_masks_what_the_whole_output_would_wherever_it_is_cut(parts: list[str], size: int):
    seen: list[bytes] = []
    data = "".join(parts).encode()
    output = MaskedOutput(Mask([KEY]), seen.append)
    for at in range(0, len(data), size):
        output.write(data[at : at + size])
    output.end()
    assert b"".join(seen).decode() == Mask([KEY]).text("".join(parts))


def test_a_text_that_was_cut_in_the_middle_of_a_key_shows_nothing_of_it():
    key = "sk-0123456789abcdef"
    assert Mask([key]).text(f"key={key[:15]}") == f"key={MASK}"
    assert Mask([key]).text("sk-0") == "sk-0"


@pytest.mark.parametrize(
    ("secret", "text"),
    [
        ('pass"wörd\\1', json.dumps('pass"wörd\\1')),
        ('pass"wörd\\1', json.dumps('pass"wörd\\1', ensure_ascii=False)),
        ("p@ss/word", "https://me:p%40ss%2Fword@host"),
        ("p%40ss%2Fword", "the password is p@ss/word"),
    ],
)
def test_a_secret_is_found_as_it_stands_in_json_and_in_addresses(secret: str, text: str):
    masked = Mask([secret]).text(text)
    assert MASK in masked
    assert "ss" not in masked.replace(MASK, "").replace("https", "").replace("password", "")


@pytest.mark.parametrize("word", ["ollama", "lm-studio", "two words", "line\nline"])
def test_what_is_no_secret_is_left(word: str):
    assert Mask([word]).text(f"run {word} now") == f"run {word} now"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://me:p@ss@host/v1", f"https://{MASK}@host/v1"),
        ("https://token@host/v1", f"https://{MASK}@host/v1"),
        ("tcp://me:word@host:2375", f"tcp://{MASK}@host:2375"),
        ("ssh://git@host/path", "ssh://git@host/path"),
        ("https://host/@me", "https://host/@me"),
    ],
)
def test_what_an_address_holds_of_an_account_is_masked(text: str, shown: str):
    assert without_accounts(text) == shown


def test_the_mask_is_found_wherever_it_stands():
    assert holds_mask({"a": [1, {"b": f"x{MASK}"}]})
    assert not holds_mask({"a": [1, {"b": "x"}]})


def test_no_colour_in_the_middle_of_a_key_shows_it():
    hide(KEY)
    shown = safe_with_colours(f"{KEY[:5]}\x1b[31m{KEY[5:]}\x1b[0m \x1b[32mend\x1b[0m")
    assert shown == f"{MASK} end"
