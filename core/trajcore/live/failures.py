"""What went wrong with a model's reply, in plain words: what happened, what to do, whether to ask again."""

from __future__ import annotations

import ast
import contextlib
import json
import re
from dataclasses import dataclass, replace
from typing import Any, Final

from trajcore.live.assembly import Cut
from trajcore.live.modelsettings import ModelSettings
from trajcore.masking import Mask

_LONGEST: Final = 240
_MOST_UNPACKED: Final = 100_000
"""Characters of an error; more of them are no message, but a page."""
_NO_PROVIDER: Final = "Provider NOT provided"
_KEY_MISSING: Final = re.compile(
    r"missing (\w+ )?(credentials|api.?key)|api_key client option must be set", re.I
)
_PREFIXES: Final = re.compile(r"^((litellm|openai|httpx)\.\w+: |\w+(Error|Exception)(:| -)? )+")
_TWICE: Final = " Original exception: "
"""Behind this the library says all of it once more."""
_TOO_LONG: Final = re.compile(
    r"maximum context l|context_length_exceeded|context window|maximum input length|too many (input )?tokens"
    r"|(exceeds?|(larger|longer|greater) than) [\w' ]*context (length|limit|size)"
    r"|(prompt|input|history) (is|was) too long|input tokens? (count )?(\(\d+\) )?exceeds?"
    r"|inputs?` tokens \+ `max_new_tokens`|exceeds the maximum number of tokens"
    r"|reduce the length of the (messages|prompt|input)",
    re.I,
)
_REPEATING: Final = "repeating the same chunk"
_NO_CREDIT: Final = re.compile(
    r"insufficient_quota|exceeded your current quota|credit balance is too low", re.I
)

# The names of the exceptions on the way from the socket: their libraries are not imported here.
_BAD_ADDRESS: Final = {"UnsupportedProtocol", "InvalidURL", "LocalProtocolError"}
_UNREACHABLE: Final = {"ConnectError", "ConnectTimeout", "ClientConnectorError", "gaierror"}
_TIMEOUTS: Final = {"Timeout", "APITimeoutError", "ReadTimeout", "PoolTimeout", "WriteTimeout"}
_NONSENSE: Final = {"JSONDecodeError", "APIResponseValidationError"}
_BROKEN_OFF: Final = {"RemoteProtocolError", "ReadError", "WriteError"}
_IN_THE_MIDDLE: Final = "MidStreamFallbackError"
_NOT_THERE: Final = {"ImportError", "ModuleNotFoundError"}
_TRANSIENT: Final = {408, 409, 425, 429, 500, 502, 503, 504, 529}

NO_KEY: Final = "There is no key for {model}: set LLM_API_KEY, or [llm] api_key in config.toml."
NO_PROVIDER: Final = (
    "No provider is known for the model {model}: name it as provider/model, or set a base URL."
)
NOT_A_URL: Final = "{where} is not a URL that a model can be reached at: check the base URL."
_TOO_LARGE: Final = 413
_REFUSED: Final = {None, 400, 422, 500}
"""With these a provider may say that a request is too long; with a limit of its rate it says other things."""

TOO_LONG: Final = "The history is too long for {model}: go live from an earlier event, or use another model."
NO_END: Final = "The reply of {model} ended without a word that it was complete."
SILENT: Final = "The model {model} did not answer in time. Try again, or another model."


@dataclass(frozen=True)
class Failure:
    """`line` is for the user; `wait` is what the provider asked us to wait, in seconds, where it did."""

    line: str
    transient: bool
    wait: float | None = None
    too_long: bool = False
    """Whether the request was found to be too long for the model."""


@dataclass(frozen=True)
class _Fault:
    """What is known of an exception: the names of all in its chain, the HTTP status, the text."""

    kinds: frozenset[str]
    status: int | None
    text: str
    wait: float | None


def cut_short(cut: Cut, settings: ModelSettings) -> str:
    """That a reply is not whole, and what to do about it."""
    model, most = settings.model, settings.max_output_tokens
    match cut:
        case Cut.LENGTH:
            limit = "the limit of the provider" if most is None else f"{most} tokens"
            return (
                f"The reply of {model} was cut off at {limit}: raise [llm] max_output_tokens in config.toml."
            )
        case Cut.FILTERED:
            return (
                f"The reply of {model} was ended by the provider's content filter: ask for it in other words."
            )
    return (
        f"The reply of {model} broke off: what came of it is kept, and marked. A message goes on from there."
    )


def failure_of(facts: dict[str, Any], model: str, base_url: str | None, mask: Mask) -> Failure:
    """What an exception of the library means, of which these are the facts (`trajcore.live.serving`)."""
    fault = _Fault(
        frozenset(facts.get("kinds", ())),
        facts.get("status"),
        facts.get("text", ""),
        _seconds(facts.get("wait")),
    )
    found = _of_the_way(fault, model, mask.message(base_url or "the provider"))
    if found is None:
        line, transient = _of_the_provider(fault, model)
        found = Failure(f"{line}{_said(fault.text, mask)}", transient, fault.wait, _is_too_long(fault))
    return replace(found, line=mask.message(found.line))


def _of_the_way(fault: _Fault, model: str, where: str) -> Failure | None:
    """What is wrong before the provider has an opinion; None where nothing is."""
    kinds, status = fault.kinds, fault.status
    if kinds & _NOT_THERE and status is None:
        missing = " ".join(fault.text.split())
        return Failure(
            f"litellm cannot be imported ({missing}): reinstall trajtui with its dependencies.", False
        )
    if _KEY_MISSING.search(fault.text):
        return Failure(NO_KEY.format(model=model), transient=False)
    if kinds & _BAD_ADDRESS:
        return Failure(NOT_A_URL.format(where=where), False)
    refused = "ConnectionRefusedError" in kinds
    if refused or kinds & _UNREACHABLE:
        reason = "nothing listens there" if refused else "is the network up?"
        line = f"Cannot reach {where} for the model {model} ({reason}). Check the network and the base URL."
        return Failure(line, transient=not refused)
    if kinds & _TIMEOUTS:
        return Failure(SILENT.format(model=model), True)
    if kinds & _NONSENSE and "HTTPStatusError" not in kinds:
        return Failure(f"{where} sent something that is no reply of a model: check the base URL.", False)
    if _REPEATING in fault.text:
        line = f"The model {model} said the same over and over: it was given up. Try again, or another model."
        return Failure(line, transient=False)
    if kinds & _BROKEN_OFF:
        return Failure(f"The connection to {where} broke off in the middle of the reply. Try again.", True)
    return None


def _of_the_provider(fault: _Fault, model: str) -> tuple[str, bool]:
    """What the provider has against the request, and whether that may pass."""
    if _is_too_long(fault):
        return TOO_LONG.format(model=model), False
    if _NO_CREDIT.search(fault.text):
        return f"The account that {model} is asked with has no credit left: check its balance.", False
    if _NO_PROVIDER in fault.text:
        return NO_PROVIDER.format(model=model), False
    if _IN_THE_MIDDLE in fault.kinds:
        line = f"The provider of {model} broke off the reply: try again later."
        return line, True
    return _of_status(fault.status, model), fault.status in _TRANSIENT


def _is_too_long(fault: _Fault) -> bool:
    """Whether a provider found the request too long: litellm knows the words of many, and not of all."""
    refused = fault.status in _REFUSED and _TOO_LONG.search(fault.text) is not None
    return "ContextWindowExceededError" in fault.kinds or fault.status == _TOO_LARGE or refused


def _of_status(status: int | None, model: str) -> str:
    match status:
        case 401 | 403:
            return f"The key for {model} was refused: check LLM_API_KEY, or [llm] api_key in config.toml."
        case 402:
            return f"The provider wants to be paid before it answers as {model}: check the account's balance."
        case 404:
            return (
                f"There is no model {model} there: check --model, LLM_MODEL, or [llm] model in config.toml."
            )
        case 429:
            return f"The provider's rate limit for {model} is reached: wait, or use another model."
        case 529:
            return f"The provider of {model} is overloaded (status 529): try again later."
        case int() if status >= 500:
            return f"The provider of {model} failed (status {status}): try again later."
    return f"The provider refused the request to {model}: check the model and its settings."


def _said(text: str, mask: Mask) -> str:
    """The provider's own words, without the library's prefixes and what they were packed in."""
    if _NO_PROVIDER in text:
        return ""
    text = _PREFIXES.sub("", text.partition(_TWICE)[0])
    text = mask.message(" ".join(_unpacked(text).split()))
    return f" It said: {text[:_LONGEST]}" if text else ""


def _unpacked(text: str) -> str:
    """The message in an error that is JSON, perhaps of bytes; the text itself where there is none."""
    if len(text) > _MOST_UNPACKED:
        return text
    packed = re.search(r"""b(['"]).*\1""", text, re.S)
    if packed is not None:
        with contextlib.suppress(ValueError, SyntaxError):
            text = ast.literal_eval(packed[0]).decode("utf-8", "replace")
    begin, end = text.find("{"), text.rfind("}") + 1
    value: Any = None
    if 0 <= begin < end:
        with contextlib.suppress(ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            value = ast.literal_eval(text[begin:end])
        with contextlib.suppress(ValueError, RecursionError):
            value = json.JSONDecoder().raw_decode(text, begin)[0]
    return _message(value) or text


def _message(value: Any) -> str:
    """What an error says: under `error`, under `message`, or as it is."""
    if isinstance(value, str):
        return value
    if not isinstance(value, dict):
        return ""
    return next(filter(None, (_message(value.get(name)) for name in ("error", "message", "detail"))), "")


def _seconds(wait: object) -> float | None:
    """The provider's Retry-After, in seconds."""
    try:
        seconds = float(wait) if isinstance(wait, str | int | float) else -1.0
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None
