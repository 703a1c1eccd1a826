"""A config.toml that lies beside a recording: what it asks for, and whether the user trusts it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from trajcore.config import Config
from trajcore.settings import load_config
from trajcore.text import safe_line
from trajcore.trust import DECLINED, TRUSTED, Setting, answer, left_out, remember, untrusted
from trajcore.views.question import Question

__all__ = [
    "ONCE",
    "TRUST",
    "WITHOUT",
    "Config",
    "Setting",
    "file_line",
    "question",
    "settled",
    "what_is_let_in",
]

WITHOUT: Final = "without"
ONCE: Final = "once"
TRUST: Final = "trust"

_SHOWN: Final = 5
"""So many settings fit into a question on a small terminal."""


def file_line(config: Config) -> str:
    """Which config.toml was read, and why it is trusted or is not."""
    return f"{config.path}: {config.source.words}"


def what_is_let_in(config: Config) -> list[str]:
    """What a trusted file asks for that would be left out of one that is not, a line each."""
    if config.path is None:
        return []
    would = left_out(config.path, untrusted(config.settings))
    return [f"{one.setting.key.name} = {one.shown}: {one.why}" for one in would]


def question(config: Config) -> Question | None:
    """What is asked of a file that is not trusted: `without`, `once` or `trust`.

    None where nothing of it is left out, or the user went on without it before and it is the same still.
    """
    if config.path is None or not config.left_out or answer(config.path, config.digest) == DECLINED:
        return None
    lines = [f"  {one.setting.key.name} = {one.shown}\n    {one.why}" for one in config.left_out[:_SHOWN]]
    if len(config.left_out) > _SHOWN:
        lines.append(f"  and {len(config.left_out) - _SHOWN} more, which trajtui config lists")
    text = "\n".join([safe_line(f"{config.path} lies here and is not trusted. It asks for:"), *lines])
    answers = {
        WITHOUT: "Go on without these",
        ONCE: "Use them this once",
        TRUST: "Trust this file, for as long as it stays as it is",
    }
    return Question(text, answers)


def settled(config: Config, options: Mapping[str, Any], answered: str) -> Config:
    """The settings that the user's answer makes of it, which is remembered. Raises `BadInput`."""
    if config.path is None:
        return config
    if answered == ONCE:
        return load_config(options, accepted=config.digest)
    remember(config.path, config.digest, TRUSTED if answered == TRUST else DECLINED)
    return load_config(options)
