"""`glob` and `grep`: looked for in the world itself, with ripgrep where it has that, as V1 does."""

from __future__ import annotations

import base64
import binascii
import posixpath
import re
from pathlib import PurePosixPath
from typing import Any, Final

from trajcore.events.actions import FindFilesAction, SearchFilesAction
from trajcore.events.base import Extras
from trajcore.events.observations import FindFilesObservation, SearchFilesObservation
from trajcore.sandbox.base import Files
from trajcore.sandbox.shell.quoting import quoted

_MOST: Final = 100
_CUT: Final = "\n\n[Results truncated to first 100 files. Consider using a more specific pattern.]"
_SECONDS: Final = 30.0
_WILD: Final = re.compile(r"[*?[]")
_HAS_RIPGREP: Final = "command -v rg >/dev/null"

# The pattern is expanded by bash, which makes words of nothing else in it.
_GLOB: Final = r"""if {has}; then
timeout 30 rg --files -0 {directory} -g {pattern} --sortr=modified | head -z -n 101
else (shopt -s globstar nullglob; IFS=; p={recursive}; cd {directory} && for f in $p; do
if [[ -f $f ]]; then printf '%s\0' "$f"; fi; done | xargs -0 -r stat -L --printf '%.9Y %n\0' -- 2>/dev/null |
sort -zrn | head -z -n 101 | sed -z 's/^[^ ]* //'); fi 2>/dev/null | base64 -w0"""
_GREP: Final = r"""if {has}; then timeout 30 rg -li -0 {rg_include} --sortr=modified -e {pattern} {directory}
else timeout 30 grep -rlIiZ {include} --exclude-dir='.*' --exclude='.*' -e {pattern} {directory}
fi 2>/dev/null | head -z -n 101 | base64 -w0"""


async def find_files(action: FindFilesAction, files: Files, home: str) -> FindFilesObservation:
    """Carry out `glob`."""
    given = action.args.pattern
    directory, pattern = _where(given, action.args.path, home)

    def answer(content: str, **more: Any) -> FindFilesObservation:
        fields = {"is_error": False, "files": [], "search_path": directory, "truncated": False, **more}
        return FindFilesObservation(
            source=action.source, content=content, extras=Extras.model_validate(fields)
        )

    if (await files.kind(directory)).name != "directory":
        return answer(f"Search path '{directory}' is not a valid directory", is_error=True)
    recursive = pattern if "**" in pattern else f"**/{pattern}"
    script = _GLOB.format(
        has=_HAS_RIPGREP, directory=_word(directory), pattern=_word(pattern), recursive=_word(recursive)
    )
    found = [posixpath.join(directory, name) for name in _names(await files.output(script, seconds=_SECONDS))]
    kept, cut = found[:_MOST], len(found) > _MOST
    if not kept:
        return answer(f"No files found matching pattern '{given}' in directory '{directory}'")
    head = f"Found {len(kept)} file(s) matching pattern '{given}' in '{directory}':\n"
    return answer(head + "\n".join(kept) + _CUT * cut, files=kept, truncated=cut)


async def search_files(action: SearchFilesAction, files: Files, home: str) -> SearchFilesObservation:
    """Carry out `grep`."""
    args = action.args
    directory = posixpath.normpath(str(PurePosixPath(home, args.path or "")))

    def answer(content: str, **more: Any) -> SearchFilesObservation:
        fields = {"is_error": False, "matches": [], "search_path": directory, "truncated": False, **more}
        return SearchFilesObservation(
            source=action.source, content=content, extras=Extras.model_validate(fields)
        )

    if args.path and (await files.kind(directory)).name != "directory":
        return answer(f"Search path '{args.path}' is not a valid directory", is_error=True)
    try:
        re.compile(args.pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return answer(f"Invalid regex pattern: {error}", is_error=True)
    include = _word(args.include) if args.include else ""
    script = _GREP.format(
        has=_HAS_RIPGREP,
        directory=_word(directory),
        pattern=_word(args.pattern),
        rg_include=f"-g {include}" if include else "",
        include=f"--include={include}" if include else "",
    )
    found = _names(await files.output(script, seconds=_SECONDS))
    kept, cut = found[:_MOST], len(found) >= _MOST
    only = f" (filtered by '{args.include}')" if args.include else ""
    if not kept:
        return answer(f"No files found containing pattern '{args.pattern}' in directory '{directory}'{only}")
    head = f"Found {len(kept)} file(s) containing pattern '{args.pattern}' in '{directory}'{only}:\n"
    return answer(head + "\n".join(kept) + _CUT * cut, matches=kept, truncated=cut)


def _where(pattern: str, path: str | None, home: str) -> tuple[str, str]:
    """The directory to look in, and the pattern in it: an absolute pattern begins with its own directory."""
    if path:
        return posixpath.normpath(str(PurePosixPath(home, path))), pattern
    if not pattern.startswith("/"):
        return home, pattern or "**/*"
    parts = PurePosixPath(pattern).parts
    plain = next((at for at, part in enumerate(parts) if _WILD.search(part)), len(parts))
    rest = "/".join(parts[plain:])
    return posixpath.normpath(str(PurePosixPath(*parts[:plain]))), rest or "**/*"


def _word(text: str) -> str:
    return quoted(text).decode()


def _names(answer: str) -> list[str]:
    try:
        data = base64.b64decode(answer, validate=True)
    except (binascii.Error, ValueError):
        return []
    return [name.decode("utf-8", "replace") for name in data.split(b"\0") if name]
