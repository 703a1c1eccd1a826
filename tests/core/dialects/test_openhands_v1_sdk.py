"""OpenHands' own SDK goes on with what was mended here, and did not, or did harm, before.

It is asked where `TRAJTUI_OPENHANDS_SDK_PYTHON` names an interpreter that has the SDK and its tools.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from conversations import ID, contents, directory, state, talk
from mutations import HARMLESS, MUTATIONS
from trajcore.repairing import mending
from trajcore.trajectory import Trajectory

PYTHON: Final = os.environ.get("TRAJTUI_OPENHANDS_SDK_PYTHON", "")
ORACLE: Final = Path(__file__).resolve().parents[2] / "oracles" / "openhands_resume.py"
HEX: Final = ID.replace("-", "")
REFUSED: Final = {
    "action_key",
    "action_kind",
    "action_type",
    "bare_state",
    "block_key",
    "circle",
    "empty",
    "event_key",
    "event_kind",
    "gap",
    "leaf",
    "missing",
    "no_call_id",
    "no_hex",
    "no_prompt",
    "observation_key",
    "observation_kind",
    "other_id",
    "own_parent",
    "padding",
    "parent",
    "save_dir",
    "second_thought",
    "source",
    "state_id",
    "status",
    "tool_kind",
    "torn",
    "torn_leaf",
    "torn_state",
}
"""Mutations with which the SDK goes on no more; with the others it does, otherwise than it should."""
BY_CHANCE: Final = {"one_index", "broken_off_rename"}
"""Mutations with which it goes on or does not, as its system happens to list the files."""

pytestmark = pytest.mark.skipif(not PYTHON, reason="TRAJTUI_OPENHANDS_SDK_PYTHON names no interpreter")


def resumed(places: Sequence[Path]) -> list[dict[str, Any]]:
    """What came of going on with each conversation."""
    done = subprocess.run(
        [PYTHON, ORACLE, *places], capture_output=True, encoding="utf-8", timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def mutated_and_mended(place: Path, names: Sequence[str]) -> tuple[list[Path], list[Path]]:
    """The conversation as each mutation leaves it, and as it is mended."""
    broken, mended = [], []
    for name in names:
        broken.append(directory(place / name / "broken" / HEX, talk(), state(13)))
        MUTATIONS[name][1](broken[-1], 4)
        mended.append(place / name / "mended" / HEX)
        shutil.copytree(broken[-1], mended[-1])
        trajectory = Trajectory.open(mended[-1])
        assert list(mending(trajectory, warnings=name in HARMLESS))
        trajectory.save()
    return broken, mended


def assert_mended(name: str, told: dict[str, Any]) -> None:
    assert (told["taken"], told.get("ran"), told.get("lost")) == (True, [], []), (name, told)
    sent = told["messages"]
    assert (sent[0]["role"], sent[-1]["role"]) == ("system", "user")
    assert_pairs(name, sent)


@pytest.mark.timeout(300)
def test_the_sdk_goes_on_with_what_was_mended(tmp_path: Path) -> None:
    names = ["torn", "no_result", "event_kind", "circle"]
    broken, mended = mutated_and_mended(tmp_path, names)
    for name, told in zip(names, resumed(mended), strict=True):
        assert_mended(name, told)
    before = resumed(broken)
    assert [told["taken"] for told in before] == [False, True, False, False]
    assert before[1]["ran"], "a call without a result is carried out"


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_sdk_refuses_what_is_said_to_be_refused_and_goes_on_with_each_mended(tmp_path: Path) -> None:
    names = sorted(MUTATIONS)
    broken, mended = mutated_and_mended(tmp_path, names)
    for name, told in zip(names, resumed(mended), strict=True):
        assert_mended(name, told)
    refused = {name for name, told in zip(names, resumed(broken), strict=True) if not told["taken"]}
    assert refused - BY_CHANCE == REFUSED


def assert_pairs(name: str, messages: Sequence[dict[str, Any]]) -> None:
    """Each call that the model is shown has its results right behind it."""
    waiting: list[str] = []
    for message in messages:
        if message["role"] == "tool":
            assert message["tool_call_id"] in waiting, name
            waiting.remove(message["tool_call_id"])
            continue
        assert not waiting, name
        waiting = [call["id"] for call in message.get("tool_calls") or []]
        assert all(
            isinstance(json.loads(call["function"]["arguments"]), dict)
            for call in message.get("tool_calls") or []
        )
    assert not waiting, name


def test_the_sdk_goes_on_with_a_sound_one_as_it_is(tmp_path: Path) -> None:
    place = directory(tmp_path / HEX, talk(), state(13))
    before = contents(place)
    (told,) = resumed([place])
    assert (told["taken"], told["ran"], told["lost"]) == (True, [], [])
    assert {name: data for name, data in contents(place).items() if name in before and "event-" in name} == {
        name: data for name, data in before.items() if "event-" in name
    }
