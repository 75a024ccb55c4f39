"""Indicators of risk by site: counts and shares that say where a monitor should look first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from hometrial import clock

_ROWS = text("""
WITH people AS (SELECT id, site_id, status, created_at FROM participant),
events AS (SELECT p.site_id, count(*) AS events, count(*) FILTER (WHERE cardinality(v.serious) > 0) AS serious,
    count(*) FILTER (WHERE v.related IS NULL) AS unjudged
  FROM adverse_event e JOIN people p ON p.id = e.participant_id JOIN LATERAL (
    SELECT serious, related FROM adverse_event_version WHERE adverse_event_id = e.id ORDER BY version DESC LIMIT 1) v ON true
  GROUP BY 1),
departures AS (SELECT p.site_id, count(*) AS deviations, count(*) FILTER (WHERE impact = 'important') AS important,
    count(*) FILTER (WHERE NOT is_closed) AS open FROM (
    SELECT DISTINCT ON (participant_id, number) participant_id, impact, is_closed FROM deviation
    ORDER BY participant_id, number, version DESC) d JOIN people p ON p.id = d.participant_id GROUP BY 1),
calls AS (SELECT p.site_id, count(*) AS overdue FROM alert a JOIN people p ON p.id = a.participant_id
  WHERE a.due_at < :now AND NOT EXISTS (SELECT FROM alert_event v WHERE v.alert_id = a.id AND v.kind IN ('acknowledged', 'closed'))
  GROUP BY 1),
questions AS (SELECT p.site_id, count(*) AS queries, count(*) FILTER (WHERE q.opened_at < :month) AS old
  FROM query q JOIN people p ON p.id = q.participant_id WHERE q.closed_at IS NULL GROUP BY 1),
visits AS (SELECT p.site_id, count(*) AS visits, count(*) FILTER (WHERE v.outcome = 'missed' OR v.days_outside <> 0) AS outside,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY v.recorded_at::date - coalesce(v.day, v.due)) AS lag
  FROM visit_record v JOIN people p ON p.id = v.participant_id
  WHERE NOT EXISTS (SELECT FROM visit_record l WHERE l.corrects_id = v.id) GROUP BY 1),
forms AS (SELECT p.site_id, count(*) AS forms, count(*) FILTER (WHERE s.late) AS late
  FROM submission s JOIN response r ON r.id = s.response_id JOIN people p ON p.id = r.participant_id
  WHERE s.revision = 1 GROUP BY 1)
SELECT t.code, t.name, count(p.id) AS people, count(p.id) FILTER (WHERE p.status = 'withdrawn') AS withdrawn,
  coalesce(sum(extract(epoch FROM CAST(:now AS timestamptz) - p.created_at)) / 2629800, 0) AS months,
  e.events, e.serious, e.unjudged, d.deviations, d.important, d.open AS open_deviations, c.overdue AS overdue_alerts, q.queries, q.old AS old_queries,
  v.visits, v.outside AS visits_outside, v.lag AS visit_lag_days, f.forms, f.late AS forms_late
FROM site t JOIN people p ON p.site_id = t.id
LEFT JOIN events e ON e.site_id = t.id LEFT JOIN departures d ON d.site_id = t.id LEFT JOIN calls c ON c.site_id = t.id
LEFT JOIN questions q ON q.site_id = t.id LEFT JOIN visits v ON v.site_id = t.id LEFT JOIN forms f ON f.site_id = t.id
GROUP BY t.code, t.name, e.events, e.serious, e.unjudged, d.deviations, d.important, d.open, c.overdue, q.queries, q.old,
  v.visits, v.outside, v.lag, f.forms, f.late ORDER BY t.code""")
_OLD = timedelta(days=30)


@dataclass(frozen=True)
class SiteRisk:
    """A site in numbers; a rate or a share of nothing is None."""

    code: str
    name: str
    people: int
    withdrawn: int
    months: float
    events: int
    serious: int
    unjudged: int
    deviations: int
    important: int
    open_deviations: int
    overdue_alerts: int
    queries: int
    old_queries: int
    visits: int
    visits_outside: int
    visit_lag_days: float | None
    forms: int
    forms_late: int

    @property
    def events_per_month(self) -> float | None:
        """Adverse events for each person and month: too few say that nobody asks."""
        return self.events / self.months if self.months else None

    @property
    def deviations_per_person(self) -> float | None:
        """Deviations for each person: none at all says that nobody writes them down."""
        return self.deviations / self.people if self.people else None

    @property
    def outside(self) -> float | None:
        """The share of visits that were missed or outside their window."""
        return self.visits_outside / self.visits if self.visits else None

    @property
    def late(self) -> float | None:
        """The share of forms that were handed in late."""
        return self.forms_late / self.forms if self.forms else None


def by_site(session: Session) -> Sequence[SiteRisk]:
    """Return the indicators of each site whose people are seen: one query."""
    now = clock.now()
    rows = session.execute(_ROWS, {"now": now, "month": now - _OLD}).mappings()
    return [SiteRisk(**{name: _read(name, row[name]) for name in row}) for row in rows]


def _read(name: str, value: Any) -> Any:
    if name in ("code", "name"):
        return value
    if name == "visit_lag_days":
        return None if value is None else float(value)
    return float(value) if name == "months" else int(value or 0)
