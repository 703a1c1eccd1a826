"""Changing the model of a session: what a form shows, and what comes of what is typed there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from trajcore.errors import BadInput
from trajcore.live.modelsettings import ModelSettings
from trajcore.live.readiness import check_settings
from trajcore.masking import without_accounts
from trajcore.session import Session
from trajcore.text import safe_line

__all__ = ["PRESENT", "Fields", "ModelForm", "ModelSettings", "chosen", "fields_of", "form", "left_out"]

PRESENT: Final = ""
"""The name of the model that the session has now, among those that config.toml has names for."""


@dataclass(frozen=True)
class Fields:
    """What is typed of a model, or what stands there before. A key is only ever typed."""

    model: str
    base_url: str
    effort: str
    key: str = field(default="", repr=False)


@dataclass(frozen=True)
class ModelForm:
    """The models to choose from, by name with a line each; what is chosen has its `fields`."""

    choices: Sequence[tuple[str, str]]

    @property
    def names(self) -> list[str]:
        """The names alone."""
        return [name for name, _ in self.choices]


def form(session: Session) -> ModelForm:
    """The model that the session has, and each that config.toml has a name for."""
    models = session.settings.models
    width = max([len("now"), *(len(name) for name in models)])
    lines = [(PRESENT, f"{'now':<{width}}  {_line(session.settings.model)}")]
    for name, one in models.items():
        said = one.fault or _line(one.settings)
        lines.append((name, f"{name:<{width}}  {said}"))
    return ModelForm([(name, safe_line(text)) for name, text in lines])


def _line(model: ModelSettings) -> str:
    parts = [model.model or "no model", without_accounts(model.base_url or "")]
    return " · ".join([*filter(None, parts), "key set" if model.api_key else "no key"])


def fields_of(session: Session, name: str) -> Fields:
    """What stands in the fields of a model. The account in an address is not shown, and stays."""
    model = _named(session, name)
    return Fields(model.model or "", without_accounts(model.base_url or ""), model.reasoning_effort or "")


def _named(session: Session, name: str) -> ModelSettings:
    return session.settings.model if name == PRESENT else session.settings.models[name].settings


def chosen(session: Session, name: str, typed: Fields) -> ModelSettings:
    """The model that is meant by what is typed in its fields. Raises `BadInput`, `ModelUnavailable`.

    A key that is set stays for its own provider at its own address; elsewhere one is typed.
    """
    if name != PRESENT and session.settings.models[name].fault:
        raise BadInput(session.settings.models[name].fault)
    base, before = _named(session, name), fields_of(session, name)
    model = replace(
        base,
        model=typed.model.strip() or None,
        base_url=base.base_url
        if typed.base_url.strip() == before.base_url
        else typed.base_url.strip() or None,
        reasoning_effort=typed.effort.strip() or None,
    )
    stays = model.base_url == base.base_url and (model.base_url or _provider(model) == _provider(base))
    model = replace(model, api_key=typed.key.strip() or (base.api_key if stays else None))
    check_settings(model)
    return model


def _provider(model: ModelSettings) -> str:
    name = model.model or ""
    return model.custom_llm_provider or (name.partition("/")[0] if "/" in name else "")


def left_out(session: Session, name: str) -> tuple[str, ...]:
    """What of a model's settings is not used, as its file is not trusted: a line each."""
    return () if name == PRESENT else session.settings.models[name].left_out
