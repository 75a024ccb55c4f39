"""Rare and legal courses are tabulated: withdrawn on the day of consent, died, lost, screened and consented twice."""

import judged
import odd_lives
import pytest
from odd_lives import ASKED, CROWDED, DAY_ONE, DIED, LONG, LOST

from hometrial.exports.sdtm.domains import tabulate
from hometrial.exports.sdtm.foreseen import foreseen


@pytest.fixture(scope="module")
def made():
    return tabulate(odd_lives.odd())


def rows(made, name, who):
    found = made[name].table.to_pylist()
    return [row for row in found if row["USUBJID"].endswith(f"-{who}")]


def ends(made, who):
    return [
        (row["DSSCAT"], row["DSDECOD"], row["DSSTDTC"], row["EPOCH"])
        for row in rows(made, "DS", who)
        if row["DSCAT"] == "DISPOSITION EVENT"
    ]


def test_what_the_rules_will_say_of_them_is_known(made):
    assert [(each.rule, each.data_set, {who.split("-O-")[1] for who in each.subjects}, len(each.subjects))
            for each in foreseen(made)] == [
        ("CORE-001043", "DM", {"DAY1"}, 1),
        ("CORE-000266", "AE", {"CROWD"}, 1),
        ("CORE-000701", "AE", {"CROWD"}, 1),
    ]  # fmt: skip


def test_who_withdrew_on_the_day_of_consent_has_one_day_and_one_end(made):
    [row] = rows(made, "DM", DAY_ONE)
    assert (row["RFICDTC"], row["RFPENDTC"], row["ARMNRS"]) == (
        "2026-11-24", "2026-11-24", "NOT ASSIGNED",
    )  # fmt: skip
    assert ends(made, DAY_ONE) == [
        ("STUDY PARTICIPATION", "WITHDRAWAL BY SUBJECT", "2026-11-24", "SCREENING")
    ]
    [stretch] = rows(made, "SE", DAY_ONE)
    assert (stretch["SESTDTC"], stretch["SEENDTC"]) == ("2026-11-24", "2026-11-24")


def test_a_death_ends_treatment_and_participation_and_nothing_is_later(made):
    [row] = rows(made, "DM", DIED)
    assert (row["DTHFL"], row["DTHDTC"], row["RFXENDTC"], row["RFPENDTC"]) == (
        "Y", "2027-01-20", "2027-01-19", "2027-01-20",
    )  # fmt: skip
    assert [end[:3] for end in ends(made, DIED)] == [
        ("STUDY TREATMENT", "DEATH", "2027-01-20"),
        ("STUDY PARTICIPATION", "DEATH", "2027-01-20"),
    ]


def test_who_was_lost_ends_on_the_last_day_on_record_and_the_event_goes_on(made):
    assert {end[1:3] for end in ends(made, LOST)} == {("LOST TO FOLLOW-UP", "2027-01-10")}
    [event] = rows(made, "AE", LOST)
    assert (event["AEENRTPT"], event["AEENTPT"], event["AEENDTC"]) == ("ONGOING", "2027-01-10", "")


def test_who_was_screened_and_consented_twice_has_each_as_a_milestone(made):
    told = [
        (row["DSDECOD"], row["DSTERM"], row["DSSTDTC"])
        for row in rows(made, "DS", CROWDED)
        if row["DSCAT"] == "PROTOCOL MILESTONE"
    ]
    assert told == [
        ("ELIGIBILITY CRITERIA NOT MET", "ELIGIBILITY CRITERIA NOT MET", "2026-11-24"),
        ("INFORMED CONSENT OBTAINED", "INFORMED CONSENT OBTAINED", "2026-11-24"),
        ("ELIGIBILITY CRITERIA MET", "ELIGIBILITY CRITERIA MET", "2026-12-08"),
        ("INFORMED CONSENT OBTAINED", "CONSENT TO MAIN 1.1.0 OBTAINED", "2027-01-12"),
    ]
    assert rows(made, "IE", CROWDED) == []


def test_an_event_has_the_epoch_of_the_last_day_that_it_can_have_begun_on(made):
    told = {row["AESPID"]: (row["AESTDTC"], row["EPOCH"]) for row in rows(made, "AE", CROWDED)}
    assert told == {
        "1": ("2026-11-20", ""),
        "2": ("2027", "OPEN LABEL TREATMENT"),
        "3": ("2026-12", "OPEN LABEL TREATMENT"),
        "4": ("", "OPEN LABEL TREATMENT"),
        "5": ("2027-01-18", "OPEN LABEL TREATMENT"),
    }


def test_a_long_text_of_many_scripts_is_whole_over_its_supplement(made):
    [event] = [row for row in rows(made, "AE", CROWDED) if row["AESPID"] == "2"]
    further = [
        row["QVAL"]
        for row in rows(made, "SUPPAE", CROWDED)
        if row["IDVARVAL"] == str(event["AESEQ"]) and row["QNAM"].startswith("AETERM")
    ]
    assert len(LONG) > 1000
    assert " ".join([event["AETERM"], *further]) == " ".join(LONG.split())
    assert all(len(part.encode()) <= 200 for part in (event["AETERM"], *further))


def test_a_dose_in_two_parts_and_a_pause_are_rows_and_a_gap(made):
    doses = rows(made, "EX", CROWDED)
    [parted] = [row for row in doses if row["EXDOSE"] == 2.25]
    assert parted["EXDOSFRQ"] == "BID"
    assert not [
        row for row in doses if row["EXSTDTC"] <= "2027-01-05" and row["EXENDTC"] >= "2027-01-03"
    ]
    assert min(row["EXDOSE"] for row in doses) > 0


def test_who_was_only_asked_is_in_no_tabulation(made):
    for each in made.values():
        if "USUBJID" in each.table.column_names:
            assert not any(who.endswith(ASKED) for who in each.table["USUBJID"].to_pylist())


def test_they_go_to_transport_files(made, tmp_path):
    judged.write(made, tmp_path)
    assert (tmp_path / "sdtm" / "ae.xpt").is_file()
