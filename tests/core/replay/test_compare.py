"""Comparing what came back with what was recorded: what is hidden, and above all what is not."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajcore.dialects.openhands_v0.legacy import migrated
from trajcore.errors import BadInput
from trajcore.events.base import Observation
from trajcore.events.parse import parse
from trajcore.replay.compare import compare, exit_code
from trajcore.replay.normalise import TooSlow, normalised, shown, with_patterns
from trajcore.replay.verdict import Comparison, Match


def observation(kind: str, content: str = "", **extras: Any) -> Observation:
    parsed = parse({"observation": kind, "content": content, "extras": extras})
    assert parsed.problems == ()
    return cast("Observation", parsed.event)


def ran(content: str, exit_code: int = 0, **metadata: Any) -> Observation:
    return observation("run", content, command="x", metadata={"exit_code": exit_code, **metadata})


def edited(content: str, **extras: Any) -> Observation:
    return observation("edit", content, path="/workspace/a.py", **extras)


def compare_output(before: str, after: str) -> Comparison:
    return compare(ran(before), ran(after))


# What varies from run to run, by what it is; `test_varying.py` has many more

HIDDEN = {
    "listing date": [
        ("-rw-r--r-- 1 root root 5 Jan 27 22:45 a.txt", "-rw-r--r-- 1 root root 5 Nov  3 04:01 a.txt"),
        ("drwxr-xr-x  2 root root 4096 Jan 27  2024 d", "drwxr-xr-x  2 root root 4096 Nov  3 04:01 d"),
        ("lrwxrwxrwx. 1 root root 7 Jan 1 00:00 x -> y", "lrwxrwxrwx. 1 root root 7 Dec 31 23:59 x -> y"),
    ],
    "timestamp": [
        ("at 2025-01-27T22:45:13.801384 it began", "at 2026-02-28T01:02:03.000001 it began"),
        ("2025-01-27 22:45:13,801 INFO up", "2026-01-27 22:45:14,002 INFO up"),
        ("2025-01-27T22:45:13Z", "2026-01-27T22:45:13Z"),
        ("Mon Jan 27 22:45:13 UTC 2025", "Tue Feb  3 02:05:59 UTC 2026"),
        ("Mon, 27 Jan 2025 22:45:13 GMT", "Tue, 03 Feb 2026 02:05:59 GMT"),
        ("Date:   Mon Jan 27 22:45:13 2025 +0000", "Date:   Tue Feb 3 02:05:59 2026 +0000"),
        ('127.0.0.1 - - [27/Jan/2025 22:45:13] "GET /"', '127.0.0.1 - - [03/Feb/2026 02:05:59] "GET /"'),
    ],
    "date": [("built on 2025-01-27", "built on 2026-02-03")],
    "time": [("[22:45:13] ready", "[02:05:59] ready")],
    "duration": [
        ("Ran 3 tests in 0.001s", "Ran 3 tests in 0.214s"),
        ("=== 3 passed in 0.01s ===", "=== 3 passed in 12.31s ==="),
        ("real\t0m0.003s", "real\t1m10.453s"),
        ("took 35 ms", "took 1.5 ms"),
        ("time=0.043 ms", "time=0.051 ms"),
        ("Finished in 2 seconds", "Finished in 31 seconds"),
    ],
    "pid": [
        ("[1] 4711", "[1] 99"),
        ("[1]+ 4711 Running", "[1]+ 99 Running"),
        ("server started, pid 4711", "server started, pid 99"),
        ("PID: 4711", "PID: 99"),
    ],
    "address": [("<object at 0x7f3a5c0d1e80>", "<object at 0x7fb29c441d30>")],
    "temp path": [
        ("wrote /tmp/tmpab12cd/out.txt", "wrote /tmp/tmpzz98yy/out.txt"),
        ("/var/tmp/build.x1Yq7Z", "/var/tmp/build.q7RtW2"),
    ],
    "python path": [
        ("/usr/bin/python3.12", "/usr/bin/python3"),
        ("/opt/venv/bin/python", "/openhands/poetry/x-y/bin/python3.11"),
    ],
    "progress": [("[####      ]", "[########  ]"), ("━━━━━━━━╸━━", "━━━━━━━━━━━")],
}  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after"), [pair for pairs in HIDDEN.values() for pair in pairs], ids=lambda text: text[:30]
)
def test_what_is_known_to_vary_is_no_divergence_but_said_to_be_normalised(before: str, after: str) -> None:
    assert compare_output(before, after) == Comparison(Match.NORMALISED)
    assert compare_output(after, before) == Comparison(Match.NORMALISED)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("-rw-r--r-- 1 root root 5 Jan 27 22:45 a.txt", "-rw-r--r-- 1 root root 6 Jan 27 22:45 a.txt"),
        ("-rw-r--r-- 1 root root 5 Jan 27 22:45 a.txt", "-rwxr--r-- 1 root root 5 Jan 27 22:45 a.txt"),
        ("-rw-r--r-- 1 root root 5 Jan 27 22:45 a.txt", "-rw-r--r-- 1 root root 5 Jan 27 22:45 b.txt"),
        ("-rw-r--r-- 1 root root 5 Jan 27 22:45 a.txt", "-rw-r--r-- 1 root adm 5 Jan 27 22:45 a.txt"),
        ("=== 3 passed in 0.01s ===", "=== 4 passed in 0.01s ==="),
        ("=== 3 passed in 0.01s ===", "=== 3 failed in 0.01s ==="),
        ("Ran 3 tests in 0.001s", "Ran 2 tests in 0.001s"),
        ("listening on port 8000", "listening on port 8001"),
        ("Python 3.12.1", "Python 3.12.2"),
        ("HTTP 200", "HTTP 500"),
        ("[1] 4711", "[2] 4711"),
        ("17 files", "18 files"),
        ("5", "6"),
        ("0x1f", "0x2f"),
        ("commit 3f2a91c", "commit 3f2a91d"),
        ("192.168.0.1", "192.168.0.2"),
        ("/workspace/tmp/a", "/workspace/tmp/b"),
        ("/home/tmp/a", "/home/tmp/b"),
        ("ab\ncd", "ab\n\ncd"),
        ("a  b", "a b"),
        ("  indented", "indented"),
        ("True", "true"),
        ("#### Setting up", "##### Setting up"),
        ("a ==== b", "a ===== b"),
        (">>>>>>> theirs", ">>>> theirs"),
        ("x = 1m", "x = 2m"),
        ("/opt/a/bin/pip", "/opt/b/bin/pip"),
        ("one\ntwo", "two\none"),
        ("out", ""),
        ("May 5 people came", "May 6 people came"),
        ("Mar 3: 12 points", "Mar 3: 13 points"),
        ("section 1:2", "section 1:3"),
    ],
    ids=lambda text: text[:30],
)
def test_what_says_something_of_the_outcome_is_never_normalised_away(before: str, after: str) -> None:
    assert compare_output(before, after).diverged
    assert compare_output(after, before).diverged


@given(st.text("abcxyz -_,;()'\n", max_size=40), st.text("abcxyz -_,;()'\n", max_size=40))
def test_words_that_differ_are_a_divergence(before: str, after: str) -> None:
    comparison = compare_output(before, after)
    assert comparison.match is (Match.EQUAL if shown(before) == shown(after) else None)


@given(
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.sampled_from(["{}", "total {}", "{} failed", "x={}", "({})"]),
)
def test_numbers_that_differ_are_a_divergence(before: int, after: int, form: str) -> None:
    assert compare_output(form.format(before), form.format(after)).diverged == (before != after)


LINES = st.lists(
    st.sampled_from([text for pairs in HIDDEN.values() for pair in pairs for text in pair])
    | st.text(max_size=8),
    max_size=4,
).map("\n".join)


@given(LINES)
def test_everything_is_equal_to_itself(text: str) -> None:
    assert compare_output(text, text) == Comparison(Match.EQUAL)


@given(LINES, LINES)
def test_it_does_not_matter_which_of_two_is_the_recorded_one(one: str, other: str) -> None:
    assert compare_output(one, other).match is compare_output(other, one).match


@given(LINES, st.integers(-1, 255), st.integers(-1, 255))
def test_the_exit_code_counts_before_all_else(text: str, before: int, after: int) -> None:
    comparison = compare(ran(text, before), ran(text, after))
    if before == after:
        assert comparison == Comparison(Match.EQUAL)
    else:
        assert (comparison.match, comparison.reason) == (None, f"exit {before} → {after}")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("one\ntwo", "one\r\ntwo\r\n"),
        ("one", "one   \n\n"),
        ("red", "\x1b[31mred\x1b[0m"),
        ("100%", "10%\r 50%\r100%"),
        ("a       b", "a\tb"),
        ("a\tb", "a       b"),
        ("b", "a\x1b[1G\x1b[Kb"),
        ("done", "\x07done\x00"),
    ],
)
def test_what_a_terminal_shows_the_same_is_equal(before: str, after: str) -> None:
    assert compare_output(before, after) == Comparison(Match.EQUAL)


def test_a_tab_is_as_many_blanks_as_a_terminal_shows_and_no_others() -> None:
    assert compare_output("a b", "a\tb").diverged


def test_where_tabs_were_kept_the_first_line_has_lost_its_indent() -> None:
    assert compare(ran("1\tone\n     2\ttwo"), ran("1  one\n     2  two")) == Comparison(Match.EQUAL)
    assert compare(ran("1\tone"), ran("1 one")).match is Match.EQUAL
    assert compare(ran("1\tone"), ran("1 two")).diverged
    assert compare(ran("1\tone"), ran("1          one")).diverged


def test_where_no_terminal_was_a_tab_is_a_tab() -> None:
    assert compare(edited("a\tb"), edited("a       b")).diverged
    assert compare(edited("a\tb"), edited("a\tb")) == Comparison(Match.EQUAL)


OLD = {"command": "x", "exit_code": 0, "command_id": -1}


def ran_in_2024(content: str) -> Observation:
    event = migrated({"observation": "run", "content": content, "extras": dict(OLD)})
    return cast("Observation", parse(event).event)


@pytest.mark.parametrize(
    ("recorded", "actual"),
    [
        ("\r\n\r\nroot@0123456789ab:/workspace # ", ""),
        ("one\r\ntwo\r\n\r\nroot@0123456789ab:/workspace # ", "one\ntwo"),
        ("one\r\nopenhands@0123456789ab:/a b $ ", "one"),
        ("one\r\n$ ", "one"),
        ("one\r\n[Python Interpreter: /opt/venv/bin/python]\r\nroot@here:~ # ", "one"),
        ("root@there:/x # \r\nroot@0123456789ab:/tmp # ", "root@there:/x #"),
    ],
)
def test_the_prompt_that_stands_behind_the_output_of_2024_is_no_output(recorded: str, actual: str) -> None:
    assert compare(ran_in_2024(recorded), ran(actual)) == Comparison(Match.EQUAL)


def test_no_other_line_is_taken_for_the_prompt() -> None:
    assert compare(ran_in_2024("root@there:/x # \r\nroot@h:/tmp # "), ran("root@here:/x #")).diverged
    assert compare(ran_in_2024("one\r\nroot@h:/tmp # more"), ran("one")).diverged
    assert compare(ran("one\nroot@h:/tmp # ", hostname="h", username="root"), ran("one")).diverged


BLOCK = '###PS1JSON###\n{\n  "pid": "",\n  "exit_code": "0"\n}\n###PS1END###'


@pytest.mark.parametrize("recorded", [f"{BLOCK}one", f"one{BLOCK}", f"one{BLOCK[:30]}", f"{BLOCK[20:]}one"])
def test_what_is_left_of_a_prompt_of_json_is_no_output(recorded: str) -> None:
    assert compare(ran(recorded), ran("one")) == Comparison(Match.EQUAL)


def test_the_host_and_user_of_each_run_are_no_divergence() -> None:
    before = ran("alice@build-17:~$ uname\nLinux build-17", hostname="build-17", username="alice")
    after = ran("bob@worker9:~$ uname\nLinux worker9", hostname="worker9", username="bob")
    assert compare(before, after) == Comparison(Match.NORMALISED)
    assert compare(ran("hello build-17"), ran("hello worker9")).diverged


def test_root_is_no_name_to_be_hidden() -> None:
    assert compare(ran("root", username="root"), ran("toor", username="root")).diverged


def test_pids_directories_and_wording_beside_the_output_do_not_count() -> None:
    before = ran("ok", pid=1, working_dir="/workspace", suffix="\n[The command completed with exit code 0.]")
    after = ran(
        "ok", pid=9, working_dir="/workspace", suffix="\n[done]", py_interpreter_path="/usr/bin/python"
    )
    assert compare(before, after) == Comparison(Match.EQUAL)


def test_the_first_line_that_differs_is_told() -> None:
    assert compare_output("same\nold\n", "same\nnew\n").reason == 'output differs at line 2: "old" → "new"'
    assert compare_output("same", "same\nmore").reason == 'output differs at line 2: nothing → "more"'
    assert compare_output("same\nmore", "same").reason == 'output differs at line 2: "more" → nothing'


def test_a_reason_is_short_and_one_line() -> None:
    reason = compare_output("x" * 10_000, "y" * 10_000 + "\nmore").reason
    assert len(reason) < 200
    assert "\n" not in reason


def test_nothing_recorded_is_nothing_to_compare_and_no_divergence() -> None:
    comparison = compare(None, ran("x"))
    assert comparison.match is None
    assert not comparison.diverged
    assert not comparison.compared


def test_an_error_in_place_of_an_answer_is_told_with_both_outcomes() -> None:
    comparison = compare(observation("read", "text", path="/a"), observation("error", "File not found: /a"))
    assert comparison.diverged
    assert comparison.reason == 'recorded "read", actual "ERROR: File not found: /a"'


def test_an_edit_that_failed_and_one_that_did_not_are_told_apart_by_their_words() -> None:
    succeeded = edited("The file /workspace/a.py has been edited.")
    failed = edited("ERROR:\nNo replacement was performed, old_str did not appear in the file.")
    assert compare(succeeded, failed).reason.startswith('recorded "edited", actual "ERROR: No replacement')
    assert compare(failed, succeeded).reason.endswith('actual "edited"')
    assert compare(failed, failed) == Comparison(Match.EQUAL)


def test_two_edits_that_failed_differently_diverge() -> None:
    assert compare(edited("ERROR:\nno such file"), edited("ERROR:\nnot unique")).diverged


def test_output_of_a_command_that_begins_with_error_is_no_failed_edit() -> None:
    assert compare_output("ERROR: x", "ERROR: x") == Comparison(Match.EQUAL)
    assert compare_output("ERROR: x", "x").reason.startswith("output differs")


def test_of_an_old_edit_the_answer_counts_and_not_the_diff_beside_it() -> None:
    answer = "File created successfully at: /workspace/a.py"
    old = edited("--- a\n+++ b\n@@ -0,0 +1 @@\n+x", formatted_output_and_error=answer)
    assert compare(old, edited(answer)) == Comparison(Match.EQUAL)
    assert compare(old, edited("ERROR:\nFile already exists at: /workspace/a.py.")).diverged


def test_of_a_real_old_edit_too(recordings: dict[str, Path]) -> None:
    events = json.loads(recordings["basic.json"].read_bytes())
    old = [event for event in events if event.get("observation") == "edit"]
    answers = [event["extras"]["formatted_output_and_error"] for event in old if "extras" in event]
    assert answers
    for event, answer in zip(old, answers, strict=True):
        assert compare(cast("Observation", parse(event).event), edited(answer)) == Comparison(Match.EQUAL)


def test_only_commands_have_an_exit_code() -> None:
    assert exit_code(ran("", 3)) == 3
    assert exit_code(edited("")) is None
    assert exit_code(None) is None


@pytest.mark.parametrize(
    "piece",
    [
        "-rw-r--r-- 1 a b c ",
        "Jan ",
        "1 ",
        "[1] ",
        "pid ",
        *["/a", "/", "1", "1.", "1:", "#", "0x", "/tmp/", "2025-", "/bin", "a/", "[####"],
    ],
    ids=repr,
)
@pytest.mark.sampled(3)
def test_no_output_takes_long_to_normalise(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    begun = time.process_time()
    normalised(text)
    # In proportion to its length this takes a fraction of a second; a pattern that backtracks takes minutes.
    assert time.process_time() - begun < 10


def test_a_secret_that_was_hidden_when_it_was_recorded_is_no_divergence() -> None:
    recorded, actual = ran("token=<secret_hidden> ok"), ran("token=s3cr3t-value ok")
    assert compare(recorded, actual).match is Match.NORMALISED
    assert compare(recorded, ran("token=s3cr3t value ok")).diverged
    assert compare(ran("a.c"), ran("abc")).diverged


@pytest.mark.parametrize("pattern", [r"(\w+\s?)*$", r"^(\w|\w\w)+$"])
def test_a_pattern_of_the_users_has_a_limit_of_time(pattern: str) -> None:
    hard = ("ab" * 2000 + " ") * 5 + "!"
    begun = time.monotonic()
    with pytest.raises(TooSlow) as caught:
        compare(ran(hard + "?"), ran(hard), with_patterns([r"\d", pattern]))
    assert time.monotonic() - begun < 10
    assert caught.value.normaliser.pattern.pattern == pattern


def test_what_a_pattern_of_the_users_makes_nothing_of_is_named() -> None:
    both = with_patterns([r"#\d+", "(?s).+"])
    found = compare(ran("ALL TESTS FAILED"), ran("passed"), both)
    assert (found.match, found.emptied_by) == (Match.NORMALISED, "(?s).+")
    assert compare(ran("build #17 done"), ran("build #18 done"), both[:1]).emptied_by == ""
    assert compare(ran("2025-01-01"), ran("2025-01-02"), with_patterns(["x"])).emptied_by == ""


@pytest.mark.parametrize(
    "pattern", [r"#\d+", r"(?i)BUILD", r"(?P<n>\d)(?P=n)", r"^b|e$", r"[^\W\d_]+", r"\bx{2,3}\b", "x*"]
)
def test_a_pattern_of_the_users_means_what_it_means_to_python(pattern: str) -> None:
    text = "build #11\nx xx xxx xxxx\nÄé_1 e\nb"
    (own,) = with_patterns([pattern])[:1]
    assert own(text) == re.sub(pattern, "<yours>", text, flags=re.MULTILINE)


def test_the_users_own_patterns_are_normalised_too() -> None:
    recorded, actual = ran("build #17 done"), ran("build #18 done")
    assert compare(recorded, actual).diverged
    assert compare(recorded, actual, with_patterns([r"#\d+"])).match is Match.NORMALISED
    with pytest.raises(BadInput, match="not a regular expression"):
        with_patterns(["("])


def test_a_failure_that_a_field_tells_is_a_failure() -> None:
    told = compare(edited("No such file.", is_error=True), edited("The file has been edited."))
    assert told.diverged
    assert told.reason.startswith('recorded "ERROR: No such file.')
    same = edited("No such file.", is_error=True)
    assert compare(same, same).match is Match.EQUAL


def test_files_that_were_looked_for_may_come_in_another_order() -> None:
    one, other = (observation("find_files", f"Found 2:\n{names}") for names in ("a\nb", "b\na"))
    assert compare(one, other).match is Match.NORMALISED
    assert compare(one, observation("find_files", "Found 2:\na\nc")).diverged
