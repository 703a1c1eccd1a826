"""`trajtui doctor`: what works on this machine, with this model, and what to do about what does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from trajcore import load_config, settings_from
from trajcore.text import safe, safe_line
from trajcore.views import doctor as views
from trajtui.commands import paint
from trajtui.commands.choosing import configured
from trajtui.commands.running import run
from trajtui.manner import done, manner, tell_object


def doctor(options: Mapping[str, Any]) -> int:
    """Print what was found, or remove what was left, or try the model.

    The answer is 0 when actions can be executed here, else 3; of a model 0 when all of it works, 1 when
    something does not, 3 when it cannot be had. Raises `BadInput`.
    """
    if options.get("clean"):
        return _clean(as_json=bool(options.get("as_json")))
    return run((_try_model if options.get("try_model") else _doctor)(options))


async def _doctor(options: Mapping[str, Any]) -> int:
    executes, found = False, []
    async for fact in views.facts(load_config(options)):
        found.append({"good": fact.good, "what": fact.what, "text": safe(fact.text)})
        if not options.get("as_json") and not (fact.good and manner().quiet):
            click.echo(paint.fact(fact.good, safe(fact.what), safe(fact.text)))
        executes = fact.good if fact.what == views.CHOSEN else executes
    if options.get("as_json"):
        tell_object({"executes": executes, "facts": found})
    return 0 if executes else 3


async def _try_model(options: Mapping[str, Any]) -> int:
    from trajcore.views.trying import TriedModel  # what asks a model takes a while to load

    config = configured(options)
    tried = TriedModel(settings_from(config, options))
    quiet = options.get("as_json")
    await tried.run((lambda line: None) if quiet else click.echo)
    if quiet:
        tell_object(tried.to_dict())
    return tried.exit_code


def _clean(*, as_json: bool) -> int:
    removed = views.removed_leftovers()
    if as_json:
        tell_object({"removed": [safe_line(one) for one in removed]})
        return 0
    for one in removed:
        done(f"removed {one}")
    if not removed:
        done("nothing was left behind")
    return 0
