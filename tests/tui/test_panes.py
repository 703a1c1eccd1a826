"""The room that the panes have: beside, above and below each other, alone, and what the mouse does to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from documents import message, ran, run
from program import write
from screens import Shown, opened
from styled import styled
from trajtui.widgets.divider import Divider

LONG = " ".join(f"word{number}" for number in range(4_000))
EDGE = "x" * 5_000 + "|"


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    events = [message(0, LONG), run(1, "true"), ran(2, 1, EDGE), message(3, "no more than this")]
    return write(tmp_path / "x.json", events)


def shape(screen: Shown) -> tuple[int, int]:
    """The width of the timeline, and the height of the upper pane."""
    return screen.timeline.size.width, screen.app.screen.query_one("#sandbox").size.height


async def drag(screen: Shown, start: tuple[int, int], end: tuple[int, int]) -> None:
    await screen.pilot.mouse_down(offset=start)
    await screen.pilot.hover(offset=end)
    await screen.pilot.mouse_up(offset=end)
    await screen.pilot.pause()


async def resize(screen: Shown, width: int, height: int) -> None:
    await screen.pilot.resize_terminal(width, height)
    await screen.pilot.pause(0.1)


async def test_titles_stand_on_one_line_and_one_line_between_the_panes(recording: Path) -> None:
    async with opened(recording, size=(120, 36)) as screen:
        title = screen.rows[1]
        divider = screen.app.screen.query_one("#divider").region
        assert title.startswith(" Timeline")
        assert title[divider.x :].startswith("│ 1 Sandbox ")
        assert all(row[divider.x] == "│" for row in screen.rows[1:-2])
        assert not any(corner in screen.text for corner in "╭╮╰╯┌┐└┘")


async def test_the_title_of_the_pane_with_the_focus_has_the_accent_and_no_other(
    recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLORTERM", "truecolor")
    async with opened(recording, size=(120, 36)) as screen:
        for keys, accented in (
            ((), [True, False]),
            (("2", "enter"), [False, True]),
            (("tab",), [True, False]),
            (("slash",), [True, False]),
            (("escape", "enter"), [False, True]),
            (("escape",), [True, False]),
        ):
            await screen.press(*keys)
            await screen.settle()
            rows = styled(screen.app).split("\n")
            title = rows[next(at for at, row in enumerate(rows) if row.startswith("| Timeline")) + 1]
            left, right = title.split("1 line")
            assert ["accent" in left, "accent" in right] == accented, keys


@pytest.mark.parametrize("size", [(160, 48), (200, 50), (120, 36), (80, 24)])
async def test_no_text_is_cut_and_none_scrolls_sideways_without_need(
    recording: Path, size: tuple[int, int]
) -> None:
    async with opened(recording, size=size) as screen:
        await screen.press("2", "g")
        await screen.wait("word0 ")
        pane = screen.app.screen.query_one("#event")
        assert pane.show_vertical_scrollbar
        assert not pane.show_horizontal_scrollbar
        left, room = pane.region.x, pane.scrollable_content_region.width
        words = " ".join(screen.rows[y][left : left + room] for y in range(pane.region.y, pane.region.bottom))
        found = [word for word in words.split() if word.startswith("word")]
        assert found == [f"word{number}" for number in range(len(found))]
        await screen.press("enter", "G")
        await screen.wait("word3999 ")


async def test_wide_screens_have_two_panes_at_the_right(recording: Path) -> None:
    async with opened(recording, size=(160, 48)) as screen:
        upper, below = "1 Sandbox", "2 Event"
        assert upper in screen.rows[1]
        assert below not in screen.rows[1]
        assert any(below in row for row in screen.rows[15:35])
        await screen.press("1")
        assert screen.app.focused.id == "sandbox"
        await screen.press("5")
        await screen.wait(lambda: screen.app.screen.query_one("#chat").display)
        assert screen.app.screen.query_one("#sandbox").display
        await screen.press("1", "z")
        await screen.wait(lambda: "5 Chat" in screen.rows[1])
        assert not screen.app.screen.query_one("#chat").display
        assert screen.app.focused.id == "sandbox"
        await screen.press("z")
        await screen.wait(lambda: "5 Chat" not in screen.rows[1])


async def test_a_resize_across_the_thresholds_keeps_tab_and_focus(recording: Path) -> None:
    async with opened(recording, size=(200, 50)) as screen:
        await screen.press("2", "enter", "G")
        event = screen.app.screen.query_one("#event")
        for size in ((120, 36), (80, 24), (20, 5), (120, 36), (160, 48), (99, 30), (200, 50)):
            await resize(screen, *size)
            assert screen.app.focused is event, size
            assert event.display
        shape_before = shape(screen)
        await resize(screen, 120, 36)
        await screen.press("1", "tab")
        await resize(screen, 200, 50)
        assert shape(screen) == shape_before
        await resize(screen, 80, 24)
        await screen.press("enter")
        await resize(screen, 200, 50)
        assert shape(screen) == shape_before
        await resize(screen, 20, 5)
        await screen.press("1", "2", "enter", "escape", "z", "z", "less_than_sign", "greater_than_sign")
        await resize(screen, 120, 36)
        await screen.wait("1 Sandbox")


async def test_the_line_moves_by_keys_and_by_the_mouse_and_a_resize_keeps_its_share(recording: Path) -> None:
    async with opened(recording, size=(120, 36)) as screen:
        panes, before = screen.app.screen.panes, shape(screen)[0]
        await screen.press("less_than_sign")
        await screen.wait(lambda: shape(screen)[0] == before - 4)
        await screen.press("greater_than_sign", "greater_than_sign")
        await screen.wait(lambda: shape(screen)[0] == before + 4)
        divider = screen.app.screen.query_one("#divider", Divider)
        await drag(screen, (divider.region.x, 10), (39, 12))
        await screen.wait(lambda: divider.region.x == 39)
        await resize(screen, 240, 36)
        assert abs(divider.region.x - 79) <= 1
        await resize(screen, 120, 36)
        assert divider.region.x == 39
        for place in (0, 119):
            await drag(screen, (divider.region.x, 10), (place, 12))
        assert screen.app.screen.query_one("#side").size.width >= 30
        await screen.press(*["greater_than_sign"] * 3)
        assert screen.app.screen.query_one("#side").size.width >= 30
        assert 0 < panes.share < 1


async def test_the_line_below_the_upper_pane_is_drawn_by_the_mouse(recording: Path) -> None:
    async with opened(recording, size=(160, 48)) as screen:
        divider = screen.app.screen.query_one("#side-divider", Divider)
        await drag(screen, (120, divider.region.y), (120, 12))
        await screen.wait(lambda: divider.region.y == 12)
        for place in (0, 47):
            await drag(screen, (120, divider.region.y), (120, place))
            assert 2 < divider.region.y < 44


async def test_wide_lines_scroll_sideways_where_they_are_not_wrapped(recording: Path) -> None:
    async with opened(recording, size=(120, 36)) as screen:
        await screen.press("2", "g", "j", "enter")
        await screen.wait("xxxxxxxxxx")
        assert "…" not in "".join(row[60:] for row in screen.rows[2:-2])
        await screen.press("alt+z")
        await screen.wait("wide lines scroll sideways")
        row = next(row for row in screen.rows if "xxxxxxxxxx" in row).rstrip()
        assert row.endswith("…")
        pane = screen.app.screen.query_one("#event")
        await screen.press("right")
        await screen.wait(lambda: "│…x" in screen.text)
        pane.scroll_to(x=pane.max_scroll_x, animate=False)
        await screen.wait(lambda: any(row.rstrip().endswith("xx|") for row in screen.rows))
        await screen.press("alt+z")
        await screen.wait(lambda: "│…x" not in screen.text)


@pytest.mark.parametrize("line", ["x" * 2_100_000 + "|", "漢" * 1_200_000 + "a" * 900_000 + "|"], ids=len)
async def test_lines_of_a_very_long_text_scroll_sideways(tmp_path: Path, line: str) -> None:
    path = write(tmp_path / "x.json", [message(0, "go"), run(1, "true"), ran(2, 1, line), run(3, "false")])
    async with opened(path, size=(120, 36)) as screen:
        await screen.press("2", "g", "j", "enter")
        await screen.wait(line[:10])
        pane = screen.app.screen.query_one("#event")
        assert pane.show_horizontal_scrollbar
        pane.scroll_to(x=pane.max_scroll_x, animate=False)
        await screen.wait(lambda: any(row.rstrip().endswith(line[-5:]) for row in screen.rows))


async def test_a_drag_marks_text_in_one_pane_alone(recording: Path) -> None:
    async with opened(recording, size=(120, 36)) as screen:
        panes = screen.app.screen.panes
        await screen.press("2", "g")
        await screen.wait("│word0 ")
        row = next(y for y, text in enumerate(screen.rows) if "word0 " in text and y > 2 and "│word0" in text)
        left = screen.rows[row].index("│word0") + 1
        await drag(screen, (left + 1, row), (left + 4, row))
        assert panes.selected_text() == "ord0"
        await drag(screen, (left + 2, row), (2, row))
        assert panes.selected_text() == "wor"
        await drag(screen, (left, row), (left + 3, row + 1))
        marked = panes.selected_text()
        assert marked.startswith("word0 word1 ")
        assert "\n" not in marked  # a row is no line: it is wrapped
        assert len(marked) > 40
        await screen.pilot.click(offset=(20, 3))
        assert panes.selected_text() == ""
        assert screen.selected == 1


async def test_a_click_in_the_gutter_sets_a_breakpoint_and_two_on_a_row_run_to_it(recording: Path) -> None:
    async with opened(recording, size=(120, 36)) as screen:
        await screen.pilot.click("#timeline", offset=(0, 1))
        await screen.wait("●")
        assert screen.selected == 1
        await screen.pilot.click("#timeline", offset=(1, 1))
        await screen.wait(lambda: "●" not in screen.text)
        await screen.pilot.double_click("#timeline", offset=(20, 2))
        await screen.wait(lambda: screen.session.position == 3)
