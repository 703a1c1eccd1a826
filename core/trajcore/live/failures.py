"""A model library's exceptions in plain words: what happened, what to do, and whether to try again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from trajcore.masking import Mask

_LONGEST: Final = 240
_NO_PROVIDER: Final = "Provider NOT provided"
_NO_KEY: Final = re.compile(r"missing (\w+ )?(credentials|api.?key)|api_key client option must be set", re.I)
_PREFIXES: Final = re.compile(r"^(litellm\.\w+: |\w+(Error|Exception):? )+")

# The names of the exceptions on the way from the socket: their libraries are not imported here.
_NOT_A_URL: Final = {"UnsupportedProtocol", "InvalidURL", "LocalProtocolError"}
_UNREACHABLE: Final = {"ConnectError", "ConnectTimeout", "ClientConnectorError", "gaierror"}
_TIMEOUTS: Final = {"Timeout", "APITimeoutError", "ReadTimeout", "PoolTimeout", "WriteTimeout"}
_NONSENSE: Final = {"JSONDecodeError", "APIResponseValidationError"}
_BROKEN_OFF: Final = {"RemoteProtocolError", "ReadError", "WriteError", "MidStreamFallbackError"}
_TRANSIENT: Final = {408, 409, 425, 429, 500, 502, 503, 504, 529}


@dataclass(frozen=True)
class Failure:
    """`line` is for the user; `wait` is what the provider asked us to wait, in seconds, where it did."""

    line: str
    transient: bool
    wait: float | None = None


def failure_of(error: BaseException, model: str, base_url: str | None, mask: Mask) -> Failure:
    """What an exception of litellm or openai means."""
    status = getattr(error, "status_code", None)
    kinds, text = _kinds(error), str(error)
    where = mask.message(base_url or "the provider")
    if _NO_KEY.search(text):
        line = f"There is no key for {model}: set LLM_API_KEY, or [llm] api_key in config.toml."
        return Failure(line, transient=False)
    if kinds & _NOT_A_URL:
        return Failure(f"{where} is not a URL that a model can be reached at: check the base URL.", False)
    refused = "ConnectionRefusedError" in kinds
    if refused or kinds & _UNREACHABLE:
        reason = "nothing listens there" if refused else "is the network up?"
        line = f"Cannot reach {where} for the model {model} ({reason}). Check the network and the base URL."
        return Failure(mask.message(line), transient=not refused)
    if kinds & _TIMEOUTS:
        return Failure(f"The model {model} did not answer in time. Try again, or another model.", True)
    if kinds & _NONSENSE and "HTTPStatusError" not in kinds:
        return Failure(f"{where} sent something that is no reply of a model: check the base URL.", False)
    if kinds & _BROKEN_OFF:
        return Failure(f"The connection to {where} broke off in the middle of the reply. Try again.", True)
    line = f"{_in_words(status, model, error)}{_said(text, mask)}"
    return Failure(mask.message(line), status in _TRANSIENT, _wait(error))


def _in_words(status: object, model: str, error: BaseException) -> str:
    match status:
        case 401 | 403:
            return f"The key for {model} was refused: check LLM_API_KEY, or [llm] api_key in config.toml."
        case 402:
            return f"The provider wants to be paid before it answers as {model}: check the account's balance."
        case 404:
            return (
                f"There is no model {model} there: check --model, LLM_MODEL, or [llm] model in config.toml."
            )
        case 413:
            return (
                "The history is too long for the model: go live from an earlier event, or use another model."
            )
        case 429:
            return f"The provider's rate limit for {model} is reached: wait, or use another model."
        case int() if status >= 500:
            return f"The provider of {model} failed (status {status}): try again later."
    if "ContextWindow" in type(error).__name__:
        return f"The history is too long for {model}: go live from an earlier event, or use another model."
    if _NO_PROVIDER in str(error):
        return f"No provider is known for the model {model}: name it as provider/model, or set a base URL."
    return f"The provider refused the request to {model}: check the model and its settings."


def _said(text: str, mask: Mask) -> str:
    """The provider's own words, without the library's prefixes."""
    if _NO_PROVIDER in text:
        return ""
    text = " ".join(text.split())
    text = _PREFIXES.sub("", text.rpartition("Exception - ")[2] or text)
    text = mask.message(text)
    return f" It said: {text[:_LONGEST]}" if text else ""


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__


def _kinds(error: BaseException) -> set[str]:
    return {type(cause).__name__ for cause in _causes(error)}


def _wait(error: BaseException) -> float | None:
    """The provider's Retry-After, in seconds."""
    for cause in _causes(error):
        headers: Any = getattr(cause, "litellm_response_headers", None)
        headers = headers or getattr(getattr(cause, "response", None), "headers", None)
        value = headers.get("retry-after") if hasattr(headers, "get") else None
        try:
            seconds = float(value) if value is not None else None
        except ValueError:
            seconds = None
        if seconds is not None and seconds >= 0:
            return seconds
    return None
