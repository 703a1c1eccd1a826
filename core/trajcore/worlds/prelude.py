"""What a harness ran in the agent's own shell before the first step, though no event tells of it.

Its effects (variables, the directory, a repository without remotes) are part of the world that the recording
began in. The steps are those of OpenHands V0's `initialize_runtime` for the SWE-bench family, in its order.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from msgspec import Struct

from trajcore.dialects.told import What
from trajcore.errors import SandboxUnavailable
from trajcore.sandbox.base import Emit, Outcome, Patience, Sandbox
from trajcore.text import safe_line
from trajcore.worlds.facts import Prelude

if TYPE_CHECKING:
    from trajcore.worlds.facts import Found

_PATIENCE: Final = Patience(hard=600.0)
"""What the harness waits for each."""
_INSTANCES: Final = "/swe_util/eval_data/instances"
_CONDA: Final = "/opt/miniconda3/etc/profile.d/conda.sh"
_IF_GIT: Final = "! command -v git >/dev/null || "
_MOVED: Final = (
    '(shopt -s dotglob nullglob; cd {0}; for f in *; do [[ {1}/ == {0}/"$f"/* ]] || mv -- "$f" {1}/; done)'
)
"""All in a directory but what the other is in, to that one."""
_SHOWN: Final = 200
"""So many characters are told of a command that failed, and of what it said."""


class Step(Struct, frozen=True):
    """One command; or the file at `path`, which is given `content`."""

    command: str
    path: str = ""
    content: bytes = b""

    @classmethod
    def cd(cls, directory: str) -> Step:
        """The shell goes to a directory."""
        return cls(f"cd {shlex.quote(directory)}")

    @classmethod
    def home(cls, directory: str, *, made: bool, filled: str = "") -> Step:
        """The shell goes where the agent's program was started, if that is there or may be `made`.

        What is in `filled` is moved there first.
        """
        there = shlex.quote(directory)
        line = f"cd {there} 2>/dev/null || :"
        if filled:
            line = f"mkdir -p {there} && {_MOVED.format(shlex.quote(filled), there)}; {line}"
        elif made:
            line = f"mkdir -p {there} 2>/dev/null; {line}"
        return cls(line)


class Teller(Protocol):
    """Who is told of each step as it is run."""

    def begins(self, command: str) -> None:
        """A command is being run."""

    def ended(self, outcome: Outcome) -> None:
        """It has come back."""


def steps_of(found: Found, *, image: bool = True) -> tuple[Step, ...]:
    """The steps for what is told of a recording; none where its harness has none, or that is not known.

    Without an `image` of the harness nothing is copied from where its images have it, and what was brought
    instead stays as it is: it need not be a repository.
    """
    if found.prelude is None or not found.is_plain:
        return ()
    return tuple(_steps(found, found.prelude, image=image))


def _steps(found: Found, prelude: Prelude, *, image: bool) -> Iterator[Step]:
    harness = found.harness
    assert harness is not None
    lines = [
        f"export SWE_INSTANCE_ID={found.value(What.INSTANCE)}",
        "export PIP_CACHE_DIR=~/.cache/pip",
        "alias git='git --no-pager'",
    ]
    if prelude is Prelude.MULTI:
        lines.append(f"export REPO_NAME={found.name}")
    for line in lines:
        yield Step(f"echo {shlex.quote(line)} >> ~/.bashrc")
    git = "" if image else _IF_GIT
    yield Step(f'{git}git config --global core.pager "" && {git}git config --global diff.binary false')
    yield Step("export USER=$(whoami)")
    if found.instance:
        rows = json.dumps([found.instance]).encode()
        yield Step(f"mkdir -p {_INSTANCES}")
        yield Step("", f"{_INSTANCES}/swe-bench-instance.json", rows)
    yield Step("source ~/.bashrc")
    work = shlex.quote(f"/workspace/{found.work_name}")
    if image:
        source = "/testbed" if prelude is Prelude.SWE else f"/home/{shlex.quote(found.name)}"
        yield Step(f"mkdir -p /workspace && rm -rf /workspace/* && cp -r {source} {work}")
    if image and harness.conda:
        yield Step(f"if [ -e {_CONDA} ]; then . {_CONDA} && conda activate testbed; fi")
    if image and harness.conda_first:
        yield Step("export PATH=/opt/conda/envs/testbed/bin:$PATH")
    yield Step(f"cd {work}")
    if image:
        yield Step("git reset --hard")
    quiet = "" if image else " 2>/dev/null"
    yield Step(f'for remote in $(git remote{quiet}); do git remote remove "$remote"; done')


async def run(steps: Sequence[Step], sandbox: Sandbox, emit: Emit, teller: Teller) -> None:
    """Run the steps in the sandbox's shell. Raises `SandboxUnavailable`, which says which failed and why."""
    for step in steps:
        if step.path:
            await _put(step, sandbox, teller)
            continue
        teller.begins(step.command)
        said = bytearray()
        outcome = await sandbox.run(step.command, _PATIENCE, _both(emit, said))
        teller.ended(outcome)
        if outcome.exit_code != 0:
            raise _failure(step.command, outcome, bytes(said))


async def _put(step: Step, sandbox: Sandbox, teller: Teller) -> None:
    teller.begins(f"# {step.path} is written")
    try:
        await sandbox.files.write(step.path, step.content)
    except OSError as error:
        raise SandboxUnavailable(
            f"What ran before the first step failed: {step.path} cannot be written ({error.strerror})."
        ) from error
    teller.ended(Outcome(b"", 0, sandbox.directory))


def _both(emit: Emit, said: bytearray) -> Callable[[bytes], None]:
    def tell(data: bytes) -> None:
        said.extend(data[-_SHOWN * 4 :])
        emit(data)

    return tell


def _failure(command: str, outcome: Outcome, said: bytes) -> SandboxUnavailable:
    lines = said.decode("utf-8", "replace").strip().splitlines()
    last = safe_line(lines[-1])[:_SHOWN] if lines else ""
    how = "did not end" if outcome.still_running else f"ended with exit code {outcome.exit_code}"
    why = f": {last}" if last else ""
    return SandboxUnavailable(
        f"What ran before the first step failed: `{safe_line(command)[:_SHOWN]}` {how}{why}. "
        "--world none begins without it."
    )
