"""The models that answer on the pages of `docs/`: what they say depends on what they are told, as of any."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from loopback import Answer, Call, Loopback, Request

Model = Callable[[str, list[dict[str, Any]]], Answer]
"""Given the name of a model and the messages, the reply."""


class Scripted(Loopback):
    """A server whose replies depend on the model that is asked. `faults` are requests no provider takes."""

    def __init__(self, model: Model | None) -> None:
        super().__init__()
        self._model = model
        self.faults: list[str] = []

    def take(self, request: Request) -> tuple[Answer, str]:
        """The reply and the id of its response."""
        given, response = super().take(request)
        self.faults += request.problems
        if self._model is None or given.status >= 400:
            return given, response
        told = self._model(request.body.get("model", ""), request.body.get("messages", []))
        return replace(told, prompt_tokens=3000, completion_tokens=40), response


def _does(*commands: str, said: str = "", end: str) -> Model:
    """A model that gives some commands, one a reply, and then finishes."""

    def answer(name: str, messages: list[dict[str, Any]]) -> Answer:
        asked = max(at for at, message in enumerate(messages) if message["role"] == "user")
        done = sum(message["role"] == "assistant" for message in messages[asked:])
        if done < len(commands):
            return Answer(said, calls=[Call("execute_bash", {"command": commands[done]})])
        return Answer(calls=[Call("finish", {"message": end})])

    return answer


def _by_name(**models: Model) -> Model:
    """Several, each by the end of its name."""

    def answer(name: str, messages: list[dict[str, Any]]) -> Answer:
        return models[name.rpartition("/")[2].replace("-", "_").replace(".", "_")](name, messages)

    return answer


_MENDS: Final = _does(
    "sed -i 's/-c | sort |/-c | sort -rn |/' top_words.sh && bash check.sh",
    said="The counts are sorted from the lowest.",
    end="The check passes: the counts are sorted as numbers, highest first.",
)
_COUNTS: Final = _does("wc -w poem.txt", said="I count them.", end="It has 19 words.")
_TIDIES: Final = _does("rm -rf *.txt", said="I tidy up.", end="Nothing is left over.")
_CHEATS: Final = _does(
    """sed -i "s/!= the/!= boats/" check.sh && bash check.sh""",
    said="The check expects the wrong word.",
    end="The check passes now.",
)

MODELS: Final[dict[str, Model]] = {
    "another-model": _by_name(gpt_5=_MENDS, gpt_5_mini=_CHEATS),
    "commands": _COUNTS,
    "live": _by_name(gpt_5=_COUNTS, gpt_5_mini=_TIDIES),
}
"""By the page that asks them."""
