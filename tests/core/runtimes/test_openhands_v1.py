"""OpenHands V1's runtime: what its terminal, its editor and its other tools answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from trajcore.events.actions import (
    ApplyPatchAction,
    ApplyPatchArgs,
    EditAction,
    EditArgs,
    FindFilesAction,
    FindFilesArgs,
    ReadAction,
    ReadArgs,
    RunAction,
    RunArgs,
    SearchFilesAction,
    SearchFilesArgs,
    WriteAction,
    WriteArgs,
)
from trajcore.events.base import Action, Observation
from trajcore.events.observations import EditExtras, EditObservation, RunExtras, RunObservation
from trajcore.runtimes.openhands_v1.patching import PatchError, changes_of
from trajcore.runtimes.openhands_v1.runtime import OpenHandsV1Runtime
from trajcore.runtimes.openhands_v1.terminal import clipped
from trajcore.runtimes.openhands_v1.typed import escaped, refusal, several
from trajcore.sandbox.base import Limits

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.in_turns]

NO_PROGRAM = "No previous running command to interact with."
RESET = "Terminal session has been reset."
ENDED = "The terminal session was reset because"


@dataclass
class Agent:
    """One conversation in a world."""

    world: Any
    runtime: OpenHandsV1Runtime

    @property
    def home(self) -> str:
        return str(self.world.home)

    async def does(self, action: Action, recorded: Observation | None = None) -> Observation:
        found = await self.runtime.carry_out(
            action, recorded, self.world.sandbox, Limits(no_change=0.7, hard=20.0), self.world.emit
        )
        assert found.observation is not None
        return found.observation

    async def runs(
        self, command: str, recorded: Observation | None = None, limit: float | None = None, **args: Any
    ) -> RunObservation:
        given = RunArgs.model_validate({"command": command, **args})
        found = await self.does(RunAction(args=given, timeout=limit), recorded)
        assert isinstance(found, RunObservation)
        return found

    async def edits(self, command: str, name: str, **args: Any) -> Observation:
        given = EditArgs(command=command, path=f"{self.home}/{name}", **args)
        return await self.does(EditAction(args=given))

    async def views(self, path: str, recorded: Observation | None = None, **args: Any) -> Observation:
        return await self.does(ReadAction(args=ReadArgs(path=path, impl_source="oh_aci", **args)), recorded)


@pytest_asyncio.fixture(loop_scope="module")
async def agent(world):
    """A conversation in a shell that is as at the start, in a directory without files."""
    made = Agent(world, OpenHandsV1Runtime())
    await world.sandbox.new_shell()
    await world.run(f"find {world.home} -mindepth 1 -delete")
    return made


def said(content: str, suffix: str = "", exit_code: int = -1, **fields: Any) -> RunObservation:
    """What was recorded of a command."""
    metadata = {"exit_code": exit_code, "suffix": suffix}
    extras = RunExtras.model_validate({"command": "", "metadata": metadata, **fields})
    return RunObservation(content=content, extras=extras)


def failed(observation: Observation) -> bool:
    return getattr(observation.extras, "is_error", None) is True


# What is typed


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("echo a\necho b", 2),
        ("cat <<'EOF' > h && cat h\nline1\nEOF", 1),
        ("cat <<'EOF' > h\nline1\nEOF\ncat h", 2),
        ("cat <<-X\n\ta\n\tX\nls", 2),
        ("for i in 1 2; do\n  echo $i\ndone", 1),
        ("if a; then\n b\nelse\n c\nfi\necho x", 2),
        ("f() {\n echo a\n}\nf", 2),
        ("case x in\n a) echo 1;;\nesac", 1),
        ("a &&\nb", 1),
        ("a |\nb", 1),
        ("a \\\n b", 1),
        ("# said\necho a", 1),
        ('x="$(cat <<E\na\nE\n)"\nls', 2),
        ("echo 'open\nls", 1),
        ('python3 -c "\nfor i in range(3): print(i)"', 1),
        ("(cd a\n ls)\nls", 2),
    ],
)
async def test_commands_on_lines_of_their_own_are_told_apart(text: str, count: int) -> None:
    assert len(several(text)) == count


async def test_several_commands_and_lists_are_not_typed() -> None:
    assert refusal("echo a\necho b").endswith("Provided commands:\n(1) echo a\n(2) echo b")
    assert refusal('[{"a": 1}]').startswith("[Tool-argument error]")
    assert not refusal("[ -f x ]")
    assert not refusal("echo a; echo b")


@pytest.mark.parametrize(
    ("command", "in_tmux", "raw"),
    [
        (r"find . -exec a {} \; && b", r"find . -exec a {} \\; && b", r"find . -exec a {} \\; && b"),
        (r"find . -exec a {} \;", r"find . -exec a {} \;", r"find . -exec a {} \\;"),
        (r"grep a\|b f", r"grep a\\|b f", r"grep a\\|b f"),
        (r"echo 'a\;b' $(echo \;) # \;", r"echo 'a\;b' $(echo \;) # \;", r"echo 'a\;b' $(echo \;) # \;"),
        ("echo a;", "echo a", "echo a;"),
        (r"echo 'open \;", r"echo 'open \;", r"echo 'open \;"),
    ],
)
async def test_what_is_escaped_is_escaped_once_more(command: str, in_tmux: str, raw: str) -> None:
    assert (escaped(command, raw=False), escaped(command, raw=True)) == (in_tmux, raw)


async def test_long_output_loses_its_middle_and_is_as_long_as_it_may_be() -> None:
    text = clipped("a" * 20_000 + "b" * 20_000)
    assert len(text) == 30_000
    assert (text[0], text[-1]) == ("a", "b")
    assert clipped("a" * 30_000) == "a" * 30_000


# The terminal


async def test_a_command_that_ends(agent: Agent) -> None:
    found = await agent.runs("mkdir -p d && cd d && echo hi; (exit 7)")
    metadata = found.extras.metadata
    assert (found.content, metadata.exit_code, metadata.working_dir) == ("hi", 7, f"{agent.home}/d")
    assert metadata.suffix == "\n[The command completed with exit code 7.]"
    assert not failed(found)


async def test_a_pool_interrupts_what_still_runs_and_lets_nobody_type_into_it(agent: Agent) -> None:
    soft = "\n[The command has no new output after 3 seconds. …]"
    first = await agent.runs("echo start; sleep 60", said("start", soft))
    assert first.content == "start"
    assert first.extras.metadata.exit_code == -1
    assert "no new output after 3 seconds" in first.extras.metadata.suffix
    assert "in terminal for future" in first.extras.metadata.suffix
    typed = await agent.runs("x", said(NO_PROGRAM, is_error=True), is_input=True)
    assert (typed.content, failed(typed)) == (NO_PROGRAM, True)
    assert (await agent.runs("echo other", said("other", exit_code=0))).content == "other"


async def test_where_it_is_kept_the_next_command_is_not_carried_out(agent: Agent) -> None:
    await agent.runs("read -r word; echo got $word")
    refused = await agent.runs("touch never", said("", '\n[Your command "touch never" is NOT executed.'))
    assert failed(refused)
    assert '[Your command "touch never" is NOT executed.' in refused.extras.metadata.suffix
    ended = await agent.runs("it", said("got it", exit_code=0), is_input=True)
    assert (ended.content.split()[-2:], ended.extras.metadata.prefix) == (["got", "it"], "")
    assert (await agent.runs("ls -1")).content == ""


async def test_nothing_to_type_into(agent: Agent) -> None:
    assert (await agent.runs("")).content == "No previous running command to retrieve logs from."
    assert (await agent.runs("C-c", is_input=True)).content == NO_PROGRAM


async def test_several_commands_are_refused_unless_they_were_carried_out_then(agent: Agent) -> None:
    refused = await agent.runs("touch a\ntouch b")
    assert failed(refused)
    assert refused.content.startswith("Cannot execute multiple commands at once.")
    assert (await agent.runs("ls -1")).content == ""
    await agent.runs("touch a\ntouch b", said("", exit_code=0))
    assert (await agent.runs("ls -1")).content == "a\nb"


async def test_a_limit_of_its_own_ends_the_wait(agent: Agent) -> None:
    found = await agent.runs("echo 1; sleep 1.2; echo 2; sleep 30", limit=2.0)
    assert found.content == "1\n2"
    assert "The command timed out after 2 seconds." in found.extras.metadata.suffix


async def test_a_reset_begins_anew_where_the_conversation_did(agent: Agent) -> None:
    await agent.runs("export KNOWN=1; cd /; sleep 60")
    found = await agent.runs("pwd; echo ${KNOWN-unknown}", reset=True)
    assert found.content.startswith(RESET)
    assert found.content.endswith(f"\n\n{agent.home}\nunknown")
    assert (await agent.runs("", reset=True)).content.startswith(RESET)
    wrong = await agent.does(
        RunAction(args=RunArgs.model_validate({"command": "x", "is_input": True, "reset": True}))
    )
    assert "Cannot use reset=True with is_input=True" in wrong.content


async def test_a_reset_ends_what_cannot_be_interrupted(agent: Agent) -> None:
    await agent.runs("trap '' INT HUP; while :; do sleep 0.05; done")
    assert (await agent.runs("echo $?; jobs", reset=True)).content.endswith("\n\n0")


async def test_a_reset_ends_the_shell_and_no_copy_that_it_has_just_made_of_itself(agent: Agent) -> None:
    """What a shell has forked is called as it is until it becomes another program."""
    for _ in range(3):
        await agent.runs("trap '' INT HUP; while :; do (read -t 0.05 <> <(:)); done")
        assert (await agent.runs("echo $?; jobs", reset=True)).content.endswith("\n\n0")


async def test_a_command_that_ends_its_shell(agent: Agent) -> None:
    found = await agent.runs("cd /; exit 3")
    assert found.content.startswith(ENDED)
    assert (found.extras.metadata.exit_code, failed(found)) == (-1, True)
    assert (await agent.runs("pwd")).content == agent.home


async def test_a_kept_terminal_whose_shell_has_ended_answers_no_more_until_it_is_reset(agent: Agent) -> None:
    soft = "\n[The command has no new output after 3 seconds. …]"
    assert (await agent.runs("exit 3", said("", soft))).content == ""
    assert "NOT executed" in (await agent.runs("echo alive")).extras.metadata.suffix
    await agent.runs("", reset=True)
    assert (await agent.runs("echo alive")).content == "alive"


async def test_what_is_typed_instead_is_left_in_the_output(agent: Agent) -> None:
    found = await agent.runs(r"echo a\|cat")
    assert found.content.split("\n")[0] == r"echo a\\|cat"
    quiet = await agent.runs(r"echo a\|cat", said("bash: …", exit_code=127))
    assert not quiet.content.startswith("echo")


# Files


async def test_the_editor_words_what_it_does(agent: Agent) -> None:
    path = f"{agent.home}/f.py"
    made = await agent.edits("create", "f.py", file_text="one\ntwo\n")
    assert made.content == f"File created successfully at: {path}"
    again = await agent.edits("create", "f.py", file_text="x")
    assert failed(again)
    assert again.content.startswith("Invalid `path` parameter: ")
    changed = await agent.edits("str_replace", "f.py", old_str="two", new_str="2")
    assert "     2\t2\nReview the changes" in changed.content
    assert (changed.extras.old_content, changed.extras.new_content) == ("one\ntwo\n", "one\n2\n")
    put = await agent.edits("insert", "f.py", insert_line=0, new_str="zero")
    assert "     3\t2\nReview the changes" in put.content
    assert (await agent.edits("undo_edit", "f.py")).content.endswith("     2\t2\n")
    assert (await agent.views(path)).content.endswith("     1\tone\n     2\t2\n")
    missing = await agent.edits("str_replace", "f.py", old_str="gone", new_str="y")
    assert (
        missing.content == f"No replacement was performed, old_str `gone` did not appear verbatim in {path}."
    )
    meant = await agent.views("f.py")
    assert failed(meant)
    assert meant.content.endswith(f"Maybe you meant {path}?")


async def test_an_older_editor_numbers_what_stands_behind_the_last_line(agent: Agent) -> None:
    await agent.edits("create", "f.py", file_text="one\n")
    path = f"{agent.home}/f.py"
    old = f"Here's the result of running `cat -n` on {path}:\n     1\tone\n     2\t\n"
    assert (await agent.views(path, said(old))).content == old
    recorded = EditObservation(
        content="…\n     2\t\nReview the changes", extras=EditExtras(path=path, new_content="1\n")
    )
    given = EditArgs(command="str_replace", path=path, old_str="one", new_str="1")
    changed = await agent.does(EditAction(args=given), recorded)
    assert "     2\t\nReview the changes" in changed.content


async def test_a_picture_is_shown(agent: Agent) -> None:
    await agent.world.sandbox.files.write(f"{agent.home}/dot.png", b"\x89PNG\r\n\x1a\nx")
    found = await agent.views(f"{agent.home}/dot.png")
    assert found.content == f"Image file {agent.home}/dot.png read successfully. Displaying image content."
    assert found.extras.image_urls[0].startswith("data:image/png;base64,")


async def test_files_are_found_by_their_names(agent: Agent) -> None:
    await agent.runs(
        "mkdir -p src/.h; touch -d @1 src/a.py; touch -d @2 b.py; touch src/.h/c.py x.txt 'd e.py'"
    )
    for pattern, names in (
        ("**/*.py", ["d e.py", "b.py", "src/a.py"]),
        ("*.py", ["d e.py", "b.py", "src/a.py"]),
        (f"{agent.home}/src/*.py", ["src/a.py"]),
        ("*.zzz", []),
    ):
        found = await agent.does(FindFilesAction(args=FindFilesArgs(pattern=pattern)))
        assert found.extras.files == [f"{agent.home}/{name}" for name in names]
    assert found.content == f"No files found matching pattern '*.zzz' in directory '{agent.home}'"
    wrong = await agent.does(FindFilesAction(args=FindFilesArgs(pattern="*", path="nowhere")))
    assert failed(wrong)


async def test_files_are_found_by_what_is_in_them(agent: Agent) -> None:
    await agent.runs("echo 'def Alpha()' > a.py; echo 'def alpha()' > a.txt; echo no > b.py")
    found = await agent.does(SearchFilesAction(args=SearchFilesArgs(pattern="def .*a", include="*.py")))
    assert found.content == (
        f"Found 1 file(s) containing pattern 'def .*a' in '{agent.home}' (filtered by '*.py'):\n"
        f"{agent.home}/a.py"
    )
    wrong = await agent.does(SearchFilesAction(args=SearchFilesArgs(pattern="(")))
    assert failed(wrong)
    assert wrong.content.startswith("Invalid regex pattern: missing ), unterminated subpattern")


PATCH = """*** Begin Patch
*** Update File: a.py
*** Move to: new/b.py
@@ def two():
-    return 1
+    return 2
*** Add File: c.py
+x = 3
*** Delete File: d.py
*** End Patch
"""
BEFORE = "def one():\n    return 1\ndef two():\n    return 1\n"


async def test_a_patch_changes_adds_moves_and_deletes(agent: Agent) -> None:
    files = agent.world.sandbox.files
    await files.write(f"{agent.home}/a.py", BEFORE.encode())
    await files.write(f"{agent.home}/d.py", b"gone\n")
    found = await agent.does(ApplyPatchAction(args=ApplyPatchArgs(patch=PATCH)))
    assert (found.content, failed(found)) == ("Done!", False)
    assert (await agent.runs("find . -type f | sort; cat new/b.py c.py")).content == (
        "./c.py\n./new/b.py\ndef one():\n    return 1\ndef two():\n    return 2\nx = 3"
    )
    assert found.extras.commit["changes"]["d.py"] == {"type": "delete", "old_content": "gone\n"}


async def test_a_patch_that_does_not_fit_changes_nothing(agent: Agent) -> None:
    missing = await agent.does(ApplyPatchAction(args=ApplyPatchArgs(patch=PATCH)))
    assert failed(missing)
    assert missing.content == "Delete File Error: Missing File: a.py"
    outside = PATCH.replace("Add File: c.py", "Add File: ../c.py")
    await agent.world.sandbox.files.write(f"{agent.home}/a.py", BEFORE.encode())
    await agent.world.sandbox.files.write(f"{agent.home}/d.py", b"")
    found = await agent.does(ApplyPatchAction(args=ApplyPatchArgs(patch=outside)))
    assert found.content == "Absolute or escaping paths are not allowed"
    assert (await agent.runs("ls -1")).content == "a.py\nd.py"


async def test_lines_are_found_though_blanks_differ_and_at_the_end_of_a_file() -> None:
    head = "*** Begin Patch\n*** Update File: a\n"
    texts = {"a": "x\n  y \nx\nend\n"}
    changes, fuzz = changes_of(f"{head}@@\n x\n-  y\n+  z\n*** End Patch", texts)
    assert (changes["a"].after, fuzz) == ("x\n  z\nx\nend\n", 1)
    with pytest.raises(PatchError, match="Invalid Context 0:\nnope"):
        changes_of(f"{head}@@\n-nope\n*** End Patch", texts)
    with pytest.raises(PatchError, match="Invalid patch text"):
        changes_of(head, texts)


async def test_the_file_tools_of_gemini(agent: Agent) -> None:
    path = f"{agent.home}/a.txt"
    made = await agent.does(WriteAction(args=WriteArgs(path="a.txt", content="one\ntwo\nthree\n")))
    assert made.content == f"Created file: {path}"
    part = await agent.does(
        ReadAction(args=ReadArgs.model_validate({"path": "a.txt", "offset": 1, "limit": 1}))
    )
    assert part.content == (
        f"Read file: {path} (showing lines 2-2 of 3) "
        "To read more, use: read_file(file_path='a.txt', offset=2, limit=1)\n\n     2  two\n"
    )
    for old, told in (
        ("two", f"Successfully edited {path} (1 replacement(s))"),
        ("nope", f"Error: Could not find the string to replace. 0 occurrences found in {path}. "),
    ):
        given = {"path": "a.txt", "command": "str_replace", "old_str": old, "new_str": "2"}
        action = EditAction(args=EditArgs.model_validate({**given, "expected_replacements": 1}))
        assert (await agent.does(action)).content.startswith(told)
    listed = await agent.does(ReadAction(args=ReadArgs.model_validate({"path": ".", "recursive": True})))
    assert listed.content == f"Listed directory: {agent.home} (1 entries)"
    assert (await agent.runs("cat a.txt")).content == "one\n2\nthree"


async def test_what_it_remembers_comes_back_with_a_checkpoint(agent: Agent) -> None:
    await agent.edits("create", "f", file_text="one\n")
    await agent.edits("str_replace", "f", old_str="one", new_str="1")
    kept = agent.runtime.memory()
    await agent.edits("undo_edit", "f")
    agent.runtime.recall(kept)
    assert not failed(await agent.edits("undo_edit", "f"))
    agent.runtime.recall(None)
    assert (await agent.edits("undo_edit", "f")).content.startswith("No edit history found")
