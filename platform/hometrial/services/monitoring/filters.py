"""Filters of risk over the audit trail: each says what it looks for, and is one query over a stretch of time.

What a filter finds is no fault; it is what somebody has to look at (trust.md T-AUD-09).
"""

# ruff: noqa: S608 - queries made of this module's own words

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hometrial.models import Participant, VerificationMark
from hometrial.services.monitoring import verifying

LATE_DAYS, MANY, AT_MOST = 3, 3, 200
FIRST_HOUR, LAST_HOUR = 6, 20
"""Of a day's work, in UTC: the trail knows no other clock of the staff."""
DERIVED = ("public.daily_metric", "public.gap", "public.work_item", "public.expected_form")
"""Tables that the machine makes anew from others: what goes there is no deletion of data."""
_PERSON = "coalesce(p.code, '')"


@dataclass(frozen=True)
class Finding:
    """One thing to look at: what a filter found, of whom, when, by whom."""

    filter: str
    code: str
    at: datetime
    actor: str
    says: str

    def plain(self) -> dict[str, str]:
        """Return it as it is kept."""
        return {
            "filter": self.filter,
            "participant": self.code,
            "at": self.at.isoformat(),
            "actor": self.actor,
            "says": self.says,
        }


@dataclass(frozen=True)
class Filter:
    """A filter: its words, and its query that gives person, moment, actor and what it says; none: it compares values."""

    name: str
    words: str
    query: str


_IN_TIME = "e.at >= :since AND e.at < :until"
# Conditions that a row of another site could not tell anything through come before the trail's own rule of who sees
# it: `starts_with` and not LIKE, which the database lets wait.
_OF_PERSON = "LEFT JOIN participant p ON p.id::text = coalesce(e.new, e.old) ->> 'participant_id'"
_DATED = (
    # What is dated, the day that it is about, when it was entered, by whom; the person.
    ("dose", "SELECT participant_id AS who, day::timestamptz AS happened, at AS entered, by AS actor FROM dose_event"
     " WHERE kind = 'intake'"),
    ("visit", "SELECT participant_id, day::timestamptz, recorded_at, recorded_by FROM visit_record WHERE day IS NOT NULL"),
    ("contact", "SELECT participant_id, at, recorded_at, recorded_by FROM contact"),
    ("laboratory result", "SELECT participant_id, sampled_at, recorded_at, recorded_by FROM laboratory_result"),
    ("deviation", "SELECT participant_id, found_on::timestamptz, recorded_at, recorded_by FROM deviation WHERE version = 1"),
    ("adverse event", "SELECT e.participant_id, v.learned_at, v.recorded_at, v.recorded_by FROM adverse_event_version v"
     " JOIN adverse_event e ON e.id = v.adverse_event_id WHERE v.version = 1"),
    ("form", "SELECT r.participant_id, s.submitted_at, s.received_at, t.by FROM submission s"
     " JOIN response r ON r.id = s.response_id JOIN sitting t ON t.id = s.sitting_id"),
)  # fmt: skip
_LATE = " UNION ALL ".join(
    f"SELECT '{name}' AS what, x.* FROM ({query}) x" for name, query in _DATED
)
_WRITTEN = (
    # What has versions, a name of the value that they are of, when each was written, by whom; the person.
    ("adverse event", "SELECT e.participant_id AS who, e.number::text AS value, v.recorded_at AS at, v.recorded_by AS actor"
     " FROM adverse_event_version v JOIN adverse_event e ON e.id = v.adverse_event_id"),
    ("deviation", "SELECT participant_id, number::text, recorded_at, recorded_by FROM deviation"),
    ("visit", "SELECT participant_id, visit || '#' || number, recorded_at, recorded_by FROM visit_record"),
    ("screening answer", "SELECT c.participant_id, a.variable, a.recorded_at, a.recorded_by FROM screening_answer a"
     " JOIN screening c ON c.id = a.screening_id"),
    ("answer", "SELECT r.participant_id, r.form || ' ' || r.occasion || ' ' || a.item, a.received_at, t.by FROM answer a"
     " JOIN response r ON r.id = a.response_id JOIN sitting t ON t.id = a.sitting_id"
     " WHERE a.received_at >= :since AND a.received_at < :until"),
)  # fmt: skip
_EDITED = " UNION ALL ".join(
    f"SELECT '{name}' AS what, x.* FROM ({query}) x" for name, query in _WRITTEN
)

FILTERS = (
    Filter(
        "late_entry",
        f"entered more than {LATE_DAYS} days after it happened",
        f"""SELECT p.code, d.entered AS at, d.actor, d.what || ' of ' || d.happened::date || ', entered '
              || (d.entered::date - d.happened::date) || ' days later' AS says
            FROM ({_LATE}) d JOIN participant p ON p.id = d.who
            WHERE d.entered >= :since AND d.entered < :until
              AND d.entered - d.happened > make_interval(days => :late)""",
    ),
    Filter(
        "many_edits",
        f"one value written {MANY} times or more",
        f"""SELECT p.code, max(w.at) AS at, string_agg(DISTINCT w.actor, ', ') AS actor,
              w.what || ' ' || w.value || ' written ' || count(*) || ' times' AS says
            FROM ({_EDITED}) w JOIN participant p ON p.id = w.who
            WHERE w.at >= :since AND w.at < :until
            GROUP BY p.code, w.what, w.value HAVING count(*) >= :many""",
    ),
    Filter(
        "off_hours",
        f"by staff before {FIRST_HOUR}:00 or from {LAST_HOUR}:00 UTC on, or at a weekend",
        f"""SELECT max({_PERSON}) AS code, min(e.at) AS at, e.actor,
              'wrote ' || string_agg(DISTINCT replace(split_part(e.table_name, '.', 2), '_', ' '), ', ')
              || ' at ' || to_char(min(e.at) AT TIME ZONE 'UTC', 'Dy HH24:MI') AS says
            FROM audit.entry e {_OF_PERSON}
            WHERE {_IN_TIME} AND starts_with(e.actor, 'staff:') AND starts_with(e.table_name, 'public.')
              AND e.table_name <> 'public.staff_session'
              AND (extract(hour FROM e.at AT TIME ZONE 'UTC') NOT BETWEEN :first AND :last - 1
                   OR extract(isodow FROM e.at AT TIME ZONE 'UTC') > 5)
            GROUP BY e.transaction, e.actor""",
    ),
    Filter(
        "same_minute",
        "forms of different days handed in within a minute by one person",
        """SELECT p.code, min(s.submitted_at) AS at, p.code AS actor,
             string_agg(replace(r.form, '_', ' ') || ' of ' || r.due, ', ' ORDER BY r.due) AS says
           FROM submission s JOIN response r ON r.id = s.response_id JOIN participant p ON p.id = r.participant_id
           WHERE s.received_at >= :since AND s.received_at < :until AND s.kind <> 'corrected'
           GROUP BY p.code, date_trunc('minute', s.submitted_at) HAVING count(DISTINCT r.due) > 1""",
    ),
    Filter(
        "deletion",
        "a row taken away",
        f"""SELECT {_PERSON} AS code, e.at, e.actor,
              replace(split_part(e.table_name, '.', 2), '_', ' ') || ' ' || e.row_key AS says
            FROM audit.entry e {_OF_PERSON}
            WHERE {_IN_TIME} AND e.operation = 'DELETE' AND starts_with(e.table_name, 'public.')
              AND e.table_name <> ALL (:derived)""",
    ),
    Filter(
        "after_query",
        "changed after the query about it was closed",
        """SELECT p.code, a.received_at AS at, coalesce(t.by, p.code) AS actor,
             q.subject || ' answered anew; the query was closed on ' || q.closed_at::date AS says
           FROM query q JOIN participant p ON p.id = q.participant_id
           JOIN response r ON r.participant_id = q.participant_id
             AND starts_with(q.subject, 'form/' || r.form || '/' || r.occasion || '/')
           JOIN answer a ON a.response_id = r.id AND a.received_at > q.closed_at
             AND q.subject = 'form/' || r.form || '/' || r.occasion || '/' || a.item
           JOIN sitting t ON t.id = a.sitting_id
           WHERE a.received_at >= :since AND a.received_at < :until""",
    ),
    Filter("after_verification", "changed after it was verified", ""),
)
BY_NAME: Mapping[str, Filter] = {each.name: each for each in FILTERS}


def found_by(
    session: Session, name: str, since: datetime, until: datetime, at_most: int = AT_MOST
) -> list[Finding]:
    """Return what a filter finds from one instant to before another, the newest first."""
    if not BY_NAME[name].query:
        return _after_verification(session, since, until)[:at_most]
    query = text(f"SELECT * FROM ({BY_NAME[name].query}) f ORDER BY at DESC, says LIMIT :at_most")
    values: dict[str, Any] = {
        "since": since,
        "until": until,
        "late": LATE_DAYS,
        "many": MANY,
        "first": FIRST_HOUR,
        "last": LAST_HOUR,
        "derived": list(DERIVED),
        "at_most": at_most,
    }
    used = {key: value for key, value in values.items() if f":{key}" in str(query)}
    rows = session.execute(query, used)
    return [Finding(name, row.code or "", row.at, row.actor, row.says) for row in rows]


def _after_verification(session: Session, since: datetime, until: datetime) -> list[Finding]:
    """Return the values that are others now than when they were verified, by when they became so."""
    rows = session.execute(
        select(Participant.id, Participant.code).where(
            Participant.id.in_(select(VerificationMark.participant_id))
        )
    )
    people: dict[UUID, str] = {person: code for person, code in rows}  # noqa: C416 - rows are no pairs to mypy
    found = []
    for person, gone in verifying.dropped(session, list(people)).items():
        for each in gone:
            if each.mark is None or each.value is None or not since <= each.value.at < until:
                continue
            says = f"{each.value.label} was verified by {each.mark.marked_by} on {each.mark.marked_at:%Y-%m-%d}"
            found.append(Finding("after_verification", people[person], each.value.at, "", says))
    return sorted(found, key=lambda each: each.at, reverse=True)
