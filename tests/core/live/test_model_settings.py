"""Each key of OpenHands' `[llm]` is seen by a server, does what it says, or is named as not used."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import trajcore
from documents import of_commands
from hearing import Heard
from loopback import Answer, Loopback, Request
from trajcore.config import LLM, load
from trajcore.dialects.registry import default_dialect
from trajcore.errors import ModelUnavailable
from trajcore.live.model import Model, close_connections, patience_of
from trajcore.live.modelsettings import ARGUMENTS, ModelSettings
from trajcore.options import KEYS
from trajcore.session import Delivery, Session
from trajcore.trajectory import Trajectory

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
ASKED = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]

OPENHANDS = [
    "model", "api_key", "base_url", "api_version", "aws_access_key_id", "aws_secret_access_key",
    "aws_region_name", "openrouter_site_url", "openrouter_app_name", "num_retries", "retry_multiplier",
    "retry_min_wait", "retry_max_wait", "timeout", "max_message_chars", "temperature", "top_p", "top_k",
    "custom_llm_provider", "max_input_tokens", "max_output_tokens", "input_cost_per_token",
    "output_cost_per_token", "ollama_base_url", "drop_params", "modify_params", "disable_vision",
    "disable_stop_word", "caching_prompt", "log_completions", "log_completions_folder",
    "custom_tokenizer", "native_tool_calling", "reasoning_effort", "seed", "safety_settings",
    "for_routing", "correct_num", "completion_kwargs",
]  # fmt: skip
"""The fields of OpenHands 0.62's LLMConfig."""


@pytest.fixture(autouse=True)
async def _connections() -> AsyncIterator[None]:
    yield
    await close_connections()


@dataclass(frozen=True)
class Case:
    """What a file says of a key, the model that it is for, and where the server sees it."""

    toml: str
    seen: Callable[[Request], object]
    model: str = "openai/m"
    base_url: bool = True


def body(name: str, value: object) -> Callable[[Request], object]:
    return lambda request: request.body.get(name) == value


def header(name: str, value: str) -> Callable[[Request], object]:
    return lambda request: value in {key.lower(): text for key, text in request.headers.items()}.get(name, "")


AWS = "aws_access_key_id = 'AKIATHEIRS'\naws_secret_access_key = 'theirs-too'\naws_region_name = 'eu-west-7'"
BEDROCK = "bedrock/anthropic.claude-3-5-sonnet-20241022-v2:0"
SAFETY = "[{category = 'HARM', threshold = 'NONE'}]"
CLAUDE = "anthropic/claude-sonnet-4-5"

SEEN: dict[str, Case] = {
    "model": Case("", body("model", "m")),
    "api_key": Case("", header("authorization", "Bearer sk-theirs")),
    "base_url": Case("", lambda request: request.path == "/v1/chat/completions"),
    "api_version": Case(
        "api_version = '2031-01-01'", lambda request: "api-version=2031-01-01" in request.path, "azure/gpt-4o"
    ),
    "aws_access_key_id": Case(AWS, header("authorization", "AKIATHEIRS/"), BEDROCK),
    "aws_secret_access_key": Case(AWS, header("authorization", "Signature="), BEDROCK),
    "aws_region_name": Case(AWS, header("authorization", "/eu-west-7/bedrock"), BEDROCK),
    "openrouter_site_url": Case(
        "openrouter_site_url = 'https://mine.example'", header("http-referer", "https://mine.example"),
        "openrouter/x/y",
    ),
    "openrouter_app_name": Case(
        "openrouter_app_name = 'Mine'", header("x-title", "Mine"), "openrouter/x/y"
    ),
    "temperature": Case("temperature = 0.25", body("temperature", 0.25)),
    "top_p": Case("top_p = 0.5", body("top_p", 0.5)),
    "top_k": Case("top_k = 7", body("top_k", 7)),
    "seed": Case("seed = 42", body("seed", 42)),
    "reasoning_effort": Case(
        "reasoning_effort = 'high'", body("reasoning_effort", "high"), "openai/o3-mini"
    ),
    "max_output_tokens": Case("max_output_tokens = 99", body("max_tokens", 99)),
    "custom_llm_provider": Case(
        "custom_llm_provider = 'anthropic'", lambda request: request.path.endswith("/messages"), "claude-own"
    ),
    "ollama_base_url": Case(
        "ollama_base_url = 'URL'", lambda request: request.path.endswith("/api/chat"), "ollama_chat/l", False
    ),
    "safety_settings": Case(
        f"safety_settings = {SAFETY}", lambda request: "HARM" in str(request.body), "gemini/gemini-2.5-pro"
    ),
    "caching_prompt": Case(
        "caching_prompt = false", lambda request: "cache_control" not in str(request.body), CLAUDE
    ),
    "completion_kwargs": Case(
        "completion_kwargs = {extra_headers = {x-mine = 'yes'}, temperature = 0.9}",
        lambda request: header("x-mine", "yes")(request) and body("temperature", 0.9)(request),
    ),
}  # fmt: skip

ELSEWHERE: dict[str, str] = {
    "drop_params": "test_what_a_model_does_not_take_is_left_out_and_named_or_fails",
    "timeout": "test_a_model_is_waited_for_as_long_as_asked",
    "num_retries": "test_a_model_is_asked_as_often_as_asked",
    "retry_multiplier": "test_the_waits_are_those_of_openhands",
    "retry_min_wait": "test_the_waits_are_those_of_openhands",
    "retry_max_wait": "test_the_waits_are_those_of_openhands",
    "input_cost_per_token": "test_the_users_price_counts_where_no_other_is_known",
    "output_cost_per_token": "test_the_users_price_counts_where_no_other_is_known",
    "max_input_tokens": "test_the_users_window_counts",
    "native_tool_calling": "test_calls_are_text_and_pictures_words_where_that_is_asked",
    "disable_vision": "test_calls_are_text_and_pictures_words_where_that_is_asked",
}
"""What no request shows, and the test here that does."""


def settings_of(server: Loopback, toml: str = "", model: str = "openai/m", *, base_url: bool = True) -> Any:
    root = server.url.removesuffix("/v1")
    address = f"base_url = '{server.url if model.startswith(('openai/', 'openrouter/')) else root}'\n"
    key = "" if model == BEDROCK else "api_key = 'sk-theirs'\n"  # a key of Bedrock's stands for all else
    text = f"[llm]\nmodel = '{model}'\n{key}{address if base_url else ''}"
    path = Path("named.toml")
    path.write_text(text + toml.replace("URL", root) + "\n")
    return trajcore.settings_from(load(path, environment={}), {})


async def ask(settings: ModelSettings) -> tuple[Model, Heard]:
    model, heard = Model(settings), Heard()
    try:
        await model.reply(ASKED, [], heard)
    except ModelUnavailable as error:
        heard.warnings.append(str(error))
    return model, heard


def test_every_key_of_openhands_is_seen_does_something_else_or_is_named() -> None:
    ours = {key.written for key in KEYS if key.section == LLM}
    assert ours | {"own_prompt"} == {one.name for one in dataclasses.fields(ModelSettings)}
    assert ours == set(SEEN) | set(ELSEWHERE)
    assert set(ARGUMENTS) <= ours <= set(OPENHANDS)
    assert set(ELSEWHERE.values()) <= set(globals())
    Path("named.toml").write_text(
        "[llm]\n" + "".join(f"{name} = 1\n" for name in OPENHANDS) + "[llm.own]\nx = 1"
    )
    line = load(Path("named.toml"), environment={}).unused_line
    assert set(line.partition("not used here: ")[2].split(", ")) == set(OPENHANDS) - ours
    assert "\n" not in line


@pytest.mark.parametrize("name", SEEN)
async def test_a_server_sees_what_is_said(name: str) -> None:
    case = SEEN[name]
    with Loopback([Answer("Hi.")], strict=False) as server:
        settings = settings_of(server, case.toml, case.model, base_url=case.base_url)
        assert settings.model_fault == ""
        _, heard = await ask(dataclasses.replace(settings.model, num_retries=1))
        assert server.requests, heard.warnings
        assert case.seen(server.requests[0]), (server.requests[0], heard.warnings)


async def test_calls_are_text_and_pictures_words_where_that_is_asked() -> None:
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
    asked = [ASKED[0], {"role": "user", "content": [{"type": "text", "text": "Look."}, picture]}]
    tools = default_dialect().tools.schemas()
    for toml, in_words in (("", False), ("native_tool_calling = false\ndisable_vision = true", True)):
        with Loopback([Answer("Hi.")], strict=False) as server:
            settings = settings_of(server, toml, "openai/gpt-4o")
            await Model(settings.model).reply(asked, tools, Heard())
            [sent] = server.bodies
        assert ("tools" not in sent) is in_words
        assert ("image_url" not in str(sent["messages"])) is in_words
        assert ("execute_bash" in str(sent["messages"])) is in_words


async def test_what_a_model_does_not_take_is_left_out_and_named_or_fails() -> None:
    with Loopback([Answer("Hi.")] * 2) as server:
        toml = "reasoning_effort = 'high'\nseed = 1"
        model, heard = await ask(settings_of(server, toml, "openai/gpt-4o").model)
        (line,) = heard.warnings
        assert line == "openai/gpt-4o does not take reasoning_effort: left out of its requests."
        assert server.bodies[0]["seed"] == 1
        assert "reasoning_effort" not in server.bodies[0]
        await model.reply(ASKED, [], heard)
        assert heard.warnings == [line]
        _, heard = await ask(settings_of(server, toml + "\ndrop_params = false", "openai/gpt-4o").model)
        assert "reasoning_effort" in heard.warnings[0]
        assert len(server.requests) == 2


async def test_a_plain_name_at_an_address_of_the_users_is_asked_with_all_of_them() -> None:
    with Loopback([Answer("Hi.")]) as server:
        named = dataclasses.replace(settings_of(server, "seed = 1\ntop_p = 0.5").model, model="plain")
        _, heard = await ask(named)
        assert (server.bodies[0]["seed"], server.bodies[0]["top_p"], heard.warnings) == (1, 0.5, [])


async def test_a_model_is_waited_for_as_long_as_asked() -> None:
    with Loopback([Answer("Hi.", hang=True)]) as server:
        begun = time.monotonic()
        _, heard = await ask(settings_of(server, "timeout = 0.2\nnum_retries = 1").model)
        assert "did not answer in time" in heard.warnings[-1]
        assert time.monotonic() - begun < 15  # the library may have to be imported


async def test_a_model_is_asked_as_often_as_asked() -> None:
    with Loopback([Answer(status=503)] * 9) as server:
        _, heard = await ask(settings_of(server, "num_retries = 3\nretry_multiplier = 0.001").model)
        assert len(server.requests) == 3
        assert len(heard.retries) == 2


def test_the_waits_are_those_of_openhands() -> None:
    patience = patience_of(
        ModelSettings(num_retries=9, retry_multiplier=3, retry_min_wait=5, retry_max_wait=20)
    )
    assert [patience.wait(failed, None) for failed in range(1, 6)] == [5, 6, 12, 20, 20]
    assert patience.wait(10**9, None) == 20
    assert patience_of(ModelSettings()).attempts == 4


async def test_the_users_price_counts_where_no_other_is_known() -> None:
    prices = "input_cost_per_token = 0.01\noutput_cost_per_token = 0.1"
    with Loopback([Answer("Hi.", cost=None), Answer("Hi."), Answer("Hi.", cost=7.0)]) as server:
        model, _ = await ask(settings_of(server, prices).model)
        assert model.usage.cost == pytest.approx(100 * 0.01 + 20 * 0.1)
        model, _ = await ask(settings_of(server, prices, "openai/gpt-4o").model)
        assert 0 < model.usage.cost < 0.01
        model, _ = await ask(settings_of(server, prices).model)
        assert model.usage.cost == 7.0


async def test_the_users_window_counts() -> None:
    with Loopback([Answer("Hi.")]) as server:
        model, _ = await ask(settings_of(server, "max_input_tokens = 4321").model)
        assert model.usage.window == 4321


@pytest.mark.parametrize(
    "toml",
    ["num_retries = 0", "timeout = 0", "retry_min_wait = -1", "aws_region_name = 'evil.example/'",
     "input_cost_per_token = -1", "max_input_tokens = 0", "completion_kwargs = 1", "safety_settings = ['x']"],
)  # fmt: skip
def test_what_cannot_be_is_named_when_a_model_is_asked_for(toml: str) -> None:
    Path("named.toml").write_text(f"[llm]\nmodel = 'm'\n{toml}\n")
    settings = trajcore.settings_from(load(Path("named.toml"), environment={}), {})
    assert settings.model_fault.count("\n") == 0
    assert toml.split(" ")[0] in settings.model_fault


async def test_nothing_else_of_a_request_can_be_said_and_no_key_of_it_is_shown() -> None:
    toml = (
        "completion_kwargs = {messages = [], stream = false, tools = 'x', model = 'y', max_retries = 9, "
        "extra_headers = {x-token = 'Bearer sk-verysecret'}}"
    )
    with Loopback([Answer("It is sk-verysecret.")]) as server:
        settings = settings_of(server, toml)
        _, heard = await ask(settings.model)
        assert server.bodies[0]["model"] == "m"
        assert server.bodies[0]["messages"] == ASKED
        assert server.bodies[0]["stream"] is True
        assert server.requests[0].headers["x-token"] == "Bearer sk-verysecret"
    assert "verysecret" not in "".join(heard.texts) + repr(settings)
    config = load(Path("named.toml"), environment={})
    assert "verysecret" not in config.settings["completion_kwargs"].shown()


@pytest.mark.usefixtures("toy")
async def test_what_is_not_used_is_told_once_and_only_with_a_model() -> None:
    with Loopback([Answer("Hi."), Answer("Hi.")]) as server:
        settings = settings_of(server, "modify_params = true\nfor_routing = false")
        session = Session(
            Trajectory.from_bytes(of_commands("true")), dataclasses.replace(settings, sandbox="toy")
        )
        told: list[str] = []
        session.subscribe(
            lambda one: told.append(one.text) if isinstance(one, trajcore.notices.Said) else None
        )
        session.resume()
        await session.idle()
        assert not [line for line in told if "not used" in line]
        for text in ("go", "on"):
            session.message(text, Delivery.LIVE)
            await session.idle()
        await session.close()
        assert [line.partition(": ")[2] for line in told if "not used" in line] == [
            "of [llm] not used here: modify_params, for_routing"
        ]
