# ruff: noqa: E501 - the expected answers are easier to compare on one line
"""The editor's answers; expected texts were compared with openhands-aci 0.3.2."""

import pytest
import pytest_asyncio

from acting import execute
from trajcore.events.actions import EditAction, EditArgs, ReadAction, ReadArgs, WriteAction, WriteArgs

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.in_turns]

ELEVEN = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\neleven\n"
AGAIN = "Review the changes and make sure they are as expected. Edit the file again if necessary."
AGAIN_INSERT = (
    "Review the changes and make sure they are as expected "
    "(correct indentation, no duplicate lines, etc). Edit the file again if necessary."
)


@pytest_asyncio.fixture(loop_scope="module")
async def path(world) -> str:
    await world.out("rm -rf /tmp/e; mkdir /tmp/e")
    await world.sandbox.files.write("/tmp/e/a.txt", ELEVEN.encode())
    return "/tmp/e/a.txt"


async def text(world, path: str) -> str:
    return (await world.sandbox.files.read(path)).decode()


async def test_create(world, path) -> None:
    assert (
        await world.edit("create", "/tmp/e/new", file_text="x\ny")
        == "File created successfully at: /tmp/e/new"
    )
    assert await text(world, "/tmp/e/new") == "x\ny"
    assert await world.edit("create", path, file_text="x") == (
        f"ERROR:\nInvalid `path` parameter: {path}. File already exists at: {path}. "
        "Cannot overwrite files using command `create`."
    )
    assert await world.edit("create", "/tmp/e/no/such", file_text="x") == (
        "ERROR:\nRan into [Errno 2] No such file or directory: '/tmp/e/no/such' while trying to write to /tmp/e/no/such"
    )
    assert (
        await world.edit("create", "/tmp/e/n2")
        == "ERROR:\nParameter `file_text` is required for command: create."
    )
    assert await world.edit("create", "rel", file_text="x") == (
        "ERROR:\nInvalid `path` parameter: rel. The path should be an absolute path, starting with `/`."
    )


async def test_view(world, path) -> None:
    assert (await world.view(path)).endswith("    10\tten\n    11\televen\n    12\t\n")
    assert (
        await world.view(path, [2, 3])
        == f"Here's the result of running `cat -n` on {path}:\n     2\ttwo\n     3\tthree\n"
    )
    assert (await world.view(path, [11, -1])).endswith(":\n    11\televen\n")
    assert await world.view(path, [10, 50]) == (
        "NOTE: We only show up to 11 since there're only 11 lines in this file.\n"
        f"Here's the result of running `cat -n` on {path}:\n    10\tten\n    11\televen\n"
    )


@pytest.mark.parametrize(
    ("view_range", "reason"),
    [
        ([50, 60], "Its first element `50` should be within the range of lines of the file: [1, 11]."),
        ([0, 3], "Its first element `0` should be within the range of lines of the file: [1, 11]."),
        ([5, 2], "Its second element `2` should be greater than or equal to the first element `5`."),
        ([2], "It should be a list of two integers."),
    ],
)
async def test_a_wrong_view_range(world, path, view_range, reason) -> None:
    assert (
        await world.view(path, view_range)
        == f"ERROR:\nInvalid `view_range` parameter: {view_range}. {reason}"
    )


async def test_view_of_what_is_not_a_text_file(world, path) -> None:
    assert await world.view("/tmp/e/none") == (
        "ERROR:\nInvalid `path` parameter: /tmp/e/none. The path /tmp/e/none does not exist. Please provide a valid path."
    )
    await world.out(
        "head -c 12000000 /dev/zero | tr '\\0' x > /tmp/e/huge; printf 'a\\0b' > /tmp/e/bin; : > /tmp/e/empty"
    )
    assert await world.view("/tmp/e/huge") == (
        "ERROR:\nFile validation failed for /tmp/e/huge: File is too large (11.4MB). Maximum allowed size is 10MB."
    )
    assert await world.view("/tmp/e/bin") == "ERROR_BINARY_FILE"
    assert (
        await world.view("/tmp/e/empty")
        == "Here's the result of running `cat -n` on /tmp/e/empty:\n     1\t\n"
    )


async def test_a_long_file_is_clipped(world, path) -> None:
    await world.sandbox.files.write("/tmp/e/long", b"line of text here\n" * 2000)
    assert (await world.view("/tmp/e/long")).endswith(
        "   889\tline of text her<response clipped><NOTE>Due to the max output limit, only part of this file has been "
        "shown to you. You should retry this tool after you have searched inside the file with `grep -n` in order to "
        "find the line numbers of what you are looking for.</NOTE>\n"
    )


async def test_view_of_a_directory(world) -> None:
    await world.out(
        "rm -rf /tmp/d; mkdir -p /tmp/d/.h /tmp/d/sub/deep/deeper /tmp/d/empty; cd /tmp/d; touch .x b B sub/y sub/.z"
    )
    await world.out("ln -s sub link; cd /workspace")
    listing = "\n".join(
        f"/tmp/d/{name}"
        for name in ["", "B", "b", "empty/", "link/", "link/deep/", "link/y", "sub/", "sub/deep/", "sub/y"]
    )
    assert await world.view("/tmp/d/") == (
        f"Here's the files and directories up to 2 levels deep in /tmp/d, excluding hidden items:\n{listing}\n\n"
        "2 hidden files/directories in this directory are excluded. You can use 'ls -la /tmp/d' to see them."
    )
    assert await world.view("/tmp/d/empty") == (
        "Here's the files and directories up to 2 levels deep in /tmp/d/empty, excluding hidden items:\n/tmp/d/empty/"
    )
    assert "is not allowed when `path` points to a directory." in await world.view("/tmp/d", [1, 2])


async def test_replace(world, path) -> None:
    assert await world.edit("str_replace", path, old_str="three", new_str="3\n3b") == (
        f"The file {path} has been edited. Here's the result of running `cat -n` on a snippet of {path}:\n"
        "     1\tone\n     2\ttwo\n     3\t3\n     4\t3b\n     5\tfour\n     6\tfive\n     7\tsix\n     8\tseven\n"
        f"     9\t\n{AGAIN}"
    )
    assert await world.edit("str_replace", path, old_str="eleven\n", new_str="eleven") == (
        f"The file {path} has been edited. Here's the result of running `cat -n` on a snippet of {path}:\n"
        f"     9\teight\n    10\tnine\n    11\tten\n    12\televen\n{AGAIN}"
    )
    await world.edit("str_replace", path, old_str="  six  ", new_str=" 6 ")
    assert await text(world, path) == "one\ntwo\n3\n3b\nfour\nfive\n6\nseven\neight\nnine\nten\neleven"


@pytest.mark.parametrize(
    ("args", "answer"),
    [
        (
            {"old_str": "zzz", "new_str": "y"},
            "No replacement was performed, old_str `zzz` did not appear verbatim in P.",
        ),
        (
            {"old_str": "e", "new_str": "y"},
            "No replacement was performed. Multiple occurrences of old_str `e` in lines [1, 3, 5, 7, 8, 9, 10, 11]. "
            "Please ensure it is unique.",
        ),
        (
            {"old_str": "six", "new_str": "six"},
            "Invalid `new_str` parameter: six. No replacement was performed. `new_str` and `old_str` must be different.",
        ),
        ({"new_str": "six"}, "Parameter `old_str` is required for command: str_replace."),
    ],
)
async def test_a_replacement_that_fails(world, path, args, answer) -> None:
    assert await world.edit("str_replace", path, **args) == "ERROR:\n" + answer.replace(
        "P", path, answer.count("in P")
    )
    assert await text(world, path) == ELEVEN


async def test_insert(world, path) -> None:
    assert await world.edit("insert", path, insert_line=0, new_str="zero") == (
        f"The file {path} has been edited. Here's the result of running `cat -n` on a snippet of the edited file:\n"
        f"     1\tzero\n     2\tone\n     3\ttwo\n     4\tthree\n     5\tfour\n     6\t\n{AGAIN_INSERT}"
    )
    answer = await world.edit("insert", path, insert_line=7, new_str="in\n")
    assert "\n     4\tthree\n" in answer
    assert "\n     8\tin\n     9\t\n    10\tseven\n" in answer
    assert await world.edit("insert", path, insert_line=99, new_str="x") == (
        "ERROR:\nInvalid `insert_line` parameter: 99. It should be within the range of allowed values: [0, 14]"
    )
    assert (
        await world.edit("insert", path, new_str="x")
        == "ERROR:\nParameter `insert_line` is required for command: insert."
    )


async def test_undo(world, path) -> None:
    path = "/tmp/e/undo"
    await world.sandbox.files.write(path, ELEVEN.encode())
    assert await world.edit("undo_edit", path) == f"ERROR:\nNo edit history found for {path}."
    for number in range(12):
        await world.edit("insert", path, insert_line=0, new_str=str(number))
    answer = await world.edit("undo_edit", path)
    assert answer.startswith(
        f"Last edit to {path} undone successfully. Here's the result of running `cat -n` on {path}:\n     1\t10\n"
    )
    for _ in range(9):
        await world.edit("undo_edit", path)
    assert (await text(world, path)).startswith("1\n0\none\n")
    assert (await world.edit("undo_edit", path)).startswith("ERROR:\nNo edit history")


async def test_undo_right_after_create_changes_nothing(world, path) -> None:
    await world.edit("create", "/tmp/e/c", file_text="x\ny")
    assert await world.edit("undo_edit", "/tmp/e/c") == (
        "Last edit to /tmp/e/c undone successfully. Here's the result of running `cat -n` on /tmp/e/c:\n     1\tx\n     2\ty\n"
    )
    assert await text(world, "/tmp/e/c") == "x\ny"


async def test_other_commands(world, path) -> None:
    assert await world.edit("foo", path) == (
        "ERROR:\nUnrecognized command foo. The allowed commands for the oh_editor tool are: "
        "view, create, str_replace, insert, undo_edit"
    )
    assert "only the `view` command can be used on directories" in await world.edit(
        "str_replace", "/tmp/e", old_str="a"
    )


async def test_the_observation_of_an_edit(world, path) -> None:
    action = EditAction(
        source="agent", args=EditArgs(command="str_replace", path=path, old_str="two", new_str="2")
    )
    observation = await execute(world.sandbox, action, None, world.emit)
    extras = observation.extras
    assert (extras.path, extras.old_content, extras.new_content, extras.impl_source) == (
        path,
        "two",
        "2",
        "oh_aci",
    )
    assert extras.diff == f"--- {path}\n+++ {path}\n@@ -2 +2 @@\n-two\n+2"
    assert (observation.source, observation.message) == ("agent", f"I edited the file {path}.")


async def test_a_draft_for_a_model_has_no_answer(world) -> None:
    action = EditAction(args=EditArgs(path="/tmp/e/a.txt", content="draft", impl_source="llm_based_edit"))
    assert await execute(world.sandbox, action, None, world.emit) is None


async def reads(world, path: str, **args):
    return await execute(world.sandbox, ReadAction(args=ReadArgs(path=path, **args)), None, world.emit)


async def test_plain_reading(world, path) -> None:
    await world.out("cd /tmp/e")
    assert (await reads(world, "a.txt")).content == ELEVEN
    assert (await reads(world, path, start=1, end=3)).content == "two\nthree\n"
    missing = await reads(world, "none")
    assert (missing.observation, missing.content) == (
        "error", "File not found: /tmp/e/none. Your current working directory is /tmp/e.",
    )  # fmt: skip
    assert (await reads(world, "/tmp/e")).observation == "error"
    await world.sandbox.files.write("/tmp/e/p.png", b"\x89PNG\0")
    assert (await reads(world, "p.png")).content == "data:image/png;base64,iVBORwA="
    await world.out("cd /workspace")


async def test_plain_writing(world, path) -> None:
    async def write(**args):
        return await execute(world.sandbox, WriteAction(args=WriteArgs(**args)), None, world.emit)

    observation = await write(path="/tmp/e/x/y/z", content="a\nb")
    assert (observation.observation, observation.content) == ("write", "")
    assert await text(world, "/tmp/e/x/y/z") == "a\nb\n"
    await write(path=path, content="2", start=1, end=3)
    assert (await text(world, path)).startswith("one\n2\nfour\n")
