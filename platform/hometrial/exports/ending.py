"""Where each person's rows end in a folder for the public: with the last that was told, measured or done of them.

What the platform works out day by day runs to the day on which a folder is made, and a state such as `not_yet` begins
there: laid on the calendar of the folder, either would tell how far days were moved. So whatever is worked out ends with
a person's own last record, or is judged as of a week later; nothing of it depends on when the folder is made.
"""

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta

from hometrial.exports.sdtm.contact import last_contacts
from hometrial.exports.source.reading import Row, Source
from hometrial.exports.source.tables import BY_NAME

SURELY_OVER = timedelta(weeks=1)
"""The shortest embargo: what was planned for the days in between is past in every folder with that person."""
_UNDECIDED = ("upcoming", "due")
_BEFORE_THE_END = ("open", "not_yet")
_LEFT_OUT = "rows after a person's last record left out"
_AS_THEN = "states given as at a person's last record"


def last_records(source: Source) -> dict[str, date]:
    """Return by person the last day on which anything was told, measured or done, by whomever; not what a plan did."""
    found = {row["participant"]: _day(row["created"]) for row in source.rows("participant")}

    def later(person: str, day: date) -> None:
        found[person] = max(day, found.get(person, day))

    for person, day in last_contacts(source).items():
        later(person, day)
    for row in source.rows("dose_order"):
        if row["actor"] != "rule" and row["ordered"]:
            later(row["participant"], _day(row["ordered"]))
    for table, column in (("response", "opened"), ("free_answer", "answered")):
        for row in source.rows(table):
            if row[column]:
                later(row["participant"], _day(row[column]))
    return found


def ended(source: Source, done: Counter[str]) -> Source:
    """Return source tables in which no row and no state is of a time after the last record of its person."""
    last = last_records(source)
    for name, as_then in _AS_THEN_BY_TABLE.items():
        kept = []
        for row in source.table(name).to_pylist():
            then = as_then(row, last[row["participant"]])
            done[_LEFT_OUT] += then is None
            done[_AS_THEN] += then is not None and then != row
            if then is not None:
                kept.append(then)
        source = source.with_table(name, BY_NAME[name].table(kept))
    return source


def _day(written: str) -> date:
    return date.fromisoformat(written[:10])


def _dose_day(row: Row, last: date) -> Row | None:
    return row if row["day"] <= last else None


def _order(row: Row, last: date) -> Row | None:
    """Leave out what is ordered for much later, and what the plan ordered of itself since."""
    is_since = row["ordered"] and _day(row["ordered"]) > last
    return None if is_since or row["day"] >= last + SURELY_OVER else row


def _interruption(row: Row, last: date) -> Row | None:
    if row["first"] > last:
        return None
    goes_on = row["last"] is None or row["last"] > last
    return row | {"last": None if goes_on else row["last"]}


def _epoch(row: Row, last: date) -> Row | None:
    """Let an epoch be over if it ended within the week: who came to a last visit early has gone through."""
    first, end = row["first"], row["last"]
    if first is not None and first > last:
        return None
    is_over = end is not None and end < last + SURELY_OVER
    return row if is_over else row | {"last": None}


def _visit(row: Row, last: date) -> Row | None:
    """Keep what was held, and of the rest what was due within the week, however long its window stays open."""
    if row["day"] is not None:
        return row
    if row["due"] is None or row["due"] >= last + SURELY_OVER:
        return None
    return row | {"outcome": "overdue"} if row["outcome"] in _UNDECIDED else row


def _form(row: Row, last: date) -> Row | None:
    """Keep what came, and what was due: it had not come when the person was last heard of, however long it stayed open."""
    if row["state"] == "received":
        return row
    if row["day"] is None or row["day"] > last:
        return None
    return row | {"state": "missing"} if row["state"] in _BEFORE_THE_END else row


def _data_day(row: Row, _last: date) -> Row:
    """Give a provisional day as final: that it may still grow is true of the days before the folder is made."""
    return row | {"status": "final"} if row["status"] == "provisional" else row


_AS_THEN_BY_TABLE: dict[str, Callable[[Row, date], Row | None]] = {
    "dose_day": _dose_day,
    "dose_order": _order,
    "interruption": _interruption,
    "epoch": _epoch,
    "visit": _visit,
    "expected_form": _form,
    "data_day": _data_day,
}
