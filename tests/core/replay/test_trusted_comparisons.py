"""Cases of recordings that comparing got wrong, replayed in real sandboxes: what each step must come to."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import pytest

from trajcore import areplay
from trajcore.replay.report import Report, Step

EQUAL: Final = ("matched", "equal")
NORMALISED: Final = ("matched", "normalised")
MATCHED: Final = ("matched", None)
DIVERGED: Final = ("diverged", None)

STEPS: Final = {
    "tabs-shown-as-columns": {
        **dict.fromkeys((1, 3, 7), EQUAL),
        5: NORMALISED,
        9: MATCHED,
        11: DIVERGED,
    },
    "prompt-behind-the-output": {**dict.fromkeys((1, 3, 5), MATCHED), 7: DIVERGED},
    "user-name-in-listings": {**dict.fromkeys((1, 3, 5), NORMALISED), 7: DIVERGED},
    "ways-to-write-a-time": {
        **dict.fromkeys(range(1, 24, 2), NORMALISED),
        **dict.fromkeys(range(25, 32, 2), DIVERGED),
    },
    "reason-shows-equal-texts": dict.fromkeys(range(1, 8, 2), DIVERGED),
    "network-off-unsaid": dict.fromkeys(range(1, 10, 2), DIVERGED),
    "typed-text-in-the-output": dict.fromkeys(range(1, 16, 2), EQUAL),
}
"""By the name of the case and the id (or index) of the step; None for a match is any."""


Replay = Callable[[str], Awaitable[Report]]


@pytest.fixture(
    params=[pytest.param(kind, marks=getattr(pytest.mark, kind)) for kind in ("bubblewrap", "docker")]
)
def replayed(request: pytest.FixtureRequest, case: Callable[[str], Path]) -> Replay:
    """Replays a case in a sandbox, by its name."""
    options = {"image": request.getfixturevalue("docker_image")} if request.param == "docker" else {}

    async def replay(name: str) -> Report:
        return await areplay(case(name), sandbox=request.param, **options)

    return replay


def by_name(report: Report) -> dict[int, Step]:
    return {step.index if step.id is None else step.id: step for step in report.steps}


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.sampled(2)
async def test_each_step_comes_to_what_it_must(name: str, replayed: Replay) -> None:
    steps = by_name(await replayed(name))
    expected = STEPS[name]
    found = {at: (steps[at].status, steps[at].match if expected[at][1] else None) for at in expected}
    assert found == expected, {at: steps[at].reason for at in found}


async def test_only_the_last_prompt_of_2024_is_set_aside(replayed: Replay) -> None:
    steps = by_name(await replayed("prompt-behind-the-output"))
    assert "root@there" in steps[7].reason
    assert "root@here" in steps[7].reason


async def test_a_reason_shows_what_differs(replayed: Replay) -> None:
    report = await replayed("reason-shows-equal-texts")
    told = {at: step.reason for at, step in by_name(report).items()}
    for reason in told.values():
        one, other = re.findall(r'"([^"]*)"', reason)
        assert one.strip() != other.strip(), reason
    assert "END-1" in told[1]
    assert "END-2" in told[1]
    assert "MU" in told[5]
    assert "NU" in told[5]
    assert "FileNotFoundError" in told[7]
    assert "missing.txt" in told[7]
    assert all(reason in report.junit().decode().replace("&quot;", '"') for reason in told.values())
    assert told[1] in report.summary


async def test_a_step_that_fails_for_want_of_the_network_says_so(replayed: Replay) -> None:
    report = await replayed("network-off-unsaid")
    told = {at: step.reason for at, step in by_name(report).items()}
    for at in (1, 3, 5):
        assert "the network is off" in told[at]
        assert "--network" in told[at]
    assert "network" not in told[7]
    assert told[9] == "exit 0 → 127, no-such-program is not in the sandbox"
    assert "--network" in report.summary
    assert "--network" in report.junit().decode()


@pytest.mark.bubblewrap
async def test_with_the_network_open_nothing_is_said_of_it(case: Callable[[str], Path]) -> None:
    report = await areplay(case("network-off-unsaid"), sandbox="bubblewrap", network=True)
    assert not any("--network" in step.reason for step in report.steps)


RECORDINGS: Final = (
    "basic_gui_mode.json",
    "flattened_2024.json",
    "ponyc_4595.json",
    "wrong_initial_state.json",
)


@pytest.mark.bubblewrap
@pytest.mark.parametrize("name", RECORDINGS)
async def test_what_a_recording_does_the_same_twice_never_diverges(
    name: str, recordings: dict[str, Path], tmp_path: Path
) -> None:
    saved = tmp_path / "saved.json"
    await areplay(recordings[name], sandbox="bubblewrap", save=saved)
    again = await areplay(saved, sandbox="bubblewrap")
    assert again.counts["executed"] > 0
    assert {step.reason for step in again.steps if step.status == "diverged"} == set()


@pytest.mark.bubblewrap
async def test_the_name_of_a_commit_of_the_run_is_no_divergence(tmp_path: Path) -> None:
    """A recording whose commits were made at another time, and one where none was."""
    identity = "git -c user.name=a -c user.email=a@b"
    made = f"git init -q -b main . && {identity} commit -q --allow-empty -m one && git log --oneline"
    for commands, verdicts in (
        ([made, "git log -1 --format=%h"], ["normalised", "normalised"]),
        (["echo '3f2a91c (HEAD -> main) one'", "echo 3f2a91c"], [None, None]),
    ):
        events = [{"id": 0, "source": "user", "action": "message", "args": {"content": "go"}}]
        for command, output in zip(commands, ("1a2b3c4 (HEAD -> main) one", "1a2b3c4"), strict=True):
            at = len(events)
            events.append({"id": at, "source": "agent", "action": "run", "args": {"command": command}})
            extras = {"command": command, "metadata": {"exit_code": 0}}
            events.append({"id": at + 1, "source": "agent", "observation": "run", "cause": at,
                           "content": output, "extras": extras})  # fmt: skip
        path = tmp_path / "commits.json"
        path.write_text(json.dumps(events))
        report = await areplay(path, sandbox="bubblewrap")
        assert [step.match for step in report.steps] == verdicts, [step.reason for step in report.steps]


@pytest.mark.bubblewrap
async def test_a_saved_run_holds_what_a_terminal_shows_and_is_equal_when_it_is_replayed(
    case: Callable[[str], Path], tmp_path: Path
) -> None:
    saved = tmp_path / "saved.json"
    await areplay(case("tabs-shown-as-columns"), sandbox="bubblewrap", save=saved)
    texts = [event.get("content", "") for event in json.loads(saved.read_bytes())]
    assert "name    size\n        indented" in texts
    assert not any("\t" in text for text in texts)
    again = await areplay(saved, sandbox="bubblewrap")
    assert {step.match for step in again.steps} == {"equal"}
