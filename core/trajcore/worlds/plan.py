"""Which world a run begins in: what the user chose, of what is told of the recording and what is here."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from trajcore.dialects.told import What
from trajcore.errors import BadInput, SandboxUnavailable
from trajcore.sandbox.base import OnProgress, SandboxSettings
from trajcore.sandbox.registry import AUTO, is_walled
from trajcore.worlds import choice as choices
from trajcore.worlds.choice import Choice
from trajcore.worlds.maps import PathMaps

# What looks for worlds and makes them is loaded when one is asked for: the first frame need not wait for it.
if TYPE_CHECKING:
    from trajcore.trajectory import Trajectory
    from trajcore.worlds.facts import Found
    from trajcore.worlds.placing import Tree
    from trajcore.worlds.prelude import Step

IMAGE: Final = "image"
DOCKERFILE: Final = "dockerfile"
REPOSITORY: Final = "repo"
EVIDENCE: Final = "evidence"
NONE: Final = "none"

_WORKSPACE: Final = "/workspace"
"""Where a sandbox has the user's files."""
_NOT_HERE: Final = "The image {} is not here: --pull fetches it."
_NAMES_NONE: Final = (
    "The recording names no image: --image IMAGE, --repo or --world evidence can give it one."
)
_NO_WALLS: Final = "{} needs docker or bubblewrap."
_OWN_FILES: Final = (
    "{} does not go with --workspace, --mount or --container, which bring a world of their own."
)


class Missing(Struct, frozen=True):
    """The image that the recording names, where it is not used, and why."""

    image: str
    why: str
    pull: bool = True
    """Whether fetching it would help."""


@dataclass(frozen=True)
class World:
    """The world that a run begins in, still to be made."""

    kind: str
    """`image`, `dockerfile`, `repo`, `evidence` or `none`."""
    sandbox: str
    """What is asked for of the sandboxes."""
    settings: SandboxSettings
    steps: tuple[Step, ...] = ()
    """What is run in the shell before the first step, as the recording's harness did."""
    image: str | None = None
    repository: str | None = None
    commit: str | None = None
    maps: PathMaps = field(default_factory=PathMaps)
    missing: Missing | None = None
    """What would be better and is not used."""
    is_bare: bool = False
    """Whether nothing of what the recording began with is there, though it was not asked for so."""
    warnings: tuple[str, ...] = ()


class Worlds:
    """The worlds of a session's runs: all begin alike until another choice is made."""

    def __init__(self, trajectory: Trajectory, sandbox: str, choice: Choice, *, own: bool = False) -> None:
        """`own`: the image in the settings was typed, so that nothing the recording names comes before it."""
        self._trajectory = trajectory
        self._sandbox = sandbox
        self._own = own
        self.choice = choice
        self._found: Found | None = None
        self._tree: tuple[str, Tree] | None = None

    def ask_for(self, sandbox: str, *, own: bool) -> None:
        """Have the worlds from now on be in another sandbox; `own` as above."""
        self._sandbox, self._own = sandbox, own

    @property
    def found(self) -> Found:
        """What names the recording's world."""
        if self._found is None:
            from trajcore.worlds.facts import found_in

            self._found = found_in(self._trajectory)
        return self._found

    async def decide(self, settings: SandboxSettings, progress: OnProgress) -> World:
        """The world for the choice, with what it needs fetched or built.

        Raises `SandboxUnavailable` where it cannot be had, and `BadInput` where the choice fits nothing.
        """
        return self._at_home(await self._chosen(settings, progress))

    def _at_home(self, world: World) -> World:
        """With the shell where the agent's program was started, which is made where it is missing.

        The user's files are brought there, if they are not those of a directory above it. Nothing is made in
        a directory or a container of the user's own.
        """
        from trajcore.worlds.prelude import Step

        home, settings = world.maps(self.found.home), world.settings
        if not home or home == _WORKSPACE or world.steps or not is_walled(world.sandbox):
            return world
        mounts, workspace = settings.mount and settings.workspace is not None, settings.workspace
        made, filled = not mounts and settings.container is None, ""
        if workspace is not None and not mounts:
            within = home.removeprefix(f"{_WORKSPACE}/")
            filled = "" if within != home and os.path.isdir(workspace / within) else _WORKSPACE
        return replace(world, steps=(Step.home(home, made=made, filled=filled),))

    async def _chosen(self, settings: SandboxSettings, progress: OnProgress) -> World:
        from trajcore.worlds.facts import looked_for
        from trajcore.worlds.placing import built

        choice = self.choice
        if self._found is None:
            self._found = await looked_for(self._trajectory)
        self._check(choice, settings)
        bare = World(NONE, self._sandbox, settings, maps=PathMaps(choice.maps))
        if choice.dockerfile is not None:
            image = await built(choice.dockerfile, progress)
            bare = replace(bare, kind=DOCKERFILE, sandbox="docker", image=image,
                           settings=replace(settings, image=image, fetch=False))  # fmt: skip
        if choice.repository is not None:
            return await self._with_repository(bare, progress)
        if choice.dockerfile is not None:
            return bare
        if choice.kind == choices.EVIDENCE:
            return replace(bare, kind=EVIDENCE)
        if choice.kind == choices.NONE or (choice.kind == choices.AUTO and self._has_its_own(settings)):
            return replace(bare, is_bare=choice.kind == choices.AUTO and self._takes_files(settings))
        return await self._of_image(bare, progress)

    def _check(self, choice: Choice, settings: SandboxSettings) -> None:
        """Raises `BadInput` where the choice does not go with the sandbox that is asked for."""
        named = {
            "--dockerfile": choice.dockerfile is not None,
            "--repo": choice.repository is not None,
            f"--world {choice.kind}": choice.kind in (choices.IMAGE, choices.EVIDENCE),
        }
        for name in (name for name, asked in named.items() if asked):
            if _brings(settings):
                raise BadInput(_OWN_FILES.format(name))
            if self._sandbox in ("local", "recorded"):
                raise BadInput(_NO_WALLS.format(name))
        if self._sandbox not in (AUTO, "docker"):
            if choice.dockerfile is not None:
                raise BadInput("--dockerfile needs docker.")
            if choice.kind == choices.IMAGE:
                raise BadInput("--world image needs docker.")
        if choice.dockerfile is not None and self._own:
            raise BadInput("--dockerfile makes the image: leave --image out.")

    def _has_its_own(self, settings: SandboxSettings) -> bool:
        """Whether the user has said what the world is to be, if in other words."""
        return self._own or not self._takes_files(settings)

    def _takes_files(self, settings: SandboxSettings) -> bool:
        """Whether the sandbox could be given other files than it is asked for with."""
        return not _brings(settings) and self._sandbox not in ("local", "recorded")

    async def _with_repository(self, world: World, progress: OnProgress) -> World:
        from trajcore.worlds.placing import fetched
        from trajcore.worlds.prelude import Step, steps_of

        repository = self.choice.repository
        assert repository is not None
        found = self.found
        branch = found.value(What.BRANCH)
        key = f"{repository.text} {found.commit}"
        if self._tree is None or self._tree[0] != key:
            await self.close()
            self._tree = key, await fetched(repository, found.commit, branch, progress)
        tree = self._tree[1]
        target = found.directory or "/workspace"
        steps = steps_of(found, image=False)
        if not steps and found.begins_in == target:
            steps = (Step.cd(target),)
        kind = world.kind if world.kind == DOCKERFILE else REPOSITORY
        return replace(
            world, kind=kind, steps=steps, repository=repository.shown, commit=tree.commit or None,
            settings=replace(world.settings, placed=tree.placed(target)),
            warnings=tuple(filter(None, [tree.note])),
        )  # fmt: skip

    async def _of_image(self, world: World, progress: OnProgress) -> World:
        from trajcore.sandbox.machines.docker.machine import image_state

        found, choice, wanted = self.found, self.choice, self.choice.kind == choices.IMAGE
        images = (world.settings.image,) if self._own else found.images
        if not images:
            if wanted:
                raise SandboxUnavailable(_NAMES_NONE)
            said = ("--pull fetches nothing: the recording names no image.",) if choice.pull else ()
            return replace(world, is_bare=True, warnings=said)
        if self._sandbox not in (AUTO, "docker"):
            why = f"the {self._sandbox} sandbox has no images"
            return replace(world, is_bare=True, missing=Missing(images[0], why, pull=False))
        states = [await image_state(image) for image in images]
        for image, state in zip(images, states, strict=True):
            if state.here and (state.runs or wanted):
                warned = () if state.runs else (_foreign(image, state.architecture, state.engine),)
                return self._in_image(world, image, warnings=warned)
        foreign = [state for state in states if state.here]
        if foreign:
            why = f"it is for {foreign[0].architecture}, and the engine runs {foreign[0].engine}"
            return replace(world, is_bare=True, missing=Missing(images[0], why, pull=False))
        if choice.pull:
            return self._in_image(world, await _fetched(images, progress))
        if wanted:
            raise SandboxUnavailable(states[0].fault or _NOT_HERE.format(images[0]))
        why = states[0].fault or "it is not here"
        return replace(world, is_bare=True, missing=Missing(images[0], with_machine(why, images[0])))

    def _in_image(self, world: World, image: str, warnings: tuple[str, ...] = ()) -> World:
        from trajcore.worlds.prelude import steps_of

        settings = replace(world.settings, image=image, fetch=False)
        return replace(
            world, kind=IMAGE, sandbox="docker", settings=settings, image=image,
            steps=steps_of(self.found), warnings=warnings,
            repository=self.found.value(What.REPOSITORY) or None, commit=self.found.commit or None,
        )  # fmt: skip

    async def close(self) -> None:
        """Remove what was fetched for it."""
        if self._tree is not None:
            (_, tree), self._tree = self._tree, None
            await tree.remove()


async def _fetched(images: Sequence[str], progress: OnProgress) -> str:
    """The first of some images that can be fetched. Raises `SandboxUnavailable`, of the likeliest."""
    from trajcore.sandbox.machines.docker.machine import fetch_image

    first: SandboxUnavailable | None = None
    for image in images:
        try:
            await fetch_image(image, progress)
            return image
        except SandboxUnavailable as error:
            first = first or error
    assert first is not None
    raise first


def _brings(settings: SandboxSettings) -> bool:
    """Whether the user brings the files of the world themselves."""
    return settings.workspace is not None or settings.container is not None


_MACHINES: Final = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


def with_machine(why: str, image: str, machine: Callable[[], str] = platform.machine) -> str:
    """The same, and that the image is by its name for other machines than this one, where it is."""
    named = next((name for name in ("x86_64", "arm64") if f".{name}." in image), None)
    here = _MACHINES.get(machine())
    return f"{why}, and is for {named} where this is {here}" if named and here and named != here else why


def _foreign(image: str, architecture: str, engine: str) -> str:
    return f"{image} is for {architecture}, and the engine runs {engine}: it may not start"
