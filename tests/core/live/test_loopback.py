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


def post(url: str, **body: object) -> dict:
    request = urllib.request.Request(f"{url}/chat/completions", json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def test_whole_replies_in_order_then_done():
    with Loopback([Answer("one", [Call("think", {"thought": "x"})])]) as server:
        message = post(server.url, model="m", messages=[])["choices"][0]["message"]
        assert message["tool_calls"][0]["function"]["arguments"] == '{"thought": "x"}'
        assert post(server.url, model="m", messages=[])["choices"][0]["message"]["content"] == "Done."
        assert [body["model"] for body in server.bodies] == ["m", "m"]


def test_models_are_listed():
    with Loopback() as server, urllib.request.urlopen(f"{server.url}/models", timeout=10) as response:
        assert json.load(response)["data"]


def test_scripted_failure():
    with Loopback([Answer(status=429, error="slow", headers={"retry-after": "2"})]) as server:
        with pytest.raises(urllib.error.HTTPError) as caught:
            post(server.url, model="m", messages=[])
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
        assert post(url, model="m", messages=[])["choices"][0]["message"]["content"] == "hi"
        server.communicate(timeout=10)
    assert server.returncode == 0
    assert json.loads(log.read_text())["model"] == "m"
