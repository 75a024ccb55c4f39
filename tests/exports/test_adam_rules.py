"""The rules of analysis data sets on tabulations made by hand: doses, dates, windows, means, sets, responders."""

from typing import Any

import pandas as pd
import pytest
from protocols import shipped
from tabulated import (
    WHO,
    analysed,
    cdai,
    crohns,
    day,
    elements,
    numbers,
    ordered,
    person,
    score,
    taken,
    told,
    trial,
)

from hometrial.errors import ExportRefusedError
from hometrial.exports.adam import adverse_events, exposure, questionnaires, subject_level, visits
from hometrial.exports.adam.dosing import Doses
from hometrial.exports.adam.questionnaires import week
from hometrial.exports.adam.trial import Trial

pytestmark = pytest.mark.long


def _treated(until: int, **tabulations: Any) -> Trial:
    return trial("ldn-mecfs", DM=[person(shipped("ldn-mecfs"), RFXENDTC=day(until))], **tabulations)


def _summary(of: Trial) -> pd.Series:
    return exposure.summary(of, Doses(of)).loc[WHO]


def test_the_dose_of_a_day_is_taken_missed_or_unknown_but_never_guessed() -> None:
    plan = [ordered(1, 5, 0.5), ordered(6, 7, 1.5, "BID")]
    words = [told(1, 3, 0.5), told(4, 4, None), told(6, 7, 1.5, "BID")]
    of = _treated(7, EX=[taken(1, 3, 0.5), taken(6, 7, 1.5, "BID")], EC=[*plan, *words])
    asked = pd.DataFrame(
        {"USUBJID": WHO, "ADT": pd.to_datetime([day(n) for n in (-1, 1, 3, 4, 5, 6, 7, 8)])}
    )
    found = Doses(of).on(asked).tolist()
    assert found[:4] == [0, 0.5, 0.5, 0]
    assert pd.isna(found[4]), "nobody told of day 5"
    assert found[5:] == [3.0, 3.0, 0]
    told_of = _summary(of)
    assert told_of[["TRTDUR", "EXPDAYS", "MISSDAYS", "UNKDAYS"]].tolist() == [7, 5, 1, 1]
    assert told_of["CUMDOSE"] == 0.5 * 3 + 3 * 2
    assert told_of[["DOSETAKN", "DOSETOLD"]].tolist() == [7, 8], "two a day on days 6 and 7"
    assert told_of["ADHERE"] == pytest.approx(100 * 7 / 8)
    assert told_of["DOSMAINT"] == 0.5, "three days of 0.5 mg against two of 3 mg"


def test_a_day_on_which_the_drug_was_held_is_known_and_was_not_missed() -> None:
    why = {
        "RDOMAIN": "EC", "IDVAR": "ECSEQ", "IDVARVAL": "1", "QNAM": "MISSEDRS", "QLABEL": "x", "QVAL": "HELD BY ORDER",
    }  # fmt: skip
    plan = [ordered(1, 3, 0.5), ordered(6, 7, 0.5)]
    words = [told(4, 5, None), told(1, 3, 0.5), told(7, 7, 0.5)]
    of = _treated(7, EX=[taken(1, 3, 0.5), taken(7, 7, 0.5)], EC=[*words, *plan], SUPPEC=[why])
    asked = pd.DataFrame({"USUBJID": WHO, "ADT": pd.to_datetime([day(4), day(5), day(6)])})
    found = Doses(of).on(asked).tolist()
    assert found[:2] == [0, 0]
    assert pd.isna(found[2])
    told_of = _summary(of)
    assert told_of[["MISSDAYS", "HELDDAYS", "UNKDAYS", "ADHERE"]].tolist() == [0, 2, 1, 100]


@pytest.mark.parametrize(
    ("words", "counted"),
    [
        ([told(1, 1, 7.5), told(1, 1, None)], [1, 2, 0]),  # the morning taken, the evening missed
        ([told(1, 1, 7.5)], [1, 1, 1]),  # nobody told of the evening
        ([told(1, 1, 7.5, "BID")], [2, 2, 0]),
        ([told(1, 1, 15.0)], [2, 2, 0]),  # both at once
        ([told(1, 1, 11.9), told(1, 1, None)], [1, 2, 0]),  # less than 0.8 of the day's amount
        ([told(1, 1, 12.0), told(1, 1, None)], [2, 2, 0]),
        ([told(1, 1, 5.0)], [0, 1, 1]),  # less than 0.8 of one dose
        ([told(1, 1, None)], [0, 2, 0]),
    ],
)
def test_adherence_counts_doses_and_not_days(
    words: list[dict[str, Any]], counted: list[int]
) -> None:
    of = _treated(1, EX=[taken(1, 1, 7.5)], EC=[ordered(1, 1, 7.5, "BID"), *words])
    told_of = _summary(of)
    assert told_of[["DOSETAKN", "DOSETOLD", "UNKDAYS"]].tolist() == counted
    assert told_of["ADHERE"] == pytest.approx(100 * counted[0] / counted[1])


def test_days_that_are_bridged_are_unknown_and_missed_ones_after_the_last_dose_count() -> None:
    words = [told(1, 2, 4.5), told(6, 6, 4.5), told(7, 9, None)]
    of = _treated(6, EX=[taken(1, 6, 4.5)], EC=[ordered(1, 10, 4.5), *words])
    told_of = _summary(of)
    assert told_of[["EXPDAYS", "MISSDAYS", "UNKDAYS"]].tolist() == [6, 0, 3]
    assert told_of[["DOSETAKN", "DOSETOLD"]].tolist() == [3, 6]


def test_a_solution_is_counted_by_its_milligrams() -> None:
    liquid = told(1, 1, 2.25) | {"ECDOSU": "mL", "ECPSTRG": 2.0, "ECPSTRGU": "g/L"}
    of = _treated(1, EX=[taken(1, 1, 4.5)], EC=[ordered(1, 1, 4.5), liquid])
    assert _summary(of)["ADHERE"] == 100


def test_the_planned_dose_of_a_day_is_the_sum_of_all_that_was_ordered_for_it() -> None:
    plan = [
        ordered(1, 3, 1.5),
        ordered(4, 6, 7.5, "BID"),
        ordered(7, 8, 6.0),
        ordered(7, 8, 3.0),
        ordered(10, 11, 3.0),
    ]
    of = _treated(11, EX=[taken(1, 11, 1.5)], EC=plan)
    days_asked = (-1, 1, 3, 4, 6, 7, 8, 9, 10, 11, 12)
    asked = pd.DataFrame(
        {"USUBJID": WHO, "ADT": pd.to_datetime([day(number) for number in days_asked])}
    )
    found = Doses(of).ordered_on(asked)
    assert found.fillna(-1).tolist() == [-1, 1.5, 1.5, 15, 15, 9, 9, -1, 3, 3, -1]


@pytest.mark.parametrize("often", ["", "UNKNOWN"])
def test_a_dose_without_a_known_frequency_is_refused_and_its_row_named(often: str) -> None:
    of = _treated(1, EX=[taken(1, 1, 4.5), taken(2, 2, 4.5, often)])
    with pytest.raises(ExportRefusedError, match=r"EX row 2 \(S-A-1, from .*\): EXDOSFRQ is '"):
        Doses(of).taken  # noqa: B018 - it is reckoned when asked for
    of = _treated(1, EC=[told(1, 1, 4.5, often)])
    with pytest.raises(ExportRefusedError, match=r"EC row 1 .* ECDOSFRQ is '"):
        Doses(of).heard  # noqa: B018


@pytest.mark.parametrize(
    ("start", "stop", "began", "flag", "under"),
    [
        (day(3), "", day(3), "", "Y"),
        (day(-1), "", day(-1), "", ""),
        ("2026-03", "", day(1), "D", "Y"),  # the month of the first dose
        ("2026-03", "2026-03-01", "2026-03-01", "D", ""),  # but over before it
        ("2026-02", "", "2026-02-01", "D", ""),
        ("2026", "", day(1), "M", "Y"),
        ("2025", "", "2025-01-01", "M", ""),
        ("", "", day(1), "Y", "Y"),
        (day(128), "", day(128), "", "Y"),  # 28 days after the last dose of day 100
        (day(129), "", day(129), "", ""),
    ],
)
def test_a_partial_start_counts_as_under_treatment_if_it_may_be(
    start: str, stop: str, began: str, flag: str, under: str
) -> None:
    of = trial(
        "ldn-mecfs",
        EX=[taken(1, 100, 1.5)],
        AE=[{"AETERM": "Headache", "AEDECOD": "HEADACHE", "AESTDTC": start, "AEENDTC": stop}],
    )
    row = adverse_events.rows(of, Doses(of)).iloc[0]
    assert (row["ASTDT"].date().isoformat(), row["ASTDTF"], row["TRTEMFL"]) == (began, flag, under)
    assert row["ASEV"] == "SEVERE", "a severity that nobody told is not made lighter"
    assert row["AREL"] == "RELATED"


@pytest.mark.parametrize(
    ("told", "grade", "severity"),
    [("MILD", "3", "MILD"), ("", "1", "MILD"), ("", "2", "MODERATE"), ("", "4", "SEVERE")],
)
def test_the_grade_tells_the_severity_of_whom_nobody_told_it(
    told: str, grade: str, severity: str
) -> None:
    of = trial("ldn-mecfs", EX=[taken(1, 100, 1.5)], AE=[
        {"AETERM": "A", "AEDECOD": "A", "AESTDTC": day(3), "AESEV": told, "AETOXGR": grade}
    ])  # fmt: skip
    assert adverse_events.rows(of, Doses(of)).iloc[0]["ASEV"] == severity


def test_a_partial_end_is_the_latest_day_but_not_after_the_last_contact() -> None:
    of = trial("ldn-mecfs", EX=[taken(1, 100, 1.5)], AE=[
        {"AETERM": "A", "AEDECOD": "A", "AESTDTC": day(3), "AEENDTC": written} for written in ("2026-03", "2026", "")
    ])  # fmt: skip
    found = adverse_events.rows(of, Doses(of))
    assert [str(each.date()) for each in found["AENDT"][:2]] == ["2026-03-31", day(120)]
    assert pd.isna(found["AENDT"].iloc[2])
    assert found["AENDTF"].tolist() == ["D", "M", ""]
    assert found["DOSEON"].tolist() == [1.5] * 3


def test_a_record_equally_far_from_two_visits_goes_to_the_later() -> None:
    """W12 is due on study day 85 to 92 at most, W14 on day 99 from 96 on: put side by side, day 92 is a week from both."""
    of = trial("ldn-mecfs", EX=[taken(1, 100, 1.5)])
    number = numbers("ldn-mecfs")
    due = visits.windows(of)
    due.loc[due["VISITNUM"] == number["W14"], "lo"] -= pd.Timedelta(days=5)
    loose = {"PARAM": "x", "PARAMCD": "P", "USUBJID": WHO, "VISITNUM": None, "SRCSEQ": 1.0}
    at = [(number["W12"], 85), (number["W14"], 99), (None, 91), (None, 92)]
    rows = pd.DataFrame([loose | {"VISITNUM": visit, "ADT": day(on)} for visit, on in at])
    rows = rows.astype({"VISITNUM": "float64", "ADT": "datetime64[s]"})
    found = visits.placed(
        rows, of, rows.dropna()[["PARAMCD", "VISITNUM"]], pd.Series(False, rows.index)
    )
    assert found["AVISITN"].tolist()[2:] == [number["W12"], number["W14"]]


def test_of_several_records_of_a_visit_the_nearest_counts_and_of_equally_near_ones_the_later() -> (
    None
):
    number = numbers("ldn-mecfs")
    w4 = number["W4"]  # planned 28 days after the first dose: study day 29, window 26 to 33
    of = trial("ldn-mecfs", EX=[taken(1, 100, 1.5)], QS=[
        score(day(27), 1.0, w4), score(day(31), 2.0, w4), score(day(40), 3.0, w4), score(day(58), 4.0, number["W8"]),
    ])  # fmt: skip
    found = questionnaires.rows(of)
    assert found["AVISIT"].tolist() == ["Week 4"] * 3 + ["Week 8"]
    assert found["ANL01FL"].tolist() == ["", "Y", "", "Y"]
    assert found[["AWTARGET", "AWLO", "AWHI"]].iloc[0].tolist() == [29, 26, 33]
    assert found["AWTDIFF"].tolist() == [2, 2, 11, 1]


def test_a_record_of_no_visit_goes_to_the_visit_in_whose_window_it_lies() -> None:
    number = numbers("ldn-mecfs")
    of = trial("ldn-mecfs", EX=[taken(1, 100, 1.5)], QS=[
        score(day(29), 1.0, number["W4"]), score(day(33), 2.0), score(day(34), 3.0), score(day(30), 4.0, 6.01),
    ])  # fmt: skip
    found = questionnaires.rows(of).sort_values("AVAL")
    assert found["AVISIT"].tolist() == ["Week 4", "Week 4", "", "Week 4"]
    assert found["ANL01FL"].tolist() == ["Y", "", "", ""]


def fatigue(number: int, value: float, clock: str = "T21:00") -> dict[str, Any]:
    return {**score(day(number) + clock, value, code="LMD05"), "QSCAT": "LDN ME DIARY"}


def diary(*rows: dict[str, Any]) -> pd.DataFrame:
    protocol = shipped("ldn-mecfs")
    of = trial(
        "ldn-mecfs",
        SE=elements(protocol, ("run_in", -20, -1), ("titrate", 1, 70)),
        EX=[taken(1, 100, 1.5)],
        QS=list(rows),
    )
    return analysed(of)["ADQS"]


def test_a_week_needs_four_days_and_there_is_no_week_zero() -> None:
    three = [fatigue(n, 5) for n in (1, 3, 7)]
    four = [fatigue(n, value) for n, value in ((8, 2), (9, 4), (10, 6), (14, 8))]
    before = [fatigue(n, 3) for n in (-7, -5, -3, -1)]
    found = diary(*before, *three, *four)
    weeks = found[found["DTYPE"] == "AVERAGE"]
    assert dict(zip(weeks["AVISIT"], weeks["AVAL"], strict=True)) == {
        "Study Week -1": 3.0,
        "Study Week 2": 5.0,
    }
    assert weeks["NDAYS"].tolist() == [4, 4]
    assert week(pd.Series([-8.0, -7, -1, 1, 7, 8])).tolist() == [-2, -1, -1, 1, 1, 2]


def test_the_own_baseline_is_the_mean_of_the_last_fourteen_days_of_the_run_in_if_seven_are_known() -> (
    None
):
    early = [
        fatigue(n, 10) for n in (-20, -19, -18, -17, -16, -15)
    ]  # before the last fourteen days
    late = [
        fatigue(n, value) for n, value in zip(range(-14, -7), (1, 2, 3, 4, 5, 6, 7), strict=True)
    ]
    found = diary(*early, *late, fatigue(5, 9))
    base = found[found["ABLFL"] == "Y"]
    assert base[["AVAL", "NDAYS", "AVISIT", "DTYPE"]].to_numpy().tolist() == [
        [4.0, 7.0, "Baseline", "AVERAGE"]
    ]
    last = found[found["ADY"] == 5].iloc[0]
    assert (last["BASE"], last["CHG"], last["PCHG"]) == (4.0, 5.0, 125.0)
    assert found.loc[found["ADY"] < 0, "CHG"].isna().all(), "no change before the baseline is over"
    assert diary(*early, *late[:6], fatigue(5, 9))["ABLFL"].tolist().count("Y") == 0


def test_a_diary_sent_after_midnight_is_about_the_day_before() -> None:
    found = diary(
        fatigue(5, 3), fatigue(7, 4, "T01:30"), fatigue(8, 5, "T03:59"), fatigue(10, 6, "T04:01")
    )
    daily = found[found["DTYPE"] == ""]
    assert daily["ADY"].tolist() == [5, 6, 7, 10]


def test_responders_follow_the_marks_of_the_protocol_and_who_is_not_known_is_none() -> None:
    """Vector of protocol-and-instruments 8.1: CDAI 312.290 to 46.226."""
    found = analysed(crohns(cdai(day(-1), 312.290, "W0"), cdai(day(85), 46.226, "W12")))[
        "ADEFF"
    ].set_index("PARAMCD")
    assert found.loc["P1", "CHG"] == pytest.approx(-266.064)
    assert found.loc[["S1", "S2", "S3"], "CRIT1FL"].tolist() == ["Y", "Y", "Y"]
    assert found.loc[["S1", "S2", "S3"], "AVAL"].tolist() == [1, 1, 1]
    absent = analysed(crohns(cdai(day(-1), 312.290, "W0")))["ADEFF"]
    for name, kinds in (("S1", ["", "BOCF", "NRI"]), ("S3", ["", "NRI"])):
        rows = absent[absent["PARAMCD"] == name]
        assert rows["DTYPE"].tolist() == kinds
        assert set(rows["ANL01FL"]) == {""}
        assert rows[["AVAL", "CRIT1FL", "ANL02FL"]].iloc[-1].tolist() == [0.0, "N", "Y"]


@pytest.mark.parametrize(
    ("left", "last", "kinds"),
    [
        ("", 50, [""]),
        ("", 120, ["", "BOCF", "NRI"]),
        ("WITHDRAWAL BY SUBJECT", 50, ["", "BOCF", "NRI"]),
    ],
)
def test_nobody_is_a_non_responder_before_the_time_has_come(
    left: str, last: int, kinds: list[str]
) -> None:
    protocol = shipped("ldn-crohns")
    end = {
        "DSTERM": left, "DSDECOD": left, "DSCAT": "DISPOSITION EVENT", "DSSCAT": "STUDY PARTICIPATION",
        "DSSTDTC": day(last),
    }  # fmt: skip
    of = trial("ldn-crohns", DM=[person(protocol, RFXENDTC=day(50), RFPENDTC=day(last))], EX=[taken(1, 50, 4.5)],
               QS=[cdai(day(-1), 312.290, "W0")], DS=[end] if left else [])  # fmt: skip
    found = analysed(of)["ADEFF"]
    for name in ("S1", "S2", "S3"):
        told = found.loc[found["PARAMCD"] == name, "DTYPE"].tolist()
        # Remission is held against no baseline, so there is none to be carried forward.
        assert told == [each for each in kinds if each != "BOCF" or name != "S3"]


def test_a_fall_of_exactly_the_mark_is_a_response() -> None:
    found = analysed(crohns(cdai(day(-1), 300, "W0"), cdai(day(85), 230, "W12")))[
        "ADEFF"
    ].set_index("PARAMCD")
    assert found.loc[["S1", "S2", "S3"], "CRIT1FL"].tolist() == ["Y", "N", "N"]


def test_whoever_has_a_dose_but_no_baseline_is_safe_but_not_in_the_full_set() -> None:
    with_base = analysed(crohns(cdai(day(-1), 300, "W0")))["ADSL"].iloc[0]
    without = analysed(crohns(cdai(day(85), 300, "W12")))["ADSL"].iloc[0]
    assert (with_base["SAFFL"], with_base["FASFL"]) == ("Y", "Y")
    assert (without["SAFFL"], without["FASFL"]) == ("Y", "N")


def test_words_of_an_analysis_set_without_a_rule_are_refused_and_named() -> None:
    of = crohns(cdai(day(-1), 300, "W0"))
    sets = of.protocol.analysis.sets
    strange = tuple(
        each.model_copy(update={"text": "One dose or more, and blue eyes"})
        if each.id == "FAS"
        else each
        for each in sets
    )
    protocol = of.protocol.model_copy(
        update={"analysis": of.protocol.analysis.model_copy(update={"sets": strange})}
    )
    unlike = Trial(protocol, of.tabulations)
    doses = Doses(unlike)
    with pytest.raises(ExportRefusedError, match=r"sets\[FAS\]: no rule is known for 'blue eyes'"):
        subject_level.rows(_outcomes(unlike), exposure.summary(unlike, doses))


def _outcomes(of: Trial) -> Any:
    from hometrial.exports.adam import laboratory, wearable
    from hometrial.exports.adam.outcomes import Outcomes, Records

    doses = Doses(of)
    return Outcomes.of(
        of,
        Records(
            questionnaires.rows(of),
            wearable.rows(of),
            laboratory.rows(of),
            adverse_events.rows(of, doses),
        ),
    )


@pytest.mark.parametrize(
    ("taken_days", "held", "opioid", "flag"),
    [
        (69, 85, None, "N"),
        (70, 85, None, "Y"),
        (70, 96, None, "N"),  # the window of week 12 ends on day 92
        (70, 85, day(50), "N"),
        (70, 85, day(-20), "Y"),  # over before the first dose
    ],
)
def test_per_protocol_asks_for_doses_the_visit_in_its_window_and_no_opioid(
    taken_days: int, held: int, opioid: str | None, flag: str
) -> None:
    number = numbers("ldn-mecfs")
    words = [told(1, taken_days, 1.5), told(taken_days + 1, 100, None)]
    rows: dict[str, Any] = {
        "EX": [taken(1, taken_days, 1.5)], "EC": [ordered(1, 100, 1.5), *words],
        "QS": [score(day(-1), 2.0, number["V1"])],
        "SV": [{"VISITNUM": number["W12"], "VISIT": "W", "SVOCCUR": "Y", "SVSTDTC": day(held)}],
    }  # fmt: skip
    if opioid:
        rows["CM"] = [
            {
                "CMTRT": "Codeine",
                "CMCAT": "CONCOMITANT MEDICATION",
                "CMSTDTC": opioid,
                "CMENDTC": opioid,
            }
        ]
        rows["SUPPCM"] = [
            {
                "RDOMAIN": "CM",
                "IDVAR": "CMSEQ",
                "IDVARVAL": "1",
                "QNAM": "OPIOID",
                "QLABEL": "x",
                "QVAL": "Y",
            }
        ]
    assert analysed(trial("ldn-mecfs", **rows))["ADSL"]["PPROTFL"].tolist() == [flag]


def test_crash_days_are_those_told_as_moderate_or_worse_per_28_days_answered() -> None:
    def told(number: int, severity: str | None) -> list[dict[str, Any]]:
        of = {"FAOBJ": "CRASH AFTER EXERTION", "FACAT": "DIARY", "FADTC": day(number)}
        rows = [{**of, "FATESTCD": "OCCUR", "FATEST": "x", "FASTRESC": "Y" if severity else "N"}]
        return rows + (
            [{**of, "FATESTCD": "SEV", "FATEST": "y", "FASTRESC": severity}] if severity else []
        )

    severities = [
        "MILD",
        "MODERATE",
        "SEVERE",
        *[None] * 11,
    ]  # 14 of the days 57 to 84 are answered
    rows = [
        row
        for number, severity in enumerate(severities, start=57)
        for row in told(number, severity)
    ]
    base = score(day(-1), 2.0, numbers("ldn-mecfs")["V1"])
    found = analysed(trial("ldn-mecfs", EX=[taken(1, 100, 1.5)], QS=[base], FA=rows))["ADEFF"]
    assert found.loc[found["PARAMCD"] == "S5", ["AVAL", "NDAYS"]].to_numpy().tolist() == [
        [28 * 2 / 14, 14]
    ]
    fewer = analysed(trial("ldn-mecfs", EX=[taken(1, 100, 1.5)], QS=[base], FA=rows[:-1]))["ADEFF"]
    assert fewer.loc[fewer["PARAMCD"] == "S5", "AVAL"].isna().all(), (
        "13 of 28 days answered are too few"
    )


def test_a_dose_is_reached_on_its_first_day_and_else_is_not_known_after_the_last_dose() -> None:
    of = trial("ldn-mecfs", EX=[taken(1, 14, 1.5), taken(15, 20, 3.0)], DS=[
        {"DSTERM": "x", "DSDECOD": "ADVERSE EVENT", "DSCAT": "DISPOSITION EVENT", "DSSCAT": "STUDY TREATMENT", "DSSTDTC": day(21)}
    ], DM=[person(shipped("ldn-mecfs"), RFXENDTC=day(20))])  # fmt: skip
    found = analysed(of)["ADTTE"].set_index("PARAMCD")
    assert found.loc[["T3MG", "TMAXDOSE", "TSTOP"], ["AVAL", "CNSR"]].to_numpy().tolist() == [
        [15, 0],
        [20, 1],
        [20, 0],
    ]
    assert found.loc["TSTOP", "EVNTDESC"] == "STOPPED: ADVERSE EVENT"


def test_an_endpoint_over_a_longer_epoch_takes_its_last_days_only() -> None:
    protocol = shipped("ldn-mecfs")
    values = zip(
        range(-15, -7), (100, 1, 2, 3, 4, 5, 6, 7), strict=True
    )  # day -15 is the fifteenth from the end
    rows = [fatigue(n, value) for n, value in values]
    of = trial("ldn-mecfs", SE=elements(protocol, ("run_in", -20, -1), ("titrate", 1, 70)), EX=[taken(1, 100, 1.5)],
               QS=[*rows, score(day(-1), 2.0, numbers("ldn-mecfs")["V1"])])  # fmt: skip
    found = analysed(of)["ADEFF"].set_index(["PARAMCD", "DTYPE"])
    assert found.loc["S3", "BASE"].to_dict() == {"": 4.0, "BOCF": 4.0}


def test_while_on_drug_nothing_counts_after_the_last_dose() -> None:
    protocol = shipped("ldn-case-series")
    rows = [fatigue(n, 2) for n in range(1, 8)] + [fatigue(n, 9) for n in range(8, 15)]
    let_in = {
        "DSDECOD": "ELIGIBILITY CRITERIA MET",
        "DSCAT": "PROTOCOL MILESTONE",
        "DSSTDTC": day(-20),
    }
    of = trial("ldn-case-series", DM=[person(protocol, RFXENDTC=day(7))], EX=[taken(1, 7, 0.5)], QS=rows, DS=[let_in],
               SE=elements(protocol, ("run_in", -14, -1), ("titrate", 1, 14)))  # fmt: skip
    found = analysed(of)["ADEFF"].set_index("PARAMCD")
    assert found.loc["S1", ["AVAL", "NDAYS"]].tolist() == [2.0, 7]


def test_of_terms_that_were_not_released_nobody_says_which_came_first() -> None:
    events = [
        {"AETERM": "NOT RELEASED", "AEDECOD": term, "AESTDTC": day(at), "AESEV": "MILD"}
        for term, at in (("NAUSEA", 3), ("NOT RELEASED", 2), ("NOT RELEASED", 5), ("NAUSEA", 9))
    ]
    of = trial("ldn-mecfs", EX=[taken(1, 100, 1.5)], AE=events)
    found = adverse_events.rows(of, Doses(of))
    assert found["AOCCPFL"].tolist() == ["Y", "", "", ""]
    assert found["AOCCFL"].tolist() == ["", "Y", "", ""]


def test_an_event_no_graver_than_before_the_drug_is_not_worse() -> None:
    event = {"AETERM": "headache", "AEDECOD": "HEADACHE", "AEMODIFY": "HEADACHE", "AESTDTC": day(3)}
    other = {**event, "AEMODIFY": "NAUSEA", "AETOXGR": "1"}
    before = {"MHTERM": "Headache", "MHCAT": "SYMPTOM BEFORE TREATMENT"}
    grade = {
        "RDOMAIN": "MH",
        "IDVAR": "MHSEQ",
        "IDVARVAL": "1",
        "QNAM": "BASEGRAD",
        "QLABEL": "x",
        "QVAL": "2",
    }
    of = trial("ldn-mecfs", EX=[taken(1, 100, 1.5)], MH=[before], SUPPMH=[grade],
               AE=[*({**event, "AETOXGR": each} for each in ("1", "2", "3", "")), other])  # fmt: skip
    found = adverse_events.rows(of, Doses(of))
    assert found["WORSEFL"].tolist() == ["", "", "Y", "Y", "Y"]
    assert found["BASEGR"].tolist()[:4] == [2, 2, 2, 2]
    assert pd.isna(found["BASEGR"].iloc[4]), "nobody asked for nausea"
