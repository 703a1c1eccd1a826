"""Pictures of the screen as they are kept: small, in the reader's own fonts, and to be compared as text."""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree

_FONTS: Final = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"
_SVG: Final = "{http://www.w3.org/2000/svg}"
_DROPPED: Final = (
    r"<!--.*?-->\s*",
    r"<clipPath.*?</clipPath>\s*",
    r"<defs>\s*</defs>\s*",
    r' clip-path="[^"]*"',
    r' shape-rendering="crispEdges"',  # said once for all of them
    r' class="rich-terminal"',
    r"<text[^>]*>\n</text>",  # Rich draws the ends of lines, too
    r"\bterminal-\d+-",
)


def compact(picture: str) -> str:
    """What Rich has drawn, in a third of the bytes: each row on its line, and the same names in all."""
    for dropped in _DROPPED:
        picture = re.sub(dropped, "", picture, flags=re.DOTALL)
    picture = picture.replace("&#160;", "\N{NO-BREAK SPACE}").replace("Fira Code, monospace", _FONTS)
    picture = picture.replace('translate(9, 41)"', 'translate(9, 41)" shape-rendering="crispEdges"')
    picture = re.sub(r"(\d+\.\d)\d{5,}", r"\1", picture)
    lines = (" ".join(line.split(" ")).strip(" ") for line in picture.splitlines())
    return "\n".join(line for line in lines if line) + "\n"


def seen(picture: str) -> str:
    """What a picture shows: each piece of text with its place and style, and the grounds below them.

    Fonts, names and the order of styles say nothing. Raises `ParseError`.
    """
    root = ElementTree.fromstring(picture)
    styles = dict(re.findall(r"\.(\w+) \{([^}]*)\}", "".join(root.itertext())))
    found = [f"size {root.get('viewBox')}"]
    for element in root.iter():
        kind = element.tag.removeprefix(_SVG)
        if kind not in ("rect", "text"):
            continue
        place = " ".join(str(round(float(element.get(name, 0)))) for name in ("y", "x"))
        if kind == "rect":
            found.append(f"{place} {element.get('width')}×{element.get('height')} on {element.get('fill')}")
        elif not (element.get("class") or "").endswith("title"):
            style = sorted(filter(None, map(str.strip, styles.get(element.get("class"), "").split(";"))))
            found.append(f"{place} {(element.text or '')!r} {' '.join(style)}".rstrip())
    return "\n".join(found)
