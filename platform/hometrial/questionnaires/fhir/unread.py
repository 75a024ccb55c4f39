"""What a Questionnaire says that an instrument cannot hold: kept verbatim, and told."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hometrial.questionnaires.fhir import terms
from hometrial.questionnaires.fhir.resources import (
    Element,
    Extended,
    Extension,
    Item,
    Questionnaire,
)

_READ = {
    terms.ORDINAL,
    terms.LOWEST,
    terms.HIGHEST,
    terms.UNIT,
    terms.CONTROL,
    terms.SHOW_IF,
    terms.HIDDEN_VALUE,
    terms.IN_CRASH,
}


@dataclass(frozen=True, slots=True)
class Unread:
    """One thing that was not taken over: where it stands, and what stands there."""

    place: str
    value: Any


def unread(questionnaire: Questionnaire) -> Iterator[Unread]:
    """Yield every field, extension and display item of a Questionnaire that an instrument does not hold."""
    yield from _beyond(questionnaire, "Questionnaire")
    for item in questionnaire.item:
        yield from _of_item(item, inside_question=False)


def _of_item(item: Item, *, inside_question: bool) -> Iterator[Unread]:
    yield from _beyond(item, item.link_id)
    for option in item.answer_option:
        yield from _beyond(option, f"{item.link_id}.answerOption.{option.value_coding.code}")
    for row in item.enable_when:
        yield from _beyond(row, f"{item.link_id}.enableWhen.{row.question}")
    if item.type == "display" and not inside_question and item.link_id != "recall":
        yield Unread(item.link_id, item.text)
    for each in item.item:
        yield from _of_item(each, inside_question=item.type not in {"group", "display"})


def _beyond(element: Extended, place: str) -> Iterator[Unread]:
    yield from _extra(element, place)
    for extension in element.extension:
        if extension.url not in _READ:
            yield Unread(f"{place}.extension", _verbatim(extension))


def _extra(element: Element, place: str) -> Iterator[Unread]:
    for name, value in (element.model_extra or {}).items():
        yield Unread(f"{place}.{name}", value)


def _verbatim(extension: Extension) -> Any:
    return extension.model_dump(by_alias=True, exclude_unset=True)
