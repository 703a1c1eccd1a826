"""Why a container is not there any more that was started a moment ago."""

from __future__ import annotations

from typing import Any, Final

from trajcore.errors import SandboxUnavailable
from trajcore.sandbox.machines.docker.engine import first_line, plain_errors
from trajcore.text import safe_line

_FOREIGN: Final = "exec format error"
_MEND: Final = (
    "{image} is for another processor{named} than the engine's: fetch it for that one (docker pull "
    "--platform linux/{engine} {image}), name another with --image, or have the engine emulate."
)


def why_ended(client: Any, container: Any) -> str | None:
    """What it wrote as it ended, and what to do about it; None where it runs, or has said nothing.

    Never raises.
    """
    try:
        with plain_errors():
            container.reload()
            if container.status == "running":
                return None
            said = safe_line(first_line(container.logs(tail=1).decode("utf-8", "replace")))
            if not said:
                return None
            told = f"The container ended as soon as it began ({said})."
            return f"{told} {_mend(client, container)}" if _FOREIGN in said else told
    except SandboxUnavailable:
        return None


def _mend(client: Any, container: Any) -> str:
    image = safe_line(str(container.attrs["Config"]["Image"]))
    theirs, engine = str(container.image.attrs.get("Architecture", "")), str(client.version().get("Arch", ""))
    named = f" ({safe_line(theirs)})" if theirs and theirs != engine else ""
    return _MEND.format(image=image, named=named, engine=safe_line(engine))
