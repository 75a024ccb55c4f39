"""A delivery in every format: each file in its folder, the same bytes on another day, every change listed."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pyreadstat
import pytest
from every_kind import ADXX

from hometrial.errors import ExportRefusedError
from hometrial.exports import metadata
from hometrial.exports.dictionary import Variable
from hometrial.exports.formats import frames, reading_back, writing
from hometrial.exports.formats.dataset_json import Origin
from hometrial.exports.formulas import original
from hometrial.exports.metadata import Column, DataSet, ValueRefusedError

AT = datetime(2026, 11, 23, 14, 5, 9)  # noqa: DTZ001 - a file's own wall clock
ORIGIN = Origin("LDN-1", AT, "Hometrial", "Hometrial", "0.1")
AE = DataSet(
    "AE",
    "Adverse Events",
    "Events",
    "One record per adverse event per subject",
    ("USUBJID", "AESEQ"),
    (
        Column("USUBJID", "Unique Subject Identifier", "text", core="Req"),
        Column("AESEQ", "Sequence Number", "integer", core="Req"),
        Column("AETERM", "Reported Term for the Adverse Event", "text"),
        Column("AEDUR", "Duration", "float"),
    ),
)
TERMS = ["Übelkeit", "headache", "dose > 3 µg, ≥ 2 ×\nnext line ", ""]


def delivered(terms=TERMS):
    rows = [
        {"USUBJID": "LDN-1-001", "AESEQ": place, "AETERM": term, "AEDUR": place / 3}
        for place, term in enumerate(terms, start=1)
    ]
    return frames.Frame(AE, metadata.frame(AE, rows))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lock")
    return folder, writing.write_all(folder, "sdtm", [delivered()], writing.FORMATS, ORIGIN)


def test_each_format_has_its_folder_and_the_rows_are_counted(written):
    folder, made = written
    assert {path.relative_to(folder).as_posix(): rows for path, rows in made.items()} == {
        "sdtm/ae.xpt": 4,
        "sdtm/define.xml": 1,
        "sdtm-json/define.xml": 1,
        "sdtm-ndjson/define.xml": 1,
        "sdtm-xpt8/ae.xpt": 4,
        "sdtm-json/ae.json": 4,
        "sdtm-ndjson/ae.ndjson": 4,
        "sdtm-parquet/ae.parquet": 4,
        "sdtm-csv/ae.csv": 4,
        "stata/ae.dta": 4,
        "spss/ae.sav": 4,
        "sdtm-transformations.csv": 5,
    }
    assert all(path.stat().st_size for path in made)


def test_the_same_frames_make_the_same_bytes_in_every_format(written, tmp_path):
    _, made = written
    again = writing.write_all(tmp_path, "sdtm", [delivered()], writing.FORMATS, ORIGIN)
    for path, other in zip(made, again, strict=True):
        assert path.read_bytes() == other.read_bytes(), path.name
    stamped = {"ae.dta": b"23 Nov 2026 14:05", "ae.sav": b"23 Nov 2614:05:09", "ae.xpt": b"23NOV26:14:05:09"}  # fmt: skip
    for path in made:
        assert stamped.get(path.name, b"") in path.read_bytes()


def test_what_a_format_cannot_hold_is_changed_and_listed(written):
    folder, _ = written
    listed = pd.read_csv(folder / "sdtm-transformations.csv", keep_default_na=False)
    assert listed[["row", "variable", "original", "written", "format"]].to_numpy().tolist() == [
        [1, "AETERM", TERMS[0], "Ubelkeit", "XPT version 5"],
        [3, "AETERM", TERMS[2], "dose > 3 ug, >= 2 x next line", "XPT version 5"],
        [3, "AETERM", TERMS[2], TERMS[2].rstrip(), "XPT version 8"],
        [3, "AETERM", TERMS[2], TERMS[2].rstrip(), "Stata"],
        [3, "AETERM", TERMS[2], TERMS[2].rstrip(), "SPSS"],
    ]
    found, _ = pyreadstat.read_xport(folder / "sdtm" / "ae.xpt")
    assert found["AETERM"].tolist() == ["Ubelkeit", "headache", "dose > 3 ug, >= 2 x next line", ""]
    kept, _ = pyreadstat.read_xport(folder / "sdtm-xpt8" / "ae.xpt")
    assert kept["AETERM"].tolist() == ["Übelkeit", "headache", TERMS[2].rstrip(), ""]


@pytest.mark.parametrize(
    ("text", "ascii_text"),
    [
        ("E\u0301clair", "Eclair"), ("Мигрень", "Migren'"), ("头痛", "TouTong"), ("a\u200bb", "ab"), ("\u0301", ""),
        ("at −5 °C", "at -5 degC"), ("“so”", '"so"'), ("x\ty", "x y"),
    ],
)  # fmt: skip
def test_every_script_has_a_reading_in_ascii(tmp_path, text, ascii_text):
    writing.write_all(tmp_path, "sdtm", [delivered([text])], ["xpt5"], ORIGIN)
    found, _ = pyreadstat.read_xport(tmp_path / "sdtm" / "ae.xpt")
    assert found["AETERM"].tolist() == [ascii_text]
    listed = pd.read_csv(tmp_path / "sdtm-transformations.csv", keep_default_na=False)
    assert listed["original"].tolist() == [text]


def test_a_text_that_grows_in_ascii_is_cut_and_listed_whole(tmp_path):
    writing.write_all(tmp_path, "sdtm", [delivered(["😀" * 50])], ["xpt5"], ORIGIN)
    listed = pd.read_csv(tmp_path / "sdtm-transformations.csv")
    assert listed["original"].tolist() == ["😀" * 50]
    assert listed["written"].str.len().tolist() == [200]


@pytest.mark.parametrize(
    ("text", "why"),
    [("\ue000", "no form in ASCII"), ("x" * 201, "longer than the 200 bytes"), ("ü" * 201, "longer than the 200 bytes")],
)  # fmt: skip
def test_a_text_that_was_too_long_or_has_no_reading_is_refused(tmp_path, text, why):
    with pytest.raises(ValueRefusedError, match=rf"AE\.AETERM, row 1: .*{why}"):
        writing.write_all(tmp_path, "sdtm", [delivered([text])], ["xpt5"], ORIGIN)


def test_keys_tell_rows_apart_if_need_be_with_the_sequence_number(tmp_path):
    natural = replace(AE, keys=("USUBJID", "AETERM"))
    for terms, keys in (
        (["a", "b"], ["USUBJID", "AETERM"]),
        (["a", "a"], ["USUBJID", "AETERM", "AESEQ"]),
    ):
        frame = frames.Frame(natural, delivered(terms).table)
        place = tmp_path / terms[1]
        place.mkdir()
        writing.write_all(place, "sdtm", [frame], ["dataset-json"], ORIGIN)
        told = json.loads((place / "sdtm-json/ae.json").read_text(encoding="utf-8"))
        found = {
            each["keySequence"]: each["name"] for each in told["columns"] if "keySequence" in each
        }
        assert [found[place] for place in sorted(found)] == keys
        assert f'KeySequence="{len(keys)}"' in (place / "sdtm-json/define.xml").read_text(
            encoding="utf-8"
        )


def test_a_format_that_is_not_known_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ExportRefusedError, match="no format 'xls'; there are xpt5, xpt8"):
        writing.write_all(tmp_path, "sdtm", [delivered()], ["xpt5", "xls"], ORIGIN)
    assert list(tmp_path.iterdir()) == []


VARIABLES = [
    Variable("participant_id", "Participant", "text"),
    Variable("local_day", "Local day", "day"),
    Variable("steps", "Steps", "number", "{steps}"),
    Variable("valid_day", "Valid day", "boolean"),
    Variable("last_sync_at", "Last sync", "instant"),
]


def tidy(second=0, micro=0):
    table = pa.table(
        {
            "participant_id": ["P-001", "P-002"],
            "local_day": pa.array([date(2026, 3, 1), None]),
            "steps": pa.array([1200.0, None]),
            "valid_day": pa.array([True, None]),
            "last_sync_at": pa.array(
                [datetime(2026, 3, 2, 7, 0, second, micro, UTC), None], pa.timestamp("us", "UTC")
            ),
        }
    )
    return frames.described("participant_day", "One row a day", VARIABLES, table)


def test_a_tidy_table_keeps_its_types_where_a_format_has_them(tmp_path):
    made = writing.write_all(tmp_path, "tidy", [tidy(5)], writing.FORMATS, ORIGIN)
    assert not any("tidy/participant_day.xpt" in path.as_posix() for path in made)
    assert pd.read_parquet(tmp_path / "tidy/participant_day.parquet")["valid_day"].tolist() == [
        True,
        None,
    ]
    assert (tmp_path / "tidy/participant_day.csv").read_text().splitlines()[1] == (
        '"P-001","2026-03-01",1200,true,"2026-03-02T07:00:05.000000Z"'
    )
    for ending, read in (("stata/participant_day.dta", pyreadstat.read_dta), ("spss/participant_day.sav", pyreadstat.read_sav)):  # fmt: skip
        found, meta = read(tmp_path / ending)
        assert meta.variable_value_labels == {"valid_day": {0: "No", 1: "Yes"}}
        assert meta.column_names_to_labels["steps"] == "Steps ({steps})"
        assert found["last_sync_at"].tolist()[0] == pd.Timestamp("2026-03-02 07:00:05")
        assert found["local_day"].tolist()[0] == date(2026, 3, 1)


def test_parts_of_a_second_are_kept_or_listed(tmp_path):
    writing.write_all(tmp_path, "tidy", [tidy(5, 250_000)], ["stata", "parquet", "csv"], ORIGIN)
    listed = pd.read_csv(tmp_path / "tidy-transformations.csv")
    assert listed.to_numpy().tolist() == [
        ["participant_day", 1, "last_sync_at", "2026-03-02T07:00:05.250000", "2026-03-02T07:00:05", "Stata"]
    ]  # fmt: skip
    kept = pd.read_parquet(tmp_path / "tidy/participant_day.parquet")["last_sync_at"][0]
    assert kept == pd.Timestamp("2026-03-02 07:00:05.25", tz="UTC")
    assert "07:00:05.250000Z" in (tmp_path / "tidy/participant_day.csv").read_text()


@pytest.mark.parametrize("rows", [[], [{"A": "x"}, {"A": "y"}]], ids=["no rows", "no dates"])
def test_days_and_moments_of_which_there_are_none_stay_days_and_moments(rows, tmp_path):
    columns = (
        Column("A", "Text", "text"),
        Column("ADT", "Day", "date"),
        Column("ADTM", "Moment", "datetime"),
    )
    data_set = DataSet("ADX", "Without dates", "", "", ("A",), columns)
    made = frames.Frame(data_set, metadata.frame(data_set, rows))
    writing.write_all(tmp_path, "adam", [made], list(writing.FORMATS), ORIGIN)
    assert len(reading_back.read_back(tmp_path, "adam", [made], list(writing.FORMATS))) == len(
        writing.FORMATS
    )


def odd(*rows):
    return frames.Frame(
        ADXX,
        metadata.frame(ADXX, [{"ADSEQ": at} | row for at, row in enumerate(rows, 1)]),
    )


def test_a_text_with_an_apostrophe_in_front_in_a_csv_is_listed_with_what_it_was(tmp_path):
    texts = ["=1+1", "'=1+1", "\tabc", "'\tabc", "'plain", "-P7D", "x"]
    frame = odd(*({"AVALC": each} for each in texts))
    writing.write_all(tmp_path, "adam", [frame], ["csv", "parquet"], ORIGIN)
    told = pd.read_csv(tmp_path / "adam-transformations.csv", dtype=str, keep_default_na=False)
    cells = pd.read_csv(tmp_path / "adam-csv/adxx.csv", dtype=str, keep_default_na=False)["AVALC"]
    assert [original(each) for each in cells] == texts
    assert list(told["row"]) == ["1", "2", "3", "4"]
    assert [original(each) for each in told["original"]] == texts[:4]
    assert [original(each) for each in told["written"]] == list(cells)[:4]
    assert set(told["format"]) == {"CSV"}


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("chosen", writing.FORMATS)
def test_what_is_no_number_is_in_no_format(tmp_path, number, chosen):
    with pytest.raises(
        ValueRefusedError, match=r"ADXX\.AVAL, row 2: -?(nan|inf) is no number; leave"
    ):
        writing.write_all(tmp_path, "adam", [odd({}, {"AVAL": number})], [chosen], ORIGIN)


def test_half_a_pair_of_characters_is_refused_by_name():
    with pytest.raises(ValueRefusedError, match=r"ADXX\.AVALC: 'a\\ud800' is no text"):
        odd({"AVALC": "a\ud800"})


def test_no_zero_is_below_zero(tmp_path):
    writing.write_all(tmp_path, "adam", [odd({"AVAL": -0.0})], ["csv", "parquet", "ndjson"], ORIGIN)
    assert (tmp_path / "adam-csv/adxx.csv").read_text().split("\n")[1] == '1,"",0,,'
    assert (tmp_path / "adam-ndjson/adxx.ndjson").read_text().split("\n")[1] == '[1,"",0,null,null]'
    assert str(pa.parquet.read_table(tmp_path / "adam-parquet/adxx.parquet")["AVAL"][0]) == "0.0"


@pytest.mark.parametrize(
    ("chosen", "first"),
    [("xpt5", date(1582, 1, 1)), ("xpt8", date(1582, 1, 1)), ("stata", date(100, 1, 1)), ("spss", date(1582, 10, 15))],
)  # fmt: skip
def test_a_day_before_the_first_that_a_package_knows_is_refused(tmp_path, chosen, first):
    before = first - timedelta(days=1)
    for name, value in (("ADT", first), ("ADTM", datetime(first.year, first.month, first.day))):  # noqa: DTZ001
        frame, place = odd({name: value}), tmp_path / name
        place.mkdir()
        writing.write_all(place, "adam", [frame], [chosen], ORIGIN)
        assert reading_back.read_back(place, "adam", [frame], [chosen])
    for name, value in (("ADT", before), ("ADTM", datetime(before.year, before.month, before.day))):  # noqa: DTZ001
        with pytest.raises(ValueRefusedError, match=rf"ADXX\.{name}, row 1: .* is before {first}"):
            writing.write_all(tmp_path, "adam", [odd({name: value})], [chosen], ORIGIN)


def test_an_error_names_the_beginning_of_a_long_text(tmp_path):
    with pytest.raises(ValueRefusedError) as refused:
        writing.write_all(tmp_path, "adam", [odd({"AVALC": "y" * 10**6})], ["spss"], ORIGIN)
    assert "yyy... is longer than the 32767 bytes" in str(refused.value)
    assert len(str(refused.value)) < 200


def test_two_data_sets_never_share_a_file(tmp_path):
    frame = odd({"AVAL": 1.5})
    writing.write_all(tmp_path, "adam", [frame], ["stata"], ORIGIN)
    with pytest.raises(ExportRefusedError, match=r"stata/adxx\.dta would hold two data sets"):
        writing.write_all(tmp_path, "sdtm", [frame], ["stata"], ORIGIN)


@pytest.mark.parametrize("values", [[], [date(2026, 1, 2)]])
def test_each_package_shows_days_as_days_and_whole_numbers_whole(tmp_path, values):
    rows = [{"ADT": each, "ADTM": datetime(2026, 1, 2, 3, 4), "AVAL": -12.125} for each in values]  # noqa: DTZ001
    writing.write_all(tmp_path, "adam", [odd(*rows)], ["xpt5", "xpt8", "stata", "spss"], ORIGIN)
    for read, path, told in (
        (pyreadstat.read_xport, "adam/adxx.xpt", {"ADT": "DATE9", "ADTM": "DATETIME20"}),
        (pyreadstat.read_xport, "adam-xpt8/adxx.xpt", {"ADT": "DATE9", "ADTM": "DATETIME20"}),
        (pyreadstat.read_dta, "stata/adxx.dta", {"ADT": "%td", "ADTM": "%tc"}),
        (pyreadstat.read_sav, "spss/adxx.sav", {"ADT": "DATE11", "ADTM": "DATETIME20", "ADSEQ": "F8.0", "AVAL": "F8.3" if values else "F8.0"}),
    ):  # fmt: skip
        shown = read(tmp_path / path)[1].original_variable_types
        assert {name: shown[name] for name in told} == told, path


def visit(number, name, **more):
    return {"ADSEQ": 1, "AVISITN": number, "AVISIT": name, "AVAL": 0.0} | more


VISITED = replace(
    ADXX,
    columns=(
        Column("ADSEQ", "Sequence Number", "integer"),
        Column("AVISITN", "Analysis Visit (N)", "float"),
        Column("AVISIT", "Analysis Visit", "text"),
        Column("AVAL", "Number", "float"),
    ),
)


@pytest.mark.parametrize(
    ("rows", "labels"),
    [
        ([visit(2.0, "Baseline"), visit(6.0, "Week 4"), visit(2.0, "Baseline"), visit(3.01, "UNSCHEDULED 3.01"), visit(None, ""), visit(7.0, "")], {2: "Baseline", 6: "Week 4"}),
        ([visit(2.0, "Baseline"), visit(2.0, "Week 4")], {}),
        ([visit(2.0, "B" * 120)], {2: "B" * 120}),
        ([visit(2.0, "B" * 121)], {}),
        ([visit(3.01, "UNSCHEDULED 3.01")], {}),
        ([], {}),
    ],
)  # fmt: skip
def test_a_code_bears_the_words_beside_it_as_its_label_in_stata_and_spss(tmp_path, rows, labels):
    frame = frames.Frame(VISITED, metadata.frame(VISITED, rows))
    writing.write_all(tmp_path, "adam", [frame], ["stata", "spss", "csv"], ORIGIN)
    expected = {"AVISITN": labels} if labels else {}
    for read, path in ((pyreadstat.read_dta, "stata/adxx.dta"), (pyreadstat.read_sav, "spss/adxx.sav")):  # fmt: skip
        found, told = read(tmp_path / path)
        assert told.variable_value_labels == expected, path
        assert [None if each != each else each for each in found["AVISITN"]] == frame.table["AVISITN"].to_pylist()  # fmt: skip
    (checked, _) = reading_back.read_back(tmp_path, "adam", [frames.settled(frame)], ["stata", "spss"])  # fmt: skip
    assert checked.labels == len(VISITED.columns) + 1 + len(labels)


def test_a_label_of_a_value_that_was_lost_is_found_by_reading_back(tmp_path):
    frame = frames.Frame(VISITED, metadata.frame(VISITED, [visit(2.0, "Baseline")]))
    writing.write_all(tmp_path, "adam", [frame], ["stata", "spss"], ORIGIN)
    other = replace(frames.settled(frame), values={"AVISITN": {2: "Baseline", 3: "Week 4"}})
    for chosen in ("stata", "spss"):
        with pytest.raises(ExportRefusedError, match="the label of AVISITN 3 was written as 'Week 4' and read back as ''"):  # fmt: skip
            reading_back.read_back(tmp_path, "adam", [other], [chosen])
