"""The items of a Questionnaire as an instrument declares them."""

import re
from dataclasses import dataclass, field
from typing import Any

from hometrial.questionnaires.fhir import terms
from hometrial.questionnaires.fhir.resources import AnswerOption, EnableWhen, Item, Questionnaire

_SIGNS = {"=": "==", "!=": "!=", ">": ">", "<": "<", ">=": ">=", "<=": "<="}
_CONTROLS = {"lower": "low_text", "upper": "high_text", "help": "help"}

Declared = dict[str, Any]


@dataclass(slots=True)
class Asked:
    """Items, stems and option sets as found so far, and the names that items have in the resource."""

    language: str
    items: list[Declared] = field(default_factory=list)
    stems: Declared = field(default_factory=dict)
    option_sets: Declared = field(default_factory=dict)
    link_ids: dict[str, str] = field(default_factory=dict)
    recall: Declared | None = None
    options: dict[str, list[AnswerOption]] = field(default_factory=dict)

    def words(self, text: str | None) -> Declared | None:
        """Return words in the one language there is, on one line."""
        return None if text is None else {self.language: " ".join(text.split())}


def asked(questionnaire: Questionnaire) -> Asked:
    """Return what a Questionnaire asks; raises FhirError if two linkIds become one name."""
    found = Asked(questionnaire.language)
    for item in questionnaire.item:
        _take(item, None, found)
    return found


def _take(item: Item, stem: str | None, found: Asked) -> None:
    if item.type == "display":
        if item.link_id == "recall":
            found.recall = found.words(item.text)
        return
    if item.type == "group":
        stem = _stem(item, found) if item.text else stem
    else:
        found.items.append(_question(item, stem, found))
    for inner in item.item:
        _take(inner, stem, found)


def _stem(item: Item, found: Asked) -> str:
    name = f"stem_{len(found.stems) + 1}"
    found.stems[name] = found.words(item.text)
    return name


def _question(item: Item, stem: str | None, found: Asked) -> Declared:
    declared: Declared = {
        "id": _named(item.link_id, found),
        "text": found.words(item.text),
        "stem": stem,
        "loinc": next((code.code for code in item.code if code.system == terms.LOINC), None),
        "show_if": _condition(item, found),
        **_beside(item, found),
        **_ours(item),
    }
    return declared | _typed(item, declared, found)


def _named(link: str, found: Asked) -> str:
    """Return a linkId as one of our names; raises FhirError if another one has it."""
    name = re.sub(r"[^a-z0-9_]", "_", link.lower())
    name = name if name[:1].isalpha() else f"q{name}"
    if name in found.link_ids:
        raise terms.FhirError(f"{link}: it would be named {name}, as {found.link_ids[name]} is")
    found.link_ids[name] = link
    return name


def _name_of(link: str, found: Asked) -> str:
    return next(name for name, of in found.link_ids.items() if of == link)


def _typed(item: Item, declared: Declared, found: Asked) -> Declared:
    match item.type:
        case "choice":
            return {"type": "choice", "options": _options(item, declared["id"], found)}
        case "string" | "text":
            return {"type": "text", "max_length": item.max_length}
        case "integer" | "decimal":
            return _number(item, declared)
        case _:
            return {"type": item.type}


def _number(item: Item, declared: Declared) -> Declared:
    low, high = _end(item, terms.LOWEST), _end(item, terms.HIGHEST)
    if "low_text" in declared and "high_text" in declared and item.type == "integer":
        return {"type": "scale", "low": int(low), "high": int(high)}
    unit = item.said(terms.UNIT)
    code = unit.value_coding.code if unit and unit.value_coding else "1"
    return {"type": item.type, "low": low, "high": high, "unit": code}


def _end(item: Item, url: str) -> float:
    end = item.said(url)
    if end is None or end.number is None:
        raise terms.FhirError(f"{item.link_id}: {url} is needed")
    return end.number


def _options(item: Item, name: str, found: Asked) -> str:
    """Return the name of the item's option set; items with the same options share one."""
    declared = [_option(each, number, found) for number, each in enumerate(item.answer_option, 1)]
    found.options[name] = item.answer_option
    for known, options in found.option_sets.items():
        if options == declared:
            return known
    fresh = f"options_{len(found.option_sets) + 1}"
    found.option_sets[fresh] = declared
    return fresh


def _option(option: AnswerOption, number: int, found: Asked) -> Declared:
    """Return one option; without a score of its own it counts as its place in the list, from 1."""
    ordinal = option.said(terms.ORDINAL)
    value = number if ordinal is None or ordinal.number is None else int(ordinal.number)
    coding = option.value_coding
    loinc = coding.code if coding.system == terms.LOINC else None
    code = str(value) if loinc else coding.code
    return {"code": code, "value": value, "loinc": loinc, "text": found.words(coding.display)}


def _beside(item: Item, found: Asked) -> Declared:
    """Return the words that display items inside a question give by their control."""
    beside: Declared = {}
    for inner in item.item:
        control = inner.said(terms.CONTROL)
        concept = control.value_codeable_concept if control else None
        for coding in concept.coding if concept else ():
            if inner.type == "display" and coding.code in _CONTROLS:
                beside[_CONTROLS[coding.code]] = found.words(inner.text)
    return beside


def _ours(item: Item) -> Declared:
    hidden, in_crash = item.said(terms.HIDDEN_VALUE), item.said(terms.IN_CRASH)
    return {
        "hidden_value": hidden.number if hidden else None,
        "in_crash": bool(in_crash and in_crash.value_boolean),
    }


def _condition(item: Item, found: Asked) -> str | None:
    ours = item.said(terms.SHOW_IF)
    if ours is not None and ours.value_string is not None:
        return ours.value_string
    joint = " and " if item.enable_behavior == "all" else " or "
    return joint.join(_row(row, item, found) for row in item.enable_when) or None


def _row(row: EnableWhen, item: Item, found: Asked) -> str:
    name = _name_of(row.question, found)
    if row.operator == "exists":
        return f"answered({name})" if row.answer_boolean else f"not answered({name})"
    if row.answer_coding is not None:
        return f"{name} {_SIGNS[row.operator]} {_value(row, name, found)}"
    value = row.answer_decimal if row.answer_integer is None else row.answer_integer
    if value is None:
        raise terms.FhirError(f"{item.link_id}: enableWhen has no answer that is taken over")
    return f"{name} {_SIGNS[row.operator]} {value}"


def _value(row: EnableWhen, name: str, found: Asked) -> int:
    """Return the value of the option that a row's code names."""
    for number, option in enumerate(found.options.get(name, []), 1):
        coding = option.value_coding
        if row.answer_coding and (coding.system, coding.code) == (
            row.answer_coding.system,
            row.answer_coding.code,
        ):
            return int(_option(option, number, found)["value"])
    raise terms.FhirError(f"{row.question} has no option that an enableWhen asks for")
