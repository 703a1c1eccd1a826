"""Settings: options before the environment before the file, each with its origin; a key is never shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from trajcore import masking
from trajcore.config import Config, config_directory, load
from trajcore.errors import BadInput
from trajcore.options import KEYS
from trajcore.settings import settings_from

OPENHANDS = """
# OpenHands' own file, as it comes
[core]
replay_trajectory_path = "demo.json"
save_trajectory_path = "out"
max_iterations = 30
debug = true

[llm]
model = "m-file"
api_key = "sk-file"
base_url = "http://localhost:1"
temperature = 0.5
num_retries = 4

[llm.other]
model = "x"

[sandbox]
base_container_image = "image-file"
timeout = 60
use_host_network = true

[security]
confirmation_mode = true
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(OPENHANDS)
    return path


def values(config: Config) -> dict[str, Any]:
    return {name: setting.value for name, setting in config.settings.items() if setting.origin != "default"}


def test_without_any_settings_everything_is_its_default() -> None:
    config = load(environment={})
    assert config.path is None
    assert values(config) == {}
    assert config.get("model") is None
    assert config.get("kind") == "auto"
    assert config.get("timeout") == 120
    assert config.get("use_host_network") is False


def test_the_file_of_openhands_works_unchanged(file: Path) -> None:
    config = load(file, environment={})
    assert config.path == file
    assert {setting.origin for setting in config.settings.values() if setting.origin != "default"} == {
        str(file)
    }
    expected = {
        "replay_trajectory_path": "demo.json",
        "save_trajectory_path": "out",
        "max_iterations": 30,
        "model": "m-file",
        "api_key": "sk-file",
        "base_url": "http://localhost:1",
        "temperature": 0.5,
        "base_container_image": "image-file",
        "timeout": 60,
        "use_host_network": True,
    }
    assert expected.items() <= values(config).items()


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("model", "LLM_MODEL"),
        ("api_key", "LLM_API_KEY"),
        ("base_url", "LLM_BASE_URL"),
        ("base_container_image", "TRAJTUI_IMAGE"),
        ("kind", "TRAJTUI_SANDBOX"),
        ("aws_region_name", "LLM_AWS_REGION_NAME"),
        ("ollama_base_url", "LLM_OLLAMA_BASE_URL"),
    ],
)
def test_the_environment_overrides_the_file_and_options_override_both(
    file: Path, name: str, variable: str
) -> None:
    from_environment = load(file, environment={variable: "from-environment"})
    assert from_environment.get(name) == "from-environment"
    assert from_environment.settings[name].origin == variable
    from_option = load(file, {name: "typed"}, {variable: "from-environment"})
    assert from_option.get(name) == "typed"
    assert from_option.settings[name].origin == "option"
    not_typed = load(file, {name: None}, {variable: ""})
    assert not_typed.settings[name].origin in (str(file), "default")


def test_the_real_environment_is_read_where_none_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_MODEL", "m-real")
    assert load().get("model") == "m-real"


def test_a_file_here_comes_before_the_users_own() -> None:
    own = config_directory() / "config.toml"
    own.parent.mkdir(parents=True)
    own.write_text('[llm]\nmodel = "own"')
    assert load(environment={}).get("model") == "own"
    Path("config.toml").write_text('[llm]\nmodel = "here"')
    assert load(environment={}).get("model") == "here"


def test_a_file_that_was_named_is_the_only_one_read(file: Path) -> None:
    Path("config.toml").write_text('[llm]\nmodel = "here"\n[core]\nworkspace_base = "w"')
    config = load(file, environment={})
    assert config.get("model") == "m-file"
    assert config.get("workspace_base") is None


def test_a_file_that_was_named_and_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"nowhere\.toml: no such config file"):
        load(tmp_path / "nowhere.toml", environment={})
    with pytest.raises(BadInput, match="no such config file"):
        load(tmp_path, environment={})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[core]\nmax_iterations = 'many'", "[core] max_iterations: expected a whole number, got 'many'"),
        ("[core]\nmax_iterations = true", "[core] max_iterations: expected a whole number, got True"),
        ("[core]\nmax_iterations = 3.7", "[core] max_iterations: expected a whole number, got 3.7"),
        ("[core]\nmax_iterations = inf", "[core] max_iterations: expected a whole number, got inf"),
        ("[core]\nmax_iterations = nan", "[core] max_iterations: expected a whole number, got nan"),
        ("[core]\nmax_iterations = [1]", "[core] max_iterations: expected a whole number, got [1]"),
        (
            "[sandbox]\nuse_host_network = 'perhaps'",
            "use_host_network: expected true or false, got 'perhaps'",
        ),
        ("[sandbox]\nuse_host_network = 2", "use_host_network: expected true or false, got 2"),
        ("[core\n", "is not valid TOML"),
        ("[llm]\nmodel = m", "is not valid TOML"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_file_and_key(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(BadInput) as caught:
        load(path, environment={})
    assert str(path) in str(caught.value)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_in_another_encoding_is_an_error_in_words(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes('[llm]\nmodel = "é"'.encode("latin-1"))
    with pytest.raises(BadInput, match="is not valid UTF-8"):
        load(path, environment={})


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("[core]\nmax_iterations = '30'", "max_iterations", 30),
        ("[core]\nmax_iterations = 30.0", "max_iterations", 30),
        ("[llm]\ntemperature = 1", "temperature", 1.0),
        ("[sandbox]\nuse_host_network = 'yes'", "use_host_network", True),
        ("[sandbox]\nuse_host_network = 0", "use_host_network", False),
        ("[llm]\nmodel = ''", "model", None),
    ],
)
def test_what_is_meant_is_understood(tmp_path: Path, text: str, name: str, value: object) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    assert load(path, environment={}).get(name) == value


KEY = "sk-verysecret"


@pytest.mark.parametrize(
    "text",
    [
        f'[llm]\napi_key = ["{KEY}"]',
        f'[llm]\napi_key = {{x = "{KEY}"}}',
        f'[llm]\napi_key = "{KEY}',
        f"[llm]\napi_key = {KEY}",
        f'[llm]\napi_key = "{KEY}"\napi_key = "{KEY}"',
        f'[llm]\napi_key = "{KEY}\\q"',
    ],
)
def test_a_key_is_in_no_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(BadInput) as caught:
        load(path, environment={}).get("api_key")
    assert "verysecret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        (
            "[llm]\nmax_output_tokens = 'all'",
            "max_output_tokens",
            "[llm] max_output_tokens: expected a whole number",
        ),
        ("[llm]\ntemperature = 'hot'", "temperature", "[llm] temperature: expected a number, got 'hot'"),
        ("[llm]\nmodel = ['a']", "model", "[llm] model: expected a text, got ['a']"),
    ],
)
def test_a_wrong_model_setting_matters_only_when_it_is_asked_for(
    tmp_path: Path, text: str, name: str, said: str
) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    config = load(path, environment={})
    assert config.get("timeout") == 120
    with pytest.raises(BadInput) as caught:
        config.get(name)
    assert str(path) in str(caught.value)
    assert said in str(caught.value)


def test_a_key_is_shown_as_stars_wherever_it_comes_from(file: Path) -> None:
    for config in (
        load(file, environment={}),
        load(environment={"LLM_API_KEY": KEY}),
        load(options={"api_key": KEY}, environment={}),
    ):
        setting = config.settings["api_key"]
        assert setting.value
        assert set(setting.shown()) == {"*"}
        assert "sk-" not in repr(setting)
        assert "sk-" not in repr(config.settings)
    assert load(environment={}).settings["api_key"].shown() == ""


def test_every_setting_can_be_shown(file: Path) -> None:
    config = load(file, environment={})
    assert set(config.settings) == {key.name for key in KEYS}
    assert config.settings["timeout"].shown() == "60"
    assert config.settings["workspace_base"].shown() == ""


def test_a_variable_of_a_model_is_read_as_openhands_reads_it() -> None:
    variables = {"LLM_NUM_RETRIES": "7", "LLM_TIMEOUT": "2.5", "LLM_DROP_PARAMS": "false", "LLM_SEED": "x"}
    found = load(environment=variables)
    assert [found.get(name) for name in ("num_retries", "model_timeout", "drop_params")] == [7, 2.5, False]
    assert found.get("timeout") == 120
    with pytest.raises(BadInput, match="LLM_SEED: expected a whole number"):
        found.get("seed")


SEVERAL = """
[llm]
model = "openai/first"
api_key = "sk-first-123"
num_retries = 9
[llm.strong]
model = "anthropic/strong"
api_key = "sk-strong-123"
[llm.cheap]
temperature = 0.5
modify_params = true
"""


def test_a_model_of_several_is_taken_by_its_name_and_inherits_what_it_does_not_say(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(SEVERAL)
    environment = {"LLM_MODEL": "of-environment", "LLM_API_KEY": "sk-environment"}
    found = load(path, {"model": "strong"}, environment)
    assert [found.get(name) for name in ("model", "api_key", "num_retries")] == [
        "anthropic/strong", "sk-strong-123", 9
    ]  # fmt: skip
    assert found.settings["api_key"].origin == f"{path}, [llm.strong]"
    found = load(path, {"model": "cheap"}, environment)
    assert [found.get(name) for name in ("model", "api_key", "temperature")] == [
        "of-environment", "sk-environment", 0.5
    ]  # fmt: skip
    assert found.unused == ("modify_params",)
    found = load(path, {"model": "openai/typed"}, environment)
    assert (found.get("model"), found.get("api_key"), found.unused) == ("openai/typed", "sk-environment", ())
    assert found.models == {"strong": ["model", "api_key"], "cheap": ["temperature"]}
    assert masking.known().text("sk-strong-123") == masking.MASK


def test_what_is_wrong_with_a_model_of_several_is_said_when_it_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[llm]\nmodel = 'm'\n[llm.bad]\ntemperature = 'hot'\n")
    assert settings_from(load(path, environment={}), {}).model_fault == ""
    fault = settings_from(load(path, {"model": "bad"}, {}), {}).model_fault
    assert fault == f"{path}, [llm.bad] temperature: expected a number, got 'hot'."


def test_a_model_of_a_file_that_is_not_trusted_sends_no_key_elsewhere() -> None:
    Path("config.toml").write_text("[llm.evil]\nmodel = 'openai/x'\nbase_url = 'http://evil.example'\n")
    found = load(None, {"model": "evil"}, {"LLM_API_KEY": "sk-ours"})
    assert {one.setting.key.name for one in found.left_out} == {"model", "base_url"}
