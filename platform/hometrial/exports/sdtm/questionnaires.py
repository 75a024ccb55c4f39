"""Questionnaires: QS and RS, one row for each question of a form that was sent and each score that its manual defines."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hometrial.errors import ExportRefusedError
from hometrial.exports.sdtm.assembling import PERSON, SOURCE
from hometrial.exports.sdtm.coding import Code, Kind, code_of
from hometrial.exports.sdtm.columnar import Columns, plain, read_numbers, rounded
from hometrial.exports.sdtm.study import Study
from hometrial.questionnaires.instrument import Instrument

REASONS = {
    "prefer_not": "SUBJECT PREFERRED NOT TO ANSWER",
    "not_sure": "SUBJECT WAS NOT SURE",
    "not_relevant": "NOT RELEVANT TO SUBJECT",
    "too_unwell": "SUBJECT WAS TOO UNWELL",
    "unstated": "NO REASON GIVEN",
    "skipped": "NO REASON GIVEN",
    "hidden": "LOGICALLY SKIPPED ITEM",
    "not_asked": "LOGICALLY SKIPPED ITEM",
    "short_form": "NOT ASKED: SHORT FORM OF A BAD DAY",
    "too_few": "TOO FEW ITEMS ANSWERED",
}
"""--REASND of each reason that the source tables know."""
_SCHEMA = pa.schema(
    [
        ("participant", pa.string()),
        ("source", pa.string()),
        ("response", pa.string()),
        ("kind", pa.string()),
        ("instrument", pa.string()),
        ("name", pa.string()),
        ("shown", pa.string()),
        ("value", pa.string()),
        ("number", pa.float64()),
        ("reason", pa.string()),
    ]
)
_UNITS = {"": "", "1": "", "h": "HOURS"}
"""CDISC's terms where they differ from UCUM's."""
_TEXT = pa.string()


def qs(study: Study) -> Columns:
    """Return the rows of QS."""
    return _Forms(study).rows("QS")


def rs(study: Study) -> Columns:
    """Return the rows of RS: what CDISC counts among the clinical classifications."""
    return _Forms(study).rows("RS")


def instruments(study: Study) -> Mapping[tuple[str, str], Instrument]:
    """Return the instruments that answers were given to, by id and version, as they were then."""
    return {
        (row["instrument"], row["version"]): Instrument.model_validate_json(row["body"])
        for row in study.source.rows("instrument")
    }


def _answers(study: Study) -> pa.Table:
    """Return items, answers in somebody's own words, and scores, under the same columns."""
    items = study.source.table("item")
    words = study.source.table("free_answer")
    said = pc.utf8_trim_whitespace(pc.fill_null(words["words"], ""))
    words = words.set_column(words.column_names.index("words"), "words", said)
    words = words.filter(pc.not_equal(words["words"], ""))
    scores = study.source.table("score")
    values = rounded(scores["value"])
    numbers = rounded(pc.coalesce(items["number"], read_numbers(items["value"])))
    as_text, told = plain(values), read_numbers(words["words"])
    too_few = pc.if_else(pc.is_null(scores["value"]), "too_few", None)
    why = pc.coalesce(items["skip_reason"], items["skipped"])
    value = pc.coalesce(plain(numbers), items["value"])
    shown = pc.coalesce(items["shown"], items["value"])
    in_words = pc.coalesce(plain(told), words["words"])
    return pa.concat_tables(
        [
            _same("item", "item", items, (shown, value, numbers, why)),
            _same("free_answer", "item", words, (words["words"], in_words, told, None)),
            _same("score", "score", scores, (as_text, as_text, values, too_few)),
        ]
    )


def _same(
    name: str, kind: Kind, table: pa.Table, said: tuple[pa.ChunkedArray | None, ...]
) -> pa.Table:
    rows = table.num_rows
    shown, value, number, reason = said
    return pa.table(
        {
            "participant": table["participant"],
            "source": pc.binary_join_element_wise(name, table["id"], "/"),
            "response": table["response"],
            "kind": pa.repeat(kind, rows),
            "instrument": table["instrument"],
            "name": table[kind],
            "shown": shown,
            "value": value,
            "number": number,
            "reason": pa.nulls(rows, pa.string()) if reason is None else reason,
        },
        schema=_SCHEMA,
    )


@dataclass(frozen=True)
class _Question:
    """What holds for all answers to a question, or all values of a score."""

    code: Code
    unit: str
    evaluated: str
    is_open: bool
    is_score: bool


@dataclass(frozen=True)
class _Forms:
    study: Study

    def rows(self, domain: str) -> Columns:
        """Return the rows of a domain: what is asked of it, with what it says of itself."""
        table = _answers(self.study)
        questions, place = self._questions(table)
        wanted = pa.array(
            [q.code.domain == domain and q.code.is_kept for q in questions], pa.bool_()
        )
        keep = wanted.take(place)
        table, place = table.filter(keep), place.filter(keep)
        has = pc.not_equal(pc.fill_null(table["value"], ""), "")

        def of(ask: Callable[[_Question], object], kind: pa.DataType = _TEXT) -> pa.Array:
            return pa.array([ask(question) for question in questions], kind).take(place)

        shown = pc.if_else(of(lambda q: q.is_open, pa.bool_()), table["shown"], table["value"])
        unit = pc.if_else(has, of(lambda q: q.unit), "")
        columns = {
            "TESTCD": of(lambda q: q.code.testcd),
            "TEST": of(lambda q: q.code.test),
            "CAT": of(lambda q: q.code.category),
            "ORRES": pc.if_else(has, shown, ""),
            "ORRESU": unit,
            "STRESC": pc.fill_null(table["value"], ""),
            "STRESN": table["number"],
            "STRESU": unit,
            "STAT": pc.if_else(has, "", "NOT DONE"),
            "REASND": pc.if_else(has, "", _reasons(table["reason"])),
            "DRVFL": pc.if_else(has, of(lambda q: "Y" if q.is_score else ""), ""),
            "EVLINT": of(lambda q: q.evaluated),
            "TPT": of(lambda q: _time_point(q.code)),
            "TPTNUM": of(lambda q: q.code.time_point, pa.float64()),
        }
        named = {f"{domain}{name}": values for name, values in columns.items()}
        whose = {PERSON: table["participant"], SOURCE: table["source"]}
        return Columns(pa.table(whose | named | self._occasions(domain, table)))

    def _questions(self, table: pa.Table) -> tuple[list[_Question], pa.Array]:
        """Return the different questions, and which of them each row answers."""
        versions = self._of_response(table["response"], "instrument_version")
        asked = pc.binary_join_element_wise(
            table["instrument"], pc.fill_null(versions, ""), table["kind"], table["name"], "\t"
        )
        coded = asked.combine_chunks().dictionary_encode()
        known = [self._question(*each.split("\t")) for each in coded.dictionary.to_pylist()]
        return known, coded.indices

    def _question(self, instrument: str, version: str, kind: str, name: str) -> _Question:
        is_score = kind == "score"
        declared = self._instruments.get((instrument, version))
        if declared is None:
            raise ExportRefusedError(
                f"{instrument} {version} was answered, and its declaration is not among the source tables"
            )
        item = None if is_score else declared.item(name)
        unit = getattr(item, "unit", "")
        return _Question(
            code_of(instrument, "score" if is_score else "item", name),
            _UNITS.get(unit, unit),
            "" if declared.recall is None else f"-{declared.recall.period}",
            declared.licence.text_shipped,
            is_score,
        )

    @cached_property
    def _instruments(self) -> Mapping[tuple[str, str], Instrument]:
        return instruments(self.study)

    @cached_property
    def _responses(self) -> pa.Table:
        return self.study.source.table("response")

    def _of_response(self, responses: pa.ChunkedArray, column: str) -> pa.ChunkedArray:
        place = pc.index_in(responses, value_set=self._responses["id"])
        if place.null_count:
            lost = responses.filter(pc.is_null(place))[0].as_py()
            raise ExportRefusedError(
                f"answers belong to the form {lost}, which is not among the source tables"
            )
        return self._responses[column].take(place)

    def _occasions(self, domain: str, table: pa.Table) -> dict[str, pa.Array]:
        """Return when and at which visit: the wall clock of sending, to the minute."""
        sent = self._of_response(table["response"], "submitted")
        visits = [self._visit(row) for row in self._responses.to_pylist()]
        place = pc.index_in(table["response"], value_set=self._responses["id"])
        numbers = {
            name: pa.array([each.get(name) for each in visits], pa.float64()).take(place)
            for name in ("VISITNUM", "VISITDY")
        }
        names = pa.array([each.get("VISIT", "") for each in visits], _TEXT)
        return {
            f"{domain}DTC": pc.utf8_slice_codeunits(pc.fill_null(sent, ""), 0, 16),
            "VISIT": names.take(place),
            **numbers,
        }

    def _visit(self, response: dict[str, Any]) -> dict[str, Any]:
        """Return the visit that a form belongs to; none of a diary."""
        if response["kind"] != "visit":
            return {}
        name, _, number = response["occasion"].partition("#")
        return self.study.visit(response["participant"], name, int(number or 1))


def _time_point(code: Code) -> str:
    return "" if code.time_point is None else f"DIARY DAY {code.time_point}"


def _reasons(why: pa.ChunkedArray) -> pa.Array:
    """Return the words of each reason; one that is not known says itself."""
    coded = pc.fill_null(why, "unstated").combine_chunks().dictionary_encode()
    words = [
        REASONS.get(each, each.replace("_", " ").upper()) for each in coded.dictionary.to_pylist()
    ]
    return pa.array(words, pa.string()).take(coded.indices)
