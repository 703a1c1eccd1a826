import os
from pathlib import Path

from trajcore.sandbox.machines.bubblewrap.masks import is_secret, make_layer, secrets_below
from trajcore.sandbox.machines.bubblewrap.overlays import Copied, Directory, Link, Overlay, mount_points, plan

TREE = {
    "/usr": ["/usr/bin"],
    "/var": ["/var/lib", "/var/log", "/var/run"],
    "/var/lib": ["/var/lib/apt", "/var/lib/docker"],
    "/etc": ["/etc/hosts", "/etc/ssl"],
}
KINDS = {"/bin": "link:usr/bin", "/var/run": "link:/run", "/etc/hosts": "file", "/missing": None}


def planned(*mounts: str, top: tuple[str, ...] = ("/usr", "/var")) -> list:
    return plan(mounts, top, lambda path: TREE.get(path, []), lambda path: KINDS.get(path, "directory"))


def test_a_directory_without_mounts_is_one_overlay() -> None:
    assert planned("/", "/proc", "/usrlocal") == [Overlay("/usr"), Overlay("/var")]


def test_a_directory_with_a_mount_deep_inside_is_split_down_to_it() -> None:
    assert planned("/", "/var/lib/docker") == [
        Overlay("/usr"),
        Directory("/var"),
        Directory("/var/lib"),
        Overlay("/var/lib/apt"),
        Overlay("/var/log"),
        Link("/var/run", "/run"),
    ]


def test_links_and_missing_directories() -> None:
    assert planned(top=("/bin", "/missing")) == [Link("/bin", "usr/bin")]


def test_a_mounted_top_directory_is_left_out() -> None:
    assert planned("/usr/", top=("/usr",)) == []


def test_files_of_a_split_directory_are_copied() -> None:
    assert planned("/etc/hosts", top=("/etc",)) == [
        Directory("/etc"),
        Copied("/etc/hosts"),
        Overlay("/etc/ssl"),
    ]


def test_mount_points_are_read_with_their_escapes() -> None:
    text = "22 27 0:21 / /proc rw - proc proc rw\n23 27 0:22 / /mnt/a\\040b rw - ext4 x rw\n\n"
    assert mount_points(text) == ["/proc", "/mnt/a b"]


def system(root: Path) -> Path:
    """A system in small, with what everybody may read and what only some may."""
    for directory, mode in (("open", 0o755), ("open/deep", 0o755), ("closed", 0o700), ("through", 0o711)):
        (root / directory).mkdir()
        (root / directory).chmod(mode)
    for file, mode in (
        ("public", 0o644), ("shadow", 0o640), ("open/deep/key", 0o600), ("closed/readable", 0o644),
        ("through/named", 0o644), ("through/secret", 0o400), ("sudo", 0o4711),
    ):  # fmt: skip
        (root / file).write_text("content")
        (root / file).chmod(mode)
    (root / "link").symlink_to("shadow")
    return root


def test_secrets_are_what_others_may_not_read(tmp_path: Path) -> None:
    found = secrets_below(str(system(tmp_path)))
    assert sorted(os.path.relpath(path, tmp_path) for path in found.files) == [
        "open/deep/key", "shadow", "through/secret",
    ]  # fmt: skip
    assert found.directories == [str(tmp_path / "closed")]
    assert is_secret(str(tmp_path / "shadow"))
    assert not is_secret(str(tmp_path / "missing"))


def test_directories_left_out_are_not_looked_into(tmp_path: Path) -> None:
    found = secrets_below(str(system(tmp_path)), [str(tmp_path / "open"), str(tmp_path / "closed")])
    assert {Path(path).name for path in (*found.files, *found.directories)} == {"shadow", "secret"}


def test_the_layer_that_hides_them_is_empty_and_looks_like_what_it_hides(tmp_path: Path) -> None:
    host, layer = tmp_path / "host", tmp_path / "layer"
    host.mkdir()
    make_layer(str(system(host)), secrets_below(str(host)), layer)
    made = {str(path.relative_to(layer)): path for path in layer.rglob("*")}
    assert set(made) == {
        "shadow", "open", "open/deep", "open/deep/key", "through", "through/secret", "closed",
    }  # fmt: skip
    assert {made[name].read_bytes() for name in ("shadow", "open/deep/key", "through/secret")} == {b""}
    assert made["through"].stat().st_mode & 0o777 == 0o711
