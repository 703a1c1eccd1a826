"""What runs in the process of the model: pieces of chunks, usage, prices, and what goes wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from trajcore.live.abilities import provider_of
from trajcore.live.failures import failure_of
from trajcore.live.serving import facts, merged, piece_of
from trajcore.masking import Mask


def delta(finish: str | None = None, **fields: Any) -> Any:
    return SimpleNamespace(choices=[SimpleNamespace(delta=SimpleNamespace(**fields), finish_reason=finish)])


def function(index: int, **fields: Any) -> Any:
    made = {"id": None, "name": None, "arguments": None, **fields}
    return SimpleNamespace(
        index=index, id=made["id"], function=SimpleNamespace(name=made["name"], arguments=made["arguments"])
    )


def test_a_piece_has_what_its_chunk_has_and_nothing_else() -> None:
    assert piece_of(SimpleNamespace(choices=[])) == {}
    assert piece_of(SimpleNamespace()) == {}
    assert piece_of(delta(content="")) == {}
    assert piece_of(delta(content="a")) == {"text": "a"}
    assert piece_of(delta(content=None, reasoning_content="hm")) == {"thinking": "hm"}
    assert piece_of(delta("stop", content=None)) == {"finish": "stop"}
    (call,) = piece_of(delta(tool_calls=[function(1, id="a", name="f", arguments="{")]))["calls"]
    assert call == {"index": 1, "id": "a", "name": "f", "arguments": "{"}
    (call,) = piece_of(delta(tool_calls=[function(0, name="f", arguments={"a": 1})]))["calls"]
    assert call["arguments"] == '{"a": 1}'


def test_usage_that_comes_twice_counts_once_and_nothing_of_it_is_lost() -> None:
    first = {"prompt_tokens": 100, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 4}}
    last = {"prompt_tokens": 0, "completion_tokens": 20, "prompt_tokens_details": {"cached_tokens": None}}
    both = {"prompt_tokens": 100, "completion_tokens": 20, "prompt_tokens_details": {"cached_tokens": 4}}
    assert merged(merged({}, first), last) == both
    assert merged(first, {"prompt_tokens_details": None})["prompt_tokens_details"] == {"cached_tokens": 4}


class HTTPStatusError(Exception):
    status_code = 529


class InternalServerError(Exception):
    status_code = 500


def test_the_status_is_the_one_that_was_sent_and_the_whole_text_goes_over() -> None:
    long = "x" * 100_000
    try:
        try:
            raise HTTPStatusError("sent")
        except HTTPStatusError as sent:
            raise InternalServerError(long) from sent
    except InternalServerError as error:
        found = facts(error)
    assert found == {
        "kinds": ["InternalServerError", "HTTPStatusError"],
        "status": 529,
        "text": long,
        "wait": None,
    }


KEY = "sk-0123456789-0123456789"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("litellm.X: AnthropicException - b'{\"type\": \"error\", \"error\": {\"message\": \"No\"}}'", "No"),
        ("litellm.X: XException - {'error': {'message': 'No', 'code': 3}}", "No"),
        ('OpenAIException - {"detail": "gone"} and more', "gone"),
        ('OpenAIException - {"error": "plain"}', "plain"),
        ("litellm.BadRequestError: OpenAIException - Plain words.", "Plain words."),
        ("OpenAIException - not {json at all", "not {json at all"),
        ("OpenAIException - {[]: 1}", "{[]: 1}"),
        ("OpenAIException - " + "{" * 90_000 + "}" * 3, "{" * 240),
        ("OpenAIException - " + "y" * 1_000_000, "y" * 240),
        ("x" * 230 + f" {KEY}", "x" * 230 + " <secret_h"),
    ],
)  # fmt: skip
def test_a_provider_is_heard_in_its_own_words_and_masked_before_they_are_cut(text: str, said: str) -> None:
    told = {"kinds": ["BadRequestError"], "status": 400, "text": text, "wait": None}
    line = failure_of(told, "m", None, Mask([KEY])).line
    assert line.endswith(f"It said: {said}")
    assert KEY[:8] not in line


def test_a_name_that_says_its_provider_is_not_asked_about() -> None:
    """Of `github_copilot/…` the library would ask GitHub for a token, whoever has recorded such a name."""

    def ask(model: str) -> Any:
        raise AssertionError(model)

    library = SimpleNamespace(provider_list=["openai", "github_copilot"], get_llm_provider=ask)
    assert provider_of(library, "github_copilot/gpt-4o") == "github_copilot"  # type: ignore[arg-type]
    assert provider_of(library, "openai/a/b") == "openai"  # type: ignore[arg-type]


TOO_LONG = (
    "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
    "prompt is too long: 215000 tokens > 200000 maximum",
    "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000",
    "the request exceeds the available context size, try increasing it",
    "The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).",
    "Input is too long for requested model.",
    "Requested tokens exceed context window of 4096",
    "The number of tokens to keep from the initial prompt is greater than the context length.",
    "Please reduce the length of the messages or completion.",
)


@pytest.mark.parametrize("text", TOO_LONG)
def test_a_request_that_is_too_long_is_known_by_what_providers_say(text: str) -> None:
    told = {"kinds": ["BadRequestError"], "status": 400, "text": text, "wait": None}
    assert failure_of(told, "m", None, Mask([])).too_long
    assert not failure_of({**told, "status": 429}, "m", None, Mask([])).too_long
    assert failure_of(
        {**told, "text": "no", "kinds": ["ContextWindowExceededError"]}, "m", None, Mask([])
    ).too_long


@pytest.mark.parametrize("text", ["max_tokens is too large: 9", "Invalid 'messages'", "You said too much."])
def test_nothing_else_is_taken_for_that(text: str) -> None:
    told = {"kinds": ["BadRequestError"], "status": 400, "text": text, "wait": None}
    assert not failure_of(told, "m", None, Mask([])).too_long


ORACLE = """
import json
import trajcore.live.serving as serving
from trajcore.live.assembly import Assembly

built = serving._QUIET.pop("stream_chunk_builder")
litellm = serving.library()
USAGE = {"prompt_tokens": 10, "completion_tokens": 3, "total_tokens": 13}

def chunk(delta, finish=None):
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return litellm.ModelResponseStream(id="r1", created=5, model="m", choices=[choice])

def call(index, arguments, **more):
    function = {"arguments": arguments, **({"name": more.pop("name")} if "name" in more else {})}
    return {"tool_calls": [{"index": index, "type": "function", "function": function, **more}]}

THOUGHT = {"type": "thinking", "thinking": ""}
OPEN = {"role": "assistant", "content": ""}
STREAMS = {
    "text": [OPEN, {"content": "He"}, {"content": "llo"}],
    "call": [OPEN, call(0, "", id="a", name="f"), call(0, '{"x"'), call(0, ": 1}")],
    "calls": [{"content": "so"}, call(0, "{}", id="a", name="f"), call(1, '{"y": ', id="b", name="g"),
              call(1, "2}")],
    "thinking": [{"reasoning_content": "hm", "thinking_blocks": [{**THOUGHT, "thinking": "hm"}]},
                 {"reasoning_content": "", "thinking_blocks": [{**THOUGHT, "signature": "S"}]},
                 {"content": "ok"}],
    "reasoning": [{"reasoning_content": "h"}, {"reasoning_content": "m"}, {"content": "ok"}],
}
for name, deltas in STREAMS.items():
    chunks = [*map(chunk, deltas), chunk({}, "stop")]
    ours = Assembly()
    for one in chunks:
        ours.add({**serving.piece_of(one), "head": serving._head(one)})
    ours.add({"ended": "stop"})
    theirs = litellm.stream_chunk_builder(chunks, messages=[]).model_dump(mode="json", warnings=False)
    ours = ours.response()
    del ours["usage"], theirs["usage"]
    print(json.dumps([name, ours, theirs]))

usage = litellm.Usage(**USAGE)
print(json.dumps(["known", *serving.price(litellm, "openai/gpt-4o", usage)]))
print(json.dumps(["unknown", *serving.price(litellm, "openai/nobody-knows", usage)]))
print(json.dumps(["told", *serving.price(litellm, "openai/nobody-knows", litellm.Usage(**USAGE, cost=0.5))]))
print(json.dumps(["split", *serving.price(litellm, "x", litellm.Usage(**USAGE, cost={"total_cost": 0.25}))]))
"""


def test_a_reply_is_put_together_as_the_library_itself_would() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ORACLE],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    for name, ours, theirs in lines[:5]:
        assert ours == theirs, name
    prices = {name: (cost, window) for name, cost, window in lines[5:]}
    assert prices["known"][0] > 0
    assert prices["known"][1] > 1000
    assert prices["unknown"] == (0.0, 0)
    assert prices["told"] == (0.5, 0)
    assert prices["split"] == (0.25, 0)
