from trajcore.runtimes.openhands.screen import last_lines, shortened, shown


def test_progress_bars_collapse_and_colours_go() -> None:
    assert shown(b"10%\r50%\r100%\n\x1b[31mred\x1b[0m  \nend \n\n") == "100%\nred\nend"


def test_a_tab_is_blanks_and_the_first_line_is_not_indented() -> None:
    assert shown(b"name\tsize\n\tindented\n") == "name    size\n        indented"
    assert shown(b"     1\tone\n     2\t\n     3\ttwo\n") == "1  one\n     2\n     3  two"


def test_what_takes_no_cell_moves_nothing() -> None:
    assert shown(b"a\0\x07\tb\n") == "a       b"
    assert shown("✔\ufe0f\tx\n".encode()) == "✔\ufe0f       x"
    assert shown("e\u0301\tx\n".encode()) == "e\u0301       x"
    family = "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}"
    assert shown(f"{family}\tx\n".encode()) == f"{family}      x"
    assert shown(f"{family}\rab\n".encode()) == "ab"


def test_a_feed_without_a_return_stays_in_its_column() -> None:
    assert shown(b"ab\x0ccd\n") == "ab\n  cd"
    assert shown(b"ab\x0bcd\r\x0bx\n") == "ab\n  cd\nx"
    assert shown(b"one\n\x0ctwo\n") == "one\n\ntwo"


def test_invalid_bytes_are_replaced() -> None:
    assert shown(b"a\xff\xfeb\n") == "a��b"


def test_a_long_text_loses_its_middle() -> None:
    text = "a" * 20_000 + "b" * 20_000
    cut = shortened(text)
    assert cut.startswith("a" * 15_000 + "\n[... Observation truncated due to length ...]\n")
    assert cut.endswith("b" * 15_000)
    assert shortened("x" * 30_000) == "x" * 30_000


def test_many_lines_lose_their_beginning() -> None:
    text, note = last_lines("\n".join(map(str, range(20_000))))
    assert text.split("\n")[0] == "10000"
    assert "last 10000 lines" in note
    assert last_lines("a\nb") == ("a\nb", "")
