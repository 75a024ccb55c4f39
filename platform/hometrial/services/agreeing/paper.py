"""Sheets of paper as a PDF: tagged, in one language, with text to select, and the same bytes each time."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib import resources

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import TTFFont
from fpdf.prefs import ViewerPreferences
from typing_extensions import override

_FONTS = resources.files("hometrial.services.agreeing") / "fonts"
_FILES = {"": "DejaVuSans.ttf", "B": "DejaVuSans-Bold.ttf"}
_FAMILY = "paper"
_SIZES = {"H1": 17.0, "H2": 13.0, "P": 10.5}
_WIDE = 40
_MARGIN, _LEADING, _GAP = 20.0, 1.5, 2.5


@dataclass(frozen=True)
class Sheet:
    """What stands on every page, and what makes the file: `seal` is hexadecimal and only this paper's."""

    title: str
    language: str
    made_at: datetime
    seal: str
    foot: str
    warning: str | None = None


class Paper(FPDF):
    """Pages that fill with headings, paragraphs and lines of facts."""

    def __init__(self, sheet: Sheet, *, compressed: bool = True) -> None:
        super().__init__(format="A4")
        self._sheet = sheet
        self._tag: str | None = None
        self.lacked: list[str] = []
        """Characters that the font has no sign for: each stands as its number in Unicode."""
        self.set_compression(compressed)
        self.set_title(sheet.title)
        self.set_lang(sheet.language)
        self.set_creation_date(sheet.made_at)
        self.viewer_preferences = ViewerPreferences(display_doc_title=True)
        self.set_margin(_MARGIN)
        self.set_auto_page_break(auto=True, margin=_MARGIN + 5)
        for style, file in _FILES.items():
            with resources.as_file(_FONTS / file) as path:
                self.add_font(_FAMILY, style, path)
        self.set_font(_FAMILY, size=_SIZES["P"])
        self.add_page()

    @override
    def file_id(self) -> str:
        """Name the file after what was signed, never at random."""
        return f"<{self._sheet.seal}><{self._sheet.seal}>"

    @override
    def header(self) -> None:
        """Warn on each page where there is something to warn of; then go on with what was broken off."""
        if self._sheet.warning is not None:
            with self._artifact():
                self.set_font(_FAMILY, "B", _SIZES["P"])
                self.multi_cell(
                    0, text=self.shown(self._sheet.warning), new_x=XPos.LMARGIN, new_y=YPos.NEXT
                )
                self.ln(_GAP)
        self._begin()

    @override
    def footer(self) -> None:
        """End what the page breaks off, and number the page."""
        self._end()
        with self._artifact():
            self.set_y(-_MARGIN + 3)
            self.set_font(_FAMILY, size=8)
            self.cell(0, text=f"{self.shown(self._sheet.foot)}   {self.page_no()} / {{nb}}")

    def heading(self, said: str, *, level: int = 2) -> None:
        """Write a heading; it stays with what follows."""
        size = _SIZES[f"H{level}"]
        if self.will_page_break(size * _LEADING):
            self.add_page()
        self.ln(_GAP)
        self.start_section(self.shown(said), level=level - 1, strict=False)
        self._write(f"H{level}", [(said, True)], size)
        self.ln(_GAP / 2)

    def paragraph(self, runs: Sequence[tuple[str, bool]], *, is_item: bool = False) -> None:
        """Write a paragraph of runs, each bold or not, or an item of a list."""
        if not is_item:
            self._write("P", runs, _SIZES["P"])
        else:
            with self._indented():
                self._write("P", [("• ", False), *runs], _SIZES["P"])
        self.ln(_GAP)

    def facts(self, rows: Mapping[str, str]) -> None:
        """Write facts, a line each, what it is in front."""
        for name, value in rows.items():
            is_wide = any(len(word) > _WIDE for word in value.split())  # a checksum stays whole
            between = "\n" if is_wide else " "
            self._write("P", [(f"{name}:{between}", True), (value, False)], _SIZES["P"])
            self.ln(_GAP / 2)
        self.ln(_GAP)

    def file(self) -> bytes:
        """Return the file."""
        return bytes(self.output())

    def shown(self, said: str) -> str:
        """Return a text as it can be printed, and remember what it lacked."""
        return "".join(each if self._has(each) else self._number(each) for each in said)

    def _has(self, character: str) -> bool:
        fonts = [self.fonts[f"{_FAMILY}{style}"] for style in _FILES]
        return character == "\n" or (
            _is_set(character)
            and all(isinstance(each, TTFFont) and ord(character) in each.cmap for each in fonts)
        )

    def _number(self, character: str) -> str:
        self.lacked.append(character)
        return f"[U+{ord(character):04X}]"

    def _write(self, tag: str, runs: Sequence[tuple[str, bool]], size: float) -> None:
        height = size * _LEADING / self.k
        if self.will_page_break(height):
            self.add_page()
        self._tag = tag
        self._begin()
        for said, is_bold in runs:
            self.set_font(_FAMILY, "B" if is_bold else "", size)
            self.write(height, self.shown(said))
        self._end()
        self._tag = None
        self.ln(height)

    def _begin(self) -> None:
        """Open a piece of the structure on this page, if something is being written."""
        if self._tag is None:
            return
        number = self.struct_builder.next_mcid_for_page(self.page)
        _, parents = self.struct_builder.add_marked_content(
            page_number=self.page, struct_type=f"/{self._tag}", mcid=number
        )
        self.pages[self.page].struct_parents = parents
        self._out(f"/{self._tag} <</MCID {number}>> BDC")

    def _end(self) -> None:
        if self._tag is not None:
            self._out("EMC")

    @contextmanager
    def _artifact(self) -> Iterator[None]:
        """What stands on each page is not read out on each page."""
        self._out("/Artifact BMC")
        yield
        self._out("EMC")

    @contextmanager
    def _indented(self) -> Iterator[None]:
        left = self.l_margin
        self.set_left_margin(left + 5)
        self.set_x(left + 5)
        yield
        self.set_left_margin(left)
        self.set_x(left)


def _is_set(character: str) -> bool:
    """Whether the font's signs stand alone, from left to right; others would need to be shaped."""
    is_turned = unicodedata.bidirectional(character) in ("R", "AL", "RLE", "RLO", "RLI")
    return not is_turned and unicodedata.category(character)[0] != "C"
