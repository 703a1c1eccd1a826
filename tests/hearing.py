"""Who hears a model's reply while it comes, and keeps all of it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Heard:
    """What was told of a reply, in pieces; `calls` by their places, with their names."""

    texts: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    calls: dict[int, tuple[str, list[str]]] = field(default_factory=dict)
    retries: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def text(self, delta: str) -> None:
        self.texts.append(delta)

    def thought(self, delta: str) -> None:
        self.thoughts.append(delta)

    def call(self, place: int, name: str, delta: str) -> None:
        _, deltas = self.calls.get(place, ("", []))
        self.calls[place] = (name, [*deltas, delta])

    def retrying(self, line: str) -> None:
        self.retries.append(line)

    def warned(self, line: str) -> None:
        self.warnings.append(line)

    @property
    def called(self) -> list[tuple[str, str]]:
        """Each call as it was told: its name and its arguments."""
        return [(name, "".join(deltas)) for _, (name, deltas) in sorted(self.calls.items())]
