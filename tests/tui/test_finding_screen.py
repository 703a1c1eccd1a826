"""Finding a row: the search, and going to a place that is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from documents import message, ran, run
from screens import Shown, opened
from trajcore.dialects.newevents import new_action

EVENTS = [
    message(0, "count the files"),
    run(1, "ls src"),
    ran(2, 1, "pin.py\nneedle.py"),
    message(3, "a Needle", "agent"),
    {"id": 4, "source": "agent", **new_action("delegate", agent="B", inputs={"task": "look"})},
    run(5, "find needle"),
    ran(6, 5, "none"),
    {"id": 7, "source": "agent", "observation": "delegate", "content": "done", "cause": 4, "extras": {}},
    message(8, "thanks"),
]


def written(path: Path, events: list[dict[str, Any]]) -> Path:
    path.write_text(json.dumps(events))
    return path


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return written(tmp_path / "found.json", EVENTS)


def title(screen: Shown) -> str:
    return screen.rows[1][: screen.timeline.outer_size.width]


@pytest.mark.parametrize("size", [(160, 48), (80, 24)])
async def test_a_search_goes_to_what_it_finds_while_it_is_typed(
    recording: Path, size: tuple[int, int]
) -> None:
    async with opened(recording, size) as screen:
        await screen.press("slash")
        await screen.type("nee")
        await screen.wait("/nee")
        await screen.wait(lambda: screen.selected == 1)
        assert "Enter keeps" in screen.text
        await screen.type("dles")  # letters are text, and `s` is no step
        await screen.wait(lambda: screen.selected == 0)
        assert "none" in screen.text
        await screen.press("backspace", "enter")
        await screen.wait(lambda: screen.selected == 1)
        assert screen.session.position == 0
        assert "/needle  1/3" in title(screen)
        await screen.press("n")
        await screen.wait(lambda: screen.selected == 3)
        assert "2/3" in title(screen)
        await screen.press("n", "n")
        await screen.wait(lambda: screen.selected == 1)
        assert "went round" in screen.status
        await screen.press("N")
        await screen.wait(lambda: screen.selected == 5)
        assert screen.app.focused is screen.timeline


async def test_escape_leaves_the_search_and_is_where_it_began(recording: Path) -> None:
    async with opened(recording) as screen:
        await screen.press("j", "slash")
        await screen.type("thanks")
        await screen.wait(lambda: screen.selected == 8)
        await screen.press("escape")
        await screen.wait(lambda: screen.selected == 1)
        assert "thanks" not in title(screen)
        assert screen.app.focused is screen.timeline
        await screen.press("n")
        await screen.wait("nothing was searched for")


async def test_an_expression_that_is_none_says_why_and_nothing_moves(recording: Path) -> None:
    async with opened(recording) as screen:
        await screen.press("slash")
        await screen.type("re:(")
        await screen.wait("no regular expression")
        await screen.press("enter")
        assert screen.app.focused is not screen.timeline
        await screen.press("backspace")
        await screen.type("N.+e$")
        await screen.wait(lambda: screen.selected == 3)


async def test_what_was_not_searched_to_its_end_is_said_and_not_called_none(tmp_path: Path) -> None:
    events = [message(0, "go"), run(1, "ls"), ran(2, 1, "a" * 60 + "b"), run(3, "pwd"), ran(4, 3, "/")]
    async with opened(written(tmp_path / "slow.json", events)) as screen:
        await screen.press("slash")
        await screen.type("re:(a|aa)+(a|aa)+c")
        await screen.wait("not searched to its end: 1")
        assert "none" not in screen.text
        await screen.press("enter")
        await screen.wait(lambda: "not searched to its end" in screen.status)
        assert "0, 1 not searched" in title(screen)
        await screen.press("n")
        await screen.wait(lambda: "not searched to its end" in screen.status)
        assert "nothing was found" not in screen.status


async def test_a_match_is_marked_in_its_row(recording: Path) -> None:
    async with opened(recording) as screen:
        await screen.press("slash")
        await screen.type("needle")
        await screen.press("enter")
        await screen.wait("1/3")
        assert _marked(screen, 5) == ["needle"]
        assert _marked(screen, 1) == ["  1"]  # it says so in its output
        assert _marked(screen, 8) == []


def _marked(screen: Shown, index: int) -> list[str]:
    timeline = screen.timeline
    number = timeline.rows.at_or_after(index)
    text = timeline.line_text(number)
    style = timeline.part_style("timeline--match")
    return [text.plain[span.start : span.end] for span in text.spans if span.style == style]


async def test_what_a_folded_delegation_holds_is_found_at_its_row(recording: Path) -> None:
    async with opened(recording) as screen:
        await screen.press("j", "j", "j", "space", "slash")
        await screen.type("find needle")
        await screen.wait(lambda: screen.selected == 4)
        await screen.press("escape", "colon")
        await screen.type("6")
        await screen.press("enter")
        await screen.wait(lambda: screen.selected == 5)
        assert "6 is what came back for 5" in screen.status


@pytest.mark.parametrize("size", [(160, 48), (80, 24)])
async def test_a_colon_goes_to_a_place_or_says_why_not(recording: Path, size: tuple[int, int]) -> None:
    async with opened(recording, size) as screen:
        await screen.press("colon")
        await screen.type("8")
        await screen.press("enter")
        await screen.wait(lambda: screen.selected == 8)
        await screen.press("colon")
        await screen.type("-2")
        await screen.press("enter")
        await screen.wait(lambda: screen.selected == 4)
        await screen.press("colon")
        await screen.type("99")
        await screen.press("enter")
        await screen.wait("no row is called 99")
        assert screen.selected == 4
        assert screen.app.focused is screen.timeline


async def test_what_this_run_adds_is_found_as_it_comes(recording: Path) -> None:
    async with opened(recording) as screen:
        await screen.press("slash")
        await screen.type("typed now")
        await screen.press("enter")
        await screen.wait("nothing says typed now")
        screen.session.message("this is typed now")
        await screen.wait("typed now  1")
        await screen.press("n")
        await screen.wait(lambda: screen.timeline.selected is not None and screen.selected is None)


@pytest.mark.parametrize("count", [20_000, pytest.param(100_000, marks=pytest.mark.long)])
async def test_very_many_events_are_searched_while_keys_are_answered(tmp_path: Path, count: int) -> None:
    far = count - 10
    events = [message(number, f"event {number}") for number in range(count)]
    events[far] = message(far, "the \u00e9 needle \u001b[0m")
    async with opened(written(tmp_path / "large.json", events)) as screen:
        await screen.press("slash")
        await screen.type("n")
        await screen.press("e", "e")
        await screen.wait(lambda: screen.selected == far)
        await screen.press("enter")
        await screen.wait("/nee  1/1")
        await screen.press("g", "slash")
        await screen.type("event 7")
        await screen.wait(lambda: screen.selected == 7)
        await screen.press("escape", "colon")
        await screen.type("50%")
        await screen.press("enter")
        await screen.wait(lambda: screen.selected == count // 2 - 1)


# The filter


@pytest.mark.parametrize("size", [(160, 48), (80, 24)])
async def test_a_key_filters_the_rows_and_the_title_says_so(recording: Path, size: tuple[int, int]) -> None:
    async with opened(recording, size) as screen:
        await screen.press("f")
        await screen.wait("d diverged")
        await screen.press("u")
        await screen.wait("Filter kind=message and source=user  2 of 6")
        assert labels(screen) == ["0", "8"]
        await screen.press("j")
        assert screen.selected == 8
        await screen.press("f", "backspace")
        await screen.wait(lambda: len(labels(screen)) == 6)
        assert "Filter" not in title(screen)
        assert screen.selected == 8
        await screen.press("f", "e", "escape")
        await screen.wait(lambda: len(labels(screen)) == 6)


async def test_a_condition_is_followed_as_it_is_typed(recording: Path) -> None:
    async with opened(recording) as screen:
        await screen.press("G", "f", "enter")
        await screen.type("kind=ru")
        await screen.wait("kind=ru  0 of 6")
        assert labels(screen) == ["0"]  # what comes next is always there
        await screen.type("n")
        await screen.wait(lambda: labels(screen) == ["0", "1", "5"])
        await screen.type(" and what")
        await screen.wait("is no condition")
        await screen.press("enter")
        assert screen.app.focused is not screen.timeline
        await screen.press("escape")
        await screen.wait(lambda: len(labels(screen)) == 6)


async def test_results_come_into_a_filter_as_they_are_made(recording: Path) -> None:
    async with opened(recording) as screen:
        await screen.press("f")
        await screen.type("output~pin")
        await screen.press("enter")
        await screen.wait(lambda: labels(screen) == ["0", "1"])
        await screen.press("s", "s")
        await screen.settle()
        await screen.wait(lambda: labels(screen) == ["1", "4"])


async def test_a_search_in_a_filter_finds_what_is_shown(recording: Path) -> None:
    async with opened(recording) as screen:
        await screen.press("f")
        await screen.type("kind=run")
        await screen.press("enter", "slash")
        await screen.type("needle")
        await screen.press("enter")
        await screen.wait("1/2")


def labels(screen: Shown) -> list[str]:
    width = screen.timeline.outer_size.width
    rows = screen.rows[2 : 2 + screen.timeline.size.height]
    return [label for row in rows if (label := row[:width][3:6].strip()).isdigit()]


# Bookmarks


async def test_a_bookmark_is_set_listed_gone_to_kept_and_removed(recording: Path) -> None:
    async with opened(recording, keep_breakpoints=True) as screen:
        await screen.press("j")
        await screen.app.screen.run_action("act('bookmark')")
        await screen.wait("1: bookmark")
        await screen.wait(lambda: "⚑" in screen.rows[3])
    async with opened(recording, keep_breakpoints=True) as screen:
        await screen.wait("⚑")
        await screen.app.screen.run_action("act('bookmarks')")
        await screen.wait("Enter goes there")
        await screen.press("enter")
        await screen.wait(lambda: screen.selected == 1)
        await screen.press("f", "b")
        await screen.wait("Filter marked  1 of 6")
        await screen.press("escape")
        await screen.app.screen.run_action("act('bookmarks')")
        await screen.wait("Enter goes there")
        await screen.press("d")
        await screen.wait("there is none yet")
        await screen.press("escape")
        await screen.wait(lambda: "⚑" not in screen.text)


# The overview


@pytest.mark.parametrize(("size", "lines"), [((160, 48), 2), ((80, 24), 1)])
async def test_the_overview_shows_all_rows_and_a_click_goes_there(
    tmp_path: Path, size: tuple[int, int], lines: int
) -> None:
    events = [message(number, f"event {number}") for number in range(500)]
    path = written(tmp_path / "long.json", [*events, run(500, "false"), _failed(501, 500)])
    async with opened(path, size) as screen:
        strip = screen.app.screen.query_one("#overview")
        assert strip.size.height == lines
        await screen.wait(lambda: "!" in _strip(screen))
        assert _strip(screen).splitlines()[-1].startswith("▲")
        await screen.pilot.click(strip, offset=(strip.size.width // 2, 0))
        await screen.wait(lambda: screen.selected is not None and 240 < screen.selected < 260)
        await screen.press("b")
        await screen.wait(lambda: "●" in _strip(screen) or lines == 1)
        await screen.press("G")
        await screen.wait(lambda: _strip(screen).splitlines()[-1].rstrip().endswith("▲"))


def _failed(id: int, cause: int) -> dict[str, Any]:
    return ran(id, cause, "", extras={"metadata": {"exit_code": 1}})


def _strip(screen: Shown) -> str:
    area = screen.app.screen.query_one("#overview").region
    return "\n".join(row[area.x : area.right] for row in screen.rows[area.y : area.bottom])
