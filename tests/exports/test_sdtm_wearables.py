"""The wearable's days, crash days and devices as tabulations: what counts, what does not, and why."""

from datetime import date
from typing import Any

import pytest
from twins import twin

from hometrial.exports.metadata import ValueRefusedError
from hometrial.exports.sdtm import devices, wearables
from hometrial.exports.sdtm.assembling import Row, assemble
from hometrial.exports.sdtm.columnar import Columns, assemble_columns
from hometrial.exports.sdtm.domains import tabulate
from hometrial.exports.sdtm.standard import terms
from hometrial.exports.sdtm.study import Study
from hometrial.exports.sdtm.wearables import figures
from hometrial.exports.source.reading import Source
from hometrial.exports.source.tables import BY_NAME
from hometrial.protocol import loading

_WHO = "A-1"
_WEEK = [date(2026, 3, day) for day in range(1, 8)]


def _metric(day: date, metric: str, value: float) -> Row:
    return {
        "id": f"{_WHO}/{day}/{metric}", "participant": _WHO, "day": day, "metric": metric, "value": value
    }  # fmt: skip


def _day(day: date, **more: Any) -> Row:
    return {
        "id": f"{_WHO}/{day}", "participant": _WHO, "day": day, "status": "final", "device": "D1", **more
    }  # fmt: skip


def _source(**tables: list[Row]) -> Source:
    fixed: dict[str, list[Row]] = {
        "protocol_version": [
            {"id": "P", "in_force": True, "body": loading.shipped_text("ldn-mecfs")}
        ],
        "participant": [{"id": _WHO, "participant": _WHO, "site": "S-01"}],
        "data_day": [_day(each) for each in _WEEK],
        "dose_day": [
            {"id": f"{_WHO}/{each}", "participant": _WHO, "day": each, "mg_least": 0.5}
            for each in _WEEK[4:]
        ],
    }
    return Source({name: BY_NAME[name].table(rows) for name, rows in (fixed | tables).items()})


def _days(source: Source, name: str) -> dict[str, list[dict[str, Any]]]:
    rows = {"FA": wearables.fa, "VS": wearables.vs, "NV": wearables.nv}[name]
    study = Study(source)
    found: dict[str, list[dict[str, Any]]] = {}
    for row in assemble_columns(name, rows(study), study)[0].table.to_pylist():
        found.setdefault(row[f"{name}TESTCD"], []).append(row)
    return found


@pytest.fixture(scope="module")
def week() -> Source:
    """Seven days: two valid, one not, one with steps alone, one whose steps are missing, two without anything."""
    return _source(
        data_day=[
            *(_day(each) for each in _WEEK[:5]),
            _day(_WEEK[5], status="none", device=None),
            _day(_WEEK[6], status="none", device=None),
        ],
        daily_metric=[
            *(_metric(_WEEK[day], "steps", 1000.0 * (day + 1)) for day in (0, 1, 2, 3)),
            *(_metric(_WEEK[day], "valid_day", float(day != 2)) for day in (0, 1, 2, 4)),
            *(_metric(_WEEK[day], "wear_minutes", 900.5) for day in (0, 1, 2, 4)),
        ],
        gap=[
            {"id": "g1", "participant": _WHO, "day": _WEEK[5], "stream": "steps", "cause": "not_synced"},
            {"id": "g2", "participant": _WHO, "day": _WEEK[5], "stream": "sleep", "cause": "not_synced"},
            {"id": "g3", "participant": _WHO, "day": _WEEK[6], "stream": "steps", "cause": "paused"},
            {"id": "g4", "participant": _WHO, "day": _WEEK[6], "stream": "sleep", "cause": "retired"},
        ],
    )  # fmt: skip


def test_each_day_has_one_record_a_figure_and_says_why_it_does_not_count(week: Source) -> None:
    steps = _days(week, "FA")["STEPSTN"]
    assert [row["FADTC"] for row in steps] == [each.isoformat() for each in _WEEK]
    assert [row["FASTRESN"] for row in steps] == [1000, 2000, None, 4000, None, None, None]
    assert [row["FAREASND"] for row in steps] == [
        "",
        "",
        "INVALID DAY: WEAR TIME BELOW 10 HOURS",
        "",  # wear is unknown, which does not make a day invalid
        "NOT DERIVABLE FROM THE DATA OF THE DAY",
        "NO DATA RECEIVED: NOT SYNCED",
        "NO DATA RECEIVED",
    ]
    for row in steps:
        is_done = row["FASTRESN"] is not None
        assert (row["FASTAT"] == "") is is_done
        assert (row["FAORRES"] != "") is (row["FAORRESU"] == "STEPS") is is_done


def test_wear_itself_stands_on_days_that_do_not_count(week: Source) -> None:
    found = _days(week, "FA")
    assert [row["FASTRESC"] for row in found["WEARMIN"]][:5] == [
        "900.5",
        "900.5",
        "900.5",
        "",
        "900.5",
    ]
    valid = found["VALIDDAY"]
    assert [row["FASTRESC"] for row in valid][:3] == ["Y", "Y", "N"]
    assert {row["FASTRESN"] for row in valid} == {None}


def test_a_figure_that_a_device_never_gives_is_not_missed(week: Source) -> None:
    assert set(_days(week, "FA")) == {"STEPSTN", "WEARMIN", "VALIDDAY"}
    assert len(wearables.nv(Study(week))) == 0


def test_the_baseline_is_the_last_whole_day_before_the_drug(
    week: Source,
) -> None:
    steps = _days(week, "FA")["STEPSTN"]
    assert [row["FALOBXFL"] for row in steps] == ["", "", "", "Y", "", "", ""]
    assert [row["FADY"] for row in steps] == [-4, -3, -2, -1, 1, 2, 3]
    worn = _days(week, "FA")["WEARMIN"]
    assert [row["FALOBXFL"] for row in worn][2:5] == ["Y", "", ""], "not the day of the first dose"


def test_each_record_leads_back_to_its_metric_or_to_its_day(week: Source) -> None:
    study = Study(week)
    made = assemble_columns("FA", wearables.fa(study), study)[0]
    of = dict(zip(made.lineage["row"].to_pylist(), made.lineage["source"].to_pylist(), strict=True))
    for place, row in enumerate(made.table.to_pylist(), start=1):
        missing = row["FAREASND"] and not row["FAREASND"].startswith("INVALID")
        assert of[place].startswith("data_day/" if missing else "daily_metric/")
        assert row["FADTC"] in of[place]


def test_the_heart_rate_of_a_day_is_told_apart_by_how_it_was_summed_up() -> None:
    names = ("heart_rate_mean", "heart_rate_min", "heart_rate_max", "rhr_sleep")
    metrics = [_metric(_WEEK[0], name, 60.0 + place) for place, name in enumerate(names)]
    found = _days(_source(daily_metric=[*metrics, _metric(_WEEK[0], "valid_night", 0.0)]), "VS")
    first = {
        (row["VSCOLSRT"], row["VSSTRESN"]) for row in found["HR"] if row["VSDTC"] == "2026-03-01"
    }
    assert first == {("MEAN", 60.0), ("MINIMUM", 61.0), ("MAXIMUM", 62.0)}
    assert sum(row["VSLOBXFL"] == "Y" for row in found["HR"]) == 3, "each has a baseline of its own"
    assert found["HRREST"][0]["VSREASND"].startswith("INVALID NIGHT")


def test_a_night_is_dated_by_its_end_and_says_how_long_it_was() -> None:
    day = _day(_WEEK[0], main_sleep_end="2026-03-01T08:10:30+01:00", minutes_in_main_sleep=545.0)
    rest = [_day(each) for each in _WEEK[1:]]
    source = _source(
        data_day=[day, *rest], daily_metric=[_metric(_WEEK[0], "sleep_minutes", 431.0)]
    )
    [first, second, *_] = _days(source, "NV")["TST"]
    assert (first["NVDTC"], first["NVEVLINT"]) == ("2026-03-01T08:10", "-PT9H5M")
    assert (second["NVDTC"], second["NVEVLINT"], second["NVSTAT"]) == ("2026-03-02", "", "NOT DONE")


def test_crash_days_and_bad_days_are_findings_about_them() -> None:
    def diary(day: int, crash: float | None) -> tuple[Row, Row]:
        form = {"id": f"r{day}", "participant": _WHO, "kind": "diary", "due": date(2026, 3, day)}
        return form, {
            "id": f"r{day}/crash", "participant": _WHO, "response": f"r{day}", "item": "crash", "number": crash
        }  # fmt: skip

    forms, items = zip(
        *(diary(day, crash) for day, crash in ((1, 0.0), (2, 3.0), (3, None))), strict=True
    )
    source = _source(
        response=list(forms),
        item=list(items),
        bad_day=[
            {"id": "b1", "participant": _WHO, "kind": "begun", "severity": None, "at": "2026-03-04T09:00:00+01:00"},
            {"id": "b2", "participant": _WHO, "kind": "over", "severity": None, "at": "2026-03-06T09:00:00+01:00"},
        ],
    )  # fmt: skip
    found = _days(source, "FA")
    told = {(row["FAOBJ"], row["FADTC"], row["FASTRESC"]) for row in found["OCCUR"]}
    assert told == {
        ("CRASH AFTER EXERTION", "2026-03-01", "N"),
        ("CRASH AFTER EXERTION", "2026-03-02", "Y"),
        ("BAD DAYS", "2026-03-04T09:00", "Y"),
        ("BAD DAYS", "2026-03-06T09:00", "N"),
    }
    assert [row["FASTRESC"] for row in found["SEV"]] == ["SEVERE"]


def test_devices_are_described_belong_to_somebody_and_were_worn_on_days_that_follow_each_other() -> (
    None
):
    days = [_day(_WEEK[place]) for place in (0, 1, 3)]
    days += [
        _day(_WEEK[4], device="D2"),
        _day(_WEEK[5], status="none"),
        _day(_WEEK[6], device=None),
    ]
    device = {
        "id": "D1", "participant": _WHO, "provider": "fitbit", "source": "tracker", "model": "Charge 5",
        "firmware": "1.194", "first_seen": "2026-03-01T08:00:00+01:00",
    }  # fmt: skip
    study = Study(_source(data_day=days, device=[device, {"id": "D2", "participant": _WHO}]))
    made = {
        name: assemble(name, rows(study), study)[0].table.to_pylist()
        for name, rows in (("DI", devices.di), ("DR", devices.dr), ("DX", devices.dx))
    }
    told = {row["DIPARMCD"]: row["DIVAL"] for row in made["DI"] if row["SPDEVID"] == "D1"}
    assert told == {
        "DEVTYPE": "ACTIVITY TRACKER", "MODEL": "Charge 5", "FIRMWARE": "1.194", "PROVIDER": "fitbit",
        "DATASRC": "tracker",
    }  # fmt: skip
    assert [row["DISEQ"] for row in made["DI"]] == [1, 2, 3, 4, 5, 1]
    assert [row["SPDEVID"] for row in made["DR"]] == ["D1", "D2"]
    assert [(row["SPDEVID"], row["DXSTDTC"], row["DXENDTC"]) for row in made["DX"]] == [
        ("D1", "2026-03-01", "2026-03-02"),
        ("D1", "2026-03-04", "2026-03-04"),
        ("D2", "2026-03-05", "2026-03-05"),
    ]


def test_a_record_without_what_the_standard_requires_is_refused_by_its_name() -> None:
    study = Study(_source(daily_metric=[_metric(_WEEK[0], "steps", 12.0)]))
    table = wearables.fa(study).table
    broken = table.set_column(table.column_names.index("FAOBJ"), "FAOBJ", [[""] * table.num_rows])
    with pytest.raises(
        ValueRefusedError, match=r"FA\.FAOBJ, row 1, is empty.*daily_metric/A-1/2026-03-01/steps"
    ):
        assemble_columns("FA", Columns(broken), study)
    with pytest.raises(ValueRefusedError, match="FA has no variable FAWHAT"):
        assemble_columns("FA", Columns(table.append_column("FAWHAT", table["FAOBJ"])), study)


def test_codes_are_cdiscs_where_it_has_them_and_each_has_one_name() -> None:
    names: dict[tuple[str, str], str] = {}
    for each in figures().values():
        assert names.setdefault((each.domain, each.testcd), each.test) == each.test
        assert len(each.testcd) <= 8
        assert len(each.test) <= 40
    cdisc = {
        domain: {term.code: term.value for term in terms()[f"{domain}TEST"]}
        for domain in ("FA", "VS", "NV")
    }
    for (domain, code), name in names.items():
        for term in terms()[f"{domain}TESTCD"]:
            if term.value == code:
                assert cdisc[domain][term.code] == name
    assert ("FA", "STEPSTN") in names
    assert {("NV", "TST"), ("NV", "WASO"), ("NV", "SE"), ("NV", "SOL")} <= names.keys()


@pytest.mark.parametrize("protocol", ["ldn-mecfs", "ldn-ms"])
def test_every_device_that_a_record_names_is_described(protocol: str) -> None:
    made = tabulate(twin(protocol))
    known = set(made["DI"].table["SPDEVID"].to_pylist())
    assert known == set(made["DR"].table["SPDEVID"].to_pylist())
    for name in ("FA", "VS", "NV", "DX"):
        if name in made and "SPDEVID" in made[name].table.column_names:
            assert set(made[name].table["SPDEVID"].to_pylist()) - {""} <= known
