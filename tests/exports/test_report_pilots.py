"""What the older pilots printed is printed here too, and what a protocol does not declare is said."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from piloted import POST, PRE, WHO, of_pilot
from reported import of_twin
from scipy import stats

from hometrial.exports.report import (
    adverse,
    asked_before,
    feasibility,
    halves,
    precedents,
    sensitivity,
)
from hometrial.exports.report.blocks import Paragraph, Section, Table
from hometrial.exports.report.effects import effects
from hometrial.exports.report.material import Material


def rows_of(section, caption):
    table = next(
        each
        for each in section.blocks
        if isinstance(each, Table) and each.caption.startswith(caption)
    )
    return table.rows


def recorded(section, name):
    number = next(each for each in section.numbers if each.name == name)
    return dict(vars(number)["values"])


def of_protocol(name, material=None):
    made = Section("primary", "")
    precedents.precedents(made, material or of_twin(name))
    return made


@pytest.fixture(scope="module")
def crohns():
    pilot = of_pilot()
    none = pilot.frame("ADAE").iloc[:0]
    pilot._frames.update(
        ADAE=none, ADSL=pilot.frame("ADSL").assign(RFICDT="2026-01-01", EOSSTT="COMPLETED")
    )
    return of_protocol("ldn-crohns", pilot)


def test_the_pilot_of_crohns_disease_is_printed_with_standard_errors_and_every_share_with_its_n(
    crohns,
):
    here = [row[2] for row in rows_of(crohns, "What Smith 2007")]
    cdai = next(each for each in here if each.startswith("P1"))
    before, after = (np.array(each, dtype=float) for each in (PRE, POST))
    found = recorded(crohns, "pilot: P1")
    assert found["se_base"] == pytest.approx(stats.sem(before), abs=1e-9)
    assert found["se_aval"] == pytest.approx(stats.sem(after), abs=1e-9)
    assert (
        f"before {before.mean():.0f} (SE {stats.sem(before):.1f}), then {after.mean():.0f}" in cdai
    )
    assert any(each.startswith("S2") and "15/17 (88.2 %; 63.6 to 98.5)" in each for each in here)
    assert any(each.startswith("S3") and "11/17 (64.7 %; 38.3 to 85.8)" in each for each in here)
    assert any("stopped the drug: 0/17" in each for each in here)


def test_a_percentage_that_is_none_of_so_many_people_is_not_compared(crohns):
    said = [each.text for each in crohns.blocks if isinstance(each, Paragraph)]
    assert any("89 % response of 17 people: no k of 17 gives that" in each for each in said)
    assert any("8/9 or 16/18" in each for each in said)
    assert any("67 % remission" in each and "12/18" in each for each in said)


def test_what_a_protocol_does_not_declare_is_said_and_not_passed_over():
    here = {row[0]: row[2] for row in rows_of(of_protocol("ldn-ms"), "What Gironi 2008")}
    for each in ("Pain", "Fatigue", "Quality of life"):
        assert here[each] == precedents.NOT_DECLARED
    assert here["Depression"].startswith("PHQ-8 is asked and is no endpoint of this protocol")
    assert "site 01" in here["By centre"]
    assert here["Beta-endorphin before and after"].startswith("S2")
    assert not of_protocol("ldn-mecfs").blocks


def test_dreams_and_sleep_of_the_drug_are_counted_by_person():
    made, material = of_protocol("ldn-crohns"), of_twin("ldn-crohns")
    row = next(row for row in rows_of(made, "What Smith") if row[0] == "Sleep disturbance")
    rows = adverse.Events(material).emergent
    terms = {"trouble_sleeping", "vivid_dreams", "nightmares"}
    k = len({who for who, term in zip(rows["SUBJID"], rows["term"], strict=True) if term in terms})
    assert f"{k}/{len(material.population('SAF'))}" in row[2]


def test_test_and_retest_of_the_run_in_is_the_icc_of_a_two_way_analysis_of_variance():
    material = of_twin("ldn-mecfs")
    effect = next(each for each in effects(material) if each.endpoint.outcome == "steps")
    both = halves.halves(material, effect)
    assert len(both) >= 3
    long = both.reset_index().melt("index", value_name="y", var_name="half")
    anova = sm.stats.anova_lm(smf.ols("y ~ C(index) + C(half)", long).fit())
    rows, columns, rest = anova["mean_sq"]
    n = len(both)
    icc = (rows - rest) / (rows + rest + 2 * (columns - rest) / n)
    made = Section("responders", "")
    table = halves._row(made, material, effect)
    if n >= halves.FEWEST:
        found = recorded(made, f"{effect.endpoint.id} run-in")
        assert found["icc"] == pytest.approx(icc, abs=1e-9)
        limit = 1.959963984540054 * np.sqrt(2) * both["second"].std() * np.sqrt(1 - icc)
        assert found["limit"] == pytest.approx(limit, rel=1e-9)
    else:
        assert table[2] == "–"


def test_the_note_on_size_says_what_it_is_reckoned_from():
    said = feasibility._precision(24)
    assert "n = 33.4, so 34 pairs" in said
    assert "12/24 reaches from 29.1 to 70.9 %" in said
    assert "above 11.7 % (one-sided 95 %)" in said


def test_the_sensitivity_of_who_is_counted_takes_the_rows_of_the_data_set():
    old, chance = of_twin("ldn-crohns"), np.random.default_rng(2)
    seen = [
        {"SUBJID": who, "BASE": 300.0, "AVAL": float(chance.normal(220, 30)), "ANL01FL": "Y", "DTYPE": ""}
        for who in WHO[:14]
    ]  # fmt: skip
    made_rows = [
        {"SUBJID": who, "BASE": 300.0, "AVAL": value, "ANL01FL": "", "DTYPE": dtype}
        for who in WHO[14:]
        for dtype, value in (("LOCF", 280.0), ("BOCF", 300.0))
    ]
    frame = pd.DataFrame(seen + made_rows).assign(PARAMCD="P1", PARAM="P1", ADT=None, IMPNUM=np.nan)
    frame["CHG"] = frame["AVAL"] - frame["BASE"]
    material = Material(old.source, old.tabulations, old.analyses, old.standing)
    people = pd.DataFrame({"SUBJID": WHO}).assign(
        FASFL="Y", SAFFL="Y", ENRLFL="Y", EOTSTT="COMPLETED"
    )
    material._frames.update(ADEFF=frame, ADSL=people)
    made = Section("missing", "")
    sensitivity.print_all(made, material, effects(material)[0])
    told = {row[0]: row for row in rows_of(made, "P1: sensitivity")}
    assert [told[each][1] for each in told] == ["14", "14", "17", "17"]
    d = [row["AVAL"] - 300.0 for row in seen]
    for name, value in (
        ("Last value carried forward (LOCF)", -20.0),
        ("Baseline carried forward (BOCF)", 0.0),
    ):
        all_of = [*d, value, value, value]
        limits = stats.ttest_1samp(all_of, 0).confidence_interval()
        found = recorded(made, f"P1 {name}")
        assert found["mean"] == pytest.approx(np.mean(all_of), abs=1e-9)
        assert (found["low"], found["high"]) == pytest.approx((limits.low, limits.high), abs=1e-9)
    assert rows_of(made, "P1: tipping point, 3 people")


def test_what_is_customarily_told_of_people_and_nobody_was_asked_is_said():
    assert asked_before.unasked(of_twin("ldn-mecfs")) == [
        "how the illness began",
        "other illnesses",
    ]
    assert "what help people expect" in asked_before.unasked(of_twin("ldn-crohns"))
    told = dict(asked_before.scores(of_twin("ldn-mecfs")))
    assert any(each.startswith("Expected help") for each in told)
    assert any(each.startswith("PHQ-9") for each in told)
