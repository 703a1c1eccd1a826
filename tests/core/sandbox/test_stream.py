import asyncio
import os
import time

import pytest

from trajcore.sandbox.machines.stream import FdStream, FramedStream


@pytest.fixture
async def ends():
    """A stream over two pipes, and their far ends: one to write to, one to read from."""
    near_in, far_out = os.pipe()
    far_in, near_out = os.pipe()
    stream = FdStream(near_in, near_out)
    yield stream, far_out, far_in
    stream.close()
    for fd in (far_out, far_in):
        try:
            os.close(fd)
        except OSError:
            pass


async def test_reading_writing_and_the_end(ends) -> None:
    stream, far_out, far_in = ends
    os.write(far_out, b"abc")
    assert await stream.read() == b"abc"
    await stream.write(b"xyz")
    assert os.read(far_in, 10) == b"xyz"
    os.close(far_out)
    assert await stream.read() == b""
    assert await stream.read() == b""


async def test_patience(ends) -> None:
    stream, far_out, _ = ends
    started = time.monotonic()
    assert await stream.read(0.1) is None
    assert 0.05 < time.monotonic() - started < 1
    assert await stream.read(0) is None
    os.write(far_out, b"there")
    assert await stream.read(0) == b"there"


async def test_a_nudge_wakes_a_reader(ends) -> None:
    stream, far_out, _ = ends
    reading = asyncio.ensure_future(stream.read())
    await asyncio.sleep(0.01)
    stream.nudge()
    assert await asyncio.wait_for(reading, 1) is None
    os.write(far_out, b"x")
    assert await stream.read() == b"x"


async def test_bytes_that_nobody_hurries_for_come_with_the_next_or_with_a_nudge(ends) -> None:
    stream, far_out, _ = ends
    reading = asyncio.ensure_future(stream.read(unhurried=b"mark"))
    await asyncio.sleep(0.01)
    os.write(far_out, b"mark")
    assert not (await asyncio.wait({reading}, timeout=0.1))[0]
    os.write(far_out, b"more")
    assert await asyncio.wait_for(reading, 1) == b"markmore"
    reading = asyncio.ensure_future(stream.read(0.2, unhurried=b"mark"))
    await asyncio.sleep(0.01)
    os.write(far_out, b"mark")
    assert await asyncio.wait_for(reading, 1) is None
    assert await asyncio.wait_for(stream.read(unhurried=b"mark"), 1) == b"mark"
    reading = asyncio.ensure_future(stream.read(unhurried=b"mark"))
    await asyncio.sleep(0.01)
    os.write(far_out, b"mark")
    await asyncio.sleep(0.01)
    stream.nudge()
    assert await asyncio.wait_for(reading, 1) == b"mark"


async def test_closing_wakes_a_reader(ends) -> None:
    stream, _, _ = ends
    reading = asyncio.ensure_future(stream.read())
    await asyncio.sleep(0.01)
    stream.close()
    assert await asyncio.wait_for(reading, 1) == b""
    with pytest.raises(BrokenPipeError):
        await stream.write(b"x")


async def test_a_slow_reader_is_waited_for_and_a_cancelled_write_is_finished_by_the_next(ends) -> None:
    stream, _, far_in = ends
    writing = asyncio.ensure_future(stream.write(b"a" * 500_000))
    await asyncio.sleep(0.01)
    writing.cancel()
    rest = asyncio.ensure_future(stream.write(b"end"))
    received = b""
    while not received.endswith(b"end"):
        received += await asyncio.to_thread(os.read, far_in, 1 << 20)
    await rest
    assert received == b"a" * 500_000 + b"end"


async def test_a_torrent_is_bounded_in_memory_and_does_not_starve_others(ends) -> None:
    stream, far_out, _ = ends

    def pour() -> None:
        for _ in range(400):
            os.write(far_out, b"x" * 65536)
        os.close(far_out)

    pouring = asyncio.ensure_future(asyncio.to_thread(pour))
    size, longest, last = 0, 0.0, time.monotonic()

    async def heartbeat() -> None:
        nonlocal longest, last
        while True:
            longest = max(longest, time.monotonic() - last)
            last = time.monotonic()
            await asyncio.sleep(0)

    beating = asyncio.ensure_future(heartbeat())
    while data := await stream.read():
        assert len(data) < 2 << 20
        size += len(data)
    await pouring
    beating.cancel()
    assert size == 400 * 65536
    assert longest < 0.2


async def test_frames_however_they_are_cut(ends) -> None:
    stream, far_out, _ = ends
    framed = FramedStream(stream)
    wire = b"\1\0\0\0\0\0\0\5hello" + b"\2\0\0\0\0\0\0\3err" + b"\1\0\0\0\0\0\0\6 world"
    received = b""
    for byte in wire:
        os.write(far_out, bytes([byte]))
        received += await framed.read(0.001) or b""
    assert received == b"hello world"
