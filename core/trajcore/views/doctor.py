"""What works on this machine, a fact a line, and what is to be done about what does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Final

from trajcore.config import Config
from trajcore.errors import BadInput
from trajcore.masking import without_accounts
from trajcore.sandbox.base import DEFAULT_IMAGE, SandboxSettings
from trajcore.sandbox.choose import choose
from trajcore.sandbox.machines import leftovers
from trajcore.sandbox.registry import AUTO, Fact, sandbox_kind, sandbox_names

__all__ = ["CHOSEN", "Fact", "facts", "removed_leftovers"]


CHOSEN: Final = "sandbox"
"""What the fact is about that says whether actions can be executed here."""


async def facts(config: Config) -> AsyncGenerator[Fact, None]:
    """All there is to say, in order; some of it takes a moment to find out. Raises `BadInput`."""
    async for fact in _facts(config):
        yield replace(fact, text=without_accounts(fact.text))


async def _facts(config: Config) -> AsyncGenerator[Fact, None]:
    world = SandboxSettings(image=config.get("base_container_image") or DEFAULT_IMAGE)
    async for fact in _of_sandboxes(world):
        yield fact
    yield _of_leftovers(await asyncio.to_thread(_found))
    yield await asyncio.to_thread(_of_branches)
    choice = await choose(config.get("kind"), world)
    picks = f"{config.get('kind')} picks {choice.sandbox.kind}: {choice.why}"
    yield Fact(choice.sandbox.executes, CHOSEN, picks)
    for fact in _of_settings(config):
        yield fact


def removed_leftovers() -> list[str]:
    """Remove what programs left behind that were killed; what was removed, a line each."""
    return [f"{one.kind} {one.name}" for one in leftovers.clean(docker=True)]


def _of_branches() -> Fact:
    """What is kept of live sessions and of unsaved work."""
    from trajcore.journal.edits import unsaved_size
    from trajcore.views.branches import on_disk, size

    count, taken = on_disk()
    told = (
        f"{count} branch{'es' * (count != 1)} ({size(taken)}; trajtui branches --prune thins them)"
        if count
        else ""
    )
    journals = unsaved_size()
    unsaved = f"unsaved work of other sessions ({size(journals)})" if journals else ""
    return Fact(True, "kept", ", ".join(filter(None, (told, unsaved))) or "nothing")


async def _of_sandboxes(world: SandboxSettings) -> AsyncGenerator[Fact, None]:
    """Each that there is; one that cannot be loaded is told of, and no reason to stop."""
    for name in sandbox_names():
        if name == AUTO:
            continue
        try:
            found = await sandbox_kind(name).describe(world)
        except BadInput as error:
            found = [Fact(False, name, str(error))]
        for fact in found:
            yield fact


def _of_settings(config: Config) -> list[Fact]:
    model, key = config.settings["model"].value, config.settings["api_key"]
    no_model = "none: set LLM_MODEL, --model, or model under [llm] in config.toml"
    faults = [setting.fault for setting in config.settings.values() if setting.fault]
    return [
        Fact(bool(model), "model", model or no_model),
        *(Fact(False, "settings", fault) for fault in faults),
        Fact(
            bool(key.value),
            "key",
            f"set ({key.origin})" if key.value else "none: set LLM_API_KEY for most providers",
        ),
        _of_file(config),
        *(Fact(False, "left out", line) for line in config.warnings),
        *([Fact(False, "not used", config.unused_line)] if config.unused_line else []),
    ]


def _of_file(config: Config) -> Fact:
    if config.path is None:
        return Fact(True, "config", "no config.toml: defaults")
    return Fact(not config.left_out, "config", f"{config.path}: {config.source.words}")


def _found() -> list[leftovers.Leftover]:
    with leftovers.found(docker=True) as left:
        return left


def _of_leftovers(left: list[leftovers.Leftover]) -> Fact:
    if not left:
        return Fact(True, "left behind", "nothing")
    said = leftovers.sentence(left)
    return Fact(False, "left behind", f"{said} of programs that were killed: trajtui doctor --clean")
