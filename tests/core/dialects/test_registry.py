"""Which dialect a file is in: by claims, by name, and never by guessing."""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

import trajcore.dialects
import trajcore.formats
from toys import SAMPLE, Toy
from trajcore.dialects.registry import DIALECTS, register_dialect
from trajcore.errors import BadInput
from trajcore.formats.base import Files, Layout
from trajcore.formats.registry import FORMATS
from trajcore.trajectory import Trajectory

V0 = b'[{"id": 0, "source": "user", "action": "message", "args": {"content": "go"}}]'


class Twin(Toy):
    """Claims what the toy claims, or as much as it is told to."""

    name = "twin"

    def __init__(self, claim: float | None = None) -> None:
        self._claim = claim

    def claims(self, head: Sequence[bytes]) -> float:
        return super().claims(head) if self._claim is None else self._claim


class Offered:
    """An entry point that says when it is loaded."""

    loaded = 0

    @staticmethod
    def make() -> Toy:
        Offered.loaded += 1
        return Toy()


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    for name in ("toy", "twin", "offered"):
        DIALECTS.unregister(name)
    Offered.loaded = 0


def test_the_highest_claim_wins() -> None:
    register_dialect(Toy())
    register_dialect(Twin(0.7))
    assert Trajectory.from_bytes(SAMPLE).dialect.name == "toy"
    register_dialect(Twin(0.95))
    assert Trajectory.from_bytes(SAMPLE).dialect.name == "twin"
    assert Trajectory.from_bytes(V0).dialect.name == "openhands"


def test_a_tie_names_both_and_either_can_be_named() -> None:
    register_dialect(Toy())
    register_dialect(Twin())
    with pytest.raises(BadInput, match=r"may be toy \(jsonl\) or twin \(jsonl\): say which with --format"):
        Trajectory.from_bytes(SAMPLE)
    assert Trajectory.from_bytes(SAMPLE, format="twin").dialect.name == "twin"


def test_who_is_unsure_is_named_and_taken_at_a_users_word() -> None:
    register_dialect(Twin(0.4))
    with pytest.raises(BadInput, match=r"looks a little like twin \(0\.4\)"):
        Trajectory.from_bytes(SAMPLE)
    assert len(Trajectory.from_bytes(SAMPLE, format="twin")) == 10
    register_dialect(Twin(0))
    assert len(Trajectory.from_bytes(SAMPLE, format="twin")) == 10


def test_a_container_can_be_named_and_what_is_unknown_is_refused_with_what_is_known() -> None:
    register_dialect(Toy())
    assert Trajectory.from_bytes(SAMPLE, format="jsonl").dialect.name == "toy"
    with pytest.raises(
        BadInput, match=r"no format 'nonsense': there are openhands, openhands_v1, mini, swe_agent, toy"
    ):
        Trajectory.from_bytes(SAMPLE, format="nonsense")
    with pytest.raises(BadInput):
        Trajectory.from_bytes(SAMPLE, format="list")
    assert FORMATS.names()[:6] == ["conversation", "directory", "object", "list", "jsonl", "pages"]


def test_packages_are_loaded_only_where_nobody_is_certain(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("offered", f"{__name__}:Offered.make", "trajtui.dialects")
    monkeypatch.setattr(EntryPoint, "load", lambda self: Offered.make)

    def offered(**group: Any) -> list[EntryPoint]:
        return [point] if group == {"group": "trajtui.dialects"} else []

    monkeypatch.setattr(importlib.metadata, "entry_points", offered)
    assert "offered" in DIALECTS.names()
    assert Trajectory.from_bytes(V0).dialect.name == "openhands"
    assert Offered.loaded == 0
    assert Trajectory.from_bytes(SAMPLE).dialect.name == "toy"
    assert Offered.loaded == 1
    monkeypatch.setattr(EntryPoint, "load", lambda self: 1 / 0)
    DIALECTS.unregister("offered")
    with pytest.raises(BadInput, match="'offered' cannot be loaded: division by zero"):
        DIALECTS.get("offered")


def test_no_container_and_no_dialect_is_forgotten() -> None:
    formats, dialects = Path(trajcore.formats.__path__[0]), Path(trajcore.dialects.__path__[0])
    modules = [importlib.import_module(f"trajcore.formats.{file.stem}") for file in formats.glob("*.py")]
    classes = [member for module in modules for _, member in inspect.getmembers(module, inspect.isclass)]
    found = (member for member in classes if hasattr(member, "records") and hasattr(member, "write"))
    containers = {member.name for member in found if isinstance(member.name, str)}
    assert containers == set(FORMATS.names())
    folders = {file.parent.name for file in dialects.glob("*/dialect.py")}
    made = {type(dialect).__module__.split(".")[-2] for dialect in DIALECTS.at_hand()}
    assert folders == made


def test_a_container_that_holds_nothing_is_refused_before_any_dialect_is_asked() -> None:
    register_dialect(Toy())
    FORMATS.register(Empty())
    try:
        with pytest.raises(BadInput, match="none holds no events"):
            Trajectory.from_bytes(b"#empty\n", "none")
    finally:
        FORMATS.unregister("empty")


class Empty:
    """A container that is recognised and has no records."""

    name = "empty"

    def records(self, files: Files, row: str | None) -> Iterator[Layout]:
        if files.first == b"#":
            yield Layout(self.name, (files.source,), [], [], len(files.source.data), lines=True)

    def write(self, records: Iterable[bytes | memoryview]) -> Iterator[bytes | memoryview]:
        yield b"#empty\n"
