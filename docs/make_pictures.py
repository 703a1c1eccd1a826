"""Takes the pictures of the pages beside it anew, from the program: `make pictures`.

Where a page has a `<picture>`, the keys that stand before it were pressed (`tests/playing.py` goes through a
page as a reader would). Each is taken in both themes. `tests/docs` fails where one shows something else than
the program does now. A sandbox is needed: bubblewrap, or docker.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
PICTURES: Final = HERE / "pictures"
TESTS: Final = HERE.parent / "tests"
sys.path.insert(0, str(TESTS))

from needs import need_sandbox  # noqa: E402
from pages import Pictured, items  # noqa: E402


def main() -> None:
    """Write all of them, or those of the pages that are named: `make_pictures.py share.md`."""
    named = [HERE / name for name in sys.argv[1:]]
    environment = {**os.environ, **need_sandbox()}
    with tempfile.TemporaryDirectory() as taken:
        for page in named or sorted(HERE.glob("*.md")):
            if any(isinstance(item, Pictured) for item in items(page)):
                playing = [sys.executable, TESTS / "playing.py", page, "--pictures", taken]
                subprocess.run(playing, check=True, env=environment)
        if not named:
            for picture in PICTURES.glob("*.svg"):
                picture.unlink()
        for picture in Path(taken).iterdir():
            (PICTURES / picture.name).write_bytes(picture.read_bytes())


if __name__ == "__main__":
    main()
