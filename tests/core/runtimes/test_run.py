"""What `run` actions answer, in an ordinary shell that every test leaves usable."""

import asyncio
import time

import pytest

from acting import execute
from trajcore.events.actions import ThinkAction, ThoughtArgs

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.in_turns]


@pytest.fixture(scope="module")
def world(everywhere):
    return everywhere


async def test_output_exit_code_and_directory(world) -> None:
    observation = await world.run("cd /tmp && echo hi; (exit 7)")
    metadata = observation.extras.metadata
    assert observation.content == "hi"
    assert (metadata.exit_code, metadata.working_dir) == (7, "/tmp")
    assert metadata.username == await world.out("id -un")
    assert metadata.hostname
    assert metadata.suffix == "\n[The command completed with exit code 7.]"
    assert observation.success is False
    assert await world.out("pwd") == "/tmp"
    await world.out(f"cd {world.home}")


async def test_the_previous_exit_code_is_there(world) -> None:
    await world.run("(exit 42)")
    assert await world.out("echo $?") == "42"


async def test_exports_functions_aliases_and_variables_last(world) -> None:
    await world.out("export A='x y'; b=2; f() { echo \"f $1\"; }; alias ll='echo alias'")
    assert await world.out("echo \"$A$b\"; f 3; bash -c 'echo $A'") == "x y2\nf 3\nx y"
    assert await world.out("ll") == "alias"


async def test_several_lines_heredocs_and_loops(world) -> None:
    assert await world.out("cat <<'EOF'\n a $x\n\tb\nEOF") == "a $x\n        b"
    assert await world.out("for i in 1 2; do\n  echo $i\ndone\necho end") == "1\n2\nend"


async def test_what_a_terminal_shows_is_the_answer_and_what_was_written_is_emitted(world) -> None:
    world.chunks.clear()
    assert await world.out("printf 'a\\tb\\n10%%\\r100%%\\n'") == "a       b\n100%"
    assert world.emitted == b"a\tb\n10%\r100%\n"


async def test_odd_characters_in_a_command(world) -> None:
    text = "é漢🙂 'q' \"d\" \\ ! $HOME `x` \x01\x03\x04\x1a\x7f\t|"
    await world.out("cat > odd <<'EOF'\n" + text + "\nEOF")
    assert (await world.sandbox.files.read(f"{world.home}/odd")).decode() == text + "\n"


@pytest.mark.parametrize("command", ["echo 'open", 'echo "open', "if true", "echo )", "cat <<'EOF", "$("])
async def test_a_syntax_error_is_no_hang(world, command: str) -> None:
    code, _ = await world.ends(command)
    assert code in (0, 1, 2)
    assert await world.ends("echo after") == (0, "after")
    assert await world.ends("if true; then echo word; fi") == (0, "word")


async def test_a_command_of_100_kilobytes(world) -> None:
    text = "é!'\\" * 20_000
    await world.out(f"cat > long <<'EOF'\n{text}\nEOF")
    assert (await world.sandbox.files.read(f"{world.home}/long")).decode() == text + "\n"


async def test_standard_error_is_merged_in_order(world) -> None:
    assert await world.out("echo 1; echo 2 >&2; echo 3") == "1\n2\n3"


async def test_output_arrives_before_the_end(world) -> None:
    await world.out("echo one; sleep 0.5; echo two")
    ended = time.monotonic()
    first = next(moment for moment, data in world.chunks if b"one" in data)
    assert ended - first > 0.4
    assert world.emitted == b"one\ntwo\n"


async def test_no_final_newline(world) -> None:
    assert await world.out("printf 'no newline'") == "no newline"
    assert world.emitted == b"no newline"


async def test_output_that_looks_like_a_mark(world) -> None:
    mark = "\\033]7717;0123456789abcdef;Z;0;;;;/x\\a"
    await world.out(f"printf 'a{mark}b'")
    assert world.emitted == b"a\x1b]7717;0123456789abcdef;Z;0;;;;/x\x07b"
    await world.out("printf '\\033]7717;'; printf '\\033'; echo end")
    assert world.emitted == b"\x1b]7717;\x1bend\n"


async def test_listing_every_variable_and_function_ends(world) -> None:
    assert (await world.ends("set; declare -f; declare -p; trap -p; alias"))[0] == 0
    assert await world.out("echo after") == "after"


async def test_tracing(world) -> None:
    assert "echo a" in await world.out("set -x; echo a")
    observation = await world.run("echo b")
    assert observation.content == "+ echo b\nb"
    assert b"trajtui" not in world.emitted
    assert await world.out("set +x") == "+ set +x"
    assert await world.out("echo c") == "c"
    assert await world.out("set -x; echo $(echo d); set +x") == "++ echo d\n+ echo d\nd\n+ set +x"
    assert await world.out("printf '++ a\\n'") == "++ a"


async def test_strict_variables(world) -> None:
    assert await world.out("set -u; echo a") == "a"
    assert (await world.ends("echo $nowhere"))[0] != 0
    assert await world.out("echo b; set +u") == "b"


async def test_prompt_and_separator_changes(world) -> None:
    await world.out("PS1='p> ' PS2='q> ' PROMPT_COMMAND='echo prompt' IFS=01abc")
    assert await world.out("echo hi") == "hi"
    assert await world.ends("(exit 10)") == (10, "")
    await world.out("IFS=$' \\t\\n'; unset PROMPT_COMMAND")
    assert await world.out("echo still") == "still"


async def test_output_sent_elsewhere_for_good(world) -> None:
    assert await world.ends("exec >/dev/null 2>&1; echo gone") == (0, "")
    assert await world.ends("exec >/dev/tty 2>&1; echo back") == (0, "back")


async def test_a_terminal_that_echoes_again(world) -> None:
    await world.out("stty sane")
    assert await world.ends("echo hi") == (0, "hi")
    assert world.emitted.replace(b"\r", b"") == b"hi\n"
    await world.out("stty -echo -onlcr")


async def test_a_background_job(world) -> None:
    observation = await world.run("sleep 30 &")
    pid = observation.extras.metadata.pid
    assert observation.content == f"[1] {pid}"
    assert (await world.run("echo next")).extras.metadata.pid == pid
    assert "sleep 30" in await world.out("jobs")
    await world.run("kill %1; wait")


async def test_late_background_output_is_shown_but_not_part_of_the_answer(world) -> None:
    await world.out("(sleep 0.2; echo late) & disown")
    await asyncio.sleep(0.5)
    observation = await world.run("echo now")
    assert observation.content == "now"
    assert world.emitted == b"late\nnow\n"


async def test_binary_output(world) -> None:
    await world.sandbox.files.write(f"{world.home}/bytes", bytes(range(256)) * 4)
    await world.out("cat bytes")
    assert world.emitted == bytes(range(256)) * 4


async def test_a_throwaway_shell(world) -> None:
    await world.out("cd /tmp; kept=1")
    assert await world.ends("pwd; x=1; cd /; exit 4", is_static=True, cwd="/etc") == (4, "/etc")
    assert await world.out('pwd; echo "$kept$x"') == "/tmp\n1"
    assert (await world.ends("true", is_static=True, cwd="/no/where"))[0] == 1
    await world.out(f"cd {world.home}")


async def test_a_hidden_command_is_not_cut(world) -> None:
    assert len((await world.run("printf '%040000d' 7", hidden=True)).content) == 40_000


async def test_ls_prints_columns_as_on_a_wide_terminal(world) -> None:
    await world.out("mkdir cols; cd cols; touch a b c")
    assert await world.out("ls") == "a  b  c"
    await world.out(f"cd {world.home}")


async def test_git_does_not_page(world) -> None:
    await world.out("git init -q g; cd g; git -c user.name=a -c user.email=b commit -q --allow-empty -m m")
    assert (await world.out("git log --oneline")).endswith(" m")
    await world.out(f"cd {world.home}")


async def test_the_network_is_off(world) -> None:
    if world.kind == "local":
        pytest.skip("the host's own network")
    assert await world.out("cut -d: -f1 /proc/net/dev | tail -n +3 | tr -d ' '") == "lo"


async def test_what_it_cannot_execute_it_does_not_answer(world) -> None:
    action = ThinkAction(args=ThoughtArgs(thought="x"))
    assert await execute(world.sandbox, action, None, world.emit) is None
