"""Records what the real editor of OpenHands answers to `editor_cases`, into `editor_answers.json`.

    PYTHON tests/oracles/record_editor.py [FILE]

PYTHON is an interpreter (3.12 or later) of an environment of its own, made by:

    python3.12 -m venv DIR
    DIR/bin/pip install openhands-aci==0.3.2 chardet==5.2.0 charset-normalizer==3.5.2

which are the versions that OpenHands 0.62 runs with. With FILE, writes there instead.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import shutil
import string
import sys
import time
from pathlib import Path
from random import SystemRandom
from typing import Any

from editor_cases import ROOT, Case, cases

logging.disable(logging.CRITICAL)
from openhands_aci.editor.editor import OHEditor  # noqa: E402
from openhands_aci.editor.exceptions import ToolError  # noqa: E402
from openhands_aci.utils.diff import get_diff  # noqa: E402

ANSWERS = Path(__file__).with_name("editor_answers.json")
_TICK = 0.012
"""The editor knows by its time that a file has changed, and times have the grain of the kernel's clock."""


def main() -> None:
    """Record every case in a directory whose path is as long as the one it is given in the fixture."""
    os.umask(0o022)
    os.environ["LC_ALL"] = "C.UTF-8"
    root = _directory()
    try:
        recorded = [_recorded(case, root, f"c{number:04}") for number, case in enumerate(cases())]
    finally:
        shutil.rmtree(root)
    text = json.dumps({"cases": recorded}, indent=0, ensure_ascii=True).replace(str(root), ROOT)
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ANSWERS
    target.write_text(text + "\n")


def _directory() -> Path:
    letters = "".join(SystemRandom().choices(string.ascii_lowercase, k=len(ROOT) - len("/tmp/")))
    root = Path("/tmp") / letters
    root.mkdir()
    return root


def _recorded(case: Case, root: Path, name: str) -> dict[str, Any]:
    place = root / name
    place.mkdir()
    for path, content in case.files.items():
        if content is None:
            (place / path).mkdir()
        elif isinstance(content, str):
            (place / path).symlink_to(content)
        else:
            (place / path).write_bytes(content)
    before = _state(place)
    time.sleep(_TICK)
    editor = OHEditor()
    steps = []
    for step in case.steps:
        steps.append({**step, **_answered(editor, step, place)})
        time.sleep(_TICK)
    after = {path: state for path, state in _state(place).items() if before.get(path) != state}
    gone = [path for path in before if not (place / path).is_symlink() and not (place / path).exists()]
    files = {path: _spelled(content) for path, content in case.files.items()}
    return {"name": name, "group": case.group, "files": files, "steps": steps, "after": after, "gone": gone}


def _answered(editor: OHEditor, step: dict[str, Any], place: Path) -> dict[str, Any]:
    arguments = {name: value for name, value in step.items() if name not in ("path", "absolute")}
    path = step["path"] if step.get("absolute") is False else f"{place}/{step['path']}"
    try:
        result = editor(path=path, **arguments)
    except ToolError as error:
        return {"answer": f"ERROR:\n{error.message}", "diff": ""}
    except TypeError as error:
        return {"answer": f"ERROR:\n{error}", "diff": ""}
    except Exception as error:  # noqa: BLE001 - that it fails is what is recorded
        return {"raised": f"{type(error).__name__}: {error}"}
    if result.error:
        return {"answer": f"ERROR:\n{result.error}", "diff": ""}
    diff = (
        ""
        if step["command"] == "view"
        else get_diff(result.old_content or "", result.new_content or "", path)
    )
    return {"answer": result.output or "", "diff": diff}


def _state(place: Path) -> dict[str, dict[str, Any]]:
    """Kind, mode and content of everything below a directory."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(place.rglob("*")):
        name = str(path.relative_to(place))
        if path.is_symlink():
            found[name] = {"link": str(path.readlink())}
        elif path.is_file():
            found[name] = {"mode": f"{path.stat().st_mode & 0o7777:o}", **_spelled(path.read_bytes())}
        else:
            found[name] = {"directory": True}
    return found


def _spelled(content: bytes | str | None) -> dict[str, Any]:
    """A content as JSON: what is long and all the same is counted."""
    if content is None:
        return {"directory": True}
    if isinstance(content, str):
        return {"link": content}
    if len(content) > 1 << 20:
        assert len(set(content)) == 1
        return {"text": chr(content[0]), "times": len(content)}
    try:
        return {"text": content.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}


if __name__ == "__main__":
    main()
