"""Cases for the file editor: files as they are found in the wild, and commands on them. Always the same ones.

A case is files in a directory of its own and commands one after the other. It needs no package.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

SEED = 20250924
ROOT = "/workspace"
"""Where the directory of every case is, in the fixture."""


@dataclass
class Case:
    """`files` are contents by name: bytes, None for a directory, a text for where a link leads."""

    group: str
    files: dict[str, bytes | str | None]
    steps: list[dict[str, Any]] = field(default_factory=list)


TWELVE = "".join(f"line {number}\n" for number in range(1, 13)).encode()
CODE = (
    b"import os\n\n\ndef first(x):\n    if x:\n        return 1\n    return 2\n"
    b"\n\ndef second(y):\n    return y\n"
)
RUSSIAN = "Съешь же ещё этих мягких французских булок, да выпей чаю.\nВторая строка: я здесь.\n"
FRENCH = "Le cœur déçu mais l'âme plutôt naïve,\nLouÿs rêva de crapaüter en canoë\nau delà des îles.\n"
CHINESE = "我能吞下玻璃而不伤身体。\n第二行在这里。\n第三行也在这里。\n"

TEXTS: dict[str, bytes] = {
    "plain.txt": TWELVE,
    "code.py": CODE,
    "no_newline.txt": b"one\ntwo\nthree",
    "empty.txt": b"",
    "newline.txt": b"\n",
    "newlines.txt": b"\n\n\n\n",
    "one.txt": b"x",
    "crlf.txt": b"one\r\ntwo\r\nthree\r\n",
    "mixed.txt": b"one\r\ntwo\nthree\rfour\n\rfive\r\n",
    "tabs.mk": b"all:\n\techo hi  \n\t\techo two\t\n   \n\t\n",
    "repeated.txt": b"same\nother\nsame\nsame same\n",
    "pattern.txt": b"a.b*c[d](e){f}|g^h$i\\j?k+\naXb\n",
    "unicode.txt": "é漢字🙂 naïve\nzwei → ß\n\u202eright\u202c\n".encode(),
    "accent.txt": "caf\u00e9\nplain\n".encode(),
    "separators.txt": "a\x0cb\x0bc\n\u2028d\u2029e\x85f\x1cg\nlast\n".encode(),
    "bom.txt": b"\xef\xbb\xbf" + "héllo wörld\nline two\n".encode(),
    "utf16.txt": "hello wörld\nline two\n".encode("utf-16"),
    "french.txt": FRENCH.encode("cp1252"),
    "russian.txt": RUSSIAN.encode("cp1251"),
    "russian8.txt": RUSSIAN.encode(),
    "chinese.txt": CHINESE.encode(),
    "short_chinese.txt": "你好".encode(),
    "emoji.txt": "🙂🙃🙂🙃\n".encode(),
    "declared.py": b"# -*- coding: latin-1 -*-\nprint('hi')\n",
    "escapes.txt": b"\x1b[31mred\x1b[0m\nbell\x07 back\x08space\n",
    "longline.txt": b"start\n" + b"x" * 6000 + b"\nend\n",
    "longfile.txt": b"".join(b"this is line number %d\n" % number for number in range(1, 801)),
    "cut.txt": b"a" * 1023 + "é".encode() + b" after the cut\nsecond\n",
    "spaces.txt": b"   leading\ntrailing   \n  both  \n",
}
"""Files that the editor can read."""

OTHERS: dict[str, bytes] = {
    "nul.bin": b"abc\0def\n",
    "image.png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1",
    "ff.txt": b"text with \xff in it\nsecond\n",
    "invalid.txt": b"good line\nbad \x80\x81 bytes\nmore\n",
    "module.pyc": b"plain text\n",
    "junk.bin": bytes(range(128, 255)) * 6,
    "late_nul.txt": b"y" * 2000 + b"\0\n",
}
"""Files that it refuses, or that it reads by guessing."""


def cases() -> list[Case]:
    """All of them, in order."""
    chance = random.Random(SEED)
    made = [
        *_views(),
        *_ranges(chance),
        *_directories(),
        *_creations(),
        *_replacements(),
        *_insertions(),
        *_undos(),
        *_refusals(),
        *_encodings(),
    ]
    made += [_sequence(chance) for _ in range(220)]
    return made


def _views() -> Iterator[Case]:
    for name, content in {**TEXTS, **OTHERS}.items():
        yield Case("view", {name: content}, [{"command": "view", "path": name}])
    yield Case("view", {"a": b"x\n", "l": "a", "broken": "none"}, [_view("l"), _view("broken"), _view("a/b")])
    for path in (
        "none",
        "",
        ".",
        "./plain.txt",
        "sub//plain.txt",
        "sub/./plain.txt",
        "sub/../plain.txt",
        "sub/plain.txt/",
    ):
        yield Case("view", {"plain.txt": TWELVE, "sub": None, "sub/plain.txt": b"inner\n"}, [_view(path)])


def _ranges(chance: random.Random) -> Iterator[Case]:
    fixed = [
        [1, 1],
        [1, -1],
        [3, 5],
        [12, 12],
        [12, -1],
        [1, 12],
        [1, 13],
        [5, 500],
        [13, 14],
        [0, 3],
        [-1, 3],
        [5, 2],
        [5, -2],
        [5, 0],
        [2],
        [],
        [1, 2, 3],
        [10, 500],
        [500, -1],
    ]
    yield Case("range", {"plain.txt": TWELVE}, [_view("plain.txt", view_range=bounds) for bounds in fixed])
    for name, content in TEXTS.items():
        count = content.count(b"\n") + 1
        some = [[1, -1], [1, count], [max(1, count - 1), count + 2]]
        some += [[chance.randint(0, count + 1), chance.randint(-1, count + 2)] for _ in range(4)]
        if len(content) > 10_000:
            some = [[1, 3], [chance.randint(1, 700), 720], [798, -1], [1, 780]]
        yield Case("range", {name: content}, [_view(name, view_range=bounds) for bounds in some])
    for name in ("nul.bin", "invalid.txt", "ff.txt"):
        yield Case("range", {name: OTHERS[name]}, [_view(name, view_range=[1, 2])])
    yield Case("range", {"d": None}, [_view("d", view_range=[1, 2]), _view("d", view_range=[])])
    yield Case("range", {}, [_view("none", view_range=[1, 2])])


def _directories() -> Iterator[Case]:
    tree: dict[str, bytes | str | None] = {
        "a.txt": b"",
        "b": None,
        "b/c.txt": b"",
        "b/d": None,
        "b/d/deep.txt": b"",
        ".hidden": b"",
        ".git": None,
        ".git/config": b"",
        "b/.inner": b"",
        "a-b": None,
        "a-b/x": b"",
        "link": "b",
        "Z": b"",
        "é.txt": b"",
        "_": b"",
        "file with spaces": b"",
        "broken": "nowhere",
        "b-c": b"",
    }
    yield Case(
        "directory", tree, [_view(""), _view("b"), _view("b/d"), _view("link"), _view(".git"), _view("b/")]
    )
    yield Case("directory", {}, [_view("")])
    yield Case("directory", {".a": b"", ".b": None}, [_view("")])
    many = {f"name_of_a_file_{number:04}.txt": b"" for number in range(600)}
    yield Case("directory", {**many, "zz": None}, [_view("")])
    for command in ("create", "str_replace", "insert", "undo_edit", "delete"):
        yield Case(
            "directory", {"d": None}, [{"command": command, "path": "d", "old_str": "x", "file_text": "x"}]
        )


def _creations() -> Iterator[Case]:
    for text in (
        "",
        "x",
        "x\n",
        "a\r\nb\r\n",
        "é漢🙂",
        "tab\t \n",
        "a\0b",
        "half \ud800 pair",
        "\ufeffbom",
        "\x1b[31m",
    ):
        yield Case(
            "create",
            {},
            [
                {"command": "create", "path": "new.txt", "file_text": text},
                _view("new.txt"),
                {"command": "create", "path": "new.txt", "file_text": "again"},
                {"command": "undo_edit", "path": "new.txt"},
                {"command": "undo_edit", "path": "new.txt"},
            ],
        )
    yield Case(
        "create",
        {"a": b"x", "d": None, "l": "a", "broken": "made", "nowhere": "no/such"},
        [
            {"command": "create", "path": "a", "file_text": "x"},
            {"command": "create", "path": "d", "file_text": "x"},
            {"command": "create", "path": "l", "file_text": "x"},
            {"command": "create", "path": "broken", "file_text": "x"},
            {"command": "create", "path": "nowhere", "file_text": "x"},
            {"command": "create", "path": "a/b", "file_text": "x"},
            {"command": "create", "path": "no/such/dir", "file_text": "x"},
            {"command": "create", "path": "b"},
            {"command": "create", "path": "doc.pdf", "file_text": "x"},
            {"command": "create", "path": "d/./x//y.TXT", "file_text": "x"},
            {"command": "create", "path": "d/x.txt", "file_text": "x"},
            {"command": "create", "path": "with space", "file_text": "x"},
        ],
    )


def _replacements() -> Iterator[Case]:
    for name, content in TEXTS.items():
        words = content.decode("utf-8", "replace").split()
        old = max(words, key=len, default="")[:40]
        yield Case(
            "replace",
            {name: content},
            [
                _replace(name, old, "NEW"),
                _view(name, view_range=[1, 4]),
                _replace(name, "absent", "x"),
                _replace(name, "", "x"),
                {"command": "undo_edit", "path": name},
            ],
        )
    pairs = [
        ("line 5\n", "five\n"),
        ("line 5", "line 5"),
        ("line 1", "x"),
        ("line 3\nline 4\n", ""),
        ("line 12\n", "end"),
        ("line 7", "a\nb\nc\nd\ne\nf\ng\nh"),
        ("  line 5  ", " stripped "),
        ("\nline 5\n", "\n\n"),
        ("LINE 5", "x"),
        ("line 2\r\n", "x"),
        ("line 6\n\n", "six\n"),
        ("", ""),
        ("", None),
        ("line 8", None),
        (None, "x"),
        ("line 9", "l\r\nm"),
        ("line 1\n", "line one\n"),
        ("   ", "x"),
        ("line 4", "\ud83d"),
        ("line 10", "é"),
    ]
    for old, new in pairs:
        step = {"command": "str_replace", "path": "plain.txt"}
        step |= {key: value for key, value in (("old_str", old), ("new_str", new)) if value is not None}
        yield Case(
            "replace",
            {"plain.txt": TWELVE},
            [step, _view("plain.txt"), {"command": "undo_edit", "path": "plain.txt"}],
        )
    for old in ("same", "same\n", "same same", "other", "a.b", "a.b*c", "^", "\\", "(e)", "e"):
        for name in ("repeated.txt", "pattern.txt"):
            yield Case("replace", {name: TEXTS[name]}, [_replace(name, old, "<\\1&>")])
    yield Case("replace", {"a.txt": b"aaa\n"}, [_replace("a.txt", "aa", "b"), _replace("a.txt", "a", "b")])
    yield Case("replace", {"a": b"text\n", "l": "a"}, [_replace("l", "text", "other"), _view("a")])
    yield Case(
        "replace",
        {"code.py": CODE},
        [
            _replace("code.py", "    return 2\n", "    return 3\n"),
            _replace("code.py", "\n\ndef second", "\ndef second"),
            _replace("code.py", "return", "yield"),
            _replace("code.py", "def second(y):\n    return y", "def second(y):\n\treturn -y"),
        ],
    )


def _insertions() -> Iterator[Case]:
    for name, content in TEXTS.items():
        count = content.replace(b"\r\n", b"\n").count(b"\n")
        yield Case(
            "insert",
            {name: content},
            [
                _insert(name, 0, "first"),
                _insert(name, count, "near the end"),
                _insert(name, count + 50, "too far"),
                {"command": "undo_edit", "path": name},
                _insert(name, 1, "two\nlines\n"),
            ],
        )
    for line in (-1, 0, 1, 4, 5, 11, 12, 13):
        for text in ("x", "", "a\nb", "tail\n", "\r\n", "é"):
            yield Case("insert", {"plain.txt": TWELVE}, [_insert("plain.txt", line, text)])
    yield Case("insert", {"a": b"x\n", "l": "a"}, [_insert("l", 1, "y"), _view("l"), _view("a")])
    yield Case(
        "insert",
        {"a": b"x\n"},
        [
            {"command": "insert", "path": "a", "new_str": "x"},
            {"command": "insert", "path": "a", "insert_line": 1},
            _insert("a", 1, "with \0 nul"),
            _view("a"),
            {"command": "undo_edit", "path": "a"},
        ],
    )
    yield Case("insert", {"a": b"x\n"}, [_insert("a", 1, "half \ud800"), _view("a")])


def _undos() -> Iterator[Case]:
    steps = [_replace("a", f"<{number}>", f"<{number + 1}>") for number in range(13)]
    steps += [{"command": "undo_edit", "path": "a"} for _ in range(12)]
    yield Case("undo", {"a": b"<0>\n"}, steps)
    yield Case(
        "undo",
        {"a": b"x\n"},
        [{"command": "undo_edit", "path": "a"}, {"command": "undo_edit", "path": "none"}],
    )
    yield Case(
        "undo",
        {"a": b"x\n"},
        [
            _replace("a", "x", "y"),
            {"command": "undo_edit", "path": "./a"},
            _insert("a", 0, "z"),
            {"command": "undo_edit", "path": "a"},
        ],
    )
    yield Case(
        "undo",
        {"f": FRENCH.encode("cp1252")},
        [
            _replace("f", "canoë", "canoe"),
            {"command": "undo_edit", "path": "f"},
            _view("f"),
        ],
    )


def _refusals() -> Iterator[Case]:
    for path in ("relative.txt", "./x", "", "../x", "~/x"):
        for command in ("view", "create", "str_replace", "insert", "undo_edit"):
            step = {
                "command": command,
                "absolute": False,
                "path": path,
                "file_text": "x",
                "old_str": "x",
                "new_str": "y",
            }
            yield Case("refusal", {}, [{**step, "insert_line": 0}])
    for command in ("delete", "", "VIEW", "write"):
        yield Case(
            "refusal", {"a": b"x"}, [{"command": command, "path": "a"}, {"command": command, "path": "none"}]
        )
    for command in ("str_replace", "insert", "undo_edit"):
        for name in ("nul.bin", "invalid.txt", "ff.txt", "module.pyc", "junk.bin"):
            step = {"command": command, "path": name, "old_str": "e", "new_str": "y", "insert_line": 1}
            yield Case("refusal", {name: OTHERS[name]}, [step])
        yield Case(
            "refusal",
            {"a.docx": b"x"},
            [{"command": command, "path": "a.docx", "old_str": "x", "new_str": "y"}],
        )
    yield Case(
        "refusal",
        {"big.txt": b"x" * (11 << 20)},
        [
            _view("big.txt"),
            _view("big.txt", view_range=[1, 2]),
            _replace("big.txt", "x", "y"),
            _insert("big.txt", 0, "y"),
            {"command": "undo_edit", "path": "big.txt"},
            {"command": "str_replace", "path": "big.txt"},
        ],
    )


def _encodings() -> Iterator[Case]:
    for name in (
        "french.txt",
        "russian.txt",
        "bom.txt",
        "utf16.txt",
        "declared.py",
        "accent.txt",
        "short_chinese.txt",
    ):
        for text in ("plain", "é", "я", "漢字", "🙂"):
            yield Case(
                "encoding",
                {name: TEXTS[name]},
                [_insert(name, 0, text), _view(name), {"command": "undo_edit", "path": name}],
            )
    for name, old in (
        ("french.txt", "canoë"),
        ("russian.txt", "чаю"),
        ("utf16.txt", "hello"),
        ("bom.txt", "héllo"),
    ):
        for text in ("plain", "é", "я", "漢字"):
            yield Case(
                "encoding",
                {name: TEXTS[name]},
                [_replace(name, old, text), _view(name), {"command": "undo_edit", "path": name}],
            )


def _sequence(chance: random.Random) -> Case:
    """A few commands in a row on one file of few different lines, so that matches are one, many or none."""
    words = ["a", "b", "ab", "", "  a", "a  ", "\ta", "é", "漢", "x y"]
    end = chance.choice(["\n", "\n", "\n", "\r\n"])
    lines = [chance.choice(words) for _ in range(chance.randint(0, 9))]
    text = end.join(lines) + chance.choice([end, ""])
    case = Case("sequence", {"f": text.encode()})
    for _ in range(chance.randint(3, 8)):
        command = chance.choice(
            ["view", "view", "str_replace", "str_replace", "str_replace", "insert", "insert", "undo_edit"]
        )
        piece = "\n".join(chance.choice(words) for _ in range(chance.randint(1, 3)))
        step: dict[str, Any] = {"command": command, "path": "f"}
        if command == "view" and chance.random() < 0.6:
            step["view_range"] = [chance.randint(0, 8), chance.randint(-1, 10)]
        elif command == "insert":
            step |= {"insert_line": chance.randint(-1, 11), "new_str": piece}
        elif command == "str_replace":
            at = chance.randint(0, max(0, len(text) - 1))
            old = (
                text[at : at + chance.randint(1, 6)].replace("\r\n", "\n") if chance.random() < 0.7 else piece
            )
            step |= {"old_str": old, "new_str": chance.choice([piece, "", old, "new\n"])}
        case.steps.append(step)
    return case


def _view(path: str, **more: Any) -> dict[str, Any]:
    return {"command": "view", "path": path, **more}


def _replace(path: str, old: str, new: str) -> dict[str, Any]:
    return {"command": "str_replace", "path": path, "old_str": old, "new_str": new}


def _insert(path: str, line: int, new: str) -> dict[str, Any]:
    return {"command": "insert", "path": path, "insert_line": line, "new_str": new}
