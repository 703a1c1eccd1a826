"""`trajtui doctor`: what works on this machine, and what to do about what does not."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import click

from trajcore import config
from trajcore.errors import BadInput
from trajcore.sandbox.base import DEFAULT_IMAGE, SandboxSettings
from trajcore.sandbox.choose import choose
from trajcore.sandbox.machines import leftovers
from trajcore.sandbox.registry import AUTO, Fact, sandbox_kind, sandbox_names
from trajcore.settings import load_config
from trajcore.text import safe


def doctor(options: Mapping[str, Any]) -> int:
    """Print what was found, or remove what was left; 0 when actions can be executed here, else 3.

    Raises `BadInput`.
    """
    if options.get("clean"):
        return _clean()
    settings = load_config(options)
    return asyncio.run(_doctor(settings))


async def _doctor(settings: config.Config) -> int:
    image = settings.get("base_container_image") or DEFAULT_IMAGE
    world = SandboxSettings(image=image)
    await _tell_sandboxes(world)
    _tell_leftovers(await asyncio.to_thread(_leftovers))
    choice = await choose(settings.get("kind"), world)
    _line(
        choice.sandbox.executes,
        "sandbox",
        f"{settings.get('kind')} picks {choice.sandbox.kind}: {choice.why}",
    )
    model = settings.settings["model"].value
    _line(bool(model), "model", model or "none: set LLM_MODEL, --model, or model under [llm] in config.toml")
    faults = [setting.fault for setting in settings.settings.values() if setting.fault]
    for fault in faults:
        _line(False, "settings", fault)
    key = settings.settings["api_key"]
    _line(
        bool(key.value),
        "key",
        f"set ({key.origin})" if key.value else "none: set LLM_API_KEY for most providers",
    )
    _line(True, "config", str(settings.path) if settings.path else "no config.toml: defaults")
    return 0 if choice.sandbox.executes else 3


async def _tell_sandboxes(world: SandboxSettings) -> None:
    """Each that there is; one that cannot be loaded is told of, and no reason to stop."""
    for name in sandbox_names():
        if name == AUTO:
            continue
        try:
            facts = await sandbox_kind(name).describe(world)
        except BadInput as error:
            facts = [Fact(False, name, str(error))]
        for fact in facts:
            _line(fact.good, fact.what, fact.text)


def _clean() -> int:
    removed = leftovers.clean(docker=True)
    for one in removed:
        click.echo(safe(f"removed {one.kind} {one.name}"))
    if not removed:
        click.echo("nothing was left behind")
    return 0


def _leftovers() -> list[leftovers.Leftover]:
    with leftovers.found(docker=True) as left:
        return left


def _tell_leftovers(left: list[leftovers.Leftover]) -> None:
    if left:
        said = leftovers.sentence(left)
        _line(False, "left behind", f"{said} of programs that were killed: trajtui doctor --clean")
    else:
        _line(True, "left behind", "nothing")


def _line(good: bool, what: str, text: str) -> None:
    click.echo(safe(f"{'ok' if good else '--'}  {what:<11} {text}"))
