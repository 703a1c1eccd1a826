"""What the programs of V1 (1.0 to 1.58) know: kinds, the fields of each, and which of these have to be there.

A field with `!` behind it has to be there. Any other key makes the SDK refuse the whole conversation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple


class Fields(NamedTuple):
    """The fields of a kind."""

    known: frozenset[str]
    required: tuple[str, ...]


def _table(text: str, common: str = "") -> Mapping[str, Fields]:
    found = {}
    for line in text.strip().splitlines():
        kind, *fields = line.split()
        named = [*common.split(), *fields]
        known = frozenset(field.rstrip("!") for field in named)
        found[kind] = Fields(known, tuple(field[:-1] for field in named if field[-1] == "!"))
    return found


EVENTS: Final = _table(
    """
    SystemPromptEvent system_prompt! tools! dynamic_context
    MessageEvent llm_message! llm_response_id activated_skills extended_content sender critic_result
    ActionEvent thought! reasoning_content thinking_blocks responses_reasoning_item action tool_name! \
tool_call_id! tool_call! llm_response_id! security_risk critic_result summary
    ObservationEvent tool_name! tool_call_id! observation! action_id! extended_content
    UserRejectObservation tool_name! tool_call_id! action_id! rejection_reason rejection_source
    AgentErrorEvent tool_name! tool_call_id! error! classification
    Condensation forgotten_event_ids summary summary_offset llm_response_id!
    CondensationRequest
    CondensationSummaryEvent summary!
    PauseEvent
    InterruptEvent
    ConversationErrorEvent code! detail! classification
    ConversationStateUpdateEvent key value
    HookExecutionEvent hook_event_type! hook_command! tool_name success! blocked exit_code! stdout stderr \
reason additional_context error action_id message_id hook_input
    SecurityAnalysisEvent analyzer! policy! risks! details
    ACPToolCallEvent tool_call_id! title! status tool_kind raw_input raw_output content is_error
    TokenEvent prompt_token_ids! response_token_ids!
    LLMCompletionLogEvent filename! log_data! model_name usage_id
    StreamingDeltaEvent content reasoning_content
    ServerErrorEvent code! detail! classification
    """,
    "id timestamp source parent_id kind",
)
SOURCES: Final = {
    "SystemPromptEvent": "agent",
    "ActionEvent": "agent",
    "AgentErrorEvent": "agent",
    "PauseEvent": "user",
    "InterruptEvent": "user",
    "HookExecutionEvent": "hook",
}
"""Whose an event of a kind is; of others it is the environment's."""

ACTIONS: Final = _table(
    """
    TerminalAction command! is_input timeout reset
    ExecuteBashAction command! is_input timeout reset
    FileEditorAction command! path! file_text old_str new_str insert_line view_range
    PlanningFileEditorAction command! path! file_text old_str new_str insert_line view_range
    TaskTrackerAction command task_list
    ThinkAction thought!
    FinishAction message!
    GlobAction pattern! path
    GrepAction pattern! path include
    ApplyPatchAction patch!
    ReadFileAction file_path! offset limit
    WriteFileAction file_path! content!
    EditAction file_path! old_string! new_string! expected_replacements
    ListDirectoryAction dir_path recursive
    MCPToolAction data
    TaskAction description prompt! subagent_type resume max_turns
    DelegateAction command! ids agent_types tasks
    BrowserAction
    BrowserNavigateAction url! new_tab
    BrowserClickAction index! new_tab
    BrowserTypeAction index! text!
    BrowserGetStateAction include_screenshot
    BrowserGetContentAction extract_links start_from_char
    BrowserScrollAction direction
    BrowserGoBackAction
    BrowserListTabsAction
    BrowserSwitchTabAction tab_id!
    BrowserCloseTabAction tab_id!
    BrowserGetStorageAction
    BrowserSetStorageAction storage_state!
    BrowserStartRecordingAction
    BrowserStopRecordingAction
    InvokeSkillAction name!
    SwitchLLMAction profile_name! reason!
    ClassifyAndSwitchLLMAction
    VisionInspectAction image_index! question! profile_name
    AskOracleAction question! context
    WorkflowAction name! script! max_concurrency
    StartChildConversationAction task! title isolation
    ConsultTomAction reason! use_user_message custom_query
    SleeptimeComputeAction
    """,
    "kind",
)
OBSERVATIONS: Final = _table(
    """
    TerminalObservation command! exit_code timeout metadata full_output_save_dir
    ExecuteBashObservation command! exit_code timeout metadata full_output_save_dir
    FileEditorObservation command! path prev_exist old_content new_content
    PlanningFileEditorObservation command! path prev_exist old_content new_content
    TaskTrackerObservation command! task_list
    ThinkObservation
    FinishObservation
    GlobObservation files! pattern! search_path! truncated
    GrepObservation matches! pattern! search_path! include_pattern truncated
    ApplyPatchObservation message fuzz commit
    ReadFileObservation file_path! file_content is_truncated lines_shown total_lines
    WriteFileObservation file_path is_new_file old_content new_content
    EditObservation file_path is_new_file replacements_made old_content new_content
    ListDirectoryObservation dir_path entries total_count is_truncated
    FileChangeObservation
    MCPToolObservation tool_name!
    TaskObservation task_id! subagent! status!
    DelegateObservation command!
    BrowserObservation screenshot_data full_output_save_dir
    InvokeSkillObservation skill_name!
    SwitchLLMObservation profile_name! reason active_model
    ClassifyAndSwitchLLMObservation chosen_class model active_model
    VisionInspectObservation image_index! question! profile_name model base_url answer
    ClientToolObservation
    AskOracleObservation
    WorkflowObservation name! status!
    StartChildConversationObservation conversation_id parent_conversation_id status title url workspace \
isolation
    ConsultTomObservation suggestions confidence reasoning
    SleeptimeComputeObservation message sessions_processed
    """,
    "kind content is_error",
)
LISTS: Final = frozenset({"files", "matches"})
"""Required fields of observations that are lists; the others are texts."""

TOOLS: Final = frozenset(
    _table(
        """
    TerminalTool
    FileEditorTool
    PlanningFileEditorTool
    TaskTrackerTool
    ThinkTool
    FinishTool
    GlobTool
    GrepTool
    ApplyPatchTool
    ReadFileTool
    WriteFileTool
    EditTool
    ListDirectoryTool
    MCPToolDefinition
    TaskTool
    TaskToolSet
    BrowserToolSet
    BrowserNavigateTool
    BrowserClickTool
    BrowserTypeTool
    BrowserGetStateTool
    BrowserGetContentTool
    BrowserScrollTool
    BrowserGoBackTool
    BrowserListTabsTool
    BrowserSwitchTabTool
    BrowserCloseTabTool
    BrowserGetStorageTool
    BrowserSetStorageTool
    BrowserStartRecordingTool
    BrowserStopRecordingTool
    InvokeSkillTool
    SwitchLLMTool
    ClassifyAndSwitchLLMTool
    VisionInspectTool
    AskOracleTool
    WorkflowTool
    WorkflowToolSet
    StartChildConversationTool
    TomConsultTool
    SleeptimeComputeTool
    ClientTool
    """
    )
)
RETIRED: Final = {"DelegateTool": "1.23"}
"""Tools that were given up, and the first version that refuses a conversation which lists one."""

BLOCK: Final = frozenset({"type", "text", "cache_prompt", "enable_truncation"})
"""What a text of a content may have."""
STATUSES: Final = frozenset(
    ["idle", "running", "paused", "waiting_for_confirmation", "finished", "error", "stuck", "deleting"]
)
CLIPPED: Final = 30_000
"""So many characters of a result are sent to a model; a longer one is written to a file first."""
