"""The case report form as it is asked: events, forms and fields of the protocol, each with where it is tabulated."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from hometrial.exports.sdtm.coding import code_of
from hometrial.exports.sdtm.criteria import criteria
from hometrial.exports.source.reading import Source
from hometrial.protocol.model import Protocol
from hometrial.protocol.visits import Form as ProtocolForm
from hometrial.questionnaires import loading as shipped
from hometrial.questionnaires.instrument import ChoiceItem, Instrument, Item, NumberItem, ScaleItem
from hometrial.questionnaires.rendering import Form as Rendered
from hometrial.questionnaires.rendering import Question, WordingAbsentError, render

Kind = Literal["text", "integer", "decimal", "date", "time", "choice"]
EventKind = Literal["Scheduled", "Unscheduled", "Common"]
LOGS = ("adverse_event", "medication", "dose", "deviation")
"""Forms that are filled in when something happens, at no visit."""
LOG_EVENT = "LOG"
_LABORATORY = "laboratory"


@dataclass(frozen=True)
class Choice:
    """An answer to choose: what is stored, and its words; None where its owner keeps them."""

    value: str
    text: str | None


@dataclass(frozen=True)
class Field:
    """One question. `condition`: asked only if; `annotation`: where it is tabulated."""

    id: str
    label: str
    kind: Kind
    annotation: str
    choices: tuple[Choice, ...] = ()
    unit: str = ""
    stem: str = ""
    condition: str = ""


@dataclass(frozen=True)
class Page:
    """One form. `notice` is the line that the instrument's licence asks for."""

    id: str
    label: str
    filled_by: str
    fields: tuple[Field, ...]
    version: str = ""
    annotation: str = ""
    notice: str = ""
    is_worded: bool = True


@dataclass(frozen=True)
class Event:
    """When forms are asked: a visit, a diary, or whenever something happens."""

    id: str
    label: str
    kind: EventKind
    is_repeating: bool
    forms: tuple[str, ...]


@dataclass(frozen=True)
class Casebook:
    """All events and forms of a protocol."""

    protocol: Protocol
    events: tuple[Event, ...]
    pages: tuple[Page, ...]


def casebook(source: Source) -> Casebook:
    """Return the forms of the protocol in force, in the newest versions that answers were given to, if any were."""
    protocol = source.protocol
    instruments: dict[str, list[Instrument]] = {}
    for row in sorted(source.rows("instrument"), key=lambda row: _numbers(row["version"])):
        found = Instrument.model_validate_json(row["body"])
        instruments.setdefault(found.id, []).insert(0, found)
    pages = [_page(each, instruments, source) for each in protocol.forms]
    known = {each.id for each in pages}
    pages += [_plain(name, _labels()[name], "staff") for name in LOGS if name not in known]
    return Casebook(protocol, tuple(_events(protocol)), tuple(pages))


def _numbers(version: str) -> list[int]:
    return [int(each) for each in version.split(".")]


def _events(protocol: Protocol) -> Iterator[Event]:
    for visit in protocol.visits:
        forms = (*visit.forms, *visit.optional_forms)
        yield Event(visit.id, visit.label, "Scheduled", visit.repeat is not None, forms)
    for unscheduled in protocol.unscheduled_visits:
        yield Event(unscheduled.id, unscheduled.label, "Unscheduled", True, unscheduled.forms)  # noqa: FBT003
    labels = {each.id: each.label for each in protocol.forms}
    for diary in protocol.diaries:
        yield Event(diary.id, labels[diary.form], "Scheduled", True, (diary.form,))  # noqa: FBT003
    yield Event(LOG_EVENT, "Whenever something happens", "Common", True, LOGS)  # noqa: FBT003


def _page(form: ProtocolForm, instruments: dict[str, list[Instrument]], source: Source) -> Page:
    if form.instrument:
        # Before the first answer no version is on record: then it is the one that would be asked today.
        versions = instruments.get(form.instrument) or [shipped.named(form.instrument)]
        return _of_instrument(form, versions)
    if form.filled_by == _LABORATORY:
        return Page(form.id, form.label, form.filled_by, tuple(_analytes(form.id, source)), annotation="LB")  # fmt: skip
    if form.id == "eligibility":
        return Page(form.id, form.label, form.filled_by, tuple(_criteria(source)), annotation="IE, TI")  # fmt: skip
    return _plain(form.id, form.label, form.filled_by)


def _of_instrument(form: ProtocolForm, versions: list[Instrument]) -> Page:
    """Return the newest version's questions, and after them those that only earlier ones asked."""
    newest = versions[0]
    fields: dict[str, Field] = {}
    for instrument in versions:
        rendered = _rendered(instrument)
        words = {each.item.id: each for each in rendered.questions} if rendered else {}
        for item in instrument.items:
            fields.setdefault(item.id, _field(instrument, item, words.get(item.id)))
    codes = [code_of(newest.id, "item", each.id) for each in newest.items]
    categories = sorted({f"{each.domain}.{each.domain}CAT = {each.category}" for each in codes})
    return Page(
        form.id,
        form.label,
        form.filled_by,
        tuple(fields.values()),
        version=f"{newest.id} {newest.version}",
        annotation=", ".join(categories),
        notice=newest.licence.notice,
        is_worded=_rendered(newest) is not None,
    )


def _rendered(instrument: Instrument) -> Rendered | None:
    try:
        return render(instrument, instrument.languages[0])
    except WordingAbsentError:
        return None


def _field(instrument: Instrument, item: Item, question: Question | None) -> Field:
    place = instrument.items.index(item) + 1
    code = code_of(instrument.id, "item", item.id)
    where = f"{code.domain}.{code.domain}ORRES where {code.domain}TESTCD = {code.testcd}"
    return Field(
        item.id,
        question.text if question else f"Question {place}",
        _kind(item),
        where if code.is_kept else "tidy.questionnaire_item",
        _choices(instrument, item, question),
        item.unit if isinstance(item, NumberItem) else "",
        (question.stem or "") if question else "",
        item.show_if or "",
    )


def _kind(item: Item) -> Kind:
    if item.type == "scale":
        return "integer"
    return item.type


def _choices(instrument: Instrument, item: Item, question: Question | None) -> tuple[Choice, ...]:
    if isinstance(item, ChoiceItem):
        if question:
            return tuple(Choice(str(each.value), each.text) for each in question.choices)
        return tuple(Choice(str(each.value), None) for each in instrument.option_sets[item.options])
    if isinstance(item, ScaleItem):
        ends = {
            item.low: question and question.low_text,
            item.high: question and question.high_text,
        }
        return tuple(
            Choice(str(value), ends.get(value) or str(value))
            for value in range(item.low, item.high + 1)
        )
    return ()


def _analytes(form: str, source: Source) -> Iterator[Field]:
    """Yield what the laboratory reported on this form; before the first report, whatever it may."""
    listed = {line["analyte"]: line for line in _csv("hometrial.exports.sdtm", "laboratory.csv")}
    reported = {row["analyte"] for row in source.rows(_LABORATORY) if row["form"] == form}
    for name, line in listed.items():
        if name in reported or not reported:
            where = f"LB.LBORRES where LBTESTCD = {line['LBTESTCD']}"
            yield Field(name, line["LBTEST"], "decimal", where)


def _criteria(source: Source) -> Iterator[Field]:
    inside = {row["id"] for row in source.rows("protocol_version") if row["in_force"]}
    met = (Choice("Y", "Yes"), Choice("N", "No"))
    for each in criteria(source):
        if each.source.removeprefix("protocol_version/") in inside:
            yield Field(each.code, each.text, "choice", f"IE.IEORRES where IETESTCD = {each.code}", met, stem=each.category.capitalize())  # fmt: skip


@cache
def _csv(package: str, name: str) -> tuple[dict[str, str], ...]:
    text = files(package).joinpath(name).read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def _labels() -> dict[str, str]:
    return {
        line["form"]: line["form_label"] for line in _csv("hometrial.exports.forms", "fields.csv")
    }


def _plain(form: str, label: str, filled_by: str) -> Page:
    """Return a form of the staff, as `fields.csv` describes it."""
    lines = [line for line in _csv("hometrial.exports.forms", "fields.csv") if line["form"] == form]
    fields = tuple(
        Field(line["field"], line["label"], _of_csv(line["kind"]), line["annotation"], _listed(line["choices"]))
        for line in lines
    )  # fmt: skip
    domains = {each.annotation.partition(".")[0] for each in fields}
    return Page(form, label, filled_by, fields, annotation=", ".join(sorted(domains)))


def _of_csv(written: str) -> Kind:
    kinds: dict[str, Kind] = {
        "text": "text", "integer": "integer", "decimal": "decimal", "date": "date", "choice": "choice",
    }  # fmt: skip
    return kinds[written]


def _listed(written: str) -> tuple[Choice, ...]:
    pairs = (each.partition("=") for each in written.split(";") if each)
    return tuple(Choice(value, text) for value, _, text in pairs)
