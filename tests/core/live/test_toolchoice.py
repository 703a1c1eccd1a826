"""Which tools a live model has: by options, by config.toml, and by what is chosen meanwhile."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from documents import message, ran, run
from loopback import Answer, Call, Loopback
from program import trajtui, write
from trajcore.dialects.openhands_v0.tools import TOOL_MAP
from trajcore.errors import BadInput
from trajcore.live.toolchoice import SECTION, LiveTools, Wanted, unused_keys, wanted
from trajcore.options import KEYS
from trajcore.settings import load_config

LIVE = ("--sandbox", "bubblewrap", "--continue", "--message", "now act")


def test_every_tool_has_its_switch() -> None:
    assert tuple(TOOL_MAP.switches) == TOOL_MAP.names
    assert set(TOOL_MAP.switches.values()) == {key.name for key in KEYS if key.section == SECTION}


@pytest.mark.usefixtures("user_without_settings")
@pytest.mark.parametrize(("name", "key"), TOOL_MAP.switches.items())
def test_each_key_of_openhands_switches_its_tool_and_an_option_overrides_them(name: str, key: str) -> None:
    Path("config.toml").write_text(f"[agent]\n{key} = false\nenable_browsing = true\nenable_mcp = false\n")
    found = load_config({})
    said = wanted(found, None)
    assert LiveTools(TOOL_MAP, said).on == tuple(one for one in TOOL_MAP.names if one != name)
    assert LiveTools(TOOL_MAP, wanted(found, f" finish,{name}")).on == tuple(
        one for one in TOOL_MAP.names if one in (name, "finish")
    )
    assert said.warning == "[agent] of config.toml: not done here: enable_browsing"


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (None, ()), ("x", ()), ({"enable_think": True}, ()), ({"enable_mcp": True}, ("enable_mcp",)),
        ({"CodeActAgent": {"enable_think": False}}, ("CodeActAgent",)), ({"disabled_microagents": []}, ()),
    ],
)  # fmt: skip
def test_what_agent_asks_for_in_vain_is_named(table: Any, expected: tuple[str, ...]) -> None:
    assert unused_keys(table) == expected


def test_a_config_cannot_fill_the_screen_with_its_keys() -> None:
    line = Wanted(unused=unused_keys({f"{number}{'x' * 500}": 1 for number in range(500)})).warning
    assert len(line) < 500
    assert line.endswith(", …")


def test_a_choice_is_refused_where_it_names_no_tool_or_leaves_none() -> None:
    tools = LiveTools(TOOL_MAP, Wanted(off=frozenset(TOOL_MAP.switches.values())))
    assert "no tool of the live agent is on" in tools.fault
    assert "there is no tool 'x': the tools are execute_bash" in LiveTools(TOOL_MAP, Wanted(("x",))).fault
    tools.choose(["finish", "think"])
    assert (tools.on, tools.fault, tools.short) == (("think", "finish"), "", "2 of 6 tools")
    for names in ([], ["think", "x"]):
        with pytest.raises(BadInput):
            tools.choose(names)
    assert tools.line == "tools: think, finish"


@pytest.mark.bubblewrap
def test_what_is_switched_off_is_not_offered_and_not_run(tmp_path: Path) -> None:
    recording = write(tmp_path / "x.json", [message(0, "go"), run(1, "true"), ran(2, 1)])
    out = tmp_path / "report.json"
    settings = tmp_path / "config.toml"
    settings.write_text("[agent]\nenable_cmd = false\nenable_browsing = true\n")
    call = Call("execute_bash", {"command": "echo never > /workspace/x"})
    with Loopback([Answer("I act.", [call]), Answer("No shell.")]) as server:
        model = {"LLM_MODEL": "openai/m", "LLM_API_KEY": "sk-loopback-key", "LLM_BASE_URL": server.url}
        done = trajtui("replay", recording, *LIVE, "--config", settings, "--report", out, **model)
        bodies = server.bodies
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("[agent] of config.toml: not done here: enable_browsing") == 1
    on = [name for name in TOOL_MAP.names if name != "execute_bash"]
    assert [tool["function"]["name"] for tool in bodies[0]["tools"]] == on
    refused = bodies[1]["messages"][-1]
    assert refused["role"] == "tool"
    assert f"The tool execute_bash is switched off. The tools are: {', '.join(on)}." in refused["content"]
    assert json.loads(out.read_text())["live"]["tools"] == on


def test_a_tool_that_is_none_is_told_before_anything_is_replayed(tmp_path: Path) -> None:
    recording = write(tmp_path / "x.json", [message(0, "go")])
    done = trajtui("replay", recording, *LIVE, "--live-tools", "bash", LLM_MODEL="openai/m")
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no tool 'bash': the tools are execute_bash, " in done.stderr
