"""The debugger's screen inside the test: real session, real widgets, a terminal of a given size."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from textual._compositor import Compositor
from textual._context import visible_screen_stack
from textual.app import App
from textual.pilot import Pilot
from textual.strip import Strip

from trajcore.live.modelsettings import ModelSettings
from trajcore.sandbox.base import SandboxSettings
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory
from trajcore.views.layout import Layout
from trajtui.actions.table import ACTIONS, UserAction
from trajtui.app import TrajApp
from trajtui.screens.debugger import DebuggerScreen
from trajtui.widgets.timeline import TimelineView

AS_IT_COMES = Layout()


class Shown:
    """What stands on the screen, and the keys."""

    def __init__(self, pilot: Pilot[None], session: Session, debugger: DebuggerScreen) -> None:
        self.pilot = pilot
        self.session = session
        self._debugger = debugger

    @property
    def app(self) -> Any:
        return self.pilot.app

    @property
    def text(self) -> str:
        """The whole screen, row by row."""
        rows = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in row) for row in rows)

    @property
    def rows(self) -> list[str]:
        return self.text.split("\n")

    @property
    def status(self) -> str:
        """The status bar: the last row but one."""
        return self.rows[-2]

    def stands_at(self, index: int) -> bool:
        """Whether the session rests before this event, and the screen shows that."""
        at_rest = self.session.position == index and not self.session.busy
        return at_rest and self.session.state.value in self.status

    @property
    def side(self) -> list[str]:
        """The rows of the right-hand pane, without its border."""
        left = self.timeline.outer_size.width + 1
        return [row[left:].rstrip(" │") for row in self.rows]

    @property
    def timeline(self) -> TimelineView:
        return self._debugger.query_one(TimelineView)

    @property
    def selected(self) -> int | None:
        """The index of the recorded event under the cursor."""
        row = self.timeline.selected
        return row.index(self.session.trajectory) if row else None

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        while self.app.is_running and self.app.is_at_keys:
            await self.pilot.pause(0.005)

    async def type(self, text: str) -> None:
        await self.pilot.press(*("space" if character == " " else character for character in text))

    async def wait(self, expected: str | Callable[[], object], seconds: float = 15) -> str:
        """The screen, as soon as it shows (or makes true) what is expected."""
        found = (lambda: expected in self.text) if isinstance(expected, str) else expected
        for _ in range(int(seconds / 0.02)):
            if found():
                return self.text
            await self.pilot.pause(0.02)
        pytest.fail(f"waited {seconds} s for {expected!r}; the screen shows:\n{self.text}")

    async def settle(self) -> None:
        """Wait until the session is at rest and what it told is drawn."""
        await self.pilot.pause()
        await self.session.idle()
        await self.pilot.pause(0.06)


@contextmanager
def undrawn(app: App[Any]) -> Iterator[None]:
    """No frame is drawn that nobody sees: a program without a terminal draws each, and throws it away.

    What a test looks at is drawn for it, with the screens beneath. To draw them all takes a quarter of the
    time of a test of the screen.
    """
    strips = Compositor.render_strips

    def clear(compositor: Compositor, *_: Any, **__: Any) -> None:
        compositor._dirty_regions.clear()

    def with_background(compositor: Compositor, *size: Any) -> list[Strip]:
        if app.screen_stack and compositor is app.screen._compositor:
            visible_screen_stack.set(app._background_screens)
        return strips(compositor, *size)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Compositor, "render_update", clear)
        patch.setattr(Compositor, "render_strips", with_background)
        yield


@asynccontextmanager
async def opened(
    path: Path,
    size: tuple[int, int] = (156, 48),
    sandbox: str = "recorded",
    model: ModelSettings | None = None,
    at: str | None = None,
    actions: Sequence[UserAction] = ACTIONS,
    layout: Layout = AS_IT_COMES,
    *,
    drawn: bool = False,
    **more: Any,
) -> AsyncIterator[Shown]:
    """The debugger on a file, ready for keys, with one pane at the right.

    `more` are other settings, `actions` those with other keys, `layout` how it was last laid out. `drawn`:
    each frame is drawn, as for a terminal, not only what the test looks at.
    """
    settings = Settings(sandbox, SandboxSettings(track_files=True), model or ModelSettings(), **more)
    session = Session(Trajectory.open(path), settings)
    app = TrajApp(session, at, actions=actions, layout=layout)
    try:
        with nullcontext() if drawn else undrawn(app):
            async with app.run_test(size=size) as pilot:
                await pilot.pause()
                debugger = app.screen
                assert isinstance(debugger, DebuggerScreen)
                shown = Shown(pilot, session, debugger)
                await shown.wait(lambda: session.sandbox_kind is not None)
                yield shown
    finally:
        await session.close()
