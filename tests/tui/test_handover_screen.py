"""Going live where there is something to know first: the question, and what each answer does."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.replay.test_handover import of_one_reply
from loopback import Answer, Loopback
from program import write
from screens import opened
from trajcore.live.modelsettings import ModelSettings

pytestmark = pytest.mark.bubblewrap


@pytest.mark.parametrize(("keys", "position"), [(("down",), 5), ((), 3), (("down", "down"), 1)])
@pytest.mark.sampled(3)
async def test_each_answer_hands_over_where_it_says(
    tmp_path: Path, keys: tuple[str, ...], position: int
) -> None:
    path = write(tmp_path / "t.json", of_one_reply("a", "b"))
    with Loopback([Answer("I see.")]) as server:
        model = ModelSettings("openai/m", "sk-loopback-0123456789", server.url)
        async with opened(path, (120, 30), "bubblewrap", model=model) as screen:
            await screen.press("s")
            await screen.wait(lambda: screen.stands_at(3))
            await screen.press("m")
            await screen.wait("─ Message ─")
            await screen.type("go on")
            await screen.press("ctrl+l")
            await screen.wait("Not yet")
            assert "event 3 came of the same reply" in screen.text
            await screen.press(*keys, "enter")
            if not keys:
                await screen.wait(lambda: "Not yet" not in screen.text)
                assert not server.bodies
                assert screen.stands_at(position)
                assert "go on" in screen.text
                return
            await screen.wait("I see.", seconds=30)
            parked = screen.session.branches.recorded.parked
            assert screen.session.recording.label(parked.position) == str(position)
    assert server.bodies[0]["messages"][-1]["content"].endswith("go on")
