"""A world made by Docker: one long-lived container."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final, TypeVar

from trajcore.errors import BadInput, SandboxUnavailable
from trajcore.sandbox.base import OnProgress, SandboxSettings
from trajcore.sandbox.machines.diskguard import DiskGuard, room, spared
from trajcore.sandbox.machines.docker import entering, guest
from trajcore.sandbox.machines.docker.archives import archive_of, read_image
from trajcore.sandbox.machines.docker.commits import Commit, Commits, drop, keep
from trajcore.sandbox.machines.docker.disks import container_layers, look_at, written_size, written_to
from trajcore.sandbox.machines.docker.ended import why_ended
from trajcore.sandbox.machines.docker.engine import (
    GONE,
    build,
    connect,
    discard,
    engine_answers,
    first_line,
    has_image,
    image_state,
    is_here,
    plain_errors,
    present,
    pull,
    remove,
    shares_files,
)
from trajcore.sandbox.machines.giveback import IN_A_CONTAINER, give_back
from trajcore.sandbox.machines.machine import (
    BASH,
    ENVIRONMENT,
    Layer,
    Reopened,
    Snapshot,
    TooLarge,
)
from trajcore.sandbox.machines.owner import LABEL, this_program
from trajcore.sandbox.machines.stream import Stream
from trajcore.sandbox.trees.copying import LeftOut, ask_for_room, pack_tree
from trajcore.sandbox.trees.members import Member, members_of_tar
from trajcore.tasks import finished_in_thread
from trajcore.text import safe_line

__all__ = [
    "LABEL",
    "DockerMachine",
    "build_image",
    "engine_answers",
    "fetch_image",
    "has_image",
    "image_state",
]

_MEMORY_SHARE: Final = 0.8
_ELSEWHERE: Final = "--mount needs an engine on this machine: leave it out, and the files are copied."
_NOT_FETCHED: Final = (
    "The image {0} is not here, and is not fetched for a config.toml that is not trusted: name it with "
    "--image, trust the file (trajtui config trust), or use --sandbox bubblewrap."
)
_NOT_NEEDED: Final = ("MKNOD",)
"""What the engine lets root do in a container unless it is told not to."""
_NOT_ON_THE_HOST: Final = ("SETFCAP",)
"""The same, where files of this machine are worked on."""
_GIVES_BACK: Final = ("CHOWN", "DAC_OVERRIDE", "FOWNER")
# Gives a file its size and its holes; its parts stand one behind the other.
_DIG: Final = """
f=$1; t=$(mktemp) && cp -p -- "$f" "$t" && truncate -s 0 -- "$f" && truncate -s "$2" -- "$f" || exit
shift 2; at=0
while (( $# )); do
  dd if="$t" of="$f" bs=1M conv=notrunc iflag=skip_bytes,count_bytes oflag=seek_bytes status=none \
    skip="$at" seek="$1" count="$2" || exit
  (( at += $2 )); shift 2
done
touch -r "$t" -- "$f"; rm -f -- "$t"
"""
# As process 1 it reaps what others leave behind, and ends when it is told to.
_MAIN: Final = "trap 'exit 0' TERM INT; while :; do sleep 2147483647 & wait; done"

T = TypeVar("T")


async def build_image(directory: Path, progress: OnProgress) -> str:
    """Build the image of a Dockerfile, and answer what it is called. Raises `SandboxUnavailable`."""
    digest = hashlib.sha256(os.fsencode(directory)).hexdigest()
    name = f"trajtui-world:{digest[:12]}"
    loop = asyncio.get_running_loop()
    stop = threading.Event()

    def say(line: str) -> None:
        loop.call_soon_threadsafe(progress, line)

    progress(f"building {directory}")
    await finished_in_thread(lambda: build(directory, name, say, stop), stop.set)
    return name


async def fetch_image(image: str, progress: OnProgress) -> None:
    """Pull an image. Raises `SandboxUnavailable`."""
    client = await asyncio.to_thread(connect)
    try:
        await _pull(client, image, progress)
    finally:
        client.close()


async def _pull(client: Any, image: str, progress: OnProgress) -> None:
    progress(f"pulling {image}")
    loop = asyncio.get_running_loop()
    stop = threading.Event()

    def say(line: str) -> None:
        loop.call_soon_threadsafe(progress, line)

    await finished_in_thread(lambda: pull(client, image, say, stop), stop.set)


class DockerMachine:
    """A container that is removed when the world is closed; one of the user's is only left."""

    kind = "docker"
    outside = ("/etc/hosts", "/etc/hostname", "/etc/resolv.conf")

    def __init__(self, settings: SandboxSettings) -> None:
        self._settings = settings
        self._client: Any = None
        self._container: Any = None
        self._is_guest = False
        self._has_run = False
        """Whether there was a way into this container: it did not end as it began then."""
        """Whether the container is the user's."""
        self._directory = "/workspace"
        self._commits = Commits(this_program().labels)
        self._made_from: Commit | None = None
        """What the container was made from, where that is not the image."""
        self._hostname = ""
        self._reachable = False
        """Whether the files of the container are seen from here, and can be changed."""
        # A file's times lie behind the clock by less than it takes to make a world: none made in it is older.
        self._began = time.time_ns()
        self._keeping = asyncio.Lock()
        self._guard = DiskGuard()
        self._stopping: asyncio.Future[None] | None = None
        self._full = ""
        """Why the guard stopped it, if it did."""

    @property
    def detail(self) -> str:
        """The image, or the user's container."""
        return self._settings.container or self._settings.image

    @property
    def directory(self) -> str:
        """See `Machine.directory`."""
        return self._directory

    async def start(self, progress: OnProgress) -> None:
        """See `Machine.start`."""
        self._client = await asyncio.to_thread(connect)
        if self._settings.container is not None:
            progress(f"entering the container {self.detail}")
            await self._call(self._visit)
            await self._watch()
            return
        if not await self._call(lambda: present(self._client, self.detail)):
            if not self._settings.fetch:
                raise SandboxUnavailable(_NOT_FETCHED.format(safe_line(self.detail)))
            await _pull(self._client, self.detail, progress)
        progress("starting the container")
        await finished_in_thread(self._run)
        await self._watch()

    async def _watch(self) -> None:
        """Have the guard look at the disks of the container, where they are this machine's."""
        self._full = ""
        if is_here(self._client):
            places = await self._call(lambda: written_to(self._client, self._container))
            self._guard.begin(places, self._stop)

    def _stop(self, why: str) -> None:
        self._full = why
        container, is_guest = self._container, self._is_guest
        self._stopping = asyncio.ensure_future(asyncio.to_thread(_end_processes, container, is_guest))

    @property
    def keeps(self) -> bool:
        """See `Machine.keeps`: a container of the user's own is not taken away for another."""
        return self._settings.container is None

    async def snapshot(self) -> Snapshot | None:
        """See `Machine.snapshot`."""
        if not self.keeps:
            return None
        taken: list[Commit] = []
        async with self._keeping:
            lost, altered = await self._call(self._not_in_a_commit)
            try:
                await finished_in_thread(lambda: taken.append(self._commit()))
            except asyncio.CancelledError:
                await finished_in_thread(lambda: self._commits.forget(self._client, *taken))
                raise
            size = await finished_in_thread(lambda: self._commits.size(self._client, taken[0]))
        return Snapshot(taken[0], size, lost, altered)

    def _not_in_a_commit(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What of the files a commit does not hold, and what it alters, in words, as far as can be seen."""
        if not is_here(self._client):
            return (), ()
        seen = look_at(written_to(self._client, self._container)[0])
        lost = ("extended attributes of files",) if seen.attributes else ()
        return lost, ("file times in whole seconds",) if seen.times else ()

    async def restore(self, snapshot: Snapshot, progress: OnProgress) -> None:
        """See `Machine.restore`."""
        commit = snapshot.what
        assert isinstance(commit, Commit)
        async with self._keeping:
            if self._client is None:
                raise SandboxUnavailable(GONE)
            progress("restoring the container")
            self._guard.end()
            await self._call(lambda: self._replace(commit))
            await self._watch()

    @property
    def root(self) -> Path | None:
        """See `Rewritable.root`."""
        if self._client is None or self._container is None or not self._reachable:
            return None
        first = int(self._container.attrs.get("State", {}).get("Pid") or 0)
        return Path(f"/proc/{first}/root") if first else None

    async def reopen(self, progress: OnProgress, *, anew: bool = False) -> Reopened:
        """See `Rewritable.reopen`. A container that is gone is made once more."""
        async with self._keeping:
            if self._client is None:
                raise SandboxUnavailable(GONE)
            if not anew and await self._call(self._stands):
                return Reopened.AS_IT_STANDS
            progress("starting the container")
            self._guard.end()
            await self._call(lambda: self._replace(None))
            await self._watch()
            return Reopened.FROM_THE_BEGINNING

    async def put(self, archive: IO[bytes]) -> None:
        """See `Unpacking.put`."""
        await self._call(lambda: self._container.put_archive("/", archive))

    async def originals(self, paths: Collection[str]) -> Mapping[str, bytes]:
        """See `Unpacking.originals`."""
        image = self.detail if self._made_from is None else self._made_from.image
        labels = this_program().labels
        return await self._call(lambda: read_image(self._client, image, labels, paths)) if paths else {}

    def _stands(self) -> bool:
        """Whether the container runs, as far as the engine knows."""
        if self._container is None:
            return False
        try:
            with plain_errors():
                self._container.reload()
        except SandboxUnavailable:
            return False
        return bool(self._container.status == "running")

    def members(self, path: str, left_out: LeftOut) -> Iterator[Member]:
        """See `Exporting.members`."""
        return members_of_tar(archive_of(self._there(), path), left_out, world=path == "/")

    async def keep_as(self, name: str) -> Sequence[str]:
        """See `Imaging.keep_as`."""
        container = self._there()
        made: list[str] = []
        async with self._keeping:
            try:
                await self._call(lambda: made.append(keep(self._client, container, name, self.detail)))
            except asyncio.CancelledError:
                await finished_in_thread(lambda: drop(self._client, made))
                raise
        return [f"what is mounted at {one['Destination']}" for one in container.attrs.get("Mounts") or []]

    async def forget(self, snapshot: Snapshot) -> None:
        """See `Machine.forget`."""
        commit = snapshot.what
        assert isinstance(commit, Commit)
        async with self._keeping:
            if self._client is not None:
                await finished_in_thread(lambda: self._commits.forget(self._client, commit))

    async def terminal(self) -> Stream:
        """See `Machine.terminal`."""
        return await self._entered(entering.terminal)

    async def control(self) -> Stream:
        """See `Machine.control`."""
        return await self._entered(entering.control)

    async def _entered(self, way: Callable[[Any, Any, str], Stream]) -> Stream:
        """A way in. Raises `SandboxUnavailable`, which of a container that ended at once says why."""
        try:
            stream = await self._call(lambda: way(self._client, self._there(), self.directory))
        except SandboxUnavailable as error:
            if self._container is None or self._is_guest or self._full or self._has_run:
                raise
            why = await asyncio.to_thread(why_ended, self._client, self._container)
            raise (SandboxUnavailable(why) if why else error) from error
        self._has_run = True
        return stream

    async def layers(self) -> tuple[Layer, ...] | None:
        """See `Machine.layers`."""
        return await self._call(self._layers)

    async def copy_in(self, directory: Path) -> LeftOut:
        """See `Machine.copy_in`."""
        try:
            return await self._call(lambda: self._put(directory))
        except OSError as error:
            raise SandboxUnavailable(
                f"{directory}: cannot be copied into the container ({error})."
            ) from error

    async def close(self) -> None:
        """See `Machine.close`."""
        self._guard.end()
        if self._stopping is not None:
            await asyncio.wait([self._stopping])
        async with self._keeping:
            container, self._container = self._container, None
            client, self._client = self._client, None
            if client is not None:
                await asyncio.to_thread(self._leave, client, container)

    async def _call(self, work: Callable[[], T]) -> T:
        try:
            with plain_errors():
                return await finished_in_thread(work)
        except SandboxUnavailable as error:
            raise (SandboxUnavailable(self._full) if self._full else error) from error

    def _there(self) -> Any:
        """The container. Raises `SandboxUnavailable` where there is none any more."""
        if self._container is None:
            raise SandboxUnavailable(GONE)
        return self._container

    def _visit(self) -> None:
        self._is_guest = True
        self._container = guest.find(self._client, self.detail)
        wanted = self._settings.workspace is not None
        self._directory = guest.start_directory(self._container, wanted=wanted)

    def _leave(self, client: Any, container: Any) -> None:
        """Take the container away, or ourselves out of the user's. Never raises."""
        try:
            with plain_errors():
                if container is not None and self._is_guest:
                    guest.leave(container, ours=True)
                elif container is not None and self._settings.mount:
                    _end_processes(container, is_guest=False)
                    self._give_back(client)
        except (SandboxUnavailable, OSError):
            pass  # the container is gone, or the engine
        if container is not None and not self._is_guest:
            discard(container)
        self._commits.forget_all(client)
        remove(client, None)

    def _give_back(self, client: Any) -> None:
        """Nothing runs in the mounted directory any more: leave it harmless, to whom it belongs."""
        assert self._settings.workspace is not None
        if os.geteuid() == 0 and is_here(client):
            give_back(self._settings.workspace, self._began)
            return
        client.containers.run(
            self.detail,
            [*BASH, IN_A_CONTAINER, "give-back", f"{self._began / 1e9:.9f}"],
            entrypoint=[],
            user="0",
            labels=this_program().labels,
            mounts=[self._mounted()],
            network_mode="none",
            cap_drop=["ALL"],
            cap_add=list(_GIVES_BACK),
            remove=True,
        )

    def _layers(self) -> tuple[Layer, ...] | None:
        if not is_here(self._client):
            return None
        self._container.reload()
        layers = container_layers(self._container.attrs, self._client.info())
        self._reachable = layers is not None
        return layers

    def _commit(self) -> Commit:
        container = self._there()
        with plain_errors("The container cannot be kept"):
            size = written_size(self._client, container)
        if size > self._settings.snapshot_bytes:
            raise TooLarge(self._settings.snapshot_bytes)
        return self._commits.take(self._client, container, self._made_from)

    def _replace(self, commit: Commit | None) -> None:
        """Another container, made from `commit` or else the image, in the place of this one."""
        old, self._container = self._container, None
        if old is not None:
            discard(old)
        self._made_from = commit
        self._run()
        self._commits.forget(self._client)

    def _run(self) -> None:
        made_from = self._made_from
        image = self.detail if made_from is None else made_from.image
        options = self._options() if made_from is None else self._as_it_was(made_from)
        if self._hostname:
            options["hostname"] = self._hostname
        with plain_errors("The container cannot be made"):
            self._container = self._client.containers.create(image, [*BASH, _MAIN], **options)
            self._has_run = False
            self._hostname = self._hostname or self._container.attrs["Config"]["Hostname"]
        with plain_errors("The container cannot be started"):
            self._container.start()

    def _options(self) -> dict[str, Any]:
        resources = self._settings.resources
        options: dict[str, Any] = {
            "entrypoint": [],
            "environment": {
                name: value for name, value in ENVIRONMENT.items() if name not in ("PATH", "HOME")
            },
            "labels": this_program().labels,
            "pids_limit": resources.pids,
            "mem_limit": resources.memory or int(self._memory() * _MEMORY_SHARE),
            "security_opt": ["no-new-privileges"],
            "cap_drop": [*_NOT_NEEDED, *(_NOT_ON_THE_HOST if self._settings.mount else ())],
            "working_dir": "/workspace",
        }
        if resources.cpus:
            options["nano_cpus"] = int(resources.cpus * 1e9)
        if self._settings.mount:
            if not shares_files(self._client):
                raise BadInput(_ELSEWHERE)
            options["mounts"] = [self._mounted()]
        return options if self._settings.network else {**options, "network_mode": "none"}

    def _as_it_was(self, commit: Commit) -> dict[str, Any]:
        """The options of a container that takes the place of an earlier one."""
        kept = {"environment": dict(commit.environment), "user": commit.user}
        return {**self._options(), **kept}

    def _memory(self) -> int:
        """Bytes of memory where the engine is."""
        if is_here(self._client):
            return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        return int(self._client.info()["MemTotal"])

    def _mounted(self) -> dict[str, Any]:
        source = str(self._settings.workspace)
        return {"Type": "bind", "Source": source, "Target": "/workspace", "ReadOnly": False}

    def _put(self, directory: Path) -> LeftOut:
        with tempfile.TemporaryFile() as archive:
            left_out, sparse = pack_tree(directory, archive, room(Path(tempfile.gettempdir())).size)
            for layer in written_to(self._client, self._container)[: is_here(self._client)]:
                ask_for_room(archive.tell(), room(layer).size - spared(layer))
            archive.seek(0)
            self._container.put_archive(self.directory, archive)
        for one in sparse:
            parts = [str(number) for part in one.parts for number in part]
            path = f"{self.directory}/{one.path}"
            code, said = self._container.exec_run([*BASH, _DIG, "dig", path, str(one.size), *parts], user="0")
            if code != 0:
                raise OSError(f"{one.path}: {first_line(said.decode(errors='replace'))}")
        return left_out


def _end_processes(container: Any, is_guest: bool) -> None:
    """End what runs in the container, or of the user's what we started there. Never raises."""
    try:
        with plain_errors():
            guest.leave(container, ours=True) if is_guest else container.kill()
    except (SandboxUnavailable, OSError):
        pass  # the container is gone, or the engine
