"""A folder's files are shown, by themselves, to hold the data sets whose content hashes the manifest tells."""

import json
import re
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from every_kind import ADXX

from hometrial.cli.lock import verify
from hometrial.errors import ExportRefusedError
from hometrial.exports import folder, metadata
from hometrial.exports.dictionary import Variable
from hometrial.exports.formats import described_files, proving, writing
from hometrial.exports.formats.dataset_json import Origin
from hometrial.exports.formats.delivering import Deliveries
from hometrial.exports.formats.frames import Frame, described
from hometrial.exports.source.reading import Source

ORIGIN = Origin("LDN-1", datetime(2026, 11, 23))  # noqa: DTZ001 - a file's own wall clock
TEXTS = [
    "", "plain", "blank at the end ", "Grüße, „so“ ≥ 3", "a\ttab", "line\nbreak", "=1+1", "'=1+1", "\ttab first", "'\ttab",
    "-P7D", "NA", "x" * 200, "=Ü ", "a\\n", '"', "a,b", "\r\n", "１", "1e5", "😀", "true", " leading",
]  # fmt: skip
NUMBERS = [None, 0.1, -0.0, 1 / 3, -5.0, 1e70, 1e-70, 2.0**53 + 2]
VARIABLES = (
    Variable("participant_id", "Participant", "text"),
    Variable("valid_day", "Valid day", "boolean"),
    Variable("at", "Instant", "instant"),
    Variable("local_at", "Wall clock", "wall clock"),
    Variable("local_day", "Local day", "day"),
    Variable("steps", "Steps", "number", "{steps}"),
    Variable("count", "Count", "integer"),
    Variable("words", "Words", "text"),
)


def adam():
    rows = [
        {
            "ADSEQ": place,
            "AVALC": text,
            "AVAL": NUMBERS[place % len(NUMBERS)],
            "ADT": date(1582, 10, 15) if place % 3 else None,
            "ADTM": datetime(1959, 12, 31, 23, 59, place) if place % 2 else None,  # noqa: DTZ001
        }
        for place, text in enumerate(TEXTS)
    ]
    return Frame(ADXX, metadata.frame(ADXX, rows))


def tidy():
    at = [datetime(2026, 3, 29, 1, 30, 5, part, tzinfo=UTC) for part in (0, 7, 999_999)]
    table = pa.table(
        {
            "participant_id": ["P-001", "P-002", "P-003", "P-004"],
            "valid_day": [True, False, None, True],
            "at": pa.array([*at, None], pa.timestamp("us", "UTC")),
            "local_at": pa.array([None, *(each.replace(tzinfo=None) for each in at)], pa.timestamp("us")),
            "local_day": [date(2026, 3, 29), None, date(1959, 12, 31), date(9999, 12, 31)],
            "steps": [12.0, 0.1, None, -0.0],
            "count": [None, 0, -1, 2**53],
            "words": [None, "", "=1+1", "Grüße "],
        }
    )  # fmt: skip
    return described("days", "Days", VARIABLES, table, ("participant_id",))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    place = tmp_path_factory.mktemp("folder")
    outgoing = Deliveries(place, tuple(writing.FORMATS), ORIGIN, place / ".waiting")
    outgoing.deliver("adam", [adam()])
    outgoing.deliver("tidy", [tidy()])
    files = outgoing.files | described_files.write(place, outgoing.made, Source({}))
    shutil.rmtree(outgoing.waiting)
    folder.write_manifest(place, files, {"kind": "draft"}, outgoing.told)
    return place


@pytest.fixture
def place(made, tmp_path):
    return shutil.copytree(made, tmp_path / "copy")


def entries(place):
    files = json.loads((place / "MANIFEST.json").read_text(encoding="utf-8"))["files"]
    return {each["path"]: each for each in files}


def test_every_format_holds_the_same_data_sets(made):
    assert proving.prove(made) == proving.Proven(15, 2, ())
    told = [each for each in entries(made).values() if "content" in each]
    assert {each["format"] for each in told} == set(writing.FORMATS)
    assert len({each["content"] for each in told}) == 2


def test_the_manifest_tells_of_each_file_what_it_holds(made):
    found = entries(made)["adam/adxx.xpt"]
    assert {name: found[name] for name in ("data_set", "format", "rows", "columns", "key")} == {
        "data_set": "adam.ADXX", "format": "xpt5", "rows": len(TEXTS), "columns": 5, "key": ["ADSEQ"],
    }  # fmt: skip
    assert entries(made)["dictionary.csv"]["columns"] == len(described_files.DICTIONARY)
    assert entries(made)["adam-transformations.csv"]["columns"] == 6
    assert "columns" not in entries(made)["datapackage.json"]


def test_the_pages_program_computes_the_hash_without_us(made, capsys):
    page = (Path(__file__).resolve().parents[2] / "docs/data-sets.md").read_text(encoding="utf-8")
    program = re.search(r"```python\n(import hashlib.*?)```", page, re.DOTALL)[1]
    exec(program.replace("DIR/sdtm-json/vs.json", str(made / "adam-json/adxx.json")), {})  # noqa: S102
    assert capsys.readouterr().out.strip() == entries(made)["adam-json/adxx.json"]["content"]


def rewrite_parquet(place, change):
    path = place / "adam-parquet/adxx.parquet"
    table = pq.read_table(path)
    pq.write_table(change(table), path)


def test_a_file_that_holds_another_value_is_named(place):
    rewrite_parquet(place, lambda table: table.set_column(1, table.schema.field(1), pa.array(["plain", *TEXTS[1:]])))  # fmt: skip
    (problem,) = proving.prove(place).problems
    assert problem == "adam-parquet/adxx.parquet does not hold the data set adam.ADXX whose content hash MANIFEST.json tells"  # fmt: skip


def test_a_file_that_lacks_a_row_is_named(place):
    rewrite_parquet(place, lambda table: table.slice(1))
    (problem,) = proving.prove(place).problems
    assert problem == f"adam-parquet/adxx.parquet has {len(TEXTS) - 1} rows instead of {len(TEXTS)}"


def test_a_change_that_is_not_listed_shows_in_each_file_that_has_it(place):
    path = place / "adam-transformations.csv"
    listed = pd.read_csv(path, dtype=str, keep_default_na=False)
    assert {*listed["format"]} == {"XPT version 5", "XPT version 8", "Stata", "SPSS", "CSV"}
    for told, file in (("CSV", "adam-csv/adxx.csv"), ("Stata", "stata/adxx.dta"), ("XPT version 5", "adam/adxx.xpt")):  # fmt: skip
        first = listed[listed["format"] == told].index[0]
        listed.drop(index=first).to_csv(path, index=False)
        (problem,) = proving.prove(place).problems
        assert problem.startswith(f"{file} does not hold")


def test_a_change_that_is_listed_as_another_is_named(place):
    path = place / "adam-transformations.csv"
    path.write_bytes(path.read_bytes().replace(b'"a tab"', b'"a  tab"'))
    (problem,) = proving.prove(place).problems
    assert problem == "adam/adxx.xpt row 5 of AVALC is not what adam-transformations.csv says"


def test_a_folder_from_before_there_were_content_hashes_is_told_so(place):
    told = json.loads((place / "MANIFEST.json").read_text(encoding="utf-8"))
    for each in told["files"]:
        each.pop("content", None)
    (place / "MANIFEST.json").write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(ExportRefusedError, match=r"tells no content hashes.*without --contents"):
        proving.prove(place)


def test_the_command_reads_the_contents_only_where_every_byte_is_as_it_was(place):
    ran = CliRunner().invoke(verify, [str(place), "--contents"])
    assert ran.exit_code == 0, ran.output
    assert "15 files hold the 2 data sets whose content hashes the manifest tells" in ran.output
    told = json.loads(CliRunner().invoke(verify, [str(place), "--contents", "--json"]).output)
    assert told["contents"] == {"files": 15, "data_sets": 2, "problems": []}
    assert "contents" not in json.loads(CliRunner().invoke(verify, [str(place), "--json"]).output)
    (place / "adam/adxx.xpt").write_bytes(b"")
    ran = CliRunner().invoke(verify, [str(place), "--contents"])
    assert ran.exit_code == 1
    assert "adam/adxx.xpt was changed" in ran.output
    assert "hold the" not in ran.output


def test_the_command_ends_with_1_where_a_file_holds_something_else(place):
    rewrite_parquet(place, lambda table: table.slice(1))
    files = {place / path: each["rows"] for path, each in entries(place).items()}
    told = {place / path: {name: each[name] for name in ("data_set", "format", "columns", "key", "content")} for path, each in entries(place).items() if "content" in each}  # fmt: skip
    folder.write_manifest(place, files, {"kind": "draft"}, told)
    assert CliRunner().invoke(verify, [str(place)]).exit_code == 0
    ran = CliRunner().invoke(verify, [str(place), "--contents"])
    assert ran.exit_code == 1
    assert "adam-parquet/adxx.parquet has 22 rows instead of 23" in ran.output
