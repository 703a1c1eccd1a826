"""Trajectories of mini-swe-agent: which events they hold, what of them ran, where it all stands."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from typing import Any

import pytest

import minis
from conformance.dialect import OPENHANDS, DialectLaws, kinds, services
from others import MESSAGES
from recordings import MINI
from trajcore.dialects.base import Dialect, Shell
from trajcore.dialects.mini.dialect import MiniSweAgent
from trajcore.errors import BadInput
from trajcore.events.base import Observation
from trajcore.events.kinds import Service
from trajcore.trajectory import Trajectory
from trajcore.worlds.facts import found_in
from trajcore.worlds.prelude import steps_of

MARK = minis.MARK


class TestMini(DialectLaws):
    """All that is true of every dialect."""

    dialect: Dialect = MiniSweAgent()
    samples: Mapping[str, bytes] = minis.SAMPLES
    others = (OPENHANDS, json.dumps(MESSAGES).encode())


@pytest.mark.skipif(not MINI.is_dir(), reason="no recordings: shared/trajectories is not there")
class TestReal(TestMini):
    """And of real ones."""

    samples: Mapping[str, bytes] = {
        path.name: path.read_bytes() for path in sorted(MINI.glob("*.json")) if MINI.is_dir()
    }


def opened(data: bytes) -> Trajectory:
    return Trajectory.from_bytes(data)


# Which events there are


def test_a_message_with_several_calls_is_several_steps_that_stay_together() -> None:
    trajectory = opened(minis.TOOLS)
    assert kinds(trajectory)[:8] == ["system", "message", "run", "run", "run", "run", "error", "run"]
    assert trajectory.outline.answers[4] == 2
    assert trajectory.outline.answers[5] == 3
    assert trajectory.unit_of(3) == (2, 3, 4, 5)
    assert [trajectory.data(index)["args"]["thought"] for index in (2, 3)] == ["Look.", ""]
    assert [trajectory.head(index).exit_code for index in (4, 5)] == [0, 1]


def test_a_reply_that_could_not_be_parsed_is_shown_with_the_error() -> None:
    event = opened(minis.TOOLS).data(6)
    assert event["extras"] == {"error_id": "FormatError", "model_response": "no call"}
    assert event["source"] == "environment"


def test_what_all_replies_have_come_to_is_told_with_each_failed_ones_too() -> None:
    trajectory = opened(minis.TOOLS)
    costs = [trajectory.data(index)["llm_metrics"]["accumulated_cost"] for index in (2, 6, 7)]
    assert costs == [0.5, 0.75, 1.25]
    usage = trajectory.data(7)["llm_metrics"]["accumulated_token_usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["model"]) == (223, 40, "m")


@pytest.mark.parametrize(
    ("sample", "end"),
    [("tools", "finish"), ("dropped", "finish"), ("killed", "run"), ("texts", "finish"), ("v1", "finish"),
     ("first", "run"), ("bare", "finish"), ("items", "error")],
)  # fmt: skip
def test_how_it_ended(sample: str, end: str) -> None:
    assert kinds(opened(minis.SAMPLES[sample]))[-1] == end


def test_only_what_ran_is_run() -> None:
    run, served, skipped = Service.EXECUTE, Service.RECORDED, Service.SKIP
    tools = services(opened(minis.TOOLS))
    assert tools["rm -rf /workspace/*"] is served
    assert tools["echo typed"] is run
    assert tools["sleep 9"] is run
    assert tools[f"echo {MARK}; cat patch"] is run
    assert tools["echo never"] is served
    dropped = services(opened(minis.DROPPED))
    assert list(dropped.values()) == [run, run, skipped]
    assert services(opened(minis.KILLED)) == {"ls": run, "make": skipped}
    v1 = services(opened(minis.V1))
    assert v1["rm x"] is served
    assert v1["sleep 99"] is v1[f"echo {MARK}; cat patch"] is run
    assert services(opened(minis.FIRST)) == {"ls": run, "make": skipped}


def test_an_exit_code_that_is_not_told_is_not_known() -> None:
    trajectory = opened(minis.V1)
    at = next(at for at in range(len(trajectory)) if "before" in trajectory.data(at).get("content", ""))
    observation = trajectory.parsed(at).event
    assert isinstance(observation, Observation)
    told = trajectory.dialect.unwrap(observation)
    assert (told.output, told.exit_code) == ("before\n", None)


def test_a_text_is_a_command_only_by_the_expression_in_force() -> None:
    said = {"role": "assistant", "content": "RUN<ls -la>END"}
    data = minis.run([minis.SYSTEM, minis.TASK, said], "", status="", action_regex="RUN<(.*?)>END")
    assert opened(data).data(2)["args"]["command"] == "ls -la"
    two = minis.run([minis.SYSTEM, minis.TASK, minis.block("ls\n```\n```bash\npwd")], "", version="1")
    assert kinds(opened(two)) == ["system", "message", "message"]


def test_an_expression_without_end_finds_nothing_and_takes_no_time() -> None:
    said = {"role": "assistant", "content": "a" * 4000 + "!"}
    data = minis.run([minis.SYSTEM, minis.TASK, said], "", status="", action_regex="((a+)+)+b")
    assert kinds(opened(data)) == ["system", "message", "message"]


@pytest.mark.parametrize(("content", "kind"), [("b", "run"), ("b RUN<ls>", "message"), ("RUN<ls>", "run")])
def test_an_expression_whose_group_may_take_no_part_is_no_fault(content: str, kind: str) -> None:
    said = {"role": "assistant", "content": content}
    data = minis.run([minis.SYSTEM, minis.TASK, said], "", status="", action_regex="RUN<(.*?)>|b")
    assert kinds(opened(data))[2] == kind


# Whose it is


def test_it_is_told_by_its_shape_or_named() -> None:
    later = minis.TOOLS.replace(b"mini-swe-agent-1.1", b"mini-swe-agent-3")
    for data in (later, gzip.compress(minis.TOOLS), minis.TOOLS[: -len(minis.TOOLS) // 3]):
        assert opened(data).dialect.name == "mini"
    plain = json.dumps({"messages": [minis.SYSTEM, minis.TASK, minis.calls("x", "ls")]}).encode()
    with pytest.raises(BadInput, match="chat recording"):
        opened(plain)
    assert Trajectory.from_bytes(plain, format="mini").data(2)["args"]["command"] == "ls"


def test_one_that_was_cut_off_keeps_what_it_has() -> None:
    data = minis.TOOLS[: minis.TOOLS.index(b"rm -rf")]
    trajectory = opened(data)
    assert trajectory.faults
    assert trajectory.to_bytes() == data
    trajectory.set_value(2, ("args", "command"), "ls -a")
    trajectory.undo()
    assert trajectory.to_bytes() == data


# Editing


@pytest.mark.parametrize("sample", minis.SAMPLES)
def test_an_edited_command_stands_in_every_copy_and_no_old_one_does(sample: str) -> None:
    trajectory = opened(minis.SAMPLES[sample])
    for index in range(len(trajectory)):
        event = trajectory.data(index)
        if event.get("action") == "run":
            old = event["args"]["command"]
            text = trajectory.to_bytes().decode()
            written = json.dumps(json.dumps(old))[3:-3]
            count = text.count(written) + (text.count(json.dumps(old)[1:-1]) if written not in text else 0)
            trajectory.set_value(index, ("args", "command"), f"true {MARK} #edited")
            assert trajectory.data(index)["args"]["command"] == f"true {MARK} #edited"
            assert trajectory.to_bytes().decode().count("#edited") >= min(count, 1)
            places = trajectory.dialect.places(trajectory._document, index, ("args", "command"))  # type: ignore[attr-defined]
            values = {place.value(trajectory._document.records[place.record]) for place in places}
            assert values == {f"true {MARK} #edited"}
            trajectory.undo()


def test_a_tool_call_is_written_in_three_places() -> None:
    trajectory = opened(minis.TOOLS)
    trajectory.set_value(3, ("args", "command"), 'echo "new"')
    message = json.loads(trajectory.to_bytes())["messages"][2]
    copy = message["extra"]["response"]["choices"][0]["message"]
    for calls in (message["tool_calls"], copy["tool_calls"]):
        assert json.loads(calls[1]["function"]["arguments"]) == {"command": 'echo "new"'}
        assert json.loads(calls[0]["function"]["arguments"]) == {"command": "ls"}
    assert [action["command"] for action in message["extra"]["actions"]] == ["ls", 'echo "new"']


def test_a_command_that_no_block_can_hold_is_refused() -> None:
    trajectory = opened(minis.TEXTS)
    for command in ("echo\n```\nls", " ls", "", "```mswea_bash_command\nls\n```"):
        with pytest.raises(BadInput):
            trajectory.set_value(2, ("args", "command"), command)
    assert trajectory.to_bytes() == minis.TEXTS


def test_the_words_around_a_result_follow_it() -> None:
    trajectory = opened(minis.TOOLS)
    trajectory.set_value(8, ("content",), "<x>'")
    trajectory.set_value(8, ("extras", "metadata", "exit_code"), 2)
    message = json.loads(trajectory.to_bytes())["messages"][7]
    assert message["content"] == '{\n  "returncode": 2,\n  "output": "\\u003cx\\u003e\\u0027"\n}'
    assert (message["extra"]["raw_output"], message["extra"]["returncode"]) == ("<x>'", 2)
    long = next(at for at in range(len(trajectory)) if len(trajectory.data(at).get("content", "")) > 10_000)
    trajectory.set_value(long, ("content",), "x" * 10_001)
    said = json.loads(json.loads(trajectory.to_bytes())["messages"][-6]["content"])
    assert (said["elided_chars"], said["output_tail"]) == (1, "x" * 5000)


def test_a_submission_is_written_where_it_stands_around_the_messages_too() -> None:
    trajectory = opened(minis.TOOLS)
    trajectory.set_value(len(trajectory) - 1, ("args", "final_thought"), "another\n")
    whole = json.loads(trajectory.to_bytes())
    end = whole["messages"][-1]
    assert whole["info"]["submission"] == end["content"] == end["extra"]["submission"] == "another\n"
    assert b"the patch" not in trajectory.to_bytes()
    trajectory.undo()
    assert trajectory.to_bytes() == minis.TOOLS


def test_what_is_put_in_is_in_the_protocol_of_the_trajectory() -> None:
    run = {"action": "run", "source": "agent", "args": {"command": "date", "thought": "When?"}}
    came = {
        "observation": "run",
        "source": "agent",
        "content": "now\n",
        "extras": {"metadata": {"exit_code": 0}},
    }
    for name, data in minis.SAMPLES.items():
        trajectory = opened(data)
        edit = trajectory.insert(2, [run, came])
        assert edit.touched == (2, 3), name
        again = opened(trajectory.to_bytes())
        assert again.data(2)["args"]["command"] == "date"
        assert again.data(2)["args"]["thought"] == "When?"
        assert (again.data(3)["content"], again.outline.answers[3]) == ("now\n", 2)
        assert again.head(3).exit_code == 0
        trajectory.undo()
        assert trajectory.to_bytes() == data
        trajectory.insert(2, [run])
        assert services(opened(trajectory.to_bytes()))["date"] is Service.EXECUTE, name


def test_a_result_stands_behind_its_turn_and_before_what_says_its_end() -> None:
    trajectory = opened(minis.DROPPED)
    came = {
        "observation": "run",
        "source": "agent",
        "content": "one\n",
        "extras": {"metadata": {"exit_code": 0}},
    }
    call = {"tool_call_metadata": {"function_name": "bash", "tool_call_id": "call_0_0"}}
    trajectory.insert(len(trajectory), [{**came, **call}])
    roles = [message["role"] for message in json.loads(trajectory.to_bytes())["messages"]]
    assert roles == ["system", "user", "assistant", "tool", "exit"]
    assert trajectory.outline.answers == {5: 2}


def test_what_it_has_no_tool_for_is_refused() -> None:
    with pytest.raises(BadInput, match="one tool, bash"):
        opened(minis.TOOLS).insert(2, [{"action": "browse", "source": "agent", "args": {"url": "u"}}])


def test_copies_of_calls_have_ids_of_their_own() -> None:
    trajectory = opened(minis.TOOLS)
    trajectory.duplicate([2])
    messages: list[Any] = json.loads(trajectory.to_bytes())["messages"]
    asked = [call["id"] for message in messages for call in message.get("tool_calls") or ()]
    answered = [message["tool_call_id"] for message in messages if message["role"] == "tool"]
    assert len(set(asked)) == len(asked)
    assert asked == answered
    copy = messages[5]["extra"]
    assert [action["tool_call_id"] for action in copy["actions"]] == answered[2:4]


# How its commands were run


def test_its_habits_are_those_that_are_recorded() -> None:
    environment = {"cwd": "/testbed", "env": {"A": "1", "bad name": "x"}, "timeout": 7, "image": "i:latest"}
    messages = [minis.SYSTEM, minis.TASK, minis.calls("x", "ls")]
    docker = opened(minis.run(messages, environment=environment, kind="docker.DockerEnvironment")).habits
    assert docker.shell is Shell.FRESH
    assert (docker.argv, docker.directory) == (("bash", "-lc"), "/testbed")
    assert (docker.environment, docker.timeout) == ((("A", "1"),), 7)
    own = {**environment, "interpreter": ["bash", "-c"]}
    assert opened(minis.run(messages, environment=own, kind="docker.DockerEnvironment")).habits.argv == (
        "bash", "-c"
    )  # fmt: skip
    assert opened(minis.TOOLS).habits.argv == opened(minis.BARE).habits.argv == ("sh", "-c")
    assert opened(minis.BARE).habits.timeout == 30


def test_its_world_is_what_it_says_and_what_its_instance_is_called() -> None:
    environment = {"image": "docker.io/a/b:latest", "cwd": "/testbed"}
    whole = json.loads(minis.run([minis.SYSTEM, minis.TASK], environment=environment, kind="docker.Docker"))
    found = found_in(opened(json.dumps({**whole, "instance_id": "Astropy__astropy-7606"}).encode()))
    official = "swebench/sweb.eval.x86_64.astropy_1776_astropy-7606:latest"
    assert found.images == ("docker.io/a/b:latest", official)
    assert (found.home, found.directory) == ("/testbed", "/testbed")
    assert steps_of(found) == ()  # OpenHands would copy what is in /testbed elsewhere first
    assert found_in(opened(minis.TOOLS)).facts == ()
