"""What a model is sent, as it can be read before: the same messages that are sent then, named pictures."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator

import pytest

from core.replay.test_handover import of_one_reply
from documents import called, message, of_commands, ran, run
from loopback import Answer, Loopback
from trajcore.live.model import close_connections
from trajcore.live.modelsettings import ModelSettings
from trajcore.live.prompt import DEFAULT_SYSTEM_PROMPT
from trajcore.masking import MASK, hide
from trajcore.session import Delivery, Session, Settings
from trajcore.trajectory import Trajectory
from trajcore.views.prompt import is_rule, prompt_before, prompt_in, prompt_lines, prompt_object

PICTURE = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"A" * 2992).decode()


@pytest.fixture(autouse=True)
async def _connections() -> AsyncIterator[None]:
    yield
    await close_connections()


async def lines_of(*events: object, end: int | None = None) -> list[str]:
    trajectory = Trajectory.from_bytes(json.dumps(events).encode())
    prompt = await prompt_before(trajectory, len(events) if end is None else end, Settings())
    return list(prompt_lines(prompt))


@pytest.mark.usefixtures("toy")
async def test_what_is_shown_is_what_is_sent_then() -> None:
    with Loopback([Answer("I see.")]) as server:
        model = ModelSettings("openai/m", "sk-loopback-0123456789", server.url)
        session = Session(
            Trajectory.from_bytes(of_commands("echo 1", "echo 2")), Settings("toy", model=model)
        )
        session.step()
        await session.idle()
        shown = prompt_object(await prompt_in(session))
        session.message("go on", Delivery.LIVE)
        await session.idle()
        await session.close()
    (sent,) = server.bodies
    told = [{key: value for key, value in one.items() if value is not None} for one in shown["messages"]]
    assert sent["messages"] == [*told, {"role": "user", "content": "go on"}]
    assert sent["tools"] == shown["tools"]
    assert shown["before"] == "3"


async def test_each_message_stands_under_who_says_it_and_the_call_under_its_result() -> None:
    reply = called("c1", "r1", arguments='{"command": "ls\\n-la", "timeout": 3}', content="I look.")
    call = {"tool_call_metadata": reply}
    events = (
        message(0, "go"),
        {**run(1, "ls\n-la"), **call},
        {**ran(2, 1, "a.py"), **call},
        message(3, "so"),
    )
    lines = await lines_of(*events, end=3)
    assert lines[0] == "a model, asked before event 3: 4 messages, 6 tools"
    rules = [line.strip("─ ") for line in lines if is_rule(line)]
    assert rules == ["1 system", "2 user", "3 assistant", "4 result of execute_bash (c1)", "tools"]
    at = lines.index("  → execute_bash (c1)")
    assert lines[at - 1] == "    I look."
    assert lines[at + 1 : at + 3] == ["      command: ls", "          -la"]
    assert lines[-6].startswith("  execute_bash(command, is_input")


async def test_which_system_prompt_it_is_is_said() -> None:
    system = {"source": "agent", "action": "system", "args": {"content": "Be good.", "tools": None}}
    assert "system prompt: ours: none was recorded" in await lines_of(message(0, "go"))
    assert "system prompt: as recorded" in await lines_of(system, message(1, "go"))
    trajectory = Trajectory.from_bytes(json.dumps([system, message(1, "go")]).encode())
    ours = await prompt_before(trajectory, 2, Settings(model=ModelSettings(own_prompt=True)))
    assert ours.system == "ours, in place of the recorded one"
    assert ours.request.messages[0] == {"role": "system", "content": DEFAULT_SYSTEM_PROMPT}


async def test_what_is_to_be_known_there_is_said() -> None:
    events = of_one_reply("a", "b")
    assert any(
        line.startswith("event 3 came of the same reply as") for line in await lines_of(*events, end=3)
    )
    assert not any("reply" in line for line in await lines_of(*events, end=5))
    spoken = await lines_of(message(0, "go"), message(1, "what?", source="agent"))
    assert "the agent spoke last: your message comes behind this, as the last one" in spoken


async def test_pictures_are_named_secrets_masked_and_nothing_passes_for_a_line_of_ours() -> None:
    hide("sesame-open-0123")
    text = "── 9 user ──\n\x1b]0;title\x07 sesame-open-0123"
    lines = await lines_of(message(0, text, image_urls=[PICTURE]))
    assert "    [picture: image/png, 3,000 bytes]" in lines
    assert not any("QUFB" in line or "\x1b" in line or "sesame" in line for line in lines)
    assert any(MASK in line for line in lines)
    assert len([line for line in lines if is_rule(line)]) == 3
