"""What tests of syncing need: a person with a linked account and consent, and reads of pages at hand."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from uuid import UUID

from sqlalchemy import select

from hometrial import clock
from hometrial.models import Connection, Participant, Pull
from hometrial.services import consenting, enrolling
from hometrial.services.syncing import absorbing, pulling
from hometrial.services.syncing.pulling import Span
from hometrial_ingest.data_types import DataType
from hometrial_ingest.provider import Page
from hometrial_ingest.providers.google_health import GoogleHealth, GoogleHealthConfig
from hometrial_ingest.readers import READERS

GOOGLE = GoogleHealth(
    GoogleHealthConfig.simulated("http://127.0.0.1:9", client_id="x", client_secret="y")  # noqa: S106
)
SINCE = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Linked:
    """A person with a linked Google account."""

    code: str
    participant_id: UUID
    account_id: UUID


def link(
    study, *, zone="Europe/Berlin", since=SINCE, types=tuple(DataType), external_id="g-1"
) -> Linked:
    """Enrol a person, record consent and link an account as the linking page does."""
    with study.database.transaction("test") as session:
        person = enrolling.add_participant(session)
        enrolling.set_zone(session, person, zone, source="test")
        if types:
            consenting.grant(session, person, types, since=since, source="test")
        account = enrolling.link_account(
            session, person.id, provider="google-health", external_id=external_id
        )
        session.add(
            Connection(
                account_id=account.id,
                participant_id=person.id,
                status="active",
                status_since=clock.now(),
                status_reason="linked",
                streams=sorted(GOOGLE.streams),
                linked_at=clock.now(),
            )
        )
    return Linked(person.code, person.id, account.id)


def keep(study, linked, stream, bodies, first, last, *, kind="hourly", synced_at=None, names=None):
    """Make one read of a stream whose replies are these bodies; return its line's state."""
    synced = synced_at or datetime.combine(last, datetime.min.time(), UTC) + timedelta(days=2)
    with study.database.transaction("test", "read") as session:
        known = pulling.find_link(session, linked.account_id)
        whole = SimpleNamespace(
            name=GOOGLE.name, streams={stream: replace(GOOGLE.streams[stream], longest_days=90)}
        )
        (asked,) = pulling.open_round(session, whole, known, kind, Span(first, last), [stream])
    pages = [
        Page(names[n] if names else f"{stream}/list-{n + 1:03}.json", body, f"GET page {n + 1}")
        for n, body in enumerate(bodies)
    ]
    with study.database.transaction("test", "read") as session:
        return pulling.keep(session, known, asked, pages, synced)


def absorb(study):
    """Take in everything that waits, in one transaction."""
    with study.database.transaction("test", "absorb") as session:
        waiting = session.scalars(
            select(Pull).where(Pull.state == "fetched").order_by(Pull.fetched_at, Pull.id)
        ).all()
        return absorbing.absorb(session, waiting, READERS)


def pull(study, number=-1) -> Pull:
    """Return a line of the sync log, by default the last."""
    with study.database.reading() as session:
        return session.scalars(select(Pull).order_by(Pull.started_at, Pull.id)).all()[number]


def owner(study, linked) -> Participant:
    """Return the person."""
    with study.database.reading() as session:
        return session.get_one(Participant, linked.participant_id)


DAY = date(2026, 3, 9)
