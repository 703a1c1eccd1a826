from trajcore.sandbox.shell.capture import Capture


def test_memory_is_bounded() -> None:
    capture = Capture()
    for number in range(20_000):
        capture.add(b"%08d" % number + b"x" * 1000)
    kept = capture.take()
    assert len(kept) < 4 << 20
    assert kept.startswith(b"00000000x")
    assert kept.endswith(b"00019999" + b"x" * 1000)
    assert capture.take() == b""
