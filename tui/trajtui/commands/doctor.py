"""`trajtui doctor`: what works on this machine, and what to do about what does not."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import click

from trajcore import config
from trajcore.sandbox.base import DEFAULT_IMAGE, SandboxSettings
from trajcore.sandbox.choose import choose
from trajcore.sandbox.machines import leftovers
from trajcore.sandbox.machines.bubblewrap import machine as bubblewrap
from trajcore.sandbox.machines.docker import machine as docker
from trajcore.sandbox.machines.host.confine import describe
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
    no_engine = await docker.engine_answers()
    if no_engine is None:
        has_image = await docker.has_image(image)
        _line(True, "docker", "the engine answers")
        _line(
            has_image,
            "image",
            f"{image} is {'here' if has_image else 'not here yet: it is pulled when asked for'}",
        )
    else:
        _line(False, "docker", no_engine)
    no_bubblewrap = await bubblewrap.works()
    _line(no_bubblewrap is None, "bubblewrap", no_bubblewrap or "works")
    _line(True, "local", "this machine without walls: only with --sandbox local")
    _line(True, "limits", describe())
    _tell_leftovers(await asyncio.to_thread(_leftovers, docker=no_engine is None))
    choice = await choose(settings.get("kind"), SandboxSettings(image=image))
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


def _clean() -> int:
    removed = leftovers.clean(docker=True)
    for one in removed:
        click.echo(safe(f"removed {one.kind} {one.name}"))
    if not removed:
        click.echo("nothing was left behind")
    return 0


def _leftovers(*, docker: bool) -> list[leftovers.Leftover]:
    with leftovers.found(docker=docker) as left:
        return left


def _tell_leftovers(left: list[leftovers.Leftover]) -> None:
    if left:
        said = leftovers.sentence(left)
        _line(False, "left behind", f"{said} of programs that were killed: trajtui doctor --clean")
    else:
        _line(True, "left behind", "nothing")


def _line(good: bool, what: str, text: str) -> None:
    click.echo(safe(f"{'ok' if good else '--'}  {what:<11} {text}"))
