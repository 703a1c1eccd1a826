"""The loopback server as other tests meet it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

import loopback
from loopback import Answer, Call, Loopback
from strictness import problems

ASK = [{"role": "user", "content": "hello"}]
CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CALLED = {"role": "assistant", "content": None, "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "c", "content": "r"}


def post(url: str, **body: object) -> dict:
    request = urllib.request.Request(f"{url}/chat/completions", json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def test_whole_replies_in_order_then_done():
    with Loopback([Answer("one", [Call("think", {"thought": "x"})])]) as server:
        message = post(server.url, model="m", messages=ASK)["choices"][0]["message"]
        assert message["tool_calls"][0]["function"]["arguments"] == '{"thought": "x"}'
        assert post(server.url, model="m", messages=ASK)["choices"][0]["message"]["content"] == "Done."
        assert [body["model"] for body in server.bodies] == ["m", "m"]


def test_models_are_listed():
    with Loopback() as server, urllib.request.urlopen(f"{server.url}/models", timeout=10) as response:
        assert json.load(response)["data"]


def test_scripted_failure():
    with Loopback([Answer(status=429, error="slow", headers={"retry-after": "2"})]) as server:
        with pytest.raises(urllib.error.HTTPError) as caught:
            post(server.url, model="m", messages=ASK)
        with caught.value as error:
            assert (error.code, error.headers["retry-after"]) == (429, "2")


def test_as_a_program(tmp_path: Path):
    script, port_file, log = tmp_path / "script.json", tmp_path / "port", tmp_path / "log"
    script.write_text(
        json.dumps([{"text": "hi", "calls": [{"name": "think", "arguments": {"thought": "x"}}]}])
    )
    options = ["--script", str(script), "--port-file", str(port_file), "--log", str(log), "--until-eof"]
    program = [sys.executable, loopback.__file__, *options]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as server:
        end = time.monotonic() + 20
        while not port_file.exists() and time.monotonic() < end:
            time.sleep(0.02)
        url = f"http://127.0.0.1:{port_file.read_text()}/v1"
        assert post(url, model="m", messages=ASK)["choices"][0]["message"]["content"] == "hi"
        server.communicate(timeout=10)
    assert server.returncode == 0
    assert json.loads(log.read_text())["model"] == "m"


@pytest.mark.parametrize(
    ("messages", "why"),
    [
        ([], "no messages"),
        ([*ASK, CALLED], "not answered at the end"),
        ([*ASK, CALLED, *ASK], "were not answered"),
        ([*ASK, RESULT], "answers no call"),
        ([*ASK, {**CALLED, "tool_calls": [{**CALL, "id": "x" * 41}]}], "no id is"),
        ([*ASK, {**CALLED, "tool_calls": []}], "tool_calls is empty"),
        (
            [*ASK, {**CALLED, "tool_calls": [{**CALL, "function": {"name": "f", "arguments": "{"}}]}],
            "no arguments",
        ),
        ([{"role": "user", "content": None}], "no content"),
        ([{"role": "user", "content": "x", "thinking": "y"}], "unknown key thinking"),
        ([{"role": "robot", "content": "x"}], "no such role"),
        (
            [
                {
                    "role": "user",
                    "content": [{"type": "image_url", "image_url": {"url": "data:image/svg+xml;x"}}],
                }
            ],
            "no image",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_request_that_breaks_the_rules_is_refused(messages: list[dict], why: str):
    with Loopback([Answer("one")]) as server:
        with pytest.raises(urllib.error.HTTPError) as caught:
            post(server.url, model="m", messages=messages)
        with caught.value as error:
            assert error.code == 400
            assert why in error.read().decode()
        assert post(server.url, model="m", messages=[*ASK, CALLED, RESULT])["choices"]


def test_the_rules_of_anthropic_are_others():
    use = {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]}
    result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "r"}]}
    asked = {"max_tokens": 1, "tools": [{"name": "f"}]}
    assert problems("/v1/messages", {**asked, "messages": [*ASK, use, result]}) == []
    assert problems("/v1/messages", {"tools": asked["tools"], "messages": [*ASK, use, *ASK]}) == [
        "max_tokens is missing", "messages[2]: ['t'] are answered with []"
    ]  # fmt: skip
    assert problems("/v1/messages", {"max_tokens": 1, "messages": [*ASK, use, result]}) == [
        "tools are called and none is offered"
    ]


THOUGHT = {"type": "thinking", "thinking": "hm", "signature": "s"}
WORDS = {"type": "text", "text": "x"}


@pytest.mark.parametrize(
    ("role", "blocks", "why"),
    [
        ("user", [WORDS], "user twice in a row"),
        ("robot", [WORDS], "no such role 'robot'"),
        ("assistant", [], "content is empty"),
        ("assistant", [WORDS, THOUGHT], "come first"),
        ("assistant", [{**THOUGHT, "signature": ""}], "without its signature"),
        ("assistant", [{"type": "redacted_thinking"}], "without its data"),
        ("assistant", [{"type": "image", "source": {}}], "image in assistant"),
        ("assistant", [{"type": "text", "text": " "}], "an empty text"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_anthropic_says_what_may_stand_in_a_message(role: str, blocks: list[dict], why: str):
    body = {"max_tokens": 1, "messages": [*ASK, {"role": role, "content": blocks}]}
    assert any(why in problem for problem in problems("/v1/messages", body))


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ({"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}, ""),
        ({"type": "url", "url": "https://example.org/x.png"}, ""),
        ({"type": "url", "url": "http://example.org/x.png"}, "no image is at"),
        ({"type": "base64", "media_type": "image/svg+xml", "data": ""}, "no image is image/svg+xml"),
        ({"type": "base64", "media_type": "image/png", "data": "?"}, "no base64"),
        ({"type": "base64", "media_type": "image/gif", "data": "iVBORw0KGgo="}, "an image is not image/gif"),
    ],
)  # fmt: skip
def test_anthropic_looks_at_its_images(source: dict, why: str):
    picture = {"role": "user", "content": [{"type": "image", "source": source}]}
    found = problems("/v1/messages", {"max_tokens": 1, "messages": [picture]})
    assert [problem for problem in found if why in problem] == found
    assert bool(found) is bool(why)
