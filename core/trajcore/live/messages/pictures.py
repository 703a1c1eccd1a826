"""The pictures that came with a result: screenshots, plots, files that were read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from trajcore.events.base import Observation
from trajcore.events.observations import BrowseObservation, McpObservation

SHOWN: Final = "[picture]"
"""Stands in the text of a result where a picture was."""

EMBEDDED: Final = ";base64,"
"""Stands in every text that has data in it."""
_EMBEDDED: Final = re.compile(r"data:(?P<type>[\w.+-]+/[\w.+-]+);base64,[A-Za-z0-9+/=]{100,}")
_QUOTED: Final = re.compile(r'(?P<key>"(?:data|blob)":\s*)"(?P<data>[A-Za-z0-9+/=]{100,})"')
"""As servers of tools give pictures, and other data, in JSON."""
_ON_A_PAGE: Final = ("set_of_marks", "screenshot")
"""A browser's, the one with marks on it first; older recordings have no more than the base64 of it."""
_LEFT_OUT: Final = "[embedded data left out]"


def without_data(observation: Observation, text: str) -> str:
    """The text of a result, in which no data is embedded."""
    if isinstance(observation, McpObservation):
        text = _QUOTED.sub(rf'\g<key>"{SHOWN}"', text)
    return _EMBEDDED.sub(lambda found: SHOWN if _is_picture(found) else _LEFT_OUT, text)


def pictures_of(observation: Observation) -> list[str]:
    """The addresses of the pictures of a result, most of them `data:`, in order, each once."""
    return list(dict.fromkeys(_pictures(observation)))


def addresses(urls: object) -> list[str]:
    """Those of a list that a picture can have."""
    listed = urls if isinstance(urls, list) else []
    return [url for url in listed if isinstance(url, str) and url.startswith(("data:", "http"))]


def _pictures(observation: Observation) -> Iterator[str]:
    yield from addresses(getattr(observation.extras, "image_urls", None))
    if isinstance(observation, BrowseObservation):
        extras = observation.extras.model_extra or {}
        found = (extras.get(name) for name in _ON_A_PAGE)
        yield from (_address(one) for one in [next((one for one in found if _filled(one)), "")] if one)
    content = observation.content if isinstance(observation.content, str) else ""
    yield from (found[0] for found in _EMBEDDED.finditer(content) if _is_picture(found))
    if isinstance(observation, McpObservation):
        yield from (_address(found["data"]) for found in _QUOTED.finditer(content))


def _filled(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _address(data: str) -> str:
    return data if data.startswith("data:") else f"data:image/png;base64,{data}"


def _is_picture(found: re.Match[str]) -> bool:
    return found["type"].startswith("image/")
