"""Going through a recording and taking down what its events tell of the files it began with."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final

from trajcore.events.actions import EditAction, ReadAction, RunAction, RunIpythonAction, WriteAction
from trajcore.events.kinds import EDIT, READ
from trajcore.runtimes.openhands.editortext import CLIPPED, hidden_in, is_listing, lines_of
from trajcore.worlds.evidence import outputs
from trajcore.worlds.evidence.changing import CHANGERS, written
from trajcore.worlds.evidence.dividing import divided, echoed
from trajcore.worlds.evidence.harmless import FIND_RUNS, QUIET, all_look, only_looks
from trajcore.worlds.evidence.looking import READERS, found_in_each, places_of
from trajcore.worlds.evidence.model import Evidence, Kind, Step, Witness
from trajcore.worlds.evidence.said import Said
from trajcore.worlds.evidence.scene import Scene
from trajcore.worlds.evidence.shellwords import Command, Pipeline, pipelines
from trajcore.worlds.evidence.trail import Change, Hunk, Line, swap

_CUT: Final = re.compile(
    r"^\[(?:\.\.\. Observation truncated|Previous command outputs are truncated)", re.MULTILINE
)
_MOST_MISSING: Final = 20
_PUT: Final = frozenset({"cp", "install", "ln", "mv"})
"""Programs whose last operand is where they put something."""
_MISSING_PATH: Final = re.compile(
    r"The path (?P<editor>\S+) does not exist|File not found: (?P<reader>\S+?)\.?(?:\s|$)"
    r"|No such file or directory: '(?P<python>[^'\n]+)'"
)


def gather(steps: Iterable[Step]) -> Evidence:
    """What the steps of a recording, in order, give away of the files that it began with. Pure."""
    scene = Scene()
    for step in steps:
        _take_in(scene, step)
    return scene.evidence()


def _take_in(scene: Scene, step: Step) -> None:
    match step.action:
        case ReadAction():
            _read(scene, step, step.action)
        case EditAction():
            _edit(scene, step, step.action)
        case WriteAction():
            _write(scene, step, step.action)
        case RunAction():
            _run(scene, step, step.action)
        case RunIpythonAction():
            scene.unsure()


# The editor, and files read and written without a shell


def _failed(step: Step) -> bool:
    return step.observation.observation != step.action.action or step.output.startswith("ERROR")


def _refused(scene: Scene, step: Step, path: str | None) -> None:
    """The editor, or who reads files, has refused: mostly because of what there is, or is not."""
    missing = [scene.path(found[found.lastgroup or 0]) for found in _MISSING_PATH.finditer(step.output)]
    for one in missing:
        scene.missing(one)
    if not missing and step.observation.observation == step.action.action:
        kind = Kind.DIRECTORY if "directory" in step.output else None
        scene.saw(path, Witness(step.label, "refused"), kind=kind)


def _read(scene: Scene, step: Step, action: ReadAction) -> None:
    args = action.args
    path = scene.path(args.path)
    if _failed(step):
        _refused(scene, step, path)
        return
    witness = Witness(step.label, "view" if args.impl_source != "default" else READ)
    if args.impl_source == "default":
        if args.start <= 0 and args.end == -1:
            scene.holds(path, step.output, witness, exact=True, ended=True)
        elif step.output:
            lines = [line.removesuffix("\n") for line in lines_of(step.output)]
            scene.shows(path, enumerate(lines, args.start + 1), witness, exact=True)
    elif is_listing(step.output):
        _listing(scene, step.output, path, witness)
    elif args.view_range:
        scene.shows(path, _shown(step.output).items(), witness, exact=True)
    else:
        _view(scene, step.output, path, witness)


def _view(scene: Scene, output: str, path: str | None, witness: Witness) -> None:
    """A whole file with its lines numbered, or as much of it as was shown."""
    shown, clipped, _ = output.partition(CLIPPED)
    lines = outputs.numbered(shown.removesuffix("\n") if not clipped else shown)
    if not lines or min(lines) != 1:
        return
    if not clipped:
        scene.holds(path, "\n".join(lines.values()), witness, exact=True, ended=True)
        return
    last = max(lines)
    opening = lines.pop(last)
    trail = scene.shows(path, lines.items(), witness, exact=True)
    if trail is not None:
        trail.sheet.openings.setdefault(last, opening)


def _shown(output: str) -> dict[int, str]:
    """The lines of a file that an answer shows, but for an empty one at the end: it may be none."""
    shown, clipped, _ = output.partition(CLIPPED)
    lines = outputs.numbered(shown)
    if lines and (clipped or not lines[max(lines)]):
        del lines[max(lines)]
    return lines


def _listing(scene: Scene, output: str, root: str | None, witness: Witness) -> None:
    """What is in a directory, two levels deep, but for what is hidden."""
    text, clipped, _ = output.partition(CLIPPED)
    names = [line for line in text.split("\n") if line.startswith("/")]
    found = {scene.path(name): name.endswith("/") for name in (names[:-1] if clipped else names)}
    folders = any(found.values())
    for path, folder in found.items():
        if path != root:
            scene.saw(path, witness, kind=Kind.DIRECTORY if folder else Kind.FILE if folders else None)
    if clipped or root is None:
        return
    inside = f"{root.rstrip('/')}/"
    for path, folder in found.items():
        # Only in what is directly below are all names shown.
        if folder and path and (path == root or (path.startswith(inside) and "/" not in path[len(inside) :])):
            scene.listed(path, (), witness)
    trail = scene.saw(root, witness, kind=Kind.DIRECTORY)
    if trail is not None and scene.firm and not clipped:
        trail.tell(hidden=hidden_in(output))


def _edit(scene: Scene, step: Step, action: EditAction) -> None:
    args = action.args
    path = scene.path(args.path)
    extras = step.observation.extras
    if _failed(step):
        _refused(scene, step, path)
        return
    witness = Witness(step.label, EDIT)
    if args.command == "create":
        scene.has_room(path, witness)
        scene.made(path)
        return
    before = getattr(extras, "old_content", None)
    if isinstance(before, str) and before != args.old_str and getattr(extras, "prev_exist", False):
        scene.holds(path, before, Witness(step.label, "old_content"), exact=True, ended=True)
    elif not args.command:
        trail = scene.saw(path, witness, kind=Kind.FILE)
        if trail is not None:
            trail.edited(None)
        return
    trail = scene.saw(path, witness, kind=Kind.FILE)
    if trail is None:
        return
    shown = _shown(step.output)
    if args.command == "str_replace":
        trail.edited(
            swap(args.old_str or "", args.new_str or "", shown, trail.sheet, getattr(extras, "diff", None))
        )
    elif args.command == "insert" and args.insert_line is not None and args.insert_line >= 0:
        added = (args.new_str or "").split("\n")
        size = sum(len(line.encode("utf-8", "replace")) + 1 for line in added)
        trail.edited(Change((Hunk(args.insert_line + 1, (), len(added)),), size))
    elif args.command == "undo_edit":
        trail.undone()
        lines = outputs.numbered(step.output.removesuffix("\n"))
        if CLIPPED not in step.output and lines:
            trail.sheet.hold("\n".join(lines.values()), exact=True, ended=True)
        return
    else:
        trail.edited(None)
    for number, line in shown.items():
        trail.sheet.add(number, Line(line))


def _write(scene: Scene, step: Step, action: WriteAction) -> None:
    path = scene.path(action.args.path)
    if not _failed(step) and path is not None:
        scene.ensured(posixpath.dirname(path))
        scene.made(path, anew=True)


# Commands


def _run(scene: Scene, step: Step, action: RunAction) -> None:
    parts = pipelines(action.args.command) if not action.args.is_input else None
    if parts is not None:
        _commands(scene, step, parts)
    elif action.args.is_input or not all_look(action.args.command):
        _unreadable(scene)
    if step.directory:
        _arrived(scene, step.directory, Witness(step.label, "working directory"))


def _arrived(scene: Scene, directory: str, witness: Witness) -> None:
    path = scene.path(directory)
    if path is not None:
        scene.directory = path
        scene.saw(path, witness, kind=Kind.DIRECTORY)


def _unreadable(scene: Scene) -> None:
    """A command that is no plain list of programs."""
    scene.unsure()
    scene.committed = True


def _commands(scene: Scene, step: Step, parts: list[Pipeline]) -> None:
    if scene.directory is None:
        scene.directory = scene.first_directory = _directory_before(scene, step, parts)
    begun = scene.directory
    went_well = step.exit_code in (0, None) or _only_found_nothing(step, parts)
    went_well = went_well and not _complains(step, parts)
    speaking = [number for number, part in enumerate(parts) if not _is_quiet(part)]
    told: dict[int, str | None] = {}
    if went_well and not _CUT.search(step.output):
        places = _places(scene, parts)
        texts = divided(step.output, [(parts[number], places[number]) for number in speaking])
        told = dict(zip(speaking, texts, strict=True))
    lacking = () if went_well else tuple(islice(outputs.missing(step.output), _MOST_MISSING))
    for number, part in enumerate(parts):
        if went_well:
            _pipeline(scene, step, part, told.get(number))
        else:
            _attempted(scene, step, part, lacking)
    written_to = {word for part in parts for one in part.commands for word, _ in one.writes}
    written_to |= {
        one.operands[-1] for part in parts for one in part.commands if one.program in _PUT and one.operands
    }
    for name in lacking:
        path = scene.path(name, (begun or scene.directory) if len(parts) == 1 else scene.directory)
        # A file that cannot be written has no directory.
        scene.missing(posixpath.dirname(path) if path and name in written_to else path)


def _places(scene: Scene, parts: list[Pipeline]) -> list[str | None]:
    """Where each of the pipelines runs, as far as that is known."""
    found: list[str | None] = []
    place = scene.directory
    for part in parts:
        found.append(place)
        first = part.commands[0]
        if first.program in ("cd", "pushd", "popd"):
            to = first.operands[0] if len(first.operands) == 1 and first.plain else ""
            place = scene.path(to, place) if to and to != "-" else None
    return found


def _directory_before(scene: Scene, step: Step, parts: list[Pipeline]) -> str | None:
    """Where the shell was before a command, as far as where it was afterwards tells that."""
    after = scene.path(step.directory or "")
    moves = [part.commands[0] for part in parts if part.commands[0].program in ("cd", "pushd", "popd")]
    if not moves or after is None:
        return after
    to = moves[0].operands[0].rstrip("/") if len(moves) == 1 and moves[0].operands else ""
    relative = re.fullmatch(r"[\w-][\w.-]*(?:/[\w-][\w.-]*)*", to) and after.endswith(f"/{to}")
    return (after.removesuffix(f"/{to}") or "/") if relative else None


def _complains(step: Step, parts: list[Pipeline]) -> bool:
    """Whether a program has failed whose exit code is not the last one."""
    programs = [command.program for part in parts for command in part.commands]
    if len(programs) < 2:
        return False
    names = "|".join(map(re.escape, filter(None, programs)))
    return re.search(rf"^(?:{names}|(?:-?bash|sh|/bin/sh): .*): .+", step.output, re.MULTILINE) is not None


def _only_found_nothing(step: Step, parts: list[Pipeline]) -> bool:
    last = parts[-1].commands[-1].program if parts else ""
    return step.exit_code == 1 and last in ("grep", "egrep", "diff") and not step.output


def _is_quiet(part: Pipeline) -> bool:
    last = part.commands[-1]
    if last.program in QUIET or (last.program in CHANGERS and last.program != "tee"):
        return True
    return bool(last.writes) and all(path for path, _ in last.writes) and last.program != "tee"


def _pipeline(scene: Scene, step: Step, part: Pipeline, text: str | None) -> None:
    """Take in a pipeline, with all the text that it printed; None where that is not known."""
    first, *filters = part.commands
    said = Said(scene, first, filters, text or "", step.label, step.when, text is not None)
    if first.program in ("cd", "pushd"):
        _cd(said)
    elif first.program in CHANGERS:
        _do(CHANGERS[first.program], said, first)
    elif first.program in READERS and not _runs_others(first):
        reader = READERS[first.program]
        if first.plain or first.program in ("find", "ls", "grep", "git"):
            _do(reader, said, first)
    elif not only_looks(first):
        scene.unsure()
    for number, one in enumerate(filters):
        if one.program == "xargs" and first.program == "find" and said.whole:
            found_in_each(replace(said, command=one, filters=filters[number + 1 :]), places_of(first))
        if one.program in CHANGERS:
            _do(CHANGERS[one.program], Said(scene, one, (), "", step.label, step.when, False), one)
        elif not only_looks(one):
            scene.unsure()
    for one in part.commands:
        for word, appended in one.writes:
            written(said, word, appended=appended, text=echoed(one) if one is first and not filters else None)


def _do(row: object, said: Said, command: Command) -> None:
    if command.plain or row not in CHANGERS.values():
        row(said)  # type: ignore[operator]
    else:
        said.scene.unsure()


def _attempted(scene: Scene, step: Step, part: Pipeline, lacking: Sequence[str]) -> None:
    """A command that failed, or a list of which one has: what it would have changed is not certain now.

    `lacking` are the names of which it was said that there is no such file.
    """
    first, *filters = part.commands
    if first.program in ("cd", "pushd"):
        _cd(Said(scene, first, filters, "", step.label, step.when, False))
    for one in part.commands:
        for word, _ in one.writes:
            path = None if word in lacking else scene.path(word)
            trail = path and scene.trail(path)
            if trail:
                trail.edited(None)
                if trail.began is None:
                    trail.made(anew=True)
        if not only_looks(one):
            scene.unsure()


def _runs_others(command: Command) -> bool:
    """Whether what a program prints is not its own, or it was told to do more than to look."""
    return command.program == "find" and not FIND_RUNS.isdisjoint(command.words)


def _cd(said: Said) -> None:
    words = said.command.operands
    path = said.scene.path(words[0]) if words and said.command.plain else None
    if path is not None and said.scene.directory != path:
        said.scene.directory = path
