"""The pilot report on paper: the same sections as the page, with tables, figures and the caution on every sheet."""

import hashlib
from collections.abc import Sequence

from fpdf.enums import MethodReturnValue, XPos, YPos
from typing_extensions import override

from hometrial.exports.report.blocks import Block, Figure, Paragraph, Section, Table
from hometrial.exports.report.drawing import Box, Dot, Drawing, Shape, Stroke, Words
from hometrial.exports.report.inks import channels
from hometrial.exports.report.making import Report
from hometrial.exports.report.material import Standing
from hometrial.exports.report.record import record
from hometrial.services.agreeing.paper import Paper, Sheet
from hometrial.services.locking.lacked_signs import named

_SMALL, _CELL, _TEXT = 7.4, 7.6, 9.0
_LINE = 1.28
_PAD = 1.2
_ROOM, _HEADING = 6.0, 14.0
_POINTS = 72 / 25.4


def pdf(report: Report, standing: Standing, *, compressed: bool = True) -> bytes:
    """Return the report as a PDF: the same bytes for the same report.

    A character that the font has no sign for stands as its number in Unicode, and the first page lists all of them.
    """
    paper = _written(report, standing, "", compressed=compressed)
    body = paper.file()  # also if it is written again: it closes the fonts
    if paper.lacked:
        body = _written(report, standing, named(paper.lacked), compressed=compressed).file()
    return body


def _written(report: Report, standing: Standing, notice: str, *, compressed: bool) -> "ReportPaper":
    seal = hashlib.sha256(record(report)).hexdigest()
    sheet = Sheet(
        title=f"{report.name}: {report.title}",
        language="en",
        made_at=standing.shown,
        seal=seal,
        foot=f"{report.name}, {report.subtitle}, {standing.name} {standing.root[:16]}".strip(),
    )
    paper = ReportPaper(sheet, report, compressed=compressed)
    paper.heading(report.title, level=1)
    paper.small(f"{report.name}, {report.subtitle}, data cut {standing.cut_in_words}")
    if notice:
        paper.small(notice)
    for number, each in enumerate(report.sections, start=1):
        paper.section(number, each)
    return paper


class ReportPaper(Paper):
    """Sheets that carry the mark and the caution at the top, and can hold tables and drawings."""

    def __init__(self, sheet: Sheet, report: Report, *, compressed: bool = True) -> None:
        self._report = report
        super().__init__(sheet, compressed=compressed)

    @override
    def header(self) -> None:
        """Write what no page may be without, then go on with what was broken off."""
        with self._artifact():
            self.set_font("paper", "B", _SMALL)
            self.set_text_color(*channels("one"))
            self.cell(
                0,
                _SMALL * _LINE / self.k,
                self.shown(self._report.mark),
                new_x=XPos.LMARGIN,
                new_y=YPos.NEXT,
            )
            self.set_font("paper", "", _SMALL)
            self.set_text_color(*channels("soft"))
            self.multi_cell(
                0,
                _SMALL * _LINE / self.k,
                self.shown(self._report.sober),
                align="L",
                new_x=XPos.LMARGIN,
                new_y=YPos.NEXT,
            )
            self.set_text_color(*channels("ink"))
            self.ln(3)
        self._begin()

    def section(self, number: int, section: Section) -> None:
        """Write a section."""
        if section.blocks:
            self._room(_HEADING + self._need(section.blocks[0]))
        self.heading(f"{number}. {section.title}")
        for block in section.blocks:
            match block:
                case Paragraph(text=text, tone=tone):
                    self.small(text, is_bold=tone == "strong")
                case Table():
                    self._table(block)
                case Figure(caption=caption, drawing=drawing):
                    self._figure(caption, drawing)

    def _need(self, block: Block) -> float:
        """Return how much of a block must stand below a heading: a figure whole, of a table the first rows."""
        if isinstance(block, Figure):
            return self._size(block.drawing) * block.drawing.height + _ROOM + 12
        if isinstance(block, Table):
            widths = self._widths(block)
            rows = ((block.head, True), *((row, False) for row in block.rows[:2]))
            return 8 + sum(self._height(row, widths, is_head=is_head) for row, is_head in rows)
        return 12.0

    def _size(self, drawing: Drawing) -> float:
        """Return how many millimetres a point of a drawing is wide: no more than fits on a sheet."""
        whole = self.eph - _ROOM - 26
        return min(self.epw / drawing.width, whole / drawing.height, 0.26)

    def small(self, text: str, *, is_bold: bool = False) -> None:
        """Write a paragraph in the size of the report."""
        self._write("P", [(text, is_bold)], _TEXT)
        self.ln(1)

    def _table(self, table: Table) -> None:
        widths = self._widths(table)
        head = [self._height(table.head, widths, is_head=True)] if any(table.head) else []
        self._room(_TEXT * 2 / self.k + sum(head) + 2 * self._height(table.rows[0], widths))
        self._write("P", [(table.caption, True)], _TEXT)
        self.ln(0.5)
        self._head(table, widths)
        for place, row in enumerate(table.rows):
            if self.will_page_break(self._height(row, widths)):
                self.add_page()
                self._head(table, widths)
            self._row(row, widths, ink=table.lights[place] if table.lights else "ink")
        if table.note:
            self.ln(0.8)
            self.set_text_color(*channels("soft"))
            self._write("P", [(table.note, False)], _CELL)
            self.set_text_color(*channels("ink"))
        self.ln(3)

    def _head(self, table: Table, widths: Sequence[float]) -> None:
        if any(table.head):
            self._row(table.head, widths, is_head=True)

    def _widths(self, table: Table) -> list[float]:
        """Share the width among columns by their longest cells, none narrower than its longest word."""
        self.set_font("paper", "B", _CELL)
        columns = list(zip(table.head, *table.rows, strict=True))
        whole = [min(self.epw * 0.6, max(map(self._across, each))) + 2 * _PAD for each in columns]
        least = [
            min(
                self.epw / 2,
                max(self._across(word) for cell in each for word in (cell.split() or [""])),
            )
            + 2 * _PAD
            for each in columns
        ]
        spare = self.epw - sum(least)
        if spare <= 0:
            return [each * self.epw / sum(least) for each in least]
        wanted = [max(0.01, full - small) for full, small in zip(whole, least, strict=True)]
        share = min(1.0, spare / sum(wanted))
        return [small + share * more for small, more in zip(least, wanted, strict=True)]

    def _across(self, text: str) -> float:
        return float(self.get_string_width(self.shown(text)))

    def _lines(self, text: str, width: float) -> list[str]:
        made = self.multi_cell(
            width,
            _CELL * _LINE / self.k,
            self.shown(text),
            dry_run=True,
            output=MethodReturnValue.LINES,
            align="L",
        )
        return list(made) if isinstance(made, list) else []

    def _height(
        self, row: Sequence[str], widths: Sequence[float], *, is_head: bool = False
    ) -> float:
        self.set_font("paper", "B" if is_head else "", _CELL)
        most = max(len(self._lines(cell, width)) for cell, width in zip(row, widths, strict=True))
        return max(1, most) * _CELL * _LINE / self.k + _PAD

    def _row(
        self,
        row: Sequence[str],
        widths: Sequence[float],
        *,
        is_head: bool = False,
        ink: str = "ink",
    ) -> None:
        """Write a row as one piece of the structure, cell after cell."""
        height, top, left = self._height(row, widths, is_head=is_head), self.get_y(), self.l_margin
        self._tag = "P"
        self._begin()
        for place, (cell, width) in enumerate(zip(row, widths, strict=True)):
            self.set_font("paper", "B" if is_head else "", _CELL)
            is_last = place == len(row) - 1
            self.set_text_color(*channels("soft" if is_head else ink if is_last else "ink"))
            self.set_xy(left, top + _PAD / 2)
            self.multi_cell(
                width,
                _CELL * _LINE / self.k,
                self.shown(cell),
                align="L",
                new_x=XPos.RIGHT,
                new_y=YPos.TOP,
            )
            left += width
        self._end()
        self._tag = None
        self.set_text_color(*channels("ink"))
        with self._artifact():
            self.set_draw_color(*channels("grid"))
            self.set_line_width(0.3 if is_head else 0.15)
            self.line(self.l_margin, top + height, self.l_margin + self.epw, top + height)
        self.set_xy(self.l_margin, top + height)

    def _room(self, height: float) -> None:
        if self.will_page_break(height):
            self.add_page()

    def _figure(self, caption: str, drawing: Drawing) -> None:
        size = self._size(drawing)
        self._room(size * drawing.height + _ROOM + len(self._lines(caption, self.epw)) * 5)
        self._write("P", [(caption, True)], _TEXT)
        self.ln(1)
        top, number = self.get_y(), self.struct_builder.next_mcid_for_page(self.page)
        _, parents = self.struct_builder.add_marked_content(
            page_number=self.page,
            struct_type="/Figure",
            mcid=number,
            alt_text=self.shown(drawing.told),
        )
        self.pages[self.page].struct_parents = parents
        self._out(f"/Figure <</MCID {number}>> BDC")
        for shape in drawing.shapes:
            self._shape(shape, top, size)
        self._out("EMC")
        self.set_text_color(*channels("ink"))
        self.set_xy(self.l_margin, top + size * drawing.height)
        self.ln(4)

    def _shape(self, shape: Shape, top: float, size: float) -> None:
        left = self.l_margin
        match shape:
            case Stroke(points=points, ink=ink, width=width, is_dashed=is_dashed):
                self.set_draw_color(*channels(ink))
                self.set_line_width(width * size)
                if is_dashed:
                    self.set_dash_pattern(dash=1, gap=0.8)
                self.polyline([(left + x * size, top + y * size) for x, y in points])
                if is_dashed:
                    self.set_dash_pattern()
            case Box():
                self._box(shape, left, top, size)
            case Dot(x=x, y=y, ink=ink, radius=radius):
                self.set_fill_color(*channels(ink))
                wide = 2 * radius * size
                self.ellipse(
                    left + (x - radius) * size, top + (y - radius) * size, wide, wide, style="F"
                )
            case Words():
                self._words(shape, left, top, size)

    def _box(self, box: Box, left: float, top: float, size: float) -> None:
        style = ("D" if box.edge != "none" else "") + ("F" if box.fill != "none" else "")
        if not style:
            return
        if box.fill != "none":
            self.set_fill_color(*channels(box.fill))
        if box.edge != "none":
            self.set_draw_color(*channels(box.edge))
            self.set_line_width(0.15)
        self.rect(
            left + box.x * size,
            top + box.y * size,
            box.width * size,
            box.height * size,
            style=style,
        )

    def _words(self, words: Words, left: float, top: float, size: float) -> None:
        self.set_font("paper", "B" if words.is_bold else "", words.size * size * _POINTS)
        self.set_text_color(*channels(words.ink))
        text = self.shown(words.text)
        wide = self.get_string_width(text)
        back = {"start": 0.0, "middle": wide / 2, "end": wide}[words.anchor]
        self.text(left + words.x * size - back, top + words.y * size, text)
