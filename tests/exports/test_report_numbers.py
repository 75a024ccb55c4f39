"""What the report prints of an endpoint equals the published vectors, and other libraries by hand to 1e-9."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from piloted import AFTER, POST, PRE, of_pilot
from reported import STANDING, of_twin
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from hometrial.exports.adam import time_to_event
from hometrial.exports.report import (
    adverse,
    after,
    changes,
    counted,
    exposure,
    feasibility,
    modelled,
)
from hometrial.exports.report.blocks import Section, Table
from hometrial.exports.report.effects import effects
from hometrial.exports.report.material import Material
from hometrial.exports.report.saying import number, p_value


@pytest.fixture(scope="module")
def pilot():
    return of_pilot()


def printed(section, caption):
    found = next(
        each
        for each in section.blocks
        if isinstance(each, Table) and each.caption.startswith(caption)
    )
    return {row[0]: row[1] for row in found.rows}


def recorded(section, name):
    number = next(each for each in section.numbers if each.name == name)
    return dict(vars(number)["values"])


def test_the_primary_endpoint_of_the_crohns_pilot_is_printed_as_the_vectors_say(pilot):
    made = Section("primary", "")
    changes.detailed(made, pilot, effects(pilot)[0], tested=True)
    said = printed(made, "P1")
    assert said["Mean change (95 % CI, paired t)"] == "−163 (−188 to −138)"
    assert said["Paired t, t(16)"] == "−13.83, p < 0.001"
    assert said["Standardised (d_z is also the SRM)"] == "d_z −3.35; g_z −3.19; d_av −2.50"
    shift = next(cell for label, cell in said.items() if label.startswith("Hodges-Lehmann"))
    assert shift == "−168 (−187 to −144)"
    assert recorded(made, "P1 shift")["estimate"] == -167.5
    d = np.array(POST) - np.array(PRE)
    found = recorded(made, "P1 mean change")
    half = stats.t.ppf(0.975, 16) * d.std(ddof=1) / np.sqrt(17)
    assert (found["low"], found["high"]) == pytest.approx(
        (d.mean() - half, d.mean() + half), abs=1e-9
    )
    assert found["p"] == pytest.approx(stats.ttest_1samp(d, 0).pvalue, rel=1e-9)
    drawn = recorded(made, "P1 bootstrap")
    assert (drawn["low"], drawn["high"]) == pytest.approx((-182.88, -136.53), abs=1)
    assert drawn["seed"] == 20261123


def test_responses_and_remission_are_printed_with_k_of_n(pilot):
    made = Section("responders", "")
    counted.responses(
        made, [each for each in effects(pilot) if each.kind == "responder"], "Responders"
    )
    said = printed(made, "Responders")
    for name, k in (("S1 S1", 16), ("S2 S2", 15), ("S3 S3", 11)):
        low, high = proportion_confint(k, 17, 0.05, "beta")
        assert said[name] == f"{k}/17 ({100 * k / 17:.1f} %; {100 * low:.1f} to {100 * high:.1f})"
    found = recorded(made, "S1 observed")
    low, high = proportion_confint(16, 17, 0.05, "beta")
    assert (found["low"], found["high"]) == pytest.approx((low, high), abs=1e-9)


def test_who_still_responds_off_the_drug_is_compared_within_people(pilot):
    made = after.section(pilot)
    table = printed(made, "S2 ")
    on = [pre - post >= 100 for pre, post in zip(PRE, POST, strict=True)]
    off = [pre - later >= 100 for pre, later in zip(PRE, AFTER, strict=True)]
    lost = sum(a and not b for a, b in zip(on, off, strict=True))
    gained = sum(b and not a for a, b in zip(on, off, strict=True))
    assert lost > 0
    assert table["On the drug"].startswith(f"{sum(on)}/17 (")
    assert table["On, but not off"].startswith(f"{lost}/17 (")
    p = stats.binomtest(min(lost, gained), lost + gained).pvalue
    assert recorded(made, "S2 McNemar")["p"] == pytest.approx(p, abs=1e-9)


def test_nine_people_are_given_no_interval(pilot):
    few = dataclasses.replace(effects(pilot)[0], told=effects(pilot)[0].told.iloc[:9])
    made = Section("primary", "")
    changes.detailed(made, pilot, few, tested=True)
    assert set(printed(made, "P1")) == {
        "People with both values", "Before, median (range)", "At the time, median (range)", "Change, median (range)",
    }  # fmt: skip
    assert not [each for each in made.numbers if "p" in recorded(made, each.name)]


def arms(n=20):
    chance = np.random.default_rng(5)
    before = chance.normal(2.2, 0.9, n)
    arm = np.where(np.arange(n) % 2 == 0, "Immediate start", "Delayed start")
    now = 0.3 + 0.9 * before + 0.4 * (arm == "Immediate start") + chance.normal(0, 0.3, n)
    who = [f"P-{each:05}" for each in range(n)]
    effect = pd.DataFrame(
        {
            "SUBJID": who,
            "PARAMCD": "S9",
            "PARAM": "S9",
            "AVAL": now,
            "BASE": before,
            "CHG": now - before,
            "ANL01FL": "Y",
            "DTYPE": "",
        }
    )
    people = pd.DataFrame({"SUBJID": who, "ARM": arm, "FASFL": "Y", "SAFFL": "Y"})
    old = of_twin("ldn-mecfs")
    made = Material(old.source, old.tabulations, old.analyses, old.standing)
    made._frames.update(ADEFF=effect, ADSL=people)
    return made, pd.DataFrame(
        {"arm": (arm == "Immediate start") * 1.0, "before": before, "after": now}
    )


def test_the_contrast_of_a_delayed_start_is_an_ancova_with_hc3_of_immediate_minus_delayed():
    material, plain = arms()
    made = Section("primary", "")
    contrast = next(each for each in effects(material) if each.kind == "between")
    modelled.contrast(made, material, contrast)
    fitted = smf.ols("after ~ arm + before", plain).fit(cov_type="HC3", use_t=True)
    found = recorded(made, "S9 between arms")
    assert found["estimate"] == pytest.approx(fitted.params["arm"], abs=1e-9)
    assert (found["low"], found["high"]) == pytest.approx(
        tuple(fitted.conf_int().loc["arm"]), abs=1e-9
    )
    assert found["estimate"] > 0
    assert any(
        "Immediate start minus Delayed start" in getattr(each, "text", "") for each in made.blocks
    )


def test_doses_are_reached_on_the_days_that_adtte_says():
    for protocol in ("ldn-mecfs", "ldn-ms"):
        material = of_twin(protocol)
        table = material.frame("ADTTE")
        reached = table[(table["PARAMCD"] == "T3MG") & (table["CNSR"] == 0)]
        assert len(reached)
        own = exposure.first_reached(material, time_to_event.MARK_MG)
        assert dict(zip(reached["SUBJID"], reached["ADT"], strict=True)) == own


def test_half_reach_a_dose_when_the_curve_of_kaplan_and_meier_falls_to_a_half():
    times, happened = [4, 8, 8, 12, *[16] * 6], [True, True, False, True, *[False] * 6]
    assert exposure.median_time(times, happened) is None
    assert exposure.median_time([2, 3, 5, 9], [True, True, True, False]) == 3


def test_an_event_that_was_there_at_the_same_grade_is_no_event_of_the_drug():
    material = of_twin("ldn-mecfs")
    events = adverse.Events(material)
    told = events.all[(events.all["TRTEMFL"] == "Y") & (events.all["term"] != "")]
    before = {}
    for row in material.source.rows("baseline_symptom"):
        key = (row["participant"], row["term"])
        before[key] = max(before.get(key, 0), row["grade"] or 0)
    assert not told.empty
    for _, row in told.iterrows():
        known = before.get((row["SUBJID"], row["term"]), 0)
        assert row["emergent"] == (row["grade"] > known)
    assert 0 < len(events.emergent) < len(events.all)
    # Exposure at each dose, and in both stretches of time, adds up to all of it where every day is known.
    assert events.weeks_from(1, 14) + events.weeks_from(15, None) == pytest.approx(
        events.weeks, abs=1e-9
    )
    unknown = sum(row["status"] == "unknown" for row in material.source.rows("dose_day")) / 7
    assert sum(events.weeks_at().values()) == pytest.approx(
        events.weeks - unknown, abs=unknown + 1e-9
    )


def test_days_are_judged_by_the_mean_of_the_persons_shares():
    found = feasibility.of_days({"a": (7, 10), "b": (9, 10), "c": (28, 30)})
    shares = np.array([0.7, 0.9, 28 / 30])
    half = stats.t.ppf(0.975, 2) * shares.std(ddof=1) / np.sqrt(3)
    assert found.share == pytest.approx(shares.mean(), abs=1e-12)
    assert dict(found.values)["low"] == pytest.approx(shares.mean() - half, abs=1e-9)
    assert found.high == min(1.0, shares.mean() + half)
    assert found.said.startswith("44/50 (88.0 %) days")


def test_numbers_and_p_values_are_said_as_the_house_says_them():
    assert [p_value(each) for each in (0.0004, 0.003, 0.0456, 0.5)] == [
        "p < 0.001", "p = 0.003", "p = 0.046", "p = 0.50",
    ]  # fmt: skip
    assert [number(each) for each in (-0.0001, 1234.5, 12.34, 3.0, float("nan"))] == [
        "0.00", "1,234", "12.3", "3", "–",
    ]  # fmt: skip
    assert STANDING.kind == "twin"
