"""The table of risks: what falls under which rule, and what under none."""

from __future__ import annotations

import re
import time
from types import SimpleNamespace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trajcore.live.risks.commands import Place
from trajcore.live.risks.rules import RULES, risks


def found(
    text: str, kind: str = "run", directory: str = "/workspace", said: int = -1, *, typed: bool = False
) -> set[str]:
    args = SimpleNamespace(
        command=text, code=text, path=text, is_input=typed, is_static=False, cwd=None, security_risk=said
    )
    return {rule.name for rule in risks(kind, args, Place(directory, "/workspace"))}


RISKY = {
    "deleting": (
        "rm *.o", "rm -rf *", "rm -f build/[ab].o", "rm {a,b}.txt", "rm -rf /", "rm ~/notes", "rm /tmp/x",
        "rm ../x",
        "rm -r .", "rm -rf /workspace", 'rm -r "$DIR"', "ls; rm *", "ls&&rm *", "false || rm *",
        "ls | xargs rm",
        "ls | xargs -n 1 -P 4 rm -f", "find . -name '*.pyc' -delete", "find . -type f -exec rm -f {} +",
        "find . -exec rm {} \\;", "bash -c 'rm -rf /'", "sh -ec 'cd / && rm -r tmp'", "env X=1 rm -rf ~/x",
        "env -i A=1 B=2 rm /x", "X=1 rm /x", "(cd /; rm -r etc)", "cd / && rm -rf build",
        "cd ..; rm -r workspace",
        "{ rm *; }", "echo $(rm *)", "echo `rm *`", 'echo "now $(rm *)"', "if true; then rm *; fi",
        "for f in *.c; do rm \"$f\"; done", "while read f; do rm $f; done < list", "f() { rm -rf /; }; f",
        "function f { rm *; }", "case $1 in a) rm *;; esac", "timeout 5 rm *", "nohup nice -n 5 rm * &",
        "D=/etc; rm -r $D", "\\rm /x", "r''m /x", '"rm" /x', "/bin/rm /x", "command rm /x", "eval 'rm *'",
        "eval rm /x", "bash <<'END'\nrm *\nEND", "bash <<< 'rm *'", "cat <<END\n$(rm *)\nEND",
        "diff <(rm *) b",
        "trap 'rm *' EXIT", "alias x='rm *'", "ls \\\n; rm *", "ls # nothing\nrm *", "ls & rm *",
        "mkfs.ext4 /dev/sda",
        "rsync -a --delete a/ b/", "shred /etc/x", "unlink /x", "rmdir /x", "mv /etc/hosts .", "watch 'rm *'",
        "${X:-$(rm *)}", "python3 -c 'import os; os.remove(\"/x\")'",
        "python - <<'E'\nimport shutil\nshutil.rmtree('/')\nE",
        "busybox rm /x", "$'rm' /x", r"$'\162\555' /x", "uv run rm /x", "time -p rm *",
    ),
    "privileges": (
        "sudo ls", "ls && sudo -u bob ls", "su", "su - bob -c ls", "doas ls", "chmod +s x", "chmod u+s x",
        "chmod g+xs x",
        "chmod 4755 x", "chmod 2755 x", "chmod -R u=rwxs x", "chown root x", "chown root:root x",
        "chown :root x",
        "chgrp root x", "chown 0 x", "setcap cap_net_raw+ep x", "useradd x", "mount /dev/sda1 x",
        "xargs sudo ls",
    ),
    "killing": (
        "kill 1", "kill -9 $PID", "pkill python", "killall node", "systemctl stop x", "service x stop",
        "reboot",
        "fuser -k 80/tcp", "docker rm -f x", "tmux kill-server", "kill $(pgrep x)",
    ),
    "installing": (
        "apt-get install -y x", "apt update", "sudo apt install x", "pip install x",
        "pip3.11 install -r r.txt",
        "python -m pip install x", "python3 -m pip uninstall x", "npm install", "npm i x", "npm ci",
        "npx x", "yarn",
        "yarn add x", "pnpm add x", "cargo install x", "cargo add x", "go get x", "gem install x",
        "conda install x",
        "uv pip install x", "uv add x", "poetry add x", "dpkg -i x.deb", "rpm -ivh x", "apk add x",
        "brew install x",
        "make install", "python setup.py install", "pacman -S x", "npm --prefix a install", "pipx run x",
    ),
    "network": (
        "curl http://x", "wget x", "ssh host", "scp a host:", "nc -l 80", "git pull", "git fetch", "git push",
        "git clone https://x/y", "git clone git@x:y", "git -C a pull", "rsync a host:b", "docker pull x",
        "ping x",
        "exec 3<>/dev/tcp/x/80", "echo x > /dev/tcp/x/80", "python -m http.server", "gh pr create",
        "cat x | nc x 80",
        "echo $(curl x)", "npm publish",
    ),
    "git": (
        "git push", "git push origin main", "git reset", "git reset --hard HEAD~1", "git clean -fd",
        "git restore .",
        "git checkout -- .", "git checkout -f", "git branch -D x", "git stash drop", "git -C a reset --hard",
        "cd a && git clean -fdx", "git filter-branch x", "git -c a.b=c push", "git reflog expire --all",
    ),
    "start-up": (
        "echo x >> ~/.bashrc", "echo x > $HOME/.profile", "tee -a ~/.zshrc", "cp x ~/.bash_profile",
        "crontab x",
        "echo x > /etc/profile.d/x.sh", "sed -i s/a/b/ ~/.bashrc", "cp hook .git/hooks/pre-commit",
        "systemctl enable x",
        "cat > .envrc", "echo x >> ~/.ssh/authorized_keys", "printf x > /workspace/.bashrc",
        "ln -s x ~/.zshenv",
    ),
    "outside": (
        "echo x > /etc/hosts", "cp a /usr/bin", "cp -t /usr/bin a", "mv a ~", "touch ../x", "mkdir /x",
        "ls &> /x",
        "ls 2> /x", "cd /etc; echo x > hosts", "sed -i s/a/b/ /etc/hosts", "dd if=a of=/dev/sda",
        "ln -s a /usr/bin/a",
        "chmod 777 /etc/passwd", "tee /etc/x", "truncate -s 0 /var/log/x",
    ),
    "hidden": (
        'eval "$X"', "base64 -d x | sh", "curl x | bash", "echo 'unbalanced", "$X y", 'bash -c "$X"',
        "cat x | python",
        "$(cat x)", "echo $(unbalanced", "/bin/r? x", "perl -e 'system(\"x\")'",
    ),
}  # fmt: skip

HARMLESS = (
    "", "ls", "ls -la | head", "cat a.py", "rm a.txt", "rm -rf build", "rm -f build/a.o build/b.o",
    "cd src && rm a.o",
    "echo 'rm -rf /'", 'echo "sudo rm *"', "git commit -m 'rm -rf / && curl x'", "grep -rn 'curl' .",
    "grep sudo README",
    "git status", "git add -A && git commit -m x", "git diff", "git log --oneline | head",
    "git checkout main",
    "git checkout -b x", "git switch x", "git stash", "git branch", "git clone ../a b", "git remote -v",
    "git tag",
    "git reflog", "pytest -q tests", "python -m pytest", "python script.py", "python -c 'print(1)'",
    "npm test",
    "npm run build", "npm ls", "cargo build", "cargo test", "go test ./...", "go build", "make",
    "make test", "pip list",
    "pip show x", "python -m pip list", "apt list", "conda list", "echo x > out.txt",
    "echo x >> a/b.txt 2>&1",
    "ls > /dev/null 2>&1", "ls &> /tmp/log", "cat <<END > a.sh\nrm -rf /\nEND",
    "cat > a.sh <<'END'\n$(rm *)\nEND",
    "sed -i 's/a/b/' a.py", "sed -n '/x/p' a", "find . -name '*.py'", "find . -name x -exec grep y {} +",
    "find . | xargs grep x", "chmod +x run.sh", "chmod 755 run.sh", "chmod -R u+rw a", "chown bob a",
    "kill -0 5",
    "kill -l", "ps aux | grep x", "systemctl status x", "docker ps", "crontab -l", "mkdir -p a/b",
    "cp a b", "mv a b",
    "cp /etc/hosts .", "tar xf a.tar", "for i in 1 2 3; do echo $i; done", "if [ -f a ]; then cat a; fi",
    "[[ a > /etc/x ]] && echo y", "x=$((1+2)); echo $x", "a=(rm curl); echo ${a[0]}", "echo {1..3}",
    "export A=b",
    "source venv/bin/activate", ". ./env", "bash build.sh", "env A=1 python x.py", "timeout 10 pytest",
    "nohup python server.py > log 2>&1 &", "diff <(sort a) <(sort b)", "echo \"it's fine\"",
    "awk '{print $1}' a",
    "perl -ne 'print' a", "node -e 'console.log(1)'", "ls # rm *", "(cd src && ls)", "cat a | sort | uniq -c",
    "uv run pytest", "test -d x || mkdir x", "printf '%s\\n' a", "wc -l *.py", "ls *.py", "time make",
    "rm -r ./build/",
    "touch /tmp/x", "tee out.txt < a",
)  # fmt: skip

CELLS = {
    "import os\nos.system('rm *')": "deleting",
    "import os as o\no.remove('/x')": "deleting",
    "from shutil import rmtree as r\nr('/etc')": "deleting",
    "import shutil\nfor d in dirs:\n    shutil.rmtree(d)": "deleting",
    "from pathlib import Path\nPath('/x').unlink()": "deleting",
    "import subprocess\nsubprocess.run(['rm', '-rf', '/'])": "deleting",
    "!rm *": "deleting",
    "x = !rm *": "deleting",
    "%%bash\nrm *": "deleting",
    "__import__('os').system('rm *')": "deleting",
    "getattr(os, 'system')('rm *')": "deleting",
    "exec(\"import os\\nos.system('rm *')\")": "deleting",
    "import os; os.chdir('/'); os.remove('x')": "deleting",
    "import subprocess as s\ns.check_output('sudo ls', shell=True)": "privileges",
    "import os\nos.chmod('a', 0o4755)": "privileges",
    "import os, signal\nos.kill(1, signal.SIGKILL)": "killing",
    "%pip install x": "installing",
    "import sys, subprocess\nsubprocess.run([sys.executable, '-m', 'pip', 'install', 'x'])": "installing",
    "import requests\nrequests.get('http://x')": "network",
    "from urllib.request import urlopen\nurlopen('http://x')": "network",
    "import socket\nsocket.create_connection(('x', 80))": "network",
    "import subprocess\nsubprocess.call(('git', 'push'))": "git",
    "open('/root/.bashrc', 'a').write('x')": "start-up",
    "p = '/etc/x'\nwith open(p, mode='w') as f:\n    f.write('')": "outside",
    "from pathlib import Path\n(Path('/etc') / 'x').write_text('')": "outside",
    "%%writefile /etc/x\ntext": "outside",
    "import os\nos.system(command)": "hidden",
    "eval(text)": "hidden",
    "def f(:": "hidden",
}
HARMLESS_CELLS = (
    "print('rm -rf /')",
    "import os\nos.listdir('.')",
    "import subprocess\nsubprocess.run(['ls', '-l'])",
    "open('a.txt', 'w').write('x')",
    "open('/etc/hosts').read()",
    "import re\nre.compile('\\d')",
    "x = {'a': 1}\nx.pop('a')",
    "!ls",
    "%matplotlib inline\nimport numpy as np",
    "from pathlib import Path\nPath('a').write_text('b')",
    "import os\nos.remove('a.txt')",
)


@pytest.mark.parametrize(("rule", "text"), [(rule, one) for rule, all in RISKY.items() for one in all])
def test_a_risky_command_falls_under_its_rule(rule: str, text: str) -> None:
    assert rule in found(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_a_harmless_command_falls_under_none(text: str) -> None:
    assert found(text) == set()


@pytest.mark.parametrize(("code", "rule"), CELLS.items())
def test_a_cell_is_seen_through(code: str, rule: str) -> None:
    assert rule in found(code, "run_ipython")


@pytest.mark.parametrize("code", HARMLESS_CELLS)
def test_a_harmless_cell_falls_under_none(code: str) -> None:
    assert found(code, "run_ipython") == set()


@pytest.mark.parametrize(
    ("path", "rules"),
    [
        ("/workspace/a.py", set()), ("a.py", set()), ("/tmp/a.py", set()), ("/etc/hosts", {"outside"}),
        ("/workspace/../etc/x", {"outside"}), ("../a.py", {"outside"}), ("/workspace/.bashrc", {"start-up"}),
        ("/root/.profile", {"start-up", "outside"}), ("/workspace/.git/hooks/pre-commit", {"start-up"}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["edit", "write"])
def test_a_file_edit_is_judged_by_its_path(kind: str, path: str, rules: set[str]) -> None:
    assert found(path, kind) == rules


def test_reading_is_no_risk() -> None:
    assert found("/etc/shadow", "read") == set()


def test_where_the_shell_is_says_what_a_relative_path_is() -> None:
    assert found("rm x") == set()
    assert found("rm x", directory="/etc") == {"deleting"}
    assert found("rm workspace/a/x", directory="/") == set()
    assert found("(cd /workspace); rm x", directory="/") == {"deleting"}


def test_what_is_typed_into_a_program_may_be_no_command() -> None:
    for text in ("C-c", "C-d", "y", "don't", "print('it is')"):
        assert found(text, typed=True) == set()
    assert found("rm *", typed=True) == {"deleting"}
    assert found("import os; os.system('rm *')", typed=True) == {"deleting"}


def test_the_models_word_comes_on_top() -> None:
    assert found("ls", said=2) == {"said"}
    assert found("ls", said=1) == found("ls", said=0) == set()
    assert found("rm *", said=0) == {"deleting"}


def test_every_rule_has_its_examples() -> None:
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)
    assert set(names) == {*RISKY, "said"}
    assert len([one for all in RISKY.values() for one in all]) >= 80
    assert all(rule.what.startswith("it ") or rule.name == "said" for rule in RULES)


WRAPPERS = ("{}", "ls; {}", "ls && {}", "( {} )", "{{ {}; }}", "echo $( {} )", "if true; then {}; fi",
"ls |\n{}", "! {}",
            "env A=1 {}", "nohup {} &", "timeout 3 {}", "f() {{ {}; }}; f", "x=1 {}",
            "while {}; do :; done")  # fmt: skip


COMMANDS = st.sampled_from(["sudo x", "curl x", "pkill x", "rm /x"])


@given(st.lists(st.sampled_from(WRAPPERS), max_size=4), COMMANDS)
def test_nothing_around_a_risky_command_hides_it(wrappers: list[str], text: str) -> None:
    alone = found(text)
    for wrapper in wrappers:
        simple = re.fullmatch(r"[\w/ ]+", text)
        if not simple and wrapper.split()[0] in ("env", "nohup", "timeout", "x=1"):
            continue  # these stand before a simple command only
        text = wrapper.format(text)
    assert alone <= found(text)


@example("$'\\;'")
@example("$'\\777'")
@example("$'\\λ'")
@given(st.text(alphabet="rm*$`'\"(){}[]|&;<> \n\\=#x-/~!,", max_size=60))
def test_any_text_is_read_or_said_to_be_unreadable(text: str) -> None:
    assert found(text) <= {rule.name for rule in RULES}
    assert found(text, "run_ipython") <= {rule.name for rule in RULES}


@pytest.mark.parametrize(
    "piece", ["{", "$(", "`", "'", "<<a\n", "chmod +s ", "(", "x=", " ", "!", "a,", "\\", "((", "+", "\n !"]
)
def test_a_long_text_takes_no_long_time(piece: str) -> None:
    for kind in ("run", "run_ipython"):
        begun = time.perf_counter()
        found(piece * (90_000 // len(piece)), kind)
        found("x" * 2_000_000, kind)
        assert time.perf_counter() - begun < 5
