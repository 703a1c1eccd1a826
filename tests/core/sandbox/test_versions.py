"""The version store: any moment that is there can be gone back to, and nothing is kept that nobody needs."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from trajcore.sandbox.versions.store import Revision, Versions
from trajcore.sandbox.versions.version import State, Unknown, Version

PATHS = ("/a", "/a/b", "/c", "/d")

OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sampled_from(PATHS), st.integers(0, 5)),
        st.tuples(st.just("remove"), st.sampled_from(PATHS), st.just(0)),
        st.tuples(st.just("lose"), st.sampled_from(PATHS), st.just(0)),
        st.tuples(st.sampled_from(["mark", "mark", "go", "drop"]), st.just(""), st.integers(0, 50)),
    ),
    max_size=60,
)


class World:
    """Paths and what they hold, and the versions of them."""

    def __init__(self, most_bytes: int = 1 << 20, most_files: int = 1000) -> None:
        self.versions = Versions(most_bytes, most_files)
        self.files: dict[str, bytes | None] = {}
        self.marked: list[tuple[Revision, dict[str, bytes | None]]] = []

    def do(self, what: str, path: str, number: int) -> None:
        there = [(revision, files) for revision, files in self.marked if revision.is_there]
        match what:
            case "write":
                self.write(path, bytes([number]) * (number * 10))
            case "remove":
                self.files.pop(path, None)
                self.versions.note(path, None, None)
            case "lose":
                self.files[path] = None
                self.versions.note(path, None, Unknown.UNKNOWN)
            case "mark":
                self.marked.append((self.versions.revision(), dict(self.files)))
                assert self.marked[-1][0].is_there
            case "go" if there:
                self.go(*there[number % len(there)])
            case "drop" if there:
                self.versions.drop(there[number % len(there)][0])

    def write(self, path: str, data: bytes) -> None:
        number = self.versions.keep_data(data, data)
        state: State = Version(0o100644, 0, 0, 0, len(data), content=number or 0)
        self.files[path] = data if number is not None else None
        self.versions.note(path, None, state if number is not None else Unknown.UNKNOWN)

    def go(self, revision: Revision, files: dict[str, bytes | None]) -> None:
        wanted = self.versions.way_to(revision)
        if Unknown.UNKNOWN in wanted.values():
            return  # what changed there is not marked yet: then it will be told
        for path, state in wanted.items():
            assert not isinstance(state, Unknown)
            self.files.pop(path, None)
            if state is not None:
                self.files[path] = self.versions.read(state)
        self.versions.arrive(revision)
        assert self.files == files


@given(OPERATIONS)
@settings(max_examples=300)
def test_going_back_brings_what_was_there(operations: list[tuple[str, str, int]]) -> None:
    world = World()
    for operation in operations:
        world.do(*operation)
    for revision, files in world.marked:
        if revision.is_there:
            world.go(revision, files)
    world.versions.clear()
    assert world.versions._contents.size == 0
    world.versions.close()


@given(OPERATIONS)
@settings(max_examples=150)
def test_also_with_little_room_which_is_kept_to(operations: list[tuple[str, str, int]]) -> None:
    world = World(most_bytes=120, most_files=12)
    for operation in operations:
        world.do(*operation)
        if operation[0] == "mark":
            assert sum(revision.is_there for revision, _ in world.marked) <= 12
    for revision, files in world.marked:
        if revision.is_there:
            world.go(revision, files)
    world.versions.close()


def test_the_oldest_goes_where_there_is_no_room() -> None:
    world = World(most_bytes=100)
    for number in range(1, 9):
        world.write("/a", bytes([number]) * 20)
        world.do("mark", "", 0)
    there = [revision.is_there for revision, _ in world.marked]
    assert there == sorted(there)
    assert there[-1]
    assert not there[0]
    assert world.versions._contents.size <= 100
    world.versions.close()


def test_what_is_too_large_costs_only_the_moments_at_which_it_was_there() -> None:
    world = World(most_bytes=100)
    world.write("/a", b"x")
    world.do("mark", "", 0)
    world.write("/c", b"y" * 60)
    world.do("mark", "", 0)
    world.do("remove", "/c", 0)
    world.do("mark", "", 0)
    assert [revision.is_there for revision, _ in world.marked] == [True, False, True]
    world.go(*world.marked[0])
    world.versions.close()
