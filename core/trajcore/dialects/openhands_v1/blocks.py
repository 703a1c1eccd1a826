"""Codecs of V1: a text that stands in several content blocks, or in none yet; the name of a risk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from trajcore.dialects.codecs import CODECS, Codec
from trajcore.dialects.openhands_v1.wire import texts_of

TEXTS: Final = "openhands_v1.blocks"
"""The codec of a text in content blocks."""


def block(text: str) -> dict[str, Any]:
    """A new block of text."""
    return {"cache_prompt": False, "type": "text", "text": text}


def text_blocks(blocks: Any) -> list[int]:
    """Which of some blocks are text."""
    listed = blocks if isinstance(blocks, list) else []
    return [at for at, one in enumerate(listed) if isinstance(one, dict) and isinstance(one.get("text"), str)]


def with_text(blocks: Any, text: str) -> Any:
    """Blocks that say a text: those keep theirs that it begins with, pictures stay where they are."""
    if not isinstance(blocks, list):
        return text if isinstance(blocks, str) else [block(text)]
    texts = text_blocks(blocks)
    if not texts:
        return [block(text), *blocks]
    kept, rest = 0, text
    while kept < len(texts) - 1 and rest.startswith(f"{blocks[texts[kept]]['text']}\n"):
        rest = rest[len(blocks[texts[kept]]["text"]) + 1 :]
        kept += 1
    gone = set(texts[kept + 1 :])
    changed = [{**one, "text": rest} if at == texts[kept] else one for at, one in enumerate(blocks)]
    return [one for at, one in enumerate(changed) if at not in gone]


def _get(outer: Any, inside: Sequence[str | int]) -> Any:
    if outer is None or inside:
        raise LookupError(inside)
    return texts_of(outer)


def _put(outer: Any, inside: Sequence[str | int], value: Any) -> Any:
    if inside or not isinstance(value, str):
        raise TypeError("content is a text")
    return with_text(outer, value)


_RISKS: Final = {"UNKNOWN": -1, "LOW": 0, "MEDIUM": 1, "HIGH": 2}
RISK: Final = "openhands_v1.risk"
"""The codec of how risky an action was thought to be."""


def risk_of(name: object) -> int | None:
    """The number of a risk; None for what is none."""
    return _RISKS.get(name) if isinstance(name, str) else None


def _risk(outer: Any, inside: Sequence[str | int]) -> Any:
    return _RISKS[outer]


def _named_risk(outer: Any, inside: Sequence[str | int], value: Any) -> Any:
    named = next((name for name, number in _RISKS.items() if number == value), None)
    if named is None:
        raise ValueError("a risk is -1 (unknown), 0, 1 or 2")
    return named


CODECS[TEXTS] = Codec(_get, _put)
CODECS[RISK] = Codec(_risk, _named_risk)


def risk_name(number: object) -> str:
    """The name of a risk."""
    return next((name for name, value in _RISKS.items() if value == number), "UNKNOWN")
