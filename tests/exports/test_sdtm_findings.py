"""Questionnaires as tabulations: codes, words only where they may be passed on, and why an answer is missing."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
import pytest
from twins import bodies, twin

from hometrial.errors import ExportRefusedError
from hometrial.exports.sdtm import questionnaires, wearables
from hometrial.exports.sdtm.assembling import PERSON, SOURCE, Made, assemble
from hometrial.exports.sdtm.coding import code_of, listed
from hometrial.exports.sdtm.columnar import Columns, assemble_columns, plain
from hometrial.exports.sdtm.standard import terms
from hometrial.exports.sdtm.study import Study
from hometrial.exports.source.reading import Source
from hometrial.exports.source.tables import BY_NAME
from hometrial.protocol import loading
from hometrial.questionnaires import loading as shipped

_PERSON = "A-1"
_LONG = "wide awake until four, " * 20


def _body(instrument: str) -> str:
    declared = shipped.named(instrument)
    return json.dumps(declared.model_dump(mode="json", by_alias=True, exclude_defaults=True))


def _source(**tables: list[dict[str, Any]]) -> Source:
    body = loading.shipped_text("ldn-mecfs")
    fixed: dict[str, list[dict[str, Any]]] = {
        "protocol_version": [{"id": "P", "in_force": True, "body": body}],
        "participant": [{"id": _PERSON, "participant": _PERSON, "site": "S-01"}],
        "instrument": [
            {"id": f"{name}/1.0.0", "instrument": name, "version": "1.0.0", "body": _body(name)}
            for name in ("phq9", "fss", "side_effects", "hbi", "ldn_me_weekly", "cdai")
        ],
    }
    made = {name: BY_NAME[name].table(rows) for name, rows in (fixed | tables).items()}
    return Source(made)


def _response(instrument: str, occasion: str = "ldn_diary@2026-03-04") -> dict[str, Any]:
    return {
        "id": instrument, "participant": _PERSON, "form": instrument, "instrument": instrument,
        "instrument_version": "1.0.0", "kind": "visit" if "#" in occasion else "diary", "occasion": occasion,
        "submitted": "2026-03-04T21:15:30+01:00",
    }  # fmt: skip


def _item(instrument: str, item: str, **said: Any) -> dict[str, Any]:
    return {
        "id": f"{instrument}/{item}", "participant": _PERSON, "response": instrument, "instrument": instrument,
        "item": item, **said,
    }  # fmt: skip


def _rows(columns: Columns) -> list[dict[str, Any]]:
    return columns.table.to_pylist()


def _made(source: Source, name: str = "QS") -> Made:
    rows = {"QS": questionnaires.qs, "RS": questionnaires.rs}[name]
    study = Study(source)
    return assemble_columns(name, rows(study), study)[0]


def _by_code(made: Made) -> Mapping[str, dict[str, Any]]:
    return {row["QSTESTCD"]: row for row in made.table.to_pylist()}


def test_every_question_and_score_that_is_shipped_has_a_code() -> None:
    for instrument in shipped.shipped().values():
        for item in instrument.items:
            assert (instrument.id, "item", item.id) in listed()
        for score in instrument.scores:
            assert (instrument.id, "score", score.id) in listed()
    known = {
        *((each.id, "item", item.id) for each in shipped.shipped().values() for item in each.items),
        *((each.id, "score", one.id) for each in shipped.shipped().values() for one in each.scores),
    }
    assert set(listed()) == known, "no code is listed that nothing bears"


def test_codes_fit_a_transport_file_and_mean_one_thing() -> None:
    tests: dict[str, str] = {}
    for code in listed().values():
        assert re.fullmatch("[A-Z][A-Z0-9]{0,7}", code.testcd)
        assert len(code.test.encode()) <= 40
        assert tests.setdefault(code.testcd, code.test) == code.test
    kept = [
        (code.testcd, code.time_point, key[0]) for key, code in listed().items() if code.is_kept
    ]
    assert len(kept) == len(set(kept)), "a record of a form is told apart by its test"


def test_where_cdisc_has_a_code_its_name_is_cdiscs_too() -> None:
    names = {
        (term.code, name[:-2]): term.value
        for name, found in terms().items()
        if name.endswith("TN")
        for term in found
    }
    codes = {
        term.value: (term.code, name[:-2])
        for name, found in terms().items()
        if name.endswith("TC")
        for term in found
    }
    ours = {code.testcd: code.test for code in listed().values()}
    with_code = ours.keys() & codes.keys()
    assert len(with_code) > 300
    assert {code: ours[code] for code in with_code} == {
        code: names[codes[code]] for code in with_code
    }


def test_a_category_is_cdiscs_or_not_among_its_own() -> None:
    known = {term.value for term in (*terms()["QSCAT"], *terms()["CCCAT"])}
    of = {key[0]: code.category for key, code in listed().items()}
    assert {"PHQ-9", "FSS", "RAND-36 V1.0", "EQ-5D-5L", "HBI"} <= known
    assert of["gad7"] == "GAD-7 V2", "without the question on difficulty it is the second version"
    assert of["compass31"] not in known


def test_an_instrument_that_nobody_listed_gets_codes_that_stay_and_differ() -> None:
    codes = {name: code_of("our_sleep", "item", name) for name in ("one", "two")}
    assert codes["one"] == code_of("our_sleep", "item", "one")
    assert codes["one"].testcd != codes["two"].testcd
    assert codes["one"].category == "OUR SLEEP"
    assert all(len(each.testcd) == 8 and len(each.test) <= 40 for each in codes.values())


def test_an_answer_stands_in_its_words_only_where_the_licence_lets_them_out() -> None:
    source = _source(
        response=[_response("phq9"), _response("fss")],
        item=[
            _item("phq9", "phq9_1", value="1", number=1.0, shown="Several days"),
            _item("fss", "fss_1", value="7", number=7.0, shown="Strongly agree"),
        ],
    )
    found = _by_code(_made(source))
    assert (found["PHQ0101"]["QSORRES"], found["PHQ0101"]["QSSTRESC"]) == ("Several days", "1")
    assert (found["FSS0101"]["QSORRES"], found["FSS0101"]["QSSTRESN"]) == ("7", 7.0)
    assert found["FSS0101"]["QSTEST"] == "FSS01-Motivation Is Lower When Fatigued"
    assert (found["FSS0101"]["QSEVLINT"], found["FSS0101"]["QSDTC"]) == ("-P1W", "2026-03-04T21:15")


@pytest.mark.parametrize(
    ("skipped", "why", "reason"),
    [
        ("skipped", "prefer_not", "SUBJECT PREFERRED NOT TO ANSWER"),
        ("skipped", None, "NO REASON GIVEN"),
        ("not_asked", "hidden", "LOGICALLY SKIPPED ITEM"),
        ("not_asked", "short_form", "NOT ASKED: SHORT FORM OF A BAD DAY"),
    ],
)
def test_a_missing_answer_says_why(skipped: str, why: str | None, reason: str) -> None:
    source = _source(
        response=[_response("phq9")],
        item=[_item("phq9", "phq9_1", skipped=skipped, skip_reason=why)],
    )
    [row] = _made(source).table.to_pylist()
    assert (row["QSORRES"], row["QSSTRESC"], row.get("QSSTRESN")) == ("", "", None)
    assert (row["QSSTAT"], row["QSREASND"]) == ("NOT DONE", reason)


def test_a_score_is_there_once_and_marked_as_derived() -> None:
    def score(name: str, value: float | None) -> dict[str, Any]:
        return {
            "id": f"phq9/{name}", "participant": _PERSON, "response": "phq9", "instrument": "phq9", "score": name,
            "value": value,
        }  # fmt: skip

    source = _source(response=[_response("phq9")], score=[score("total", 12.0), score("phq2", 3.0)])
    [row] = _made(source).table.to_pylist()
    assert (row["QSTESTCD"], row["QSSTRESN"], row["QSDRVFL"]) == ("PHQ0111", 12.0, "Y")
    source = _source(response=[_response("phq9")], score=[score("total", None)])
    [row] = _made(source).table.to_pylist()
    assert (row["QSSTAT"], row["QSREASND"]) == ("NOT DONE", "TOO FEW ITEMS ANSWERED")
    assert row.get("QSDRVFL", "") == "", "there is no result that was derived"


def test_text_and_number_of_a_result_are_the_same_number() -> None:
    made = _made(twin("ldn-mecfs"))
    pairs = zip(made.table["QSSTRESC"].to_pylist(), made.table["QSSTRESN"].to_pylist(), strict=True)
    numbers = [(text, number) for text, number in pairs if number is not None]
    assert {float(text) == number for text, number in numbers} == {True}
    longest = max(len(text.replace(".", "").lstrip("0")) for text, _ in numbers)
    assert longest == 12, "beyond that, readers of transport files do not agree"


def test_numbers_have_cdiscs_units_and_the_days_of_an_index_their_places() -> None:
    source = _source(
        response=[_response("ldn_me_weekly"), _response("cdai")],
        item=[
            _item("ldn_me_weekly", "hours_upright", value="2.5", number=2.5, shown="2.5"),
            _item("cdai", "stools_3", value="4", number=4.0, shown="4"),
            _item("cdai", "stools_5", value="6", number=6.0, shown="6"),
        ],
    )
    rows = _made(source).table.to_pylist()
    assert [(row["QSORRES"], row["QSORRESU"]) for row in rows if row["QSTPTNUM"] is None] == [
        ("2.5", "HOURS")
    ]
    days = [row for row in rows if row["QSTPTNUM"] is not None]
    assert {(row["QSTESTCD"], row["QSTPT"], row["QSSTRESC"]) for row in days} == {
        ("CDAI0103", "DIARY DAY 3", "4"),
        ("CDAI0103", "DIARY DAY 5", "6"),
    }


def test_words_that_are_too_long_go_on_in_the_supplement() -> None:
    study = Study(
        _source(
            response=[_response("side_effects")],
            free_answer=[
                _item("side_effects", "other_what", words=_LONG),
                _item("side_effects", "other_what", words="") | {"id": "side_effects/none"},
            ],
        )
    )
    made = {
        each.data_set.name: each for each in assemble_columns("QS", questionnaires.qs(study), study)
    }
    [row], further = made["QS"].table.to_pylist(), made["SUPPQS"].table.to_pylist()
    pieces = [
        row["QSORRES"],
        *(each["QVAL"] for each in further if each["QNAM"].startswith("QSORRES")),
    ]
    assert " ".join(pieces) == _LONG.strip()
    assert all(len(piece.encode()) <= 200 for piece in pieces)
    assert {each["IDVARVAL"] for each in further} == {"1"}


@pytest.mark.parametrize(
    ("words", "text", "number"),
    [
        ("5", "5", 5.0), ("5.50", "5.5", 5.5), ("-3", "-3", -3.0), ("007", "007", None), ("5 days", "5 days", None),
        ("1e3", "1e3", None), ("12345678901234567890", "12345678901234567890", None),
    ],
)  # fmt: skip
def test_words_that_are_a_number_are_one(words: str, text: str, number: float | None) -> None:
    answers = [_item("side_effects", "other_what", words=words)]
    [row] = _made(_source(response=[_response("side_effects")], free_answer=answers)).table.to_pylist()  # fmt: skip
    assert (row["QSORRES"], row["QSSTRESC"], row.get("QSSTRESN")) == (words, text, number)


def test_no_number_has_an_exponent() -> None:
    assert plain(pa.array([1e-07, 4.0, None, 2.5e22])).to_pylist() == [
        "0.0000001", "4", None, "25000000000000000000000",
    ]  # fmt: skip


def test_clinicians_classifications_stand_in_their_own_domain() -> None:
    source = _source(
        response=[_response("hbi")],
        item=[_item("hbi", "pain", value="2", number=2.0, shown="Moderate")],
    )
    assert len(questionnaires.qs(Study(source))) == 0
    [row] = _made(source, "RS").table.to_pylist()
    assert (row["RSTESTCD"], row["RSCAT"], row["RSSTRESC"]) == ("HBI0102", "HBI", "2")


def test_an_answer_without_its_form_or_its_questionnaire_is_refused() -> None:
    lost = _source(item=[_item("phq9", "phq9_1", value="1", number=1.0)])
    with pytest.raises(ExportRefusedError, match="form phq9, which is not among"):
        questionnaires.qs(Study(lost))
    unknown = _response("phq9") | {"instrument_version": "2.0.0"}
    source = _source(response=[unknown], item=[_item("phq9", "phq9_1", value="1", number=1.0)])
    with pytest.raises(ExportRefusedError, match=r"phq9 2\.0\.0 was answered"):
        questionnaires.qs(Study(source))


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("QS", questionnaires.qs),
        ("FA", wearables.fa),
        ("VS", wearables.vs),
        ("NV", wearables.nv),
    ],
)
def test_columns_become_the_same_data_set_as_rows(name: str, rows: Any) -> None:
    study = Study(twin("ldn-mecfs"))
    columns = rows(study)
    by_columns = assemble_columns(name, columns, study)
    by_rows = assemble(name, list(_plain(_rows(columns))), study)
    assert [each.data_set for each in by_columns] == [each.data_set for each in by_rows]
    for one, other in zip(by_columns, by_rows, strict=True):
        assert one.table.equals(other.table)
        assert one.lineage.equals(other.lineage)
    assert any(flag == "Y" for flag in by_columns[0].table[f"{name}LOBXFL"].to_pylist())


def _plain(rows: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    for row in rows:
        values = {key: value for key, value in row.items() if value is not None}
        yield values | {SOURCE: (row[SOURCE],), PERSON: row[PERSON]}


def test_questions_at_visits_have_the_visits_number_and_diaries_none() -> None:
    source = twin("ldn-mecfs")
    sent = {row["id"]: row for row in source.rows("response")}
    of = {f"item/{row['id']}": sent[row["response"]] for row in source.rows("item")}
    of |= {f"score/{row['id']}": sent[row["response"]] for row in source.rows("score")}
    made = _made(source)
    numbers, visits = made.table["VISITNUM"].to_pylist(), 0
    for row, record in zip(
        made.lineage["row"].to_pylist(), made.lineage["source"].to_pylist(), strict=True
    ):
        if record not in of:
            continue
        is_visit = of[record]["kind"] == "visit"
        assert is_visit or numbers[row - 1] is None
        visits += is_visit and numbers[row - 1] is not None
    assert visits > 100
    assert bodies("ldn-mecfs").keys() >= {"phq9"}
