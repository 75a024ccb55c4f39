"""Answers and scores: what their tidy tables have beyond the source tables."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hometrial.exports.sdtm.questionnaires import instruments
from hometrial.exports.sdtm.study import Study
from hometrial.exports.source.reading import Source
from hometrial.exports.tidy.calendar import calendar
from hometrial.exports.tidy.people import visit_labels
from hometrial.exports.tidy.projecting import Computed, decoded, looked_up
from hometrial.questionnaires.declared import Text
from hometrial.questionnaires.instrument import Instrument

_SEPARATOR = "\t"


def items(source: Source, table: pa.Table) -> Computed:
    """Return of each answer its form, its words where the licence allows, why it is missing, and what held on its day."""
    place = _place(source, table)
    asked = pc.binary_join_element_wise(
        table["instrument"], place["form_version"], table["item"], _SEPARATOR
    )
    declared = instruments(Study(source))
    questions = _questions(declared)
    is_open = decoded(asked, dict.fromkeys(questions, "yes"))
    return {
        **place,
        "question_text": decoded(asked, {key: text for key, text in questions.items() if text}),
        "value_text": pc.if_else(pc.is_valid(is_open), table["shown"], None),
        "missing_reason": pc.coalesce(table["skip_reason"], table["skipped"]),
    }


def _questions(declared: Mapping[tuple[str, str], Instrument]) -> dict[str, str]:
    """Return the wording of every question that may be passed on."""
    return {
        _SEPARATOR.join((instrument.id, version, item.id)): _english(item.text)
        for (_, version), instrument in declared.items()
        if instrument.licence.text_shipped
        for item in instrument.items
    }


def _english(text: Text | None) -> str:
    return "" if not text else text.get("en") or next(iter(text.values()))


def scores(source: Source, table: pa.Table) -> Computed:
    """Return of each score its form, its words, why it is missing, and what held on its day."""
    place = _place(source, table)
    scored = pc.binary_join_element_wise(
        table["instrument"], place["form_version"], table["score"], _SEPARATOR
    )
    labels = {
        _SEPARATOR.join((instrument.id, version, score.id)): score.label or score.id
        for (_, version), instrument in instruments(Study(source)).items()
        for score in instrument.scores
    }
    missing = pc.if_else(pc.is_null(table["value"]), "too_few", None)
    return {**place, "score_label": decoded(scored, labels), "missing_reason": missing}


def free_answers(source: Source, table: pa.Table) -> Computed:
    """Return the form and the occasion of each answer."""
    sent = source.table("response")
    return {name: looked_up(table["response"], sent, name) for name in ("form", "occasion")}


def expected_forms(source: Source, table: pa.Table) -> Computed:
    """Return the forms in words, and what held on the day when they were due."""
    labels = decoded(table["form"], form_labels(source))
    return {"form_label": labels, **calendar(source).of(table["participant"], table["day"])}


def form_labels(source: Source) -> dict[str, str]:
    """Return the protocol's forms in words."""
    return {form.id: form.label for each in source.protocols for form in each.forms}


def _place(source: Source, table: pa.Table) -> dict[str, Any]:
    """Return the form and the occasion that each row belongs to, and what held on its day."""
    sent = source.table("response")
    names = (
        "form", "instrument", "instrument_version", "occasion", "kind", "due", "submitted", "revision",
        "respondent", "mode", "language", "late",
    )  # fmt: skip
    found = {name: looked_up(table["response"], sent, name) for name in names}
    is_visit = pc.equal(found["kind"], "visit")
    parts = pc.split_pattern(found["occasion"], "#", max_splits=1)
    visit = pc.if_else(is_visit, pc.list_element(parts, 0), None)
    return {
        **found,
        "form_label": decoded(found["form"], form_labels(source)),
        "form_version": found["instrument_version"],
        "visit": visit,
        "visit_label": decoded(visit, visit_labels(source)),
        "visit_number": decoded_number(found["occasion"]),
        "local_day": found["due"],
        "submitted_local": found["submitted"],
        "submitted_utc": found["submitted"],
        **calendar(source).of(table["participant"], found["due"]),
    }


def decoded_number(occasions: Any) -> pa.Array:
    """Return the number of a visit's occasion (W4#2: 2); null of a diary's."""
    flat = occasions.combine_chunks() if isinstance(occasions, pa.ChunkedArray) else occasions
    coded = flat.dictionary_encode()
    numbers = [
        each.rpartition("#")[2] if "#" in each else None for each in coded.dictionary.to_pylist()
    ]
    whole = [None if each is None else int(each) for each in numbers]
    return pa.array(whole, pa.int64()).take(coded.indices)
