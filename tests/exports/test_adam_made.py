"""Made rows of ADEFF: carried forward or drawn for who lacks a value, never among the observed, recomputed by hand."""

import dataclasses
import math
from datetime import datetime
from functools import cache

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from odmlib.odm_parser import ODMSchemaValidator
from protocols import shipped
from scipy import stats
from statsmodels.imputation.mice import MICEData
from tabulated import analysed, cdai, crohns, day, person, source, taken, trial

from hometrial.exports.adam import checking, imputed, standard
from hometrial.exports.adam.data_sets import analyse
from hometrial.exports.estimates import imputing
from hometrial.exports.estimates.change import SEED
from hometrial.exports.formats.dataset_json import Origin
from hometrial.exports.formats.writing import write_all
from hometrial.exports.report.sensitivity import imputed_change

pytestmark = pytest.mark.long

END = {"DSCAT": "DISPOSITION EVENT", "DSSCAT": "STUDY PARTICIPATION", "DSTERM": "x"}
PEOPLE, LACKING = 24, (3, 8, 14, 21)


def of(found, name, dtype):
    return found[(found["PARAMCD"] == name) & (found["DTYPE"] == dtype)]


def test_the_last_value_on_the_drug_and_the_baseline_are_carried_forward_to_who_has_none():
    found = analysed(
        crohns(
            cdai(day(-1), 312.0, "W0"),
            cdai(day(29), 250.0, "W4"),
            cdai(day(57), 200.0, "W8"),
        )
    )["ADEFF"]
    last = of(found, "P1", "LOCF").iloc[0]
    assert last[["AVAL", "BASE", "CHG", "SRCSEQ"]].tolist() == [200.0, 312.0, -112.0, 3]
    assert last["ADT"].isoformat() == day(57)
    first = of(found, "P1", "BOCF").iloc[0]
    assert first[["AVAL", "CHG", "PCHG", "SRCSEQ"]].tolist() == [312.0, 0.0, 0.0, 1]
    assert of(found, "P1", "")["AVAL"].isna().all()
    responses = {name: of(found, name, "LOCF")["CRIT1FL"].tolist() for name in ("S1", "S2", "S3")}
    assert responses == {"S1": ["Y"], "S2": ["Y"], "S3": ["N"]}
    assert [of(found, name, "BOCF")["CRIT1FL"].tolist() for name in ("S1", "S3")] == [["N"], []]
    assert set(found.loc[found["DTYPE"] != "", "ANL01FL"]) == {""}


def test_nothing_is_carried_from_before_the_drug_nor_from_after_the_window_nor_beside_a_value():
    later = analysed(crohns(cdai(day(-1), 312.0, "W0"), cdai(day(110), 200.0, "W16")))["ADEFF"]
    assert of(later, "P1", "LOCF").empty
    assert len(of(later, "P1", "BOCF")) == 1
    seen = analysed(
        crohns(cdai(day(-1), 312.0, "W0"), cdai(day(57), 260.0, "W8"), cdai(day(85), 200.0, "W12"))
    )["ADEFF"]
    assert set(seen.loc[seen["PARAMCD"].isin(["P1", "S1", "S2", "S3"]), "DTYPE"]) == {""}


@cache
def pilot(people=PEOPLE, lacking=LACKING):
    """Return so many people of the Crohn's protocol; `lacking` left before week 12."""
    protocol, chance = shipped("ldn-crohns"), np.random.default_rng(3)
    rows: dict[str, list[dict[str, object]]] = {"DM": [], "EX": [], "QS": [], "DS": []}
    for number in range(people):
        who = {"USUBJID": f"S-{number:03}"}
        rows["DM"].append({**person(protocol, who["USUBJID"]), "RFPENDTC": day(130)})
        rows["EX"].append({**taken(1, 84, 4.5), **who})
        rows["DS"].append({**END, **who, "DSDECOD": "COMPLETED", "DSSTDTC": day(130)})
        before = float(chance.normal(320, 50))
        middle = before + float(chance.normal(-60, 40))
        told = [cdai(day(-1), before, "W0"), cdai(day(29), middle, "W4")]
        if number not in lacking:
            told.append(cdai(day(85), middle + float(chance.normal(-40, 40)), "W12"))
        rows["QS"] += [{**each, **who, "QSSEQ": place} for place, each in enumerate(told, 1)]
    return trial("ldn-crohns", **rows)


@cache
def sets():
    return analyse(source("ldn-crohns"), pilot().tabulations)


@pytest.fixture(scope="module")
def whole():
    return sets()["ADEFF"].table.to_pandas()


def test_values_are_drawn_twenty_times_by_the_seed_that_the_metadata_name(whole):
    drawn = of(whole, "P1", "MI")
    assert len(drawn) == 20 * len(LACKING)
    assert sorted(set(drawn["USUBJID"])) == [f"S-{each:03}" for each in LACKING]
    assert sorted(set(drawn["IMPNUM"])) == list(range(1, 21))
    assert of(whole, "S1", "MI").empty  # of primary endpoints alone
    method = standard.data_set("ADEFF").column("DTYPE").method
    assert f"seed {SEED}" in method.replace("default_rng of the ", "")
    own = of(whole, "P1", "")
    early = {row["USUBJID"]: row["QSSTRESN"] for row in made_rows() if row["QSDTC"] == day(29)}
    values = pd.DataFrame(
        {"before": own["BASE"], "after": own["AVAL"], "visit1": own["USUBJID"].map(early)}
    ).set_index(own["USUBJID"])
    values = values.sort_values(["before", "after", "visit1"])
    chained = MICEData(values.reset_index(drop=True), k_pmm=5, rng=np.random.default_rng(20261123))
    chained.update_all(10)
    for number in range(1, 21):
        chained.update_all(2)
        wanted = chained.data["after"].set_axis(values.index)
        one = drawn[drawn["IMPNUM"] == number].set_index("USUBJID")["AVAL"]
        assert one.to_dict() == pytest.approx(wanted[one.index].to_dict(), abs=1e-12)


def made_rows():
    return pilot().tabulations["QS"].table.to_pylist()


def test_the_pooled_change_follows_from_the_rows_of_the_data_set_alone(whole):

    seen = whole[(whole["PARAMCD"] == "P1") & (whole["ANL01FL"] == "Y")]["CHG"].to_list()
    drawn = of(whole, "P1", "MI")
    means, variances = [], []
    for number in range(1, 21):
        d = [*seen, *drawn[drawn["IMPNUM"] == number]["CHG"]]
        mean = sum(d) / len(d)
        means.append(mean)
        variances.append(sum((each - mean) ** 2 for each in d) / (len(d) - 1) / len(d))
    middle, within = sum(means) / 20, sum(variances) / 20
    between = sum((each - middle) ** 2 for each in means) / 19
    total = within + 1.05 * between
    share = 1.05 * between / total
    complete = PEOPLE - 1
    observed = (complete + 1) / (complete + 3) * complete * (1 - share)
    df = 1 / (share**2 / 19 + 1 / observed)
    half = stats.t.ppf(0.975, df) * math.sqrt(total)
    found = imputed_change(whole[whole["PARAMCD"] == "P1"])
    assert (found.estimate, found.low, found.high) == pytest.approx(
        (middle, middle - half, middle + half), abs=1e-9
    )
    assert found.df == pytest.approx(df, abs=1e-9)


@pytest.mark.parametrize(("people", "lacking"), [(19, LACKING), (24, (3,)), (24, ())])
def test_nothing_is_drawn_of_few_people_or_where_little_is_missing(people, lacking):
    found = analysed(pilot(people, lacking))["ADEFF"]
    assert of(found, "P1", "MI").empty
    assert len(of(found, "P1", "LOCF")) == sum(each < people for each in lacking)


def test_new_pseudonyms_draw_the_same(whole):
    of_whole = pilot()
    renamed = {
        name: dataclasses.replace(each, table=_renamed(each.table))
        for name, each in of_whole.tabulations.items()
    }
    other = analysed(dataclasses.replace(of_whole, tabulations=renamed, _tables={}))["ADEFF"]
    one = of(whole, "P1", "MI")
    assert sorted(one["AVAL"]) == sorted(of(other, "P1", "MI")["AVAL"])


def _renamed(table):
    place = table.column_names.index("USUBJID")
    names = [f"S-{999 - int(each[2:]):03}" for each in table["USUBJID"].to_pylist()]

    return table.set_column(place, table.schema.field(place), pa.array(names))


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("ANL01FL", "Y", "ANL01FL is Y of a row that was made"),
        ("IMPNUM", 21, "there are not 20 imputations, 1 to 20"),
        ("IMPNUM", None, "IMPNUM does not follow DTYPE MI"),
        ("DTYPE", "WOCF", "DTYPE is none that is known"),
        ("AVAL", None, "a row was made without a value"),
    ],
)
def test_the_rules_of_made_rows_are_checked(column, value, said):

    told = pilot().tabulations
    assert [str(each) for each in checking.check(sets(), told)] == []
    table = sets()["ADEFF"].table
    values = table[column].to_pylist()
    values[table["DTYPE"].to_pylist().index("MI")] = value
    place = table.column_names.index(column)
    field = table.schema.field(place)
    broken = dataclasses.replace(
        sets()["ADEFF"], table=table.set_column(place, field, pa.array(values, field.type))
    )
    found = checking.check(dict(sets(), ADEFF=broken), told)
    assert any(said in str(each) for each in found)


def test_a_visit_that_says_what_another_says_is_leaned_on_once_and_alike_beginnings_are_no_fault():
    values = pd.DataFrame(
        {"before": [1.0, 2, 4, 8, 16], "after": np.nan, "visit1": [2.0, 3, 4, 7, 9]}
    )
    assert imputed._says_more(values.drop(columns="after"))
    assert not imputed._says_more(values.drop(columns="after").assign(visit2=[3.0, 4, 5, 8, 10]))
    alike = pd.DataFrame({"before": [3.0] * 12, "after": [*map(float, range(10)), np.nan, np.nan]})
    assert imputing.completed(alike, times=2)[0]["after"].notna().all()


def test_define_tells_the_method_and_the_seed_and_is_valid_where_nobody_stopped(tmp_path):
    frames = [sets()[name] for name in ("ADSL", "ADEFF")]
    at = datetime(2026, 11, 23, 14, 5)  # noqa: DTZ001 - the delivery's own wall clock
    origin = Origin("LDN", at, "Hometrial", "Hometrial", "0", "Open label")
    write_all(tmp_path, "adam", frames, ("csv", "xpt5"), origin)
    path = tmp_path / "adam" / "define.xml"
    validator = ODMSchemaValidator(standard="define", version="2.1")
    assert [each.reason for each in validator.xsd.iter_errors(str(path))] == []
    told = path.read_text(encoding="utf-8")
    assert str(SEED) in told
    assert "predictive mean matching" in told
    assert 'ItemOID="IT.ADEFF.IMPNUM"' in told
