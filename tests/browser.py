"""Chromium without a window, driven over its DevTools protocol: what a page of ours shows and does in one.

One browser serves a session of tests, each in a profile of its own that the others don't see. Tests that use
it share the loop of the session:

    pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio

from needs import need_chromium

_OWN = ("about:", "blob:", "chrome-error:", "data:", "file:")
"""How addresses begin that nobody else hears of."""


@dataclass
class Tab:
    """A page, and what was noticed of it since it was opened: `page` is Playwright's."""

    page: Any
    asked: list[str] = field(default_factory=list)
    """The addresses of all requests, in order, those of its frames and workers included."""
    said: list[str] = field(default_factory=list)
    """What it and its errors wrote to the console."""
    opened: list[str] = field(default_factory=list)
    """Dialogs, downloads and further windows that it opened."""

    @property
    def asked_of_others(self) -> list[str]:
        """The requests that leave the page and its file."""
        return [address for address in self.asked if not address.startswith(_OWN)]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Any]:
    """The browser of this session: Playwright's `Browser`."""
    path = need_chromium()
    from playwright.async_api import async_playwright

    home = tmp_path_factory.mktemp("chromium")
    async with async_playwright() as playwright:
        # Also as root, who is given no sandbox by Chromium: the pages are ours.
        browser = await playwright.chromium.launch(executable_path=path, env={"HOME": str(home)})
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def new_tab(chromium: Any) -> AsyncIterator[Callable[..., Awaitable[Tab]]]:
    """Opens tabs, each in a profile of its own: `await new_tab(color_scheme="dark", viewport={...})`.

    The options are those of Playwright's `Browser.new_context`.
    """
    profiles = []

    async def opened(**options: Any) -> Tab:
        profile = await chromium.new_context(**options)
        profiles.append(profile)
        return await _watched(profile)

    yield opened
    for profile in profiles:
        await profile.close()


@pytest_asyncio.fixture(loop_scope="session")
async def tab(new_tab: Callable[..., Awaitable[Tab]]) -> Tab:
    """One such tab."""
    return await new_tab()


async def _watched(profile: Any) -> Tab:
    tab = Tab(await profile.new_page())
    profile.on("request", lambda request: tab.asked.append(request.url))
    profile.on("page", lambda page: tab.opened.append(page.url))
    tab.page.on("console", lambda message: tab.said.append(message.text))
    tab.page.on("pageerror", lambda error: tab.said.append(str(error)))
    tab.page.on("download", lambda download: tab.opened.append(download.url))

    async def dismiss(dialog: Any) -> None:
        tab.opened.append(dialog.message)
        await dialog.dismiss()

    tab.page.on("dialog", dismiss)
    return tab
