"""A container of the user's: entered as a guest, who ends what it started and leaves the rest as it is."""

from __future__ import annotations

from typing import Any, Final

from trajcore.errors import SandboxUnavailable
from trajcore.sandbox.machines.docker.engine import find_container, plain_errors
from trajcore.sandbox.machines.machine import BASH
from trajcore.sandbox.machines.owner import VARIABLE, read_word, this_program

# Bash alone, as the container may hold little else: the process and its owner, one pair a line.
_OWNED: Final = rf"""
for path in /proc/[0-9]*; do
  while IFS= read -r -d '' entry; do
    case $entry in {VARIABLE}=*) echo "${{path#/proc/}} ${{entry#*=}}";; esac
  done 2>/dev/null <"$path/environ"
done 2>/dev/null
"""


def find(client: Any, name: str) -> Any:
    """The running container called `name`, cleared of what dead programs of ours left running in it.

    Raises `SandboxUnavailable`.
    """
    with plain_errors(f"The container {name} cannot be entered"):
        container = find_container(client, name)
        if container is None:
            raise SandboxUnavailable(f"There is no container '{name}': see `docker ps`.")
        if container.status != "running":
            raise SandboxUnavailable(f"The container '{name}' does not run: `docker start {name}` first.")
        code, _ = container.exec_run([*BASH, "exit 0"])
    if code != 0:
        raise SandboxUnavailable(f"The container '{name}' has no bash: a sandbox needs one.")
    leave(container, ours=False)
    return container


def start_directory(container: Any, *, wanted: bool) -> str:
    """Where steps begin: /workspace, made if it is `wanted`; else where the container itself begins."""
    made = "mkdir -p /workspace; " if wanted else ""
    code, output = container.exec_run([*BASH, f"{made}cd /workspace 2>/dev/null; pwd"])
    directory = str(output.decode("utf-8", "replace").strip())
    if code != 0 or (wanted and directory != "/workspace"):
        raise SandboxUnavailable(f"/workspace cannot be made in the container '{container.name}'.")
    return directory


def leave(container: Any, *, ours: bool) -> None:
    """End the processes that were started by this program (`ours`), or else by dead ones."""
    _, output = container.exec_run([*BASH, _OWNED])
    me = this_program()
    pids = []
    for line in output.decode("utf-8", "replace").splitlines():
        pid, _, word = line.partition(" ")
        owner = read_word(word)
        if owner is not None and pid.isdigit() and (owner == me if ours else owner.is_dead):
            pids.append(pid)
    if pids:
        container.exec_run([*BASH, f"kill -9 {' '.join(pids)}"])
