"""What is Linux's alone is asked for only where Linux is: a Mac is played (`tests/mac.py`), without /proc.

What this cannot show is macOS itself: docs/systems.md says so.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from program import ROOT, SAMPLES

MAC = ROOT / "tests" / "mac.py"
WITHOUT_PROC = ("unshare", "--mount", "bash", "-c", 'mount -t tmpfs none /proc && exec "$@"', "mac")


def on_a_mac(*arguments: str | Path, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*before, sys.executable, MAC, *arguments],
        capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def without_proc() -> tuple[str, ...]:
    if shutil.which("unshare") is None or subprocess.run([*WITHOUT_PROC, "true"], check=False).returncode:
        pytest.skip("only root, where it may mount, can take /proc away")
    return WITHOUT_PROC


def test_every_module_can_be_imported() -> None:
    done = on_a_mac()
    assert done.stdout.strip() == ""
    assert done.stderr == ""
    assert done.returncode == 0


@pytest.mark.parametrize("sandbox", ["bubblewrap", "local"])
def test_a_sandbox_that_only_linux_has_is_refused_in_a_line_that_names_another(sandbox: str) -> None:
    done = on_a_mac("replay", SAMPLES / "demo.json", "--sandbox", sandbox)
    assert done.returncode == 3
    *_, said = done.stderr.splitlines()
    assert "Linux" in said
    assert "Use --sandbox docker" in said


def test_a_recording_is_shown_edited_and_saved(tmp_path: Path) -> None:
    mine = Path(shutil.copy(SAMPLES / "demo.json", tmp_path))
    done = on_a_mac("edit", mine, "-o", mine, "--set", "1:wait_for_response=true")
    assert (done.returncode, done.stderr) == (0, "")
    assert mine.read_bytes() != (SAMPLES / "demo.json").read_bytes()
    assert on_a_mac("show", mine).returncode == 0


@pytest.mark.docker
@pytest.mark.parametrize("mount", [False, True])
def test_a_replay_in_docker_with_a_directory_of_ones_own(
    tmp_path: Path, docker_image: str, mount: bool
) -> None:
    (tmp_path / "brought").write_text("kept\n")
    done = on_a_mac(
        "replay", SAMPLES / "demo.json", "--sandbox", "docker", "--image", docker_image,
        "--workspace", tmp_path, *(["--mount"] if mount else []), before=without_proc(),
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "7 steps: 7 equal"
    assert (tmp_path / "words").is_dir() is mount
    assert (tmp_path / "brought").read_text() == "kept\n"


BACK = """
import asyncio, sys
sys.path.insert(0, sys.argv[1])
import mac
mac.play()
from documents import of_commands
from trajcore.sandbox.base import SandboxSettings
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory

async def main():
    recording = Trajectory.from_bytes(of_commands("echo there > file", "cat file; rm file"))
    session = Session(recording, Settings("docker", SandboxSettings(image=sys.argv[2])))
    for back in (False, False, True, False):
        session.go_back(session.back_to_step()[0]) if back else session.step()
        await session.idle()
    print(session.run.entries[-1].data()["content"])
    await session.close()

asyncio.run(main())
"""


@pytest.mark.docker
def test_a_step_back_in_docker_brings_a_file_back(docker_image: str) -> None:
    done = subprocess.run(
        [*without_proc(), sys.executable, "-c", BACK, MAC.parent, docker_image],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.stdout.strip(), done.stderr) == ("there", "")
