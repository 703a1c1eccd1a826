"""The long list of what a shell is to survive, everywhere: output, exit code and directory each time."""

import asyncio
import os
import time

import pytest

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.in_turns]

LONG = 300_000


@pytest.fixture(scope="module")
def world(everywhere):
    return everywhere


async def answers(
    world, command: str, output: str, code: int = 0, directory: str | None = None, **args
) -> None:
    observation = await world.run(command, **args)
    metadata = observation.extras.metadata
    found = (observation.content, metadata.exit_code, metadata.working_dir)
    assert found == (output, code, directory or world.home)


async def goes_on(world) -> None:
    """The shell is in order: its marks, its exit code, its directory, its terminal."""
    await answers(world, "echo on; (exit 9)", "on", 9)
    assert world.emitted == b"on\n"


# Commands of several lines


async def test_here_documents(world) -> None:
    text = "$HOME `date` \\ 'q' \"d\"\n\ttab\n\nlast"
    await answers(world, f"cat <<'EOF'\n{text}\nEOF", text.expandtabs(8))
    await answers(world, "x=1; cat <<EOF\n$x $((1+1))\nEOF\n(exit 4)", "1 2", 4)
    await answers(world, "cat <<-A; cat <<B\n\tone\n\tA\ntwo\nB", "one\ntwo")
    await answers(world, "cat <<< 'a here string'", "a here string")


async def test_a_here_document_that_is_never_closed(world) -> None:
    observation = await world.run("cat <<'EOF'\nno end")
    assert observation.extras.metadata.exit_code == 0
    assert "no end" in observation.content
    await goes_on(world)


async def test_a_function_of_several_lines(world) -> None:
    await answers(
        world,
        'f() {\n  local x=$1\n\n  # a word\n  for i in 1 2; do\n    echo "$x$i"\n  done\n  return 5\n}',
        "",
    )
    await answers(world, "f a\nf b", "a1\na2\nb1\nb2", 5)
    await answers(world, "if true; then\n  echo yes\nelse\n  echo no\nfi | tr a-z A-Z", "YES")
    await answers(world, "echo one \\\n  two && \\\n  (exit 3)", "one two", 3)


@pytest.mark.parametrize(
    "command", ["echo 'open", 'echo "open', "echo `open", "echo $(open", "echo ${open", "((", "[[ a"]
)
async def test_quotes_never_closed_are_an_error_and_no_hang(world, command: str) -> None:
    observation = await world.run(command)
    assert observation.extras.metadata.exit_code not in (-1, 0)
    assert observation.content
    await goes_on(world)


async def test_an_error_behind_commands_that_ran(world) -> None:
    observation = await world.run("echo ran\nif true")
    assert observation.extras.metadata.exit_code not in (-1, 0)
    assert observation.content.startswith("ran\n")
    await goes_on(world)


# Output


@pytest.mark.sampled(3)
async def test_a_hundred_megabytes(world) -> None:
    """Every byte reaches the user; the model sees both ends of it; memory stays bounded."""
    size = highest = 0
    page = os.sysconf("SC_PAGE_SIZE")

    def count(data: bytes) -> None:
        nonlocal size, highest
        size += len(data)
        with open("/proc/self/statm") as statm:  # noqa: PTH123
            highest = max(highest, int(statm.read().split()[1]) * page)

    kept, world.emit = world.emit, count
    count(b"")
    before = highest
    try:
        observation = await world.run(
            "head -c 99999997 /dev/zero | tr '\\0' x; echo; echo end; (exit 3)", limit=150
        )
    finally:
        world.emit = kept
    assert size == 99_999_997 + len(b"\nend\n")
    assert highest - before < 64 << 20
    assert observation.extras.metadata.exit_code == 3
    assert observation.content.startswith("x" * 15_000 + "\n[... Observation truncated due to length ...]\n")
    assert observation.content.endswith("x\nend")
    assert len(observation.content) < 30_100
    await goes_on(world)


async def test_binary_output(world) -> None:
    content = bytes(range(256)) * 40
    await world.sandbox.files.write(f"{world.home}/all", content)
    observation = await world.run("cat all; (exit 2)")
    assert world.emitted == content
    assert observation.extras.metadata.exit_code == 2
    await world.out("head -c 200000 /dev/urandom > random; cat random")
    assert world.emitted == await world.sandbox.files.read(f"{world.home}/random")
    await goes_on(world)


async def test_no_final_newline(world) -> None:
    await answers(world, "printf 'a\\nb'; (exit 6)", "a\nb", 6)
    assert world.emitted == b"a\nb"
    await goes_on(world)


async def test_very_long_lines(world) -> None:
    await answers(world, f"printf '%0{LONG}d' 7 | wc -c", str(LONG))
    observation = await world.run(f"printf '%0{LONG}d' 7")
    assert world.emitted == b"0" * (LONG - 1) + b"7"
    assert observation.content.endswith("7")
    word = "w" * LONG
    await answers(world, f"x={word}; echo ${{#x}}", str(LONG))
    await answers(world, f"echo '{word}' | wc -c", str(LONG + 1))
    await goes_on(world)


async def test_output_of_the_marks_own_text(world) -> None:
    """Even of a mark that was true for the command before."""
    key = await world.out('echo "$__trajtui_n"')
    assert key
    for mark in (f"\\033]7717;{key};Z;0;;;;/tmp\\a", f"\\033]7717;{key};A\\a", f"\\033]7717;{key};D;0\\a"):
        observation = await world.run(f"printf 'a{mark}b\\n'; (exit 5)")
        assert world.emitted == b"a" + mark.encode().decode("unicode_escape").encode() + b"b\n"
        assert observation.extras.metadata.exit_code == 5
        assert observation.extras.metadata.working_dir == world.home
    await answers(world, "echo '__trajtui_z; __trajtui_p'", "__trajtui_z; __trajtui_p")
    await goes_on(world)


async def test_unicode_wide_and_invalid(world) -> None:
    await answers(world, "echo 'é 漢字 🙂 ａ e\u0301 \u202e'", "é 漢字 🙂 ａ e\u0301 \u202e")
    await answers(world, "mkdir -p 'é 漢' && cd 'é 漢' && pwd", f"{world.home}/é 漢", 0, f"{world.home}/é 漢")
    await answers(world, "cd ..", "")
    await answers(world, "printf 'a\\xff\\xc3(\\xe2\\x82b\\n'", "a��(�b")
    assert world.emitted == b"a\xff\xc3(\xe2\x82b\n"
    await world.run("printf '%s' '\udcff\udc80' | od -An -tx1")
    assert world.emitted == b" ff 80\n"
    await goes_on(world)


# Ends of the shell


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("exit 3", 3),
        ("exit", 0),
        ("exec true", 0),
        ("exec bash -c 'exit 4'", 4),
        ("kill -9 $$", 137),
        ("kill -HUP $$", 129),
        ("set -e; false", 1),
        ("set -e\ntrue\n(exit 7)\necho never", 7),
        ("trap 'echo bye' EXIT; exit 6", 6),
        ("set -eu; echo $nowhere", 1),
    ],
)
async def test_the_shell_restarts_and_the_loss_is_said(world, command: str, code: int) -> None:
    await world.out("cd /; here=1; f() { :; }")
    observation = await world.run(command)
    metadata = observation.extras.metadata
    assert (metadata.exit_code, metadata.working_dir) == (code, world.home)
    assert f"It ended the shell: a new one was started in {world.home}" in metadata.suffix
    assert "noprofile" not in observation.content
    if "bye" in command:
        assert observation.content == "exit\nbye"
    if "kill -9" in command:
        assert observation.content == ""
    await answers(world, 'echo "[$here]"; type -t f', "[]", 1)
    await goes_on(world)


async def test_a_signal_that_an_interactive_shell_ignores(world) -> None:
    await answers(world, "kept=1; kill $$; kill -TERM $$; echo $kept", "1")
    await answers(world, "kill -INT $$; echo never", "", 130)
    await answers(world, 'echo "$kept"', "1")


async def test_a_program_that_is_not_there_does_not_end_the_shell(world) -> None:
    observation = await world.run("exec /no/such/program")
    assert observation.extras.metadata.exit_code == 127
    assert "ended the shell" not in observation.extras.metadata.suffix
    await goes_on(world)


async def test_a_shell_in_the_place_of_the_shell(world) -> None:
    """`exec bash` goes on as a program that waits for input; it can be talked to, and left."""
    observation = await world.run("exec bash --norc --noprofile -i", limit=1.0)
    assert observation.extras.metadata.exit_code == -1
    observation = await world.run("exit 5", is_input=True)
    assert observation.extras.metadata.exit_code == 5
    assert "It ended the shell" in observation.extras.metadata.suffix
    await goes_on(world)


async def test_nobody_is_patient_with_a_shell_in_the_place_of_the_shell(world) -> None:
    ended = world.recording("", 0)
    begun = time.monotonic()
    observation = await world.run("exec bash --norc --noprofile", ended, limit=15)
    assert observation.extras.metadata.exit_code == -1
    assert time.monotonic() - begun < 8
    assert (await world.run("exit 5", is_input=True)).extras.metadata.exit_code == 5
    await answers(world, "bash -c 'sleep 2'; echo waited", "waited", recorded=ended)
    await goes_on(world)


async def test_a_shell_that_ends_behind_a_command_leaves_the_next_one_whole(world) -> None:
    before = await world.run("exec 0</dev/null")
    observation = await world.run(f"here=1; echo {'x' * 5000}")
    assert (observation.content, observation.extras.metadata.exit_code) == ("x" * 5000, 0)
    told = ("It ended the shell", "The shell had ended before it")
    suffixes = [one.extras.metadata.suffix for one in (before, observation)]
    assert [words in suffix for words, suffix in zip(told, suffixes, strict=True)].count(True) == 1
    await answers(world, "echo $here", "1")
    await goes_on(world)


# Settings of the shell


@pytest.mark.parametrize(
    "command",
    [
        "readonly PS1 PS2 PROMPT_COMMAND",
        "readonly PS1='> ' PROMPT_COMMAND=:",
        "printf() { echo mine; }; echo() { builtin echo mine; }; unset -f echo",
        "local() { :; }; unset() { :; }; jobs() { :; }; return() { :; }; set() { :; }; true() { :; }",
    ],
)
async def test_what_is_redefined_does_not_keep_the_marks_back(world, command: str) -> None:
    begun = time.monotonic()
    assert (await world.run(command)).extras.metadata.exit_code == 0
    await answers(world, "(exit 3)", "", 3)
    await answers(world, "echo a", "a")
    assert time.monotonic() - begun < 5
    await world.run("exit")
    await goes_on(world)


async def test_a_shell_without_descriptors_left_is_not_waited_for(world) -> None:
    begun = time.monotonic()
    await answers(world, "ulimit -n 3", "")
    await answers(world, "echo a", "a")
    await answers(world, "printf b", "b")
    await answers(world, "false", "", 1)
    await answers(world, "f() { return 7; }; f", "", 7)
    assert "Too many open files" in (await world.run("echo c >/dev/null")).content
    assert time.monotonic() - begun < 5
    await world.run("exit")
    await goes_on(world)


async def test_stop_at_errors(world) -> None:
    await answers(world, "set -e; echo a", "a")
    await answers(world, "false || echo b; if false; then :; fi; true", "b")
    await answers(world, "! false", "")
    await answers(world, "! true", "", 1)
    await answers(world, "echo b; [ -f none ] && echo c", "b", 1)
    observation = await world.run("cat <<'EOF'\nno end")
    assert (observation.content.splitlines()[-1], observation.extras.metadata.exit_code) == ("no end", 0)
    await answers(world, "echo d \\", "d")
    observation = await world.run("echo 'open")
    assert observation.extras.metadata.exit_code not in (-1, 0)
    await answers(world, "set +e; false", "", 1)
    await goes_on(world)


async def test_stop_at_unset_variables(world) -> None:
    await answers(world, "set -u; echo ${x-none}", "none")
    observation = await world.run("echo $nowhere; echo never")
    assert observation.extras.metadata.exit_code in (1, 127)
    assert "unbound variable" in observation.content
    await world.run("set +u")
    await goes_on(world)


@pytest.mark.parametrize(
    "setting",
    [
        "PS1='\\u@\\h:\\w$(date)> ' PS2='more> '",
        "PROMPT_COMMAND='echo prompt'",
        "PROMPT_COMMAND=('echo one' 'echo two')",
        "unset PROMPT_COMMAND",
        "IFS=:;0123456789abcdefxyz",
        "IFS=",
        "trap 'echo debug >/dev/null' DEBUG",
        "trap 'true' ERR; trap ':' INT TERM CHLD",
        "stty sane",
        "stty raw",
        "stty -icanon min 1 time 0",
        "stty echo onlcr",
        "shopt -s extglob nullglob dotglob failglob",
        "set -f; set -C; set -T; set -E",
        "set -v",
        "set -x",
        "set -k; set -P",
        "export LC_ALL=C LANG=C",
        "alias printf=false; alias local=false; printf() { command false; }; unset -f printf",
        'cd() { builtin cd "$@" && true; }',
        "export TERM=dumb COLUMNS=20",
        "umask 077; ulimit -c 0",
        "set -- a b c",
        "readonly LATER=1; declare -i number=3",
        "exec 3>/dev/null 4</dev/null",
    ],
)
@pytest.mark.sampled(4)
async def test_a_setting_disturbs_nothing(fresh_everywhere, setting: str) -> None:
    world = fresh_everywhere
    command, _, rest = setting.partition(";0")
    observation = await world.run(command if not rest else f"IFS=':0{rest}'")
    assert observation.extras.metadata.exit_code == 0
    for number in (3, 0):
        observation = await world.run(f"(exit {number})")
        assert observation.extras.metadata.exit_code == number
        assert observation.extras.metadata.working_dir == world.home
    observation = await world.run("echo one two")
    assert observation.content.splitlines()[-1] == "one two"
    assert b"trajtui" not in world.emitted
    observation = await world.run("cat <<EOF\nhere\nEOF")
    assert observation.content.splitlines()[-1] == "here"


# Jobs, input, keys


async def test_a_background_job_and_its_late_output(world) -> None:
    observation = await world.run("{ sleep 0.3; echo late; } &")
    assert observation.content == f"[1] {observation.extras.metadata.pid}"
    await asyncio.sleep(0.6)
    observation = await world.run("echo now")
    assert observation.content.splitlines()[0] == "now"
    assert world.emitted.startswith(b"late\nnow\n")
    await goes_on(world)


async def test_a_daemon_that_lets_go_of_the_shell(world) -> None:
    await answers(world, "(setsid sleep 3 >/dev/null 2>&1 &)", "")
    await goes_on(world)


async def test_commands_that_read_their_input(world) -> None:
    assert (await world.run('read a b; echo "$b $a"', limit=0.5)).extras.metadata.exit_code == -1
    await answers(world, "one two three", "two three one", is_input=True)
    await world.run("cat > typed; echo done", limit=0.5)
    await world.run("line é", is_input=True, limit=0.5)
    await world.run("C-d", is_input=True)
    await answers(world, "cat typed", "line é")
    await answers(world, "cat < /dev/null; echo empty", "empty")
    await goes_on(world)


async def test_keys(world) -> None:
    for command, key, code in (("sleep 60", "C-c", 130), ("cat", "C-d", 0), ("sleep 60", "C-\\", 131)):
        assert (await world.run(command, limit=0.5)).extras.metadata.exit_code == -1
        observation = await world.run(key, is_input=True, limit=10)
        assert observation.extras.metadata.exit_code == code
        assert f"CTRL+{key[-1].upper()} was sent." in observation.extras.metadata.suffix
        await goes_on(world)
    await world.run("sleep 61", limit=0.5)
    observation = await world.run("C-z", is_input=True)
    assert observation.extras.metadata.exit_code == 148
    assert "Stopped" in observation.content
    assert "sleep 61" in await world.out("jobs")
    # Its end is told by the first `jobs` behind it, and at no later prompt.
    await world.run("kill -9 %1; while jobs %1 2> /dev/null | grep Stopped; do sleep 0.02; done; jobs")
    await world.run("true")
    await goes_on(world)


async def test_a_program_that_ignores_the_interrupt(world) -> None:
    assert (await world.run("(trap '' INT; sleep 60)", limit=0.5)).extras.metadata.exit_code == -1
    observation = await world.run("C-c", is_input=True, limit=1)
    assert observation.extras.metadata.exit_code == -1
    observation = await world.run("echo other")
    assert "NOT executed" in observation.extras.metadata.suffix
    observation = await world.run("C-\\", is_input=True, limit=10)
    assert observation.extras.metadata.exit_code == 131
    await goes_on(world)


# What OpenHands means by it


async def test_soft_and_hard_limits_polls_and_blocking(world) -> None:
    observation = await world.run("echo a; sleep 2.5; echo b; sleep 0.2; echo c")
    metadata = observation.extras.metadata
    assert (observation.content, metadata.exit_code, metadata.working_dir) == ("a", -1, None)
    assert "no new output after 1.5 seconds" in metadata.suffix
    observation = await world.run("")
    assert (observation.content, observation.extras.metadata.exit_code) == ("b\nc", 0)
    assert observation.extras.metadata.prefix == "[Below is the output of the previous command.]\n"
    observation = await world.run("sleep 30", limit=0.4)
    assert "timed out after 0.4 seconds" in observation.extras.metadata.suffix
    await world.run("C-c", is_input=True)
    await answers(world, "sleep 2; echo done", "done", blocking=True)


async def test_a_static_command_leaves_the_shell_alone(world) -> None:
    await answers(world, "cd /; x=2; pwd; (exit 3)", "/", 3, is_static=True)
    await answers(world, "pwd", "/etc", cwd="/etc", is_static=True)
    await answers(world, 'echo "[$x]"; pwd', f"[]\n{world.home}")


async def test_the_model_sees_the_ends_and_the_user_everything(world) -> None:
    observation = await world.run("seq 1 20000")
    assert world.emitted == b"".join(b"%d\n" % number for number in range(1, 20_001))
    assert observation.content.endswith("\n20000")
    assert "[... Observation truncated due to length ...]" in observation.content
    assert "Showing the last 10000 lines" in observation.extras.metadata.prefix


@pytest.mark.sampled(3)
async def test_a_thousand_steps_in_a_row(world) -> None:
    await world.out("mkdir -p d{0..9}")
    for number in range(1000):
        place = f"{world.home}/d{number % 10}"
        await answers(
            world, f"cd {place}; echo {number}; (exit {number % 7})", str(number), number % 7, place
        )
    await world.out(f"cd {world.home}")


# What a hostile command does to our own lines


async def test_the_history_does_not_hold_our_lines(world) -> None:
    for command in ("set -o history; history", "echo two; history", "history 1; fc -ln -1 2>/dev/null; true"):
        observation = await world.run(command)
        assert "trajtui" not in observation.content, observation.content
    await answers(world, "set +o history; history -c", "")
    await goes_on(world)


FORGED = {
    "a mark": "printf '\\033]7717;%s;Z;7;;;;\\a' \"$__trajtui_n\" >/dev/tty; sleep 0.2; echo late; false",
    "a function": (
        '__trajtui_p() { printf "\\033]7717;%s;Z;7;;;;\\a" "$__trajtui_n" >/dev/tty; __trajtui_n=; }'
    ),
}


@pytest.mark.parametrize("how", FORGED)
async def test_a_forged_end_mark_cheats_the_recording_alone(world, how: str) -> None:
    assert (await world.run(FORGED[how])).extras.metadata.exit_code == 7
    await world.run("true")
    observation = await world.run("exit 5")  # also where functions of ours were replaced
    while observation.extras.metadata.exit_code != 5:
        observation = await world.run("exit 5")
    await goes_on(world)
