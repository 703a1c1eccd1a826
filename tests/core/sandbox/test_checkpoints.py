"""Going back: files, shell, editor, what cannot be kept, and nothing left behind."""

import asyncio
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from acting import execute, runtime_in
from trajcore.errors import Refused, SandboxUnavailable
from trajcore.events.actions import RunIpythonAction, RunIpythonArgs
from trajcore.sandbox.base import Checkpoint, SandboxSettings
from trajcore.sandbox.machines.bubblewrap import overlays
from trajcore.sandbox.machines.docker import commits
from trajcore.sandbox.recorded import RecordedSandbox
from worlds import World, made

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.in_turns]

LISTING = (
    "cd /; find workspace etc/{0}* usr/{0}* opt var/{0}* root tmp -exec stat -c '%F %a %s %h %N' {{}} + "
    "| grep -v '^directory' | sort; find workspace opt root -type d -exec stat -c '%a %n' {{}} + | sort; "
    "find workspace etc/{0}* usr/{0}* -type f -exec md5sum {{}} + | sort"
)


async def kept(world) -> Checkpoint:
    checkpoint = await world.sandbox.checkpoint()
    assert checkpoint is not None
    return replace(checkpoint, memory=runtime_in(world.sandbox).memory())


async def back(world, checkpoint: Checkpoint) -> None:
    await world.sandbox.restore(checkpoint, lambda _: None)
    runtime_in(world.sandbox).recall(checkpoint.memory)


async def listing(world) -> str:
    return await world.out(f"({LISTING.format('trajtui')})")


async def test_files_are_what_they_were(fresh) -> None:
    await fresh.out(
        "umask 022; mkdir -p deep/er empty 'odd\nname'; echo one > deep/er/file; printf '\\xff\\0' > binary; "
        "echo secret > closed; chmod 000 closed; echo s > suid; chmod 4755 suid; ln -s deep/er link; "
        "ln -s /nowhere/at/all dangling; echo twice > first; ln first second; mkfifo fifo; chmod 600 fifo; "
        "mkdir shut; echo x > shut/x; chmod 000 shut; : > nothing; truncate -s 50M sparse; "
        "echo e > /etc/trajtui-e; echo u > /usr/trajtui-u; mkdir /opt/trajtui-o; touch -d 2001-01-01 old; "
        "ln -s /etc /etc/trajtui-link; mkdir -m 1777 sticky"
    )
    before = await listing(fresh)
    assert "fifo 600" in before
    checkpoint = await kept(fresh)
    await fresh.out(
        "rm -rf deep 'odd\nname' first; echo two > second; chmod 644 closed suid; rm link; mkdir link; "
        "touch link/now-a-directory; chmod 755 shut; echo y > shut/x; rm fifo; echo f > fifo; "
        "echo more > nothing; rm -f /etc/trajtui-e; echo U > /usr/trajtui-u; rm -rf /opt/trajtui-o; "
        "touch /opt/new /root/new /tmp/new old; rm -rf empty; ln -s / empty; echo - >> sparse; "
        "rm -f /etc/passwd /usr/bin/seq; rmdir sticky"
    )
    assert await listing(fresh) != before
    await back(fresh, checkpoint)
    assert await listing(fresh) == before
    assert await fresh.out(
        "stat -c %y old; seq 1; grep -c root: /etc/passwd; readlink /etc/trajtui-link"
    ) == ("2001-01-01 00:00:00.000000000 +0000\n1\n1\n/etc")
    assert await fresh.out("cat second; cat closed; cat shut/x") == "twice\nsecret\nx"
    if fresh.kind == "bubblewrap":  # a container's storage parts links when one of them is written
        assert await fresh.out("echo linked >> first; cat second") == "twice\nlinked"


async def test_a_directory_of_the_system_replaced_by_another(fresh) -> None:
    """What lay below a replaced directory stays hidden, and comes back with the one that was replaced."""
    one = await kept(fresh)
    names = await fresh.out("ls /etc/alternatives | head -3")
    code, said = await fresh.ends(
        "rm -rf /etc/alternatives && mkdir /etc/alternatives && touch /etc/alternatives/mine"
    )
    if code and os.geteuid():
        pytest.skip(f"an ordinary user cannot change the system's own directories: {said}")
    two = await kept(fresh)
    await fresh.out("rm -rf /etc/alternatives; echo file > /etc/alternatives")
    await back(fresh, two)
    assert await fresh.out("ls /etc/alternatives") == "mine"
    await back(fresh, one)
    assert await fresh.out("ls /etc/alternatives | head -3") == names
    await back(fresh, two)
    assert await fresh.out("ls /etc/alternatives") == "mine"


async def test_checkpoints_in_any_order(fresh) -> None:
    checkpoints = []
    for number in range(4):
        await fresh.out(
            f"echo {number} > n; echo {number} > only-{number}; mkdir -p d; echo {number} >> d/log"
        )
        checkpoints.append(await kept(fresh))
    for number in (3, 0, 2, 2, 1, 3):
        await back(fresh, checkpoints[number])
        expected = "\n".join(f"only-{one}" for one in range(number + 1))
        assert await fresh.out("cat n; ls -1 only-*; tail -n1 d/log; wc -l < d/log") == (
            f"{number}\n{expected}\n{number}\n{number + 1}"
        )
        await fresh.out("echo changed > n; rm -rf d only-0; touch only-9")


async def test_five_levels_and_the_chain_stays_short(fresh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commits, "_DEEPEST", 2)
    first = await kept(fresh)
    for level in range(5):
        await fresh.out(
            f"echo {level} >> log; export LEVEL={level}; rm -f /etc/trajtui-*; touch /etc/trajtui-{level}"
        )
        checkpoint = await kept(fresh)
        if fresh.kind == "docker":
            base = len(image(fresh.sandbox.detail)["RootFS"]["Layers"])
            for one in ours():
                assert len(image(one)["RootFS"]["Layers"]) <= base + 2
        await back(fresh, checkpoint)
    assert await fresh.out("tr '\\n' ' ' < log; echo $LEVEL $PATH; ls /etc/trajtui-*; id -un") == (
        "0 1 2 3 4 4 /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n/etc/trajtui-4\nroot"
    )
    await back(fresh, first)
    assert await fresh.ends("cat log") == (1, "cat: log: No such file or directory")


async def test_the_shell_is_what_it_was(fresh) -> None:
    await fresh.out("mkdir -p 'a b/ü'; cd 'a b'; cd ü; pushd -n /usr > /dev/null")
    await fresh.out(
        "export E=$'line\\n\\'quoted\\' \\xff $HOME `x`'; plain='not exported'; declare -i number=41; "
        "declare -r constant=c; array=(one 'two words' '' ); array[7]=$'\\t'; "
        "declare -A map=([k e y]='v]' [z]=); declare -n ref=plain; export -n HOME; unset LANG; "
        "declare -x UNSET; declare -u upper=abc; set -- 'p 1' '' p3"
    )
    await fresh.out("shopt -s extglob nullglob; alias ll='ls -l \"x y\"' two-a=two")
    await fresh.out(
        "one() { echo \"one: $1\"; cat <<'END'\n}\ntwo () \n{\nEND\n}\n"
        "two() { (( number++ )); echo $number; } 2>&1\nexport -f two; function git { echo mine; }; "
        "s-p() { echo dash; }; glob() { case $1 in @(a|b)) echo ab;; esac; }"
    )
    await fresh.out(
        "umask 027; set -o pipefail -u -f; trap $'echo \\'term\\'\\necho 2' TERM; "
        "trap 'echo dbg >/dev/null' DEBUG; IFS=:"
    )
    tell = (
        "declare -p E plain number constant array map ref upper UNSET IFS; pwd; echo $OLDPWD; dirs -l -p; "
        "declare -f one two git s-p glob; declare -F two; alias; shopt -p extglob nullglob; umask; set -o; "
        "trap; printf '<%s>' \"$@\"; env | grep -v ^_= | sort; [[ -v LANG ]]; echo $?"
    )
    before = await fresh.out(tell)
    assert "declare -n ref" in before
    await fresh.ends("(exit 7)")
    checkpoint = await kept(fresh)
    assert await fresh.ends("echo $?; cd /") == (0, "7")
    await fresh.out(
        "set +u +f; unset E array map; trap - TERM DEBUG; unset -f one two; unalias -a; set --; IFS=' '"
    )
    await back(fresh, checkpoint)
    observation = await fresh.run("echo $?")
    assert observation.content == "7"
    assert observation.extras.metadata.working_dir == "/workspace/a b/ü"
    assert await fresh.out(tell) == before
    assert await fresh.out("one x; two; bash -c two; glob a; git; s-p; echo $number") == (
        "one: x\n}\ntwo ()\n{\n42\n1\nab\nmine\ndash\n42"
    )
    assert (await fresh.ends("echo $nothing"))[0] == 1


@pytest.mark.parametrize(
    "state",
    [
        "set -e", "set -u", "set -x", "set -v", "set -f", "set -C", "set -o posix", "IFS=abdeklnrtu",
        "set -euxo pipefail", "PROMPT_COMMAND='echo prompt'", "umask 777", "set -a", "set -T",
        "set -E; trap 'echo err' ERR", "trap 'echo dbg' DEBUG",
        "trap 'echo dbg' DEBUG; set -T", "exec 2>/dev/null", "stty onlcr -isig",
        "LC_ALL=C; export LC_ALL", "unset PATH", "alias printf=false declare=false", "if then",
        "cd /tmp && mkdir gone && cd gone && rmdir ../gone", "shopt -s nullglob failglob extdebug",
    ],
)  # fmt: skip
@pytest.mark.sampled(4)
async def test_in_every_state_of_the_shell(world, state: str) -> None:
    await world.run("exit 0")
    await world.run(state)
    assert "one" in (await world.run("echo one")).content.splitlines()
    tell = "echo $? $- [${IFS@Q}]; pwd; umask"
    first = (await world.run(tell)).content
    checkpoint = await kept(world)
    assert (await world.run(tell)).content == first
    second = await kept(world)
    assert (await world.run(tell)).content == first
    await back(world, checkpoint)
    if "gone" not in state:
        assert (await world.run(tell)).content == first
    await world.sandbox.forget(checkpoint)
    await world.sandbox.forget(second)
    await world.run("exit 0")


async def test_nothing_of_it_is_seen_in_the_shell(world) -> None:
    await world.run("exit 0")
    tell = "declare -F; compgen -v | sort | tr '\\n' ' '; ls -A /dev/shm /tmp"
    await world.out("sleep 0.2 & cd /tmp")
    pid = (await world.run("true")).extras.metadata.pid
    names = (await world.run(tell)).content
    await asyncio.sleep(0.4)
    world.chunks.clear()
    checkpoint = await kept(world)
    assert world.emitted == b""
    observation = await world.run("set -x")
    assert observation.extras.metadata.pid == pid
    # On a busy machine the shell hears later that its job has ended, and tells of it behind a later command.
    told = observation.content
    while "Done" not in told:
        told += (await world.run("sleep 0.1")).content
    assert "trajtui" not in told
    await world.sandbox.forget(await kept(world))
    assert "trajtui" not in (await world.run("{ set +x; } 2>/dev/null")).content
    assert (await world.run(tell)).content == names
    await world.sandbox.forget(checkpoint)


async def test_output_of_the_background_is_not_lost(world) -> None:
    await world.out("(for i in 1 2 3 4 5 6 7 8; do echo late-$i; sleep 0.02; done) &")
    checkpoints = [await kept(world) for _ in range(2)]
    await world.run("wait")
    seen = world.emitted
    await asyncio.sleep(0)
    assert [b"late-%d" % i in seen for i in range(3, 9)] == [True] * 6
    for checkpoint in checkpoints:
        await world.sandbox.forget(checkpoint)


async def test_the_news_that_the_shell_has_ended_is_kept(fresh) -> None:
    await fresh.out("cd /tmp; (sleep 0.2; kill -9 $$) & true")
    await asyncio.sleep(0.6)
    assert await fresh.sandbox.checkpoint() is None
    observation = await fresh.run("echo run > /workspace/ran")
    assert observation.extras.metadata.exit_code == 0
    assert "The shell had ended before it" in observation.extras.metadata.suffix
    assert b"The shell had ended, with exit code 137" in fresh.emitted
    assert await fresh.ends("ls; pwd") == (0, "ran\n/workspace")
    await kept(fresh)


async def test_undo_of_the_editor(fresh) -> None:
    await fresh.edit("create", "/workspace/t", file_text="one\n")
    await fresh.edit("str_replace", "/workspace/t", old_str="one", new_str="two")
    checkpoint = await kept(fresh)
    assert "undone" in await fresh.edit("undo_edit", "/workspace/t")
    await fresh.edit("undo_edit", "/workspace/t")
    for _ in range(2):
        await back(fresh, checkpoint)
        assert await fresh.out("cat t") == "two"
        assert "undone" in await fresh.edit("undo_edit", "/workspace/t")
        assert await fresh.out("cat t") == "one"


async def test_processes_are_named_and_gone(fresh) -> None:
    assert (await kept(fresh)).processes == ()
    await fresh.out("sleep 301 & (exec -a 'my server' sleep 302) & while :; do sleep 303; done & true")
    checkpoint = await kept(fresh)
    for _ in range(100):  # until all have become what they are to be
        if sum("sleep" in one or "server" in one for one in checkpoint.processes) == 3:
            break
        await asyncio.sleep(0.05)
        await fresh.sandbox.forget(checkpoint)
        checkpoint = await kept(fresh)
    assert sorted(checkpoint.processes) == [
        "bash --noprofile --norc --noediting -i", "my server 302", "sleep 301", "sleep 303",
    ]  # fmt: skip
    await back(fresh, checkpoint)
    assert (await kept(fresh)).processes == ()
    observation = await fresh.run("echo ${!-none}; jobs")
    assert observation.content == "none"
    assert observation.extras.metadata.pid == -1


async def test_the_notebook_is_named_and_begins_anew(fresh) -> None:
    async def cell(code: str) -> str:
        action = RunIpythonAction(args=RunIpythonArgs(code=code))
        observation = await execute(fresh.sandbox, action, None, fresh.emit)
        assert observation is not None
        return observation.content

    assert "41" in await cell("x = 41; print(x)")
    checkpoint = await kept(fresh)
    assert checkpoint.processes == ("the notebook's Python",)
    assert checkpoint.lost == ()
    for _ in range(2):
        await back(fresh, checkpoint)
        assert (await kept(fresh)).processes == ()
        assert "NameError" in await cell("print(x)")


async def test_this_machine_itself_keeps_nothing() -> None:
    sandbox = made("local", SandboxSettings())
    try:
        await sandbox.start(lambda _: None)
        assert await sandbox.checkpoint() is None
    finally:
        await sandbox.close()


async def test_none_while_a_command_runs(fresh) -> None:
    checkpoint = await kept(fresh)
    running = asyncio.ensure_future(fresh.run("sleep 3"))
    await asyncio.sleep(0.3)
    assert await fresh.sandbox.checkpoint() is None
    await running
    assert await fresh.sandbox.checkpoint() is None
    await back(fresh, checkpoint)
    assert await fresh.ends("echo free") == (0, "free")


async def test_back_from_a_world_that_was_lost(fresh) -> None:
    await fresh.out("echo kept > file; cd /tmp; x=1")
    checkpoint = await kept(fresh)
    await fresh.out("rm -f /workspace/file")
    kill_from_outside(fresh)
    async with asyncio.timeout(10):  # what was inside dies a moment after what held it
        while (dying := await fresh.sandbox.checkpoint()) is not None:
            await fresh.sandbox.forget(dying)
            await asyncio.sleep(0.01)
    await back(fresh, checkpoint)
    assert await fresh.out("cat /workspace/file; pwd; echo $x") == "kept\n/tmp\n1"


async def test_back_from_everything_killed_inside(fresh) -> None:
    checkpoint = await kept(fresh)
    await fresh.run("kill -9 -1", limit=10)
    await back(fresh, checkpoint)
    assert await fresh.out("echo alive") == "alive"
    assert "one" in await fresh.edit("create", "/workspace/t", file_text="one\n") or True
    assert await fresh.out("cat t") == "one"


async def test_nothing_is_left(build, kind) -> None:
    images, directories = ours(), scratch()
    sandbox = build()
    await sandbox.start(lambda _: None)
    checkpoints = [await sandbox.checkpoint() for _ in range(3)]
    assert all(checkpoints)
    await sandbox.restore(checkpoints[1], lambda _: None)
    await sandbox.checkpoint()
    if kind == "docker":
        labels = [image(one)["Config"]["Labels"] for one in ours() - images]
        assert len(labels) == 4
        assert all(one["trajtui"] == "1" and one["trajtui.pid"] == str(os.getpid()) for one in labels)
    await sandbox.close()
    assert ours() <= images
    assert scratch() <= directories
    with pytest.raises(SandboxUnavailable):
        await sandbox.restore(checkpoints[0], lambda _: None)
    await sandbox.forget(checkpoints[0])


async def test_forgetting_frees(fresh) -> None:
    images = ours()
    await fresh.out("head -c 3000000 /dev/urandom > big; sleep 0.2")  # it can no longer change unseen
    one = await kept(fresh)
    assert one.size >= 3_000_000
    two = await kept(fresh)
    if fresh.kind == "bubblewrap":
        assert two.size < 100_000
    await fresh.sandbox.forget(one)
    await back(fresh, two)
    assert await fresh.out("wc -c < big") == "3000000"
    await fresh.sandbox.forget(two)
    await fresh.sandbox.forget(two)
    if fresh.kind == "docker":
        assert len(ours() - images) <= 1  # the one under the running container
        await fresh.sandbox.forget(await kept(fresh))
    else:
        assert kept_bytes(fresh) < 100_000


async def test_a_cancelled_checkpoint_leaves_nothing(fresh) -> None:
    images = ours()
    await fresh.out("for i in {1..400}; do echo $i > f$i; done; head -c 30000000 /dev/urandom > big")
    before = kept_bytes(fresh)
    for delay in (0, 0.002, 0.01, 0.02, 0.05):
        taking = asyncio.ensure_future(fresh.sandbox.checkpoint())
        await asyncio.sleep(delay)
        taking.cancel()
        result = await asyncio.gather(taking, return_exceptions=True)
        if isinstance(result[0], Checkpoint):
            await fresh.sandbox.forget(result[0])
    assert ours() <= images
    assert kept_bytes(fresh) == before
    assert await fresh.out("echo usable") == "usable"
    await kept(fresh)


async def test_nothing_reaches_out_through_links(fresh, tmp_path: Path) -> None:
    """Links that a step makes are put back as links, whatever of the host they name."""
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim" / "file").write_text("safe")
    await fresh.out("mkdir d; echo inside > d/file")
    checkpoint = await kept(fresh)
    await fresh.out(f"rm -rf d; ln -s {tmp_path}/victim d; ln -s {tmp_path}/victim/file f")
    other = await kept(fresh)
    await back(fresh, checkpoint)
    assert await fresh.out("cat d/file") == "inside"
    await back(fresh, other)
    assert await fresh.out("readlink d") == f"{tmp_path}/victim"
    await back(fresh, checkpoint)
    assert [path.name for path in (tmp_path / "victim").iterdir()] == ["file"]
    assert (tmp_path / "victim" / "file").read_text() == "safe"


@pytest.mark.docker
async def test_files_that_the_engine_mounts_and_the_name_of_the_container(docker_image: str) -> None:
    sandbox = made("docker", SandboxSettings(image=docker_image))
    try:
        await sandbox.start(lambda _: None)
        await sandbox.files.write("/etc/hosts", b"127.0.0.1 localhost one\n")
        name = await sandbox.files.output("hostname")
        checkpoint = await sandbox.checkpoint()
        await sandbox.files.write("/etc/hosts", b"127.0.0.1 localhost two\n")
        assert checkpoint is not None
        await sandbox.restore(checkpoint, lambda _: None)
        assert await sandbox.files.read("/etc/hosts") == b"127.0.0.1 localhost one\n"
        assert await sandbox.files.output("hostname") == name
    finally:
        await sandbox.close()


async def test_a_sandbox_that_only_serves_goes_back_too() -> None:
    sandbox = RecordedSandbox()
    checkpoint = await sandbox.checkpoint()
    await sandbox.restore(checkpoint, lambda _: None)
    await sandbox.forget(checkpoint)
    assert checkpoint.processes == ()


def kill_from_outside(world) -> None:
    if world.kind == "docker":
        subprocess.run(
            ["docker", "rm", "-f", world.sandbox._machine._container.id], check=True, capture_output=True
        )
    else:
        os.kill(world.sandbox._machine._entered.pid, 9)


def ours() -> set[str]:
    """The ids of the checkpoints' images of this process."""
    listed = subprocess.run(
        ["docker", "images", "-a", "-q", "--no-trunc", "--filter", f"label=trajtui.pid={os.getpid()}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return set(listed.stdout.split())


def image(name: str) -> dict:
    import json

    return json.loads(subprocess.run(["docker", "inspect", name], capture_output=True, check=True).stdout)[0]


def scratch() -> set[Path]:
    """The temporary directories of this process."""
    import tempfile

    return set(Path(tempfile.gettempdir()).glob(f"trajtui-{os.getpid()}-*"))


def kept_bytes(world) -> int:
    if world.kind == "docker":
        return 0
    return sum(path.stat().st_size for path in (world.sandbox._machine._directory / "kept").glob("*"))


@pytest.mark.docker
@pytest.mark.parametrize("storage", ["overlay2", "containerd"])
async def test_a_file_of_holes_is_not_committed_where_it_is_too_large(
    docker_image: str, storage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = made("docker", SandboxSettings(image=docker_image, snapshot_bytes=1 << 30))
    world = World(sandbox, "docker")
    try:
        await sandbox.start(lambda _: None)
        machine = sandbox._machine
        if storage == "containerd":  # it tells of allocated bytes, and of no directories
            machine._container.attrs["GraphDriver"] = None
            told = machine._client.api.containers
            monkeypatch.setattr(
                machine._client.api, "containers", lambda **how: [{**told(**how)[0], "SizeRw": 4096}]
            )
        await world.out("truncate -s 600M one 'an other'; ln one twin; mkdir d; ln -s /one link; mkfifo d/p")
        with pytest.raises(Refused, match=r"takes more than 1.1 GB"):
            await sandbox.checkpoint()
        await world.out("rm 'an other'; touch $(seq 2000)")
        assert await sandbox.checkpoint() is not None
    finally:
        await sandbox.close()


SOCKET = (
    "import socket, time; s = socket.socket(socket.AF_UNIX); s.bind('/tmp/a socket'); s.listen(); "
    "time.sleep(99)"
)
NOT_KEPT = {
    "shared memory": ("echo x > /dev/shm/f", "what is in /dev/shm"),
    "hidden shared memory": ("mkdir /dev/shm/.f", "what is in /dev/shm"),
    "descriptor": ("exec 7> /tmp/log", "the open descriptor 7 (/tmp/log)"),
    "limits": ("ulimit -S -n 100", "the shell's limits"),
    "socket": (f'python3 -c "{SOCKET}" & sleep 0.5', "the socket /tmp/a socket"),
    "directory": ("mkdir gone; cd gone; rmdir ../gone", "the removed directory /workspace/gone"),
    "directory made anew": ("mkdir d; cd d; rmdir ../d; mkdir ../d", "the removed directory /workspace/d"),
}


@pytest.mark.parametrize("what", NOT_KEPT)
@pytest.mark.sampled(2)
async def test_what_cannot_be_brought_back_is_named(fresh, what: str) -> None:
    checkpoint = await kept(fresh)
    assert checkpoint.lost == ()
    command, words = NOT_KEPT[what]
    await fresh.run(command)
    after = await kept(fresh)
    assert after.lost == (words,)
    await back(fresh, after)
    directory = await fresh.out("pwd")
    assert fresh.sandbox.directory == directory
    again = await kept(fresh)
    assert again.lost == ()
    await fresh.run(command)
    await back(fresh, checkpoint)
    assert (await kept(fresh)).lost == ()


async def test_attributes_and_times_of_files(fresh) -> None:
    """A commit holds neither extended attributes nor fractions of seconds; a snapshot of trees does both."""
    assert (await kept(fresh)).altered == ()
    await fresh.out("touch -d '2001-01-01 00:00:00.5' half; echo x > marked")
    before = await fresh.out("stat -c %y half")
    code = await fresh.run('python3 -c \'import os; os.setxattr("marked", "user.mark", b"1")\'')
    if code.extras.metadata.exit_code:
        pytest.skip("no extended attributes here")
    after = await kept(fresh)
    await back(fresh, after)
    same = await fresh.out("stat -c %y half") == before
    marked = await fresh.run('python3 -c \'import os; os.getxattr("marked", "user.mark")\'')
    assert same is (fresh.kind == "bubblewrap")
    assert after.altered == (() if same else ("file times in whole seconds",))
    assert (marked.extras.metadata.exit_code == 0) is same
    assert after.lost == (() if same else ("extended attributes of files",))


async def test_the_mode_of_a_file_that_the_engine_makes(fresh) -> None:
    await fresh.out("chmod 640 /etc/hosts")
    checkpoint = await kept(fresh)
    await back(fresh, checkpoint)
    assert await fresh.out("stat -c %a /etc/hosts") == "640"


@pytest.mark.bubblewrap
async def test_what_lies_where_the_host_keeps_secrets_is_kept(build) -> None:
    sandbox = build(track_files=True)
    if sandbox.kind != "bubblewrap":
        pytest.skip("a container hides nothing")
    await sandbox.start(lambda _: None)
    world = World(sandbox, "bubblewrap")
    places = [path for path in overlays.HIDDEN if Path(path).is_dir() and os.access(path, os.X_OK)]
    assert places
    assert await world.out(f"find {' '.join(places)} -mindepth 1") == ""
    await world.out(f"for d in {' '.join(places)}; do echo one > $d/f; mkdir -m 700 $d/d; done")
    changes = await sandbox.changed_files()
    assert changes is not None
    assert {f"{place}/f" for place in places} <= {change.path for change in changes.files}
    checkpoint = await sandbox.checkpoint()
    assert checkpoint is not None
    for _ in range(2):
        await world.out(f"for d in {' '.join(places)}; do echo two > $d/f; rm -r $d/d; touch $d/more; done")
        await sandbox.restore(checkpoint, lambda _: None)
        for place in places:
            assert await world.out(f"cat {place}/f; ls -1 {place}; stat -c %a {place}/d") == "one\nd\nf\n700"


async def test_a_shell_that_tells_the_same_behind_each_command_is_read_once(build, kind) -> None:
    sandbox = build(track_files=True, quick_bytes=1 << 20, quick_files=1000)
    await sandbox.start(lambda _: None)
    world = World(sandbox, kind)

    async def told_behind(command: str) -> bytes:
        await world.out(command)
        await sandbox.changed_files()
        checkpoint = await sandbox.quick_checkpoint()
        assert checkpoint is not None
        return checkpoint.shell

    before = b""
    while before is not (before := await told_behind("true")):
        pass  # what started the shell may still be there, and be gone a moment later
    commands = ("true", "echo some > file; cat file", "true", "x=$RANDOM", "unset x")
    told = [await told_behind(command) for command in commands]
    assert told[0] == told[1]
    assert told[1] is told[2]
    assert told[3] != told[2] == told[4]
