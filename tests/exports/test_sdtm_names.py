"""Names of a protocol that are longer than the standard has room for, or alike, in tabulations and analysis data sets."""

import judged
import pytest
from protocols import KNOWN
from twins import METRICS, bodies

from hometrial.exports.adam.data_sets import analyse
from hometrial.exports.sdtm import design
from hometrial.exports.sdtm.assembling import assemble, numbered
from hometrial.exports.sdtm.domains import tabulate
from hometrial.exports.sdtm.study import Study
from hometrial.exports.source.reading import Source
from hometrial.exports.source.tables import BY_NAME
from hometrial.exports.twin import making
from hometrial.exports.twin.setting import Setting
from hometrial.protocol import loading

LONG = "Größe & “Häufigkeit” – 第一次访问 Визит " * 8
EDITS = (
    ("id: LDN, label: \"Naltrexone 4.5 mg\"", f"id: LDN-four-and-a-half-milligrams, label: \"{LONG}mg\""),
    ("label: \"Week 4\"", f"label: \"{LONG}4\""), ("label: \"Week 8\"", f"label: \"{LONG}8\""),
    ("label: Baseline", "label: screening"), ("{id: I3,", "{id: disease-activity-is-moderate,"),
)  # fmt: skip


@pytest.fixture(scope="module")
def source():
    text = loading.shipped_text("ldn-crohns")
    for old, new in EDITS:
        assert old in text
        text = text.replace(old, new)
    protocol = loading.load(text, "long.yaml", KNOWN)
    return judged.trimmed(making.twin(Setting(protocol, text, bodies("ldn-crohns"), METRICS, 7), 2))


@pytest.fixture(scope="module")
def made(source):
    return tabulate(source)


def test_arms_are_the_same_in_plan_and_people_and_fit(made):
    plan = set(zip(*(made["TA"].table[each].to_pylist() for each in ("ARMCD", "ARM")), strict=True))
    people = set(zip(*(made["DM"].table[each].to_pylist() for each in ("ACTARMCD", "ACTARM")), strict=True))  # fmt: skip
    assert people == plan
    [(code, name)] = plan
    assert code == "LDN-four-and-a-half-"
    assert LONG.startswith(name)
    assert 100 < len(name.encode()) <= 200


def test_visits_are_the_same_in_plan_and_people_and_no_two_are_alike(made):
    plan = {row["VISITNUM"]: row["VISIT"] for row in made["TV"].table.to_pylist()}
    assert len(set(plan.values())) == len(plan)
    planned = [row for row in made["SV"].table.to_pylist() if row["SVPRESP"] == "Y"]
    assert planned
    assert all(plan[row["VISITNUM"]] == row["VISIT"] for row in planned)


def test_a_long_name_is_cut_where_it_stands_in_a_sentence():
    body = loading.shipped_text("ldn-mecfs").replace('label: "Delayed start"', f'label: "{LONG}mg"')
    versions = [{"id": "P", "in_force": True, "body": body}]
    study = Study(Source({"protocol_version": BY_NAME["protocol_version"].table(versions)}))
    [made] = assemble("TA", design.ta(study), study)
    branches = {row["TABRANCH"] for row in made.table.to_pylist() if row["ARMCD"] == "DEL"} - {""}
    [said] = branches
    assert said.startswith("Allocated to Größe")
    assert 180 < len(said.encode()) <= 200


def test_a_label_with_a_number_behind_it_has_forty_characters_at_most():
    label = "Reported Term for the Procedure or Finding"
    assert numbered(label, 7) == "Reported Term for the Procedure or Fin 7"
    assert [len(numbered(label, place)) for place in (9, 10, 100)] == [40, 40, 40]


def test_analysis_data_sets_know_the_arm_by_its_short_code(source, made):
    subjects = analyse(source, made)["ADSL"].table.to_pylist()
    assert [row["TRT01PN"] for row in subjects] == [1, 1]
    assert all(row["TRT01P"] and row["DOSMAX"] == 4.5 for row in subjects)
