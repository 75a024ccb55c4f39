"""A form as a FHIR R4 Questionnaire in one language.

Scores, alerts and rules for blanks stay behind: FHIR has no agreed way to say them.
"""

from collections.abc import Iterator
from itertools import groupby

from hometrial.questionnaires.conditions import parse
from hometrial.questionnaires.fhir import terms
from hometrial.questionnaires.fhir.coding import coding_of
from hometrial.questionnaires.fhir.enabling import enable_when
from hometrial.questionnaires.fhir.terms import Resource
from hometrial.questionnaires.instrument import ChoiceItem, Item, NumberItem, ScaleItem, WordsItem
from hometrial.questionnaires.rendering import Form, Question

_TYPES = {"scale": "integer", "text": "string"}


def questionnaire(form: Form, base: str) -> Resource:
    """Return the form as a Questionnaire of status active; `base` is the FHIR server's URL."""
    instrument = form.instrument
    resource: Resource = {
        "resourceType": "Questionnaire",
        "url": terms.canonical(base, instrument.id),
        "version": instrument.version,
        "name": instrument.id,
        "title": form.title,
        "status": "active",
        "subjectType": ["Patient"],
        "language": form.language,
        "copyright": _notice(form),
    }
    panel = instrument.codes.get("loinc_panel")
    if panel:
        resource["code"] = [{"system": terms.LOINC, "code": panel}]
    return resource | {"item": [*_recall(form), *_grouped(form, base)]}


def _notice(form: Form) -> str:
    """Return the instrument's line and, where LOINC's codes go along, the one that LOINC asks for."""
    instrument = form.instrument
    options = (option for options in instrument.option_sets.values() for option in options)
    coded = "loinc_panel" in instrument.codes or any(
        each.loinc for each in (*instrument.items, *options)
    )
    return f"{form.notice} {terms.LOINC_NOTICE}" if coded else form.notice


def _recall(form: Form) -> Iterator[Resource]:
    if form.recall:
        yield {"linkId": "recall", "type": "display", "text": form.recall}


def runs(form: Form) -> Iterator[tuple[str, str | None, list[Question]]]:
    """Yield questions that follow each other under one stem: the linkId of their group, the stem, the questions."""
    found = groupby(form.questions, key=lambda question: question.stem)
    for number, (stem, questions) in enumerate(found, 1):
        yield f"group-{number}", stem, list(questions)


def _grouped(form: Form, base: str) -> Iterator[Resource]:
    for link, stem, questions in runs(form):
        items = [_item(form, question, base) for question in questions]
        if stem is None:
            yield from items
        else:
            yield {"linkId": link, "type": "group", "text": stem, "item": items}


def _item(form: Form, question: Question, base: str) -> Resource:
    item = question.item
    written: Resource = {
        "linkId": item.id,
        "type": _TYPES.get(item.type, item.type),
        "text": question.text,
        "required": False,
    }
    if item.loinc:
        written["code"] = [{"system": terms.LOINC, "code": item.loinc}]
    extensions = [*_own(item), *_bounds(item)]
    if extensions:
        written["extension"] = extensions
    if item.show_if:
        written |= enable_when(parse(item.show_if), form.instrument, base)
    if isinstance(item, ChoiceItem):
        written["answerOption"] = _options(form, question, item, base)
    if isinstance(item, WordsItem) and item.max_length is not None:
        written["maxLength"] = item.max_length
    words = list(_words_beside(question))
    return written | ({"item": words} if words else {})


def _own(item: Item) -> Iterator[Resource]:
    if item.show_if:
        yield {"url": terms.SHOW_IF, "valueString": item.show_if}
    if item.hidden_value is not None:
        yield {"url": terms.HIDDEN_VALUE, "valueDecimal": item.hidden_value}
    if item.in_crash:
        yield {"url": terms.IN_CRASH, "valueBoolean": True}


def _bounds(item: Item) -> Iterator[Resource]:
    if not isinstance(item, ScaleItem | NumberItem):
        return
    value = "valueDecimal" if item.type == "decimal" else "valueInteger"
    for url, end in ((terms.LOWEST, item.low), (terms.HIGHEST, item.high)):
        yield {"url": url, value: end if item.type == "decimal" else int(end)}
    if isinstance(item, NumberItem):
        yield {"url": terms.UNIT, "valueCoding": {"system": terms.UCUM, "code": item.unit}}


def _options(form: Form, question: Question, item: ChoiceItem, base: str) -> list[Resource]:
    declared = form.instrument.option_sets[item.options]
    return [
        {
            "extension": [{"url": terms.ORDINAL, "valueDecimal": option.value}],
            "valueCoding": {
                **coding_of(form.instrument, item, option, base),
                "display": choice.text,
            },
        }
        for option, choice in zip(declared, question.choices, strict=True)
    ]


def _words_beside(question: Question) -> Iterator[Resource]:
    """Yield the words at a scale's ends and the help, as display items with their control."""
    beside = {"lower": question.low_text, "upper": question.high_text, "help": question.help}
    for control, text in beside.items():
        if text is not None:
            coding = {"system": terms.CONTROLS, "code": control}
            yield {
                "linkId": f"{question.item.id}-{control}",
                "type": "display",
                "text": text,
                "extension": [{"url": terms.CONTROL, "valueCodeableConcept": {"coding": [coding]}}],
            }
