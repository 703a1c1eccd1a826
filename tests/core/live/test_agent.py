"""The agent's loop against the loopback server, in a world that only remembers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from loopback import Answer, Call, Loopback
from trajcore.dialects.registry import default_dialect
from trajcore.errors import ModelUnavailable
from trajcore.events.base import Action, Event
from trajcore.events.parse import parse
from trajcore.live.agent import TurnEnd, work
from trajcore.live.asking import Settled
from trajcore.live.assembly import Cut
from trajcore.live.budget import Budget
from trajcore.live.model import Model, ModelSettings, Patience, Reply, close_connections
from trajcore.live.stuck import Pattern


@pytest.fixture(autouse=True)
async def _connections():
    yield
    await close_connections()


class Remembering:
    """A world whose commands print their own text."""

    def __init__(self, *messages: str) -> None:
        self.written: list[dict[str, Any]] = []
        self.events: list[Event] = []
        self.pending = list(messages)
        self.refuses = False
        self.on_execute: Callable[[Action], dict[str, Any] | None] = lambda action: None

    def history(self) -> Sequence[Event]:
        return self.events

    def add(self, event: dict[str, Any]) -> Event:
        stamped = {"id": len(self.events), "timestamp": "2026-01-01T00:00:00", **event}
        parsed = parse(stamped)
        assert not parsed.problems
        self.written.append(stamped)
        self.events.append(parsed.event)
        return parsed.event

    async def confirm(self, action: dict[str, Any], call: Call) -> Settled:
        return Settled(call, refused=self.refuses)

    def said_anew(self, response: dict[str, Any], call: Call) -> None:
        raise AssertionError("nothing is edited here")

    async def execute(self, action: Action) -> None:
        metadata = self.written[action.id or 0]["tool_call_metadata"]
        event = self.on_execute(action) or {
            "observation": "run" if action.action == "run" else action.action,
            "content": f"ran {getattr(action.args, 'command', '')}",
            "extras": {"metadata": {"exit_code": 0}},
        }
        self.add({"source": "agent", "cause": action.id, "tool_call_metadata": metadata, **event})

    def pending_messages(self) -> list[str]:
        taken, self.pending = self.pending, []
        return taken

    def compaction_asked(self) -> str | None:
        return None

    @property
    def kinds(self) -> list[str]:
        return [event.get("action") or "=" + event["observation"] for event in self.written]


class Noting:
    def __init__(self) -> None:
        self.seen: list[str] = []

    def thinking(self) -> None:
        self.seen.append("thinking")

    def text(self, delta: str) -> None:
        self.seen.append(f"text {delta}")

    def thought(self, delta: str) -> None:
        self.seen.append(f"thought {delta}")

    def call(self, place: int, name: str, delta: str) -> None:
        self.seen.append(f"call {place} {name} {delta}")

    def replied(self, reply: Reply) -> None:
        self.seen.append(f"replied {reply.usage.prompt_tokens}+{reply.usage.completion_tokens}")

    def executing(self, event: Event) -> None:
        self.seen.append(f"executing {event.id}")

    def stuck(self, pattern: Pattern) -> None:
        self.seen.append(f"stuck {pattern.name}")

    def retrying(self, line: str) -> None:
        self.seen.append(f"retrying {line}")

    def warned(self, line: str) -> None:
        self.seen.append(f"warned {line}")

    def making_room(self, text: str) -> None:
        self.seen.append(f"making room {text}")

    def condensed(self, line: str) -> None:
        self.seen.append(f"condensed {line}")


def model_at(server: Loopback, attempts: int = 1) -> Model:
    settings = ModelSettings("loopback", "sk-loopback-0123456789", server.url)
    return Model(settings, Patience(timeout=20, attempts=attempts, first_wait=0.01))


async def live(
    answers: list[Answer], world: Remembering, max_steps: int | None = 20
) -> tuple[TurnEnd, list[list[dict[str, Any]]]]:
    """How it ended, and the messages of each request."""
    with Loopback(answers) as server:
        model = model_at(server)
        budget = Budget(max_steps)
        ending = await work(model, world, Noting(), lambda: budget.spent(model.usage.replies, 0, 0))
        return ending, [body["messages"] for body in server.bodies]


def bash(command: str, call_id: str | None = None, **more: Any) -> Call:
    return Call("execute_bash", {"command": command, **more}, call_id)


FINISH = Call("finish", {"message": "All is well."})


def roles(messages: Sequence[dict[str, Any]]) -> list[str]:
    return [message["role"] for message in messages]


async def test_commands_then_finish():
    world = Remembering("list the files")
    ending, requests = await live(
        [Answer("Let me see.", [bash("ls", security_risk="LOW")]), Answer("", [FINISH])], world
    )
    assert ending is TurnEnd.FINISHED
    assert world.kinds == ["message", "run", "=run", "finish"]
    assert [message["role"] for message in requests[1]] == ["system", "user", "assistant", "tool"]
    assert requests[1][3]["content"].startswith("ran ls")
    assert world.written[3]["args"] == {"final_thought": "All is well.", "outputs": {}, "thought": ""}


async def test_events_have_the_shape_of_openhands():
    world = Remembering("go")
    await live([Answer("Let me see.", [bash("ls", "c1", timeout=30)])], world, 1)
    event = world.written[1]
    assert list(event) == [
        *(
            "id",
            "timestamp",
            "source",
            "message",
            "action",
            "tool_call_metadata",
            "llm_metrics",
            "args",
            "timeout",
        )
    ]
    assert event["message"] == "Running command: ls"
    assert event["args"] == {
        "command": "ls",
        "is_input": False,
        "thought": "Let me see.",
        "blocking": True,
        "is_static": False,
        "cwd": None,
        "hidden": False,
        "confirmation_state": "confirmed",
        "security_risk": -1,
    }
    metadata = event["tool_call_metadata"]
    assert metadata["function_name"] == "execute_bash"
    assert metadata["tool_call_id"] == "c1"
    assert metadata["total_calls_in_response"] == 1
    assert metadata["model_response"]["choices"][0]["message"]["tool_calls"][0]["id"] == "c1"
    usage = event["llm_metrics"]["accumulated_token_usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"]) == (100, 20)
    assert usage["response_id"] == metadata["model_response"]["id"]
    assert world.written[0]["args"]["wait_for_response"] is False


async def test_text_without_a_call_asks_the_user():
    world = Remembering("hi")
    ending, _ = await live([Answer("Which file?")], world)
    assert ending is TurnEnd.AWAITING_INPUT
    assert world.written[-1]["args"] == {
        "content": "Which file?",
        "file_urls": None,
        "image_urls": None,
        "wait_for_response": True,
        "security_risk": -1,
    }
    assert world.written[-1]["source"] == "agent"


async def test_steps_are_spent():
    world = Remembering("go")
    ending, requests = await live([Answer("", [bash(str(n))]) for n in range(5)], world, 2)
    assert ending is TurnEnd.STEPS_SPENT
    assert len(requests) == 2
    assert world.kinds == ["message", "run", "=run", "run", "=run"]


async def test_several_calls_in_one_reply():
    world = Remembering("go")
    calls = [bash("one"), Call("think", {"thought": "hm"}), bash("two")]
    _, requests = await live([Answer("Three at once.", calls), Answer("Done.")], world)
    assert world.kinds == ["message", "run", "=run", "think", "=think", "run", "=run", "message"]
    thoughts = [
        event["args"].get("thought") for event in world.written if event.get("action") in ("run", "think")
    ]
    assert thoughts == ["Three at once.", "hm", ""]
    assert {event["tool_call_metadata"]["total_calls_in_response"] for event in world.written[1:7]} == {3}
    assert [message["role"] for message in requests[1]] == [
        "system",
        "user",
        "assistant",
        "tool",
        "tool",
        "tool",
    ]
    assert requests[1][4]["content"] == "Your thought has been logged."


async def test_file_tools_become_read_and_edit():
    world = Remembering("go")
    calls = [
        Call("str_replace_editor", {"command": "view", "path": "/a", "view_range": [1, 3]}),
        Call("str_replace_editor", {"command": "create", "path": "/b", "file_text": "x"}),
    ]
    await live([Answer("", calls)], world, 1)
    assert world.kinds == ["message", "read", "=read", "edit", "=edit"]
    assert world.written[1]["args"]["impl_source"] == "oh_aci"
    assert world.written[3]["args"]["file_text"] == "x"


async def test_a_bad_call_goes_back_as_the_result_of_that_call():
    world = Remembering("go")
    bad = Answer("Look.", [Call("execute_bash", '{"command": "ls', "c1")])
    _, requests = await live([bad, Answer("", [bash("ls")]), Answer("Done.")], world)
    assert world.kinds == ["message", "message", "=error", "run", "=run", "message"]
    assert (world.written[1]["source"], world.written[1]["args"]["content"]) == ("agent", "Look.")
    error = world.written[2]
    assert error["source"] == "agent"
    assert "cause" not in error
    assert error["tool_call_metadata"]["tool_call_id"] == "c1"
    assert roles(requests[1]) == ["system", "user", "assistant", "tool"]
    said, result = requests[1][2:]
    assert said["content"] == "Look."
    assert said["tool_calls"][0]["function"]["arguments"] == '{"arguments": "{\\"command\\": \\"ls"}'
    assert result["tool_call_id"] == "c1"
    assert "not JSON" in result["content"]


GOOD = (bash("one", "g1"), Call("think", {"thought": "hm"}, "g2"), bash("two", "g3"))
BAD = Call("teleport", {"to": "moon"}, "bad")


@pytest.mark.parametrize("place", range(len(GOOD) + 1))
async def test_the_good_calls_beside_a_bad_one_run_in_their_order(place: int):
    world = Remembering("go")
    calls = [*GOOD[:place], BAD, *GOOD[place:]]
    _, requests = await live([Answer("All.", calls), Answer("", [BAD]), Answer("Done.")], world)
    done = ["run =run", "think =think", "run =run"]
    done.insert(place, "=error")
    assert world.kinds == ["message", *" ".join(done).split(), "=error", "message"]
    texts = [event["args"]["thought"] for event in world.written if event.get("action") in ("run", "think")]
    assert texts == ["All.", "hm", ""]
    said, *results = requests[1][2:]
    assert said["content"] == "All."
    ids = [call.id for call in calls]
    assert [call["id"] for call in said["tool_calls"]] == ids
    assert [result["tool_call_id"] for result in results] == ids
    expected = ["ran one", "Your thought", "ran two"]
    expected.insert(place, "There is no tool 'teleport'. The tools are: execute_bash")
    for result, begins in zip(results, expected, strict=True):
        assert result["content"].startswith(begins)
    assert roles(requests[2]) == [*roles(requests[1]), "assistant", "tool"]


async def test_a_reply_with_a_good_call_is_no_bad_reply():
    world = Remembering("go")
    ending, requests = await live([Answer("", [BAD, bash("ls")])] * 5 + [Answer("", [FINISH])], world)
    assert ending is TurnEnd.FINISHED
    assert len(requests) == 6


async def test_a_tool_can_be_switched_off_between_two_calls():
    world, on = Remembering("go"), list(default_dialect().tools.names)
    world.on_execute = lambda action: on.__delitem__(slice(on[0] == "execute_bash"))
    with Loopback([Answer("", [bash("one"), bash("two")]), Answer("", [bash("three")])]) as server:
        ending = await work(
            model_at(server), world, Noting(), None, tools=lambda: default_dialect().tools.with_only(on)
        )
        offered = [[tool["function"]["name"] for tool in body["tools"]] for body in server.bodies]
    assert ending is TurnEnd.AWAITING_INPUT
    assert offered[0] == list(default_dialect().tools.names)
    assert offered[1] == offered[2] == on
    assert world.kinds == ["message", "run", "=run", "run", "=run", "=error", "message"]
    assert world.written[5]["content"].startswith("The tool execute_bash is switched off. The tools are: ")


async def test_the_list_of_tasks_is_kept_in_the_run():
    world = Remembering("go")
    tasks = [{"id": "1", "title": "Look", "status": "done", "notes": "all of it"}, {"title": "Mend"}]
    plan, view = (
        Call("task_tracker", {"command": "plan", "task_list": tasks}),
        Call("task_tracker", {"command": "view"}),
    )
    await live([Answer("", [view]), Answer("I plan.", [plan]), Answer("", [view])], world)
    assert world.kinds[1:-1] == ["task_tracking", "=task_tracking"] * 3
    assert "No task list found" in world.written[2]["content"]
    assert (world.written[3]["message"], world.written[3]["args"]["thought"]) == (
        "Managing 2 task items.",
        "I plan.",
    )
    assert world.written[4]["content"] == "Task list has been updated with 2 items."
    assert world.written[4]["extras"] == {
        "command": "plan",
        "task_list": world.written[3]["args"]["task_list"],
    }
    assert world.written[6]["content"] == "# Task List\n\n1. ✅ Look\nall of it\n2. ⏳ Mend\n\n"
    assert world.written[6]["extras"] == {"command": "view", "task_list": []}
    assert world.written[6]["cause"] == world.written[5]["id"]


async def test_three_bad_replies_in_a_row_are_enough():
    world = Remembering("go")
    bad = Answer("", [Call("execute_bash", "{}")])
    ending, requests = await live([bad] * 5, world)
    assert ending is TurnEnd.AWAITING_INPUT
    assert len(requests) == 3
    assert "command" in world.written[-1]["content"]
    assert "user's turn" in world.written[-1]["content"]


async def test_empty_reply_is_a_bad_reply():
    world = Remembering("go")
    ending, _ = await live([Answer(""), Answer("Hello.")], world)
    assert ending is TurnEnd.AWAITING_INPUT
    assert world.kinds == ["message", "=error", "message"]


async def test_message_typed_meanwhile_is_delivered_after_the_results():
    world = Remembering("go")

    def interrupt(action: Action) -> None:
        if getattr(action.args, "command", "") == "one":
            world.pending.append("and be quick")

    world.on_execute = interrupt
    _, requests = await live([Answer("", [bash("one"), bash("two")]), Answer("Done.")], world)
    assert world.kinds == ["message", "run", "=run", "run", "=run", "message", "message"]
    assert [message["role"] for message in requests[1]] == [
        "system",
        "user",
        "assistant",
        "tool",
        "tool",
        "user",
    ]
    assert requests[1][-1]["content"] == "and be quick"


@pytest.mark.parametrize("last", [Answer("Anything else?"), Answer("", [FINISH])])
async def test_message_typed_during_the_last_reply_keeps_it_going(last: Answer):
    world = Remembering("go")

    def reply_to(messages: list[dict[str, Any]]) -> Answer:
        if len(messages) == 2:
            world.pending.append("one more thing")
            return last
        assert [message["role"] for message in messages] == ["system", "user", "assistant", "user"]
        return Answer("Now I am done.")

    with Loopback(reply_to) as server:
        ending = await work(model_at(server), world, Noting(), None)
        assert len(server.bodies) == 2
    assert ending is TurnEnd.AWAITING_INPUT


async def test_refused_action_ends_the_turn_and_answers_the_other_calls():
    world = Remembering("go")
    world.refuses = True
    ending, _ = await live([Answer("", [bash("rm -rf /"), bash("ls")])], world)
    assert ending is TurnEnd.AWAITING_INPUT
    assert world.kinds == ["message", "run", "=user_rejected"]

    world.pending.append("only look")
    _, requests = await live([Answer("All right.")], world)
    assert [message["role"] for message in requests[0]] == [
        "system",
        "user",
        "assistant",
        "tool",
        "tool",
        "user",
    ]
    assert "not executed" in requests[0][4]["content"]


async def test_cancel_while_the_model_answers_leaves_no_half_event_but_what_it_had_said():
    world, watch = Remembering("go"), Noting()
    with Loopback([Answer("Let me", [bash("ls")], hang=True)]) as server:
        working = asyncio.create_task(work(model_at(server), world, watch, None))
        assert await asyncio.to_thread(server.hanging.wait, 10)
        async with asyncio.timeout(10):
            while not any(seen.startswith("call") for seen in watch.seen):
                await asyncio.sleep(0.01)
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(working, 1)
        assert await asyncio.to_thread(server.hung_up.wait, 1)
    assert world.kinds == ["message", "message"]
    assert world.written[1]["source"] == "agent"
    assert world.written[1]["args"]["content"] == f"Let me\n\n{Cut.INTERRUPTED.value}"
    world.pending.append("go on")
    _, requests = await live([Answer("All right.")], world)
    assert [message["role"] for message in requests[0]] == ["system", "user", "assistant", "user"]


async def test_cancel_before_anything_is_said_leaves_nothing():
    world = Remembering("go")
    with Loopback([Answer("", [bash("ls")], hang=True)]) as server:
        working = asyncio.create_task(work(model_at(server), world, Noting(), None))
        assert await asyncio.to_thread(server.hanging.wait, 10)
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working
    assert world.kinds == ["message"]


async def test_what_had_come_of_a_reply_that_breaks_off_for_good_is_kept_marked():
    world = Remembering("go")
    with pytest.raises(ModelUnavailable):
        await live([Answer("Let me first", drop=True)], world)
    assert world.written[-1]["args"]["content"] == f"Let me first\n\n{Cut.BROKEN.value}"
    world.pending.append("go on")
    ending, requests = await live([Answer("All right.")], world)
    assert ending is TurnEnd.AWAITING_INPUT
    assert requests[0][2]["content"].endswith(Cut.BROKEN.value)


async def test_failing_model_loses_nothing():
    world = Remembering("go")
    with pytest.raises(ModelUnavailable):
        await live([Answer("", [bash("ls")]), Answer(status=401)], world)
    assert world.kinds == ["message", "run", "=run"]
    ending, requests = await live([Answer("", [FINISH])], world)
    assert ending is TurnEnd.FINISHED
    assert [message["role"] for message in requests[0]] == ["system", "user", "assistant", "tool"]


async def test_watch_is_told_in_order():
    world, watch = Remembering("go"), Noting()
    answers = [Answer(status=500), Answer("Short.", [bash("ls")]), Answer("", [FINISH])]
    with Loopback(answers) as server:
        await work(model_at(server, attempts=2), world, watch, None)
    assert watch.seen[0] == "thinking"
    assert watch.seen[1].startswith("retrying")
    told = [seen for seen in watch.seen[2:] if not seen.startswith("call")]
    said, acted = ["text Short.", "replied 100+20", "executing 1"], ["thinking", "replied 100+20"]
    assert told == [*said, *acted]
    called = [seen.split(" ", 3) for seen in watch.seen if seen.startswith("call")]
    assert {tuple(seen[:3]) for seen in called} == {("call", "0", "execute_bash"), ("call", "0", "finish")}


async def test_a_dialect_with_a_prompt_of_its_own_is_asked_for_it() -> None:
    with Loopback([Answer("Done.")]) as server:
        shown = [{"role": "user", "content": "as the agent itself would be told"}]
        await work(model_at(server), Remembering(), Noting(), None, lambda history: shown)
        assert server.bodies[0]["messages"] == shown


# Replies that are not whole


@pytest.mark.parametrize(("finish", "cut"), [("length", Cut.LENGTH), ("content_filter", Cut.FILTERED)])
async def test_text_that_is_cut_is_kept_marked_and_told(finish: str, cut: Cut) -> None:
    world, watch = Remembering("go"), Noting()
    with Loopback([Answer("The first half of", finish=finish)]) as server:
        ending = await work(model_at(server), world, watch, None)
        assert len(server.bodies) == 1
    assert ending is TurnEnd.AWAITING_INPUT
    assert world.written[-1]["args"]["content"] == f"The first half of\n\n{cut.value}"
    assert len([seen for seen in watch.seen if seen.startswith("warned")]) == 1


@pytest.mark.parametrize("finish", ["length", "content_filter"])
async def test_a_reply_that_is_cut_before_it_says_anything_is_not_asked_for_again(finish: str) -> None:
    world, watch = Remembering("go"), Noting()
    with Loopback([Answer("", thinking="hm " * 20, finish=finish)]) as server:
        ending = await work(model_at(server), world, watch, None)
        assert len(server.bodies) == 1
    assert ending is TurnEnd.AWAITING_INPUT
    assert world.kinds == ["message"]
    assert any(seen.startswith("warned") for seen in watch.seen)


async def test_a_call_that_is_cut_is_not_run_and_the_model_is_told_why() -> None:
    world = Remembering("go")
    half = Answer("I write it.", [Call("execute_bash", '{"command": "rm -rf /tmp/x')], finish="length")
    _, requests = await live([half, Answer("Done.")], world)
    assert world.kinds == ["message", "message", "=error", "message"]
    assert world.written[1]["args"]["content"] == f"I write it.\n\n{Cut.LENGTH.value}"
    assert world.written[1]["args"]["wait_for_response"] is False
    assert "limit of tokens" in world.written[2]["content"]
    assert "execute_bash" in world.written[2]["content"]
    assert roles(requests[1]) == ["system", "user", "assistant", "tool"]
    assert requests[1][2]["content"] == f"I write it.\n\n{Cut.LENGTH.value}"


async def test_the_whole_calls_of_a_reply_that_is_cut_are_run() -> None:
    world = Remembering("go")
    calls = [bash("ls"), Call("execute_bash", '{"command": "ec')]
    _, requests = await live([Answer("Both.", calls, finish="length"), Answer("Done.")], world)
    assert world.kinds == ["message", "run", "=run", "=error", "message"]
    response = world.written[1]["tool_call_metadata"]["model_response"]
    assert response["choices"][0]["finish_reason"] == "length"
    assert [message["role"] for message in requests[1]] == [
        "system",
        "user",
        "assistant",
        "tool",
        "tool",
    ]
    assert "limit of tokens" in requests[1][-1]["content"]


async def test_three_replies_in_a_row_that_are_cut_are_enough() -> None:
    world = Remembering("go")
    half = Answer("", [Call("execute_bash", '{"command": "ec')], finish="length")
    ending, requests = await live([half] * 5, world)
    assert ending is TurnEnd.AWAITING_INPUT
    assert len(requests) == 3


async def test_text_that_ends_unsaid_is_kept_marked() -> None:
    world = Remembering("go")
    with Loopback([Answer("half", closes=True)] * 2) as server:
        ending = await work(model_at(server, attempts=2), world, Noting(), None)
    assert ending is TurnEnd.AWAITING_INPUT
    assert world.written[-1]["args"]["content"] == f"half\n\n{Cut.BROKEN.value}"


async def test_long_ids_do_not_end_a_conversation() -> None:
    world = Remembering("go")
    calls = [bash("one", "x" * 60), bash("two", "x" * 59 + "y")]
    _, requests = await live([Answer("", calls), Answer("Done.")], world)
    ids = [call["id"] for call in requests[1][2]["tool_calls"]]
    assert [message["tool_call_id"] for message in requests[1][3:]] == ids
    assert all(len(id) <= 40 for id in ids)


# Going round in circles


async def test_an_agent_that_goes_round_in_circles_waits_and_each_turn_counts_anew() -> None:
    world, watch = Remembering("go"), Noting()
    with Loopback([Answer("", [bash("ls")]) for _ in range(11)]) as server:
        model = model_at(server)
        assert await work(model, world, watch, None) is TurnEnd.STUCK
        assert (len(server.bodies), watch.seen[-1]) == (4, "stuck SAME")
        assert await work(model, world, watch, None) is TurnEnd.STUCK
        assert len(server.bodies) == 8
        world.on_execute = lambda action: world.pending.append("better not")
        budget = Budget(11)
        spent = lambda: budget.spent(model.usage.replies, 0, 0)  # noqa: E731
        assert await work(model, world, watch, spent) is TurnEnd.STEPS_SPENT
