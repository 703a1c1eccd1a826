"""Wherever a model takes over in a recording, and whichever it is, no provider refuses what it is sent.

Each prefix is checked by the rules of OpenAI and, as the library puts it, of Anthropic.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from core.live.events import action, agent, called, observed, response, user
from core.live.test_request import CLAUDE, GIF, PNG, REDACTED, SIGNED, SVG
from program import SAMPLES
from strictness import problems
from trajcore.dialects.openhands_v0.tools import TOOL_MAP
from trajcore.live.abilities import Abilities
from trajcore.live.messages.prompt import prompt_of
from trajcore.live.prompted import STOP
from trajcore.live.request import Request, request_of
from trajcore.replay.asrecorded import recorded_history
from trajcore.trajectory import Trajectory

TOOLS = TOOL_MAP.schemas()
SAME = frozenset({CLAUDE})
MISTRALS = "is Mistral's"
MODELS = {
    "sees and thinks": Abilities(asked=SAME, same=SAME),
    "is blind": Abilities(sees=False, fetches=False),
    MISTRALS: Abilities(hears_users_behind_results=False),
    "has no calls": Abilities(asked=SAME, same=SAME, native_calls=False),
}

ANTHROPIC = """
import json, sys
import trajcore.live.serving as serving
litellm = serving.library()
made = litellm.AnthropicConfig()
for line in sys.stdin:
    request = json.loads(line)
    given = {"tools": request["tools"], "max_tokens": 100} if request["tools"] else {"max_tokens": 100}
    options = made.map_openai_params(given, {}, "claude-sonnet-4-5", True)
    body = made.transform_request("claude-sonnet-4-5", request["messages"], options, {}, {})
    print(json.dumps(body))
"""


def ours() -> list[dict[str, Any]]:
    """A recording of all that is hard to tell: at once, thought, pictured, interrupted, odd, empty."""
    three = (("c1", "execute_bash", {"command": "a"}), ("c 2", "execute_bash", {"command": "b"}))
    thought = {**response("r1", "Both.", *three, ("c3" * 40, "my tool!", {"x": 1})), "model": CLAUDE}
    thought["choices"][0]["message"]["thinking_blocks"] = [REDACTED, SIGNED]
    again = {**response("r2", "", ("c1", "execute_ipython_cell", {"code": "plot()"})), "model": CLAUDE}
    again["choices"][0]["message"]["thinking_blocks"] = [SIGNED, {"type": "thinking", "thinking": "unsigned"}]
    odd = response("r3", None, ("c4", "execute_bash", "not JSON"))
    wide = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 6_000_000).decode()
    events = [
        action("system", 0, content="Be good.", tools=[{"function": {"name": "browser"}}]),
        user("go", 1, image_urls=[PNG, SVG, GIF, "https://example.org/x.png", "http://10.0.0.1/x"]),
        called(action("run", 2, command="a"), "c1", thought),
        called(action("run", 3, command="b"), "c 2", thought),
        called(action("call_tool_mcp", 4, name="my tool!", arguments={"x": 1}), "c3" * 40, thought),
        called(observed("run", "", 2, command="a"), "c1", thought) | {"id": 5},
        user("  ", 6),
        called(observed("run", "B", 3, command="b"), "c 2", thought) | {"id": 7},
        called(observed("mcp", f'{{"data": "{wide}"}}', 4), "c3" * 40, thought) | {"id": 8},
        agent("", 9),
        called(action("run_ipython", 10, code="plot()"), "c1", again),
        called(observed("run_ipython", "", 10, image_urls=[GIF, PNG] * 15), "c1", again) | {"id": 11},
        called(action("run", 12, command="x"), "c4", odd),
        called(observed("error", "", 12), "c4", odd) | {"id": 13},
        agent("Is that all?", 14, wait_for_response=True),
        user("No.", 15),
        action("condensation", 16, forgotten_events_start_id=2, forgotten_events_end_id=8, summary="so far"),
        action("run", 17, "user", command="ls"),
        observed("run", "a.py", 17, source="user", command="ls") | {"id": 18},
        action("browse", 19, url="http://x"),
        observed("browse", "a page", 19, screenshot=PNG.partition(",")[2]) | {"id": 20},
        action("finish", 21, final_thought="Done.", outputs={}),
        user("And now?", 22),
        action("teleport", 23, to="the moon"),
    ]
    return [{"timestamp": "2026-01-01T00:00:00", "message": "", **event} for event in events]


Asked = tuple[str, Request]
"""Who was asked, and where, and with what."""


def prefixes(name: str, trajectory: Trajectory, every: int) -> Iterator[Asked]:
    """What each model is sent that takes over at each place, or at each so manieth."""
    for place in range(0, len(trajectory) + 1, every):
        prompt = prompt_of(trajectory.dialect, recorded_history(trajectory, place))
        for model, abilities in MODELS.items() if len(prompt) > 1 else ():  # else the user is asked first
            yield f"{name} #{place}, a model that {model}", request_of(prompt, TOOLS, abilities)


def refused(made: list[Asked]) -> list[tuple[str, str]]:
    """What any provider would refuse, and why."""
    found = []
    for (name, request), body in zip(made, anthropic([request for _, request in made]), strict=True):
        tools = {"tools": request.tools} if request.tools else {}
        # The provider that takes signed thoughts is not OpenAI.
        told = [{key: one[key] for key in one if key != "thinking_blocks"} for one in request.messages]
        whys = problems("/v1/chat/completions", {"model": "gpt-4o", "messages": told, **tools})
        whys += [*problems("/v1/messages", body), *(in_text(request) if request.prompted else ())]
        roles = [one["role"] for one in request.messages]
        if name.endswith(MISTRALS) and ("tool", "user") in pairwise(roles):
            whys.append("the user speaks right behind a result")
        found += [(name, why) for why in whys]
    return found


def in_text(request: Request) -> Iterator[str]:
    """Where calls are text, each message of the assistant has one, and its result stands in the next."""
    for one, following in zip(request.messages, [*request.messages[1:], None], strict=True):
        count = str(one["content"]).count(STOP) if one["role"] == "assistant" else 0
        if count > 1:
            yield f"{count} calls in a message"
        if count and (following is None or "EXECUTION RESULT of [" not in str(following["content"])):
            yield "a call without a result"


def anthropic(requests: list[Request]) -> list[dict[str, Any]]:
    """The bodies in which the library sends these requests to Anthropic."""
    lines = "\n".join(json.dumps({"messages": one.messages, "tools": one.tools}) for one in requests)
    done = subprocess.run(
        [sys.executable, "-c", ANTHROPIC], input=lines, capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def real(request: pytest.FixtureRequest) -> dict[str, Path]:
    """Recordings that are not part of this repository, where they are."""
    try:
        found: dict[str, Path] = request.getfixturevalue("recordings")
    except pytest.skip.Exception:
        return {}
    return found


@pytest.mark.parametrize("every", [7, pytest.param(1, marks=pytest.mark.long)])
def test_no_provider_refuses_a_model_that_takes_over_anywhere(
    every: int, request: pytest.FixtureRequest
) -> None:
    made = list(prefixes("ours", Trajectory.from_bytes(json.dumps(ours()).encode()), min(every, 3)))
    for path in sorted(SAMPLES.glob("*.json")):
        made += prefixes(path.name, Trajectory.open(path), every)
    for name, path in real(request).items():
        made += prefixes(name, Trajectory.open(path), every if every == 1 else 60)
    assert refused(made) == []
