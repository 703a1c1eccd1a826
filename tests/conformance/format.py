"""The laws of a container: derive from `FormatLaws`, say which format, give samples, run it with pytest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from trajcore.document.body import Body
from trajcore.document.composing import Composer
from trajcore.errors import BadInput
from trajcore.formats.base import Files, Format, Layout

NOT_ITS_OWN = (
    b"",
    b" \n",
    b"hello",
    b"{",
    b"[1, 2",
    b'"text"',
    b"\xff\xfe",
    b"\0",
    b"[[[[[[",
    b'{"a": 1}}',
    b"3\n4\n",
)
"""What no container is made of, or not all of it."""


class FormatLaws:
    """What holds for every container. `samples` are files of two records or more, by name."""

    format: Format
    samples: Mapping[str, bytes]
    row: str | None = None

    def layouts(self) -> Iterator[tuple[bytes, Layout]]:
        """Each sample, and each reading of it."""
        for name, data in self.samples.items():
            found = list(self.format.records(Files(name, None, data), self.row))
            assert found, name
            yield from ((data, layout) for layout in found)

    def test_the_text_of_each_record_is_what_stands_in_its_span(self) -> None:
        for data, layout in self.layouts():
            assert layout.format == self.format.name
            assert layout.records
            last = 0
            for raw, span in zip(layout.records, layout.spans, strict=True):
                assert data[span.begin : span.end] == bytes(raw)
                assert data[span.begin : span.begin + 1] == b"{"
                assert last <= span.begin < span.end
                last = span.end

    def test_read_and_written_unchanged_a_file_has_the_same_bytes(self) -> None:
        for data, layout in self.layouts():
            assert b"".join(Body(layout).pieces()) == data

    def test_records_that_come_and_go_leave_all_else_as_it_was(self) -> None:
        for data, layout in self.layouts():
            body = Body(layout)
            composer = Composer(body, body.apply)
            composer.insert(len(body), [b'{"new": 1}'], [(1, True)])
            composer.insert(0, [b'{"new": 2}'], [(1, True)])
            texts = [bytes(raw) for raw in layout.records]
            assert self._read_again(body) == [b'{"new": 2}', *texts, b'{"new": 1}']
            composer.delete([0])
            composer.move([len(body) - 1], 0)
            assert self._read_again(body) == [b'{"new": 1}', *texts]
            for change in reversed(composer.changes):
                body.revert(change)
            assert b"".join(body.pieces()) == data

    def _read_again(self, body: Body) -> list[bytes]:
        (layout, *_) = self.format.records(Files("again", None, b"".join(body.pieces())), self.row)
        return [bytes(raw) for raw in layout.records]

    def test_a_new_file_holds_the_records_it_was_made_of(self) -> None:
        for _, layout in self.layouts():
            data = b"".join(self.format.write(map(memoryview, layout.records)))
            assert all(bytes(raw) in data for raw in layout.records)

    def test_what_is_no_such_container_is_passed_over_or_refused_in_words(self) -> None:
        for data in NOT_ITS_OWN:
            try:
                for layout in self.format.records(Files("odd", None, data), self.row):
                    assert all(bytes(raw)[:1] == b"{" for raw in layout.records)
            except BadInput:
                continue
