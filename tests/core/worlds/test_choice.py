"""What the user wants of a recording's world: as it is typed, and as it is remembered."""

from __future__ import annotations

from pathlib import Path

import pytest

from trajcore.errors import BadInput
from trajcore.worlds.choice import Choice, PathMap, Repository, choice_of, remember, remembered

COMMIT = "0123abcd" * 5


@pytest.mark.parametrize(
    ("text", "source", "commit"),
    [
        ("https://host/owner/name", "https://host/owner/name", ""),
        (f"https://host/owner/name@{COMMIT}", "https://host/owner/name", COMMIT),
        ("git@host:path/name", "git@host:path/name", ""),
        (f"git@host:path/name@{COMMIT[:7]}", "git@host:path/name", COMMIT[:7]),
        ("git@host:path/name@branch", "git@host:path/name@branch", ""),
        ("ssh://git@host/name.git", "ssh://git@host/name.git", ""),
        ("https://me:secret@host/name", "https://me:secret@host/name", ""),
    ],
)
def test_a_commit_is_hexadecimal_and_all_else_is_the_address(text: str, source: str, commit: str) -> None:
    found = Repository.of(text)
    assert (found.source, found.commit, found.is_url) == (source, commit, True)


def test_an_account_in_an_address_is_not_shown() -> None:
    assert Repository.of(f"https://me:secret@host/name@{COMMIT}").shown == f"https://host/name@{COMMIT}"


def test_a_directory_is_meant_before_anything_else(tmp_path: Path) -> None:
    odd = tmp_path / f"name@{COMMIT}"
    odd.mkdir()
    assert Repository.of(str(odd)) == Repository(str(odd))
    assert Repository.of(f"{odd}@{COMMIT}") == Repository(str(odd), COMMIT)
    assert not Repository.of(str(odd)).is_url


@pytest.mark.parametrize(
    "text", ["/nowhere", "owner/name", "-u", "ext::sh -c id", "--upload-pack=id", "http://"]
)
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="no such directory"):
        Repository.of(text)


@pytest.mark.parametrize("text", ["", "a=b", "/a", "/a=", "=/b", "/a=b", "/=/b", "/a=/"])
def test_a_map_is_two_absolute_paths(text: str) -> None:
    with pytest.raises(BadInput, match="FROM=TO"):
        PathMap.of(text)


def test_a_map_is_tidied() -> None:
    assert PathMap.of("/testbed/=/workspace//x") == PathMap("/testbed", "/workspace/x")


def test_what_does_not_fit_together_is_refused(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").touch()
    with pytest.raises(BadInput, match=r"no Dockerfile in it\. Compose files are not built"):
        choice_of(dockerfile=tmp_path)
    (tmp_path / "Dockerfile").touch()
    for world in ("evidence", "none"):
        with pytest.raises(BadInput, match="leave --world"):
            choice_of(world, dockerfile=tmp_path)
    with pytest.raises(BadInput, match="leave --world evidence out"):
        choice_of("evidence", repo=str(tmp_path))
    with pytest.raises(BadInput, match="expected auto, image, evidence or none, got 'moon'"):
        choice_of("moon")


def test_a_choice_is_remembered_for_its_recording_and_row(tmp_path: Path) -> None:
    recording = tmp_path / "output.jsonl"
    recording.touch()
    choice = choice_of("auto", repo=f"{tmp_path}@{COMMIT}", maps=["/testbed=/workspace/x"])
    remember(recording, "0", choice)
    assert remembered(recording, "0") == choice
    assert remembered(recording, "1") is None
    assert remembered(tmp_path / "other.jsonl", "0") is None
    remember(recording, "0", Choice())
    assert remembered(recording, "0") is None


def test_fetching_is_asked_for_anew_each_time(tmp_path: Path) -> None:
    remember(tmp_path / "x", None, choice_of("image", pull=True))
    assert remembered(tmp_path / "x") == choice_of("image")


@pytest.mark.parametrize("spoilt", ["", "[]", "{", '{"path": 1}', '{"kind": "moon"}', '{"maps": 3}'])
def test_what_is_kept_is_only_used_where_it_is_sound(tmp_path: Path, spoilt: str) -> None:
    recording = tmp_path / "x"
    remember(recording, None, choice_of("evidence"))
    (kept,) = (Path.home() / "state").rglob("worlds/*.json")
    if '"kind"' in spoilt or '"maps"' in spoilt:
        spoilt = spoilt.replace("{", f'{{"path": "{recording}", ')
    kept.write_text(spoilt)
    assert remembered(recording) is None


def test_a_repository_that_is_gone_is_not_offered_again(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    remember(tmp_path / "x", None, choice_of(repo=str(gone)))
    gone.rmdir()
    assert remembered(tmp_path / "x") is None
