"""People whose courses are rare and legal, beside the twin of a protocol: what a tabulation must bear."""

from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from typing import Any

import judged
from twins import twin

from hometrial.exports.source.reading import Source
from hometrial.exports.source.tables import BY_NAME

PROTOCOL, TEMPLATE = "ldn-crohns", "P-90001"
DAY_ONE, DIED, LOST, CROWDED, ASKED = "O-DAY1", "O-DIED", "O-LOST", "O-CROWD", "O-ASKED"
LONG = (
    "Er sagte: \u00abSchwindel\u00bb \u2013 \u5934\u6655 \u041b\u0451\u043b\u044f \U0001f635; " * 30
)
"""More than 1,000 characters in several scripts."""
_HAPPENED = ("day", "signed", "opened", "decided", "recorded", "sampled", "answered", "submitted", "at", "happened",
             "first", "start", "began", "ordered", "effective")  # fmt: skip
_POINTERS = ("id", "response", "screening")
_KEPT_WHOLE = ("medication", "treatment_told")
Rows = dict[str, list[dict[str, Any]]]


@cache
def odd() -> Source:
    """Return the twin of a protocol with the rare ones added; it is shared: do not change it."""
    whole = judged.trimmed(twin(PROTOCOL))
    added: dict[str, list[dict[str, Any]]] = {}
    for name, live in _LIVES.items():
        for table, rows in live(_copied(whole, name)).items():
            added.setdefault(table, []).extend(rows)
    tables = {
        name: BY_NAME[name].table([*whole.rows(name), *added.get(name, [])]) for name in BY_NAME
    }
    return Source(tables)


def _copied(source: Source, name: str) -> Rows:
    """Return all rows of the template as those of somebody else."""
    made: Rows = {}
    for table in source.tables:
        for row in source.rows(table):
            if row.get("participant") == TEMPLATE:
                own = {key: f"{row[key]}-{name}" for key in _POINTERS if row.get(key)}
                made.setdefault(table, []).append({**row, **own, "participant": name})
    made["participant"][0]["id"] = name
    return made


def _until(rows: Rows, last: date) -> Rows:
    """Leave out what happened later, and the answers of forms that were sent later."""
    kept = {
        table: [row for row in found if table in _KEPT_WHOLE or not _is_after(row, last)]
        for table, found in rows.items()
    }
    sent = {row["id"] for row in kept["response"]}
    for table in ("item", "free_answer", "score"):
        kept[table] = [row for row in rows.get(table, []) if row["response"] in sent]
    return kept


def _is_after(row: dict[str, Any], last: date) -> bool:
    told = [_day(row[name]) for name in _HAPPENED if row.get(name)]
    return any(day is not None and day > last for day in told)


def _day(told: Any) -> date | None:
    if isinstance(told, datetime):
        return told.date()
    if isinstance(told, date):
        return told
    is_whole = isinstance(told, str) and len(told) >= len("2026-01-01")
    return date.fromisoformat(told[:10]) if is_whole else None


def _anchored(rows: Rows, **days: date | None) -> None:
    """Set anchors, or take them away."""
    kept = [row for row in rows["anchor"] if row["anchor"] not in days]
    who = rows["participant"][0]["participant"]
    rows["anchor"] = kept + [
        {"id": f"{who}/{name}", "participant": who, "anchor": name, "day": day}
        for name, day in days.items()
        if day is not None
    ]


def _spent(rows: Rows, *epochs: tuple[str, date, date | None]) -> None:
    who = rows["participant"][0]["participant"]
    rows["epoch"] = [
        {"id": f"{who}/{name}", "participant": who, "epoch": name, "number": place, "first": first, "last": last}
        for place, (name, first, last) in enumerate(epochs, start=1)
    ]  # fmt: skip


def _event(who: str, number: int, **told: Any) -> dict[str, Any]:
    return {
        "id": f"event-{number}-{who}", "participant": who, "number": number, "version": 1, "ongoing": False,
        "severity": "moderate", "grade": 2, "serious": "", "related": False, "action": "none",
        "outcome": "recovered", "source": "contact", "learned": "2027-01-19T10:00:00+00:00", **told,
    }  # fmt: skip


def _withdrew_at_once(rows: Rows) -> Rows:
    day = date(2026, 11, 24)
    rows = _until(rows, day)
    rows = {name: rows[name] for name in ("participant", "participation", "anchor", "consent_signature", "screening")}  # fmt: skip
    rows["participant"][0]["status"] = "withdrawn"
    rows["screening"] = [
        {"id": "s-day1", "participant": DAY_ONE, "number": 1, "opened": "2026-11-24T09:00:00+00:00"}
    ]
    rows["withdrawal"] = [
        {"id": "w-day1", "participant": DAY_ONE, "choice": "withdraw_completely", "role": "participant",
         "decided": "2026-11-24T16:00:00+00:00"}
    ]  # fmt: skip
    _anchored(rows, withdrawal=day)
    _spent(rows, ("screen", day, day))
    return rows


def _died(rows: Rows) -> Rows:
    last, end = date(2027, 1, 19), date(2027, 1, 20)
    rows = _until(rows, end)
    rows["dose_day"] = [row for row in rows["dose_day"] if row["day"] <= last]
    rows["intake"] = [row for row in rows["intake"] if row["day"] <= last]
    rows["participant"][0]["status"] = "withdrawn"
    rows["adverse_event"] = [
        _event(DIED, 1, verbatim="found dead at home", start="2027-01-20", stop="2027-01-20", serious="death",
               severity="severe", grade=5, outcome="fatal", learned="2027-01-20T18:00:00+00:00")
    ]  # fmt: skip
    _anchored(rows, last_dose=last)
    _spent(
        rows,
        ("screen", date(2026, 11, 24), date(2026, 12, 7)),
        ("run_in", date(2026, 12, 8), date(2026, 12, 13)),
        ("treat", date(2026, 12, 14), last),
        ("after", end, end),
    )
    return rows


def _was_lost(rows: Rows) -> Rows:
    last = date(2027, 1, 10)
    rows = _until(rows, last)
    rows["participant"][0]["status"] = "lost_to_follow_up"
    rows["adverse_event"] = [
        _event(LOST, 1, verbatim="headache", start="2027-01-09", stop=None, ongoing=True,
               outcome="not_recovered", learned="2027-01-09T10:00:00+00:00")
    ]  # fmt: skip
    _anchored(rows, last_dose=None)
    _spent(
        rows,
        ("screen", date(2026, 11, 24), date(2026, 12, 7)),
        ("run_in", date(2026, 12, 8), date(2026, 12, 13)),
        ("treat", date(2026, 12, 14), None),
    )
    return rows


def _has_everything(rows: Rows) -> Rows:
    """Screened twice, consented twice, a dose in two parts, a pause of a dose of 0, dates of every coarseness."""
    first = dict(rows["screening"][0], id="s-first", outcome="screen_failure", failing="E1", number=1,
                 opened="2026-11-24T10:10:00+00:00", decided="2026-11-24T12:00:00+00:00")  # fmt: skip
    rows["screening"][0]["number"] = 2
    rows["screening"].append(first)
    again = dict(rows["consent_signature"][0], id="c-again", part="participant", version="1.1.0",
                 signed="2027-01-12T09:00:00+00:00")  # fmt: skip
    rows["consent_signature"].append(again)
    told = sorted((row for row in rows["intake"] if row["taken"]), key=lambda row: row["day"])[4]
    rows["intake"].append(
        dict(told, id="i-part", number=900, mg=2.25, at=None, time_of_day="morning")
    )
    told["mg"] = 2.25
    for row in rows["dose_day"]:
        if date(2027, 1, 3) <= row["day"] <= date(2027, 1, 5):
            row.update(mg_planned=0.0, mg_least=0.0, mg_most=0.0, status="not_planned")
    rows["intake"] = [row for row in rows["intake"] if not date(2027, 1, 3) <= row["day"] <= date(2027, 1, 5)]  # fmt: skip
    rows["adverse_event"] = [
        _event(CROWDED, 1, verbatim="older than the consent", start="2026-11-20", stop="2026-11-30",
               learned="2026-11-25T10:00:00+00:00"),
        _event(CROWDED, 2, verbatim=LONG, start="2027", stop=None, outcome="unknown"),
        _event(CROWDED, 3, verbatim="in December", start="2026-12", stop="2027-01", serious=None),
        _event(CROWDED, 4, verbatim="nobody knows when", start=None, stop=None, serious="hospitalisation",
               outcome=None, related=None, action=None, severity=None, grade=None),
        _event(CROWDED, 5, verbatim="goes on", start="2027-01-18", stop=None, ongoing=True, outcome="not_recovered"),
    ]  # fmt: skip
    rows["medication"][0].update(
        name=LONG, indication=LONG, began=None, ended="2027-02", ongoing=False
    )
    rows["deviation"][0]["description"] = LONG
    for name in ("daily_metric", "data_day"):
        for row in rows.get(name, [])[:1]:
            rows[name].append(dict(row, id=f"{row['id']}-before", day=date(2026, 11, 22)))
    return rows


def _was_asked(rows: Rows) -> Rows:
    """Only asked: no consent."""
    rows = {"participant": rows["participant"]}
    rows["participant"][0]["status"] = "declined"
    return rows


_LIVES: dict[str, Callable[[Rows], Rows]] = {
    DAY_ONE: _withdrew_at_once,
    DIED: _died,
    LOST: _was_lost,
    CROWDED: _has_everything,
    ASKED: _was_asked,
}
