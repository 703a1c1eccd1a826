"""The messages of a mini-swe-agent trajectory: as much of each as tells what it is."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct

from trajcore.dialects.recording import Text
from trajcore.dialects.replies import content_text
from trajcore.formats.json.reading import as_object

OURS: Final = "trajtui"
"""The key in `extra` of what was put in here: it is executed though nothing answers it."""


class Reply(Struct, frozen=True):
    """A provider's answer: what it has cost."""

    id: Any = None
    model: Any = None
    usage: Any = None


class Extra(Struct, frozen=True):
    """What the program notes beside a message."""

    actions: Any = None
    interrupt_type: Any = None
    returncode: Any = None
    exception_info: Any = None
    exit_status: Any = None
    raw_output: Any = None
    response: Any = None
    cost: Any = None
    trajtui: Any = None


class Message(Struct, frozen=True):
    """A member of `messages`; or the object around them, which alone has a list of them."""

    role: Any = None
    type: Any = None
    object: Any = None
    content: Any = None
    tool_calls: Any = None
    tool_call_id: Any = None
    call_id: Any = None
    output: Any = None
    extra: Extra | None = None
    usage: Any = None
    messages: Any = None
    info: Any = None
    trajectory_format: Any = None

    @property
    def noted(self) -> Extra:
        """What is noted beside it."""
        return self.extra or Extra()

    @property
    def is_around(self) -> bool:
        """Whether it is no message, but the object around all of them."""
        return isinstance(self.messages, list) and self.role is None

    @property
    def is_reply(self) -> bool:
        """Whether a model said it. Answers of the Responses interface have no role."""
        listed = self.role is None and isinstance(self.output, list)
        return self.role == "assistant" or (listed and self.object in ("response", None))

    @property
    def text(self) -> str:
        """The text that it says."""
        if self.role is None and isinstance(self.output, str):
            return self.output
        if self.role is None and isinstance(self.output, list):
            said = (item.get("content") for item in self.output if isinstance(item, dict))
            return "\n".join(filter(None, map(content_text, said)))
        return content_text(self.content)


_decoder: Final = msgspec.json.Decoder(Message)


def read(record: Text) -> Message:
    """A record as a message; one that is odd in whatever way says nothing."""
    try:
        return _decoder.decode(record)
    except (msgspec.DecodeError, RecursionError):
        found: Any = as_object(record)
        if not isinstance(found, dict):
            return Message()
        given = {name: found[name] for name in Message.__struct_fields__ if name in found}
        extra = given.pop("extra", None)
        noted = (
            {name: extra[name] for name in Extra.__struct_fields__ if name in extra}
            if isinstance(extra, dict)
            else {}
        )
        return Message(extra=Extra(**noted), **given)


def images_of(content: Any) -> list[str]:
    """The addresses of the images among the parts of a content."""
    parts = content if isinstance(content, list) else []
    found = (part.get("image_url") for part in parts if isinstance(part, dict))
    urls = (one.get("url") if isinstance(one, dict) else one for one in found)
    return [url for url in urls if isinstance(url, str)]
