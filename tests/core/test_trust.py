"""What a config.toml that merely lies there may do, key by key; what the user has said of it is kept."""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path
from typing import Any

import pytest

import trajcore
from documents import message, ran, run
from program import write
from trajcore import trust
from trajcore.config import Config, config_directory, load, set_config, trust_config, untrust_config
from trajcore.dialects.openhands_v0.tools import TOOL_MAP
from trajcore.errors import BadInput
from trajcore.options import KEYS, OPTIONS, Key, Reach
from trajcore.trust import Origin

HERE = Path("config.toml")
HUGE = "9" * 400
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
    "pids": ("100000", "4097"),
    "checkpoints": ("25", "1000000000000"),
    "checkpoint_bytes": ("1", "1000000000000"),
    "checkpoint_files": ("200001",),
    "normalise": ("['x']",),
    "confirm": ("'never'", "'x'"),
    "keys": ("{step = 'q'}",),
    "base_url": (f"'{EVIL}'",),
    "model": (f"'huggingface/{EVIL}'",),
    "ollama_base_url": (f"'{EVIL}'",),
    "completion_kwargs": (f"{{api_base = '{EVIL}'}}",),
    "custom_llm_provider": ("'openai'",),
}  # fmt: skip
"""Values of each setting that reach further than a file that is not trusted may."""

OF_REQUESTS = (
    "max_input_tokens", "top_p", "top_k", "seed", "reasoning_effort", "api_version", "aws_region_name",
    "openrouter_site_url", "openrouter_app_name", "model_timeout", "num_retries", "retry_multiplier",
    "retry_min_wait", "retry_max_wait", "input_cost_per_token", "output_cost_per_token",
)  # fmt: skip

HARMLESS: dict[str, str] = {
    "replay_trajectory_path": "'x.json'",
    "save_trajectory_path": "'inside/x.json'",
    "workspace_base": "'inside'",
    "max_iterations": "30",
    "enable_cmd": "false",
    "enable_jupyter": "false",
    "enable_editor": "false",
    "enable_think": "false",
    "enable_plan_mode": "false",
    "enable_finish": "false",
    "model": "'anthropic/x'",
    "api_key": "'theirs'",
    "max_budget_per_task": "2.5",
    "max_time": "'5m'",
    "temperature": "0.5",
    "max_output_tokens": "1000",
    **dict.fromkeys(OF_REQUESTS, "1"),
    "drop_params": "false",
    "caching_prompt": "false",
    "safety_settings": "[{category = 'x'}]",
    "aws_access_key_id": "'AKIATHEIRS'",
    "aws_secret_access_key": "'theirs'",
    "native_tool_calling": "false",
    "system_prompt": "'own'",
    "disable_vision": "false",
    "base_container_image": "'of-a-project:1'",
    "timeout": "60",
    "use_host_network": "false",
    "kind": "'bubblewrap'",
    "mount": "false",
    "memory": "'64m'",
    "cpus": "1.5",
    "pids": "100",
    "normalise": "[]",
    "confirm": "'always'",
    "confirmation_mode": "true",
    "checkpoints": "3",
    "checkpoint_bytes": "0",
    "checkpoint_files": "1000",
    "patience": "5",
    "world": "'evidence'",
    "theme": "'dracula'",
    "keys": "{}",
}


OF_ACCOUNTS = {"api_key", "aws_access_key_id", "aws_secret_access_key"}
ALWAYS_LEFT = {"container", "base_url", "ollama_base_url", "completion_kwargs", "custom_llm_provider"}

NOWHERE: dict[str, str] = {
    "max_iterations": "the default is no limit, so it can only lower it",
    "max_budget_per_task": "the same",
    "max_time": "the same",
    **dict.fromkeys(TOOL_MAP.switches.values(), "all tools are on by default, so it can only take some away"),
    "temperature": "it is a number in a request that the user asks for",
    "max_output_tokens": "the same; a provider has a limit of its own",
    **dict.fromkeys(OF_REQUESTS, "it is a number or a word in a request that the user asks for"),
    "drop_params": "a request has less in it, or fails",
    "caching_prompt": "the same request, cheaper or dearer for whoever pays for it",
    "safety_settings": "it is what a model may say to the user who asks it",
    "native_tool_calling": "how calls are written; they are asked about all the same",
    "system_prompt": "ours says nothing that a recorded one could not",
    "disable_vision": "pictures go to whom the rest of the recording goes to",
    "timeout": "an action of the recording says how long it may take, too",
    "patience": "the same",
    "cpus": "the default is all of them, so it can only take some away",
    "theme": "the colours of every one that there is can be read",
    "world": "what the recording gives away of its files is put into its own world, and nowhere else",
}
"""Settings whose values are all harmless, and why."""


@pytest.fixture(autouse=True)
def here(user_without_settings: Path) -> Path:
    Path("inside").mkdir()
    Path("link").symlink_to(user_without_settings)
    return Path.cwd()


def toml(name: str, value: str) -> str:
    value = value.replace("'\\u0000'", '"\\u0000"')
    key = next(key for key in KEYS if key.name == name)
    return f"[{key.section}]\n{key.written} = {value}\n"


def test_each_setting_is_said_to_be_harmless_and_why_or_has_values_that_are_left_out() -> None:
    """A new setting has its place in one of these tables, and what reaches further its rule."""
    names = {key.name for key in KEYS}
    assert {key.name for key in KEYS if key.reach is Reach.NOWHERE} == set(NOWHERE)
    assert names == set(NOWHERE) | set(REACHING) | OF_ACCOUNTS | {"base_container_image", "confirmation_mode"}
    assert names == set(HARMLESS) | ALWAYS_LEFT
    assert set(trust._RULES) == set(Reach) - {Reach.NOWHERE, Reach.IMAGE}
    assert {option.key for option in OPTIONS if option.key} <= names


NUMBERS = ("0", "-1", "1", "0.5", "nan", "inf", "-inf", "1e308", HUGE)
ODD = (*NUMBERS, *(f"'{number}'" for number in (*NUMBERS, "9" * 5000)), "true", "[]", "{}", "''", "'x'")


@pytest.mark.parametrize("value", ODD, ids=lambda value: value[:6])
@pytest.mark.parametrize("name", NOWHERE)
def test_a_value_of_a_harmless_setting_is_used_or_refused_in_a_line(name: str, value: str) -> None:
    try:
        world = trajcore.settings_from(lying(toml(name, value)), {}).world
    except BadInput as error:
        line = str(error)
    else:
        line = name
        numbers = (world.limits.no_change, world.limits.hard, world.resources.cpus or 1)
        assert all(0 < number <= 10**12 for number in numbers)
    assert name.removeprefix("model_") in line
    assert len(line) < 400


@pytest.mark.parametrize("value", [HUGE + "g", "9e999g", "0", "-1g", "32", "nan", "inf"])
def test_a_size_that_no_machine_has_is_refused(value: str) -> None:
    with pytest.raises(BadInput, match="memory"):
        trajcore.settings_from(lying(f"[trajtui]\nmemory = '{value}'\n"), {})


@pytest.mark.parametrize(("name", "value"), [(name, one) for name, all in REACHING.items() for one in all])
def test_what_reaches_further_is_left_out_until_the_file_is_trusted(name: str, value: str) -> None:
    found = lying(toml(name, value))
    key = found.settings[name].key
    assert left(found) == [name]
    assert found.get(name) == key.default
    (line,) = found.warnings
    assert line.startswith(f"config.toml is not trusted: {name} = ")
    assert re.search(r"\(if it is meant: (--[a-z]+[ ,]|[A-Z_]+,|name the recording,)", line)
    assert "trajtui config trust" in line
    assert "\n" not in line
    for trusted in (load(HERE, {}, {}), load(None, {}, {}, accepted=found.digest)):
        assert trusted.left_out == []
        assert trusted.get(name) != key.default
    trust_config(HERE)
    assert load(environment={}).get(name) != key.default


def test_an_image_that_is_named_is_not_fetched_until_the_file_is_trusted() -> None:
    found = lying("[sandbox]\nkind = 'docker'\nbase_container_image = 'evil.example:443/x'\n")
    settings = trajcore.settings_from(found, {})
    assert (settings.sandbox, settings.world.image) == ("docker", "evil.example:443/x")
    assert not settings.world.fetch
    assert trajcore.settings_from(load(HERE, {}, {}), {}).world.fetch
    named = load(None, {"base_container_image": "mine"}, {})
    assert trajcore.settings_from(named, {}).world.fetch


def test_an_image_of_theirs_is_not_told_of_to_an_account_of_theirs() -> None:
    """It may be one of the user's, and hold what its owner alone is to see."""
    llm = f"[llm]\nbase_url = '{EVIL}'\nmodel = 'openai/x'\napi_key = 'theirs'\n"
    found = lying(llm + "[sandbox]\nbase_container_image = 'private'\n")
    assert {one.setting.key.name for one in found.left_out} == {"api_key", "base_url"}
    assert lying(llm).left_out == []


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


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, []),
        ({"workspace_base": "/srv"}, ["api_key", "base_url"]),
        ({"container": "db"}, ["api_key", "base_url"]),
    ],
)
def test_what_the_user_lets_in_is_not_told_to_somebody_elses_account(
    options: dict[str, str], expected: list[str]
) -> None:
    text = THEIRS + "model = 'openai/x'\n"
    assert left(lying(text, **options)) == expected
    assert left(lying(f"{text}[core]\nworkspace_base = 'inside'\n")) == []


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


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_a_value_that_python_will_not_print_is_refused_in_a_line(key: Key) -> None:
    for value in ("9" * 5000, "0x" + "f" * 5000, "[0x" + "f" * 5000 + "]"):
        with pytest.raises(BadInput, match=r"config\.toml") as caught:
            lying(f"[{key.section}]\n{key.written} = {value}\n").get(key.name)
        assert len(str(caught.value)) < 400


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


@pytest.mark.parametrize(
    "theirs", ["", "[trajtui]\nconfirm = 'risky'\n", "[security]\nconfirmation_mode = false\n"]
)
@pytest.mark.parametrize("own", ["[security]\nconfirmation_mode = true\n", "[trajtui]\nconfirm = 'always'\n"])
def test_a_file_that_is_not_trusted_has_no_less_asked_for_than_the_users_own(own: str, theirs: str) -> None:
    config_directory().mkdir(parents=True)
    (config_directory() / "config.toml").write_text(own)
    settings = trajcore.settings_from(lying(f"[core]\nmax_iterations = 3\n{theirs}"), {})
    assert settings.confirmation is trajcore.Confirm.ALWAYS
    assert settings.budget.steps == 3


def test_a_file_that_is_not_trusted_may_have_more_asked_for() -> None:
    found = lying("[security]\nconfirmation_mode = true\n")
    assert trajcore.settings_from(found, {}).confirmation is trajcore.Confirm.ALWAYS
    assert not left(found)


def test_what_is_typed_says_what_is_asked_for() -> None:
    found = lying("[security]\nconfirmation_mode = true\n", confirm="never")
    assert trajcore.settings_from(found, {}).confirmation is trajcore.Confirm.NEVER


def test_risky_is_less_than_all_where_there_are_no_walls() -> None:
    assert left(lying("[trajtui]\nconfirm = 'risky'\n", kind="local")) == ["confirm"]
    assert left(lying("[trajtui]\nconfirm = 'risky'\n", kind="docker")) == []
