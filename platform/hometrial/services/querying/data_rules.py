"""Rules about what is stored and what is missing, beyond those that the gate asks of each row (A30, E14).

A rule finds what breaks it now, whole; what it no longer finds holds again. Those that `open` queries do so by
themselves each hour; the others are signals of central monitoring, which somebody looks at first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from hometrial import clock

LOOKED_BACK = timedelta(days=90)
"""Days that rules look at; what lies before was looked at in its time."""
LATELY = timedelta(days=30)
"""Days in which a daily answer that never varies is looked for: every answer in them is ranked."""
SETTLED = timedelta(days=2)
"""A gap is left alone for so long: the watch may hand over what is missing."""


class Broken(NamedTuple):
    """Where a rule does not hold: of whom, in what, on which day, and the question that follows."""

    participant_id: UUID
    code: str
    subject: str
    day: date | None
    question: str


@dataclass(frozen=True)
class DataRule:
    """A rule: the stream it is about, what holds of good data, whether it opens queries, and its query.

    The query returns the columns of Broken, given :since, :now and :settled.
    """

    name: str
    version: int
    signal: str
    text: str
    opens: bool
    sql: str


# The newest submission of each form counts: a correction that mends an answer closes the query about it.
_FLAGGED = """
SELECT r.participant_id, p.code, 'form/' || r.form || '/' || r.occasion AS subject, r.due AS day,
  r.form || ' of ' || r.due || ': ' || f.message AS question
FROM response r
JOIN participant p ON p.id = r.participant_id
JOIN LATERAL (SELECT s.payload_id, s.submitted_at FROM submission s WHERE s.response_id = r.id
  ORDER BY s.revision DESC LIMIT 1) s ON true
JOIN batch b ON b.payload_id = s.payload_id AND b.kind = 'questionnaire'
JOIN verdict v ON v.batch_id = b.id
JOIN finding f ON f.verdict_id = v.id AND f.rule = '{rule}'
WHERE s.submitted_at >= :since
"""
_MISSED = """
SELECT e.participant_id, p.code, 'form/' || e.form || '/' || e.occasion AS subject, e.day,
  e.form || ' of ' || e.day || ' was never handed in; it can be entered as told, or say why it stays missing'
    AS question
FROM expected_form e JOIN participant p ON p.id = e.participant_id
WHERE e.kind = 'visit' AND e.excused IS NULL AND e.closes_at <= :now AND e.closes_at >= :since
  AND p.status <> 'withdrawn'
  AND NOT EXISTS (SELECT FROM response r JOIN submission s ON s.response_id = r.id
    WHERE r.participant_id = e.participant_id AND r.form = e.form AND r.occasion = e.occasion)
  AND NOT EXISTS (SELECT FROM pause q WHERE q.participant_id = e.participant_id
    AND q.start_at <= e.opens_at AND (q.end_at IS NULL OR e.closes_at <= q.end_at))
"""
_UNKNOWN = """
SELECT d.participant_id, p.code, 'days/heart_rate' AS subject, min(d.day) AS day,
  'heart rate lacks half a day or more on ' || count(*) || CASE WHEN count(*) = 1 THEN ' day, ' ELSE ' days, from ' END
    || min(d.day) || CASE WHEN count(*) = 1 THEN '' ELSE ' to ' || max(d.day) END
    || ', and nobody knows why: was the watch worn, charged and near the telephone?' AS question
FROM (
  SELECT g.participant_id, g.day FROM gap g
  WHERE g.stream = 'heart_rate' AND g.cause = 'unknown' AND g.start_at >= :since AND g.end_at <= :settled
  GROUP BY g.participant_id, g.day
  HAVING sum(extract(epoch FROM g.end_at - g.start_at)) >= 12 * 3600
) d JOIN participant p ON p.id = d.participant_id
WHERE p.status <> 'withdrawn'
GROUP BY d.participant_id, p.code
"""
_STEPS = """
SELECT s.participant_id, p.code, 'day/steps/' || s.day AS subject, s.day,
  CASE WHEN s.value > 50000 THEN s.value::int || ' steps on ' || s.day || ' are more than anybody walks in a day'
    ELSE s.value::int || ' steps on ' || s.day || ' while the watch was not worn' END AS question
FROM daily_metric s JOIN participant p ON p.id = s.participant_id
LEFT JOIN daily_metric w
  ON w.participant_id = s.participant_id AND w.day = s.day AND w.metric = 'wear_minutes'
WHERE s.metric = 'steps' AND s.day >= :since_day AND (s.value > 50000 OR (s.value >= 2000 AND w.value = 0))
"""
_SAME_STEPS = """
SELECT s.participant_id, p.code, 'days/steps/' || s.value::int AS subject, max(s.day) AS day,
  s.value::int || ' steps on ' || count(*) || ' days, the last of them ' || max(s.day) AS question
FROM daily_metric s JOIN participant p ON p.id = s.participant_id
WHERE s.metric = 'steps' AND s.value >= 500 AND s.day >= :since_day
GROUP BY s.participant_id, p.code, s.value HAVING count(*) >= 3
"""
# Items that were answered alike on the last and on the 14th last occasion first: only their answers between are read.
_DIGITS = """
WITH lately AS (
  SELECT * FROM (
    SELECT id, participant_id, form, due,
      row_number() OVER (PARTITION BY participant_id, form ORDER BY due DESC) AS place
    FROM response WHERE kind = 'diary' AND due >= :lately
  ) r WHERE place <= 14
), alike AS (
  SELECT participant_id, form, item FROM (
    SELECT DISTINCT ON (w.response_id, w.item) r.participant_id, r.form, w.response_id, w.item, w.value
    FROM lately r JOIN answer w ON w.response_id = r.id
    WHERE r.place IN (1, 14)
    ORDER BY w.response_id, w.item, w.answered_at DESC
  ) e
  WHERE jsonb_typeof(value) = 'number' AND value NOT IN ('0', '1')
  GROUP BY participant_id, form, item HAVING count(*) = 2 AND count(DISTINCT value) = 1
)
SELECT a.participant_id, p.code, 'answers/' || a.item AS subject, max(a.day) AS day,
  a.item || ' was answered ' || max(a.said) || ' on each of the last ' || count(*) || ' occasions' AS question
FROM (
  SELECT DISTINCT ON (w.response_id, w.item) r.participant_id, r.due AS day, w.item, w.skipped, w.value #>> '{}' AS said
  FROM alike k
  JOIN lately r ON r.participant_id = k.participant_id AND r.form = k.form
  JOIN answer w ON w.response_id = r.id AND w.item = k.item
  ORDER BY w.response_id, w.item, w.answered_at DESC
) a JOIN participant p ON p.id = a.participant_id
WHERE a.skipped IS NULL
GROUP BY a.participant_id, p.code, a.item
HAVING count(*) = 14 AND count(DISTINCT a.said) = 1
"""

OPENS, TELLS = True, False
RULES: Mapping[str, DataRule] = {
    rule.name: rule
    for rule in (
        DataRule("answer_in_range", 1, "questionnaire",
                 "What was last said lies inside the range that the item asks for.", OPENS,
                 _FLAGGED.format(rule="answer_in_range")),
        DataRule("visit_form_handed_in", 1, "questionnaire",
                 "Every form of a visit whose window is over was handed in, or is excused.", OPENS,
                 _MISSED),
        DataRule("gap_has_a_cause", 1, "heart_rate",
                 "No day of the last 90 lacks 12 hours of heart rate or more for an unknown cause.", OPENS,
                 _UNKNOWN),
        DataRule("form_is_no_copy", 1, "questionnaire",
                 "A form is not answered, item by item, as on the occasion before.", TELLS,
                 _FLAGGED.format(rule="form_is_no_copy")),
        DataRule("answers_are_not_all_alike", 1, "questionnaire",
                 "A form of at least six scales has more than one answer on them.", TELLS,
                 _FLAGGED.format(rule="answers_are_not_all_alike")),
        DataRule("answers_vary", 1, "questionnaire",
                 "A number that a diary asks for is not the same on 14 occasions in a row within 30 days.", TELLS,
                 _DIGITS),
        DataRule("steps_are_plausible", 1, "steps",
                 "A day has at most 50,000 steps, and fewer than 2,000 if the watch was not worn.", TELLS,
                 _STEPS),
        DataRule("step_totals_vary", 1, "steps",
                 "No daily total of steps of 500 or more occurs three times.", TELLS,
                 _SAME_STEPS),
    )
}  # fmt: skip
"""Every rule by name. `answers_vary` and `step_totals_vary` look for digits that repeat."""


def broken(session: Session, rule: DataRule) -> list[Broken]:
    """Return everything that breaks a rule now, in order of person and day."""
    now = clock.now()
    rows = session.execute(
        text(rule.sql),
        {
            "now": now,
            "since": now - LOOKED_BACK,
            "since_day": (now - LOOKED_BACK).date(),
            "settled": now - SETTLED,
            "lately": (now - LATELY).date(),
        },
    )
    found = [Broken(*row[:5]) for row in rows]
    return sorted(found, key=lambda each: (each.code, each.day or date.min, each.subject))
