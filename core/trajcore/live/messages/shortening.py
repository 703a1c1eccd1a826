"""Old results of a conversation, cut to their ends where all of it has no room."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from trajcore.live.messages.transcript import Message

_KEPT: Final = 400
"""Characters at each end that stay."""
_MARK: Final = "\n[… {count:,} characters of this result are left out here, for want of room …]\n"
_WORTH: Final = 2 * _KEPT + 200
"""A result that has no more than so many characters stays whole."""


@dataclass(frozen=True)
class LongResult:
    """A result that can be shortened, by the id of its call. `saved` is how many characters that spares;
    `is_new` that the model has not answered since.
    """

    call: str
    saved: int
    is_new: bool


def long_results(messages: Sequence[Message]) -> list[LongResult]:
    """The results that can be shortened, the oldest first."""
    last = max((at for at, one in enumerate(messages) if one["role"] == "assistant"), default=-1)
    results = (one for one in enumerate(messages) if one[1]["role"] == "tool")
    found = (LongResult(one["tool_call_id"], _saved(one.get("content")), at > last) for at, one in results)
    return [result for result in found if result.saved]


def shortened(messages: Sequence[Message], calls: Collection[str]) -> list[Message]:
    """The same messages, the results of these calls (their ids) with head and tail alone."""
    return [
        {**message, "content": _cut(message["content"])}
        if message["role"] == "tool" and message["tool_call_id"] in calls
        else message
        for message in messages
    ]


def _saved(content: Any) -> int:
    if isinstance(content, list):
        return sum(_saved(part.get("text")) for part in content)
    return len(content) - len(_cut(content)) if isinstance(content, str) else 0


def _cut(content: Any) -> Any:
    if isinstance(content, list):
        return [{**part, "text": _cut(part["text"])} if "text" in part else part for part in content]
    return between_ends(content, _KEPT, _MARK) if len(content) > _WORTH else content


def between_ends(text: str, kept: int, mark: str) -> str:
    """A text with so many characters of each end, and between them a mark that says how many are left out."""
    return text[:kept] + mark.format(count=len(text) - 2 * kept) + text[-kept:]
