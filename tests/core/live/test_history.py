"""From events to messages, rule by rule."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.live.events import action, agent, called, observed, response, typed, user
from trajcore.live.messages.history import messages
from trajcore.live.messages.results import LONGEST, NOT_EXECUTED
from trajcore.live.prompt import DEFAULT_SYSTEM_PROMPT


def told(*events, system=None) -> list[dict]:
    return messages(typed(*events), system=system)


def after_system(*events) -> list[dict]:
    return told(*events)[1:]


def roles(*events) -> list[str]:
    return [message["role"] for message in after_system(*events)]


def ran(content: str, cause: int | None = None, exit_code: int = 0, **metadata) -> dict:
    metadata = {"exit_code": exit_code, "working_dir": "/workspace", **metadata}
    return observed("run", content, cause, command="x", metadata=metadata)


def arguments(message: dict, index: int = 0) -> dict:
    return json.loads(message["tool_calls"][index]["function"]["arguments"])


LS = response("r1", "Let me look.", ("call_1", "execute_bash", {"command": "ls"}))


def ls(number: int | None = 2, **args) -> dict:
    return called(action("run", number, command="ls", thought="Let me look.") | args, "call_1", LS)


class TestSystem:
    def test_recorded_prompt_is_kept(self):
        assert told(action("system", content="Be good."), user("hi"))[0] == {
            "role": "system",
            "content": "Be good.",
        }

    def test_given_prompt_wins(self):
        assert told(action("system", content="Be good."), system="Mine")[0]["content"] == "Mine"

    def test_default_where_none_was_recorded(self):
        assert told(user("hi"))[0]["content"] == DEFAULT_SYSTEM_PROMPT
        assert "/workspace" in DEFAULT_SYSTEM_PROMPT

    def test_tools_that_are_not_there_any_more_are_named_at_its_end(self):
        tools = [{"type": "function", "function": {"name": name}} for name in ("execute_bash", "browser")]
        odd = response("r", None, ("c", "my tool", {}))
        calls = [called(action("call_tool_mcp", name="my tool"), "c", odd)]
        system = told(action("system", content="Be good.", tools=tools), user("hi"), *calls)[0]["content"]
        assert system.startswith("Be good.\n\n")
        assert system.endswith("are not there any more: browser.)")

    def test_no_events_at_all(self):
        assert [message["role"] for message in told()] == ["system"]


class TestDialogue:
    def test_messages_keep_their_speaker(self):
        assert after_system(user("a"), agent("b"), user("c")) == [
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": "b"},
            {"role": "user", "content": "c"},
        ]

    def test_user_messages_in_a_row_are_one(self):
        assert after_system(user("a"), user("b")) == [{"role": "user", "content": "a\n\nb"}]

    def test_images_become_parts(self):
        url = "data:image/png;base64,AAAA"
        message = after_system(user("see", image_urls=[url, "javascript:x"]), user("and say"))[0]
        assert message["content"] == [
            {"type": "text", "text": "see"},
            {"type": "image_url", "image_url": {"url": url}},
            {"type": "text", "text": "and say"},
        ]

    def test_agent_speaking_last_is_asked_to_continue(self):
        assert roles(user("a"), agent("b")) == ["user", "assistant", "user"]

    def test_agent_speaking_first_follows_an_opening(self):
        assert roles(agent("b"), user("c")) == ["user", "assistant", "user"]

    def test_lone_surrogates_can_be_sent(self):
        json.dumps(told(user("bad \ud800 text")), ensure_ascii=False).encode()


class TestCalls:
    def test_call_is_rebuilt_from_the_metadata(self):
        _, assistant, tool = after_system(user("go"), ls(), called(ran("a.py", 2), "call_1", LS))
        assert assistant == {
            "role": "assistant",
            "content": "Let me look.",
            "tool_calls": [
                {
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": "execute_bash", "arguments": '{"command": "ls"}'},
                }
            ],
        }
        assert tool["tool_call_id"] == "call_1"
        assert tool["content"] == (
            "a.py\n[Current working directory: /workspace]\n[Command finished with exit code 0]"
        )

    def test_edited_command_wins_over_the_metadata(self):
        event = ls()
        event["args"] = {"command": "ls -la", "thought": "Let me look."}
        assistant = after_system(user("go"), event, ran("x", 2))[1]
        assert arguments(assistant)["command"] == "ls -la"

    def test_edited_thought_wins_and_a_blanked_one_does_not(self):
        edited, blanked = ls(), ls()
        edited["args"] = {"command": "ls", "thought": "Another way."}
        blanked["args"] = {"command": "ls", "thought": ""}
        assert after_system(user("go"), edited)[1]["content"] == "Another way."
        assert after_system(user("go"), blanked)[1]["content"] == "Let me look."

    def test_unedited_arguments_stay_as_they_were_written(self):
        written = '{"path":"/workspace/a","command":"view","view_range":[1,5],"security_risk":"LOW"}'
        reply = response("r", None, ("c", "str_replace_editor", written))
        event = called(
            action("read", 1, path="/workspace/a", view_range=[1, 5], impl_source="oh_aci"), "c", reply
        )
        assistant = after_system(user("go"), event)[1]
        assert assistant["tool_calls"][0]["function"]["arguments"] == written
        assert assistant["content"] is None

    def test_editor_command_changed_drops_the_old_arguments(self):
        before = {
            "command": "str_replace",
            "path": "/a",
            "old_str": "x",
            "new_str": "y",
            "security_risk": "LOW",
        }
        reply = response("r", None, ("c", "str_replace_editor", before))
        event = called(action("edit", 1, path="/a", command="create", file_text="z"), "c", reply)
        assert arguments(after_system(user("go"), event)[1]) == {
            "command": "create",
            "path": "/a",
            "file_text": "z",
            "security_risk": "LOW",
        }

    def test_thought_that_openhands_combined_is_not_an_edit(self):
        reply = response("r", "Hm.", ("c", "think", {"thought": "deep"}))
        event = called(action("think", 1, thought="Hm.\ndeep"), "c", reply)
        assert arguments(after_system(user("go"), event)[1]) == {"thought": "deep"}

    def test_missing_result_is_said_to_be_missing(self):
        assert after_system(user("go"), ls())[2]["content"] == NOT_EXECUTED

    def test_several_calls_of_one_reply_are_one_message(self):
        reply = response(
            "r", "Both.", ("a", "execute_bash", {"command": "1"}), ("b", "execute_bash", {"command": "2"})
        )
        first = called(action("run", 1, command="1", thought="Both."), "a", reply)
        second = called(action("run", 3, command="2"), "b", reply)
        _, assistant, one, two = after_system(user("go"), first, ran("one", 1), second, ran("two", 3))
        assert [call["id"] for call in assistant["tool_calls"]] == ["a", "b"]
        assert (one["tool_call_id"], two["tool_call_id"]) == ("a", "b")
        assert one["content"].startswith("one")
        assert two["content"].startswith("two")

    def test_reply_cut_in_the_middle(self):
        reply = response(
            "r", "", ("a", "execute_bash", {"command": "1"}), ("b", "execute_bash", {"command": "2"})
        )
        first = called(action("run", 1, command="1"), "a", reply)
        _, assistant, one, two = after_system(user("go"), first, ran("one", 1))
        assert len(assistant["tool_calls"]) == 2
        assert two["content"] == NOT_EXECUTED
        assert one["content"] != NOT_EXECUTED

    def test_message_between_call_and_result_comes_after_the_result(self):
        assert roles(user("go"), ls(), user("wait"), ran("a", 2)) == ["user", "assistant", "tool", "user"]

    def test_repeated_call_ids_are_told_apart(self):
        events = []
        for number in (1, 3):
            reply = response(f"r{number}", "", ("toolu_01", "execute_bash", {"command": str(number)}))
            events += [
                called(action("run", number, command=str(number)), "toolu_01", reply),
                called(ran(f"out {number}", number), "toolu_01", reply),
            ]
        told_messages = after_system(user("go"), *events)
        ids = [message["tool_call_id"] for message in told_messages if message["role"] == "tool"]
        assert len(set(ids)) == 2
        assert told_messages[4]["content"].startswith("out 3")

    def test_duplicated_action_is_a_turn_of_its_own(self):
        again = ls(4)
        told_messages = after_system(user("go"), ls(), ran("one", 2), again, ran("two", 4))
        assert [message["role"] for message in told_messages[1:]] == ["assistant", "tool"] * 2
        assert told_messages[2]["content"].startswith("one")
        assert told_messages[4]["content"].startswith("two")

    def test_call_moved_away_from_its_reply(self):
        reply = response(
            "r", "", ("a", "execute_bash", {"command": "1"}), ("b", "execute_bash", {"command": "2"})
        )
        first = called(action("run", 1, command="1"), "a", reply)
        second = called(action("run", 3, command="2"), "b", reply)
        told_messages = after_system(user("go"), first, ran("one", 1), agent("hm"), second, ran("two", 3))
        tools = [message["content"] for message in told_messages if message["role"] == "tool"]
        assert [text[:3] for text in tools] == ["one", "two"]

    def test_paired_by_tool_call_id_without_cause(self):
        tool = after_system(user("go"), ls(), called(ran("found"), "call_1", LS))[2]
        assert tool["content"].startswith("found")

    def test_paired_by_position_without_ids(self):
        run = action("run", None, None, command="pwd")
        _, assistant, tool = after_system(user("go"), run, ran("/workspace"))
        assert tool["content"].startswith("/workspace\n")
        assert tool["tool_call_id"] == assistant["tool_calls"][0]["id"]

    @pytest.mark.parametrize(
        ("event", "name", "expected"),
        [
            (action("run", 1, command="ls"), "execute_bash", {"command": "ls", "is_input": "false"}),
            (
                action("run", 1, command="C-c", is_input=True),
                "execute_bash",
                {"command": "C-c", "is_input": "true"},
            ),
            (action("run_ipython", 1, code="1+1"), "execute_ipython_cell", {"code": "1+1"}),
            (action("read", 1, path="/a"), "str_replace_editor", {"command": "view", "path": "/a"}),
            (
                action("edit", 1, path="/a", command="insert", insert_line=0, new_str="x"),
                "str_replace_editor",
                {"command": "insert", "path": "/a", "insert_line": 0, "new_str": "x"},
            ),
            (
                action("write", 1, path="/a", content="x"),
                "str_replace_editor",
                {"command": "create", "path": "/a", "file_text": "x"},
            ),
            (action("think", 1, thought="hm"), "think", {"thought": "hm"}),
            (action("browse", 1, url="http://x"), "browser", {"code": "goto('http://x')"}),
            (action("browse_interactive", 1, browser_actions="noop()"), "browser", {"code": "noop()"}),
            (action("call_tool_mcp", 1, name="my.tool", arguments='{"a": 1}'), "my_tool", {"a": 1}),
        ],
    )
    def test_call_is_made_up_where_none_was_recorded(self, event, name, expected):
        assistant = after_system(user("go"), event)[1]
        assert assistant["tool_calls"][0]["function"]["name"] == name
        assert arguments(assistant) == expected

    def test_odd_metadata_is_no_obstacle(self):
        for odd in (
            {},
            {"choices": []},
            {"choices": [{"message": {"tool_calls": [{"id": 3}]}}]},
            {"choices": "x"},
        ):
            event = action("run", 1, command="ls")
            event["tool_call_metadata"] = {
                "function_name": "bash",
                "tool_call_id": "c9",
                "model_response": odd,
            }
            assistant = after_system(user("go"), event)[1]
            assert assistant["tool_calls"][0]["id"] == "c9"
            assert arguments(assistant)["command"] == "ls"


class TestEndings:
    FINISH = response("r9", "Wrapping up.", ("c9", "finish", {"message": "All 3 done."}))

    def test_finish_in_the_middle_is_plain_text(self):
        finish = action("finish", 5, thought="Wrapping up.", final_thought="All 3 done.")
        events = (user("go"), called(finish, "c9", self.FINISH), user("more"))
        assert after_system(*events)[1] == {"role": "assistant", "content": "Wrapping up.\n\nAll 3 done."}
        assert roles(*events) == ["user", "assistant", "user"]

    def test_finish_after_a_call_of_the_same_reply(self):
        reply = response("r", "", ("a", "execute_bash", {"command": "1"}), ("b", "finish", {"message": "ok"}))
        run = called(action("run", 1, command="1"), "a", reply)
        finish = called(action("finish", 3, final_thought="ok"), "b", reply)
        events = after_system(user("go"), run, ran("one", 1), finish, user("next"))
        assert [message["role"] for message in events] == ["user", "assistant", "tool", "assistant", "user"]
        assert len(events[1]["tool_calls"]) == 1
        assert events[3]["content"] == "ok"

    def test_empty_finish_still_says_something(self):
        assert after_system(user("go"), action("finish", 1))[1]["content"]

    def test_reject_gives_its_reason(self):
        reject = action("reject", 1, outputs={"reason": "not allowed"})
        assert after_system(user("go"), reject)[1]["content"] == "not allowed"


class TestUserActions:
    def test_command_of_the_user_and_its_result(self):
        run = action("run", 1, "user", command="date")
        (message,) = after_system(user("go"), run, ran("Monday", 1) | {"source": "user"})
        assert message["role"] == "user"
        assert "User executed the command:\ndate" in message["content"]
        assert "Observed result of command executed by user:\nMonday" in message["content"]


class TestLeftOut:
    @pytest.mark.parametrize(
        "event",
        [
            action("null", 9),
            action("recall", 9, "user", recall_type="knowledge", query="q"),
            action("change_agent_state", 9, "environment", agent_state="running"),
            action("run", 9, "environment", command="setup"),
            action("run", 9, command="secret", hidden=True),
            action("loop_recovery", 9, "user", option=1),
            action("condensation_request", 9),
            observed("null", "", 1),
            observed("agent_state_changed", "", None, "environment", agent_state="running"),
            observed("loop_detection", "loop"),
            observed("recall", "Added", 9, "environment", recall_type="workspace_context", date="2025-01-01"),
        ],
    )
    def test_bookkeeping(self, event):
        assert after_system(user("a"), event, user("b")) == [{"role": "user", "content": "a\n\nb"}]

    def test_result_of_what_is_left_out(self):
        hidden = action("run", 9, command="secret", hidden=True)
        assert after_system(user("a"), hidden, ran("s", 9)) == [{"role": "user", "content": "a"}]

    def test_result_whose_call_is_gone(self):
        assert roles(user("a"), called(ran("s", 77), "call_x", LS)) == ["user"]

    def test_closed_delegation_is_the_sub_agents_affair(self):
        events = (
            user("go"),
            action("delegate", 1, agent="BrowsingAgent", inputs={"task": "look"}),
            user("TASK: look"),
            action("browse", 2, url="http://x"),
            observed("browse", "page", 2),
            action("finish", 3, final_thought="seen"),
            observed("delegate", "Delegated agent finished", None, outputs={"content": "seen it"}),
        )
        assistant, result = after_system(*events)[1:]
        assert "BrowsingAgent" in assistant["content"]
        assert "look" in assistant["content"]
        assert result == {"role": "user", "content": "seen it"}


class TestResults:
    def test_long_output_is_cut_in_the_middle(self):
        content = after_system(user("go"), ls(), ran("a" * 50_000 + "the end", 2))[2]["content"]
        assert LONGEST < len(content) < LONGEST + 100
        assert "truncated" in content
        assert content.endswith("[Command finished with exit code 0]")

    def test_command_that_had_not_ended(self):
        content = after_system(user("go"), ls(), ran("x", 2, -1, prefix="[p]\n", suffix="\n[s]"))[2][
            "content"
        ]
        assert content == "[p]\nx\n[s]\n[Current working directory: /workspace]"

    def test_error_and_refusal(self):
        assert "[Error occurred" in after_system(user("go"), ls(), observed("error", "no", 2))[2]["content"]
        assert "rejected" in after_system(user("go"), ls(), observed("user_rejected", "no", 2))[2]["content"]

    def test_error_without_a_cause_is_text(self):
        (message,) = after_system(user("go"), observed("error", "Bad arguments"))
        assert "Bad arguments\n[Error occurred" in message["content"]

    def test_result_is_never_empty(self):
        edit = action("edit", 1, path="/a", command="undo_edit")
        assert (
            after_system(user("go"), edit, observed("edit", "", 1, path="/a"))[2]["content"] == "(no output)"
        )

    def test_embedded_data_is_left_out(self):
        read = action("read", 1, path="/a.png")
        content = "data:image/png;base64," + "A" * 5000
        assert (
            len(after_system(user("go"), read, observed("read", content, 1, path="/a.png"))[2]["content"])
            < 100
        )

    def test_recall_tells_what_is_useful_once(self):
        knowledge = [{"name": "git", "trigger": "git", "content": "Use git well."}]
        extras = {"repo_name": "o/r", "repo_instructions": "Be tidy.", "microagent_knowledge": knowledge}
        workspace = observed("recall", "x", 2, "environment", recall_type="workspace_context", **extras)
        again = observed(
            "recall", "x", 3, "environment", recall_type="knowledge", microagent_knowledge=knowledge
        )
        content = after_system(user("go"), workspace, again)[0]["content"]
        assert "o/r" in content
        assert "Be tidy." in content
        assert content.count("Use git well.") == 1


class TestCondensation:
    EVENTS = (
        user("task", 1),
        action("run", 2, command="a"),
        ran("old", 2) | {"id": 3},
        action("run", 4, command="b"),
        ran("new", 4) | {"id": 5},
    )

    def test_forgotten_range_and_its_summary(self):
        forget = action(
            "condensation",
            6,
            forgotten_events_start_id=2,
            forgotten_events_end_id=3,
            summary="A was run.",
            summary_offset=1,
        )
        first, assistant, tool = after_system(*self.EVENTS, forget)
        assert first["content"] == "task\n\nA was run."
        assert arguments(assistant)["command"] == "b"
        assert tool["content"].startswith("new")

    def test_forgotten_list(self):
        forget = action("condensation", 6, forgotten_event_ids=[2, 3])
        assert "old" not in str(after_system(*self.EVENTS, forget))

    def test_ids_that_name_nothing_forget_nothing(self):
        forget = action("condensation", 6, forgotten_event_ids=[200], summary="gone", summary_offset=0)
        assert after_system(*self.EVENTS, forget) == after_system(*self.EVENTS)

    def test_forgotten_task_opens_the_conversation_all_the_same(self):
        forget = action("condensation", 6, forgotten_event_ids=[1, 2, 3])
        assert after_system(*self.EVENTS, forget)[0] == {"role": "user", "content": "task"}

    def test_forgotten_call_of_a_reply_is_not_said_to_be_unexecuted(self):
        reply = response(
            "r", "", ("a", "execute_bash", {"command": "1"}), ("b", "execute_bash", {"command": "2"})
        )
        first = called(action("run", 2, command="1"), "a", reply)
        second = called(action("run", 4, command="2"), "b", reply)
        forget = action("condensation", 6, forgotten_event_ids=[2, 3])
        events = (user("go", 1), first, ran("one", 2) | {"id": 3}, second, ran("two", 4) | {"id": 5}, forget)
        _, assistant, tool = after_system(*events)
        assert [call["id"] for call in assistant["tool_calls"]] == ["b"]
        assert tool["content"].startswith("two")


class TestUnknown:
    def test_unknown_kinds_are_shown_as_they_are(self):
        odd = {"id": 1, "source": "agent", "action": "teleport", "args": {"to": "moon"}}
        seen = {"source": "agent", "cause": 1, "observation": "teleported", "content": "there", "extras": {}}
        _, assistant, result = after_system(user("go"), odd, seen)
        assert "teleport" in assistant["content"]
        assert "moon" in assistant["content"]
        assert result == {"role": "user", "content": "there"}

    def test_malformed_event_of_a_known_kind(self):
        broken = {"id": "x", "source": 3, "action": "run", "args": {"command": 7}, "tool_call_metadata": "?"}
        assert roles(user("go"), broken)[0] == "user"


def test_real_recordings_cut_anywhere(recordings: dict[str, Path]):
    for name, path in recordings.items():
        events = typed(*(event for item in json.loads(path.read_text()) for event in _flat(item)))
        for cut in range(len(events) + 1):
            waiting: list[str] = []
            told_messages = messages(events[:cut], system=None)
            for message in told_messages:
                if message["role"] == "tool":
                    waiting.remove(message["tool_call_id"])
                    continue
                assert not waiting, (name, cut)
                waiting = [call["id"] for call in message.get("tool_calls", ())]
            assert not waiting, (name, cut)
        assert len(told_messages) > 3, name
        if name == "ponyc_4595.json":
            tools = [message["content"] for message in told_messages if message["role"] == "tool"]
            assert len(tools) == 22
            assert NOT_EXECUTED not in tools


def _flat(item: object) -> list[dict]:
    return [event for part in item for event in _flat(part)] if isinstance(item, list) else [item]
