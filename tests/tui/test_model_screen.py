"""`M`: the model of the next call, its key, its address and its effort, changed on the screen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from documents import message
from loopback import Answer, Loopback
from screens import opened
from trajcore.live.modelsettings import ModelSettings, NamedModel

KEY = "sk-typed-0123456789"


@pytest.mark.parametrize("size", [(160, 48), (80, 24)])
async def test_a_model_is_typed_or_taken_by_its_name_and_no_key_is_seen(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    path = tmp_path / "recording.json"
    path.write_text(json.dumps([message(0)]))
    strong = NamedModel(ModelSettings("openai/strong", "sk-strong-0123456789", "http://127.0.0.1:9/v1"))
    model = ModelSettings("openai/loopback", "sk-never-shown")
    async with opened(path, size=size, model=model, models={"strong": strong}) as screen:
        await screen.press("M")
        text = await screen.wait("The model that the next call goes to")
        assert "openai/strong · http://127.0.0.1:9/v1 · key set" in text
        assert "openai/loopback · key set" in text
        await screen.press("tab", "end", "2", "tab")
        await screen.type(KEY)
        assert KEY not in screen.text
        assert "sk-typed" not in screen.text
        await screen.press("tab", *"nowhere", "tab", *"low", "enter")
        await screen.wait("nowhere is not a URL")
        await screen.press("shift+tab", *["backspace"] * 7, "enter")
        await screen.wait("the next call goes to openai/loopback2")
        now = screen.session.settings.model
        assert (now.model, now.api_key, now.base_url, now.reasoning_effort) == (
            "openai/loopback2", KEY, None, "low"
        )  # fmt: skip
        await screen.press("M")
        await screen.wait("The model that the next call goes to")
        await screen.press("down", "enter")
        await screen.wait("the next call goes to openai/strong")
        assert screen.session.settings.model == strong.settings
        await screen.press("M")
        await screen.wait("The model that the next call goes to")
        await screen.press("escape")
        assert screen.session.settings.model == strong.settings


@pytest.mark.bubblewrap
async def test_a_key_that_was_refused_is_typed_anew_and_the_message_sent_again(tmp_path: Path) -> None:
    path = tmp_path / "recording.json"
    path.write_text(json.dumps([message(0)]))
    with Loopback([Answer(status=401), Answer("I can hear you.")]) as server:
        model = ModelSettings("openai/loopback", "sk-wrong-0123456789", server.url)
        async with opened(path, sandbox="bubblewrap", model=model) as screen:
            await screen.press("m")
            await screen.type("hello")
            await screen.press("ctrl+l")
            await screen.wait("was refused", seconds=30)
            await screen.press("escape")
            await screen.press("M")
            await screen.wait("The model that the next call goes to")
            await screen.press("tab", "tab")
            await screen.type(KEY)
            await screen.press("enter")
            await screen.wait("the next call goes to")
            await screen.press("m")
            await screen.wait("hello")
            await screen.press("ctrl+l")
            await screen.wait("I can hear you.", seconds=30)
            assert server.requests[-1].headers["Authorization"] == f"Bearer {KEY}"
