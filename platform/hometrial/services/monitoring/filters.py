"""Filters of risk over the audit trail: each says what it looks for, and is one query over a stretch of time.

What a filter finds is no fault; it is what somebody has to look at (trust.md T-AUD-09).
"""

# ruff: noqa: S608 - queries made of this module's own words

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

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
    """A filter: its words, and its query that gives person, moment, actor and what it says."""

    name: str
    words: str
    query: str


_IN_TIME = "e.at >= :since AND e.at < :until"
_OF_PERSON = "LEFT JOIN participant p ON p.id::text = coalesce(e.new, e.old) ->> 'participant_id'"
_HAPPENED = """CASE e.table_name
    WHEN 'public.dose_event' THEN e.new ->> 'day' WHEN 'public.visit_record' THEN e.new ->> 'day'
    WHEN 'public.adverse_event_version' THEN e.new ->> 'learned_at' WHEN 'public.contact' THEN e.new ->> 'at'
    WHEN 'public.laboratory_result' THEN e.new ->> 'sampled_at' WHEN 'public.answer' THEN e.new ->> 'answered_at'
    WHEN 'public.deviation' THEN e.new ->> 'found_on' END::timestamptz"""
_DATED = (
    "('public.dose_event', 'public.visit_record', 'public.adverse_event_version', 'public.contact',"
    " 'public.laboratory_result', 'public.answer', 'public.deviation')"
)
_VALUE = """CASE e.table_name
    WHEN 'public.adverse_event_version' THEN e.new ->> 'adverse_event_id'
    WHEN 'public.answer' THEN (e.new ->> 'response_id') || '/' || (e.new ->> 'item')
    WHEN 'public.screening_answer' THEN (e.new ->> 'screening_id') || '/' || (e.new ->> 'variable')
    WHEN 'public.visit_record' THEN (e.new ->> 'participant_id') || (e.new ->> 'visit') || (e.new ->> 'number')
    WHEN 'public.deviation' THEN (e.new ->> 'participant_id') || '/' || (e.new ->> 'number')
    ELSE e.row_key END"""
_CLINICAL = (
    "('public.adverse_event_version', 'public.answer', 'public.screening_answer', 'public.visit_record',"
    " 'public.deviation', 'public.participant', 'public.dose_event', 'public.laboratory_result')"
)

FILTERS = (
    Filter(
        "late_entry",
        f"entered more than {LATE_DAYS} days after it happened",
        f"""SELECT {_PERSON} AS code, e.at, e.actor, replace(split_part(e.table_name, '.', 2), '_', ' ') || ' of '
              || ({_HAPPENED})::date || ', entered ' || (e.at::date - ({_HAPPENED})::date) || ' days later' AS says
            FROM audit.entry e {_OF_PERSON}
            WHERE {_IN_TIME} AND e.operation = 'INSERT' AND e.table_name IN {_DATED}
              AND e.at - ({_HAPPENED}) > make_interval(days => :late)""",
    ),
    Filter(
        "many_edits",
        f"one value written {MANY} times or more",
        f"""SELECT max({_PERSON}) AS code, max(e.at) AS at, string_agg(DISTINCT e.actor, ', ') AS actor,
              replace(split_part(e.table_name, '.', 2), '_', ' ') || ' written ' || count(*) || ' times' AS says
            FROM audit.entry e {_OF_PERSON}
            WHERE {_IN_TIME} AND e.operation <> 'DELETE' AND e.table_name IN {_CLINICAL}
            GROUP BY e.table_name, {_VALUE} HAVING count(*) >= :many""",
    ),
    Filter(
        "off_hours",
        f"by staff before {FIRST_HOUR}:00 or from {LAST_HOUR}:00 UTC on, or at a weekend",
        f"""SELECT max({_PERSON}) AS code, min(e.at) AS at, e.actor,
              'wrote ' || string_agg(DISTINCT replace(split_part(e.table_name, '.', 2), '_', ' '), ', ')
              || ' at ' || to_char(min(e.at) AT TIME ZONE 'UTC', 'Dy HH24:MI') AS says
            FROM audit.entry e {_OF_PERSON}
            WHERE {_IN_TIME} AND e.actor LIKE 'staff:%' AND e.table_name LIKE 'public.%'
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
            WHERE {_IN_TIME} AND e.operation = 'DELETE' AND e.table_name LIKE 'public.%'
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
    Filter(
        "after_verification",
        "changed after it was verified",
        """SELECT p.code, d.found_at AS at, d.found_by AS actor,
             replace(m.kind, '_', ' ') || ' ' || m.key || ' was verified by ' || m.marked_by || ' on '
             || m.marked_at::date AS says
           FROM verification_drop d JOIN verification_mark m ON m.id = d.mark_id
           JOIN participant p ON p.id = m.participant_id
           WHERE d.found_at >= :since AND d.found_at < :until""",
    ),
)
BY_NAME: Mapping[str, Filter] = {each.name: each for each in FILTERS}


def found_by(
    session: Session, name: str, since: datetime, until: datetime, at_most: int = AT_MOST
) -> list[Finding]:
    """Return what a filter finds from one instant to before another, the newest first."""
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


def week_before(moment: datetime) -> tuple[datetime, datetime]:
    """Return the seven days before a moment."""
    return moment - timedelta(days=7), moment
