"""What the model sees: `trajtui show --messages`, and the same on the screen."""

from __future__ import annotations

import json
from pathlib import Path

from program import SAMPLES, trajtui
from screens import opened

DEMO = SAMPLES / "demo.json"


def test_a_place_is_named_and_json_is_whole() -> None:
    done = trajtui("show", DEMO, "--messages", "--at", "9")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("a model, asked before event 9: 10 messages, 6 tools\n")
    told = json.loads(trajtui("show", DEMO, "--messages", "--at", "9", "--json").stdout)
    assert [one["role"] for one in told["messages"]][:4] == ["system", "user", "assistant", "tool"]
    assert (told["model"], told["before"], len(told["tools"])) == (None, "9", 6)


def test_what_goes_with_messages_alone_says_so() -> None:
    done = trajtui("show", DEMO, "--at", "9")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--at and --model go with --messages" in done.stderr
    assert trajtui("show", DEMO, "--messages", "--at", "999").returncode == 2


async def test_it_is_read_on_the_screen_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "demo.json"
    path.write_bytes(DEMO.read_bytes())
    async with opened(path, (80, 24), "recorded") as screen:
        await screen.press("s")
        await screen.settle()
        screen.app.screen.action_act("what_the_model_sees")
        await screen.wait("What the model sees")
        assert "── 1 system" in screen.text
        assert "certain to run off" not in screen.text
        await screen.press("G")
        await screen.wait("str_replace_editor(command, path")
        await screen.press("escape")
        await screen.wait(lambda: "What the model sees" not in screen.text)
        assert not screen.session.trajectory.modified
