"""A report as one HTML file: no script, nothing loaded, light and dark, and fit to be printed."""

import re
from collections.abc import Iterable
from html import escape
from importlib.resources import files

from hometrial.exports.report.blocks import Block, Figure, Paragraph, Section, Table
from hometrial.exports.report.drawing import Ink
from hometrial.exports.report.inks import DARK, LIGHT, variables
from hometrial.exports.report.making import Report
from hometrial.exports.report.svg import svg

_STYLE = files("hometrial.exports.report").joinpath("page.css")
_INKS: tuple[Ink, ...] = (
    "ink", "soft", "grid", "panel", "one", "two", "three", "four", "five", "low", "mid", "high",
)  # fmt: skip


def html(report: Report) -> bytes:
    """Return the file: the same bytes for the same report."""
    return "\n".join(_lines(report)).encode()


def _lines(report: Report) -> Iterable[str]:
    title = f"{escape(report.title)}: {escape(report.name)}"
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{title}</title>\n<style>{style()}</style>\n</head>\n<body>"
    yield f"<header>\n<h1>{escape(report.title)}</h1>"
    yield f'<p class="sub">{escape(report.name)}, {escape(report.subtitle)}</p>'
    yield f'<p class="mark">{escape(report.mark)}</p>'
    yield f'<div class="sober" role="note"><p>{escape(report.sober)}</p></div>\n</header>'
    yield '<nav aria-label="Sections"><ol>'
    for each in report.sections:
        yield f'<li><a href="#{each.id}">{escape(each.title)}</a></li>'
    yield "</ol></nav>\n<main>"
    for number, each in enumerate(report.sections, start=1):
        yield from _section(number, each)
    yield "</main>"
    yield f"<footer><p><b>{escape(report.mark)}</b> {escape(report.sober)}</p></footer>"
    yield (
        f'<div class="running" aria-hidden="true"><b>{escape(report.mark)}</b> {escape(report.sober)}</div>'
    )
    yield "</body>\n</html>\n"


def style() -> str:
    """Return the style sheet with both sets of colours."""
    inks = "".join(
        f".s-{ink}{{stroke:var(--{ink})}}.f-{ink}{{fill:var(--{ink})}}.e-{ink}{{stroke:var(--{ink})}}" for ink in _INKS
    )  # fmt: skip
    return (
        f":root{{{variables(LIGHT)}}}"
        f"@media screen and (prefers-color-scheme:dark){{:root{{{variables(DARK)}}}}}"
        f"{inks}.f-none{{fill:none}}.e-none{{stroke:none}}{_STYLE.read_text(encoding='utf-8')}"
    )


def _section(number: int, section: Section) -> Iterable[str]:
    yield f'<section id="{section.id}" aria-labelledby="{section.id}-title">'
    yield f'<h2 id="{section.id}-title">{number}. {escape(section.title)}</h2>'
    for place, each in enumerate(section.blocks):
        yield from _block(f"{section.id}-{place}", each)
    yield "</section>"


def _block(name: str, block: Block) -> Iterable[str]:
    match block:
        case Paragraph(text=text, tone=tone):
            yield f'<p class="{tone}">{escape(text)}</p>' if tone else f"<p>{escape(text)}</p>"
        case Figure(caption=caption, drawing=drawing):
            yield f"<figure><figcaption>{escape(caption)}</figcaption>"
            yield f'<div class="wide" tabindex="0" role="region" aria-label="Figure">{svg(drawing)}</div></figure>'
        case Table():
            yield from _table(name, block)


def _table(name: str, table: Table) -> Iterable[str]:
    yield f'<div class="wide" tabindex="0" role="region" aria-labelledby="{name}"><table>'
    yield f'<caption id="{name}">{escape(table.caption)}</caption>'
    if any(table.head):
        cells = (
            f'<th scope="col">{escape(each)}</th>' if each else "<td></td>" for each in table.head
        )
        yield f"<thead><tr>{''.join(cells)}</tr></thead>"
    yield "<tbody>"
    for place, row in enumerate(table.rows):
        light = table.lights[place] if table.lights else ""
        first = f'<th scope="row">{escape(row[0])}</th>' if row[0] else "<td></td>"
        rest = [_cell(cell) for cell in row[1:]]
        if light:
            rest[-1] = f'<td class="{light}">{escape(row[-1])}</td>'
        yield f"<tr>{first}{''.join(rest)}</tr>"
    yield "</tbody></table></div>"
    if table.note:
        yield f'<p class="note">{escape(table.note)}</p>'


_LONG, _WORDY = 40, 28
_SHARE = re.compile(r"\d+/\d+ \([^)]*\)|−?[\d.,]+ [(\[][^)\]]{3,20}[)\]]")


def _cell(text: str) -> str:
    """Return a cell: a share or an estimate stays in one line, a checksum may break anywhere, words get room."""
    if _SHARE.fullmatch(text):
        return f'<td class="whole">{escape(text)}</td>'
    if any(len(word) > _LONG for word in text.split()):
        return f'<td class="long">{escape(text)}</td>'
    return (
        f'<td class="words">{escape(text)}</td>'
        if len(text) > _WORDY
        else f"<td>{escape(text)}</td>"
    )
