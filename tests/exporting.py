"""A recording that means harm to whoever looks at what is exported of it, and holds keys."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, Final

from documents import message, ran, run
from trajcore.session import Session
from trajcore.trajectory import Trajectory
from trajcore.views.exports import exported
from trajcore.views.exports.extract import Extract
from trajcore.views.exports.selection import rows_named

ELSEWHERE: Final = "http://127.0.0.1:9"
"""Nobody listens there: a request would be noticed all the same."""

MARKUP: Final = (
    "<script>document.title = 'taken'; alert(1); fetch('http://127.0.0.1:9/script')</script>",
    '</pre></details><img src=x onerror="alert(2)"><svg/onload=alert(3)>',
    f"<iframe src='{ELSEWHERE}/f'></iframe><object data='{ELSEWHERE}/o'></object>",
    f"<style>@import url({ELSEWHERE}/style); body {{ color: red }}</style>",
    f"<link rel=stylesheet href='{ELSEWHERE}/l'><meta http-equiv=refresh content='0;url={ELSEWHERE}/meta'>",
    "<a href='javascript:alert(4)'>here</a> [here](javascript:alert(5))",
    "<data:text/html,<script>alert(6)</script>> [x](data:text/html,<script>alert(6)</script>)",
    f"![picture]({ELSEWHERE}/p.png) <img src='{ELSEWHERE}/i'> @everyone #1 www.example.com a@example.com",
    "</script><script>alert(7)</script><!--",
    "--><base href='http://127.0.0.1:9/'>",
    "</style></title></textarea>",
    "```\n<script>alert(8)</script>\n````\n~~~\n</details>\n\n# heading\n\n| a | b |\n|---|---|",
    "{{ 7 * 7 }} {% raw %} ${7*7} &lt;b&gt; &#x3c;script&#x3e;",
    "<![CDATA[ ]]> ]]> --!> <!--> <? ?> <!DOCTYPE x>",
    "<plaintext><xmp><listing></textarea></noscript></template></select></iframe>",
    "<math><mtext></table><img src=x onerror=alert(12)></math>",
    "<svg><style><img src=x onerror=alert(13)></style></svg>",
    "[z]: javascript:alert(14)\n\n[z] [y](data:text/html;base64,PHNjcmlwdD4=)",
    "<a href=&#106;avascript:alert(15)>x</a>",
    "```` js\n````\n`````\n</code></pre></details><script>alert(16)</script>\n``````",
    "    indented\n\n\n---\n<details open ontoggle=alert(17)><summary>",
    f"![p](data:image/svg+xml;base64,{base64.b64encode(b'<svg onload=alert(18)>').decode()})",
    "$$\\href{javascript:alert(19)}{x}$$ `a``b```c \\` :tada: fixes #1 GH-1",
)
"""Texts that are something in a page or in Markdown."""

CONTROLS: Final = (
    "\x1b]0;title\x07\x1b[2J\x1b[31mred\x1b[0m \x9b31m \u202egnp.exe\u2066 \x00\x08\r\n\u2028 \ud800"
    "\x1b]52;c;aGFja2Vk\x07 \x9d52;c;aGFja2Vk\x9c \x1b]8;;javascript:alert(1)\x1b\\click\x1b]8;;\x1b\\"
    "\x1bPq#0;2;0;0;0~-\x1b\\ \x1bPtmux;\x1b\x1b]52;c;eA==\x07\x1b\\ \x90+q544e\x9c \x1b_Gf=24;AAAA\x1b\\"
    "\x1b^pm\x1b\\\x1bXsos\x1b\\\x1b]1337;File=inline=1:AAAA\x07 \x1b[6n\x1b[21t\x1b[?1049h\x1bcA\x1b[9999b"
    "\u202a\u202b\u202c\u202d\u2067\u2068\u2069\u200e\u200f\u061c \x1b[31 \x1b]52;c;not ended"
)
"""What acts on a terminal, or makes a text read as something else."""

KEYS: Final = {
    "an API key": "sk-proj-Zk3nVq81LmXc7PbT5yWd",
    "a token of GitHub": "ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8",
    "a JSON web token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.c2lnbmF0dXJlMTIz",
    "an access key of AWS": "AKIA2E0A8F3B244C9986",
    "a password in an address": "s3cr3t-at-home",
    "a private key": "MIIEpAIBAAKCAQEA7bq1zTq0v9VxYw8Rk2",
    "a key of Anthropic": "sk-ant-api03-Xy7Kq2LmNp8Rt4",
    "a key of Google": "AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY",
    "a token of Slack": "xoxb-123456789012-abcdefABCDEF",
    "a login in a header": "Zm9vYmFyMTIzNDU2Nzg5",
    "a value that is called a secret": "c0rrect-h0rse-battery",
}
"""By what each is called."""

_TOLD: Final = {
    "a password in an address": "git clone https://me:{}@git.example.com/x.git",
    "a private key": "cat > id <<'E'\n-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----\nE",
    "a login in a header": "curl -H 'Authorization: Bearer {}' http://127.0.0.1:9",
    "a value that is called a secret": "export DB_PASSWORD={}",
}

PIXEL: Final = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
        "0000000d49444154789c6360f8cf500f0003850181b85d6d9f0000000049454e44ae426082"
    )
).decode()
SVG: Final = base64.b64encode(b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(9)'/>").decode()


def told(kind: str) -> str:
    """How a key of a kind comes into a command."""
    return _TOLD.get(kind, "echo {}").format(KEYS[kind])


def halves() -> list[str]:
    """Those of each key, which stand alone where a line ends in it."""
    return [half for key in KEYS.values() for half in (key[: len(key) // 2], key[len(key) // 2 :])]


def hostile() -> list[dict[str, Any]]:
    """The events of the recording."""
    events: list[dict[str, Any]] = [message(0, "\n".join(MARKUP))]
    for text in (*MARKUP, CONTROLS, *map(told, KEYS)):
        id = len(events)
        events += [run(id, text), ran(id + 1, id, f"{text}\n\x1b[1;31mcoloured\x1b[0m", exit_code=1)]
    id = len(events)
    events += [run(id, "echo"), ran(id + 1, id, "the same again: " + " ".join(KEYS.values()))]
    for end in ("\n", "\\\n"):
        id = len(events)
        broken = [f"{key[: len(key) // 2]}{end}{key[len(key) // 2 :]}" for key in KEYS.values()]
        events += [run(id, "echo"), ran(id + 1, id, "as lines end: " + " ".join(broken))]
    id = len(events)
    in_json = json.dumps(json.dumps({kind: told(kind) for kind in KEYS}))
    events += [run(id, f"post {in_json}"), ran(id + 1, id, in_json)]
    pictures = [
        f"data:image/png;base64,{PIXEL}", f"data:image/svg+xml;base64,{SVG}", f"data:image/png;base64,{SVG}",
        "data:text/html,<script>alert(10)</script>", f"{ELSEWHERE}/remote.png",
        f"data:image/png;base64,{PIXEL}' onerror='alert(11)",
    ]  # fmt: skip
    last = message(len(events), "pictures")
    last["args"]["image_urls"] = pictures
    return [*events, last]


def session_of(events: list[dict[str, Any]], name: str = "hostile.json") -> Session:
    """A session that has played nothing."""
    return Session(Trajectory.from_bytes(json.dumps(events).encode("utf-8", "surrogatepass"), name))


def export_of(events: list[dict[str, Any]], name: str, only: str | None = None) -> tuple[str, Extract]:
    """An export, and what it is of."""
    session = session_of(events)
    extract = Extract(session, rows_named(session, only))
    return "".join(exported(extract, name)), extract


def written(path: Path, events: list[dict[str, Any]]) -> Path:
    """A file of the recording."""
    path.write_text(json.dumps(events), encoding="utf-8")
    return path
