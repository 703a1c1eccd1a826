"""The screen in a browser: keys, the mouse, its size, several tabs, and the end of a tab."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from browser import Tab
from documents import message, ran, run
from program import SAMPLES, finish, write
from served import Served, below, is_there, served

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

DEMO = SAMPLES / "demo.json"
ESCAPES = re.compile(r"\x1b(?:\[[0-9;?<>]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][0-9A-Z]|[=>78])")

NewTab = Callable[..., Awaitable[Tab]]


class Screen:
    """What a page shows: the text that has come since it was last asked for, and what was sent back."""

    def __init__(self, tab: Tab) -> None:
        self.page = tab.page
        self.asked = tab.asked
        self.drawn = ""
        self.sent: list[list[Any]] = []
        self.is_closed = False
        self.page.on("websocket", self._follow)

    def _follow(self, connection: Any) -> None:
        def keep(data: bytes | str) -> None:
            if isinstance(data, bytes):
                self.drawn += data.decode()

        connection.on("framereceived", keep)
        connection.on("framesent", lambda data: self.sent.append(json.loads(data)))
        connection.on("close", lambda _: setattr(self, "is_closed", True))

    async def shows(self, text: str, seconds: float = 30) -> str:
        """What was drawn up to a text, as soon as it comes."""
        await until(lambda: text in ESCAPES.sub("", self.drawn), lambda: ESCAPES.sub("", self.drawn), seconds)
        drawn, self.drawn = self.drawn, ""
        return drawn

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.page.keyboard.press(key)

    async def click(self, column: int, row: int) -> None:
        """Click on a cell, counted from 0."""
        box = await self.page.locator(".xterm-screen").bounding_box()
        width, height = self.size
        await self.page.mouse.click(
            box["x"] + (column + 0.5) * box["width"] / width, box["y"] + (row + 0.5) * box["height"] / height
        )

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows, as the page told them last."""
        told = [data for kind, *rest in self.sent if kind == "resize" for data in rest]
        return told[-1]["width"], told[-1]["height"]


async def until(reached: Callable[[], object], instead: Callable[[], object], seconds: float = 30) -> None:
    """Return as soon as something is so; fail with what is there instead."""
    try:
        async with asyncio.timeout(seconds):
            while not reached():
                await asyncio.sleep(0.02)
    except TimeoutError:
        pytest.fail(f"waited {seconds} s in vain; there is:\n{instead()}")


@pytest.fixture
def server() -> Iterator[Served]:
    with served(DEMO, "--sandbox", "recorded") as found:
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def opened(new_tab: NewTab) -> AsyncIterator[Callable[..., Awaitable[Screen]]]:
    """Opens the address of a server in a tab; the answer comes with the first frame."""

    async def open_in_tab(server: Served, **options: Any) -> Screen:
        screen = Screen(await new_tab(**options))
        await screen.page.goto(server.url)
        await screen.shows("Timeline")
        return screen

    yield open_in_tab


Opened = Callable[..., Awaitable[Screen]]


async def test_keys_and_the_mouse_do_what_they_do_in_a_terminal(server: Served, opened: Opened) -> None:
    screen = await opened(server)
    before = await screen.page.screenshot()
    await screen.press("s")
    await screen.shows("1/7")
    assert await screen.page.screenshot() != before
    await screen.click(20, 5)  # event 8, below the two lines at the top
    await screen.shows("bash check.sh")
    await screen.press("Control+p")
    await screen.shows("Search")
    await screen.page.keyboard.type("export")
    await screen.shows("export")


async def test_it_asks_nobody_else_and_opens_no_window(server: Served, opened: Opened) -> None:
    screen = await opened(server)
    await screen.page.wait_for_load_state("networkidle")
    assert {address.partition("/")[2][1:].partition("/")[0] for address in screen.asked} == {
        f"127.0.0.1:{server.port}"
    }
    assert await screen.page.evaluate("window.open('https://example.org') === null")
    assert await screen.page.evaluate("document.fonts.check(\"14px 'Roboto Mono'\")")
    assert await screen.page.evaluate("document.activeElement.className") == "xterm-helper-textarea"


@pytest.mark.long
async def test_another_size_is_drawn_anew(server: Served, opened: Opened) -> None:
    screen = await opened(server, viewport={"width": 1300, "height": 800})
    large = screen.size
    await screen.page.set_viewport_size({"width": 700, "height": 500})
    await until(lambda: screen.size < large, lambda: screen.size)
    drawn = await screen.shows("Timeline")
    rows = [int(row) for row in re.findall(r"\x1b\[(\d+);\d+H", drawn)]
    assert max(rows) >= screen.size[1] - 1
    await screen.page.set_viewport_size({"width": 1300, "height": 800})
    await until(lambda: screen.size == large, lambda: screen.size)
    await screen.shows("Timeline")


@pytest.mark.bubblewrap
async def test_each_tab_is_a_session_which_ends_with_it(opened: Opened, tmp_path: Path) -> None:
    events = [message(0, "go"), run(1, "echo $((6 * 7))"), ran(2, 1, "42"), finish(3)]
    with served(write(tmp_path / "x.json", events), "--sandbox", "bubblewrap") as server:
        first = await opened(server)
        [one] = server.tabs()
        second = await opened(server)
        await second.shows(f"trajtui (pid {one}) has this recording open too")
        [other] = [process for process in server.tabs() if process != one]
        for screen in (first, second):
            await screen.press("s")
            await screen.shows("1/1")
        worlds = {process: set(below(process)) for process in (one, other)}
        assert worlds[one]
        assert worlds[other]
        await first.page.close()
        ended = {one, *worlds[one]}
        await until(lambda: not any(map(is_there, ended)), lambda: below(server.process.pid))
        assert is_there(other)
        assert [process for process in worlds[other] if is_there(process)]
        await second.press("?")
        await second.shows("Keys")
        await asyncio.to_thread(server.end)
        assert not [process for process in (other, *worlds[other]) if is_there(process)]


@pytest.mark.docker
async def test_the_end_of_the_browser_removes_its_container(opened: Opened, tmp_path: Path) -> None:
    import docker

    from needs import IMAGE

    client = docker.from_env()
    with served(DEMO, "--sandbox", "docker", "--image", IMAGE, XDG_STATE_HOME=str(tmp_path)) as server:
        screen = await opened(server)
        await screen.press("s")
        await screen.shows("1/7")
        [process] = server.tabs()
        its = {"label": f"trajtui.pid={process}"}
        assert client.containers.list(filters=its)
        await screen.page.context.close()
        await until(lambda: not is_there(process), lambda: below(server.process.pid))
        assert not client.containers.list(all=True, filters=its)
    client.close()


@pytest.mark.long
async def test_who_quits_is_told_and_may_begin_another(server: Served, opened: Opened) -> None:
    screen = await opened(server)
    await screen.press("q")
    await screen.page.get_by_text("This session has ended.").wait_for()
    await until(lambda: not server.tabs(), server.tabs)
    screen.drawn = ""
    await screen.page.click("#again")
    await screen.shows("Timeline")
    assert len(server.tabs()) == 1


async def test_another_recording_is_opened_in_the_same_tab(
    server: Served, opened: Opened, tmp_path: Path
) -> None:
    screen = await opened(server, viewport={"width": 1000, "height": 700})
    [process] = server.tabs()
    for name in ("questions.json", "diverges.json"):
        await screen.press("Control+p")
        await screen.shows("Search")
        await screen.page.keyboard.type("open another")
        await screen.shows("back to the start")
        await screen.press("Enter")
        await screen.shows("open a recording")
        if name == "questions.json":
            await screen.press("End", "Enter")
        else:
            await screen.press("/")
            await screen.shows("Esc leaves the path")
            await screen.page.keyboard.type(str(tmp_path / "nowhere.json"))
            await screen.press("Enter")
            await screen.shows("there is no file")
            await screen.press("Control+u")
            await screen.page.keyboard.type(str(SAMPLES / name))
            await screen.press("Enter")
        drawn = await screen.shows("REPLAY PAUSED")
        assert re.search(rf"{name}\s+\d+ events", ESCAPES.sub("", drawn))
    await screen.page.set_viewport_size({"width": 700, "height": 500})
    await screen.shows("Timeline")
    assert server.tabs() == [process]
    await screen.press("q")
    await screen.page.get_by_text("This session has ended.").wait_for()
    await until(lambda: not server.tabs(), server.tabs)


@pytest.mark.bubblewrap
async def test_what_needs_a_terminal_of_its_own_says_that_there_is_none(
    opened: Opened, tmp_path: Path
) -> None:
    with served(DEMO, "--sandbox", "bubblewrap", XDG_STATE_HOME=str(tmp_path), EDITOR="vi") as server:
        screen = await opened(server)
        await screen.press("s")
        await screen.shows("1/7")
        await screen.press("!")
        await screen.shows("a shell needs a terminal, which a browser has not")
        await screen.press("j", "E")
        await screen.shows("an editor needs a terminal, which a browser has not: e edits here")
        await screen.press("Control+z", "?")
        await screen.shows("Keys")


async def test_unsaved_work_of_a_tab_that_was_closed_is_offered_in_the_next(
    opened: Opened, tmp_path: Path
) -> None:
    path = write(tmp_path / "x.json", [message(0, "go"), run(1, "echo a"), ran(2, 1, "a"), finish(3)])
    with served(path, "--sandbox", "recorded", XDG_STATE_HOME=str(tmp_path / "state")) as server:
        screen = await opened(server)
        await screen.press("j", "d")
        await screen.shows("deleted")
        await screen.page.close()
        await until(lambda: not server.tabs(), server.tabs)
        again = await opened(server)
        await again.shows("Restore")


async def test_a_wrong_token_and_another_page_begin_nothing(server: Served, new_tab: NewTab) -> None:
    tab = await new_tab()
    answer = await tab.page.goto(server.url[:-2] + "/")
    assert answer.status == 403
    await tab.page.goto("about:blank")
    address = server.url.replace("http:", "ws:") + "ws"
    connect = """address => new Promise(done => {
        const socket = new WebSocket(address);
        socket.onopen = () => done("opened"); socket.onerror = () => done("refused");
    })"""
    assert await tab.page.evaluate(connect, address) == "refused"
    assert server.tabs() == []


async def test_a_recording_with_several_and_a_file_that_went_are_told_in_the_page(
    opened: Opened, new_tab: NewTab, tmp_path: Path
) -> None:
    events = [message(0, "go"), finish(1)]
    path = tmp_path / "several.jsonl"
    path.write_text("".join(json.dumps({"instance_id": f"id-{n}", "history": events}) + "\n" for n in (1, 2)))
    with served(path, "--sandbox", "recorded") as server:
        screen = Screen(await new_tab())
        await screen.page.goto(server.url)
        await screen.shows("id-2")
        await screen.press("ArrowDown", "Enter")
        await screen.shows("Timeline")
        path.unlink()
        screen = Screen(await new_tab())
        await screen.page.goto(server.url)
        await screen.shows("several.jsonl")
        await screen.page.get_by_text("This session has ended.").wait_for()


async def test_what_is_copied_is_in_the_browsers_clipboard(server: Served, opened: Opened) -> None:
    screen = await opened(server, permissions=["clipboard-read", "clipboard-write"])
    await screen.press("j", "j", "y")
    await screen.shows("the command, code or message")
    await screen.press("c")
    await screen.shows("copied")
    assert "mkdir -p words" in await screen.page.evaluate("navigator.clipboard.readText()")
