import asyncio
import errno
import os

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("size", [0, 1, 4096, 3_000_000])
async def test_bytes_come_back_as_they_went(world, size: int) -> None:
    content = os.urandom(size)
    await world.sandbox.files.write("/tmp/a b/c'd/é", content)
    assert await world.sandbox.files.read("/tmp/a b/c'd/é") == content


async def test_a_file_keeps_its_mode(world) -> None:
    await world.out("echo x > /tmp/m; chmod 750 /tmp/m")
    await world.sandbox.files.write("/tmp/m", b"y")
    assert await world.out("stat -c %a /tmp/m; cat /tmp/m") == "750\ny"


async def test_links_lead_to_files_inside(world) -> None:
    await world.out("echo inside > /tmp/target; ln -sf /tmp/target /tmp/link; ln -sf /no/where /tmp/broken")
    assert await world.sandbox.files.read("/tmp/link") == b"inside\n"
    await world.sandbox.files.write("/tmp/link", b"new")
    assert await world.out("cat /tmp/target") == "new"
    with pytest.raises(FileNotFoundError):
        await world.sandbox.files.read("/tmp/broken")


async def test_failures_have_the_errno_of_local_files(world) -> None:
    files = world.sandbox.files
    await world.out("mkfifo /tmp/fifo")
    with pytest.raises(FileNotFoundError):
        await files.read("/no/such")
    with pytest.raises(IsADirectoryError):
        await files.read("/tmp")
    with pytest.raises(IsADirectoryError):
        await files.write("/tmp", b"x")
    with pytest.raises(NotADirectoryError):
        await files.list("/etc/passwd")
    with pytest.raises(FileNotFoundError):
        await files.write("/no/such", b"x" * 100_000, parents=False)
    with pytest.raises(OSError, match="/proc/x/y"):
        await files.write("/proc/x/y", b"x")
    for path in ("/tmp/fifo", "/dev/zero"):
        with pytest.raises(OSError, match=f"Errno {errno.EINVAL}"):
            await files.read(path)
    await files.write("/tmp/big", b"x" * 1000)
    with pytest.raises(OSError, match=f"Errno {errno.EFBIG}"):
        await files.read("/tmp/big", largest=999)
    assert await files.read("/tmp/big") == b"x" * 1000


async def test_listing(world) -> None:
    await world.out("mkdir -p /tmp/l/sub /tmp/l/.hid; ln -sf sub /tmp/l/link")
    await world.out("touch '/tmp/l/a b' $'/tmp/l/n\\nl' /tmp/l/.f")
    entries = await world.sandbox.files.list("/tmp/l")
    assert [(entry.name, entry.is_directory) for entry in entries] == [
        (".f", False), (".hid", True), ("a b", False), ("link", True), ("n\nl", False), ("sub", True),
    ]  # fmt: skip
    await world.out("mkdir -p /tmp/none")
    assert await world.sandbox.files.list("/tmp/none") == []


async def test_kinds(world) -> None:
    files = world.sandbox.files
    await files.write("/tmp/k", b"12345")
    assert [(await files.kind(path)).name for path in ("/tmp", "/no", "/dev/null")] == [
        "directory",
        "missing",
        "other",
    ]
    assert (await files.kind("/tmp/k")).size == 5


async def test_a_cancelled_request_leaves_the_next_one_right(world) -> None:
    files = world.sandbox.files
    await files.write("/tmp/x", b"x" * 2_000_000)
    for delay in (0, 0.0005, 0.002, 0.01):
        for request in (files.read("/tmp/x"), files.write("/tmp/y", b"y" * 2_000_000)):
            asking = asyncio.ensure_future(request)
            await asyncio.sleep(delay)
            asking.cancel()
            await asyncio.wait([asking])
            assert (await files.kind("/tmp/x")).size == 2_000_000


async def test_files_are_read_while_a_command_runs(world) -> None:
    await world.run("sleep 30", limit=0.1)
    assert (await world.sandbox.files.kind("/tmp")).name == "directory"
    await world.run("C-c", is_input=True)
