"""Asks OpenHands' SDK to go on with conversations: run by an interpreter that has it, imported by no test.

Each argument is the directory of a conversation. For each a line of JSON says whether it was taken, what the
model was sent and which tools ran. The model is a server on loopback in this process, which says `Well.`
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import sys
import tempfile
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

os.environ.update(OPENHANDS_SUPPRESS_BANNER="1", LITELLM_LOCAL_MODEL_COST_MAP="True", LOG_LEVEL="CRITICAL")
logging.disable(logging.CRITICAL)

for tool in ("apply_patch", "file_editor", "gemini", "glob", "grep", "task", "task_tracker", "terminal"):
    importlib.import_module(f"openhands.tools.{tool}")
sdk: Any = importlib.import_module("openhands.sdk")

REPLY = {
    "id": "reply-of-the-oracle", "object": "chat.completion", "created": 1, "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Well."}}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}  # fmt: skip
requests: list[dict[str, Any]] = []


class Model(BaseHTTPRequestHandler):
    """Answers every request alike."""

    def do_POST(self) -> None:
        requests.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        data = json.dumps(REPLY).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Nothing is printed."""


def tools_of(place: Path) -> list[Any]:
    """The tools that the conversation was begun with, so that none is taken away."""
    try:
        listed = json.loads((place / "base_state.json").read_bytes())["agent"]["tools"]
    except (OSError, ValueError, KeyError, TypeError):
        listed = []
    names = {tool["name"]: tool.get("params", {}) for tool in listed} or {"terminal": {}, "file_editor": {}}
    if "terminal" in names:
        names["terminal"] = {"terminal_type": "subprocess"}
    return [sdk.Tool(name=name, params=params) for name, params in names.items()]


def resumed(place: Path, port: int) -> dict[str, Any]:
    """What came of going on with a conversation."""
    requests.clear()
    before = {path.name for path in (place / "events").iterdir()}
    llm = sdk.LLM(
        model="openai/m", base_url=f"http://127.0.0.1:{port}/v1", api_key="k", usage_id="agent", num_retries=0
    )
    try:
        with tempfile.TemporaryDirectory() as workspace:
            conversation = sdk.Conversation(
                agent=sdk.Agent(llm=llm, tools=tools_of(place)), workspace=workspace,
                persistence_dir=str(place.parent), conversation_id=uuid.UUID(place.name), visualizer=None,
            )  # fmt: skip
            try:
                ids = {event.id for event in conversation.state.events}
                conversation.send_message("And now?")
                conversation.run()
                new = [event for event in conversation.state.events if event.id not in ids]
                status = conversation.state.execution_status.value
            finally:
                conversation.close()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
        return {"taken": False, "error": f"{type(error).__name__}: {error}"[:300]}
    after = {path.name for path in (place / "events").iterdir()}
    return {
        "taken": status == "finished",
        "error": status,
        "ran": [event.tool_name for event in new if type(event).__name__ == "ObservationEvent"],
        "lost": sorted(name for name in before - after if name.endswith(".json")),
        "messages": requests[-1]["messages"] if requests else [],
    }


def main() -> None:
    """One line for each conversation."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for place in sys.argv[1:]:
        print(json.dumps(resumed(Path(place), server.server_port)), flush=True)
    server.shutdown()


main()
