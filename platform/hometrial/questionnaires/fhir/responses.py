"""Filled forms as FHIR R4 QuestionnaireResponses, out and in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hometrial.questionnaires.answers import Answer, Answers, take
from hometrial.questionnaires.fhir import terms
from hometrial.questionnaires.fhir.coding import coding_of
from hometrial.questionnaires.fhir.resources import (
    QuestionnaireResponse,
    ResponseItem,
    Value,
    parsed,
)
from hometrial.questionnaires.fhir.terms import FhirError, Resource
from hometrial.questionnaires.fhir.writing import runs
from hometrial.questionnaires.instrument import ChoiceItem, Instrument, Item, SkipReason
from hometrial.questionnaires.rendering import Form, Question

_ABSENCES: Mapping[SkipReason, str] = {
    "prefer_not": "asked-declined",
    "not_sure": "asked-unknown",
    "not_relevant": "not-applicable",
    "too_unwell": "temp-unknown",
}
_FIELDS = {"scale": "valueInteger", "integer": "valueInteger", "decimal": "valueDecimal"}
_WORDS = {"text": "valueString", "date": "valueDate", "time": "valueTime"}


@dataclass(frozen=True, slots=True)
class Filled:
    """One filled form: whose, when it was submitted (with its offset), the answers, the items skipped and why.

    `subject` and `author` are FHIR references, such as Patient/P-014.
    """

    subject: str
    authored: datetime
    answers: Answers
    skipped: Mapping[str, SkipReason] = field(default_factory=dict)
    author: str | None = None


def response(form: Form, filled: Filled, base: str) -> Resource:
    """Return a completed response in the form's language; an item that was not asked is left out.

    Raises ScoringError for an impossible answer, FhirError for a time without an offset.
    """
    instrument = form.instrument
    taken = take(instrument, filled.answers)
    if filled.authored.tzinfo is None:
        raise FhirError(f"authored is {filled.authored} without an offset: say where it was")
    resource: Resource = {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": f"{terms.canonical(base, instrument.id)}|{instrument.version}",
        "status": "completed",
        "subject": {"reference": filled.subject},
        "authored": filled.authored.isoformat(timespec="milliseconds"),
    }
    if filled.author is not None:
        resource["author"] = {"reference": filled.author}
    said = {name for name, value in filled.answers.items() if value is not None}
    present = said | set(filled.skipped) | set(taken.asked)
    return resource | {"item": list(_grouped(form, filled, present, base))}


def _grouped(form: Form, filled: Filled, present: set[str], base: str) -> Iterator[Resource]:
    """Yield what was asked, in the groups that the Questionnaire has."""
    for link, stem, questions in runs(form):
        items = [_item(form, q, filled, base) for q in questions if q.item.id in present]
        if stem is None:
            yield from items
        elif items:
            yield {"linkId": link, "text": stem, "item": items}


def _item(form: Form, question: Question, filled: Filled, base: str) -> Resource:
    item = question.item
    written: Resource = {"linkId": item.id, "text": question.text}
    answer = filled.answers.get(item.id)
    if answer is not None:
        return written | {"answer": [_value(form, question, answer, base)]}
    reason = filled.skipped.get(item.id)
    if reason is None:
        return written
    return written | {"extension": [{"url": terms.ABSENT, "valueCode": _ABSENCES[reason]}]}


def _value(form: Form, question: Question, answer: Answer, base: str) -> Resource:
    item = question.item
    if isinstance(item, ChoiceItem):
        options = form.instrument.option_sets[item.options]
        pairs = zip(options, question.choices, strict=True)
        option, choice = next(pair for pair in pairs if pair[0].value == answer)
        coding = coding_of(form.instrument, item, option, base)
        return {"valueCoding": {**coding, "display": choice.text}}
    if item.type == "time":
        return {"valueTime": f"{answer}:00"}
    return {(_FIELDS | _WORDS)[item.type]: answer}


def read_response(instrument: Instrument, resource: Any, base: str) -> Filled:
    """Return what a response says of this instrument.

    Raises FhirError if it is of another form or version, not completed, or holds what the instrument does not
    ask; ScoringError for an impossible answer.
    """
    read = parsed(resource, QuestionnaireResponse)
    terms.refuse(_strange(instrument, read, base))
    answers: dict[str, Answer] = {}
    skipped: dict[str, SkipReason] = {}
    for each in _flat(read.item):
        item = instrument.item(each.link_id)
        if item is not None and each.answer:
            answers[item.id] = _answer(instrument, item, each.answer[0], base)
        elif item is not None and (absent := each.said(terms.ABSENT)) is not None:
            skipped[item.id] = _reason(each, absent.value_code)
    take(instrument, answers)
    author = read.author.reference if read.author else None
    return Filled(read.subject.reference, _instant(read.authored), answers, skipped, author)


def _strange(instrument: Instrument, read: QuestionnaireResponse, base: str) -> Iterator[str]:
    expected = f"{terms.canonical(base, instrument.id)}|{instrument.version}"
    if read.questionnaire != expected:
        yield f"it answers {read.questionnaire}, not {expected}"
    if read.status not in {"completed", "amended"}:
        yield f"its status is {read.status}: only completed or amended forms are taken in"
    seen: set[str] = set()
    for each in _flat(read.item):
        if instrument.item(each.link_id) is None and (each.answer or not each.item):
            yield f"{each.link_id}: {instrument.id} has no such item"
        if each.link_id in seen or len(each.answer) > 1:
            yield f"{each.link_id}: it is answered more than once"
        seen.add(each.link_id)


def _flat(items: list[ResponseItem]) -> Iterator[ResponseItem]:
    for item in items:
        yield item
        yield from _flat(item.item)


def _answer(instrument: Instrument, item: Item, value: Value, base: str) -> Answer:
    if isinstance(item, ChoiceItem):
        return _chosen(instrument, item, value, base)
    if item.type == "time":
        found: Answer = value.value_time.removesuffix(":00") if value.value_time else None
    else:
        fields = value.model_dump(by_alias=True)
        found = fields[(_FIELDS | _WORDS)[item.type]]
    if found is None:
        raise FhirError(f"{item.id}: the answer has no {(_FIELDS | _WORDS)[item.type]}")
    return found


def _chosen(instrument: Instrument, item: ChoiceItem, value: Value, base: str) -> int:
    coding = value.value_coding
    for option in instrument.option_sets[item.options]:
        known = coding_of(instrument, item, option, base)
        if coding and (coding.system, coding.code) == (known["system"], known["code"]):
            return option.value
    raise FhirError(f"{item.id}: the answer is no coding of its options")


def _reason(item: ResponseItem, code: str | None) -> SkipReason:
    for reason, absence in _ABSENCES.items():
        if absence == code:
            return reason
    raise FhirError(f"{item.link_id}: {code} is no reason to skip that is taken in")


def _instant(stated: str) -> datetime:
    try:
        moment = datetime.fromisoformat(stated)
    except ValueError:
        raise FhirError(
            f"authored is {stated!r}, no time of the form 2026-11-23T18:00:00+01:00"
        ) from None
    if moment.tzinfo is None:
        raise FhirError(f"authored is {stated} without an offset")
    return moment
