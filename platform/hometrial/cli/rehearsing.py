"""Simulated people in a study: enrolled, consenting and linked by the short way, past the browser."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from hometrial.db import Database
from hometrial.errors import TrialError
from hometrial.models import Participant
from hometrial.services import consenting, enrolling
from hometrial.services.syncing import accounts, vault
from hometrial.services.syncing.clouds import clouds
from hometrial.services.syncing.outcomes import WrongAccount
from hometrial_ingest.data_types import DataType
from hometrial_ingest.provider import Account, Grant
from hometrial_ingest.simulators import Simulators

EVERYTHING: tuple[DataType, ...] = tuple(DataType)


@dataclass(frozen=True)
class Cast:
    """The simulated people, by number from 1, as people of a study."""

    database: Database
    simulators: Simulators

    def enrol(
        self,
        session: Session,
        number: int,
        types: Sequence[DataType] = EVERYTHING,
        since: datetime | None = None,
    ) -> Participant:
        """Enrol a person with the zones they live in and their consent.

        `since`: when consent begins; default is two days before the simulated time: it covers all of it.
        """
        truth = self.simulators.truth
        before = datetime.combine(truth.scene.first_day, time(), UTC) - timedelta(days=2)
        person = enrolling.add_participant(session)
        for period in truth.holder(number).person.zones:
            moment = None if period.from_at is None else datetime.fromtimestamp(period.from_at, UTC)
            enrolling.set_zone(session, person, period.zone, valid_from=moment, source="rehearsal")
        if types:
            consenting.grant(session, person, types, since=since or before, source="rehearsal")
        return person

    def link(
        self,
        session: Session,
        person: Participant,
        number: int,
        provider: str = "google-health",
        streams: Collection[str] | None = None,
    ) -> UUID:
        """Link a simulated account to a person as the linking page does; return the account.

        Raises TrialError if the account is another person's.
        """
        face = self.simulators.google if provider == "google-health" else self.simulators.fitbit
        told = face.grant(number, None if streams is None else sorted(streams))
        known = Account(face.account_id(number))
        account_id = accounts.bind(session, person.id, provider, known)
        if isinstance(account_id, WrongAccount):
            raise TrialError(f"the account of simulated person {number} is another participant's")
        grant = _grant(told)
        settings = self.database.settings
        vault.keep(session, vault.keys(settings), account_id, grant)
        cloud = clouds(settings)[provider]
        granted = [n for n, stream in cloud.streams.items() if stream.scope in grant.scopes]
        accounts.activate(session, person.id, account_id, granted, None)
        return account_id


def _grant(told: dict[str, object]) -> Grant:
    lasting = told.get("refresh_token")
    return Grant(
        access_token=str(told["access_token"]),
        expires_in=int(str(told["expires_in"])),
        scopes=frozenset(str(told["scope"]).split()),
        refresh_token=None if lasting is None else str(lasting),
    )
