"""What a model is shown fits its context: estimated, shortened, summarised, and told."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from core.live.events import action, agent, called, observed, response, typed, user
from documents import of_commands
from loopback import Answer, Call, Loopback
from needs import IMAGE
from trajcore import notices
from trajcore.live.context import CHARACTERS, Context, size_of
from trajcore.live.messages.history import messages
from trajcore.live.messages.shortening import long_results, shortened
from trajcore.live.messages.spans import spans_of
from trajcore.live.model import close_connections
from trajcore.live.modelsettings import ModelSettings
from trajcore.live.summary import HEADING
from trajcore.queued import compaction
from trajcore.replay.states import Mode, State
from trajcore.sandbox.base import Limits, SandboxSettings
from trajcore.session import Delivery, Session, Settings
from trajcore.trajectory import Trajectory
from trajcore.views.status import header_right

pytestmark = pytest.mark.usefixtures("toy")

SUMMARY = "They asked for noise, and noise was made."
PER_TOKEN = 4
TOOLS = 3_300
"""About so many characters are in the tools that a model is offered."""


@pytest.fixture(autouse=True)
async def _connections() -> AsyncIterator[None]:
    yield
    await close_connections()


# The estimate


def test_what_was_counted_is_known_and_what_came_since_is_told_by_its_characters() -> None:
    context = Context(1000)
    assert context.expects(350) == int(350 / CHARACTERS)
    context.answered(400, 40, prompt_tokens=200, completion_tokens=30)
    assert context.expects(440) == 230
    assert context.expects(440 + 100) == 280
    assert context.tokens == 230
    context.grown(20)
    assert context.tokens == 240


def test_what_no_provider_can_have_counted_is_not_believed() -> None:
    context = Context()
    context.answered(100_000, 0, prompt_tokens=10, completion_tokens=0)
    assert context.characters(1) == 8
    context.answered(100, 0, prompt_tokens=0, completion_tokens=0)
    assert context.characters(1) == 8


def test_the_reply_has_its_room_and_what_was_refused_is_not_sent_again() -> None:
    assert Context().budget is None
    assert Context(100_000, 1_000).budget == 99_000
    assert Context(1_000, 100_000).budget == 750
    context = Context()
    context.refused(7_000)
    assert context.budget == 1_000
    context.answered(5_000, 0, prompt_tokens=1_500, completion_tokens=1)
    assert context.budget == 1_500
    context.answered(8_000, 0, prompt_tokens=2_500, completion_tokens=1)
    assert context.budget is None


def test_a_picture_counts_alike_whatever_its_size() -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 1_000_000}}
    assert (
        1_000 < size_of([{"role": "user", "content": [{"type": "text", "text": "look"}, picture]}]) < 10_000
    )


# What is shortened


def test_a_result_is_cut_to_its_ends_and_says_so() -> None:
    told = messages(
        typed(user("go", 0), action("run", 1, command="a"), observed("run", "b" + "x" * 5_000 + "e", 1)),
        system=None,
    )
    (result,) = long_results(told)
    assert result.is_new
    made = shortened(told, {result.call})
    assert size_of(told) - size_of(made) == result.saved
    content = made[-1]["content"]
    assert content.startswith("bxxx")
    assert content.endswith("xxxe")
    assert "characters of this result are left out here" in content
    assert long_results(made) == []


# What can be forgotten

PARALLEL = response("r", "", ("a", "execute_bash", {"command": "1"}), ("b", "execute_bash", {"command": "2"}))
CONVERSATION = (
    action("system", 0, content="You work."),
    user("task", 1),
    action("recall", 2, "user", query="task", recall_type="workspace_context"),
    observed("recall", "Added", 2, "environment", recall_type="workspace_context") | {"id": 3},
    action("run", 4, command="x"),
    observed("run", "out", 4) | {"id": 5},
    called(action("run", 6, command="1"), "a", PARALLEL),
    observed("run", "one", 6) | {"id": 7},
    called(action("run", 8, command="2"), "b", PARALLEL),
    observed("run", "two", 8) | {"id": 9},
    agent("Shall I?", 10, wait_for_response=True),
    user("yes", 11),
    action("run", 12, command="y"),
    observed("run", "end", 12) | {"id": 13},
)


def test_the_task_stays_and_nothing_that_belongs_together_is_taken_apart() -> None:
    spans = spans_of(typed(*CONVERSATION))
    assert spans.events(len(CONVERSATION))[0].id == 4
    assert [spans.seen[cut].event.id for cut in spans.cuts] == [6, 10, 11, 12]


@pytest.mark.parametrize("source", ["user", None, "environment"])
def test_the_task_is_what_the_agent_did_not_say(source: str | None) -> None:
    told = typed(action("message", 0, source, content="task"), *CONVERSATION[4:])
    assert spans_of(told).first == 1


def test_a_condensation_has_the_shape_of_openhands_and_is_carried_out_by_the_view() -> None:
    spans = spans_of(typed(*CONVERSATION))
    event = spans.condensation(spans.cuts[1], SUMMARY)
    assert event["args"] == {
        "forgotten_event_ids": None, "forgotten_events_start_id": 4, "forgotten_events_end_id": 9,
        "summary": SUMMARY, "summary_offset": 4,
    }  # fmt: skip
    assert event["message"] == f"Summary: {SUMMARY}"
    told = messages(typed(*CONVERSATION, {**event, "id": 14}), system=None)
    assert [one["role"] for one in told] == ["system", "user", "assistant", "user", "assistant", "tool"]
    assert told[1]["content"] == f"task\n\n{SUMMARY}"


def test_events_whose_ids_are_not_in_their_order_are_named_one_by_one() -> None:
    inserted = user("typed in the middle", 99)
    events = (*CONVERSATION[:6], inserted, *CONVERSATION[6:])
    spans = spans_of(typed(*events))
    args = spans.condensation(spans.cuts[2], SUMMARY)["args"]
    assert args["forgotten_event_ids"] == [4, 5, 6, 7, 8, 9, 99]
    assert (args["forgotten_events_start_id"], args["forgotten_events_end_id"]) == (None, None)


def test_what_is_summarised_again_takes_the_summary_with_it() -> None:
    first = spans_of(typed(*CONVERSATION))
    condensed = [*CONVERSATION, {**first.condensation(first.cuts[0], "A summary."), "id": 14}]
    again = spans_of(typed(*condensed))
    assert getattr(again.events(again.cuts[0])[0], "content", None) == "A summary."
    event = again.condensation(again.cuts[-1], "All in one.")
    told = messages(typed(*condensed, {**event, "id": 15}), system=None)
    assert "A summary." not in str(told)
    assert told[1]["content"] == "task\n\nAll in one."


EDITS: dict[str, Callable[[Trajectory], object]] = {
    "inserted before": lambda recording: recording.insert(0, [user("by the way")]),
    "inserted among what is forgotten": lambda recording: recording.insert(6, [user("by the way")]),
    "deleted before": lambda recording: recording.delete([0]),
    "deleted of what is forgotten": lambda recording: recording.delete([4]),
    "deleted behind": lambda recording: recording.delete([6, 8]),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_a_recorded_condensation_means_the_same_events_once_others_came_or_went(
    edit: Callable[[Trajectory], object],
) -> None:
    spans = spans_of(typed(*CONVERSATION))
    event = {**spans.condensation(spans.cuts[1], SUMMARY), "id": 14}
    trajectory = Trajectory.from_bytes(json.dumps([*CONVERSATION, event]).encode())
    edit(trajectory)
    told = messages([trajectory.parsed(at).event for at in range(len(trajectory))], system=None)
    said = [text.removeprefix("by the way\n\n") for text in (str(one["content"]) for one in told)]
    assert said[1].startswith(f"task\n\n{SUMMARY}")
    assert ("by the way" in str(told)) == (len(trajectory) > len(CONVERSATION) + 1)
    assert not [text for text in said if text.split("\n")[0] in ("out", "one", "two")]


# A session


class Provider:
    """A model with a context of so many tokens, which counts four characters as one."""

    def __init__(self, script: Sequence[Answer], tokens: int | None = None) -> None:
        self.script = list(script)
        self.tokens = tokens
        self.summaries = 0
        self.summary = Answer(SUMMARY)

    def __call__(self, asked: list[dict[str, Any]]) -> Answer:
        tools = 0 if "You summarise" in asked[0]["content"] else TOOLS
        tokens = (tools + len(json.dumps(asked))) // PER_TOKEN
        if self.tokens is not None and tokens > self.tokens:
            text = f"This model's maximum context length is {self.tokens} tokens. You sent {tokens}."
            return Answer(status=400, error=text)
        if not tools:
            self.summaries += 1
            return replace(self.summary, prompt_tokens=tokens, completion_tokens=10, cost=0.5)
        answer = self.script.pop(0) if self.script else Answer("Done.")
        return replace(answer, prompt_tokens=tokens, completion_tokens=20)


_NUMBERS = itertools.count()


def noise(lines: int = 120) -> Answer:
    """A long result, each of another command: the same ones would be going round in circles."""
    command = f"seq -s ' some words in a line ' {lines} # {next(_NUMBERS)}"
    return Answer(calls=[Call("execute_bash", {"command": command})])


def opened(
    server: Loopback, window: int | None, recorded: Trajectory | None = None
) -> tuple[Session, list[notices.Notice]]:
    model = ModelSettings("openai/m", "sk-loopback-0123456789abcdef", server.url, max_input_tokens=window)
    world = SandboxSettings(image=IMAGE, limits=Limits(no_change=15.0, hard=30.0))
    session = Session(recorded or Trajectory.from_bytes(of_commands("echo 1")), Settings("toy", world, model))
    told: list[notices.Notice] = []
    session.subscribe(told.append)
    return session, told


async def say(session: Session, text: str = "make noise") -> None:
    session.message(text, Delivery.LIVE)
    await session.idle()


def lines(told: list[notices.Notice], words: str) -> list[str]:
    return [one.text for one in told if isinstance(one, notices.Said) and words in one.text]


def kinds(session: Session) -> list[str]:
    return [entry.head.kind for entry in session.run.entries]


async def test_requests_stay_under_the_limit_and_valid_and_the_saved_run_goes_on(tmp_path: Any) -> None:
    window = 4_000
    provider = Provider([noise() for _ in range(12)], tokens=window)
    with Loopback(provider) as server:
        session, told = opened(server, window)
        session.resume()
        await session.idle()
        await say(session)
        assert session.state is State.AWAITING_INPUT, session.failure
        assert [request.problems for request in server.requests] == [[]] * len(server.requests)
        assert 1 <= provider.summaries <= 4
        assert kinds(session).count("condensation") == provider.summaries
        assert len(lines(told, "are summarised for openai/m")) == provider.summaries
        assert lines(told, "only head and tail are sent")
        assert session.usage is not None
        assert session.usage.cost == pytest.approx(0.5 * provider.summaries)
        assert session.usage.replies == 13
        assert "context ~" in header_right(session, None)
        saved = await session.save_run(tmp_path / "run.json")
        await session.close()
        again, _ = opened(server, window, Trajectory.open(saved))
        again.resume()
        await again.idle()
        await say(again, "and then?")
        assert again.state is State.AWAITING_INPUT, again.failure
        assert HEADING in str(server.bodies[-1]["messages"])
        assert server.requests[-1].problems == []
        await again.close()


async def test_a_provider_that_finds_it_too_long_is_asked_once_more_with_less() -> None:
    provider = Provider([noise(400) for _ in range(6)], tokens=5_000)
    with Loopback(provider) as server:
        session, _ = opened(server, None)
        await say(session)
        assert session.state is State.AWAITING_INPUT, session.failure
        assert session.failure is None
        assert provider.script == []
        await session.close()


async def test_where_the_task_takes_nearly_all_the_room_it_goes_on_all_the_same() -> None:
    window = 4_000
    with Loopback(Provider([noise() for _ in range(6)], tokens=window)) as server:
        session, _ = opened(server, window)
        await say(session, "word " * 1_400)
        assert session.state is State.AWAITING_INPUT
        assert session.failure is None
        assert "condensation" in kinds(session)
        assert all("word word" in str(body["messages"]) for body in server.bodies if "tools" in body)
        await session.close()


async def test_where_nothing_helps_one_plain_line_ends_it() -> None:
    with Loopback(Provider([], tokens=1_000)) as server:
        session, told = opened(server, None)
        await say(session, "word " * 2_000)
        assert (session.state, session.mode) == (State.PAUSED, Mode.REPLAY)
        assert len(lines(told, "too long for")) == 1
        assert len(server.bodies) == 1
        await session.close()
    with Loopback(Provider([])) as server:
        session, told = opened(server, 3_000)
        await say(session, "word " * 3_000)
        assert len(lines(told, "does not fit the context of openai/m")) == 1
        assert server.bodies == []
        await session.close()


async def test_by_hand_with_words_and_going_back_before_it_restores_all() -> None:
    provider = Provider([noise(60), noise(60), noise(60)])
    with Loopback(provider) as server:
        session, told = opened(server, None)
        await say(session)
        whole = server.bodies[-1]["messages"]
        session.message("/compact keep the numbers")
        await session.idle()
        assert session.state is State.AWAITING_INPUT
        assert kinds(session)[-1] == "condensation"
        asked = server.bodies[-1]
        assert "tools" not in asked
        assert asked["messages"][-1]["content"].endswith("keep the numbers")
        assert lines(told, "events of the conversation are summarised")
        await say(session, "go on")
        assert SUMMARY in str(server.bodies[-1]["messages"])
        at = next(
            at for at in range(len(session.trajectory)) if session.trajectory.head(at).kind == "condensation"
        )
        session.go_back(session.back_to(at)[0])
        await session.idle()
        assert "condensation" not in kinds(session)
        await say(session, "once more")
        assert server.bodies[-1]["messages"][: len(whole)] == whole
        await session.close()


async def test_asked_for_while_the_model_works_it_waits_its_turn() -> None:
    slow = Answer(calls=[Call("execute_bash", {"command": "seq -s ' some words in a line ' 120; sleep 0.3"})])
    provider = Provider([noise(), slow, Answer("Done.")])
    with Loopback(provider) as server:
        session, _ = opened(server, None)

        def on(notice: notices.Notice) -> None:
            if isinstance(notice, notices.Executing) and "sleep" in notice.text and not session.queued:
                session.message("before")
                session.message("/compact")
                session.message("behind")

        session.subscribe(on)
        await say(session)
        assert session.queued == ()
        texts = [entry.head.text for entry in session.run.entries]
        places = [texts.index("before"), kinds(session).index("condensation"), texts.index("behind")]
        assert places == sorted(places)
        assert "/compact" not in str(server.bodies[-1]["messages"])
        await session.close()


@pytest.mark.parametrize("window", [None, 4_000])
async def test_a_summary_that_is_interrupted_leaves_all_as_it_was(window: int | None) -> None:
    provider = Provider(
        [noise(), noise(), Answer("Done.")] if window is None else [noise() for _ in range(9)]
    )
    provider.summary = Answer("They", hang=True)
    with Loopback(provider) as server:
        session, _ = opened(server, window)
        session.message("make noise", Delivery.LIVE)
        if window is None:
            await session.idle()
            session.compact()
        assert await asyncio.to_thread(server.hanging.wait, 20)
        before = list(session.run.entries)
        session.interrupt()
        await session.idle()
        assert session.state is State.AWAITING_INPUT
        assert session.run.entries == before
        provider.summary, provider.script = Answer(SUMMARY), []
        await say(session, "go on")
        assert "interrupted" not in str(server.bodies[-1]["messages"])
        assert server.bodies[-1]["messages"][-1]["content"].endswith("go on")
        await session.close()


async def test_a_finished_run_stays_finished() -> None:
    finish = Answer(calls=[Call("finish", {"message": "There was noise."})])
    with Loopback(Provider([noise(), noise(), finish])) as server:
        session, _ = opened(server, None)
        await say(session)
        assert session.state is State.FINISHED
        session.compact()
        await session.idle()
        assert (session.state, kinds(session)[-1]) == (State.FINISHED, "condensation")
        await session.close()


async def test_where_there_is_nothing_to_compact_it_says_so_and_leaves_all_as_it_was() -> None:
    with Loopback(Provider([Answer("Hello.")])) as server:
        session, told = opened(server, None)
        with pytest.raises(Exception, match="no model is at work here yet"):
            session.message("/compact")
        await say(session, "hi")
        session.compact()
        await session.idle()
        assert lines(told, "nothing to compact")
        assert (session.state, kinds(session)[-1]) == (State.AWAITING_INPUT, "message")
        assert len(server.bodies) == 1
        await session.close()


def test_only_the_command_itself_is_one() -> None:
    assert compaction("/compact") == ""
    assert compaction(" /compact  the  tests\nwell ") == "the  tests\nwell"
    assert [compaction(text) for text in ("", "compact", "/compaction", "say /compact")] == [None] * 4
