"""Questionnaires and their answers as one FHIR R4 bundle; what it cannot hold is named in it."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import get_args

from hometrial.exports.forms.characters import STAND_IN, held
from hometrial.exports.source.reading import Row, Source
from hometrial.questionnaires.answers import Answer
from hometrial.questionnaires.fhir import responses, writing
from hometrial.questionnaires.fhir.terms import Resource
from hometrial.questionnaires.functions import ScoringError
from hometrial.questionnaires.instrument import Instrument, Item, SkipReason
from hometrial.questionnaires.rendering import Form, WordingAbsentError, render

BASE = "https://hometrial.invalid/fhir"
"""Stands in front of the questionnaires' names; no server is there."""
_REASONS: frozenset[str] = frozenset(get_args(SkipReason))
_AT_ONCE = 2000
"""The answers of so many responses are read together."""
_WHOLE = ("choice", "scale", "integer")
Forms = dict[tuple[str, str, str], Form]


def write(path: Path, source: Source, at: datetime) -> int:
    """Write the bundle; return how many resources it has.

    Left out, and named in an OperationOutcome: questionnaires whose wording belongs to their owners with their
    answers, and answers that their questionnaire does not take. Characters that FHIR does not hold are replaced, and
    named there, too.
    """
    said: list[str] = []
    forms = _forms(source, said)
    count = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        head = {"resourceType": "Bundle", "type": "collection", "timestamp": f"{at:%Y-%m-%dT%H:%M:%S}Z"}  # fmt: skip
        file.write(json.dumps(head).removesuffix("}") + ', "entry": [')
        for resource in _resources(source, forms, said):
            text = json.dumps({"resource": resource}, ensure_ascii=False, separators=(",", ":"))
            file.write((",\n" if count else "\n") + text)
            count += 1
        file.write("\n]}\n")
    return count


def _forms(source: Source, said: list[str]) -> Forms:
    """Return each version of each questionnaire in each language that was answered in."""
    wanted = {
        (row["instrument"], row["instrument_version"], row["language"])
        for row in source.rows("response")
        if row["instrument"] and row["submitted"]
    }
    bodies = {(row["instrument"], row["version"]): row["body"] for row in source.rows("instrument")}
    found: Forms = {}
    for name, version, language in sorted(wanted):
        instrument = Instrument.model_validate_json(bodies[name, version])
        try:
            found[name, version, language] = render(instrument, language)
        except WordingAbsentError as error:
            said.append(f"{name} {version} and its answers are left out: {error}")
    return found


def _resources(source: Source, forms: Forms, said: list[str]) -> Iterator[Resource]:
    for each in forms.values():
        yield writing.questionnaire(each, BASE)
    for row, form, answers in _answered(source, forms, said):
        try:
            made = responses.response(form, _filled(row, form, answers), BASE)
        except ScoringError as error:
            said.append(f"response {row['id']} is left out: {error}")
        else:
            yield {"resourceType": made.pop("resourceType"), "id": row["id"], **made}
    if said:
        yield {
            "resourceType": "OperationOutcome",
            "issue": [{"severity": "information", "code": "not-supported", "diagnostics": each} for each in said],
        }  # fmt: skip


def _answered(
    source: Source, forms: Forms, said: list[str]
) -> Iterator[tuple[Row, Form, list[Row]]]:
    """Yield each response that was sent, its form and its answers."""
    words, sent = _words(source, said), source.rows("response")
    for place in range(0, len(sent), _AT_ONCE):
        rows = sent[place : place + _AT_ONCE]
        answers = source.rows_of("item", "response", [row["id"] for row in rows])
        for row in rows:
            form = forms.get((row["instrument"], row["instrument_version"], row["language"]))
            if form is not None and row["submitted"]:
                yield row, form, [*answers.get(row["id"], ()), *words.get(row["id"], ())]


def _words(source: Source, said: list[str]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in source.rows("free_answer"):
        if row["words"]:
            words, replaced = held(row["words"])
            if replaced:
                said.append(f"response {row['id']}: {STAND_IN} stands for {replaced}")
            told = {**row, "value": words, "number": None, "skip_reason": None}
            found.setdefault(row["response"], []).append(told)
    return found


def _filled(row: Row, form: Form, rows: list[Row]) -> responses.Filled:
    answers: dict[str, Answer] = {}
    skipped: dict[str, SkipReason] = {}
    items = {each.id: each for each in form.instrument.items}
    for each in rows:
        if each["value"] is not None and each["item"] in items:
            answers[each["item"]] = _value(items[each["item"]], each)
        elif each["skip_reason"] in _REASONS:
            skipped[each["item"]] = each["skip_reason"]
    authored = datetime.fromisoformat(row["submitted"])
    return responses.Filled(f"Patient/{row['participant']}", authored, answers, skipped)


def _value(item: Item, row: Row) -> int | float | str:
    if row["number"] is None:
        return str(row["value"])
    number: float = row["number"]
    return int(number) if item.type in _WHOLE else number
