"""Agents that were asked for help: which of their events were said between which call and its result.

Nothing links the two but what was asked: the prompt of a call is a message of the user's in the log of a
helper, the first where it was begun, a later one where it was asked again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from trajcore.dialects.openhands_v1.tree import Tree
from trajcore.dialects.openhands_v1.wire import Log, texts_of
from trajcore.dialects.recording import Text
from trajcore.dialects.shapes import object_in, word
from trajcore.formats.json.reading import as_object


class Helpers:
    """The parts of the logs of helpers, each given out once."""

    def __init__(self, logs: Iterable[Log], records: Sequence[Text]) -> None:
        self._parts: list[tuple[str, Log, list[int]]] = []
        """What was asked, of which helper, and what came of it, in the order of the logs."""
        for log in logs:
            part: list[int] = []
            asked: str | None = None
            for record in Tree(log).shown:
                key = log.keys[record]
                is_asked = key.kind == "MessageEvent" and key.source == "user"
                if is_asked and asked is not None:
                    self._parts.append((asked, log, part))
                    part, asked = [], None
                if is_asked:
                    message = object_in(as_object(records[record]), "llm_message")
                    asked = texts_of(message.get("content"))
                part.append(record)
            if asked is not None:
                self._parts.append((asked, log, part))

    def __bool__(self) -> bool:
        return bool(self._parts)

    def asked(self, record: Text) -> tuple[Log, list[int]] | None:
        """What a helper did that a call asked; None where no log tells of it."""
        prompt = word(object_in(as_object(record), "action"), "prompt")
        for at, (asked, log, part) in enumerate(self._parts):
            if prompt and asked == prompt:
                del self._parts[at]
                return log, part
        return None
