"""Commands that do not end in time: polls, input, keys, limits, interrupts."""

import asyncio
import time

import pytest

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.in_turns]


@pytest.fixture(scope="module")
def world(everywhere):
    return everywhere


async def test_nothing_to_poll_or_to_talk_to(world) -> None:
    observation = await world.run("")
    assert observation.content == "ERROR: No previous running command to retrieve logs from."
    assert observation.extras.command == ""
    assert await world.ends("x", is_input=True) == (
        -1,
        "ERROR: No previous running command to interact with.",
    )


async def test_input(world) -> None:
    observation = await world.run("read -p 'name? ' name; echo \"hello $name\"")
    assert observation.content == "name?"
    assert "no new output after 1.5 seconds" in observation.extras.metadata.suffix
    assert observation.extras.metadata.working_dir is None
    observation = await world.run("Bob", is_input=True)
    assert observation.content == "hello Bob"
    assert observation.extras.metadata.exit_code == 0
    assert observation.extras.metadata.prefix == "[Below is the output of the previous command.]\n"
    assert await world.out('echo "$name"') == "Bob"


@pytest.mark.parametrize(
    ("program", "typed", "written"),
    [
        ("cat", "hello", "hello"),
        ('while read x; do echo "$x"; done', "ab", "ab"),
        ("read -s x; echo $x", "secret", "secret"),
        ("python3 -c \"a = input(); print(a, 'is', len(a)); print('  there')\"", "xyz", "xyz is 3\n  there"),
    ],
)
async def test_what_a_program_writes_is_no_echo_however_it_begins(world, program, typed, written) -> None:
    await world.run(program, limit=0.3)
    assert (await world.run(typed, is_input=True, limit=0.5)).content == written
    await world.run("C-d", is_input=True)


@pytest.mark.parametrize(
    ("program", "typed", "written"),
    [
        ("stty echo; cat", "ab", "ab"),
        ("stty echo; head -n 1 | tr a-z A-Z; stty -echo", "ab", "AB"),
        ("read -e x; echo got $x", "ab", "got ab"),
    ],
)
async def test_what_is_echoed_is_left_out_once(world, program, typed, written) -> None:
    await world.run(program, limit=0.3)
    assert (await world.run(typed, is_input=True, limit=0.5)).content == written
    await world.run("C-d", is_input=True)
    assert await world.ends("stty -echo") in ((0, ""), (0, "stty -echo"))


async def test_polling_for_more_output_of_a_slow_command(world) -> None:
    assert await world.ends("echo one; sleep 2.2; echo two; (exit 3)") == (-1, "one")
    assert await world.ends("") == (3, "two")


async def test_another_command_is_not_executed(world) -> None:
    await world.run("echo one; sleep 3", limit=0.3)
    observation = await world.run("echo other")
    metadata = observation.extras.metadata
    assert (metadata.exit_code, observation.content) == (-1, "")
    assert metadata.suffix.startswith('\n[Your command "echo other" is NOT executed.')
    assert metadata.prefix == "[Below is the output of the previous command.]\n"
    observation = await world.run("C-c", is_input=True)
    assert observation.extras.metadata.exit_code == 130
    assert observation.extras.metadata.suffix.endswith("exit code 130. CTRL+C was sent.]")


async def test_a_command_that_ended_meanwhile_is_no_obstacle(world) -> None:
    await world.run("sleep 0.4; echo left", limit=0.1)
    await asyncio.sleep(0.6)
    assert await world.ends("echo next") == (0, "next")
    assert world.emitted == b"left\nnext\n"


async def test_a_command_that_the_recording_shows_executed_waits_for_the_one_before(world) -> None:
    await world.run("sleep 1; echo late", limit=0.2)
    observation = await world.run("echo next", world.recording("next", 0), limit=10)
    assert (observation.content, observation.extras.metadata.exit_code) == ("next", 0)


async def test_the_hard_limit(world) -> None:
    started = time.monotonic()
    observation = await world.run("while :; do echo x; sleep 0.1; done", limit=0.7)
    assert 0.6 < time.monotonic() - started < 1.5
    assert "timed out after 0.7 seconds" in observation.extras.metadata.suffix
    assert (await world.run("C-c", is_input=True)).extras.metadata.exit_code == 130


async def test_a_blocking_command_has_no_soft_limit(world) -> None:
    assert await world.ends("sleep 2; echo done", blocking=True) == (0, "done")


async def test_end_of_input_and_stopping(world) -> None:
    await world.run("cat", limit=0.2)
    await world.run("text", is_input=True, limit=0.2)
    assert (await world.run("C-d", is_input=True)).extras.metadata.exit_code == 0
    await world.run("cat", limit=0.2)
    observation = await world.run("C-z", is_input=True)
    assert "Stopped" in observation.content
    assert observation.extras.metadata.exit_code == 148
    await world.run("kill -9 %1; sleep 0.1")


async def test_a_server_in_the_foreground_returns_when_the_recorded_output_is_there(world) -> None:
    recorded = world.recording("Serving", -1, "\n[The command has no new output after 30 seconds.]")
    started = time.monotonic()
    observation = await world.run("echo Serving; sleep 30", recorded, limit=20)
    assert time.monotonic() - started < 1.4
    assert (observation.content, observation.extras.metadata.exit_code) == ("Serving", -1)
    started = time.monotonic()
    assert (await world.run("C-c", world.recording("^C", 130), is_input=True)).content == "^C"
    assert time.monotonic() - started < 1


async def test_other_output_than_recorded_gets_the_usual_limit(world) -> None:
    started = time.monotonic()
    await world.run("echo Other; sleep 30", world.recording("Serving", -1))
    assert 1.4 < time.monotonic() - started < 3
    await world.run("C-c", is_input=True)


async def test_interrupting(world) -> None:
    running = asyncio.ensure_future(world.run("sleep 60"))
    await asyncio.sleep(0.3)
    started = time.monotonic()
    await world.sandbox.interrupt()
    assert (await running).extras.metadata.exit_code == 130
    assert time.monotonic() - started < 1


async def test_interrupting_at_once(world) -> None:
    for _ in range(6):
        running = asyncio.ensure_future(world.run("sleep 60", blocking=True))
        await asyncio.sleep(0)
        started = time.monotonic()
        await world.sandbox.interrupt()
        await running
        assert time.monotonic() - started < 1
        assert await world.ends("echo hi") == (0, "hi")


async def test_an_interrupt_that_was_lost_does_not_pass_for_a_command_that_never_began(
    world, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(data: bytes) -> bool:
        return True

    monkeypatch.setattr(world.sandbox._shell, "type", lost)
    running = asyncio.ensure_future(world.run("sleep 60", blocking=True))
    await asyncio.sleep(0)  # that it begins is told later
    await world.sandbox.interrupt()
    observation = await running
    assert "was interrupted, and is still running" in observation.extras.metadata.suffix
    monkeypatch.undo()
    await world.run("C-c", is_input=True)
    assert await world.ends("echo hi") == (0, "hi")


async def test_interrupting_a_program_that_ignores_it(world) -> None:
    running = asyncio.ensure_future(world.run("(trap '' INT; sleep 3); true"))
    await asyncio.sleep(0.3)
    started = time.monotonic()
    await world.sandbox.interrupt()
    observation = await running
    assert time.monotonic() - started < 1
    assert observation.extras.metadata.exit_code == -1
    assert "was interrupted, and is still running" in observation.extras.metadata.suffix
    await world.run("", blocking=True)
    assert await world.ends("echo hi") == (0, "hi")


async def test_interrupting_nothing(world) -> None:
    await world.sandbox.interrupt()
    assert await world.ends("echo hi") == (0, "hi")


async def test_a_cancelled_execution(world) -> None:
    running = asyncio.ensure_future(world.run("sleep 30"))
    await asyncio.sleep(0.2)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert "NOT executed" in (await world.run("echo x")).extras.metadata.suffix
    await world.run("C-c", is_input=True)
    assert await world.ends("echo hi") == (0, "hi")
