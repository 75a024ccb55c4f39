"""Tables of a draft as forms: each field is named by its place in the file, and what was typed becomes edits of it.

What nobody touched makes no edit, so that a file that is only looked at stays the same, byte by byte. What cannot be
read as a number stays a word, which the protocol's own check refuses beside its field.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from werkzeug.datastructures import MultiDict

from hometrial.declarations import Place
from hometrial.protocol import editing
from hometrial.protocol.editing import Drop, Edit, Put

Kind = Literal[
    "line",
    "text",
    "whole",
    "number",
    "yes",
    "choice",
    "several",
    "words",
    "numbers",
    "pair",
    "options",
]
NEW = "+"
GONE = "!gone"
BLANK = object()
"""What an empty field says."""


@dataclass(frozen=True)
class Field:
    """A field of a table's rows. `name` may lead into a part of the row (`begins.anchor`).

    `null`: emptied it says null, otherwise it goes. `in_matrix`: it is shown in a table of its own.
    """

    name: str
    label: str
    kind: Kind = "line"
    options: tuple[tuple[str, str], ...] = ()
    hint: str = ""
    null: bool = False
    in_matrix: bool = False
    rule: bool = False

    @property
    def place(self) -> Place:
        """Where it stands in its row."""
        return tuple(self.name.split("."))

    @property
    def absent(self) -> Any:
        """What it is taken for where the file does not say it."""
        return {"yes": False, "several": [], "words": [], "numbers": []}.get(self.kind)

    def shown(self, value: Any) -> str:
        """Write a value as it is typed."""
        if value is None:
            return ""
        if self.kind == "options" and isinstance(value, list):
            return "\n".join(_option_line(each) for each in value)
        if isinstance(value, list):
            return ", ".join(map(str, value))
        return str(value)

    def read(self, form: MultiDict[str, str], name: str, before: Any) -> Any:
        """Return what was typed, BLANK if nothing; the order of a list that is ticked stays as it was."""
        if self.kind == "several":
            return _ticked(form.getlist(name), before)
        said = form.get(name, "").strip()
        if self.kind == "yes":
            return said == "yes"
        if said == "":
            return [] if self.kind in ("words", "numbers") else BLANK
        return _READ.get(self.kind, str)(said.replace("\r\n", "\n"))


def _option_line(option: Any) -> str:
    return (
        f"{option.get('id')}: {option.get('label')}" if isinstance(option, Mapping) else str(option)
    )


def _option(line: str) -> dict[str, str]:
    name, _, label = line.partition(":")
    return {"id": name.strip(), "label": label.strip()}


def _ticked(ticked: Sequence[str], before: Any) -> list[str]:
    known = before if isinstance(before, list) else []
    kept = [each for each in known if each in ticked]
    return kept + [each for each in ticked if each not in kept]


def _number(said: str) -> int | float | str:
    try:
        return int(said) if said.lstrip("+-").isdecimal() else float(said)
    except ValueError:
        return said


def _parts(said: str) -> list[str]:
    return [part.strip() for part in said.split(",")]


_READ: Mapping[str, Callable[[str], Any]] = {
    "words": _parts,
    "numbers": lambda said: [_number(part) for part in _parts(said)],
    "pair": lambda said: [_number(part) for part in _parts(said)],
    "options": lambda said: [_option(line) for line in said.splitlines() if line.strip()],
    "whole": _number,
    "number": _number,
}


@dataclass(frozen=True)
class Table:
    """A list in the file, or one row of fields (`single`), with what its rows may hold.

    `kept`: rows that may not go, by id, each with why. `first`: the field that names a row.
    """

    path: Place
    title: str
    fields: tuple[Field, ...]
    single: bool = False
    note: str = ""
    one: str = "row"
    kept: Mapping[str, str] | None = None

    @property
    def name(self) -> str:
        """Its place, as the names of its fields begin."""
        return ".".join(map(str, self.path))


@dataclass(frozen=True)
class Row:
    """A row of a table as it stands; `number` is NEW for the empty one at the end."""

    table: Table
    number: int | str
    values: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its place, as the names of its fields begin."""
        return self.table.name if self.table.single else f"{self.table.name}.{self.number}"

    @property
    def title(self) -> str:
        """What it is called: its id or its number, and the first of what tells it from others."""
        said = self.values
        first = said.get("id") or f"{self.table.one} {said.get('step', int(self.number) + 1)}"
        told = [said.get(name) for name in ("label", "text", "when", "mg", "action", "term")]
        more = next((str(each) for each in told if each not in (None, "")), "")
        return f"{first} {more.replace('_', ' ') if more == said.get('action') else more}".strip()

    @property
    def fixed(self) -> str | None:
        """Why it may not go."""
        return (self.table.kept or {}).get(str(self.values.get("id")))

    def field(self, name: str) -> str:
        """Return the name of one of its fields in forms."""
        return f"{self.name}.{name}".lstrip(".")

    def listed(self, name: str) -> list[Any]:
        """Return a field that is a list, empty if it is none."""
        found = self.values.get(name)
        return found if isinstance(found, list) else []

    def value(self, field: Field) -> Any:
        """Return what a field says, None if nothing."""
        return editing.at(self.values, field.place)


def rows(document: Any, table: Table) -> list[Row]:
    """Return the rows of a table, and the empty one at the end."""
    found = editing.at(document, table.path)
    if table.single:
        return [Row(table, 0, found if isinstance(found, dict) else {})]
    listed = found if isinstance(found, list) else []
    there = [Row(table, n, each if isinstance(each, dict) else {}) for n, each in enumerate(listed)]
    return [*there, Row(table, NEW, {})]


def edits(document: Any, tables: Sequence[Table], form: MultiDict[str, str]) -> list[Edit]:
    """Return what was changed in the form of these tables, additions and removals last."""
    made: list[Edit] = []
    for table in tables:
        everything = rows(document, table)
        kept = [row for row in everything if row.number != NEW]
        gone = [row for row in kept if form.get(row.field(GONE)) and row.fixed is None]
        for row in kept:
            if row not in gone:
                made += _row_edits(
                    row, (*table.path, *(() if table.single else (row.number,))), form
                )
        if not table.single:
            made += _added(everything[-1], (*table.path, len(kept)), form)
        made += [Drop((*table.path, row.number)) for row in reversed(gone)]
    return made


def _added(row: Row, place: Place, form: MultiDict[str, str]) -> list[Edit]:
    """Return the new row as one value, if anything was typed into it."""
    body: dict[str, Any] = {}
    for field in row.table.fields:
        value = _said(field, form, row.field(field.name), None)
        if value is not BLANK and value != field.absent:
            _put(body, field.place, value)
    if not body:
        return []
    for field in row.table.fields:  # a box that is not ticked is said, where the file must say it
        if field.kind == "yes" and field.null:
            body.setdefault(field.name, False)
    return [Put(place, body)]


def _put(body: dict[str, Any], place: Place, value: Any) -> None:
    *path, last = place
    node = body
    for step in path:
        node = node.setdefault(str(step), {})
    node[str(last)] = value


def _said(field: Field, form: MultiDict[str, str], name: str, before: Any) -> Any:
    """Return what was typed; of a rule, what was chosen beside it comes in."""
    value = field.read(form, name, before)
    if not field.rule or not form.get(f"{name}.!variable"):
        return value
    built = built_rule(form, name)
    join = form.get(f"{name}.!join", "")
    return f"({value}) {join} {built}" if join in ("and", "or") and value is not BLANK else built


def built_rule(form: MultiDict[str, str], name: str) -> str:
    """Return the rule that was put together from a variable, a sign and a value."""
    variable, sign = form[f"{name}.!variable"], form.get(f"{name}.!sign", "yes")
    value = form.get(f"{name}.!value", "").strip()
    if sign in ("yes", "no"):
        return variable if sign == "yes" else f"not {variable}"
    shown = value if isinstance(_number(value), int | float) else f"'{value}'"
    return f"{variable} {sign} {shown}"


def _row_edits(row: Row, place: Place, form: MultiDict[str, str]) -> Iterator[Edit]:
    blank: dict[str, list[bool]] = {}
    changed: list[tuple[Field, Edit]] = []
    for field in row.table.fields:
        value = _said(field, form, row.field(field.name), row.value(field))
        if len(field.place) > 1:
            is_blank = not field.null and (value is BLANK or value is False or value == [])
            blank.setdefault(str(field.place[0]), []).append(is_blank)
        edit = _edit(row, field, (*place, *field.place), value)
        if edit is not None:
            changed.append((field, edit))
    emptied = {part for part, each in blank.items() if all(each)}
    for part in sorted(emptied):
        if row.values.get(part) is not None:
            yield Drop((*place, part))
    for field, edit in changed:
        if len(field.place) == 1 or field.place[0] not in emptied:
            yield edit


def _edit(row: Row, field: Field, place: Place, value: Any) -> Edit | None:
    there = _is_there(row.values, field.place)
    before = row.value(field)
    if value is BLANK:
        if before is None:
            return None
        return Put(place, None) if field.null else Drop(place)
    if there and before == value and isinstance(before, bool) == isinstance(value, bool):
        return None
    if not there and value == field.absent and not field.null:
        return None
    if there and before is None and value == field.absent:
        return None
    return Put(place, value)


def _is_there(values: Mapping[str, Any], place: Place) -> bool:
    node: Any = values
    for step in place:
        if not isinstance(node, Mapping) or step not in node:
            return False
        node = node[step]
    return True
