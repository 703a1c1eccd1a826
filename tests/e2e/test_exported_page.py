"""An exported page in a browser: it runs nothing of a recording, asks nobody anything, and is read."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from browser import Tab
from documents import message, ran, run
from exporting import CONTROLS, KEYS, MARKUP, PIXEL, export_of, hostile
from program import SAMPLES, trajtui

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ACTING = {character for character in CONTROLS if not (character.isprintable() or character in "\n\t ")}

NewTab = Callable[..., Awaitable[Tab]]


@pytest.fixture
def shown(tab: Tab, tmp_path: Path) -> Callable[..., Awaitable[Any]]:
    """Opens the page of some events; the answer is Playwright's page."""

    async def opened(events: list[dict[str, Any]], place: str = "") -> Any:
        path = tmp_path / "page.html"
        path.write_text(export_of(events, "html")[0], encoding="utf-8")
        await tab.page.goto(path.as_uri() + place)
        return tab.page

    return opened


async def test_a_hostile_recording_runs_nothing_asks_nothing_and_is_shown(tab: Tab, shown: Any) -> None:
    page = await shown(hostile())
    await page.click("button[data-does=unfold]")
    await page.wait_for_load_state("networkidle")
    assert tab.asked_of_others == []
    assert (tab.opened, tab.said) == ([], [])
    assert await page.title() == "hostile.json"
    assert await page.locator("script, style, iframe, object, embed, base, link, form").count() == 2
    text = await page.inner_text("main")
    for hostile_text in MARKUP:
        for line in filter(str.strip, hostile_text.split("\n")):
            assert line in text
    assert "coloured" in text
    assert not set(text) & ACTING
    sources = await page.locator("img").evaluate_all(
        "images => images.map(image => image.getAttribute('src'))"
    )
    assert sources == [f"data:image/png;base64,{PIXEL}"]
    links = await page.locator("a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert all(link.startswith("#step-") for link in links)
    assert await page.locator(".ink-1.bold", has_text="coloured").count()


async def test_every_planted_key_is_masked_and_listed(shown: Any) -> None:
    page = await shown(hostile())
    source = await page.content()
    foot = await page.inner_text("footer")
    for kind, key in KEYS.items():
        assert key not in source
        assert kind in foot


async def test_it_is_read_without_a_script_too(new_tab: NewTab, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(
        export_of([message(0, "go"), run(1, "ls"), ran(2, 1, "a b c")], "html")[0], encoding="utf-8"
    )
    page = (await new_tab(java_script_enabled=False)).page
    await page.goto(path.as_uri())
    assert not await page.locator("button").first.is_visible()
    assert not await page.get_by_text("a b c").is_visible()
    await page.click("#step-1 > summary")
    assert await page.get_by_text("a b c").is_visible()


async def test_a_place_of_it_is_unfolded_and_texts_are_copied(tab: Tab, shown: Any) -> None:
    await tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = await shown([message(0, "go"), run(1, "echo <b>"), ran(2, 1, "a b c")], "#step-1")
    assert await page.get_by_text("a b c").is_visible()
    await page.hover("#step-1 pre.code")
    await page.click("#step-1 pre.code + button")
    await page.get_by_text("copied").wait_for()
    assert await page.evaluate("navigator.clipboard.readText()") == "echo <b>"


async def test_it_is_light_or_dark_as_the_reader_has_it_and_as_they_switch(
    new_tab: NewTab, tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    path.write_text(export_of([message(0, "go")], "html")[0], encoding="utf-8")
    ground = "getComputedStyle(document.body).backgroundColor"
    grounds = []
    for scheme in ("light", "dark"):
        page = (await new_tab(color_scheme=scheme)).page
        await page.goto(path.as_uri())
        grounds.append(await page.evaluate(ground))
    assert grounds == ["rgb(255, 255, 255)", "rgb(20, 23, 26)"]
    await page.click("button[data-does=look]")
    assert await page.evaluate(ground) == grounds[0]


async def test_what_is_printed_is_unfolded(shown: Any) -> None:
    page = await shown([message(0, "go"), run(1, "ls"), ran(2, 1, "a b c")])
    await page.pdf()
    assert await page.get_by_text("a b c").is_visible()


async def test_the_command_writes_a_page_that_is_read(tab: Tab, tmp_path: Path) -> None:
    path = tmp_path / "demo.html"
    done = trajtui("export", SAMPLES / "demo.json", "-o", path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    await tab.page.goto(path.as_uri())
    rows = await tab.page.locator("details.step").count()
    assert rows == sum(1 for event in json.loads((SAMPLES / "demo.json").read_bytes()) if "action" in event)


async def test_a_picture_of_the_screen_asks_for_no_font(tab: Tab, tmp_path: Path) -> None:
    path = tmp_path / "demo.svg"
    assert trajtui("export", SAMPLES / "demo.json", "-o", path).returncode == 0
    await tab.page.goto(path.as_uri())
    assert tab.asked == [path.as_uri()]
    assert "Timeline" in await tab.page.locator("svg").text_content()
