"""One class for each kind of action, with OpenHands 0.62's fields and defaults."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from trajcore.events.base import Action, Args


class ThoughtArgs(Args):
    """Arguments of an action that may say why it was taken."""

    thought: str = ""


class SystemArgs(Args):
    """Arguments of `system`."""

    content: str = ""
    tools: list[Any] | None = None
    openhands_version: str | None = None
    agent_class: str | None = None


class SystemAction(Action):
    """The agent's system prompt and its tools."""

    action: Literal["system"] = "system"
    args: SystemArgs


class MessageArgs(Args):
    """Arguments of `message`."""

    content: str = ""
    file_urls: list[str] | None = None
    image_urls: list[str] | None = None
    wait_for_response: bool = False
    security_risk: int | None = -1


class MessageAction(Action):
    """Text from the user or the agent; `wait_for_response` asks the user to answer."""

    action: Literal["message"] = "message"
    args: MessageArgs


class RunArgs(ThoughtArgs):
    """Arguments of `run`. `is_input` types into the running process; `is_static` uses a throw-away shell."""

    command: str
    is_input: bool = False
    blocking: bool = False
    is_static: bool = False
    cwd: str | None = None
    hidden: bool = False
    confirmation_state: str = "confirmed"
    security_risk: int | None = -1


class RunAction(Action):
    """A shell command."""

    action: Literal["run"] = "run"
    args: RunArgs


class RunIpythonArgs(ThoughtArgs):
    """Arguments of `run_ipython`."""

    code: str
    include_extra: bool = True
    confirmation_state: str = "confirmed"
    security_risk: int | None = -1
    kernel_init_code: str = ""


class RunIpythonAction(Action):
    """A notebook cell."""

    action: Literal["run_ipython"] = "run_ipython"
    args: RunIpythonArgs


class ReadArgs(ThoughtArgs):
    """Arguments of `read`: `start`/`end` are 0-based lines (default), `view_range` is 1-based (editor)."""

    path: str
    start: int = 0
    end: int = -1
    security_risk: int | None = -1
    impl_source: str = "default"
    view_range: list[int] | None = None


class ReadAction(Action):
    """Reading a file or listing a directory."""

    action: Literal["read"] = "read"
    args: ReadArgs


class WriteArgs(ThoughtArgs):
    """Arguments of `write`: lines `start` to `end` (0-based) are replaced by `content`."""

    path: str
    content: str
    start: int = 0
    end: int = -1
    security_risk: int | None = -1


class WriteAction(Action):
    """Writing a file."""

    action: Literal["write"] = "write"
    args: WriteArgs


class EditArgs(ThoughtArgs):
    """Arguments of `edit`: an editor command, or (`llm_based_edit`) a draft for lines `start` to `end`."""

    path: str
    command: str = ""
    file_text: str | None = None
    old_str: str | None = None
    new_str: str | None = None
    insert_line: int | None = None
    content: str = ""
    start: int = 1
    end: int = -1
    security_risk: int | None = -1
    impl_source: str = "oh_aci"


class EditAction(Action):
    """An edit of a file: `create`, `str_replace`, `insert` or `undo_edit`."""

    action: Literal["edit"] = "edit"
    args: EditArgs


class BrowseArgs(ThoughtArgs):
    """Arguments of `browse`."""

    url: str
    security_risk: int | None = -1
    return_axtree: bool = False


class BrowseAction(Action):
    """Opening a web page."""

    action: Literal["browse"] = "browse"
    args: BrowseArgs


class BrowseInteractiveArgs(ThoughtArgs):
    """Arguments of `browse_interactive`."""

    browser_actions: str
    browsergym_send_msg_to_user: str = ""
    security_risk: int | None = -1
    return_axtree: bool = False


class BrowseInteractiveAction(Action):
    """Acting on a web page."""

    action: Literal["browse_interactive"] = "browse_interactive"
    args: BrowseInteractiveArgs


class McpArgs(ThoughtArgs):
    """Arguments of `call_tool_mcp`. In April 2025 `arguments` was a JSON string."""

    name: str
    arguments: dict[str, Any] | str = Field(default_factory=dict)
    security_risk: int | None = -1


class McpAction(Action):
    """A call to a tool of an MCP server."""

    action: Literal["call_tool_mcp"] = "call_tool_mcp"
    args: McpArgs


class ThinkAction(Action):
    """A thought, logged and nothing else."""

    action: Literal["think"] = "think"
    args: ThoughtArgs


class FinishArgs(ThoughtArgs):
    """Arguments of `finish`; `final_thought` is the text for the user."""

    final_thought: str = ""
    outputs: dict[str, Any] = Field(default_factory=dict)


class FinishAction(Action):
    """The agent says it is done."""

    action: Literal["finish"] = "finish"
    args: FinishArgs


class FindFilesArgs(ThoughtArgs):
    """Arguments of `find_files`: `path` is the directory to look in."""

    pattern: str
    path: str | None = None


class FindFilesAction(Action):
    """Finding files by their names."""

    action: Literal["find_files"] = "find_files"
    args: FindFilesArgs


class SearchFilesArgs(ThoughtArgs):
    """Arguments of `search_files`: `include` says which names the files must have."""

    pattern: str
    path: str | None = None
    include: str | None = None


class SearchFilesAction(Action):
    """Finding files by what is in them."""

    action: Literal["search_files"] = "search_files"
    args: SearchFilesArgs


class ApplyPatchArgs(ThoughtArgs):
    """Arguments of `apply_patch`: a patch in the form that Codex reads."""

    patch: str


class ApplyPatchAction(Action):
    """A patch of several files."""

    action: Literal["apply_patch"] = "apply_patch"
    args: ApplyPatchArgs


class CallToolArgs(ThoughtArgs):
    """Arguments of `call_tool`; those of a call that could not be read are a text."""

    name: str
    arguments: dict[str, Any] | str = Field(default_factory=dict)


class CallToolAction(Action):
    """A call of a tool that only the agent's own program has."""

    action: Literal["call_tool"] = "call_tool"
    args: CallToolArgs


class ForeignCallArgs(Args):
    """Arguments of `foreign_call`."""

    name: str = ""


class ForeignCallAction(Action):
    """A tool call of a program behind the agent, with what came of it."""

    action: Literal["foreign_call"] = "foreign_call"
    args: ForeignCallArgs


class HookArgs(Args):
    """Arguments of `hook`: `name` says at which event it was run."""

    name: str = ""
    command: str = ""


class HookAction(Action):
    """A hook of the user's was run."""

    action: Literal["hook"] = "hook"
    args: HookArgs


class LogArgs(Args):
    """Arguments of `program_log`."""

    name: str = ""


class LogAction(Action):
    """A note of the agent's program about itself."""

    action: Literal["program_log"] = "program_log"
    args: LogArgs


class RejectArgs(ThoughtArgs):
    """Arguments of `reject`."""

    outputs: dict[str, Any] = Field(default_factory=dict)


class RejectAction(Action):
    """The agent declines the task."""

    action: Literal["reject"] = "reject"
    args: RejectArgs


class DelegateArgs(ThoughtArgs):
    """Arguments of `delegate`; `inputs["task"]` is the sub-agent's task."""

    agent: str
    inputs: dict[str, Any] = Field(default_factory=dict)


class DelegateAction(Action):
    """Handing a task to a sub-agent."""

    action: Literal["delegate"] = "delegate"
    args: DelegateArgs


class RecallArgs(ThoughtArgs):
    """Arguments of `recall`; `recall_type` is absent before August 2024."""

    recall_type: str | None = None
    query: str = ""


class RecallAction(Action):
    """A look-up in the agent's memory."""

    action: Literal["recall"] = "recall"
    args: RecallArgs


class ChangeAgentStateArgs(ThoughtArgs):
    """Arguments of `change_agent_state`."""

    agent_state: str


class ChangeAgentStateAction(Action):
    """A recorded change of the agent's state, by the user (pause, resume) or the server."""

    action: Literal["change_agent_state"] = "change_agent_state"
    args: ChangeAgentStateArgs


class CondensationArgs(Args):
    """Arguments of `condensation`: the ids forgotten, as a list or an inclusive range."""

    forgotten_event_ids: list[int | str] | None = None
    forgotten_events_start_id: int | None = None
    forgotten_events_end_id: int | None = None
    summary: str | None = None
    summary_offset: int | None = None


class CondensationAction(Action):
    """Events dropped from the model's view, perhaps with a summary in their place."""

    action: Literal["condensation"] = "condensation"
    args: CondensationArgs


class CondensationRequestAction(Action):
    """The agent asks for a condensation."""

    action: Literal["condensation_request"] = "condensation_request"
    args: Args


class TaskTrackingArgs(ThoughtArgs):
    """Arguments of `task_tracking`."""

    command: str = "view"
    task_list: list[Any] = Field(default_factory=list)


class TaskTrackingAction(Action):
    """The agent's list of tasks."""

    action: Literal["task_tracking"] = "task_tracking"
    args: TaskTrackingArgs


class LoopRecoveryArgs(Args):
    """Arguments of `loop_recovery`: 1 restart before the loop, 2 reuse the last message, 3 stop."""

    option: int = 1


class LoopRecoveryAction(Action):
    """How the user left a loop."""

    action: Literal["loop_recovery"] = "loop_recovery"
    args: LoopRecoveryArgs


class NullAction(Action):
    """Nothing."""

    action: Literal["null"] = "null"
    args: Args


class UnknownAction(Action):
    """An action of a kind, or of a shape, that this version does not know; kept as it came."""


ACTIONS: tuple[type[Action], ...] = (
    SystemAction,
    MessageAction,
    RunAction,
    RunIpythonAction,
    ReadAction,
    WriteAction,
    EditAction,
    BrowseAction,
    BrowseInteractiveAction,
    McpAction,
    ThinkAction,
    FinishAction,
    FindFilesAction,
    SearchFilesAction,
    ApplyPatchAction,
    CallToolAction,
    ForeignCallAction,
    HookAction,
    LogAction,
    RejectAction,
    DelegateAction,
    RecallAction,
    ChangeAgentStateAction,
    CondensationAction,
    CondensationRequestAction,
    TaskTrackingAction,
    LoopRecoveryAction,
    NullAction,
)
