"""How long `show` takes over a conversation of OpenHands V1 in many files, beside reading and parsing them.

    python benchmarks/conversation.py [--events 10000] [--sdk PYTHON]

Ratios of processor time, the best of three. The program's own start, that of a short one, is taken off.
With `--sdk`, an interpreter that has OpenHands' SDK, 100 steps are stepped beside its `rerun_actions`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from conversations import answer, call, directory, message, prompt, ran, run, state

_RERUN = """
import json, sys, time, uuid, logging
logging.disable(logging.CRITICAL)
from pathlib import Path
from openhands.sdk import Agent, Conversation
from openhands.tools import file_editor, terminal
from openhands.sdk.tool import Tool
place, kind, work = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
data = json.loads((place / "base_state.json").read_bytes())["agent"]
data["llm"] |= {"api_key": "key", "base_url": "http://127.0.0.1:9/v1"}
terminal = {"name": "terminal", "params": {"terminal_type": kind}}
data["tools"] = [terminal, {"name": "file_editor", "params": {}}]
one = Conversation(agent=Agent.model_validate(data), workspace=work, persistence_dir=str(place.parent),
                   conversation_id=uuid.UUID(place.name), visualizer=None)
begun = time.perf_counter()
assert one.rerun_actions()
print("SECONDS", time.perf_counter() - begun)
one.close()
"""


def events(count: int) -> list[dict[str, Any]]:
    """A long conversation: commands and readings, in turn."""
    made = [prompt(), message(1, "user", "go")]
    while len(made) < count:
        at = len(made)
        if at % 4:
            one = run(at, f"echo {at}; ls -la", thought="Let me look.")
            made += [one, ran(at + 1, one, f"{at}\n" + "a line of output\n" * 8)]
        else:
            one = call(at, "file_editor", "FileEditorAction", command="view", path=f"/workspace/{at}")
            seen = answer(
                at + 1, one, "FileEditorObservation", "x\n" * 60, command="view", path="/a", prev_exist=True
            )
            made += [one, seen]
    return made


def best(work: Any, times: int = 3) -> float:
    """Seconds of a processor, in this process and in those that it has waited for."""
    taken = []
    for _ in range(times):
        begun = os.times()
        work()
        taken.append(sum(os.times()[:4]) - sum(begun[:4]))
    return min(taken)


def shown(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "trajtui", *words], check=True, stdout=subprocess.DEVNULL)


def read(place: Path) -> None:
    for path in place.glob("events/event-*"):
        json.loads(path.read_bytes())


def rerun(sdk: str, place: Path, kind: str) -> float:
    with tempfile.TemporaryDirectory() as work:
        command = [sdk, "-c", _RERUN, str(place), kind, work]
        told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600).stdout
    return float(told.split("SECONDS")[1].split()[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--sdk", help="an interpreter that has OpenHands' SDK")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        place = directory(Path(scratch) / ("ab" * 16), events(given.events), state(given.events - 1))
        short = directory(Path(scratch) / ("0d" * 16), events(2), state(1))
        own = best(lambda: shown("show", str(short)))
        base, whole = best(lambda: read(place)), best(lambda: shown("show", str(place)))
        ratio = (whole - own) / base
        print(f"show {given.events:,} events, its start off: {ratio:.2f} x reading and json.loads")
        if given.sdk:
            steps(given.sdk, Path(scratch))


def steps(sdk: str, scratch: Path) -> None:
    """100 commands, stepped here and by the SDK."""
    made = [prompt(), message(1, "user", "go")]
    for _ in range(100):
        one = run(len(made), "echo hi")
        made += [one, ran(len(made) + 1, one, "hi")]
    agent = {
        "llm": {"model": "openai/m", "api_key": "**********", "usage_id": "agent"}, "tools": [],
        "include_default_tools": ["FinishTool", "ThinkTool"], "kind": "Agent",
    }  # fmt: skip
    id = "cdcdcdcd-cdcd-cdcd-cdcd-cdcdcdcdcdcd"
    place = directory(scratch / id.replace("-", ""), made, {**state(len(made) - 1, agent=agent), "id": id})
    report = scratch / "report.json"
    shown("replay", str(place), "--sandbox", "bubblewrap", "--report", str(report), "--quiet")
    ours = sum(step["seconds"] for step in json.loads(report.read_bytes())["steps"])
    for kind in ("tmux", "subprocess"):
        theirs = rerun(sdk, place, kind)
        print(f"100 steps: {theirs / ours:.0f} x quicker than rerun_actions over {kind}")


if __name__ == "__main__":
    main()
