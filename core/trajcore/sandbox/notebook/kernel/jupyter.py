"""A real ipykernel, driven through jupyter_client."""

import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from typing import Any, Callable, Optional

from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.connect import write_connection_file

Send = Callable[[str, bytes], None]

_START_PATIENCE = 45.0
_LOOK = 0.1
_MEMORY = "/dev/shm"
_LAST_WORDS = 0.02


class Jupyter:
    """A started ipykernel. Raises whatever keeps it from starting."""

    name = "ipykernel"

    def __init__(self) -> None:
        memory = _MEMORY if os.access(_MEMORY, os.W_OK) else None
        self._directory = tempfile.mkdtemp(prefix="trajtui-kernel-", dir=memory)
        file, _ = write_connection_file(
            os.path.join(self._directory, "kernel.json"),
            transport="ipc",
            ip=os.path.join(self._directory, "kernel"),
        )
        environment = dict(os.environ, JPY_PARENT_PID=str(os.getpid()), IPYTHONDIR=self._directory)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ipykernel_launcher", "-f", file],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True, env=environment,
        )  # fmt: skip
        self.pid = self._process.pid
        self._client: Any = BlockingKernelClient(connection_file=file)
        try:
            self._connect()
        except BaseException:
            self.kill()
            self._client.stop_channels()
            raise

    def _connect(self) -> None:
        self._client.load_connection_file()
        self._client.start_channels()
        deadline = time.monotonic() + _START_PATIENCE
        while True:
            if self._process.poll() is not None:
                raise RuntimeError("it ended with exit code {}".format(self._process.returncode))
            try:
                self._client.wait_for_ready(timeout=1)
                break
            except RuntimeError:
                if time.monotonic() > deadline:
                    raise
        self.execute("%colors nocolor", lambda kind, payload: None, lambda: None)

    def execute(self, code: str, send: Send, begun: Callable[[], None]) -> Optional[str]:
        """Run a cell to its end; the answer says how the kernel died, if it did.

        `begun` is called when the cell can be interrupted.
        """
        request = self._client.execute(code, store_history=False, allow_stdin=False)
        idle = False
        while True:
            try:
                message = self._client.get_iopub_msg(timeout=_LAST_WORDS if idle else _LOOK)
            except queue.Empty:
                if idle:
                    return None
                if self._process.poll() is not None:
                    return _ending(self._process.returncode)
                continue
            mine = message.get("parent_header", {}).get("msg_id") == request
            content = message["content"]
            if message["msg_type"] == "stream":
                send("o" if mine else "b", _bytes(content["text"]))
            elif mine and message["msg_type"] == "execute_input":
                begun()
            elif mine:
                idle = idle or (message["msg_type"] == "status" and content["execution_state"] == "idle")
                _forward(message["msg_type"], content, send)

    def interrupt(self) -> None:
        """Interrupt the cell, as Ctrl-C does."""
        self._signal(signal.SIGINT)

    def kill(self) -> None:
        """End the kernel and what it started in its own process group."""
        self._signal(signal.SIGKILL)
        shutil.rmtree(self._directory, ignore_errors=True)

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self.pid, number)
        except OSError:
            pass


def _forward(kind: str, content: Any, send: Send) -> None:
    if kind == "error":
        send("e", _bytes("\n".join(content["traceback"])))
    elif kind in ("execute_result", "display_data"):
        data = content["data"]
        send("t", _bytes(data.get("text/plain", "")))
        if isinstance(data.get("image/png"), str):
            send("p", data["image/png"].replace("\n", "").encode("ascii", "replace"))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _ending(code: int) -> str:
    return "killed by signal {}".format(-code) if code < 0 else "exit code {}".format(code)
