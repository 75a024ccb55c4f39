"""The blank case report form as a PDF, with or without where each field is tabulated; the same bytes each time."""

import hashlib
from datetime import UTC, datetime
from importlib import resources

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import TTFFont
from typing_extensions import override

from hometrial.exports.forms.casebook import Casebook, Field, Page

_FONTS = resources.files("hometrial") / "services" / "agreeing" / "fonts"
_FILES = {"": "DejaVuSans.ttf", "B": "DejaVuSans-Bold.ttf"}
_FAMILY = "form"
_MARGIN, _LINE = 18.0, 4.8
_INK, _NOTE, _PALE = (20, 20, 20), (160, 20, 20), (110, 110, 110)
_BLANK = "_" * 28
_HINTS = {"date": "(year - month - day)", "time": "(hour : minute)"}


class FormPaper(FPDF):
    """Pages of a form: what is asked in black, where it is tabulated in red."""

    def __init__(self, name: str, at: datetime) -> None:
        super().__init__(format="A4")
        self._seal = hashlib.sha256(f"{name} {at:%Y-%m-%dT%H:%M:%S}".encode()).hexdigest()[:32]
        self._name = name
        self.lacked: set[str] = set()
        """Characters that the font has no sign for: each stands as its number in Unicode."""
        self.set_title(name)
        self.set_lang("en")
        self.set_creation_date(at if at.tzinfo else at.replace(tzinfo=UTC))
        self.set_margin(_MARGIN)
        self.set_auto_page_break(auto=True, margin=_MARGIN)
        for style, file in _FILES.items():
            with resources.as_file(_FONTS / file) as path:
                self.add_font(_FAMILY, style, path)

    @override
    def file_id(self) -> str:
        """Name the file after what it is, never at random."""
        return f"<{self._seal}><{self._seal}>"

    @override
    def footer(self) -> None:
        """Number the page."""
        self.set_y(-_MARGIN + 4)
        self.set_font(_FAMILY, size=7)
        self.set_text_color(*_PALE)
        self.cell(0, text=f"{self.shown(self._name)}   {self.page_no()} / {{nb}}")

    def shown(self, text: str) -> str:
        """Return a text as it can be printed, and remember what it lacked."""
        return "".join(each if self._has(each) else self._number(each) for each in text)

    def _has(self, character: str) -> bool:
        fonts = [self.fonts[f"{_FAMILY}{style}"] for style in _FILES]
        return character == "\n" or all(
            isinstance(each, TTFFont) and ord(character) in each.cmap for each in fonts
        )

    def _number(self, character: str) -> str:
        self.lacked.add(character)
        return f"[U+{ord(character):04X}]"

    def line_of(self, text: str, *, size: float = 9.0, style: str = "", ink: tuple[int, int, int] = _INK, indent: float = 0.0) -> None:  # fmt: skip
        """Write a paragraph and go on below it."""
        self.set_font(_FAMILY, style, size)
        self.set_text_color(*ink)
        self.set_x(_MARGIN + indent)
        self.multi_cell(
            0, _LINE * size / 9, self.shown(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT
        )


def printed(book: Casebook, at: datetime, *, is_annotated: bool) -> bytes:
    """Return the form, each page of it on a sheet of its own."""
    kind = "Annotated case report form" if is_annotated else "Case report form"
    paper = FormPaper(f"{kind}, {book.protocol.id} {book.protocol.version}", at)
    _cover(paper, book, kind)
    for page in book.pages:
        paper.add_page()
        _sheet(paper, page, is_annotated=is_annotated)
    if paper.lacked:
        paper.ln(4)
        paper.line_of(f"{len(paper.lacked)} characters have no sign in the font of this paper and stand as [U+number].", size=7, ink=_PALE)  # fmt: skip
    return bytes(paper.output())


def _cover(paper: FormPaper, book: Casebook, kind: str) -> None:
    paper.add_page()
    paper.line_of(book.protocol.title, size=15, style="B")
    paper.line_of(kind, size=12)
    paper.ln(4)
    labels = {each.id: each.label for each in book.pages}
    for event in book.events:
        again = ", again and again" if event.is_repeating else ""
        paper.line_of(f"{event.id}  {event.label}{again}", style="B")
        asked = ", ".join(labels[each] for each in event.forms if each in labels)
        paper.line_of(asked or "No form", indent=6, ink=_PALE)


def _sheet(paper: FormPaper, page: Page, *, is_annotated: bool) -> None:
    paper.start_section(paper.shown(page.label))
    paper.line_of(page.label, size=14, style="B")
    paper.line_of(" · ".join(filter(None, (page.version, f"filled in by: {page.filled_by}"))), size=8, ink=_PALE)  # fmt: skip
    if is_annotated and page.annotation:
        paper.line_of(page.annotation, style="B", ink=_NOTE)
    if not page.is_worded:
        paper.line_of(
            "The wording belongs to its owner and is not printed here.", size=8, ink=_PALE
        )
    paper.ln(2)
    paper.line_of(f"Participant {_BLANK}     Date {_BLANK}")
    stem = ""
    for place, field in enumerate(page.fields, start=1):
        if field.stem and field.stem != stem:
            paper.ln(1)
            paper.line_of(field.stem, style="B")
        stem = field.stem
        _ask(paper, place, field, is_annotated=is_annotated)
    if page.notice:
        paper.ln(3)
        paper.line_of(page.notice, size=7, ink=_PALE)


def _ask(paper: FormPaper, place: int, field: Field, *, is_annotated: bool) -> None:
    if paper.will_page_break(4 * _LINE):
        paper.add_page()
    paper.ln(1.5)
    paper.line_of(f"{place}. {field.label}")
    if field.condition:
        paper.line_of(f"asked only if {field.condition}", size=7, ink=_PALE, indent=6)
    if field.choices:
        shown = "    ".join(
            f"□ {each.value}{_words(each.text, each.value)}" for each in field.choices
        )
        paper.line_of(shown, indent=6)
    else:
        paper.line_of(f"{_BLANK} {field.unit} {_HINTS.get(field.kind, '')}".rstrip(), indent=6)
    if is_annotated:
        paper.line_of(field.annotation, size=7.5, style="B", ink=_NOTE, indent=6)


def _words(text: str | None, value: str) -> str:
    return "" if text is None or text == value else f" {text}"
