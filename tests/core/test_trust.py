"""What a config.toml that merely lies there may do, key by key; what the user has said of it is kept."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

import trajcore
from documents import message, ran, run
from program import write
from trajcore import trust
from trajcore.config import Config, config_directory, load, set_config, trust_config, untrust_config
from trajcore.errors import BadInput
from trajcore.options import KEYS, Reach
from trajcore.trust import Origin

HERE = Path("config.toml")
EVIL = "http://127.0.0.1:9"


def left(config: Config) -> list[str]:
    return [one.setting.key.name for one in config.left_out]


def lying(text: str, environment: dict[str, str] | None = None, **options: Any) -> Config:
    HERE.write_text(text)
    return load(None, options, environment or {})


REACHING: dict[str, tuple[str, ...]] = {
    "replay_trajectory_path": ("'../x.json'", "'/etc/passwd'", "'~/x.json'", "'link/x'", "'\\u0000'"),
    "save_trajectory_path": ("'../x.json'", "'~'", "'link/x.json'"),
    "workspace_base": ("'..'", "'~'", "'/'", "'link'", "'inside/../..'"),
    "use_host_network": ("true", "1", "'yes'"),
    "kind": ("'local'",),
    "mount": ("true",),
    "container": ("'db'",),
    "memory": ("'900000g'",),
    "pids": ("100000",),
    "normalise": ("['x']",),
    "base_url": (f"'{EVIL}'",),
    "model": (f"'huggingface/{EVIL}'",),
}
"""Values of each setting that reach further than a file that is not trusted may."""

HARMLESS: dict[str, str] = {
    "replay_trajectory_path": "'x.json'",
    "save_trajectory_path": "'inside/x.json'",
    "workspace_base": "'inside'",
    "max_iterations": "30",
    "model": "'anthropic/x'",
    "api_key": "'theirs'",
    "temperature": "0.5",
    "base_container_image": "'image'",
    "timeout": "60",
    "use_host_network": "false",
    "kind": "'bubblewrap'",
    "mount": "false",
    "memory": "'64m'",
    "cpus": "1.5",
    "pids": "100",
    "normalise": "[]",
    "checkpoints": "3",
    "patience": "5",
}


@pytest.fixture(autouse=True)
def here(user_without_settings: Path) -> Path:
    Path("inside").mkdir()
    Path("link").symlink_to(user_without_settings)
    return Path.cwd()


def toml(name: str, value: str) -> str:
    value = value.replace("'\\u0000'", '"\\u0000"')
    section = next(key.section for key in KEYS if key.name == name)
    return f"[{section}]\n{name} = {value}\n"


def test_each_setting_that_reaches_further_has_values_here() -> None:
    assert {key.name for key in KEYS if key.reach is not Reach.NOWHERE} == set(REACHING)
    assert {key.name for key in KEYS} == set(HARMLESS) | {"container", "base_url"}


@pytest.mark.parametrize(("name", "value"), [(name, one) for name, all in REACHING.items() for one in all])
def test_what_reaches_further_is_left_out_until_the_file_is_trusted(name: str, value: str) -> None:
    found = lying(toml(name, value))
    key = found.settings[name].key
    assert left(found) == [name]
    assert found.get(name) == key.default
    (line,) = found.warnings
    assert line.startswith(f"config.toml is not trusted: {name} = ")
    assert "trajtui config trust" in line
    assert "\n" not in line
    for trusted in (load(HERE, {}, {}), load(None, {}, {}, accepted=found.digest)):
        assert trusted.left_out == []
        assert trusted.get(name) != key.default
    trust_config(HERE)
    assert load(environment={}).get(name) != key.default


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_harmless_applies(name: str) -> None:
    found = lying(toml(name, HARMLESS[name]))
    assert found.left_out == []
    assert found.settings[name].origin == "config.toml"


def test_what_is_typed_or_in_the_environment_is_the_users_own() -> None:
    text = "[sandbox]\nkind = 'local'\nuse_host_network = true\n"
    found = lying(text, {"TRAJTUI_SANDBOX": "local"}, use_host_network=True)
    assert (found.left_out, found.get("kind"), found.get("use_host_network")) == ([], "local", True)


def test_the_users_own_file_is_trusted_also_through_a_link() -> None:
    own = config_directory() / "config.toml"
    own.parent.mkdir(parents=True)
    own.write_text("[sandbox]\nuse_host_network = true\n")
    assert load(environment={}).get("use_host_network") is True
    HERE.symlink_to(own)
    found = load(environment={})
    assert (found.get("use_host_network"), found.source) == (True, Origin.OWN)


THEIRS = f"[llm]\nbase_url = '{EVIL}'\napi_key = 'theirs'\n"
OURS = {"LLM_API_KEY": "sk-ours"}
LOCAL = {**OURS, "LLM_BASE_URL": "http://localhost:1"}


@pytest.mark.parametrize(
    ("text", "environment", "options", "expected"),
    [
        # A key of theirs goes to an address of theirs, where it alone is sent.
        (THEIRS + "model = 'openai/x'", {}, {}, []),
        (THEIRS, {"LLM_MODEL": "openai/x"}, {}, []),
        (THEIRS, {}, {"model": "openai/x"}, []),
        # Others may send what the library finds in the environment or on the disk.
        (THEIRS, {}, {}, ["base_url"]),
        (THEIRS + "model = 'vertex_ai/x'", {}, {}, ["base_url"]),
        (THEIRS, {}, {"model": "bedrock/x"}, ["base_url"]),
        (THEIRS + "model = 'gemini-pro'", {}, {}, ["base_url"]),
        # A key of the user's goes where the user says.
        (THEIRS + "model = 'openai/x'", OURS, {}, ["model", "base_url"]),
        (THEIRS, OURS, {"model": "openai/x"}, ["base_url"]),
        (f"[llm]\nbase_url = '{EVIL}'", {}, {"model": "openai/x", "api_key": "sk"}, ["base_url"]),
        ("[llm]\nmodel = 'deepseek/x'", OURS, {}, ["model"]),
        ("[llm]\nmodel = 'deepseek/x'", LOCAL, {}, ["model"]),
        ("[llm]\nmodel = 'openai/x'", LOCAL, {}, []),
        # Nobody's key is in it.
        ("[llm]\nmodel = 'anthropic/x'", {}, {}, []),
        (f"[llm]\nmodel = 'huggingface/{EVIL}'\napi_key = 'theirs'", {}, {}, ["model"]),
        ("[llm]\napi_key = 'theirs'", {"LLM_BASE_URL": "http://localhost:1"}, {}, []),
    ],
)
def test_a_key_goes_to_an_address_that_is_trusted_as_much(
    text: str, environment: dict[str, str], options: dict[str, str], expected: list[str]
) -> None:
    assert left(lying(text, environment, **options)) == expected


def test_no_key_is_in_a_warning() -> None:
    found = lying(THEIRS + "model = 'openai/x'\n", {"LLM_API_KEY": "sk-verysecret"})
    assert found.warnings
    assert "verysecret" not in str(found.warnings) + repr(found.settings)


# What the user says


def test_what_is_said_is_private_and_of_this_path_and_content(user_without_settings: Path) -> None:
    HERE.write_text("[trajtui]\ncontainer = 'db'\n")
    trust_config(HERE)
    (record,) = (user_without_settings / "state").rglob("trust/*")
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    assert stat.S_IMODE(record.parent.stat().st_mode) == 0o700
    assert load(environment={}).source is Origin.TRUSTED
    elsewhere = Path("inside")
    (elsewhere / "config.toml").write_bytes(HERE.read_bytes())
    os.chdir(elsewhere)
    assert load(environment={}).source is Origin.HERE  # a copy is another file
    HERE.unlink()
    HERE.symlink_to("../config.toml")
    assert load(environment={}).source is Origin.TRUSTED  # a link is not
    HERE.write_text("[trajtui]\ncontainer = 'other'\n")
    assert load(environment={}).source is Origin.HERE
    assert untrust_config(HERE)
    assert not untrust_config(HERE)


@pytest.mark.parametrize("damage", ["", "{", "[]", "null", '{"path": 1}', "\xff"])
def test_a_damaged_record_is_no_trust(user_without_settings: Path, damage: str) -> None:
    HERE.write_text("[trajtui]\ncontainer = 'db'\n")
    trust_config(HERE)
    (record,) = (user_without_settings / "state").rglob("trust/*")
    said = json.loads(record.read_text())
    for text in (damage, json.dumps({**said, "path": "/elsewhere"}), json.dumps({**said, "answer": "maybe"})):
        record.write_text(text, encoding="latin-1")
        assert load(environment={}).source is Origin.HERE


def test_what_cannot_be_trusted_is_refused() -> None:
    with pytest.raises(BadInput, match="no such config file"):
        trust_config(HERE)
    HERE.write_text("[core")
    with pytest.raises(BadInput, match="TOML"):
        trust_config(HERE)


def test_a_setting_that_is_changed_keeps_the_trust_there_was() -> None:
    for trusted in (False, True):
        HERE.write_text("[trajtui]\ncontainer = 'db'\n")
        if trusted:
            trust_config(HERE)
        set_config("max_iterations", "3", HERE)
        assert (load(environment={}).source is Origin.TRUSTED) is trusted


@pytest.mark.parametrize("text", ["x = " + "[" * 100_000, "# " + "x" * (2 << 20)], ids=["deep", "large"])
def test_a_file_that_is_made_to_choke_on_is_refused_in_a_line(text: str) -> None:
    HERE.write_text(text)
    with pytest.raises(BadInput, match=r"config\.toml"):
        load(environment={})


def test_a_home_that_is_nobodys_is_an_ordinary_name() -> None:
    found = lying("[core]\nworkspace_base = '~nosuchuser/x'\n")
    with pytest.raises(BadInput, match="no such directory"):
        trajcore.settings_from(found, {})


# The question of the screen, and Python


def test_it_is_asked_once_of_a_file_as_it_is() -> None:
    from trajcore.views import trusting

    config = lying("[trajtui]\ncontainer = 'db\\u001b'\n".replace("'", '"'))
    asked = trusting.question(config)
    assert asked is not None
    assert next(iter(asked.answers)) == trusting.WITHOUT
    assert "container = db" in asked.text
    assert "\x1b" not in asked.text
    assert trusting.settled(config, {}, trusting.ONCE).get("container") == "db\x1b"
    assert trusting.question(load(environment={})) is not None
    assert left(trusting.settled(config, {}, trusting.WITHOUT)) == ["container"]
    assert trusting.question(load(environment={})) is None
    assert left(load(environment={})) == ["container"]
    assert trusting.question(lying("[trajtui]\ncontainer = 'other'\n")) is not None
    config = load(environment={})
    assert trusting.settled(config, {}, trusting.TRUST).get("container") == "other"
    assert load(environment={}).get("container") == "other"


def test_an_answer_is_for_what_was_shown() -> None:
    from trajcore.views import trusting

    config = lying("[trajtui]\ncontainer = 'db'\n")
    HERE.write_text("[sandbox]\nkind = 'local'\n")
    for answer in (trusting.ONCE, trusting.TRUST):
        assert left(trusting.settled(config, {}, answer)) == ["kind"]


def test_python_has_the_same_rules_and_is_told(tmp_path: Path) -> None:
    recording = write(tmp_path / "x.json", [message(0, "go"), run(1, "true"), ran(2, 1, "")])
    HERE.write_text("[core]\nsave_trajectory_path = '../out.json'\n[sandbox]\nuse_host_network = true\n")
    heard: list[str] = []

    def listen(notice: trajcore.notices.Notice) -> None:
        if isinstance(notice, trajcore.notices.Said) and notice.severity == "warning":
            heard.append(notice.text)

    trajcore.replay(recording, sandbox="recorded", on_notice=listen)
    assert [line.split(" = ")[0].split()[-1] for line in heard] == [
        "save_trajectory_path",
        "use_host_network",
    ]
    assert not Path("../out.json").exists()
    heard.clear()
    trajcore.replay(recording, sandbox="recorded", on_notice=listen, config=HERE)
    assert heard == []
    assert Path("../out.json").exists()


def test_every_way_of_trust_is_in_the_table() -> None:
    assert [origin for origin in Origin if not origin.trust] == [Origin.HERE]
    assert trust.TRUSTED != trust.DECLINED
