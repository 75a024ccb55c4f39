"""How much of what was due came: forms, diary days, wearable days, each by person."""

from collections import Counter
from collections.abc import Callable
from datetime import date

from hometrial.exports.report.material import Material
from hometrial.exports.report.saying import is_missing
from hometrial.exports.source.reading import Row

_NOT_DUE = ("excused", "not_yet", "open")
Due = dict[str, tuple[int, int]]
"""Of each person how many came and how many were due."""


def forms(material: Material, wanted: Callable[[Row], bool]) -> Due:
    """Return the forms that came, of those that were due and not excused."""
    came: Counter[str] = Counter()
    due: Counter[str] = Counter()
    for row in material.source.rows("expected_form"):
        if row["state"] in _NOT_DUE or not wanted(row):
            continue
        due[row["participant"]] += 1
        came[row["participant"]] += row["state"] == "received"
    return {who: (came[who], due[who]) for who in sorted(due)}


def diaries(material: Material) -> Due:
    """Return the diary days of everybody."""
    return forms(material, lambda row: row["kind"] == "diary")


def diary_before(material: Material, form: str, days: int) -> Due:
    """Return the diary days in so many days before each time that a form was received."""
    times = {
        (row["participant"], row["day"])
        for row in material.source.rows("expected_form")
        if row["form"] == form and row["state"] == "received" and row["day"]
    }
    by_person: dict[str, list[date]] = {}
    for who, day in times:
        by_person.setdefault(who, []).append(day)
    return forms(
        material,
        lambda row: (
            row["kind"] == "diary"
            and row["day"] is not None
            and any(
                0 < (at - row["day"]).days <= days for at in by_person.get(row["participant"], ())
            )
        ),
    )


def wear(material: Material, within: Callable[[str, date], bool] = lambda _who, _day: True) -> Due:
    """Return the valid days, of all days in the study from the run-in to the last day of the data.

    A day is due from the start of the run-in to the end of the study or of the data; one that was excused is not.
    """
    valid = {
        (row["participant"], row["day"])
        for row in material.source.rows("daily_metric")
        if row["metric"] == "valid_day" and row["value"] == 1
    }
    excused = {
        (row["participant"], row["day"])
        for row in material.source.rows("data_day")
        if row["excused"]
    }
    found: Due = {}
    for who, first, last in spans(material):
        days = [date.fromordinal(each) for each in range(first.toordinal(), last.toordinal() + 1)]
        due = [day for day in days if within(who, day) and (who, day) not in excused]
        if due:
            found[who] = (sum((who, day) in valid for day in due), len(due))
    return found


def spans(material: Material) -> list[tuple[str, date, date]]:
    """Return for everybody who began the run-in its first day, and the last day of the study or of the data."""
    last_data: dict[str, date] = {}
    for table in ("data_day", "dose_day"):
        for row in material.source.rows(table):
            if row["day"]:
                last_data[row["participant"]] = max(
                    last_data.get(row["participant"], row["day"]), row["day"]
                )
    found = []
    for who, row in material.persons.items():
        first = row["RUNSDT"]
        end = last_data.get(who) if is_missing(row["EOSDT"]) else row["EOSDT"]
        if not is_missing(first) and end is not None and end >= first:
            found.append((who, first, end))
    return found
