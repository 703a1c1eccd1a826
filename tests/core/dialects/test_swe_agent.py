"""Trajectories of SWE-agent: which events they hold, what of them ran, where it all stands."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from typing import Any

import pytest

import swes
from conformance.dialect import OPENHANDS, DialectLaws, kinds, services
from others import MESSAGES
from recordings import SWE_AGENT
from trajcore.dialects.base import Dialect
from trajcore.dialects.swe_agent.dialect import SweAgent
from trajcore.errors import BadInput
from trajcore.events.base import Observation
from trajcore.events.kinds import Service
from trajcore.formats.base import RowNeeded
from trajcore.trajectory import Trajectory
from trajcore.worlds.facts import found_in
from trajcore.worlds.prelude import steps_of


class TestSweAgent(DialectLaws):
    """All that is true of every dialect."""

    dialect: Dialect = SweAgent()
    samples: Mapping[str, bytes] = swes.SAMPLES
    others = (OPENHANDS, json.dumps(MESSAGES).encode())


@pytest.mark.long
@pytest.mark.skipif(not SWE_AGENT.is_dir(), reason="no recordings: shared/trajectories is not there")
class TestReal(TestSweAgent):
    """And of real ones."""

    samples: Mapping[str, bytes] = {
        path.name: path.read_bytes() for path in sorted(SWE_AGENT.glob("*.traj")) if SWE_AGENT.is_dir()
    }


def opened(data: bytes, **more: Any) -> Trajectory:
    return Trajectory.from_bytes(data, **more)


# Which events there are


def test_a_step_is_a_command_and_its_output_and_what_was_refused_says_so() -> None:
    trajectory = opened(swes.SAMPLES["tools"])
    assert kinds(trajectory) == [
        "system", "message", "run", "run", "run", "run", "message", "error", "run", "run", "run", "run",
        "run", "error", "run", "run", "finish",
    ]  # fmt: skip
    assert trajectory.outline.answers == {3: 2, 5: 4, 9: 8, 11: 10, 13: 12, 15: 14}
    assert trajectory.unit_of(3) == (2, 3)
    assert trajectory.data(16)["args"]["outputs"] == {"submission": swes.PATCH}
    assert trajectory.data(16)["llm_metrics"]["accumulated_cost"] == 0.5
    assert trajectory.data(9)["extras"]["metadata"] == {"working_dir": "/repo/sub"}


def test_demonstrations_are_no_steps() -> None:
    trajectory = opened(swes.SAMPLES["texts"])
    assert "demonstration" not in json.dumps([trajectory.data(at) for at in range(len(trajectory))])
    assert opened(swes.SAMPLES["ended"]).data(4)["content"] == "Exited (autosubmitted)"


def test_only_what_ran_and_can_run_here_is_run() -> None:
    run, served = Service.EXECUTE, Service.RECORDED
    assert list(services(opened(swes.SAMPLES["tools"])).values()) == [run, run, run, run, served, run]
    assert list(services(opened(swes.SAMPLES["texts"])).values()) == [served, run, run, run]
    given = swes.Run("thought_action").does("cd / && goto 1").does("cat <<'E'\n; edit 1:2\nE").file()
    assert list(services(opened(given)).values()) == [served, run]


def test_no_exit_code_is_told_and_lines_end_as_they_do_here() -> None:
    trajectory = opened(swes.SAMPLES["xml"])
    observation = trajectory.parsed(5).event
    assert isinstance(observation, Observation)
    told = trajectory.dialect.unwrap(observation)
    assert (told.output, told.exit_code) == ("a", None)


# Whose it is


def test_every_shape_opens() -> None:
    whole = _of(swes.SAMPLES["xml"])
    lines = b"".join(json.dumps(step).encode() + b"\n" for step in whole["trajectory"])
    rows = b"".join(json.dumps({**whole, "instance_id": f"i{n}"}).encode() + b"\n" for n in range(2))
    odd = swes.SAMPLES["xml"].replace(b'"execution_time": 0.1', b'"execution_time": NaN', 1)
    assert odd != swes.SAMPLES["xml"]
    for data, row in ((lines, None), (rows, "1"), (odd, None), (gzip.compress(odd), None)):
        trajectory = opened(data, row=row)
        assert (trajectory.dialect.name, trajectory.data(len(trajectory) - 1)["content"]) == (
            "swe_agent", "a\r\n"
        )  # fmt: skip
    cut = opened(swes.SAMPLES["tools"][: len(swes.SAMPLES["tools"]) // 3])
    assert cut.damaged or cut.layout.missing


def test_each_attempt_is_a_row_and_the_best_one_opens() -> None:
    data = swes.SAMPLES["attempts"]
    assert opened(data).data(2)["args"]["command"] == "echo 2"
    first = opened(data, row="0")
    assert first.data(2)["args"]["command"] == "echo 1"
    first.set_value(2, ("args", "command"), "echo 3")
    assert [one["trajectory"][0]["action"] for one in _of(first.to_bytes())["attempts"]] == [
        "echo 3",
        "echo 2",
    ]
    running = json.dumps({"attempts": _of(data)["attempts"]}).encode()
    with pytest.raises(RowNeeded, match="2 trajectories"):
        opened(running)
    assert opened(running, row="1").data(2)["args"]["command"] == "echo 2"


# Editing


def _of(data: bytes) -> Any:
    return json.loads(data)


@pytest.mark.parametrize("sample", ["tools", "texts", "xml", "attempts"])
def test_an_edited_command_stands_everywhere_and_no_old_one_is_left(sample: str) -> None:
    trajectory = opened(swes.SAMPLES[sample])
    at = next(at for at in range(2, len(trajectory)) if trajectory.head(at).kind == "run")
    old = trajectory.data(at)["args"]["command"].strip()
    trajectory.set_value(at, ("args", "command"), "pwd --bees")
    before, after = _of(swes.SAMPLES[sample]), _of(trajectory.to_bytes())
    assert swes.said(after, old) == 0
    assert swes.said(after, "pwd --bees") == swes.said(before, old)


def test_the_arguments_of_a_call_follow_word_by_word_or_the_edit_is_refused() -> None:
    trajectory = opened(swes.SAMPLES["tools"])
    command = trajectory.data(10)["args"]["command"]
    trajectory.set_value(10, ("args", "command"), command.replace("x y", "y z"))
    given = json.loads(_of(trajectory.to_bytes())["history"][8]["tool_calls"][0]["function"]["arguments"])
    assert given == {
        "command": "str_replace", "path": "/repo/calc.py", "old_str": "it's", "new_str": "y z"
    }  # fmt: skip
    for refused in ("str_replace_editor view /repo/calc.py", "ls 'a", " "):
        with pytest.raises(BadInput):
            trajectory.set_value(10, ("args", "command"), refused)


def test_an_output_that_was_empty_and_one_that_is_are_worded_as_the_template_has_them() -> None:
    trajectory = opened(swes.SAMPLES["texts"])
    last = len(trajectory) - 1
    trajectory.set_value(last, ("content",), "x\n")
    trajectory.set_value(last - 2, ("content",), "")
    shown = [one["content"] for one in _of(trajectory.to_bytes())["history"]]
    assert shown[-1] == "x\n\n(Open file: n/a)\n(Current directory: /repo)\nbash-$"
    assert shown[-3] == "No output.\n(Open file: n/a)\nbash-$"


def test_a_deleted_step_is_gone_from_all_that_was_shown_later() -> None:
    trajectory = opened(swes.SAMPLES["tools"])
    trajectory.delete([4])
    whole = _of(trajectory.to_bytes())
    assert "view" not in json.dumps(whole["history"]) + json.dumps(whole["trajectory"])
    assert [len(step["query"]) for step in whole["trajectory"]] == [2, 4, 4, 6, 8, 8, 10]


def test_a_new_step_stands_in_the_history_and_in_all_that_was_shown_later() -> None:
    trajectory = opened(swes.SAMPLES["tools"])
    run = {"source": "agent", "action": "run", "args": {"command": "echo new", "thought": "Now."}}
    answer = {"source": "agent", "observation": "run", "content": "new\n", "extras": {"metadata": {}}}
    trajectory.insert(4, [run, answer])
    assert [trajectory.data(at).get("content") for at in (3, 5)] == ["calc.py\nü\n", "new\n"]
    whole = _of(trajectory.to_bytes())
    assert swes.entries(whole["history"])[:3] == ["ls && echo ü", "echo new", swes._VIEW[0]]
    assert whole["history"][5]["content"] == "OBSERVATION:\nnew\n"
    assert whole["history"][4]["tool_calls"][0]["id"] == whole["history"][5]["tool_call_ids"][0]
    assert [len(step["query"]) for step in whole["trajectory"]][:4] == [2, 4, 6, 8]


# Its world


def test_its_world_is_what_its_configuration_says() -> None:
    assert opened(swes.SAMPLES["tools"]).habits.timeout == 9
    assert opened(swes.SAMPLES["tools"]).habits.environment == (("PAGER", "cat"),)
    found = found_in(opened(swes.SAMPLES["tools"]))
    assert (found.home, found.directory, found.images) == ("/repo", "/repo", ())
    config = {
        "env": {"deployment": {"image": "a/b:c"}, "repo": {"repo_name": "testbed", "base_commit": "abcdef0"}},
        "problem_statement": {"id": "a__b-12"},
    }
    told = found_in(opened(swes.Run().does("ls").file(replay_config=config)))
    assert told.images == ("a/b:c", "swebench/sweb.eval.x86_64.a_1776_b-12:latest")
    assert (told.home, told.commit, steps_of(told)) == ("/testbed", "abcdef0", ())
