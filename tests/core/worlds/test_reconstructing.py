"""A world that is thrown away comes back from its recording alone, as far as that tells of it."""

from __future__ import annotations

import asyncio
import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as at_most
from hypothesis import strategies as st

import trajcore
from trajcore.replay.reconstruction import Reconstruction
from trajcore.replay.run import Status
from trajcore.session import Session
from trajcore.settings import Settings
from trajcore.trajectory import Trajectory
from trajcore.views.files import FileViews, Scope
from trajcore.views.status import header_right
from trajcore.views.timeline import Row
from trajcore.worlds.choice import choice_of
from trajcore.worlds.evidence.model import Evidence, Grade, Kind

ROOT: Final = "/workspace"
NAMES: Final = ("a.py", "b.txt", "c", "notes.md", "Makefile")
LOOKING: Final = ("ls", "cat", "head", "sed -n", "grep", "find", "wc", "tail", "stat")
FOLDERS: Final = ("", "src/", "src/deep/", "docs/")

Action = dict[str, Any]

pytestmark = pytest.mark.bubblewrap


def run(command: str) -> Action:
    return {"source": "agent", "action": "run", "args": {"command": command}}


def view(path: str, between: Sequence[int] | None = None) -> Action:
    args = {"path": path, "impl_source": "oh_aci", "view_range": between}
    return {"source": "agent", "action": "read", "args": args}


def read(path: str) -> Action:
    return {"source": "agent", "action": "read", "args": {"path": path, "impl_source": "default"}}


def edit(path: str, command: str, **args: Any) -> Action:
    args = {"path": path, "command": command, "impl_source": "oh_aci", **args}
    return {"source": "agent", "action": "edit", "args": args}


def write(path: str, content: str) -> Action:
    return {"source": "agent", "action": "write", "args": {"path": path, "content": content}}


lines = st.text(alphabet="abxy_ \t#", max_size=12)
texts = st.builds(
    lambda parts, end: "\n".join(parts) + end,
    st.lists(lines, min_size=1, max_size=9),
    st.sampled_from(["\n", ""]),
)
paths = st.builds(lambda folder, name: f"{folder}{name}", st.sampled_from(FOLDERS), st.sampled_from(NAMES))
worlds = st.dictionaries(paths, texts, min_size=1, max_size=6)


@st.composite
def happenings(draw: st.DrawFn) -> tuple[dict[str, str], list[Action]]:
    """Files, and what is done with them: looked at, listed, edited, moved, overwritten, removed."""
    world = draw(worlds)
    there = st.sampled_from(sorted(world))
    some = there | paths
    folder = st.sampled_from([ROOT, f"{ROOT}/src", f"{ROOT}/docs", "src", "."])

    def quoted(path: str) -> str:
        return shlex.quote(path)

    def swap(path: str, data: st.DataObject | None = None) -> st.SearchStrategy[Action]:
        parts = world.get(path, "abx").split("\n")
        return st.builds(
            lambda old, new: edit(f"{ROOT}/{path}", "str_replace", old_str=old, new_str=new),
            st.sampled_from([part for part in parts if part] or ["a"]) | st.just("\n".join(parts[:2]) or "a"),
            texts | lines,
        )

    looking = st.one_of(
        st.builds(lambda p: run(f"cat {quoted(p)}"), some),
        st.builds(lambda p: run(f"cat -n {ROOT}/{quoted(p)}"), some),
        st.builds(lambda p: view(f"{ROOT}/{p}"), some),
        st.builds(lambda p: read(f"{ROOT}/{p}"), some),
        st.builds(
            lambda p, a, n: view(f"{ROOT}/{p}", [a, a + n]), some, st.integers(1, 4), st.integers(0, 3)
        ),
        st.builds(lambda p, n: run(f"head -n {n} {quoted(p)}"), some, st.integers(1, 5)),
        st.builds(lambda p, n: run(f"cat {quoted(p)} | head -{n}"), some, st.integers(1, 5)),
        st.builds(
            lambda p, a, n: run(f"sed -n '{a},{a + n}p' {quoted(p)}"),
            some,
            st.integers(1, 4),
            st.integers(0, 3),
        ),
        st.builds(lambda p, w: run(f"grep -n {w} {quoted(p)}"), some, st.sampled_from("abxy")),
        st.builds(lambda f, w: run(f"grep -rn {w} {f}"), folder, st.sampled_from("abxy")),
        st.builds(lambda f, o: run(f"ls {o} {f}"), folder, st.sampled_from(["", "-l", "-la", "-R", "-1"])),
        st.builds(lambda f: run(f"find {f} -type f"), folder),
        st.builds(lambda f: view(f if f.startswith("/") else ROOT), folder),
        st.builds(lambda p: run(f"wc -l {quoted(p)}"), some),
        st.builds(lambda p: run(f"wc -c {quoted(p)}"), some),
        st.builds(lambda p: run(f"tail -n 2 {quoted(p)}"), some),
        st.builds(lambda p: run(f"stat {quoted(p)}"), some),
    )
    changing = st.one_of(
        there.flatmap(swap),
        st.builds(
            lambda p, n, t: edit(f"{ROOT}/{p}", "insert", insert_line=n, new_str=t),
            there,
            st.integers(0, 4),
            lines,
        ),
        st.builds(lambda p: edit(f"{ROOT}/{p}", "undo_edit"), there),
        st.builds(lambda p, t: edit(f"{ROOT}/{p}", "create", file_text=t), paths, texts),
        st.builds(lambda p, t: write(f"{ROOT}/{p}", t), some, texts),
        st.builds(lambda p: run(f"echo new > {quoted(p)}"), some),
        st.builds(lambda p: run(f"echo more >> {quoted(p)}"), some),
        st.builds(lambda p: run(f"touch {quoted(p)}"), some),
        st.builds(lambda p: run(f"rm {quoted(p)}"), some),
        st.builds(lambda p: run(f"rm -f {quoted(p)}"), some),
        st.builds(lambda p, q: run(f"mv {quoted(p)} {quoted(q)}"), some, paths),
        st.builds(lambda p, q: run(f"cp {quoted(p)} {quoted(q)}"), some, paths),
        st.builds(lambda p: run(f"sed -i s/a/b/ {quoted(p)}"), some),
        st.just(run("mkdir new && cd new")),
        st.just(run("mkdir -p docs/more")),
        st.just(run("cd src")),
        st.just(run(f"cd {ROOT}")),
        st.just(run("mv src renamed")),
        st.just(run("for f in *; do echo $f; done")),
        st.just(run("python3 -c \"open('made','w').write('x')\"")),
        st.just(run("rm -rf docs")),
    )
    steps = draw(st.lists(st.one_of(looking, looking, changing), min_size=3, max_size=9))
    return world, steps


def recorded(world: dict[str, str], steps: list[Action], directory: Path) -> tuple[Path, trajcore.Report]:
    """The recording of these steps, made by a headless run over these files, which are not in it."""
    begin = directory / "workspace"
    for path, text in world.items():
        (begin / path).parent.mkdir(parents=True, exist_ok=True)
        (begin / path).write_bytes(text.encode())
    actions = directory / "actions.json"
    actions.write_text(json.dumps([{"id": number, **step} for number, step in enumerate(steps)]))
    made = directory / "recording.json"
    report = trajcore.replay(actions, sandbox="bubblewrap", workspace=begin, save=made)
    return made, report


def told(path: Path) -> Evidence:
    return asyncio.run(Reconstruction(Trajectory.open(path)).evidence())


def on_a_terminal(text: str) -> list[str]:
    shown = "\n".join(line.expandtabs().rstrip() for line in text.split("\n"))
    return shown.strip().split("\n")


def check_against(evidence: Evidence, world: dict[str, str]) -> None:
    """Nothing that is told of the files contradicts them."""
    for path, known in evidence.known.items():
        name = path.removeprefix(f"{ROOT}/")
        if known.kind is Kind.DIRECTORY or not path.startswith(f"{ROOT}/"):
            continue
        if not known.firm or any(one.startswith(f"{name}/") for one in world):
            continue
        assert name in world, path
        real = world[name]
        if known.text is not None:
            assert on_a_terminal(known.text) == on_a_terminal(real), path
        for number, line in known.lines.items():
            assert line.split() == real.split("\n")[number - 1].split(), (path, number)
        if known.size is not None:
            assert known.size == len(real.encode()), path
    for path in world:
        assert not evidence.is_known_missing(f"{ROOT}/{path}"), path


def seen_whole(world: dict[str, str], steps: list[Action]) -> set[str]:
    """The files that are shown byte for byte before anything is changed."""
    found = set()
    for step in steps:
        args = step["args"]
        name = args.get("path", "").removeprefix(f"{ROOT}/")
        if step["action"] == "read" and name in world and not args.get("view_range"):
            found.add(name)
        if step["action"] in ("edit", "write") or not args.get("command", "ls").startswith(LOOKING):
            break
    return found


def check(world: dict[str, str], steps: list[Action], directory: Path) -> None:
    recording, _ = recorded(world, steps, directory)
    evidence = told(recording)
    check_against(evidence, world)
    for name in seen_whole(world, steps):
        assert evidence.known[f"{ROOT}/{name}"].text == world[name]
    report = trajcore.replay(recording, sandbox="bubblewrap", world="evidence")
    wrong = [(step.id, step.summary, step.reason) for step in report.steps if step.status == "diverged"]
    assert wrong == []


@at_most(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(happening=happenings())
def test_what_was_thrown_away_comes_back_as_far_as_it_was_seen(
    happening: tuple[dict[str, str], list[Action]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    check(*happening, tmp_path_factory.mktemp("world"))


@pytest.mark.long
@at_most(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(happening=happenings())
def test_what_was_thrown_away_comes_back_whatever_is_done(
    happening: tuple[dict[str, str], list[Action]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    check(*happening, tmp_path_factory.mktemp("world"))


@pytest.mark.parametrize("program", ["mv", "cp"])
def test_a_directory_that_nothing_could_be_put_in_was_not_there(program: str, tmp_path: Path) -> None:
    put = run(f"{program} a.py src/a.py")
    check({"a.py": "x\n"}, [run("cat a.py"), put, write(f"{ROOT}/src/a.py", "y\n"), run("cd src")], tmp_path)


def test_what_a_file_was_written_into_is_a_directory(tmp_path: Path) -> None:
    check({"src/a.py": "x\n"}, [write(f"{ROOT}/src/a.py", "y\n"), run("mv src renamed")], tmp_path)


@pytest.mark.parametrize("text", ["\n", "x\n", ""])
@pytest.mark.parametrize(
    "commands",
    [
        ["echo more >> a.py", "rm -f a.py"],
        ["echo more >> a.py", "mkdir -p docs/more", "rm -f a.py", "ls"],
        ["echo more >> a.py", "cat a.py", "wc -c a.py"],
        ["echo more >> a.py", "wc -c a.py", "ls -l"],
        ["echo more >> a.py", "stat -c %s a.py"],
    ],
)
@pytest.mark.sampled(8)
def test_of_what_was_added_to_unseen_nobody_knows_whether_or_what_it_was(
    text: str, commands: list[str], tmp_path: Path
) -> None:
    check({"a.py": text}, [run(command) for command in commands], tmp_path)


def test_what_cannot_be_written_has_no_directory_and_what_that_would_be_in_is_one(tmp_path: Path) -> None:
    commands = ["echo new > src/deep/a.py", "mv src renamed", "ls renamed"]
    check({"src/a.py": "x\n"}, [run(command) for command in commands], tmp_path)


def test_a_file_that_was_viewed_is_the_same_byte_for_byte(tmp_path: Path) -> None:
    world = {"a.py": "def f():\n\treturn 1  \n\n", "b.txt": "no end", "c": ""}
    recording, _ = recorded(world, [view(f"{ROOT}/a.py"), read(f"{ROOT}/b.txt"), run("ls -l")], tmp_path)
    evidence = told(recording)
    assert evidence.known[f"{ROOT}/a.py"].text == world["a.py"]
    assert evidence.known[f"{ROOT}/b.txt"].text == world["b.txt"]
    assert evidence.known[f"{ROOT}/c"].text == ""
    assert evidence.counts() == {"whole": 3, "partial": 0, "named": 0}
    assert all(known.grade is Grade.WHOLE for known in evidence.known.values())


def steps_of(report: trajcore.Report) -> list[tuple[str, str]]:
    return [(step.summary, step.status) for step in report.steps]


def answered(number: int, step: Action, output: str, code: int = 0, directory: str = ROOT) -> list[Action]:
    """A step and what came of it, as it might have been recorded somewhere else."""
    args = step["args"]
    metadata = {"exit_code": code, "working_dir": directory}
    extras = {**args, "metadata": metadata} if step["action"] == "run" else args
    answer = {"observation": step["action"], "content": output, "extras": extras, "source": "agent"}
    return [{"id": number, **step}, {"id": number + 1, "cause": number, **answer}]


def replayed(steps: list[list[Action]], directory: Path, **options: Any) -> trajcore.Report:
    path = directory / "recording.json"
    path.write_text(json.dumps([event for step in steps for event in step]))
    return trajcore.replay(path, sandbox="bubblewrap", world="evidence", **options)


def test_what_rests_on_something_made_up_is_unknown_and_all_else_diverges(tmp_path: Path) -> None:
    listing = (
        "total 8\n-rw-r--r-- 1 root root 70 Apr 30 08:32 tool.py\n-rw-r--r-- 1 root root 5 Apr 30 08:32 w"
    )
    report = replayed(
        [
            answered(1, run("ls -l"), listing),
            answered(3, run("cat w"), "text"),
            answered(5, run("python3 tool.py"), "it worked"),
            answered(7, run("grep -c x tool.py"), "3"),
            answered(9, run("cat w"), "other"),
            answered(11, run("echo no"), "yes"),
            answered(13, run("cp tool.py copy"), ""),
            answered(15, run("md5sum copy"), "d41d8cd98f00b204e9800998ecf8427e  copy"),
        ],
        tmp_path,
    )
    assert [status for _, status in steps_of(report)] == [
        *("matched", "matched", "unknown", "unknown", "diverged", "diverged", "matched", "unknown")
    ]
    assert report.counts["unknown"] == 3
    assert report.counts["executed"] == report.counts["matched"] + report.counts["diverged"] == 5
    assert report.counts["actions"] == 8
    assert "3 unknown" in report.summary
    assert "the recording does not tell enough of /workspace/tool.py" in report.steps[2].reason
    assert report.to_dict()["world"]["evidence"] == {"whole": 1, "partial": 0, "named": 1}
    assert (report.exit_code(), report.exit_code(strict=True)) == (0, 1)
    assert report.junit().count(b"<skipped") == 3


def test_what_a_repository_is_looked_over_with_comes_out_equal(tmp_path: Path) -> None:
    """A view of the root with its hidden names counted, matches without numbers, the order of the disk."""
    inside = f"{ROOT}/p"
    view_of_root = (
        f"Here's the files and directories up to 2 levels deep in {inside}, excluding hidden items:\n"
        f"{inside}/\n{inside}/README.md\n{inside}/pkg/\n{inside}/pkg/b.py\n{inside}/pkg/z.py\n\n"
        "3 hidden files/directories in this directory are excluded. "
        f"You can use 'ls -la {inside}' to see them."
    )
    found = ["./pkg/b.py", "./pkg/z.py"]
    steps = [
        answered(1, view(f"{ROOT}/p"), view_of_root),
        answered(
            3, run("cd p && git status"), "On branch main\nnothing to commit, working tree clean", 0, inside
        ),
        answered(5, run("grep -r 'def ' pkg"), "pkg/z.py:def one():\npkg/z.py:def two():", 0, inside),
        answered(7, run("ls -la"), "unlike what is known", 0, inside),
    ]
    for number, names in ((9, found), (11, found[::-1])):
        steps.append(answered(number, run("find . -name '*.py'"), "\n".join(names), 0, inside))
    report = replayed(steps, tmp_path)
    statuses = [status for _, status in steps_of(report)]
    assert statuses == ["matched", "matched", "matched", "unknown", "matched", "matched"]


@pytest.mark.parametrize(
    "command",
    [
        "for f in f g; do wc -c < $f; done",
        "cd .. && cd - >/dev/null && while read f; do stat -c %s $f; done <<< f",
        "python3 -c 'import os; print(os.stat(\"f\").st_size)'",
        "stat -c %s f",
        "cmp f g",
        "diff -q f g",
        "bash -c 'wc -c <f'",
    ],
)
@pytest.mark.sampled(3)
def test_a_size_that_is_asked_for_in_passing_is_made_up_too(tmp_path: Path, command: str) -> None:
    report = replayed([answered(1, run("ls"), "f  g"), answered(3, run(command), "8123")], tmp_path)
    assert [status for _, status in steps_of(report)] == ["matched", "unknown"]


def test_only_strict_all_fails_where_nothing_is_known_to_be_otherwise(tmp_path: Path) -> None:
    report = replayed(
        [answered(1, run("wc -c f"), "9 f"), answered(3, run("md5sum f"), "0" * 32 + "  f")], tmp_path
    )
    assert [status for _, status in steps_of(report)] == ["matched", "unknown"]
    assert (report.exit_code(strict=True), report.exit_code(strict="all")) == (0, 1)


def test_a_repository_is_as_clean_as_it_was_whatever_modes_its_files_have(tmp_path: Path) -> None:
    listing = (
        "total 8\n-rwxr-xr-x 1 root root 4 Apr 30 08:32 run.sh\n-rw-r--r-- 1 root root 4 Apr 30 08:32 text"
    )
    clean = "On branch topic\nnothing to commit, working tree clean"
    report = replayed(
        [
            answered(1, run("cd proj && ls -l"), listing, directory=f"{ROOT}/proj"),
            answered(3, run("git status"), clean, directory=f"{ROOT}/proj"),
            answered(5, run("git branch"), "main\n* topic", directory=f"{ROOT}/proj"),
            answered(7, run("git checkout -q main; git branch"), "* main\n  topic", directory=f"{ROOT}/proj"),
        ],
        tmp_path,
    )
    assert [status for _, status in steps_of(report)] == ["matched"] * 4


def test_a_repository_is_on_its_recorded_branch(tmp_path: Path) -> None:
    told = "On branch topic\nnothing to commit, working tree clean"
    report = replayed(
        [
            answered(1, run("cd proj && git status"), told, directory=f"{ROOT}/proj"),
            answered(3, run("cat a.txt"), "one", directory=f"{ROOT}/proj"),
            answered(5, run("echo two > a.txt; git status --short"), "M a.txt", directory=f"{ROOT}/proj"),
            answered(7, run("git log --format=%s"), "Their commit", directory=f"{ROOT}/proj"),
        ],
        tmp_path,
    )
    assert [status for _, status in steps_of(report)] == ["matched", "matched", "matched", "unknown"]


def test_hostile_evidence_fills_no_disk_and_leaves_the_system_alone(tmp_path: Path) -> None:
    huge = [f"-rw-r--r-- 1 root root {10**15} Apr 30 08:32 {name}" for name in ("big", "../up", "x\x07y")]
    said: list[str] = []

    def listen(notice: trajcore.notices.Notice) -> None:
        if isinstance(notice, trajcore.notices.Said):
            said.append(notice.text)

    report = replayed(
        [
            answered(
                1, run("ls -la"), "\n".join(["total 1", *huge, "lrwxrwxrwx 1 a a 4 Apr 30 08:32 l -> /etc"])
            ),
            answered(3, run("ls -l /etc/"), "total 1\n-rw-r--r-- 1 root root 9 Apr 30 08:32 passwd"),
            answered(5, run("cat l/shadow"), "root::0:0"),
            answered(7, run("du -sk . | cut -f1"), "0"),
            answered(9, run("id -un 0"), "root"),
            answered(11, run("test -e ../up || test -e /up"), ""),
        ],
        tmp_path,
        on_notice=listen,
    )
    assert report.steps[4].status == "matched"
    assert int(report.steps[3].actual) < 100
    assert any("not as large as recorded" in line for line in said)
    assert any("the system's own" in line for line in said)


def test_nothing_is_reconstructed_among_the_users_own_files(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    with pytest.raises(trajcore.BadInput):
        replayed([answered(1, run("cat f"), "text")], tmp_path, workspace=mine, mount=True)
    assert not list(mine.iterdir())


def session_over(steps: list[list[Action]]) -> Session:
    data = json.dumps([event for step in steps for event in step]).encode()
    return Session(
        Trajectory.from_bytes(data), Settings("bubblewrap", beginning=choice_of("evidence"), checkpoints=8)
    )


CHANGED_AND_LOOKED_AT: Final = [
    answered(1, run("cat f"), "text"),
    answered(3, run("cat g | wc -l"), "7"),
    answered(5, run("rm -r /workspace/f"), ""),
    answered(7, run("cp g h"), ""),
    answered(9, run("cat h | wc -l"), "7"),
]


async def test_going_back_finds_the_reconstructed_files_and_what_is_made_up_of_them() -> None:
    session = session_over(CHANGED_AND_LOOKED_AT)
    try:
        await session.prepare()
        session.resume()
        await session.idle()
        first = [result.status for result in session.results.values()]
        assert first == [Status.MATCHED, Status.UNKNOWN, Status.MATCHED, Status.MATCHED, Status.UNKNOWN]
        for index in (0, 2, 8):
            session.go_back(session.back_to(index)[0])
            await session.idle()
            session.resume()
            await session.idle()
            assert [result.status for result in session.results.values()] == first
    finally:
        await session.close()


async def test_each_file_is_shown_with_the_events_that_tell_of_it() -> None:
    message = [{"id": 0, "source": "user", "action": "message", "args": {"content": "go"}}]
    session = session_over([message, *CHANGED_AND_LOOKED_AT])
    try:
        await session.prepare()
        session.step()
        await session.idle()
        session.step()
        await session.idle()
        assert "world: reconstructed (1 whole, 1 by name)" in header_right(session, None)
        shown = [
            block.text for block in FileViews(session).blocks(Scope.STEP, Row(session.trajectory.uid(0)))
        ]
        assert "whole    /workspace/f  event 2 (cat), event 6 (rm) · a guess" in shown
        assert "named    /workspace/g  event 4 (cat), event 8 (cp)" in shown
    finally:
        await session.close()


@pytest.mark.parametrize(("name", "equal", "steps"), [("ponyc_4595", 19, 21), ("wrong_initial_state", 3, 3)])
def test_real_recordings_replay_from_their_own_evidence(
    name: str, equal: int, steps: int, recordings: dict[str, Path]
) -> None:
    path = next((path for one, path in recordings.items() if name in one), None)
    if path is None:
        pytest.skip("needs the recordings")
    report = trajcore.replay(path, sandbox="bubblewrap", world="evidence")
    assert (report.counts["actions"], report.counts["matched"]) == (steps, equal)
    assert report.counts["diverged"] == 0


@pytest.mark.docker
def test_docker_is_given_the_same_world(tmp_path: Path, docker_image: str) -> None:
    steps = [
        answered(1, run("cat f"), "text"),
        answered(3, run("md5sum g"), "x"),
        answered(5, run("echo"), "x"),
    ]
    path = tmp_path / "recording.json"
    path.write_text(json.dumps([event for step in steps for event in step]))
    report = trajcore.replay(path, sandbox="docker", image=docker_image, world="evidence")
    assert [status for _, status in steps_of(report)] == ["matched", "unknown", "diverged"]


def test_what_the_recording_only_added_to_may_have_held_something(tmp_path: Path) -> None:
    steps = [run("echo more >> f"), run("cat f"), run("cat -n /workspace/f"), run("wc -l f")]
    check({"f": "\n"}, steps, tmp_path)
