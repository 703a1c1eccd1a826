"""What the pages of `docs/` tell a reader to type and press does what they say, and their pictures show it.

A page is gone through in a process of its own, as `pages.py` says. A picture that is to look otherwise is
taken anew by `make pictures`, and looked at.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from drawings import seen
from needs import need_sandbox
from pages import Pictured, Pressed, Typed, is_printed, is_shown, items
from program import ROOT

DOCS = ROOT / "docs"
PICTURES = DOCS / "pictures"
ELSEWHERE = {"extending.md"}
"""What is shown of a package that the page itself brings is tested with that: `test_pages.py`."""
PAGES = [page for page in sorted(DOCS.glob("*.md")) if items(page) and page.name not in ELSEWHERE]
WRITTEN = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
LARGEST = 100_000
"""Bytes of a picture, at most."""


@pytest.mark.timeout(300)
@pytest.mark.sampled(3)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_does_what_it_says(page: Path, tmp_path: Path) -> None:
    environment = {**os.environ, **need_sandbox()}
    playing = [sys.executable, ROOT / "tests" / "playing.py", page, "--pictures", tmp_path]
    done = subprocess.run(playing, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, f"{page.name}\n{done.stdout}\n{done.stderr}"
    names = {item.name for item in items(page) if isinstance(item, Pictured)}
    assert {picture.name for picture in tmp_path.iterdir()} == files_of(names)
    for picture in tmp_path.iterdir():
        now, kept = seen(picture.read_text("utf-8")), seen((PICTURES / picture.name).read_text("utf-8"))
        assert kept.splitlines() == now.splitlines(), f"{picture.name}: `make pictures` takes it anew"


def files_of(names: set[str]) -> set[str]:
    return {f"{name}-{theme}.svg" for name in names for theme in ("light", "dark")}


def test_each_picture_is_taken_on_one_page_and_each_file_is_one() -> None:
    taken = [item.name for page in PAGES for item in items(page) if isinstance(item, Pictured)]
    assert taken
    assert len(taken) == len(set(taken))
    assert {path.name for path in PICTURES.iterdir()} == files_of(set(taken))


@pytest.mark.parametrize("picture", sorted(PICTURES.glob("*.svg")), ids=lambda path: path.name)
def test_a_picture_is_small_and_fetches_nothing(picture: Path) -> None:
    text = picture.read_text(encoding="utf-8")
    assert len(text) < LARGEST
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|url\(|@import|@font-face|<script|<image", text)


def test_a_picture_is_shown_in_both_themes_and_described() -> None:
    for page in WRITTEN:
        for shown in re.findall(r"<picture>.*?</picture>", page.read_text(encoding="utf-8"), re.DOTALL):
            (name,) = re.findall(r'src="(?:docs/)?pictures/([\w-]+)-light\.svg"', shown)
            assert re.search(rf'dark\)" srcset="(?:docs/)?pictures/{name}-dark\.svg"', shown), page.name
            assert len(re.findall(r'alt="([^"]{20,})"', shown)) == 1, page.name
            assert files_of({name}) <= {path.name for path in PICTURES.iterdir()}


def test_what_is_to_be_typed_stands_where_a_test_types_it() -> None:
    assert {page.stem for page in DOCS.glob("*.md") if not items(page)} == {"README", "api", "reference"}
    for page in DOCS.glob("*.md"):
        text = page.read_text(encoding="utf-8")
        blocks = re.findall(r"^```(\w*)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
        assert not [text for kind, text in blocks if kind != "console" and text.startswith("$ ")], page.name


@cache
def anchors(page: Path) -> set[str]:
    """What the headings of a page are called in links, as GitHub has it."""
    heads = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?://", target):
            continue
        name, _, anchor = target.partition("#")
        leads = (page.parent / name).resolve() if name else page
        assert leads.exists(), target
        if anchor:
            assert anchor in anchors(leads), target


def test_each_page_is_in_the_index() -> None:
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    for page in DOCS.glob("*.md"):
        assert page.name == "README.md" or f"]({page.name})" in index, page.name


# How a page is read


def test_what_is_typed_pressed_and_seen_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# T\n\n```console\n$ cat <<'END' > f\n$ no command\nEND\n"
        "$ ls \\\n  f   # why\nf\n$ trajtui f\n```\n\n```python\n$ nothing\n```\n\n"
        "| press | what you see |\n| --- | --- |\n| `Esc` `a b` | `x \\| y`, and `z` |\n\n"
        '<!-- here: touch g -->\n<img alt="a" src="pictures/p-light.svg">\n'
    )
    written, listed, opened, pressed, here, picture = items(page)
    assert written == Typed(4, "cat <<'END' > f\n$ no command\nEND", ())
    assert listed == Typed(7, "ls \\\n  f   # why", ("f",))
    assert isinstance(opened, Typed)
    assert opened.opens == ["f"]
    assert isinstance(pressed, Pressed)
    assert list(pressed.presses) == ["escape", "a", "space", "b"]
    assert pressed.shown == ("x | y", "z")
    assert here == Typed(21, "touch g", None)
    assert picture == Pictured(22, "p")


def test_what_is_printed_is_held_against_the_page() -> None:
    assert is_printed(("a … c", "…", "z"), ["a b c", "d", "e", "z"])
    assert is_printed(("…",), [])
    assert not is_printed(("a",), ["a", "b"])
    assert not is_printed(("a", "b"), ["a"])
    assert not is_printed((), ["a"])
    assert is_shown("8 run bash … exit 1", "x\n·  8 ◇ run\n =  8   run  bash check.sh    exit 1 |")
    assert not is_shown("exit 1 exit 2", "exit 1\nexit 2")


def test_what_is_otherwise_is_told(tmp_path: Path) -> None:
    page = tmp_path / "wrong.md"
    page.write_text(
        "```console\n$ echo one\ntwo\n$ false\n$ trajtui sample_trajectories/demo.json\n```\n\n"
        "| press | what you see |\n| --- | --- |\n| `?` | `no such words` |\n"
    )
    playing = [sys.executable, ROOT / "tests" / "playing.py", page]
    done = subprocess.run(
        playing,
        capture_output=True,
        text=True,
        env={**os.environ, "TRAJTUI_SANDBOX": "recorded"},
        check=False,
    )
    assert done.returncode == 1
    faults = re.findall(r"^line (\d+): ", done.stdout, re.MULTILINE)
    assert faults == ["2", "4", "10"], done.stdout + done.stderr
