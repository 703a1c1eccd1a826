"""What names the world of a recording: found where it stands, and no more than that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents import message, ran, run
from evaluations import DATA_SET, INSTANCE, KEY, SOLUTION, WORK, events, lines, row
from trajcore.dialects.told import What
from trajcore.trajectory import Trajectory
from trajcore.views.worlds import NOTHING, fact_lines, fact_object
from trajcore.worlds.facts import Found, found_in
from trajcore.worlds.prelude import steps_of


def found(*rows: dict[str, Any], pick: str | None = None) -> Found:
    return found_in(Trajectory.from_bytes(lines(*rows), row=pick))


def told(found: Found) -> dict[What, list[tuple[str, str]]]:
    facts: dict[What, list[tuple[str, str]]] = {}
    for fact in found.facts:
        facts.setdefault(fact.what, []).append((fact.value, fact.where))
    return facts


def test_a_row_says_what_it_was_made_with_and_where_that_stands() -> None:
    facts = told(found(row()))
    assert facts[What.INSTANCE] == [(INSTANCE, "row: instance_id")]
    assert facts[What.DATA_SET] == [(DATA_SET, "row: metadata.dataset")]
    assert facts[What.REPOSITORY] == [("acme/calc", "row: instance.repo")]
    assert facts[What.COMMIT] == [("a" * 40, "row: instance.base_commit")]
    assert facts[What.DIRECTORY] == [(WORK, "event 0: <uploaded_files>")]
    assert facts[What.SHELL] == [(WORK, "event 2: extras.metadata.working_dir")]
    where = "composed as for SWE-bench, of row: metadata.dataset, instance_id, instance.repo"
    assert facts[What.IMAGE] == [
        ("swebench/sweb.eval.x86_64.acme_1776_calc-7:latest", where),
        ("xingyaoww/sweb.eval.x86_64.acme_s_calc-7:latest", where),
    ]


@pytest.mark.parametrize(
    ("data_set", "changes", "image"),
    [
        ("princeton-nlp__SWE-bench_Verified-test", {}, "swebench/sweb.eval.x86_64.acme_1776_calc-7:latest"),
        (None, {}, "swebench/sweb.eval.x86_64.acme_1776_calc-7:latest"),
        ("SWE-bench-Live__SWE-bench-Live-lite", {}, "starryzhang/sweb.eval.x86_64.acme_1776_calc-7:latest"),
        ("nebius__SWE-rebench-filtered", {}, "swerebench/sweb.eval.x86_64.acme_1776_calc-7:latest"),
        ("SWE-Gym__SWE-Gym-train", {}, "xingyaoww/sweb.eval.x86_64.acme_s_calc-7:latest"),
        ("bytedance-research__Multi-SWE-Bench", {"language": "c"}, "mswebench/acme_m_calc:pr-7"),
        (
            "bytedance-research__Multi-SWE-Bench",
            {"language": "python"},
            "swebench/sweb.eval.x86_64.acme_1776_calc-7:latest",
        ),
        ("swefficiency__swefficiency", {}, f"ghcr.io/swefficiency/swefficiency-images:{INSTANCE}"),
        ("wentingzhao__commit0_combined", {}, "wentingzhao/calc:v0"),
        ("gaia-benchmark__GAIA", {}, "nikolaik/python-nodejs:python3.12-nodejs22"),
        ("some__thing-else", {}, None),
    ],
)
def test_the_image_is_called_as_its_harness_calls_it(
    data_set: str | None, changes: dict[str, Any], image: str | None
) -> None:
    assert next(iter(found(row(data_set=data_set, **changes)).images), None) == image


def test_images_are_called_in_small_letters() -> None:
    images = found(row(instance_id="PyCQA__Flake8-12", repo="PyCQA/Flake8")).images
    assert images[0] == "swebench/sweb.eval.x86_64.pycqa_1776_flake8-12:latest"


def test_the_row_that_was_picked_is_asked() -> None:
    rows = row(), row(instance_id="acme__calc-8", base_commit="b" * 40)
    assert found(*rows, pick="1").commit == "b" * 40
    assert found(*rows, pick="0").commit == "a" * 40


def test_what_solves_the_task_and_keys_are_never_told() -> None:
    trajectory = Trajectory.from_bytes(lines(row()))
    known = found_in(trajectory)
    written = [step.content for step in steps_of(known) if step.path]
    everything = json.dumps([fact_object(trajectory), *fact_lines(trajectory), known.instance, repr(written)])
    assert written
    assert SOLUTION not in everything
    assert KEY not in everything


def test_a_version_that_was_written_as_a_number_is_called_as_the_harness_called_it() -> None:
    data = lines(row(history=events(("ls", ""), work="/elsewhere"), version="HERE")).replace(
        b'"HERE"', b"0.10"
    )
    assert found_in(Trajectory.from_bytes(data)).work_name == "acme__calc__0.1"


def test_metadata_beside_the_rows_is_asked_too(tmp_path: Path) -> None:
    file = tmp_path / "output.jsonl"
    file.write_bytes(lines(row(data_set=None, instance_id="odd")))
    (tmp_path / "metadata.json").write_text(
        json.dumps({"dataset": "SWE-Gym__SWE-Gym", "llm_config": {"api_key": KEY}})
    )
    facts = told(found_in(Trajectory.open(file)))
    assert facts[What.DATA_SET] == [("SWE-Gym__SWE-Gym", "metadata.json: dataset")]
    assert facts[What.IMAGE][0][0] == "xingyaoww/sweb.eval.x86_64.odd:latest"


def test_metadata_beside_a_list_is_not_its_own(tmp_path: Path) -> None:
    file = tmp_path / "recording.json"
    file.write_text(json.dumps([message(0), run(1), ran(2, 1)]))
    (tmp_path / "metadata.json").write_text(json.dumps({"dataset": "SWE-Gym__SWE-Gym"}))
    assert found_in(Trajectory.open(file)).facts == ()


def test_a_conversation_of_the_web_interface_names_its_repository(tmp_path: Path) -> None:
    (tmp_path / "events").mkdir()
    recall = {"id": 1, "source": "environment", "observation": "recall", "content": "", "cause": 0}
    recall["extras"] = {
        "recall_type": "workspace_context",
        "repo_name": "acme/calc",
        "repo_directory": "calc",
    }
    for number, event in enumerate([message(0), recall]):
        (tmp_path / "events" / f"{number}.json").write_text(json.dumps(event))
    (tmp_path / "metadata.json").write_text(json.dumps({"selected_branch": "next"}))
    for opened in (tmp_path, tmp_path / "events"):
        known = found_in(Trajectory.open(opened))
        assert told(known) == {
            What.BRANCH: [("next", "metadata.json: selected_branch")],
            What.REPOSITORY: [("acme/calc", "event 1: extras.repo_name")],
            What.DIRECTORY: [("calc", "event 1: extras.repo_directory")],
        }
        assert known.directory == "/workspace/calc"


@pytest.mark.parametrize(
    "spoilt", [b"", b"[]", b"{", b'{"dataset": ["x"]}', b'{"dataset": {}}', b"\0\0\0", b'{"dataset": NaN}']
)
def test_metadata_that_is_no_such_says_nothing(tmp_path: Path, spoilt: bytes) -> None:
    file = tmp_path / "output.jsonl"
    file.write_bytes(lines(row(data_set=None)))
    (tmp_path / "metadata.json").write_bytes(spoilt)
    assert found_in(Trajectory.open(file)).value(What.DATA_SET) in ("", "nan")


@pytest.mark.parametrize(
    "instance_id",
    [
        "acme__calc-7; rm -rf /",
        "a__b-1\nevil",
        "$(reboot)__x-1",
        "../../etc__x-1",
        "x" * 5000,
        'a"b__c-1',
        "-rf__x-1",
    ],
)
def test_a_hostile_instance_is_in_no_image_and_no_command(instance_id: str) -> None:
    known = found(row(instance_id=instance_id, repo="../../etc/passwd"))
    assert all(image.count("\n") == 0 and " " not in image and "$" not in image for image in known.images)
    assert steps_of(known) == ()


@given(
    st.dictionaries(
        st.sampled_from(["repo", "version", "base_commit", "language"]),
        st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers(), max_size=2),
    ),
    st.none() | st.integers() | st.text(),
)
def test_nothing_is_told_that_does_not_stand_there(instance: dict[str, Any], instance_id: Any) -> None:
    data = lines(row(instance_id=instance_id, **instance))
    texts = list(_scalars(json.loads(data)))
    for fact in found_in(Trajectory.from_bytes(data)).facts:
        assert fact.derived or any(fact.value in text for text in texts), fact


def test_what_is_told_of_each_recording_stands_in_it(recordings: dict[str, Path]) -> None:
    for path in recordings.values():
        texts = list(_scalars(json.loads(path.read_bytes())))
        for fact in found_in(Trajectory.open(path)).facts:
            assert not fact.derived
            assert any(fact.value in text for text in texts), (path, fact)


def test_a_recording_that_names_nothing_is_said_to() -> None:
    trajectory = Trajectory.from_bytes(json.dumps([message(0)]).encode())
    assert list(fact_lines(trajectory)) == [NOTHING]
    assert fact_object(trajectory)["facts"] == []


def test_a_preludes_directory_comes_from_the_first_message_where_the_row_does_not_say_it() -> None:
    known = found(row(history=events(("ls", ""), work="/workspace/acme__calc__2"), version="1.0"))
    assert "/workspace/acme__calc__2" in " ".join(step.command for step in steps_of(known))


def _scalars(value: Any) -> Any:
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _scalars(one)
    else:
        yield str(value)
