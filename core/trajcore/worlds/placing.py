"""What the user brings for a recording's world: a repository at a commit, or a Dockerfile."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from trajcore.errors import BadInput, SandboxUnavailable
from trajcore.sandbox.base import OnProgress, Placed
from trajcore.sandbox.machines.owner import make_directory
from trajcore.sandbox.trees.copying import LeftOut, copy_tree, remove_tree
from trajcore.tasks import finished_in_thread, program_run
from trajcore.text import safe_line
from trajcore.worlds.choice import Repository

_SHOWN: Final = 200
"""So many characters of what git said are told."""
_ALONE: Final = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_LFS_SKIP_SMUDGE": "1",
}
"""A checkout runs nothing that a repository, or the user for others, has set up."""
_AS_IT_STANDS: Final = "{} has no commit {}, at which the recording began: it is taken as it stands"
_BRANCH: Final = re.compile(r"[\w][\w./+-]{0,200}")
_SAFE: Final = ("-c", f"core.hooksPath={os.devnull}", "-c", "core.fsmonitor=false")


@dataclass(frozen=True)
class Tree:
    """A repository's files on this machine, and the commit they are at (empty: as the directory stood)."""

    directory: Path
    """Belongs to whoever asked for it; the files are in the one directory in it."""
    commit: str
    note: str = ""
    """What is to be said of it."""

    def placed(self, target: str) -> Placed:
        """For a sandbox, in which the files are to be at a path."""
        return Placed(self.directory, next(self.directory.iterdir()).name, target)

    async def remove(self) -> None:
        """Remove it from this machine."""
        await finished_in_thread(lambda: remove_tree(self.directory))


async def fetched(repository: Repository, commit: str, branch: str, progress: OnProgress) -> Tree:
    """The files of a repository: at its own commit, else at `commit` where it has that, else as they stand.

    `branch` is what the branch is called that is at the commit, where that is known. An address needs the
    network for as long as this takes. Nothing of the repository is run: no hook, no filter. Raises `BadInput`
    where the repository, or the commit that the user named, cannot be had.
    """
    directory = await finished_in_thread(make_directory)
    place = directory / f".trajtui-{secrets.token_hex(6)}"
    try:
        found, note = await _fetched(repository, commit, branch, place, progress)
    except BaseException:
        await finished_in_thread(lambda: remove_tree(directory))
        raise
    return Tree(directory, found, note)


async def _fetched(
    repository: Repository, commit: str, branch: str, place: Path, progress: OnProgress
) -> tuple[str, str]:
    """The commit that it is at, where it is at one, and what is to be said of that."""
    what, wanted = safe_line(repository.shown), repository.commit or commit
    if not repository.is_url and not (wanted and await _has_commit(repository.source, wanted)):
        _refuse_unknown(repository)
        progress(f"copying {what}")
        try:
            left_out = await finished_in_thread(lambda: _copy(Path(repository.source), place))
        except OSError as error:
            raise BadInput(f"--repo {what}: it cannot be copied ({error.strerror or error}).") from None
        if said := left_out.sentence():
            progress(f"not copied: {said}")
        return "", _AS_IT_STANDS.format(what, wanted[:12]) if wanted else ""
    progress(f"cloning {what}")
    await _git(
        ["clone", "--quiet", "--no-checkout", "--no-hardlinks", "--", repository.source, str(place)], what
    )
    here = [*_SAFE, "-C", str(place)]
    if repository.is_url:  # which may hold a key of the user's, and would be the sandbox's to read
        await _git([*here, "remote", "set-url", "origin", repository.address], what)
    note = ""
    if wanted and not await _has_commit(str(place), wanted):
        _refuse_unknown(repository)
        wanted, note = "", _AS_IT_STANDS.format(what, wanted[:12])
    await _check_out(here, wanted, branch, what)
    return (await _git([*here, "rev-parse", "HEAD"], what, alone=True)).strip(), note


def _refuse_unknown(repository: Repository) -> None:
    if repository.commit:
        raise BadInput(f"--repo {safe_line(repository.shown)}: it has no such commit.")


async def _check_out(here: Sequence[str], commit: str, branch: str, what: str) -> None:
    """The files at a commit, on a branch that is there: what the harnesses do, who have no detached head."""
    if not commit:
        await _git([*here, "checkout", "--quiet"], what, alone=True)
        return
    at = await _git([*here, "rev-parse", "HEAD"], what, alone=True)
    name = branch or (await _git([*here, "symbolic-ref", "--short", "HEAD"], what, alone=True)).strip()
    safe = _BRANCH.fullmatch(name) is not None
    await _git(
        [*here, "checkout", "--quiet", *(["-B", name] if safe else ["--detach"]), commit], what, alone=True
    )
    if safe and not at.startswith(commit):  # else it would be said to be behind
        await _git([*here, "config", "--unset-all", f"branch.{name}.merge"], what, alone=True, fails=True)


def _copy(source: Path, place: Path) -> LeftOut:
    place.mkdir()
    return copy_tree(source, place)


async def _has_commit(repository: str, commit: str) -> bool:
    try:
        await _git([*_SAFE, "-C", repository, "cat-file", "-e", f"{commit}^{{commit}}"], repository)
    except BadInput:
        return False
    return True


async def _git(arguments: Sequence[str], what: str, *, alone: bool = False, fails: bool = False) -> str:
    """What git prints. Raises `BadInput` where there is none, or (unless it may fail) with what it said."""
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", **(_ALONE if alone else {})}
    try:
        done = await program_run(
            ["git", *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    except OSError as error:
        raise BadInput(f"--repo needs git on this machine ({error.strerror}).") from None
    if done.returncode != 0 and not fails:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines() or [
            f"exit code {done.returncode}"
        ]
        said = next((line for line in lines if line.startswith("fatal:")), lines[-1])
        raise BadInput(f"--repo {what}: {safe_line(said)[:_SHOWN]}")
    return done.stdout.decode("utf-8", "replace")


async def built(directory: Path, progress: OnProgress) -> str:
    """The image of a Dockerfile in a directory, by its name. Raises `SandboxUnavailable`.

    The engine builds it as it builds any: with the network, and what it has built before is used again.
    """
    from trajcore.sandbox.machines.docker.machine import build_image

    try:
        return await build_image(directory, progress)
    except OSError as error:
        raise SandboxUnavailable(f"--dockerfile {directory}: {error.strerror or error}.") from error
