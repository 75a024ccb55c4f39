"""A review of the audit trail: what the filters of risk found, what somebody makes of it, signed and kept as a file."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import Participant, Site, TrailReview
from hometrial.services import auditing
from hometrial.services.agreeing.paper import Paper, Sheet
from hometrial.services.monitoring import filters, verifying
from hometrial.services.monitoring.filters import FILTERS, Finding

LONGEST = timedelta(days=92)
MEANING = "I reviewed this stretch of the audit trail"


class ReviewRefusedError(TrialError):
    """A review that cannot be signed."""


@dataclass(frozen=True)
class Signer:
    """Who signs: the name of the account, and the printed one."""

    actor: str
    full_name: str


def findings(session: Session, since: datetime, until: datetime) -> list[Finding]:
    """Return what all filters find, filter by filter. Raises ReviewRefusedError of a stretch that cannot be."""
    if not since < until or until - since > LONGEST:
        raise ReviewRefusedError(
            f"since: from {since:%Y-%m-%d} to {until:%Y-%m-%d} is not between a moment and {LONGEST.days} days"
        )
    return [each for some in FILTERS for each in filters.found_by(session, some.name, since, until)]


def sign(
    session: Session, since: datetime, until: datetime, signer: Signer, *, note: str
) -> TrailReview:
    """Keep what was found and said of it, with the file that says so. Raises ReviewRefusedError."""
    if until > clock.now():
        raise ReviewRefusedError(
            f"until: {until:%Y-%m-%d %H:%M:%S} UTC lies ahead; what is yet to come cannot be reviewed"
        )
    if not note.strip():
        raise ReviewRefusedError("note: say what you looked at, and what you make of it")
    verifying.record_drops(session, session.scalars(select(Participant.id)).all(), by=signer.actor)
    found = findings(session, since, until)
    head = auditing.head(session)
    row = TrailReview(
        since=since,
        until=until,
        sites=_sites(session),
        findings=[each.plain() for each in found],
        head_seq=head.seq,
        head_mac=head.mac,
        note=note,
        signed_at=clock.now(),
        signed_by=signer.actor,
        signed_name=signer.full_name,
        meaning=MEANING,
    )
    row.pdf = _paper(row)
    row.sha256 = hashlib.sha256(row.pdf).hexdigest()
    session.add(row)
    session.flush()
    return row


def reviews(session: Session) -> Sequence[TrailReview]:
    """Return the reviews of sites that are seen, the newest first."""
    return session.scalars(select(TrailReview).order_by(TrailReview.signed_at.desc())).all()


def find(session: Session, review: UUID) -> TrailReview | None:
    """Return a review by its id, None if there is none that is seen."""
    return session.get(TrailReview, review)


def _sites(session: Session) -> list[str]:
    """Return the sites whose people were looked at: those with people who are seen."""
    return list(
        session.scalars(
            select(Site.code).where(Site.id.in_(select(Participant.site_id))).order_by(Site.code)
        )
    )


def _paper(row: TrailReview) -> bytes:
    said = json.dumps([row.findings, row.note, row.head_mac, row.signed_at.isoformat()])
    paper = Paper(
        Sheet(
            title=f"Review of the audit trail, {row.since:%Y-%m-%d} to {row.until:%Y-%m-%d}",
            language="en",
            made_at=row.signed_at,
            seal=hashlib.sha256(said.encode()).hexdigest(),
            foot=f"Audit trail {row.since:%Y-%m-%d} to {row.until:%Y-%m-%d}",
        )
    )
    paper.heading("Review of the audit trail", level=1)
    paper.facts(
        {
            "From": f"{row.since:%Y-%m-%d %H:%M} UTC",
            "To": f"{row.until:%Y-%m-%d %H:%M} UTC",
            "Sites": ", ".join(row.sites) or "none",
            "Head of the chain": f"link {row.head_seq}",
            "Its code": row.head_mac or "none",
        }
    )
    counted = Counter(each["filter"] for each in row.findings)
    paper.heading("What the filters found")
    paper.facts({each.words: str(counted[each.name]) for each in FILTERS})
    for each in FILTERS:
        lines = [line for line in row.findings if line["filter"] == each.name]
        if lines:
            paper.heading(each.words)
        for line in lines:
            who = f"{line['participant']} " if line["participant"] else ""
            paper.paragraph(
                [(f"{line['at'][:16]} {who}", True), (f"{line['actor']}: {line['says']}", False)],
                is_item=True,
            )
    paper.heading("What was made of it")
    paper.paragraph([(row.note, False)])
    paper.heading("Signature")
    paper.facts(
        {
            "Signed by": f"{row.signed_name} ({row.signed_by})",
            "On": f"{row.signed_at:%Y-%m-%d %H:%M:%S} UTC",
            "Meaning": row.meaning,
        }
    )
    return paper.file()
