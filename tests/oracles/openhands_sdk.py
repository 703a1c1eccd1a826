"""Has OpenHands' own SDK load conversations and go on with them: run by an interpreter that has it.

    PYTHON openhands_sdk.py URL WORKSPACE BASE/ID… [--say TEXT]

Each is loaded, given a message, and run with the model at URL; a line of JSON says what came of it: how many
events there were, its status then and afterwards, or the error.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import uuid
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("workspace")
    parser.add_argument("conversations", nargs="+")
    parser.add_argument("--say", default="Go on.")
    given = parser.parse_args()
    os.environ["OPENHANDS_SUPPRESS_BANNER"] = "1"
    logging.disable(logging.CRITICAL)
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for place in given.conversations:
        try:
            told = resumed(Path(place), given.workspace, given.url, given.say)
        except Exception as error:  # noqa: BLE001 - whatever it refuses is the answer
            told = {"error": f"{type(error).__name__}: {error}"[:2000]}
        print(json.dumps({"conversation": place, **told}), file=out, flush=True)


def resumed(place: Path, workspace: str, url: str, say: str) -> dict[str, object]:
    from openhands.sdk import LLM, Agent, Conversation
    from openhands.tools import apply_patch, file_editor, glob, grep, task_tracker, terminal  # noqa: F401
    from openhands.tools.gemini import edit, list_directory, read_file, write_file  # noqa: F401
    from pydantic import SecretStr

    state = place / "base_state.json"
    if state.exists():
        data = json.loads(state.read_bytes())["agent"]
        data["llm"] |= {"api_key": "key", "base_url": url, "num_retries": 0}
        agent = Agent.model_validate(data)
    else:
        llm = LLM(model="openai/scripted", api_key=SecretStr("key"), base_url=url, usage_id="agent")
        agent = Agent(llm=llm, tools=[])
    conversation = Conversation(
        agent=agent, workspace=workspace, persistence_dir=str(place.parent),
        conversation_id=uuid.UUID(place.name), visualizer=None,
    )  # fmt: skip
    before, count = str(conversation.state.execution_status.value), len(conversation.state.events)
    conversation.send_message(say)
    conversation.run()
    after = str(conversation.state.execution_status.value)
    conversation.close()
    return {"events": count, "before": before, "after": after}


if __name__ == "__main__":
    sys.setrecursionlimit(10_000)
    main()
