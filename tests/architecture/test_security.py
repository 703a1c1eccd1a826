"""Each promise of SECURITY.md has tests, by name, and they are of the sandboxes that it is made for."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import lru_cache

import pytest

from program import ROOT

HOSTILE = "tests/core/sandbox/test_hostile.py"
LEFT = "tests/core/sandbox/test_leftovers.py"
LOSSES = "tests/core/sandbox/test_losses.py"
FOREIGN = "tests/tui/test_foreign_config.py"

PROMISES: dict[str, dict[str, tuple[str, ...]]] = {
    "Files of this machine are not changed": {
        HOSTILE: (
            "test_writing_to_the_system_and_to_the_home",
            "test_a_link_in_the_world_is_not_followed_when_it_is_removed",
        ),
        "tests/core/sandbox/test_worlds.py": ("test_the_host_is_untouched_and_its_homes_are_hidden",),
    },
    "Homes, keys and files closed to others are not read": {
        HOSTILE: (
            "test_secret_files_are_empty_or_away",
            "test_a_hidden_secret_stays_hidden_whatever_is_done_in_its_place",
            "test_keys_of_the_environment",
        ),
        "tests/core/sandbox/test_masks.py": ("test_what_others_may_not_read_is_found_and_hidden",),
    },
    "The network is off unless `--network` is given": {
        HOSTILE: ("test_the_network", "test_the_sockets_of_the_host"),
    },
    "Processes of this machine are not seen, traced or ended": {
        HOSTILE: ("test_the_hosts_processes_cannot_be_seen_or_traced", "test_killing_everything"),
    },
    "Calls that reach the kernel or the machine are refused": {
        HOSTILE: (
            "test_mounting_and_new_namespaces", "test_devices", "test_kernel_settings_cannot_be_written",
        ),
        "tests/core/sandbox/test_seccomp.py": ("test_refused_and_absent_calls_inside",),
    },
    "Keys of the caller's session keyring are not reached": {
        HOSTILE: ("test_the_keys_of_the_callers_session",),
        "tests/core/sandbox/test_seccomp.py": ("test_a_key_of_the_callers_session_is_not_seen",),
    },
    "Memory, processes and processors are limited": {
        HOSTILE: ("test_a_bounded_fork_bomb", "test_what_lies_in_memory_counts_as_memory"),
        "tests/core/sandbox/test_setup.py": ("test_memory_is_limited", "test_a_share_of_the_processors"),
    },
    "The last gigabyte, and the last files, of a disk of this machine stay free": {
        LOSSES: (
            "test_a_command_that_would_fill_this_machines_disk_is_stopped",
            "test_a_mounted_disk_is_not_filled_either",
            "test_the_engines_disk_is_not_filled",
        ),
    },
    "A directory given with `--mount` comes back without setuid programs and devices": {
        HOSTILE: ("test_a_mounted_directory_is_given_back_harmless",),
        "tests/core/sandbox/test_setup.py": ("test_a_mounted_directory_is_given_back_harmless",),
    },
    "Nothing is left behind, also after `kill -9`, from the next start on": {
        LEFT: (
            "test_after_kill_9_at_any_moment_the_next_start_leaves_nothing",
            "test_after_kill_9_in_docker",
            "test_after_kill_9_in_bubblewrap",
        ),
    },
    "A `config.toml` that merely lies there reaches nothing outside its directory, sends no key elsewhere": {
        FOREIGN: (
            "test_a_private_key_stays_where_it_is",
            "test_a_key_does_not_go_to_an_address_of_theirs",
            "test_no_image_is_fetched_unasked",
        ),
        "tests/core/test_trust.py": (
            "test_each_setting_is_said_to_be_harmless_and_why_or_has_values_that_are_left_out",
            "test_what_reaches_further_is_left_out_until_the_file_is_trusted",
        ),
    },
    "Texts of a recording, a sandbox or a model only draw on the terminal": {
        "tests/core/test_text.py": ("test_whatever_a_shell_writes_only_draws",),
        "tests/tui/test_corpus.py": (
            "test_a_visit_by_hand_draws_and_does_nothing_else",
            "test_what_a_replay_prints_is_text",
            "test_what_the_screen_shows_of_it_only_draws",
        ),
        "tests/tui/test_printed.py": ("test_what_a_command_prints_on_a_terminal_is_text",),
        "tests/tui/test_untrusted.py": ("test_the_text_of_a_model_is_harmless",),
    },
    "Pictures are decoded in a process of their own, with little memory and time and without the "
    "environment; none is fetched, or opened in another program unasked": {
        "tests/core/test_pictures.py": (
            "test_what_cannot_be_shown_says_why",
            "test_a_decoder_that_was_taken_over_is_not_believed",
            "test_the_decoder_has_no_key",
        ),
        "tests/tui/test_pictures_screen.py": ("test_an_opener_is_given_the_picture",),
    },
    "Pictures are sent only to a terminal that says it shows them, elsewhere they are coloured text": {
        "tests/e2e/test_graphics.py": ("test_a_picture_is_sent_to_a_terminal_that_says_it_can",),
    },
    "Keys and tokens reach no file, report, log, screen or model's request": {
        "tests/core/live/test_keys.py": (
            "test_a_live_session_shows_keeps_writes_and_sends_no_secret",
            "test_a_headless_live_run_writes_prints_and_sends_no_secret",
            "test_a_key_in_the_recording_stays_in_its_bytes_and_is_shown_nowhere",
        ),
        "tests/core/test_masking.py": ("test_tree_is_masked_everywhere",),
        "tests/core/test_config.py": ("test_a_key_is_in_no_error",),
    },
    "A world that is stopped, replaced from inside or talks for ever ends its step in bounded time and "
    "memory, and can be restarted": {
        "tests/core/sandbox/test_patience.py": (
            "test_a_false_bash_in_the_helpers_place_is_an_end_and_no_hang",
            "test_what_begins_and_does_not_end_has_the_runs_limit",
            "test_a_session_outlives_the_world_that_no_longer_serves_files",
        ),
    },
    "A save follows no link, takes no name that is there, and is whole or not at all": {
        "tests/core/document/test_links_and_savers.py": (
            "test_a_save_follows_no_link", "test_a_name_that_is_taken_meanwhile_is_not_taken_again",
        ),
        "tests/core/document/test_saving.py": (
            "test_killed_at_any_system_call_of_a_save_the_old_file_or_the_new_one_is_there_whole",
        ),
    },
    "Whatever is read, the recording and what is kept or configured beside it: what is no regular file is "
    "neither opened nor written over, nothing is read without a bound": {
        "tests/core/test_reading.py": (
            "test_what_is_no_text_of_bounded_length_is_refused_in_a_line", "test_no_file_is_read_otherwise",
        ),
        "tests/core/formats/test_reading.py": ("test_what_is_no_recording_is_not_waited_for",),
    },
    "The world that a recording names is not fetched or built unasked; no name of it reaches a command that "
    "is not such as evaluations have; the solution in its row reaches neither sandbox, model nor screen": {
        "tests/core/worlds/test_facts.py": (
            "test_a_hostile_instance_is_in_no_image_and_no_command",
            "test_what_solves_the_task_and_keys_are_never_told",
        ),
        "tests/core/worlds/test_beginning.py": (
            "test_it_begins_in_the_image_behind_what_its_harness_ran",
            "test_without_the_image_it_says_which_it_wants_and_goes_on_bare",
            "test_what_the_user_brings_is_left_alone",
        ),
    },
    "Nothing that a repository given with `--repo` sets up is run, and no account in its address gets into "
    "the sandbox": {
        "tests/core/worlds/test_placing.py": (
            "test_nothing_that_a_repository_sets_up_is_run",
            "test_an_account_in_an_address_is_not_in_the_clone",
        ),
    },
    "The screen in a browser (`trajtui serve`) is reached from this machine, by who has the token in its "
    "address, from no other page and under no other name; it loads nothing from elsewhere, and no link in it "
    "opens anything": {
        "tests/tui/test_serve_cli.py": (
            "test_without_the_token_nothing_is_answered_and_nothing_begun",
            "test_another_name_of_this_machine_and_another_page_are_refused",
            "test_it_listens_on_this_machine_alone",
            "test_the_page_and_its_parts_are_there_and_load_nothing_from_elsewhere",
        ),
        "tests/e2e/test_serve.py": (
            "test_it_asks_nobody_else_and_opens_no_window",
            "test_a_wrong_token_and_another_page_begin_nothing",
        ),
    },
    "A model's reply that does not end is given up": {
        "tests/core/live/test_model.py": ("test_a_reply_that_does_not_end_is_given_up",),
    },
    "A model is asked for nothing unless the user asks for it": {
        "tests/core/test_session.py": ("test_going_live_needs_a_model_and_a_sandbox_that_executes",),
        "tests/core/live/test_quiet.py": ("test_nothing_heavy_is_imported_before_a_call",),
    },
}  # fmt: skip
"""What stands behind each promise: files, and tests in them."""

TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in row.split("|")]
    for row in re.findall(r"^\|(.*)\|$", TEXT.partition("## What is not promised")[0], re.MULTILINE)
    if not row.startswith((" promise", " ---"))
]
SANDBOXES = ("docker", "bubblewrap")


def test_what_is_promised_is_what_stands_here() -> None:
    assert [row[0] for row in ROWS] == list(PROMISES)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_promise_names_the_files_of_its_tests(row: list[str]) -> None:
    assert set(re.findall(r"`(tests/[\w/]+\.py)`", row[-1])) == set(PROMISES[row[0]])
    for file, tests in PROMISES[row[0]].items():
        there = {
            node.name
            for node in ast.parse((ROOT / file).read_text(encoding="utf-8")).body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        assert tests
        assert set(tests) <= there


@lru_cache
def run_in(sandbox: str) -> frozenset[str]:
    """The tests of these files that run in a sandbox, by file and name."""
    files = sorted({file for tests in PROMISES.values() for file in tests})
    collect = ("pytest", "--collect-only", "-q", "-p", "no:cacheprovider")
    told = subprocess.run(
        [sys.executable, "-m", *collect, "-m", sandbox, *files],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return frozenset(line.partition("[")[0] for line in told.stdout.splitlines() if "::" in line)


@pytest.mark.parametrize("row", [row for row in ROWS if len(row) > 2], ids=lambda row: row[0])
def test_a_promise_of_a_sandbox_is_tested_in_it(row: list[str]) -> None:
    ids = {f"{file}::{test}" for file, tests in PROMISES[row[0]].items() for test in tests}
    for sandbox in SANDBOXES:
        assert ids & run_in(sandbox), sandbox
