"""One class for each kind of observation, with OpenHands 0.62's fields and defaults."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from trajcore.events.base import Extras, Observation, Wire


class CommandMetadata(Wire):
    """How a command ended. `exit_code` is -1 when it had not (soft or hard timeout)."""

    exit_code: int = -1
    pid: int = -1
    username: str | None = None
    hostname: str | None = None
    working_dir: str | None = None
    py_interpreter_path: str | None = None
    prefix: str = ""
    suffix: str = ""


class RunExtras(Extras):
    """Details of `run`."""

    command: str = ""
    metadata: CommandMetadata = Field(default_factory=CommandMetadata)
    hidden: bool = False


class RunObservation(Observation):
    """The output of a shell command."""

    observation: Literal["run"] = "run"
    extras: RunExtras
    success: bool | None = None


class RunIpythonExtras(Extras):
    """Details of `run_ipython`."""

    code: str = ""
    image_urls: list[str] | None = None


class RunIpythonObservation(Observation):
    """The output of a notebook cell."""

    observation: Literal["run_ipython"] = "run_ipython"
    extras: RunIpythonExtras
    success: bool | None = None


class BrowseExtras(Extras):
    """Details of `browse`; trees and screenshots are usually stripped from recordings."""

    url: str = ""
    trigger_by_action: str = ""
    screenshot_path: str | None = None
    error: bool = False


class BrowseObservation(Observation):
    """A web page as text."""

    observation: Literal["browse"] = "browse"
    extras: BrowseExtras


class ReadExtras(Extras):
    """Details of `read`."""

    path: str = ""
    impl_source: str = "default"


class ReadObservation(Observation):
    """The text of a file, or a listing."""

    observation: Literal["read"] = "read"
    extras: ReadExtras


class WriteExtras(Extras):
    """Details of `write`."""

    path: str = ""


class WriteObservation(Observation):
    """A file was written."""

    observation: Literal["write"] = "write"
    extras: WriteExtras


class EditExtras(Extras):
    """Details of `edit`; for the editor `old_content`/`new_content` repeat the action's strings."""

    path: str = ""
    prev_exist: bool = False
    old_content: str | None = None
    new_content: str | None = None
    impl_source: str = "llm_based_edit"
    diff: str | None = None


class EditObservation(Observation):
    """What the editor answered; a failure begins with `ERROR:`."""

    observation: Literal["edit"] = "edit"
    extras: EditExtras


class DelegateExtras(Extras):
    """Details of `delegate`."""

    outputs: dict[str, Any] = Field(default_factory=dict)


class DelegateObservation(Observation):
    """What a sub-agent brought back."""

    observation: Literal["delegate"] = "delegate"
    extras: DelegateExtras


class FindFilesObservation(Observation):
    """Files found by their names."""

    observation: Literal["find_files"] = "find_files"
    extras: Extras


class SearchFilesObservation(Observation):
    """Files found by what is in them."""

    observation: Literal["search_files"] = "search_files"
    extras: Extras


class ApplyPatchObservation(Observation):
    """A patch was applied."""

    observation: Literal["apply_patch"] = "apply_patch"
    extras: Extras


class CallToolObservation(Observation):
    """What a tool answered that only the agent's own program has."""

    observation: Literal["call_tool"] = "call_tool"
    extras: Extras


class ThinkObservation(Observation):
    """The thought has been logged."""

    observation: Literal["think"] = "think"
    extras: Extras


class TaskTrackingExtras(Extras):
    """Details of `task_tracking`."""

    command: str = ""
    task_list: list[Any] = Field(default_factory=list)


class TaskTrackingObservation(Observation):
    """The list of tasks as it is now."""

    observation: Literal["task_tracking"] = "task_tracking"
    extras: TaskTrackingExtras


class McpExtras(Extras):
    """Details of `mcp`."""

    name: str = ""
    arguments: dict[str, Any] | str = Field(default_factory=dict)


class McpObservation(Observation):
    """What an MCP tool answered, as JSON text."""

    observation: Literal["mcp"] = "mcp"
    extras: McpExtras


class RecallExtras(Extras):
    """Details of `recall`: the workspace, or what microagents know."""

    recall_type: str | None = None
    microagent_knowledge: list[Any] = Field(default_factory=list)


class RecallObservation(Observation):
    """What the agent's memory answered."""

    observation: Literal["recall"] = "recall"
    extras: RecallExtras


class ErrorExtras(Extras):
    """Details of `error`."""

    error_id: str = ""


class ErrorObservation(Observation):
    """Something could not be done; without a cause it answers a malformed reply of the model."""

    observation: Literal["error"] = "error"
    extras: ErrorExtras


class UserRejectedObservation(Observation):
    """The user refused an action."""

    observation: Literal["user_rejected"] = "user_rejected"
    extras: Extras


class AgentStateExtras(Extras):
    """Details of `agent_state_changed`."""

    agent_state: str = ""
    reason: str = ""


class AgentStateChangedObservation(Observation):
    """The agent's state has changed."""

    observation: Literal["agent_state_changed"] = "agent_state_changed"
    extras: AgentStateExtras


class CondenseObservation(Observation):
    """A summary in place of forgotten events."""

    observation: Literal["condense"] = "condense"
    extras: Extras


class DownloadExtras(Extras):
    """Details of `download`."""

    file_path: str = ""


class DownloadObservation(Observation):
    """A click in the browser produced a file."""

    observation: Literal["download"] = "download"
    extras: DownloadExtras


class LoopDetectionObservation(Observation):
    """The agent was found in a loop."""

    observation: Literal["loop_detection"] = "loop_detection"
    extras: Extras


class SuccessObservation(Observation):
    """It worked (legacy)."""

    observation: Literal["success"] = "success"
    extras: Extras


class NullObservation(Observation):
    """Nothing came back."""

    observation: Literal["null"] = "null"
    extras: Extras


class UnknownObservation(Observation):
    """An observation of a kind, or of a shape, that this version does not know; kept as it came."""


OBSERVATIONS: tuple[type[Observation], ...] = (
    RunObservation,
    RunIpythonObservation,
    BrowseObservation,
    ReadObservation,
    WriteObservation,
    EditObservation,
    DelegateObservation,
    FindFilesObservation,
    SearchFilesObservation,
    ApplyPatchObservation,
    CallToolObservation,
    ThinkObservation,
    TaskTrackingObservation,
    McpObservation,
    RecallObservation,
    ErrorObservation,
    UserRejectedObservation,
    AgentStateChangedObservation,
    CondenseObservation,
    DownloadObservation,
    LoopDetectionObservation,
    SuccessObservation,
    NullObservation,
)
