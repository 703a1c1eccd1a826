"""What people do in a sandbox works within bubblewrap's walls, as root and as an ordinary user.

Each program is tried where the world has it; a program that the walls keep from something says so and ends.
"""

from __future__ import annotations

import shlex

import pytest

from hostile import Cell, Start

pytestmark = pytest.mark.bubblewrap

WHEEL = """
import zipfile
with zipfile.ZipFile("toy-1.0-py3-none-any.whl", "w") as wheel:
    wheel.writestr("toy.py", "NAME = 'toy works'")
    info = "toy-1.0.dist-info"
    wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\\nName: toy\\nVersion: 1.0\\n")
    wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(f"{info}/RECORD", "")
"""

PROCESSES = """
import multiprocessing, os, threading
from multiprocessing import shared_memory
def work(number):
    return number * number
def main():
    with multiprocessing.Pool(3) as pool, multiprocessing.Lock():
        squares = pool.map(work, range(5))
    block = shared_memory.SharedMemory(create=True, size=64)
    block.buf[:2] = b"ok"
    shared = bytes(block.buf[:2]).decode()
    block.close()
    block.unlink()
    threads = [threading.Thread(target=work, args=(one,)) for one in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(squares, shared, len(os.sched_getaffinity(0)) > 0)
if __name__ == "__main__":
    main()
"""

NODE = """
const { Worker } = require("worker_threads");
const { execSync } = require("child_process");
const fs = require("fs").promises;
(async () => {
  await fs.writeFile("made", "by node");
  const text = await fs.readFile("made", "utf8");
  const told = execSync("echo child").toString().trim();
  new Worker("require('worker_threads').parentPort.postMessage('thread')", { eval: true })
    .on("message", (word) => console.log(text, told, word));
})();
"""

C = """
#include <pthread.h>
#include <stdio.h>
static void *work(void *text) { puts(text); return 0; }
int main(void) { pthread_t t; pthread_create(&t, 0, work, "compiled"); return pthread_join(t, 0); }
"""

JAVA = """
public class Hello {
    public static void main(String[] words) throws Exception {
        Thread thread = new Thread(() -> System.out.println("java works"));
        thread.start();
        thread.join();
    }
}
"""

CONTROL = """Package: trajtui-toy
Version: 1
Architecture: all
Maintainer: nobody <nobody@nowhere>
Description: toy"""


def file(name: str, text: str) -> str:
    return f"cat > {name} <<'END'\n{text}\nEND\n"


WORK = {
    "gdb": (
        "gdb gcc",
        file("x.c", C)
        + "gcc -g -pthread x.c -o x && gdb -q -batch -ex 'break work' -ex run -ex bt -ex continue ./x 2>&1"
        " | grep -oE 'work \\(text|exited normally|Error disabling.*' | sort -u",
        "exited normally\nwork (text",
    ),
    "strace": ("strace", "strace -f -o t sh -c 'true | cat'; grep -c 'exited with 0' t", "3"),
    "a virtual environment": (
        "python3",
        file("wheel.py", WHEEL) + "python3 wheel.py && python3 -m venv v && v/bin/pip install -q --no-index "
        "--disable-pip-version-check ./toy-*.whl && v/bin/python -c 'import toy; print(toy.NAME)'",
        "toy works",
    ),
    "processes and threads of Python": (
        "python3",
        file("p.py", PROCESSES) + "python3 p.py",
        "[0, 1, 4, 9, 16] ok True",
    ),
    "node": ("node", file("x.js", NODE) + "node x.js", "by node child thread"),
    "npm": (
        "npm",
        file("package.json", '{"name": "toy", "version": "1.0.0", "scripts": {"hello": "echo npm works"}}')
        + "npm run --silent --offline hello",
        "npm works",
    ),
    "go": (
        "go",
        file("x.go", 'package main\nimport "fmt"\nfunc main() { fmt.Println("go works") }') + "go run x.go",
        "go works",
    ),
    "cargo": (
        "cargo",
        "cargo init -q --vcs none toy && cd toy && cargo run -q --offline",
        "Hello, world!",
    ),
    "make and gcc": (
        "make gcc",
        file("x.c", C) + "printf 'x: x.c\\n\\tgcc -pthread x.c -o x\\n' > Makefile; rm -f x; make -s && ./x",
        "compiled",
    ),
    "git": (
        "git",
        "git init -q r && cd r && git config user.name n && git config user.email e && echo 1 > f"
        " && git add f && git commit -qm one && git gc -q && git fsck 2>/dev/null && git log --format=%s",
        "one",
    ),
    "sqlite": (
        "sqlite3",
        "sqlite3 d.db 'pragma journal_mode=wal; create table t(x); insert into t values(7); select x from t'",
        "wal\n7",
    ),
    "tmux": (
        "tmux",
        "tmux -L x new-session -d 'echo inside > told; sleep 60' && for i in $(seq 100); do"
        " [ -s told ] && break; sleep 0.1; done; cat told; tmux -L x kill-server",
        "inside",
    ),
    "java": ("java javac", file("Hello.java", JAVA) + "javac Hello.java && java Hello", "java works"),
    "perl": (
        "perl",
        "perl -e 'pipe(R, W); if (!fork) { print W \"perl works\\n\"; exit } wait; close W; print <R>'",
        "perl works",
    ),
    "dpkg": (
        "dpkg",
        "mkdir -p p/DEBIAN p/opt/toy db/updates db/info made && touch db/status\n"
        + "echo toy > p/opt/toy/file\n"
        + file("p/DEBIAN/control", CONTROL)
        + "{ dpkg-deb --build p toy.deb && dpkg --admindir=db --instdir=made -i toy.deb; } > log 2>&1\n"
        + "cat made/opt/toy/file",
        "toy",
    ),
    "a browser": (
        "chromium",
        "chromium --headless --no-sandbox --dump-dom 'data:text/html,<p>shown</p>' 2>log | grep -o shown",
        "shown",
    ),
}


@pytest.fixture(scope="module")
def cell(start: Start) -> Cell:
    return start(limits={"no_change": 120.0, "hard": 150.0})


def need(cell: Cell, program: str) -> None:
    if cell.code(f"command -v {program}") != 0:
        pytest.skip(f"the sandbox has no {program}")


@pytest.mark.parametrize("name", WORK)
@pytest.mark.sampled(4)
def test_it_works(cell: Cell, name: str) -> None:
    programs, script, expected = WORK[name]
    for program in programs.split():
        need(cell, program)
    directory = f"/workspace/{name.replace(' ', '-')}"
    said, code = cell.answer(f"(mkdir {directory} && cd {directory} && bash -c {shlex.quote(script)})")
    assert (said.strip(), code) == (expected, 0)


@pytest.mark.parametrize(
    "command",
    ["unshare -r true", "unshare -m true", "nsenter -t 1 -m true", "mount -t tmpfs none /mnt", "dmesg"],
)
def test_what_the_walls_keep_from_something_says_so(cell: Cell, command: str) -> None:
    need(cell, command.split()[0])
    said, code = cell.answer(command)
    assert code != 0
    assert any(words in said for words in ("not permitted", "denied", "superuser"))
