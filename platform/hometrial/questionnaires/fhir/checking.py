"""Whether a Questionnaire can be taken over: what FHIR asks of it, and what we do."""

from collections import Counter
from collections.abc import Iterator

from hometrial.questionnaires.fhir import terms
from hometrial.questionnaires.fhir.resources import Item, Questionnaire, walked


def faults(questionnaire: Questionnaire) -> Iterator[str]:
    """Yield every reason against a Questionnaire, each with the linkId it is about."""
    items = list(walked(questionnaire.item))
    for link, times in Counter(item.link_id for item in items).items():
        if times > 1:
            yield f"{link}: {times} items have this linkId; it must be unique"
    earlier: set[str] = set()
    for item in items:
        for said in (*_enabled(item, earlier), *_prompted(item), *_kind(item)):
            yield f"{item.link_id}: {said}"
        earlier.add(item.link_id)


def _enabled(item: Item, earlier: set[str]) -> Iterator[str]:
    if len(item.enable_when) > 1 and item.enable_behavior is None:
        yield "with several enableWhen, enableBehavior must say all or any"
    if item.enable_when and item.type in {"group", "display"}:
        yield f"enableWhen on a {item.type} is not taken over: set it on the questions"
    for row in item.enable_when:
        if row.question not in earlier:
            yield f"enableWhen asks {row.question}, which is no item before it"


def _prompted(item: Item) -> Iterator[str]:
    if item.initial or any(option.initial_selected for option in item.answer_option):
        yield "an answer is selected beforehand: a participant must find none"
    if item.repeats:
        yield "it repeats: one answer each is taken over"
    if item.text is None and item.type != "group":
        yield "it has no text"


def _kind(item: Item) -> Iterator[str]:
    match item.type:
        case "choice":
            yield from _choice(item)
        case "integer" | "decimal":
            for url, name in ((terms.LOWEST, "minValue"), (terms.HIGHEST, "maxValue")):
                end = item.said(url)
                if end is None or end.number is None:
                    yield f"{name} is needed, so that a slip of the finger can be told"
        case "string" | "text":
            if item.max_length is None:
                yield "maxLength is needed"


def _choice(item: Item) -> Iterator[str]:
    if len(item.answer_option) < 2:
        yield "it has fewer than two answerOptions (an answerValueSet is not taken over)"
    scored = [option.said(terms.ORDINAL) for option in item.answer_option]
    if any(scored) and not all(scored):
        yield "some answerOptions have an ordinalValue and some have none"
    for option, ordinal in zip(item.answer_option, scored, strict=True):
        if option.value_coding.display is None:
            yield f"the answerOption {option.value_coding.code} has no display"
        if ordinal is not None and (ordinal.number is None or not ordinal.number.is_integer()):
            yield f"the ordinalValue of {option.value_coding.code} is no whole number"
