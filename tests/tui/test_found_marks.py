"""What is searched for stands out in the panes beside the timeline, and comes in sight there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from documents import message, ran, run
from program import write
from screens import Shown, opened
from trajcore.views.query import Query
from trajtui.widgets.found import Said, cells
from trajtui.widgets.lines import LinePane

MANY = "\n".join(f"line {number}" for number in range(200))
EVENTS: list[dict[str, Any]] = [
    message(0, "count the files"),
    run(1, "ls src"),
    ran(2, 1, f"pin.py\nneedle.py\n{MANY}"),
    run(3, "cat long"),
    ran(4, 3, f"{MANY}\nthe needle of 漢字 Needle\n{MANY}"),
    message(5, "no " * 300 + "needle in a haystack " + "no " * 30, "agent"),
    message(6, "thanks"),
]


def marked(shown: Shown, tab: str) -> list[str]:
    """What is marked in a pane, row by row, as it is drawn."""
    pane = shown.app.screen.query_one(f"#{tab}", LinePane)
    style = pane.part_style("lines--match")
    region = pane.scrollable_content_region
    found = []
    for row in shown.app.screen._compositor.render_strips()[region.y : region.bottom]:
        strip = row.crop(region.x, region.right)
        is_marked = [
            (one.text, bool(one.style and one.style.color == style.color and one.style.underline))
            for one in strip
        ]
        text = "".join(text if yes else "\0" for text, yes in is_marked)
        found += [part for part in text.split("\0") if part]
    return found


async def search(shown: Shown, text: str) -> None:
    await shown.press("slash")
    await shown.type(text)
    await shown.press("enter")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "found.json", EVENTS)


@pytest.mark.parametrize("size", [(160, 48), (80, 24)])
async def test_a_match_is_marked_in_the_pane_beside_and_is_in_sight(
    path: Path, size: tuple[int, int]
) -> None:
    async with opened(path, size) as shown:
        await shown.press("2", "g")
        await search(shown, "needle")
        await shown.wait(lambda: shown.selected == 1 and marked(shown, "event") == ["needle"])
        await shown.press("n")
        await shown.wait(lambda: shown.selected == 3 and marked(shown, "event") == ["needle", "Needle"])
        assert "the needle of 漢字 Needle" in shown.text
        await shown.press("n")
        await shown.wait(lambda: shown.selected == 5 and marked(shown, "event") == ["needle"])
        await shown.press("N")
        await shown.wait(lambda: shown.selected == 3 and "needle" in marked(shown, "event"))
        await shown.press("g")
        await shown.wait("count the files")
        assert marked(shown, "event") == []
        await shown.press("n")
        await shown.wait(lambda: marked(shown, "event") == ["needle"])
        await shown.press("escape")
        await shown.wait(lambda: marked(shown, "event") == [])


async def test_an_expression_is_marked_and_capitals_count_where_they_are_typed(path: Path) -> None:
    async with opened(path) as shown:
        await shown.press("2", "g")
        await search(shown, "re:N[a-e]+dle$")
        await shown.wait(lambda: shown.selected == 3 and marked(shown, "event") == ["Needle"])
        await search(shown, r"re:^line 1[0-2]\b")
        await shown.wait(lambda: marked(shown, "event") == ["line 10", "line 11", "line 12"])


async def test_what_a_step_wrote_is_marked_in_the_sandbox_and_comes_in_sight(path: Path) -> None:
    async with opened(path) as shown:
        await shown.press("1", "c")
        await shown.settle()
        await search(shown, "Needle")
        await shown.wait(lambda: shown.selected == 3 and marked(shown, "sandbox") == ["Needle"])
        await search(shown, "needle.py")
        await shown.wait(lambda: shown.selected == 1 and marked(shown, "sandbox") == ["needle.py"])


async def test_a_pane_that_is_shown_later_has_it_in_sight_too(path: Path) -> None:
    async with opened(path) as shown:
        await shown.press("1", "g")
        await search(shown, "Needle")
        await shown.wait(lambda: shown.selected == 3)
        await shown.press("3")
        await shown.wait(lambda: marked(shown, "compare") == ["Needle"])
        await shown.press("2")
        await shown.wait(lambda: marked(shown, "event") == ["Needle"])


async def test_a_difference_is_marked_on_each_side_across_the_rows_of_a_line(tmp_path: Path) -> None:
    long = "a needle " + "hay " * 40 + "and a needle"
    edit = {
        "id": 1, "source": "agent", "action": "edit",
        "args": {"path": "/a.py", "command": "str_replace", "old_str": long, "new_str": f"{long} more"},
    }  # fmt: skip
    async with opened(write(tmp_path / "x.json", [message(0), edit])) as shown:
        await shown.press("2")
        await search(shown, "needle")
        await shown.wait(lambda: shown.selected == 1)
        await shown.wait(lambda: marked(shown, "event").count("needle") == 4)
        await search(shown, "hay and a")
        await shown.wait(lambda: " ".join(marked(shown, "event")).split().count("and") == 2)


async def test_a_match_is_marked_where_its_line_is_broken(tmp_path: Path) -> None:
    text = "x" * 130 + "NEEDLE" + "x" * 500
    broken = f"{'word ' * 40}two words{' word' * 40}"
    async with opened(write(tmp_path / "x.json", [message(0), run(1, text), run(2, broken)])) as shown:
        await shown.press("2")
        for number, found in ((1, "NEEDLE"), (2, "two words")):
            await search(shown, found)
            await shown.wait(lambda number=number: shown.selected == number)
            for width in range(100, 170, 6):
                await shown.pilot.resize_terminal(width, 48)
                await shown.wait(
                    lambda found=found: (
                        "".join(marked(shown, "event")).replace(" ", "") == found.replace(" ", "")
                    )
                )


async def test_what_is_folded_is_unfolded_where_it_says_so(tmp_path: Path) -> None:
    code = "\n".join(f"value_{number} = {number}" for number in range(300))
    events = [
        message(0),
        {"id": 1, "source": "agent", "action": "read", "args": {"path": "/a.py"}},
        {"id": 2, "source": "agent", "observation": "read", "content": code, "cause": 1},
        {"id": 3, "source": "agent", "action": "system", "args": {"content": MANY + "\nthe needle\n" + MANY}},
    ]  # fmt: skip
    async with opened(write(tmp_path / "x.json", events)) as shown:
        await shown.press("2")
        await search(shown, "value_151")
        await shown.wait(lambda: marked(shown, "event") == ["value_151"])
        await search(shown, "the needle")
        await shown.wait(lambda: marked(shown, "event") == ["the needle"])


@pytest.mark.parametrize(
    ("line", "filler"),
    [
        ("hay\n", "hay"),
        pytest.param("hay\n", "漢字", marks=pytest.mark.long),
        pytest.param("hay ", "hay", marks=pytest.mark.long),
        ("hay ", "漢字"),
    ],
    ids=["lines", "wide lines", "a line", "a wide line"],
)
async def test_it_comes_in_sight_in_a_text_that_is_not_wrapped(
    tmp_path: Path, line: str, filler: str
) -> None:
    hay = line.replace("hay", filler) * (2_400_000 // len(line))
    text = f"{hay}the needle{line[-1]}{hay}"
    async with opened(write(tmp_path / "x.json", [message(0), run(1), ran(2, 1, text)])) as shown:
        await shown.press("2", "g")
        await search(shown, "needle")
        await shown.wait(lambda: shown.selected == 1)
        await shown.wait(lambda: marked(shown, "event") == ["needle"], seconds=60)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (Said("a needle"), [(2, 8)]),
        (Said("漢字needle", 3), [(7, 13)]),
        (Said("👩‍👩‍👧 needle"), [(cell_len("👩‍👩‍👧 "), cell_len("👩‍👩‍👧 ") + 6)]),
        (Said("dle and", 0, "a nee", ""), [(0, 3)]),
        (Said("a nee", 2, "", "dle"), [(4, 7)]),
        (Said("eed", 0, "n", "le"), [(0, 3)]),
        (Said("hay", 0, "needle ", " needle"), []),
    ],
)  # fmt: skip
def test_the_cells_of_a_match(said: Said, found: list[tuple[int, int]]) -> None:
    assert list(cells(Query("needle"), [said])) == found


def test_an_expression_that_takes_long_is_not_asked_for_each_row() -> None:
    query, row = Query("re:(a+)+$"), [Said("a" * 40 + "b")]
    assert [list(cells(query, row)) for _ in range(200)] == [[]] * 200  # each would take a fifth of a second
    assert query.is_in("aa")
