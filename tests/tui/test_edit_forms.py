"""The form of an event: its fields, what they take and refuse, its raw JSON; nothing typed is lost."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.widgets import Select, Switch

from documents import JSON_VALUES, message, ran, run, same_json
from program import finish, say, write
from screens import Shown, opened
from trajcore.dialects.newevents import new_action
from trajcore.errors import BadInput
from trajcore.events.kinds import ACTION_KINDS
from trajcore.trajectory import Trajectory
from trajcore.views.event_json import as_text, problems_of, read_event
from trajcore.views.form import Field, FieldType, fields_at, fields_of, with_values
from trajtui.screens.edit_event import EditEvent
from trajtui.widgets.fields import FieldRow
from trajtui.widgets.inputs import SafeTextArea, can_be_edited

ACTING = "a\x1b]0;title\x07b\rc\x0bd\x85e\u2028f\u202eg\x9b5nh"

# Fields of an event


def by_name(event: dict[str, Any]) -> dict[str, Field]:
    trajectory = Trajectory.from_bytes(json.dumps([event]).encode())
    return {field.name: field for field in fields_at(trajectory, 0)}


def test_each_argument_of_a_kind_has_a_field_of_its_type():
    fields = by_name(new_action("run", command="ls"))
    kinds = {name: fields[name].type for name in ("command", "thought", "hidden", "cwd", "security_risk")}
    assert kinds == {
        "command": FieldType.TEXT, "thought": FieldType.TEXT, "hidden": FieldType.FLAG, "cwd": FieldType.LINE,
        "security_risk": FieldType.CHOICE,
    }  # fmt: skip
    assert fields["command"].language == "bash"


def test_a_field_of_the_kind_that_the_file_lacks_has_its_default_and_is_marked_so():
    fields = by_name(run(1, "ls"))
    assert (fields["hidden"].value, fields["hidden"].present) == (False, False)
    assert (fields["command"].value, fields["command"].present) == ("ls", True)


def test_what_the_model_does_not_know_is_listed_as_json():
    fields = by_name({**run(1), "args": {"command": "ls", "later": {"deep": [1]}}})
    assert (fields["later"].type, fields["later"].value) == (FieldType.JSON, {"deep": [1]})


def test_an_observation_has_its_text_and_its_details_also_nested_ones():
    fields = by_name(ran(2, 1, "out", exit_code=3))
    assert fields["content"].type is FieldType.TEXT
    assert (fields["metadata.exit_code"].type, fields["metadata.exit_code"].value) == (FieldType.WHOLE, 3)


def test_a_flat_event_of_2024_is_edited_where_its_fields_are():
    fields = by_name({"action": "run", "command": "ls"})
    assert fields["command"].path == ("command",)


def test_a_value_that_is_no_choice_is_one_all_the_same():
    field = by_name(new_action("run", command="ls", confirmation_state="perhaps"))["confirmation_state"]
    assert field.choices[0] == "perhaps"
    assert "confirmed" in field.choices


def test_a_value_of_another_type_is_shown_as_the_json_it_is():
    field = by_name({"action": "run", "args": {"command": 5, "hidden": "no"}})
    assert (field["command"].type, field["command"].text) == (FieldType.JSON, "5")
    assert (field["hidden"].type, field["hidden"].text) == (FieldType.JSON, '"no"')


@pytest.mark.parametrize("kind", [row.name for row in ACTION_KINDS])
def test_a_new_event_of_any_kind_is_valid_and_each_field_reads_back_what_it_shows(kind: str):
    event = new_action(kind)
    assert problems_of(event) == []
    for field in fields_of(event):
        if field.type not in (FieldType.FLAG, FieldType.CHOICE):
            shown = field.read(field.text)
            assert same_json(shown, field.value), field


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (FieldType.WHOLE, "1.5"),
        (FieldType.WHOLE, "x"),
        (FieldType.WHOLE, ""),
        (FieldType.NUMBER, "nan"),
        (FieldType.NUMBER, "1e999"),
        (FieldType.NUMBER, "two"),
        (FieldType.JSON, "{oops}"),
        (FieldType.JSON, ""),
        (FieldType.JSON, "NaN"),
    ],
)
def test_what_a_field_cannot_hold_is_refused_with_what_was_expected(kind: FieldType, text: str):
    with pytest.raises(BadInput, match=r"expected|column|not JSON"):
        Field(("args", "x"), kind, None).read(text)


def test_an_optional_number_may_be_nothing():
    assert Field(("args", "x"), FieldType.WHOLE, 3, optional=True).read(" ") is None


@given(value=JSON_VALUES)
def test_any_json_is_shown_and_read_back_as_it_is(value: Any):
    event = {"action": "x", "args": {"value": value}}
    assert same_json(read_event(as_text(event)), event)


@given(text=st.text())
def test_the_text_box_gives_back_what_it_was_given_or_is_not_offered(text: str):
    assert SafeTextArea(text).value == text or not can_be_edited(text)


@pytest.mark.parametrize("character", sorted({*ACTING, *map(chr, range(0x20)), "\x7f", "\x80", "\ufeff"}))
def test_every_character_that_acts_is_kept_by_the_text_box(character: str):
    text = f"a{character}b\n{character}"
    assert can_be_edited(text)
    assert SafeTextArea(text).value == text


def test_values_are_set_in_a_copy():
    event = run(1, "ls")
    assert with_values(event, [(("args", "command"), "pwd")])["args"]["command"] == "pwd"
    assert event["args"]["command"] == "ls"


# On the screen

EVENTS: list[dict[str, Any]] = [
    message(0, "look"),
    {**run(1, "ls"), "args": {**new_action("run", command="ls", thought="hm")["args"], "later": [1]}},
    ran(2, 1, "out"),
    say(3, "Go on?", wait=True),
    {"id": 4, "source": "agent", "action": "edit", "args": {"path": "a.py", "command": "str_replace",
     "old_str": "a", "new_str": "b", "insert_line": None, "start": 1, "timeout_factor": 1.5}},
    finish(5),
]  # fmt: skip


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write(tmp_path / "recording.json", EVENTS)


class Form:
    """The open form."""

    def __init__(self, screen: Shown) -> None:
        self.screen = screen

    @property
    def note(self) -> str:
        return str(self.screen.app.screen.query_one("#edit-note").render())

    def row(self, name: str) -> FieldRow:
        rows = self.screen.app.screen.query(FieldRow)
        return next(row for row in rows if row.field.name == name)

    def focus(self, name: str) -> None:
        self.row(name).focus_editor()

    async def put(self, name: str, text: str) -> None:
        """Type a text in the place of what is in a field."""
        self.focus(name)
        if self.row(name).query(SafeTextArea):
            self.row(name).query_one(SafeTextArea).select_all()
        else:
            await self.screen.press("end", "ctrl+u")
        await self.screen.type(text)

    async def put_raw(self, text: str) -> None:
        """Put a text in the place of the raw JSON."""
        self.screen.app.screen.query_one("#raw-text", SafeTextArea).value = text
        await self.screen.pilot.pause(0.2)

    @property
    def raw(self) -> str:
        return self.screen.app.screen.query_one("#raw-text", SafeTextArea).value

    @property
    def open(self) -> bool:
        return isinstance(self.screen.app.screen, EditEvent)


@asynccontextmanager
async def form_of(path: Path, index: int, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Form]:
    """The form of an event."""
    async with opened(path, size=size) as screen:
        await screen.press("v")
        screen.timeline.follow(index)
        await screen.press("e")
        await screen.wait(lambda: isinstance(screen.app.screen, EditEvent))
        await screen.pilot.pause()
        yield Form(screen)


def event(form: Form, index: int) -> dict[str, Any]:
    return form.screen.session.trajectory.data(index)


async def applied(form: Form) -> None:
    await form.screen.press("ctrl+s")
    await form.screen.wait(lambda: not form.open)
    await form.screen.settle()


async def test_a_changed_field_changes_its_bytes_and_is_one_step_of_the_history(recording: Path):
    before = recording.read_bytes()
    async with form_of(recording, 1) as form:
        await form.put("command", "pwd")
        await form.put("thought", "where am I")
        await applied(form)
        trajectory = form.screen.session.trajectory
        assert event(form, 1)["args"]["command"] == "pwd"
        assert event(form, 1)["args"]["thought"] == "where am I"
        assert len(trajectory.history) == 1
        changed = zip(before.splitlines(), trajectory.to_bytes().splitlines(), strict=True)
        assert sum(one != other for one, other in changed) == 2
        assert "command" in form.screen.status
        await form.screen.press("u")
        assert trajectory.to_bytes() == before


async def test_a_flag_is_a_switch_and_a_choice_is_a_list(recording: Path):
    async with form_of(recording, 1) as form:
        assert form.row("hidden").query(Switch)
        assert form.row("confirmation_state").query(Select)
        form.focus("hidden")
        await form.screen.press("space")
        assert "true" in form.screen.text
        form.focus("confirmation_state")
        await form.screen.press("enter", "down", "enter")
        await applied(form)
        assert event(form, 1)["args"]["hidden"] is True
        assert event(form, 1)["args"]["confirmation_state"] == "rejected"


async def test_the_mouse_turns_a_switch(recording: Path):
    async with form_of(recording, 1) as form:
        await form.screen.pilot.click(form.row("hidden").query_one(Switch))
        await applied(form)
        assert event(form, 1)["args"]["hidden"] is True


async def test_a_text_of_several_lines_is_typed_with_enter(recording: Path):
    async with form_of(recording, 1) as form:
        await form.put("command", "cd /tmp")
        await form.screen.press("enter")
        await form.screen.type("ls")
        await applied(form)
        assert event(form, 1)["args"]["command"] == "cd /tmp\nls"


BAD_TEXTS = [
    (4, "start", "one", "expected a whole number"),
    (4, "start", "1.5", "expected a whole number"),
    (4, "start", "", "expected a whole number"),
    (4, "insert_line", "seven", "expected a whole number"),
    (4, "timeout_factor", "1.5.1", "line 1"),
    (1, "later", "[1", "line 1"),
    (1, "later", "NaN", "NaN is not JSON"),
    (2, "metadata.exit_code", "zero", "expected a whole number"),
]


@pytest.mark.parametrize(("index", "name", "text", "expected"), BAD_TEXTS)
@pytest.mark.sampled(2)
async def test_bad_input_is_said_beside_the_field_and_not_applied(
    recording: Path, index: int, name: str, text: str, expected: str
):
    async with form_of(recording, index) as form:
        await form.put(name, text)
        if not text:
            await form.screen.press("delete")
        await form.screen.wait(lambda: expected in form.row(name).problem)
        await form.screen.press("ctrl+s")
        await form.screen.pilot.pause()
        assert form.open
        assert name in form.note
        assert expected in form.screen.text
        assert not form.screen.session.trajectory.modified


async def test_a_value_of_the_wrong_kind_is_refused_in_the_words_of_its_model(recording: Path):
    async with form_of(recording, 0) as form:
        await form.put("image_urls", '{"a": 1}')
        await form.screen.press("ctrl+s")
        await form.screen.pilot.pause()
        assert form.open
        assert "valid list" in form.row("image_urls").problem
        assert not form.screen.session.trajectory.modified


async def test_without_a_change_nothing_is_applied(recording: Path):
    async with form_of(recording, 1) as form:
        await form.screen.press("ctrl+s")
        await form.screen.pilot.pause()
        assert "nothing was changed" in form.note
        await form.screen.press("escape")
        assert not form.open
        assert not form.screen.session.trajectory.modified


async def test_escape_asks_before_it_throws_away_and_keeping_is_the_first_answer(recording: Path):
    async with form_of(recording, 1) as form:
        await form.put("command", "pwd")
        await form.screen.press("escape")
        assert "Keep editing" in form.screen.text
        await form.screen.press("enter")
        assert form.open
        assert "pwd" in form.screen.text
        await form.screen.press("escape", "down", "enter")
        await form.screen.wait(lambda: not form.open)
        assert not form.screen.session.trajectory.modified


async def test_tab_and_shift_tab_walk_through_the_fields_at_80_by_24(recording: Path):
    async with form_of(recording, 1, size=(80, 24)) as form:
        seen = []
        for _ in range(len(fields_of(EVENTS[1]))):
            focused = form.screen.app.focused
            seen.append(next(row for row in focused.ancestors if isinstance(row, FieldRow)).field.name)
            region = focused.region
            assert 0 < region.y < 23
            await form.screen.press("tab")
        assert seen == [row.field.name for row in form.screen.app.screen.query(FieldRow)]
        await form.screen.press("shift+tab")
        assert "Ctrl+S applies" in form.screen.text


# Raw JSON


async def test_what_was_typed_in_one_tab_is_there_in_the_other(recording: Path):
    async with form_of(recording, 1) as form:
        await form.put("command", "pwd")
        await form.screen.press("f2")
        await form.screen.pilot.pause()
        assert json.loads(form.raw)["args"]["command"] == "pwd"
        await form.put_raw(form.raw.replace('"pwd"', '"whoami"'))
        await form.screen.press("f2")
        await form.screen.pilot.pause()
        assert form.row("command").read() == "whoami"
        await form.put("thought", "who")
        await applied(form)
        assert event(form, 1)["args"]["command"] == "whoami"
        assert event(form, 1)["args"]["thought"] == "who"
        assert len(form.screen.session.trajectory.history) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{\n  "action": "run",\n  "args": {oops}\n}', "line 3, column 12"),
        ("[]", "expected an object"),
        ('{"a": 1}', 'expected an "action" or an "observation"'),
        ('{"action": "run", "args": {}}', "args.command: field required"),
        ('{"action": "run", "args": {"command": "ls", "hidden": "?"}}', "args.hidden: input should be"),
        ("", "line 1, column 1"),
    ],
)
@pytest.mark.sampled(3)
async def test_raw_json_is_checked_while_it_is_typed(recording: Path, text: str, expected: str):
    async with form_of(recording, 1) as form:
        await form.screen.press("f2")
        await form.screen.pilot.pause()
        await form.put_raw(text)
        await form.screen.wait(lambda: expected in form.note)
        await form.screen.press("ctrl+s")
        await form.screen.pilot.pause()
        assert form.open
        assert not form.screen.session.trajectory.modified


async def test_raw_json_that_cannot_be_read_keeps_its_tab(recording: Path):
    async with form_of(recording, 1) as form:
        await form.screen.press("f2")
        await form.screen.pilot.pause()
        await form.put_raw("{oops")
        await form.screen.press("f2")
        await form.screen.pilot.pause()
        assert form.raw == "{oops"
        assert form.screen.app.screen.query_one("#raw-pane").display


async def test_what_raw_json_does_not_touch_keeps_its_bytes(tmp_path: Path):
    text = '[{"action" : "run","id":1.0e0, "args":{"command":"ls" ,"n":1.50,"e":"\\u00e9"}}]'
    path = tmp_path / "x.json"
    path.write_text(text)
    async with form_of(path, 0) as form:
        if not form.screen.app.screen.query_one("#raw-pane").display:
            await form.screen.press("f2")
        await form.screen.pilot.pause()
        changed = json.loads(form.raw)
        changed["args"]["command"] = "pwd"
        await form.put_raw(json.dumps(changed, indent=1))
        await form.screen.press("ctrl+s")
        await form.screen.pilot.pause()
        if form.open:
            await form.screen.press("ctrl+s")
        await form.screen.wait(lambda: not form.open)
        assert form.screen.session.trajectory.to_bytes().decode() == text.replace('"ls"', '"pwd"')


# Events that are not as they should be


async def test_an_invalid_event_opens_as_what_it_is_and_is_repaired(tmp_path: Path):
    broken = {"id": 0, "source": "agent", "action": "run", "args": {"command": 5}}
    path = write(tmp_path / "x.json", [broken, message(1)])
    async with form_of(path, 0) as form:
        assert "invalid in the file: args.command: input should be a valid string" in form.note
        assert json.loads(form.raw) == broken
        await form.screen.press("f2")
        await form.screen.pilot.pause()
        await form.put("command", '"ls"')
        await applied(form)
        assert event(form, 0)["args"]["command"] == "ls"
        assert form.screen.session.trajectory.parsed(0).problems == ()


async def test_an_event_that_stays_invalid_is_only_applied_at_the_second_time_of_asking(tmp_path: Path):
    broken = {"id": 0, "source": "agent", "action": "run", "args": {"command": 5}}
    path = write(tmp_path / "x.json", [broken, message(1)])
    async with form_of(path, 0) as form:
        await form.put_raw(form.raw.replace("5", "6"))
        await form.screen.press("ctrl+s")
        await form.screen.pilot.pause()
        assert form.open
        assert "Ctrl+S again applies it all the same" in form.note
        await applied(form)
        assert event(form, 0)["args"]["command"] == 6


async def test_an_object_that_is_no_event_can_be_made_one(tmp_path: Path):
    path = write(tmp_path / "x.json", [{"note": 1}, message(1)])
    async with form_of(path, 0) as form:
        await form.put_raw(json.dumps(message(0, "hello")))
        await applied(form)
        assert event(form, 0) == message(0, "hello")


# Untrusted text


async def test_control_characters_are_drawn_harmless_and_kept_where_they_are_not_touched(tmp_path: Path):
    text = f"first\n{ACTING}\r\nlast\r"
    path = write(tmp_path / "x.json", [run(0, text, message=ACTING), message(1, ACTING, extra=ACTING)])
    async with form_of(path, 0) as form:
        assert not set(form.screen.text) & set("\x1b\x07\r\x0b\x85\u2028\u202e\x9b")
        form.focus("command")
        await form.screen.press("ctrl+home")
        await form.screen.type("x")
        assert not set(form.screen.text) & set("\x1b\x07\r\x0b\x85\u2028\u202e\x9b")
        await form.screen.press("f2")
        await form.screen.pilot.pause()
        assert not set(form.screen.text) & set("\x1b\x07\r\x0b\x85\u2028\u202e\x9b")
        await applied(form)
        assert event(form, 0)["args"]["command"] == "x" + text
        assert event(form, 0)["message"] == ACTING


async def test_markup_and_choices_of_a_recording_are_text(tmp_path: Path):
    command = new_action("run", command="[red]ls[/red]", confirmation_state="[b]x[/b]\x1b[2J")
    path = write(tmp_path / "x.json", [{"id": 0, **command}])
    async with form_of(path, 0) as form:
        assert "[red]ls[/red]" in form.screen.text
        assert "[b]x[/b]␛[2J" in form.screen.text


async def test_a_text_too_long_to_edit_here_says_where(tmp_path: Path):
    path = write(tmp_path / "x.json", [run(0, "x" * 200_000)])
    async with form_of(path, 0) as form:
        assert "200000 characters: E" in form.screen.text
        form.focus("hidden")
        await form.screen.press("space")
        await applied(form)
        assert event(form, 0)["args"] == {"command": "x" * 200_000, "hidden": True}
