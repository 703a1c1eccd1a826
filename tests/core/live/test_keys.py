"""No secret is anywhere: what a live session shows, keeps, writes and sends is searched for each of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from documents import message
from loopback import Answer, Call, Loopback
from program import trajtui
from trajcore import Session, Settings, Trajectory, notices
from trajcore.api import report_of
from trajcore.events.kinds import Service
from trajcore.live.confirming import Confirm
from trajcore.live.model import close_connections
from trajcore.live.modelsettings import ModelSettings
from trajcore.masking import MASK
from trajcore.sandbox.base import SandboxSettings
from trajcore.views.chat import Dialogue
from trajcore.views.event import blocks_for
from trajcore.views.rows import row_line
from trajcore.views.timeline import Timeline

pytestmark = pytest.mark.bubblewrap

KEY = "sk-configured-0123456789abcdef"
TOKEN = "tok-of-the-environment-42"
PASSWORD = "p4ss-of-the-address"
SECRETS = (KEY, TOKEN, PASSWORD)
SPLIT = len(KEY) // 2
PRINTED = "print(open('/workspace/token.txt').read())"
COPIED = "tee copy.txt <token.txt; echo other"


@pytest.fixture(autouse=True)
async def _connections() -> Any:
    yield
    await close_connections()


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """What the model can read: each secret in a file, as it would stand there."""
    directory = tmp_path / "project"
    directory.mkdir()
    (directory / "config.toml").write_text(
        f'[llm]\napi_key = "{KEY}"\nbase_url = "http://me:{PASSWORD}@localhost/v1"\n'
    )
    (directory / "token.txt").write_text(f"{TOKEN}\n")
    (directory / "halves").write_text(f"printf {KEY[:SPLIT]}\nsleep 0.3\nprintf {KEY[SPLIT:]}\n")
    return directory


def bash(command: str) -> Call:
    return Call("execute_bash", {"command": command})


def answers() -> list[Answer]:
    """A model that looks for secrets in every way it has, and a provider that says the key aloud."""
    view = Call("str_replace_editor", {"command": "view", "path": "/workspace/config.toml"})
    edit = {"command": "str_replace", "path": "/workspace/token.txt", "old_str": "no such", "new_str": "x"}
    return [
        Answer(f"Your key is {KEY}.", [bash("cat config.toml; cat token.txt")]),
        Answer(calls=[bash("bash halves")]),
        Answer(status=429, error=f"slow down, {KEY}", headers={"retry-after": "0.01"}),
        Answer(calls=[view, Call("str_replace_editor", edit)]),
        Answer(calls=[bash("cp token.txt copy.txt; cat /workspace/$(cat token.txt)")]),
        Answer(calls=[bash(f"echo {KEY} > stolen.txt")]),
        Answer(calls=[bash("ls stolen.txt; echo checked")]),
        Answer(status=400, error=f"{KEY} of http://me:{PASSWORD}@localhost may not do this"),
    ]


def address(server: Loopback) -> str:
    return server.url.replace("//", f"//me:{PASSWORD}@")


def found_in(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text]


def files_below(*directories: Path) -> Iterator[tuple[Path, str]]:
    for directory in directories:
        for path in directory.rglob("*"):
            if path.is_file():
                yield path, path.read_bytes().decode("utf-8", "replace")


def sent(server: Loopback) -> str:
    return json.dumps(server.bodies, ensure_ascii=False)


def shown(session: Session) -> str:
    """All that a front end shows of a run."""
    timeline = Timeline(session.trajectory, session.run, raw=True)
    rows = [timeline[at] for at in range(len(timeline))]
    texts = [repr(row_line(session, row)) for row in rows]
    texts += [block.text for row in rows for block in blocks_for(session, row)]
    dialogue = Dialogue(session)
    dialogue.refresh()
    texts += [f"{part.block.folded}{part.block.text}" for part in dialogue.parts]
    return "\n".join([*texts, session.summary()])


async def test_a_live_session_shows_keeps_writes_and_sends_no_secret(
    tmp_path: Path, workspace: Path, user_without_settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_TOKEN", TOKEN)
    path, saved = tmp_path / "recording.json", tmp_path / "run.json"
    path.write_text(json.dumps([message(0)]))
    told: list[notices.Notice] = []
    with Loopback(answers()) as server:
        settings = Settings(
            "bubblewrap",
            SandboxSettings(workspace=workspace, track_files=True),
            ModelSettings("openai/loopback", KEY, address(server)),
            confirm=Confirm.NEVER,
            keep_journal=True,
            keep_branches=True,
            checkpoints=4,
        )
        session = Session(Trajectory.open(path), settings)
        session.subscribe(told.append)
        try:
            await session.prepare()
            session.resume()
            await session.idle()
            session.message(f"my key is {KEY}, go")
            await session.idle()
        finally:
            await session.close()
        kept = list(files_below(user_without_settings))
        report = report_of(session, str(path), 0.0, live=True)
        events = [json.loads(entry.raw) for entry in session.run.entries]
        screen, failure = shown(session), str(session.failure)
        await session.save_run(saved)
        requests, count = sent(server), len(server.requests)
    assert count == len(answers())
    output = b"".join(one.data for one in told if isinstance(one, notices.Output)).decode()
    assert "may not do this" in failure
    assert any("branch" in file.name for file, _ in kept), "the branch was not kept"
    for name, text in {
        "requests": requests,
        "output": output,
        "notices": json.dumps([notices.to_data(one) for one in told], ensure_ascii=False),
        "notices as objects": repr(told),
        "screen": screen,
        "run": json.dumps(events, ensure_ascii=False),
        "saved run": saved.read_text(),
        "report": json.dumps(report.to_dict(), ensure_ascii=False),
        "junit": report.junit().decode(),
        "failure": failure,
        **{str(file): text for file, text in kept},
    }.items():
        assert not found_in(text), name
    assert output.count(MASK) >= 5
    assert "checked" in output
    assert "cannot access 'stolen.txt'" in output
    refusals = [one["content"] for one in events if "was not executed" in str(one.get("content"))]
    assert len(refusals) == 1
    assert json.dumps(refusals[0])[1:-1] in requests, "the model was not told"


def test_a_headless_live_run_writes_prints_and_sends_no_secret(
    tmp_path: Path, workspace: Path, user_without_settings: Path
) -> None:
    path, written = tmp_path / "recording.json", tmp_path / "written"
    path.write_text(json.dumps([message(0)]))
    written.mkdir()
    with Loopback(answers()) as server:
        config = tmp_path / "config.toml"
        config.write_text(
            f'[llm]\nmodel = "openai/loopback"\napi_key = "{KEY}"\nbase_url = "{address(server)}"\n'
        )
        done = trajtui(
            "replay", path, "--config", config, "--sandbox", "bubblewrap", "--workspace", workspace,
            "--continue", "--message", f"my key is {KEY}, go", "--confirm", "never", "--debug",
            "--save", written / "run.json", "--report", written / "report.json",
            "--junit", written / "junit.xml", SOME_TOKEN=TOKEN,
        )  # fmt: skip
        requests, count = sent(server), len(server.requests)
    assert count == len(answers()), done.stderr
    assert done.returncode == 1
    assert "may not do this" in done.stderr
    for name, text in {"requests": requests, "stdout": done.stdout, "stderr": done.stderr}.items():
        assert not found_in(text), name
    files = list(files_below(written, user_without_settings))
    assert {"run.json", "report.json", "junit.xml"} <= {file.name for file, _ in files}
    for file, text in files:
        assert not found_in(text), file


def recorded_with_key(path: Path) -> bytes:
    """A recording in which the key stands, and whose steps come out the same here."""
    response = {"id": "r", "choices": [{"message": {"content": f"with {KEY}"}}]}
    call = {"function_name": "execute_bash", "tool_call_id": "c", "model_response": response,
            "total_calls_in_response": 1}  # fmt: skip
    run = {"id": 1, "source": "agent", "action": "run", "args": {"command": f"echo {KEY}; cat token.txt"},
           "tool_call_metadata": call}  # fmt: skip
    content = f"{KEY}\n{KEY}"
    ran = {"id": 2, "source": "agent", "cause": 1, "observation": "run", "content": content,
           "extras": {"command": f"echo {KEY}; cat token.txt", "metadata": {"exit_code": 0}}}  # fmt: skip
    other = {
        "id": 3,
        "source": "agent",
        "action": "run",
        "args": {"command": COPIED},
    }
    answer = {"id": 4, "source": "agent", "cause": 3, "observation": "run", "content": f"{KEY}\nnot that",
              "extras": {"command": COPIED, "metadata": {"exit_code": 0}}}  # fmt: skip
    cells = [
        {"id": id, "source": "agent", "action": "run_ipython", "args": {"code": code}}
        for id, code in ((5, PRINTED), (6, "raise ValueError(open('/workspace/token.txt').read())"))
    ]
    path.write_text(json.dumps([message(0, f"use {KEY}"), run, ran, other, answer, *cells], indent=2))
    return path.read_bytes()


def test_a_key_in_the_recording_stays_in_its_bytes_and_is_shown_nowhere(tmp_path: Path) -> None:
    path, place, written = tmp_path / "recording.json", tmp_path / "place", tmp_path / "written"
    place.mkdir()
    written.mkdir()
    (place / "token.txt").write_text(f"{KEY}\n")
    before = recorded_with_key(path)
    with Loopback([Answer("I see.")]) as server:
        done = trajtui(
            "replay", path, "--sandbox", "bubblewrap", "--workspace", place, "--save", written / "run.json",
            "--report", written / "report.json", "--junit", written / "junit.xml",
            "--continue", "--message", "go", LLM_API_KEY=KEY, LLM_MODEL="openai/x", LLM_BASE_URL=server.url,
        )  # fmt: skip
        requests = sent(server)
    assert done.returncode == 0, done.stderr
    assert MASK in requests
    assert not found_in(requests)
    steps = json.loads((written / "report.json").read_text())["steps"]
    assert [step["status"] for step in steps] == ["matched", "diverged", "matched", "matched"]
    assert [step["match"] for step in steps] == ["equal", None, None, None]
    shown = [trajtui("show", path, *more, LLM_API_KEY=KEY) for more in ([], ["--json"], ["--check"])]
    for text in (
        done.stdout, done.stderr, (written / "report.json").read_text(), (written / "junit.xml").read_text(),
        *(one.stdout + one.stderr for one in shown),
    ):  # fmt: skip
        assert not found_in(text)
    assert f"+{MASK}" in (written / "report.json").read_text()
    assert MASK in shown[0].stdout
    assert MASK in shown[1].stdout
    run = json.loads((written / "run.json").read_text())
    assert run[0]["args"]["content"] == f"use {KEY}"
    commands = [event["args"]["command"] for event in run if event.get("action") == "run"]
    assert commands == [f"echo {KEY}; cat token.txt", COPIED]
    printed, raised = (event["content"] for event in run if event.get("observation") == "run_ipython")
    assert printed.startswith(MASK)
    assert f"ValueError: {MASK}" in raised
    answers = [event for event in run if event.get("observation") in ("run", "run_ipython")]
    assert [answer["content"] for answer in answers[:2]] == [f"{MASK}\n{MASK}", f"{MASK}\nother"]
    assert not found_in(json.dumps(answers))
    copy = tmp_path / "copy.json"
    assert trajtui("edit", path, "-o", copy, LLM_API_KEY=KEY).returncode == 0
    assert copy.read_bytes() == before


async def test_what_is_served_of_a_recording_is_shown_without_the_key(tmp_path: Path) -> None:
    path = tmp_path / "recording.json"
    recorded_with_key(path)
    told: list[notices.Notice] = []
    settings = Settings("recorded", model=ModelSettings("openai/x", KEY))
    session = Session(Trajectory.open(path), settings)
    session.subscribe(told.append)
    session.serve(1, Service.RECORDED)
    await session.prepare()
    session.resume()
    await session.idle()
    await session.close()
    output = b"".join(one.data for one in told if isinstance(one, notices.Output)).decode()
    assert output.count(MASK) == 3
    assert not found_in(output + shown(session))
    assert not found_in(json.dumps([notices.to_data(one) for one in told]))
    assert KEY in json.dumps([json.loads(entry.raw) for entry in session.run.entries])


@pytest.mark.parametrize("command", ["config", "doctor"])
def test_no_account_of_an_address_is_shown_with_the_settings(tmp_path: Path, command: str) -> None:
    config = tmp_path / "config.toml"
    url = f"https://me:{PASSWORD}@host/v1"
    config.write_text(f'[llm]\nmodel = "huggingface/{url}"\nbase_url = "{url}"\n')
    done = trajtui(command, "--config", config, DOCKER_HOST=f"tcp://me:{PASSWORD}@127.0.0.1:1")
    assert f"https://{MASK}@host/v1" in done.stdout
    assert not found_in(done.stdout + done.stderr)


def test_no_account_of_an_address_is_in_an_error(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f'[sandbox]\ntimeout = "https://me:{PASSWORD}@host"\n')
    done = trajtui("config", directory=tmp_path)
    assert done.returncode == 2
    assert f"https://{MASK}@host" in done.stderr
    assert not found_in(done.stdout + done.stderr)
