"""Analysis data sets of all four protocols: the rules that hold in each, and where they come from."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import cache

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from twins import twin

from hometrial.exports.adam import standard
from hometrial.exports.adam.checking import check
from hometrial.exports.adam.data_sets import analyse
from hometrial.exports.contents import content_hash
from hometrial.exports.sdtm.assembling import Made
from hometrial.exports.sdtm.domains import tabulate
from hometrial.exports.source.reading import Source

pytestmark = pytest.mark.long

PROTOCOLS = ("ldn-mecfs", "ldn-crohns", "ldn-ms", "ldn-case-series")


@cache
def tabulations(protocol: str) -> Mapping[str, Made]:
    return tabulate(twin(protocol))


@cache
def analyses(protocol: str) -> Mapping[str, Made]:
    return analyse(twin(protocol), tabulations(protocol))


def changed(made: Made, column: str, values: list[object]) -> Made:
    """Return a data set with other values in one column."""
    place = made.table.column_names.index(column)
    field = made.table.schema.field(place)
    table = made.table.set_column(place, field, pa.array(values, field.type))
    return replace(made, table=table)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_rule_holds_in_every_data_set(protocol: str) -> None:
    found = check(analyses(protocol), tabulations(protocol))
    assert [str(each) for each in found] == []
    assert {"ADSL", "ADAE", "ADEX", "ADQS", "ADTTE", "ADEFF"} <= set(analyses(protocol))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_everybody_of_dm_is_once_in_adsl_with_every_flag(protocol: str) -> None:
    adsl = analyses(protocol)["ADSL"].table.to_pandas()
    assert sorted(adsl["USUBJID"]) == sorted(
        tabulations(protocol)["DM"].table["USUBJID"].to_pylist()
    )
    for flag in adsl.columns[adsl.columns.str.endswith("FL")]:
        assert set(adsl[flag]) <= {"Y", "N"}, flag


def test_the_same_tabulations_give_the_same_content() -> None:
    again = analyse(twin("ldn-crohns"), tabulate(twin("ldn-crohns")))
    for name, made in analyses("ldn-crohns").items():
        assert content_hash(made.table) == content_hash(again[name].table), name
        assert made.lineage.equals(again[name].lineage), name


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_source_record_of_a_row_is_one_of_its_tabulation(protocol: str) -> None:
    """SRCDOM and SRCSEQ of a row name the record whose sources the row has."""
    adqs, qs = analyses(protocol)["ADQS"], tabulations(protocol)["QS"]
    rows = adqs.table.to_pandas()
    at = pd.MultiIndex.from_frame(qs.table.select(["USUBJID", "QSSEQ"]).to_pandas())
    sources = qs.lineage.to_pandas().groupby("row")["source"].apply(set)
    own = adqs.lineage.to_pandas().groupby("row")["source"].apply(set)
    single = rows[rows["SRCSEQ"].notna() & (rows["SRCDOM"] == "QS")]
    assert len(single) > 100
    for place in single.index[:: max(1, len(single) // 50)]:
        row = single.loc[place]
        there = at.get_loc((row["USUBJID"], int(row["SRCSEQ"]))) + 1
        assert own[place + 1] == sources[there]


@pytest.mark.parametrize(
    ("people", "without"),
    [
        ([], ()),
        ([2], ()),  # a screen failure
        ([4], ()),  # somebody with an arm who never took a dose
        ([0, 1, 2], ("epoch", "visit")),
        ([0, 1, 2], ("dose_day", "intake")),
        ([0, 1, 2], ("adverse_event", "laboratory", "daily_metric", "data_day")),
    ],
)
def test_a_study_that_has_only_begun_has_data_sets_that_keep_the_rules(
    people: list[int], without: tuple[str, ...]
) -> None:
    whole = twin("ldn-crohns")
    known = pa.array([whole.people[each] for each in people], pa.string())
    tables = {
        name: table.filter(pc.is_in(table["participant"], known)) if "participant" in table.column_names else table
        for name, table in whole.tables.items()
        if name not in without
    }  # fmt: skip
    begun = Source(tables)
    tabulated = tabulate(begun)
    found = analyse(begun, tabulated)
    assert ("ADSL" in found) == bool(people)
    assert [str(each) for each in check(found, tabulated)] == []


def test_every_derived_variable_says_its_rule() -> None:
    for name in standard.names():
        for column in standard.data_set(name).columns:
            if column.origin in ("Derived", "Predecessor"):
                assert column.method, f"{name}.{column.name}"


def _broken(name: str, column: str, place: int, value: object) -> list[str]:
    made = dict(analyses("ldn-mecfs"))
    values = made[name].table[column].to_pylist()
    values[place] = value
    made[name] = changed(made[name], column, values)
    return [str(each) for each in check(made, tabulations("ldn-mecfs"))]


def _first(name: str, **wanted: object) -> int:
    table = analyses("ldn-mecfs")[name].table
    is_it = pa.array([True] * table.num_rows)
    for column, value in wanted.items():
        same = pc.is_valid(table[column]) if value is ... else pc.equal(table[column], value)
        is_it = pc.and_(is_it, pc.fill_null(same, False))
    return is_it.to_pylist().index(True)


@pytest.mark.parametrize(
    ("name", "column", "wanted", "value", "said"),
    [
        ("ADQS", "CHG", {"CHG": ...}, 99.0, "CHG is not AVAL - BASE"),
        ("ADQS", "BASE", {"BASE": ...}, -99.0, "BASE is not AVAL of the record with ABLFL"),
        ("ADQS", "SRCSEQ", {"SRCSEQ": ...}, 10**6, "SRCSEQ is no record of QS"),
        ("ADWD", "ADY", {"ADY": 1}, 0, "ADY is 0"),
        ("ADSL", "SAFFL", {"SAFFL": "Y"}, "", "SAFFL is none of Y, N"),
        ("ADSL", "USUBJID", {"SAFFL": "Y"}, "LDN-MECFS-NOBODY", "the subject is not in DM"),
        ("ADAE", "ASTDT", {"TRTEMFL": "Y"}, date(2020, 1, 1), "TRTEMFL is Y of an event before the first dose"),
        ("ADTTE", "PARAMCD", {"PARAMCD": "T3MG"}, "TSTOP", "the keys USUBJID PARAMCD are not unique"),
    ],
)  # fmt: skip
def test_a_rule_that_does_not_hold_is_found(
    name: str, column: str, wanted: dict[str, object], value: object, said: str
) -> None:
    found = _broken(name, column, _first(name, **wanted), value)
    assert any(f"{name}: {said}" in each for each in found), found


def test_a_second_baseline_is_found() -> None:
    table = analyses("ldn-mecfs")["ADQS"].table.to_pandas()
    row = table[(table["ABLFL"] == "") & table["CHG"].notna()].index[0]
    assert any("ABLFL is Y on several" in each for each in _broken("ADQS", "ABLFL", int(row), "Y"))
