"""What hides a host's secrets."""

from __future__ import annotations

from pathlib import Path

from trajcore.sandbox.machines.bubblewrap.masks import Secrets, make_layer, secrets_below


def test_what_others_may_not_read_is_found_and_hidden(tmp_path: Path):
    top = tmp_path / "etc"
    (top / "keys").mkdir(parents=True)
    (top / "keys" / "private").write_text("secret")
    (top / "open").mkdir()
    (top / "open" / "shadow").write_text("secret")
    (top / "open" / "readable").write_text("known")
    (top / "keys").chmod(0o700)
    (top / "open" / "shadow").chmod(0o640)
    (top / "open" / "link").symlink_to("shadow")
    secrets = secrets_below(str(top))
    assert secrets.files == [str(top / "open" / "shadow")]
    assert secrets.directories == [str(top / "keys")]
    layer = tmp_path / "layer"
    make_layer(str(top), secrets, layer)
    assert (layer / "open" / "shadow").read_bytes() == b""
    assert list((layer / "keys").iterdir()) == []
    assert not (layer / "open" / "readable").exists()


def test_what_goes_while_it_is_hidden_is_no_fault(tmp_path: Path):
    secrets = Secrets([str(tmp_path / "gone" / "file")], [str(tmp_path / "gone too")])
    make_layer(str(tmp_path), secrets, tmp_path / "layer")
    assert (tmp_path / "layer" / "gone" / "file").read_bytes() == b""
