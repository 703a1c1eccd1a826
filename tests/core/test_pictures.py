"""What is known of a picture without decoding it, and how it is decoded: elsewhere, and within limits."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from pictures import png, url
from trajcore.errors import BadInput
from trajcore.pictures import Picture, name_of
from trajcore.views import pixels
from trajcore.views.pixels import pixels_of


def written(form: str) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (37, 21), (0, 128, 255)).save(made, form)
    return made.getvalue()


@pytest.mark.parametrize("form", ["png", "jpeg", "gif", "webp"])
def test_type_and_size_are_told_by_the_data(form: str) -> None:
    picture = Picture.at(url(written(form), "image/whatever"))
    assert (picture.true_type, picture.dimensions) == (f"image/{form}", (37, 21))
    assert name_of(picture).startswith(f"picture 37×21 · {form} · ")
    cut = Picture.at(url(written(form)[:13]))
    assert cut.dimensions is None or form == "gif"


@pytest.mark.parametrize(
    "data", ["", "data:", "data:image/png;base64,%%%", "data:,x", "\x1b]0;x\x07", "http://x"]
)
def test_whatever_an_address_is_it_has_a_name(data: str) -> None:
    assert name_of(Picture.at(data)).startswith("picture · ")


@pytest.mark.parametrize("form", ["png", "jpeg", "gif", "webp"])
async def test_pixels_come_from_another_process(form: str) -> None:
    small = await pixels_of(Picture.at(url(written(form))), 20, 20)
    assert (small.width, small.height, len(small.rgb)) == (20, 11, 660)
    assert all(abs(told - made) < 8 for told, made in zip(small.at(3, 3), (0, 128, 255), strict=True))


@pytest.mark.parametrize(
    ("address", "why"),
    [
        (url(png(30_000, 30_000, b"")), "too large"),
        (url(png(80, 50)[:60]), "damaged"),
        (url(png(80, 50)[:-20].replace(b"IDAT", b"IDAX")), "damaged"),
        (url(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"), "only PNG"),
        (url(b"<html>", "image/png"), "only PNG"),
        ("https://example.org/a.png", "not fetched"),
    ],
)
async def test_what_cannot_be_shown_says_why(address: str, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        await pixels_of(Picture.at(address), 20, 20)


@pytest.mark.parametrize(
    ("program", "why"),
    [("import time; time.sleep(60)", "too long"), ("print('x' * 100)", "damaged"), ("1/0", "damaged")],
)
async def test_a_decoder_that_was_taken_over_is_not_believed(
    program: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "decoding.py"
    path.write_text(program, encoding="utf-8")
    monkeypatch.setattr(pixels, "_PROGRAM", path)
    monkeypatch.setattr(pixels, "_PATIENCE", 1.0)
    with pytest.raises(BadInput, match=why):
        await pixels_of(Picture.at(url(png(2, 2))), 20, 20)


async def test_the_decoder_has_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, told = tmp_path / "decoding.py", tmp_path / "told"
    path.write_text(f"import os; open({str(told)!r}, 'w').write(repr(dict(os.environ)))", encoding="utf-8")
    monkeypatch.setattr(pixels, "_PROGRAM", path)
    monkeypatch.setenv("LLM_API_KEY", "sk-never-seen")
    with pytest.raises(BadInput):
        await pixels_of(Picture.at(url(png(2, 2))), 20, 20)
    assert "sk-never-seen" not in told.read_text(encoding="utf-8")
