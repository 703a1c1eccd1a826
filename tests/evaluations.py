"""Recordings as evaluations of OpenHands V0 write them: a row with the data set's own instance in it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from documents import message, ran, run

INSTANCE = "acme__calc-7"
WORK = "/workspace/acme__calc__1.0"
DATA_SET = "princeton-nlp__SWE-bench_Lite-test"
SOLUTION = "the-lines-that-solve-it"
KEY = "sk-not-for-anybody"


def events(*steps: tuple[str, str], work: str = WORK) -> list[dict[str, Any]]:
    """A task in a directory, and commands with what each said."""
    found = [message(0, f"<uploaded_files>\n{work}\n</uploaded_files>\nMend it.")]
    for command, said in steps:
        id = len(found)
        found += [run(id, command), ran(id + 1, id, said)]
        found[-1]["extras"]["metadata"]["working_dir"] = work
    return found


def row(
    history: list[dict[str, Any]] | None = None,
    *,
    instance_id: Any = INSTANCE,
    data_set: str | None = DATA_SET,
    **instance: Any,
) -> dict[str, Any]:
    """A row of `output.jsonl`."""
    about = {
        "instance_id": instance_id,
        "repo": "acme/calc",
        "version": "1.0",
        "base_commit": "a" * 40,
        "patch": SOLUTION,
        "test_patch": SOLUTION,
        "hints": {"fix_patch": SOLUTION},
        **instance,
    }
    metadata = {"agent_class": "CodeActAgent", "llm_config": {"api_key": KEY}}
    if data_set is not None:
        metadata["dataset"] = data_set
    return {
        "instance_id": instance_id,
        "instance": about,
        "metadata": metadata,
        "history": events(("ls", "")) if history is None else history,
        "test_result": {"git_patch": SOLUTION},
    }


def lines(*rows: dict[str, Any]) -> bytes:
    """The file."""
    return "".join(json.dumps(one) + "\n" for one in rows).encode()


def git(repository: Path, *arguments: str) -> str:
    """What git prints in a repository."""
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    command = ["git", "-C", str(repository), *who, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
