from trajcore.sandbox.overlays import Copied, Directory, Link, Overlay, mount_points, plan

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
