"""The programs of a folder read exactly its files, with labels: those that can be run here are run."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import date, datetime

import pyarrow as pa
import pyreadstat
import pytest

from hometrial.exports import metadata
from hometrial.exports.dictionary import Variable
from hometrial.exports.formats import loaders, writing
from hometrial.exports.formats.dataset_json import Origin
from hometrial.exports.formats.frames import Frame, described
from hometrial.exports.metadata import Column, DataSet

pytestmark = pytest.mark.long

ORIGIN = Origin("LDN-1", datetime(2026, 11, 23))  # noqa: DTZ001 - a file's own wall clock
AE = DataSet(
    "AE",
    "Adverse Events",
    "Events",
    "One record per event",
    ("USUBJID",),
    (
        Column("USUBJID", "Unique Subject Identifier", "text"),
        Column("AETERM", 'Reported "Term" & more, 100 %', "text"),
        Column("AESEQ", "Sequence Number", "integer"),
    ),
)
VARIABLES = (
    Variable("participant_id", "Participant", "text"),
    Variable("local_day", "Local day", "day"),
    Variable("steps", "Steps", "number", "{steps}"),
    Variable("valid_day", "Participant's valid day", "boolean"),
    Variable("at", "Instant", "instant"),
)


@pytest.fixture(scope="module")
def made():
    rows = [{"USUBJID": "LDN-1-001", "AETERM": "Übelkeit, so", "AESEQ": 1}, {"USUBJID": "LDN-1-002", "AETERM": "NA", "AESEQ": None}]  # fmt: skip
    table = pa.table(
        {
            "participant_id": ["001"],
            "local_day": [date(2026, 3, 5)],
            "steps": [12.5],
            "valid_day": [True],
            "at": pa.array([datetime(2026, 3, 5, 7)], pa.timestamp("us", "UTC")),  # noqa: DTZ001
        }
    )
    return {
        "sdtm": [Frame(AE, metadata.frame(AE, rows))],
        "tidy": [described("participant_day", "Days of participants", VARIABLES, table)],
    }


def folder(place, made, formats):
    for name, frames in made.items():
        writing.write_all(place, name, frames, formats, ORIGIN)
    return {path.name: rows for path, rows in loaders.write(place, made, formats).items()}


EVERY = ["xpt5", "xpt8", "dataset-json", "ndjson", "parquet", "csv", "stata", "spss"]


@pytest.mark.parametrize("chosen", EVERY)
def test_python_reads_every_format(tmp_path, made, chosen):
    written = folder(tmp_path, made, [chosen])
    sets = 1 if chosen == "xpt5" else 2
    assert written["load.py"] == sets
    asked = (
        "import json\nfrom load import load, labels, NAMES\nae = load('sdtm.ae')\n"
        "print(json.dumps([NAMES, ae['AETERM'].tolist(), ae.attrs['label'], labels('sdtm.ae')['AETERM'], len(ae)]))\n"
    )
    done = subprocess.run([sys.executable, "-c", asked], cwd=tmp_path, capture_output=True, text=True, check=True)  # fmt: skip
    names, terms, label, labelled, rows = json.loads(done.stdout)
    assert names == ["sdtm.ae", "tidy.participant_day"][:sets]
    assert terms == ["Ubelkeit, so" if chosen == "xpt5" else "Übelkeit, so", "NA"]
    assert (label, labelled, rows) == ("Adverse Events", AE.columns[1].label, 2)
    listed = subprocess.run([sys.executable, "load.py"], cwd=tmp_path, capture_output=True, text=True, check=True)  # fmt: skip
    assert len(listed.stdout.splitlines()) == sets


def test_python_says_when_a_file_is_not_the_one_it_was_written_for(tmp_path, made):
    folder(tmp_path, made, ["csv"])
    with (tmp_path / "sdtm-csv" / "ae.csv").open("a") as file:
        file.write('"LDN-1-003","more",3\n')
    done = subprocess.run([sys.executable, "load.py"], cwd=tmp_path, capture_output=True, text=True, check=False)  # fmt: skip
    assert "sdtm-csv/ae.csv is not the file that this program was written for" in done.stderr


@pytest.mark.parametrize("chosen", ["xpt5", "stata", "spss", "xpt8", "csv"])
def test_r_reads_every_format_that_it_has_a_reader_for(tmp_path, made, chosen):
    if not shutil.which("Rscript"):
        pytest.skip("Rscript is not on this machine")
    folder(tmp_path, made, [chosen])
    asked = 'source("load.R", encoding = "UTF-8"); cat(nrow(ae), ae$AETERM[2], attr(ae$AETERM, "label"), sep = "|")'
    if chosen != "csv":
        asked = f'if (!requireNamespace("haven", quietly = TRUE)) quit(status = 3); {asked}'
    done = subprocess.run(["Rscript", "-e", asked], cwd=tmp_path, capture_output=True, text=True, env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}, check=False)  # fmt: skip
    if done.returncode == 3:
        pytest.skip("R is here without haven")
    assert (done.stdout, done.returncode) == (f"2|NA|{AE.columns[1].label}", 0), done.stderr


TOLD = DataSet(
    "EX",
    "Exposure",
    "Interventions",
    "One record per interval",
    ("SUBJID",),
    (
        Column("DOCUMENT", "A name that is a command of SPSS", "text"),
        Column("SUBJID", "Number with zeros before", "text"),
        Column("EXTERM", 'Text, "quoted" & signs', "text"),
        Column("EXDOSE", "Dose", "float"),
        Column("EXSEQ", "Sequence number", "integer"),
        Column("ADT", "Day", "date"),
        Column("AENDT", "Day that nobody has", "date"),
    ),
)
INTERVALS = [
    {"DOCUMENT": "main", "SUBJID": "001", "EXTERM": 'Übel, "so" $x `y', "EXDOSE": 12.0, "EXSEQ": 1, "ADT": date(2026, 3, 29)},
    {"DOCUMENT": "main", "SUBJID": "002", "EXTERM": "NA", "EXDOSE": 0.1 + 0.2, "EXSEQ": 2_000_000, "ADT": date(1899, 12, 31)},
    {"DOCUMENT": "", "SUBJID": "003", "EXTERM": "", "EXDOSE": None, "EXSEQ": None, "ADT": None},
]  # fmt: skip


def intervals(rows):
    return {"sdtm": [Frame(TOLD, metadata.frame(TOLD, rows))]}


@pytest.mark.parametrize("chosen", ["csv", "spss"])
@pytest.mark.parametrize("rows", [INTERVALS, []], ids=["rows", "no rows"])
def test_pspp_reads_what_was_written_value_by_value_with_labels(tmp_path, chosen, rows):
    if not shutil.which("pspp"):
        pytest.skip("pspp is not on this machine")
    folder(tmp_path, intervals(rows), [chosen])
    with (tmp_path / "load.sps").open("a", encoding="utf-8") as program:
        program.write("DATASET ACTIVATE ex.\nSAVE OUTFILE='read.sav'.\n")
    done = subprocess.run(["pspp", "load.sps"], cwd=tmp_path, capture_output=True, text=True, env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}, check=False)  # fmt: skip
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stdout
    read, told = pyreadstat.read_sav(tmp_path / "read.sav")
    assert told.column_names_to_labels == {each.name: each.label for each in TOLD.columns}
    expected = [{each.name: row.get(each.name) for each in TOLD.columns} for row in rows]
    found = read.astype(object).where(read.notna(), None).to_dict("records")
    assert found == expected


@pytest.mark.parametrize("chosen", ["csv", "spss"])
def test_pspp_keeps_every_data_set_open_under_its_name(tmp_path, chosen):
    if not shutil.which("pspp"):
        pytest.skip("pspp is not on this machine")
    both = [intervals(INTERVALS)["sdtm"][0], *intervals(INTERVALS[:1])["sdtm"]]
    both[1] = replace(both[1], data_set=replace(TOLD, name="EC"))
    folder(tmp_path, {"sdtm": both}, [chosen])
    with (tmp_path / "load.sps").open("a", encoding="utf-8") as program:
        for name in ("ex", "ec"):
            program.write(f"DATASET ACTIVATE {name}.\nSAVE OUTFILE='{name}.sav'.\n")
    done = subprocess.run(["pspp", "load.sps"], cwd=tmp_path, capture_output=True, text=True, env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}, check=False)  # fmt: skip
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stdout
    for name, rows in (("ex", 3), ("ec", 1)):
        read, told = pyreadstat.read_sav(tmp_path / f"{name}.sav")
        assert len(read) == rows
        assert told.column_names_to_labels == {each.name: each.label for each in TOLD.columns}


@pytest.mark.parametrize("line_end", ["\n", "\r", "\r\n"])
def test_a_text_with_a_line_break_is_not_read_as_two_rows_but_said(tmp_path, line_end):
    broken = [*INTERVALS, {"DOCUMENT": "main", "SUBJID": "004", "EXTERM": f"one{line_end}two"}]
    folder(tmp_path, intervals(broken), ["csv"])
    said = "ex was not read: a text in it holds a line break, where this program ends a row; read sdtm-csv/ex.csv with R, Python or Stata"
    assert f"%put ERROR: {said};" in (tmp_path / "load.sas").read_text(encoding="utf-8")
    spss = (tmp_path / "load.sps").read_text(encoding="utf-8")
    assert f'ECHO "{said}".' in spss
    assert "GET DATA" not in spss
    assert "import delimited" in (tmp_path / "load.do").read_text(encoding="utf-8")


def test_stata_takes_no_text_of_a_csv_for_a_number_and_no_double_for_less(tmp_path):
    folder(tmp_path, intervals(INTERVALS), ["csv"])
    program = (tmp_path / "load.do").read_text(encoding="utf-8")
    assert "stringcols(1 2 3 6 7) asdouble encoding" in program
    assert "capture frame drop ex\nframe create ex\n" in program


def test_each_program_reads_the_best_of_what_is_there(tmp_path, made):
    assert folder(tmp_path, made, EVERY) == {"load.R": 2, "load.sas": 2, "load.do": 2, "load.sps": 2, "load.py": 2}  # fmt: skip
    text = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.glob("load.*")}
    assert 'ae <- haven::read_xpt(at("sdtm/ae.xpt"))' in text["load.R"]
    assert 'participant_day <- haven::read_dta(at("stata/participant_day.dta"))' in text["load.R"]
    assert 'libname one xport "&folder/sdtm/ae.xpt"' in text["load.sas"]
    assert 'filespec="&folder/tidy-xpt8/participant_day.xpt"' in text["load.sas"]
    assert 'frame ae: use "stata/ae.dta", clear' in text["load.do"]
    assert 'GET FILE="spss/ae.sav".\nDATASET COPY ae.' in text["load.sps"]


def test_csv_is_read_with_types_and_labels_in_every_package(tmp_path, made):
    folder(tmp_path, made, ["csv"])
    sas = (tmp_path / "load.sas").read_text(encoding="utf-8")
    assert "participant_id $ 5 local_day 8 steps 8 valid_day $ 5 at $ 27;" in sas
    assert "input participant_id $ local_day :yymmdd10. steps :32. valid_day $ at $;" in sas
    assert "valid_day = 'Participant''s valid day'" in sas
    assert "format local_day date9.;" in sas
    stata = (tmp_path / "load.do").read_text(encoding="utf-8")
    assert 'frame ae: label variable AETERM `"Reported "Term" & more, 100 %"\'' in stata
    spss = (tmp_path / "load.sps").read_text(encoding="utf-8")
    assert '/AETERM "Reported ""Term"" & more, 100 %"' in spss
    assert " local_day\n  SDATE10 " in spss


def test_sas_is_told_the_name_that_a_table_has_in_its_file_and_then_its_own(tmp_path):
    gap = described("gap", "Gaps", VARIABLES[:1], pa.table({"participant_id": ["001"]}))
    folder(tmp_path, {"tidy": [gap]}, ["xpt8"])
    lines = (tmp_path / "load.sas").read_text(encoding="utf-8").splitlines()
    assert lines[-2:] == [
        '%xpt2loc(libref=work, memlist=gap, filespec="&folder/tidy-xpt8/gap.xpt");',
        "proc datasets lib=work nolist; change gap=tidy_gap; quit;",
    ]


def test_a_package_that_reads_none_of_the_formats_has_no_program(tmp_path, made):
    assert folder(tmp_path, made, ["dataset-json"]) == {"load.py": 2}
