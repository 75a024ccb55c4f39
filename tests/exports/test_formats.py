"""Every file is read back by a reader that did not write it, and says what the canonical frame says."""

import json
from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest
from jsonschema import Draft202012Validator

from hometrial.exports import metadata
from hometrial.exports.contents import content_hash
from hometrial.exports.formats import dataset_json, labelled, xpt
from hometrial.exports.metadata import Column, DataSet, ValueRefusedError

AT = datetime(2026, 11, 23)  # noqa: DTZ001 - a file's own wall clock
ORIGIN = dataset_json.Origin("LDN-1", AT, "Hometrial", "Hometrial", "0.1")
VS = DataSet(
    "VS",
    "Vital Signs",
    "Findings",
    "One record per measurement",
    ("USUBJID", "VSSEQ"),
    (
        Column("USUBJID", "Unique Subject Identifier", "text", 20, "Req"),
        Column("VSSEQ", "Sequence Number", "integer", core="Req"),
        Column("VSORRES", "Result or Finding in Original Units", "text"),
        Column("VSSTRESN", "Numeric Result/Finding in Standard Units", "float"),
        Column("ADT", "Analysis Date", "date"),
    ),
)
ROWS = [
    {"USUBJID": "LDN-1-002", "VSSEQ": 1, "VSORRES": "61.5", "VSSTRESN": 61.5, "ADT": date(2026, 3, 2)},
    {"USUBJID": "LDN-1-001", "VSSEQ": 2, "VSORRES": "", "VSSTRESN": None, "ADT": None},
    {"USUBJID": "LDN-1-001", "VSSEQ": 1, "VSORRES": " 7", "VSSTRESN": 8.55},
]  # fmt: skip


@pytest.fixture
def table():
    return metadata.frame(VS, ROWS)


def values(frame: pd.DataFrame) -> list[list[str]]:
    """Return a frame that another reader made as canonical texts."""
    return [
        [
            "" if each is None or each == "" or pd.isna(each) else metadata.canonical(each)
            for each in row
        ]
        for row in frame.itertuples(index=False)
    ]


def canonical(table) -> list[list[str]]:
    return [[metadata.canonical(each) for each in row.values()] for row in table.to_pylist()]


def test_the_frame_is_in_the_order_of_its_keys_and_lacks_nothing(table):
    assert canonical(table) == [
        ["LDN-1-001", "1", " 7", "8.55", ""],
        ["LDN-1-001", "2", "", "", ""],
        ["LDN-1-002", "1", "61.5", "61.5", "2026-03-02"],
    ]


@pytest.mark.parametrize("version", [5, 8])
def test_a_transport_file_is_read_back_by_two_readers(tmp_path, table, version):
    path = tmp_path / "vs.xpt"
    xpt.write(path, VS, table, AT, version)
    found, meta = pyreadstat.read_xport(path)
    assert values(found) == canonical(table)
    assert meta.column_names_to_labels == {each.name: each.label for each in VS.columns}
    assert (meta.file_label, meta.table_name) == ("Vital Signs", "VS")
    if version == 5:
        other = pd.read_sas(path, format="xport", encoding="ascii")
        assert [str(each) for each in other["USUBJID"]] == [row[0] for row in canonical(table)]
        assert other["VSSTRESN"].tolist()[::2] == [8.55, 61.5]


def test_the_same_frame_makes_the_same_bytes_on_another_day(tmp_path, table, monkeypatch):
    for version in (5, 8):
        one, two = tmp_path / f"one-{version}.xpt", tmp_path / f"two-{version}.xpt"
        xpt.write(one, VS, table, AT, version)
        monkeypatch.setenv("TZ", "Asia/Tokyo")
        xpt.write(two, VS, table, AT, version)
        assert one.read_bytes() == two.read_bytes()
        assert one.read_bytes().count(b"23NOV26:00:00:00") == 4


@pytest.mark.parametrize(
    ("value", "why"),
    [("x" * 201, "longer than the 200 bytes"), ("Müller", "printable ASCII"), ("tail ", "ends with a blank"), ("a\nb", "printable ASCII")],
)  # fmt: skip
def test_what_version_5_cannot_hold_is_named(tmp_path, value, why):
    table = metadata.frame(VS, [{**ROWS[0], "VSORRES": value}])
    with pytest.raises(ValueRefusedError, match=rf"VS\.VSORRES, row 1: .*{why}"):
        xpt.write(tmp_path / "vs.xpt", VS, table, AT)
    assert not (tmp_path / "vs.xpt").exists()


@pytest.mark.parametrize(
    ("variable", "value", "why"),
    [
        ("VSSTRESN", 1e80, "larger than a number of XPT"), ("VSSTRESN", float("nan"), "is no number"),
        ("VSSTRESN", -1e-80, "nearer to 0 than a number of XPT"), ("VSSEQ", 2**53 + 1, "whole numbers that XPT"),
    ],
)  # fmt: skip
def test_a_number_beyond_the_format_is_named(tmp_path, variable, value, why):
    table = metadata.frame(VS, [{**ROWS[0], variable: value}])
    with pytest.raises(ValueRefusedError, match=rf"VS\.{variable}, row 1: .*{why}"):
        xpt.write(tmp_path / "vs.xpt", VS, table, AT)


def test_json_has_no_word_for_what_is_no_number(tmp_path):
    table = metadata.frame(VS, [{**ROWS[0], "VSSTRESN": float("nan")}])
    with pytest.raises(ValueRefusedError, match="VSSTRESN, row 1: nan is no number"):
        dataset_json.write(tmp_path / "vs.json", VS, table, ORIGIN)
    assert not (tmp_path / "vs.json").exists()


def test_version_8_holds_unicode_and_long_text(tmp_path):
    table = metadata.frame(VS, [{**ROWS[0], "VSORRES": "Grüße " + "ü" * 1000 + "."}])
    xpt.write(tmp_path / "vs.xpt", VS, table, AT, 8)
    found, _ = pyreadstat.read_xport(tmp_path / "vs.xpt")
    assert values(found) == canonical(table)


def test_an_empty_data_set_keeps_its_columns(tmp_path):
    table = metadata.frame(VS, [])
    xpt.write(tmp_path / "vs.xpt", VS, table, AT)
    found, meta = pyreadstat.read_xport(tmp_path / "vs.xpt")
    assert list(found.columns) == [each.name for each in VS.columns]
    assert meta.column_names_to_labels["VSSEQ"] == "Sequence Number"
    dataset_json.write(tmp_path / "vs.json", VS, table, ORIGIN)
    assert json.loads((tmp_path / "vs.json").read_text())["rows"] == []


def test_dataset_json_tells_the_same_in_both_forms(tmp_path, table):
    dataset_json.write(tmp_path / "vs.json", VS, table, ORIGIN)
    dataset_json.write_lines(tmp_path / "vs.ndjson", VS, table, ORIGIN)
    whole = json.loads((tmp_path / "vs.json").read_text(encoding="utf-8"))
    head, *rows = map(json.loads, (tmp_path / "vs.ndjson").read_text(encoding="utf-8").splitlines())
    assert whole == {**head, "rows": rows}
    assert whole["records"] == 3
    assert [[metadata.canonical(each) for each in row] for row in rows] == canonical(table)
    assert [each.get("keySequence") for each in whole["columns"]] == [1, 2, None, None, None]


def test_dataset_json_is_what_its_schema_says(tmp_path, table):
    core = Path(__file__).resolve().parents[3] / "shared" / "core"
    if not core.exists():
        pytest.skip("the schema lies beside the specifications")
    schema = json.loads((core / "schema" / "dataset-json-1.1.schema.json").read_text())
    path = tmp_path / "vs.json"
    dataset_json.write(path, VS, table, ORIGIN)
    assert list(Draft202012Validator(schema).iter_errors(json.loads(path.read_text()))) == []


@pytest.mark.parametrize("ending", ["dta", "sav"])
def test_stata_and_spss_files_hold_unicode_and_labels(tmp_path, ending):
    table = metadata.frame(VS, [*ROWS[:2], {**ROWS[2], "VSORRES": "Grüße, 60 / min"}])
    path = tmp_path / f"vs.{ending}"
    write, read = {
        "dta": (labelled.write_stata, pyreadstat.read_dta),
        "sav": (labelled.write_spss, pyreadstat.read_sav),
    }[ending]
    write(path, VS, table, AT, {"VSSEQ": {1: "first", 2: "second"}})
    found, meta = read(path)
    assert values(found) == canonical(table)
    assert meta.column_names_to_labels == {each.name: each.label for each in VS.columns}
    assert meta.variable_value_labels["VSSEQ"] == {1: "first", 2: "second"}
    assert meta.file_label == "Vital Signs"


def test_a_text_that_spss_cannot_hold_is_named(tmp_path):
    table = metadata.frame(VS, [{**ROWS[0], "VSORRES": "x" * 40_000}])
    with pytest.raises(
        ValueRefusedError, match=r"VSORRES, row 1: .* longer than the 32767 bytes that SPSS holds"
    ):
        labelled.write_spss(tmp_path / "vs.sav", VS, table, AT)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"VSTEST": "x"}, "no variable VSTEST"),
        ({"VSSEQ": "one"}, "VS.VSSEQ: 'one' is no integer"),
        ({"ADT": "2026-03"}, "VS.ADT: '2026-03' is no date"),
    ],
)
def test_a_row_that_is_none_of_the_data_set_is_refused(row, why):
    with pytest.raises(ValueRefusedError, match=why):
        metadata.frame(VS, [{**ROWS[0], **row}])


@pytest.mark.parametrize(
    ("name", "label", "why"),
    [("VSORRESULT", "Result", "is no name"), ("1VS", "Result", "is no name"), ("VSX", "R" * 41, "41 bytes"), ("VSX", "", "0 bytes")],
)  # fmt: skip
def test_names_and_labels_are_held_to_the_shortest_format(name, label, why):
    wrong = DataSet("VS", "Vital Signs", "Findings", "", (), (Column(name, label, "text"),))
    with pytest.raises(ValueRefusedError, match=why):
        metadata.frame(wrong, [])


def test_one_hash_stands_for_all_formats(tmp_path, table):
    assert content_hash(table) == content_hash(metadata.frame(VS, ROWS[::-1]))
    changed = metadata.frame(VS, [{**ROWS[0], "VSSTRESN": 61.500001}, *ROWS[1:]])
    assert content_hash(changed) != content_hash(table)
