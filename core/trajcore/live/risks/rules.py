"""The table of risks: what a model's action is asked for first, and how that is seen.

The rules are a guard against mistakes and no wall, which the sandbox is: what a script does that is run by
its name, nobody reads here. They speak of simple commands; file edits and notebook cells are told as such.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from trajcore.events import kinds
from trajcore.live.risks.commands import HIDDEN, Command, Place, Unreadable, Word, command
from trajcore.live.risks.wrapped import Step, of_python, of_shell

_HIGH: Final = 2
"""The `security_risk` at which OpenHands asks (`openhands/controller/agent_controller.py`, 0.62)."""


@dataclass(frozen=True)
class Rule:
    """One row: its name, what it says of an action, examples, and how a command is seen to fall under it."""

    name: str
    what: str
    examples: str
    found: Callable[[Step], bool]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Deleting

_DELETING: Final = _words("rm rmdir unlink shred srm trash trash-put")
_WIPING: Final = re.compile(r"mkfs(\..*)?|wipefs|blkdiscard|fdisk|sfdisk|parted")


def _deletes(step: Step) -> bool:
    one, place = step.command, step.place
    if one.name == "find":
        return any(word.text == "-delete" for word in one.arguments)
    if one.name == "mv":
        return any(_is_outside(word, place) for word in one.operands[:-1])
    if one.name == "rsync":
        return any(word.text.startswith("--del") for word in one.arguments)
    if one.name in _DELETING:
        return one.more or any(
            word.wild or not word.known or not _is_inside(word, place) for word in one.operands
        )
    return bool(_WIPING.fullmatch(one.name))


def _is_inside(word: Word, place: Place) -> bool:
    path = place.path(word)
    return path is not None and place.inside(path)


def _is_outside(word: Word, place: Place) -> bool:
    path = place.path(word)
    return path is not None and not place.inside(path) and path != place.workspace


# Writing

_SCRATCH: Final = re.compile(
    r"/(?:var/)?tmp/.+|/dev/(?:null|stdout|stderr|tty|zero|full|fd/.*|shm/.+)|/proc/self/fd/.*"
)
_COPYING: Final = _words("cp mv ln install rsync scp")
_CHANGING: Final = _words("tee touch mkdir chmod chown chgrp truncate setfacl")


def _written(one: Command) -> Iterable[Word]:
    """The files and directories that a command writes to, as far as that stands there."""
    yield from one.writes
    operands = one.operands
    if one.name in _COPYING:
        targets = [
            after for word, after in zip(one.arguments, one.arguments[1:], strict=False) if word.text == "-t"
        ]
        yield from targets or operands[-1:]
    elif one.name in ("chmod", "chown", "chgrp"):
        yield from operands[1:]
    elif one.name in _CHANGING:
        yield from operands
    elif one.name in ("sed", "perl") and any(
        re.match(r"-\w*i|--in-place", word.text) for word in one.arguments
    ):
        yield from operands if one.has_option("e", "f", "expression") else operands[1:]
    elif one.name == "dd":
        yield from (Word(word.text[3:], word.known) for word in one.arguments if word.text.startswith("of="))


def _writes_outside(step: Step) -> bool:
    for word in _written(step.command):
        path = step.place.path(word)
        if path is not None and _is_outside(word, step.place) and not _SCRATCH.fullmatch(path):
            return True
    return False


_START_UP: Final = re.compile(
    r"(?:.*/)?\.(?:bashrc|bash_profile|bash_login|bash_logout|bash_aliases|profile|zshrc|zprofile|zshenv|zlogin|zlogout"
    r"|cshrc|tcshrc|login|logout|kshrc|mkshrc|xprofile|xinitrc|xsessionrc|pam_environment|envrc)"
    r"|(?:.*/)?(?:config\.fish|authorized_keys|sitecustomize\.py|usercustomize\.py)"
    r"|(?:.*/)?\.config/(?:fish|autostart|systemd|environment\.d)/.*"
    r"|(?:.*/)?\.git/hooks/.*|(?:.*/)?\.ssh/rc"
    r"|/etc/(?:profile|bash|zsh|environment|cron|rc\.|init|systemd|ld\.so\.preload).*|/var/spool/cron.*",
    re.DOTALL,
)
_SCHEDULING: Final = _words("chsh update-rc.d at batch")


def _starts_up(step: Step) -> bool:
    one = step.command
    if one.name == "crontab":
        return not one.has_option("l")
    if one.name == "systemctl":
        return bool({"enable", "disable", "link", "mask"} & {word.text for word in one.operands[:1]})
    if one.name in _SCHEDULING:
        return True
    return any(_START_UP.fullmatch(step.place.path(word) or word.text) for word in _written(one))


# Rights, and processes

_RIGHTS: Final = _words(
    "sudo sudoedit su doas pkexec runuser setpriv setcap visudo vipw useradd userdel usermod adduser "
    "deluser groupadd groupdel groupmod gpasswd passwd chpasswd newgrp chroot nsenter insmod modprobe "
    "rmmod mount umount sysctl iptables nft ufw setenforce"
)
_SET_ID: Final = re.compile(r"[ugoa]*[-+=rwxXt]*[+=][rwxXt]*s[rwxXst]*|0?[2-7][0-7]{3}")
_ROOT: Final = re.compile(r"(?:root|0)(?::.*)?|[\w-]*:(?:root|0)")
_LONGEST_MODE: Final = 40


def _takes_rights(step: Step) -> bool:
    one = step.command
    first = one.operands[0].text if one.operands else ""
    if one.name == "chmod":
        clauses = (clause for word in one.arguments for clause in word.text[:_LONGEST_MODE].split(","))
        return any(_SET_ID.fullmatch(clause) for clause in clauses)
    if one.name in ("chown", "chgrp"):
        return bool(first) and bool(_ROOT.fullmatch(first))
    return one.name in _RIGHTS


_KILLING: Final = _words("pkill killall killall5 skill xkill slay shutdown reboot halt poweroff telinit")


def _kills(step: Step) -> bool:
    one = step.command
    subcommand = one.operands[0].text if one.operands else ""
    match one.name:
        case "kill":
            return not any(word.text in ("-0", "-l", "-L", "--list") for word in one.arguments[:1])
        case "fuser":
            return one.has_option("k", "kill")
        case "systemctl":
            return subcommand in _words("stop kill restart disable mask isolate reboot poweroff halt")
        case "service":
            return any(word.text in ("stop", "restart") for word in one.operands[1:])
        case "docker" | "podman":
            return subcommand in _words("kill stop rm restart rmi prune down")
        case "tmux":
            return subcommand.startswith("kill")
    return one.name in _KILLING


# What comes from elsewhere, or goes there

_PACKAGES: Final[Mapping[str, frozenset[str] | None]] = {
    **dict.fromkeys(
        _words("apt apt-get aptitude"),
        _words(
            "install reinstall remove purge update upgrade dist-upgrade full-upgrade autoremove build-dep"
        ),
    ),
    **dict.fromkeys(
        _words("yum dnf microdnf zypper tdnf"),
        _words("install in remove rm erase update up upgrade localinstall group"),
    ),
    "apk": _words("add del upgrade update fix"),
    "emerge": None,
    **dict.fromkeys(
        _words("brew port snap flatpak"), _words("install uninstall remove upgrade update refresh")
    ),
    "uv": _words("add remove sync pip tool lock"),
    "npm": _words(
        "install i in isntall ci add update up upgrade uninstall remove rm un exec link install-test it"
    ),
    "npx": None,
    "pnpx": None,
    "bunx": None,
    "uvx": None,
    "pnpm": _words("install i add update up remove rm dlx"),
    "yarn": _words("install add remove upgrade up global dlx"),
    "bun": _words("install i add remove update x"),
    "cargo": _words("install add update uninstall remove"),
    "go": _words("install get"),
    "gem": _words("install update uninstall"),
    "bundle": _words("install update add"),
    "composer": _words("install require update remove create-project"),
    **dict.fromkeys(_words("conda mamba micromamba"), _words("install create update upgrade remove env")),
    **dict.fromkeys(_words(
        "poetry pdm pipenv"
    ), _words("add install update remove sync lock self uninstall")),
    "pipx": _words("install run upgrade inject uninstall"),
    "easy_install": None,
    "luarocks": _words("install remove"),
    "cabal": _words("install update"),
    "opam": _words("install update upgrade remove"),
    "rustup": _words("install update toolchain component target default"),
    "nvm": _words("install"),
    "playwright": _words("install"),
    "cpan": None,
    "cpanm": None,
    "make": _words("install uninstall"),
    "ninja": _words("install"),
    "dotnet": _words("add tool workload"),
    "helm": _words("install upgrade uninstall"),
}  # fmt: skip
"""Programs that install, and the subcommands by which they do; None: by all of them."""
_PIP: Final = re.compile(r"pip[\d.]*")


def _installs(step: Step) -> bool:
    one = step.command
    name = "pip" if _PIP.fullmatch(one.name) else one.name
    # Behind an option, the next word may be its value.
    near = [
        word.text for word in one.operands[: 2 if one.arguments and one.arguments[0].text[:1] == "-" else 1]
    ]
    match name:
        case "pip":
            return any(word in _words("install uninstall download wheel") for word in near)
        case "dpkg":
            return one.has_option("i", "r", "P", "install", "remove", "purge", "unpack")
        case "rpm":
            return one.has_option("i", "U", "F", "e", "install", "upgrade", "erase")
        case "pacman":
            return one.has_option("S", "R", "U")
        case "nix-env":
            return one.has_option("i", "e", "u", "install")
        case "cmake":
            return one.has_option("install")
        case "yarn" if not one.arguments:
            return True
        case "python" | "python3" if near[:1] and near[0].endswith("setup.py"):
            return any(word.text in ("install", "develop") for word in one.operands[1:])
    if name == "make":
        return any(word.text in ("install", "uninstall") for word in one.operands)
    subcommands = _PACKAGES.get(name, frozenset())
    return subcommands is None or any(word in subcommands for word in near)


_CONNECTING: Final = _words(
    "curl wget wget2 aria2c http https xh ssh scp sftp ssh-copy-id sshfs mosh nc ncat netcat nmap "
    "telnet ftp lftp tftp socat ping ping6 traceroute tracepath dig nslookup host whois rclone s3cmd "
    "gsutil aws gcloud az gh glab kubectl heroku ngrok cloudflared sendmail mail mailx mutt http.server "
    "w3m lynx links elinks"
)
_REMOTE: Final = re.compile(r"\w[\w+.-]*://|[\w.-]+@[\w.-]+:|[\w.-]+::?[\w/~]")


def _connects(step: Step) -> bool:
    one = step.command
    if any("/dev/tcp/" in word.text or "/dev/udp/" in word.text for word in (*one.words, *one.writes)):
        return True
    match one.name:
        case "git":
            subcommand, words = _git(one)
            return subcommand in _words("fetch pull push ls-remote send-email lfs") or any(
                not word.known or _REMOTE.match(word.text) or word.text == "update"
                for word in words
                if subcommand in ("clone", "submodule", "remote", "archive")
            )
        case "rsync":
            return any(_REMOTE.match(word.text) for word in one.operands)
        case "docker" | "podman":
            return bool(one.operands) and one.operands[0].text in _words(
                "pull push login run build compose search"
            )
        case "openssl":
            return any(word.text in ("s_client", "s_server") for word in one.operands[:1])
        case "npm" | "cargo" | "gem" | "twine" | "poetry" | "uv" | "vsce":
            return any(word.text in ("publish", "upload", "login", "push") for word in one.operands[:1])
    return one.name in _CONNECTING


# Git

_GIT_VALUED: Final = _words("-C -c --git-dir --work-tree --namespace --exec-path")


def _git(one: Command) -> tuple[str, tuple[Word, ...]]:
    """The subcommand of git, and the words behind it."""
    words = one.arguments
    while words and words[0].text.startswith("-"):
        words = words[2 if words[0].text in _GIT_VALUED else 1 :]
    return (words[0].text, words[1:]) if words else ("", ())


def _loses_in_git(step: Step) -> bool:
    if step.command.name != "git":
        return False
    subcommand, words = _git(step.command)
    said = {word.text for word in words}
    match subcommand:
        case (
            "push" | "reset" | "clean" | "restore" | "filter-branch" | "filter-repo" | "update-ref" | "reflog"
        ):
            return not (subcommand == "reflog" and not said & {"expire", "delete"})
        case "checkout":
            return bool(said & {"--", ".", "-f", "--force"})
        case "switch":
            return bool(said & {"-f", "--force", "--discard-changes"})
        case "branch" | "tag":
            return bool(said & {"-d", "-D", "--delete", "-f", "--force", "-M"})
        case "stash":
            return bool(said & {"drop", "clear"})
        case "worktree":
            return "remove" in said
        case "gc":
            return any(word.startswith("--prune") for word in said)
    return False


def _is_hidden(step: Step) -> bool:
    return step.command.hidden


def _never(step: Step) -> bool:
    """Nothing in the command says it: the action does."""
    return False


RULES: Final = (
    Rule("deleting", "it deletes by wildcard, what it does not name, or outside of the workspace",
         "rm *.o · rm -r \"$D\" · xargs rm · find -delete · rm ~/x · shutil.rmtree('/x') · mkfs", _deletes),
    Rule("privileges", "it takes or gives more rights",
         "sudo · su · chmod +s · chown root · setcap · useradd · mount", _takes_rights),
    Rule("killing", "it ends processes, services or the machine",
         "kill · pkill · systemctl stop · docker rm · reboot · os.kill", _kills),
    Rule("installing", "it installs or removes packages",
         "apt install · pip install · npm ci · cargo add · go get · gem · conda · make install", _installs),
    Rule("network", "it uses the network",
         "curl · wget · ssh · scp · nc · git pull · git clone URL · requests.get · /dev/tcp", _connects),
    Rule("git", "it throws work in git away, or sends it",
         "git push · reset · clean · restore · checkout -- . · branch -D · stash drop", _loses_in_git),
    Rule("start-up", "it writes what is run later by itself",
         "~/.bashrc and its like · /etc/profile · crontab · .git/hooks · systemctl enable", _starts_up),
    Rule("outside", "it writes outside of the workspace, and not to /tmp",
         "> /etc/x · cp x ~ · sed -i … /etc/hosts · a file edit there", _writes_outside),
    Rule("hidden", "it runs what cannot be read here",
         "eval \"$X\" · base64 -d x | sh · os.system(name) · a line with an open quote", _is_hidden),
    Rule("said", "the model itself says that the risk is high", "security_risk: HIGH", _never),
)  # fmt: skip
"""What is asked for where only risky actions are, in the order in which it is named."""

_SAID: Final = RULES[-1]


def risks(kind: str, args: Any, place: Place) -> tuple[Rule, ...]:
    """The rules that an action falls under: `args` are its typed arguments, `place` is where it would run."""
    steps = _steps(kind, args, place)
    found = tuple(rule for rule in RULES if any(rule.found(step) for step in steps))
    said = getattr(args, "security_risk", None)
    return (*found, _SAID) if isinstance(said, int) and said >= _HIGH else found


def _steps(kind: str, args: Any, place: Place) -> list[Step]:
    match kind:
        case kinds.RUN if args.is_input:
            return _typed(args.command, place)
        case kinds.RUN:
            own = Place(args.cwd, place.workspace) if args.is_static and args.cwd else place
            return _read(of_shell, args.command, own)
        case kinds.RUN_IPYTHON:
            return _read(of_python, args.code, place)
        case kinds.EDIT | kinds.WRITE:
            return [Step(command(writes=[Word(args.path)]), place)]
    return []


def _read(read: Callable[[str, Place], list[Step]], text: str, place: Place) -> list[Step]:
    try:
        return read(text, place)
    except Unreadable:
        return [Step(HIDDEN, place)]


def _typed(text: str, place: Place) -> list[Step]:
    """What is typed into a program: a shell may read it, or Python, or neither: it need be no command."""
    steps: list[Step] = []
    for read in (of_shell, of_python):
        try:
            steps += [step for step in read(text, place) if not step.command.hidden]
        except Unreadable:
            continue
    return steps
