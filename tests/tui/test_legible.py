"""Every text can be read: on every screen, in every theme, in terminals of each kind."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest
from rich.color import Color as Colour
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.css.styles import RenderStyles
from textual.dom import DOMNode

from contrast import ENOUGH, Faint, component_classes, contrast, faint, ratio, received, segments
from screens import Shown, opened
from states import STATES, home, recording
from trajtui.legible import Depth, Readable
from trajtui.themes import DARK, LIGHT, default, offered

_MANY = {"COLORTERM": "truecolor"}
_256 = {"COLORTERM": "", "TERM": "xterm-256color"}
_16 = {"COLORTERM": "", "TERM": "xterm"}
_NONE = {"NO_COLOR": "1"}
TERMINALS = {
    "many colours": (_MANY, ColorSystem.TRUECOLOR),
    "256": (_256, ColorSystem.EIGHT_BIT),
    "16": (_16, ColorSystem.STANDARD),
    "NO_COLOR": (_MANY | _NONE, ColorSystem.TRUECOLOR),
    "NO_COLOR, 256": (_256 | _NONE, ColorSystem.EIGHT_BIT),
    "NO_COLOR, 16": (_16 | _NONE, ColorSystem.STANDARD),
}
"""What the terminal says of itself, and what it is sent."""


async def _walk(path: Path, theme: str, system: ColorSystem) -> dict[str, set[Faint]]:
    """The texts of each state that cannot be read."""
    found = {}
    async with opened(recording(path / "all.json"), size=(160, 48), drawn=True) as shown:
        shown.app.theme = theme
        for name, reach in STATES.items():
            with ExitStack() as undo:
                await reach(shown, undo)
                found[name] = faint(segments(shown), system)
                # What joins emoji is drawn as nothing by one terminal, and shifts the row in the next.
                assert not {"\u200d", "\ufe0f"} & set(shown.text), name
                if name == "every-mark":
                    assert _dimmest(shown, "exit 0→2", system) >= _dimmest(shown, "=", system)
            await home(shown)
    return {name: texts for name, texts in found.items() if texts}


def _dimmest(shown: Shown, text: str, system: ColorSystem) -> float:
    """The least contrast that texts which begin so have on the pane, wherever the cursor is."""
    ground = Style(bgcolor=shown.app.theme_variables["background"])
    styles = [one.style for one in segments(shown) if one.text.strip().startswith(text) and one.style]
    return min(contrast(style + ground, system) for style in styles if not style.reverse)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> ColorSystem:
    """What a terminal says of itself, and is sent therefore."""
    environment, system = TERMINALS[request.param]
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return system


@pytest.mark.parametrize("theme", [DARK, LIGHT])
@pytest.mark.parametrize("terminal", TERMINALS, indirect=True)
@pytest.mark.long
async def test_every_text_of_every_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, theme: str, terminal: ColorSystem
) -> None:
    asked: set[str] = set()
    styles = DOMNode.get_component_styles

    def ask(node: DOMNode, *names: str) -> RenderStyles:
        asked.update(names)
        return styles(node, *names)

    monkeypatch.setattr(DOMNode, "get_component_styles", ask)
    assert not await _walk(tmp_path, theme, terminal)
    unseen = sorted(component_classes().keys() - asked)
    assert not unseen, "no state shows these: add one to tests/states.py"


OTHERS = sorted(set(offered()) - {DARK, LIGHT})
BY_TURNS = [(theme, ("many colours", "256")[number % 2]) for number, theme in enumerate(OTHERS)]
"""Each theme in one of the terminals: what a theme's colours are in each is looked at below, in every one."""


@pytest.mark.long
@pytest.mark.parametrize(("theme", "terminal"), BY_TURNS, indirect=["terminal"])
async def test_every_text_in_the_themes_of_others(tmp_path: Path, theme: str, terminal: ColorSystem) -> None:
    assert not await _walk(tmp_path, theme, terminal)


GROUNDS = ("background", "surface", "cursor-ground", "picked-ground")


@pytest.mark.parametrize("name", TERMINALS)
def test_the_colours_of_every_theme(name: str) -> None:
    environment, system = TERMINALS[name]
    depth = {ColorSystem.STANDARD: Depth.SIXTEEN, ColorSystem.EIGHT_BIT: Depth.EIGHT_BIT}.get(
        system, Depth.FULL
    )
    themes = offered(depth, no_color="NO_COLOR" in environment)
    assert list(themes)[:2] == [DARK, LIGHT]
    for theme in themes.values():
        colours = theme.to_color_system().generate() | theme.variables
        shown = {
            key: received(Colour.parse(value[:7]), system)
            for key, value in colours.items()
            if key.startswith("text") or key in GROUNDS
        }
        texts = [key for key in shown if key.startswith("text")]
        assert not [
            (theme.name, text, ground)
            for text in texts
            for ground in GROUNDS
            if ratio(shown[text], shown[ground]) < ENOUGH
        ]


def test_no_theme_of_a_terminal_of_whose_colours_nobody_knows() -> None:
    assert not any(theme.ansi for theme in offered().values())
    assert set(offered(Depth.SIXTEEN)) == {DARK, LIGHT}


@pytest.mark.parametrize(
    ("told", "theme"), [("", DARK), ("15;0", DARK), ("0;15", LIGHT), ("0;default;15", LIGHT)]
)
def test_the_default_is_for_the_terminals_background(
    monkeypatch: pytest.MonkeyPatch, told: str, theme: str
) -> None:
    monkeypatch.setenv("COLORFGBG", told)
    assert default() == theme


def test_what_a_program_writes_can_be_read() -> None:
    grounds = [Colour.from_rgb(*colour) for colour in ((0, 0, 0), (18, 18, 18), (170, 0, 0), (255, 255, 255))]
    for color in grounds:
        for ground in grounds:
            written = [Segment("x", Style(color=color, bgcolor=ground))]
            (drawn,) = Readable(Depth.FULL).apply(written, Color.parse("#121212"))
            assert drawn.style is not None
            assert contrast(drawn.style, ColorSystem.TRUECOLOR) >= ENOUGH
