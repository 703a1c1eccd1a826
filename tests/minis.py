"""Small trajectories of mini-swe-agent, made by hand after what its versions write."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from trajcore.runtimes.mini.wording import Shape, worded

MARK = "COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"
SYSTEM: Any = {"role": "system", "content": "You can interact with a computer."}
TASK: Any = {"role": "user", "content": f"Please solve this issue: add\n\nEnd with `echo {MARK}`."}
ENVIRONMENT: Any = {"cwd": "", "env": {"PAGER": "cat"}, "timeout": 30}
JSON_TEMPLATE = '{"returncode": {{ output.returncode }}}'
TAGS_TEMPLATE = "<returncode>{{ output.returncode }}</returncode>"


def calls(text: str | None, *commands: str, first: int = 0, **more: Any) -> Any:
    """A reply of a tool model, with the provider's copy of it."""
    made = [
        {
            "function": {"arguments": json.dumps({"command": command}), "name": "bash"},
            "id": f"call_{first}_{at}",
            "type": "function",
        }
        for at, command in enumerate(commands)
    ]
    said = {"content": text, "role": "assistant", "tool_calls": made, "function_call": None}
    actions = [
        {"command": command, "tool_call_id": call["id"]} for command, call in zip(commands, made, strict=True)
    ]
    usage = {"completion_tokens": 20, "prompt_tokens": 110, "prompt_tokens_details": {"cached_tokens": 10}}
    response = {"id": f"r{first}", "model": "m", "choices": [{"index": 0, "message": said}], "usage": usage}
    return {
        **said,
        "extra": {"actions": actions, "response": response, "cost": 0.5, "timestamp": 1764000000.5},
        **more,
    }


def result(
    call: str | None, output: str, code: int = 0, exception: str = "", shape: Shape = Shape.JSON
) -> Any:
    """What a command came to, in version 2; `call` is None for texts."""
    extra = {"raw_output": output, "returncode": code, "timestamp": 1764000001.0, "exception_info": exception}
    said = {"content": worded(shape, output, code, exception), "extra": extra}
    return {"role": "user", **said} if call is None else {**said, "tool_call_id": call, "role": "tool"}


def unrun(call: str | None) -> Any:
    """The result that is none."""
    return result(call, "", -1, "action was not executed")


def block(command: str, thought: str = "THOUGHT: so.", fence: str = "bash", **extra: Any) -> Any:
    """A reply of a text model."""
    made = {"role": "assistant", "content": f"{thought}\n\n```{fence}\n{command}\n```"}
    return {**made, "extra": extra} if extra else made


def block2(command: str, thought: str = "THOUGHT: so.") -> Any:
    """A reply of a text model in version 2."""
    made = block(command, thought, "mswea_bash_command")
    response = {"choices": [{"message": dict(made)}], "usage": {"prompt_tokens": 7}}
    return {**made, "extra": {"actions": [{"command": command.strip()}], "response": response}}


def tagged(output: str, code: int = 0) -> Any:
    """What a command came to, in version 1."""
    return {"role": "user", "content": worded(Shape.TAGS, output, code)}


def exited(submission: str, status: str = "Submitted") -> Any:
    """The end, in version 2."""
    return {"role": "exit", "content": submission, "extra": {"exit_status": status, "submission": submission}}


def run(
    messages: Sequence[Any],
    submission: str | None = "",
    *,
    version: str = "1.1",
    status: str | None = "Submitted",
    template: str = JSON_TEMPLATE,
    environment: Any = ENVIRONMENT,
    kind: str = "local.LocalEnvironment",
    **more: Any,
) -> bytes:
    """A whole file of version 1 or 2."""
    config = {
        "model": {"model_name": "openai/m", "observation_template": template, **more},
        "environment": environment,
        "environment_type": f"minisweagent.environments.{kind}",
    }
    info = {
        "model_stats": {"instance_cost": 1.0, "api_calls": 2},
        "config": config,
        "mini_version": "2.4.6",
        "exit_status": status,
        "submission": submission,
    }
    whole = {"info": info, "messages": list(messages), "trajectory_format": f"mini-swe-agent-{version}"}
    return json.dumps(whole, indent=2).encode()


TOOLS = run(
    [
        SYSTEM, TASK,
        calls("Look.", "ls", "pwd; false"), result("call_0_0", "calc.py\n"), result("call_0_1", "/w\n", 1),
        {"role": "user", "content": "Tool call error", "extra": {
            "interrupt_type": "FormatError", "cost": 0.25,
            "response": {"choices": [{"message": {"content": "no call"}}], "usage": {"prompt_tokens": 3}},
        }},
        calls(None, "cat 'ü'; echo \"x\"", first=1), result("call_1_0", "a <b> & 'c'\n", 0),
        calls("Delete.", "rm -rf /workspace/*", first=2), unrun("call_2_0"),
        {"role": "user", "content": "Commands not executed. The user rejected your commands: no",
         "extra": {"interrupt_type": "UserRejection"}},
        {"role": "user", "content": "User command: \n```bash\necho typed\n```",
         "extra": {"actions": [{"command": "echo typed"}]}},
        result(None, "typed\n"),
        calls("Long.", "seq 1 4000", "sleep 9", first=3),
        result("call_3_0", "".join(f"{n}\n" for n in range(1, 4001))),
        result("call_3_1", "before\n", -1, "Command 'sleep 9' timed out after 3 seconds"),
        calls("Done.", f"echo {MARK}; cat patch", "echo never", first=4),
        unrun("call_4_0"), unrun("call_4_1"),
        exited("the patch\n"),
    ],
    "the patch\n",
)  # fmt: skip
DROPPED = run(
    [
        SYSTEM,
        TASK,
        calls("Both.", "echo one > a; cat a", f"echo {MARK}; cat a", "echo never"),
        exited("one\n"),
    ],
    "one\n",
)
KILLED = run(
    [SYSTEM, TASK, calls("Look.", "ls"), result("call_0_0", "x\n"), calls(None, "make", first=1)],
    "",
    status="",
)
TEXTS = run(
    [
        SYSTEM, TASK, block2("ls; cd sub"), result(None, "calc.py\n", shape=Shape.TAGS),
        block2("cat <<'E' > n\none\nE\n"), result(None, "", 3, shape=Shape.TAGS),
        block2(f"echo {MARK} && cat n"), exited("one\n"),
    ],
    "one\n", template=TAGS_TEMPLATE, action_regex="```mswea_bash_command\\s*\\n(.*?)\\n```",
)  # fmt: skip
V1 = run(
    [
        SYSTEM, TASK, block("ls"), tagged("calc.py\n"),
        {"role": "assistant", "content": "THOUGHT: nothing."},
        {"role": "user", "content": "Please always provide EXACTLY ONE action in triple backticks."},
        block("sleep 99"),
        {"role": "user", "content": "The last command <command>sleep 99</command> timed out and has been "
         "killed.\nThe output of the command was:\n<output>\nbefore\n\n</output>\nPlease try another."},
        block("seq 1 4000"), tagged("".join(f"{n}\n" for n in range(1, 4001))),
        block("rm x"),
        {"role": "user", "content": "Command not executed. The user rejected your command: no"},
        block(f"echo {MARK}; cat patch"), {"role": "user", "content": "the patch\n"},
    ],
    "the patch\n", version="1", template=TAGS_TEMPLATE,
)  # fmt: skip
FIRST = json.dumps(
    {
        "info": {
            "exit_status": None,
            "submission": None,
            "model_stats": {"instance_cost": 0.1, "api_calls": 2},
        },
        "messages": [SYSTEM, TASK, block("ls"), tagged("a\n"), block("make", "")],
    },
    indent=2,
).encode()
BARE = json.dumps(
    [SYSTEM, TASK, block("ls"), tagged("a\n", 2), block(f"echo {MARK}"), {"role": "user", "content": ""}]
).encode()
ITEMS = run(
    [
        SYSTEM, TASK,
        {"id": "resp_1", "object": "response", "output": [
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Look."}]},
            {"type": "function_call", "call_id": "c1", "name": "bash", "arguments": '{"command":"ls"}'},
            {"type": "function_call", "call_id": "c2", "name": "bash", "arguments": '{"command":"pwd"}'},
         ], "usage": {"input_tokens": 5, "output_tokens": 6},
         "extra": {"actions": [
             {"command": "ls", "tool_call_id": "c1"}, {"command": "pwd", "tool_call_id": "c2"}]}},
        {"type": "function_call_output", "call_id": "c1", "output": worded(Shape.JSON, "a\n", 0),
         "extra": {"raw_output": "a\n", "returncode": 0, "exception_info": ""}},
        {"type": "function_call_output", "call_id": "c2", "output": worded(Shape.JSON, "/w\n", 0),
         "extra": {"raw_output": "/w\n", "returncode": 0, "exception_info": ""}},
        exited("", "LimitsExceeded"),
    ],
    "", status="LimitsExceeded",
)  # fmt: skip

SAMPLES = {
    "tools": TOOLS, "dropped": DROPPED, "killed": KILLED, "texts": TEXTS, "v1": V1, "first": FIRST,
    "bare": BARE, "items": ITEMS,
}  # fmt: skip
