"""What is known of a live session before it begins, and before the replay that leads to it does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from trajcore.errors import BadInput, ModelUnavailable, SandboxUnavailable
from trajcore.live.failures import NO_KEY, NO_PROVIDER, NOT_A_URL
from trajcore.live.modelprocess import MODELS, Frame, Gone, ModelProcess
from trajcore.live.modelsettings import ModelSettings
from trajcore.masking import known
from trajcore.replay.policy import agent_spoke_last
from trajcore.sandbox.registry import sandbox_kind

if TYPE_CHECKING:
    from trajcore.events.head import Head

NO_MODEL: Final = (
    "no model is configured: pass --model, set LLM_MODEL, or set model under [llm] in config.toml"
)
_LACKING: Final = {"key": NO_KEY, "provider": NO_PROVIDER}


def check_settings(model: ModelSettings) -> None:
    """Raises `ModelUnavailable` where no model is named, or its address is none."""
    if not model.model:
        raise ModelUnavailable(NO_MODEL)
    if model.base_url is not None and not _is_address(model.base_url):
        raise ModelUnavailable(NOT_A_URL.format(where=known().message(model.base_url)))


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


async def check_model(model: ModelSettings, process: ModelProcess = MODELS) -> None:
    """Raises `ModelUnavailable` where it is known without asking anybody that the model cannot be had.

    The library knows who has which model, and what a key of theirs is called. Of an address of the user's it
    knows nothing, and is not asked.
    """
    lacking = "" if model.base_url else await _lacking(model, process)
    if lacking in _LACKING:
        raise ModelUnavailable(_LACKING[lacking].format(model=model.model))


async def _lacking(model: ModelSettings, process: ModelProcess) -> str:
    try:
        async with aclosing(process.ask({"settings": model.as_data()}, "check")) as frames:
            answer = await anext(frames, Frame())
    except Gone as gone:
        raise ModelUnavailable(str(gone)) from None
    return str(answer.get("checked", ""))


def check_sandbox(kind: str) -> None:
    """Raises `SandboxUnavailable` where a model could do nothing in a sandbox."""
    if not sandbox_kind(kind).executes:
        raise SandboxUnavailable(
            f"a live session needs a sandbox that executes, and {kind} does not: take docker or bubblewrap "
            "(trajtui doctor says what works here)"
        )


def check_messages(messages: Sequence[str], backwards: Iterable[Head]) -> None:
    """Raises `BadInput` where a message is empty, or there is none and it is the user's turn.

    `backwards` is what will have been played by then, the last event first.
    """
    if not all(text.strip() for text in messages):
        raise BadInput("--message: the message is empty.")
    if not messages and agent_spoke_last(backwards):
        raise BadInput("it ends with the agent's word: give the model one with --message TEXT.")
