"""A monitor's report on a visit: a draft from the record, edited in versions, signed once and kept as the bytes that were signed."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import (
    Participant,
    Site,
    VisitReport,
)
from hometrial.services.agreeing.paper import Paper, Sheet
from hometrial.services.monitoring import facts, verifying
from hometrial.services.monitoring.reviewing import Signer

MEANING = "I made this visit and this report of it"


class VisitRefusedError(TrialError):
    """A report that cannot be written or signed like this."""


@dataclass(frozen=True)
class Words:
    """What a monitor writes."""

    since: date
    visited_on: date
    summary: str
    follow_ups: str


def draft(session: Session, site: Site, words: Words, *, by: str) -> VisitReport:
    """Write the first version of a report on a visit, with what the record says. Raises VisitRefusedError."""
    _hold(session, site.id)
    last = session.scalar(
        select(func.max(VisitReport.number)).where(VisitReport.site_id == site.id)
    )
    return _write(session, site, (last or 0) + 1, 1, words, by)


def write(session: Session, report: VisitReport, words: Words, *, by: str) -> VisitReport:
    """Write a newer version, with what the record says now. Raises VisitRefusedError of a signed report."""
    now = _newest(session, report)
    site = session.get_one(Site, now.site_id)
    return _write(session, site, now.number, now.version + 1, words, by)


def sign(session: Session, report: VisitReport, signer: Signer) -> VisitReport:
    """Sign a report as it was last written; nothing is written to it afterwards. Raises VisitRefusedError."""
    now = _newest(session, report)
    if not now.summary.strip():
        raise VisitRefusedError("summary: say what was seen before you sign")
    words = Words(now.since, now.visited_on, now.summary, now.follow_ups)
    site = session.get_one(Site, now.site_id)
    row = _row(site, now.number, now.version + 1, words, signer.actor, now.facts)
    row.signed_at, row.signed_name, row.meaning = row.written_at, signer.full_name, MEANING
    row.pdf = paper(row, site.code, signer)
    row.sha256 = hashlib.sha256(row.pdf).hexdigest()
    session.add(row)
    session.flush()
    return row


def newest(session: Session) -> list[tuple[VisitReport, Site]]:
    """Return the newest version of every report, the newest visit first."""
    rows = session.execute(
        select(VisitReport, Site)
        .join(Site, Site.id == VisitReport.site_id)
        .ext(distinct_on(VisitReport.site_id, VisitReport.number))
        .order_by(VisitReport.site_id, VisitReport.number, VisitReport.version.desc())
    )
    found = [(report, site) for report, site in rows]
    return sorted(found, key=lambda each: each[0].visited_on, reverse=True)


def versions(session: Session, site: Site, number: int) -> Sequence[VisitReport]:
    """Return all versions of a report, the oldest first."""
    return session.scalars(
        select(VisitReport)
        .where(VisitReport.site_id == site.id, VisitReport.number == number)
        .order_by(VisitReport.version)
    ).all()


def _write(
    session: Session, site: Site, number: int, version: int, words: Words, by: str
) -> VisitReport:
    if words.visited_on > clock.now().date():
        raise VisitRefusedError(f"visited_on: {words.visited_on} is still to come")
    if words.since > words.visited_on:
        raise VisitRefusedError(f"since: {words.since} is after the visit; give an earlier day")
    verifying.record_drops(
        session,
        session.scalars(select(Participant.id).where(Participant.site_id == site.id)).all(),
        by=by,
    )
    row = _row(site, number, version, words, by, facts.of_site(session, site, words.since))
    session.add(row)
    session.flush()
    return row


def _row(
    site: Site, number: int, version: int, words: Words, by: str, known: Mapping[str, Any]
) -> VisitReport:
    return VisitReport(
        site_id=site.id,
        number=number,
        version=version,
        since=words.since,
        visited_on=words.visited_on,
        facts=dict(known),
        summary=words.summary,
        follow_ups=words.follow_ups,
        written_at=clock.now(),
        written_by=by,
    )


def _newest(session: Session, report: VisitReport) -> VisitReport:
    _hold(session, report.site_id)
    now = versions(session, session.get_one(Site, report.site_id), report.number)[-1]
    if now.signed_at is not None:
        raise VisitRefusedError(
            f"visit {now.number} was signed by {now.signed_name} on {now.signed_at:%Y-%m-%d}; a signed report stays"
        )
    return now


def paper(row: VisitReport, site: str, signer: Signer) -> bytes:
    """Return a report as the file that is signed."""
    said = json.dumps(
        [row.facts, row.summary, row.follow_ups, row.written_at.isoformat()], default=str
    )
    made = Paper(
        Sheet(
            title=f"Monitoring visit {row.number} at {site}",
            language="en",
            made_at=row.written_at,
            seal=hashlib.sha256(said.encode()).hexdigest(),
            foot=f"Monitoring visit {row.number} at {site}, version {row.version}",
        )
    )
    made.heading(f"Monitoring visit {row.number} at {site}", level=1)
    made.facts({"Visited on": str(row.visited_on), "What happened since": str(row.since)})
    made.heading("Source-data verification")
    sample = {
        kind.replace("_", " "): f"{verified} of {drawn} verified, {gone} marks dropped"
        for kind, (drawn, verified, gone) in row.facts["sample"].items()
    }
    made.facts(sample or {"Plan": "none was made"})
    for name, words in _SECTIONS.items():
        made.heading(words)
        lines = row.facts[name]
        for line in lines:
            made.paragraph([(line, False)], is_item=True)
        if not lines:
            made.paragraph([("None.", False)])
    made.heading("What was seen")
    made.paragraph([(row.summary, False)])
    made.heading("Until the next visit")
    made.paragraph([(row.follow_ups or "Nothing.", False)])
    made.heading("Signature")
    made.facts(
        {
            "Signed by": f"{signer.full_name} ({signer.actor})",
            "On": f"{row.written_at:%Y-%m-%d %H:%M:%S} UTC",
            "Meaning": MEANING,
        }
    )
    return made.file()


_SECTIONS = {
    "dropped": "Marks that dropped",
    "consents_since": "Consents since the last visit",
    "deviations": "Deviations",
    "drug": "Drug by lot",
    "queries": "Open queries",
}


def _hold(session: Session, site: UUID) -> None:
    """One at a time writes the reports of a site."""
    key = {"key": f"hometrial.visit_report.{site}"}
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:key))"), key)
