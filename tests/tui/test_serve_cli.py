"""`trajtui serve` without a browser: who is let in, what is refused, how it ends."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from program import SAMPLES, trajtui
from served import UPGRADE, Served, below, is_there, served, wait_for

DEMO = SAMPLES / "demo.json"
PAGES = ("", "ws", "page.js", "static/js/textual.js", "download/key")


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with served(DEMO, "--sandbox", "recorded") as found:
        yield found


def origin(server: Served) -> str:
    return f"http://127.0.0.1:{server.port}"


@pytest.mark.parametrize("page", PAGES)
def test_without_the_token_nothing_is_answered_and_nothing_begun(server: Served, page: str) -> None:
    token = server.path.strip("/")
    wrong = ("", "/x", f"/{token[:-1]}", f"/{token}x", f"/{token.swapcase()}", "/%C3%A9", f"//{token}")
    for before in wrong:
        answer = server.asked(f"{before}/{page}", **(UPGRADE if page == "ws" else {}))
        assert answer.status == 403, before
    assert server.asked(f"/?token={token}").status == 403
    assert server.tabs() == []


@pytest.mark.parametrize("page", PAGES)
def test_another_name_of_this_machine_and_another_page_are_refused(server: Served, page: str) -> None:
    upgrade = UPGRADE if page == "ws" else {}
    for host in ("evil.example", f"evil.example:{server.port}", "127.0.0.1", f"localhost:{server.port + 1}"):
        assert server.asked(server.path + page, Host=host, **upgrade).status == 403, host
    ours = origin(server)
    for other in ("http://evil.example", "null", "", ours.replace("http:", "https:"), f"{ours}0"):
        assert server.asked(server.path + page, Origin=other, **upgrade).status == 403, other
    assert server.tabs() == []


def test_what_is_no_request_is_refused_and_acts_on_no_terminal(server: Served) -> None:
    for sent in (b"OPTIONS * HTTP/1.1\r\n\r\n", b"GET \x1b]0;title\x07 HTTP/1.1\r\n\r\n", b"\x1b[2J\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
            connection.sendall(sent)
            assert connection.recv(1 << 16).partition(b" ")[2][:3] in (b"400", b"403"), sent
    assert server.asked(server.path).status == 200


def test_the_page_and_its_parts_are_there_and_load_nothing_from_elsewhere(server: Served) -> None:
    for part in ("", "page.js", "page.css", "static/js/textual.js", "static/css/xterm.css"):
        answer = server.asked(server.path + part, Origin=origin(server))
        assert answer.status == 200, part
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Set-Cookie"] is None
    policy = server.asked(server.path).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert {part for part in policy.split() if "://" in part} == {
        f"ws://127.0.0.1:{server.port}{server.path}ws;"
    }
    assert server.asked(server.path, Host=f"localhost:{server.port}").status == 200
    for part in ("page.html", "page.py", "static", "static/", "static/../server.py", "download/key"):
        assert server.asked(server.path + part).status in (403, 404), part


def test_it_listens_on_this_machine_alone(server: Served) -> None:
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    listening = {row[1] for row in rows if row[3] == "0A" and int(row[1].split(":")[1], 16) == server.port}
    assert listening == {f"0100007F:{server.port:04X}"}
    six = Path("/proc/net/tcp6")
    assert not six.exists() or f":{server.port:04X} 0000" not in six.read_text()


def test_each_has_a_token_of_its_own_and_says_its_address(server: Served) -> None:
    assert server.said == {"url": f"{origin(server)}{server.path}", "port": server.port}
    assert len(server.path.strip("/")) >= 43
    done = trajtui("serve", DEMO, "--sandbox", "recorded", "--idle", "1")
    assert done.returncode == 0
    assert done.stdout.startswith("http://127.0.0.1:")
    assert done.stdout.count("\n") == 1
    assert not done.stdout.endswith(f"{server.path}\n")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_ends_it_with_its_sessions(name: str) -> None:
    import signal

    with served(DEMO, "--sandbox", "recorded") as server:
        assert server.asked(f"{server.path}ws", **UPGRADE).status == 101
        wait_for(server.tabs)
        processes = below(server.process.pid)
        assert server.end(signal.Signals[name]) == 130
        assert not [process for process in processes if is_there(process)]


def test_what_was_killed_takes_its_sessions_along() -> None:
    with served(DEMO, "--sandbox", "recorded") as server:
        assert server.asked(f"{server.path}ws", **UPGRADE).status == 101
        wait_for(server.tabs)
        processes = below(server.process.pid)
        server.process.kill()
        wait_for(lambda: not [process for process in processes if is_there(process)])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-",), "save it to a file and serve that"),
        ((SAMPLES / "none.json",), "none.json"),
        ((SAMPLES.parent / "docs",), "docs"),
        ((SAMPLES.parent / "README.md",), "README.md"),
        ((DEMO, "--at", "999"), "999"),
        ((DEMO, "--memory", "1"), "memory"),
        ((DEMO, "--port", "70000"), "70000"),
    ],
)
def test_what_no_tab_could_open_is_said_before_anything_is_served(
    arguments: tuple[str | Path, ...], said: str
) -> None:
    done = trajtui("serve", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "internal error" not in done.stderr


def test_a_port_that_is_taken_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = trajtui("serve", DEMO, "--port", str(port))
        assert done.returncode == 2
        assert f"port {port} cannot be had" in done.stderr
    with served(DEMO, "--sandbox", "recorded", "--port", str(port)) as server:
        assert server.port == port


def test_options_reach_a_tab_as_they_were_typed(tmp_path: Path) -> None:
    from trajtui.commands.serve import _command

    odd = "-odd; $(touch x) 'name'.json"
    given = {
        "sandbox": "recorded", "at": "-1", "map": ("/a b=/c", "/d=/e"), "network": True, "mount": None,
        "live": False, "workspace": tmp_path, "memory": "1g",
    }  # fmt: skip
    words = _command(odd, given)
    assert words[1:5] == ["-P", "-m", "trajtui", "open"]
    assert words[-2:] == ["--", odd]
    assert set(words[5:-2]) == {
        "--sandbox=recorded", "--at=-1", "--map=/a b=/c", "--map=/d=/e", "--network",
        f"--workspace={tmp_path}", "--memory=1g",
    }  # fmt: skip


def test_its_shape_is_one_object() -> None:
    done = trajtui("serve", DEMO, "--sandbox", "recorded", "--idle", "1", "--json", "--quiet")
    assert json.loads(done.stdout).keys() == {"url", "port"}
    assert done.stderr == ""
