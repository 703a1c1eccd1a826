"""litellm is imported when a model is asked, not before, in a process of its own, and nothing prints."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from loopback import Answer, Loopback

BEFORE = """
import sys
import trajcore.live.agent, trajcore.live.messages.history, trajcore.live.model, trajcore.live.tools
heavy = {"litellm", "openai", "mcp", "httpx", "textual", "rich"} & set(sys.modules)
assert not heavy, heavy
"""

LIGHT = """
import sys
import trajcore.live.model
heavy = {"litellm", "openai", "pydantic", "textual", "rich"} & set(sys.modules)
assert not heavy, heavy
"""

ASKED = """
import asyncio, sys
sys.path.insert(0, sys.argv[2])
from hearing import Heard
from trajcore.errors import ModelUnavailable
from trajcore.live.model import Model, ModelSettings, Patience, close_connections
from trajcore.dialects.openhands_v0.tools import TOOL_MAP

async def main():
    for name in ("loopback", "gpt-4o", "loopback"):
        settings = ModelSettings(name, "sk-loopback-0123456789", sys.argv[1])
        model = Model(settings, Patience(timeout=20, attempts=1))
        try:
            await model.reply([{"role": "user", "content": "hi"}], TOOL_MAP.schemas(), Heard())
        except ModelUnavailable:
            pass
    await close_connections()

asyncio.run(main())
heavy = {"litellm", "openai", "mcp", "httpx", "tokenizers"} & set(sys.modules)
assert not heavy, heavy
"""


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "default", "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_nothing_heavy_is_imported_before_a_call():
    assert run(BEFORE).stderr == ""


def test_settings_cost_next_to_nothing():
    assert run(LIGHT).stderr == ""


def test_nothing_is_printed_by_a_call_that_works_or_fails():
    with Loopback([Answer("ok"), Answer("ok"), Answer(status=500)]) as server:
        done = run(ASKED, server.url, str(Path(__file__).parents[2]))
        assert len(server.bodies) == 3
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
