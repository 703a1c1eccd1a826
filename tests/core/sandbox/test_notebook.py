"""Notebook cells in real sandboxes: what OpenHands' notebook answers, and what hostile cells cannot do."""

from __future__ import annotations

import asyncio
import base64
import os
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from acting import execute
from trajcore.errors import SandboxUnavailable
from trajcore.events.actions import RunIpythonAction, RunIpythonArgs
from trajcore.events.observations import RunIpythonObservation
from trajcore.sandbox.base import Limits, SandboxSettings
from trajcore.sandbox.machines.host.machine import LocalMachine
from trajcore.sandbox.shellsandbox import ShellSandbox

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.in_turns]

NOTHING = "[Code executed successfully with no output]"
DIED = "its variables are lost, and the next cell starts a new one.]"
RULE = "-" * 75
IPYKERNEL = os.environ.get("TRAJTUI_IPYKERNEL_PYTHON")
TITLE = "Traceback (most recent call last)"


class Cells:
    """Runs cells in a sandbox, and keeps what the last one emitted."""

    def __init__(self, sandbox: ShellSandbox) -> None:
        self.sandbox = sandbox
        self.emitted = b""
        self.told = asyncio.Event()

    def emit(self, data: bytes) -> None:
        self.emitted += data
        self.told.set()

    async def observe(
        self, code: str, limit: float | None = None, extra: bool = False
    ) -> RunIpythonObservation:
        self.emitted = b""
        self.told.clear()
        action = RunIpythonAction(
            source="agent", args=RunIpythonArgs(code=code, include_extra=extra), timeout=limit
        )
        observation = await execute(self.sandbox, action, None, self.emit)
        assert isinstance(observation, RunIpythonObservation)
        assert observation.success is True
        assert observation.extras.code == code
        assert observation.message == "Code executed in IPython cell."
        return observation

    async def __call__(self, code: str, limit: float | None = None) -> str:
        return (await self.observe(code, limit)).content

    async def interrupted(self, code: str, until: bytes = b"") -> tuple[str, float]:
        """The answer of a cell that is interrupted when it has written `until`, and how long that took."""
        running = asyncio.ensure_future(self(code))
        while until and until not in self.emitted:
            self.told.clear()
            await asyncio.wait_for(self.told.wait(), 30)
        if not until:
            while not self.sandbox._notebook.busy:
                await asyncio.sleep(0)
        begun = time.monotonic()
        await self.sandbox.interrupt()
        return await running, time.monotonic() - begun


@pytest_asyncio.fixture(loop_scope="module")
async def cells(world) -> Cells:
    return Cells(world.sandbox)


@pytest_asyncio.fixture(loop_scope="module")
async def fresh_cells(fresh) -> Cells:
    return Cells(fresh.sandbox)


# What a cell answers


@pytest.mark.parametrize(
    ("code", "content"),
    [
        ("1 + 1", "2"),
        ("'a'", "'a'"),
        ("None", NOTHING),
        ("x = 1", NOTHING),
        ("", NOTHING),
        ("print('a')\nprint('b')", "a\nb"),
        ("print('a', end='')\n'b'", "a'b'"),
        ("display('a', 1)\n2", "'a'12"),
        ("print()", ""),
        ("1\n2", "2"),
        ("if True:\n    3", NOTHING),
        ("import sys; print('no', file=sys.stderr)", "no"),
        ("import os; os.system('echo out; echo err >&2'); print('after')", "out\nerr\nafter"),
        ("import asyncio\nasync def late():\n    await asyncio.sleep(0)\n    return 5\nawait late()", "5"),
        ("print('\\x1b[31mred\\x1b[0m')", "red"),
        ("print('näïve 漢字 🎉')", "näïve 漢字 🎉"),
        ("class A: pass\nA", "__main__.A"),
        ("import os; os.write(1, b'\\xff\\n')\nNone", "\N{REPLACEMENT CHARACTER}"),
        ("list(range(30))", "[" + ",\n ".join(str(n) for n in range(30)) + "]"),
        ("{'k' * 40: 'v' * 40, 'l': {2, 1}}", "{'" + "k" * 40 + "': '" + "v" * 40 + "',\n 'l': {1, 2}}"),
        ("(1,)", "(1,)"),
        ("input('name? ')", None),
    ],
)
async def test_a_cell_answers_its_output_and_its_last_value(cells: Cells, code: str, content: str | None):
    answer = await cells(code)
    if content is None:
        assert answer.endswith("this frontend does not support input requests.")
    else:
        assert answer == content


async def test_the_answer_ends_with_the_shells_directory_and_the_interpreter(cells: Cells):
    python = await cells("import sys; print(sys.executable)")
    answer = await cells.observe("7", extra=True)
    assert answer.content == (
        f"7\n[Jupyter current working directory: /workspace]\n[Jupyter Python interpreter: {python}]"
    )
    assert answer.extras.image_urls is None
    assert answer.source == "agent"


async def test_names_are_kept_between_cells_and_belong_to_main(cells: Cells):
    await cells("kept = 41\nclass Kept: pass")
    assert (
        await cells("import pickle\n[kept + 1, type(pickle.loads(pickle.dumps(Kept()))) is Kept]")
        == "[42, True]"
    )
    assert await cells("__name__") == "'__main__'"


async def test_what_future_a_cell_imports_holds_for_the_next(fresh_cells: Cells):
    assert await fresh_cells("from __future__ import annotations") == NOTHING
    assert await fresh_cells("def f(x: Undefined): pass") == NOTHING


async def test_the_kernel_follows_the_shell_where_it_has_moved_since(world, cells: Cells):
    await world.run("mkdir -p /tmp/one\\ \\'two && cd /tmp/one\\ \\'two")
    answer = await cells.observe("import os; os.getcwd()", extra=True)
    assert answer.content.startswith("\"/tmp/one 'two\"\n[Jupyter current working directory: /tmp/one 'two]")
    await cells("import os; os.chdir('/usr')")
    assert await cells("os.getcwd()") == "'/usr'"
    await world.run("cd /workspace")
    assert await cells("os.getcwd()") == "'/workspace'"


async def test_a_file_of_the_workspace_does_not_pass_for_a_module_of_ours(world, fresh_cells: Cells):
    await fresh_cells.sandbox.files.write("/workspace/json.py", b"raise SystemExit('not this one')")
    await fresh_cells.sandbox.files.write("/workspace/mine.py", b"value = 'mine'")
    assert await fresh_cells("import mine; mine.value") == "'mine'"


async def test_it_is_said_once_that_the_kernel_is_not_a_real_one(fresh_cells: Cells):
    first = await fresh_cells.observe("1")
    assert first.content == "1"
    assert b"no ipykernel" in fresh_cells.emitted
    await fresh_cells("2")
    assert fresh_cells.emitted == b"2\n"


# Errors


async def test_an_error_is_told_as_ipython_tells_it(cells: Cells):
    answer = await cells("def f(x):\n    y = 1\n    return y / x\n\nf(0)\nprint('no')")
    assert answer == "\n".join(
        [
            RULE,
            "ZeroDivisionError                         " + TITLE,
            "Cell In[1], line 5",
            "      2     y = 1",
            "      3     return y / x",
            "----> 5 f(0)",
            "      6 print('no')",
            "",
            "Cell In[1], line 3, in f(x)",
            "      1 def f(x):",
            "      2     y = 1",
            "----> 3     return y / x",
            "",
            "ZeroDivisionError: division by zero",
        ]
    )


async def test_frames_below_the_cell_are_told_by_file(cells: Cells):
    answer = await cells("import json\njson.loads('{')")
    assert "\nCell In[1], line 2\n      1 import json\n----> 2 json.loads('{')\n" in answer
    assert "json/decoder.py:" in answer
    assert "trajtui" not in answer
    assert answer.splitlines()[-1].startswith("JSONDecodeError: Expecting property name")


async def test_chained_errors_are_told_from_the_first_on(cells: Cells):
    answer = await cells("try:\n    {}['k']\nexcept KeyError as e:\n    raise ValueError('v') from e")
    first, second = answer.split("\nThe above exception was the direct cause of the following exception:\n")
    assert first.endswith("KeyError: 'k'\n")
    assert second.endswith("ValueError: v")
    assert answer.count(RULE) == 1


@pytest.mark.parametrize("code", ["1 +", "def f(:", "  indented = 1", "'open"])
async def test_a_cell_that_is_no_python_says_where(cells: Cells, code: str):
    answer = await cells(code)
    assert answer.startswith("  Cell In[1], line 1\n    " + code.strip())
    assert "Error: " in answer.splitlines()[-1]


async def test_output_before_an_error_stays_and_the_kernel_too(cells: Cells):
    answer = await cells("before = 5\nprint('seen')\nraise RuntimeError('x')")
    assert answer.startswith(f"seen\n{RULE}\nRuntimeError")
    assert await cells("before") == "5"


@pytest.mark.parametrize("code", ["import sys; sys.exit(3)", "exit()", "raise SystemExit(3)"])
async def test_leaving_does_not_end_the_kernel(cells: Cells, code: str):
    await cells("here = 1")
    assert "SystemExit" in await cells(code)
    assert await cells("here") == "1"


async def test_a_value_that_cannot_be_shown_is_an_error_of_its_own(cells: Cells):
    answer = await cells("class Bad:\n    def __repr__(self): raise ValueError('no')\nBad()")
    assert answer.endswith("ValueError: no")


# IPython's own syntax


@pytest.mark.parametrize(
    ("code", "content"),
    [
        ("!echo hi", "hi"),
        ("x = !printf 'a\\nb\\n'\nx", "['a', 'b']"),
        ("name = 'n'\n!echo $name {name * 2} '$HOME'", "n nn $HOME"),
        ("for n in range(2):\n    !echo {n}", "0\n1"),
        ("!!echo hi", "['hi']"),
        ("!exit 3", NOTHING),
        ("%cd /tmp\n%pwd", "/tmp\n'/tmp'"),
        ("%cd -q /workspace", NOTHING),
        ("cd /workspace", "/workspace"),
        ("%cd /nowhere", "[Errno 2] No such file or directory: '/nowhere'\n/workspace"),
        ("%env WORD=5\n%env WORD", "env: WORD=5\n'5'"),
        ("%%bash\necho one\necho two >&2", "one\ntwo"),
        ("%%bash\nfalse", None),
        ("%nonsense", "UsageError: Line magic function `%nonsense` not found."),
        ("%%nonsense\n1", "UsageError: Cell magic `%%nonsense` not found."),
        ("%matplotlib inline\n1", "1"),
        ("text = '''\n%cd /tmp\n!echo\n'''\ntext", "'\\n%cd /tmp\\n!echo\\n'"),
        ("rest = (7\n%4)\nrest", "3"),
    ],
)
async def test_magics_and_commands(cells: Cells, code: str, content: str | None):
    answer = await cells(code)
    if content is None:
        assert answer.endswith("returned non-zero exit status 1.")
    else:
        assert answer == content


async def test_a_cell_is_written_as_a_file(cells: Cells):
    assert await cells("%%writefile /tmp/written\nline\n") == "Writing /tmp/written"
    assert await cells("open('/tmp/written').read()") == "'line\\n'"
    assert await cells("%%writefile -a /tmp/written\nmore") == "Appending to /tmp/written"
    assert await cells("!cat /tmp/written; rm /tmp/written") == "line\nmore"


async def test_pip_is_that_of_the_kernels_python(cells: Cells):
    answer = await cells("%pip --version")
    assert answer.startswith("pip ") or "No module named pip" in answer
    assert answer.endswith("Note: you may need to restart the kernel to use updated packages.")


WHEEL = """
import zipfile
with zipfile.ZipFile("heron-1.0-py3-none-any.whl", "w") as wheel:
    wheel.writestr("heron.py", "answer = 42")
    about = "heron-1.0.dist-info/"
    wheel.writestr(about + "METADATA", "Metadata-Version: 2.1\\nName: heron\\nVersion: 1.0\\n")
    wheel.writestr(about + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(about + "RECORD", "")
"""


async def test_what_pip_installs_is_there_at_once_and_in_later_kernels(cells: Cells):
    if "No module named pip" in await cells("%pip --version"):
        pytest.skip("the Python of this sandbox has no pip")
    await cells(WHEEL)
    assert "Successfully installed heron-1.0" in await cells(
        "%pip install --no-index ./heron-1.0-py3-none-any.whl"
    )
    assert await cells("import heron; heron.answer") == "42"
    assert "heron" in await cells("%pip list")
    await cells("import os; os._exit(1)")
    assert await cells("import heron; heron.answer") == "42"


async def test_time_magics_print_a_time(cells: Cells):
    assert " per loop (mean ± std. dev. of 2 runs, 3 loops each)" in await cells("%timeit -n 3 -r 2 1 + 1")
    assert (await cells("%time 1 + 1")).endswith("\n2")


# Pictures

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\nbytes").decode()


async def test_a_picture_is_a_data_url_beside_its_text(cells: Cells):
    answer = await cells.observe(
        f"import base64\nclass Dot:\n    def _repr_png_(self): return base64.b64decode('{PNG}')\n"
        "    def __repr__(self): return 'a dot'\ndisplay(Dot())\nDot()"
    )
    assert answer.content == "a dota dot"
    assert answer.extras.image_urls == [f"data:image/png;base64,{PNG}"] * 2


async def test_a_figure_is_shown_where_it_is_shown_or_at_the_end_of_the_cell(cells: Cells):
    if "No module" in await cells("import matplotlib"):
        pytest.skip("the sandbox has no matplotlib")
    answer = await cells.observe("import matplotlib.pyplot as plt\nplt.plot([1])\nplt.show()\nprint('after')")
    assert answer.content == "<Figure size 640x480 with 1 Axes>after"
    assert len(answer.extras.image_urls or []) == 1


async def test_a_picture_that_is_too_large_is_said_to_be(cells: Cells):
    answer = await cells.observe("class Big:\n    def _repr_png_(self): return b'x' * (13 << 20)\nBig()")
    assert answer.content.endswith("[the picture is too large to be shown]")
    assert answer.extras.image_urls is None


# Streams


async def test_output_comes_while_the_cell_runs(cells: Cells):
    running = asyncio.ensure_future(
        cells(
            "import os, time\nprint('early')\n"
            "while not os.path.exists('/tmp/go'): time.sleep(0.01)\nprint('late')"
        )
    )
    while b"early" not in cells.emitted:
        cells.told.clear()
        await asyncio.wait_for(cells.told.wait(), 30)
    assert b"late" not in cells.emitted
    await cells.sandbox.files.write("/tmp/go", b"")
    assert await running == "early\nlate"
    await cells("!rm /tmp/go")


async def test_the_user_sees_all_and_the_answer_keeps_both_ends(cells: Cells):
    answer = await cells("for n in range(10_000): print('%05d' % n, 'x' * 999)")
    assert cells.emitted.count(b"\n") == 10_000
    assert answer.startswith("00000 x")
    assert answer.endswith("09999 " + "x" * 999)
    assert "[... Observation truncated due to length ...]" in answer
    assert len(answer) < 4 << 20


async def test_what_an_earlier_cell_left_running_is_shown_and_not_answered(cells: Cells):
    await cells("import subprocess\nlater = subprocess.Popen('sleep 0.1; echo left over', shell=True)\nNone")
    await cells.sandbox.files.output("sleep 0.5")
    assert await cells("'mine'") == "'mine'"
    assert cells.emitted == b"left over\n'mine'\n"


async def test_output_and_results_keep_their_order(cells: Cells):
    code = "import os\nfor n in range(40):\n    print('p', n)\n    display(n)\n    os.system(f'echo s {n}')"
    assert await cells(code) == "".join(f"p {n}\n{n}s {n}\n" for n in range(40)).rstrip()


# Interrupts and timeouts


async def test_a_cell_that_takes_too_long_is_interrupted_and_the_kernel_stays(cells: Cells):
    await cells("kept = 1")
    answer = await cells("print('lost')\nimport time\ntime.sleep(60)", limit=0.5)
    assert answer == "[Execution timed out (0.5 seconds).]"
    assert b"lost" in cells.emitted
    assert await cells("kept") == "1"


async def test_the_users_interrupt_ends_a_cell_and_the_kernel_stays(cells: Cells):
    await cells("kept = 2")
    answer, seconds = await cells.interrupted("import time\nprint('on')\ntime.sleep(60)", b"on\n")
    assert answer.startswith("on\n" + RULE)
    assert answer.endswith("KeyboardInterrupt:")
    assert seconds < 10
    assert await cells("kept") == "2"


async def test_an_interrupt_reaches_the_commands_of_a_cell(cells: Cells):
    answer, seconds = await cells.interrupted("!echo on; sleep 60", b"on\n")
    assert "on" in answer
    assert seconds < 10


@pytest.mark.parametrize("turn", range(5))
async def test_an_interrupt_before_the_cell_has_begun_is_not_lost(cells: Cells, turn: int):
    await cells("kept = 3")
    running = asyncio.ensure_future(cells("import time; time.sleep(60)"))
    while not cells.sandbox._notebook.busy:
        await asyncio.sleep(0)
    for _ in range(turn):
        await asyncio.sleep(0)
    await cells.sandbox.interrupt()
    answer = await running
    assert "KeyboardInterrupt" in answer or answer == "[Interrupted before the cell had begun.]"
    assert await cells("kept") == "3"


async def test_a_cell_that_ignores_the_interrupt_is_killed_and_that_is_said(cells: Cells):
    await cells("kept = 4")
    stubborn = (  # what is written is written where the interrupt is already ignored
        "import time\nsaid = []\nwhile True:\n    try:\n"
        "        if not said: said.append(1); print('on')\n        time.sleep(60)\n"
        "    except KeyboardInterrupt: pass"
    )
    answer, seconds = await cells.interrupted(stubborn, b"on\n")
    assert answer.startswith("on\n[The cell ignored the interrupt")
    assert answer.endswith(DIED)
    assert seconds < 10
    assert "NameError" in await cells("kept")


async def test_a_cell_that_ignores_the_end_of_its_time_is_killed(cells: Cells):
    deaf = "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\ntime.sleep(60)"
    answer = await cells(deaf, limit=0.3)
    assert answer.startswith("[Execution timed out (0.3 seconds).]\n[The cell ignored the interrupt")
    assert await cells("1") == "1"


async def test_a_cell_nobody_waits_for_any_longer_does_not_disturb_the_next(cells: Cells):
    await cells("kept = 5")
    running = asyncio.ensure_future(cells("import time\nprint('on')\ntime.sleep(60)"))
    while b"on" not in cells.emitted:
        cells.told.clear()
        await asyncio.wait_for(cells.told.wait(), 30)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await cells("kept") == "5"


async def test_an_interrupt_goes_to_the_shell_when_no_cell_runs(world, cells: Cells):
    await cells("1")
    running = asyncio.ensure_future(world.run("echo on; sleep 60", blocking=True))
    while b"on" not in world.emitted:
        await asyncio.sleep(0.01)
    await world.sandbox.interrupt()
    assert (await running).extras.metadata.exit_code == 130


# Kernels that die, and cells that mean harm


@pytest.mark.parametrize(
    ("code", "how"),
    [
        ("import os; os._exit(3)", "exit code 3"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "killed by signal 9"),
        ("import ctypes; ctypes.string_at(0)", "killed by signal 11"),
    ],
)
async def test_a_kernel_that_dies_is_said_to_and_replaced(cells: Cells, code: str, how: str):
    await cells("gone = 1")
    answer = await cells("print('last words')\n" + code)
    assert answer == f"last words\n[The kernel died ({how}): {DIED}"
    assert "NameError" in await cells("gone")


async def test_a_new_kernel_begins_where_the_shell_is(world, cells: Cells):
    await world.run("cd /usr")
    await cells("import os; os._exit(0)")
    assert await cells("import os; os.getcwd()") == "'/usr'"
    await world.run("cd /workspace")


@pytest.mark.parametrize(
    "code",
    [
        "import os; os.closerange(3, 4096)",
        "import os, signal; os.kill(os.getppid(), signal.SIGKILL)",
        "import os\nfor fd in range(3, 64):\n    try: os.write(fd, b'x' * 999)\n    except OSError: pass",
        "import os\nfor fd in range(3, 64):\n    try: os.write(fd, b't7fffffff')\n    except OSError: pass",
    ],
)
async def test_a_cell_that_attacks_its_kernel_loses_it_and_no_more(cells: Cells, code: str):
    answer = await cells(code, limit=3)
    assert answer.endswith(DIED)
    assert await cells("1") == "1"


async def test_a_cell_that_stops_what_stands_before_it_is_killed_when_its_time_is_over(cells: Cells):
    answer = await cells("import os, signal; os.kill(os.getppid(), signal.SIGSTOP)", limit=0.5)
    assert answer.startswith("[Execution timed out (0.5 seconds).]")
    assert await cells("1") == "1"


async def test_output_cannot_pass_for_a_frame(cells: Cells):
    key = cells.sandbox._notebook._link._key
    assert key
    forged = key + b"d00000023" + b'{"cell": 1, "died": null, "x": "y"}'
    assert await cells(f"import os; os.write(1, {forged!r}); print('|')") == forged.decode() + "|"
    assert await cells(f"{forged.decode()!r}") == repr(forged.decode())


async def test_a_cell_cannot_open_what_the_relay_answers_through(cells: Cells):
    answer = await cells("import os; open('/proc/%d/fd/1' % os.getppid(), 'wb')")
    assert "PermissionError" in answer


async def test_a_copy_of_the_kernel_that_comes_back_from_its_cell_ends(cells: Cells):
    await cells("import os\nif os.fork() == 0: child = True")
    assert "NameError" in await cells("child")
    assert await cells("1") == "1"


async def test_after_everything_was_killed_the_sandbox_is_lost_or_the_notebook_new(fresh_cells: Cells):
    await fresh_cells("gone = 1")
    try:
        answer = await fresh_cells("!kill -9 -1")
    except SandboxUnavailable:
        return
    assert answer.endswith(DIED)
    assert "NameError" in await fresh_cells("gone")


async def test_a_forgotten_kernel_is_gone_and_the_next_cell_has_a_new_one(cells: Cells):
    await cells("gone = 1")
    await cells.sandbox._notebook.forget()
    assert "NameError" in await cells("gone")


async def test_where_there_is_no_python_there_is_no_answer(fresh):
    await fresh.run(
        "for p in python3 python; do mkdir -p /usr/local/sbin; ln -sf /bin/false /usr/local/sbin/$p; done"
    )
    action = RunIpythonAction(args=RunIpythonArgs(code="1"))
    assert await execute(fresh.sandbox, action, None, fresh.emit) is None
    assert (await fresh.run("echo still here")).content == "still here"


# A real ipykernel


def _with_ipykernel() -> Path | None:
    """The directory of a python3 that has an ipykernel."""
    found = [Path(IPYKERNEL)] if IPYKERNEL else [Path(entry) / "python3" for entry in os.get_exec_path()]
    question = "import ipykernel, jupyter_client"
    for python in found:
        if python.exists() and subprocess.run([python, "-c", question], capture_output=True).returncode == 0:
            return python.parent
    return None


@pytest_asyncio.fixture(loop_scope="module")
async def real(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Cells]:
    directory = await asyncio.to_thread(_with_ipykernel)
    if directory is None:
        pytest.skip("no python3 here has an ipykernel: name one in TRAJTUI_IPYKERNEL_PYTHON")
    monkeypatch.setenv("PATH", f"{directory}:{os.environ['PATH']}")
    chosen = SandboxSettings(limits=Limits(hard=60))
    sandbox = ShellSandbox(LocalMachine(chosen), chosen)
    await sandbox.start(lambda _: None)
    yield Cells(sandbox)
    await sandbox.close()


async def test_a_real_ipykernel_is_used_where_there_is_one(real: Cells):
    assert await real("1 + 1") == "2"
    assert real.emitted == b"2\n"
    assert "ZMQInteractiveShell" in await real("type(get_ipython()).__name__")
    assert await real("print('a', end='')\n'b'") == "a'b'"
    assert await real("x = !echo hi\nx") == "['hi']"
    answer = await real("1 / 0")
    assert answer.startswith(RULE)
    assert answer.endswith("----> 1 1 / 0\n\nZeroDivisionError: division by zero")


async def test_a_real_ipykernel_is_interrupted_and_outlived(real: Cells):
    await real("kept = 1")
    assert await real("import time; time.sleep(60)", limit=0.5) == "[Execution timed out (0.5 seconds).]"
    answer, seconds = await real.interrupted("print('on', flush=True)\ntime.sleep(60)", b"on\n")
    assert "KeyboardInterrupt" in answer
    assert seconds < 10
    assert await real("kept") == "1"
    assert (await real("import os; os._exit(3)")).endswith(f"(exit code 3): {DIED}")
    assert "NameError" in await real("kept")


async def test_a_real_ipykernel_shows_pictures(real: Cells):
    answer = await real.observe(
        f"from IPython.display import Image\nimport base64\nImage(base64.b64decode('{PNG}'))"
    )
    assert answer.content == "<IPython.core.display.Image object>"
    assert answer.extras.image_urls == [f"data:image/png;base64,{PNG}"]
