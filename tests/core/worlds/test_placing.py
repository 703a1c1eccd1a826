"""Repositories that the user brings, and other names for directories."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations import git
from trajcore.errors import BadInput
from trajcore.events.actions import EditAction, EditArgs, RunAction, RunArgs
from trajcore.worlds.choice import PathMap, Repository
from trajcore.worlds.maps import PathMaps
from trajcore.worlds.placing import Tree, fetched
from worlds import World


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two commits on `main`, and a change of the second that is not committed."""
    made = tmp_path / "calc"
    made.mkdir()
    git(made, "init", "-q", "-b", "main")
    for name in ("one", "two"):
        (made / f"{name}.txt").write_text(name)
        git(made, "add", ".")
        git(made, "commit", "-qm", name)
    (made / "one.txt").write_text("changed")
    return made


async def fetch(text: str, commit: str = "", branch: str = "") -> Tree:
    return await fetched(Repository.of(text), commit, branch, lambda _: None)


def names(tree: Tree) -> list[str]:
    (place,) = tree.directory.iterdir()
    return sorted(path.name for path in place.iterdir() if path.name != ".git")


def inside(tree: Tree) -> Path:
    return next(tree.directory.iterdir())


@pytest.mark.parametrize("address", ["{}", "file://{}"])
async def test_it_is_at_the_recorded_commit_on_a_branch(repository: Path, address: str) -> None:
    first = git(repository, "rev-parse", "HEAD~1")
    tree = await fetch(address.format(repository), first)
    assert (tree.commit, names(tree)) == (first, ["one.txt"])
    assert git(inside(tree), "status", "-sb") == "## main"
    named = await fetch(address.format(repository), first, "next")
    assert git(inside(named), "status", "-sb") == "## next"
    for one in (tree, named):
        await one.remove()
        assert not one.directory.exists()


async def test_the_users_commit_comes_before_the_recorded_one(repository: Path) -> None:
    first, second = git(repository, "rev-parse", "HEAD~1"), git(repository, "rev-parse", "HEAD")
    tree = await fetch(f"{repository}@{first}", second)
    assert (tree.commit, names(tree)) == (first, ["one.txt"])
    await tree.remove()


async def test_a_directory_is_taken_as_it_stands_where_no_commit_is_known(repository: Path) -> None:
    tree = await fetch(str(repository))
    assert (inside(tree) / "one.txt").read_text() == "changed"
    assert (tree.commit, tree.note) == ("", "")
    await tree.remove()


@pytest.mark.parametrize("address", ["{}", "file://{}"])
async def test_a_recorded_commit_that_is_not_there_is_said(repository: Path, address: str) -> None:
    tree = await fetch(address.format(repository), "b" * 40)
    assert "has no commit bbbbbbbbbbbb, at which the recording began" in tree.note
    assert names(tree) == ["one.txt", "two.txt"]
    await tree.remove()


@pytest.mark.parametrize("address", ["{}", "file://{}"])
async def test_a_commit_of_the_users_that_is_not_there_is_refused(repository: Path, address: str) -> None:
    with pytest.raises(BadInput, match="no such commit"):
        await fetch(f"{address.format(repository)}@{'b' * 40}")


async def test_what_cannot_be_had_is_said_in_one_line_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = tmp_path / "room"
    room.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(room))
    with pytest.raises(BadInput, match="--repo file:///nowhere/at/all: fatal: ") as refused:
        await fetch("file:///nowhere/at/all")
    assert "\n" not in str(refused.value)
    assert list(room.iterdir()) == []


async def test_nothing_that_a_repository_sets_up_is_run(repository: Path, tmp_path: Path) -> None:
    mark = tmp_path / "was-run"
    for hook in ("post-checkout", "post-merge", "reference-transaction"):
        path = repository / ".git" / "hooks" / hook
        path.write_text(f"#!/bin/sh\ntouch {mark}\n")
        path.chmod(0o755)
    (repository / ".gitattributes").write_text("* filter=evil\n")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "three")
    git(repository, "config", "filter.evil.smudge", f"touch {mark}; cat")
    git(repository, "config", "core.fsmonitor", f"touch {mark}")
    mark.unlink(missing_ok=True)
    await (await fetch(str(repository), git(repository, "rev-parse", "HEAD~1"))).remove()
    await (await fetch(f"file://{repository}")).remove()
    mark_of_ours = mark.exists()
    assert not mark_of_ours


async def test_an_account_in_an_address_is_not_in_the_clone(repository: Path) -> None:
    tree = await fetch(f"file://me:secret@localhost{repository}")
    assert "secret" not in (inside(tree) / ".git" / "config").read_text()
    await tree.remove()


async def test_the_files_are_where_the_recording_expects_them(build, kind: str, repository: Path) -> None:
    tree = await fetch(str(repository), git(repository, "rev-parse", "HEAD"))
    for target in ("/workspace/it's here", "/testbed", "/workspace"):
        world = World(build(placed=tree.placed(target)), kind)
        await world.sandbox.start(lambda _: None)
        looked = f'cd "{target}"; ls; git status --short; ls -A /workspace | grep trajtui; true'
        assert await world.out(looked) == "one.txt  two.txt"
        await world.sandbox.close()
    await tree.remove()


MAPS = PathMaps(
    [PathMap("/testbed", "/workspace/x"), PathMap("/testbed/sub", "/other"), PathMap("/b", "/testbed")]
)


@pytest.mark.parametrize(
    ("text", "here"),
    [
        ("cd /testbed && ls", "cd /workspace/x && ls"),
        (
            "cat '/testbed/a b' \"/testbed\"; A=/testbed:/testbed/c",
            "cat '/workspace/x/a b' \"/workspace/x\"; A=/workspace/x:/workspace/x/c",
        ),
        ("ls /testbed/sub/f /testbed/subs", "ls /other/f /workspace/x/subs"),
        ("gcc -I/testbed/include -L /testbed", "gcc -I/workspace/x/include -L /workspace/x"),
        ("ls /b", "ls /testbed"),
        ("See /testbed.", "See /workspace/x."),
        *(
            (same, same)
            for same in (
                "/testbedder",
                "/a/testbed",
                "./testbed",
                "x/testbed",
                "/testbed-2",
                "/testbed.bak",
                "~/testbed",
            )
        ),
    ],
)
def test_a_directory_is_mapped_where_a_path_begins_with_it(text: str, here: str) -> None:
    assert MAPS(text) == here


@given(
    st.lists(
        st.sampled_from(["/testbed", "/b", "/", "x", " ", "=", "'", "-I", ".", ":", "\n"]), max_size=12
    ).map("".join)
)
def test_no_maps_change_nothing_and_a_map_onto_itself_neither(text: str) -> None:
    assert PathMaps()(text) == text
    assert PathMaps([PathMap("/testbed", "/testbed")])(text) == text


@given(st.text(alphabet="/testbed x.-~=", max_size=30))
def test_what_is_not_the_directory_stays(text: str) -> None:
    mapped = PathMaps([PathMap("/testbed", "\N{SNOWMAN}")])(text)
    assert mapped.replace("\N{SNOWMAN}", "/testbed") == text
    assert re.search(r"(?:^|[ =])/testbed(?:/|$| )", mapped) is None


def test_commands_and_paths_are_mapped_and_what_a_file_is_given_is_not() -> None:
    ran = RunAction(args=RunArgs(command="cat /testbed/f"))
    assert MAPS.mapped(ran).args.command == "cat /workspace/x/f"
    assert ran.args.command == "cat /testbed/f"
    edited = EditAction(args=EditArgs(command="create", path="/testbed/f", file_text="at /testbed"))
    assert (MAPS.mapped(edited).args.path, MAPS.mapped(edited).args.file_text) == (
        "/workspace/x/f",
        "at /testbed",
    )
