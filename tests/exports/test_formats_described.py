"""The dictionary tells every variable of every file, the codelists every code, the package every CSV."""

import hashlib
import json
from datetime import datetime

import pandas as pd
import pyarrow as pa
import pytest
from twins import twin

from hometrial.exports import metadata
from hometrial.exports.dictionary import Variable
from hometrial.exports.formats import described_files, writing
from hometrial.exports.formats.dataset_json import Origin
from hometrial.exports.formats.frames import Frame, described
from hometrial.exports.sdtm import standard

ORIGIN = Origin("LDN-1", datetime(2026, 11, 23))  # noqa: DTZ001 - a file's own wall clock
VARIABLES = (
    Variable("participant_id", "Participant", "text"),
    Variable("steps", "Steps", "number", "{steps}", text="Metric `steps`."),
    Variable("steps_missing_reason", "Why steps are missing", "text", codes="not_worn; not_synced"),
    Variable("confidence", "Confidence", "integer", codes="0 none; 1 low; 3 high"),
    Variable("valid_day", "Valid day", "boolean"),
)


@pytest.fixture(scope="module")
def made():
    domain = standard.domain("VS")
    row = {
        "STUDYID": "LDN-1", "DOMAIN": "VS", "USUBJID": "LDN-1-001", "VSSEQ": 1, "VSTESTCD": "HRREST", "VSTEST": "Heart Rate, Resting",
        "VSORRES": "58", "VSORRESU": "beats/min",
    }  # fmt: skip
    table = pa.table(
        {
            "participant_id": ["P-001"],
            "steps": [12.0],
            "steps_missing_reason": pa.nulls(1, pa.string()),
            "confidence": [3],
            "valid_day": [True],
        }
    )
    return {
        "sdtm": [Frame(domain, metadata.frame(domain, [row]))],
        "tidy": [described("participant_day", "Days", VARIABLES, table, ("participant_id",))],
    }


@pytest.fixture(scope="module")
def folder(made, tmp_path_factory):
    place = tmp_path_factory.mktemp("lock")
    for name, frames in made.items():
        writing.write_all(place, name, frames, ["csv", "parquet"], ORIGIN)
    files = described_files.write(place, made, twin("ldn-mecfs"))
    assert {path.name for path in files} == {"dictionary.csv", "codelists.csv", "datapackage.json"}
    return place


def read(path):
    return pd.read_csv(path, keep_default_na=False)


def test_the_dictionary_has_every_variable_of_every_csv_in_order(folder):
    told = read(folder / "dictionary.csv")
    for path in folder.rglob("*.csv"):
        file = path.relative_to(folder).with_suffix("").as_posix().replace("sdtm-csv/", "sdtm/")
        own = told[told["file"] == file]
        assert own["variable"].tolist() == read(path).columns.tolist(), file
        assert own["place"].tolist() == list(range(1, len(own) + 1))
        assert (own["label"] != "").all()


def test_a_variable_is_told_with_unit_codes_key_and_reason(folder):
    told = read(folder / "dictionary.csv").set_index(["file", "variable"])
    steps = told.loc["tidy/participant_day", "steps"]
    assert (steps["unit"], steps["missing"], steps["derivation"]) == ("{steps}", "empty; why: steps_missing_reason", "Metric `steps`.")  # fmt: skip
    result = told.loc["sdtm/vs", "VSORRES"]
    assert (result["missing"], result["requirement"]) == ("empty; why: VSSTAT, VSREASND", "Exp")
    assert told.loc["sdtm/vs", "VSTESTCD"]["codes"] == "VSTESTCD"
    assert told.loc["tidy/participant_day", "confidence"]["codes"] == "participant_day.confidence"
    assert told.loc["tidy/participant_day", "participant_id"]["is_key"] == "Y"


def test_every_list_that_is_named_has_its_codes(folder):
    told, codes = read(folder / "dictionary.csv"), read(folder / "codelists.csv")
    by_list = codes.groupby("list")["code"].agg(list).to_dict()
    assert by_list["participant_day.confidence"] == ["0", "1", "3"]
    assert codes[codes["list"] == "participant_day.confidence"]["decode"].tolist() == ["none", "low", "high"]  # fmt: skip
    assert by_list["participant_day.steps_missing_reason"] == ["not_worn", "not_synced"]
    assert by_list["VSTESTCD"] == ["HRREST"]
    assert codes[codes["list"] == "ND"][["code", "c_code"]].to_numpy().tolist() == [["NOT DONE", "C49484"]]  # fmt: skip
    named = {each for each in told["codes"] if each}
    without = {each for each in named - by_list.keys() if "." in each}
    assert without == set()


def test_the_package_tells_every_csv_with_its_hash_and_fields(folder):
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    told = {each["path"]: each for each in package["resources"]}
    assert told.keys() == {path.relative_to(folder).as_posix() for path in folder.rglob("*.csv")}
    for where, each in told.items():
        body = (folder / where).read_bytes()
        assert each["bytes"] == len(body)
        assert each["hash"] == f"sha256:{hashlib.sha256(body).hexdigest()}"
        assert [field["name"] for field in each["schema"]["fields"]] == read(folder / where).columns.tolist()  # fmt: skip
    days = told["tidy/participant_day.csv"]["schema"]
    assert days["primaryKey"] == ["participant_id"]
    assert [field["type"] for field in days["fields"]] == ["string", "number", "string", "integer", "boolean"]  # fmt: skip
