"""Our editor against the recorded answers of openhands-aci 0.3.2, word for word (`tests/oracles`)."""

import base64
import io
import json
import os
import subprocess
import tarfile
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from acting import execute
from trajcore.events.actions import EditAction, EditArgs

pytestmark = pytest.mark.asyncio(loop_scope="module")

INTERPRETER = os.environ.get("TRAJTUI_ACI_PYTHON")
ORACLES = Path(__file__).parents[2] / "oracles"
CASES: list[dict[str, Any]] = json.loads((ORACLES / "editor_answers.json").read_bytes())["cases"]
GROUPS = {name: list(cases) for name, cases in groupby(CASES, key=lambda case: case["group"])}
LONG = "sequence"
"""As many steps as all others together: a third of them here, the others where there is time."""
GROUPS["other sequences"] = [case for number, case in enumerate(GROUPS[LONG]) if number % 3]
GROUPS[LONG] = GROUPS[LONG][::3]


def content(spelled: dict[str, Any]) -> bytes:
    if "base64" in spelled:
        return base64.b64decode(spelled["base64"])
    return spelled["text"].encode() * spelled.get("times", 1)


def packed(cases: list[dict[str, Any]]) -> bytes:
    """The files of every case, each in the directory of its name."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as archive:
        for case in cases:
            for name, spelled in {".": {"directory": True}, **case["files"]}.items():
                member = tarfile.TarInfo(f"{case['name']}/{name}")
                member.mode = 0o644
                if "link" in spelled:
                    member.type, member.linkname = tarfile.SYMTYPE, spelled["link"]
                    archive.addfile(member)
                elif "directory" in spelled:
                    member.type, member.mode = tarfile.DIRTYPE, 0o755
                    archive.addfile(member)
                else:
                    data = content(spelled)
                    member.size = len(data)
                    archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


async def answered(world, case: dict[str, Any], step: dict[str, Any]) -> dict[str, str]:
    given = {"file_text", "old_str", "new_str", "insert_line", "view_range"} & step.keys()
    arguments = {name: step[name] for name in given}
    path = step["path"] if step.get("absolute") is False else f"/workspace/{case['name']}/{step['path']}"
    if step["command"] == "view":
        return {"answer": await world.view(path, arguments.get("view_range")), "diff": ""}
    arguments.pop("view_range", None)
    action = EditAction(args=EditArgs(command=step["command"], path=path, **arguments))
    observation = await execute(world.sandbox, action, None, world.emit)
    assert observation is not None
    return {"answer": observation.content, "diff": observation.extras.diff}


def wanted(step: dict[str, Any]) -> dict[str, str]:
    """What the editor answered, or what our answer is in the places where it cannot be the same."""
    if "raised" in step:  # OpenHands has no answer then: its runtime fails. Ours says what was wrong.
        return {"answer": "ERROR:", "diff": ""}
    if step["command"] == "view" and "appears to be binary" in step["answer"]:  # as the runtime puts it
        return {"answer": "ERROR_BINARY_FILE", "diff": ""}
    return {"answer": step["answer"], "diff": step["diff"]}


def same(step: dict[str, Any], found: dict[str, str]) -> bool:
    if "raised" in step:
        return found["answer"].startswith("ERROR:\nRan into ") and found["diff"] == ""
    return found == wanted(step)


async def states(world, case: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What the case's directory holds now."""
    place = f"/workspace/{case['name']}"
    listed = await world.out(f"find {place} -mindepth 1 -printf '%P|%y|%m|%l\\n'")
    found: dict[str, dict[str, Any]] = {}
    for line in listed.splitlines():
        name, kind, mode, link = line.split("|")
        if kind == "l":
            found[name] = {"link": link}
        elif kind == "f":
            found[name] = {"mode": mode, "content": await world.sandbox.files.read(f"{place}/{name}")}
        else:
            found[name] = {"directory": True}
    return found


@pytest.mark.parametrize(
    "group", [*list(GROUPS)[:-1], pytest.param("other sequences", marks=pytest.mark.long)]
)
@pytest.mark.sampled(5)
async def test_the_editor_answers_as_that_of_openhands(world, group: str) -> None:
    await world.sandbox.files.write("/tmp/cases.tar.gz", packed(GROUPS[group]))
    await world.out(
        "umask 022; tar -xzf /tmp/cases.tar.gz -C /workspace --no-same-owner; rm /tmp/cases.tar.gz"
    )
    wrong = []
    for case in GROUPS[group]:
        for number, step in enumerate(case["steps"]):
            found = await answered(world, case, step)
            if not same(step, found):
                wrong.append((case["name"], number, step, found))
    await world.out("cd /workspace")
    for case in GROUPS[group]:
        if not case["after"] and not case["gone"]:
            continue
        now = await states(world, case)
        for name, state in case["after"].items():
            expected = {key: state[key] for key in ("mode", "link", "directory") if key in state}
            if "mode" in state:
                expected["content"] = content(state)
            if now.get(name) != expected:
                wrong.append((case["name"], name, expected, now.get(name)))
    assert not wrong, f"{len(wrong)} answers differ, the first: {wrong[0]}"


async def test_the_recorded_answers_are_those_of_the_real_editor(tmp_path: Path) -> None:
    """Records anew where `TRAJTUI_ACI_PYTHON` names an interpreter that has openhands-aci."""
    if not INTERPRETER:
        pytest.skip("TRAJTUI_ACI_PYTHON names no interpreter that has openhands-aci")
    again = tmp_path / "again.json"
    command = [INTERPRETER, str(ORACLES / "record_editor.py"), str(again)]
    subprocess.run(command, check=True, timeout=170)
    assert json.loads(again.read_bytes())["cases"] == CASES
