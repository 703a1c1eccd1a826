"""Files read out of containers and images, as the tar archives that the engine makes of them."""

from __future__ import annotations

import errno
import os
import tarfile
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from trajcore.sandbox.machines.docker.engine import archive, plain_errors


def read_image(
    client: Any, image: str, labels: Mapping[str, str], paths: Collection[str]
) -> dict[str, bytes]:
    """What files of an image hold, and where its links lead to, by their paths, as far as they are there.

    Whole directories among `paths` are read in one go. Raises what the library raises.
    """
    wanted = set(paths)
    found: dict[str, bytes] = {}
    container = client.containers.create(image, ["true"], labels=dict(labels))
    try:
        read: set[str] = set()
        for path in sorted(wanted):
            if any(parent in read for parent in map(str, PurePosixPath(path).parents)):
                continue
            chunks = archive(container, path)
            if chunks is None:
                continue  # what is in it may be asked for by itself
            read.add(path)
            found.update(_members(chunks, PurePosixPath(path).parent, wanted))
    finally:
        container.remove(v=True, force=True)
    return found


def archive_of(container: Any, path: str) -> Iterator[bytes]:
    """A tar archive of what is at a path in a container. Raises `OSError`, `SandboxUnavailable`."""
    with plain_errors("The files cannot be taken out of the container"):
        chunks = archive(container, path)
        if chunks is None:
            container.reload()  # it is gone, or the path is
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        yield from chunks


def _members(
    chunks: Iterable[bytes], parent: PurePosixPath, wanted: Collection[str]
) -> Iterator[tuple[str, bytes]]:
    with tempfile.TemporaryFile() as spool:
        for chunk in chunks:
            spool.write(chunk)
        spool.seek(0)
        with tarfile.open(fileobj=spool) as packed:
            for member in packed:
                path = str(parent / member.name)
                content = packed.extractfile(member) if member.isfile() or member.islnk() else None
                if path in wanted and content is not None:
                    yield path, content.read()
                elif path in wanted and member.issym():
                    yield path, member.linkname.encode("utf-8", "surrogateescape")
