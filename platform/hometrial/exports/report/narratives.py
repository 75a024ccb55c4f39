"""Serious adverse events one by one, each told from its fields alone."""

from collections.abc import Mapping
from typing import Any

from hometrial.exports.report.adverse import UNCODED, Events
from hometrial.exports.report.blocks import Section
from hometrial.exports.report.material import records
from hometrial.exports.report.saying import day, is_missing, listed, words


def narratives(made: Section, events: Events) -> None:
    """Print a paragraph for every serious event, those before the drug and after it included."""
    serious = events.all[events.all["AESER"] == "Y"]
    made.say(f"Serious adverse events, one by one: {len(serious) or 'none'}.", "strong")
    for row in records(serious):
        made.say(narrative(events, row), single=True)


def narrative(events: Events, row: Mapping[str, Any]) -> str:
    """Tell one event."""
    who = str(row["SUBJID"])
    person = events.material.persons[who]
    record = row["record"] or {}
    criteria = [words(each) for each in (record.get("serious") or "").split(";") if each]
    age = "" if is_missing(person["AGE"]) else f", {person['AGE']:g} years"
    return " ".join(
        (
            f"{who}{age}: {_named(row)}, grade {_known(row['grade'])}; serious because of {listed(criteria)}.",
            f"Began {row['AESTDTC'] or 'on a day not known'}{_study_day(row)}, {_dose(row)}.",
            f"Drug: {words(row['AEACN']) or 'action not told'}. Outcome: {words(row['AEOUT']) or 'not told'}"
            f"{_ended(row)}.",
            f"Judged {words(row['AEREL']) or 'not yet judged; counted as related'}; "
            f"{_expected(record.get('expected'))}.",
            f"Off the drug: {words(record.get('dechallenge') or 'not told')}; back on it: "
            f"{words(record.get('rechallenge') or 'not told')}.",
            f"In the study from {day(person['RFICDT'])}; first dose {day(person['TRTSDT'])}.",
        )
    )


def _known(grade: object) -> str:
    return "not known" if is_missing(grade) else f"{grade:g}"


def _study_day(row: Mapping[str, Any]) -> str:
    if is_missing(row["ASTDY"]):
        return ""
    return f" (study day {int(row['ASTDY'])})".replace("-", "−")


def _dose(row: Mapping[str, Any]) -> str:
    if row["PREFL"] == "Y":
        return "before the drug"
    return (
        "dose of the day not told"
        if is_missing(row["DOSEON"])
        else f"at {row['DOSEON']:g} mg a day"
    )


def _ended(row: Mapping[str, Any]) -> str:
    return f" ({row['AEENDTC']})" if row["AEENDTC"] else ""


def _expected(expected: bool | None) -> str:  # noqa: FBT001 - an answer
    return (
        "not said whether expected"
        if expected is None
        else "expected"
        if expected
        else "unexpected"
    )


_LONGEST = 120


def _named(row: Mapping[str, Any]) -> str:
    """Return an event's name; of one that is not coded the words that were told, as far as the profile lets them out."""
    if row["label"] != UNCODED or not row["AETERM"]:
        return str(row["label"])
    told = str(row["AETERM"])
    return f"{UNCODED}, told as “{told if len(told) <= _LONGEST else told[:_LONGEST].rsplit(' ', 1)[0] + ' …'}”"
