"""The browser of the tests notices what a page does: what it did not notice did not happen."""

from __future__ import annotations

from pathlib import Path

import pytest

from browser import Tab

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

BUSY = """<!doctype html><title>busy</title>
<img src="http://127.0.0.1:9/picture.png">
<iframe src="http://127.0.0.1:9/frame.html"></iframe>
<link rel="stylesheet" href="http://127.0.0.1:9/style.css">
<script>console.log("said"); alert("opened"); fetch("http://127.0.0.1:9/fetched").catch(() => {});</script>
<script>throw new Error("thrown")</script>"""


async def test_what_a_page_asks_says_and_opens_is_noticed(tab: Tab, tmp_path: Path) -> None:
    page = tmp_path / "busy.html"
    page.write_text(BUSY, encoding="utf-8")
    await tab.page.goto(page.as_uri())
    asked = {address.rpartition("/")[2] for address in tab.asked_of_others}
    assert asked == {"picture.png", "frame.html", "style.css", "fetched"}
    assert tab.opened == ["opened"]
    assert {"said", "thrown"} <= set(tab.said)


async def test_a_quiet_page_asks_nothing(tab: Tab, tmp_path: Path) -> None:
    page = tmp_path / "quiet.html"
    page.write_text("<!doctype html><title>quiet</title><p>words</p>", encoding="utf-8")
    await tab.page.goto(page.as_uri())
    assert await tab.page.inner_text("p") == "words"
    assert (tab.asked_of_others, tab.opened, tab.said) == ([], [], [])
    assert tab.asked == [page.as_uri()]
