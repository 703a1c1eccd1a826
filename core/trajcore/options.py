"""Every setting and every option, as tables: config.toml, the command line and the API are read from them.

Nothing heavy is imported here, as each start of the program reads it.
"""

from __future__ import annotations

import re
from enum import Enum
from pathlib import Path
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import force_setattr

from trajcore.errors import BadInput

_LEAST_MEMORY: Final = 32 << 20
_MOST_MEMORY: Final = 1 << 60


class Reach(Enum):
    """How far a setting reaches: what it would let a config.toml do that merely lies beside a recording."""

    NOWHERE = "it concerns the run alone"
    FILES = "reads a file or directory of the user's"
    SAVES = "writes a file of the user's"
    NETWORK = "opens the network"
    IMAGE = "starts an image that is here; none is fetched"
    CONTAINER = "enters a container"
    MOUNT = "changes the user's own files"
    WALLS = "may run without walls"
    LIMIT = "takes more of the machine"
    UNASKED = "lets a model act unasked"
    VERDICT = "changes what counts as equal"
    ACCOUNT = "says to whose account the model's work is told"
    ADDRESS = "says where a key is sent"
    REQUEST = "says anything of a request, also where it goes"
    PROVIDER = "says to whom a key is sent"
    KEYBOARD = "changes what a key does"


class Tables(list[dict[str, str]]):
    """The kind of a setting that is a list of tables of texts."""


class Key(Struct, frozen=True):
    """One setting: its name, its place in config.toml, and the variable that overrides the file (those of a
    model have theirs by their names).

    `written` is its name there, where another section has a setting of the same name. `reach` decides what
    is left out of a file that is not trusted (`trajcore.trust`); `instead` is what the user types who means
    it, where no option stands for the setting.
    """

    name: str
    section: str
    kind: type
    default: Any
    reach: Reach
    variable: str | None = None
    secret: bool = False
    instead: str = ""
    written: str = ""
    personal: bool = False
    """The user's own file is asked where another one is read that does not say it, or is not trusted."""

    def __post_init__(self) -> None:
        force_setattr(self, "written", self.written or self.name)
        if self.section == "llm" and self.kind in (str, int, float, bool):  # as OpenHands calls them
            force_setattr(self, "variable", f"LLM_{self.written.upper()}")

    @property
    def place(self) -> str:
        """How it is called with its section."""
        return f"{self.section}.{self.written}"


KEYS: Final = (
    Key("replay_trajectory_path", "core", str, None, Reach.FILES, instead="name the recording"),
    Key("save_trajectory_path", "core", str, None, Reach.SAVES, instead="--save OUT.json"),
    Key("workspace_base", "core", str, None, Reach.FILES),
    Key("max_iterations", "core", int, None, Reach.NOWHERE),
    Key("max_budget_per_task", "core", float, None, Reach.NOWHERE),
    Key("enable_cmd", "agent", bool, True, Reach.NOWHERE),
    Key("enable_jupyter", "agent", bool, True, Reach.NOWHERE),
    Key("enable_editor", "agent", bool, True, Reach.NOWHERE),
    Key("enable_think", "agent", bool, True, Reach.NOWHERE),
    Key("enable_plan_mode", "agent", bool, True, Reach.NOWHERE),
    Key("enable_finish", "agent", bool, True, Reach.NOWHERE),
    Key("model", "llm", str, None, Reach.PROVIDER),
    Key("api_key", "llm", str, None, Reach.ACCOUNT, secret=True, instead="LLM_API_KEY"),
    Key("base_url", "llm", str, None, Reach.ADDRESS, instead="LLM_BASE_URL"),
    Key("temperature", "llm", float, None, Reach.NOWHERE),
    Key("max_output_tokens", "llm", int, None, Reach.NOWHERE),
    Key("max_input_tokens", "llm", int, None, Reach.NOWHERE),
    Key("top_p", "llm", float, None, Reach.NOWHERE),
    Key("top_k", "llm", float, None, Reach.NOWHERE),
    Key("seed", "llm", int, None, Reach.NOWHERE),
    Key("reasoning_effort", "llm", str, None, Reach.NOWHERE),
    Key("drop_params", "llm", bool, True, Reach.NOWHERE),
    Key("caching_prompt", "llm", bool, True, Reach.NOWHERE),
    Key("safety_settings", "llm", Tables, None, Reach.NOWHERE),
    Key("completion_kwargs", "llm", dict, None, Reach.REQUEST, secret=True),
    Key("custom_llm_provider", "llm", str, None, Reach.REQUEST),
    Key("api_version", "llm", str, None, Reach.NOWHERE),
    Key("aws_access_key_id", "llm", str, None, Reach.ACCOUNT, secret=True),
    Key("aws_secret_access_key", "llm", str, None, Reach.ACCOUNT, secret=True),
    Key("aws_region_name", "llm", str, None, Reach.NOWHERE),
    Key("openrouter_site_url", "llm", str, None, Reach.NOWHERE),
    Key("openrouter_app_name", "llm", str, None, Reach.NOWHERE),
    Key("ollama_base_url", "llm", str, None, Reach.ADDRESS),
    Key("model_timeout", "llm", float, None, Reach.NOWHERE, written="timeout"),
    Key("num_retries", "llm", int, None, Reach.NOWHERE),
    Key("retry_multiplier", "llm", float, None, Reach.NOWHERE),
    Key("retry_min_wait", "llm", float, None, Reach.NOWHERE),
    Key("retry_max_wait", "llm", float, None, Reach.NOWHERE),
    Key("input_cost_per_token", "llm", float, None, Reach.NOWHERE),
    Key("output_cost_per_token", "llm", float, None, Reach.NOWHERE),
    Key("native_tool_calling", "llm", bool, None, Reach.NOWHERE),
    Key("disable_vision", "llm", bool, None, Reach.NOWHERE),
    Key("base_container_image", "sandbox", str, None, Reach.IMAGE, "TRAJTUI_IMAGE"),
    Key("timeout", "sandbox", int, 120, Reach.NOWHERE),
    Key("use_host_network", "sandbox", bool, False, Reach.NETWORK),
    Key("kind", "sandbox", str, "auto", Reach.WALLS, "TRAJTUI_SANDBOX"),
    Key("confirmation_mode", "security", bool, False, Reach.UNASKED),
    Key("confirm", "trajtui", str, None, Reach.UNASKED),
    Key("max_time", "trajtui", str, None, Reach.NOWHERE),
    Key("system_prompt", "trajtui", str, "recorded", Reach.NOWHERE),
    Key("mount", "trajtui", bool, False, Reach.MOUNT),
    Key("container", "trajtui", str, None, Reach.CONTAINER),
    Key("memory", "trajtui", str, None, Reach.LIMIT),
    Key("cpus", "trajtui", float, None, Reach.NOWHERE),
    Key("pids", "trajtui", int, 4096, Reach.LIMIT),
    Key("normalise", "trajtui", list, [], Reach.VERDICT),
    Key("checkpoints", "trajtui", int, 24, Reach.LIMIT),
    Key("checkpoint_bytes", "trajtui", int, 0, Reach.LIMIT),
    Key("checkpoint_files", "trajtui", int, 200_000, Reach.LIMIT),
    Key("patience", "trajtui", float, 10.0, Reach.NOWHERE, "NO_CHANGE_TIMEOUT_SECONDS"),
    Key("world", "trajtui", str, "auto", Reach.NOWHERE),
    Key("theme", "trajtui", str, None, Reach.NOWHERE, personal=True),
    Key("keys", "trajtui", dict, {}, Reach.KEYBOARD, personal=True),
)
"""Every setting that the program reads, in the order in which `trajtui config` lists them."""


def find_key(name: str) -> Key:
    """The setting called `name`, with or without its section (`llm.model`, `model`). Raises `BadInput`.

    What a table holds is called by its own name behind that of the table: `keys.step`.
    """
    for key in KEYS:
        if name in (key.name, key.place) or (key.kind is dict and within(key, name)):
            return key
    from difflib import get_close_matches

    places = [key.place for key in KEYS]
    near = get_close_matches(name, places) or [
        key.place for key in KEYS if get_close_matches(name, [key.name])
    ]
    if near:
        raise BadInput(f"there is no setting {name!r}. Did you mean {' or '.join(near)}?")
    raise BadInput(f"there is no setting {name!r}; the settings are {', '.join(places)}.")


def within(key: Key, name: str) -> str:
    """What `name` means in the table that a setting is; empty where it means nothing there."""
    table, _, inner = name.rpartition(".")
    return inner if table in (key.name, key.place) else ""


WORLDS: Final = {
    "auto": "in the image that the recording names, if the engine has it (SWE-bench and its relatives, as "
    "OpenHands' evaluations call them); else in the bare sandbox, and one line says what could be had. "
    "Nothing is fetched or built unasked",
    "image": "in that image, or not at all (exit code 3); `--pull` fetches it",
    "evidence": "with files built from what the recording's own events tell of them",
    "none": "in the bare sandbox",
}
"""What the world of a recording can be made of before its first step (`--world`): how the run then begins."""

OPEN: Final = "open"
REPLAY: Final = "replay"
FORK: Final = "fork"
BISECT: Final = "bisect"
_BOTH: Final = (OPEN, REPLAY)
_LIVE: Final = (*_BOTH, FORK)
_ALL: Final = (*_LIVE, BISECT)


class Option(Struct, frozen=True):
    """One option of the commands that have a session: a keyword in Python, a `--name` on the command line.

    `key` is the setting of config.toml that it overrides. Without a `metavar` it is a flag. `session` says
    that it becomes part of the `Settings`; the others say what is done with the session.
    """

    keyword: str
    what: str
    metavar: str = ""
    kind: type = str
    key: str | None = None
    commands: tuple[str, ...] = _ALL
    session: bool = True
    flag: str = ""
    repeated: bool = False
    least: int | None = None
    choices: tuple[str, ...] = ()
    stream: str = ""
    """What `-` stands for in the place of a file: standard input (`in`), output (`out`), or nothing."""
    also: str = ""
    """What may follow a flag behind `=`, and goes further."""

    @property
    def name(self) -> str:
        """How it is written on the command line."""
        return self.flag or "--" + self.keyword.replace("_", "-")


def _of_the_run(
    keyword: str,
    what: str,
    metavar: str = "",
    kind: type = str,
    *,
    flag: str = "",
    repeated: bool = False,
    commands: tuple[str, ...] = (REPLAY,),
    stream: str = "",
) -> Option:
    return Option(
        keyword, what, metavar, kind,
        commands=commands, session=False, flag=flag, repeated=repeated, stream=stream,
    )  # fmt: skip


OPTIONS: Final = (
    Option("sandbox", "Where actions run: {sandboxes} [auto]. "
           "`local` is this machine itself, without walls.", "NAME", key="kind"),
    Option("image", "The container image, for docker.", "IMAGE", key="base_container_image"),
    Option("container", "Work in this running container of yours, which is left as it is at the end.",
           "NAME", key="container"),
    Option("workspace", "Copied into the sandbox's /workspace, or to where an OpenHands V1 conversation "
           "began; never written back.", "DIR", Path, key="workspace_base"),
    Option("mount", "Use the workspace itself, no copy: what the run does to it stays done.", kind=bool,
           key="mount"),
    Option("network", "Let the sandbox reach the network.", kind=bool, key="use_host_network"),
    Option("memory", "How much memory the sandbox may use, for example 4g [four fifths of it].", "SIZE",
           key="memory"),
    Option("cpus", "How many processors, for example 1.5 [all].", "N", float, key="cpus"),
    Option("pids", "How many processes at a time [4096].", "N", int, key="pids"),
    Option("world", "What the files are that the recording began with: auto, image, evidence (what its own "
           "events give away of them), none [auto].", "WORLD", key="world", choices=tuple(WORLDS)),
    Option("repo", "The files that the recording began with: a clone of this repository, at its recorded "
           "commit or the one named.", "PATH|URL[@COMMIT]"),
    Option("dockerfile", "Build the image from the Dockerfile in this directory; for docker.", "DIR", Path),
    Option("map", "Use directory TO for the recording's FROM in commands and paths; may be repeated.",
           "FROM=TO", repeated=True),
    Option("pull", "Fetch the image that the recording names, if it is not here.", kind=bool),
    Option("setup", "A shell script run in the sandbox before the first step.", "SCRIPT", Path,
           stream="in"),
    Option("model", "The model of a live session: as litellm names it, or NAME of an [llm.NAME].", "MODEL",
           key="model", commands=_BOTH),
    _of_the_run("models", "A model to go on with, as litellm names it or NAME of an [llm.NAME]; may be "
                "repeated [the configured one].", "MODEL", flag="--model", repeated=True, commands=(FORK,)),
    Option("confirm", "Which actions of a live model you are asked about first: never, risky or always "
           "[risky; without walls always].", "WHICH", key="confirm", choices=("never", "risky", "always"),
           commands=_LIVE),
    Option("live_tools", "The tools of a live model, with commas between their names [all].", "NAME[,NAME]",
           commands=_LIVE),
    Option("config", "Read this config.toml.", "FILE", Path, stream="in"),
    Option("row", "Which trajectory of a file with several: number from 0, or id (`id:7` for a number).",
           "N|ID", session=False),
    Option("latest", "Open the newest session of this agent, where it keeps them: openhands, mini.", "AGENT",
           commands=(OPEN,), session=False, choices=("openhands", "mini")),
    Option("at", "Replay up to this event first.", "ID", commands=(OPEN, FORK), session=False),
    Option("live", "Hand over to the model once that is done.", kind=bool, commands=(OPEN,), session=False),
    _of_the_run("until", "Stop before this event.", "ID"),
    _of_the_run("save", "Write what happened in this run, as a trajectory.", "OUT.json", Path,
                stream="out"),
    _of_the_run("export", "Write the sandbox's directory of the project, as it is at the end, into this new "
                "directory; .tar or .tar.gz: an archive of it; `-`: one on standard output.", "DIR|TAR", Path,
                stream="out"),
    _of_the_run("report", "Write what each step came to, as JSON.", "OUT.json", Path, stream="out"),
    Option("strict", "Exit with 1 when a step diverged; with =all also where that can't be known.", kind=bool,
           commands=(REPLAY,), session=False, also="all"),
    _of_the_run("carry_on", "Then let a live model carry on.", kind=bool, flag="--continue"),
    _of_the_run("messages", "A user message for the live session; may be repeated.", "TEXT", flag="--message",
                repeated=True, commands=(REPLAY, FORK)),
    _of_the_run("command", "A command to run in a copy of the world, for its exit code: fork runs it at each "
                "model's end, bisect looks for the step after which it comes to something else.", "COMMAND",
                flag="--run", commands=(FORK, BISECT)),
    _of_the_run("good", "Look no earlier than after this event [before the first step].", "ID",
                commands=(BISECT,)),
    _of_the_run("bad", "Look no later than after this event [the end].", "ID", commands=(BISECT,)),
    _of_the_run("expect", "The command passes where what it writes has this regular expression, whatever its "
                "exit code.", "REGEX", commands=(BISECT,)),
    _of_the_run("everywhere", "Run the command after every step, and name each after which its verdict is "
                "another one.", kind=bool, flag="--all", commands=(BISECT,)),
    Option("max_steps", "At most so many replies of a live model, all together; of each, for fork.", "N", int,
           key="max_iterations", least=1, commands=_LIVE),
    Option("max_cost", "At most so many dollars for a live model, all together.", "USD", float,
           key="max_budget_per_task", commands=_LIVE),
    Option("max_time", "At most so much time for a live model, all together: 90, 30s, 5m, 1h.", "T",
           key="max_time", commands=_LIVE),
    _of_the_run("serve", "Serve the recorded observation of this event; may be repeated.", "ID",
                repeated=True),
    _of_the_run("skip", "Skip this event; may be repeated.", "ID", repeated=True),
    _of_the_run("breaks", "Stop where this is true, for example exit!=0 or diverged; may be repeated.",
                "EXPR", flag="--break", repeated=True),
    _of_the_run("junit", "Write the steps as JUnit test cases.", "OUT.xml", Path, stream="out"),
    _of_the_run("as_json", "Print JSON objects, one a line; bisect prints one.", kind=bool, flag="--json",
                commands=(REPLAY, FORK, BISECT)),
)  # fmt: skip
"""In the order of the help. `{sandboxes}` stands for their names, which are looked up when somebody asks."""

COMMON: Final = (
    Option("color", "Colours: always, never, or auto, which is on a terminal alone [auto].", "WHEN",
           commands=(), session=False, choices=("auto", "always", "never")),
    Option("quiet", "Say what was asked for and what is wrong: no line a step, no progress, no notes.",
           kind=bool, commands=(), session=False),
    Option("debug", "Show the traceback of an error.", kind=bool, commands=(), session=False),
)  # fmt: skip
"""Those of every command, whatever it does; they may also stand before it."""


def session_options() -> tuple[Option, ...]:
    """Those that become part of a session's settings."""
    return tuple(option for option in OPTIONS if option.session)


def bytes_of(text: str) -> int:
    """A size of memory such as `512m` or `4g`, in bytes. Raises `BadInput`."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?", text.strip().lower())
    if found is None:
        raise BadInput(f"memory: expected a size such as 512m or 4g, got {text!r}.")
    size = float(found[1]) * 1024 ** " kmgt".index(found[2] or " ")
    if size < _LEAST_MEMORY:
        raise BadInput(f"memory: a sandbox needs at least {_LEAST_MEMORY >> 20}m, got {text}.")
    if size > _MOST_MEMORY:
        raise BadInput("memory: no machine has so much.")
    return int(size)
