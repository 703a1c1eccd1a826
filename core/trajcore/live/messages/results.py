"""What an observation says to the model, as OpenHands words it."""

from __future__ import annotations

from typing import Any, Final

from trajcore.events.actions import UnknownAction
from trajcore.events.base import Action, Event, Observation
from trajcore.events.kinds import action_kind, observation_kind
from trajcore.events.observations import (
    DelegateObservation,
    DownloadObservation,
    ErrorObservation,
    RecallObservation,
    RunObservation,
    UnknownObservation,
    UserRejectedObservation,
    WriteObservation,
)
from trajcore.live.messages.pictures import without_data

LONGEST: Final = 30_000
"""Characters of a result that the model sees; more is cut in the middle."""

NOT_EXECUTED: Final = "This call was not executed: the run was stopped or edited before its turn came."
_NOTHING: Final = "(no output)"
_CUT: Final = "\n[... Observation truncated due to length ...]\n"


def is_bookkeeping(event: Event) -> bool:
    """Whether an event of a known kind says nothing to a model."""
    if isinstance(event, Action):
        return action_kind(event.action).bookkeeping and not isinstance(event, UnknownAction)
    kind = observation_kind(event.observation if isinstance(event, Observation) else None)
    return kind.bookkeeping and not isinstance(event, UnknownObservation)


def result_text(observation: Observation) -> str:
    """The result as the model is given it: never empty, and cut to `LONGEST` characters."""
    return cut(without_data(observation, _text(observation))) or _NOTHING


def cut(text: str) -> str:
    """`text`, its middle left out if it is too long."""
    if len(text) <= LONGEST:
        return text
    half = LONGEST // 2
    return text[:half] + _CUT + text[-half:]


def _text(observation: Observation) -> str:
    match observation:
        case RunObservation():
            return _run(observation)
        case ErrorObservation():
            return f"{observation.content}\n[Error occurred in processing last action]".lstrip()
        case UserRejectedObservation():
            return f"{observation.content}\n[Last action has been rejected by the user]".lstrip()
        case DelegateObservation():
            content = observation.extras.outputs.get("content")
            return content if isinstance(content, str) and content else observation.content
        case WriteObservation():
            return observation.content or f"The file {observation.extras.path} was written."
        case DownloadObservation():
            return observation.content or f"Downloaded a file to {observation.extras.file_path}."
        case RecallObservation():
            return recall_text(observation, set())
    return observation.content if isinstance(observation.content, str) else ""


def _run(observation: RunObservation) -> str:
    metadata = observation.extras.metadata
    lines = [f"{metadata.prefix}{observation.content}{metadata.suffix}"]
    if metadata.working_dir:
        lines.append(f"[Current working directory: {metadata.working_dir}]")
    if metadata.py_interpreter_path:
        lines.append(f"[Python interpreter: {metadata.py_interpreter_path}]")
    if metadata.exit_code != -1:
        lines.append(f"[Command finished with exit code {metadata.exit_code}]")
    return "\n".join(lines).lstrip("\n")


_FACTS: Final = {
    "repo_name": "Repository",
    "repo_directory": "Repository directory",
    "repo_branch": "Branch",
    "working_dir": "Working directory",
    "date": "Date",
    "repo_instructions": "Repository instructions",
    "additional_agent_instructions": "Additional instructions",
    "conversation_instructions": "Instructions for this conversation",
}


def recall_text(observation: RecallObservation, given: set[str]) -> str:
    """What the agent's memory brought up, or an empty text. Names of knowledge already in `given` are
    left out, and those used are added to it.
    """
    extras = observation.extras.model_extra or {}
    lines = [f"{label}: {extras[name]}" for name, label in _FACTS.items() if _filled(extras.get(name))]
    lines += [f"Reachable at port {port}: {host}" for host, port in _pairs(extras.get("runtime_hosts"))]
    lines += [
        f"Secret in ${name}: {about}" for name, about in _pairs(extras.get("custom_secrets_descriptions"))
    ]
    if lines == [line for line in lines if line.startswith("Date: ")]:
        lines = []
    return "\n".join(lines + _knowledge(observation.extras.microagent_knowledge, given))


def _knowledge(entries: list[Any], given: set[str]) -> list[str]:
    texts = []
    for entry in entries:
        if not isinstance(entry, dict) or not _filled(entry.get("content")):
            continue
        name = str(entry.get("name") or entry["content"])
        if name not in given:
            given.add(name)
            texts.append(f"Knowledge that may help ({name[:80]}):\n{entry['content']}")
    return texts


def _filled(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _pairs(value: object) -> list[tuple[str, Any]]:
    return [(str(key), entry) for key, entry in value.items()] if isinstance(value, dict) else []
