"""Who was told to stop, and who failed before a consent, from the source rows to the analysis data sets and the flow."""

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from twins import twin

from hometrial.exports.report import flow, flow_section
from hometrial.exports.report.drawing import Words
from hometrial.exports.report.material import Standing, material
from hometrial.exports.source.reading import Source
from hometrial.exports.source.tables import BY_NAME

FAILED, STOPPED, PAUSED = "A-1", "A-2", "A-3"
DAY_1 = date(2026, 3, 1)
_MG = {"mg": 1.5, "times_a_day": 1, "formulation": "cap", "route": "oral", "actor": "staff", "step": 1}  # fmt: skip


def _day(number):
    return DAY_1 + timedelta(number - 1)


def _orders(*told):
    return [
        {"number": place, "kind": kind, "day": _day(day), "why": why, "actor": "staff",
         "ordered": f"{_day(day)}T09:00:00+00:00", **({} if kind in ("stop", "hold") else _MG)}
        for place, (kind, day, why) in enumerate(told, start=1)
    ]  # fmt: skip


def _dosed(taken, last):
    """Return days of a dose that was taken on some and not planned on the others."""
    return [
        {"id": f"{_day(each)}", "day": _day(each), "mg_planned": 1.5 * has, "mg_least": 1.5 * has, "mg_most": 1.5 * has,
         "formulation": "cap", "status": "taken" if has else "not_planned"}
        for each in range(1, last + 1)
        for has in (each in taken,)
    ]  # fmt: skip


def _entered():
    return {
        "participant": [{"site": "01", "status": "enrolled"}],
        "consent_signature": [{"part": "participant", "document": "main", "version": "1.0.0", "kind": "electronic",
                               "signed": "2026-01-05T10:00:00+00:00"}],
        "screening": [{"number": 1, "outcome": "eligible", "decided": "2026-02-20T09:00:00+00:00"}],
        "anchor": [{"anchor": "run_in_end", "day": _day(0)}, {"anchor": "first_dose", "day": DAY_1}],
        "epoch": [{"id": "treat", "epoch": "treat", "number": 3, "first": DAY_1, "last": None}],
    }  # fmt: skip


LIVES = {
    FAILED: {
        "participant": [{"site": "01", "status": "screen_failure"}],
        "screening": [{"number": 1, "outcome": "screen_failure", "failing": "E1", "decided": "2026-02-20T09:00:00+00:00"}],
    },
    STOPPED: {
        **_entered(),
        "dose_order": _orders(("start", 1, "first dose"), ("stop", 11, "withdrawn")),
        "dose_day": _dosed(range(1, 11), 60),
    },
    PAUSED: {
        **_entered(),
        "dose_order": _orders(("start", 1, "first dose"), ("stop", 11, "ill"), ("restart", 18, "well")),
        "dose_day": _dosed([*range(1, 11), *range(18, 61)], 60),
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def told():
    whole = twin("ldn-crohns")
    made = {name: table.slice(0, 0) for name, table in whole.tables.items()}
    made |= {name: whole.table(name) for name in ("protocol_version", "instrument", "site")}
    for who, tables in LIVES.items():
        for name, rows in tables.items():
            own = [{**row, "id": f"{who}/{name}/{place}", "participant": who} for place, row in enumerate(rows)]  # fmt: skip
            own = [{**row, "id": who} for row in own] if name == "participant" else own
            made[name] = pa.concat_tables([made[name], BY_NAME[name].table(own)])
    return material(Source(made), Standing("draft", "x", datetime(2027, 5, 1, tzinfo=UTC), "1"))


def _stop(told, who):
    rows = told.frame("ADTTE")
    [row] = rows[(rows["PARAMCD"] == "TSTOP") & rows["USUBJID"].str.endswith(who)].to_dict("records")  # fmt: skip
    return row


def test_a_stop_that_nobody_took_up_again_ended_the_treatment(told):
    person, stop = told.persons[STOPPED], _stop(told, STOPPED)
    assert (person["EOTSTT"], person["DCTREAS"]) == ("DISCONTINUED", "PHYSICIAN DECISION")
    assert person["EOSSTT"] == "ONGOING"
    assert person["TRTEDT"] == _day(10)
    assert (stop["CNSR"], stop["AVAL"], stop["EVNTDESC"]) == (0, 10, "STOPPED: PHYSICIAN DECISION")
    assert STOPPED in flow.flow(told).ends["Ongoing, stopped the drug"]


def test_a_stop_that_was_taken_up_again_was_an_interruption(told):
    person, stop = told.persons[PAUSED], _stop(told, PAUSED)
    assert (person["EOTSTT"], stop["CNSR"]) == ("ONGOING", 1)
    exposure = told.frame("ADEX")
    held = exposure[(exposure["PARAMCD"] == "HELDDAYS") & exposure["USUBJID"].str.endswith(PAUSED)]
    assert list(held["AVAL"]) == [7]
    intervals = told.tabulations["EX"].table.to_pandas()
    own = intervals[intervals["USUBJID"].str.endswith(PAUSED)]
    assert list(own["EXADJ"]) == ["", "RESTART AFTER INTERRUPTION"]


def test_a_failure_decided_before_a_consent_is_among_the_decided_with_its_reason(told):
    found = flow.flow(told)
    stages = {each.name: each for each in found.stages}
    assert FAILED in stages["Consented (ENR), or screened before consent"].people
    assert FAILED in stages["Screened, decided"].people
    assert stages["Screened, decided"].leavers[FAILED] == "screening failure, E1"
    assert FAILED in found.ends["Left: screen failure"]
    assert "Registered, not consented" not in found.ends


def test_the_drawing_cuts_no_word_and_names_run_into_no_count(told):
    found = flow.flow(told)
    drawn = flow_section.drawn(found)
    words = [each for each in drawn.shapes if isinstance(each, Words)]
    said = " ".join(each.text for each in words)
    for stage in found.stages:
        assert all(part in said for part in stage.name.split())
        for line in flow.said(stage.reasons):
            assert all(part in said for part in line.split())
    letter = 0.54  # of the size: how wide a letter of the report's typeface is in the mean
    counts = [each for each in words if each.anchor == "end"]
    for count in counts:
        left = count.x - letter * count.size * len(count.text)
        beside = [each for each in words if each.y == count.y and each.x < left]
        assert all(each.x + letter * each.size * len(each.text) < left for each in beside)
    assert all(
        each.x + letter * each.size * len(each.text) < drawn.width
        for each in words
        if each.anchor == "start"
    )
