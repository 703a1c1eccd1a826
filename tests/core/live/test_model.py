"""The model through the real litellm, against the loopback server."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from dataclasses import replace
from typing import Any

import pytest

from hearing import Heard
from loopback import Answer, Call, Loopback
from trajcore.dialects.openhands_v0.tools import TOOL_MAP
from trajcore.errors import ModelUnavailable
from trajcore.live.assembly import Cut
from trajcore.live.failures import cut_short
from trajcore.live.model import NO_MODEL, Model, ModelSettings, Patience, close_connections
from trajcore.live.modelprocess import MODELS

TOOLS = TOOL_MAP.schemas()
KEY = "sk-loopback-0123456789abcdef"
ASK = [{"role": "user", "content": "hello"}]


@pytest.fixture(autouse=True)
async def _connections():
    yield
    await close_connections()


def model_at(server: Loopback | None, model: str = "loopback", attempts: int = 1, **settings) -> Model:
    base_url = settings.pop("base_url", server.url if server else None)
    patience = Patience(timeout=settings.pop("timeout", 20.0), attempts=attempts, first_wait=0.01)
    return Model(ModelSettings(model, settings.pop("api_key", KEY), base_url, **settings), patience)


async def failure(model: Model, heard: Heard | None = None) -> str:
    with pytest.raises(ModelUnavailable) as caught:
        await model.reply(ASK, TOOLS, heard or Heard())
    line = str(caught.value)
    assert "\n" not in line
    assert KEY not in line
    return line


async def test_text_comes_in_order_and_in_pieces():
    text = "First I look around, then I change what has to be changed."
    heard = Heard()
    with Loopback([Answer(text)]) as server:
        reply = await model_at(server).reply(ASK, TOOLS, heard)
    assert "".join(heard.texts) == text == reply.text
    assert len(heard.texts) > 3
    assert reply.tool_calls == ()


@pytest.mark.parametrize("bound", ["_LONGEST", "_MOST_PIECES"])
async def test_a_reply_that_does_not_end_is_given_up(bound: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(f"trajcore.live.model.{bound}", 50)
    endless = (
        Answer(calls=[Call("think", {"thought": "x" * 5000})]) if bound == "_LONGEST" else Answer("x " * 5000)
    )
    with Loopback([endless, Answer("ok")]) as server:
        with pytest.raises(ModelUnavailable, match=r"^The model \S+ does not end its reply[^\n]*$"):
            await model_at(server).reply(ASK, TOOLS, Heard())
        assert (await model_at(server).reply(ASK, TOOLS, Heard())).text == "ok"


async def test_request_carries_messages_tools_key_and_temperature():
    with Loopback([Answer("ok")]) as server:
        await model_at(server, temperature=0.25).reply(ASK, TOOLS, Heard())
        request = server.requests[0]
    assert request.body["messages"] == ASK
    assert request.body["tools"] == TOOLS
    assert request.body["temperature"] == 0.25
    assert request.body["model"] == "loopback"
    assert request.headers[
        "authorization" if "authorization" in request.headers else "Authorization"
    ].endswith(KEY)


async def test_tool_calls_are_put_together_from_fragments():
    calls = [
        Call("execute_bash", {"command": "grep -rn 'needle' /workspace | head -n 20"}, "call_a"),
        Call("think", {"thought": "naïve – “quoted” ✓"}, "call_b"),
    ]
    with Loopback([Answer("Looking.", calls)]) as server:
        reply = await model_at(server).reply(ASK, TOOLS, Heard())
    assert [(call.id, call.name, call.parsed()) for call in reply.tool_calls] == [
        (call.id, call.name, call.arguments) for call in calls
    ]
    message = reply.response["choices"][0]["message"]
    assert message["role"] == "assistant"
    assert message["content"] == "Looking."
    assert [call["id"] for call in message["tool_calls"]] == ["call_a", "call_b"]
    assert {"id", "created", "model", "object", "usage"} <= reply.response.keys()
    assert reply.response["id"] == "chatcmpl-loopback-1"


@pytest.mark.parametrize("missing", [{}, {"id": None}, {"id": ""}], ids=["missing", "null", "empty"])
async def test_a_call_without_an_id_is_given_one_of_its_own(missing: dict[str, Any]):
    def piece(**call: Any) -> str:
        choice = {"index": 0, "delta": {"role": "assistant", "tool_calls": [call]}, "finish_reason": None}
        return f"data: {json.dumps({'id': 'c1', 'object': 'chat.completion.chunk', 'choices': [choice]})}\n\n"

    raw = "".join(
        piece(
            index=index, type="function", function={"name": "execute_bash", "arguments": '{"command"'}, **id
        )
        + piece(index=index, function={"arguments": ': "ls"}'}, **id)
        for index, id in enumerate((missing, {"id": "call_1"}, missing))
    )
    with Loopback([Answer(raw=raw + "data: [DONE]\n\n")] * 2) as server:
        model = model_at(server)
        calls = [call for _ in range(2) for call in (await model.reply(ASK, TOOLS, Heard())).tool_calls]
    assert [(call.name, call.arguments) for call in calls] == [("execute_bash", '{"command": "ls"}')] * 6
    assert [call.id for call in calls[1::3]] == ["call_1", "call_1"]
    own = [call.id for call in (*calls[::3], *calls[2::3])]
    assert len({*own, "call_1", ""}) == 6


async def test_a_call_that_repeats_an_id_of_the_request_is_given_another():
    call = {"id": "call_1", "type": "function", "function": {"name": "think", "arguments": "{}"}}
    asked = [*ASK, {"role": "assistant", "content": None, "tool_calls": [call]}]
    asked.append({"role": "tool", "tool_call_id": "call_1", "content": "ok"})
    calls = [Call("think", {"thought": name}, id) for name, id in (("a", "call_1"), ("b", "call_2"))]
    with Loopback([Answer(calls=calls)]) as server:
        reply = await model_at(server).reply(asked, TOOLS, Heard())
    first, second = reply.tool_calls
    assert (first.parsed(), second.parsed()) == ({"thought": "a"}, {"thought": "b"})
    assert first.id not in ("call_1", "call_2", "")
    assert second.id == "call_2"
    assert reply.response["choices"][0]["message"]["tool_calls"][0]["id"] == first.id


async def test_usage_adds_up_and_an_unknown_model_costs_nothing():
    answers = [
        Answer("a", prompt_tokens=100, completion_tokens=5),
        Answer("b", prompt_tokens=130, completion_tokens=7),
    ]
    with Loopback(answers) as server:
        model = model_at(server)
        await model.reply(ASK, TOOLS, Heard())
        await model.reply(ASK, TOOLS, Heard())
    usage = model.usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.context) == (230, 12, 137)
    assert (usage.cost, usage.replies) == (0.0, 2)


async def test_known_model_has_a_cost_and_a_window():
    with Loopback([Answer("a", prompt_tokens=1000, completion_tokens=500)]) as server:
        model = model_at(server, "openai/gpt-4o")
        await model.reply(ASK, TOOLS, Heard())
        assert server.bodies[0]["model"] == "gpt-4o"
    assert model.usage.cost > 0
    assert model.usage.window > 1000


async def test_plain_name_with_a_slash_goes_to_the_base_url_whole():
    with Loopback([Answer("a")]) as server:
        await model_at(server, "some-lab/some-model", api_key=None).reply(ASK, TOOLS, Heard())
        assert server.bodies[0]["model"] == "some-lab/some-model"


async def test_cancel_closes_the_request_within_a_second():
    with Loopback([Answer("some text", hang=True)]) as server:
        asked = asyncio.create_task(model_at(server).reply(ASK, TOOLS, Heard()))
        assert await asyncio.to_thread(server.hanging.wait, 10)
        start = time.monotonic()
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert await asyncio.to_thread(server.hung_up.wait, 5)
        assert time.monotonic() - start < 1


async def test_cancel_before_the_first_byte_closes_the_request():
    with Loopback([Answer("late", delay=30)]) as server:
        asked = asyncio.create_task(model_at(server).reply(ASK, TOOLS, Heard()))
        while not server.requests:
            await asyncio.sleep(0.01)
        start = time.monotonic()
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert await asyncio.to_thread(server.hung_up.wait, 5)
        assert time.monotonic() - start < 1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(status=401, error=f"Incorrect API key provided: {KEY}."), "LLM_API_KEY"),
        (Answer(status=401, error="Incorrect API key provided: sk-loop**********cdef."), "LLM_API_KEY"),
        (Answer(status=403, error=f"forbidden for Bearer {KEY}"), "LLM_API_KEY"),
        (Answer(status=404, error="The model does not exist"), "no model loopback"),
        (Answer(status=402, error="no credit"), "balance"),
        (Answer(status=400, error="messages: too\nmany\nlines"), "refused the request"),
        (Answer(status=400, error="This model's maximum context length is 10 tokens"), "too long"),
        (Answer(status=429, error="slow down"), "rate limit"),
        (Answer(status=500, error=f"oops {KEY}"), "status 500"),
        (Answer(status=503), "status 503"),
        (Answer(status=529), "status 529"),
    ],
)
async def test_refusals_are_one_plain_line_without_the_key(answer: Answer, expected: str):
    with Loopback([answer]) as server:
        line = await failure(model_at(server))
    assert expected in line
    assert "litellm" not in line.lower()
    assert "cdef" not in line


async def test_nothing_listens():
    with Loopback() as server:
        gone = server.url
    line = await failure(model_at(None, base_url=gone, attempts=3))
    assert "Cannot reach" in line
    assert gone in line


async def test_no_such_host():
    assert "Cannot reach" in await failure(model_at(None, base_url="http://no-such-host.invalid/v1"))


async def test_timeout_says_so():
    with Loopback([Answer("late", delay=30)]) as server:
        assert "did not answer in time" in await failure(model_at(server, timeout=0.2))


async def test_silence_in_the_middle_of_a_reply_is_a_timeout():
    with Loopback([Answer("some text", hang=True)]) as server:
        assert "did not answer in time" in await failure(model_at(server, timeout=0.2))


async def test_a_reply_that_breaks_off_is_asked_for_again():
    heard = Heard()
    with Loopback([Answer("half a", drop=True), Answer("whole")]) as server:
        reply = await model_at(server, attempts=2).reply(ASK, TOOLS, heard)
    assert reply.text == "whole"
    assert "broke off" in heard.retries[0]


async def test_rate_limit_is_waited_out_and_shown():
    heard = Heard()
    answers = [Answer(status=429, error="slow down"), Answer(status=500), Answer("now")]
    with Loopback(answers) as server:
        reply = await model_at(server, attempts=4).reply(ASK, TOOLS, heard)
        assert len(server.bodies) == 3
    assert reply.text == "now"
    assert "attempt 2 of 4" in heard.retries[0]
    assert "attempt 3 of 4" in heard.retries[1]


async def test_provider_says_how_long_to_wait():
    with Loopback([Answer(status=429, headers={"retry-after": "0.4"}), Answer("now")]) as server:
        start = time.monotonic()
        await model_at(server, attempts=2).reply(ASK, TOOLS, Heard())
    assert time.monotonic() - start >= 0.4


async def test_bad_key_is_not_tried_again():
    with Loopback([Answer(status=401), Answer("never")]) as server:
        await failure(model_at(server, attempts=4))
        assert len(server.bodies) == 1


async def test_key_in_the_reply_is_masked_on_screen_and_in_the_record():
    heard = Heard()
    call = Call("execute_bash", {"command": f"echo {KEY}"})
    with Loopback([Answer(f"Your key is {KEY}, keep it.", [call])]) as server:
        reply = await model_at(server).reply(ASK, TOOLS, heard)
    assert "".join(heard.texts) == "Your key is <secret_hidden>, keep it." == reply.text
    assert KEY not in str(reply.response)
    assert KEY not in str(reply.tool_calls)


async def test_missing_model_and_unknown_provider():
    assert await failure(Model(ModelSettings())) == NO_MODEL
    assert "provider/model" in await failure(model_at(None, "nobody-knows-this"))


def test_settings_do_not_show_the_key():
    assert KEY not in repr(ModelSettings("m", KEY))


async def test_connections_can_be_closed_in_between():
    with Loopback([Answer("one"), Answer("two")]) as server:
        model = model_at(server)
        await model.reply(ASK, TOOLS, Heard())
        await close_connections()
        assert (await model.reply(ASK, TOOLS, Heard())).text == "two"


@pytest.mark.parametrize("raw", ["<html>not an API</html>", "data: {broken\n\n", "data: [1, 2]\n\n", ""])
async def test_a_server_that_talks_nonsense(raw: str):
    with Loopback([Answer(raw=raw)]) as server:
        await failure(model_at(server))


async def test_prompt_of_anthropic_is_marked_for_its_cache():
    asked = [{"role": "system", "content": "Be good."}, *ASK]
    with Loopback([Answer(status=401)]) as server:
        model = model_at(server, "anthropic/claude-sonnet-4-5", base_url=server.url.removesuffix("/v1"))
        with pytest.raises(ModelUnavailable):
            await model.reply(asked, TOOLS, Heard())
        body = server.requests[0].body
    assert "cache_control" in body["system"][-1]
    assert "cache_control" in body["messages"][-1]["content"][-1]


@pytest.mark.parametrize("name", ["gpt-4o", "anthropic/claude-sonnet-4-5"])
async def test_missing_key_says_so(name: str, monkeypatch: pytest.MonkeyPatch):
    for variable in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(variable, raising=False)
    line = await failure(model_at(None, name, api_key=None, attempts=3))
    assert "no key" in line
    assert "LLM_API_KEY" in line


async def test_base_url_that_is_none():
    assert "not a URL" in await failure(model_at(None, base_url="localhost:1"))


async def test_failing_gateway_that_speaks_html_is_asked_again():
    with Loopback([Answer(status=502, raw="<html>Bad gateway</html>"), Answer("fine")]) as server:
        assert (await model_at(server, attempts=2).reply(ASK, TOOLS, Heard())).text == "fine"


async def test_no_task_is_left_behind():
    before = asyncio.all_tasks()
    with Loopback([Answer("ok")]) as server:
        await model_at(server).reply(ASK, TOOLS, Heard())
    # A generator of the library that the collector finds unfinished is closed in a task of the loop's own.
    async with asyncio.timeout(5):
        while asyncio.all_tasks() != before:
            await asyncio.sleep(0.01)


# While it comes


async def test_thoughts_and_arguments_are_told_while_they_come():
    calls = [Call("execute_bash", {"command": "ls"}), Call("think", {"thought": "so"})]
    heard = Heard()
    with Loopback([Answer("Looking.", calls, thinking="I ought to look.", interleaved=True)]) as server:
        reply = await model_at(server).reply(ASK, TOOLS, heard)
    assert "".join(heard.thoughts) == "I ought to look."
    assert heard.called == [(call.name, call.text) for call in calls]
    assert len(heard.calls[0][1]) > 2
    assert reply.response["choices"][0]["message"]["reasoning_content"] == "I ought to look."


async def test_key_in_pieces_is_masked_in_thoughts_and_arguments():
    call = Call("execute_bash", {"command": f"echo {KEY}; ls"})
    heard = Heard()
    with Loopback([Answer("", [call], thinking=f"The key is {KEY}, so")]) as server:
        await model_at(server).reply(ASK, TOOLS, heard)
    assert "".join(heard.thoughts) == "The key is <secret_hidden>, so"
    assert heard.called == [("execute_bash", json.dumps({"command": "echo <secret_hidden>; ls"}))]
    assert not any(KEY[:12] in piece for piece in (*heard.thoughts, *heard.calls[0][1]))


async def test_thoughts_of_anthropic_come_with_their_signature():
    heard = Heard()
    call = Call("execute_bash", {"command": "ls"})
    with Loopback([Answer("Looking.", [call], thinking="I ought to look.")]) as server:
        base_url = server.url.removesuffix("/v1")
        model = model_at(server, "anthropic/claude-sonnet-4-5", base_url=base_url)
        reply = await model.reply(ASK, TOOLS, heard)
    message = reply.response["choices"][0]["message"]
    assert "".join(heard.thoughts) == message["reasoning_content"] == "I ought to look."
    signed = {
        "type": "thinking",
        "thinking": "I ought to look.",
        "signature": "signature-of-chatcmpl-loopback-1",
    }
    assert message["thinking_blocks"] == [signed]
    assert "provider_specific_fields" not in message
    assert [(one.name, one.parsed()) for one in reply.tool_calls] == [("execute_bash", {"command": "ls"})]
    assert (reply.text, reply.cut) == ("Looking.", None)
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (100, 20)
    assert reply.usage.cost > 0


WHOLE = Answer(
    "Ünïcode – “quoted” ✓ 😀",
    [Call("execute_bash", {"command": "printf 'ä\n'"}), Call("think", {"thought": "é"})],
)


@pytest.mark.parametrize(
    "more",
    [
        {"interleaved": True},
        {"ids": "missing"},
        {"ids": "null"},
        {"ids": "empty"},
        {"one_index": True},
        {"one_index": True, "ids": "missing"},
        {"one_index": True, "whole_calls": True, "ids": "null"},
        {"whole_calls": True},
        {"piece": 1},
        {"unescaped": True, "cut": 1},
        {"unescaped": True, "cut": 3, "crlf": True, "comments": True},
        {"crlf": True},
        {"comments": True},
        {"usage": "with_finish"},
        {"usage": "each"},
        {"usage": "none"},
        {"finish": "stop"},
    ],
    ids=str,
)
async def test_a_reply_is_the_same_however_it_comes(more: dict[str, Any]):
    heard = Heard()
    with Loopback([replace(WHOLE, **more)]) as server:
        reply = await model_at(server).reply(ASK, TOOLS, heard)
    assert reply.text == "".join(heard.texts) == WHOLE.text
    assert [(call.name, call.parsed()) for call in reply.tool_calls] == [
        (call.name, call.arguments) for call in WHOLE.calls
    ]
    assert heard.called == [(call.name, call.text) for call in WHOLE.calls]
    assert len({call.id for call in reply.tool_calls} - {""}) == 2
    assert reply.usage.prompt_tokens == (0 if more.get("usage") == "none" else 100)
    assert (reply.cut, heard.retries, heard.warnings) == (None, [], [])


# How it ends


@pytest.mark.parametrize(("finish", "cut"), [("length", Cut.LENGTH), ("content_filter", Cut.FILTERED)])
async def test_a_reply_that_is_not_whole_says_why(finish: str, cut: Cut):
    with Loopback(
        [Answer("half a", finish=finish), Answer("", finish=finish, completion_tokens=0)]
    ) as server:
        model = model_at(server)
        reply = await model.reply(ASK, TOOLS, Heard())
        assert (reply.text, reply.cut) == ("half a", cut)
        assert reply.response["choices"][0]["finish_reason"] == finish
        assert (await model.reply(ASK, TOOLS, Heard())).cut is cut
    line = cut_short(cut, model.settings)
    assert "\n" not in line
    assert ("max_output_tokens" in line) == (cut is Cut.LENGTH)


@pytest.mark.parametrize("how", [{"closes": True}, {"finish": ""}], ids=["closes", "no reason"])
async def test_text_that_ends_unsaid_is_asked_for_again_and_kept_the_second_time(how: dict[str, Any]):
    half, heard = Answer("half a", **how), Heard()
    with Loopback([half, Answer("whole"), half, half, half]) as server:
        model = model_at(server, attempts=4)
        reply = await model.reply(ASK, TOOLS, heard)
        assert (reply.text, reply.cut) == ("whole", None)
        assert "without a word that it was complete" in heard.retries[0]
        for _ in range(2):
            reply = await model.reply(ASK, TOOLS, heard)
            assert (reply.text, reply.cut) == ("half a", Cut.BROKEN)
            assert reply.response["choices"][0]["finish_reason"] is None
        assert len(server.bodies) == 5
    assert len(heard.retries) == 2


async def test_calls_that_are_whole_are_taken_where_the_end_is_unsaid_which_is_told_once():
    answer, heard = Answer("", [Call("think", {"thought": "x"})], closes=True), Heard()
    with Loopback([answer, answer]) as server:
        model = model_at(server, attempts=4)
        replies = [await model.reply(ASK, TOOLS, heard) for _ in range(2)]
        assert len(server.bodies) == 2
    assert [reply.cut for reply in replies] == [None, None]
    assert len(heard.warnings) == 1


async def test_arguments_that_end_unsaid_are_asked_for_again():
    half = Answer("", [Call("think", '{"thought": "hal')], closes=True)
    with Loopback([half, Answer("", [Call("think", {"thought": "whole"})])]) as server:
        reply = await model_at(server, attempts=2).reply(ASK, TOOLS, Heard())
    assert [call.parsed() for call in reply.tool_calls] == [{"thought": "whole"}]


async def test_what_had_come_of_a_reply_that_breaks_off_for_good_is_known():
    with Loopback([Answer("half a word, then", drop=True, usage="each")]) as server:
        model = model_at(server)
        await failure(model)
    assert model.part == "half a word, then"
    assert (model.usage.prompt_tokens, model.usage.replies) == (100, 0)


async def test_what_had_come_of_a_reply_that_is_interrupted_is_known():
    with Loopback([Answer(f"some text {KEY}", hang=True)]) as server:
        model = model_at(server)
        asked = asyncio.create_task(model.reply(ASK, TOOLS, Heard()))
        assert await asyncio.to_thread(server.hanging.wait, 10)
        await asyncio.sleep(0.1)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
    assert model.part in ("some text <secret_hidden>", "some text ")


# What goes wrong


async def test_an_error_in_the_middle_is_told_in_its_words_and_asked_again():
    heard = Heard()
    with Loopback([Answer("half", breaks="the machine is on fire"), Answer("whole")]) as server:
        assert (await model_at(server, attempts=2).reply(ASK, TOOLS, heard)).text == "whole"
    assert "It said: the machine is on fire" in heard.retries[0]
    assert "connection" not in heard.retries[0]


OVERLOADED = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
TOO_LONG = {"type": "error", "error": {"type": "invalid_request_error",
            "message": "prompt is too long: 210000 tokens > 200000 maximum"}}  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "expected", "words"),
    [
        (Answer(status=529, refusal=OVERLOADED), "overloaded (status 529)", "It said: Overloaded"),
        (Answer(status=400, refusal=TOO_LONG), "too long for", "It said: prompt is too long"),
        (Answer("half", breaks="Overloaded"), "broke off the reply", "It said: Overloaded"),
    ],
    ids=["overloaded", "too long", "in the middle"],
)
async def test_errors_of_anthropic_are_plain_words(answer: Answer, expected: str, words: str):
    with Loopback([answer]) as server:
        base_url = server.url.removesuffix("/v1")
        line = await failure(model_at(server, "anthropic/claude-sonnet-4-5", base_url=base_url))
    assert expected in line
    assert words in line
    assert not {"{", "b'", "}"} & set(line.split())
    assert "{" not in line


async def test_an_account_without_credit_is_not_asked_again():
    spent = {"error": {"message": "You exceeded your current quota.", "type": "insufficient_quota",
                       "code": "insufficient_quota"}}  # fmt: skip
    with Loopback([Answer(status=429, refusal=spent)] * 4) as server:
        line = await failure(model_at(server, attempts=4))
        assert len(server.bodies) == 1
    assert "no credit" in line


async def test_a_model_that_repeats_itself_is_no_broken_connection_that_is_paid_four_times():
    with Loopback([Answer("again! " * 400)] * 4) as server:
        model = model_at(server, attempts=4)
        line = await failure(model)
        assert len(server.bodies) == 1
    assert "over and over" in line
    assert model.part.startswith("again! again! ")


async def test_a_provider_that_asks_for_more_patience_than_anybody_has_is_not_asked_again():
    with Loopback([Answer(status=429, headers={"retry-after": "7200"})] * 2) as server:
        line = await failure(model_at(server, attempts=4))
        assert len(server.bodies) == 1
    assert "7200 s" in line


def test_a_provider_is_not_asked_before_it_wants_to_be():
    assert Patience().wait(1, 90.0) == 90.0
    assert [Patience().wait(failed, None) for failed in (1, 2, 3, 9)] == [2.0, 4.0, 8.0, 60.0]


async def test_the_end_of_the_process_is_one_plain_line_and_the_next_message_starts_another():
    with Loopback([Answer("some text", hang=True), Answer("whole")]) as server:
        model = model_at(server, attempts=4)
        asked = asyncio.create_task(failure(model))
        assert await asyncio.to_thread(server.hanging.wait, 10)
        assert MODELS.pid is not None
        os.kill(MODELS.pid, signal.SIGKILL)
        line = await asked
        assert "killed" in line
        assert len(server.bodies) == 1
        assert (await model.reply(ASK, TOOLS, Heard())).text == "whole"


# What is asked


async def test_the_most_tokens_of_a_reply_are_asked_for():
    with Loopback([Answer("ok")]) as server:
        await model_at(server, max_output_tokens=77).reply(ASK, TOOLS, Heard())
        assert server.bodies[0]["max_tokens"] == 77


@pytest.mark.parametrize(
    ("name", "given", "size"),
    [("openai/gpt-4", None, 8192), ("openai/of-our-own", None, None), ("openai/gpt-4", 1000, 1000)],
)
async def test_how_large_a_context_is_is_looked_up_where_nobody_says(
    name: str, given: int | None, size: int | None
):
    model = model_at(None, name, base_url="http://127.0.0.1:1/v1", max_input_tokens=given)
    await model.look_up()
    assert model.context.window == size


async def test_a_price_that_only_the_provider_knows_is_taken():
    with Loopback([Answer("a", cost=0.25)]) as server:
        model = model_at(server)
        await model.reply(ASK, TOOLS, Heard())
    assert model.usage.cost == 0.25


async def test_no_tokenizer_is_fetched_for_a_model_that_has_one_elsewhere():
    with Loopback([Answer("a", usage="none"), Answer("a", usage="none")]) as server:
        model = model_at(server, "openai/llama-3.1-8b", timeout=5.0)
        await model.reply(ASK, TOOLS, Heard())
        begun = time.monotonic()
        await model.reply(ASK, TOOLS, Heard())
    assert time.monotonic() - begun < 3


async def test_two_models_are_asked_at_a_time_and_one_that_is_interrupted_leaves_the_other():
    with Loopback([Answer("one", hang=True)]) as first, Loopback([Answer("two " * 10, pause=0.05)]) as second:
        hung = asyncio.create_task(model_at(first).reply(ASK, TOOLS, Heard()))
        assert await asyncio.to_thread(first.hanging.wait, 10)
        going = asyncio.create_task(model_at(second).reply(ASK, TOOLS, Heard()))
        while not second.requests:
            await asyncio.sleep(0.01)
        hung.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hung
        assert await asyncio.to_thread(first.hung_up.wait, 5)
        assert (await going).text == "two " * 10
