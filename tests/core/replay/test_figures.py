"""What a command asks of the machine or the moment: a figure where its text shows it, and nowhere else."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajcore.replay.figures import figures
from trajcore.replay.normalise import asked_for, normalised


def left(command: str, output: str, *, other_user: bool = False) -> str:
    """What of an output is compared."""
    return normalised(output, asked_for(command, other_user=other_user))


@pytest.mark.parametrize(
    ("command", "output", "expected"),
    [
        ("stat -c '%i %s %n' a.txt", "99 5 a b.txt", "<figure> 5 a b.txt"),
        ("stat -c '%n' a.txt", "99", "99"),
        ("stat --printf='%n\\n%i\\n' a", "a\n9", "a\n<figure>"),
        ("find . -printf '%p %T@\\n' | head -3", "./a 3 1795.5", "./a 3 <figure>"),
        ("sudo env A=1 find . -printf '%i\\n' 2>/dev/null", "12", "<figure>"),
        ("git log --format='%s|%ar'", "one|3 days ago", "one|<figure>"),
        ("curl -sw '%{http_code} %{time_total}' x", '{"a": 1}200 0.5', '{"a": 1}200 <figure>'),
        ("echo \"pid $! of $N\"", "pid 12 of 12", "pid <figure> of 12"),
        ("echo 'a' $RANDOM `x`", "a 12 3", "a 12 3"),
        ("echo $?", "1", "1"),
        ("echo \"Today: $(date +%H:%M)\"; wc -l a", "Today: 10:00\n12 a", "Today: <figure>:<figure>\n12 a"),
        ("date -d tomorrow +%H:%M", "10:00", "10:00"),
        ("date +%H; wc -l a", "10\n12 a", "<figure>\n12 a"),
        ("df -h", "/dev/vda2  252G 24%  /mnt/disk2", "/dev/vda2 <figure> <figure> /mnt/disk2"),
        ("df -h && wc -l a", "12 a", "12 a"),
        ("free -m | wc -l", "3", "3"),
        ("ps aux | grep -c x", "3", "3"),
        ("ps; echo $?", "1", "1"),
        ("ps -eo pid,args", " 12 sleep 30", " <figure> sleep 30"),
        ("cat /proc/uptime", "35293.54 14459.08", "<figure> <figure>"),
        ("cat uptime.txt", "35293.54", "35293.54"),
        ("nproc", "16", "<figure>"),
        ("python3 -c 'print(3)'", "3", "3"),
        ("echo 'unclosed", "3", "3"),
    ],
)  # fmt: skip
def test_a_figure_is_known_by_the_command(command: str, output: str, expected: str) -> None:
    assert left(command, output) == expected


@pytest.mark.parametrize(
    ("command", "output", "expected"),
    [
        ("id -u", "1000", "<user>"),
        ("id -G", "1000 27", "<user>"),
        ("echo $UID", "1000", "<user>"),
        ("ls -ln a", "-rw-r--r-- 1 1000 1000 5 Jan 27 22:45 a", "-rw-r--r-- 1 <user> 5 Jan 27 22:45 a"),
        ("id -u; wc -l < a", "1000 lines", "1000 lines"),
        ("ls -l a", "-rw-r--r-- 1 1000 1000 5 Jan 27 22:45 a", "-rw-r--r-- 1 1000 1000 5 Jan 27 22:45 a"),
    ],
)
def test_the_number_of_a_user_is_one_where_the_users_are_not_the_same(
    command: str, output: str, expected: str
) -> None:
    assert left(command, output, other_user=True) == expected
    assert left(command, output) == output


PROGRAMS = st.sampled_from(["ls", "cat a.txt", "wc -l a", "python3 x.py", "pytest -q", "make", "sed -n 3p a"])


@given(PROGRAMS, st.sampled_from(["df -h", "free", "nproc", "ps aux", "date"]), st.booleans(), st.text())
def test_what_another_program_says_beside_them_counts(
    program: str, machine: str, first: bool, output: str
) -> None:
    parts = (program, machine) if first else (machine, program)
    for joined in ("; ", " && ", "\n", " | "):
        command = joined.join(parts)
        if joined != " | " or first:
            assert left(command.replace("| ", "|| "), output) == output


@pytest.mark.parametrize(
    ("command", "piece"),
    ids=lambda text: text[:12],
    argvalues=[
        ("stat -c '" + "%n" * 11 + "%i' x", "1 "),
        ("stat -c '" + "%n %i" * 7 + "' x", "a 1 "),
        ("find . -printf '" + "%p%i" * 11 + "'", "1"),
        ("echo " + "$a$! " * 9, "1 "),
        ("curl -w '" + "%{a}" * 900 + "%{time_total}' x", "a"),
        ("curl -w '%{time_total} %{time_total}' x", "1"),
        ("stat -c '" + "%n %s " * 500 + "%i' x", "a "),
        ("find . -printf '" + "%p%i" * 900 + "'", "1"),
        ("echo " + "$a $! " * 600, "1 "),
        ("echo $!" + "$a" * 1500, "1"),
        ("date '+" + "%c%A" * 900 + "'", "ab"),
        ("date " * 700, "1"),
        ("ps aux; lsof; top; ls -i; uptime", "1 "),
        ("ps aux; lsof; top; ls -i; uptime", "up a "),
        ("df; mktemp " + "X" * 2000, "X"),
        ("|;" * 1900, "1"),
        ("$(" * 1900, "1"),
    ],
)
def test_whatever_is_asked_for_takes_time_in_proportion(command: str, piece: str) -> None:
    begun = time.process_time()
    for row in asked_for(command, other_user=True):
        row(piece * (20_000 // len(piece)))
        row(piece * (20_000 // len(piece)) + "!")
    assert time.process_time() - begun < 5


def test_a_program_of_its_own_is_not_looked_into() -> None:
    assert figures("nproc" + " " * 10_000) == []
