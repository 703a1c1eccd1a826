import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trajcore.sandbox.shell.quoting import cut, encoded, escaped, quoted
from trajcore.sandbox.shell.scripts import typed

ANY = st.lists(
    st.one_of(st.text(max_size=20), st.sampled_from(["!", "'", "\\", "\n", "\x01", "\x7f", "$", "`"]))
)


def echoed(words: list[bytes]) -> bytes:
    script = b"printf '%s\\0' " + b" ".join(words)
    return subprocess.run(["bash", "--norc"], input=script + b"\n", capture_output=True, check=True).stdout


@settings(max_examples=60, deadline=None)
@given(ANY)
def test_bash_reads_back_what_was_quoted(parts: list[str]) -> None:
    text = "".join(parts).replace("\0", "")
    assert echoed([quoted(text)]) == encoded(text) + b"\0"


def test_every_byte_but_nul_survives() -> None:
    data = bytes(range(1, 256))
    assert echoed([b"$'" + escaped(data) + b"'"]) == data + b"\0"


def test_no_control_character_is_typed() -> None:
    line = escaped(bytes(range(256)))
    assert all(32 <= byte < 127 for byte in line)
    assert b"!" not in line


@given(st.binary(max_size=400), st.integers(min_value=8, max_value=40))
def test_a_cut_loses_nothing_and_splits_no_escape(data: bytes, limit: int) -> None:
    text = escaped(data)
    pieces = cut(text, limit)
    assert b"".join(pieces) == text
    assert all(len(piece) <= limit for piece in pieces)
    for piece in pieces[:-1]:
        last = piece.rfind(b"\\")
        assert last == -1 or len(piece) - last >= 4


@pytest.mark.parametrize("size", [1, 3_400, 3_500, 100_000])
def test_typed_lines_fit_a_terminal(size: int) -> None:
    lines = typed("é".encode() * size, b"0123456789abcdef").splitlines()
    assert max(map(len, lines)) < 4095
