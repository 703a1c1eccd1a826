"""What the events of a recording tell of the files that it began with."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from trajcore.events.parse import parse
from trajcore.worlds.evidence.contents import content
from trajcore.worlds.evidence.gathering import gather
from trajcore.worlds.evidence.model import MARK, Evidence, Grade, Kind, Known, Step

HEAD = "Here's the result of running `cat -n` on /w/f:\n"


def step(
    kind: str, args: dict[str, Any], output: str, code: int = 0, directory: str | None = "/w", **extras: Any
) -> Step:
    action = parse({"id": 1, "source": "agent", "action": kind, "args": args}).event
    metadata = {"metadata": {"exit_code": code}} if kind == "run" else {}
    told = {"observation": kind, "content": output, "extras": {**args, **metadata, **extras}}
    observation = parse({"id": 2, "source": "agent", "cause": 1, **told}).event
    return Step(
        "2", action, observation, output, code, directory if kind == "run" else None, "2025-04-30T09:00:00"
    )


def run(command: str, output: str = "", code: int = 0, directory: str = "/w") -> Step:
    return step("run", {"command": command}, output, code, directory)


def view(numbered: str, between: list[int] | None = None) -> Step:
    return step("read", {"path": "/w/f", "impl_source": "oh_aci", "view_range": between}, HEAD + numbered)


def edited(old: str, new: str, shown: str, **extras: Any) -> Step:
    args = {"path": "/w/f", "command": "str_replace", "old_str": old, "new_str": new, "impl_source": "oh_aci"}
    answer = (
        f"The file /w/f has been edited. Here's the result of running `cat -n` on a snippet of /w/f:\n{shown}"
    )
    return step("edit", args, f"{answer}Review the changes.", **extras)


def file(*steps: Step, path: str = "/w/f") -> Known:
    return gather(steps).known[path]


def test_a_view_of_a_whole_file_tells_all_of_it_with_its_last_newline() -> None:
    assert file(view("     1\ta\n     2\t\tb\n     3\t\n")).text == "a\n\tb\n"
    assert file(view("     1\ta\n     2\tb\n")).text == "a\nb"


def test_a_view_that_breaks_off_tells_lines_and_how_the_last_begins() -> None:
    known = file(view("     1\ta\n     2\tbc<response clipped><NOTE>…</NOTE>\n"))
    assert known.text is None
    assert known.lines == {1: "a"}
    assert known.openings == {2: "bc"}


def test_lines_that_are_seen_behind_an_edit_are_turned_back_through_it() -> None:
    known = file(
        edited("old", "one\ntwo", "     2\tb\n     3\tx one\n     4\ttwo y\n     5\tc\n"),
        view("     6\td\n     7\te\n", [6, 7]),
    )
    assert known.lines == {2: "b", 3: "x old y", 4: "c", 5: "d", 6: "e"}


def test_a_whole_file_that_is_seen_behind_its_edits_is_turned_back() -> None:
    insert = {
        "path": "/w/f",
        "command": "insert",
        "insert_line": 1,
        "new_str": "new",
        "impl_source": "oh_aci",
    }
    known = file(
        edited("b", "B", "     1\ta\n     2\tB\n     3\tc\n"),
        step("edit", insert, "The file /w/f has been edited. …\n     1\ta\n     2\tnew\n     3\tB\n"),
        view("     1\ta\n     2\tnew\n     3\tB\n     4\tc\n     5\t\n"),
    )
    assert known.lines | {} == {1: "a", 2: "b", 3: "c"} or known.text == "a\nb\nc\n"


def test_the_content_before_the_first_edit_is_taken_where_the_event_holds_it() -> None:
    args = {"path": "/w/f", "command": "str_replace", "old_str": "b", "new_str": "c", "impl_source": "oh_aci"}
    known = file(step("edit", args, "edited", old_content="a\nb\n", new_content="a\nc\n", prev_exist=True))
    assert known.text == "a\nb\n"


def test_a_long_listing_tells_kind_size_mode_owner_and_time() -> None:
    listing = (
        "total 8\n-rwxr-x--- 1 me  us 12 Apr 30 08:32 f\ndrwxr-xr-x 2 me us 4096 Apr  1  2024 d\n"
        "lrwxrwxrwx 1 me us 3 Apr 30 08:32 l -> d/x\n"
    )
    evidence = gather([run("ls -l", listing)])
    assert evidence.known["/w/f"].size == 12
    assert evidence.known["/w/f"].mode == 0o750
    assert (evidence.known["/w/f"].owner, evidence.known["/w/f"].group) == ("me", "us")
    assert evidence.known["/w/f"].mtime == 1746001920
    assert evidence.known["/w/d"].kind is Kind.DIRECTORY
    assert evidence.known["/w/l"].target == "d/x"
    assert evidence.known["/w"].listed
    assert evidence.is_known_missing("/w/other")


@pytest.mark.parametrize(
    ("command", "output", "lines"),
    [
        ("sed -n '3,4p' f", "c\nd", {3: "c", 4: "d"}),
        ("head -n 2 f", "a\nb", {1: "a", 2: "b"}),
        ("cat f | head -2", "a\nb", {1: "a", 2: "b"}),
        ("grep -n x f", "7:ax\n9:xx", {7: "ax", 9: "xx"}),
        ("grep -rn x .", "./f:7:ax\n./g:1:x", {7: "ax"}),
        ("cat -n f | sed -n '5,6p'", "5  e\n     6  f", {5: "e", 6: "f"}),
    ],
)
def test_parts_of_files_have_their_numbers(command: str, output: str, lines: dict[int, str]) -> None:
    assert file(run(command, output)).lines == lines


@pytest.mark.parametrize("command", ["cat -n f", "nl -ba f"])
def test_all_lines_with_their_numbers_are_the_file(command: str) -> None:
    assert file(run(command, "1\ta\n     2\t\n     3\t  b")).text == "a\n\n  b\n"
    assert file(run(f"{command} | head -2", "1\ta\n     2\tb")).text is None
    assert file(run(command, "1\ta\n     3\tb")).text is None


def test_lines_that_only_some_numbers_are_given_to_have_no_places() -> None:
    assert file(run("cat -b f", "1\ta\n\n     2\tb")).lines == {}


def test_what_was_made_sure_of_is_a_directory_by_whatever_it_is_named_later() -> None:
    evidence = gather([run("mkdir -p docs/more"), run("ls", "a.py  docs"), run("ls docs", "more")])
    assert evidence.known["/w/docs"].kind is Kind.DIRECTORY
    assert evidence.known["/w/docs/more"].kind is Kind.DIRECTORY


def test_names_in_columns_are_all_there_are() -> None:
    evidence = gather(
        [
            run("ls", "README.md  src  'two words'"),
            run("mkdir -p new/sub"),
            run("ls new/sub"),
            run("rm -r new"),
        ]
    )
    assert evidence.is_known_missing("/w/new")
    assert evidence.known["/w/two words"]


@pytest.mark.parametrize(
    "command",
    ["echo x > f", "touch f", "mkdir f", "cp g f", "mv g f", "git clone http://x/f", "cat > f <<'E'\nx\nE"],
)
def test_what_the_recording_makes_is_not_there_at_the_beginning(command: str) -> None:
    evidence = gather([run(command), run("ls -l", "total 0\n-rw-r--r-- 1 a a 0 Apr 30 08:32 f")])
    assert "/w/f" not in evidence.known


def test_what_is_moved_was_there_under_its_old_name() -> None:
    evidence = gather([run("mv a b"), run("cat b/x", "text")])
    assert evidence.known["/w/a/x"].text == "text\n"
    assert "/w/b/x" not in evidence.known


def test_behind_a_program_that_may_do_anything_all_is_a_guess() -> None:
    evidence = gather([run("wc -c f", "3 f"), run("make"), run("cat g", "b")])
    assert evidence.known["/w/f"].firm
    assert not evidence.known["/w/g"].firm


@pytest.mark.parametrize(
    "command",
    [
        "find . -name '*.c' | xargs grep -n foo",
        "find . -type f -exec grep -l foo {} \\;",
        "find . -type f | xargs -n 1 wc -l | sort -n | tail -5",
        "python --version",
        "pip list | grep foo",
        "sudo timeout 5s cat f",
        "env A=1 cat f",
        "command -v make",
        "git -C x log --oneline",
        "for f in a b; do echo $f; cat $f; done",
        "if [ -f f ]; then cat f; else echo none; fi",
        "(cd x && ls) | head",
        "while read l; do echo $l; done < f",
        "ls $(pwd) 2>/dev/null",
        "time grep -rn foo . 2>&1 | head",
    ],
)
def test_what_only_looks_leaves_all_as_certain_as_it_was(command: str) -> None:
    assert file(run(command, "x"), run("wc -c g", "2 g"), run("cat g", "a"), path="/w/g").firm


@pytest.mark.parametrize(
    "command",
    [
        "find . -name '*.c' | xargs rm",
        "find . -type f -exec sed -i s/a/b/ {} +",
        "find . -delete",
        "python setup.py --version install",
        "pip install foo",
        "sudo timeout 5s make",
        "env A=1 make",
        "command make",
        "git -C x checkout y",
        "for f in $(make list); do cat $f; done",
        "for f in a b; do cat $f > g; done",
        "if make; then cat f; fi",
        "(cd x && ./run) | head",
        "ls $(make)",
        "sort -o g f",
        "eval 'cat f'",
        "cat f | while read l; do $l; done",
    ],
)
def test_what_may_do_more_makes_all_behind_it_a_guess(command: str) -> None:
    assert not file(run(command, "x"), run("wc -c g", "2 g"), run("cat g", "a"), path="/w/g").firm


def test_what_is_typed_into_a_program_is_no_command_that_only_looks() -> None:
    typed = step("run", {"command": "ls", "is_input": True}, "x")
    assert not file(typed, run("wc -c g", "2 g"), run("cat g", "a"), path="/w/g").firm


def test_matches_in_files_that_were_found_have_their_places() -> None:
    shown = "./f:7:ax\n./d/g:1:x"
    known = gather([run("find . -name '*' | xargs grep -n x", shown)]).known
    assert known["/w/f"].lines == {7: "ax"}
    assert known["/w/d/g"].lines == {1: "x"}
    known = gather([run("find . -name f | xargs grep -n x", "7:1:ax")]).known
    assert not any("7" in path for path in known)


def test_a_repository_is_told_of_by_git() -> None:
    evidence = gather([run("git status", "On branch topic\nnothing to commit, working tree clean")])
    assert evidence.repository is not None
    assert (evidence.repository.root, evidence.repository.branch) == ("/w", "topic")


def test_blank_lines_that_a_terminal_has_not_kept_are_not_taken_for_the_end_of_a_file() -> None:
    for command in ("head -n 3 f", "cat f | head -3", "tail -n 3 f"):
        assert file(run(command, "a\nb")).grade is Grade.NAMED
        assert file(run(command.replace("3", "100"), "a\nb")).text == "a\nb\n"


def test_what_is_made_up_says_so_and_has_the_recorded_size() -> None:
    named = Known("/w/f", size=200)
    assert content(named).startswith(MARK.encode())
    assert content(named).count(b"\n") == 1
    assert len(content(named)) == 200
    partly = Known("/w/f", lines={2: "two", 5: "five"}, openings={4: "fo"}, size=300)
    made = content(partly).decode().split("\n")
    assert len(content(partly)) == 300
    assert (made[1], made[4], made[3][:2]) == ("two", "five", "fo")
    assert made[0].startswith(MARK)
    for size in range(12):
        assert len(content(Known("/w/f", size=size))) == size


def test_hostile_evidence_names_no_path_that_is_none() -> None:
    names = ["../../etc/passwd", "a\x1b[31mb", "x" * 300, "/".join(["d"] * 3000), "ok"]
    lines = "\n".join(f"-rw-r--r-- 1 a a {10**15} Apr 30 08:32 {name}" for name in names)
    evidence = gather([run("ls -l", f"total 0\n{lines}")])
    assert all(path.startswith("/") and ".." not in path.split("/") for path in evidence.known)
    assert all(path.isprintable() and len(path) < 4096 for path in evidence.known)
    assert len(content(evidence.known["/w/ok"], padded=True)) < 1000


@pytest.mark.long
def test_a_listing_of_very_many_names_is_bounded() -> None:
    many = "\n".join(f"/w/{number}" for number in range(150_000))
    evidence: Evidence = gather([run("find /w", many)])
    assert len(evidence.known) <= 100_000


def test_grades_are_counted() -> None:
    evidence = gather([run("cat a", "x"), run("grep -n y b", "2:y"), run("wc -c c", "12 c")])
    assert evidence.counts() == {"whole": 1, "partial": 1, "named": 1}
    assert [known.grade for known in evidence.files()] == [Grade.WHOLE, Grade.PARTIAL, Grade.NAMED]
    assert json.dumps(evidence.counts())


@pytest.mark.parametrize(
    ("command", "output", "code"),
    [
        ("ls", "a b " * 100_000, 0),
        ("ls", "a" * 1_000_000, 0),
        ("cat x", "a" * 1_000_000 + ": No such file", 1),
        ("wc -l f", "1 " * 300_000 + "x", 0),
        ("grep -rn x .", "a-" * 300_000, 0),
        ("tree", "│   " * 200_000, 0),
        ("cat f | head", ("bash: " * 100 + "\n") * 2_000, 0),
        ("cat " + '"' * 9_999, "", 0),
        ("git status", "On branch " + "x" * 500_000, 0),
    ],
    ids=range(9),
)
def test_hostile_output_is_read_in_no_time(command: str, output: str, code: int) -> None:
    begun = time.process_time()
    gather([run(command, output, code)])
    assert time.process_time() - begun < 2


@pytest.mark.parametrize(
    ("command", "output", "texts"),
    [
        ("cat f; echo ---; cat g", "a\nb\n---\nc", {"f": "a\nb\n", "g": "c\n"}),
        ("cat f && echo =g && cat g && echo =h && cat h", "a\n=g\n=h\nc", {"f": "a\n", "g": "", "h": "c\n"}),
        ("pwd && cat f", "/w\na", {"f": "a\n"}),
        ("cd .. && pwd; cat w/f; cd w; pwd; cat g", "/\na\n/w\nb", {"f": "a\n", "g": "b\n"}),
        ("cd x/.. && cd - && pwd && cat /w/f", "/w\n/w\na", {"f": None}),
        ("echo f:; cat f; echo f:; cat g", "f:\na\nf:\nb", {"f": "a\n", "g": "b\n"}),
        ("cd /w && cat f; echo; cat g", "a\n\nb", {"f": None, "g": None}),
        ("cat f; echo ---; cat g", "a\n---\nb\n---\nc", {"f": None, "g": None}),
        ("cat f; echo ---; cat g", "a---\nc", {"f": None, "g": None}),
        ("cat f; echo ---; cat g; cat h", "a\n---\nb\nc", {"f": "a\n", "g": None, "h": None}),
        ("cat f; echo $X; cat g", "a\n\nc", {"f": None, "g": None}),
    ],
)  # fmt: skip
def test_output_is_divided_at_what_echo_has_said_between(
    command: str, output: str, texts: dict[str, str | None]
) -> None:
    known = gather([run("true"), run(command, output)]).known
    assert {name: known[f"/w/{name}"].text for name in texts} == texts


@pytest.mark.parametrize(
    ("sizes", "output", "texts"),
    [
        ("2 f\n4 g\n6 total", "a\nbcd", {"f": "a\n", "g": "bcd\n"}),
        ("4 f\n2 g\n6 total", "é\n\nb", {"f": "é\n\n", "g": "b\n"}),
        ("3 f\n3 g\n6 total", "a\nbcd", {"f": None, "g": None}),
        ("9 f\n3 g\n6 total", "a\nbcd", {"f": None, "g": None}),
    ],
)
def test_several_files_in_one_go_are_divided_where_their_sizes_are_told(
    sizes: str, output: str, texts: dict[str, str | None]
) -> None:
    known = gather([run("wc -c f g", sizes), run("cat f g", output)]).known
    assert {name: known[f"/w/{name}"].text for name in texts} == texts


def test_the_heads_of_several_files_have_their_names_above() -> None:
    shown = "==> f <==\na\nb\n\n==> g <==\nc\n\n==> h <==\nd\ne"
    known = gather([run("head -n 2 f g h", shown)]).known
    assert known["/w/f"].lines == {1: "a", 2: "b"}
    assert known["/w/h"].lines == {1: "d", 2: "e"}
    assert known["/w/g"].text is None


def test_the_other_branches_are_told_too() -> None:
    repository = gather(
        [
            run(
                "git branch -a",
                "* fix/1\n  master\n  remotes/origin/HEAD -> origin/master\n  remotes/origin/dev",
            )
        ]
    ).repository
    assert repository is not None
    assert repository.branch == "fix/1"
    assert repository.branches == ("master",)
