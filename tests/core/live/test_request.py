"""What a model is sent of a recording: what its provider takes, and what it refuses told otherwise."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.live.events import action, called, observed, response, typed, user
from hearing import Heard
from loopback import Answer, Loopback
from trajcore.dialects.openhands_v0.tools import TOOL_MAP
from trajcore.live.messages.history import messages
from trajcore.live.model import Model, close_connections
from trajcore.live.modelsettings import ModelSettings
from trajcore.masking import hide

CLAUDE = "claude-sonnet-4-5-20250929"
SIGNED = {"type": "thinking", "thinking": "Look first.", "signature": "c2lnbmVk"}
REDACTED = {"type": "redacted_thinking", "data": "b3BhcXVl"}


@pytest.fixture(autouse=True)
async def _connections() -> AsyncIterator[None]:
    yield
    await close_connections()


def thought(model: str, **fields: Any) -> list[dict[str, Any]]:
    """A command, asked for by a model that thought before, and its result."""
    reply = {**response("r1", "I look.", ("c1", "execute_bash", {"command": "ls"})), "model": model}
    reply["choices"][0]["message"].update(fields)
    run = called(action("run", 1, command="ls", thought="I look."), "c1", reply)
    return [user("go", 0), run, called(observed("run", "a.py", 1, command="ls"), "c1", reply)]


async def sent(events: list[dict[str, Any]], model: str, **settings: Any) -> dict[str, Any]:
    """The body of the request that a model gets of these events."""
    with Loopback([Answer("Done.")]) as server:
        url = server.url.removesuffix("/v1") if model.startswith("anthropic/") else server.url
        asked = Model(ModelSettings(model, "sk-loopback-0123456789", url, **settings))
        await asked.reply(messages(typed(*events), system=None), TOOL_MAP.schemas(), Heard())
    return server.requests[0].body


class TestThoughts:
    @pytest.mark.parametrize("blocks", [[SIGNED], [REDACTED, SIGNED]])
    async def test_signed_ones_go_back_to_their_provider_before_all_else(self, blocks: list[Any]) -> None:
        body = await sent(thought(CLAUDE, thinking_blocks=blocks), "anthropic/claude-opus-4-1")
        content = body["messages"][1]["content"]
        assert content[: len(blocks)] == blocks
        assert [block["type"] for block in content[len(blocks) :]] == ["text", "tool_use"]

    async def test_they_go_to_no_other(self) -> None:
        events = thought(CLAUDE, thinking_blocks=[SIGNED], reasoning_content="Look first.")
        body = await sent(events, "openai/loopback")
        assert "Look first." not in str(body)
        assert body["messages"][2]["content"] == "I look."

    async def test_one_without_a_whole_signature_is_left_out(self) -> None:
        odd = [{**SIGNED, "signature": ""}, {"type": "thinking"}, "x", {"type": "image"}]
        body = await sent(thought(CLAUDE, thinking_blocks=odd), "anthropic/claude-opus-4-1")
        assert [block["type"] for block in body["messages"][1]["content"]] == ["text", "tool_use"]

    async def test_one_that_would_be_masked_is_left_out_as_its_signature_would_be_wrong(self) -> None:
        hide("sesame-open-0123")
        secret = {**SIGNED, "thinking": "The password is sesame-open-0123."}
        body = await sent(thought(CLAUDE, thinking_blocks=[secret]), "anthropic/claude-opus-4-1")
        assert [block["type"] for block in body["messages"][1]["content"]] == ["text", "tool_use"]

    @pytest.mark.parametrize(("model", "given"), [("openai/loopback", True), ("openai/other", False)])
    async def test_plain_ones_go_back_to_the_model_of_that_name(self, model: str, given: bool) -> None:
        body = await sent(thought("loopback", reasoning_content="Look first."), model)
        assert body["messages"][2].get("reasoning_content") == ("Look first." if given else None)

    def test_those_of_a_reply_are_told_once_where_its_calls_were_taken_apart(self) -> None:
        calls = (("c1", "execute_bash", {"command": "a"}), ("c2", "execute_bash", {"command": "b"}))
        reply = {**response("r1", "Both.", *calls), "model": CLAUDE}
        reply["choices"][0]["message"]["thinking_blocks"] = [SIGNED]
        events = [user("go"), called(action("run", 1, command="a"), "c1", reply)]
        events += [action("message", 2, content="so"), called(action("run", 3, command="b"), "c2", reply)]
        told = [one for one in messages(typed(*events), system=None) if "thinking_blocks" in one]
        assert [len(one["tool_calls"]) for one in told] == [1]
