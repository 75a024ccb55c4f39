"""Withdrawal: consent ends, accounts and phones that nothing is consented for any more are unlinked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Connection, Participant, WearableAccount
from hometrial.services import bridging, consenting
from hometrial.services.syncing import unlinking
from hometrial_ingest.data_types import DataType
from hometrial_ingest.provider import Provider

TOKENS_GONE_WITHIN = timedelta(seconds=40)
"""However a provider behaves, what opens an account is destroyed then: trust.md R51 allows a minute."""


@dataclass(frozen=True)
class Withdrawn:
    """What a withdrawal stopped.

    `unlinked`: accounts that are not read any more, with their providers; `bridges`: phones that may push
    no more.
    """

    data_types: tuple[DataType, ...]
    since: datetime
    unlinked: tuple[tuple[UUID, str], ...]
    bridges: int


def withdraw(
    session: Session,
    clouds: Mapping[str, Provider],
    person: Participant,
    data_types: Iterable[DataType],
    *,
    keep_late: bool,
    source: str,
) -> Withdrawn:
    """Withdraw consent for data types from this moment on.

    The next write of anything observed later is refused; an account of which no stream is consented to any
    more is unlinked and its tokens are destroyed within a minute. When nothing at all is consented to, the
    person's phone bridges are revoked too. Raises TrialError for a data type that was not consented to.
    """
    chosen, now = tuple(data_types), clock.now()
    consenting.withdraw(session, person, chosen, since=now, keep_late=keep_late, source=source)
    left = consenting.spells(session, person.id)
    unlinked = []
    for account_id, name in _live(session, person.id):
        streams = clouds[name].streams.values() if name in clouds else ()
        if not any(left.in_force(stream.data_type, now) for stream in streams):
            because = "consent was withdrawn"
            unlinking.unlink(session, account_id, because, at_latest=TOKENS_GONE_WITHIN)
            unlinked.append((account_id, name))
    nothing_left = not any(left.in_force(each, now) for each in DataType)
    bridges = bridging.revoke_all(session, person.id) if nothing_left else 0
    return Withdrawn(chosen, now, tuple(unlinked), bridges)


def accounts_of(session: Session, participant_id: UUID) -> list[UUID]:
    """Return a person's accounts that are linked or may be linked again."""
    return [account_id for account_id, _ in _live(session, participant_id)]


def _live(session: Session, participant_id: UUID) -> list[tuple[UUID, str]]:
    rows = session.execute(
        select(Connection.account_id, WearableAccount.provider)
        .join(WearableAccount, WearableAccount.id == Connection.account_id)
        .where(Connection.participant_id == participant_id)
        .where(Connection.status.not_in(("unlinked", "unlinking")))
    )
    return [(account_id, provider) for account_id, provider in rows]
