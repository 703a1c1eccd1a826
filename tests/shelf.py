"""A registry of images on loopback, with one image in it, as far as an engine asks for that."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


def archive(files: dict[str, bytes]) -> bytes:
    """Files as a tar archive."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as packed:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            packed.addfile(entry, io.BytesIO(content))
    return written.getvalue()


def digest(data: bytes) -> str:
    """What a registry and an engine call some bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def image_config(architecture: str, layer: bytes) -> bytes:
    """What an image with one layer, a tar archive, says of itself."""
    layers = {"type": "layers", "diff_ids": [digest(layer)]}
    return json.dumps({"architecture": architecture, "os": "linux", "config": {}, "rootfs": layers}).encode()


def saved(name: str, architecture: str) -> bytes:
    """An image with nothing in it, as `docker save` writes one."""
    layer = archive({"empty": b""})
    manifest = [{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]
    files = {"layer.tar": layer, "config.json": image_config(architecture, layer)}
    return archive({**files, "manifest.json": json.dumps(manifest).encode()})


@contextmanager
def registry(architecture: str) -> Iterator[str]:
    """Serves one image with nothing in it; the address, to which any name can be added."""
    layer = archive({"empty": b""})
    packed, config = gzip.compress(layer), image_config(architecture, layer)
    parts = [{"mediaType": kind, "size": len(data), "digest": digest(data)}
             for kind, data in ((_CONFIG, config), (_LAYER, packed))]  # fmt: skip
    manifest = json.dumps(
        {"schemaVersion": 2, "mediaType": _MANIFEST, "config": parts[0], "layers": parts[1:]}
    ).encode()
    blobs = {digest(data): data for data in (config, packed)}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.path.rpartition("/")[2]
            data = manifest if "/manifests/" in self.path else blobs.get(wanted, b"")
            self.send_response(200 if data or self.path == "/v2/" else 404)
            self.send_header("Content-Type", _MANIFEST if data is manifest else "application/octet-stream")
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Docker-Content-Digest", digest(data))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(data)

        do_HEAD = do_GET

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
