"""Keys stay out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trajcore.live.masking import MASK, Mask, MaskedStream

KEY = "sk-abcabcabd"


def test_message_hides_what_looks_like_a_key():
    message = Mask([]).message("Incorrect API key: sk-proj-****abcd, Bearer abcdefgh12 given")
    assert "abcd" not in message
    assert message.count(MASK) == 2


def test_message_hides_the_login_in_a_url():
    assert Mask([]).message("http://me:word@host/v1 failed") == "http://host/v1 failed"


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
