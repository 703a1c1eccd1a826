"""What can be added from outside: by a call, or by an installed package that names it as an entry point."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Generic, Protocol, TypeVar

from trajcore.errors import BadInput, meant


class Named(Protocol):
    """What has a name to be found by."""

    @property
    def name(self) -> str:
        """How it is called in messages and on the command line."""
        ...


_T = TypeVar("_T", bound=Named)


class Registry(Generic[_T]):
    """Things of one sort by their names: built in, registered by a call, and offered by packages.

    What packages offer is known by name alone until it is asked for; each is loaded once.
    """

    def __init__(self, what: str, group: str, built_in: Mapping[str, Callable[[], _T]]) -> None:
        self._what = what
        self._group = group
        self._makers = dict(built_in)
        self._made: dict[str, _T] = {}

    def register(self, item: _T) -> None:
        """Add one; another one of that name gives way to it."""
        self._makers[item.name] = lambda: item
        self._made.pop(item.name, None)

    def unregister(self, name: str) -> None:
        """Take one out again that was registered."""
        self._makers.pop(name, None)
        self._made.pop(name, None)

    def names(self) -> list[str]:
        """All names, first those that are built in or registered."""
        return [*self._makers, *(name for name in self._offered() if name not in self._makers)]

    def get(self, name: str) -> _T:
        """The one of that name. Raises `BadInput` where there is none, or it cannot be loaded."""
        if name not in self._made:
            maker = self._makers.get(name) or self._offered().get(name)
            if maker is None:
                known = ", ".join(self.names())
                raise BadInput(
                    f"there is no {self._what} {name!r}: there are {known}.{meant(name, self.names())}"
                )
            self._made[name] = maker()
        return self._made[name]

    def at_hand(self) -> Iterator[_T]:
        """Those that are built in or registered."""
        return (self.get(name) for name in list(self._makers))

    def offered(self) -> Iterator[_T]:
        """Those that packages offer, which loads them. Raises `BadInput` where one cannot be loaded."""
        return (self.get(name) for name in self._offered() if name not in self._makers)

    def _offered(self) -> dict[str, Callable[[], _T]]:
        from importlib.metadata import EntryPoint, entry_points

        def maker(point: EntryPoint) -> Callable[[], _T]:
            def load() -> _T:
                try:
                    made: _T = point.load()()
                except Exception as error:
                    raise BadInput(f"the {self._what} {point.name!r} cannot be loaded: {error}.") from error
                return made

            return load

        return {point.name: maker(point) for point in entry_points(group=self._group)}
