"""The small-cell rule of public reports: a count of one to four people is not told, nor what is about single people."""

import re
from dataclasses import replace

from hometrial.exports.report.blocks import Block, Figure, Number, Paragraph, Section, Table
from hometrial.exports.report.drawing import Drawing, Shape, Words

FEWEST = 5
"""The smallest count that is told."""
HIDDEN = f"fewer than {FEWEST}"
SAID = (
    f"Small cells: this report is for the public. Counts of 1 to {FEWEST - 1} people, and those that only so many are missing from, "
    f"stand as “{HIDDEN}”; figures of so few, and everything about single people, are left out."
)  # fmt: skip
_SHARE = re.compile(r"(\d+)/(\d+) \(\d[^)]*\)")
_PLAIN = re.compile(r"(\d+)/(\d+)")
_SERIOUS = re.compile(r"(?<=one by one: )\d+")
_OF = re.compile(r"(\d+) of (\d+)")
_COUNT = re.compile(r"\d+")
_IN_WORDS = re.compile(r"(?<=n = )(\d+)|(?<=: )(\d+)$")
_OF_PEOPLE = re.compile(r"^(n|n of .*|.*[Pp]eople.*|Stopped.*|Under .*|Low|Normal|High|Grade .*|Not graded|Randomised|Started.*|Consented.*|FAS|PP|Completed.*)$")  # fmt: skip
_OF_WHOM = "People with both values"
"""The row that says of how many people the rows below it are."""
_UNTOUCHED = ("header", "checklist")


def hidden(sections: tuple[Section, ...]) -> tuple[Section, ...]:
    """Return the sections of a report as the public may read them."""
    made = [each if each.id in _UNTOUCHED else _section(each) for each in sections]
    first = made[0]
    told = Section(first.id, first.title, [*first.blocks, Paragraph(SAID, "strong")], first.numbers)
    return (told, *made[1:])


def is_small(k: int, n: int | None = None) -> bool:
    """Say whether a count, or the rest of those it is of, is one that is not told."""
    return 0 < k < FEWEST or (n is not None and 0 < n - k < FEWEST)


def _section(section: Section) -> Section:
    blocks = [made for each in section.blocks if (made := _block(each)) is not None]
    if len(blocks) < len(section.blocks):
        blocks.append(Paragraph("What is about single people is left out of a public report.", "note"))  # fmt: skip
    numbers = [each for each in section.numbers if not _is_telling(each)]
    return Section(section.id, section.title, blocks, numbers)


def _is_telling(number: Number) -> bool:
    k = number.values.get("k")
    if isinstance(k, int) and is_small(k, number.n):
        return True
    return 0 < number.n < FEWEST or any(
        is_small(int(k), int(n)) for k, n in _PLAIN.findall(number.text)
    )


def _block(block: Block) -> Block | None:
    match block:
        case Paragraph(is_single=True) | Figure(is_single=True) | Table(is_single=True):
            return None
        case Paragraph():
            return replace(block, text=_words(block.text))
        case Figure():
            return replace(block, drawing=_drawing(block.drawing))
        case Table():
            return _table(block)


def _table(table: Table) -> Table:
    rows = tuple(_row(table.head, row) for row in table.rows)
    if rows and rows[0][0] == _OF_WHOM and HIDDEN in rows[0][-1]:
        rows = (rows[0], *((row[0], *["–"] * (len(row) - 1)) for row in rows[1:]))
    return replace(table, rows=rows, head=tuple(map(_words, table.head)), note=_words(table.note))


def _row(head: tuple[str, ...], row: tuple[str, ...]) -> tuple[str, ...]:
    """Return a row without small counts; what is reckoned of so few people is left out with them."""
    cells = [row[0]]
    is_few = False
    for title, cell in zip(head[1:], row[1:], strict=True):
        if is_few:
            cells.append("–")
            continue
        cells.append(_cell(title, cell))
        is_few = title.startswith("n") and cells[-1] == HIDDEN
    return tuple(cells)


def _cell(title: str, cell: str) -> str:
    of = _OF.fullmatch(cell)
    if of and 0 < int(of[1]) < FEWEST:
        return HIDDEN
    if _COUNT.fullmatch(cell) and _OF_PEOPLE.match(title) and is_small(int(cell)):
        return HIDDEN
    return _words(cell)


def _words(text: str) -> str:
    """Return a text with its small shares hidden."""

    def said(found: re.Match[str]) -> str:
        k, n = int(found[1]), int(found[2])
        return f"{HIDDEN}, or all but so few, of {n}" if is_small(k, n) else found[0]

    def counted(found: re.Match[str]) -> str:
        return HIDDEN if is_small(int(found[0])) else found[0]

    return _SERIOUS.sub(counted, _SHARE.sub(said, text))


def _drawing(drawing: Drawing) -> Drawing:
    return replace(drawing, shapes=[_shape(each) for each in drawing.shapes])


def _shape(shape: Shape) -> Shape:
    if not isinstance(shape, Words):
        return shape

    def said(found: re.Match[str]) -> str:
        return HIDDEN if is_small(int(found[0])) else found[0]

    return replace(shape, text=_IN_WORDS.sub(said, shape.text))
