"""Numbers of the analysis data sets, reckoned again from the tabulations by plain loops that know nothing of the code."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from typing import Any

import pytest
from twins import twin

from hometrial.exports.adam.data_sets import analyse
from hometrial.exports.sdtm.domains import tabulate

pytestmark = pytest.mark.long

Rows = list[dict[str, Any]]
W12, V1, V1B = 8, 2, 4
"""VISITNUM of visits of ldn-mecfs, by their place in its file."""


@cache
def study() -> tuple[dict[str, Rows], dict[str, Rows]]:
    tabulations = tabulate(twin("ldn-mecfs"))
    analyses = analyse(twin("ldn-mecfs"), tabulations)
    return (
        {name: made.table.to_pylist() for name, made in tabulations.items()},
        {name: made.table.to_pylist() for name, made in analyses.items()},
    )


def _day(written: str) -> date:
    return date.fromisoformat(written[:10])


def _people() -> dict[str, dict[str, Any]]:
    return {row["USUBJID"]: row for row in study()[0]["DM"]}


def _run_in(who: str) -> tuple[date, date]:
    own = sorted(
        (row for row in study()[0]["SE"] if row["USUBJID"] == who), key=lambda row: row["SESTDTC"]
    )
    place = next(n for n, row in enumerate(own) if row["ETCD"] == "RUN_IN")
    last = (
        _day(own[place + 1]["SESTDTC"]) - timedelta(1)
        if place + 1 < len(own)
        else _day(own[place]["SEENDTC"])
    )
    return _day(own[place]["SESTDTC"]), last


def _endpoint(name: str) -> Rows:
    """Return the rows of an endpoint as observed."""
    return [row for row in study()[1]["ADEFF"] if row["PARAMCD"] == name and not row["DTYPE"]]


def test_the_primary_change_is_that_of_the_two_visits() -> None:
    scores: dict[tuple[str, int], float] = {}
    for row in study()[0]["QS"]:
        if row["QSTESTCD"] == "FC27S09" and row["QSSTRESN"] is not None and row["VISITNUM"]:
            scores[row["USUBJID"], int(row["VISITNUM"])] = row["QSSTRESN"]
    held = {(row["USUBJID"], int(row["VISITNUM"])) for row in study()[0]["SV"] if row["SVSTDTC"]}
    rows = _endpoint("P1")
    assert len(rows) == sum(row["FASFL"] == "Y" for row in study()[1]["ADSL"]) > 2
    for row in rows:
        who = row["USUBJID"]
        before = V1B if (who, V1B) in held or (who, V1B) in scores else V1
        assert row["AVAL"] == scores.get((who, W12)), who
        assert row["BASE"] == scores.get((who, before)), who
        if row["AVAL"] is not None and row["BASE"] is not None:
            assert row["CHG"] == pytest.approx(row["AVAL"] - row["BASE"], abs=1e-12)
    assert any(row["CHG"] is not None for row in rows)


def _values(domain: str, code: str, who: str, **more: str) -> dict[date, float]:
    return {
        _day(row[f"{domain}DTC"]): row[f"{domain}STRESN"]
        for row in study()[0][domain]
        if row["USUBJID"] == who and row[f"{domain}TESTCD"] == code and row[f"{domain}STRESN"] is not None
        and all(row[name] == value for name, value in more.items())
    }  # fmt: skip


def _mean(values: dict[date, float], first: date, last: date, at_least: int) -> float | None:
    known = [value for day, value in values.items() if first <= day <= last]
    return sum(known) / len(known) if len(known) >= at_least else None


def _same(found: float | None, wanted: float | None) -> bool:
    return found is wanted if wanted is None or found is None else abs(found - wanted) < 1e-9


@pytest.mark.parametrize(
    ("endpoint", "domain", "code"), [("S6", "VS", "HRREST"), ("S7", "FA", "STEPSTN")]
)
def test_a_fortnight_s_mean_is_that_of_its_days(endpoint: str, domain: str, code: str) -> None:
    known = 0
    for row in _endpoint(endpoint):
        who = row["USUBJID"]
        values, first = _values(domain, code, who), _day(_people()[who]["RFXSTDTC"])
        begins, ends = _run_in(who)
        now = _mean(values, first + timedelta(70), first + timedelta(83), 7)
        before = _mean(values, max(begins, ends - timedelta(13)), ends, 7)
        assert _same(row["AVAL"], now), who
        assert _same(row["BASE"], before), who
        known += now is not None
    assert known


def test_weekly_means_and_days_are_those_of_the_week() -> None:
    rows = [
        row for row in study()[1]["ADWR"] if row["PARAMCD"] == "STEPSTN" and row["AVISITN"] != 0
    ]
    assert len(rows) > 30
    for row in rows:
        who, number = row["USUBJID"], int(row["AVISITN"])
        first = _day(_people()[who]["RFXSTDTC"]) + timedelta(
            7 * (number - 1 if number > 0 else number)
        )
        days = {
            day: value
            for day, value in _values("FA", "STEPSTN", who).items()
            if first <= day < first + timedelta(7)
        }
        assert row["NDAYS"] == len(days)
        assert _same(row["AVAL"], sum(days.values()) / len(days))
        weekend = sum(day.isoweekday() > 5 for day in days)
        assert (row["NWEEKEND"], row["VALWKFL"]) == (
            weekend,
            "Y" if len(days) >= 4 and weekend else "N",
        )
        assert row["ANL01FL"] == ("Y" if len(days) >= 4 else "")


def _doses() -> Iterator[tuple[str, date, float]]:
    times = {"QD": 1, "BID": 2, "TID": 3, "QID": 4}
    for row in study()[0]["EX"]:
        day = _day(row["EXSTDTC"])
        while day <= _day(row["EXENDTC"]):
            yield row["USUBJID"], day, row["EXDOSE"] * times[row["EXDOSFRQ"]]
            day += timedelta(1)


def test_exposure_is_the_sum_of_its_days() -> None:
    by_person: dict[str, list[float]] = defaultdict(list)
    for who, _, mg in _doses():
        by_person[who].append(mg)
    found = {(row["USUBJID"], row["PARAMCD"]): row["AVAL"] for row in study()[1]["ADEX"]}
    assert {who for who, _ in found} == set(by_person)
    for who, doses in by_person.items():
        assert found[who, "CUMDOSE"] == pytest.approx(sum(doses), abs=1e-9)
        assert found[who, "EXPDAYS"] == len(doses)
        assert found[who, "DAYS3MG"] == sum(mg >= 3 for mg in doses)
        assert found[who, "MAXDOSE"] == max(doses)
        assert found[who, "AVGDOSE"] == pytest.approx(sum(doses) / len(doses), abs=1e-9)


def test_the_dose_on_every_row_is_that_of_its_day() -> None:
    doses = {(who, day): mg for who, day, mg in _doses()}
    people, seen = _people(), 0
    for name in ("ADWD", "ADQS"):
        for row in study()[1][name]:
            if row["DTYPE"] == "AVERAGE":
                assert row["DOSEA"] is None
                continue
            first, last = (people[row["USUBJID"]][each] for each in ("RFXSTDTC", "RFXENDTC"))
            inside = bool(first) and _day(first) <= row["ADT"] <= _day(last)
            if not inside:
                assert row["DOSEA"] == 0, row
            elif (row["USUBJID"], row["ADT"]) in doses:
                assert row["DOSEA"] == doses[row["USUBJID"], row["ADT"]]
                seen += 1
            else:
                assert row["DOSEA"] in (0, None)
    assert seen > 500


def test_the_planned_dose_on_every_row_is_that_of_the_day_s_orders() -> None:
    source = twin("ldn-mecfs")
    planned = {
        (row["participant"], row["day"]): row["mg_planned"] for row in source.rows("dose_day")
    }
    seen = 0
    for name in ("ADWD", "ADQS", "ADLB"):
        for row in study()[1][name]:
            who = row["USUBJID"].removeprefix("LDN-MECFS-")
            wanted = None if row.get("DTYPE") else planned.get((who, row["ADT"])) or None
            assert _same(row["DOSEP"], wanted), row
            seen += wanted is not None
    assert seen > 500


def test_adherence_counts_the_doses_that_were_told() -> None:
    """Of each planned day by what is known of it: parts as ordered, taken from 0.8 of the amount on."""
    source, counted = twin("ldn-mecfs"), defaultdict[str, list[int]](lambda: [0, 0])
    orders: dict[str, Rows] = defaultdict(list)
    for row in sorted(source.rows("dose_order"), key=lambda row: (row["day"], row["number"])):
        orders[row["participant"]].append(row)
    for row in source.rows("dose_day"):
        if row["mg_planned"] and row["status"] != "unknown":
            order = [each for each in orders[row["participant"]] if each["day"] <= row["day"]][-1]
            parts, who = order["times_a_day"], f"LDN-MECFS-{row['participant']}"
            counted[who][0] += parts if row["status"] == "taken" else 0
            counted[who][1] += parts
    found = {(row["USUBJID"], row["PARAMCD"]): row["AVAL"] for row in study()[1]["ADEX"]}
    compliance = {row["USUBJID"]: row["TRCMP"] for row in study()[1]["ADSL"]}
    treated = {who for who, _ in found}
    assert len(treated) > 2
    for who in treated:
        taken, told = counted[who]
        assert (found[who, "DOSETAKN"], found[who, "DOSETOLD"]) == (taken, told)
        assert found[who, "ADHERE"] == compliance[who] == pytest.approx(100 * taken / told)


def test_the_own_baseline_of_the_resting_heart_rate_is_on_every_day() -> None:
    rows = [row for row in study()[1]["ADWD"] if row["PARAMCD"] == "HRREST"]
    for who in {row["USUBJID"] for row in rows}:
        begins, ends = _run_in(who)
        values = _values("VS", "HRREST", who)
        known = [
            value
            for day, value in values.items()
            if max(begins, ends - timedelta(13)) <= day <= ends
        ]
        mean = sum(known) / len(known) if len(known) >= 7 else None
        spread = (
            (sum((each - mean) ** 2 for each in known) / (len(known) - 1)) ** 0.5 if mean else None
        )
        for row in (row for row in rows if row["USUBJID"] == who):
            assert _same(row["BASE"], mean)
            assert _same(row["BASESD"], spread)
            if row["CHG"] is not None:
                assert _same(row["CHG"], row["AVAL"] - mean)


def test_adverse_events_under_treatment_are_counted_from_their_dates() -> None:
    people = _people()
    counted: dict[str, int] = defaultdict(int)
    for row in study()[1]["ADAE"]:
        first, last = (people[row["USUBJID"]][each] for each in ("RFXSTDTC", "RFXENDTC"))
        under = bool(first) and _day(first) <= row["ASTDT"] <= _day(last) + timedelta(28)
        assert (row["TRTEMFL"] == "Y") == under
        counted[row["USUBJID"]] += bool(first) and 0 <= (row["ASTDT"] - _day(first)).days <= 125
    rows = _endpoint("S11")
    assert rows
    for row in rows:
        assert row["AVAL"] == counted[row["USUBJID"]]
        assert row["CRIT1FL"] == ("Y" if row["AVAL"] else "N")
