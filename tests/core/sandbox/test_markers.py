from hypothesis import given
from hypothesis import strategies as st

from trajcore.sandbox.shell.markers import Begun, Died, Ended, Scanner

KEY = b"0123456789abcdef"
STREAM = (
    b"late\x1b]7717;" + KEY + b";A\x07one\x1b[31mred\x1b]7717;ffff;A\x07"
    b"\x1b]0;title\x07tail\x1b]7717;" + KEY + b";Z;3;77;himBH;1;/a;b\x07after\x1b]77"
)
EXPECTED = [
    b"late", Begun(KEY), b"one\x1b[31mred\x1b]7717;ffff;A\x07\x1b]0;title\x07tail",
    Ended(KEY, 3, b"77", b"himBH", True, False, b"/a;b"), b"after",
]  # fmt: skip


def joined(found: list) -> list:
    result: list = []
    for item in found:
        if isinstance(item, bytes) and result and isinstance(result[-1], bytes):
            result[-1] += item
        else:
            result.append(item)
    return result


@given(st.lists(st.integers(min_value=0, max_value=len(STREAM))))
def test_marks_are_found_however_the_stream_is_cut(cuts: list[int]) -> None:
    scanner = Scanner()
    scanner.accept(KEY)
    found, last = [], 0
    for cut in [*sorted(cuts), len(STREAM)]:
        found += scanner.feed(STREAM[last:cut])
        last = cut
    assert joined(found) == EXPECTED
    assert scanner.flush() == b"\x1b]77"


@given(st.lists(st.binary(max_size=30)))
def test_output_without_marks_comes_out_as_it_went_in(chunks: list[bytes]) -> None:
    scanner = Scanner()
    scanner.accept(KEY)
    found = [item for chunk in chunks for item in scanner.feed(chunk)]
    assert b"".join(found) + scanner.flush() == b"".join(chunks)


def test_only_a_possible_start_of_a_mark_is_kept_back() -> None:
    scanner = Scanner()
    scanner.accept(KEY)
    assert scanner.feed(b"abc\x1b") == [b"abc"]
    assert scanner.feed(b"[0m") == [b"\x1b[0m"]
    assert scanner.feed(b"\x1b]7717;zz") == [b"\x1b]7717;zz"]


def test_a_mark_that_never_ends_is_output() -> None:
    scanner = Scanner()
    scanner.accept(KEY)
    endless = b"\x1b]7717;" + KEY + b";Z;" + b"1" * 9000
    assert b"".join(scanner.feed(endless)) == endless


def test_malformed_marks_are_output() -> None:
    scanner = Scanner()
    scanner.accept(KEY)
    for tail in (b";Z;x;;/\x07", b";Z\x07", b"\x07", b";Q;1\x07", b";D;\x07", b";Z;1\x07"):
        text = b"\x1b]7717;" + KEY + tail
        assert b"".join(item for item in scanner.feed(text) if isinstance(item, bytes)) == text


def test_a_shells_death_is_told() -> None:
    scanner = Scanner()
    scanner.accept(KEY)
    assert scanner.feed(b"\x1b]7717;" + KEY + b";D;137\x07") == [Died(137)]
