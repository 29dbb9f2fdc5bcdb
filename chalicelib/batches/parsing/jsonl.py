"""JSON Lines: an order a line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from chalicelib.batches.parsing.file import PlainText
from chalicelib.batches.parsing.lines import Place, ensure_few_blanks, lines_of
from chalicelib.batches.parsing.records import TOO_LONG, FileRecord, Mark


class JsonLines:
    """A Reader. Blank lines are no records."""

    def __init__(self, text: PlainText, begin: Mark) -> None:
        self._text = text
        self.mark = begin

    def __iter__(self) -> Iterator[FileRecord]:
        tally = self.mark.tally
        blank, records = tally.blank, tally.records
        place = self.mark.place
        for line in lines_of(self._text, place):
            place = Place(line.end, line.number)
            if line.text is not None and not line.text.strip():
                blank += 1
                ensure_few_blanks(blank)
                continue
            records += 1
            self.mark = Mark(place, replace(tally, blank=blank, records=records))
            yield FileRecord(line.number, line.text or "", () if line.text else (TOO_LONG,))
        self.mark = Mark(place, replace(tally, blank=blank, records=records))
