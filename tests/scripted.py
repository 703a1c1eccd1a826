"""The models that answer on the pages of `docs/`: what they say depends on what they are told, as of any."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from loopback import Answer, Loopback, Request

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


MODELS: Final[dict[str, Model]] = {}
"""By the page that asks them."""
