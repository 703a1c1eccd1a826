"""What a model is sent of a recording: what its provider takes, and what it refuses told otherwise."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.live.events import action, agent, called, observed, response, typed, user
from hearing import Heard
from loopback import Answer, Loopback
from trajcore.dialects.openhands_v0.tools import TOOL_MAP
from trajcore.live.abilities import Abilities, abilities_of
from trajcore.live.messages.history import messages
from trajcore.live.model import Model, close_connections
from trajcore.live.modelsettings import ModelSettings
from trajcore.live.request import request_of
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


PNG = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 200).decode()
GIF = "data:image/gif;base64," + base64.b64encode(b"GIF89a" + b"0" * 200).decode()
SVG = "data:image/svg+xml;base64," + base64.b64encode(b"<svg/>" + b" " * 200).decode()
SEEING, BLIND = "openai/gpt-4o", "openai/loopback"


def result(kind: str, content: str = "", **extras: Any) -> list[dict[str, Any]]:
    """A call of the agent's, and a result of this kind."""
    made = {"browse": "browse_interactive", "mcp": "call_tool_mcp", "run_ipython": "run_ipython"}.get(
        kind, kind
    )
    fields = (
        {"browser_actions": "noop()"} if kind == "browse" else {"code": "plot()", "name": "t", "path": "/a"}
    )
    return [user("go", 0), action(made, 1, **fields), observed(kind, content, 1, **extras)]


def pictures(body: dict[str, Any]) -> list[str]:
    """The addresses of the pictures that were sent, each in a message of the user's."""
    told = [(one["role"], one.get("content")) for one in body["messages"]]
    listed = [(role, content) for role, content in told if isinstance(content, list)]
    found = [(role, part) for role, content in listed for part in content if part["type"] == "image_url"]
    assert all(role == "user" for role, _ in found)
    return [part["image_url"]["url"] for _, part in found]


class TestPictures:
    @pytest.mark.parametrize(
        "events",
        [
            result("run_ipython", "plotted", image_urls=[PNG]),
            result("browse", "a page", screenshot="gone", set_of_marks=PNG),
            result("browse", "a page", screenshot=PNG.partition(",")[2]),
            result("read", PNG, path="/a.png"),
            result("mcp", json.dumps({"content": [{"type": "image", "data": PNG.partition(",")[2]}]})),
            [user("see", 0, image_urls=[PNG])],
        ],
        ids=["plot", "marks", "old screenshot", "file", "tool", "user"],
    )
    async def test_one_is_shown_where_the_model_sees_and_named_where_not(self, events: list[Any]) -> None:
        seen = await sent(events, SEEING)
        assert pictures(seen) == [PNG]
        assert PNG.partition(",")[2] not in str([one for one in seen["messages"] if one["role"] == "tool"])
        named = await sent(events, BLIND)
        assert pictures(named) == []
        assert "[picture: image/png, 2" in str(named["messages"][-1]["content"])
        assert "this model is not shown pictures]" in str(named["messages"][-1]["content"])

    @pytest.mark.parametrize(("model", "disabled", "shown"), [(SEEING, True, []), (BLIND, False, [PNG])])
    async def test_the_user_knows_better(self, model: str, disabled: bool, shown: list[str]) -> None:
        body = await sent([user("see", 0, image_urls=[PNG])], model, disable_vision=disabled)
        assert pictures(body) == shown

    async def test_only_what_models_take_is_sent_and_under_its_own_type(self) -> None:
        wrong = GIF.replace("image/gif", "image/png")
        broken = "data:image/png;base64,AAAA"
        urls = [SVG, wrong, broken, "http://127.0.0.1/x.png", "https://example.org/x.png"]
        body = await sent([user("see", 0, image_urls=urls)], SEEING)
        assert pictures(body) == [GIF, "https://example.org/x.png"]
        assert str(body["messages"]).count("[picture: ") == 3

    async def test_what_this_machine_would_have_to_fetch_is_named(self) -> None:
        asked = Abilities(fetches=False)
        told = messages(typed(user("see", 0, image_urls=["https://example.org/x.png"])), system=None)
        text = request_of(told, [], asked).messages[1]["content"]
        assert text == "see\n[picture: https://example.org/x.png; it is somewhere else, and is not fetched]"

    async def test_the_last_ones_are_shown_where_there_are_many(self) -> None:
        many = [user("see", 0, image_urls=[PNG] * 15), agent("yes", 1), user("and", 2, image_urls=[GIF] * 15)]
        body = await sent(many, SEEING)
        assert pictures(body) == [PNG] * 5 + [GIF] * 15
        assert str(body["messages"][1]["content"]).count("only the last 20 are shown") == 10

    async def test_others_are_converted_where_pillow_is(self) -> None:
        pillow = pytest.importorskip("PIL.Image")
        made = io.BytesIO()
        pillow.new("RGB", (3, 2), "red").save(made, "BMP")
        url = "data:image/bmp;base64," + base64.b64encode(made.getvalue()).decode()
        (shown,) = pictures(await sent([user("see", 0, image_urls=[url])], SEEING))
        with pillow.open(io.BytesIO(base64.b64decode(shown.partition(",")[2]))) as picture:
            assert (picture.format, picture.size) == ("PNG", (3, 2))


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


async def test_a_mistral_is_asked_as_it_wants_to_be() -> None:
    told = messages(typed(*result("read", "a file", path="/a"), user("and now?", 3)), system=None)
    roles = [one["role"] for one in told]
    assert roles[-2:] == ["tool", "user"]
    for model, between in (("mistral/mistral-large-latest", ["assistant"]), ("openai/gpt-4o", [])):
        known = abilities_of(
            {"model": model, "provider": None, "tools": True, "vision": True, "providers": {}},
            ModelSettings(model),
        )
        sent_roles = [one["role"] for one in request_of(told, [], known).messages]
        assert sent_roles == [*roles[:-1], *between, "user"]
